"""An Anthropic agent at work: a workspace, a desk that remembers, the real client, and a server on this machine."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from covey.agents.anthropic_api.agent import AnthropicAgent
from covey.agents.anthropic_api.gate import Gate, Gates
from covey.agents.anthropic_api.settings import AnthropicSettings
from covey.agents.anthropic_api.turns import Surroundings
from covey.agents.base import Assignment, Outcome, Task
from covey.clock import SystemClock
from covey.model.component import Component
from covey.testing.desk import RecordingDesk
from covey.testing.messages_server import Answer, FakeMessagesServer, Reply, Request, Script, ToolUse

TARGET = "docs/design/shop/tax.md"
KEY = "sk-ant-test-0123456789abcdef"
CONTEXT = Component(id="c", project_id="p", name="Shop", module_name="shop")
TAX = Component(id="t", project_id="p", name="Tax", module_name="shop.tax", parent_component_id="c")
WRITES = Reply(["I write it.", ToolUse("write_file", {"path": TARGET, "content": "# Tax\n"})])
DONE = Reply("It is written.")


class PatientGate(Gate):
    """A gate that lets everybody pass at once, and only remembers the `refusals` that it is told of."""

    def __init__(self) -> None:
        super().__init__("any", SystemClock())
        self.refusals: list[int] = []

    def refused(self, status: int, headers: Mapping[str, str]) -> None:
        """Remember it."""
        self.refusals.append(status)


@dataclass
class Office:
    """Where one agent works. `pauses` are the seconds that it has waited between two tries."""

    workspace: Path
    desk: RecordingDesk = field(default_factory=RecordingDesk)
    pauses: list[float] = field(default_factory=list)
    gates: Gates = field(default_factory=lambda: Gates(SystemClock()))
    gate: Gate | None = None

    def assignment(self, **changes: Any) -> Assignment:
        given: dict[str, Any] = {
            "session_id": "s1",
            "attempt": 1,
            "step": "GenerateComponentDesign",
            "task": Task.GENERATE,
            "workspace": self.workspace,
            "target": TARGET,
            "source": "src/shop/tax.py",
            "component": TAX,
            "context": CONTEXT,
            "context_design_path": "docs/design/shop.md",
            "components": (CONTEXT, TAX),
            "sections": ("Purpose",),
            "model": "fake-large",
        }
        return Assignment(**{**given, **changes})

    async def work(
        self,
        script: Script | Answer | Sequence[Answer],
        settings: dict[str, Any] | None = None,
        **changes: Any,
    ) -> tuple[Outcome, list[Request]]:
        """What came of the work, and what the server was asked."""
        async with FakeMessagesServer(script) as server:
            outcome = await self.agent(server, **(settings or {})).run(self.assignment(**changes), self.desk)
            return outcome, server.requests

    def agent(self, server: FakeMessagesServer, **settings: Any) -> AnthropicAgent:
        checked = AnthropicSettings.model_validate({"base_url": server.base_url, **settings})
        around = Surroundings(sleep=self.sleep, random=lambda: 1.0, gate_for=self.gate_for)
        return AnthropicAgent(checked, around)

    def gate_for(self, credential: str, base_url: str | None = None) -> Gate:
        """The gate that the test has put there, else an ordinary one."""
        return self.gate or self.gates.gate_for(credential)

    async def sleep(self, seconds: float) -> None:
        """Wait for nothing, and let others work."""
        self.pauses.append(seconds)
        await asyncio.sleep(0)

    def roles(self) -> list[str]:
        """Who said what in the conversation, in short."""
        return [
            f"{message['role']} {' '.join(block['type'] for block in message['content'])}"
            for message in self.desk.conversation.messages
        ]
