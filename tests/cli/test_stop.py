"""`covey wait`: what it says of a run that needs somebody. (`covey stop` is in `tests/e2e/test_own_process.py`.)"""

import re
from pathlib import Path

import pytest

from tests.cli.program import covey
from tests.manifests import declared

LONGEST = 500


def test_a_run_in_which_all_failed_is_told_in_a_few_lines(tmp_path: Path) -> None:
    names = [f"Component{number}" for number in range(8)]
    (tmp_path / "covey.toml").write_text(declared("Shop", *names), encoding="utf-8")
    assert covey("run", "code", "shop", "--headless", cwd=tmp_path).code == 6
    ran = covey("wait", cwd=tmp_path)
    assert (ran.code, ran.out) == (6, "")
    assert re.match(r"covey: Shop is paused: 8 sessions failed ", ran.err)
    assert len(ran.err) < LONGEST < len(covey("wait", "--json", cwd=tmp_path).object["reason"])


def test_without_time_to_wait_it_tells_how_a_run_stands(blocked: Path) -> None:
    assert covey("wait", "--timeout", "0", cwd=blocked).code == covey("wait", cwd=blocked).code == 6


@pytest.mark.parametrize("seconds", ["nan", "-1"])
def test_what_is_no_time_is_refused(blocked: Path, seconds: str) -> None:
    ran = covey("wait", f"--timeout={seconds}", cwd=blocked)
    assert (ran.code, ran.err) == (2, f"covey: --timeout takes seconds from 0 on, not {seconds}\n")
