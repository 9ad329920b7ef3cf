"""What a module promises, read from its syntax tree and from those of the project's modules that it needs."""

import ast
from collections.abc import Iterable, Iterator, Mapping

from covey.agents.offline.contract.classes import CONDITIONAL, DECORATED, SEVERAL, ClassReader, Notes
from covey.agents.offline.contract.decorators import Effect, effect
from covey.agents.offline.contract.doctests import can_run
from covey.agents.offline.contract.importing import acts, needs
from covey.agents.offline.contract.project import Project, Unit
from covey.agents.offline.contract.promises import Behaviour, ClassPromise, Promises, Signature, Value
from covey.agents.offline.contract.scope import Binding, Function, dotted
from covey.agents.offline.contract.signatures import signature_of
from covey.agents.offline.contract.values import value_of
from covey.agents.offline.facts import FunctionFacts, ModuleFacts

_LONGEST_SAYING = 240
_NOT_BOUND = "no statement of the module binds it"
_MANGLED = "its name is one that classes mangle"
_COMPILED = "the module is compiled: what a test sees is not its source"


def promises(project: Project, unit: Unit, facts: ModuleFacts, *, digest: str = "", compiled: bool = False) -> Promises:
    """All that a module promises, and what a person should test besides.

    `digest` is the SHA-256 of its text; `compiled`: a binary stands beside it, which Python takes before the source.
    """
    behaviours, undocumented = tuple(_behaviours(facts, unit)), tuple(_undocumented(facts, unit))
    unimportable = acts(unit)
    if unimportable:
        return Promises(module=unit.name, behaviours=behaviours, undocumented=undocumented, unimportable=unimportable)
    reader = _Reader(project, unit, compiled=compiled)
    needed = needs(project, unit)
    return Promises(
        module=unit.name,
        source_digest=digest,
        exports=exports(unit),
        functions=tuple(reader.functions),
        classes=tuple(reader.classes),
        values=tuple(reader.values),
        names=tuple(reader.names),
        doctests=tuple(_doctests(unit, reader.functions, reader.classes)),
        weaker=tuple(reader.notes.weaker.items()),
        unpromised=tuple(reader.notes.unpromised.items()),
        needs=tuple(sorted(needed.modules)),
        may_refuse=needed.may_refuse,
        windows=needed.windows,
        behaviours=behaviours,
        undocumented=undocumented,
    )


def exports(unit: Unit) -> tuple[str, ...] | None:
    """The names in `__all__`; None where there is none that is one list of texts."""
    binding = unit.scope.get("__all__")
    match binding and binding.only:
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            return _texts(value) if not _grows(unit.tree) else None
    return None


def _texts(value: ast.expr) -> tuple[str, ...] | None:
    if isinstance(value, ast.List | ast.Tuple):
        found = [each.value for each in value.elts if isinstance(each, ast.Constant) and isinstance(each.value, str)]
        return tuple(found) if len(found) == len(value.elts) else None
    return None


def _grows(tree: ast.Module) -> bool:
    """Something is added to `__all__`, or taken from it, by a method."""
    return any(isinstance(node, ast.Attribute) and dotted(node.value) == "__all__" for node in ast.walk(tree))


class _Reader:
    """Sorts the public names of one module by what can be promised of them."""

    def __init__(self, project: Project, unit: Unit, *, compiled: bool) -> None:
        self.notes = Notes()
        self.functions: list[Signature] = []
        self.classes: list[ClassPromise] = []
        self.values: list[Value] = []
        self.names: list[str] = []
        self._project = project
        self._unit = unit
        self._changed = _changed_from_outside(unit.tree)
        for name in exports(unit) or ():
            if name not in unit.scope and name.isidentifier():
                self.notes.unpromised[name] = _NOT_BOUND
        for name, binding in _public(unit):
            why = _COMPILED if compiled else _MANGLED if _is_mangled(name) else ""
            if why:
                self._weaken(name, binding, why)
            else:
                self._sort(name, binding)

    def _sort(self, name: str, binding: Binding) -> None:
        node = binding.only
        if isinstance(node, Function):
            made = effect(self._project, self._unit, node.decorator_list)
            if made in {Effect.SAME, Effect.WRAPPED}:
                self.functions.append(signature_of(node))
            else:
                self._weaken(name, binding, DECORATED)
        elif isinstance(node, ast.ClassDef):
            self._class(name, node, binding)
        elif any(isinstance(each, Function | ast.ClassDef) for each in binding.statements):
            self._weaken(name, binding, CONDITIONAL if not binding.settled else SEVERAL)
        elif (value := value_of(name, binding)) is not None:
            self.values.append(value)
        else:
            self._weaken(name, binding, "")

    def _class(self, name: str, node: ast.ClassDef, binding: Binding | None = None) -> None:
        changed = self._changed.get(name, frozenset())
        reader = ClassReader(self._project, self._unit, node, name, changed)
        if reader.stays_itself():
            self.classes.append(reader.promise(self.notes))
            for inner, inner_node in reader.inner_classes():
                self._class(f"{name}.{inner}", inner_node)
        elif binding is not None:
            self._weaken(name, binding, "its decorators may replace it")
        else:
            self.notes.unpromised[name] = "its decorators may replace it"

    def _weaken(self, name: str, binding: Binding, why: str) -> None:
        """Promise the existence of a name, if that is certain; `why` is empty where there is no more to promise."""
        if not binding.certain:
            self.notes.unpromised[name] = CONDITIONAL
            return
        self.names.append(name)
        if why:
            self.notes.weaker[name] = why


def _public(unit: Unit) -> Iterator[tuple[str, Binding]]:
    """What a module offers: the names in `__all__`; without it those without an underscore that it does not import.

    A package offers what it imports from its own modules too.
    """
    offered = exports(unit)
    for name, binding in unit.scope.items():
        if offered is not None:
            if name in offered:
                yield name, binding
        elif not name.startswith("_"):
            imported = all(isinstance(each, ast.Import | ast.ImportFrom) for each in binding.statements)
            own = unit.imported.get(name, "").partition(".")[0] == unit.name.partition(".")[0]
            if not imported or (unit.is_package and own):
                yield name, binding


def _is_mangled(name: str) -> bool:
    return name.startswith("__") and not name.endswith("__")


def _changed_from_outside(tree: ast.Module) -> Mapping[str, frozenset[str]]:
    """By class, the members that statements of the module assign after the class's body."""
    found: dict[str, frozenset[str]] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute, ctx=ast.Store() | ast.Del()):
                found[name] = found.get(name, frozenset()) | {attribute}
            case ast.Call(
                func=ast.Name(id="setattr" | "delattr"),
                args=[ast.Name(id=name), ast.Constant(value=str(attribute)), *_],
            ):
                found[name] = found.get(name, frozenset()) | {attribute}
    return found


def _doctests(unit: Unit, functions: Iterable[Signature], classes: Iterable[ClassPromise]) -> Iterator[str]:
    """The names of what is promised and has examples that can run; the empty name is the module's."""
    if can_run(ast.get_docstring(unit.tree) or "", unit):
        yield ""
    promised = {each.name for each in functions}
    for each in classes:
        signatures = (*each.methods, *each.class_methods, *each.static_methods)
        members = (*(found.name for found in signatures), *each.properties, *each.settable_properties)
        promised |= {each.name, *(f"{each.name}.{name}" for name in members)}
    for name, node in _definitions(unit.tree.body, ""):
        if name in promised and can_run(ast.get_docstring(node) or "", unit):
            promised.discard(name)  # the first one of several is the property itself, the others are its setters
            yield name


def _definitions(body: Iterable[ast.stmt], above: str) -> Iterator[tuple[str, Function | ast.ClassDef]]:
    for node in body:
        if isinstance(node, Function | ast.ClassDef):
            yield f"{above}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from _definitions(node.body, f"{above}{node.name}.")


def _callables(facts: ModuleFacts, unit: Unit) -> Iterator[FunctionFacts]:
    """The functions and methods that are there at run time; griffe knows those for type checkers too."""
    for each in facts.callables:
        binding = unit.scope.get(each.name.partition(".")[0])
        if binding is not None and binding.certain:
            yield each


def _behaviours(facts: ModuleFacts, unit: Unit) -> Iterator[Behaviour]:
    for each in _callables(facts, unit):
        says = "; ".join(_says(each))
        if says:
            cut = says if len(says) <= _LONGEST_SAYING else f"{says[: _LONGEST_SAYING - 1].rstrip()}…"
            yield Behaviour(each.name, cut)


def _says(each: FunctionFacts) -> Iterator[str]:
    """What a function does, by its documentation; of properties only what they raise is worth a test of its own."""
    is_property = "property" in each.labels or "cached" in each.labels
    if each.returns and not is_property:
        yield f"returns {each.returns}"
    elif each.summary and not is_property and not each.name.endswith("__init__"):
        yield each.summary
    for error in each.raises:
        yield f"raises {error.error}{f': {error.condition}' if error.condition else ''}"


def _undocumented(facts: ModuleFacts, unit: Unit) -> Iterator[str]:
    for each in _callables(facts, unit):
        if not any(_says(each)) and not each.name.endswith("__init__") and "property" not in each.labels:
            yield each.name
