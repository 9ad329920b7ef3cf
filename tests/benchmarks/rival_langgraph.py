"""Children with three recorded steps on LangGraph's AsyncSqliteSaver; started by `rivals.py`.

Each child is a thread of one graph. Every step is durable before the next (`durability="sync"`), as it is with the
others that are measured. Prints the seconds of the children's work.
"""

import asyncio
import sys
import time
from typing import TypedDict

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph

AT_ONCE, WARM_UP = 256, 20


class State(TypedDict):
    steps: int


async def step(state: State) -> State:
    return {"steps": state["steps"] + 1}


async def main(path: str, children: int) -> None:
    builder = StateGraph(State)
    for name in ("generate", "validate", "finalize"):
        builder.add_node(name, step)
    builder.add_edge(START, "generate")
    builder.add_edge("generate", "validate")
    builder.add_edge("validate", "finalize")
    builder.add_edge("finalize", END)
    slots = asyncio.Semaphore(AT_ONCE)
    async with AsyncSqliteSaver.from_conn_string(path) as saver:
        await saver.setup()
        graph = builder.compile(checkpointer=saver)

        async def child(number: int) -> int:
            async with slots:
                config = {"configurable": {"thread_id": f"child-{number}"}}
                ended = await graph.ainvoke({"steps": 0}, config, durability="sync")
                return ended["steps"]

        await asyncio.gather(*(child(-number) for number in range(1, WARM_UP)))
        began = time.perf_counter()
        done = await asyncio.gather(*(child(number) for number in range(children)))
        seconds = time.perf_counter() - began
    assert done == [3] * children
    print(seconds)


asyncio.run(main(sys.argv[1], int(sys.argv[2])))
