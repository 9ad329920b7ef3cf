"""A child from its first step to its end: real commands, really executed, with an agent that plays a script."""

from typing import Any

import pytest

from covey.agents.base import Assignment, Desk, Outcome
from covey.agents.registry import AgentRegistry
from covey.engine.executor import Executor
from covey.model import events as e
from covey.model.session import Session
from covey.model.status import ArtifactState, FailureCause, Status
from covey.testing.agents import least_document, scripted
from covey.testing.desk import RecordingDesk
from tests.engine.taking import running, steps_of, turns_of
from tests.family import Family, component


class Stage:
    """A child that runs to its end with an agent that plays `script`, one entry for each time it is asked.

    An entry is the text that the agent writes (None writes nothing) and, if it fails, its message.
    """

    def __init__(self, family: Family, *script: tuple[str | None, str | None], **run: Any) -> None:
        self.asked: list[Assignment] = []
        self._script = list(script)
        self._family = family
        family.registry = AgentRegistry(extra={"scripted": scripted(self._play)})
        self._tools = family.tools(**run)
        self._turns = turns_of(family, **run)

    async def _play(self, assignment: Assignment, desk: Desk) -> Outcome:
        text, error = self._script[min(len(self.asked), len(self._script) - 1)]
        self.asked.append(assignment)
        if text is not None:
            self._family.write(assignment.target, text.format(least_document(assignment)))
        return Outcome(ok=error is None, message=error, cause=FailureCause.TIMEOUT)

    async def child(self, **fields: Any) -> Session:
        return await self._family.child(await self._family.parent(), component("Alpha"), agent="scripted", **fields)

    async def run(self, session: Session) -> Session:
        """Take turns until the session has ended; as it is then."""
        executor = Executor(self._family.registry)
        await self._turns.started(running(session))
        while (turn := await self._turns.next_command(running(session))) is not None:
            await self._turns.handle_result(turn, await executor.execute(self._tools, turn, RecordingDesk()))
        return await self._family.now(session)


GOOD = ("{}", None)
POOR = ("# Alpha\n\nThat is all.\n", None)
POOR_FINDINGS = "; ".join(
    f"the section '{title}' is missing; add '## {title}' and write it"
    for title in ("Purpose", "Public API", "Dependencies")
)
PATH = "docs/design/shop/alpha.md"


class TestChild:
    """A child from its first step to its end, with commands really executed."""

    async def test_a_document_is_written(self, family: Family) -> None:
        stage = Stage(family, GOOD)

        child = await stage.run(await stage.child())

        assert (child.status, child.kept, child.artifact) == (Status.COMPLETE, False, ArtifactState.PRESENT)
        steps = ["Initialize", "GenerateComponentDesign", "ValidateDesign", "Finalize"]
        assert await steps_of(family, child) == steps

    async def test_the_log_learns_of_its_file_with_the_result_of_the_step_that_saw_it(self, family: Family) -> None:
        stage = Stage(family, GOOD)

        child = await stage.run(await stage.child())

        log = await family.log()
        seen = next(at for at, event in enumerate(log) if isinstance(event, e.ArtifactFound))
        recorded = log[seen - 1]
        assert isinstance(recorded, e.ResultRecorded)
        assert (recorded.session_id, recorded.step) == (child.id, "GenerateComponentDesign")

    async def test_a_document_is_mended(self, family: Family) -> None:
        stage = Stage(family, POOR, GOOD)

        child = await stage.run(await stage.child())

        assert child.status is Status.COMPLETE
        steps = [
            "Initialize",
            "GenerateComponentDesign",
            "ValidateDesign",
            "ReviseDesign",
            "ValidateDesign",
            "Finalize",
        ]
        assert await steps_of(family, child) == steps
        assert "; ".join(stage.asked[1].findings) == POOR_FINDINGS

    async def test_a_valid_document_is_kept_and_no_agent_asked(self, family: Family) -> None:
        stage = Stage(family, GOOD)
        session = await stage.child()
        mine = family.write(PATH).read_text()

        child = await stage.run(session)

        assert (child.status, child.kept) == (Status.COMPLETE, True)
        assert await steps_of(family, child) == ["Initialize", "ValidateDesign", "Finalize"]
        assert stage.asked == []
        assert (family.root / PATH).read_text() == mine

    async def test_a_document_that_does_not_pass_goes_to_the_revising_step(self, family: Family) -> None:
        stage = Stage(family, GOOD)
        family.write(PATH, "# Alpha\n\nMine.\n")

        child = await stage.run(await stage.child())

        assert (child.status, child.kept) == (Status.COMPLETE, False)
        steps = ["Initialize", "ValidateDesign", "ReviseDesign", "ValidateDesign", "Finalize"]
        assert await steps_of(family, child) == steps

    async def test_overwrite_keeps_the_old_document_aside(self, family: Family) -> None:
        stage = Stage(family, GOOD)
        family.write(PATH, "# Alpha\n\nMine.\n")

        child = await stage.run(await stage.child(state={"overwrite": True}))

        assert child.status is Status.COMPLETE
        assert [each.task for each in stage.asked] == ["generate"]
        assert (family.root / ".covey/replaced" / child.run_id / PATH).read_text() == "# Alpha\n\nMine.\n"

    async def test_well_without_the_file_is_missing_file(self, family: Family) -> None:
        stage = Stage(family, (None, None))

        child = await stage.run(await stage.child())

        assert (child.status, child.failure_cause) == (Status.FAILED, FailureCause.MISSING_FILE)
        assert child.error_message == f"the agent ended well, but {PATH} is not there"
        assert await steps_of(family, child) == ["Initialize", "GenerateComponentDesign"]

    async def test_failed_with_a_file_that_passes_says_so_and_a_retry_keeps_it(self, family: Family) -> None:
        stage = Stage(family, ("{}", "no answer for 5 minutes"))

        child = await stage.run(await stage.child())

        assert (child.status, child.failure_cause) == (Status.FAILED, FailureCause.TIMEOUT)
        assert child.error_message == f"no answer for 5 minutes; {PATH} is there and passes, a retry will keep it"

        child = await stage.run(await family.retry(child))

        assert (child.status, child.kept) == (Status.COMPLETE, True)
        assert len(stage.asked) == 1

    async def test_a_note_is_taken_up_once(self, family: Family) -> None:
        stage = Stage(family, ("{}", "no answer"), ("{}", None))
        child = await stage.run(await stage.child())

        child = await stage.run(await family.retry(child, note="say more"))

        assert (child.status, child.kept) == (Status.COMPLETE, False)
        assert (stage.asked[1].task, stage.asked[1].note, stage.asked[1].findings) == ("revise", "say more", ())
        steps = ["Initialize", "ValidateDesign", "ReviseDesign", "ValidateDesign", "Finalize"]
        assert await steps_of(family, child) == steps


class TestLimits:
    """54: every loop has a limit."""

    @pytest.mark.parametrize("max_revisions", [0, 1, 3])
    async def test_54_revisions(self, family: Family, max_revisions: int) -> None:
        stage = Stage(family, POOR, max_revisions=max_revisions)

        child = await stage.run(await stage.child())

        steps = await steps_of(family, child)
        assert steps.count("ReviseDesign") == max_revisions
        assert steps[-1] == "ValidateDesign"
        assert (child.status, child.failure_cause) == (Status.FAILED, FailureCause.CHECK_FAILED)
        assert child.error_message == f"{PATH}: {POOR_FINDINGS}"

    async def test_54_revisions_are_counted_anew_in_each_attempt(self, family: Family) -> None:
        stage = Stage(family, POOR, max_revisions=2)
        child = await stage.run(await stage.child())

        child = await stage.run(await family.retry(child))

        assert (await steps_of(family, child)).count("ReviseDesign") == 2

    @pytest.mark.parametrize("max_tries", [1, 3])
    async def test_54_tries(self, family: Family, max_tries: int) -> None:
        stage = Stage(family, (None, "exit 3"), max_tries=max_tries)

        child = await stage.run(await stage.child())

        assert await steps_of(family, child) == ["Initialize", *["GenerateComponentDesign"] * max_tries]
        assert (child.status, child.failure_cause) == (Status.FAILED, FailureCause.TIMEOUT)
        assert child.error_message == "exit 3"

    async def test_54_a_later_try_may_go_well(self, family: Family) -> None:
        stage = Stage(family, (None, "exit 3"), GOOD, max_tries=2)

        child = await stage.run(await stage.child())

        assert child.status is Status.COMPLETE
        assert len(stage.asked) == 2
