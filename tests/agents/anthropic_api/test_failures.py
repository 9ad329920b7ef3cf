"""All that can go wrong with a request: told apart, mended where asking again helps, and said where it does not."""

import json

import httpx2
import pytest
from anthropic import APIConnectionError, CredentialsError

from covey.agents.anthropic_api.agent import AnthropicAgent
from covey.agents.anthropic_api.classify import EXPECTED, failure_of
from covey.agents.anthropic_api.failures import Remedy, StalledError
from covey.agents.anthropic_api.settings import AnthropicSettings
from covey.agents.anthropic_api.turns import MOST_BROKEN, MOST_REFUSED
from covey.agents.base import CredentialStoppedError
from covey.model.command import TranscriptKind
from covey.model.status import FailureCause
from covey.testing.messages_server import Answer, Break, FakeMessagesServer, Reply, ToolUse, Unanswered, faults
from tests.agents.anthropic_api.office import DONE, KEY, TARGET, WRITES, Office, PatientGate

CALL = Reply(ToolUse("write_file", {"path": TARGET, "content": "x" * 200}))

BROKEN: dict[str, Answer] = {
    "500": faults.internal_error(),
    "502": faults.internal_error(502),
    "reset": faults.reset(),
    "reset within a call": faults.reset(after=6, reply=CALL),
    "cut": faults.cut(),
    "cut before the first event": faults.cut(after=0),
    "cut within a call": faults.cut(after=6, reply=CALL),
    "ends without a stop reason": faults.ends_early(),
    "ends before it begins": faults.ends_early(after=0),
    "ends within a call": faults.ends_early(after=6, reply=CALL),
    "half an event": faults.truncated(),
    "no JSON": faults.malformed(),
    "an error of the API": faults.error_in_stream("api_error"),
    "an error that nobody knows": faults.error_in_stream("news_error"),
    "a timeout of the API": faults.error_in_stream("timeout_error"),
    "no answer at all": Unanswered(),
    "a reset connection": Unanswered(Break.RESET),
}
PUT_OFF: dict[str, Answer] = {
    "429": faults.rate_limited(retry_after=0),
    "529": faults.overloaded(retry_after=0),
    "529 within the stream": faults.error_in_stream("overloaded_error"),
}


class TestMended:
    """A request that broke is made again, as it was: nothing of it has happened."""

    @pytest.mark.parametrize("name", BROKEN)
    async def test_what_broke_is_asked_again(self, office: Office, name: str) -> None:
        outcome, requests = await office.work([BROKEN[name], WRITES, DONE])
        assert outcome.ok, outcome.message
        assert requests[0].body == requests[1].body
        assert (office.workspace / TARGET).read_text() == "# Tax\n"
        assert office.roles() == ["user text", "assistant text tool_use", "user tool_result", "assistant text"]
        assert "; asks again in 1.0 s" in office.desk.said(TranscriptKind.OUTPUT)

    @pytest.mark.parametrize(("name", "status"), [("429", 429), ("529", 529), ("529 within the stream", 529)])
    async def test_who_is_put_off_waits_at_the_gate_alone(self, office: Office, name: str, status: int) -> None:
        gate = office.gate = PatientGate()
        outcome, requests = await office.work([PUT_OFF[name], PUT_OFF[name], DONE])
        assert (outcome.ok, len(requests)) == (True, 3)
        assert gate.refusals == [status, status]
        assert [seconds for seconds in office.pauses if seconds >= 1] == []
        assert gate.state().at_work == 0

    async def test_a_stream_that_stalls(self, office: Office) -> None:
        outcome, requests = await office.work(
            lambda request: faults.stalled() if request.number == 1 else DONE, {"idle_timeout": "0.2s"}
        )
        assert outcome.ok
        assert len(requests) > 1
        assert "the model has stalled: nothing came for 0.2 seconds" in office.desk.said(TranscriptKind.OUTPUT)

    async def test_an_answer_that_takes_longer_than_it_may_idle_is_none_that_stalls(self, office: Office) -> None:
        slow = Reply("x" * 12, delta_size=1, pace=0.1)
        outcome, requests = await office.work([slow], {"idle_timeout": "1s"})
        assert (outcome.ok, len(requests)) == (True, 1)

    async def test_the_pauses_grow(self, office: Office) -> None:
        await office.work([faults.cut()] * (MOST_BROKEN - 1) + [DONE])
        assert [seconds for seconds in office.pauses if seconds >= 1] == [1.0, 2.0, 4.0, 8.0]


class TestGivenUp:
    """What does not mend ends the session with its cause, and with what was said about it."""

    @pytest.mark.parametrize(
        ("fault", "cause", "said"),
        [
            (faults.cut(), FailureCause.AGENT_ERROR, "the connection broke within the answer"),
            (faults.ends_early(), FailureCause.AGENT_ERROR, "the answer is not whole: the stream ended without a stop"),
            (faults.malformed(), FailureCause.AGENT_ERROR, "the answer is not whole: an event is no JSON"),
            (faults.internal_error(), FailureCause.AGENT_ERROR, "the API answered 500 (api_error)"),
            (faults.internal_error(504), FailureCause.TIMEOUT, "the API answered 504"),
            (Unanswered(), FailureCause.AGENT_ERROR, "the API cannot be reached: "),
        ],
    )
    async def test_what_keeps_breaking(self, office: Office, fault: Answer, cause: FailureCause, said: str) -> None:
        outcome, requests = await office.work(fault)
        assert (outcome.ok, outcome.cause, len(requests)) == (False, cause, MOST_BROKEN)
        assert outcome.message is not None
        assert outcome.message.startswith(f"{MOST_BROKEN} times in a row, ")
        assert said in outcome.message

    async def test_what_keeps_stalling(self, office: Office) -> None:
        outcome, _ = await office.work(faults.stalled(), {"idle_timeout": "0.05s"})
        assert (outcome.ok, outcome.cause) == (False, FailureCause.STALLED)

    async def test_a_limit_that_does_not_end(self, office: Office) -> None:
        office.gate = PatientGate()
        outcome, requests = await office.work(faults.rate_limited(retry_after=0))
        assert (outcome.cause, len(requests)) == (FailureCause.RATE_LIMIT, MOST_REFUSED)

    @pytest.mark.parametrize(
        ("fault", "said"),
        [
            (faults.bad_request("messages: no"), "the API answered 400 (invalid_request_error): messages: no"),
            (faults.unknown_model("fake-huge"), "the API answered 404 (not_found_error): model: fake-huge"),
            (faults.too_large(), "retry without --resume, which begins a new one"),
            (faults.prompt_too_long(), "retry without --resume, which begins a new one"),
        ],
    )
    async def test_what_asking_again_does_not_mend(self, office: Office, fault: Answer, said: str) -> None:
        outcome, requests = await office.work(fault)
        assert (outcome.ok, outcome.cause, len(requests)) == (False, FailureCause.AGENT_ERROR, 1)
        assert outcome.message is not None
        assert said in outcome.message

    async def test_an_address_where_nobody_is(self, office: Office) -> None:
        async with FakeMessagesServer([]) as server:
            agent = office.agent(server)
        outcome = await agent.run(office.assignment(), office.desk)
        assert (outcome.ok, outcome.cause) == (False, FailureCause.AGENT_ERROR)
        assert "the API cannot be reached: ConnectError" in str(outcome.message)


class TestCredential:
    """A credential that is refused is nobody's failure: it is said once, and whoever waits is not let into it."""

    @pytest.mark.parametrize(
        "fault",
        [
            faults.unauthorized(f"invalid x-api-key {KEY}"),
            faults.forbidden(),
            faults.out_of_credit(),
            faults.out_of_credit(402),
            faults.error_in_stream("authentication_error"),
        ],
    )
    async def test_a_wall(self, office: Office, fault: Answer) -> None:
        with pytest.raises(CredentialStoppedError) as stopped:
            await office.work(fault)
        assert stopped.value.cause is FailureCause.AUTH
        assert KEY not in str(stopped.value)
        assert office.gates.states()[0].at_work == 0
        assert office.roles() == ["user text"]

    async def test_a_limit_whose_end_is_far_off(self, office: Office) -> None:
        with pytest.raises(CredentialStoppedError) as stopped:
            await office.work(faults.rate_limited(retry_after=3_000))
        assert stopped.value.cause is FailureCause.RATE_LIMIT
        assert stopped.value.resets_at is not None

    async def test_the_same_work_goes_on_once_it_is_mended(self, office: Office) -> None:
        with pytest.raises(CredentialStoppedError):
            await office.work([WRITES, faults.unauthorized()])
        office.desk.conversation.begun = True
        outcome, requests = await office.work([DONE])
        assert (outcome.ok, len(requests), requests[0].turn) == (True, 1, 2)


class TestNoClient:
    """What is set does not make a client: told like any other failure, and no crash."""

    async def test_an_address_that_is_none(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://[::1")
        outcome = await AnthropicAgent(AnthropicSettings()).run(office.assignment(model="large"), office.desk)
        assert not outcome.ok
        assert "see base_url, or ANTHROPIC_BASE_URL" in str(outcome.message)

    async def test_a_profile_that_is_not_there(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("ANTHROPIC_API_KEY")
        monkeypatch.setenv("ANTHROPIC_PROFILE", "nobody-has-it")
        monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(office.workspace / "config"))
        with pytest.raises(CredentialStoppedError, match="nobody-has-it"):
            await office.work(DONE)

    async def test_an_address_without_its_scheme(self, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", "localhost:11434")
        outcome = await AnthropicAgent(AnthropicSettings()).run(office.assignment(model="large"), office.desk)
        assert not outcome.ok
        assert "see base_url, or ANTHROPIC_BASE_URL" in str(outcome.message)
        assert office.pauses == [], "it was not asked again"


@pytest.mark.parametrize("message", [{"a": 1}, ["a"], None])
@pytest.mark.parametrize("status", [401, 403])
async def test_a_refusal_in_another_form_is_one_too(office: Office, status: int, message: object) -> None:
    body = json.dumps({"error": {"type": "error", "message": message}}).encode()
    with pytest.raises(CredentialStoppedError):
        await office.work(faults.Refusal(status, "error", "no", body=body))


class TestClassified:
    """What the client has been seen to raise beside its own errors."""

    request = httpx2.Request("POST", "http://here/v1/messages")

    @pytest.mark.parametrize(
        ("error", "remedy", "cause"),
        [
            (httpx2.ReadError("x"), Remedy.REPEAT, FailureCause.AGENT_ERROR),
            (httpx2.RemoteProtocolError("x"), Remedy.REPEAT, FailureCause.AGENT_ERROR),
            (httpx2.ReadTimeout("x"), Remedy.REPEAT, FailureCause.TIMEOUT),
            (httpx2.DecodingError("x"), Remedy.REPEAT, FailureCause.AGENT_ERROR),
            (httpx2.StreamClosed(), Remedy.REPEAT, FailureCause.AGENT_ERROR),
            (httpx2.UnsupportedProtocol("x"), Remedy.NONE, FailureCause.AGENT_ERROR),
            (APIConnectionError(request=request), Remedy.REPEAT, FailureCause.AGENT_ERROR),
            (CredentialsError("the profile is gone"), Remedy.CREDENTIAL, FailureCause.AUTH),
            (AssertionError(), Remedy.REPEAT, FailureCause.CRASH),
            (ValueError("no JSON"), Remedy.REPEAT, FailureCause.CRASH),
            (ConnectionResetError("x"), Remedy.REPEAT, FailureCause.AGENT_ERROR),
            (TimeoutError(), Remedy.REPEAT, FailureCause.TIMEOUT),
            (StalledError(90), Remedy.REPEAT, FailureCause.STALLED),
            (TypeError("no"), Remedy.NONE, FailureCause.CRASH),
            (RuntimeError("closed"), Remedy.NONE, FailureCause.CRASH),
        ],
    )
    def test_each(self, error: Exception, remedy: Remedy, cause: FailureCause) -> None:
        failure = failure_of(error)
        assert (failure.remedy, failure.cause) == (remedy, cause)
        assert failure.message
        assert isinstance(error, EXPECTED)
