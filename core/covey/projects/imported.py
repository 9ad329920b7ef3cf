"""What an importer found, whatever it read: enough for a manifest, and what a person should be told. Pure values."""

from dataclasses import dataclass

from covey.config.settings import DEFAULT_TYPE, Preset
from covey.errors import Mistake


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that was not taken, and why. `path` is relative to the project root, made visible for messages."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedComponent:
    """A component of the project; `depends_on` are the modules that it needs, by the names that the project has."""

    name: str
    module: str
    description: str
    depends_on: tuple[str, ...]
    type: str = DEFAULT_TYPE
    priority: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedContext:
    """A context with its components."""

    name: str
    module: str
    description: str
    depends_on: tuple[str, ...] = ()
    components: tuple[ImportedComponent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an importer found.

    `preset_reason` says why the preset is the one it is; `source` are the source roots, for Python alone; `design` is
    the template of design documents where it is not the preset's. `warnings` name files, relative to the project root,
    with lines counted from 1.
    """

    project_name: str
    preset: Preset = Preset.PYTHON
    preset_reason: str = ""
    source: tuple[str, ...]
    design: str | None = None
    contexts: tuple[ImportedContext, ...]
    left_out: tuple[LeftOut, ...]
    warnings: tuple[Mistake, ...]

    @property
    def components(self) -> int:
        """How many components there are in all contexts."""
        return sum(len(context.components) for context in self.contexts)
