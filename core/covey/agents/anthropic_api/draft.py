"""What a stream says, put together: a draft takes events one by one, and is an answer once it has ended as it should.

Pure, and free of the client: events come as the JSON text of their data. What the API may add to them is ignored; what
it may not leave out is missed with a `BrokenStreamError`.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import msgspec

from covey.agents.base import Message

Block = dict[str, Any]


class StopReason(StrEnum):
    """Why the model stopped, as far as covey knows what to do about it."""

    END_TURN = "end_turn"
    TOOL_USE = "tool_use"
    STOP_SEQUENCE = "stop_sequence"
    MAX_TOKENS = "max_tokens"
    PAUSE_TURN = "pause_turn"
    REFUSAL = "refusal"
    CONTEXT_EXCEEDED = "model_context_window_exceeded"


class BrokenStreamError(ValueError):
    """The stream is not what the API says it would be: cut, out of order, or no JSON."""


class ErrorInStreamError(Exception):
    """The API has said within the stream that it failed; `kind` is its word for it."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Piece(NamedTuple):
    """What came of one event for whoever listens: a piece of text or of thinking; `ends`: nothing of it follows."""

    text: str
    is_thinking: bool = False
    ends: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer of the model.

    `content` are its blocks, as they have to be given back. `was_cut`: the tokens ran out within a tool's call, which
    is not among them.
    """

    content: list[Block]
    reason: StopReason
    explanation: str | None = None
    was_cut: bool = False

    @property
    def calls(self) -> list[Block]:
        """The calls of tools that it has, in their order."""
        return calls_in(self.content)

    @property
    def message(self) -> Message:
        """The answer as the conversation keeps it; `stop_reason` tells later whether the model had ended."""
        return {"role": "assistant", "content": self.content, "stop_reason": self.reason.value}


def calls_in(content: list[Block]) -> list[Block]:
    """The calls of tools among blocks."""
    return [block for block in content if block.get("type") == "tool_use"]


class _Started(msgspec.Struct):
    model: Any = None
    usage: dict[str, Any] = {}


class _Delta(msgspec.Struct):
    type: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    partial_json: str = ""
    stop_reason: str | None = None
    stop_details: dict[str, Any] | None = None


class _Failed(msgspec.Struct):
    type: str = "api_error"
    message: str = ""


class _Event(msgspec.Struct):
    type: str
    index: int = 0
    message: _Started | None = None
    content_block: dict[str, Any] | None = None
    delta: _Delta | None = None
    usage: dict[str, Any] | None = None
    error: _Failed | None = None


_event = msgspec.json.Decoder(_Event)
_object = msgspec.json.Decoder(dict[str, Any])

_BEFORE = frozenset({"ping"})
"""What may come before the message does."""

_LONGEST_NAME = 200

_KINDS = {
    "input": "input_tokens",
    "output": "output_tokens",
    "cache_read": "cache_read_input_tokens",
    "cache_write": "cache_creation_input_tokens",
}


@dataclass(slots=True)
class _Open:
    """A block that is being sent: as it began, and its deltas so far."""

    block: Block
    pieces: list[str] = field(default_factory=list)
    signature: str = ""


class Draft:
    """An answer as far as it has come; `model` is the one that gives it, where the API names it."""

    def __init__(self) -> None:
        self._began = False
        self._open: dict[int, _Open] = {}
        self._content: list[Block] = []
        self._was_cut = False
        self._reason: str | None = None
        self._details: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self.model: str | None = None

    @property
    def tokens(self) -> dict[str, int]:
        """The tokens that were used so far, by kind; kinds of which there are none are left out."""
        counted = {kind: self._usage.get(name) for kind, name in _KINDS.items()}
        return {kind: number for kind, number in counted.items() if isinstance(number, int) and number > 0}

    def take(self, data: str) -> Piece | None:
        """Take the data of the next event.

        Raises:
            BrokenStreamError: it is no event that can come here.
            ErrorInStreamError: it says that the API has failed.
        """
        try:
            event = _event.decode(data)
        except (msgspec.DecodeError, UnicodeError) as error:
            raise BrokenStreamError(f"an event is no JSON of the API's: {error}") from error
        if event.type == "error":
            failed = event.error or _Failed()
            raise ErrorInStreamError(failed.type, failed.message)
        return self._apply(event)

    def _apply(self, event: _Event) -> Piece | None:
        """Put an event in; `ping`, `message_stop` and whatever is new change nothing."""
        if event.type == "message_start":
            self._start(event)
            return None
        if not self._began and event.type not in _BEFORE:
            raise BrokenStreamError("the stream does not begin with its message")
        match event.type:
            case "content_block_start":
                self._begin_block(event)
            case "content_block_delta":
                return self._grow_block(event)
            case "content_block_stop":
                return self._end_block(event)
            case "message_delta":
                self._end_message(event)
        return None

    def answer(self) -> Answer:
        """The whole answer.

        Raises:
            BrokenStreamError: the stream did not end as one does that is whole.
        """
        if not self._began:
            raise BrokenStreamError("the stream ended before it began")
        if self._reason is None:
            raise BrokenStreamError("the stream ended without a stop reason: it was cut")
        if self._reason not in set(StopReason):
            raise UnknownStopError(self._reason)
        if self._open:
            raise BrokenStreamError("the stream ended within a block")
        reason = StopReason(self._reason)
        if self._was_cut and reason is not StopReason.MAX_TOKENS:
            raise BrokenStreamError("the arguments of a tool's call are no JSON object")
        explanation = self._details.get("explanation") or self._details.get("category")
        return Answer(
            content=self._content,
            reason=reason,
            explanation=None if explanation is None else str(explanation),
            was_cut=self._was_cut,
        )

    def _start(self, event: _Event) -> None:
        if self._began:
            raise BrokenStreamError("the message began twice")
        self._began = True
        message = event.message or _Started()
        self._count(message.usage)
        # Some gateways name none, or the name is none: then it is the one that was asked.
        if isinstance(message.model, str) and 0 < len(message.model) <= _LONGEST_NAME:
            self.model = message.model

    def _begin_block(self, event: _Event) -> None:
        if event.content_block is None or event.index in self._open:
            raise BrokenStreamError("a block began twice, or without its kind")
        self._open[event.index] = _Open(event.content_block)

    def _grow_block(self, event: _Event) -> Piece | None:
        grown = self._open.get(event.index)
        if grown is None or event.delta is None:
            raise BrokenStreamError("a piece came of a block that is not open")
        delta = event.delta
        grown.signature += delta.signature
        piece = delta.text or delta.thinking
        if piece or delta.partial_json:
            grown.pieces.append(piece or delta.partial_json)
        return Piece(piece, is_thinking=bool(delta.thinking)) if piece else None

    def _end_block(self, event: _Event) -> Piece | None:
        ended = self._open.pop(event.index, None)
        if ended is None:
            raise BrokenStreamError("a block ended that was not open")
        kind, block = ended.block.get("type"), _closed(ended)
        if block is not None:
            self._content.append(block)
        elif kind == "tool_use":
            self._was_cut = True
        return Piece("", is_thinking=kind == "thinking", ends=True) if kind in {"text", "thinking"} else None

    def _end_message(self, event: _Event) -> None:
        if event.delta is not None:
            self._reason = event.delta.stop_reason or self._reason
            self._details = event.delta.stop_details or self._details
        self._count(event.usage)

    def _count(self, usage: dict[str, Any] | None) -> None:
        # Later events tell the sum so far, and may leave out what has not changed.
        self._usage.update({name: number for name, number in (usage or {}).items() if number is not None})


class UnknownStopError(Exception):
    """The model stopped for a reason that this covey does not know."""


def _closed(ended: _Open) -> Block | None:
    """A block with its deltas put in.

    None for one that the API would not take back: a blank text, thinking that nobody has signed, half a tool's call.
    """
    block, text = ended.block, "".join(ended.pieces)
    match block.get("type"):
        case "text":
            whole = str(block.get("text") or "") + text
            return {"type": "text", "text": whole} if whole.strip() else None
        case "thinking":
            signature = str(block.get("signature") or "") + ended.signature
            thinking = str(block.get("thinking") or "") + text
            return {"type": "thinking", "thinking": thinking, "signature": signature} if signature else None
        case "tool_use":
            arguments = _arguments(block.get("input"), text)
            called = {"type": "tool_use", "id": block.get("id"), "name": block.get("name")}
            return None if arguments is None else {**called, "input": arguments}
        case _:
            return block


def _arguments(whole: object, text: str) -> dict[str, Any] | None:
    if not text.strip():
        return whole if isinstance(whole, dict) else {}
    try:
        return _object.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return None
