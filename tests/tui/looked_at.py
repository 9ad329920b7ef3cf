"""What is read of the made-up shop only when somebody looks at it: the steps of a session, a diff, the decisions."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from covey.client.decisions import Line
from covey.model import events as e
from covey.model.command import Command, CommandKind, Interaction, Result, ResultStatus
from covey.model.control import Action
from covey.model.status import FailureCause
from tests.tui.pictures import NOW

DIFF = """\
@@ -7,3 +7,5 @@
 ## Public API

-`total()`
+`total(currency)`
+
+`pay(amount)` raises `InvoiceClosed` once it is settled.
"""
_NO_MODEL = "the agent exited with code 1: no such model"


def _result(status: ResultStatus, milliseconds: int, **more: Any) -> Result:
    return Result(id="r", status=status, duration_ms=milliseconds, timestamp=NOW, **more)


_WRONG = {"findings": ["section Dependencies is empty", "Dependencies names shop.rates, which is no component"]}
_OK, _ERROR = ResultStatus.OK, ResultStatus.ERROR
_TRIED: tuple[tuple[int, str, Result], ...] = (
    (1, "Initialize", _result(_OK, 40)),
    (1, "GenerateComponentDesign", _result(_OK, 52_000)),
    (1, "ValidateDesign", _result(_ERROR, 300, data=_WRONG)),
    (1, "ReviseDesign", _result(_ERROR, 900, error_message=_NO_MODEL, code=1)),
    (2, "Initialize", _result(_OK, 40)),
    (2, "GenerateComponentDesign", _result(_ERROR, 1_100, error_message=_NO_MODEL, code=1, stderr="no model: smal\n")),
)


def interactions(session_id: str) -> Iterator[Interaction]:
    """The steps of a session that has failed twice; of all others nothing is known."""
    tried = _TRIED if session_id == "id-billing-taxrule" else ()
    for n, (attempt, step, result) in enumerate(tried):
        at = NOW - timedelta(seconds=127 - 20 * n)
        kind = CommandKind.CHECK if step in {"Initialize", "ValidateDesign"} else CommandKind.AGENT
        metadata: dict[str, object] = {"agent": "offline", "model": "smal"} if kind is CommandKind.AGENT else {}
        yield Interaction(
            id=f"i{n}",
            session_id=session_id,
            attempt=attempt,
            step=step,
            command=Command(id="c", module=step, command=kind, metadata=metadata, timestamp=at),
            result=result,
            epoch=1,
            inserted_at=at,
            completed_at=at + timedelta(milliseconds=result.duration_ms or 0),
        )


def decisions() -> Sequence[Line]:
    """The log of a morning: what failed, what two people decided, what was refused; the last five are new."""
    timeout, agent = FailureCause.TIMEOUT, FailureCause.AGENT_ERROR
    told: list[tuple[str, e.AnyEvent]] = [
        ("Refund", e.SessionFailed(**_about("Refund", 900), cause=timeout, reason="took longer than 10m")),
        *_decided("Refund", 840, Action.RETRY, note="the ledger is called Ledger now"),
        *_decided("LegacySync", 700, Action.SKIP, reason="not before the next release"),
        *(each for name in ("Product", "Category", "Variant") for each in _decided(name, 600, Action.CANCEL)),
        *_decided("Catalog", 560, Action.UNDO, by="ben", settled="cancel of 3 sessions"),
        ("TaxRule", e.SessionFailed(**_about("TaxRule", 90), cause=agent, reason=_NO_MODEL)),
        ("Ledger", e.ArtifactMissing(**_about("Ledger", 60), path="docs/design/shop/billing/ledger.md")),
        *_decided("TaxRule", 20, Action.RETRY, refused=True, settled="it has been retried meanwhile"),
    ]
    return [Line(e.Entry(seq, event), None, None, name, None) for seq, (name, event) in enumerate(told, start=1)]


def _about(name: str, seconds: int) -> dict[str, Any]:
    return {"at": NOW - timedelta(seconds=seconds), "run_id": "id-run", "session_id": f"id-{name}", "attempt": 1}


def _decided(
    name: str, seconds: int, action: Action, *, by: str = "ana", refused: bool = False, settled: str = "", **asked: str
) -> Iterator[tuple[str, e.AnyEvent]]:
    """A request and what came of it, as the engine writes them; those of one moment are one decision."""
    shared = {"request_id": f"{name} {seconds}", "decision_id": str(seconds), "action": action}
    yield name, e.ControlRequested(**_about(name, seconds), **shared, by=by, **asked)
    yield (
        name,
        e.ControlSettled(
            **_about(name, seconds), **shared, changed=not refused, refused=refused, reason=settled or None
        ),
    )
