"""A run as a viewer sees it at one moment: the stored rows, and what the disk and the engine's lock say beside them.

Where no engine lives nobody writes down what happens, so two things are inferred: a session that was at work has been
interrupted, and a document that is not on disk any more is missing. Whoever shows them can tell (`inferred`).
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from msgspec.structs import replace

from covey.artifacts.presence import look_at
from covey.client.known import Known, known, quiet_after_of
from covey.clock import SystemClock
from covey.model.activity import QUIET_AFTER, Activity
from covey.model.budget import Budget
from covey.model.command import Interaction
from covey.model.credential import NONE_PAUSED, CredentialPause, GateState, Paused, pause_of, pauses_of
from covey.model.pause import Pause, at_work, phase_under
from covey.model.session import Session, file_is_missing, undecided
from covey.model.status import AT_WORK, ArtifactState, Phase, Status
from covey.model.tree import SessionTree
from covey.model.usage import Spent, spent_by_all
from covey.store.base import EngineRow
from covey.store.sqlite import Viewer

_WORKS = AT_WORK | {Phase.WAITING}


@dataclass(frozen=True, slots=True)
class EngineState:
    """Whether an engine lives, since when, how many sessions may work at the same time, and what it is short of.

    `held` is how many may work for now, where the machine lets fewer than `slots`. `gates` stand before credentials.
    """

    alive: bool = False
    pid: int | None = None
    since: datetime | None = None
    slots: int | None = None
    held: int | None = None
    short_of: tuple[str, ...] = ()
    gates: tuple[GateState, ...] = ()


@dataclass(frozen=True, slots=True)
class RunView:
    """A run at one moment, `at`. `tree` has its sessions as they are seen, `inferred` the ids that differ from the log.

    `working` is how many of them are at work. `signs` are the signs of life of those at work, by id; who gives none for
    `quiet_after` seconds is quiet. `credentials` are those for which sessions of it stand still. `today` is what the
    whole project has spent since midnight, by the local clock.
    """

    project_root: Path
    workflow: str
    run_id: str
    engine: EngineState
    tree: SessionTree
    present: frozenset[str]
    inferred: frozenset[str]
    working: int = 0
    signs: Mapping[str, Activity] = field(default_factory=dict)
    quiet_after: float = QUIET_AFTER
    credentials: tuple[CredentialPause, ...] = ()
    today: Spent = field(default_factory=Spent)
    at: datetime = field(default_factory=SystemClock().now)

    @property
    def root(self) -> Session:
        """The run's root session."""
        return self.tree.sessions[self.run_id]

    @property
    def sessions(self) -> list[Session]:
        """The root and all below it, in spawn order."""
        return [self.root, *self.tree.below(self.run_id)]

    def known(self, session: Session) -> Known:
        """How the state of a session is known, and since when."""
        inferred = session.id in self.inferred
        sign = self.signs.get(session.id)
        return known(session, sign, self.at, engine_alive=self.engine.alive, is_inferred=inferred)


async def engine_state(viewer: Viewer) -> EngineState:
    """The engine of the moment."""
    row: EngineRow | None = await viewer.living_engine()
    if row is None:
        return EngineState()
    return EngineState(
        alive=True,
        pid=row.pid,
        since=row.since,
        slots=row.slots or None,
        held=row.held or None,
        short_of=row.short_of,
        gates=row.gates,
    )


async def attach(viewer: Viewer, project_root: Path, run_id: str) -> RunView:
    """Look at a run: all its sessions in one read, and each of their files on disk."""
    engine = await engine_state(viewer)
    stored = await viewer.run(viewer.scope, run_id)
    paused = await viewer.credentials()
    seen = view_of(stored, project_root, engine, await workflow_of(viewer, run_id), paused)
    quiet_after = quiet_after_of(viewer.scope.project.config)
    today = await viewer.spent_since(midnight(SystemClock().now()))
    return dataclasses.replace(seen, signs=await viewer.activity(), quiet_after=quiet_after, today=today)


def midnight(now: datetime) -> datetime:
    """When the day began, by the local clock, which may have been changed since."""
    today = now.astimezone().replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    return today.astimezone()


def view_of(
    stored: Sequence[Session],
    project_root: Path,
    engine: EngineState,
    workflow: str,
    paused: Paused = NONE_PAUSED,
) -> RunView:
    """A run by its stored rows, the root first; each of their files is looked at on disk. `paused` are credentials."""
    pause = stored[0].paused
    now = [as_seen(session, project_root, engine_alive=engine.alive) for session in stored]
    working = at_work(stored[0], now)
    seen = [under_pause(session, pause, paused) for session in now]
    logged = [under_pause(session, pause, paused) for session in stored]
    return RunView(
        project_root=project_root,
        workflow=workflow,
        run_id=stored[0].id,
        engine=engine,
        tree=SessionTree(seen),
        present=frozenset(session.id for session in seen if session.artifact is ArtifactState.PRESENT),
        inferred=frozenset(now.id for was, now in zip(logged, seen, strict=True) if differs(was, now)),
        working=working,
        credentials=pauses_of(paused, now),
    )


def as_seen(session: Session, project_root: Path, *, engine_alive: bool) -> Session:
    """A stored session with what its file and the engine's absence say about it now."""
    phase = session.phase
    if phase in _WORKS and not engine_alive:
        phase = Phase.INTERRUPTED
    artifact = session.artifact
    if session.artifact_path is not None:
        there = look_at(project_root, session.artifact_path).present
        artifact = ArtifactState.PRESENT if there else ArtifactState.MISSING
    stalled_since = session.stalled_since if phase is Phase.STALLED else None
    return replace(session, phase=phase, artifact=artifact, stalled_since=stalled_since)


def under_pause(session: Session, pause: Pause | None, paused: Paused = NONE_PAUSED) -> Session:
    """A session as its run's pause lets it be seen, and the credentials that are paused."""
    phase = phase_under(pause, session) if pause_of(paused, session) is None else Phase.PAUSED
    return session if phase is session.phase else replace(session, phase=phase)


def differs(was: Session, now: Session) -> bool:
    """What is seen of a session is not what the log says: its work has stopped, or its file has come or gone."""
    return was.phase is not now.phase or file_is_missing(was) is not file_is_missing(now)


async def workflow_of(viewer: Viewer, run_id: str) -> str:
    """The workflow's name, which a run's first line of the log tells."""
    first = await viewer.lines(0, run_id, limit=1)
    return str(getattr(first[0].entry.event, "workflow", "")) if first else ""


def status_json(view: RunView) -> dict[str, object]:
    """A run as `covey status --json` prints it."""
    root = view.root
    return {
        "run_id": view.run_id,
        "project_root": str(view.project_root),
        "workflow": view.workflow,
        "context": root.component,
        "status": root.status,
        "phase": root.phase,
        "error_message": root.error_message,
        "engine": engine_json(view.engine),
        **_git_json(root),
        "counts": view.tree.counts(view.run_id),
        **_money_json(view.sessions, root.budget, view.today),
        "needs_human": needs_human_json(view),
        "sessions": [_status_json_of(view, session) for session in view.sessions],
    }


def _status_json_of(view: RunView, session: Session) -> dict[str, object]:
    present, sign = session.id in view.present, view.signs.get(session.id)
    return {**session_json(session, present=present), **known_json(session, view.known(session), sign)}


def _money_json(sessions: Sequence[Session], budget: Budget | None, today: Spent) -> dict[str, object]:
    """What a run has spent, what it may, and what the whole project has spent today; the keys are always there."""
    usage: dict[str, int] = {}
    for session in sessions:
        for kind, count in session.usage.items():
            usage[kind] = usage.get(kind, 0) + count
    return {
        "usage": usage,
        "cost_usd": spent_by_all(sessions).usd,
        "budget": None if budget is None else {"budget_usd": budget.usd, "budget_tokens": budget.tokens},
        "today": {"tokens": today.tokens, "cost_usd": today.usd},
    }


def known_json(session: Session, how: Known, sign: Activity | None) -> dict[str, object]:
    """How a session's state is known, since when, and when the agent of one that is active gave its last sign."""
    heard = sign if sign is not None and (sign.attempt, Status.ACTIVE) == (session.attempt, session.status) else None
    by = f"{how.by}, overdue" if how.is_old else str(how.by)
    return {"known_by": by, "known_at": how.at, "last_sign_at": None if heard is None else heard.at}


def no_run_json(project_root: Path) -> dict[str, object]:
    """What `covey status --json` prints where nothing was ever run."""
    return {
        "run_id": None,
        "project_root": str(project_root),
        "workflow": None,
        "context": None,
        "status": None,
        "phase": None,
        "error_message": None,
        "engine": engine_json(EngineState()),
        "counts": {status.value: 0 for status in Status},
        **_money_json((), None, Spent()),
        "needs_human": {
            "failed": [],
            "cancelled": [],
            "missing_files": [],
            "not_created": [],
            "stalled": [],
            "questions": [],
            "interrupted": [],
            "paused": [],
        },
        "sessions": [],
    }


def git_of(session: Session) -> dict[str, object] | None:
    """Where a session's work is in git: `branch`, `base`, `commit`, `worktree`, or a `reason` why there is no branch.

    None outside of a repository, and for sessions that have no branch of their own.
    """
    git = session.state.get("git")
    return git if isinstance(git, dict) else None


def _git_json(session: Session) -> dict[str, object]:
    """`git`, for sessions that have to do with it; programs that know nothing of git see nothing new elsewhere."""
    git = git_of(session)
    return {} if git is None else {"git": git}


def engine_json(engine: EngineState) -> dict[str, object]:
    """The engine as programs read it; where the machine is short of something, how many may work for now (`held`)."""
    short = {"held": engine.held, "short_of": engine.short_of} if engine.short_of else {}
    gates = {"gates": engine.gates} if engine.gates else {}
    return {"alive": engine.alive, "pid": engine.pid, "since": engine.since, **short, **gates}


def session_json(session: Session, *, present: bool) -> dict[str, object]:
    """A session as programs read it; one without a file of its own has no artifact."""
    path = session.artifact_path
    return {
        "session_id": session.id,
        "parent_id": session.session_id,
        "type": session.type,
        "component": session.component,
        "module": session.module,
        "status": session.status,
        "phase": session.phase,
        "attempt": session.attempt,
        "error_message": session.error_message,
        "cause": session.failure_cause,
        "skip_reason": session.skip_reason,
        "usage": session.usage,
        "cost_usd": session.cost_usd,
        "artifact": None if path is None else {"path": path, "present": present},
    }


def needs_human_json(view: RunView) -> dict[str, list[dict[str, object]]]:
    """The lists of what a human has to decide on, each in spawn order."""
    lists = view.tree.needs_human(view.run_id)
    return {
        "failed": [_with_reason(session) for session in lists["failed"]],
        "cancelled": [_with_reason(session) for session in lists["cancelled"]],
        "missing_files": [{**_named(session), "path": session.artifact_path} for session in lists["missing_files"]],
        "not_created": list(not_created(view.sessions)),
        "stalled": [{**_named(session), "since": session.stalled_since} for session in lists["stalled"]],
        "questions": [{**_named(session), "question": session.question} for session in lists["questions"]],
        "interrupted": [{**_named(session), "reason": undecided(session)} for session in lists["interrupted"]],
        "paused": [
            *([_pause_json(view.root.component, view.root.paused)] if view.root.paused else []),
            *map(_credential_json, view.credentials),
        ],
    }


def _pause_json(name: str, pause: Pause) -> dict[str, object]:
    # As a credential's; but the pause of a run does not end by itself.
    return {"kind": pause.kind, "name": name, "cause": pause.cause, "since": pause.since, "resets_at": None}


def _credential_json(pause: CredentialPause) -> dict[str, object]:
    return {
        "kind": "credential",
        "name": pause.credential,
        "cause": pause.cause,
        "since": pause.since,
        "resets_at": pause.resets_at,
    }


def not_created(sessions: Iterable[Session]) -> Iterable[dict[str, object]]:
    """The components for which blocked parents could not make a session, as their verdicts name them."""
    for session in sessions:
        if session.phase is Phase.BLOCKED and session.needs_human is not None:
            yield from session.needs_human.get("not_created", ())


def _named(session: Session) -> dict[str, object]:
    return {"session_id": session.id, "component": session.component, "module": session.module}


def _with_reason(session: Session) -> dict[str, object]:
    return {**_named(session), "reason": session.error_message, "cause": session.failure_cause}


def show_json(
    session: Session, interactions: Iterable[Interaction], how: Known, sign: Activity | None
) -> dict[str, object]:
    """A session with all its interactions, as `covey show --json` prints it."""
    return {
        **session_json(session, present=session.artifact is ArtifactState.PRESENT),
        **known_json(session, how, sign),
        **_git_json(session),
        "interactions": [
            {
                "id": interaction.id,
                "attempt": interaction.attempt,
                "step": interaction.step,
                "command": interaction.command,
                "result": interaction.result,
                **({} if interaction.prompt is None else {"prompt": interaction.prompt}),
                "inserted_at": interaction.inserted_at,
                "completed_at": interaction.completed_at,
            }
            for interaction in interactions
        ],
    }
