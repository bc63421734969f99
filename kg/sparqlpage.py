"""What the SPARQL page is filled in with: the queries that ship, and the words that its editor completes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kg.catalogue import GROUPS, ready
from kg.sparql import PREFIXES, prologue
from kg.vocabulary import MSCIM

if TYPE_CHECKING:
    from kg.dataset import Dataset

__all__ = ["filling"]

FIRST = """SELECT ?cell ?name WHERE {
  ?cell mscim:kind_of CL:0000084 ; rdfs:label ?name
} ORDER BY ?name"""
DECLARED = """SELECT ?term ?label WHERE {
  VALUES ?kind { owl:ObjectProperty owl:DatatypeProperty owl:AnnotationProperty }
  ?term a ?kind
  OPTIONAL { ?term rdfs:label ?label }
}"""
BORROWED = {"rdf": ["type"], "rdfs": ["label", "subClassOf"], "skos": ["altLabel", "definition"]}
COUNTED = ("assertions", "evidence", "publications", "quads")


def filling(graph: Dataset, summary: Mapping[str, Any], base: str, longest: int) -> dict[str, Any]:
    """Return the values of the template: the first query, examples by group, prefixes, classes and properties.

    `longest` is how many characters a query may have. Examples are (query, address) pairs in the order of the
    catalogue; classes and properties are (IRI, label) pairs sorted by IRI.
    """
    from urllib.parse import quote

    ontology = graph.vocabulary.ontology
    groups: dict[str, list[tuple[Any, str]]] = {}
    for query, text in ready(graph.vocabulary):
        groups.setdefault(GROUPS[query.group], []).append((query, f"/sparql?query={quote(text)}"))
    properties = {f"{PREFIXES[prefix]}{name}": "" for prefix, names in BORROWED.items() for name in names}
    answer: Any = graph.query(DECLARED)
    for row in answer:
        properties[row["term"].value] = row["label"].value if row["label"] else ""
    return {
        "query": prologue(FIRST, ontology.prefixes).replace(" PREFIX ", "\nPREFIX ") + FIRST,
        "longest": longest,
        "endpoint": f"{base}/sparql",
        "counts": ", ".join(f"{summary[name]:,} {name}" for name in COUNTED),
        "groups": list(groups.items()),
        "known": {
            "prefixes": {**PREFIXES, **ontology.prefixes},
            "classes": [(f"{MSCIM}{name}", name) for name in sorted(ontology.superclasses)],
            "properties": sorted(properties.items()),
        },
    }
