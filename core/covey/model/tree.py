"""The fold of a log into a tree: parents and children in spawn order, counts, and who needs a human.

Any viewer keeps one: it loads the rows once and folds what comes after, so what it shows is what the log says.
"""

from bisect import insort
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from covey.model.events import AnyEvent
from covey.model.reducer import apply
from covey.model.session import Session, file_is_missing, undecided
from covey.model.sharing import Sharing
from covey.model.status import Phase, Status

_NEEDS = ("failed", "cancelled", "missing_files", "stalled", "questions", "interrupted")
"""Why sessions need a human, in the order in which they are told."""


class SessionTree:
    """Sessions by id, with an index of children; changed only by `fold`."""

    def __init__(self, sessions: Iterable[Session] = ()) -> None:
        self._sessions: dict[str, Session] = {}
        self._children: dict[str | None, list[str]] = {}
        self._sharing = Sharing()
        for session in sessions:
            self._put(session)

    @property
    def sessions(self) -> Mapping[str, Session]:
        """All sessions by id."""
        return self._sessions

    def fold(self, events: Iterable[AnyEvent]) -> set[str]:
        """Apply events of the log, in order; the ids of the sessions that changed.

        Raises:
            IllegalEventError: the events do not follow on what the tree holds.
        """
        return {event.session_id for event in events if event.session_id is not None and self.follow(event)}

    def follow(self, event: AnyEvent) -> bool:
        """Apply one event of the log; whether its session has changed.

        Raises:
            IllegalEventError: the event does not follow on what the tree holds.
        """
        if event.session_id is None:
            return False
        before = self._sessions.get(event.session_id)
        after = apply(before, event)
        if after is None or after is before:
            return False
        self._put(self._sharing.share(after) if before is None else after)
        return True

    def roots(self) -> list[Session]:
        """The runs' roots, in the order of their creation."""
        return [self._sessions[key] for key in self._children.get(None, ())]

    def ids_below(self, session_id: str | None) -> Sequence[str]:
        """The ids of a session's children in spawn order; of None, the runs' roots."""
        return self._children.get(session_id, ())

    def children(self, session_id: str) -> list[Session]:
        """The children of a session in spawn order."""
        return [self._sessions[key] for key in self.ids_below(session_id)]

    def below(self, session_id: str) -> Iterator[Session]:
        """All descendants, each parent before its children, in spawn order."""
        for child in self.children(session_id):
            yield child
            yield from self.below(child.id)

    def counts(self, root_id: str) -> dict[str, int]:
        """How many sessions under a root have each status; the root is left out."""
        counts = Counter(session.status for session in self.below(root_id))
        return {status.value: counts[status] for status in Status}

    def needs_human(self, root_id: str) -> dict[str, list[Session]]:
        """The sessions of a run that a human has to decide on, by kind, in spawn order.

        Below a session that was skipped or cancelled nobody is needed any more.
        """
        lists: dict[str, list[Session]] = {kind: [] for kind in _NEEDS}
        root = self._sessions[root_id]
        if root.status is Status.FAILED:
            lists["failed"].append(root)
        elif root.phase is Phase.STALLED:
            lists["stalled"].append(root)
        elif root.phase is Phase.ASKING:
            lists["questions"].append(root)
        elif undecided(root):
            lists["interrupted"].append(root)
        self._collect(root, lists)
        return lists

    def _collect(self, parent: Session, lists: dict[str, list[Session]]) -> None:
        for child in self.children(parent.id):
            if child.status is Status.FAILED:
                lists["failed"].append(child)
            elif child.status is Status.CANCELLED:
                lists["cancelled"].append(child)
            elif file_is_missing(child):
                lists["missing_files"].append(child)
            elif child.phase is Phase.STALLED:
                lists["stalled"].append(child)
            elif child.phase is Phase.ASKING:
                lists["questions"].append(child)
            elif child.phase is Phase.INTERRUPTED:
                lists["interrupted"].append(child)
            if child.status not in {Status.SKIPPED, Status.CANCELLED}:
                self._collect(child, lists)

    def _put(self, session: Session) -> None:
        is_new = session.id not in self._sessions
        self._sessions[session.id] = session
        if is_new:
            siblings = self._children.setdefault(session.session_id, [])
            if not siblings or self._sessions[siblings[-1]].position <= session.position:
                siblings.append(session.id)  # as a rule they come in order
            else:
                insort(siblings, session.id, key=lambda key: self._sessions[key].position)
