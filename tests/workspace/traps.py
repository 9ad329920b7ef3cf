"""A workspace full of traps, with neighbours that nobody may touch: whatever is read outside bears a mark."""

import os
import socket
from dataclasses import dataclass
from pathlib import Path

MARK = "outside-7c1f0a"
"""In every byte that an agent must not see."""
TARGET = "tests/test_shop.py"
CODE = "def price():\n    return 3\n"


@dataclass(frozen=True)
class Traps:
    """The workspace `root` in a directory with what lies outside."""

    base: Path

    @property
    def root(self) -> Path:
        return self.base / "workspace"

    @property
    def outside(self) -> Path:
        return self.base / "outside"

    def set(self, *, state: bool = True) -> "Traps":
        """Make all of it; without `state` what is git's and covey's is left to them."""
        self._outside()
        self._plain()
        self._hidden()
        if state:
            self._states()
        self._links()
        self._special()
        return self

    def state(self) -> dict[str, object]:
        """All that is outside, and all of the workspace but what an agent may write: names, kinds and contents."""
        own = (self.root / TARGET, self.root / "tests" / "fixtures", self.root / ".covey" / "tmp")
        every = (path for path in sorted(self.base.rglob("*")) if not any(path.is_relative_to(each) for each in own))
        return {str(path.relative_to(self.base)): _look(path) for path in every}

    def write(self, path: str, text: str | bytes) -> None:
        place = self.base / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode() if isinstance(text, str) else text)

    def _outside(self) -> None:
        self.write("outside/secret.txt", f"{MARK}\n")
        self.write("workspace-beside/secret.txt", f"{MARK}\n")
        self.write("outside/.ssh/id_rsa", f"{MARK}\n")

    def _plain(self) -> None:
        self.write("workspace/pyproject.toml", "[project]\n")
        self.write("workspace/src/shop.py", CODE)
        self.write("workspace/src/deep/er/module.py", "x = 1\n")
        self.write("workspace/src/binary.bin", b"\xff\xfe\x00\x01")
        self.write("workspace/src/nul.txt", "a\0b\n")
        self.write("workspace/docs/größe.md", "# Größe\n")
        self.write("workspace/tests/conftest.py", "")
        (self.root / "tests/fixtures/test_shop").mkdir(parents=True)
        with (self.root / "src" / "huge.txt").open("wb") as huge:
            huge.truncate(9 * 1024 * 1024)

    def _hidden(self) -> None:
        for path in (".env", ".envrc", ".vscode/tasks.json"):
            self.write(f"workspace/{path}", f"{MARK}\n")
        for path in ("keys/server.pem", "keys/id_ed25519", "keys/Server.KEY", "secrets.toml", ".venv/bin/python"):
            self.write(f"workspace/{path}", f"{MARK}\n")

    def _states(self) -> None:
        for path in (".git/config", ".git/hooks/pre-commit", ".covey/covey.db"):
            self.write(f"workspace/{path}", f"{MARK}\n")

    def _links(self) -> None:
        links = {
            "notes.txt": "../outside/secret.txt",
            "absolute.txt": str(self.outside / "secret.txt"),
            "away": "../outside",
            "one": "two",
            "two": "away/secret.txt",
            "circle": "circle/on",
            "hooks": ".git/hooks",
            "environ.txt": "/proc/self/environ",
            "here": "/proc/self/cwd",
            "dangling.txt": "nothing",
            "inner": "src/deep",
            "tests/fixtures/test_shop/away": "../../../../outside",
            "tests/fixtures/test_shop/inside": "../../../src",
            "tests/fixtures/test_shop/link.txt": "../../../../outside/secret.txt",
        }
        for name, target in links.items():
            (self.root / name).symlink_to(target)
        os.link(self.outside / "secret.txt", self.root / "twin.txt")
        os.link(self.outside / "secret.txt", self.root / "tests" / "fixtures" / "test_shop" / "twin.txt")

    def _special(self) -> None:
        os.mkfifo(self.root / "pipe")
        # A socket's own path may be no longer than a hundred characters, a test's directory is.
        with socket.socket(socket.AF_UNIX) as bound:
            here = os.open(self.root, os.O_RDONLY)
            try:
                bound.bind(f"/proc/self/fd/{here}/socket")
            finally:
                os.close(here)
        if os.geteuid() == 0:
            os.mknod(self.root / "device", 0o20666, os.makedev(1, 5))  # /dev/zero


def _look(path: Path) -> object:
    if path.is_symlink():
        return path.readlink()
    return path.read_bytes() if path.is_file() and path.stat().st_size < 1024 else path.lstat().st_mode
