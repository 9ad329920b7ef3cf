"""With a key in the environment, and nothing configured, the sample project is designed by a model."""

import asyncio
from pathlib import Path

from covey.testing.messages_server import Answer, FakeMessagesServer, Request, author, faults, fingerprint
from tests.cli.program import Ran, environment, program
from tests.e2e.model_projects import DESIGN, KEY, run

NEW_KEY = "sk-ant-api03-of-somebody"


async def test_a_key_is_all_that_it_takes(shop: Path) -> None:
    done = await run(shop, DESIGN, "billing")
    assert (done.ran.code, done.ran.err) == (0, "")
    assert (done.complete, done.failed_calls) == (6, 0), "five modules and the review"
    assert done.tools == {"read_file": 10, "write_file": 6}
    assert done.leaks == ()
    assert "`def tax_on`" in (shop / "docs/design/shop/billing/tax.md").read_text()


async def test_a_refused_key_stops_all_once_and_a_resume_with_another_one_goes_on(shop: Path) -> None:
    def script(request: Request) -> Answer:
        return author(request) if request.credential == fingerprint(NEW_KEY) else faults.unauthorized()

    async with FakeMessagesServer(script) as server:

        async def covey(*arguments: str, key: str = KEY) -> Ran:
            told = environment(ANTHROPIC_API_KEY=key, ANTHROPIC_BASE_URL=server.base_url)
            return await asyncio.to_thread(program, *arguments, cwd=shop, env=told)

        run = await covey("run", "design", "catalog", "--agent", "anthropic", "--model", "fake-large", "--detach")
        assert run.code == 0, run.err
        refused = await covey("wait")
        assert (refused.code, server.statuses) == (6, {401: 1}), "one has met the wall, and nobody after it"
        assert "ANTHROPIC_API_KEY is refused" in refused.err
        resumed = await covey("resume", "--json", key=NEW_KEY)
        assert "restarted with the ANTHROPIC_API_KEY of this terminal" in resumed.object["reason"]
        ended = await covey("wait", key=NEW_KEY)
        assert (ended.code, server.statuses[401]) == (0, 1)
        sessions = (await covey("status", "--json")).object["sessions"]
    assert {each["attempt"] for each in sessions} == {1}, "it was no attempt of anybody's"
    assert not [path for path in shop.rglob("*") if path.is_file() and NEW_KEY.encode() in path.read_bytes()]
