"""The tools that a model on the Messages API is given, and what confines them.

`Toolbox` is all of them for one assignment; `TOOLS` are their names. What is in reach of the tools for files is decided
in `covey.workspace.confined`; programs run by `covey.workspace.processes`, as everybody's do.
"""

from covey.agents.anthropic_api.tools.result import ToolResult
from covey.agents.anthropic_api.tools.toolbox import TOOLS, Toolbox, ToolSettings

__all__ = ["TOOLS", "ToolResult", "ToolSettings", "Toolbox"]
