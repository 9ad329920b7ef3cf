"""Static analysis of one module's source with griffe: text in, facts out. The user's code is parsed, never run.

Imported when the first module is read, so that whoever only lists agents does not wait for griffe.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import griffe

from covey.agents.offline.facts import ClassFacts, FunctionFacts, ModuleFacts, Raised, ValueFacts
from covey.agents.offline.shapes import Shapes
from covey.agents.offline.syntax import (
    bindings,
    bound_names,
    imports,
    is_empty,
    most_assignments,
    quiet,
    raised_errors,
)
from covey.artifacts.modules import ModuleNames

_SHOWN_LABELS = {
    "classmethod": "classmethod",
    "staticmethod": "staticmethod",
    "cached": "cached",
    "writable": "settable",
    "deletable": "deletable",
}
_DECORATORS_IN_LABELS = frozenset({"property", "staticmethod", "classmethod", "overload", "typing.overload"})
# griffe's own guess overlooks a field in the last line.
_SPHINX_FIELD = re.compile(r"^[ \t]*:(?:raises?|except|exception|param|returns?)\b[^:\n]*:", re.MULTILINE)

MOST_ASSIGNMENTS = 5000
"""The most assignments in one body that are analysed: griffe's time grows with their square (8 s for these)."""


class EmptyModuleError(Exception):
    """The module has neither code nor a docstring."""


def analyse(source: str, module_name: str, known: ModuleNames) -> ModuleFacts:
    """The facts about a module.

    Raises:
        SyntaxError: it is not Python; the error has the line.
        EmptyModuleError: there is nothing in it to describe.
        RecursionError: it is nested too deeply to be read; MemoryError likewise.
        ValueError: it holds what cannot be analysed, or more than can be.
    """
    with quiet(), griffe.logger.disable():
        tree = ast.parse(source)
        if is_empty(tree):
            raise EmptyModuleError
        if most_assignments(tree) > MOST_ASSIGNMENTS:
            raise ValueError(f"more than {MOST_ASSIGNMENTS:,} assignments in one body; split the module")
        return _facts(source, tree, module_name, known)


def _facts(source: str, tree: ast.Module, module_name: str, known: ModuleNames) -> ModuleFacts:
    module = griffe.visit(module_name, Path("module.py"), source)
    shapes = Shapes(module)
    reader = _Reader(shapes, raised_errors(tree))
    public = dict(_public(module))
    own = [member for member in public.values() if not member.is_alias]
    passes_on = module.exports is not None or module_name.endswith(".__init__")
    bound = bindings(tree, module_name)
    return ModuleFacts(
        docstring=_text(module),
        classes=tuple(reader.classes(own)),
        functions=tuple(reader.function(each) for each in own if isinstance(each, griffe.Function)),
        values=tuple(reader.value(each) for each in own if isinstance(each, griffe.Attribute | griffe.TypeAlias)),
        passed_on=tuple(
            ValueFacts(name=name, value=bound[name])
            for name, member in public.items()
            if member.is_alias and passes_on and name in bound
        ),
        imports=imports(tree, module_name, known),
        bound=bound_names(tree),
    )


def _exports(module: griffe.Module) -> frozenset[str] | None:
    """The names in `__all__`; None where there is none, or where it cannot be told without running the code."""
    if module.exports is None:
        return None
    return frozenset(str(name) for name in module.exports)


def _public(module: griffe.Module) -> Iterator[tuple[str, griffe.Object | griffe.Alias]]:
    exports = _exports(module)
    for name, member in module.members.items():
        if name != "__all__" and (name in exports if exports is not None else not name.startswith("_")):
            yield name, member


def _text(thing: griffe.Object) -> str:
    return thing.docstring.value.strip() if thing.docstring else ""


class _Reader:
    """Reads griffe's objects of one module."""

    def __init__(self, shapes: Shapes, raised: Mapping[str, tuple[str, ...]]) -> None:
        self._shapes = shapes
        self._raised = raised

    def classes(self, members: Iterable[griffe.Object | griffe.Alias]) -> Iterator[ClassFacts]:
        """The classes among the members, each followed by the public classes inside it."""
        for each in members:
            if isinstance(each, griffe.Class):
                yield self._class(each)
                yield from self.classes(member for name, member in each.members.items() if not name.startswith("_"))

    def _class(self, each: griffe.Class) -> ClassFacts:
        members = [member for name, member in each.members.items() if name == "__init__" or not name.startswith("_")]
        methods = [m for m in members if isinstance(m, griffe.Function) or _is_property(m)]
        return ClassFacts(
            name=_qualified(each),
            signature=f"class {_qualified(each)}{_bases(each)}",
            decorators=tuple(f"@{decorator.value}" for decorator in each.decorators),
            summary=_summary(each),
            data_kind=self._shapes.data_kind(each),
            is_error=self._shapes.is_error(each),
            fields=tuple(self.value(m) for m in members if isinstance(m, griffe.Attribute) and not _is_property(m)),
            methods=tuple(self.function(m) for m in methods if isinstance(m, griffe.Function | griffe.Attribute)),
        )

    def function(self, each: griffe.Function | griffe.Attribute) -> FunctionFacts:
        """A function, or a property (which griffe holds for an attribute)."""
        if isinstance(each, griffe.Attribute):
            return self._property(each)
        keywords = "async def" if "async" in each.labels else "def"
        return FunctionFacts(
            name=_qualified(each),
            signature=f"{keywords} {each.signature()}",
            labels=_labels(each, [str(decorator.value) for decorator in each.decorators]),
            overloads=tuple(f"{keywords} {overload.signature()}" for overload in each.overloads or ()),
            summary=_summary(each),
            returns=_returns_in_docstring(each),
            raises=self._raises(each),
            unannotated=_unannotated(each),
        )

    def value(self, each: griffe.Attribute | griffe.TypeAlias) -> ValueFacts:
        """A module's or class's attribute."""
        annotation = getattr(each, "annotation", None)
        shown = "type" if isinstance(each, griffe.TypeAlias) else annotation
        return ValueFacts(
            name=each.name,
            type="" if shown is None else str(shown),
            value="" if each.value is None else str(each.value),
            summary=_summary(each),
        )

    def _property(self, each: griffe.Attribute) -> FunctionFacts:
        type_ = f": {each.annotation}" if each.annotation is not None else ""
        return FunctionFacts(
            name=_qualified(each),
            signature=f"{each.name}{type_}",
            labels=("property", *_labels(each, ())),
            summary=_summary(each),
            raises=self._raises(each),
            unannotated=() if each.annotation is not None else ("return",),
        )

    def _raises(self, each: griffe.Function | griffe.Attribute) -> tuple[Raised, ...]:
        name = _qualified(each)
        said = dict(_raises_in_docstring(each))
        errors = dict.fromkeys([*said, *self._raised.get(name, ())])
        return tuple(Raised(error, said.get(error, ""), name) for error in errors)


def _is_property(member: griffe.Object | griffe.Alias) -> bool:
    return isinstance(member, griffe.Attribute) and "property" in member.labels


def _qualified(each: griffe.Object) -> str:
    """The name inside the module, with the classes around it."""
    above = each.parent
    return f"{_qualified(above)}.{each.name}" if isinstance(above, griffe.Class) else each.name


def _bases(each: griffe.Class) -> str:
    inside = [*map(str, each.bases), *(f"{name}={value}" for name, value in each.keywords.items())]
    return f"({', '.join(inside)})" if inside else ""


def _labels(each: griffe.Object, decorators: Iterable[str]) -> tuple[str, ...]:
    known = [shown for label, shown in _SHOWN_LABELS.items() if label in each.labels]
    return (*known, *(f"@{name}" for name in decorators if name not in _DECORATORS_IN_LABELS))


def _unannotated(each: griffe.Function) -> tuple[str, ...]:
    receiver = isinstance(each.parent, griffe.Class) and "staticmethod" not in each.labels
    parameters = list(each.parameters)[1 if receiver else 0 :]
    missing = [parameter.name for parameter in parameters if parameter.annotation is None]
    returns = each.annotation is None and each.name != "__init__"
    return (*missing, *(["return"] if returns else []))


def _sections(each: griffe.Object) -> list[griffe.DocstringSection]:
    if each.docstring is None:
        return []
    if _SPHINX_FIELD.search(each.docstring.value):
        return each.docstring.parse("sphinx")
    return each.docstring.parse("auto", default="google")


def _summary(each: griffe.Object) -> str:
    """The first paragraph of a docstring."""
    for section in _sections(each):
        if isinstance(section, griffe.DocstringSectionText):
            return " ".join(section.value.strip().partition("\n\n")[0].split())
    return ""


def _raises_in_docstring(each: griffe.Object) -> Iterator[tuple[str, str]]:
    for section in _sections(each):
        if isinstance(section, griffe.DocstringSectionRaises):
            for error in section.value:
                if error.annotation:
                    yield str(error.annotation), " ".join(error.description.split())


def _returns_in_docstring(each: griffe.Object) -> str:
    for section in _sections(each):
        if isinstance(section, griffe.DocstringSectionReturns):
            return "; ".join(" ".join(value.description.split()) for value in section.value if value.description)
    return ""
