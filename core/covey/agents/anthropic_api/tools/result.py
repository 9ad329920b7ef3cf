"""What a tool answers, and how long an answer may be."""

import asyncio
import functools
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Concatenate, ParamSpec, TypeVar

from covey.errors import CoveyError

SHOWN_CHARACTERS = 48_000
"""The most characters of a file, or of what a program printed, that one answer holds."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What came of a call, in words for the model; `is_error`: what it asked for was not done."""

    text: str
    is_error: bool = False


class RefusedCallError(CoveyError):
    """A call that is not carried out; the text tells the model why, and what to do instead."""


def shortened(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """The text, or its beginning and its end, with what is left out between them said."""
    if len(text) <= limit:
        return text
    head = limit // 2
    tail = limit - head
    return f"{text[:head]}\n[… {len(text) - limit:,} characters left out …]\n{text[-tail:]}"


async def in_thread(
    seconds: float, work: Callable[Concatenate[threading.Event, P], T], *arguments: P.args, **named: P.kwargs
) -> T:
    """Do work that blocks; its first argument is set once `seconds` are over or the caller is cancelled.

    A cancelled caller goes only when the work has ended, so nothing is written behind its back.
    """
    loop = asyncio.get_running_loop()
    stop = threading.Event()
    timer = loop.call_later(seconds, stop.set)
    future = loop.run_in_executor(None, functools.partial(work, stop, *arguments, **named))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({future})
        raise
    finally:
        timer.cancel()
