"""Ready-made scripts: models that do the work of a session with the tools they are given, as a competent one would.

They go by the prompt alone, as a model does, and keep nothing between requests: what they have done so far they read
from the conversation. So one of them serves any number of sessions at the same time.
"""

import re
from collections.abc import Iterator, Sequence

from covey.errors import ScriptError
from covey.testing.messages_server.faults import Answer
from covey.testing.messages_server.replies import Reply, Text, Thinking, ToolUse
from covey.testing.messages_server.requests import Request, ToolResult

READ, WRITE, TEST = "read_file", "write_file", "run_tests"
"""The tools that the authors call."""

_TARGET = re.compile(r"^# (Write|Mend) the (test )?file `([^`]+)`", re.MULTILINE)
_SOURCE = re.compile(r"^- Source file: `([^`]+)`", re.MULTILINE)
_REVIEWED = re.compile(r"^- .+, module `[^`]+`: `([^`]+)`; its code: `", re.MULTILINE)
_MODULE = re.compile(r"module `([^`]+)`")
_TITLE = re.compile(r"beginning with the heading `# ([^`]+)`")
_SECTION = re.compile(r"^ *- `## ([^`]+)`", re.MULTILINE)
_DEFINITION = re.compile(r"^((?:async )?def [a-z]\w*|class [A-Z]\w*)", re.MULTILINE)
_TRIES = 2


def author(request: Request) -> Answer:
    """Read what there is to read, write the file that is asked for, run its tests if it has any, and end the turn.

    A design document or a review gets every section that the prompt names; a test file tests that the module's public
    names are there. A file that is there already is read and keeps its text. Code is not written.
    """
    return _Author(request).next()


class _Author:
    """What the author knows as it is asked: the prompt, and what its tools have given so far."""

    def __init__(self, request: Request) -> None:
        self._request = request
        self._prompt = f"{request.system}\n{request.prompt}"
        task, test, self._target = self._found(_TARGET, "heading `# Write the file …`").groups()
        self._mends = task == "Mend"
        self._is_test = test is not None
        if self._target.endswith(".py") and not self._is_test:
            raise ScriptError(f"The author writes documents and tests, no code: {self._target} is for another script.")

    def next(self) -> Reply:
        """What the author does next."""
        writes = self._results(WRITE, self._target)
        to_read = [path for path in self._to_read(writes) if not self._results(READ, path)]
        if to_read and READ in self._request.tools:
            return Reply([Thinking(f"First I look at {to_read[0]}."), ToolUse(READ, {"path": to_read[0]})])
        if not writes or (writes[-1].is_error and len(writes) < _TRIES):
            arguments = {"path": self._target, "content": self._content()}
            return Reply([Text(f"I write {self._target}."), ToolUse(WRITE, arguments)])
        if writes[-1].is_error:
            return Reply(f"I cannot write {self._target}: {writes[-1].text}")
        if self._is_test and TEST in self._request.tools and not self._results(TEST):
            return Reply(ToolUse(TEST))
        return Reply(f"{self._target} is written.")

    def _to_read(self, writes: Sequence[ToolResult]) -> Iterator[str]:
        """The source, or the documents of a review; and the target once it is known to be there."""
        yield from _SOURCE.findall(self._prompt)[:1] or _REVIEWED.findall(self._prompt)
        if self._mends or (writes and writes[-1].is_error):
            yield self._target

    def _results(self, tool: str, path: str | None = None) -> list[ToolResult]:
        return [
            result
            for result in self._request.tool_results
            if result.name == tool and result.arguments.get("path") == path
        ]

    def _text(self, path: str) -> str:
        """What was read of a file; nothing where it was not."""
        return next((result.text for result in self._results(READ, path) if not result.is_error), "")

    def _content(self) -> str:
        source = "\n".join(map(self._text, _SOURCE.findall(self._prompt)[:1]))
        names = _DEFINITION.findall(source)
        present = self._text(self._target)
        return self._tests(names, present) if self._is_test else self._document(names, present)

    def _document(self, names: Sequence[str], present: str) -> str:
        title = self._found(_TITLE, "title, as in: beginning with the heading `# Name`")[1]
        listed = "\n".join(f"- `{name}`" for name in names) or "Nothing public."
        known = {"Public API": listed, "Dependencies": "None.", "Findings": "None."}
        text = present if present.strip() else f"# {title}\n"
        for section in _SECTION.findall(self._prompt):
            text = with_section(text, section, known.get(section, f"{title}: {section.lower()}."))
        return text

    def _tests(self, names: Sequence[str], present: str) -> str:
        module = self._found(_MODULE, "module, as in: module `name`")[1]
        public = [definition.rpartition(" ")[2] for definition in names]
        tests = {"the_module": f'importlib.import_module("{module}")'}
        tests |= {name.lower(): f'hasattr(importlib.import_module("{module}"), "{name}")' for name in public}
        wanted = (f"def test_{name}_is_there() -> None:\n    assert {what}\n" for name, what in tests.items())
        missing = [test for test in wanted if test.partition("(")[0] not in present]
        return "\n\n".join([present.strip() or "import importlib", *missing])

    def _found(self, pattern: re.Pattern[str], wanted: str) -> re.Match[str]:
        match = pattern.search(self._prompt)
        if match is None:
            begins = self._prompt.strip()[:200]
            raise ScriptError(f"The author finds no {wanted} in the prompt, which begins: {begins!r}")
        return match


def with_section(document: str, title: str, text: str) -> str:
    """The document with this section: added at its end where it is missing, filled where it is empty."""
    heading = re.search(rf"^## {re.escape(title)}[ \t]*$", document, re.MULTILINE)
    if heading is None:
        return f"{document.rstrip()}\n\n## {title}\n\n{text}\n"
    following = re.search(r"^#{1,2} ", document[heading.end() :], re.MULTILINE)
    end = heading.end() + following.start() if following else len(document)
    if document[heading.end() : end].strip():
        return document
    return f"{document[: heading.end()]}\n\n{text}\n\n{document[end:]}".rstrip() + "\n"
