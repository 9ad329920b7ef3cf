"""Names, docstrings and defaults are hostile: no text of the user's becomes code in the test file."""

import ast
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from covey.agents.offline.analysis import analyse
from covey.agents.offline.contract.draft import drafted
from covey.agents.offline.contract.marker import is_unchanged
from covey.agents.offline.contract.project import Project, Unit, parsed
from covey.agents.offline.contract.promises import Promises
from covey.agents.offline.contract.reading import promises
from covey.artifacts.modules import ModuleNames
from tests.agents.contracts import drafted as draft_at_the_desk
from tests.agents.contracts import pytest_on

INJECTION = "__import__('os').abort()"
HOSTILE = st.one_of(
    st.text(alphabet=st.characters(exclude_categories=["Cs"])),
    st.lists(
        st.sampled_from(
            [
                *(
                    '"""',
                    "'''",
                    "\\",
                    '"',
                    "'",
                    "\n",
                    "\r",
                    "#",
                    "{",
                    "}",
                    "%s",
                    "\x00",
                    "\x1b",
                    "\u202e",
                    "\u2028",
                    "𝒻",
                ),
                *(INJECTION, f'"""\n{INJECTION}\n"""', f"')\n{INJECTION}\n(", f"\n>>> {INJECTION}\n1\n"),
                *(">>> 1", "\n>>> double(4)\n8\n", "Raises:\n", "    ValueError: ", "Returns:\n    ", "word " * 40),
            ]
        )
    ).map("".join),
)
NAMES = st.sampled_from(
    ["f", "é", "名前", "module", "pytest", "signature_of", "ANY", "test_exports", "_", "match", "print"]
)


def read(code: str, name: str = "shop.money") -> Promises:
    unit = Unit(name, is_package=False, tree=parsed(code))
    return promises(Project(Path("/nowhere"), ("src",), unit), unit, analyse(code, name, ModuleNames([name])))


def names_in(tree: ast.AST) -> set[str]:
    """Everything in code that is no text: what would run."""
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return found | {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


@given(HOSTILE, HOSTILE, HOSTILE, NAMES, NAMES)
@settings(deadline=None, max_examples=60)
def test_whatever_texts_hold_they_stay_texts(module: str, function: str, default: str, name: str, other: str) -> None:
    code = f"""{module!r}
def {name}(a={default!r}, *, b=({default!r}, 1)):
    {function!r}
    raise ValueError({default!r})
class {other.title()}:
    {function!r}
    def {name}(self, x={default!r}):
        {function!r}
    @property
    def p(self):
        {module!r}
X = {default!r}
"""
    plain = ast.parse(drafted(read(code.replace(repr(default), "''").replace(repr(function), "''"))))
    text = drafted(read(code))
    tree = ast.parse(text)

    compile(tree, "test_file", "exec")
    assert is_unchanged(text)
    assert "abort" not in names_in(tree)
    assert names_in(tree) - names_in(plain) <= {"skip", "doctest", *EXAMPLES}
    assert all(line.isprintable() for line in text.split("\n"))


EXAMPLES = {
    *("operator", "attrgetter", "documented", "parser", "DocTestParser", "text", "getdoc", "example", "get_doctest"),
    *("runner", "DocTestRunner", "ELLIPSIS", "report", "run", "append", "tries", "source", "Path", "__file__"),
    *("read_text", "drafted_from", "failures", "hashlib", "sha256", "encode", "hexdigest", "join", "dict", "list"),
}


async def test_a_hostile_module_passes_its_tests(tmp_path: Path) -> None:
    text = f'"""\\n{INJECTION}\\n\'\'\'\\\\" \x1b[31m \u202e'
    code = f"{text!r}\ndef f(a={text!r}, *, b={text!r}):\n    {text!r}\ndef signature_of(module, pytest): {text!r}\n"
    (tmp_path / "src").mkdir()
    (tmp_path / "src/m.py").write_text(code, encoding="utf-8")
    assert (await draft_at_the_desk(tmp_path, "m")).ok

    code_, counts, printed = pytest_on(tmp_path)

    assert code_ == 0, printed
    assert counts["passed"] == 3


async def test_a_file_with_a_name_that_is_no_identifier_is_imported_all_the_same(tmp_path: Path) -> None:
    name = "odd-\"name\"\\'''"
    (tmp_path / "src").mkdir()
    (tmp_path / f"src/{name}.py").write_text("def f(a): ...\n")
    assert (await draft_at_the_desk(tmp_path, name, target="tests/test_odd.py")).ok

    assert pytest_on(tmp_path)[0] == 0
    assert "odd" not in (tmp_path / "tests/test_odd.py").read_text().split("import", 1)[0]


def test_the_same_code_gives_the_same_file() -> None:
    code = "import os\nA = {1, 2}\ndef f(a=1): ...\nclass C:\n    def m(self): ...\n"

    assert len({drafted(read(code)) for _ in range(5)}) == 1
