"""The offline agent at its desk: what it writes, what it keeps."""

import asyncio
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from covey.agents.base import Outcome, Task
from covey.agents.offline import OfflineAgent
from covey.artifacts.checks import check_design, check_design_file
from covey.model.command import TranscriptKind
from covey.model.status import FailureCause
from tests.agents.shop import CODE, SECTIONS, SOURCE, TARGET, Shop, component


class TestGenerate:
    """A module becomes a document that passes its check."""

    async def test_the_document_tells_what_the_code_tells(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)

        assert await shop.run() == Outcome(ok=True)
        text = shop.document()
        assert check_design(text, SECTIONS, {"shop.billing", "shop.billing.money", "shop.billing.tax"}) == ()
        for line in [
            "# money",
            "> Amounts of money.",
            "- `def parse(text: str, *, strict: bool = True) -> Money` — Read an amount.",
            "  - raises `MoneyError`: the currencies differ.",
            "| `currency` | `str` | `'EUR'` |  |",
            "- `shop.billing.tax`",
            "Imported from inside the project, yet none of its components: `shop.billing.hidden` (`secret`).",
            "- `json`",
            "- `class MoneyError(ValueError)` — An amount that cannot be.",
            "- `MoneyError` by `parse`, `Money.add`: the currencies differ.",
            "- `Money.spell`: no docstring; no type for `style`, `return`",
        ]:
            assert line in text.split("\n")
        assert "Drafted without a model by covey's offline agent" in text
        assert "_private" not in text

    async def test_it_reports_what_it_read_and_wrote(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)
        await shop.run()

        assert f"Read {SOURCE}: 2 public classes, 3 public functions and methods" in shop.desk.said(TranscriptKind.TEXT)
        assert f"Wrote {TARGET}." in shop.desk.said()

    async def test_the_same_code_gives_the_same_document(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)
        await shop.run()
        first = shop.document()
        (shop.root / TARGET).unlink()
        await shop.run()

        assert shop.document() == first

    async def test_required_sections_of_any_name_have_text(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)
        sections = ("Overview", "Fields", "Testing", "Dependencies", "Notes", "Errors")

        assert (await shop.run(sections=sections)).ok
        assert check_design_file(shop.root, TARGET, sections, {"shop.billing.tax"}) == ()
        assert "## Data Structures" not in shop.document()
        assert "## Purpose" not in shop.document()

    async def test_a_module_with_only_a_docstring_has_no_public_api(self, shop: Shop) -> None:
        shop.write(SOURCE, '"""Nothing but words."""\n')

        assert (await shop.run()).ok
        assert "The module has no public API." in shop.document()
        assert "The module imports nothing." in shop.document()

    async def test_a_note_is_taken_up(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)
        await shop.run(note="Say more\n## about rounding")

        assert "## Notes\n\nGiven for attempt 2:\n\n> Say more\n> \\## about rounding\n" in shop.document()

    async def test_code_is_never_run(self, shop: Shop) -> None:
        shop.write(SOURCE, f'"""Doc."""\nopen({str(shop.root / "ran")!r}, "w")\n')

        assert (await shop.run()).ok
        assert not (shop.root / "ran").exists()

    async def test_invalid_escapes_warn_nobody(self, shop: Shop, recwarn: pytest.WarningsRecorder) -> None:
        shop.write(SOURCE, 'x = "\\d"\n"""\nRaises:\n   odd\n"""\n')

        assert (await shop.run()).ok
        assert not recwarn.list


class TestWithoutCode:
    """What is not written yet is drafted from the manifest and the context's document."""

    async def test_from_the_manifest(self, shop: Shop) -> None:
        planned = component(
            "shop.billing.money", description="Amounts.", type="schema", priority=7, dependencies=("shop.billing.tax",)
        )

        assert (await shop.run(component=planned)).ok
        text = shop.document()
        assert "> Amounts." in text
        assert "(type `schema`, priority 7)" in text
        assert "- `shop.billing.tax` — declared in the manifest" in text
        assert f"There is no code yet at `{SOURCE}`." in text

    async def test_from_the_contexts_document(self, shop: Shop) -> None:
        shop.write(
            "docs/design/shop/billing.md",
            "# Billing\n\n## Components\n\n### money\n\nCounts coins.\n\n### tax\n\nNo.\n",
        )

        assert (await shop.run()).ok
        assert "> Counts coins." in shop.document()
        assert "> No." not in shop.document()

    @pytest.mark.parametrize("title", ["Shop.Billing.Money", "Billing.Money", "`Money`"])
    async def test_the_contexts_document_may_name_it_in_any_form(self, shop: Shop, title: str) -> None:
        money = component("Shop.Billing.Money", parent_component_id="shop.billing")
        shop.write("docs/design/shop/billing.md", f"# Billing\n\n## Components\n\n### {title}\n\nCounts coins.\n")

        assert (await shop.run(component=money, source="lib/shop/billing/money.ex")).ok
        assert "> Counts coins." in shop.document()

    async def test_code_that_is_not_python_is_not_read(self, shop: Shop) -> None:
        source = "lib/shop/billing/money.ex"
        shop.write(source, "defmodule Shop.Billing.Money do\n  def parse(text), do: text\nend\n")
        money = component("Shop.Billing.Money", description="Amounts.", dependencies=("Ecto",))

        assert (await shop.run(component=money, source=source)).ok
        text = shop.document()
        assert f"The code at `{source}` is not Python and was not read. Its public API is not known." in text
        assert "> Amounts." in text
        assert "- `Ecto` — declared in the manifest" in text
        assert "no code yet" not in text
        assert f"The code at {source} is not Python: drafted from the manifest." in shop.desk.said()
        assert check_design(text, SECTIONS, {"Shop.Billing", "Shop.Billing.Money"}) == ()

    async def test_from_a_paragraph_of_the_contexts_document(self, shop: Shop) -> None:
        shop.write("docs/design/shop/billing.md", "# Billing\n\nAbout tax.\n\n- `money` counts coins.\n")

        assert (await shop.run()).ok
        assert "> `money` counts coins." in shop.document()

    async def test_nothing_is_known(self, shop: Shop) -> None:
        assert (await shop.run(sections=(*SECTIONS, "Fields", "Errors", "Undocumented", "Risks"))).ok


class TestRevise:
    """A document that is there is kept, and what it lacks is added."""

    VALID = "# Mine\r\n\r\n## purpose\r\n\r\nMoney.\r\n\r\n## Public API\r\n\r\n## Dependencies\r\n\r\n- `json`"

    async def test_what_is_missing_is_added_and_nothing_deleted(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)
        shop.write(TARGET, self.VALID)

        assert (await shop.run(task=Task.REVISE, note="round")).ok
        text = shop.document()
        assert text.startswith("# Mine\r\n\r\n## purpose\r\n\r\nMoney.\r\n\r\n## Public API\r\n\r\n- `def parse(")
        assert text.count("\n") == text.count("\r\n")
        assert text.endswith("- `json`\r\n\r\n## Notes\r\n\r\nGiven for attempt 2:\r\n\r\n> round\r\n")
        assert "added the section 'Public API', the note" in shop.desk.said()

    async def test_generate_on_a_present_file_revises(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)
        shop.write(TARGET, self.VALID)

        assert (await shop.run(task=Task.GENERATE)).ok
        assert shop.document().startswith("# Mine\r\n")

    async def test_a_valid_document_is_left_alone_even_if_the_code_is_broken(self, shop: Shop) -> None:
        shop.write(SOURCE, "def broken(:\n")
        shop.write(TARGET, self.VALID.replace("API", "API\r\n\r\nNone."))
        before = (shop.root / TARGET).stat()

        assert (await shop.run(task=Task.REVISE)).ok
        after = (shop.root / TARGET).stat()
        assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)

    async def test_an_unknown_dependency_of_the_users_fails_naming_the_line_on_disk(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)
        text = "## Public API\n\n## Purpose\n\nMine.\n\n## Dependencies\n\n- `shop.billing.tex`\n"
        shop.write(TARGET, text)

        outcome = await shop.run(task=Task.REVISE)

        assert outcome.cause is FailureCause.CHECK_FAILED
        assert outcome.message is not None
        assert outcome.message.startswith(f"{TARGET}: line 9: `shop.billing.tex` is no component of this project")
        assert "change it by hand" in outcome.message
        assert shop.document() == text

    async def test_an_unclosed_fence_fails_naming_the_line(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)
        shop.write(TARGET, "# Mine\n\n```\nnever closed\n")

        outcome = await shop.run(task=Task.REVISE)

        assert outcome.cause is FailureCause.CHECK_FAILED
        assert outcome.message == f"{TARGET}: line 3: what begins here is never closed; close it"

    async def test_a_blank_file_is_filled(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)
        shop.write(TARGET, "\ufeff\n\n")

        assert (await shop.run()).ok
        assert shop.document().startswith("\ufeff\n\n# money\n")

    async def test_a_document_that_is_no_text_is_left_alone(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)
        shop.write(TARGET, "")
        (shop.root / TARGET).write_bytes(b"\xff\xfe\x00")

        outcome = await shop.run(task=Task.REVISE)

        assert outcome.cause is FailureCause.CHECK_FAILED
        assert "not UTF-8" in (outcome.message or "")
        assert (shop.root / TARGET).read_bytes() == b"\xff\xfe\x00"

    async def test_something_in_the_way_is_named(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)
        shop.write("docs/design/shop/billing/x", "")
        (shop.root / TARGET).symlink_to("nowhere.md")

        outcome = await shop.run()

        assert not outcome.ok
        assert "stands in its place" in (outcome.message or "")

    async def test_two_at_once_lose_nothing(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)

        outcomes = await asyncio.gather(shop.run(note="one"), shop.run(note="two", attempt=3))

        assert [outcome.ok for outcome in outcomes] == [True, True]
        assert "> one" in shop.document()
        assert "> two" in shop.document()

    async def test_a_note_is_added_once_an_attempt(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)
        for task, attempt in ((Task.GENERATE, 2), (Task.REVISE, 2), (Task.REVISE, 3)):
            assert (await shop.run(task=task, attempt=attempt, note="round")).ok

        assert shop.document().count("> round") == 2
        assert "Given for attempt 3:\n\n> round\n" in shop.document()


class TestCancel:
    """A cancelled agent lets the cancellation out and writes nothing any more."""

    async def test_nothing_is_written_after_the_cancellation(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE + "".join(f"def f{i}(a: int) -> int: ...\n" for i in range(3000)))
        async with asyncio.TaskGroup() as group:
            task = group.create_task(shop.run())
            await asyncio.to_thread(lambda: None)
            task.cancel()

        assert task.cancelled()
        assert not (shop.root / TARGET).exists()


def test_settings_have_no_keys() -> None:
    with pytest.raises(ValidationError, match="model"):
        OfflineAgent.Settings(model="x")


def test_nothing_keeps_it_from_working(tmp_path: Path) -> None:
    assert OfflineAgent(OfflineAgent.Settings()).preflight(tmp_path) == ()


DOCSTRINGS = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(
            ["## Purpose", "# X", "```", "<!--", "-->", "## Dependencies", "- shop.x", "", "Raises:", "    a: b", "==="]
        )
    ).map("\n".join),
)


@given(DOCSTRINGS, DOCSTRINGS)
@settings(deadline=None, max_examples=60)
def test_whatever_docstrings_hold_the_sections_stay_ours(module: str, function: str) -> None:
    from covey.agents.offline.analysis import analyse  # noqa: PLC0415 -- griffe is imported when first used
    from covey.agents.offline.draft import draft_from_code  # noqa: PLC0415
    from covey.artifacts.modules import ModuleNames  # noqa: PLC0415
    from covey.artifacts.outline import outline  # noqa: PLC0415

    code = f"{module!r}\ndef f(a={function!r}):\n    {function!r}\nX = {module!r}\n"
    names = ["shop.billing", "shop.billing.money"]
    assignment = Shop(Path("/nowhere")).assignment(note=function or None)
    draft = str(draft_from_code(assignment, analyse(code, "shop.billing.money", ModuleNames(names))))

    assert check_design(draft, SECTIONS, names) == ()
    titles = [section.heading.title for section in outline(draft).sections if section.heading.level == 2]
    titles = [title for title in titles if title != "Errors"]  # a docstring may well tell of one that is raised
    noted = ["Notes"] if function.strip() else []
    assert titles == ["Purpose", "Public API", "Data Structures", "Dependencies", "Undocumented", *noted]
    assert draft.encode()
