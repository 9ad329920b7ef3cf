"""Whatever text comes from agents, files and names: nothing raises, nothing gets out of its line, nothing is obeyed."""

import unicodedata
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from covey.client.artifact import Artifact
from covey.model.command import ResultStatus, TranscriptKind
from covey.model.status import FailureCause, Phase, Status
from covey_tui.view.detail.artifact import artifact_head, artifact_lines, diff_lines, no_artifact
from covey_tui.view.detail.document import document_lines
from covey_tui.view.detail.head import Tab, head_line, marked_head, marked_lines, peek_line
from covey_tui.view.detail.pieces import muted
from covey_tui.view.detail.problem import problem_lines
from covey_tui.view.detail.state import state_lines
from covey_tui.view.detail.steps import step_lines
from covey_tui.view.detail.summary import summary_lines
from covey_tui.view.detail.transcript import TranscriptLines
from covey_tui.view.spans import Line, room
from tests.tui.detail.source import interaction, row
from tests.tui.pictures import NOW, board, family, session, waiting

EVIL = [
    "[/x]",
    "[red]",
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\u202eabc\u202c",
    "\ud800",
    "\x00",
    "\r",
    "\r\n",
    "\t",
    "\n",
    "\u2028",
    "\ufeff",
    "界",
    "e\u0301",
    "/",
    " ",
    "`",
    "**",
    "|",
    "\n|a|b|\n|-|-|\n",
    "\n> - 1. ",
    "&#27;",
    "&#8238;",
    "[a](\x1b)",
    "\n```\n",
    "word",
    "@@ -1 +1 @@\n",
]
hostile = st.lists(st.one_of(st.sampled_from(EVIL), st.text(st.characters(), max_size=30)), max_size=30).map("".join)
widths = st.integers(min_value=24, max_value=120)
relaxed = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
OBEYED = frozenset({"Cc", "Cs", "Zl", "Zp"})
TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def check(lines: Iterable[Line], width: int) -> None:
    for line in lines:
        assert room(line) <= width, line
        for piece in line:
            bad = [each for each in set(piece.text) if unicodedata.category(each) in OBEYED or each in TURNS]
            assert not bad, (bad, piece)


def everything(text: str, width: int) -> None:
    """Bring the text through every content of the detail."""
    _sessions(text, width)
    _transcript(text, width)
    _steps(text, width)
    _files(text, width)
    check(muted(text, width), width)


def _sessions(text: str, width: int) -> None:
    ended: dict[str, Any] = {"status": Status.FAILED, "phase": None, "finished_at": NOW}
    facts = [{"component": text, "reason": text, "path": text, "cause": text}] * 7
    verdict: dict[str, Any] = {"failed": facts, "missing_files": facts, "not_created": [text], "cancelled": text}
    said = {"error_message": text, "artifact_path": text, "state": {text: [text]}, "note": text, "model": text}
    children = [("A", 9, {**ended, **said, "failure_cause": cause}) for cause in FailureCause]
    cancelled = {**said, "status": Status.CANCELLED, "phase": None, "decided_by": text, "finished_at": NOW}
    parent = {**waiting(), "phase": Phase.BLOCKED, "needs_human": verdict, "error_message": text}
    rows = list(family("Billing", 9, parent, [*children, ("B", 9, cancelled)]))
    rows = [replace(each, component=text, id=f"{number}" if number else each.id) for number, each in enumerate(rows)]
    shown = board(rows)
    shown.workflows = {rows[0].id: "design"}
    for each in rows:
        check([head_line(shown, each, NOW, width), peek_line(shown, each, Tab.STATE, width)], width)
        for peek in (False, True):
            check(problem_lines(shown, each, NOW, width, peek=4 * peek), width)
            check(summary_lines(shown, each, NOW, width, peek=peek), width)
        check(state_lines(each, width), width)
    keys = [each.id for each in rows]
    check([marked_head(shown, keys, NOW, width), *marked_lines(shown, keys, width)], width)


def _transcript(text: str, width: int) -> None:
    rows = [row(n, kind, text, step=text or "S") for n, kind in enumerate([*TranscriptKind, *TranscriptKind], start=1)]
    transcript = TranscriptLines(width, text, cap=50)
    for each in rows:
        transcript.append([each])
    check(transcript.lines, width)
    transcript.resize(width + 1)
    check(transcript.lines, width + 1)


def _steps(text: str, width: int) -> None:
    steps = [
        interaction(
            f"{status}",
            text or "S",
            status,
            metadata={text: text, "more": [text]},
            **({} if status is None else {"error_message": text, "stderr": text, "data": {text: {text: text}}}),
        )
        for status in (*ResultStatus, None)
    ]
    lines = step_lines(steps, {each.id for each in steps}, NOW, width)
    check([each.line for each in lines], width)


def _files(text: str, width: int) -> None:
    for path in ("a.md", "a.py", text):
        artifact = Artifact(path, present=True, text=text, size=len(text), modified_at=NOW, truncated=path == text)
        check([artifact_head(artifact, NOW, width, diff=True), *artifact_lines(artifact, width)], width)
    check(document_lines(text, width), width)
    check(diff_lines(text, width), width)
    why = no_artifact(session("A", "B"), Artifact(text, reason=text))
    check(muted(why or "", width), width)


class TestHostileText:
    """Any text, through every content."""

    @relaxed
    @given(text=hostile, width=widths)
    def test_any_text_stays_in_its_lines(self, text: str, width: int) -> None:
        everything(text, width)

    @pytest.mark.parametrize("text", [*EVIL, "".join(EVIL) * 3, " " * 3_000, "a" + " " * 3_000, "\t" * 500, "\n" * 500])
    def test_what_is_known_to_hurt(self, text: str) -> None:
        everything(text, 43)

    @pytest.mark.parametrize("piece", ["x", " ", "\t", "é", "界", "a b ", "\x1b[31m", "> ", "[", "`", "|", "*"])
    def test_a_line_of_a_megabyte(self, piece: str) -> None:
        text = piece * (1_000_000 // len(piece))
        transcript = TranscriptLines(43, cap=200)
        pieces = [text[start : start + 65_536] for start in range(0, len(text), 65_536)]
        transcript.append([row(n, TranscriptKind.OUTPUT, each) for n, each in enumerate(pieces, start=1)])
        check(transcript.lines, 43)
        check(artifact_lines(Artifact("a.md", present=True, text=text), 43), 43)
        check(artifact_lines(Artifact("a.md", present=True, text=text[:50_000]), 43), 43)
        rows = list(family("Billing", 9, waiting(), []))
        check(state_lines(replace(rows[0], error_message=text), 43), 43)
        check([head_line(board(rows), replace(rows[0], component=text), NOW, 43)], 43)
