"""`covey message`: what is said to a running agent, or answered to it; and where a question is told of."""

import asyncio
import io
import shutil
import sys
from pathlib import Path

import pytest

from covey.model.message import MESSAGE_BYTES
from tests.cli.program import Ran, covey
from tests.engine.talking import QUESTION, Asking, Talkative

ASKED = f"{QUESTION}\n\x1b[2Jor both?"
KEYS = ["session_id", "action", "state", "changed", "reason"]


@pytest.fixture
def asking() -> Asking:
    return Asking(ASKED)


@pytest.fixture(scope="module")
def _left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("asking") / "shop"
    root.mkdir()
    first = Talkative(root, ("Alpha",))
    first.plays["Alpha"] = Asking(ASKED).play
    assert asyncio.run(first.run()) == 6
    return root


@pytest.fixture
def bench(_left: Path, tmp_path: Path, asking: Asking) -> Talkative:
    """A project whose run was left because its only agent asks; no engine lives."""
    bench = Talkative(Path(shutil.copytree(_left, tmp_path / "shop")), ("Alpha",))
    bench.plays["Alpha"] = asking.play
    return bench


def needs(root: Path) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = covey("status", "--json", cwd=root).object["needs_human"]
    return found


def key(root: Path) -> str:
    (asks,) = needs(root)["questions"]
    return asks["session_id"]


def answered(ran: Ran) -> tuple[int, str, bool | None]:
    """Exit code, state and whether it changed something; the shape is checked on the way."""
    assert ran.err == ""
    assert list(ran.object) == KEYS
    assert ran.object["action"] == "message"
    return ran.code, ran.object["state"], ran.object["changed"]


class TestQuestions:
    """What asks is told of, with the command that answers it."""

    def test_programs_find_it_among_what_needs_a_human(self, bench: Talkative, asking: Asking) -> None:
        found = needs(bench.root)
        assert {name for name, each in found.items() if each} == {"questions"}
        (asks,) = found["questions"]
        assert list(asks) == ["session_id", "component", "module", "question"]
        assert (asks["component"], asks["question"]) == ("Alpha", asking.questions[0])
        (session,) = [
            each for each in covey("status", "--json", cwd=bench.root).object["sessions"] if each["parent_id"]
        ]
        assert (session["status"], session["phase"]) == ("active", "asking")

    def test_people_read_it_and_what_they_can_do(self, bench: Talkative) -> None:
        said = covey("status", cwd=bench.root).out
        assert f"asks you: {QUESTION} " in said
        assert f"covey message {key(bench.root)[:8]} '...' --start" in said
        assert "\x1b" not in said
        shown = covey("show", key(bench.root), cwd=bench.root).out
        assert f"asks       {QUESTION} " in shown
        assert f"{QUESTION} " in covey("report", "--format", "markdown", cwd=bench.root).out
        assert covey("wait", cwd=bench.root).code == 6
        assert "1 session needs you" in covey(cwd=bench.root).out


class TestMessage:
    """Without an engine an answer is kept for the next one; what can never be taken is refused at once."""

    def test_an_answer_waits_for_the_next_engine(self, bench: Talkative, asking: Asking) -> None:
        assert answered(covey("message", key(bench.root), "cents", "--json", cwd=bench.root)) == (0, "queued", None)
        assert asyncio.run(bench.run()) == 0
        assert asking.answers == ["cents"]
        assert "cents" in covey("logs", key_of(bench), cwd=bench.root).out
        (decision,) = covey("report", "--json", cwd=bench.root).object["decisions"]
        assert (decision["decision"], decision["reason"]) == ("answered", "cents")
        late = covey("message", key_of(bench), "euros", "--json", cwd=bench.root)
        assert answered(late) == (1, "refused", False)

    def test_standard_input_is_read(self, bench: Talkative, asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("in Cents,\nbitte ✓\n".encode())))
        assert covey("message", key(bench.root), "-", cwd=bench.root).code == 0
        assert asyncio.run(bench.run()) == 0
        assert asking.answers == ["in Cents,\nbitte ✓"]

    def test_standard_input_that_is_closed_is_a_mistake(
        self, bench: Talkative, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", None)
        ran = covey("message", key(bench.root), "-", cwd=bench.root)
        assert (ran.code, ran.out) == (2, "")
        assert "nothing was sent: standard input is closed" in ran.err

    @pytest.mark.parametrize(
        ("text", "why"),
        [("  ", "a message needs words"), ("x" * (MESSAGE_BYTES + 1), "a message has 32 KiB at most")],
        ids=["blank", "long"],
    )
    def test_what_is_no_message_is_a_mistake(self, bench: Talkative, text: str, why: str) -> None:
        ran = covey("message", key(bench.root), text, cwd=bench.root)
        assert (ran.code, ran.out) == (2, "")
        assert why in ran.err

    @pytest.mark.parametrize("data", [b"\xff\xfe", b"x" * (MESSAGE_BYTES + 1)], ids=["other", "long"])
    def test_standard_input_that_is_no_message(
        self, bench: Talkative, data: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        ran = covey("message", key(bench.root), "-", cwd=bench.root)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("covey: nothing was sent: ")

    def test_an_unknown_session(self, bench: Talkative) -> None:
        assert covey("message", "zzzz", "hello", cwd=bench.root).code == 2


def key_of(bench: Talkative) -> str:
    """The id of the only child."""
    (session,) = [
        each for each in covey("status", "--json", cwd=bench.root).object["sessions"] if each["component"] == "Alpha"
    ]
    found: str = session["session_id"]
    return found
