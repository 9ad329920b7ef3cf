"""The command line: `covey.cli:main` is the program `covey`. One file per group of commands, imported when called.

Standard output has what was asked for (with `--json` nothing but JSON), standard error has messages for people.
"""

import codecs
import os
import signal
import sys
from collections.abc import Sequence

INTERRUPTED = 130
"""The exit code of a command that SIGINT or SIGTERM has ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line, by default the one that this program was called with; the exit code.

    SIGINT and SIGTERM end the program at once and without a traceback, until a command listens to them itself.
    """
    if arguments is None:
        _demand_utf8()
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _leave)
    from covey.cli.commands import main as carry_out  # noqa: PLC0415 - it takes long enough to be interrupted in it

    return carry_out(arguments)


def _demand_utf8() -> None:
    """Where Python takes file names for ASCII, have it begin again and take them for UTF-8; what it prints stays ASCII.

    Otherwise a component that is called café has no file, and one that is there counts as missing.
    """
    said_otherwise = "utf8" in sys._xoptions  # noqa: SLF001 - documented; it is so once Python has begun again
    if codecs.lookup(sys.getfilesystemencoding()).name != "ascii" or said_otherwise or not sys.executable:
        return
    printed = {} if sys.stdout is None else {"PYTHONIOENCODING": sys.stdout.encoding}
    os.execve(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]], printed | os.environ)  # noqa: S606 - itself


def _leave(*_: object) -> None:
    os._exit(INTERRUPTED)
