"""The alert line: what there is to decide, or how it all ended; else it is empty and keeps its place. Pure."""

from collections.abc import Sequence
from datetime import tzinfo

from covey.model.credential import until_words
from covey.model.pause import safety_words
from covey.model.session import Session
from covey.model.status import Status
from covey.text.glyphs import LOOKS
from covey.text.sanitise import sanitise_line
from covey_tui.view.board import Board
from covey_tui.view.causes import ALERT_ORDER
from covey_tui.view.detail.git import committed_on
from covey_tui.view.hints import KeyOf, hints, usual
from covey_tui.view.keys import label_about
from covey_tui.view.needs import Needs
from covey_tui.view.spans import BLANK, MUTED, TEXT, Ground, Line, Role, Tone, room, span, spread
from covey_tui.view.stopped import counted
from covey_tui.view.words import cancelled_by, name_of, names_of

Alert = tuple[Line, Ground]

_REASON, _NAMED = 300, 3
_WARNING, _ERROR, _SUCCESS = (Tone(role, bold=True) for role in (Role.WARNING, Role.ERROR, Role.SUCCESS))
_QUIET = Tone(Role.MUTED, bold=True)
_GAP = "   "
_DOT = (span("  ·  ", MUTED),)


def alert(board: Board, needs: Needs, cells: int, zone: tzinfo | None = None, key: KeyOf = usual) -> Alert:
    """The alert line in so many cells, and the ground it stands on. Clock times are of `zone`, by default here."""
    roots = [board.session(key) for key in board.roots()]
    if not roots:
        return BLANK, Ground.BACKGROUND
    if any(root.status is Status.ACTIVE for root in roots):
        return _going_on(board, needs, cells, zone, key)
    failed = [root for root in roots if root.status is Status.FAILED]
    if failed:
        return spread(_failed(failed, len(roots)), _ways(key) if len(needs) else BLANK, cells), Ground.ALERT
    if len(needs):
        return _needs(board, needs, cells, _ways(key)), Ground.ALERT
    cancelled = [root for root in roots if root.status is Status.CANCELLED]
    if cancelled:
        return _whole(_cancelled(cancelled[-1], zone), cells), Ground.SURFACE
    return _whole(_finished(board), cells), Ground.DONE


def alert_above_groups(board: Board, needs: Needs, cells: int, key: KeyOf = usual) -> Alert:
    """The alert line of the intervention screen: how many, and who waits for them."""
    back = hints((key("view.back"), "back"))
    if not len(needs):
        return spread((span("✓ Nothing needs you", _SUCCESS),), back, cells), Ground.DONE
    waiting = [board.session(key) for key in needs.waiting()]
    text = f"{names_of(waiting, _NAMED, ' and ')} {_wait(len(waiting), len(needs))}" if waiting else ""
    return spread((span(_count(needs), _WARNING), span(_GAP), span(text, MUTED)), back, cells), Ground.ALERT


def _ways(key: KeyOf) -> Line:
    """The keys that lead to those who need somebody."""
    return hints((key("view.next_need"), "next"), (key("view.intervention"), "all"))


def _going_on(board: Board, needs: Needs, cells: int, zone: tzinfo | None, key: KeyOf) -> Alert:
    if len(needs):
        return _needs(board, needs, cells, _ways(key)), Ground.ALERT
    paused = [root for root in map(board.session, board.roots()) if root.paused is not None]
    if paused:
        resume = hints((key("run.pause"), label_about("run.pause", paused[0])))
        return spread(_paused(board, paused), resume, cells), Ground.SURFACE
    if not board.engine.alive:
        return _whole(
            (span(f"{LOOKS['interrupted'].unicode} ", _WARNING), span("No engine runs. Any action starts one.")), cells
        ), Ground.ALERT
    held_up = [until_words(pause, zone) for pause in board.stopped.all_that_end()]
    if held_up:
        said = sanitise_line("; ".join(held_up), _REASON)
        return _whole((span(f"{LOOKS['paused'].unicode} ", _QUIET), span(said)), cells), Ground.SURFACE
    return BLANK, Ground.BACKGROUND


def _paused(board: Board, paused: Sequence[Session]) -> Line:
    """Who paused, and whether anything still works: so long it is not safe to stop."""
    who = dict.fromkeys(root.paused.by for root in paused if root.paused is not None)
    which = "" if len(paused) == len(board.roots()) else f": {names_of(paused, _NAMED, ' and ')}"
    title = sanitise_line(f"{LOOKS['paused'].unicode} Paused by {' and '.join(who)}{which}", _REASON)
    working = sum(board.working(root.id) for root in paused) if board.engine.alive else 0
    said, _, _ = safety_words(working).partition("; ")  # what follows from it is told in the detail
    return (span(title, _QUIET), span(_GAP), span(said))


def _count(needs: Needs) -> str:
    count = len(needs)
    return f"{LOOKS['blocked'].unicode} {count} {'needs' if count == 1 else 'need'} you"


def _needs(board: Board, needs: Needs, cells: int, ways: Line) -> Line:
    """How many, and by which causes as far as they fit."""
    counts = needs.counts()
    words = {"credential": sanitise_line(counted(board.stopped.all_that_ask()), _REASON)}
    causes = [
        (words.get(cause.key) or cause.counted(counts[cause.key]), counts[cause.key])
        for cause in ALERT_ORDER
        if cause.key in counts
    ]
    head = (span(_count(needs), _WARNING), span(_GAP))
    free = cells - room(head) - room(ways) - 2
    for shown in range(len(causes), 0, -1):
        line = _causes(causes, shown)
        if room(line) <= free:
            return spread((*head, *line), ways, cells)
    return spread(head[:1], ways, cells)


def _causes(causes: Sequence[tuple[str, int]], shown: int) -> Line:
    line: Line = ()
    for place, (words, _) in enumerate(causes[:shown]):
        line = (*line, *(_DOT if place else ()), span(words, TEXT))
    left = sum(count for _, count in causes[shown:])
    return (*line, span(f"{'  ' if shown else ''}+{left} more", MUTED)) if left else line


def _failed(failed: Sequence[Session], runs: int) -> Line:
    reasons = (
        f"{name_of(root)}: {root.error_message or ''}" if runs > 1 else root.error_message or "" for root in failed
    )
    title = "Failed" if len(failed) == 1 else f"{len(failed)} failed"
    return (
        span(f"{LOOKS['failed'].unicode} {title}", _ERROR),
        span(_GAP),
        span(sanitise_line("; ".join(reasons), _REASON)),
    )


def _cancelled(root: Session, zone: tzinfo | None) -> Line:
    return (span(sanitise_line(f"{LOOKS['cancelled'].unicode} {cancelled_by(root, zone)}", _REASON), _QUIET),)


def _finished(board: Board) -> Line:
    tally = board.tally(None)
    committed = committed_on(board.session(key) for key in board.roots())
    done = f"{_GAP}{tally.of('complete')} of {tally.total} complete{f', {committed}' if committed else ''}"
    skipped = tally.of("skipped")
    if skipped:
        return (
            span(f"{LOOKS['skipped'].unicode} Finished, {skipped} skipped", _SUCCESS),
            span(done),
        )
    return (
        span(f"{LOOKS['complete'].unicode} Finished", _SUCCESS),
        span(done),
    )


def _whole(line: Line, cells: int) -> Line:
    return spread(line, BLANK, cells)


def _wait(parents: int, needed: int) -> str:
    return f"{'waits' if parents == 1 else 'wait'} for {'it' if needed == 1 else 'them'}"
