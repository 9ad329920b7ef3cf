"""What a person asks for: from a key to a question, where something is given up, and from there to the engine's word.

A request is about the rows as they were when the key was pressed; the engine compares their attempts and statuses, so
one that comes too late changes nothing, and says what changed instead.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.screen import Screen

from covey.client.estimate import Estimate
from covey.client.requests import Wish
from covey.errors import CoveyError
from covey.model.budget import USD
from covey.model.control import Action
from covey.model.pause import Pause
from covey.model.session import Session, is_terminal
from covey.text.sanitise import sanitise_line
from covey.text.words import plural
from covey_tui.link import Link
from covey_tui.view import dialogs
from covey_tui.view.answers import complaint, stopped, stopping, told, undone, warning
from covey_tui.view.asked import Asked
from covey_tui.view.board import Board
from covey_tui.view.empty import Choice
from covey_tui.view.keys import PAUSES, SLOTS, allowed, asked_of_run, pointless, why_not
from covey_tui.view.money import amount, is_spent, one_for_each_budget
from covey_tui.view.spans import Line, span
from covey_tui.view.stopped import can_resume

if TYPE_CHECKING:
    from covey_tui.screens.dialog import Confirmed

Say = Callable[[Line], None]


class Acting:
    """Carries out what is asked of sessions, from the screen whose questions it asks.

    `key` gives the keys of a binding as people read them.
    """

    def __init__(self, screen: Screen[None], board: Board, link: Link, say: Say, key: Callable[[str], str]) -> None:
        self._key = key
        self._screen = screen
        self._board = board
        self._link = link
        self._say = say
        self._is_asking = False
        self._one_at_a_time = asyncio.Lock()

    async def act(self, key: str, ids: Sequence[str]) -> bool:
        """Carry out an action, by its binding's id, on those that allow it; whether it was asked for of sessions."""
        if key in SLOTS:
            await self._change_slots(key)
            return False
        if key in PAUSES:
            await self._pause(key, ids)
            return False
        chosen = [each for each in ids if each in self._board and allowed(self._board, key, each)]
        if not chosen:
            self._say((span(why_not(self._board, key, ids[0] if ids else None) or ""),))
            return False
        rows = [self._board.stored[each] for each in chosen]
        wish = await self._wish(key, chosen)
        if wish is not None:
            await self._ask(rows, wish)
        return wish is not None

    async def retry_failed(self, ids: Sequence[str], under: str) -> None:
        """Retry all that failed or lost their file, once somebody has said yes to so many."""
        rows = [self._board.stored[each] for each in ids]
        if not rows:
            self._say((span("Nothing here has failed or lost its file."),))
            return
        again = self._pointless(ids)
        expected = await self._expected(self._link.estimate(rows))
        if await self._answer(dialogs.retry_many(self._board, ids, under, pointless=again, expected=expected)):
            await self._ask(rows, Wish(action=Action.RETRY, force=again > 0))

    async def undo(self, session_id: str | None) -> None:
        """Take back the last decision of the run that a session is of."""
        if session_id is None or session_id not in self._board:
            self._say((span(why_not(self._board, "run.undo", session_id) or ""),))
            return
        root = self._board.stored[self._board.session(session_id).run_id]
        try:
            answers = await self._link.ask([root], Wish(action=Action.UNDO))
        except CoveyError as error:
            self._say(complaint(error))
            return
        self._say(undone(answers[0], root))

    async def begin(self, choice: Choice) -> None:
        """Begin a run, once somebody has said yes."""
        expected = await self._expected(self._link.estimate_of_runs(choice.modules))
        if await self._answer(dialogs.begin(choice, expected)) is None:
            return
        self._say((span(f"Starting the design of {choice.what}"),))
        try:
            warnings = await self._link.begin(choice.modules)
        except CoveyError as error:
            self._say(complaint(error))
            return
        if warnings:
            self._say(warning("; ".join(warnings)))

    async def stop(self) -> bool:
        """End all work for now, once somebody has said yes; whether it was asked for."""
        objection = why_not(self._board, "run.stop", None)
        if objection is not None:
            self._say((span(objection),))
            return False
        runs = [root for root in map(self._board.session, self._board.roots()) if not is_terminal(root)]
        if await self._answer(dialogs.stop_run(self._board)) is None:
            return False
        self._say(stopping(runs))
        try:
            answers = await self._link.stop(tuple(root.id for root in runs))
        except CoveyError as error:
            self._say(complaint(error))
            return False
        self._say(stopped(answers, runs))
        return True

    async def _wish(self, key: str, ids: Sequence[str]) -> Wish | None:
        """What to ask for; None when somebody thought better of it."""
        board, grace = self._board, self._board.cancel_grace
        match key:
            case "session.retry":
                return await self._retry(ids)
            case "session.retry_note":
                answer = await self._answer(dialogs.note(board, ids, grace, self._key("session.retry")))
                return await self._insisted(ids, Wish(action=Action.RETRY, note=answer.text)) if answer else None
            case "session.skip":
                answer = await self._answer(dialogs.skip(board, ids, grace))
                return Wish(action=Action.SKIP, reason=answer.text or None) if answer else None
            case "session.cancel":
                answer = await self._answer(dialogs.cancel(board, ids, grace, self._key("run.undo")))
                return Wish(action=Action.CANCEL) if answer else None
            case "session.message":
                answer = await self._answer(dialogs.message(board, ids[0]))
                return Wish(action=Action.MESSAGE, message=answer.text) if answer else None
            case "session.kill":
                return Wish(action=Action.CANCEL, now=True)
        raise ValueError(key)

    async def _retry(self, ids: Sequence[str]) -> Wish | None:
        wish = Wish(action=Action.RETRY)
        if len(ids) > 1:
            again = self._pointless(ids)
            expected = await self._expected(self._link.estimate([self._board.stored[each] for each in ids]))
            answer = await self._answer(dialogs.retry_many(self._board, ids, pointless=again, expected=expected))
            return replace(wish, force=again > 0) if answer else None
        if pointless(self._board, ids[0]) is not None:
            return await self._insisted(ids, wish)
        is_at_work = self._board.session(ids[0]).phase in dialogs.AGENT_AT_WORK
        if is_at_work and not self._board.children(ids[0]):
            asked = dialogs.cancel_then_retry(self._board, ids[0], self._board.cancel_grace)
            return wish if await self._answer(asked) else None
        return wish

    async def _insisted(self, ids: Sequence[str], wish: Wish) -> Wish | None:
        """The wish as it is; where it promises nothing, forced once somebody insists."""
        why = next((said for each in ids if (said := pointless(self._board, each, wish.note)) is not None), None)
        if why is None:
            return wish
        return replace(wish, force=True) if await self._answer(dialogs.insist(self._board, ids, why)) else None

    def _pointless(self, ids: Sequence[str]) -> int:
        return sum(pointless(self._board, each) is not None for each in ids)

    async def _pause(self, key: str, ids: Sequence[str]) -> None:
        """Pause the run of a session, or let go on all runs of these.

        What is asked follows from the roots as they are seen: what a credential holds is stored with the credential.
        """
        first = next((each for each in ids if each in self._board), None)
        objection = why_not(self._board, key, first)
        if first is None or objection is not None:
            self._say((span(objection or ""),))
            return
        action, hard = asked_of_run(key, self._board.root_of(first))
        if action is Action.RESUME:
            await self._resume([each for each in ids if each in self._board])
        else:
            await self._ask([self._board.stored[self._board.root_of(first).id]], Wish(action=action, hard=hard))

    async def _resume(self, ids: Sequence[str]) -> None:
        """Let all runs of these go on; those whose budget is spent with a higher one."""
        roots = [self._board.session(key) for key in dict.fromkeys(self._board.root_of(each).id for each in ids)]
        for root, pause in one_for_each_budget(roots):
            await self._raise_budget(root, pause)
        rest = [self._board.stored[root.id] for root in roots if can_resume(root) and not is_spent(root)]
        if rest:
            await self._ask(rest, Wish(action=Action.RESUME))

    async def _raise_budget(self, root: Session, pause: Pause) -> None:
        """Let the runs that share a spent budget go on with a higher one, once somebody has said how high."""
        sharing = await self._link.sharing_budget(root)
        answer = await self._answer(dialogs.raise_budget(root, pause))
        value = amount(answer.text, pause.limit) if answer else None
        if value is None:
            return
        in_dollars = pause.limit == USD
        wish = Wish(
            action=Action.RESUME,
            budget_usd=value if in_dollars else None,
            budget_tokens=None if in_dollars else round(value),
        )
        await self._ask(sharing, wish)

    async def _change_slots(self, key: str) -> None:
        """Let one session more or less work at the same time; a key pressed meanwhile waits for the answer."""
        async with self._one_at_a_time:
            objection = why_not(self._board, key, None)
            if objection is not None:
                self._say((span(objection),))
                return
            try:
                answer = await self._link.slots((self._board.engine.slots or 0) + SLOTS[key])
            except CoveyError as error:
                self._say(complaint(error))
                return
            if answer.slots is not None:  # the next key counts from there, before the engine's row is read again
                self._board.engine = replace(self._board.engine, slots=answer.slots)
        how_many = plural(answer.slots, "slot") if answer.slots is not None else ""
        reason = sanitise_line(answer.reason or "")
        self._say((span(": ".join(part for part in (how_many, reason) if part)),))

    async def _answer(self, asked: Asked) -> "Confirmed | None":
        """What somebody answers; a key typed ahead of a question that is being put asks no second one."""
        from covey_tui.screens.dialog import Dialog  # noqa: PLC0415 - the first paint does not wait for its fields

        if self._is_asking:
            return None
        self._is_asking = True
        try:
            return await self._screen.app.push_screen_wait(Dialog(asked))
        finally:
            self._is_asking = False

    async def _expected(self, estimate: Awaitable[Estimate | None]) -> Estimate | None:
        """An estimate; None where it cannot be made, which keeps nobody from asking."""
        try:
            return await estimate
        except CoveyError:
            return None

    async def _ask(self, rows: Sequence[Session], wish: Wish) -> None:
        try:
            answers = await self._link.ask(rows, wish)
        except CoveyError as error:
            self._say(complaint(error))
            return
        self._say(told(answers, rows))
