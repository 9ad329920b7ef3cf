"""The Summary tab of a parent: what it waits for, who needs you, what comes then, and the sums. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from covey.model.credential import remedy
from covey.model.pause import pause_words, safety_words
from covey.model.session import Session, state_of
from covey.model.status import Phase, Status
from covey.text.glyphs import LOOKS
from covey.text.words import cost, duration, plural, tokens
from covey_tui.view.board import Board
from covey_tui.view.detail.git import facts_of
from covey_tui.view.detail.pieces import facts, kept_in, keys, muted, paragraphs, prose, shortened
from covey_tui.view.hints import KeyOf, usual
from covey_tui.view.spans import MUTED, Line, Span, Tone, room, span
from covey_tui.view.states import STATES, WITH_SLOT
from covey_tui.view.stopped import in_words, stopped_by
from covey_tui.view.tally import Tally
from covey_tui.view.words import elapsed, glyph, glyph_tone, name_of, status_word

_NAMED = 5
_NAME = 20
_LABEL = 11
_LOOKS = "looks for every file and completes"
_WHAT_THEN = {"SpawnComponentDesignSessions": "looks for every document and has them reviewed"}
"""What a parent does after a step that others follow in which it waits."""


@dataclass(slots=True)
class _Below:
    """What one walk over all below a parent found."""

    tally: Tally
    working: list[Session] = field(default_factory=list)
    needing: list[Session] = field(default_factory=list)
    retried: int = 0
    seconds: float = 0.0
    kept: int = 0


def summary_lines(
    board: Board, session: Session, now: datetime, width: int, *, peek: bool = False, key: KeyOf = usual
) -> list[Line]:
    """A parent in a few paragraphs; in a peek the first of them."""
    below = _walk(board, session, now)
    head = _head(board, session, below, now, width)
    working = [] if session.phase is None else _waits_for(board, below, now, width)
    needing = _needs_you(board, below, now, width)
    if peek:
        return [*head, *working, *needing]
    then = _then(session, width)
    sums = _sums(board, session, below, now, width)
    next_ = [] if session.phase is not None else [(span("Next", MUTED),), *keys([(key("app.leave"), "leave")], width)]
    return paragraphs((head, working, needing, then, sums, next_))


def _walk(board: Board, session: Session, now: datetime) -> _Below:
    below = _Below(board.tally(session.id))
    for key in board.under(session.id):
        each = board.session(key)
        if state_of(each) in WITH_SLOT:
            below.working.append(each)
        if board.needs_human(key):
            below.needing.append(each)
        below.retried += each.attempt > 1
        below.kept += each.kept
        if not board.children(key):
            below.seconds += elapsed(each, now) or 0.0
    return below


def _head(board: Board, session: Session, below: _Below, now: datetime, width: int) -> list[Line]:
    if not below.tally.total and session.phase is not None:
        return muted("It has no sessions below it yet.", width)
    if session.status is Status.COMPLETE:
        tone = Tone(STATES["complete"].role, bold=True)
        title = f"{below.tally.of('complete', 'file_missing')} of {below.tally.total} complete"
        return [(span("✓ ", tone), span(title, tone)), *muted(_how(below), width)]
    word = status_word(board, session, now)
    tone = Tone(STATES[state_of(session)].role, bold=True)
    done = span(f"   {below.tally.done} of {below.tally.total} complete")
    lines = [kept_in((span(f"{glyph(session)} ", tone), Span(word.text, tone), done), width)]
    if session.error_message and session.phase is None:
        lines += prose(session.error_message, width)
    stopped = stopped_by(session)
    if stopped:
        lines += [*prose(f"{in_words(stopped)}.", width), *muted(f"{remedy(stopped).capitalize()}.", width)]
    if session.paused is not None:
        working = board.working(session.id) if board.engine.alive else 0
        safety = safety_words(working)
        lines += prose(f"It is {pause_words(session.paused)}.", width)
        lines += muted(f"{safety[:1].upper()}{safety[1:]}.", width)
    return lines


def _how(below: _Below) -> str:
    skipped, missing = below.tally.of("skipped"), below.tally.of("file_missing")
    parts = (
        f"{below.kept} kept" if below.kept else "",
        f"{skipped} skipped" if skipped else "none skipped",
        plural(missing, "file") + " missing" if missing else "no file missing",
    )
    return ", ".join(part for part in parts if part)


def _waits_for(board: Board, below: _Below, now: datetime, width: int) -> list[Line]:
    rows = _rows(board, below.working, now, width)
    for state in ("paused", "queued"):
        count = below.tally.of(state)
        if count:
            rows.append((span(f"{LOOKS[state].unicode} ", MUTED), span(f"{count} {LOOKS[state].word}", MUTED)))
    return [(span("Waits for", MUTED),), *rows] if rows else []


def _needs_you(board: Board, below: _Below, now: datetime, width: int) -> list[Line]:
    if not below.needing:
        return []
    return [(span(f"Needs you  {below.tally.needs}", MUTED),), *_rows(board, below.needing, now, width)]


def _rows(board: Board, sessions: list[Session], now: datetime, width: int) -> list[Line]:
    rows: list[Line] = []
    for session in sessions[:_NAMED]:
        word = status_word(board, session, now)
        name = shortened(name_of(session), _NAME)
        line: Line = (span(f"{glyph(session)} ", glyph_tone(session)), Span(name))
        line = (*line, span(" " * (_NAME + 4 - room(line))), Span(word.text, word.tone))
        rows.append(kept_in(line, width))
    return [*rows, *(muted(f"and {len(sessions) - _NAMED} more", width) if len(sessions) > _NAMED else [])]


def _then(session: Session, width: int) -> list[Line]:
    """What comes once all below it have ended."""
    if session.phase is None:
        return []
    if session.phase is Phase.BLOCKED:
        said = f"Once you have decided, {session.component} looks at all of them again."
    else:
        said = f"When all have ended, {session.component} {_WHAT_THEN.get(session.step or '', _LOOKS)}."
    return [(span("Then", MUTED),), *prose(said, width)]


def _sums(board: Board, session: Session, below: _Below, now: datetime, width: int) -> list[Line]:
    again = below.tally.attempts - below.tally.total
    note = f"{plural(again, 'retry', 'retries')} on {plural(below.retried, 'session')}" if again else ""
    taken = elapsed(session, now)
    spent = board.spent(session.id)
    pairs = (
        ("Attempts", str(below.tally.attempts) if below.tally.attempts else "", note),
        ("Time", "" if taken is None else duration(taken), _worked(below)),
        ("Tokens", tokens(spent.tokens) if spent.tokens else "", _in_and_out(board, session)),
        ("Cost", cost(spent.usd), ""),
        *facts_of(session),
    )
    return facts(pairs, _LABEL, width)


def _worked(below: _Below) -> str:
    return f"{duration(below.seconds)} of agent work" if below.seconds >= 1 else ""


def _in_and_out(board: Board, session: Session) -> str:
    sums: dict[str, int] = {}
    for key in board.under(session.id):
        for kind, count in board.session(key).usage.items():
            sums[kind] = sums.get(kind, 0) + count
    if not {"input", "output"} <= sums.keys():
        return ""
    return f"{tokens(sums['input'])} in, {tokens(sums['output'])} out"
