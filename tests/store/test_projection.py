"""Any legal life, in any batches: the rows equal the fold of the log, and what the engine remembers equals the disk."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from covey.errors import IllegalEventError
from covey.model import events as e
from covey.model.command import Command, Interaction, Result
from covey.store.base import Completion, Operation
from covey.store.sqlite import EngineStore
from tests.model.strategies import created, logs
from tests.store.lives import SCOPE, engine_store, folded, sequence, stored_log, stored_sessions

FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def operation_of(events: Sequence[e.AnyEvent]) -> Operation:
    """The events as one operation, with the interaction that the last one opens or closes."""
    event = events[-1]
    issued: Interaction | None = None
    completed: tuple[Completion, ...] = ()
    if isinstance(event, e.CommandIssued):
        command = Command(id=f"c-{event.interaction_id}", module=event.step, command=event.command, timestamp=event.at)
        issued = Interaction(
            id=event.interaction_id,
            session_id=event.session_id or "",
            attempt=event.attempt or 0,
            step=event.step,
            command=command,
            epoch=1,
            inserted_at=event.at,
        )
    if isinstance(event, e.ResultRecorded):
        result = Result(id=f"r-{event.interaction_id}", status=event.status, timestamp=event.at)
        completed = (Completion(event.interaction_id, result, event.at, event.late),)
    return Operation(events=tuple(events), issued=issued, completed=completed)


@st.composite
def operations(draw: st.DrawFn) -> list[list[Operation]]:
    """A legal log cut into operations, and these into groups that are appended at once."""
    groups: list[list[Operation]] = [[]]
    events: list[e.AnyEvent] = []
    for event in draw(logs(max_events=40)):
        events.append(event)
        opens_or_closes = isinstance(event, e.CommandIssued | e.ResultRecorded)
        if opens_or_closes or draw(st.booleans()):
            groups[-1].append(operation_of(events))
            events = []
            if draw(st.integers(0, 3)) == 0:
                groups.append([])
    if events:
        groups[-1].append(operation_of(events))
    return groups


async def check(root: Path, groups: list[list[Operation]], bad: Operation) -> None:
    """Append all groups, each with something illegal in its midst."""
    refused = 0
    async with engine_store(root) as store:
        for group in groups:
            answers = await asyncio.gather(*map(store.append, [*group, bad, bad]), return_exceptions=True)
            refused += sum(isinstance(answer, IllegalEventError) for answer in answers)
            await remembered_equals_disk(store, root)
    assert refused == 2 * len(groups)


async def remembered_equals_disk(store: EngineStore, root: Path) -> None:
    keys = sorted(stored_sessions(root))
    on_disk = await store.positions(keys)
    for key in keys:
        assert await store.position(SCOPE, key) == on_disk[key]


@FEW
@given(operations())
def test_rows_equal_the_fold_of_the_log_and_what_is_remembered_equals_the_disk(groups: list[list[Operation]]) -> None:
    half = created("half")
    bad = Operation(events=(half, half))  # the second of the two is illegal: neither may be seen
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        asyncio.run(check(root, groups, bad))

        log = stored_log(root)
        assert stored_sessions(root) == folded(log)
        assert sequence(root) == list(range(1, len(log) + 1))
        assert len(log) == sum(len(operation.events) for group in groups for operation in group)
        assert "half" not in stored_sessions(root)
