"""Which module a name in a context's document means."""

import pytest

from covey.config.settings import Preset
from covey.projects.design_names import DocumentNames, Namer, Spelling, camelized, shared_first_part
from covey.projects.paths import underscore


def document(path: str, *listed: str, first_word: str = "") -> DocumentNames:
    return DocumentNames(path=tuple(path.split("/")), first_word=first_word, listed=listed)


def modules(project: str, *documents: DocumentNames, preset: Preset = Preset.ELIXIR, known: str = "") -> list[str]:
    """For each document its context's module, then its components'."""
    spelling = Spelling(preset, [name for each in documents for name in each.listed], set(known.split()))
    namer = Namer(project, documents, spelling)
    return [
        ".".join(module)
        for each in documents
        for module in (namer.context(each), *(namer.component(each, name) for name in each.listed))
    ]


class TestForms:
    """Absolute, relative to the project, relative to the context: decided for each name."""

    def test_the_three_forms_mixed(self) -> None:
        assert modules("shop", document("shop/billing", "Shop.Billing.Invoice", "Billing.Money", "Tax")) == [
            "Shop.Billing",
            "Shop.Billing.Invoice",
            "Shop.Billing.Money",
            "Shop.Billing.Tax",
        ]

    def test_the_project_first_is_absolute_wherever_it_leads(self) -> None:
        assert modules("Shop", document("shop/billing", "Shop.Accounts.User"))[1] == "Shop.Accounts.User"
        assert modules("CodeHouse", document("code_house/billing", "CodeHouse.Tax"))[1] == "CodeHouse.Tax"

    def test_dotted_after_the_last_part_of_the_path_is_of_the_project(self) -> None:
        assert modules("Shop", document("shop/sales/billing", "Billing.Money"))[1] == "Shop.Billing.Money"

    def test_dotted_after_the_first_word_of_the_title_is_of_the_project(self) -> None:
        named = document("shop/billing_context", "Billing.Money", first_word="Billing")
        assert modules("Shop", named) == ["Shop.BillingContext", "Shop.Billing.Money"]

    def test_the_same_word_without_a_dot_is_of_the_context(self) -> None:
        assert modules("Shop", document("shop/billing", "Billing"))[1] == "Shop.Billing.Billing"

    def test_dotted_after_anything_else_is_of_the_context(self) -> None:
        assert modules("Shop", document("shop/billing", "Invoice.Line"))[1] == "Shop.Billing.Invoice.Line"

    def test_the_context_is_where_its_file_is_whatever_the_title_says(self) -> None:
        assert modules("Shop", document("shop/billing", "Tax", first_word="Accounting")) == [
            "Shop.Billing",
            "Shop.Billing.Tax",
        ]

    def test_a_tree_beside_the_projects_is_absolute_too(self) -> None:
        web = document("shop_web/live", "ShopWeb.Live.Cart", "Live.Menu", "Help")
        assert modules("Shop", document("shop/billing", "Tax"), web)[2:] == [
            "ShopWeb.Live",
            "ShopWeb.Live.Cart",
            "ShopWeb.Live.Menu",
            "ShopWeb.Live.Help",
        ]

    def test_the_projects_own_document(self) -> None:
        assert modules("Shop", document("shop", "Clock", "Shop.Billing")) == ["Shop", "Shop.Clock", "Shop.Billing"]


class TestPathsWithoutTheProject:
    """Where documents lie without a directory for the project, the names show whether one belongs before them."""

    def test_an_absolute_name_shows_it(self) -> None:
        assert modules("Shop", document("billing", "Shop.Billing.Invoice", "Tax"), document("orders", "Cart")) == [
            "Shop.Billing",
            "Shop.Billing.Invoice",
            "Shop.Billing.Tax",
            "Shop.Orders",
            "Shop.Orders.Cart",
        ]

    def test_a_name_of_the_project_shows_it(self) -> None:
        assert modules("Shop", document("billing", "Billing.Invoice")) == ["Shop.Billing", "Shop.Billing.Invoice"]

    def test_else_the_path_is_all_there_is(self) -> None:
        assert modules("Shop", document("billing", "Invoice")) == ["Billing", "Billing.Invoice"]

    def test_a_directory_for_the_project_anywhere_shows_the_contrary(self) -> None:
        assert modules("Shop", document("billing", "Invoice.Line"), document("shop/orders", "Shop.Orders.Cart"))[
            :2
        ] == [
            "Billing",
            "Billing.Invoice.Line",
        ]


class TestSpelling:
    """Modules are written as the preset has them."""

    def test_elixirs_parts_have_capitals_as_the_names_show(self) -> None:
        found = modules("shop", document("shop/mcp_servers", "Shop.MCPServers.HTTP2Client", "url_parser"))
        assert found == ["Shop.MCPServers", "Shop.MCPServers.HTTP2Client", "Shop.MCPServers.UrlParser"]

    def test_the_spelling_that_most_names_share_holds(self) -> None:
        names = ("Shop.API.One", "Shop.Api.Two", "Shop.API.Three")
        assert modules("shop", document("shop/api", *names))[0] == "Shop.API"

    def test_pythons_parts_are_written_as_paths_are(self) -> None:
        found = modules("Shop", document("shop/billing", "Shop.Billing.InvoiceLine", "Tax"), preset=Preset.PYTHON)
        assert found == ["shop.billing", "shop.billing.invoice_line", "shop.billing.tax"]

    def test_unless_there_is_a_file_by_that_name(self) -> None:
        known = "shop.billing.InvoiceLine"
        found = modules("shop", document("shop/billing", "InvoiceLine"), preset=Preset.PYTHON, known=known)
        assert found[1] == "shop.billing.InvoiceLine"

    @pytest.mark.parametrize(
        "path", ["billing", "http_client", "a1_b2", "v2_1", "foo__bar", "utf8_string", "o_auth2_token", "größe"]
    )
    def test_camelized_is_underscored_again_to_the_same_path(self, path: str) -> None:
        assert underscore(camelized(path)) == path


class TestSharedFirstPart:
    """The project's name is the first part that most absolute names share."""

    def test_the_majority(self) -> None:
        found = shared_first_part(
            [
                document("shop/billing", "Shop.Billing.Tax", "Shop.Billing.Money", "Billing.Invoice"),
                document("shop_web/live", "ShopWeb.Live.Cart"),
            ]
        )
        assert found == "Shop"

    def test_as_most_of_them_write_it(self) -> None:
        names = ("shop.billing.tax", "Shop.Billing.Money", "Shop.Billing.Invoice")
        assert shared_first_part([document("shop/billing", *names)]) == "Shop"

    def test_relative_names_say_nothing(self) -> None:
        names = ("Tax", "Billing.Money", "Invoice.Line", "Ledger.Entry.Line")
        assert shared_first_part([document("shop/billing", *names[:3], first_word="Ledger")]) is None
        assert shared_first_part([document("shop/billing", names[3], first_word="Ledger")]) is None

    def test_what_leads_through_the_path_is_absolute(self) -> None:
        assert shared_first_part([document("billing", "Shop.Billing")]) == "Shop"

    def test_long_names_are_absolute(self) -> None:
        assert shared_first_part([document("billing", "Shop.Accounts.User")]) == "Shop"
