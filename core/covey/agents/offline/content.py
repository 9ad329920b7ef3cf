"""What each section of a drafted document says, from a module's facts. Pure: facts in, Markdown out."""

from collections.abc import Iterable, Iterator, Sequence

from covey.agents.offline.facts import ClassFacts, FunctionFacts, ImportFacts, ModuleFacts, Origin, Raised, ValueFacts
from covey.agents.offline.markdown import bullets, code, codes, joined, prose, quote, table

_VALUE_SHOWN = 120
_NAMES_SHOWN = 40


def purpose(facts: ModuleFacts, description: str) -> str:
    """The module's docstring, or that there is none, and what the manifest says instead."""
    said = quote(facts.docstring) if facts.docstring else ""
    if said.strip("> \n"):
        return said
    own = [*(each.name for each in facts.classes), *(each.name for each in facts.functions)]
    names = [*own, *(each.name for each in facts.passed_on)]
    offers = f"It offers {_names(names)}." if names else ""
    silent = "The module has no docstring: its purpose is undocumented."
    return joined([joined([silent, offers], " "), _from_manifest(description)])


def public_api(facts: ModuleFacts) -> str:
    """Functions, then classes with their methods, then what is passed on from elsewhere."""
    functions = bullets(map(_function, facts.functions))
    classes = joined(map(_class, facts.classes))
    names = [f"{code(each.name)} from {code(each.value)}" for each in facts.passed_on]
    passed_on = joined(["It passes on from other modules:", bullets(names)]) if names else ""
    values = [code(each.name) for each in facts.values]
    constants = f"Module-level names: {', '.join(values)}." if values else ""
    return joined([functions, classes, constants, passed_on]) or "The module has no public API."


def data_structures(facts: ModuleFacts) -> str:
    """A table of fields for each data class, and one of the module's constants and type aliases; empty without any."""
    structures = [_structure(each) for each in facts.classes if each.data_kind]
    if facts.values:
        rows = [(code(each.name), code(each.type), _value(each), prose(each.summary)) for each in facts.values]
        structures.append(joined(["### Constants and type aliases", table(["name", "type", "value", "meaning"], rows)]))
    return joined(structures)


def dependencies(facts: ModuleFacts, declared: Iterable[str]) -> str:
    """What is imported, by origin; then what the manifest declares and the code does not import.

    Modules of the project that are no components stand in a sentence: only known ones may be bullets.
    """
    imported = {each.module for each in facts.imports}
    only_declared = [
        f"{code(name)} — declared in the manifest, not imported" for name in declared if name not in imported
    ]
    inside = [*map(_import, _of(facts, Origin.COMPONENT)), *only_declared]
    unknown = [f"{code(each.module)}{_taken(each, ' (', ')')}" for each in _of(facts, Origin.PROJECT)]
    return (
        joined(
            [
                _list("Inside the project:", inside),
                f"Imported from inside the project, yet none of its components: {', '.join(unknown)}."
                if unknown
                else "",
                _list("From the standard library:", map(_import, _of(facts, Origin.STANDARD))),
                _list("From third parties:", map(_import, _of(facts, Origin.THIRD_PARTY))),
            ]
        )
        or "The module imports nothing."
    )


def errors(facts: ModuleFacts) -> str:
    """The errors that the module defines, and those that its public functions raise; empty without any."""
    defined = [f"{code(each.signature)}{_dash(each.summary)}" for each in facts.classes if each.is_error]
    raised: dict[str, list[Raised]] = {}
    for function in facts.callables:
        for each in function.raises:
            raised.setdefault(each.error, []).append(each)
    return joined([_list("Defined here:", defined), _list("Raised:", map(_raised, raised.values()))])


def undocumented(facts: ModuleFacts) -> str:
    """Public names without a docstring, parameters without a type."""
    silent = [] if facts.docstring else ["the module itself: no docstring"]
    silent += [f"{code(each.name)}: no docstring" for each in facts.classes if not each.summary]
    for each in facts.callables:
        no_text = not each.summary and not each.name.endswith("__init__")
        lacks = ["no docstring"] if no_text else []
        lacks += [f"no type for {', '.join(map(code, each.unannotated))}"] if each.unannotated else []
        silent += [f"{code(each.name)}: {'; '.join(lacks)}"] if lacks else []
    return bullets(silent) or "Everything public has a docstring and types."


def known_so_far(facts: ModuleFacts) -> str:
    """One clause with what was found, for sections that code alone does not fill."""
    found = [
        _count(len(facts.classes), "public class", "public classes"),
        _count(len(facts.callables), "public function or method", "public functions and methods"),
        _count(len(facts.values), "module-level name", "module-level names"),
        _count(len(facts.imports), "imported module", "imported modules"),
    ]
    return ", ".join(found)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _from_manifest(description: str) -> str:
    return joined(["The manifest says of it:", quote(description)]) if description.strip() else ""


def _function(each: FunctionFacts) -> str:
    labels = f" ({', '.join(code(label) for label in each.labels)})" if each.labels else ""
    lines = [f"{code(each.signature)}{labels}{_dash(each.summary)}"]
    lines += [f"  - overload {code(overload)}" for overload in each.overloads]
    lines += [f"  - raises {code(error.error)}{_colon(error.condition)}" for error in each.raises]
    return "\n".join(lines)


def _class(each: ClassFacts) -> str:
    decorators = f", decorated with {', '.join(map(code, each.decorators))}" if each.decorators else ""
    shown = ", ".join(code(f"{field.name}: {field.type}" if field.type else field.name) for field in each.fields)
    return joined(
        [
            f"### {code(each.name)}",
            f"{code(each.signature)}{decorators}",
            quote(each.summary) if each.summary else "",
            f"{'Fields' if each.data_kind else 'Attributes'}: {shown}." if shown else "",
            bullets(map(_function, each.methods)),
        ]
    )


def _structure(each: ClassFacts) -> str:
    head = f"### {code(each.name)} ({each.data_kind})"
    if not each.fields:
        return joined([head, "It has no public fields of its own."])
    rows = [(code(field.name), code(field.type), _value(field), prose(field.summary)) for field in each.fields]
    return joined([head, table(["field", "type", "default", "meaning"], rows)])


def _value(each: ValueFacts) -> str:
    return code(each.value, _VALUE_SHOWN)


def _of(facts: ModuleFacts, origin: Origin) -> Iterator[ImportFacts]:
    return (each for each in facts.imports if each.origin is origin)


def _import(each: ImportFacts) -> str:
    return f"{code(each.module)}{_taken(each, ' — ', '')}"


def _taken(each: ImportFacts, before: str, after: str) -> str:
    if not each.names:
        return ""
    return f"{before}{_names(each.names)}{after}"


def _names(names: Sequence[str]) -> str:
    return codes(names, _NAMES_SHOWN)


def _raised(group: list[Raised]) -> str:
    conditions = "; ".join(dict.fromkeys(each.condition for each in group if each.condition))
    return f"{code(group[0].error)} by {', '.join(code(each.by) for each in group)}{_colon(conditions)}"


def _list(head: str, items: Iterable[str]) -> str:
    shown = bullets(items)
    return joined([head, shown]) if shown else ""


def _dash(text: str) -> str:
    return f" — {prose(text)}" if text else ""


def _colon(text: str) -> str:
    return f": {prose(text)}" if text else ""
