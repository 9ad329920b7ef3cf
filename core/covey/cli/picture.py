"""A run as text: its tree, its counts, what needs a human and the very commands to type. Pure; all text sanitised."""

from collections.abc import Iterator, Sequence

from covey.client.known import age_of_inferred, vital_word, word_of_state
from covey.client.money import spent_words
from covey.client.resuming import going_on, resuming, starting
from covey.client.snapshot import RunView, git_of, not_created
from covey.model.activity import quiet_seconds
from covey.model.credential import asked_at, credential_words, gate_words
from covey.model.pause import PauseKind, pause_words, safety_words
from covey.model.session import Session, file_is_missing, is_terminal, state_of, undecided
from covey.model.status import Phase, Status
from covey.model.usage import spent_by, spent_by_all
from covey.text.cells import cut, fit, pad, width
from covey.text.glyphs import CAUSES, LOOKS, GlyphSet, Look
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import duration, plural, short_id

_NAME = 24
_COMMIT = 10
_NAME_OF_CREDENTIAL = 60
_REASON = 160
_WHOLE_REASON = 400
INDENT = 4
"""Where a line about what needs a human goes on."""
_SHOWN = 10
_TO_SHOW = frozenset({Status.FAILED, Status.CANCELLED})


def tree_lines(view: RunView, glyphs: GlyphSet) -> list[SafeText]:
    """The run's heading, and a row for each session in spawn order."""
    return [heading(view, glyphs), *(_row(view, session, glyphs) for session in view.sessions[1:])]


def heading(view: RunView, glyphs: GlyphSet) -> SafeText:
    """The run in a line: its state, name, id and counts."""
    root, look = view.root, LOOKS["blocked"]
    is_stopped = root.phase is Phase.WAITING and bool(asked_at(root, view.credentials))
    state = look.word if is_stopped else state_word(view, root)
    glyph = (look if is_stopped else _look(root)).glyph(glyphs)
    line = (
        f"{glyph} {sanitise_line(root.component)}  {view.workflow} {short_id(view.run_id)}"
        f"  {state}   {counts_line(view)}{_apart(spent_by_run(view))}"
    )
    return SafeText(line)


def counts_line(view: RunView) -> str:
    """How many sessions have come how far: `4 of 5 complete, 1 failed`."""
    counts = view.tree.counts(view.run_id)
    total = sum(counts.values())
    others = [f"{counts[status]} {status}" for status in Status if status is not Status.COMPLETE and counts[status]]
    return ", ".join([f"{counts[Status.COMPLETE]} of {total} complete", *others])


def spent_by_run(view: RunView) -> str:
    """What the run has spent, with its limits: `186k tokens, $1.84 of $5.00`; empty where it has spent nothing."""
    return spent_words(spent_by_all(view.sessions), view.root.budget)


def project_lines(views: Sequence[RunView]) -> list[SafeText]:
    """What is so for the whole project, told once however many runs are shown.

    That is what has been spent today, where it is another amount than the runs have that are shown, and the gates.
    """
    if not views:
        return []
    shown = spent_by_all(session for view in views for session in view.sessions)
    told, today = (spent_words(spent) for spent in (shown, views[-1].today))
    return [*([SafeText(f"  today {today}")] if today and today != told else []), *_gate_lines(views[-1])]


def _gate_lines(view: RunView) -> list[SafeText]:
    """The gates that hold requests back, a line each; none where nobody waits."""
    told = ((gate.credential, gate_words(gate)) for gate in view.engine.gates)
    return [SafeText(f"  {sanitise_line(name, _NAME_OF_CREDENTIAL)}: {words}") for name, words in told if words]


def _apart(text: str) -> str:
    return f"   {text}" if text else ""


def branch_words(session: Session) -> str:
    """Where a session's work is in git, in a few words; empty where it has no branch."""
    git = git_of(session) or {}
    branch, commit, worktree = (git.get(key) for key in ("branch", "commit", "worktree"))
    if not branch:
        return str(git.get("reason") or "")
    at = f" at {str(commit)[:_COMMIT]}" if commit else ""
    return f"{branch}{at}{f', in {worktree}' if worktree else ''}"


def branch_lines(view: RunView) -> list[SafeText]:
    """The run's branch in a line; none where it has none."""
    said = branch_words(view.root)
    return [SafeText(f"  branch {sanitise_line(said)}")] if said and (git_of(view.root) or {}).get("branch") else []


def _row(view: RunView, session: Session, glyphs: GlyphSet) -> SafeText:
    indent = "  " * _depth(view, session)
    name = fit(sanitise_line(session.component), _NAME)
    attempt = f" x{session.attempt}" if session.attempt > 1 else ""
    said = detail(session)
    used = spent_words(spent_by(session))
    line = (
        f"{indent}{_look(session).glyph(glyphs)} {short_id(session.id)}  {name}  "
        f"{state_word(view, session)}{attempt}{f'  {used}' if used else ''}{f'  {said}' if said else ''}"
    )
    return SafeText(line.rstrip())


def _depth(view: RunView, session: Session) -> int:
    depth = 0
    while session.session_id is not None:
        depth, session = depth + 1, view.tree.sessions[session.session_id]
    return depth


def _look(session: Session) -> Look:
    return LOOKS[state_of(session)]


def state_word(view: RunView, session: Session) -> str:
    """A session's state in words; a `?` behind what is inferred or too old to be believed, and the age where known."""
    sign = view.signs.get(session.id)
    vital = vital_word(session, sign, view.at, view.quiet_after, is_doubted=view.engine.alive)
    if vital is not None:
        return vital
    word = word_of_state(session)
    return f"{word}?{age_of_inferred(session, sign, view.at)}" if session.id in view.inferred else word


def detail(session: Session) -> str:
    """What there is to say of a session: the file that is missing, why it failed, why it was skipped."""
    if file_is_missing(session):
        return sanitise_line(session.artifact_path or "")
    if session.status in _TO_SHOW:
        return sanitise_line(session.error_message or "", _REASON)
    if undecided(session):
        return sanitise_line(undecided(session) or "", _REASON)
    if session.phase is Phase.ASKING:
        return sanitise_line(session.question or "", _REASON)
    return sanitise_line(session.skip_reason or "", _REASON) if session.status is Status.SKIPPED else ""


def needs_lines(view: RunView, glyphs: GlyphSet) -> list[SafeText]:
    """What needs a human, by kind, a row each; nothing when nothing does."""
    lists = view.tree.needs_human(view.run_id)
    lines = [*_paused(view, glyphs), *_needs(needing(view), glyphs)]
    for fact in list(not_created(view.sessions))[:_SHOWN]:
        text = f"{fact.get('component')}: not created: {fact.get('reason')}"
        lines.append(SafeText(f"  ! {sanitise_line(text, _REASON)}"))
    lines += [_stalled(view, session, glyphs) for session in lists["stalled"]]
    lines += [_asks(session, glyphs) for session in lists["questions"]]
    interrupted = sum(undecided(session) is None for session in lists["interrupted"])
    if interrupted:
        by = "the next run goes on" if resuming(view) is None else "covey resume goes on"
        lines.append(SafeText(f"  {plural(interrupted, 'session')} interrupted; {by}"))
    if not lines and view.root.phase is Phase.BLOCKED:
        lines.append(SafeText(f"  {_look(view.root).glyph(glyphs)} {sanitise_line(view.root.error_message or '')}"))
    return lines


def _paused(view: RunView, glyphs: GlyphSet) -> Iterator[SafeText]:
    """Why the run is paused, and whether it is safe to stop."""
    pause = view.root.paused
    if pause is not None:
        text = f"{pause_words(pause)}; {safety_words(view.working)}"
        yield SafeText(f"  {LOOKS['paused'].glyph(glyphs)} {sanitise_line(text, _WHOLE_REASON)}")
    for credential in view.credentials:
        text = credential_words(credential)
        yield SafeText(f"  {LOOKS['paused'].glyph(glyphs)} {sanitise_line(text, _WHOLE_REASON)}")


def advice_lines(view: RunView, *, is_here: bool) -> list[SafeText]:
    """The very commands that help, one below the other; none when nothing needs a human.

    They are to be typed in the project: it is named where that is not here.
    """
    commands = _what_you_can_do(view, needing(view))
    if not commands:
        return []
    column = max(width(command) for command, _ in commands)
    told = [SafeText(f"  {pad(SafeText(command), column)}  {meaning}") for command, meaning in commands]
    place = "" if is_here else f", in {sanitise_line(str(view.project_root))}"
    return [SafeText(f"What you can do{place}:"), *told]


def _stalled(view: RunView, session: Session, glyphs: GlyphSet) -> SafeText:
    name, quiet = cut(sanitise_line(session.component), _NAME), quiet_seconds(session, None, view.at)
    said = f"no sign of life for {duration(quiet)}; it may still go on by itself"
    return SafeText(f"  {_look(session).glyph(glyphs)} {name} ({short_id(session.id)}): {said}")


def _asks(session: Session, glyphs: GlyphSet) -> SafeText:
    name, question = cut(sanitise_line(session.component), _NAME), sanitise_line(session.question or "", _WHOLE_REASON)
    return SafeText(f"  {_look(session).glyph(glyphs)} {name} ({short_id(session.id)}) asks you: {question}")


def needing(view: RunView) -> list[Session]:
    """Who needs a human: failed, cancelled, without their file, or interrupted and not to go on by themselves."""
    lists = view.tree.needs_human(view.run_id)
    waiting = [session for session in lists["interrupted"] if undecided(session)]
    return [*lists["failed"], *lists["cancelled"], *lists["missing_files"], *waiting]


def _needs(sessions: Sequence[Session], glyphs: GlyphSet) -> Iterator[SafeText]:
    for session in sessions[:_SHOWN]:
        name = cut(sanitise_line(session.component), _NAME)
        yield SafeText(f"  {_look(session).glyph(glyphs)} {name} ({short_id(session.id)}): {_problem(session)}")
    if len(sessions) > _SHOWN:
        yield SafeText(f"  and {len(sessions) - _SHOWN} more: covey status")


def _problem(session: Session) -> str:
    if file_is_missing(session):
        return f"file missing: {detail(session)}"
    if undecided(session):
        return f"interrupted: {sanitise_line(undecided(session) or '', _WHOLE_REASON)}"
    cause = f": {CAUSES[session.failure_cause.value]}" if session.failure_cause else ""
    reason = sanitise_line(session.error_message or "", _WHOLE_REASON)
    return f"{session.status}{cause}: {reason or 'unknown'}"


def _about_stalled(view: RunView) -> list[tuple[str, str]]:
    stalled = view.tree.needs_human(view.run_id)["stalled"]
    if not stalled:
        return []
    first = short_id(stalled[0].id)
    return [
        (f"covey logs {first}", "its last words"),
        (f"covey retry {first}", "cancel it and begin again"),
        (f"covey cancel {first}", "end it"),
    ]


def _about_questions(view: RunView) -> list[tuple[str, str]]:
    """How those that ask are answered, each of them: no two ask the same."""
    asking, start = view.tree.needs_human(view.run_id)["questions"], starting(view)
    return [
        (f"covey message {short_id(session.id)} '...'{start}", f"answer {cut(sanitise_line(session.component), _NAME)}")
        for session in asking[:_SHOWN]
    ]


def _about_needing(view: RunView, sessions: Sequence[Session]) -> list[tuple[str, str]]:
    """What can be done about the first of those that need a human, and about all of them."""
    first = short_id(sessions[0].id)
    commands = [
        (f"covey retry {first} --note '...'", "try again; the note goes to the agent"),
        (f"covey skip {first} --reason '...'", "go on without it"),
    ]
    if sum(session.status not in {Status.CANCELLED, Status.ACTIVE} for session in sessions) > 1:
        commands.append((f"covey retry --failed {short_id(view.run_id)}", "all that failed or lost their file"))
    return commands


def _about_ended(view: RunView) -> list[tuple[str, str]]:
    """Below a root that has ended nothing is retried; with one that failed or was cancelled, what ended with it is."""
    if view.root.status not in _TO_SHOW:
        return []
    return [(f"covey retry {short_id(view.run_id)}", "try again, with all that ended with it")]


def _what_you_can_do(view: RunView, sessions: Sequence[Session]) -> list[tuple[str, str]]:
    """Commands, and what each of them does."""
    root, resume, commands = view.root, going_on(view), list[tuple[str, str]]()
    # What has failed again and again fails once more, unless something is done about it first.
    is_last = bool(sessions) and root.paused is not None and root.paused.kind is PauseKind.REPEATED_FAILURES
    if resume is not None and not is_last:
        commands.append(resume)
    if sessions:
        first = short_id(sessions[0].id)
        if not file_is_missing(sessions[0]):
            commands.append((f"covey logs {first}", "what happened"))
        commands += _about_ended(view) if is_terminal(root) else _about_needing(view, sessions)
        if any(file_is_missing(session) for session in sessions):
            commands.append(("put the file back", "and it is taken as it is"))
    skipped = [session for session in view.sessions if session.status is Status.SKIPPED]
    if not sessions and skipped and len(skipped) == len(view.sessions) - 1:  # with all skipped, no parent goes on
        commands.append((f"covey retry {short_id(skipped[0].id)}", "do it after all"))
    commands += [*_about_questions(view), *_about_stalled(view)]
    if resume is not None and is_last:
        commands.append(resume)
    active = root.status is Status.ACTIVE
    if not (active and view.engine.alive) and resume is None and (sessions or active):
        meaning = "go on, with what was asked for meanwhile" if active else "a new run does only what is not satisfied"
        commands.append((f"covey run {view.workflow} {sanitise_line(root.module)}", meaning))
    return commands
