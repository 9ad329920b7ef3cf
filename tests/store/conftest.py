"""What the tests of the store share: an engine's store on a real file, and a clock in the test's hand."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from covey.store.sqlite import EngineStore
from covey.testing.clock import FakeClock
from tests.store.lives import engine_store


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(tmp_path: Path, clock: FakeClock) -> AsyncIterator[EngineStore]:
    async with engine_store(tmp_path, clock) as store:
        yield store
