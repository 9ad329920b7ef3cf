"""ExecuteReview: an agent reviews the design documents of a context, unless a review of these very documents is there.

A review speaks of documents as they were. So one that is there when the run begins is kept only if the run has kept
every document: then nothing that it says can have become untrue. As soon as one document was made anew, no line of an
old review can be trusted, and none may be lost, for a person may have written it. So it is moved aside as a whole, to
where `--overwrite` keeps what it replaces, and the agent writes a new one; the transcript says where the old one is.

On later attempts whatever lies there was written in this run, by the agent or by a person who helps it out, and is kept
or mended like every other document.
"""

from covey.model.command import Command, CommandKind, Result
from covey.model.scope import Scope
from covey.model.session import Session
from covey.model.status import Status
from covey.projects.paths import ArtifactKind
from covey.steps.agent_work import NOTE_TAKEN, assign, judge, open_note
from covey.steps.base import Handled, Tools, own_path, replaced_directory
from covey.steps.spawn import DESIGN


class ExecuteReview:
    """Has the session's agent write the review, or mend the one that is there."""

    name = "ExecuteReview"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """Hand the review to the agent; one that is there and in order is only looked at."""
        path = own_path(session)
        if not self._tools.present(path):
            return self._assign(session, "generate")
        if await self._is_of_other_documents(scope, session):
            return self._assign(session, "generate", move_aside_to=replaced_directory(session))
        findings = [str(finding) for finding in self._tools.design_findings(session, ArtifactKind.REVIEW)]
        if findings or open_note(session) is not None:
            return self._assign(session, "revise", findings)
        return self._tools.command(self.name, CommandKind.CHECK, path=path)

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """Well only if the file is there; whether it passes is for Finalize to say."""
        if "present" in result.data:
            return Handled({}, result)
        return judge(self._tools, session, result, ArtifactKind.REVIEW)

    def _assign(self, session: Session, task: str, findings: tuple[str, ...] | list[str] = (), **more: str) -> Command:
        return assign(self._tools, self.name, session, task, findings, artifact=ArtifactKind.REVIEW, **more)

    async def _is_of_other_documents(self, scope: Scope, session: Session) -> bool:
        """A document was made anew in this run, and no agent of this session has written the review since."""
        if session.attempt > 1 or NOTE_TAKEN in session.state or session.session_id is None:
            return False
        family = await self._tools.store.family(scope, session.session_id) or ()
        return any(_made_anew(sibling) for sibling in family[1:] if sibling.type == DESIGN.child_type)


def _made_anew(session: Session) -> bool:
    """An agent has worked on the document in this run; what a second attempt keeps is the first one's work."""
    return session.status is Status.COMPLETE and not (session.kept and session.attempt == 1)
