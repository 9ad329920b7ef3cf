"""`covey pause`, `covey resume` and `covey undo`: what is asked of a whole run, by its root."""

import asyncio
from dataclasses import replace
from pathlib import Path

from covey.cli.budgets import check_budget
from covey.cli.control import REFUSED, said
from covey.cli.numbers import Whole
from covey.cli.options import Json, NoWait, ProjectDir, Start
from covey.cli.out import Out
from covey.cli.picture import INDENT
from covey.client.finding import NOTHING_YET, find_run, sharing_budget
from covey.client.place import find_root
from covey.client.renewing import renewed, restart_engine
from covey.client.requests import WAIT_SECONDS, Answer, Wish, request_control
from covey.errors import NotFoundError
from covey.model.control import Action, RequestState
from covey.model.pause import at_work, safety_words
from covey.model.session import Session
from covey.store.sqlite import Viewer, open_viewer


def pause(
    run: str | None = None,
    /,
    *,
    hard: bool = False,
    no_wait: NoWait = False,
    start: Start = False,
    json: Json = False,
    project: ProjectDir = None,
) -> int:
    """Start no more sessions of a run, until covey resume; those at work go on to their end.

    Says whether anything is still at work, that is, when it is safe to stop.

    Args:
        run: The run's id, or its beginning; default: the newest unfinished one.
        hard: Hold those at work, too: each ends the step that it is in, and takes no other.
        no_wait: Leave the request and do not wait for the decision.
        start: Start an engine if none is at work.
        json: One object.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    return _ask(run, Wish(action=Action.PAUSE, hard=hard), project, json=json, no_wait=no_wait, start=start)


def resume(
    run: str | None = None,
    /,
    *,
    budget_usd: float | None = None,
    budget_tokens: Whole = None,
    no_wait: NoWait = False,
    start: Start = False,
    json: Json = False,
    project: ProjectDir = None,
) -> int:
    """Let a paused run go on; after repeated failures, their count begins anew.

    One whose budget is spent goes on with a higher one; all runs that share the budget get it. So does a run whose
    credential was refused: set a new key in this terminal first, and an engine that has the old one is restarted with
    the new one.

    Args:
        run: The run's id, or its beginning; default: the newest unfinished one.
        budget_usd: What it may spend from now on, what it has spent included, in US dollars.
        budget_tokens: The same in tokens, of all kinds together.
        no_wait: Leave the request and do not wait for the decision.
        start: Start an engine if none is at work; it goes on with the run.
        json: One object a run: with a budget, one for each run that shares it.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    check_budget(budget_usd, budget_tokens)
    wish = Wish(action=Action.RESUME, budget_usd=budget_usd, budget_tokens=budget_tokens)
    return _ask(run, wish, project, json=json, no_wait=no_wait, start=start)


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
        project: The project's directory; default: the nearest with a covey.toml.
    """
    return _ask(run, Wish(action=Action.UNDO), project, json=json, no_wait=no_wait, start=start)


def _ask(run: str | None, wish: Wish, project: Path | None, *, json: bool, no_wait: bool, start: bool) -> int:
    root, out = find_root(project), Out(asked_json=json)
    wait_seconds = 0 if no_wait else WAIT_SECONDS
    answers = asyncio.run(_answers(root, run, wish, wait_seconds=wait_seconds, start=start))
    if json:
        out.json(*(answer for answer, _ in answers))
    else:
        out.wrapped(INDENT, *(said(answer, name) for answer, name in answers))
    return REFUSED if any(answer.state is RequestState.REFUSED for answer, _ in answers) else 0


async def _answers(
    root: Path, prefix: str | None, wish: Wish, *, wait_seconds: float, start: bool
) -> list[tuple[Answer, str]]:
    """What came of it for the run, and for those that share its budget where that is to be another."""
    async with open_viewer(root) as viewer:
        run = await find_run(viewer, prefix)
        if viewer is None:
            raise NotFoundError("run_not_found", NOTHING_YET)
        if wish.action is Action.RESUME and (names := await _renewed(viewer, run)):
            await restart_engine(viewer, root, names)
            if run.paused is None and not wish.sets_budget:
                return [(_restarted(run, names), run.component)]
        runs = await sharing_budget(viewer, run) if wish.sets_budget else [run]
        answers = await request_control(viewer, root, runs, wish, wait_seconds=wait_seconds, start=start)
        if wish.action is Action.PAUSE and answers[0].state is RequestState.SETTLED:
            answers = (await _with_safety(viewer, run, answers[0]),)
        return [(answer, each.component) for answer, each in zip(answers, runs, strict=True)]


async def _renewed(viewer: Viewer, run: Session) -> tuple[str, ...]:
    """The credentials of which this terminal has another value than the engine at work."""
    return await renewed(viewer, run) if await viewer.living_engine() else ()


def _restarted(run: Session, names: tuple[str, ...]) -> Answer:
    reason = f"the engine was restarted with the {' and '.join(names)} of this terminal"
    return Answer(run.id, Action.RESUME, RequestState.SETTLED, changed=True, reason=reason)


async def _with_safety(viewer: Viewer, run: Session, answer: Answer) -> Answer:
    """The answer with whether anything of the run is at work at this moment; without an engine nothing is."""
    sessions = await viewer.run(viewer.scope, run.id)
    working = at_work(sessions[0], sessions) if await viewer.living_engine() else 0
    reason = "; ".join(part for part in (answer.reason, safety_words(working)) if part)
    return replace(answer, reason=reason)
