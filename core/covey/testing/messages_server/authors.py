"""Ready-made scripts: models that do the work of a session with the tools they are given, as a competent one would.

They go by the prompt alone, as a model does, and keep nothing between requests: what they have done so far they read
from the conversation. So one of them serves any number of sessions at the same time.
"""

import re
from collections.abc import Mapping
from typing import Any

from covey.errors import ScriptError
from covey.testing.messages_server.faults import Answer
from covey.testing.messages_server.replies import Reply, Text, Thinking, ToolUse
from covey.testing.messages_server.requests import Request, ToolResult

READ, WRITE, TEST = "read_file", "write_file", "run_tests"
"""The tools that the authors call."""

_TARGET = re.compile(r"^# (?:Write|Mend) the (?:test )?file `([^`]+)`", re.MULTILINE)
_SOURCE = re.compile(r"^- Source file: `([^`]+)`", re.MULTILINE)
_MODULE = re.compile(r"module `([^`]+)`")
_TITLE = re.compile(r"beginning with the heading `# ([^`]+)`")
_SECTION = re.compile(r"^ *- `## ([^`]+)`", re.MULTILINE)
_DEFINITION = re.compile(r"^(?: *\d+\W)?((?:async )?def [a-z]\w*|class [A-Z]\w*)", re.MULTILINE)


def author(request: Request) -> Answer:
    """Read the source, write the file that the prompt asks for, run its tests where there are any, and end the turn.

    A design document or a review gets every section that the prompt names; a test file tests that the module's public
    names are there.
    """
    prompt = f"{request.system}\n{request.prompt}"
    target = _found(_TARGET, prompt, "a heading `# Write the file …`")
    done = {(result.name, result.arguments.get("path")): result for result in request.tool_results}
    to_read = [path for path in _to_read(prompt, target) if (READ, path) not in done]
    if READ in request.tools and to_read:
        return Reply([Thinking(f"First I look at {to_read[0]}."), ToolUse(READ, {"path": to_read[0]})])
    if (WRITE, target) not in done:
        return Reply([Text(f"I write {target}."), ToolUse(WRITE, {"path": target, "content": _content(prompt, done)})])
    if done[WRITE, target].is_error:
        return Reply(f"I cannot write {target}: {done[WRITE, target].text}")
    if _is_test(target) and TEST in request.tools and (TEST, None) not in done:
        return Reply(ToolUse(TEST))
    return Reply(f"{target} is written.")


def _to_read(prompt: str, target: str) -> list[str]:
    """The source, and before it the target where it is to be mended."""
    mended = [target] if f"# Mend the file `{target}`" in prompt or f"# Mend the test file `{target}`" in prompt else []
    return mended + _SOURCE.findall(prompt)[:1]


def _is_test(target: str) -> bool:
    return target.endswith(".py")


_IMPORTED = 'def test_the_module_is_there() -> None:\n    assert importlib.import_module("{module}")\n'
_NAMED = 'def test_{test}_is_there() -> None:\n    assert hasattr(importlib.import_module("{module}"), "{name}")\n'

Done = Mapping[tuple[str, Any], ToolResult]


def _content(prompt: str, done: Done) -> str:
    target = _found(_TARGET, prompt, "a heading `# Write the file …`")
    source = "\n".join(done[READ, path].text for path in _SOURCE.findall(prompt)[:1] if (READ, path) in done)
    names = _DEFINITION.findall(source)
    return _tests(prompt, names) if _is_test(target) else _document(prompt, names)


def _document(prompt: str, names: list[str]) -> str:
    title = _found(_TITLE, prompt, "a title, as in: beginning with the heading `# Name`")
    sections = _SECTION.findall(prompt)
    listed = "\n".join(f"- `{name}`" for name in names) or "Nothing public."
    texts = {"Public API": listed, "Dependencies": "None."}
    written = (f"\n## {section}\n\n{texts.get(section, f'{title}: {section.lower()}.')}\n" for section in sections)
    return f"# {title}\n{''.join(written)}"


def _tests(prompt: str, names: list[str]) -> str:
    module = _found(_MODULE, prompt, "a module, as in: module `name`")
    tests = [_IMPORTED.format(module=module)]
    public = [definition.rpartition(" ")[2] for definition in names]
    tests.extend(_NAMED.format(test=name.lower(), module=module, name=name) for name in public)
    return "\n\n".join(["import importlib\n", *tests])


def _found(pattern: re.Pattern[str], prompt: str, wanted: str) -> str:
    match = pattern.search(prompt)
    if match is None:
        raise ScriptError(f"The author finds no {wanted} in the prompt, which begins: {prompt.strip()[:200]!r}")
    return match[1]
