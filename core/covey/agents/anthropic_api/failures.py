"""What a request may fail with, and what helps against it; told apart in `classify`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from covey.model.status import FailureCause


class Remedy(Enum):
    """What helps against a failure."""

    REPEAT = "repeat"
    """The same request again, after a moment."""
    WAIT = "wait"
    """The same request again, once the API lets requests through: the gate knows when."""
    CREDENTIAL = "credential"
    """A human has to see to the credential; no session that uses it can go on."""
    NONE = "none"
    """Nothing that covey could do: the session fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why a request has no answer. `headers` are those of the API's answer, as far as there was one."""

    remedy: Remedy
    cause: FailureCause
    message: str
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class NoClientError(Exception):
    """No client can be made: the profile is not there, or the address is none."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class StalledError(Exception):
    """Nothing came for as long as the stream may be idle, in seconds."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"nothing came for {seconds:g} seconds")


TOO_LONG_ADVICE = "the conversation has outgrown the model; retry without --resume, which begins a new one"
"""What is to be done about a conversation that no longer fits."""
