"""One value over files: the same as long as they are."""

from pathlib import Path

from covey.artifacts.fingerprint import fingerprint


def test_it_changes_with_either_file_and_comes_back_with_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    (tmp_path / "b").write_text("two")
    before = fingerprint(tmp_path, ("a", "b"))
    assert fingerprint(tmp_path, ("b", "a")) != before

    (tmp_path / "b").write_text("2")
    assert fingerprint(tmp_path, ("a", "b")) != before
    (tmp_path / "b").unlink()
    gone = fingerprint(tmp_path, ("a", "b"))
    assert gone != before
    (tmp_path / "b").write_text("two")
    assert fingerprint(tmp_path, ("a", "b")) == before


def test_what_cannot_be_read_is_a_value_too(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    (tmp_path / "out").symlink_to("/etc/hostname")
    values = {fingerprint(tmp_path, (path,)) for path in ("directory", "out", "nothing", "../x")}
    assert len(values) == 1
