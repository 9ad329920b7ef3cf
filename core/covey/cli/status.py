"""`covey status` and `covey show`: a run once, and one session whole."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from covey.cli.options import Json, ProjectDir
from covey.cli.out import Out
from covey.cli.picture import (
    INDENT,
    advice_lines,
    branch_lines,
    branch_words,
    needs_lines,
    project_lines,
    tree_lines,
)
from covey.cli.plain import plain_lines
from covey.client.finding import NOTHING_YET, find_session, runs_to_show
from covey.client.known import Basis, Known, known
from covey.client.place import find_root, is_here
from covey.client.snapshot import (
    RunView,
    as_seen,
    attach,
    differs,
    engine_state,
    no_run_json,
    show_json,
    status_json,
    under_pause,
)
from covey.clock import SystemClock
from covey.errors import NotFoundError
from covey.model.activity import Activity
from covey.model.command import Interaction
from covey.model.pause import pausing_words
from covey.model.session import Session
from covey.model.status import ArtifactState
from covey.store.sqlite import open_viewer
from covey.text.cells import fit
from covey.text.glyphs import step_words
from covey.text.sanitise import SafeText, sanitise, sanitise_line
from covey.text.words import ago, cost, duration

_FACTS, _MESSAGES = 11, 7
"""Where the facts of a session go on, and the messages of its steps."""
_STEP, _STATE = 32, 7


def status(run: str | None = None, /, *, plain: bool = False, json: Json = False, project: ProjectDir = None) -> int:
    """Show a run as a tree, with counts and what needs a human.

    Args:
        run: The run's id, or its beginning; default: all unfinished runs, else the newest.
        plain: One line a session in the same columns, without signs, for screen readers and for grep.
        json: One object a run.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    root, out = find_root(project), Out(asked_json=json)
    views = asyncio.run(_views(root, run))
    if json:
        out.json(*(status_json(view) for view in views) if views else (no_run_json(root),))
        return 0
    if not views:
        out.text(NOTHING_YET)
    if plain:
        out.wrapped(INDENT, *(line for view in views for line in plain_lines(view)))
        return 0
    of_project = project_lines(views)
    for view in views:
        _tell(view, out, of_project if len(views) == 1 else ())
    if len(views) > 1 and of_project:
        out.rows(SafeText(""), *of_project)
    return 0


def _tell(view: RunView, out: Out, of_project: Iterable[SafeText]) -> None:
    """A run for people; with what is so for the whole project, where no other run is told of."""
    first, *rows = tree_lines(view, out.glyphs)
    out.wrapped(INDENT, first)
    out.rows(*rows, *branch_lines(view), *of_project)
    needs, advice = needs_lines(view, out.glyphs), advice_lines(view, is_here=is_here(view.project_root))
    out.wrapped(INDENT, *([SafeText("")] if needs or advice else []), *needs)
    out.text(*advice)


async def _views(root: Path, run: str | None) -> list[RunView]:
    async with open_viewer(root) as viewer:
        if viewer is None:
            if run is not None:
                raise NotFoundError("run_not_found", NOTHING_YET)
            return []
        return [await attach(viewer, root, found.id) for found in await runs_to_show(viewer, run)]


def show(session: str, /, *, json: Json = False, project: ProjectDir = None) -> int:
    """Show one session with all its interactions.

    Args:
        session: The session's id, or its beginning.
        json: One object.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    root, out = find_root(project), Out(asked_json=json)
    seen = asyncio.run(_session(root, session))
    found, interactions = seen.session, seen.interactions
    if json:
        out.json(show_json(found, interactions, seen.known, seen.sign))
    else:
        out.wrapped(_FACTS, *_session_lines(seen))
        out.wrapped(_MESSAGES, *(line for each in interactions for line in _interaction_lines(each)))
    return 0


class _Seen(NamedTuple):
    """A session at one moment, how it is known, and all its interactions."""

    session: Session
    interactions: tuple[Interaction, ...]
    known: Known
    sign: Activity | None
    at: datetime


async def _session(root: Path, prefix: str) -> _Seen:
    async with open_viewer(root) as viewer:
        found = await find_session(viewer, prefix)
        if viewer is None:
            raise NotFoundError("session_not_found", NOTHING_YET)
        engine = await engine_state(viewer)
        run = await viewer.session(viewer.scope, found.run_id) or found
        seen = as_seen(found, root, engine_alive=engine.alive)
        sign, now = (await viewer.activity()).get(found.id), SystemClock().now()
        how = known(seen, sign, now, engine_alive=engine.alive, is_inferred=differs(found, seen))
        shown = under_pause(seen, run.paused, await viewer.credentials())
        return _Seen(shown, await viewer.interactions(viewer.scope, found.id), how, sign, now)


def _session_lines(seen: _Seen) -> list[SafeText]:
    session = seen.session
    there = "there" if session.artifact is ArtifactState.PRESENT else "not there"
    facts = {
        "session": session.id,
        "component": f"{session.component} ({session.module})",
        "type": session.type,
        "status": ", ".join(part for part in (session.status, session.phase, pausing_words(session)) if part),
        "known by": seen.known.words(seen.at),
        "last sign": f"{ago(seen.sign.at, seen.at)} ago" if seen.sign and seen.known.by is Basis.HEARTBEAT else "",
        "attempt": str(session.attempt),
        "agent": f"{session.agent}{f' with {session.model}' if session.model else ''}",
        "used": _used(session),
        "file": f"{session.artifact_path} ({there})" if session.artifact_path else "",
        "branch": branch_words(session),
        "note": session.note or "",
        "asks": session.question or "",
        "told": "; ".join(f"{message.by}: {message.text}" for message in session.messages),
        "skipped": session.skip_reason or "",
        "problem": session.error_message or "",
    }
    return [SafeText(f"{name:<{_FACTS - 1}} {sanitise_line(text)}") for name, text in facts.items() if text]


def _used(session: Session) -> str:
    """Tokens by kind and their cost; models without a price are named."""
    by_kind = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in session.usage.items() if count)
    price = f", {cost(session.cost_usd)}" if cost(session.cost_usd) else ""
    without = "".join(f"; no price is known for {model}" for model in session.unpriced)
    return f"{by_kind} tokens{price}{without}" if by_kind else ""


def _interaction_lines(interaction: Interaction) -> list[SafeText]:
    result = interaction.result
    took = f"  {duration(result.duration_ms / 1000)}" if result and result.duration_ms is not None else ""
    state = result.status if result else "pending"
    head = (
        f"  {interaction.attempt}  {fit(sanitise_line(step_words(interaction.step)), _STEP)}  {state:<{_STATE}}{took}"
    )
    message = sanitise(result.error_message or "") if result else ""
    prompt = sanitise(interaction.prompt or "")
    return [
        SafeText(head.rstrip()),
        *(SafeText(f"{' ' * _MESSAGES}> {line}".rstrip()) for line in prompt.splitlines()),
        *(SafeText(f"{' ' * _MESSAGES}{line}") for line in message.splitlines()),
    ]
