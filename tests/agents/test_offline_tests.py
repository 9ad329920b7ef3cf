"""The offline agent asked for tests and code: what it keeps, what it writes anew, what it refuses."""

from pathlib import Path

import pytest

from covey.agents.base import Task
from covey.model.status import FailureCause
from covey.projects.paths import ArtifactKind
from tests.agents.contracts import drafted, pytest_on

TARGET = "tests/test_money.py"
CODE = '''"""Money."""


def parse(text, strict=True):
    """Read an amount."""


def show(amount): ...


class Purse:
    def put(self, amount): ...

    def take(self, amount): ...
'''
MINE = """import pytest
import money

def signature_of(x):
    return x

@pytest.fixture
def module():
    return 3

def test_parse_raises(module):
    assert money.parse("1") is None

def test_purse():
    money.Purse().put(1)
"""


class Till:
    """A project with one module."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "src").mkdir()
        (root / "tests").mkdir()
        self.code(CODE)

    def code(self, text: str) -> None:
        (self.root / "src/money.py").write_text(text)

    def put(self, text: str) -> None:
        (self.root / TARGET).write_bytes(text.encode())

    @property
    def text(self) -> str:
        return (self.root / TARGET).read_bytes().decode()


@pytest.fixture
def till(tmp_path: Path) -> Till:
    return Till(tmp_path)


class TestOthersLinesStay:
    """A file that is not the agent's own unchanged draft is added to."""

    async def test_what_it_does_not_name_is_added_and_runs(self, till: Till) -> None:
        till.put(MINE)
        assert (await drafted(till.root, "money", task=Task.REVISE)).ok

        assert till.text.startswith(MINE)
        added = till.text.removeprefix(MINE)
        assert '("show", "(amount)")' in added
        assert '("take", "(self, amount)")' in added
        assert '"put"' not in added
        assert '"parse"' not in added
        code, counts, printed = pytest_on(till.root)
        assert code == 0, printed
        assert counts["passed"] == 2 + 1 + 2

    async def test_what_was_added_fails_when_it_breaks(self, till: Till) -> None:
        till.put(MINE)
        await drafted(till.root, "money", task=Task.REVISE)
        till.code(CODE.replace("def show(amount)", "def show(sum)").replace("def take(self, amount)", "def take(self)"))

        code, counts, printed = pytest_on(till.root)
        assert (code, counts["failed"]) == (1, 2), printed

    async def test_once_is_enough(self, till: Till) -> None:
        till.put(MINE)
        await drafted(till.root, "money", task=Task.REVISE)
        first = till.text
        assert (await drafted(till.root, "money", task=Task.REVISE)).ok

        assert till.text == first

    async def test_line_ends_are_kept(self, till: Till) -> None:
        till.put(MINE.replace("\n", "\r\n"))
        await drafted(till.root, "money", task=Task.REVISE)

        assert till.text.count("\n") == till.text.count("\r\n")

    async def test_a_draft_that_somebody_changed_shares_its_fixture(self, till: Till) -> None:
        await drafted(till.root, "money")
        mine = till.text.replace(
            "def test_behaviour_of_parse() -> None:\n    pytest.skip", "def test_mine():\n    print"
        )
        assert mine != till.text
        till.put(mine)
        till.code(CODE + "\n\ndef new(a): ...\n")
        assert (await drafted(till.root, "money", task=Task.REVISE)).ok

        assert till.text.startswith(mine)
        assert '("new", "(a)")' in till.text.removeprefix(mine)
        assert "fixture" not in till.text.removeprefix(mine)
        code, _, printed = pytest_on(till.root)
        assert code == 0, printed

    async def test_a_note_becomes_a_test_to_be_written(self, till: Till) -> None:
        till.put(MINE)
        for _ in range(2):
            assert (await drafted(till.root, "money", task=Task.REVISE, note='round """down"""')).ok

        assert till.text.count("def test_what_a_note_asks_for") == 1
        assert pytest_on(till.root)[0] == 0

    async def test_a_name_that_means_something_else_is_said(self, till: Till) -> None:
        text = MINE.replace("import pytest\n", "import pytest\nimport warnings as inspect\n")
        till.put(text)
        outcome = await drafted(till.root, "money", task=Task.REVISE)

        assert outcome.cause is FailureCause.CHECK_FAILED
        assert "inspect means something else in this file" in (outcome.message or "")
        assert till.text == text

    async def test_a_syntax_error_is_said_with_its_line(self, till: Till) -> None:
        till.put("def test_x(:\n")
        outcome = await drafted(till.root, "money", task=Task.REVISE)

        assert outcome.cause is FailureCause.CHECK_FAILED
        assert (outcome.message or "").startswith(f"{TARGET}:1: syntax error")
        assert till.text == "def test_x(:\n"

    async def test_a_blank_file_is_filled(self, till: Till) -> None:
        till.put("\n\n")
        assert (await drafted(till.root, "money")).ok

        assert pytest_on(till.root)[0] == 0


class TestFailingTests:
    """Where tests fail, code and contract differ, and that is nothing for an agent without a model to decide."""

    FINDINGS = (f"{TARGET}::test_function[parse-(text, strict=True)] - AssertionError",)

    async def test_an_unchanged_draft_is_no_excuse_for_a_broken_promise(self, till: Till) -> None:
        await drafted(till.root, "money")
        before = till.text
        till.code(CODE.replace("strict=True", "strict=False"))
        assert pytest_on(till.root)[0] == 1
        outcome = await drafted(till.root, "money", task=Task.REVISE, findings=self.FINDINGS)

        assert outcome.cause is FailureCause.CHECK_FAILED
        assert "test_function[parse-(text, strict=True)]" in (outcome.message or "")
        assert f"mend the code; or delete {TARGET}, and covey retry" in (outcome.message or "")
        assert till.text == before

    async def test_a_draft_that_is_deleted_is_written_from_the_present_code(self, till: Till) -> None:
        await drafted(till.root, "money")
        till.code(CODE.replace("strict=True", "strict=False"))
        (till.root / TARGET).unlink()
        assert (await drafted(till.root, "money")).ok

        assert "strict=False" in till.text
        assert pytest_on(till.root)[0] == 0

    async def test_a_draft_of_which_nothing_fails_is_written_anew(self, till: Till) -> None:
        await drafted(till.root, "money")
        till.code(CODE + '\n\ndef added() -> None:\n    """New."""\n')
        assert (await drafted(till.root, "money", task=Task.REVISE, findings=("nothing is tested",))).ok

        assert "added" in till.text

    async def test_a_changed_one_fails_and_names_the_tests(self, till: Till) -> None:
        await drafted(till.root, "money")
        till.put(till.text + "# mine\n")
        before = till.text
        till.code(CODE.replace("strict=True", "strict=False"))
        outcome = await drafted(till.root, "money", task=Task.REVISE, findings=self.FINDINGS)

        assert outcome.cause is FailureCause.CHECK_FAILED
        assert "test_function[parse-(text, strict=True)]" in (outcome.message or "")
        assert "a person has to decide" in (outcome.message or "")
        assert till.text == before

    async def test_a_draft_that_would_be_the_same_again_fails(self, till: Till) -> None:
        await drafted(till.root, "money")
        outcome = await drafted(till.root, "money", task=Task.REVISE, findings=self.FINDINGS)

        assert outcome.cause is FailureCause.CHECK_FAILED
        assert "mend the tests by hand" in (outcome.message or "")

    async def test_a_finding_about_the_whole_file_can_be_mended(self, till: Till) -> None:
        till.put("# nothing yet\n")
        assert (await drafted(till.root, "money", task=Task.REVISE, findings=("no tests ran",))).ok

        assert till.text.startswith("# nothing yet\n")
        assert pytest_on(till.root)[0] == 0

    async def test_one_that_cannot_fails(self, till: Till) -> None:
        await drafted(till.root, "money")
        till.put(till.text + "# mine\n")
        outcome = await drafted(till.root, "money", task=Task.REVISE, findings=("it takes too long",))

        assert outcome.cause is FailureCause.CHECK_FAILED
        assert "there is nothing to add: it takes too long" in (outcome.message or "")


class TestHonestFailure:
    """What the agent cannot do it says, and leaves no file."""

    async def test_code(self, till: Till) -> None:
        outcome = await drafted(till.root, "money", kind=ArtifactKind.CODE, target="src/tax.py")

        assert not outcome.ok
        assert (outcome.message or "").startswith("src/tax.py: the offline agent cannot write code")
        assert "installed kinds: anthropic, command" in (outcome.message or "")
        assert not (till.root / "src/tax.py").exists()

    async def test_elixir(self, till: Till) -> None:
        outcome = await drafted(till.root, "money", source="lib/money.ex", target="test/money_test.exs")

        assert not outcome.ok
        assert "writes tests for Python alone, and lib/money.ex is none" in (outcome.message or "")
        assert not (till.root / "test").exists()

    async def test_no_code_yet(self, till: Till) -> None:
        outcome = await drafted(till.root, "tax")

        assert "src/tax.py: there is no code yet" in (outcome.message or "")
        assert not (till.root / "tests/test_tax.py").exists()

    async def test_a_syntax_error(self, till: Till) -> None:
        till.code("def broken(:\n")

        assert "src/money.py:1: syntax error" in ((await drafted(till.root, "money")).message or "")
