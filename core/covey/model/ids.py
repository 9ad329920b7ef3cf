"""Ids: 32 hex digits. What exists once per fact has an id made from that fact, so that doing it twice is harmless."""

from collections import deque
from hashlib import sha1
from secrets import token_hex
from uuid import UUID

_NAMESPACE = UUID("6f1b2a52-6f0e-4c55-9a53-0c0c5e5a11e7")


_DIGITS = 32
_MANY = 256
_drawn: deque[str] = deque()


def new_id() -> str:
    """A fresh random id; the system is asked for many at once, for every step of a session needs three."""
    try:
        return _drawn.pop()
    except IndexError:
        digits = token_hex(_MANY * _DIGITS // 2)
        _drawn.extend(digits[start : start + _DIGITS] for start in range(_DIGITS, len(digits), _DIGITS))
        return digits[:_DIGITS]


def id_for(*facts: str) -> str:
    """The id of the one thing that these facts name; the same facts always give the same id.

    It is that of RFC 4122 for a name (`uuid.uuid5`), which takes ten times as long to make an object of it first.
    """
    digest = bytearray(sha1(_NAMESPACE.bytes + "\x1f".join(facts).encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return digest.hex()
