import shlex

import pytest

from covey.client.beginning import Beginning, DeclaredCounts
from covey.client.ui import UiSettings
from covey_tui.view.empty import BLOCK, block, choices
from covey_tui.view.spans import Ground, Role, room
from tests.tui.gallery import settled
from tests.tui.test_monitor_screen import hand

SHOP = Beginning(
    "shop",
    contexts=(DeclaredCounts("Billing", "shop.billing", 8, 1), DeclaredCounts("Catalog", "shop.catalog", 6, 1)),
)
NO_MANIFEST = Beginning("attic", has_manifest=False)
BROKEN = Beginning("shop", mistake="/shop/covey.toml:3: \x1b[2J is not TOML")
NOTHING = Beginning("shop")


def page(found: Beginning, chosen: int = 0) -> list[str]:
    return ["".join(text for text, _ in line).rstrip() for line in block(found, choices(found), chosen)]


class TestChoices:
    """Commands that begin something, as they are typed; those that the screen can run name what they run."""

    def test_a_project_with_contexts(self) -> None:
        assert [(each.command, each.modules) for each in choices(SHOP)] == [
            ("covey run design Billing", ("shop.billing",)),
            ("covey run design --all", ("shop.billing", "shop.catalog")),
            ("covey run design --all --dry-run", ()),
            ("covey demo", ()),
        ]

    def test_without_a_manifest(self) -> None:
        assert [each.command for each in choices(NO_MANIFEST)] == ["covey init", "covey demo"]

    @pytest.mark.parametrize("found", [BROKEN, NOTHING])
    def test_where_nothing_can_be_run(self, found: Beginning) -> None:
        assert [each.command for each in choices(found)] == ["covey demo"]

    def test_a_name_is_quoted_for_the_shell(self) -> None:
        hostile = Beginning("shop", contexts=(DeclaredCounts("a; rm -rf ~", "shop.a", 1, 0),))
        command = choices(hostile)[0].command
        assert shlex.split(command) == ["covey", "run", "design", "a; rm -rf ~"]


class TestBlock:
    """What is on the screen, to the cell."""

    def test_a_project_with_contexts(self) -> None:
        assert page(SHOP) == [
            "  No run yet in shop",
            "",
            "  covey.toml names 2 contexts with 14 components; 2 have a design.",
            "  Start a run from any terminal, and this screen follows it.",
            "",
            "▌ covey run design Billing            8 components, 7 to write",
            "  covey run design --all              14 components, 12 to write",
            "  covey run design --all --dry-run    only says what would start",
            "  covey demo                          a made-up project, free",
            "",
            "  Enter runs it   y copies the line",
        ]

    def test_the_longest_sentence_goes_on_in_the_next_line(self) -> None:
        many = Beginning("shop", contexts=(DeclaredCounts("A", "shop.a", 77_000, 0),) * 10)
        assert page(many)[2:5] == [
            "  covey.toml names 10 contexts with 770000 components; none has a",
            "  design.",
            "  Start a run from any terminal, and this screen follows it.",
        ]

    def test_keys_are_named_as_they_are_mapped(self) -> None:
        mapped = {"tree.open": "F5", "view.copy": "F6"}
        assert "".join(text for text, _ in block(SHOP, choices(SHOP), 0, mapped.__getitem__)[-1]).split() == [
            *["F5", "runs", "it"],
            *["F6", "copies", "the", "line"],
        ]

    def test_enter_runs_only_what_the_screen_can_run(self) -> None:
        said = [page(SHOP, chosen)[-1].strip() for chosen in range(4)]
        assert said == [*["Enter runs it   y copies the line"] * 2, *["y copies the line"] * 2]

    def test_without_a_manifest(self) -> None:
        found = page(NO_MANIFEST)
        assert found[0] == "  No covey.toml here"
        assert found[-4:] == [
            "▌ covey init    reads this project",
            "  covey demo    a made-up project, free",
            "",
            "  y copies the line",
        ]

    def test_a_mistake_is_told_and_made_harmless(self) -> None:
        found = "\n".join(page(BROKEN))
        assert "/shop/covey.toml:3:" in found
        assert "\x1b" not in found

    def test_a_mistake_is_told_to_its_end(self) -> None:
        said = f"/home/ana/work/shop/covey.toml:3: unknown key: {'this version accepts these ' * 4}and no others"
        lines = page(Beginning("shop", mistake=said))
        assert " ".join(line.strip() for line in lines[2:-3]).strip() == said

    def test_the_chosen_line_is_bold_on_the_cursors_ground(self) -> None:
        lines = block(SHOP, choices(SHOP), 1)
        on_cursor = [line for line in lines if any(tone.ground is Ground.CURSOR for _, tone in line)]
        (chosen,) = on_cursor
        assert all(tone.ground is Ground.CURSOR for _, tone in chosen)
        assert [text.strip() for text, tone in chosen if tone.bold] == ["covey run design --all"]
        assert chosen[0].tone.role is Role.PRIMARY

    @pytest.mark.parametrize("found", [SHOP, NO_MANIFEST, BROKEN, NOTHING])
    def test_every_line_is_as_wide_as_the_block(self, found: Beginning) -> None:
        assert {room(line) for line in block(found, choices(found), 0)} == {BLOCK}


class TestKeys:
    """The keys that move and open in the tree do so here, whatever they are; the footer names those that work."""

    async def test_the_footer_follows_the_chosen_line(self) -> None:
        async with hand(beginning=SHOP) as person:
            assert person.footer.startswith("Enter run it…   y copy   ↑↓ move   : commands")
            await person.press("j", "down")
            assert person.footer.startswith("y copy   ↑↓ move   : commands")
            await person.press("k")
            assert person.footer.startswith("Enter run it…")

    async def test_the_footer_follows_what_is_found(self) -> None:
        async with hand(beginning=BROKEN) as person:
            assert person.footer.startswith("y copy")
            person.monitor.nothing_yet(SHOP)
            await settled(person.pilot)
            assert person.footer.startswith("Enter run it…")

    async def test_what_is_started_is_said_while_its_engine_comes(self) -> None:
        async with hand(beginning=SHOP) as person:
            await person.press("enter", "y")
            assert person.footer.startswith("Starting the design of Billing")
            assert person.app.link.begun == [("shop.billing",)]

    async def test_other_keys(self) -> None:
        async with hand(beginning=SHOP) as person:
            person.monitor._settings = UiSettings(keys={"tree.open": ("f5",), "tree.down": ("f6",)})
            person.app.set_keymap(person.monitor._settings.keymap())
            await person.press("enter", "f6")
            assert person.shows("F5 runs it   y copies the line")
            assert person.footer.startswith("F5 run it…")
            await person.press("f5")
            assert person.shows("Start the design of 2 contexts?")

    @pytest.mark.parametrize("key", ["/", "tab", "f", "!", "i", "n", "v", "t", "1"])
    async def test_keys_of_the_tree_and_the_detail_take_the_focus_nowhere(self, key: str) -> None:
        async with hand(beginning=SHOP) as person:
            await person.press(key)
            assert person.footer.startswith("There is no session here yet.")
            assert person.monitor.looking.filter is None
            await person.press("j", "enter")
            assert person.shows("Start the design of 2 contexts?")
