"""How git is called: in an environment in which nothing leads it elsewhere, with its answers as they are."""

import asyncio
import os
import stat
from pathlib import Path

import pytest

from covey.workspace.files import copy_file
from covey.workspace.git import Git, GitError, environment
from covey.workspace.repository import changed_since, free_branch, lies_in_repository
from tests.repository import Repository, begun, isolate_environment


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    isolate_environment(monkeypatch, tmp_path_factory.mktemp("home"))


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return begun(tmp_path)


class TestEnvironment:
    """Of the caller's variables those that say who commits are kept; none that leads git elsewhere, and no secret."""

    @pytest.mark.parametrize(
        "name",
        ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_CONFIG_PARAMETERS", "GIT_EXTERNAL_DIFF", "GIT_ASKPASS"],
    )
    def test_what_leads_elsewhere_is_dropped(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(name, "/elsewhere")
        assert name not in environment()

    @pytest.mark.parametrize(
        "name", ["ANTHROPIC_API_KEY", "OPENAI_KEY", "NPM_TOKEN", "DB_PASSWORD", "Aws_Secret", "MAIL_PASS"]
    )
    def test_secrets_are_dropped(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(name, "hush")
        assert "hush" not in environment().values()

    @pytest.mark.parametrize("name", ["HTTPS_PROXY", "all_proxy", "PIP_INDEX_URL", "DATABASE_URL"])
    def test_so_are_addresses_with_a_password(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        for value in ("https://ada:hush@host/", "https://one/ https://ada:hush@two/"):
            monkeypatch.setenv(name, value)
            assert name not in environment()
            assert (name in environment(proxies=True)) == name.lower().endswith("_proxy")
        monkeypatch.setenv(name, "https://host:8080/")
        assert name in environment()

    @pytest.mark.parametrize("name", ["GIT_AUTHOR_NAME", "GIT_COMMITTER_EMAIL", "GIT_SSH_COMMAND", "SSH_AUTH_SOCK"])
    def test_who_commits_is_kept(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(name, "ada")
        assert environment()[name] == "ada"

    def test_nobody_is_asked(self) -> None:
        assert environment()["GIT_TERMINAL_PROMPT"] == "0"


class TestAsk:
    """An answer, or an error that says what git said."""

    async def test_whoever_is_cancelled_goes_only_when_git_has_ended(self, repository: Repository) -> None:
        os.mkfifo(repository.root / "pipe")
        asking = asyncio.create_task(Git(repository.root).ask("hash-object", "pipe"))
        pipe = await asyncio.to_thread((repository.root / "pipe").open, "wb")
        for _ in range(3):
            asking.cancel()
            await asyncio.sleep(0)
        assert not asking.done()
        pipe.close()
        with pytest.raises(asyncio.CancelledError):
            await asking

    async def test_a_refusal(self, repository: Repository) -> None:
        with pytest.raises(GitError, match="git rev-parse failed: fatal"):
            await Git(repository.root).ask("rev-parse", "--verify", "no-such-thing")

    async def test_a_directory_that_is_gone(self, tmp_path: Path) -> None:
        with pytest.raises(GitError, match="is gone"):
            await Git(tmp_path / "gone").ask("status")

    async def test_paths_are_taken_as_they_are(self, repository: Repository) -> None:
        repository.write(":(top)*", "x")
        repository.write("other", "x")
        await Git(repository.root).ask("add", "--", ":(top)*")
        assert repository.git("diff", "--cached", "--name-only").splitlines() == [":(top)*"]

    async def test_with_a_git_directory_no_file_leads_elsewhere(self, repository: Repository, tmp_path: Path) -> None:
        other = begun(tmp_path / "other")
        worktree = tmp_path / "worktree"
        repository.git("worktree", "add", "--quiet", "-b", "mine", str(worktree))
        (worktree / ".git").write_text(f"gitdir: {other.root}/.git\n")
        git = Git(worktree, repository.root / ".git/worktrees/worktree")
        assert (await git.ask("symbolic-ref", "--short", "HEAD")).strip() == b"mine"


class TestRepository:
    """What is asked of a repository."""

    @pytest.mark.parametrize(
        ("taken", "free"),
        [([], "docs-a"), (["docs-a"], "docs-a-2"), (["docs-a", "docs-a-2"], "docs-a-3"), (["docs-a/b"], "docs-a-2")],
    )
    async def test_the_first_free_branch(self, repository: Repository, taken: list[str], free: str) -> None:
        for name in (*taken, "docs-ab"):
            repository.git("branch", name)
        assert await free_branch(Git(repository.root), "docs-a") == free

    async def test_names_that_are_no_text(self, repository: Repository) -> None:
        name = os.fsencode(repository.root) + b"/\xff\xfe\n.md"
        with open(name, "wb") as file:  # noqa: ASYNC230, PTH123 - bytes: a name need not be text
            file.write(b"x")
        assert "\ufffd\ufffd\n.md" in await changed_since(Git(repository.root), 0, ())

    def test_where_git_would_find_one(self, repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> None:
        below = repository.root / "a/b"
        below.mkdir(parents=True)
        assert lies_in_repository(below)
        assert not lies_in_repository(tmp_path_factory.mktemp("elsewhere"))

    async def test_an_executable_file_stays_one(self, repository: Repository, tmp_path: Path) -> None:
        script = repository.write("run.sh", "#!/bin/sh\n")
        script.chmod(0o755)
        to = tmp_path / "to"
        to.mkdir()
        assert copy_file(repository.root, "run.sh", to, "bin/run.sh")
        assert (to / "bin/run.sh").stat().st_mode & stat.S_IXUSR
        assert not copy_file(repository.root, "run.sh", to, "bin/run.sh")
