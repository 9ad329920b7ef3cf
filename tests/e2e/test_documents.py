"""Projects that are described by their documents, from `covey init` to a finished run."""

import shutil
from pathlib import Path

import pytest

from covey.artifacts.checks import check_design
from tests.cli.program import Ran, covey, program
from tests.e2e.scene import contents, refused

SAMPLES = Path(__file__).parents[1] / "projects/documents"
OWN = "docs/design/athenaeum/circulation/"


def completed(ran: Ran) -> dict[str, bool]:
    """Which components completed, and whether what was there was kept."""
    events = [line for line in ran.lines if line["event"] == "session_completed" and line["parent_id"]]
    return {event["component"]: event["kept"] for event in events}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes], Ran]:
    """The library's project: what was in it, and its first run."""
    root = Path(shutil.copytree(SAMPLES / "athenaeum", tmp_path_factory.mktemp("documents") / "athenaeum"))
    before = contents(root)
    assert covey("init", "--from", "documents", cwd=root).code == 0
    return root, before, program("run", "design", "Circulation", "--headless", "--json", cwd=root)


class TestSixtyOne:
    """Of 61 components 35 have a document, which is kept; the other 26 get one."""

    def test_ends_well(self, library: tuple[Path, dict[str, bytes], Ran]) -> None:
        ran = library[2]
        assert (ran.code, ran.err) == (0, "")
        assert (ran.lines[-1]["event"], ran.lines[-1]["exit_code"]) == ("run_finished", 0)
        assert ran.lines[-1]["counts"]["complete"] == 62  # the review among them

    def test_what_is_there_is_kept_byte_for_byte(self, library: tuple[Path, dict[str, bytes], Ran]) -> None:
        root, before, ran = library
        kept = completed(ran)
        assert (len(kept), sum(kept.values())) == (62, 35)
        after = contents(root)
        assert {path: after[path] for path in before} == before
        assert len(after) == len(before) + 26 + len(["covey.toml", "design_review.md"])

    def test_all_documents_pass(self, library: tuple[Path, dict[str, bytes], Ran]) -> None:
        root = library[0]
        (context,) = covey("contexts", "--json", cwd=root).object
        known = {context["module"], *(each["module"] for each in context["components"])}
        assert all(each["artifacts"]["design"]["present"] for each in context["components"])
        for each in context["components"]:
            sections = ("Purpose", "Fields" if each["type"] == "schema" else "Public API", "Dependencies")
            text = (root / each["artifacts"]["design"]["path"]).read_text(encoding="utf-8")
            assert check_design(text, sections, known) == ()

    def test_what_is_drafted_says_what_the_context_says(self, library: tuple[Path, dict[str, bytes], Ran]) -> None:
        text = (library[0] / OWN / "sip2_gateway.md").read_text(encoding="utf-8")
        assert "> Speaks SIP2 with kiosks and sorting machines." in text
        assert "There is no code yet at `lib/athenaeum/circulation/sip2_gateway.ex`." in text

    def test_a_second_run_has_nothing_to_do(self, library: tuple[Path, dict[str, bytes], Ran]) -> None:
        assert covey("run", "design", "Circulation", "--headless", "--json", cwd=library[0]).code == 4


class TestMending:
    """A document that does not pass keeps every line and gets what it lacks."""

    @pytest.fixture
    def harbour(self, tmp_path: Path) -> Path:
        root = Path(shutil.copytree(SAMPLES / "harbour", tmp_path / "harbour"))
        assert covey("init", cwd=root).code == 0
        return root

    def test_it_is_added_to(self, harbour: Path) -> None:
        mine = harbour / "docs/design/harbour/berths/allocation.md"
        before = mine.read_text(encoding="utf-8").splitlines()
        ran = covey("run", "design", "Harbour.Berths", "--headless", "--json", cwd=harbour)
        assert ran.code == 0
        assert completed(ran) == {
            "Berth": True,
            "AISFeed": False,
            "Allocation": False,
            "Review of Berths": False,
        }
        after = mine.read_text(encoding="utf-8").splitlines()
        assert "## Public API" in after
        lines = iter(after)
        assert all(line in lines for line in before), "a line of mine is gone, or moved"

    def test_code_in_another_language_is_not_parsed(self, harbour: Path) -> None:
        (harbour / "docs/design/harbour/berths/berth.md").unlink()
        assert covey("run", "design", "Harbour.Berths", "--headless", cwd=harbour).code == 0
        text = (harbour / "docs/design/harbour/berths/berth.md").read_text(encoding="utf-8")
        assert "The code at `lib/harbour/berths/berth.ex` is not Python and was not read. Its data" in text
        assert "- `Ecto.Schema`" not in text.partition("## Dependencies")[0]

    def test_a_module_that_the_project_does_not_have_stands_against_it(self, harbour: Path) -> None:
        mine = harbour / "docs/design/harbour/berths/berth.md"
        with mine.open("a", encoding="utf-8") as document:
            document.write("- Harbour.Berths.Brth: misspelt\n- Harbour.Berths.list/0\n")
        ran = covey("run", "design", "Harbour.Berths", "--headless", "--json", cwd=harbour)
        assert ran.code == 6
        (failed,) = [line for line in ran.lines if line["event"] == "session_failed"]
        assert failed["cause"] == "check_failed"
        assert (
            "line 15: `Harbour.Berths.Brth` is no component of this project; the nearest: `Harbour.Berths.B"
            in (failed["reason"])
        )
        assert "list" not in failed["reason"]


class TestRefusals:
    """What cannot be planned leaves no trace."""

    @pytest.mark.parametrize("mode", [("--headless",), ("--detach",)])
    def test_nothing_is_made(self, tmp_path: Path, mode: tuple[str, ...]) -> None:
        (tmp_path / "covey.toml").write_text("[[context]]\nname = 'x'\nmodule = 'a'\n", encoding="utf-8")
        refused(covey("run", "design", "x", *mode, "--json", cwd=tmp_path), "no components in x")
        refused(covey("run", "dsign", "x", *mode, "--json", cwd=tmp_path), "unknown workflow")
        assert [path.name for path in tmp_path.iterdir()] == ["covey.toml"]
