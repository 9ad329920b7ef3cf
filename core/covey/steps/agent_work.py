"""What the steps that hand work to an agent share: the assignment's facts, and the file's word over the agent's."""

from collections.abc import Sequence

from msgspec.structs import replace

from covey.model.command import Command, CommandKind, Result, ResultStatus
from covey.model.session import Session
from covey.model.status import FailureCause
from covey.projects.paths import ArtifactKind
from covey.steps.base import Handled, Tools, own_path
from covey.steps.tested import findings_of, subject_of

NOTE_TAKEN = "note_taken"
"""The key of `state` that tells in which attempt an agent was last given the note."""


def open_note(session: Session) -> str | None:
    """The human's note of this attempt, as long as no agent has been given it."""
    return session.note if session.state.get(NOTE_TAKEN) != session.attempt else None


def assign(
    tools: Tools,
    step: str,
    session: Session,
    task: str,
    findings: Sequence[str] = (),
    *,
    artifact: ArtifactKind,
    **more: str,
) -> Command:
    """The command that hands the session's file to its agent. `existed`: the file was there when it was issued."""
    path = own_path(session)
    facts = {"task": task, "artifact": artifact, "path": path, "findings": list(findings), **more}
    return tools.command(step, CommandKind.AGENT, **facts, existed=tools.present(path))


def judge(tools: Tools, session: Session, result: Result, kind: ArtifactKind) -> Handled:
    """The agent's result, corrected by what lies on disk; the note counts as taken once an agent had it."""
    updates = {"state": {NOTE_TAKEN: session.attempt}}
    path = own_path(session)
    present = tools.present(path)
    if result.status is ResultStatus.OK and not present:
        missing = replace(
            result,
            status=ResultStatus.ERROR,
            error_message=f"the agent ended well, but {path} is not there",
            data={**result.data, "cause": FailureCause.MISSING_FILE},
        )
        return Handled(updates, missing)
    if result.status is ResultStatus.ERROR and present:
        kept = "; ".join(filter(None, (result.error_message, _worth_keeping(tools, session, kind))))
        return Handled(updates, replace(result, error_message=kept), present=True)
    return Handled(updates, result, present=present)


def _worth_keeping(tools: Tools, session: Session, kind: ArtifactKind) -> str | None:
    """What a person should know of a file that an agent left although it failed; None when it does not pass."""
    path, is_tested = own_path(session), kind in {ArtifactKind.TEST, ArtifactKind.CODE}
    findings = (
        findings_of(session, subject_of(tools, session, kind)) if is_tested else tools.design_findings(session, kind)
    )
    if findings is None:
        return f"{path} is there, a retry first runs its tests"
    return None if findings else f"{path} is there and passes, a retry will keep it"
