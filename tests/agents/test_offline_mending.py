"""A document is mended by adding to it: every line stays, in its order."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covey.agents.offline.mending import UnclosedError, lacking, mended
from covey.artifacts.checks import check_design

LINES = st.sampled_from(
    [
        "# T",
        "## Purpose",
        "## Notes",
        "## Dependencies",
        "text",
        "",
        "- a",
        "```",
        "<!-- c",
        "-->",
        "> q",
        "A",
        "---",
        "x\ty",
    ]
)
DOCUMENTS = st.builds(
    lambda lines, end, last: end.join(lines) + (end if last else ""),
    st.lists(LINES, max_size=20),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)
REQUIRED = ("Purpose", "Dependencies")
BODIES = {"Purpose": "What it is for.", "Dependencies": "- `json`"}


def split(text: str) -> list[str]:
    return re.split(r"\r\n?|\n", text)


def mend(text: str, note: str = "") -> str:
    return mended(text, {title: BODIES[title] for title in lacking(text, REQUIRED)}, note)


class TestMended:
    """What is missing is added; nothing is taken away."""

    @settings(deadline=None)
    @given(DOCUMENTS)
    def test_every_line_stays_and_the_result_passes(self, text: str) -> None:
        try:
            after = mend(text, "Given for attempt 2:\n\n> the note")
        except UnclosedError as error:
            assert split(text)[error.line - 1].startswith(("```", "<!--"))  # noqa: PT017 -- either way is right
            return
        rest = iter(split(after))
        assert all(line in rest for line in split(text))  # a line is looked for only behind the one before it
        assert check_design(after, REQUIRED, ()) == ()
        assert "> the note" in split(after)
        assert mend(after, "Given for attempt 2:\n\n> the note") == after

    def test_missing_sections_come_at_the_end(self) -> None:
        assert mend("# T\n\n## Purpose\n\nMine.") == "# T\n\n## Purpose\n\nMine.\n\n## Dependencies\n\n- `json`\n"

    def test_empty_sections_are_filled_where_they_are(self) -> None:
        text = "## Purpose\n<!-- write -->\n## Dependencies\n\n- `os`\n"

        assert mend(text) == "## Purpose\n\nWhat it is for.\n\n<!-- write -->\n## Dependencies\n\n- `os`\n"

    def test_line_ends_are_kept(self) -> None:
        assert (
            mend("## Purpose\r\n\r\nMine.\r\n") == "## Purpose\r\n\r\nMine.\r\n\r\n## Dependencies\r\n\r\n- `json`\r\n"
        )

    def test_a_note_goes_to_the_end_of_its_section(self) -> None:
        text = "## Notes\n\nOld.\n\n## Purpose\n\nMine.\n\n## Dependencies\n\nNone.\n"

        assert mend(text, "> new") == "## Notes\n\nOld.\n\n> new\n\n## Purpose\n\nMine.\n\n## Dependencies\n\nNone.\n"

    @pytest.mark.parametrize("opening", ["```", "~~~ python", "<!-- comment", "<pre>"])
    def test_what_is_never_closed_is_named(self, opening: str) -> None:
        with pytest.raises(UnclosedError, match="line 3: what begins here is never closed"):
            mend(f"# T\n\n{opening}\ntext\n")

    def test_a_document_that_lacks_nothing_is_left_alone(self) -> None:
        text = "## Purpose\n\nMine.\n\n## Dependencies\n\nNone."

        assert mend(text) == text
