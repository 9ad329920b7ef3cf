"""Input that is wrong: each with a clear error, the right exit code, nothing on standard output, and nothing lost."""

from pathlib import Path

import pytest

from tests.cli.program import covey, program
from tests.e2e.scene import contents, refused

LONG = "a" * 300

MANIFESTS: dict[str, tuple[str | bytes, list[str]]] = {
    "no TOML": ("[project\nname = 1\n", ["covey.toml:1: is not TOML"]),
    "no text": (b"\xff\xfe[project]\n", ["covey.toml", "UTF-8"]),
    "no contexts": ("[project]\nname = 'x'\n", ['no context "x"', "covey.toml declares none", "covey init --force"]),
    "settings": (
        """
[project]
nane = 'x'
preset = 'ruby'
[run]
max_sessions = 0
budget_eur = 5.0
cancel_grace = '9 days'
[agents.a]
kind = 'comand'
[agents.b]
kind = 'command'
comand = ['x']
[nonsense]
a = 1
""",
        [
            'covey.toml:2: unknown key "nane"',
            'did you mean "name"?',
            'covey.toml:3: "preset" should be one of "python", "elixir", not "ruby"',
            'covey.toml:5: "max_sessions"',
            'covey.toml:6: unknown key "budget_eur"',
            'covey.toml:7: "cancel_grace" should be a duration like "90s"',
            'covey.toml:9: no agent kind "comand"',
            'did you mean "command"?',
            'covey.toml:10: "command" is missing',
            'covey.toml:12: unknown key "comand"',
            'covey.toml:13: unknown key "nonsense"',
        ],
    ),
    "names": (
        f"""
[[context]]
name = 'A'
module = '../a'
[[context.component]]
name = 'x/y'
module = 'a/b'
[[context.component]]
name = "bell\\u0007"
module = "a.b\\u001b[2J"
[[context.component]]
name = '..'
module = 'a.1b'
[[context.component]]
name = '{LONG}'
module = 'a.{LONG}'
[[context.component]]
name = 'c'
module = 'a.c'
depends_on = ['a.nobody']
[[context.component]]
name = 'd'
module = 'a.c'
[[context.component]]
name = 'e'
module = ''
""",
        [f"covey.toml:{line}: " for line in (3, 5, 6, 8, 9, 11, 12, 14, 15, 19, 22, 25)]
        + [
            "the path",
            "control characters",
            "at most 255",
            "no known module",
            "declared twice: the first time on line",
        ],
    ),
    "one path": (
        """
[paths]
design = 'docs/{name}.md'
[[context]]
name = 'A'
module = 'a'
[[context.component]]
name = 'same'
module = 'a.b'
[[context.component]]
name = 'same'
module = 'a.c'
""",
        ['"a.c" and "a.b" (line 8) have the same design file "docs/same.md"', "[paths]"],
    ),
    "a path outside": (
        "[paths]\ndesign = '../{name}.md'\n[[context]]\nname = 'A'\nmodule = 'a'\n",
        ["covey.toml:2: ", "inside the project"],
    ),
    "no components": (
        "[[context]]\nname = 'x'\nmodule = 'a'\n",
        ["no components in x", "[[context.component]]"],
    ),
}


class TestManifest:
    """Every mistake in covey.toml is told with its line, all at once, and nothing is started."""

    @pytest.mark.parametrize("case", MANIFESTS)
    def test_is_refused(self, tmp_path: Path, case: str) -> None:
        text, said = MANIFESTS[case]
        (tmp_path / "covey.toml").write_bytes(text.lstrip("\n").encode() if isinstance(text, str) else text)
        ran = covey("run", "design", "x", "--headless", "--json", cwd=tmp_path)
        refused(ran, *said)
        assert "\x1b" not in ran.err
        assert list(contents(tmp_path)) == ["covey.toml"]

    def test_must_be_there(self, tmp_path: Path) -> None:
        refused(program("run", "design", "x", "--json", cwd=tmp_path), f"no covey.toml in {tmp_path}", "covey init")
        assert list(tmp_path.iterdir()) == []

    def test_any_letters_make_a_name(self, tmp_path: Path) -> None:
        (tmp_path / "covey.toml").write_text(
            "[[context]]\nname = 'Größe'\nmodule = 'größe'\n"
            "[[context.component]]\nname = 'Ärzte'\nmodule = 'größe.a\u0308rzte'\n"
            "[[context.component]]\nname = '名前'\nmodule = 'größe.名前'\n",
            encoding="utf-8",
        )
        ran = covey("run", "design", "gro\u0308ße", "--json", cwd=tmp_path)
        assert (ran.code, ran.err) == (0, "")
        assert (tmp_path / "docs/design/größe/ärzte.md").is_file(), "names are stored in their composed form"
        assert (tmp_path / "docs/design/größe/名前.md").is_file()
        assert "名前" in covey("status", cwd=tmp_path).out


class TestContext:
    """A context or workflow that nobody knows is answered with what there is."""

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ("run design shop.biling", 'no context "shop.biling"; did you mean "shop.billing"'),
            ("run dsign billing", 'unknown workflow "dsign"; did you mean "design"?'),
            ("run design billing --agent nobody", 'no agent "nobody"'),
            ("run design billing --agent waist --dry-run", 'did you mean "waits"'),
        ],
    )
    def test_is_refused(self, shop: Path, arguments: str, said: str) -> None:
        refused(covey(*arguments.split(), "--json", cwd=shop), said)
        assert not (shop / "docs").exists()

    def test_the_end_of_two_names_is_no_name(self, shop: Path) -> None:
        with (shop / "covey.toml").open("a", encoding="utf-8") as manifest:
            manifest.write("\n[[context]]\nname = 'other'\nmodule = 'other.billing'\n")
        refused(covey("run", "design", "billing", cwd=shop), "shop.billing", "other.billing")


class TestAgent:
    """An agent that cannot work is told before anything starts."""

    @pytest.mark.parametrize(
        ("table", "said"),
        [
            ("command = ['./no-such-program']", "no-such-program does not exist"),
            ("command = ['no-such-program-anywhere']", "'no-such-program-anywhere' is not on the PATH"),
            ("command = ['src']", "'src'"),
            ("command = ['./covey.toml']", "covey.toml"),
            ("command = ['true']\nenv = ['COVEY_TEST_NO_SUCH_KEY']", "COVEY_TEST_NO_SUCH_KEY is not set"),
        ],
    )
    def test_is_refused(self, shop: Path, table: str, said: str) -> None:
        before = contents(shop)
        with (shop / "covey.toml").open("a", encoding="utf-8") as manifest:
            manifest.write(f"\n[agents.gone]\nkind = 'command'\n{table}\n")
        refused(covey("run", "design", "billing", "--agent", "gone", "--json", cwd=shop), "agent gone: ", said)
        assert contents(shop).keys() == before.keys()

    def test_of_a_retry_is_looked_at_too(self, blocked: Path) -> None:
        refused(covey("retry", "--failed", "--agent", "nobody", "--json", cwd=blocked), "nobody")
