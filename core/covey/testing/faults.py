"""Faults for tests: a store that refuses what it is told to refuse, and is a store in all else."""

from collections.abc import Mapping

from covey.errors import StoreError
from covey.model.component import Component
from covey.model.events import SessionCreated
from covey.model.scope import Scope
from covey.model.session import Session
from covey.store.base import Committed, Operation, Sessions


class FaultyStore:
    """Refuses to create sessions for the components in `refused` (by display name, with the reason)."""

    def __init__(self, store: Sessions, refused: Mapping[str, str]) -> None:
        self._store = store
        self.refused = dict(refused)

    async def family(self, scope: Scope, session_id: str) -> tuple[Session, ...] | None:
        """As the store has it."""
        return await self._store.family(scope, session_id)

    async def component(self, scope: Scope, component_id: str) -> Component | None:
        """As the store has it."""
        return await self._store.component(scope, component_id)

    async def components_of(self, scope: Scope, component_id: str) -> tuple[Component, ...]:
        """As the store has it."""
        return await self._store.components_of(scope, component_id)

    async def append(self, operation: Operation) -> Committed:
        """As the store does it, unless it is to be refused.

        Raises:
            StoreError: with the reason that was given for the component.
        """
        for event in operation.events:
            if isinstance(event, SessionCreated) and event.component in self.refused:
                raise StoreError(self.refused[event.component])
        return await self._store.append(operation)
