"""What two questions share: diseases, MSC and their products, tissue sources, species."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from kg.mechanisms import ROUTE, Route, Trace, route_cells
from kg.notebook import line, page, papers, signed, table

__all__ = ["Alone", "Comparison", "Pair", "compare"]

FAINT = 0.1  # share of the heavier side below which the lighter one is not a route to speak of


@dataclass(frozen=True, slots=True)
class Pair:
    """A route that both questions have; `weight` is the lesser of the two, since both must carry it.

    `common` are the cells, processes and factors beside the mediators that mechanisms of both sides pass, sorted;
    `apart` says that both sides pass some, and none in common: the same mediators act through different ones.
    """

    label: str
    left: Route
    right: Route
    common: tuple[str, ...] = ()
    apart: bool = False

    @property
    def weight(self) -> float:
        """The lesser weight, in [0, 1]."""
        return min(self.left.weight, self.right.weight)


@dataclass(frozen=True, slots=True)
class Alone:
    """A route of one question; `faint` is that of the other, when it weighs less than a tenth of this one."""

    route: Route
    faint: Route | None = None

    @property
    def label(self) -> str:
        """The label of the route."""
        return self.route.label


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two traces side by side: routes of one label and one sign in both, of one label and opposite signs, and the rest.

    A label that has routes of both signs on one side counts with the heavier. All ordered by weight, then label; pairs
    that go the main way on the left side first.
    """

    left: Trace
    right: Trace
    shared: tuple[Pair, ...]
    opposite: tuple[Pair, ...]
    only_left: tuple[Alone, ...]
    only_right: tuple[Alone, ...]

    def __repr__(self) -> str:
        left, right = (f"{trace.source} on {trace.target}" for trace in (self.left, self.right))
        counts = f"{len(self.shared)} shared, {len(self.opposite)} opposite"
        return f"<{left} beside {right}: {counts}, {len(self.only_left)} and {len(self.only_right)} of one alone>"

    def _repr_html_(self) -> str:
        sides = [f"{trace.source} on {trace.target}" for trace in (self.left, self.right)]
        traces = zip(sides, (self.left, self.right), strict=True)
        verdicts = "".join(line(f"{side}: {trace.effect} ({trace.reason})") for side, trace in traces)
        names = ["signs", "route", "weight left", "weight right", "both through", "papers left", "papers right"]
        pairs = [
            table(names, map(_pair, each), title=title)
            for title, each in (("Shared", self.shared), ("Opposite", self.opposite))
        ]
        alone = [
            table(ROUTE, (route_cells(each.route) for each in routes), title=f"Only {side}")
            for side, routes in zip(sides, (self.only_left, self.only_right), strict=True)
        ]
        return page(" beside ".join(sides), verdicts, *pairs, *alone)


def _pair(pair: Pair) -> list[object]:
    sides = (pair.left, pair.right)
    cited = [papers(route.mechanisms[0].publications) for route in sides]
    signs = " / ".join(signed(route.sign) for route in sides)
    return [signs, pair.label, pair.left.weight, pair.right.weight, pair.common, *cited]


def compare(left: Trace, right: Trace) -> Comparison:
    """Answer which routes two traces share, and which are of one alone. Both are to hold all their routes."""
    mine, other = _heavier(left), _heavier(right)
    pairs = []
    for label in sorted(mine.keys() & other.keys()):
        one, two = mine[label], other[label]
        if min(one.weight, two.weight) >= FAINT * max(one.weight, two.weight):
            inner = _inner(one), _inner(two)
            common = inner[0] & inner[1]
            pairs.append(Pair(label, one, two, tuple(sorted(common)), all(inner) and not common))
    main = left.routes[0].sign if left.routes else 0
    pairs.sort(key=lambda pair: (pair.left.sign != main, -pair.weight, pair.label))
    paired = {pair.label for pair in pairs}
    return Comparison(
        left,
        right,
        tuple(pair for pair in pairs if pair.left.sign == pair.right.sign),
        tuple(pair for pair in pairs if pair.left.sign != pair.right.sign),
        _alone(mine, other, paired),
        _alone(other, mine, paired),
    )


def _alone(mine: Mapping[str, Route], other: Mapping[str, Route], paired: set[str]) -> tuple[Alone, ...]:
    routes = [
        route
        for label, route in mine.items()
        if label not in paired and (label not in other or route.weight > other[label].weight)
    ]
    routes.sort(key=lambda route: (-route.weight, route.label))
    return tuple(Alone(route, other.get(route.label)) for route in routes)


def _inner(route: Route) -> set[str]:
    return {name for mechanism in route.mechanisms for name in mechanism.nodes[1:-1]} - {*route.mediators}


def _heavier(trace: Trace) -> dict[str, Route]:
    by_label: dict[str, list[Route]] = defaultdict(list)
    for route in (*trace.routes, *trace.counter_routes):
        by_label[route.label].append(route)
    return {label: max(routes, key=lambda route: (route.weight, route.sign)) for label, routes in by_label.items()}
