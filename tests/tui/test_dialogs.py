"""The words of every dialog: what is asked, what follows, and which answer is which."""

import re
from typing import Any

import pytest
from msgspec.structs import replace

from covey.model.session import Session
from covey.model.status import ArtifactState, Status
from covey_tui.view import dialogs
from covey_tui.view.asked import Asked, Field
from covey_tui.view.board import Board
from covey_tui.view.empty import choices
from covey_tui.view.hints import hints, hints_within
from covey_tui.view.spans import Line, Role, room
from tests.tui.gallery import NOTHING_YET
from tests.tui.pictures import board, family, running, session, shop, waiting

GRACE = 10.0
PAYMENT, LEDGER, TAX_RULE = "id-billing-payment", "id-billing-ledger", "id-billing-taxrule"
IMPORT = "id-catalog-importadapter"


def text(line: Line) -> str:
    return "".join(piece.text for piece in line)


def facts(asked: Asked, cells: int = 56) -> list[str]:
    return [text(line).rstrip() for line in asked.fact_lines(cells)]


def sentence(asked: Asked) -> str:
    return " ".join(facts(asked))


def answers(asked: Asked) -> tuple[str, str, str]:
    return asked.harmless, asked.confirm, text(hints(*asked.keys))


def shown_with(**changes: dict[str, Any]) -> Board:
    return board([replace(row, **changes.get(row.component, {})) for row in shop()])


class TestCancel:
    """Cancelling says who is at work, what they are given, what stays, and that it can be retried."""

    def test_a_parent_with_what_runs_under_it(self) -> None:
        asked = dialogs.cancel(board(), ["id-run-catalog"], GRACE)
        assert asked.title == "Cancel Catalog and what runs under it?"
        assert asked.warns
        assert facts(asked) == [
            "Running now: PriceList, Variant. Each agent is told to",
            "stop and has 10 s. Files already written stay. You can",
            "retry them later.",
        ]
        assert answers(asked) == ("Keep running", "Cancel 2 sessions", "y cancel 2   n Esc keep running")

    def test_who_has_not_started_is_counted_too(self) -> None:
        asked = dialogs.cancel(board(), ["id-run-billing"], GRACE)
        assert "Running now: Payment. Its agent is told to stop and has 10 s. 1 more waits its turn" in sentence(asked)
        assert asked.confirm == "Cancel 2 sessions"

    def test_a_single_session(self) -> None:
        asked = dialogs.cancel(board(), [PAYMENT], 7.5)
        assert asked.title == "Cancel Payment?"
        told = "Its agent is told to stop and has 7.5 s. Files already written stay. You can retry it later."
        assert sentence(asked) == told
        assert answers(asked) == ("Keep running", "Cancel Payment", "y cancel it   n Esc keep running")

    @pytest.mark.parametrize("key", ["z", "F8"])
    def test_which_key_takes_it_back(self, key: str) -> None:
        one = dialogs.cancel(board(), [PAYMENT], GRACE, key)
        assert sentence(one).endswith(f"You can retry it later, and {key} takes this back.")
        both = dialogs.cancel(board(), ["id-run-catalog"], GRACE, key)
        assert sentence(both).endswith(f"You can retry them later, and {key} takes this back.")

    def test_one_that_has_not_started(self) -> None:
        asked = dialogs.cancel(board(), ["id-billing-creditnote"], GRACE)
        assert sentence(asked).startswith("It has not started. ")

    def test_more_than_five_names_are_counted(self) -> None:
        children = [(f"C{number}", 1, running("X")) for number in range(9)]
        asked = dialogs.cancel(board(family("Big", 1, waiting(), children)), ["id-run-big"], GRACE)
        assert sentence(asked).startswith("Running now: C0, C1, C2, C3, C4 and 4 more. Each agent")
        assert asked.confirm == "Cancel 9 sessions"

    def test_several_that_were_marked(self) -> None:
        asked = dialogs.cancel(board(), [PAYMENT, "id-catalog-variant"], GRACE)
        assert asked.title == "Cancel 2 sessions?"
        assert sentence(asked).startswith("Running now: Payment, Variant. ")


NOTHING_KNOWN = ("", "No estimate yet")


class TestRetryMany:
    """Retrying several says how many there are of each cause, and what to expect of them."""

    def test_all_that_failed(self) -> None:
        asked = dialogs.retry_many(board(), [TAX_RULE, LEDGER, IMPORT], "shop")
        assert asked.title == "Retry all 3 that failed under shop?"
        assert not asked.warns
        assert facts(asked) == [
            "1  checks          revised already: a note may help",
            "1  agent           starts again at the first step",
            "1  file missing    was written and is gone: written anew",
            *NOTHING_KNOWN,
        ]
        assert answers(asked) == ("Not now", "Retry 3 sessions", "y retry 3   n Esc not now")

    def test_a_choice_of_any_kind(self) -> None:
        asked = dialogs.retry_many(board(), [PAYMENT, "id-catalog-legacysync"])
        assert asked.title == "Retry 2 sessions?"
        assert facts(asked) == [
            "1  not ended       told to stop first, then starts again",
            "1  skipped         starts again, no longer skipped",
            *NOTHING_KNOWN,
        ]

    def test_a_single_one(self) -> None:
        assert dialogs.retry_many(board(), [LEDGER], "shop").title == "Retry what failed under shop?"

    def test_cancel_then_retry(self) -> None:
        asked = dialogs.cancel_then_retry(board(), PAYMENT, GRACE)
        assert asked.title == "Cancel Payment, then retry it?"
        assert sentence(asked) == (
            "Its agent is told to stop and has 10 s. Then attempt 2 begins at the first step. "
            "Files already written stay."
        )
        assert answers(asked) == ("Keep running", "Cancel and retry", "y cancel and retry   n Esc keep running")


class TestSkip:
    """Skipping says what goes on without it, and asks for a reason."""

    def test_one(self) -> None:
        asked = dialogs.skip(board(), [LEDGER], GRACE)
        assert asked.title == "Skip Ledger?"
        assert facts(asked) == [
            "Billing goes on without it. Its file is not looked for,",
            "and it is listed as skipped.",
        ]
        assert answers(asked) == ("Keep it", "Skip Ledger", "y skip it   n Esc keep it")
        assert asked.field is Field.REASON
        assert text(hints(*asked.field_keys)) == "Enter to the buttons   Esc keep it"

    def test_several_that_run(self) -> None:
        asked = dialogs.skip(board(), [PAYMENT, "id-catalog-variant"], GRACE)
        assert sentence(asked) == (
            "Each agent is told to stop and has 10 s. Billing and Catalog go on without them. "
            "Their files are not looked for, and they are listed as skipped."
        )
        assert asked.confirm == "Skip 2 sessions"

    def test_a_parent_takes_along_what_runs_under_it(self) -> None:
        rows = [
            session("R", None, 1, **waiting()),
            replace(session("P", "R", 1, **waiting()), session_id="id-run-r"),
            replace(session("L", "R", 1, **running("X")), session_id="id-r-p"),
        ]
        assert sentence(dialogs.skip(board(rows), ["id-r-p"], GRACE)).endswith("What runs under it is cancelled.")


class TestNote:
    """A note goes along with the failure and the expected file."""

    def test_a_failure(self) -> None:
        shown = shown_with(ImportAdapter={"artifact": ArtifactState.PRESENT})
        asked = dialogs.note(shown, [IMPORT], GRACE)
        assert asked.title == "Retry ImportAdapter with a note"
        assert facts(asked) == [
            "Goes along with your note:",
            "✗ section Public API is empty",
            "  docs/design/shop/catalog/import_adapter.md  there",
        ]
        assert asked.field is Field.NOTE
        assert (asked.harmless, asked.confirm) == ("Leave", "Send and retry")
        assert text(hints(*asked.field_keys)) == "Enter send   Ctrl+J new line   Ctrl+O editor   Esc leave"

    def test_a_missing_file(self) -> None:
        assert facts(dialogs.note(board(), [LEDGER], GRACE))[1:] == [
            "▲ its file is gone",
            "  docs/design/shop/billing/ledger.md  missing",
        ]

    def test_one_that_runs_is_told_to_stop(self) -> None:
        assert facts(dialogs.note(board(), [PAYMENT], GRACE))[-1] == "Its agent is told to stop and has 10 s."

    def test_a_long_path_loses_its_front(self) -> None:
        shown = shown_with(Ledger={"artifact_path": f"docs/{'deep/' * 20}ledger.md"})
        line = facts(dialogs.note(shown, [LEDGER], GRACE))[-1]
        assert line.startswith("  …")
        assert line.endswith("deep/ledger.md  missing")


class TestStop:
    """Stopping a run names the command that goes on with it."""

    def test_one_run(self) -> None:
        rows = family("Billing", 9, waiting(), [("A", 1, running("X")), ("B", 1, running("X"))])
        asked = dialogs.stop_run(board(rows))
        assert asked.title == "Stop the run?"
        assert facts(asked)[-1] == "covey run design shop.billing"
        assert sentence(asked).startswith("2 sessions are told to stop. ")
        assert answers(asked) == ("Keep running", "Stop the run", "y stop it   n Esc keep running")

    def test_a_command_that_is_copied_into_a_shell_does_nothing_else(self) -> None:
        (root, *rest) = family("Billing", 9, waiting(), [])
        asked = dialogs.stop_run(board([replace(root, module="a; rm -rf ~"), *rest]))
        assert facts(asked)[-1] == "covey run design 'a; rm -rf ~'"

    def test_a_run_that_has_ended_is_not_counted(self) -> None:
        rows = [replace(row, status=Status.CANCELLED) if row.id == "id-run-billing" else row for row in shop()]
        assert dialogs.stop_run(board(rows)).title == "Stop the run?"


HOSTILE = "\x1b]0;t\x07[/red]\n" + "界" * 60


class TestBegin:
    """It says what is started, and the button how many runs that are."""

    @pytest.mark.parametrize(
        ("line", "title", "button", "key"),
        [
            (0, "Start the design of Billing?", "Start the run", "start it"),
            (1, "Start the design of 2 contexts?", "Start 2 runs", "start 2"),
        ],
    )
    def test_one_run_or_several(self, line: int, title: str, button: str, key: str) -> None:
        asked = dialogs.begin(choices(NOTHING_YET)[line])
        assert (asked.title, asked.harmless, asked.confirm) == (title, "Not now", button)
        assert text(hints(*asked.keys)) == f"y {key}   n Esc not now"


def hostile() -> list[Session]:
    mean = {"error_message": HOSTILE, "artifact_path": HOSTILE, "component": HOSTILE, "module": HOSTILE}
    return [replace(row, **mean) for row in shop()]


ASKED = {
    "cancel": lambda shown: dialogs.cancel(shown, ["id-run-catalog"], GRACE),
    "cancel one": lambda shown: dialogs.cancel(shown, [PAYMENT], GRACE),
    "retry": lambda shown: dialogs.retry_many(shown, [LEDGER, IMPORT], HOSTILE),
    "cancel then retry": lambda shown: dialogs.cancel_then_retry(shown, PAYMENT, GRACE),
    "skip": lambda shown: dialogs.skip(shown, [LEDGER], GRACE),
    "note": lambda shown: dialogs.note(shown, [IMPORT], GRACE),
    "stop": dialogs.stop_run,
}


class TestEveryDialog:
    """Whatever a component is called, a dialog stays a dialog."""

    @pytest.mark.parametrize("kind", ASKED)
    @pytest.mark.parametrize("cells", [50, 56])
    def test_hostile_names_are_not_obeyed_and_lines_keep_their_room(self, kind: str, cells: int) -> None:
        asked = ASKED[kind](board(hostile()))
        lines = [*asked.title_lines(cells), *asked.fact_lines(cells)]
        everything = "".join([*map(text, lines), asked.harmless, asked.confirm])
        assert not re.search("[\x00-\x1f\x7f-\x9f]", everything)
        assert max(map(room, lines)) <= cells
        assert len(asked.harmless) + len(asked.confirm) + 10 <= 50

    @pytest.mark.parametrize("kind", ASKED)
    def test_the_title_warns_where_something_is_given_up(self, kind: str) -> None:
        asked = ASKED[kind](board())
        tones = {piece.tone.role for line in asked.title_lines(56) for piece in line}
        assert tones == {Role.TEXT if kind in {"retry", "note"} else Role.WARNING}

    def test_keys_that_do_not_fit_fall_off_before_the_way_out(self) -> None:
        asked = dialogs.note(board(), [IMPORT], GRACE)
        assert text(hints_within(50, asked.field_keys)) == "Enter send   Ctrl+J new line   Esc leave"
