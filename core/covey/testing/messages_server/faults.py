"""What a script can have go wrong, as the API, its gateways and networks really do.

The functions make the usual ones; each can be returned by a script where a `Reply` could be. Those that break an
answer off take the reply that was on its way, and after how many of its events it breaks.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from covey.errors import ScriptError
from covey.testing.messages_server.replies import Reply

DRAFT = Reply("I begin with the source, then I write the document, section by section, as it was asked for.")
"""What was about to be said where a script does not say it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with an HTTP status from 400 on. `body` replaces the server's own form of an error.

    `code` is the stable name of the cause, where the API has one for it.
    """

    status: int
    kind: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    code: str | None = None

    def __post_init__(self) -> None:
        """Refuse what is no error.

        Raises:
            ScriptError: with what is wrong.
        """
        if not 400 <= self.status <= 599:  # noqa: PLR2004 - the HTTP statuses that are errors
            raise ScriptError(f"A refusal has the status {self.status}; it has to be from 400 to 599.")


class Break(StrEnum):
    """How an answer that has begun does not end as it should."""

    RESET = "reset"
    """The connection is reset: the client reads an error."""
    CUT = "cut"
    """The connection is closed in the middle of the body."""
    END = "end"
    """The body ends in good order, but too early: there is no `message_stop`."""
    TRUNCATED = "truncated"
    """The next event is cut off in the middle of its JSON, after which the body ends in good order."""
    MALFORMED = "malformed"
    """The next event's data is no JSON at all; then the answer goes on."""
    STALLED = "stalled"
    """Nothing more comes until the server is told to go on, or the client leaves; then the answer goes on."""
    ERROR = "error"
    """An `error` event comes, and the body ends."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An answer that begins well: `after` so many events it breaks; 0 = after the head of the response."""

    how: Break
    after: int = 3
    reply: Reply = DRAFT
    error: Refusal | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be played.

        Raises:
            ScriptError: with what is wrong.
        """
        if self.after < 0:
            raise ScriptError(f"An answer breaks after {self.after} events; it has to be 0 or more.")
        if (self.how is Break.ERROR) is not (self.error is not None):
            raise ScriptError("An answer that breaks with Break.ERROR, and only such a one, has an error.")


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No response at all, not even its head: the connection is reset or closed, or nothing comes until told to."""

    how: Break = Break.CUT

    def __post_init__(self) -> None:
        """Refuse what needs a response.

        Raises:
            ScriptError: with what is wrong.
        """
        if self.how not in (Break.RESET, Break.CUT, Break.STALLED):
            raise ScriptError(f"Without a response there is no Break.{self.how.name}; take RESET, CUT or STALLED.")


_IN_STREAM = {
    "overloaded_error": (529, "Overloaded"),
    "api_error": (500, "Internal server error"),
    "rate_limit_error": (429, "Number of requests has exceeded your rate limit"),
    "timeout_error": (504, "The request timed out"),
}

Fault: TypeAlias = Refusal | Broken | Unanswered
Answer: TypeAlias = Reply | Fault


def bad_request(message: str = "max_tokens: must be greater than or equal to 1") -> Refusal:
    """400: the request itself is wrong."""
    return Refusal(400, "invalid_request_error", message)


def prompt_too_long(tokens: int = 214_380, most: int = 200_000) -> Refusal:
    """400: the conversation does not fit the model's context any more."""
    return Refusal(400, "invalid_request_error", f"prompt is too long: {tokens} tokens > {most} maximum")


def unauthorized(message: str = "invalid x-api-key") -> Refusal:
    """401: the key is wrong, revoked, or not there."""
    return Refusal(401, "authentication_error", message)


def out_of_credit(status: int = 400) -> Refusal:
    """The account is empty: 400 as an invalid request, which is what the API has long answered, or 402."""
    kind = "billing_error" if status == 402 else "invalid_request_error"  # noqa: PLR2004 - Payment Required
    message = (
        "Your credit balance is too low to access the Anthropic API. "
        "Please go to Plans & Billing to upgrade or purchase credits."
    )
    return Refusal(status, kind, message)


def forbidden(message: str = "Your API key does not have permission to use the specified resource.") -> Refusal:
    """403: the key is right, and not enough."""
    return Refusal(403, "permission_error", message)


def unknown_model(model: str) -> Refusal:
    """404: there is no such model for this key."""
    return Refusal(404, "not_found_error", f"model: {model}")


def too_large() -> Refusal:
    """413: more bytes than the API takes."""
    return Refusal(413, "request_too_large", "Request exceeds the maximum size")


def rate_limited(
    retry_after: float | None = None, *, resets_at: datetime | None = None, headers: Mapping[str, str] | None = None
) -> Refusal:
    """429: too many requests; with `retry-after` (seconds) and the end of the limit only where they are given."""
    told = dict(headers or {})
    if retry_after is not None:
        told["retry-after"] = f"{retry_after:g}"
    if resets_at is not None:
        told["anthropic-ratelimit-requests-remaining"] = "0"
        told["anthropic-ratelimit-requests-reset"] = moment(resets_at)
    message = "This request would exceed your organization's rate limit. Please try again later."
    return Refusal(429, "rate_limit_error", message, told)


def spend_limit_reached() -> Refusal:
    """429, which no waiting of minutes mends: the month's spending has reached the organization's threshold."""
    message = "You have reached your specified API usage limits. You will regain access next month."
    return Refusal(429, "rate_limit_error", message, code="enforced_spend_limit_reached")


def internal_error(status: int = 500) -> Refusal:
    """500 and its likes: the API's own fault."""
    return Refusal(status, "api_error", "Internal server error")


def bad_gateway(status: int = 502) -> Refusal:
    """502, 503 or 504 of a proxy before the API: a page of HTML instead of JSON."""
    page = b"<html><head><title>Bad Gateway</title></head><body><center><h1>Bad Gateway</h1></center></body></html>"
    return Refusal(status, "api_error", "Bad Gateway", {"content-type": "text/html"}, page)


def overloaded(retry_after: float | None = None) -> Refusal:
    """529: too much for the API as a whole."""
    told = {} if retry_after is None else {"retry-after": f"{retry_after:g}"}
    return Refusal(529, "overloaded_error", "Overloaded", told)


def error_in_stream(
    kind: str = "overloaded_error", after: int = 3, reply: Reply = DRAFT, message: str | None = None
) -> Broken:
    """An `error` event in a stream whose status was 200; `rate_limit_error` and `api_error` come so as well.

    A client that asked for no stream gets the status that belongs to the kind.
    """
    status, usual = _IN_STREAM.get(kind, (500, kind))
    return Broken(Break.ERROR, after, reply, Refusal(status, kind, usual if message is None else message))


def reset(after: int = 3, reply: Reply = DRAFT) -> Broken:
    """The connection is reset in the middle."""
    return Broken(Break.RESET, after, reply)


def cut(after: int = 3, reply: Reply = DRAFT) -> Broken:
    """The connection is closed in the middle; with `after=0` before the first event."""
    return Broken(Break.CUT, after, reply)


def ends_early(after: int = 3, reply: Reply = DRAFT) -> Broken:
    """The body ends in good order without `message_stop`: a careless client takes it for a whole answer."""
    return Broken(Break.END, after, reply)


def truncated(after: int = 3, reply: Reply = DRAFT) -> Broken:
    """An event whose JSON is cut off, at the end of the body."""
    return Broken(Break.TRUNCATED, after, reply)


def malformed(after: int = 3, reply: Reply = DRAFT) -> Broken:
    """An event whose data is no JSON, among good ones."""
    return Broken(Break.MALFORMED, after, reply)


def stalled(after: int = 3, reply: Reply = DRAFT) -> Broken:
    """Nothing more comes until `FakeMessagesServer.go_on`."""
    return Broken(Break.STALLED, after, reply)


def moment(at: datetime) -> str:
    """A moment as the headers of the API have it (RFC 3339, UTC, whole seconds)."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
