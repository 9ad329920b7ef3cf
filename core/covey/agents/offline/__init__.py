"""The offline agent: drafts design documents and tests from static analysis, with no key, no network and no model.

`agent` finds the work for a kind of file: `design` for documents, `contract` for tests, `review` for the review of a
context's documents, all after the pattern of `work`. `analysis` reads code into `facts`. For documents `content` says
them in Markdown; `draft` arranges that; `mending` adds what an existing document lacks and deletes no line of it.
"""

from covey.agents.offline.agent import OfflineAgent

__all__ = ["OfflineAgent"]
