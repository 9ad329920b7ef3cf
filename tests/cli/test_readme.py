"""What the README and the reference promise is what the program does."""

import re
import shlex
from pathlib import Path

import pytest

from covey.cli.commands import COMMANDS
from covey.testing.samples import mend_shop
from tests.cli.program import covey

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REFERENCE = (ROOT / "core/covey/REFERENCE.md").read_text(encoding="utf-8")

_ID = re.compile(r"\b[0-9a-f]{8}\b")
_CUT = "…"


def test_its_manifest_is_in_order(tmp_path: Path) -> None:
    (manifest,) = re.findall(r"```toml\n(.*?)```", REFERENCE, re.DOTALL)
    (tmp_path / "covey.toml").write_text(manifest, encoding="utf-8")
    ran = covey("contexts", "--json", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert [component["component"] for component in ran.object[0]["components"]] == ["Invoice", "Money"]


def test_every_command_is_named_and_no_other() -> None:
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", README + REFERENCE, re.DOTALL))
    assert set(re.findall(r"\bcovey ([a-z]+)", code)) == set(COMMANDS)


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 6, 130])
def test_every_exit_code_is_explained(code: int) -> None:
    assert re.search(rf"^\| {code} \| \w", REFERENCE, re.MULTILINE)


@pytest.mark.parametrize("page", ["README.md", "core/covey/REFERENCE.md", "CONTRIBUTING.md"])
def test_what_a_page_leads_to_is_there(page: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text(encoding="utf-8"))
    assert [link for link in links if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_the_first_ten_minutes_are_as_they_are_told(bare: Path) -> None:
    """Every line that is shown is printed; ids differ, and `…` stands for what is left out."""
    ids: dict[str, str] = {}
    for block in re.findall(r"```console\n(.*?)```", README, re.DOTALL):
        for command, shown in re.findall(r"^\$ covey (.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE):
            if command.startswith("retry"):
                mend_shop(bare)
            typed = _ID.sub(lambda match: ids[match.group()], command)
            printed = covey(*shlex.split(typed), cwd=bare).out.replace(str(bare), "/home/ada/shop").splitlines()
            for line in shown.splitlines():
                if line.strip() != _CUT:
                    _remember(ids, line, next(each for each in printed if _is_shown(line, each)))


def _is_shown(line: str, printed: str) -> bool:
    """Whether a line of the page is this line of the program, apart from ids."""
    line, printed = _ID.sub("ID", line), _ID.sub("ID", printed)
    return printed.startswith(line.removesuffix(_CUT)) if line.endswith(_CUT) else line == printed


def _remember(ids: dict[str, str], line: str, printed: str) -> None:
    """Which id of this run an id of the page stands for, always the same."""
    for told, real in zip(_ID.findall(line), _ID.findall(printed), strict=False):
        assert ids.setdefault(told, real) == real
