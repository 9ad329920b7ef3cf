"""Prompts: everything that the agent has to know is in them, and nothing else."""

from pathlib import Path
from typing import Any

import pytest

from covey.agents.base import Assignment, Reviewed, Task
from covey.agents.prompts import MOST_KNOWN, Reader, render, render_message, render_system, render_tokens_ran_out
from covey.config.settings import REVIEW_SECTIONS
from covey.model.component import Component
from covey.model.status import FailureCause
from covey.projects.paths import ArtifactKind

CONTEXT = Component(
    id="c",
    project_id="p",
    name="Billing",
    module_name="shop.billing",
    description="Takes the money.",
    dependencies=("shop.people",),
)
INVOICE = Component(
    id="i",
    project_id="p",
    name="Invoice",
    module_name="shop.billing.invoice",
    type="schema",
    description="What is owed,\nand by whom.",
    parent_component_id="c",
    dependencies=("shop.money", "shop.people"),
)
MONEY = Component(id="m", project_id="p", name="Money", module_name="shop.money", description="Amounts.")


def assignment(**changes: Any) -> Assignment:
    given: dict[str, Any] = {
        "session_id": "s",
        "attempt": 1,
        "step": "GenerateComponentDesign",
        "task": Task.GENERATE,
        "workspace": Path("/home/project"),
        "target": "docs/design/shop/billing/invoice.md",
        "source": "src/shop/billing/invoice.py",
        "component": INVOICE,
        "context": CONTEXT,
        "context_design_path": "docs/design/shop/billing.md",
        "components": (MONEY, CONTEXT, INVOICE),
        "sections": ("Purpose", "Fields", "Dependencies"),
    }
    return Assignment(**{**given, **changes})


def prompt(**changes: Any) -> str:
    return render(assignment(**changes))


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize(
    "piece",
    [
        "**Invoice**",
        "`shop.billing.invoice`",
        "Type: schema",
        "What is owed, and by whom.",
        "Context: Billing, module `shop.billing`. Takes the money.",
        "`docs/design/shop/billing.md`",
        "`src/shop/billing/invoice.py`",
        "`docs/design/shop/billing/invoice.md`",
        "`/home/project`",
        "- `## Purpose`\n  - `## Fields`\n  - `## Dependencies`\n",
        "Declared dependencies: `shop.money`, `shop.people`",
        "Modules that the context depends on: `shop.people`",
        "- `shop.money`: Amounts.",
        "# Invoice`",
    ],
)
def test_every_piece_is_in_both_prompts(task: Task, piece: str) -> None:
    assert piece in prompt(task=task)


class TestReview:
    """What an agent is told that reviews the design of a context."""

    @pytest.fixture(params=list(Task))
    def said(self, request: pytest.FixtureRequest) -> str:
        return prompt(
            task=request.param,
            kind=ArtifactKind.REVIEW,
            target="docs/design/shop/billing/design_review.md",
            component=CONTEXT,
            reviewed=(Reviewed(INVOICE, "docs/design/shop/billing/invoice.md", "src/shop/billing/invoice.py"),),
            sections=REVIEW_SECTIONS,
            note="Mind the taxes.",
        )

    @pytest.mark.parametrize(
        "piece",
        [
            "the file `docs/design/shop/billing/design_review.md`",
            "**Billing**, module `shop.billing`",
            "Takes the money.",
            "design document, if it has one: `docs/design/shop/billing.md`",
            (
                "- Invoice, module `shop.billing.invoice`: `docs/design/shop/billing/invoice.md`; "
                "its code: `src/shop/billing/invoice.py`"
            ),
            "Only the file decides: it is read and checked",
            "- `## Summary`\n  - `## Findings`\n  - `## Components reviewed`\n",
            "- `shop.money`: Amounts.",
            "# Design review of Billing`",
            "> Mind the taxes.",
            "/home/project",
        ],
    )
    def test_every_piece_is_in_both_prompts(self, said: str, piece: str) -> None:
        assert piece in said

    def test_nothing_is_said_of_a_component_of_its_own(self, said: str) -> None:
        assert "## The component\n" not in said
        assert "$" not in said


def test_the_two_tasks_differ() -> None:
    assert prompt().startswith("# Write the file `docs/design/shop/billing/invoice.md`\n")
    revise = prompt(task=Task.REVISE, findings=("section Fields is empty", "unknown module shop.x"))
    assert revise.startswith("# Mend the file `docs/design/shop/billing/invoice.md`\n")
    assert "Keep its text" in revise
    assert "- section Fields is empty\n- unknown module shop.x\n" in revise


class TestForModels:
    """What a model is told that covey gives its tools: no exit codes, no standard error."""

    @pytest.mark.parametrize("kind", list(ArtifactKind))
    def test_every_kind_has_a_system_prompt_that_is_the_same_for_all(self, kind: ArtifactKind) -> None:
        text = render_system(kind)
        assert text.startswith("You are an agent that works alone")
        assert text.count("## What you write") == 1
        assert "$" not in text
        assert len({render_system(each) for each in ArtifactKind}) == len(ArtifactKind)

    @pytest.mark.parametrize("kind", list(ArtifactKind))
    @pytest.mark.parametrize("task", list(Task))
    def test_nobody_speaks_of_programs(self, kind: ArtifactKind, task: Task) -> None:
        asked = assignment(kind=kind, task=task, reviewed=(Reviewed(INVOICE, "a.md", "a.py"),), **TESTED)
        told = render(asked, Reader.MODEL)
        assert "exit code" not in told
        assert "standard error" not in told
        assert "end your turn" in told
        assert "$" not in told
        assert "exit code 0" in render(asked)

    def test_the_class_of_the_failure_is_named(self) -> None:
        failed = assignment(failure="it stopped", failure_cause=FailureCause.RATE_LIMIT)
        assert "did not end well (class: `rate_limit`):\n\n> it stopped\n" in render(failed, Reader.MODEL)

    def test_what_a_human_says_is_no_template(self) -> None:
        assert "> Costs $5\n> ${message}\n" in render_message("Costs $5\n${message}")

    @pytest.mark.parametrize("lost", [True, False])
    def test_an_answer_that_was_cut_off(self, *, lost: bool) -> None:
        told = render_tokens_ran_out(16_000, lost_a_call=lost)
        assert "16,000 tokens" in told
        assert ("was not made" in told) is lost


def test_a_first_attempt_has_no_past() -> None:
    text = prompt()
    for heading in ("## What the last check found", "## The attempt before", "## Files that are missing", "## A note"):
        assert heading not in text


def test_a_retry_carries_failure_missing_paths_and_note() -> None:
    text = prompt(
        attempt=3,
        failure="exited with code 3:\nno key",
        missing=("docs/a.md", "docs/b.md"),
        note="Use the ledger.\nThanks.",
    )
    assert "attempt 3" in text
    assert "> exited with code 3:\n> no key\n" in text
    assert "- `docs/a.md`\n- `docs/b.md`\n" in text
    assert "> Use the ledger.\n> Thanks.\n" in text


def test_what_people_write_is_no_template() -> None:
    text = prompt(note="costs $5, ${target}, $nothing {prompt} %s", failure="$target")
    assert "> costs $5, ${target}, $nothing {prompt} %s\n" in text
    assert "> $target\n" in text


def test_nothing_declared_is_said_so() -> None:
    bare = Component(id="b", project_id="p", name="Bare", module_name="shop.bare")
    text = prompt(component=bare)
    assert "Description: none given" in text
    assert "Declared dependencies: none" in text


def test_of_a_large_project_the_own_context_comes_first() -> None:
    others = tuple(
        Component(id=f"o{number}", project_id="p", name="O", module_name=f"shop.other{number}")
        for number in range(1000)
    )
    text = prompt(components=(*others, CONTEXT, INVOICE))
    assert text.index("- `shop.billing`") < text.index("- `shop.billing.invoice`") < text.index("- `shop.other0`")
    assert f"- and {1002 - MOST_KNOWN} more" in text
    assert "`shop.other999`" not in text


TESTED: dict[str, Any] = {
    "source": "src/shop/billing/invoice.py",
    "design_path": "docs/design/shop/billing/invoice.md",
    "test_path": "tests/shop/billing/test_invoice.py",
    "test_command": ("python3", "-m", "pytest", "tests/shop/billing/test invoice.py"),
    "source_roots": ("src", "lib"),
}
TARGETS = {ArtifactKind.TEST: TESTED["test_path"], ArtifactKind.CODE: TESTED["source"]}


@pytest.mark.parametrize("kind", TARGETS)
@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize(
    "piece",
    [
        "**Invoice**",
        "`src/shop/billing/invoice.py`",
        "`docs/design/shop/billing/invoice.md`",
        "`tests/shop/billing/test_invoice.py`",
        "      python3 -m pytest 'tests/shop/billing/test invoice.py'\n",
        "the source roots (`src`, `lib`)",
        "the tests are run again when you have ended",
    ],
)
def test_every_piece_is_in_the_prompts_for_tests_and_code(kind: ArtifactKind, task: Task, piece: str) -> None:
    text = prompt(kind=kind, task=task, target=TARGETS[kind], **TESTED)
    assert piece in text
    assert "## What the document must have" not in text
    assert "$" not in text


@pytest.mark.parametrize(
    ("kind", "task", "title", "yours"),
    [
        (ArtifactKind.TEST, Task.GENERATE, "# Write the test file `tests/", "Test file: `{test_path}`, which is yours"),
        (ArtifactKind.TEST, Task.REVISE, "# Mend the test file `tests/", "do not bend the test to the fault"),
        (ArtifactKind.CODE, Task.GENERATE, "# Write the file `src/", "Source file: `{source}`, which is yours"),
        (ArtifactKind.CODE, Task.REVISE, "# Mend the file `src/", "but its tests do not pass yet"),
    ],
)
def test_each_kind_has_its_own_task(kind: ArtifactKind, task: Task, title: str, yours: str) -> None:
    text = prompt(kind=kind, task=task, target=TARGETS[kind], findings=("test_a (line 3): it broke",), **TESTED)
    assert text.startswith(title)
    assert yours.format(**TESTED) in text
    assert "- test_a (line 3): it broke\n" in text


def test_tests_of_what_does_not_exist_have_to_fail() -> None:
    asked = {"kind": ArtifactKind.TEST, "target": TESTED["test_path"], **TESTED}
    assert "every test has to fail" in prompt(must_fail=True, **asked)
    assert "every test has to fail" not in prompt(**asked)
