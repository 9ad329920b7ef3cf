"""What sessions that are to start will take: so much as the middle one of those like them that ended well has taken.

Alike are sessions of the same type, with the same agent and model. Where none has ended, nothing is estimated.
"""

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from covey.model.session import Session
from covey.text.words import cost, plural, tokens

if TYPE_CHECKING:
    from covey.store.sqlite import Viewer

NO_ESTIMATE = "no estimate yet"
"""What is said where no session of the kind has ended."""


class Kind(NamedTuple):
    """What makes sessions alike."""

    type: str
    agent: str
    model: str | None


class Estimate(NamedTuple):
    """What `sessions` will take together: `tokens` of all kinds, and US dollars (None where no price is known).

    `of` is how many would start: of the others nothing like them has ended. `seen` is how many ended that are alike.
    """

    tokens: int
    usd: float | None
    sessions: int
    of: int
    seen: int

    def words(self) -> str:
        """The estimate: `about 78k tokens, $0.80`."""
        price = cost(self.usd)
        return f"about {tokens(self.tokens)} tokens{f', {price}' if price else ''}"

    def basis(self) -> str:
        """On what it stands: `by 12 sessions like them`; where some are left out, for how many it holds."""
        rest = "" if self.sessions == self.of else f", for {self.sessions} of {self.of}"
        return f"by {plural(self.seen, 'session')} like {'it' if self.of == 1 else 'them'}{rest}"


def kinds_of(sessions: Iterable[Session], agent: str | None = None, model: str | None = None) -> Counter[Kind]:
    """How many there are of each kind; with another agent or model, as they would be then."""
    return Counter(Kind(each.type, agent or each.agent, model or (None if agent else each.model)) for each in sessions)


async def estimate(viewer: "Viewer | None", wanted: Mapping[Kind, int]) -> Estimate | None:
    """What so many sessions of each kind will take; None where nothing like any of them has ended.

    Raises:
        StoreError: the database cannot be read.
    """
    taken, price, sessions, seen = 0, list[float | None](), 0, 0
    for kind, count in wanted.items():
        past = await viewer.taken_by(viewer.scope, *kind) if viewer is not None and count else ()
        if not past:
            continue
        costs = [spent.usd for spent in past]
        known = [usd for usd in costs if usd is not None]
        taken += round(statistics.median(spent.tokens for spent in past) * count)
        price.append(statistics.median(known) * count if len(known) == len(costs) else None)
        sessions, seen = sessions + count, seen + len(past)
    if not sessions:
        return None
    usd = None if None in price else sum(each for each in price if each is not None)
    return Estimate(taken, usd, sessions, sum(wanted.values()), seen)


def fan_out(workflow: str, agent: str, model: str | None, components: int, reviews: int = 0) -> Counter[Kind]:
    """The sessions of a run that has so many components to work on, and so many reviews of them to write."""
    # What knows the workflows takes long to import, and a screen has to be there before it.
    from covey.projects.paths import ArtifactKind  # noqa: PLC0415
    from covey.workflows.registry import ARTIFACTS, WORKFLOWS  # noqa: PLC0415

    wanted = {ArtifactKind.REVIEW: reviews, ARTIFACTS[workflow]: components}
    children = (each for each in WORKFLOWS.values() if not each.spawns and each.artifact in wanted)
    return +Counter({Kind(each.name, agent, model): wanted[each.artifact] for each in children if each.artifact})


def estimated(found: Estimate | None) -> str:
    """An estimate in words, with what it stands on."""
    return NO_ESTIMATE if found is None else f"{found.words()} ({found.basis()})"
