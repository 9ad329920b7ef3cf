"""The shared spawn step, in both configurations; the numbers are those of semantics.md, section 9."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiosqlite
import pytest
from msgspec.structs import replace

from covey.errors import StaleOperationError, StepError
from covey.model.command import CommandKind, ResultStatus
from covey.model.component import Component
from covey.model.session import Session
from covey.model.status import ArtifactState, ExecutionMode, FailureCause, Phase, Status
from covey.projects.paths import ArtifactKind
from covey.steps.base import Handled
from covey.steps.spawn import DESIGN, REVIEW_TYPE, SpawnConfig, SpawnStep
from covey.testing.faults import FaultyStore
from tests.family import SHOP, Family, Meanwhile, component, failed, names, result

FILES = {
    DESIGN.child_type: "docs/design/shop/{}.md",
    "ComponentTestSessions": "tests/shop/test_{}.py",
    "ComponentCodingSessions": "shop/{}.py",
}
NO_FINDINGS: dict[str, Any] = {
    "running": [],
    "failed": [],
    "cancelled": [],
    "missing_files": [],
    "not_created": [],
    "skipped": [],
}


def file_of(config: SpawnConfig, name: str) -> str:
    return FILES[config.child_type].format(name.lower())


async def queries(family: Family, work: Callable[[], Awaitable[object]]) -> list[str]:
    """The statements that some work runs on the connection that reads."""
    connection: aiosqlite.Connection = family.store._connection
    seen: list[str] = []
    await connection.set_trace_callback(seen.append)
    await work()
    await connection.set_trace_callback(None)  # type: ignore[arg-type]
    return seen


class TestGetCommand:
    """The command lists one child session per component, and all of them exist once it is there."""

    async def test_01_command_and_ids(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        command = await SpawnStep(family.tools(), config).get_command(family.scope, parent)

        children = await family.children(parent)
        assert command.module == config.step
        assert command.command is CommandKind.SPAWN_SESSIONS
        assert command.metadata == {"child_session_ids": [child.id for child in children], "failed_components": []}
        assert names(children) == ["Alpha", "Beta", "Gamma"]

    async def test_02_one_child_per_component(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        await SpawnStep(family.tools(), config).get_command(family.scope, parent)

        children = await family.children(parent)
        assert [child.component_id for child in children] == ["id-shop.alpha", "id-shop.beta", "id-shop.gamma"]
        beta = children[1]
        assert (beta.type, beta.project_id) == (config.child_type, family.scope.project.id)
        assert (beta.component, beta.module, beta.position) == ("Beta", "shop.beta", 1)
        assert (beta.status, beta.phase, beta.attempt) == (Status.ACTIVE, Phase.QUEUED, 1)
        assert (beta.artifact, beta.artifact_path) == (ArtifactState.UNKNOWN, file_of(config, "Beta"))

    async def test_03_agentic_for_all(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        await SpawnStep(family.tools(), config).get_command(family.scope, parent)

        assert parent.execution_mode is ExecutionMode.AUTO
        assert {child.execution_mode for child in await family.children(parent)} == {ExecutionMode.AGENTIC}

    async def test_04_agent_and_environment_inherited(self, family: Family, config: SpawnConfig) -> None:
        parent = await family.parent(agent="writer", model="large", environment="elsewhere")

        await SpawnStep(family.tools(), config).get_command(family.scope, parent)

        inherited = {(child.agent, child.model, child.environment) for child in await family.children(parent)}
        assert inherited == {("writer", "large", "elsewhere")}

    async def test_05_linked_to_parent(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        await SpawnStep(family.tools(), config).get_command(family.scope, parent)

        assert {(child.session_id, child.run_id) for child in await family.children(parent)} == {(parent.id, parent.id)}

    @pytest.mark.parametrize(
        ("declared", "expected"),
        [
            pytest.param(
                [
                    component("Charlie", priority=1),
                    component("Alpha", priority=1),
                    component("Beta", priority=3),
                ],
                ["shop.beta", "shop.alpha", "shop.charlie"],
                id="highest priority first, then by name",
            ),
            pytest.param(
                [component("Alpha"), component("Beta", priority=-5), component("Charlie", priority=0)],
                ["shop.charlie", "shop.beta", "shop.alpha"],
                id="no priority comes last",
            ),
            pytest.param(
                [component("alpha"), component("Zulu"), component("Émile")],
                ["shop.zulu", "shop.alpha", "shop.émile"],
                id="names by code point",
            ),
            pytest.param(
                [component("Same", module_name="shop.b", id="1"), component("Same", module_name="shop.a", id="2")],
                ["shop.a", "shop.b"],
                id="equal names by module",
            ),
        ],
    )
    async def test_06_order(
        self, family: Family, parent: Session, config: SpawnConfig, declared: list[Component], expected: list[str]
    ) -> None:
        await family.declare(*declared)

        command = await SpawnStep(family.tools(), config).get_command(family.scope, parent)

        by_id = {child.id: child for child in await family.children(parent)}
        ids = command.metadata["child_session_ids"]
        assert isinstance(ids, list)
        assert [by_id[key].module for key in ids] == expected
        assert [by_id[key].position for key in ids] == list(range(len(expected)))

    async def test_07_no_children(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        await family.declare()

        with pytest.raises(StepError, match=r"^No child components found for context$"):
            await SpawnStep(family.tools(), config).get_command(family.scope, parent)

    async def test_08_component_not_found(self, family: Family, config: SpawnConfig) -> None:
        parent = await family.parent(of=component("Gone", within=None))

        with pytest.raises(StepError, match=r"^Context component not found$"):
            await SpawnStep(family.tools(), config).get_command(family.scope, parent)

    async def test_09_component_none(self, family: Family, config: SpawnConfig) -> None:
        parent = await family.parent(of=None)

        with pytest.raises(StepError, match=r"^Context component not found$"):
            await SpawnStep(family.tools(), config).get_command(family.scope, parent)

    async def test_10_parent_not_found(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        unknown = replace(parent, id="unknown")

        with pytest.raises(StepError, match=r"^Session not found$"):
            await SpawnStep(family.tools(), config).get_command(family.scope, unknown)

    async def test_10_the_component_is_looked_for_first(
        self, family: Family, parent: Session, config: SpawnConfig
    ) -> None:
        unknown = replace(parent, id="unknown", component_id=None)

        with pytest.raises(StepError, match=r"^Context component not found$"):
            await SpawnStep(family.tools(), config).get_command(family.scope, unknown)

    async def test_11_partial_creation_failure(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        faulty = FaultyStore(family.store, {"Beta": "no room"})

        command = await SpawnStep(family.tools(faulty), config).get_command(family.scope, parent)

        children = await family.children(parent)
        assert names(children) == ["Alpha", "Gamma"]
        assert command.metadata["child_session_ids"] == [child.id for child in children]

    async def test_12_all_fail(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        faulty = FaultyStore(family.store, dict.fromkeys(("Alpha", "Beta", "Gamma"), "no room"))

        with pytest.raises(StepError, match=r"^Failed to spawn any child sessions$"):
            await SpawnStep(family.tools(faulty), config).get_command(family.scope, parent)
        assert await family.children(parent) == []

    async def test_13_idempotent(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        step = SpawnStep(family.tools(), config)
        first = await step.get_command(family.scope, parent)
        log = await family.log()

        second = await step.get_command(family.scope, parent)

        assert second.metadata == first.metadata
        assert len(await family.children(parent)) == 3
        assert await family.log() == log

    async def test_13_a_parent_that_changes_meanwhile_is_no_failed_component(
        self, family: Family, parent: Session, config: SpawnConfig, caplog: pytest.LogCaptureFixture
    ) -> None:
        step = SpawnStep(family.tools(Meanwhile(family, failed(parent))), config)

        with pytest.raises(StaleOperationError):
            await step.get_command(family.scope, parent)
        assert await family.children(parent) == []
        assert caplog.records == []

    async def test_14_a_child_of_another_type_is_refused(
        self, family: Family, parent: Session, config: SpawnConfig
    ) -> None:
        of = component("Alpha")
        await family.child(parent, of, type="ContextTestingSessions")

        expected = f"^Invalid child session type: expected {config.child_type}, got ContextTestingSessions$"
        with pytest.raises(StepError, match=expected):
            await SpawnStep(family.tools(), config).get_command(family.scope, parent)
        assert len(await family.children(parent)) == 1

    async def test_14_a_review_is_at_home_with_design_alone(
        self, family: Family, parent: Session, config: SpawnConfig
    ) -> None:
        review = await family.child(parent, SHOP, type=REVIEW_TYPE)
        step = SpawnStep(family.tools(), config)
        if config is DESIGN:
            assert review.id not in (await step.get_command(family.scope, parent)).metadata["child_session_ids"]
        else:
            with pytest.raises(StepError, match=f"expected {config.child_type}, got {REVIEW_TYPE}$"):
                await step.get_command(family.scope, parent)

    async def test_15_children_of_the_right_type_are_reused(
        self, family: Family, parent: Session, config: SpawnConfig
    ) -> None:
        failed = await family.fail(await family.child(parent, component("Alpha"), type=config.child_type))
        active = await family.child(parent, component("Beta"), type=config.child_type, position=1)

        command = await SpawnStep(family.tools(), config).get_command(family.scope, parent)

        children = await family.children(parent)
        assert children[:2] == [failed, active]
        assert command.metadata["child_session_ids"] == [failed.id, active.id, children[2].id]

    async def test_16_timestamp(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        family.clock.advance(90)

        command = await SpawnStep(family.tools(), config).get_command(family.scope, parent)

        assert command.timestamp == family.clock.now()

    async def test_17_failure_logged_with_component(
        self, family: Family, parent: Session, config: SpawnConfig, caplog: pytest.LogCaptureFixture
    ) -> None:
        faulty = FaultyStore(family.store, {"Beta": "no room"})

        with caplog.at_level(logging.WARNING, logger="covey.steps.spawn"):
            await SpawnStep(family.tools(faulty), config).get_command(family.scope, parent)

        assert caplog.record_tuples == [
            ("covey.steps.spawn", logging.WARNING, "no session for component Beta: no room")
        ]

    async def test_18_failed_components_in_metadata(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        faulty = FaultyStore(family.store, {"Gamma": "no room", "Beta": "no right"})

        command = await SpawnStep(family.tools(faulty), config).get_command(family.scope, parent)

        assert command.metadata["failed_components"] == [
            {"component_id": "id-shop.beta", "name": "Beta", "reason": "no right"},
            {"component_id": "id-shop.gamma", "name": "Gamma", "reason": "no room"},
        ]

    async def test_19_top_up(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        faulty = FaultyStore(family.store, {"Beta": "no room"})
        step = SpawnStep(family.tools(faulty), config)
        await step.get_command(family.scope, parent)
        alpha, gamma = await family.children(parent)
        faulty.refused.clear()

        command = await step.get_command(family.scope, parent)

        children = await family.children(parent)
        assert names(children) == ["Alpha", "Beta", "Gamma"]
        assert [children[0], children[2]] == [alpha, gamma]
        assert command.metadata == {"child_session_ids": [child.id for child in children], "failed_components": []}

    async def test_20_state_keys(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        expected: Mapping[str, str] = {}
        if config.artifact is ArtifactKind.DESIGN:
            expected = {"parent_context_name": "Shop", "context_design_path": "docs/design/shop.md"}
        family.write("docs/design/shop.md/nobody/could/read/this")

        await SpawnStep(family.tools(), config).get_command(family.scope, parent)

        assert [child.state for child in await family.children(parent)] == [expected] * 3

    async def test_20_the_wish_to_overwrite_is_handed_down(self, family: Family, config: SpawnConfig) -> None:
        parent = await family.parent(state={"overwrite": True, "of the parent": "alone"})

        await SpawnStep(family.tools(), config).get_command(family.scope, parent)

        for child in await family.children(parent):
            assert child.state["overwrite"] is True
            assert "of the parent" not in child.state

    @pytest.mark.parametrize("again", [False, True], ids=["creating", "reusing"])
    async def test_21_query_count_does_not_grow_with_children(
        self, family: Family, config: SpawnConfig, *, again: bool
    ) -> None:
        counts = []
        for size in (1, 40):
            await family.declare(*(f"C{number}" for number in range(size)))
            parent = await family.parent()
            step = SpawnStep(family.tools(), config)
            if again:
                await step.get_command(family.scope, parent)
            seen = await queries(family, lambda step=step, parent=parent: step.get_command(family.scope, parent))  # type: ignore[misc]
            assert len(await family.children(parent)) == size
            counts.append(len(seen))
        assert counts[0] == counts[1] > 0


@dataclass(frozen=True, slots=True)
class Case:
    """How Alpha, Beta, Gamma, … ended, and what the parent says to it."""

    ended: str
    message: str
    findings: dict[str, list[str]]
    kind: str = "needs_human"


CASES = {
    "running": Case("complete active active", "Child sessions still running: B, C", {"running": ["B", "C"]}, "waiting"),
    "failed": Case("failed complete", "Child sessions failed: A (reason: it broke)", {"failed": ["A"]}),
    "cancelled": Case("complete cancelled", "Child sessions cancelled: B", {"cancelled": ["B"]}),
    "not created": Case("complete refused", "Child sessions not created: B (reason: no room)", {"not_created": ["B"]}),
    "all together": Case(
        "refused cancelled failed active active failed skipped complete",
        "Child sessions still running: D, E; Child sessions failed: C (reason: it broke), F (reason: it broke); "
        "Child sessions cancelled: B; Child sessions not created: A (reason: no room)",
        {"running": ["D", "E"], "failed": ["C", "F"], "cancelled": ["B"], "not_created": ["A"], "skipped": ["G"]},
    ),
}


async def bring_about(family: Family, parent: Session, config: SpawnConfig, ended: str, files: str = "*") -> Handled:
    """Let the children A, B, … end as told, in this order, and ask the parent.

    Files of complete children are there when `files` names them (`*` is all).
    """
    endings = dict(zip("ABCDEFGH", ended.split(), strict=False))
    await family.declare(*endings)
    refused = {name: "no room" for name, ending in endings.items() if ending == "refused"}
    step = SpawnStep(family.tools(FaultyStore(family.store, refused)), config)
    command = await step.get_command(family.scope, parent)
    ends = {"complete": family.complete, "failed": family.fail, "cancelled": family.cancel, "skipped": family.skip}
    for child in await family.children(parent):
        ending = endings[child.component]
        if ending in ends:
            await ends[ending](child)
        if ending == "complete" and (files == "*" or child.component in files):
            assert child.artifact_path is not None
            family.write(child.artifact_path)
    given = result(failed_components=command.metadata["failed_components"])
    return await step.handle_result(family.scope, parent, given)


def found(handled: Handled) -> dict[str, list[str]]:
    """The components of each list of facts that is not empty."""
    lists: dict[str, Any] = {key: handled.result.data[key] for key in NO_FINDINGS}
    return {key: [fact["component"] for fact in facts] for key, facts in lists.items() if facts}


class TestHandleResult:
    """The parent's verdict rests on its children's rows and on the files, never on what the caller says."""

    async def test_22_all_complete(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        handled = await bring_about(family, parent, config, "complete complete")

        assert handled.result.status is ResultStatus.OK
        assert handled.result.error_message is None
        assert handled.result.data == NO_FINDINGS
        assert handled.updates == {}

    @pytest.mark.parametrize("case", CASES.values(), ids=CASES)
    async def test_23_findings(self, family: Family, parent: Session, config: SpawnConfig, case: Case) -> None:
        handled = await bring_about(family, parent, config, case.ended)

        assert handled.result.status is ResultStatus.ERROR
        assert handled.result.error_message == case.message
        assert found(handled) == case.findings
        assert handled.updates == {}

    async def test_23_missing(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        handled = await bring_about(family, parent, config, "complete complete complete", files="B")

        if not config.parent_checks:
            assert (handled.result.status, handled.result.error_message) == (ResultStatus.OK, None)
            return
        assert handled.result.error_message == "Design files missing: docs/design/shop/a.md, docs/design/shop/c.md"
        assert found(handled) == {"missing_files": ["A", "C"]}
        assert handled.result.data["kind"] == "needs_human"

    async def test_23_missing_stands_between_cancelled_and_not_created(self, family: Family, parent: Session) -> None:
        handled = await bring_about(family, parent, DESIGN, "refused complete cancelled failed active", files="")

        assert handled.result.error_message == (
            "Child sessions still running: E; Child sessions failed: D (reason: it broke); "
            "Child sessions cancelled: C; Design files missing: docs/design/shop/b.md; "
            "Child sessions not created: A (reason: no room)"
        )

    async def test_24_names_and_reasons(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        of = await family.declare(component("Zulu", priority=9), component("Alpha"), component("Beta", priority=1))
        step = SpawnStep(family.tools(), config)
        await step.get_command(family.scope, parent)
        by_name = {child.component: child for child in await family.children(parent)}
        for name, reason in {"Alpha": "no parser", "Beta": "", "Zulu": "no key"}.items():
            await family.fail(by_name[name], reason)

        handled = await step.handle_result(family.scope, parent, result())

        assert handled.result.error_message == (
            "Child sessions failed: Zulu (reason: no key), Beta (reason: unknown), Alpha (reason: no parser)"
        )
        assert handled.result.data["failed"] == [
            {
                "session_id": by_name[name].id,
                "component": name,
                "module": of[name].module_name,
                "reason": reason,
                "cause": FailureCause.AGENT_ERROR,
            }
            for name, reason in [("Zulu", "no key"), ("Beta", "unknown"), ("Alpha", "no parser")]
        ]

    async def test_24_expected_paths_of_missing_files(self, family: Family, parent: Session) -> None:
        handled = await bring_about(family, parent, DESIGN, "complete", files="")

        child = (await family.children(parent))[0]
        path = "docs/design/shop/a.md"
        fact = {"session_id": child.id, "component": "A", "module": "shop.a", "path": path}
        assert handled.result.data["missing_files"] == [fact]

    async def test_24_what_was_not_created_without_a_reason(
        self, family: Family, parent: Session, config: SpawnConfig
    ) -> None:
        step = SpawnStep(family.tools(), config)
        refused = [{"component_id": "id-shop.beta", "name": "Beta", "reason": None}]

        handled = await step.handle_result(family.scope, parent, result(failed_components=refused))

        assert handled.result.error_message == "Child sessions not created: Beta (reason: unknown)"

    async def test_24_what_was_created_since_is_not_told(
        self, family: Family, parent: Session, config: SpawnConfig
    ) -> None:
        refused = [{"component_id": "id-shop.alpha", "name": "Alpha", "reason": "no room"}]
        await family.child(parent, component("Alpha"), type=config.child_type)

        given = result(failed_components=refused)
        handled = await SpawnStep(family.tools(), config).handle_result(family.scope, parent, given)

        assert handled.result.error_message == "Child sessions still running: Alpha"

    @pytest.mark.parametrize("case", CASES.values(), ids=CASES)
    async def test_25_waiting_versus_needs_human(
        self, family: Family, parent: Session, config: SpawnConfig, case: Case
    ) -> None:
        handled = await bring_about(family, parent, config, case.ended)

        assert handled.result.data["kind"] == case.kind

    @pytest.mark.parametrize(
        "instead", ["nothing", "directory", "blank file", "dangling link", "outside the root", "other directory"]
    )
    async def test_26_what_is_no_file(
        self,
        family: Family,
        parent: Session,
        config: SpawnConfig,
        *,
        instead: str,
        tmp_path_factory: pytest.TempPathFactory,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        elsewhere = tmp_path_factory.mktemp("elsewhere")
        monkeypatch.chdir(elsewhere)
        put_instead(instead, family.root / file_of(config, "A"), elsewhere / file_of(config, "A"))

        handled = await bring_about(family, parent, config, "complete", files="")

        verdict = "Design files missing: docs/design/shop/a.md" if config.parent_checks else None
        assert handled.result.error_message == verdict

    @pytest.mark.parametrize("beside", ["failed", "cancelled", "refused"])
    async def test_25_running_beside_anything_else_needs_a_human(
        self, family: Family, parent: Session, config: SpawnConfig, beside: str
    ) -> None:
        handled = await bring_about(family, parent, config, f"active {beside}")

        assert handled.result.data["kind"] == "needs_human"

    async def test_25_running_beside_a_missing_file_needs_a_human(self, family: Family, parent: Session) -> None:
        handled = await bring_about(family, parent, DESIGN, "active complete", files="")

        assert handled.result.data["kind"] == "needs_human"

    async def test_26_other_working_directory(
        self, family: Family, parent: Session, config: SpawnConfig, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path_factory.mktemp("elsewhere"))
            handled = await bring_about(family, parent, config, "complete")

        assert handled.result.status is ResultStatus.OK

    async def test_27_skipped(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        handled = await bring_about(family, parent, config, "complete skipped")

        skipped = (await family.children(parent))[1]
        fact = {"session_id": skipped.id, "component": "B", "module": "shop.b", "reason": "not needed"}
        assert handled.result.status is ResultStatus.OK
        assert handled.result.data == {**NO_FINDINGS, "skipped": [fact]}

    async def test_28_all_skipped(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        handled = await bring_about(family, parent, config, "skipped skipped")

        assert handled.result.status is ResultStatus.ERROR
        assert handled.result.error_message == "All child sessions were skipped"
        assert handled.result.data["kind"] == "needs_human"
        assert found(handled) == {"skipped": ["A", "B"]}

    async def test_29_no_children(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        handled = await SpawnStep(family.tools(), config).handle_result(family.scope, parent, result())

        assert handled.result.status is ResultStatus.ERROR
        assert handled.result.error_message == "No child sessions found"
        assert handled.result.data == {**NO_FINDINGS, "kind": "needs_human"}

    async def test_29_children_of_another_step_are_not_looked_at(
        self, family: Family, parent: Session, config: SpawnConfig
    ) -> None:
        await family.fail(await family.child(parent, component("Alpha"), type="ComponentDesignReviewSessions"))

        handled = await SpawnStep(family.tools(), config).handle_result(family.scope, parent, result())

        assert handled.result.error_message == "No child sessions found"

    async def test_29_session_not_found(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        unknown = replace(parent, id="unknown")

        with pytest.raises(StepError, match=r"^Session not found$"):
            await SpawnStep(family.tools(), config).handle_result(family.scope, unknown, result())

    @pytest.mark.parametrize("status", ResultStatus)
    async def test_30_client_error_kept(
        self, family: Family, parent: Session, config: SpawnConfig, status: ResultStatus
    ) -> None:
        await bring_about(family, parent, config, "complete")

        given = result(status, "the pipe broke")
        handled = await SpawnStep(family.tools(), config).handle_result(family.scope, parent, given)

        assert (handled.result.status, handled.result.error_message) == (ResultStatus.OK, None)
        assert handled.result.data == {**NO_FINDINGS, "client_error": "the pipe broke"}

    async def test_30_client_error_beside_findings(self, family: Family, parent: Session, config: SpawnConfig) -> None:
        await family.fail(await family.child(parent, component("Alpha"), type=config.child_type))

        given = result(ResultStatus.OK, "the pipe broke")
        handled = await SpawnStep(family.tools(), config).handle_result(family.scope, parent, given)

        assert handled.result.error_message == "Child sessions failed: Alpha (reason: it broke)"
        assert handled.result.data["client_error"] == "the pipe broke"

    async def test_31_the_verdict_names_the_rows_it_rests_on(
        self, family: Family, parent: Session, config: SpawnConfig
    ) -> None:
        handled = await bring_about(family, parent, config, "complete failed active")

        rows = [await family.now(parent), *await family.children(parent)]
        assert handled.versions == {row.id: row.version for row in rows}

    async def test_31_a_snapshot_of_one_query(self, family: Family, config: SpawnConfig) -> None:
        counts = []
        for size in (1, 40):
            await family.declare(*(f"C{number}" for number in range(size)))
            parent = await family.parent()
            step = SpawnStep(family.tools(), config)
            await step.get_command(family.scope, parent)
            seen = await queries(
                family,
                lambda step=step, parent=parent: step.handle_result(family.scope, parent, result()),  # type: ignore[misc]
            )
            counts.append(len(seen))
        assert counts == [1, 1]

    async def test_31_a_child_that_changes_while_the_parent_validates(
        self, family: Family, parent: Session, config: SpawnConfig
    ) -> None:
        child = await family.child(parent, component("Alpha"), type=config.child_type)
        step = SpawnStep(family.tools(Meanwhile(family, failed(child))), config)

        handled = await step.handle_result(family.scope, parent, result())

        assert handled.result.error_message == "Child sessions still running: Alpha"
        assert handled.versions[child.id] != (await family.now(child)).version


def put_instead(instead: str, place: Path, same_place_elsewhere: Path) -> None:
    """Put something that does not count where a file should be."""
    place.parent.mkdir(parents=True)
    same_place_elsewhere.parent.mkdir(parents=True)
    match instead:
        case "directory":
            place.mkdir()
        case "blank file":
            place.write_text(" \n\t\n")
        case "dangling link":
            place.symlink_to(place.with_name("gone.md"))
        case "outside the root":
            same_place_elsewhere.write_text("a real file, but not of this project")
            place.symlink_to(same_place_elsewhere)
        case "other directory":
            same_place_elsewhere.write_text("a real file, but not of this project")
