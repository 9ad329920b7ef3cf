"""`covey engine`: the engine as a process of its own. Others start it (see `covey.client.engine`); people need not."""

import asyncio
import logging

from covey.cli.options import ProjectDir
from covey.cli.out import complain
from covey.client.engine import LOST_THE_RACE
from covey.client.place import find_root
from covey.engine.daemon import serve
from covey.engine.deadline import Deadline
from covey.errors import EngineRunningError


def engine(*, project: ProjectDir = None) -> int:
    """Take orders and requests until there is nothing more to do. Its exit code is that of no run.

    Args:
        project: The project's directory.
    """
    root = find_root(project)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("covey").setLevel(logging.INFO)
    try:
        with Deadline() as deadline:
            asyncio.run(serve(root, on_stop=deadline.leave_within))
    except EngineRunningError as error:
        complain(str(error))
        return LOST_THE_RACE
    return 0
