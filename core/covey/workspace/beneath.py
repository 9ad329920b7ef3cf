"""Linux's `openat2`: the kernel walks a path from a descriptor and lets nothing lead out, not even for a moment.

It is asked for directories on a way without any link; whatever else there may be, `covey.workspace.walk` decides.
Other systems, older kernels (before 5.6) and some sandboxes do not have it.
"""

import os
import sys
from collections.abc import Callable
from functools import cache

_Open = Callable[[int, str], int | None]

_OPENAT2 = 437  # the same number on all of Linux's machines but Alpha
_NO_MAGIC_LINKS, _NO_LINKS, _BENEATH = 0x02, 0x04, 0x08
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def open_beneath(directory: int, path: str) -> int | None:
    """A descriptor of the directory at `path` below an open one; None where the kernel cannot tell, or does not let."""
    return _way_of_the_kernel()(directory, path)


@cache
def is_known_to_the_kernel() -> bool:
    """Whether this kernel has `openat2`; asked once."""
    return _way_of_the_kernel() is not _no_way


def _no_way(directory: int, path: str) -> int | None:  # noqa: ARG001 - what stands in for the call has its arguments
    return None


@cache
def _way_of_the_kernel() -> _Open:
    """The system call, tried once on a directory that is always there."""
    if not sys.platform.startswith("linux") or os.uname().machine == "alpha":
        return _no_way
    call = _system_call()
    root = os.open("/", _DIRECTORY)
    try:
        opened = call(root, ".")
        if opened is None:
            return _no_way
        os.close(opened)
    finally:
        os.close(root)
    return call


def _system_call() -> _Open:
    import ctypes  # noqa: PLC0415 - takes longer to import than all of this module, and not everybody walks

    syscall = ctypes.CDLL(None, use_errno=True).syscall
    syscall.restype = ctypes.c_long
    three = ctypes.c_uint64 * 3
    how = three(_DIRECTORY, 0, _BENEATH | _NO_MAGIC_LINKS | _NO_LINKS)
    size = ctypes.c_size_t(ctypes.sizeof(how))

    def call(directory: int, path: str) -> int | None:
        opened = syscall(
            ctypes.c_long(_OPENAT2),
            ctypes.c_int(directory),
            ctypes.c_char_p(os.fsencode(path)),
            ctypes.byref(how),
            size,
        )
        return int(opened) if opened >= 0 else None

    return call
