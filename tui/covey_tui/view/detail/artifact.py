"""The Artifact tab: a session's file as it is now, and its difference from the last commit. Pure."""

from datetime import datetime

from covey.client.artifact import Artifact
from covey.model.session import Session
from covey.text.sanitise import SafeText, sanitise, sanitise_line
from covey.text.words import ago, size
from covey_tui.view.detail.document import document_lines
from covey_tui.view.detail.pieces import LONGEST, block, end_of, muted
from covey_tui.view.spans import BLANK, MUTED, Line, Role, Span, Tone, joined, room, span, spread

RENDERED_LIMIT = 200_000
"""The most characters of a document that are rendered; longer ones are shown as plain text."""

_PLAIN_LIMIT = 1_000_000
_TONES = {"+": Tone(Role.SUCCESS), "-": Tone(Role.ERROR), "@": MUTED, "\\": MUTED}


def artifact_head(artifact: Artifact, now: datetime, width: int, *, diff: bool = False) -> Line:
    """The path, how large the file is and how old; what the other view is called with which key."""
    facts: list[Line] = []
    if artifact.present:
        facts.append((span(size(artifact.size), MUTED),))
    if artifact.modified_at is not None:
        facts.append((span(f"{ago(artifact.modified_at, now)} ago", MUTED),))
    if diff:
        facts.append((span("diff", MUTED),))
    right = joined(facts, "   ")
    path = end_of(sanitise_line(artifact.path, LONGEST), max(1, width - room(right) - 2))
    return spread((Span(path),), right, width)


def is_rendered(artifact: Artifact) -> bool:
    """The file is shown as a rendered document, not as plain text."""
    return artifact.path.endswith(".md") and len(artifact.text) <= RENDERED_LIMIT and not artifact.truncated


def artifact_lines(artifact: Artifact, width: int) -> list[Line]:
    """The file: a document is rendered, all else is shown as it is; of a large file the beginning."""
    if is_rendered(artifact):
        return document_lines(artifact.text, max(1, width - 1))
    lines = block(sanitise(artifact.text[:_PLAIN_LIMIT].removesuffix("\n")), width)
    if artifact.truncated or len(artifact.text) > _PLAIN_LIMIT:
        lines += [BLANK, *muted("The file goes on; this is its beginning.", width)]
    return lines


def no_artifact(session: Session, artifact: Artifact | None) -> str | None:
    """Why there is no file to show, in a sentence; None when there is one, or nobody has looked yet."""
    if session.artifact_path is None:
        return "This session has no file of its own."
    if artifact is None or artifact.present:
        return None
    if artifact.reason == "is not there" and session.phase is not None:
        return f"Not written yet: {artifact.path}"
    return f"{artifact.path} {artifact.reason}."


def diff_lines(diff: str | None, width: int) -> list[Line]:
    """A unified diff with its added and removed lines in colour."""
    if diff is None:
        return muted("Nothing to compare with: git has no version of this file, or one too large to show.", width)
    if not diff:
        return muted("No changes since the last commit.", width)
    lines: list[Line] = []
    for text in sanitise(diff[:_PLAIN_LIMIT]).removesuffix("\n").split("\n"):
        lines += block(SafeText(text), width, _TONES.get(text[:1], Tone())) or [BLANK]
    return lines
