"""The claims of a large graph as arrays: which link may follow which is worked out only where a search comes by.

`kg.chains.Chains` holds every pair of links that may follow one another, which millions of links do not allow. `Compact`
holds what composing looks at, some 45 bytes a link, and gives the same pairs, factors and answers. `kg.bestfirst.best`
takes either. docs/mechanisms.md explains the rules, docs/benchmarks.md gives the figures.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kg.chains import ENDS_ONLY, MSC, RELEASED, Composer, Hop, Link, Question, belief, links
from kg.graph import Context, Weigher
from kg.model import Assertion
from kg.vocabulary import Ontology, Vocabulary

__all__ = ["Columns", "Compact", "Rules", "Search", "assembled", "compact", "rules"]

Array = NDArray[Any]

# flags of a link
LOWERS, LAST, ASSOCIATION, FIRST_ONLY, OFF_ORDER, ANYWHERE, SET_FREE, MEDIATED = (1 << bit for bit in range(8))
LEAD = 8  # from this bit on: how well any link at all leads into this one, a place in Rules.leads
INSIDE, INSIDE_THROUGH_MSC = 1, 2  # where a name may stand inside a chain
CHUNK = 64  # followers of a link looked at together
SLACK = 1 + 4e-6  # bounds are kept as float32 and must never be too low
POPPED = 250_000  # states looked at before the search gives up: some ten seconds


class Rules(NamedTuple):
    """What the ontology says of composing, as arrays.

    `allowed[group, need, lowers]` says whether a link that needs an aspect (0: names none, else 1 + group) may follow
    one that changes `group`; `priors` are the factors for attested, same publication, assembled, other cell, bridge and
    order against the layers; `groups` the names of the groups in their order.
    """

    allowed: Array
    priors: Array
    groups: tuple[str, ...]

    @property
    def leads(self) -> Array:
        """The largest factor of composition by lead: 0 nothing leads here, 1 assembled, 2 same publication, 3 attested.

        Bridges and order aside; never falling, whatever the priors are.
        """
        attested, same, together, other = self.priors[:4]
        return np.maximum.accumulate(np.array([0.0, max(together, other), same, attested]))


def rules(ontology: Ontology) -> Rules:
    """Return the rules of composing of an ontology; groups are in the order of their names."""
    groups = tuple(sorted(ontology.chains))
    allowed = np.zeros((len(groups), len(groups) + 1, 2), dtype=np.bool_)
    for number, name in enumerate(groups):
        group = ontology.chains[name]
        allowed[number, 0] = group.unstated, group.unstated or group.lowering
        for other, after in enumerate(groups):
            allowed[number, other + 1] = after in group.into
    names = ("chain_attested", "chain_same_publication", "chain_assembled", "chain_other_cell", "bridge", "off_grammar")
    return Rules(allowed, np.array([ontology.priors[name] for name in names]), groups)


class Columns(NamedTuple):
    """Links and names as plain columns, the form in which `assembled` takes them.

    Of links, one value each: `subject`, `target` and `cell` (numbers of names, cell -1 for none), `weight` in [0, 1] (the
    largest worth under any context, penalty of mediators included), `flags` (without order and lead), `group`, `need`,
    `diseases` (a place among `sets`), `claim`, and as ragged pairs of (how many each, all in a row) `marks` (papers as
    numbers from 0 on, legs as -1 - number; at least one paper each) and `mediators`.

    Of names, one value each: `names`, `penalty` and `layer`, `inside` (bits INSIDE and INSIDE_THROUGH_MSC), and ragged
    `bridges` with `narrower` (whether each is a kind of the name) and `kin` (names related to it; asked of cells and
    diseases only). `sets` are the sets of diseases, ragged too, the first one empty.
    """

    subject: Array
    target: Array
    cell: Array
    weight: Array
    flags: Array
    group: Array
    need: Array
    diseases: Array
    claim: Array
    marks: tuple[Array, Array]
    mediators: tuple[Array, Array]
    names: Sequence[str]
    penalty: Array
    layer: Array
    inside: Array
    bridges: tuple[Array, Array]
    narrower: Array
    kin: tuple[Array, Array]
    sets: tuple[Array, Array]


@dataclass(frozen=True, eq=False)
class Compact:
    """Links in rows by subject (`first[v]` to `first[v + 1]`), with all that composing and bounding look at.

    Numbers of names and links are int32; what is ragged has a `_first` array of starts. `incoming` lists links by target.
    Claims and vocabulary are needed only to turn a link into words; `through_msc` says whether MSC stand inside chains.
    """

    first: Array
    first_in: Array
    penalty: Array
    inside: Array
    bridge_first: Array
    bridge: Array
    narrower: Array
    kin_first: Array
    kin: Array
    spelled: Array
    subject: Array
    target: Array
    incoming: Array
    cell: Array
    weight: Array
    flags: Array
    group: Array
    need: Array
    diseases: Array
    claim: Array
    mark_first: Array
    mark: Array
    mediated: Array
    mediator_first: Array
    mediator: Array
    set_first: Array
    set_member: Array
    allowed: Array
    priors: Array
    claims: Sequence[Assertion] = ()
    vocabulary: Vocabulary | None = None
    through_msc: bool = False

    @property
    def arrays(self) -> dict[str, Array]:
        """All arrays by name, to be kept and given to `Compact` again."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.type == "Array"}

    def passing(self, through_msc: bool) -> Compact:
        """The same arrays with MSC inside chains, or not."""
        return replace(self, through_msc=through_msc)

    def __len__(self) -> int:
        return len(self.target)

    @property
    def bytes_a_link(self) -> float:
        """Bytes of all arrays with one entry or more a link, for each link."""
        own = ("subject", "target", "incoming", "cell", "weight", "flags", "group", "need", "diseases", "claim")
        ragged = ("mark_first", "mark", "mediated", "mediator_first", "mediator")
        return sum(int(getattr(self, name).nbytes) for name in own + ragged) / max(1, len(self))

    @cached_property
    def names(self) -> list[str]:
        """What each number stands for."""
        return bytes(self.spelled).decode().split("\n")

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The number of each name."""
        return {name: number for number, name in enumerate(self.names)}

    def __getitem__(self, index: int) -> Link:
        """Return a link, worked out anew from its claim."""
        if self.vocabulary is None:
            raise LookupError("links without claims cannot be put into words")
        place = int(self.claim[index])
        number = 0
        while number < index and self.claim[index - number - 1] == place:
            number += 1
        link = links((self.claims[place],), self.vocabulary)[number]
        penalty = 1.0
        for name in link.mediators:
            penalty *= float(self.penalty[self.numbers[name]])
        return link._replace(claim=place, penalty=penalty)

    def mediators(self, index: int) -> tuple[int, ...]:
        """Numbers of the mediators that a link names, in their order."""
        if not self.flags[index] & MEDIATED:
            return ()
        place = int(np.searchsorted(self.mediated, index))
        return tuple(self.mediator[self.mediator_first[place] : self.mediator_first[place + 1]].tolist())

    def after(self, first: int) -> tuple[Array, Array]:
        """Links of the name that a link reaches and of those bridged from it, and the bridge of each (-1 for none).

        A bridge is a place in `bridge`. In the order of `Chains.follows`; empty where no chain goes on.
        """
        at = int(self.target[first])
        if self.flags[first] & ASSOCIATION or not self.inside[at] & self._side:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return self.leaving(at)

    @property
    def _side(self) -> int:
        return INSIDE_THROUGH_MSC if self.through_msc else INSIDE

    def leaving(self, at: int) -> tuple[Array, Array]:
        """Links of a name and of those bridged from it, and the bridge of each (-1 for none)."""
        slots = range(int(self.bridge_first[at]), int(self.bridge_first[at + 1]))
        starts = [at, *(int(self.bridge[slot]) for slot in slots)]
        runs = [np.arange(self.first[name], self.first[name + 1], dtype=np.int64) for name in starts]
        if len(runs) == 1:
            return runs[0], np.full(len(runs[0]), -1, np.int64)
        return np.concatenate(runs), np.repeat(np.array([-1, *slots], np.int64), [len(run) for run in runs])

    def composed(self, first: int, others: Array, slots: Array) -> tuple[Array, Array]:
        """Return factors (float64, in [0, 1]) and attestations of links after `first`; 0 for those that may not follow.

        `others` and `slots` are as `after` gives them, or parts of that. Equals `Composer.chains` to the last bit.
        """
        at, own = int(self.target[first]), int(self.flags[first])
        flags, target = self.flags[others], self.target[others]
        lowers = (flags & LOWERS).astype(np.intp)
        fit = self.allowed[int(self.group[first])][self.need[others], lowers]
        fit &= (flags & FIRST_ONLY == 0) & (target != at) & (target != self.subject[first])
        crossing = slots >= 0
        bridged = bool(crossing.any())
        if bridged:
            fit &= ~(crossing & (flags & ASSOCIATION != 0) & self.narrower[slots])
        attested, same, together, elsewhere, bridge, off = self.priors.tolist()
        factors = np.full(len(others), together)
        attestations = np.full(len(others), 3, np.int8)
        loose = self._agree(int(self.diseases[first]))[self.diseases[others]]
        if not own & ANYWHERE:
            cell = int(self.cell[first])
            near = _within(self._near(cell), target) | _within(self._near(cell), self.cell[others])
            factors[~near] = elsewhere if own & SET_FREE else 0.0
        factors[~loose] = 0.0
        legs, papers = self._shared(first, others)
        legs &= ~crossing
        factors[papers], attestations[papers] = same, 2
        factors[legs], attestations[legs] = attested, 1
        factors[~fit] = 0.0
        factors *= self.penalty[at]
        if bridged:
            over = np.flatnonzero(crossing)
            factors[over] *= bridge * self.penalty[self.bridge[slots[over]]]
        factors[flags & OFF_ORDER != 0] *= off
        attestations[factors == 0] = 0
        return factors, attestations

    def _shared(self, first: int, others: Array) -> tuple[Array, Array]:
        """Whether each link shares a leg, and whether it shares a paper, with `first`."""
        own = self.mark[self.mark_first[first] : int(self.mark_first[first + 1])]
        flat, counts = _spread(self.mark_first, others)
        marks = self.mark[flat]
        hit = np.zeros(len(marks), np.int8)
        for mark in own.tolist():
            hit[marks == mark] = 1 if mark >= 0 else 2
        if not len(others):
            return np.zeros(0, np.bool_), np.zeros(0, np.bool_)
        found = np.bitwise_or.reduceat(hit, np.cumsum(counts) - counts)
        return found & 2 != 0, found & 1 != 0

    @cached_property
    def _kept(self) -> tuple[dict[int, Array], dict[int, Array]]:
        return {}, {}

    def _near(self, name: int) -> Array:
        """A name with those related to it, sorted."""
        kept = self._kept[0]
        if name not in kept:
            kept[name] = np.unique(np.append(self.kin[self.kin_first[name] : self.kin_first[name + 1]], name))
        return kept[name]

    def _agree(self, code: int) -> Array:
        """For each set of diseases whether it agrees with that one: related, or one of them unspecific."""
        kept = self._kept[1]
        if code not in kept:
            count = len(self.set_first) - 1
            row = np.ones(count, np.bool_)
            members = self.set_member[self.set_first[code] : self.set_first[code + 1]]
            if len(members):
                near = np.unique(np.concatenate([self._near(int(each)) for each in members]))
                sizes = np.diff(self.set_first)
                inside = np.append(_within(near, self.set_member), False)
                row = np.logical_or.reduceat(inside, self.set_first[:-1]) | (sizes == 0)
            kept[code] = row
        return kept[code]

    def search(self, question: Question, weigh: Callable[[int], float]) -> Search:
        """Return a search for the best chains, as `kg.bestfirst.best` wants it."""
        return Search(self, question, weigh)


def _within(near: Array, values: Array) -> Array:
    """Whether each value is in `near`, which is sorted and not empty."""
    places = np.searchsorted(near, values)
    places[places == len(near)] = 0
    found: Array = near[places] == values
    return found


def _spread(first: Array, rows: Array) -> tuple[Array, Array]:
    """Places of everything in ragged rows, one after the other, and how many there are in each."""
    starts = first[rows].astype(np.int64)
    counts = first[rows + 1].astype(np.int64) - starts
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - ends + counts, counts) + np.arange(total), counts


def _starts(counts: Array, kind: Any = np.int64) -> Array:
    total = np.zeros(len(counts) + 1, kind)
    np.cumsum(counts, out=total[1:])
    return total


def compact(claims: Sequence[Assertion], vocabulary: Vocabulary) -> Compact:
    """Return the links of claims in compact form: the same links, in the same order where claims lie by subject."""
    composer = Composer(claims, vocabulary)
    entities, ontology = vocabulary.entities, vocabulary.ontology
    ruled = rules(ontology)
    numbers: dict[str, int] = {}
    for name in chain((claims[link.claim].subject for link in composer.links), entities, sorted(ontology.modes)):
        numbers.setdefault(name, len(numbers))
    group_of = {name: number for number, name in enumerate(ruled.groups)}
    widest = Weigher(vocabulary, Context(species=""))
    papers: dict[str, int] = {}
    legs: dict[tuple[str, str], int] = {}
    sets: dict[tuple[str, ...], int] = {(): 0}
    rows: list[tuple[Any, ...]] = []
    marks: list[list[int]] = []
    asked: set[str] = set()
    for place, (link, ready) in enumerate(zip(composer.links, composer.ready, strict=True)):
        claim = claims[link.claim]
        flags = LOWERS * (link.effect < 0) | LAST * link.last | ASSOCIATION * link.association
        flags |= FIRST_ONLY * (composer.outcome[place] or not composer.restrains_alike(place))
        flags |= ANYWHERE * composer.anywhere(claim) | SET_FREE * (claim.aspect in RELEASED)
        diseases = tuple(sorted(ready.diseases))
        asked |= {claim.cell, *diseases}
        worth = belief(link._replace(doubts=()), claim, widest) * link.penalty
        rows.append(
            (
                numbers[claim.subject],
                numbers[claim.object],
                numbers[claim.cell] if claim.cell else -1,
                worth,
                flags,
                group_of[ready.group],
                1 + group_of[ready.subject_group] if ready.subject_group else 0,
                sets.setdefault(diseases, len(sets)),
                link.claim,
            )
        )
        papered = [papers.setdefault(each, len(papers)) for each in sorted(ready.publications)]
        marks.append(papered + [-1 - legs.setdefault(each, len(legs)) for each in sorted(ready.legs)])
    bridged = [composer.bridged(name) if name in composer.penalty else [] for name in numbers]
    superclasses = [ontology.superclasses[entities[n].category] if n in entities else ENDS_ONLY for n in numbers]
    subject, target, cell, weight, flag, group, need, disease, claimed = zip(*rows, strict=True) if rows else [()] * 9
    columns = Columns(
        np.array(subject, np.int32),
        np.array(target, np.int32),
        np.array(cell, np.int32),
        np.array(weight, np.float64),
        np.array(flag, np.uint16),
        np.array(group, np.uint8),
        np.array(need, np.uint8),
        np.array(disease, np.int64),
        np.array(claimed, np.int32),
        _ragged(marks),
        _ragged([numbers[name] for name in link.mediators] for link in composer.links),
        list(numbers),
        np.array([composer.penalty.get(name, 1.0) for name in numbers]),
        np.array([ontology.layers[entities[name].category] if name in entities else 0 for name in numbers]),
        np.array(
            [
                INSIDE * (not above & (ENDS_ONLY | {MSC})) | INSIDE_THROUGH_MSC * (not above & ENDS_ONLY)
                for above in superclasses
            ],
            np.uint8,
        ),
        _ragged([numbers[name] for name in names] for names in bridged),
        np.array(
            [
                other in narrower
                for name, names in zip(numbers, bridged, strict=True)
                for narrower in ([vocabulary.descendants(name)] if names else [])
                for other in names
            ],
            np.bool_,
        ),
        _ragged(
            sorted(numbers[each] for each in vocabulary.ancestors(name) | vocabulary.descendants(name))
            if name in asked
            else ()
            for name in numbers
        ),
        _ragged([numbers[name] for name in names] for names in sets),
    )
    return assembled(columns, ruled, claims, vocabulary)


def _ragged(rows: Iterable[Sequence[int]]) -> tuple[Array, Array]:
    listed = list(rows)
    return np.array([len(row) for row in listed], np.int64), np.fromiter(chain.from_iterable(listed), np.int32)


def assembled(
    columns: Columns, ruled: Rules, claims: Sequence[Assertion] = (), vocabulary: Vocabulary | None = None
) -> Compact:
    """Return links and names given as columns in compact form; links are sorted by subject, else kept in order.

    Raises ValueError where there are more than 65,535 sets of diseases, 255 groups, or 2**31 links or names.
    """
    count, size = len(columns.subject), len(columns.names)
    if len(columns.sets[0]) > 1 << 16 or len(ruled.groups) > 255 or max(count, size) >= 1 << 31:
        raise ValueError("more sets of diseases, groups of aspects, links or names than the arrays hold")
    order = np.argsort(columns.subject, kind="stable")
    moved = bool((order[1:] < order[:-1]).any())

    def placed(column: Array, kind: Any) -> Array:
        return np.ascontiguousarray(column[order] if moved else column, dtype=kind)

    subject, target = placed(columns.subject, np.int32), placed(columns.target, np.int32)
    flags = placed(columns.flags, np.uint16)
    flags |= np.where(columns.layer[target] < columns.layer[subject], OFF_ORDER, 0).astype(np.uint16)
    counts, mark = columns.marks
    mediator_counts, mediator = columns.mediators
    if moved:
        mark = mark[_spread(_starts(counts), order)[0]]
        mediator = mediator[_spread(_starts(mediator_counts), order)[0]]
        counts, mediator_counts = counts[order], mediator_counts[order]
    mediated = np.flatnonzero(mediator_counts).astype(np.int32)
    flags[mediated] |= MEDIATED
    weight = placed(columns.weight, np.float64)
    result = Compact(
        first=_starts(np.bincount(subject, minlength=size)),
        first_in=_starts(np.bincount(target, minlength=size)),
        penalty=columns.penalty.astype(np.float64),
        inside=columns.inside.astype(np.uint8),
        bridge_first=_starts(columns.bridges[0]),
        bridge=columns.bridges[1].astype(np.int32),
        narrower=columns.narrower.astype(np.bool_),
        kin_first=_starts(columns.kin[0]),
        kin=columns.kin[1].astype(np.int32),
        spelled=np.frombuffer("\n".join(columns.names).encode(), np.uint8),
        subject=subject,
        target=target,
        incoming=np.argsort(target, kind="stable").astype(np.int32),
        cell=placed(columns.cell, np.int32),
        weight=np.nextafter(weight.astype(np.float32), np.float32(2.0)) * (weight > 0),
        flags=flags,
        group=placed(columns.group, np.uint8),
        need=placed(columns.need, np.uint8),
        diseases=placed(columns.diseases, np.uint16),
        claim=placed(columns.claim, np.int32),
        mark_first=_starts(counts, np.uint32 if len(mark) < 1 << 32 else np.int64),
        mark=mark.astype(np.int32),
        mediated=mediated,
        mediator_first=_starts(mediator_counts[mediated]),
        mediator=mediator.astype(np.int32),
        set_first=_starts(columns.sets[0]),
        set_member=columns.sets[1].astype(np.int32),
        allowed=ruled.allowed,
        priors=ruled.priors,
        claims=claims,
        vocabulary=vocabulary,
    )
    result.flags[:] |= _leads(result) << LEAD
    return result


def _leads(graph: Compact) -> Array:
    """For each link how well any link at all leads into it, as in `Rules.leads`: never too low.

    It needs a link whose group lets it follow; one that shares a leg or a paper would be attested, or of the same
    publication. A bridge brings the papers and groups of what it bridges from.
    """
    subject, target = graph.subject, graph.target
    size = len(graph.first) - 1
    reaching = np.flatnonzero(graph.flags & ASSOCIATION == 0)
    groups = np.zeros(size, np.uint64)
    np.bitwise_or.at(groups, target[reaching], np.uint64(1) << (graph.group[reaching].astype(np.uint64) % np.uint64(64)))
    low = np.repeat(np.arange(size), np.diff(graph.bridge_first))
    bridged = groups.copy()
    np.bitwise_or.at(bridged, graph.bridge, groups[low])
    fits = np.zeros(graph.allowed.shape[1:], np.uint64)
    for number, row in enumerate(graph.allowed):
        fits |= np.where(row, np.uint64(1) << np.uint64(number % 64), np.uint64(0))
    lead = (fits[graph.need, (graph.flags & LOWERS).astype(np.intp)] & bridged[subject] != 0).astype(np.uint16)
    counts = np.diff(graph.mark_first.astype(np.int64))
    owner = np.repeat(np.arange(len(graph), dtype=np.int32), counts)
    lowest = int(graph.mark.min(initial=0))
    span = int(graph.mark.max(initial=0)) - lowest + 1
    mark = graph.mark.astype(np.int64) - lowest
    coming = graph.flags[owner] & ASSOCIATION == 0
    keys = [target[owner[coming]] * np.int64(span) + mark[coming]]
    if len(graph.bridge):
        over = np.flatnonzero(np.diff(graph.bridge_first)[target[owner]] * (coming & (graph.mark >= 0)))
        slots, times = _spread(graph.bridge_first, target[owner[over]])
        keys.append(graph.bridge[slots] * np.int64(span) + np.repeat(mark[over], times))
    known = np.unique(np.concatenate(keys))
    if len(known):
        hit = _within(known, subject[owner] * np.int64(span) + mark)
        for sort, better in ((graph.mark >= 0, 2), (graph.mark < 0, 3)):
            found = np.unique(owner[hit & sort])
            lead[found] = np.where(lead[found] > 0, better, 0)
    lead[graph.flags & FIRST_ONLY != 0] = 0
    return lead


class Levels:
    """The best that may still come after a name with so many steps left, by the sign still to come: a bound.

    Coherence, repeats and the number of bridges are left out of account, each link counts with the largest factor that
    any link before it could give: never too low. Levels are worked out backwards from the target while that touches few
    links; deeper ones only for names that a search asks for, or in one pass over all links when it asks for many.
    """

    def __init__(self, graph: Compact, closed: Iterable[int], ends: Mapping[int, float]) -> None:
        self.graph, self.ends = graph, ends
        size = len(graph.first) - 1
        self.through = (graph.penalty * (graph.inside & graph._side != 0)).astype(np.float32)
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
        base = np.zeros(2 * size, np.float32)
        for end, factor in ends.items():
            base[2 * end] = factor * SLACK
        self.out = [np.zeros(2 * size, np.float32)]  # best of the links that leave a name, by (name, sign)
        self.at = [base]  # the same where a chain stands at the name, by (name, sign)
        self.settled = 0
        self._settle_few()

    def worth(self, edges: Array) -> Array:
        """Weight of links with the largest factor that may stand before it; float32."""
        bound: Array = self.graph.weight[edges] * self.table[self.graph.flags[edges]]
        return bound

    def _settle_few(self) -> None:
        few = max(20_000, len(self.graph) // 40)
        while self.settled < 1 or self._frontier_links() <= few:
            if self.settled and not len(self._frontier):
                break
            self.settle(self.settled + 1)

    def _frontier_links(self) -> int:
        first = self.graph.first_in
        return int((first[self._frontier + 1] - first[self._frontier]).sum())

    @property
    def _frontier(self) -> Array:
        """Names that the last settled level reached anew or better."""
        now = self.at[self.settled].reshape(-1, 2)
        if not self.settled:
            return np.flatnonzero(now[:, 0])
        return np.flatnonzero((now > self.at[self.settled - 1].reshape(-1, 2)).any(axis=1))

    def settle(self, level: int) -> None:
        """Work out a level for all names, with those below it."""
        while self.settled < level:
            links = self._frontier_links()
            out = self.out[self.settled].copy()
            if self.settled and links > len(self.graph) // 8:
                self._pass(out)
            else:
                self._back(out)
            out.reshape(-1, 2)[self.closed] = 0
            at = out * np.repeat(self.through, 2)
            if len(self.bridging):
                pairs = out.reshape(-1, 2)[self.graph.bridge] * (self.over * self.through[self.bridging])[:, None]
                for sign in (0, 1):
                    np.maximum.at(at, 2 * self.bridging + sign, pairs[:, sign])
            ends = np.array(list(self.ends), np.int64)
            at[2 * ends] = self.at[0][2 * ends]
            self.settled += 1
            del self.out[self.settled :], self.at[self.settled :]
            self.out.append(out)
            self.at.append(at)

    def _back(self, out: Array) -> None:
        graph, before = self.graph, self.at[self.settled]
        flat, _ = _spread(graph.first_in, self._frontier)
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
        for low, high in zip(bounds[:-1], bounds[1:], strict=True):
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
        if level > self.settled:
            while len(self.at) <= level:
                self.at.append(np.full(len(self.at[0]), -1, np.float32))
                self.out.append(np.full(len(self.at[0]), -1, np.float32))
                self.at[-1].reshape(-1, 2)[self.closed] = self.at[0].reshape(-1, 2)[self.closed]
                self.out[-1].reshape(-1, 2)[self.closed] = 0
            missing = np.unique(names[self.at[level][2 * names] < 0])
            if len(missing):
                self._ask(level, missing)
        return self.at[level]

    def _ask(self, level: int, names: Array) -> None:
        graph = self.graph
        slots, times = _spread(graph.bridge_first, names)
        wide = np.unique(np.concatenate([names, graph.bridge[slots]])) if len(slots) else names
        wide = wide[self.out[level][2 * wide] < 0]
        edges, counts = _spread(graph.first, wide)
        if len(edges) > len(graph) // 8 + 5000:
            self.settle(level)
            return
        flags = graph.flags[edges]
        target = graph.target[edges].astype(np.int64)
        before = self.know(level - 1, target)
        if level <= self.settled:
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
        at[names] = out[names] * self.through[names][:, None]
        if len(slots):
            rows = np.repeat(names, times)
            pairs = out[graph.bridge[slots]] * (self.over[slots] * self.through[rows])[:, None]
            for sign in (0, 1):
                np.maximum.at(self.at[level], 2 * rows + sign, pairs[:, sign])


class _Queue:
    """What may leave a name, most promising first; `keys` bound what each can bring, by sign still to come."""

    def __init__(self, edges: Array, slots: Array, keys: Array) -> None:
        self.edges, self.slots, self.keys = edges, slots, keys
        self.made: dict[tuple[int, int], list[tuple[Any, ...]]] = {}


Follower = tuple[int, float, int, int, int, float, float]  # link, factor, attestation, bridge, end, rest by sign


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
        self.queues: dict[tuple[int, int, int], _Queue] = {}
        self.target: list[int] = []

    def starts(self) -> list[Any]:
        """One state that stands at the source, or none when nothing can come of it."""
        if self.source < 0 or self.source in self.avoid or not self.ends or self.length < 1:
            return []
        if self.question.source in self.question.ends:
            return []
        self.levels = Levels(self.graph, [self.source, *self.avoid], self.ends)
        return [(-2.0, (), 1.0, 1, False, frozenset((self.source,)), ())]

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
            queue = self._queue(path, left, self.wanted * sign)
        if position >= len(queue.edges):
            return
        promised = value * float(queue.keys[position])
        if promised < least:
            return
        if promised < -bound * (1 - 1e-9) and heap and -heap[0][0] > promised:
            self._later(heap, state, queue, position)
            return
        graph, weigh, spelled = self.graph, self.weigh, self.graph.names
        for other, factor, attestation, slot, end, plus, minus in self._followers(path, left, queue, position):
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

    def _queue(self, path: tuple[int, ...], left: int, wanted: int) -> _Queue:
        """What may leave the name reached, sorted by what it can bring with the sign wanted from here (0: either)."""
        graph, levels = self.graph, self.levels
        at = int(graph.target[path[-1]]) if path else self.source
        key = (at, left, wanted)
        if path and (graph.flags[path[-1]] & ASSOCIATION or not graph.inside[at] & graph._side):
            return _Queue(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0))
        if key in self.queues:
            return self.queues[key]
        edges, slots = graph.leaving(at)
        if not path:
            edges, slots = edges[slots < 0], slots[slots < 0]
        target, flags = graph.target[edges].astype(np.int64), graph.flags[edges]
        before = levels.know(left - 1, target)
        lowers = (flags & LOWERS).astype(np.int64)
        if wanted:
            rest = before[2 * target + (lowers if wanted > 0 else 1 - lowers)]
        else:
            rest = np.maximum(before[2 * target], before[2 * target + 1])
        if path:
            keys = (levels.worth(edges) * rest).astype(np.float64) * (graph.penalty[at] * SLACK)
            over = slots >= 0
            keys[over] *= graph.priors[4] * graph.penalty[graph.bridge[slots[over]]]
        else:
            keys = (graph.weight[edges] * rest).astype(np.float64) * SLACK
            if not self.question.direct:
                keys[(flags & LAST != 0) & (flags & MEDIATED == 0)] = 0
        keys[(flags & (ASSOCIATION | LAST) != 0) & ~levels.is_end[target]] = 0
        kept = np.flatnonzero(keys > 0)
        kept = kept[np.argsort(-keys[kept], kind="stable")]
        self.queues[key] = _Queue(edges[kept], slots[kept], keys[kept])
        return self.queues[key]

    def _followers(self, path: tuple[int, ...], left: int, queue: _Queue, position: int) -> list[tuple[Any, ...]]:
        """The next chunk of followers of the last link; kept, since many chains end in the same one."""
        first = path[-1] if path else -1
        if (first, position) in queue.made:
            return queue.made[first, position]
        graph = self.graph
        edges, slots = queue.edges[position : position + CHUNK], queue.slots[position : position + CHUNK]
        if path:
            factors, attestations = graph.composed(first, edges, slots)
            fit = np.flatnonzero(factors)
            edges, slots, factors, attestations = edges[fit], slots[fit], factors[fit], attestations[fit]
        else:
            factors, attestations = np.ones(len(edges)), np.zeros(len(edges), np.int8)
        target = graph.target[edges].astype(np.int64)
        before = self.levels.know(left - 1, target)
        columns = (edges, factors, attestations, slots, target, before[2 * target], before[2 * target + 1])
        made = list(zip(*(column.tolist() for column in columns), strict=True))
        queue.made[first, position] = made
        return made
