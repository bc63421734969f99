"""The best chains of either sign from a source to a target, best first, exactly, over links ready for chaining.

One loop for both kinds of graph: `kg.chains.Chains` holds all pairs of links and serves thousands of claims,
`kg.compact.Compact` works pairs out as they are reached and serves millions.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from kg.chains import Chains, Hop, Question
from kg.model import Assertion

if TYPE_CHECKING:
    from kg.compact import Compact
    from kg.lookahead import Search

__all__ = ["Found", "Hop", "Question", "best"]

POPPED = 60_000  # states looked at before the search gives up: a second of time

State = tuple[float, tuple[int, ...], float, int, bool, frozenset[Any], tuple[Hop, ...]]
# minus the bound, links, value so far, sign so far, whether a bridge was crossed, what was passed, hops


class Found(NamedTuple):
    """One chain: its score and sign, its hops, and every name on the way.

    `names` runs from source to end, with mediators of direct claims and bridges in their places. `short` are the hops
    of a shorter way of saying the same, when that is what the score rests on.
    """

    score: float
    sign: int
    hops: tuple[Hop, ...]
    names: tuple[str, ...]
    short: tuple[Hop, ...] = ()


def best(
    claims: Sequence[Assertion],
    ready: Chains | Compact,
    question: Question,
    weigh: Callable[[int], float],
    floor: float,
    *,
    bounded: bool = True,
) -> list[Found]:
    """Return the best chains, best first, ties by names: at most `question.most` of each sign.

    `weigh` gives the weight of a link in [0, 1], and is asked only of links that matter. No name comes twice in a
    chain, and at most one bridge. Chains below `floor` times the best one are left out; `bounded` does not even look at
    them, which changes nothing but time.
    """
    search: _Pairs | Search
    if isinstance(ready, Chains):
        search = _Pairs(claims, ready, question, weigh, floor if bounded and not question.via else 0.0)
    else:
        from kg.lookahead import Search  # numpy only where the graph is large

        search = Search(ready, question, weigh)
    heap: list[State] = search.starts()
    heapq.heapify(heap)
    found: dict[int, list[Found]] = {-1: [], 1: []}
    least, popped = 0.0, 0
    while heap and popped < search.patience and min(map(len, found.values())) < question.most:
        state = heapq.heappop(heap)
        bound, path, _, sign, _, _, hops = state
        popped += 1
        if -bound < least:
            break
        if path and search.ended(path[-1]):
            if len(found[sign]) < question.most:
                names = search.names(hops)
                if question.via <= set(names):
                    if not least and floor * -bound < search.skipped:  # promised more than there is: look at all
                        return best(claims, ready, question, weigh, floor, bounded=False)
                    least = least or floor * -bound
                    found[sign].append(Found(-bound, sign, hops, names))
                    if len(found[sign]) == question.most:
                        search.wanted = -sign
            continue
        if len(hops) < question.length:
            search.grow(heap, state, least)
    if search.skipped and not found[-1] and not found[1]:
        return best(claims, ready, question, weigh, floor, bounded=False)
    return sorted(found[-1] + found[1], key=lambda each: (-each.score, each.names, each.sign))


class _Pairs:
    """The search over all pairs worked out beforehand, with the best completion of every link known."""

    patience = POPPED
    wanted = 0

    def __init__(
        self,
        claims: Sequence[Assertion],
        chains: Chains,
        question: Question,
        weigh: Callable[[int], float],
        floor: float,
    ) -> None:
        self.claims, self.chains, self.question, self.weigh = claims, chains, question, weigh
        self.usable = _usable(claims, chains, question)
        places = [row[0] for row in chains.links]
        self.mediators = [row[1] for row in chains.links]
        self.effects = [row[4] for row in chains.links]
        self.objects = [claims[place].object for place in places]
        self._starts = {index for index, place in enumerate(places) if claims[place].subject == question.source}
        self.rest, self.skipped = _rest(
            chains, self.usable, self.objects, self.effects, question, weigh, self._starts, floor
        )

    def starts(self) -> list[State]:
        """The links of the source, one state each."""
        states: list[State] = []
        for index in self._starts & self.rest.keys():
            value = self.weigh(index)
            if value > 0:
                seen = frozenset((self.question.source, self.objects[index], *self.mediators[index]))
                bound = value * max(self.rest[index])
                states.append((-bound, (index,), value, self.effects[index], False, seen, ((index, 0, "", 1.0),)))
        return states

    def ended(self, index: int) -> bool:
        """Whether a chain that ends in this link has reached the target."""
        return self.objects[index] in self.question.ends

    def grow(self, heap: list[State], state: State, least: float) -> None:
        """Push all chains one link longer whose bound is not below `least`."""
        _, path, value, sign, crossed, seen, hops = state
        chains, rest, usable, weigh, objects = self.chains, self.rest, self.usable, self.weigh, self.objects
        mediators, bridges, factors = self.mediators, chains.bridges, chains.factors
        for other, place, attestation, crossing in zip(*chains.follows[path[-1]], strict=True):
            if other not in rest or not usable[other]:
                continue
            end, bridge = objects[other], bridges[crossing]
            if (bridge and (crossed or bridge in seen)) or not seen.isdisjoint(mediators[other]):
                continue
            if end in seen:
                continue
            new = value * factors[place] * weigh(other)
            bound = new * max(rest[other])
            if bound > 0 and bound >= least:
                longer = (*hops, (other, attestation, bridge, factors[place]))
                passed = seen.union((end, bridge) if bridge else (end,), mediators[other])
                signed = sign * self.effects[other]
                heapq.heappush(heap, (-bound, (*path, other), new, signed, crossed or bool(bridge), passed, longer))

    def names(self, hops: tuple[Hop, ...]) -> tuple[str, ...]:
        """Every name on the way, mediators and bridges in their places."""
        claims, links = self.claims, self.chains.links
        names = [claims[links[hops[0][0]][0]].subject]
        for index, _, bridge, _ in hops:
            if bridge:
                names.append(bridge)
            names.extend(self.mediators[index])
            names.append(self.objects[index])
        return tuple(names)


def _usable(claims: Sequence[Assertion], chains: Chains, question: Question) -> list[bool]:
    source, ends, avoid = question.source, question.ends, question.avoid
    result = []
    for place, mediators, _, _, _, last, association, *_ in chains.links:
        claim = claims[place]
        fit = claim.object != source and claim.subject not in ends
        if last or association:
            fit = fit and claim.object in ends
        if last and claim.subject == source and not mediators and not question.direct:
            fit = False
        if fit and avoid:
            fit = not (avoid & {claim.subject, claim.object, claim.cell} or avoid.intersection(mediators))
        result.append(fit)
    return result


def _rest(
    chains: Chains,
    usable: list[bool],
    objects: list[str],
    effects: list[int],
    question: Question,
    weigh: Callable[[int], float],
    starts: set[int],
    floor: float,
) -> tuple[dict[int, list[float]], float]:
    """The best completion of each link to the target, by the sign still to come (0 for +, 1 for -).

    Length, repeats and the number of bridges are left out of account, so it is never too low: a bound. Completions that
    cannot reach `floor` times the best one of a link in `starts` are left out; what that came to is returned beside.
    """
    heap = [
        (-question.ends[objects[index]], index, 0)
        for index, fit in enumerate(usable)
        if fit and objects[index] in question.ends
    ]
    heapq.heapify(heap)
    settled: dict[int, list[float]] = {}
    least = 0.0
    while heap:
        value, index, sign = heapq.heappop(heap)
        if -value < least:
            break
        pair = settled.setdefault(index, [0.0, 0.0])
        if pair[sign]:
            continue
        pair[sign] = -value
        worth = value * weigh(index)
        if not worth:
            continue
        if index in starts:
            least = max(least, -floor * worth)
            continue
        flipped = 1 - sign if effects[index] < 0 else sign
        for before, factor in chains.precedes[index]:
            if usable[before]:
                known = settled.get(before)
                if known is None or not known[flipped]:
                    heapq.heappush(heap, (worth * factor, before, flipped))
    return settled, least
