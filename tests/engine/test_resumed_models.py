"""Conversations over engines and attempts: what was paid for once is gone on with, or left, as was asked."""

from pathlib import Path

import pytest

from covey.errors import UsageError
from covey.model.control import Action
from covey.model.session import Session
from covey.model.status import FailureCause, Phase, Status
from covey.testing.messages_server import Answer, Reply, Request, ToolUse, author, faults
from tests.engine.test_model_runs import KEY, Modelled, first, is_blocked


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Modelled:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    return Modelled(tmp_path, components=("Alpha",))


def refuses(request: Request) -> Answer:
    """Looks around, and refuses then."""
    return Reply("No.", stop_reason="refusal") if request.tool_results else Reply(ToolUse("list_files", {"path": "."}))


async def test_an_engine_that_comes_later_goes_on_in_the_conversation(model: Modelled) -> None:
    """The first engine is stopped while the model answers its second turn."""
    model.played = {"Alpha": lambda request: faults.stalled() if request.number == 2 else author(request)}
    async with model.served() as server:
        async with model.running() as run:
            while len(server.requests) < 2:
                await run.until(lambda _: True)
            alpha = await run.child("Alpha")
        assert (await model.tree()).sessions[alpha.id].phase is Phase.INTERRUPTED
        assert await model.run() == 0
    of_alpha = [request for request in server.requests if "**Alpha**" in request.prompt]
    assert [request.turn for request in of_alpha] == [1, 2, 2, 3]
    assert of_alpha[1].messages == of_alpha[2].messages


@pytest.mark.parametrize(("resume", "turns"), [(True, [1, 2, 2]), (False, [1, 2, 1])])
async def test_only_a_retry_that_resumes_goes_on(model: Modelled, *, resume: bool, turns: list[int]) -> None:
    model.played = {"Alpha": first(2, refuses)}
    async with model.served() as server, model.running() as run:
        await run.until(is_blocked)
        failed = await run.child("Alpha")
        assert (failed.status, failed.failure_cause) == (Status.FAILED, FailureCause.AGENT_ERROR)
        assert (await run.ask(Action.RETRY, "Alpha", resume=resume, note="Please.")).changed
        await run.until(ended)
        again = await run.child("Alpha")
        assert (again.status, again.attempt, again.conversation) == (Status.COMPLETE, 2, 1 if resume else 2)
        prompts = [each.prompt for each in await run.viewer.interactions(run.viewer.scope, again.id) if each.prompt]
    of_alpha = [request for request in server.requests if "**Alpha**" in request.prompt]
    assert [request.turn for request in of_alpha][:3] == turns
    assert len(prompts) == 2
    assert "> Please." in prompts[1]
    assert "(class: `agent_error`)" in prompts[1]


async def test_a_run_without_a_model_does_not_start(model: Modelled) -> None:
    async with model.served():
        manifest = model.root / "covey.toml"
        manifest.write_text(manifest.read_text().replace('model = "fake-large"\n', ""))
        with pytest.raises(UsageError, match="agent model: no model is set: set \\[run\\] model"):
            await model.run()
    assert (await model.tree()).roots() == []


def ended(session: Session) -> bool:
    return session.status is not Status.ACTIVE
