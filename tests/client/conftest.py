"""A shop whose run needs a human, made once by a real engine; each test gets a copy of it, without an engine."""

import asyncio
import shutil
from pathlib import Path

import pytest

from covey.agents.registry import AgentRegistry
from covey.engine.service import open_engine
from covey.projects.manifest import find_contexts, load_project
from covey.projects.python_package import import_package
from covey.projects.writer import render, write_manifest
from covey.testing.samples import BILLING, write_shop


async def _run(root: Path) -> None:
    registry = AgentRegistry()
    project = load_project(root, registry)
    async with open_engine(project, registry) as engine:
        await engine.begin("design", find_contexts(project, (BILLING,)))
        assert (await engine.until_left()).exit_code == 6


@pytest.fixture(scope="session")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made") / "shop"
    root.mkdir()
    write_shop(root)
    write_manifest(root, render(import_package(root)), force=False)
    asyncio.run(_run(root))
    return root


@pytest.fixture
def shop(_made: Path, tmp_path: Path) -> Path:
    """The shop after a run of billing: tax failed, the others are complete."""
    return Path(shutil.copytree(_made, tmp_path / "shop", symlinks=True))
