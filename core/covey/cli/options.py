"""The options that several commands share. Their names are their parameters'; each command says what they do there.

They are plain types: whoever opens the monitor does not wait for the parser that reads them (see `commands`).
"""

from pathlib import Path

Json = bool
"""`--json`: print JSON, one object a line, and nothing else."""
ProjectDir = Path | None
"""`--project`: the project's directory; by default the nearest with a covey.toml."""
Start = bool
"""`--start`: start an engine if none is at work, so that it is decided."""
NoWait = bool
"""`--no-wait`: leave the request and do not wait for the decision."""
