"""Fingerprints of credentials: whether a value is another one than before, and nothing else of it."""

import hashlib
import hmac
import secrets

_SALT_BYTES = 16
_COST = 2**12
"""Of scrypt: some 10 ms, which is nothing for a value that is looked at so seldom, and much for whoever guesses."""


def fingerprint(value: str | None) -> str | None:
    """What tells a value from another one: salted and costly, so that nobody guesses it from there."""
    if value is None:
        return None
    salt = secrets.token_bytes(_SALT_BYTES)
    return f"{salt.hex()}:{_digest(value, salt)}"


def is_another(value: str | None, known: str | None) -> bool:
    """There is a value, and it is not the one with this fingerprint."""
    if value is None or known is None:
        return value is not None
    salt, _, digest = known.partition(":")
    return not hmac.compare_digest(_digest(value, bytes.fromhex(salt)), digest)


def _digest(value: str, salt: bytes) -> str:
    return hashlib.scrypt(value.encode("utf-8", "surrogateescape"), salt=salt, n=_COST, r=8, p=1, dklen=16).hex()
