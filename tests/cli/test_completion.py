"""What a shell completes, by the script that `covey --completion` prints."""

import re
import subprocess
from pathlib import Path

import pytest

from covey.cli.commands import SHELLS
from tests.cli.program import covey

_COMPLETES = """
source "$1"
COMP_WORDS=("${@:2}")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_covey
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    ran = covey("--completion", "bash", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")
    path = tmp_path / "covey.bash"
    path.write_text(ran.out, encoding="utf-8")
    return path


def test_bash_completes_commands_and_options(script: Path) -> None:
    def completed(*words: str) -> set[str]:
        command = ["bash", "-c", _COMPLETES, "bash", str(script), *words]
        return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())

    assert completed("covey", "re") == {"report", "resume", "retry"}
    assert completed("covey", "run", "design", "--budget") == {"--budget-tokens", "--budget-usd"}
    assert "engine" not in completed("covey", "")


REGISTERED = {
    "bash": r"\ncomplete -F _covey covey\n",
    "zsh": r"\A#compdef covey\n\n_covey\(\) \{\n",
    "fish": r"\ncomplete -c covey .*-a 'run'",
}
"""How each shell learns what completes covey; zsh by a function that is called as its file is, `_covey`."""


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_learns_what_completes_covey(shell: str, tmp_path: Path) -> None:
    assert re.search(REGISTERED[shell], covey("--completion", shell, cwd=tmp_path).out)


@pytest.mark.parametrize("shells", [(), ("tcsh",), ("bash", "zsh")])
def test_any_other_word_is_refused(shells: tuple[str, ...], tmp_path: Path) -> None:
    ran = covey("--completion", *shells, cwd=tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "one of: bash, zsh, fish" in ran.err
