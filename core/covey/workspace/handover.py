"""From the project to a session's own workspace and back: one file, and never over a change of the user's.

What the session was given is remembered as a fingerprint. As its work comes back, the file in the project is replaced
only while it still is what was given; anything else there is the user's.
"""

import contextlib
import hashlib
from pathlib import Path

from covey.errors import CoveyError
from covey.text.quoting import visible
from covey.workspace.files import copy_file, move_aside, read_start, read_text, rewrite, write_new


class UsersChangeError(CoveyError):
    """The file in the project is no longer what the session was given; it was left as it is."""


def fingerprint(root: Path, path: str) -> str | None:
    """What tells one content of a file from another; None when there is no file.

    Raises:
        NotTextError: there is something else in its place.
        OutsideError: the path leads out of the root.
        OSError: it cannot be read.
    """
    try:
        start = read_start(root, path)
    except FileNotFoundError:
        return None
    return hashlib.sha256(b"%d:" % start.size + start.data).hexdigest()


def give(home: Path, path: str, workspace: Path) -> str | None:
    """Give a new workspace the file as the project has it now, or take it away; the fingerprint of what was given.

    Raises:
        CoveyError: one of the two is no regular file, or leads out of its root.
        OSError: the disk refused.
    """
    given = fingerprint(home, path)
    if given is not None:
        copy_file(home, path, workspace, path)
    elif fingerprint(workspace, path) is not None:
        (workspace / path).unlink()  # the last commit has it; who deleted it in the project wants it made anew
    return given


def give_again(home: Path, path: str, workspace: Path, given: str | None, aside: Path) -> str | None:
    """Give a workspace what was changed by hand since `given`; the session's own version is kept at `aside` below home.

    Raises:
        CoveyError: one of the two is no regular file, or leads out of its root.
        OSError: the disk refused.
    """
    now = fingerprint(home, path)
    if now is not None and now not in {given, fingerprint(workspace, path)}:
        if fingerprint(workspace, path) is not None:
            copy_file(workspace, path, home, str(aside / path))
        copy_file(home, path, workspace, path)
    return now


def demand_place(home: Path, path: str, workspace: Path, given: str | None) -> None:
    """Make sure that the file in the project may be replaced by the session's.

    Raises:
        UsersChangeError: it may not: it is neither what the session was given, nor what it has made.
        CoveyError: one of the two is no regular file, or leads out of its root.
        OSError: it cannot be read.
    """
    if fingerprint(home, path) not in {None, given, fingerprint(workspace, path)}:
        raise UsersChangeError(
            f"{visible(path)} was changed in the project meanwhile and is left as it is: "
            "move it away to have the session's, or copy it into the session's worktree to keep it"
        )


def hand_over(home: Path, path: str, workspace: Path, given: str | None, aside: Path) -> str | None:
    """Put a session's file in its place in the project; the fingerprint of what is there now.

    What it replaces is kept at `aside`, a directory below home, unless an attempt before has left something there.

    Raises:
        UsersChangeError: there is a change of the user's; it was left as it is.
        CoveyError: the file is no text, or a path leads out of its root.
        OSError: the disk refused.
    """
    demand_place(home, path, workspace, given)
    there, made = fingerprint(home, path), fingerprint(workspace, path)
    if there == made:
        return made
    text = read_text(workspace, path)
    if there is not None:
        with contextlib.suppress(FileExistsError):
            move_aside(home, path, aside / path)
            there = None
    try:
        if there is None:
            write_new(home, path, text)
        else:
            rewrite(home, path, read_text(home, path), text)
    except FileExistsError as error:
        raise UsersChangeError(f"{visible(path)} has come to be in the project meanwhile; left as it is") from error
    return made
