"""What the tests of the Anthropic agent share."""

from pathlib import Path

import pytest

from tests.agents.anthropic_api.office import KEY, Office


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    """An agent with a key, in an empty workspace."""
    for name in ("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE", "ANTHROPIC_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    (tmp_path / "src/shop").mkdir(parents=True)
    (tmp_path / "src/shop/tax.py").write_text('"""Taxes."""\n')
    return Office(tmp_path)
