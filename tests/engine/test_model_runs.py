"""Whole runs with a model: real engine, real client, real tools, and the fake server in the model's place.

What the model does for a component is in `played`; for all others it is the author that comes with the server.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest
from pydantic import BaseModel

from covey.agents.anthropic_api.agent import AnthropicAgent
from covey.agents.anthropic_api.turns import MOST_BROKEN, Surroundings
from covey.agents.registry import AgentRegistry
from covey.artifacts.checks import check_design
from covey.config.settings import DEFAULT_SECTIONS
from covey.model.control import Action
from covey.model.events import UsageRecorded
from covey.model.session import Session
from covey.model.status import FailureCause, Phase, Status
from covey.testing.messages_server import (
    Answer,
    FakeMessagesServer,
    Refusal,
    Reply,
    Request,
    ToolUse,
    Usage,
    author,
    faults,
)
from tests.engine.conftest import Bench
from tests.tested import COMMANDS

KEY = "sk-ant-api03-of-nobody"
SOURCE = '"""It sells."""\n\n\nclass Seller:\n    """Sells."""\n\n\ndef sell() -> None:\n    """Sell."""\n'
DEAR = 300_000
"""Tokens of one turn that are as many as a session may spend."""
MODULES = ("shop", "shop.alpha", "shop.beta", "shop.gamma")

Play = Callable[[Request], Answer]


class Hasty(AnthropicAgent):
    """The agent, which repeats what broke without a pause."""

    def __init__(self, settings: BaseModel) -> None:
        super().__init__(settings, Surroundings(random=lambda: 0.0))


@dataclass
class Modelled(Bench):
    """A project whose agent is a model; `played` are its plays, by the component's name, `refused` what all get."""

    played: dict[str, Play] = field(default_factory=dict)
    refused: Refusal | None = None

    @property
    def registry(self) -> AgentRegistry:
        return AgentRegistry(extra={"anthropic": Hasty})

    def answer(self, request: Request) -> Answer:
        """The script of the server."""
        if self.refused is not None:
            return self.refused
        named = re.search(r"software project[:,] \*\*(\w+)\*\*", request.prompt)
        return self.played.get(named[1] if named else "", author)(request)

    @asynccontextmanager
    async def served(self, **run: object) -> AsyncIterator[FakeMessagesServer]:
        """The project's sources and manifest, and a server for its model."""
        async with FakeMessagesServer(self.answer) as server:
            keys = "".join(f"{name} = {value}\n" for name, value in run.items())
            self.extra = (
                f'[run]\nagent = "model"\nmodel = "fake-large"\n{keys}\n'
                f'[agents.model]\nkind = "anthropic"\nbase_url = "{server.base_url}"\n{self.extra}'
            )
            self.write_manifest()
            (self.root / "shop").mkdir()
            for name in self.components:
                (self.root / "shop" / f"{name.lower()}.py").write_text(SOURCE)
            yield server


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Modelled:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    return Modelled(tmp_path)


def is_blocked(session: Session) -> bool:
    return session.phase is Phase.BLOCKED


def stands_still(session: Session) -> bool:
    return session.phase is Phase.INTERRUPTED


def first(count: int, play: Play, then: Play = author) -> Play:
    """A play for the first requests of a component, and another for those that follow."""
    left = iter(range(count))
    return lambda request: play(request) if next(left, None) is not None else then(request)


def denied(request: Request) -> Answer:
    """A model that writes where it may not, and is content with that."""
    places = ["../beta.md", ".git/hooks/pre-commit", "shop/beta.py"]
    tried = [result for result in request.tool_results if result.name == "write_file"]
    if len(tried) == len(places):
        return Reply("All is written.")
    return Reply(ToolUse("write_file", {"path": places[len(tried)], "content": "mine"}))


def dear(request: Request) -> Answer:
    """What the author says, for more tokens than a session may spend."""
    said = author(request)
    assert isinstance(said, Reply)
    return replace(said, usage=Usage(input=DEAR))


class TestDesign:
    """`covey run design`, with a model that calls tools."""

    async def test_every_component_and_the_review_get_their_document(self, model: Modelled) -> None:
        async with model.served() as server:
            assert await model.run() == 0
        for name in model.components:
            text = model.document(name).read_text()
            assert check_design(text, DEFAULT_SECTIONS["module"], MODULES) == ()
            assert "- `def sell`" in text, "it knows the source"
        assert "## Findings" in model.review.read_text()
        assert server.statuses == {200: 3 * 3 + 5}, "read, write, end; the review reads three documents"
        assert not any(result.is_error for request in server.requests for result in request.tool_results)
        tree = await model.tree()
        for child in tree.children(tree.roots()[0].id):
            assert child.usage["cache_read"] > child.usage["cache_write"] > child.usage.get("input", 0)

    async def test_what_goes_wrong_ends_as_it_has_to_and_is_mended_by_retry(self, model: Modelled) -> None:
        """One whose writes are denied, one always cut, one cut twice, one put off, and one over its budget."""
        model.components = ("Alpha", "Beta", "Gamma", "Delta", "Epsilon", "Zeta")
        model.played = {
            "Beta": first(4, denied),
            "Gamma": first(MOST_BROKEN, lambda _: faults.reset(4)),
            "Delta": first(2, lambda _: faults.error_in_stream(after=4)),
            "Epsilon": first(1, lambda _: faults.rate_limited(0.05)),
            "Zeta": first(1, dear),
        }
        async with model.served(session_budget_tokens=DEAR) as server, model.running() as run:
            await run.until(is_blocked)
            ended = {name: await run.child(name) for name in model.components}
            assert {name: (child.status, child.failure_cause) for name, child in ended.items()} == {
                "Alpha": (Status.COMPLETE, None),
                "Beta": (Status.FAILED, FailureCause.MISSING_FILE),
                "Gamma": (Status.FAILED, FailureCause.AGENT_ERROR),
                "Delta": (Status.COMPLETE, None),
                "Epsilon": (Status.COMPLETE, None),
                "Zeta": (Status.FAILED, FailureCause.BUDGET),
            }
            assert f"{MOST_BROKEN} times in a row" in (ended["Gamma"].error_message or "")
            assert not has_written(model, "Beta")
            manifest = model.root / "covey.toml"
            manifest.write_text(manifest.read_text().replace(f"tokens = {DEAR}", f"tokens = {2 * DEAR}"))
            for name in ("Beta", "Gamma", "Zeta"):
                assert (await run.ask(Action.RETRY, name)).changed
            root = await run.until(lambda session: session.status is not Status.ACTIVE)
            attempts = [(await run.child(name)).attempt for name in model.components]
        assert (root.status, attempts) == (Status.COMPLETE, [1, 2, 2, 1, 1, 2])
        assert server.statuses[429] == 1
        assert (model.root / "shop" / "beta.py").read_text() == SOURCE

    @pytest.mark.parametrize("refusal", [faults.unauthorized(), faults.out_of_credit(), faults.spend_limit_reached()])
    async def test_a_wall_stops_all_once_and_is_nobodys_attempt(self, model: Modelled, refusal: Refusal) -> None:
        model.refused = refusal
        async with model.served(max_sessions=2) as server, model.running() as run:
            await run.until(stands_still, "Alpha")
            await run.until(stands_still, "Beta")
            assert server.statuses.total() <= 2, "no more than were at work"
            model.refused = None
            assert (await run.ask(Action.RESUME)).changed
            root = await run.until(lambda session: session.status is not Status.ACTIVE)
            assert (root.status, [(await run.child(name)).attempt for name in model.components]) == (
                Status.COMPLETE,
                [1, 1, 1],
            )

    async def test_a_key_that_is_refused_at_one_address_works_on_at_another(self, model: Modelled) -> None:
        async with FakeMessagesServer(author) as elsewhere:
            model.extra = f'[agents.elsewhere]\nkind = "anthropic"\nmodel = "fake"\nbase_url = "{elsewhere.base_url}"\n'
            model.refused = faults.unauthorized()
            async with model.served(max_sessions=1) as server, model.running() as run:
                await run.until(stands_still, "Alpha")
                assert (await run.ask(Action.RETRY, "Alpha", agent="elsewhere")).changed
                await run.until(lambda session: session.status is Status.COMPLETE, "Alpha")
                (paused,) = (await run.viewer.credentials()).values()
                assert paused.credential == f"ANTHROPIC_API_KEY at {server.base_url.removeprefix('http://')}"
                assert paused.agents == ("model",)
                assert (await run.child("Beta")).phase is Phase.QUEUED

    async def test_a_turn_is_paid_at_the_price_of_the_model_that_answered(self, model: Modelled) -> None:
        answered = {"Alpha": "small-20260101", "Beta": "gateway/haiku", "Gamma": ""}

        counted = Usage(input=1_000, output=0, cache_read=0, cache_write=0)

        def named(name: str) -> Play:
            return lambda request: replace(cast("Reply", author(request)), model=answered[name], usage=counted)

        model.played = {name: named(name) for name in answered}
        model.extra = '[prices."fake-large"]\ninput = 100.0\noutput = 0.0\n'
        model.extra += "[prices.small]\ninput = 1.0\noutput = 0.0\n"
        async with model.served():
            assert await model.run() == 0
        tree = await model.tree()
        cost = {
            each.component: each.cost_usd for each in tree.children(tree.roots()[0].id) if each.component in answered
        }
        assert cost == pytest.approx({"Alpha": 0.003, "Beta": 0.3, "Gamma": 0.3})
        used = [event for event in await model.events() if isinstance(event, UsageRecorded)]
        assert {event.model for event in used} == {"small-20260101", "fake-large"}


class TestTests:
    """`covey run test`, with a model that writes tests and has them run."""

    async def test_a_component_gets_tests_that_pass(self, model: Modelled) -> None:
        model.components, model.workflow, model.extra = ("Alpha",), "test", COMMANDS
        async with model.served() as server:
            assert await model.run() == 0
        assert "def test_seller_is_there" in (model.root / "tests" / "shop" / "test_alpha.py").read_text()
        last = server.requests[-1].tool_results[-1]
        assert (last.name, last.is_error) == ("run_tests", False)
        assert "3 passed" in last.text


def has_written(model: Modelled, name: str) -> bool:
    """Something of the denied one's is where nothing may be."""
    places = [model.root.parent / "beta.md", model.root / ".git", model.document(name)]
    return any(place.exists() for place in places)
