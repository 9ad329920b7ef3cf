"""Small stories of covey at work, told the same way each time: calls of its command line with what lies between them.

A story is told step by step, and each step can be told again: one whose process was killed is simply called anew.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from covey.testing.samples import write_shop

from .breakable import Break, OnConnect, Ran, start
from .inspection import sessions_of, statuses

AGENT = """#!/bin/sh
# notes its start, then does what its component is there for; $1 is the component, $2 the file, $3 the prompt's file
key=$(basename "$3" .md)
key=${key%-*}
echo "$key" >> starts.txt
case "$1:${key##*-}" in
  Beta:1) echo "no idea" >&2; exit 3 ;;
  Gamma:*) exit 0 ;;
  Delta:1) echo "${key%-*}" > wants_an_end; exec sleep 600 ;;
esac
mkdir -p "$(dirname "$2")"
printf '# %s\\n\\n## Purpose\\n\\nP.\\n\\n' "$1" > "$2.part"
printf '## Public API\\n\\nA.\\n\\n## Dependencies\\n\\nNone.\\n' >> "$2.part"
printf '\\n## Summary\\n\\nS.\\n\\n## Findings\\n\\nF.\\n\\n## Components reviewed\\n\\nC.\\n' >> "$2.part"
mv "$2.part" "$2"
"""
MANIFEST = """
[run]
agent = "script"
max_sessions = {slots}
cancel_grace = "2s"
{more}
[agents.script]
kind = "command"
command = ["{directory}/agent.sh", "{{component}}", "{{target}}", "{{prompt_file}}"]
[[context]]
name = "Shop"
module = "shop"
"""
_LOOK_SECONDS = 0.005
_IGNORED = ("starts.txt", "wants_an_end", ".covey")


def write_project(root: Path, components: Sequence[str], *, slots: int = 1, more: str = "") -> None:
    """A context `shop` with these components, whose agent is a program."""
    tables = "".join(f'[[context.component]]\nname = "{n}"\nmodule = "shop.{n.lower()}"\n' for n in components)
    (root / "covey.toml").write_text(MANIFEST.format(slots=slots, more=more, directory=root) + tables)
    (root / "agent.sh").write_text(AGENT)
    (root / "agent.sh").chmod(0o755)
    (root / "starts.txt").touch()


@dataclass(frozen=True)
class Step:
    """One call of covey: what comes before it, its words, and the exit codes with which it may end.

    `beside` is asked again and again while it works, `words` may have to look at the project first. What `is_over`
    although its process was killed is not called anew.
    """

    name: str
    words: Callable[[Path], Sequence[str]]
    code: int
    before: Callable[[Path], None] = lambda root: None
    beside: Callable[[Path], None] | None = None
    is_over: Callable[[Path], bool] = lambda root: False

    def call(
        self,
        root: Path,
        *,
        note: Path | None = None,
        wished: Break | None = None,
        on_connect: OnConnect | None = None,
    ) -> Ran:
        """Call it once, in a process that may break."""
        child = start(self.words(root), root, note=note, wished=wished, on_connect=on_connect)
        while self.beside is not None and child.poll() is None:
            self.beside(root)
            time.sleep(_LOOK_SECONDS)
        return child.end()


@dataclass(frozen=True)
class Story:
    """Steps, and how all sessions stand after them, by component."""

    name: str
    write: Callable[[Path], None]
    steps: tuple[Step, ...]
    end: dict[str, str]
    files: tuple[str, ...]


def run(name: str, code: int, **more: Callable[[Path], Any]) -> Step:
    return Step(name, lambda root: ("run", "design", "shop", "--headless", "--json"), code, **more)


def ask(name: str, component: str, *words: str) -> Step:
    verb = name.partition(" ")[0]
    return Step(name, lambda root: (verb, _session(root, component), *words, "--no-wait"), 0)


def _session(root: Path, component: str) -> str:
    return next(each.id for each in sessions_of(root).values() if each.component == component)


def _end_delta(root: Path) -> None:
    """Cancel the session whose agent asks for it, once."""
    wish = root / "wants_an_end"
    if wish.exists() and wish.stat().st_size > 1:
        session = wish.read_text().strip()
        wish.unlink()
        assert start(("cancel", session, "--no-wait"), root).end().code == 0


def _lose_alpha(root: Path) -> None:
    (root / "docs/design/shop/alpha.md").unlink(missing_ok=True)


def _documents(*names: str) -> tuple[str, ...]:
    return tuple(f"docs/design/shop/{name}.md" for name in names)


def _is_complete(root: Path) -> bool:
    return statuses(root)["Shop"] == "complete 1"


HUMANS = Story(
    "humans",
    lambda root: write_project(root, ("Alpha", "Beta", "Gamma", "Delta")),
    (
        run("first run", 6, beside=_end_delta),
        Step("retry Beta", lambda r: ("retry", _session(r, "Beta"), "--note", "again", "--no-wait"), 0, _lose_alpha),
        ask("skip Gamma", "Gamma", "--reason", "not now"),
        ask("retry Delta", "Delta"),
        run("second run", 6),
        ask("retry Alpha", "Alpha"),
        run("third run", 3, is_over=_is_complete),  # after that, `covey run` begins a new one, for what was skipped
    ),
    {
        "Shop": "complete 1",
        "Alpha": "complete 2",
        "Beta": "complete 2",
        "Gamma": "skipped 1",
        "Delta": "complete 2",
        "Review of Shop": "complete 1",
    },
    _documents("alpha", "beta", "delta", "design_review"),
)
"""A failure, a missing file, a cancelled one; a file that is lost, retries, a skip."""


def _git(root: Path, *words: str) -> None:
    subprocess.run(["git", "-C", root, *words], check=True, capture_output=True)


def _write_repository(root: Path) -> None:
    write_project(root, ("Alpha", "Zeta"), more='isolation = "worktree"')
    _git(root, "init", "-q", "-b", "main")
    _git(root, "config", "user.name", "Ada")
    _git(root, "config", "user.email", "ada@example.org")
    (root / ".gitignore").write_text("".join(f"{name}\n" for name in _IGNORED))
    _git(root, "add", ".")
    _git(root, "commit", "-q", "-m", "begin")


ISOLATED = Story(
    "isolated",
    _write_repository,
    (run("run", 0),),
    {"Shop": "complete 1", "Alpha": "complete 1", "Zeta": "complete 1", "Review of Shop": "complete 1"},
    _documents("alpha", "zeta", "design_review"),
)
"""Each session in a worktree of its own, merged as it ends; a commit in the end."""


def _write_catalog(root: Path) -> None:
    write_shop(root)
    shutil.rmtree(root / "src/shop/billing")
    assert start(("init", "--project", str(root)), root).end().code in {0, 2}


OFFLINE = Story(
    "offline",
    _write_catalog,
    (Step("run", lambda root: ("run", "design", "catalog", "--headless", "--json", "--max-sessions", "1"), 0),),
    {},
    ("docs/design/shop/catalog/product.md", "docs/design/shop/catalog/search.md"),
)
"""The built-in agent, which writes in covey's own process."""

STORIES = (HUMANS, ISOLATED, OFFLINE)


def ended_as_told(story: Story, root: Path) -> list[str]:
    """What is not as the story ends."""
    found = statuses(root)
    flaws = []
    if story.end and found != story.end:
        flaws.append(f"sessions at the end: {found}")
    if not story.end and {status.split()[0] for status in found.values()} != {"complete"}:
        flaws.append(f"sessions at the end: {found}")
    flaws += [f"{name} is not there" for name in story.files if not (root / name).is_file()]
    return flaws
