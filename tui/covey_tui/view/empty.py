"""What is shown where nothing was ever run: what there is, and the commands that begin. Pure."""

import shlex
from dataclasses import dataclass

from covey.text.cells import pad, width
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import plural
from covey_tui.view.spans import BLANK, MUTED, STRONG, Line, Role, Tone, span

BLOCK = 72
_NAME = 40


@dataclass(frozen=True, slots=True)
class Beginning:
    """What a manifest names: its contexts with how many components each has, and how many have their document."""

    project: str
    has_manifest: bool = True
    contexts: tuple[tuple[str, int, int], ...] = ()
    mistake: SafeText | None = None


def commands(beginning: Beginning) -> list[tuple[SafeText, SafeText]]:
    """The commands that begin something, each with what it comes to."""
    if not beginning.has_manifest:
        return [
            (SafeText("covey init"), SafeText("reads this project")),
            (SafeText("covey demo"), SafeText("a made-up project, free")),
        ]
    lines = []
    total = sum(count for _, count, _ in beginning.contexts)
    left = total - sum(done for _, _, done in beginning.contexts)
    if beginning.contexts:
        name, count, done = beginning.contexts[0]
        about = f"{plural(count, 'component')}, {count - done} to write"
        lines.append((sanitise_line(f"covey run design {shlex.quote(name)}", _NAME * 2), SafeText(about)))
        lines.append((SafeText("covey run design --all"), SafeText(f"{plural(total, 'component')}, {left} to write")))
        lines.append((SafeText("covey run design --all --dry-run"), SafeText("only says what would start")))
    return [*lines, (SafeText("covey demo"), SafeText("a made-up project, free"))]


def title(beginning: Beginning) -> SafeText:
    """The heading."""
    if not beginning.has_manifest:
        return SafeText("No covey.toml here")
    return SafeText(f"No run yet in {sanitise_line(beginning.project, _NAME)}")


def about(beginning: Beginning) -> list[Line]:
    """What there is, in two muted sentences."""
    if beginning.mistake is not None:
        return [(span(beginning.mistake, Tone(Role.WARNING)),)]
    if not beginning.has_manifest:
        return [(span("covey works on projects that have one.", MUTED),)]
    contexts = plural(len(beginning.contexts), "context")
    components = plural(sum(count for _, count, _ in beginning.contexts), "component")
    done = sum(done for _, _, done in beginning.contexts)
    has = f"{done} {'has' if done == 1 else 'have'} a design" if done else "none has a design yet"
    return [
        (span(f"covey.toml names {contexts} with {components}; {has}.", MUTED),),
        (span("Start a run from any terminal, and this screen follows it.", MUTED),),
    ]


def command_line(command: SafeText, meaning: SafeText, column: int, *, chosen: bool) -> Line:
    """A command and what it comes to; the chosen one is bold."""
    return (
        span("▌ " if chosen else "  ", Tone(Role.PRIMARY)),
        span(pad(command, column), STRONG if chosen else Tone()),
        span(f"    {meaning}", MUTED),
    )


def block(beginning: Beginning, chosen: int) -> list[Line]:
    """The whole block, line by line."""
    listed = commands(beginning)
    column = max(width(command) for command, _ in listed)
    lines: list[Line] = [(span(f"  {title(beginning)}", STRONG),), BLANK]
    lines += [(span("  "), *line) for line in about(beginning)]
    lines.append(BLANK)
    lines += [command_line(*each, column, chosen=place == chosen) for place, each in enumerate(listed)]
    return [*lines, BLANK, (span("  y", STRONG), span(" copies the line", MUTED))]
