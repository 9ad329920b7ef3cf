import importlib.util
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from covey.projects.imported import Imported
from covey.projects.python_package import import_package
from covey.projects.python_source import read_source

Make = Callable[[dict[str, str]], Path]
CODE = "x = 1\n"


def modules(imported: Imported) -> dict[str, list[str]]:
    """The modules of the components by the module of their context."""
    return {context.module: [child.module for child in context.components] for context in imported.contexts}


def reasons(imported: Imported) -> dict[str, str]:
    return {left.path: left.reason for left in imported.left_out}


def dependencies(imported: Imported) -> dict[str, tuple[str, ...]]:
    return {child.module: child.depends_on for context in imported.contexts for child in context.components}


class TestContexts:
    """Every package with modules is a context, its direct modules are the components."""

    def test_packages_nested_packages_and_single_modules(self, project: Make) -> None:
        root = project(
            {
                "shop/__init__.py": '"""The shop.\n\nMore."""\n',
                "shop/cart.py": '"""\n  The cart of a customer.\n"""\n',
                "shop/billing/__init__.py": "",
                "shop/billing/invoice.py": CODE,
                "main.py": CODE,
            }
        )
        imported = import_package(root)
        assert modules(imported) == {
            "shop_app.__root__": ["main"],
            "shop": ["shop.cart"],
            "shop.billing": ["shop.billing.invoice"],
        }
        names = {context.module: (context.name, context.description) for context in imported.contexts}
        assert names["shop_app.__root__"] == ("shop-app", "")
        assert names["shop"] == ("shop", "The shop.")
        cart = imported.contexts[1].components[0]
        assert (cart.name, cart.description) == ("cart", "The cart of a customer.")
        assert imported.components == 3

    def test_a_package_that_holds_only_packages_is_no_context(self, project: Make) -> None:
        root = project({"a/__init__.py": "", "a/b/__init__.py": "", "a/b/c.py": CODE})
        assert modules(import_package(root)) == {"a.b": ["a.b.c"]}

    def test_a_directory_without_init_is_taken_when_it_holds_modules(self, project: Make) -> None:
        root = project({"space/part/one.py": CODE, "empty/notes.txt": ""})
        assert modules(import_package(root)) == {"space.part": ["space.part.one"]}

    def test_nothing_to_import_is_no_error(self, project: Make) -> None:
        imported = import_package(project({"README.md": "x"}))
        assert (imported.contexts, imported.left_out, imported.warnings) == ((), (), ())


class TestInit:
    """An `__init__.py` with something of its own is a component, named so that it collides with nothing."""

    @pytest.mark.parametrize(
        "code",
        [
            "def f(): ...",
            "async def f(): ...",
            "class C: ...",
            "def __getattr__(name): ...",
            "LIMIT = 3",
            "limit: int = 3",
            "a, (b, _c) = 1, (2, 3)",
            "__all__ = ['x']",
            "__all__ += ['x']",
            "try:\n    import x\nexcept ImportError:\n    x = None\n    y = 1",
            "if True:\n    class C: ...",
        ],
    )
    def test_what_makes_it_a_component(self, project: Make, code: str) -> None:
        imported = import_package(project({"shop/__init__.py": code, "shop/cart.py": CODE}))
        assert modules(imported) == {"shop": ["shop.__init__", "shop.cart"]}

    @pytest.mark.parametrize(
        "code",
        ["", '"""Only words."""', "from .cart import x", "import os", "__version__ = '1'", "_hidden = 1", "x.y = 1"],
    )
    def test_what_does_not(self, project: Make, code: str) -> None:
        imported = import_package(project({"shop/__init__.py": code, "shop/cart.py": CODE}))
        assert modules(imported) == {"shop": ["shop.cart"]}
        assert reasons(imported)["shop/__init__.py"] == "defines nothing of its own"


class TestLeftOut:
    """What is not taken is said with its reason."""

    @pytest.mark.parametrize(
        ("path", "said", "reason"),
        [
            ("shop/test_cart.py", "shop/test_cart.py", "a test"),
            ("shop/cart_test.py", "shop/cart_test.py", "a test"),
            ("shop/conftest.py", "shop/conftest.py", "fixtures of tests"),
            ("conftest.py", "conftest.py", "fixtures of tests"),
            ("shop/tests/cart.py", "shop/tests", "a folder of tests"),
            ("test/__init__.py", "test", "a folder of tests"),
            ("shop/__main__.py", "shop/__main__.py", "a dunder module"),
            ("shop/__version__.py", "shop/__version__.py", "a dunder module"),
            ("shop/my-script.py", "shop/my-script.py", "its name is no Python name, so it cannot be imported"),
            ("my-tools/run.py", "my-tools", "its name is no Python name, so it cannot be imported"),
            ("shop/cafe\u0301.py", "shop/cafe\u0301.py", "its name is no Python name, so it cannot be imported"),
            ("shop/e\x1b[2J.py", "shop/e\\x1b[2J.py", "its name is no Python name, so it cannot be imported"),
            ("setup.py", "setup.py", "a build script"),
            ("__init__.py", "__init__.py", "an __init__.py of no package"),
            ("docs/conf.py", "docs", "a folder named docs"),
            ("build/lib/shop/cart.py", "build", "a folder named build"),
            ("shop/cart/__init__.py", "shop/cart.py", "hidden by the package of the same name"),
            ("shop/cart/inner.py", "shop/cart", "hidden by cart.py beside it"),
        ],
    )
    def test_names(self, project: Make, path: str, said: str, reason: str) -> None:
        imported = import_package(project({"shop/cart.py": CODE, path: CODE}))
        assert reasons(imported) == {said: reason}

    @pytest.mark.parametrize(
        "code", ["", "# only a comment\n", "pass\n", "from __future__ import annotations\n", "...\n"]
    )
    def test_modules_with_neither_code_nor_docstring(self, project: Make, code: str) -> None:
        imported = import_package(project({"shop/cart.py": CODE, "shop/empty.py": code}))
        assert reasons(imported) == {"shop/empty.py": "has neither code nor a docstring"}

    def test_a_module_with_only_a_docstring_is_a_component(self, project: Make) -> None:
        assert modules(import_package(project({"shop/words.py": '"""Words."""'}))) == {"shop": ["shop.words"]}

    @pytest.mark.parametrize("path", [".hidden/x.py", "shop/__pycache__/x.py", "node_modules/x.py", "shop/.x/y.py"])
    def test_what_is_never_the_projects_own_goes_without_saying(self, project: Make, path: str) -> None:
        imported = import_package(project({"shop/cart.py": CODE, path: CODE}))
        assert (modules(imported), reasons(imported)) == ({"shop": ["shop.cart"]}, {})

    def test_a_virtual_environment_of_any_name(self, project: Make) -> None:
        imported = import_package(project({"shop/cart.py": CODE, "my_env/pyvenv.cfg": "", "my_env/lib/x.py": CODE}))
        assert (modules(imported), reasons(imported)) == ({"shop": ["shop.cart"]}, {})

    def test_a_package_may_have_a_part_named_docs_or_build(self, project: Make) -> None:
        root = project({"shop/docs/page.py": CODE, "build/__init__.py": "", "build/steps.py": CODE})
        assert modules(import_package(root)) == {"build": ["build.steps"], "shop.docs": ["shop.docs.page"]}

    def test_a_name_whose_document_or_test_would_be_too_long(self, project: Make) -> None:
        imported = import_package(project({f"shop/{'x' * 250}.py": CODE}))
        assert "a file that would belong to it has a part of 258 bytes" in reasons(imported)[f"shop/{'x' * 250}.py"]

    def test_links(self, project: Make, tmp_path: Path) -> None:
        root = project({"shop/cart.py": CODE})
        (tmp_path / "outside.py").write_text(CODE)
        (root / "shop/outside.py").symlink_to(tmp_path / "outside.py")
        (root / "shop/dangling.py").symlink_to("nowhere")
        (root / "shop/inside.py").symlink_to("cart.py")
        (root / "shop/loop").symlink_to(root)
        (root / "shop/circle").symlink_to("circle")
        imported = import_package(root)
        assert modules(imported) == {"shop": ["shop.cart", "shop.inside"]}
        assert reasons(imported) == {
            "shop/outside.py": "no regular file inside the project",
            "shop/dangling.py": "no regular file inside the project",
            "shop/loop": "a link to a directory, which is not followed",
        }

    def test_a_pipe_is_never_opened(self, project: Make) -> None:
        root = project({"shop/cart.py": CODE})
        os.mkfifo(root / "shop/pipe.py")
        assert reasons(import_package(root)) == {"shop/pipe.py": "no regular file inside the project"}

    def test_a_file_name_that_is_no_text(self, project: Make) -> None:
        root = project({"shop/cart.py": CODE})
        Path(os.fsdecode(os.fsencode(root / "shop") + b"/\xff.py")).write_text(CODE)
        assert list(reasons(import_package(root))) == ["shop/\\udcff.py"]


class TestWarnings:
    """A module that cannot be parsed is a component all the same, with a warning that says where."""

    @pytest.mark.parametrize(
        ("content", "line", "said"),
        [
            (b"x = 1\ndef (:\n", 2, "syntax error"),
            (b"x = '\xff'\n", None, "syntax error"),
            (b"x = 1\x00\n", None, "null bytes"),
            (b"(" * 5000, 1, "syntax error"),
            (b"x = " + b"-" * 100_000 + b"1\n", 0, "cannot be parsed"),
        ],
    )
    def test_what_cannot_be_parsed(self, project: Make, content: bytes, line: int | None, said: str) -> None:
        root = project({"shop/__init__.py": ""})
        (root / "shop/broken.py").write_bytes(content)
        imported = import_package(root)
        assert modules(imported) == {"shop": ["shop.broken"]}
        (warning,) = imported.warnings
        assert warning.file == Path("shop/broken.py")
        assert line in {warning.line, None}, "None: Python's versions differ"
        assert said in warning.message

    def test_what_cannot_be_read(self, tmp_path: Path) -> None:
        assert read_source(tmp_path).error == "not a regular file"
        assert read_source(tmp_path / "gone.py").error == "cannot be read: No such file or directory"

    def test_other_encodings_and_odd_escapes_are_read(self, project: Make) -> None:
        root = project({"shop/odd.py": 'x = "\\d"\n'})
        (root / "shop/latin.py").write_bytes(b'# -*- coding: latin-1 -*-\n"""Gr\xf6\xdfe."""\n')
        imported = import_package(root)
        assert imported.warnings == ()
        assert imported.contexts[0].components[0].description == "Größe."

    def test_a_hostile_docstring_becomes_a_plain_line(self, project: Make) -> None:
        root = project(
            {"shop/evil.py": '"""\\x1b[31mred\\t\\ud800 \\x07 line.\\nsecond"""\n', "shop/long.py": f'"{"y" * 999}"'}
        )
        evil, long = import_package(root).contexts[0].components
        assert evil.description == "[31mred line."
        assert len(long.description) == 300

    def test_a_broken_pyproject_is_a_warning(self, project: Make) -> None:
        imported = import_package(project({"shop/cart.py": CODE, "pyproject.toml": "[project\n"}))
        assert imported.project_name == "shop-app"
        assert [str(warning.file) for warning in imported.warnings] == ["pyproject.toml"]


class TestDependencies:
    """Dependencies are imports inside the project, always of components that exist."""

    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            ("import shop.money", ("shop.money",)),
            ("import shop.money as m, os", ("shop.money",)),
            ("from shop import money", ("shop.money",)),
            ("from shop import money, VALUE", ("shop.__init__", "shop.money")),
            ("from shop.money import Money", ("shop.money",)),
            ("from . import money", ("shop.money",)),
            ("from .money import Money", ("shop.money",)),
            ("from .deep.inner import x", ("shop.deep.inner",)),
            ("from .deep import inner, other", ("shop.deep.inner",)),
            ("from shop import *", ("shop.__init__",)),
            ("import shop", ("shop.__init__",)),
            ("import shop.deep", ()),
            ("from .__version__ import v", ()),
            ("from .... import x", ()),
            ("from .cart import me", ()),
            ("def f():\n    from .money import Money", ("shop.money",)),
            ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import shop.money", ("shop.money",)),
            ("import os.path, decimal", ()),
            ("import loose", ("loose",)),
        ],
    )
    def test_of_a_module(self, project: Make, code: str, expected: tuple[str, ...]) -> None:
        root = project(
            {
                "shop/__init__.py": "VALUE = 1",
                "shop/__version__.py": "v = 1",
                "shop/money.py": CODE,
                "shop/deep/__init__.py": "",
                "shop/deep/inner.py": CODE,
                "loose.py": CODE,
                "shop/cart.py": f"{code}\n",
            }
        )
        assert dependencies(import_package(root))["shop.cart"] == expected

    def test_relative_imports_of_an_init_start_at_its_own_package(self, project: Make) -> None:
        root = project(
            {
                "shop/__init__.py": "from .money import Money\nX = 1\n",
                "shop/money.py": CODE,
                "shop/deep/__init__.py": "from ..money import Money\nfrom . import inner\nX = 1\n",
                "shop/deep/inner.py": CODE,
            }
        )
        found = dependencies(import_package(root))
        assert found["shop.__init__"] == ("shop.money",)
        assert found["shop.deep.__init__"] == ("shop.deep.inner", "shop.money")


class TestSourceRoots:
    """`src` where it holds modules, the project root where it holds packages."""

    def test_the_src_layout(self, project: Make) -> None:
        imported = import_package(project({"src/shop/cart.py": CODE, "noxfile.py": CODE, "setup.py": CODE}))
        assert imported.source == ("src",)
        assert modules(imported) == {"shop": ["shop.cart"]}
        assert reasons(imported) == {"noxfile.py": "not under src", "setup.py": "a build script"}

    def test_packages_in_both_places(self, project: Make) -> None:
        root = project({"src/shop/cart.py": CODE, "tools/__init__.py": "", "tools/build.py": CODE})
        imported = import_package(root)
        assert imported.source == ("src", ".")
        assert modules(imported) == {"shop": ["shop.cart"], "tools": ["tools.build"]}

    def test_a_module_that_another_source_root_hides(self, project: Make) -> None:
        root = project({"src/shop/cart.py": CODE, "shop/__init__.py": "", "shop/cart.py": CODE})
        assert (
            reasons(import_package(root))["shop/cart.py"]
            == "hidden by src/shop/cart.py, which has the same module name"
        )

    @pytest.mark.parametrize("extra", ["src/__init__.py", "src/notes.txt"])
    def test_a_src_that_is_a_package_or_holds_no_code_is_none(self, project: Make, extra: str) -> None:
        assert import_package(project({"shop/cart.py": CODE, extra: ""})).source == (".",)


class TestProjectName:
    """The name stands in pyproject.toml, else it is the directory's."""

    @pytest.mark.parametrize(
        ("pyproject", "name"),
        [
            ('[project]\nname = "my.shop"\n', "my.shop"),
            ("[project]\nname = 3\n", "shop-app"),
            ('[project]\nname = "a/b"\n', "shop-app"),
            ('[project]\nname = " "\n', "shop-app"),
            (f'[project]\nname = "{"x" * 250}"\n', "shop-app"),
            ("project = 1\n", "shop-app"),
            ("", "shop-app"),
        ],
    )
    def test_what_pyproject_says(self, project: Make, pyproject: str, name: str) -> None:
        assert import_package(project({"pyproject.toml": pyproject})).project_name == name

    @pytest.mark.parametrize(
        ("name", "module"), [("my.shop", "my_shop"), ("3d", "_3d"), ("größe", "größe"), ("a b", "a_b")]
    )
    def test_the_module_of_the_single_modules_is_an_identifier(self, project: Make, name: str, module: str) -> None:
        imported = import_package(project({"pyproject.toml": f'[project]\nname = "{name}"\n', "x.py": CODE}))
        assert modules(imported) == {f"{module}.__root__": ["x"]}


@pytest.mark.parametrize("package", ["aiosqlite", "watchfiles"])
def test_every_module_of_a_real_package_is_a_component_or_left_out_with_a_reason(tmp_path: Path, package: str) -> None:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    shutil.copytree(Path(spec.origin).parent, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    imported = import_package(tmp_path)
    taken = {f"{child.module.replace('.', '/')}.py" for context in imported.contexts for child in context.components}
    left = set(reasons(imported))
    for file in (tmp_path / package).rglob("*.py"):
        path = file.relative_to(tmp_path)
        said = {str(path), *map(str, path.parents)} & left
        assert (str(path) in taken) != bool(said), path
    assert len(taken) >= 4
    assert f"{package}/__init__.py" in taken
    assert imported.warnings == ()
