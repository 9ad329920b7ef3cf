"""What a human says to a running agent, and what an agent asks a human: when it is possible, and how long it may be.

Pure. A message that was taken stands on the session's row until the agent has it for good (`message_delivered`); so
does the answer to a question, which is a message to a session that asks.
"""

from typing import TYPE_CHECKING

import msgspec

from covey.model.ability import Ability
from covey.model.status import Phase

if TYPE_CHECKING:
    from covey.model.session import Session

MESSAGE_BYTES = 32 * 1024
"""The most bytes of UTF-8 that a message may have."""

QUESTION_CHARACTERS = 8_000
"""A question of an agent is cut to so many characters: it is read by a human, on one screen."""

_CUT = "… (the question was longer; the rest was left out)"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it stands on the row of its session; an answer says which `question` it is to, and has its id."""

    id: str
    text: str
    by: str
    question: str | None = None


def as_asked(question: str) -> str:
    """A question as it is stored and shown: without blanks around it, and not too long.

    Raises:
        ValueError: it has no words.
    """
    text = question.strip()
    if not text:
        raise ValueError("a question needs words")
    return text if len(text) <= QUESTION_CHARACTERS else f"{text[:QUESTION_CHARACTERS]}{_CUT}"


def text_objection(text: str | None) -> str | None:
    """What stands against a text as a message; None where it is one."""
    if text is None or not text.strip():
        return "a message needs words"
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        return "a message is text in UTF-8, and this is not"
    if length > MESSAGE_BYTES:
        return f"a message has {MESSAGE_BYTES // 1024} KiB at most, and this has {length / 1024:.1f}"
    return None


def listening_objection(session: "Session") -> str | None:
    """Why nothing can be said to the agent of an active session at this moment; None where it can."""
    if session.phase is Phase.ASKING:
        return None
    if session.phase in {Phase.WAITING, Phase.BLOCKED}:
        return "no agent is at work for it; it waits for those below it"
    if session.started_at is None:
        return "it has not started yet"
    if Ability.MESSAGES not in session.abilities:
        return f"its agent ({session.agent}) takes no messages"
    return None
