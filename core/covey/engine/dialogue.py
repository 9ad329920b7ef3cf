"""What an agent and its human have to say to each other while the agent works, and how it stands still for it.

Messages and answers are on the session's row from the moment the engine has taken them (`covey.model.message`), so
none is lost with an engine. They stay there until the agent has them for good: what was handed over to work that died
with its engine is handed over again, to the work that goes on in its place.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from covey.clock import Clock
from covey.engine.consequences import revived
from covey.engine.desk import Transcript
from covey.engine.runtime import Turn
from covey.engine.turns import Turns
from covey.model import events as e
from covey.model.command import TranscriptKind
from covey.model.ids import new_id
from covey.model.message import Message, as_asked
from covey.model.session import Session, about
from covey.model.status import AT_WORK, Phase
from covey.store.base import Said

_MAY_ASK = AT_WORK | {Phase.ASKING, Phase.QUEUED}
"""An agent that does not wait any more, for its answer or for its run to go on, may ask again."""


class Rest(Protocol):
    """Gives a session's slot back, waits for whatever it is to wait for, and comes back with a slot."""

    async def __call__(self, until: Callable[[], Awaitable[None]] | None = None) -> None:
        """Stand still until then, and until a slot is free and the run is not paused."""
        ...


class Questions:
    """The sessions that wait for the answer of a human."""

    def __init__(self) -> None:
        self._waiting: dict[str, asyncio.Event] = {}

    def know(self, sessions: Iterable[Session]) -> None:
        """Learn how sessions stand now: one that does not ask any more waits no longer."""
        for session in sessions:
            waiting = self._waiting.get(session.id)
            if waiting is not None and session.phase is not Phase.ASKING:
                waiting.set()

    def is_waiting(self, session_id: str) -> bool:
        """The session waits for an answer, and for nothing else."""
        waiting = self._waiting.get(session_id)
        return waiting is not None and not waiting.is_set()

    async def answered(self, session_id: str, is_open: Callable[[], Awaitable[bool]]) -> None:
        """Wait for as long as the question is open."""
        moved = self._waiting[session_id] = asyncio.Event()
        try:
            while await is_open():
                await moved.wait()
                moved.clear()
        finally:
            del self._waiting[session_id]


class Dialogue:
    """The dialogue of one turn of a session: while its command is executed.

    `is_held` tells whether its run is hard paused; `rest` lets it stand still.
    """

    def __init__(
        self,
        turns: Turns,
        turn: Turn,
        transcript: Transcript,
        clock: Clock,
        *,
        questions: Questions,
        rest: Rest,
        is_held: Callable[[], Awaitable[bool]],
    ) -> None:
        self._turns = turns
        self._running = turn.running
        self._step = turn.interaction.step
        self._transcript = transcript
        self._clock = clock
        self._questions = questions
        self._rest = rest
        self._is_held = is_held
        self._handed: set[str] = set()
        self._one_at_a_time = asyncio.Lock()

    async def before_turn(self) -> tuple[str, ...]:
        """Stand still while the run is hard paused; then what humans have said since."""
        while await self._is_held():
            await self._note(self._paused)
            await self._stand_still()
        session = await self._note(_as_it_is)
        if _waits_to_go_on(session):
            await self._turns.started(self._running)
        return tuple(self._handed_over(message) for message in self._waiting(session) if message.question is None)

    async def ask(self, question: str) -> str:
        """Ask, and wait for the answer.

        Raises:
            ValueError: the question has no words.
        """
        text = as_asked(question)
        async with self._one_at_a_time:
            session = await self._note(_as_it_is)
            answer = self._answer_to(session, lambda message: message.question == text)
            if answer is None:
                return self._handed_over(await self._asked(text))
            if _waits_to_go_on(session):
                await self._stand_still()
            return self._handed_over(answer)

    async def kept(self, said: Sequence[Said] = ()) -> None:
        """Note that the agent has for good what it was given: it has ended, or it has `said` it in its conversation."""
        await self._turns.noted(self._running, self._delivered, said)

    async def _asked(self, text: str) -> Message:
        asking = await self._note(lambda session: self._asks(session, text))
        key = asking.question_id if asking is not None else None
        if key is not None:
            self._transcript.add(self._step, TranscriptKind.TEXT, f"asks you: {text}\n")
            await self._stand_still(
                lambda: self._questions.answered(self._running.session_id, lambda: self._is_open(key))
            )
        answer = self._answer_to(await self._note(_as_it_is), lambda message: message.id == key)
        if answer is None:  # the session has ended: nobody waits for what its agent does
            raise asyncio.CancelledError
        return answer

    async def _stand_still(self, until: Callable[[], Awaitable[None]] | None = None) -> None:
        await self._rest(until)
        await self._turns.started(self._running)

    def _asks(self, session: Session, text: str) -> tuple[e.AnyEvent, ...]:
        """The question, in place of one that its agent waits for no more; in the same words, it is still that one."""
        if session.phase not in _MAY_ASK or session.question == text:
            return ()
        asked = e.QuestionAsked(at=self._now(), **about(session), question_id=new_id(), question=text)
        return (*revived(session, self._now()), asked)

    async def _is_open(self, key: str) -> bool:
        session = await self._note(_as_it_is)
        return session is not None and session.question_id == key

    def _answer_to(self, session: Session | None, is_it: Callable[[Message], bool]) -> Message | None:
        found = (message for message in self._waiting(session) if message.question is not None and is_it(message))
        return next(found, None)

    def _waiting(self, session: Session | None) -> list[Message]:
        """What was said to the session and this work of it does not have yet."""
        messages = session.messages if session is not None else ()
        return [message for message in messages if message.id not in self._handed]

    def _handed_over(self, message: Message) -> str:
        self._handed.add(message.id)
        what = "message" if message.question is None else "answer"
        self._transcript.add(self._step, TranscriptKind.TEXT, f"{what} from {message.by}: {message.text}\n")
        return message.text

    def _paused(self, session: Session) -> tuple[e.AnyEvent, ...]:
        if session.phase not in AT_WORK:
            return ()
        return (*revived(session, self._now()), e.SessionPaused(at=self._now(), **about(session)))

    def _delivered(self, session: Session) -> tuple[e.AnyEvent, ...]:
        ids = tuple(message.id for message in session.messages if message.id in self._handed)
        return (e.MessageDelivered(at=self._now(), **about(session), message_ids=ids),) if ids else ()

    async def _note(self, change: Callable[[Session], tuple[e.AnyEvent, ...]]) -> Session | None:
        return await self._turns.noted(self._running, change)

    def _now(self) -> datetime:
        return self._clock.now()


def _waits_to_go_on(session: Session | None) -> bool:
    """Though its agent works on: a question was answered that the agent had ceased to wait for."""
    return session is not None and session.phase is Phase.QUEUED


def _as_it_is(_: Session) -> tuple[e.AnyEvent, ...]:
    return ()
