"""For whom something is read or written: every repository call takes a scope."""

import msgspec


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """One project: a root directory with a manifest. `root` is absolute; `config` is the manifest's settings."""

    id: str
    name: str
    root: str
    preset: str
    config: dict[str, object]


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The active project and the local user's name. A session of another project is not found."""

    project: Project
    user: str
