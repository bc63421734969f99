"""How a source acts on a target: chains of claims whose effects multiply to a net sign, grouped into routes.

Which claims chain is worked out in `kg.chains`, the best chains are found in `kg.bestfirst`; here they are weighed,
folded, grouped and put into words. docs/mechanisms.md explains each rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kg.bestfirst import Found, Question, best
from kg.chains import ATTESTATIONS, Chains, belief, chains
from kg.graph import Blocks, Context, Weigher
from kg.model import Assertion
from kg.vocabulary import Vocabulary

if TYPE_CHECKING:
    from kg.compact import Compact

__all__ = ["Mechanism", "Outcome", "Route", "Step", "Trace", "trace"]

CELLS = frozenset({"ImmuneCell", "TissueCell"})
VERBS = {"positively_regulates": "raises", "negatively_regulates": "lowers", "has_function_defect": "fails in"}


class Step(NamedTuple):
    """One step of a mechanism: a claim with the rows that count for it, or a bridge to a wider or narrower concept.

    `effect` is in {-1, 0, 1} and speaks of the amount of subject and object, so that the effects of a mechanism
    multiply to its sign; `belief` is in [0, 1]; `attestation` says how the step hangs together with the one before
    (attested, same publication, assembled; empty for the first). `factor` in [0, 1] is what belief is multiplied with
    in the score: attestation, degree penalties, bridge and order together. `primed` is what licensed the MSC in every
    row that supports the step, `together` what was given with them in every such row.
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
    factor: float = 1.0
    primed: tuple[str, ...] = ()
    together: tuple[str, ...] = ()

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


class Mechanism(NamedTuple):
    """A chain of steps from source to target. `sign` is the product of effects; `score` in [0, 1] orders mechanisms.

    `stage` is the lowest rung of the translational ladder among the steps, `human` the same over human evidence alone,
    empty when a step has none; `weakest` names the step with the least belief. `direct` is a shorter claim by the same
    papers that says the same and that the score rests on, empty when the steps themselves carry it.
    """

    sign: int
    score: float
    steps: tuple[Step, ...]
    stage: str
    weakest: str
    human: str
    direct: tuple[Step, ...] = ()

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
        return tuple(sorted({p for step in (*self.steps, *self.direct) for p in step.publications}))


class Route(NamedTuple):
    """Mechanisms of one sign through the same mediators. `weight` = 1 - product of (1 - score) of the best five.

    `mediators` are the factors, products or modes between the source and the first immune or tissue cell; when the
    papers name none, `mediators` is empty and `label` says on which cell the source acts.
    """

    mediators: tuple[str, ...]
    label: str
    sign: int
    weight: float
    mechanisms: tuple[Mechanism, ...]


class Outcome(NamedTuple):
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


class Trace(NamedTuple):
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
    blocks: Blocks | None = None,
    ready: Chains | Compact | None = None,
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
        Entity names or modes that every mechanism must, or must not, run through.
    count
        Largest number of routes of each sign; 0 gives all.
    blocks
        What is blocked: see `kg.graph.Blocks`.
    ready
        `kg.chains.chains` or, for many claims, `kg.compact.compact` of the same claims, when they are at hand; the
        first is worked out when not. For a source that is no MSC, product or treatment, those through MSC: what
        licenses MSC acts through them.

    Returns
    -------
    Trace
        Routes ordered by weight, then by name; empty when nothing connects the two, with the reason said.
    """
    context = context or Context()
    ontology = vocabulary.ontology
    condition = "Condition" in ontology.superclasses[vocabulary.entities[target].category]
    if condition and not context.disease:
        context = context.merged(Context(disease=target))
    weigher = Weigher(vocabulary, context)
    ends = {target: 1.0}
    if condition:
        ends |= dict.fromkeys(sorted(vocabulary.descendants(target)), ontology.priors["target_bridge"])
    superclasses = ontology.superclasses[vocabulary.entities[source].category]
    therapy = bool(superclasses & {"MesenchymalStemCell", "MSCProduct", "Treatment"})
    ready = ready if ready is not None else chains(claims, vocabulary, through_msc=not therapy)
    worth: dict[int, float] = {}
    weights: dict[int, float] = {}

    def believe(index: int) -> float:
        value = worth.get(index)
        if value is None:
            link = ready[index]
            value = worth[index] = belief(link, claims[link.claim], weigher, blocks)
        return value

    def weigh(index: int) -> float:
        value = weights.get(index)
        if value is None:
            value = weights[index] = believe(index) * ready[index].penalty
        return value

    barred = frozenset(avoid) | (blocks.entities | blocks.modes if blocks else frozenset())
    question = Question(source, ends, max_length, frozenset(via), barred, direct=not therapy)
    found = best(claims, ready, question, weigh, ontology.priors["score_floor"])
    writer = _Writer(claims, ready, weigher, target, believe)
    routes = _routes(_folded(found, writer), vocabulary)
    by_sign = {sign: [route for route in routes if route.sign == sign] for sign in (-1, 1)}
    total = {sign: sum(route.weight for route in by_sign[sign]) for sign in (-1, 1)}
    main = -1 if condition and therapy else (1 if total[1] >= total[-1] else -1)
    effect, reason = _verdict(total, by_sign, condition, ontology.priors["verdict_ratio"])
    return Trace(
        source,
        target,
        context,
        effect,
        reason,
        tuple(_outcomes(claims, weigher, source, target)),
        tuple(writer.route(route) for route in by_sign[main][: count or None]),
        tuple(writer.route(route) for route in by_sign[-main][: count or None]),
        len(found),
    )


class _Writer:
    """Turns chains found into mechanisms that can be read; `believe` gives the belief of a link."""

    def __init__(
        self,
        claims: Sequence[Assertion],
        ready: Chains | Compact,
        weigher: Weigher,
        target: str,
        believe: Callable[[int], float],
    ) -> None:
        self.claims, self.ready, self.weigher, self.target, self.believe = claims, ready, weigher, target, believe
        self.vocabulary = weigher.vocabulary
        self.priors = self.vocabulary.ontology.priors

    def publications(self, index: int) -> frozenset[str]:
        """CURIEs of the papers behind a link."""
        link = self.ready[index]
        evidence = self.claims[link.claim].evidence
        return frozenset(evidence[number].publication for number in link.rows)

    def route(self, group: _Group) -> Route:
        """Return a route with its mechanisms written out."""
        mechanisms = tuple(self.mechanism(each) for each in group.members)
        return Route(group.mediators, group.label, group.sign, group.weight, mechanisms)

    def mechanism(self, chain: Found) -> Mechanism:
        """Return a chain step by step."""
        ladder = self.vocabulary.ontology.systems
        steps: list[Step] = []
        humans = []
        for index, attestation, to, factor in chain.hops:
            if to:
                before = steps[-1].object
                up = to in self.vocabulary.ancestors(before)
                steps.append(_bridge(before, to, "subclass_of" if up else "superclass_of", self.priors["bridge"]))
            steps.append(self.step(index, ATTESTATIONS[attestation], factor))
            link = self.ready[index]
            evidence = self.claims[link.claim].evidence
            rows = [evidence[number] for number in link.rows]
            systems = (row.system for row in rows if "human" in row.species)
            humans.append(max(systems, key=lambda name: ladder[name].stage, default=""))
        real = [step for step in steps if not step.bridge]
        end = steps[-1].object
        if end != self.target:
            steps.append(_bridge(end, self.target, "subclass_of", self.priors["target_bridge"]))
        weakest = min(real, key=lambda step: step.belief)
        stage = min((step.stage for step in real), key=lambda name: ladder[name].stage)
        human = min(humans, key=lambda name: ladder[name].stage if name else 0)
        name = f"{weakest.subject} -> {weakest.object}"
        direct = tuple(
            self.step(index, ATTESTATIONS[attestation], factor) for index, attestation, _, factor in chain.short
        )
        return Mechanism(chain.sign, chain.score, tuple(steps), stage, name, human, direct)

    def step(self, index: int, attestation: str, factor: float) -> Step:
        """Return the step that a link makes."""
        link = self.ready[index]
        claim = self.claims[link.claim]
        ladder = self.vocabulary.ontology.systems
        rows = [claim.evidence[number] for number in link.rows]
        return Step(
            claim.subject,
            claim.predicate,
            claim.object,
            claim.aspect,
            claim.cell,
            link.effect,
            self.believe(index),
            attestation,
            tuple(sorted({row.publication for row in rows})),
            tuple(sorted({claim.evidence[number].publication for number in link.doubts})),
            tuple(sorted({name for row in rows for name in row.species})),
            max((row.system for row in rows), key=lambda name: (ladder[name].stage, name)),
            mediators=link.mediators,
            mediator_tests=tuple(sorted({row.mediator_test for row in rows if row.mediator_test})),
            claim=claim.id,
            factor=factor * link.penalty,
            primed=_common(row.priming for row in rows),
            together=_common(row.combined_with for row in rows),
        )


def _common(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """What stands in every one of the lists, in the order of the first."""
    first, *others = lists
    return tuple(name for name in first if all(name in other for other in others))


def _bridge(low: str, high: str, predicate: str, belief: float) -> Step:
    return Step(low, predicate, high, "", "", 1, belief, "", (), (), (), "", bridge=True)


def _folded(found: Sequence[Found], writer: _Writer) -> list[Found]:
    """Let a chain speak once: of those over the same names, the most detailed stays, with the best score.

    A direct claim "A acts on B through X" and the chain A -> X -> B are the same mechanism; so are A -> X -> disease
    and A -> X -> B -> disease when the papers behind the last step of the short one stand behind a later step of the
    long one too.
    """
    target = writer.target
    by_names: dict[tuple[tuple[str, ...], int], list[Found]] = defaultdict(list)
    for chain in found:
        by_names[((*chain.names[:-1], target), chain.sign)].append(chain)
    kept: list[Found] = []
    for same in by_names.values():
        chosen = max(same, key=lambda c: (len(c.hops), c.score))
        kept.append(_carrying(chosen, same[0]))
    starts: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, chain in enumerate(kept):
        if len(chain.names) > 2:
            starts[(chain.names[1], chain.sign)].append(place)
    dropped: set[int] = set()
    for place in sorted(range(len(kept)), key=lambda n: len(kept[n].names)):
        chain = kept[place]
        inner, papers = set(chain.names[:-1]), writer.publications(chain.hops[-1][0])
        for other in starts[(chain.names[1], chain.sign)] if len(chain.names) > 2 else ():
            longer = kept[other]
            if len(longer.names) > len(chain.names) and inner <= set(longer.names):
                if not any(bridge for _, _, bridge, _ in longer.hops):
                    if papers <= {paper for index, *_ in longer.hops[1:] for paper in writer.publications(index)}:
                        dropped.add(place)
                        kept[other] = _carrying(longer, chain)
                        break
    return sorted((c for n, c in enumerate(kept) if n not in dropped), key=lambda c: (-c.score, c.names, c.sign))


def _carrying(chain: Found, other: Found) -> Found:
    """The chain with the score of another way of saying it, when that is better."""
    if other.score <= chain.score:
        return chain
    return chain._replace(score=other.score, short=other.short or other.hops)


class _Group(NamedTuple):
    mediators: tuple[str, ...]
    label: str
    sign: int
    weight: float
    members: tuple[Found, ...]


def _routes(found: Sequence[Found], vocabulary: Vocabulary) -> list[_Group]:
    entities, superclasses = vocabulary.entities, vocabulary.ontology.superclasses
    grouped: dict[tuple[tuple[str, ...], str, int], list[Found]] = defaultdict(list)
    for chain in found:
        mediators, first = [], ""
        for name in chain.names[1:-1]:
            above = superclasses[entities[name].category] if name in entities else frozenset()
            if above & CELLS or "Condition" in above or "BiologicalProcess" in above:
                first = name
                break
            mediators.append(name)
        grouped[(tuple(mediators), "" if mediators else first, chain.sign)].append(chain)
    number = int(vocabulary.ontology.priors["route_mechanisms"])
    groups = []
    for (names, first, sign), members in grouped.items():
        left = 1.0
        for chain in members[:number]:
            left *= 1 - chain.score
        label = f"via {' and '.join(names)}" if names else f"on {first}, mediator not stated" if first else "direct"
        groups.append(_Group(names, label, sign, 1 - left, tuple(members[:number])))
    return sorted(groups, key=lambda group: (-group.weight, group.label, group.sign))


def _verdict(
    total: dict[int, float], routes: dict[int, list[_Group]], condition: bool, ratio: float
) -> tuple[str, str]:
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
