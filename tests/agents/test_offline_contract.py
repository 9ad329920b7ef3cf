"""What a contract test holds a module to, and what it leaves alone, shown by running it."""

import ast
from pathlib import Path

import pytest

from tests.agents.contracts import drafted, pytest_on

PECULIAR = '''
"""A module in which hardly anything is what it looks like."""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import enum
import functools
import sys
import time
from typing import TYPE_CHECKING, ClassVar, Generic, NamedTuple, Protocol, TypedDict, TypeVar, overload

from peculiar import kin
from peculiar.kin import Base, named, tracing, traced, unknown

if TYPE_CHECKING:
    from nowhere import Nothing

    def only_for_types() -> None: ...

try:
    import not_there_at_all
except ImportError:
    not_there_at_all = None

if sys.platform == "no such platform":
    def elsewhere(a): ...
else:
    def here(a): ...

T = TypeVar("T")
STARTED = time.time()
LIMIT: int = 5
NAMES = ["a"]
LATE = None
COUNT = 0
old_name = contextlib.suppress


def now(at=time.time(), *, seen=[], sign=-1, text="it's \\"quoted\\"\\n", dots=...): ...


@overload
def one(a: int) -> int: ...
@overload
def one(a: str) -> str: ...
def one(a): return a


@contextlib.contextmanager
def opened(path, /, mode="r"):
    yield path


@contextlib.asynccontextmanager
async def opened_later(path):
    yield path


@functools.lru_cache(maxsize=None)
def cached(a, b=2.5): ...


@traced
def plainly_traced(a, b=1): ...


@tracing("loud")
async def traced_with_arguments(a, *rest, **more): ...


@named("x")
def named_only(a): ...


@unknown
def replaced(a): ...


def twice(a): ...
def twice(a, b): ...


def counted():
    global COUNT
    COUNT = COUNT + 1


async def ticks(n=3):
    for i in range(n):
        yield i


def __getattr__(name):
    if name == "lazy":
        raise ImportError("lazy cannot be had here")
    raise AttributeError(name)


class Color(enum.Enum):
    RED = 1
    BLUE = enum.auto()

    @property
    def dark(self): return True

    def mixed(self, other): ...


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class Point:
    x: int
    y: int = 0
    origin: ClassVar[Point | None] = None

    def moved(self, dx=0): ...


@dataclasses.dataclass
class Base3D(Base):
    z: int = 0


class Row(NamedTuple):
    a: int
    b: str = "b"

    def joined(self): ...


class Options(TypedDict, total=False):
    deep: bool


class Shape(Protocol[T]):
    sides: int

    def area(self, /) -> float: ...


class Problem(kin.Trouble):
    """Something is wrong."""


class Limits:
    SOFT = 3


class Holder(Base, Generic[T], metaclass=abc.ABCMeta):
    class Inner:
        def deep(self): ...

    def __init__(self, __secret=1): ...

    def __class_getitem__(cls, item): return super().__class_getitem__(item)

    def __init_subclass__(cls, *, key=None): ...

    @classmethod
    def made(cls, n=1): ...

    @staticmethod
    def sure(n): ...

    @property
    def size(self): ...

    @size.setter
    def size(self, value): ...

    @functools.cached_property
    def heavy(self): ...

    @abc.abstractmethod
    def must(self): ...

    @traced
    def followed(self, a): ...

    def patched(self): ...

    if sys.version_info >= (3, 0):
        def newer(self): ...


Holder.patched = lambda self: None


@unknown
class Replaced:
    def method(self): ...


if __name__ == "__main__":
    sys.exit(counted())
'''
KIN = """
import functools
from functools import wraps


class Base:
    def area(self): ...


class Trouble(LookupError): ...


def traced(function):
    @wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs)
    return inner


def tracing(how):
    def decorator(function):
        @functools.wraps(function)
        async def inner(*args, **kwargs):
            return await function(*args, **kwargs)
        return inner
    return decorator


def named(name):
    def decorator(function):
        function.shown = name
        return function
    return decorator


def unknown(thing):
    return lambda *args: thing
"""


@pytest.fixture
async def peculiar(tmp_path: Path) -> Path:
    """A project with one peculiar module and its contract tests."""
    package = tmp_path / "src" / "peculiar"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "kin.py").write_text(KIN)
    (package / "module.py").write_text(PECULIAR)
    assert (await drafted(tmp_path, "peculiar.module")).ok
    return tmp_path


def written(root: Path, name: str) -> str:
    return (root / f"tests/{name}.py").read_text(encoding="utf-8")


def test_a_peculiar_module_passes_its_tests(peculiar: Path) -> None:
    code, counts, printed = pytest_on(peculiar)

    assert code == 0, printed
    assert counts["passed"] > 30


def test_what_it_promises_is_told_from_its_text(peculiar: Path) -> None:
    text = written(peculiar, "peculiar/test_module")

    missing = [
        line
        for line in (
            '("one", "(a)", ()),',
            '("opened", "generator (path, /, mode=\'r\')", ()),',
            '("opened_later", "async generator (path)", ()),',
            '("cached", "(a, b=2.5)", ()),',
            '("plainly_traced", "(a, b=1)", ()),',
            '("traced_with_arguments", "async (a, *rest, **more)", ()),',
            '("named_only", "(a)", ()),',
            '("ticks", "async generator (n=3)", ()),',
            '("LIMIT", int)',
            '("SOFT", int)',
            '("__init__", "(self, _Holder__secret=1)"),',
            '[("made", "(cls, n=1)")]',
            '[("sure", "(n)")]',
            'parametrize("name", ["heavy"])',
            'parametrize("name", ["size"])',
            "assert module.Base in module.Holder.__mro__",
            "assert issubclass(module.Problem, Exception)",
            '"RED",\n            "BLUE",\n        ]',
            '== ["x", "y"]',
            '== ["a", "b"]',
            '            "deep",\n        ]',
            '{"z"}',
            'assert "Inner" in vars(module.Holder)',
            "- replaced: its decorators may change its signature",
            "- twice: it is bound more than once",
            "- Holder.patched: it is bound more than once",
            "- Replaced: its decorators may replace it",
            "- elsewhere: it is defined under a condition",
            "- Holder.newer: it is defined under a condition",
        )
        if line not in text
    ]
    assert missing == []
    texts = {node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)}
    default = repr('it\'s "quoted"\n')
    assert f"(at=<ANY>, *, seen=<ANY>, sign=-1, text={default}, dots=Ellipsis)" in texts


def test_what_may_not_be_there_is_not_looked_for(peculiar: Path) -> None:
    text = written(peculiar, "peculiar/test_module")

    assert [name for name in ("only_for_types", "Nothing", "lazy") if name in text] == []


BROKEN = [
    ("def replaced(a)", "def other(a)", "test_name[replaced]"),
    ("LIMIT: int = 5", 'LIMIT: int = "5"', "test_constant[LIMIT-int]"),
    ("STARTED = ", "ENDED = ", "test_name[STARTED]"),
    ("    BLUE = enum.auto()\n", "", "TestColor::test_members"),
    ("    y: int = 0\n", "", "TestPoint::test_fields"),
    ('    b: str = "b"\n', "", "TestRow::test_fields"),
    ("    deep: bool\n", "    other: bool\n", "TestOptions::test_fields"),
    ("class Problem(kin.Trouble):", "class Problem:", "TestProblem::test_class"),
    ("class Holder(Base, Generic", "class Holder(Generic", "TestHolder::test_class"),
    ("    @staticmethod\n", "", "TestHolder::test_static_method[sure-(n)]"),
    ("    @classmethod\n", "", "TestHolder::test_class_method[made-(cls, n=1)]"),
    ("    @property\n    def dark", "    def dark", "TestColor::test_property[dark]"),
    ("    @size.setter\n    def size(self, value): ...\n", "", "TestHolder::test_settable_property[size]"),
    ("    @functools.cached_property\n", "", "TestHolder::test_cached_property[heavy]"),
    ("    SOFT = 3\n", "    HARD = 3\n", "TestLimits::test_constant[SOFT-int]"),
    ("    class Inner:", "    class Outer:", "TestHolder_Inner::test_class"),
    ("        yield i\n", "        print(i)\n", "test_function[ticks-"),
    ("path, /, mode", "path, mode", "test_function[opened-"),
    ("def now(at=time.time(), ", "def now(at, ", "test_function[now-"),
]


def test_every_broken_promise_fails_by_itself(peculiar: Path) -> None:
    module = peculiar / "src/peculiar/module.py"
    text = module.read_text()
    for old, new, _ in BROKEN:
        assert old in text
        text = text.replace(old, new)
    module.write_text(text)

    code, counts, printed = pytest_on(peculiar)

    assert code == 1
    assert [test for _, _, test in BROKEN if f"{test}" not in printed.partition("short test summary")[2]] == []
    assert counts["passed"] > 10


async def plain(root: Path, code: str, name: str = "plain") -> str:
    """The contract tests of one module in no package."""
    (root / "src").mkdir(exist_ok=True)
    (root / f"src/{name}.py").write_text(code, encoding="utf-8")
    outcome = await drafted(root, name)
    assert outcome.ok, outcome.message
    return written(root, f"test_{name}")


class TestImporting:
    """What importing a module would do, or need, decides whether and how it is imported."""

    ACTS = (
        "import sys\nsys.exit(3)\n",
        "def main(): raise SystemExit(3)\nmain()\n",
        "import subprocess\nDONE = subprocess.run(['false'], check=True)\n",
        "import sys\nsys.modules[__name__] = object()\n",
        "import argparse\nOPTIONS = argparse.ArgumentParser().parse_args()\n",
    )

    async def test_a_module_that_acts_is_not_imported_and_this_is_said(self, tmp_path: Path) -> None:
        texts = [await plain(tmp_path, f'"""Acts."""\n{act}', f"act{n}") for n, act in enumerate(self.ACTS)]
        code, counts, printed = pytest_on(tmp_path)

        assert all(f"act{n} is not imported by a test: it " in text for n, text in enumerate(texts))
        assert not any("importlib" in text for text in texts)
        assert (code, counts) == (0, {"skipped": len(self.ACTS) + 1}), printed

    async def test_what_runs_as_a_script_alone_stands_against_nothing(self, tmp_path: Path) -> None:
        text = await plain(tmp_path, "def main(): ...\nif __name__ == '__main__':\n    main()\n")

        assert '[("main", "()")]' in text

    async def test_a_dependency_that_is_not_installed_skips(self, tmp_path: Path) -> None:
        await plain(tmp_path, "import no_such_package_here\nX = 1\n")
        code, counts, printed = pytest_on(tmp_path)

        assert (code, counts) == (0, {"skipped": 2}), printed

    async def test_one_that_a_project_module_needs_skips_too(self, tmp_path: Path) -> None:
        await plain(tmp_path, "from no_such_package_here import y\n", "lower")
        await plain(tmp_path, "import lower\nX = 1\n")
        code, counts, printed = pytest_on(tmp_path, "tests/test_plain.py")

        assert (code, counts) == (0, {"skipped": 2}), printed

    async def test_an_import_that_breaks_later_fails(self, tmp_path: Path) -> None:
        await plain(tmp_path, "X = 1\n")
        (tmp_path / "src/plain.py").write_text("import no_such_package_here\nX = 1\n")

        assert pytest_on(tmp_path)[0] == 1

    async def test_a_module_that_refuses_skips(self, tmp_path: Path) -> None:
        await plain(tmp_path, 'import sys\nif sys.platform != "x":\n    raise ImportError("only on x")\nX = 1\n')
        code, counts, printed = pytest_on(tmp_path)

        assert (code, counts) == (0, {"skipped": 2}), printed

    async def test_a_binary_beside_the_source_leaves_existence_alone(self, tmp_path: Path) -> None:
        (tmp_path / "src").mkdir()
        (tmp_path / "src/plain.cpython-311-x86_64-linux-gnu.so").write_bytes(b"")
        text = await plain(tmp_path, "def f(a): ...\n")

        assert "- f: the module is compiled" in text
        assert "signature_of" not in text

    async def test_a_warning_while_it_is_imported_is_no_failure(self, tmp_path: Path) -> None:
        await plain(tmp_path, 'import warnings\nwarnings.warn("old", DeprecationWarning)\nX = 1\n')

        assert pytest_on(tmp_path)[0] == 0


class TestExports:
    """`__all__` is what is public, and a promise of its own."""

    async def test_a_package_passes_on(self, tmp_path: Path) -> None:
        package = tmp_path / "src/pack"
        package.mkdir(parents=True)
        (package / "inner.py").write_text("def f(a): ...\ndef g(): ...\n")
        (package / "__init__.py").write_text('from pack.inner import f, g\n__all__ = ["g", "f", "lazy"]\n')
        assert (await drafted(tmp_path, "pack.__init__")).ok
        text = written(tmp_path, "pack/test___init__")
        (package / "__init__.py").write_text('from pack.inner import f\n__all__ = ["f", "lazy"]\n')
        code, _, printed = pytest_on(tmp_path)

        assert 'assert sorted(module.__all__) == ["f", "g", "lazy"]' in text
        assert "- lazy: no statement of the module binds it" in text
        assert 'parametrize("name", ["f", "g"])' in text
        assert code == 1
        assert "test_exports" in printed
        assert "test_name[g]" in printed

    async def test_one_that_is_put_together_is_not_compared(self, tmp_path: Path) -> None:
        text = await plain(tmp_path, 'import os\n__all__ = ["f"] + os.__all__\ndef f(): ...\n')

        assert "__all__" not in text
        assert pytest_on(tmp_path)[0] == 0


class TestExamples:
    """Examples in docstrings are run, if they can."""

    CODE = '''
def double(n):
    """Twice as much.

    >>> double(4)
    8
    """
    return n * 2


def noisy(n):
    """
    >>> elsewhere(n)
    1
    """


def fenced(n):
    """
    ```
    >>> fenced(1)
    1
    ```
    """


def now():
    """
    >>> import time
    >>> time.time()
    12.5
    """


def wrong():
    """
    >>> wrong()
    1
    """
    return 2
'''

    async def test_what_can_run_is_run(self, tmp_path: Path) -> None:
        text = await plain(tmp_path, self.CODE)
        code, counts, printed = pytest_on(tmp_path)

        assert '@pytest.mark.parametrize("name", ["double", "wrong"])' in text
        assert code == 0, printed
        assert counts["passed"] == 1 + 5 + 1

    async def test_they_fail_once_the_code_does_something_else(self, tmp_path: Path) -> None:
        await plain(tmp_path, self.CODE)
        (tmp_path / "src/plain.py").write_text(self.CODE.replace("n * 2", "n * 3"))
        code, _, printed = pytest_on(tmp_path)

        assert code == 1
        assert "FAILED tests/test_plain.py::test_examples[double]" in printed

    async def test_they_fail_when_they_are_gone(self, tmp_path: Path) -> None:
        await plain(tmp_path, self.CODE)
        (tmp_path / "src/plain.py").write_text(self.CODE.replace(">>> double(4)\n    8\n", ""))

        assert "test_examples[double]" in pytest_on(tmp_path)[2]


class TestLeftToAPerson:
    """Skipped tests name what documentation promises and no signature shows."""

    async def test_what_it_returns_and_raises(self, tmp_path: Path) -> None:
        code = '''
def parse(text):
    """Read an amount.

    Returns:
        The amount.

    Raises:
        ValueError: it is not a number.
    """


def silent(): ...
'''
        text = await plain(tmp_path, code)

        assert '"to be written by a person: parse: returns The amount.; raises ValueError: it is ' in text
        assert 'pytest.skip("to be written by a person: what is not documented: silent")' in text
