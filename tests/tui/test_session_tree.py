"""The tree on the screen: what is painted is counted, and the row under the hand stays where it is."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any

import pytest
from textual.app import ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Tree

from covey.model import events as e
from covey.model.command import CommandKind, ResultStatus
from covey.model.session import Session, about
from covey.model.status import ExecutionMode
from covey_tui.painted import PaintedApp
from covey_tui.view.board import Board
from covey_tui.view.filters import only_problems, only_state, with_text
from covey_tui.widgets.session_tree import SessionTree
from tests.tui.pictures import NOW, begun, board, complete, family, gone, running, session, shop, waiting

CONTEXTS, COMPONENTS = 20, 100


class Counted(SessionTree):
    """A session tree that counts what it costs."""

    painted = 0
    layouts = 0
    whole = 0

    def render_line(self, y: int) -> Strip:
        self.painted += 1
        return super().render_line(y)

    def refresh(self, *regions: Region, layout: bool = False, **rest: Any) -> "Counted":
        self.layouts += layout
        self.whole += not regions and bool(rest.get("repaint", True))
        return super().refresh(*regions, layout=layout, **rest)

    def counts(self) -> tuple[int, int, int]:
        """Lines painted, layouts, and refreshes of everything, since they were last asked for."""
        counts = self.painted, self.layouts, self.whole
        self.painted = self.layouts = self.whole = 0
        return counts


class Host(PaintedApp):
    """A session tree alone on the screen."""

    CSS = "Screen { height: 100%; } SessionTree { height: 1fr; }"

    def __init__(self, shown: Board) -> None:
        super().__init__()
        self.now = NOW
        self.sessions = Counted(shown, lambda: self.now)
        self.heard: list[str | None] = []
        self.opened: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.sessions

    def on_mount(self) -> None:
        self.sessions.focus()
        self.sessions.load()

    def on_session_tree_cursor_moved(self, event: SessionTree.CursorMoved) -> None:
        self.heard.append(event.session_id)

    def on_session_tree_opened(self, event: SessionTree.Opened) -> None:
        self.opened.append(event.session_id)


@asynccontextmanager
async def opened(shown: Board, size: tuple[int, int] = (80, 24)) -> AsyncIterator[tuple[Counted, Pilot[int]]]:
    host = Host(shown)
    async with host.run_test(size=size) as pilot:
        await settled(pilot)
        host.sessions.counts()
        yield host.sessions, pilot


async def settled(pilot: Pilot[int]) -> None:
    """Nothing is left to do: what is asked of the screen has been painted."""
    for _ in range(3):
        await pilot.pause(0)


def many(contexts: int = CONTEXTS, components: int = COMPONENTS) -> list[Session]:
    """A run for each context, with as many components at work."""
    rows: list[Session] = []
    for number in range(contexts):
        children = [(f"Part{place:03}", 30, running("ValidateDesign")) for place in range(components)]
        rows += family(f"Context{number:02}", 252, waiting(), children)
    return rows


def part(context: int, place: int) -> str:
    return f"id-context{context:02}-part{place:03}"


def root(context: int) -> str:
    return f"id-run-context{context:02}"


def issued(shown: Board, key: str, step: str = "ReviseDesign") -> list[e.AnyEvent]:
    """A session works on another step."""
    row = shown.session(key)
    done = e.ResultRecorded(
        at=NOW, **about(row), interaction_id=str(row.pending), step=str(row.step), status=ResultStatus.OK
    )
    command = CommandKind.AGENT
    return [done, e.CommandIssued(at=NOW, **about(row), interaction_id=f"{row.pending}+", step=step, command=command)]


def spawned(parent: str, key: str, position: int = 10_000) -> e.SessionCreated:
    return e.SessionCreated(
        at=NOW,
        run_id=parent,
        session_id=key,
        attempt=1,
        project_id="shop",
        parent_id=parent,
        type="ComponentDesignSessions",
        component_id=key,
        component=key.title(),
        module=f"shop.{key}",
        position=position,
        execution_mode=ExecutionMode.AGENTIC,
        agent="offline",
        environment="local",
        artifact_path=f"docs/{key}.md",
    )


def happen(tree: SessionTree, shown: Board, events: Iterable[e.AnyEvent]) -> None:
    tree.apply(shown.fold(events))


def on_screen(tree: SessionTree) -> list[str]:
    """The lines as they would be painted now."""
    return ["".join(part.text for part in tree.render_line(y)).rstrip() for y in range(tree.size.height)]


def line_of(tree: SessionTree, key: str) -> int:
    """On which line of the window a session stands."""
    at = tree.rows.index(key)
    assert at is not None
    return at - tree.scroll_offset.y


def missing(shown: Board, key: str) -> e.ArtifactMissing:
    row = shown.session(key)
    return e.ArtifactMissing(at=NOW, **about(row), path=str(row.artifact_path))


class TestCost:
    """Only what has changed is painted, and a change elsewhere costs nothing here."""

    async def test_lines_painted_are_the_rows_in_sight_that_have_changed(self) -> None:
        shown = board(many())
        async with opened(shown) as (tree, pilot):
            changed = [part(0, place) for place in (2, 3, 7, 80, 90)] + [part(5, 1)]
            happen(tree, shown, [event for key in changed for event in issued(shown, key)])
            await settled(pilot)
            assert tree.counts() == (3, 0, 0)  # their parent is in sight, too, but its sums are as before
            assert on_screen(tree)[3].startswith(" ●     Part002              revise design")

    async def test_a_change_out_of_sight_paints_nothing(self) -> None:
        shown = board(many())
        async with opened(shown) as (tree, pilot):
            happen(tree, shown, issued(shown, part(7, 7)))
            await settled(pilot)
            assert tree.counts() == (0, 0, 0)

    async def test_a_parents_change_paints_one_row(self) -> None:
        shown = board(many())
        async with opened(shown) as (tree, pilot):
            row = shown.session(root(0))
            happen(tree, shown, [e.SessionBlocked(at=NOW, **about(row), reason="", needs_human={"skipped": ["x"]})])
            await settled(pilot)
            assert tree.counts() == (1, 0, 0)
            assert on_screen(tree)[0].startswith("▌◆ ▾ Context00")

    @pytest.mark.parametrize("context", [0, 19])
    async def test_a_spawn_out_of_sight_paints_nothing_but_its_parent_and_lays_nothing_out(self, context: int) -> None:
        shown = board(many())
        async with opened(shown) as (tree, pilot):
            bar = tree.vertical_scrollbar
            before = (bar.window_virtual_size, bar.position)
            happen(tree, shown, [spawned(root(context), "late")])
            await settled(pilot)
            assert tree.counts() == (int(context == 0), 0, 0)
            assert (tree.virtual_size.height, tree.max_scroll_y) == (2021, 2021 - 24)
            assert (bar.window_virtual_size, bar.position) == before

    async def test_the_scrollbar_follows_once_one_would_see_it(self) -> None:
        shown = board(many(2, 20))
        async with opened(shown) as (tree, pilot):
            bar = tree.vertical_scrollbar
            assert bar.window_virtual_size == 42
            happen(tree, shown, [spawned(root(1), f"late{number}") for number in range(20)])
            await settled(pilot)
            assert bar.window_virtual_size == 62
            assert tree.counts()[1:] == (0, 0)

    async def test_a_tick_paints_the_rows_whose_time_goes_on(self) -> None:
        shown = board()
        async with opened(shown) as (tree, pilot):
            tree.tick()
            await settled(pilot)
            assert tree.counts() == (2 + 3, 0, 0)

    async def test_a_tick_paints_nothing_once_all_has_ended(self) -> None:
        ended = family("Billing", 252, complete(), [("Invoice", 9, complete()), ("Ledger", 9, gone())])
        async with opened(board(ended)) as (tree, pilot):
            tree.tick()
            await settled(pilot)
            assert tree.counts() == (0, 0, 0)

    async def test_the_cursor_paints_the_row_it_leaves_and_the_one_it_comes_to(self) -> None:
        async with opened(board(many())) as (tree, pilot):
            await pilot.press("j")
            await settled(pilot)
            assert tree.counts() == (2, 0, 0)

    async def test_a_fold_lays_nothing_out(self) -> None:
        async with opened(board(many())) as (tree, pilot):
            await pilot.press("space")
            await settled(pilot)
            painted, layouts, whole = tree.counts()
            assert (painted <= 24, layouts, whole) == (True, 0, 0)
            assert on_screen(tree)[1].startswith(" ◌ ▾ Context01")

    async def test_it_calls_fifty_times_less_than_the_stock_tree(self) -> None:
        ours, theirs = await calls_of_ours(), await calls_of_stock()
        assert theirs > 50 * ours, f"{theirs} against {ours}: {theirs / ours:.0f} times"


class Stock(PaintedApp):
    """Textual's own tree with the same sessions."""

    def __init__(self, shown: Board) -> None:
        super().__init__()
        self.shown = shown
        self.stock: Tree[str] = Tree("shop")
        self.nodes: dict[str, Any] = {}

    def compose(self) -> ComposeResult:
        yield self.stock

    def on_mount(self) -> None:
        self.stock.root.expand()
        for run in self.shown.roots():
            self.nodes[run] = self.stock.root.add(self.shown.session(run).component, expand=True)
            for key in self.shown.children(run):
                self.nodes[key] = self.nodes[run].add_leaf(self.shown.session(key).component)


Script = list[tuple[str, str]]
SCRIPT: Script = [("label", part(number % CONTEXTS, 7 * number % COMPONENTS)) for number in range(20)] + [
    ("spawn", root(1 + number % (CONTEXTS - 1))) for number in range(5)
]


async def calls_of_ours() -> int:
    shown = board(many())
    async with opened(shown) as (tree, pilot):
        deeds = [
            shown.fold(issued(shown, key) if what == "label" else [spawned(key, f"late{number}")])
            for number, (what, key) in enumerate(SCRIPT)
        ]
        return await calls(pilot, [lambda change=change: tree.apply(change) for change in deeds])


async def calls_of_stock() -> int:
    app = Stock(board(many()))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)

        def carry_out(what: str, key: str) -> None:
            if what == "label":
                app.nodes[key].set_label(f"{key} revise design")
            else:
                app.nodes[key].add_leaf("late")

        return await calls(pilot, [lambda what=what, key=key: carry_out(what, key) for what, key in SCRIPT])


async def calls(pilot: Pilot[int], deeds: list[Callable[[], None]]) -> int:
    """The calls of Python functions that deeds cost, each with its painting, without what the waiting itself costs."""
    nothing: list[Callable[[], None]] = [lambda: None for _ in deeds]
    return await _profiled(lambda: _one_by_one(pilot, deeds)) - await _profiled(lambda: _one_by_one(pilot, nothing))


async def _one_by_one(pilot: Pilot[int], deeds: list[Callable[[], None]]) -> None:
    for deed in deeds:
        deed()
        await settled(pilot)


async def _profiled(script: Callable[[], Awaitable[None]]) -> int:
    count = 0

    def counted(_: FrameType, event: str, __: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        await script()
    finally:
        sys.setprofile(before)
    return count


class TestStaying:
    """The row under the hand stays on its line, whatever comes above, below and between."""

    async def at_the_middle(self, tree: Counted, pilot: Pilot[int]) -> None:
        tree.go_to(part(5, 50))
        await settled(pilot)
        await pilot.press(*"kkkkkkkkkk")
        await settled(pilot)
        tree.counts()

    async def test_a_spawn_above_moves_nothing(self) -> None:
        shown = board(many())
        async with opened(shown) as (tree, pilot):
            await self.at_the_middle(tree, pilot)
            before, line = on_screen(tree), line_of(tree, part(5, 40))
            happen(tree, shown, [spawned(root(1), "early"), spawned(root(2), "later")])
            tree.counts()
            await settled(pilot)
            assert (on_screen(tree), line_of(tree, part(5, 40))) == (before, line)
            assert tree.scroll_offset.y == tree.scroll_target_y

    async def test_one_that_comes_in_before_the_first_row_in_sight_moves_nothing(self) -> None:
        shown = board(many())
        async with opened(shown) as (tree, pilot):
            tree.go_to(root(5))
            await settled(pilot)
            await pilot.press(*["j"] * 25, *["k"] * 23)
            await settled(pilot)
            before = on_screen(tree)
            first = shown.session(tree.rows.ids[tree.scroll_offset.y])
            happen(tree, shown, [spawned(root(5), "between", first.position - 1)])
            await settled(pilot)
            assert on_screen(tree) == before

    async def test_a_spawn_below_moves_nothing(self) -> None:
        shown = board(many())
        async with opened(shown) as (tree, pilot):
            await self.at_the_middle(tree, pilot)
            before = on_screen(tree)
            tree.counts()
            happen(tree, shown, [spawned(root(15), "later")])
            await settled(pilot)
            assert tree.counts() == (0, 0, 0)
            assert on_screen(tree) == before

    @pytest.mark.parametrize("above", [3, -3])
    async def test_one_in_the_middle_leaves_the_cursor_on_its_line(self, above: int) -> None:
        shown = board(many())
        async with opened(shown) as (tree, pilot):
            await self.at_the_middle(tree, pilot)
            line = line_of(tree, part(5, 40))
            happen(tree, shown, [spawned(root(5), "between", 40 - above)])
            await settled(pilot)
            assert tree.cursor == part(5, 40)
            assert line_of(tree, part(5, 40)) == line
            assert any("Between" in each for each in on_screen(tree))

    async def test_the_first_rows_of_all_put_the_cursor_on_the_first(self) -> None:
        shown = board([])
        async with opened(shown) as (tree, pilot):
            assert tree.cursor is None
            row = session("Shop", None, 3)
            change = shown.fold([begun(row), spawned_root(row)])
            tree.apply(change)
            await settled(pilot)
            assert tree.cursor == row.id
            assert on_screen(tree)[0].startswith("▌○ ▾ Shop")

    async def test_a_tree_that_outgrows_the_screen_gets_its_scrollbar(self) -> None:
        shown = board(many(1, 20))
        async with opened(shown) as (tree, pilot):
            assert not tree.show_vertical_scrollbar
            happen(tree, shown, [spawned(root(0), f"late{number}") for number in range(10)])
            await settled(pilot)
            assert tree.show_vertical_scrollbar
            await pilot.press("end")
            await settled(pilot)
            assert "Late9" in on_screen(tree)[-1]


def spawned_root(row: Session) -> e.SessionCreated:
    child = spawned("", row.id, 0)
    return e.SessionCreated(
        **{field: getattr(child, field) for field in child.__struct_fields__}
        | {"run_id": row.id, "parent_id": None, "component": row.component}
    )


class TestMoving:
    """Keys and mouse."""

    @pytest.mark.parametrize(
        ("keys", "expected"),
        [
            ("j", "id-billing-invoice"),
            ("j down k", "id-billing-invoice"),
            ("up", "id-run-billing"),
            ("end", "id-catalog-legacysync"),
            ("G g", "id-run-billing"),
            ("end home", "id-run-billing"),
            ("pagedown", "id-run-catalog"),
            ("pagedown pagedown", "id-catalog-legacysync"),
            ("end pageup", "id-billing-refund"),
            ("right", "id-billing-invoice"),
            ("j j left", "id-run-billing"),
        ],
    )
    async def test_keys(self, keys: str, expected: str) -> None:
        async with opened(board(), (80, 10)) as (tree, pilot):
            await pilot.press(*keys.split())
            await settled(pilot)
            assert tree.cursor == expected
            assert 0 <= line_of(tree, expected) < 10

    async def test_whoever_listens_hears_where_the_cursor_is(self) -> None:
        async with opened(board()) as (_, pilot):
            host = pilot.app
            assert isinstance(host, Host)
            await pilot.press("j", "enter")
            await settled(pilot)
            assert host.heard == ["id-run-billing", "id-billing-invoice"]
            assert host.opened == ["id-billing-invoice"]

    async def test_a_click_chooses_and_two_open(self) -> None:
        async with opened(board()) as (tree, pilot):
            await pilot.click(SessionTree, offset=(20, 3))
            assert tree.cursor == "id-billing-payment"
            await pilot.click(SessionTree, offset=(20, 4), times=2)
            await settled(pilot)
            assert isinstance(pilot.app, Host)
            assert pilot.app.opened == ["id-billing-taxrule"]
            await pilot.click(SessionTree, offset=(20, 20))
            assert tree.cursor == "id-billing-taxrule"

    async def test_a_click_on_the_sign_folds(self) -> None:
        async with opened(board()) as (tree, pilot):
            await pilot.click(SessionTree, offset=(3, 9))
            await settled(pilot)
            assert tree.cursor == "id-run-catalog"
            assert len(tree.rows) == 10
            await pilot.click(SessionTree, offset=(3, 9))
            await settled(pilot)
            assert len(tree.rows) == 16

    async def test_the_wheel_scrolls_and_leaves_the_cursor(self) -> None:
        async with opened(board(many())) as (tree, pilot):
            tree.scroll_to(y=100, animate=False)
            await settled(pilot)
            assert tree.cursor == root(0)
            assert "Part099" in on_screen(tree)[0]
            await pilot.press("j")
            await settled(pilot)
            assert line_of(tree, part(0, 0)) == 0

    async def test_without_the_focus_the_cursor_is_paler(self) -> None:
        async with opened(board()) as (tree, pilot):
            before = tree.render_line(0)
            tree.screen.set_focus(None)
            await settled(pilot)
            assert tree.render_line(0) != before
            assert tree.render_line(0).text == before.text


class TestFolding:
    """What lies below a session is folded away, and comes back."""

    @pytest.mark.parametrize(("fold", "unfold"), [("space", "space"), ("left", "right")])
    async def test_keys(self, fold: str, unfold: str) -> None:
        async with opened(board()) as (tree, pilot):
            await pilot.press(fold)
            await settled(pilot)
            assert on_screen(tree)[0].startswith("▌◌ ▸ Billing")
            assert on_screen(tree)[1].startswith(" ◌ ▾ Catalog")
            await pilot.press(unfold)
            await settled(pilot)
            assert on_screen(tree)[1].startswith(" ✓     Invoice")

    async def test_beyond_the_end_the_window_goes_back(self) -> None:
        async with opened(board(many(2))) as (tree, pilot):
            await pilot.press("end", "left", "left")
            await settled(pilot)
            assert tree.cursor == root(1)
            assert tree.scroll_offset.y == tree.max_scroll_y == 102 - 24
            assert on_screen(tree)[-1].startswith("▌◌ ▸ Context01")
            await pilot.press("home", "left")
            await settled(pilot)
            assert tree.scroll_offset.y == 0
            assert on_screen(tree)[:2] == [line for line in on_screen(tree) if line]

    async def test_going_to_a_session_unfolds_what_it_lies_below(self) -> None:
        async with opened(board(many())) as (tree, pilot):
            await pilot.press("space")
            tree.go_to(part(0, 50))
            await settled(pilot)
            assert tree.cursor == part(0, 50)
            assert 0 <= line_of(tree, part(0, 50)) < 24


class TestFiltering:
    """A filter keeps the cursor where it can."""

    async def test_the_cursor_stays_on_what_matches(self) -> None:
        shown = board()
        async with opened(shown) as (tree, pilot):
            tree.go_to("id-billing-ledger")
            tree.filter(only_problems(shown).matches)
            await settled(pilot)
            assert tree.cursor == "id-billing-ledger"
            assert [line[1] for line in on_screen(tree) if line] == ["◌", "✗", "▲", "◌", "✗"]
            tree.filter(None)
            assert (tree.cursor, len(tree.rows)) == ("id-billing-ledger", 16)

    async def test_else_it_goes_to_the_nearest(self) -> None:
        shown = board()
        async with opened(shown) as (tree, _):
            tree.go_to("id-catalog-variant")
            tree.filter(only_problems(shown).matches)
            assert tree.cursor == "id-catalog-importadapter"
            tree.filter(only_state("queued").matches)
            assert tree.cursor == "id-billing-creditnote"

    async def test_nothing_matches(self) -> None:
        async with opened(board()) as (tree, pilot):
            tree.filter(with_text("nowhere").matches)
            await pilot.press("j", "space", "left", "right", "enter", "end")
            await settled(pilot)
            assert (tree.cursor, [line for line in on_screen(tree) if line]) == (None, [])
            tree.filter(None)
            assert tree.cursor == "id-run-billing"

    async def test_what_is_mended_goes_once_the_hand_is_elsewhere(self) -> None:
        shown = board()
        async with opened(shown) as (tree, pilot):
            tree.filter(only_problems(shown).matches)
            tree.go_to("id-billing-ledger")
            row = shown.session("id-billing-ledger")
            happen(tree, shown, [e.ArtifactFound(at=NOW, **about(row), path=str(row.artifact_path))])
            await settled(pilot)
            assert "Ledger" in on_screen(tree)[2]
            await pilot.press("k")
            happen(tree, shown, issued(shown, "id-billing-payment"))
            await settled(pilot)
            assert "Catalog" in on_screen(tree)[2]


class TestNeeding:
    """From one who needs a human to the next, round the end."""

    async def test_there_and_back(self) -> None:
        async with opened(board()) as (tree, _):
            way = []
            for _step in range(4):
                tree.go_to(str(tree.needing(forward=True)))
                way.append(str(tree.cursor).rpartition("-")[2])
            assert way == ["taxrule", "ledger", "importadapter", "taxrule"]
            assert tree.needing(forward=False) == "id-catalog-importadapter"

    async def test_nobody(self) -> None:
        async with opened(board(many(1, 2))) as (tree, _):
            assert tree.needing(forward=True) is None


class TestMarks:
    """Sessions are marked for what is done to several."""

    async def test_they_are_shown_and_taken_away(self) -> None:
        async with opened(board()) as (tree, pilot):
            tree.mark(["id-billing-invoice", "id-billing-ledger"])
            await settled(pilot)
            assert [y for y, line in enumerate(on_screen(tree)) if "▪" in line] == [1, 5]
            tree.mark(["id-billing-invoice"])
            assert list(tree.marks) == ["id-billing-ledger"]
            tree.unmark()
            assert not any("▪" in line for line in on_screen(tree))

    async def test_those_of_sessions_that_are_gone_are_forgotten(self) -> None:
        shown = board()
        async with opened(shown) as (tree, _):
            tree.mark(["id-billing-invoice", "id-catalog-product"])
            shown.load([row for row in shop() if row.run_id == "id-run-catalog"], ())
            tree.load()
            assert (list(tree.marks), tree.cursor) == (["id-catalog-product"], "id-run-catalog")


class TestOrder:
    """What needs a human first."""

    async def test_the_cursor_goes_along(self) -> None:
        async with opened(board()) as (tree, pilot):
            await pilot.press("j")
            tree.put_first(needing=True)
            await settled(pilot)
            assert "TaxRule" in on_screen(tree)[1]
            assert (tree.cursor, line_of(tree, "id-billing-invoice")) == ("id-billing-invoice", 3)


class TestPrices:
    """The column of costs comes with the first price."""

    async def test_it_comes_once(self) -> None:
        priced = complete(cost_usd=0.5, usage={"in": 10})
        async with opened(board(family("Billing", 9, waiting(), [("Invoice", 3, priced)]))) as (tree, _):
            assert tree.parts.cost == 8
            assert on_screen(tree)[1].endswith("$0.50")
        async with opened(board()) as (tree, _):
            assert tree.parts.cost == 0
