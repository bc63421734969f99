"""The best chains of either sign from a source to a target, best first, exactly, over links ready for chaining.

One loop for both kinds of graph: `kg.chains.Chains` holds all pairs of links and serves thousands of claims,
`kg.compact.Compact` works pairs out as they are reached and serves millions.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from kg.chains import Chains, Hop, Named, Question
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
    links = itemgetter(0)
    return sorted(found[-1] + found[1], key=lambda c: (-c.score, c.names, c.sign, [*map(links, c.hops)]))


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
        self.named, self.question = chains.named(claims), question
        starting = set(self.named.leaving.get(question.source, ()))
        usable = _usable(self.named, question)
        self.rest, self.skipped = _rest(self.named, usable, question, weigh, starting, floor)
        self.starting = starting & self.rest.keys()
        self.promises = {index: (weigh(index), max(pair)) for index, pair in self.rest.items()}

    def starts(self) -> list[State]:
        """The links of the source, one state each."""
        states: list[State] = []
        for index in self.starting:
            value, ahead = self.promises[index]
            if value > 0:
                link = self.named.chains.links[index]
                seen = frozenset((self.question.source, self.named.objects[index], *link[1]))
                states.append((-value * ahead, (index,), value, link[4], False, seen, ((index, 0, "", 1.0),)))
        return states

    def ended(self, index: int) -> bool:
        """Whether a chain that ends in this link has reached the target."""
        return self.named.objects[index] in self.question.ends

    def grow(self, heap: list[State], state: State, least: float) -> None:
        """Push all chains one link longer whose bound is not below `least`."""
        _, path, value, sign, crossed, seen, hops = state
        promises, push = self.promises, heapq.heappush
        for other, end, bridge, mediators, factor, effect, hop in self.named.after(path[-1]):
            promise = promises.get(other)
            if promise is None or end in seen or (bridge and (crossed or bridge in seen)):
                continue
            if mediators and not seen.isdisjoint(mediators):
                continue
            new = value * factor * promise[0]
            bound = new * promise[1]
            if bound > 0 and bound >= least:
                passed = seen.union((end, bridge) if bridge else (end,), mediators)
                longer = (*path, other)
                push(heap, (-bound, longer, new, sign * effect, crossed or bool(bridge), passed, (*hops, hop)))

    def names(self, hops: tuple[Hop, ...]) -> tuple[str, ...]:
        """Every name on the way, mediators and bridges in their places."""
        links, objects = self.named.chains.links, self.named.objects
        names = [self.named.subjects[hops[0][0]]]
        for index, _, bridge, _ in hops:
            if bridge:
                names.append(bridge)
            names.extend(links[index][1])
            names.append(objects[index])
        return tuple(names)


def _usable(named: Named, question: Question) -> list[bool]:
    source, ends, avoid = question.source, question.ends, question.avoid
    columns = zip(named.subjects, named.objects, named.inner, strict=True)
    usable = [end != source and start not in ends and (inner or end in ends) for start, end, inner in columns]
    links = named.chains.links
    if not question.direct:
        for index in named.leaving.get(source, ()):
            if links[index][5] and not links[index][1]:
                usable[index] = False
    if avoid:
        for index, link in enumerate(links):
            claim = named.claims[link[0]]
            if avoid & {claim.subject, claim.object, claim.cell} or avoid.intersection(link[1]):
                usable[index] = False
    return usable


def _rest(
    named: Named,
    usable: list[bool],
    question: Question,
    weigh: Callable[[int], float],
    starts: set[int],
    floor: float,
) -> tuple[dict[int, list[float]], float]:
    """The best completion of each link to the target, by the sign still to come (0 for +, 1 for -).

    Length, repeats and the number of bridges are left out of account, so it is never too low: a bound. Completions that
    cannot reach `floor` times the best one of a link in `starts` are left out; what that came to is returned beside.
    """
    objects, effects, ends = named.objects, named.effects, question.ends
    heap = [
        (-ends[objects[index]], 2 * index)  # the sign to come in the last bit
        for index, fit in enumerate(usable)
        if fit and objects[index] in ends
    ]
    heapq.heapify(heap)
    promised = [0.0] * (2 * len(objects))  # best seen so far, below zero as in the heap
    for value, place in heap:
        promised[place] = value
    leading, push, pop = named.before, heapq.heappush, heapq.heappop
    settled: dict[int, list[float]] = {}
    least = 0.0
    while heap:
        value, place = pop(heap)
        if -value < least:
            break
        if value > promised[place]:
            continue  # reached better meanwhile
        index, sign = place >> 1, place & 1
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
        for before, factor in leading(index):
            reached = worth * factor
            if usable[before] and reached < promised[2 * before + flipped] and -reached >= least:
                promised[2 * before + flipped] = reached
                push(heap, (reached, 2 * before + flipped))
    return settled, least
