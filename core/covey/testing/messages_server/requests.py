"""What a client has asked, taken apart for a script. A key is never kept: only its name, and a fingerprint of it."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

HIDDEN = "[hidden]"
"""What stands where a key stood."""

_SECRETS = ("x-api-key", "authorization", "proxy-authorization", "cookie")


def fingerprint(key: str) -> str:
    """Of a key, what may be kept: enough to tell two of them apart, too little to use one."""
    return hashlib.sha256(key.encode()).hexdigest()[:12]


class ToolResult(NamedTuple):
    """What a tool gave back: `name` and `arguments` are those of the call it answers."""

    id: str
    name: str
    arguments: Mapping[str, Any]
    text: str
    is_error: bool


@dataclass(frozen=True)
class Request:
    """One request of `POST /v1/messages`; `number` counts from 1 over all that this server has been sent.

    `headers` have lower-case names, and `[hidden]` where a key stood; `credential` is the key's `fingerprint`, None
    without one. `body` is the parsed JSON as it came.
    """

    number: int
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    credential: str | None = None

    @property
    def model(self) -> str:
        """The model that is asked."""
        return str(self.body.get("model", ""))

    @property
    def stream(self) -> bool:
        """Whether the answer is to come as events."""
        return self.body.get("stream") is True

    @property
    def system(self) -> str:
        """The system prompt, its blocks joined."""
        return text_of(self.body.get("system", ""))

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The conversation so far."""
        return list(self.body.get("messages", []))

    @property
    def tools(self) -> tuple[str, ...]:
        """The names of the tools that the model may call."""
        return tuple(str(tool.get("name")) for tool in self.body.get("tools") or ())

    @property
    def prompt(self) -> str:
        """The text of the first message."""
        return text_of(self.messages[0]["content"]) if self.messages else ""

    @property
    def turn(self) -> int:
        """Which answer of the model this asks for: 1 in a conversation that begins."""
        return 1 + [message.get("role") for message in self.messages].count("assistant")

    @cached_property
    def tool_results(self) -> tuple[ToolResult, ...]:
        """All results of tools in the conversation, oldest first."""
        return tuple(_results(self.messages))


def _results(messages: list[dict[str, Any]]) -> Iterator[ToolResult]:
    calls: dict[str, dict[str, Any]] = {}
    for message in messages:
        for block in blocks_of(message):
            if block.get("type") == "tool_use":
                calls[str(block.get("id"))] = block
            elif block.get("type") == "tool_result":
                identifier = str(block.get("tool_use_id"))
                call = calls.get(identifier, {})
                yield ToolResult(
                    identifier,
                    str(call.get("name", "")),
                    call.get("input") or {},
                    text_of(block.get("content", "")),
                    block.get("is_error") is True,
                )


def blocks_of(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A message's content as blocks."""
    content = message.get("content", "")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []


def text_of(content: object) -> str:
    """The text of a system prompt, a message's content or a tool's result, its blocks joined by lines."""
    return "\n".join(str(block["text"]) for block in blocks_of({"content": content}) if "text" in block)


def without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers, with `[hidden]` in place of keys."""
    return {name: HIDDEN if name in _SECRETS else value for name, value in headers.items()}


def credential_in(headers: Mapping[str, str]) -> str | None:
    """The fingerprint of the key that came along; None without one."""
    key = headers.get("x-api-key") or headers.get("authorization", "").partition(" ")[2]
    return fingerprint(key) if key else None
