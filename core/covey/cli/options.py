"""The options that several commands share."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Json = Annotated[bool, Parameter(name="--json", help="Print JSON, one object a line, and nothing else.")]
ProjectDir = Annotated[
    Path | None, Parameter(name="--project", help="The project's directory; default: the nearest with a covey.toml.")
]
Start = Annotated[bool, Parameter(name="--start", help="Start an engine if none is at work, so that it is decided.")]
NoWait = Annotated[bool, Parameter(name="--no-wait", help="Leave the request and do not wait for the decision.")]
