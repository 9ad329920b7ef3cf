"""What the engine remembers of sessions, so that it need not read what it has just written."""

from msgspec.structs import replace

from covey.model.events import Entry
from covey.model.reducer import apply
from covey.model.session import Session
from covey.store.base import Committed, Position
from covey.store.positions import Positions
from tests.model.strategies import created


def born(key: str = "root") -> Session:
    session = apply(None, created(key))
    assert session is not None
    return session


def at_work(session: Session) -> Session:
    return replace(session, step="Initialize", version=session.version + 1)


def written(session: Session) -> Committed:
    return Committed((Entry(1, created("another")),), {session.id: session})


class TestPositions:
    """A position is remembered only where nothing newer can exist."""

    def test_what_was_read_is_remembered(self) -> None:
        positions = Positions()
        positions.reading(["root"])
        positions.learn([Position(at_work(born()), ())])

        assert positions.get("root") == Position(at_work(born()), ())

    def test_what_was_written_while_it_was_read_is_not_learned_from_that_reading(self) -> None:
        older, newer = at_work(born()), at_work(at_work(born()))
        positions = Positions()
        positions.reading(["root"])
        positions.follow(written(newer))
        positions.learn([Position(older, ())])

        assert positions.get("root") is None

    def test_a_session_in_the_midst_of_an_attempt_that_was_never_read_stays_unknown(self) -> None:
        positions = Positions()
        positions.follow(written(at_work(born())))

        assert positions.get("root") is None

    def test_one_that_begins_an_attempt_needs_no_reading(self) -> None:
        positions = Positions()
        positions.follow(written(born()))

        assert positions.get("root") == Position(born(), ())

    def test_what_is_forgotten_is_read_anew(self) -> None:
        positions = Positions()
        positions.follow(written(born()))
        positions.forget(["root", "nobody"])

        assert positions.get("root") is None

    def test_the_rows_of_those_that_are_remembered(self) -> None:
        positions = Positions()
        positions.follow(written(born()))

        assert positions.sessions(["root", "nobody"]) == {"root": born()}

    def test_once_all_is_forgotten_a_reading_that_was_under_way_is_not_learned_from(self) -> None:
        positions = Positions()
        positions.follow(written(born()))
        positions.reading(["another"])
        positions.forget_all()
        positions.learn([Position(at_work(born("another")), ())])

        assert (positions.get("root"), positions.get("another")) == (None, None)
