"""Drafts: a stream is put together as it was meant, and what is not whole is never taken for an answer."""

import json
from typing import Any

import pytest

from covey.agents.anthropic_api.draft import (
    Answer,
    BrokenStreamError,
    Draft,
    ErrorInStreamError,
    Piece,
    StopReason,
    UnknownStopError,
)
from covey.testing.messages_server.events import Sending, stream
from covey.testing.messages_server.replies import Reply, Text, Thinking, ToolUse, Usage

START = {"type": "message_start", "message": {"usage": {"input_tokens": 3, "output_tokens": 1}}}
STOP = {"type": "message_stop"}


def ended(reason: str | None = "end_turn", **delta: object) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": reason, **delta}, "usage": {"output_tokens": 5}}


def block(*deltas: dict[str, Any], index: int = 0, **start: object) -> list[dict[str, Any]]:
    begun = {"type": "content_block_start", "index": index, "content_block": start}
    pieces = [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
    return [begun, *pieces, {"type": "content_block_stop", "index": index}]


def text(*pieces: str) -> list[dict[str, Any]]:
    return block(*({"type": "text_delta", "text": each} for each in pieces), type="text", text="")


def call(*pieces: str, **start: object) -> list[dict[str, Any]]:
    deltas = ({"type": "input_json_delta", "partial_json": each} for each in pieces)
    return block(*deltas, **{"type": "tool_use", "id": "t1", "name": "read_file", "input": {}, **start})


def drafted(*events: dict[str, Any]) -> Draft:
    draft = Draft()
    for event in events:
        draft.take(json.dumps(event))
    return draft


def answered(*events: dict[str, Any]) -> Answer:
    return drafted(START, *events, STOP).answer()


@pytest.mark.parametrize(
    ("named", "model"), [("small-1", "small-1"), (None, None), ("", None), (7, None), ("x" * 10_000, None)]
)
def test_the_model_that_answers_is_the_one_that_is_named_if_that_is_a_name(named: object, model: str | None) -> None:
    assert drafted({"type": "message_start", "message": {"model": named, "usage": {}}}).model == model


class TestWhole:
    """What the server says comes out as it has to be given back."""

    def test_all_kinds_of_blocks(self) -> None:
        reply = Reply(
            [Thinking("Hm, first…", "sig"), Text("I look."), ToolUse("read_file", {"path": "ä/b.md", "n": [1]}, "t1")],
            usage=Usage(input=10, output=20, cache_read=30, cache_write=40),
            delta_size=3,
        )
        draft = Draft()
        pieces = [draft.take(json.dumps(event.data)) for event in stream(Sending(reply, "m", "large"))]
        answer = draft.answer()
        assert answer.content == [
            {"type": "thinking", "thinking": "Hm, first…", "signature": "sig"},
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "t1", "name": "read_file", "input": {"path": "ä/b.md", "n": [1]}},
        ]
        assert (answer.reason, answer.was_cut) == (StopReason.TOOL_USE, False)
        assert draft.tokens == {"input": 10, "output": 20, "cache_read": 30, "cache_write": 40}
        assert answer.calls == answer.content[2:]
        assert answer.message == {"role": "assistant", "content": answer.content, "stop_reason": "tool_use"}
        heard = [piece for piece in pieces if piece is not None]
        assert "".join(piece.text for piece in heard if piece.is_thinking) == "Hm, first…"
        assert "".join(piece.text for piece in heard if not piece.is_thinking) == "I look."
        assert [piece for piece in heard if piece.ends] == [
            Piece("", is_thinking=True, ends=True),
            Piece("", ends=True),
        ]

    def test_what_is_new_to_us_is_left_alone(self) -> None:
        unknown = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {"q": 1}, "more": True}
        answer = answered({"type": "ping"}, {"type": "news", "x": 1}, *block(**unknown), ended("pause_turn", more=2))
        assert answer.content == [unknown]
        assert answer.reason is StopReason.PAUSE_TURN

    @pytest.mark.parametrize("start", [{}, {"input": {"path": "a"}}])
    def test_arguments_may_come_whole_or_not_at_all(self, start: dict[str, Any]) -> None:
        assert answered(*call(**start), ended("tool_use")).calls[0]["input"] == start.get("input", {})

    def test_what_the_api_would_not_take_back_is_not_kept(self) -> None:
        unsigned = block({"type": "thinking_delta", "thinking": "hm"}, type="thinking", thinking="", signature="")
        assert answered(*unsigned, *text(" ", "\n"), ended()).content == []

    def test_a_refusal_says_why(self) -> None:
        answer = answered(ended("refusal", stop_details={"type": "refusal", "category": "cyber", "explanation": None}))
        assert (answer.reason, answer.explanation) == (StopReason.REFUSAL, "cyber")

    def test_a_call_that_the_tokens_ran_out_in_is_left_out(self) -> None:
        answer = answered(*text("I write."), *call('{"path": "a", "cont', index=1), ended("max_tokens"))
        assert (answer.content, answer.was_cut) == ([{"type": "text", "text": "I write."}], True)


class TestBroken:
    """What is not whole raises, and says in what way."""

    @pytest.mark.parametrize(
        ("events", "expected"),
        [
            ([], "before it began"),
            ([START], "without a stop reason"),
            ([START, STOP], "without a stop reason"),
            ([START, *text("a"), ended(None), STOP], "without a stop reason"),
            ([START, *text("a")[:2], ended(), STOP], "within a block"),
            ([START, *call("[1"), ended("tool_use"), STOP], "no JSON object"),
            ([START, *call("[1]"), ended("end_turn"), STOP], "no JSON object"),
        ],
    )
    def test_no_answer(self, events: list[dict[str, Any]], expected: str) -> None:
        with pytest.raises(BrokenStreamError, match=expected):
            drafted(*events).answer()

    @pytest.mark.parametrize(
        ("events", "expected"),
        [
            ([*text("a")], "does not begin with its message"),
            ([START, START], "began twice"),
            ([START, text("a")[0], text("a")[0]], "began twice"),
            ([START, text("a")[1]], "not open"),
            ([START, text("a")[-1]], "not open"),
            ([START, {"type": "content_block_start", "index": 0}], "without its kind"),
        ],
    )
    def test_out_of_order(self, events: list[dict[str, Any]], expected: str) -> None:
        with pytest.raises(BrokenStreamError, match=expected):
            drafted(*events)

    @pytest.mark.parametrize(
        "data", ["", "{", "[]", "null", '{"index": 1}', '{"type": 3}', '{"type": "x", "index": "a"}']
    )
    def test_no_event(self, data: str) -> None:
        with pytest.raises(BrokenStreamError, match="no JSON"):
            Draft().take(data)

    def test_an_error_within_the_stream(self) -> None:
        with pytest.raises(ErrorInStreamError, match="Overloaded") as caught:
            drafted(START, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
        assert caught.value.kind == "overloaded_error"

    def test_a_reason_that_nobody_knows(self) -> None:
        with pytest.raises(UnknownStopError, match="tired"):
            answered(*text("a"), ended("tired"))

    def test_what_was_used_counts_though_the_stream_broke(self) -> None:
        assert drafted(START, *text("a")).tokens == {"input": 3, "output": 1}
