"""The fold of a log: the same whether at once, in pieces or on top of stored rows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.errors import IllegalEventError
from covey.model import events as e
from covey.model.command import CommandKind
from covey.model.reducer import apply
from covey.model.session import Session
from covey.model.status import FailureCause, Status
from covey.model.tree import SessionTree
from tests.model.strategies import at, created, grown, logs, trees


def head(session_id: str, attempt: int = 1) -> dict[str, object]:
    """Where an event of these tests belongs."""
    return {"at": at(9), "run_id": "root", "session_id": session_id, "attempt": attempt}


def failed(session_id: str) -> list[e.AnyEvent]:
    """A session that starts and fails."""
    return [
        e.SessionStarted(**head(session_id)),
        e.SessionFailed(**head(session_id), cause=FailureCause.CRASH, reason="boom"),
    ]


def complete(session_id: str) -> list[e.AnyEvent]:
    """A session that starts and completes with its file."""
    return [
        e.SessionStarted(**head(session_id)),
        e.ArtifactFound(**head(session_id), path=f"docs/design/{session_id}.md"),
        e.SessionCompleted(**head(session_id)),
    ]


def stalled(session_id: str) -> list[e.AnyEvent]:
    """A session that starts, and whose agent falls silent."""
    issued = e.CommandIssued(**head(session_id), interaction_id="i", step="Generate", command=CommandKind.AGENT)
    return [e.SessionStarted(**head(session_id)), issued, e.SessionStalled(**head(session_id), since=at(1))]


def asking(session_id: str) -> list[e.AnyEvent]:
    """A session that starts, and whose agent asks a human."""
    issued = e.CommandIssued(**head(session_id), interaction_id="i", step="Generate", command=CommandKind.AGENT)
    asked = e.QuestionAsked(**head(session_id), question_id="q", question="euros or cents?")
    return [e.SessionStarted(**head(session_id)), issued, asked]


def cancelled(session_id: str) -> e.SessionCancelled:
    """A session that a human cancels."""
    return e.SessionCancelled(**head(session_id), reason="enough", decision_id="d1", by="ada")


def skipped(session_id: str) -> e.SessionSkipped:
    """A session that a human skips."""
    return e.SessionSkipped(**head(session_id), reason="not needed", decision_id="d1", by="ada")


class TestFold:
    """However a log is cut, the tree comes out the same."""

    @given(logs())
    def test_equals_applying_one_by_one(self, log: list[e.AnyEvent]) -> None:
        rows: dict[str, Session] = {}
        for event in log:
            if event.session_id is not None:
                after = apply(rows.get(event.session_id), event)
                assert after is not None
                rows[event.session_id] = after
        assert grown(log).sessions == rows

    @given(logs(), st.data())
    def test_on_top_of_stored_rows_equals_the_whole_log(self, log: list[e.AnyEvent], data: st.DataObject) -> None:
        cut = data.draw(st.integers(0, len(log)))
        loaded = SessionTree(grown(log[:cut]).sessions.values())
        loaded.fold(log[cut:])
        whole = grown(log)
        assert loaded.sessions == whole.sessions
        assert list(loaded.below("root")) == list(whole.below("root"))
        assert loaded.roots() == whole.roots()

    @given(logs(), st.data())
    def test_tells_which_sessions_changed_and_no_others(self, log: list[e.AnyEvent], data: st.DataObject) -> None:
        cut = data.draw(st.integers(0, len(log)))
        tree = grown(log[:cut])
        before = dict(tree.sessions)
        changed = tree.fold(log[cut:])
        assert changed == {key for key, session in tree.sessions.items() if before.get(key) is not session}

    def test_an_event_of_an_unknown_session_raises_and_adds_nothing(self) -> None:
        tree = grown([created("root")])
        with pytest.raises(IllegalEventError, match="there is no session stranger"):
            tree.fold([e.SessionStarted(**head("stranger"))])
        assert set(tree.sessions) == {"root"}

    def test_events_of_the_engine_change_nothing(self) -> None:
        tree = grown([created("root")])
        assert tree.fold([e.EngineStarted(at=at(1), pid=1, epoch=1, version="0")]) == set()


class TestShape:
    """Parents, children, spawn order and counts."""

    def test_children_stand_in_spawn_order_whatever_the_order_of_their_creation(self) -> None:
        log = [created("root"), *(created(name, "root", position=n) for name, n in [("c", 1), ("a", 2), ("b", 0)])]
        assert [child.id for child in grown(log).children("root")] == ["b", "c", "a"]

    def test_below_gives_parents_before_their_children(self) -> None:
        log = [
            created("root"),
            created("a", "root", position=0),
            created("b", "root", position=1),
            created("a1", "a"),
            created("b1", "b"),
        ]
        assert [session.id for session in grown(log).below("root")] == ["a", "a1", "b", "b1"]

    @given(trees())
    def test_below_the_root_is_everything_else_once(self, tree: SessionTree) -> None:
        below = [session.id for session in tree.below("root")]
        assert sorted(below) == sorted(set(tree.sessions) - {"root"})
        places = {key: place for place, key in enumerate(["root", *below])}
        for session in tree.below("root"):
            assert session.session_id is not None
            assert places[session.session_id] < places[session.id]

    @given(trees())
    def test_counts_every_session_but_the_root_under_its_status(self, tree: SessionTree) -> None:
        counts = tree.counts("root")
        assert list(counts) == ["active", "complete", "failed", "cancelled", "skipped"]
        statuses = [session.status.value for key, session in tree.sessions.items() if key != "root"]
        assert counts == {status.value: statuses.count(status.value) for status in Status}

    def test_roots_stand_in_the_order_of_their_creation(self) -> None:
        assert [root.id for root in grown([created("first"), created("second")]).roots()] == ["first", "second"]


class TestNeedsHuman:
    """Who waits for a human's decision."""

    def test_lists_each_kind_in_spawn_order(self) -> None:
        names = ["late", "bad", "gone", "off", "torn", "mute", "asks", "fine", "worse"]
        log: list[e.AnyEvent] = [created("root")]
        log += [created(name, "root", position=position) for position, name in enumerate(names)]
        log += [*failed("worse"), *failed("bad"), *complete("fine"), *complete("gone")]
        log += [
            e.ArtifactMissing(**head("gone"), path="docs/design/gone.md"),
            cancelled("off"),
            e.SessionStarted(**head("torn")),
            e.SessionInterrupted(**head("torn"), reason="engine died"),
            *stalled("mute"),
            *asking("asks"),
        ]
        lists = grown(log).needs_human("root")
        assert {kind: [session.id for session in sessions] for kind, sessions in lists.items()} == {
            "failed": ["bad", "worse"],
            "cancelled": ["off"],
            "missing_files": ["gone"],
            "stalled": ["mute"],
            "questions": ["asks"],
            "interrupted": ["torn"],
        }

    def test_names_a_root_that_stalled(self) -> None:
        lists = grown([created("root"), *stalled("root")]).needs_human("root")
        assert [session.id for session in lists["stalled"]] == ["root"]

    def test_names_a_root_that_asks(self) -> None:
        lists = grown([created("root"), *asking("root")]).needs_human("root")
        assert [session.id for session in lists["questions"]] == ["root"]

    def test_names_a_root_that_failed(self) -> None:
        lists = grown([created("root"), *failed("root")]).needs_human("root")
        assert [session.id for session in lists["failed"]] == ["root"]

    @pytest.mark.parametrize(("ended", "named"), [(skipped, []), (cancelled, ["nested"])])
    def test_nobody_is_needed_below_what_was_skipped_or_cancelled(self, ended: object, named: list[str]) -> None:
        assert callable(ended)
        log = [created("root"), created("nested", "root"), created("leaf", "nested"), *failed("leaf"), ended("nested")]
        lists = grown(log).needs_human("root")
        assert [session.id for sessions in lists.values() for session in sessions] == named
