"""A run as one JSON object, for programs: what `covey status --json` tells, and all that other reports tell. Pure."""

from dataclasses import asdict

from covey.client.record import RunRecord
from covey.client.snapshot import needs_human_json, session_json
from covey.model.session import Session
from covey.reports.facts import Decision, Facts, cost_of, is_kept, seconds_of, tokens_of
from covey.store.run_reads import StepTaken


def data(facts: Facts) -> dict[str, object]:
    """The object. Times are UTC; `exit_code` is that of `covey wait`, null while the run goes on."""
    record, view, root = facts.record, facts.record.view, facts.root
    return {
        "run_id": root.id,
        "project": record.project,
        "project_root": str(view.project_root),
        "workflow": view.workflow,
        "context": root.component,
        "module": root.module,
        "outcome": facts.outcome,
        "exit_code": facts.exit_code,
        "reason": record.left.reason if record.left is not None else None,
        "status": root.status,
        "phase": root.phase,
        "error_message": root.error_message,
        "started_at": facts.started_at,
        "finished_at": root.finished_at,
        "seconds": facts.seconds,
        "counts": view.tree.counts(root.id),
        "tokens": tokens_of(view.sessions),
        "cost_usd": cost_of(view.sessions),
        "budget": None if root.budget is None else {"budget_usd": root.budget.usd, "budget_tokens": root.budget.tokens},
        "git": asdict(facts.git) if facts.git is not None else None,
        "changed_outside": list(facts.changed_outside),
        "needs_human": needs_human_json(view),
        "decisions": [_decision(decision) for decision in facts.decisions],
        "sessions": [_session(record, facts, session) for session in view.sessions],
    }


def _decision(decision: Decision) -> dict[str, object]:
    return {
        "at": decision.at,
        "by": decision.by,
        "decision": decision.word,
        "session_ids": [session.id for session in decision.sessions],
        "reason": decision.reason or None,
    }


def _session(record: RunRecord, facts: Facts, session: Session) -> dict[str, object]:
    return {
        **session_json(session, present=session.id in record.view.present),
        "kept": is_kept(session),
        "decided_by": session.decided_by,
        "note": session.note,
        "started_at": session.started_at,
        "finished_at": session.finished_at,
        "seconds": seconds_of(session),
        "steps": [_step(taken) for taken in record.steps.get(session.id, ())],
        "failed_tests": [asdict(test) for test in facts.tests.get(session.id, ())],
    }


def _step(taken: StepTaken) -> dict[str, object]:
    ended = taken.completed_at
    return {
        "attempt": taken.attempt,
        "step": taken.step,
        "status": taken.status,
        "seconds": (ended - taken.inserted_at).total_seconds() if ended is not None else None,
    }
