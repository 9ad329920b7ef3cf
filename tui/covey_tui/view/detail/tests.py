"""What the last run of a component's tests found wrong: a line for each failing test, its message below. Pure."""

from collections.abc import Mapping

from covey.model.session import Session
from covey.model.status import FailureCause
from covey.text.sanitise import SafeText, sanitise_line
from covey_tui.view.detail.pieces import LONGEST, muted
from covey_tui.view.spans import MUTED, STRONG, Line, Role, Span, Tone, span, wrapped

_TESTED = "tested"
"""The key of a session's `state` under which its steps keep what was found."""
_NAMED = 8
_INDENT = "  "


def test_findings(session: Session) -> tuple[str, ...]:
    """What was found wrong, where the session failed for it."""
    tested = session.state.get(_TESTED)
    if session.failure_cause is not FailureCause.CHECK_FAILED or not isinstance(tested, Mapping):
        return ()
    found = tested.get("findings")
    return tuple(str(each) for each in found) if isinstance(found, list) else ()


def finding_lines(session: Session, width: int) -> list[Line]:
    """Each of them: the test and its place, then what it said."""
    findings = test_findings(session)
    lines: list[Line] = []
    for finding in findings[:_NAMED]:
        lines += _finding(finding, width)
    more = len(findings) - _NAMED
    return [*lines, *(muted(f"and {more} more", width) if more > 0 else [])]


def _finding(finding: str, width: int) -> list[Line]:
    name, colon, message = sanitise_line(finding, LONGEST).partition(": ")
    if not colon:
        name, message = "", name
    head: list[Line] = [(span("✗ ", Tone(Role.ERROR)), Span(SafeText(name), STRONG))] if name else []
    return [*head, *((span(_INDENT), *line) for line in wrapped(SafeText(message), max(1, width - 3), MUTED))]
