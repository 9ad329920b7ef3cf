import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covey.config.locations import Lines

DOCUMENT = """\
# a comment
title.inner = "x"

[project]
name = "shop"
source = [
  "src",
  # a comment between
  "lib", { deep.er = 1 },
]
[agents."my own"]
kind = "offline"
[[context]]
name = "A"
[[context.component]]
name = "a1"
[[context.component]]
name = "a2"
[context.component.extra]
z = 1
[[context]]
[[context.component]]
"na\\u006de" = \"\"\"
several
lines\"\"\"
priority = 1
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("title", "inner"), 2),
        (("project",), 4),
        (("project", "name"), 5),
        (("project", "source"), 6),
        (("project", "source", 0), 7),
        (("project", "source", 1), 9),
        (("project", "source", 2, "deep", "er"), 9),
        (("agents", "my own", "kind"), 12),
        (("context",), 13),
        (("context", 0, "name"), 14),
        (("context", 0, "component", 0), 15),
        (("context", 0, "component", 1, "name"), 18),
        (("context", 0, "component", 1, "extra", "z"), 20),
        (("context", 1), 21),
        (("context", 1, "component", 0), 22),
        (("context", 1, "component", 0, "name"), 23),
        (("context", 1, "component", 0, "priority"), 26),
    ],
)
def test_every_key_table_and_entry_has_its_line(path: tuple[str | int, ...], line: int) -> None:
    tomllib.loads(DOCUMENT)
    assert Lines(DOCUMENT.encode()).of(*path) == line


def test_what_is_missing_has_the_line_of_the_table_around_it() -> None:
    lines = Lines(DOCUMENT.encode())
    assert lines.of("context", 1, "module") == 21
    assert lines.of("nowhere", "at all") == 0


@given(st.lists(st.text(max_size=8), min_size=1, max_size=6, unique=True))
def test_any_key_is_found_under_the_name_that_it_has_in_the_values(keys: list[str]) -> None:
    text = "".join('"' + "".join(f"\\U{ord(letter):08x}" for letter in key) + '" = 1\n' for key in keys)
    lines = Lines(text.encode())
    for number, key in enumerate(tomllib.loads(text), start=1):
        assert lines.of(key) == number
