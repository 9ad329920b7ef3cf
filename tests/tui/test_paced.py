"""What changes often is shown at once a few times, then now and then, and in the end as it is."""

from textual.app import App

from covey_tui.widgets.paced import Paced

MANY = 10_000
"""So many changes in a row are not all shown, however slow the machine is."""


async def test_what_was_asked_for_last_is_shown_though_nothing_asks_again() -> None:
    app, shown = App[None](), list[int]()
    async with app.run_test() as pilot:
        now = 0
        paced = Paced(app.screen, lambda: shown.append(now))
        while now < MANY and len(shown) == now:
            now += 1
            paced()
        assert 5 <= len(shown) < now < MANY
        for _ in range(200):
            if now in shown:
                return
            await pilot.pause(0.05)
    raise AssertionError(shown)
