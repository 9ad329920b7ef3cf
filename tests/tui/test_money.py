"""Money on the screen: sums against a budget, what more will take, and amounts that somebody writes."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from covey.client.estimate import Estimate
from covey.client.requests import Wish
from covey.model import events as e
from covey.model.budget import Budget
from covey.model.control import Action
from covey.model.pause import PauseKind, PauseMode
from covey.model.session import about
from covey.model.status import FailureCause
from covey_tui.screens.intervention import InterventionScreen
from covey_tui.view.alert import alert
from covey_tui.view.asked import Field
from covey_tui.view.board import Board
from covey_tui.view.causes import reason_of
from covey_tui.view.dialogs import begin, raise_budget, retry_many
from covey_tui.view.empty import choices
from covey_tui.view.intervention import Layout, verbs
from covey_tui.view.keys import label_of, why_not
from covey_tui.view.money import amount, one_for_each_budget, spent_under
from covey_tui.view.needs import Needs
from covey_tui.view.summary import summary
from covey_tui.view.words import status_word
from tests.tui.gallery import NOTHING_YET, Gallery, settled
from tests.tui.pictures import NOW, board, budget_spent, failed, family, paying, running, waiting
from tests.tui.reading import text
from tests.tui.test_monitor_screen import BILLING, CATALOG, Hand
from tests.tui.test_monitor_screen import hand as at_the_screen

SOME = Estimate(46_000, 0.76, 3, 3, 12)


def top(made: Board, cells: int = 100) -> str:
    return text([summary(made, NOW, cells)[0]])


def paid(limit: Budget | None, usd: float | None = 1.25) -> Board:
    """A run whose one session has used 12,300 tokens."""
    rows = [("Invoice", 64, running("ValidateDesign", usage={"input": 12_000, "output": 300}, cost_usd=usd))]
    return board(family("Billing", 252, {**waiting(), "budget": limit}, rows))


class TestTop:
    """The summary bar: tokens and cost, each with the limit that holds for it."""

    @pytest.mark.parametrize(
        ("limit", "usd", "said"),
        [
            (None, 1.25, "12.3k tokens   $1.25"),
            (None, None, "12.3k tokens"),
            (Budget(id="b", usd=5.0), 1.25, "12.3k tokens   $1.25 of $5.00"),
            (Budget(id="b", usd=5.0), None, "12.3k tokens   $0 of $5.00"),
            (Budget(id="b", tokens=2_000_000), 1.25, "12.3k of 2.0M tokens   $1.25"),
            (Budget(id="b", usd=5.0, tokens=20_000), 1.25, "12.3k of 20.0k tokens   $1.25 of $5.00"),
        ],
    )
    def test_what_was_spent_of_what(self, limit: Budget | None, usd: float | None, said: str) -> None:
        assert top(paid(limit, usd)).rstrip().endswith(f"4m12s   {said}")

    def test_runs_that_share_a_budget_count_together_and_others_have_no_limit_in_common(self) -> None:
        assert top(board(paying())).rstrip().endswith("$2.35 of $5.00")
        apart = [replace(row, budget=Budget(id=row.id, usd=5.0)) if row.budget else row for row in paying()]
        assert top(board(apart)).rstrip().endswith("$2.35")

    @pytest.mark.parametrize("cells", [80, 100, 160, 250])
    def test_it_stands_at_the_right_at_every_width(self, cells: int) -> None:
        line = top(board(paying()), cells)
        assert len(line) == cells
        assert line.endswith("$2.35 of $5.00")

    def test_each_budget_has_what_its_own_runs_have_spent(self) -> None:
        rows = [replace(row, budget=Budget(id=row.id, usd=5.0)) if row.budget else row for row in paying()]
        made = board(rows)
        billing, catalog = (made.session(root) for root in made.roots())
        by_run = [made.tally(root.id).cost_usd for root in (billing, catalog)]
        assert [spent_under(made, root.budget or Budget()).usd for root in (billing, catalog)] == by_run
        assert by_run[0] != by_run[1]
        assert spent_under(board(paying()), Budget(id="call")).usd == pytest.approx(sum(each or 0.0 for each in by_run))

    def test_a_turn_adds_to_the_sums_of_all_above_it(self) -> None:
        made = paid(Budget(id="b", usd=5.0))
        child = made.session(made.children(made.roots()[0])[0])
        change = made.fold(
            [e.UsageRecorded(at=NOW, **about(child), step="x", model="m", tokens={"output": 700}, cost_usd=0.5)]
        )
        assert change.counted == {child.id}
        assert made.tally(made.roots()[0]).tokens == made.tally().tokens == 13_000
        assert top(made).rstrip().endswith("13.0k tokens   $1.75 of $5.00")


class TestSpent:
    """A run whose budget is spent needs somebody, and the key that pauses raises it."""

    def test_the_alert_names_it_once_and_the_row_tells_how_much(self) -> None:
        made = board(budget_spent())
        needs = Needs(made)
        line = text([alert(made, needs, 100)[0]])
        assert line.startswith("◆ 2 need you   budget spent")
        root = made.session(made.roots()[0])
        assert reason_of(root) == "$5.02 of $5.00 are spent"
        group = needs.groups()[0]
        assert group.heading == "Paused: the budget is spent"
        assert text([verbs(group.cause.key, group.ids, needs, 60)]) == "p raise the budget…"
        assert Layout(needs.groups()).height == 4

    def test_a_missing_price_is_another_cause(self) -> None:
        made = paid(Budget(id="b", usd=5.0))
        root = made.session(made.roots()[0])
        by = {"by": "covey", "decision_id": "d"}
        cause = 'no price is known for "home"'
        made.fold([e.RunPaused(at=NOW, **about(root), kind=PauseKind.BUDGET, mode=PauseMode.HARD, cause=cause, **by)])
        needs = Needs(made)
        assert "price missing" in text([alert(made, needs, 100)[0]])
        assert label_of(made, "run.pause", root.id) == "resume"
        assert text([verbs("price_missing", needs.groups()[0].ids, needs, 60)]) == "p resume"

    def test_the_key_that_pauses_asks_how_much(self) -> None:
        made = board(budget_spent())
        root = made.session(made.roots()[0])
        assert root.paused is not None
        assert label_of(made, "run.pause", root.id) == "raise the budget…"
        assert why_not(made, "run.pause", root.id) is None
        asked = raise_budget(root, root.paused)
        assert (asked.title, asked.field) == ("Raise the budget of Billing?", Field.AMOUNT)
        assert "$5.02 of $5.00 are spent." in text(asked.fact_lines(56))
        assert asked.lacks("more") == "Write an amount, like 7.50."
        assert asked.lacks("7.50") is None

    async def test_on_the_screen_the_amount_goes_to_all_runs_that_share_it_shown_or_not(self) -> None:
        async with at_the_screen(sessions=budget_spent) as hand:
            catalog = hand.app.board.stored[CATALOG]
            hand.app.link.sharing = [catalog, replace(catalog, id="id-run-elsewhere")]
            await hand.press("p", *"a lot", "enter", "enter")
            assert hand.asked == []
            await hand.press("ctrl+u", *"$7.50", "enter", "enter")
            await hand.press("i", "p", "8", "enter", "enter")
            assert isinstance(hand.app.screen, InterventionScreen), "no second question for the same budget"
        wishes = [Wish(action=Action.RESUME, budget_usd=usd) for usd in (7.5, 8.0)]
        assert hand.asked == [((BILLING, CATALOG, "id-run-elsewhere"), wish) for wish in wishes]

    def test_each_budget_is_asked_for_once(self) -> None:
        billing, catalog = (row for row in budget_spent() if row.session_id is None)
        other = replace(catalog, id="other", budget=Budget(id="another call", usd=5.0))
        resumed = replace(catalog, id="resumed", paused=None)
        assert [root for root, _ in one_for_each_budget([resumed, billing, catalog, other])] == [billing, other]

    def test_a_session_over_its_own_budget_says_so(self) -> None:
        made = board(paying())
        refund = next(key for key in made.under(None) if made.session(key).component == "Refund")
        assert status_word(made, made.session(refund), NOW).text == "failed: budget"
        assert Needs(made).cause(refund).heading == "Failed: budget"
        assert "1 over budget" in text([alert(made, Needs(made), 160)[0]])


class TestExpected:
    """Before much is started it is told what it will take, and what is left then."""

    def test_what_is_left_of_the_budget(self) -> None:
        made = board(paying())
        ids = [key for key in made.under(None) if made.session(key).failure_cause is FailureCause.AGENT_ERROR]
        said = text(retry_many(made, ids, "Billing", expected=SOME).fact_lines(56))
        assert "About 46.0k tokens, $0.76   by 12 sessions like them" in said
        assert "Spent $2.35 of $5.00   then $1.89 is left" in said
        much = text(retry_many(made, ids, expected=SOME._replace(usd=4.0)).fact_lines(56))
        assert "that is $1.35 more than there is" in much

    def test_where_nothing_like_it_has_ended_nothing_is_made_up(self) -> None:
        rows = [("Invoice", 64, failed(FailureCause.CRASH, "no"))]
        made = board(family("Billing", 252, waiting(), rows))
        facts = retry_many(made, made.children(made.roots()[0]), "Billing").fact_lines(56)
        assert text(facts).rstrip().endswith("\n\nNo estimate yet")
        choice = choices(NOTHING_YET)[0]
        assert text(begin(choice).fact_lines(56)).rstrip().endswith("No estimate yet")
        assert "About 46.0k tokens" in text(begin(choice, SOME).fact_lines(56))

    async def test_what_cannot_be_estimated_can_be_asked_for_all_the_same(self) -> None:
        async with at_the_screen() as hand:
            hand.app.link.unreadable = "covey.toml, line 3: a mistake"
            for keys in (("R",), ("V", "r")):
                await hand.press(*keys)
                assert hand.shows("No estimate yet")
                await hand.press("y")
            assert len(hand.asked) == 2

    async def test_a_first_run_can_be_begun_as_well(self) -> None:
        app = Gallery(board([]), beginning=NOTHING_YET)
        app.link.unreadable = "covey.toml, line 3: a mistake"
        async with app.run_test() as pilot:
            hand = Hand(app, pilot)
            await settled(pilot)
            await hand.press("enter")
            assert hand.shows("No estimate yet")


class TestAmount:
    @pytest.mark.parametrize(
        ("written", "limit", "value"),
        [
            ("7.50", "budget_usd", 7.5),
            (" $1,204 ", "budget_usd", 1204.0),
            ("2_000_000", "budget_tokens", 2_000_000),
            ("2M", "budget_tokens", 2_000_000),
            ("1.5k", "budget_tokens", 1_500),
            ("2M", "budget_usd", None),
            ("", "budget_usd", None),
            ("0", "budget_usd", None),
            ("-5", "budget_usd", None),
            ("nan", "budget_usd", None),
            ("1e9", "budget_usd", None),
            ("k", "budget_tokens", None),
            ("٣", "budget_usd", None),
            ("much", "budget_tokens", None),
            ("7,50", "budget_usd", None),
            ("1,20", "budget_tokens", None),
            ("12,34,567", "budget_usd", None),
            ("1.204,50", "budget_usd", None),
            ("1,204,567.25", "budget_usd", 1_204_567.25),
            (".50", "budget_usd", 0.5),
            (".", "budget_usd", None),
            ("9" * 400, "budget_usd", None),
            ("9" * 400, "budget_tokens", None),
            ("1" + "0" * 15, "budget_usd", None),
            ("9" * 12 + "k", "budget_tokens", 999_999_999_999_000),
            ("1000000000M", "budget_tokens", None),
            ("0.004", "budget_usd", 0.004),
            ("0.4", "budget_tokens", None),
            ("1", "budget_tokens", 1),
        ],
    )
    def test_an_amount_is_one_however_it_is_written(self, written: str, limit: str, value: float | None) -> None:
        assert amount(written, limit) == value


def test_time_does_not_change_what_was_spent() -> None:
    made = board(paying())
    assert top(made).split("   ")[-1] == text([summary(made, NOW + timedelta(days=2), 100)[0]]).split("   ")[-1]
