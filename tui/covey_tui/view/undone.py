"""What came of an undo, in a line. Pure."""

from covey.client.requests import Answer
from covey.model.control import RequestState
from covey.model.session import Session
from covey.text.sanitise import SafeText, sanitise_line
from covey_tui.view.spans import Line, Role, Tone, span
from covey_tui.view.words import name_of

_SAID = 400


def undone(answer: Answer, root: Session) -> Line:
    """`Undone: skip of Ledger`, or why nothing was; `root` is that of the run."""
    reason = sanitise_line(answer.reason or "", _SAID)
    match answer.state:
        case RequestState.SETTLED if answer.changed:
            return (span(SafeText(f"Undone: {reason}")),)
        case RequestState.SETTLED:
            return (span(SafeText(f"{name_of(root)}: {reason}")),)
        case RequestState.QUEUED:
            return (span(SafeText(f"Undo asked for: {reason}")),)
        case RequestState.REFUSED:
            return (span(SafeText(f"{reason[:1].upper()}{reason[1:]}"), Tone(Role.WARNING)),)
