"""The offline agent: drafts design documents from static analysis, with no key, no network and no model.

`agent` does the work at the desk; `analysis` reads code into `facts`; `content` says them in Markdown; `draft` arranges
that into a document; `mending` adds what an existing document lacks and deletes no line of it. `review` judges the
documents of a context, by the same analysis.
"""

from covey.agents.offline.agent import OfflineAgent

__all__ = ["OfflineAgent"]
