"""What a script can have the model say: blocks of content, with a stop reason, usage, headers and a pace.

Nothing here knows HTTP. How a reply becomes events stands in `events`, what goes wrong with one in `faults`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from covey.errors import ScriptError

CHARACTERS_PER_TOKEN = 4
"""How many characters count as one token where a script does not say how many there are."""


@dataclass(frozen=True, slots=True)
class Text:
    """A block of text."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """A block of thinking, summarised as the API gives it; the signature is what has to come back unchanged."""

    thinking: str
    signature: str = "c2lnbmF0dXJl"


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call of a tool. Without an `id` the server gives one that is its own among all that it has given.

    `arguments` as a str are sent as they are in a stream, whether or not they are JSON: a model that runs out of tokens
    leaves them half written.
    """

    name: str
    arguments: Mapping[str, object] | str = field(default_factory=dict)
    id: str = ""


Block: TypeAlias = Text | Thinking | ToolUse
Content: TypeAlias = str | Block | Sequence[str | Block]


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens as the API reports them; None = as the server counts them, four characters to a token.

    As in the API, `input` is what was neither read from the cache nor written to it.
    """

    input: int | None = None
    output: int | None = None
    cache_read: int | None = None
    cache_write: int | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole answer of the model.

    `content` is a text, a block, or several of both. Without a `stop_reason` it is `tool_use` where a tool is called,
    else `end_turn`. In a stream, text and arguments come in deltas of `delta_size` characters, with `pace` seconds
    before each (of the server's own `sleep`); without a stream the whole answer comes after as long. `headers` come
    with the answer, over the server's own. The answer names `model` as the one that gives it, where that is not the one
    that was asked.

    Example:
        >>> Reply([Thinking("First the source."), ToolUse("read_file", {"path": "src/shop/tax.py"})]).reason
        'tool_use'
    """

    content: Content
    stop_reason: str | None = None
    usage: Usage = Usage()
    headers: Mapping[str, str] = field(default_factory=dict)
    delta_size: int = 40
    pace: float = 0.0
    model: str | None = None

    def __post_init__(self) -> None:
        """Refuse at once what could not be sent later.

        Raises:
            ScriptError: with what is wrong.
        """
        if self.delta_size < 1:
            raise ScriptError(f"A reply's delta_size is {self.delta_size}; it has to be 1 character or more.")
        if self.pace < 0:
            raise ScriptError(f"A reply's pace is {self.pace}; it has to be 0 seconds or more.")
        for block in self.blocks:
            if not isinstance(block, Text | Thinking | ToolUse):
                raise ScriptError(
                    f"A reply's content holds {block!r}; it has to be a str, a Text, a Thinking or a ToolUse."
                )

    @property
    def blocks(self) -> tuple[Block, ...]:
        """The content as blocks; a plain text is a block of text."""
        content = [self.content] if isinstance(self.content, str | Text | Thinking | ToolUse) else self.content
        return tuple(Text(block) if isinstance(block, str) else block for block in content)

    @property
    def reason(self) -> str:
        """Why the model stopped."""
        if self.stop_reason is not None:
            return self.stop_reason
        return "tool_use" if any(isinstance(block, ToolUse) for block in self.blocks) else "end_turn"
