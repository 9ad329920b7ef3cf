"""`covey prune`: put away what ended long ago."""

import asyncio
from datetime import timedelta

from covey.cli.options import Json, ProjectDir
from covey.cli.out import Out, complain
from covey.client.place import find_root
from covey.client.prune import Pruned, PutAway
from covey.client.prune import prune as put_away
from covey.config.durations import parse_age
from covey.errors import UsageError
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import plural, short_id, size


def prune(
    *,
    older: str = "30d",
    dry_run: bool = False,
    json: Json = False,
    project: ProjectDir = None,
) -> int:
    """Put away the transcripts and most of the log of runs that ended long ago, and make the database smaller.

    Each run becomes a file in .covey/archive, which covey events and covey logs still read. Its sessions, steps and
    decisions stay where they are. Unfinished runs stay whole, and so does the newest run of each context.

    Args:
        older: How long ago runs ended at least: 12h, 30d, 2w; default: 30d.
        dry_run: Say what would be put away; change nothing.
        json: One object.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    try:
        age = timedelta(seconds=parse_age(older))
    except ValueError as error:
        raise UsageError(f"--older {error}") from error
    root, out = find_root(project), Out(asked_json=json)
    pruned = asyncio.run(put_away(root, age, dry_run=dry_run))
    if pruned.warning:
        complain(pruned.warning)
    if json:
        out.json(_object(pruned, dry_run=dry_run))
    else:
        out.text(*_lines(pruned, older, dry_run=dry_run))
    return 0


def _object(pruned: Pruned, *, dry_run: bool) -> dict[str, object]:
    return {
        "changed": bool(pruned.runs) and not dry_run,
        "dry_run": dry_run,
        "runs": [
            {
                "run_id": each.run.root.id,
                "type": each.run.root.type,
                "context": each.run.root.component,
                "module": each.run.root.module,
                "finished_at": each.run.root.finished_at,
                "events": each.run.events,
                "transcript_rows": each.run.transcripts,
                "archive": each.archive,
            }
            for each in pruned.runs
        ],
        "bytes_before": pruned.before,
        "bytes_after": pruned.after,
    }


def _lines(pruned: Pruned, older: str, *, dry_run: bool) -> list[SafeText]:
    if not pruned.runs:
        return [SafeText(f"nothing to put away: no run ended more than {older} ago; each context keeps its newest")]
    lines = [_line(each) for each in pruned.runs]
    runs = plural(len(pruned.runs), "run")
    if dry_run:
        return [*lines, SafeText(f"{runs} would be put away; nothing was changed")]
    shrunk = f"the database had {size(pruned.before)} and has {size(pruned.after)}"
    return [*lines, SafeText(f"{runs} put away; {shrunk}")]


def _line(each: PutAway) -> SafeText:
    root = each.run.root
    ended = "" if root.finished_at is None else f", ended {root.finished_at:%Y-%m-%d}"
    what = f"{plural(each.run.events, 'line')} of the log, {plural(each.run.transcripts, 'row')} of transcripts"
    place = "" if each.archive is None else f": {each.archive}"
    return SafeText(f"{short_id(root.id)} {sanitise_line(root.component)}{ended}: {what}{place}")
