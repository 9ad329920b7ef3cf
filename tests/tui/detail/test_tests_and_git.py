"""What the detail says of failing tests, and of where the work is in git."""

from msgspec.structs import replace

from covey.model.status import FailureCause
from covey_tui.view.detail.problem import problem_lines
from covey_tui.view.detail.summary import summary_lines
from covey_tui.view.spans import Line
from tests.tui.pictures import NOW, board, committed, complete, family, under_test

WIDTH = 60
TAX_RULE = "id-billing-taxrule"


def texts(lines: list[Line]) -> list[str]:
    return ["".join(piece.text for piece in line).rstrip() for line in lines]


class TestFailingTests:
    """Problem lists the tests that fail: name and line, then what each said."""

    def test_each_with_its_message(self) -> None:
        shown = board(under_test())
        lines = texts(problem_lines(shown, shown.session(TAX_RULE), NOW, WIDTH))
        assert lines[:9] == [
            "✗ failed: checks",
            "The tests are not in order.",
            "",
            "✗ test_reduced_rate (line 31)",
            "  assert Decimal('0.19') == Decimal('0.07')",
            "✗ TestRounding::test_half_cents (line 58)",
            "  decimal.InvalidOperation: [<class",
            "  'decimal.ConversionSyntax'>]",
            "",
        ]

    def test_an_agents_advice_comes_first_and_says_nothing_twice(self) -> None:
        rows = under_test()
        row = next(each for each in rows if each.id == TAX_RULE)
        path, _, found = (row.error_message or "").partition(": ")
        row = replace(row, error_message=f"{path}: code and contract differ: mend the code: {found}; and more")
        lines = texts(problem_lines(board(rows), row, NOW, WIDTH))
        assert lines[1:4] == ["Code and contract differ: mend the code.", "", "✗ test_reduced_rate (line 31)"]

    def test_a_peek_has_the_first(self) -> None:
        shown = board(under_test())
        lines = texts(problem_lines(shown, shown.session(TAX_RULE), NOW, WIDTH, peek=4))
        assert lines == [
            "✗ failed: checks",
            "✗ test_reduced_rate (line 31)",
            "  assert Decimal('0.19') == Decimal('0.07')",
            "Expected  tests/shop/billing/test_tax_rule.py",
        ]

    def test_of_many_the_first_ones(self) -> None:
        rows = under_test()
        state = {"tested": {"of": "", "findings": [f"test_{number}: no" for number in range(11)]}}
        row = replace(next(each for each in rows if each.id == TAX_RULE), state=state)
        lines = texts(problem_lines(board(rows), row, NOW, WIDTH))
        assert "✗ test_7" in lines
        assert "✗ test_8" not in lines
        assert "and 3 more" in lines

    def test_what_a_test_says_is_not_obeyed(self) -> None:
        rows = under_test()
        state = {"tested": {"of": "", "findings": ["test_it: \x1b]0;owned\x07 [red]"]}}
        row = replace(next(each for each in rows if each.id == TAX_RULE), state=state)
        said = "".join(texts(problem_lines(board(rows), row, NOW, WIDTH)))
        assert "\x1b" not in said
        assert "[red]" in said

    def test_another_failure_says_nothing_of_old_tests(self) -> None:
        rows = under_test()
        row = replace(next(each for each in rows if each.id == TAX_RULE), failure_cause=FailureCause.TIMEOUT)
        assert not any(
            "test_reduced_rate (line" in line for line in texts(problem_lines(board(rows), row, NOW, 200))[3:]
        )


class TestGit:
    """A parent's sums end with its commit, or with the reason why there is none."""

    def test_the_commit(self) -> None:
        rows = committed()
        lines = texts(summary_lines(board(rows), rows[0], NOW, WIDTH))
        assert "Commit     9b4c07d2e1   on docs-billing" in lines

    def test_nothing_committed_yet(self) -> None:
        rows = committed()
        root = replace(rows[0], state={"git": {"branch": "docs-billing", "base": "1f", "commit": None}})
        lines = texts(summary_lines(board(rows), root, NOW, WIDTH))
        assert "Branch     docs-billing   nothing committed yet" in lines

    def test_a_branch_too_long_for_its_note_takes_no_room_from_the_other_notes(self) -> None:
        rows = committed()
        root = replace(rows[0], state={"git": {"branch": "docs-shop-billing", "base": "1f", "commit": None}})
        lines = texts(summary_lines(board(rows), root, NOW, 42))
        assert "Branch     docs-shop-billing" in lines
        assert any(line.startswith("Time ") and line.endswith(" of agent work") for line in lines)

    def test_no_branch(self) -> None:
        rows = committed()
        root = replace(rows[0], state={"git": {"reason": "there is no commit yet"}})
        lines = texts(summary_lines(board(rows), root, NOW, WIDTH))
        assert "Git        no branch   there is no commit yet" in lines

    def test_outside_of_git_nothing_is_said(self) -> None:
        rows = list(family("Billing", 9, complete(), [("A", 5, complete())]))
        lines = texts(summary_lines(board(rows), rows[0], NOW, WIDTH))
        assert not any(line.startswith(("Commit", "Branch", "Git")) for line in lines)
