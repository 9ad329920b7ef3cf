"""`[run] isolation = "worktree"`: each session in a worktree and branch of its own, merged as it ends."""

from pathlib import Path

import pytest

from covey.agents.base import Assignment, Desk, Outcome
from covey.engine.runs import RunOptions
from covey.model.control import Action
from covey.model.session import Session
from covey.model.status import ArtifactState, FailureCause, Phase, Status
from covey.testing.agents import least_document, write_least
from tests.engine.conftest import REVIEW, Bench, Run, fail
from tests.engine.test_git_runs import (
    BRANCH,
    DOCUMENTS,
    FILES,
    ISOLATED,
    REVIEW_FILE,
    data_of,
    interactions,
    last,
    root_of,
)
from tests.repository import Repository, begun, isolate_environment

SHARED = "shared.md"


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    isolate_environment(monkeypatch, tmp_path_factory.mktemp("home"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, extra=ISOLATED)


@pytest.fixture
def repository(bench: Bench) -> Repository:
    bench.write_manifest()
    repository = begun(bench.root)
    repository.write(SHARED, "the beginning\n")
    repository.commit(SHARED)
    return repository


def complete(session: Session) -> bool:
    return session.status is Status.COMPLETE


def failed(session: Session) -> bool:
    return session.status is Status.FAILED


def blocked(session: Session) -> bool:
    return session.phase is Phase.BLOCKED


def also_writes(path: str, text: str):  # noqa: ANN201 - a Play
    """An agent that writes another file beside its document."""

    async def play(assignment: Assignment, desk: Desk) -> Outcome:
        (assignment.workspace / path).write_text(text)
        return await write_least(assignment, desk)

    return play


class TestIsolation:
    """What a run in isolation does, and what it leaves."""

    async def test_each_session_works_in_a_worktree_of_its_own(self, bench: Bench, repository: Repository) -> None:
        before = repository.of_the_user()

        assert await bench.run() == 0

        workspaces = {assignment.component.name: assignment.workspace for assignment in bench.seen}
        assert len(set(workspaces.values())) == 3
        assert all(each.parent == bench.root / ".covey/worktrees" for each in workspaces.values())
        assert repository.branches() == [BRANCH, *(f"{BRANCH}--{name}" for name in ("alpha", "beta", "gamma")), "main"]
        assert repository.git("diff", "--name-only", "main", BRANCH).split() == FILES
        assert repository.files_of(f"{BRANCH}--beta") == [DOCUMENTS[1]]
        assert [bench.document(name).exists() for name in bench.components] == [True] * 3
        assert repository.worktrees() == []
        after = repository.of_the_user()
        assert (after["index"], after["HEAD"]) == (before["index"], before["HEAD"])
        assert (await data_of(bench))["files"] == FILES

    async def test_the_review_is_written_in_the_project_where_all_documents_are(
        self, bench: Bench, repository: Repository
    ) -> None:
        found: list[bool] = []

        async def look(assignment: Assignment, desk: Desk) -> Outcome:
            found.extend((assignment.workspace / each.design).is_file() for each in assignment.reviewed)
            return await write_least(assignment, desk)

        bench.plays[REVIEW] = look
        assert await bench.run() == 0
        assert [each.workspace for each in bench.reviews] == [bench.root]
        assert found == [True] * 3
        assert repository.files_of(BRANCH) == [REVIEW_FILE]
        assert repository.message(BRANCH).splitlines()[:3] == [
            "Design documents of Shop",
            "",
            f"- Review of Shop: {REVIEW_FILE}",
        ]

    async def test_what_agents_write_beside_their_file_stays_on_the_branches(
        self, bench: Bench, repository: Repository
    ) -> None:
        bench.plays["Alpha"] = also_writes("more.md", "more\n")
        assert await bench.run() == 0
        assert not (bench.root / "more.md").exists()
        assert repository.git("show", f"{BRANCH}:more.md") == "more\n"
        assert (await data_of(bench))["changed_outside"] == []

    async def test_below_the_top_of_the_repository(self, tmp_path: Path) -> None:
        repository = begun(tmp_path)
        bench = Bench(tmp_path / "products/shop", extra=ISOLATED)
        bench.root.mkdir(parents=True)
        assert await bench.run() == 0
        assert {each.workspace.name for each in bench.seen} == {"shop"}
        changed = repository.git("diff", "--name-only", "main", BRANCH).split()
        assert changed == [f"products/shop/{path}" for path in FILES]
        assert bench.document("Alpha").exists()

    async def test_a_file_that_is_there_is_kept(self, bench: Bench, repository: Repository) -> None:
        text = "# Mine\n\n## Purpose\n\nMine.\n\n## Public API\n\nNone.\n\n## Dependencies\n\nNone.\n"
        repository.write(DOCUMENTS[0], text)
        assert await bench.run() == 0
        assert sorted(each.component.name for each in bench.seen) == ["Beta", "Gamma"]
        assert bench.document("Alpha").read_text() == text
        assert repository.git("show", f"{BRANCH}:{DOCUMENTS[0]}") == text

    async def test_a_file_that_does_not_pass_is_revised_where_the_session_works(
        self, bench: Bench, repository: Repository
    ) -> None:
        seen: list[str] = []

        async def mend(assignment: Assignment, desk: Desk) -> Outcome:
            target = assignment.workspace / assignment.target
            seen.append(target.read_text())
            target.write_text(least_document(assignment))
            return Outcome(ok=True)

        bench.plays["Alpha"] = mend
        repository.write(DOCUMENTS[0], "mine, unfinished\n")
        assert await bench.run() == 0
        assert seen == ["mine, unfinished\n"]
        assert bench.document("Alpha").read_text().startswith("# Alpha")
        kept = bench.root / ".covey/replaced" / (await root_of(bench)).id / DOCUMENTS[0]
        assert kept.read_text() == "mine, unfinished\n"

    async def test_a_file_that_the_user_has_deleted_is_made_anew(self, bench: Bench, repository: Repository) -> None:
        repository.write(DOCUMENTS[0], "old\n")
        repository.commit(DOCUMENTS[0])
        bench.document("Alpha").unlink()
        assert await bench.run() == 0
        assert bench.document("Alpha").read_text().startswith("# Alpha")

    async def test_overwrite_keeps_the_old_file(self, bench: Bench, repository: Repository) -> None:
        repository.write(DOCUMENTS[0], "mine\n")
        assert await bench.run(RunOptions(overwrite=True)) == 0
        assert bench.document("Alpha").read_text().startswith("# Alpha")
        kept = bench.root / ".covey/replaced" / (await root_of(bench)).id / DOCUMENTS[0]
        assert kept.read_text() == "mine\n"

    async def test_a_change_of_the_users_meanwhile_is_never_written_over(
        self, bench: Bench, repository: Repository
    ) -> None:
        async def and_the_user_too(assignment: Assignment, desk: Desk) -> Outcome:
            repository.write(DOCUMENTS[0], "the user's\n")
            return await write_least(assignment, desk)

        bench.plays["Alpha"] = and_the_user_too
        async with bench.running() as run:
            await run.until(blocked)
            alpha = await run.child("Alpha")
            assert alpha.failure_cause is FailureCause.MERGE_CONFLICT
            assert alpha.error_message == (
                f"{DOCUMENTS[0]} was changed in the project meanwhile and is left as it is: move it away to have the "
                "session's, or copy it into the session's worktree to keep it; its work is in "
                f".covey/worktrees/{alpha.id}, on {BRANCH}--alpha; then covey retry {alpha.id[:8]} --resume"
            )
            assert bench.document("Alpha").read_text() == "the user's\n"
            assert DOCUMENTS[0] not in repository.git("diff", "--name-only", "main", BRANCH)
            bench.document("Alpha").unlink()
            await run.ask(Action.RETRY, "Alpha", resume=True)
            await run.until(complete)
        assert bench.document("Alpha").read_text().startswith("# Alpha")
        assert len([each for each in bench.seen if each.component.name == "Alpha"]) == 1

    async def test_a_change_of_the_users_is_kept_once_it_is_copied_into_the_worktree(
        self, bench: Bench, repository: Repository
    ) -> None:
        mine = "# Mine\n\n## Purpose\n\nMine.\n\n## Public API\n\nNone.\n\n## Dependencies\n\nNone.\n"

        async def and_the_user_too(assignment: Assignment, desk: Desk) -> Outcome:
            repository.write(DOCUMENTS[0], mine)
            return await write_least(assignment, desk)

        bench.plays["Alpha"] = and_the_user_too
        async with bench.running() as run:
            await run.until(blocked)
            alpha = await run.child("Alpha")
            (bench.root / ".covey/worktrees" / alpha.id / DOCUMENTS[0]).write_text(mine)
            await run.ask(Action.RETRY, "Alpha", resume=True)
            await run.until(complete)
        assert bench.document("Alpha").read_text() == mine
        assert repository.git("show", f"{BRANCH}:{DOCUMENTS[0]}") == mine

    async def test_a_file_of_a_complete_session_that_vanishes_is_put_back_by_a_retry(
        self, bench: Bench, repository: Repository
    ) -> None:
        bench.plays["Beta"] = fail
        async with bench.running() as run:
            await run.until(blocked)
            bench.document("Alpha").unlink()
            await run.until(lambda session: session.artifact == "missing", "Alpha")
            await run.ask(Action.RETRY, "Alpha")
            await run.until(complete, "Alpha")
            await run.ask(Action.SKIP, "Beta", reason="later")
            await run.until(complete)
        assert bench.document("Alpha").read_text().startswith("# Alpha")

    async def test_a_hook_that_refuses_a_sessions_work(self, bench: Bench, repository: Repository) -> None:
        repository.hook("pre-commit", f"test ! -f {DOCUMENTS[1]} || {{ echo no betas >&2; exit 1; }}")
        async with bench.running() as run:
            await run.until(blocked)
            beta = await run.child("Beta")
            assert "no betas" in str(beta.error_message)
            assert not bench.document("Beta").exists()
            repository.hook("pre-commit", "exit 0")
            await run.ask(Action.RETRY, "Beta", resume=True)
            await run.until(complete)
        assert bench.document("Beta").exists()

    async def test_worktrees_of_sessions_that_are_skipped_are_kept(self, bench: Bench, repository: Repository) -> None:
        async def half(assignment: Assignment, desk: Desk) -> Outcome:
            (assignment.workspace / "half.md").write_text("half")
            return Outcome(ok=False, message="no idea")

        bench.plays["Beta"] = half
        async with bench.running() as run:
            await run.until(blocked)
            await run.ask(Action.SKIP, "Beta", reason="later")
            await run.until(complete)
        (kept,) = repository.worktrees()
        assert Path(kept, "half.md").read_text() == "half"


class TestConflicts:
    """Two sessions that change the same lines: one is merged, the other is told, and nothing is lost."""

    @pytest.fixture
    def quarrel(self, bench: Bench, repository: Repository) -> Bench:
        for name in ("Alpha", "Beta"):
            bench.plays[name] = also_writes(SHARED, f"{name}'s\n")
        return bench

    @staticmethod
    async def _loser(run: Run) -> Session:
        await run.until(blocked)
        (loser,) = [each for each in [await run.child("Alpha"), await run.child("Beta")] if failed(each)]
        return loser

    async def test_are_shown(self, quarrel: Bench, repository: Repository) -> None:
        async with quarrel.running() as run:
            loser = await self._loser(run)
            branch = f"{BRANCH}--{loser.component.lower()}"
            assert loser.failure_cause is FailureCause.MERGE_CONFLICT
            there = f"git -C {loser.state['git']['worktree']}"
            assert loser.error_message == (
                f"merging {branch} conflicts in {SHARED}; its work is safe on {branch}: {there} merge {BRANCH}, "
                f"resolve the files there, {there} commit -a --no-edit, then covey retry {loser.id[:8]} --resume"
            )
            result = (await last(quarrel, loser)).result
            assert result is not None
            assert result.data["files"] == [SHARED]
            assert repository.git("show", f"{branch}:{SHARED}") == f"{loser.component}'s\n"
            assert not quarrel.document(loser.component).exists()
            assert loser.artifact is not ArtifactState.PRESENT
            assert repository.git("-C", worktree_of(run, repository), "status", "--porcelain") == ""

    async def test_survive_a_restart_and_are_merged_once_resolved(self, quarrel: Bench, repository: Repository) -> None:
        assert await quarrel.run() == 6
        async with quarrel.running() as run:
            loser = await self._loser(run)
            worktree = Repository(quarrel.root / str(loser.state["git"]["worktree"]))

            await run.ask(Action.RETRY, loser.component, resume=True)
            await run.until(lambda each: each.attempt == 2 and failed(each), loser.component)
            assert (await run.child(loser.component)).failure_cause is FailureCause.MERGE_CONFLICT

            worktree.git("merge", BRANCH, ok=False)
            await run.ask(Action.RETRY, loser.component, resume=True)
            again = await run.until(lambda each: each.attempt == 3 and failed(each), loser.component)
            assert f"conflicts that are not resolved yet: {SHARED}" in str(again.error_message)

            worktree.write(SHARED, "both\n")
            worktree.commit(SHARED, message="both")
            await run.ask(Action.RETRY, loser.component, resume=True)
            await run.until(complete)
        assert repository.git("show", f"{BRANCH}:{SHARED}") == "both\n"
        assert repository.git("diff", "--name-only", "main", BRANCH).split() == [*FILES, SHARED]
        assert [quarrel.document(name).exists() for name in quarrel.components] == [True] * 3
        steps = [each.step for each in await interactions(quarrel, loser) if each.attempt == 4]
        assert steps == ["Finalize"]
        assert len([each for each in quarrel.seen if each.component.name == loser.component]) == 1

    async def test_a_rebase_in_the_middle_is_never_lost(self, quarrel: Bench, repository: Repository) -> None:
        """Whoever rebases instead of merging has left the branch for the time being."""
        async with quarrel.running() as run:
            loser = await self._loser(run)
            worktree = Repository(quarrel.root / str(loser.state["git"]["worktree"]))
            worktree.git("rebase", BRANCH, ok=False)
            worktree.write(SHARED, "both\n")
            await run.ask(Action.RETRY, loser.component, resume=True)
            again = await run.until(lambda each: each.attempt == 2 and failed(each), loser.component)
            assert str(again.error_message).startswith(
                f"the worktree of {BRANCH}--{loser.component.lower()} is on another commit than that, and it has "
                f"uncommitted changes: "
            )
            assert (worktree.root / SHARED).read_text() == "both\n"

            worktree.git("add", SHARED)
            worktree.git("-c", "core.editor=:", "rebase", "--continue")
            await run.ask(Action.RETRY, loser.component, resume=True)
            await run.until(complete)
        assert repository.git("show", f"{BRANCH}:{SHARED}") == "both\n"

    async def test_commits_on_no_branch_are_never_lost(self, quarrel: Bench, repository: Repository) -> None:
        async with quarrel.running() as run:
            loser = await self._loser(run)
            worktree = Repository(quarrel.root / str(loser.state["git"]["worktree"]))
            worktree.git("checkout", "--quiet", "--detach")
            worktree.write(SHARED, "both\n")
            made = worktree.commit(SHARED)
            await run.ask(Action.RETRY, loser.component, resume=True)
            again = await run.until(lambda each: each.attempt == 2 and failed(each), loser.component)
            assert "it has commits that are on no branch" in str(again.error_message)
            assert worktree.head() == made

    async def test_a_merge_that_was_cut_off_is_undone(self, bench: Bench, repository: Repository) -> None:
        """As a kill in the middle leaves it: the mark, a lock, files of neither side."""

        async def and_cut_off(assignment: Assignment, desk: Desk) -> Outcome:
            (run,) = [path for path in (bench.root / ".covey/worktrees").iterdir() if path.name == await run_id(bench)]
            admin = repository.root / ".git/worktrees" / run.name
            (admin / "covey-merging").touch()
            (admin / "index.lock").touch()
            (run / SHARED).write_text("half")
            (run / "stray.md").write_text("stray")
            return await write_least(assignment, desk)

        bench.components = ("Alpha",)
        bench.write_manifest()
        bench.plays["Alpha"] = and_cut_off
        assert await bench.run() == 0
        assert repository.git("diff", "--name-only", "main", BRANCH).split() == [DOCUMENTS[0], REVIEW_FILE]

    async def test_changes_of_somebody_in_the_runs_worktree_are_not_merged_over(
        self, bench: Bench, repository: Repository
    ) -> None:
        async def and_somebody(assignment: Assignment, desk: Desk) -> Outcome:
            run = bench.root / ".covey/worktrees" / await run_id(bench)
            (run / "mine.md").write_text("mine")
            return await write_least(assignment, desk)

        bench.components = ("Alpha",)
        bench.write_manifest()
        bench.plays["Alpha"] = and_somebody
        async with bench.running() as run:
            await run.until(blocked)
            alpha = await run.child("Alpha")
            assert "has changes that are not covey's (mine.md)" in str(alpha.error_message)
            worktree = bench.root / ".covey/worktrees" / run.run_id
            assert (worktree / "mine.md").read_text() == "mine"
            (worktree / "mine.md").unlink()
            await run.ask(Action.RETRY, "Alpha", resume=True)
            await run.until(complete)

    async def test_an_agent_cannot_lead_git_into_the_users_checkout(self, bench: Bench, repository: Repository) -> None:
        async def lead_astray(assignment: Assignment, desk: Desk) -> Outcome:
            (assignment.workspace / ".git").unlink()
            (assignment.workspace / ".git").write_text(f"gitdir: {repository.root}/.git\n")
            return await write_least(assignment, desk)

        for name in bench.components:
            bench.plays[name] = lead_astray
        before = repository.of_the_user()
        assert await bench.run() == 0
        after = repository.of_the_user()
        assert (after["index"], after["HEAD"]) == (before["index"], before["HEAD"])
        assert repository.git("diff", "--name-only", "main", BRANCH).split() == FILES


async def run_id(bench: Bench) -> str:
    return (await root_of(bench)).id


def worktree_of(run: Run, repository: Repository) -> str:
    """The run's worktree."""
    return str(repository.root / ".covey/worktrees" / run.run_id)
