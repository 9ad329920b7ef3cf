"""Which importer reads a project, where nobody says: what is there decides."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from covey.projects.design_documents import has_context_documents
from covey.projects.presets import ELIXIR_PROJECT
from covey.projects.python_tree import find_modules

Source = Literal["python", "documents"]
_SHOWN: dict[Source, str] = {"python": "Python packages", "documents": "design documents"}


@dataclass(frozen=True, slots=True)
class Choice:
    """What is read, and why; no reason where somebody has said so."""

    source: Source
    reason: str = ""

    @property
    def shown(self) -> str:
        """What is read, in words."""
        return _SHOWN[self.source]


def choose_source(root: Path) -> Choice:
    """Python sources before design documents, unless the project is Elixir's; with neither, an empty Python project."""
    documents = has_context_documents(root)
    if documents and (root / ELIXIR_PROJECT).is_file():
        return Choice("documents", f"they list components, and there is a {ELIXIR_PROJECT}")
    if find_modules(root).files:
        others = "; there are design documents too, for which it is: covey init --from documents" if documents else ""
        return Choice("python", f"there are Python sources{others}")
    if documents:
        return Choice("documents", "they list components, and there are no Python sources")
    return Choice("python", "there are neither Python sources nor design documents that list components")
