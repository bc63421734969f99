"""How a source acts on a target: chains of claims whose effects multiply to a net sign, grouped into routes.

Which claims chain is worked out in `kg.chains`, the best chains are found in `kg.bestfirst`; here they are weighed,
folded, grouped and put into words. docs/mechanisms.md explains each rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from kg.bestfirst import Found, Hop, Question, best
from kg.chains import ATTESTATIONS, INCOHERENT, Chains, Link, belief, chains
from kg.graph import Blocks, Context, Weigher
from kg.model import Assertion
from kg.notebook import line, page, paper, papers, signed, table
from kg.vocabulary import Vocabulary

if TYPE_CHECKING:
    from kg.compact import Compact

__all__ = [
    "LESS",
    "ROUTE",
    "VERBS",
    "Mechanism",
    "Outcome",
    "Route",
    "Step",
    "Trace",
    "incoherent",
    "losses",
    "route_cells",
    "trace",
]

MEETS = frozenset({"ImmuneCell", "TissueCell", "Condition", "BiologicalProcess"})  # where mediators end
LESS = "through less "  # how the label of a route begins whose source lowers the factor
TESTS = frozenset({"blockade", "knockdown", "addition"})  # what shows that a mediator carries the effect
UNNAMED = frozenset({"contact"})  # a way of action that says no more than that no mediator is known
VERBS = {
    "positively_regulates": "raises",
    "negatively_regulates": "lowers",
    "has_function_defect": "shows a defect in",
    "has_increased": "has more",
    "has_decreased": "has less",
}


BRIDGES = {"subclass_of": "is a kind of", "superclass_of": "includes", "phenotype_of": "is a manifestation of"}


class Step(NamedTuple):
    """One step of a mechanism: a claim with the rows that count for it, or a bridge to a wider or narrower concept.

    `effect` is in {-1, 0, 1} and speaks of the amount of subject and object, so that the effects of a mechanism
    multiply to its sign; `belief` is in [0, 1]; `attestation` says how the step hangs together with the one before
    (attested, same publication, assembled; empty for the first). `factor` in [0, 1] is what belief is multiplied with
    in the score: attestation, degree penalties, bridge and order together. `primed` is what licensed the MSC in every
    row that supports the step, `together` what was given with them in every such row; with `titles_only`
    nothing but titles was read. `contested` says which like
    claims were refuted, as "abundance: doi:10.1000/one"; `contest` in [0, 1] is what those seen in the disease asked
    for take from the belief.
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
    titles_only: bool = False
    contested: tuple[str, ...] = ()
    contest: float = 0.0

    @property
    def phrase(self) -> str:
        """The step in words, as one would read it aloud."""
        if self.bridge:
            return f"{self.subject} {BRIDGES[self.predicate]} {self.object}"
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
    papers that says the same and that the score rests on, empty when the steps themselves carry it. `basis` says how
    what leads to the last step is tied to the disease asked for: "tested" in it (something was blocked, removed
    or added in hosts or cells with it), "seen" in it, or "assembled" from other settings; empty when none is asked for.
    """

    sign: int
    score: float
    steps: tuple[Step, ...]
    stage: str
    weakest: str
    human: str
    direct: tuple[Step, ...] = ()
    basis: str = ""

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

    def __repr__(self) -> str:
        return f"<{signed(self.sign)} {self.phrase}; score {self.score:.3f}>"

    def _repr_html_(self) -> str:
        names = ["step", "belief", "stage", "species", "tie to the step before", "papers", "against"]
        rows = [
            [s.phrase, s.belief, s.stage, s.species, s.attestation, papers(s.publications), papers(s.refuting)]
            for s in self.steps
        ]
        return page(f"{signed(self.sign)} score {self.score:.3f}, stage {self.stage}", table(names, rows))


class Route(NamedTuple):
    """Mechanisms of one sign through the same mediators. `weight` = 1 - product of (1 - score) of the best five.

    `mediators` are the factors, products or modes between the source and the first immune or tissue cell; when the
    papers name none, `mediators` is empty and `label` says on which cell the source acts. A factor that the source
    lowers makes a route of its own, "through less IL18": it carries nothing. `also` names, with their
    weights, the lighter routes that say less by the same papers (CD73 alone beside CD39 with CD73): not counted again.
    """

    mediators: tuple[str, ...]
    label: str
    sign: int
    weight: float
    mechanisms: tuple[Mechanism, ...]
    also: tuple[tuple[str, float], ...] = ()

    @property
    def less(self) -> bool:
        """Whether the source acts by lowering the first mediator."""
        return self.label.startswith(LESS)

    def __repr__(self) -> str:
        return f"<{signed(self.sign)} {self.label}, weight {self.weight:.3f}>"

    def _repr_html_(self) -> str:
        rows = [[m.score, m.phrase, m.stage, papers(m.publications)] for m in self.mechanisms]
        head = f"{signed(self.sign)} {self.label}, weight {self.weight:.3f}"
        return page(head, table(["score", "mechanism", "stage", "papers"], rows))


class Outcome(NamedTuple):
    """A tested result of the source on the target: a claim of improvement, harm or no effect, by one paper.

    Where the context names MSC source, priming or donor, only results with those.
    """

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

    @property
    def tested(self) -> dict[str, int]:
        """How many papers tested the source on the target and found it better, unchanged or worse; empty without any.

        A paper that says several counts in each; one that refutes an improvement found no change.
        """
        papers: dict[str, set[str]] = {"better": set(), "unchanged": set(), "worse": set()}
        said = {"ameliorates": "better", "exacerbates": "worse"}
        for outcome in self.outcomes:
            kind = said.get(outcome.predicate, "unchanged") if outcome.direction == "supports" else "unchanged"
            papers[kind].add(outcome.publication)
        return {kind: len(each) for kind, each in papers.items()} if self.outcomes else {}

    @property
    def agreement(self) -> str:
        """Whether the verdict of the routes is what most papers found that tested it, in words; empty without any."""
        counts = self.tested
        if not counts:
            return ""
        most = max(counts, key=lambda kind: counts[kind])
        if self.effect == "undetermined":
            return f"the routes leave it open; most papers that tested it found it {most}"
        expected = {"ameliorates": "better", "exacerbates": "worse"}.get(self.effect, "")
        agrees = "agree" if most == expected else "disagree"
        return f"the routes {agrees} with what most papers that tested it found: {most}"

    def __repr__(self) -> str:
        counts = f"{len(self.routes)} routes, {len(self.counter_routes)} counter-routes"
        return f"<{self.source} on {self.target}: {self.effect}; {counts}>"

    def _repr_html_(self) -> str:
        tested = ", ".join(f"{number} {kind}" for kind, number in self.tested.items())
        said = line(f"verdict: {self.effect} ({self.reason})")
        said += line(f"tested: {tested} (papers); {self.agreement}") if tested else ""
        names = ["design", "species", "finding", "paper"]
        results = [[o.system, o.species, o.statement, paper(o.publication)] for o in self.outcomes]
        heads = (("Routes", self.routes), ("Counter-routes", self.counter_routes))
        return page(
            f"How does {self.source} act on {self.target}?",
            said,
            *(table(ROUTE, map(route_cells, routes), title=title) for title, routes in heads),
            table(names, results, title="What was tested") if results else "",
        )


ROUTE = ("sign", "route", "weight", "best mechanism", "stage", "papers")


def route_cells(route: Route) -> list[object]:
    """Return a route as a row of a notebook's table, under the headings ROUTE."""
    best = route.mechanisms[0]
    return [signed(route.sign), route.label, route.weight, best.phrase, best.stage, papers(best.publications)]


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
        licenses MSC acts through them. For a source that is a condition the claims are to be those of
        `kg.conditions.from_conditions`.

    Returns
    -------
    Trace
        Routes ordered by weight, then by name; empty when nothing connects the two, with the reason said.
    """
    condition, therapy = vocabulary.is_a(target, "Condition"), _is_therapy(vocabulary, source)
    ready = ready if ready is not None else chains(claims, vocabulary, through_msc=not therapy)
    found, writer = _search(claims, vocabulary, source, target, context, ready, max_length, via, avoid, blocks)
    routes = _nested(_routes(_folded(found, writer), writer), writer)
    by_sign = {sign: [route for route in routes if route.sign == sign] for sign in (-1, 1)}
    total = {sign: sum(route.weight for route in by_sign[sign]) for sign in (-1, 1)}
    main = -1 if condition and therapy else (1 if total[1] >= total[-1] else -1)
    effect, reason = _verdict(total, by_sign, condition, vocabulary.ontology.priors["verdict_ratio"])
    return Trace(
        source,
        target,
        writer.weigher.context,
        effect,
        reason,
        tuple(_outcomes(claims, writer.weigher, source, target, writer.shown)),
        tuple(writer.route(route) for route in by_sign[main][: count or None]),
        tuple(writer.route(route) for route in by_sign[-main][: count or None]),
        len(found),
    )


def losses(
    claims: Sequence[Assertion],
    vocabulary: Vocabulary,
    source: str,
    target: str,
    context: Context | None = None,
    *,
    max_length: int = 5,
    ready: Chains | Compact | None = None,
) -> dict[str, float]:
    """Answer what share of the route weight is lost when each thing on the way is blocked alone.

    Returns
    -------
    dict
        From every name between source and target to the share, in [0, 1], of the summed weight of the main routes that
        goes with it and its kinds; by share, then name. The chains are those of `trace`, searched once: what a new
        search would find below the score floor is not counted, so that a share differs from that of a blockade by as
        little as such chains weigh.
    """
    if ready is None:
        ready = chains(claims, vocabulary, through_msc=not _is_therapy(vocabulary, source))
    found, writer = _search(claims, vocabulary, source, target, context, ready, max_length, (), (), None)

    def weights(kept: Sequence[Found]) -> dict[int, float]:
        total = {-1: 0.0, 1: 0.0}
        for group in _nested(_routes(_folded(kept, writer), writer), writer):
            total[group.sign] += group.weight
        return total

    whole = weights(found)
    therapy = vocabulary.is_a(target, "Condition") and _is_therapy(vocabulary, source)
    main = -1 if therapy else (1 if whole[1] >= whole[-1] else -1)
    shares: dict[str, float] = {}
    passed = [frozenset((*chain.names, *writer.cells(chain))) for chain in found]
    for name in sorted({name for chain in found for name in chain.names[1:-1]}):
        gone = {name, *vocabulary.descendants(name)}
        left = weights([chain for chain, names in zip(found, passed, strict=True) if gone.isdisjoint(names)])[main]
        shares[name] = max(0.0, 1 - left / whole[main]) if whole[main] else 0.0
    return dict(sorted(shares.items(), key=lambda pair: (-pair[1], pair[0])))


def _is_therapy(vocabulary: Vocabulary, name: str) -> bool:
    """Whether a thing is given to patients: MSC, their products, treatments."""
    return any(vocabulary.is_a(name, kind) for kind in ("MesenchymalStemCell", "MSCProduct", "Treatment"))


def _manifestations(claims: Sequence[Assertion], vocabulary: Vocabulary, target: str) -> frozenset[str]:
    """Conditions, no forms of the target, that rows seen in it speak of: lung fibrosis in systemic sclerosis."""
    if not vocabulary.is_a(target, "Disease"):
        return frozenset()
    family = {target, *vocabulary.descendants(target)}
    known = vocabulary.conditions - {*family, *vocabulary.ancestors(target)}
    found = set()
    for claim in claims:
        if claim.object in known and claim.object not in found:
            for row in claim.evidence:
                if row.disease in family:
                    found.add(claim.object)
                    break
    return frozenset(found)


def _search(
    claims: Sequence[Assertion],
    vocabulary: Vocabulary,
    source: str,
    target: str,
    context: Context | None,
    ready: Chains | Compact,
    max_length: int,
    via: Sequence[str],
    avoid: Sequence[str],
    blocks: Blocks | None,
    strict: bool = True,
) -> tuple[list[Found], _Writer]:
    """The best chains of a question, and what writes them out; a condition sets the disease of the context.

    With `strict`, no chain passes a level of a factor that was measured in other diseases alone.
    """
    context = context or Context()
    priors = vocabulary.ontology.priors
    if not context.disease:
        ill = next((name for name in (target, source) if vocabulary.is_a(name, "Condition")), "")
        context = context.merged(Context(disease=ill))
    weigher = Weigher(vocabulary, context)
    family = {target, *vocabulary.descendants(target)}
    ends = {target: 1.0}
    if any(vocabulary.is_a(target, kind) for kind in ("Condition", "MesenchymalStemCell")):
        ends |= dict.fromkeys(sorted(vocabulary.descendants(target)), priors["target_bridge"])
    shown = _manifestations(claims, vocabulary, target)
    ends = dict.fromkeys(sorted(shown), priors["manifestation"]) | ends
    worth: dict[int, float] = {}
    weights: dict[int, float] = {}
    links = ready.links if isinstance(ready, Chains) else ready

    def believe(index: int) -> float:
        value = worth.get(index)
        if value is None:
            link = links[index]
            value = 0.0
            claim = claims[link.claim]
            if not (strict and link.diseases and writer.elsewhere(index)) and (
                claim.object not in shown or any(claim.evidence[n].disease in family for n in link.rows)
            ):
                value = belief(link, claim, weigher, blocks) * (1 - writer.contest(link))
            worth[index] = value
        return value

    def weigh(index: int) -> float:
        value = weights.get(index)
        if value is None:
            value = weights[index] = believe(index) * links[index].penalty
        return value

    barred = frozenset(avoid) | (blocks.entities | blocks.modes if blocks else frozenset())
    question = Question(source, ends, max_length, frozenset(via), barred, direct=not _is_therapy(vocabulary, source))
    writer = _Writer(claims, ready, weigher, target, believe, shown)
    return best(claims, ready, question, weigh, priors["score_floor"]), writer


class _Writer:
    """Turns chains found into mechanisms that can be read.

    `believe` gives the belief of a link, `shown` are the manifestations that count for the target.
    """

    def __init__(
        self,
        claims: Sequence[Assertion],
        ready: Chains | Compact,
        weigher: Weigher,
        target: str,
        believe: Callable[[int], float],
        shown: frozenset[str],
    ) -> None:
        self.claims, self.weigher, self.target, self.believe = claims, weigher, target, believe
        self.links = ready.links if isinstance(ready, Chains) else ready
        self.shown = shown
        self.vocabulary = weigher.vocabulary
        self.priors = self.vocabulary.ontology.priors
        self._papers: dict[int, frozenset[str]] = {}

    def publications(self, index: int) -> frozenset[str]:
        """CURIEs of the papers behind a link."""
        papers = self._papers.get(index)
        if papers is None:
            link = self.links[index]
            evidence = self.claims[link.claim].evidence
            papers = self._papers[index] = frozenset(evidence[number].publication for number in link.rows)
        return papers

    def route(self, group: _Group) -> Route:
        """Return a route with its mechanisms written out."""
        mechanisms = tuple(self.mechanism(each) for each in group.members)
        return Route(group.mediators, group.label, group.sign, group.weight, mechanisms, group.also)

    def carriers(self, chain: Found) -> frozenset[str]:
        """CURIEs of the papers that a chain stands or falls with: those its first two steps share, or of its first."""
        hops = chain.short or chain.hops
        first = self.publications(hops[0][0])
        return (first & self.publications(hops[1][0]) if len(hops) > 1 else first) or first

    def contest(self, link: Link) -> float:
        """What is seen against a link in like aspects, in the disease asked for, takes from it: in [0, 1]."""
        asked = self.weigher.context.disease
        if not link.contests or not asked:
            return 0.0
        left, effect = 1.0, self.claims[link.claim].effect
        ladder = self.vocabulary.ontology.systems
        for claim in map(self.claims.__getitem__, link.contests):
            other = claim.effect != effect  # the level of a factor, the other way, in treated hosts
            rows = [
                row
                for row in claim.evidence
                if row.disease
                and self.weigher.related(row.disease, asked)
                and row.direction == ("supports" if other else "refutes")
                and (not other or ladder[row.system].stage >= ladder["animal model"].stage)
            ]
            left *= 1 - self.weigher.pooled(claim, rows, seen=True) if rows else 1.0
        return float(self.priors["contest"] * (1 - left))

    def elsewhere(self, index: int) -> bool:
        """Whether a link is the level of a factor measured in diseases alone, none of them that of the question."""
        diseases, asked = self.links[index].diseases, self.weigher.context.disease
        return bool(asked and diseases) and not any(self.weigher.related(each, asked) for each in diseases)

    def direct(self, chain: Found) -> str:
        """The aspect that a single claim without mediator speaks of; empty for any other chain."""
        link = self.links[chain.hops[0][0]]
        return self.claims[link.claim].aspect if len(chain.names) == 2 else ""

    def lowers(self, chain: Found) -> bool:
        """Whether the source acts through less of what comes first: a factor that it lowers carries nothing."""
        link = self.links[chain.hops[0][0]]
        return link.effect < 0 and not link.mediators and len(chain.names) > 2

    def cells(self, chain: Found) -> set[str]:
        """The cells in which the steps of a chain happen."""
        return {self.claims[self.links[index].claim].cell for index, *_ in chain.hops}

    def papers(self, hops: Sequence[Hop]) -> set[str]:
        """CURIEs of the papers behind any of the steps."""
        found: set[str] = set()
        for hop in hops:
            found |= self.publications(hop[0])
        return found

    def told_by(self, chain: Found, papers: set[str]) -> bool:
        """Whether every step but the last has one of the papers of another, so that it may be told in its place."""
        steps = chain.hops[: len(chain.hops) - 1 or 1]
        return not any(papers.isdisjoint(self.publications(hop[0])) for hop in steps)

    def meets(self, chain: Found) -> str:
        """The first cell, process or condition that a chain comes to."""
        return next((name for name in chain.names[1:] if not _carries(name, self.vocabulary)), "")

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
            link = self.links[index]
            evidence = self.claims[link.claim].evidence
            rows = [evidence[number] for number in link.rows]
            systems = (row.system for row in rows if "human" in row.species)
            humans.append(max(systems, key=lambda name: ladder[name].stage, default=""))
        real = [step for step in steps if not step.bridge]
        end = steps[-1].object
        if end != self.target:
            form = self.target in self.vocabulary.ancestors(end)
            prior = "target_bridge" if form else "manifestation"
            steps.append(_bridge(end, self.target, "subclass_of" if form else "phenotype_of", self.priors[prior]))
        weakest = min(real, key=lambda step: step.belief)
        stage = min((step.stage for step in real), key=lambda name: ladder[name].stage)
        human = min(humans, key=lambda name: ladder[name].stage if name else 0)
        name = f"{weakest.subject} -> {weakest.object}"
        direct = tuple(
            self.step(index, ATTESTATIONS[attestation], factor) for index, attestation, _, factor in chain.short
        )
        return Mechanism(chain.sign, chain.score, tuple(steps), stage, name, human, direct, self.basis(chain))

    def basis(self, chain: Found) -> str:
        """How what leads to the last step is tied to the disease asked for, in the form that carries the score."""
        asked = self.weigher.context.disease
        if not asked:
            return ""
        hops = chain.short or chain.hops
        tested = False
        for index, *_ in hops[:-1] or hops:
            link = self.links[index]
            evidence = self.claims[link.claim].evidence
            rows = [row for row in map(evidence.__getitem__, link.rows) if row.disease]
            rows = [row for row in rows if self.weigher.related(row.disease, asked)]
            if not rows:
                return "assembled"
            tested = tested or any(row.mediator_test in TESTS for row in rows)
        return "tested" if tested else "seen"

    def step(self, index: int, attestation: str, factor: float) -> Step:
        """Return the step that a link makes."""
        link = self.links[index]
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
            titles_only=all(row.read == "title" for row in rows),
            contest=self.contest(link),
            contested=tuple(
                f"{each.aspect or 'effect'}: {', '.join(each.refuting)}"
                if each.effect == claim.effect
                else f"{each.aspect}, the other way: {', '.join(each.publications)}"
                for each in map(self.claims.__getitem__, link.contests)
            ),
        )


def _common(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """What stands in every one of the lists, in the order of the first."""
    first, *others = lists
    return tuple(name for name in first if all(name in other for other in others))


def _bridge(low: str, high: str, predicate: str, belief: float) -> Step:
    return Step(low, predicate, high, "", "", 1, belief, "", (), (), (), "", bridge=True)


def _folded(found: Sequence[Found], writer: _Writer) -> list[Found]:
    """Let a chain speak once: of those over the same names, the most detailed by the papers of the best one stays.

    It keeps the best score. A direct claim "A acts on B through X" and the chain A -> X -> B are the same mechanism; so
    are A -> X -> disease and A -> X -> B -> disease when the papers behind the last step of the short one stand behind
    a later step of the long one too, and every step of the long one but the last has a paper of the short one.
    """
    target = writer.target
    by_names: dict[tuple[tuple[str, ...], str, int, bool], list[Found]] = defaultdict(list)
    for chain in found:
        by_names[((*chain.names[:-1], target), writer.direct(chain), chain.sign, writer.lowers(chain))].append(chain)
    for names, direct, sign, less in list(by_names):
        lowering = by_names.get((names, direct, sign, True)) if not less else None
        if lowering:
            said = by_names[(names, direct, sign, False)]  # one claim names its mediators, not whether more or less
            papers = writer.papers(said[0].hops)
            if len(said[0].hops) == 1 and any(writer.told_by(chain, papers) for chain in lowering):
                by_names[(names, direct, sign, False)] = sorted((*said, *lowering), key=lambda c: -c.score)
                del by_names[(names, direct, sign, True)]
    kept: list[Found] = []
    for same in by_names.values():
        if len(same) == 1:
            kept.append(same[0])
            continue
        papers = writer.papers(same[0].hops)
        chosen = max(same, key=lambda c: (writer.told_by(c, papers), len(c.hops), c.score))
        kept.append(_carrying(chosen, same[0]))
    starts: dict[tuple[str, int, bool], list[int]] = defaultdict(list)
    for place, chain in enumerate(kept):
        if len(chain.names) > 2:
            starts[(chain.names[1], chain.sign, writer.lowers(chain))].append(place)
    dropped: set[int] = set()
    for place in sorted(range(len(kept)), key=lambda n: len(kept[n].names)):
        chain = kept[place]
        inner, size = set(chain.names[:-1]), len(chain.names)
        for other in starts[(chain.names[1], chain.sign, writer.lowers(chain))] if size > 2 else ():
            longer = kept[other]
            if len(longer.names) > size and chain.names[-1] == longer.names[-1] and inner.issubset(longer.names):
                if not any(bridge for _, _, bridge, _ in longer.hops):
                    last, told = writer.publications(chain.hops[-1][0]), writer.papers(longer.hops[1:])
                    if last <= told and writer.told_by(longer, writer.papers(chain.hops)):
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
    also: tuple[tuple[str, float], ...] = ()


def _carries(name: str, vocabulary: Vocabulary) -> bool:
    """Whether a name on the way is a factor, a product or a mode: what carries an effect to the cell it meets."""
    if name not in vocabulary.entities:
        return True
    above = vocabulary.ontology.superclasses[vocabulary.entities[name].category]
    return above.isdisjoint(MEETS)


def _nested(groups: Sequence[_Group], writer: _Writer) -> list[_Group]:
    """Put a route under a heavier one of its sign that says all it says, by the same papers.

    CD73 alone is put under CD39 with CD73; a route without mediator under one whose mediator the same papers name, or
    one by contact under one without mediator, when both meet the same cell first.
    """
    kept: list[_Group] = []
    held: list[frozenset[str]] = []
    for group in groups:
        best = group.members[0]
        papers, names = writer.carriers(best), set(group.mediators) - UNNAMED
        for place, heavier in enumerate(kept):
            if heavier.sign != group.sign or not papers <= held[place] or not names <= set(heavier.mediators):
                continue
            if names or writer.meets(best) in {writer.meets(member) for member in heavier.members}:
                kept[place] = heavier._replace(also=(*heavier.also, (group.label, group.weight)))
                break
        else:
            kept.append(group)
            held.append(frozenset().union(*(writer.carriers(member) for member in group.members)))
    return kept


def _routes(found: Sequence[Found], writer: _Writer) -> list[_Group]:
    vocabulary = writer.vocabulary
    grouped: dict[tuple[tuple[str, ...], str, bool, int, bool], list[Found]] = defaultdict(list)
    for chain in found:
        mediators, first = [], ""
        for name in chain.names[1:-1]:
            if not _carries(name, vocabulary):
                first = name
                break
            mediators.append(name)
        unnamed = first or writer.direct(chain)
        less = bool(mediators) and writer.lowers(chain)
        grouped[(tuple(mediators), "" if mediators else unnamed, len(chain.names) == 2, chain.sign, less)].append(chain)
    number = int(vocabulary.ontology.priors["route_mechanisms"])
    groups = []
    for (names, first, alone, sign, less), members in grouped.items():
        left = 1.0
        for chain in members[:number]:
            left *= 1 - chain.score
        label = f"via {' and '.join(names)}" if names else f"on {first}, mediator not stated"
        if less:
            label = LESS + ", then ".join((names[0], *([" and ".join(names[1:])] if names[1:] else [])))
        if alone:
            label = f"direct, {first}" if first else "direct"
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


def _outcomes(
    claims: Sequence[Assertion], weigher: Weigher, source: str, target: str, shown: frozenset[str]
) -> Iterator[Outcome]:
    vocabulary = weigher.vocabulary
    ladder = vocabulary.ontology.systems
    targets = {target, *vocabulary.descendants(target)}
    rows = [
        (claim, row)
        for claim in claims
        if claim.subject == source
        and (claim.object in targets or claim.object in shown)
        and vocabulary.ontology.predicates[claim.predicate].causal == "outcome"
        for row in claim.evidence
        if weigher.given_as_asked(row) and (claim.object in targets or row.disease in targets)
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


def incoherent(
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
) -> tuple[Mechanism, ...]:
    """Answer which chains of signs were not composed, and why: what a search without coherence would have told.

    Returns
    -------
    tuple of Mechanism
        The `count` best chains in which a step does not belong to the one before (its attestation begins with
        "incoherent" and names the reason), scored as if it did, best first. They count for no route and no verdict.
    """
    lax = chains(claims, vocabulary, through_msc=not _is_therapy(vocabulary, source), incoherent=True)
    found, writer = _search(
        claims, vocabulary, source, target, context, lax, max_length, via, avoid, None, strict=False
    )

    def marked(hop: Hop) -> Hop:
        index, attestation, bridge, factor = hop
        return (index, INCOHERENT + 1, bridge, factor) if writer.elsewhere(index) and attestation < INCOHERENT else hop

    told = (chain._replace(hops=tuple(map(marked, chain.hops))) for chain in found)
    odd = [chain for chain in told if any(attestation >= INCOHERENT for _, attestation, _, _ in chain.hops)]
    return tuple(writer.mechanism(chain) for chain in odd[: count or None])
