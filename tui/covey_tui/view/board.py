"""The board: all that the monitor knows of the runs it shows, kept up to date by the events of the log. Pure.

It holds the sessions as they are seen (what is inferred while no engine lives stands over the log), and for every
parent the sums over all below it (`tally`). A change costs its own row and those of its ancestors, however large the
tree is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from covey.client.known import quiet_after_of
from covey.client.snapshot import EngineState, under_pause
from covey.model import events as e
from covey.model.credential import NONE_PAUSED, CredentialPause, Paused, pause_of, paused_after
from covey.model.events import AnyEvent
from covey.model.pause import Pause
from covey.model.session import Session, state_of
from covey.model.tree import SessionTree
from covey.model.usage import Spent, spent_by
from covey_tui.view.signs import Signs
from covey_tui.view.states import TIME_STANDS, WITH_SLOT
from covey_tui.view.stopped import Stopped
from covey_tui.view.tally import CLOSED, Sums, Tally, counts_alike, needs_somebody

_USUAL_GRACE, _USUAL_RETRIES = 10.0, 5
"""How many seconds an agent has to end, and how often a session is retried, where the run's settings do not say."""
_NONE: Mapping[str, None] = {}
_OF_CREDENTIALS = (e.CredentialPaused, e.CredentialResumed)
_BEGINS = (e.RunStarted, e.RunAdopted)


@dataclass(frozen=True, slots=True)
class Change:
    """What a batch of events has changed: ids of sessions; `created` in the order of their creation.

    `alike` are those of the changed whose row looks as before, as after most results; `counted` those by which the sums
    of their ancestors have changed.
    `foreign`: an engine goes on with a run that the board does not hold; whoever reads the log begins anew.
    """

    changed: frozenset[str] = frozenset()
    created: tuple[str, ...] = ()
    foreign: bool = False
    alike: frozenset[str] = frozenset()
    counted: frozenset[str] = frozenset()


class Board:
    """The runs that the monitor shows; see the module."""

    def __init__(self, project: str = "", only_run: str | None = None) -> None:
        self.project = project
        self.engine = EngineState()
        self.workflows: dict[str, str] = {}
        self.cancel_grace = _USUAL_GRACE
        self.retry_limit = _USUAL_RETRIES
        self.signs = Signs()
        self.spent_elsewhere: Mapping[str, Spent] = {}
        """What runs that are not shown have spent of each budget, by its id."""
        self._only_run = only_run
        self._tree = SessionTree()
        self._seen: dict[str, Session] = {}
        self._held: dict[str, Session] = {}
        self.stopped = Stopped()
        self._sums = Sums()
        self._depths: dict[str, int] = {}

    # Reading.

    def session(self, session_id: str) -> Session:
        """A session as it is seen. Raises KeyError where it is not shown."""
        return self._held.get(session_id) or self.decided_on(session_id)

    def decided_on(self, session_id: str) -> Session:
        """The same as the engine decides about it: a pause is of the run, and no phase of the session itself."""
        return self._seen.get(session_id) or self._tree.sessions[session_id]

    def __contains__(self, session_id: object) -> bool:
        return session_id in self._tree.sessions

    def __len__(self) -> int:
        return len(self._tree.sessions)

    def is_inferred(self, session_id: str) -> bool:
        """What is shown of the session differs from the log: no engine lives that would have written it down."""
        return session_id in self._seen and session_id not in self._held

    @property
    def stored(self) -> Mapping[str, Session]:
        """All sessions by id, as the log has them."""
        return self._tree.sessions

    def roots(self) -> Sequence[str]:
        """The roots of the runs, oldest first."""
        return self._tree.ids_below(None)

    def children(self, session_id: str | None) -> Sequence[str]:
        """The ids of a session's children in spawn order; of None, the roots."""
        return self._tree.ids_below(session_id)

    def is_parent(self, session_id: str) -> bool:
        """It has children, or is a run's root."""
        return bool(self._tree.ids_below(session_id)) or self.session(session_id).session_id is None

    def tally(self, session_id: str | None = None) -> Tally:
        """The sums over all below a session; of None, over all below all roots (the roots are left out)."""
        return self._sums.below(session_id)

    def spent(self, session_id: str) -> Spent:
        """What a session and all below it have used."""
        return spent_by(self.session(session_id)).plus(self.tally(session_id).spent)

    def needs_human(self, session_id: str) -> bool:
        """The session itself needs a human: it failed, was cancelled, lost its file, is undecided, or is blocked."""
        return needs_somebody(self.session(session_id)) and not any(
            above.status in CLOSED for above in self.above(session_id)
        )

    def root_of(self, session_id: str) -> Session:
        """The root of a session's run."""
        return self.session(self.session(session_id).run_id)

    def credential_pause(self, session_id: str) -> CredentialPause | None:
        """The pause of a credential for which a session stands still."""
        return pause_of(self.stopped.paused, self.decided_on(session_id))

    def working(self, root_id: str) -> int:
        """How many sessions of a run are at work."""
        return self.tally(root_id).of(*WITH_SLOT) + (state_of(self.session(root_id)) in WITH_SLOT)

    def above(self, session_id: str) -> Iterable[Session]:
        """The ancestors of a session, nearest first."""
        key = self.session(session_id).session_id
        while key is not None:
            session = self.session(key)
            yield session
            key = session.session_id

    def depth(self, session_id: str) -> int:
        """How many ancestors a session has."""
        known = self._depths.get(session_id)
        if known is None:
            known = self._depths[session_id] = sum(1 for _ in self.above(session_id))
        return known

    def under(self, session_id: str | None) -> Iterable[str]:
        """All ids below a session in the tree's order, parents before their children."""
        waiting = [*reversed(self._tree.ids_below(session_id))]
        while waiting:
            key = waiting.pop()
            yield key
            waiting.extend(reversed(self._tree.ids_below(key)))

    # Changing.

    def load(self, sessions: Iterable[Session], begun: Iterable[e.RunStarted], paused: Paused = NONE_PAUSED) -> None:
        """Begin anew with these rows, parents before their children, and the events with which their runs began.

        `paused` are the credentials that are.
        """
        self._tree = SessionTree(sessions)
        self._seen, self._held = {}, {}
        self._depths = {}
        self.stopped = Stopped(paused)
        self.workflows = {}
        for event in begun:
            self._learn(event)
        for root in self.roots():
            if self._may_be_held(root):
                for key in (*self.under(root), root):
                    self._lay_pause(key)
        self._sums = Sums([self._held.get(each.id, each) for each in self._tree.sessions.values()])

    def fold(self, events: Iterable[AnyEvent]) -> Change:
        """Apply events of the log.

        Raises:
            IllegalEventError: they do not follow on what the board holds; whoever reads the log begins anew.
        """
        before: dict[str, Session | None] = {}
        foreign = False
        for event in events:
            key = event.session_id
            if isinstance(event, _OF_CREDENTIALS):
                self._fold_of_credential(event, before)
                continue
            if key is None or event.run_id is None or not self._is_shown(event):
                foreign = foreign or (isinstance(event, e.RunAdopted) and self._only_run is None)
                continue
            if key not in before:
                before[key] = self._known(key)
            if key == event.run_id:
                self._fold_of_root(event, key, before)
            else:
                self._tree.follow(event)
        return self._changed(before, foreign=foreign)

    def _fold_of_root(self, event: AnyEvent, root_id: str, before: dict[str, Session | None]) -> None:
        """Apply an event of a run's root; where it pauses the run or lets it go, all of the run may look otherwise."""
        if isinstance(event, _BEGINS):
            self._learn(event)
        pause = self._pause_of(root_id)
        self._tree.follow(event)
        if self._pause_of(root_id) is not pause:
            for below in self.under(root_id):
                before.setdefault(below, self._known(below))

    def _fold_of_credential(self, event: AnyEvent, before: dict[str, Session | None]) -> None:
        """Pause a credential, or let it go: all who work with it may look otherwise, and so may their runs."""
        was = self.stopped.paused
        self.stopped.paused = paused_after(was, event)
        for key, session in self._tree.sessions.items():
            seen = self._seen.get(key, session)
            if session.session_id is None or pause_of(was, seen) is not pause_of(self.stopped.paused, seen):
                before.setdefault(key, self._known(key))

    def _may_be_held(self, root_id: str) -> bool:
        return bool(self.stopped.paused) or self._pause_of(root_id) is not None

    def _changed(self, before: Mapping[str, Session | None], *, foreign: bool) -> Change:
        """What these sessions, as they were before, have become."""
        changed: list[str] = []
        created: list[str] = []
        alike: list[str] = []
        counted: list[str] = []
        before = self._with_roots(before)
        uncounted = dict(before)
        may_be_held = bool(self._held) or any(map(self._may_be_held, self.roots()))
        if may_be_held:  # what is held below a root may make it ask
            for key in sorted(before, key=self._is_root):
                self._seen.pop(key, None)
                self._lay_pause(key)
        for key, was in before.items():
            del uncounted[key]
            self._seen.pop(key, None)
            now = self._known(key)
            if now is None or now is was:
                continue
            changed.append(key)
            if was is None:
                created.append(key)
            if was is None or not counts_alike(was, now):
                self._count(was, now, uncounted)
                counted.append(key)
            elif _looks_alike(was, now):
                alike.append(key)
        return Change(frozenset(changed), tuple(created), foreign, frozenset(alike), frozenset(counted))

    def _with_roots(self, before: Mapping[str, Session | None]) -> Mapping[str, Session | None]:
        """These sessions, and the roots of their runs where a credential is paused."""
        if not self.stopped.paused:
            return before
        runs = {session.run_id for key in before if (session := self._tree.sessions.get(key)) is not None}
        return {**before, **{run: self._known(run) for run in runs if run not in before}}

    def _is_root(self, session_id: str) -> bool:
        session = self._tree.sessions.get(session_id)
        return session is not None and session.session_id is None

    def infer(self, seen: Iterable[Session]) -> Change:
        """Lay what the disk says over the log: sessions that differ from it; none puts the log back."""
        over = {session.id: session for session in seen if session.id in self._tree.sessions}
        changed = set()
        keys = [*(key for key in list(self._seen) if key not in over), *over]
        roots = {self._tree.sessions[key].run_id for key in keys} - set(keys) if self.stopped.paused else set()
        for key in sorted((*keys, *roots), key=self._is_root):
            before = self.session(key)
            if key in over:
                self._seen[key] = over[key]
            else:
                self._seen.pop(key, None)
            self._lay_pause(key)
            after = self.session(key)
            if before != after:
                self._count(before, after)
                changed.add(key)
        return Change(frozenset(changed), counted=frozenset(changed))

    def _known(self, session_id: str) -> Session | None:
        return self._held.get(session_id) or self._seen.get(session_id) or self._tree.sessions.get(session_id)

    def _pause_of(self, session_id: str) -> Pause | None:
        known = self._tree.sessions.get(session_id)
        return known.paused if known is not None else None

    def _lay_pause(self, session_id: str) -> None:
        """Lay the pause of its run over a session, and those of credentials, or take them away again."""
        known = self._seen.get(session_id) or self._tree.sessions.get(session_id)
        root = self._tree.sessions.get(known.run_id) if known is not None else None
        if known is None or root is None:
            self._held.pop(session_id, None)
            return
        self.stopped.look(known)
        shown = under_pause(known, root.paused, self.stopped.paused)
        if known is root or known.session_id is None:
            shown = self.stopped.over(shown)
        if shown is known:
            self._held.pop(session_id, None)
        elif shown != self._held.get(session_id):
            self._held[session_id] = shown

    def _learn(self, event: e.RunStarted | e.RunAdopted) -> None:
        """What a run's first event tells of it, or that with which an engine goes on with it."""
        self.signs.quiet_after = quiet_after_of(event.settings)
        self.workflows[event.run_id or ""] = event.workflow
        run = event.settings.get("run")
        grace = run.get("cancel_grace") if isinstance(run, dict) else None
        self.cancel_grace = float(grace) if isinstance(grace, int | float) else self.cancel_grace
        limit = run.get("retry_limit") if isinstance(run, dict) else None
        self.retry_limit = limit if isinstance(limit, int) else self.retry_limit

    def _is_shown(self, event: AnyEvent) -> bool:
        if self._only_run is not None:
            return event.run_id == self._only_run
        return event.run_id in self.workflows or isinstance(event, e.RunStarted)

    def _count(self, before: Session | None, after: Session, uncounted: Mapping[str, Session | None] = _NONE) -> None:
        """Carry a difference up; those that are `uncounted` have changed too, but their sums are of what they were."""
        self._sums.count(before, after, lambda key: uncounted.get(key) or self.session(key))


def _looks_alike(before: Session, after: Session) -> bool:
    """The row looks as before, where it counts alike as well."""
    return (
        before.phase not in TIME_STANDS  # its time goes on with every event of it
        and before.step == after.step
        and before.started_at is after.started_at
        and before.finished_at is after.finished_at
        and before.kept is after.kept
        and before.failure_cause is after.failure_cause
    )
