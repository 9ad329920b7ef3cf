from pathlib import Path

import pytest

from covey.config.state_dir import state_directory
from covey.errors import UsageError


def test_it_is_made_and_ignores_itself_in_git(tmp_path: Path) -> None:
    directory = state_directory(tmp_path)
    assert directory == tmp_path / ".covey"
    assert (directory / ".gitignore").read_text() == "*\n"


def test_what_is_there_stays(tmp_path: Path) -> None:
    directory = state_directory(tmp_path)
    (directory / "covey.db").write_text("kept")
    (directory / ".gitignore").write_text("mine\n")
    assert state_directory(tmp_path) == directory
    assert (directory / "covey.db").read_text() == "kept"
    assert (directory / ".gitignore").read_text() == "mine\n"


@pytest.mark.parametrize("root", ["gone", "file"])
def test_a_root_that_cannot_hold_it_is_refused_with_what_to_do(tmp_path: Path, root: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"\.covey cannot be written .*: covey keeps its state there"):
        state_directory(tmp_path / root)


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".covey").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        state_directory(tmp_path)
