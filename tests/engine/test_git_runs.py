"""Runs in a git repository: a branch in a worktree of its own, and one commit with exactly the artifacts."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from covey.agents.base import Assignment, Desk, Outcome
from covey.model.command import CommandKind, Interaction
from covey.model.control import Action
from covey.model.session import Session
from covey.model.status import Phase, Status
from covey.store.sqlite import open_viewer
from covey.testing.agents import write_least
from tests.engine.conftest import Bench, fail
from tests.repository import Repository, begun, isolate_environment

BRANCH = "docs-shop"
DOCUMENTS = [f"docs/design/shop/{name}.md" for name in ("alpha", "beta", "gamma")]


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

        assert repository.files_of(BRANCH) == DOCUMENTS
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
        for path in DOCUMENTS:
            assert after["files"].pop(path)  # type: ignore[attr-defined]
        assert after == before
        assert repository.files_of(BRANCH) == DOCUMENTS

    async def test_names_the_components_and_the_skipped_ones(self, bench: Bench, repository: Repository) -> None:
        bench.plays["Beta"] = fail
        async with bench.running() as run:
            await run.until(blocked)
            await run.ask(Action.SKIP, "Beta", reason="written\nby hand")
            await run.until(complete)

        message = repository.message(BRANCH)
        assert message.splitlines()[0] == "Design documents of Shop"
        assert "- Alpha: docs/design/shop/alpha.md" in message
        assert "Skipped:\n- Beta: written by hand" in message
        assert repository.files_of(BRANCH) == [DOCUMENTS[0], DOCUMENTS[2]]

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
        assert (await data_of(bench))["files"] == DOCUMENTS

    async def test_what_was_committed_before_adds_nothing(self, bench: Bench, repository: Repository) -> None:
        bench.write_manifest()
        await bench.run()
        repository.git("merge", "--quiet", BRANCH, ok=False)
        for path in DOCUMENTS:
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
        assert repository.files_of(BRANCH) == DOCUMENTS
        assert "Also changed during the run, and not committed: README.md" in await said(bench, await root_of(bench))

    async def test_a_project_below_the_top(self, tmp_path: Path) -> None:
        repository = begun(tmp_path)
        repository.write("other/mine.txt", "mine\n")
        bench = Bench(tmp_path / "products/shop")
        bench.root.mkdir(parents=True)

        assert await bench.run() == 0

        assert repository.files_of(BRANCH) == [f"products/shop/{path}" for path in DOCUMENTS]

    async def test_a_detached_head(self, bench: Bench, repository: Repository) -> None:
        repository.git("checkout", "--quiet", "--detach")
        assert await bench.run() == 0
        assert repository.files_of(BRANCH) == DOCUMENTS
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

        assert shop.files_of(BRANCH) == DOCUMENTS

    async def test_a_submodule_as_the_project(self, tmp_path: Path) -> None:
        inner, outer = begun(tmp_path / "inner"), begun(tmp_path / "outer")
        outer.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(inner.root), "shop")
        outer.commit()
        shop = Repository(outer.root / "shop")
        shop.git("config", "user.name", "Ada")
        shop.git("config", "user.email", "ada@example.org")

        assert await Bench(shop.root).run() == 0

        assert shop.files_of(BRANCH) == DOCUMENTS
        assert outer.branches() == ["main"]

    async def test_documents_in_a_submodule_are_left_out_and_named(self, tmp_path: Path) -> None:
        inner, outer = begun(tmp_path / "inner"), begun(tmp_path / "outer")
        outer.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(inner.root), "docs")
        outer.commit()
        bench = Bench(outer.root)

        assert await bench.run() == 0

        assert (await data_of(bench))["in_submodules"] == DOCUMENTS
        assert "Not committed, for they lie in a submodule" in await said(bench, await root_of(bench))
        assert outer.worktrees() == []

    async def test_documents_behind_a_link(self, bench: Bench, repository: Repository) -> None:
        repository.write("elsewhere/keep.txt", "here\n")
        (repository.root / "docs").symlink_to("elsewhere")
        repository.commit("elsewhere", "docs")

        assert await bench.run() == 0

        assert repository.files_of(BRANCH) == [path.replace("docs/", "elsewhere/", 1) for path in DOCUMENTS]

    async def test_ignored_documents_are_left_out_and_named(self, bench: Bench, repository: Repository) -> None:
        repository.write(".gitignore", "docs/design/shop/b*\n")
        repository.commit(".gitignore")

        assert await bench.run() == 0

        assert (await data_of(bench))["ignored"] == [DOCUMENTS[1]]
        assert repository.files_of(BRANCH) == [DOCUMENTS[0], DOCUMENTS[2]]
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
        assert set(committed.splitlines()) == {f"docs/{name}.md" for name in bench.components}

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
