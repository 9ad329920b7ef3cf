"""Exit codes, and whether a run can go on without a human."""

import pytest
from msgspec.structs import replace

from covey.model.outcome import as_it_stands, exit_code, first_code, reasons, waits_for_human
from covey.model.pause import Pause, PauseKind, PauseMode
from covey.model.reducer import apply
from covey.model.session import Session
from covey.model.status import Phase, Status
from covey.model.tree import SessionTree
from tests.model.strategies import at, created

COUNTS = {status.value: 0 for status in Status}


def session(key: str, parent: str | None, status: Status, phase: Phase | None) -> Session:
    made = apply(None, created(key, parent))
    assert made is not None
    return replace(made, status=status, phase=phase)


def waits(
    root: Phase,
    *children: tuple[Status, Phase | None],
    engine_alive: bool = True,
    paused: PauseMode | None = None,
) -> bool:
    pause = paused and Pause(kind=PauseKind.HUMAN, mode=paused, cause="enough", since=at(1), by="ada")
    sessions = [replace(session("root", None, Status.ACTIVE, root), paused=pause)]
    sessions += [session(f"c{n}", "root", status, phase) for n, (status, phase) in enumerate(children)]
    return waits_for_human(SessionTree(sessions), "root", engine_alive=engine_alive)


class TestWaitsForHuman:
    """Blocked, and nothing else moves."""

    def test_a_blocked_root_with_children_that_have_ended(self) -> None:
        assert waits(Phase.BLOCKED, (Status.FAILED, None), (Status.COMPLETE, None))

    @pytest.mark.parametrize("phase", [Phase.QUEUED, Phase.RUNNING])
    def test_not_while_a_child_can_go_on(self, phase: Phase) -> None:
        assert not waits(Phase.BLOCKED, (Status.FAILED, None), (Status.ACTIVE, phase))

    def test_not_while_a_cancelled_one_is_being_ended(self) -> None:
        assert not waits(Phase.BLOCKED, (Status.CANCELLED, Phase.CANCELLING))

    def test_not_while_the_root_is_about_to_look(self) -> None:
        assert not waits(Phase.WAITING, (Status.FAILED, None), (Status.COMPLETE, None))

    def test_a_root_that_waits_for_a_blocked_child_alone(self) -> None:
        assert waits(Phase.WAITING, (Status.ACTIVE, Phase.BLOCKED), (Status.COMPLETE, None))

    def test_a_root_that_waits_for_one_that_asks(self) -> None:
        asks = (Status.ACTIVE, Phase.ASKING)
        assert waits(Phase.WAITING, asks, (Status.COMPLETE, None))
        assert waits(Phase.INTERRUPTED, asks, (Status.COMPLETE, None), engine_alive=False)
        assert not waits(Phase.WAITING, asks, (Status.ACTIVE, Phase.RUNNING))

    def test_what_is_asked_is_the_reason_in_a_line(self) -> None:
        asking = replace(session("a", "root", Status.ACTIVE, Phase.ASKING), question="euros\n or cents?")
        root = session("root", None, Status.ACTIVE, Phase.WAITING)
        assert reasons(SessionTree([root, asking]), root) == ["A asks: euros or cents?"]

    def test_what_was_interrupted_goes_on_where_an_engine_lives(self) -> None:
        children = ((Status.ACTIVE, Phase.BLOCKED), (Status.ACTIVE, Phase.INTERRUPTED))
        assert not waits(Phase.WAITING, *children)
        assert waits(Phase.WAITING, *children, engine_alive=False)


class TestPaused:
    """A paused run that can do nothing else is left, too."""

    @pytest.mark.parametrize("mode", PauseMode)
    @pytest.mark.parametrize("held", [Phase.QUEUED, Phase.INTERRUPTED])
    def test_what_has_not_started_is_held(self, mode: PauseMode, held: Phase) -> None:
        assert waits(Phase.WAITING, (Status.COMPLETE, None), (Status.ACTIVE, held), paused=mode)

    @pytest.mark.parametrize(("mode", "expected"), [(PauseMode.SOFT, False), (PauseMode.HARD, True)])
    def test_what_runs_is_held_between_two_steps_by_a_hard_pause(self, mode: PauseMode, *, expected: bool) -> None:
        assert waits(Phase.WAITING, (Status.ACTIVE, Phase.RUNNING), paused=mode) is expected

    @pytest.mark.parametrize(("mode", "expected"), [(PauseMode.SOFT, False), (PauseMode.HARD, True)])
    def test_a_root_between_two_steps(self, mode: PauseMode, *, expected: bool) -> None:
        assert waits(Phase.RUNNING, (Status.COMPLETE, None), paused=mode) is expected

    def test_not_while_something_ends(self) -> None:
        children = ((Status.CANCELLED, Phase.CANCELLING), (Status.ACTIVE, Phase.QUEUED))
        assert not waits(Phase.WAITING, *children, paused=PauseMode.HARD)

    def test_not_while_an_engine_takes_the_run_up(self) -> None:
        children = ((Status.ACTIVE, Phase.QUEUED),)
        assert not waits(Phase.INTERRUPTED, *children, paused=PauseMode.SOFT)
        assert waits(Phase.INTERRUPTED, *children, paused=PauseMode.SOFT, engine_alive=False)

    def test_not_while_all_has_ended_and_the_root_looks(self) -> None:
        assert not waits(Phase.WAITING, (Status.COMPLETE, None), paused=PauseMode.SOFT)

    def test_it_is_left_with_the_advice_that_helps(self) -> None:
        pause = Pause(kind=PauseKind.HUMAN, mode=PauseMode.SOFT, cause="enough", since=at(1), by="ada")
        root = replace(session("root", None, Status.ACTIVE, Phase.WAITING), paused=pause)
        left = as_it_stands(SessionTree([root]), root)
        assert (left.exit_code, left.reason) == (6, "Root is paused by ada; covey resume goes on")


class TestCodes:
    """The table of the command line's contract."""

    @pytest.mark.parametrize(
        ("status", "skipped", "code"),
        [
            (Status.COMPLETE, 0, 0),
            (Status.COMPLETE, 2, 3),
            (Status.FAILED, 0, 1),
            (Status.CANCELLED, 1, 1),
        ],
    )
    def test_of_a_run_that_has_ended(self, status: Status, skipped: int, code: int) -> None:
        assert exit_code(session("root", None, status, None), COUNTS | {"skipped": skipped}) == code

    @pytest.mark.parametrize(
        ("codes", "first"),
        [([0, 4], 0), ([4], 4), ([0, 3], 3), ([3, 6, 0], 6), ([6, 1], 1), ([1, 2], 2), ([2, 130], 130), ([], 0)],
    )
    def test_of_several_contexts(self, codes: list[int], first: int) -> None:
        assert first_code(codes) == first


class TestUndecided:
    """What was interrupted and cannot safely go on waits for a human, as long as nothing else can go on."""

    @staticmethod
    def waits(root: Phase, *phases: Phase, engine_alive: bool) -> bool:
        held = replace(
            session("held", "root", Status.ACTIVE, Phase.INTERRUPTED), needs_human={"interrupted": "who knows"}
        )
        others = [session(f"c{n}", "root", Status.ACTIVE, phase) for n, phase in enumerate(phases)]
        tree = SessionTree([session("root", None, Status.ACTIVE, root), held, *others])
        if not others:
            assert reasons(tree, tree.sessions["root"]) == ["Held: interrupted: who knows"]
        return waits_for_human(tree, "root", engine_alive=engine_alive)

    def test_under_a_parent_that_waits(self) -> None:
        assert self.waits(Phase.WAITING, engine_alive=True)
        assert self.waits(Phase.INTERRUPTED, engine_alive=False), "so it was left, and so it is"

    @pytest.mark.parametrize("phase", [Phase.RUNNING, Phase.QUEUED, Phase.INTERRUPTED])
    def test_not_while_others_can_go_on(self, phase: Phase) -> None:
        assert not self.waits(Phase.WAITING, phase, engine_alive=True)

    def test_a_run_that_was_stopped_goes_on_first(self) -> None:
        assert not self.waits(Phase.INTERRUPTED, Phase.INTERRUPTED, engine_alive=False)
