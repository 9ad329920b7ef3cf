"""A Python project whose tests are really run: which Python, how quickly, and what its files hold."""

import json
import sys

from covey.config.settings import CommandsTable

QUICK = ("env", "PYTEST_DISABLE_PLUGIN_AUTOLOAD=1", "{python}", "-m", "pytest", "-q", "{file}")
"""Loads no plug-ins: it takes half a second instead of some."""

COMMANDS = f'[commands]\npython = "{sys.executable}"\ntest = {json.dumps(QUICK)}\n'
"""The table for `covey.toml`: this very Python, which has pytest."""

TABLE = CommandsTable(python=sys.executable, test=QUICK)
"""The same, read."""

TEST, CODE = "tests/shop/test_alpha.py", "shop/alpha.py"
"""Where Alpha's files are."""

TOTAL = "def total(amounts):\n    return sum(amounts)\n"
RIGHT = "from shop.alpha import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n"
WRONG = "from shop.alpha import total\n\n\ndef test_total():\n    assert total([1, 2]) == 4\n"
