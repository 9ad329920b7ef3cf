"""`covey undo`: the last decision of a run is taken back."""

import asyncio
from pathlib import Path

from covey.cli.options import Json, NoWait, ProjectDir, Start
from covey.cli.out import Out
from covey.client.finding import NOTHING_YET, find_run
from covey.client.place import find_root
from covey.client.requests import WAIT_SECONDS, Answer, Wish, request_control
from covey.errors import NotFoundError
from covey.model.control import Action, RequestState
from covey.model.session import Session
from covey.store.sqlite import open_viewer
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import short_id

REFUSED = 1


def undo(
    run: str | None = None,
    /,
    *,
    no_wait: NoWait = False,
    start: Start = False,
    json: Json = False,
    project: ProjectDir = None,
) -> int:
    """Take back the last retry, skip or cancel of a run; once more takes back the one before.

    All its sessions are as they were before. Those that were at work go on where they had come to, as a new attempt;
    a retry can be undone only while nothing of it has started.

    Args:
        run: The run's id, or its beginning; default: the newest unfinished one, else the newest.
        no_wait: Leave the request and do not wait for the decision.
        start: Start an engine if none is at work; it goes on with what the request sets going.
        json: One object, named by the run's root.
        project: The project's directory.
    """
    root, out = find_root(project), Out(asked_json=json)
    answer, session = asyncio.run(_undo(root, run, wait_seconds=0 if no_wait else WAIT_SECONDS, start=start))
    if json:
        out.json(answer)
    else:
        out.text(_said(answer, session))
    return REFUSED if answer.state is RequestState.REFUSED else 0


async def _undo(root: Path, run: str | None, *, wait_seconds: float, start: bool) -> tuple[Answer, Session]:
    async with open_viewer(root) as viewer:
        if viewer is None:
            raise NotFoundError("run_not_found", NOTHING_YET)
        found = await find_run(viewer, run)
        wish = Wish(action=Action.UNDO)
        answers = await request_control(viewer, root, [found], wish, wait_seconds=wait_seconds, start=start)
        return answers[0], found


def _said(answer: Answer, root: Session) -> SafeText:
    reason = sanitise_line(answer.reason or "")
    run = f"{sanitise_line(root.component)} ({short_id(root.id)})"
    match answer.state:
        case RequestState.SETTLED if answer.changed:
            return SafeText(f"undone in {run}: {reason}")
        case RequestState.SETTLED:
            return SafeText(f"undo in {run} nothing to do: {reason}")
        case RequestState.QUEUED:
            return SafeText(f"undo in {run} asked for: {reason}")
        case RequestState.REFUSED:
            return SafeText(f"undo in {run} refused: {reason}")
