"""What a single document says."""

import pytest

from covey.projects.design_text import DesignText, ListedComponent, read_design


def one(text: str) -> ListedComponent:
    """The only component of a document whose list of components is this text."""
    (component,) = read_design(f"# A\n\n## Components\n\n{text}").components
    return component


def names(text: str) -> list[str]:
    return [component.name for component in read_design(text).components]


def remarks(text: str) -> list[tuple[int, str]]:
    return [(remark.line, remark.message) for remark in read_design(text).remarks]


def dependencies(bullets: str) -> list[str]:
    return [named.name for named in read_design(f"## Dependencies\n\n{bullets}").depends_on]


class TestComponents:
    """They are the `###` headings of the section `## Components`, and no others."""

    def test_each_heading_is_one_with_its_line(self) -> None:
        found = read_design("# A\n## Components\n### One\n\n### Two\n").components
        assert [(each.name, each.line) for each in found] == [("One", 3), ("Two", 5)]

    def test_the_section_ends_at_the_next_heading_of_its_level_or_above(self) -> None:
        assert names("## Components\n### One\n## Other\n### Two\n") == ["One"]
        assert names("## Components\n### One\n# Other\n### Two\n") == ["One"]
        assert names("## Components\n### One\n#### Other\n### Two\n") == ["One", "Two"]

    def test_other_sections_have_none(self) -> None:
        assert names("# A\n### Early\n## Purpose\n### One\n## components\n### Two\n## Decisions\n### Three\n") == [
            "Two"
        ]

    def test_a_section_without_them_has_none(self) -> None:
        assert names("## Components\n\nNone yet.\n\n- One\n") == []

    def test_without_the_section_there_are_none(self) -> None:
        assert names("# Components\n### One\n### Components\n### Two\n") == []

    def test_what_is_in_a_fence_is_no_heading(self) -> None:
        assert names("```\n## Components\n### One\n```\n## Components\n~~~\n### Two\n```\n~~~\n### Three\n") == [
            "Three"
        ]

    def test_a_longer_fence_holds_a_shorter_one(self) -> None:
        assert names("## Components\n````\n```\n### One\n```\n## Other\n````\n### Two\n") == ["Two"]

    def test_what_is_in_a_comment_or_quote_or_list_is_no_heading(self) -> None:
        assert names("## Components\n<!--\n### One\n-->\n> ### Two\n\n- ### Three\n\n### Four\n") == ["Four"]

    def test_a_rule_below_a_paragraph_ends_no_section(self) -> None:
        assert names("## Components\n### One\nText.\n---\n### Two\n") == ["One", "Two"]

    def test_a_fence_that_is_never_closed_is_told(self) -> None:
        assert remarks("## Components\n### One\n```\n### Two\n") == [
            (3, "this fence is never closed; nothing below it was read")
        ]
        assert remarks("## Components\n### One\n```\nclosed\n```") == []

    def test_line_ends_of_any_kind_count(self) -> None:
        found = read_design("# A\r\n\r\n## Components\r### One\n| type | schema |\r\n\r\nText.\r\n").components
        assert [(each.line, each.type, each.description) for each in found] == [(4, "schema", "Text.")]

    def test_a_heading_may_be_adorned_and_explained(self) -> None:
        for title in (
            "`Shop.Tax`",
            "**Shop.Tax**",
            "[Shop.Tax](shop/tax.md)",
            "Shop.Tax (schema)",
            "Shop.Tax: what is owed",
            "Shop.Tax — what is owed",
            "Shop.Tax - what is owed",
            "Shop.Tax ###",
        ):
            assert one(f"### {title}\n").name == "Shop.Tax"
        assert one("### `__init__`\n").name == "__init__"

    def test_a_heading_of_several_words_is_kept_as_it_is(self) -> None:
        assert one("### Tax Office\n").name == "Tax Office"


class TestTable:
    """A table with two columns right below the heading tells type and priority."""

    def test_type_and_priority(self) -> None:
        found = one("### One\n\n| field | value |\n|---|---|\n| type | schema |\n| priority | 10 |\n\nText.\n")
        assert (found.type, found.priority, found.description) == ("schema", 10, "Text.")

    def test_without_a_table_it_is_a_module(self) -> None:
        found = one("### One\nText.\n")
        assert (found.type, found.priority, found.description) == ("module", None, "Text.")

    def test_letter_case_and_signs_make_no_difference(self) -> None:
        found = one(
            "### One\n  | Field | Value |\n  |:--|--:|\n  | **TYPE** | `Live View` |\n  | Priority | -3 |\nText.\n"
        )
        assert (found.type, found.priority, found.description) == ("live_view", -3, "Text.")

    @pytest.mark.parametrize("written", ["GenServer", "gen_server", "GENSERVER", "`gen-server`", "Gen Server"])
    def test_a_type_may_be_written_in_any_way(self, written: str) -> None:
        assert one(f"### One\n| type | {written} |\n").type == "genserver"

    def test_the_bar_at_the_end_may_be_missing(self) -> None:
        assert one("### One\n| type | schema\n").type == "schema"

    def test_other_rows_are_nobodys_business(self) -> None:
        found = one("### One\n| owner | Ada |\n| type | |\n")
        assert (found.type, found.priority) == ("module", None)

    def test_a_table_behind_text_is_part_of_the_text(self) -> None:
        found = one("### One\nText.\n\n| type | schema |\n")
        assert (found.type, found.description) == ("module", "Text.")

    def test_a_table_of_three_columns_tells_nothing(self) -> None:
        found = one("### One\n| type | schema | 3 |\n\nText.\n")
        assert (found.type, found.description) == ("module", "Text.")

    def test_a_table_in_a_fence_tells_nothing(self) -> None:
        assert one("### One\n```\n| type | schema |\n```\n").type == "module"

    def test_an_unknown_type_is_other_and_told(self) -> None:
        text = "## Components\n### One\n| field | value |\n| --- | --- |\n| type | wizard |\n"
        assert read_design(text).components[0].type == "other"
        assert remarks(text) == [(5, 'the type "wizard" is not known; taken as "other"')]

    def test_a_priority_that_is_no_number_is_told(self) -> None:
        for written in ("high", "1.5", "1000001", "9" * 5000, "٣"):
            text = f"## Components\n### One\n| priority | {written} |\n"
            assert read_design(text).components[0].priority is None
            ((line, message),) = remarks(text)
            assert line == 3
            assert "is no whole number up to 1,000,000" in message
            assert len(message) < 200


class TestDescription:
    """The first paragraph of free text, on one line."""

    def test_the_first_paragraph(self) -> None:
        assert one("### One\n\nOne\n  line,\tmore.\n\nNot this.\n").description == "One line, more."

    def test_code_tables_and_comments_are_none(self) -> None:
        assert one("### One\n```\ncode\n```\n\n<!-- hidden -->\n\n| a | b | c |\n\nText.\n").description == "Text."

    def test_a_deeper_heading_ends_it(self) -> None:
        assert one("### One\n\n#### Details\n\nText.\n").description == ""

    def test_it_is_cut_and_holds_no_controls(self) -> None:
        found = one(f"### One\n\na\x1b[2Jb\u202ec {'x' * 5000}\n").description
        assert found.startswith("a [2Jb c xxx")
        assert (len(found), found[-1]) == (300, "…")

    def test_a_documents_own_stands_below_its_title_or_its_purpose(self) -> None:
        assert read_design("# A\n\nFirst.\n\n## Purpose\n\nSecond.\n").description == "First."
        assert read_design("# A\n\n## Overview\n\nSecond.\n").description == "Second."
        assert read_design("# A\n\n## Components\n\nNot this.\n").description == ""


class TestFirstWord:
    """The first word of the first `#` heading."""

    def test_first_word(self) -> None:
        def word(text: str) -> str:
            return read_design(text).first_word

        assert word("# Billing Context\n# Other\n") == "Billing"
        assert word("## Purpose\n# `Shop.Billing`: money\n") == "Shop.Billing"
        assert word("#\n") == ""
        assert word("no heading") == ""


class TestDependencies:
    """Of each list item under Dependencies the leading module, and nothing else."""

    def test_the_leading_name_is_taken(self) -> None:
        assert dependencies("- Shop.Tax: rates\n* `Shop.Money` — amounts\n1. **Ecto.Schema**\n- [x] Shop.Done\n") == [
            "Shop.Tax",
            "Shop.Money",
            "Ecto.Schema",
            "Shop.Done",
        ]

    def test_of_a_function_it_is_the_module(self) -> None:
        assert dependencies("- `Shop.Tax.rate/1`\n- Shop.Repo.get!/2\n- `%Shop.Money{}`\n") == [
            "Shop.Tax",
            "Shop.Repo",
            "Shop.Money",
        ]

    def test_what_is_no_module_is_left(self) -> None:
        assert dependencies("- None.\n- nothing\n- lib/shop.ex\n- 3 others\n\nShop.Text stands in a sentence.\n") == []

    def test_only_the_first_word_of_a_sentence_does_not_stand_alone(self) -> None:
        text = "## Dependencies\n- the library\n- Ecto\n- Jason, for JSON\n- `Logger` writes\n"
        assert [each.stands_alone for each in read_design(text).depends_on] == [False, True, True, False]

    def test_other_sections_have_none(self) -> None:
        text = "## Components\n- A.B\n## dependencies\n### Inside\n- C.D\n## Notes\n- E.F\n"
        text += "```\n## Dependencies\n- G.H\n```\n"
        assert [(each.name, each.line) for each in read_design(text).depends_on] == [("C.D", 5)]


class TestHostileText:
    """Whatever a document holds, reading it ends, and soon."""

    def test_nothing(self) -> None:
        assert read_design("") == DesignText(first_word="", description="", components=(), depends_on=(), remarks=())

    def test_lists_nested_deeply(self) -> None:
        deep = "".join(f"{'  ' * depth}- A.B\n" for depth in range(400))
        assert names(f"## Components\n### One\n\n{deep}") == ["One"]
        assert set(dependencies(deep)) == {"A.B"}

    def test_a_line_of_a_million_letters(self) -> None:
        found = one(f"### One\n| type | {'x' * 1_000_000} |\n\n{'y' * 1_000_000}\n")
        assert (found.type, len(found.description)) == ("other", 300)

    def test_thousands_of_components(self) -> None:
        assert len(names("## Components\n" + "".join(f"### C{number}\n" for number in range(4000)))) == 4000

    def test_a_name_of_a_million_parts_is_no_dependency(self) -> None:
        assert dependencies(f"- {'a.' * 250_000}a\n- b\n") == ["b"]

    def test_controls_stay_out_of_remarks(self) -> None:
        ((_, message),) = remarks("## Components\n### One\n| type | \x1b]0;title\x07 |\n")
        assert message.isprintable()
