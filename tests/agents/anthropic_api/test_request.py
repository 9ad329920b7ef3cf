"""What is sent: turns that alternate, marks for the cache, and what is still unanswered."""

from typing import Any

from covey.agents.anthropic_api.request import as_turns, has_ended, result_of, said_by_user, unanswered

CALLS = [{"type": "tool_use", "id": each, "name": "read_file", "input": {}} for each in ("t1", "t2")]
MARK = {"cache_control": {"type": "ephemeral"}}


def answer(*blocks: dict[str, Any], reason: str = "tool_use") -> dict[str, Any]:
    return {"role": "assistant", "content": list(blocks), "stop_reason": reason}


def test_what_one_side_says_in_a_row_is_one_turn() -> None:
    turns = as_turns([said_by_user("a"), answer(*CALLS), *(result_of(call, "x") for call in CALLS), said_by_user("b")])
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user"]
    assert [block["type"] for block in turns[2]["content"]] == ["tool_result", "tool_result", "text"]
    assert all(set(turn) == {"role", "content"} for turn in turns)


def test_the_ends_of_the_last_two_of_the_users_turns_are_marked() -> None:
    said = [said_by_user("a"), answer(), said_by_user("b"), answer(), said_by_user("c")]
    turns = as_turns(said)
    assert ["cache_control" in turn["content"][-1] for turn in turns if turn["role"] == "user"] == [False, True, True]
    assert said[-1]["content"] == [{"type": "text", "text": "c"}]


def test_a_result_without_a_word_says_so() -> None:
    assert result_of(CALLS[0], " \n")["content"] == [
        {"type": "tool_result", "tool_use_id": "t1", "content": "(nothing)"}
    ]


def test_calls_without_a_result_are_found() -> None:
    said = [said_by_user("a"), answer(*CALLS)]
    assert unanswered(said) == CALLS
    assert unanswered([*said, result_of(CALLS[0], "x")]) == CALLS[1:]
    assert unanswered([*said, *(result_of(call, "x") for call in CALLS)]) == []
    assert unanswered([]) == []


def test_only_an_answer_that_ends_is_an_end() -> None:
    text = {"type": "text", "text": "Done."}
    assert has_ended([answer(text, reason="end_turn")])
    assert has_ended([answer(text, reason="stop_sequence")])
    assert not has_ended([answer(text, CALLS[0], reason="end_turn")])
    assert not has_ended([answer(text, reason="pause_turn")])
    assert not has_ended([answer(text, reason="end_turn"), said_by_user("more")])
    assert not has_ended([])
