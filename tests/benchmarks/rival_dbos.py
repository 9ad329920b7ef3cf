"""Children with three recorded steps on DBOS over SQLite; started by `rivals.py`.

A parent workflow starts a child workflow for each, and waits for all. Prints the seconds of the children's work.
"""

import asyncio
import sys
import time

from dbos import DBOS

AT_ONCE, WARM_UP = 256, 20


@DBOS.step()
async def generate(number: int) -> int:
    return number


@DBOS.step()
async def validate(number: int) -> int:
    return number


@DBOS.step()
async def finalize(number: int) -> int:
    return number


@DBOS.workflow()
async def child(number: int) -> int:
    return await finalize(await validate(await generate(number)))


async def main(children: int) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> int:
        async with slots:
            handle = await DBOS.start_workflow_async(child, number)
            return await handle.get_result()

    await asyncio.gather(*(one(-number) for number in range(1, WARM_UP)))
    began = time.perf_counter()
    done = await asyncio.gather(*(one(number) for number in range(children)))
    seconds = time.perf_counter() - began
    assert done == list(range(children))
    print(seconds)


DBOS(config={"name": "children", "system_database_url": f"sqlite:///{sys.argv[1]}", "run_admin_server": False})
DBOS.launch()
try:
    asyncio.run(main(int(sys.argv[2])))
finally:
    DBOS.destroy()
