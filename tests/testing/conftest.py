from pathlib import Path

import pytest

from tests.agents.shop import Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A small project with one module to describe."""
    return Shop(tmp_path)
