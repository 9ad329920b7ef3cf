"""What stands below the tabs: one content for what the board knows, one each for transcript, steps and file."""

import asyncio
import time
from collections.abc import Sequence
from functools import lru_cache

from covey.client.artifact import Artifact
from covey.model.command import Interaction
from covey_tui.view.detail.artifact import artifact_head, artifact_lines, diff_lines, no_artifact
from covey_tui.view.detail.head import Tab, marked_lines, not_started
from covey_tui.view.detail.pieces import muted
from covey_tui.view.detail.problem import problem_lines
from covey_tui.view.detail.state import tab_lines
from covey_tui.view.detail.steps import step_lines
from covey_tui.view.detail.summary import Below, Walk, summary_lines
from covey_tui.view.spans import BLANK, Line
from covey_tui.widgets.detail_lines import DetailLines, StepsView, TranscriptView
from covey_tui.widgets.detail_source import DetailSource, Scene

TAIL = 500
"""How many rows of a transcript are asked for at once."""
LARGE = 500
"""What lies below a parent with more below it is not looked at for every change, and not within one frame."""
_STRETCH, _FRAME = 500, 1 / 60
_WALKING_SHARE, _BETWEEN = 100, 0.5
"""All below a large parent is looked at for at most this part of the time, a hundredth, and twice a second at most."""
_PEEK = 4
"""A peek has so many lines at least, and is drawn before it has its size."""


class BoardContent(DetailLines):
    """Summary, problem, state and marks: all that the board knows."""

    _scene: Scene
    _below: Below
    _due: float

    def begin(self, scene: Scene) -> None:
        """Show its beginning."""
        self.found = None
        self._scene, self._below, self._due = scene, Below(), 0.0
        self.scroll_home(animate=False, immediate=True)

    def draw(self, scene: Scene) -> None:
        """Show what the board knows now."""
        self._scene = scene
        lines = self._drawn(scene)
        if lines != self.lines:
            self.show(lines)

    def _drawn(self, scene: Scene) -> list[Line]:
        board, session, now, cells = scene.board, scene.session, scene.now, self.cells
        if scene.marked:
            return marked_lines(board, scene.marked, cells)
        match scene.tab:
            case Tab.SUMMARY:
                below = self._below if _is_large(scene) else None
                return summary_lines(board, session, now, cells, peek=scene.compact, key=scene.key, below=below)
            case Tab.STATE:
                return tab_lines(board, session, now, cells)
            case _:
                peek = max(_PEEK, self.size.height) if scene.compact else 0
                return problem_lines(board, session, now, cells, peek=peek, key=scene.key)

    async def load(self, _: DetailSource) -> None:
        """Look at all below a large parent, some in each frame; who asks too soon waits, as nobody may ask again."""
        if self._scene.tab is not Tab.SUMMARY or not _is_large(self._scene):
            return
        await asyncio.sleep(self._due - time.monotonic())
        scene = self._scene
        walk, took, is_under_way = Walk(scene.board, scene.session.id, scene.now), 0.0, True
        while is_under_way:
            began = time.monotonic()
            is_under_way = walk.go(_STRETCH)
            took += time.monotonic() - began
            await asyncio.sleep(_FRAME)
        self._below, self._due = walk.below, time.monotonic() + max(_BETWEEN, took * _WALKING_SHARE)
        self.draw(self._scene)

    def say(self, text: str) -> None:
        """Show a quiet sentence instead."""
        self.show(muted(text, self.cells))


def _is_large(scene: Scene) -> bool:
    return scene.board.tally(scene.session.id).total > LARGE


class TranscriptContent(TranscriptView):
    """The transcript of a session's present attempt."""

    wants_older: bool = False
    """Somebody wants to see what is older than the first line."""
    _scene: Scene
    _answered: bool = False

    def begin(self, scene: Scene) -> None:
        """Another attempt, or another session."""
        self._scene, self._answered, self.wants_older = scene, False, False
        self.begin_transcript(scene.session.artifact_path)

    def draw(self, scene: Scene) -> None:
        """Say why there is nothing, where there is nothing."""
        self._scene = scene
        why = not_started(scene.board, scene.session) or (_silent(scene) if self._answered else None)
        self.say_nothing(muted(why, self.cells) if why else [])

    async def load(self, source: DetailSource) -> None:
        """Ask for the rows after those that are shown, at first for the newest; for older ones if they are wanted."""
        if self.wants_older:
            self.wants_older = False
            await self._load_older(source)
        session, after = self._scene.session, self.transcript.last
        if not after:
            after = max(0, await source.last_row(session.id, session.attempt) - TAIL)
        while rows := await source.transcript(session.id, session.attempt, after):
            self.append(rows)
            after = rows[-1].n
        self._answered = True
        self.draw(self._scene)

    async def _load_older(self, source: DetailSource) -> None:
        """Ask for the rows before those that are shown."""
        session, first = self._scene.session, self.transcript.first
        older = list(await source.transcript(session.id, session.attempt, max(0, first - 1 - TAIL)))
        while older and older[-1].n < first - 1:
            more = await source.transcript(session.id, session.attempt, older[-1].n)
            older += more
            if not more:
                break
        self.prepend(older)


def _silent(scene: Scene) -> str:
    session = scene.session
    if session.kept:
        return "Its file was there already and was kept: nothing was said."
    return "Nothing was said." if session.phase is None else "Nothing said yet."


class StepsContent(StepsView):
    """All interactions of a session."""

    _scene: Scene
    _interactions: Sequence[Interaction] | None = None

    def begin(self, scene: Scene) -> None:
        """Another session."""
        self._scene, self._interactions = scene, None
        self.unfolded.clear()
        self.cursor = self.found = None
        self.show_steps([])

    def draw(self, scene: Scene) -> None:
        """Times go on, widths change."""
        self._scene = scene
        if self._interactions:
            self.show_steps(step_lines(self._interactions, self.unfolded, scene.now, self.cells))
        elif self._interactions is not None:
            none = "No steps." if scene.session.phase is None else "No steps yet."
            why = not_started(scene.board, scene.session) or none
            self.show(muted(why, self.cells))

    def redraw(self) -> None:
        """Something was unfolded."""
        self.draw(self._scene)

    async def load(self, source: DetailSource) -> None:
        """Ask for all interactions; the end is shown at first."""
        is_first = self._interactions is None
        self._interactions = await source.interactions(self._scene.session.id)
        self.draw(self._scene)
        if is_first:
            self.scroll_end(animate=False, force=True)


class ArtifactContent(DetailLines):
    """A session's file: rendered where it is a document, as text where it is not, or its difference from git."""

    _scene: Scene
    _artifact: Artifact | None = None
    _diff: str | None = None
    shows_diff: bool = False
    """The difference is shown instead of the file."""
    _is_asked: bool = False

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._document = lru_cache(maxsize=2)(artifact_lines)

    def begin(self, scene: Scene) -> None:
        """Another session."""
        self._scene, self._artifact, self._diff, self._is_asked = scene, None, None, False
        self.found = None
        self.show(())
        self.scroll_home(animate=False, immediate=True)

    def toggle_diff(self) -> None:
        """Show the difference instead of the file, or the file again; it has to be asked for."""
        self.shows_diff = not self.shows_diff
        self.begin(self._scene)

    def draw(self, scene: Scene) -> None:
        """The file's age has changed, or the width."""
        self._scene = scene
        why = no_artifact(scene.session, self._artifact)
        if self.shows_diff and self._is_asked and scene.session.artifact_path is not None:
            self._show(diff_lines(self._diff, self.cells))
        elif why is not None:
            self.show(muted(why, self.cells))
        elif self._artifact is not None:
            self._show(self._document(self._artifact, self.cells))

    def _show(self, lines: Sequence[Line]) -> None:
        """Show these lines below the file's path, size and age."""
        artifact = self._artifact or Artifact(str(self._scene.session.artifact_path))
        head = artifact_head(artifact, self._scene.now, self.cells, diff=self.shows_diff)
        self.show([head, *lines] if self._scene.compact else [head, BLANK, *lines])

    async def load(self, source: DetailSource) -> None:
        """Ask for the file as it is now, or for its difference."""
        path = self._scene.session.artifact_path
        if path is None:
            return
        diff = await source.diff(path) if self.shows_diff else None
        artifact = await source.artifact(path)
        # A large document takes longer than a frame to read: elsewhere, and once for its text and width.
        await asyncio.to_thread(self._document, artifact, self.cells)
        self._artifact, self._diff, self._is_asked = artifact, diff, True
        self.draw(self._scene)
