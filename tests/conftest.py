import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.family import Family, open_family


@pytest.fixture
async def family(tmp_path: Path) -> AsyncIterator[Family]:
    """A project with its store open as the engine's."""
    async with open_family(tmp_path) as opened:
        yield opened


def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are cores: a third of the tests waits for programs that it has started."""
    return (os.cpu_count() or 1) + 1
