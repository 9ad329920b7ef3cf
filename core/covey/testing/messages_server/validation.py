"""What the API refuses by itself, before a model is asked: a conversation that is put together wrongly.

The checks are those that a client's tool loop can fail; their texts are the API's, as far as they are known.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from covey.testing.messages_server.faults import Refusal, bad_request
from covey.testing.messages_server.requests import blocks_of

_KEYS = {
    "text": {"type", "text", "cache_control", "citations"},
    "thinking": {"type", "thinking", "signature"},
    "tool_use": {"type", "id", "name", "input", "cache_control", "caller", "toolset_name"},
    "tool_result": {"type", "tool_use_id", "content", "is_error", "cache_control", "toolset_name"},
}
"""What a block of a message may have; blocks of other types are let through."""

_MOST_MARKS = 4
_ROLES = ("user", "assistant")


def refusal(headers: Mapping[str, str], body: Mapping[str, Any]) -> Refusal | None:
    """Why the API would not answer this request; None when it would."""
    if not body:
        return bad_request("The request body is not valid JSON")
    return next((bad_request(problem) for problem in _problems(headers, body)), None)


def _problems(headers: Mapping[str, str], body: Mapping[str, Any]) -> Iterator[str]:
    if "anthropic-version" not in headers:
        yield "anthropic-version: header is required"
    for name, kind in (("model", str), ("max_tokens", int), ("messages", list)):
        if name not in body:
            yield f"{name}: Field required"
        elif not isinstance(body[name], kind):
            yield f"{name}: Input should be a valid {kind.__name__}"
    if body["max_tokens"] < 1:
        yield "max_tokens: must be greater than or equal to 1"
    yield from _in_messages(body["messages"])
    marks = json.dumps([body.get("tools"), body.get("system"), body["messages"]]).count('"cache_control": {')
    if marks > _MOST_MARKS:
        yield f"A maximum of {_MOST_MARKS} blocks with cache_control may be provided. Found {marks}."


def _in_messages(messages: list[Any]) -> Iterator[str]:
    if not messages:
        yield "messages: at least one message is required"
    for n, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in _ROLES or "content" not in message:
            yield f"messages.{n}: Input should be a message with the role user or assistant, and content"
            return
    if messages and messages[0]["role"] != "user":
        yield 'messages: first message must use the "user" role'
    for n, message in enumerate(messages):
        yield from _in_content(n, message, is_last=n == len(messages) - 1)
    yield from _in_calls(messages)


def _in_content(n: int, message: dict[str, Any], *, is_last: bool) -> Iterator[str]:
    blocks = blocks_of(message)
    if not blocks and not (is_last and message["role"] == "assistant"):
        yield f"messages.{n}: all messages must have non-empty content except for the optional final assistant message"
    for extra in sorted(set(message) - {"role", "content"}):
        yield f"messages.{n}.{extra}: Extra inputs are not permitted"
    for at, block in enumerate(blocks):
        kind = str(block.get("type"))
        for extra in sorted(set(block) - _KEYS.get(kind, set(block))):
            yield f"messages.{n}.content.{at}.{kind}.{extra}: Extra inputs are not permitted"
        if block.get("type") == "text" and not block.get("text"):
            yield "messages: text content blocks must be non-empty"


def _in_calls(messages: list[dict[str, Any]]) -> Iterator[str]:
    """Each call of a tool has its result in the very next message, and each result its call in the one before."""
    for n, message in enumerate(messages):
        called = _ids(message, "tool_use", "id")
        following = messages[n + 1] if n + 1 < len(messages) else {}
        if message["role"] == "assistant" and (left := called - _ids(following, "tool_result", "tool_use_id")):
            yield (
                f"messages.{n}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(sorted(left))}. Each `tool_use` block must have a corresponding `tool_result` block in "
                "the next message."
            )
        before = messages[n - 1] if n else {}
        results = _ids(message, "tool_result", "tool_use_id")
        for identifier in sorted(results - _ids(before, "tool_use", "id")):
            yield (
                f"messages.{n}.content: unexpected `tool_use_id` found in `tool_result` blocks: {identifier}. Each "
                "`tool_result` block must have a corresponding `tool_use` block in the previous message."
            )


def _ids(message: Mapping[str, Any], kind: str, key: str) -> set[str]:
    return {str(block.get(key)) for block in blocks_of(message) if block.get("type") == kind}
