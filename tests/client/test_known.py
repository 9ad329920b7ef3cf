"""How a state is known: by a heartbeat, by the log, or inferred; and the words for what is silent or too old."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from covey.client.known import Basis, age_of_inferred, known, quiet_after_of, vital_word, word_of_state
from covey.model.activity import Activity
from covey.model.reducer import apply
from covey.model.session import Session
from covey.model.status import ArtifactState, FailureCause, Phase, Status
from tests.model.strategies import created

NOW = datetime(2026, 11, 22, 12, 8, 10, tzinfo=UTC)


def at_work(**changes: Any) -> Session:
    session = apply(None, created("s", "root"))
    assert session is not None
    fields: dict[str, Any] = {"phase": Phase.RUNNING, "pending": "i", "updated_at": NOW - timedelta(seconds=300)}
    return replace(session, **{**fields, **changes})


def sign(quiet: float = 0, beat: float = 0, attempt: int = 1) -> Activity:
    """Signs of life: the agent's last one and the last heartbeat, so many seconds ago."""
    last, heard = NOW - timedelta(seconds=quiet), NOW - timedelta(seconds=beat)
    return Activity(session_id="s", attempt=attempt, at=last, beat=heard)


class TestWord:
    """What a session is called, wherever it is listed: by its phase before its status, and by what is more telling."""

    @pytest.mark.parametrize(
        ("fields", "word"),
        [
            ({"phase": Phase.BLOCKED}, "needs you"),
            ({"phase": Phase.CANCELLING, "status": Status.CANCELLED}, "cancelling"),
            ({"phase": None, "status": Status.CANCELLED}, "cancelled"),
            (
                {"phase": None, "status": Status.COMPLETE, "artifact": ArtifactState.MISSING, "kept": True},
                "file missing",
            ),
            ({"phase": None, "status": Status.COMPLETE, "kept": True}, "kept"),
            ({"phase": None, "status": Status.FAILED, "failure_cause": FailureCause.CHECK_FAILED}, "failed: checks"),
            ({"step": "ValidateDesign"}, "validate design"),
            ({"step": "Odd\x1b[2J"}, "odd␛[2 j"),
            ({"phase": Phase.QUEUED, "step": "ValidateDesign"}, "queued"),
        ],
    )
    def test_word(self, fields: dict[str, Any], word: str) -> None:
        assert word_of_state(at_work(**fields)) == word


class TestKnown:
    """What a state is known by, and since when."""

    @pytest.mark.parametrize(
        ("session", "signs", "engine_alive", "inferred", "words"),
        [
            (at_work(), sign(beat=2), True, False, "engine heartbeat 2s ago"),
            (at_work(), sign(beat=40), True, False, "engine heartbeat 40s ago, overdue: the engine stands still"),
            (at_work(phase=Phase.STALLED), sign(beat=3), True, False, "engine heartbeat 3s ago"),
            (at_work(), None, True, False, "log, 5m00s ago"),
            (at_work(attempt=2), sign(), True, False, "log, 5m00s ago"),
            (at_work(phase=Phase.WAITING), sign(), True, False, "log, 5m00s ago"),
            (
                at_work(phase=Phase.INTERRUPTED),
                sign(beat=40),
                False,
                True,
                "inferred: no engine lives; last heard of 40s ago",
            ),
            (
                at_work(phase=Phase.INTERRUPTED),
                None,
                False,
                True,
                "inferred: no engine lives; last heard of 5m00s ago",
            ),
            (
                at_work(phase=None, status=Status.COMPLETE, artifact=ArtifactState.MISSING),
                None,
                False,
                True,
                "inferred: disk, as it is now",
            ),
        ],
    )
    def test_words(
        self, session: Session, signs: Activity | None, *, engine_alive: bool, inferred: bool, words: str
    ) -> None:
        how = known(session, signs, NOW, engine_alive=engine_alive, is_inferred=inferred)
        assert how.words(NOW) == words

    def test_a_heartbeat_of_the_future_is_young(self) -> None:
        """The wall clock was set back since."""
        how = known(at_work(), sign(beat=-3600), NOW, engine_alive=True, is_inferred=False)
        assert (how.by, how.is_old, how.words(NOW)) == (Basis.HEARTBEAT, False, "engine heartbeat 0s ago")


class TestVitalWord:
    """The word of what is silent, stalled or in doubt; what is well has its own."""

    @pytest.mark.parametrize(
        ("session", "signs", "word"),
        [
            (at_work(), sign(quiet=119), None),
            (at_work(), sign(quiet=130), "quiet 2m10s"),
            (at_work(), None, None),
            (at_work(attempt=2), sign(quiet=130), None),
            (at_work(pending=None), sign(quiet=130), None),
            (at_work(phase=Phase.WAITING), sign(quiet=130), None),
            (at_work(), sign(quiet=130, beat=40), "running? 40s"),
            (at_work(), sign(quiet=130, beat=15), "quiet 2m10s"),
            (at_work(phase=Phase.STALLED, stalled_since=NOW - timedelta(seconds=310)), sign(310), "stalled 5m10s"),
            (at_work(phase=Phase.STALLED, stalled_since=NOW - timedelta(seconds=310)), None, "stalled 5m10s"),
            (at_work(phase=Phase.STALLED, stalled_since=NOW - timedelta(seconds=310)), sign(310, 40), "stalled? 5m10s"),
        ],
    )
    def test_word(self, session: Session, signs: Activity | None, word: str | None) -> None:
        assert vital_word(session, signs, NOW, 120, is_doubted=True) == word

    def test_a_doubt_is_not_told_before_it_is_one(self) -> None:
        assert vital_word(at_work(), sign(beat=3600), NOW, 120, is_doubted=False) is None

    def test_what_was_at_work_as_its_engine_went_has_an_age(self) -> None:
        assert age_of_inferred(at_work(phase=Phase.INTERRUPTED), sign(beat=40), NOW) == " 40s"
        assert age_of_inferred(at_work(phase=Phase.INTERRUPTED), sign(beat=40, attempt=2), NOW) == ""
        assert age_of_inferred(at_work(phase=Phase.QUEUED), sign(beat=40), NOW) == ""


@pytest.mark.parametrize(("settings", "seconds"), [({}, 120), ({"run": {"quiet_after": 9}}, 9), ({"run": 3}, 120)])
def test_the_limit_is_that_of_the_project(settings: dict[str, object], seconds: float) -> None:
    assert quiet_after_of(settings) == seconds
