"""What the README promises is what the program does."""

import re
from pathlib import Path

import pytest

from covey.cli.commands import COMMANDS
from tests.cli.program import covey

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_its_manifest_is_in_order(tmp_path: Path) -> None:
    (manifest,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "covey.toml").write_text(manifest, encoding="utf-8")
    ran = covey("contexts", "--json", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    assert [component["component"] for component in ran.object[0]["components"]] == ["Invoice", "Money"]


def test_it_names_every_command_and_no_other() -> None:
    code = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", README, re.DOTALL))
    named = set(re.findall(r"\bcovey ([a-z]+)", code))
    assert named == set(COMMANDS)


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 6, 130])
def test_it_explains_every_exit_code(code: int) -> None:
    assert re.search(rf"^\| {code} \| \w", README, re.MULTILINE)
