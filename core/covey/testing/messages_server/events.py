"""How a reply goes over the wire: as one JSON message, or as the API's events. Pure: no time, no I/O."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from covey.testing.messages_server.replies import CHARACTERS_PER_TOKEN, Block, Reply, Text, Thinking, ToolUse


class Event(NamedTuple):
    """One event of a stream; `is_delta`: there is the reply's pace before it."""

    name: str
    data: dict[str, Any]
    is_delta: bool = False

    def encoded(self) -> bytes:
        """The event as server-sent events have it."""
        return f"event: {self.name}\ndata: {json.dumps(self.data, ensure_ascii=False)}\n\n".encode()


class Sending(NamedTuple):
    """A reply on its way: to whom, under which id, and how many characters were asked with."""

    reply: Reply
    message_id: str
    model: str
    asked: int


def message(sending: Sending) -> dict[str, Any]:
    """The whole answer as one message."""
    return {
        **_head(sending),
        "content": [_whole(block, f"{sending.message_id}_{n}") for n, block in enumerate(sending.reply.blocks)],
        "stop_reason": sending.reply.reason,
        "usage": usage(sending),
    }


def stream(sending: Sending) -> Iterator[Event]:
    """The answer as events: start, blocks with their deltas, delta of the message, stop; a `ping` after the start."""
    started = usage(sending) | {"output_tokens": 1}
    yield Event("message_start", {"type": "message_start", "message": {**_head(sending), "usage": started}})
    yield Event("ping", {"type": "ping"})
    for index, block in enumerate(sending.reply.blocks):
        yield from _block(index, block, sending)
    ended = {"stop_reason": sending.reply.reason, "stop_sequence": None}
    yield Event("message_delta", {"type": "message_delta", "delta": ended, "usage": usage(sending)})
    yield Event("message_stop", {"type": "message_stop"})


def _head(sending: Sending) -> dict[str, Any]:
    return {
        "id": sending.message_id,
        "type": "message",
        "role": "assistant",
        "model": sending.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def usage(sending: Sending) -> dict[str, int]:
    """The tokens of a reply: as its script says, else counted."""
    told = sending.reply.usage
    said = sum(len(_said(block)) for block in sending.reply.blocks)
    return {
        "input_tokens": _tokens(sending.asked) if told.input is None else told.input,
        "cache_creation_input_tokens": told.cache_write,
        "cache_read_input_tokens": told.cache_read,
        "output_tokens": _tokens(said) if told.output is None else told.output,
    }


def _tokens(characters: int) -> int:
    return max(1, characters // CHARACTERS_PER_TOKEN)


def _said(block: Block) -> str:
    match block:
        case Text(text):
            return text
        case Thinking(thinking):
            return thinking
        case ToolUse(arguments=str(raw)):
            return raw
        case ToolUse(arguments=arguments):
            return json.dumps(arguments, ensure_ascii=False)


def _whole(block: Block, number: str) -> dict[str, Any]:
    match block:
        case Text(text):
            return {"type": "text", "text": text}
        case Thinking(thinking, signature):
            return {"type": "thinking", "thinking": thinking, "signature": signature}
        case ToolUse(name, arguments, identifier):
            return {"type": "tool_use", "id": identifier or f"toolu_{number}", "name": name, "input": _input(arguments)}


def _input(arguments: Mapping[str, object] | str) -> dict[str, Any]:
    """Arguments as the API gives them without a stream; what is no JSON object comes as none."""
    if not isinstance(arguments, str):
        return dict(arguments)
    try:
        parsed = json.loads(arguments)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _block(index: int, block: Block, sending: Sending) -> Iterator[Event]:
    whole = _whole(block, f"{sending.message_id}_{index}")
    match block:
        case Text():
            start, kind = whole | {"text": ""}, ("text_delta", "text")
        case Thinking():
            start, kind = whole | {"thinking": "", "signature": ""}, ("thinking_delta", "thinking")
        case ToolUse():
            start, kind = whole | {"input": {}}, ("input_json_delta", "partial_json")
    yield Event("content_block_start", {"type": "content_block_start", "index": index, "content_block": start})
    for piece in _pieces(_said(block), sending.reply.delta_size):
        yield _delta(index, {"type": kind[0], kind[1]: piece}, paced=True)
    if isinstance(block, Thinking):
        yield _delta(index, {"type": "signature_delta", "signature": block.signature}, paced=False)
    yield Event("content_block_stop", {"type": "content_block_stop", "index": index})


def _delta(index: int, delta: dict[str, Any], *, paced: bool) -> Event:
    return Event("content_block_delta", {"type": "content_block_delta", "index": index, "delta": delta}, paced)


def _pieces(text: str, size: int) -> Sequence[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]
