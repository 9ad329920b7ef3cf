"""`covey` alone: where you are, and what comes next."""

from dataclasses import replace
from pathlib import Path

from covey.cli.here import goes_on
from covey.client.snapshot import RunView
from covey.model.credential import CredentialPause
from covey.model.pause import Pause, PauseKind, PauseMode
from covey.model.status import FailureCause, Phase
from covey.model.tree import SessionTree
from tests.cli.program import covey
from tests.reports.runs import facts, later, session

REFUSED = CredentialPause(
    credential="ACME_KEY", cause=FailureCause.AUTH, reason="no", agents=("offline",), since=later(9)
)
HELD = Pause(kind=PauseKind.HUMAN, mode=PauseMode.SOFT, cause="", since=later(9), by="ada")


def said(root: Path) -> str:
    """All that it prints, on any exit code but 0 a failure."""
    ran = covey(cwd=root)
    assert (ran.code, ran.err) == (0, "")
    return ran.out


class TestHere:
    """Each place has its own words, and commands that lead on."""

    def test_nowhere_it_leads_to_the_demo_and_to_init(self, tmp_path: Path) -> None:
        text = said(tmp_path)
        assert text.startswith(f"Nothing is set up for covey in {tmp_path} or above.\n")
        assert text.index("covey demo") < text.index("covey init") < text.index("covey --help")

    def test_a_project_where_nothing_was_run_is_counted(self, shop: Path) -> None:
        text = said(shop)
        assert f"shop, in {shop}: 2 contexts with 8 components; 0 of 8 design documents are there." in text
        assert "covey run design --all" in text
        assert not (shop / ".covey").exists(), "looking changes nothing"

    def test_a_manifest_without_contexts_is_read_again(self, tmp_path: Path) -> None:
        assert covey("init", cwd=tmp_path).code == 0
        text = said(tmp_path)
        assert "declares no contexts yet" in text
        assert "covey init --force" in text
        assert "covey run" not in text

    def test_a_manifest_with_mistakes_is_told_with_its_first(self, shop: Path) -> None:
        (shop / "covey.toml").write_text("[run]\nagnet = 1\n", encoding="utf-8")
        text = said(shop)
        assert "covey.toml:2" in text
        assert "agnet" in text
        assert "covey doctor" in text

    def test_an_unfinished_run_says_who_needs_you_and_how_to_go_on(self, blocked: Path) -> None:
        first, *rest = said(blocked).splitlines()
        assert "shop.billing" in first
        assert "needs you   4 of 5 complete, 1 failed" in first
        assert rest[:2] == ["1 session needs you.", "No engine is at work."]
        assert [line.split("  ")[1] for line in rest[3:]] == [
            "covey watch",
            "covey run design shop.billing",
            "covey status",
            "covey --help",
        ]

    def test_a_finished_run_leads_to_its_report(self, blocked: Path) -> None:
        tax = next(line.split()[1] for line in covey("status", cwd=blocked).out.splitlines() if " tax " in line)
        assert covey("skip", tax, "--reason", "not ours", "--start", cwd=blocked).code == 0
        assert covey("wait", cwd=blocked).code == 3
        text = said(blocked)
        assert "The newest run ended" in text
        assert "covey report" in text
        assert "covey run test shop.billing" in text
        assert "covey watch" not in text

    def test_it_says_the_same_from_below_the_project(self, blocked: Path) -> None:
        assert said(blocked / "src") == said(blocked)


class TestSeveralRuns:
    """Commands say which run they are about: without its name they would be about the newest."""

    def test_a_credential_is_resumed_by_a_run_that_waits_for_it(self) -> None:
        runs = [_view("first", credential=REFUSED), _view("second", credential=REFUSED), _view("third", pause=HELD)]
        assert [command for command, _ in goes_on(runs, is_needed=False)] == [
            "covey resume third --start",
            "covey resume second --start",
            "covey status",
        ]

    def test_what_nothing_holds_back_goes_on_beside_it(self) -> None:
        advice = goes_on([_view("first", credential=REFUSED), _view("second")], is_needed=False)
        assert [command for command, _ in advice] == [
            "covey resume first --start",
            "covey run design shop",
            "covey watch",
            "covey status",
        ]


def _view(run_id: str, *, credential: CredentialPause | None = None, pause: Pause | None = None) -> RunView:
    root = session(run_id, None, id=run_id, run_id=run_id, phase=Phase.WAITING, paused=pause)
    credentials = () if credential is None else (credential,)
    return replace(facts().record.view, run_id=run_id, tree=SessionTree([root]), credentials=credentials)
