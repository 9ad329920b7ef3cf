"""The two lines at the top: which project, how long and how much, and how far everything has come. Pure."""

from datetime import datetime, tzinfo

from covey.model.session import Session, is_terminal
from covey.text.sanitise import sanitise_line
from covey.text.words import cost, duration, tokens
from covey_tui.view.board import Board
from covey_tui.view.columns import BAR_LEAST
from covey_tui.view.progress import USUAL, Manner, bar, counts, done_of_all
from covey_tui.view.spans import MUTED, STRONG, TEXT, Line, joined, room, span, spread
from covey_tui.view.words import name_of

_NAME = 40
_WORDS_FROM = 138
_AT_WORK = ("running", "stalled", "cancelling")


def summary(
    board: Board, now: datetime, cells: int, manner: Manner = USUAL, zone: tzinfo | None = None
) -> tuple[Line, Line]:
    """Both lines in so many cells; clock times are of `zone`, by default here."""
    left = (span("covey", STRONG), span(f"  {_title(board)}", MUTED))
    return spread(left, joined(_facts(board, now, zone), "   "), cells), _progress(board, cells, manner)


def _title(board: Board) -> str:
    roots = [board.session(key) for key in board.roots()]
    words = dict.fromkeys(board.workflows.get(root.id, "") for root in roots)
    parts = [sanitise_line(board.project, _NAME), " and ".join(word for word in words if word)]
    if len(roots) == 1:
        parts.append(name_of(roots[0]))
    return " · ".join(part for part in parts if part)


def _facts(board: Board, now: datetime, zone: tzinfo | None) -> list[Line]:
    roots = [board.session(key) for key in board.roots()]
    if not roots:
        return [(span("no run yet", MUTED),)]
    tally = board.tally()
    facts = [_engine(board, roots, zone), (span(_elapsed(roots, now), TEXT),)]
    if tally.tokens:
        facts.append((span(f"{tokens(tally.tokens)} tokens", TEXT),))
    if cost(tally.cost_usd):
        facts.append((span(cost(tally.cost_usd), TEXT),))
    return facts


def _engine(board: Board, roots: list[Session], zone: tzinfo | None) -> Line:
    ends = [root.finished_at for root in roots if root.finished_at is not None]
    if all(is_terminal(root) for root in roots) and ends:
        return (span(f"finished {max(ends).astimezone(zone):%H:%M}", MUTED),)
    if not board.engine.alive:
        return (span("no engine", MUTED),)
    if board.engine.slots is None:
        return (span("", MUTED),)
    return (span(f"{board.tally().of(*_AT_WORK)} of {board.engine.slots} slots", MUTED),)


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
