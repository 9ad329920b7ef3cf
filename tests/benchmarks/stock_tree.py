"""The comparison of the monitor's benchmark: Textual's own `Tree` on the same board, fed by the same feed.

It is used as its documentation says: a label is set where it has changed, a node added where a session was spawned.
It shows less than the monitor does, no times that go on and no summary, all of which is in its favour.
"""

from datetime import UTC, datetime
from pathlib import Path

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.widgets import Tree
from textual.widgets.tree import TreeNode

from covey.client.watching import open_watch
from covey.model.session import state_of
from covey_tui.feed import Feed
from covey_tui.view.board import Board, Change
from covey_tui.view.progress import done_of_all


class StockTreeApp(App[int]):
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
        touched = set(change.changed)
        for key in change.changed:
            touched.update(each.id for each in self.board.above(key))
        for key in touched:
            node, label = self._node_of[key], self._label(key)
            if node.label != label:
                node.set_label(label)

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

    def _label(self, key: str) -> Text:
        session = self.board.session(key)
        if self.board.is_parent(key):
            return Text(f"{session.component}  {done_of_all(self.board.tally(key))}")
        return Text(f"{session.component}  {state_of(session)} {session.step or ''}  ×{session.attempt}")
