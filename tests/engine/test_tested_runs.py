"""Whole runs of `test` and `code`: real engine, real pytest, an agent that plays a script."""

import asyncio
import os
import sys
from pathlib import Path

import pytest

from covey.agents.base import Assignment, Desk, Outcome, Task
from covey.engine.runs import RunOptions
from covey.errors import UsageError
from covey.model.control import Action
from covey.model.outcome import How
from covey.model.session import Session
from covey.model.status import FailureCause, Phase, Status
from covey.projects.manifest import find_contexts, load_project
from covey.projects.paths import ArtifactKind
from covey.testing.agents import leaves, write_least
from covey.workspace import process_table
from tests.engine.conftest import MOST_SECONDS, Bench
from tests.tested import CODE, COMMANDS, RIGHT, TEST, TOTAL, WRONG


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text)


@pytest.fixture
def tested(bench: Bench) -> Bench:
    """A project with one component, Alpha, whose tests are asked for."""
    bench.components, bench.workflow, bench.extra = ("Alpha",), "test", COMMANDS
    return bench


def steps(bench: Bench) -> list[str]:
    return [assignment.step for assignment in bench.seen]


async def child_of(bench: Bench) -> Session:
    """The child of the newest run."""
    tree = await bench.tree()
    return tree.children(tree.roots()[-1].id)[0]


class TestTests:
    """`covey run test`: a child per component, complete only with tests that end as they have to."""

    async def test_a_test_that_fails_is_revised_and_passes(self, tested: Bench) -> None:
        write(tested.root, CODE, TOTAL)

        async def wrong_then_right(assignment: Assignment, desk: Desk) -> Outcome:
            text = WRONG if assignment.task is Task.GENERATE else RIGHT
            return await leaves(text)(assignment, desk)

        tested.plays["Alpha"] = wrong_then_right
        assert await tested.run() == 0

        child = await child_of(tested)
        assert (child.type, child.status, child.artifact_path) == ("ComponentTestSessions", Status.COMPLETE, TEST)
        assert steps(tested) == ["GenerateTestsAndFixtures", "FixTestFailures"]
        assert (tested.root / TEST).read_text() == RIGHT
        generate, fix = tested.seen
        assert (generate.kind, generate.target, generate.source) == (ArtifactKind.TEST, TEST, CODE)
        assert (generate.test_path, generate.design_path) == (TEST, "docs/design/shop/alpha.md")
        assert generate.test_command[-1] == TEST
        assert not generate.must_fail
        assert fix.findings == ("test_total (line 5): assert 3 == 4 + where 3 = total([1, 2])",)

    async def test_each_run_of_the_tests_is_one_interaction(self, tested: Bench) -> None:
        write(tested.root, CODE, TOTAL)
        write(tested.root, TEST, WRONG)
        tested.plays["Alpha"] = leaves(RIGHT)

        async with tested.running(stay=False) as run:
            await run.left
            child = await run.child("Alpha")
            found = await run.viewer.interactions(run.viewer.scope, child.id)
        assert [(each.step, each.command.command, each.result and each.result.status) for each in found] == [
            ("Initialize", "check", "warning"),
            ("RunTests", "shell", "error"),
            ("FixTestFailures", "agent", "ok"),
            ("RunTests", "shell", "ok"),
            ("Finalize", "check", "ok"),
        ]
        first = found[1].result
        assert first is not None
        assert (first.code, first.error_message) == (
            1,
            f"{TEST}: test_total (line 5): assert 3 == 4 + where 3 = total([1, 2])",
        )
        assert first.data["counts"] == {"tests": 1, "passed": 0, "failed": 1, "errors": 0, "skipped": 0}
        assert first.data["failures"] == [
            {
                "name": "test_total",
                "file": TEST,
                "line": 5,
                "message": "assert 3 == 4 + where 3 = total([1, 2])",
                "kind": "failed",
            }
        ]

    async def test_tests_that_pass_are_kept_and_no_agent_asked(self, tested: Bench) -> None:
        write(tested.root, CODE, TOTAL)
        write(tested.root, TEST, RIGHT)

        assert await tested.run() == 0

        assert (await child_of(tested)).kept
        assert tested.seen == []
        assert [path.name for path in (tested.root / "tests/shop").iterdir()] == ["test_alpha.py"]
        assert [path.name for path in (tested.root / "shop").iterdir()] == ["alpha.py"]

    async def test_nothing_to_do_until_one_of_the_files_changes(self, tested: Bench) -> None:
        write(tested.root, CODE, TOTAL)
        write(tested.root, TEST, RIGHT)
        await tested.run()

        assert await tested.run() == 4
        write(tested.root, CODE, "def total(amounts):\n    return 3\n")
        assert await tested.run() == 0
        assert tested.seen == []
        (tested.root / TEST).unlink()
        assert await tested.run() == 0
        assert steps(tested) == ["GenerateTestsAndFixtures"]

    async def test_overwrite_moves_the_old_tests_aside(self, tested: Bench) -> None:
        write(tested.root, CODE, TOTAL)
        write(tested.root, TEST, RIGHT)

        assert await tested.run(RunOptions(overwrite=True)) == 0

        assert steps(tested) == ["GenerateTestsAndFixtures"]
        child = await child_of(tested)
        assert (tested.root / ".covey/replaced" / child.run_id / TEST).read_text() == RIGHT

    async def test_rounds_are_limited(self, tested: Bench) -> None:
        write(tested.root, CODE, TOTAL)
        tested.extra = f'[run]\nagent = "scripted"\nmax_revisions = 1\n{COMMANDS}'
        tested.plays["Alpha"] = leaves(WRONG)

        assert await tested.run() == 6

        assert steps(tested) == ["GenerateTestsAndFixtures", "FixTestFailures"]
        child = await child_of(tested)
        assert (child.status, child.failure_cause) == (Status.FAILED, FailureCause.CHECK_FAILED)
        assert (child.error_message or "").startswith(f"{TEST}: test_total (line 5): assert 3 == 4")
        root = (await tested.tree()).roots()[0]
        assert (root.error_message or "").startswith("Child sessions failed: Alpha (reason: tests/shop/test_alpha.py")

    async def test_a_note_is_taken_up_once_before_a_run_counts(self, tested: Bench) -> None:
        write(tested.root, CODE, TOTAL)
        tested.plays["Alpha"] = lambda *_: refuse()
        async with tested.running() as run:
            await run.until(lambda session: session.phase is Phase.BLOCKED)
            write(tested.root, TEST, RIGHT)
            tested.plays["Alpha"] = leaves(RIGHT + "\n# noted\n")
            await run.ask(Action.RETRY, "Alpha", note="say more")
            await run.until(lambda session: session.status is Status.COMPLETE)
        assert steps(tested) == ["GenerateTestsAndFixtures", "FixTestFailures"]
        assert (tested.seen[1].note, tested.seen[1].findings) == ("say more", ())

    async def test_an_agent_that_leaves_no_file(self, tested: Bench) -> None:
        write(tested.root, CODE, TOTAL)
        tested.plays["Alpha"] = lambda *_: agree()

        assert await tested.run() == 6

        child = await child_of(tested)
        assert (child.failure_cause, child.error_message) == (
            FailureCause.MISSING_FILE,
            f"the agent ended well, but {TEST} is not there",
        )

    async def test_an_agent_that_fails_with_a_file_says_what_a_retry_does(self, tested: Bench) -> None:
        write(tested.root, CODE, TOTAL)

        async def writes_and_fails(assignment: Assignment, desk: Desk) -> Outcome:
            await write_least(assignment, desk)
            return Outcome(ok=False, message="lost its way", cause=FailureCause.TIMEOUT)

        tested.plays["Alpha"] = writes_and_fails
        async with tested.running() as run:
            await run.until(lambda session: session.phase is Phase.BLOCKED)
            child = await run.child("Alpha")
            assert child.failure_cause is FailureCause.TIMEOUT
            assert child.error_message == f"lost its way; {TEST} is there, a retry first runs its tests"
            await run.ask(Action.RETRY, "Alpha")
            await run.until(lambda session: session.status is Status.COMPLETE)
            assert (await run.child("Alpha")).kept
        assert len(tested.seen) == 1

    async def test_the_offline_agent_does_it_or_says_that_it_cannot(self, tested: Bench) -> None:
        write(tested.root, CODE, TOTAL)
        write(tested.root, TEST, RIGHT)
        assert await tested.run(RunOptions(agent="offline")) == 0
        assert (await child_of(tested)).kept


class TestInterruptions:
    """Tests are processes: they end with the session that they work for."""

    async def test_a_cancelled_session_takes_its_tests_with_it(self, tested: Bench) -> None:
        write(tested.root, CODE, TOTAL)
        begun = tested.root / "begun"
        os.mkfifo(begun)
        tested.extra = f'[run]\nagent = "scripted"\ncancel_grace = "0s"\n{COMMANDS}'
        write(
            tested.root,
            TEST,
            "import os, pathlib, time\n"
            "def test_a():\n"
            f"    pathlib.Path({str(begun)!r}).write_text(str(os.getpid()))\n"
            "    time.sleep(1000)\n",
        )
        async with tested.running() as run:
            pid = int(await told(begun))
            await run.ask(Action.CANCEL, "Alpha")
            await run.until(lambda session: session.phase is Phase.BLOCKED)
            child = await run.child("Alpha")
            await run.until(lambda session: session.phase is None, "Alpha")
            assert child.status is Status.CANCELLED
            found = process_table.look(pid)
            assert found is None or found.zombie
            await run.ask(Action.SKIP, "Alpha", reason="it hangs")


class TestTestsFirst:
    """With `tests_first`, tests of what is not implemented have to be collected and to fail."""

    @pytest.fixture
    def tested(self, tested: Bench) -> Bench:
        tested.extra = f'[run]\nagent = "scripted"\nmax_revisions = 1\ntests_first = true\n{COMMANDS}'
        return tested

    async def test_tests_that_fail_are_in_order(self, tested: Bench) -> None:
        assert await tested.run() == 0
        (assignment,) = tested.seen
        assert assignment.must_fail
        assert not (await child_of(tested)).kept

    async def test_tests_that_cannot_be_collected_are_not(self, tested: Bench) -> None:
        tested.plays["Alpha"] = leaves(RIGHT)
        assert await tested.run() == 6
        assert (await child_of(tested)).error_message == (
            f"{TEST}: its tests cannot be collected (line 1): ModuleNotFoundError: No module named 'shop': "
            f"as long as {CODE} does not exist, import it inside of the tests"
        )

    async def test_then_the_code_is_written_and_then_they_have_to_pass(self, tested: Bench) -> None:
        assert await tested.run() == 0
        tested.workflow = "code"
        assert await tested.run() == 0
        tested.workflow = "test"
        tested.seen.clear()
        assert await tested.run() == 0
        assert tested.seen == []
        assert (await child_of(tested)).kept
        assert await tested.run() == 4


class TestCode:
    """`covey run code`: a child per component, complete only when the component's tests pass."""

    @pytest.fixture
    def coded(self, tested: Bench) -> Bench:
        tested.workflow = "code"
        return tested

    async def test_code_is_written_and_mended_until_the_tests_pass(self, coded: Bench) -> None:
        write(coded.root, TEST, RIGHT)

        async def wrong_then_right(assignment: Assignment, desk: Desk) -> Outcome:
            text = "def total(amounts):\n    return 0\n" if assignment.task is Task.GENERATE else TOTAL
            return await leaves(text)(assignment, desk)

        coded.plays["Alpha"] = wrong_then_right
        assert await coded.run() == 0

        child = await child_of(coded)
        assert (child.type, child.artifact_path) == ("ComponentCodingSessions", CODE)
        assert steps(coded) == ["GenerateImplementation", "FixTestFailures"]
        assert (coded.seen[0].kind, coded.seen[0].target, coded.seen[0].test_path) == (ArtifactKind.CODE, CODE, TEST)
        assert (coded.root / TEST).read_text() == RIGHT
        assert await coded.run() == 4

    async def test_code_that_passes_is_kept(self, coded: Bench) -> None:
        write(coded.root, TEST, RIGHT)
        write(coded.root, CODE, TOTAL)
        assert await coded.run() == 0
        assert (await child_of(coded)).kept

    async def test_without_tests_nothing_is_begun_nor_moved(self, coded: Bench) -> None:
        write(coded.root, CODE, TOTAL)
        assert await coded.run(RunOptions(overwrite=True)) == 6
        child = await child_of(coded)
        assert child.error_message == (
            f"{TEST} is not there, so nothing tells whether the code is right: covey run test"
        )
        assert coded.seen == []
        assert (coded.root / CODE).read_text() == TOTAL

    async def test_an_agent_that_cannot_do_it_says_so(self, coded: Bench) -> None:
        write(coded.root, TEST, RIGHT)
        assert await coded.run(RunOptions(agent="offline")) == 6
        child = await child_of(coded)
        assert child.failure_cause is FailureCause.AGENT_ERROR
        assert "the offline agent" in (child.error_message or "")
        assert not (coded.root / CODE).exists()


class TestPreflight:
    """What keeps tests from being run is said before any session starts, with what to do."""

    @pytest.mark.parametrize(
        ("commands", "said"),
        [
            ('test = ["no-such-runner", "{file}"]', "no-such-runner"),
            (
                'python = ".venv/bin/python9"',
                "python9 does not exist; install it, or set python or test under [commands]",
            ),
            (
                'python = "tools/python"',
                "has no pytest (exited with code 1: I have none); install it (",
            ),
            (
                f'python = "{sys.executable}"\ntest = ["{{python}}", "-S", "-m", "pytest", "{{file}}"]',
                f"{sys.executable} -S has no pytest; install it ({sys.executable} -S -m pip install pytest), or set",
            ),
        ],
    )
    async def test_refused(self, tested: Bench, commands: str, said: str) -> None:
        write(tested.root, "tools/python", "#!/bin/sh\necho I have none >&2\nexit 1\n")
        (tested.root / "tools/python").chmod(0o755)
        tested.extra = f"[commands]\n{commands}\n"
        with pytest.raises(UsageError) as caught:
            await tested.run()
        assert str(caught.value).startswith("nothing was started:\n  the tests cannot be run: ")
        assert said in str(caught.value)
        assert (await tested.tree()).roots() == []

    async def test_a_directory_that_is_none(self, tested: Bench) -> None:
        write(tested.root, "tests", "a file")
        with pytest.raises(UsageError, match=r"tests is in the way: tests are to be written below it"):
            await tested.run()

    async def test_a_design_run_needs_no_test_command(self, tested: Bench) -> None:
        tested.workflow, tested.extra = "design", '[commands]\ntest = ["no-such-runner", "{file}"]\n'
        assert await tested.run() == 0


async def test_the_engine_says_how_each_context_came_about(tested: Bench) -> None:
    write(tested.root, CODE, TOTAL)
    await tested.run()
    async with tested.engine() as engine:
        contexts = find_contexts(load_project(tested.root, tested.registry), ("Shop",))
        (begun,) = await engine.begin("test", contexts)
    assert begun.how is How.NOTHING_TO_DO


async def told(fifo: Path) -> bytes:
    """What is written into a FIFO, whoever writes it, within a time in which it has to be."""
    came = asyncio.Event()
    reading = os.open(fifo, os.O_RDWR | os.O_NONBLOCK)
    try:
        asyncio.get_running_loop().add_reader(reading, came.set)
        async with asyncio.timeout(MOST_SECONDS):
            await came.wait()
        return os.read(reading, 100)
    finally:
        asyncio.get_running_loop().remove_reader(reading)
        os.close(reading)


async def refuse() -> Outcome:
    return Outcome(ok=False, message="not now")


async def agree() -> Outcome:
    return Outcome(ok=True)
