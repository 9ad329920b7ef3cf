from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from covey.config.settings import AgentKinds, Preset
from covey.config.state_dir import state_directory
from covey.errors import UsageError
from covey.projects.imported import Imported, ImportedComponent, ImportedContext
from covey.projects.manifest import load_project
from covey.projects.python_package import import_package
from covey.projects.writer import render, write_manifest

Make = Callable[[dict[str, str]], Path]

MANIFEST = """\
# What covey knows of this project. Written by covey init; yours to change.

[project]
name = "shop-app"
preset = "python"
source = ["."] # where packages are found

[run]
agent = "offline" # who does the work: offline, or the NAME of a table [agents.NAME]

# Each component gets a document. Names, descriptions and depends_on may be changed,
# priority = 10 added (highest first), whole tables removed or added.

[[context]]
name = "shop"
module = "shop"
description = "The shop."

[[context.component]]
name = "cart"
module = "shop.cart"
description = "A cart."
depends_on = ["shop.money"]

[[context.component]]
name = "money"
module = "shop.money"
"""

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=40)
MODULES = st.lists(st.from_regex(r"[a-zäж][a-z0-9_é]{0,6}", fullmatch=True), min_size=1, max_size=6, unique=True)


@st.composite
def imports(draw: st.DrawFn) -> Imported:
    """What an importer could have found: any descriptions, dependencies among the components."""
    names = draw(MODULES)
    every = tuple(f"pkg.{name}" for name in names)
    components = tuple(
        ImportedComponent(
            name=name,
            module=f"pkg.{name}",
            description=draw(WORDS),
            depends_on=tuple(draw(st.lists(st.sampled_from(every), max_size=6, unique=True))),
        )
        for name in names
    )
    context = ImportedContext(name="pkg", module="pkg", description=draw(WORDS), components=components)
    return Imported(project_name="p", source=("src", "."), contexts=(context,), left_out=(), warnings=())


ELIXIR = """\
# What covey knows of this project. Written by covey init; yours to change.

[project]
name = "Shop"
preset = "elixir" # there is a mix.exs

[paths]
design = "spec/{path}.spec.md" # where the documents are

[run]
agent = "offline" # who does the work: offline, or the NAME of a table [agents.NAME]

# Each component gets a document. Names, descriptions and depends_on may be changed,
# priority = 10 added (highest first), whole tables removed or added.

[[context]]
name = "Billing"
module = "Shop.Billing"
depends_on = ["Ecto"]

[[context.component]]
name = "Tax"
module = "Shop.Billing.Tax"
type = "schema"
description = "Rates."
priority = -1
depends_on = ["Shop.Billing"]
"""


class TestRender:
    """The text is what a person would have written, and is read back as what was imported."""

    def test_it_is_readable(self, project: Make) -> None:
        root = project(
            {
                "shop/__init__.py": '"""The shop."""',
                "shop/cart.py": '"""A cart."""\nfrom . import money\n',
                "shop/money.py": "x = 1\n",
            }
        )
        assert render(import_package(root)) == MANIFEST

    def test_what_documents_tell_is_written_too(self, tmp_path: Path, kinds: AgentKinds) -> None:
        tax = ImportedComponent(
            name="Tax",
            module="Shop.Billing.Tax",
            type="schema",
            description="Rates.",
            priority=-1,
            depends_on=("Shop.Billing",),
        )
        billing = ImportedContext(
            name="Billing", module="Shop.Billing", description="", depends_on=("Ecto",), components=(tax,)
        )
        imported = Imported(
            project_name="Shop",
            preset=Preset.ELIXIR,
            preset_reason="there is a mix.exs",
            source=(".",),
            design="spec/{path}.spec.md",
            contexts=(billing,),
            left_out=(),
            warnings=(),
        )
        assert render(imported) == ELIXIR
        write_manifest(tmp_path, ELIXIR, force=False)
        assert load_project(tmp_path, kinds).contexts[0].components[0].priority == -1

    @given(imported=imports())
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
    def test_what_is_written_is_read_back(self, imported: Imported, tmp_path: Path, kinds: AgentKinds) -> None:
        (tmp_path / "covey.toml").write_text(render(imported), encoding="utf-8")
        declared = load_project(tmp_path, kinds)
        assert declared.name == imported.project_name
        assert declared.settings.project.source == imported.source
        assert [(one.module, one.name, one.description) for one in declared.contexts] == [
            (one.module, one.name, one.description) for one in imported.contexts
        ]
        expected = imported.contexts[0].components
        assert [(one.module, one.description, one.depends_on) for one in declared.contexts[0].components] == [
            (one.module, one.description, one.depends_on) for one in expected
        ]

    def test_a_project_of_odd_files_is_accepted_as_it_was_written(self, project: Make, kinds: AgentKinds) -> None:
        root = project(
            {
                "pyproject.toml": '[project]\nname = "größe \\"quoted\\" 3"\n',
                "größe/данные.py": '"""Quotes \\" and \\\\ and # and = and \'\'\'."""\nimport größe.__init__, main\n',
                "größe/__init__.py": "from . import данные, broken\nX = 1\n",
                "größe/broken.py": "def (\n",
                "main.py": "import größe\n",
                "class.py": "x = 1\n",
            }
        )
        imported = import_package(root)
        write_manifest(root, render(imported), force=False)
        assert len(load_project(root, kinds).components("p")) == 5 + 2

    def test_an_empty_project_is_accepted(self, project: Make, kinds: AgentKinds) -> None:
        root = project({})
        write_manifest(root, render(import_package(root)), force=False)
        assert load_project(root, kinds).contexts == ()


class TestWrite:
    """Nothing of the user's is overwritten silently."""

    def test_the_same_text_changes_nothing(self, tmp_path: Path) -> None:
        assert write_manifest(tmp_path, "a = 1\n", force=False).changed
        before = (tmp_path / "covey.toml").stat()
        written = write_manifest(tmp_path, "a = 1\n", force=True)
        assert (written.changed, written.replaced) == (False, None)
        assert (tmp_path / "covey.toml").stat().st_ino == before.st_ino
        assert [path.name for path in tmp_path.iterdir()] == ["covey.toml"]

    def test_another_text_is_refused_without_force(self, tmp_path: Path) -> None:
        (tmp_path / "covey.toml").write_text("mine")
        with pytest.raises(UsageError, match=r"covey.toml exists and would change; .* covey init --force"):
            write_manifest(tmp_path, "new", force=False)
        assert (tmp_path / "covey.toml").read_text() == "mine"

    def test_with_force_each_replaced_text_is_kept(self, tmp_path: Path) -> None:
        (tmp_path / "covey.toml").write_bytes(b"mine \xff")
        first = write_manifest(tmp_path, "second", force=True)
        second = write_manifest(tmp_path, "third", force=True)
        assert (tmp_path / "covey.toml").read_text() == "third"
        assert first.replaced == tmp_path / ".covey/replaced/covey.toml.1"
        assert second.replaced == tmp_path / ".covey/replaced/covey.toml.2"
        assert first.replaced.read_bytes() == b"mine \xff"
        assert second.replaced.read_text() == "second"
        assert (state_directory(tmp_path) / ".gitignore").read_text() == "*\n"

    def test_a_directory_in_its_place_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "covey.toml").mkdir()
        with pytest.raises(UsageError, match="not a regular file"):
            write_manifest(tmp_path, "x", force=True)

    def test_a_root_that_is_gone_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="cannot be written"):
            write_manifest(tmp_path / "gone", "x", force=False)
