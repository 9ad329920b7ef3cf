"""The head of the detail: who it is, what it took so far, and the tabs. Pure."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from covey.model.session import Session, state_of
from covey.model.usage import Spent, spent_by_all
from covey.text.words import cost, duration, plural, tokens
from covey_tui.view.board import Board
from covey_tui.view.detail.pieces import kept_in, muted
from covey_tui.view.spans import BLANK, MUTED, STRONG, Line, Role, Span, Tone, joined, span, spread
from covey_tui.view.words import elapsed, name_of

ACTIVE = Tone(Role.PRIMARY, bold=True, underline=True)
_WIDE = 60
_WITH_TABS = 58
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


class Tab(StrEnum):
    """The tabs of the detail, as they are called there."""

    SUMMARY = "Summary"
    TRANSCRIPT = "Transcript"
    STEPS = "Steps"
    ARTIFACT = "Artifact"
    PROBLEM = "Problem"
    STATE = "State"


_BEHIND = (Tab.STEPS, Tab.ARTIFACT, Tab.PROBLEM, Tab.STATE)
_FIRST = frozenset({Tab.SUMMARY, Tab.TRANSCRIPT})


def tabs_of(board: Board, session: Session) -> tuple[Tab, ...]:
    """The tabs of a session in their order; a parent has a summary where others have a transcript."""
    return (Tab.SUMMARY if board.is_parent(session.id) else Tab.TRANSCRIPT, *_BEHIND)


def tab_for(board: Board, session: Session, chosen: Tab | None) -> Tab:
    """The tab to show: the one last chosen; else the problem of what needs a human, and the first of all others."""
    first = tabs_of(board, session)[0]
    if chosen is not None:
        return first if chosen in _FIRST else chosen
    return Tab.PROBLEM if board.needs_human(session.id) else first


def head_line(board: Board, session: Session, now: datetime, width: int) -> Line:
    """Name and attempt to the left; time, tokens and cost to the right."""
    return spread(_who(board, session, width), _took(board, session, now), width)


def tabs_line(tabs: Sequence[Tab], active: Tab) -> Line:
    """The tabs, the active one standing out."""
    return joined([(span(tab.value, ACTIVE if tab is active else MUTED),) for tab in tabs], "  ")


def peek_line(board: Board, session: Session, active: Tab, width: int) -> Line:
    """Name and tabs on one line, for the few lines below a narrow tree; where it is too narrow the name alone."""
    tabs = tabs_line(tabs_of(board, session), active) if width >= _WITH_TABS else BLANK
    return spread(_name(session), tabs, width)


def _name(session: Session) -> Line:
    name: Line = (Span(name_of(session), STRONG),)
    return (*name, span("  "), span(f"attempt {session.attempt}", MUTED)) if session.attempt > 1 else name


def _who(board: Board, session: Session, width: int) -> Line:
    line = _name(session)
    if session.session_id is None or width < _WIDE or session.attempt > 1 or width > _WITH_TABS + _WIDE:
        return line
    workflow = board.workflows.get(session.run_id, "")
    above = name_of(board.session(session.session_id))
    return (*line, span("  "), span(f"{workflow} of {above}" if workflow else f"part of {above}", MUTED))


def _took(board: Board, session: Session, now: datetime) -> Line:
    return _numbers(elapsed(session, now), board.spent(session.id))


def _numbers(seconds: float | None, spent: Spent) -> Line:
    used = tokens(spent.tokens) if spent.tokens else ""
    texts = ("" if seconds is None else duration(seconds), used, cost(spent.usd))
    return joined([(span(text, MUTED),) for text in texts if text], "   ")


def marked_head(board: Board, marked: Sequence[str], now: datetime, width: int) -> Line:
    """How many are marked, and the sums of what they took."""
    sessions = [board.session(key) for key in marked]
    times = [seconds for seconds in (elapsed(session, now) for session in sessions) if seconds is not None]
    right = _numbers(sum(times) if times else None, spent_by_all(sessions))
    return spread((span(f"{len(marked)} marked", STRONG),), right, width)


def marked_lines(board: Board, marked: Sequence[str], width: int) -> list[Line]:
    """The names of those that are marked, and what they have in common."""
    sessions = [board.session(key) for key in marked]
    names: list[Line] = [kept_in((Span(name_of(session)),), width) for session in sessions]
    said = _in_common(sessions)
    return [*names, BLANK, *muted(said, width)] if said else names


def _in_common(sessions: Sequence[Session]) -> str:
    states = {state_of(session) for session in sessions}
    if len(sessions) <= 1 or len(states) > 1:
        return ""
    count = len(sessions)
    every = "Both" if count == 2 else f"All {_NUMBERS[count] if count < len(_NUMBERS) else count}"  # noqa: PLR2004
    match states.pop():
        case "file_missing":
            return f"{every} miss their file."
        case "failed":
            return f"{every} failed."
        case "complete":
            return f"{every} are complete."
        case _:
            return ""


def not_started(board: Board, session: Session) -> str | None:
    """Why an attempt has nothing to show yet: how many are before it; None once it has begun."""
    if session.phase == "paused" and session.started_at is None:
        return "Not started yet: its run is paused."
    if session.phase != "queued":
        return None
    before = 0
    for key in board.under(session.run_id):
        if key == session.id:
            break
        before += board.session(key).phase == "queued"
    if not before:
        return "Not started yet: it is next."
    return f"Not started yet: {plural(before, 'session')} {'is' if before == 1 else 'are'} before it."
