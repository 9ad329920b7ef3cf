"""`python -m covey` is `covey`.

Python puts the working directory first on its path then; a project may have a package there by the name of one that
covey itself needs, and must not be imported in its place.
"""

import os
import sys

if __name__ == "__main__":
    try:
        here = os.getcwd()  # noqa: PTH109 - pathlib is not needed for a string
    except FileNotFoundError:  # it is gone; the command tells
        here = ""
    if not sys.flags.safe_path and sys.path[0] == here:
        del sys.path[0]
    from covey.cli import main

    sys.exit(main())
