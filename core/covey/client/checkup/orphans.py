"""Programs that go on although their engine is gone: only those that covey has recorded are ever ended."""

from collections.abc import AsyncIterator

from covey.client.checkup.finding import MEND, Finding, Severity
from covey.store.alone import Alone
from covey.store.sqlite import Viewer
from covey.text.words import plural, short_id
from covey.workspace.processes import OUT_OF_SIGHT, Grace, ProcessRecord, end_recorded, is_left, sight_of


async def orphans(viewer: Viewer, grace_seconds: float, alone: Alone | None) -> AsyncIterator[Finding]:
    """A finding for each recorded group that goes on; `grace_seconds` is what it gets to end by itself."""
    over = 0
    for process in await viewer.processes():
        record = ProcessRecord(pid=process.pid, group=process.group, started=process.started)
        if sight_of(record) in OUT_OF_SIGHT:
            message = (
                f"a program of session {short_id(process.session_id)} began in another container or on another host"
            )
            fix = "see there that it has ended; its session waits for your decision: covey status"
            yield Finding("processes", Severity.NOTE, f"{message}, and cannot be seen from here", fix)
            continue
        if not is_left(record):
            over += 1
        elif alone is None:
            who = f"a program of session {process.session_id} goes on without its engine"
            message = f"{who} (process group {process.group})"
            fix = f"{MEND}; the next covey run ends it, too; or: kill -- -{process.group}"
            yield Finding("processes", Severity.WARNING, message, fix)
            continue
        else:
            await end_recorded(record, Grace(seconds=grace_seconds))
            who = f"a program of session {short_id(process.session_id)} (process group {process.group})"
            if is_left(record):
                advice = f"look at it: ps -g {process.group}"
                yield Finding("processes", Severity.WARNING, f"{who} does not end", advice)
                continue
            yield Finding("processes", Severity.OK, f"{who} went on without its engine; it was ended")
        if alone is not None:
            await alone.forget_process(process.pid, process.started)
    if over:
        message = f"{plural(over, 'program')} on record that ended with the engine"
        said = Finding("leases", Severity.NOTE, message, MEND)
        yield said if alone is None else Finding("leases", Severity.OK, f"{message}; forgotten")
