"""Failures told apart: whatever a request or its stream comes to, what it means and what is to be done about it.

Loaded together with the client, when it is first used. The client itself repeats nothing: a failed request is repeated
by the loop, which knows that no tool of it has run yet.
"""

from collections.abc import Callable, Mapping
from typing import Any

import anthropic
import httpx2

from covey.agents.anthropic_api.draft import BrokenStreamError, ErrorInStreamError, UnknownStopError
from covey.agents.anthropic_api.failures import TOO_LONG_ADVICE, Failure, Remedy, StalledError
from covey.model.status import FailureCause

EXPECTED = (
    *(anthropic.AnthropicError, httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL),
    *(BrokenStreamError, ErrorInStreamError, UnknownStopError, StalledError),
    *(AssertionError, ValueError, TypeError, RuntimeError, OSError, EOFError),
)
"""All that a request and its stream have been seen to raise; the client lets much of it through as it is."""

_BY_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status that belongs to the word for an error; within a stream the status is 200, whatever has happened."""

_NO_ADDRESS = (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, httpx2.InvalidURL)
_OK, _CLIENTS, _SERVERS = 200, 400, 500
_TIMEOUTS = frozenset({408, 504})
_BUSY = frozenset({429, 529})
_CREDENTIAL = frozenset({401, 402, 403})
_CREDIT = "credit balance"
_SPENT = "spend_limit_reached"
_TOO_LONG = "prompt is too long"
_LONGEST = 600


def failure_of(error: BaseException) -> Failure:
    """What an error means that a request or its stream has raised."""
    if isinstance(error, anthropic.APIConnectionError) and isinstance(error.__cause__, _NO_ADDRESS):
        error = error.__cause__  # the client says of it only that there is no connection
    for kinds, meaning in _MEANINGS:
        if isinstance(error, kinds):
            return meaning(error)
    return Failure(remedy=Remedy.NONE, cause=FailureCause.CRASH, message=_said(error))


def _of_status(error: anthropic.APIStatusError) -> Failure:
    kind = str(error.type or "")
    status = error.status_code
    if status == _OK:
        status = _BY_TYPE.get(kind, _SERVERS)
    code = error.error_code or ""
    message = str(error.api_message or error.message)
    return _answered(status, kind, message, code=code, headers=error.response.headers)


def _answered(
    status: int,
    kind: str,
    message: str,
    *,
    code: str = "",
    headers: Mapping[str, str] | None = None,
) -> Failure:
    """What an answer of the API means that says no."""
    remedy, cause = _meaning(status, kind, message, code)
    return Failure(
        remedy=remedy,
        cause=cause,
        message=_worded(status, kind, message),
        status=status,
        headers=dict(headers or {}),
    )


def _meaning(status: int, kind: str, message: str, code: str) -> tuple[Remedy, FailureCause]:
    if status in _CREDENTIAL or kind == "billing_error" or _CREDIT in message.lower() or code.endswith(_SPENT):
        return Remedy.CREDENTIAL, FailureCause.AUTH
    if status in _BUSY:
        return Remedy.WAIT, FailureCause.RATE_LIMIT
    if status in _TIMEOUTS:
        return Remedy.REPEAT, FailureCause.TIMEOUT
    if status >= _SERVERS or status < _CLIENTS:
        return Remedy.REPEAT, FailureCause.AGENT_ERROR
    return Remedy.NONE, FailureCause.AGENT_ERROR


def _worded(status: int, kind: str, message: str) -> str:
    said = f"the API answered {status}{f' ({kind})' if kind else ''}: {message[:_LONGEST]}"
    return (
        f"{said}; {TOO_LONG_ADVICE}"
        if _TOO_LONG in message.lower() or status == _BY_TYPE["request_too_large"]
        else said
    )


def _repeat(cause: FailureCause, message: str) -> Failure:
    return Failure(remedy=Remedy.REPEAT, cause=cause, message=message)


def _final(message: str) -> Failure:
    return Failure(remedy=Remedy.NONE, cause=FailureCause.AGENT_ERROR, message=message)


def _said(error: BaseException) -> str:
    """The error in its own words, with its kind where it has none."""
    text = str(error)[:_LONGEST]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


Meaning = Callable[[Any], Failure]

_MEANINGS: tuple[tuple[tuple[type[BaseException], ...], Meaning], ...] = (
    ((anthropic.APIStatusError,), _of_status),
    ((ErrorInStreamError,), lambda error: _answered(_BY_TYPE.get(error.kind, _SERVERS), error.kind, error.message)),
    (
        (anthropic.CredentialsError,),
        lambda error: Failure(remedy=Remedy.CREDENTIAL, cause=FailureCause.AUTH, message=_said(error)),
    ),
    ((StalledError,), lambda error: _repeat(FailureCause.STALLED, f"the model has stalled: {error}")),
    (
        (anthropic.APITimeoutError, httpx2.TimeoutException, TimeoutError),
        lambda error: _repeat(FailureCause.TIMEOUT, f"the API did not answer in time ({type(error).__name__})"),
    ),
    (
        (anthropic.APIConnectionError,),
        lambda error: _repeat(
            FailureCause.AGENT_ERROR, f"the API cannot be reached: {_said(error.__cause__ or error)}"
        ),
    ),
    (
        (UnknownStopError,),
        lambda error: _final(f"the model stopped for the reason {error}, which this covey does not know"),
    ),
    ((BrokenStreamError,), lambda error: _repeat(FailureCause.AGENT_ERROR, f"the answer is not whole: {error}")),
    (
        _NO_ADDRESS,
        lambda error: _final(f"the API cannot be asked: {_said(error)}; see base_url, or ANTHROPIC_BASE_URL"),
    ),
    (
        (httpx2.HTTPError, httpx2.StreamError, anthropic.APIResponseValidationError, OSError, EOFError),
        lambda error: _repeat(FailureCause.AGENT_ERROR, f"the connection broke within the answer: {_said(error)}"),
    ),
    # The client takes apart what it was sent with assertions, and parses JSON without a word of its own.
    (
        (AssertionError, ValueError),
        lambda error: _repeat(FailureCause.CRASH, f"the client did not understand the answer: {_said(error)}"),
    ),
)
"""What each error means; the first row counts that it belongs to."""
