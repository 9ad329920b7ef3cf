"""Which credential the client will take, found without the client: by its name, never by its value.

In the order in which the client looks: a key, a token, a profile that is named, federation, the profile on disk. An API
of one's own (Ollama, a gateway) may need none.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from covey.model.credential import used_at

BASE_URL = "ANTHROPIC_BASE_URL"
_USUAL_URL = "https://api.anthropic.com"
_VARIABLES = ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE")
_FEDERATION = ("ANTHROPIC_FEDERATION_RULE_ID", "ANTHROPIC_ORGANIZATION_ID")
_IDENTITY = ("ANTHROPIC_IDENTITY_TOKEN", "ANTHROPIC_IDENTITY_TOKEN_FILE")
_DIRECTORY = "ANTHROPIC_CONFIG_DIR"
_DEFAULT_PROFILE = "default"

NO_CREDENTIAL = (
    "there is no credential: set ANTHROPIC_API_KEY, log in to a profile (ANTHROPIC_PROFILE), or set ANTHROPIC_BASE_URL "
    "to an API that needs none"
)


def credential_name(base_url: str | None, environ: Mapping[str, str] | None = None) -> str | None:
    """The name of the credential: a variable's, or `profile NAME`; None where there is none, and none can be done."""
    given = os.environ if environ is None else environ
    for name in _VARIABLES:
        if given.get(name):
            return name
    if all(given.get(name) for name in _FEDERATION) and any(given.get(name) for name in _IDENTITY):
        return _FEDERATION[0]
    profile = _profile_on_disk(given)
    if profile is not None:
        return f"profile {profile}"
    return BASE_URL if base_url or given.get(BASE_URL) else None


def credential_at(base_url: str | None, environ: Mapping[str, str] | None = None) -> str | None:
    """The name of the credential, with the address where that is not the usual one: there it is another credential."""
    given = os.environ if environ is None else environ
    name = credential_name(base_url, given)
    if name is None or base_url is None or _place(base_url) == _place(given.get(BASE_URL) or _USUAL_URL):
        return name
    return used_at(name, _place(base_url))


def needs_none(name: str) -> bool:
    """Nothing is known to log in with: the API is one that asks for no credential."""
    return name == BASE_URL


def _place(base_url: str) -> str:
    """Host, port and path of an address: no user, and nothing that is asked of it."""
    parts = urlsplit(base_url)
    return parts.netloc.rpartition("@")[2].lower() + parts.path.rstrip("/")


def _profile_on_disk(environ: Mapping[str, str]) -> str | None:
    given = environ.get(_DIRECTORY)
    try:
        directory = Path(given) if given else Path.home() / ".config" / "anthropic"
        active = directory / "active_config"
        name = active.read_text(encoding="utf-8").strip() if active.is_file() else ""
        name = name or _DEFAULT_PROFILE
        return name if (directory / "configs" / f"{name}.json").is_file() else None
    except (OSError, RuntimeError, ValueError):  # no home, not readable, not a name for a file
        return None
