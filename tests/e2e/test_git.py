"""Runs in a git repository as the program makes them: killed in the middle, adopted, and shown."""

import os
import re
import select
import shlex
from pathlib import Path

import pytest
import tomlkit

from tests.cli.program import SECONDS, covey, end, program, start
from tests.e2e.scene import WRITES, add_agent
from tests.repository import Repository, alone, begun

BRANCH = "docs-shop-catalog"
_STOPS_ONCE = """
test -e {home}/stopped && exit 0
touch {home}/stopped
echo at the hook > {home}/fifo
exec sleep 60
"""
_QUARRELS = f"""
echo "$2" > notes.md
echo "$2" >> {{home}}/begun
until [ "$(wc -l < {{home}}/begun)" -ge 3 ]; do sleep 0.02; done
{WRITES}"""
"""An agent that writes the same other file as all the others, who all have begun before one of them ends."""


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    os.mkfifo(home / "fifo")
    return home


@pytest.fixture
def repository(shop: Path) -> Repository:
    return begun(shop)


def heard(fifo: Path) -> bool:
    """Wait until somebody writes to a FIFO; a failure is told within the time that everything has."""
    with os.fdopen(os.open(fifo, os.O_RDWR), "rb") as listening:
        return bool(select.select([listening], [], [], SECONDS / 2)[0])


def set_isolation(manifest: Path, value: str) -> None:
    settings = tomlkit.parse(manifest.read_text())
    settings.setdefault("run", tomlkit.table())["isolation"] = value
    manifest.write_text(tomlkit.dumps(settings))


class TestKilled:
    """The engine is killed while a hook of the user's runs; the next one goes on, and nothing is done twice."""

    @pytest.mark.parametrize("isolation", ["none", "worktree"])
    def test_in_the_middle_of_a_commit(self, repository: Repository, home: Path, isolation: str) -> None:
        set_isolation(repository.root / "covey.toml", isolation)
        before = repository.of_the_user()["index"]
        repository.hook("pre-commit", _STOPS_ONCE.format(home=home))
        env = alone({**os.environ, "COVEY_DEBUG": "0"}, home)

        process = start("run", "design", "catalog", "--headless", "--json", cwd=repository.root, env=env)
        arrived = heard(home / "fifo")
        process.kill()
        ended = end(process)
        assert arrived, ended
        ran = program("run", "design", "catalog", "--headless", "--json", cwd=repository.root, env=env)

        assert ran.code == 0, ran.err
        documents = [path.relative_to(repository.root).as_posix() for path in (repository.root / "docs").rglob("*.md")]
        changed = repository.git("diff", "--name-only", "main", BRANCH).split()
        assert changed == sorted(documents)
        assert len(changed) == 4  # the review among them
        assert repository.worktrees() == []
        assert repository.of_the_user()["index"] == before
        commits = repository.git("log", "--no-merges", "--format=%H", f"main..{BRANCH}").split()
        assert len(commits) == (1 if isolation == "none" else 4)


class TestConflict:
    """What is printed of a conflict can be typed as it stands, in the project's root."""

    def test_the_advice_is_followed_to_the_letter(self, shop: Path, home: Path) -> None:
        add_agent(shop, "quarrels", _QUARRELS.format(home=home))
        set_isolation(shop / "covey.toml", "worktree")
        repository = begun(shop)
        env = alone({**os.environ, "COVEY_DEBUG": "0"}, home)
        run = ("run", "design", "catalog", "--agent", "quarrels", "--headless")

        ran = program(*run, cwd=shop, env=env)
        assert ran.code == 6, ran.err
        seen = 0
        while failed := covey("status", "--json", cwd=shop).object["needs_human"]["failed"]:
            seen += 1
            assert seen <= 2, "one of three is merged at once, and each of the others once it is resolved"
            self._follow(repository, failed[0]["reason"], resolved=f"by {seen}\n")
            ran = program(*run, cwd=shop, env=env)

        assert ran.code == 0, ran.err
        assert seen == 2
        assert repository.git("show", f"{BRANCH}:notes.md") == "by 2\n"
        assert repository.worktrees() == []

    @staticmethod
    def _follow(repository: Repository, advice: str, resolved: str) -> None:
        found = re.search(r": (git -C (\S+) merge .*), resolve the files there, (git .*), then covey (.*)", advice)
        assert found is not None, advice
        merge, worktree, commit, retry = found.groups()
        repository.git(*shlex.split(merge)[1:], ok=False)
        notes = repository.root / worktree / "notes.md"
        assert "<<<<<<<" in notes.read_text()
        notes.write_text(resolved)
        repository.git(*shlex.split(commit)[1:])
        assert covey(*shlex.split(retry), cwd=repository.root).code == 0


class TestShown:
    """Where the work is: the branch, its commit, and the worktree while there is one."""

    def test_by_status_and_show(self, repository: Repository, home: Path) -> None:
        env = alone({**os.environ, "COVEY_DEBUG": "0"}, home)
        repository.hook("pre-commit", f"echo more >> {repository.root}/README.md")
        assert program("run", "design", "catalog", "--headless", cwd=repository.root, env=env).code == 0

        found = covey("status", "--json", cwd=repository.root).object
        commit = repository.head(BRANCH)
        assert found["git"] == {"branch": BRANCH, "base": repository.head(), "commit": commit, "worktree": None}
        shown = covey("show", found["run_id"], "--json", cwd=repository.root).object
        assert shown["git"] == found["git"]
        assert f"branch     {BRANCH} at {commit[:10]}" in covey("show", found["run_id"], cwd=repository.root).out
        assert f"branch {BRANCH} at {commit[:10]}" in covey("status", cwd=repository.root).out
        page = covey("report", cwd=repository.root).out
        assert "**Complete.** 3 of 3 components complete; review complete." in page
        assert f"- Git: branch `{BRANCH}`, commit `{commit}`\n" in page
        told = covey("report", "--json", cwd=repository.root).object
        assert told["git"] == {"branch": BRANCH, "commit": commit, "pull_request": ""}
        assert told["changed_outside"] == ["README.md"]

    def test_a_worktree_that_is_left(self, repository: Repository, home: Path) -> None:
        repository.hook("pre-commit", "exit 1")
        env = alone({**os.environ, "COVEY_DEBUG": "0"}, home)
        assert program("run", "design", "catalog", "--headless", cwd=repository.root, env=env).code == 1

        found = covey("status", "--json", cwd=repository.root).object
        assert found["git"]["worktree"] == f".covey/worktrees/{found['run_id']}"
        assert f"in .covey/worktrees/{found['run_id']}" in covey("status", cwd=repository.root).out

    def test_no_repository(self, blocked: Path) -> None:
        assert "git" not in covey("status", "--json", cwd=blocked).object


class TestDoctor:
    """Worktrees that no unfinished run needs are named, and removed where nothing would be lost."""

    @pytest.fixture
    def left(self, repository: Repository, home: Path) -> Repository:
        """A run has failed as it committed; its worktree is there, with the documents staged in it."""
        repository.hook("pre-commit", "exit 1")
        env = alone({**os.environ, "COVEY_DEBUG": "0"}, home)
        assert program("run", "design", "catalog", "--headless", cwd=repository.root, env=env).code == 1
        return repository

    @staticmethod
    def findings(root: Path, *options: str) -> list[dict[str, str]]:
        found = covey("doctor", "--json", *options, cwd=root).object["findings"]
        return [each for each in found if each["check"] == "worktrees"]

    def test_one_with_changes_is_never_removed(self, left: Repository) -> None:
        (worktree,) = left.worktrees()
        (finding,) = self.findings(left.root, "--fix")
        assert finding["severity"] == "warning"
        assert BRANCH in finding["message"]
        assert "uncommitted changes: docs/design/shop/catalog/" in finding["message"]
        assert left.worktrees() == [worktree]

    def test_a_clean_one_is_removed_when_asked(self, left: Repository) -> None:
        (worktree,) = left.worktrees()
        Repository(Path(worktree)).git("reset", "--quiet", "--hard")
        Repository(Path(worktree)).git("clean", "-fdq")
        (finding,) = self.findings(left.root)
        assert finding["fix"] == "covey doctor --fix"
        assert left.worktrees() == [worktree]
        (finding,) = self.findings(left.root, "--fix")
        assert finding["severity"] == "ok"
        assert left.worktrees() == []
        assert BRANCH in left.branches()
        assert self.findings(left.root) == []

    def test_one_with_commits_on_no_branch_is_never_removed(self, left: Repository) -> None:
        (worktree,) = left.worktrees()
        Repository(Path(worktree)).git("checkout", "--quiet", "--detach")
        Repository(Path(worktree)).commit()
        (finding,) = self.findings(left.root, "--fix")
        assert finding["severity"] == "warning"
        assert "of no branch, but it has commits that are on no branch" in finding["message"]
        assert left.worktrees() == [worktree]

    def test_that_of_an_unfinished_run_stays(self, repository: Repository, home: Path) -> None:
        env = alone({**os.environ, "COVEY_DEBUG": "0"}, home)
        assert program("run", "design", "billing", "--headless", cwd=repository.root, env=env).code == 6
        (worktree,) = repository.worktrees()
        assert self.findings(repository.root, "--fix") == []
        assert repository.worktrees() == [worktree]
