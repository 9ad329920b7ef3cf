"""A run at one moment, with what the disk and the absence of an engine say beside the log."""

import dataclasses
import re
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import msgspec
import pytest
from msgspec.structs import replace

import covey
from covey.client.snapshot import EngineState, as_seen, attach, midnight, not_created, status_json
from covey.model.budget import Budget
from covey.model.credential import CredentialPause, GateState
from covey.model.pause import Pause, PauseKind, PauseMode
from covey.model.session import Session
from covey.model.status import ArtifactState, FailureCause, Phase, Status
from covey.model.tree import SessionTree
from covey.store.sqlite import open_viewer


async def sessions(shop: Path) -> dict[str, Session]:
    async with open_viewer(shop) as viewer:
        assert viewer is not None
        (root,) = await viewer.roots(viewer.scope)
        return {session.component: session for session in await viewer.run(viewer.scope, root.id)}


class TestAsSeen:
    """What is inferred, and what is left as the log has it."""

    async def test_work_without_an_engine_was_interrupted(self, shop: Path) -> None:
        tax = (await sessions(shop))["tax"]
        for phase in (Phase.RUNNING, Phase.WAITING):
            at_work = replace(tax, status=Status.ACTIVE, phase=phase)
            assert as_seen(at_work, shop, engine_alive=False).phase is Phase.INTERRUPTED
            assert as_seen(at_work, shop, engine_alive=True).phase is phase

    async def test_what_had_not_started_is_still_queued(self, shop: Path) -> None:
        queued = replace((await sessions(shop))["tax"], status=Status.ACTIVE, phase=Phase.QUEUED)
        assert as_seen(queued, shop, engine_alive=False).phase is Phase.QUEUED

    async def test_the_disk_decides_about_files(self, shop: Path) -> None:
        money = (await sessions(shop))["money"]
        assert as_seen(money, shop, engine_alive=False).artifact is ArtifactState.PRESENT
        (shop / "docs/design/shop/billing/money.md").unlink()
        assert as_seen(money, shop, engine_alive=False).artifact is ArtifactState.MISSING

    async def test_a_parent_has_no_file_to_look_at(self, shop: Path) -> None:
        root = (await sessions(shop))["shop.billing"]
        assert as_seen(root, shop, engine_alive=False) == root


class TestAttach:
    """All of it in one look."""

    async def test_only_what_differs_from_the_log_is_inferred(self, shop: Path) -> None:
        async with open_viewer(shop) as viewer:
            assert viewer is not None
            (root,) = await viewer.roots(viewer.scope)
            assert (await attach(viewer, shop, root.id)).inferred == frozenset()
            (shop / "docs/design/shop/billing/money.md").unlink()
            view = await attach(viewer, shop, root.id)
            assert [view.tree.sessions[key].component for key in view.inferred] == ["money"]

    async def test_a_file_restored_by_hand_is_seen(self, shop: Path) -> None:
        document = shop / "docs/design/shop/billing/money.md"
        text = document.read_text(encoding="utf-8")
        document.unlink()
        document.write_text(text, encoding="utf-8")
        async with open_viewer(shop) as viewer:
            assert viewer is not None
            (root,) = await viewer.roots(viewer.scope)
            assert (await attach(viewer, shop, root.id)).tree.needs_human(root.id)["missing_files"] == []


@pytest.mark.parametrize(
    ("now", "began"),
    [
        (datetime(2026, 3, 29, 10, tzinfo=UTC), datetime(2026, 3, 28, 23, tzinfo=UTC)),
        (datetime(2026, 10, 25, 10, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)),
        (datetime(2026, 7, 1, 21, 59, tzinfo=UTC), datetime(2026, 6, 30, 22, tzinfo=UTC)),
        (datetime(2026, 7, 1, 22, tzinfo=UTC), datetime(2026, 7, 1, 22, tzinfo=UTC)),
    ],
)
def test_today_begins_at_midnight_also_when_the_clocks_are_changed(
    monkeypatch: pytest.MonkeyPatch, now: datetime, began: datetime
) -> None:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    try:
        time.tzset()
        assert midnight(now) == began
    finally:
        monkeypatch.undo()
        time.tzset()


async def test_every_key_of_status_is_told_of_in_the_reference(shop: Path) -> None:
    now = datetime.now(UTC)
    async with open_viewer(shop) as viewer:
        assert viewer is not None
        (root,) = await viewer.roots(viewer.scope)
        view = await attach(viewer, shop, root.id)
    first, *rest = view.sessions
    fact = {"component_id": "c", "component": "ledger", "reason": "disk full"}
    git = {"branch": "b", "base": "1", "commit": "2", "worktree": "w", "reason": None}
    spent = {"input": 1, "output": 1, "cache_read": 1, "cache_write": 1}
    active = [replace(each, status=Status.ACTIVE, stalled_since=now, usage=spent) for each in rest]
    active[0] = replace(active[0], phase=Phase.STALLED)
    active[1] = replace(active[1], phase=Phase.ASKING, question="cents?")
    active[2] = replace(active[2], phase=Phase.INTERRUPTED, needs_human={"interrupted": "it may be at work"})
    active[3] = replace(rest[3], status=Status.FAILED)
    active[4] = replace(rest[4], status=Status.COMPLETE, artifact=ArtifactState.MISSING)
    paused = Pause(kind=PauseKind.HUMAN, mode=PauseMode.SOFT, cause="paused by ada", by="ada", since=now)
    first = replace(
        first, paused=paused, state={"git": git}, budget=Budget(id="b", usd=1.0), needs_human={"not_created": [fact]}
    )
    gates = (GateState(credential="A_KEY", allowed=1, until=now),)
    stop = CredentialPause(
        credential="A_KEY", cause=FailureCause.AUTH, reason="no", agents=("a",), since=now, resets_at=now
    )
    told = status_json(
        dataclasses.replace(
            view,
            engine=EngineState(alive=True, held=1, short_of=("memory",), gates=gates),
            tree=SessionTree([first, *active]),
            credentials=(stop,),
        )
    )
    filled = {name for name, found in cast("dict[str, list[object]]", told["needs_human"]).items() if found}
    assert filled == {*cast("dict[str, object]", told["needs_human"])} - {"cancelled"}
    assert [each["resets_at"] for each in told["needs_human"]["paused"]] == [None, now]  # type: ignore[index]
    reference = (Path(covey.__file__).parent / "REFERENCE.md").read_text(encoding="utf-8")
    assert _keys(msgspec.to_builtins(told)) - {*re.findall(r"`(\w+)`", reference)} == set()


def _keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return {*value}.union(*map(_keys, value.values()))
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()


async def test_what_could_not_be_created_comes_from_the_verdict(shop: Path) -> None:
    root = (await sessions(shop))["shop.billing"]
    fact = {"component_id": "c", "component": "ledger", "reason": "disk full"}
    blocked = replace(root, needs_human={"not_created": [fact]})
    assert list(not_created([blocked])) == [fact]
    assert list(not_created([replace(blocked, phase=Phase.WAITING)])) == []
