"""How much room covey's own directory takes, and what of it."""

import os
from pathlib import Path

from covey.client.checkup.finding import Finding, Severity
from covey.config.state_dir import ENGINE_LOG, STATE_DIRECTORY
from covey.store.archives import ARCHIVE, ArchiveReads
from covey.store.connection import database_path
from covey.store.copies import copies_of
from covey.store.crash_reports import crash_reports
from covey.text.words import plural, size


async def sizes(root: Path, reads: ArchiveReads | None) -> list[Finding]:
    """The room that everything takes; `reads` None where the database cannot be read."""
    state = root / STATE_DIRECTORY
    path = database_path(state)
    transcripts = "" if reads is None else f" (transcripts: {size(await reads.transcript_bytes())})"
    parts = [
        f"database {size(_size(path))}{transcripts}",
        f"write-ahead log {size(_size(path.with_name(f'{path.name}-wal')))}",
        f"logs {size(sum(map(_size, state.glob(f'{ENGINE_LOG}*'))))}",
        f"worktrees {size(_below(state / 'worktrees'))}",
        f"prompts {size(_below(state / 'prompts'))}",
        f"replaced files {size(_below(state / 'replaced'))}",
        f"archives {size(_below(state / ARCHIVE))}",
        f"copies of the database {size(sum(map(_size, copies_of(path))))}",
    ]
    findings = [Finding("sizes", Severity.OK, ", ".join(parts))]
    reports = crash_reports(state)
    if reports:
        newest = f"{STATE_DIRECTORY}/{reports[0].path.name}"
        message = f"{plural(len(reports), 'report')} of crashes; the newest: {newest}: {reports[0].error()}"
        findings.append(Finding("crashes", Severity.NOTE, message, "read it, then remove it"))
    return findings


def _size(path: Path) -> int:
    """A file's size in bytes; 0 when it is gone."""
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _below(directory: Path) -> int:
    """The size in bytes of all files below a directory; links are not followed."""
    return sum(_size(Path(place) / name) for place, _, names in os.walk(directory) for name in names)
