"""Hypothesis strategies for the model: events for a session, and whole logs in which every event is legal."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from covey.model import events as e
from covey.model.ability import Ability
from covey.model.budget import Budget
from covey.model.command import CommandKind, ResultStatus
from covey.model.control import Action
from covey.model.pause import PauseKind, PauseMode
from covey.model.reducer import apply
from covey.model.session import Session
from covey.model.status import ArtifactState, ExecutionMode, FailureCause, Status
from covey.model.tree import SessionTree
from covey.model.usage import TOKEN_KINDS
from tests.model.picture import is_legal, is_likely

START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = st.sampled_from(["", "Invoice", "über", "no such file", "x" * 200])
RUN = "root"
SESSION_EVENTS: list[type[e.Event]] = [
    e.SessionStarted,
    e.CommandIssued,
    e.ResultRecorded,
    e.SessionReconfigured,
    e.SessionBlocked,
    e.SessionUnblocked,
    e.SessionStalled,
    e.SessionRevived,
    e.SessionPaused,
    e.QuestionAsked,
    e.QuestionAnswered,
    e.MessageSent,
    e.MessageDelivered,
    e.SessionInterrupted,
    e.SessionCompleted,
    e.SessionFailed,
    e.SessionCancelled,
    e.SessionSkipped,
    e.SessionRetried,
    e.DecisionUndone,
    e.UsageRecorded,
    e.ArtifactFound,
    e.ArtifactMissing,
    e.RunPaused,
    e.RunResumed,
    e.BudgetSet,
]
ORDINARY: list[type[e.Event]] = [
    e.SessionStarted,
    e.CommandIssued,
    e.ResultRecorded,
    e.SessionBlocked,
    e.SessionCompleted,
    e.SessionRetried,
    e.ArtifactMissing,
]
"""What happens more often than the rest, so that generated lives reach every standing."""


def at(moment: int) -> datetime:
    """A time that many seconds after the start."""
    return START + timedelta(seconds=moment)


def created(session_id: str, parent_id: str | None = None, *, position: int = 0, moment: int = 0) -> e.SessionCreated:
    """The birth of a session; one that has a parent owes a file."""
    return e.SessionCreated(
        at=at(moment),
        run_id=RUN,
        session_id=session_id,
        attempt=1,
        project_id="project",
        parent_id=parent_id,
        type="ContextComponentsDesignSessions" if parent_id is None else "ComponentDesignSessions",
        component_id=f"component-{session_id}",
        component=session_id.title(),
        module=f"shop.{session_id}",
        position=position,
        execution_mode=ExecutionMode.AUTO if parent_id is None else ExecutionMode.AGENTIC,
        agent="offline",
        environment="local",
        artifact_path=None if parent_id is None else f"docs/design/{session_id}.md",
    )


@st.composite
def events_for(
    draw: st.DrawFn, session: Session, moment: int, kinds: Sequence[type[e.Event]] = SESSION_EVENTS
) -> e.AnyEvent:
    """Any event that names the session: legal or not, with right and wrong interactions and attempts."""
    kind = draw(st.sampled_from(kinds))
    head = {"at": at(moment), "run_id": session.run_id, "session_id": session.id, "attempt": session.attempt}
    return kind(**{**head, **draw(_fields(kind, session, moment))})


def _fields(kind: type[e.Event], session: Session, moment: int) -> st.SearchStrategy[dict[str, object]]:
    decided = {"decision_id": st.sampled_from(["d0", "d1", "d2"]), "by": st.just("ada")}
    path = {"path": st.just(session.artifact_path or "")}
    fields: dict[type[e.Event], dict[str, st.SearchStrategy[object]]] = {
        e.SessionStarted: {"abilities": st.sampled_from([(), (Ability.TURNS, Ability.MESSAGES)])},
        e.QuestionAsked: {"question_id": st.sampled_from([f"q{moment}", "q0"]), "question": WORDS},
        e.QuestionAnswered: {
            "question_id": st.sampled_from([session.question_id or "q0", "another"]),
            "answer": WORDS,
            **decided,
        },
        e.MessageSent: {"message_id": st.sampled_from([f"m{moment}", "m0"]), "message": WORDS, **decided},
        e.MessageDelivered: {"message_ids": _messages_of(session)},
        e.CommandIssued: {
            "interaction_id": st.just(f"i{moment}"),
            "step": st.sampled_from(["Initialize", "Finalize"]),
            "command": st.sampled_from(CommandKind),
        },
        e.ResultRecorded: {
            "interaction_id": st.sampled_from([session.pending or f"i{moment}", "another"]),
            "step": st.just("Initialize"),
            "status": st.sampled_from(ResultStatus),
            "updates": st.sampled_from([{}, {"state": {"round": moment}}, {"status": "complete"}]),
            "late": st.booleans(),
        },
        e.SessionReconfigured: {"agent": WORDS, "model": st.none() | WORDS},
        e.SessionBlocked: {"reason": WORDS, "needs_human": st.just({"failed": ["Invoice"]})},
        e.SessionStalled: {"since": st.just(at(0))},
        e.SessionInterrupted: {
            "reason": WORDS,
            "needs_human": st.none() | st.sampled_from(["it may still write", "who knows"]),
        },
        e.SessionCompleted: {"kept": st.booleans()},
        e.SessionFailed: {"cause": st.sampled_from(FailureCause), "reason": WORDS},
        e.SessionCancelled: {"reason": WORDS, **decided},
        e.SessionSkipped: {"reason": WORDS, **decided},
        e.SessionRetried: {
            "attempt": st.sampled_from([1, 1, 1, 0, 2]).map(lambda more: session.attempt + more),
            "agent": WORDS,
            "note": st.none() | WORDS,
            **decided,
        },
        e.DecisionUndone: _undone(session, moment),
        e.UsageRecorded: {
            "attempt": st.sampled_from([0, 0, 0, -1, 1]).map(lambda more: session.attempt + more),
            "step": st.just("Initialize"),
            "model": st.sampled_from(["known", "unknown"]),
            "tokens": st.dictionaries(st.sampled_from(TOKEN_KINDS), st.sampled_from([0, 7, 1_000_000, -1])),
            "cost_usd": st.sampled_from([None, 0.0, 0.25]),
        },
        e.ArtifactFound: path,
        e.ArtifactMissing: path,
        e.RunPaused: {
            "kind": st.sampled_from(PauseKind),
            "mode": st.sampled_from(PauseMode),
            "cause": WORDS,
            **decided,
        },
        e.RunResumed: decided,
        e.BudgetSet: {"budget": st.sampled_from([Budget(id="d0", usd=1.5), Budget(id="d1", tokens=9)]), **decided},
    }
    return st.fixed_dictionaries(fields.get(kind, {}))


def _messages_of(session: Session) -> st.SearchStrategy[object]:
    """Some of the messages that wait for a session, all of them, none, or one that does not."""
    waiting = tuple(message.id for message in session.messages)
    return st.sampled_from([waiting, waiting[:1], (), ("another",)])


def _undone(session: Session, moment: int) -> dict[str, st.SearchStrategy[object]]:
    """An undo back to any status, more often one that fits than not."""
    return {
        "attempt": st.sampled_from([1, 1, 0, -1]).map(lambda more: session.attempt + more),
        "decision_id": st.sampled_from([session.decision_id or "d0", session.decision_id or "d0", "d9"]),
        "by": st.just("ada"),
        "action": st.sampled_from(Action),
        "status": st.sampled_from([Status.ACTIVE, *Status]),
        "error_message": st.none() | WORDS,
        "failure_cause": st.none() | st.sampled_from(FailureCause),
        "skip_reason": st.sampled_from([None, None, "no"]),
        "earlier_decision_id": st.sampled_from([None, "d0"]),
        "earlier_decided_by": st.sampled_from([None, "ada"]),
        "step": st.sampled_from([None, None, "Initialize"]),
        "agent": WORDS,
        "artifact": st.sampled_from(ArtifactState),
        "finished_at": st.sampled_from([None, at(moment)]),
    }


def events_about_no_session(moment: int) -> st.SearchStrategy[e.AnyEvent]:
    """Events of the run and the engine, which change no session."""
    return st.sampled_from(
        [
            e.EngineStarted(at=at(moment), pid=1, epoch=1, version="0"),
            e.SlotsChanged(at=at(moment), slots=4, by="ada"),
            e.CredentialPaused(
                at=at(moment), credential="A", cause=FailureCause.AUTH, reason="no", agents=("mine",), by="covey"
            ),
            e.CredentialResumed(at=at(moment), credential="A", by="ada"),
            e.RunStopped(at=at(moment), run_id=RUN, session_id="root", reason="stopped"),
            e.RunFinished(at=at(moment), run_id=RUN, session_id="root", exit_code=0, counts={}),
        ]
    )


@st.composite
def logs(draw: st.DrawFn, max_events: int = 30) -> list[e.AnyEvent]:
    """A log in which every event is legal by the picture: a root, children and grandchildren at any stage of life."""
    log: list[e.AnyEvent] = [created("root")]
    sessions: dict[str, Session] = {"root": _applied(None, log[0])}
    for moment in range(1, draw(st.integers(max_events // 3, max_events) | st.just(0)) + 1):
        what = draw(st.sampled_from(["life"] * 8 + ["birth", "aside"]))
        if what == "birth":
            parent = draw(st.sampled_from(sorted(sessions)))
            position = draw(st.integers(0, 3))
            log.append(created(f"s{moment}", parent, position=position, moment=moment))
        elif what == "aside":
            log.append(draw(events_about_no_session(moment)))
            continue
        else:
            session = sessions[draw(st.sampled_from(sorted(sessions)))]
            likely = [kind for kind in [*SESSION_EVENTS, *ORDINARY, *ORDINARY] if is_likely(session, kind)]
            event = draw(events_for(session, moment, likely))
            if not is_legal(session, event):
                continue
            log.append(event)
        born_or_changed = log[-1].session_id
        assert born_or_changed is not None
        sessions[born_or_changed] = _applied(sessions.get(born_or_changed), log[-1])
    return log


def trees(max_events: int = 30) -> st.SearchStrategy[SessionTree]:
    """Trees of sessions at any stage of life."""
    return logs(max_events).map(grown)


def grown(log: Iterable[e.AnyEvent]) -> SessionTree:
    """The tree that a log folds to."""
    tree = SessionTree()
    tree.fold(log)
    return tree


def _applied(session: Session | None, event: e.AnyEvent) -> Session:
    after = apply(session, event)
    assert after is not None
    return after
