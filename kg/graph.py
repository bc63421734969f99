"""What a claim is worth, and the claims as a graph: belief under a context, and the networkx object users get."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

from kg.model import Assertion, Evidence
from kg.vocabulary import Vocabulary

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["LEVELS", "Blocks", "Context", "Weigher", "multidigraph"]

LEVELS = frozenset({"abundance", "expression", "secretion"})  # aspects that say how much of a factor there is


class Context(NamedTuple):
    """What the reader asks for; an empty field asks for nothing.

    `species`, `disease`, `priming` are entity names, `msc_source`, `mode` and `donor` values of those columns;
    `stage` is the system that evidence should be of, or of a higher rung of the translational ladder.
    """

    species: str = "human"
    msc_source: str = ""
    priming: str = ""
    mode: str = ""
    donor: str = ""
    disease: str = ""
    stage: str = ""

    def merged(self, other: Context) -> Context:
        """Return this context with the fields that `other` sets, species aside."""
        names = ("msc_source", "priming", "mode", "donor", "disease", "stage")
        return self._replace(**{name: getattr(other, name) for name in names if getattr(other, name)})


class Blocks(NamedTuple):
    """What is taken away: entities that no mechanism may pass; modes, sources and primings whose rows do not count."""

    entities: frozenset[str] = frozenset()
    modes: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    primings: frozenset[str] = frozenset()

    def stops(self, row: Evidence) -> bool:
        """Whether a row rests on what is blocked."""
        return row.mode in self.modes or row.msc_source in self.sources or bool(self.primings.intersection(row.priming))


class Weigher:
    """Belief in claims under one context. Pure: equal arguments, equal numbers.

    Belief of a claim is pp x (1 - pn). pp is 1 minus the product of (1 - support) over the publications that support
    it, pn the same over those that refute it; a publication counts once, at its best row. Support of a row is
    (1 - error) x context factor; error is the prior of its system times the factors of mediator test, reading,
    combination and written doubt, at most `error_cap`; a warning about the paper, or a second reading that found the
    finding elsewhere, lowers the support by a factor. A preprint and its paper count once. All priors come from the
    ontology. The form of the product is that of INDRA's belief engine; the numbers are ours.
    """

    def __init__(self, vocabulary: Vocabulary, context: Context | None = None) -> None:
        self.vocabulary = vocabulary
        self.context = context or Context()
        self._priors = vocabulary.ontology.priors
        self.related = lru_cache(maxsize=None)(self._related)
        self._error = lru_cache(maxsize=None)(self._prior_error)
        self._supports: dict[tuple[object, ...], float] = {}
        self._is_msc = lru_cache(maxsize=None)(self._msc)
        asked = self.context
        names = ["system", "mediator_test", "read", "combined_with", "priming", "checked", "standing"]
        names += [name for name in ("species", "disease") if getattr(asked, name)]
        if asked.msc_source or asked.priming or asked.mode or asked.donor:
            names += ["msc_source", "mode", "donor"]
        self._graded = itemgetter(*map(Evidence._fields.index, names))  # all of a row that its weight depends on

    def _related(self, left: str, right: str) -> bool:
        """Say whether two entities are one, or one is a kind of the other."""
        return left == right or right in self.vocabulary.ancestors(left) or left in self.vocabulary.ancestors(right)

    def _prior_error(self, system: str, test: str, read: str, combined: bool, doubt: bool) -> float:
        ontology, priors = self.vocabulary.ontology, self._priors
        error = ontology.systems[system].error
        if test:
            error *= ontology.mediator_tests[test].error
        error *= ontology.reading["via review" if read.startswith("via review") else read].error
        if combined:
            error *= priors["error_combined"]
        if doubt:
            error *= priors["error_doubt"]
        return min(priors["error_cap"], error)

    def error(self, evidence: Evidence) -> float:
        """Prior chance, in [0, 0.9], that a row misleads."""
        e = evidence
        return self._error(e.system, e.mediator_test, e.read, bool(e.combined_with), "doubt" in e.context)

    def _fits(self, claim: Assertion, evidence: Evidence, seen: bool = False) -> list[tuple[str, float, str]]:
        """For each thing the reader asks for: its name, the factor, and what the row has instead."""
        priors, context = self._priors, self.context
        unstated, mismatch = priors["context_unstated"], priors["context_mismatch"]
        found = []
        if context.species and context.species not in evidence.species:
            shared = any(context.species in pair.split(">") for pair in evidence.species)
            factor = unstated if shared or not evidence.species else mismatch
            found.append(("species", factor, "; ".join(evidence.species)))
        if context.disease and evidence.disease and not self.related(evidence.disease, context.disease):
            found.append(("disease", mismatch, evidence.disease))
        if evidence.priming and not context.priming and self._is_msc(claim.subject):
            found.append(("priming", priors["context_primed"], "; ".join(evidence.priming)))
        if not seen and self._reads_out(claim, evidence):
            found.append(("may follow from the benefit", priors["context_readout"], "level in a treated host"))
        ladder = self.vocabulary.ontology.systems
        if context.stage and ladder[evidence.system].stage < ladder[context.stage].stage:
            found.append(("stage", mismatch, evidence.system))
        if context.msc_source or context.priming or context.mode or context.donor:
            if self._is_msc(claim.subject):
                tissues = self.vocabulary.tissues(context.msc_source)
                for name, asked, stated in (
                    ("MSC source", tissues if context.msc_source else (), (evidence.msc_source,)),
                    ("priming", (context.priming,), evidence.priming or ("",)),
                    ("mode", (context.mode,), (evidence.mode,)),
                    ("donor", (context.donor,), (evidence.donor,)),
                ):
                    if any(asked) and not set(asked) & set(stated):
                        factor = unstated if stated in (("",), ("mixed",)) else mismatch
                        found.append((name, factor, "; ".join(stated)))
        return found

    def _reads_out(self, claim: Assertion, evidence: Evidence) -> bool:
        """Whether a row says no more than that the level of a factor moved in a diseased host given MSC."""
        if claim.cell or evidence.mediator or evidence.mediator_test or evidence.leg_of or not evidence.disease:
            return False
        ladder = self.vocabulary.ontology.systems
        return (
            claim.aspect in LEVELS
            and self.vocabulary.ontology.predicates[claim.predicate].polar
            and ladder[evidence.system].stage >= ladder["animal model"].stage
            and self._is_msc(claim.subject)
            and self.vocabulary.is_a(claim.object, "Factor")
        )

    def _msc(self, name: str) -> bool:
        superclasses = self.vocabulary.ontology.superclasses[self.vocabulary.entities[name].category]
        return not superclasses.isdisjoint(("MesenchymalStemCell", "MSCProduct"))

    def context_factor(self, claim: Assertion, evidence: Evidence, seen: bool = False) -> float:
        """How well a row fits the context, in [0.1, 1]: the product over what the reader asked for.

        MSC source, priming, mode and donor are asked only of rows about MSC or their products. What was shown for
        primed MSC counts less when no priming is asked for, and a level in a treated host less than what carried it;
        with `seen` such a level counts in full.
        """
        factor = self._priors["context_exact"]
        for _, each, _ in self._fits(claim, evidence, seen):
            factor *= each
        return max(self._priors["context_floor"], factor)

    def discounts(self, claim: Assertion, evidence: Evidence) -> tuple[str, ...]:
        """Why a row fits less than fully, in words: `species: mouse x0.4`; empty when it fits."""
        fits = self._fits(claim, evidence)
        worth = self.vocabulary.ontology.worth(evidence)
        if worth != 1:
            fits.append(("standing", worth, "; ".join(filter(None, (evidence.standing, evidence.checked)))))
        return tuple(f"{name}: {instead or 'not stated'} x{factor:g}" for name, factor, instead in fits)

    def given_as_asked(self, evidence: Evidence) -> bool:
        """Whether a row says that the MSC were of the source, priming and donor asked for; True when none is asked."""
        context = self.context
        return (
            (not context.msc_source or evidence.msc_source in self.vocabulary.tissues(context.msc_source))
            and (not context.priming or context.priming in evidence.priming)
            and (not context.donor or context.donor == evidence.donor)
        )

    def support(self, claim: Assertion, evidence: Evidence, seen: bool = False) -> float:
        """Weight of one row, in [0, 1]; `seen` as for `context_factor`."""
        level = not seen and self._reads_out(claim, evidence)
        key = (self._is_msc(claim[0]), "doubt" in evidence.context, level, self._graded(evidence))
        weight = self._supports.get(key)
        if weight is None:
            worth = self.vocabulary.ontology.worth(evidence)
            weight = (1 - self.error(evidence)) * self.context_factor(claim, evidence, seen) * worth
            self._supports[key] = weight
        return weight

    def pooled(self, claim: Assertion, rows: Iterable[Evidence], seen: bool = False) -> float:
        """Return 1 - product of (1 - support) over publications, each at its best row; 0 without rows.

        With `seen` a level in a treated host counts in full: whatever moved it, it did move.
        """
        rows = tuple(rows)
        if len(rows) == 1:
            return self.support(claim, rows[0], seen)
        best: dict[str, float] = {}
        for row in rows:
            support = self.support(claim, row, seen)
            paper = row.standing.partition("preprint of ")[2].partition("; ")[0] or row.publication
            if support > best.get(paper, 0.0):
                best[paper] = support
        doubt = 1.0
        for publication in sorted(best):
            doubt *= 1 - best[publication]
        return 1 - doubt

    def belief(self, claim: Assertion, rows: Sequence[Evidence] | None = None) -> float:
        """Return pp x (1 - pn) over all rows of the claim, or over those given; in [0, 1], 0 without support.

        Examples
        --------
        Two papers with supports 0.6 and 0.5 and no refutation give 1 - 0.4 x 0.5 = 0.8.
        """
        rows = claim.evidence if rows is None else rows
        for_it = self.pooled(claim, (row for row in rows if row.direction == "supports"))
        if not for_it:
            return 0.0
        return for_it * (1 - self.pooled(claim, (row for row in rows if row.direction == "refutes")))


def multidigraph(claims: Sequence[Assertion], weigher: Weigher, every: bool = True) -> nx.MultiDiGraph[str]:
    """Return the claims as a networkx MultiDiGraph, in a fixed order.

    Nodes are entity names with `curie` and `category`; with `every`, entities without a claim are nodes too. Edges run
    from subject to object, keyed by the id of the claim, with `predicate`, `aspect`, `cell`, `sign` (-1, 0, 1),
    `belief` in [0, 1] and, as tuples of CURIEs, `publications` and `refuting`.
    """
    import networkx as nx

    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    entities = weigher.vocabulary.entities
    used = {name for claim in claims for name in (claim.subject, claim.object)}
    for name in sorted(entities if every else used):
        graph.add_node(name, curie=entities[name].curie, category=entities[name].category)
    for claim in claims:
        graph.add_edge(
            claim.subject,
            claim.object,
            key=claim.id,
            predicate=claim.predicate,
            aspect=claim.aspect,
            cell=claim.cell,
            sign=claim.effect,
            belief=weigher.belief(claim),
            publications=claim.publications,
            refuting=claim.refuting,
        )
    return graph
