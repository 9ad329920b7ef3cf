"""Whether a run still goes on, as whoever waits for it has to know: by its rows, its engine and what is asked of it."""

from collections.abc import Sequence

from covey.model import outcome
from covey.model.credential import NONE_PAUSED, Paused
from covey.model.outcome import IDLE, STOPPED, Begun, How, Left, as_it_stands
from covey.model.outcome import waits_for_human as is_stuck
from covey.model.session import Session, is_terminal
from covey.model.status import Phase
from covey.model.tree import SessionTree
from covey.store.sqlite import Viewer

NO_ENGINE = "its engine is gone"
INTERRUPTED = "its work was ended for now"


async def left(viewer: Viewer, run_id: str) -> Left | None:
    """How a run was left: it has ended, needs a human, or nobody works on it any more. None: it goes on.

    Raises:
        StoreError: the database cannot be read.
    """
    engine_alive = await viewer.living_engine() is not None
    sessions = await viewer.run(viewer.scope, run_id)
    asked = engine_alive and await something_asked(viewer)
    return left_as(sessions, engine_alive=engine_alive, asked=asked, paused=await viewer.credentials())


async def something_asked(viewer: Viewer) -> bool:
    """Somebody has asked something of the engine that it has not taken yet."""
    return bool(await viewer.queued_controls() or await viewer.queued_orders())


def left_as(
    sessions: Sequence[Session], *, engine_alive: bool, asked: bool, paused: Paused = NONE_PAUSED
) -> Left | None:
    """The same by a run's rows, its root first; `asked`: an engine has yet to take what somebody asked of it.

    `paused` are the credentials that are.
    """
    root, tree = sessions[0], SessionTree(sessions)
    if is_terminal(root):
        return None if _is_ending(sessions) and engine_alive else as_it_stands(tree, root, paused)
    if engine_alive and asked:
        return None
    if is_stuck(tree, root.id, engine_alive=engine_alive, paused=paused):
        return as_it_stands(tree, root, paused)
    if engine_alive and root.phase is not Phase.INTERRUPTED:
        return None
    return Left(STOPPED, tree.counts(root.id), INTERRUPTED if root.phase is Phase.INTERRUPTED else NO_ENGINE)


def together(begun: Sequence[Begun], lefts: Sequence[Left]) -> Left:
    """What several contexts come to: those in `lefts`, and those among `begun` in which there was nothing to do."""
    return outcome.together([*(IDLE for each in begun if each.how is How.NOTHING_TO_DO), *lefts])


def _is_ending(sessions: Sequence[Session]) -> bool:
    """What was cancelled or skipped is still being ended."""
    return any(session.phase is Phase.CANCELLING for session in sessions)
