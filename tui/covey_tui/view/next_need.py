"""The way from one session that needs a human to the next. Pure.

A subtree in which nobody is needed is stepped over by its sums, and nothing behind the first that is found is looked
at: so a key press costs little, however many sessions there are.
"""

from collections.abc import Iterator, Sequence
from itertools import chain

from covey.model.session import Session, file_is_missing
from covey.model.status import Phase, Status
from covey_tui.view.board import Board
from covey_tui.view.rows import Rows
from covey_tui.view.stopped import asks
from covey_tui.view.tally import CLOSED

_MAY_WAIT = frozenset({Phase.BLOCKED, Phase.ASKING, Phase.STALLED, Phase.INTERRUPTED})
_ENDED_BADLY = frozenset({Status.FAILED, Status.CANCELLED})


def next_need(board: Board, rows: Rows, cursor: str | None, *, forward: bool) -> str | None:
    """The next session that needs a human in the order of the rows, from the cursor on and round the end."""
    way = _Way(board, rows, forward=forward)
    return next(chain(way.beyond(cursor), way.among(rows.children(None))), None)


class _Way:
    """Those who need a human, in the order of the rows or against it."""

    def __init__(self, board: Board, rows: Rows, *, forward: bool) -> None:
        self._board = board
        self._rows = rows
        self._forward = forward

    def beyond(self, cursor: str | None) -> Iterator[str]:
        """From a session on: below it, then beside it, then beside each of its ancestors."""
        if cursor is not None and self._forward:
            yield from self.among(self._rows.children(cursor))
        while cursor is not None:
            parent = self._board.session(cursor).session_id
            siblings = self._rows.children(parent)
            at = siblings.index(cursor)
            yield from self.among(siblings[at + 1 :] if self._forward else siblings[:at])
            if parent is not None and not self._forward and self._board.needs_human(parent):
                yield parent
            cursor = parent

    def among(self, tops: Sequence[str]) -> Iterator[str]:
        """Of these sessions and all below them; a parent comes before its children, or against the order after them."""
        waiting = self._stacked(tops)
        while waiting:
            key, is_its_turn = waiting.pop()
            if is_its_turn:
                if self._board.needs_human(key):
                    yield key
                continue
            itself, below = (key, True), self._stacked(self._below(key))
            waiting.extend([*below, itself] if self._forward else [itself, *below])

    def _stacked(self, keys: Sequence[str]) -> list[tuple[str, bool]]:
        """Those worth a look, from the end of which the next is taken."""
        worth = [(key, False) for key in keys if self._board.tally(key).needs or _may_need(self._board.session(key))]
        return worth[::-1] if self._forward else worth

    def _below(self, key: str) -> Sequence[str]:
        is_closed = self._board.session(key).status in CLOSED
        return () if is_closed or not self._board.tally(key).needs else self._rows.children(key)


def _may_need(session: Session) -> bool:
    """A glance that spares most sessions the question whether they need a human."""
    waits = session.phase in _MAY_WAIT or asks(session)
    return waits or session.status in _ENDED_BADLY or file_is_missing(session)
