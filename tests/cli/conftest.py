"""The sample shop, in the states that the command line meets it in."""

import shutil
from pathlib import Path

import pytest

from covey.testing.samples import write_shop
from tests.cli.program import covey


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """The shop's sources, without a manifest."""
    root = tmp_path / "shop"
    root.mkdir()
    write_shop(root)
    return root


@pytest.fixture
def shop(bare: Path) -> Path:
    """The shop with its manifest; nothing was ever run."""
    assert covey("init", cwd=bare).code == 0
    return bare


@pytest.fixture(scope="session")
def _blocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("blocked") / "shop"
    root.mkdir()
    write_shop(root)
    assert covey("init", cwd=root).code == 0
    assert covey("run", "design", "billing", "--headless", cwd=root).code == 6
    return root


@pytest.fixture
def blocked(_blocked: Path, tmp_path: Path) -> Path:
    """The shop after a run of billing that needs a human: tax failed. No engine lives."""
    return Path(shutil.copytree(_blocked, tmp_path / "blocked", symlinks=True))
