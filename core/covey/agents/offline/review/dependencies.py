"""Dependency cycles among modules. Pure."""

import graphlib
from collections.abc import Collection, Mapping, Sequence

MOST_CYCLES = 50
"""The most cycles that are looked for; a project with more has one tangle, which these show well enough."""


def cycles(needs: Mapping[str, Collection[str]]) -> tuple[Sequence[str], ...]:
    """The cycles among modules that need others, each as a path that ends where it began, in the same order every time.

    Each path closes by a dependency that is in no path before it: whoever breaks all of these has no cycle left.
    """
    left = {module: sorted(set(others) - {module}) for module, others in sorted(needs.items())}
    found: list[tuple[str, ...]] = [(module, module) for module, others in sorted(needs.items()) if module in others]
    while len(found) < MOST_CYCLES:
        # graphlib's paths begin with what is needed; read backwards, each module needs the one behind it.
        try:
            graphlib.TopologicalSorter(left).prepare()
        except graphlib.CycleError as error:
            path = list(reversed(error.args[1]))
        else:
            break
        left[path[-2]].remove(path[-1])
        found.append(_from_the_first(path))
    return tuple(sorted(found))


def _from_the_first(path: Sequence[str]) -> tuple[str, ...]:
    """The same circle, begun at the name that comes first."""
    circle = path[:-1]
    start = circle.index(min(circle))
    return (*circle[start:], *circle[:start], circle[start])
