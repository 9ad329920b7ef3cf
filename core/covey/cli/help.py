"""Help in plain text: an entry for each option, as wide as the terminal and no wider, what goes on set in."""

import shutil
from collections.abc import Callable, Iterator
from inspect import Parameter, cleandoc, signature
from textwrap import fill, wrap
from typing import TYPE_CHECKING, Any

from cyclopts.help.formatters import PlainFormatter

if TYPE_CHECKING:
    from cyclopts.help import HelpEntry, HelpPanel

_INDENT, _FURTHER = " " * 2, " " * 6


def explained(command: Callable[..., object], example: str) -> str:
    """What a command does, by its docstring without the options, and how it is typed; as wide as the terminal."""
    told, _, _ = cleandoc(command.__doc__ or "").partition("\n\nArgs:\n")
    columns = shutil.get_terminal_size().columns
    paragraphs = [" ".join(paragraph.split()) for paragraph in told.split("\n\n")]
    return "\n\n".join(fill(each, columns, break_on_hyphens=False) for each in (*paragraphs, f"Example: {example}"))


def usage(name: str, command: Callable[..., object]) -> str:
    """How a command is typed: what it is about, by the names under which its help explains them, then its options."""
    words = (_word(each) for each in signature(command).parameters.values())
    return " ".join(["Usage: covey", name, *filter(None, words), "[OPTIONS]"])


def _word(parameter: Parameter) -> str:
    """A parameter as it stands in the line of usage; those that are named are its options."""
    word = parameter.name.upper()
    if parameter.kind is Parameter.VAR_POSITIONAL:
        return f"[{word}...]"
    if parameter.kind is not Parameter.POSITIONAL_ONLY:
        return ""
    return word if parameter.default is Parameter.empty else f"[{word}]"


class PlainHelp(PlainFormatter):
    """Cyclopts' own plain help breaks its lines twice: to the terminal's width, then again behind an option's name."""

    def __call__(self, console: Any, options: Any, panel: "HelpPanel") -> None:  # noqa: ARG002 - the protocol's
        """Print one group of options or commands; the console is rich's, which the core never imports."""
        if not panel.entries:
            return
        for line in _lines(panel, console.width):
            console.print(line, highlight=False, markup=False)
        console.print()


def _lines(panel: "HelpPanel", width: int) -> Iterator[str]:
    if panel.title:
        yield f"{panel.title}:"
    for entry in panel.entries:
        names = entry.display_labels_with_metavar if panel.format == "parameter" else entry.display_labels
        text = f"{', '.join(names)}: {_said(entry)}"
        yield from wrap(text, width, initial_indent=_INDENT, subsequent_indent=_FURTHER, break_on_hyphens=False)


def _said(entry: "HelpEntry") -> str:
    """What an option is about, on one line."""
    choices = [f"[choices: {', '.join(entry.choices)}]"] if entry.choices else []
    required = ["[required]"] if entry.required else []
    return " ".join([*str(entry.description.primary_renderable).split(), *choices, *required])
