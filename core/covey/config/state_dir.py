"""`.covey/`, where all of covey's own state in a project lives; it ignores itself in git.

What is in it belongs to the rooms that write it; here it only comes into being.
"""

from pathlib import Path

from covey.errors import UsageError
from covey.text.quoting import visible

STATE_DIRECTORY = ".covey"
ENGINE_LOG = "engine.log"
"""The log of the engine that is a process of its own, in that directory."""


def state_directory(root: Path) -> Path:
    """The project's `.covey` directory, made when it is not there.

    Raises:
        UsageError: It cannot be made or written, such as in a project root that is read-only or gone.
    """
    directory = root / STATE_DIRECTORY
    try:
        directory.mkdir(exist_ok=True)
        ignore = directory / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{visible(str(directory))} cannot be written ({error.strerror}): covey keeps its state there; "
            "make the project root a directory that you may write to"
        ) from error
    return directory
