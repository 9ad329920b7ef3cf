"""What a check says: a finding, and how bad it is."""

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How bad a finding is; a project is in order without warnings and errors."""

    OK = "ok"
    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class Finding(NamedTuple):
    """What a check saw. `fix` is what to do, where there is something to do."""

    check: str
    severity: Severity
    message: str
    fix: str | None = None


MEND = "covey doctor --fix"
