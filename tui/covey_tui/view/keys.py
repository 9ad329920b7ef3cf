"""What each key does, when it can be done, and how it is called. Pure.

Whether something can be done to a session is decided by the engine's own table (`covey.model.control.CONTROLS`), so
a key that the screen offers is one that the engine takes.
"""

from typing import NamedTuple

from covey.model.control import CONTROLS, Action
from covey.model.session import is_terminal, standing
from covey.model.status import Phase, Status
from covey.text.sanitise import SafeText
from covey_tui.view.board import Board
from covey_tui.view.words import name_of

_NAME = 40


class Meaning(NamedTuple):
    """What a key does: its label in the footer, a sentence for the help, and the group that it stands in there."""

    label: str
    help: str
    group: str


SESSION, RUN, SEE, MOVE = "This session, or the marked ones", "The run", "What is shown", "Moving"

MEANINGS: dict[str, Meaning] = {
    "session.retry": Meaning("retry", "try again from the first step; a running one is cancelled first", SESSION),
    "session.retry_note": Meaning("retry with note…", "try again, with a note to the agent", SESSION),
    "session.skip": Meaning("skip…", "go on without it, with a reason", SESSION),
    "session.cancel": Meaning("cancel…", "end its work and all that runs under it, gracefully", SESSION),
    "session.kill": Meaning("kill now", "end it at once, while it is being cancelled", SESSION),
    "session.open_file": Meaning("open file", "open its file in $EDITOR", SESSION),
    "view.copy": Meaning("copy", "copy the path of its file, or its id", SESSION),
    "run.retry_all": Meaning("retry all", "try all again that failed or lost their file", RUN),
    "run.stop": Meaning("stop the run…", "end all work for now; it can be gone on with", RUN),
    "view.next_need": Meaning("next", "go to the next session that needs you", SEE),
    "view.previous_need": Meaning("previous", "go to the previous one", SEE),
    "view.intervention": Meaning("all", "show everything that needs you, by cause", SEE),
    "view.problems": Meaning("only problems", "show only the sessions that need you", SEE),
    "view.filter": Meaning("filter", "show one status after the other", SEE),
    "view.search": Meaning("search", "show only names with a text; in the detail, find the text", SEE),
    "view.order": Meaning("order", "put what needs you first, or back in order", SEE),
    "view.mark": Meaning("mark", "mark it; actions are about the marked ones then", SEE),
    "view.mark_all": Meaning("mark all", "mark all that the filter shows", SEE),
    "view.transcript": Meaning("transcript", "show the transcript", SEE),
    "view.artifact": Meaning("artifact", "show its file; again, what has changed in it", SEE),
    "view.tab_1": Meaning("tabs", "the first tab of the detail", SEE),
    "view.tab_2": Meaning("steps", "the steps of all attempts", SEE),
    "view.tab_3": Meaning("artifact", "the file", SEE),
    "view.tab_4": Meaning("problem", "what is wrong, and what you can do", SEE),
    "view.tab_5": Meaning("state", "the record as it is stored", SEE),
    "view.next_pane": Meaning("pane", "go to the other pane", SEE),
    "view.back": Meaning("back", "leave the innermost: dialog, marks, filter, detail", SEE),
    "view.commands": Meaning("commands", "commands by name, and themes", SEE),
    "view.help": Meaning("help", "this page", SEE),
    "app.leave": Meaning("leave", "leave the monitor; the work goes on", SEE),
    "tree.up": Meaning("up", "a row up", MOVE),
    "tree.down": Meaning("down", "a row down", MOVE),
    "tree.page_up": Meaning("page up", "a page up", MOVE),
    "tree.page_down": Meaning("page down", "a page down", MOVE),
    "tree.first": Meaning("first", "to the first row", MOVE),
    "tree.last": Meaning("last", "to the last row", MOVE),
    "tree.collapse": Meaning("collapse", "fold, or go to the parent", MOVE),
    "tree.expand": Meaning("expand", "unfold, or go to the first child", MOVE),
    "tree.fold": Meaning("fold", "fold or unfold", MOVE),
    "tree.open": Meaning("open", "open the detail", MOVE),
}
"""By the id of the binding, in the order of the help."""

ACTIONS: dict[str, Action] = {
    "session.retry": Action.RETRY,
    "session.retry_note": Action.RETRY,
    "session.skip": Action.SKIP,
    "session.cancel": Action.CANCEL,
}
_VERBS = {Action.RETRY: "retried", Action.SKIP: "skipped", Action.CANCEL: "cancelled"}


def allowed(board: Board, binding: str, session_id: str) -> bool:
    """Whether the engine would take this for a session as it stands."""
    return why_not(board, binding, session_id) is None


def why_not(board: Board, binding: str, session_id: str | None) -> SafeText | None:
    """Why something cannot be done to a session; None when it can."""
    if session_id is None or session_id not in board:
        return SafeText("There is no session here yet.")
    session = board.session(session_id)
    name = name_of(session)[:_NAME]
    if binding == "session.kill":
        can = session.phase is Phase.CANCELLING
        return None if can else SafeText(f"{name} is not being cancelled: x cancels, X then ends it at once.")
    if binding == "session.open_file":
        return None if session.artifact_path else SafeText(f"{name} has no file of its own.")
    action = ACTIONS[binding]
    if action is Action.SKIP and session.session_id is None:
        return SafeText("A run cannot be skipped; cancel it instead.")
    if standing(session) not in CONTROLS[action]:
        how = "its file is in order" if session.status is Status.COMPLETE else f"it is {standing(session)}"
        return SafeText(f"{name} cannot be {_VERBS[action]}: {how}.")
    ended = next((above for above in board.above(session_id) if is_terminal(above)), None)
    if action is Action.RETRY and ended is not None:
        return SafeText(f"{name} cannot be retried: {name_of(ended)[:_NAME]} above it is {ended.status}.")
    return None
