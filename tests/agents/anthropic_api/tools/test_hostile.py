"""A model that tries every trick: none leads out, each is answered, and no credential is told to anybody."""

import os
from pathlib import Path

import pytest

from tests.agents.anthropic_api.tools.bench import Bench, refused, said
from tests.agents.anthropic_api.tools.hostile import CALLS, CASES, KEY, LOOKS_AROUND, PROGRAMS, READS, WRITES, Case
from tests.workspace.traps import MARK, TARGET, Traps

ALLOWED = (["echo"], ["cat"], ["env"], ["not-a-program"])
ANSWERED = {"list by a hostile pattern", "search for what is outside"}
"""Calls that are carried out, and come to nothing."""


ON_THE_WAY = [*READS, *WRITES, *LOOKS_AROUND[:6]]
"""Cases in which it matters how a path is walked."""
WAYS = [
    *(pytest.param(case, True, id=f"{case.name}-kernel") for case in ON_THE_WAY),
    *(pytest.param(case, False, id=f"{case.name}-walk") for case in ON_THE_WAY),
    *(pytest.param(case, True, id=case.name) for case in (*LOOKS_AROUND[6:], *PROGRAMS, *CALLS)),
]


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> tuple[Traps, dict[str, object]]:
    """A workspace that no trick changes, and what it is like."""
    traps = Traps(tmp_path_factory.mktemp("tricks")).set()
    return traps, traps.state()


@pytest.fixture
def traps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Traps:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    return Traps(tmp_path).set()


def filled(value: object, traps: Traps) -> object:
    if isinstance(value, dict):
        return {key: filled(each, traps) for key, each in value.items()}
    if isinstance(value, str):
        return value.replace("{root}", str(traps.root)).replace("{base}", str(traps.base))
    return value


@pytest.mark.parametrize(("case", "by_kernel"), WAYS)
async def test_a_trick_is_refused(
    untouched: tuple[Traps, dict[str, object]], monkeypatch: pytest.MonkeyPatch, case: Case, *, by_kernel: bool
) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    traps, before = untouched
    bench = Bench(traps.root)
    answer = await bench.toolbox(*ALLOWED, by_kernel=by_kernel).call(case.tool, filled(case.arguments, traps))
    assert case.said in answer.text
    assert answer.is_error is (case.name not in ANSWERED)
    assert traps.state() == before
    assert not (traps.root / TARGET).exists()
    assert not bench.desk.questions
    for text in (answer.text, *(report.text for report in bench.desk.reports)):
        assert MARK not in text
        assert KEY not in text
    assert len(answer.text) < 2_000
    answer.text.encode()


def test_there_are_enough_tricks() -> None:
    assert len(CASES) >= 40
    assert len({case.name for case in CASES}) == len(CASES)


class TestTheKey:
    """The credential of this process goes nowhere, whoever asks for it and wherever it is."""

    async def test_not_into_the_environment_of_a_command(self, traps: Traps) -> None:
        answer = said(await Bench(traps.root).toolbox(["env"]).call("run_command", {"argv": ["env"]}))
        assert "PATH=" in answer
        assert "KEY" not in answer
        assert KEY not in answer

    async def test_not_into_the_environment_of_tests(self, traps: Traps) -> None:
        traps.write(f"workspace/{TARGET}", "import os\nprint(dict(os.environ))\n")
        answer = said(await Bench(traps.root).toolbox().call("run_tests", {}))
        assert "'PATH'" in answer
        assert "ANTHROPIC" not in answer

    async def test_not_out_of_a_file(self, traps: Traps) -> None:
        traps.write("workspace/src/config.py", f"KEY = '{KEY}'\n")
        assert await Bench(traps.root).done("read_file", path="src/config.py") == "KEY = '[credential]'\n"
        assert KEY not in await Bench(traps.root).done("search_text", pattern="KEY")

    async def test_not_out_of_a_command(self, traps: Traps) -> None:
        traps.write("workspace/src/config.txt", KEY)
        toolbox = Bench(traps.root).toolbox(["cat"])
        assert "[credential]" in said(await toolbox.call("run_command", {"argv": ["cat", "src/config.txt"]}))

    async def test_not_into_a_file_in_two_halves(self, traps: Traps) -> None:
        toolbox = Bench(traps.root).toolbox()
        said(await toolbox.call("write_file", {"path": TARGET, "content": f"# {KEY[:20]}HERE\n"}))
        answer = await toolbox.call("edit_file", {"path": TARGET, "old": "HERE", "new": KEY[20:]})
        assert "credential" in refused(answer)
        assert KEY not in (traps.root / TARGET).read_text()

    async def test_not_out_of_the_name_of_a_file(self, traps: Traps) -> None:
        traps.write(f"workspace/src/{KEY}.py", "x = 1\n")
        assert KEY not in await Bench(traps.root).done("list_files", path="src")


async def test_a_shell_is_nowhere(traps: Traps) -> None:
    """What a shell would run is handed on as it stands."""
    toolbox = Bench(traps.root).toolbox(["echo"])
    answer = said(
        await toolbox.call("run_command", {"argv": ["echo", "$(cat away/secret.txt);", "`id`", ">", "pwned"]})
    )
    assert "$(cat away/secret.txt); `id` > pwned" in answer
    assert not os.path.lexists(traps.root / "pwned")
