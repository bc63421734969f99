"""Which claim may follow which in a chain, and how strongly the two hang together: the part no question changes.

What one step changes must be what the next acts with, so that a chain through "MSC raise phagocytosis" does not end in
"macrophages drive SLE". Worked out once per dataset and kept with it. docs/mechanisms.md explains each rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from math import prod
from typing import Any, NamedTuple

from kg.columns import Ragged, numbers, pack, packed_numbers, unpack
from kg.graph import LEVELS, Blocks, Weigher
from kg.model import Assertion
from kg.vocabulary import Vocabulary

__all__ = ["ATTESTATIONS", "Chains", "Composer", "Hop", "Link", "Named", "Question", "belief", "chains", "links"]

ATTESTATIONS = (
    "",
    "attested",
    "same publication",
    "assembled",
    "incoherent: another aspect",
    "incoherent: other diseases",
    "incoherent: another cell",
    "incoherent: its level moves the other way",
)
INCOHERENT = 4  # place in ATTESTATIONS from which the steps do not belong together
BROAD = 60  # a concept with more kinds than this says too little to be bridged from or to
ENDS_ONLY = frozenset({"Condition", "Treatment", "Taxon", "Anatomy"})  # never acts inside a chain
MSC = "MesenchymalStemCell"
BECOMING = frozenset({"abundance", "differentiation", "polarization", "maturation"})
RELEASED = frozenset({"secretion", "cytokine production", "abundance", "antibody production"})

Hop = tuple[int, int, str, float]  # link, attestation, bridge before it, factor on its belief


class Question(NamedTuple):
    """What is asked: names, what counts as the target (with a factor each), what must and must not be passed.

    `direct` lets a claim of the source on the target that names no mediator count as a chain; `most` is how many chains
    of each sign are wanted.
    """

    source: str
    ends: dict[str, float]
    length: int
    via: frozenset[str] = frozenset()
    avoid: frozenset[str] = frozenset()
    direct: bool = False
    most: int = 2000


class Link(NamedTuple):
    """A claim made ready for chaining: with the mediators that some of its rows name, and those rows.

    `claim` is its place among all claims, `rows` and `doubts` places in its evidence: the rows for it, and those that
    refute it or its mediators. `effect` in {-1, 1} speaks of the amount of subject and object. `last` says that the
    object is a condition, `association` that the claim is not one of cause; both can only end a chain. `penalty` in
    [0, 1] is the degree penalty of the mediators, which stand between subject and object as other nodes do; an
    association that opens a chain (SLE has increased IL6) has its factor there.
    `contests` are the claims refuted in another aspect that chains alike (abundance beside differentiation), and those
    that the level of the factor moves the other way; only what was seen in the disease asked for counts, in part,
    against this one. `diseases` are set for the level of a factor
    in no named cell, measured in diseased hosts alone: a level of those diseases, that explains no other.
    """

    claim: int
    mediators: tuple[str, ...]
    rows: tuple[int, ...]
    doubts: tuple[int, ...]
    effect: int
    last: bool
    association: bool
    penalty: float = 1.0
    contests: tuple[int, ...] = ()
    diseases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Chains:
    """All links, and for each the links that may follow it.

    `follows[i]` holds four lists of one length: link j that may follow link i, the factor (a place in `factors`,
    numbers in [0, 1] that hold all but belief), the attestation (a place in ATTESTATIONS), and the wider or narrower
    concept passed on the way (a place in `bridges`, 0 for none). `turned` holds the same pairs by the second link, as
    lists of the first and of the factor; it is worked out when not given.
    """

    links: list[Link]
    bridges: list[str]
    factors: list[float]
    follows: Sequence[list[list[int]]]
    turned: Sequence[list[list[Any]]] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, packed: dict[str, Any]) -> Chains:
        """Return what `packed` made. Raises ValueError, TypeError, KeyError or IndexError when it was damaged."""
        factors = packed["factors"]
        columns = packed["links"]
        if columns and len(columns) != len(Link._fields):
            raise ValueError(f"{len(columns)} columns of links")
        links: list[Link] = list(map(partial(tuple.__new__, Link), unpack(columns)))
        first, place = (numbers(column).tolist() for column in packed["turned"])
        turned = Ragged(numbers(packed["into"]), (first, list(map(factors.__getitem__, place))))
        follows = Ragged(numbers(packed["from"]), [numbers(column).tolist() for column in packed["follows"]])
        if {len(follows), len(turned)} != {len(links)} or len(follows.columns) != 4:
            raise ValueError("columns of different lengths")
        return cls(links, packed["bridges"], factors, follows, turned)

    def packed(self) -> dict[str, Any]:
        """Return the same as JSON values that are read quickly: see `kg.columns`."""
        places = {factor: place for place, factor in enumerate(self.factors)}

        def flat(rows: Sequence[list[list[Any]]], column: int) -> list[Any]:
            return [value for row in rows for value in row[column]]

        return {
            "links": pack(self.links),
            "bridges": self.bridges,
            "factors": self.factors,
            "from": packed_numbers([len(each[0]) for each in self.follows]),
            "follows": [packed_numbers(flat(self.follows, column)) for column in range(4)],
            "into": packed_numbers([len(each[0]) for each in self.precedes]),
            "turned": [
                packed_numbers(flat(self.precedes, 0)),
                packed_numbers([places[factor] for factor in flat(self.precedes, 1)]),
            ],
        }

    @cached_property
    def precedes(self) -> Sequence[list[list[Any]]]:
        """For each link two lists: those that it may follow, and the factors. `follows` turned round."""
        if self.turned is not None:
            return self.turned
        turned: list[list[list[Any]]] = [[[], []] for _ in self.links]
        for first, (following, places, _, _) in enumerate(self.follows):
            for second, place in zip(following, places, strict=True):
                turned[second][0].append(first)
                turned[second][1].append(self.factors[place])
        return turned

    def named(self, claims: Sequence[Assertion]) -> Named:
        """Return what a search looks at of each link; kept for the next search over the same claims."""
        if not self._named or self._named[0].claims is not claims:
            self._named[:] = [Named(claims, self)]
        return self._named[0]

    @cached_property
    def _named(self) -> list[Named]:
        return []

    def __getitem__(self, index: int) -> Link:
        return self.links[index]


class Named:
    """Links with the names of their claims, in the form in which a search over pairs reads them fastest.

    For each link its `subjects`, `objects`, `effects`, and whether it may stand before the end of a chain (`inner`);
    `leaving` are the links of each subject.
    """

    def __init__(self, claims: Sequence[Assertion], chains: Chains) -> None:
        self.claims, self.chains = claims, chains
        links = chains.links
        self.subjects = [claims[link[0]][0] for link in links]
        self.objects = [claims[link[0]][2] for link in links]
        self.effects = [link[4] for link in links]
        self.inner = [not (link[5] or link[6]) for link in links]
        self.leaving: dict[str, list[int]] = defaultdict(list)
        for index, name in enumerate(self.subjects):
            self.leaving[name].append(index)
        self._after: dict[int, list[tuple[Any, ...]]] = {}
        self._before: dict[int, list[tuple[int, float]]] = {}

    def after(self, index: int) -> list[tuple[Any, ...]]:
        """For each link that may follow: link, object, bridge, mediators, factor, effect, and the hop to it."""
        found = self._after.get(index)
        if found is None:
            links, factors, bridges, objects = self.chains.links, self.chains.factors, self.chains.bridges, self.objects
            found = self._after[index] = []
            for other, place, attestation, crossing in zip(*self.chains.follows[index], strict=True):
                link, factor, bridge = links[other], factors[place], bridges[crossing]
                hop = (other, attestation, bridge, factor)
                found.append((other, objects[other], bridge, link[1], factor, link[4], hop))
        return found

    def before(self, index: int) -> list[tuple[int, float]]:
        """The links that this one may follow, with the factors."""
        found = self._before.get(index)
        if found is None:
            found = self._before[index] = list(zip(*self.chains.precedes[index], strict=True))
        return found


class _Ready(NamedTuple):
    """What composing looks at, beside the link itself."""

    group: str
    subject_group: str
    publications: frozenset[str]
    legs: frozenset[tuple[str, str]]
    diseases: frozenset[str]


def links(claims: Sequence[Assertion], vocabulary: Vocabulary) -> list[Link]:
    """Return the causal claims as links, direct claims split by the mediator their papers name; fixed order.

    A tested outcome (MSC ameliorate RA) is a link only where a paper names what carried it.
    """
    ontology, entities = vocabulary.ontology, vocabulary.entities
    contested, levels = _contested(claims, vocabulary), _levels(claims, vocabulary)
    result: list[Link] = []
    for place, claim in enumerate(claims):
        predicate = ontology.predicates[claim.predicate]
        outcome = predicate.causal == "outcome"
        if not claim.effect or claim.subject == claim.object:
            continue
        association = predicate.causal == "no" and not predicate.inverse
        if association and predicate.bearer != "subject":
            continue
        if association and claim.cell and vocabulary.is_a(claim.cell, MSC):
            continue  # what patients' own MSC carry is no measure of the disease
        effect = claim.effect
        if predicate.bearer == "subject" and claim.aspect and claim.aspect != "abundance":
            aspect = ontology.aspects[claim.aspect]
            effect *= aspect.polarity
            if not effect or (association and aspect.chains_as == "suppression"):
                continue
        last = "Condition" in ontology.superclasses[entities[claim.object].category]
        # a product is its own way of action
        product = "MSCProduct" in ontology.superclasses[entities[claim.subject].category]
        by_mode = not product and (predicate.bearer == "object" or outcome)
        refuting = [n for n, row in enumerate(claim.evidence) if row.direction == "refutes"]
        split: dict[tuple[str, ...], list[int]] = defaultdict(list)
        failed: dict[str, list[int]] = defaultdict(list)
        for number, row in enumerate(claim.evidence):
            if row.direction == "refutes":
                continue
            if row.mediator_test.endswith("without effect"):
                for name in row.mediator:
                    failed[name].append(number)
                split[()].append(number)
                continue
            names = tuple(m for m in row.mediator if m not in (claim.subject, claim.object))
            if not names and row.mode and row.mode != "soluble" and by_mode:
                names = (row.mode,)
            split[names].append(number)
        if outcome:
            split.pop((), None)
        for mediators, rows in sorted(split.items()):
            # a null trial says that the therapy failed, not that it acts through something else
            against = [n for n in refuting if not outcome or set(claim.evidence[n].mediator) & set(mediators)]
            doubts = [*against, *(number for name in mediators for number in failed.get(name, ()))]
            papers = {claim.evidence[n].publication for n in rows}
            contests = tuple(
                other
                for other in (contested.get(_alike(claim, vocabulary), ()) if predicate.polar else ())
                if other != place and not papers.issuperset(claims[other].refuting)
            )
            contests += tuple(
                other
                for other in levels.get((claim.subject, claim.object, -effect), ())
                if predicate.bearer == "object" and not papers.issuperset(claims[other].publications)
            )
            result.append(
                Link(
                    place,
                    mediators,
                    tuple(rows),
                    tuple(doubts),
                    effect,
                    last,
                    association,
                    contests=contests,
                    diseases=_measured_in(claim, rows, vocabulary),
                )
            )
    return result


def _measured_in(claim: Assertion, rows: Sequence[int], vocabulary: Vocabulary) -> tuple[str, ...]:
    level = vocabulary.ontology.predicates[claim.predicate].polar and claim.aspect in ("abundance", "expression")
    if claim.cell or not level or not vocabulary.is_a(claim.object, "Factor"):
        return ()
    diseases = {claim.evidence[number].disease for number in rows}
    return () if "" in diseases else tuple(sorted(diseases))


def _alike(claim: Assertion, vocabulary: Vocabulary) -> tuple[str, str, str, str, int, int]:
    """What claims have in common that say the same in other aspects: polarity too, for death is no less growth."""
    aspect = vocabulary.ontology.aspects.get(claim.aspect)
    group, polarity = (aspect.chains_as, aspect.polarity) if aspect else ("amount", 1)
    return claim.subject, claim.object, claim.cell, group, claim.effect, polarity


def _contested(
    claims: Sequence[Assertion], vocabulary: Vocabulary
) -> dict[tuple[str, str, str, str, int, int], list[int]]:
    found: dict[tuple[str, str, str, str, int, int], list[int]] = defaultdict(list)
    for place, claim in enumerate(claims):
        if vocabulary.ontology.predicates[claim.predicate].polar and claim.effect and claim.refuting:
            found[_alike(claim, vocabulary)].append(place)
    return found


def _levels(claims: Sequence[Assertion], vocabulary: Vocabulary) -> dict[tuple[str, str, int], list[int]]:
    """Claims on the level of a factor, by subject, object and effect."""
    found: dict[tuple[str, str, int], list[int]] = defaultdict(list)
    for place, claim in enumerate(claims):
        if vocabulary.ontology.predicates[claim.predicate].polar and claim.aspect in LEVELS and claim.effect:
            if vocabulary.is_a(claim.object, "Factor"):
                found[(claim.subject, claim.object, claim.effect)].append(place)
    return found


def chains(
    claims: Sequence[Assertion], vocabulary: Vocabulary, through_msc: bool = False, incoherent: bool = False
) -> Chains:
    """Return all links of the claims and which may follow which, whatever is asked; depends on the claims alone.

    MSC stand inside a chain only with `through_msc`: for questions that start from what acts on MSC. With `incoherent`
    steps that do not belong together follow each other too, and their attestation says why they do not.
    """
    return Composer(claims, vocabulary, incoherent).chains(ENDS_ONLY if through_msc else ENDS_ONLY | {MSC})


class Composer:
    """Works out which link may follow which, and how strongly the two hang together.

    `links` are all links in a fixed order, `ready` what composing looks at beside each, `outcome` whether it is a
    tested outcome (which follows nothing), `penalty` in [0, 1] the degree penalty of each name.
    """

    def __init__(self, claims: Sequence[Assertion], vocabulary: Vocabulary, incoherent: bool = False) -> None:
        self.claims, self.vocabulary, self.incoherent = claims, vocabulary, incoherent
        self.priors, self.groups = vocabulary.ontology.priors, vocabulary.ontology.chains
        self.weigher = Weigher(vocabulary)
        self.links = links(claims, vocabulary)
        predicates = vocabulary.ontology.predicates
        self.outcome = [predicates[claims[link.claim].predicate].causal == "outcome" for link in self.links]
        self.ready = [self._ready(link) for link in self.links]
        self.out: dict[str, list[int]] = defaultdict(list)
        degree: dict[str, set[str]] = defaultdict(set)
        for index, link in enumerate(self.links):
            claim = claims[link.claim]
            if not self.outcome[index]:
                self.out[claim.subject].append(index)
                degree[claim.subject].add(claim.object)
                degree[claim.object].add(claim.subject)
        exponent = self.priors["degree_exponent"]
        self.penalty = {name: len(near) ** -exponent for name, near in degree.items()}
        self.links = [link._replace(penalty=self._mediating(link)) for link in self.links]

    def _mediating(self, link: Link) -> float:
        """The degree penalty of the mediators; an association that opens a chain counts as one that ends it."""
        claim = self.claims[link.claim]
        factor = self.priors["association"] if self.vocabulary.ontology.predicates[claim.predicate].inverse else 1.0
        if self.alone(link):
            factor *= self.priors["association_alone"]
        return float(factor * prod(self.penalty.get(name, 1.0) for name in link.mediators))

    def alone(self, link: Link) -> bool:
        """Whether a link is an association of a thing that no causal claim ties to any condition."""
        return link.association and not self._role(self.claims[link.claim].subject)

    def _ready(self, link: Link) -> _Ready:
        claim, ontology = self.claims[link.claim], self.vocabulary.ontology
        aspect = ontology.aspects.get(claim.aspect)
        group, subject_group = "amount", ""
        if ontology.predicates[claim.predicate].bearer == "subject":
            if aspect is not None and aspect.name != "abundance":
                subject_group = aspect.chains_as
            elif link.association and self.vocabulary.is_a(claim.subject, "Cell"):
                subject_group = "count"
        elif aspect is not None:
            group = aspect.chains_as
        rows = [claim.evidence[number] for number in link.rows]
        direct = f"{claim.subject} -> {claim.object}"
        legs = {(row.publication, row.leg_of) for row in rows if row.leg_of}
        legs |= {(row.publication, direct) for row in rows if row.mediator}
        diseases = frozenset(row.disease for row in rows) if all(row.disease for row in rows) else frozenset()
        return _Ready(group, subject_group, frozenset(r.publication for r in rows), frozenset(legs), diseases)

    def chains(self, ends_only: frozenset[str]) -> Chains:
        """Every pair, in a fixed order; things of the classes `ends_only` stand at the ends of chains only."""
        layers, entities = self.vocabulary.ontology.layers, self.vocabulary.entities
        order = {name: layers[entity.category] for name, entity in entities.items()}
        superclasses = self.vocabulary.ontology.superclasses
        inside = {name for name, entity in entities.items() if not superclasses[entity.category] & ends_only}
        bridges: dict[str, int] = {"": 0}
        follows: list[list[list[int]]] = []
        factors: dict[float, int] = {}
        for index, link in enumerate(self.links):
            claim = self.claims[link.claim]
            at = claim.object
            following: list[list[int]] = [[], [], [], []]
            if at in inside and not link.association:
                for name in (at, *self.bridged(at)):
                    if claim.aspect in BECOMING and name != at and name in self.vocabulary.ancestors(at):
                        continue  # more of a subset by conversion is not more of the whole
                    for other in self.out.get(name, ()):
                        second = self.claims[self.links[other].claim]
                        if second.object in (at, claim.subject) or not self.restrains_alike(other):
                            continue
                        if name != at and (self.links[other].association or self._known(at, second.object)):
                            continue  # what was only counted says nothing of kinds; who has claims needs no others'
                        factor, attestation = self.composed(index, other, name != at)
                        if not factor:
                            continue
                        factor *= self.penalty[at]
                        if name != at:
                            factor *= self.priors["bridge"] * self.penalty[name]
                        if order[second.object] < order[name]:
                            factor *= self.priors["off_grammar"]
                        bridge = bridges.setdefault(name, len(bridges)) if name != at else 0
                        place = factors.setdefault(factor, len(factors))
                        for values, value in zip(following, (other, place, attestation, bridge), strict=True):
                            values.append(value)
            follows.append(following)
        return Chains(self.links, list(bridges), list(factors), follows)

    def composed(self, first: int, second: int, bridged: bool = False) -> tuple[float, int]:
        """Return the factor in [0, 1] and the attestation of `second` after `first`; 0 when they do not cohere."""
        factor, attestation = self._judged(first, second, bridged)
        if not factor and self.incoherent:
            factor = self.priors["chain_assembled"]
        return factor, attestation

    def _judged(self, first: int, second: int, bridged: bool) -> tuple[float, int]:
        one, two = self.ready[first], self.ready[second]
        group = self.groups[one.group]
        if two.subject_group:
            if two.subject_group not in group.into:
                return 0.0, INCOHERENT
        elif not group.unstated and not (group.lowering and self.links[second].effect < 0):
            return 0.0, INCOHERENT
        if not bridged and one.legs & two.legs:
            return self.priors["chain_attested"], 1
        if one.publications & two.publications:
            return self.priors["chain_same_publication"], 2
        related = self.weigher.related
        if one.diseases and two.diseases and not any(related(a, b) for a in one.diseases for b in two.diseases):
            return 0.0, INCOHERENT + 1
        if self.links[second].association and first in self.opposed:
            return 0.0, INCOHERENT + 3
        factor = self._same_factor(self.claims[self.links[first].claim], self.claims[self.links[second].claim])
        return factor, 3 if factor else INCOHERENT + 2

    def anywhere(self, claim: Assertion) -> bool:
        """Whether what the claim changes is the same thing whatever cell the next claim speaks of."""
        cell = claim.cell
        if not cell or claim.subject == cell:
            return True
        superclasses = self.vocabulary.ontology.superclasses[self.vocabulary.entities[cell].category]
        return bool(superclasses & {"MesenchymalStemCell", "MSCProduct"})

    def _same_factor(self, first: Assertion, second: Assertion) -> float:
        """A factor changed in one cell is the same factor only for that cell, unless it was released."""
        carrier = first.cell or (first.subject if first.predicate == "expresses" else "")
        if carrier and second.cell and self.counted(second) and not self.weigher.related(carrier, second.cell):
            return 0.0  # a receptor on MSC is not the one that was counted on an epithelial cell
        if self.anywhere(first):
            return self.priors["chain_assembled"]
        if any(name and self.weigher.related(first.cell, name) for name in (second.object, second.cell)):
            return self.priors["chain_assembled"]
        return self.priors["chain_other_cell"] if first.aspect in RELEASED else 0.0

    @cached_property
    def opposed(self) -> frozenset[int]:
        """Links that say a thing makes a factor, where its level in the body was seen to fall by the same thing.

        What MSC secrete in culture is not the level in patients, with which a disease was associated.
        """
        ladder, predicates = self.vocabulary.ontology.systems, self.vocabulary.ontology.predicates
        body = ladder["animal model"].stage
        falls = {
            (claim.subject, claim.object)
            for claim in self.claims
            if claim.effect < 0 and predicates[claim.predicate].polar and claim.aspect in LEVELS
            if any(row.direction == "supports" and ladder[row.system].stage >= body for row in claim.evidence)
        }
        return frozenset(
            index
            for index, link in enumerate(self.links)
            for claim in [self.claims[link.claim]]
            if not predicates[claim.predicate].polar and link.effect > 0 and (claim.subject, claim.object) in falls
        )

    def _known(self, name: str, condition: str) -> bool:
        """Whether there are claims of a thing itself on a condition, or on a form of it or a wider one."""
        return any(self.weigher.related(condition, each) for each in self._on.get(name, ()))

    @cached_property
    def _on(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for link in self.links:
            if link.last:
                found[self.claims[link.claim].subject].add(self.claims[link.claim].object)
        return found

    def counted(self, claim: Assertion) -> bool:
        """Whether a claim is one of association: what was counted, not what acts."""
        return self.vocabulary.ontology.predicates[claim.predicate].causal == "no"

    @cached_property
    def roles(self) -> dict[str, int]:
        """Whether a thing, by all causal claims on conditions together, drives them (1) or restrains them (-1)."""
        weights: dict[str, float] = defaultdict(float)
        for link, ready, outcome in zip(self.links, self.ready, self.outcome, strict=True):
            if link.last and not link.association and not ready.subject_group and not outcome:
                claim = self.claims[link.claim]
                weights[claim.subject] += link.effect * belief(link, claim, self.weigher)
        return {name: 1 if weight > 0 else -1 for name, weight in weights.items() if abs(weight) > 1e-9}

    def restrains_alike(self, index: int) -> bool:
        """An association against the role of a thing says what the body answers, not what acts.

        The role is what causal claims on conditions give; without any, a regulatory cell restrains.
        """
        link = self.links[index]
        return not link.association or self._role(self.claims[link.claim].subject) * link.effect >= 0

    def _role(self, name: str) -> int:
        return self.roles.get(name, -1 if name in self.regulatory else 0)

    def bridged(self, name: str) -> list[str]:
        """Names one or two kinds up or down from a cell or a family, where neither is too broad to say anything."""
        vocabulary = self.vocabulary
        above = vocabulary.ontology.superclasses[vocabulary.entities[name].category]
        if not above & {"ImmuneCell", "TissueCell", "ProteinComplexOrFamily", "MicroRNA", "Protein"}:
            return []
        if name not in self._bridges:
            parents = set(vocabulary.entities[name].parents)
            up = parents | {g for p in parents for g in vocabulary.entities[p].parents}
            down = vocabulary.descendants(name)
            near = {n for n in down if self._levels(n, name) <= 2} if len(down) <= BROAD else set()
            near |= {n for n in up if len(vocabulary.descendants(n)) <= BROAD}
            usable = (n for n in near if n in self.out and self._same_role(name, n) and not self._skips(name, n))
            self._bridges[name] = sorted(usable)
        return self._bridges[name]

    @cached_property
    def _bridges(self) -> dict[str, list[str]]:
        return {}

    def _same_role(self, left: str, right: str) -> bool:
        """Regulatory T cells are T cells, but fewer T cells is not fewer of them: no bridge between opposite roles."""
        ancestors = self.vocabulary.ancestors
        low, high = (left, right) if right in ancestors(left) else (right, left)
        between = {low, *(n for n in ancestors(low) if high in ancestors(n))}
        role = self.roles.get(high, 0)
        return not any(self.roles.get(name, 0) * role < 0 or name in self.regulatory for name in between)

    @cached_property
    def regulatory(self) -> frozenset[str]:
        """Cells that hold others down by what the claims say: bearers of a suppressive function."""
        return frozenset(
            self.claims[link.claim].object
            for link in self.links
            if self.claims[link.claim].aspect == "suppressive function"
        )

    def _skips(self, left: str, right: str) -> bool:
        """Whether a kind between the two has claims of its own on a condition: then it speaks, not what lies beyond."""
        ancestors = self.vocabulary.ancestors
        low, high = (left, right) if right in ancestors(left) else (right, left)
        return any(high in ancestors(name) and self._on.get(name) for name in ancestors(low))

    def _levels(self, low: str, high: str) -> int:
        entities = self.vocabulary.entities
        parents = set(entities[low].parents)
        return 1 if high in parents else 2 if any(high in entities[p].parents for p in parents) else 3


def belief(link: Link, claim: Assertion, weigher: Weigher, blocks: Blocks | None = None) -> float:
    """Return what a link is worth under a context, in [0, 1]; rows that rest on what is blocked do not count."""
    evidence = claim.evidence
    rows = [evidence[number] for number in link.rows]
    if blocks:
        rows = [row for row in rows if not blocks.stops(row)]
    worth = weigher.pooled(claim, rows)
    if link.doubts and worth:
        worth *= 1 - weigher.pooled(claim, [evidence[number] for number in link.doubts])
    return worth * (weigher.vocabulary.ontology.priors["association"] if link.association else 1.0)
