"""One file from the project to a workspace and back, never over a change of the user's."""

from pathlib import Path

import pytest

from covey.workspace.handover import UsersChangeError, fingerprint, give, give_again, hand_over

PATH = "docs/a.md"
ASIDE = Path("aside")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "workspace").mkdir()
    return tmp_path / "workspace"


def write(root: Path, text: str) -> None:
    (root / PATH).parent.mkdir(exist_ok=True)
    (root / PATH).write_text(text)


def read(root: Path) -> str | None:
    return (root / PATH).read_text() if (root / PATH).exists() else None


class TestHandOver:
    """Back into the project."""

    def test_a_new_file(self, home: Path, workspace: Path) -> None:
        write(workspace, "made")
        assert hand_over(home, PATH, workspace, None, ASIDE) == fingerprint(home, PATH)
        assert read(home) == "made"

    def test_in_place_of_what_was_given(self, home: Path, workspace: Path) -> None:
        write(home, "old")
        given = give(home, PATH, workspace)
        assert read(workspace) == "old"
        write(workspace, "made")
        hand_over(home, PATH, workspace, given, ASIDE)
        assert (read(home), read(home / ASIDE)) == ("made", "old")

    def test_what_an_attempt_before_has_kept_stays(self, home: Path, workspace: Path) -> None:
        (home / ASIDE / "docs").mkdir(parents=True)
        write(home / ASIDE, "the user's")
        write(home, "old")
        given = give(home, PATH, workspace)
        write(workspace, "made")
        hand_over(home, PATH, workspace, given, ASIDE)
        assert (read(home), read(home / ASIDE)) == ("made", "the user's")

    @pytest.mark.parametrize("before", ["old", None])
    def test_never_over_what_the_user_has_written_meanwhile(
        self, home: Path, workspace: Path, before: str | None
    ) -> None:
        if before is not None:
            write(home, before)
        given = give(home, PATH, workspace)
        write(home, "the user's")
        write(workspace, "made")
        with pytest.raises(UsersChangeError, match="changed in the project meanwhile"):
            hand_over(home, PATH, workspace, given, ASIDE)
        assert read(home) == "the user's"

    def test_the_same_text_is_no_change(self, home: Path, workspace: Path) -> None:
        write(home, "made")
        write(workspace, "made")
        assert hand_over(home, PATH, workspace, None, ASIDE) == fingerprint(home, PATH)


class TestGive:
    """Into the workspace."""

    def test_what_the_user_has_deleted_is_taken_away(self, home: Path, workspace: Path) -> None:
        write(workspace, "of the last commit")
        assert give(home, PATH, workspace) is None
        assert read(workspace) is None

    def test_what_was_changed_by_hand_since_wins_and_the_sessions_is_kept(self, home: Path, workspace: Path) -> None:
        given = give(home, PATH, workspace)
        write(workspace, "half")
        write(home, "by hand")
        assert give_again(home, PATH, workspace, given, ASIDE) == fingerprint(home, PATH)
        assert (read(workspace), read(home / "aside")) == ("by hand", "half")

    def test_what_was_not_changed_leaves_the_sessions_work(self, home: Path, workspace: Path) -> None:
        write(home, "old")
        given = give(home, PATH, workspace)
        write(workspace, "half")
        assert give_again(home, PATH, workspace, given, ASIDE) == given
        assert read(workspace) == "half"
