"""What is wrong with the design of a context, as far as that can be decided without a model. Pure.

Findings come in the order of `Kind`, then of the components, then of their documents' lines: the same every time.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from covey.agents.offline.facts import ModuleFacts, Origin
from covey.agents.offline.markdown import code, codes
from covey.agents.offline.review.claims import Claim, Claims, Mention
from covey.agents.offline.review.dependencies import MOST_CYCLES, cycles
from covey.agents.offline.review.reading import Subject
from covey.agents.offline.review.signatures import contradicts
from covey.artifacts.modules import ModuleNames
from covey.model.component import Component

_NAMES_SHOWN = 20
_FILES = frozenset({"md", "toml", "txt", "py", "ex", "exs", "json", "yaml", "yml", "cfg", "ini", "db", "csv", "log"})
"""What ends the name of a file, and never that of a module."""


class Kind(StrEnum):
    """What a finding is about; the value is its heading."""

    NO_DOCUMENT = "Components without a document"
    NOT_READ = "Files that cannot be read"
    UNKNOWN = "References to unknown components"
    CYCLE = "Dependency cycles"
    GAP = "Integration gaps"
    API = "Documents that disagree with the code's API"
    DEPENDENCIES = "Documents that disagree with the code's dependencies"
    CONTEXT = "The context's document"
    UNDOCUMENTED = "Public names without documentation"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding, as Markdown on one line."""

    kind: Kind
    text: str


def findings_of(
    subjects: Sequence[Subject], context: Claims | None, context_path: str, components: Collection[Component]
) -> tuple[Finding, ...]:
    """All findings about a context; `components` are all of the project."""
    known = ModuleNames(component.module_name for component in components)
    found = [
        *(each for subject in subjects for each in _of_one(subject, subjects, known)),
        *_cycles(subjects, components, known),
        *_of_context(subjects, context, context_path, known),
    ]
    order = list(Kind)
    return tuple(sorted(found, key=lambda finding: order.index(finding.kind)))


def _of_one(subject: Subject, subjects: Sequence[Subject], known: ModuleNames) -> Iterator[Finding]:
    who = code(subject.module)
    for problem in subject.problems:
        yield Finding(Kind.NOT_READ, f"{who}: {code(problem)}")
    document, facts = subject.document, subject.code
    if document is None and not subject.problems:
        yield Finding(Kind.NO_DOCUMENT, f"{who}: nothing at {code(subject.reviewed.design)}")
    if document is not None:
        for mention in _unknown(document, known, subjects):
            yield Finding(Kind.UNKNOWN, f"{who}, line {mention.line}: {code(mention.name)} is no component")
    if facts is not None:
        yield from (Finding(Kind.GAP, f"{who} {text}") for text in _gaps(facts, subjects))
        yield from (Finding(Kind.UNDOCUMENTED, f"{who}: {text}") for text in _undocumented(facts))
    if document is not None and facts is not None:
        yield from (Finding(Kind.API, f"{who}{text}") for text in _api(document, facts))
        yield from (Finding(Kind.DEPENDENCIES, f"{who}{text}") for text in _dependencies(subject, known))


def _unknown(document: Claims, known: ModuleNames, subjects: Sequence[Subject]) -> Iterator[Mention]:
    """Names of this project's modules that are no component and no part of one."""
    seen: set[str] = set()
    for mention in sorted({*document.dependencies, *document.mentions}, key=lambda each: (each.line, each.name)):
        name = mention.name
        is_file = name.rpartition(".")[2] in _FILES
        if name in seen or is_file or not known.is_own(name) or known.component(name) or _is_of_package(name, subjects):
            continue
        seen.add(name)
        yield mention


def _is_of_package(name: str, subjects: Sequence[Subject]) -> bool:
    """The name is bound by a package that it begins with: `shop.connect`, which `shop/__init__.py` has."""
    packages = {
        subject.module.removesuffix(".__init__"): subject.code
        for subject in subjects
        if subject.module.endswith(".__init__") and subject.code
    }
    parts = name.split(".")
    for length in range(len(parts) - 1, 0, -1):
        facts = packages.get(".".join(parts[:length]))
        if facts is not None and (facts.bound is None or parts[length] in facts.bound):
            return True
    return False


def _cycles(subjects: Sequence[Subject], components: Collection[Component], known: ModuleNames) -> Iterator[Finding]:
    """Cycles that run through the context: by its documents and code, and by the manifest for all other components."""
    needs: dict[str, set[str]] = {
        component.module_name: {module for module in component.dependencies if module in known}
        for component in components
    }
    own = {subject.module for subject in subjects}
    for subject in subjects:
        needs[subject.module] |= {*_named(subject.document, known), *_imported(subject.code)} - {subject.module}
    found = cycles(needs)
    for path in found:
        if not own.isdisjoint(path):
            yield Finding(Kind.CYCLE, " → ".join(map(code, path)))
    if len(found) >= MOST_CYCLES:
        yield Finding(Kind.CYCLE, f"the search ended after {MOST_CYCLES} cycles of the project: there may be more")


def _gaps(facts: ModuleFacts, subjects: Sequence[Subject]) -> Iterator[str]:
    """Names that are imported from a component which does not have them."""
    bound = {subject.module: subject.code.bound for subject in subjects if subject.code is not None}
    for each in facts.imports:
        names = bound.get(each.module)
        missing = [] if names is None else [name for name in each.names if name not in names and name != "*"]
        if missing:
            yield f"imports {_listed(missing)} from {code(each.module)}, which does not have {_it(missing)}"


def _api(document: Claims, facts: ModuleFacts) -> Iterator[str]:
    if not document.has_api:
        return
    signatures, everything = _signatures(facts), _every_name(facts)
    for claim in document.api:
        name = next((each for each in (f"{claim.holder}.{claim.name}", claim.name) if each in signatures), claim.name)
        if name in signatures and contradicts(claim.shown, signatures[name]):
            there = signatures[name][0]
            yield f", line {claim.line}: {code(claim.shown)}; the code has {code(there)}"
        elif name not in signatures and not _is_known(claim, everything):
            yield f", line {claim.line}: {code(claim.name)} is not in the code"
    missing = [name for name in _public(facts) if name.rpartition(".")[2] not in document.words]
    if missing:
        yield f": the document does not mention {_listed(missing)}, which the code makes public"


def _signatures(facts: ModuleFacts) -> Mapping[str, Sequence[str]]:
    """The signatures by name; a class that is called is its `__init__`."""
    found: dict[str, Sequence[str]] = {}
    for each in facts.callables:
        if "property" not in each.labels:
            found[each.name] = (each.signature, *each.overloads)
    for name in [each.name for each in facts.classes]:
        found[name] = found.get(f"{name}.__init__", ())
    return found


def _every_name(facts: ModuleFacts) -> Collection[str]:
    """Every name that the module has anything to do with, each by its last part."""
    names = [
        *_public(facts),
        *(field.name for each in facts.classes for field in each.fields),
        *(each.name for each in facts.passed_on),
        *(facts.bound or ()),
    ]
    return {name.rpartition(".")[2] for name in names}


def _is_known(claim: Claim, everything: Collection[str]) -> bool:
    return claim.name.rpartition(".")[2] in everything


def _public(facts: ModuleFacts) -> list[str]:
    """The module's public names, those of its classes behind it."""
    names = [
        *(each.name for each in facts.functions),
        *(name for each in facts.classes for name in (each.name, *(method.name for method in each.methods))),
        *(each.name for each in facts.values),
    ]
    return [name for name in dict.fromkeys(names) if not name.endswith(".__init__")]


def _dependencies(subject: Subject, known: ModuleNames) -> Iterator[str]:
    document, facts = subject.document, subject.code
    named, imported = _named(document, known), _imported(facts)
    missing = [module for module in imported if module not in named and module != subject.module]
    if missing:
        yield f": the code imports {_listed(missing)}, which the document does not name"
    for module, line in named.items():
        if module not in imported and module != subject.module:
            yield f", line {line}: the code does not import {code(module)}"


def _named(document: Claims | None, known: ModuleNames) -> dict[str, int]:
    """The components that a document lists as dependencies, each with its first line."""
    found: dict[str, int] = {}
    for mention in document.dependencies if document else ():
        module = known.component(mention.name)
        if module is not None:
            found.setdefault(module, mention.line)
    return found


def _imported(facts: ModuleFacts | None) -> list[str]:
    return [each.module for each in facts.imports if each.origin is Origin.COMPONENT] if facts else []


def _undocumented(facts: ModuleFacts) -> Iterator[str]:
    silent = [each.name for each in facts.classes if not each.summary]
    silent += [each.name for each in facts.callables if not each.summary and not each.name.endswith("__init__")]
    lacks = [] if facts.docstring.strip() else ["the module has no docstring"]
    if silent:
        lacks.append(f"no docstring for {_listed(silent)}")
    if lacks:
        yield "; ".join(lacks)


def _of_context(
    subjects: Sequence[Subject], context: Claims | None, path: str, known: ModuleNames
) -> Iterator[Finding]:
    """What the context's own document names and does not know, and which components it does not speak of."""
    if context is None:
        return
    for mention in _unknown(context, known, subjects):
        yield Finding(Kind.UNKNOWN, f"{code(path)}, line {mention.line}: {code(mention.name)} is no component")
    silent = [subject.module for subject in subjects if not _speaks_of(context, subject.reviewed.component)]
    if silent:
        yield Finding(Kind.CONTEXT, f"{code(path)} does not mention {_listed(silent)}")


def _speaks_of(context: Claims, component: Component) -> bool:
    last = component.module_name.rpartition(".")[2]
    return last in context.words or set(component.name.split()) <= context.words


def _listed(names: Sequence[str]) -> str:
    return codes(names, _NAMES_SHOWN)


def _it(names: Iterable[str]) -> str:
    return "it" if len(list(names)) == 1 else "them"
