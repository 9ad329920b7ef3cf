"""The pictures that the README shows: `python -m tests.tui.screenshots` copies them from the snapshots.

With `--check` it says which are not current, and exits 1.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SNAPSHOTS = ROOT / "tests/tui/__snapshots__/test_pictures"
SCREENSHOTS = ROOT / "screenshots"
SHOWN = (
    "main-100x30",
    "main-80x24",
    "main-160x45",
    "intervention",
    "sixty-one",
    "dialog-note",
    "dialog-skip",
    "transcript",
    "finished",
    "light",
    "help",
)


def main() -> int:
    """Copy the pictures, or compare them."""
    wanted = {f"{name}.svg": (SNAPSHOTS / f"test_it_looks_as_it_did[{name}].svg").read_bytes() for name in SHOWN}
    if "--check" in sys.argv[1:]:
        there = {path.name: path.read_bytes() for path in SCREENSHOTS.iterdir()}
        wrong = sorted(name for name in wanted.keys() | there.keys() if wanted.get(name) != there.get(name))
        for name in wrong:
            sys.stderr.write(f"screenshots/{name} is not current; run: python -m tests.tui.screenshots\n")
        return 1 if wrong else 0
    SCREENSHOTS.mkdir(exist_ok=True)
    for path in SCREENSHOTS.iterdir():
        path.unlink()
    for name, data in wanted.items():
        (SCREENSHOTS / name).write_bytes(data)
    return 0


if __name__ == "__main__":
    sys.exit(main())
