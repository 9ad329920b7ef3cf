"""`covey doctor`: whether the project's state is in order."""

import asyncio

from covey.cli.options import Json, ProjectDir
from covey.cli.out import Out
from covey.client.checkup.finding import Finding, Severity
from covey.client.health import examine, in_order
from covey.client.place import find_root
from covey.text.glyphs import LOOKS, GlyphSet
from covey.text.sanitise import SafeText, sanitise_line

NOT_IN_ORDER = 1

_STATES = {Severity.OK: "complete", Severity.NOTE: "queued", Severity.WARNING: "blocked", Severity.ERROR: "failed"}


def doctor(*, fix: bool = False, json: Json = False, project: ProjectDir = None) -> int:
    """Examine the manifest, the database, the log, the engine, programs, files left behind, worktrees and agents.

    Args:
        fix: Mend what can be mended without any loss, while no engine is at work (covey stop --engine); without it,
            nothing is changed.
        json: One object.
        project: The project's directory; default: the nearest with a covey.toml.
    """
    root, out = find_root(project), Out(asked_json=json)
    findings = asyncio.run(examine(root, fix=fix))
    ok = in_order(findings)
    if json:
        out.json({"ok": ok, "findings": [finding._asdict() for finding in findings]})
    else:
        out.text(*(line for finding in findings for line in _lines(finding, out.glyphs)))
    return 0 if ok else NOT_IN_ORDER


def _lines(finding: Finding, glyphs: GlyphSet) -> list[SafeText]:
    glyph = LOOKS[_STATES[finding.severity]].glyph(glyphs)
    lines = [SafeText(f"{glyph} {finding.check:<10} {sanitise_line(finding.message)}")]
    if finding.fix:
        lines.append(SafeText(f"{'':<13}{sanitise_line(finding.fix)}"))
    return lines
