"""Projects of design documents: those under `documents/`, as people write them, and small ones for each rule."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from covey.config.settings import AgentKinds, Preset
from covey.errors import DocumentsError, UsageError
from covey.projects.design_documents import import_documents
from covey.projects.imported import Imported, ImportedComponent
from covey.projects.manifest import load_project
from covey.projects.writer import render, write_manifest

Make = Callable[[dict[str, str]], Path]
Sample = Callable[[str], Path]
SAMPLES = Path(__file__).parent / "documents"
BILLING = "docs/design/shop/billing.md"


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    """Copies one of the projects beside these tests."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(SAMPLES / name, tmp_path / name))

    return copy


def component(imported: Imported, module: str) -> ImportedComponent:
    (found,) = [each for context in imported.contexts for each in context.components if each.module == module]
    return found


def modules(imported: Imported) -> dict[str, list[str]]:
    return {context.module: [each.module for each in context.components] for context in imported.contexts}


def warnings(imported: Imported) -> list[str]:
    return [str(warning) for warning in imported.warnings]


def listing(*names: str) -> str:
    return "# Context\n\n## Components\n\n" + "".join(f"### {name}\n\n" for name in names)


class TestWithTables:
    """An Elixir project whose documents have a table for each component."""

    def test_contexts_and_components(self, sample: Sample) -> None:
        imported = import_documents(sample("harbour"))
        assert (imported.project_name, imported.preset, imported.design) == ("Harbour", Preset.ELIXIR, None)
        assert modules(imported) == {
            "Harbour.Berths": ["Harbour.Berths.Berth", "Harbour.Berths.AISFeed", "Harbour.Berths.Allocation"],
            "Harbour.Tides": ["Harbour.Tides.Table", "Harbour.Tides.MCPServer"],
        }
        assert [(context.name, context.description) for context in imported.contexts] == [
            ("Berths", "Knows every place at the quay, and which ship lies where."),
            ("Tides", "How deep the water is, now and tomorrow."),
        ]

    def test_types_priorities_and_descriptions(self, sample: Sample) -> None:
        imported = import_documents(sample("harbour"))
        found = [(each.name, each.type, each.priority, each.description) for each in imported.contexts[0].components]
        assert found == [
            ("Berth", "schema", 20, "A place at the quay: its number, its length, the depth of the water."),
            ("AISFeed", "genserver", 5, "Listens to the positions that ships send."),
            ("Allocation", "other", None, "Gives every ship that comes a berth that is long and deep enough."),
        ]
        assert warnings(imported) == [
            'docs/design/harbour/berths.md:35: the type "arbitrator" is not known; taken as "other"'
        ]

    def test_dependencies_are_those_of_the_components_own_documents(self, sample: Sample) -> None:
        imported = import_documents(sample("harbour"))
        assert component(imported, "Harbour.Berths.Berth").depends_on == ("Ecto.Schema",)
        expected = ("Harbour.Berths.Berth", "Harbour.Tides.Table")
        assert component(imported, "Harbour.Berths.Allocation").depends_on == expected
        assert component(imported, "Harbour.Berths.AISFeed").depends_on == ()
        assert imported.contexts[0].depends_on == ("Harbour.Tides.Table", "Phoenix.PubSub")


class TestWithoutTables:
    """A Python project whose documents end in `.spec.md` and have neither tables nor types."""

    def test_contexts_and_components(self, sample: Sample) -> None:
        imported = import_documents(sample("orchard"))
        assert (imported.preset, imported.source) == (Preset.PYTHON, (".",))
        assert imported.design == "docs/spec/{path}.spec.md"
        assert modules(imported) == {
            "orchard.harvest": ["orchard.harvest.picking_plan", "orchard.harvest.crew", "orchard.harvest.weights"],
            "orchard.trees": ["orchard.trees.tree", "orchard.trees.graft"],
        }
        found = component(imported, "orchard.harvest.picking_plan")
        assert (found.name, found.type, found.priority) == ("PickingPlan", "module", None)
        assert found.depends_on == ("orchard.harvest.crew", "orchard.trees.tree", "datetime", "rain")

    def test_a_document_that_lists_nothing_is_no_context(self, sample: Sample) -> None:
        (left,) = import_documents(sample("orchard")).left_out
        assert left.path == "docs/spec/orchard/weather.spec.md"


class TestAnotherPlace:
    """Documents are wherever `--root` says."""

    def test_the_directory_becomes_the_rule(self, sample: Sample, kinds: AgentKinds) -> None:
        root = sample("brewery")
        with pytest.raises(UsageError, match=r"no design documents: .* --root DIR"):
            import_documents(root)
        imported = import_documents(root, "notes/architecture")
        assert modules(imported)["brewery.brewing"][0] == "brewery.brewing.mash"
        write_manifest(root, render(imported), force=False)
        declared = load_project(root, kinds)
        context = declared.components("")[0]
        assert (root / declared.rules.path_of("design", context.module_name, context.name)).is_file()  # type: ignore[arg-type]

    @pytest.mark.parametrize("directory", ["{a}", "a b", "größe"])
    def test_any_directory_can_be_named(self, project: Make, kinds: AgentKinds, directory: str) -> None:
        root = project({f"{directory}/shop/billing.md": listing("Tax")})
        imported = import_documents(root, directory)
        assert warnings(imported) == []
        write_manifest(root, render(imported), force=False)
        assert load_project(root, kinds).settings.paths.design == imported.design

    def test_the_project_root_itself_can_be_named(self, project: Make) -> None:
        assert import_documents(project({"shop/billing.md": listing("Tax")}), ".").design == "{path}.md"

    def test_one_that_no_template_can_name_is_refused(self, project: Make) -> None:
        with pytest.raises(UsageError, match=r"cannot be named in covey\.toml"):
            import_documents(project({"a\\b/shop/billing.md": listing("Tax")}), "a\\b")


class TestSixtyOne:
    """A context of 61 components in three forms of names, 26 of them without a document."""

    def test_all_of_them_are_found(self, sample: Sample) -> None:
        root = sample("athenaeum")
        imported = import_documents(root)
        (context,) = imported.contexts
        assert (context.module, imported.components) == ("Athenaeum.Circulation", 61)
        assert all(each.module == f"Athenaeum.Circulation.{each.name}" for each in context.components)
        assert "Athenaeum.Circulation.SIP2Gateway" in {each.module for each in context.components}
        assert imported.left_out == ()
        assert [str(warning.file) for warning in imported.warnings] == ["docs/design/athenaeum/circulation.md"] * 2

    def test_thirty_five_have_a_document(self, sample: Sample, kinds: AgentKinds) -> None:
        root = sample("athenaeum")
        write_manifest(root, render(import_documents(root)), force=False)
        declared = load_project(root, kinds)
        paths = [declared.rules.path("design", each) for each in declared.components("")[1:]]  # type: ignore[arg-type]
        assert len({*paths}) == 61
        assert sum((root / path).is_file() for path in paths) == 35


class TestProjectsName:
    """`--name`, else the first part that most absolute names share, else the directory's."""

    def test_what_somebody_says(self, project: Make) -> None:
        root = project({BILLING: listing("Shop.Billing.Tax", "Store.Billing.Money")})
        assert import_documents(root, name="Store").project_name == "Store"

    def test_what_most_names_share(self, project: Make) -> None:
        root = project({BILLING: listing("Shop.Billing.Tax", "Shop.Billing.Money", "Store.Billing.Invoice")})
        assert import_documents(root).project_name == "Shop"

    def test_the_directorys(self, project: Make) -> None:
        assert import_documents(project({BILLING: listing("Tax", "Billing.Money")})).project_name == "shop-app"

    @pytest.mark.parametrize("name", ["", "a/b", "a\x07b", "x" * 300])
    def test_what_is_no_name_is_refused(self, project: Make, name: str) -> None:
        with pytest.raises(UsageError, match=r"--name should "):
            import_documents(project({BILLING: listing("Tax")}), name=name)


class TestPreset:
    """Told by what lies beside the documents; where there is nothing, by the names."""

    def chosen(self, root: Path) -> tuple[Preset, str]:
        imported = import_documents(root)
        return imported.preset, imported.preset_reason

    def test_mix_makes_it_elixir(self, project: Make) -> None:
        root = project({BILLING: listing("tax"), "mix.exs": "", "tools/a.py": "x = 1\n"})
        assert self.chosen(root) == (Preset.ELIXIR, "there is a mix.exs")

    def test_a_python_project_makes_it_python(self, project: Make) -> None:
        root = project({BILLING: listing("Shop.Billing.Tax"), "pyproject.toml": ""})
        assert self.chosen(root) == (Preset.PYTHON, "there is a pyproject.toml")

    def test_python_sources_make_it_python(self, project: Make) -> None:
        root = project({BILLING: listing("Shop.Billing.Tax"), "shop/tax.py": "x = 1\n"})
        assert self.chosen(root) == (Preset.PYTHON, "there are Python sources")

    def test_names_like_elixirs_make_it_elixir(self, project: Make) -> None:
        root = project({BILLING: listing("Shop.Billing.Tax", "Money")})
        assert self.chosen(root)[0] is Preset.ELIXIR

    def test_all_else_is_python(self, project: Make) -> None:
        assert self.chosen(project({BILLING: listing("Tax", "Money")})) == (Preset.PYTHON, "there is no mix.exs")


class TestContradictions:
    """What is listed twice is an error with both places; nothing is imported."""

    def mistakes(self, root: Path) -> list[str]:
        with pytest.raises(DocumentsError, match="nothing was written:\n  docs/") as caught:
            import_documents(root)
        return [str(mistake) for mistake in caught.value.mistakes]

    def test_the_same_heading(self, project: Make) -> None:
        assert self.mistakes(project({BILLING: listing("Tax", "Money", "Tax", "Tax")})) == [
            f'{BILLING}:9: the component "shop.billing.tax" is listed twice: the first time on line 5',
            f'{BILLING}:11: the component "shop.billing.tax" is listed twice: the first time on line 5',
        ]

    def test_the_same_module_in_two_forms(self, project: Make) -> None:
        ((mistake),) = self.mistakes(
            project({BILLING: listing("Shop.Billing.HTTPClient", "HttpClient"), "mix.exs": ""})
        )
        assert "on line 5" in mistake

    def test_the_same_module_in_two_contexts(self, project: Make) -> None:
        root = project({BILLING: listing("Tax"), "docs/design/shop/orders.md": listing("shop.billing.Tax")})
        (mistake,) = self.mistakes(root)
        assert mistake.startswith("docs/design/shop/orders.md:5: ")
        assert mistake.endswith(f"the first time in {BILLING}, line 5")


class TestLeftOut:
    """What is not taken is told, with its file and line."""

    def test_nothing_to_import(self, project: Make) -> None:
        with pytest.raises(UsageError, match=r"none of the 1 documents in docs/design lists components: .*'### Name'"):
            import_documents(project({BILLING: "# Billing\n\n## Components\n\nNone.\n"}))

    @pytest.mark.parametrize(
        "name", ["Tax Office", "1Tax", "a/b", "..", "Tax\x1b[2J", "x" * 300, "\u202eTax", "a." * 99_999 + "a"]
    )
    def test_names_that_are_none(self, project: Make, name: str) -> None:
        imported = import_documents(project({BILLING: listing("Money", name)}))
        assert modules(imported) == {"shop.billing": ["shop.billing.money"]}
        (warning,) = warnings(imported)
        assert warning.startswith(f"{BILLING}:7: no component: its name ")
        assert warning.isprintable()

    def test_a_context_listed_as_a_component(self, project: Make) -> None:
        root = project({"docs/design/shop.md": listing("Billing", "Clock"), BILLING: listing("Tax")})
        imported = import_documents(root)
        assert modules(imported) == {"shop": ["shop.clock"], "shop.billing": ["shop.billing.tax"]}
        assert warnings(imported) == [
            'docs/design/shop.md:5: "shop.billing" is a context of its own, no component of this one'
        ]

    def test_a_context_of_which_nothing_is_left(self, project: Make) -> None:
        imported = import_documents(project({"docs/design/shop.md": listing("Billing"), BILLING: listing("Tax")}))
        assert list(modules(imported)) == ["shop.billing"]
        assert "docs/design/shop.md: none of its components could be taken; left out" in warnings(imported)

    def test_a_second_document_of_a_context(self, project: Make) -> None:
        imported = import_documents(project({BILLING: listing("Tax"), "design/shop/billing.md": listing("Money")}))
        assert modules(imported) == {"shop.billing": ["shop.billing.tax"]}
        assert warnings(imported) == [
            f'design/shop/billing.md: the context "shop.billing" has its document already, {BILLING}; left out'
        ]

    def test_a_context_whose_path_is_no_module(self, project: Make) -> None:
        imported = import_documents(project({BILLING: listing("Tax"), "docs/design/shop/2nd!.md": listing("Money")}))
        assert modules(imported) == {"shop.billing": ["shop.billing.tax"]}
        assert warnings(imported)[0].startswith("docs/design/shop/2nd!.md: its path makes no module for a context")

    def test_a_document_that_covey_will_look_for_elsewhere(self, project: Make) -> None:
        imported = import_documents(project({"docs/design/shop/night-jobs.md": listing("Scan")}))
        assert modules(imported) == {"shop.night_jobs": ["shop.night_jobs.scan"]}
        (warning,) = warnings(imported)
        assert warning.startswith('docs/design/shop/night-jobs.md: the document of "shop.night_jobs" is looked for at ')
        assert warning.endswith("docs/design/shop/night_jobs.md; move it there")

    def test_a_file_that_would_lie_outside_the_project(self, project: Make, kinds: AgentKinds) -> None:
        root = project({BILLING: listing("Tax", "shop.orders.cart")})
        (root / "docs/design/shop/orders").symlink_to("/tmp")
        imported = import_documents(root)
        assert modules(imported) == {"shop.billing": ["shop.billing.tax"]}
        assert "leads out of the project root" in warnings(imported)[0]
        write_manifest(root, render(imported), force=False)
        assert load_project(root, kinds)

    def test_documents_that_cannot_be_read(self, project: Make) -> None:
        root = project({BILLING: listing("Tax"), "docs/design/shop/large.md": "x" * 10_000_000})
        (root / "docs/design/shop/latin.md").write_bytes(b"# caf\xe9\n")
        assert warnings(import_documents(root)) == [
            "docs/design/shop/large.md: is larger than 524,288 bytes and was not read; split it",
            "docs/design/shop/latin.md:1: is not UTF-8 (byte 0xe9); save it as UTF-8",
        ]

    def test_a_dependency_that_nobody_knows(self, project: Make) -> None:
        own = "## Dependencies\n\n- shop.billing.nope\n- Money\n- `shop.billing.money.parse`\n- shop.billing.tax\n"
        root = project({BILLING: listing("Tax", "Money"), "docs/design/shop/billing/tax.md": own})
        imported = import_documents(root)
        assert component(imported, "shop.billing.tax").depends_on == ("shop.billing.money",)
        (warning,) = warnings(imported)
        assert warning.startswith('docs/design/shop/billing/tax.md:3: the dependency "shop.billing.nope" is no known')


class TestNames:
    """What a person sees of contexts and components."""

    def test_contexts_with_one_last_part_are_named_in_full(self, project: Make) -> None:
        root = project({BILLING: listing("Tax"), "docs/design/shop_web/billing.md": listing("Page")})
        assert [context.name for context in import_documents(root).contexts] == ["shop.billing", "shop_web.billing"]

    def test_components_are_named_below_their_context(self, project: Make) -> None:
        root = project({BILLING: listing("Shop.Billing.Tax", "Invoice.Line", "Shop.Orders.Cart"), "mix.exs": ""})
        assert [each.name for each in import_documents(root).contexts[0].components] == ["Tax", "Invoice.Line", "Cart"]


LETTERS = st.text(st.sampled_from("abAB._ \u0301#|`-\n\r\t\x00\x1béß1:([/\\{}\u202e"), max_size=60)


class TestAnything:
    """Whatever documents hold: they are imported or refused, and what is written is read back."""

    @given(texts=st.lists(LETTERS, min_size=1, max_size=4), elixir=st.booleans())
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
    def test_the_manifest_is_in_order(self, texts: list[str], elixir: bool, tmp_path: Path, kinds: AgentKinds) -> None:  # noqa: FBT001
        shutil.rmtree(tmp_path / "p", ignore_errors=True)
        root = tmp_path / "p"
        (root / "docs/design/shop/billing").mkdir(parents=True)
        if elixir:
            (root / "mix.exs").write_text("")
        text = "## Components\n### Tax\n" + "".join(f"### {each}\n{each}\n" for each in texts)
        (root / BILLING).write_text(text, encoding="utf-8", newline="")
        bullets = "## Dependencies\n" + "".join(f"- {each}\n" for each in texts)
        (root / "docs/design/shop/billing/tax.md").write_text(bullets, encoding="utf-8", newline="")
        imported, refusal = None, "refused"
        try:
            imported = import_documents(root)
        except UsageError as error:
            refusal = str(error)
        if imported is None:
            assert all(line.isprintable() for line in refusal.split("\n"))
            return
        assert all(warning.isprintable() for warning in warnings(imported))
        write_manifest(root, render(imported), force=False)
        assert len(load_project(root, kinds).components("")) == imported.components + len(imported.contexts)
