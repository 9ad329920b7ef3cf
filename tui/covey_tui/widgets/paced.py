"""What is shown anew as things change, but not more often than anybody reads it."""

import time
from collections import deque
from collections.abc import Callable

from textual.widget import Widget

_BURST, _BETWEEN, _AT_LAST = 5, 0.2, 0.25
"""So many times it is shown at once. Where it is asked for more often it follows after so many seconds, in the frame
of what asks for it then; where nothing does any more, after so many."""


class Paced:
    """Something on a widget that can be shown anew, called whenever it may have changed."""

    def __init__(self, widget: Widget, show: Callable[[], None]) -> None:
        self._widget, self._show = widget, show
        self._shown: deque[float] = deque(maxlen=_BURST)
        self._is_due = self._is_timed = False

    def __call__(self) -> None:
        """Show it now, or soon."""
        now = time.monotonic()
        are_many = len(self._shown) == _BURST and now < self._shown[0] + _BURST * _BETWEEN
        if not are_many or now >= self._shown[-1] + _BETWEEN:
            self._show_now()
            return
        self._is_due = True
        if not self._is_timed:
            self._is_timed = True
            self._widget.set_timer(_AT_LAST, self._show_at_last)

    def _show_at_last(self) -> None:
        self._is_timed = False
        if self._is_due:
            self._show_now()

    def _show_now(self) -> None:
        self._is_due = False
        self._shown.append(time.monotonic())
        self._show()
