"""What a report tells of a run, drawn from its record: the outcome, who needs a human, what was decided. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from covey.client.record import RunRecord
from covey.client.snapshot import not_created
from covey.model import events as e
from covey.model.outcome import COMPLETE, NEEDS_HUMAN, SOME_SKIPPED, STOPPED, Left
from covey.model.session import Session, state_of
from covey.model.status import SATISFIED, Phase, Status
from covey.model.tree import SessionTree
from covey.reports.findings import FailedTest, Git, changed_outside, failed_tests, git_of


class Outcome(StrEnum):
    """How a run stands or has ended, in the word that programs read."""

    COMPLETE = "complete"
    COMPLETE_WITH_SKIPPED = "complete_with_skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"
    NEEDS_HUMAN = "needs_human"
    INTERRUPTED = "interrupted"
    RUNNING = "running"


@dataclass(frozen=True, slots=True)
class Group:
    """A parent with those of its children that are no parents themselves, in spawn order."""

    parent: Session
    children: tuple[Session, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided at one moment, about one session or several. `word` is as in "retried"."""

    at: datetime
    by: str
    word: str
    sessions: tuple[Session, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Needs:
    """Who needs a human: sessions by the cause of their failure, then the other kinds; all in spawn order.

    `stuck` are parents that are blocked though nothing else here says why; their message does.
    """

    failed: Mapping[str, tuple[Session, ...]]
    cancelled: tuple[Session, ...]
    missing_files: tuple[Session, ...]
    not_created: tuple[Mapping[str, object], ...]
    stuck: tuple[Session, ...]
    stalled: tuple[Session, ...]
    questions: tuple[Session, ...]
    interrupted: tuple[Session, ...]

    @property
    def any(self) -> bool:
        """Somebody does."""
        return bool(
            self.failed
            or self.cancelled
            or self.missing_files
            or self.not_created
            or self.stuck
            or self.stalled
            or self.questions
            or self.interrupted
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What all reports tell. `last_at` is when the run ended, or else last changed; `seconds` is the time until then.

    `tests` are the failing tests of each session that has not ended well, by its id.
    """

    record: RunRecord
    outcome: Outcome
    started_at: datetime
    last_at: datetime
    groups: tuple[Group, ...]
    needs: Needs
    tests: Mapping[str, tuple[FailedTest, ...]]
    decisions: tuple[Decision, ...]
    git: Git | None
    changed_outside: tuple[str, ...]

    @property
    def root(self) -> Session:
        """The run's root session."""
        return self.record.view.root

    @property
    def is_held(self) -> bool:
        """The run is paused, or sessions of it stand still for a credential."""
        return self.root.paused is not None or bool(self.record.view.credentials)

    @property
    def exit_code(self) -> int | None:
        """The exit code of `covey wait` for this run; None while it goes on."""
        return self.record.left.exit_code if self.record.left is not None else None

    @property
    def seconds(self) -> float:
        """From the run's beginning to its end, or else to its last change."""
        return (self.last_at - self.started_at).total_seconds()

    @property
    def workers(self) -> list[Session]:
        """The sessions that are no parents, in the order of their groups."""
        return [child for group in self.groups for child in group.children]

    @property
    def components(self) -> list[Session]:
        """Those of them that are of a component below their parent's."""
        reviews = {session.id for session in self.reviews}
        return [session for session in self.workers if session.id not in reviews]

    @property
    def reviews(self) -> list[Session]:
        """The others: each is of what all components of a context have come to."""
        return [
            child
            for group in self.groups
            for child in group.children
            if child.component_id is not None and child.component_id == group.parent.component_id
        ]

    def of_status(self, status: Status) -> list[Session]:
        """The sessions that are no parents and have a status."""
        return [session for session in self.workers if session.status is status]


def facts_of(record: RunRecord) -> Facts:
    """Draw what there is to tell from a run's record."""
    view = record.view
    sessions = view.sessions
    root = view.root
    finalized = record.findings.get((root.id, "Finalize"))
    return Facts(
        record=record,
        outcome=_outcome(root, record.left),
        started_at=next((event.at for event in record.events if isinstance(event, e.RunStarted)), root.inserted_at),
        last_at=root.finished_at or max(session.updated_at for session in sessions),
        groups=tuple(_groups(view.tree, sessions)),
        needs=_needs(view.tree, root, sessions),
        tests={
            session.id: found
            for session in sessions
            if session.status not in SATISFIED
            and (found := failed_tests(record.findings.get((session.id, "RunTests"))))
        },
        decisions=_decisions(record.events, view.tree.sessions),
        git=git_of(root, finalized),
        changed_outside=changed_outside(finalized),
    )


def seconds_of(session: Session) -> float | None:
    """How long the present attempt of a session took; None while it has not ended, or where it never began."""
    if session.started_at is None or session.finished_at is None:
        return None
    return (session.finished_at - session.started_at).total_seconds()


def is_kept(session: Session) -> bool:
    """The session found its file there and in order, and left it as it was."""
    return session.kept and state_of(session) == "complete"


def tokens_of(sessions: Iterable[Session]) -> int:
    """All tokens that these sessions have used, of every kind."""
    return sum(sum(session.usage.values()) for session in sessions)


def cost_of(sessions: Iterable[Session]) -> float | None:
    """What these sessions have cost in US dollars; None where that is not known of any of them."""
    known = [session.cost_usd for session in sessions if session.cost_usd is not None]
    return sum(known) if known else None


_BY_CODE = {
    COMPLETE: Outcome.COMPLETE,
    SOME_SKIPPED: Outcome.COMPLETE_WITH_SKIPPED,
    NEEDS_HUMAN: Outcome.NEEDS_HUMAN,
    STOPPED: Outcome.INTERRUPTED,
}


def _outcome(root: Session, left: Left | None) -> Outcome:
    if left is None:
        return Outcome.RUNNING
    ended_badly = Outcome.CANCELLED if root.status is Status.CANCELLED else Outcome.FAILED
    return _BY_CODE.get(left.exit_code, ended_badly)


def _groups(tree: SessionTree, sessions: Sequence[Session]) -> Iterable[Group]:
    for session in sessions:
        if is_parent(tree, session):
            yield Group(session, tuple(child for child in tree.children(session.id) if not is_parent(tree, child)))


def is_parent(tree: SessionTree, session: Session) -> bool:
    """The session looks after others: it has children, or no file of its own."""
    return session.artifact_path is None or bool(tree.ids_below(session.id))


def _needs(tree: SessionTree, root: Session, sessions: Sequence[Session]) -> Needs:
    lists = tree.needs_human(root.id)
    failed: dict[str, list[Session]] = {}
    for session in lists["failed"]:
        failed.setdefault(session.failure_cause or "agent_error", []).append(session)
    absent = tuple(not_created(sessions))
    told = any((failed, lists["cancelled"], lists["missing_files"], absent))
    blocked = () if told else tuple(session for session in sessions if session.phase is Phase.BLOCKED)
    return Needs(
        failed={cause: tuple(each) for cause, each in failed.items()},
        cancelled=(*([root] if root.status is Status.CANCELLED else []), *lists["cancelled"]),
        missing_files=tuple(lists["missing_files"]),
        not_created=absent,
        stuck=blocked,
        stalled=tuple(lists["stalled"]),
        questions=tuple(lists["questions"]),
        interrupted=tuple(lists["interrupted"]),
    )


_WORDS: dict[type[e.Event], str] = {
    e.SessionRetried: "retried",
    e.SessionSkipped: "skipped",
    e.SessionCancelled: "cancelled",
    e.DecisionUndone: "undid",
    e.MessageSent: "told",
    e.QuestionAnswered: "answered",
}
_Decided = (
    e.SessionRetried | e.SessionSkipped | e.SessionCancelled | e.DecisionUndone | e.MessageSent | e.QuestionAnswered
)


def _reason_of(event: _Decided) -> str:
    """Why it was decided; of an undo, what was undone; of a message, what was said."""
    match event:
        case e.MessageSent():
            return event.message
        case e.QuestionAnswered():
            return event.answer
        case e.SessionRetried():
            return event.note or ""
        case e.DecisionUndone():
            return event.action.value
        case _:
            return event.reason


def _decisions(events: Iterable[e.AnyEvent], sessions: Mapping[str, Session]) -> tuple[Decision, ...]:
    """The decisions in the order in which they were made; one about several sessions is one."""
    found: dict[tuple[str, str], list[Any]] = {}
    for event in events:
        if isinstance(event, _Decided):
            found.setdefault((event.decision_id, _WORDS[type(event)]), []).append(event)
    return tuple(
        Decision(
            at=made[0].at,
            by=made[0].by,
            word=word,
            sessions=tuple(sessions[event.session_id] for event in made if event.session_id in sessions),
            reason=_reason_of(made[0]),
        )
        for (_, word), made in found.items()
    )
