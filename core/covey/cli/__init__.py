"""The command line: `covey.cli:main` is the program `covey`. One file per group of commands, imported when called.

Standard output has what was asked for (with `--json` nothing but JSON), standard error has messages for people.
"""

import os
import signal
from collections.abc import Sequence

INTERRUPTED = 130
"""The exit code of a command that SIGINT or SIGTERM has ended."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command line, by default the one that this program was called with; the exit code.

    SIGINT and SIGTERM end the program at once and without a traceback, until a command listens to them itself.
    """
    if arguments is None:
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _leave)
    from covey.cli.commands import main as carry_out  # noqa: PLC0415 - it takes long enough to be interrupted in it

    return carry_out(arguments)


def _leave(*_: object) -> None:
    os._exit(INTERRUPTED)
