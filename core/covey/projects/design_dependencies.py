"""Which modules a component's own design document names under Dependencies: those of the project, and others. Pure."""

from collections.abc import Collection, Iterator

from covey.projects.design_names import DocumentNames, Namer, parts_of
from covey.projects.design_text import DesignText, NamedModule, Remark
from covey.projects.names import module_problem
from covey.projects.paths import underscore
from covey.text.quoting import quoted


class Dependencies:
    """Finds what names mean in a project with these contexts and components (modules all of them)."""

    def __init__(self, namer: Namer, contexts: Collection[str], components: Collection[str]) -> None:
        self.remarks: list[Remark] = []
        self._namer = namer
        self._contexts = frozenset(contexts)
        self._components = frozenset(components)
        self._roots = {underscore(parts_of(module)[0]) for module in self._contexts | self._components}

    def of(self, text: DesignText, module: str, context: DocumentNames) -> tuple[str, ...]:
        """The modules that a document of this module names, each once; `remarks` are about this document then."""
        self.remarks = []
        return tuple(dict.fromkeys(found for found in self._all(text, context) if found != module))

    def _all(self, text: DesignText, context: DocumentNames) -> Iterator[str]:
        for named in text.depends_on:
            module = self._own(named.name, context)
            if module is None and self._is_own(named.name):
                message = f"the dependency {quoted(named.name)} is no known module of this project; left out"
                self.remarks.append(Remark(named.line, message))
            elif module is not None or _may_be_from_outside(named):
                yield module or named.name

    def _own(self, name: str, context: DocumentNames) -> str | None:
        """The project's module that a name means: itself, or the component whose function or type it is."""
        for meant in self._namer.meanings(context, name):
            if ".".join(meant) in self._contexts:
                return ".".join(meant)
            for length in range(len(meant), 0, -1):
                module = ".".join(meant[:length])
                if module in self._components:
                    return module
        return None

    def _is_own(self, name: str) -> bool:
        return underscore(parts_of(name)[0]) in self._roots


def _may_be_from_outside(named: NamedModule) -> bool:
    return named.stands_alone and module_problem(named.name) is None
