"""Every state of the monitor that a person can recognise, as a picture: which board, which size, which keys.

The app here is covey's own screen over a board that is fed by hand, with a clock that stands still.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import cast

from textual.pilot import Pilot

from covey.client.artifact import Artifact
from covey.client.beginning import Beginning, DeclaredCounts
from covey.client.decisions import END, Line
from covey.client.engine import Stopped
from covey.client.estimate import Estimate
from covey.client.requests import Answer, Wish
from covey.client.slots import SlotsAnswer
from covey.errors import CoveyError
from covey.model.command import Interaction, TranscriptKind, TranscriptRow
from covey.model.control import RequestState
from covey.model.credential import CredentialPause
from covey.model.session import Session
from covey.model.usage import spent_by
from covey.text.glyphs import GlyphSet
from covey_tui.link import Link
from covey_tui.painted import PaintedApp
from covey_tui.screens.monitor import MonitorScreen
from covey_tui.view.board import Board
from covey_tui.widgets.detail import DetailPane
from tests.tui import looked_at, pictures

DOCUMENT = (
    "# Invoice\n\n## Purpose\n\nWhat a customer owes.\n\n## Public API\n\n`total()`\n\n## Dependencies\n\nNone.\n"
)


class MadeUp(Link):
    """The way to a project that is made up: details stand here, and what is asked is remembered."""

    def __init__(self) -> None:
        super().__init__(Path("/shop"))
        self.refusal: str | None = None
        self.unreadable: str | None = None
        self.begun: list[tuple[str, ...]] = []
        self.asked: list[tuple[tuple[str, ...], Wish]] = []
        self.stopped: list[str] = []
        self.slots_asked: list[int] = []
        self.sharing: list[Session] = []

    async def transcript(self, session_id: str, attempt: int, after: int) -> Sequence[TranscriptRow]:
        return [] if after else list(_transcript(session_id, attempt))

    async def interactions(self, session_id: str) -> Sequence[Interaction]:
        return list(looked_at.interactions(session_id))

    async def artifact(self, path: str) -> Artifact:
        return Artifact(path, present=True, text=DOCUMENT, size=len(DOCUMENT), modified_at=pictures.NOW)

    async def diff(self, path: str) -> str | None:
        return looked_at.DIFF

    async def happenings(self, before: int = END, after: int = 0) -> Sequence[Line]:
        return [line for line in looked_at.decisions() if after < line.entry.seq < before]

    async def last_line(self) -> int:
        return looked_at.decisions()[-1].entry.seq

    def last_looked(self) -> int:
        return looked_at.decisions()[-5].entry.seq

    async def ask(self, sessions: Sequence[Session], wish: Wish) -> tuple[Answer, ...]:
        if self.refusal is not None:
            raise CoveyError(self.refusal)
        self.asked.append((tuple(session.id for session in sessions), wish))
        return tuple(Answer(each.id, wish.action, RequestState.SETTLED, True, None) for each in sessions)

    async def begin(self, modules: tuple[str, ...]) -> tuple[str, ...]:
        self.begun.append(modules)
        return ()

    async def estimate(self, sessions: Sequence[Session]) -> Estimate | None:
        self._read()
        known = [spent_by(session) for session in sessions if session.usage]
        if not known:
            return None
        usd = sum(each.usd or 0.0 for each in known)
        return Estimate(sum(each.tokens for each in known), usd, len(known), len(sessions), 12)

    async def estimate_of_runs(self, modules: tuple[str, ...]) -> Estimate | None:
        self._read()
        return None

    def _read(self) -> None:
        if self.unreadable is not None:
            raise CoveyError(self.unreadable)

    async def sharing_budget(self, root: Session) -> list[Session]:
        return [root, *self.sharing]

    async def slots(self, number: int) -> SlotsAnswer:
        self.slots_asked.append(number)
        await asyncio.sleep(0)  # whoever asks has to wait for the answer
        return SlotsAnswer(state=RequestState.SETTLED, changed=True, reason=None, slots=number)

    async def stop(self, run_ids: tuple[str, ...]) -> tuple[Stopped, ...]:
        self.stopped.extend(run_ids)
        return tuple(Stopped(session_id=each, changed=True, reason=None) for each in run_ids)


def _transcript(session_id: str, attempt: int) -> Iterable[TranscriptRow]:
    said = [
        ("GenerateComponentDesign", TranscriptKind.STEP, "GenerateComponentDesign", 10),
        (
            "GenerateComponentDesign",
            TranscriptKind.TEXT,
            "I'll read the context's design first, then the modules that Payment imports.",
            12,
        ),
        ("GenerateComponentDesign", TranscriptKind.TOOL, "read docs/design/shop/billing.md", 14),
        ("GenerateComponentDesign", TranscriptKind.TOOL, "read src/shop/billing/payment.py", 15),
        ("GenerateComponentDesign", TranscriptKind.TOOL, "write docs/design/shop/billing/payment.md", 40),
        (
            "GenerateComponentDesign",
            TranscriptKind.TEXT,
            "The design is written. The public API has four functions; refund raises PaymentClosed once it is settled.",
            50,
        ),
        ("ValidateDesign", TranscriptKind.STEP, "ValidateDesign", 91),
    ]
    for n, (step, kind, text, seconds) in enumerate(said, start=1):
        at = datetime(2026, 11, 22, 12, 3 + seconds // 60, seconds % 60, tzinfo=pictures.NOW.tzinfo)
        yield TranscriptRow(session_id=session_id, attempt=attempt, step=step, n=n, at=at, kind=kind, text=text)


class Gallery(PaintedApp):
    """The monitor's screen over a board that is fed by hand."""

    def __init__(
        self,
        board: Board,
        theme: str = "covey",
        glyphs: GlyphSet = GlyphSet.UNICODE,
        beginning: Beginning | None = None,
    ) -> None:
        super().__init__(theme=theme, glyphs=glyphs)
        self.board = board
        self.link = MadeUp()
        self._beginning = beginning
        self.now = pictures.NOW
        self.monitor = MonitorScreen(board, self.link, lambda: self.now)

    def on_mount(self) -> None:
        """Show what the board holds."""
        self.push_screen(self.monitor)
        if self._beginning is None:
            self.call_after_refresh(self.monitor.begun)
        else:
            self.call_after_refresh(self.monitor.nothing_yet, self._beginning)


@dataclass(frozen=True, slots=True)
class Picture:
    """One state: the sessions of the board, the size of the screen, and the keys that lead there.

    `decisions`: the log of decisions, which stands in the list of commands and has no key.
    """

    name: str
    sessions: Callable[[], Iterable[Session]] = pictures.shop
    size: tuple[int, int] = (100, 30)
    keys: tuple[str, ...] = ()
    theme: str = "covey"
    glyphs: GlyphSet = GlyphSet.UNICODE
    no_color: bool = False
    engine: dict[str, object] = field(default_factory=dict)
    beginning: Beginning | None = None
    quiet: dict[str, int] = field(default_factory=dict)
    credentials: tuple[CredentialPause, ...] = ()
    decisions: bool = False

    def app(self) -> Gallery:
        """The app that shows it once the keys have been pressed."""
        board = pictures.board(self.sessions(), self.quiet, credentials=self.credentials, **self.engine)
        return Gallery(board, self.theme, self.glyphs, self.beginning)

    async def lead(self, pilot: Pilot[int]) -> None:
        """Press the keys; what they set going has ended afterwards."""
        await settled(pilot)
        for key in self.keys:
            await pilot.press(_NAMES.get(key, key))
            await settled(pilot)
        if self.decisions:
            cast("Gallery", pilot.app).monitor.show_decisions()
            await settled(pilot)


_NAMES = {"!": "exclamation_mark", "/": "slash", "?": "question_mark", " ": "space"}


async def settled(pilot: Pilot[int]) -> None:
    """Let the app come to rest: nothing is read any more, and all is painted (one that asks a question stays)."""
    for _ in range(_ROUNDS):
        await pilot.pause(0)
        panes = [pane for screen in pilot.app.screen_stack for pane in screen.query(DetailPane)]
        while not all(pane.is_answered for pane in panes):
            await pilot.pause(0)
    await pilot.pause(0)


_ROUNDS = 4
_TO_TAX_RULE = ("j", "j", "j", "j")
_TO_PAYMENT = ("j", "j", "j")
_SMALL, _WIDE, _WIDEST = (80, 24), (160, 45), (250, 80)

NOTHING_YET = Beginning(
    "shop",
    contexts=(DeclaredCounts("Billing", "shop.billing", 8, 1), DeclaredCounts("Catalog", "shop.catalog", 6, 1)),
)

PICTURES: tuple[Picture, ...] = (
    Picture("main-100x30", keys=_TO_TAX_RULE),
    Picture("main-80x24", size=_SMALL, keys=_TO_TAX_RULE),
    Picture("main-160x45", size=_WIDE, keys=_TO_PAYMENT),
    Picture("main-250x80", size=_WIDEST, keys=_TO_PAYMENT),
    Picture("intervention", keys=("i",)),
    Picture("transcript", pictures.at_work, keys=_TO_PAYMENT),
    Picture("transcript-full-80x24", size=_SMALL, keys=(*_TO_PAYMENT, "l", "enter")),
    Picture("steps", keys=(*_TO_TAX_RULE, "2", "enter", "enter")),
    Picture("artifact", keys=("j", "3")),
    Picture("diff", keys=("j", "d", "d")),
    Picture("decisions", decisions=True),
    Picture("state", keys=(*_TO_TAX_RULE, "5")),
    Picture("summary"),
    Picture("problem-missing", keys=(*_TO_TAX_RULE, "j")),
    Picture("dialog-cancel", keys=("x",)),
    Picture("dialog-retry-all", keys=("R",)),
    Picture("dialog-skip", keys=(*_TO_TAX_RULE, "s", *"next week")),
    Picture("dialog-note", keys=(*_TO_TAX_RULE, "e", *"the model is called small")),
    Picture("dialog-stop", keys=("Q",)),
    Picture("cancelling", pictures.cancelling, keys=("G", "k", "k", "k", "1")),
    Picture("finished", pictures.finished),
    Picture("finished-committed", pictures.committed),
    Picture("tests-failing", pictures.under_test, keys=("j", "j", "j")),
    Picture("quiet", pictures.silent, keys=(*_TO_PAYMENT, "5"), quiet=pictures.QUIET),
    Picture("stalled", pictures.silent, keys=("n",), quiet=pictures.QUIET),
    Picture("stalled-intervention", pictures.silent, keys=("i",), quiet=pictures.QUIET),
    Picture(
        "stalled-ascii-no-color-80x24",
        pictures.silent,
        size=_SMALL,
        keys=("n",),
        glyphs=GlyphSet.ASCII,
        no_color=True,
        quiet=pictures.QUIET,
    ),
    Picture("asking", pictures.asking, keys=("n", "4")),
    Picture("asking-80x24", pictures.asking, size=_SMALL, keys=("n", "4"), glyphs=GlyphSet.ASCII, no_color=True),
    Picture("asking-intervention", pictures.asking, keys=("i", "j")),
    Picture("dialog-answer", pictures.asking, keys=("n", "m", *"in Ledger")),
    Picture("dialog-message", pictures.asking, keys=(*_TO_TAX_RULE, "m", *"keep the old rates")),
    Picture("paused", pictures.paused),
    Picture("paused-hard-160x45", pictures.paused_hard, size=_WIDE, keys=("j",)),
    Picture("paused-ascii-80x24", pictures.paused, size=_SMALL, glyphs=GlyphSet.ASCII, no_color=True),
    Picture("repeated-failures", pictures.failing_again, keys=("4",)),
    Picture("repeated-failures-intervention", pictures.failing_again, keys=("i",)),
    Picture("paying-160x45", pictures.paying, size=_WIDE, keys=("n", "n", "n")),
    Picture("paying-retry-all", pictures.paying, keys=("R",)),
    Picture("budget-spent", pictures.budget_spent, keys=("4",)),
    Picture("budget-spent-80x24", pictures.budget_spent, size=_SMALL),
    Picture("budget-spent-intervention", pictures.budget_spent, keys=("i",)),
    Picture("budget-spent-raise", pictures.budget_spent, keys=("p", *"7.50")),
    Picture("credential-refused", pictures.without_credential, keys=("4",), credentials=(pictures.REFUSED,)),
    Picture("credential-intervention", pictures.without_credential, keys=("i",), credentials=(pictures.REFUSED,)),
    Picture("rate-limited", pictures.at_work, engine={"gates": (pictures.COOLING,)}),
    Picture(
        "limit-reached-80x24", pictures.without_credential, size=_SMALL, keys=("j",), credentials=(pictures.LIMITED,)
    ),
    Picture("no-engine", engine={"alive": False, "pid": None, "slots": None}),
    Picture("interrupted", pictures.interrupted, keys=("n",), engine={"held": 2, "short_of": ("memory",)}),
    Picture("light", keys=_TO_TAX_RULE, theme="covey-light"),
    Picture("no-color", keys=_TO_TAX_RULE, no_color=True),
    Picture("ascii-no-color-80x24", size=_SMALL, keys=_TO_TAX_RULE, glyphs=GlyphSet.ASCII, no_color=True),
    Picture("sixty-one", pictures.catalog_of_sixty_one, keys=("n",)),
    Picture("sixty-one-intervention", pictures.catalog_of_sixty_one, keys=("i",)),
    Picture("only-problems-marked", pictures.catalog_of_sixty_one, keys=("!", "n", "v", "n", "v", "n", "v")),
    Picture("search-80x24", size=_SMALL, keys=("j", "/", *"lin", "enter")),
    Picture("help", keys=("?",)),
    Picture("empty", list, beginning=NOTHING_YET),
    Picture("dialog-begin", list, keys=("enter",), beginning=NOTHING_YET),
    Picture("no-manifest", list, beginning=Beginning("shop", has_manifest=False)),
    Picture("too-small", size=(52, 12)),
)
