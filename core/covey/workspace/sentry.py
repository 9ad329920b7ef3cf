"""Ends what works for a program that has died: no agent works on for hours when SIGKILL has ended its engine.

`Sentry` starts one small process beside its own, in a session of its own, and tells it of every group that may act. A
pipe holds the two together: it ends with the program, however that ends. What is still recorded then is ended as by
`end_recorded`: SIGTERM, after the grace SIGKILL. Whoever comes next may be doing the same; that harms nothing.

A death signal of the kernel (PR_SET_PDEATHSIG) would be shorter, but it hits only the first process of a group, is
forgotten by some programs that agents begin with, and only Linux has it.
"""

import asyncio
import contextlib
import logging
import subprocess
import sys
import threading
from collections.abc import Iterable

import msgspec

from covey.workspace.processes import Grace, ProcessRecord, end_recorded

log = logging.getLogger(__name__)

_FROM_NOW_ON, _NO_MORE = b"+", b"-"


class Sentry:
    """Tells the process beside this one what to end; `grace_seconds` is what each group has then."""

    def __init__(self, grace_seconds: float) -> None:
        self._grace_seconds = grace_seconds
        self._guarded: dict[int, ProcessRecord] = {}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def groups(self) -> frozenset[int]:
        """The groups that are at work now."""
        return frozenset(self._guarded)

    def guard(self, record: ProcessRecord) -> None:
        """From now on, this group does not outlive the program for long."""
        self._guarded[record.group] = record
        if self._process is None or self._process.poll() is not None:
            self._start()
        else:
            self._tell(_FROM_NOW_ON, record)

    def release(self, record: ProcessRecord) -> None:
        """Nothing of the group is left."""
        if self._guarded.pop(record.group, None) is not None:
            self._tell(_NO_MORE, record)

    def dismiss(self) -> None:
        """The program leaves; should it leave something at work, that is ended behind it."""
        process, self._process = self._process, None
        if process is None:
            return
        if not self._guarded:
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        # Its end is taken note of even where it has something left to do, so that it does not stay behind as a zombie.
        end = threading.Thread(target=process.wait, name="covey-sentry-end", daemon=True)
        end.start()
        if not self._guarded:
            end.join()

    def _start(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()  # it was killed; this one takes its place
        try:
            self._process = subprocess.Popen(  # noqa: S603 - it is this very program
                [sys.executable, "-P", "-m", __name__, str(self._grace_seconds)],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            log.warning("nothing would end the agents if this engine were killed: %s", error)
            return
        for record in self._guarded.values():
            self._tell(_FROM_NOW_ON, record)

    def _tell(self, sign: bytes, record: ProcessRecord) -> None:
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # it was killed; the next group starts another one
                self._process.stdin.write(sign + msgspec.json.encode(record) + b"\n")


async def _end(records: Iterable[ProcessRecord], grace_seconds: float) -> None:
    await asyncio.gather(*(end_recorded(record, Grace(seconds=grace_seconds)) for record in records))


def keep_watch(lines: Iterable[bytes], grace_seconds: float) -> None:
    """Read until there is no one left who writes; then end what is guarded."""
    guarded: dict[int, ProcessRecord] = {}
    for line in lines:
        record = msgspec.json.decode(line[1:], type=ProcessRecord)
        if line[:1] == _FROM_NOW_ON:
            guarded[record.group] = record
        else:
            guarded.pop(record.group, None)
    asyncio.run(_end(guarded.values(), grace_seconds))


if __name__ == "__main__":
    keep_watch(sys.stdin.buffer, float(sys.argv[1]))
