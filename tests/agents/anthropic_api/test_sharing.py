"""One client for all that use the same credential at the same place, while anybody does."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from covey.agents.anthropic_api.sharing import shared_line
from covey.testing.messages_server import FakeMessagesServer, author
from tests.agents.anthropic_api.office import Office


async def test_those_who_come_together_share_it(office: Office) -> None:
    here, there = "http://127.0.0.1:1", "http://127.0.0.1:2"
    async with shared_line("ANTHROPIC_API_KEY", here) as one:
        async with (
            shared_line("ANTHROPIC_API_KEY", here) as other,
            shared_line("ANTHROPIC_API_KEY", there) as elsewhere,
        ):
            assert other is one
            assert elsewhere.client is not one.client
        assert elsewhere.client.is_closed()
        assert not one.client.is_closed()
    assert one.client.is_closed()
    assert one.client.max_retries == 0
    async with shared_line("ANTHROPIC_API_KEY", here) as later:
        assert later.client is not one.client


async def test_whoever_makes_it_may_be_cancelled_meanwhile(office: Office) -> None:
    """The others have it all the same, and the last of them closes it."""

    async def use() -> None:
        async with shared_line("ANTHROPIC_API_KEY", "http://127.0.0.1:1") as line:
            clients.append(line.client)

    clients: list[object] = []
    maker, other = asyncio.create_task(use()), asyncio.create_task(use())
    await asyncio.sleep(0)
    assert not clients
    maker.cancel()
    await asyncio.wait({maker, other})
    assert maker.cancelled()
    assert [client.is_closed() for client in clients] == [True]


async def test_whoever_makes_it_goes_only_when_it_is_there_however_often_it_is_cancelled(office: Office) -> None:
    async def use() -> None:
        async with shared_line("ANTHROPIC_API_KEY", "http://127.0.0.1:1"):
            pass

    only_thread, is_free = ThreadPoolExecutor(1), threading.Event()
    asyncio.get_running_loop().set_default_executor(only_thread)
    only_thread.submit(is_free.wait)
    maker = asyncio.create_task(use())
    try:
        for _ in range(3):
            await asyncio.sleep(0)
            maker.cancel()
            await asyncio.sleep(0)
        assert not maker.done()
    finally:
        is_free.set()
    await asyncio.wait({maker})
    assert maker.cancelled()
    assert asyncio.all_tasks() == {asyncio.current_task()}, "nobody is left who would make one that nobody closes"


async def test_an_api_that_needs_no_credential_gets_none_of_ours(office: Office) -> None:
    async with shared_line("ANTHROPIC_BASE_URL", "http://127.0.0.1:1") as line:
        assert line.client.api_key == "none"


async def test_sessions_beside_each_other(office: Office, tmp_path: Path) -> None:
    """Each with its own desk, workspace and conversation; the threads that they leave are few."""
    offices = []
    for name in "abcdefgh":
        (tmp_path / name / "src/shop").mkdir(parents=True)
        offices.append(Office(tmp_path / name, gates=office.gates))
    async with FakeMessagesServer(author) as server:
        works = (each.agent(server).run(each.assignment(session_id=each.workspace.name), each.desk) for each in offices)
        outcomes = await asyncio.gather(*works)
    assert all(outcome.ok for outcome in outcomes)
    assert server.statuses == {200: 8 * 3}
    assert {each.desk.turns_begun for each in offices} == {3}
    assert threading.active_count() < 40
