"""Contract tests of real packages: they pass on the code as it is, and each fails when its promise is broken."""

import json
import shutil
import sys
from pathlib import Path
from types import ModuleType

import aiosqlite
import pytest
import rich
import watchfiles

from tests.agents.contracts import all_drafted, copied, program, pytest_on

MUTATIONS = Path(__file__).with_name("mutations.py")
RICH = ("_win32_console", "_windows_renderer", "color", "console", "repr", "style", "text")


@pytest.mark.parametrize(
    ("package", "chosen", "at_least"),
    [(aiosqlite, (), 100), (watchfiles, (), 40), (rich, RICH, 150)],
    ids=["aiosqlite", "watchfiles", "rich"],
)
async def test_unchanged_code_passes(
    package: ModuleType, chosen: tuple[str, ...], at_least: int, tmp_path: Path
) -> None:
    modules = copied(package, tmp_path)
    await all_drafted(tmp_path, [each for each in modules if not chosen or each.rpartition(".")[2] in chosen])

    code, counts, printed = pytest_on(tmp_path)

    assert code == 0, printed
    assert counts["passed"] >= at_least
    assert "failed" not in counts
    assert "error" not in printed.rpartition("\n")[2]


async def test_every_broken_promise_is_noticed_by_the_test_of_what_broke_it(tmp_path: Path) -> None:
    modules = [each for each in copied(aiosqlite, tmp_path) if ".tests." not in each]
    await all_drafted(tmp_path, modules)

    done = program([sys.executable, str(MUTATIONS), str(tmp_path), "aiosqlite"], tmp_path)

    found = json.loads(done.stdout)
    assert found["unnoticed"] == []
    assert all(each.startswith("remove") or each.endswith("context.py") for each in found["broken"])
    assert sum(found["kinds"].values()) > 140
    assert min(found["kinds"][kind] for kind in ("rename", "default", "drop", "color", "remove method")) >= 10


@pytest.mark.skipif(shutil.which("ruff", path=Path(sys.executable).parent) is None, reason="ruff is not installed")
async def test_it_is_laid_out_as_a_formatter_would(tmp_path: Path) -> None:
    await all_drafted(tmp_path, copied(watchfiles, tmp_path))
    ruff = str(Path(sys.executable).with_name("ruff"))

    for command in (["format", "--check"], ["check", "--select", "E,F,W,I,B,PT"]):
        done = program([ruff, *command, "--isolated", "--line-length", "100", "tests"], tmp_path)
        assert done.returncode == 0, done.stdout
