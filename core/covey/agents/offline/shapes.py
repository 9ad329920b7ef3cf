"""Which classes are data structures and which are errors, told from how they are written. Pure, no Markdown."""

import builtins
from collections.abc import Iterator

import griffe

_BY_BASE = {
    "Enum": "enumeration",
    "IntEnum": "enumeration",
    "StrEnum": "enumeration",
    "Flag": "flags",
    "IntFlag": "flags",
    "TypedDict": "typed dictionary",
    "NamedTuple": "named tuple",
    "BaseModel": "pydantic model",
    "RootModel": "pydantic model",
    "BaseSettings": "pydantic settings",
    "Struct": "msgspec struct",
}
_BY_DECORATOR = {
    "dataclass": "dataclass",
    "dataclasses.dataclass": "dataclass",
    "pydantic.dataclasses.dataclass": "pydantic dataclass",
    "define": "attrs class",
    "frozen": "attrs class",
    "mutable": "attrs class",
    "attrs.define": "attrs class",
    "attrs.frozen": "attrs class",
    "attrs.mutable": "attrs class",
    "attr.s": "attrs class",
    "attr.attrs": "attrs class",
    "attr.define": "attrs class",
    "attr.frozen": "attrs class",
}
_ANNOTATED = "class with fields"
_ERROR_ENDINGS = ("Error", "Exception", "Warning")


class Shapes:
    """What the classes of one module are; bases are followed inside the module, names decide outside it."""

    def __init__(self, module: griffe.Module) -> None:
        self._module = module

    def data_kind(self, each: griffe.Class) -> str:
        """What kind of data structure a class is; empty if it is none."""
        for decorator in each.decorators:
            for name in (decorator.callable_path, str(decorator.value).partition("(")[0]):
                if name in _BY_DECORATOR:
                    return _BY_DECORATOR[name]
        bases = list(self._bases(each))
        kind = next((_BY_BASE[base] for base in bases if base in _BY_BASE), "")
        if kind or self.is_error(each) or "Protocol" in bases or "__init__" in each.members:
            return kind
        return _ANNOTATED if any(map(_is_field, each.members.values())) else ""

    def is_error(self, each: griffe.Class) -> bool:
        """The class can be raised, as far as the names of its bases tell."""
        return any(_is_builtin_error(base) or base.endswith(_ERROR_ENDINGS) for base in self._bases(each))

    def _bases(self, each: griffe.Class) -> Iterator[str]:
        """The last parts of the names of all bases, those of bases in this module too."""
        pending, seen = [each], {each.name}
        while pending:
            for base in pending.pop().bases:
                name = str(base).partition("[")[0].rpartition(".")[2]
                yield name
                above = self._module.members.get(name)
                if isinstance(above, griffe.Class) and name not in seen:
                    seen.add(name)
                    pending.append(above)


def _is_field(member: griffe.Object | griffe.Alias) -> bool:
    return (
        isinstance(member, griffe.Attribute)
        and member.annotation is not None
        and "class-attribute" in member.labels
        and "property" not in member.labels
        and not member.name.startswith("_")
    )


def _is_builtin_error(name: str) -> bool:
    found = getattr(builtins, name, None)
    return isinstance(found, type) and issubclass(found, BaseException)
