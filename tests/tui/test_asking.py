"""What asks, and what takes messages, on the monitor: its row, the lines around it, and what key m does."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from covey.client.requests import Wish
from covey.model import events as e
from covey.model.ability import Ability
from covey.model.control import Action
from covey.model.session import Session, about
from covey.model.status import Phase
from covey_tui.view.alert import alert
from covey_tui.view.board import Board
from covey_tui.view.detail.problem import problem_lines
from covey_tui.view.dialogs import cancel, message, note, skip
from covey_tui.view.intervention import Deed, possible, verbs
from covey_tui.view.keys import label_of, why_not
from covey_tui.view.needs import Needs
from covey_tui.view.next_need import next_need
from covey_tui.view.notices import Notices
from covey_tui.view.rows import Rows
from covey_tui.view.words import elapsed, is_ticking, status_word
from tests.tui import pictures
from tests.tui.pictures import NOW, board, complete, family, running, waiting
from tests.tui.reading import text
from tests.tui.test_monitor_screen import hand as at_the_screen

HOSTILE = "euros\x1b]0;x\a or cents?\n\n[/red]"
ASKS = {"phase": Phase.ASKING, "question": HOSTILE, "question_id": "q1"}
TALKS = {"abilities": (Ability.TURNS, Ability.MESSAGES)}
PAYMENT, LEDGER = "id-billing-payment", "id-billing-ledger"


def shop() -> Board:
    """One run: a session that asks, one whose agent takes messages, one whose agent does not, and one each at rest."""
    rows = [
        ("Payment", 98, running("ReviseDesign", updated_at=NOW - timedelta(seconds=30)) | ASKS),
        ("Ledger", 64, running("ReviseDesign") | TALKS),
        ("Invoice", 64, running("ReviseDesign")),
        ("Refund", 12, complete()),
        ("Dunning", None, {}),
    ]
    return board(family("Billing", 252, waiting(), rows))


def of(made: Board, name: str) -> Session:
    return made.session(f"id-billing-{name.lower()}")


class TestWhatAsks:
    """It needs somebody, and everything says so."""

    def test_its_row(self) -> None:
        made = shop()
        word = status_word(made, of(made, "Payment"), NOW)
        assert (word.text, word.tone.bold) == ("asks you", True)
        assert elapsed(of(made, "Payment"), NOW) == 68
        assert not is_ticking(of(made, "Payment"))

    def test_the_alert_line_the_list_and_the_way_to_it(self) -> None:
        made = shop()
        needs = Needs(made)
        line, _ = alert(made, needs, 98)
        assert text([line]).startswith("◆ 1 needs you   1 asks you")
        (group,) = needs.groups()
        assert (group.heading, group.ids) == ("Asks you", (PAYMENT,))
        assert needs.member(PAYMENT).reason.startswith("euros")
        assert needs.retried_together() == ()
        assert next_need(made, Rows(made), LEDGER, forward=True) == PAYMENT

    def test_it_is_told_once(self) -> None:
        made = shop()
        needs = Needs(made)
        notices = Notices(needs)
        ledger = made.stored[LEDGER]
        asked = e.QuestionAsked(at=NOW, **about(ledger), question_id="q2", question="Who?")
        change = made.fold([asked])
        needs.apply(change)
        assert notices.news(change) == (LEDGER,)
        assert notices.text((LEDGER,)) == "covey: Ledger: asks you"
        again = made.fold([e.SessionReconfigured(at=NOW, **about(ledger), agent="offline", model=None)])
        needs.apply(again)
        assert notices.news(again) == ()

    def test_its_question_is_shown_whole_and_does_nothing(self) -> None:
        made = shop()
        long = "word " * 400
        rows = [
            replace(row, question=f"{HOSTILE} {long}end") if row.id == PAYMENT else row for row in made.stored.values()
        ]
        made = board(rows)
        said = text(problem_lines(made, made.session(PAYMENT), NOW, 42))
        assert said.count("word") == 400
        assert "[/red]" in said
        assert "\x1b" not in said
        assert "m  answer it" in said

    def test_what_can_be_done_in_the_list(self) -> None:
        made = shop()
        needs = Needs(made)
        assert text([verbs("asking", (PAYMENT,), needs, 90)]).startswith("m answer…")
        assert possible(Deed.ANSWER, made.session(PAYMENT))
        assert not possible(Deed.ANSWER, made.session(LEDGER))
        assert "answer" not in text([verbs("asking", (PAYMENT, LEDGER), needs, 90)])


class TestEndingWhatAsks:
    """Its agent waits, so it is told to stop like one that works."""

    def test_the_questions_say_so(self) -> None:
        made = shop()
        told = "Its agent is told to stop and has 10 s."
        for asked in (cancel(made, [PAYMENT], 10.0), skip(made, [PAYMENT], 10.0), note(made, [PAYMENT], 10.0)):
            assert told in " ".join(text(asked.fact_lines(54)).split())

    async def test_a_retry_asks_first_and_the_others_do_as_well(self) -> None:
        async with at_the_screen("n", "r", sessions=pictures.asking) as there:
            assert there.shows("Cancel Payment, then retry it?")
            await there.press("enter")
            assert there.asked == []
            await there.press("r", "y", "x", "y", "s", "enter", "y")
            deeds = (Action.RETRY, Action.CANCEL, Action.SKIP)
            assert there.asked == [((PAYMENT,), Wish(action=deed)) for deed in deeds]


class TestHeading:
    """Each asks something else: on the heading of several nothing is answered, and on that of one, that one is."""

    async def test_the_last_one_is_answered_from_its_heading(self) -> None:
        async with at_the_screen("i", "m", *"both", "enter", sessions=pictures.asking) as there:
            assert there.asked == []
            assert not there.shows("Answer ")
            other = there.app.board.stored["id-catalog-pricelist"]
            by = {"by": "ana", "decision_id": "d"}
            answered = e.QuestionAnswered(at=NOW, **about(other), question_id="q", answer="without", **by)
            there.monitor.changed(there.app.board.fold([answered]))
            await there.press("m", *"cents", "enter")
            assert there.asked == [((PAYMENT,), Wish(action=Action.MESSAGE, message="cents"))]


class TestKey:
    """Key m says what the engine would say."""

    @pytest.mark.parametrize(
        ("name", "why"),
        [
            ("Payment", None),
            ("Ledger", None),
            ("Invoice", "Invoice: its agent (offline) takes no messages."),
            ("Refund", "Refund cannot be told anything: it is complete and its file is in order."),
            ("Dunning", "Dunning: it has not started yet."),
        ],
    )
    def test_when_it_works(self, name: str, why: str | None) -> None:
        assert why_not(shop(), "session.message", f"id-billing-{name.lower()}") == why

    def test_what_it_is_called(self) -> None:
        assert label_of(shop(), "session.message", PAYMENT) == "answer…"
        assert label_of(shop(), "session.message", LEDGER) == "message…"

    def test_the_question_stands_above_the_answer(self) -> None:
        asked = message(shop(), PAYMENT)
        assert (asked.title, asked.confirm) == ("Answer Payment", "Send the answer")
        facts = text(asked.fact_lines(54))
        assert "or cents?" in facts
        assert "\x1b" not in facts

    async def test_an_answer_is_sent_to_the_one_under_the_cursor_whatever_is_marked(self) -> None:
        """Nothing is sent where nothing is written, or where somebody leaves."""
        async with at_the_screen(sessions=pictures.asking) as there:
            await there.press("n", "v", "j", "v", "k", "m", "enter", "escape", "m", "x", "escape")
            assert there.asked == []
            await there.press("m", *"cents", "enter")
            assert there.asked == [((PAYMENT,), Wish(action=Action.MESSAGE, message="cents"))]
