"""`covey engine`: the engine as a process of its own. Others start it (see `covey.client.engine`); people need not."""

import asyncio

from covey.cli.options import ProjectDir
from covey.cli.out import complain
from covey.client.engine import LOST_THE_RACE
from covey.client.place import find_root
from covey.engine.daemon import serve
from covey.engine.deadline import Deadline
from covey.engine.log import keep_log
from covey.errors import EngineRunningError


def engine(*, project: ProjectDir = None) -> int:
    """Take orders and requests until there is nothing more to do. Its exit code is that of no run.

    Args:
        project: The project's directory; default: the nearest with a covey.toml.
    """
    root = find_root(project)
    keep_log(root)
    try:
        with Deadline() as deadline:
            asyncio.run(serve(root, on_stop=deadline.leave_within))
    except EngineRunningError as error:
        complain(str(error))
        return LOST_THE_RACE
    return 0
