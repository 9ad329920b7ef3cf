"""What a model is told of its tools, and which it gets."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from covey.agents.anthropic_api.tools import TOOLS
from covey.projects.paths import ArtifactKind
from tests.agents.anthropic_api.tools.bench import Bench, said
from tests.workspace.traps import TARGET

ARGUMENTS = st.sampled_from(
    ["path", "content", "old", "new", "pattern", "question", "argv", "offset", "limit", "\ud800"]
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def names(definitions: list[dict[str, Any]]) -> tuple[str, ...]:
    return tuple(each["name"] for each in definitions)


class TestDefinitions:
    """The definitions are what the Messages API takes, stable, and of what can be done."""

    def test_every_tool(self, bench: Bench) -> None:
        assert names(bench.toolbox(["git", "log"]).definitions()) == TOOLS

    def test_none_that_has_nothing_to_do(self, bench: Bench) -> None:
        assert names(bench.toolbox(kind=ArtifactKind.DESIGN).definitions()) == TOOLS[:6]
        assert names(bench.toolbox(test_command=()).definitions()) == TOOLS[:6]
        assert names(bench.toolbox().definitions()) == TOOLS[:7]

    def test_they_are_the_same_each_time(self, bench: Bench) -> None:
        assert bench.toolbox(["a"]).definitions() == bench.toolbox(["a"]).definitions()

    def test_schemas(self, bench: Bench) -> None:
        for definition in bench.toolbox(["a"]).definitions():
            schema = definition["input_schema"]
            assert set(definition) == {"name", "description", "input_schema"}
            assert schema["type"] == "object"
            assert schema["additionalProperties"] is False
            assert 20 < len(definition["description"]) < 500
            for described in schema["properties"].values():
                assert described["description"]
                assert "title" not in described
                assert "type" in described

    def test_what_may_be_written_is_said(self, bench: Bench) -> None:
        described = {each["name"]: each["description"] for each in bench.toolbox(["git", "log"]).definitions()}
        assert f"`{TARGET}`" in described["write_file"]
        assert "`tests/fixtures/test_shop/`" in described["write_file"]
        assert "git log" in described["run_command"]

    def test_required_arguments(self, bench: Bench) -> None:
        required = {
            each["name"]: each["input_schema"].get("required", []) for each in bench.toolbox(["a"]).definitions()
        }
        assert required == {
            "read_file": ["path"],
            "write_file": ["path", "content"],
            "edit_file": ["path", "old", "new"],
            "list_files": ["path"],
            "search_text": ["pattern"],
            "ask_human": ["question"],
            "run_tests": [],
            "run_command": ["argv"],
        }


async def test_a_human_is_asked(bench: Bench) -> None:
    bench.desk.answers.append("Yes.")
    assert said(await bench.toolbox().call("ask_human", {"question": "May I?"})) == "Yes."
    assert bench.desk.questions == ["May I?"]


async def test_a_question_without_words(bench: Bench) -> None:
    answer = await bench.toolbox().call("ask_human", {"question": " \n"})
    assert answer.is_error
    assert "cannot be asked" in answer.text


async def test_a_tool_that_is_not_offered_is_not_there(bench: Bench) -> None:
    answer = await bench.toolbox().call("run_command", {"argv": ["true"]})
    assert answer.text.startswith('there is no tool "run_command"; there are: read_file, ')


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.just("\ud800")
    | st.just(TARGET),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ARGUMENTS, inner, max_size=4),
    max_leaves=8,
)


def test_nothing_that_a_model_says_raises(bench: Bench) -> None:
    """Whatever it calls, with whatever it likes, there is an answer that can be sent."""
    toolbox = bench.toolbox()
    quick = st.sampled_from([name for name in TOOLS if name not in {"run_tests", "search_text"}])

    with asyncio.Runner() as runner:

        @settings(max_examples=50, deadline=None)
        @given(name=quick | JSON, arguments=st.dictionaries(ARGUMENTS, JSON, max_size=4) | JSON)
        def whatever(name: object, arguments: object) -> None:
            bench.desk.answers[:] = ["Yes."]
            answer = runner.run(toolbox.call(name, arguments))
            assert answer.text.encode()

        whatever()
