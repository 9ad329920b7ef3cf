"""`covey` alone: where you are (nothing set up, a project, runs, sessions that need you), and what comes next.

It only looks. What it says is no contract for programs; those ask `covey status --json`.
"""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from covey.cli.out import Out
from covey.cli.picture import heading, needing
from covey.client.beginning import Beginning, beginning
from covey.client.finding import runs_to_show
from covey.client.place import find_root
from covey.client.resuming import going_on, resuming, starting
from covey.client.snapshot import RunView, attach
from covey.errors import UsageError
from covey.model.credential import CredentialPause, asked_at, credential_words
from covey.model.pause import pause_words
from covey.model.session import is_terminal
from covey.model.status import Status
from covey.store.sqlite import open_viewer
from covey.text.cells import pad, width
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import ago, plural

_ALL_COMMANDS = ("covey --help", "all commands")
_NAME = 60
_REASON = 300
_INDENT = 2

Advice = Sequence[tuple[str, str]]
"""Commands to type, and what each is for."""


def here() -> int:
    """Say where you are, and what to type next; the exit code."""
    out = Out(asked_json=False)
    try:
        root = find_root()
    except UsageError:
        told, advice = _nowhere()
    else:
        views = asyncio.run(_views(root))
        told, advice = _runs(views, out) if views else _not_begun(root, beginning(root))
    out.wrapped(_INDENT, *told, SafeText(""))
    out.rows(*_advised([*advice, _ALL_COMMANDS]))
    return 0


async def _views(root: Path) -> list[RunView]:
    async with open_viewer(root) as viewer:
        if viewer is None:
            return []
        return [await attach(viewer, root, run.id) for run in await runs_to_show(viewer, None)]


def _nowhere() -> tuple[list[SafeText], Advice]:
    where = sanitise_line(str(Path.cwd()))
    return [SafeText(f"Nothing is set up for covey in {where} or above.")], [
        ("covey demo", "a made-up project at work, to see what covey does"),
        ("covey init", "write covey.toml from the project that is here"),
    ]


def _not_begun(root: Path, found: Beginning) -> tuple[list[SafeText], Advice]:
    name = sanitise_line(found.project, _NAME)
    if found.mistake is not None:
        told = [SafeText(f"{name} has mistakes in its covey.toml:"), SafeText(f"  {sanitise_line(found.mistake)}")]
        return told, [("covey doctor", "all of them, and what else is not in order")]
    if not found.contexts:
        told = [SafeText(f"{name}, in {sanitise_line(str(root))}: its covey.toml declares no contexts yet.")]
        return told, [("covey init --force", "read the project again; this covey.toml is kept aside")]
    components = sum(context.components for context in found.contexts)
    documents = sum(context.documents for context in found.contexts)
    declared = f"{plural(len(found.contexts), 'context')} with {plural(components, 'component')}"
    there = f"{documents} of {components} design documents are there"
    told = [SafeText(f"{name}, in {sanitise_line(str(root))}: {declared}; {there}. Nothing was run yet.")]
    return told, [
        ("covey contexts", "what is declared, and which files exist"),
        ("covey run design --all", "have the design documents written"),
    ]


def _runs(views: Sequence[RunView], out: Out) -> tuple[list[SafeText], Advice]:
    newest = views[-1]
    told = [heading(view, out.glyphs) for view in views]
    count = sum(len(needing(view)) + len(view.tree.needs_human(view.run_id)["questions"]) for view in views)
    if count:
        told.append(SafeText(f"{plural(count, 'session needs', 'sessions need')} you."))
    told += [SafeText(f"{sanitise_line(reason, _REASON)}.") for reason in _reasons(views)]
    told.append(SafeText(_engine(newest)))
    if all(is_terminal(view.root) for view in views):
        module = sanitise_line(newest.root.module)
        what = [("covey report", "what came of it")]
        if newest.workflow == "design" and newest.root.status is Status.COMPLETE and not count:
            what.append((f"covey run test {module}", "a test file for each of its components"))
        else:
            what.append((f"covey run {newest.workflow} {module}", "only what is not in order is done again"))
        return told, [*([("covey status", "what needs you, and what helps")] if count else []), *what]
    return told, goes_on(views, is_needed=bool(count))


def _reasons(views: Sequence[RunView]) -> list[str]:
    """Why runs stand still: their pauses, and the credentials that wait for a human."""
    paused = [f"{view.root.component}: {pause_words(view.root.paused)}" for view in views if view.root.paused]
    return [*paused, *map(credential_words, _stopped(views))]


def goes_on(views: Sequence[RunView], *, is_needed: bool) -> Advice:
    """What lets unfinished runs go on; `covey run` does nothing for one that is paused."""
    resumes = [command for view in views if (command := resuming(view)) is not None]
    stopped = {pause.credential: view for view in views if view.root.paused is None for pause in _stopped([view])}
    resumes += dict.fromkeys(command for view in stopped.values() if (command := going_on(view)) is not None)
    going = [view for view in views if view.root.paused is None and not _stopped([view])]
    if not going:
        return [*resumes, ("covey status", "what waits for it")]
    advice = [("covey watch", "the monitor"), ("covey status", "the same in lines, and what helps")]
    if starting(views[-1]):
        run = f"covey run {going[-1].workflow} {sanitise_line(going[-1].root.module)}"
        advice.insert(1 if is_needed else 0, (run, "go on with it"))
    return [*resumes, *advice]


def _stopped(views: Sequence[RunView]) -> list[CredentialPause]:
    """The credentials that wait for a human, each once."""
    return [*{pause.credential: pause for view in views for pause in asked_at(view.root, view.credentials)}.values()]


def _engine(view: RunView) -> str:
    ended = view.root.finished_at
    if ended is not None:  # whose engine may still be leaving
        return f"The newest run ended {ago(ended, datetime.now(UTC))} ago."
    if view.engine.alive:
        return f"An engine is at work (pid {view.engine.pid})."
    return "No engine is at work."


def _advised(advice: Advice) -> Iterable[SafeText]:
    column = max(width(command) for command, _ in advice)
    return [SafeText(f"  {pad(SafeText(command), column)}  {meaning}") for command, meaning in advice]
