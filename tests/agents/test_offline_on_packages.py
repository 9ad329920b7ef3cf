"""The offline agent on real packages: a document that passes for every module of them."""

import shutil
from pathlib import Path

import aiosqlite
import pytest
import watchfiles

import covey.agents
from covey.agents.base import Assignment, Task
from covey.agents.offline import OfflineAgent
from covey.artifacts.checks import check_design_file
from covey.model.component import Component
from covey.testing.desk import RecordingDesk

SECTIONS = ("Purpose", "Public API", "Fields", "Dependencies", "Errors", "Testing")


def component(module: str) -> Component:
    return Component(id=module, project_id="p", name=module.rpartition(".")[2], module_name=module)


@pytest.mark.parametrize("package", [aiosqlite, watchfiles, covey.agents], ids=lambda package: package.__name__)
async def test_every_module_gets_a_document_that_passes(package: object, tmp_path: Path) -> None:
    source = Path(package.__file__).parent  # type: ignore[attr-defined]
    shutil.copytree(source, tmp_path / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    files = [path for path in sorted((tmp_path / source.name).rglob("*.py")) if path.read_text().strip()]
    paths = {".".join(path.relative_to(tmp_path).with_suffix("").parts): path for path in files}
    components = tuple(map(component, paths))
    agent = OfflineAgent(OfflineAgent.Settings())

    for each in components:
        target = f"docs/design/{each.module_name}.md"
        assignment = Assignment(
            session_id="s",
            attempt=1,
            step="GenerateComponentDesign",
            task=Task.GENERATE,
            workspace=tmp_path,
            target=target,
            source=str(paths[each.module_name].relative_to(tmp_path)),
            component=each,
            context=component(source.name),
            context_design_path=f"docs/design/{source.name}.md",
            components=components,
            sections=SECTIONS,
        )
        outcome = await agent.run(assignment, RecordingDesk())
        assert outcome.ok, outcome.message
        assert check_design_file(tmp_path, target, SECTIONS, paths.keys()) == ()
    assert len(components) > 5
