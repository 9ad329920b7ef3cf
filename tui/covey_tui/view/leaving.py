"""What is said when somebody leaves the monitor: how the work stands, and how to come back. Pure."""

from collections.abc import Sequence

from covey.model.pause import resume_command
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import plural, short_id
from covey_tui.view.board import Board

_LONGEST = 400


def farewell(board: Board, option: str) -> SafeText:
    """The line that stays in the terminal; `option` is what its command takes to be about this project."""
    open_runs = [key for key in board.roots() if board.session(key).phase is not None]
    if not len(board):
        return _line(f"Nothing has been run here yet; begin with: covey run design --all{option}")
    if not open_runs:
        return _line(f"All runs have ended. Look at them again with: covey watch{option}")
    needs = board.tally(None).needs
    waits = f", {plural(needs, 'session needs', 'sessions need')} you" if needs else ""
    if board.engine.alive:
        return _line(f"The work goes on{waits}. Come back with: covey watch{option}")
    return _line(f"No engine runs{waits}. Go on with: {_goes_on(board, open_runs)}{option}")


def _goes_on(board: Board, open_runs: Sequence[str]) -> str:
    """The command that goes on with the newest of these runs; with one that is paused, only its resume does."""
    going = [key for key in open_runs if board.session(key).paused is None]
    root = board.session((going or open_runs)[-1])
    if root.paused is not None:
        return f"{resume_command(root.paused, short_id(root.id))} --start"
    return f"covey run {board.workflows.get(root.id, 'design')} {root.module}"


def _line(text: str) -> SafeText:
    return sanitise_line(text, _LONGEST)
