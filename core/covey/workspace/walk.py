"""How a path below a root is walked: from an open descriptor, so that nothing leads outside, whoever swaps what.

Where no link is on the way, Linux's `openat2` opens the directory in one call. Elsewhere, and where there are links,
the path is walked link by link, each name opened in the directory before it without following; a link that stays inside
is followed by hand. Both ways end at the same place or are refused.
"""

import errno
import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from covey.errors import CoveyError
from covey.workspace.beneath import open_beneath

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_REFUSES_LINKS = frozenset({errno.ELOOP, errno.ENOTDIR})  # how O_DIRECTORY and O_NOFOLLOW say that it is one
_MOST_LINKS = 40  # as the kernel has it


class OutsideError(CoveyError):
    """A path that leads out of the root, or names no file in it."""


def _nothing(name: str) -> None:
    """What is done about a name where nothing is asked for."""


@dataclass(frozen=True, slots=True)
class Way:
    """What is asked of a walk beside that it stays inside.

    `by_kernel`: the kernel walks where it can. `over_links`: a directory that is a link is the one that it points to,
    `to_link`: so is a file; else they are refused. `only_name`: so is a file that has other names (hard links), for one
    of them may lie outside. `admit` is asked for each name that a link leads over, and raises for one that may not be
    entered. `before` is told each name before it is looked up, which is where a test swaps it.
    """

    by_kernel: bool = True
    over_links: bool = True
    to_link: bool = True
    only_name: bool = False
    admit: Callable[[str], None] = _nothing
    before: Callable[[str], None] = _nothing


ANY_WAY = Way()


@contextmanager
def place(
    root: Path,
    path: str,
    *,
    create: bool = False,
    follow: bool = False,
    gone: type[CoveyError] | None = None,
    way: Way = ANY_WAY,
) -> Iterator[tuple[int, int, str]]:
    """Descriptors of the root and of the directory that holds the path's last part, and that part.

    With `follow`, that part is no link, if the way follows such. Inside, an OSError is raised anew with the whole path
    in it; `gone` is raised where a directory is not there.

    Raises:
        OutsideError: the path leads out of the root.
        OSError: there is no way.
    """
    trail = [os.open(root, _DIRECTORY)]
    try:
        try:
            name = descend(trail, root, path, create=create, follow=follow and way.to_link, way=way)
        except FileNotFoundError as error:
            if gone is None:
                raise
            raise gone(f"{root / path} is gone") from error
        way.before(name)
        yield trail[0], trail[-1], name
    except OSError as error:
        if isinstance(error.filename, str) and Path(error.filename).is_absolute():
            raise  # it has been named already, by the place inside this one
        what = root / path if root.exists() else root
        raise OSError(error.errno, error.strerror, str(what)) from error
    finally:
        for directory in trail:
            os.close(directory)


@contextmanager
def descend_into(root: Path, path: str, way: Way = ANY_WAY) -> Iterator[int]:
    """A descriptor of a directory below the root, links on the way followed; `.` is the root itself.

    Raises:
        OutsideError: the path leads out of the root.
        OSError: there is no way, or it is no directory.
    """
    with place(root, f"{path}/-", way=way) as (_, directory, _name):
        yield directory


def descend(trail: list[int], root: Path, path: str, *, create: bool, follow: bool, way: Way = ANY_WAY) -> str:
    """Go down to the directory that holds the path's last part, which is returned, a symlink only if not `follow`.

    `trail` are the open directories from the root down to where the walk has come; whoever made it closes them.

    Raises:
        OutsideError: the path leads out of the root.
        OSError: there is no way.
    """
    pure = PurePosixPath(path)
    if "\0" in path or pure.is_absolute():
        raise OutsideError(f"{path!r} is not a path inside {root}")
    if way.by_kernel and _by_kernel(trail, pure, follow=follow, way=way):
        return pure.name
    return _link_by_link(trail, root, path, create=create, follow=follow, way=way)


def _by_kernel(trail: list[int], path: PurePosixPath, *, follow: bool, way: Way) -> bool:
    """The kernel has gone all the way, over no link; if it has not, the trail is as it was."""
    if ".." in path.parts or len(path.parts) < 2:  # noqa: PLR2004 - there is something to walk
        return False
    way.before(str(path.parent))
    below = open_beneath(trail[0], str(path.parent))
    if below is None:
        return False
    if follow and _link_target(below, path.name) is not None:
        os.close(below)
        return False
    trail.append(below)
    return True


def _link_by_link(trail: list[int], root: Path, path: str, *, create: bool, follow: bool, way: Way) -> str:
    parts = deque(PurePosixPath(path).parts)
    links = 0
    while parts:
        part = parts.popleft()
        if part == "..":
            if len(trail) == 1:
                raise OutsideError(f"{path} leads out of {root}")
            os.close(trail.pop())
            continue
        if not parts and not follow:
            return part
        if parts:
            way.before(part)
        below = _enter_or_link(trail[-1], part, create=create) if parts else _link_target(trail[-1], part)
        if below is None:
            return part
        if isinstance(below, int):
            trail.append(below)
            continue
        if parts and not way.over_links:
            raise OutsideError(f"{path} leads over a link, {part}")
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        parts.extendleft(reversed(_inside(trail, root, path, below, way)))
    raise OutsideError(f"{path!r} names no file inside {root}")


def _link_target(directory: int, name: str) -> PurePosixPath | None:
    try:
        return PurePosixPath(os.readlink(name, dir_fd=directory))
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.EINVAL:  # it is there and no link
            return None
        raise


def _inside(trail: list[int], root: Path, path: str, target: PurePosixPath, way: Way) -> tuple[str, ...]:
    """The parts of a link's target, from where the trail ends; an absolute one begins anew at the root."""
    known = (PurePosixPath(os.path.realpath(root)), PurePosixPath(root))
    base = next((each for each in known if target.is_relative_to(each)), None) if target.is_absolute() else None
    if base is not None:
        while len(trail) > 1:
            os.close(trail.pop())
        target = target.relative_to(base)
    if not target.is_absolute():
        for part in target.parts:
            way.admit(part)
        return target.parts
    raise OutsideError(f"{path} leads out of {root}, through a link to {target}")


def _enter_or_link(directory: int, name: str, *, create: bool) -> int | PurePosixPath:
    """A directory's descriptor; or, should there be a link in its place (which is rare), where that points."""
    try:
        return _enter(directory, name, create=create)
    except OSError as error:
        target = _link_target(directory, name) if error.errno in _REFUSES_LINKS else None
        if target is None:
            raise
        return target


def _enter(directory: int, name: str, *, create: bool) -> int:
    try:
        return os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
    except FileNotFoundError:
        if not create:
            raise
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=directory)
    return os.open(name, _DIRECTORY | os.O_NOFOLLOW, dir_fd=directory)
