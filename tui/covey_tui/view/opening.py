"""The beginning of the line at the top, which is all that is seen while the monitor opens. Pure."""

from covey.text.sanitise import sanitise_line
from covey_tui.view.spans import MUTED, STRONG, Line, span

_NAME = 40


def opening(project: str, *more: str) -> Line:
    """The program's name, the project's, and what else is known of what is shown."""
    parts = [sanitise_line(project, _NAME), *more]
    return (span("covey", STRONG), span(f"  {' · '.join(part for part in parts if part)}", MUTED))
