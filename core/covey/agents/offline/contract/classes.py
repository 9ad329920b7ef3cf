"""What a class promises: its methods, properties, fields and members, as far as its body tells for certain."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from covey.agents.offline.contract.ancestry import Ancestry
from covey.agents.offline.contract.decorators import Effect, effect
from covey.agents.offline.contract.project import Definition, Project, Unit
from covey.agents.offline.contract.promises import ClassPromise, Fields, FieldsOf, Signature, Value
from covey.agents.offline.contract.scope import Binding, Function, bindings, dotted
from covey.agents.offline.contract.signatures import signature_of
from covey.agents.offline.contract.values import value_of

DECORATED = "its decorators may change its signature"
CONDITIONAL = "it is defined under a condition"
SEVERAL = "it is bound more than once"
_IMPLICIT = frozenset({"__init_subclass__", "__class_getitem__"})
_REPLACED_BY_ENUM = "Enum puts its own in their place"
_NO_FIELDS = frozenset({"ClassVar", "InitVar", "KW_ONLY"})


@dataclass(slots=True)
class Notes:
    """By qualified name, of which things less than everything is promised, and why."""

    weaker: dict[str, str] = field(default_factory=dict)
    unpromised: dict[str, str] = field(default_factory=dict)


class ClassReader:
    """Reads one class of a module."""

    def __init__(self, project: Project, unit: Unit, node: ast.ClassDef, name: str, changed: frozenset[str]) -> None:
        self._project = project
        self._unit = unit
        self._node = node
        self._name = name
        self._changed = changed
        self._scope = bindings(node.body)
        self._ancestry = Ancestry(project, unit, node)

    def promise(self, notes: Notes) -> ClassPromise:
        """All that the class promises; what it does not is added to the notes."""
        functions: dict[Effect, list[Signature]] = {}
        properties: list[str] = []
        settable: list[str] = []
        names: list[str] = []
        for name, binding in self._scope.items():
            if not self._is_public(name) or not any(isinstance(each, Function) for each in binding.statements):
                continue
            made, node = self._member(name, binding)
            if made is Effect.UNKNOWN or node is None:
                self._weaken(name, binding, names, notes)
            elif made is Effect.PROPERTY:
                (settable if len(binding.statements) > 1 else properties).append(name)
            else:
                kind = Effect.SAME if made is Effect.WRAPPED else made
                functions.setdefault(kind, []).append(signature_of(node, self._node.name))
        return ClassPromise(
            name=self._name,
            bases=tuple(self._own_bases()),
            error=self._ancestry.error,
            methods=tuple(functions.get(Effect.SAME, ())),
            class_methods=tuple(functions.get(Effect.CLASS_METHOD, ())),
            static_methods=tuple(functions.get(Effect.STATIC_METHOD, ())),
            properties=tuple(properties),
            settable_properties=tuple(settable),
            cached_properties=tuple(each.name for each in functions.get(Effect.CACHED_PROPERTY, ())),
            fields=self._fields(),
            members=self._members() if self._ancestry.is_enumeration else None,
            values=tuple(self._values()),
            names=tuple(names),
        )

    def inner_classes(self) -> Iterator[tuple[str, ast.ClassDef]]:
        """The public classes that the class holds for certain."""
        for name, binding in self._scope.items():
            if isinstance(binding.only, ast.ClassDef) and not name.startswith("_") and name not in self._changed:
                yield name, binding.only

    def stays_itself(self) -> bool:
        """What is promised of the class can be found in what its name stands for."""
        return self._ancestry.stays_itself

    def _is_public(self, name: str) -> bool:
        return not name.startswith("_") or (name.startswith("__") and name.endswith("__") and len(name) > len("____"))

    def _member(self, name: str, binding: Binding) -> tuple[Effect, Function | None]:
        """What kind of member a name is; the function is None where nothing is certain."""
        first = binding.statements[0]
        if not binding.settled or not binding.certain or name in self._changed or not isinstance(first, Function):
            return Effect.UNKNOWN, None
        hidden = frozenset(self._scope) - {name}
        made = effect(self._project, self._unit, first.decorator_list, hidden)
        others = binding.statements[1:]
        if made is Effect.PROPERTY and all(_belongs(each, name) for each in others):
            has_setter = any(_belongs(each, name, "setter") for each in others)
            return (made, first) if has_setter or not others else (Effect.UNKNOWN, None)
        if others or (self._ancestry.is_enumeration and name.startswith("__")):
            return Effect.UNKNOWN, None
        if name in _IMPLICIT | {"__new__"} and made is Effect.SAME:
            return Effect.SAME, first  # Python makes class methods of these; `signature_of` looks below that
        return made, first

    def _weaken(self, name: str, binding: Binding, names: list[str], notes: Notes) -> None:
        qualified = f"{self._name}.{name}"
        if self._ancestry.is_enumeration and name.startswith("__"):
            notes.unpromised[qualified] = _REPLACED_BY_ENUM
        elif not binding.certain:
            notes.unpromised[qualified] = CONDITIONAL
        else:
            names.append(name)
            several = len(binding.statements) > 1 or name in self._changed
            notes.weaker[qualified] = SEVERAL if several else DECORATED if binding.settled else CONDITIONAL

    def _own_bases(self) -> Iterator[str]:
        """The bases that the project defines, named as attributes of the module."""
        for name, meaning in self._ancestry.own_bases:
            binding = self._unit.scope.get(name.partition(".")[0])
            bound_once = binding is not None and binding.only is not None
            if (
                isinstance(meaning, Definition)
                and bound_once
                and Ancestry(self._project, meaning.unit, _class(meaning)).stays_itself
            ):
                yield name

    def _values(self) -> Iterator[Value]:
        """The constants of a class in which nothing moves attributes about."""
        if self._ancestry.is_plain:
            for name, binding in self._scope.items():
                value = value_of(name, binding)
                if value is not None and name.isupper() and not name.startswith("_") and name not in self._changed:
                    yield value

    def _fields(self) -> Fields | None:
        kind = self._ancestry.fields_kind
        if kind is None:
            return None
        names = tuple(_annotated(self._node.body))
        alone = not self._ancestry.own_bases or (kind is not FieldsOf.DATACLASS and len(self._ancestry.own_bases) == 1)
        complete = alone and kind is not FieldsOf.ANNOTATED and len(_all_annotated(self._node)) == len(names)
        shown = names if complete else tuple(name for name in names if not name.startswith("_"))
        return Fields(shown, complete, kind) if shown else None

    def _members(self) -> Fields | None:
        names, complete = [], True
        if "_ignore_" in self._scope:
            return None
        for name, binding in self._scope.items():
            if name.startswith("_") or any(isinstance(each, Function | ast.ClassDef) for each in binding.statements):
                continue
            match binding.only:
                case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if _is_member(value):
                    names.append(name)
                case _:
                    complete = False
        return Fields(tuple(names), complete) if names else None


def _class(definition: Definition) -> ast.ClassDef:
    assert isinstance(definition.node, ast.ClassDef)  # noqa: S101 -- `own_bases` holds no functions
    return definition.node


def _belongs(statement: ast.stmt, name: str, *kinds: str) -> bool:
    """The statement adds to the property of that name."""
    wanted = {f"{name}.{kind}" for kind in kinds or ("setter", "deleter", "getter")}
    return isinstance(statement, Function) and [dotted(each) for each in statement.decorator_list][:1] in (
        [each] for each in wanted
    )


def _annotated(body: Sequence[ast.stmt]) -> Iterator[str]:
    """The names with an annotation that make fields, in their order."""
    seen = set()
    for statement in body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation) if name not in seen:
                seen.add(name)
                if not _NO_FIELDS & _words(annotation):
                    yield name


def _all_annotated(node: ast.ClassDef) -> Sequence[str]:
    """The annotated names anywhere in the class's own body, those that are no fields left out."""
    return [
        each.target.id
        for each in ast.walk(node)
        if isinstance(each, ast.AnnAssign)
        and isinstance(each.target, ast.Name)
        and not _NO_FIELDS & _words(each.annotation)
    ]


def _words(annotation: ast.expr) -> set[str]:
    """The last parts of all names in an annotation, be it written as text."""
    words = set()
    for node in ast.walk(annotation):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                words.add(name)
            case ast.Constant(value=str() as text):
                words |= {word for word in _NO_FIELDS if word in text}
    return words


def _is_member(value: ast.expr) -> bool:
    """A value in the body of an enumeration that is a member's for certain."""
    match value:
        case ast.Call(func=function):
            return dotted(function).rpartition(".")[2] == "auto"
        case ast.Constant() | ast.UnaryOp() | ast.BinOp() | ast.JoinedStr():
            return True
        case ast.Tuple(elts=inner):
            return all(map(_is_member, inner))
    return False
