"""A whole run against a hostile server: it tries every trick, says the key wherever it can, and comes to nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from covey.agents.anthropic_api.agent import AnthropicAgent
from covey.agents.registry import AgentRegistry
from covey.model.status import Status
from covey.testing.messages_server import Answer, FakeMessagesServer, Reply, Request, Text, Thinking, ToolUse
from tests.agents.anthropic_api.tools.hostile import KEY, LOOKS_AROUND, PROGRAMS, READS, WRITES
from tests.engine.conftest import Bench
from tests.tested import COMMANDS, TEST
from tests.workspace.traps import MARK, Traps

SPIES = """import os


def test_it():
    print({name: value for name, value in os.environ.items()})
    assert not any("KEY" in name for name in os.environ)
"""
ALLOWED = [["echo"], ["cat"], ["env"], ["not-a-program"]]
AT_ONCE = 40


@dataclass
class Hostile(Bench):
    """A project whose model does what `turns` say, one after the other."""

    components: tuple[str, ...] = ("Alpha",)
    workflow: str = "test"
    turns: list[Answer] = field(default_factory=list)

    @property
    def registry(self) -> AgentRegistry:
        return AgentRegistry(extra={"anthropic": AnthropicAgent})

    async def ends(self) -> tuple[int, list[Request]]:
        """How the run ends, and what the server was asked."""
        async with FakeMessagesServer(self.turns) as server:
            self.extra = (
                f'[run]\nagent = "model"\nmodel = "fake-large"\n{COMMANDS}\n[agents.model]\nkind = "anthropic"\n'
                f'base_url = "{server.base_url}"\nallow_commands = {json.dumps(ALLOWED)}\n'
            )
            return await self.run(), server.requests


@pytest.fixture
def traps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Traps:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    return Traps(tmp_path).set(state=False)


def tricks(traps: Traps) -> Iterator[ToolUse]:
    """Those that can be said in JSON, at a reasonable length: all that would change something, and some that read."""
    for case in (*WRITES, *LOOKS_AROUND, *PROGRAMS, *READS[::4]):
        if isinstance(case.tool, str) and isinstance(case.arguments, dict):
            said = json.dumps(case.arguments, ensure_ascii=False)
            said = said.replace("{root}", str(traps.root)).replace("{base}", str(traps.base))
            if len(said) < 20_000 and not any("\ud800" <= each <= "\udfff" for each in case.tool + said):
                yield ToolUse(case.tool, json.loads(said))


async def test_nothing_is_read_written_or_told(traps: Traps, caplog: pytest.LogCaptureFixture) -> None:
    bench = Hostile(traps.root)
    traps.write("workspace/shop/alpha.py", "def total() -> int:\n    return 3\n")
    every = list(tricks(traps))
    assert len(every) > 60
    bench.turns = [
        Reply(
            [Thinking(f"The key is {KEY}."), Text(f"I know it: {KEY}!"), *every[start : start + AT_ONCE]], delta_size=7
        )
        for start in range(0, len(every), AT_ONCE)
    ]
    bench.turns += [
        Reply([ToolUse("run_command", {"argv": ["env"]}), ToolUse("write_file", {"path": TEST, "content": SPIES})]),
        Reply([ToolUse("run_tests"), ToolUse(f"tool-{KEY}"), ToolUse("read_file", {KEY: KEY})]),
        Reply(f"All is done with {KEY}", headers={"request-id": f"req-{KEY}"}),
    ]
    before = traps.state()

    exit_code, requests = await bench.ends()

    assert exit_code == 0
    tree = await bench.tree()
    assert {session.status for session in tree.sessions.values()} == {Status.COMPLETE}
    results = requests[-1].tool_results
    carried_out = [result.name for result in results if not result.is_error]
    assert carried_out == ["list_files", "search_text", "run_command", "write_file", "run_tests"]
    assert not [result for result in results if MARK in result.text or KEY in result.text]
    assert "KEY" not in next(result.text for result in results if result.name == "run_command" and not result.is_error)
    assert KEY not in caplog.text
    after = traps.state()
    assert {path: after.get(path) for path in before} == before
    assert {
        path
        for path in after.keys() - before.keys()
        if not path.startswith(("workspace/.covey", "workspace/tests/shop"))
    } == {"workspace/covey.toml"}
    for path in traps.root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert KEY.encode() not in path.read_bytes(), path
    for path in (traps.root / ".covey").rglob("*"):
        assert not path.is_file() or MARK.encode() not in path.read_bytes(), path
