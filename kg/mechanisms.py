"""How a source acts on a target: chains of claims whose effects multiply to a net sign, grouped into routes.

A chain is not any path: what one step changes must be what the next acts with (`Composer`), so that a chain through
"MSC raise phagocytosis" does not end in "macrophages drive SLE". docs/mechanisms.md explains each rule.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from kg.graph import Context, Weigher
from kg.model import Assertion, Evidence
from kg.vocabulary import Vocabulary

__all__ = ["Link", "Mechanism", "Outcome", "Route", "Step", "Trace", "trace"]

CELLS = frozenset({"ImmuneCell", "TissueCell"})
BROAD = 60  # a concept with more kinds than this says too little to be bridged from or to
POPPED = 60_000
VERBS = {"positively_regulates": "raises", "negatively_regulates": "lowers", "has_function_defect": "fails in"}
FOUND = 400


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a mechanism: a claim with the rows that count for it, or a bridge to a wider or narrower concept.

    `effect` is in {-1, 0, 1} and speaks of the amount of subject and object, so that the effects of a mechanism
    multiply to its sign; `belief` is in [0, 1]; `attestation` says how the step hangs together with the one before
    (attested, same publication, assembled; empty for the first).
    """

    subject: str
    predicate: str
    object: str
    aspect: str
    cell: str
    effect: int
    belief: float
    attestation: str
    publications: tuple[str, ...]
    refuting: tuple[str, ...]
    species: tuple[str, ...]
    stage: str
    bridge: bool = False
    mediators: tuple[str, ...] = ()
    mediator_tests: tuple[str, ...] = ()
    claim: str = ""

    @property
    def phrase(self) -> str:
        """The step in words, as one would read it aloud."""
        if self.bridge:
            return f"{self.subject} {'is a kind of' if self.predicate == 'subclass_of' else 'includes'} {self.object}"
        verb = VERBS.get(self.predicate, self.predicate.replace("_", " "))
        what = self.object
        if self.aspect and self.predicate in VERBS:
            what = f"{self.aspect} of {self.object}"
        elif self.aspect and self.aspect not in ("secretion", "expression"):
            verb = f"({self.aspect}) {verb}"
        place = f" in {self.cell}" if self.cell else ""
        through = f" through {' and '.join(self.mediators)}" if self.mediators else ""
        return f"{self.subject} {verb} {what}{place}{through}"


@dataclass(frozen=True, slots=True)
class Mechanism:
    """A chain of steps from source to target. `sign` is the product of effects; `score` in [0, 1] orders mechanisms.

    `stage` is the lowest rung of the translational ladder among the steps, `human` the same over human evidence alone,
    empty when a step has none; `weakest` names the step with the least belief.
    """

    sign: int
    score: float
    steps: tuple[Step, ...]
    stage: str
    weakest: str
    human: str

    @property
    def phrase(self) -> str:
        """The steps in words, one after the other."""
        return "; ".join(step.phrase for step in self.steps)

    @property
    def nodes(self) -> tuple[str, ...]:
        """Names from source to target, mediators of direct claims in their place."""
        names = [self.steps[0].subject]
        for step in self.steps:
            names.extend(step.mediators)
            names.append(step.object)
        return tuple(names)

    @property
    def publications(self) -> tuple[str, ...]:
        """CURIEs of all papers behind the steps, each once, sorted."""
        return tuple(sorted({p for step in self.steps for p in step.publications}))


@dataclass(frozen=True, slots=True)
class Route:
    """Mechanisms of one sign through the same mediators. `weight` = 1 - product of (1 - score) of the best five.

    `mediators` are the factors, products or modes between the source and the first immune or tissue cell; when the
    papers name none, `mediators` is empty and `label` says on which cell the source acts.
    """

    mediators: tuple[str, ...]
    label: str
    sign: int
    weight: float
    mechanisms: tuple[Mechanism, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A tested result of the source on the target: a claim of improvement, harm or no effect, by one paper."""

    subject: str
    predicate: str
    object: str
    direction: str
    system: str
    species: tuple[str, ...]
    statement: str
    effect: str
    publication: str


@dataclass(frozen=True, slots=True)
class Trace:
    """The answer to "how does the source act on the target?"; routes and counter-routes are ordered by weight."""

    source: str
    target: str
    context: Context
    effect: str
    reason: str
    outcomes: tuple[Outcome, ...]
    routes: tuple[Route, ...]
    counter_routes: tuple[Route, ...]
    found: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """A claim made ready for chaining: the rows that count, its belief, and how it may follow and be followed."""

    claim: Assertion
    mediators: tuple[str, ...]
    rows: tuple[Evidence, ...]
    against: tuple[Evidence, ...]
    belief: float
    effect: int
    group: str
    subject_group: str
    publications: frozenset[str]
    legs: frozenset[tuple[str, str]]
    diseases: frozenset[str]
    last: bool = False
    association: bool = False


@dataclass(order=True)
class _State:
    bound: float
    order: tuple[int, ...]
    value: float = field(compare=False)
    sign: int = field(compare=False)
    bridges: int = field(compare=False)
    nodes: tuple[str, ...] = field(compare=False)
    hops: tuple[tuple[int, str, str], ...] = field(compare=False)  # link index, attestation, bridge target or ""


class Composer:
    """Which link may follow which, and how strongly the two hang together."""

    def __init__(self, weigher: Weigher) -> None:
        self.weigher = weigher
        self.vocabulary = weigher.vocabulary
        self.priors = weigher.vocabulary.ontology.priors
        self.chains = weigher.vocabulary.ontology.chains

    def composed(self, first: Link, second: Link, bridged: bool = False) -> tuple[float, str]:
        """Return the factor in [0, 1] and the attestation of `second` after `first`; 0 when they do not cohere."""
        chain = self.chains[first.group]
        if second.subject_group:
            if second.subject_group not in chain.into:
                return 0.0, ""
        elif not chain.unstated and not (chain.lowering and second.effect < 0):
            return 0.0, ""
        if not bridged and first.legs & second.legs:
            return self.priors["chain_attested"], "attested"
        shared = first.publications & second.publications
        if shared:
            return self.priors["chain_same_publication"], "same publication"
        if first.diseases and second.diseases and not self._agree(first.diseases, second.diseases):
            return 0.0, ""
        factor = self._same_factor(first, second)
        return factor, "assembled" if factor else ""

    def _agree(self, left: frozenset[str], right: frozenset[str]) -> bool:
        return any(self.weigher.related(a, b) for a in left for b in right)

    def _same_factor(self, first: Link, second: Link) -> float:
        """A factor changed in one cell is the same factor only for that cell, unless it was released."""
        cell = first.claim.cell
        if not cell or first.claim.subject == cell:
            return self.priors["chain_assembled"]
        superclasses = self.vocabulary.ontology.superclasses[self.vocabulary.entities[cell].category]
        if superclasses & {"MesenchymalStemCell", "MSCProduct"}:
            return self.priors["chain_assembled"]
        for name in (second.claim.object, second.claim.cell):
            if name and self.weigher.related(cell, name):
                return self.priors["chain_assembled"]
        if first.claim.aspect in ("secretion", "cytokine production", "abundance", "antibody production"):
            return self.priors["chain_other_cell"]
        return 0.0


def links(claims: Sequence[Assertion], weigher: Weigher) -> list[Link]:
    """Return the causal claims as links, direct claims split by the mediator their papers name; fixed order."""
    ontology = weigher.vocabulary.ontology
    entities = weigher.vocabulary.entities
    result: list[Link] = []
    for claim in claims:
        predicate = ontology.predicates[claim.predicate]
        if predicate.causal == "outcome" or not claim.effect or claim.subject == claim.object:
            continue
        association = predicate.causal == "no"
        if association and predicate.bearer != "subject":
            continue
        aspect = ontology.aspects.get(claim.aspect)
        effect, group, subject_group = claim.effect, "amount", ""
        if predicate.bearer == "subject":
            if aspect is not None and aspect.name not in ("", "abundance"):
                subject_group = aspect.chains_as
                if not aspect.polarity:
                    continue
                effect *= aspect.polarity
            if association and subject_group in ("suppression",):
                continue
        elif aspect is not None:
            group = aspect.chains_as
        condition = "Condition" in ontology.superclasses[entities[claim.object].category]
        against = tuple(row for row in claim.evidence if row.direction == "refutes")
        split: dict[tuple[str, ...], list[Evidence]] = defaultdict(list)
        failed: dict[str, list[Evidence]] = defaultdict(list)
        for row in claim.evidence:
            if row.direction == "refutes":
                continue
            if row.mediator_test.endswith("without effect"):
                for name in row.mediator:
                    failed[name].append(row)
                split[()].append(row)
                continue
            names = tuple(m for m in row.mediator if m not in (claim.subject, claim.object))
            if not names and row.mode and row.mode != "soluble" and predicate.bearer == "object":
                names = (row.mode,)
            split[names].append(row)
        for mediators, rows in sorted(split.items()):
            doubts = [*against, *(row for name in mediators for row in failed.get(name, ()))]
            belief = weigher.pooled(claim, rows) * (1 - weigher.pooled(claim, doubts))
            if belief <= 0:
                continue
            direct = f"{claim.subject} -> {claim.object}"
            legs = {(row.publication, row.leg_of) for row in rows if row.leg_of}
            legs |= {(row.publication, direct) for row in rows if row.mediator}
            result.append(
                Link(
                    claim,
                    mediators,
                    tuple(rows),
                    tuple(doubts),
                    belief * (ontology.priors["association"] if association else 1.0),
                    effect,
                    group,
                    subject_group,
                    frozenset(row.publication for row in rows),
                    frozenset(legs),
                    frozenset(row.disease for row in rows) if all(row.disease for row in rows) else frozenset(),
                    last=condition,
                    association=association,
                )
            )
    return result


def trace(
    claims: Sequence[Assertion],
    vocabulary: Vocabulary,
    source: str,
    target: str,
    context: Context | None = None,
    *,
    max_length: int = 5,
    via: Sequence[str] = (),
    avoid: Sequence[str] = (),
    count: int = 10,
) -> Trace:
    """Answer how `source` acts on `target`: the best routes of either sign and a verdict that may abstain.

    Parameters
    ----------
    claims
        All claims, as of the dataset.
    source, target
        Entity names.
    context
        What the reader asks for; human, any source by default. A disease as target sets the disease by itself.
    max_length
        Largest number of claims in a chain, at least 1; bridges are not counted.
    via, avoid
        Entity names that every mechanism must, or must not, run through.
    count
        Largest number of routes of each sign.

    Returns
    -------
    Trace
        Routes ordered by weight, then by name; empty when nothing connects the two, with the reason said.
    """
    context = context or Context()
    target_category = vocabulary.entities[target].category
    condition = "Condition" in vocabulary.ontology.superclasses[target_category]
    weigher = Weigher(vocabulary, context)
    if condition and not context.disease:
        weigher = Weigher(vocabulary, context.merged(Context(disease=target)))
    search = _Search(claims, weigher, source, target, max_length, frozenset(avoid))
    found = [m for m in search.mechanisms() if set(via) <= set(m.nodes)]
    routes = _routes(_folded(found), vocabulary, source)
    by_sign = {sign: [route for route in routes if route.sign == sign] for sign in (-1, 1)}
    total = {sign: sum(route.weight for route in by_sign[sign]) for sign in (-1, 1)}
    superclasses = vocabulary.ontology.superclasses[vocabulary.entities[source].category]
    therapy = bool(superclasses & {"MesenchymalStemCell", "MSCProduct", "Treatment"})
    main = -1 if condition and therapy else (1 if total[1] >= total[-1] else -1)
    effect, reason = _verdict(total, by_sign, condition, vocabulary.ontology.priors["verdict_ratio"])
    return Trace(
        source,
        target,
        context,
        effect,
        reason,
        tuple(_outcomes(claims, weigher, source, target)),
        tuple(by_sign[main][:count]),
        tuple(by_sign[-main][:count]),
        len(found),
    )


class _Search:
    """Best-first search over links, with the best completion of each link as an exact upper bound."""

    def __init__(
        self,
        claims: Sequence[Assertion],
        weigher: Weigher,
        source: str,
        target: str,
        length: int,
        avoid: frozenset[str],
    ) -> None:
        self.weigher, self.source, self.target, self.length = weigher, source, target, length
        self.vocabulary = weigher.vocabulary
        self.priors = self.vocabulary.ontology.priors
        self.composer = Composer(weigher)
        everything = links(claims, weigher)
        degree: dict[str, set[str]] = defaultdict(set)
        for link in everything:
            degree[link.claim.subject].add(link.claim.object)
            degree[link.claim.object].add(link.claim.subject)
        exponent = self.priors["degree_exponent"]
        self.penalty = {name: max(1, len(near)) ** -exponent for name, near in degree.items()}
        self.ends = {target: 1.0}
        superclasses = self.vocabulary.ontology.superclasses
        category = self.vocabulary.entities[target].category
        self.condition = "Condition" in superclasses[category]
        if self.condition:
            for name in sorted(self.vocabulary.descendants(target)):
                self.ends[name] = self.priors["target_bridge"]
        self.roles = _roles(everything, self.vocabulary)
        self.links = [link for link in everything if self._usable(link, avoid)]
        self.out: dict[str, list[int]] = defaultdict(list)
        for index, link in enumerate(self.links):
            self.out[link.claim.subject].append(index)
        self.bridges: dict[str, tuple[str, ...]] = {}
        layers = self.vocabulary.ontology.layers
        self.order = {name: layers[entity.category] for name, entity in self.vocabulary.entities.items()}
        self._following: dict[tuple[int, str], list[tuple[int, float, str]]] = {}

    def _usable(self, link: Link, avoid: frozenset[str]) -> bool:
        claim = link.claim
        if claim.object in avoid or claim.subject in avoid or avoid.intersection(link.mediators) or claim.cell in avoid:
            return False
        if claim.object == self.source or claim.subject in self.ends:
            return False
        if link.last and claim.object not in self.ends:
            return False
        if link.association and (claim.object not in self.ends or self.roles.get(claim.subject, 0) * link.effect < 0):
            return False
        if link.last and claim.subject == self.source and not link.mediators:
            return False
        superclasses = self.vocabulary.ontology.superclasses
        if claim.subject != self.source:
            above = superclasses[self.vocabulary.entities[claim.subject].category]
            if above & {"Condition", "Treatment", "MesenchymalStemCell", "Taxon", "Anatomy"}:
                return False
        return True

    def bridged(self, name: str) -> tuple[str, ...]:
        """Names one or two kinds up or down from a cell or a family, where neither is too broad to say anything."""
        if name not in self.bridges:
            vocabulary = self.vocabulary
            above = vocabulary.ontology.superclasses[vocabulary.entities[name].category]
            near: set[str] = set()
            if above & {"ImmuneCell", "TissueCell", "ProteinComplexOrFamily", "MicroRNA", "Protein"}:
                parents = set(vocabulary.entities[name].parents)
                up = parents | {g for p in parents for g in vocabulary.entities[p].parents}
                down = {n for n in vocabulary.descendants(name) if self._levels(n, name) <= 2}
                if len(vocabulary.descendants(name)) > BROAD:
                    down = set()
                near = {n for n in up if len(vocabulary.descendants(n)) <= BROAD} | down
            self.bridges[name] = tuple(
                sorted(n for n in near if n in self.out and n not in self.ends and self._same_role(name, n))
            )
        return self.bridges[name]

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
            link.claim.object
            for link in self.links
            if link.claim.aspect == "suppressive function" and link.claim.object not in self.ends
        )

    def _levels(self, low: str, high: str) -> int:
        entities = self.vocabulary.entities
        parents = set(entities[low].parents)
        return 1 if high in parents else 2 if any(high in entities[p].parents for p in parents) else 3

    def follow(self, index: int, name: str) -> list[tuple[int, float, str]]:
        """Links that may follow a link at `name` (its object, or a concept bridged to): index, factor, attestation."""
        key = (index, name)
        if key not in self._following:
            first = self.links[index]
            at = first.claim.object
            penalty = self.penalty.get(at, 1.0)
            bridged = name != at
            result = []
            for other in self.out.get(name, ()):
                second = self.links[other]
                if second.claim.object in (at, first.claim.subject):
                    continue
                factor, attestation = self.composer.composed(first, second, bridged)
                if factor:
                    if bridged:
                        factor *= self.priors["bridge"] * self.penalty.get(name, 1.0)
                    if self.order[second.claim.object] < self.order[name]:
                        factor *= self.priors["off_grammar"]
                    result.append((other, factor * penalty * second.belief, attestation))
            self._following[key] = result
        return self._following[key]

    def bounds(self) -> list[dict[int, list[float]]]:
        """For each number of further links: the best completion of a link to the target, by the sign still to come."""
        first = {
            index: [0.0, self.ends[link.claim.object]]
            for index, link in enumerate(self.links)
            if link.claim.object in self.ends
        }
        layers = [first]
        reachable = self._reachable()
        for _ in range(self.length - 1):
            before = layers[-1]
            current = {index: list(pair) for index, pair in first.items()}
            for index in reachable:
                link = self.links[index]
                if link.claim.object in self.ends:
                    continue
                best = [0.0, 0.0]
                for name in (link.claim.object, *self.bridged(link.claim.object)):
                    for other, value, _ in self.follow(index, name):
                        rest = before.get(other)
                        if rest is None:
                            continue
                        flip = self.links[other].effect < 0
                        for sign in (0, 1):
                            total = value * rest[sign]
                            at = 1 - sign if flip else sign
                            if total > best[at]:
                                best[at] = total
                if best[0] or best[1]:
                    current[index] = best
            layers.append(current)
        return layers

    def _reachable(self) -> list[int]:
        """Links on any walk from source to target, whatever composes: keeps the pairs to be looked at few."""
        back: dict[str, set[str]] = defaultdict(set)
        for link in self.links:
            back[link.claim.object].add(link.claim.subject)
        to_target: set[str] = set()
        edge = set(self.ends)
        for _ in range(self.length):
            edge = {s for name in edge for s in back.get(name, ())} - to_target
            edge |= {n for name in edge for n in self.bridged(name)} - to_target
            to_target |= edge
        return [
            index
            for index, link in enumerate(self.links)
            if link.claim.object in self.ends or link.claim.object in to_target or self.bridged(link.claim.object)
        ]

    def mechanisms(self) -> list[Mechanism]:
        """The best mechanisms of either sign, best first; ties by names."""
        layers = self.bounds()
        heap: list[_State] = []
        last = self.length - 1
        for index in self.out.get(self.source, ()):
            link = self.links[index]
            rest = layers[last].get(index)
            if rest is None:
                continue
            self._push(heap, link.belief, rest, (self.source, link.claim.object), ((index, "", ""),), link.effect, 0)
        found: dict[int, list[Mechanism]] = {-1: [], 1: []}
        popped = 0
        while heap and popped < POPPED and min(map(len, found.values())) < FOUND:
            state = heapq.heappop(heap)
            popped += 1
            index = state.hops[-1][0]
            link = self.links[index]
            if link.claim.object in self.ends:
                if len(found[state.sign]) < FOUND:
                    found[state.sign].append(self._mechanism(state))
                continue
            remaining = self.length - len(state.hops) - 1
            if remaining < 0:
                continue
            at = link.claim.object
            for name in (at, *(() if state.bridges else self.bridged(at))):
                if name != at and name in state.nodes:
                    continue
                for other, value, attestation in self.follow(index, name):
                    rest = layers[remaining].get(other)
                    following = self.links[other]
                    if rest is None or following.claim.object in state.nodes:
                        continue
                    bridge = name if name != at else ""
                    nodes = (*state.nodes, *([name] if bridge else []), following.claim.object)
                    hops = (*state.hops, (other, attestation, bridge))
                    sign = state.sign * following.effect
                    self._push(heap, state.value * value, rest, nodes, hops, sign, state.bridges + bool(bridge))
        return sorted(found[-1] + found[1], key=lambda m: (-m.score, m.nodes, m.sign))

    def _push(
        self,
        heap: list[_State],
        value: float,
        rest: list[float],
        nodes: tuple[str, ...],
        hops: tuple[tuple[int, str, str], ...],
        sign: int,
        bridges: int,
    ) -> None:
        bound = value * max(rest)
        if bound > 0:
            heapq.heappush(heap, _State(-bound, tuple(h[0] for h in hops), value, sign, bridges, nodes, hops))

    def _mechanism(self, state: _State) -> Mechanism:
        steps: list[Step] = []
        bridge = self.priors["bridge"]
        for index, attestation, to in state.hops:
            link = self.links[index]
            if to:
                before = steps[-1].object
                up = to in self.vocabulary.ancestors(before)
                steps.append(_bridge(before, to, "subclass_of" if up else "superclass_of", bridge))
            steps.append(_step(link, attestation, self.weigher))
        end, factor = steps[-1].object, self.ends[steps[-1].object]
        if end != self.target:
            steps.append(_bridge(end, self.target, "subclass_of", factor))
        ladder = self.vocabulary.ontology.systems
        real = [step for step in steps if not step.bridge]
        weakest = min(real, key=lambda step: step.belief)
        stage = min((step.stage for step in real), key=lambda name: ladder[name].stage)
        by_step = [
            max(
                (row.system for row in self.links[i].rows if "human" in row.species),
                key=lambda n: ladder[n].stage,
                default="",
            )
            for i, _, _ in state.hops
        ]
        best = min(by_step, key=lambda name: ladder[name].stage if name else 0)
        return Mechanism(
            state.sign, state.value * factor, tuple(steps), stage, f"{weakest.subject} -> {weakest.object}", best
        )


def _roles(everything: Sequence[Link], vocabulary: Vocabulary) -> dict[str, int]:
    """Whether a cell or factor, by all causal claims on conditions together, drives them (1) or restrains them (-1)."""
    weights: dict[str, float] = defaultdict(float)
    for link in everything:
        if link.last and not link.association and not link.subject_group:
            weights[link.claim.subject] += link.effect * link.belief
    return {name: 1 if weight > 0 else -1 for name, weight in weights.items() if abs(weight) > 1e-9}


def _bridge(low: str, high: str, predicate: str, belief: float) -> Step:
    return Step(low, predicate, high, "", "", 1, belief, "", (), (), (), "", bridge=True)


def _step(link: Link, attestation: str, weigher: Weigher) -> Step:
    ladder = weigher.vocabulary.ontology.systems
    claim = link.claim
    return Step(
        claim.subject,
        claim.predicate,
        claim.object,
        claim.aspect,
        claim.cell,
        link.effect,
        link.belief,
        attestation,
        tuple(sorted(link.publications)),
        tuple(sorted({row.publication for row in link.against})),
        tuple(sorted({name for row in link.rows for name in row.species})),
        max((row.system for row in link.rows), key=lambda name: (ladder[name].stage, name)),
        mediators=link.mediators,
        mediator_tests=tuple(sorted({row.mediator_test for row in link.rows if row.mediator_test})),
        claim=claim.id,
    )


def _folded(mechanisms: list[Mechanism]) -> list[Mechanism]:
    """Let a chain speak once: of those over the same names, the most detailed stays, with the best score.

    A direct claim "A acts on B through X" and the chain A -> X -> B are the same mechanism; so are A -> X -> disease
    and A -> X -> B -> disease when the last step of the short one rests on papers of the long one alone.
    """
    by_names: dict[tuple[tuple[str, ...], int], list[Mechanism]] = defaultdict(list)
    for mechanism in mechanisms:
        by_names[(_core(mechanism), mechanism.sign)].append(mechanism)
    kept: list[Mechanism] = []
    for same in by_names.values():
        best = max(same, key=lambda m: m.score)
        chosen = max(same, key=lambda m: (len(m.steps), m.score))
        kept.append(replace(chosen, score=best.score))
    ends: dict[tuple[str, str, int], list[Mechanism]] = defaultdict(list)
    for mechanism in kept:
        names = mechanism.nodes
        if len(names) > 2:
            ends[(names[1], names[-1], mechanism.sign)].append(mechanism)
    dropped: set[int] = set()
    for mechanism in kept:
        names = mechanism.nodes
        if len(names) < 3:
            continue
        claims = [step for step in mechanism.steps if not step.bridge]
        for longer in ends[(names[1], names[-1], mechanism.sign)]:
            detailed = len(longer.nodes) > len(names) and set(names) <= set(longer.nodes)
            if detailed and not any(step.bridge for step in longer.steps[:-1]):
                if set(claims[-1].publications) <= set(longer.publications):
                    dropped.add(id(mechanism))
                    break
    return sorted((m for m in kept if id(m) not in dropped), key=lambda m: (-m.score, m.nodes, m.sign))


def _core(mechanism: Mechanism) -> tuple[str, ...]:
    """Names of a mechanism with the target, but without the narrower form of the target that it may end in."""
    last = mechanism.steps[-1]
    return (*mechanism.nodes[:-2], last.object) if last.bridge else mechanism.nodes


def _routes(mechanisms: list[Mechanism], vocabulary: Vocabulary, source: str) -> list[Route]:
    entities, superclasses = vocabulary.entities, vocabulary.ontology.superclasses
    grouped: dict[tuple[tuple[str, ...], str, int], list[Mechanism]] = defaultdict(list)
    for mechanism in mechanisms:
        mediators, first = [], ""
        for name in mechanism.nodes[1:-1]:
            above = superclasses[entities[name].category] if name in entities else frozenset()
            if name in vocabulary.ontology.modes:
                mediators.append(name)
                continue
            if above & CELLS:
                first = name
                break
            if "Condition" in above or "BiologicalProcess" in above:
                first = first or name
                break
            mediators.append(name)
        grouped[(tuple(mediators), "" if mediators else first, mechanism.sign)].append(mechanism)
    number = int(vocabulary.ontology.priors["route_mechanisms"])
    routes = []
    for (names, first_cell, sign), members in grouped.items():
        left = 1.0
        for mechanism in members[:number]:
            left *= 1 - mechanism.score
        label = (
            "via " + " and ".join(names)
            if names
            else f"on {first_cell}, mediator not stated"
            if first_cell
            else "direct"
        )
        routes.append(Route(names, label, sign, 1 - left, tuple(members[:number])))
    return sorted(routes, key=lambda route: (-route.weight, route.label, route.sign))


def _verdict(total: dict[int, float], routes: dict[int, list[Route]], condition: bool, ratio: float) -> tuple[str, str]:
    words = {-1: "ameliorates", 1: "exacerbates"} if condition else {-1: "lowers", 1: "raises"}
    if not total[-1] and not total[1]:
        return "undetermined", "no coherent mechanism connects the two in these tables"
    heavy = 1 if total[1] > total[-1] else -1
    numbers = (
        f"{len(routes[heavy])} routes that say {words[heavy]} (weight {total[heavy]:.2g}) against "
        f"{len(routes[-heavy])} that say {words[-heavy]} (weight {total[-heavy]:.2g})"
    )
    if total[heavy] < ratio * total[-heavy]:
        return "undetermined", f"{numbers}: less than {ratio:g} to 1"
    return words[heavy], numbers


def _outcomes(claims: Sequence[Assertion], weigher: Weigher, source: str, target: str) -> Iterator[Outcome]:
    vocabulary = weigher.vocabulary
    ladder = vocabulary.ontology.systems
    targets = {target, *vocabulary.descendants(target)}
    rows = [
        (claim, row)
        for claim in claims
        if claim.subject == source
        and claim.object in targets
        and vocabulary.ontology.predicates[claim.predicate].causal == "outcome"
        for row in claim.evidence
    ]
    rows.sort(
        key=lambda pair: (-ladder[pair[1].system].stage, pair[0].object != target, pair[1].publication, pair[0].id)
    )
    for claim, row in rows:
        yield Outcome(
            claim.subject,
            claim.predicate,
            claim.object,
            row.direction,
            row.system,
            row.species,
            row.statement,
            row.effect,
            row.publication,
        )
