"""The agent that CONTRIBUTING.md shows is one: covey finds it, checks its settings and works with it."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.cli.program import covey

TEXT = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text(encoding="utf-8")
SHOWN = TEXT.partition("\n### An agent of your own\n")[2].partition("\n## ")[0]


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The package as an installer leaves it."""
    (written,), (code,) = (re.findall(rf"```{kind}\n(.*?)```", SHOWN, re.DOTALL) for kind in ("toml", "python"))
    project = tomllib.loads(written)["project"]
    packages = tmp_path / "packages"
    info = packages / f"covey_echo-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (packages / "covey_echo.py").write_text(code, encoding="utf-8")
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    offered = project["entry-points"]["covey.agents"]
    (info / "entry_points.txt").write_text(
        "[covey.agents]\n" + "".join(f"{kind} = {value}\n" for kind, value in offered.items())
    )
    monkeypatch.syspath_prepend(packages)


def test_a_run_works_with_it(shop: Path) -> None:
    with (shop / "covey.toml").open("a", encoding="utf-8") as manifest:
        manifest.write('\n[agents.mine]\nkind = "echo"\nsaid = "Not yet."\n')
    ran = covey("run", "design", "catalog", "--agent", "mine", "--headless", cwd=shop)
    assert (ran.code, ran.err) == (0, "")
    documents = list((shop / "docs/design/shop/catalog").glob("*.md"))
    assert documents
    assert all("\n\nNot yet.\n" in each.read_text(encoding="utf-8") for each in documents)


def test_its_kind_is_enough_of_a_name(shop: Path) -> None:
    ran = covey("run", "design", "catalog", "--agent", "echo", "--dry-run", cwd=shop)
    assert ran.code == 0


def test_its_settings_are_checked(shop: Path) -> None:
    with (shop / "covey.toml").open("a", encoding="utf-8") as manifest:
        manifest.write('\n[agents.mine]\nkind = "echo"\nsad = "Not yet."\n')
    ran = covey("run", "design", "catalog", "--agent", "mine", "--headless", cwd=shop)
    line = (shop / "covey.toml").read_text(encoding="utf-8").count("\n")
    assert ran.code == 2
    assert f"covey.toml:{line}" in ran.err
    assert 'did you mean "said"?' in ran.err
