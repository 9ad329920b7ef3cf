"""Runs in a git repository: a branch in a worktree of its own, and one commit with exactly the artifacts."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from covey.agents.base import Assignment, Desk, Outcome
from covey.client.record import read_record
from covey.engine.patience import OfCommand
from covey.errors import UsageError
from covey.model.command import CommandKind, Interaction
from covey.model.control import Action
from covey.model.session import Session
from covey.model.status import FailureCause, Phase, Status
from covey.projects.manifest import load_project
from covey.reports.facts import facts_of
from covey.reports.findings import Git
from covey.store.sqlite import open_viewer
from covey.testing.agents import write_least
from tests.engine.conftest import Bench, fail
from tests.repository import Repository, begun, init, isolate_environment

BRANCH = "docs-shop"
ISOLATED = '[run]\nagent = "scripted"\nisolation = "worktree"\n'
DOCUMENTS = [f"docs/design/shop/{name}.md" for name in ("alpha", "beta", "gamma")]
REVIEW_FILE = "docs/design/shop/design_review.md"
FILES = sorted([*DOCUMENTS, REVIEW_FILE])
"""What a run leaves that ends well."""


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    isolate_environment(monkeypatch, tmp_path_factory.mktemp("home"))


@pytest.fixture
def repository(bench: Bench) -> Repository:
    """The project is the top of a repository with one commit."""
    return begun(bench.root)


async def root_of(bench: Bench) -> Session:
    """The root of the newest run."""
    async with open_viewer(bench.root) as viewer:
        assert viewer is not None
        return (await viewer.roots(viewer.scope))[-1]


async def last(bench: Bench, session: Session) -> Interaction:
    async with open_viewer(bench.root) as viewer:
        assert viewer is not None
        return (await viewer.interactions(viewer.scope, session.id))[-1]


async def interactions(bench: Bench, session: Session) -> list[Interaction]:
    async with open_viewer(bench.root) as viewer:
        assert viewer is not None
        return list(await viewer.interactions(viewer.scope, session.id))


async def data_of(bench: Bench) -> dict[str, Any]:
    """The data of the last result of the newest run's root."""
    result = (await last(bench, await root_of(bench))).result
    assert result is not None
    return result.data


async def said(bench: Bench, session: Session) -> str:
    async with open_viewer(bench.root) as viewer:
        assert viewer is not None
        return "".join(row.text for row in await viewer.transcript(session.id, session.attempt, 0))


def failed(session: Session) -> bool:
    return session.status is Status.FAILED


def complete(session: Session) -> bool:
    return session.status is Status.COMPLETE


def blocked(session: Session) -> bool:
    return session.phase is Phase.BLOCKED


class TestCommit:
    """What a run leaves in the repository."""

    async def test_has_exactly_the_artifacts(self, bench: Bench, repository: Repository) -> None:
        before = repository.head()

        assert await bench.run() == 0

        assert repository.files_of(BRANCH) == FILES
        assert repository.head(f"{BRANCH}^") == before
        assert repository.git("show", f"{BRANCH}:{DOCUMENTS[0]}") == bench.document("Alpha").read_text()
        assert repository.git("log", "-1", "--format=%an <%ae>", BRANCH).strip() == "Ada <ada@example.org>"

    async def test_leaves_what_the_user_has_staged_and_changed(self, bench: Bench, repository: Repository) -> None:
        bench.write_manifest()
        repository.write("staged.txt", "one\n")
        repository.write("both.txt", "one\n")
        repository.write("gone.txt", "one\n")
        repository.commit("staged.txt", "both.txt", "gone.txt")
        repository.write("staged.txt", "two\n")
        repository.write("both.txt", "two\n")
        repository.write("new.txt", "new\n")
        repository.git("add", "staged.txt", "both.txt", "new.txt")
        repository.write("both.txt", "three\n")
        repository.write("untracked.txt", "mine\n")
        (repository.root / "gone.txt").unlink()
        repository.write("stashed.txt", "put away\n")
        repository.git("add", "stashed.txt")
        repository.git("stash", "push", "--quiet", "--", "stashed.txt")
        before = repository.of_the_user()

        assert await bench.run() == 0

        after = repository.of_the_user()
        for path in FILES:
            assert after["files"].pop(path)  # type: ignore[attr-defined]
        assert after == before
        assert repository.files_of(BRANCH) == FILES

    async def test_names_the_components_and_the_skipped_ones(self, bench: Bench, repository: Repository) -> None:
        bench.plays["Beta"] = fail
        async with bench.running() as run:
            await run.until(blocked)
            await run.ask(Action.SKIP, "Beta", reason="written\nby hand")
            await run.until(complete)

        message = repository.message(BRANCH)
        assert message.splitlines()[0] == "Design documents of Shop"
        assert "- Alpha: docs/design/shop/alpha.md" in message
        assert f"- Review of Shop: {REVIEW_FILE}" in message
        assert "Skipped:\n- Beta: written by hand" in message
        assert repository.files_of(BRANCH) == [path for path in FILES if path != DOCUMENTS[1]]

    async def test_the_worktree_goes_and_the_branch_stays(self, bench: Bench, repository: Repository) -> None:
        assert await bench.run() == 0

        assert repository.worktrees() == []
        assert list((bench.root / ".covey/worktrees").iterdir()) == []
        assert repository.branches() == [BRANCH, "main"]
        root = await root_of(bench)
        assert root.state["git"] == {
            "branch": BRANCH,
            "base": repository.head(),
            "commit": repository.head(BRANCH),
            "worktree": None,
        }
        assert (await data_of(bench))["files"] == FILES

    async def test_what_was_committed_before_adds_nothing(self, bench: Bench, repository: Repository) -> None:
        bench.write_manifest()
        await bench.run()
        repository.git("merge", "--quiet", BRANCH, ok=False)
        for path in FILES:
            (repository.root / path).unlink()
        repository.git("merge", "--quiet", BRANCH)
        (repository.root / DOCUMENTS[1]).unlink()

        assert await bench.run() == 0

        assert repository.branches() == [BRANCH, f"{BRANCH}-2", "main"]
        assert repository.head(f"{BRANCH}-2") == repository.head()
        assert (await data_of(bench))["git"]["commit"] is None
        assert "Nothing to commit" in await said(bench, await root_of(bench))

    async def test_files_that_changed_meanwhile_are_reported_and_left(
        self, bench: Bench, repository: Repository
    ) -> None:
        bench.write_manifest()
        repository.write("gone before.txt", "one\n")
        repository.write("gone meanwhile.txt", "one\n")
        repository.commit("gone before.txt", "gone meanwhile.txt")
        (repository.root / "gone before.txt").unlink()
        repository.write(".gitignore", "*.log\n")

        async def and_more(assignment: Assignment, desk: Desk) -> Outcome:
            repository.write("src/ünexpected\nfile.py", "print()\n")
            repository.write("README.md", "A better shop.\n")
            repository.write("noise.log", "noise\n")
            (repository.root / "gone meanwhile.txt").unlink()
            return await write_least(assignment, desk)

        bench.plays["Beta"] = and_more
        assert await bench.run() == 0

        outside = (await data_of(bench))["changed_outside"]
        assert outside == ["README.md", "gone meanwhile.txt", "src/ünexpected\nfile.py"]
        assert repository.files_of(BRANCH) == FILES
        assert "Also changed during the run, and not committed: README.md" in await said(bench, await root_of(bench))

    async def test_a_project_below_the_top(self, tmp_path: Path) -> None:
        repository = begun(tmp_path)
        repository.write("other/mine.txt", "mine\n")
        bench = Bench(tmp_path / "products/shop")
        bench.root.mkdir(parents=True)

        assert await bench.run() == 0

        assert repository.files_of(BRANCH) == [f"products/shop/{path}" for path in FILES]

    async def test_a_detached_head(self, bench: Bench, repository: Repository) -> None:
        repository.git("checkout", "--quiet", "--detach")
        assert await bench.run() == 0
        assert repository.files_of(BRANCH) == FILES
        assert repository.git("symbolic-ref", "-q", "HEAD", ok=False) == ""

    async def test_a_shallow_clone(self, tmp_path: Path) -> None:
        origin = begun(tmp_path / "origin")
        origin.write("README.md", "Two.\n")
        origin.commit()
        Repository(tmp_path).git("clone", "--quiet", "--depth=1", f"file://{origin.root}", "shop")
        shop = Repository(tmp_path / "shop")
        shop.git("config", "user.name", "Ada")
        shop.git("config", "user.email", "ada@example.org")

        assert await Bench(shop.root).run() == 0

        assert shop.files_of(BRANCH) == FILES

    async def test_a_submodule_as_the_project(self, tmp_path: Path) -> None:
        inner, outer = begun(tmp_path / "inner"), begun(tmp_path / "outer")
        outer.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(inner.root), "shop")
        outer.commit()
        shop = Repository(outer.root / "shop")
        shop.git("config", "user.name", "Ada")
        shop.git("config", "user.email", "ada@example.org")

        assert await Bench(shop.root).run() == 0

        assert shop.files_of(BRANCH) == FILES
        assert outer.branches() == ["main"]

    async def test_documents_in_a_submodule_are_left_out_and_named(self, tmp_path: Path) -> None:
        inner, outer = begun(tmp_path / "inner"), begun(tmp_path / "outer")
        outer.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(inner.root), "docs")
        outer.commit()
        bench = Bench(outer.root)

        assert await bench.run() == 0

        assert (await data_of(bench))["in_submodules"] == [*DOCUMENTS, REVIEW_FILE]
        assert "Not committed, for they lie in a submodule" in await said(bench, await root_of(bench))
        assert outer.worktrees() == []

    async def test_documents_behind_a_link(self, bench: Bench, repository: Repository) -> None:
        repository.write("elsewhere/keep.txt", "here\n")
        (repository.root / "docs").symlink_to("elsewhere")
        repository.commit("elsewhere", "docs")

        assert await bench.run() == 0

        assert repository.files_of(BRANCH) == [path.replace("docs/", "elsewhere/", 1) for path in FILES]

    async def test_ignored_documents_are_left_out_and_named(self, bench: Bench, repository: Repository) -> None:
        repository.write(".gitignore", "docs/design/shop/b*\n")
        repository.commit(".gitignore")

        assert await bench.run() == 0

        assert (await data_of(bench))["ignored"] == [DOCUMENTS[1]]
        assert repository.files_of(BRANCH) == [path for path in FILES if path != DOCUMENTS[1]]
        assert f"the repository ignores them: {DOCUMENTS[1]}" in await said(bench, await root_of(bench))

    async def test_hostile_names_are_names(self, bench: Bench, repository: Repository) -> None:
        bench.extra = '[paths]\ndesign = "docs/{name}.md"'
        bench.components = (":(top)*", "-rf", "*", "a b;c", "ünïcode")
        bench.root.joinpath("covey.toml").write_text(
            "[run]\nagent = 'scripted'\n[paths]\ndesign = 'docs/{name}.md'\n[[context]]\nname = 'Shop'\n"
            "module = 'shop'\n"
            + "".join(
                f"[[context.component]]\nname = '{name}'\nmodule = 'shop.m{number}'\n"
                for number, name in enumerate(bench.components)
            )
        )
        repository.write("docs/other.md", "mine\n")

        assert await bench.run() == 0

        committed = repository.git("-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", BRANCH, "docs/")
        documents = {f"docs/{name}.md" for name in bench.components}
        assert set(committed.splitlines()) == {*documents, "docs/Shop/design_review.md"}

    async def test_two_runs_at_once_end_on_two_branches(self, tmp_path: Path) -> None:
        repository = begun(tmp_path)
        here, there = Bench(tmp_path / "one"), Bench(tmp_path / "two")
        for each in (here, there):
            each.root.mkdir()
        async with here.running() as first, there.running() as second:
            await asyncio.gather(first.until(complete), second.until(complete))

        assert repository.branches() == [BRANCH, f"{BRANCH}-2", "main"]
        found = {repository.files_of(branch)[0].split("/")[0] for branch in (BRANCH, f"{BRANCH}-2")}
        assert found == {"one", "two"}


class TestWithoutARepository:
    """Nothing is asked of git, and nothing is said about it."""

    async def test_nothing_happens(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        assert await bench.run() == 0
        root = await root_of(bench)
        assert root.state == {}
        assert (await last(bench, root)).command.command is CommandKind.CHECK
        assert not (bench.root / ".covey/worktrees").exists()


class TestBadStates:
    """Each is told clearly; nothing of the user's is touched, and the documents are written all the same."""

    @pytest.mark.parametrize("isolation", ["none", "worktree"])
    async def test_no_commit_yet(self, bench: Bench, isolation: str) -> None:
        init(bench.root)
        bench.extra = f'[run]\nagent = "scripted"\nisolation = "{isolation}"\n'

        if isolation == "none":
            assert await bench.run() == 0
            root = await root_of(bench)
            assert "it has no commit yet" in root.state["git"]["reason"]
            assert "it has no commit yet" in await said(bench, root)
        else:
            with pytest.raises(UsageError, match="isolation needs a git repository with a commit: it has no commit"):
                await bench.run()

    @pytest.mark.parametrize(
        ("setting", "key"),
        [('isolation = "worktree"', "isolation"), ("push = true", "push"), ("pull_request = true", "pull_request")],
    )
    async def test_what_needs_a_repository_is_refused_without_one(self, bench: Bench, setting: str, key: str) -> None:
        bench.extra = f'[run]\nagent = "scripted"\n{setting}\n'
        with pytest.raises(UsageError, match=rf"covey.toml:\d+: \[run\] {key} needs a git repository with a commit"):
            await bench.run()
        assert (await bench.tree()).sessions == {}

    async def test_a_bare_repository(self, bench: Bench) -> None:
        init(bench.root, bare=True)
        assert await bench.run() == 0
        assert "bare repository" in (await root_of(bench)).state["git"]["reason"]

    async def test_a_git_directory_that_is_none(self, bench: Bench) -> None:
        (bench.root / ".git").mkdir()
        assert await bench.run() == 0
        assert "not a git repository" in (await root_of(bench)).state["git"]["reason"]

    async def test_git_is_not_on_the_path(
        self, bench: Bench, repository: Repository, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))
            assert await bench.run() == 0
        assert "git is not on the PATH" in (await root_of(bench)).state["git"]["reason"]
        assert repository.branches() == ["main"]

    async def test_nobody_to_commit_as(self, bench: Bench, repository: Repository) -> None:
        repository.git("config", "--unset", "user.name")
        repository.git("config", "--unset", "user.email")
        repository.git("config", "user.useConfigOnly", "true")

        assert await bench.run() == 1

        error = str((await root_of(bench)).error_message)
        assert "git config user.email ADDRESS, then retry" in error
        assert bench.seen == []
        assert repository.branches() == ["main"]

    async def test_nobody_to_commit_as_but_the_environment(
        self, bench: Bench, repository: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        repository.git("config", "--unset", "user.name")
        repository.git("config", "--unset", "user.email")
        for who in ("AUTHOR", "COMMITTER"):
            monkeypatch.setenv(f"GIT_{who}_NAME", "Grace")
            monkeypatch.setenv(f"GIT_{who}_EMAIL", "grace@example.org")
        assert await bench.run() == 0
        assert repository.git("log", "-1", "--format=%an", BRANCH).strip() == "Grace"

    async def test_the_callers_git_variables_lead_nowhere(
        self, bench: Bench, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = repository.of_the_user()
        other = begun(tmp_path / "other repository")
        monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
        monkeypatch.setenv("GIT_INDEX_FILE", str(bench.root / ".git/index"))
        monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
        assert await bench.run() == 0
        for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
            monkeypatch.delenv(name)
        assert repository.files_of(BRANCH) == FILES
        assert repository.of_the_user()["index"] == before["index"]
        assert other.branches() == ["main"]

    async def test_a_hook_that_fails_until_it_is_mended(self, bench: Bench, repository: Repository) -> None:
        repository.hook("pre-commit", "echo 'no \033[31mtrailing\033[0m dots' >&2; exit 7")
        before = repository.of_the_user()
        async with bench.running() as run:
            root = await run.until(failed)
            assert root.failure_cause is FailureCause.CHECK_FAILED
            assert "the commit was refused by git or a hook: no ␛[31mtrailing␛[0m dots" in str(root.error_message)
            assert f"its work is in .covey/worktrees/{root.id}, on {BRANCH}" in str(root.error_message)
            assert (await run.child("Alpha")).status is Status.COMPLETE
            assert repository.head(BRANCH) == repository.head()
            assert len(repository.worktrees()) == 1

            repository.hook("pre-commit", "test -f docs/design/shop/alpha.md")
            await run.ask(Action.RETRY)
            root = await run.until(complete)

        assert repository.files_of(BRANCH) == FILES
        assert repository.worktrees() == []
        steps = [each.step for each in await interactions(bench, root) if each.attempt == root.attempt]
        assert steps == ["Finalize"]
        after = repository.of_the_user()
        assert (after["index"], after["HEAD"], after["stash"]) == (before["index"], before["HEAD"], before["stash"])

    async def test_a_lock_in_the_users_checkout_disturbs_nobody(self, bench: Bench, repository: Repository) -> None:
        lock = repository.write(".git/index.lock", "")
        assert await bench.run() == 0
        assert repository.files_of(BRANCH) == FILES
        assert lock.exists()

    async def test_a_locked_index_of_the_worktree(self, bench: Bench, repository: Repository) -> None:
        async def and_lock(assignment: Assignment, desk: Desk) -> Outcome:
            (admin,) = (repository.root / ".git/worktrees").iterdir()
            (admin / "index.lock").touch()
            return await write_least(assignment, desk)

        bench.plays["Beta"] = and_lock
        async with bench.running() as run:
            root = await run.until(failed)
            assert "index.lock" in str(root.error_message)
            next((repository.root / ".git/worktrees").glob("*/index.lock")).unlink()
            await run.ask(Action.RETRY)
            await run.until(complete)
        assert repository.files_of(BRANCH) == FILES

    async def test_settings_that_name_programs_start_none(self, bench: Bench, repository: Repository) -> None:
        ran = Path(os.environ["HOME"], "ran")
        program = repository.write(".git/evil", f'#!/bin/sh\necho "$0 $*" >> {ran}\nexit 1\n')
        program.chmod(0o755)
        for name in ("post-checkout", "reference-transaction", "post-index-change"):
            repository.hook(name, f"echo {name} >> {ran}")
        for key in ("core.fsmonitor", "core.pager", "core.editor", "core.askPass", "diff.external"):
            repository.git("config", key, str(program))
        repository.git("config", "diff.evil.textconv", str(program))
        repository.write(".gitattributes", "* diff=evil\n")
        bench.extra = ISOLATED
        async with bench.running() as run:
            await run.until(lambda root: root.phase is Phase.WAITING)
        assert not ran.exists()

    async def test_a_branch_of_that_name_as_a_directory(self, bench: Bench, repository: Repository) -> None:
        repository.git("branch", f"{BRANCH}/mine")
        assert await bench.run() == 0
        assert repository.files_of(f"{BRANCH}-2") == FILES

    async def test_a_context_whose_name_leaves_nothing_of_a_slug(self, bench: Bench, repository: Repository) -> None:
        bench.write_manifest()
        manifest = bench.root / "covey.toml"
        manifest.write_text(manifest.read_text().replace('name = "Shop"', 'name = "店"'))
        async with bench.engine() as engine:
            contexts = load_project(bench.root, bench.registry).contexts
            await engine.begin("design", contexts)
            await engine.until_left(OfCommand(stay=False))
        root = await root_of(bench)
        assert repository.branches() == [f"docs-{root.component_id}", "main"]

    async def test_a_run_that_is_stopped_and_adopted_keeps_its_branch(
        self, bench: Bench, repository: Repository
    ) -> None:
        bench.plays["Beta"] = fail
        assert await bench.run() == 6
        assert repository.branches() == [BRANCH, "main"]
        bench.plays.clear()
        async with bench.running() as run:
            await run.ask(Action.RETRY, "Beta")
            await run.until(complete)
        assert repository.branches() == [BRANCH, "main"]
        assert repository.files_of(BRANCH) == FILES

    async def test_a_worktree_that_was_removed_meanwhile_is_made_again(
        self, bench: Bench, repository: Repository
    ) -> None:
        bench.plays["Beta"] = fail
        assert await bench.run() == 6
        repository.git("worktree", "remove", repository.worktrees()[0])
        bench.plays.clear()
        async with bench.running() as run:
            await run.ask(Action.RETRY, "Beta")
            await run.until(complete)
        assert repository.files_of(BRANCH) == FILES

    async def test_changes_of_somebody_in_the_worktree_are_kept(self, bench: Bench, repository: Repository) -> None:
        async def and_more(assignment: Assignment, desk: Desk) -> Outcome:
            Path(repository.worktrees()[0], "notes.txt").write_text("mine")
            return await write_least(assignment, desk)

        bench.plays["Beta"] = and_more
        assert await bench.run() == 0
        (kept,) = repository.worktrees()
        assert Path(kept, "notes.txt").read_text() == "mine"
        assert "is kept: it has uncommitted changes: notes.txt" in await said(bench, await root_of(bench))
        assert repository.files_of(BRANCH) == FILES


class TestPublishing:
    """Push and pull request, only where they are asked for."""

    @pytest.fixture
    def remote(self, repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Repository:
        remote = init(tmp_path_factory.mktemp("remote") / "shop.git", bare=True)
        repository.git("remote", "add", "origin", str(remote.root))
        return remote

    async def test_nothing_is_pushed_unasked(self, bench: Bench, remote: Repository) -> None:
        assert await bench.run() == 0
        assert remote.branches() == []

    async def test_push(self, bench: Bench, repository: Repository, remote: Repository) -> None:
        bench.extra = '[run]\nagent = "scripted"\npush = true\n'
        assert await bench.run() == 0
        assert remote.branches() == [BRANCH]
        assert remote.head(BRANCH) == repository.head(BRANCH)
        assert (await data_of(bench))["pushed_to"] == "origin"

    async def test_a_hook_sees_no_proxy_with_a_password_but_where_git_needs_it(
        self, bench: Bench, repository: Repository, remote: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://ada:hush@localhost:1")
        seen = Path(os.environ["HOME"], "seen")
        for name in ("pre-commit", "pre-push"):
            repository.hook(name, f'echo "{name} ${{HTTPS_PROXY:-none}}" >> {seen}')
        bench.extra = '[run]\nagent = "scripted"\npush = true\n'
        assert await bench.run() == 0
        assert remote.branches() == [BRANCH]
        assert seen.read_text() == "pre-commit none\npre-push http://ada:hush@localhost:1\n"

    async def test_a_push_without_a_remote_is_told_at_once(self, bench: Bench, repository: Repository) -> None:
        bench.extra = '[run]\nagent = "scripted"\npush = true\n'
        assert await bench.run() == 1
        assert "git remote add origin URL" in str((await root_of(bench)).error_message)
        assert bench.seen == []

    async def test_a_push_that_is_refused_and_tried_again(
        self, bench: Bench, repository: Repository, remote: Repository
    ) -> None:
        bench.extra = '[run]\nagent = "scripted"\npush = true\n'
        refusing = remote.root / "hooks/pre-receive"
        refusing.write_text("#!/bin/sh\necho 'not on a Sunday' >&2\nexit 1\n")
        refusing.chmod(0o755)
        async with bench.running() as run:
            root = await run.until(failed)
            assert f"{BRANCH} could not be pushed to origin" in str(root.error_message)
            assert "not on a Sunday" in str(root.error_message)
            made = repository.head(BRANCH)
            refusing.unlink()
            await run.ask(Action.RETRY)
            await run.until(complete)
        assert remote.head(BRANCH) == made

    async def test_pull_request(
        self, bench: Bench, repository: Repository, remote: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.extra = '[run]\nagent = "scripted"\npull_request = true\n'
        log = host(monkeypatch, 'test "$2" = view && exit 1; echo https://example.org/pull/7')
        assert await bench.run() == 0
        assert remote.branches() == [BRANCH]
        assert (await data_of(bench))["pull_request"] == "https://example.org/pull/7"
        async with open_viewer(bench.root) as viewer:
            assert viewer is not None
            git = facts_of(await read_record(viewer, bench.root, (await root_of(bench)).id)).git
        assert git == Git(BRANCH, repository.head(BRANCH), "https://example.org/pull/7")
        asked = log.read_text()
        assert f"pr create --head {BRANCH} --base main --title Design documents of Shop" in asked
        assert "- Alpha: docs/design/shop/alpha.md" in asked
        assert "its_token=one its_key=" in asked

    async def test_a_pull_request_that_is_there_already(
        self, bench: Bench, repository: Repository, remote: Repository, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        bench.extra = '[run]\nagent = "scripted"\npull_request = true\n'
        log = host(monkeypatch, "echo https://example.org/pull/6")
        assert await bench.run() == 0
        assert (await data_of(bench))["pull_request"] == "https://example.org/pull/6"
        assert "create" not in log.read_text()

    async def test_a_pull_request_without_its_program_is_told_at_once(
        self, bench: Bench, repository: Repository, remote: Repository
    ) -> None:
        bench.extra = '[run]\nagent = "scripted"\npull_request = true\n'
        assert await bench.run() == 1
        assert "pull_request needs gh: the program 'gh' is not on the PATH" in str((await root_of(bench)).error_message)


def host(patch: pytest.MonkeyPatch, script: str) -> Path:
    """A program `gh` on the PATH that writes down what it is asked for."""
    programs, log = Path(os.environ["HOME"], "programs"), Path(os.environ["HOME"], "asked")
    programs.mkdir()
    program = programs / "gh"
    program.write_text(f'#!/bin/sh\necho "$* its_token=$GH_TOKEN its_key=$ANTHROPIC_API_KEY" >> {log}\n{script}\n')
    program.chmod(0o755)
    patch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    patch.setenv("GH_TOKEN", "one")
    patch.setenv("ANTHROPIC_API_KEY", "secret")
    return log
