"""`covey init` on a project of design documents."""

import shutil
import tomllib
from pathlib import Path

import pytest

from covey.testing.samples import write_shop
from tests.cli.program import covey
from tests.e2e.scene import contents, refused

SAMPLES = Path(__file__).parents[1] / "projects/documents"
CONTEXT = "# Billing\n\n## Components\n\n### Tax\n\n### Money\n"


@pytest.fixture
def harbour(tmp_path: Path) -> Path:
    """An Elixir project of two contexts, three of whose components have a document or code."""
    return Path(shutil.copytree(SAMPLES / "harbour", tmp_path / "harbour"))


def write(root: Path, path: str, text: str) -> None:
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


class TestDocuments:
    """The manifest is written from documents, and says what was found."""

    def test_says_what_it_found(self, harbour: Path) -> None:
        ran = covey("init", "--from", "documents", "--json", cwd=harbour)
        assert (ran.code, ran.err) == (0, "")
        assert ran.object == {
            "project_root": str(harbour),
            "manifest": str(harbour / "covey.toml"),
            "changed": True,
            "from": "documents",
            "contexts": 2,
            "components": 5,
            "left_out": [],
            "warnings": [
                {
                    "file": "docs/design/harbour/berths.md",
                    "line": 35,
                    "message": 'the type "arbitrator" is not known; taken as "other"',
                }
            ],
        }

    def test_the_manifest_declares_it_and_can_be_read(self, harbour: Path) -> None:
        covey("init", "--from", "documents", cwd=harbour)
        text = (harbour / "covey.toml").read_text(encoding="utf-8")
        assert 'preset = "elixir" # there is a mix.exs\n' in text
        assert "source" not in text
        berth = tomllib.loads(text)["context"][0]["component"][0]
        assert berth == {
            "name": "Berth",
            "module": "Harbour.Berths.Berth",
            "type": "schema",
            "description": "A place at the quay: its number, its length, the depth of the water.",
            "priority": 20,
            "depends_on": ["Ecto.Schema"],
        }
        assert list(berth) == ["name", "module", "type", "description", "priority", "depends_on"]

    def test_people_are_told_the_choices_and_the_next_step(self, harbour: Path) -> None:
        lines = covey("init", "--from", "documents", cwd=harbour).out.splitlines()
        assert lines[0] == "preset elixir: there is a mix.exs"
        assert lines[1].endswith("covey.toml: 2 contexts, 5 components")
        assert any(line.startswith("  warning: docs/design/harbour/berths.md:35: the type") for line in lines)
        assert lines[-1] == "next: covey run design Harbour.Berths"

    def test_twice_changes_nothing(self, harbour: Path) -> None:
        covey("init", "--from", "documents", cwd=harbour)
        assert covey("init", "--from", "documents", "--json", cwd=harbour).object["changed"] is False

    def test_a_manifest_that_would_change_is_refused(self, harbour: Path) -> None:
        write(harbour, "covey.toml", "# mine\n")
        before = contents(harbour)
        refused(covey("init", "--from", "documents", "--json", cwd=harbour), "--force")
        assert contents(harbour) == before
        assert covey("init", "--from", "documents", "--force", cwd=harbour).code == 0

    def test_contexts_show_what_is_there(self, harbour: Path) -> None:
        covey("init", cwd=harbour)
        (berths, _) = covey("contexts", "--json", cwd=harbour).object
        found = {each["component"]: each["artifacts"] for each in berths["components"]}
        assert found["Berth"]["design"] == {"path": "docs/design/harbour/berths/berth.md", "present": True}
        assert found["Berth"]["code"] == {"path": "lib/harbour/berths/berth.ex", "present": True}
        assert found["AISFeed"]["design"] == {"path": "docs/design/harbour/berths/ais_feed.md", "present": False}
        assert found["AISFeed"]["test"]["path"] == "test/harbour/berths/ais_feed_test.exs"

    def test_another_place_and_name(self, tmp_path: Path) -> None:
        write(tmp_path, "notes/shop/billing.md", "## Components\n### Billing.Tax\n### Store.Orders.Cart\n")
        covey("init", "--root", "notes", "--name", "Store", cwd=tmp_path)
        manifest = tomllib.loads((tmp_path / "covey.toml").read_text(encoding="utf-8"))
        assert manifest["project"]["name"] == "Store"
        assert manifest["paths"]["design"] == "notes/{path}.md"
        modules = [each["module"] for each in manifest["context"][0]["component"]]
        assert [module.lower() for module in modules] == ["shop.billing.tax", "store.orders.cart"]


class TestRefusals:
    """What cannot be imported is told, and nothing is written."""

    def test_a_heading_twice_names_both_lines(self, tmp_path: Path) -> None:
        write(tmp_path, "docs/design/shop/billing.md", f"{CONTEXT}\n### Tax\n")
        refused(
            covey("init", "--from", "documents", "--json", cwd=tmp_path),
            'docs/design/shop/billing.md:9: the component "shop.billing.tax" is listed twice: the first time on line 5',
        )
        assert list(contents(tmp_path)) == ["docs/design/shop/billing.md"]

    def test_no_documents(self, tmp_path: Path) -> None:
        refused(covey("init", "--from", "documents", cwd=tmp_path), "no design documents", "docs/design", "--root")
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("option", ["--root", "--name"])
    def test_options_of_documents_are_none_of_pythons(self, bare: Path, option: str) -> None:
        refused(covey("init", "--from", "python", option, "x", cwd=bare), "--from documents")

    def test_hostile_names_reach_no_terminal(self, tmp_path: Path) -> None:
        write(tmp_path, "docs/design/shop/billing.md", f"{CONTEXT}\n### \x1b]0;owned\x07\n")
        write(tmp_path, "docs/design/\x1b[2J.md", "## Components\n### Tax\n")
        ran = covey("init", cwd=tmp_path)
        assert ran.code == 0
        assert "docs/design/shop/billing.md:9: no component" in ran.out
        assert "\x1b" not in ran.out + ran.err + (tmp_path / "covey.toml").read_text(encoding="utf-8")


class TestChoice:
    """Without `--from` what is there decides, and it is said."""

    def first_line(self, root: Path) -> str:
        ran = covey("init", cwd=root)
        assert ran.code == 0
        return ran.out.splitlines()[0]

    def test_python_sources(self, bare: Path) -> None:
        assert self.first_line(bare) == "read Python packages: there are Python sources"

    def test_documents(self, tmp_path: Path) -> None:
        write(tmp_path, "design/shop/billing.md", CONTEXT)
        assert self.first_line(tmp_path) == (
            "read design documents: they list components, and there are no Python sources"
        )

    def test_both(self, bare: Path) -> None:
        write(bare, "docs/design/shop/billing.md", CONTEXT)
        line = self.first_line(bare)
        assert line.startswith("read Python packages: ")
        assert line.endswith("covey init --from documents")
        assert covey("init", "--json", cwd=bare).object["from"] == "python"

    def test_scripts_beside_an_elixir_project(self, harbour: Path) -> None:
        write(harbour, "tools/release.py", "x = 1\n")
        assert self.first_line(harbour).startswith("read design documents: ")

    def test_documents_that_list_nothing_are_none(self, tmp_path: Path) -> None:
        write(tmp_path, "docs/design/shop/billing.md", "# Billing\n")
        assert self.first_line(tmp_path).startswith("read Python packages: there are neither ")

    def test_a_python_project_of_documents_has_modules_as_its_files_are(self, tmp_path: Path) -> None:
        write_shop(tmp_path)
        write(tmp_path, "docs/design/shop/billing.md", CONTEXT)
        assert covey("init", "--from", "documents", cwd=tmp_path).code == 0
        (billing,) = covey("contexts", "--json", cwd=tmp_path).object
        found = {each["module"]: each["artifacts"]["code"] for each in billing["components"]}
        assert found["shop.billing.tax"] == {"path": "src/shop/billing/tax.py", "present": True}
