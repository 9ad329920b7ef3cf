"""From pydantic's errors to mistakes that a person can mend: where, what was expected, and the nearest known name."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from covey.config.locations import KeyPath, Lines
from covey.errors import Mistake
from covey.text.quoting import did_you_mean, listed, quoted, visible

Model = TypeVar("Model", bound=BaseModel)
_EXPECTED = {
    "string_type": "a string",
    "int_type": "an integer",
    "bool_type": "true or false",
    "float_type": "a number",
    "tuple_type": "an array",
    "list_type": "an array",
    "dict_type": "a table",
    "model_type": "a table",
    "model_attributes_type": "a table",
}


class Findings:
    """The mistakes of one manifest, gathered while it is read."""

    def __init__(self, file: Path, lines: Lines) -> None:
        self.file = file
        self.lines = lines
        self.mistakes: list[Mistake] = []

    def add(self, where: KeyPath, message: str) -> None:
        """A mistake at the value of this path; control characters in the message are made visible."""
        self.mistakes.append(Mistake(self.file, self.lines.of(*where), visible(message)))

    def unknown_key(self, where: KeyPath, known: tuple[str, ...]) -> None:
        """A key that is not known at its place, or that this version does not act on."""
        key = str(where[-1])
        hint = did_you_mean(key, known)
        self.add(
            where, f"unknown key {quoted(key)}: this version acts on no such key here{hint}; known are {listed(known)}"
        )

    def validate(self, model: type[Model], value: object, where: KeyPath) -> Model | None:
        """The value as this model, or None with every mistake of it added."""
        before = len(self.mistakes)
        checked: Model | None = None
        try:
            checked = model.model_validate(value)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                self._add_detail(model, detail, where)
        if isinstance(value, dict) and model.model_config.get("extra", "ignore") == "ignore":
            for key in (key for key in value if key not in _keys(model)):
                self.unknown_key((*where, str(key)), _keys(model))
        return checked if len(self.mistakes) == before else None

    def _add_detail(self, model: type[BaseModel], detail: ErrorDetails, where: KeyPath) -> None:
        location = detail["loc"]
        path = (*where, *location)
        if detail["type"] == "extra_forbidden":
            owner = _model_at(model, location[:-1])
            self.unknown_key(path, _keys(owner) if owner else ())
        elif detail["type"] == "missing":
            self.add(path, f"{quoted(str(location[-1]))} is missing")
        else:
            subject = _subject(path)
            self.add(path, f"{subject} {_said(detail)}")


def _subject(path: KeyPath) -> str:
    """The name of a value: its key, and in an array its place, counted from 1."""
    name = "the file"
    places: list[str] = []
    for part in path:
        if isinstance(part, str):
            name, places = quoted(part), []
        else:
            places.append(f", entry {part + 1}")
    return "".join((name, *places))


def _said(detail: ErrorDetails) -> str:
    """What pydantic found, as the end of a sentence that begins with the value's name."""
    kind, given = detail["type"], detail["input"]
    if kind in _EXPECTED:
        return f"should be {_EXPECTED[kind]}, not {quoted(given)}"
    if kind == "value_error":
        return detail["msg"].removeprefix("Value error, ")
    if kind in {"enum", "literal_error"}:
        expected = re.findall(r"'((?:[^'\\]|\\.)*)'", str(detail.get("ctx", {}).get("expected", "")))
        return f"should be one of {listed(expected)}, not {quoted(given)}{did_you_mean(str(given), expected)}"
    message = detail["msg"]
    if message.startswith("Input should"):
        return f"{message.removeprefix('Input ')}, not {quoted(given)}"
    return f"is not right: {message}"


def _keys(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _model_at(model: type[BaseModel], location: tuple[str | int, ...]) -> type[BaseModel] | None:
    """The model that describes the table at this place inside a model, as far as its annotations tell."""
    for part in location:
        if isinstance(part, int):
            continue
        annotation = next(
            (field.annotation for name, field in model.model_fields.items() if part in (name, field.alias)), None
        )
        inner = next(_models_in(annotation), None)
        if inner is None:
            return None
        model = inner
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
