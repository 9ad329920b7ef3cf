"""Whether the log and what was made of it agree: rows of sessions can be made anew from it, the log from nothing."""

from collections.abc import AsyncIterator, Iterable
from itertools import islice

from covey.client.checkup.finding import MEND, Finding, Severity
from covey.clock import Clock
from covey.store.alone import Alone
from covey.store.archives import ArchiveReads
from covey.store.audit import Audit, audit
from covey.text.sanitise import sanitise_line
from covey.text.words import plural, short_id

_NAMED = 5
_CANNOT = "what is missing cannot be made anew; a copy of the database may have it, beside it or in a backup"


async def projection(reads: ArchiveReads, clock: Clock, alone: Alone | None) -> AsyncIterator[Finding]:
    """What the fold of the whole log says of the log itself, and of the rows of sessions."""
    found = await audit(reads)
    wrong = [*_about_the_log(found)]
    for finding in wrong:
        yield finding
    async for finding in _credentials(found, clock, alone, whole=not wrong):
        yield finding
    changed = [*found.absent, *found.differing]
    if found.unknown:
        keys = _named(map(short_id, found.unknown))
        message = f"{plural(len(found.unknown), 'session')} of which no line of the log tells: {keys}; kept"
        yield Finding("log", Severity.WARNING, message, "look at it with: covey show ID")
    if not changed:
        if not wrong and not found.unknown and found.credentials is None:
            lines, rows = plural(found.lines, "line"), plural(found.sessions, "session")
            yield Finding("log", Severity.OK, f"the log ({lines}) and what is stored of {rows} agree")
        return
    message = f"what is stored of {_sessions(found)} is not what the log says: {_named(_ids(found))}"
    if alone is None or wrong:
        fix = "the log is not whole, so it cannot say what is right; nothing was changed" if wrong else MEND
        yield Finding("log", Severity.ERROR, message, fix)
        return
    copy = await alone.copied(f"fix-{clock.now():%Y%m%dT%H%M%SZ}")
    await alone.restore(changed)
    yield Finding("log", Severity.OK, f"{message}; made anew from it; as it was before: {copy}")


async def _credentials(found: Audit, clock: Clock, alone: Alone | None, *, whole: bool) -> AsyncIterator[Finding]:
    """The credentials that are paused, where what is stored of them is not what the log says."""
    if found.credentials is None:
        return
    names = ", ".join(sanitise_line(pause.credential) for pause in found.credentials) or "none"
    message = f"what is stored of paused credentials is not what the log says: {names}"
    if alone is None or not whole:
        fix = MEND if whole else "the log is not whole, so it cannot say what is right; nothing was changed"
        yield Finding("log", Severity.ERROR, message, fix)
        return
    copy = await alone.copied(f"fix-credentials-{clock.now():%Y%m%dT%H%M%SZ}")
    await alone.restore_credentials(found.credentials)
    yield Finding("log", Severity.OK, f"{message}; made anew from it; as it was before: {copy}")


def _about_the_log(found: Audit) -> list[Finding]:
    findings = []
    if found.missing:
        stretches = _named(str(first) if first == last else f"{first}-{last}" for first, last in found.missing)
        findings.append(Finding("log", Severity.ERROR, f"lines of the log are missing: {stretches}", _CANNOT))
    for seq, reason in found.unreadable[:_NAMED]:
        findings.append(Finding("log", Severity.ERROR, f"line {seq} of the log {reason}", _CANNOT))
    if len(found.unreadable) > _NAMED:
        more = f"{plural(len(found.unreadable) - _NAMED, 'further line')} of the log cannot be applied"
        findings.append(Finding("log", Severity.ERROR, more, _CANNOT))
    findings += [Finding("archive", Severity.WARNING, reason) for reason in found.gone]
    return findings


def _sessions(found: Audit) -> str:
    return plural(len(found.differing) + len(found.absent), "session")


def _ids(found: Audit) -> list[str]:
    return [short_id(session.id) for _, session in (*found.differing, *found.absent)]


def _named(names: Iterable[str]) -> str:
    first, more = list(islice(names, _NAMED + 1)), ", …"
    return f"{', '.join(first[:_NAMED])}{more if len(first) > _NAMED else ''}"
