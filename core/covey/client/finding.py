"""Which session or run a person means: by any unambiguous beginning of its id, or by default the newest."""

from collections.abc import Sequence

from covey.errors import NotFoundError, UsageError
from covey.model.session import Session, is_terminal
from covey.store.sqlite import Viewer
from covey.text.sanitise import sanitise_line
from covey.text.words import short_id

_CANDIDATES = 5
_SHOWN_ID = 40
NOTHING_YET = "nothing has been run here yet; begin with: covey run design --all"


async def find_session(viewer: Viewer | None, prefix: str) -> Session:
    """The one session whose id begins with `prefix`.

    Raises:
        NotFoundError: there is none, or nothing was ever run here.
        UsageError: there are several; the text names them.
    """
    found = await _with_prefix(viewer, prefix)
    if not found:
        raise NotFoundError("session_not_found", f"no session's id begins with {_shown(prefix)}; see: covey status")
    if len(found) > 1:
        raise UsageError(f"several sessions' ids begin with {_shown(prefix)}: {_candidates(found)}")
    return found[0]


async def find_run(viewer: Viewer | None, prefix: str | None) -> Session:
    """The root of the run whose id begins with `prefix`; by default of the newest unfinished run, else the newest.

    Raises:
        NotFoundError: there is none.
        UsageError: there are several, the id is that of a session inside a run, or it is empty.
    """
    if prefix == "":  # as of a variable that is not set: it means no run, least of all whichever there is
        raise UsageError("a run's id is needed; leave it out for the newest, or see: covey status")
    if viewer is None:
        raise NotFoundError("run_not_found", NOTHING_YET)
    roots = await viewer.roots(viewer.scope)
    if prefix is None:
        if not roots:
            raise NotFoundError("run_not_found", NOTHING_YET)
        return default_run(roots)
    found = [root for root in roots if root.id.startswith(prefix)]
    if len(found) > 1:
        raise UsageError(f"several runs' ids begin with {_shown(prefix)}: {_candidates(found)}")
    if not found:
        raise await _no_such_run(viewer, prefix, roots)
    return found[0]


def default_run(roots: Sequence[Session]) -> Session:
    """The newest unfinished run, else the newest; `roots` are all runs' roots, oldest first, at least one."""
    unfinished = [root for root in roots if not is_terminal(root)]
    return (unfinished or list(roots))[-1]


async def sharing_budget(viewer: Viewer, run: Session) -> list[Session]:
    """The roots of all unfinished runs that share the budget of this one, which comes first; it alone where none do."""
    shared = await viewer.sharing_budget(viewer.scope, run.budget.id) if run.budget is not None else ()
    return [run, *(root for root in shared if root.id != run.id and not is_terminal(root))]


async def runs_to_show(viewer: Viewer, prefix: str | None) -> tuple[Session, ...]:
    """The roots that `covey status` shows: the one asked for, else all unfinished ones, else the newest.

    Raises:
        NotFoundError: there is none that was asked for.
        UsageError: what was asked for is ambiguous, or no run.
    """
    if prefix is not None:
        return (await find_run(viewer, prefix),)
    roots = await viewer.roots(viewer.scope)
    return tuple(root for root in roots if not is_terminal(root)) or roots[-1:]


async def _with_prefix(viewer: Viewer | None, prefix: str) -> tuple[Session, ...]:
    if viewer is None:
        raise NotFoundError("session_not_found", NOTHING_YET)
    if not prefix:
        raise UsageError("a session's id is needed; see: covey status")
    return await viewer.with_prefix(viewer.scope, prefix, _CANDIDATES + 1)


async def _no_such_run(viewer: Viewer, prefix: str, roots: Sequence[Session]) -> NotFoundError | UsageError:
    inside = await viewer.with_prefix(viewer.scope, prefix, 1)
    if inside:
        run = f"{short_id(inside[0].run_id)} is its run"
        return UsageError(f"{_shown(prefix)} is a session inside a run, not a run; {run}")
    known = f"the newest are {_candidates(roots[::-1])}" if roots else NOTHING_YET
    return NotFoundError("run_not_found", f"no run's id begins with {_shown(prefix)}; {known}")


def _shown(prefix: str) -> str:
    return f'"{sanitise_line(prefix, _SHOWN_ID)}"'


def _candidates(sessions: Sequence[Session]) -> str:
    named = [f"{session.id} ({sanitise_line(session.component, _SHOWN_ID)})" for session in sessions[:_CANDIDATES]]
    return ", ".join(named) + (", …" if len(sessions) > _CANDIDATES else "")
