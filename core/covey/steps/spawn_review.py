"""SpawnReviewSession: one child that reviews all design documents of the context, and the parent's verdict with it.

The verdict is over the whole family, as a person sees it who waits for the parent: while the review is at work (which
may take long), a document may vanish and its session may be tried again, and what comes of that must not pass unseen.
Where such a session ends after the review, the review stands as it is: it is of the documents that were there when it
was written. Whoever wants another deletes it, and the next run makes it alone.
"""

from covey import errors
from covey.errors import StepError
from covey.model.command import Command, CommandKind, Result
from covey.model.component import Component
from covey.model.events import SessionCreated
from covey.model.scope import Scope
from covey.model.session import Session
from covey.projects.paths import ArtifactKind
from covey.steps.base import Handled, Tools
from covey.steps.spawn import DESIGN, REVIEW_TYPE, child_created, context_of, could_not_create, create, refuse_strangers
from covey.steps.verdict import Facts, examine, verdict


class SpawnReviewSession:
    """Spawns the one session that reviews the context's design, and validates it with the sessions before it."""

    name = "SpawnReviewSession"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def get_command(self, scope: Scope, session: Session) -> Command:
        """The id of the review's session, after creating it if it does not exist yet.

        One that cannot be created ends nothing: all documents are there, so a human is told and the step tried again.

        Raises:
            StepError: no context component, an unknown session, or a child of another workflow.
        """
        context = await context_of(self._tools, scope, session)
        family = await self._tools.store.family(scope, session.id)
        if family is None:
            raise StepError(errors.SESSION_NOT_FOUND)
        refuse_strangers(family[1:], DESIGN.made_by_workflow, REVIEW_TYPE)
        review = next((child for child in family if child.type == REVIEW_TYPE), None)
        failed: list[Facts] = []
        if review is None:
            outcome = await create(self._tools, family[0], self._created(family, context))
            if isinstance(outcome, Session):
                review = outcome
            else:
                failed = [could_not_create(context, _name(context), outcome)]
        ids = [] if review is None else [review.id]
        return self._tools.command(
            self.name, CommandKind.SPAWN_SESSIONS, child_session_ids=ids, failed_components=failed
        )

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        """The verdict over the review and the documents that it is of, read in one snapshot.

        A skipped review is in order: the parent goes on without it.

        Raises:
            StepError: the session is gone.
        """
        family = await self._tools.store.family(scope, session.id)
        if family is None:
            raise StepError(errors.SESSION_NOT_FOUND)
        findings = examine(family[1:], result.data.get("failed_components"), self._file_is_missing)
        has_review = any(child.type == REVIEW_TYPE for child in family)
        return verdict(family, result, findings, "" if has_review else errors.NO_CHILD_SESSIONS)

    def _created(self, family: tuple[Session, ...], context: Component) -> SessionCreated:
        rules = self._tools.rules
        design = rules.path(ArtifactKind.DESIGN, context)
        return child_created(
            self._tools,
            family[0],
            REVIEW_TYPE,
            context,
            len(family) - 1,
            path=rules.path(ArtifactKind.REVIEW, context),
            state={"parent_context_name": context.name, "context_design_path": design},
            name=_name(context),
        )

    def _file_is_missing(self, child: Session) -> bool:
        return child.artifact_path is not None and not self._tools.present(child.artifact_path)


def _name(context: Component) -> str:
    """What the session is called: its component is the context, as its parent's is."""
    return f"Review of {context.name}"
