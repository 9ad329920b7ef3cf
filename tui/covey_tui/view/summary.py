"""The two lines at the top: which project, how long and how much, and how far everything has come. Pure."""

from datetime import datetime, tzinfo

from covey.client.money import of_budget
from covey.model.credential import gate_words
from covey.model.session import Session, is_terminal
from covey.text.sanitise import sanitise_line
from covey.text.words import duration, plural
from covey_tui.view.board import Board
from covey_tui.view.columns import BAR_LEAST
from covey_tui.view.money import budget_of, spent_under
from covey_tui.view.opening import opening
from covey_tui.view.progress import USUAL, Manner, bar, counts, done_of_all
from covey_tui.view.spans import BLANK, MUTED, STRONG, TEXT, Line, Role, Tone, joined, room, span, spread
from covey_tui.view.states import WITH_SLOT
from covey_tui.view.words import name_of

_SHORT_OF = 20
_WORDS_FROM = 138
_LEAST_NAME = 7
_FALLS_OFF = ("tokens", "time", "slots")
"""What is left out, in this order, where not all facts fit: it is told elsewhere, or of the least use there."""


def summary(
    board: Board, now: datetime, cells: int, manner: Manner = USUAL, zone: tzinfo | None = None
) -> tuple[Line, Line]:
    """Both lines in so many cells; clock times are of `zone`, by default here."""
    facts = _facts(board, now, zone)
    for name in _FALLS_OFF:
        if room(joined(facts.values(), "   ")) + _LEAST_NAME > cells:
            facts.pop(name, None)
    left, right = opening(board.project, *_shown(board)), joined(facts.values(), "   ")
    return spread(left, right, cells), _progress(board, cells, manner)


def _shown(board: Board) -> list[str]:
    """The workflows of the runs, and the context of the one run."""
    roots = [board.session(key) for key in board.roots()]
    words = dict.fromkeys(board.workflows.get(root.id, "") for root in roots)
    return [" and ".join(word for word in words if word), *(name_of(root) for root in roots if len(roots) == 1)]


def _facts(board: Board, now: datetime, zone: tzinfo | None) -> dict[str, Line]:
    roots = [board.session(key) for key in board.roots()]
    if not roots:
        return {"begun": (span("no run yet", MUTED),)}
    engine = "slots" if board.engine.alive else "engine"
    facts = {
        "paused": _paused(roots),
        "gate": _gate(board, zone),
        engine: _engine(board, roots, zone),
        "time": (span(_elapsed(roots, now), TEXT),),
    }
    budget = budget_of(board)
    spent = board.tally().spent if budget is None else spent_under(board, budget)
    used, price = of_budget(spent, budget)
    limited = budget is not None and budget.tokens is not None
    facts |= {"limit" if limited else "tokens": (span(used, TEXT),), "cost": (span(price, TEXT),)}
    return {name: line for name, line in facts.items() if room(line)}


def _paused(roots: list[Session]) -> Line:
    """That runs are paused, and how many where not all of them are."""
    active = [root for root in roots if not is_terminal(root)]
    paused = sum(root.paused is not None for root in active)
    if not paused:
        return BLANK
    return (span("paused" if paused == len(active) else f"{paused} of {len(active)} paused", TEXT),)


def _gate(board: Board, zone: tzinfo | None) -> Line:
    """What holds requests back: the first gate that does, in a few words."""
    told = next((words for gate in board.engine.gates if (words := gate_words(gate, zone))), None)
    return BLANK if told is None or not board.engine.alive else (span(told, TEXT),)


def _engine(board: Board, roots: list[Session], zone: tzinfo | None) -> Line:
    ends = [root.finished_at for root in roots if root.finished_at is not None]
    if all(is_terminal(root) for root in roots) and ends:
        return (span(f"finished {max(ends).astimezone(zone):%H:%M}", MUTED),)
    if not board.engine.alive:
        return (span("no engine", Tone(Role.WARNING)),)
    if board.engine.slots is None:
        return (span("", MUTED),)
    short_of = "".join(f" · {sanitise_line(each, _SHORT_OF)}" for each in board.engine.short_of)
    return (span(f"{board.tally().of(*WITH_SLOT)} of {plural(board.engine.slots, 'slot')}{short_of}", MUTED),)


def _elapsed(roots: list[Session], now: datetime) -> str:
    begun = min(root.started_at or root.inserted_at for root in roots)
    ended = [root.finished_at for root in roots]
    until = now if None in ended else max(end for end in ended if end is not None)
    return duration((until - begun).total_seconds())


def _progress(board: Board, cells: int, manner: Manner) -> Line:
    tally = board.tally()
    if not tally.total:
        return bar(tally, cells, manner)
    beside = (span(f" {done_of_all(tally)}", STRONG), span("   "), *counts(tally, words=cells >= _WORDS_FROM))
    free = cells - room(beside)
    return spread(bar(tally, free, manner) if free >= BAR_LEAST else (), beside, cells)
