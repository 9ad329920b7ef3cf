"""What covey asks before it gives something up or starts much: the question, the consequences, two answers. Pure.

The first answer is the harmless one. Names are cut, so that a question stays a question whatever a component is called.
"""

import shlex
from collections.abc import Iterable, Iterator, Sequence

from covey.client.estimate import Estimate
from covey.model.budget import USD
from covey.model.message import text_objection
from covey.model.pause import Pause
from covey.model.session import Session, state_of
from covey.model.status import AT_WORK, ArtifactState, Phase, Status
from covey.text.cells import cut, pad
from covey.text.glyphs import CAUSES, FILE_MISSING, LOOKS
from covey.text.sanitise import SafeText, sanitise, sanitise_line
from covey.text.words import plural
from covey_tui.view.asked import Asked, Field
from covey_tui.view.board import Board
from covey_tui.view.causes import CAUSES_IN_ORDER, cause_of
from covey_tui.view.detail.pieces import end_of
from covey_tui.view.empty import Choice
from covey_tui.view.money import expects, money
from covey_tui.view.spans import BLANK, MUTED, STRONG, Line, Tone, span
from covey_tui.view.states import NEED_A_HUMAN, STATES
from covey_tui.view.words import name_of, names_of

_NAME, _NAMED, _REASON, _CAUSE, _PATH = 24, 5, 300, 16, 44
AGENT_AT_WORK = AT_WORK | {Phase.ASKING}
"""Somebody is told to stop, if it is to end."""


def cancel(board: Board, ids: Sequence[str], grace_seconds: float, undo_key: str = "") -> Asked:
    """May these, and all that runs under them, be told to stop? `undo_key` takes it back, if there is such a key."""
    active = _active_under(board, ids)
    at_work = [session for session in active if not board.children(session.id)] or active
    count = len(at_work)
    running = [session for session in at_work if session.phase in AGENT_AT_WORK]
    has_more = len(ids) == 1 and bool(board.children(ids[0]))
    title = f"Cancel {_what(board, ids)}{' and what runs under it' if has_more else ''}?"
    facts = [
        f"Running now: {names_of(running)}." if has_more or len(ids) > 1 else "",
        _told(running, grace_seconds),
    ]
    idle = count - len(running)
    if not running:
        facts = ["It has not started." if at_work[0].started_at is None and count == 1 else "Nothing runs now."]
    elif idle:
        facts.append(
            f"{idle} more {'waits its turn and is' if idle == 1 else 'wait their turn and are'} cancelled, too."
        )
    back = f", and {undo_key} takes this back" if undo_key else ""
    facts.append(f"Files already written stay. You can retry {'it' if count == 1 else 'them'} later{back}.")
    what = _short_name(at_work[0]) if count == 1 else f"{count} sessions"
    keys = (("y", "cancel it" if count == 1 else f"cancel {count}"), ("n Esc", "keep running"))
    return Asked(
        SafeText(title), (_sentences(facts),), SafeText("Keep running"), SafeText(f"Cancel {what}"), keys, warns=True
    )


def insist(board: Board, ids: Sequence[str], why: str) -> Asked:
    """A retry promises nothing: shall it be made all the same?"""
    said = f"{sanitise_line(why[:1].upper() + why[1:], _REASON)}."
    return Asked(
        SafeText(f"Retry {_what(board, ids)} all the same?"),
        (_sentences([said, "A note to the agent may help more, or another agent."]),),
        SafeText("Not now"),
        SafeText("Retry all the same"),
        (("y", "retry all the same"), ("n Esc", "not now")),
        warns=True,
    )


def retry_many(
    board: Board,
    ids: Sequence[str],
    under: str | None = None,
    *,
    pointless: int = 0,
    expected: Estimate | None = None,
) -> Asked:
    """May these start again? `under` is the name below which all that failed is meant, None for a choice.

    So many of them are `pointless`: they failed the same way again, or were retried too often. `expected` is what all
    of them will take, where that can be told.
    """
    sessions = [board.session(key) for key in ids]
    count = len(sessions)
    title = f"Retry {plural(count, 'session')}?"
    if under is not None:
        which = "what" if count == 1 else f"all {count} that"
        title = f"Retry {which} failed under {cut(sanitise_line(under), _NAME)}?"
    facts: tuple[SafeText | Line, ...] = (*_by_cause(sessions), *money(board, ids, expected))
    if pointless:
        which = "It" if pointless == count == 1 else f"{pointless} of them"
        facts += (BLANK, SafeText(f"{which} failed the same way before, or was retried too often; tried all the same."))
    keys = (("y", f"retry {count}"), ("n Esc", "not now"))
    return Asked(
        SafeText(title), facts, SafeText("Not now"), SafeText(f"Retry {plural(count, 'session')}"), keys, warns=False
    )


def cancel_then_retry(board: Board, session_id: str, grace_seconds: float) -> Asked:
    """A session runs: may it be told to stop, and start again?"""
    session = board.session(session_id)
    facts = (
        _told([session], grace_seconds),
        f"Then attempt {session.attempt + 1} begins at the first step.",
        "Files already written stay.",
    )
    return Asked(
        SafeText(f"Cancel {_short_name(session)}, then retry it?"),
        (_sentences(facts),),
        SafeText("Keep running"),
        SafeText("Cancel and retry"),
        (("y", "cancel and retry"), ("n Esc", "keep running")),
        warns=True,
    )


def skip(board: Board, ids: Sequence[str], grace_seconds: float) -> Asked:
    """May the parents go on without these? A reason can be given."""
    sessions = [board.session(key) for key in ids]
    one = len(sessions) == 1
    working = [session for session in _active_under(board, ids) if session.phase in AGENT_AT_WORK]
    parents = [board.session(key) for key in _parents(sessions)]
    go_on = f"{names_of(parents, before_last=' and ')} {'goes' if len(parents) == 1 else 'go'} on without"
    facts = [
        _told(working, grace_seconds),
        f"{go_on} {'it' if one else 'them'}." if parents else "",
        "Its file is not looked for, and it is listed as skipped."
        if one
        else "Their files are not looked for, and they are listed as skipped.",
    ]
    below = [key for key in ids if board.children(key)]
    if below:
        facts.append(f"What runs under {'it' if one else 'them'} is cancelled.")
    what = _what(board, ids)
    button = _short_name(sessions[0]) if one else f"{len(ids)} sessions"
    keep = "keep it" if one else "keep them"
    return Asked(
        SafeText(f"Skip {what}?"),
        (_sentences(facts),),
        SafeText(keep.capitalize()),
        SafeText(f"Skip {button}"),
        (("y", "skip it" if one else f"skip {len(ids)}"), ("n Esc", keep)),
        warns=True,
        field=Field.REASON,
        field_keys=(("Enter", "to the buttons"), ("Esc", keep)),
    )


_NOTE_KEYS = (("Enter", "send"), ("Ctrl+J", "new line"), ("Ctrl+O", "editor"), ("Esc", "leave"))


def note(board: Board, ids: Sequence[str], grace_seconds: float, retry_key: str = "r") -> Asked:
    """What shall the agents be told when these start again? `retry_key` starts them without."""
    sessions = [board.session(key) for key in ids]
    running = [session for session in sessions if session.phase in AGENT_AT_WORK]
    facts: list[SafeText | Line] = [(span("Goes along with your note:", MUTED),)]
    if len(sessions) == 1:
        facts += _goes_along(sessions[0])
    else:
        facts += [SafeText(f"why each of these {len(sessions)} failed, and its missing file: {names_of(sessions)}")]
    if running:
        facts.append(_sentences([_told(running, grace_seconds)]))
    return Asked(
        SafeText(f"Retry {_what(board, ids)} with a note"),
        tuple(facts),
        SafeText("Leave"),
        SafeText("Send and retry"),
        (("y", "send and retry"), ("n Esc", "leave")),
        field=Field.NOTE,
        field_keys=_NOTE_KEYS,
        unwritten=f"Write a note first; {retry_key} retries without one.",
    )


def message(board: Board, session_id: str) -> Asked:
    """What shall an agent be told while it works, or be answered?"""
    session = board.session(session_id)
    asks = session.phase is Phase.ASKING
    facts: tuple[SafeText | Line, ...] = (SafeText("Its agent gets it before its next turn."),)
    if asks:
        facts = ((span("It asks:", MUTED),), *map(SafeText, sanitise(session.question or "").splitlines()))
    return Asked(
        SafeText(f"{'Answer' if asks else 'A message to'} {_short_name(session)}"),
        facts,
        SafeText("Leave"),
        SafeText("Send the answer" if asks else "Send it"),
        (("y", "send"), ("n Esc", "leave")),
        field=Field.NOTE,
        field_keys=_NOTE_KEYS,
        unwritten="Write an answer first." if asks else "Write something first.",
        objection=text_objection,
    )


def begin(choice: Choice, expected: Estimate | None = None) -> Asked:
    """May the runs of this choice begin? `expected` is what they will take, where that can be told."""
    runs = len(choice.modules)
    return Asked(
        SafeText(f"Start the design of {cut(choice.what, _NAME)}?"),
        (SafeText(f"{choice.about}. What is there already and passes is kept."), *expects(expected)),
        SafeText("Not now"),
        SafeText("Start the run" if runs == 1 else f"Start {runs} runs"),
        (("y", "start it" if runs == 1 else f"start {runs}"), ("n Esc", "not now")),
    )


def raise_budget(root: Session, pause: Pause) -> Asked:
    """How much more may a run spend whose budget is spent? The amount is written in."""
    in_dollars = pause.limit == USD
    facts: tuple[SafeText | Line, ...] = (
        _sentences([f"{pause.cause}.", "No turn and no session begins before there is more."]),
        SafeText(f"Write the whole budget, what is spent included, in {'US dollars' if in_dollars else 'tokens'}."),
    )
    return Asked(
        SafeText(f"Raise the budget of {_short_name(root)}?"),
        facts,
        SafeText("Stay paused"),
        SafeText("Raise it and go on"),
        (("y", "raise it"), ("n Esc", "stay paused")),
        field=Field.AMOUNT,
        limit=pause.limit,
        field_keys=(("Enter", "to the buttons"), ("Esc", "stay paused")),
    )


def stop_run(board: Board) -> Asked:
    """May all work end for now? What goes on from there is named."""
    roots = [board.session(key) for key in board.roots()]
    active = [root for root in roots if root.status is Status.ACTIVE]
    running = sum(1 for key in board.under(None) if board.session(key).phase in AGENT_AT_WORK)
    one = len(active) == 1
    told = f"{plural(running, 'session')} {'is' if running == 1 else 'are'} told to stop." if running else ""
    facts: list[SafeText | Line] = [_sentences([told, "Files already written stay. This goes on from here:"]), BLANK]
    facts += [(span(_command(board, root), STRONG),) for root in active[:_NAMED]]
    if len(active) > _NAMED:
        facts.append((span(f"and {len(active) - _NAMED} more", MUTED),))
    what = "the run" if one else f"{len(active)} runs"
    return Asked(
        SafeText(f"Stop {what}?"),
        tuple(facts),
        SafeText("Keep running"),
        SafeText(f"Stop {what}"),
        (("y", "stop it" if one else "stop them"), ("n Esc", "keep running")),
        warns=True,
    )


def _command(board: Board, root: Session) -> SafeText:
    """The command that goes on with a run, fit to be copied into a shell."""
    words = ("covey", "run", board.workflows.get(root.id, "design"), sanitise_line(root.module))
    return SafeText(" ".join(shlex.quote(word) for word in words))


def _active_under(board: Board, ids: Iterable[str]) -> list[Session]:
    """The active sessions among these and all below them, each once."""
    keys = dict.fromkeys(each for key in ids for each in (key, *board.under(key)))
    return [session for session in map(board.session, keys) if session.status is Status.ACTIVE]


def _parents(sessions: Iterable[Session]) -> list[str]:
    return list(dict.fromkeys(each.session_id for each in sessions if each.session_id is not None))


def _short_name(session: Session) -> SafeText:
    return cut(name_of(session), _NAME)


def _what(board: Board, ids: Sequence[str]) -> str:
    return _short_name(board.session(ids[0])) if len(ids) == 1 else f"{len(ids)} sessions"


def _told(running: Sequence[Session], grace_seconds: float) -> str:
    if not running:
        return ""
    whose = "Its agent" if len(running) == 1 else "Each agent"
    return f"{whose} is told to stop and has {grace_seconds:g} s."


def _sentences(facts: Iterable[str]) -> SafeText:
    return SafeText(" ".join(fact for fact in facts if fact))


_AGAIN: dict[str, str] = {
    **{cause.key: cause.again for cause in CAUSES_IN_ORDER},
    "active": "told to stop first, then starts again",
    "skipped": "starts again, no longer skipped",
}
"""What comes of a retry of those that need a human, by their causes, and of others, in the order of the question."""


def _by_cause(sessions: Sequence[Session]) -> Iterator[Line]:
    """A line per cause: how many, why, and what to expect."""
    kinds: dict[str, int] = {}
    for session in sessions:
        kind = _kind(session)
        kinds[kind] = kinds.get(kind, 0) + 1
    digits = max((len(str(count)) for count in kinds.values()), default=1)
    for kind in sorted(kinds, key=list(_AGAIN).index):
        yield (
            span(f"{kinds[kind]:>{digits}}  ", STRONG),
            span(pad(SafeText(_kind_words(kind)), _CAUSE), MUTED),
            span(_AGAIN[kind]),
        )


def _kind(session: Session) -> str:
    if session.status is Status.SKIPPED:
        return "skipped"
    if session.status is Status.ACTIVE and session.phase is not Phase.BLOCKED:
        return "active"
    return cause_of(session).key


def _kind_words(kind: str) -> str:
    if kind in CAUSES:
        return CAUSES[kind]
    if kind == "active":
        return "not ended"
    return LOOKS[kind].word if kind in LOOKS and kind != "blocked" else kind.replace("_", " ")


def _goes_along(session: Session) -> Iterator[Line]:
    """The failure and the expected file, as the next prompt carries them."""
    state = state_of(session)
    why = SafeText("its file is gone") if state == FILE_MISSING else sanitise_line(session.error_message or "", _REASON)
    if why and state in NEED_A_HUMAN:
        yield (span(f"{LOOKS[state].unicode} ", Tone(STATES[state].role)), span(why))
    else:
        yield (span("  nothing else: it has not failed", MUTED),)
    if session.artifact_path:
        yield (span("  "), span(end_of(sanitise_line(session.artifact_path), _PATH)), _THERE[session.artifact])


_THERE = {
    ArtifactState.PRESENT: span("  there", MUTED),
    ArtifactState.MISSING: span("  missing", MUTED),
    ArtifactState.UNKNOWN: span(""),
}
