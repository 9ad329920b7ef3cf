"""Answers have bounds, and work that blocks ends before whoever waits for it is gone."""

import asyncio
import threading

import pytest

from covey.agents.anthropic_api.tools.result import in_thread, shortened


def test_a_text_keeps_its_head_and_its_tail() -> None:
    assert shortened("abc", 3) == "abc"
    assert shortened("abcdefgh", 4) == "ab\n[… 4 characters left out …]\ngh"


async def test_a_cancelled_caller_waits_until_the_work_has_ended() -> None:
    began, ended = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def work(stop: threading.Event) -> None:
        loop.call_soon_threadsafe(began.set)
        assert stop.wait(10)
        ended.set()

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(in_thread(60, work))
        await began.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert ended.is_set()
