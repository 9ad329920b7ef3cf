from typing import cast

import pytest

from covey.model.session import Session
from covey.steps.spawn import CODING, DESIGN, TESTING, SpawnConfig
from tests.family import Family


@pytest.fixture(params=[DESIGN, TESTING, CODING], ids=lambda config: config.child_type)
def config(request: pytest.FixtureRequest) -> SpawnConfig:
    """Each configuration of the spawn step."""
    return cast("SpawnConfig", request.param)


@pytest.fixture
async def parent(family: Family) -> Session:
    """A parent whose context has Alpha, Beta and Gamma."""
    return await family.parent()
