"""Taking turns one at a time, over a family's store: what the tests of turns share."""

from collections.abc import Mapping
from typing import Any

from covey.engine.runtime import Next, Running, Turn
from covey.engine.turns import Bench, Turns
from covey.errors import StepError
from covey.model.command import Command, CommandKind, Result
from covey.model.scope import Scope
from covey.model.session import Session
from covey.steps.base import Handled, Tools
from covey.store.base import Sessions
from covey.workflows.registry import WORKFLOWS
from covey.workflows.workflow import Workflow
from tests.family import Family, result


class Refusing:
    """A step whose precondition never holds: neither before its command nor, once it was issued, for its result."""

    name = "Refusing"

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def get_command(self, scope: Scope, session: Session) -> Command:
        if session.note == "issue it":
            return self._tools.command(self.name, CommandKind.CHECK)
        raise StepError("the moon is not full")

    async def handle_result(self, scope: Scope, session: Session, result: Result) -> Handled:
        raise StepError("the moon has set")


CHILDLESS = Workflow(name="Childless", steps={"Refusing": Refusing}, transitions={}, final="Refusing")


def turns_of(family: Family, *, store: Sessions | None = None, scope: Scope | None = None, **run: Any) -> Turns:
    """Turns over the family's store; its steps may be given another one, and the run other limits."""
    workflows: Mapping[str, Workflow] = {**WORKFLOWS, CHILDLESS.name: CHILDLESS}
    return Turns(Bench(scope or family.scope, family.store, workflows, family.tools(store, **run)))


def running(session: Session) -> Running:
    return Running(session.id, session.attempt)


async def issued(turns: Turns, session: Session) -> Turn:
    """The session's turn; it has one."""
    await turns.started(running(session))
    turn = await turns.next_command(running(session))
    assert turn is not None
    return turn


async def take(turns: Turns, session: Session, given: Result | None = None) -> Next:
    """Take one turn with a result that is simply ok, or with this one."""
    return await turns.handle_result(await issued(turns, session), given or result())


async def steps_of(family: Family, session: Session) -> list[str]:
    return [each.step for each in await family.interactions(session) if each.attempt == session.attempt]
