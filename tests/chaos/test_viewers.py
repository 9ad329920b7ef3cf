"""The short form of five viewers at a run, one of them stopped by a signal and one killed."""

from pathlib import Path

from .viewers import WAL_BYTES, watched


async def test_the_writer_goes_on_and_its_log_stays_bounded(tmp_path: Path) -> None:
    seen = await watched(tmp_path, commits=600)
    written = 2 * 600 * 8_000
    assert (seen.commits, seen.while_stopped) == (600, 600)
    assert seen.printed >= 0, "whoever lives has read every line"
    assert seen.largest < min(WAL_BYTES, written), "the log was begun anew"
