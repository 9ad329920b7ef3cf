import pytest
from pydantic import BaseModel, ValidationError

from covey.config.durations import Duration, parse_duration


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("90s", 90.0),
        ("5m", 300.0),
        ("1h", 3600.0),
        ("0s", 0.0),
        ("1.5m", 90.0),
        ("0.25s", 0.25),
        ("8784h", 31_622_400.0),
    ],
)
def test_a_duration_is_a_number_and_a_unit(written: str, seconds: float) -> None:
    assert parse_duration(written) == seconds


@pytest.mark.parametrize(
    "written", ["", "5", "s", "-5s", "5 s", "5d", "5ms", "1h30m", "\u0661s", "1e3s", "inf", 5, 5.0, True, None, ["5s"]]
)
def test_what_is_no_duration_is_told_with_examples(written: object) -> None:
    with pytest.raises(ValueError, match='should be a duration like "90s", "5m" or "1h"'):
        parse_duration(written)


def test_a_duration_is_at_most_a_year() -> None:
    with pytest.raises(ValueError, match="at most a year"):
        parse_duration("8785h")


def test_it_serves_as_a_type_of_any_settings() -> None:
    class Settings(BaseModel):
        timeout: Duration = 10.0

    assert Settings().timeout == 10.0
    assert Settings.model_validate({"timeout": "2m"}).timeout == 120.0
    with pytest.raises(ValidationError):
        Settings.model_validate({"timeout": 2})
