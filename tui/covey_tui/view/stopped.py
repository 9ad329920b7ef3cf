"""Credentials that are paused, as a board shows them: who stands still for one, and which runs ask about it. Pure.

A run's root works with no credential, but it is the root at which somebody decides: what it waits for is laid over it
like a verdict, so that whoever counts and lists needs finds it there.
"""

from collections.abc import Iterable, Sequence
from datetime import tzinfo
from typing import Any

from msgspec.structs import replace

from covey.model.credential import NONE_PAUSED, CredentialPause, Paused, asked_at, credential_words, pause_of
from covey.model.pause import WAITS_WITH_ITS_RUN
from covey.model.session import Session
from covey.model.status import FailureCause, Phase
from covey.text.words import plural

_KEY = "credentials"


class Stopped:
    """Which credentials are `paused`, and for which of them sessions of each run stand still; `look` keeps it so.

    What is asked at every refresh costs as much as there are runs and credentials, however many sessions stand still.
    """

    def __init__(self, paused: Paused = NONE_PAUSED) -> None:
        self.paused = paused
        self._by_session: dict[str, str] = {}
        self._held: dict[str, dict[str, dict[str, None]]] = {}  # of a run, for each credential: who stands still for it

    def look(self, session: Session) -> bool:
        """See whether a session stands still for a credential; whether that is news."""
        pause = pause_of(self.paused, session)
        before, now = self._by_session.get(session.id), pause.credential if pause is not None else None
        if before == now:
            return False
        run = self._held.setdefault(session.run_id, {})
        if before is not None:
            del self._by_session[session.id]
            del run[before][session.id]
            if not run[before]:
                del run[before]
        if now is not None:
            self._by_session[session.id] = now
            run.setdefault(now, {})[session.id] = None
        return True

    def examples(self, run_id: str) -> Sequence[str]:
        """Of each credential for which sessions of a run stand still, the id of one of them: as good as all."""
        return [next(iter(held)) for held in self._held.get(run_id, {}).values()]

    def over(self, root: Session) -> Session:
        """The root of a run with what it waits for a human for, if it does: it is paused then like those it waits for.

        A root that works by itself goes on meanwhile.
        """
        found = asked_at(root, [self.paused[name] for name in sorted(self._held.get(root.id, {}))])
        if not found or root.phase is None:
            return root
        phase = Phase.PAUSED if root.phase in WAITS_WITH_ITS_RUN else root.phase
        return replace(root, phase=phase, needs_human={**(root.needs_human or {}), _KEY: found})

    def all_that_ask(self) -> list[CredentialPause]:
        """The credentials for which somebody stands still, and which wait for a human."""
        return [pause for pause in self._all_held() if pause.asks]

    def all_that_end(self) -> list[CredentialPause]:
        """Those for which somebody stands still, and which go on by themselves."""
        return [pause for pause in self._all_held() if not pause.asks]

    def _all_held(self) -> Iterable[CredentialPause]:
        names = {name for held in self._held.values() for name in held}
        return [self.paused[name] for name in sorted(names) if name in self.paused]


def stopped_by(session: Session) -> tuple[CredentialPause, ...]:
    """The credentials about which a run asks at its root."""
    found: Any = (session.needs_human or {}).get(_KEY, ())
    return tuple(found)


def asks(session: Session) -> bool:
    """Its run is paused, or a credential that it needs, and nobody chose it: somebody has to decide."""
    return (session.paused is not None and session.paused.asks) or bool(stopped_by(session))


def can_resume(session: Session) -> bool:
    """A run, by its root, that a resume lets go on."""
    return session.paused is not None or bool(stopped_by(session))


def counted(pauses: Sequence[CredentialPause]) -> str:
    """Credentials in the alert line: `1 credential refused: ANTHROPIC_API_KEY`."""
    causes = {pause.cause for pause in pauses}
    word = "refused" if causes == {FailureCause.AUTH} else "stopped" if FailureCause.AUTH in causes else "used up"
    names = ", ".join(pause.credential for pause in pauses)
    return f"{plural(len(pauses), 'credential')} {word}: {names}"


def in_words(pauses: Iterable[CredentialPause], zone: tzinfo | None = None) -> str:
    """What has happened to credentials, in a line."""
    return "; ".join(credential_words(pause, zone) for pause in pauses)
