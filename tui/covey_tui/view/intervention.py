"""The list of everything that needs a human: which line is what, where the cursor stands, what each line says. Pure.

Nothing here is as long as the list: a line is found by its number and made when it is painted.
"""

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from itertools import accumulate

from covey.model.control import CONTROLS, Action
from covey.model.session import Session, standing
from covey.model.status import Phase, Status
from covey.text.cells import cut, pad
from covey.text.glyphs import LOOKS
from covey.text.sanitise import SafeText
from covey_tui.view.causes import RETRIED_TOGETHER
from covey_tui.view.hints import Hint, KeyOf, hints, spelled, usual
from covey_tui.view.keys import label_about, label_of_marked, retry_all_label
from covey_tui.view.needs import Group, Needs
from covey_tui.view.progress import USUAL, Manner
from covey_tui.view.spans import BLANK, MUTED, STRONG, Line, Role, Tone, room, span, spread
from covey_tui.view.states import STATES
from covey_tui.view.stopped import asks

_INDENT, _NAME, _NAME_WIDE, _WIDE, _ATTEMPT = 3, 18, 30, 138, 4
_MARK, _TIMES = "▪", "\N{MULTIPLICATION SIGN}"
_BOTH = _GAP = 2


class Deed(StrEnum):
    """What a person may ask for the sessions under the cursor; the values are the ids of the keys."""

    ANSWER = "session.message"
    RETRY = "session.retry"
    RETRY_NOTE = "session.retry_note"
    SKIP = "session.skip"
    CANCEL = "session.cancel"
    RESUME = "run.pause"


class Part(StrEnum):
    """What a line of the list is."""

    HEADING = "heading"
    ADVICE = "advice"
    MEMBER = "member"
    GAP = "gap"


@dataclass(frozen=True, slots=True)
class Cursor:
    """A heading, or one session of its group."""

    cause: str
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """What stands on a line: its group, and which of its members."""

    group: Group
    part: Part
    member: int = 0

    @property
    def cursor(self) -> Cursor | None:
        """The cursor that stands here; None on lines that it passes over."""
        if self.part is Part.HEADING:
            return Cursor(self.group.cause.key)
        return Cursor(self.group.cause.key, self.group.ids[self.member]) if self.part is Part.MEMBER else None


def advice(group: Group, key: KeyOf = usual) -> SafeText:
    """The muted line below a heading; blank where there is nothing to say."""
    shared = f"All under {group.directory}" if group.directory else ""
    return SafeText("  ".join(part for part in (group.cause.advised(key("run.pause")), shared) if part))


class Layout:
    """Where each group begins and each member stands."""

    def __init__(self, groups: Sequence[Group] = ()) -> None:
        self.groups = tuple(groups)
        heads = [2 if advice(group) else 1 for group in self.groups]
        sizes = [head + len(group.ids) + 1 for head, group in zip(heads, self.groups, strict=True)]
        self._heads = heads
        self._starts = [0, *accumulate(sizes)]

    @property
    def height(self) -> int:
        """The number of lines."""
        return max(0, self._starts[-1] - 1)

    def at(self, y: int) -> Place | None:
        """What stands on a line."""
        if not 0 <= y < self.height:
            return None
        index = bisect_right(self._starts, y) - 1
        group, below = self.groups[index], y - self._starts[index]
        member = below - self._heads[index]
        if not below:
            return Place(group, Part.HEADING)
        if member < 0:
            return Place(group, Part.ADVICE)
        return Place(group, Part.MEMBER, member) if member < len(group.ids) else Place(group, Part.GAP)

    def line_of(self, cursor: Cursor) -> int | None:
        """The line on which the cursor stands; None where its place is gone."""
        index = next((at for at, group in enumerate(self.groups) if group.cause.key == cursor.cause), None)
        if index is None:
            return None
        if cursor.session_id is None:
            return self._starts[index]
        ids = self.groups[index].ids
        found = ids.index(cursor.session_id) if cursor.session_id in ids else None
        return None if found is None else self._starts[index] + self._heads[index] + found

    def moved(self, cursor: Cursor | None, by: int) -> Cursor | None:
        """The cursor so many headings and rows further, at most at the ends; without one, at the first heading."""
        line = None if cursor is None else self.line_of(cursor)
        if line is None:
            return self.nearest(0)
        step = 1 if by > 0 else -1
        stands, left = cursor, abs(by)
        while left and 0 <= (line := line + step) < self.height:
            place = self.at(line)
            if place is not None and place.cursor is not None:
                stands, left = place.cursor, left - 1
        return stands

    def nearest(self, y: int) -> Cursor | None:
        """Where the cursor can stand, next to a line: there, else below it, else above it."""
        y = min(max(0, y), self.height - 1)
        for line in (*range(y, min(y + 3, self.height)), *range(y - 1, max(-1, y - 4), -1)):
            place = self.at(line)
            if place is not None and place.cursor is not None:
                return place.cursor
        return None


def followed(cursor: Cursor | None, before: Layout, after: Layout, needs: Needs) -> Cursor | None:
    """The cursor after a change: on its session wherever that is now, else on what is nearest to where it stood."""
    if cursor is None:
        return after.nearest(0)
    if cursor.session_id is not None and cursor.session_id in needs:
        return Cursor(needs.cause(cursor.session_id).key, cursor.session_id)
    if after.line_of(cursor) is not None:
        return cursor
    return _beside(cursor, before, after) or after.nearest(before.line_of(cursor) or 0)


def _beside(cursor: Cursor, before: Layout, after: Layout) -> Cursor | None:
    """The member of the same group that took the place of one that left: the next one, else the last."""
    same = [group for layout in (before, after) for group in layout.groups if group.cause.key == cursor.cause]
    if len(same) < _BOTH or cursor.session_id is None or cursor.session_id not in same[0].ids:
        return None
    old, new = same
    there = frozenset(new.ids)
    behind = old.ids[old.ids.index(cursor.session_id) + 1 :]
    return Cursor(cursor.cause, next((key for key in behind if key in there), new.ids[-1]))


def sessions_under(cursor: Cursor | None, layout: Layout) -> tuple[str, ...]:
    """What an action is about: the one session under the cursor, or all of the group."""
    if cursor is None:
        return ()
    if cursor.session_id is not None:
        return (cursor.session_id,)
    return next((group.ids for group in layout.groups if group.cause.key == cursor.cause), ())


def possible(deed: Deed, session: Session) -> bool:
    """Whether a session that needs a human can be treated so."""
    if asks(session) or deed is Deed.RESUME:
        return asks(session) and deed is Deed.RESUME
    if deed is Deed.ANSWER:
        return session.phase is Phase.ASKING
    if deed is Deed.RETRY_NOTE:
        return session.status is not Status.ACTIVE and possible(Deed.RETRY, session)
    if deed is Deed.SKIP and session.session_id is None:
        return False
    return standing(session) in CONTROLS[_ACTIONS[deed]]


def chosen(deed: Deed, ids: Sequence[str], needs: Needs) -> tuple[str, ...]:
    """Those of the sessions that can be treated so; who no longer needs a human is left out."""
    return tuple(key for key in ids if key in needs and possible(deed, needs.session(key)))


_ACTIONS = {Deed.RETRY: Action.RETRY, Deed.SKIP: Action.SKIP, Deed.CANCEL: Action.CANCEL}


def verbs(
    cause: str, ids: Sequence[str], needs: Needs, cells: int, key: KeyOf = usual, *, manner: Manner = USUAL
) -> Line:
    """The keys that work on a group or on one of its sessions, best first, as far as they fit; `…` asks first."""
    noted = len(ids) == 1 or cause == "check_failed"
    # Each asks something else: they are answered one by one.
    order = [deed for deed in Deed if len(ids) == 1 or deed is not Deed.ANSWER]
    order = [deed for deed in order if noted or deed is not Deed.RETRY_NOTE]
    if cause == "check_failed":
        order.sort(key=lambda deed: deed is not Deed.RETRY_NOTE)
    pairs = [(key(deed), spelled(label, manner)) for deed, label in _verbs(order, ids, needs)]
    while pairs and room(hints(*pairs)) > cells:
        pairs.pop()
    return hints(*pairs)


def _verbs(order: Sequence[Deed], ids: Sequence[str], needs: Needs) -> Iterator[tuple[Deed, str]]:
    for deed in order:
        able = [needs.session(key) for key in chosen(deed, ids, needs)]
        if able:
            yield deed, _label(deed, able)


def _label(deed: Deed, sessions: Sequence[Session]) -> str:
    """How a key is called that is about all of these: with their number, and `…` where it asks first."""
    label, count = label_about(deed, sessions[0]), len(sessions)
    if count == 1 or (deed is Deed.RESUME and label.endswith("…")):  # runs may share the budget that is asked about
        return label
    how_many = " both" if count == _BOTH else f" all {count}"
    return f"{label.removesuffix('…')}{how_many}{'' if deed is Deed.RESUME else '…'}"


@dataclass(frozen=True, slots=True)
class Look:
    """All that the look of a line depends on: the cells it has, where the cursor stands, what is marked, the keys."""

    cells: int
    cursor: Cursor | None = None
    marked: Collection[str] = ()
    zone: tzinfo | None = None
    key: KeyOf = usual
    manner: Manner = USUAL


def line(place: Place, needs: Needs, look: Look) -> Line:
    """What a line says."""
    match place.part:
        case Part.HEADING:
            return _heading(place.group, needs, look)
        case Part.ADVICE:
            return spread((span(" " * _INDENT), span(advice(place.group, look.key), MUTED)), BLANK, look.cells)
        case Part.MEMBER:
            return _member(place, needs, look)
        case Part.GAP:
            return BLANK


def _heading(group: Group, needs: Needs, look: Look) -> Line:
    state, cursor = group.cause.state, look.cursor
    role = STATES[state].role
    left = (
        span(f"{LOOKS[state].unicode} ", Tone(role)),
        span(group.heading, Tone(role, bold=True)),
        span(f"  {len(group.ids)}", STRONG),
    )
    here = cursor is not None and cursor.cause == group.cause.key
    if not here or cursor is None or look.marked:
        return spread(left, BLANK, look.cells)
    ids = group.ids if cursor.session_id is None else (cursor.session_id,)
    free = look.cells - room(left) - _GAP
    return spread(left, verbs(group.cause.key, ids, needs, free, look.key, manner=look.manner), look.cells)


def _member(place: Place, needs: Needs, look: Look) -> Line:
    session_id = place.group.ids[place.member]
    member = needs.member(session_id, place.group.directory, look.zone)
    wide = _NAME_WIDE if look.cells >= _WIDE else _NAME
    here = place.cursor == look.cursor
    attempt = f"{_TIMES}{member.attempt}" if member.attempt > 1 else ""
    left = (
        span(f" {_MARK} " if session_id in look.marked else " " * _INDENT, Tone(Role.PRIMARY)),
        span(pad(cut(member.name, wide - 1), wide), Tone(bold=here)),
        span(pad(SafeText(attempt), _ATTEMPT), MUTED),
        span(member.reason),
    )
    return spread(left, (span(member.context, MUTED),) if member.context else BLANK, look.cells)


def footer(
    needs: Needs,
    cursor: Cursor | None,
    marked: Collection[str],
    right: Line,
    cells: int,
    *,
    key: KeyOf = usual,
    manner: Manner = USUAL,
) -> Line:
    """The keys of the screen that work now; what does not fit falls off before the right end."""
    pairs: list[Hint] = []
    if len(needs):
        mark = (key("view.mark"), "unmark" if _is_marked(needs, cursor, marked) else "mark")
        show = [("Enter", "show in tree")] if cursor is not None and cursor.session_id is not None else []
        if marked:
            able = [(deed, chosen(deed, list(marked), needs)) for deed in (Deed.RETRY, Deed.SKIP)]
            counted = [(key(deed), label_of_marked(deed, [*map(needs.session, ids)])) for deed, ids in able if ids]
            pairs = [*counted, mark, (key("view.back"), "unmark all"), ("↑↓", "move"), *show]
        else:
            pairs = [("↑↓", "move"), *show, mark, *_retry_all(needs, key)]
    pairs = [(said, spelled(label, manner)) for said, label in pairs]
    while pairs and room(hints(*pairs)) + room(right) + _GAP > cells:
        pairs.pop()
    return spread(hints(*pairs), right, cells)


def _retry_all(needs: Needs, key: KeyOf) -> Iterator[Hint]:
    count = sum(number for cause, number in needs.counts().items() if cause in RETRIED_TOGETHER)
    if count:
        yield key("run.retry_all"), retry_all_label(count)


def _is_marked(needs: Needs, cursor: Cursor | None, marked: Collection[str]) -> bool:
    if cursor is None:
        return False
    if cursor.session_id is not None:
        return cursor.session_id in marked
    ids = next((group.ids for group in needs.groups() if group.cause.key == cursor.cause), ())
    return bool(ids) and all(key in marked for key in ids)
