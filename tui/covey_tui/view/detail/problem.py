"""The Problem tab: what is wrong with a session, in plain words, and what a human can do about it. Pure."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from covey.model.credential import credential_words, remedy
from covey.model.pause import PauseKind
from covey.model.session import Session, file_is_missing, state_of, undecided
from covey.model.status import FailureCause, Phase, Status
from covey.text.glyphs import CAUSES
from covey.text.sanitise import SafeText, sanitise, sanitise_line
from covey_tui.view.board import Board
from covey_tui.view.causes import cause_of
from covey_tui.view.detail.advice import advice_lines
from covey_tui.view.detail.pieces import LONGEST, block, clock, kept_in, muted, paragraphs, prose, shortened
from covey_tui.view.detail.tests import finding_lines, test_findings
from covey_tui.view.hints import KeyOf, usual
from covey_tui.view.spans import MUTED, Line, Span, Tone, fit, room, span, wrapped
from covey_tui.view.states import STATES
from covey_tui.view.stopped import asks, in_words, stopped_by
from covey_tui.view.words import cancelled_by, file_word, glyph, glyph_tone, status_word

_NAMED = 5
_PEEKED = 2
_KNOWN_BY = 40
"""So many characters of a failing test tell it from all others."""
_NAME = 18
_OUR_FILE_IS_GONE = "The agent reported success, but the file is not there."
_DOES_NOT_PASS = {"design": "The document does not pass", "review": "The review does not pass"}
_NONE_STARTS = "No other session of this run starts"
_FILE = "The file does not pass"
_WAITS = "It waits for your answer, without a slot and without a limit of time."
_VERBS = ("exited with", "was ended", "took longer", "could not be ended")
_KINDS = (
    ("failed", "Failed"),
    ("missing_files", "Files missing"),
    ("not_created", "Not created"),
    ("cancelled", "Cancelled"),
)


def problem_lines(
    board: Board, session: Session, now: datetime, width: int, *, peek: int = 0, key: KeyOf = usual
) -> list[Line]:
    """What is wrong and what to do; in a `peek` of so many lines, the gist. A quiet sentence where nothing is."""
    if not _has_problem(session):
        return muted(_no_problem(board, session), width)
    if peek:
        title, expected = _title(board, session, now, width), _expected_short(session, width)
        found = finding_lines(session, width)[:_PEEKED]
        said = found or _begun(_said(session, width), max(1, peek - len(title) - len(expected)), width)
        return [*title, *said, *expected]
    parts = (
        [*_title(board, session, now, width), *_said(session, width)],
        muted(_WAITS, width) if session.phase is Phase.ASKING else [],
        finding_lines(session, width),
        *_verdict(session, width),
        _expected(session, width),
        advice_lines(board, session, width, key),
    )
    return paragraphs(parts)


def _begun(lines: list[Line], count: int, width: int) -> list[Line]:
    """The first of the lines; the last of them says where there are more."""
    if len(lines) <= count:
        return lines
    last = lines[count - 1]
    return [*lines[: count - 1], fit((*last, span("  ")), min(room(last) + 1, width - 1))]


def _has_problem(session: Session) -> bool:
    ended_badly = session.status in {Status.FAILED, Status.CANCELLED} or file_is_missing(session)
    return ended_badly or asks(session) or session.phase in _NEEDED


_NEEDED = frozenset({Phase.BLOCKED, Phase.ASKING, Phase.INTERRUPTED, Phase.STALLED})


def _no_problem(board: Board, session: Session) -> str:
    below = board.tally(session.id).needs
    held = board.credential_pause(session.id)
    if held is not None:
        return f"Nothing of its own; it waits for a credential. {_as_sentence(credential_words(held))}"
    if session.status is Status.SKIPPED:
        by = f"Skipped by {session.decided_by}." if session.decided_by else "Skipped."
        return f"{by} {_as_sentence(session.skip_reason)}" if session.skip_reason else by
    if below:
        return f"Nothing of its own; below it {below} {'needs' if below == 1 else 'need'} you."
    return "No problem here."


def _title(board: Board, session: Session, now: datetime, width: int) -> list[Line]:
    """The sign and the status, bold in their colour; of a run that asks, why it is paused."""
    if asks(session):
        return wrapped(SafeText(f"{glyph(session)} {cause_of(session).heading}"), width, glyph_tone(session))
    word = status_word(board, session, now).text
    if file_is_missing(session):
        word = SafeText(f"{file_word(session)} {word}".strip())
    tone = glyph_tone(session) if undecided(session) else Tone(STATES[state_of(session)].role, bold=True)
    return [(span(f"{glyph(session)} ", tone), Span(word, tone))]


def _said(session: Session, width: int) -> list[Line]:
    if session.paused is not None and session.paused.asks:
        waits = "No turn and no session begins" if session.paused.kind is PauseKind.BUDGET else _NONE_STARTS
        said = f"{_as_sentence(session.paused.cause)} {waits} before you have decided."
        return prose(said, width)
    if session.phase is Phase.ASKING:
        return block(sanitise(session.question or ""), width)
    stopped = stopped_by(session)
    if stopped:
        said = (
            f"{in_words(stopped).rstrip('.')}. No session that works with it starts, and none loses an attempt by it."
        )
        said = f"{said} {_as_sentence(remedy(stopped))}"
        return prose(said, width)
    return prose(_sentence(session), width)


def _sentence(session: Session) -> str:
    """What happened, in a sentence or two."""
    if session.phase in {Phase.INTERRUPTED, Phase.STALLED}:
        return _why_silent(session)
    if file_is_missing(session):
        when = f" at {clock(session.finished_at)}" if session.finished_at is not None and not session.kept else ""
        return f"It was written and checked{when} and is gone now."
    if session.phase is Phase.BLOCKED:
        return _why_blocked(session)
    if session.status is Status.CANCELLED:
        return _why_cancelled(session)
    if session.failure_cause is FailureCause.MISSING_FILE:
        return _OUR_FILE_IS_GONE
    return _why_failed(session)


def _why_silent(session: Session) -> str:
    if session.stalled_since is None:
        why = undecided(session)
        then = f"{_as_sentence(why)} See that it has ended; then decide." if why else "The next run goes on with it."
        return f"The engine ended while this was at work. {then}"
    since = clock(session.stalled_since, seconds=True)
    return f"No sign of life since {since}. It keeps its slot, and may still go on by itself."


def _why_blocked(session: Session) -> str:
    verdict = session.needs_human or {}
    if any(verdict.get(kind) for kind, _ in _KINDS):
        return f"{session.component} cannot go on before you have decided about these."
    return _as_sentence(session.error_message or "It cannot go on")


def _why_cancelled(session: Session) -> str:
    reason = session.error_message or ""
    said = "" if not reason or reason == f"cancelled by {session.decided_by}" else f" {_as_sentence(reason)}"
    return f"{cancelled_by(session)}.{said}"


def _why_failed(session: Session) -> str:
    reason = session.error_message or "it failed without a reason"
    failing = test_findings(session)
    if failing:
        return _before(failing[0], reason)
    if session.failure_cause is FailureCause.CHECK_FAILED and reason.startswith(f"{session.artifact_path}: "):
        findings = reason.removeprefix(f"{session.artifact_path}: ")
        return f"{_DOES_NOT_PASS.get(file_word(session), _FILE)}: {_as_sentence(findings, first=False)}"
    if reason.startswith("no output for"):
        return f"The agent gave {_as_sentence(reason, first=False)}"
    return _as_sentence(f"the agent {reason}" if reason.startswith(_VERBS) else reason)


def _before(finding: str, reason: str) -> str:
    """What is said before the failing tests are listed, which the tab does by itself."""
    said = reason.partition(finding[:_KNOWN_BY])[0].strip(" :;")
    path, colon, advice = said.partition(": ")
    if colon and " " not in path:
        said = advice
    return _as_sentence(said) if " " in said else "The tests are not in order."


def _as_sentence(text: str, *, first: bool = True) -> str:
    line = sanitise_line(text, LONGEST)
    begun = line[:1].upper() + line[1:] if first and line[:1].isalpha() and "/" not in line.split(" ", 1)[0] else line
    return begun if begun.endswith((".", "!", "?", "…", ")")) else f"{begun}."


def _expected(session: Session, width: int) -> list[Line]:
    if session.artifact_path is None or session.phase is not None:
        return []
    path = sanitise_line(session.artifact_path, LONGEST)
    return [(span("Expected file", MUTED),), *wrapped(path, width)]


def _expected_short(session: Session, width: int) -> list[Line]:
    if session.artifact_path is None or session.phase is not None:
        return []
    path = shortened(session.artifact_path, width - 10)
    return [(span("Expected  ", MUTED), Span(path))]


def _verdict(session: Session, width: int) -> Iterator[list[Line]]:
    """What a blocked parent found, by kind."""
    verdict = session.needs_human if session.phase is Phase.BLOCKED else None
    for kind, title in _KINDS:
        found = (verdict or {}).get(kind)
        facts = [fact for fact in found if isinstance(fact, Mapping)] if isinstance(found, list) else []
        if facts:
            rows = [_fact(fact, width) for fact in facts[:_NAMED]]
            more = muted(f"and {len(facts) - _NAMED} more", width) if len(facts) > _NAMED else []
            yield [(span(f"{title}  ", MUTED), span(str(len(facts)))), *rows, *more]


def _fact(fact: Mapping[str, object], width: int) -> Line:
    name = shortened(str(fact.get("component") or ""), _NAME)
    why = fact.get("path") or CAUSES.get(str(fact.get("cause"))) or fact.get("reason") or ""
    line: Line = (Span(name), span(" " * max(2, _NAME + 2 - room((Span(name),)))))
    line = (*line, Span(shortened(str(why), width - room(line) - 1), MUTED))
    return kept_in(line, width)
