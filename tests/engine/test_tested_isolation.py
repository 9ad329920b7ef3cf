"""Tests and code in isolation: written and run in a session's own worktree, with the project's own Python."""

import sys
from pathlib import Path

import pytest

from covey.agents.base import Assignment, Desk, Outcome, Task
from covey.model.control import Action
from covey.model.session import Session
from covey.model.status import FailureCause, Phase, Status
from covey.testing.agents import leaves
from tests.engine.conftest import Bench
from tests.engine.test_git_runs import data_of, said
from tests.repository import Repository, begun, isolate_environment
from tests.tested import CODE, QUICK, RIGHT, TEST, TOTAL, WRONG

BRANCH = "test-shop"
RUN = '[run]\nagent = "scripted"\nisolation = "worktree"\nmax_revisions = 0\n'
COMMANDS = f"[commands]\ntest = {list(QUICK)!r}\n"


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    isolate_environment(monkeypatch, tmp_path_factory.mktemp("home"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A project with one component, Alpha, whose tests are run by the `.venv` of the project's root."""
    bench = Bench(tmp_path / "project", ("Alpha",), extra=RUN + COMMANDS, workflow="test")
    python = bench.root / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\npwd >> {tmp_path}/ran\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    bench.plays["Alpha"] = leaves(RIGHT)
    return bench


@pytest.fixture
def repository(bench: Bench) -> Repository:
    """The project as a repository, with Alpha's code in its last commit."""
    bench.write_manifest()
    repository = begun(bench.root)
    repository.write(".gitignore", ".venv\n")
    repository.write(CODE, TOTAL)
    repository.commit()
    return repository


def places(bench: Bench) -> set[str]:
    """Where the project's Python was run, by the names of the directories; the root's is where pytest is looked for."""
    return {Path(line).name for line in (bench.root.parent / "ran").read_text().split()}


def blocked(session: Session) -> bool:
    return session.phase is Phase.BLOCKED


def complete(session: Session) -> bool:
    return session.status is Status.COMPLETE


async def alpha(bench: Bench) -> Session:
    tree = await bench.tree()
    return tree.children(tree.roots()[-1].id)[0]


class TestTests:
    """`covey run test`."""

    async def test_are_written_run_merged_and_handed_over(self, bench: Bench, repository: Repository) -> None:
        before = repository.of_the_user()

        assert await bench.run() == 0

        child = await alpha(bench)
        assert places(bench) == {bench.root.name, child.id}
        assert [each.workspace.name for each in bench.seen] == [child.id]
        assert repository.git("diff", "--name-only", "main", BRANCH).split() == [TEST]
        assert repository.files_of(f"{BRANCH}--alpha") == [TEST]
        assert (bench.root / TEST).read_text() == RIGHT
        assert (await data_of(bench))["files"] == [TEST]
        assert repository.worktrees() == []
        after = repository.of_the_user()
        assert after["files"].pop(TEST)  # type: ignore[attr-defined]
        assert after == before
        assert await bench.run() == 4

    async def test_that_fail_stay_where_they_are_until_they_are_mended(
        self, bench: Bench, repository: Repository
    ) -> None:
        bench.plays["Alpha"] = leaves(WRONG)
        async with bench.running() as run:
            await run.until(blocked)
            child = await run.child("Alpha")
            assert child.failure_cause is FailureCause.CHECK_FAILED
            assert str(child.error_message).startswith(f"{TEST}: test_total (line 5): assert 3 == 4")
            worktree = bench.root / str(child.state["git"]["worktree"])
            assert (worktree / TEST).read_text() == WRONG
            assert not (bench.root / TEST).exists()
            assert repository.head(BRANCH) == repository.head()

            (worktree / TEST).write_text(RIGHT)
            await run.ask(Action.RETRY, "Alpha")
            await run.until(complete)
            assert (await run.child("Alpha")).kept
        assert (bench.root / TEST).read_text() == RIGHT
        assert repository.git("show", f"{BRANCH}:{TEST}") == RIGHT

    async def test_of_the_users_are_run_there_too_and_kept(self, bench: Bench, repository: Repository) -> None:
        repository.write(TEST, RIGHT)
        assert await bench.run() == 0
        child = await alpha(bench)
        assert child.kept
        assert child.id in places(bench)
        assert bench.seen == []

    async def test_first_have_to_fail_and_are_merged(self, bench: Bench, repository: Repository) -> None:
        repository.git("rm", "--quiet", CODE)
        repository.git("commit", "--quiet", "-m", "no code yet")
        bench.extra = f"{RUN}tests_first = true\n{COMMANDS}"
        bench.write_manifest()
        text = RIGHT.replace("from shop.alpha import total\n\n\n", "").replace(
            "():\n", "():\n    from shop.alpha import total\n\n"
        )
        bench.plays["Alpha"] = leaves(text)
        assert await bench.run() == 0
        assert bench.seen[0].must_fail
        assert (bench.root / TEST).read_text() == text
        assert repository.git("show", f"{BRANCH}:{TEST}") == text

    @pytest.mark.parametrize("tests_first", ["false", "true"])
    async def test_of_code_that_is_not_committed(self, bench: Bench, repository: Repository, tests_first: str) -> None:
        repository.git("rm", "--quiet", "--cached", CODE)
        repository.git("commit", "--quiet", "-m", "not this one")
        bench.extra = f"{RUN}tests_first = {tests_first}\n{COMMANDS}"
        bench.write_manifest()
        assert await bench.run() == 6
        assert not bench.seen[0].must_fail
        assert f"{TEST}: {CODE} is not in the commit that this run works on: commit it" in str(
            (await alpha(bench)).error_message
        )

    async def test_a_worktree_that_was_removed_meanwhile_is_made_again(
        self, bench: Bench, repository: Repository
    ) -> None:
        async def lose_it(assignment: Assignment, desk: Desk) -> Outcome:
            if assignment.attempt == 1:
                repository.git("worktree", "remove", "--force", str(assignment.workspace))
                return Outcome(ok=False, message="lost")
            return await leaves(RIGHT)(assignment, desk)

        bench.plays["Alpha"] = lose_it
        async with bench.running() as run:
            await run.until(blocked)
            await run.ask(Action.RETRY, "Alpha", resume=True)
            await run.until(complete)
        assert (bench.root / TEST).read_text() == RIGHT


class TestCode:
    """`covey run code`."""

    @pytest.fixture
    def bench(self, bench: Bench) -> Bench:
        bench.workflow = "code"
        bench.plays["Alpha"] = leaves(TOTAL)
        return bench

    async def test_is_mended_in_the_worktree_until_the_tests_pass(self, bench: Bench, repository: Repository) -> None:
        async def wrong_then_right(assignment: Assignment, desk: Desk) -> Outcome:
            text = "def total(amounts):\n    return 0\n" if assignment.task is Task.GENERATE else TOTAL
            return await leaves(text)(assignment, desk)

        bench.plays["Alpha"] = wrong_then_right
        bench.extra = bench.extra.replace("max_revisions = 0", "max_revisions = 1")
        bench.write_manifest()
        repository.git("rm", "--quiet", CODE)
        repository.write(TEST, RIGHT)
        repository.commit()

        assert await bench.run() == 0

        assert (bench.root / CODE).read_text() == TOTAL
        assert repository.git("diff", "--name-only", "main", "code-shop").split() == [CODE]
        assert [each.step for each in bench.seen] == ["GenerateImplementation", "FixTestFailures"]

    async def test_with_tests_that_are_not_committed(self, bench: Bench, repository: Repository) -> None:
        repository.write(TEST, RIGHT)
        repository.git("rm", "--quiet", CODE)
        repository.git("commit", "--quiet", "-m", "no code yet")
        assert await bench.run() == 6
        child = await alpha(bench)
        assert str(child.error_message).startswith(f"{TEST} is not in the commit that this run works on: commit it")
        tree = await bench.tree()
        assert f"these are not in it: {TEST}" in await said(bench, tree.roots()[0])
