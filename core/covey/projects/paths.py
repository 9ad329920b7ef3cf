"""Which files belong to a component: the path rules of the presets, and the templates that replace them.

Paths are texts with `/` between their parts, relative to the project root. Whether a file is there, and what is in it,
is the matter of `covey.artifacts`; only the choice between several source roots looks at the disk.
"""

import os
from enum import StrEnum
from pathlib import Path

from covey.config.settings import PathsTable, Preset, ProjectTable
from covey.model.component import Component


class ArtifactKind(StrEnum):
    """The kinds of files that components and contexts have."""

    DESIGN = "design"
    CODE = "code"
    TEST = "test"
    REVIEW = "review"


OF_COMPONENT = (ArtifactKind.DESIGN, ArtifactKind.CODE, ArtifactKind.TEST)
"""The files of a component."""

OF_CONTEXT = (ArtifactKind.DESIGN, ArtifactKind.REVIEW)
"""The files of a context: its document, and the review of that and of its components' documents."""

_DOCUMENT_SUFFIX = ".md"

_TEMPLATES = {
    (Preset.PYTHON, ArtifactKind.DESIGN): "docs/design/{path}.md",
    (Preset.PYTHON, ArtifactKind.TEST): "tests/{dir}/test_{stem}.py",
    (Preset.ELIXIR, ArtifactKind.DESIGN): "docs/design/{path}.md",
    (Preset.ELIXIR, ArtifactKind.CODE): "lib/{path}.ex",
    (Preset.ELIXIR, ArtifactKind.TEST): "test/{path}_test.exs",
}


class PathRules:
    """The path rules of one project: its preset, its templates, and its source roots."""

    def __init__(self, root: Path, project: ProjectTable, paths: PathsTable) -> None:
        self.root = root
        self.preset = project.preset
        self.source = project.source
        own: dict[str, str | None] = {kind: getattr(paths, kind) for kind in ArtifactKind}
        self._templates = {kind: own[kind] or _TEMPLATES.get((self.preset, kind)) for kind in ArtifactKind}
        self._filled: dict[tuple[ArtifactKind, str, str], str] = {}

    def path(self, kind: ArtifactKind, component: Component) -> str:
        """The file of this kind that belongs to a component, relative to the project root."""
        return self.path_of(kind, component.module_name, component.name)

    def path_of(self, kind: ArtifactKind, module: str, name: str) -> str:
        """The same for a module and its display name, for those who have no component yet."""
        template = self._templates[kind]
        if template is None and kind is ArtifactKind.REVIEW:
            return _review_of(self.path_of(ArtifactKind.DESIGN, module, name))
        if template is None:
            return self._source_file(module_path(self.preset, module))
        key = (kind, module, name)
        if key not in self._filled:
            self._filled[key] = self._fill(template, module, name)
        return self._filled[key]

    def _fill(self, template: str, module: str, name: str) -> str:
        path = module_path(self.preset, module)
        parent, _, stem = path.rpartition("/")
        filled = template.format(path=path, dir=parent, stem=stem, module=module, name=name)
        return "/".join(part for part in filled.split("/") if part not in {"", "."}) or "."

    def _source_file(self, path: str) -> str:
        """A Python module's file: the one that exists under a source root, else where it would be written.

        A package's code is its `__init__.py`; a new module goes to the first root that has its directory.
        """
        bases = [path if source == "." else f"{source}/{path}" for source in self.source]
        for candidate in (f"{base}{ending}" for base in bases for ending in (".py", "/__init__.py")):
            if os.path.isfile(f"{self.root}/{candidate}"):  # noqa: PTH113 - Path's raises where a name is too long
                return candidate
        homes = (base for base in bases if os.path.isdir(os.path.dirname(f"{self.root}/{base}")))  # noqa: PTH112, PTH120
        return f"{next(homes, bases[0])}.py"


def _review_of(design: str) -> str:
    """The review of a context, below its document; beside one whose name does not end as a document's should."""
    base = design.removesuffix(_DOCUMENT_SUFFIX)
    return f"{design}_review{_DOCUMENT_SUFFIX}" if base == design else f"{base}/design_review{_DOCUMENT_SUFFIX}"


def module_path(preset: Preset, module: str) -> str:
    """`<path>` of a module: its name as the preset writes it in paths, without a suffix."""
    if preset is Preset.ELIXIR:
        return underscore(module)
    return module.replace(".", "/")


def underscore(module: str) -> str:
    """The name of an Elixir module as its files are named: `Shop.HTTP2Client` → `shop/http2_client`."""
    return "/".join(_underscore_part(part) for part in module.split("."))


def _underscore_part(part: str) -> str:
    """One part of a module name: the rule that Elixir's own `Macro.underscore` follows, left to right."""
    written = part[:1].lower()
    index = 1
    while index < len(part):
        previous, letter, following = part[index - 1], part[index], part[index + 1 : index + 2]
        if letter.isupper() and following and not (following.isupper() or following.isdigit() or following == "_"):
            written += f"_{letter.lower()}{following}"
            index += 2
            continue
        starts_word = letter.isupper() and not (previous.isupper() or previous == "_")
        written += f"_{letter.lower()}" if starts_word else letter.lower()
        index += 1
    return written
