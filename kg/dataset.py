"""What a user holds: the claims with every question one can ask of them. `kg.load()` gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kg import sources, store
from kg.errors import QueryError, SourceError, UnknownTerm
from kg.graph import Blocks, Context, Weigher, multidigraph
from kg.model import DERIVED, Assertion, Entity, Evidence, Publication, Study, row_id
from kg.notebook import Rows, page, paper, papers, signed, table
from kg.vocabulary import Vocabulary, nearest

if TYPE_CHECKING:
    import networkx as nx
    import pyoxigraph as ox
    import rdflib
    from pyvis.network import Network

    from kg.blockade import Blockade
    from kg.centrality import Rank
    from kg.chains import Chains
    from kg.communities import Communities
    from kg.compact import Compact
    from kg.compare import Comparison
    from kg.disagreements import Disagreement
    from kg.explain import Account
    from kg.gaps import Gaps
    from kg.mechanisms import Mechanism, Trace
    from kg.null import Null
    from kg.selection import Chosen
    from kg.stats import Stats
    from kg.studies import StudyRow

__all__ = ["Card", "Dataset", "Hit", "Neighbour", "build", "load", "opened", "write"]

CACHE = "set KG_CACHE to another folder"
MANY = 10_000  # claims from which pairs of links are not worked out beforehand: docs/benchmarks.md

Say = Callable[[str], None]


class Hit(NamedTuple):
    """An entity found by a search; `match` is the name, synonym or CURIE that matched, `claims` how many name it."""

    name: str
    curie: str
    category: str
    match: str
    claims: int


class Neighbour(NamedTuple):
    """One claim on an entity's card, seen from the entity: the other end, and what is said. `effect` in {-1, 0, 1}.

    `withdrawn` are the papers whose rows count for nothing: retracted, or not found to say it.
    """

    name: str
    predicate: str
    aspect: str
    cell: str
    effect: int
    belief: float
    publications: tuple[str, ...]
    refuting: tuple[str, ...]
    withdrawn: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """What the graph says about one entity; each list is ordered by belief, then name."""

    entity: Entity
    children: tuple[str, ...]
    raises: tuple[Neighbour, ...]
    lowers: tuple[Neighbour, ...]
    raised_by: tuple[Neighbour, ...]
    lowered_by: tuple[Neighbour, ...]
    other: tuple[Neighbour, ...]

    def __repr__(self) -> str:
        return f"<{self.entity.name}: {', '.join(f'{len(each)} {title}' for title, each in self._lists)}>"

    def _repr_html_(self) -> str:
        names = ["name", "predicate", "aspect", "in cell", "effect", "belief", "papers", "against"]
        also = f" (also {', '.join(self.entity.synonyms)})" if self.entity.synonyms else ""
        lists = (table(names, map(_neighbour, each), title=title) for title, each in self._lists if each)
        return page(f"{self.entity.name}, {self.entity.curie}, {self.entity.category}{also}", *lists)

    @property
    def _lists(self) -> tuple[tuple[str, tuple[Neighbour, ...]], ...]:
        fields = ("raises", "lowers", "raised_by", "lowered_by", "other")
        return tuple((name.replace("_", " "), getattr(self, name)) for name in fields)


def _neighbour(each: Neighbour) -> list[object]:
    said = [each.name, each.predicate, each.aspect, each.cell, signed(each.effect), each.belief]
    return [*said, papers(each.publications), papers(each.refuting)]


@dataclass(frozen=True, repr=False)
class Dataset:
    """The claims, what they are made of, and the questions: search, show, evidence, trace, centrality, query.

    `data_version` is the version of the ontology and a hash of all tables: equal data, equal version.
    """

    vocabulary: Vocabulary
    assertions: tuple[Assertion, ...]
    publications: Mapping[str, Publication]
    studies: tuple[Study, ...]
    data_version: str
    folder: Path

    def __repr__(self) -> str:
        return f"<mscim {self.data_version}: {len(self.assertions)} claims, {len(self.publications)} publications>"

    def _repr_html_(self) -> str:
        counts = [("claims", self.assertions), ("publications", self.publications), ("studies", self.studies)]
        rows = [[name, f"{len(each):,}"] for name, each in counts]
        rows.append(["findings", f"{sum(len(claim.evidence) for claim in self.assertions):,}"])
        return page(f"mscim {self.data_version}", table(["what", "number"], rows))

    def resolve(self, term: str) -> Entity:
        """Return the entity of a name, synonym or CURIE. Raises UnknownTerm with the nearest names.

        >>> import kg
        >>> kg.load().resolve("prostaglandin E2").name
        'PGE2'
        """
        return self.vocabulary.resolve(term)

    def subject(self, term: str) -> tuple[Entity, Context]:
        """Return the entity that a question starts from, and the context that its name carries.

        `umbilical cord MSC` means MSC from umbilical cord, `IFNG-primed MSC` means MSC primed with IFNG: rows speak of
        MSC and put the rest into columns.
        """
        entity = self.resolve(term)
        if "MesenchymalStemCell" not in self.vocabulary.ontology.superclasses[entity.category]:
            return entity, Context()
        for source, names in self.vocabulary.ontology.msc_sources.items():
            if entity.name in names:
                return self.resolve("MSC"), Context(species="", msc_source=source)
        priming, primed, _ = entity.name.partition("-primed MSC")
        if primed and priming in self.vocabulary.entities:
            return self.resolve("MSC"), Context(species="", priming=priming)
        return entity, Context()

    def search(self, text: str, count: int = 20) -> tuple[Hit, ...]:
        """Answer which entities have `text` in name, synonym or CURIE: whole matches, then beginnings, then the rest.

        Empty when nothing fits. Within a rank, entities with more claims come first.
        """
        wanted = " ".join(text.split()).casefold()
        if not wanted:
            return ()
        found: list[tuple[int, int, int, Hit]] = []
        for entity in self.vocabulary.entities.values():
            best: tuple[int, int, str] | None = None
            for kind, label in enumerate((entity.name, entity.curie, *entity.synonyms)):
                folded = label.casefold()
                if wanted in folded:
                    at = folded.index(wanted)
                    rank = 0 if folded == wanted else 1 if at == 0 else 2 if not folded[at - 1].isalnum() else 3
                    if best is None or (rank, min(kind, 2)) < best[:2]:
                        best = (rank, min(kind, 2), label)
            if best:
                claims = self._mentions.get(entity.name, 0)
                found.append(
                    (best[0], best[1], -claims, Hit(entity.name, entity.curie, entity.category, best[2], claims))
                )
        found.sort(key=lambda each: (*each[:3], each[3].name))
        return Rows((hit for *_, hit in found[:count]), Hit._fields, tuple)

    @cached_property
    def _mentions(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for claim in self.assertions:
            names = {claim.subject, claim.object, claim.cell}
            for row in claim.evidence:
                names.update(self.vocabulary.ontology.msc_sources.get(row.msc_source, ()))
            for name in names:
                counts[name] = counts.get(name, 0) + 1
        return counts

    def show(self, term: str, context: Context | None = None) -> Card:
        """Answer what an entity acts on and what acts on it, with belief and papers."""
        entity = self.resolve(term)
        weigher = Weigher(self.vocabulary, context)
        lists: dict[str, list[Neighbour]] = {
            name: [] for name in ("raises", "lowers", "raised_by", "lowered_by", "other")
        }
        for claim in self.assertions:
            if entity.name not in (claim.subject, claim.object):
                continue
            outward = claim.subject == entity.name
            other = claim.object if outward else claim.subject
            causal = self.vocabulary.ontology.predicates[claim.predicate].causal == "yes"
            neighbour = Neighbour(
                other,
                claim.predicate,
                claim.aspect,
                claim.cell,
                claim.effect,
                weigher.belief(claim),
                claim.publications,
                claim.refuting,
                tuple(sorted({row.publication for row in claim.withdrawn})),
            )
            if not causal or not claim.effect:
                lists["other"].append(neighbour)
            elif outward:
                lists["raises" if claim.effect > 0 else "lowers"].append(neighbour)
            else:
                lists["raised_by" if claim.effect > 0 else "lowered_by"].append(neighbour)
        for neighbours in lists.values():
            neighbours.sort(key=lambda n: (-round(n.belief, 9), n.name, n.predicate, n.aspect, n.cell))
        children = tuple(sorted(e.name for e in self.vocabulary.entities.values() if entity.name in e.parents))
        return Card(entity, children, **{name: tuple(each) for name, each in lists.items()})

    def evidence(
        self, subject: str, object: str = "", *, disease: str = "", species: str = "", msc_source: str = ""
    ) -> tuple[tuple[Assertion, Evidence], ...]:
        """Answer which rows say something of a subject, or of a subject and an object; by claim, then publication.

        A name that carries context (`umbilical cord MSC`) keeps the rows in that context; so do `disease` (or a kind of
        it), `species` (of the cells or of the host) and `msc_source`. The rows of narrower objects count for the wider.
        """
        entity, context = self.subject(subject)
        tissues = self.vocabulary.tissues(msc_source) if msc_source else frozenset()
        taxon = self.resolve(species).name if species else ""
        ill = self.resolve(disease).name if disease else ""
        family = {ill, *self.vocabulary.descendants(ill)} if ill else set()
        objects: set[str] = set()
        if object:
            target = self.resolve(object).name
            objects = {target, *self.vocabulary.descendants(target)}
        found = (
            (claim, row)
            for claim in self.assertions
            if claim.subject == entity.name and (not objects or claim.object in objects)
            for row in (*claim.evidence, *claim.withdrawn)
            if (not context.msc_source or row.msc_source in self.vocabulary.tissues(context.msc_source))
            and (not context.priming or context.priming in row.priming)
            and (not tissues or row.msc_source in tissues)
            and (not family or row.disease in family or claim.object in family)
            and (not taxon or any(taxon in pair.split(">") for pair in row.species))
        )
        return Rows(found, FINDING, _finding)

    def select_claims(
        self,
        *,
        about: str = "",
        subject: str = "",
        object: str = "",
        through: str = "",
        disease: str = "",
        species: str = "",
        only: str = "",
        msc_source: str = "",
    ) -> tuple[Chosen, ...]:
        """Answer which claims there are about something: see `kg.selection.select`; names are resolved here.

        A subject that carries context (`umbilical cord MSC`) keeps the rows in that context.

        >>> import kg
        >>> {taxon for each in kg.load().select_claims(disease="pSS", only="mouse") for taxon in each.species}
        {'mouse'}
        """
        from kg.selection import select

        start, carried = self.subject(subject) if subject else (None, Context())
        names = {"about": about, "object": object, "through": through}
        names |= {"disease": disease, "species": species, "only": only}
        resolved = {key: self.resolve(name).name if name else "" for key, name in names.items()}
        if msc_source:
            self.claims(msc_source=msc_source)  # complains of an unknown one
        return select(
            self.assertions,
            self.vocabulary,
            subject=start.name if start else "",
            source=msc_source or carried.msc_source,
            priming=carried.priming,
            **resolved,
        )

    def trace(
        self,
        source: str,
        target: str,
        context: Context | None = None,
        *,
        max_length: int = 5,
        via: Sequence[str] = (),
        avoid: Sequence[str] = (),
        count: int = 10,
    ) -> Trace:
        """Answer how the source acts on the target: see `kg.mechanisms.trace`; names are resolved here.

        >>> import kg
        >>> kg.load().trace("MSC", "SLE", via=["IDO1"], count=1).target
        'SLE'
        """
        from kg.mechanisms import trace

        start, carried = self.subject(source)
        return trace(
            self.claims_for(start),
            self.vocabulary,
            start.name,
            self.resolve(target).name,
            (context or Context()).merged(carried),
            max_length=max_length,
            via=[self._passed(name) for name in via],
            avoid=[self._passed(name) for name in avoid],
            count=count,
            ready=self._ready(start),
        )

    def incoherent(
        self,
        source: str,
        target: str,
        context: Context | None = None,
        *,
        max_length: int = 5,
        via: Sequence[str] = (),
        avoid: Sequence[str] = (),
        count: int = 10,
    ) -> tuple[Mechanism, ...]:
        """Answer which chains of signs are no mechanism, and why: see `kg.mechanisms.incoherent`.

        >>> import kg
        >>> kg.load().incoherent("MSC", "SLE", via=["macrophage"], count=1)[0].steps[1].attestation
        'incoherent: another aspect'
        """
        from kg.mechanisms import incoherent

        start, carried = self.subject(source)
        found = incoherent(
            self.claims_for(start),
            self.vocabulary,
            start.name,
            self.resolve(target).name,
            (context or Context()).merged(carried),
            max_length=max_length,
            via=[self._passed(name) for name in via],
            avoid=[self._passed(name) for name in avoid],
            count=count,
        )
        return Rows(found, ["sign", "chain", "would score", "papers"], _chain)

    @cached_property
    def chains(self) -> Chains:
        """Which claim may follow which: worked out when the dataset was built."""
        return self._part("chains")

    @cached_property
    def chains_through_msc(self) -> Chains:
        """The same with MSC inside chains too, for questions that start from what acts on MSC."""
        return self._part("chains_through_msc")

    @cached_property
    def chains_from_conditions(self) -> Chains:
        """Through MSC too, over the claims as a condition sees them: see `kg.conditions`."""
        return self._part("chains_from_conditions")

    def claims_for(self, source: Entity) -> tuple[Assertion, ...]:
        """Return the claims that a question from `source` runs over: for a condition, those turned round too."""
        return self._turned if self.vocabulary.is_a(source.name, "Condition") else self.assertions

    @cached_property
    def _turned(self) -> tuple[Assertion, ...]:
        from kg.conditions import from_conditions

        return from_conditions(self.assertions, self.vocabulary)

    def _part(self, name: str) -> Chains:
        from kg.chains import Chains

        try:
            return Chains.of(store.part(self.folder, name))
        except (TypeError, ValueError, LookupError) as error:
            raise SourceError(f"{self.folder}: {name}.json is damaged ({error}); {store.REBUILD}") from None

    @cached_property
    def compact(self) -> Compact:
        """The links as arrays, in place of `chains`: written when the tables held many claims."""
        return self._arrays("compact", self.assertions)

    @cached_property
    def compact_from_conditions(self) -> Compact:
        """The same over the claims as a condition sees them, MSC inside chains."""
        return self._arrays("compact_from_conditions", self._turned).passing(through_msc=True)

    def _arrays(self, name: str, claims: tuple[Assertion, ...]) -> Compact:
        from kg.compact import Compact

        try:
            return Compact.of(store.arrays(self.folder, name), claims, self.vocabulary)
        except (ValueError, IndexError) as error:
            raise SourceError(f"{self.folder}: {name}/ is damaged ({error}); {store.REBUILD}") from None

    @cached_property
    def compact_through_msc(self) -> Compact:
        """The same with MSC inside chains too."""
        return self.compact.passing(through_msc=True)

    def _ready(self, source: Entity) -> Chains | Compact:
        above = self.vocabulary.ontology.superclasses[source.category]
        therapy = above & {"MesenchymalStemCell", "MSCProduct", "Treatment"}
        if (self.folder / "compact").is_dir():
            if "Condition" in above:
                return self.compact_from_conditions
            return self.compact if therapy else self.compact_through_msc
        if "Condition" in above:
            return self.chains_from_conditions
        return self.chains if therapy else self.chains_through_msc

    def blocked(self, names: Sequence[str]) -> Blocks:
        """Return what names of entities, modes, MSC sources or primed MSC take away; kinds of an entity go with it."""
        entities: set[str] = set()
        modes: set[str] = set()
        tissues: set[str] = set()
        primings: set[str] = set()
        ontology = self.vocabulary.ontology
        for name in names:
            if name in ontology.modes:
                modes.add(name)
                for product in ontology.modes[name]:
                    entities |= {product, *self.vocabulary.descendants(product)}
            elif name in ontology.msc_sources:
                tissues |= self.vocabulary.tissues(name)
            else:
                entity, carried = self.subject(name)
                if carried.msc_source:
                    tissues |= self.vocabulary.tissues(carried.msc_source)
                elif carried.priming:
                    primings.add(carried.priming)
                else:
                    entities |= {entity.name, *self.vocabulary.descendants(entity.name)}
        return Blocks(frozenset(entities), frozenset(modes), frozenset(tissues), frozenset(primings))

    def blockade(
        self,
        source: str,
        target: str,
        block: Sequence[str],
        context: Context | None = None,
        *,
        max_length: int = 5,
        via: Sequence[str] = (),
        avoid: Sequence[str] = (),
    ) -> Blockade:
        """Answer what is left of how the source acts on the target when things are blocked: see `kg.blockade`.

        `block` names entities (kinds of them go too), modes, MSC sources, or primed MSC. Raises UnknownTerm, also when
        the source or the target themselves are blocked.

        >>> import kg
        >>> 0 < kg.load().blockade("MSC", "RA", ["FASLG"]).share < 1
        True
        """
        from kg.blockade import blockade
        from kg.mechanisms import trace

        start, carried = self.subject(source)
        end = self.resolve(target)
        blocks = self.blocked(block)
        for entity in (start, end):
            if entity.name in blocks.entities:
                raise UnknownTerm(entity.name, kind="block", reason="is an end of the question and cannot be blocked")
        asked = (context or Context()).merged(carried)
        passed = [[self._passed(name) for name in names] for names in (via, avoid)]
        before, after = (
            trace(
                self.claims_for(start),
                self.vocabulary,
                start.name,
                end.name,
                asked,
                max_length=max_length,
                via=passed[0],
                avoid=passed[1],
                count=0,
                blocks=each,
                ready=self._ready(start),
            )
            for each in (None, blocks)
        )
        names = [name if name in self.vocabulary.ontology.modes else self._blocked_name(name) for name in block]
        return blockade(before, after, names, self.assertions, self.vocabulary)

    def null(
        self,
        source: str,
        target: str,
        context: Context | None = None,
        *,
        shuffles: int = 50,
        seed: int = 1,
        max_length: int = 5,
        via: Sequence[str] = (),
        avoid: Sequence[str] = (),
        block: Sequence[str] = (),
        step: Callable[[], None] = lambda: None,
    ) -> Null:
        """Answer which routes weigh more than so often studied factors let one expect: see `kg.null.null`.

        All routes of either sign, as of `trace` with the same question, or of what `blockade` leaves. About a third of
        a second per shuffled graph. Raises QueryError when `shuffles` is less than 1, UnknownTerm as they do.

        >>> import kg
        >>> 0 < kg.load().null("MSC", "SLE", shuffles=1).routes[0].chance <= 1
        True
        """
        from kg.conditions import from_conditions
        from kg.mechanisms import trace
        from kg.null import null

        start, carried = self.subject(source)
        end = self.resolve(target)
        ill = self.vocabulary.is_a(start.name, "Condition")
        asked = (context or Context()).merged(carried)
        passed = [[self._passed(name) for name in names] for names in (via, avoid)]
        blocks = self.blocked(block) if block else None

        def ask(claims: Sequence[Assertion]) -> Trace:
            return trace(
                from_conditions(claims, self.vocabulary) if ill else claims,
                self.vocabulary,
                start.name,
                end.name,
                asked,
                max_length=max_length,
                via=passed[0],
                avoid=passed[1],
                count=0,
                blocks=blocks,
            )

        return null(self.assertions, self.vocabulary, ask, shuffles=shuffles, seed=seed, step=step)

    def losses(
        self, source: str, target: str, context: Context | None = None, *, max_length: int = 5
    ) -> dict[str, float]:
        """Answer what share of the route weight each thing on the way carries alone: see `kg.mechanisms.losses`.

        >>> import kg
        >>> next(iter(kg.load().losses("MSC", "RA"))) in kg.load().vocabulary.entities
        True
        """
        from kg.mechanisms import losses

        start, carried = self.subject(source)
        return losses(
            self.claims_for(start),
            self.vocabulary,
            start.name,
            self.resolve(target).name,
            (context or Context()).merged(carried),
            max_length=max_length,
            ready=self._ready(start),
        )

    def compare(
        self, left: str, right: str, context: Context | None = None, *, source: str = "MSC", target: str = ""
    ) -> Comparison:
        """Answer what two things share: see `kg.compare.compare`.

        Two diseases (or signs, or models) are compared as targets of `source`; two species as contexts, and anything
        else as sources, of the question that ends in `target`. Raises UnknownTerm when the two are not of one kind, or
        when a target is needed.

        >>> import kg
        >>> kg.load().compare("SLE", "SSc").left.target
        'SLE'
        """
        from kg.compare import compare

        entities = [self.resolve(name) for name in (left, right)]
        above = [self.vocabulary.ontology.superclasses[entity.category] for entity in entities]
        kinds = [next((kind for kind in ("Condition", "Taxon") if kind in each), "") for each in above]
        if kinds[0] != kinds[1]:
            raise UnknownTerm(
                right, kind="comparison", reason=f"is not of the kind of {left}, and cannot be set beside it"
            )
        if kinds[0] != "Condition" and not target:
            raise UnknownTerm(target, kind="target", reason="is needed to compare these; give --target, as SLE")
        asked = context or Context()
        if kinds[0] == "Condition":
            return compare(*(self.trace(source, name, asked, count=0) for name in (left, right)))
        if kinds[0] == "Taxon":  # what was asked stays, the species aside
            contexts = (asked._replace(species=entity.name) for entity in entities)
            return compare(*(self.trace(source, target, each, count=0) for each in contexts))
        return compare(*(self.trace(name, target, asked, count=0) for name in (left, right)))

    def gaps(self, disease: str) -> Gaps:
        """Answer what was tested in a disease and what was not: see `kg.gaps.gaps`.

        >>> import kg
        >>> "Tfh cell" in kg.load().gaps("pSS").cells
        True
        """
        from kg.gaps import gaps

        entity = self._disease(disease)
        return gaps(self.assertions, self.vocabulary, entity.name)

    def explain(self, answer: Trace, mechanism: Mechanism) -> tuple[Account, ...]:
        """Return the arithmetic of one mechanism of an answer: see `kg.explain.explain`."""
        from kg.explain import explain

        claims = {claim.id: claim for claim in self.claims_for(self.resolve(answer.source))}
        accounts = explain(mechanism, claims, self.vocabulary, answer.context)
        return Rows(accounts, ["step", "belief", "factor", "papers for", "papers against"], _account)

    def fits(self, answer: Trace) -> tuple[tuple[str, int, int], ...]:
        """Answer how far an answer rests on the MSC that were asked for: papers that fit, of how many.

        One entry (name, papers that have it, papers) for each of MSC source, priming, mode and donor that the context
        sets, over the papers behind the steps of MSC in the best mechanism of each route; empty when none is set.
        """
        asked = [
            name
            for name in ("MSC source", "priming", "mode", "donor")
            if getattr(answer.context, name.replace(" ", "_").lower())
        ]
        weigher = Weigher(self.vocabulary, answer.context)
        claims = {claim.id: claim for claim in self.claims_for(self.resolve(answer.source))} if asked else {}
        seen: dict[str, set[str]] = {}
        for route in (*answer.routes, *answer.counter_routes) if asked else ():
            for step in route.mechanisms[0].steps:
                if step.bridge or not self.vocabulary.is_a(step.subject, "MesenchymalStemCell"):
                    continue
                claim = claims[step.claim]
                for row in claim.evidence:
                    if row.publication in step.publications and row.direction == "supports":
                        lacking = {why.partition(":")[0] for why in weigher.discounts(claim, row)}
                        seen.setdefault(row.publication, set()).update(name for name in asked if name not in lacking)
        return tuple((name, sum(name in fit for fit in seen.values()), len(seen)) for name in asked if seen)

    def left_out(self, answer: Trace) -> tuple[tuple[str, str], ...]:
        """Return the papers whose rows on the two ends, or on a step shown, count for nothing, each with the reason."""
        ends = (answer.source, answer.target)
        routes = (*answer.routes, *answer.counter_routes)
        shown = {step.claim for route in routes for each in route.mechanisms for step in each.steps}
        return tuple(
            sorted(
                {
                    (row.publication, "; ".join(filter(None, (row.standing, row.checked))))
                    for claim in self.claims_for(self.resolve(answer.source))
                    if claim.withdrawn and (claim.id in shown or (claim.subject, claim.object) == ends)
                    for row in claim.withdrawn
                }
            )
        )

    def cited(self, curies: Iterable[str]) -> tuple[Publication, ...]:
        """Return the publications of CURIEs, each once, ordered by CURIE; for `kg.citations`."""
        known = (self.publications[curie] for curie in sorted(set(curies)) if curie in self.publications)
        return Rows(
            known, ["paper", "citation", "kind"], lambda each: [paper(each.publication), each.citation, each.kind]
        )

    def _blocked_name(self, name: str) -> str:
        return name if name in self.vocabulary.ontology.msc_sources else self.resolve(name).name

    def _passed(self, name: str) -> str:
        return name if name in self.vocabulary.ontology.modes else self.resolve(name).name

    def centrality(
        self,
        measure: str = "betweenness",
        *,
        disease: str = "",
        category: str = "",
        count: int = 0,
        source: str = "MSC",
        msc_source: str = "",
    ) -> tuple[Rank, ...]:
        """Answer which things are central: see `kg.centrality.centrality`.

        With `disease`, over the claims seen in that disease or a kind of it, or that name it; with `msc_source`, over
        what was seen with MSC of that tissue. route-weight, route-loss and route-count look at the routes from `source`
        to `disease` instead; personalised-pagerank starts at `source`.
        """
        from kg.centrality import ROUTE_MEASURES, centrality, loss_centrality, route_centrality

        def ranked(ranks: Iterable[Rank]) -> Rows[Rank]:
            return Rows(ranks, ["rank", "name", "curie", "category", measure], _rank)

        if measure in ROUTE_MEASURES:
            if msc_source:
                raise UnknownTerm(
                    msc_source,
                    kind="MSC source",
                    reason=f"does not go with {measure}; start at 'umbilical cord MSC', say",
                )
            if not disease:
                raise UnknownTerm(disease, kind="disease", reason=f"is needed for {measure}; give --disease, as SLE")
            if measure == "route-loss":
                lost = self.losses(source, disease)
                return ranked(loss_centrality(lost, self.vocabulary, category=category, count=count))
            answer = self.trace(source, disease, count=0)
            chains = [
                (mechanism.score, number, mechanism.nodes)
                for number, route in enumerate((*answer.routes, *answer.counter_routes))
                for mechanism in route.mechanisms
            ]
            return ranked(route_centrality(chains, self.vocabulary, measure, category=category, count=count))
        start = self.resolve(source).name if measure == "personalised-pagerank" else ""
        network = self.to_networkx(disease, msc_source)
        return ranked(centrality(network, self.vocabulary, measure, category=category, count=count, source=start))

    def communities(self, *, disease: str = "", msc_source: str = "", seed: int = 0) -> Communities:
        """Answer into which closely knit groups the causal claims fall: see `kg.communities.communities`.

        >>> import kg
        >>> len(kg.load().communities(disease="pSS").groups) > 1
        True
        """
        from kg.communities import communities

        return communities(self.to_networkx(disease, msc_source), self.vocabulary, seed=seed)

    def select_studies(
        self,
        *,
        disease: str = "",
        design: str = "",
        source: str = "",
        route: str = "",
        dose: str = "",
        outcome: str = "",
        people: bool = False,
        sort: str = "disease",
    ) -> tuple[StudyRow, ...]:
        """Answer which studies gave MSC, how, and with what result: see `kg.studies.studies`, and `tally` there.

        >>> import kg
        >>> len(kg.load().select_studies(disease="SSc", outcome="no difference", people=True)) > 1
        True
        """
        from kg.studies import studies

        name = self._disease(disease).name if disease else ""
        found = studies(
            self.studies,
            self.assertions,
            self.vocabulary,
            disease=name,
            design=design,
            source=source,
            route=route,
            dose=dose,
            outcome=outcome,
            people=people,
            sort=sort,
        )
        return Rows(found, STUDY, _study)

    def stats(self, disease: str = "") -> Stats:
        """Answer how much the tables hold, of what: see `kg.stats.stats`.

        With `disease`, of the rows seen in that disease or a kind of it, and of the papers they come from.

        >>> import kg
        >>> kg.load().stats("pSS").totals["claims"] < kg.load().stats().totals["claims"]
        True
        """
        from kg.stats import stats

        if not disease:
            return stats(self.assertions, self.publications, self.vocabulary, studies=len(self.studies))
        name = self._disease(disease).name
        family = {name, *self.vocabulary.descendants(name)}
        kept = (
            claim._replace(evidence=tuple(row for row in claim.evidence if row.disease in family))
            for claim in self.assertions
        )
        claims = tuple(claim for claim in kept if claim.evidence)
        papers = {paper.publication: paper for paper in self.cited(r.publication for c in claims for r in c.evidence)}
        number = sum(study.disease in family for study in self.studies)
        return stats(claims, papers, self.vocabulary, studies=number)

    def _disease(self, term: str) -> Entity:
        entity = self.resolve(term)
        if "Condition" not in self.vocabulary.ontology.superclasses[entity.category]:
            raise UnknownTerm(term, reason=f"is of class {entity.category}, not a disease")
        return entity

    def disagreements(self, about: str = "", *, disease: str = "", count: int = 0) -> tuple[Disagreement, ...]:
        """Answer where papers disagree, and in which context: see `kg.disagreements.disagreements`.

        >>> import kg
        >>> kg.load().disagreements("Tfh cell", count=1)[0].kind in ("refuted", "opposite")
        True
        """
        from kg.disagreements import disagreements

        names = [self.resolve(name).name if name else "" for name in (about, disease)]
        found = disagreements(self.assertions, self.vocabulary, about=names[0], disease=names[1], count=count)
        return Rows(found, ["kind", "weight", "one says", "paper", "the other says", "paper", "differs"], _pair)

    def claims(self, disease: str = "", msc_source: str = "") -> tuple[Assertion, ...]:
        """Return all claims, or those seen in a disease (or a kind of it) or that name it, in an order of their own.

        With `msc_source`, a tissue as `umbilical cord`, only the rows that were seen with MSC of that tissue count.
        """
        if msc_source:
            sources = self.vocabulary.ontology.msc_sources
            if msc_source not in sources:
                raise UnknownTerm(msc_source, nearest(msc_source, sources) or tuple(sorted(sources)), kind="MSC source")
            tissues = self.vocabulary.tissues(msc_source)
            kept = (
                claim._replace(evidence=tuple(row for row in claim.evidence if row.msc_source in tissues))
                for claim in self.claims(disease)
            )
            return tuple(claim for claim in kept if claim.evidence)
        if not disease:
            return self.assertions
        entity = self._disease(disease)
        family = {entity.name, *self.vocabulary.descendants(entity.name)}
        return tuple(
            claim
            for claim in self.assertions
            if family & {claim.subject, claim.object} or any(row.disease in family for row in claim.evidence)
        )

    @property
    def store(self) -> ox.Store:
        """The Oxigraph store, read-only, opened anew at each use."""
        return store.open_store(self.folder)

    def query(
        self, query: str, substitutions: Mapping[str, str] | None = None
    ) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
        """Run a SPARQL read over all graphs; the prefixes of the ontology need no declaration. See `kg.sparql.run`."""
        from kg.sparql import run

        return run(self.store, query, self.vocabulary.ontology.prefixes, substitutions)

    def ask(
        self, name: str, parameters: Mapping[str, str] | None = None
    ) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
        """Run a query that ships with the program, by name: see `kg.catalogue`. What is not given has its default.

        >>> import kg
        >>> next(kg.load().ask("mediators-of", {"disease": "RA"}))["mediator_name"].value
        'PGE2'
        """
        from kg.catalogue import named

        return self.query(*named(name, parameters or {}, self.vocabulary, self.publications))

    def table(self, query: str, parameters: Mapping[str, str] | None = None) -> Rows[tuple[str, ...]]:
        """Answer a SPARQL text, or a query that ships by its name, as rows of text: IRIs are CURIEs, unbound is empty.

        A notebook shows them as a table; `names` are the headings. Raises as `query` and `ask`; QueryError too when
        parameters are given with a text.

        >>> import kg
        >>> kg.load().table("SELECT ?label { CL:0000899 rdfs:label ?label }")[0]
        ('Th17 cell',)
        """
        from kg.sparql import table

        text = any(mark in query for mark in "{ \n")
        if text and parameters:
            raise QueryError("parameters fill a named query; write the values into the text instead")
        answer = self.query(query) if text else self.ask(query, parameters)
        names, rows = table(answer, self.vocabulary.ontology.prefixes)
        return Rows(map(tuple, rows), names, tuple)

    def export(self, form: str) -> bytes:
        """Return the graph, its tables, its publications or its catalogue of queries as a file: see `kg.export`."""
        from kg.export import export

        return export(form, self.store, self.to_networkx, self.vocabulary, self.publications.values())

    def to_networkx(self, disease: str = "", msc_source: str = "") -> nx.MultiDiGraph[str]:
        """Return the claims as a networkx MultiDiGraph: see `kg.graph.multidigraph` and `claims`."""
        every = not disease and not msc_source
        return multidigraph(self.claims(disease, msc_source), Weigher(self.vocabulary), every=every)

    def to_rdflib(self) -> rdflib.Dataset:
        """Return the whole dataset as an rdflib Dataset, named graphs kept."""
        import pyoxigraph as ox
        import rdflib

        dataset = rdflib.Dataset(default_union=True)
        for prefix, namespace in self.vocabulary.ontology.prefixes.items():
            dataset.bind(prefix, namespace)

        def term(each: Any) -> Any:
            if isinstance(each, ox.NamedNode):
                return rdflib.URIRef(each.value)
            if isinstance(each, ox.BlankNode):
                return rdflib.BNode(each.value)
            if each.language:
                return rdflib.Literal(each.value, lang=each.language)
            plain = each.datatype.value == str(rdflib.XSD.string)
            return rdflib.Literal(each.value, datatype=None if plain else rdflib.URIRef(each.datatype.value))

        graphs: dict[str, rdflib.Graph] = {}
        for quad in self.store:
            name = str(term(quad.graph_name))
            if name not in graphs:
                graphs[name] = dataset.graph(rdflib.URIRef(name))
            graphs[name].add((term(quad.subject), term(quad.predicate), term(quad.object)))
        return dataset

    def to_pyvis(self, source: str = "MSC", target: str = "SLE") -> Network:
        """Return the routes from source to target as a pyvis Network, laid out, offline."""
        from kg.pictures import Stock, routes
        from kg.views import to_pyvis

        answer = self.trace(source, target)
        claims = self.claims_for(self.resolve(answer.source))
        return to_pyvis(routes(answer, Stock(claims, self.vocabulary, self.publications, self.data_version)))


FINDING = ("claim", "for or against", "finding", "system", "species", "disease", "paper")
STUDY = ("year", "disease", "design", "patients", "source", "route", "dose", "outcome", "result", "read at")


def _finding(pair: tuple[Assertion, Evidence]) -> list[object]:
    claim, row = pair
    words = [
        claim.subject,
        claim.predicate.replace("_", " "),
        claim.object,
        f"[{claim.aspect}]" if claim.aspect else "",
    ]
    said = [row.direction, row.statement, row.system, row.species, row.disease]
    return [" ".join(filter(None, words)), *said, paper(row.publication)]


def _study(each: StudyRow) -> list[object]:
    study = each.study
    given = [study.n_patients, study.msc_source, study.route, each.dose, each.outcome, study.effect]
    where = paper(study.publication) if study.publication else study.registry_id
    return [study.year, study.disease, study.design, *given, where]


def _rank(each: Rank) -> list[object]:
    return [each.rank, each.name, each.curie, each.category, f"{each.value:.4g}"]


def _chain(each: Mechanism) -> list[object]:
    return [signed(each.sign), each.phrase, each.score, papers(each.publications)]


def _account(each: Account) -> list[object]:
    cited = [papers(w.evidence.publication for w in side) for side in (each.supporting, each.refuting)]
    return [each.step.phrase, each.belief, each.factor, *cited]


def _pair(each: Disagreement) -> list[object]:
    sides = [cell for side in (each.a, each.b) for cell in (side.evidence.statement, paper(side.evidence.publication))]
    return [each.kind, each.weight, *sides, [name for name, *_ in each.differs]]


def data_version(root: Path, ontology_version: str = "") -> str:
    """Return the data version of tables: ontology version and 12 hex digits of their digest."""
    return f"{ontology_version}+{sources.digest(root)[:12]}"


def build(root: Path | None = None, target: Path | None = None, say: Say = lambda _: None) -> Path:
    """Build the dataset of the tables below `root` (bundled by default) and return its folder.

    `target` is the cache by default. Written whole or not at all. Raises CurationError when `kg check` would complain.
    """
    root = root or sources.bundled()
    if target is not None:
        return _built(root, target, say, store.ELSEWHERE)
    folder = _cached(root)
    with sources.alone(folder.parent, lambda: say("waiting for another process that builds a dataset")):
        return _built(root, folder, say, CACHE)


def _built(root: Path, folder: Path, say: Say, advice: str) -> Path:
    from kg import curation, rdf

    why = sources.unwritable(folder.parent)
    if why:
        raise SourceError(f"{folder}: cannot be written ({why}); {advice}")
    say("reading and checking the tables")
    contents = curation.load(root)
    ontology_file = next(path for path in sources.names_of(root) if path.suffix == ".ttl")
    version = data_version(root, contents[0].ontology.version)
    write(folder, contents, rdf.quads(*contents, ontology_file, version), version, say, advice)
    return folder


def write(
    folder: Path,
    contents: store.Contents,
    statements: Iterable[ox.Quad],
    version: str,
    say: Say,
    advice: str = store.ELSEWHERE,
) -> None:
    """Write a dataset of values and their statements to `folder`, whole or not at all, with what is worked out.

    `version` is the data version, `advice` what to do when the folder cannot be written. Raises SourceError then.
    """
    from kg.conditions import from_conditions

    vocabulary, assertions, _, _ = contents
    say("working out which claims chain")
    parts, arrays = {}, {}
    turned = from_conditions(assertions, vocabulary)
    if len(assertions) < MANY:
        from kg.chains import chains

        for name, said, through in (
            ("chains", assertions, False),
            ("chains_through_msc", assertions, True),
            ("chains_from_conditions", turned, True),
        ):
            parts[name] = chains(said, vocabulary, through_msc=through).packed()
    else:
        from kg.compact import compact

        arrays["compact"] = compact(assertions, vocabulary).arrays
        arrays["compact_from_conditions"] = compact(turned, vocabulary).arrays
    store.build(folder, contents, iter(statements), version, say, parts, arrays, advice)


def _cached(root: Path) -> Path:
    return sources.cache() / sources.digest(root)[:16]


def load(data: Path | str | None = None, say: Say = lambda _: None) -> Dataset:
    """Return the dataset: of the bundled tables, of one's own tables, or of a folder made by `kg build`.

    Parameters
    ----------
    data
        A folder with `triples/`, or a built dataset; the bundled tables by default.
    say
        Called with a line of progress when something has to be built, which happens once per state of the tables.

    Raises
    ------
    CurationError
        The tables are faulty.
    SourceError
        Nothing can be read there, or the cache cannot be written.
    """
    given = Path(data) if data is not None else None
    if given is not None and not given.is_dir():
        raise SourceError(f"{given}: no such folder; give a folder with triples/, or one made by `kg build`")
    if given is not None and not (given / "triples").is_dir():
        folder = given
        if not (folder / "manifest.json").exists() and not (folder / "dataset.json").exists():
            raise SourceError(f"{folder}: holds neither triples/ nor a dataset made by `kg build`; give another folder")
        summary = store.manifest(folder)
    else:
        root = given or sources.bundled()
        folder = _cached(root)
        try:
            summary = store.manifest(folder)
        except SourceError:
            with sources.alone(folder.parent, lambda: say("waiting for another process that builds a dataset")):
                summary = _at_last(root, folder, say)
    return opened(folder, summary)


def _at_last(root: Path, folder: Path, say: Say) -> dict[str, Any]:
    """The manifest of a dataset in the cache: of one that another process has built meanwhile, or built now."""
    try:
        return store.manifest(folder)
    except SourceError:
        say(f"building the dataset in {folder} (once)")
        store.discard(folder)
        _built(root, folder, say, CACHE)
        return store.manifest(folder)


def opened(folder: Path, summary: Mapping[str, Any]) -> Dataset:
    """Return the dataset of a built folder whose manifest is `summary`."""
    vocabulary, assertions, publications, studies = store.read(folder)
    return Dataset(
        vocabulary,
        assertions,
        {publication.publication: publication for publication in publications},
        studies,
        str(summary["data_version"]),
        folder,
    )


def known_of(claim: Assertion, evidence: Evidence) -> dict[str, Any]:
    """Return what is known of a row beyond its columns: its id, what a second reading found, what became of the paper.

    `counts` is False for a row that counts for nothing.
    """
    return {
        "row": row_id(claim.id, evidence.direction, evidence.publication, evidence.statement),
        "checked": evidence.checked,
        "standing": evidence.standing,
        "counts": evidence not in claim.withdrawn,
    }


def row_of(claim: Assertion, evidence: Evidence) -> dict[str, Any]:
    """Return all columns of one row of evidence as text, in the order of the tables."""
    cells = {name: getattr(claim, name) for name in ("subject", "predicate", "object", "aspect", "cell")}
    for name, value in list(evidence._asdict().items())[: -len(DERIVED)]:
        cells[name] = "; ".join(value) if isinstance(value, tuple) else value
    return cells
