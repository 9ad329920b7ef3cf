"""What is told to a person who looks elsewhere: each new need once, and how many there are. Pure."""

from collections.abc import Iterable

from covey.model.session import Session, state_of
from covey.text.cells import cut
from covey.text.sanitise import SafeText, sanitise_line
from covey_tui.view.board import Change
from covey_tui.view.needs import Needs
from covey_tui.view.stopped import stopped_by
from covey_tui.view.words import name_of

_NAME, _LONGEST = 40, 120


class Notices:
    """Which needs have been told. Whatever is there at the beginning has been seen by whoever opened the screen."""

    def __init__(self, needs: Needs) -> None:
        self._needs = needs
        self._told: set[tuple[str, int, str]] = set()
        self.begin()

    def begin(self) -> None:
        """Take all that needs a human now as told; also after the board was loaded anew."""
        self._tell(key for group in self._needs.groups() for key in group.ids)

    def news(self, change: Change) -> tuple[str, ...]:
        """Those of a change whose need has not been told yet; the needs have to have followed the change."""
        return self._tell(sorted(key for key in change.changed if key in self._needs))

    def text(self, news: tuple[str, ...]) -> SafeText:
        """What to say of them, in a line."""
        if len(news) == 1:
            session = self._needs.session(news[0])
            what = self._needs.cause(news[0]).heading
            return _line(f"covey: {cut(name_of(session), _NAME)}: {what[:1].lower()}{what[1:]}")
        return _line(f"covey: {len(news)} more need you")

    def title(self) -> SafeText:
        """The window's title."""
        count = len(self._needs)
        return _line(f"covey: {count} {'needs' if count == 1 else 'need'} you" if count else "covey")

    def _tell(self, session_ids: Iterable[str]) -> tuple[str, ...]:
        fresh = []
        for key in session_ids:
            session = self._needs.session(key)
            need = (key, session.attempt, _need(session))
            if need not in self._told:
                self._told.add(need)
                fresh.append(key)
        return tuple(fresh)


def _need(session: Session) -> str:
    """What tells this need of a session from another one: its state, or the pause of its run that asks."""
    stopped = stopped_by(session)
    if stopped:
        return " ".join(f"{pause.credential} {pause.since}" for pause in stopped)
    pause = session.paused
    return f"paused {pause.since}" if pause is not None and pause.asks else state_of(session)


def _line(text: str) -> SafeText:
    """Terminals end such a text at a control, and some divide it at a semicolon: it has neither."""
    return sanitise_line(text.replace(";", ","), _LONGEST)
