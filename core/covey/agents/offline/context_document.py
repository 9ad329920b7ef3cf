"""What a context's design document says of one of its components. Pure."""

import re

from covey.artifacts.outline import Outline, has_text, outline, parse
from covey.model.component import Component

_LINES = 60
_LINE_END = re.compile(r"\r\n?|\n")


def said_of(component: Component, text: str) -> str:
    """The section under the component's name, in any of its forms, else the first paragraph that mentions it.

    Empty if there is neither.
    """
    return _section(component, text, outline(text)) or _paragraph(component, text)


def _section(component: Component, text: str, document: Outline) -> str:
    lines = _LINE_END.split(text)
    for title in _titles(component):
        for section in document.named(title, level=None):
            # The document's own title is about the context, even where a component is named like it.
            if section.heading.level > 1 and not section.is_empty:
                return "\n".join(lines[section.heading.last : section.end][:_LINES]).strip()
    return ""


def _titles(component: Component) -> tuple[str, ...]:
    """What a section about the component may be called: its module, an ending of it (the longest first), its name."""
    parts = component.module_name.split(".")
    endings = (".".join(parts[place:]) for place in range(len(parts)))
    return tuple(dict.fromkeys((*endings, component.name)))


def _paragraph(component: Component, text: str) -> str:
    names = "|".join(re.escape(name) for name in (component.module_name, component.name) if name)
    mention = re.compile(rf"(?<![\w.])(?:{names})(?![\w.]*\w)")
    previous = ""
    for token in parse(text):
        is_text = token.type == "inline" and previous != "heading_open" and has_text(token.content)
        if is_text and mention.search(token.content):
            return token.content
        previous = token.type
    return ""
