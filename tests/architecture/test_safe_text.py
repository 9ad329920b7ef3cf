"""No text reaches the monitor's screen but as sanitised spans: the rules of `safe_text` hold, and each can fail."""

from pathlib import Path

import pytest

import covey_tui
from tests.architecture.safe_text import FIELDS, RULES, TO_TERMINAL

PACKAGE = Path(covey_tui.__file__).parent
WIDGETS, SHOWN, RENDERED, SEGMENTS, SAFE = RULES
SANITISING = "    def validate_value(self, value):\n        return sanitise(value)"

VIOLATIONS = [
    (WIDGETS, "widgets/planted.py", "from textual.widgets import Static"),
    (WIDGETS, "widgets/planted.py", "from textual.widgets import Input, Label"),
    (WIDGETS, "screens/planted.py", "from textual.widgets._markdown import Markdown"),
    (WIDGETS, "screens/planted.py", "import textual.widgets"),
    (WIDGETS, "screens/planted.py", "def compose():\n    yield Input(value=name)"),
    (WIDGETS, "screens/planted.py", "class Field(Input):\n    def open(self):\n        self.focus()"),
    (WIDGETS, "screens/planted.py", "class Field(Input):\n    def validate_value(self, value):\n        return value"),
    (SHOWN, "app.py", "self.notify(f'{error}')"),
    (SHOWN, "app.py", "self.notify('done')"),
    (SHOWN, "app.py", "async def f(self, error):\n    self.app.notify(error, title='x')"),
    (SHOWN, "widgets/planted.py", "def f(self, text: str):\n    self.query_one('#log').write(text)"),
    (SHOWN, "widgets/planted.py", "self.query_one('#name').update(session.component)"),
    (SHOWN, "widgets/planted.py", "def f(self, name: str):\n    self.query_one('#name').update(name)"),
    (SHOWN, "widgets/planted.py", "said = 'x' + y\nself.query_one('#name').update(said)"),
    (SHOWN, "widgets/planted.py", "self.head.update(f'[b]{name}')"),
    (SHOWN, "widgets/planted.py", "self.head.update(str(error))"),
    (SHOWN, "widgets/planted.py", "self.border_title = name"),
    (SHOWN, "widgets/planted.py", "self.detail.tooltip = path"),
    (SHOWN, "widgets/planted.py", "self.title: str = path"),
    (SHOWN, "app.py", "self.exit(message=str(error))"),
    (SHOWN, "app.py", "Content.from_markup(text)"),
    (RENDERED, "widgets/planted.py", "class Name(Widget):\n    def render(self):\n        return self.name"),
    (SEGMENTS, "widgets/planted.py", "Strip([Segment(text, style)])"),
    (SEGMENTS, "widgets/lines.py", "Strip([Segment(' ', style)])"),
    (SEGMENTS, "screens/planted.py", "line = Text(name)"),
    (SAFE, "view/planted.py", "span(session.error_message)"),
    (SAFE, "view/planted.py", "span(f'why: {session.error_message or str()}', MUTED)"),
    (SAFE, "view/planted.py", "SafeText(board.project)"),
    (SAFE, "view/planted.py", "Span(session.module.rpartition('.')[2], TEXT)"),
    (SAFE, "screens/planted.py", "span('for ' + event.value)"),
    (SAFE, "view/planted.py", "span(session.skip_reason if session.skip_reason else 'none')"),
]
ALLOWED = [
    (WIDGETS, "screens/x.py", f"class Field(Input):\n{SANITISING}"),
    (
        WIDGETS,
        "screens/x.py",
        "from textual.widgets import Input\ndef f(event: Input.Changed):\n    isinstance(x, Input)",
    ),
    (
        SHOWN,
        "widgets/x.py",
        "def f(wanted: set[str], key: str):\n    wanted.update({key})\n    wanted.update(self.found)",
    ),
    (SHOWN, "widgets/x.py", "self.bar.show((span('done'),))"),
    (SHOWN, "app.py", "self.exit(return_code=2)"),
    (RENDERED, "widgets/x.py", "class Name(Widget):\n    def render_line(self, y):\n        return strip"),
    (SEGMENTS, "palette.py", "Segment(self._shown(text), style)"),
    (SAFE, "view/x.py", "span(sanitise_line(session.error_message, 80))"),
    (SAFE, "view/x.py", "span(f'{name_of(session)} has {len(session.module)}')"),
    (SAFE, "view/x.py", "span('its file' if session.artifact_path else 'none', MUTED)"),
    (SAFE, "view/x.py", "span(tab.value)"),
]


@pytest.mark.parametrize("rule", RULES)
def test_the_monitor_keeps(rule: str) -> None:
    assert RULES[rule](PACKAGE) == []


@pytest.mark.parametrize(("rule", "file", "code"), VIOLATIONS)
def test_a_planted_violation_is_seen(rule: str, file: str, code: str, tmp_path: Path) -> None:
    plant(tmp_path, file, code)
    assert [line.partition(":")[0] for line in RULES[rule](tmp_path)] == [file]


@pytest.mark.parametrize(("rule", "file", "code"), ALLOWED)
def test_what_is_allowed_is_not_reported(rule: str, file: str, code: str, tmp_path: Path) -> None:
    plant(tmp_path, file, code)
    assert RULES[rule](tmp_path) == []


@pytest.mark.parametrize(
    ("rule", "file"),
    [*((SHOWN, file) for file in TO_TERMINAL), (SEGMENTS, "palette.py")],
)
def test_an_exception_that_nobody_needs_any_more_goes(rule: str, file: str, tmp_path: Path) -> None:
    plant(tmp_path, "elsewhere.py", (PACKAGE / file).read_text(encoding="utf-8"))
    assert RULES[rule](tmp_path) != []


@pytest.mark.parametrize("field", FIELDS)
def test_each_stock_field_is_in_use(field: str) -> None:
    assert any(f"({field})" in file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py"))


def plant(package: Path, file: str, code: str) -> None:
    """Write one file of a package."""
    (package / file).parent.mkdir(parents=True, exist_ok=True)
    (package / file).write_text(code, encoding="utf-8")
