"""What is sent to the API: a conversation as it takes it, with marks for its cache, and what is still unanswered in it.

Pure. A conversation keeps one message for each thing that was said or came of a tool; the API wants turns, so what one
side has said in a row is sent as one message.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from covey.agents.anthropic_api.draft import Block, StopReason, calls_in
from covey.agents.anthropic_api.settings import AnthropicSettings
from covey.agents.base import Message

_CACHED = {"type": "ephemeral"}
_MARKED_TURNS = 2
"""So many of the last user's turns end with a mark: the API looks back from each only for some twenty blocks."""

INTERRUPTED = (
    "This call was interrupted, and nobody knows how far it came: look at the file first. It was not made again."
)
"""What is answered to a call whose result was never stored."""


def request_for(
    settings: AnthropicSettings, model: str, system: str, tools: Sequence[dict[str, Any]], messages: Sequence[Message]
) -> dict[str, Any]:
    """The arguments of a request. What does not change stands first and is marked: tools, system, then the turns."""
    request: dict[str, Any] = {
        "model": model,
        "max_tokens": settings.max_tokens,
        "system": [{"type": "text", "text": system, "cache_control": _CACHED}],
        "tools": list(tools),
        "messages": as_turns(messages),
    }
    if settings.effort is not None:
        request["output_config"] = {"effort": settings.effort.value}
    return request


def as_turns(messages: Iterable[Message]) -> list[Message]:
    """The messages as turns, the last of the user's with a mark for the cache."""
    turns: list[Message] = []
    for message in messages:
        if turns and turns[-1]["role"] == message["role"]:
            turns[-1]["content"].extend(message["content"])
        else:
            turns.append({"role": message["role"], "content": list(message["content"])})
    for turn in [each for each in turns if each["role"] == "user"][-_MARKED_TURNS:]:
        turn["content"][-1] = {**turn["content"][-1], "cache_control": _CACHED}
    return turns


def said_by_user(text: str) -> Message:
    """A text as a message of the user's."""
    return {"role": "user", "content": [{"type": "text", "text": text}]}


def result_of(call: Block, text: str, *, is_error: bool = False) -> Message:
    """What came of a call, as a message of the user's. The API takes no error without a word."""
    content = text if text.strip() else "(nothing)"
    block = {"type": "tool_result", "tool_use_id": call["id"], "content": content}
    return {"role": "user", "content": [{**block, "is_error": True} if is_error else block]}


def unanswered(messages: Sequence[Message]) -> list[Block]:
    """The calls of the last answer that have no result."""
    last = next((at for at in reversed(range(len(messages))) if messages[at]["role"] == "assistant"), None)
    if last is None:
        return []
    blocks = [block for message in messages[last + 1 :] for block in message["content"]]
    done = {block.get("tool_use_id") for block in blocks if block.get("type") == "tool_result"}
    return [call for call in calls_in(messages[last]["content"]) if call["id"] not in done]


def has_ended(messages: Sequence[Message]) -> bool:
    """The last thing in the conversation is an answer by which the model has ended its work."""
    last = messages[-1] if messages else {}
    reasons = {StopReason.END_TURN.value, StopReason.STOP_SEQUENCE.value}
    return last.get("role") == "assistant" and last.get("stop_reason") in reasons and not calls_in(last["content"])
