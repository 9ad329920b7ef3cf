"""Conversations: durable in the order in which they were said, and gone with their session."""

from collections.abc import Sequence
from pathlib import Path

from covey.engine.desk import StoredConversation
from covey.model.session import Session
from covey.store.base import Operation, Said
from covey.store.sqlite import EngineStore, open_viewer
from tests.store.lives import apply, create, engine_store, outside, plan_of, traced

PROMPT = {"role": "user", "content": [{"type": "text", "text": "Write a.md."}]}
CALL = {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "read_file", "input": {"path": "a"}}]}
RESULT = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "…"}]}
MORE = {"role": "user", "content": [{"type": "text", "text": "Look again."}]}


def conversation(store: EngineStore, session: Session, interaction: str) -> StoredConversation:
    async def keep(said: Sequence[Said]) -> None:
        """No human has said anything to the agent."""
        await store.append(Operation(said=tuple(said)))

    return StoredConversation(store, session, interaction, sign=lambda: None, keep=keep)


async def test_it_is_there_after_the_engine_has_gone(tmp_path: Path) -> None:
    async with engine_store(tmp_path) as store:
        session = await apply(store, create("s"))
        first = conversation(store, session, "i1")
        assert await first.load() == []
        assert not await first.is_begun()
        await first.append(PROMPT)
        await first.append(CALL, RESULT)
    async with engine_store(tmp_path) as store:
        again = conversation(store, session, "i1")
        assert await again.is_begun()
        assert await again.load() == [PROMPT, CALL, RESULT]
        second = conversation(store, session, "i2")
        assert not await second.is_begun()
        await second.append(MORE)
        assert await second.load() == [PROMPT, CALL, RESULT, MORE]


async def test_whether_a_step_was_begun_is_known_without_reading_what_was_said(
    store: EngineStore, tmp_path: Path
) -> None:
    session = await apply(store, create("s"))
    said = conversation(store, session, "i1")
    await said.append(RESULT)
    assert not await said.is_begun()  # what was left open is answered before the prompt is said
    await said.append(PROMPT)
    async with traced(store._connection) as statements:
        assert await said.is_begun()
        assert not await conversation(store, session, "i2").is_begun()
    assert len(statements) == 2
    for statement in statements:
        assert "SEARCH conversations USING INDEX conversations_by_interaction" in plan_of(tmp_path, statement)


async def test_each_conversation_of_a_session_is_its_own(store: EngineStore) -> None:
    session = await apply(store, create("s"))
    await conversation(store, session, "i1").append(PROMPT)
    assert [each.n for each in await store.conversation("s", 1)] == [1]
    assert await store.conversation("s", 2) == ()
    assert await store.conversation("other", 1) == ()


async def test_what_the_agent_was_told_in_each_step_is_its_first_text(store: EngineStore, tmp_path: Path) -> None:
    session = await apply(store, create("s"))
    await conversation(store, session, "i1").append(PROMPT, CALL, RESULT, MORE)
    await conversation(store, session, "i2").append(RESULT, MORE)
    async with open_viewer(tmp_path) as viewer:
        assert viewer is not None
        assert await viewer.prompts("s") == {"i1": "Write a.md.", "i2": "Look again."}


async def test_it_goes_with_its_session(store: EngineStore, tmp_path: Path) -> None:
    await conversation(store, await apply(store, create("s")), "i1").append(PROMPT)
    with outside(tmp_path) as database:
        database.execute("DELETE FROM sessions")
        assert list(database.execute("SELECT * FROM conversations")) == []
