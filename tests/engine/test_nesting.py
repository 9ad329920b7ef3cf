"""Parents of parents (semantics, section 9, behaviour 56): three levels, one slot, the same step loop."""

import asyncio
from dataclasses import replace as changed
from pathlib import Path

from msgspec.structs import replace

from covey.engine.runs import RunOptions
from covey.engine.service import open_engine
from covey.model.component import Component
from covey.model.status import Phase, Status
from covey.model.tree import SessionTree
from covey.projects.manifest import CONTEXT_TYPE, DeclaredProject, find_contexts, load_project
from covey.steps.finalize import FinalizeParent
from covey.steps.initialize import InitializeParent
from covey.steps.spawn import DESIGN, SpawnStep
from covey.store.sqlite import open_viewer
from covey.workflows.registry import CONTEXT_COMPONENTS_DESIGN, OK, WORKFLOWS
from tests.manifests import declared

from .conftest import Bench, fail

INNER = changed(CONTEXT_COMPONENTS_DESIGN, name="InnerSessions")
SPAWN_INNER = changed(
    DESIGN, child_type=INNER.name, artifact=None, parent_checks=False, made_by_workflow=frozenset({INNER.name})
)
OUTER = changed(
    CONTEXT_COMPONENTS_DESIGN,
    steps={
        "Initialize": InitializeParent,
        DESIGN.step: lambda tools: SpawnStep(tools, SPAWN_INNER),
        "Finalize": FinalizeParent,
    },
    transitions={**CONTEXT_COMPONENTS_DESIGN.transitions, (DESIGN.step, OK): "Finalize"},
)
"""Its children are parents, which have their own designs reviewed; it writes none itself."""
NESTED = {**WORKFLOWS, OUTER.name: OUTER, INNER.name: INNER}

MANIFEST = "".join(
    [
        '[run]\nagent = "scripted"\n',
        declared("Everything", "Nothing"),
        declared("Billing", "Invoice", "Tax"),
        declared("Catalog", "Item"),
    ]
)


class Nested(DeclaredProject):
    """A project whose first context has the other contexts for components."""

    def components(self, project_id: str) -> tuple[Component, ...]:
        records = super().components(project_id)
        top = records[0]
        return tuple(
            replace(each, parent_component_id=top.id) if each.type == CONTEXT_TYPE and each is not top else each
            for each in records
            if each.module_name != "everything.nothing"
        )


async def run(bench: Bench, root: Path) -> tuple[int, SessionTree]:
    (root / "covey.toml").write_text(MANIFEST)
    declared = load_project(root, bench.registry)
    project = Nested(
        root=declared.root,
        name=declared.name,
        settings=declared.settings,
        rules=declared.rules,
        contexts=declared.contexts,
        lines=declared.lines,
    )
    async with open_engine(project, bench.registry, workflows=NESTED) as engine:
        begun = await engine.begin("design", find_contexts(project, ("Everything",)), RunOptions(max_sessions=1))
        left = await asyncio.wait_for(engine.until_left(), 20)
        async with open_viewer(root) as viewer:
            assert viewer is not None
            return left.exit_code, SessionTree(await viewer.run(viewer.scope, begun[0].run_id or ""))


class TestNesting:
    """A root over two parents over three children."""

    async def test_all_levels_complete_with_one_slot(self, bench: Bench, tmp_path: Path) -> None:
        code, tree = await run(bench, tmp_path)
        assert code == 0
        below = [(s.type, s.component, s.status) for s in tree.below(tree.roots()[0].id)]
        assert below == [
            ("InnerSessions", "Billing", Status.COMPLETE),
            ("ComponentDesignSessions", "Invoice", Status.COMPLETE),
            ("ComponentDesignSessions", "Tax", Status.COMPLETE),
            ("ComponentDesignReviewSessions", "Review of Billing", Status.COMPLETE),
            ("InnerSessions", "Catalog", Status.COMPLETE),
            ("ComponentDesignSessions", "Item", Status.COMPLETE),
            ("ComponentDesignReviewSessions", "Review of Catalog", Status.COMPLETE),
        ]

    async def test_a_blocked_parent_in_the_middle_needs_a_human(self, bench: Bench, tmp_path: Path) -> None:
        bench.plays["Tax"] = fail
        code, tree = await run(bench, tmp_path)
        assert code == 6
        billing = next(s for s in tree.sessions.values() if s.component == "Billing")
        assert (billing.status, billing.error_message) == (
            Status.ACTIVE,
            "Child sessions failed: Tax (reason: no idea)",
        )
        assert [s.component for s in tree.needs_human(tree.roots()[0].id)["failed"]] == ["Tax"]
        assert billing.phase is Phase.BLOCKED
