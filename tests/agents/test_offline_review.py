"""The offline agent's review: on a made-up project with each kind of flaw planted, and on one without any."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from covey.agents.base import Assignment, Outcome, Reviewed, Task
from covey.agents.offline import OfflineAgent
from covey.agents.offline.review.dependencies import MOST_CYCLES
from covey.artifacts.checks import check_design
from covey.config.settings import REVIEW_SECTIONS
from covey.model.component import Component
from covey.projects.paths import ArtifactKind
from covey.testing.desk import RecordingDesk

TARGET = "docs/design/shop/design_review.md"
CONTEXT = Component(id="shop", project_id="p", name="Shop", module_name="shop")

CODE = {
    "cart": '"""Carts."""\n\nfrom shop.money import Money\n\n\ndef total(lines: list[int], *, tax: int = 0) -> Money:\n'
    '    """The sum."""\n',
    "money": '"""Money."""\n\n\nclass Money:\n    """An amount."""\n\n    def add(self, other: "Money") -> "Money":\n'
    '        """The sum."""\n',
}
DOCUMENTS = {
    "cart": "# Cart\n\n## Purpose\n\nSums.\n\n## Public API\n\n"
    "- `def total(lines: list[int], *, tax: int = 0) -> Money` — the sum\n\n## Dependencies\n\n- `shop.money`\n",
    "money": "# Money\n\n## Purpose\n\nAmounts.\n\n## Public API\n\n### `Money`\n\n- `add(other)` sums\n\n"
    "## Dependencies\n\nNone.\n",
}


class Shop:
    """A project with a cart that needs money; both documented, both in order."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.modules = ["cart", "money"]
        self.depends: Mapping[str, tuple[str, ...]] = {}
        for name in self.modules:
            self.code(name, CODE[name])
            self.document(name, DOCUMENTS[name])

    def code(self, name: str, text: str) -> None:
        self._write(f"shop/{name}.py", text)

    def document(self, name: str, text: str) -> None:
        self._write(f"docs/design/shop/{name}.md", text)

    def _write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, encoding="utf-8")

    @property
    def review(self) -> Path:
        return self.root / TARGET

    def assignment(self, **changes: Any) -> Assignment:
        components = [
            Component(
                id=name,
                project_id="p",
                name=name.title(),
                module_name=f"shop.{name}",
                parent_component_id="shop",
                dependencies=self.depends.get(name, ()),
            )
            for name in self.modules
        ]
        given: dict[str, Any] = {
            "session_id": "s",
            "attempt": 1,
            "step": "ExecuteReview",
            "task": Task.GENERATE,
            "kind": ArtifactKind.REVIEW,
            "workspace": self.root,
            "target": TARGET,
            "source": "shop/__init__.py",
            "component": CONTEXT,
            "context": CONTEXT,
            "context_design_path": "docs/design/shop.md",
            "components": (CONTEXT, *components),
            "reviewed": tuple(
                Reviewed(each, f"docs/design/shop/{each.id}.md", f"shop/{each.id}.py") for each in components
            ),
            "sections": REVIEW_SECTIONS,
        }
        return Assignment(**{**given, **changes})

    async def run(self, **changes: Any) -> Outcome:
        return await OfflineAgent(OfflineAgent.Settings()).run(self.assignment(**changes), RecordingDesk())

    async def findings(self) -> list[str]:
        """The findings' headings and bullets of a new review, which passes its check."""
        self.review.unlink(missing_ok=True)
        outcome = await self.run()
        assert outcome.ok, outcome.message
        text = self.review.read_text(encoding="utf-8")
        assert check_design(text, REVIEW_SECTIONS, ()) == ()
        section = text.partition("## Findings\n")[2].partition("\n## Components reviewed")[0]
        return [line for line in section.splitlines() if line.strip()]


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


class TestInOrder:
    """A short document that says so."""

    async def test_nothing_is_found(self, shop: Shop) -> None:
        assert await shop.findings() == ["None."]
        text = shop.review.read_text(encoding="utf-8")
        assert text.startswith("# Design review of Shop\n\nDrafted without a model by covey's offline agent")
        assert "2 components of `shop` reviewed: nothing was found." in text
        assert "| `shop.cart` | `docs/design/shop/cart.md` | `shop/cart.py` |" in text
        assert len(text.splitlines()) < 25

    async def test_the_same_every_time(self, shop: Shop) -> None:
        shop.depends = {"cart": ("shop.money",), "money": ("shop.cart",)}
        shop.code("money", "def spell(x): ...\n")
        assert await shop.findings()
        first = shop.review.read_bytes()
        await shop.findings()
        assert shop.review.read_bytes() == first

    async def test_code_is_not_run(self, shop: Shop) -> None:
        shop.code("cart", CODE["cart"] + "\nopen('ran', 'w')\nraise SystemExit(1)\n")
        assert (await shop.run()).ok
        assert not (shop.root / "ran").exists()

    async def test_without_any_code(self, shop: Shop) -> None:
        for name in shop.modules:
            (shop.root / f"shop/{name}.py").unlink()
        assert await shop.findings() == ["None."]
        assert "not read: `shop/cart.py`" in shop.review.read_text(encoding="utf-8")


FLAWS = {
    "a component without a document": (
        {"cart.md": ""},
        ["### Components without a document", "- `shop.cart`: nothing at `docs/design/shop/cart.md`"],
    ),
    "a document that is no text": (
        {"cart.md": "\udcff"},
        ["### Files that cannot be read", "- `shop.cart`: `docs/design/shop/cart.md: "],
    ),
    "code that does not parse": (
        {"cart.py": "def total(:\n"},
        ["### Files that cannot be read", "- `shop.cart`: `shop/cart.py: line 1: syntax error: "],
    ),
    "an unknown component as a dependency": (
        {"cart.md": DOCUMENTS["cart"] + "- `shop.stock` for what is left\n"},
        ["### References to unknown components", "- `shop.cart`, line 14: `shop.stock` is no component"],
    ),
    "an unknown component in a sentence": (
        {"money.md": DOCUMENTS["money"].replace("Amounts.", "Amounts of `shop.bank.Account`.")},
        ["### References to unknown components", "- `shop.money`, line 5: `shop.bank.Account` is no component"],
    ),
    "a name that is imported and not there": (
        {"cart.py": CODE["cart"].replace("import Money", "import Money, rounded")},
        ["### Integration gaps", "- `shop.cart` imports `rounded` from `shop.money`, which does not have it"],
    ),
    "another signature": (
        {"cart.md": DOCUMENTS["cart"].replace("tax: int = 0", "rate: int = 0")},
        [
            "### Documents that disagree with the code's API",
            (
                "- `shop.cart`, line 9: `def total(lines: list[int], *, rate: int = 0) -> Money`; "
                "the code has `def total(lines: list[int], *, tax: int = 0) -> Money`"
            ),
        ],
    ),
    "another signature of a method": (
        {"money.md": DOCUMENTS["money"].replace("add(other)", "add(other, rounding)")},
        [
            "### Documents that disagree with the code's API",
            ("- `shop.money`, line 11: `add(other, rounding)`; the code has `def add(other: Money) -> Money`"),
        ],
    ),
    "a name that the code does not have": (
        {"cart.md": DOCUMENTS["cart"].replace("\n## Dep", "- `empty() -> bool`\n\n## Dep")},
        ["### Documents that disagree with the code's API", "- `shop.cart`, line 10: `empty` is not in the code"],
    ),
    "a public name that the document does not have": (
        {"cart.py": CODE["cart"] + '\n\ndef empty() -> bool:\n    """Whether."""\n'},
        [
            "### Documents that disagree with the code's API",
            "- `shop.cart`: the document does not mention `empty`, which the code makes public",
        ],
    ),
    "an import that the document does not name": (
        {"cart.md": DOCUMENTS["cart"].replace("- `shop.money`", "None.")},
        [
            "### Documents that disagree with the code's dependencies",
            "- `shop.cart`: the code imports `shop.money`, which the document does not name",
        ],
    ),
    "a dependency that the code does not have": (
        {"cart.py": CODE["cart"].replace("from shop.money import Money\n", "Money = int\n"), "cart.md": None},
        [
            "### Documents that disagree with the code's dependencies",
            "- `shop.cart`, line 13: the code does not import `shop.money`",
        ],
    ),
    "public names without documentation": (
        {"money.py": "class Money:\n    def add(self, other): ...\n"},
        [
            "### Public names without documentation",
            "- `shop.money`: the module has no docstring; no docstring for `Money`, `Money.add`",
        ],
    ),
}


class TestFlaws:
    """Each kind of flaw is found, alone."""

    @pytest.mark.parametrize(("changes", "expected"), FLAWS.values(), ids=FLAWS)
    async def test_planted(self, shop: Shop, changes: Mapping[str, str | None], expected: list[str]) -> None:
        for name, text in changes.items():
            stem, _, ending = name.rpartition(".")
            if text is None:
                continue
            if text == "\udcff":
                (shop.root / f"docs/design/shop/{stem}.md").write_bytes(b"\xff\xfe")
            else:
                (shop.document if ending == "md" else shop.code)(stem, text)
        found = await shop.findings()
        assert [line.startswith(wanted) for line, wanted in zip(found, expected, strict=True)] == [True, True], found

    async def test_a_cycle_by_documents(self, shop: Shop) -> None:
        shop.document("money", DOCUMENTS["money"].replace("None.", "- `shop.cart`"))
        found = await shop.findings()
        assert found[:2] == ["### Dependency cycles", "- `shop.cart` → `shop.money` → `shop.cart`"]

    async def test_a_cycle_through_what_the_manifest_says_of_others(self, shop: Shop) -> None:
        shop.depends = {"money": ("other.bank",)}
        bank = Component(
            id="bank", project_id="p", name="Bank", module_name="other.bank", dependencies=("shop.cart", "gone")
        )
        await shop.run(components=(*shop.assignment().components, bank))
        text = shop.review.read_text(encoding="utf-8")
        assert "- `other.bank` → `shop.cart` → `shop.money` → `other.bank`\n" in text

    async def test_two_cycles_are_two(self, shop: Shop) -> None:
        shop.modules = ["a", "b", "c"]
        shop.depends = {"a": ("shop.b",), "b": ("shop.a", "shop.c"), "c": ("shop.b",)}
        found = await shop.findings()
        assert [line for line in found if "→" in line] == [
            "- `shop.a` → `shop.b` → `shop.a`",
            "- `shop.b` → `shop.c` → `shop.b`",
        ]

    async def test_a_search_that_ended_early_says_so(self, shop: Shop) -> None:
        spokes = [f"m{number:02}" for number in range(MOST_CYCLES + 1)]
        shop.modules = [*spokes, "hub"]
        shop.depends = dict.fromkeys(spokes, ("shop.hub",)) | {"hub": tuple(f"shop.{one}" for one in spokes)}
        found = await shop.findings()
        assert sum("→" in line for line in found) == MOST_CYCLES
        assert f"- the search ended after {MOST_CYCLES} cycles of the project: there may be more" in found

    async def test_the_context_does_not_mention_a_component(self, shop: Shop) -> None:
        (shop.root / "docs/design/shop.md").write_text("# Shop\n\nGoods that know `shop.stock`.\n")
        assert await shop.findings() == [
            "### References to unknown components",
            "- `docs/design/shop.md`, line 3: `shop.stock` is no component",
            "### The context's document",
            "- `docs/design/shop.md` does not mention `shop.cart`, `shop.money`",
        ]

    async def test_backticks_that_nothing_closes_are_read_in_one_go(self, shop: Shop) -> None:
        open_ones = " ".join("`" * length for length in range(3, 1700))
        shop.document("cart", DOCUMENTS["cart"] + f"\n{open_ones} `` shop.`stock` `` and `shop.stocks`, ` shop.none\n")
        async with asyncio.timeout(10):
            assert await shop.findings() == [
                "### References to unknown components",
                "- `shop.cart`, line 15: `shop.stocks` is no component",
            ]

    async def test_hostile_names_open_nothing_of_their_own(self, shop: Shop) -> None:
        shop.document("cart", DOCUMENTS["cart"].replace("- `shop.money`", "- `shop.money`\n- `shop.x\x1b[2J`"))
        shop.document("money", DOCUMENTS["money"].replace("`add(other)`", "``add(other, `b`)`` \x1b]0;evil\x07"))
        await shop.findings()
        assert "\x1b" not in shop.review.read_text(encoding="utf-8")


class TestLenience:
    """What a document says in its own way is no flaw."""

    @pytest.mark.parametrize(
        "line",
        [
            "- `total(lines, tax)`... no: `total` takes two",
            "- `total`: the sum",
            "- **`total`** sums",
            "It offers `total`, with `lines` and `tax`.",
            "### total\n\n- `lines`: what is summed\n- `tax`: on top",
            "```python\ndef total(lines: list[int], *, tax: int = 0) -> Money: ...\n```",
            "- `total(lines, *, tax=0) -> Money`",
            "- `total(...)`",
        ],
    )
    async def test_ways_to_say_it(self, shop: Shop, line: str) -> None:
        said = DOCUMENTS["cart"].replace(
            "- `def total(lines: list[int], *, tax: int = 0) -> Money` — the sum", line.replace("(lines, tax)", "")
        )
        shop.document("cart", said)
        assert await shop.findings() == ["None."]

    async def test_files_and_attributes_are_no_components(self, shop: Shop) -> None:
        shop.document("cart", DOCUMENTS["cart"] + "\nSee `shop.toml` and `shop.money.Money.add`, `os.path`.\n")
        assert await shop.findings() == ["None."]

    async def test_names_of_a_package_are_its_own(self, shop: Shop) -> None:
        shop.modules.append("__init__")
        shop.code("__init__", '"""Shop."""\n\nfrom shop.cart import total\n')
        shop.document("__init__", "# Shop\n\n## Dependencies\n\n- `shop.cart`\n")
        shop.document("cart", DOCUMENTS["cart"] + "\nAs `shop.total`, never as `shop.totals`.\n")
        assert (await shop.findings())[:2] == [
            "### References to unknown components",
            "- `shop.cart`, line 15: `shop.totals` is no component",
        ]


class TestMending:
    """A review that is there keeps every line."""

    async def test_what_is_missing_is_added(self, shop: Shop) -> None:
        shop._write(TARGET, "# Mine\n\n## Summary\n\nI like it.\n")
        assert (await shop.run(task=Task.REVISE, note="look again")).ok
        text = shop.review.read_text(encoding="utf-8")
        assert text.startswith("# Mine\n\n## Summary\n\nI like it.\n")
        assert check_design(text, REVIEW_SECTIONS, ()) == ()
        assert "## Notes\n\nGiven for attempt 1:\n\n> look again\n" in text

    async def test_one_that_appeared_meanwhile_is_not_overwritten(self, shop: Shop) -> None:
        mine = "".join(f"## {title}\n\nMine.\n\n" for title in REVIEW_SECTIONS)
        shop._write(TARGET, mine)
        assert (await shop.run()).ok
        assert shop.review.read_text(encoding="utf-8") == mine
