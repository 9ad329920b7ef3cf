"""Whole runs with a model: real engine, real client, real tools, and the fake server in the model's place.

What the model does for a component is in `plays`; for all others it is the author that comes with the server.
"""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import BaseModel

from covey.agents.anthropic_api.agent import AnthropicAgent
from covey.agents.anthropic_api.turns import MOST_BROKEN, Chance
from covey.agents.registry import AgentRegistry
from covey.artifacts.checks import check_design
from covey.config.settings import DEFAULT_SECTIONS
from covey.model.control import Action
from covey.model.session import Session
from covey.model.status import FailureCause, Phase, Status
from covey.testing.messages_server import Answer, FakeMessagesServer, Reply, Request, ToolUse, author, faults
from tests.engine.conftest import Bench, Run

KEY = "sk-ant-api03-of-nobody"
SOURCE = '"""It sells."""\n\n\nclass Seller:\n    """Sells."""\n\n\ndef sell() -> None:\n    """Sell."""\n'
MODULES = frozenset({"shop", "shop.alpha", "shop.beta", "shop.gamma"})

Play = Callable[[Request], Answer]


class Hasty(AnthropicAgent):
    """The agent, which repeats what broke without a pause."""

    def __init__(self, settings: BaseModel) -> None:
        super().__init__(settings, Chance(random=lambda: 0.0))


@dataclass
class Modelled(Bench):
    """A project whose agent is a model; `played` are its plays, by the component's name."""

    played: dict[str, Play] = field(default_factory=dict)

    @property
    def registry(self) -> AgentRegistry:
        return AgentRegistry(extra={"anthropic": Hasty})

    def answer(self, request: Request) -> Answer:
        """The script of the server."""
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


def is_failed(session: Session) -> bool:
    return session.status is Status.FAILED


def is_blocked(session: Session) -> bool:
    return session.phase is Phase.BLOCKED


def first(count: int, play: Play, then: Play = author) -> Play:
    """A play for the first requests of a component, and another for those that follow."""
    left = iter(range(count))
    return lambda request: play(request) if next(left, None) is not None else then(request)


def denied(request: Request) -> Answer:
    """A model that writes where it may not, and is content with that."""
    places = ["../gamma.md", ".git/hooks/pre-commit", "shop/gamma.py"]
    tried = [result for result in request.tool_results if result.name == "write_file"]
    if len(tried) == len(places):
        return Reply("All is written.")
    return Reply(ToolUse("write_file", {"path": places[len(tried)], "content": "mine"}))


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
        assert server.statuses == {200: 12}, "three turns for each of three components and the review"
        tools = [result.name for request in server.requests for result in request.tool_results[-1:]]
        assert {"read_file", "write_file"} <= set(tools)
        assert not any(result.is_error for request in server.requests for result in request.tool_results[1:])

    async def test_what_a_session_said_before_is_read_from_the_cache(self, model: Modelled) -> None:
        model.components = ("Alpha",)
        async with model.served():
            assert await model.run() == 0
        tree = await model.tree()
        (alpha,) = [each for each in tree.children(tree.roots()[0].id) if each.component == "Alpha"]
        assert alpha.usage["cache_read"] > alpha.usage["cache_write"] > alpha.usage["input"]


class TestTrouble:
    """What goes wrong with a model ends as it has to, and is mended by a retry."""

    async def test_who_writes_elsewhere_fails_and_a_retry_mends_it(self, model: Modelled) -> None:
        model.played["Gamma"] = first(4, denied)
        async with model.served(), model.running() as run:
            gamma = await run.until(is_failed, "Gamma")
            assert (gamma.failure_cause, await has_written(model)) == (FailureCause.MISSING_FILE, False)
            await mended(run, "Gamma")
        assert (model.root / "shop" / "gamma.py").read_text() == SOURCE

    async def test_a_stream_that_is_cut_is_asked_for_again(self, model: Modelled) -> None:
        model.played["Alpha"] = first(2, lambda _: faults.cut(4))
        model.played["Beta"] = first(1, lambda _: faults.error_in_stream())
        async with model.served():
            assert await model.run() == 0
        tree = await model.tree()
        assert {child.attempt for child in tree.children(tree.roots()[0].id)} == {1}

    async def test_one_that_is_always_cut_fails_and_a_retry_mends_it(self, model: Modelled) -> None:
        model.played["Beta"] = first(MOST_BROKEN, lambda _: faults.reset())
        async with model.served(), model.running() as run:
            beta = await run.until(is_failed, "Beta")
            assert f"{MOST_BROKEN} times in a row" in (beta.error_message or "")
            await mended(run, "Beta")

    async def test_who_is_put_off_waits_and_goes_on(self, model: Modelled) -> None:
        model.played["Alpha"] = first(1, lambda _: faults.rate_limited(0.05))
        async with model.served() as server:
            assert await model.run() == 0
        assert server.statuses == {200: 12, 429: 1}
        tree = await model.tree()
        assert {child.attempt for child in tree.children(tree.roots()[0].id)} == {1}


async def has_written(model: Modelled) -> bool:
    """Something is where nothing may be."""
    places = [model.root.parent / "gamma.md", model.root / ".git", model.document("Gamma")]
    return any(place.exists() for place in places)


async def mended(run: Run, name: str) -> None:
    """A retry of this child, after which the whole run ends well."""
    await run.until(is_blocked)
    assert (await run.ask(Action.RETRY, name)).changed
    root = await run.until(lambda session: session.status is not Status.ACTIVE)
    assert root.status is Status.COMPLETE
    assert (await run.child(name)).attempt == 2
