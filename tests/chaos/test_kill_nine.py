"""The short form of the chaos run, for every run of the tests."""

from pathlib import Path

from .kill_nine import chaos


def test_nothing_is_lost_or_done_twice(tmp_path: Path) -> None:
    report = chaos(tmp_path, components=30, kills=4, seed=7)
    assert report.flaws == []
    assert report.kills == 4
