"""`[agents.NAME]` with `kind = "anthropic"`: everything has a default but the model, which may come from `[run]`."""

from enum import StrEnum
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, Strict

from covey.config.durations import Duration
from covey.config.settings import Label, Table
from covey.text.quoting import quoted

_MOST_TOKENS = 1_000_000


class Effort(StrEnum):
    """How much effort the model puts into its answers, where it knows the word."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        well = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        well = False
    if not well:
        raise ValueError(f'should be the address of an API, like "http://localhost:11434", not {quoted(text)}')
    if parts.username or parts.password:
        raise ValueError("should hold no user and no password; a key belongs into ANTHROPIC_API_KEY")
    return text


def _prefixes(prefixes: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    for prefix in prefixes:
        if not prefix or not prefix[0].strip():
            raise ValueError('should be lists of arguments that begin with a program, like [["make", "lint"]]')
        if any("\0" in argument for argument in prefix):
            raise ValueError("should have no NUL characters")
    return prefixes


_Arguments = Annotated[tuple[str, ...], Strict(strict=False)]


class AnthropicSettings(Table):
    """`model` holds where no run names one. `max_tokens` are those of one answer, `max_turns` the answers of one step.

    `idle_timeout` in seconds is how long nothing may come of an answer. `base_url` goes before ANTHROPIC_BASE_URL.
    `allow_commands` are the beginnings of commands that the model may run, each a list of arguments; none by default.
    """

    model: Label | None = None
    max_tokens: Annotated[int, Field(ge=1, le=_MOST_TOKENS)] = 16_000
    effort: Annotated[Effort, Strict(strict=False)] | None = None
    max_turns: Annotated[int, Field(ge=1, le=10_000)] = 100
    base_url: Annotated[str, AfterValidator(_address)] | None = None
    idle_timeout: Annotated[Duration, Field(gt=0)] = 90.0
    allow_commands: Annotated[tuple[_Arguments, ...], Strict(strict=False), AfterValidator(_prefixes)] = ()
