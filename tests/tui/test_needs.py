"""Who needs a human, by cause; and that following a board gives what reading it anew gives."""

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from covey.model import events as e
from covey.model.session import Session
from covey.model.status import FailureCause, Phase, Status
from covey_tui.view.board import Board, Change
from covey_tui.view.causes import ALERT_ORDER, reason_of
from covey_tui.view.keys import allowed
from covey_tui.view.needs import Group, Needs
from tests.tui.pictures import (
    NOW,
    board,
    catalog_of_sixty_one,
    complete,
    failed,
    family,
    gone,
    running,
    session,
    skipped,
    waiting,
)

BY_ANA = {"decision_id": "d", "by": "ana"}
CANCELLED = {"status": Status.CANCELLED, "phase": None, "decided_by": "ana", "finished_at": NOW}


def about(board_: Board, key: str) -> dict[str, Any]:
    row = board_.session(key)
    return {"at": NOW, "run_id": row.run_id, "session_id": key, "attempt": row.attempt}


def keys(groups: tuple[Group, ...]) -> dict[str, tuple[str, ...]]:
    return {group.cause.key: group.ids for group in groups}


def one_of(name: str, **changes: Any) -> Session:
    return session(name, "Billing", 5, **changes)


class TestGroups:
    """Sessions that need a human stand together by cause, in one order, each group in the tree's order."""

    def test_the_shop_has_one_of_each_of_three_causes(self) -> None:
        needs = Needs(board())
        assert [(group.heading, group.ids) for group in needs.groups()] == [
            ("Failed: checks", ("id-catalog-importadapter",)),
            ("Failed: agent", ("id-billing-taxrule",)),
            ("Design file missing", ("id-billing-ledger",)),
        ]
        assert needs.counts() == {"check_failed": 1, "agent_error": 1, "file_missing": 1}

    def test_failed_come_first_then_missing_files_not_created_cancelled(self) -> None:
        blocked = {"phase": Phase.BLOCKED, "needs_human": {"not_created": [{"component": "A", "reason": "no"}]}}
        children: list[tuple[str, int | None, dict[str, Any]]] = [
            ("Stopped", 1, CANCELLED),
            ("Gone", 1, gone()),
            ("Crashed", 1, failed(FailureCause.CRASH, "boom")),
            ("Late", 1, failed(FailureCause.TIMEOUT, "late")),
        ]
        needs = Needs(board(family("Billing", 9, {**waiting(), **blocked}, children)))
        headings = [group.heading for group in needs.groups()]
        assert headings == ["Failed: timeout", "Failed: crash", "Design file missing", "Not created", "Cancelled"]

    def test_members_stand_in_the_trees_order_whichever_came_first(self) -> None:
        shop = board()
        needs = Needs(shop)
        variant = replace(shop.session("id-catalog-variant"), **failed(FailureCause.AGENT_ERROR, "x"))
        invoice = replace(shop.session("id-billing-invoice"), **failed(FailureCause.AGENT_ERROR, "x"))
        assert needs.apply(shop.infer([variant, invoice]))
        assert keys(needs.groups())["agent_error"] == ("id-billing-invoice", "id-billing-taxrule", "id-catalog-variant")

    def test_a_directory_that_all_paths_share_is_named_once(self) -> None:
        needs = Needs(board(catalog_of_sixty_one()))
        (group,) = needs.groups()
        assert group.directory == "docs/design/shop/catalog/"
        assert needs.member(group.ids[0], group.directory).reason == "component02.md"

    def test_paths_of_several_directories_are_shown_whole(self) -> None:
        shop = board()
        needs = Needs(shop)
        needs.apply(shop.infer([replace(shop.session("id-catalog-product"), **gone())]))
        group = needs.groups()[-1]
        assert (len(group.ids), group.directory) == (2, None)

    def test_the_context_is_named_only_where_there_are_several(self) -> None:
        assert Needs(board()).member("id-billing-ledger").context == "Billing"
        needs = Needs(board(catalog_of_sixty_one()))
        assert needs.member(needs.groups()[0].ids[0]).context == ""

    def test_retry_all_takes_what_failed_or_lost_its_file_and_nothing_cancelled(self) -> None:
        children = [("A", 1, CANCELLED), ("B", 1, gone()), ("C", 1, failed(FailureCause.CRASH, "x"))]
        needs = Needs(board([*family("Billing", 9, waiting(), children), *family("Catalog", 9, waiting(), children)]))
        assert needs.retried_together("id-run-billing") == ("id-billing-b", "id-billing-c")
        assert len(needs.retried_together()) == 4
        assert [needs.count_retried_together(key) for key in ("id-run-billing", "id-billing-a", "id-billing-b")] == [
            2,
            0,
            1,
        ]


class TestCauses:
    """Whatever a session failed for has a group, a place in the alert line, and advice."""

    @pytest.mark.parametrize("cause", list(FailureCause))
    def test_every_cause_has_its_own(self, cause: FailureCause) -> None:
        rows = list(family("Billing", 9, waiting(), [("A", 5, failed(cause, "it failed"))]))
        (group,) = Needs(board(rows)).groups()
        assert group.cause.key == cause.value
        assert group.cause in ALERT_ORDER
        assert group.cause.advice

    @pytest.mark.parametrize(
        ("type_", "heading"),
        [
            ("ComponentDesignSessions", "Design file missing"),
            ("ComponentTestSessions", "Test file missing"),
            ("ComponentDesignReviewSessions", "Review file missing"),
            ("SomebodysOwnSessions", "File missing"),
        ],
    )
    def test_a_missing_file_is_called_by_its_kind(self, type_: str, heading: str) -> None:
        rows = list(family("Billing", 9, waiting(), [("A", 5, {**gone(), "type": type_})]))
        (group,) = Needs(board(rows)).groups()
        assert group.heading == heading


class TestReasons:
    """A member says why it is there, in one safe line."""

    def test_a_file_is_named_by_its_expected_path(self) -> None:
        path = "docs/design/shop/billing/a.md"
        assert reason_of(one_of("A", **gone())) == path
        assert reason_of(one_of("A", **failed(FailureCause.MISSING_FILE, "no file"))) == path

    def test_a_cancelled_one_says_by_whom_and_when(self) -> None:
        assert reason_of(one_of("A", **CANCELLED), UTC) == "by ana, 12:08"

    def test_components_without_a_session_are_listed_with_their_reasons(self) -> None:
        facts = [{"component": "A", "reason": "no"}, {"component": "B", "reason": "never"}]
        row = one_of("P", phase=Phase.BLOCKED, needs_human={"not_created": facts})
        assert reason_of(row) == "A (no), B (never)"

    def test_escapes_and_line_ends_in_a_reason_are_not_obeyed(self) -> None:
        reason = reason_of(one_of("A", **failed(FailureCause.AGENT_ERROR, "a\x1b]0;t\x07\nb[/x]")))
        assert "\x1b" not in reason
        assert "\n" not in reason
        assert "\x07" not in reason
        assert "b[/x]" in reason


class TestFollowing:
    """A change is followed by what it names; what has nothing to do with needs changes nothing."""

    def test_a_session_that_merely_works_on_is_no_news(self) -> None:
        shop = board()
        needs = Needs(shop)
        before = needs.groups()
        change = shop.infer([replace(shop.session("id-billing-payment"), step="ReviseDesign")])
        assert change.changed
        assert needs.apply(change) is False
        assert needs.groups() is before

    def test_a_file_that_comes_back_leaves_the_list(self) -> None:
        shop = board()
        needs = Needs(shop)
        path = shop.session("id-billing-ledger").artifact_path or ""
        found = e.ArtifactFound(**about(shop, "id-billing-ledger"), path=path)
        assert needs.apply(shop.fold([found]))
        assert "id-billing-ledger" not in needs
        assert len(needs) == 2

    def test_a_retry_leaves_the_list(self) -> None:
        shop = board()
        needs = Needs(shop)
        facts = {**about(shop, "id-billing-taxrule"), "attempt": 3}
        retried = e.SessionRetried(**facts, note=None, resume_step=None, agent="offline", **BY_ANA)
        assert needs.apply(shop.fold([retried]))
        assert "agent_error" not in needs.counts()

    def test_below_a_parent_that_was_cancelled_nobody_is_needed_until_it_is_retried(self) -> None:
        shop = board()
        needs = Needs(shop)
        root = shop.session("id-run-billing")
        assert needs.apply(shop.infer([replace(root, **CANCELLED)]))
        assert keys(needs.groups()) == {"check_failed": ("id-catalog-importadapter",)}
        assert needs.apply(shop.infer([]))
        assert len(needs) == 3

    def test_who_waits_are_the_active_parents_of_those_in_need(self) -> None:
        shop = board()
        needs = Needs(shop)
        assert needs.waiting() == ("id-run-billing", "id-run-catalog")
        needs.apply(shop.infer([replace(shop.session("id-catalog-importadapter"), **complete())]))
        assert needs.waiting() == ("id-run-billing",)


STATES: list[dict[str, Any]] = [
    {},
    running("X"),
    complete(),
    gone(),
    skipped("r"),
    CANCELLED,
    failed(FailureCause.CHECK_FAILED, "c"),
    failed(FailureCause.AGENT_ERROR, "a"),
    {"phase": Phase.BLOCKED, "needs_human": {"not_created": [{"component": "A", "reason": "b"}]}},
    {"phase": Phase.BLOCKED, "needs_human": {"failed": [{"component": "A"}]}},
]


def deep(states: list[int]) -> list[Session]:
    """A root, three parents below it, three leaves below each."""
    rows = [session("R", None, 1, **waiting())]
    for number in range(3):
        rows.append(replace(session(f"P{number}", "R", 1, position=number), session_id="id-run-r"))
        parent = rows[-1].id
        rows += [
            replace(session(f"L{number}{leaf}", "R", 1, position=leaf), session_id=parent, run_id="id-run-r")
            for leaf in range(3)
        ]
    return [replace(row, **STATES[state]) for row, state in zip(rows, states, strict=True)]


class TestAgreement:
    """However a board came to be what it is, the needs followed are those read anew, and as many as its sums say."""

    @given(st.lists(st.lists(st.integers(0, len(STATES) - 1), min_size=13, max_size=13), min_size=1, max_size=5))
    def test_following_agrees_with_reading_anew_and_with_the_sums(self, history: list[list[int]]) -> None:
        rows = deep(history[0])
        shop = board(rows)
        needs = Needs(shop)
        for states in history:
            change: Change = shop.infer(deep(states))
            needs.apply(change)
            anew = Needs(shop)
            assert needs.groups() == anew.groups()
            assert needs.waiting() == anew.waiting()
            assert len(needs) == shop.tally(None).needs
            for key in shop.stored:
                assert needs.count_retried_together(key) == len(needs.retried_together(key))


class TestInterrupted:
    """What was interrupted needs a human only where going on by itself is not safe."""

    @pytest.mark.parametrize("why", [None, "its old process (pid 7) may still \x1b[2Jwrite"])
    def test_counts_when_it_is_undecided(self, why: str | None) -> None:
        held = {"interrupted": why} if why else None
        held_up = ("Ledger", 3, {"phase": Phase.INTERRUPTED, "needs_human": held})
        shown = board(family("Billing", 5, waiting(), [held_up]))
        needs = Needs(shown)
        (key,) = shown.children(shown.roots()[0])
        assert needs.counts() == ({"interrupted": 1} if why else {})
        assert shown.tally(None).needs == len(needs) == (why is not None)
        assert needs.retried_together() == (), "each of them has to be looked at"
        if why:
            assert "may still" in needs.member(key).reason
            assert "\x1b" not in needs.member(key).reason
            assert needs.cause(key).counted(1) == "1 interrupted"
            assert all(allowed(shown, f"session.{verb}", key) for verb in ("retry", "skip", "cancel"))
