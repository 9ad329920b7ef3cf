"""A run as plain lines: one for each session in the same columns, without signs, for screen readers and for grep."""

from covey.cli.picture import counts_line, detail, spent_by_run, state_word
from covey.client.money import spent_words
from covey.client.snapshot import RunView
from covey.model.session import Session
from covey.model.usage import spent_by
from covey.text.cells import fit, pad
from covey.text.sanitise import SafeText, sanitise_line
from covey.text.words import short_id

_STATE, _NAME = 24, 24


def plain_lines(view: RunView) -> list[SafeText]:
    """A line for each session, its run's first: id, state, attempt, name, and what there is to say of it."""
    return [_line(view, session) for session in view.sessions]


def _line(view: RunView, session: Session) -> SafeText:
    state = pad(SafeText(state_word(view, session)), _STATE)
    name = fit(sanitise_line(session.component), _NAME)
    parts: tuple[str, ...] = (spent_words(spent_by(session)), detail(session))
    if session.session_id is None:
        parts = (view.workflow, counts_line(view), spent_by_run(view))
    said = ", ".join(part for part in parts if part)
    return SafeText(f"{short_id(session.id)}  {state}  attempt {session.attempt}  {name}  {said}".rstrip())
