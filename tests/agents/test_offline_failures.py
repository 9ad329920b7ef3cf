"""How the offline agent fails: honestly, with the place, and leaving no document behind."""

import os

import pytest

from covey.model.status import FailureCause
from tests.agents.shop import CODE, SOURCE, TARGET, Shop


class TestHonestFailure:
    """What cannot be described is said, with the place, and no document is left behind."""

    @pytest.mark.parametrize(
        ("code", "message"),
        [
            ("x = 1\ndef broken(:\n", f"{SOURCE}:2: syntax error, read as Python 3."),
            ("", f"{SOURCE}: the module is empty"),
            ("# only a comment\n", f"{SOURCE}: the module is empty"),
            ('"""  """\n', f"{SOURCE}: the module is empty"),
            ("x = 1\0\n", f"{SOURCE}"),
            ("x = " + "-" * 50_000 + "1\n", f"{SOURCE}"),
            ("x = 1\n" * 5001, f"{SOURCE}: cannot be analysed: more than 5,000 assignments in one body"),
            ("x = 1" + " + 1" * 20_000 + "\n", f"{SOURCE}: nested too deeply"),
        ],
        ids=["syntax", "empty", "comment", "blank docstring", "nul", "deep", "many", "long"],
    )
    async def test_code_that_cannot_be_described(self, shop: Shop, code: str, message: str) -> None:
        shop.write(SOURCE, code)

        outcome = await shop.run()

        assert not outcome.ok
        assert outcome.cause is FailureCause.AGENT_ERROR
        assert (outcome.message or "").startswith(message)
        assert not (shop.root / TARGET).exists()

    async def test_not_utf_8(self, shop: Shop) -> None:
        shop.write(SOURCE, "")
        (shop.root / SOURCE).write_bytes(b'"""ok"""\n# \xe9\n')

        assert f"{SOURCE}:2: not UTF-8 text" in ((await shop.run()).message or "")

    async def test_what_cannot_be_opened(self, shop: Shop) -> None:
        (shop.root / SOURCE).mkdir(parents=True)
        assert "Is a directory" in ((await shop.run()).message or "")

        (shop.root / SOURCE).rmdir()
        (shop.root / SOURCE).symlink_to("nowhere.py")
        assert "link to nothing" in ((await shop.run()).message or "")

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    async def test_no_permission(self, shop: Shop) -> None:
        shop.write(SOURCE, CODE)
        (shop.root / SOURCE).chmod(0)

        assert "Permission denied" in ((await shop.run()).message or "")

    async def test_a_path_that_cannot_be(self, shop: Shop) -> None:
        assert "File name too long" in ((await shop.run(source=f"{'x' * 300}.py")).message or "")

    async def test_outside(self, shop: Shop) -> None:
        assert "leads out of" in ((await shop.run(source="../elsewhere.py")).message or "")
        assert "leads out of" in ((await shop.run(target="../elsewhere.md")).message or "")

    async def test_a_workspace_that_has_vanished(self, shop: Shop) -> None:
        outcome = await shop.run(workspace=shop.root / "gone")

        assert not outcome.ok
        assert not (shop.root / "gone").exists()

    async def test_a_document_over_the_limit_is_not_written(self, shop: Shop) -> None:
        shop.write(SOURCE, '"""' + "\x01" * 850_000 + '"""\n')

        assert "would be larger than" in ((await shop.run()).message or "")
        assert not (shop.root / TARGET).exists()
