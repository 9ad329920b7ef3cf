"""With a key in the environment, and nothing configured, the sample project is designed by a model."""

from pathlib import Path

from tests.e2e.model_projects import DESIGN, run


async def test_a_key_is_all_that_it_takes(shop: Path) -> None:
    done = await run(shop, DESIGN, "billing")
    assert (done.ran.code, done.ran.err) == (0, "")
    assert (done.complete, done.failed_calls) == (6, 0), "five modules and the review"
    assert done.tools == {"read_file": 10, "write_file": 6}
    assert done.leaks == ()
    assert "`def tax_on`" in (shop / "docs/design/shop/billing/tax.md").read_text()
