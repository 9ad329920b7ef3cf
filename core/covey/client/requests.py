"""Leaving control requests for the engine, and waiting a moment for what it decides.

Any number of programs may ask; the engine alone decides, on the rows of its moment. Where no engine lives, a request
that the stored state already rules out is refused here, with the engine's own rules; any other is kept for the next.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from covey.client.engine import ensure_engine
from covey.client.snapshot import as_seen
from covey.client.undoing import last_decision, undo_of, waiting_of
from covey.clock import Clock, SystemClock
from covey.model.budget import Account, Budget
from covey.model.control import OF_RUNS, Action, ControlRequest, RequestState
from covey.model.decision import Decision, decide
from covey.model.ids import new_id
from covey.model.pause import resume_command
from covey.model.session import Session, file_is_missing
from covey.model.status import Status
from covey.model.usage import Spent
from covey.store.sqlite import Viewer
from covey.text.words import short_id

WAIT_SECONDS = 5.0
"""How long a request waits for the decision of a living engine."""

KEPT = "no engine is at work; the next covey run takes it"
_UNDECIDED = "the engine has not decided yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked of each session, or of a run by its root.

    `now` is for cancel, `hard` for pause, `message` for message, `budget_usd` and `budget_tokens` for resume: what the
    run may spend from then on. `note`, `resume`, `agent`, `model` and `force` are for retry.
    """

    action: Action
    reason: str | None = None
    note: str | None = None
    resume: bool = False
    now: bool = False
    agent: str | None = None
    model: str | None = None
    force: bool = False
    hard: bool = False
    message: str | None = None
    budget_usd: float | None = None
    budget_tokens: int | None = None

    @property
    def sets_budget(self) -> bool:
        """It says what a run may spend."""
        return self.budget_usd is not None or self.budget_tokens is not None


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a wish for one session. `changed` is None while nobody has decided."""

    session_id: str
    action: Action
    state: RequestState
    changed: bool | None
    reason: str | None


async def request_control(
    viewer: Viewer,
    project_root: Path,
    sessions: Sequence[Session],
    wish: Wish,
    *,
    wait_seconds: float = WAIT_SECONDS,
    start: bool = False,
    clock: Clock | None = None,
) -> tuple[Answer, ...]:
    """Ask the same of some sessions, as one decision; one answer each, in their order.

    An undo is asked of a run's root; where it changes something, the reason of its answer names what was undone.
    `sessions` are rows as they were just read: what the request was decided on. `wait_seconds` 0 waits for nothing.
    With `start` an engine is started where none lives, and goes on with the runs that the requests set going.

    Raises:
        StoreError: the database cannot be written.
        CoveyError: an engine cannot be started; the requests wait for the next one.
    """
    clock = clock or SystemClock()
    decision_id = new_id()
    requests = [await _request(viewer, session, wish, decision_id, clock) for session in sessions]
    answers: dict[str, Answer] = {}
    if await viewer.living_engine() is None:
        for session, request in zip(sessions, requests, strict=True):
            ruled_out = await _without_engine(viewer, project_root, session, request, clock)
            if ruled_out is not None:
                answers[request.id] = ruled_out
    left = [request for request in requests if request.id not in answers]
    if left:
        engine_lives = await viewer.leave(left)
        if start and not engine_lives:
            engine_lives = await ensure_engine(project_root) is not None
        stored = await _decided_within(viewer, left, wait_seconds if engine_lives else 0)
        for session, request in zip(sessions, requests, strict=True):
            if request.id not in answers:
                waiting = _UNDECIDED if engine_lives else await _kept(viewer, session, wish.action)
                answers[request.id] = _as_stored(stored.get(request.id, request), waiting)
    return tuple(answers[request.id] for request in requests)


async def foresee(
    viewer: Viewer, project_root: Path, sessions: Sequence[Session], wish: Wish, clock: Clock | None = None
) -> tuple[Answer, ...]:
    """What would come of a wish on the rows of the moment; leaves no request."""
    clock = clock or SystemClock()
    answers = []
    for session in sessions:
        request = await _request(viewer, session, wish, new_id(), clock)
        ruled_out = await _without_engine(viewer, project_root, session, request, clock)
        answers.append(ruled_out or Answer(session.id, wish.action, RequestState.QUEUED, None, "it would be asked for"))
    return tuple(answers)


async def _request(viewer: Viewer, session: Session, wish: Wish, decision_id: str, clock: Clock) -> ControlRequest:
    return ControlRequest(
        id=new_id(),
        session_id=session.id,
        action=wish.action,
        attempt=session.attempt,
        status=session.status,
        decision_id=decision_id,
        requested_by=viewer.scope.user,
        requested_at=clock.now(),
        reason=wish.reason or _budget_words(wish),
        note=wish.note,
        resume=wish.resume,
        now=wish.now,
        agent=wish.agent,
        model=wish.model,
        force=wish.force,
        hard=wish.hard,
        message=wish.message,
        answers=session.question_id if wish.action is Action.MESSAGE else None,
        budget_usd=wish.budget_usd,
        budget_tokens=wish.budget_tokens,
        undoes=await last_decision(viewer, session.run_id) if wish.action is Action.UNDO else None,
    )


def _budget_words(wish: Wish) -> str | None:
    """What a resume sets, for whoever reads of it later."""
    said = Budget(usd=wish.budget_usd, tokens=wish.budget_tokens).words()
    return f"with a budget of {said}" if said else None


async def _without_engine(
    viewer: Viewer, project_root: Path, session: Session, request: ControlRequest, clock: Clock
) -> Answer | None:
    """The answer that the stored rows already give; None when it takes an engine."""
    if request.action is Action.UNDO:
        undone = await undo_of(viewer, request, clock.now())
        return None if undone is None or undone.changed else _answer(request, undone)
    if request.action in OF_RUNS and any(each.action in OF_RUNS for each in await waiting_of(viewer, session.run_id)):
        return None  # whether the run is paused by then is for what was asked before to say
    above = await viewer.above(viewer.scope, session.id)
    below = await viewer.below(viewer.scope, session.id)
    # The next engine compares the log with the disk before it decides; the phases of the dead one still stand.
    seen = _with_disk(session, project_root)
    account = await _account(viewer, session) if request.action is Action.RESUME else Account()
    paused = await viewer.credentials()
    decision = decide(request, seen, above, below, clock.now(), account=account, paused=paused)
    return None if decision.changed else _answer(request, decision)


async def _account(viewer: Viewer, root: Session) -> Account:
    """What counts against a run's budget; which prices are known by now is for the engine to see."""
    shared = await viewer.sharing_budget(viewer.scope, root.budget.id) if root.budget is not None else (root,)
    spent = Spent()
    for row in await viewer.spending(viewer.scope, [run.id for run in shared]):
        spent = spent.plus(row.spent)
    return Account(spent)


def _with_disk(session: Session, project_root: Path) -> Session:
    return as_seen(session, project_root, engine_alive=True)


def _answer(request: ControlRequest, decision: Decision) -> Answer:
    state = RequestState.REFUSED if decision.refused else RequestState.SETTLED
    return Answer(request.session_id, request.action, state, changed=False, reason=decision.reason)


async def _kept(viewer: Viewer, session: Session, action: Action) -> str:
    """Who takes a request that waits for an engine: of a paused run, a covey run would not go on with it."""
    run = await viewer.session(viewer.scope, session.run_id)
    if run is None or run.paused is None or action is Action.RESUME:
        return KEPT
    return f"{KEPT}, but its run is paused; {resume_command(run.paused, short_id(run.id))} --start goes on"


async def _decided_within(
    viewer: Viewer, requests: Sequence[ControlRequest], wait_seconds: float
) -> dict[str, ControlRequest]:
    """The requests as they are stored once all are decided, or that time is over."""
    ids = [request.id for request in requests]
    if wait_seconds > 0:
        with contextlib.suppress(TimeoutError):  # whatever is undecided by then says so in its answer
            async with viewer.feed() as feed, asyncio.timeout(wait_seconds):
                while not _decided(await viewer.controls(ids)):
                    await feed.changed()
    return await viewer.controls(ids)


def _decided(requests: dict[str, ControlRequest]) -> bool:
    return all(request.state is not RequestState.QUEUED for request in requests.values())


def _as_stored(request: ControlRequest, waiting: str) -> Answer:
    if request.state is RequestState.QUEUED:
        return Answer(request.session_id, request.action, RequestState.QUEUED, None, waiting)
    return Answer(request.session_id, request.action, request.state, request.changed, request.outcome)


def needs_retry(session: Session) -> bool:
    """`covey retry --failed` takes it: failed, or complete with its file missing; never cancelled ones."""
    return session.status is Status.FAILED or file_is_missing(session)
