"""What counts as present, and when a design document is valid."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covey.artifacts import checks, presence
from covey.artifacts.checks import Finding, check_design, check_design_file
from covey.artifacts.presence import FileState, look_at

SECTIONS = ("Purpose", "Public API", "Dependencies")
KNOWN = frozenset({"shop.billing", "shop.billing.money", "shop.billing.invoice"})
VALID = """# Money

## Purpose

Amounts.

## Public API

- `Money`

## Dependencies

- `json`
"""


def check(text: str, sections: tuple[str, ...] = SECTIONS) -> list[str]:
    return [str(finding) for finding in check_design(text, sections, KNOWN)]


def with_dependencies(*lines: str) -> str:
    return VALID.replace("- `json`", "\n".join(lines))


class TestLookAt:
    """Present is a regular file inside the root with more than blanks in it."""

    def test_a_file_with_text_is_present(self, tmp_path: Path) -> None:
        (tmp_path / "docs").mkdir()
        (tmp_path / "docs/a.md").write_text("a")

        assert look_at(tmp_path, "docs/a.md") == FileState(present=True)

    @pytest.mark.parametrize("text", ["", " \t\r\n\f", "\ufeff", "\ufeff\n \u00a0\u3000\n", " " * 10_000 + "\n"])
    def test_blank(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "a.md").write_text(text, encoding="utf-8")

        assert look_at(tmp_path, "a.md") == FileState(present=False, reason=presence.BLANK)

    def test_text_after_many_blanks_is_found(self, tmp_path: Path) -> None:
        (tmp_path / "a.md").write_text(" " * 10_000 + "x")

        assert look_at(tmp_path, "a.md").present

    def test_a_character_cut_by_a_chunk_counts(self, tmp_path: Path) -> None:
        (tmp_path / "a.md").write_text(" " * 4095 + "é", encoding="utf-8")

        assert look_at(tmp_path, "a.md").present

    def test_what_is_no_file(self, tmp_path: Path) -> None:
        (tmp_path / "directory.md").mkdir()
        os.mkfifo(tmp_path / "fifo.md")
        (tmp_path / "file").write_text("x")

        assert look_at(tmp_path, "directory.md").reason == presence.DIRECTORY
        assert look_at(tmp_path, "fifo.md").reason == presence.NOT_REGULAR
        assert look_at(tmp_path, "gone.md").reason == presence.NOT_THERE
        assert look_at(tmp_path, "file/below.md").reason == presence.NOT_THERE
        assert look_at(tmp_path, "nul\0.md").reason == "is no valid path"

    def test_links(self, tmp_path: Path) -> None:
        root = tmp_path / "root"
        root.mkdir()
        (tmp_path / "outside.md").write_text("x")
        (root / "inside.md").write_text("x")
        (root / "dangling.md").symlink_to("nowhere.md")
        (root / "loop.md").symlink_to("loop.md")
        (root / "out.md").symlink_to(tmp_path / "outside.md")
        (root / "in.md").symlink_to("inside.md")

        assert look_at(root, "dangling.md").reason == presence.NOT_THERE
        assert not look_at(root, "loop.md").present
        assert look_at(root, "out.md").reason == presence.OUTSIDE
        assert look_at(root, "../outside.md").reason == presence.OUTSIDE
        assert look_at(root, str(tmp_path / "outside.md")).reason == presence.OUTSIDE
        assert look_at(root, "in.md").present

    def test_a_root_that_is_a_link_is_followed(self, tmp_path: Path) -> None:
        (tmp_path / "real").mkdir()
        (tmp_path / "real/a.md").write_text("x")
        (tmp_path / "link").symlink_to("real")

        assert look_at(tmp_path / "link", "a.md").present

    def test_the_working_directory_does_not_matter(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        root = tmp_path / "root"
        root.mkdir()
        (tmp_path / "a.md").write_text("x")
        monkeypatch.chdir(tmp_path)

        assert look_at(root, "a.md").reason == presence.NOT_THERE
        (root / "a.md").write_text("x")
        assert look_at(root, "a.md").present


class TestSections:
    """Required sections are `##` headings with text below them."""

    def test_a_valid_document_has_no_findings(self) -> None:
        assert check(VALID) == []

    def test_titles_match_whatever_their_case_and_dress(self) -> None:
        dressed = VALID.replace("## Purpose", "## **PURPOSE**:").replace("## Public API", "Public `API`\n-----")

        assert check(dressed.replace("`API`", "API")) == []

    def test_crlf_and_byte_order_mark(self) -> None:
        assert check("\ufeff" + VALID.removeprefix("# Money\n\n").replace("\n", "\r\n")) == []

    def test_a_missing_section(self) -> None:
        assert check(VALID.replace("## Purpose", "## Aim")) == [
            "the section 'Purpose' is missing; add '## Purpose' and write it"
        ]

    def test_a_heading_of_another_level(self) -> None:
        assert check(VALID.replace("## Purpose", "### Purpose")) == [
            "line 3: the section 'Purpose' must be a '##' heading, not level 3"
        ]

    @pytest.mark.parametrize(
        "empty",
        ["", "   \n\n", "<!-- write here -->", "<!--\nAmounts.\n-->", "### Detail", "&nbsp;", "- \n- ", "```\n```"],
    )
    def test_an_empty_section(self, empty: str) -> None:
        assert check(VALID.replace("Amounts.", empty)) == ["line 3: the section 'Purpose' is empty; write it"]

    @pytest.mark.parametrize("text", ["x", "- x", "> x", "```\nx\n```", "### Detail\n\nx", "<b>x</b>", "| a |\n| - |"])
    def test_what_counts_as_text(self, text: str) -> None:
        assert check(VALID.replace("Amounts.", text)) == []

    @pytest.mark.parametrize("around", ["```\n{}\n```", "<!--\n{}\n-->", "> {}", "- {}", "    {}"])
    def test_a_heading_inside_something_is_none(self, around: str) -> None:
        text = VALID.replace("## Purpose\n\nAmounts.", around.format("## Purpose") + "\n\nAmounts.")

        assert len(check(text)) == 1
        assert "'Purpose'" in check(text)[0]

    def test_one_of_two_with_the_same_title_may_be_empty(self) -> None:
        assert check(VALID + "\n## Purpose\n") == []

    def test_control_characters_are_shown_as_escapes(self) -> None:
        assert check(VALID, ("Pur\x1b[2Jpose",)) == [
            r"the section 'Pur\x1b[2Jpose' is missing; add '## Pur\x1b[2Jpose' and write it"
        ]

    @settings(deadline=None)
    @given(st.text())
    def test_no_text_breaks_the_check(self, text: str) -> None:
        for finding in check_design(text, SECTIONS, KNOWN):
            assert str(finding).isprintable()


class TestDependencies:
    """Modules of this project must be known; those from outside are listed, not checked."""

    @pytest.mark.parametrize(
        "line",
        [
            "- `shop.billing.money` — amounts",
            "* shop.billing.invoice",
            "1. `shop.billing.money.Money`",
            "- `pydantic.unknown`",
            "- None",
            "- the module `shop.nowhere` is mentioned later in the line",
            "shop.nowhere in a paragraph",
            "```\n- shop.nowhere\n```",
        ],
    )
    def test_allowed(self, line: str) -> None:
        assert check(with_dependencies(line)) == []

    def test_an_unknown_module_is_named_with_its_line_and_the_nearest(self) -> None:
        (finding,) = check(with_dependencies("- `json`", "- `shop.billing.mony`"))

        assert finding == (
            "line 14: `shop.billing.mony` is no component of this project; "
            "the nearest: `shop.billing.money`, `shop.billing`, `shop.billing.invoice`"
        )

    def test_nested_bullets_and_lower_headings_belong_to_the_section(self) -> None:
        findings = check(with_dependencies("- `json`", "  - shop.nowhere", "", "### More", "", "- `shop.elsewhere`"))

        assert [finding.partition(" is no")[0] for finding in findings] == [
            "line 14: `shop.nowhere`",
            "line 18: `shop.elsewhere`",
        ]

    def test_bullets_of_other_sections_are_not_looked_at(self) -> None:
        assert check(VALID.replace("Amounts.", "- shop.nowhere")) == []

    def test_it_is_checked_even_where_it_is_not_required(self) -> None:
        assert len(check(with_dependencies("- shop.nowhere"), ("Purpose",))) == 1


class TestCheckDesignFile:
    """What cannot be read is a finding, never an exception."""

    def test_valid(self, tmp_path: Path) -> None:
        (tmp_path / "a.md").write_text(VALID)

        assert check_design_file(tmp_path, "a.md", SECTIONS, KNOWN) == ()

    def test_not_there_and_blank(self, tmp_path: Path) -> None:
        (tmp_path / "blank.md").write_text("\n")

        assert check_design_file(tmp_path, "a.md", SECTIONS, KNOWN) == (Finding(0, "a.md is not there"),)
        assert check_design_file(tmp_path, "blank.md", SECTIONS, KNOWN) == (Finding(0, "blank.md is blank"),)

    def test_not_utf_8(self, tmp_path: Path) -> None:
        (tmp_path / "a.md").write_bytes(b"ok\n\xff\xfe")

        (finding,) = check_design_file(tmp_path, "a.md", SECTIONS, KNOWN)
        assert "a.md:2: not UTF-8 text" in str(finding)

    def test_too_large(self, tmp_path: Path) -> None:
        (tmp_path / "a.md").write_text("x" * (checks.DESIGN_LIMIT + 1))

        (finding,) = check_design_file(tmp_path, "a.md", SECTIONS, KNOWN)
        assert "larger than" in str(finding)
