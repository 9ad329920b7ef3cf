"""What a module promises to those who use it, as far as a test can tell. Plain values, in the order of the code."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Signature:
    """How a function may be called, as `signature_of` in the test file writes it.

    `open_defaults` are parameters whose defaults are expressions: that they have one is promised, its value is not.
    """

    name: str
    shape: str
    open_defaults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Value:
    """A name with a literal value; `type` is the built-in class that the value is of."""

    name: str
    type: str


class FieldsOf(StrEnum):
    """Which kind of class has the fields, for each kind keeps them elsewhere."""

    DATACLASS = "dataclass"
    NAMED_TUPLE = "named tuple"
    TYPED_DICT = "typed dictionary"
    ANNOTATED = "class with annotations"


@dataclass(frozen=True, slots=True)
class Fields:
    """The fields of a class, or the members of an enumeration; `complete` if there can be no others."""

    names: tuple[str, ...]
    complete: bool
    kind: FieldsOf = FieldsOf.ANNOTATED


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassPromise:
    """A class and what is in it. `bases` are those of the project, as attributes of the module.

    `error` is the built-in class of errors that it is below, empty if it is no error. `names` are members of which
    only the existence is promised.
    """

    name: str
    bases: tuple[str, ...] = ()
    error: str = ""
    methods: tuple[Signature, ...] = ()
    class_methods: tuple[Signature, ...] = ()
    static_methods: tuple[Signature, ...] = ()
    properties: tuple[str, ...] = ()
    settable_properties: tuple[str, ...] = ()
    cached_properties: tuple[str, ...] = ()
    fields: Fields | None = None
    members: Fields | None = None
    values: tuple[Value, ...] = ()
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a function's documentation says that it does: something for a person to test."""

    name: str
    says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """All that a module promises.

    `source_digest` is the SHA-256 of its text, line ends made alike. `names` are those of which only the existence is
    promised; `weaker` says why of some of these and of members like them, `unpromised` why there is no promise at all,
    both by qualified name. `needs` are modules from elsewhere without which it cannot be imported; `may_refuse` if it,
    or what it imports, may raise an ImportError on purpose; `windows` if it can be imported on Windows alone.
    `note` is what a human asked for. `unimportable` says why a test must not import it: then nothing else is promised.
    """

    module: str
    source_digest: str = ""
    exports: tuple[str, ...] | None = None
    functions: tuple[Signature, ...] = ()
    classes: tuple[ClassPromise, ...] = ()
    values: tuple[Value, ...] = ()
    names: tuple[str, ...] = ()
    doctests: tuple[str, ...] = ()
    behaviours: tuple[Behaviour, ...] = ()
    undocumented: tuple[str, ...] = ()
    note: str = ""
    weaker: tuple[tuple[str, str], ...] = ()
    unpromised: tuple[tuple[str, str], ...] = ()
    needs: tuple[str, ...] = ()
    may_refuse: bool = False
    windows: bool = False
    unimportable: str = ""
