"""The search in a graph in compact form: a bound on what may still come, and chains that grow where it promises most.

`kg.bestfirst.best` runs it. docs/mechanisms.md explains the bound, docs/benchmarks.md gives the figures.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from kg.chains import Hop, Question
from kg.compact import ASSOCIATION, LAST, LEAD, LOWERS, MEDIATED, OFF_ORDER, Array, Compact, Rules, spread

__all__ = ["Levels", "Search"]

CHUNK = 64  # followers of a link looked at together
FEW = 20_000  # links that a level may touch and still be worked out backwards at once
BACKWARD, DENSE = 1 / 40, 1 / 8  # shares of all links: up to which backwards, and from which in one pass over all
SLACK = 1 + 4e-6  # bounds are kept as float32 and must never be too low
POPPED = 100_000  # states looked at before the search gives up: some ten seconds, a minute in the largest graphs


class Levels:
    """The best that may still come after a name with so many steps left, by the sign still to come: a bound.

    Coherence, repeats and the number of bridges are left out of account, each link counts with the largest factor that
    any link before it could give: never too low. Levels are worked out backwards from the target while that touches few
    links, `deepest` at most; deeper ones only for names that a search asks for, or in one pass over all links when it
    asks for many. Names in `closed` are never passed. What is under
    1e-38 counts as nothing.

    `ends` are names with the value of reaching them, by sign still to come. `leaving` and `standing`, flat by (name,
    sign), are what leaving or standing at a name is worth besides: for chains that must pass something, and then have.
    """

    def __init__(
        self,
        graph: Compact,
        closed: Iterable[int],
        ends: Mapping[int, tuple[float, float]],
        deepest: int,
        leaving: Array | None = None,
        standing: Array | None = None,
    ) -> None:
        self.graph = graph
        size = len(graph.first) - 1
        self.through = (graph.penalty * (graph.inside & graph.side != 0)).astype(np.float32)
        self.through[[*closed, *ends]] = 0
        self.closed = np.array(sorted({*closed, *ends}), np.int64)
        leads = Rules(graph.allowed, graph.priors, ()).leads
        codes = np.arange(1 << (LEAD + 2), dtype=np.int64)
        table = leads[codes >> LEAD] * np.where(codes & OFF_ORDER, graph.priors[5], 1.0) * SLACK
        self.table = table.astype(np.float32)
        self.bridging = np.repeat(np.arange(size), np.diff(graph.bridge_first))
        self.over = (graph.priors[4] * graph.penalty[graph.bridge] * SLACK).astype(np.float32)
        self.is_end = np.zeros(size, np.bool_)
        self.is_end[list(ends)] = True
        out = np.zeros(2 * size, np.float32) if leaving is None else leaving
        out.reshape(-1, 2)[self.closed] = 0
        at = out * np.repeat(self.through, 2)
        if standing is not None:
            np.maximum(at, standing, out=at)
        at.reshape(-1, 2)[self.closed] = 0
        for end, values in ends.items():
            at[2 * end], at[2 * end + 1] = (value * SLACK for value in values)
        self.out = [out]  # best of the links that leave a name, by (name, sign)
        self.at = [at]  # the same where a chain stands at the name, by (name, sign)
        self.settled, self.still = 0, False  # levels known for all names; whether deeper ones hold nothing new
        self._settle_few(deepest)

    def worth(self, edges: Array) -> Array:
        """Weight of links with the largest factor that may stand before it; float32."""
        bound: Array = self.graph.weight[edges] * self.table[self.graph.flags[edges]]
        return bound

    def _settle_few(self, deepest: int) -> None:
        few = max(FEW, BACKWARD * len(self.graph))
        while self.settled < deepest and not self.still:
            frontier = self._frontier()
            if self.settled and self._links_into(frontier) > few:
                break
            self._settle_one(frontier)

    def _links_into(self, names: Array) -> int:
        first = self.graph.first_in
        return int((first[names + 1] - first[names]).sum())

    def _frontier(self) -> Array:
        """Names that the last settled level reached anew or better."""
        now = self.at[self.settled].reshape(-1, 2)
        if not self.settled:
            return np.flatnonzero(now.any(axis=1))
        return np.flatnonzero((now > self.at[self.settled - 1].reshape(-1, 2)).any(axis=1))

    def settle(self, level: int) -> None:
        """Work out a level for all names, with those below it."""
        while self.settled < level and not self.still:
            self._settle_one(self._frontier())

    def _settle_one(self, frontier: Array) -> None:
        self.still = not len(frontier)
        if self.still:
            return
        out = self.out[self.settled].copy()
        if self.settled and self._links_into(frontier) > DENSE * len(self.graph):
            self._pass(out)
        else:
            self._back(out, frontier)
        out.reshape(-1, 2)[self.closed] = 0
        at = out * np.repeat(self.through, 2)
        if len(self.bridging):
            pairs = out.reshape(-1, 2)[self.graph.bridge] * (self.over * self.through[self.bridging])[:, None]
            for sign in (0, 1):
                np.maximum.at(at, 2 * self.bridging + sign, pairs[:, sign])
        np.maximum(at, self.at[0], out=at)
        self.settled += 1
        self.out[self.settled : self.settled + 1] = [out]
        self.at[self.settled : self.settled + 1] = [at]

    def _back(self, out: Array, frontier: Array) -> None:
        graph, before = self.graph, self.at[self.settled]
        flat, _ = spread(graph.first_in, frontier)
        edges = graph.incoming[flat]
        if self.settled:  # an association only leads to the target, which the first level has looked at
            edges = edges[graph.flags[edges] & ASSOCIATION == 0]
        worth, start = self.worth(edges), 2 * graph.subject[edges].astype(np.int64)
        end, lowers = 2 * graph.target[edges].astype(np.int64), (graph.flags[edges] & LOWERS).astype(np.int64)
        np.maximum.at(out, start + lowers, worth * before[end])
        np.maximum.at(out, start + 1 - lowers, worth * before[end + 1])

    def _pass(self, out: Array) -> None:
        graph, before = self.graph, self.at[self.settled]
        pairs = before.view(np.uint64)
        usable = self.table.copy()
        usable[np.arange(len(usable)) & ASSOCIATION != 0] = 0
        bounds = np.searchsorted(graph.first, np.arange(0, len(graph) + 1, 1 << 18), side="left")
        bounds = np.unique(np.append(bounds, len(graph.first) - 1))
        table = out.reshape(-1, 2)
        for low, high in pairwise(bounds.tolist()):
            start, stop = int(graph.first[low]), int(graph.first[high])
            if start == stop:
                continue
            flags = graph.flags[start:stop]
            worth = graph.weight[start:stop] * usable[flags]
            values = pairs[graph.target[start:stop]].view(np.float32).reshape(-1, 2)
            lowers = flags & LOWERS != 0
            rows = np.flatnonzero(np.diff(graph.first[low : high + 1])) + low
            cuts = graph.first[rows] - start
            for sign in (0, 1):
                best = np.maximum.reduceat(np.where(lowers, values[:, 1 - sign], values[:, sign]) * worth, cuts)
                table[rows, sign] = np.maximum(table[rows, sign], best)

    def know(self, level: int, names: Array) -> Array:
        """Return a level, flat by (name, sign), in which at least these names are worked out; others may be -1."""
        if level > self.settled and not self.still:
            while len(self.at) <= level:
                self.at.append(np.full(len(self.at[0]), -1, np.float32))
                self.out.append(np.full(len(self.at[0]), -1, np.float32))
                self.at[-1].reshape(-1, 2)[self.closed] = self.at[0].reshape(-1, 2)[self.closed]
                self.out[-1].reshape(-1, 2)[self.closed] = 0
            missing = np.unique(names[self.at[level][2 * names] < 0])
            dead = missing[self.through[missing] == 0]
            self.at[level].reshape(-1, 2)[dead] = 0
            missing = missing[self.through[missing] > 0]
            if len(missing):
                self._ask(level, missing)
        known: Array = self.at[self.settled if self.still and level > self.settled else level]
        return known

    def _ask(self, level: int, names: Array) -> None:
        graph = self.graph
        slots, times = spread(graph.bridge_first, names)
        wide = np.unique(np.concatenate([names, graph.bridge[slots]])) if len(slots) else names
        wide = wide[self.out[level][2 * wide] < 0]
        edges, counts = spread(graph.first, wide)
        if len(edges) > max(FEW, DENSE * len(graph)):
            self.settle(level)
            return
        flags = graph.flags[edges]
        target = graph.target[edges].astype(np.int64)
        before = self.know(level - 1, target)
        if level <= self.settled or self.still:
            return
        worth = np.where((flags & ASSOCIATION != 0) & ~self.is_end[target], 0, self.worth(edges))
        lowers = (flags & LOWERS).astype(np.int64)
        out, at = self.out[level].reshape(-1, 2), self.at[level].reshape(-1, 2)
        out[wide] = 0
        full = counts > 0
        cuts = (np.cumsum(counts) - counts)[full]
        if len(cuts):
            out[wide[full], 0] = np.maximum.reduceat(worth * before[2 * target + lowers], cuts)
            out[wide[full], 1] = np.maximum.reduceat(worth * before[2 * target + 1 - lowers], cuts)
        out[wide] = np.maximum(out[wide], self.out[0].reshape(-1, 2)[wide])
        at[names] = np.maximum(out[names] * self.through[names][:, None], self.at[0].reshape(-1, 2)[names])
        if len(slots):
            rows = np.repeat(names, times)
            pairs = out[graph.bridge[slots]] * (self.over[slots] * self.through[rows])[:, None]
            for sign in (0, 1):
                np.maximum.at(self.at[level], 2 * rows + sign, pairs[:, sign])


class _Queue:
    """What may leave a name, most promising first: links, bridges before them, and what may come after them, by sign.

    `keys` bound what each can bring, `made` keeps the followers of a link from a place in the queue on: link, factor,
    attestation, bridge, end, and what may come after it.
    """

    def __init__(self, edges: Array, slots: Array, plus: Array, minus: Array, keys: Array) -> None:
        kept = np.flatnonzero(keys > 0)
        kept = kept[np.argsort(-keys[kept], kind="stable")]
        self.edges, self.slots, self.keys = edges[kept], slots[kept], keys[kept]
        self.plus, self.minus = plus[kept], minus[kept]
        self.made: dict[tuple[int, int], list[tuple[Any, ...]]] = {}


class Search:
    """The search that works pairs out as it goes: see `kg.bestfirst.best`.

    A state gives its followers a chunk at a time, best bound first, and stays in the heap with the bound of the next.
    `wanted` is the sign that is still asked for, 0 while both are.
    """

    patience = POPPED
    skipped = 0.0

    def __init__(self, graph: Compact, question: Question, weigh: Callable[[int], float]) -> None:
        self.graph, self.question, self.weigh = graph, question, weigh
        numbers = graph.numbers
        self.wanted = 0
        self.source = numbers.get(question.source, -1)
        self.avoid = {numbers[name] for name in question.avoid if name in numbers}
        self.ends = {
            numbers[name]: factor
            for name, factor in question.ends.items()
            if name in numbers and numbers[name] not in self.avoid and name != question.source
        }
        self.length = question.length
        self.cursors: dict[tuple[int, ...], tuple[_Queue, int]] = {}
        self.queues: dict[tuple[int, int, int, frozenset[int]], _Queue] = {}
        self.via = frozenset(numbers[name] for name in question.via if name in numbers)

    def starts(self) -> list[Any]:
        """One state that stands at the source, or none when nothing can come of it."""
        if self.source < 0 or self.source in self.avoid or not self.ends or self.length < 1:
            return []
        if self.question.source in self.question.ends or len(self.via) < len(self.question.via):
            return []
        closed = [self.source, *self.avoid]
        ends = {end: (factor, 0.0) for end, factor in self.ends.items()}
        self.levels = Levels(self.graph, closed, ends, self.length - 1)
        self.passing = {name: self._passing(name, closed) for name in self.via - {self.source}}
        return [(-2.0, (), 1.0, 1, False, frozenset((self.source,)), ())]

    def _passing(self, name: int, closed: list[int]) -> tuple[Levels, Array]:
        """Levels of chains that have yet to pass a name, and the links that pass it as their mediator.

        Once it is passed (reached, bridged to, or named by a link) the rest counts as in the levels of any chain.
        """
        graph, levels, deepest = self.graph, self.levels, self.length - 1
        places = np.searchsorted(graph.mediator_first, np.flatnonzero(graph.mediator == name), side="right") - 1
        naming = np.unique(graph.mediated[places]).astype(np.int64)
        target, lowers = graph.target[naming].astype(np.int64), (graph.flags[naming] & LOWERS).astype(np.int64)
        low = levels.bridging[graph.bridge == name]
        known = levels.know(deepest, np.concatenate([target, low, [name]]))
        leaving, standing = np.zeros_like(known), np.zeros_like(known)
        subject, worth = 2 * graph.subject[naming].astype(np.int64), levels.worth(naming) * np.float32(SLACK)
        np.maximum.at(leaving, subject, worth * known[2 * target + lowers])
        np.maximum.at(leaving, subject + 1, worth * known[2 * target + 1 - lowers])
        standing.reshape(-1, 2)[low] = known.reshape(-1, 2)[low]
        reached = {name: (float(known[2 * name]), float(known[2 * name + 1]))}
        others = [*closed, *(end for end in self.ends if end != name)]
        return Levels(graph, others, reached, deepest, leaving, standing), naming

    def ended(self, index: int) -> bool:
        """Whether a chain that ends in this link has reached the target."""
        return int(self.graph.target[index]) in self.ends

    def names(self, hops: tuple[Hop, ...]) -> tuple[str, ...]:
        """Every name on the way, mediators and bridges in their places."""
        graph, spelled = self.graph, self.graph.names
        found = [spelled[graph.subject[hops[0][0]]]]
        for index, _, bridge, _ in hops:
            if bridge:
                found.append(bridge)
            found.extend(spelled[each] for each in graph.mediators(index))
            found.append(spelled[graph.target[index]])
        return tuple(found)

    def grow(self, heap: list[Any], state: Any, least: float) -> None:
        """Push the next followers of a state, and the state itself while there are more."""
        bound, path, value, sign, crossed, seen, hops = state
        left = self.length - len(path)
        queue, position = self.cursors.pop(path, (None, 0))
        if queue is None:
            queue = self._queue(path, left, self.wanted * sign, self.via - seen)
        if position >= len(queue.edges):
            return
        promised = value * float(queue.keys[position])
        if promised < least:
            return
        if promised < -bound * (1 - 1e-9) and heap and -heap[0][0] > promised:
            self._later(heap, state, queue, position)
            return
        graph, weigh, spelled = self.graph, self.weigh, self.graph.names
        for other, factor, attestation, slot, end, plus, minus in self._followers(path, queue, position):
            if end in seen:
                continue
            bridge = int(graph.bridge[slot]) if slot >= 0 else -1
            if slot >= 0 and (crossed or bridge in seen):
                continue
            new = value * factor * weigh(other)
            signed = -sign if graph.flags[other] & LOWERS else sign
            if end in self.ends:
                rest = self.ends[end] if self.wanted in (0, signed) else 0.0
            elif self.wanted:
                rest = plus if self.wanted == signed else minus
            else:
                rest = max(plus, minus)
            ahead = new * rest
            if ahead <= 0 or ahead < least:
                continue
            mediators = graph.mediators(other)
            if mediators and not seen.isdisjoint(mediators):
                continue
            if self.avoid and (int(graph.cell[other]) in self.avoid or not self.avoid.isdisjoint(mediators)):
                continue
            passed = seen.union((end, bridge) if slot >= 0 else (end,), mediators)
            hop = (other, attestation, spelled[bridge] if slot >= 0 else "", factor)
            heapq.heappush(heap, (-ahead, (*path, other), new, signed, crossed or slot >= 0, passed, (*hops, hop)))
        self._later(heap, state, queue, position + CHUNK)

    def _later(self, heap: list[Any], state: Any, queue: _Queue, position: int) -> None:
        if position < len(queue.edges):
            path, value = state[1], state[2]
            self.cursors[path] = queue, position
            heapq.heappush(heap, (-value * float(queue.keys[position]), *state[1:]))

    def _rest(self, left: int, edges: Array, slots: Array, yet: frozenset[int]) -> tuple[Array, Array]:
        """What may come after each link, by sign still to come, when names are yet to be passed."""
        target = self.graph.target[edges].astype(np.int64)
        known = self.levels.know(left - 1, target)
        plus, minus = known[2 * target], known[2 * target + 1]
        for name in sorted(yet):
            levels, naming = self.passing[name]
            known = levels.know(left - 1, target)
            passed = np.isin(edges, naming)
            over = np.flatnonzero(slots >= 0)
            passed[over] |= self.graph.bridge[slots[over]] == name
            plus = np.where(passed, plus, np.minimum(plus, known[2 * target]))
            minus = np.where(passed, minus, np.minimum(minus, known[2 * target + 1]))
        return plus, minus

    def _queue(self, path: tuple[int, ...], left: int, wanted: int, yet: frozenset[int]) -> _Queue:
        """What may leave the name reached, sorted by what it can bring with the sign wanted from here (0: either)."""
        graph, levels = self.graph, self.levels
        at = int(graph.target[path[-1]]) if path else self.source
        key = (at, left, wanted, yet)
        if path and (graph.flags[path[-1]] & ASSOCIATION or not graph.inside[at] & graph.side):
            return _Queue(*(np.empty(0, kind) for kind in (np.int64, np.int64, float, float, float)))
        if key in self.queues:
            return self.queues[key]
        edges, slots = graph.leaving(at)
        if not path:
            edges, slots = edges[slots < 0], slots[slots < 0]
        target, flags = graph.target[edges], graph.flags[edges]
        plus, minus = self._rest(left, edges, slots, yet)
        if wanted:
            rest = np.where((flags & LOWERS != 0) == (wanted > 0), minus, plus)
        else:
            rest = np.maximum(plus, minus)
        if path:
            keys = (levels.worth(edges) * rest).astype(np.float64) * (graph.penalty[at] * SLACK)
            over = slots >= 0
            keys[over] *= graph.priors[4] * graph.penalty[graph.bridge[slots[over]]]
        else:
            keys = (graph.weight[edges] * rest).astype(np.float64) * SLACK
            if not self.question.direct:
                keys[(flags & LAST != 0) & (flags & MEDIATED == 0)] = 0
        keys[(flags & (ASSOCIATION | LAST) != 0) & ~levels.is_end[target]] = 0
        keys[np.isin(graph.subject[edges], levels.closed) & (slots >= 0)] = 0  # no bridge to what must not be passed
        self.queues[key] = _Queue(edges, slots, plus, minus, keys)
        return self.queues[key]

    def _followers(self, path: tuple[int, ...], queue: _Queue, position: int) -> list[tuple[Any, ...]]:
        """The next chunk of followers of the last link; kept, since many chains end in the same one."""
        first = path[-1] if path else -1
        if (first, position) in queue.made:
            return queue.made[first, position]
        graph, part = self.graph, slice(position, position + CHUNK)
        edges, slots, plus, minus = queue.edges[part], queue.slots[part], queue.plus[part], queue.minus[part]
        if path:
            factors, attestations = graph.composed(first, edges, slots)
        else:
            factors, attestations = np.ones(len(edges)), np.zeros(len(edges), np.int8)
        fit = np.flatnonzero(factors)
        columns = (edges, factors, attestations, slots, graph.target[edges], plus, minus)
        made = list(zip(*(column[fit].tolist() for column in columns), strict=True))
        queue.made[first, position] = made
        return made
