"""What a process that a mistake of covey's has ended leaves behind: readable, without secrets, and not for ever."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from covey.store.crash_reports import KEPT, CrashReport, crash_reports, drop_old_reports, write_report
from covey.workspace.credentials import HIDDEN, Credentials

NOON = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)
SECRET = "s3cr3t-v4lue"


def crash(text: str, note: str | None = None) -> RuntimeError:
    try:
        raise RuntimeError(text)
    except RuntimeError as error:
        if note is not None:
            error.add_note(note)
        return error


def report(state: Path, text: str = "boom", at: datetime = NOON, note: str | None = None) -> Path:
    hidden = Credentials({"MY_AGENT_KEY": SECRET, "HOME": "/home/ada", "SHORT_KEY": "a"}).hidden
    return write_report(state, crash(text, note), doing="covey engine", version="1.2.3", at=at, hidden=hidden)


class TestReport:
    """One file for each crash, for whoever looks for the mistake."""

    def test_says_what_it_was_when_and_where(self, tmp_path: Path) -> None:
        path = report(tmp_path, note="engine of epoch 7, unfinished runs: r1 (design of shop)")
        text = path.read_text(encoding="utf-8")
        assert path == tmp_path / f"crash-20261122T120000Z-{os.getpid()}.txt"
        for said in ("covey 1.2.3", "doing: covey engine", f"pid: {os.getpid()}", "python: ", "platform: "):
            assert said in text
        assert "at: 2026-11-22T12:00:00+00:00" in text
        assert "error: RuntimeError: boom" in text
        assert "raise RuntimeError(text)" in text
        assert "unfinished runs: r1 (design of shop)" in text

    def test_has_no_escapes_and_no_secrets(self, tmp_path: Path) -> None:
        text = report(tmp_path, f"\x1b]0;owned\x07 with {SECRET} at /home/ada/a").read_text(encoding="utf-8")
        assert "\x1b" not in text
        assert "\x07" not in text
        assert SECRET not in text
        assert f"with {HIDDEN} at /home/ada/a" in text

    def test_is_found_again_with_its_error_in_a_line(self, tmp_path: Path) -> None:
        path = report(tmp_path, "one\ntwo")
        (found,) = crash_reports(tmp_path)
        assert found == CrashReport(path, os.getpid(), NOON.replace(microsecond=0))
        assert found.error().startswith("RuntimeError: one")
        assert "\n" not in found.error()

    def test_of_several_errors_the_first_is_named(self, tmp_path: Path) -> None:
        inner = ExceptionGroup("inside", [crash("first"), crash("second")])
        error = ExceptionGroup("outside", [inner])
        write_report(tmp_path, error, doing="covey run", version="1", at=NOON, hidden=str)
        assert crash_reports(tmp_path)[0].error() == "RuntimeError: first"

    def test_one_that_is_gone_has_no_error(self, tmp_path: Path) -> None:
        report(tmp_path).unlink()
        assert CrashReport(tmp_path / "gone", 1, NOON).error() == ""


class TestKept:
    """A handful of them, and nothing else is touched."""

    def test_the_newest_few(self, tmp_path: Path) -> None:
        mine = tmp_path / "crash-notes.txt"
        mine.write_text("mine", encoding="utf-8")
        paths = [report(tmp_path, at=NOON + timedelta(seconds=n)) for n in range(KEPT + 3)]
        assert [found.path for found in crash_reports(tmp_path)] == paths[: -KEPT - 1 : -1]
        assert mine.read_text(encoding="utf-8") == "mine"
        assert drop_old_reports(tmp_path, keep=1) == KEPT - 1
        assert [found.path for found in crash_reports(tmp_path)] == [paths[-1]]
