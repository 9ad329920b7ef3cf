"""Credentials: one that is refused is paused for everybody who works with it; and the gates before them. Pure.

A pause of a credential stands in a row of its own, kept by the events of the log. Which sessions it holds follows from
that row and theirs, in one place (`pause_of`) for the engine, its viewers, the command line and the screen. Only names
are known here (`ANTHROPIC_API_KEY`, `ANTHROPIC_API_KEY at gateway.example`: at another address it is another one),
never a value; a fingerprint tells whether a value is another one by now.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, tzinfo

import msgspec

from covey.model.events import AnyEvent, CredentialPaused, CredentialResumed
from covey.model.session import Session, undecided
from covey.model.status import FailureCause, Phase, Status


class GateState(msgspec.Struct, frozen=True, kw_only=True):
    """How a gate stands: `allowed` requests at once, so many `at_work` and `waiting`; nobody asks before `until`.

    That is told to the second.
    """

    credential: str
    allowed: int
    at_work: int = 0
    waiting: int = 0
    until: datetime | None = None


class CredentialPause(msgspec.Struct, frozen=True, kw_only=True):
    """A credential that is refused or used up, since when, and why; `agents` are the names of those who work with it.

    `by_itself`: it is resumed at `resets_at` without anybody. `fingerprint` is of the value that was refused.
    """

    credential: str
    cause: FailureCause
    reason: str
    agents: tuple[str, ...]
    since: datetime
    resets_at: datetime | None = None
    by_itself: bool = False
    fingerprint: str | None = None

    @property
    def asks(self) -> bool:
        """It waits for a human."""
        return not self.by_itself


Paused = Mapping[str, CredentialPause]
"""The credentials that are paused, by name."""
NONE_PAUSED: Paused = {}

_AT = " at "

_HELD = frozenset({Phase.QUEUED, Phase.INTERRUPTED})
_WORDS = {FailureCause.AUTH: "is refused", FailureCause.RATE_LIMIT: "has reached its limit"}


def used_at(variable: str, address: str) -> str:
    """The name of a credential that is used at an address of its own; two such are paused each by itself."""
    return f"{variable}{_AT}{address}"


def variable_of(credential: str) -> str:
    """The variable from which a credential is taken."""
    return credential.partition(_AT)[0]


def paused_after(paused: Paused, event: AnyEvent) -> Paused:
    """The credentials that are paused once this has happened; the same object where the event is about none."""
    if isinstance(event, CredentialPaused):
        pause = CredentialPause(
            credential=event.credential,
            cause=event.cause,
            reason=event.reason,
            agents=event.agents,
            since=event.at,
            resets_at=event.resets_at,
            by_itself=event.by_itself,
            fingerprint=event.fingerprint,
        )
        return {**paused, event.credential: pause}
    if isinstance(event, CredentialResumed):
        return {name: pause for name, pause in paused.items() if name != event.credential}
    return paused


def pause_of(paused: Paused, session: Session) -> CredentialPause | None:
    """The pause of a credential for which a session stands still; None where none does.

    Who works with a credential that is paused is not started, and whose work it has ended is not called again. For
    parents, at the root or below it, no agent works: they have no file of their own.
    """
    if not paused or session.artifact_path is None or session.status is not Status.ACTIVE:
        return None
    if session.phase not in _HELD or undecided(session):
        return None
    return pause_of_agent(paused, session.agent)


def pause_of_agent(paused: Paused, agent: str | None) -> CredentialPause | None:
    """The pause that keeps an agent of this name from being called; one that asks a human before one that ends."""
    pauses = [pause for pause in paused.values() if agent in pause.agents]
    return min(pauses, key=lambda pause: pause.by_itself, default=None)


def pauses_of(paused: Paused, sessions: Iterable[Session]) -> tuple[CredentialPause, ...]:
    """Those for which one of these sessions at least stands still."""
    if not paused:
        return ()
    names = {pause.credential for session in sessions if (pause := pause_of(paused, session)) is not None}
    return tuple(pause for name, pause in paused.items() if name in names)


def asked_at(root: Session, pauses: Iterable[CredentialPause]) -> tuple[CredentialPause, ...]:
    """Those of the pauses of a run's sessions about which the run asks: at its root, as long as that has not ended."""
    return tuple(pause for pause in pauses if pause.asks) if root.status is Status.ACTIVE else ()


def credential_words(pause: CredentialPause, zone: tzinfo | None = None) -> str:
    """What has happened, in a line; clock times are of `zone`, by default here."""
    said = f"{pause.credential} {_WORDS.get(pause.cause, 'is used up')}: {pause.reason}"
    if pause.resets_at is None:
        return said
    when = f"{pause.resets_at.astimezone(zone):%H:%M:%S}"
    return f"{said}; {'it goes on by itself at' if pause.by_itself else 'it is over at'} {when}"


def until_words(pause: CredentialPause, zone: tzinfo | None = None) -> str:
    """The same in a short line, for one that goes on by itself: until when comes first."""
    if pause.resets_at is None:
        return credential_words(pause, zone)
    return f"{pause.credential} is paused until {pause.resets_at.astimezone(zone):%H:%M:%S}: {pause.reason}"


def gate_words(gate: GateState, zone: tzinfo | None = None) -> str:
    """How a gate stands where it holds somebody back; else nothing. Clock times are of `zone`, by default here."""
    if gate.until is not None:
        return f"paused by rate limit until {gate.until.astimezone(zone):%H:%M:%S}"
    if gate.waiting:
        return f"{gate.allowed} at once, {gate.waiting} {'request waits' if gate.waiting == 1 else 'requests wait'}"
    return ""


def resumes_when(pauses: Collection[CredentialPause]) -> str:
    """What a resume does about credentials that ask, and what is to be done before it."""
    if all(pause.cause is FailureCause.RATE_LIMIT for pause in pauses):
        return "go on, after the end of the limit or with another key"
    return "go on, once a new key is set"


def remedy(pauses: Collection[CredentialPause]) -> str:
    """What a human can do about credentials that ask."""
    if all(pause.cause is FailureCause.RATE_LIMIT for pause in pauses):
        return "wait for the end of the limit, or set another key; then run covey resume"
    return "set a new key and run covey resume"
