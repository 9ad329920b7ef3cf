"""What is shown where nothing was ever run: what there is, and the commands that begin. Pure."""

import shlex
from dataclasses import dataclass

from covey.client.beginning import Beginning
from covey.text.cells import pad, width
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import plural
from covey_tui.view.hints import KeyOf, hints, usual
from covey_tui.view.spans import BLANK, MUTED, STRONG, Ground, Line, Role, Tone, fit, span, wrapped

BLOCK = 72
_NAME, _MISTAKE, _INDENT = 40, 300, 2
_DEMO = "covey demo"
_NOTHING = SafeText("")


@dataclass(frozen=True, slots=True)
class Choice:
    """A command that begins something.

    `modules` are the contexts that it would run, and `what` is their name or number; both empty for other commands.
    """

    command: SafeText
    about: SafeText
    what: SafeText = _NOTHING
    modules: tuple[str, ...] = ()


def choices(found: Beginning) -> tuple[Choice, ...]:
    """The commands that begin something, best first."""
    demo = Choice(SafeText(_DEMO), SafeText("a made-up project, free"))
    if not found.has_manifest:
        return (Choice(SafeText("covey init"), SafeText("reads this project")), demo)
    if not found.contexts:
        return (demo,)
    first = found.contexts[0]
    total = sum(each.components for each in found.contexts)
    left = total - sum(each.documents for each in found.contexts)
    return (
        Choice(
            sanitise_line(f"covey run design {shlex.quote(first.context)}", _NAME * 2),
            SafeText(f"{plural(first.components, 'component')}, {first.components - first.documents} to write"),
            sanitise_line(first.context, _NAME),
            (first.module,),
        ),
        Choice(
            SafeText("covey run design --all"),
            SafeText(f"{plural(total, 'component')}, {left} to write"),
            SafeText(plural(len(found.contexts), "context")),
            tuple(each.module for each in found.contexts),
        ),
        Choice(SafeText("covey run design --all --dry-run"), SafeText("only says what would start")),
        demo,
    )


def block(found: Beginning, listed: tuple[Choice, ...], chosen: int, key: KeyOf = usual) -> list[Line]:
    """The whole block, line by line, each as wide as it."""
    column = max(width(each.command) for each in listed)
    lines: list[Line] = [(span(f"  {_title(found)}", STRONG),), BLANK]
    lines += [(span(" " * _INDENT), *line) for line in _about(found)]
    lines.append(BLANK)
    lines += [_choice(each, column, is_chosen=place == chosen) for place, each in enumerate(listed)]
    runs = [(key("tree.open"), "runs it")] if listed[chosen].modules else []
    hint = (span(" " * _INDENT), *hints(*runs, (key("view.copy"), "copies the line")))
    return [fit(line, BLOCK) for line in (*lines, BLANK, hint)]


def _title(found: Beginning) -> SafeText:
    if not found.has_manifest:
        return SafeText("No covey.toml here")
    return SafeText(f"No run yet in {sanitise_line(found.project, _NAME)}")


def _about(found: Beginning) -> list[Line]:
    if found.mistake is not None:
        return wrapped(sanitise_line(found.mistake, _MISTAKE), BLOCK - _INDENT, Tone(Role.WARNING))
    if not found.has_manifest:
        return [(span("covey works on projects that have one.", MUTED),)]
    contexts = plural(len(found.contexts), "context")
    components = plural(sum(each.components for each in found.contexts), "component")
    done = sum(each.documents for each in found.contexts)
    has = f"{done} {'has' if done == 1 else 'have'} a design" if done else "none has a design"
    named = SafeText(f"covey.toml names {contexts} with {components}; {has}.")
    follows = SafeText("Start a run from any terminal, and this screen follows it.")
    return [line for text in (named, follows) for line in wrapped(text, BLOCK - _INDENT, MUTED)]


def _choice(choice: Choice, column: int, *, is_chosen: bool) -> Line:
    line: Line = (
        span("▌ " if is_chosen else "  ", Tone(Role.PRIMARY)),
        span(pad(choice.command, column), STRONG if is_chosen else Tone()),
        span(f"    {choice.about}", MUTED),
    )
    if not is_chosen:
        return line
    return tuple(span(text, tone._replace(ground=Ground.CURSOR)) for text, tone in fit(line, BLOCK))
