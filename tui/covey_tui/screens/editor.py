"""Writing in an editor of one's own: which that is, and what was written there, made safe."""

import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from covey.text.sanitise import SafeText, sanitise


def editor_of(environment: Mapping[str, str]) -> str:
    """The command that a person edits with."""
    return environment.get("VISUAL") or environment.get("EDITOR") or "vi"


def written_in_editor(text: str, editor: str) -> SafeText:
    """The text after the person has edited it, in a file that nobody else can read and that is gone afterwards.

    Raises:
        OSError: the editor is not there.
        ValueError: its command cannot be read, or it ended with an error.
    """
    with TemporaryDirectory(prefix="covey-") as directory:
        path = Path(directory, "note.md")
        path.write_text(text, encoding="utf-8")
        ended = subprocess.run([*shlex.split(editor), str(path)], check=False)  # noqa: S603 - the person's own command
        if ended.returncode:
            raise ValueError(f"it ended with code {ended.returncode}")
        return SafeText(sanitise(path.read_text(encoding="utf-8", errors="replace")).strip())
