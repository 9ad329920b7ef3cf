"""How runs come about and how they are left, with the exit codes that tell of it: one table for all who report it."""

from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from covey.model.credential import NONE_PAUSED, Paused, credential_words, pause_of, pauses_of, remedy
from covey.model.pause import is_held, pause_words, way_on
from covey.model.session import Session, undecided
from covey.model.status import AT_WORK, Phase, Status
from covey.model.tree import SessionTree

COMPLETE, UNSUCCESSFUL, SOME_SKIPPED, NOTHING_TO_DO, TIMED_OUT, NEEDS_HUMAN, STOPPED = 0, 1, 3, 4, 5, 6, 130
"""Exit codes, as in the command line's contract."""

ALL_IN_ORDER = "nothing to do: every file is there and passes"
"""Why a context needs no run, whatever kind of file is asked for."""

EXIT_ORDER = (STOPPED, 2, UNSUCCESSFUL, NEEDS_HUMAN, SOME_SKIPPED, COMPLETE, NOTHING_TO_DO)
"""Of several contexts' exit codes, the first of these that occurs is the command's."""

_MOVING = AT_WORK | {Phase.QUEUED, Phase.CANCELLING}
_MOVED_BY_ENGINE = _MOVING | {Phase.INTERRUPTED}
_WAITS = frozenset({Phase.WAITING, Phase.INTERRUPTED})


class How(StrEnum):
    """How a run comes about."""

    STARTED = "started"
    ADOPTED = "adopted"
    NOTHING_TO_DO = "nothing_to_do"


class Begun(NamedTuple):
    """What became of one context; `run_id` is that of its newest run where there is nothing to do."""

    context: str
    run_id: str | None
    how: How


class Left(NamedTuple):
    """How runs were left: the exit code and counts of all of them together."""

    exit_code: int
    counts: dict[str, int]
    reason: str | None


IDLE = Left(NOTHING_TO_DO, dict.fromkeys((status.value for status in Status), 0), None)
"""A context in which there was nothing to do."""


def as_it_stands(tree: SessionTree, root: Session, paused: Paused = NONE_PAUSED) -> Left:
    """How a run that nobody works on any more was left: it has ended, or needs a human; `paused` are credentials."""
    counts = tree.counts(root.id)
    code = NEEDS_HUMAN if root.status is Status.ACTIVE else exit_code(root, counts)
    return Left(code, counts, "; ".join(reasons(tree, root, paused)) or None)


def together(lefts: Sequence[Left]) -> Left:
    """What several contexts come to."""
    codes = {left.exit_code for left in lefts}
    counts = {status.value: sum(left.counts[status.value] for left in lefts) for status in Status}
    said = [left.reason for left in lefts if left.reason]
    if codes == {NOTHING_TO_DO}:
        said.append(ALL_IN_ORDER)
    return Left(first_code(codes), counts, "; ".join(dict.fromkeys(said)) or None)


def first_code(codes: Iterable[int]) -> int:
    """The exit code of several contexts together."""
    present = set(codes)
    return next((code for code in EXIT_ORDER if code in present), COMPLETE)


def exit_code(root: Session, counts: dict[str, int]) -> int:
    """The exit code of a run whose root has ended."""
    if root.status is not Status.COMPLETE:
        return UNSUCCESSFUL
    return SOME_SKIPPED if counts[Status.SKIPPED] else COMPLETE


def reasons(tree: SessionTree, root: Session, credentials: Paused = NONE_PAUSED) -> list[str]:
    """Why a run is not complete: what its root failed of, or that it is paused, what blocks it, what is undecided."""
    if root.status is Status.FAILED:
        return [f"{root.component}: {root.error_message}"]
    standing = [root, *tree.below(root.id)]
    paused = [f"{root.component} is {pause_words(root.paused)}; {way_on(root.paused)}"] if root.paused else []
    blocked = [f"{each.component}: {each.error_message}" for each in standing if each.phase is Phase.BLOCKED]
    waiting = [f"{each.component}: interrupted: {why}" for each in standing if (why := undecided(each))]
    asking = [f"{each.component} asks: {_line(each.question)}" for each in standing if each.phase is Phase.ASKING]
    held = pauses_of(credentials, standing)
    stopped = [*map(credential_words, held), *([remedy(held)] if held else [])]
    return [*paused, *stopped, *blocked, *waiting, *asking]


def _line(text: str | None) -> str:
    return " ".join((text or "").split())


def waits_for_human(tree: SessionTree, root_id: str, *, engine_alive: bool, paused: Paused = NONE_PAUSED) -> bool:
    """The run is blocked or paused, or an agent of it asks, and nothing of it can go on by itself.

    What was interrupted goes on where an engine lives, unless its run is paused, or the credential that it works with
    (`paused` are those that are), and somebody has to decide about that.
    """
    root = tree.sessions[root_id]
    moving = _MOVED_BY_ENGINE if engine_alive else _MOVING
    run = (root, *tree.below(root_id))
    held = frozenset(each.id for each in run if (by := pause_of(paused, each)) is not None and by.asks)
    if any(each.id not in held and _moves(root, each, moving) for each in run):
        return False
    return _stuck(tree, root, root, held)


def _moves(root: Session, session: Session, moving: frozenset[Phase]) -> bool:
    """It goes on by itself: nobody has to decide about it, and its run's pause does not hold it."""
    return session.phase in moving and not undecided(session) and not _stands_still(root, session)


def _stands_still(root: Session, session: Session) -> bool:
    """Its run's pause holds it; the root itself is started and adopted, paused or not."""
    is_let_go = session is root and session.phase is not Phase.RUNNING
    return is_held(root.paused, session) and not is_let_go


def _stuck(tree: SessionTree, session: Session, root: Session, held: Collection[str]) -> bool:
    """It needs a human itself, or waits for children of which one does; a parent whose children have ended looks again.

    A parent whose engine left while it waited is interrupted: it still waits, unless something below it can go on.
    `held` are those that stand still for a credential.
    """
    asks = session.phase in {Phase.BLOCKED, Phase.ASKING} or session.id in held
    if asks or undecided(session) or is_held(root.paused, session):
        return True
    children = tree.children(session.id)
    if session.phase is Phase.INTERRUPTED and any(_goes_on(tree, child, held) for child in children):
        return False
    return session.phase in _WAITS and any(_stuck(tree, child, root, held) for child in children)


def _goes_on(tree: SessionTree, session: Session, held: Collection[str]) -> bool:
    """The next engine goes on with it, or with something below it."""
    if session.phase is not Phase.INTERRUPTED or undecided(session) or session.id in held:
        return False
    children = tree.children(session.id)
    return not children or any(_goes_on(tree, child, held) for child in children)
