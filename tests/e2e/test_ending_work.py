"""Cancel with its deadline, cancel --now, restart and undo, over agents that will not end (semantics, section 8)."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import covey, read_until
from tests.e2e.scene import WRITES, add_agent, lives, numbers, running, session_of, status, wait_for

STUBBORN = f"""\
trap 'echo "$$" >> told' TERM
name="$(basename "$2")"
if [ -e "began-$name" ]; then
    if kill -0 "$(cat "began-$name")" 2> /dev/null; then touch overlap; fi
    {WRITES}
    exit 0
fi
echo "$$" > "began-$name"
echo "$$" >> working
while :; do sleep 0.02; done
"""
"""An agent that works for ever and does not end when told to; asked once more, it looks for its first process."""


@contextlib.contextmanager
def at_work(shop: Path, grace: str) -> Iterator[subprocess.Popen[str]]:
    """A run whose three agents work and will not end; they are given so long."""
    manifest = shop / "covey.toml"
    text = manifest.read_text(encoding="utf-8").replace("[run]\n", f'[run]\ncancel_grace = "{grace}"\n')
    manifest.write_text(text, encoding="utf-8")
    add_agent(shop, "stubborn", STUBBORN)
    arguments = ("run", "design", "catalog", "--agent", "stubborn", "--headless", "--stay", "--json")
    with running(*arguments, cwd=shop) as process:
        wait_for(lambda: len(numbers(shop / "working")) == 3)
        try:
            yield process
        finally:  # those that nobody has ended have as long as their grace, whoever else ends
            for agent in filter(lives, numbers(shop / "working")):
                os.kill(agent, signal.SIGKILL)


def asked(shop: Path, *arguments: str) -> tuple[str, bool | None]:
    answer = covey(*arguments, "--json", cwd=shop).object
    return answer["state"], answer["changed"]


def row(shop: Path, session_id: str) -> dict[str, Any]:
    (found,) = [each for each in status(shop)["sessions"] if each["session_id"] == session_id]
    assert isinstance(found, dict)
    return found


def worker(shop: Path, session_id: str) -> int:
    """The process that works for a session."""
    path = Path(row(shop, session_id)["artifact"]["path"])
    (found,) = numbers(shop / f"began-{path.name}")
    return found


def components(shop: Path) -> list[str]:
    return [each["component"] for each in status(shop)["sessions"] if each["parent_id"]]


class TestCancel:
    def test_after_its_deadline_the_whole_group_is_killed(self, shop: Path) -> None:
        with at_work(shop, "1s") as process:
            one = session_of(shop, components(shop)[0])
            agent = worker(shop, one)
            assert asked(shop, "cancel", one) == ("settled", True)
            assert row(shop, one)["status"] == "cancelled"
            read_until(process, "result_recorded", session_id=one, late=True)
            assert agent in numbers(shop / "told"), "it was told before"
            assert not lives(agent)
            assert row(shop, one)["phase"] is None
            others = [pid for pid in numbers(shop / "working") if pid != agent]
            assert all(map(lives, others)), "nobody else was ended"

    def test_now_is_at_once_from_the_beginning_and_in_the_middle_of_the_grace(self, shop: Path) -> None:
        with at_work(shop, "1h") as process:
            first, second, third = (session_of(shop, name) for name in components(shop)[:3])
            agent = worker(shop, first)
            assert asked(shop, "cancel", first) == ("settled", True)
            wait_for(lambda: agent in numbers(shop / "told"))
            assert lives(agent)
            assert row(shop, first)["phase"] == "cancelling"
            assert asked(shop, "cancel", first, "--now") == ("settled", False), "it is cancelled already"
            read_until(process, "result_recorded", session_id=first, late=True)
            assert not lives(agent)
            agent = worker(shop, second)
            assert asked(shop, "cancel", second, "--now") == ("settled", True)
            read_until(process, "result_recorded", session_id=second, late=True)
            assert not lives(agent)
            assert lives(worker(shop, third))


class TestAgain:
    """The next attempt begins once the old process group is gone, never beside it."""

    @pytest.mark.parametrize("asks", [(("retry", "{id}"),), (("cancel", "{id}"), ("undo",))], ids=["restart", "undo"])
    def test_the_new_attempt_waits_for_the_end_of_the_old_one(
        self, shop: Path, asks: tuple[tuple[str, ...], ...]
    ) -> None:
        with at_work(shop, "1s") as process:
            one = session_of(shop, components(shop)[0])
            agent = worker(shop, one)
            for arguments in asks:
                filled = (each.format(id=one) for each in arguments)
                assert asked(shop, *filled) == ("settled", True)
            again = row(shop, one)
            assert (again["status"], again["attempt"]) == ("active", 2)
            told = read_until(process, "session_completed", session_id=one)
            own = [line for line in told if line["session_id"] == one]
            late = next(n for n, line in enumerate(own) if line["event"] == "result_recorded" and line["late"])
            started = next(
                n for n, line in enumerate(own) if line["event"] == "session_started" and line["attempt"] > 1
            )
            assert late < started
            steps = [line["step"] for line in own if line["event"] == "command_issued" and line["attempt"] == 2]
            assert steps[0] == ("Initialize" if asks[0][0] == "retry" else "GenerateComponentDesign")
            assert not lives(agent)
            assert not (shop / "overlap").exists()
            assert [line["event"] for line in own].count("decision_undone") == (len(asks) - 1)
