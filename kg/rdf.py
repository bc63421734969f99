"""Quads from values, and values from quads: the same claims either way.

Named graphs: `ontology` (the vocabulary and the entities), `hierarchy` (what lies within what, worked out from it),
`assertions`, `publications`, `studies`, all under `https://w3id.org/mscim/graph/`. Each claim is a resource with its
evidence; a claim that at least one paper supports stands as a direct triple too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from kg.errors import CurationError
from kg.model import DERIVED, Assertion, Entity, Evidence, Publication, Study, split
from kg.sources import read_bytes
from kg.vocabulary import MSCIM, OWL, RDFS, SKOS, Vocabulary, ontology_of, value_of

if TYPE_CHECKING:
    import pyoxigraph as ox

__all__ = ["DATASET", "FORMAT", "GRAPHS", "assertion_iri", "assertions", "contents", "evidence_iri", "quads"]

FORMAT = "2"  # of the statements; raised when they change so that they can no longer be read or asked as before
DATASET = f"{MSCIM}dataset"
PARTS = ("ontology", "hierarchy", "assertions", "publications", "studies")
GRAPHS = {name: f"{MSCIM}graph/{name}" for name in PARTS}
BIOLINK = "https://w3id.org/biolink/vocab/"
DCTERMS = "http://purl.org/dc/terms/"
XSD = "http://www.w3.org/2001/XMLSchema#"
NAMED = ("mediator", "priming", "model", "combined_with")
TERMS = {
    "mediator_test": "MediatorTest",
    "mode": "Mode",
    "msc_source": "MSCSource",
    "donor": "Donor",
    "system": "EvidenceSystem",
    "direction": "Direction",
}
Row = TypeVar("Row", Publication, Study)
TEXTS = ("leg_of", "context", "effect", "statement", "read", *DERIVED)


def assertion_iri(identity: str) -> str:
    """Return the IRI of a claim by its id."""
    return f"{MSCIM}assertion/{identity}"


def evidence_iri(assertion: Assertion, evidence: Evidence) -> str:
    """Return the IRI of one row of evidence: a hash of the claim and of all its cells, without what is derived."""
    cells = evidence[: -len(DERIVED)]
    text = "\t".join([assertion.id, *("; ".join(cell) if isinstance(cell, tuple) else cell for cell in cells)])
    return f"{MSCIM}evidence/{hashlib.sha256(text.encode()).hexdigest()[:20]}"


def quads(
    vocabulary: Vocabulary,
    claims: Sequence[Assertion],
    publications: Sequence[Publication],
    studies: Sequence[Study],
    ontology_file: Path,
    data_version: str = "",
) -> Iterator[ox.Quad]:
    """Yield every quad of the dataset, in an order that depends on the values alone; with the data version, if given.

    Blank nodes occur in the ontology only and get canonical names (RDFC-1.0).
    """
    import pyoxigraph as ox

    ontology = vocabulary.ontology
    graphs = {name: ox.NamedNode(iri) for name, iri in GRAPHS.items()}
    biolink = _ontology_quads(ontology_file, graphs["ontology"])
    categories = {
        quad.subject.value: quad.object
        for quad in biolink
        if quad.predicate.value == SKOS + "broadMatch" and isinstance(quad.subject, ox.NamedNode)
    }
    yield from biolink

    node = ox.NamedNode
    a = node("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")

    def own(name: str) -> ox.NamedNode:
        return node(MSCIM + name)

    def entity(name: str) -> ox.NamedNode:
        return node(ontology.expand(vocabulary.entities[name].curie))

    def text(value: str) -> ox.Literal:
        return ox.Literal(value)

    graph = graphs["ontology"]
    if data_version:
        yield ox.Quad(node(DATASET), node(OWL + "versionInfo"), text(data_version), graph)
        yield ox.Quad(node(DATASET), own("format"), text(FORMAT), graph)
    for each in sorted(vocabulary.entities.values(), key=lambda e: e.name):
        subject, category = entity(each.name), own(each.category)
        yield ox.Quad(subject, a, node(OWL + "Class"), graph)
        yield ox.Quad(subject, node(RDFS + "label"), text(each.name), graph)
        yield ox.Quad(subject, node(RDFS + "subClassOf"), category, graph)
        yield ox.Quad(subject, own("category"), category, graph)
        if category.value in categories:
            yield ox.Quad(subject, node(BIOLINK + "category"), categories[category.value], graph)
        for parent in each.parents:
            yield ox.Quad(subject, node(RDFS + "subClassOf"), entity(parent), graph)
        for synonym in each.synonyms:
            yield ox.Quad(subject, node(SKOS + "altLabel"), text(synonym), graph)
        for column, names in (("parents_list", each.parents), ("synonyms_list", each.synonyms)):
            hidden = column == "parents_list" and any(entity(name) == category for name in names)
            if len(names) > 1 or hidden:
                yield ox.Quad(subject, own(column), text("|".join(names)), graph)
        yield ox.Quad(subject, own("curie"), text(each.curie), graph)
        yield ox.Quad(subject, own("grounding"), text(each.grounding), graph)
        if each.note:
            yield ox.Quad(subject, own("note"), text(each.note), graph)

    graph = graphs["hierarchy"]
    for narrow, wide in _hierarchy(vocabulary):
        yield ox.Quad(node(narrow), own("kind_of"), node(wide), graph)

    graph = graphs["assertions"]
    for claim in claims:
        subject = node(assertion_iri(claim.id))
        s, p, o = entity(claim.subject), own(claim.predicate), entity(claim.object)
        if claim.publications:
            yield ox.Quad(s, p, o, graph)
        yield ox.Quad(subject, a, own("Association"), graph)
        yield ox.Quad(subject, a, node(BIOLINK + "Association"), graph)
        for name, value in (("subject", s), ("predicate", p), ("object", o)):
            yield ox.Quad(subject, own(name), value, graph)
            yield ox.Quad(subject, node(BIOLINK + name), value, graph)
        if claim.aspect:
            yield ox.Quad(subject, own("aspect"), node(ontology.term_iris[f"Aspect:{claim.aspect}"]), graph)
        if claim.cell:
            yield ox.Quad(subject, own("cell"), entity(claim.cell), graph)
        effect = ox.Literal(str(claim.effect), datatype=node(XSD + "integer"))
        yield ox.Quad(subject, own("effect_sign"), effect, graph)
        for number, evidence in enumerate((*claim.evidence, *claim.withdrawn)):
            part = node(evidence_iri(claim, evidence))
            counts = number < len(
                claim.evidence
            )  # what counts for nothing has a property of its own: no query meets it
            yield ox.Quad(subject, own("evidence" if counts else "withdrawn_evidence"), part, graph)
            yield ox.Quad(part, a, own("Evidence"), graph)
            yield ox.Quad(part, own("publication"), node(ontology.expand(evidence.publication)), graph)
            for column, kind in TERMS.items():
                term = getattr(evidence, column)
                if term:
                    yield ox.Quad(part, own(column), node(ontology.term_iris[f"{kind}:{term}"]), graph)
            for column in NAMED:
                names = getattr(evidence, column)
                for name in names:
                    yield ox.Quad(part, own(column), entity(name), graph)
                if len(names) > 1:
                    yield ox.Quad(part, own(column + "_list"), text("; ".join(names)), graph)
            taxa = [name for pair in evidence.species for name in pair.split(">")]
            for name in dict.fromkeys(taxa):
                yield ox.Quad(part, own("species"), entity(name), graph)
            if len(taxa) > 1:
                yield ox.Quad(part, own("species_list"), text("; ".join(evidence.species)), graph)
            if evidence.disease:
                yield ox.Quad(part, own("disease"), entity(evidence.disease), graph)
            grade = ontology.systems[evidence.system].eco
            if grade:
                yield ox.Quad(part, own("eco"), node(grade), graph)
            for column in TEXTS:
                value = getattr(evidence, column)
                if value:
                    yield ox.Quad(part, own(column), text(value), graph)

    for table, kind in ((publications, "Publication"), (studies, "Study")):
        graph = graphs["publications" if kind == "Publication" else "studies"]
        for row in table:
            cells = row._asdict()
            if isinstance(row, Publication):
                subject = node(ontology.expand(row.publication))
                yield ox.Quad(subject, node(RDFS + "label"), text(row.citation), graph)
                if row.title:
                    yield ox.Quad(subject, node(DCTERMS + "title"), text(row.title), graph)
            else:
                identity = hashlib.sha256("\t".join(cells.values()).encode()).hexdigest()[:20]
                subject = node(f"{MSCIM}study/{identity}")
            yield ox.Quad(subject, a, own(kind), graph)
            for column, value in cells.items():
                if not value:
                    continue
                if column == "publication":
                    if isinstance(row, Study):
                        yield ox.Quad(subject, own(column), node(ontology.expand(value)), graph)
                elif column == "disease":
                    yield ox.Quad(subject, own(column), entity(value), graph)
                elif column in ("year", "n_patients") and value.isdecimal():
                    yield ox.Quad(subject, own(column), ox.Literal(value, datatype=node(XSD + "integer")), graph)
                else:
                    yield ox.Quad(subject, own(column), text(value), graph)


def _hierarchy(vocabulary: Vocabulary) -> Iterator[tuple[str, str]]:
    """Yield the IRI of each class and entity with its own and that of everything wider, in order.

    Followed by IRI: an entity may be a class of the ontology too.
    """
    ontology = vocabulary.ontology
    known = ontology.superclasses
    above = {MSCIM + name: {MSCIM + wider for wider in wide if wider in known} for name, wide in known.items()}
    iris = {each.name: ontology.expand(each.curie) for each in vocabulary.entities.values()}
    for each in vocabulary.entities.values():
        direct = above.setdefault(iris[each.name], {iris[each.name]})
        direct.update([MSCIM + each.category, *(iris[parent] for parent in each.parents)])
    for narrow in sorted(above):
        wide, todo = {narrow}, [narrow]
        while todo:
            new = above[todo.pop()] - wide
            wide |= new
            todo.extend(new)
        yield from ((narrow, iri) for iri in sorted(wide))


def _ontology_quads(path: Path, graph: ox.NamedNode) -> list[ox.Quad]:
    import pyoxigraph as ox

    parsed = ox.parse(read_bytes(path), format=ox.RdfFormat.TURTLE)
    dataset = ox.Dataset(ox.Quad(q.subject, q.predicate, q.object, graph) for q in parsed)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return sorted(dataset, key=str)


def assertions(triples: Iterable[ox.Quad], vocabulary: Vocabulary) -> tuple[Assertion, ...]:
    """Return the claims found in quads written by `quads`, equal to those they were written from, in the same order.

    Raises CurationError when a claim lacks a part or names what the vocabulary does not hold.
    """
    from kg.curation import evidence_order

    ontology = vocabulary.ontology
    by_curie = {entity.curie: entity.name for entity in vocabulary.entities.values()}
    by_iri = {iri: key.partition(":")[2] for key, iri in ontology.term_iris.items()}
    found: dict[str, dict[str, list[str]]] = {}
    for quad in triples:
        predicate = quad.predicate.value
        if predicate.startswith(MSCIM) and str(quad.graph_name) == f"<{GRAPHS['assertions']}>":
            subject, value = value_of(quad.subject), value_of(quad.object)
            found.setdefault(subject, {}).setdefault(predicate.removeprefix(MSCIM), []).append(value)

    def name(iri: str) -> str:
        curie = ontology.contract(iri)
        if curie not in by_curie:
            raise CurationError(f"{iri}: no entity carries this identifier")
        return by_curie[curie]

    def one(node: dict[str, list[str]], column: str) -> str:
        return node.get(column, [""])[0]

    def listed(node: dict[str, list[str]], column: str) -> tuple[str, ...]:
        text = one(node, column + "_list")
        return split(text) if text else tuple(name(iri) for iri in node.get(column, []))

    claims = []
    for iri, node in found.items():
        if not iri.startswith(MSCIM + "assertion/"):
            continue
        try:
            evidence = []
            apart = node.get("withdrawn_evidence", [])
            counted = node.get("evidence", []) if apart else node["evidence"]
            for part in (found[each] for each in (*counted, *apart)):
                cells: dict[str, object] = {column: listed(part, column) for column in (*NAMED, "species")}
                cells |= {c: by_iri[part[c][0]] for c in TERMS if c in part}
                cells |= {column: one(part, column) for column in TEXTS}
                cells["disease"] = name(part["disease"][0]) if "disease" in part else ""
                cells["publication"] = ontology.contract(part["publication"][0])
                evidence.append(Evidence(**cells))  # type: ignore[arg-type]
            kept, withdrawn = ontology.parted(sorted(evidence, key=evidence_order))
            claims.append(
                Assertion(
                    name(node["subject"][0]),
                    node["predicate"][0].removeprefix(MSCIM),
                    name(node["object"][0]),
                    by_iri[node["aspect"][0]] if "aspect" in node else "",
                    name(node["cell"][0]) if "cell" in node else "",
                    int(node["effect_sign"][0]),
                    kept,
                    iri.removeprefix(MSCIM + "assertion/"),
                    withdrawn,
                )
            )
        except KeyError as error:
            raise CurationError(f"{iri}: the claim lacks {error}") from None
    return tuple(sorted(claims, key=lambda c: (c.subject, c.predicate, c.object, c.aspect, c.cell)))


def contents(
    statements: Sequence[ox.Quad],
) -> tuple[Vocabulary, tuple[Assertion, ...], tuple[Publication, ...], tuple[Study, ...]]:
    """Return all values found in quads written by `quads`, in the order of tables that `kg format` has sorted.

    Raises CurationError when something lacks a part or names what is not there.
    """
    nodes: dict[str, dict[str, dict[str, list[str]]]] = {iri: {} for iri in GRAPHS.values()}
    for quad in statements:
        if getattr(quad.object, "language", None) is None:  # what has a language is said of classes, not of entities
            node = nodes.setdefault(value_of(quad.graph_name), {}).setdefault(value_of(quad.subject), {})
            node.setdefault(quad.predicate.value, []).append(value_of(quad.object))
    things = {iri: node for iri, node in nodes[GRAPHS["ontology"]].items() if MSCIM + "curie" in node}
    defined = {value_of(quad.subject) for quad in statements if quad.predicate.value == SKOS + "definition"}
    own = defined | (nodes[GRAPHS["ontology"]].keys() - things)
    stated = [
        quad
        for quad in statements
        if value_of(quad.graph_name) == GRAPHS["ontology"]
        and value_of(quad.subject) in own
        and (value_of(quad.subject) not in things or value_of(quad.object) not in things)
    ]
    ontology = ontology_of(stated, GRAPHS["ontology"])
    try:
        entities = sorted(_entities(things), key=lambda each: (each.name.casefold(), each.name))
        vocabulary = Vocabulary(ontology, {each.name: each for each in entities})
        publications = [
            Publication(**_cells(Publication, node) | {"publication": ontology.contract(iri)})
            for iri, node in nodes[GRAPHS["publications"]].items()
        ]
        studies = []
        for node in nodes[GRAPHS["studies"]].values():
            cells = _cells(Study, node)
            paper, disease = cells.get("publication"), cells.get("disease")
            cells |= {"publication": ontology.contract(paper)} if paper else {}
            cells |= {"disease": _one(things[disease], RDFS + "label")} if disease else {}
            studies.append(Study(**cells))
    except (KeyError, TypeError) as error:
        raise CurationError(f"an entity, publication or study lacks {error}") from None
    return vocabulary, assertions(statements, vocabulary), _ordered(publications), _ordered(studies)


def _entities(things: Mapping[str, Mapping[str, list[str]]]) -> Iterator[Entity]:
    for node in things.values():
        category = _one(node, MSCIM + "category")
        wider = [iri for iri in node[RDFS + "subClassOf"] if iri in things and iri != category]
        listed = [_one(node, f"{MSCIM}{column}_list", "") for column in ("parents", "synonyms")]
        yield Entity(
            _one(node, RDFS + "label"),
            _one(node, MSCIM + "curie"),
            category.removeprefix(MSCIM),
            split(listed[0], "|") if listed[0] else tuple(_one(things[iri], RDFS + "label") for iri in wider),
            split(listed[1], "|") if listed[1] else tuple(node.get(SKOS + "altLabel", ())),
            _one(node, MSCIM + "grounding"),
            _one(node, MSCIM + "note", ""),
        )


def _one(node: Mapping[str, list[str]], predicate: str, default: str | None = None) -> str:
    """Return the value that a node has for a predicate; KeyError where it has none and there is no default."""
    return node[predicate][0] if default is None else node.get(predicate, [default])[0]


def _cells(kind: type[Publication] | type[Study], node: Mapping[str, list[str]]) -> dict[str, str]:
    return {column: node[MSCIM + column][0] for column in kind._fields if MSCIM + column in node}


def _ordered(rows: Iterable[Row]) -> tuple[Row, ...]:
    return tuple(sorted(rows, key=lambda row: ([cell.casefold() for cell in row], row)))
