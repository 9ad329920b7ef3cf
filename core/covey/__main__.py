"""`python -m covey` is `covey`.

Python puts the working directory first on its path then; a project may have a package there by the name of one that
covey itself needs, and must not be imported in its place.
"""

import os
import sys

if __name__ == "__main__":
    if not sys.flags.safe_path and sys.path[0] == os.getcwd():  # noqa: PTH109 - pathlib is not needed for a string
        del sys.path[0]
    from covey.cli import main

    sys.exit(main())
