"""`covey message`: what a human says to a running agent, or answers to its question."""

import sys
from typing import Annotated

from cyclopts import Parameter

from covey.cli.control import ask_of_sessions
from covey.cli.options import Json, NoWait, ProjectDir, Start
from covey.client.requests import Wish
from covey.errors import UsageError
from covey.model.control import Action
from covey.model.message import MESSAGE_BYTES, text_objection

STANDARD_INPUT = "-"


def message(
    session: str,
    text: Annotated[str, Parameter(allow_leading_hyphen=True)],
    /,
    *,
    no_wait: NoWait = False,
    start: Start = False,
    json: Json = False,
    project: ProjectDir = None,
) -> int:
    """Say something to a running agent: it gets it before its next turn. To one that asks, it is the answer.

    Only agents that take messages can be told something while they work; see what a session asks with covey status.

    Args:
        session: The session's id, or its beginning.
        text: What to say; - reads it from standard input.
        no_wait: Leave the request and do not wait for the decision.
        start: Start an engine if none is at work; it goes on with the run of a session that asks.
        json: One object.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    said = (_read() if text == STANDARD_INPUT else text).strip()
    objection = text_objection(said)
    if objection is not None:
        raise UsageError(f"nothing was sent: {objection}")
    wish = Wish(action=Action.MESSAGE, message=said)
    return ask_of_sessions(project, (session,), wish, json=json, no_wait=no_wait, start=start)


def _read() -> str:
    """Standard input as text; of one that is too long no more is read than it takes to see that it is."""
    if sys.stdin is None:
        raise UsageError("nothing was sent: standard input is closed; say the text itself in place of -")
    data = sys.stdin.buffer.read(MESSAGE_BYTES + 1)
    if len(data) > MESSAGE_BYTES:
        raise UsageError(f"nothing was sent: a message has {MESSAGE_BYTES // 1024} KiB at most, and this has more")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        message = f"nothing was sent: standard input has to be UTF-8, and byte {error.start + 1} is not"
        raise UsageError(message) from error
