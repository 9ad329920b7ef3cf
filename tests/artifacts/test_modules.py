"""Which component a dotted name means."""

import pytest

from covey.artifacts.modules import ModuleNames
from covey.projects.names import leading_module

SHOP = ModuleNames({"shop.billing", "shop.billing.money", "shop.billing.invoice", "shop.stock.__init__", "tools"})
ELIXIR = ModuleNames({"Shop.Billing", "Shop.Billing.Invoice"})


class TestModuleNames:
    """A name is a component, reaches into one, or is unknown."""

    @pytest.mark.parametrize(
        ("name", "component"),
        [
            ("shop.billing.money", "shop.billing.money"),
            ("shop.billing", "shop.billing"),
            ("shop.billing.money.Money", "shop.billing.money"),
            ("shop.billing.money.parse", "shop.billing.money"),
            ("shop.billing.money.Money.add", "shop.billing.money"),
            ("shop.billing.Money", "shop.billing"),
            ("shop.billing.mony", None),
            ("shop.billing.mony.Money", None),
            ("shop", None),
            ("shop.stock", None),
            ("tools.helper", "tools"),
        ],
    )
    def test_component(self, name: str, component: str | None) -> None:
        assert SHOP.component(name) == component

    def test_where_modules_have_capitals_a_capital_tells_no_attribute(self) -> None:
        assert ELIXIR.component("Shop.Billing.Invoice.create") == "Shop.Billing.Invoice"
        assert ELIXIR.component("Shop.Billing.create") == "Shop.Billing"
        assert ELIXIR.component("Shop.Billing.Unknown") is None
        assert ELIXIR.component("Shop.Billing.Unknown.create") is None

    def test_own_is_what_shares_the_first_part(self) -> None:
        assert SHOP.is_own("shop.anything")
        assert SHOP.is_own("tools")
        assert not SHOP.is_own("shopping.cart")
        assert not SHOP.is_own("json")

    def test_nearest_come_best_first(self) -> None:
        assert SHOP.nearest("shop.billing.mony")[0] == "shop.billing.money"


class TestLeadingModule:
    """A bullet's leading token is taken and the rest ignored."""

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("`shop.billing.money` — amounts", "shop.billing.money"),
            ("shop.billing.money: amounts", "shop.billing.money"),
            ("**`shop.billing`** and more", "shop.billing"),
            ("[`shop.billing`](billing.md)", "shop.billing"),
            ("[ ] shop.billing", "shop.billing"),
            ("shop.billing.", "shop.billing"),
            ("`_private.part`", "_private.part"),
            ("`größe.maß`", "größe.maß"),
            ("`cafe\u0301.menu`", "caf\u00e9.menu"),
            ("`Shop.Billing.create/1`", "Shop.Billing"),
            ("Shop.Billing.get!/2 raises", "Shop.Billing"),
            ("%Shop.Billing.Invoice{}", "Shop.Billing.Invoice"),
            ("&Shop.Billing.paid?/1", "Shop.Billing"),
            ("Create/1", None),
            ("shop.billing/1", None),
            ("shop/billing/money.py", None),
            ("shop-client from PyPI", None),
            ("— nothing", None),
            (".money", None),
            ("shop..money", None),
            ("2.5 times", None),
            ("", None),
        ],
    )
    def test_leading_module(self, text: str, name: str | None) -> None:
        assert leading_module(text) == name
