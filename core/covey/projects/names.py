"""What a name and a module may be: they become directories and files, and are shown on screens.

The checks answer with the end of a sentence, or None; who reports it knows the line.
"""

import re
import unicodedata
from itertools import takewhile

from covey.projects.limits import LONGEST_SEGMENT
from covey.text.quoting import has_controls, quoted

_NO_MODULE_AFTER = tuple("/\\@-")  # what they follow is a path, an address or a distribution's name
_ARITY = re.compile(r"[?!]?/\d")
LONGEST_SLUG = 100  # two of them, with what stands around them, are one name in a file system


def name_problem(name: str) -> str | None:
    """Why a display name of a context or component will not do."""
    if not name.strip():
        return "should not be blank"
    if has_controls(name):
        return f"should have no control characters, not {quoted(name)}"
    if "/" in name or "\\" in name or name.strip() in {".", ".."}:
        return f"should be a name and not a path, not {quoted(name)}"
    if len(name.encode()) > LONGEST_SEGMENT:
        return f"should have at most {LONGEST_SEGMENT} bytes, as a file system wants it, not {len(name.encode())}"
    return None


def module_problem(module: str) -> str | None:
    """Why a module name will not do. Any Unicode letters are welcome; each part must be an identifier."""
    if not module.strip():
        return "should not be blank"
    if has_controls(module):
        return f"should have no control characters, not {quoted(module)}"
    if "/" in module or "\\" in module:
        return f'should be a dotted name like "shop.billing", not the path {quoted(module)}'
    return next((problem for part in module.split(".") if (problem := _part_problem(module, part))), None)


def leading_module(text: str) -> str | None:
    """The dotted name that a list item begins with, in backticks, emphasis, brackets or bare; None if it has none.

    Of a function with its arity, as Elixir writes it (`Shop.Tax.rate/1`), it is the module.
    """
    text = unicodedata.normalize("NFC", text)
    if text[:4].lower() in {"[ ] ", "[x] "}:
        text = text[4:]
    text = text.lstrip("*[`%& ")
    name = "".join(takewhile(_is_of_a_name, text))
    rest = text[len(name) :]
    if _ARITY.match(rest) and name[:1].isupper():
        name = name.rpartition(".")[0]
    elif rest.startswith(_NO_MODULE_AFTER):
        return None
    name = name.rstrip(".")
    return name if name and all(part.isidentifier() for part in name.split(".")) else None


def _part_problem(module: str, part: str) -> str | None:
    if not part:
        return f"should have a name between all its dots, not {quoted(module)}"
    if not part.isidentifier():
        return f"should be names of letters, digits and _ with dots between them; {quoted(part)} is none"
    if len(part.encode()) > LONGEST_SEGMENT:
        return f"has a part of {len(part.encode())} bytes; a file system holds at most {LONGEST_SEGMENT}"
    return None


def _is_of_a_name(character: str) -> bool:
    return character == "." or f"x{character}".isidentifier()


def branch_slug(name: str, component_id: str) -> str:
    """A context's or component's name as a part of a branch's name; its id where nothing of the name is left."""
    dashed = re.sub(r"[^a-z0-9_-]", "-", name.lower())
    slug = re.sub(r"-+", "-", dashed).strip("-")
    return slug[:LONGEST_SLUG].rstrip("-") or component_id
