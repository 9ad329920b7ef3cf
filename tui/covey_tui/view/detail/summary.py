"""The Summary tab of a parent: what it waits for, who needs you, what comes then, and the sums. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

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
class Below:
    """What a walk over all below a parent has found: ids of sessions, sums, and `usage` in tokens of each kind."""

    working: list[str] = field(default_factory=list)
    needing: list[str] = field(default_factory=list)
    retried: int = 0
    seconds: float = 0.0
    kept: int = 0
    usage: Counter[str] = field(default_factory=Counter)


class Walk:
    """A walk over all below a parent, in as many stretches as one likes: that of a large one takes many frames."""

    def __init__(self, board: Board, session_id: str, now: datetime) -> None:
        self.below = Below()
        self._board, self._now = board, now
        self._ids = iter(board.under(session_id))

    def go(self, most: int | None = None) -> bool:
        """Look at so many more, or at all that are left; whether there may be more after that."""
        ids = list(islice(self._ids, most))
        for key in ids:
            if key in self._board:  # it may have begun anew since the last stretch
                self._look_at(self._board.session(key))
        return most is not None and len(ids) == most

    def _look_at(self, session: Session) -> None:
        below = self.below
        if state_of(session) in WITH_SLOT:
            below.working.append(session.id)
        if self._board.needs_human(session.id):
            below.needing.append(session.id)
        below.retried += session.attempt > 1
        below.kept += session.kept
        if session.usage:
            below.usage.update(session.usage)
        if not self._board.children(session.id):
            below.seconds += elapsed(session, self._now) or 0.0


def summary_lines(
    board: Board,
    session: Session,
    now: datetime,
    width: int,
    *,
    peek: bool = False,
    key: KeyOf = usual,
    below: Below | None = None,
) -> list[Line]:
    """A parent in a few paragraphs; in a peek the first of them. `below` is what a walk has found, if one was made."""
    if below is None:
        walk = Walk(board, session.id, now)
        walk.go()
        below = walk.below
    tally = board.tally(session.id)
    head = _head(board, session, below, now, width)
    working = [] if session.phase is None else _waits_for(board, tally, below, now, width)
    needing = _needs_you(board, tally, below, now, width)
    if peek:
        return [*head, *working, *needing]
    then = _then(session, width)
    sums = _sums(board, session, below, now, width)
    next_ = [] if session.phase is not None else [(span("Next", MUTED),), *keys([(key("app.leave"), "leave")], width)]
    return paragraphs((head, working, needing, then, sums, next_))


def _head(board: Board, session: Session, below: Below, now: datetime, width: int) -> list[Line]:
    tally = board.tally(session.id)
    if not tally.total and session.phase is not None:
        return muted("It has no sessions below it yet.", width)
    if session.status is Status.COMPLETE:
        tone = Tone(STATES["complete"].role, bold=True)
        title = f"{tally.of('complete', 'file_missing')} of {tally.total} complete"
        return [(span("✓ ", tone), span(title, tone)), *muted(_how(tally, below), width)]
    word = status_word(board, session, now)
    tone = Tone(STATES[state_of(session)].role, bold=True)
    done = span(f"   {tally.done} of {tally.total} complete")
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


def _how(tally: Tally, below: Below) -> str:
    skipped, missing = tally.of("skipped"), tally.of("file_missing")
    parts = (
        f"{below.kept} kept" if below.kept else "",
        f"{skipped} skipped" if skipped else "none skipped",
        plural(missing, "file") + " missing" if missing else "no file missing",
    )
    return ", ".join(part for part in parts if part)


def _waits_for(board: Board, tally: Tally, below: Below, now: datetime, width: int) -> list[Line]:
    working = (key for key in below.working if key in board and state_of(board.session(key)) in WITH_SLOT)
    rows = _rows(board, working, tally.of(*WITH_SLOT), now, width)
    for state in ("paused", "queued"):
        count = tally.of(state)
        if count:
            rows.append((span(f"{LOOKS[state].unicode} ", MUTED), span(f"{count} {LOOKS[state].word}", MUTED)))
    return [(span("Waits for", MUTED),), *rows] if rows else []


def _needs_you(board: Board, tally: Tally, below: Below, now: datetime, width: int) -> list[Line]:
    """Who needs you, and how many; no more than there are rows for, where a walk has not found the others yet."""
    if not tally.needs:
        return []
    needing = (key for key in below.needing if key in board and board.needs_human(key))
    rows = _rows(board, needing, tally.needs, now, width)
    count = tally.needs if len(rows) > _NAMED else len(rows)
    return [(span(f"Needs you  {count}", MUTED),), *rows] if rows else []


def _rows(board: Board, ids: Iterable[str], count: int, now: datetime, width: int) -> list[Line]:
    """The first of these; how many there are is known before they are."""
    rows: list[Line] = []
    for session in map(board.session, islice(ids, _NAMED)):
        word = status_word(board, session, now)
        name = shortened(name_of(session), _NAME)
        line: Line = (span(f"{glyph(session)} ", glyph_tone(session)), Span(name))
        line = (*line, span(" " * (_NAME + 4 - room(line))), Span(word.text, word.tone))
        rows.append(kept_in(line, width))
    return [*rows, *(muted(f"and {count - _NAMED} more", width) if len(rows) == _NAMED < count else [])]


def _then(session: Session, width: int) -> list[Line]:
    """What comes once all below it have ended."""
    if session.phase is None:
        return []
    if session.phase is Phase.BLOCKED:
        said = f"Once you have decided, {session.component} looks at all of them again."
    else:
        said = f"When all have ended, {session.component} {_WHAT_THEN.get(session.step or '', _LOOKS)}."
    return [(span("Then", MUTED),), *prose(said, width)]


def _sums(board: Board, session: Session, below: Below, now: datetime, width: int) -> list[Line]:
    tally = board.tally(session.id)
    again = tally.attempts - tally.total
    note = f"{plural(again, 'retry', 'retries')} on {plural(below.retried, 'session')}" if again else ""
    taken = elapsed(session, now)
    spent = board.spent(session.id)
    pairs = (
        ("Attempts", str(tally.attempts) if tally.attempts else "", note),
        ("Time", "" if taken is None else duration(taken), _worked(below)),
        ("Tokens", tokens(spent.tokens) if spent.tokens else "", _in_and_out(below)),
        ("Cost", cost(spent.usd), ""),
        *facts_of(session),
    )
    return facts(pairs, _LABEL, width)


def _worked(below: Below) -> str:
    return f"{duration(below.seconds)} of agent work" if below.seconds >= 1 else ""


def _in_and_out(below: Below) -> str:
    if not {"input", "output"} <= below.usage.keys():
        return ""
    return f"{tokens(below.usage['input'])} in, {tokens(below.usage['output'])} out"
