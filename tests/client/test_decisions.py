"""The log of decisions and new needs, out of lines of the event log; and where somebody last looked."""

from pathlib import Path

import pytest

from covey.client.decisions import happenings, last_looked, remember_looked
from covey.errors import UsageError
from covey.model import events as e
from covey.model.control import Action
from covey.model.status import FailureCause
from covey.store.base import Line
from tests.model.strategies import RUN, at


def line(seq: int, component: str, event: e.AnyEvent) -> Line:
    return Line(e.Entry(seq, event), None, None, component, None)


def about(name: str, moment: int) -> dict[str, object]:
    return {"at": at(moment), "run_id": RUN, "session_id": name.lower(), "attempt": 1}


def decided(seq: int, name: str, action: Action, decision_id: str, **settled: object) -> list[Line]:
    """A request and what came of it, as the engine writes them."""
    shared = {**about(name, seq), "request_id": f"r{seq}", "decision_id": decision_id, "action": action}
    asked = {key: settled.pop(key) for key in ("note", "by") if key in settled}
    return [
        line(seq, name, e.ControlRequested(**{**shared, "by": "ana", "reason": "why", **asked})),
        line(seq + 1, name, e.ControlSettled(**{**shared, "changed": True, **settled})),
    ]


class TestHappenings:
    def test_a_decision_about_several_sessions_is_one(self) -> None:
        lines = [*decided(1, "A", Action.SKIP, "d1"), *decided(3, "B", Action.SKIP, "d1")]
        (told,) = happenings(lines)
        assert (told.what, told.by, told.names, told.why) == ("skip", "ana", ["A", "B"], "why")
        assert (told.seq, told.at) == (4, at(1))

    def test_a_note_comes_before_a_reason(self) -> None:
        assert happenings(decided(1, "A", Action.RETRY, "d1", note="mind X"))[0].why == "mind X"

    def test_an_undo_tells_what_was_undone(self) -> None:
        (told,) = happenings(decided(1, "Shop", Action.UNDO, "d2", reason="skip of A", by="ben"))
        assert (told.what, told.by, told.why, told.names) == ("undo", "ben", "skip of A", ["Shop"])

    def test_what_was_refused_is_told_with_why(self) -> None:
        (told,) = happenings(decided(1, "A", Action.RETRY, "d1", changed=False, refused=True, reason="too late"))
        assert (told.refused, told.why) == (True, "too late")

    def test_what_was_so_already_is_not_told(self) -> None:
        assert happenings(decided(1, "A", Action.SKIP, "d1", changed=False, reason="it is skipped already")) == []

    def test_needs(self) -> None:
        failed = e.SessionFailed(**about("A", 1), cause=FailureCause.TIMEOUT, reason="too slow")
        gone = e.ArtifactMissing(**about("B", 2), path="docs/b.md")
        told = happenings([line(1, "A", failed), line(2, "B", gone)])
        assert [(each.what, each.by, each.why, each.names) for each in told] == [
            ("failed", None, "too slow", ["A"]),
            ("file_missing", None, "docs/b.md", ["B"]),
        ]
        assert told[0].cause == "timeout"

    @pytest.mark.parametrize(
        ("verdict", "is_told"),
        [({"failed": [{"component": "A"}]}, False), ({"not_created": [{"component": "A"}]}, True), ({}, True)],
    )
    def test_a_parent_is_told_of_only_for_a_reason_of_its_own(
        self, verdict: dict[str, object], *, is_told: bool
    ) -> None:
        blocked = e.SessionBlocked(**about("Shop", 1), reason="not all is well", needs_human=verdict)
        assert bool(happenings([line(1, "Shop", blocked)])) is is_told

    def test_half_of_a_decision_waits_for_the_older_lines(self) -> None:
        lines = decided(1, "A", Action.SKIP, "d1")
        assert happenings(lines[1:]) == []


class TestLastLooked:
    def test_never(self, tmp_path: Path) -> None:
        assert last_looked(tmp_path, "ana") == 0
        assert not (tmp_path / ".covey").exists()

    def test_each_has_a_place_of_their_own(self, tmp_path: Path) -> None:
        remember_looked(tmp_path, "ana", 7)
        remember_looked(tmp_path, "ben", 9)
        assert [last_looked(tmp_path, user) for user in ("ana", "ben", "cleo")] == [7, 9, 0]

    @pytest.mark.parametrize("user", ["../../up", "a/b", "..", "ü" * 300, "\x1b[2J"])
    def test_whoever_it_is_the_file_lies_in_the_state_directory(self, tmp_path: Path, user: str) -> None:
        remember_looked(tmp_path, user, 3)
        assert last_looked(tmp_path, user) == 3
        assert [path.parent for path in tmp_path.rglob("looked-*")] == [tmp_path / ".covey"]

    @pytest.mark.parametrize("text", ["", "[", "7", '{"seq": "x"}', '{"seq": -1}', '{"seq": true}'])
    def test_a_file_that_says_nothing_is_as_none(self, tmp_path: Path, text: str) -> None:
        remember_looked(tmp_path, "ana", 7)
        (tmp_path / ".covey/looked-ana.json").write_text(text)
        assert last_looked(tmp_path, "ana") == 0

    def test_what_cannot_be_written_says_why(self, tmp_path: Path) -> None:
        remember_looked(tmp_path, "ana", 7)
        (tmp_path / ".covey/looked-ana.json").unlink()
        (tmp_path / ".covey/looked-ana.json").mkdir()
        with pytest.raises(UsageError, match=r"looked-ana\.json cannot be written"):
            remember_looked(tmp_path, "ana", 8)
