"""The graph in the forms that other programs read; each is the same on every run."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from kg.errors import UnknownTerm
from kg.sparql import PREFIXES
from kg.vocabulary import MSCIM, nearest

if TYPE_CHECKING:
    import networkx as nx
    import pyoxigraph as ox

__all__ = ["FORMATS", "export"]

FORMATS = ("turtle", "nquads", "jsonld", "graphml")


def export(form: str, store: ox.Store, graph: nx.MultiDiGraph[str], prefixes: dict[str, str]) -> bytes:
    """Return the dataset as Turtle (graphs merged), N-Quads (sorted), JSON-LD, or its claims as GraphML; UTF-8.

    Raises UnknownTerm for another format.
    """
    import pyoxigraph as ox

    if form not in FORMATS:
        raise UnknownTerm(form, nearest(form, FORMATS) or FORMATS, kind="format")
    if form == "graphml":
        return _graphml(graph)
    quads = sorted(store, key=str)
    if form == "nquads":
        return b"".join(f"{quad} .\n".encode() for quad in quads)
    known = {**PREFIXES, **prefixes, "assertion": MSCIM + "assertion/", "evidence": MSCIM + "evidence/"}
    if form == "jsonld":
        content = ox.serialize(quads, format=ox.RdfFormat.JSON_LD, prefixes=known)
    else:
        triples = list(dict.fromkeys(quad.triple for quad in quads))
        content = ox.serialize(sorted(triples, key=str), format=ox.RdfFormat.TURTLE, prefixes=known)
    assert content is not None  # no output was given, so bytes come back
    return content


def _graphml(graph: nx.MultiDiGraph[str]) -> bytes:
    import networkx as nx

    plain: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    plain.add_nodes_from(graph.nodes(data=True))
    for left, right, key, data in graph.edges(keys=True, data=True):
        values = {name: "; ".join(value) if isinstance(value, tuple) else value for name, value in data.items()}
        plain.add_edge(left, right, key=key, **values)
    buffer = BytesIO()
    nx.write_graphml(plain, buffer, named_key_ids=True)
    return buffer.getvalue()
