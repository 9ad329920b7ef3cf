"""In which manner a server speaks the API: as Anthropic does, or as one that others have built after it.

What differs was read in the bug trackers of these programs; a client that works with all of them relies on nothing but
the blocks of content and a stop reason.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from covey.testing.messages_server.faults import Refusal


class ErrorForm(StrEnum):
    """What the body of an error looks like."""

    ANTHROPIC = "anthropic"
    OPENAI = "openai"
    """The kind is the text "None", and the code is the status as text."""
    PLAIN = "plain"
    """`{"error": "…"}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """What comes along with an answer, and what does not."""

    needs_key: bool = True
    request_id: bool = True
    pings: bool = True
    limits_told: bool = True
    """Whether the headers tell the rate limit."""
    cache_counted: bool = True
    """Whether the usage has tokens of the cache."""
    usage_counted: bool = True
    """Whether there is a usage at all; without, a stream begins with zeros and its `message_delta` has none."""
    whole_arguments: bool = False
    """Whether the arguments of a tool's call come in one piece."""
    empty_text_first: bool = False
    """Whether a text without characters comes before all else."""
    end_turn_always: bool = False
    """Whether a turn that calls tools ends with `end_turn`, too."""
    unknown_events: bool = False
    """Whether events come that nobody has heard of."""
    done_at_last: bool = False
    """Whether `data: [DONE]` follows the last event."""
    errors: ErrorForm = ErrorForm.ANTHROPIC

    def error(self, refusal: Refusal, request_id: str) -> dict[str, Any]:
        """The body of an error."""
        match self.errors:
            case ErrorForm.ANTHROPIC:
                error: dict[str, Any] = {"type": refusal.kind, "message": refusal.message}
                if refusal.code is not None:
                    error["details"] = {"error_code": refusal.code}
                return {"type": "error", "error": error} | ({"request_id": request_id} if self.request_id else {})
            case ErrorForm.OPENAI:
                told = {"message": refusal.message, "type": "None", "param": "None", "code": str(refusal.status)}
                return {"error": told}
            case ErrorForm.PLAIN:
                return {"error": refusal.message}


ANTHROPIC = Manner()

OLLAMA = Manner(
    needs_key=False, request_id=False, pings=False, limits_told=False, cache_counted=False, whole_arguments=True
)

LITELLM = Manner(
    request_id=False,
    pings=False,
    limits_told=False,
    cache_counted=False,
    empty_text_first=True,
    end_turn_always=True,
    errors=ErrorForm.OPENAI,
)

VLLM = Manner(needs_key=False, request_id=False, pings=False, limits_told=False, cache_counted=False, done_at_last=True)

GATEWAY = Manner(request_id=False, limits_told=False, usage_counted=False, unknown_events=True, errors=ErrorForm.PLAIN)
"""Something in between that swallows headers and usage, and adds events of its own. The client's own helper for streams
(`messages.stream`) cannot read it; its events can be read one by one (`messages.create(stream=True)`)."""
