"""`covey retry`, `covey skip` and `covey cancel`: what a human asks of sessions, left in the store for the engine."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from covey.cli.options import Json, NoWait, ProjectDir, Start
from covey.cli.out import Out
from covey.cli.picture import INDENT
from covey.client.estimate import NO_ESTIMATE, Estimate, estimate, estimated, kinds_of
from covey.client.finding import NOTHING_YET, find_run, find_session
from covey.client.place import find_root
from covey.client.requests import WAIT_SECONDS, Answer, Wish, foresee, needs_retry, request_control
from covey.client.snapshot import as_seen, engine_state
from covey.errors import NotFoundError, UsageError
from covey.model.control import Action, RequestState
from covey.model.session import Session
from covey.store.sqlite import Viewer, open_viewer
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import short_id

REFUSED = 1


def retry(
    *sessions: str,
    failed: bool = False,
    note: str | None = None,
    resume: bool = False,
    force: bool = False,
    agent: str | None = None,
    model: str | None = None,
    dry_run: bool = False,
    no_wait: NoWait = False,
    start: Start = False,
    json: Json = False,
    project: ProjectDir = None,
) -> int:
    """Try sessions again: a new attempt of each; of a running one, a restart.

    Args:
        sessions: The sessions' ids, or their beginnings; with --failed a run, default: the newest unfinished one.
        failed: All that failed or lost their file; never cancelled ones.
        note: What the agent should know; it goes along with the failure.
        resume: Go on at the step that failed, not at the first one.
        force: Even if the same retry failed the same way twice, or the session was retried too often.
        agent: Another agent from now on.
        model: Another model from now on.
        dry_run: Say what would come of it; ask for nothing.
        no_wait: Leave the request and do not wait for the decision.
        start: Start an engine if none is at work; it goes on with what the request sets going.
        json: One object a session.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    if not failed and not sessions:
        raise UsageError("which sessions? give their ids (see: covey status), or --failed")
    if failed and len(sessions) > 1:
        raise UsageError("--failed takes one run at most; leave it out to name sessions")
    if agent is not None:
        from covey.cli.declared import declared_project  # noqa: PLC0415 - the manifest is not read for anything else

        declared_project(project).settings.agent(agent)
    wish = Wish(action=Action.RETRY, note=note, resume=resume, agent=agent, model=model, force=force)
    return ask_of_sessions(
        project, sessions, wish, json=json, no_wait=no_wait, start=start, failed=failed, dry_run=dry_run
    )


def skip(
    session: str,
    /,
    *sessions: str,
    reason: str,
    no_wait: NoWait = False,
    start: Start = False,
    json: Json = False,
    project: ProjectDir = None,
) -> int:
    """Go on without sessions; the parent validates again at once.

    Args:
        session: A session's id, or its beginning.
        sessions: More of them.
        reason: Why; kept with the decision.
        no_wait: Leave the request and do not wait for the decision.
        start: Start an engine if none is at work; it goes on with what the request sets going.
        json: One object a session.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    return ask_of_sessions(
        project, (session, *sessions), Wish(action=Action.SKIP, reason=reason), json=json, no_wait=no_wait, start=start
    )


def cancel(
    session: str,
    /,
    *sessions: str,
    now: bool = False,
    no_wait: NoWait = False,
    start: Start = False,
    json: Json = False,
    project: ProjectDir = None,
) -> int:
    """End sessions that are at work, and all below them; they stay retryable.

    Args:
        session: A session's id, or its beginning.
        sessions: More of them.
        now: Without the time that an agent has to clean up.
        no_wait: Leave the request and do not wait for the decision.
        start: Start an engine if none is at work; it goes on with what the request sets going.
        json: One object a session.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    return ask_of_sessions(
        project, (session, *sessions), Wish(action=Action.CANCEL, now=now), json=json, no_wait=no_wait, start=start
    )


def ask_of_sessions(
    project: Path | None,
    prefixes: Sequence[str],
    wish: Wish,
    *,
    json: bool,
    no_wait: bool,
    start: bool,
    failed: bool = False,
    dry_run: bool = False,
) -> int:
    """Ask the same of some sessions, and tell what came of it; the exit code.

    `failed`: of all that failed or lost their file, in the run that is named; `dry_run` asks for nothing.

    Raises:
        NotFoundError: there is no such session, or no such run.
    """
    root, out = find_root(project), Out(asked_json=json)
    wait_seconds = 0 if no_wait else WAIT_SECONDS
    answers, names, foreseen = asyncio.run(
        _answers(root, prefixes, wish, failed=failed, dry_run=dry_run, start=start, wait_seconds=wait_seconds)
    )
    if json:
        out.json(*answers)
    else:
        tell = foretold if dry_run else said
        out.wrapped(INDENT, *(tell(answer, names[answer.session_id]) for answer in answers))
        out.text(*([] if answers else ["nothing failed and no file is missing"]))
        out.text(*([foreseen] if foreseen else []))
    return REFUSED if any(answer.state is RequestState.REFUSED for answer in answers) else 0


async def _answers(
    root: Path,
    prefixes: Sequence[str],
    wish: Wish,
    *,
    failed: bool,
    dry_run: bool,
    start: bool,
    wait_seconds: float,
) -> tuple[tuple[Answer, ...], dict[str, str], str | None]:
    """What came of it, the names of the sessions, and of what is only foreseen, what it would take."""
    async with open_viewer(root) as viewer:
        if viewer is None:
            raise NotFoundError("session_not_found", NOTHING_YET)
        if failed:
            sessions = await _to_retry(viewer, root, prefixes[0] if prefixes else None)
        else:
            found = [await find_session(viewer, prefix) for prefix in prefixes]
            sessions = list({session.id: session for session in found}.values())
        names = {session.id: session.component for session in sessions}
        if not dry_run:
            done = await request_control(viewer, root, sessions, wish, wait_seconds=wait_seconds, start=start)
            return done, names, None
        answers = await foresee(viewer, root, sessions, wish)
        would = {answer.session_id for answer in answers if answer.state is RequestState.QUEUED}
        kinds = kinds_of((session for session in sessions if session.id in would), wish.agent, wish.model)
        return answers, names, _takes(len(would), await estimate(viewer, kinds)) if would else None


def _takes(count: int, found: Estimate | None) -> str:
    """What so many retries would take."""
    if found is None:
        return NO_ESTIMATE
    return f"{'it' if count == 1 else 'together they'} would take {estimated(found)}"


async def _to_retry(viewer: Viewer, root: Path, run: str | None) -> list[Session]:
    """The sessions of a run that failed or lost their file, as they are stored."""
    found = await find_run(viewer, run)
    engine = await engine_state(viewer)
    stored = await viewer.run(viewer.scope, found.id)
    return [session for session in stored if needs_retry(as_seen(session, root, engine_alive=engine.alive))]


def said(answer: Answer, name: str) -> SafeText:
    """What came of a request, in a line; `name` is that of its session."""
    match answer.state:
        case RequestState.REFUSED:
            what = "refused"
        case RequestState.QUEUED:
            what = "asked for"
        case RequestState.SETTLED:
            what = "done" if answer.changed else "nothing to do"
    return _line(answer, name, what, answer.reason)


def foretold(answer: Answer, name: str) -> SafeText:
    """What would come of a request, in a line, in the words in which it is told once it has."""
    match answer.state:
        case RequestState.REFUSED:
            return _line(answer, name, "would be refused", answer.reason)
        case RequestState.QUEUED:
            return _line(answer, name, "would be asked for", None)
        case RequestState.SETTLED:
            return _line(answer, name, "nothing to do", answer.reason)


def _line(answer: Answer, name: str, what: str, why: str | None) -> SafeText:
    reason = f": {sanitise_line(why)}" if why else ""
    return SafeText(f"{answer.action} {sanitise_line(name)} ({short_id(answer.session_id)}) {what}{reason}")
