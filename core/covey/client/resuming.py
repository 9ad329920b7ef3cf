"""The command that lets a run go on, where it is paused or stands still for a credential. Pure."""

from covey.client.snapshot import RunView
from covey.model.credential import asked_at, resumes_when
from covey.model.pause import resume_command
from covey.text.words import short_id


def resuming(view: RunView) -> tuple[str, str] | None:
    """The command that lets a paused run go on, and what it does; None where the run is not paused."""
    pause = view.root.paused
    if pause is None:
        return None
    meaning = "let the paused run go on" if pause.limit is None else "let it go on, with more than is spent"
    return f"{resume_command(pause, short_id(view.run_id))}{starting(view)}", meaning


def going_on(view: RunView) -> tuple[str, str] | None:
    """The same, also where sessions stand still for a credential; None for a run that nothing holds back."""
    if view.root.paused is not None or not view.credentials:
        return resuming(view)
    asks = asked_at(view.root, view.credentials)
    meaning = resumes_when(asks) if asks else "do not wait for the end of the limit"
    return f"covey resume {short_id(view.run_id)}{starting(view)}", meaning


def starting(view: RunView) -> str:
    """What a command about this run takes besides while no engine is at work, so that it is carried out at once."""
    return "" if view.engine.alive else " --start"
