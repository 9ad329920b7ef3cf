"""What is said in the footer's place: what came of a request, what went wrong, and what somebody should know. Pure."""

from collections.abc import Sequence

from covey.client.engine import Stopped
from covey.client.requests import Answer
from covey.errors import CoveyError
from covey.model.control import DONE, Action, RequestState, Standing
from covey.model.session import Session, standing
from covey.model.status import Phase
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import plural
from covey_tui.view.spans import Line, Role, Tone, joined, span
from covey_tui.view.words import name_of

_LONGEST = 400


def complaint(error: CoveyError) -> Line:
    """Why something could not be done."""
    return (span(sanitise_line(str(error), _LONGEST), Tone(Role.ERROR)),)


def warning(text: str) -> Line:
    """What somebody should know, although they go on."""
    return (span(sanitise_line(text, _LONGEST), Tone(Role.WARNING)),)


def told(answers: Sequence[Answer], rows: Sequence[Session]) -> Line:
    """What came of a request, in a line; what was refused comes with the reason. `rows` are those it was about."""
    changed = [answer for answer in answers if answer.changed]
    refused = [answer for answer in answers if answer.state is RequestState.REFUSED]
    queued = [answer for answer in answers if answer.state is RequestState.QUEUED]
    as_wished = [answer for answer in answers if answer.state is RequestState.SETTLED and not answer.changed]
    cancelling = {row.id for row in rows if row.phase is Phase.CANCELLING}  # a second cancel is one that kills
    killed = [answer for answer in as_wished if answer.action is Action.CANCEL and answer.session_id in cancelling]
    rest = [answer for answer in as_wished if answer not in killed]
    parts: list[Line] = []
    if changed:
        parts.append((span(f"{_done(changed, rows)}: {_which(changed, rows)}"),))
    if killed:
        parts.append((span(f"Killed: {_which(killed, rows)}"),))
    for kind, word, tone in (
        (refused, "refused", Tone(Role.WARNING)),
        (queued, "asked for", Tone()),
        (rest, "", Tone()),
    ):
        if kind:
            reason = _reason(kind[0])
            text = f"{_which(kind, rows)}{f' {word}' if word else ''}{f': {reason}' if reason else ''}"
            parts.append((span(text, tone),))
    return joined(parts, "   ")


def undone(answer: Answer, root: Session) -> Line:
    """`Undone: skip of Ledger`, or why nothing was; `root` is that of the run."""
    reason = _reason(answer)
    match answer.state:
        case RequestState.SETTLED if answer.changed:
            return (span(f"Undone: {reason}"),)
        case RequestState.SETTLED:
            return (span(f"{name_of(root)}: {reason}"),)
        case RequestState.QUEUED:
            return (span(f"Undo asked for: {reason}"),)
        case RequestState.REFUSED:
            return (span(f"{reason[:1].upper()}{reason[1:]}", Tone(Role.WARNING)),)


def stopping(runs: Sequence[Session]) -> Line:
    """That these runs are being stopped: their agents have some seconds to end."""
    return (span(f"Stopping: {_runs(runs)}"),)


def stopped(answers: Sequence[Stopped], runs: Sequence[Session]) -> Line:
    """`Stopped: Billing`, or why nothing was; `runs` are the roots that it was about."""
    changed = {answer.session_id for answer in answers if answer.changed}
    if changed:
        return (span(f"Stopped: {_runs([root for root in runs if root.id in changed])}"),)
    return (span(f"{_runs(runs)}: {sanitise_line(answers[0].reason or '', _LONGEST)}"),)


def _runs(roots: Sequence[Session]) -> SafeText:
    return name_of(roots[0]) if len(roots) == 1 else SafeText(plural(len(roots), "run"))


def _reason(answer: Answer) -> SafeText:
    return sanitise_line(answer.reason or "", _LONGEST)


def _done(changed: Sequence[Answer], rows: Sequence[Session]) -> str:
    """What came of it for all of these; a blocked parent that is retried makes no new attempt."""
    action, about = changed[0].action, {answer.session_id for answer in changed}
    blocked = all(standing(row) is Standing.BLOCKED for row in rows if row.id in about)
    return "Looking again" if action is Action.RETRY and blocked else DONE[action].capitalize()


def _which(answers: Sequence[Answer], rows: Sequence[Session]) -> SafeText:
    if len(answers) == 1:
        names = {row.id: name_of(row) for row in rows}
        return names[answers[0].session_id]
    return SafeText(plural(len(answers), "session"))
