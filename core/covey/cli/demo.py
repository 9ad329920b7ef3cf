"""`covey demo`: a made-up project, a run in which one module fails and one document goes missing, and how both end.

Nothing is staged but the causes: a source file that does not parse, and a document that is really deleted.
"""

import asyncio
import tempfile
from pathlib import Path

from covey.agents.registry import AgentRegistry
from covey.cli.following import at_work, place
from covey.cli.frontend import find_monitor, on_a_terminal
from covey.cli.options import Json
from covey.cli.out import Out, complain
from covey.cli.picture import tree_lines
from covey.cli.printer import Printer
from covey.cli.run import Order, ordered, tell_how_it_was_left
from covey.cli.stage import DepartedError, Play, Stage
from covey.client.requests import Answer, Wish, request_control
from covey.client.snapshot import RunView, attach
from covey.engine.runs import RunOptions
from covey.model import events as e
from covey.model.control import Action, RequestState
from covey.model.outcome import STOPPED
from covey.model.session import Session, is_terminal
from covey.model.status import Phase
from covey.projects.manifest import find_contexts, load_project
from covey.projects.python_package import import_package
from covey.projects.writer import render, write_manifest
from covey.store.sqlite import Viewer, open_viewer
from covey.testing.samples import BILLING, BROKEN_FILE, BROKEN_MODULE, mend_shop, write_shop
from covey.text.sanitise import SafeText, sanitise, sanitise_line

DEPARTED = 1

MISSING_MODULE = "shop.billing.payment"
MISSING_FILE = "docs/design/shop/billing/payment.md"
REVIEW_FILE = "docs/design/shop/billing/design_review.md"

NOTE = "the bracket in tax_on is closed now"


def demo(*, headless: bool = False, json: Json = False) -> int:
    """Make a small project in a new directory and run the design workflow of one of its contexts.

    One of its modules does not parse, so its session fails; one document is deleted, so it is missing. With a terminal
    the monitor opens on it, and both are yours to mend. Without one, the story tells what needs a human, and mends both
    by the same requests that you would make.

    Args:
        headless: Only the run itself, which ends needing a human (exit code 6).
        json: The run's events, one object a line.
    """
    root = Path(tempfile.mkdtemp(prefix="covey-demo-")).resolve()
    write_shop(root)
    write_manifest(root, render(import_package(root)), force=False)
    registry = AgentRegistry()
    declared = load_project(root, registry)
    order = Order(
        project=declared,
        registry=registry,
        workflow="design",
        contexts=find_contexts(declared, (BILLING,)),
        options=RunOptions(agent="offline"),
    )
    out = Out(asked_json=json)
    if on_a_terminal() and not headless and not json:
        return _on_the_monitor(order, out)
    return asyncio.run(_bare(order, out) if headless else _told(order, out))


def _on_the_monitor(order: Order, out: Out) -> int:
    """The run in an engine of its own, with its two problems, in the monitor; afterwards, what else to try there."""
    root, monitor = order.project.root, find_monitor()
    complain(f"the sample project is in {root}")
    run_id = asyncio.run(_begin_detached(order, out))
    code = monitor()(root, run_id, read_only=False)
    out.text(
        "To look around in the sample project, and to try its other context:",
        SafeText(f"  cd {sanitise_line(str(root))}"),
        "  covey status",
        "  covey run design catalog",
    )
    return code


async def _begin_detached(order: Order, out: Out) -> str | None:
    """Begin the run, and bring about its two problems."""
    root, stage = order.project.root, Stage()
    printer = Printer(root, out, quiet=True, listener=stage.hear)
    async with printer.at_work():
        placed = await place(root, ordered(order))
        await printer.begin(placed.after, at_work(placed.begun))
        await _two_problems(stage, root)
    return placed.begun[0].run_id


async def _bare(order: Order, out: Out) -> int:
    """The run alone, until it needs a human."""
    root = order.project.root
    complain(f"the sample project is in {root}")
    play = Play(order, out, quiet=False)
    left = await play.perform(lambda stage: _two_problems(stage, root))
    await tell_how_it_was_left(order, play.begun, left, play.printer.finished, out)
    if play.departed is not None:
        complain(play.departed)
        return DEPARTED
    return left.exit_code


async def _told(order: Order, out: Out) -> int:
    """The whole story, to its end."""
    root = order.project.root
    story = Story(root, out)
    if out.asked_json:
        complain(f"the sample project is in {root}")
    story.opens()
    play = Play(order, out, quiet=not out.asked_json)
    left = await play.perform(story.perform)
    if left.exit_code == STOPPED or play.departed is not None:
        await tell_how_it_was_left(order, play.begun, left, play.printer.finished, out)
    if left.exit_code == STOPPED:
        return STOPPED
    if play.departed is not None or left.exit_code != 0:
        complain(play.departed or f"the story departed: the run ended with exit code {left.exit_code}")
        return DEPARTED
    story.ends()
    return 0


async def _two_problems(stage: Stage, root: Path) -> None:
    """Delete a document as soon as it is finished, and wait until both problems are reported."""
    await stage.until(e.SessionCompleted, "the document of payments", module=MISSING_MODULE)
    (root / MISSING_FILE).unlink()
    await stage.until(e.SessionFailed, "the failure of the broken module", module=BROKEN_MODULE)
    await stage.until(e.ArtifactMissing, "the report of the missing document", module=MISSING_MODULE)
    await stage.until(e.SessionBlocked, "the parent's call for a human", when=_names_both)


def _names_both(event: e.SessionBlocked) -> bool:
    return bool(event.needs_human.get("failed")) and bool(event.needs_human.get("missing_files"))


class Story:
    """Tells what happens in numbered paragraphs, and does what a person would do."""

    def __init__(self, root: Path, out: Out) -> None:
        self._root = root
        self._out = out
        self._number = 0

    def opens(self) -> None:
        """What this is about, and where."""
        self._say(
            "covey demo: a small shop, made up for this. Two contexts, eight modules, no documents yet.",
            f"It lies in {self._root}",
        )

    async def perform(self, stage: Stage) -> None:
        """From the first session to the last.

        Raises:
            DepartedError: something happened otherwise.
        """
        self._scene(
            f"The context {BILLING} is run: covey run design billing",
            "Five sessions begin, one for each module. Each of them has an agent write the design document of its",
            "module. Here it is the offline agent: it reads the code, and costs nothing.",
        )
        await _two_problems(stage, self._root)
        async with open_viewer(self._root) as viewer:
            if viewer is None:
                raise DepartedError("the story departed: there is no database")
            await self._what_needs_a_human(viewer)
            for act in (self._skip, self._mend_and_retry, self._retry_missing, self._is_reviewed):
                await act(stage, viewer)

    async def _what_needs_a_human(self, viewer: Viewer) -> None:
        failed, missing = await _find(viewer, BROKEN_MODULE), await _find(viewer, MISSING_MODULE)
        self._scene(
            "Three documents are there. Two things need a human:",
            f"{failed.component} failed: {sanitise_line(failed.error_message or '')}",
            f"{missing.component} was finished, but somebody (this demo) has deleted its document since:",
            f"  {MISSING_FILE}",
            "The session of the context is blocked until both are settled. This is what covey status shows:",
        )
        await self._show_tree(viewer, failed.run_id)

    async def _skip(self, stage: Stage, viewer: Viewer) -> None:
        session = await _find(viewer, BROKEN_MODULE)
        wish = Wish(action=Action.SKIP, reason="does not parse, later")
        self._scene(
            f"First we go on without {session.component}: covey skip ID --reason 'does not parse, later'",
            "The parent looks again at once. It does not wait for that session any more, only for the missing file.",
        )
        await self._ask(viewer, session, wish)
        await stage.until(e.SessionSkipped, "the skip", module=BROKEN_MODULE)
        await stage.until(e.SessionBlocked, "the parent's second look", when=lambda event: not _names_both(event))

    async def _mend_and_retry(self, stage: Stage, viewer: Viewer) -> None:
        mend_shop(self._root)
        session = await _find(viewer, BROKEN_MODULE)
        self._scene(
            f"Then we mend {BROKEN_FILE} after all: a bracket was never closed.",
            f"A skipped session can be tried again: covey retry ID --note '{NOTE}'",
        )
        await self._ask(viewer, session, Wish(action=Action.RETRY, note=NOTE))
        await stage.until(e.SessionCompleted, "the second attempt", module=BROKEN_MODULE, attempt=2)
        self._say(f"   {session.component} is complete with its second attempt. The document takes up the note.")

    async def _retry_missing(self, stage: Stage, viewer: Viewer) -> None:
        session = await _find(viewer, MISSING_MODULE)
        self._scene(
            f"Last, we have the document of {session.component} written again: covey retry ID",
            "Putting the file back would have done as well.",
        )
        await self._ask(viewer, session, Wish(action=Action.RETRY))
        await stage.until(e.SessionCompleted, "the new document", module=MISSING_MODULE, attempt=2)

    async def _is_reviewed(self, stage: Stage, viewer: Viewer) -> None:
        self._scene(
            "All documents are there, so the design is reviewed: one more session reads them all, beside the code.",
            "It looks for what does not fit together, and writes that down:",
            f"  {REVIEW_FILE}",
        )
        await stage.until(e.ArtifactFound, "the review", when=lambda event: event.path == REVIEW_FILE)
        finished = await stage.until(e.RunFinished, "the end of the run")
        self._say("   Nothing blocks the context any more, so its session has ended by itself:")
        await self._show_tree(viewer, finished.run_id or "")

    def ends(self) -> None:
        """Where everything is, and what to try there."""
        self._say(
            "",
            f"The documents are in {self._root / 'docs/design/shop/billing'}",
            "To look around and go on:",
            f"  cd {self._root}",
            "  covey status                       the run once more",
            "  covey contexts                     what there is, and which documents exist",
            "  covey run design catalog           the other context",
        )

    async def _ask(self, viewer: Viewer, session: Session, wish: Wish) -> Answer:
        (answer,) = await request_control(viewer, self._root, [session], wish)
        if answer.state is not RequestState.SETTLED or not answer.changed:
            said = f"{wish.action} of {session.component} was {answer.state}: {answer.reason}"
            raise DepartedError(f"the story departed: {said}")
        return answer

    async def _show_tree(self, viewer: Viewer, run_id: str) -> None:
        view = await self._at_rest(viewer, run_id)
        self._say("", *(f"     {line}" for line in tree_lines(view, self._out.glyphs)))

    async def _at_rest(self, viewer: Viewer, run_id: str) -> RunView:
        """The run once its root has ended or waits for a human; it may be having another look right now."""
        async with viewer.feed() as feed:
            while True:
                view = await attach(viewer, self._root, run_id)
                if is_terminal(view.root) or view.root.phase is Phase.BLOCKED:
                    return view
                await feed.changed()

    def _scene(self, *lines: str) -> None:
        self._number += 1
        first, *others = lines
        self._say("", f"{self._number}. {first}", *(f"   {line}" for line in others))

    def _say(self, *lines: str) -> None:
        if not self._out.asked_json:
            self._out.text(*(sanitise(line) for line in lines))


async def _find(viewer: Viewer, module: str) -> Session:
    roots = await viewer.roots(viewer.scope)
    for session in await viewer.run(viewer.scope, roots[-1].id):
        if session.module == module:
            return session
    raise DepartedError(f"the story departed: {module} has no session")
