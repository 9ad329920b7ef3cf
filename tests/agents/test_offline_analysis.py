"""What static analysis reads out of a module."""

import textwrap

import pytest

from covey.agents.offline.analysis import analyse
from covey.agents.offline.facts import ModuleFacts, Origin
from covey.artifacts.modules import ModuleNames

KNOWN = ModuleNames(["shop.billing", "shop.billing.money", "shop.stock.__init__", "shop.stock.shelf"])


def facts(code: str, module: str = "shop.billing.invoice") -> ModuleFacts:
    return analyse(textwrap.dedent(code), module, KNOWN)


class TestPublicNames:
    """`__all__` decides; without it, a leading underscore does."""

    def test_private_names_and_imports_are_left_out(self) -> None:
        found = facts("import os\nfrom x import y\ndef f(): ...\ndef _g(): ...\nclass _C: ...\nA = 1\n_B = 2\n")

        assert [each.name for each in found.functions] == ["f"]
        assert not found.classes
        assert [each.name for each in found.values] == ["A"]
        assert not found.passed_on

    def test_all_is_respected(self) -> None:
        found = facts("from x import y\n__all__ = ['_g', 'y']\ndef f(): ...\ndef _g(): ...\n")

        assert [each.name for each in found.functions] == ["_g"]
        assert [(each.name, each.value) for each in found.passed_on] == [("y", "x.y")]

    def test_a_package_passes_its_imports_on(self) -> None:
        found = facts("from .core import connect as open_it\n", "shop.stock.__init__")

        assert [(each.name, each.value) for each in found.passed_on] == [("open_it", "shop.stock.core.connect")]

    def test_conditional_definitions_are_seen(self) -> None:
        found = facts("try:\n    import a\nexcept ImportError:\n    def f(): ...\nif a:\n    class C: ...\n")

        assert [each.name for each in found.functions] == ["f"]
        assert [each.name for each in found.classes] == ["C"]


class TestFunctions:
    """Signatures are whole; labels, overloads and what is not annotated are told."""

    def test_signature(self) -> None:
        (found,) = facts(
            'async def f(a: int, /, b: "str" = "x", *c, d: list[int] | None = None, **e) -> None: ...'
        ).functions

        assert found.signature == ("async def f(a: int, /, b: str = 'x', *c, d: list[int] | None = None, **e) -> None")
        assert found.unannotated == ("c", "e")

    def test_methods(self) -> None:
        code = '''
        class C:
            def __init__(self, a): self.a = a
            @property
            def p(self) -> int:
                """P."""
            @p.setter
            def p(self, value: int) -> None: ...
            @classmethod
            async def k(cls, x: int) -> "C": ...
            @staticmethod
            @cache
            def s(y): ...
            class Inner:
                def m(self) -> None: ...
        '''
        outer, inner = facts(code).classes

        assert [(each.signature, each.labels, each.unannotated) for each in outer.methods] == [
            ("def __init__(a)", (), ("a",)),
            ("p: int", ("property", "settable"), ()),
            ("async def k(x: int) -> C", ("classmethod",), ()),
            ("def s(y)", ("staticmethod", "@cache"), ("y", "return")),
        ]
        assert [each.name for each in inner.methods] == ["C.Inner.m"]

    def test_overloads(self) -> None:
        code = """
        from typing import overload
        @overload
        def f(a: int) -> int: ...
        @overload
        def f(a: str) -> str: ...
        def f(a): ...
        """
        (found,) = facts(code).functions

        assert found.overloads == ("def f(a: int) -> int", "def f(a: str) -> str")


class TestErrors:
    """Errors come from docstrings of every style and from `raise` statements."""

    @pytest.mark.parametrize(
        "docstring",
        [
            "F.\n\nRaises:\n    KeyError: no key\n",
            "F.\n\nRaises\n------\nKeyError\n    no key\n",
            "F.\n\n:raises KeyError: no key\n",
        ],
        ids=["google", "numpy", "sphinx"],
    )
    def test_docstrings(self, docstring: str) -> None:
        (found,) = facts(f"def f():\n    {docstring!r}\n").functions

        assert [(each.error, each.condition) for each in found.raises] == [("KeyError", "no key")]
        assert found.summary == "F."

    def test_statements(self) -> None:
        code = """
        def f(error):
            try:
                raise ValueError("x") from error
            except ValueError:
                raise
            if error:
                raise error
            raise errors.ShopError
            def inner():
                raise TypeError
        class C:
            if True:
                def m(self):
                    raise KeyError
        """
        found = facts(code)

        assert [each.error for each in found.functions[0].raises] == ["ValueError", "errors.ShopError"]
        assert [(each.error, each.by) for each in found.classes[0].methods[0].raises] == [("KeyError", "C.m")]


class TestDataStructures:
    """What holds data is told by decorator, base or annotations."""

    @pytest.mark.parametrize(
        ("head", "kind"),
        [
            ("@dataclass\nclass C:", "dataclass"),
            ("@dataclasses.dataclass(frozen=True)\nclass C:", "dataclass"),
            ("@attrs.define\nclass C:", "attrs class"),
            ("class C(TypedDict, total=False):", "typed dictionary"),
            ("class C(typing.NamedTuple):", "named tuple"),
            ("class C(str, enum.Enum):", "enumeration"),
            ("class C(pydantic.BaseModel):", "pydantic model"),
            ("class C(msgspec.Struct, frozen=True):", "msgspec struct"),
            ("class B(msgspec.Struct): ...\nclass C(B):", "msgspec struct"),
            ("class C(Elsewhere):", "class with fields"),
            ("class C(Protocol):", ""),
            ("class C(ValueError):", ""),
        ],
    )
    def test_kinds(self, head: str, kind: str) -> None:
        found = facts(f"{head}\n    x: int = 1\n").classes[-1]

        assert found.data_kind == kind
        assert [(each.name, each.type, each.value) for each in found.fields] == [("x", "int", "1")]

    def test_a_plain_class_is_none(self) -> None:
        assert facts("class C:\n    x: int = 1\n    def __init__(self): ...\n").classes[0].data_kind == ""

    def test_bases_in_a_circle_end(self) -> None:
        assert facts("class A(B): ...\nclass B(A): ...\n").classes[0].data_kind == ""

    def test_errors_are_followed_through_the_module(self) -> None:
        found = facts("class A(LookupError): ...\nclass B(A): ...\nclass C: ...\n")

        assert [each.is_error for each in found.classes] == [True, True, False]


class TestImports:
    """Imports are known components, other modules of the project, standard library or third party."""

    @pytest.mark.parametrize(
        ("code", "module", "origin", "names"),
        [
            ("from shop.billing.money import Money", "shop.billing.money", Origin.COMPONENT, ("Money",)),
            ("from .money import Money, parse", "shop.billing.money", Origin.COMPONENT, ("Money", "parse")),
            ("from . import money", "shop.billing.money", Origin.COMPONENT, ()),
            ("from ..stock import Shelf", "shop.stock.__init__", Origin.COMPONENT, ("Shelf",)),
            ("import shop.stock", "shop.stock.__init__", Origin.COMPONENT, ()),
            ("from ..stock.shelf import *", "shop.stock.shelf", Origin.COMPONENT, ("*",)),
            ("from .hidden import x", "shop.billing.hidden", Origin.PROJECT, ("x",)),
            ("import os.path as p", "os.path", Origin.STANDARD, ()),
            ("from pydantic import BaseModel", "pydantic", Origin.THIRD_PARTY, ("BaseModel",)),
            ("def f():\n    import json", "json", Origin.STANDARD, ()),
        ],
    )
    def test_origin(self, code: str, module: str, origin: Origin, names: tuple[str, ...]) -> None:
        (found,) = facts(code).imports

        assert (found.module, found.origin, found.names) == (module, origin, names)

    def test_future_is_no_dependency(self) -> None:
        assert facts("from __future__ import annotations\n").imports == ()
