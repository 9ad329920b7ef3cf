"""The JSON of a report: its keys, in this order, are what programs rely on."""

import msgspec

from covey.client.snapshot import needs_human_json, session_json
from covey.reports.data import data

from .test_markdown import rich

KEYS = [
    "run_id", "project", "project_root", "workflow", "context", "module", "outcome", "exit_code", "reason", "status",
    "phase", "error_message", "started_at", "finished_at", "seconds", "counts", "tokens", "cost_usd", "budget", "git",
    "changed_outside", "needs_human", "decisions", "sessions",
]  # fmt: skip
PULL_REQUEST = "https://git.example/shop/pull/7"
OF_A_SESSION = ["kept", "decided_by", "note", "started_at", "finished_at", "seconds", "steps", "failed_tests"]


def test_it_has_exactly_these_keys() -> None:
    found = data(rich())
    assert list(found) == KEYS
    assert (found["outcome"], found["exit_code"], found["seconds"]) == ("needs_human", 6, 30.0)
    assert (found["tokens"], found["cost_usd"]) == (9_400, 0.42)
    assert found["git"] == {"branch": "docs-shop", "commit": "abc1234", "pull_request": PULL_REQUEST}


def test_what_needs_a_human_is_told_as_status_does() -> None:
    facts = rich()
    assert data(facts)["needs_human"] == needs_human_json(facts.record.view)


def test_sessions_are_those_of_status_and_more() -> None:
    facts = rich()
    sessions = msgspec.json.decode(msgspec.json.encode(data(facts)["sessions"]))
    for told, session in zip(sessions, facts.record.view.sessions, strict=True):
        as_status = session_json(session, present=session.id in facts.record.view.present)
        assert list(told) == [*as_status, *OF_A_SESSION]
        assert told.items() >= msgspec.to_builtins(as_status).items()


def test_a_decision() -> None:
    assert msgspec.to_builtins(data(rich())["decisions"]) == [
        {
            "at": "2026-11-22T12:00:20Z",
            "by": "ada",
            "decision": "retried",
            "session_ids": ["tax-0123456789"],
            "reason": "mind the bracket",
        }
    ]
