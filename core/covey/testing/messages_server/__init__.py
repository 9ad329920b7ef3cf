"""A server of the Anthropic Messages API that runs in a test, on this machine, and does what a script says.

It speaks the real protocol over a real socket, so that a real client can be tested against all that the real API does:
streams, tools, rate limits, refusals, and connections that break in every way. `server` has the example to begin with.
"""

from covey.testing.messages_server import faults
from covey.testing.messages_server.authors import author
from covey.testing.messages_server.faults import Answer, Break, Broken, Fault, Refusal, Unanswered
from covey.testing.messages_server.limits import RateLimit
from covey.testing.messages_server.manners import ANTHROPIC, GATEWAY, LITELLM, OLLAMA, VLLM, Manner
from covey.testing.messages_server.replies import Reply, Text, Thinking, ToolUse, Usage
from covey.testing.messages_server.requests import HIDDEN, Request, ToolResult, fingerprint
from covey.testing.messages_server.server import FakeMessagesServer, Script, in_turn

__all__ = [
    "ANTHROPIC",
    "GATEWAY",
    "HIDDEN",
    "LITELLM",
    "OLLAMA",
    "VLLM",
    "Answer",
    "Break",
    "Broken",
    "FakeMessagesServer",
    "Fault",
    "Manner",
    "RateLimit",
    "Refusal",
    "Reply",
    "Request",
    "Script",
    "Text",
    "Thinking",
    "ToolResult",
    "ToolUse",
    "Unanswered",
    "Usage",
    "author",
    "faults",
    "fingerprint",
    "in_turn",
]
