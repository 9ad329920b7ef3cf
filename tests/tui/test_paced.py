"""What changes often is shown at once a few times, then now and then, and in the end as it is."""

import itertools

from textual.app import App

from covey_tui.widgets.paced import Paced


async def test_what_was_asked_for_last_is_shown_though_nothing_asks_again() -> None:
    changes, shown = itertools.count(), list[int]()
    app = App[None]()
    async with app.run_test() as pilot:
        now = next(changes)
        paced = Paced(app.screen, lambda: shown.append(now))
        while now in [*shown, 0]:
            now = next(changes)
            paced()
        assert len(shown) >= 5
        for _ in range(200):
            if now in shown:
                return
            await pilot.pause(0.05)
    raise AssertionError(shown)
