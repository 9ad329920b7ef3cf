"""The tabs drawn from the board, and the lines of steps, files and documents: exact, for the pictures' data."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from covey.client.artifact import Artifact
from covey.model.command import CommandKind, ResultStatus
from covey.model.session import Session
from covey.model.status import ArtifactState, FailureCause, Phase, Status
from covey_tui.view.board import Board
from covey_tui.view.detail.artifact import artifact_head, artifact_lines, diff_lines, is_rendered, no_artifact
from covey_tui.view.detail.document import document_lines
from covey_tui.view.detail.head import (
    Tab,
    head_line,
    marked_head,
    marked_lines,
    not_started,
    peek_line,
    tab_for,
    tabs_line,
    tabs_of,
)
from covey_tui.view.detail.pieces import clock
from covey_tui.view.detail.problem import problem_lines
from covey_tui.view.detail.state import state_lines, tab_lines
from covey_tui.view.detail.steps import step_lines
from covey_tui.view.detail.summary import Below, Walk, summary_lines
from covey_tui.view.spans import Ground, Line, Role
from covey_tui.view.stopped import stopped_by
from tests.tui.detail.source import interaction
from tests.tui.pictures import (
    NOW,
    REFUSED,
    board,
    catalog_of_sixty_one,
    complete,
    failed,
    family,
    gone,
    paused,
    session,
    shop,
    skipped,
    waiting,
    without_credential,
)

WIDTH = 43
TAX, LEDGER, PAYMENT = "id-billing-taxrule", "id-billing-ledger", "id-billing-payment"


def text(line: Line) -> str:
    return "".join(piece.text for piece in line)


def texts(lines: list[Line]) -> list[str]:
    return [text(line) for line in lines]


def one(reason: str, cause: FailureCause, **changes: object) -> tuple[Board, Session]:
    """A board whose only child failed like this."""
    rows = list(family("Billing", 252, waiting(), [("TaxRule", 127, failed(cause, reason, **changes))]))
    return board(rows), rows[1]


class TestHead:
    """The head says who it is and what it took; the tabs stand below."""

    def test_name_attempt_and_numbers(self) -> None:
        row = session("TaxRule", "Billing", 127, attempt=2, usage={"input": 9_400}, cost_usd=0.09)
        assert text(head_line(board([session("Billing", None), row]), row, NOW, WIDTH)) == (
            "TaxRule  attempt 2     2m07s   9.4k   $0.09"
        )

    def test_what_is_unknown_is_blank(self) -> None:
        shown = board()
        assert text(head_line(shown, shown.session(TAX), NOW, WIDTH)) == "TaxRule  attempt 2" + " " * 20 + "2m07s"

    def test_a_parent_has_the_sums_below_it(self) -> None:
        rows = list(family("Billing", 422, complete(), [("Tax", 9, complete(usage={"input": 148_000}, cost_usd=1.46))]))
        line = head_line(board(rows), rows[0], NOW, WIDTH)
        assert text(line) == "Billing                7m02s   148k   $1.46"

    def test_where_there_is_room_it_says_whose_it_is(self) -> None:
        shown = board()
        assert text(head_line(shown, shown.session(PAYMENT), NOW, 78)).startswith("Payment  design of Billing  ")

    def test_the_tabs_fit_the_narrow_detail(self) -> None:
        shown = board()
        line = tabs_line(tabs_of(shown, shown.session(TAX)), Tab.PROBLEM)
        assert text(line) == "Transcript  Steps  Artifact  Problem  State"
        active = next(piece for piece in line if piece.tone.bold)
        assert (active.text, active.tone.role, active.tone.underline) == ("Problem", Role.PRIMARY, True)

    def test_a_parent_has_a_summary(self) -> None:
        shown = board()
        assert tabs_of(shown, shown.session("id-run-billing"))[0] is Tab.SUMMARY

    def test_in_the_peek_name_and_tabs_share_a_line(self) -> None:
        shown = board()
        line = text(peek_line(shown, shown.session(TAX), Tab.PROBLEM, 78))
        assert line == "TaxRule  attempt 2" + " " * 17 + "Transcript  Steps  Artifact  Problem  State"

    def test_a_narrow_peek_has_no_tabs(self) -> None:
        shown = board()
        assert text(peek_line(shown, shown.session(TAX), Tab.PROBLEM, 50)).rstrip() == "TaxRule  attempt 2"


class TestChoiceOfTab:
    """The tab last chosen; without one, what matters most."""

    @pytest.mark.parametrize(
        ("key", "tab"),
        [(TAX, Tab.PROBLEM), (LEDGER, Tab.PROBLEM), (PAYMENT, Tab.TRANSCRIPT), ("id-run-billing", Tab.SUMMARY)],
    )
    def test_nothing_chosen(self, key: str, tab: Tab) -> None:
        shown = board()
        assert tab_for(shown, shown.session(key), None) is tab

    def test_chosen(self) -> None:
        shown = board()
        assert tab_for(shown, shown.session(TAX), Tab.STEPS) is Tab.STEPS
        assert tab_for(shown, shown.session(TAX), Tab.SUMMARY) is Tab.TRANSCRIPT
        assert tab_for(shown, shown.session("id-run-billing"), Tab.TRANSCRIPT) is Tab.SUMMARY


class TestMarks:
    """Those that are marked: how many, their sums, their names, what they have in common."""

    def test_three_that_miss_their_file(self) -> None:
        shown = board(catalog_of_sixty_one())
        marked = [f"id-catalog-component0{number}" for number in (2, 3, 5)]
        assert text(marked_head(shown, marked, NOW, WIDTH)) == "3 marked" + " " * 30 + "1m40s"
        assert texts(marked_lines(shown, marked, WIDTH)) == [
            "Component02",
            "Component03",
            "Component05",
            "",
            "All three miss their file.",
        ]

    def test_different_ones_have_nothing_in_common(self) -> None:
        assert texts(marked_lines(board(), [TAX, PAYMENT], WIDTH)) == ["TaxRule", "Payment"]


class TestProblem:
    """What is wrong, and what to do, best advice first."""

    def test_a_failure(self) -> None:
        shown = board()
        lines = problem_lines(shown, shown.session(TAX), NOW, WIDTH)
        assert texts(lines) == [
            "✗ failed: agent",
            "The agent exited with code 1: no such",
            "model.",
            "",
            "Expected file",
            "docs/design/shop/billing/tax_rule.md",
            "",
            "What you can do",
            "r  retry from the first step",
            "e  retry with a note to the agent",
            "l  read the transcript",
            "o  write the file yourself, then r keeps it",
            "s  skip it; Billing goes on without it",
        ]
        assert all(piece.tone.bold and piece.tone.role is Role.ERROR for piece in lines[0])

    def test_a_file_that_is_gone(self) -> None:
        shown = board()
        at = clock(NOW)
        lines = texts(problem_lines(shown, shown.session(LEDGER), NOW, WIDTH))
        assert lines[0] == "▲ design file missing"
        assert " ".join(lines[1:3]) == f"It was written and checked at {at} and is gone now."
        assert lines[lines.index("What you can do") + 1 :] == [
            "r  retry; the agent is told the path",
            "e  retry with a note to the agent",
            "l  read the transcript",
            "o  write the file yourself",
            "s  skip it; Billing goes on without it",
        ]

    def test_an_agent_that_left_no_file(self) -> None:
        shown, row = one("the agent ended well, but x.md is not there", FailureCause.MISSING_FILE)
        lines = texts(problem_lines(shown, row, NOW, WIDTH))
        assert lines[0] == "✗ failed: no file"
        assert " ".join(lines[1:3]) == "The agent reported success, but the file is not there."
        assert "r  retry; the agent is told the path" in lines

    def test_checks_want_a_note_first(self) -> None:
        path = "docs/design/shop/billing/tax_rule.md"
        shown, row = one(f"{path}: line 3: the section 'API' is empty; write it", FailureCause.CHECK_FAILED)
        lines = texts(problem_lines(shown, row, NOW, 90))
        assert lines[1] == "The document does not pass: line 3: the section 'API' is empty; write it."
        advice = lines[lines.index("What you can do") + 1 :]
        assert [each[0] for each in advice] == ["e", "r", "l", "o", "s"]

    def test_what_does_not_pass_is_called_by_its_kind(self) -> None:
        path = "docs/design/shop/billing/tax_rule.md"
        shown, row = one(f"{path}: the section 'Summary' is missing", FailureCause.CHECK_FAILED)
        lines = texts(problem_lines(shown, replace(row, type="ComponentDesignReviewSessions"), NOW, 90))
        assert lines[1] == "The review does not pass: the section 'Summary' is missing."

    @pytest.mark.parametrize(
        ("reason", "said"),
        [
            ("exited with code 1: no such model", "The agent exited with code 1: no such model."),
            ("took longer than 20m", "The agent took longer than 20m."),
            ("no output for 5m", "The agent gave no output for 5m."),
            ("src/a.py:3: syntax error", "src/a.py:3: syntax error."),
            ("No child components found", "No child components found."),
        ],
    )
    def test_reasons_become_sentences(self, reason: str, said: str) -> None:
        shown, row = one(reason, FailureCause.AGENT_ERROR)
        assert text(problem_lines(shown, row, NOW, 90)[1]) == said

    def test_many_with_the_same_trouble_are_looked_at_together(self) -> None:
        shown = board(catalog_of_sixty_one())
        lines = texts(problem_lines(shown, shown.session("id-catalog-component02"), NOW, WIDTH))
        assert lines[-3:] == ["25 others miss theirs too.", "i  see them all", "R  retry them together"]

    def test_many_that_failed_alike(self) -> None:
        bad = failed(FailureCause.TIMEOUT, "took longer than 20m")
        other = failed(FailureCause.CRASH, "it crashed")
        rows = list(family("Billing", 9, waiting(), [*((f"C{n}", 9, bad) for n in range(5)), ("Odd", 9, other)]))
        shown = board(rows)
        assert "4 others failed for the same cause." in texts(problem_lines(shown, rows[1], NOW, WIDTH))
        assert "What you can do" in texts(problem_lines(shown, rows[-1], NOW, WIDTH))

    def test_the_peek_has_no_keys_and_no_blank_lines(self) -> None:
        shown = board()
        assert texts(problem_lines(shown, shown.session(TAX), NOW, 78, peek=4)) == [
            "✗ failed: agent",
            "The agent exited with code 1: no such model.",
            "Expected  docs/design/shop/billing/tax_rule.md",
        ]

    @pytest.mark.parametrize("peek", [4, 9])
    def test_a_peek_ends_with_a_sign_where_there_is_more_and_the_expected_file_stays_in_sight(self, peek: int) -> None:
        made, row = one("word " * 300, FailureCause.AGENT_ERROR)
        lines = texts(problem_lines(made, row, NOW, 78, peek=peek))
        assert len(lines) == peek
        assert lines[-2].endswith("word…")
        assert lines[-1].startswith("Expected  ")
        asks = replace(row, phase=Phase.ASKING, status=Status.ACTIVE, question="one\ntwo\nthree")
        assert texts(problem_lines(made, asks, NOW, 78, peek=4))[1:] == ["one", "two", "three"]
        asks = replace(asks, question="one\ntwo\nthree\nfour")
        assert texts(problem_lines(made, asks, NOW, 78, peek=4))[1:] == ["one", "two", "three…"]

    def test_below_a_parent_that_has_ended_nothing_is_retried(self) -> None:
        rows = list(family("Billing", 9, complete(), [("Ledger", 9, gone())]))
        lines = texts(problem_lines(board(rows), rows[1], NOW, 90))
        assert lines[-1] == "Billing is complete: covey run does what is missing."
        assert "What you can do" not in lines

    def test_who_cancelled(self) -> None:
        ended = {"status": Status.CANCELLED, "phase": None, "finished_at": NOW, "decided_by": "ana"}
        rows = list(family("Billing", 9, waiting(), [("Ledger", 9, {**ended, "error_message": "wrong agent"})]))
        lines = texts(problem_lines(board(rows), rows[1], NOW, WIDTH))
        assert lines[:2] == ["⊘ cancelled", f"Cancelled by ana, {clock(NOW)}. Wrong agent."]

    def test_the_verdict_of_a_blocked_parent(self) -> None:
        verdict = {
            "failed": [{"component": "TaxRule", "reason": "no such model", "cause": "agent_error"}],
            "missing_files": [{"component": f"C{n}", "path": f"docs/c{n}.md"} for n in range(7)],
            "not_created": [{"component": "New", "reason": "unknown"}],
        }
        blocked = {**waiting(), "phase": Phase.BLOCKED, "needs_human": verdict, "error_message": "…"}
        rows = list(family("Billing", 9, blocked, []))
        lines = texts(problem_lines(board(rows), rows[0], NOW, WIDTH))
        assert lines[0] == "◆ needs you"
        assert lines[4:6] == ["Failed  1", "TaxRule             agent"]
        assert lines[7:9] == ["Files missing  7", "C0                  docs/c0.md"]
        assert "and 2 more" in lines
        assert lines[-3:] == ["What you can do", "i  see them all", "r  look again"]

    def test_a_parent_blocked_for_its_own_sake(self) -> None:
        blocked = {**waiting(), "phase": Phase.BLOCKED, "needs_human": {}, "error_message": "All were skipped"}
        rows = list(family("Billing", 9, blocked, []))
        assert text(problem_lines(board(rows), rows[0], NOW, WIDTH)[1]) == "All were skipped."

    def test_a_root_is_not_skipped(self) -> None:
        rows = list(family("Billing", 9, failed(FailureCause.SPAWN_ERROR, "No children"), []))
        lines = texts(problem_lines(board(rows), rows[0], NOW, WIDTH))
        assert not any(line.startswith(("s  ", "o  ")) for line in lines)

    def test_of_what_was_skipped_who_decided_it_and_why(self) -> None:
        shown = board()
        row = shown.session("id-catalog-legacysync")
        for reason, said in (("replaced next year", "Skipped by ana. Replaced next year."), ("", "Skipped by ana.")):
            lines = problem_lines(shown, replace(row, skip_reason=reason), NOW, WIDTH)
            assert " ".join(texts(lines)) == said

    def test_no_problem(self) -> None:
        shown = board()
        assert texts(problem_lines(shown, shown.session(PAYMENT), NOW, WIDTH)) == ["No problem here."]
        lines = problem_lines(shown, shown.session("id-run-billing"), NOW, WIDTH)
        assert text(lines[0]) == "Nothing of its own; below it 2 need you."
        assert lines[0][0].tone.role is Role.MUTED


class TestSummary:
    """A parent says what it waits for, who needs you, what comes then, and the sums."""

    def test_at_work(self) -> None:
        shown = board()
        assert texts(summary_lines(shown, shown.session("id-run-billing"), NOW, WIDTH)) == [
            "◌ waiting   4 of 8 complete",
            "",
            "Waits for",
            "● Payment               validate design",
            "○ 1 queued",
            "",
            "Needs you  2",
            "✗ TaxRule               failed: agent",
            "▲ Ledger                file missing",
            "",
            "Then",
            "When all have ended, Billing looks for",
            "every document and has them reviewed.",
            "",
            "Attempts   10      2 retries on 2 sessions",
            "Time       4m12s   10m17s of agent work",
        ]

    def test_finished(self) -> None:
        used = {"usage": {"input": 12_700, "output": 2_100}, "cost_usd": 0.2}
        children = [
            ("Invoice", 64, complete(**used)),
            ("Tax", 200, complete(attempt=3)),
            ("Dun", 0, complete(kept=True)),
        ]
        rows = list(family("Billing", 422, complete(), children))
        assert texts(summary_lines(board(rows), rows[0], NOW, WIDTH)) == [
            "✓ 3 of 3 complete",
            "1 kept, none skipped, no file missing",
            "",
            "Attempts   5       2 retries on 1 session",
            "Time       7m02s   4m24s of agent work",
            "Tokens     14.8k   12.7k in, 2.1k out",
            "Cost       $0.20",
            "",
            "Next",
            "q  leave",
        ]

    def test_with_a_skip_and_a_lost_file(self) -> None:
        rows = list(family("Billing", 9, complete(), [("A", 9, skipped("later")), ("B", 9, gone())]))
        assert text(summary_lines(board(rows), rows[0], NOW, WIDTH)[1]) == "1 skipped, 1 file missing"

    def test_the_peek_has_no_sums(self) -> None:
        shown = board()
        lines = texts(summary_lines(shown, shown.session("id-run-billing"), NOW, 78, peek=True))
        assert "" not in lines
        assert not any(line.startswith("Attempts") for line in lines)

    def test_who_needs_you_is_counted_as_far_as_a_walk_has_found_them(self) -> None:
        shown = board()
        billing = shown.session("id-run-billing")
        earlier = Walk(shown, billing.id, NOW)
        earlier.go()
        shown.infer([replace(shown.session(PAYMENT), **failed(FailureCause.CRASH, "boom"))])
        lines = texts(summary_lines(shown, billing, NOW, WIDTH, below=earlier.below))
        assert lines[2:9] == [
            "Waits for",
            "○ 1 queued",
            "",
            "Needs you  2",
            "✗ TaxRule               failed: agent",
            "▲ Ledger                file missing",
            "",
        ]
        assert not any("Needs you" in line for line in texts(summary_lines(shown, billing, NOW, WIDTH, below=Below())))

    def test_those_for_whom_there_is_no_row_are_counted(self) -> None:
        names = ("A", "B", "C", "D", "E", "F", "G")
        rows = list(family("Billing", 9, waiting(), [(name, 9, gone()) for name in names]))
        shown = board(rows)
        lines = texts(summary_lines(shown, rows[0], NOW, WIDTH))
        assert (lines[2], lines[8]) == ("Needs you  7", "and 2 more")
        known = Below(needing=[each.id for each in rows[1:4]])
        few = texts(summary_lines(shown, rows[0], NOW, WIDTH, below=known))
        assert (few[2], few[6]) == ("Needs you  3", "")


class TestState:
    """The raw record, whole."""

    def test_every_field_in_its_place(self) -> None:
        row = replace(shop()[1], state={"note_taken": 1}, usage={"input": 3})
        lines = state_lines(row, WIDTH)
        labels = [text(line)[:20].strip() for line in lines]
        assert [label for label in labels if label] == [
            field.removeprefix("external_").replace("_", " ") for field in row.__struct_fields__
        ]
        assert f"{'started at':20}{clock(row.started_at or NOW, seconds=True)}" in texts(lines)
        assert f"{'state':20}" + '{"note_taken": 1}' in texts(lines)
        assert lines[0][0].tone.role is Role.MUTED

    def test_what_is_laid_over_a_record_is_told_apart_from_it(self) -> None:
        def told(name: str) -> list[str]:
            session = next(each for each in shown.stored.values() if each.component == name)
            return [" ".join(line.split()) for line in texts(tab_lines(shown, shown.session(session.id), NOW, 78))]

        shown = board(without_credential(), credentials=[REFUSED])
        assert stopped_by(shown.session("id-run-billing"))
        assert "needs human none" in told("Billing")
        assert not any(REFUSED.credential in line for line in told("Billing"))
        assert {"shown as paused", "phase queued"} <= {*told("CreditNote")}
        shown = board(paused())
        assert {"shown as paused", "phase waiting"} <= {*told("Billing")}
        shown = board()
        shown.infer([replace(shown.session(PAYMENT), phase=Phase.INTERRUPTED)])
        assert {"shown as interrupted", "phase running"} <= {*told("Payment")}
        assert not any(line.startswith("shown as") for line in told("TaxRule"))

    def test_long_values_go_on_below_themselves(self) -> None:
        lines = texts(state_lines(replace(shop()[1], error_message="word " * 12), WIDTH))
        place = next(at for at, line in enumerate(lines) if line.startswith("error message"))
        assert lines[place + 1].startswith(" " * 20 + "word")


class TestSteps:
    """Interactions by attempt, newest last; on request all that is known of one."""

    STEPS = (
        interaction("a", "Initialize", ResultStatus.WARNING, took=0, error_message="x.md is already there"),
        interaction("b", "ValidateDesign", ResultStatus.ERROR, data={"findings": ["1", "2", "3"]}, error_message="x"),
        interaction("c", "Initialize", ResultStatus.OK, attempt=2, took=0),
        interaction("d", "GenerateComponentDesign", None, attempt=2, seconds=21),
    )

    def test_folded(self) -> None:
        at = clock(NOW - timedelta(seconds=300), seconds=True)
        lines = [text(each.line) for each in step_lines(self.STEPS, frozenset(), NOW, WIDTH)]
        assert lines == [
            f"Attempt 1 {'─' * 24} {at}",
            "! Initialize         0s   x.md is already…",
            "✗ Validate design   41s   3 errors",
            "",
            f"Attempt 2 {'─' * 24} {at}",
            "✓ Initialize         0s",
            "● Generate design   21s",
        ]

    def test_unfolded(self) -> None:
        step = interaction(
            "b",
            "GenerateComponentDesign",
            ResultStatus.ERROR,
            kind=CommandKind.AGENT,
            metadata={"task": "generate", "findings": []},
            code=1,
            error_message="exited with code 1: no such model",
            stderr="".join(f"line {number}\n" for number in range(30)),
        )
        lines = [text(each.line) for each in step_lines([step], {"b"}, NOW, WIDTH)][2:]
        assert lines[:5] == [
            "  command       agent",
            "  task          generate",
            "  exit code     1",
            "  exited with code 1: no such model",
            "  stderr, its end",
        ]
        assert lines[5:] == [f"  line {number}" for number in range(20, 30)]

    def test_the_prompt_as_it_was_sent(self) -> None:
        told = "# Write `a.md`\n\nNot \x1b[2Jthis.\n" + "word " * 2_000
        step = replace(interaction("b", "GenerateComponentDesign", None, kind=CommandKind.AGENT), prompt=told)
        lines = [text(each.line) for each in step_lines([step], {"b"}, NOW, WIDTH)][2:]
        assert lines[:5] == [
            "  command       agent",
            "  prompt, as it was sent",
            "  # Write `a.md`",
            "",
            "  Not ␛[2Jthis.",
        ]
        assert " ".join(lines[5:]).split() == ["word"] * 2_000
        assert all(key is None for _, key in step_lines([step], {"b"}, NOW, WIDTH)[2:])


class TestArtifact:
    """The file, its age, its difference."""

    FILE = Artifact(
        "docs/design/shop/billing/payment.md",
        present=True,
        text="# Payment\n\nOne.\n",
        size=6_800,
        modified_at=NOW - timedelta(seconds=90),
    )

    def test_path_size_and_age(self) -> None:
        assert text(artifact_head(self.FILE, NOW, 78)) == (
            "docs/design/shop/billing/payment.md" + " " * 25 + "6.8 kB   1m30s ago"
        )
        assert text(artifact_head(self.FILE, NOW, WIDTH)).startswith("…/billing/payment.md  ")

    def test_only_documents_of_a_size_are_rendered(self) -> None:
        assert is_rendered(self.FILE)
        assert not is_rendered(Artifact("a.py", present=True, text="x"))
        assert not is_rendered(Artifact("a.md", present=True, text="x" * 200_001))

    def test_plain_text_as_it_is(self) -> None:
        lines = artifact_lines(Artifact("a.py", present=True, text="# x\n\n\ty = 1\n"), WIDTH)
        assert texts(lines) == ["# x", "", "    y = 1"]

    def test_of_a_large_file_the_beginning(self) -> None:
        lines = artifact_lines(Artifact("a.md", present=True, text="x", truncated=True), WIDTH)
        assert texts(lines)[-1] == "The file goes on; this is its beginning."

    def test_the_diff_in_colour(self) -> None:
        lines = diff_lines("@@ -1 +1 @@\n-old\n+new\n same", WIDTH)
        assert [(text(line), line[0].tone.role) for line in lines] == [
            ("@@ -1 +1 @@", Role.MUTED),
            ("-old", Role.ERROR),
            ("+new", Role.SUCCESS),
            (" same", Role.TEXT),
        ]

    def test_no_diff_tells_nothing_of_a_commit_where_there_may_be_none(self) -> None:
        said = "Nothing to compare with: git has no version of this file, or one too large to show."
        assert " ".join(texts(diff_lines(None, WIDTH))) == said
        assert texts(diff_lines("", WIDTH)) == ["No changes since the last commit."]

    def test_nothing_to_show(self) -> None:
        row = replace(shop()[1], status=Status.ACTIVE, phase=Phase.RUNNING, artifact=ArtifactState.UNKNOWN)
        missing = Artifact("x.md", reason="is not there")
        assert no_artifact(row, missing) == "Not written yet: x.md"
        assert no_artifact(replace(row, phase=None, status=Status.FAILED), missing) == "x.md is not there."
        assert no_artifact(row, Artifact("x.md", reason="is blank")) == "x.md is blank."
        assert no_artifact(replace(row, artifact_path=None), None) == "This session has no file of its own."
        assert no_artifact(row, None) is None


class TestDocument:
    """A document is rendered to lines."""

    def test_what_documents_are_made_of(self) -> None:
        source = """# Payment

Takes **money** for `invoices`,
see [the *context*](billing.md).

## Public API

| name | does |
|---|---|
| refund | gives back |

- one
- two
  1. inner

```python
def refund(): ...
```

> said
"""
        lines = document_lines(source, 42)
        assert texts(lines) == [
            "Payment",
            "",
            "Takes money for invoices, see the context",
            "(billing.md).",
            "",
            "Public API",
            "",
            "name    does",
            "──────────────────",
            "refund  gives back",
            "",
            "· one",
            "· two",
            "  1. inner",
            "",
            " def refund(): ..." + " " * 24,
            "",
            "▌ said",
        ]
        assert {piece.text for line in lines for piece in line if piece.tone.bold} >= {"Payment", "money", "name"}
        grounds = {piece.text: piece.tone.ground for line in lines for piece in line}
        assert grounds["invoices"] is Ground.PANEL

    def test_a_hard_break_and_loose_items(self) -> None:
        assert texts(document_lines("a  \nb\n\n- one\n\n- two\n", 20)) == ["a", "b", "", "· one", "", "· two"]

    def test_a_table_too_wide_is_wrapped_in_its_columns(self) -> None:
        wide = "| a | b |\n|---|---|\n| one two three four | five six seven eight |\n"
        lines = document_lines(wide, 20)
        assert texts(lines)[2:] == ["one two    five six", "three      seven", "four       eight"]

    def test_references_are_no_way_round_the_sanitiser(self) -> None:
        assert text(document_lines("a &#8238;b &#155;31m `&#27;`", 60)[0]) == "a \\u202eb \ufffd31m &#27;"


class TestNotStarted:
    """A session that has not begun says how many are before it."""

    def test_the_place_in_the_queue(self) -> None:
        rows = list(family("Billing", 9, waiting(), [("A", None, {}), ("B", None, {}), ("C", None, {})]))
        shown = board(rows)
        assert [not_started(shown, row) for row in rows[1:]] == [
            "Not started yet: it is next.",
            "Not started yet: 1 session is before it.",
            "Not started yet: 2 sessions are before it.",
        ]
        assert not_started(shown, replace(rows[1], phase=Phase.RUNNING)) is None
