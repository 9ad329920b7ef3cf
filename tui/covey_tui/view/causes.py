"""Why sessions need a human: all causes in one table, and the cause and the reason of a session. Pure."""

from collections.abc import Mapping
from datetime import tzinfo
from typing import NamedTuple

from covey.model.pause import Pause, PauseKind
from covey.model.session import Session, state_of, undecided
from covey.text.glyphs import CAUSES, FILE_MISSING
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import plural
from covey_tui.view.stopped import in_words, stopped_by
from covey_tui.view.words import cancelled_by

_REASON = 500
_NO_REASON = SafeText("no reason was given")
FROM_THE_FIRST = "starts again at the first step"
OF_MONEY = frozenset({"budget_spent", "price_missing"})
"""Causes for which a run is paused, and goes on once somebody has done something about its money."""


class Cause(NamedTuple):
    """Why sessions need a human: what it is called in the list and in the alert line, and one line of advice.

    `state` is the key of the sign and colour by which its sessions are shown; `again` says what comes of a retry.
    """

    key: str
    state: str
    heading: str
    one: str
    many: str
    advice: str = ""
    again: str = FROM_THE_FIRST

    def advised(self, resume: str) -> str:
        """The line of advice; `resume` is the key that lets a paused run go on."""
        return self.advice.format(resume=resume)

    def counted(self, count: int) -> str:
        """The cause in the alert line: `1 file missing`; of a budget, which runs may share, `budget spent`."""
        return self.one if self.key in OF_MONEY else plural(count, self.one, self.many)


def _failed(key: str, one: str, many: str, advice: str, again: str = FROM_THE_FIRST) -> Cause:
    return Cause(key, "failed", f"Failed: {CAUSES[key]}", one, many, advice, again)


CAUSES_IN_ORDER: tuple[Cause, ...] = (
    _failed("rate_limit", "rate limited", "rate limited", "The limit ends by itself; retry once it has."),
    _failed(
        "check_failed",
        "failed checks",
        "failed checks",
        "A note to the agent helps more than a bare retry.",
        "revised already: a note may help",
    ),
    _failed(
        "merge_conflict",
        "conflict",
        "conflicts",
        "Its work is safe on its branch: resolve and commit there, then retry it.",
    ),
    _failed(
        "agent_error", "agent error", "agent errors", "The transcript tells more. A retry begins at the first step."
    ),
    _failed("auth", "login needed", "logins needed", "See that the credential is there and holds; then retry."),
    _failed(
        "budget",
        "over budget",
        "over budget",
        "Raise its budget under [run] in covey.toml, then retry. What it wrote is kept.",
        "needs a higher budget first",
    ),
    _failed(
        "timeout",
        "timed out",
        "timed out",
        "A retry begins at the first step, with the whole time.",
        "starts again, with the whole time",
    ),
    _failed(
        "missing_file",
        "wrote no file",
        "wrote no file",
        "The agent reported success, but the file is not there.",
        "the agent said done, no file came",
    ),
    _failed(
        "spawn_error",
        "spawn error",
        "spawn errors",
        "A retry reads the components anew.",
        "reads its components anew",
    ),
    _failed("crash", "crashed", "crashed", "Something broke in covey or in the agent. A retry begins again."),
    Cause("failed", "failed", "Failed", "failed", "failed", "The transcript tells more."),
    Cause(
        FILE_MISSING,
        FILE_MISSING,
        "File missing",
        "file missing",
        "files missing",
        "Write a file by hand and it leaves this list.",
        "was written and is gone: written anew",
    ),
    Cause(
        "stalled",
        "stalled",
        "Stalled",
        "stalled",
        "stalled",
        "It keeps its slot, and may still go on by itself. Its transcript tells its last words.",
    ),
    Cause(
        "asking",
        "asking",
        "Asks you",
        "asks you",
        "ask you",
        "It has no slot meanwhile, and goes on once somebody has answered.",
    ),
    Cause(
        "not_created",
        "blocked",
        "Not created",
        "not created",
        "not created",
        "A retry creates those that are missing.",
        "creates those that are missing",
    ),
    Cause(
        "repeated_failures",
        "blocked",
        "Paused: the same failure again and again",
        "run paused",
        "runs paused",
        "No other session starts. Find out what is wrong; {resume} goes on, and the count begins anew.",
    ),
    Cause(
        "credential",
        "blocked",
        "Paused: a credential is not accepted",
        "run without credential",
        "runs without credential",
        "Set a new key and run covey resume; {resume} tries the old one again.",
    ),
    Cause(
        "budget_spent",
        "blocked",
        "Paused: the budget is spent",
        "budget spent",
        "budgets spent",
        "No turn and no session begins. {resume} raises it, and the run goes on.",
        "goes on once its budget is raised",
    ),
    Cause(
        "price_missing",
        "blocked",
        "Paused: a price is missing",
        "price missing",
        "prices missing",
        "No turn and no session begins. Add the price to covey.toml; {resume} goes on then.",
    ),
    Cause(
        "blocked",
        "blocked",
        "Blocked",
        "blocked",
        "blocked",
        "Retry what it waits for, or cancel it.",
        "looks again at what it waits for",
    ),
    Cause(
        "interrupted",
        "interrupted",
        "Interrupted",
        "interrupted",
        "interrupted",
        "See that the old process has ended; then retry it.",
    ),
    Cause("cancelled", "cancelled", "Cancelled", "cancelled", "cancelled"),
)
"""All causes, in the order of the intervention screen."""

BY_KEY: Mapping[str, Cause] = {cause.key: cause for cause in CAUSES_IN_ORDER}
ALERT_ORDER: tuple[Cause, ...] = tuple(
    BY_KEY[key]
    for key in (
        "credential",
        "budget_spent",
        "price_missing",
        "repeated_failures",
        "rate_limit",
        "asking",
        "check_failed",
        "merge_conflict",
        FILE_MISSING,
        "stalled",
        "agent_error",
        "timeout",
        "auth",
        "budget",
        "missing_file",
        "spawn_error",
        "failed",
        "not_created",
        "blocked",
        "crash",
        "interrupted",
        "cancelled",
    )
)
"""All causes, in the order of the alert line."""
BY_PATH = frozenset({FILE_MISSING, "missing_file"})
"""Causes whose sessions are listed with the path where their file is expected."""
RETRIED_TOGETHER = frozenset(cause.key for cause in CAUSES_IN_ORDER if cause.state in {"failed", FILE_MISSING})
"""What "retry all that failed" takes along: nothing that somebody chose, that has not ended, or is to be looked at."""


def cause_of(session: Session) -> Cause:
    """Why a session needs a human, if it does."""
    if session.paused is not None and session.paused.asks:
        return BY_KEY[_paused_for(session.paused)]
    if stopped_by(session):
        return BY_KEY["credential"]
    state = state_of(session)
    if state == "blocked":
        return BY_KEY["not_created" if (session.needs_human or {}).get("not_created") else "blocked"]
    if state == "failed" and session.failure_cause is not None:
        return BY_KEY[session.failure_cause.value]
    return BY_KEY.get(state, BY_KEY["failed"])


def _paused_for(pause: Pause) -> str:
    """Why a run is paused, as the key of a cause."""
    if pause.kind is not PauseKind.BUDGET:
        return pause.kind.value
    return "price_missing" if pause.limit is None else "budget_spent"


def reason_of(session: Session, zone: tzinfo | None = None) -> SafeText:
    """Why it needs a human, in a line; for a file, the path where it is expected. Clock times are of `zone`."""
    return sanitise_line(_reason(session, cause_of(session), zone) or "", _REASON) or _NO_REASON


def _reason(session: Session, cause: Cause, zone: tzinfo | None) -> str | None:
    reason = session.error_message
    if cause.key in BY_PATH and session.artifact_path:
        reason = session.artifact_path
    elif cause.key == "cancelled" and session.decided_by:
        reason = cancelled_by(session, zone).removeprefix("Cancelled ")
    elif cause.key == "asking":
        reason = session.question
    elif cause.key == "interrupted":
        reason = undecided(session)
    elif cause.key == "credential":
        reason = in_words(stopped_by(session), zone)
    elif session.paused is not None and cause.key == _paused_for(session.paused):
        reason = session.paused.cause
    elif session.stalled_since is not None:
        reason = f"no sign of life since {session.stalled_since.astimezone(zone):%H:%M:%S}"
    elif cause.key == "not_created":
        facts = (session.needs_human or {})["not_created"]
        reason = ", ".join(f"{fact['component']} ({fact['reason']})" for fact in facts)
    return reason
