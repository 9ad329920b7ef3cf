"""The footer: the keys that work here and now, what this row allows first. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from covey.client.ui import ALL_KEYS
from covey.model.session import state_of, undecided
from covey.model.status import FailureCause, Phase, Status
from covey_tui.view.board import Board
from covey_tui.view.hints import Hint, KeyOf, hints, spelled
from covey_tui.view.keys import able, allowed, label_of, label_of_marked, retry_all_label
from covey_tui.view.progress import Manner
from covey_tui.view.spans import BLANK, Line, room, spread
from covey_tui.view.stopped import can_resume

_TABS = tuple(f"view.tab_{number}" for number in range(1, 6))
_MOVE = ("tree.up", "tree.down")
_SLOTS = ("engine.slots_up", "engine.slots_down")
_UNFOLD = "detail.unfold"
_IN_TABS = frozenset({"view.transcript", "view.artifact"})
"""What the tabs show anyhow."""
_GAP = 3


@dataclass(frozen=True, slots=True)
class Situation:
    """Where somebody is: the row, the marks, how many match the filter, whether the keys that move are the detail's.

    `failed_below` are those that `run.retry_all` would take; with `many_problems` the way to see them alone is named.
    `other_view` is what the key of the artifact leads to while that is shown: the file's diff, or the file again.
    `can_begin`: nothing was ever run, and the screen itself can run the line that is chosen. `can_unfold`: steps are
    shown. `has_unmarked`: not all that could be marked together are.
    """

    session_id: str | None
    marks: Sequence[str] = ()
    matching: int | None = None
    in_detail: bool = False
    failed_below: int = 0
    many_problems: bool = False
    other_view: str = ""
    can_begin: bool = False
    can_unfold: bool = False
    has_unmarked: bool = True


def footer(board: Board, here: Situation, key: KeyOf, cells: int, manner: Manner = Manner()) -> Line:
    """The footer in so many cells; what does not fit falls off before the last two."""
    right = hints((key("view.help"), "help"), (key("app.leave"), "leave"))
    kept: list[Hint] = []
    for binding, label in _bindings(board, here):
        said = _said(binding, key)
        if not said:
            continue
        hint = (said, spelled(label, manner))
        if room(hints(*kept, hint)) + _GAP + room(right) > cells:
            break
        kept.append(hint)
    return spread(hints(*kept), right, cells)


def in_its_place(said: Line, right: Line, cells: int) -> Line:
    """What is said in the footer's place; its end says the reason, so the keys at the right yield to it."""
    return spread(said, right if room(said) + _GAP + room(right) <= cells else BLANK, cells)


def _said(binding: str, key: KeyOf) -> str:
    """The key of a binding, and of those that are named together with it; of the tabs only if they are in a row."""
    if binding == _MOVE[0]:
        return "".join(map(key, _MOVE))
    if binding == _SLOTS[0]:
        return " ".join(map(key, _SLOTS))
    if binding == _UNFOLD:
        return "Enter"
    if binding != _TABS[0]:
        return key(binding)
    keys = [key(binding) for binding in _TABS]
    in_a_row = "".join(keys) in "0123456789"
    return f"{keys[0]}–{keys[-1]}" if in_a_row else ""


def _bindings(board: Board, here: Situation) -> Iterator[tuple[str, str]]:
    if len(board) == 0:
        if here.can_begin:
            yield "tree.open", "run it…"
        yield "view.copy", ALL_KEYS["view.copy"].label
        yield _MOVE[0], "move"
        yield "view.commands", ALL_KEYS["view.commands"].label
    elif here.session_id is None or here.session_id not in board:
        yield "view.back", "show all"
        yield "view.filter", ALL_KEYS["view.filter"].label
        yield "view.commands", ALL_KEYS["view.commands"].label
    elif here.marks:
        yield from _marked(board, here)
    elif here.in_detail:
        yield "view.back", "tree" if here.matching is None else "show all"
        yield _TABS[0], ALL_KEYS[_TABS[0]].label
        if here.can_unfold:
            yield _UNFOLD, "unfold"
        yield from _row(board, here, here.session_id)
        yield "view.search", ALL_KEYS["view.search"].label
    else:
        yield from _row(board, here, here.session_id)
        if here.many_problems:
            yield "view.problems", ALL_KEYS["view.problems"].label
        yield "view.search", ALL_KEYS["view.search"].label
        yield "view.filter", ALL_KEYS["view.filter"].label


def _marked(board: Board, here: Situation) -> Iterator[tuple[str, str]]:
    """What can be done to the marked ones; each verb counts those that it takes, and `…` says that it asks first."""
    for binding in ("session.retry", "session.skip", "session.cancel"):
        subjects = able(board, binding, here.marks)
        if subjects:
            yield binding, label_of_marked(binding, subjects)
    yield "view.mark", "unmark" if here.session_id in here.marks else "mark"
    if here.has_unmarked:
        yield "view.mark_all", f"mark all {here.matching}" if here.matching else "mark all"
    yield "view.back", "unmark all"


def _row(board: Board, here: Situation, session_id: str) -> Iterator[tuple[str, str]]:
    """What the row under the cursor allows, best first."""
    if not board.is_parent(session_id):
        if here.other_view:
            yield "view.artifact", here.other_view
        shown = {*(_IN_TABS if here.in_detail else ()), *(["view.artifact"] if here.other_view else ())}
        best = [each for each in _best_first(board, session_id) if each not in shown]
        yield from _possible(board, session_id, best)
        return
    is_paused = can_resume(board.root_of(session_id))
    first = ("run.pause",) if is_paused else ()
    verbs = (*first, "session.retry", "session.kill", "session.cancel", "session.skip")
    yield from _possible(board, session_id, verbs)
    if here.failed_below:
        yield "run.retry_all", retry_all_label(here.failed_below)
    if state_of(board.session(session_id)) == "complete":
        if not here.in_detail:
            yield "tree.open", ALL_KEYS["tree.open"].label
        yield from _possible(board, session_id, ("session.open_file", "view.copy"))
    elif board.children(session_id) and not here.in_detail:
        yield "tree.fold", ALL_KEYS["tree.fold"].label
        rest = (*(() if is_paused else ("run.pause",)), *([_SLOTS[0]] if board.engine.slots else []))
        yield from _possible(board, session_id, rest)


_WHILE_ACTIVE: dict[Phase, tuple[str, ...]] = {
    Phase.CANCELLING: ("session.kill", "view.transcript"),
    Phase.QUEUED: ("session.cancel", "session.skip"),
    Phase.PAUSED: ("run.pause", "session.message", "session.cancel", "session.skip"),
    Phase.STALLED: ("view.transcript", "session.retry", "session.message", "session.cancel", "session.skip"),
    Phase.ASKING: ("session.message", "view.transcript", "session.skip", "session.cancel"),
}


def _best_first(board: Board, session_id: str) -> tuple[str, ...]:
    session = board.session(session_id)
    if session.phase is not None:
        undecided_first = ("session.retry", "session.skip", "session.cancel", "view.transcript")
        at_work = ("view.transcript", "session.message", "session.cancel", "run.pause")
        return undecided_first if undecided(session) else _WHILE_ACTIVE.get(session.phase, at_work)
    if session.status is Status.FAILED and session.failure_cause is FailureCause.CHECK_FAILED:
        return "session.retry_note", "session.retry", "session.skip", "session.open_file"
    if state_of(session) == "complete":
        return "view.artifact", "session.open_file", "view.copy"
    return "session.retry", "session.retry_note", "session.skip", "session.open_file"


def _possible(board: Board, session_id: str, bindings: Sequence[str]) -> Iterator[tuple[str, str]]:
    for binding in bindings:
        if allowed(board, binding, session_id):
            yield binding, label_of(board, binding, session_id)
