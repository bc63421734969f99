"""The best chains of either sign from a source to a target, best first, exactly, over links ready for chaining."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from typing import NamedTuple

from kg.chains import Chains
from kg.model import Assertion

__all__ = ["Found", "Hop", "Question", "best"]

Hop = tuple[int, int, str, float]  # link, attestation, bridge before it, factor on its belief
POPPED = 60_000  # states looked at before the search gives up: a second of time


class Question(NamedTuple):
    """What is asked: names, what counts as the target (with a factor each), what must and must not be passed.

    `direct` lets a claim of the source on the target that names no mediator count as a chain.
    """

    source: str
    ends: dict[str, float]
    length: int
    via: frozenset[str] = frozenset()
    avoid: frozenset[str] = frozenset()
    direct: bool = False
    most: int = 2000


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
    chains: Chains,
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
    usable = _usable(claims, chains, question)
    ends, length = question.ends, question.length
    places = [row[0] for row in chains.links]
    mediators = [row[1] for row in chains.links]
    effects = [row[4] for row in chains.links]
    objects = [claims[place].object for place in places]
    bridges = chains.bridges
    starts = {index for index, place in enumerate(places) if claims[place].subject == question.source}
    rest, skipped = _rest(
        chains, usable, objects, effects, question, weigh, starts, floor if bounded and not question.via else 0.0
    )
    heap: list[tuple[float, tuple[int, ...], float, int, bool, frozenset[str], tuple[Hop, ...]]] = []
    for index in starts & rest.keys():
        value = weigh(index)
        if value > 0:
            seen = frozenset((question.source, objects[index], *mediators[index]))
            bound = value * max(rest[index])
            heap.append((-bound, (index,), value, effects[index], False, seen, ((index, 0, "", 1.0),)))
    heapq.heapify(heap)
    found: dict[int, list[Found]] = {-1: [], 1: []}
    least, popped = 0.0, 0
    while heap and popped < POPPED and min(map(len, found.values())) < question.most:
        bound, _, value, sign, crossed, seen, hops = heapq.heappop(heap)
        popped += 1
        if -bound < least:
            break
        index = hops[-1][0]
        at = objects[index]
        if at in ends:
            if len(found[sign]) < question.most:
                names = _names(claims, chains, hops)
                if question.via <= set(names):
                    if not least and floor * -bound < skipped:  # the bound promised more than there is: look at all
                        return best(claims, chains, question, weigh, floor, bounded=False)
                    least = least or floor * -bound
                    found[sign].append(Found(-bound, sign, hops, names))
            continue
        if len(hops) == length:
            continue
        for other, place, attestation, crossing in zip(*chains.follows[index], strict=True):
            if other not in rest or not usable[other]:
                continue
            end, bridge = objects[other], bridges[crossing]
            if (bridge and (crossed or bridge in seen)) or not seen.isdisjoint(mediators[other]):
                continue
            if end in seen:
                continue
            new = value * chains.factors[place] * weigh(other)
            bound = new * max(rest[other])
            if bound > 0 and bound >= least:
                longer = (*hops, (other, attestation, bridge, chains.factors[place]))
                passed = seen.union((end, bridge) if bridge else (end,), mediators[other])
                path = tuple(hop[0] for hop in longer)
                state = (-bound, path, new, sign * effects[other], crossed or bool(bridge), passed, longer)
                heapq.heappush(heap, state)
    if skipped and not found[-1] and not found[1]:
        return best(claims, chains, question, weigh, floor, bounded=False)
    return sorted(found[-1] + found[1], key=lambda each: (-each.score, each.names, each.sign))


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


def _names(claims: Sequence[Assertion], chains: Chains, hops: tuple[Hop, ...]) -> tuple[str, ...]:
    names = [claims[chains.links[hops[0][0]][0]].subject]
    for index, _, bridge, _ in hops:
        place, mediators = chains.links[index][:2]
        if bridge:
            names.append(bridge)
        names.extend(mediators)
        names.append(claims[place].object)
    return tuple(names)
