"""`covey report`: a real run, told to people, to CI servers and to programs."""

import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from covey.store.lock import engine_lock
from tests.cli.program import command, covey, environment
from tests.reports.test_data import KEYS
from tests.store.lives import outside

MONEY = "docs/design/shop/billing/money.md"

WHOLE = """\
# covey design: shop.billing (project shop)

**Needs you.** 3 of 5 components complete, 1 with the file missing, 1 failed.

- Run `RUN`, begun MOMENT, last changed TIME later
- Agent: `offline`

## What needs you

**Failed: agent**

- `tax` (`TAX`, for `docs/design/shop/billing/tax.md`): src/shop/billing/tax.py:26: syntax error, PYTHON: \
'(' was never closed: return Money((net.cents \\* rate.value + 50) // 100, net.currency

```sh
covey logs TAX
covey retry TAX --note '...'
covey skip TAX --reason '...'
```

**File missing**

- `money` (`MONEY`): `docs/design/shop/billing/money.md`

Put the file back and it is taken as it is; or have it made again, or go on without it:

```sh
covey retry MONEY
covey skip MONEY --reason '...'
```

Nobody is at work on this run. This goes on with it, and carries out what was asked for meanwhile:

```sh
covey run design shop.billing
```

## Components

| Component | State | Attempt | Took | File |
| --- | --- | --- | --- | --- |
| `invoice` | complete | 1 | TIME | [docs/design/shop/billing/invoice.md](docs/design/shop/billing/invoice.md) |
| `money` | file missing | 1 | TIME | `docs/design/shop/billing/money.md`, not there |
| `payment` | complete | 1 | TIME | [docs/design/shop/billing/payment.md](docs/design/shop/billing/payment.md) |
| `reminder` | complete | 1 | TIME | [docs/design/shop/billing/reminder.md](docs/design/shop/billing/reminder.md) |
| `tax` | failed: agent | 1 | TIME | `docs/design/shop/billing/tax.md`, not there |
"""


def plain(page: str, shop: Path) -> str:
    """A page without what differs from run to run."""
    for session in covey("status", "--json", cwd=shop).object["sessions"]:
        name = "RUN" if session["parent_id"] is None else session["component"].upper()
        page = page.replace(session["session_id"][:8], name)
    page = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "MOMENT", page)
    page = re.sub(r"read as Python 3\.\d+", "PYTHON", page)
    return re.sub(r"\b(\d+m)?\d+s\b", "TIME", page)


class TestMarkdown:
    """What people read, and what belongs to a pull request."""

    def test_the_whole_page_of_a_real_run(self, blocked: Path) -> None:
        (blocked / MONEY).unlink()
        ran = covey("report", cwd=blocked)
        assert (ran.code, ran.err) == (0, "")
        assert plain(ran.out, blocked) == WHOLE

    def test_its_commands_work(self, blocked: Path) -> None:
        page = covey("report", cwd=blocked).out
        commands = [line.replace("'", "").split()[1:] for line in page.splitlines() if line.startswith("covey ")]
        assert [arguments[0] for arguments in commands] == ["logs", "retry", "skip", "run"]
        assert [covey(*arguments, cwd=blocked).code for arguments in commands[:3]] == [0, 0, 0]

    def test_decisions_are_told(self, blocked: Path) -> None:
        tax = covey("status", "--json", cwd=blocked).object["sessions"][-1]["session_id"]
        assert covey("skip", tax, "--reason", "does not parse", cwd=blocked).code == 0
        assert covey("run", "design", "billing", "--headless", cwd=blocked).code == 3
        page = covey("report", cwd=blocked).out
        assert "**Complete, with 1 skipped.** 4 of 5 components complete, 1 skipped; review complete." in page
        assert re.search(r"^- `tax`: does not parse \(by .+, .+ UTC\)$", page, re.MULTILINE)
        assert re.search(r"^- .+ UTC, .+ skipped `tax`: does not parse$", page, re.MULTILINE)
        assert "What needs you" not in page

    def test_links_lead_from_the_report_to_the_documents(self, blocked: Path) -> None:
        assert covey("report", "-o", "out/deep/report.md", cwd=blocked).code == 0
        page = (blocked / "out/deep/report.md").read_text(encoding="utf-8")
        (target,) = re.findall(r"\]\((.*/money\.md)\)", page)
        assert (blocked / "out/deep" / target).resolve() == (blocked / MONEY).resolve()

    def test_escapes_of_an_agent_do_not_reach_the_terminal(self, blocked: Path) -> None:
        with outside(blocked) as database:
            database.execute(
                "UPDATE sessions SET body = json_set(body, '$.error_message', ?) WHERE status = 'failed'",
                ("\x1b]0;owned\x07 | <b> @all",),
            )
        for kind in ("markdown", "junit", "json"):
            ran = covey("report", "--format", kind, cwd=blocked)
            assert ran.code == 0
            assert "\x1b" not in ran.out
            assert "\x07" not in ran.out


class TestOtherFormats:
    """What CI servers and programs read."""

    def test_junit(self, blocked: Path) -> None:
        ran = covey("report", "--format", "junit", cwd=blocked)
        suites = ET.fromstring(ran.out.encode())
        assert (ran.code, suites.get("tests"), suites.get("failures")) == (0, "5", "1")
        (tax,) = [case for case in suites.iter("testcase") if case.get("name") == "tax"]
        assert "syntax error" in str(tax[0].get("message"))
        assert "syntax error" in (tax.findtext("system-out") or "")

    @pytest.mark.parametrize("arguments", [["--json"], ["--format", "json"], ["--json", "--format", "json"]])
    def test_json(self, blocked: Path, arguments: list[str]) -> None:
        ran = covey("report", *arguments, cwd=blocked)
        assert list(ran.object) == KEYS
        assert (ran.code, ran.err, ran.object["exit_code"]) == (0, "", 6)
        status = covey("status", "--json", cwd=blocked).object
        assert ran.object["needs_human"] == status["needs_human"]
        assert ran.object["counts"] == status["counts"]
        steps = [step["step"] for step in ran.object["sessions"][-1]["steps"]]
        assert steps == ["Initialize", "GenerateComponentDesign"]

    def test_the_exit_code_is_that_of_wait(self, blocked: Path) -> None:
        told = covey("report", "--json", cwd=blocked).object
        waited = covey("wait", "--json", cwd=blocked)
        assert (told["exit_code"], told["reason"]) == (waited.code, waited.object["reason"])


class TestWhichRun:
    """A run is named by the beginning of its id; by default it is the newest unfinished one."""

    def test_by_its_beginning(self, blocked: Path) -> None:
        run_id = covey("status", "--json", cwd=blocked).object["run_id"]
        assert covey("run", "design", "catalog", cwd=blocked).code == 0
        assert covey("report", "--json", cwd=blocked).object["run_id"] == run_id
        assert covey("report", run_id[:6], "--json", cwd=blocked).object["run_id"] == run_id

    def test_an_unknown_one_is_an_error(self, blocked: Path) -> None:
        ran = covey("report", "ffffffffffff", "-o", "report.md", cwd=blocked)
        assert (ran.code, ran.out) == (2, "")
        assert "no run's id begins with" in ran.err
        assert not (blocked / "report.md").exists()

    def test_where_nothing_was_run_it_is_said_how_to_begin(self, shop: Path) -> None:
        ran = covey("report", "--json", cwd=shop)
        assert (ran.code, ran.out) == (2, "")
        assert "covey run design" in ran.err

    def test_with_an_engine_at_work_nobody_is_told_to_start_one(self, blocked: Path) -> None:
        with outside(blocked) as database:
            database.execute("UPDATE engine SET body = json_set(body, '$.stopped', json('false'))")
        with engine_lock(blocked / ".covey"):
            page = covey("report", cwd=blocked).out
        assert "What needs you" in page
        assert "Nobody is at work" not in page


class TestOutput:
    """`-o` replaces an older report, and nothing else that matters."""

    def test_a_report_is_replaced(self, blocked: Path) -> None:
        first = covey("report", "-o", "report.md", cwd=blocked)
        assert (first.code, first.out, first.err) == (0, "", "covey: wrote report.md\n")
        assert (blocked / "report.md").read_text(encoding="utf-8") == covey("report", cwd=blocked).out
        assert covey("report", "-o", "report.md", cwd=blocked).err == "covey: nothing new in report.md\n"
        assert covey("report", "--format", "junit", "-o", "report.md", cwd=blocked).code == 0
        assert (blocked / "report.md").read_text(encoding="utf-8").startswith("<?xml")

    def test_programs_are_told_where_and_whether(self, blocked: Path) -> None:
        ran = covey("report", "--json", "-o", "report.json", cwd=blocked)
        assert ran.object == {"path": str(blocked / "report.json"), "changed": True}
        again = covey("report", "--json", "-o", "report.json", cwd=blocked)
        assert (again.object["changed"], again.err) == (False, "")

    def test_a_dash_is_standard_output(self, blocked: Path) -> None:
        assert covey("report", "-o", "-", cwd=blocked).out == covey("report", cwd=blocked).out
        assert not (blocked / "-").exists()

    @pytest.mark.parametrize(
        "path",
        [
            MONEY,
            "src/shop/billing/tax.py",
            "docs/../" + MONEY,
            "covey.toml",
            ".covey/covey.db",
            "src",
            "pyproject.toml",
        ],
    )
    def test_what_is_no_report_stays_as_it_is(self, blocked: Path, path: str) -> None:
        place = blocked / path
        before = place.read_bytes() if place.is_file() else None
        ran = covey("report", "-o", path, cwd=blocked)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith(f"covey: {path} is ")
        assert (place.read_bytes() if place.is_file() else None) == before

    def test_the_help_says_so(self, shop: Path) -> None:
        text = " ".join(covey("report", "--help", cwd=shop).out.split())
        assert "An older report is replaced" in text
        assert "refused is every other file (covey.toml, the files of components)" in text

    @pytest.mark.parametrize("kind", ["markdown", "junit", "json"])
    def test_a_reader_that_goes_away_is_no_error(self, blocked: Path, kind: str) -> None:
        with subprocess.Popen(
            command("report", "--format", kind),
            cwd=blocked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
        ) as process:  # fmt: skip
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait() == 0

    def test_looking_leaves_no_trace(self, blocked: Path) -> None:
        before = sorted(blocked.rglob("*"))
        assert covey("report", cwd=blocked).code == 0
        assert sorted(blocked.rglob("*")) == before
