"""The tree as a flat list: whatever happens, it is what reading the board anew would give."""

from collections.abc import Callable, Iterator

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from covey.model import events as e
from covey.model.session import about
from covey_tui.view.board import Board
from covey_tui.view.filters import Filter, only_problems, only_state, with_text
from covey_tui.view.next_need import next_need
from covey_tui.view.rows import Rows, Splice
from tests.model.strategies import RUN, at, created, logs
from tests.tui.pictures import board, complete, family, gone, session, waiting
from tests.tui.test_board import begun

BILLING, CATALOG = "id-run-billing", "id-run-catalog"


def rows_of(shown: Board) -> Rows:
    rows = Rows(shown)
    rows.rebuild()
    return rows


def names(rows: Rows, shown: Board) -> list[str]:
    return [shown.session(key).component for key in rows.ids]


def filter_called(name: str, shown: Board) -> Filter | None:
    made: dict[str, Callable[[], Filter]] = {
        "problems": lambda: only_problems(shown),
        "complete": lambda: only_state("complete"),
        "text": lambda: with_text("1"),
        "nothing": lambda: with_text("not there"),
    }
    return made[name]() if name in made else None


UNHURRIED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""Drawing a whole log is what takes time: few are drawn, and of each one everything is looked at."""
BATCHES = (1, 2, 5)
"""How many events may come at once."""
FILTERS = st.sampled_from(["none", "problems", "complete", "text", "nothing"])


class Followed:
    """Rows that follow a board, and beside them what somebody does to them."""

    def __init__(self) -> None:
        self.board = Board("shop")
        self.rows = rows_of(self.board)
        self.folded: set[str] = set()
        self.filter: Filter | None = None
        self.kept: str | None = None
        self.first: frozenset[str] = frozenset()

    def expected(self) -> list[str]:
        """The rows counted from scratch, without any of what the rows remember."""
        return [*self._below(None)]

    def matches(self, key: str) -> bool:
        return self.filter is None or key == self.kept or self.filter.matches(self.board.session(key))

    def _below(self, parent: str | None) -> Iterator[str]:
        children = sorted(self.board.children(parent), key=lambda key: key not in self.first)
        for key in children:
            if any(self.matches(each) for each in [key, *self.board.under(key)]):
                yield key
                if key not in self.folded:
                    yield from self._below(key)

    def happen(self, events: list[e.AnyEvent]) -> None:
        before = [*self.rows.ids]
        splices = self.rows.apply(self.board.fold(events), keep=self.kept)
        self.check(before, splices)

    def turn(self, key: str) -> None:
        """Fold a session, or unfold it."""
        before = [*self.rows.ids]
        if key in self.folded:
            splice = self.rows.unfold(key)
            self.folded.discard(key)
        else:
            is_there = self.board.is_parent(key) and key in self.rows.ids
            splice = self.rows.fold(key)
            self.folded.update({key} if is_there else ())
        self.check(before, (splice,) if splice else ())

    def narrow(self, name: str) -> None:
        self.kept = None
        self.filter = filter_called(name, self.board)
        self.rows.filter(self.filter.matches if self.filter else None)
        self.check([], None)

    def put_first(self, *, needing: bool) -> None:
        every = [*self.board.under(None)] if needing else []
        self.first = frozenset(key for key in every if self.board.needs_human(key) or self.board.tally(key).needs)
        self.rows.put_first(needing=needing)
        self.check([], None)

    def hold(self, key: str) -> None:
        """The hand is on another row; only a filter asks where it is."""
        if self.filter is None:
            self.kept = None
        elif key in self.rows.ids and self.filter.matches(self.board.session(key)):
            self.kept = key
        self.happen([])

    def check(self, before: list[str], splices: tuple[Splice, ...] | None) -> None:
        assert self.rows.ids == self.expected()
        if splices is not None:
            assert before == undone(self.rows.ids, splices, before)
        for place, key in enumerate(self.rows.ids):
            assert self.rows.index(key) == place
        for key in self.board.under(None):
            assert (self.rows.index(key) is None) is (key not in self.rows.ids)


def undone(after: list[str], splices: tuple[Splice, ...], before: list[str]) -> list[str]:
    """The list before splices: each says where rows came, or from where they went."""
    lengths = [len(before)]
    for splice in splices:
        lengths.append(lengths[-1] + splice.rows)
    assert lengths[-1] == len(after)
    ids: list[str | None] = [*after]
    for splice in reversed(splices):
        if splice.rows > 0:
            del ids[splice.at : splice.at + splice.rows]
        else:
            ids[splice.at : splice.at] = [None] * -splice.rows
    return [was if was is not None else there for was, there in zip(ids, before, strict=True)]


@st.composite
def scripts(draw: st.DrawFn) -> tuple[list[e.AnyEvent], list[tuple[str, int, str]]]:
    """A log, and what somebody does after so many of its events."""
    log = begun(draw(logs(40)))
    deeds = st.tuples(st.sampled_from(["turn", "turn", "narrow", "first", "hold"]), st.integers(0, 40), FILTERS)
    return log, [draw(deeds) for _ in log]


class TestFollowing:
    """After anything that can happen, the list is the one that reading the board anew would give."""

    @UNHURRIED
    @given(scripts())
    def test_it_equals_one_made_from_scratch(self, script: tuple[list[e.AnyEvent], list[tuple[str, int, str]]]) -> None:
        for batch in BATCHES:
            self.follow(*script, batch)

    def follow(self, log: list[e.AnyEvent], deeds: list[tuple[str, int, str]], batch: int) -> None:
        followed = Followed()
        for place in range(0, len(log), batch):
            followed.happen(log[place : place + batch])
            what, number, name = deeds[place]
            keys = [*followed.board.under(None), RUN]
            if RUN not in followed.board:
                continue
            if what == "turn":
                followed.turn(keys[number % len(keys)])
            elif what == "narrow":
                followed.narrow(name)
            elif what == "first":
                followed.put_first(needing=number % 2 == 0)
            else:
                followed.hold(keys[number % len(keys)])

    def test_a_spawn_costs_its_own_place(self) -> None:
        shown = board()
        rows = rows_of(shown)
        change = shown.fold([spawned(BILLING, "later", 99)])
        assert rows.apply(change) == (Splice(9, 1),)
        assert names(rows, shown)[8:11] == ["CreditNote", "Later", "Catalog"]

    def test_many_spawned_at_once_stand_by_position(self) -> None:
        shown = Board("shop")
        rows = rows_of(shown)
        births = [created(f"s{number}", RUN, position=number) for number in (3, 0, 2, 1)]
        rows.apply(shown.fold(begun([created(RUN), *births])))
        assert rows.ids == [RUN, "s0", "s1", "s2", "s3"]

    def test_a_row_is_found_again_as_far_as_it_has_moved(self) -> None:
        births = [created(f"s{number}", RUN, position=number) for number in range(10_000)]
        shown = Board("shop")
        shown.fold(begun([created(RUN), created("above", RUN, position=-1), *births]))
        rows = rows_of(shown)
        rows.apply(shown.fold([created(f"new{number}", "above", position=number) for number in range(300)]))
        compared = Compared("s9000")
        assert rows.index(compared) == 9_302
        assert 0 < compared.times < 3_000

    def test_a_tree_deeper_than_the_interpreter_recurses(self) -> None:
        shown = Board("shop")
        births = [created(f"s{depth}", f"s{depth - 1}" if depth else RUN) for depth in range(1500)]
        shown.fold(begun([created(RUN), *births]))
        rows = rows_of(shown)
        assert len(rows) == 1501
        assert shown.depth("s1499") == 1500
        assert rows.fold(RUN) == Splice(1, -1500)


def spawned(parent: str, key: str, position: int) -> e.SessionCreated:
    row = created(key, parent, position=position)
    return e.SessionCreated(**{field: getattr(row, field) for field in row.__struct_fields__} | {"run_id": parent})


class TestFolding:
    """What lies below a session can be folded away, and comes back as it was."""

    def test_rows_go_and_come(self) -> None:
        rows = rows_of(board())
        before = [*rows.ids]
        assert rows.fold(BILLING) == Splice(1, -8)
        assert (rows.is_folded(BILLING), rows.ids[:2]) == (True, [BILLING, CATALOG])
        assert rows.fold(BILLING) is None
        assert rows.unfold(BILLING) == Splice(1, 8)
        assert rows.ids == before

    def test_a_session_without_children_has_no_fold(self) -> None:
        rows = rows_of(board())
        assert rows.is_folded("id-billing-invoice") is None
        assert rows.fold("id-billing-invoice") is None

    def test_what_is_spawned_below_a_fold_has_no_row(self) -> None:
        shown = board()
        rows = rows_of(shown)
        rows.fold(BILLING)
        assert rows.apply(shown.fold([spawned(BILLING, "later", 99)])) == ()
        assert rows.unfold(BILLING) == Splice(1, 9)
        assert rows.ids[9] == "later"

    def test_revealing_unfolds_what_lies_above(self) -> None:
        rows = rows_of(board())
        rows.fold(BILLING)
        assert rows.reveal("id-billing-ledger")
        assert rows.index("id-billing-ledger") == 5
        assert not rows.reveal("id-billing-ledger")


class TestFiltering:
    """Only what matches is shown, with its ancestors."""

    def test_ancestors_are_shown_and_do_not_count(self) -> None:
        shown = board()
        rows = rows_of(shown)
        rows.filter(only_problems(shown).matches)
        assert names(rows, shown) == ["Billing", "TaxRule", "Ledger", "Catalog", "ImportAdapter"]
        assert rows.matching == 3
        rows.filter(None)
        assert (len(rows), rows.matching) == (16, 0)

    def test_a_row_under_the_hand_stays(self) -> None:
        shown = board()
        rows = rows_of(shown)
        rows.filter(only_problems(shown).matches)
        ledger = shown.session("id-billing-ledger")
        found = e.ArtifactFound(at=at(1), **about(ledger), path=str(ledger.artifact_path))
        assert rows.apply(shown.fold([found]), keep=ledger.id) == ()
        assert rows.index(ledger.id) == 2

    def test_one_that_matches_no_longer_goes(self) -> None:
        shown = board()
        rows = rows_of(shown)
        rows.filter(only_problems(shown).matches)
        ledger = shown.session("id-billing-ledger")
        found = e.ArtifactFound(at=at(1), **about(ledger), path=str(ledger.artifact_path))
        assert rows.apply(shown.fold([found]), keep=None) == (Splice(2, -1),)
        assert names(rows, shown)[:3] == ["Billing", "TaxRule", "Catalog"]

    def test_what_lies_below_a_run_that_is_given_up_needs_nobody(self) -> None:
        shown = board()
        rows = rows_of(shown)
        rows.filter(only_problems(shown).matches)
        root = shown.session(BILLING)
        cancelled = e.SessionCancelled(at=at(1), **about(root), reason="", decision_id="d", by="ana")
        assert rows.apply(shown.fold([cancelled])) is None
        assert names(rows, shown) == ["Catalog", "ImportAdapter"]


class TestOrder:
    """What needs a human can be put first among its siblings."""

    def test_needs_come_first_and_go_back(self) -> None:
        shown = board()
        rows = rows_of(shown)
        before = [*rows.ids]
        rows.put_first(needing=True)
        assert names(rows, shown)[:4] == ["Billing", "TaxRule", "Ledger", "Invoice"]
        rows.put_first(needing=False)
        assert rows.ids == before


class TestNextNeed:
    """From one who needs a human to the next, in the order of the rows and round the end."""

    @UNHURRIED
    @given(log=logs(40))
    def test_it_is_the_next_of_all_in_order(self, log: list[e.AnyEvent]) -> None:
        shown = Board("shop")
        shown.fold(begun(log))
        rows = rows_of(shown)
        for first in (False, True):
            rows.put_first(needing=first)
            every = [*rows.ids]
            for at_cursor, cursor in enumerate(every):
                ahead = every[at_cursor + 1 :] + every[: at_cursor + 1]
                behind = every[:at_cursor][::-1] + every[at_cursor:][::-1]
                for forward, order in ((True, ahead), (False, behind)):
                    wanted = next((key for key in order if shown.needs_human(key)), None)
                    assert next_need(shown, rows, cursor, forward=forward) == wanted

    def test_without_a_cursor_it_begins_at_the_ends(self) -> None:
        shown = board()
        rows = rows_of(shown)
        assert next_need(shown, rows, None, forward=True) == "id-billing-taxrule"
        assert next_need(shown, rows, None, forward=False) == "id-catalog-importadapter"

    def test_it_finds_what_is_folded_away(self) -> None:
        shown = board()
        rows = rows_of(shown)
        rows.fold(CATALOG)
        assert next_need(shown, rows, CATALOG, forward=True) == "id-catalog-importadapter"

    def test_subtrees_without_needs_are_not_looked_at(self) -> None:
        quiet = [(f"Quiet{number}", 1, complete()) for number in range(500)]
        rows = [*family("Quiet", 9, waiting(), quiet), *family("Loud", 9, waiting(), [("Lost", 1, gone())])]
        shown = Looked("shop")
        shown.load(rows, begun([])[:0])
        assert next_need(shown, rows_of(shown), "id-run-quiet", forward=False) == "id-loud-lost"
        assert shown.asked < 10

    def test_nobody(self) -> None:
        shown = board([session("Billing", None, 3, **waiting())])
        assert next_need(shown, rows_of(shown), BILLING, forward=True) is None


class Compared(str):
    """An id that counts how often it is compared."""

    __slots__ = ("times",)
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        self.times = getattr(self, "times", 0) + 1
        return super().__eq__(other)


class Looked(Board):
    """A board that counts who was asked about."""

    asked = 0

    def needs_human(self, session_id: str) -> bool:
        self.asked += 1
        return super().needs_human(session_id)
