"""Money on the screen: what was spent of what, what more will take, and amounts that somebody writes. Pure."""

from collections.abc import Iterator, Sequence

from covey.client.estimate import NO_ESTIMATE, Estimate
from covey.model.budget import USD, Budget
from covey.model.session import Session, is_terminal
from covey.model.usage import Spent, spent_by
from covey.text.money import cost_words, tokens_words
from covey.text.words import cost
from covey_tui.view.board import Board
from covey_tui.view.spans import BLANK, MUTED, Line, Role, Tone, span

_OVER = Tone(Role.WARNING, bold=True)


def budget_of(board: Board) -> Budget | None:
    """The one budget of all unfinished runs that are shown; of none where they have several, or one has none."""
    roots = [board.session(key) for key in board.roots()]
    budgets = {root.budget for root in roots if not is_terminal(root)} or {root.budget for root in roots}
    return budgets.pop() if len({budget and budget.id for budget in budgets}) == 1 else None


def spent_under(board: Board, budget: Budget) -> Spent:
    """What the runs that share a budget have spent, those that are not on the board included."""
    total = board.spent_elsewhere.get(budget.id, Spent())
    for root in (board.session(key) for key in board.roots()):
        if root.budget is not None and root.budget.id == budget.id:
            below = board.tally(root.id)
            total = total.plus(spent_by(root)).plus(Spent(below.tokens, below.cost_usd))
    return total


def of_budget(spent: Spent, budget: Budget | None) -> tuple[str, str]:
    """Tokens and cost in words, each with the limit that holds for it: `186k of 2.0M tokens`, `$1.84 of $5.00`."""
    limits = budget or Budget()
    return tokens_words(spent.tokens, limits.tokens), cost_words(spent.usd, limits.usd)


def expects(expected: Estimate | None) -> Iterator[Line]:
    """What is expected, and on what that stands; or that nothing can be told yet."""
    yield BLANK
    if expected is None:
        yield (span(NO_ESTIMATE.capitalize(), MUTED),)
        return
    yield (span(expected.words().capitalize()), span(f"   {expected.basis()}", MUTED))


def money(board: Board, ids: Sequence[str], expected: Estimate | None) -> Iterator[Line]:
    """What these will take, and what is left then of the budget of their run."""
    yield from expects(expected)
    roots = {board.root_of(key).id: board.root_of(key) for key in ids}
    if len(roots) == 1:
        yield from left_over(board, next(iter(roots.values())), expected)


def left_over(board: Board, root: Session, expected: Estimate | None = None) -> Iterator[Line]:
    """What a run has spent of its budget, and what is left once the expected has come; nothing without a budget."""
    budget = root.budget
    if budget is None:
        return
    spent = spent_under(board, budget)
    used, price = of_budget(spent, budget)
    limited = (price if budget.usd is not None else "", used if budget.tokens is not None else "")
    said = ", ".join(each for each in limited if each)
    line: Line = (span("Spent ", MUTED), span(said))
    if expected is not None and budget.usd is not None and expected.usd is not None:
        left = budget.usd - (spent.usd or 0.0) - expected.usd
        tone = MUTED if left >= 0 else _OVER
        then = f"then {cost(left) or '$0'} is left" if left >= 0 else f"that is {cost(-left)} more than there is"
        line = (*line, span(f"   {then}", tone))
    yield line


def amount(text: str, limit: str | None) -> float | None:
    """What somebody has written as a budget: `7.50`, `$7.50`, `2_000_000`, `2M`, `300k`; None where it is no amount."""
    plain = text.strip().removeprefix("$").replace(",", "").replace("_", "").replace(" ", "").lower()
    factor = 1
    if limit != USD and plain[-1:] in _UNITS:
        plain, factor = plain[:-1], _UNITS[plain[-1]]
    if not plain.replace(".", "", 1).isdecimal() or not plain.isascii():
        return None
    value = float(plain) * factor
    return value if value > 0 else None


_UNITS = {"k": 1_000, "m": 1_000_000}
