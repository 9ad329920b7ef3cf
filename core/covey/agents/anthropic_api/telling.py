"""The transcript of a session with a model: its text as it comes, its calls and their results, and what each turn used.

Pieces are gathered and told at most `TIMES_A_SECOND`; no piece makes a row of its own.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from covey.agents.anthropic_api.draft import Block, Piece
from covey.agents.base import Desk
from covey.errors import first_of
from covey.model.command import TranscriptKind

TIMES_A_SECOND = 5
"""Enough to read along; with a hundred sessions each row more costs the engine, its database and every monitor."""
SHOWN_CHARACTERS = 1_000
"""So much of what came of a call is told, the beginning of it; the model gets all."""

_THING = 200
_WORDS = {
    "read_file": "read",
    "write_file": "write",
    "edit_file": "edit",
    "list_files": "list",
    "search_text": "search",
    "ask_human": "ask",
    "run_tests": "run its tests",
    "run_command": "run",
}
"""What a call does, for people: a verb, then what it is about."""

Sleep = Callable[[float], Awaitable[None]]


class Telling:
    """Tells a desk what goes on. `sleep` takes seconds."""

    def __init__(self, desk: Desk, sleep: Sleep) -> None:
        self._desk = desk
        self._sleep = sleep
        self._pieces: list[Piece] = []
        self._news = asyncio.Event()
        self._held = ""

    def hear(self, piece: Piece) -> None:
        """Take a piece of an answer; it is told soon."""
        self._pieces.append(piece)
        self._news.set()

    @contextlib.asynccontextmanager
    async def live(self) -> AsyncIterator[None]:
        """Tell what is heard within the block, all of it by its end."""
        try:
            async with asyncio.TaskGroup() as tasks:
                telling = tasks.create_task(self._tell_on())
                try:
                    yield
                finally:
                    telling.cancel()
        except BaseExceptionGroup as group:
            raise first_of(group) from None  # as it is, for whoever waits for its kind
        await self._tell()

    async def broke_off(self, why: str, seconds: float) -> None:
        """An answer broke off, or none came; the same is asked again."""
        self._held = ""
        await self._desk.report(TranscriptKind.OUTPUT, f"\n{why}; asks again in {seconds:.1f} s\n")

    async def called(self, call: Block) -> None:
        """A tool is about to do what the model asks for."""
        name = call["name"]
        await self._desk.report(
            TranscriptKind.TOOL, f"{_WORDS.get(name, name)} {_thing(call['input'])}".rstrip() + "\n"
        )

    async def done(self, text: str, *, is_error: bool) -> None:
        """What came of it."""
        left = len(text) - SHOWN_CHARACTERS
        shown = text if left <= 0 else f"{text[:SHOWN_CHARACTERS]}\n[… {left:,} characters more …]"
        await self._desk.report(TranscriptKind.OUTPUT, f"{'refused: ' if is_error else ''}{shown.rstrip()}\n")

    async def used(self, tokens: dict[str, int], request_id: str | None) -> None:
        """What a turn has used."""
        sent = sum(number for kind, number in tokens.items() if kind != "output")
        cached = tokens.get("cache_read", 0)
        read = f"{sent:,} tokens in" + (f" ({cached:,} of them cached)" if cached else "")
        parts = [read, f"{tokens.get('output', 0):,} out", request_id or ""]
        await self._desk.report(TranscriptKind.USAGE, " · ".join(filter(None, parts)) + "\n")

    async def _tell_on(self) -> None:
        while True:
            await self._news.wait()
            await self._tell()
            await self._sleep(1 / TIMES_A_SECOND)

    async def _tell(self) -> None:
        """Tell all that was heard, what belongs together as one."""
        self._news.clear()
        pieces, self._pieces = self._pieces, []
        text, is_thinking = "", False
        for piece in pieces:
            if piece.is_thinking is not is_thinking:
                await self._say(text, is_thinking=is_thinking)
                text, is_thinking = "", piece.is_thinking
            text += piece.text
            if piece.ends:
                await self._say(text, is_thinking=is_thinking, ends=True)
                text = ""
        await self._say(text, is_thinking=is_thinking)

    async def _say(self, text: str, *, is_thinking: bool, ends: bool = False) -> None:
        """Report a text that goes on in the next report unless it ends here: only then does it end its line."""
        text = self._held + text
        said = text.rstrip("\n")
        self._held = "" if ends else text[len(said) :]
        if said or (ends and text):
            kind = TranscriptKind.THINKING if is_thinking else TranscriptKind.TEXT
            await self._desk.report(kind, f"{said}\n" if ends else said)


def _thing(arguments: Any) -> str:
    """What a call is about: its path, else the first of its arguments, in one line."""
    if not isinstance(arguments, dict) or not arguments:
        return ""
    thing = arguments.get("path") or next(iter(arguments.values()))
    words = thing.split() if isinstance(thing, str) else map(str, thing if isinstance(thing, list) else [thing])
    line = " ".join(words)
    return line if len(line) <= _THING else f"{line[: _THING - 1]}…"
