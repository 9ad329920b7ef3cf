"""What is told to a person who looks elsewhere: the very bytes."""

from msgspec.structs import replace

from covey.model.session import Session
from covey.model.status import FailureCause
from covey_tui.notifier import GIVE_TITLE_BACK, KEEP_TITLE, Notifier
from covey_tui.view.board import Board
from covey_tui.view.needs import Needs
from tests.tui.pictures import board, complete, failed, family, gone, running, waiting


class Terminal:
    """A board that is followed, and what was written meanwhile."""

    def __init__(self, shown: Board | None = None, *, bell: bool = True) -> None:
        self.board = shown or board()
        self.needs = Needs(self.board)
        self.written: list[str] = []
        self.notifier = Notifier(self.needs, self.written.append, bell=bell)
        self.notifier.begin()

    def becomes(self, **changes: dict[str, object]) -> list[str]:
        """Some sessions change; what is written then."""
        del self.written[:]
        rows = [
            replace(row, **changes[row.component]) for row in self.board.stored.values() if row.component in changes
        ]
        change = self.board.infer(rows)
        self.needs.apply(change)
        self.notifier.follow(change)
        return list(self.written)


BROKEN = failed(FailureCause.CHECK_FAILED, "x")


class TestNewNeeds:
    """Each new need rings once; what was there at the beginning does not."""

    def test_nothing_rings_at_the_beginning(self) -> None:
        assert Terminal().written == [KEEP_TITLE, "\x1b]2;covey: 3 need you\a"]

    def test_a_new_need_rings_says_what_it_is_and_changes_the_title(self) -> None:
        assert Terminal().becomes(Payment=BROKEN) == [
            "\a\x1b]9;covey: Payment: failed: checks\a",
            "\x1b]2;covey: 4 need you\a",
        ]

    def test_several_at_once_ring_once(self) -> None:
        assert Terminal().becomes(Payment=BROKEN, Variant=gone())[0] == "\a\x1b]9;covey: 2 more need you\a"

    def test_the_same_need_never_rings_twice(self) -> None:
        terminal = Terminal()
        terminal.becomes(Payment=BROKEN)
        assert terminal.becomes(Payment={**BROKEN, "error_message": "y"}) == []
        assert terminal.becomes() == ["\x1b]2;covey: 3 need you\a"]
        assert terminal.becomes(Payment=BROKEN) == ["\x1b]2;covey: 4 need you\a"]

    def test_another_attempt_that_fails_rings_again(self) -> None:
        terminal = Terminal()
        terminal.becomes(Payment=BROKEN)
        assert terminal.becomes(Payment={**BROKEN, "attempt": 2})[0].startswith("\a\x1b]9;")

    def test_work_that_goes_on_is_silent(self) -> None:
        assert Terminal().becomes(Payment={"step": "ReviseDesign"}) == []

    def test_without_a_bell_it_is_told_all_the_same(self) -> None:
        assert Terminal(bell=False).becomes(Payment=BROKEN)[0].startswith("\x1b]9;")

    def test_a_board_that_is_loaded_anew_does_not_ring(self) -> None:
        terminal = Terminal()
        del terminal.written[:]
        terminal.board.load([replace(row, **BROKEN) if row.component == "Payment" else row for row in board_rows()], {})
        terminal.needs.load()
        terminal.notifier.again()
        assert terminal.written == ["\x1b]2;covey: 4 need you\a"]
        assert terminal.becomes(Payment=BROKEN) == []


class TestTitle:
    """The window says how many; in the end it has its own title again."""

    def test_one(self) -> None:
        shown = board(family("Billing", 9, waiting(), [("A", 1, gone()), ("B", 1, running("X"))]))
        assert Terminal(shown).written[-1] == "\x1b]2;covey: 1 needs you\a"

    def test_none(self) -> None:
        shown = board(family("Billing", 9, waiting(), [("A", 1, complete())]))
        assert Terminal(shown).written[-1] == "\x1b]2;covey\a"

    def test_it_is_given_back(self) -> None:
        terminal = Terminal()
        terminal.notifier.end()
        assert terminal.written[-1] == GIVE_TITLE_BACK


class TestHostileNames:
    """A name cannot end the text of an escape sequence, nor begin one of its own."""

    def test_escapes_bells_and_semicolons_do_not_get_through(self) -> None:
        name = "4;1;50\x07\x1b]52;c;aGk=\x07\x1b\\\x9c\x9d"
        rows = [replace(row, component=name) if row.component == "Payment" else row for row in board_rows()]
        terminal = Terminal(board(rows))
        told = terminal.becomes(**{name: BROKEN})[0]
        body = told.removeprefix("\a\x1b]9;").removesuffix("\a")
        assert body.startswith("covey: ")
        assert not set(body) & {"\x07", "\x1b", ";", "\x9c", "\x9d", "\n"}
        assert len(body) <= 120


def board_rows() -> list[Session]:
    return list(board().stored.values())
