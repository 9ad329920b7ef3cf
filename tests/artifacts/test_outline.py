"""The structure of documents; what checks make of it is in `test_checks`."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["covey.artifacts.outline", "covey.projects.design_text"])
def test_the_parser_has_its_rules_before_anybody_reads_with_it(module: str) -> None:
    """It makes them when it parses first, and whoever comes while it does finds half of them: a document without text.

    In a process of its own, in which nothing was read yet.
    """
    asked = f"from {module} import _PARSER; from sys import exit; parts = (_PARSER.core.ruler, _PARSER.block.ruler)\n"
    asked += "exit(not all(part.__cache__ for part in parts))"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
