from collections.abc import Callable
from pathlib import Path

import pytest

from covey.config.manifest import Manifest, load_manifest
from covey.config.settings import AgentKinds, Preset
from covey.errors import ConfigError, UsageError

Load = Callable[[str], Manifest]
Mistakes = Callable[[str], list[tuple[int, str]]]


class TestDefaults:
    """Everything but the contexts has a default."""

    def test_an_empty_manifest_has_every_default(self, load: Load) -> None:
        settings = load("").settings
        assert settings.project.name is None
        assert settings.project.preset is Preset.PYTHON
        assert settings.project.source == (".",)
        assert settings.paths.design is None
        assert settings.run.agent == "offline"
        assert settings.run.model is None
        assert (settings.run.max_sessions, settings.run.max_revisions, settings.run.max_tries) == (8, 3, 1)
        assert settings.run.cancel_grace == 10.0
        assert (settings.run.quiet_after, settings.run.stall_timeout, settings.run.session_timeout) == (120, 300, 3600)
        assert settings.run.tests_first is False
        assert (settings.commands.python, settings.commands.test, settings.commands.timeout) == (None, None, 600.0)
        assert settings.agents == {}

    def test_sections_go_by_type_and_unknown_types_take_those_of_module(self, load: Load) -> None:
        design = load("").settings.design
        assert design.sections_for("module") == ("Purpose", "Public API", "Dependencies")
        assert design.sections_for("schema") == ("Purpose", "Fields", "Dependencies")
        assert design.sections_for("gadget") == ("Purpose", "Public API", "Dependencies")

    def test_own_sections_replace_one_type_and_leave_the_others(self, load: Load) -> None:
        design = load('[design.sections]\nmodule = ["Why"]\nview = ["Looks"]\n').settings.design
        assert design.sections_for("gadget") == ("Why",)
        assert design.sections_for("view") == ("Looks",)
        assert design.sections_for("schema") == ("Purpose", "Fields", "Dependencies")


class TestValues:
    """What is written is what is set."""

    def test_every_table(self, load: Load) -> None:
        manifest = load(
            '[project]\nname = "shop"\npreset = "elixir"\nsource = ["src/", "./lib"]\n'
            '[paths]\ndesign = "d/{path}.md"\n'
            '[run]\nagent = "mine"\nmodel = "m"\nmax_sessions = 2\nmax_revisions = 0\nmax_tries = 4\n'
            'cancel_grace = "1m"\n'
            '[agents.mine]\nkind = "command"\ncommand = ["x"]\ntimeout = "5m"\n'
            '[[context]]\nname = "Billing"\nmodule = "shop.billing"\ndescription = "money"\n'
            '[[context.component]]\nname = "Invoice"\nmodule = "shop.billing.invoice"\ntype = "schema"\npriority = -1\n'
            'depends_on = ["shop.billing"]\n'
        )
        settings = manifest.settings
        assert settings.project.model_dump() == {"name": "shop", "preset": Preset.ELIXIR, "source": ("src", "lib")}
        assert settings.paths.design == "d/{path}.md"
        assert (settings.run.max_sessions, settings.run.max_revisions, settings.run.max_tries) == (2, 0, 4)
        assert settings.run.cancel_grace == 60.0
        agent = settings.agent("mine")
        assert agent.kind == "command"
        assert agent.options.model_dump() == {"command": ["x"], "timeout": 300.0}
        component = manifest.contexts[0].component[0]
        assert (component.type, component.priority, component.depends_on) == ("schema", -1, ("shop.billing",))

    def test_names_are_kept_in_composed_form(self, load: Load) -> None:
        table = load('[[context]]\nname = "Cafe\u0301"\nmodule = "shop.cafe\u0301"\n').contexts[0]
        assert (table.name, table.module) == ("Caf\u00e9", "shop.caf\u00e9")

    def test_windows_line_ends_and_a_byte_order_mark_are_read(self, tmp_path: Path, kinds: AgentKinds) -> None:
        (tmp_path / "covey.toml").write_bytes(b'\xef\xbb\xbf[project]\r\nname = "x"\r\n')
        assert load_manifest(tmp_path, kinds).settings.project.name == "x"


class TestMistakes:
    """All mistakes at once, each with its line, what was expected, and the nearest known name."""

    def test_mistakes_of_all_tables_come_together_in_the_order_of_their_lines(self, mistakes: Mistakes) -> None:
        found = mistakes(
            '[project]\nnmae = "x"\n[run]\nagent = "ofline"\nmax_sessions = 0\ncancel_grace = 10\nmax_tries = true\n'
            '[agents.mine]\nkind = "command"\ncommand = []\ntimeuot = "1m"\n[ui]\ntheem = "x"\n'
            '[[context]]\nname = "A"\nmodule = "a"\n[[context.component]]\nname = 3\npriority = "high"\n'
        )
        assert [line for line, _ in found] == [2, 4, 5, 6, 7, 10, 11, 13, 17, 18, 19]
        text = "\n".join(message for _, message in found)
        assert 'unknown key "nmae"' in text
        assert 'did you mean "name"' in text
        assert 'no agent "ofline"; did you mean "offline"' in text
        assert '"max_sessions" should be greater than or equal to 1, not 0' in text
        assert '"cancel_grace" should be a duration like "90s", "5m" or "1h", not 10' in text
        assert '"max_tries" should be an integer, not true' in text
        assert 'did you mean "timeout"' in text
        assert '"module" is missing' in text
        assert '"priority" should be an integer, not "high"' in text

    def test_a_key_that_nothing_acts_on_is_a_mistake(self, mistakes: Mistakes) -> None:
        ((line, message),) = mistakes("[run]\nauto_retry = true\n")
        assert line == 2
        assert "this version acts on no such key" in message

    def test_whether_covey_goes_on_by_itself_is_yes_or_no(self, mistakes: Mistakes) -> None:
        ((line, message),) = mistakes('[run]\nauto_resume = "1h"\n')
        assert line == 2
        assert '"auto_resume" should be true or false' in message

    @pytest.mark.parametrize(
        ("key", "expected"),
        [
            ("retry_limit = -1", "retry_limit"),
            ("retry_limit = true", '"retry_limit" should be an integer, not true'),
            ("retry_window = 600", '"retry_window" should be a duration like "90s", "5m" or "1h", not 600'),
            ('retry_window = "0s"', "retry_window"),
        ],
    )
    def test_limits_of_retries(self, mistakes: Mistakes, key: str, expected: str) -> None:
        ((line, message),) = mistakes(f"[run]\n{key}\n")
        assert line == 2
        assert expected in message

    def test_an_unknown_preset_is_told_with_those_that_exist(self, mistakes: Mistakes) -> None:
        ((_, message),) = mistakes('[project]\npreset = "pyton"\n')
        assert message == '"preset" should be one of "python", "elixir", not "pyton"; did you mean "python"?'

    @pytest.mark.parametrize(
        ("value", "said"),
        [
            ('"docs/{pth}.md"', 'unknown placeholder "{pth}"; did you mean "path"?'),
            ('"docs/{}.md"', 'unknown placeholder "{}"'),
            ('"docs/{path!r}.md"', "unknown placeholder"),
            ('"docs/{path:>9}.md"', "unknown placeholder"),
            ('"docs/{path.real}.md"', "unknown placeholder"),
            ('"docs/{path"', "is no template"),
            ('"/docs/{path}.md"', "should be a path inside the project"),
            ('"../{path}.md"', "should be a path inside the project"),
            ('"docs\\\\{path}.md"', "should be a path inside the project"),
            ('" "', "should not be blank"),
            ("3", "should be a string, not 3"),
        ],
    )
    def test_a_template_that_will_not_do(self, mistakes: Mistakes, value: str, said: str) -> None:
        ((line, message),) = mistakes(f"[paths]\ncode = {value}\n")
        assert line == 2
        assert said in message

    @pytest.mark.parametrize(
        "source", ['["/abs"]', '["a/../.."]', "[]", '["src", "src/"]', '"src"', "[1]", '["a\\\\b"]']
    )
    def test_source_roots_that_will_not_do(self, mistakes: Mistakes, source: str) -> None:
        ((line, message),) = mistakes(f"[project]\nsource = {source}\n")
        assert line == 2
        assert message.startswith('"source"')

    @pytest.mark.parametrize("sections", ["[]", '["A", "A"]', '[" "]', '"A"', "[1]", '["a\\nb"]'])
    def test_sections_that_will_not_do(self, mistakes: Mistakes, sections: str) -> None:
        ((line, _),) = mistakes(f"[design.sections]\nmodule = {sections}\n")
        assert line == 2

    @pytest.mark.parametrize(
        ("text", "lines"),
        [
            ("project = 3\nrun = []\ncontext = {}\nagents = 1\n", [1, 2, 3, 4]),
            ("context = [1]\n", [1]),
            ("[context]\nname = 1\n", [1]),
            ("[agents]\nmine = 1\n", [2]),
            ("[agents.mine]\n", [1]),
            ("[agents.mine]\nkind = 3\n", [2]),
            ('[agents.mine]\nkind = "comand"\n', [2]),
            ('[agents.mine]\nkind = "careless"\n\nspede = 3\n', [4]),
        ],
    )
    def test_tables_of_a_wrong_shape(self, mistakes: Mistakes, text: str, lines: list[int]) -> None:
        assert [line for line, _ in mistakes(text)] == lines

    def test_control_characters_never_reach_a_message(self, mistakes: Mistakes) -> None:
        found = mistakes(
            '[project]\nname = "a\\u001b[31m"\npreset = "\\u009b2J"\n"\\u001b]0;x\\u0007" = 1\n'
            '[run]\nagent = "\\r\\u202e"\n'
        )
        assert [line for line, _ in found] == [2, 3, 4, 6, 6]
        assert all(character.isprintable() for _, message in found for character in message)
        assert "\\x1b[31m" in found[0][1]

    def test_a_long_value_is_cut(self, mistakes: Mistakes) -> None:
        ((_, message),) = mistakes(f'[project]\npreset = "{"x" * 100_000}"\n')
        assert len(message) < 300


class TestCommands:
    """`[commands]` says how the project's tests are run, and `tests_first` how they have to end."""

    def test_what_is_written_is_what_is_set(self, load: Load) -> None:
        settings = load(
            '[commands]\npython = "python3.12"\ntest = ["{python}", "-m", "pytest", "-k", "{x y}", "{file}"]\n'
            'timeout = "90s"\n[run]\ntests_first = true\n'
        ).settings
        assert settings.commands.python == "python3.12"
        assert settings.commands.test == ("{python}", "-m", "pytest", "-k", "{x y}", "{file}")
        assert settings.commands.timeout == 90.0
        assert settings.run.tests_first is True

    @pytest.mark.parametrize(
        ("text", "line", "said"),
        [
            ('test = ["{python}", "{file}",\n"{fiel}"]', 3, 'unknown placeholder "{fiel}"; did you mean "file"?'),
            ('test = ["{pyton}", "{file}"]', 2, "known are {python}, {file}"),
            ('test = ["{python}", "-m", "pytest"]', 2, "should have {file} where the file goes"),
            ("test = []", 2, "should begin with a program"),
            ('test = [" ", "{file}"]', 2, "should begin with a program"),
            ('test = ["{file}"]', 2, "should begin with a program"),
            ('test = ["x\\u0000", "{file}"]', 2, "should have no NUL"),
            ('test = "pytest {file}"', 2, '"test" should be an array, not "pytest {file}"'),
            ('test = ["pytest", 3]', 2, '"test", entry 2 should be a string, not 3'),
            ('python = ""', 2, "should not be blank"),
            ("python = 3", 2, '"python" should be a string, not 3'),
            ('timeout = "0s"', 2, '"timeout" should be greater than 0'),
            ("timeout = 5", 2, "should be a duration"),
            ('tests = ["x"]', 2, 'unknown key "tests"'),
        ],
    )
    def test_what_will_not_do(self, mistakes: Mistakes, text: str, line: int, said: str) -> None:
        ((found, message),) = mistakes(f"[commands]\n{text}\n")
        assert found == line
        assert said in message

    def test_tests_first_is_true_or_false(self, mistakes: Mistakes) -> None:
        assert mistakes('[run]\ntests_first = "yes"\n') == [
            (2, '"tests_first" should be true or false, not "yes"'),
        ]


class TestAgents:
    """`run.agent` is a table under [agents], or a kind that needs no settings."""

    def test_a_kind_that_needs_no_settings_can_be_named(self, load: Load) -> None:
        agent = load('[run]\nagent = "offline"\n').settings.agent("offline")
        assert (agent.kind, agent.options.model_dump()) == ("offline", {"style": "plain"})

    def test_a_table_wins_over_the_kind_of_the_same_name(self, load: Load) -> None:
        settings = load('[agents.offline]\nkind = "offline"\nstyle = "loud"\n').settings
        assert settings.agent("offline").options.model_dump() == {"style": "loud"}

    def test_a_kind_that_needs_settings_asks_for_a_table(self, mistakes: Mistakes) -> None:
        ((line, message),) = mistakes('[run]\nagent = "command"\n')
        assert line == 2
        assert 'needs settings ("command"): add a table [agents.NAME] with kind = "command"' in message

    def test_the_mistakes_of_the_named_table_are_said_once(self, mistakes: Mistakes) -> None:
        assert mistakes('[run]\nagent = "mine"\n[agents.mine]\nkind = "command"\n') == [(3, '"command" is missing')]

    def test_an_agent_asked_for_later_is_refused_with_the_nearest_names(self, load: Load) -> None:
        settings = load('[agents.writer]\nkind = "offline"\n').settings
        with pytest.raises(UsageError, match=r'no agent "writr"; did you mean "writer"\?'):
            settings.agent("writr")
        with pytest.raises(UsageError, match="needs settings"):
            settings.agent("command")


class TestUnreadable:
    """A file that cannot be read to its end is one mistake that says where and why."""

    @pytest.mark.parametrize(
        ("content", "line", "said"),
        [
            (b"[project\n", 1, "column 9"),
            (b"a = 1\nb = \n", 2, "column 5"),
            (b"\n\na = [1,\n", 3, "at the end of the file"),
            (b"a = 1\na = 2\n", 2, "Cannot overwrite"),
            (b'a = "\x1b"\n', 1, "'\\x1b'"),
            (b"a = 1\n\xff\n", 2, "not UTF-8 (byte 0xff)"),
            (b"a = " + b"[" * 100_000, 0, "nested too deeply"),
            (b"a = " + b"9" * 5000, 0, "is not TOML"),
            (b"a = 2024-13-45\n", 1, "is not TOML"),
            (b"\x00", 1, "is not TOML"),
        ],
    )
    def test_what_is_not_toml(self, tmp_path: Path, kinds: AgentKinds, content: bytes, line: int, said: str) -> None:
        (tmp_path / "covey.toml").write_bytes(content)
        with pytest.raises(ConfigError) as caught:
            load_manifest(tmp_path, kinds)
        (mistake,) = caught.value.mistakes
        assert mistake.file == tmp_path / "covey.toml"
        assert mistake.line == line
        assert said in mistake.message
        assert mistake.message.isprintable()

    def test_no_manifest_says_what_to_run(self, tmp_path: Path, kinds: AgentKinds) -> None:
        with pytest.raises(UsageError, match=r"no covey.toml in .* or above; run: covey init"):
            load_manifest(tmp_path, kinds)

    def test_a_directory_in_its_place(self, tmp_path: Path, kinds: AgentKinds) -> None:
        (tmp_path / "covey.toml").mkdir()
        with pytest.raises(ConfigError, match="not a regular file"):
            load_manifest(tmp_path, kinds)
