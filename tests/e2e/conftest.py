"""The sample shop in the states that the tests begin with; each made once by the program itself, and copied."""

import shutil
from pathlib import Path

import pytest

from covey.testing.samples import write_shop
from tests.cli.program import covey
from tests.e2e.scene import DEAF, WAITS, add_agent


@pytest.fixture(scope="session")
def _shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop") / "shop"
    root.mkdir()
    write_shop(root)
    assert covey("init", cwd=root).code == 0
    add_agent(root, "waits", WAITS)
    add_agent(root, "deaf", DEAF)
    return root


@pytest.fixture(scope="session")
def _blocked(_shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Path(shutil.copytree(_shop, tmp_path_factory.mktemp("blocked") / "shop"))
    assert covey("run", "design", "billing", "--headless", cwd=root).code == 6
    return root


@pytest.fixture
def shop(_shop: Path, tmp_path: Path) -> Path:
    """The shop with its manifest, and two agents that wait; nothing was ever run."""
    return Path(shutil.copytree(_shop, tmp_path / "shop"))


@pytest.fixture
def blocked(_blocked: Path, tmp_path: Path) -> Path:
    """The shop after a run of billing that needs a human: tax failed. No engine lives."""
    return Path(shutil.copytree(_blocked, tmp_path / "shop"))
