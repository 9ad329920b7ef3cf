"""What tests of covey, and of programs that build on it, work with: fakes beside the protocols, and sample projects.

`FakeMessagesServer` may be had from here; what its scripts are made of stands in `covey.testing.messages_server`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from covey.testing.messages_server import FakeMessagesServer

__all__ = ["FakeMessagesServer"]


def __getattr__(name: str) -> object:
    """Load the server when it is first asked for: whoever wants a sample project does not wait for HTTP."""
    if name in __all__:
        from covey.testing import messages_server  # noqa: PLC0415 - see above

        return getattr(messages_server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
