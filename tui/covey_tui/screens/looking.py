"""What a person looks at: filter, search, marks, tabs, the file in an editor. Nothing here asks for anything.

One object beside the monitor's screen, so that the screen has only to say which key leads where.
"""

import os
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from textual.app import App, SuspendNotSupported

from covey.text.sanitise import sanitise_line
from covey_tui.screens.editor import editor_of
from covey_tui.view import filters
from covey_tui.view.answers import warning
from covey_tui.view.board import Board
from covey_tui.view.keys import why_not
from covey_tui.view.spans import BLANK, Line, span
from covey_tui.widgets.detail import DetailPane
from covey_tui.widgets.session_tree import SessionTree

_SAID = 300


class Looking:
    """Changes what the tree and the detail show."""

    def __init__(
        self,
        app: Callable[[], App[int]],
        board: Board,
        root: Path,
        panes: tuple[SessionTree, DetailPane],
        say: Callable[[Line], None],
    ) -> None:
        self._app = app
        self._board = board
        self._root = root
        self._tree, self._detail = panes
        self._say = say
        self.needing_first = False
        self.filter: filters.Filter | None = None

    # Narrowing the tree.

    def narrow(self, chosen: filters.Filter | None) -> None:
        """Show only what a filter chooses; None shows all."""
        self.filter = chosen
        self._tree.nothing = filters.nothing(chosen, len(self._board)) if chosen else BLANK
        self._tree.filter(chosen.matches if chosen else None)

    def problems(self) -> None:
        """Show only what needs a human, or everything again."""
        chosen = filters.only_problems(self._board)
        self.narrow(None if self.filter is not None and self.filter.label == chosen.label else chosen)

    def next_state(self) -> None:
        """Show the next status alone."""
        self.narrow(filters.after(self.filter, self._board))

    def order(self) -> None:
        """Put what needs a human first, or everything back in order."""
        self.needing_first = not self.needing_first
        self._tree.put_first(needing=self.needing_first)

    def mark(self) -> None:
        """Mark the row under the cursor, or take its mark away."""
        if self._tree.cursor is not None:
            self._tree.mark([self._tree.cursor])

    def mark_all(self) -> None:
        """Mark all sessions that the filter chooses, or all without children."""
        self._tree.mark(list(self._unmarked()))

    @property
    def has_unmarked(self) -> bool:
        """There are such sessions, and not all of them are marked."""
        return next(self._unmarked(), None) is not None

    def _unmarked(self) -> Iterator[str]:
        matches = self.filter.matches if self.filter else lambda session: not self._board.is_parent(session.id)
        for key in self._board.under(None):
            if key not in self._tree.marks and matches(self._board.session(key)):
                yield key

    def go_to_need(self, *, forward: bool) -> None:
        """Go to the next or previous session that needs a human, round the end."""
        found = self._tree.needing(forward=forward)
        if found is None:
            self._say((span("Nothing needs you."),))
            return
        if self.filter is not None and not self.filter.matches(self._board.session(found)):
            self.narrow(None)
        self._tree.go_to(found)

    # Beyond the screen.

    def copy(self) -> None:
        """Copy what is selected, else the path of the session's file, else its id."""
        app, key = self._app(), self._tree.cursor
        text = app.screen.get_selected_text()
        if not text and key is not None:
            session = self._board.session(key)
            text = session.artifact_path or session.id
        if text:
            app.copy_to_clipboard(text.encode(errors="replace").decode())
            self._say((span(f"Copied: {sanitise_line(text, _SAID)}"),))

    def open_file(self) -> None:
        """Open the session's file in the person's editor."""
        key = self._tree.cursor
        reason = why_not(self._board, "session.open_file", key)
        if reason is not None or key is None:
            self._say((span(reason or ""),))
            return
        path = self._root / str(self._board.session(key).artifact_path)
        editor = editor_of(os.environ)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with self._app().suspend():
                subprocess.run([*shlex.split(editor), str(path)], cwd=self._root, check=False)  # noqa: S603 - the person's own editor
        except SuspendNotSupported:
            self._say(warning("This terminal cannot be handed to an editor."))
        except (OSError, ValueError) as error:
            self._say(warning(f"{editor}: {error}; set EDITOR to one that is there"))
