from hypothesis import given
from hypothesis import strategies as st

from covey.text.quoting import did_you_mean, has_controls, listed, nearest, quoted, visible


@given(st.text(st.characters(codec=None)))
def test_what_is_visible_can_be_printed_and_written_anywhere(text: str) -> None:
    shown = visible(text)
    assert not has_controls(shown)
    shown.encode()


def test_joiners_may_be_in_names_and_overrides_of_the_direction_may_not() -> None:
    assert not has_controls("\u0645\u06cc\u200c\u062e")
    assert has_controls("invoice\u202egpj")
    assert has_controls("a\nb")
    assert has_controls("\udc80")


def test_values_are_quoted_as_toml_writes_them_and_cut() -> None:
    assert quoted("a\x1bb") == '"a\\x1bb"'
    assert quoted(value=True) == "true"
    assert len(quoted("x" * 500)) == 80


def test_long_lists_end_in_a_number() -> None:
    assert listed(["a", "b"]) == '"a", "b"'
    assert listed(str(number) for number in range(15)).endswith('"11" and 3 more')


def test_nearest_looks_past_upper_and_lower_case() -> None:
    assert nearest("billng", ["Billing", "Orders"]) == ("Billing",)
    assert did_you_mean("billing", ["Billing"]) == '; did you mean "Billing"?'
    assert did_you_mean("zzz", ["Billing"]) == ""


def test_an_endless_name_costs_next_to_nothing() -> None:
    assert did_you_mean("x" * 1_000_000, ["status"]) == ""
