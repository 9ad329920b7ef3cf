"""The command agent, with real programs: what they are told, and what becomes of what they do."""

import asyncio
import os
import signal
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from covey.agents.base import Assignment, Outcome, Task
from covey.agents.command import CommandAgent, CommandSettings
from covey.agents.prompts import render
from covey.model.command import TranscriptKind
from covey.model.component import Component
from covey.model.status import FailureCause
from covey.testing.desk import RecordingDesk
from covey.workspace import process_table

CONTEXT = Component(id="c", project_id="p", name="Billing", module_name="shop.billing")
INVOICE = Component(
    id="i", project_id="p", name="Invoice {module}", module_name="shop.billing.invoice", parent_component_id="c"
)


def assignment(workspace: Path, **changes: Any) -> Assignment:
    given: dict[str, Any] = {
        "session_id": "s1",
        "attempt": 2,
        "step": "GenerateComponentDesign",
        "task": Task.GENERATE,
        "workspace": workspace,
        "target": "docs/design/shop/billing/invoice.md",
        "source": "src/shop/billing/invoice.py",
        "component": INVOICE,
        "context": CONTEXT,
        "context_design_path": "docs/design/shop/billing.md",
        "components": (CONTEXT, INVOICE),
        "sections": ("Purpose",),
    }
    return Assignment(**{**given, **changes})


def agent(*command: str, **options: Any) -> CommandAgent:
    return CommandAgent(CommandSettings.model_validate({"command": list(command), **options}))


async def run(workspace: Path, *command: str, desk: RecordingDesk | None = None, **options: Any) -> Outcome:
    return await agent(*command, **options).run(assignment(workspace), desk or RecordingDesk())


def text_and_mode(path: Path) -> tuple[str, int]:
    return path.read_text(), stat.S_IMODE(path.stat().st_mode)


PRINT_ARGUMENTS = (sys.executable, "-c", "import sys; print(ascii(sys.argv[1:]))")


class TestSettings:
    """What `[agents.NAME]` may say, and what is said about mistakes."""

    def test_defaults(self) -> None:
        settings = CommandSettings.model_validate({"command": ["agent"]})
        assert (settings.timeout, settings.idle_timeout, settings.env) == (1200, 300, ())

    def test_as_written_in_toml(self) -> None:
        settings = CommandSettings.model_validate(
            {"command": ["agent", "{prompt}"], "timeout": "90s", "idle_timeout": "2m", "env": ["MY_AGENT_KEY"]}
        )
        assert (settings.timeout, settings.idle_timeout, settings.env) == (90, 120, ("MY_AGENT_KEY",))

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            ({}, "command"),
            ({"command": []}, "should begin with a program"),
            ({"command": [" "]}, "should begin with a program"),
            ({"command": "agent --prompt"}, "tuple"),
            ({"command": ["agent", 3]}, "string"),
            ({"command": ["agent", "{promt}"]}, r'unknown placeholder "\{promt\}".*did you mean.*known are \{prompt\}'),
            ({"command": ["agent", "a\0b"]}, "NUL"),
            ({"command": ["{component}"]}, "should name its program without placeholders"),
            ({"command": ["agent"], "timeout": "soon"}, "duration"),
            ({"command": ["agent"], "timeout": "0s"}, "greater than 0"),
            ({"command": ["agent"], "env": ["NOT A NAME"]}, "name of an environment variable"),
            ({"command": ["agent"], "tiemout": "5m"}, "tiemout"),
        ],
    )
    def test_mistakes(self, table: dict[str, Any], message: str) -> None:
        with pytest.raises(ValidationError, match=message):
            CommandSettings.model_validate(table)


class TestPreflight:
    """What keeps the agent from working is known before anything starts."""

    def test_usable(self, tmp_path: Path) -> None:
        assert agent("sh", "-c", "true").preflight(tmp_path) == ()

    def test_a_program_in_the_workspace(self, tmp_path: Path) -> None:
        program = tmp_path / "tools" / "agent"
        program.parent.mkdir()
        program.write_text("#!/bin/sh\n")
        (problem,) = agent("tools/agent").preflight(tmp_path)
        assert "chmod +x" in problem
        program.chmod(0o755)
        assert agent("tools/agent").preflight(tmp_path) == ()
        assert agent("{workspace}/tools/agent").preflight(tmp_path) == ()

    def test_all_that_is_missing(self, tmp_path: Path) -> None:
        problems = agent("no-such-agent", env=["COVEY_TEST_UNSET_1", "COVEY_TEST_UNSET_2", "PATH"]).preflight(tmp_path)
        assert len(problems) == 3
        assert "COVEY_TEST_UNSET_1 is not set" in problems[0]
        assert "'no-such-agent' is not on the PATH" in problems[2]


class TestArguments:
    """Placeholders are filled in once, and nothing in them is taken for anything else."""

    async def test_each_placeholder(self, tmp_path: Path) -> None:
        work = assignment(tmp_path, model="big {target}")
        command = agent(*PRINT_ARGUMENTS, "--x={target}:{module}", "{workspace}", "{model}", "{component}", "{prompt}")
        outcome = await command.run(work, RecordingDesk())
        assert outcome.stdout.strip() == ascii(
            [
                "--x=docs/design/shop/billing/invoice.md:shop.billing.invoice",
                str(tmp_path),
                "big {target}",
                "Invoice {module}",
                render(work),
            ]
        )

    async def test_other_braces_survive(self, tmp_path: Path) -> None:
        braces = ['{"json": 1}', "{}", "{ target }", "${1}", "{a-b}", "}{"]
        outcome = await run(tmp_path, *PRINT_ARGUMENTS, *braces)
        assert outcome.stdout.strip() == ascii(braces)

    async def test_the_prompt_file(self, tmp_path: Path) -> None:
        work = assignment(tmp_path, note="mind the größe\0")
        outcome = await agent("cat", "{prompt_file}").run(work, RecordingDesk())
        text, mode = text_and_mode(tmp_path / ".covey/prompts/s1-2-GenerateComponentDesign.md")
        assert outcome.stdout == text == render(work).replace("\0", "\u2400")
        assert mode == 0o600

    async def test_the_same_step_again_writes_it_anew(self, tmp_path: Path) -> None:
        command = agent("cat", "{prompt_file}")
        await command.run(assignment(tmp_path, note="first"), RecordingDesk())
        outcome = await command.run(assignment(tmp_path, note="second"), RecordingDesk())
        assert "> second" in outcome.stdout
        assert "first" not in outcome.stdout

    async def test_no_prompt_file_unless_it_is_asked_for(self, tmp_path: Path) -> None:
        assert (await run(tmp_path, "true", "{prompt}")).ok
        assert os.listdir(tmp_path) == []  # noqa: PTH208 - in one call, within the loop

    async def test_what_no_argument_can_hold(self, tmp_path: Path) -> None:
        work = assignment(tmp_path, note="nul \0 half \ud800 end")
        outcome = await agent("printf", "%s", "{prompt}").run(work, RecordingDesk())
        assert outcome.ok
        assert "nul \u2400 half ? end" in outcome.stdout

    async def test_a_prompt_that_is_too_long(self, tmp_path: Path) -> None:
        work = assignment(tmp_path, note="x" * 500_000)
        outcome = await agent("true", "{prompt}").run(work, RecordingDesk())
        assert not outcome.ok
        assert outcome.message is not None
        assert "use {prompt_file}" in outcome.message
        assert (await agent("true", "{prompt_file}").run(work, RecordingDesk())).ok

    async def test_a_model_that_is_not_set(self, tmp_path: Path) -> None:
        outcome = await run(tmp_path, "true", "{model}")
        assert not outcome.ok
        assert outcome.message is not None
        assert "no model is set" in outcome.message

    async def test_the_directory_is_the_workspace(self, tmp_path: Path) -> None:
        script = 'mkdir -p "$(dirname "$1")" && echo done > "$1"'
        assert (await run(tmp_path, "sh", "-c", script, "sh", "{target}")).ok
        assert (tmp_path / "docs/design/shop/billing/invoice.md").read_text() == "done\n"


class TestEnvironment:
    """Only what is on the list is let through."""

    async def test_the_list(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in tuple(os.environ):
            monkeypatch.delenv(name)
        given = {
            **dict.fromkeys(("HOME", "USER", "SHELL", "LANG", "TERM", "TMPDIR", "LC_ALL", "LC_TIME"), "C"),
            "PATH": "/usr/bin:/bin",
            "MY_AGENT_KEY": "mine",
        }
        secret = {"OTHER_API_KEY": "secret", "AWS_SECRET": "secret", "PYTHONPATH": "x", "LD_PRELOAD": "", "LCX": "x"}
        for name, value in {**given, **secret}.items():
            monkeypatch.setenv(name, value)
        outcome = await run(tmp_path, "env", env=["MY_AGENT_KEY", "NOT_SET"])
        printed = dict(line.split("=", 1) for line in outcome.stdout.splitlines())
        for of_the_shell in {"PWD", "OLDPWD", "SHLVL", "_"} - set(given):
            printed.pop(of_the_shell, None)
        assert printed == given


class TestOutcome:
    """Exit code 0 is well; anything else says what happened."""

    async def test_well(self, tmp_path: Path) -> None:
        desk = RecordingDesk()
        outcome = await run(tmp_path, "sh", "-c", "echo working; echo warning >&2", desk=desk)
        assert outcome == Outcome(ok=True, code=0, stdout="working\n", stderr="warning\n")
        said = desk.said(TranscriptKind.OUTPUT)
        assert "working\n" in said
        assert "warning\n" in said
        assert len(desk.ledger.records) == 1
        assert desk.ledger.living == []

    @pytest.mark.parametrize(
        ("script", "message", "code"),
        [
            (
                "echo first >&2; echo 'last  \x1b[31mwords' >&2; echo ' ' >&2; exit 3",
                "exited with code 3: last ␛[31mwords",
                3,
            ),
            ("echo only stdout; exit 1", "exited with code 1: only stdout", 1),
            ("exit 7", "exited with code 7", 7),
            ("kill -KILL $$", "was ended by SIGKILL", -signal.SIGKILL),
        ],
    )
    async def test_failed(self, tmp_path: Path, script: str, message: str, code: int) -> None:
        outcome = await run(tmp_path, "sh", "-c", script)
        assert (outcome.ok, outcome.message, outcome.code) == (False, message, code)
        assert outcome.cause is FailureCause.AGENT_ERROR

    async def test_the_file_as_the_attempt_found_it_is_kept(self, tmp_path: Path) -> None:
        target, written = tmp_path / assignment(tmp_path).target, ("sh", "-c", 'echo "$0" > {target}')
        target.parent.mkdir(parents=True)
        target.write_text("the user's\n")
        for text in ("first", "second"):
            assert (await run(tmp_path, *written, text)).ok
            assert target.read_text() == f"{text}\n"
        (kept,) = [path for path in (tmp_path / ".covey/replaced").rglob("*") if path.is_file()]
        assert kept == tmp_path / ".covey/replaced/s1-2" / assignment(tmp_path).target
        assert kept.read_text() == "the user's\n"

    async def test_a_long_last_line_is_cut(self, tmp_path: Path) -> None:
        outcome = await run(tmp_path, sys.executable, "-c", "import sys; sys.exit('x' * 5000)")
        assert outcome.message is not None
        assert len(outcome.message) < 400
        assert len(outcome.stderr) > 5000

    async def test_silence(self, tmp_path: Path) -> None:
        outcome = await run(tmp_path, "sleep", "1000", idle_timeout="0.2s")
        assert (outcome.ok, outcome.message, outcome.cause) == (False, "no output for 0.2s", FailureCause.TIMEOUT)

    async def test_too_long(self, tmp_path: Path) -> None:
        outcome = await run(tmp_path, "yes", timeout="0.2s")
        assert (outcome.ok, outcome.message, outcome.cause) == (False, "took longer than 0.2s", FailureCause.TIMEOUT)

    async def test_too_long_is_no_success_whatever_it_says(self, tmp_path: Path) -> None:
        script = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); signal.pause()"
        outcome = await run(tmp_path, sys.executable, "-c", script, timeout="0.5s")
        assert (outcome.ok, outcome.code) in {(False, 0), (False, -signal.SIGTERM)}

    async def test_a_program_that_is_not_there(self, tmp_path: Path) -> None:
        outcome = await run(tmp_path, "no-such-agent")
        assert not outcome.ok
        assert "no-such-agent" in (outcome.message or "")

    async def test_a_workspace_that_has_vanished(self, tmp_path: Path) -> None:
        for command in (("true",), ("true", "{prompt_file}")):
            outcome = await run(tmp_path / "gone", *command)
            assert not outcome.ok
            assert "gone" in (outcome.message or "")
        assert not (tmp_path / "gone").exists()

    async def test_cancelled(self, tmp_path: Path) -> None:
        desk = RecordingDesk()
        os.mkfifo(tmp_path / "begun")
        task = asyncio.create_task(run(tmp_path, "sh", "-c", "echo > begun; sleep 1000", desk=desk))
        await asyncio.to_thread((tmp_path / "begun").read_text)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert desk.ledger.living == []
        (record,) = desk.ledger.records
        assert all(each.zombie for each in process_table.everybody() if each.group == record.group)
