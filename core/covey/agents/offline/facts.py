"""What static analysis tells about one module: plain values, in the order of the code. No analysis, no Markdown."""

from dataclasses import dataclass
from enum import StrEnum


class Origin(StrEnum):
    """Where an imported module comes from."""

    COMPONENT = "component"
    PROJECT = "project"
    STANDARD = "standard library"
    THIRD_PARTY = "third party"


@dataclass(frozen=True, slots=True)
class Raised:
    """An error that a function raises. `condition` is what its docstring says of it; `by` is the function's name."""

    error: str
    condition: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionFacts:
    """A function, method or property. `signature` begins with its keywords, as in `async def`.

    `unannotated` are parameters without a type (and `return`); `name` is qualified by its class. `returns` is what the
    docstring says of what it returns.
    """

    name: str
    signature: str
    labels: tuple[str, ...] = ()
    overloads: tuple[str, ...] = ()
    summary: str = ""
    returns: str = ""
    raises: tuple[Raised, ...] = ()
    unannotated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueFacts:
    """A name with a value: a constant, a type alias, a field, an attribute. Empty where the code says nothing."""

    name: str
    type: str = ""
    value: str = ""
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassFacts:
    """A class. `data_kind` says what kind of data structure it is, if it is one; then `fields` are its fields."""

    name: str
    signature: str
    decorators: tuple[str, ...] = ()
    summary: str = ""
    data_kind: str = ""
    is_error: bool = False
    fields: tuple[ValueFacts, ...] = ()
    methods: tuple[FunctionFacts, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFacts:
    """A module that is imported and what is taken from it (nothing: the module itself)."""

    module: str
    origin: Origin
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleFacts:
    """One module: what it offers to others, what it needs, what it does not say.

    `bound` are all names that it binds, private and imported ones too; None where only running it would tell.
    """

    docstring: str = ""
    classes: tuple[ClassFacts, ...] = ()
    functions: tuple[FunctionFacts, ...] = ()
    values: tuple[ValueFacts, ...] = ()
    passed_on: tuple[ValueFacts, ...] = ()
    imports: tuple[ImportFacts, ...] = ()
    bound: frozenset[str] | None = None

    @property
    def callables(self) -> tuple[FunctionFacts, ...]:
        """All public functions and methods."""
        return (*self.functions, *(method for each in self.classes for method in each.methods))
