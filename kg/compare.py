"""What two questions share: diseases, MSC and their products, tissue sources, species."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from kg.mechanisms import Route, Trace

__all__ = ["Comparison", "Pair", "compare"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A route that both questions have; `weight` is the lesser of the two, since both must carry it."""

    label: str
    left: Route
    right: Route

    @property
    def weight(self) -> float:
        """The lesser weight, in [0, 1]."""
        return min(self.left.weight, self.right.weight)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two traces side by side: routes of one label and one sign in both, of one label and opposite signs, and the rest.

    A label that has routes of both signs on one side counts with the heavier. All ordered by weight, then label.
    """

    left: Trace
    right: Trace
    shared: tuple[Pair, ...]
    opposite: tuple[Pair, ...]
    only_left: tuple[Route, ...]
    only_right: tuple[Route, ...]


def compare(left: Trace, right: Trace) -> Comparison:
    """Answer which routes two traces share, and which are of one alone. Both are to hold all their routes."""
    sides = [_heavier(trace) for trace in (left, right)]
    both = sorted(sides[0].keys() & sides[1].keys())
    pairs = [Pair(label, sides[0][label], sides[1][label]) for label in both]
    pairs.sort(key=lambda pair: (-pair.weight, pair.label))
    alone = [
        tuple(sorted((mine[label] for label in mine.keys() - other.keys()), key=lambda r: (-r.weight, r.label)))
        for mine, other in (sides, sides[::-1])
    ]
    return Comparison(
        left,
        right,
        tuple(pair for pair in pairs if pair.left.sign == pair.right.sign),
        tuple(pair for pair in pairs if pair.left.sign != pair.right.sign),
        alone[0],
        alone[1],
    )


def _heavier(trace: Trace) -> dict[str, Route]:
    by_label: dict[str, list[Route]] = defaultdict(list)
    for route in (*trace.routes, *trace.counter_routes):
        by_label[route.label].append(route)
    return {label: max(routes, key=lambda route: (route.weight, route.sign)) for label, routes in by_label.items()}
