"""One line for each change that a person wants to hear of while a run goes on. Pure; all text comes out sanitised."""

from collections.abc import Callable
from typing import Any

from covey.model import events as e
from covey.model.budget import more_than
from covey.model.credential import NONE_PAUSED, paused_after, remedy
from covey.model.events import AnyEvent
from covey.model.pause import PauseKind, PauseMode
from covey.model.status import ArtifactState, Status
from covey.store.base import Line
from covey.text.cells import fit
from covey.text.glyphs import CAUSES, FILE_MISSING, LOOKS, GlyphSet
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import TOOK_OVER, ago, found_active, plural, short_id

_NAME = 24
_REASON = 400
INDENT = 4 + _NAME
"""Where the words of a line begin, behind the sign and the name."""


class Narrator:
    """Turns lines of the log into lines for people; None for what only programs care about.

    It remembers whose file is missing: a file that is found is news only then. Without `glyphs` a line begins with the
    name, and has no signs.
    """

    def __init__(self, glyphs: GlyphSet | None) -> None:
        self._glyphs = glyphs
        self._missing: set[str] = set()

    def tell(self, line: Line) -> SafeText | None:
        """What a person should hear of a line."""
        event = line.entry.event
        if isinstance(event, e.ArtifactFound) and event.session_id not in self._missing:
            return None
        self._remember(event)
        tell = _TELL.get(type(event))
        if tell is None:
            return None
        told = tell(event)
        if told is None:
            return None
        state, text = told
        name = fit(sanitise_line(line.component or ""), _NAME)
        sign = "" if self._glyphs is None else f"{LOOKS[state].glyph(self._glyphs)} "
        return SafeText(f"{sign}{name}  {sanitise_line(text, _REASON)}".rstrip())

    def _remember(self, event: AnyEvent) -> None:
        if event.session_id is None:
            return
        was_missing = isinstance(event, e.DecisionUndone) and event.artifact is ArtifactState.MISSING
        if was_missing or isinstance(event, e.ArtifactMissing):
            self._missing.add(event.session_id)
        elif isinstance(event, e.ArtifactFound | e.SessionRetried | e.SessionSkipped | e.DecisionUndone):
            self._missing.discard(event.session_id)


Told = tuple[str, str] | None


def _run_started(event: e.RunStarted) -> Told:
    return "running", f"{event.workflow} begins, run {short_id(event.run_id or '')}"


def _run_adopted(event: e.RunAdopted) -> Told:
    return "running", f"{event.workflow} goes on, run {short_id(event.run_id or '')}"


def _run_stopped(event: e.RunStopped) -> Told:
    return "interrupted", f"stopped: {event.reason}"


def _run_paused(event: e.RunPaused) -> Told:
    how = "running ones take no further turn or step" if event.mode is PauseMode.HARD else "running ones go on"
    why = f"paused by {event.by}" if event.kind is PauseKind.HUMAN else f"paused: {event.cause}"
    return "paused", f"{why}; no session starts, {how}; {more_than(event.limit)}"


def _run_resumed(event: e.RunResumed) -> Told:
    return "running", f"resumed by {event.by}"


def _budget_set(event: e.BudgetSet) -> Told:
    return "running", f"may spend {event.budget.words()}, said {event.by}"


def _slots_changed(event: e.SlotsChanged) -> Told:
    return "running", f"{plural(event.slots, 'session works', 'sessions work')} at the same time, said {event.by}"


def _credential_paused(event: e.CredentialPaused) -> Told:
    until = "" if event.resets_at is None else f", until {event.resets_at.astimezone():%H:%M:%S}"
    asks = remedy([paused_after(NONE_PAUSED, event)[event.credential]])
    end = "it goes on by itself" if event.by_itself else asks
    return "paused", f"{event.credential} is paused{until}: {event.reason}; nobody who works with it starts; {end}"


def _credential_resumed(event: e.CredentialResumed) -> Told:
    why = event.reason or f"resumed by {event.by}"
    return "running", f"{event.credential} goes on: {why}"


def _started(event: e.SessionStarted) -> Told:
    if event.session_id == event.run_id:
        return None
    again = f", attempt {event.attempt}" if event.attempt and event.attempt > 1 else ""
    return "running", f"started{again}"


def _reconfigured(event: e.SessionReconfigured) -> Told:
    return "queued", f"agent {event.agent}{f' with {event.model}' if event.model else ''} from the next start on"


def _blocked(event: e.SessionBlocked) -> Told:
    return "blocked", f"needs you: {event.reason}"


def _unblocked(_: e.SessionUnblocked) -> Told:
    return "waiting", "looks again"


def _stalled(event: e.SessionStalled) -> Told:
    return "stalled", f"stalled: no sign of life for {ago(event.since, event.at)}; it may still go on by itself"


def _revived(_: e.SessionRevived) -> Told:
    return "running", "gives signs of life again"


def _paused_at_turn(_: e.SessionPaused) -> Told:
    return "paused", "stands still before its next turn, until the run goes on"


def _asked(event: e.QuestionAsked) -> Told:
    return "asking", f"asks you: {event.question}"


def _answered(event: e.QuestionAnswered) -> Told:
    return "queued", f"answered by {event.by}: {event.answer}"


def _told(event: e.MessageSent) -> Told:
    return "running", f"message from {event.by}: {event.message}"


def _interrupted(event: e.SessionInterrupted) -> Told:
    if event.needs_human:
        return "blocked", f"needs you: interrupted, and {event.needs_human}"
    return "interrupted", f"interrupted: {event.reason}"


def _took_over(event: e.EngineStarted) -> Told:
    found = found_active(event.resumed, event.adopted, event.waiting)
    return ("interrupted", f"{TOOK_OVER}: {found}") if event.died else None


def _completed(event: e.SessionCompleted) -> Told:
    return "complete", "complete, what was there is kept" if event.kept else "complete"


def _failed(event: e.SessionFailed) -> Told:
    return "failed", f"failed: {CAUSES[event.cause.value]}: {event.reason}"


def _cancelled(event: e.SessionCancelled) -> Told:
    return "cancelled", f"cancelled: {event.reason}"


def _skipped(event: e.SessionSkipped) -> Told:
    return "skipped", f"skipped by {event.by}" + (f": {event.reason}" if event.reason else "")


def _retried(event: e.SessionRetried) -> Told:
    note = f", with a note: {event.note}" if event.note else ""
    return "queued", f"attempt {event.attempt} asked for by {event.by}{note}"


def _undone(event: e.DecisionUndone) -> Told:
    if event.status is Status.ACTIVE:
        return "queued", f"{event.action} undone by {event.by}, goes on as attempt {event.attempt}"
    is_missing = event.status is Status.COMPLETE and event.artifact is ArtifactState.MISSING
    state = FILE_MISSING if is_missing else event.status.value
    return state, f"{event.action} undone by {event.by}, {LOOKS[state].word} as before"


def _found(event: e.ArtifactFound) -> Told:
    return "complete", f"its file is back: {event.path}"


def _missing(event: e.ArtifactMissing) -> Told:
    return "file_missing", f"file missing: {event.path}"


def _settled(event: e.ControlSettled) -> Told:
    if not event.refused:
        return None
    return "blocked", f"{event.action} refused: {event.reason}"


_TELL: dict[type[e.Event], Callable[[Any], Told]] = {
    e.RunStarted: _run_started,
    e.RunAdopted: _run_adopted,
    e.RunStopped: _run_stopped,
    e.RunPaused: _run_paused,
    e.RunResumed: _run_resumed,
    e.BudgetSet: _budget_set,
    e.SlotsChanged: _slots_changed,
    e.CredentialPaused: _credential_paused,
    e.CredentialResumed: _credential_resumed,
    e.SessionStarted: _started,
    e.SessionReconfigured: _reconfigured,
    e.SessionBlocked: _blocked,
    e.SessionUnblocked: _unblocked,
    e.SessionStalled: _stalled,
    e.SessionRevived: _revived,
    e.SessionPaused: _paused_at_turn,
    e.QuestionAsked: _asked,
    e.QuestionAnswered: _answered,
    e.MessageSent: _told,
    e.SessionInterrupted: _interrupted,
    e.SessionCompleted: _completed,
    e.SessionFailed: _failed,
    e.SessionCancelled: _cancelled,
    e.SessionSkipped: _skipped,
    e.SessionRetried: _retried,
    e.DecisionUndone: _undone,
    e.ArtifactFound: _found,
    e.ArtifactMissing: _missing,
    e.ControlSettled: _settled,
    e.EngineStarted: _took_over,
}
"""What is not here (commands, results, requests as they are taken, an engine's orderly comings) is for programs."""
