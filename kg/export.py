"""The graph in the forms that other programs read; each is the same on every run."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO, StringIO
from typing import TYPE_CHECKING

from kg.catalogue import examples_turtle
from kg.citations import bibtex, csl
from kg.errors import UnknownTerm
from kg.model import Publication
from kg.sparql import PREFIXES
from kg.vocabulary import MSCIM, Vocabulary, nearest

if TYPE_CHECKING:
    import networkx as nx
    import pyoxigraph as ox

__all__ = ["FORMATS", "export"]

MERGED = ("turtle", "ntriples", "rdfxml")
QUADS = ("trig", "nquads", "jsonld")
TABLES = ("nodes-csv", "nodes-tsv", "edges-csv", "edges-tsv")
FORMATS = (*MERGED, *QUADS, "graphml", "gexf", *TABLES, "bibtex", "csl", "examples")
NODES = "name curie category grounding parents synonyms note".split()
EDGES = "id subject subject_curie predicate object object_curie aspect cell sign belief publications refuting".split()


def export(
    form: str,
    store: ox.Store,
    network: Callable[[], nx.MultiDiGraph[str]],
    vocabulary: Vocabulary,
    publications: Iterable[Publication],
) -> bytes:
    """Return the dataset, or the part of it that the form holds, as a file; UTF-8.

    turtle, ntriples and rdfxml hold all statements with the graphs merged; trig, nquads and jsonld in their named
    graphs; graphml and gexf the entities and claims; nodes-... and edges-... the same as tables with a heading, lists
    joined by `; `; bibtex and csl the publications; examples the queries that ship (see `kg.catalogue.examples`).
    All are sorted. Raises UnknownTerm for another format.
    """
    if form not in FORMATS:
        raise UnknownTerm(form, nearest(form, FORMATS) or FORMATS, kind="format")
    if form in MERGED or form in QUADS:
        return _rdf(form, store, dict(vocabulary.ontology.prefixes))
    if form in ("graphml", "gexf"):
        return _graphml(network()) if form == "graphml" else _gexf(network())
    if form in TABLES:
        names, rows = _nodes(vocabulary) if form.startswith("nodes") else _edges(network(), vocabulary)
        return _table(names, rows, "," if form.endswith("csv") else "\t")
    if form == "examples":
        return examples_turtle(vocabulary)
    return (bibtex if form == "bibtex" else csl)(publications).encode()


def _rdf(form: str, store: ox.Store, prefixes: dict[str, str]) -> bytes:
    import pyoxigraph as ox

    quads = sorted(store, key=str)
    if form == "nquads":
        return b"".join(f"{quad} .\n".encode() for quad in quads)
    triples = sorted(dict.fromkeys(quad.triple for quad in quads), key=str) if form in MERGED else []
    if form == "ntriples":
        return b"".join(f"{triple} .\n".encode() for triple in triples)
    known = {**PREFIXES, **prefixes, "assertion": MSCIM + "assertion/", "evidence": MSCIM + "evidence/"}
    formats = {
        "turtle": ox.RdfFormat.TURTLE,
        "rdfxml": ox.RdfFormat.RDF_XML,
        "trig": ox.RdfFormat.TRIG,
        "jsonld": ox.RdfFormat.JSON_LD,
    }
    content = ox.serialize(triples or quads, format=formats[form], prefixes=known)
    assert content is not None  # no output was given, so bytes come back
    return content


def _plain(graph: nx.MultiDiGraph[str]) -> nx.MultiDiGraph[str]:
    """Return the graph with lists as text, and with the id of each claim as that of its edge."""
    import networkx as nx

    plain: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    plain.add_nodes_from(graph.nodes(data=True))
    for left, right, key, data in graph.edges(keys=True, data=True):
        values = {name: "; ".join(value) if isinstance(value, tuple) else value for name, value in data.items()}
        plain.add_edge(left, right, key=key, **values)
    return plain


def _graphml(graph: nx.MultiDiGraph[str]) -> bytes:
    import networkx as nx

    buffer = BytesIO()
    nx.write_graphml(_plain(graph), buffer, named_key_ids=True)
    return buffer.getvalue()


def _gexf(graph: nx.MultiDiGraph[str]) -> bytes:
    import networkx as nx

    plain = _plain(graph)
    for _, _, key, data in plain.edges(keys=True, data=True):
        data["id"] = key
        data["weight"] = data["belief"]
    buffer = BytesIO()
    nx.write_gexf(plain, buffer)
    return re.sub(rb' lastmodifieddate="[^"]*"', b"", buffer.getvalue(), count=1)  # else another file each day


def _nodes(vocabulary: Vocabulary) -> tuple[list[str], list[list[object]]]:
    entities = sorted(vocabulary.entities.values(), key=lambda entity: entity.name)
    return NODES, [[getattr(entity, name) for name in NODES] for entity in entities]


def _edges(graph: nx.MultiDiGraph[str], vocabulary: Vocabulary) -> tuple[list[str], list[list[object]]]:
    rows = []
    for left, right, key, data in graph.edges(keys=True, data=True):
        ends = {"id": key, "subject": left, "object": right}
        curies = {"subject_curie": vocabulary.entities[left].curie, "object_curie": vocabulary.entities[right].curie}
        cells = {**data, **ends, **curies, "belief": f"{data['belief']:.6f}"}
        rows.append([cells[name] for name in EDGES])
    return EDGES, sorted(rows, key=lambda row: [str(row[EDGES.index(n)]) for n in ("subject", "object", "id")])


def _table(names: Sequence[str], rows: Iterable[Sequence[object]], delimiter: str) -> bytes:
    buffer = StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(["; ".join(cell) if isinstance(cell, tuple) else cell for cell in row] for row in rows)
    return buffer.getvalue().encode()
