"""`covey doctor`: what is in order and what is not, seen from outside."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.program import covey, end, read_until, start


def findings(root: Path, check: str, *, ok: bool) -> list[dict[str, Any]]:
    ran = covey("doctor", "--json", cwd=root)
    assert ran.code == (0 if ok else 1)
    assert ran.object["ok"] is ok
    assert all(list(finding) == ["check", "severity", "message", "fix"] for finding in ran.object["findings"])
    return [finding for finding in ran.object["findings"] if finding["check"] == check]


class TestDoctor:
    """Each check by what it finds in a real project."""

    def test_a_new_project_is_in_order(self, shop: Path) -> None:
        (manifest,) = findings(shop, "manifest", ok=True)
        assert "2 contexts with 8 components" in manifest["message"]

    def test_a_project_with_a_run_is_in_order(self, blocked: Path) -> None:
        (database,) = findings(blocked, "database", ok=True)
        assert database["severity"] == "ok"
        (engine,) = findings(blocked, "engine", ok=True)
        assert "1 unfinished run" in engine["message"]

    def test_the_agents_that_were_found_are_named(self, shop: Path) -> None:
        kinds, *_ = findings(shop, "agents", ok=True)
        assert "command, offline" in kinds["message"]

    def test_every_mistake_of_the_manifest_is_a_finding(self, shop: Path) -> None:
        (shop / "covey.toml").write_text("[project]\nnane = 'x'\n[run]\nmax_sessions = 0\n", encoding="utf-8")
        assert len(findings(shop, "manifest", ok=False)) == 2

    def test_an_agent_that_is_not_there_is_an_error(self, shop: Path) -> None:
        with (shop / "covey.toml").open("a", encoding="utf-8") as manifest:
            manifest.write('\n[agents.gone]\nkind = "command"\ncommand = ["no-such-program-anywhere"]\n')
        errors = [finding for finding in findings(shop, "agents", ok=False) if finding["severity"] == "error"]
        assert "no-such-program-anywhere" in errors[0]["message"]

    def test_isolation_without_a_repository_is_an_error(self, shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(shop.parent))
        manifest = (shop / "covey.toml").read_text(encoding="utf-8")
        isolated = manifest.replace("[run]\n", '[run]\nisolation = "worktree"\n')
        (shop / "covey.toml").write_text(isolated, encoding="utf-8")
        (git,) = findings(shop, "git", ok=False)
        line = isolated.splitlines().index('isolation = "worktree"') + 1
        assert git["message"].startswith(f"covey.toml:{line}: [run] isolation needs a git repository with a commit")

    def test_what_lets_a_directory_be_written_is_what_forbids_it(self, shop: Path) -> None:
        state = shop / ".covey"
        state.mkdir(exist_ok=True)
        if subprocess.run(["chattr", "+i", str(state)], capture_output=True, check=False).returncode != 0:
            pytest.skip("nobody may make a directory immutable here")
        try:
            (finding,) = findings(shop, "state", ok=False)
        finally:
            subprocess.run(["chattr", "-i", str(state)], check=True)
        assert finding["fix"].endswith(f"chattr -i {state}")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write whatever the mode says")
    def test_a_mode_that_forbids_to_write_is_told_how_to_be_changed(self, shop: Path) -> None:
        shop.chmod(0o500)
        try:
            (finding,) = findings(shop, "state", ok=False)
        finally:
            shop.chmod(0o700)
        assert finding["fix"].endswith(f"chmod u+rwx {shop}")

    def test_a_damaged_database_is_an_error(self, blocked: Path) -> None:
        for leftover in (blocked / ".covey").glob("covey.db-*"):
            leftover.unlink()
        (blocked / ".covey/covey.db").write_bytes(b"not a database at all" * 1000)
        (database,) = findings(blocked, "database", ok=False)
        assert database["severity"] == "error"
        assert "aside" in database["message"]

    @pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="only Linux tells that a process is stopped")
    def test_an_engine_that_is_stopped_is_told(self, shop: Path) -> None:
        process = start("run", "design", "billing", "--stay", "--json", cwd=shop)
        try:
            read_until(process, "session_blocked")
            (engine,) = findings(shop, "engine", ok=True)
            assert f"pid {process.pid}" in engine["message"]
            os.kill(process.pid, signal.SIGSTOP)
            (engine,) = findings(shop, "engine", ok=False)
            assert engine["severity"] == "warning"
            assert f"kill -CONT {process.pid}" in engine["fix"]
        finally:
            process.kill()
            end(process)

    def test_a_program_whose_engine_is_dead_is_told(self, shop: Path) -> None:
        with (shop / "covey.toml").open("a", encoding="utf-8") as manifest:
            manifest.write(
                '\n[agents.slow]\nkind = "command"\ncommand = ["sh", "-c", "trap \'\' TERM; echo at work; sleep 30"]\n'
            )
        process = start("run", "design", "catalog", "--agent", "slow", "--max-sessions", "1", "--json", cwd=shop)
        read_until(process, "command_issued", step="GenerateComponentDesign")
        session = covey("status", "--json", cwd=shop).object["sessions"][1]["session_id"]
        while "output" not in {row["kind"] for row in covey("logs", session, "--json", cwd=shop).lines}:
            assert process.poll() is None
        process.kill()
        end(process)
        (orphan,) = findings(shop, "processes", ok=False)
        assert session in orphan["message"]
        group = int(orphan["fix"].rpartition("--")[2].strip(" -"))
        os.killpg(group, signal.SIGKILL)
        while covey("doctor", "--json", cwd=shop).code:  # a process that is killed goes in its own time
            pass
        assert findings(shop, "processes", ok=True) == []

    def test_people_see_a_sign_for_each_finding(self, shop: Path) -> None:
        lines = covey("doctor", cwd=shop).out.splitlines()
        assert lines[0].startswith("✓ manifest")
