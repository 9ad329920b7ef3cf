import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from covey.client.ui import ui_settings
from covey_tui.app import MonitorApp
from covey_tui.palette import COVEY_LIGHT
from covey_tui.screens.help import HelpScreen
from covey_tui.view.spans import Ground
from covey_tui.widgets.lines import Bar


@asynccontextmanager
async def opened(app: MonitorApp) -> AsyncIterator[Pilot[int]]:
    """The monitor with its screen in front; it is left as a person leaves it."""
    async with app.run_test(size=(100, 30)) as pilot:
        while not app.screen.query("#footer"):
            await pilot.pause(0)
        yield pilot
        app.exit(0)
        while app.is_running:  # noqa: ASYNC110 - the app has no event for it
            await asyncio.sleep(0)


def footer_of(app: MonitorApp) -> str:
    return app.screen.query_one("#footer", Bar).render_line(0).text


class TestTheme:
    """The theme that covey.toml names, until somebody picks another; that one is there the next time."""

    async def test_a_theme_that_is_picked_is_kept(self, tmp_path: Path) -> None:
        (tmp_path / "covey.toml").write_text('[ui]\ntheme = "nord"\n', encoding="utf-8")
        for before, after in (("nord", "dracula"), ("dracula", "nord")):
            app = MonitorApp(tmp_path)
            async with opened(app) as pilot:
                assert app.theme == before
                app.theme = after
                while ui_settings(tmp_path).theme != after:
                    await pilot.pause(0)

    async def test_whoever_only_looks_keeps_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "covey.toml").write_text("", encoding="utf-8")
        app = MonitorApp(tmp_path, read_only=True)
        seen: list[str] = []
        async with opened(app) as pilot:
            app.theme_changed_signal.subscribe(app, lambda theme: seen.append(theme.name))
            app.theme = COVEY_LIGHT.name
            while COVEY_LIGHT.name not in seen:
                await pilot.pause(0)
            assert app.palette.grounds[Ground.BACKGROUND].hex.lower() == COVEY_LIGHT.background
        assert ui_settings(tmp_path).theme == "covey"

    async def test_one_that_cannot_be_kept_says_why(self, tmp_path: Path) -> None:
        (tmp_path / "covey.toml").write_text("", encoding="utf-8")
        (tmp_path / ".covey" / "theme.json").mkdir(parents=True)
        app = MonitorApp(tmp_path)
        async with opened(app) as pilot:
            app.theme = "nord"
            while "the theme is not kept" not in footer_of(app):
                await pilot.pause(0)
            assert app.theme == "nord"  # it is shown all the same

    async def test_one_that_does_not_exist_is_told(self, tmp_path: Path) -> None:
        (tmp_path / "covey.toml").write_text('[ui]\ntheme = "nrod"\n', encoding="utf-8")
        app = MonitorApp(tmp_path)
        async with opened(app) as pilot:
            while "no theme" not in footer_of(app):
                await pilot.pause(0)
            assert 'covey.toml: no theme "nrod"; did you mean "nord"' in footer_of(app)
            assert app.theme == "covey"
        assert not (tmp_path / ".covey" / "theme.json").exists()


class TestCommands:
    """What `:` offers beside the log of decisions: nothing that speaks of another program than this."""

    async def test_by_name(self, tmp_path: Path) -> None:
        (tmp_path / "covey.toml").write_text("", encoding="utf-8")
        app = MonitorApp(tmp_path)
        async with opened(app) as pilot:
            offered = {each.title: each.callback for each in app.get_system_commands(app.screen)}
            assert list(offered) == ["Decisions", "Keys", "Leave", "Theme", "Screenshot"]
            offered["Keys"]()
            while not isinstance(app.screen, HelpScreen) or not app.screen.query("#page"):
                await pilot.pause(0)


async def test_ctrl_c_says_what_leaves_and_that_the_work_goes_on(tmp_path: Path) -> None:
    (tmp_path / "covey.toml").write_text('[keys]\n"app.leave" = "f9"\n', encoding="utf-8")
    app = MonitorApp(tmp_path)
    async with opened(app) as pilot:
        await pilot.press("ctrl+c")
        while "Ctrl+C ends nothing. F9 leaves the monitor; the work goes on." not in footer_of(app):
            await pilot.pause(0)
        assert app.return_code is None
