"""The page of Markdown: what it says first, what it says at all, and that it stays a page whatever names hold."""

from typing import Any

import pytest
from markdown_it import MarkdownIt

from covey.model import events as e
from covey.model.budget import USD
from covey.model.credential import CredentialPause
from covey.model.pause import Pause, PauseKind, PauseMode, safety_words
from covey.model.session import Session
from covey.model.status import FailureCause, Phase
from covey.reports.facts import Facts
from covey.reports.markdown import SHOWN, markdown

from .runs import HOSTILE, blocked, cancelled, complete, facts, failed, gone, later, session, skipped

CHECKS = FailureCause.CHECK_FAILED

WHOLE = """\
# covey design: shop (project Shop)

**Needs you.** 2 of 6 components complete (1 of them kept as they were), 2 failed, 1 with the file missing, 1 skipped.

- Run `root-012`, begun 2026-11-22 12:00:00 UTC, last changed 30s later
- Agent: `offline`, `offline with small`
- Used: 9.4k tokens, $0.42
- Git: branch `docs-shop`, commit `abc1234`, pull request <https://git.example/shop/pull/7>

## What needs you

**Failed: agent**

- `tax` (`tax-0123`, for `docs/design/shop/tax.md`): tax.py:9: '(' was never closed

```sh
covey logs tax-0123
covey retry tax-0123 --note '...'
covey skip tax-0123 --reason '...'
```

**Failed: checks**

- `ledger` (`ledger-0`, for `docs/design/shop/ledger.md`): 1 test failed
  - test `test_sum` in `tests/test_ledger.py:7`: assert 1 == 2

```sh
covey logs ledger-0
covey retry ledger-0 --note '...'
covey skip ledger-0 --reason '...'
```

**File missing**

- `payment` (`payment-`): `docs/design/shop/payment.md`

Put the file back and it is taken as it is; or have it made again, or go on without it:

```sh
covey retry payment-
covey skip payment- --reason '...'
```

Nobody is at work on this run. This goes on with it, and carries out what was asked for meanwhile:

```sh
covey run design shop
```

## Skipped

- `legacy`: replaced next year (by ada, 2026-11-22 12:00:11 UTC)

## Kept

There already, in order, and left as they were: `money`.

## Components

| Component | State | Attempt | Took | File | Tokens | Cost |
| --- | --- | --- | --- | --- | --- | --- |
| `invoice` | complete | 1 | 10s | [docs/design/shop/invoice.md](../docs/design/shop/invoice.md) | 9.4k | $0.42 |
| `money` | kept | 1 | 1s | [docs/design/shop/money.md](../docs/design/shop/money.md) |  |  |
| `tax` | failed: agent | 2 | 10s | `docs/design/shop/tax.md`, not there |  |  |
| `ledger` | failed: checks | 1 | 10s | `docs/design/shop/ledger.md`, not there |  |  |
| `payment` | file missing | 1 | 10s | `docs/design/shop/payment.md`, not there |  |  |
| `legacy` | skipped | 1 | 10s | `docs/design/shop/legacy.md`, not there |  |  |

## Decisions

- 2026-11-22 12:00:20 UTC, ada retried `tax`: mind the bracket

## Changed during the run, but not by it

These files are no artifacts of the run; covey has left them as they are and commits none of them.

- `src/shop/tax.py`
"""


def rich() -> Facts:
    """A run in which all happens that a report tells of."""
    children = [
        ("invoice", complete(usage={"input": 9_000, "output": 400}, cost_usd=0.42, model="small")),
        ("money", complete(2, kept=True)),
        ("tax", failed("tax.py:9: '(' was never closed", attempt=2)),
        ("ledger", failed("1 test failed", CHECKS)),
        ("payment", gone()),
        ("legacy", skipped("replaced next year")),
    ]
    retried = e.SessionRetried(
        at=later(20), run_id="root-0123456789", session_id="tax-0123456789", attempt=2, note="mind the bracket",
        agent="offline", decision_id="d", by="ada",
    )  # fmt: skip
    test = {"name": "test_sum", "file": "tests/test_ledger.py", "line": 7, "message": "assert 1 == 2", "kind": "failed"}
    state = {"git": {"branch": "docs-shop", "commit": "abc1234"}}
    finalized = {"pull_request": "https://git.example/shop/pull/7", "changed_outside": ["src/shop/tax.py"]}
    return facts(
        *(session(key, position=place, **changes) for place, (key, changes) in enumerate(children)),
        root=blocked(state=state, updated_at=later(30)),
        events=[retried],
        findings={
            ("ledger-0123456789", "RunTests"): {"failures": [test]},
            ("root-0123456789", "Finalize"): finalized,
        },
    )


def test_all_of_it() -> None:
    assert markdown(rich(), "../") == WHOLE


class TestTheFirstSentence:
    """The outcome, in one sentence, before anything else."""

    @pytest.mark.parametrize(
        ("root", "child", "engine", "said"),
        [
            (complete(), complete(), False, "**Complete.** 1 of 1 component complete."),
            (complete(), skipped(), False, "**Complete, with 1 skipped.** 0 of 1 component complete, 1 skipped."),
            (
                complete(),
                gone(),
                False,
                "**Complete, but 1 file is gone since.** 0 of 1 component complete, 1 with the file missing.",
            ),
            (failed("no room on disk"), complete(), False, "**Failed:** no room on disk. 1 of 1 component complete."),
            (cancelled("wrong agent"), complete(), False, "**Cancelled** by ada: wrong agent. 1 of 1 component"),
            (blocked(), failed(), False, "**Needs you.** 0 of 1 component complete, 1 failed."),
            ({"phase": Phase.WAITING}, {}, True, "**Still at work.** 0 of 1 component complete, 1 not finished."),
            (
                {"phase": Phase.INTERRUPTED},
                {"phase": Phase.INTERRUPTED},
                False,
                "**Interrupted:** its work was ended for now. 0 of 1 component complete, 1 not finished.",
            ),
        ],
    )
    def test_tells_how_it_stands(self, root: dict[str, Any], child: dict[str, Any], *, engine: bool, said: str) -> None:
        page = markdown(facts(session("a", **child), root=root, engine=engine))
        assert page.splitlines()[2].startswith(said)


class TestReview:
    """A review is no component: the sentence tells of it beside them."""

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            (complete(), "1 of 1 component complete; review complete."),
            (complete(kept=True), "1 of 1 component complete; review kept."),
            (gone(), "1 of 1 component complete; review file missing."),
            (failed(cause=CHECKS), "1 of 1 component complete; review failed: checks."),
            (skipped(), "1 of 1 component complete; review skipped."),
            ({}, "1 of 1 component complete; review running."),
        ],
    )
    def test_one(self, changes: dict[str, Any], said: str) -> None:
        assert said in markdown(facts(session("a", **complete()), _review("r", **changes)))

    def test_several(self) -> None:
        page = markdown(facts(session("a", **complete()), _review("r", **complete()), _review("s", **skipped())))
        assert "1 of 1 component complete; 1 of 2 reviews complete." in page
        assert "**Complete, with 1 skipped.**" in page


def _review(key: str, **changes: Any) -> Session:
    return session(key, type="ComponentDesignReviewSessions", component_id="component-root", **changes)


class TestWhatToDo:
    """The commands are those that the state allows."""

    def test_one_command_for_several_of_one_cause(self) -> None:
        page = commands(*(session(key, **failed(), position=n) for n, key in enumerate("abcde")))
        assert page[:5] == [
            "covey logs a-012345",
            "covey logs b-012345",
            "covey logs c-012345",
            "covey retry a-012345 b-012345 c-012345 d-012345 e-012345 --note '...'",
            "covey skip a-012345 b-012345 c-012345 d-012345 e-012345 --reason '...'",
        ]

    def test_very_many_are_retried_together(self) -> None:
        page = commands(*(session(f"c{n:02}", **failed(), position=n) for n in range(26)))
        assert "covey retry --failed root-012 --note '...'" in page

    def test_very_many_that_were_cancelled_are_named(self) -> None:
        page = commands(*(session(f"c{n:02}", **cancelled(), position=n) for n in range(26)))
        assert not any("--failed" in line for line in page)

    def test_below_a_complete_root_only_a_new_run_helps(self) -> None:
        assert commands(session("a", **gone()), root=complete()) == ["covey run design shop"]

    @pytest.mark.parametrize("root", [failed("no room"), cancelled()])
    def test_of_a_root_that_has_ended_badly_the_root_is_retried(self, root: dict[str, Any]) -> None:
        page = commands(session("a", **cancelled()), root=root)
        assert "covey retry root-012 --note '...'" in page
        assert not any("a-012345" in line and "retry" in line for line in page)

    def test_when_all_were_skipped(self) -> None:
        page = commands(session("a", **skipped()), root=blocked("All child sessions were skipped"))
        assert page == ["covey retry a-012345", "covey cancel root-012", "covey run design shop"]

    def test_components_without_a_session_are_tried_again_by_their_parent(self) -> None:
        absent = {"component_id": "b", "component": "b", "reason": "disk full"}
        made = facts(session("a", **complete()), root=blocked(needs_human={"not_created": [absent]}))
        assert "- `b`: disk full" in markdown(made)
        assert "covey retry root-012" in markdown(made)

    def test_with_an_engine_at_work_nothing_needs_to_be_started(self) -> None:
        assert not any("covey run" in line for line in commands(session("a", **failed()), engine=True))

    @pytest.mark.parametrize("engine", [True, False])
    def test_a_run_that_was_stopped_is_gone_on_with(self, *, engine: bool) -> None:
        stopped = {"phase": Phase.INTERRUPTED}
        assert commands(session("a", phase=Phase.QUEUED), root=stopped, engine=engine) == ["covey run design shop"]

    def test_a_module_that_a_shell_would_mind_is_quoted(self) -> None:
        root = blocked(module="shop; rm -rf ~")
        assert "covey run design 'shop; rm -rf ~'" in commands(session("a", **failed()), root=root)


def waiting(**changes: Any) -> dict[str, Any]:
    """A root that waits for its children."""
    return {"phase": Phase.WAITING, **changes}


class TestHeld:
    """A run that is paused, or waits for a credential, says why, and how it goes on; covey run does nothing for it."""

    @pytest.mark.parametrize(
        ("engine", "command"),
        [
            (True, "covey resume root-012 --budget-usd ...  # let it go on, with more than is spent"),
            (False, "covey resume root-012 --budget-usd ... --start  # let it go on, with more than is spent"),
        ],
    )
    def test_a_spent_budget(self, *, engine: bool, command: str) -> None:
        pause = Pause(
            kind=PauseKind.BUDGET, mode=PauseMode.HARD, cause="all is spent", since=later(1), by="covey", limit=USD
        )
        page = markdown(facts(session("a", phase=Phase.PAUSED), root=waiting(paused=pause), engine=engine))
        assert f"**Paused**\n\n- paused: all is spent; {safety_words(0)}\n\n```sh\n{command}\n```\n" in page
        assert "covey run" not in page

    def test_a_pause_that_a_person_chose(self) -> None:
        pause = Pause(kind=PauseKind.HUMAN, mode=PauseMode.SOFT, cause="", since=later(1), by="a*a")
        page = markdown(facts(session("a", phase=Phase.PAUSED), root=waiting(paused=pause), engine=True))
        assert "- paused by a\\*a; " in page
        assert "\ncovey resume root-012  # let the paused run go on\n" in page

    def test_a_credential(self) -> None:
        pause = CredentialPause(
            credential="ACME_KEY",
            cause=FailureCause.AUTH,
            reason="401 <b>no</b>",
            agents=("offline",),
            since=later(1),
            resets_at=later(3_600),
        )
        page = markdown(facts(session("a", phase=Phase.PAUSED), root=waiting(), credentials=[pause]))
        told = "- ACME_KEY is refused: 401 &lt;b&gt;no&lt;/b&gt;; it is over at 13:00:00 UTC\n"
        assert f"**Waits for a credential**\n\n{told}" in page
        assert "\ncovey resume root-012 --start  # go on, once a new key is set\n" in page
        assert "covey run" not in page


class TestSize:
    """A page stays short enough to be read."""

    def test_only_so_many_are_told_about_in_words(self) -> None:
        children = [session(f"c{n:03}", **failed(), position=n) for n in range(SHOWN + 9)]
        page = markdown(facts(*children, root=blocked()))
        assert "- and 9 more, all in the table below" in page
        assert page.count("it broke") == SHOWN
        assert page.count("| failed: agent |") == len(children)

    def test_what_is_not_known_has_no_column(self) -> None:
        assert "Tokens" not in markdown(facts(session("a", **complete())))

    def test_a_complete_run_has_little_to_tell(self) -> None:
        page = markdown(facts(session("a", **complete())))
        assert [line for line in page.splitlines() if line.startswith("#")] == [
            "# covey design: shop (project Shop)",
            "## Components",
        ]


class TestNested:
    """Parents below parents have tables of their own."""

    def test_each_is_named(self) -> None:
        inner = session("inner", artifact_path=None, **complete())
        page = markdown(facts(session("a", **complete()), inner, session("b", "inner", **complete())))
        assert "**`shop`**: complete" in page
        assert "**`inner`**: complete" in page
        assert page.count("| Component |") == 2


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_names_and_reasons_hold_the_page_keeps_its_shape(text: str) -> None:
    def page(words: str) -> list[str]:
        hostile = {"component": words, "module": words, "artifact_path": f"docs/{words}.md"}
        children = [
            session("a", position=1, **failed(words), **hostile),
            session("b", position=2, **skipped(words, words), **hostile),
            session("c", position=3, **complete(), **hostile),
        ]
        state = {"git": {"branch": words, "commit": words}}
        findings = {
            ("a-0123456789", "RunTests"): {
                "failures": [{"name": words or "x", "file": words, "message": words, "kind": "failed"}]
            },
            ("root-0123456789", "Finalize"): {"changed_outside": [words], "pull_request": words},
        }
        found = facts(*children, root=blocked(words, state=state), findings=findings)
        return shape(markdown(found))

    text = text.replace("\ud800", "")  # no file can have it in its name, so no path does
    assert page(text) == page("harmless")


def shape(page: str) -> list[str]:
    """The blocks of a page, and what its lines have besides text and code."""
    plain = {"text", "text_special", "code_inline", "html_inline"}
    found = []
    for token in MarkdownIt("commonmark").enable("table").parse(page):
        inner = [each.type for each in token.children or [] if each.type not in plain]
        found += [token.type, *inner]
    return found


def commands(*children: Session, root: dict[str, Any] | None = None, engine: bool = False) -> list[str]:
    """The commands on the page of a run."""
    page = markdown(facts(*children, root=root or blocked(), engine=engine))
    return [line for line in page.splitlines() if line.startswith("covey ")]
