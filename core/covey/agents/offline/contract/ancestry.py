"""What a class descends from, as far as the project's code tells, and what kind of class that makes it."""

import ast
import builtins
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from covey.agents.offline.contract.decorators import Effect, effect
from covey.agents.offline.contract.project import Definition, Project, Unit, is_standard
from covey.agents.offline.contract.promises import FieldsOf
from covey.agents.offline.contract.scope import dotted

_ENUMERATIONS = frozenset(
    f"enum.{name}" for name in ("Enum", "IntEnum", "StrEnum", "Flag", "IntFlag", "ReprEnum", "EnumMeta", "EnumType")
)
_PLAIN = frozenset(
    {
        *("abc.ABC", "builtins.object", "typing.Generic", "typing.Protocol"),
        *("typing_extensions.Generic", "typing_extensions.Protocol"),
    }
)
_FIELDS = {
    "typing.NamedTuple": FieldsOf.NAMED_TUPLE,
    "typing_extensions.NamedTuple": FieldsOf.NAMED_TUPLE,
    "typing.TypedDict": FieldsOf.TYPED_DICT,
    "typing_extensions.TypedDict": FieldsOf.TYPED_DICT,
    "pydantic.BaseModel": FieldsOf.ANNOTATED,
    "pydantic.RootModel": FieldsOf.ANNOTATED,
    "pydantic_settings.BaseSettings": FieldsOf.ANNOTATED,
    "msgspec.Struct": FieldsOf.ANNOTATED,
}
_ATTRS = ("attr.", "attrs.")
_ERROR_ENDINGS = ("Error", "Exception", "Warning")
_DEEPEST = 50  # classes; the code may hold a circle


@dataclass(frozen=True)
class Ancestry:
    """A class of a module, with all that it descends from."""

    project: Project
    unit: Unit
    node: ast.ClassDef

    @cached_property
    def own_bases(self) -> tuple[tuple[str, Definition | str], ...]:
        """Its bases: the dotted name of each as it is written, and what that stands for."""
        return tuple(self._bases(Definition(self.unit, self.node)))

    @cached_property
    def outside(self) -> frozenset[str]:
        """The absolute names of the bases, its own and inherited, that the project does not define; "" if unknown."""
        pending, found, seen = [Definition(self.unit, self.node)], set(), 0
        while pending and seen < _DEEPEST:
            seen += 1
            for _, meaning in self._bases(pending.pop()):
                if isinstance(meaning, str):
                    found.add(meaning)
                else:
                    pending.append(meaning)
        return frozenset(found)

    @property
    def is_enumeration(self) -> bool:
        """It is an enumeration of the standard library's kind."""
        return bool(self.outside & _ENUMERATIONS)

    @property
    def error(self) -> str:
        """The built-in class of errors that it is below in any case: `Exception`, `BaseException`, or none."""
        kinds = [_error(name) for name in self.outside]
        return next((kind for kind in ("Exception", "BaseException") if kind in kinds), "")

    @property
    def is_plain(self) -> bool:
        """Nothing but its own body decides what is in it."""
        classes = all(name in _PLAIN or _error(name) for name in self.outside)
        return classes and not self.node.decorator_list and not self.node.keywords

    @property
    def fields_kind(self) -> FieldsOf | None:
        """How it keeps its fields, if it is a class of fields by its decorators or bases."""
        for decorator in self.node.decorator_list:
            name = dotted(decorator.func if isinstance(decorator, ast.Call) else decorator)
            meaning = self.project.meaning(self.unit, name) if name else ""
            if meaning == "dataclasses.dataclass":
                return FieldsOf.DATACLASS
            if isinstance(meaning, str) and meaning.startswith(_ATTRS):
                return FieldsOf.ANNOTATED
        return next((_FIELDS[name] for name in sorted(self.outside) if name in _FIELDS), None)

    @property
    def stays_itself(self) -> bool:
        """Its decorators give back a class with the same members."""
        decorators = self.node.decorator_list
        known = effect(self.project, self.unit, decorators) in {Effect.SAME, Effect.WRAPPED}
        return known or (len(decorators) == 1 and self.fields_kind is not None)

    def _bases(self, definition: Definition) -> Iterator[tuple[str, Definition | str]]:
        assert isinstance(definition.node, ast.ClassDef)  # noqa: S101 -- only classes are put in, for the type checker
        for base in definition.node.bases:
            name = dotted(base.value if isinstance(base, ast.Subscript) else base)
            meaning = self.project.meaning(definition.unit, name) if name else ""
            is_class = isinstance(meaning, str) or isinstance(meaning.node, ast.ClassDef)
            yield name, meaning if is_class else ""


def _error(name: str) -> str:
    """The built-in class of errors above an outside class; empty if that is not known to be an error."""
    module, _, last = name.rpartition(".")
    found = getattr(builtins, last, None) if module == "builtins" else None
    if isinstance(found, type) and issubclass(found, BaseException):
        return "Exception" if issubclass(found, Exception) else "BaseException"
    return "Exception" if module and is_standard(module) and last.endswith(_ERROR_ENDINGS) else ""
