"""Contract tests for the modules of a copied package, and pytest in a process of its own to run them."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from types import ModuleType

from covey.agents.base import Assignment, Outcome, Task
from covey.agents.offline import OfflineAgent
from covey.model.component import Component
from covey.projects.paths import ArtifactKind
from covey.testing.desk import RecordingDesk


def component(module: str) -> Component:
    return Component(id=module, project_id="p", name=module.rpartition(".")[2], module_name=module)


def copied(package: ModuleType, root: Path) -> list[str]:
    """Copy a package's sources below `src`; the names of its modules that hold something."""
    assert package.__file__ is not None
    source = Path(package.__file__).parent
    shutil.copytree(source, root / "src" / source.name, ignore=shutil.ignore_patterns("__pycache__"))
    files = [path for path in sorted((root / "src").rglob("*.py")) if path.read_text().strip()]
    return [".".join(path.relative_to(root / "src").with_suffix("").parts) for path in files]


def assignment(root: Path, module: str, **fields: object) -> Assignment:
    path = module.replace(".", "/")
    above, _, name = path.rpartition("/")
    given: dict[str, object] = {
        "session_id": "s",
        "attempt": 1,
        "step": "GenerateTestsAndFixtures",
        "task": Task.GENERATE,
        "kind": ArtifactKind.TEST,
        "workspace": root,
        "target": f"tests/{above}/test_{name}.py" if above else f"tests/test_{name}.py",
        "source": f"src/{path}.py",
        "component": component(module),
        "context": component(module.partition(".")[0]),
        "context_design_path": "docs/design/x.md",
        "components": (component(module),),
        "sections": (),
        "source_roots": ("src",),
    }
    return Assignment(**{**given, **fields})  # type: ignore[arg-type]


async def drafted(root: Path, module: str, **fields: object) -> Outcome:
    return await OfflineAgent(OfflineAgent.Settings()).run(assignment(root, module, **fields), RecordingDesk())


async def all_drafted(root: Path, modules: Collection[str]) -> None:
    for module in modules:
        outcome = await drafted(root, module)
        assert outcome.ok, outcome.message


def environment(root: Path) -> dict[str, str]:
    """No plug-in has imported anything of the package before its tests do; nothing compiled goes stale."""
    quiet = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return {**os.environ, **quiet, "PYTHONPATH": str(root / "src")}


def pytest_on(root: Path, *files: str) -> tuple[int, dict[str, int], str]:
    """Run the tests: the exit code, how many came out how, and what was printed."""
    command = [sys.executable, "-m", "pytest", "-q", "--tb=short", "-p", "no:cacheprovider", "-c", os.devnull]
    options = [f"--rootdir={root}", "--import-mode=importlib", "-W", "error", *(files or ("tests",))]
    done = program([*command, *options], root)
    last = done.stdout.strip().rpartition("\n")[2]
    counts = {name: int(number) for number, name in re.findall(r"(\d+) (\w+)", last)}
    return done.returncode, counts, done.stdout + done.stderr


def program(command: list[str], root: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=root, env=environment(root), capture_output=True, text=True, check=False)
