"""A real git repository in a test's hand, with nothing of whoever runs the tests in it."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

IDENTITY = {"user.name": "Ada", "user.email": "ada@example.org"}


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository that a directory is the top of (or lies in)."""

    root: Path

    def git(self, *arguments: str, ok: bool = True) -> str:
        """What git prints; a command that fails fails the test."""
        return self.raw(*arguments, ok=ok).decode()

    def raw(self, *arguments: str, ok: bool = True) -> bytes:
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True, check=False)
        assert not ok or done.returncode == 0, done.stderr.decode()
        return done.stdout

    def write(self, path: str, text: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def commit(self, *paths: str, message: str = "a commit") -> str:
        """Commit these files as they are (all, if none is named); the commit."""
        self.git("add", "--", *(paths or (".",)))
        self.git("commit", "--quiet", "--no-verify", "-m", message)
        return self.head()

    def head(self, ref: str = "HEAD") -> str:
        return self.git("rev-parse", "--verify", ref).strip()

    def branches(self) -> list[str]:
        return self.git("for-each-ref", "--format=%(refname:short)", "refs/heads").split()

    def files_of(self, ref: str) -> list[str]:
        """The files that a commit has changed against its first parent."""
        return self.git("diff-tree", "--no-commit-id", "-r", "--name-only", f"{ref}^", ref).splitlines()

    def message(self, ref: str) -> str:
        return self.git("log", "-1", "--format=%B", ref)

    def worktrees(self) -> list[str]:
        listed = self.git("worktree", "list", "--porcelain").splitlines()
        return [line.removeprefix("worktree ") for line in listed if line.startswith("worktree ")][1:]

    def hook(self, name: str, script: str) -> Path:
        """Write a hook that git runs."""
        path = Path(self.git("rev-parse", "--path-format=absolute", "--git-common-dir").strip()) / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    def of_the_user(self) -> dict[str, object]:
        """All of the user's that a run must leave as it is: index, HEAD, stash, and every file that is not covey's."""
        top = Path(self.git("rev-parse", "--show-toplevel").strip())
        files = {
            str(path.relative_to(top)): (path.read_bytes(), path.stat().st_mode)
            for path in sorted(top.rglob("*"))
            if path.is_file() and not {".git", ".covey"} & set(path.relative_to(top).parts)
        }
        git = Path(self.git("rev-parse", "--absolute-git-dir").strip())
        own = {name: (git / name).read_bytes() for name in ("index", "HEAD") if (git / name).exists()}
        return {"files": files, **own, "stash": self.git("stash", "list")}


def alone(environment: dict[str, str], home: Path) -> dict[str, str]:
    """An environment in which git knows nothing of the user, and no variable leads it anywhere."""
    kept = {name: value for name, value in environment.items() if not name.startswith("GIT_")}
    return {**kept, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config"), "GIT_CONFIG_NOSYSTEM": "1"}


def init(root: Path, *, bare: bool = False) -> Repository:
    """Make a repository without a commit, whose commits are Ada's."""
    root.mkdir(parents=True, exist_ok=True)
    repository = Repository(root)
    repository.git("init", "--quiet", "--initial-branch=main", *(["--bare"] if bare else []))
    for name, value in IDENTITY.items():
        repository.git("config", name, value)
    return repository


def begun(root: Path) -> Repository:
    """Make a repository with one commit."""
    repository = init(root)
    repository.write("README.md", "A shop.\n")
    repository.commit(message="begin")
    return repository


def isolate_environment(monkeypatch: object, home: Path) -> None:
    """Let git see nothing of whoever runs the tests, for the length of one."""
    wanted = alone(dict(os.environ), home)
    for name in [name for name in os.environ if name not in wanted]:
        monkeypatch.delenv(name)  # type: ignore[attr-defined]
    for name, value in wanted.items():
        monkeypatch.setenv(name, value)  # type: ignore[attr-defined]
