"""A run as a page of Markdown, for a person and for a pull request: the outcome first, then who needs a human. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime

from covey.client.money import spent_words
from covey.model.credential import CredentialPause, credential_words
from covey.model.pause import pause_words, safety_words
from covey.model.session import Session, file_is_missing, is_terminal, state_of, undecided
from covey.model.status import Status
from covey.model.usage import spent_by_all
from covey.reports.advice import (
    failed_advice,
    held_advice,
    missing_advice,
    not_created_advice,
    question_advice,
    run_advice,
    stuck_advice,
)
from covey.reports.facts import Facts, Group, Outcome, is_kept, seconds_of, tokens_of
from covey.reports.markup import address, code, link, prose
from covey.text.glyphs import CAUSES, LOOKS
from covey.text.words import cost, duration, plural, short_id, tokens

SHOWN = 50
"""The most sessions of one kind that are told about in words; the table has all."""

_TESTS = 10
_NAMES = 10


def markdown(facts: Facts, base: str = "") -> str:
    """The page. `base` leads from where it will lie to the project's root, as in "../"; links begin with it."""
    blocks = [
        _head(facts),
        *_needs(facts),
        *_skipped(facts),
        *_kept(facts),
        *_components(facts, base),
        *_decisions(facts),
        *_outside(facts),
    ]
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


Block = list[str]


def _head(facts: Facts) -> Block:
    view = facts.record.view
    title = f"# covey {prose(view.workflow)}: {prose(facts.root.component)} (project {prose(facts.record.project)})"
    return [title, "", _sentence(facts), "", *_circumstances(facts)]


def _sentence(facts: Facts) -> str:
    """The outcome."""
    root, left = facts.root, facts.record.left
    reason = prose(root.error_message or (left.reason if left else "") or "")
    gone = len(facts.needs.missing_files)
    but = f", but {plural(gone, 'file is', 'files are')} gone since" if gone else ""
    beginnings: dict[Outcome, str] = {
        Outcome.COMPLETE: f"**Complete{but}.**",
        Outcome.COMPLETE_WITH_SKIPPED: f"**Complete, with {len(facts.of_status(Status.SKIPPED))} skipped{but}.**",
        Outcome.FAILED: f"**Failed:** {reason}.",
        Outcome.CANCELLED: f"**Cancelled** by {prose(root.decided_by or 'somebody')}: {reason}.",
        Outcome.NEEDS_HUMAN: "**Needs you.**",
        Outcome.INTERRUPTED: f"**Interrupted:** {prose(left.reason or '') if left else ''}.",
        Outcome.RUNNING: "**Still at work.**",
    }
    return f"{beginnings[facts.outcome]} {_counts(facts)}"


def _counts(facts: Facts) -> str:
    """How many components have come how far."""
    components = facts.components
    words = Counter(_count_word(session) for session in components)
    complete = words.pop("complete", 0)
    others = "".join(f", {count} {word}" for word, count in words.items())
    kept = sum(is_kept(session) for session in components)
    keeping = f" ({kept} of them kept as they were)" if kept else ""
    return f"{complete} of {plural(len(components), 'component')} complete{keeping}{others}{_reviews(facts)}."


def _reviews(facts: Facts) -> str:
    reviews = facts.reviews
    if len(reviews) > 1:
        complete = sum(_count_word(session) == "complete" for session in reviews)
        return f"; {complete} of {len(reviews)} reviews complete"
    return f"; review {_state(reviews[0])}" if reviews else ""


def _count_word(session: Session) -> str:
    if file_is_missing(session):
        return "with the file missing"
    return "not finished" if session.status is Status.ACTIVE else session.status.value


def _circumstances(facts: Facts) -> Iterator[str]:
    sessions = facts.record.view.sessions
    took = f"took {duration(facts.seconds)}" if is_terminal(facts.root) else f"last changed {_later(facts)}"
    yield f"- Run {code(short_id(facts.root.id))}, begun {moment(facts.started_at)}, {took}"
    agents = sorted({session.agent + (f" with {session.model}" if session.model else "") for session in sessions})
    yield f"- Agent: {', '.join(code(agent) for agent in agents[:_NAMES])}"
    used = spent_words(spent_by_all(sessions), facts.root.budget)
    if used:
        yield f"- Used: {used}"
    models = sorted({model for session in sessions for model in session.unpriced})
    if models:
        yield f"- No price is known for {', '.join(code(model) for model in models[:_NAMES])}: only tokens are counted"
    if facts.git is not None:
        git = facts.git
        named = {"branch": git.branch, "commit": git.commit, "pull request": git.pull_request}
        told = (f"{word} {address(name)}" for word, name in named.items() if name)
        yield f"- Git: {', '.join(told)}"


def _later(facts: Facts) -> str:
    return f"{duration(facts.seconds)} later"


def moment(at: datetime) -> str:
    """A moment as people read it, to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _needs(facts: Facts) -> Iterator[Block]:
    needs = facts.needs
    if not needs.any and not facts.is_held and facts.outcome is not Outcome.INTERRUPTED:
        return
    yield ["## What needs you"]
    yield from _held(facts)
    for cause, failed in needs.failed.items():
        title = f"Failed: {prose(CAUSES.get(cause, cause))}"
        yield from _need(facts, title, failed, told=_failure, advice=failed_advice)
    if needs.cancelled:
        yield from _need(facts, "Cancelled", needs.cancelled, told=_failure, advice=failed_advice)
    if needs.missing_files:
        yield from _need(
            facts, "File missing", needs.missing_files, told=_gone, advice=missing_advice, before=_PUT_BACK
        )
    if needs.not_created:
        yield ["**Not created**"]
        yield [f"- {_named_fact(fact)}: {prose(str(fact.get('reason')))}" for fact in needs.not_created[:SHOWN]]
        yield _commands(not_created_advice(facts))
    if needs.stuck:
        yield from _need(facts, "Blocked", needs.stuck, told=_failure, advice=stuck_advice)
    if needs.questions:
        yield from _need(facts, "Asks you", needs.questions, told=_question, advice=question_advice)
    yield from _unfinished(facts)
    is_left_alone = not facts.record.view.engine.alive or facts.outcome is Outcome.INTERRUPTED
    if is_left_alone and not facts.is_held and not is_terminal(facts.root):
        yield ["Nobody is at work on this run. This goes on with it, and carries out what was asked for meanwhile:"]
        yield _commands([run_advice(facts)])


def _held(facts: Facts) -> Iterator[Block]:
    """Why the run is paused, and for which credentials sessions of it stand still; and what goes on with it."""
    view, pause = facts.record.view, facts.root.paused
    if pause is not None:
        yield ["**Paused**"]
        yield [f"- {prose(pause_words(pause))}; {safety_words(view.working)}"]
    if view.credentials:
        yield ["**Waits for a credential**"]
        yield [f"- {prose(_credential(each))}" for each in view.credentials]
    if facts.is_held:
        yield _commands(held_advice(facts))


def _credential(pause: CredentialPause) -> str:
    """What has happened to a credential; a time that is named is UTC, as all of a report are."""
    return f"{credential_words(pause, UTC)}{'' if pause.resets_at is None else ' UTC'}"


def _unfinished(facts: Facts) -> Iterator[Block]:
    """Those that have not ended, and are not at work as they should be."""
    needs = facts.needs
    if needs.stalled:
        names = _names(needs.stalled)
        yield [f"**Stalled, may go on by itself:** {plural(len(needs.stalled), 'session')} ({names})."]
    waiting = tuple(session for session in needs.interrupted if undecided(session))
    if waiting:
        yield from _need(facts, "Interrupted, and waits for you", waiting, told=_undecided, advice=failed_advice)
    going_on = tuple(session for session in needs.interrupted if not undecided(session))
    if going_on:
        yield [f"**Interrupted:** {plural(len(going_on), 'session')} ({_names(going_on)})."]


_PUT_BACK = "Put the file back and it is taken as it is; or have it made again, or go on without it:"


def _need(
    facts: Facts,
    title: str,
    sessions: Sequence[Session],
    *,
    told: Callable[[Facts, Session], Iterable[str]],
    advice: Callable[[Facts, Sequence[Session]], list[str]],
    before: str = "",
) -> Iterator[Block]:
    """Sessions that need a human for one and the same cause, and what to do."""
    yield [f"**{title}**"]
    more = [f"- and {len(sessions) - SHOWN} more, all in the table below"] if len(sessions) > SHOWN else []
    yield [*(line for session in sessions[:SHOWN] for line in told(facts, session)), *more]
    if before:
        yield [before]
    yield _commands(advice(facts, sessions))


def _failure(facts: Facts, session: Session) -> Iterator[str]:
    file = f", for {code(session.artifact_path)}" if session.artifact_path else ""
    name, reason = code(session.component), prose(session.error_message or "unknown")
    yield f"- {name} ({code(short_id(session.id))}{file}): {reason}"
    tests = facts.tests.get(session.id, ())
    for test in tests[:_TESTS]:
        place = f" in {code(test.place)}" if test.place else ""
        yield f"  - test {code(test.name)}{place}: {prose(test.message or test.kind)}"
    if len(tests) > _TESTS:
        yield f"  - and {len(tests) - _TESTS} more tests"


def _question(_: Facts, session: Session) -> Iterator[str]:
    yield f"- {code(session.component)} ({code(short_id(session.id))}): {prose(session.question or '')}"


def _undecided(_: Facts, session: Session) -> Iterator[str]:
    yield f"- {code(session.component)} ({code(short_id(session.id))}): {prose(undecided(session) or '')}"


def _gone(_: Facts, session: Session) -> Iterator[str]:
    yield f"- {code(session.component)} ({code(short_id(session.id))}): {code(session.artifact_path or '')}"


def _named_fact(fact: object) -> str:
    name = fact.get("component") if isinstance(fact, dict) else None
    return code(str(name or ""))


def _commands(lines: Iterable[str]) -> Block:
    return ["```sh", *lines, "```"]


def _skipped(facts: Facts) -> Iterator[Block]:
    skipped = [session for session in facts.record.view.sessions if session.status is Status.SKIPPED]
    if not skipped:
        return
    yield ["## Skipped"]
    yield [*(_skip(session) for session in skipped[:SHOWN]), *_more(skipped)]


def _skip(session: Session) -> str:
    by = f"by {prose(session.decided_by or 'somebody')}"
    at = f", {moment(session.finished_at)}" if session.finished_at else ""
    reason = f": {prose(session.skip_reason)}" if session.skip_reason else ""
    return f"- {code(session.component)}{reason} ({by}{at})"


def _more(sessions: Sequence[Session]) -> list[str]:
    return [f"- and {len(sessions) - SHOWN} more"] if len(sessions) > SHOWN else []


def _kept(facts: Facts) -> Iterator[Block]:
    kept = [session for session in facts.workers if is_kept(session)]
    if kept:
        yield ["## Kept"]
        yield [f"There already, in order, and left as they were: {_names(kept)}."]


def _names(sessions: Sequence[Session]) -> str:
    more = f" and {len(sessions) - _NAMES} more" if len(sessions) > _NAMES else ""
    return ", ".join(code(session.component) for session in sessions[:_NAMES]) + more


def _components(facts: Facts, base: str) -> Iterator[Block]:
    yield ["## Components"]
    several = len(facts.groups) > 1
    for group in facts.groups:
        if several:
            yield [f"**{code(group.parent.component)}**: {prose(_state(group.parent))}"]
        if group.children:
            yield _table(facts, group, base)
        elif not several:
            yield ["None yet."]


def _table(facts: Facts, group: Group, base: str) -> Block:
    """A row for each session; what a run knows nothing of (tokens, cost) has no column."""
    present = facts.record.view.present
    columns: dict[str, list[str]] = {
        "Component": [code(session.component) for session in group.children],
        "State": [prose(_state(session)) for session in group.children],
        "Attempt": [str(session.attempt) for session in group.children],
        "Took": [_took(session) for session in group.children],
        "File": [_file(session, base, present=session.id in present) for session in group.children],
    }
    used = [tokens_of([session]) for session in group.children]
    if any(used):
        columns["Tokens"] = [tokens(count) if count else "" for count in used]
    costs = [cost(session.cost_usd) for session in group.children]
    if any(costs):
        columns["Cost"] = costs
    rows = [list(columns), ["---"] * len(columns), *zip(*columns.values(), strict=True)]
    return [f"| {' | '.join(row)} |" for row in rows]


def _state(session: Session) -> str:
    if is_kept(session):
        return "kept"
    word = LOOKS[state_of(session)].word
    cause = session.failure_cause
    return f"{word}: {CAUSES.get(cause, cause)}" if session.status is Status.FAILED and cause else word


def _took(session: Session) -> str:
    seconds = seconds_of(session)
    return "" if seconds is None else duration(seconds)


def _file(session: Session, base: str, *, present: bool) -> str:
    if session.artifact_path is None:
        return ""
    return link(session.artifact_path, base) if present else f"{code(session.artifact_path)}, not there"


def _decisions(facts: Facts) -> Iterator[Block]:
    if not facts.decisions:
        return
    yield ["## Decisions"]
    yield [
        f"- {moment(each.at)}, {prose(each.by)} {each.word} {_names(each.sessions)}"
        + (f": {prose(each.reason)}" if each.reason else "")
        for each in facts.decisions
    ]


def _outside(facts: Facts) -> Iterator[Block]:
    changed = facts.changed_outside
    if not changed:
        return
    yield ["## Changed during the run, but not by it"]
    yield ["These files are no artifacts of the run; covey has left them as they are and commits none of them."]
    more = [f"- and {len(changed) - SHOWN} more"] if len(changed) > SHOWN else []
    yield [*(f"- {code(path)}" for path in changed[:SHOWN]), *more]
