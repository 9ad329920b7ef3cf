"""The footer: the keys that work here and now, what this row allows first. Pure."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from covey.model.status import FailureCause, Phase, Status
from covey.text.cells import width
from covey_tui.view.board import Board
from covey_tui.view.hints import Hint, hints
from covey_tui.view.keys import MEANINGS, allowed
from covey_tui.view.progress import Manner
from covey_tui.view.spans import Line, room, spread
from covey_tui.view.board import state_of

KeyOf = Callable[[str], str]
"""The key of a binding as people read it."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Where somebody is: the row, the marks, how many match the filter, whether the detail has the whole screen."""

    session_id: str | None
    marks: Sequence[str] = ()
    matching: int | None = None
    is_full: bool = False
    failed_below: int = 0
    many_problems: bool = False


def footer(board: Board, here: Situation, key: KeyOf, cells: int, manner: Manner = Manner()) -> Line:
    """The footer in so many cells; what does not fit falls off before the last two."""
    right = hints((key("view.help"), "help"), (key("app.leave"), "leave"))
    kept: list[Hint] = []
    for said, label in _hints(board, here, key):
        hint = (said, label.replace("…", "...") if manner.ascii else label)
        if room(hints(*kept, hint)) + 3 + room(right) <= cells:
            kept.append(hint)
        else:
            break
    return spread(hints(*kept), right, cells)


def _hints(board: Board, here: Situation, key: KeyOf) -> Iterator[Hint]:
    for binding, label in _bindings(board, here):
        said = key(binding)
        if width(said):
            yield said, label


def _bindings(board: Board, here: Situation) -> Iterator[tuple[str, str]]:
    if here.marks:
        yield from _marked(board, here)
    elif here.session_id is None or here.session_id not in board:
        yield "view.commands", "commands"
    elif here.is_full:
        yield "view.back", "tree"
        yield "view.tab_1", "tabs"
        yield from _row(board, here)
    else:
        yield from _row(board, here)
        if here.many_problems:
            yield "view.problems", "only problems"
        yield "view.search", "search"
        yield "view.filter", "filter"


def _marked(board: Board, here: Situation) -> Iterator[tuple[str, str]]:
    for binding, verb in (("session.retry", "retry"), ("session.skip", "skip"), ("session.cancel", "cancel")):
        able = sum(allowed(board, binding, each) for each in here.marks if each in board)
        if able:
            yield binding, f"{verb} {able}{'' if able == 1 and verb == 'retry' else '…'}"
    yield "view.mark", "unmark" if here.session_id in here.marks else "mark"
    yield "view.mark_all", f"mark all {here.matching}" if here.matching else "mark all"
    yield "view.back", "unmark all"


def _row(board: Board, here: Situation) -> Iterator[tuple[str, str]]:
    """What the row under the cursor allows, best first."""
    session_id = here.session_id or ""
    session = board.session(session_id)
    state = state_of(session)
    if board.is_parent(session_id):
        yield from _possible(board, session_id, "session.cancel", "session.retry")
        if here.failed_below:
            yield "run.retry_all", f"retry all {here.failed_below}…"
        yield "tree.fold", "fold"
        return
    if state in {"running", "queued", "interrupted"}:
        order: tuple[str, ...] = ("view.transcript", "session.cancel", "session.skip")
    elif state == "complete":
        order = ("view.artifact", "session.open_file", "view.copy")
    elif session.failure_cause is FailureCause.CHECK_FAILED and session.status is Status.FAILED:
        order = ("session.retry_note", "session.retry", "session.skip", "session.open_file")
    elif session.phase is Phase.CANCELLING:
        order = ("session.kill", "view.transcript")
    else:
        order = ("session.retry", "session.retry_note", "session.skip", "session.open_file")
    yield from _possible(board, session_id, *order)


def _possible(board: Board, session_id: str, *bindings: str) -> Iterator[tuple[str, str]]:
    for binding in bindings:
        if not binding.startswith("session.") or allowed(board, binding, session_id):
            yield binding, MEANINGS[binding].label
