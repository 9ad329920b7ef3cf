"""The arrangement of a drafted document: which sections, in which order, under which titles. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from covey.agents.base import Assignment
from covey.agents.offline import content
from covey.agents.offline.facts import ModuleFacts
from covey.agents.offline.markdown import bullets, code, joined, prose, quote
from covey.artifacts.modules import ModuleNames
from covey.artifacts.outline import same_title

NOTES = "Notes"


class Topic(StrEnum):
    """What the agent can say something about; the value is the title unless a required section has another."""

    PURPOSE = "Purpose"
    PUBLIC_API = "Public API"
    DATA = "Data Structures"
    DEPENDENCIES = "Dependencies"
    ERRORS = "Errors"
    UNDOCUMENTED = "Undocumented"
    NOTES = NOTES


_OTHER_TITLES: Mapping[Topic, Sequence[str]] = {
    Topic.PURPOSE: ("overview", "summary", "description", "responsibility", "responsibilities", "introduction"),
    Topic.PUBLIC_API: ("api", "interface", "public interface", "functions", "exports"),
    Topic.DATA: ("fields", "data structure", "data", "data model", "types", "schema", "models", "attributes"),
    Topic.DEPENDENCIES: ("imports", "depends on"),
    Topic.ERRORS: ("exceptions", "error handling", "failures", "failure modes"),
    Topic.UNDOCUMENTED: ("gaps", "open questions"),
    Topic.NOTES: (),
}
_TOPICS = {same_title(title): topic for topic, others in _OTHER_TITLES.items() for title in (topic, *others)}


@dataclass(frozen=True, slots=True)
class Draft:
    """A document that is not written yet: what stands above its sections, and the sections by title, in order."""

    head: str
    sections: Mapping[str, str]

    def __str__(self) -> str:
        parts = [self.head, *(f"## {title}\n\n{body}" for title, body in self.sections.items())]
        return joined(parts) + "\n"


def draft_from_code(assignment: Assignment, facts: ModuleFacts) -> Draft:
    """A document about a module that was analysed."""
    component = assignment.component
    bodies = {
        Topic.PURPOSE: content.purpose(facts, component.description),
        Topic.PUBLIC_API: content.public_api(facts),
        Topic.DATA: content.data_structures(facts),
        Topic.DEPENDENCIES: content.dependencies(facts, _known_dependencies(assignment)),
        Topic.ERRORS: content.errors(facts),
        Topic.UNDOCUMENTED: content.undocumented(facts),
        Topic.NOTES: note_body(assignment),
    }
    absent = {
        Topic.DATA: "The module defines no data structures and no public constants.",
        Topic.ERRORS: "Its public functions raise no errors by name, and it defines none.",
    }
    known = f"Known from its code: {content.known_so_far(facts)}."
    origin = f"from static analysis of {code(assignment.source)}"
    return Draft(_head(assignment, origin), _arranged(assignment.sections, bodies, absent, known))


def draft_from_manifest(assignment: Assignment, said: str, *, has_code: bool = False) -> Draft:
    """A document about a component whose code cannot tell anything: there is none yet, or (`has_code`) it is no Python.

    `said` is what its context's document says of it.
    """
    component = assignment.component
    source = code(assignment.source)
    silent = (
        f"The code at {source} is not Python and was not read." if has_code else f"There is no code yet at {source}."
    )
    open_ = "not known" if has_code else "still to be decided"
    description = quote(component.description) if component.description.strip() else ""
    quoted = joined([f"The document of its context, {code(assignment.context_design_path)}, says:", quote(said)])
    needs = bullets(f"{code(name)} — declared in the manifest" for name in _known_dependencies(assignment))
    bodies = {
        Topic.PURPOSE: joined([description, quoted if said else ""]) or f"{silent} The manifest does not describe it.",
        Topic.PUBLIC_API: f"{silent} Its public API is {open_}.",
        Topic.DEPENDENCIES: needs or "The manifest declares no dependencies.",
        Topic.NOTES: note_body(assignment),
    }
    absent = {
        Topic.DATA: f"{silent} Its data structures are {open_}.",
        Topic.ERRORS: f"{silent} Its errors are {open_}.",
        Topic.UNDOCUMENTED: f"{silent} Everything but what stands above is {open_}.",
    }
    origin = f"from the manifest, for {'its code is not Python' if has_code else 'there is no code yet'}"
    known = f"{silent} Known from the manifest: {_manifest_facts(assignment)}."
    return Draft(_head(assignment, origin), _arranged(assignment.sections, bodies, absent, known))


def note_body(assignment: Assignment) -> str:
    """The note that was given for this attempt, quoted; empty without one."""
    if not (assignment.note and assignment.note.strip()):
        return ""
    return joined([f"Given for attempt {assignment.attempt}:", quote(assignment.note)])


def _head(assignment: Assignment, origin: str) -> str:
    component, context = assignment.component, assignment.context
    where = f"Module {code(component.module_name)} of the context {code(context.name)} ({_manifest_facts(assignment)})."
    marker = f"Drafted without a model by covey's offline agent, {origin}. Read it as a beginning."
    title = component.name if prose(component.name) == component.name else code(component.name)
    return joined([f"# {title or code(component.module_name)}", marker, where])


def _manifest_facts(assignment: Assignment) -> str:
    component = assignment.component
    priority = "no priority" if component.priority is None else f"priority {component.priority}"
    return f"type {code(component.type)}, {priority}"


def _known_dependencies(assignment: Assignment) -> list[str]:
    """The declared dependencies that may stand in a bullet."""
    names = ModuleNames(component.module_name for component in assignment.components)
    return [name for name in assignment.component.dependencies if names.component(name) or not names.is_own(name)]


def _arranged(
    required: Sequence[str], bodies: Mapping[Topic, str], absent: Mapping[Topic, str], known: str
) -> Mapping[str, str]:
    """The required sections in their order, with what else there is to say at its usual place between them."""
    titles = list(dict.fromkeys(required))
    for topic, body in bodies.items():
        if body and topic not in map(topic_of, titles):
            titles.insert(_place(titles, topic), topic)
    return {title: _body(title, bodies, absent, known) for title in titles}


def _body(title: str, bodies: Mapping[Topic, str], absent: Mapping[Topic, str], known: str) -> str:
    topic = topic_of(title)
    if topic is Topic.NOTES:
        return bodies[topic] or "No notes were given."
    if topic is None:
        return f"Nothing is known of this without a model or a person. {known}"
    return bodies.get(topic) or absent.get(topic) or known


def topic_of(title: str) -> Topic | None:
    """What a section under this title is about; None where the agent can say nothing of it."""
    return _TOPICS.get(same_title(title))


def _place(titles: Sequence[str], topic: Topic) -> int:
    """After the last title whose topic usually comes before this one."""
    earlier = list(Topic)[: list(Topic).index(topic)]
    before = [i for i, title in enumerate(titles) if topic_of(title) in earlier]
    return before[-1] + 1 if before else 0
