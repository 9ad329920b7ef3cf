"""The transcript of a session with a model."""

import pytest

from covey.errors import StoreError
from covey.model.command import TranscriptKind
from covey.testing.desk import RecordingDesk
from tests.agents.anthropic_api.office import DONE, Office


class FullDesk(RecordingDesk):
    """The desk of an engine that cannot store anything any more."""

    async def report(self, kind: TranscriptKind, text: str) -> None:
        """Fail."""
        raise StoreError("the disk is full")


async def test_what_cannot_be_told_ends_the_session_as_what_it_is(office: Office) -> None:
    office.desk = FullDesk()
    with pytest.raises(StoreError, match="the disk is full"):
        await office.work([DONE])
