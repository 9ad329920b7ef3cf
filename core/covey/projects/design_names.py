"""What a name in a design document means: which module of the project, in the spelling of the preset. Pure.

Names are met in three forms: absolute (`Shop.Billing.Invoice`), relative to the project (`Billing.Invoice`) and
relative to the context (`Invoice`); which one it is, is decided for each name on its own. Parts are compared as they
are written in paths: `HTTPClient` and `http_client` are the same.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from covey.config.settings import Preset
from covey.projects.paths import underscore

_LONG = 3  # parts of a name that hardly begins with anything but the project's


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentNames:
    """The names around one context's document.

    `path` are the parts of its path below the directory of documents, without the suffix; `first_word` is that of its
    title; `listed` are the names of its components, as they are written.
    """

    path: tuple[str, ...]
    first_word: str
    listed: tuple[str, ...]

    @property
    def place(self) -> tuple[str, ...]:
        """The path's parts as they are compared."""
        return tuple(map(underscore, self.path))

    def is_of_project(self, name: Sequence[str]) -> bool:
        """A dotted name that begins with the context's own last part, or with the title's first word."""
        return len(name) > 1 and underscore(name[0]) in {self.place[-1], underscore(self.first_word)}

    def passes_through(self, name: Sequence[str]) -> bool:
        """Something stands before the document's whole path in the name: the project, which the path leaves out."""
        own = self.place
        return len(name) > len(own) and tuple(map(underscore, name[1 : 1 + len(own)])) == own


def shared_first_part(documents: Iterable[DocumentNames]) -> str | None:
    """The first part that most absolute names share, as most of them write it; None where no name is absolute."""
    first = Counter(name[0] for document in documents for name in _absolute(document))
    together: Counter[str] = Counter()
    for written, times in first.items():
        together[underscore(written)] += times
    if not together:
        return None
    most = together.most_common(1)[0][0]
    return next(written for written, _ in first.most_common() if underscore(written) == most)


def _absolute(document: DocumentNames) -> Iterator[tuple[str, ...]]:
    """The names that begin with a project, as far as that can be told before the project is known."""
    for name in map(parts_of, document.listed):
        if len(name) == 1:
            continue
        shares_its_beginning = len(document.path) > 1 and underscore(name[0]) == document.place[0]
        is_long = len(name) >= _LONG and not document.is_of_project(name)
        if shares_its_beginning or is_long or document.passes_through(name):
            yield name


def parts_of(name: str) -> tuple[str, ...]:
    """A dotted name's parts."""
    return tuple(name.split("."))


def as_identifier(name: str) -> str:
    """A project's or directory's name as a part of a module: `my-shop` becomes `my_shop`."""
    return re.sub(r"[\s-]+", "_", name.strip())


class Spelling:
    """How the preset writes the parts of a module."""

    def __init__(self, preset: Preset, written: Iterable[str], known: Collection[str]) -> None:
        """`written` are module names as documents write them; `known` are modules that have files by that name."""
        self._preset = preset
        self._known = known
        votes = Counter(part for name in written for part in parts_of(name) if part[:1].isupper())
        self._written: dict[str, str] = {}
        for part, _ in votes.most_common():
            self._written.setdefault(underscore(part), part)

    def below(self, module: Sequence[str], name: Iterable[str]) -> tuple[str, ...]:
        """The module with more parts below it, each as the preset writes it."""
        spelled = tuple(module)
        for part in name:
            spelled = (*spelled, self._part(spelled, part))
        return spelled

    def _part(self, above: Sequence[str], part: str) -> str:
        if self._preset is Preset.ELIXIR:
            return self._written.get(underscore(part)) or camelized(part)
        return part if ".".join((*above, part)) in self._known else underscore(part)


def camelized(part: str) -> str:
    """A part of an Elixir module from a part of its path: `http_client` → `HttpClient`, and `foo__bar` → `Foo_Bar`."""
    first, *more = part.split("_")
    return first[:1].upper() + first[1:] + "".join(map(_word, more))


def _word(word: str) -> str:
    """A word behind an underscore, which stays where a capital would not bring it back."""
    return f"{word[:1].upper()}{word[1:]}" if word[:1].isalpha() else f"_{word}"


class Namer:
    """Finds the modules that are meant in a project of this name."""

    def __init__(self, project: str, documents: Collection[DocumentNames], spelling: Spelling) -> None:
        self._project = as_identifier(project)
        self._key = underscore(self._project)
        self._spelling = spelling
        self._is_left_out = not any(document.place[0] == self._key for document in documents) and any(
            self._shows_that_project_is_left_out(document) for document in documents
        )

    def context(self, document: DocumentNames) -> tuple[str, ...]:
        """The context's own module, from its document's path.

        Where the documents' directory has no part for the project, and the names show it, the project is put before it.
        """
        project = (self._project,) if self._leaves_out_project(document) else ()
        return self._spelling.below((), (*project, *document.path))

    def component(self, document: DocumentNames, written: str) -> tuple[str, ...]:
        """The module that a name means in a context's document."""
        name, context = parts_of(written), self.context(document)
        first = underscore(name[0])
        if first == self._key or (len(context) > 1 and first == underscore(context[0])):
            return self._spelling.below((), name)
        if document.is_of_project(name):
            return self._spelling.below(context[:1] if len(context) > 1 else (), self._of_project(context, name))
        return self._spelling.below(context, name)

    def meanings(self, document: DocumentNames, written: str) -> Iterator[tuple[str, ...]]:
        """All that a dependency's name may mean: itself, what it means as a component's, another context's module."""
        name, context = parts_of(written), self.context(document)
        yield name
        yield self.component(document, written)
        yield self._spelling.below(context[:1] if len(context) > 1 else (), self._of_project(context, name))

    def _of_project(self, context: Sequence[str], name: Sequence[str]) -> tuple[str, ...]:
        return tuple(name) if len(context) > 1 else (self._project, *name)

    def _leaves_out_project(self, document: DocumentNames) -> bool:
        return self._is_left_out and (len(document.path) == 1 or self._shows_that_project_is_left_out(document))

    def _shows_that_project_is_left_out(self, document: DocumentNames) -> bool:
        for name in map(parts_of, document.listed):
            if underscore(name[0]) == self._key:
                if document.passes_through(name):
                    return True
            elif len(document.path) == 1 and document.is_of_project(name):
                return True
        return False
