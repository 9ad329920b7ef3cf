"""What is said when somebody leaves the monitor: how the work stands, and how to come back. Pure."""

from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import plural
from covey_tui.view.board import Board

_NAME = 60


def farewell(board: Board) -> SafeText:
    """The line that stays in the terminal."""
    open_runs = [key for key in board.roots() if board.session(key).phase is not None]
    if not len(board):
        return SafeText("Nothing has been run here yet; begin with: covey run design --all")
    if not open_runs:
        return SafeText("All runs have ended. Look at them again with: covey watch")
    needs = board.tally(None).needs
    waits = f", {plural(needs, 'session needs', 'sessions need')} you" if needs else ""
    if board.engine.alive:
        return SafeText(f"The work goes on{waits}. Come back with: covey watch")
    root = board.session(open_runs[-1])
    word = board.workflows.get(root.id, "design")
    return sanitise_line(f"No engine runs{waits}. Go on with: covey run {word} {root.module}", _NAME * 4)
