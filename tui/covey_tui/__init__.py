"""The terminal app of covey; it meets the core in the store alone."""

import os
import sys
from pathlib import Path


def monitor(project_root: Path, run: str | None = None, *, read_only: bool = False) -> int:
    """Open the monitor on a project: on one run, or on all unfinished ones, else the newest; the exit code.

    The command line finds this function by the entry point group `covey.frontends`.

    Raises:
        CoveyError: what the monitor shows cannot be read any more.
    """
    # Textual reads it as it is imported; at its default the second of two changes waits for up to two frames.
    os.environ.setdefault("TEXTUAL_FPS", "120")
    for name in ("COLUMNS", "LINES"):  # what a shell has exported once is no terminal's size
        os.environ.pop(name, None)
    from rich.console import Console  # noqa: PLC0415 - comes with the app

    from covey_tui.app import MonitorApp  # noqa: PLC0415 - after the variable above, see there

    app = MonitorApp(project_root, run, read_only=read_only, few_colors=Console().color_system != "truecolor")
    app.run()
    if app.failure is not None:
        raise app.failure
    code = app.return_code or 0
    if code == 0 and app.live is not None:
        from covey.client.place import from_here  # noqa: PLC0415 - loaded by now
        from covey_tui.view.leaving import farewell  # noqa: PLC0415 - likewise

        sys.stdout.write(f"{farewell(app.live.board, from_here(project_root))}\n")
    return code
