"""How a reply goes over the wire: as one JSON message, or as the API's events. Pure: no time, no I/O."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from covey.testing.messages_server.caching import Counted
from covey.testing.messages_server.manners import ANTHROPIC, Manner
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
    """A reply on its way: under which id, from which model, with how many tokens it was asked for, in which manner."""

    reply: Reply
    message_id: str
    model: str
    asked: Counted = Counted(rest=1)
    manner: Manner = ANTHROPIC

    @property
    def blocks(self) -> tuple[Block, ...]:
        """What is said."""
        return (Text(""), *self.reply.blocks) if self.manner.empty_text_first else self.reply.blocks

    @property
    def reason(self) -> str:
        """Why the model stopped, as it is told."""
        return "end_turn" if self.manner.end_turn_always else self.reply.reason


def message(sending: Sending) -> dict[str, Any]:
    """The whole answer as one message."""
    counted = {"usage": usage(sending)} if sending.manner.usage_counted else {}
    content = [_whole(block, f"{sending.message_id}_{n}") for n, block in enumerate(sending.blocks)]
    return {**_head(sending), "content": content, "stop_reason": sending.reason, **counted}


def stream(sending: Sending) -> Iterator[Event]:
    """The answer as events: start, blocks with their deltas, delta of the message, stop; pings and others between."""
    manner = sending.manner
    counted = usage(sending)
    started = (counted if manner.usage_counted else dict.fromkeys(counted, 0)) | {"output_tokens": 0}
    yield Event("message_start", {"type": "message_start", "message": {**_head(sending), "usage": started}})
    if manner.pings:
        yield Event("ping", {"type": "ping"})
    if manner.unknown_events:
        yield Event("gateway_notice", {"type": "gateway_notice", "notice": {"route": "b"}})
    for index, block in enumerate(sending.blocks):
        yield from _block(index, block, sending)
    ended = {"stop_reason": sending.reason, "stop_sequence": None}
    told = {"usage": counted} if manner.usage_counted else {}
    yield Event("message_delta", {"type": "message_delta", "delta": ended, **told})
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
    told, asked = sending.reply.usage, sending.asked
    said = sum(len(_said(block)) for block in sending.reply.blocks)
    cached = {
        "cache_creation_input_tokens": asked.written if told.cache_write is None else told.cache_write,
        "cache_read_input_tokens": asked.read if told.cache_read is None else told.cache_read,
    }
    return {
        "input_tokens": asked.rest if told.input is None else told.input,
        **(cached if sending.manner.cache_counted else {}),
        "output_tokens": max(1, said // CHARACTERS_PER_TOKEN) if told.output is None else told.output,
    }


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
    size = sending.reply.delta_size
    match block:
        case Text():
            start, kind = whole | {"text": ""}, ("text_delta", "text")
        case Thinking():
            start, kind = whole | {"thinking": "", "signature": ""}, ("thinking_delta", "thinking")
        case ToolUse():
            start, kind = whole | {"input": {}}, ("input_json_delta", "partial_json")
            size = max(size, len(_said(block))) if sending.manner.whole_arguments else size
    yield Event("content_block_start", {"type": "content_block_start", "index": index, "content_block": start})
    for piece in _pieces(_said(block), size):
        yield _delta(index, {"type": kind[0], kind[1]: piece}, paced=True)
    if isinstance(block, Thinking):
        yield _delta(index, {"type": "signature_delta", "signature": block.signature}, paced=False)
    yield Event("content_block_stop", {"type": "content_block_stop", "index": index})


def _delta(index: int, delta: dict[str, Any], *, paced: bool) -> Event:
    return Event("content_block_delta", {"type": "content_block_delta", "index": index, "delta": delta}, paced)


def _pieces(text: str, size: int) -> Sequence[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]
