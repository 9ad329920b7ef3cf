"""What agents say and programs print reaches the database without this process's credentials."""

import pytest

from covey.agents.base import Assignment, CredentialStoppedError, Desk, Outcome, TurnUsage
from covey.engine.discretion import DiscreetDesk, discreet
from covey.model.command import Result, ResultStatus, TranscriptKind
from covey.model.status import FailureCause
from covey.testing.clock import FakeClock
from covey.testing.desk import RecordingDesk
from covey.workspace.credentials import HIDDEN, Credentials
from tests.engine.conftest import Bench

KEY = "sk-ant-api03-0123456789"
CREDENTIALS = Credentials({"ANTHROPIC_API_KEY": KEY})
TEXT, OUTPUT = TranscriptKind.TEXT, TranscriptKind.OUTPUT


@pytest.mark.parametrize("size", [1, 3, 7, 100])
async def test_what_is_said_in_pieces(size: int) -> None:
    desk = RecordingDesk()
    quiet = DiscreetDesk(desk, CREDENTIALS)
    said = f"The key is {KEY}, is it not? sk-ant-"
    for start in range(0, len(said), size):
        await quiet.report(TEXT, said[start : start + size])
    await quiet.settle()
    assert "".join(report.text for report in desk.reports) == f"The key is {HIDDEN}, is it not? sk-ant-"


async def test_what_waits_stays_in_its_place() -> None:
    desk = RecordingDesk()
    quiet = DiscreetDesk(desk, CREDENTIALS)
    await quiet.report(TEXT, "sk-")
    await quiet.report(TEXT, "")
    await quiet.report(OUTPUT, KEY[3:])
    await quiet.settle()
    assert [(report.kind, report.text) for report in desk.reports if report.text] == [(TEXT, "sk-"), (OUTPUT, KEY[3:])]


async def test_a_sign_of_life_is_handed_on_at_once() -> None:
    desk = RecordingDesk()
    await DiscreetDesk(desk, CREDENTIALS).report(OUTPUT, "")
    assert len(desk.reports) == 1


async def test_conversations_questions_and_bills() -> None:
    desk = RecordingDesk(answers=["No."])
    quiet = DiscreetDesk(desk, CREDENTIALS)
    await quiet.conversation.append({"role": "assistant", "content": [{"type": "text", "text": f"It is {KEY}."}]})
    assert await quiet.ask(f"Is it {KEY}?") == "No."
    await quiet.spent(TurnUsage(model=f"model-{KEY}", tokens={"input": 1}, request_id=KEY, asked=KEY))
    assert await quiet.conversation.load() == [
        {"role": "assistant", "content": [{"type": "text", "text": f"It is {HIDDEN}."}]}
    ]
    assert desk.questions == [f"Is it {HIDDEN}?"]
    assert desk.turns == [TurnUsage(model=f"model-{HIDDEN}", tokens={"input": 1}, request_id=HIDDEN, asked=HIDDEN)]


def test_results() -> None:
    result = Result(
        id="r",
        status=ResultStatus.ERROR,
        error_message=f"{KEY} is refused",
        stdout=KEY,
        stderr=f"{KEY}\n",
        data={"findings": [KEY], "kept": 1},
        timestamp=FakeClock().now(),
    )
    told = discreet(result, CREDENTIALS)
    assert (told.error_message, told.stdout, told.stderr) == (f"{HIDDEN} is refused", HIDDEN, f"{HIDDEN}\n")
    assert told.data == {"findings": [HIDDEN], "kept": 1}


@pytest.mark.parametrize(
    "error",
    [
        CredentialStoppedError(FailureCause.AUTH, f"the key {KEY} is refused"),
        ValueError(f"illegal header {KEY}\x1b[2J"),
    ],
    ids=["refused", "crash"],
)
async def test_what_an_agent_raises(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)

    async def play(assignment: Assignment, desk: Desk) -> Outcome:
        await desk.report(TEXT, f"I use {KEY[:9]}")
        await desk.report(TEXT, KEY[9:])
        raise error

    bench.components, bench.plays = ("Alpha",), {"Alpha": play}
    assert await bench.run() != 0
    stored = b"".join(path.read_bytes() for path in (bench.root / ".covey").rglob("*") if path.is_file())
    assert b"[credential] is refused" in stored or b"illegal header [credential]" in stored
    assert KEY.encode() not in stored
    assert KEY[9:].encode() not in stored
    assert KEY not in caplog.text
    assert "\x1b" not in caplog.text


async def test_what_an_agent_returns(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)

    async def play(assignment: Assignment, desk: Desk) -> Outcome:
        return Outcome(ok=False, message=f"the key {KEY} is refused", stdout=KEY, stderr=KEY)

    bench.components, bench.plays = ("Alpha",), {"Alpha": play}
    assert await bench.run() == 6
    stored = b"".join(path.read_bytes() for path in (bench.root / ".covey").rglob("*") if path.is_file())
    assert b"the key [credential] is refused" in stored
    assert KEY.encode() not in stored
