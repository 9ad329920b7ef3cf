"""Records to rows and back: JSON by msgspec, and the columns that stand beside it."""

from datetime import datetime
from typing import Any

import msgspec

from covey.model.activity import Activity
from covey.model.command import (
    Command,
    CommandKind,
    Interaction,
    Result,
    ResultStatus,
    TranscriptKind,
    TranscriptRow,
    Try,
)
from covey.model.component import Component
from covey.model.control import ControlRequest
from covey.model.credential import CredentialPause
from covey.model.events import AnyEvent, Entry
from covey.model.order import AnyOrder
from covey.model.scope import Project
from covey.model.session import Session
from covey.store.base import EngineRow

Row = tuple[Any, ...]

_encoder = msgspec.json.Encoder()
_event = msgspec.json.Decoder(AnyEvent)
_session = msgspec.json.Decoder(Session)
_component = msgspec.json.Decoder(Component)
_command = msgspec.json.Decoder(Command)
_result = msgspec.json.Decoder(Result)
_control = msgspec.json.Decoder(ControlRequest)
_project = msgspec.json.Decoder(Project)
_order: msgspec.json.Decoder[AnyOrder] = msgspec.json.Decoder(AnyOrder)
_engine = msgspec.json.Decoder(EngineRow)
_credential = msgspec.json.Decoder(CredentialPause)


def encode(record: msgspec.Struct) -> str:
    """The record as JSON text."""
    return _encoder.encode(record).decode()


def moment(at: datetime) -> str:
    """A moment as text that sorts by time."""
    return at.isoformat(timespec="microseconds")


def event_row(entry: Entry) -> Row:
    """Columns of `events`."""
    return (entry.seq, entry.event.run_id, entry.event.session_id, encode(entry.event))


def entry(row: Row) -> Entry:
    """An entry from `seq, body`."""
    return Entry(row[0], _event.decode(row[1]))


def session_row(session: Session) -> Row:
    """Columns of a new row of `sessions`."""
    return (
        session.id,
        session.project_id,
        session.run_id,
        session.session_id,
        session.component_id,
        session.type,
        session.position,
        session.status,
        session.attempt,
        encode(session),
    )


def session_changes(session: Session) -> Row:
    """The columns of `sessions` that change, and the id."""
    return (session.status, session.attempt, encode(session), session.id)


def session(body: str) -> Session:
    """A session from its body."""
    return _session.decode(body)


def component_row(component: Component) -> Row:
    """Columns of `components`."""
    return (
        component.id,
        component.project_id,
        component.parent_component_id,
        component.module_name,
        encode(component),
    )


def component(body: str) -> Component:
    """A component from its body."""
    return _component.decode(body)


def interaction_row(interaction: Interaction) -> Row:
    """Columns of a new, pending row of `interactions`."""
    return (
        interaction.id,
        interaction.session_id,
        interaction.attempt,
        interaction.step,
        interaction.command.command,
        interaction.epoch,
        interaction.inserted_at.isoformat(),
        encode(interaction.command),
    )


def interaction(row: Row) -> Interaction:
    """An interaction from `id, session_id, attempt, step, epoch, inserted_at, command, completed_at, result`."""
    key, session_id, attempt, step, epoch, inserted_at, command, completed_at, answer = row
    return Interaction(
        id=key,
        session_id=session_id,
        attempt=attempt,
        step=step,
        epoch=epoch,
        inserted_at=datetime.fromisoformat(inserted_at),
        command=_command.decode(command),
        completed_at=datetime.fromisoformat(completed_at) if completed_at else None,
        result=_result.decode(answer) if answer else None,
    )


def a_try(row: Row) -> Try:
    """A try from `id, step, kind, status`."""
    key, step, kind, status = row
    return Try(
        interaction_id=key, step=step, command=CommandKind(kind), status=ResultStatus(status) if status else None
    )


def control_row(request: ControlRequest) -> Row:
    """Columns of a new row of `controls`."""
    return (request.id, request.session_id, request.state, encode(request))


def control(body: str) -> ControlRequest:
    """A control request from its body."""
    return _control.decode(body)


def order(body: str) -> AnyOrder:
    """An order from its body."""
    return _order.decode(body)


def project(body: str) -> Project:
    """A project from its body."""
    return _project.decode(body)


def engine_row(body: str) -> EngineRow:
    """An engine's row from its body."""
    return _engine.decode(body)


def credential_row(pause: CredentialPause) -> Row:
    """Columns of `credentials`."""
    return (pause.credential, encode(pause))


def credential(body: str) -> CredentialPause:
    """A credential that is paused, from its body."""
    return _credential.decode(body)


def activity_row(activity: Activity) -> Row:
    """Columns of `activity`."""
    return (activity.session_id, activity.attempt, moment(activity.at), moment(activity.beat))


def activity(row: Row) -> Activity:
    """Signs of life from `session_id, attempt, at, beat`."""
    session_id, attempt, at, beat = row
    return Activity(
        session_id=session_id, attempt=attempt, at=datetime.fromisoformat(at), beat=datetime.fromisoformat(beat)
    )


def transcript_row(row: Row) -> TranscriptRow:
    """A transcript row from `session_id, attempt, step, n, at, kind, text`."""
    session_id, attempt, step, n, at, kind, text = row
    return TranscriptRow(
        session_id=session_id,
        attempt=attempt,
        step=step,
        n=n,
        at=datetime.fromisoformat(at),
        kind=TranscriptKind(kind),
        text=text,
    )
