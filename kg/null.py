"""What a route would weigh if its factors were not tied to these cells and diseases, but only as often studied.

The null shuffles which factor a paper is about. Factors change places among papers that say the same of them, so that
each keeps its number of papers, each paper its claims, signs and tests, and only the tie between a factor and the
cells, diseases and MSC of its papers is broken. Hetionet's permutations (doi 10.7554/eLife.26726) hold the degree of a
node per kind of edge in the same way. docs/mechanisms.md says why this null, and what it cannot tell.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import NamedTuple

from kg.curation import gathered
from kg.errors import QueryError
from kg.mechanisms import LESS, Route, Trace
from kg.model import Assertion, Evidence
from kg.notebook import page, signed, table
from kg.vocabulary import Vocabulary

__all__ = [
    "Expected",
    "Null",
    "Slot",
    "exchangeable",
    "exchanged",
    "expected",
    "heaviest",
    "null",
    "renamed",
    "slots",
]

TRIES = 10  # exchanges tried per slot, as in Hetionet
MSC_SIDE = frozenset({"MesenchymalStemCell", "MSCProduct"})
Stratum = tuple[str, bool, tuple[tuple[str, int], ...]]  # category, MSC at the other end, signs by role
# sign, whether the first mediator is lowered, mediators that are no factors, number of factors, one of them
Key = tuple[int, bool, frozenset[str], int, str]


class Slot(NamedTuple):
    """A factor in a paper. `signs` is what the paper says of it, by role: object, subject, mediator.

    Each sign is that of the sum of the effects of the paper's rows, in {-1, 0, 1}; a row that refutes counts 0, and a
    role that the paper does not give the factor is left out. `msc` says that MSC or a product of theirs stand at the
    other end of one of the claims.
    """

    publication: str
    factor: str
    category: str
    msc: bool
    signs: tuple[tuple[str, int], ...]

    @property
    def stratum(self) -> Stratum:
        """What two slots must share to exchange their factors."""
        return self.category, self.msc, self.signs


class Expected(NamedTuple):
    """What a route weighs, what it weighs on average in the shuffled graphs, and how often it weighs as much there.

    `weight` and `expected` are weights of routes, in [0, 1]; `chance` in (0, 1] is (1 + shuffled graphs in which it
    weighs at least as much) / (1 + shuffled graphs). `slots` counts the papers on its factors behind the route, once
    per factor, and `free` how many of them could exchange their factor at all. `less` is that of the route.
    """

    sign: int
    mediators: tuple[str, ...]
    weight: float
    expected: float
    chance: float
    slots: int
    free: int
    less: bool = False


class Null(NamedTuple):
    """The null of all routes of a question, in the order of the answer, routes before counter-routes.

    Routes that name no factor, or only factors that no paper could exchange, are left out.
    """

    shuffles: int
    seed: int
    routes: tuple[Expected, ...]

    def of(self, route: Route) -> Expected | None:
        """Return the figures of a route; None for one that has none."""
        asked = (route.sign, route.mediators, route.less)
        same = (each for each in self.routes if (each.sign, each.mediators, each.less) == asked)
        return next(same, None) if route.mediators else None

    def __repr__(self) -> str:
        return f"<{len(self.routes)} routes against {self.shuffles} shuffled graphs, seed {self.seed}>"

    def _repr_html_(self) -> str:
        names = ["sign", "mediators", "weight", "expected", "chance", "papers", "of them exchangeable"]
        rows = [[signed(e.sign), e.mediators, e.weight, e.expected, e.chance, e.slots, e.free] for e in self.routes]
        return page(f"{self!r}"[1:-1], table(names, rows))


def slots(claims: Sequence[Assertion], vocabulary: Vocabulary) -> tuple[Slot, ...]:
    """Return every factor in every paper, ordered by paper and factor.

    A factor is what the ontology puts below its class Factor: proteins, families, RNA, small molecules, autoantibodies.
    """
    sums: dict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    msc: set[tuple[str, str]] = set()
    factors = _factors(vocabulary)
    near_msc = {name for name, entity in vocabulary.entities.items() if _above(vocabulary, entity.category) & MSC_SIDE}
    for claim in claims:
        ends = {claim.subject, claim.object} & near_msc
        for row in claim.evidence:
            effect = claim.effect if row.direction == "supports" else 0
            carried = 0 if row.mediator_test.endswith("without effect") else effect
            roles = [("object", claim.object, effect), ("subject", claim.subject, effect)]
            roles += [("mediator", name, carried) for name in row.mediator]
            for role, name, sign in roles:
                if name in factors:
                    known = sums[(row.publication, name)]
                    known[role] = known.get(role, 0) + sign
                    if ends:
                        msc.add((row.publication, name))
    return tuple(
        Slot(
            publication,
            factor,
            vocabulary.entities[factor].category,
            (publication, factor) in msc,
            tuple((role, (total > 0) - (total < 0)) for role, total in sorted(totals.items())),
        )
        for (publication, factor), totals in sorted(sums.items())
    )


def _above(vocabulary: Vocabulary, category: str) -> frozenset[str]:
    return vocabulary.ontology.superclasses[category]


def _factors(vocabulary: Vocabulary) -> frozenset[str]:
    entities = vocabulary.entities.items()
    return frozenset(name for name, entity in entities if "Factor" in _above(vocabulary, entity.category))


def exchangeable(places: Iterable[Slot]) -> dict[Stratum, list[Slot]]:
    """Return the slots of each stratum in which factors can change places: two factors and two papers at least."""
    strata: dict[Stratum, list[Slot]] = defaultdict(list)
    for slot in places:
        strata[slot.stratum].append(slot)
    several = (
        key
        for key, members in strata.items()
        if len({slot.factor for slot in members}) > 1 and len({slot.publication for slot in members}) > 1
    )
    return {key: strata[key] for key in sorted(several)}


def exchanged(places: Sequence[Slot], draw: Random) -> dict[str, dict[str, str]]:
    """Return a new factor for each factor of each paper, drawn within the strata; what stays itself is left out.

    Two slots of a stratum, drawn at random, exchange their factors unless a paper would get one twice; that ten times
    per slot. Every arrangement so reached is as probable as any other, in the long run, and none has to be mended.
    """
    free: list[Slot] = []
    strata: list[tuple[int, int]] = []  # where the stratum of a slot begins in `free`, and how many it has
    for members in exchangeable(places).values():
        strata += [(len(free), len(members))] * len(members)
        free += members
    papers = [slot.publication for slot in free]
    factors = [slot.factor for slot in free]
    within: dict[str, set[str]] = defaultdict(set)
    for slot in places:
        within[slot.publication].add(slot.factor)
    count, random = len(free), draw.random
    for _ in range(TRIES * count):
        one = int(random() * count)
        start, size = strata[one]
        other = start + int(random() * size)
        left, right = factors[one], factors[other]
        here, there = within[papers[one]], within[papers[other]]
        if left == right or here is there or right in here or left in there:
            continue
        here.remove(left)
        here.add(right)
        there.remove(right)
        there.add(left)
        factors[one], factors[other] = right, left
    names: dict[str, dict[str, str]] = defaultdict(dict)
    for slot, factor in zip(free, factors, strict=True):
        if factor != slot.factor:
            names[slot.publication][slot.factor] = factor
    return dict(names)


def renamed(
    claims: Sequence[Assertion], vocabulary: Vocabulary, names: Mapping[str, Mapping[str, str]]
) -> tuple[Assertion, ...]:
    """Return the claims with the factors of each paper under new names, gathered anew; ordered as in the dataset.

    Subject, object, mediators and `leg_of` change together; what was primed or combined stays, and so does the rest.
    """

    def rows() -> Iterator[tuple[tuple[str, ...], Evidence]]:
        for claim in claims:
            same = (claim.subject, claim.predicate, claim.object, claim.aspect, claim.cell)
            for row in claim.evidence:
                new = names.get(row.publication)
                if not new:
                    yield same, row
                    continue
                ends = (new.get(claim.subject, claim.subject), claim.predicate, new.get(claim.object, claim.object))
                leg = " -> ".join(new.get(end, end) for end in row.leg_of.split(" -> "))
                mediators = tuple(new.get(name, name) for name in row.mediator)
                yield (*ends, claim.aspect, claim.cell), row._replace(mediator=mediators, leg_of=leg)

    return gathered(rows(), vocabulary)


def null(
    claims: Sequence[Assertion],
    vocabulary: Vocabulary,
    ask: Callable[[Sequence[Assertion]], Trace],
    *,
    shuffles: int = 50,
    seed: int = 1,
    step: Callable[[], None] = lambda: None,
) -> Null:
    """Answer which routes weigh more than factors that are studied as often would let one expect.

    Parameters
    ----------
    claims
        All claims, as of the dataset.
    ask
        Puts the question to claims and gives all routes of both signs.
    shuffles
        Number of shuffled graphs, at least 1; the smallest chance is 1 / (1 + shuffles).
    seed
        Equal seed, equal figures; the first graphs of a longer run are those of a shorter one.
    step
        Called after each shuffled graph.

    Returns
    -------
    Null
        What a shuffled graph says of a route is the weight of its heaviest route of that sign with as many factors, one
        of them among those of the route, and with the same mediators that are no factors (a vesicle, a mode). For a
        route through one factor that is the route itself. Two factors of one paper seldom meet again, so that "the
        route itself" would find every pair improbable.

    Raises
    ------
    QueryError
        `shuffles` is less than 1.
    """
    if shuffles < 1:
        raise QueryError(f"{shuffles} shuffled graphs give no null; ask for 1 at least, better 50")
    places = slots(claims, vocabulary)
    answer = ask(claims)
    weights = []
    for number in range(shuffles):
        names = exchanged(places, Random(f"{seed} {number}"))
        weights.append(heaviest(ask(renamed(claims, vocabulary, names)), vocabulary))
        step()
    return Null(shuffles, seed, expected(answer, places, weights, vocabulary))


def expected(
    answer: Trace, places: Sequence[Slot], shuffled: Sequence[Mapping[Key, float]], vocabulary: Vocabulary
) -> tuple[Expected, ...]:
    """Return the figures of the routes of an answer, in its order, routes before counter-routes.

    `places` are the slots of its graph, `shuffled` what `heaviest` gives for each shuffled graph, one at least.
    """
    factors = _factors(vocabulary)
    free = {slot[:2] for members in exchangeable(places).values() for slot in members}
    found = []
    for route in (*answer.routes, *answer.counter_routes):
        cited = {paper for mechanism in route.mechanisms for paper in mechanism.publications}
        own = [slot[:2] for slot in places if slot.publication in cited and slot.factor in route.mediators]
        movable = len(free.intersection(own))
        if movable:
            weights = [max(each.get(key, 0.0) for key in _keys(route, factors)) for each in shuffled]
            often = sum(weight >= route.weight * (1 - 1e-9) for weight in weights)
            mean, chance = sum(weights) / len(shuffled), (1 + often) / (1 + len(shuffled))
            found.append(
                Expected(route.sign, route.mediators, route.weight, mean, chance, len(own), movable, route.less)
            )
    return tuple(found)


def _keys(route: Route, factors: frozenset[str]) -> list[Key]:
    """Under what a route is found again in a shuffled graph: one key for each of its factors."""
    named = [name for name in route.mediators if name in factors]
    others = frozenset(route.mediators) - factors
    return [(route.sign, route.less, others, len(named), name) for name in named]


def _named(label: str) -> tuple[str, ...]:
    """The mediators that the label of a route names."""
    return tuple(label.removeprefix("via ").removeprefix(LESS).replace(", then ", " and ").split(" and "))


def heaviest(answer: Trace, vocabulary: Vocabulary) -> dict[Key, float]:
    """Return the weight of the heaviest route under each key that a route of another graph may be compared by."""
    factors = _factors(vocabulary)
    weights: dict[Key, float] = {}
    for route in (*answer.routes, *answer.counter_routes):
        under = [  # a route that is listed under a heavier one weighs something all the same
            route._replace(mediators=_named(label), label=label, weight=weight)
            for label, weight in route.also
            if label.startswith(("via ", LESS))
        ]
        for each in (route, *under):
            for key in _keys(each, factors):
                weights[key] = max(weights.get(key, 0.0), each.weight)
    return weights
