"""A sample project of our own: a small shop with two contexts and eight modules, one of which does not even parse.

Its files lie beside this module with `.txt` behind their names, so that no tool takes them for covey's own code.
"""

from pathlib import Path

_FILES = Path(__file__).parent / "shop"
_SUFFIX = ".txt"
_MENDED = _FILES / f"tax_mended.py{_SUFFIX}"

BILLING = "shop.billing"
"""The context with five components, among them the broken one."""

BROKEN_MODULE = "shop.billing.tax"
BROKEN_FILE = "src/shop/billing/tax.py"
"""The module with a syntax error: a bracket that is never closed."""


def write_shop(directory: Path) -> None:
    """Write the shop's sources into a directory; what is there of the same name is replaced."""
    for source in [*sorted((_FILES / "src").rglob(f"*{_SUFFIX}")), _FILES / f"pyproject.toml{_SUFFIX}"]:
        target = directory / source.relative_to(_FILES).with_suffix("")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")


def mend_shop(directory: Path) -> Path:
    """Close the bracket; the file that was mended."""
    target = directory / BROKEN_FILE
    target.write_text(_MENDED.read_text(encoding="utf-8"), encoding="utf-8")
    return target
