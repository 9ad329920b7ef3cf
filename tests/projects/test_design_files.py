"""Where design documents are found, and how they are read."""

import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest

from covey.errors import UsageError
from covey.projects.design_files import LARGEST, UnreadError, find_designs, read_file

Make = Callable[[dict[str, str]], Path]


def paths(root: Path, directory: str | None = None) -> list[str]:
    return [str(file.path) for file in find_designs(root, directory).files]


def left_out(root: Path) -> dict[str, str]:
    return {left.path: left.reason for left in find_designs(root).left_out}


def unread(root: Path, path: str) -> str:
    with pytest.raises(UnreadError) as caught:
        read_file(root, PurePosixPath(path))
    return str(caught.value)


class TestPlaces:
    """The four usual directories, or the one that is named."""

    def test_the_usual_directories_in_their_order(self, project: Make) -> None:
        texts = ("spec/a.md", "design/a.md", "docs/spec/a.spec.md", "docs/design/deep/er/a.md", "docs/a.md", "a.md")
        root = project(dict.fromkeys(texts, "x"))
        assert paths(root) == ["docs/design/deep/er/a.md", "docs/spec/a.spec.md", "design/a.md", "spec/a.md"]

    def test_another_one_can_be_named(self, project: Make) -> None:
        root = project({"docs/design/a.md": "x", "notes/b.md": "x"})
        assert paths(root, "notes") == ["notes/b.md"]
        assert paths(root, str(root / "notes")) == ["notes/b.md"]
        assert paths(root, ".") == ["docs/design/a.md", "notes/b.md"]

    @pytest.mark.parametrize("directory", ["gone", "file.md", "a\0b", "x" * 5000])
    def test_what_is_no_directory_is_refused(self, project: Make, directory: str) -> None:
        root = project({"file.md": "x"})
        with pytest.raises(UsageError, match=r"--root .* is no directory"):
            find_designs(root, directory)

    @pytest.mark.parametrize("directory", ["..", "/tmp", "link"])
    def test_what_is_outside_the_project_is_refused(self, project: Make, directory: str) -> None:
        root = project({"a.md": "x"})
        (root / "link").symlink_to("/tmp")
        with pytest.raises(UsageError, match="is not inside the project"):
            find_designs(root, directory)

    def test_both_endings_are_left_out_of_the_parts(self, project: Make) -> None:
        root = project({"docs/spec/shop/billing.spec.md": "x", "docs/spec/shop/orders.md": "x"})
        found = [(file.parts, file.ending) for file in find_designs(root).files]
        assert found == [(("shop", "billing"), ".spec.md"), (("shop", "orders"), ".md")]

    def test_other_files_and_hidden_ones_are_none(self, project: Make) -> None:
        texts = ("a.txt", "a.MD", ".md", ".spec.md", ".hidden.md", ".git/a.md", "node_modules/a.md", "deps/a.md")
        root = project({f"docs/design/{name}": "x" for name in texts})
        assert paths(root) == []


class TestLinks:
    """A link is taken where it leads to a file inside the project; what is left out is said."""

    def test_a_link_to_a_document_of_the_project(self, project: Make) -> None:
        root = project({"docs/design/a.md": "x"})
        (root / "docs/design/b.md").symlink_to("a.md")
        assert paths(root) == ["docs/design/a.md", "docs/design/b.md"]

    def test_links_out_of_the_project(self, project: Make, tmp_path: Path) -> None:
        root = project({"docs/design/a.md": "x"})
        (tmp_path / "secret.md").write_text("secret")
        (root / "docs/design/b.md").symlink_to(tmp_path / "secret.md")
        (root / "docs/spec").symlink_to(tmp_path)
        assert paths(root) == ["docs/design/a.md"]
        assert left_out(root) == {
            "docs/design/b.md": "a link that leads out of the project",
            "docs/spec": "a link that leads out of the project",
        }

    def test_links_to_directories_are_not_followed(self, project: Make) -> None:
        root = project({"docs/design/shop/a.md": "x"})
        (root / "docs/design/circle").symlink_to("..")
        assert paths(root) == ["docs/design/shop/a.md"]
        assert left_out(root) == {"docs/design/circle": "a link to a directory, which is not followed"}


class TestReading:
    """What cannot be read says where and why."""

    def test_a_byte_order_mark_is_left_out(self, project: Make) -> None:
        root = project({})
        (root / "a.md").write_bytes(b"\xef\xbb\xbf# A\r\n")
        assert read_file(root, PurePosixPath("a.md")) == "# A\r\n"

    def test_what_is_not_utf_8_is_told_with_its_line(self, project: Make) -> None:
        root = project({})
        (root / "a.md").write_bytes(b"# A\n\ncaf\xe9\n")
        assert unread(root, "a.md") == "a.md:3: is not UTF-8 (byte 0xe9); save it as UTF-8"

    def test_what_is_too_large_is_told(self, project: Make) -> None:
        root = project({"large.md": "x" * (LARGEST + 1), "largest.md": "x" * LARGEST})
        assert unread(root, "large.md") == "large.md: is larger than 524,288 bytes and was not read; split it"
        assert len(read_file(root, PurePosixPath("largest.md"))) == LARGEST

    def test_what_is_no_file_is_told(self, project: Make) -> None:
        root = project({"dir.md/x": ""})
        os.mkfifo(root / "pipe.md")
        (root / "gone.md").symlink_to("nowhere")
        assert unread(root, "pipe.md") == "pipe.md: is not a regular file"
        assert unread(root, "gone.md").startswith("gone.md: cannot be read: ")
        assert "dir.md: " in unread(root, "dir.md")
