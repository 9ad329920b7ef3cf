"""The monitor as a person has it: the real program on a terminal, with an engine and agents that really work."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from covey.testing.samples import mend_shop
from tests.cli.program import command, program
from tests.e2e.scene import LEAST, add_agent, no_engine_left, numbers, session_of, status, wait_for
from tests.e2e.terminal import Terminal, terminal

PAYMENT = "docs/design/shop/billing/payment.md"
DOCUMENT = LEAST.replace("\\n", "\n")

HOSTILE = r"""
printf 'title \033]0;evil\007 and \302\2332J and [/red][bold] and \033[31mred\n'
sleep 0.3
printf 'the end \033]0;evil\007 [/red]\n' >&2
exit 1
"""
"""An agent that prints what a terminal or a markup language would obey, and fails with the same as its reason."""


@pytest.fixture
def own(shop: Path) -> Iterator[Path]:
    with no_engine_left(shop):
        yield shop
    (shop / "gate").touch()  # no agent stays behind and waits


@contextmanager
def demo(at: Path) -> Iterator[tuple[Terminal, Path]]:
    """The demonstration in its terminal, with both problems on the screen, and the project that it made."""
    with ExitStack() as stack:
        shown = stack.enter_context(terminal(sys.executable, "-m", "covey", "demo", at=at, TMPDIR=str(at)))
        shown.until("covey  ", "2 need you")
        (root,) = at.glob("covey-demo-*")
        stack.enter_context(no_engine_left(root))
        yield shown, root


def is_near(color: str, wanted: str) -> bool:
    """The two colours look alike; a theme's colours are rounded on their way to the screen."""
    parts = ((int(color[at : at + 2], 16), int(wanted[at : at + 2], 16)) for at in (0, 2, 4))
    return all(abs(one - other) <= 2 for one, other in parts)


class TestDemo:
    """Both problems can be seen, mended from the screen and from outside, and the run ends by itself."""

    def test_from_the_two_problems_to_the_end(self, tmp_path: Path) -> None:
        with demo(tmp_path) as (shown, root):
            shown.until_row("✗", "tax", "failed: agent")
            shown.until_row("▲", "payment", "file missing")
            shown.until("◆ 2 need you   1 file missing  ·  1 agent error", "n next   i all")
            assert is_near(shown.color_of("failed: agent"), "ff6b6b")
            assert is_near(shown.color_of("◆ 2 need you"), "f2b84b")
            assert is_near(shown.color_of("✓     invoice"), "6fcf97")

            shown.type("n")
            shown.until("Expected file", PAYMENT)
            shown.type("n")
            shown.until("tax.py:26: syntax error", gone=[PAYMENT])
            mend_shop(root)
            shown.type("e")
            shown.until("Retry tax with a note", "Ctrl+J new line")
            shown.type("the bracket is closed now\r")
            shown.until("◆ 1 needs you   1 file missing")
            shown.until_row("✓", "tax", "complete", "×2")
            assert "the bracket is closed now" in (root / "docs/design/shop/billing/tax.md").read_text()

            (root / PAYMENT).write_text(DOCUMENT)
            shown.until("✓ Finished   6 of 6 complete", gone=["file missing", "needs you"])
            shown.type("q")
            assert shown.until_ended() == 0
            assert f"covey watch --project {root}" in shown.written.decode().replace("\r\n", "\n")
            assert status(root)["status"] == "complete"

    def test_one_is_skipped_with_a_reason_and_the_other_mended_from_outside(self, tmp_path: Path) -> None:
        with demo(tmp_path) as (shown, root):
            shown.type("nn")
            shown.until("tax.py:26: syntax error")
            shown.type("s")
            shown.until("Skip tax?", "Enter to the buttons")
            shown.type("nobody taxes us\r")
            shown.until("y skip it", gone=["Enter to the buttons"])
            shown.type("\r")
            shown.until("◆ 1 needs you   1 file missing")
            shown.until_row("»", "tax", "skipped")
            (root / PAYMENT).write_text(DOCUMENT)
            shown.until("» Finished, 1 skipped   5 of 6 complete", gone=["file missing", "needs you"])
            shown.type("q")
            assert shown.until_ended() == 0
            (row,) = [each for each in status(root)["sessions"] if each["component"] == "tax"]
            assert (row["status"], row["skip_reason"]) == ("skipped", "nobody taxes us")

    def test_can_be_left_with_its_problems_and_come_back_to(self, tmp_path: Path) -> None:
        with demo(tmp_path) as (shown, root):
            shown.type("q")
            assert shown.until_ended() == 0
            last = shown.written.decode()
            assert "The work goes on, 2 sessions need you. Come back with: covey watch" in last
            with terminal(*command("watch", "--project", str(root)), at=tmp_path) as again:
                again.until("◆ 2 need you   1 file missing  ·  1 agent error")


class TestWatching:
    """What happens is on the screen as it happens."""

    def test_a_run_from_its_beginning_to_its_end(self, own: Path) -> None:
        with terminal(*command("run", "design", "catalog", "--agent", "waits"), at=own) as shown:
            for name in ("price_list", "product", "search"):
                shown.until_row("●", name, "generate design")
            shown.until("0/3", "3 of 8 slots", "x cancel…", gone=["need you", "needs you"])
            (own / "gate").touch()
            shown.until("✓ Finished   4 of 4 complete")
            shown.until_row("✓", "search", "complete")
            shown.type("q")
            assert shown.until_ended() == 0
            assert "All runs have ended." in shown.text

    def test_a_run_that_begins_while_one_looks(self, own: Path) -> None:
        with terminal(*command("watch"), at=own) as shown:
            shown.until("no run yet")
            assert program("run", "design", "catalog", "--detach", cwd=own).code == 0
            shown.until("✓ Finished   4 of 4 complete")

    def test_one_that_only_looks_asks_for_nothing(self, blocked: Path) -> None:
        with no_engine_left(blocked), terminal(*command("watch", "--read-only"), at=blocked) as shown:
            shown.until_row("✗", "tax", "failed: agent")
            shown.type("nr")
            shown.until("this monitor only looks; open one without --read-only")
            assert not status(blocked)["engine"]["alive"]


class TestDeciding:
    """An action while no engine lives starts one."""

    def test_a_skip_with_a_reason(self, blocked: Path) -> None:
        tax = session_of(blocked, "tax")
        with no_engine_left(blocked), terminal(*command("watch"), at=blocked) as shown:
            shown.until("no engine", "◆ 1 needs you   1 agent error")
            shown.type("ns")
            shown.until("Skip tax?", "Reason", "Enter to the buttons")
            shown.type("nobody taxes us\r")
            shown.until("y skip it", gone=["Enter to the buttons"])
            shown.type("\r")
            shown.until("» Finished, 1 skipped   5 of 6 complete")
            shown.until_row("»", "tax", "skipped")
            shown.type("5")
            shown.until("project id")
            shown.type("\tG")
            shown.until("nobody taxes us")
        (row,) = [each for each in status(blocked)["sessions"] if each["session_id"] == tax]
        assert (row["status"], row["skip_reason"]) == ("skipped", "nobody taxes us")

    def test_a_cancel_is_answered_with_no_until_one_says_yes(self, own: Path) -> None:
        with terminal(*command("run", "design", "catalog", "--agent", "waits"), at=own) as shown:
            shown.until_row("●", "product", "generate design")
            shown.type("jjx")
            shown.until("Cancel product?", "Keep running")
            shown.type("\r")
            shown.until(gone=["Cancel product?"])
            shown.type("x")
            shown.until("Cancel product?")
            assert not numbers(own / "told"), "nobody has said yes"
            shown.type("y")
            shown.until_row("⊘", "product", "cancelled")
            wait_for(lambda: len(numbers(own / "told")) == 1)

    def test_z_takes_a_cancel_back_and_the_log_of_decisions_tells_of_both(self, own: Path) -> None:
        with terminal(*command("run", "design", "catalog", "--agent", "waits"), at=own) as shown:
            shown.until_row("●", "product", "generate design")
            shown.type("jjx")
            shown.until("Cancel product?", "and z takes this")
            shown.type("y")
            shown.until_row("⊘", "product", "cancelled")
            shown.type("z")
            shown.until("Undone: cancel of product")
            shown.until_row("●", "product", "generate design", "×2")
            shown.type(":")
            shown.until("Decisions", "Theme")
            shown.type("\r")
            shown.until("Decisions and new needs")
            shown.until_row("⊘", "product", "cancelled by")
            shown.until_row("cancel of product undone by")
            shown.type("\x1b")
            shown.until("session  ", gone=["Decisions and new needs"])
            shown.type("q")
            assert shown.until_ended() == 0
        assert [path.name for path in (own / ".covey").glob("looked-*.json")] != []


class TestHostileText:
    """Text from agents is shown and never obeyed, neither by the terminal nor as markup."""

    def test_escapes_and_markup_of_an_agent(self, own: Path) -> None:
        add_agent(own, "hostile", HOSTILE)
        with terminal(*command("run", "design", "catalog", "--agent", "hostile"), at=own, columns=160) as shown:
            shown.until("3 agent error")
            shown.type("n")
            shown.until("the end ␛]0;evil␇ [/red]")
            shown.type("l")
            shown.until("title ␛]0;evil␇ and \\x9b2J and [/red][bold] and ␛[31mred")
            shown.type("i")
            shown.until("Esc back", "the end ␛]0;evil␇ [/red]")
            shown.type("\x1b")
            shown.until("session  ", "status", gone=["Esc back"])
            shown.type("q")
            assert shown.until_ended() == 0
        for forbidden in (b"\x1b]0;evil", b"\xc2\x9b", b"\x1b[31m"):
            assert forbidden not in shown.written
