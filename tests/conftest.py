from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.family import Family, open_family


@pytest.fixture
async def family(tmp_path: Path) -> AsyncIterator[Family]:
    """A project with its store open as the engine's."""
    async with open_family(tmp_path) as opened:
        yield opened
