"""The agent's loop, with the real client: what it asks, what it does with the answers, and when it has ended."""

import pytest

from covey.agents.anthropic_api.agent import AnthropicAgent
from covey.agents.anthropic_api.telling import TIMES_A_SECOND
from covey.agents.base import Task
from covey.agents.prompts import Reader, render
from covey.model.ability import Ability
from covey.model.command import TranscriptKind
from covey.model.status import FailureCause
from covey.testing.messages_server import Reply, Request, Text, Thinking, ToolUse, Usage, author, faults, fingerprint
from tests.agents.anthropic_api.office import DONE, KEY, TARGET, WRITES, Office


class TestLoop:
    """Turn by turn, until the model ends."""

    async def test_a_file_is_written_by_the_models_own_calls(self, office: Office) -> None:
        outcome, requests = await office.work(author)
        assert outcome.ok
        assert (office.workspace / TARGET).read_text().startswith("# Tax\n\n## Purpose\n")
        assert [request.turn for request in requests] == [1, 2, 3]
        assert requests[1].tool_results[0].text.startswith('"""Taxes."""')
        assert {request.credential for request in requests} == {fingerprint(KEY)}

    async def test_what_it_asks_with(self, office: Office) -> None:
        _, requests = await office.work([DONE], {"max_tokens": 99, "effort": "low"})
        (request,) = requests
        body = request.body
        assert (body["model"], body["max_tokens"], body["output_config"]) == ("fake-large", 99, {"effort": "low"})
        assert "temperature" not in body
        assert request.stream
        assert request.prompt == render(office.assignment(), Reader.MODEL)
        assert "You are an agent that works alone" in request.system
        assert {"read_file", "write_file", "edit_file", "list_files", "search_text", "ask_human"} <= {*request.tools}

    async def test_what_does_not_change_is_marked_for_the_cache(self, office: Office) -> None:
        _, requests = await office.work([WRITES, DONE])
        for request in requests:
            assert request.body["system"][-1]["cache_control"] == {"type": "ephemeral"}
            marked = [each["role"] for each in request.messages if "cache_control" in each["content"][-1]]
            assert set(marked) == {"user"}
            assert "cache_control" in request.messages[-1]["content"][-1]
        first, second = requests
        assert first.body["tools"] == second.body["tools"]
        assert first.body["system"] == second.body["system"]
        assert all(
            "cache_control" not in block for each in office.desk.conversation.messages for block in each["content"]
        )

    async def test_the_models_own_default_holds_where_no_run_names_one(self, office: Office) -> None:
        _, requests = await office.work([DONE, DONE], {"model": "mine"}, model=None)
        assert requests[0].model == "mine"

    async def test_several_calls_of_one_answer_are_made_in_turn_and_answered_together(self, office: Office) -> None:
        both = Reply([ToolUse("read_file", {"path": "src/shop/tax.py"}), ToolUse("read_file", {"path": "nowhere.py"})])
        outcome, requests = await office.work([both, DONE])
        assert outcome.ok
        assert [(result.is_error, result.arguments["path"]) for result in requests[1].tool_results] == [
            (False, "src/shop/tax.py"),
            (True, "nowhere.py"),
        ]
        assert [message["role"] for message in requests[1].messages] == ["user", "assistant", "user"]

    async def test_thinking_goes_back_as_it_came(self, office: Office) -> None:
        reply = Reply([Thinking("Hm.", "signed"), ToolUse("list_files", {"path": "."})])
        _, requests = await office.work([reply, DONE])
        assert requests[1].messages[1]["content"][0] == {"type": "thinking", "thinking": "Hm.", "signature": "signed"}

    async def test_calls_are_made_also_where_a_server_says_that_the_turn_has_ended(self, office: Office) -> None:
        reply = Reply(ToolUse("write_file", {"path": TARGET, "content": "# Tax\n"}), stop_reason="end_turn")
        outcome, requests = await office.work([reply, DONE])
        assert (outcome.ok, len(requests)) == (True, 2)
        assert (office.workspace / TARGET).exists()

    async def test_messages_of_a_human_come_before_the_next_turn(self, office: Office) -> None:
        office.desk.messages.append("Mind the\nVAT.")
        _, requests = await office.work([WRITES, DONE])
        assert "> Mind the\n> VAT.\n" in requests[0].messages[0]["content"][-1]["text"]
        assert office.desk.turns_begun == 2

    async def test_a_question_gets_its_answer(self, office: Office) -> None:
        office.desk.answers.append("Nineteen percent.")
        outcome, requests = await office.work([Reply(ToolUse("ask_human", {"question": "Which rate?"})), DONE])
        assert outcome.ok
        assert office.desk.questions == ["Which rate?"]
        assert requests[1].tool_results[0].text == "Nineteen percent."

    async def test_the_steps_of_an_attempt_share_a_conversation(self, office: Office) -> None:
        await office.work([WRITES, DONE])
        _, requests = await office.work([DONE], task=Task.REVISE, step="ReviseDesign", findings=("Purpose is empty",))
        (request,) = requests
        roles = [message["role"] for message in request.messages]
        assert roles == ["user", "assistant", "user", "assistant", "user"]
        assert request.messages[-1]["content"][0]["text"].startswith(f"# Mend the file `{TARGET}`")
        assert "- Purpose is empty" in request.messages[-1]["content"][0]["text"]

    def test_what_it_can_do(self) -> None:
        assert AnthropicAgent.abilities == {Ability.TURNS, Ability.MESSAGES, Ability.RESUME}


class TestStopReasons:
    """Only a reason that is known is believed, and each has its own consequence."""

    async def test_an_answer_without_room_is_gone_on_with(self, office: Office) -> None:
        cut = Reply([Text("I wri"), ToolUse("write_file", '{"path": "a.md", "content": "x')], stop_reason="max_tokens")
        outcome, requests = await office.work([cut, WRITES, DONE], {"max_tokens": 1234})
        assert outcome.ok
        last = requests[1].messages[-1]["content"][0]["text"]
        assert "limit of 1,234 tokens" in last
        assert "was not made" in last
        assert requests[1].messages[1]["content"] == [{"type": "text", "text": "I wri"}]

    async def test_whole_calls_of_an_answer_without_room_are_made(self, office: Office) -> None:
        cut = Reply([ToolUse("list_files", {"path": "."}), ToolUse("read_file", '{"pa')], stop_reason="max_tokens")
        _, requests = await office.work([cut, DONE])
        assert [block["type"] for block in requests[1].messages[-1]["content"]] == ["tool_result", "text"]

    async def test_a_turn_that_pauses_is_gone_on_with(self, office: Office) -> None:
        outcome, requests = await office.work([Reply("Wait…", stop_reason="pause_turn"), DONE])
        assert outcome.ok
        assert requests[1].messages[-1] == {"role": "assistant", "content": [{"type": "text", "text": "Wait…"}]}

    async def test_a_stop_sequence_is_an_end(self, office: Office) -> None:
        assert (await office.work([Reply("Well.", stop_reason="stop_sequence")]))[0].ok

    @pytest.mark.parametrize(
        ("reason", "said"),
        [
            ("refusal", "the model refuses to do this; retry with a note"),
            ("model_context_window_exceeded", "retry without --resume"),
            ("tool_use", "named none"),
            ("tired", "stopped for the reason tired, which this covey does not know"),
        ],
    )
    async def test_an_end_that_is_none(self, office: Office, reason: str, said: str) -> None:
        outcome, requests = await office.work([Reply("No.", stop_reason=reason)])
        assert (outcome.ok, outcome.cause, len(requests)) == (False, FailureCause.AGENT_ERROR, 1)
        assert outcome.message is not None
        assert said in outcome.message
        assert office.roles() == ["user text"]

    async def test_a_model_that_does_not_end(self, office: Office) -> None:
        outcome, requests = await office.work(Reply(ToolUse("list_files", {"path": "."})), {"max_turns": 3})
        assert (outcome.ok, len(requests)) == (False, 3)
        assert outcome.message == "it took 3 turns (max_turns) and had not ended"


class TestResume:
    """What was said is not paid for again, and nothing is done twice."""

    async def test_each_thing_is_stored_before_the_next_happens(self, office: Office) -> None:
        stored: list[int] = []

        def script(request: Request) -> Reply:
            stored.append(len(office.desk.conversation.messages))
            return [WRITES, DONE][request.number - 1]

        await office.work(script)
        assert stored == [1, 3]
        assert office.roles() == ["user text", "assistant text tool_use", "user tool_result", "assistant text"]

    async def test_work_that_had_ended_is_not_paid_for_again(self, office: Office) -> None:
        await office.work([WRITES, DONE])
        office.desk.conversation.begun = True
        outcome, requests = await office.work([])
        assert (outcome.ok, requests) == (True, [])

    @pytest.mark.parametrize("begun", [True, False])
    async def test_a_call_that_was_interrupted_is_not_made_again(self, office: Office, *, begun: bool) -> None:
        await office.work([WRITES, DONE])
        (office.workspace / TARGET).unlink()
        del office.desk.conversation.messages[2:]
        office.desk.conversation.begun = begun
        outcome, requests = await office.work([DONE])
        assert outcome.ok
        (result,) = requests[0].tool_results
        assert result.is_error
        assert "look at the file first" in result.text
        assert not (office.workspace / TARGET).exists()
        assert len(requests[0].messages[-1]["content"]) == (1 if begun else 2)

    async def test_a_question_that_was_open_is_asked_again(self, office: Office) -> None:
        office.desk.answers.append("Nineteen.")
        await office.work([Reply(ToolUse("ask_human", {"question": "Which rate?"})), DONE])
        del office.desk.conversation.messages[2:]
        office.desk.conversation.begun = True
        office.desk.answers.append("Still nineteen.")
        _, requests = await office.work([DONE])
        assert office.desk.questions == ["Which rate?"] * 2
        assert requests[0].tool_results[0].text == "Still nineteen."

    async def test_a_retry_that_resumes_carries_failure_missing_paths_and_note(self, office: Office) -> None:
        await office.work([WRITES, Reply("", stop_reason="refusal")])
        said = {"failure": "it stopped", "failure_cause": FailureCause.STALLED, "missing": (TARGET,), "note": "Go on."}
        _, requests = await office.work([DONE], attempt=2, **said)
        last = requests[0].messages[-1]["content"][-1]["text"]
        for piece in ("did not end well (class: `stalled`)", "> it stopped", f"- `{TARGET}`", "> Go on."):
            assert piece in last
        assert [message["role"] for message in requests[0].messages] == ["user", "assistant", "user"]


class TestTranscript:
    """What goes on is told as it goes on, whole, and never piece by piece."""

    async def test_all_that_happens_is_told(self, office: Office) -> None:
        first = Reply(
            [Thinking("I think."), "I look.", ToolUse("read_file", {"path": "src/shop/tax.py"})],
            usage=Usage(input=1200, output=34, cache_read=800, cache_write=0),
            delta_size=2,
        )
        await office.work([first, DONE])
        desk = office.desk
        assert "".join(each.text for each in desk.reports if each.kind is TranscriptKind.THINKING) == "I think.\n"
        said = "".join(each.text for each in desk.reports if each.kind is TranscriptKind.TEXT)
        assert said == "I look.\nIt is written.\n"
        assert desk.said(TranscriptKind.TOOL) == "read src/shop/tax.py\n"
        assert '"""Taxes."""' in desk.said(TranscriptKind.OUTPUT)
        assert "2,000 tokens in (800 of them cached) · 34 out · req_" in desk.said(TranscriptKind.USAGE)

    async def test_pieces_are_gathered(self, office: Office) -> None:
        """The sleep between two rows is over at once here, so every row has what came meanwhile."""
        text = "word " * 2_000
        await office.work([Reply(text, delta_size=5)])
        rows = [each.text for each in office.desk.reports if each.kind is TranscriptKind.TEXT]
        assert "".join(rows) == text.rstrip("\n") + "\n"
        told = [seconds for seconds in office.pauses if seconds == 1 / TIMES_A_SECOND]
        assert len(rows) <= len(told) + 2
        assert len(rows) < 1_000

    async def test_a_long_result_is_told_in_part(self, office: Office) -> None:
        (office.workspace / "src/shop/tax.py").write_text("x = 1\n" * 1_000)
        await office.work([Reply(ToolUse("read_file", {"path": "src/shop/tax.py"})), DONE])
        assert "characters more …]" in office.desk.said(TranscriptKind.OUTPUT)
        assert len(office.desk.said(TranscriptKind.OUTPUT)) < 1_200

    async def test_no_key_is_told_or_kept(self, office: Office) -> None:
        (office.workspace / "src/shop/tax.py").write_text(f"KEY = '{KEY}'\n")
        script = [Reply(ToolUse("read_file", {"path": "src/shop/tax.py"})), faults.bad_request(f"bad key {KEY}")]
        outcome, requests = await office.work(script)
        told = [*(each.text for each in office.desk.reports), str(office.desk.conversation.messages), str(outcome)]
        assert "KEY = '[credential]'" in requests[1].tool_results[0].text
        assert "bad key [credential]" in str(outcome.message)
        assert KEY not in "\n".join(told)


class TestMoney:
    """Every turn is counted once, also one of which nothing came."""

    async def test_each_turn_is_paid_for(self, office: Office) -> None:
        counted = Usage(input=7, output=5, cache_read=0, cache_write=0)
        broken = faults.cut(after=6, reply=Reply("x" * 400, usage=counted))
        await office.work([broken, Reply("Well.", usage=counted)])
        lost, well = office.desk.turns
        assert (lost.model, lost.tokens["input"], dict(well.tokens)) == ("fake-large", 7, {"input": 7, "output": 5})
        assert lost.request_id is not None
        assert lost.request_id != well.request_id
