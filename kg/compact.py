"""The claims of a large graph as arrays: which link may follow which is worked out only where a search comes by.

`kg.chains.Chains` holds every pair of links that may follow one another, which millions of links do not allow.
`Compact` holds what composing looks at, some 45 bytes a link, and gives the same pairs, factors and answers.
`kg.bestfirst.best` takes either. docs/mechanisms.md explains the rules, docs/benchmarks.md gives the figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kg.chains import BECOMING, ENDS_ONLY, MSC, RELEASED, Composer, Link, belief, links
from kg.graph import Context, Weigher
from kg.model import Assertion
from kg.vocabulary import Ontology, Vocabulary

__all__ = ["Columns", "Compact", "Rules", "assembled", "compact", "rules", "spread"]

Array = NDArray[Any]

# flags of a link
LOWERS, LAST, ASSOCIATION, FIRST_ONLY, OFF_ORDER, ANYWHERE, SET_FREE, MEDIATED = (1 << bit for bit in range(8))
LEAD = 8  # from this bit on: how well any link at all leads into this one, a place in Rules.leads
# traits of a link: looked at in composing and weighing only
EXPRESSED, OPPOSED, ALONE, CONTESTED, BECOMES = (1 << bit for bit in range(5))
PER_LINK = ("subject", "target", "incoming", "cell", "weight", "flags", "traits", "group", "need", "diseases", "claim")
RAGGED = ("mark_first", "mark", "mediated", "mediator_first", "mediator", "contested", "contest_first", "contest")
INSIDE, INSIDE_THROUGH_MSC = 1, 2  # where a name may stand inside a chain


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

    Of links, one value each: `subject`, `target` and `cell` (numbers of names, cell -1 for none), `weight` in [0, 1]
    (the largest worth under any context, penalty of mediators included), `flags` (without order and lead), `traits`,
    `group`, `need`, `diseases` (a place among `sets`), `claim`, and as ragged pairs of (how many each, all in a row)
    `marks` (papers as numbers from 0 on, legs as -1 - number; at least one paper each), `mediators` and `contests`
    (claims, as in `kg.chains.Link`).

    Of names, one value each: `names`, `penalty` and `layer`, `inside` (bits INSIDE and INSIDE_THROUGH_MSC), and ragged
    `bridges` with `wider` (whether the name is a kind of each) and `kin` (names related to it; asked of cells and
    conditions only). `sets` are the sets of diseases,
    ragged too, the first one empty.
    """

    subject: Array
    target: Array
    cell: Array
    weight: Array
    flags: Array
    traits: Array
    group: Array
    need: Array
    diseases: Array
    claim: Array
    marks: tuple[Array, Array]
    mediators: tuple[Array, Array]
    contests: tuple[Array, Array]
    names: Sequence[str]
    penalty: Array
    layer: Array
    inside: Array
    bridges: tuple[Array, Array]
    wider: Array
    kin: tuple[Array, Array]
    sets: tuple[Array, Array]


@dataclass(frozen=True, eq=False)
class Compact:
    """Links in rows by subject (`first[v]` to `first[v + 1]`), with all that composing and bounding look at.

    Numbers of names and links are int32; what is ragged has a `_first` array of starts. `incoming` lists links by
    target, in rows by `first_in`. The other columns are those of `Columns`. Claims and vocabulary are needed only to
    turn a link into words; `through_msc` says whether MSC stand inside chains.
    """

    first: Array
    first_in: Array
    penalty: Array
    inside: Array
    bridge_first: Array
    bridge: Array
    wider: Array
    kin_first: Array
    kin: Array
    spelled: Array
    subject: Array
    target: Array
    incoming: Array
    cell: Array
    weight: Array
    flags: Array
    traits: Array
    group: Array
    need: Array
    diseases: Array
    claim: Array
    mark_first: Array
    mark: Array
    mediated: Array
    mediator_first: Array
    mediator: Array
    contested: Array
    contest_first: Array
    contest: Array
    set_first: Array
    set_member: Array
    allowed: Array
    priors: Array
    claims: Sequence[Assertion] = ()
    vocabulary: Vocabulary | None = None
    through_msc: bool = False

    @classmethod
    def of(cls, arrays: Mapping[str, Array], claims: Sequence[Assertion], vocabulary: Vocabulary) -> Compact:
        """Return what was kept as `arrays`. Raises ValueError when an array is missing or of the wrong length."""
        named = {each.name for each in fields(cls) if each.type == "Array"}
        if named != arrays.keys():
            raise ValueError(f"{', '.join(sorted(named ^ arrays.keys()))}: missing, or not known")
        graph = cls(**dict(arrays), claims=claims, vocabulary=vocabulary)  # type: ignore[arg-type]
        links = {name: len(arrays[name]) for name in PER_LINK}
        if len({*links.values(), int(graph.first[-1]), int(graph.first_in[-1]), len(graph.mark_first) - 1}) > 1:
            raise ValueError("arrays of different lengths")
        return graph

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
        return sum(int(getattr(self, name).nbytes) for name in PER_LINK + RAGGED) / max(1, len(self))

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
        ontology, claim = self.vocabulary.ontology, self.claims[place]
        penalty = ontology.priors["association"] if ontology.predicates[claim.predicate].inverse else 1.0
        if self.traits[index] & ALONE:
            penalty *= ontology.priors["association_alone"]
        between = 1.0
        for name in link.mediators:
            between *= float(self.penalty[self.numbers[name]])
        contests: tuple[int, ...] = ()
        if self.traits[index] & CONTESTED:
            at = int(np.searchsorted(self.contested, index))
            contests = tuple(self.contest[self.contest_first[at] : self.contest_first[at + 1]].tolist())
        return link._replace(claim=place, penalty=penalty * between, contests=contests)

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
        if self.flags[first] & ASSOCIATION or not self.inside[at] & self.side:
            return np.empty(0, np.int64), np.empty(0, np.int64)
        return self.leaving(at)

    @property
    def side(self) -> int:
        """The bit of `inside` that counts."""
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
            fit &= ~(crossing & ((flags & ASSOCIATION != 0) | self._spoken_for(at, target)))
            if self.traits[first] & BECOMES:
                fit &= ~(crossing & self.wider[slots])
        attested, same, together, elsewhere, bridge, off = self.priors.tolist()
        factors = np.full(len(others), together)
        attestations = np.full(len(others), 3, np.int8)
        loose = self._agree(int(self.diseases[first]))[self.diseases[others]]
        if not own & ANYWHERE:
            cell = int(self.cell[first])
            near = _within(self._near(cell), target) | _within(self._near(cell), self.cell[others])
            factors[~near] = elsewhere if own & SET_FREE else 0.0
        self._uncounted(first, others, flags, factors)
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

    def _uncounted(self, first: int, others: Array, flags: Array, factors: Array) -> None:
        """Take out associations that were counted elsewhere: in another cell, or where the level falls."""
        traits, cell = int(self.traits[first]), int(self.cell[first])
        counted = flags & ASSOCIATION != 0
        if not counted.any():
            return
        if traits & OPPOSED:
            factors[counted] = 0.0
        carrier = cell if cell >= 0 else int(self.subject[first]) if traits & EXPRESSED else -1
        if carrier >= 0:
            there = self.cell[others]
            factors[counted & (there >= 0) & ~_within(self._near(carrier), there)] = 0.0

    def _spoken_for(self, at: int, target: Array) -> Array:
        """Whether a name has links of its own to each target, where that is a condition, or to one related to it."""
        own = np.arange(self.first[at], self.first[at + 1])
        known = np.unique(self.target[own[self.flags[own] & LAST != 0]])
        if not len(known):
            return np.zeros(len(target), np.bool_)
        return _within(np.unique(np.concatenate([self._near(int(each)) for each in known])), target)

    def _shared(self, first: int, others: Array) -> tuple[Array, Array]:
        """Whether each link shares a leg, and whether it shares a paper, with `first`."""
        own = self.mark[self.mark_first[first] : int(self.mark_first[first + 1])]
        flat, counts = spread(self.mark_first, others)
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
                sizes = _sizes(self.set_first)
                inside = np.append(_within(near, self.set_member), False)
                row = np.logical_or.reduceat(inside, self.set_first[:-1]) | (sizes == 0)
            kept[code] = row
        return kept[code]


def _within(near: Array, values: Array) -> Array:
    """Whether each value is in `near`, which is sorted and not empty."""
    places = np.searchsorted(near, values)
    places[places == len(near)] = 0
    found: Array = near[places] == values
    return found


def spread(first: Array, rows: Array) -> tuple[Array, Array]:
    """Places of everything in ragged rows, one after the other, and how many there are in each."""
    starts = first[rows].astype(np.int64)
    counts = first[rows + 1].astype(np.int64) - starts
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.repeat(starts - ends + counts, counts) + np.arange(total), counts


def _sizes(first: Array) -> Array:
    counts: Array = first[1:].astype(np.int64) - first[:-1].astype(np.int64)
    return counts


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
        traits = EXPRESSED * (claim.predicate == "expresses") | OPPOSED * (place in composer.opposed)
        traits |= BECOMES * (claim.aspect in BECOMING)
        traits |= ALONE * composer.alone(link) | CONTESTED * bool(link.contests)
        diseases = tuple(sorted(ready.diseases))
        asked |= {claim.cell, *diseases, claim.object if link.last else ""}
        if claim.predicate == "expresses":
            asked.add(claim.subject)
        worth = belief(link._replace(doubts=()), claim, widest) * link.penalty
        rows.append(
            (
                numbers[claim.subject],
                numbers[claim.object],
                numbers[claim.cell] if claim.cell else -1,
                worth,
                flags,
                traits,
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
    cells = zip(*rows, strict=True) if rows else [()] * 10
    subject, target, cell, weight, flag, trait, group, need, disease, claimed = cells
    columns = Columns(
        np.array(subject, np.int32),
        np.array(target, np.int32),
        np.array(cell, np.int32),
        np.array(weight, np.float64),
        np.array(flag, np.uint16),
        np.array(trait, np.uint8),
        np.array(group, np.uint8),
        np.array(need, np.uint8),
        np.array(disease, np.int64),
        np.array(claimed, np.int32),
        _ragged(marks),
        _ragged([numbers[name] for name in link.mediators] for link in composer.links),
        _ragged(link.contests for link in composer.links),
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
                other in above
                for name, names in zip(numbers, bridged, strict=True)
                for above in ([vocabulary.ancestors(name)] if names else [])
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
    contest_counts, contest = columns.contests
    if moved:
        mark = mark[spread(_starts(counts), order)[0]]
        mediator = mediator[spread(_starts(mediator_counts), order)[0]]
        contest = contest[spread(_starts(contest_counts), order)[0]]
        counts, mediator_counts, contest_counts = counts[order], mediator_counts[order], contest_counts[order]
    mediated = np.flatnonzero(mediator_counts).astype(np.int32)
    flags[mediated] |= MEDIATED
    contested = np.flatnonzero(contest_counts).astype(np.int32)
    weight = placed(columns.weight, np.float64)
    result = Compact(
        first=_starts(np.bincount(subject, minlength=size)),
        first_in=_starts(np.bincount(target, minlength=size)),
        penalty=columns.penalty.astype(np.float64),
        inside=columns.inside.astype(np.uint8),
        bridge_first=_starts(columns.bridges[0]),
        bridge=columns.bridges[1].astype(np.int32),
        wider=columns.wider.astype(np.bool_),
        kin_first=_starts(columns.kin[0]),
        kin=columns.kin[1].astype(np.int32),
        spelled=np.frombuffer("\n".join(columns.names).encode(), np.uint8),
        subject=subject,
        target=target,
        incoming=np.argsort(target, kind="stable").astype(np.int32),
        cell=placed(columns.cell, np.int32),
        weight=np.nextafter(weight.astype(np.float32), np.float32(2.0)) * (weight > 0),
        flags=flags,
        traits=placed(columns.traits, np.uint8),
        group=placed(columns.group, np.uint8),
        need=placed(columns.need, np.uint8),
        diseases=placed(columns.diseases, np.uint16),
        claim=placed(columns.claim, np.int32),
        mark_first=_starts(counts, np.uint32 if len(mark) < 1 << 32 else np.int64),
        mark=mark.astype(np.int32),
        mediated=mediated,
        mediator_first=_starts(mediator_counts[mediated]),
        mediator=mediator.astype(np.int32),
        contested=contested,
        contest_first=_starts(contest_counts[contested]),
        contest=contest.astype(np.int32),
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
    np.bitwise_or.at(
        groups, target[reaching], np.uint64(1) << (graph.group[reaching].astype(np.uint64) % np.uint64(64))
    )
    low = np.repeat(np.arange(size), _sizes(graph.bridge_first))
    bridged = groups.copy()
    np.bitwise_or.at(bridged, graph.bridge, groups[low])
    fits = np.zeros(graph.allowed.shape[1:], np.uint64)
    for number, row in enumerate(graph.allowed):
        fits |= np.where(row, np.uint64(1) << np.uint64(number % 64), np.uint64(0))
    fit = fits[graph.need, (graph.flags & LOWERS).astype(np.intp)] & bridged[subject]
    lead: NDArray[np.uint16] = (fit != 0).astype(np.uint16)
    counts = _sizes(graph.mark_first)
    owner = np.repeat(np.arange(len(graph), dtype=np.int32), counts)
    lowest = int(graph.mark.min(initial=0))
    span = int(graph.mark.max(initial=0)) - lowest + 1
    mark = graph.mark.astype(np.int64) - lowest
    coming = graph.flags[owner] & ASSOCIATION == 0
    keys = [target[owner[coming]].astype(np.int64) * span + mark[coming]]
    if len(graph.bridge):
        over = np.flatnonzero(_sizes(graph.bridge_first)[target[owner]] * (coming & (graph.mark >= 0)))
        slots, times = spread(graph.bridge_first, target[owner[over]])
        keys.append(graph.bridge[slots].astype(np.int64) * span + np.repeat(mark[over], times))
    known = np.unique(np.concatenate(keys))
    if len(known):
        hit = _within(known, subject[owner].astype(np.int64) * span + mark)
        for sort, better in ((graph.mark >= 0, 2), (graph.mark < 0, 3)):
            found = np.unique(owner[hit & sort])
            lead[found] = np.where(lead[found] > 0, better, 0)
    lead[graph.flags & FIRST_ONLY != 0] = 0
    return lead
