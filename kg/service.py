"""What the server says of itself in RDF: service description, VoID with partitions, and the example queries.

The vocabularies are those of SPARQL 1.1 Service Description, VoID, and the SIB sparql-examples (SHACL).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyoxigraph as ox


__all__ = ["KNOWN", "card", "description", "void"]

DCTERMS = "http://purl.org/dc/terms/"
FORMATS = "http://www.w3.org/ns/formats/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
RDFS = "http://www.w3.org/2000/01/rdf-schema#"
SCHEMA = "https://schema.org/"
SD = "http://www.w3.org/ns/sparql-service-description#"
SH = "http://www.w3.org/ns/shacl#"
VOID = "http://rdfs.org/ns/void#"
XSD = "http://www.w3.org/2001/XMLSchema#"
KNOWN: Mapping[str, str] = {
    "dcterms": DCTERMS,
    "formats": FORMATS,
    "rdf": RDF,
    "rdfs": RDFS,
    "schema": SCHEMA,
    "sd": SD,
    "sh": SH,
    "void": VOID,
    "xsd": XSD,
}
ANSWERS = (
    "SPARQL_Results_JSON SPARQL_Results_XML SPARQL_Results_CSV SPARQL_Results_TSV "
    "Turtle N-Triples RDF_XML JSON-LD TriG N-Quads"
).split()
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
TITLE = "mscim: how mesenchymal stem cells act on immunity and connective tissue diseases"
CLASSES = "SELECT ?class (COUNT(DISTINCT ?s) AS ?n) { ?s a ?class } GROUP BY ?class"
PROPERTIES = "SELECT ?property (COUNT(*) AS ?n) { ?s ?property ?o } GROUP BY ?property"
CLASS_PROPERTIES = "SELECT ?class ?property (COUNT(*) AS ?n) { ?s a ?class ; ?property ?o } GROUP BY ?class ?property"
SIZES = """SELECT (COUNT(*) AS ?triples) (COUNT(DISTINCT ?s) AS ?subjects) (COUNT(DISTINCT ?p) AS ?properties)
(COUNT(DISTINCT ?o) AS ?objects) { ?s ?p ?o }"""


class _Writer:
    """Makes triples of short names; blank nodes are numbered, so that the same facts give the same text."""

    def __init__(self) -> None:
        import pyoxigraph as ox

        self.ox = ox
        self.triples: list[ox.Triple] = []
        self.blanks = 0

    def iri(self, name: str) -> ox.NamedNode:
        prefix, _, local = name.partition(":")
        return self.ox.NamedNode(KNOWN[prefix] + local if prefix in KNOWN and local[:2] != "//" else name)

    def blank(self) -> ox.BlankNode:
        self.blanks += 1
        return self.ox.BlankNode(f"b{self.blanks}")

    def number(self, value: int) -> ox.Literal:
        return self.ox.Literal(str(value), datatype=self.iri("xsd:integer"))

    def say(self, subject: Any, predicate: str, *objects: Any) -> None:
        subject = self.iri(subject) if isinstance(subject, str) else subject
        for each in objects:
            node = self.iri(each) if isinstance(each, str) else each
            self.triples.append(self.ox.Triple(subject, self.iri(predicate), node))

    def text(self, value: str, language: str | None = None) -> ox.Literal:
        return self.ox.Literal(value, language=language)


def description(base: str, summary: Mapping[str, Any], counts: Mapping[str, int]) -> list[ox.Triple]:
    """Return the service description of the endpoint at `base`; `counts` are quads by the IRI of their graph."""
    endpoint, void_iri = f"{base}/sparql", f"{base}/.well-known/void#dataset"
    out = _Writer()
    out.say(endpoint, "rdf:type", "sd:Service")
    out.say(endpoint, "sd:endpoint", endpoint)
    out.say(endpoint, "sd:supportedLanguage", "sd:SPARQL11Query")
    out.say(endpoint, "sd:feature", "sd:UnionDefaultGraph")
    out.say(endpoint, "sd:resultFormat", *(f"formats:{name}" for name in ANSWERS))
    out.say(endpoint, "sd:defaultDataset", void_iri)
    out.say(void_iri, "rdf:type", "sd:Dataset", "void:Dataset")
    out.say(void_iri, "dcterms:hasVersion", out.text(str(summary["data_version"])))
    default = out.blank()
    out.say(void_iri, "sd:defaultGraph", default)
    out.say(default, "rdf:type", "sd:Graph", "void:Dataset")
    out.say(default, "void:triples", out.number(int(summary["quads"])))
    for iri, count in sorted(counts.items()):
        named_graph, graph = out.blank(), out.blank()
        out.say(void_iri, "sd:namedGraph", named_graph)
        out.say(named_graph, "rdf:type", "sd:NamedGraph")
        out.say(named_graph, "sd:name", out.iri(iri))
        out.say(named_graph, "sd:graph", graph)
        out.say(graph, "rdf:type", "sd:Graph", "void:Dataset")
        out.say(graph, "void:triples", out.number(count))
    return out.triples


def graph_counts(store: ox.Store) -> dict[str, int]:
    """Return how many quads each named graph holds, by its IRI."""
    rows = _rows(store, "SELECT ?g (COUNT(*) AS ?n) { GRAPH ?g { ?s ?p ?o } } GROUP BY ?g")
    return {g: int(n) for g, n in rows}


def _rows(store: ox.Store, query: str) -> Iterator[tuple[str, ...]]:
    answer: Any = store.query(query, use_default_graph_as_union=True)
    names = [variable.value for variable in answer.variables]
    found = [tuple(str(solution[name].value) for name in names) for solution in answer]
    yield from sorted(found)


def void(base: str, summary: Mapping[str, Any], store: ox.Store) -> list[ox.Triple]:
    """Return the VoID description: sizes, dumps, graphs, and partitions by class and property, each counted."""
    out = _Writer()
    dataset = f"{base}/.well-known/void#dataset"
    out.say(dataset, "rdf:type", "void:Dataset")
    out.say(dataset, "dcterms:title", out.text(TITLE, "en"))
    out.say(dataset, "dcterms:license", LICENCE)
    out.say(dataset, "dcterms:hasVersion", out.text(str(summary["data_version"])))
    out.say(dataset, "void:sparqlEndpoint", f"{base}/sparql")
    out.say(dataset, "void:dataDump", *(f"{base}/data.{end}" for end in ("jsonld", "nq", "ttl")))
    out.say(dataset, "void:uriSpace", out.text("https://w3id.org/mscim/"))
    ((triples, subjects, properties, objects),) = _rows(store, SIZES)
    for name, value in (("triples", triples), ("distinctSubjects", subjects), ("properties", properties)):
        out.say(dataset, f"void:{name}", out.number(int(value)))
    out.say(dataset, "void:distinctObjects", out.number(int(objects)))
    for iri, count in sorted(graph_counts(store).items()):
        part = out.blank()
        out.say(dataset, "void:subset", part)
        out.say(part, "rdf:type", "void:Dataset", "sd:NamedGraph")
        out.say(part, "sd:name", out.iri(iri))
        out.say(part, "void:triples", out.number(count))
    for name, count_text in _rows(store, PROPERTIES):
        part = out.blank()
        out.say(dataset, "void:propertyPartition", part)
        out.say(part, "void:property", out.iri(name))
        out.say(part, "void:triples", out.number(int(count_text)))
    by_class: dict[str, list[tuple[str, int]]] = {}
    for class_iri, name, count_text in _rows(store, CLASS_PROPERTIES):
        by_class.setdefault(class_iri, []).append((name, int(count_text)))
    for class_iri, count_text in _rows(store, CLASSES):
        part = out.blank()
        out.say(dataset, "void:classPartition", part)
        out.say(part, "void:class", out.iri(class_iri))
        out.say(part, "void:entities", out.number(int(count_text)))
        for name, number in by_class[class_iri]:
            inner = out.blank()
            out.say(part, "void:propertyPartition", inner)
            out.say(inner, "void:property", out.iri(name))
            out.say(inner, "void:triples", out.number(number))
    return out.triples


def card(base: str, summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return what search engines for data read: the dataset in schema.org terms, as JSON-LD.

    `summary` is the manifest of the built dataset; the licence is that of the content, not of the code.
    """
    forms = (("ttl", "text/turtle"), ("nq", "application/n-quads"), ("jsonld", "application/ld+json"))
    downloads = [
        {"@type": "DataDownload", "contentUrl": f"{base}/data.{end}", "encodingFormat": media} for end, media in forms
    ]
    return {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "@id": "https://w3id.org/mscim/",
        "name": "mscim",
        "description": "How mesenchymal stem cells act on immunity and connective tissue disease: a signed, citable "
        f"knowledge graph of {summary['assertions']:,} claims from {summary['publications']:,} publications.",
        "version": summary["data_version"],
        "license": "https://creativecommons.org/licenses/by/4.0/",
        "isAccessibleForFree": True,
        "keywords": [
            "mesenchymal stem cell",
            "immunology",
            "systemic lupus erythematosus",
            "knowledge graph",
            "SPARQL",
        ],
        "url": f"{base}/",
        "distribution": downloads,
        "potentialAction": {
            "@type": "SearchAction",
            "target": f"{base}/sparql?query={{query}}",
            "query-input": "required name=query",
        },
    }
