"""The line that stays in the terminal: how the work stands, and how to come back."""

from msgspec.structs import replace

from covey.model.status import ArtifactState
from covey_tui.view.board import Board
from covey_tui.view.leaving import farewell
from tests.tui import pictures


class TestFarewell:
    """What is said when somebody leaves."""

    def test_the_work_goes_on(self) -> None:
        assert farewell(pictures.board(pictures.at_work()), "") == "The work goes on. Come back with: covey watch"

    def test_who_waits_for_a_human_is_counted(self) -> None:
        said = farewell(pictures.board(), "")
        assert said == "The work goes on, 3 sessions need you. Come back with: covey watch"

    def test_one_session_is_one(self) -> None:
        lost = [
            replace(row, artifact=ArtifactState.MISSING) if row.component == "Invoice" else row
            for row in pictures.at_work()
        ]
        assert "1 session needs you" in farewell(pictures.board(lost), "")

    def test_without_an_engine_it_says_how_to_go_on(self) -> None:
        said = farewell(pictures.board(pictures.at_work(), alive=False), "")
        assert said == "No engine runs. Go on with: covey run design shop.catalog"

    def test_all_has_ended(self) -> None:
        rows = [replace(row, **pictures.complete()) for row in pictures.finished()]
        said = farewell(pictures.board(rows, alive=False), "")
        assert said == "All runs have ended. Look at them again with: covey watch"

    def test_one_that_is_paused_goes_on_with_its_resume(self) -> None:
        both, billing = pictures.paused(), pictures.paused("Billing")
        catalog = next(row for row in both if row.component == "Catalog")
        said = farewell(pictures.board(both, alive=False), "")
        assert said == f"No engine runs. Go on with: covey resume {catalog.id[:8]} --start"
        assert "covey run design shop.catalog" in farewell(pictures.board(billing, alive=False), "")

    def test_from_elsewhere_the_project_is_named(self) -> None:
        said = farewell(pictures.board(pictures.at_work()), " --project /tmp/shop")
        assert said == "The work goes on. Come back with: covey watch --project /tmp/shop"

    def test_nothing_was_run(self) -> None:
        assert farewell(Board("shop"), "") == "Nothing has been run here yet; begin with: covey run design --all"

    def test_a_hostile_name_is_shown_and_not_obeyed(self) -> None:
        rows = [replace(row, module=f"{row.module}\x1b]0;x\x07\nrm") for row in pictures.at_work()]
        said = farewell(pictures.board(rows, alive=False), "")
        assert said.isprintable()
        assert "␛]0;x␇ rm" in said
