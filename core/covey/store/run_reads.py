"""Reads over a whole run, for those who report on it: each one query, however many sessions the run has."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from covey.model.command import ResultStatus, TranscriptRow
from covey.model.events import AnyEvent, Event
from covey.model.scope import Scope
from covey.model.session import Session
from covey.model.undo import TOLD_BY, History, decisions
from covey.model.usage import Spent
from covey.store import codec
from covey.store.base import Line
from covey.store.reads import Reads
from covey.store.schema import IS_USAGE

_TAIL_CHARACTERS = 4_000
"""The most that is read of one row of a transcript, from its end."""


_NEWEST = 200
"""From so many sessions it is told what another one will take."""


class StepTaken(NamedTuple):
    """One try of one step without its payload; `status` and `completed_at` are None while it is pending."""

    session_id: str
    attempt: int
    step: str
    status: ResultStatus | None
    inserted_at: datetime
    completed_at: datetime | None


class Spending(NamedTuple):
    """What one session has spent over all its attempts; `models` are those of the tokens that have no price."""

    session_id: str
    run_id: str
    spent: Spent
    models: tuple[str, ...]


class RunReads(Reads):
    """What there is to read of one run beside its sessions."""

    async def events_of_run(self, scope: Scope, run_id: str, kinds: Sequence[type[Event]]) -> tuple[AnyEvent, ...]:
        """The events of these kinds in a run, oldest first."""
        rows = await self._rows(
            "SELECT seq, body FROM events WHERE run_id = ?"
            " AND json_extract(body, '$.event') IN (SELECT value FROM json_each(?))"
            " AND EXISTS (SELECT 1 FROM sessions WHERE id = ?1 AND project_id = ?3) ORDER BY seq",
            run_id,
            msgspec.json.encode([str(kind.__struct_config__.tag) for kind in kinds]).decode(),
            scope.project.id,
        )
        return tuple(codec.entry((row[0], row[1])).event for row in rows)

    async def spending(self, scope: Scope, run_ids: Sequence[str]) -> tuple[Spending, ...]:
        """What the sessions of these runs have spent, each that has spent anything."""
        rows = await self._rows(
            "SELECT id, run_id, json_extract(body, '$.usage'), json_extract(body, '$.cost_usd'),"
            " json_extract(body, '$.unpriced') FROM sessions"
            " WHERE run_id IN (SELECT value FROM json_each(?)) AND project_id = ?"
            " AND json_extract(body, '$.usage') IS NOT NULL",
            msgspec.json.encode(run_ids).decode(),
            scope.project.id,
        )
        return tuple(_spending(row) for row in rows)

    async def sharing_budget(self, scope: Scope, budget_id: str) -> tuple[Session, ...]:
        """The roots of the runs that have this budget together, oldest first."""
        return await self._sessions(
            "SELECT body FROM sessions WHERE parent_id IS NULL AND project_id = ?"
            " AND json_extract(body, '$.budget.id') = ? ORDER BY number",
            scope.project.id,
            budget_id,
        )

    async def taken_by(self, scope: Scope, type: str, agent: str, model: str | None) -> tuple[Spent, ...]:  # noqa: A002 - a session's field
        """What the newest sessions of this kind have spent that are complete and have spent anything."""
        rows = await self._rows(
            "SELECT id, run_id, json_extract(body, '$.usage'), json_extract(body, '$.cost_usd'),"
            " json_extract(body, '$.unpriced') FROM sessions"
            " WHERE project_id = ? AND status = 'complete' AND type = ? AND json_extract(body, '$.agent') = ?"
            " AND json_extract(body, '$.model') IS ? AND json_extract(body, '$.usage') IS NOT NULL"
            " ORDER BY number DESC LIMIT ?",
            scope.project.id,
            type,
            agent,
            model,
            _NEWEST,
        )
        found = (_spending(row) for row in rows)
        return tuple(Spent(each.spent.tokens, None if each.models else each.spent.usd) for each in found)

    async def spent_since(self, moment: datetime) -> Spent:
        """What all sessions of the project have spent since a moment; what `prune` has put away is not counted.

        Nothing older is looked at: an index tells when each was spent.
        """
        since = moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        rows = await self._rows(
            "SELECT (SELECT sum(value) FROM json_each(body, '$.tokens')), json_extract(body, '$.cost_usd')"
            f" FROM events WHERE {IS_USAGE} AND json_extract(body, '$.at') >= ?",
            since,
        )
        total = Spent()
        for tokens, usd in rows:
            total = total.plus(Spent(tokens or 0, usd))
        return total

    async def has_usage(self, session_id: str, request_id: str) -> bool:
        """What a session used for this request of its provider's is in the log."""
        rows = await self._rows(
            f"SELECT 1 FROM events WHERE {IS_USAGE} AND session_id = ? AND json_extract(body, '$.request_id') = ?",
            session_id,
            request_id,
        )
        return bool(rows)

    async def newest_lines(self, kinds: Sequence[type[Event]], *, before: int, after: int, limit: int) -> list[Line]:
        """The newest lines of these kinds in the whole log between two others, at most `limit`, oldest first."""
        rows = await self._rows(
            "SELECT e.seq, e.body, s.parent_id, s.type,"
            " json_extract(s.body, '$.component'), json_extract(s.body, '$.module')"
            " FROM events e LEFT JOIN sessions s ON s.id = e.session_id WHERE e.seq < ?1 AND e.seq > ?2"
            " AND json_extract(e.body, '$.event') IN (SELECT value FROM json_each(?3)) ORDER BY e.seq DESC LIMIT ?4",
            before,
            after,
            msgspec.json.encode([str(kind.__struct_config__.tag) for kind in kinds]).decode(),
            limit,
        )
        return [Line(codec.entry((row[0], row[1])), *row[2:]) for row in reversed(rows)]

    async def history(self, scope: Scope, run_id: str, but: Collection[str] = ()) -> History:
        """The last decision of a run that is not undone, and what the log tells of its sessions and of all parents.

        `but` are the ids of decisions that are left out.
        """
        found = decisions(await self.events_of_run(scope, run_id, TOLD_BY), but)
        if found.last is None:
            return found
        rows = await self._rows(
            "SELECT seq, body FROM events WHERE run_id = ?1"
            " AND (session_id IN (SELECT value FROM json_each(?2))"
            "  OR session_id IN (SELECT parent_id FROM sessions WHERE run_id = ?1)) ORDER BY seq",
            run_id,
            msgspec.json.encode(found.last.session_ids).decode(),
        )
        return found._replace(events=tuple(codec.entry((row[0], row[1])).event for row in rows))

    async def steps_of_run(self, scope: Scope, run_id: str) -> tuple[StepTaken, ...]:
        """Every try of every step of a run's sessions, of all attempts, oldest first."""
        rows = await self._rows(
            "SELECT i.session_id, i.attempt, i.step, i.status, i.inserted_at, i.completed_at"
            " FROM sessions s JOIN interactions i ON i.session_id = s.id"
            " WHERE s.run_id = ? AND s.project_id = ? ORDER BY i.number",
            run_id,
            scope.project.id,
        )
        return tuple(_step_taken(row) for row in rows)

    async def result_data(self, scope: Scope, run_id: str, steps: Sequence[str]) -> dict[tuple[str, str], Any]:
        """What the newest results of these steps found, as JSON values by session and step; present attempts only."""
        rows = await self._rows(
            "SELECT i.session_id, i.step, json_extract(i.result, '$.data')"
            " FROM sessions s JOIN interactions i ON i.session_id = s.id AND i.attempt = s.attempt"
            " WHERE s.run_id = ? AND s.project_id = ? AND i.result IS NOT NULL"
            " AND i.step IN (SELECT value FROM json_each(?)) ORDER BY i.number",
            run_id,
            scope.project.id,
            msgspec.json.encode(steps).decode(),
        )
        return {(row[0], row[1]): msgspec.json.decode(row[2]) for row in rows if row[2] is not None}

    async def transcript_ends(self, scope: Scope, run_id: str, limit: int) -> tuple[TranscriptRow, ...]:
        """The last `limit` rows of the transcript of each session's present attempt, oldest first in each."""
        rows = await self._rows(
            "SELECT t.session_id, t.attempt, t.step, t.n, t.at, t.kind, substr(t.text, ?)"
            " FROM sessions s JOIN transcripts t ON t.session_id = s.id AND t.attempt = s.attempt"
            " AND t.n > (SELECT max(n) FROM transcripts WHERE session_id = s.id AND attempt = s.attempt) - ?"
            " WHERE s.run_id = ? AND s.project_id = ? ORDER BY s.number, t.n",
            -_TAIL_CHARACTERS,
            limit,
            run_id,
            scope.project.id,
        )
        return tuple(codec.transcript_row(row) for row in rows)

    async def artifact_paths(self, scope: Scope) -> frozenset[str]:
        """The files that sessions of this project were made for, relative to its root."""
        rows = await self._rows(
            "SELECT DISTINCT json_extract(body, '$.artifact_path') FROM sessions"
            " WHERE project_id = ? AND json_valid(body)",
            scope.project.id,
        )
        return frozenset(row[0] for row in rows if row[0] is not None)


def _spending(row: codec.Row) -> Spending:
    session_id, run_id, usage, usd, unpriced = row
    tokens = sum(msgspec.json.decode(usage, type=dict[str, int]).values())
    models = msgspec.json.decode(unpriced, type=dict[str, int]) if unpriced else {}
    return Spending(session_id, run_id, Spent(tokens, usd), tuple(models))


def _step_taken(row: codec.Row) -> StepTaken:
    session_id, attempt, step, status, inserted_at, completed_at = row
    return StepTaken(
        session_id=session_id,
        attempt=attempt,
        step=step,
        status=ResultStatus(status) if status else None,
        inserted_at=datetime.fromisoformat(inserted_at),
        completed_at=datetime.fromisoformat(completed_at) if completed_at else None,
    )
