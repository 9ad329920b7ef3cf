"""`covey undo`: the last decision of a run is taken back, with a living engine and without one."""

from pathlib import Path

from tests.cli.program import Ran, covey, end, read_until, start

KEYS = ["session_id", "action", "state", "changed", "reason"]


def session(root: Path, component: str) -> dict[str, object]:
    sessions = covey("status", "--json", cwd=root).object["sessions"]
    (found,) = [each for each in sessions if each["component"] == component]
    assert isinstance(found, dict)
    return found


def key(root: Path, component: str) -> str:
    return str(session(root, component)["session_id"])


def answer(ran: Ran) -> tuple[int, str, bool | None, str | None]:
    """Exit code, state, whether it changed something, and why; the shape is checked on the way."""
    assert ran.err == ""
    assert list(ran.object) == KEYS
    assert ran.object["action"] == "undo"
    return ran.code, ran.object["state"], ran.object["changed"], ran.object["reason"]


class TestWithoutEngine:
    def test_nothing_to_undo_is_settled(self, blocked: Path) -> None:
        ran = covey("undo", "--json", cwd=blocked)
        assert answer(ran) == (0, "settled", False, "nothing is left to undo")
        assert ran.object["session_id"] == key(blocked, "shop.billing")
        assert "nothing is left to undo" in covey("undo", cwd=blocked).out

    def test_what_was_asked_for_is_taken_back_by_the_next_engine(self, blocked: Path) -> None:
        covey("skip", key(blocked, "tax"), "--reason", "later", cwd=blocked)
        ran = covey("undo", "--json", cwd=blocked)
        assert answer(ran)[:3] == (0, "queued", None)
        assert "no engine" in str(ran.object["reason"])
        assert covey("run", "design", "billing", cwd=blocked).code == 6
        assert session(blocked, "tax")["status"] == "failed"

    def test_what_the_stored_state_rules_out_is_refused(self, blocked: Path) -> None:
        covey("skip", key(blocked, "tax"), "--reason", "later", cwd=blocked)
        assert covey("run", "design", "billing", cwd=blocked).code == 3
        why = "cannot undo the skip of tax: shop.billing is already complete"
        assert answer(covey("undo", "--json", cwd=blocked)) == (1, "refused", False, why)
        assert f"refused: {why}" in covey("undo", cwd=blocked).out

    def test_an_unknown_run(self, blocked: Path) -> None:
        ran = covey("undo", "zzzz", "--json", cwd=blocked)
        assert (ran.code, ran.out) == (2, "")
        assert "zzzz" in ran.err

    def test_where_nothing_was_ever_run(self, shop: Path) -> None:
        assert covey("undo", cwd=shop).code == 2


class TestWithEngine:
    def test_a_skip_is_undone_and_told(self, blocked: Path) -> None:
        (blocked / "docs/design/shop/billing/money.md").unlink()
        engine = start("run", "design", "billing", "--headless", "--stay", "--json", cwd=blocked)
        try:
            read_until(engine, "session_blocked")
            covey("skip", key(blocked, "tax"), "--reason", "later", cwd=blocked)
            ran = covey("undo", "--json", cwd=blocked)
            assert answer(ran) == (0, "settled", True, "skip of tax")
            assert ran.object["session_id"] == key(blocked, "shop.billing")
            undone = read_until(engine, "decision_undone")[-1]
            assert (undone["component"], undone["action"], undone["status"]) == ("tax", "skip", "failed")
            assert "state" not in undone
            assert session(blocked, "tax")["status"] == "failed"
        finally:
            engine.terminate()
            assert end(engine).code == 130
