"""The prompt cache, as the API keeps it: what was there before, up to a mark, is read and not counted anew.

A prefix (tools, then system, then messages) is written where a block has `cache_control`, and found by a later request
whose blocks are the same up to there. Nothing is forgotten: how long a prefix is kept is not played.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from covey.testing.messages_server.replies import CHARACTERS_PER_TOKEN

LEAST_TOKENS = 1024
"""What is shorter than this is not cached."""

_LOOKED_BACK = 20
"""From each mark so many blocks back are looked at."""
_MARK = "cache_control"


class Counted(NamedTuple):
    """The tokens of a request, each counted once: read from the cache, written to it, and the rest."""

    rest: int
    read: int = 0
    written: int = 0


class PromptCache:
    """What a server remembers of its requests; models share nothing."""

    def __init__(self, least_tokens: int = LEAST_TOKENS) -> None:
        """A cache of prefixes of so many tokens or more."""
        self._least = least_tokens
        self._known: set[str] = set()

    def count(self, body: Mapping[str, Any]) -> Counted:
        """The tokens of a request; its marked prefixes are known from now on."""
        prefixes = list(_prefixes(body))
        marked = [n for n, prefix in enumerate(prefixes) if prefix.is_marked and prefix.tokens >= self._least]
        reachable = {n for mark in marked for n in range(max(0, mark - _LOOKED_BACK), mark + 1)}
        read = max((prefixes[n].tokens for n in reachable if prefixes[n].digest in self._known), default=0)
        written = max((prefixes[n].tokens for n in marked), default=0)
        self._known.update(prefixes[n].digest for n in marked)
        total = prefixes[-1].tokens if prefixes else 0
        return Counted(total - max(read, written), read, max(0, written - read))


class _Prefix(NamedTuple):
    digest: str
    tokens: int
    is_marked: bool


def _prefixes(body: Mapping[str, Any]) -> Iterator[_Prefix]:
    """The request up to each of its blocks."""
    digest, characters = hashlib.sha256(str(body.get("model")).encode()), 0
    blocks = list(_blocks(body))
    for n, (place, block) in enumerate(blocks):
        text = place + json.dumps({key: value for key, value in block.items() if key != _MARK}, sort_keys=True)
        digest.update(text.encode())
        characters += len(text)
        is_marked = bool(block.get(_MARK)) or (n == len(blocks) - 1 and bool(body.get(_MARK)))
        yield _Prefix(digest.hexdigest(), max(1, characters // CHARACTERS_PER_TOKEN), is_marked)


def _blocks(body: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """All blocks of a request, each with what it is part of, in the order of the cache."""
    for tool in body.get("tools") or ():
        yield "tool", tool
    for block in _as_blocks(body.get("system") or ()):
        yield "system", block
    for message in body.get("messages") or ():
        for block in _as_blocks(message["content"]):
            yield message["role"], block


def _as_blocks(content: str | Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
