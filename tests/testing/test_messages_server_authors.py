"""The author: by the prompts of this project it writes what passes, and keeps what is there."""

from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest

from covey.agents.base import Assignment, Reviewed, Task
from covey.agents.prompts import render
from covey.artifacts.checks import check_design
from covey.errors import ScriptError
from covey.projects.paths import ArtifactKind
from covey.testing.messages_server import Reply, Request, Text, ToolUse, author
from tests.agents.shop import CODE, SOURCE, Shop

TESTS = "tests/billing/test_money.py"
KNOWN = ("shop.billing", "shop.billing.money", "shop.billing.tax")


class Table:
    """A conversation with the author, whose calls are carried out on plain files."""

    def __init__(self, root: Path, assignment: Assignment) -> None:
        self._root = root
        self._messages: list[dict[str, Any]] = [{"role": "user", "content": render(assignment)}]
        self._read: set[str] = set()
        self.calls: list[str] = []

    def play(self, tools: tuple[str, ...] = ("read_file", "write_file", "run_tests")) -> str:
        """Let the author work until it ends its turn; what it says then."""
        for number in range(1, 10):
            body = {"messages": self._messages, "tools": [{"name": name} for name in tools]}
            reply = author(Request(number, {}, body))
            assert isinstance(reply, Reply)
            calls = [block for block in reply.blocks if isinstance(block, ToolUse)]
            if not calls:
                return "".join(block.text for block in reply.blocks if isinstance(block, Text))
            self._messages += self._carried_out(f"toolu_{number}", calls[0])
        raise AssertionError("it does not end")

    def _carried_out(self, identifier: str, call: ToolUse) -> list[dict[str, Any]]:
        assert not isinstance(call.arguments, str)
        said, is_error = self._do(call.name, **call.arguments)
        use = {"type": "tool_use", "id": identifier, "name": call.name, "input": call.arguments}
        result = {"type": "tool_result", "tool_use_id": identifier, "content": said, "is_error": is_error}
        return [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]

    def _do(self, name: str, path: Any = "", content: Any = "") -> tuple[str, bool]:
        self.calls.append(f"{name} {path}".strip())
        file = self._root / path
        if name == "run_tests":
            return "all passed", False
        if name == "read_file":
            self._read.add(path)
            return (file.read_text(encoding="utf-8"), False) if file.exists() else ("not there", True)
        if file.exists() and path not in self._read:
            return "read it first", True
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        return "written", False


def play(shop: Shop, **fields: object) -> Table:
    table = Table(shop.root, shop.assignment(**fields))
    assert table.play() == f"{shop.assignment(**fields).target} is written."
    return table


class TestDocuments:
    """A document that passes its check, from the source."""

    def test_the_source_is_read_and_the_document_written(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)
        table = play(shop)
        assert table.calls == [f"read_file {SOURCE}", f"write_file {shop.assignment().target}"]
        assert check_design(shop.document(), shop.assignment().sections, KNOWN) == ()
        assert "- `class Money`\n- `def parse`" in shop.document()
        assert "add" not in shop.document()

    def test_without_a_source_it_is_written_all_the_same(self, shop: Shop) -> None:
        play(shop)
        assert check_design(shop.document(), shop.assignment().sections, KNOWN) == ()

    def test_what_is_to_be_mended_keeps_its_text(self, shop: Shop) -> None:
        shop.write(shop.assignment().target, "# money\n\n## Purpose\n\nMine.\n\n## Public API\n\n## Notes\n\nAlso.\n")
        table = play(shop, task=Task.REVISE, findings=("missing",))
        assert f"read_file {shop.assignment().target}" in table.calls
        assert check_design(shop.document(), shop.assignment().sections, KNOWN) == ()
        assert "## Purpose\n\nMine.\n" in shop.document()
        assert "## Notes\n\nAlso.\n" in shop.document()

    def test_what_turns_out_to_be_there_is_read_before_it_is_written(self, shop: Shop) -> None:
        target = shop.assignment().target
        shop.write(target, "# money\n\n## Purpose\n\nMine.\n")
        table = play(shop)
        assert table.calls[1:] == [f"write_file {target}", f"read_file {target}", f"write_file {target}"]
        assert "Mine." in shop.document()

    def test_a_review_has_its_sections(self, shop: Shop) -> None:
        assignment = shop.assignment(
            kind=ArtifactKind.REVIEW,
            sections=("Summary", "Findings", "Components reviewed"),
            reviewed=(Reviewed(shop.assignment().component, "docs/design/shop/billing/tax.md", SOURCE),),
        )
        assignment = replace(assignment, component=assignment.context)
        table = Table(shop.root, assignment)
        table.play()
        assert table.calls[0] == "read_file docs/design/shop/billing/tax.md"
        assert shop.document().startswith("# Design review of billing\n")
        assert check_design(shop.document(), assignment.sections, KNOWN) == ()

    def test_who_may_not_write_says_so(self, shop: Shop) -> None:
        class Locked(Table):
            def _do(self, name: str, path: Any = "", content: Any = "") -> tuple[str, bool]:
                self.calls.append(name)
                return "refused", True

        table = Locked(shop.root, shop.assignment())
        assert "refused" in table.play()
        assert table.calls.count("write_file") == 2


class TestTests:
    """A test file for the public names, run once where it can be run."""

    FIELDS: ClassVar = {"kind": ArtifactKind.TEST, "target": TESTS, "test_path": TESTS, "test_command": ("pytest",)}

    def test_each_public_name_has_a_test(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)
        table = play(shop, **self.FIELDS)
        written = (shop.root / TESTS).read_text(encoding="utf-8")
        assert table.calls == [f"read_file {SOURCE}", f"write_file {TESTS}", "run_tests"]
        assert 'hasattr(importlib.import_module("shop.billing.money"), "Money")' in written
        compile(written, TESTS, "exec")

    def test_tests_that_are_there_stay(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)
        shop.write(TESTS, "import importlib\n\n\ndef test_money_is_there() -> None:\n    assert True\n")
        play(shop, task=Task.REVISE, **self.FIELDS)
        written = (shop.root / TESTS).read_text(encoding="utf-8")
        assert written.count("def test_money_is_there") == 1
        assert "assert True" in written
        assert "def test_parse_is_there" in written

    def test_where_they_cannot_be_run_they_are_not(self, shop: Shop) -> None:
        table = Table(shop.root, shop.assignment(**self.FIELDS))
        assert "is written" in table.play(tools=("read_file", "write_file"))
        assert "run_tests" not in table.calls


class TestMistakes:
    """What the author cannot do, it says as a mistake of the script."""

    def test_a_prompt_without_a_file(self) -> None:
        with pytest.raises(ScriptError, match=r"finds no heading.*begins: 'Hello'"):
            author(Request(1, {}, {"messages": [{"role": "user", "content": "Hello"}]}))

    def test_code_is_for_another_script(self, shop: Shop) -> None:
        table = Table(shop.root, shop.assignment(kind=ArtifactKind.CODE, target=SOURCE))
        with pytest.raises(ScriptError, match="no code"):
            table.play()
