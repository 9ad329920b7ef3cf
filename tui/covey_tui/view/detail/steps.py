"""The Steps tab: every interaction of every attempt, and on request what was asked for and what came of it. Pure."""

import json
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from covey.model.command import Interaction, Result, ResultStatus
from covey.text.cells import width as cells_of
from covey.text.sanitise import sanitise_line
from covey.text.words import duration, plural
from covey_tui.view.detail.pieces import LONGEST, block, kept_in, limited, rule, shortened
from covey_tui.view.detail.transcript import title_of
from covey_tui.view.spans import BLANK, MUTED, TEXT, Line, Role, Span, Tone, room, span, wrapped

STDERR_LINES = 10
"""How many lines of a program's errors are shown."""

PROMPT_CHARACTERS = 200_000
"""How much of a prompt is shown: all of it, unless something is wrong with it."""

_SIGNS: dict[ResultStatus | None, tuple[str, Tone]] = {
    ResultStatus.OK: ("✓", Tone(Role.SUCCESS)),
    ResultStatus.WARNING: ("!", Tone(Role.WARNING)),
    ResultStatus.ERROR: ("✗", Tone(Role.ERROR)),
    None: ("●", Tone(Role.PRIMARY)),
}
_NAME, _GAP = 24, 3
_COLUMN = 16


class StepLine(NamedTuple):
    """A line of the tab; `key` is the id of the interaction whose line it is, None for all other lines."""

    line: Line
    key: str | None = None


def step_lines(
    interactions: Sequence[Interaction], unfolded: AbstractSet[str], now: datetime, width: int
) -> list[StepLine]:
    """All interactions by attempt, newest last; those in `unfolded` with all that is known of them."""
    lines: list[StepLine] = []
    names = min(_NAME, max((cells_of(title_of(each.step)) for each in interactions), default=0))
    times = _GAP + max((len(_took(each, now)) for each in interactions), default=0)
    for attempt, group in groupby(interactions, key=lambda each: each.attempt):
        members = list(group)
        if lines:
            lines.append(StepLine(BLANK))
        lines.append(StepLine(rule(f"Attempt {attempt}", members[0].inserted_at, width)))
        for each in members:
            lines.append(StepLine(_step(each, (names, times), now, width), each.id))
            if each.id in unfolded:
                lines += [StepLine(line) for line in _unfolded(each, width)]
    return lines


def _step(each: Interaction, columns: tuple[int, int], now: datetime, width: int) -> Line:
    names, times = columns
    sign, tone = _SIGNS[each.result.status if each.result is not None else None]
    name = shortened(title_of(each.step), names)
    line: Line = (
        span(f"{sign} ", tone),
        Span(name),
        span(" " * (names - cells_of(name))),
        span(_took(each, now).rjust(times), MUTED),
    )
    note = shortened(_note(each.result), width - room(line) - _GAP - 1)
    line = (*line, span(" " * _GAP), Span(note, MUTED)) if note else line
    return kept_in(line, width)


def _took(each: Interaction, now: datetime) -> str:
    if each.result is not None and each.result.duration_ms is not None:
        return duration(each.result.duration_ms / 1000)
    ended = each.completed_at or (now if each.result is None else None)
    return "" if ended is None else duration((ended - each.inserted_at).total_seconds())


def _note(result: Result | None) -> str:
    if result is None:
        return ""
    findings = result.data.get("findings")
    if isinstance(findings, list) and findings:
        return plural(len(findings), "error")
    return result.error_message or ""


def _unfolded(each: Interaction, width: int) -> Iterator[Line]:
    """What was asked for, and what came of it."""
    yield from _fact("command", each.command.command.value, width)
    for key, value in each.command.metadata.items():
        yield from _fact(key, value, width)
    if each.prompt:
        yield (span("  prompt, as it was sent", MUTED),)
        yield from block(limited(each.prompt.rstrip(), PROMPT_CHARACTERS), width, TEXT, "  ")
    if each.result is not None:
        yield from _result(each.result, width)


def _result(result: Result, width: int) -> Iterator[Line]:
    if result.code is not None:
        yield from _fact("exit code", result.code, width)
    for key, value in result.data.items():
        yield from _fact(key, value, width)
    if result.error_message:
        yield from block(limited(result.error_message), width, Tone(Role.ERROR), "  ")
    if result.stderr.strip():
        yield (span("  stderr, its end", MUTED),)
        end = result.stderr[-LONGEST:].rstrip().split("\n")[-STDERR_LINES:]
        yield from block(limited("\n".join(end)), width, TEXT, "  ")


def _fact(key: str, value: object, width: int) -> Iterator[Line]:
    if value is None or value in ({}, [], ""):
        return
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    label = shortened(key.replace("_", " "), _COLUMN - 3)
    before: Line = (span("  "), Span(label, MUTED), span(" " * (_COLUMN - 2 - cells_of(label))))
    for line in wrapped(sanitise_line(text, LONGEST), max(1, width - 1 - _COLUMN)):
        yield (*before, *line)
        before = (span(" " * _COLUMN),)
