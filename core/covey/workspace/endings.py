"""What every program of covey's gets of the environment, and how its end is told in a message."""

import os
import re
import signal
from collections.abc import Iterable

from covey.text.sanitise import sanitise_line
from covey.text.words import duration
from covey.workspace.processes import Ended, Finished

LET_THROUGH = ("PATH", "HOME", "USER", "SHELL", "LANG", "TERM", "TMPDIR")
"""The environment variables that every program gets, with all `LC_*`: no credential is among them."""

_MESSAGE_CHARACTERS = 300


def environment(more: Iterable[str] = ()) -> dict[str, str]:
    """The environment of a program: the variables that all get, and `more` by their names."""
    names = {*LET_THROUGH, *more}
    return {name: value for name, value in os.environ.items() if name in names or name.startswith("LC_")}


def said_of(finished: Finished, timeout: float | None, idle_timeout: float | None = None) -> str:
    """Why a program ended, with the last line of what it printed; its times in seconds."""
    match finished.ended:
        case Ended.TIMEOUT:
            return f"took longer than {as_written(timeout or 0.0)}"
        case Ended.IDLE_TIMEOUT:
            return f"no output for {as_written(idle_timeout or 0.0)}"
        case Ended.EXITED:
            last = _last_line(finished.stderr) or _last_line(finished.stdout)
            return _exit(finished.code) + (f": {last}" if last else "")


def _exit(code: int | None) -> str:
    if code is None:
        return "could not be ended"
    if code < 0:
        known = {each.value: each.name for each in signal.Signals}
        return f"was ended by {known.get(-code, f'signal {-code}')}"
    return f"exited with code {code}"


def _last_line(text: str) -> str:
    lines = (sanitise_line(line, _MESSAGE_CHARACTERS) for line in reversed(text.splitlines()))
    return next((line for line in lines if line), "")


def as_written(seconds: float) -> str:
    """`5m` rather than `5m00s`, and not less than there is below a minute."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:g}s"
    return re.sub(r"00[ms]$", "", duration(seconds))
