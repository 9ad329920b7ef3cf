import contextlib
from pathlib import Path

import pytest

from covey.client.place import find_root, from_here
from covey.errors import UsageError


class TestFindRoot:
    """The root is the nearest parent directory with a manifest."""

    def test_the_nearest_one_wins(self, tmp_path: Path) -> None:
        inner = tmp_path / "inner"
        (inner / "deep/deeper").mkdir(parents=True)
        (tmp_path / "covey.toml").write_text("")
        (inner / "covey.toml").write_text("")
        assert find_root(inner / "deep/deeper") == inner.resolve()
        assert find_root(tmp_path) == tmp_path.resolve()

    def test_it_begins_where_one_is(self, tmp_path: Path) -> None:
        (tmp_path / "covey.toml").write_text("")
        (tmp_path / "below").mkdir()
        with contextlib.chdir(tmp_path / "below"):
            assert find_root() == tmp_path.resolve()

    def test_none_says_what_to_run(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"no covey.toml in .* or above; run: covey init"):
            find_root(tmp_path)

    @pytest.mark.parametrize("name", ["gone", "covey.toml", "a" * 5_000, "nul\0"])
    def test_what_is_no_directory_is_refused(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "covey.toml").write_text("")
        with pytest.raises(UsageError, match="is no directory"):
            find_root(tmp_path / name)


def test_a_command_names_the_project_only_from_elsewhere(tmp_path: Path) -> None:
    root = tmp_path.resolve() / "a shop"
    (root / "below").mkdir(parents=True)
    (root / "covey.toml").write_text("")
    for place, said in ((root, ""), (root / "below", ""), (tmp_path, f" --project '{root}'")):
        with contextlib.chdir(place):
            assert from_here(root) == said
