"""The transcript of a session with a model."""

import asyncio

import pytest

from covey.agents.anthropic_api.draft import Piece
from covey.agents.anthropic_api.telling import Telling
from covey.errors import StoreError
from covey.model.command import TranscriptKind
from covey.testing.desk import RecordingDesk


class FullDesk(RecordingDesk):
    """The desk of an engine that cannot store anything any more."""

    async def report(self, kind: TranscriptKind, text: str) -> None:
        """Fail."""
        raise StoreError("the disk is full")


async def test_what_cannot_be_told_ends_an_answer_as_what_it_is() -> None:
    async def answer() -> None:
        async with telling.live():
            telling.hear(Piece("Well."))
            await asyncio.Event().wait()  # for the rest of it, which never comes

    telling = Telling(FullDesk(), asyncio.sleep)
    with pytest.raises(StoreError, match="the disk is full"):
        await answer()
