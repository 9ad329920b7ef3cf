"""What is checked before anything starts: the credential by its name, the model, the settings. No client is loaded."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from covey.agents.anthropic_api.account import NO_CREDENTIAL, credential_at, credential_name, needs_none
from covey.agents.anthropic_api.agent import NO_MODEL, AnthropicAgent
from covey.agents.anthropic_api.settings import AnthropicSettings
from covey.agents.base import problems_of
from covey.agents.registry import AgentRegistry


def profile(directory: Path, name: str) -> dict[str, str]:
    (directory / "configs").mkdir(parents=True)
    (directory / "configs" / f"{name}.json").write_text("{}")
    return {"ANTHROPIC_CONFIG_DIR": str(directory)}


def agent(**settings: Any) -> AnthropicAgent:
    return AnthropicAgent(AnthropicSettings.model_validate(settings))


class TestCredential:
    """The first that is found, in the order in which the client looks."""

    @pytest.mark.parametrize(
        ("environ", "name"),
        [
            ({"ANTHROPIC_API_KEY": "k", "ANTHROPIC_AUTH_TOKEN": "t"}, "ANTHROPIC_API_KEY"),
            ({"ANTHROPIC_API_KEY": "", "ANTHROPIC_AUTH_TOKEN": "t"}, "ANTHROPIC_AUTH_TOKEN"),
            ({"ANTHROPIC_PROFILE": "work"}, "ANTHROPIC_PROFILE"),
            (
                {
                    "ANTHROPIC_FEDERATION_RULE_ID": "r",
                    "ANTHROPIC_ORGANIZATION_ID": "o",
                    "ANTHROPIC_IDENTITY_TOKEN_FILE": "/run/token",
                },
                "ANTHROPIC_FEDERATION_RULE_ID",
            ),
            ({"ANTHROPIC_FEDERATION_RULE_ID": "r"}, None),
            ({"ANTHROPIC_BASE_URL": "http://localhost:1"}, "ANTHROPIC_BASE_URL"),
            ({}, None),
        ],
    )
    def test_from_the_environment(self, tmp_path: Path, environ: dict[str, str], name: str | None) -> None:
        assert credential_name(None, {"ANTHROPIC_CONFIG_DIR": str(tmp_path), **environ}) == name

    def test_a_profile_on_disk(self, tmp_path: Path) -> None:
        environ = profile(tmp_path, "default")
        assert credential_name(None, environ) == "profile default"
        (tmp_path / "active_config").write_text("work\n")
        assert credential_name(None, environ) is None
        (tmp_path / "configs/work.json").write_text("{}")
        assert credential_name(None, environ) == "profile work"

    def test_an_api_of_ones_own_needs_none_and_takes_one(self, tmp_path: Path) -> None:
        environ = {"ANTHROPIC_CONFIG_DIR": str(tmp_path)}
        name = credential_name("http://localhost:1", environ)
        assert name == "ANTHROPIC_BASE_URL"
        assert needs_none(name)
        assert credential_name("http://localhost:1", {**environ, "ANTHROPIC_API_KEY": "k"}) == "ANTHROPIC_API_KEY"

    @pytest.mark.parametrize(
        ("base_url", "usual", "name"),
        [
            (None, None, "ANTHROPIC_API_KEY"),
            (None, "http://localhost:1", "ANTHROPIC_API_KEY"),
            ("https://api.anthropic.com/", None, "ANTHROPIC_API_KEY"),
            ("http://localhost:1/", "http://Localhost:1", "ANTHROPIC_API_KEY"),
            ("http://localhost:1", None, "ANTHROPIC_API_KEY at localhost:1"),
            ("http://localhost:2/v2/?q", "http://localhost:1", "ANTHROPIC_API_KEY at localhost:2/v2"),
        ],
    )
    def test_at_an_address_of_its_own_it_is_another_one(
        self, base_url: str | None, usual: str | None, name: str
    ) -> None:
        environ = {"ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": usual or ""}
        assert credential_at(base_url, environ) == name


class TestPreflight:
    """Each problem says what to do."""

    def test_without_credential_and_model(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE", "ANTHROPIC_BASE_URL"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path))
        assert problems_of(agent(), tmp_path, None) == (NO_CREDENTIAL, NO_MODEL)
        assert "set ANTHROPIC_API_KEY" in NO_CREDENTIAL
        assert "--model" in NO_MODEL
        assert problems_of(agent(base_url="http://localhost:1"), tmp_path, "large") == ()
        assert problems_of(agent(base_url="http://localhost:1", model="mine"), tmp_path, None) == ()
        monkeypatch.setenv("ANTHROPIC_API_KEY", "any")
        assert problems_of(agent(), tmp_path, "large") == ()

    def test_neither_preflight_nor_settings_load_the_client(self) -> None:
        code = (
            "import sys; from covey.agents.registry import AgentRegistry; r = AgentRegistry();"
            "a = r.create('anthropic', r.settings('anthropic')()); a.preflight('.'); a.credential();"
            "print(*sys.modules)"
        )
        ended = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)
        loaded = set(ended.stdout.split())
        assert "covey.agents.anthropic_api.work" in loaded
        assert not loaded & {"anthropic", "httpx2", "covey.agents.anthropic_api.exchange"}

    def test_it_comes_in_by_its_entry_point(self) -> None:
        assert "anthropic" in AgentRegistry().names()


class TestSettings:
    """What `[agents.NAME]` may say."""

    def test_all_of_it(self) -> None:
        settings = AnthropicSettings.model_validate(
            {
                "model": "m",
                "max_tokens": 5,
                "effort": "high",
                "max_turns": 7,
                "base_url": "https://gateway.example/v1",
                "idle_timeout": "2m",
                "allow_commands": [["make", "lint"], ["ruff"]],
            }
        )
        assert (settings.idle_timeout, settings.allow_commands) == (120.0, (("make", "lint"), ("ruff",)))

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"temperature": 1}, "Extra inputs"),
            ({"max_tokens": 0}, "greater than or equal to 1"),
            ({"effort": "huge"}, "'low', 'medium', 'high', 'xhigh' or 'max'"),
            ({"base_url": "localhost:1"}, "should be the address of an API"),
            ({"base_url": "file:///etc"}, "should be the address of an API"),
            ({"base_url": "https://me:secret@host"}, "no user and no password"),
            ({"idle_timeout": "0s"}, "greater than 0"),
            ({"allow_commands": [[]]}, "begin with a program"),
            ({"allow_commands": [["a", "b\0"]]}, "NUL"),
        ],
    )
    def test_mistakes(self, wrong: dict[str, Any], said: str) -> None:
        with pytest.raises(ValidationError) as caught:
            AnthropicSettings.model_validate(wrong)
        assert said in str(caught.value)
