"""Group work: everything that waits is handled at once, everybody is answered, and an error is everybody's."""

import asyncio

import pytest

from covey.errors import StoreError
from covey.store.batch import MOST, Batcher, Pending


class Doubler:
    """Answers with twice the number, and remembers how many came at once."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    async def __call__(self, batch: list[Pending[int, int]]) -> None:
        self.sizes.append(len(batch))
        for pending in batch:
            if pending.item < 0:
                raise ValueError(pending.item)
            pending.answer(2 * pending.item)


class TestBatcher:
    """One worker for many callers."""

    async def test_callers_at_once_share_a_batch_and_each_gets_its_answer(self) -> None:
        handle = Doubler()
        batcher: Batcher[int, int] = Batcher(handle)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(batcher.run())
            answers = await asyncio.gather(*map(batcher.ask, range(100)))
            batcher.close()

        assert answers == [2 * number for number in range(100)]
        assert handle.sizes == [100]

    async def test_a_batch_has_an_end(self) -> None:
        handle = Doubler()
        batcher: Batcher[int, int] = Batcher(handle)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(batcher.run())
            await asyncio.gather(*map(batcher.ask, range(MOST + 1)))
            batcher.close()

        assert handle.sizes == [MOST, 1]

    async def test_what_nobody_waits_for_is_handled_too(self) -> None:
        handle = Doubler()
        batcher: Batcher[int, int] = Batcher(handle)
        batcher.put(1)
        batcher.close()
        await batcher.run()

        assert handle.sizes == [1]

    async def test_an_error_is_everybodys_now_and_later(self) -> None:
        batcher: Batcher[int, int] = Batcher(Doubler())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(batcher.run())
            answers = await asyncio.gather(*map(batcher.ask, [-1, 5]), return_exceptions=True)
            with pytest.raises(ValueError, match="-1"):
                await batcher.ask(7)
            batcher.close()

        assert [type(answer) for answer in answers] == [ValueError, ValueError]

    async def test_after_its_end_it_takes_nothing(self) -> None:
        batcher: Batcher[int, int] = Batcher(Doubler())
        batcher.close()
        await batcher.run()

        with pytest.raises(StoreError, match="closed"):
            await batcher.ask(1)
