"""The parent's verdict over its children: what it rests on, in one message and as lists (semantics, section 4)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from covey import errors
from covey.model.command import Result, ResultStatus
from covey.model.session import Session
from covey.model.status import Status
from covey.steps.base import Handled

Facts = dict[str, Any]


@dataclass(slots=True)
class Findings:
    """What a parent's verdict rests on, as lists of facts; their order is that of the message."""

    running: list[Facts] = field(default_factory=list)
    failed: list[Facts] = field(default_factory=list)
    cancelled: list[Facts] = field(default_factory=list)
    missing_files: list[Facts] = field(default_factory=list)
    not_created: list[Facts] = field(default_factory=list)
    skipped: list[Facts] = field(default_factory=list)

    def message(self) -> str:
        """All findings in one message; empty when all is in order."""
        parts = (
            ("Child sessions still running", [fact["component"] for fact in self.running]),
            ("Child sessions failed", [_with_reason(fact) for fact in self.failed]),
            ("Child sessions cancelled", [fact["component"] for fact in self.cancelled]),
            ("Design files missing", [fact["path"] for fact in self.missing_files]),
            ("Child sessions not created", [_with_reason(fact) for fact in self.not_created]),
        )
        return "; ".join(f"{title}: {', '.join(names)}" for title, names in parts if names)

    def lists(self) -> Facts:
        """The same facts as JSON."""
        return {
            "running": self.running,
            "failed": self.failed,
            "cancelled": self.cancelled,
            "missing_files": self.missing_files,
            "not_created": self.not_created,
            "skipped": self.skipped,
        }

    def only_waiting(self) -> bool:
        """Nothing is wrong but that children still run."""
        return bool(self.running) and not (self.failed or self.cancelled or self.missing_files or self.not_created)


def examine(
    children: Sequence[Session], failed_components: object, file_is_missing: Callable[[Session], bool]
) -> Findings:
    """Sort children by how they ended; of those that ended well, `file_is_missing` is asked for their files.

    `failed_components` is what the command could not create; what exists by now is left out.
    """
    findings = Findings()
    for child in children:
        fact: Facts = {"session_id": child.id, "component": child.component, "module": child.module}
        match child.status:
            case Status.ACTIVE:
                findings.running.append(fact)
            case Status.FAILED:
                reason = child.error_message or errors.UNKNOWN_REASON
                findings.failed.append({**fact, "reason": reason, "cause": child.failure_cause})
            case Status.CANCELLED:
                findings.cancelled.append(fact)
            case Status.SKIPPED:
                findings.skipped.append({**fact, "reason": child.skip_reason})
            case Status.COMPLETE:
                if file_is_missing(child):
                    findings.missing_files.append({**fact, "path": child.artifact_path})
    findings.not_created.extend(_not_created(failed_components, children))
    return findings


def verdict(family: Sequence[Session], result: Result, findings: Findings, nothing_done: str = "") -> Handled:
    """The result of a spawn command as the verdict over the family that was read; it holds only while that does.

    `nothing_done` says what is wrong where the findings say nothing. An error that came with the result is kept beside
    the verdict.
    """
    message = findings.message() or nothing_done
    data = findings.lists()
    if result.error_message is not None:
        data["client_error"] = result.error_message
    if message:
        data["kind"] = "waiting" if findings.only_waiting() else "needs_human"
    judged = replace(
        result,
        status=ResultStatus.ERROR if message else ResultStatus.OK,
        error_message=message or None,
        data=data,
    )
    return Handled({}, judged, {member.id: member.version for member in family})


def _with_reason(fact: Facts) -> str:
    return f"{fact['component']} (reason: {fact['reason']})"


def _not_created(failed_components: object, children: Sequence[Session]) -> Iterable[Facts]:
    """Those components that the command could not create a session for and that have none still."""
    if not isinstance(failed_components, list):
        return
    have = {child.component_id for child in children}
    for failed in failed_components:
        if isinstance(failed, Mapping) and failed.get("component_id") not in have:
            reason = failed.get("reason") or errors.UNKNOWN_REASON
            yield {"component_id": failed.get("component_id"), "component": failed.get("name"), "reason": reason}
