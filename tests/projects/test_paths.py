from pathlib import Path

import pytest

from covey.config.settings import PathsTable, Preset, ProjectTable
from covey.model.component import Component
from covey.projects.limits import leaves_root, path_problem
from covey.projects.paths import OF_COMPONENT, ArtifactKind, PathRules, underscore


@pytest.mark.parametrize(
    ("module", "path"),
    [
        ("MCPServers", "mcp_servers"),
        ("URLParser", "url_parser"),
        ("CLI", "cli"),
        ("GitHub", "git_hub"),
        ("HTTP2Client", "http2_client"),
        ("OAuth2Token", "o_auth2_token"),
        ("ABTest", "ab_test"),
        ("A1B2", "a1_b2"),
        ("JSONAPIClient", "jsonapi_client"),
        ("Utf8String", "utf8_string"),
        ("IOdevice", "i_odevice"),
        ("Foo_Bar", "foo__bar"),
        ("Shop.Billing.HTTP2Client", "shop/billing/http2_client"),
        ("A.B", "a/b"),
        ("FooB", "foo_b"),
        ("Foo_B", "foo_b"),
    ],
)
def test_underscored_names(module: str, path: str) -> None:
    assert underscore(module) == path


def rules(root: Path, *, preset: Preset = Preset.PYTHON, source: tuple[str, ...] = (".",), **paths: str) -> PathRules:
    return PathRules(root, ProjectTable(preset=preset, source=source), PathsTable.model_validate(paths))


@pytest.mark.parametrize(
    ("module", "design", "code", "test"),
    [
        ("shop.a.cart", "docs/design/shop/a/cart.md", "src/shop/a/cart.py", "tests/shop/a/test_cart.py"),
        ("shop.__init__", "docs/design/shop/__init__.md", "src/shop/__init__.py", "tests/shop/test___init__.py"),
        ("loose", "docs/design/loose.md", "src/loose.py", "tests/test_loose.py"),
        ("shop.Größe", "docs/design/shop/Größe.md", "src/shop/Größe.py", "tests/shop/test_Größe.py"),
    ],
)  # fmt: skip
def test_python_paths(tmp_path: Path, module: str, design: str, code: str, test: str) -> None:
    component = Component(id="1", project_id="p", name="any", module_name=module)
    found = [rules(tmp_path, source=("src",)).path(kind, component) for kind in OF_COMPONENT]
    assert found == [design, code, test]


def test_a_source_root_that_is_the_project_root_leaves_no_trace(tmp_path: Path) -> None:
    assert rules(tmp_path).path_of(ArtifactKind.CODE, "shop.cart", "cart") == "shop/cart.py"


def test_elixir_paths(tmp_path: Path) -> None:
    elixir = rules(tmp_path, preset=Preset.ELIXIR)
    found = [elixir.path_of(kind, "Shop.HTTP2Client", "client") for kind in OF_COMPONENT]
    assert found == ["docs/design/shop/http2_client.md", "lib/shop/http2_client.ex", "test/shop/http2_client_test.exs"]


@pytest.mark.parametrize(
    ("paths", "review"),
    [
        ({}, "docs/design/shop/billing/design_review.md"),
        ({"design": "design/{module}.md"}, "design/shop.billing/design_review.md"),
        ({"design": "design/{module}.txt"}, "design/shop.billing.txt_review.md"),
        ({"review": "reviews/{stem}.md"}, "reviews/billing.md"),
    ],
    ids=["by the preset", "below the context's document", "beside a document of another suffix", "by its own template"],
)
def test_the_review_of_a_context(tmp_path: Path, paths: dict[str, str], review: str) -> None:
    assert rules(tmp_path, **paths).path_of(ArtifactKind.REVIEW, "shop.billing", "Billing") == review


class TestSeveralSourceRoots:
    """The code is where the file is; a new file goes where its directory is."""

    def test_the_root_that_has_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "src/shop").mkdir(parents=True)
        (tmp_path / "lib/shop").mkdir(parents=True)
        (tmp_path / "lib/shop/cart.py").write_text("x = 1\n")
        both = rules(tmp_path, source=("src", "lib"))
        assert both.path_of(ArtifactKind.CODE, "shop.cart", "cart") == "lib/shop/cart.py"

    def test_the_root_that_has_the_directory(self, tmp_path: Path) -> None:
        (tmp_path / "lib/shop").mkdir(parents=True)
        both = rules(tmp_path, source=("src", "lib"))
        assert both.path_of(ArtifactKind.CODE, "shop.cart", "cart") == "lib/shop/cart.py"

    def test_else_the_first(self, tmp_path: Path) -> None:
        both = rules(tmp_path, source=("src", "lib"))
        assert both.path_of(ArtifactKind.CODE, "shop.cart", "cart") == "src/shop/cart.py"

    def test_the_code_of_a_package_is_its_init(self, tmp_path: Path) -> None:
        (tmp_path / "shop").mkdir()
        (tmp_path / "shop/__init__.py").write_text("")
        assert rules(tmp_path).path_of(ArtifactKind.CODE, "shop", "shop") == "shop/__init__.py"

    def test_a_name_that_no_file_system_holds_is_no_error_here(self, tmp_path: Path) -> None:
        both = rules(tmp_path, source=("src", "lib"))
        assert both.path_of(ArtifactKind.CODE, "x" * 5000, "x") == f"src/{'x' * 5000}.py"


class TestTemplates:
    """A template replaces the rule of one kind."""

    @pytest.mark.parametrize(
        ("template", "module", "path"),
        [
            ("d/{path}.md", "shop.cart", "d/shop/cart.md"),
            ("{dir}/{stem}.md", "shop.a.cart", "shop/a/cart.md"),
            ("{dir}/{stem}.md", "cart", "cart.md"),
            ("d/{dir}/{stem}.md", "cart", "d/cart.md"),
            ("d/{module}-{name}.md", "shop.cart", "d/shop.cart-The Cart.md"),
            ("d/{{{stem}}}.md", "shop.cart", "d/{cart}.md"),
        ],
    )
    def test_placeholders(self, tmp_path: Path, template: str, module: str, path: str) -> None:
        assert rules(tmp_path, design=template).path_of(ArtifactKind.DESIGN, module, "The Cart") == path

    def test_the_other_kinds_keep_their_rules(self, tmp_path: Path) -> None:
        own = rules(tmp_path, code="x/{stem}.py")
        assert own.path_of(ArtifactKind.CODE, "shop.cart", "c") == "x/cart.py"
        assert own.path_of(ArtifactKind.DESIGN, "shop.cart", "c") == "docs/design/shop/cart.md"


class TestLimits:
    """What the file system cannot hold, or what is not in the project, is told before anything is written."""

    def test_the_longest_part_is_255_bytes(self, tmp_path: Path) -> None:
        assert path_problem(tmp_path, f"docs/{'ä' * 126}.md") is None
        assert "has a part of 257 bytes" in (path_problem(tmp_path, f"docs/{'ä' * 127}.md") or "")

    def test_the_longest_path_is_4095_bytes(self) -> None:
        assert path_problem(Path("/r"), "/".join(["x" * 99] * 40)) is None
        assert "bytes long" in (path_problem(Path("/r"), "/".join(["x" * 99] * 41)) or "")

    @pytest.mark.parametrize("path", ["/etc/passwd", "../x", "a/../../x", "."])
    def test_what_leads_out(self, tmp_path: Path, path: str) -> None:
        assert path_problem(tmp_path, path) == "leads out of the project root"

    def test_links_are_followed(self, tmp_path: Path) -> None:
        root = tmp_path / "root"
        root.mkdir()
        (root / "docs").symlink_to(tmp_path)
        (root / "inner").symlink_to(root)
        (root / "circle").symlink_to(root / "circle")
        assert leaves_root(root, "docs/design/x.md")
        assert leaves_root(root, "circle/x.md")
        assert not leaves_root(root, "inner/x.md")
        assert not leaves_root(root, "not/there/yet.md")
