"""What a search finds; that it is a process of its own is for the tests of the tool that starts it."""

from pathlib import Path

from covey.workspace.search import Wanted, search


def test_only_lines_of_files_are_found(tmp_path: Path) -> None:
    """Neither a directory, nor a link, nor what is left out, nor what follows the end of the last line has a line."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src/a.py").write_text("one\n\n")
    (tmp_path / "src/b.bin").write_bytes(b"\xff")
    (tmp_path / "src/empty.py").write_text("")
    (tmp_path / "src/link.py").symlink_to("a.py")
    assert list(search(Wanted(str(tmp_path), ".", "^", 10))) == [
        {"path": "src/a.py", "line": 1, "text": "one"},
        {"path": "src/a.py", "line": 2, "text": ""},
        {"end": "all", "searched": 1, "left_out": 1, "literal": False},
    ]
