"""The life of a session drawn once more, by hand and apart from the code: what the model is measured against.

`PICTURE` has a row for each event and a column for each standing; `x` is legal. The column `result` says what the
event asks of the session's newest command: `open` (no result yet), `closed` (has one, or there is no command) or `-`.
Everything else an event asks for is in `asks_too_much`.
"""

from covey.model import events as e
from covey.model.ability import Ability
from covey.model.session import Session
from covey.model.status import AT_WORK, ArtifactState, Phase, Status

PICTURE = """
event                 result | queued running waiting blocked interrupted undecided stalled asking | complete file_missing failed cancelled skipped
session_started       -      | x      .       .       .       x           .         .       .      | .        .            .      .         .
command_issued        closed | .      x       x       .       .           .         .       .      | .        .            .      .         .
result_recorded       open   | x      x       x       x       x           x         .       x      | .        .            .      .         .
late_result           -      | x      x       x       x       x           x         x       x      | x        x            x      x         x
session_reconfigured  -      | x      x       x       x       x           x         x       x      | x        x            x      x         x
session_blocked       closed | .      x       x       .       .           .         .       .      | .        .            .      .         .
session_unblocked     -      | .      .       .       x       .           .         .       .      | .        .            .      .         .
session_stalled       open   | .      x       .       .       .           .         .       .      | .        .            .      .         .
session_revived       -      | .      .       .       .       .           .         x       .      | .        .            .      .         .
session_paused        open   | .      x       .       .       .           .         .       .      | .        .            .      .         .
question_asked        open   | x      x       .       .       .           .         .       x      | .        .            .      .         .
question_answered     -      | .      .       .       .       .           .         .       x      | .        .            .      .         .
message_sent          -      | x      x       x       x       x           x         x       x      | .        .            .      .         .
message_delivered     -      | x      x       x       x       x           x         x       x      | x        x            x      x         x
session_interrupted   -      | x      x       x       .       .           x         x       x      | .        .            .      .         .
undecided_interrupted -      | x      x       x       .       x           x         x       x      | .        .            .      .         .
session_completed     closed | .      x       x       .       .           .         .       .      | .        .            .      .         .
session_failed        closed | x      x       x       x       x           x         x       x      | .        .            .      .         .
session_cancelled     -      | x      x       x       x       x           x         x       x      | .        .            .      .         .
session_skipped       -      | x      x       x       x       x           x         x       x      | .        x            x      x         .
session_retried       -      | .      .       .       .       .           .         .       .      | .        x            x      x         x
decision_undone       -      | x      .       .       .       .           .         .       .      | .        .            .      x         x
usage_recorded        -      | x      x       x       x       x           x         x       x      | x        x            x      x         x
artifact_found        -      | x      x       x       x       x           x         x       x      | x        x            x      x         x
artifact_missing      -      | .      .       .       .       .           .         .       .      | x        x            .      .         .
run_paused            -      | x      x       x       x       x           x         x       x      | .        .            .      .         .
run_resumed           -      | x      x       x       x       x           x         x       x      | .        .            .      .         .
budget_set            -      | x      x       x       x       x           x         x       x      | .        .            .      .         .
"""  # noqa: E501 - a table is read across

_LINES = [line.replace("|", " ").split() for line in PICTURE.strip().splitlines()]
STANDINGS = _LINES[0][2:]
LEGAL_STANDINGS = {
    name: {standing for standing, cell in zip(STANDINGS, cells, strict=True) if cell == "x"}
    for name, _, *cells in _LINES[1:]
}
ASKS_OF_COMMAND = {name: result for name, result, *_ in _LINES[1:]}


def row_of(event: e.AnyEvent) -> str:
    """The row of the picture that tells about this event."""
    if isinstance(event, e.ResultRecorded) and event.late:
        return "late_result"
    if isinstance(event, e.SessionInterrupted) and event.needs_human is not None:
        return "undecided_interrupted"
    return str(event.__struct_config__.tag)


def column_of(session: Session) -> str:
    """The column of the picture that this session stands in."""
    if session.status is Status.COMPLETE and session.artifact is ArtifactState.MISSING:
        return "file_missing"
    if session.status is Status.ACTIVE:
        assert session.phase is not None
        return "undecided" if session.phase is Phase.INTERRUPTED and session.needs_human else session.phase.value
    return session.status.value


def is_legal(session: Session, event: e.AnyEvent) -> bool:
    """What the picture says of an event that names this session."""
    return _drawn(session, row_of(event)) and not asks_too_much(session, event)


def is_likely(session: Session, kind: type[e.Event]) -> bool:
    """An event of this kind is legal if it is well made; keeps generated lives from standing still."""
    return _drawn(session, str(kind.__struct_config__.tag))


def asks_too_much(session: Session, event: e.AnyEvent) -> bool:  # noqa: PLR0911 - one for each condition
    """The conditions beside the picture: the right interaction, the next attempt, a file that is there (or gone)."""
    match event:
        case e.ResultRecorded(late=False):
            return event.interaction_id != session.pending or not set(event.updates) <= {"state"}
        case e.SessionCompleted():
            return session.artifact_path is not None and session.artifact is not ArtifactState.PRESENT
        case e.QuestionAsked() | e.QuestionAnswered() | e.MessageSent() | e.MessageDelivered():
            return _is_said_wrongly(session, event)
        case e.SessionInterrupted():
            return _interrupts_nothing(session, event)
        case e.SessionRetried():
            return event.attempt != session.attempt + 1
        case e.DecisionUndone():
            return not _could_be_undone(session, event)
        case e.UsageRecorded():
            return not 1 <= (event.attempt or 0) <= session.attempt or min(event.tokens.values(), default=0) < 0
        case e.ArtifactFound() | e.ArtifactMissing():
            is_there = session.artifact is ArtifactState.PRESENT
            return event.path != session.artifact_path or is_there is isinstance(event, e.ArtifactFound)
        case e.RunPaused() | e.RunResumed() | e.BudgetSet():
            return not _is_of_the_run(session, event)
        case _:
            return False


def _is_said_wrongly(
    session: Session, event: e.QuestionAsked | e.QuestionAnswered | e.MessageSent | e.MessageDelivered
) -> bool:
    """A question has words, an answer a question; a message finds somebody who takes it, and is delivered once."""
    waiting = {message.id for message in session.messages}
    match event:
        case e.QuestionAsked():
            return not event.question.strip()
        case e.QuestionAnswered():
            return event.question_id != session.question_id
        case e.MessageSent():
            return Ability.MESSAGES not in session.abilities or event.message_id in waiting
        case e.MessageDelivered():
            return not event.message_ids or not waiting.issuperset(event.message_ids)


def _interrupts_nothing(session: Session, event: e.SessionInterrupted) -> bool:
    if session.phase is Phase.QUEUED:
        return session.pending is None
    return column_of(session) == "undecided" and session.needs_human == {"interrupted": event.needs_human}


def _is_of_the_run(session: Session, event: e.RunPaused | e.RunResumed | e.BudgetSet) -> bool:
    match event:
        case e.RunResumed():
            return session.paused is not None
        case e.RunPaused():
            goes_further = session.paused is None or (session.paused.mode, event.mode) == ("soft", "hard")
            return session.session_id is None and goes_further
        case e.BudgetSet():
            return session.session_id is None


def _could_be_undone(session: Session, event: e.DecisionUndone) -> bool:
    """By the very decision, back to an attempt that there was or on to the next, to a session that makes sense."""
    ended = event.status is not Status.ACTIVE
    next_one = session.attempt + 1
    back_to = range(1, session.attempt if session.status is Status.ACTIVE else next_one)
    errors = (event.error_message, event.failure_cause)
    owes = session.artifact_path is not None and event.artifact is ArtifactState.UNKNOWN
    makes_sense = {
        Status.ACTIVE: errors == (None, None) and event.step is None,
        Status.COMPLETE: errors == (None, None) and not owes,
        Status.FAILED: None not in errors,
        Status.CANCELLED: None not in {event.earlier_decision_id, event.earlier_decided_by},
        Status.SKIPPED: True,
    }
    has_lost_its_file = event.artifact is ArtifactState.MISSING
    return all(
        (
            event.decision_id == session.decision_id,
            event.attempt in (back_to if ended else {next_one}),
            ended is (event.finished_at is not None),
            (event.skip_reason is not None) is (event.status is Status.SKIPPED),
            not has_lost_its_file or event.status in {Status.COMPLETE, Status.SKIPPED},
            makes_sense[event.status],
        )
    )


def _drawn(session: Session, row: str) -> bool:
    command = "open" if session.pending is not None else "closed"
    return column_of(session) in LEGAL_STANDINGS[row] and ASKS_OF_COMMAND[row] in {command, "-"}


def may_have_an_open_command(session: Session) -> bool:
    """Where an interaction without a result can stand: at work or resting from it, interrupted at work, or ending."""
    resting = {Phase.ASKING, Phase.QUEUED}
    return session.phase in AT_WORK | resting | {Phase.WAITING, Phase.INTERRUPTED, Phase.CANCELLING}
