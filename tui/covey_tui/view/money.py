"""Money on the screen: what was spent of what, what more will take, and amounts that somebody writes. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence

from covey.client.estimate import NO_ESTIMATE, Estimate
from covey.client.money import of_budget
from covey.model.budget import USD, Budget
from covey.model.pause import Pause
from covey.model.session import Session, is_terminal
from covey.model.usage import Spent
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
            total = total.plus(board.spent(root.id))
    return total


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


def is_spent(root: Session) -> bool:
    """The run is paused because its budget is spent: it goes on with a higher one."""
    return root.paused is not None and root.paused.limit is not None


def one_for_each_budget(roots: Iterable[Session]) -> list[tuple[Session, Pause]]:
    """Of runs, by their roots, the first with each budget that is spent, and its pause: others share what it gets."""
    found = dict[str, tuple[Session, Pause]]()
    for root in roots:
        if root.paused is not None and is_spent(root):
            found.setdefault(root.budget.id if root.budget else root.id, (root, root.paused))
    return list(found.values())


def amount(text: str, limit: str | None) -> float | None:
    """What somebody has written as a budget: `7.50`, `$7.50`, `2_000_000`, `2M`, `300k`; None where it is no amount."""
    plain = text.strip().removeprefix("$").replace("_", "").replace(" ", "").lower()
    found = _AMOUNT.fullmatch(plain)
    unit = found["unit"] if found is not None else None
    if found is None or (unit and limit == USD):
        return None
    value = float(found["number"].replace(",", "")) * _UNITS.get(unit or "", 1)
    is_enough = value > 0 if limit == USD else value >= 1
    return value if is_enough and value < _MOST else None


_AMOUNT = re.compile(r"(?P<number>\d{1,3}(,\d{3})+(\.\d*)?|\d+\.?\d*|\.\d+)(?P<unit>[km]?)", re.ASCII)
"""A comma stands only between thousands: elsewhere it may be somebody's decimal point."""
_UNITS = {"k": 1_000, "m": 1_000_000}
_MOST = 1e15
"""Nobody means so much, and beyond it a number is not kept to the cent."""
