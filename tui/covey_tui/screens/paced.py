"""What is shown anew as things change, but not more often than anybody reads it."""

import time
from collections import deque
from collections.abc import Callable

from textual.screen import Screen

_BURST, _BETWEEN = 5, 0.1
"""So many times it is shown at once; where it is asked for more often, it follows after so many seconds."""


class Paced:
    """Something that can be shown anew, called whenever it may have changed."""

    def __init__(self, screen: Screen[None], show: Callable[[], None]) -> None:
        self._screen, self._show = screen, show
        self._shown: deque[float] = deque(maxlen=_BURST)
        self._is_due = False

    def __call__(self) -> None:
        """Show it now, or soon."""
        now = time.monotonic()
        are_many = len(self._shown) == _BURST and now < self._shown[0] + _BURST * _BETWEEN
        if not are_many or now >= self._shown[-1] + _BETWEEN:
            self._show_now()
        elif not self._is_due:
            self._is_due = True
            self._screen.set_timer(self._shown[-1] + _BETWEEN - now, self._show_due)

    def _show_due(self) -> None:
        self._is_due = False
        self._show_now()

    def _show_now(self) -> None:
        self._shown.append(time.monotonic())
        self._show()
