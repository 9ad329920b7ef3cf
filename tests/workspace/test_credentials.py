"""Credentials of this process are known by their variables' names, and kept out of texts."""

import pytest

from covey.workspace.credentials import HIDDEN, Credentials, holds_one

KEY = "sk-ant-api03-0123456789"


@pytest.mark.parametrize(
    "name",
    [
        "ANTHROPIC_API_KEY",
        "GITHUB_TOKEN",
        "db_password",
        "CLIENT_SECRET",
        "MAIL_PASS",
        "KEY_PASSPHRASE",
        "NPM_AUTH",
        "X_API_KEY_1",
        "API_KEYS",
        "DB_PASSWORDS",
        "GH_PAT",
        "GITHUB_TOKEN_CI",
        "SECRET_KEY_BASE",
    ],
)
def test_by_the_names_of_variables(name: str) -> None:
    credentials = Credentials({name: f" {KEY}\n"})
    assert credentials.are_in(f"a{KEY}b")
    assert credentials.hidden(f"a{KEY}b{KEY}") == f"a{HIDDEN}b{HIDDEN}"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HOME", KEY),
        ("COMPASS", KEY),
        ("API_KEY_NAME", KEY),
        ("SSH_KEY", "/home/me/.ssh/id_rsa"),
        ("USE_TOKEN", "yes"),
        ("KEY", ""),
        ("A_KEY", "some words here"),
    ],
)
def test_what_is_none(name: str, value: str) -> None:
    assert not Credentials({name: value}).are_in(f"{value} {KEY}")


def test_in_headers_and_addresses() -> None:
    given = {"ANTHROPIC_CUSTOM_HEADERS": f"X-Api-Key: {KEY}\nX-Team: a", "DATABASE_URL": f"pg://me:{KEY}2@db/shop"}
    credentials = Credentials(given)
    assert credentials.hidden(f"{KEY} and {KEY}2 of me@db") == f"{HIDDEN} and {HIDDEN} of me@db"


@pytest.mark.parametrize(
    "address", [f"https://{KEY}@host/x", f"http://a https://me:{KEY}@host", f"https://{KEY}:@host"]
)
def test_whoever_logs_in_at_an_address_of_the_web(address: str) -> None:
    assert Credentials({"INDEX": address}).hidden(f"a{KEY}b") == f"a{HIDDEN}b"
    assert holds_one("INDEX", address)
    assert not holds_one("INDEX", f"ssh://{KEY}@host")


def test_one_that_begins_like_another() -> None:
    credentials = Credentials({"A_KEY": KEY, "B_KEY": f"{KEY}-more"})
    assert credentials.hidden(f"{KEY}-more {KEY}") == f"{HIDDEN} {HIDDEN}"


def test_within_what_json_holds() -> None:
    message = {"role": "user", "content": [{"type": "text", "text": f"it is {KEY}", "n": 1}, None], KEY: True}
    hidden = {"role": "user", "content": [{"type": "text", "text": f"it is {HIDDEN}", "n": 1}, None], HIDDEN: True}
    assert Credentials({"A_KEY": KEY}).hidden_in(message) == hidden


@pytest.mark.parametrize(
    ("text", "shown", "held"),
    [
        ("plain", "plain", ""),
        ("it is sk-ant", "it is ", "sk-ant"),
        ("it is s", "it is ", "s"),
        (f"{KEY[:-1]}", "", KEY[:-1]),
        (f"a {KEY} b", f"a {HIDDEN} b", ""),
        (f"a {KEY}sk", f"a {HIDDEN}", "sk"),
        ("", "", ""),
    ],
)
def test_what_may_be_the_beginning_of_one(text: str, shown: str, held: str) -> None:
    assert Credentials({"A_KEY": KEY}).parted(text) == (shown, held)


def test_those_of_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", KEY)
    assert Credentials().are_in(KEY)
