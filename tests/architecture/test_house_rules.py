"""The rules of `house_rules` hold, and each of them is able to fail."""

from pathlib import Path

import pytest

import covey
from tests.architecture.house_rules import CATCHES_EVERYTHING, MAKES_TASKS, RULES

PACKAGE = Path(covey.__file__).parent

VIOLATIONS = [
    ("rooms_explain_themselves", "attic/__init__.py", ""),
    (
        "one_place_catches_everything",
        "store/planted.py",
        "try:\n    f()\nexcept Exception as error:\n    raise E from error",
    ),
    ("one_place_catches_everything", "store/planted.py", "try:\n    f()\nexcept (KeyError, BaseException):\n    g()"),
    ("one_place_catches_everything", "store/planted.py", "try:\n    f()\nexcept:\n    g()"),
    ("one_place_catches_everything", "store/planted.py", "with contextlib.suppress(Exception):\n    f()"),
    ("no_error_is_swallowed", "engine/local.py", "try:\n    f()\nexcept KeyError:\n    pass"),
    ("no_error_is_swallowed", "store/planted.py", "try:\n    f()\nexcept KeyError:\n    ..."),
    ("tasks_have_an_owner", "store/planted.py", "asyncio.create_task(f())"),
    ("tasks_have_an_owner", "store/planted.py", "create_task(f())"),
    ("tasks_have_an_owner", "store/planted.py", "asyncio.get_running_loop().create_task(f())"),
    ("tasks_have_an_owner", "store/planted.py", "asyncio.ensure_future(f())"),
    ("sql_stays_in_the_store", "cli/planted.py", "ROWS = 'SELECT id FROM sessions'"),
    ("sql_stays_in_the_store", "cli/planted.py", "WRITE = f'UPDATE sessions SET status = {word}'"),
    ("sql_stays_in_the_store", "cli/planted.py", "WRITE = '''\n    INSERT OR IGNORE INTO sessions VALUES (?)'''"),
    ("errors_import_next_to_nothing", "errors.py", "import covey.model.status"),
    ("errors_import_next_to_nothing", "errors.py", "from asyncio import run"),
]

ALLOWED = [
    ("one_place_catches_everything", "engine/local.py", "try:\n    f()\nexcept Exception as error:\n    g(error)"),
    ("tasks_have_an_owner", "engine/local.py", "asyncio.create_task(f())"),
    (
        "tasks_have_an_owner",
        "store/x.py",
        "async def f():\n    async with asyncio.TaskGroup() as g:\n        g.create_task(h())",
    ),
    ("tasks_have_an_owner", "store/x.py", "def f(group: asyncio.TaskGroup):\n    group.create_task(h())"),
    ("sql_stays_in_the_store", "store/x.py", "ROWS = 'SELECT id FROM sessions'"),
    (
        "sql_stays_in_the_store",
        "cli/x.py",
        "'''Never writes SELECT id FROM it.'''\nWORD = 'select from the list'",
    ),
]


@pytest.mark.parametrize("rule", RULES)
def test_the_house_keeps(rule: str) -> None:
    assert RULES[rule](PACKAGE) == []


@pytest.mark.parametrize(
    ("rule", "file"),
    [
        *(("one_place_catches_everything", file) for file in CATCHES_EVERYTHING),
        *(("tasks_have_an_owner", file) for file in MAKES_TASKS),
    ],
)
def test_an_exception_that_nobody_needs_any_more_goes(rule: str, file: str, tmp_path: Path) -> None:
    plant(tmp_path, "elsewhere.py", (PACKAGE / file).read_text(encoding="utf-8"))
    assert RULES[rule](tmp_path) != []


@pytest.mark.parametrize(("rule", "file", "code"), VIOLATIONS)
def test_a_planted_violation_is_seen(rule: str, file: str, code: str, tmp_path: Path) -> None:
    plant(tmp_path, file, code)
    assert [line.partition(":")[0] for line in RULES[rule](tmp_path)] == [file]


@pytest.mark.parametrize(("rule", "file", "code"), ALLOWED)
def test_what_is_allowed_is_not_reported(rule: str, file: str, code: str, tmp_path: Path) -> None:
    plant(tmp_path, file, code)
    assert RULES[rule](tmp_path) == []


def plant(package: Path, file: str, code: str) -> None:
    """Write one file of a package."""
    (package / file).parent.mkdir(parents=True, exist_ok=True)
    (package / file).write_text(code, encoding="utf-8")
