"""File descriptors: how many sessions need, and how the system is asked for them."""

import contextlib
import resource

_OF_ENGINE, _A_SESSION = 96, 6
"""What an engine needs for itself (its database, its feeds, its watches), and for each agent at work."""


def files_for(slots: int) -> int:
    """How many file descriptors an engine needs for so many sessions at once."""
    return _OF_ENGINE + slots * _A_SESSION


def make_room_for(slots: int) -> int | None:
    """Raise the soft limit of file descriptors as far as these slots need; how many there is room for, if fewer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = files_for(slots)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return None
    allowed = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    if allowed > soft:
        with contextlib.suppress(ValueError, OSError):  # a system may refuse what it calls possible
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return None if soft >= needed else max(1, (soft - _OF_ENGINE) // _A_SESSION)
