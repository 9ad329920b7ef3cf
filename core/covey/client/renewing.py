"""A credential that was refused, and that the caller has another value of: the engine is restarted from here.

Values go nowhere but into the environment of the program that is started; which one was refused, a fingerprint tells.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from covey.client.engine import place_order, request_stop, run_order
from covey.config.fingerprint import is_another
from covey.errors import CoveyError
from covey.model.credential import pauses_of, variable_of
from covey.model.session import Session, is_terminal
from covey.store.sqlite import Viewer

GENTLE_SECONDS = 60.0
"""How long turns that are under way may take to end, before they are ended."""


async def renewed(viewer: Viewer, run: Session, environment: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The variables of credentials for which sessions of a run stand still, and that have another value here."""
    paused = pauses_of(await viewer.credentials(), await viewer.run(viewer.scope, run.id))
    known = [(variable_of(pause.credential), pause.fingerprint) for pause in paused]
    return tuple({name: None for name, value in known if is_another(environment.get(name), value)})


async def restart_engine(viewer: Viewer, project_root: Path, names: Sequence[str]) -> None:
    """Have another engine, with the environment of this program, go on with all that the living one works on.

    No turn begins any more, those under way end, and their sessions go on where they had come to.

    Raises:
        StoreError: the database cannot be written.
        CoveyError: an engine does not answer, or none can be started.
    """
    from covey.workflows.registry import word_of  # noqa: PLC0415 - all steps with it, which few ask about

    reason = f"restarted by {viewer.scope.user} with another {' and '.join(names)}"
    try:
        stopped = await request_stop(viewer, project_root, None, gently=reason, wait_seconds=GENTLE_SECONDS)
    except CoveyError:  # a turn takes longer than that
        stopped = await request_stop(viewer, project_root, None)
    for each in stopped:
        root = None if each.session_id is None else await viewer.session(viewer.scope, each.session_id)
        if root is not None and not is_terminal(root):
            order = run_order(word_of(root.type), (root.module,), by=viewer.scope.user)
            await place_order(project_root, order)
