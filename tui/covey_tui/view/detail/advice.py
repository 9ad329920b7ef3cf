"""What a human can do about what is wrong with a session: keys and what they come to, best first. Pure."""

from collections.abc import Iterable, Iterator

from covey.model.control import CONTROLS, Action
from covey.model.session import Session, file_is_missing, is_terminal, standing, undecided
from covey.model.status import FailureCause, Phase, Status
from covey.text.glyphs import FILE_MISSING
from covey_tui.view.board import Board
from covey_tui.view.causes import cause_of
from covey_tui.view.detail.pieces import keys, muted
from covey_tui.view.hints import KeyOf, usual
from covey_tui.view.spans import MUTED, Line, span
from covey_tui.view.stopped import asks
from covey_tui.view.words import name_of

MANY = 3
"""From so many others with the same trouble on, the advice is to look at them together."""
_RETRY, _NOTE, _SKIP, _CANCEL = "session.retry", "session.retry_note", "session.skip", "session.cancel"
_READ, _ALL, _RESUME = "view.transcript", "view.intervention", "run.pause"


def advice_lines(board: Board, session: Session, width: int, key: KeyOf = usual) -> list[Line]:
    """What helps, with its keys, best advice first; what the table of controls rules out is not there."""
    stopped = _ended_above(board, session)
    if stopped is not None and session.status is not Status.CANCELLED:
        above = name_of(stopped)
        helps = "covey run does what is missing" if stopped.status is Status.COMPLETE else f"retry {above}"
        return muted(f"{above} is {stopped.status}: {helps}.", width)
    others = _others(board, session)
    if others >= MANY:
        what = "others miss theirs too." if file_is_missing(session) else "others failed for the same cause."
        together = [(_ALL, "see them all"), ("run.retry_all", "retry them together")]
        return [*muted(f"{others} {what}", width), *_listed(together, width, key)]
    advice = list(_what_helps(board, session, key))
    return [(span("What you can do", MUTED),), *_listed(advice, width, key)] if advice else []


def _listed(advice: Iterable[tuple[str, str]], width: int, key: KeyOf) -> list[Line]:
    return keys([(key(binding), meaning) for binding, meaning in advice], width)


def _what_helps(board: Board, session: Session, key: KeyOf) -> Iterator[tuple[str, str]]:
    """Bindings, and what each of them comes to here, best first."""
    if asks(session):
        yield from _WHILE_PAUSED[cause_of(session).key]
        return
    if session.phase is Phase.INTERRUPTED:
        yield from _of_undecided(board, session) if undecided(session) else ()
        return
    if session.status is Status.ACTIVE and session.phase is not None:
        yield from _WHILE_ACTIVE.get(session.phase, ())
        if session.session_id is not None:
            yield _SKIP, _skipped(board, session)
        return
    if standing(session) not in CONTROLS[Action.RETRY]:
        return
    note = (_NOTE, "retry with a note to the agent")
    checks = session.failure_cause is FailureCause.CHECK_FAILED
    if checks:
        yield note
    yield _RETRY, _retried(session)
    if not checks:
        yield note
    if session.session_id is None:
        return
    yield _READ, "read the transcript"
    if session.artifact_path is not None:
        failed = session.status is Status.FAILED
        yield (
            "session.open_file",
            f"write the file yourself, then {key(_RETRY)} keeps it" if failed else "write the file yourself",
        )
    yield _SKIP, _skipped(board, session)


def _of_undecided(board: Board, session: Session) -> Iterator[tuple[str, str]]:
    yield _RETRY, "try again; the old attempt no longer counts"
    if session.session_id is not None:
        yield _SKIP, _skipped(board, session)
    yield _CANCEL, "cancel it"


_WHILE_PAUSED = {
    "credential": ((_RESUME, "resume with the key that the engine has"),),
    "repeated_failures": ((_ALL, "see what failed"), (_RESUME, "resume; the count begins anew")),
    "budget_spent": (
        (_RESUME, "raise the budget; all goes on then"),
        ("run.stop", "stop the run; it can be gone on with"),
    ),
    "price_missing": ((_RESUME, "resume, once the price is in covey.toml"),),
}
"""By the cause for which a run is paused and asks."""
_WHILE_ACTIVE = {
    Phase.BLOCKED: ((_ALL, "see them all"), (_RETRY, "look again")),
    Phase.ASKING: (
        ("session.message", "answer it"),
        (_READ, "read what led to it"),
        (_RETRY, "cancel it and begin again"),
        (_CANCEL, "end it"),
    ),
    Phase.STALLED: ((_READ, "read its last words"), (_RETRY, "cancel it and begin again"), (_CANCEL, "end it")),
}


def _retried(session: Session) -> str:
    missing = file_is_missing(session) or session.failure_cause is FailureCause.MISSING_FILE
    return "retry; the agent is told the path" if missing else "retry from the first step"


def _skipped(board: Board, session: Session) -> str:
    above = name_of(board.session(session.session_id)) if session.session_id is not None else "its parent"
    return f"skip it; {above} goes on without it"


def _ended_above(board: Board, session: Session) -> Session | None:
    """The nearest session above that has ended: below it nothing runs again."""
    key = session.session_id
    while key is not None:
        above = board.session(key)
        if is_terminal(above):
            return above
        key = above.session_id
    return None


def _others(board: Board, session: Session) -> int:
    """How many others of its run have the same trouble."""
    tally = board.tally(session.run_id)
    if file_is_missing(session):
        return tally.of(FILE_MISSING) - 1
    if session.status is not Status.FAILED or tally.of("failed") <= MANY:
        return 0
    every = (board.session(key) for key in board.under(session.run_id))
    alike = sum(each.status is Status.FAILED and each.failure_cause is session.failure_cause for each in every)
    return alike - (session.session_id is not None)
