"""`covey init` and `covey contexts`."""

import os
import tomllib
from pathlib import Path

import pytest

from tests.cli.program import covey


class TestInit:
    """The manifest is written from what is there, and what was there is never lost."""

    def test_says_what_it_found(self, bare: Path) -> None:
        (bare / "src/shop/billing/test_tax.py").write_text("def test_it(): ...\n", encoding="utf-8")
        found = covey("init", "--json", cwd=bare).object
        assert found["project_root"] == str(bare)
        assert found["manifest"] == str(bare / "covey.toml")
        assert (found["contexts"], found["components"]) == (2, 8)
        assert "src/shop/billing/test_tax.py" in {left["path"] for left in found["left_out"]}
        assert all(set(left) == {"path", "reason"} for left in found["left_out"])
        assert all(set(warning) == {"file", "line", "message"} for warning in found["warnings"])

    def test_the_manifest_declares_it(self, bare: Path) -> None:
        covey("init", cwd=bare)
        manifest = tomllib.loads((bare / "covey.toml").read_text(encoding="utf-8"))
        modules = {component["module"] for context in manifest["context"] for component in context["component"]}
        assert "shop.billing.tax" in modules
        assert len(modules) == 8

    def test_tells_people_what_to_do_next(self, bare: Path) -> None:
        ran = covey("init", cwd=bare)
        assert "2 contexts, 8 components" in ran.out
        assert "next: covey run design shop.billing" in ran.out

    def test_from_elsewhere_it_says_where_to_do_it(self, bare: Path, tmp_path: Path) -> None:
        assert f"next, in {bare}: covey run design shop.billing\n" in covey("init", str(bare), cwd=tmp_path).out

    def test_where_there_is_nothing_it_says_how_there_would_be(self, tmp_path: Path) -> None:
        ran = covey("init", cwd=tmp_path)
        assert "0 contexts, 0 components" in ran.out
        assert ran.out.endswith("next: run covey init where your code is, or add a [[context]] to this covey.toml\n")

    def test_a_project_inside_another_one_is_told(self, shop: Path) -> None:
        assert f"note: {shop} has a covey.toml too" in covey("init", cwd=shop / "src").out
        assert "note: " not in covey("init", cwd=shop).out

    def test_twice_changes_nothing(self, bare: Path) -> None:
        assert covey("init", "--json", cwd=bare).object["changed"] is True
        assert covey("init", "--json", cwd=bare).object["changed"] is False

    def test_a_manifest_that_would_change_is_refused(self, shop: Path) -> None:
        manifest = shop / "covey.toml"
        manifest.write_text("# mine\n", encoding="utf-8")
        ran = covey("init", "--json", cwd=shop)
        assert (ran.code, ran.out) == (2, "")
        assert "--force" in ran.err
        assert manifest.read_text(encoding="utf-8") == "# mine\n"

    def test_force_keeps_a_copy(self, shop: Path) -> None:
        (shop / "covey.toml").write_text("# mine\n", encoding="utf-8")
        assert covey("init", "--force", cwd=shop).code == 0
        assert any(file.read_bytes() == b"# mine\n" for file in (shop / ".covey").rglob("*") if file.is_file())

    def test_another_directory_can_be_named(self, bare: Path, tmp_path: Path) -> None:
        assert covey("init", str(bare), cwd=tmp_path).code == 0
        assert (bare / "covey.toml").exists()

    def test_a_place_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        ran = covey("init", "nowhere", cwd=tmp_path)
        assert ran.code == 2
        assert "is no directory" in ran.err

    def test_an_importer_that_does_not_exist_is_told(self, bare: Path) -> None:
        assert covey("init", "--from", "ruby", cwd=bare).code == 2

    @pytest.mark.skipif(os.getuid() == 0, reason="root may write anywhere")
    def test_a_directory_that_cannot_be_written_is_told(self, bare: Path) -> None:
        bare.chmod(0o500)
        ran = covey("init", cwd=bare)
        bare.chmod(0o700)
        assert ran.code == 2
        assert "cannot be written" in ran.err


class TestContexts:
    """Contexts with their components in spawn order, and which artifacts exist."""

    def test_all_of_them(self, shop: Path) -> None:
        contexts = covey("contexts", "--json", cwd=shop).object
        assert [context["module"] for context in contexts] == ["shop.billing", "shop.catalog"]
        names = [component["component"] for component in contexts[0]["components"]]
        assert names == ["invoice", "money", "payment", "reminder", "tax"]

    def test_a_component_has_exactly_these_facts(self, shop: Path) -> None:
        (context,) = covey("contexts", "billing", "--json", cwd=shop).object
        assert context["components"][1] == {
            "component": "money",
            "module": "shop.billing.money",
            "type": "module",
            "priority": None,
            "artifacts": {
                "design": {"path": "docs/design/shop/billing/money.md", "present": False},
                "test": {"path": "tests/shop/billing/test_money.py", "present": False},
                "code": {"path": "src/shop/billing/money.py", "present": True},
            },
        }

    def test_a_context_has_its_document_and_the_review(self, shop: Path) -> None:
        review = shop / "docs/design/shop/billing/design_review.md"
        review.parent.mkdir(parents=True)
        review.write_text("A review.\n", encoding="utf-8")
        (context,) = covey("contexts", "billing", "--json", cwd=shop).object
        assert context["artifacts"] == {
            "design": {"path": "docs/design/shop/billing.md", "present": False},
            "review": {"path": "docs/design/shop/billing/design_review.md", "present": True},
        }
        assert covey("contexts", "billing", cwd=shop).out.splitlines()[0] == "shop.billing   5 components   review"

    def test_priority_comes_first(self, shop: Path) -> None:
        manifest = shop / "covey.toml"
        text = manifest.read_text(encoding="utf-8")
        manifest.write_text(text.replace('name = "tax"', 'name = "tax"\npriority = 10'), encoding="utf-8")
        (context,) = covey("contexts", "billing", "--json", cwd=shop).object
        assert context["components"][0]["component"] == "tax"

    def test_what_is_on_disk_is_present(self, blocked: Path) -> None:
        (context,) = covey("contexts", "billing", "--json", cwd=blocked).object
        present = {each["component"]: each["artifacts"]["design"]["present"] for each in context["components"]}
        assert present == {"invoice": True, "money": True, "payment": True, "reminder": True, "tax": False}

    def test_an_unknown_one_is_answered_with_the_nearest(self, shop: Path) -> None:
        ran = covey("contexts", "shop.biling", "--json", cwd=shop)
        assert (ran.code, ran.out) == (2, "")
        assert "shop.billing" in ran.err

    def test_people_see_what_exists(self, blocked: Path) -> None:
        lines = covey("contexts", "billing", cwd=blocked).out.splitlines()
        assert lines[0] == "shop.billing   5 components"
        assert lines[2].split() == ["money", "shop.billing.money", "design,", "code"]
        assert lines[5].split() == ["tax", "shop.billing.tax", "code"]
