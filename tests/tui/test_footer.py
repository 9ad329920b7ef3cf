import pytest

from covey.client.ui import UiSettings, shown
from covey.model.ability import Ability
from covey.model.pause import Pause, PauseKind, PauseMode
from covey.model.session import Session
from covey.model.status import ArtifactState, FailureCause, Phase
from covey_tui.view.board import Board
from covey_tui.view.footer import Situation, footer, in_its_place
from covey_tui.view.progress import Manner
from covey_tui.view.spans import Role, room, span
from tests.tui.pictures import (
    NOW,
    board,
    budget_spent,
    complete,
    failed,
    family,
    gone,
    paused,
    running,
    skipped,
    waiting,
)
from tests.tui.reading import text

TALKS = {"abilities": (Ability.TURNS, Ability.MESSAGES)}
WIDE = 200
END = "? help   q leave"
SEARCH = "/ search   f filter"


def said(
    made: Board, here: Situation, cells: int = WIDE, settings: UiSettings | None = None, manner: Manner | None = None
) -> str:
    """The footer, its two ends divided by a bar."""
    known = settings or UiSettings()
    line = footer(made, here, lambda binding: shown(known.keys_of(binding)[0]), cells, manner or Manner())
    assert room(line) == cells
    left, _, right = "".join(text for text, _ in line).rpartition("    ")
    return f"{left.strip()} | {right.strip()}"


def child(**changes: object) -> tuple[Board, Situation]:
    """A board with one child, and a cursor on it."""
    made = board(family("Billing", 252, waiting(), [("Invoice", 64, changes)]))
    return made, Situation(made.children(made.roots()[0])[0])


def parent(*children: tuple[str, int | None, dict[str, object]], **changes: object) -> tuple[Board, str]:
    """A board with one run, and its root's id."""
    rows: list[Session] = list(family("Billing", 252, {**waiting(), **changes}, children))
    return board(rows), rows[0].id


class TestRows:
    """What the row allows stands first, best first; then what changes the view."""

    @pytest.mark.parametrize(
        ("row", "keys"),
        [
            (failed(FailureCause.CRASH, "no"), "r retry   e retry with note…   s skip…   o open file"),
            (gone(), "r retry   e retry with note…   s skip…   o open file"),
            (failed(FailureCause.CHECK_FAILED, "no"), "e retry with note…   r retry   s skip…   o open file"),
            (running("ValidateDesign"), "l transcript   x cancel…   p pause"),
            ({"phase": Phase.INTERRUPTED, "pending": "i"}, "l transcript   x cancel…   p pause"),
            (
                {"phase": Phase.INTERRUPTED, "needs_human": {"interrupted": "it may still write"}},
                "r retry   s skip…   x cancel…   l transcript",
            ),
            ({}, "x cancel…   s skip…"),
            (complete(), "d artifact   o open file   y copy"),
            (complete(kept=True), "d artifact   o open file   y copy"),
            (skipped("later"), "r retry   e retry with note…   o open file"),
            ({**skipped("later"), "phase": Phase.CANCELLING}, "X kill now   l transcript"),
        ],
    )
    def test_a_child(self, row: dict[str, object], keys: str) -> None:
        made, here = child(**row)
        assert said(made, here) == f"{keys}   {SEARCH} | {END}"

    @pytest.mark.parametrize(
        ("row", "keys"),
        [
            (
                {**running("ReviseDesign"), "phase": Phase.ASKING, "question": "Which?", "question_id": "q"},
                "m answer…   l transcript   s skip…   x cancel…",
            ),
            ({**running("ReviseDesign"), **TALKS}, "l transcript   m message…   x cancel…   p pause"),
            (
                {**running("ReviseDesign"), **TALKS, "phase": Phase.STALLED, "stalled_since": NOW},
                "l transcript   r retry…   m message…   x cancel…   s skip…",
            ),
        ],
    )
    def test_who_can_be_told_something(self, row: dict[str, object], keys: str) -> None:
        made, here = child(**row)
        assert said(made, here) == f"{keys}   {SEARCH} | {END}"

    def test_a_session_without_a_file_offers_none(self) -> None:
        made, here = child(**complete(artifact_path=None, artifact=ArtifactState.UNKNOWN))
        assert "open file" not in said(made, here)

    def test_a_parent_at_work(self) -> None:
        made, root = parent(("Invoice", 3, running("ValidateDesign")))
        assert said(made, Situation(root)) == f"x cancel…   Space fold   p pause   + - slots   {SEARCH} | {END}"

    def test_a_paused_run_can_be_resumed_from_any_of_its_rows(self) -> None:
        pause = Pause(kind=PauseKind.HUMAN, mode=PauseMode.SOFT, cause="enough", since=NOW, by="ana")
        made, root = parent(("Invoice", None, {}), ("Payment", 3, running("ValidateDesign")), paused=pause)
        waiting, working = made.children(root)
        assert "p resume" in said(made, Situation(root))
        assert said(made, Situation(waiting)).startswith("p resume   x cancel…   s skip…")
        assert "p resume" in said(made, Situation(working))

    def test_so_can_one_whose_root_is_blocked_as_well(self) -> None:
        pause = Pause(kind=PauseKind.REPEATED_FAILURES, mode=PauseMode.SOFT, cause="2 failed", since=NOW, by="covey")
        made, root = parent(("Invoice", None, failed(FailureCause.CRASH, "no")), phase=Phase.BLOCKED, paused=pause)
        assert said(made, Situation(root)).startswith("p resume   ")

    def test_a_paused_run_is_resumed_before_anything_else(self) -> None:
        for rows, resume in ((paused(), "p resume"), (budget_spent(), "p raise the budget…")):
            made = board(rows)
            expected = f"{resume}   x cancel…   Space fold   + - slots   {SEARCH} | {END}"
            assert said(made, Situation(made.roots()[0])) == expected

    def test_a_parent_below_which_some_have_failed(self) -> None:
        made, root = parent(("Invoice", 3, failed(FailureCause.CRASH, "no")))
        found = said(made, Situation(root, failed_below=3))
        assert found == f"x cancel…   R retry all 3…   Space fold   p pause   + - slots   {SEARCH} | {END}"

    def test_one_that_has_failed_is_not_called_all(self) -> None:
        made, root = parent(("Invoice", 3, failed(FailureCause.CRASH, "no")))
        assert "R retry what failed…   Space fold" in said(made, Situation(root, failed_below=1))

    def test_a_parent_that_is_blocked_may_look_again(self) -> None:
        verdict = {"failed": [{"component": "Invoice"}]}
        made, root = parent(("Invoice", 3, failed(FailureCause.CRASH, "no")), phase=Phase.BLOCKED, needs_human=verdict)
        assert said(made, Situation(root)).startswith("r look again   x cancel…   Space fold")

    def test_a_finished_run(self) -> None:
        made, root = parent(("Invoice", 3, complete()), **complete())
        assert said(made, Situation(root)) == f"Enter open   y copy   {SEARCH} | {END}"

    def test_many_problems_can_be_seen_alone(self) -> None:
        made, here = child(**gone())
        many = Situation(here.session_id, many_problems=True)
        assert f"! only problems   {SEARCH}" in said(made, many)
        assert "only problems" not in said(made, here)


class TestPlaces:
    """Marks, the detail, and where there is no row."""

    def test_marks_are_counted_by_what_can_be_done(self) -> None:
        made, _ = parent(
            ("A", 3, gone()), ("B", 3, failed(FailureCause.CRASH, "no")), ("C", 3, complete()), ("D", None, {})
        )
        marks = tuple(made.children(made.roots()[0]))
        found = said(made, Situation(marks[0], marks, matching=26))
        keys = "r retry 2…   s skip 3…   x cancel 1…   v unmark   V mark all 26   Esc unmark all"
        assert found == f"{keys} | {END}"

    def test_one_mark_is_retried_at_once_and_another_row_can_be_marked(self) -> None:
        made, _ = parent(("A", 3, gone()), ("B", 3, gone()))
        first, second = made.children(made.roots()[0])
        assert said(made, Situation(second, (first,))).startswith("r retry 1   s skip 1…   v mark   V mark all   Esc")

    def test_one_mark_is_called_as_its_row_is(self) -> None:
        made, root = parent(("A", 3, gone()), ("B", 3, running("ValidateDesign")), phase=Phase.BLOCKED)
        _, at_work = made.children(root)
        assert said(made, Situation(root, (root,))).startswith("r look again 1   x cancel 1…")
        assert said(made, Situation(root, (at_work,))).startswith("r retry 1…   s skip 1…   x cancel 1…")

    def test_the_detail(self) -> None:
        made, here = child(**running("ValidateDesign"))
        assert (
            said(made, Situation(here.session_id, in_detail=True))
            == f"Esc tree   1–5 tabs   x cancel…   p pause   / search | {END}"
        )
        made, root = parent(("Invoice", 3, running("ValidateDesign")))
        assert said(made, Situation(root, in_detail=True)) == f"Esc tree   1–5 tabs   x cancel…   / search | {END}"

    def test_the_other_view_of_the_artifact_that_is_shown(self) -> None:
        made, here = child(**complete())
        diff = Situation(here.session_id, other_view="diff")
        assert said(made, diff) == f"d diff   o open file   y copy   {SEARCH} | {END}"
        made, here = child(**running("ValidateDesign"))
        assert said(made, Situation(here.session_id, other_view="file")).startswith("d file   l transcript")

    def test_tabs_on_keys_that_are_not_in_a_row_are_left_to_the_help(self) -> None:
        made, here = child(**running("ValidateDesign"))
        settings = UiSettings(keys={"view.tab_2": ("f2",)})
        assert "tabs" not in said(made, Situation(here.session_id, in_detail=True), settings=settings)

    def test_nothing_was_ever_run(self) -> None:
        assert said(Board("shop"), Situation(None)) == f"y copy   ↑↓ move   : commands | {END}"
        can_begin = Situation(None, can_begin=True)
        assert said(Board("shop"), can_begin) == f"Enter run it…   y copy   ↑↓ move   : commands | {END}"

    def test_a_filter_that_finds_nothing(self) -> None:
        assert said(board(), Situation(None)) == f"Esc show all   f filter   : commands | {END}"


class TestRoom:
    """What does not fit falls off before the help; the keys are bold, their labels muted, and nothing has a colour."""

    @pytest.mark.parametrize("cells", range(20, 120))
    def test_it_always_ends_with_the_way_out(self, cells: int) -> None:
        made, here = child(**failed(FailureCause.CRASH, "no"))
        left, _, right = said(made, here, cells).rpartition(" | ")
        assert right.endswith(END)
        whole = "r retry   e retry with note…   s skip…   o open file   / search   f filter"
        assert not left or whole.startswith(left)
        assert not left or whole[len(left) :][:3] in {"", "   "}

    def test_as_in_the_pictures(self) -> None:
        made, here = child(**failed(FailureCause.CRASH, "no"))
        assert said(made, here, 98) == (
            "r retry   e retry with note…   s skip…   o open file   / search   f filter | ? help   q leave"
        )
        assert said(made, here, 78) == "r retry   e retry with note…   s skip…   o open file | ? help   q leave"

    def test_roles(self) -> None:
        made, here = child(**failed(FailureCause.CRASH, "no"))
        line = footer(made, here, lambda binding: binding[:1], WIDE)
        assert {tone.role for text, tone in line if text.strip()} == {Role.TEXT, Role.MUTED}
        assert all(tone.bold == (tone.role is Role.TEXT) for text, tone in line if text.strip())

    def test_three_dots_where_there_is_nothing_else(self) -> None:
        made, here = child(**failed(FailureCause.CRASH, "no"))
        assert "e retry with note..." in said(made, here, manner=Manner(ascii=True))


class TestInItsPlace:
    """What is said for a moment is said to its end, where the line has room for it."""

    @pytest.mark.parametrize(
        ("said", "shown"),
        [
            ("Copied: a.md", "Copied: a.md                ? help   q leave"),
            ("A cannot be cancelled: it has ended", "A cannot be cancelled: it has ended         "),
            ("A cannot be cancelled: it has ended long ago.", "A cannot be cancelled: it has ended long ag…"),
        ],
    )
    def test_the_keys_at_the_right_yield(self, said: str, shown: str) -> None:
        line = in_its_place((span(said),), (span("? help   q leave"),), 44)
        assert text([line]) == shown


class TestRemapped:
    """The footer names the keys that work."""

    def test_other_keys(self) -> None:
        made, here = child(**failed(FailureCause.CRASH, "no"))
        settings = UiSettings(keys={"session.retry": ("f5", "r"), "app.leave": ("ctrl+x",)})
        found = said(made, here, settings=settings)
        assert found.startswith("F5 retry   e retry")
        assert found.endswith("? help   Ctrl+X leave")
