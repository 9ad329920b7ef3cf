"""Whole numbers on the command line: those that are none are refused; the parser alone would round them."""

import re
from collections.abc import Sequence
from typing import Annotated

from cyclopts import Parameter, Token

_DIGITS = re.compile(r"[+-]?\d+(_\d+)*", re.ASCII)
_LONGEST, _LARGEST = 40, 2**63 - 1
"""More than that nothing here counts, nor does the database hold it."""


def _whole(_: object, tokens: Sequence[Token]) -> int:
    text = tokens[0].value
    if not _DIGITS.fullmatch(text):
        raise ValueError(f'"{text}" is no whole number')
    if len(text) > _LONGEST or abs(int(text)) > _LARGEST:
        raise ValueError(f'"{text}" is too large a number')
    return int(text)


Whole = Annotated[int | None, Parameter(converter=_whole)]
"""A whole number, like 4 or 2_000_000; None where the option is left out."""
WholeOr = Annotated[int, Parameter(converter=_whole)]
"""The same for an option that has a number of its own where it is left out."""
