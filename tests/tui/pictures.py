"""The made-up shop of the design's pictures, as rows that a store would give: what tests of the screen build on."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec.structs import replace

from covey.client.snapshot import EngineState
from covey.model.ability import Ability
from covey.model.activity import Activity
from covey.model.budget import Budget
from covey.model.command import CommandKind
from covey.model.credential import CredentialPause, GateState
from covey.model.events import RunStarted
from covey.model.pause import Pause, PauseKind, PauseMode
from covey.model.session import Session
from covey.model.status import AT_WORK, ArtifactState, ExecutionMode, FailureCause, Phase, Status
from covey_tui.view.board import Board

NOW = datetime(2026, 11, 22, 12, 8, 10, tzinfo=UTC)
"""The moment of every picture."""
REFUSED = CredentialPause(
    credential="ANTHROPIC_API_KEY",
    cause=FailureCause.AUTH,
    reason="invalid x-api-key (401)",
    agents=("offline",),
    since=NOW - timedelta(seconds=12),
)
"""A key that the API does not take any more."""
LIMITED = replace(
    REFUSED,
    cause=FailureCause.RATE_LIMIT,
    reason="this month's limit is used up",
    resets_at=NOW + timedelta(seconds=1460),
    by_itself=True,
)
COOLING = GateState(credential="ANTHROPIC_API_KEY", allowed=5, at_work=4, waiting=3, until=NOW + timedelta(seconds=20))
PARENT, CHILD = "ContextComponentsDesignSessions", "ComponentDesignSessions"


def session(name: str, parent: str | None, seconds: int | None = None, **changes: Any) -> Session:
    """A session called `name`; `seconds` is how long it has worked, None when it has not begun."""
    started = None if seconds is None else NOW - timedelta(seconds=seconds)
    key = f"id-{(parent or 'run').lower()}-{name.lower()}"
    root = "id-run-" + (parent or name).lower()
    fields: dict[str, Any] = {
        "id": key,
        "project_id": "shop",
        "run_id": root,
        "session_id": None if parent is None else root,
        "type": PARENT if parent is None else CHILD,
        "component_id": f"component-{name}",
        "component": name,
        "module": f"shop.{(parent or name).lower()}" + (f".{_snake(name)}" if parent else ""),
        "execution_mode": ExecutionMode.AUTO if parent is None else ExecutionMode.AGENTIC,
        "agent": "offline",
        "environment": "local",
        "artifact_path": f"docs/design/shop/{parent.lower()}/{_snake(name)}.md" if parent else None,
        "inserted_at": NOW - timedelta(seconds=252),
        "started_at": started,
        "updated_at": NOW,
    }
    return Session(**{**fields, **changes})


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def running(step: str, **changes: Any) -> dict[str, Any]:
    """A session that works on a step."""
    return {"phase": Phase.RUNNING, "step": step, "command": CommandKind.AGENT, "pending": "i", **changes}


def complete(**changes: Any) -> dict[str, Any]:
    """A session that ended well; its file is there."""
    there = ArtifactState.PRESENT
    return {"status": Status.COMPLETE, "phase": None, "artifact": there, "finished_at": NOW, **changes}


def gone() -> dict[str, Any]:
    """A session that ended well and has lost its file since."""
    return complete(artifact=ArtifactState.MISSING)


def failed(cause: FailureCause, reason: str, **changes: Any) -> dict[str, Any]:
    """A session that failed."""
    ended: dict[str, Any] = {"status": Status.FAILED, "phase": None, "finished_at": NOW, "step": "ValidateDesign"}
    return {**ended, "failure_cause": cause, "error_message": reason, **changes}


def skipped(reason: str) -> dict[str, Any]:
    """A session without which somebody wanted to go on."""
    return {"status": Status.SKIPPED, "phase": None, "skip_reason": reason, "decided_by": "ana", "finished_at": NOW}


def waiting() -> dict[str, Any]:
    """A parent that waits for its children."""
    return {"phase": Phase.WAITING, "step": "SpawnComponentDesignSessions", "command": CommandKind.SPAWN_SESSIONS}


def shop() -> list[Session]:
    """Two contexts at work with fourteen components: a failure, a file that is gone, a skip, the rest as it comes."""
    agent = FailureCause.AGENT_ERROR
    billing = [
        ("Invoice", 64, complete()),
        ("LineItem", 52, complete()),
        ("Payment", 98, running("ValidateDesign")),
        ("TaxRule", 127, failed(agent, "the agent exited with code 1: no such model", attempt=2)),
        ("Ledger", 101, gone()),
        ("Refund", 175, complete(attempt=2)),
        ("Dunning", 0, complete(kept=True)),
        ("CreditNote", None, {}),
    ]
    catalog = [
        ("Product", 82, complete()),
        ("Category", 47, complete()),
        ("PriceList", 198, running("ReviseDesign")),
        ("Variant", 22, running("GenerateComponentDesign")),
        ("ImportAdapter", 220, failed(FailureCause.CHECK_FAILED, "section Public API is empty")),
        ("LegacySync", 12, skipped("replaced next year")),
    ]
    return [*family("Billing", 252, waiting(), billing), *family("Catalog", 252, waiting(), catalog)]


def at_work() -> list[Session]:
    """The same shop while nothing needs anybody: some done, some at work, some waiting for their turn."""
    mended = {
        "TaxRule": running("GenerateComponentDesign", attempt=2),
        "Ledger": complete(),
        "ImportAdapter": running("ReviseDesign"),
        "LegacySync": {},
    }
    return [_as_new(row, mended[row.component]) if row.component in mended else row for row in shop()]


def silent() -> list[Session]:
    """The same shop while some agents are silent: one for a while, one for so long that it needs somebody."""
    stalled = {"phase": Phase.STALLED, "stalled_since": NOW - timedelta(seconds=310), "attempt": 2}
    mute = {
        "Payment": running("ValidateDesign", started_at=NOW - timedelta(seconds=158)),
        "PriceList": running("ReviseDesign", started_at=NOW - timedelta(seconds=378)) | stalled,
    }
    return [_as_new(row, mute[row.component]) if row.component in mute else row for row in at_work()]


QUIET = {"Payment": 130, "PriceList": 310}
"""For how many seconds the agents of the silent ones have done nothing."""


def signs(sessions: Iterable[Session], quiet: Mapping[str, int]) -> dict[str, Activity]:
    """The signs of life of those at work; `quiet` are the seconds since the last one, by name."""
    at_work = [each for each in sessions if each.phase in AT_WORK]
    return {
        each.id: Activity(
            session_id=each.id,
            attempt=each.attempt,
            at=NOW - timedelta(seconds=quiet.get(each.component, 0)),
            beat=NOW - timedelta(seconds=2),
        )
        for each in at_work
    }


def asking() -> list[Session]:
    """The shop at work while the agents of two sessions ask, one of them at length; one that works takes messages."""
    where = "Where does a payment by instalments belong?"
    why = "The context's document names both Payment and Ledger for it, and the two disagree on who keeps the dates."
    asked = {
        "Payment": f"{where}\n\n{why}\n\n1. in Payment, which then needs Ledger\n2. in Ledger, as a kind of entry",
        "PriceList": "Are prices with or without tax?",
    }
    rows = [replace(row, abilities=(Ability.TURNS, Ability.MESSAGES)) for row in at_work()]
    return [
        replace(row, phase=Phase.ASKING, question=asked[row.component], question_id="q")
        if row.component in asked
        else row
        for row in rows
    ]


def paused(*contexts: str, mode: PauseMode = PauseMode.SOFT) -> list[Session]:
    """The same shop at work, with these runs paused by somebody; by default both."""
    pause = Pause(kind=PauseKind.HUMAN, mode=mode, cause="paused by ana", since=NOW - timedelta(seconds=70), by="ana")
    chosen = contexts or ("Billing", "Catalog")
    return [replace(row, paused=pause) if row.component in chosen else row for row in at_work()]


def paused_hard() -> list[Session]:
    """Both runs are paused hard: one session still ends its step, the others stand still between two."""
    rows = paused(mode=PauseMode.HARD)
    return [row if row.component == "Payment" or row.pending is None else replace(row, pending=None) for row in rows]


def cancelling() -> list[Session]:
    """The same shop while one of its runs is cancelled: what was at work there is told to stop."""
    decided = {"status": Status.CANCELLED, "decided_by": "ana", "finished_at": NOW}
    rows = []
    for row in at_work():
        if row.status is not Status.ACTIVE or row.module.split(".")[1] != "catalog":
            rows.append(row)
        else:
            stops = row.phase in AT_WORK
            rows.append(replace(row, **decided, phase=Phase.CANCELLING if stops else None))
    return rows


def failing_again() -> list[Session]:
    """A run that covey has paused: too many of its sessions failed for the same cause."""
    agent = FailureCause.AGENT_ERROR
    names = ["Invoice", "LineItem", "Payment", "TaxRule", "Ledger", "Refund"]
    wrong = "the agent exited with code 1: no such model"
    children = [(name, 20 + place, failed(agent, wrong)) for place, name in enumerate(names)]
    cause = "6 sessions failed within 10m: agent"
    asked = Pause(kind=PauseKind.REPEATED_FAILURES, mode=PauseMode.SOFT, cause=cause, since=NOW, by="covey")
    rest: list[tuple[str, int | None, dict[str, Any]]] = [("Dunning", None, {}), ("CreditNote", None, {})]
    return list(family("Billing", 252, waiting() | {"paused": asked}, [*children, *rest]))


def paying() -> list[Session]:
    """The same shop with an agent that is paid: two runs of one call, which may spend five dollars together."""
    over = "its budget: $0.52 of $0.50 are spent; raise session_budget_usd under [run] in covey.toml, then retry it"
    budget, rows = Budget(id="call", usd=5.0), list[Session]()
    for place, row in enumerate(shop()):
        if row.session_id is None:
            rows.append(replace(row, budget=budget))
        elif row.started_at is None or row.kept:
            rows.append(row)
        else:
            used = {"input": 900 + 700 * place, "output": 300 + 90 * place, "cache_read": 9_000, "cache_write": 1_200}
            rows.append(replace(row, usage=used, cost_usd=0.06 + 0.013 * place, model="claude-sonnet-5-5"))
    spent = failed(FailureCause.BUDGET, over, cost_usd=0.52)
    return [_as_new(row, spent) if row.component == "Refund" else row for row in rows]


def budget_spent() -> list[Session]:
    """The same shop once all of it is spent: nobody takes another turn before there is more."""
    cause = "$5.02 of $5.00 are spent"
    pause = Pause(kind=PauseKind.BUDGET, mode=PauseMode.HARD, cause=cause, since=NOW, by="covey", limit="budget_usd")
    rows = [row for row in paying() if row.status is not Status.FAILED and row.artifact is not ArtifactState.MISSING]
    more = 5.02 / sum(row.cost_usd or 0.0 for row in rows)
    paid = [replace(row, pending=None, cost_usd=row.cost_usd and row.cost_usd * more) for row in rows]
    return [replace(row, paused=pause) if row.session_id is None else row for row in paid]


def finished() -> list[Session]:
    """The same shop at its end: everything is complete."""
    return [_as_new(row, complete(attempt=row.attempt, kept=row.kept)) for row in shop()]


def _as_new(row: Session, changes: dict[str, Any]) -> Session:
    fresh: dict[str, Any] = {"status": Status.ACTIVE, "phase": Phase.QUEUED, "artifact": ArtifactState.UNKNOWN}
    ended = {"failure_cause": None, "error_message": None, "skip_reason": None, "decided_by": None, "finished_at": None}
    return replace(row, **{**fresh, **ended, **changes})


def family(
    context: str, seconds: int, parent: dict[str, Any], children: Iterable[tuple[str, int | None, dict[str, Any]]]
) -> Iterator[Session]:
    """A root with its children in spawn order."""
    yield session(context, None, seconds, **parent)
    for position, (name, worked, changes) in enumerate(children):
        yield session(name, context, worked, position=position, **changes)


def catalog_of_sixty_one() -> list[Session]:
    """One context that is blocked: 61 components, the files of 26 of them are missing."""
    children = [
        (f"Component{number:02}", 30 + number, gone() if number % 7 in {2, 3, 5} else complete())
        for number in range(61)
    ]
    lost = [name for name, _, changes in children if changes["artifact"] is ArtifactState.MISSING]
    verdict = {"missing_files": [{"component": name} for name in lost]}
    parent = {**waiting(), "phase": Phase.BLOCKED, "needs_human": verdict, "error_message": "Design files missing"}
    return list(family("Catalog", 1866, parent, children))


def committed() -> list[Session]:
    """A context whose design is complete, reviewed, and committed to a branch of its own."""
    names = [("Invoice", 41), ("LineItem", 37), ("TaxRule", 127), ("Payment", 68)]
    git = {"branch": "docs-billing", "base": "1f0c2a9e", "commit": "9b4c07d2e1a8f3556601", "worktree": None}
    review = {"type": "ComponentDesignReviewSessions", "artifact_path": "docs/design/shop/billing/design_review.md"}
    children = [
        *((name, seconds, complete()) for name, seconds in names),
        ("Review of Billing", 52, complete(**review)),
    ]
    return list(family("Billing", 252, complete(state={"git": git}), children))


def under_test() -> list[Session]:
    """A context whose components are being tested; the tests of one of them fail."""
    kind = {"type": "ComponentTestSessions"}
    findings = [
        "test_reduced_rate (line 31): assert Decimal('0.19') == Decimal('0.07')",
        "TestRounding::test_half_cents (line 58): decimal.InvalidOperation: [<class 'decimal.ConversionSyntax'>]",
    ]
    path = "tests/shop/billing/test_tax_rule.py"
    wrong = failed(
        FailureCause.CHECK_FAILED,
        f"{path}: {'; '.join(findings)}",
        state={"tested": {"of": "pass:0", "findings": findings}},
        artifact=ArtifactState.PRESENT,
        artifact_path=path,
        step="RunTests",
    )
    children = [
        ("Invoice", 41, complete() | kind),
        ("LineItem", 37, running("FixTestFailures") | kind),
        ("TaxRule", 127, wrong | kind),
        ("Payment", 68, running("GenerateTestsAndFixtures") | kind),
        ("Ledger", 44, running("RunTests") | kind),
    ]
    parent = waiting() | {"type": "ContextTestingSessions", "step": "SpawnComponentTestingSessions"}
    return list(family("Billing", 252, parent, children))


def interrupted() -> list[Session]:
    """A context whose engine has died: what one session left at work cannot be seen to have ended."""
    unseen = "whether it is still at work cannot be seen from here"
    why = f"its old process (pid 4711) was started in another container; {unseen}"
    held = running("GenerateComponentDesign") | {"phase": Phase.INTERRUPTED, "needs_human": {"interrupted": why}}
    children = [
        ("Invoice", 41, complete()),
        ("LineItem", 37, held),
        ("TaxRule", 127, running("GenerateComponentDesign")),
        ("Payment", 68, running("ValidateDesign")),
        ("Ledger", None, {}),
    ]
    return list(family("Billing", 252, waiting(), children))


def begun(root: Session) -> RunStarted:
    """The event with which a run began."""
    return RunStarted(
        at=root.inserted_at,
        run_id=root.id,
        session_id=root.id,
        attempt=1,
        project_root="/shop",
        workflow="test" if root.type == "ContextTestingSessions" else "design",
        context=root.component,
    )


def without_credential() -> list[Session]:
    """The same shop at work, when the API begins to refuse: who has just asked it stands still, the others follow."""
    stands = {"phase": Phase.INTERRUPTED}
    return [replace(row, **stands) if row.component in {"Payment", "TaxRule", "Variant"} else row for row in at_work()]


def board(
    sessions: Iterable[Session] | None = None,
    quiet: Mapping[str, int] | None = None,
    credentials: Iterable[CredentialPause] = (),
    **engine: Any,
) -> Board:
    """A board that shows these sessions, by default the shop's; a living engine with eight slots.

    `credentials` are those that are paused.

    `quiet`: the signs of life of those at work have been read; for so many seconds some have given none, by name.
    """
    rows = shop() if sessions is None else list(sessions)
    made = Board("shop")
    paused = {each.credential: each for each in credentials}
    made.load(rows, [begun(row) for row in rows if row.session_id is None], paused)
    made.signs.listen(signs(rows, quiet) if quiet else {})
    made.engine = EngineState(**{"alive": True, "pid": 4711, "since": NOW, "slots": 8, **engine})
    return made
