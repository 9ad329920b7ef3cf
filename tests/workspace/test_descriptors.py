"""File descriptors, under real limits of real processes."""

import subprocess
import sys

import pytest

from covey.workspace.descriptors import files_for

PROGRAM = """
import resource, sys
from covey.workspace.descriptors import make_room_for
soft, hard, slots = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(make_room_for(slots), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "slots", "room", "raised"),
    [
        (256, 4096, 8, None, 256),
        (256, 4096, 200, None, files_for(200)),
        (200, 256, 100, (256 - files_for(0)) // (files_for(1) - files_for(0)), 256),
        (64, 64, 8, 1, 64),
    ],
    ids=["enough", "raised", "as far as it goes", "one works always"],
)
def test_room(soft: int, hard: int, slots: int, room: int | None, raised: int) -> None:
    arguments = map(str, (soft, hard, slots))
    told = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True)
    assert told.stdout.split() == [str(room), str(raised)]
