"""Every state of the monitor that a person can recognise, compared with a picture of it that a person has looked at.

Pictures are made anew by `pytest tests/tui/test_pictures.py --snapshot-update`; whoever does so looks at them. Those of
the README are copies: `python -m tests.tui.screenshots`.
"""

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.gallery import PICTURES, Picture

SNAPSHOTS = Path(__file__).parent / "__snapshots__" / "test_pictures"


@pytest.mark.parametrize("picture", PICTURES, ids=[picture.name for picture in PICTURES])
def test_it_looks_as_it_did(picture: Picture, snap_compare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if picture.no_color:
        monkeypatch.setenv("NO_COLOR", "1")

    async def lead_there(pilot: Pilot[int]) -> None:
        await picture.lead(pilot)

    assert snap_compare(picture.app(), terminal_size=picture.size, run_before=lead_there)


def test_every_snapshot_is_of_a_picture() -> None:
    """Under several workers nobody notices a snapshot that nothing compares any more."""
    kept = {path.name for path in SNAPSHOTS.iterdir()}
    assert kept == {f"test_it_looks_as_it_did[{picture.name}].svg" for picture in PICTURES}
