"""The importer of design documents: which contexts and components a project's documents declare.

A document with a `## Components` section that lists components is a context's; every other one may be a component's
own, and tells what that depends on. `design_files` finds and reads them, `design_text` takes them apart, `design_names`
says which module a name means; here they become a project. What is not taken is said, with file and line.
"""

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import ValidationError

from covey.config.settings import PathsTable, ProjectTable, composed
from covey.errors import DocumentsError, Mistake, UsageError
from covey.projects.design_dependencies import Dependencies
from covey.projects.design_files import DIRECTORIES, DesignFile, FoundDesigns, UnreadError, find_designs, read_file
from covey.projects.design_names import DocumentNames, Namer, Spelling, parts_of, shared_first_part
from covey.projects.design_text import LONGEST_NAME, DesignText, ListedComponent, read_design
from covey.projects.imported import Imported, ImportedComponent, ImportedContext, LeftOut
from covey.projects.limits import leaves_root, path_problem
from covey.projects.manifest import directory_name
from covey.projects.names import module_problem, name_problem
from covey.projects.paths import ArtifactKind, PathRules
from covey.projects.presets import choose_preset
from covey.projects.python_tree import Found, find_modules
from covey.text.quoting import quoted, visible


def import_documents(root: Path, directory: str | None = None, name: str | None = None) -> Imported:
    """The contexts and components that the design documents of the project at `root` declare.

    `directory` is where documents are looked for in place of the usual directories, `name` the project's name.

    Raises:
        DocumentsError: Components that are listed twice; all of them.
        UsageError: There is nothing to import, or `directory` or `name` will not do.
    """
    root = Path(os.path.realpath(root))
    problem = None if name is None else name_problem(name)
    if problem is not None:
        raise UsageError(f"--name {problem}")
    found = find_designs(root, directory)
    reading = _Reading(root, found)
    if not reading.contexts:
        raise UsageError(_nothing(found))
    return _Importer(root, reading, name).run()


def has_context_documents(root: Path) -> bool:
    """Whether the usual directories hold a document that lists components."""
    root = Path(os.path.realpath(root))
    return any(_lists_components(root, file) for file in find_designs(root).files)


def _lists_components(root: Path, file: DesignFile) -> bool:
    try:
        return _listing(read_file(root, file.path)) is not None
    except UnreadError:
        return False


def _listing(text: str) -> DesignText | None:
    """What a document says that lists components; None where it lists none."""
    # parsing is most of the work, and most documents list nothing
    said = read_design(text) if "components" in text.casefold() else None
    return said if said is not None and said.components else None


def _nothing(found: FoundDesigns) -> str:
    if not found.directories:
        return f"no design documents: there is none of {', '.join(DIRECTORIES)}; say where they are with --root DIR"
    places = ", ".join(visible(str(directory)) for directory in found.directories)
    advice = "a context's document lists its components under '## Components', each as '### Name'"
    return f"none of the {len(found.files)} documents in {places} lists components: {advice}"


@dataclass(frozen=True, slots=True)
class _ContextDocument:
    """A context's document with what it says."""

    file: DesignFile
    text: DesignText
    names: DocumentNames


class _Reading:
    """All documents that were found, of which those with a list of components are read in full."""

    def __init__(self, root: Path, found: FoundDesigns) -> None:
        self.root = root
        self.found = found
        self.warnings: list[Mistake] = []
        self.contexts: list[_ContextDocument] = []
        self.others: dict[str, str] = {}
        for file in found.files:
            self._read(file)

    def _read(self, file: DesignFile) -> None:
        try:
            text = read_file(self.root, file.path)
        except UnreadError as error:
            self.warnings.append(error.mistake)
            return
        said = _listing(text)
        if said is None:
            self.others[str(file.path)] = text
            return
        written = (composed(component.name) for component in said.components)
        listed = tuple(name for name in written if _name_problem(name) is None)
        names = DocumentNames(path=_module_parts(file), first_word=composed(said.first_word), listed=listed)
        self.contexts.append(_ContextDocument(file, said, names))


def _name_problem(written: str) -> str | None:
    """Why the name of a component in a heading will not do, as the end of a sentence."""
    if len(written) > LONGEST_NAME:
        return f"should have at most {LONGEST_NAME:,} characters, not {len(written):,}"
    return module_problem(written)


def _module_parts(file: DesignFile) -> tuple[str, ...]:
    """A document's place as parts of a module; blanks and hyphens, which no module has, become underscores."""
    return tuple(composed(part).replace("-", "_").replace(" ", "_") for part in file.parts)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A component that was taken, and the file that lists it."""

    module: str
    name: str
    listed: ListedComponent
    file: Path


class _Importer:
    """One import. `taken` are the components by their design document, in which no two may meet.

    `outside` tells of directories whether they lead out of the project.
    """

    def __init__(self, root: Path, reading: _Reading, name: str | None) -> None:
        self.root = root
        self.reading = reading
        self.found: Found = find_modules(root)
        self.warnings = reading.warnings
        self.left_out: list[LeftOut] = [*reading.found.left_out]
        self.mistakes: list[Mistake] = []
        self.taken: dict[str, _Taken] = {}
        self.outside: dict[str, bool] = {}
        names = [document.names for document in reading.contexts]
        self.name = name or shared_first_part(names) or directory_name(root)
        if name_problem(self.name) is not None:
            self.name = "project"
        self.preset, self.preset_reason = choose_preset(
            root, self.found, [listed for each in names for listed in each.listed]
        )
        self.namer = Namer(self.name, names, self._spelling(names))
        self.design = self._template()
        self.rules = PathRules(
            root, ProjectTable(preset=self.preset, source=tuple(self.found.source)), PathsTable(design=self.design)
        )
        self.contexts: dict[str, _ContextDocument] = {}

    def run(self) -> Imported:
        for document in self.reading.contexts:
            self._take_context(document)
        children = {module: self._children(module, document) for module, document in self.contexts.items()}
        if self.mistakes:
            raise DocumentsError(tuple(self.mistakes))
        for module in [module for module, taken in children.items() if not taken]:
            self._warn(self.contexts.pop(module), 0, "none of its components could be taken; left out")
        modules = [taken.module for every in children.values() for taken in every]
        dependencies = Dependencies(self.namer, self.contexts, modules)
        contexts = tuple(
            self._context(module, document, children[module], dependencies)
            for module, document in sorted(self.contexts.items())
        )
        self._leave_strangers()
        return Imported(
            project_name=self.name,
            preset=self.preset,
            preset_reason=self.preset_reason,
            source=tuple(self.found.source),
            design=self.design,
            contexts=contexts,
            left_out=tuple(sorted(self.left_out, key=lambda left: left.path)),
            warnings=tuple(sorted(self.warnings, key=lambda warning: (str(warning.file), warning.line))),
        )

    # Names.

    def _spelling(self, names: Sequence[DocumentNames]) -> Spelling:
        """A title tells how a module is written only where it is one, with dots: else it is a word like any other."""
        titles = [each.first_word for each in names if "." in each.first_word]
        written = [*(name for each in names for name in each.listed), *titles]
        documents = {".".join(_module_parts(file)) for file in self.reading.found.files}
        return Spelling(self.preset, written, documents | {*self.found.files} | self.found.packages)

    def _template(self) -> str | None:
        """Where most of the documents of contexts are; None where that is the preset's own rule."""
        places = Counter((document.file.directory, document.file.ending) for document in self.reading.contexts)
        (directory, ending), _ = places.most_common(1)[0]
        base = "" if directory == PurePosixPath() else f"{directory}/"
        template = f"{base.replace('{', '{{').replace('}', '}}')}{{path}}{ending}"
        if template == "docs/design/{path}.md":
            return None
        try:
            return PathsTable(design=template).design
        except ValidationError as error:
            raise UsageError(
                f"documents in {quoted(str(directory))} cannot be named in covey.toml; rename it"
            ) from error

    # Contexts and components.

    def _take_context(self, document: _ContextDocument) -> None:
        module = ".".join(self.namer.context(document.names))
        problem = module_problem(module)
        if problem is not None:
            self._warn(document, 0, f"its path makes no module for a context: the module {problem}; left out")
        elif (reason := self._path_problem((ArtifactKind.DESIGN,), module, module)) is not None:
            self._warn(document, 0, f"the context {quoted(module)} is left out: its file {reason}")
        elif module in self.contexts:
            first = visible(str(self.contexts[module].file.path))
            self._warn(document, 0, f"the context {quoted(module)} has its document already, {first}; left out")
        else:
            self.contexts[module] = document

    def _children(self, context: str, document: _ContextDocument) -> list[_Taken]:
        for remark in document.text.remarks:
            self._warn(document, remark.line, remark.message)
        own = self._design_path(context, context)
        if own != str(document.file.path):
            self._warn(document, 0, f"the document of {quoted(context)} is looked for at {visible(own)}; move it there")
        found = (self._take(document, listed) for listed in document.text.components)
        return [taken for taken in found if taken is not None]

    def _take(self, document: _ContextDocument, listed: ListedComponent) -> _Taken | None:
        written = composed(listed.name)
        problem = _name_problem(written)
        if problem is not None:
            self._warn(document, listed.line, f"no component: its name {problem}; left out")
            return None
        parts = self.namer.component(document.names, written)
        module = ".".join(parts)
        if module in self.contexts:
            self._warn(document, listed.line, f"{quoted(module)} is a context of its own, no component of this one")
            return None
        context = self.namer.context(document.names)
        is_below = len(parts) > len(context) and parts[: len(context)] == context
        name = ".".join(parts_of(written)[-(len(parts) - len(context)) :]) if is_below else parts_of(written)[-1]
        name = name if name_problem(name) is None else parts[-1]
        taken = _Taken(module, name, listed, _shown(document.file.path))
        reason = self._path_problem(tuple(ArtifactKind), module, name)
        if reason is not None:
            self._warn(document, listed.line, f"{quoted(module)} is left out: its file {reason}")
            return None
        return self._once(taken)

    def _path_problem(self, kinds: Iterable[ArtifactKind], module: str, name: str) -> str | None:
        """Why a file that would belong to a module cannot be; the manifest would be refused for it."""
        for path in (self.rules.path_of(kind, module, name) for kind in kinds):
            problem = path_problem(self.root, path)
            directory = path.rpartition("/")[0]
            if problem is None and directory not in self.outside:
                self.outside[directory] = leaves_root(self.root, path)
            if problem is None and self.outside[directory]:
                problem = "leads out of the project root"
            if problem is not None:
                return f"{quoted(path)} {problem}"
        return None

    def _once(self, taken: _Taken) -> _Taken | None:
        path = self._design_path(taken.module, taken.name)
        first = self.taken.setdefault(path, taken)
        if first is taken:
            return taken
        line = first.listed.line
        where = f"on line {line}" if first.file == taken.file else f"in {first.file}, line {line}"
        message = f"the component {quoted(taken.module)} is listed twice: the first time {where}"
        self.mistakes.append(Mistake(taken.file, taken.listed.line, message))
        return None

    def _context(
        self, module: str, document: _ContextDocument, children: Sequence[_Taken], dependencies: Dependencies
    ) -> ImportedContext:
        last = module.rpartition(".")[2]
        is_alone = sum(other.rpartition(".")[2] == last for other in self.contexts) == 1
        return ImportedContext(
            name=last if is_alone or name_problem(module) is not None else module,
            module=module,
            description=document.text.description,
            depends_on=self._named_in(document.text, document.file.path, module, document, dependencies),
            components=tuple(self._component(taken, document, dependencies) for taken in children),
        )

    def _component(self, taken: _Taken, document: _ContextDocument, dependencies: Dependencies) -> ImportedComponent:
        return ImportedComponent(
            name=taken.name,
            module=taken.module,
            description=taken.listed.description,
            depends_on=self._depends_on(taken, document, dependencies),
            type=taken.listed.type,
            priority=taken.listed.priority,
        )

    def _depends_on(self, taken: _Taken, document: _ContextDocument, dependencies: Dependencies) -> tuple[str, ...]:
        """What the component's own document names under Dependencies."""
        path = self._design_path(taken.module, taken.name)
        text = self.reading.others.get(path)
        if text is None or "dependencies" not in text.casefold():
            return ()
        return self._named_in(read_design(text), PurePosixPath(path), taken.module, document, dependencies)

    def _named_in(
        self,
        text: DesignText,
        path: PurePosixPath,
        module: str,
        document: _ContextDocument,
        dependencies: Dependencies,
    ) -> tuple[str, ...]:
        found = dependencies.of(text, module, document.names)
        self.warnings.extend(Mistake(_shown(path), each.line, visible(each.message)) for each in dependencies.remarks)
        return found

    def _leave_strangers(self) -> None:
        """Documents that are nobody's are told."""
        theirs = {*self.taken, *(str(document.file.path) for document in self.contexts.values())}
        for path in self.reading.others:
            if path not in theirs:
                self.left_out.append(LeftOut(visible(path), "lists no components, and no context lists its module"))

    def _design_path(self, module: str, name: str) -> str:
        return self.rules.path_of(ArtifactKind.DESIGN, module, name)

    def _warn(self, document: _ContextDocument, line: int, message: str) -> None:
        self.warnings.append(Mistake(_shown(document.file.path), line, visible(message)))


def _shown(path: PurePosixPath) -> Path:
    """A path as it may stand in messages."""
    return Path(visible(str(path)))
