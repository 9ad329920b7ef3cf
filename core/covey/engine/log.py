"""The engine's log: a file of bounded size, with the last few that were full beside it.

Whatever the process prints by itself (a warning, Python's own traceback, the last words of the interpreter) goes to the
file that is written to at that moment, too.
"""

import faulthandler
import io
import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

from covey.config.state_dir import ENGINE_LOG, STATE_DIRECTORY

LOG_BYTES = 1 << 20
"""So large a log may grow; then it is put aside as `engine.log.1`, and that as `engine.log.2`."""
OLD_LOGS = 3
_FORMAT = "%(asctime)s %(levelname)s %(message)s"


class EngineLog(RotatingFileHandler):
    """A log that this process's standard output and standard error go along with as it is put aside."""

    def _open(self) -> io.TextIOWrapper:
        stream = super()._open()
        for number in (1, 2):
            os.dup2(stream.fileno(), number)
        return stream


def keep_log(root: Path) -> None:
    """Have what covey logs go to the log, if this process was started to print there, else to standard error."""
    path = root / STATE_DIRECTORY / ENGINE_LOG
    handler = EngineLog(path, maxBytes=LOG_BYTES, backupCount=OLD_LOGS, encoding="utf-8") if _prints_to(path) else None
    logging.basicConfig(level=logging.WARNING, format=_FORMAT, handlers=[handler or logging.StreamHandler()])
    logging.getLogger("covey").setLevel(logging.INFO)
    if sys.stderr is not None:
        faulthandler.enable()


def _prints_to(path: Path) -> bool:
    try:
        there, ours = path.stat(), os.fstat(2)
    except OSError:
        return False
    return (there.st_dev, there.st_ino) == (ours.st_dev, ours.st_ino)
