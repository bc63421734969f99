"""The ontology and the entities as values: what a name means, what a predicate says, what chains with what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from kg.errors import CurationError, UnknownTerm
from kg.model import Aspect, Entity, Evidence, Grade, Predicate
from kg.sources import read_bytes

__all__ = ["Chain", "Ontology", "Vocabulary", "contracted", "nearest", "ontology_of", "read_ontology", "value_of"]

MSCIM = "https://w3id.org/mscim/"
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
OWL = "http://www.w3.org/2002/07/owl#"
LONGEST = 300  # characters of a name
SKOS = "http://www.w3.org/2004/02/skos/core#"


class Chain(NamedTuple):
    """How a claim that ends in a group of aspects may be followed by another one.

    `into` are the groups of subject aspects that may follow; `unstated` and `lowering` say whether a claim that
    does not name the aspect of its subject may follow, always or only when it lowers.
    """

    name: str
    into: frozenset[str]
    unstated: bool
    lowering: bool


@dataclass(frozen=True)
class Ontology:
    """What `ontology/mscim.ttl` says, keyed by the names used in the tables."""

    version: str
    prefixes: Mapping[str, str]
    superclasses: Mapping[str, frozenset[str]]
    layers: Mapping[str, int]
    layer_labels: tuple[str, ...]
    predicates: Mapping[str, Predicate]
    aspects: Mapping[str, Aspect]
    chains: Mapping[str, Chain]
    systems: Mapping[str, Grade]
    mediator_tests: Mapping[str, Grade]
    reading: Mapping[str, Grade]
    modes: Mapping[str, tuple[str, ...]]
    donors: tuple[str, ...]
    msc_sources: Mapping[str, tuple[str, ...]]
    study_values: Mapping[str, tuple[str, ...]]
    priors: Mapping[str, float]
    term_iris: Mapping[str, str] = field(default_factory=dict)
    checks: Mapping[str, Grade] = field(default_factory=dict)
    statuses: Mapping[str, Grade] = field(default_factory=dict)

    def worth(self, evidence: Evidence) -> float:
        """Factor in [0, 1] on the support of a row, by what a second reading found and what became of the paper."""
        factor = 1.0
        for told, known in ((evidence.checked, self.checks), (evidence.standing, self.statuses)):
            for part in told.split("; "):
                factor *= next((known[name].error for name in known if part.startswith(name)), 1.0)
        return factor

    def parted(self, rows: Iterable[Evidence]) -> tuple[tuple[Evidence, ...], tuple[Evidence, ...]]:
        """Return the rows that count, and those that count for nothing."""
        kept: list[Evidence] = []
        withdrawn: list[Evidence] = []
        for row in rows:
            (kept if not (row.checked or row.standing) or self.worth(row) else withdrawn).append(row)
        return tuple(kept), tuple(withdrawn)

    @property
    def categories(self) -> tuple[str, ...]:
        """Categories an entity may have (classes with a layer), sorted."""
        return tuple(sorted(self.layers))

    def expand(self, curie: str) -> str:
        """Return the IRI of a CURIE; KeyError-free: an unknown prefix is a CurationError.

        DOIs may hold characters that an IRI may not; those are percent-encoded.
        """
        prefix, colon, local = curie.partition(":")
        if not colon or prefix not in self.prefixes:
            raise CurationError(f"{curie!r} is not a CURIE with a known prefix ({', '.join(sorted(self.prefixes))})")
        if prefix == "doi":
            local = "".join(c if c not in '<>"{}|\\^`% ' else f"%{ord(c):02X}" for c in local)
        return self.prefixes[prefix] + local

    def contract(self, iri: str) -> str:
        """Return the CURIE of an IRI made by `expand`; the longest namespace wins."""
        return contracted(iri, self.prefixes)


def contracted(iri: str, prefixes: Mapping[str, str]) -> str:
    """Return the CURIE of an IRI, by prefixes and their namespaces; raises CurationError where none fits.

    >>> contracted("http://purl.obolibrary.org/obo/CL_0000899", {"CL": "http://purl.obolibrary.org/obo/CL_"})
    'CL:0000899'
    """
    fits = [(len(space), prefix) for prefix, space in prefixes.items() if iri.startswith(space)]
    if not fits:
        raise CurationError(f"{iri!r} is in no namespace of the ontology")
    length, prefix = max(fits)
    local = iri[length:]
    if prefix == "doi":
        from urllib.parse import unquote

        local = unquote(local)
    return f"{prefix}:{local}"


def nearest(term: str, names: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """Return the names most like `term`, best first, without regard to case; empty when nothing is near.

    >>> nearest("Th-17 cel", ["Th17 cell", "Th1 cell", "B cell"], 2)
    ('Th17 cell', 'Th1 cell')
    """
    from difflib import get_close_matches

    lowered: dict[str, str] = {}
    for name in sorted(names):
        lowered.setdefault(name.casefold(), name)
    close = get_close_matches(term.casefold(), list(lowered), n=count, cutoff=0.6)
    return tuple(lowered[name] for name in close)


@dataclass(frozen=True)
class Vocabulary:
    """The ontology together with the entities: resolves names and walks the hierarchy."""

    ontology: Ontology
    entities: Mapping[str, Entity]

    @cached_property
    def _lookup(self) -> dict[str, list[str]]:
        table: dict[str, list[str]] = {}
        for entity in self.entities.values():
            for synonym in entity.synonyms:
                names = table.setdefault(synonym.casefold(), [])
                if entity.name not in names:
                    names.append(entity.name)
        for entity in self.entities.values():
            table[entity.curie.casefold()] = [entity.name]
        for entity in self.entities.values():
            table[entity.name.casefold()] = [entity.name]
        return table

    def resolve(self, term: str) -> Entity:
        """Return the entity that a name, synonym or CURIE stands for, whatever its case.

        A name wins over a synonym. Raises UnknownTerm with the nearest names, or with the candidates when a synonym
        belongs to several entities.
        """
        if not term.strip():
            raise UnknownTerm(term, reason="is empty; give a name, a synonym or a CURIE")
        if len(term) > LONGEST:
            raise UnknownTerm(term[:40] + "...", reason=f"is longer than {LONGEST} characters, as no name is")
        found = self._lookup.get(" ".join(term.split()).casefold(), [])
        if len(found) == 1:
            return self.entities[found[0]]
        if found:
            raise UnknownTerm(term, tuple(sorted(found)), reason="is a synonym of several entities")
        raise UnknownTerm(term, self.suggestions(term))

    def canonical(self, term: str) -> str:
        """Return the name that a name, synonym or CURIE stands for; empty when it stands for none, or for several."""
        found = self._lookup.get(" ".join(term.split()).casefold(), ())
        return found[0] if len(found) == 1 else ""

    def suggestions(self, term: str, count: int = 3) -> tuple[str, ...]:
        """Return the names of the entities whose name or synonym is most like `term`, best first."""
        spelled = {key: names[0] for key, names in self._lookup.items()}
        seen: list[str] = []
        for key in nearest(term, spelled, count * 2):
            if spelled[key] not in seen:
                seen.append(spelled[key])
        return tuple(seen[:count])

    def is_a(self, name: str, category: str) -> bool:
        """Say whether the entity's category is `category` or a subclass of it."""
        return category in self.ontology.superclasses[self.entities[name].category]

    @cached_property
    def conditions(self) -> frozenset[str]:
        """Names of all conditions in people: diseases and manifestations, without animal models."""
        return frozenset(n for n in self.entities if self.is_a(n, "Condition") and not self.is_a(n, "AnimalModel"))

    @cached_property
    def taxa(self) -> tuple[str, ...]:
        """Names of all species."""
        return tuple(entity.name for entity in self.entities.values() if entity.category == "Taxon")

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        children: dict[str, list[str]] = {}
        for entity in self.entities.values():
            for parent in entity.parents:
                children.setdefault(parent, []).append(entity.name)
        return {parent: sorted(names) for parent, names in children.items()}

    def ancestors(self, name: str) -> frozenset[str]:
        """Names of all wider entities, without the entity itself; safe on cycles."""
        return self._closure(name, lambda each: self.entities[each].parents if each in self.entities else ())

    def descendants(self, name: str) -> frozenset[str]:
        """Names of all narrower entities, without the entity itself; safe on cycles."""
        return self._closure(name, lambda each: self._children.get(each, ()))

    def _closure(self, name: str, step: Any) -> frozenset[str]:
        seen: set[str] = set()
        todo = list(step(name))
        while todo:
            each = todo.pop()
            if each not in seen and each != name:
                seen.add(each)
                todo.extend(step(each))
        return frozenset(seen)

    @cached_property
    def _tissues(self) -> dict[str, frozenset[str]]:
        named = {source: set(names) for source, names in self.ontology.msc_sources.items()}
        return {
            wide: frozenset(
                source
                for source, names in named.items()
                if source == wide or any(self.ancestors(name) & named[wide] for name in names)
            )
            for wide in named
        }

    def tissues(self, source: str) -> frozenset[str]:
        """Return an MSC source with those within it: umbilical cord holds Wharton's jelly."""
        return self._tissues.get(source, frozenset({source}))

    def effect(self, predicate: str, aspect: str) -> int:
        """Return sign(predicate) x polarity(aspect), the polarity counting only where the aspect is the object's.

        An empty aspect counts as 1.
        """
        known = self.ontology.predicates[predicate]
        if not known.polar or not aspect:
            return known.sign
        return known.sign * self.ontology.aspects[aspect].polarity


def read_ontology(path: Path) -> Ontology:
    """Read `mscim.ttl`. Raises CurationError, with file and line, when it is not Turtle or lacks what is needed."""
    import pyoxigraph as ox

    try:
        statements = list(ox.parse(read_bytes(path), format=ox.RdfFormat.TURTLE))
    except SyntaxError as error:
        line = error.lineno or 1
        raise CurationError(f"{path.name}:{line}:{error.offset or 1}: not valid Turtle: {error.msg}") from None
    return ontology_of(statements, f"{path.name}:1:1")


def ontology_of(statements: Iterable[Any], place: str) -> Ontology:
    """Return the ontology that quads or triples state. Raises CurationError, which names `place`, when they do not."""
    triples: dict[str, dict[str, list[Any]]] = {}
    for each in statements:
        triples.setdefault(value_of(each.subject), {}).setdefault(each.predicate.value, []).append(each.object)
    try:
        return _ontology(triples)
    except (KeyError, IndexError, ValueError) as error:
        if isinstance(error, CurationError):
            raise
        raise CurationError(f"{place}: the ontology lacks or misstates {error}; see docs/data-model.md") from None


def value_of(node: Any) -> str:
    """Return the text of an RDF term: IRI, label of a blank node, or lexical form."""
    return str(node.value)


def _ontology(triples: dict[str, dict[str, list[Any]]]) -> Ontology:
    def value(node: str, name: str, default: str | None = None) -> str:
        found = triples[node].get(name if ":" in name else MSCIM + name)
        if not found:
            if default is None:
                raise KeyError(f"{name} of {node}")
            return default
        return str(found[0].value)

    def label(node: str) -> str:
        return value(node, RDFS + "label")

    def definition(node: str) -> str:
        return value(node, SKOS + "definition", "")

    def local(node: str) -> str:
        return node.removeprefix(MSCIM)

    def members(kind: str) -> list[str]:
        iri = kind if ":" in kind else MSCIM + kind
        return sorted(node for node, po in triples.items() if any(o.value == iri for o in po.get(RDF_TYPE, [])))

    def classes(node: Any) -> frozenset[str]:
        key = value_of(node)
        union = triples.get(key, {}).get(OWL + "unionOf")
        if not union:
            return frozenset({local(key)})
        names, rest = set(), value_of(union[0])
        first, follow = RDF_TYPE.replace("type", "first"), RDF_TYPE.replace("type", "rest")
        while rest in triples and first in triples[rest]:
            names.add(local(value_of(triples[rest][first][0])))
            rest = value_of(triples[rest][follow][0])
        return frozenset(names)

    ontology = members(OWL + "Ontology")[0]
    prefixes = {}
    for node in triples[ontology]["http://www.w3.org/ns/shacl#declare"]:
        each = triples[value_of(node)]
        prefix = str(each["http://www.w3.org/ns/shacl#prefix"][0].value)
        prefixes[prefix] = str(each["http://www.w3.org/ns/shacl#namespace"][0].value)

    prefixes = dict(sorted(prefixes.items()))
    parents = {
        local(node): {local(value_of(o)) for o in triples[node].get(RDFS + "subClassOf", [])}
        for node in members(OWL + "Class")
        if node.startswith(MSCIM)
    }
    above: dict[str, frozenset[str]] = {}
    for name in parents:
        seen, todo = {name}, [name]
        while todo:
            for parent in parents.get(todo.pop(), set()) - seen:
                seen.add(parent)
                todo.append(parent)
        above[name] = frozenset(seen)
    layers = {name: int(value(MSCIM + name, "layer")) for name in parents if MSCIM + "layer" in triples[MSCIM + name]}

    def categories(node: str, name: str) -> frozenset[str]:
        named = classes(triples[node][RDFS + name][0])
        return frozenset(category for category in layers if above[category] & named)

    predicates = {}
    for node in members(OWL + "ObjectProperty"):
        if MSCIM + "sign" in triples[node]:
            predicates[local(node)] = Predicate(
                name=local(node),
                sign=int(value(node, "sign")),
                causal=value(node, "causal"),
                bearer=value(node, "bearer"),
                domain=categories(node, "domain"),
                range=categories(node, "range"),
                definition=definition(node),
                polar=value(node, "polar") == "true",
                inverse=local(value(node, OWL + "inverseOf", "")),
            )
    chains = {}
    for node in members("ChainGroup"):
        chains[label(node)] = Chain(
            label(node),
            frozenset(label(value_of(o)) for o in triples[node].get(MSCIM + "chainsInto", [])),
            value(node, "chainsUnstated") == "true",
            value(node, "chainsLowering") == "true",
        )
    aspects = {
        label(node): Aspect(
            label(node),
            int(value(node, "polarity")),
            label(value(node, "chainsAs")),
            value(node, "process", ""),
            definition(node),
        )
        for node in members("Aspect")
    }

    def grades(kind: str, number: str) -> dict[str, Grade]:
        return {
            label(node): Grade(
                label(node),
                float(value(node, number)),
                int(value(node, "stage", "0")),
                value(node, "eco", ""),
                definition(node),
            )
            for node in members(kind)
        }

    def named(kind: str) -> dict[str, tuple[str, ...]]:
        return {
            label(node): tuple(sorted(str(o.value) for o in triples[node].get(MSCIM + "names", [])))
            for node in members(kind)
        }

    kinds = ("Aspect", "EvidenceSystem", "MediatorTest", "ReadingLevel", "Mode", "Donor", "MSCSource", "Direction")
    iris = {f"{kind}:{label(node)}": node for kind in kinds for node in members(kind)}
    return Ontology(
        version=value(ontology, OWL + "versionInfo"),
        prefixes=prefixes,
        superclasses=above,
        layers=layers,
        layer_labels=tuple(
            value(n, "layerLabel") for n in sorted(members("Layer"), key=lambda n: int(value(n, "layer")))
        ),
        predicates=predicates,
        aspects=aspects,
        chains=chains,
        systems=grades("EvidenceSystem", "error"),
        mediator_tests=grades("MediatorTest", "errorFactor"),
        reading=grades("ReadingLevel", "errorFactor"),
        modes=named("Mode"),
        donors=tuple(sorted(label(node) for node in members("Donor"))),
        msc_sources=named("MSCSource"),
        study_values={
            column: tuple(sorted(label(node) for node in members(kind)))
            for column, kind in (
                ("design", "StudyDesign"),
                ("route", "Route"),
                ("outcome_direction", "Outcome"),
                ("kind", "PublicationKind"),
            )
        },
        priors={label(node): float(value(node, "value")) for node in members("Prior")},
        term_iris=iris,
        checks=grades("CheckOutcome", "supportFactor"),
        statuses=grades("PublicationStatus", "supportFactor"),
    )
