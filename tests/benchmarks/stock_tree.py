"""The comparison of the monitor's benchmark: Textual's own `Tree` in the place of ours, fed by the same feed.

It shows the same rows: the same words, colours and columns, and times that go on in those that are in sight. It is used
as its documentation says: a label is set where it has changed, a node added where a session was spawned. There is no
summary, no alert, no detail beside it, all of which is in its favour.
"""

from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from covey.client.watching import open_watch
from covey_tui.feed import Feed
from covey_tui.painted import PaintedApp
from covey_tui.view.board import Board, Change
from covey_tui.view.columns import columns
from covey_tui.view.spans import Ground
from covey_tui.view.tree_line import Row, tree_line
from covey_tui.view.words import goes_on


class StockTreeApp(PaintedApp):
    """A board's sessions in the stock tree."""

    CSS = "Tree { width: 1fr; height: 1fr; }"

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.board = Board(root.name)
        self._root = root
        self._tree: Tree[str] = Tree("runs")
        self._node_of: dict[str, TreeNode[str]] = {}

    def compose(self) -> ComposeResult:
        """The tree alone."""
        yield self._tree

    def on_mount(self) -> None:
        """Follow the project."""
        self._tree.show_root = False
        self.set_interval(1.0, self._tick)
        self.call_after_refresh(self._live)

    @work(exclusive=True)
    async def _live(self) -> None:
        async with open_watch(self._root) as watch:
            if watch is not None:
                await Feed(watch, self.board, self, lambda: datetime.now(UTC)).run()

    # What the feed tells.

    def begun(self) -> None:
        """The board holds other rows than before."""
        self._tree.clear()
        self._node_of = {}
        for key in self.board.under(None):
            self._add(key)

    def changed(self, change: Change) -> None:
        """Some sessions have changed."""
        for key in change.created:
            self._add(key)
        touched = set(change.changed - change.alike)
        for key in change.counted:
            touched.update(each.id for each in self.board.above(key))
        for key in touched:
            self._label_anew(key)

    def _tick(self) -> None:
        """A second has passed: times go on in the rows in sight."""
        top = self._tree.scroll_offset.y
        for y in range(top, top + self._tree.size.height):
            node = self._tree.get_node_at_line(y)
            if node is not None and node.data is not None and goes_on(self.board.session(node.data)):
                self._label_anew(node.data)

    def spoke(self, session_ids: frozenset[str]) -> None:
        """Agents have done something: a stock tree does not show it."""

    def stirred(self) -> None:
        """Something was stored."""

    def paid_elsewhere(self) -> None:
        """There is no line for it."""

    def engine_changed(self) -> None:
        """The engine has come or gone."""

    def _add(self, key: str) -> None:
        above = self.board.session(key).session_id
        parent = self._tree.root if above is None else self._node_of[above]
        self._node_of[key] = parent.add(self._label(key), data=key, expand=True)

    def _label_anew(self, key: str) -> None:
        node, label = self._node_of[key], self._label(key)
        if node.label != label:
            node.set_label(label)

    def _label(self, key: str) -> Text:
        session, parts = self.board.session(key), columns(self.size.width)
        row = Row(0, False if self.board.is_parent(key) else None)
        line = tree_line(self.board, session, row, parts, datetime.now(UTC))
        styled = ((text, self.palette.style(tone, Ground.BACKGROUND)) for text, tone in line)
        return Text.assemble(*styled, no_wrap=True)
