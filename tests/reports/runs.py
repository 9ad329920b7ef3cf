"""Made-up runs, as a store and the disk would give them: what the tests of reports build on."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from covey.client.record import RunRecord
from covey.client.snapshot import EngineState, RunView
from covey.client.standing import left_as
from covey.model import events as e
from covey.model.command import TranscriptRow
from covey.model.credential import CredentialPause
from covey.model.session import Session
from covey.model.status import ArtifactState, ExecutionMode, FailureCause, Phase, Status
from covey.model.tree import SessionTree
from covey.reports.facts import Facts, facts_of

BEGAN = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOSTILE = (
    "a | b",
    "`code`",
    "``` \n```sh\nrm",
    "[text](http://evil.example)",
    "![image](x)",
    "<script>alert(1)</script>",
    "<!-- comment",
    "**bold** _em_ ~~gone~~",
    "# heading\n\n# another",
    "@somebody #12 org/repo#3 a@b.example",
    "https://evil.example www.evil.example",
    "&lt;&amp;&#64;",
    "\\ \\| \\` end\\",
    "\x1b[31mred\x1b]0;title\x07",
    "\u202egnp.exe",
    "\ud800 half, \ufffe no character, \x00 nothing",
    "- item\n1. one",
    "`|` | ``|``",
    "]]> & <![CDATA[",
    "名前 é 🦆",
    " ",
)
"""Names and reasons that would do something where they are not expected."""


def later(seconds: float) -> datetime:
    """A moment of the run."""
    return BEGAN + timedelta(seconds=seconds)


def session(key: str, parent: str | None = "root", **changes: Any) -> Session:
    """A session, by default one that works since second 1."""
    fields: dict[str, Any] = {
        "id": f"{key}-0123456789",
        "project_id": "shop",
        "run_id": "root-0123456789",
        "session_id": None if parent is None else f"{parent}-0123456789",
        "type": "ContextComponentsDesignSessions" if parent is None else "ComponentDesignSessions",
        "component_id": f"component-{key}",
        "component": key,
        "module": "shop" if parent is None else f"shop.{key}",
        "execution_mode": ExecutionMode.AUTO if parent is None else ExecutionMode.AGENTIC,
        "agent": "offline",
        "environment": "local",
        "phase": Phase.RUNNING,
        "artifact_path": None if parent is None else f"docs/design/shop/{key}.md",
        "inserted_at": BEGAN,
        "started_at": later(1),
        "updated_at": later(1),
    }
    return Session(**{**fields, **changes})


def ended(status: Status, seconds: float = 11, **changes: Any) -> dict[str, Any]:
    """A session that has ended that many seconds after the run began."""
    return {"status": status, "phase": None, "finished_at": later(seconds), "updated_at": later(seconds), **changes}


def complete(seconds: float = 11, **changes: Any) -> dict[str, Any]:
    """A session that ended well; its file is there."""
    return ended(Status.COMPLETE, seconds, **{"artifact": ArtifactState.PRESENT, **changes})


def failed(reason: str = "it broke", cause: FailureCause = FailureCause.AGENT_ERROR, **changes: Any) -> dict[str, Any]:
    """A session that failed."""
    return ended(Status.FAILED, error_message=reason, failure_cause=cause, **changes)


def gone() -> dict[str, Any]:
    """A session that ended well and has lost its file since."""
    return complete(artifact=ArtifactState.MISSING)


def skipped(reason: str = "not needed", by: str = "ada") -> dict[str, Any]:
    """A session without which somebody wanted to go on."""
    return ended(Status.SKIPPED, skip_reason=reason, decided_by=by)


def cancelled(reason: str = "no longer wanted") -> dict[str, Any]:
    """A session that somebody has cancelled."""
    return ended(Status.CANCELLED, error_message=reason, decided_by="ada")


def blocked(reason: str = "Child sessions failed", **changes: Any) -> dict[str, Any]:
    """A parent that needs a human."""
    return {"phase": Phase.BLOCKED, "error_message": reason, "needs_human": {}, "updated_at": later(12), **changes}


def facts(
    *children: Session,
    root: Mapping[str, Any] | None = None,
    engine: bool = False,
    events: Iterable[e.AnyEvent] = (),
    findings: Mapping[tuple[str, str], Any] | None = None,
    transcripts: Mapping[str, Sequence[TranscriptRow]] | None = None,
    credentials: Sequence[CredentialPause] = (),
) -> Facts:
    """What there is to tell of a run with these sessions under its root, which is complete by itself."""
    sessions = [session("root", None, **{"component": "shop", **(root if root is not None else complete())}), *children]
    began = e.RunStarted(
        at=BEGAN, run_id="root-0123456789", session_id="root-0123456789", project_root="/shop", workflow="design",
        context="shop",
    )  # fmt: skip
    view = RunView(
        project_root=Path("/shop"),
        workflow="design",
        run_id="root-0123456789",
        engine=EngineState(alive=engine),
        tree=SessionTree(sessions),
        present=frozenset(each.id for each in sessions if each.artifact is ArtifactState.PRESENT),
        inferred=frozenset(),
        credentials=tuple(credentials),
    )
    record = RunRecord(
        project="Shop",
        view=view,
        left=left_as(sessions, engine_alive=engine, asked=False),
        events=(began, *events),
        steps={},
        findings=findings or {},
        transcripts={key: tuple(rows) for key, rows in (transcripts or {}).items()},
    )
    return facts_of(record)
