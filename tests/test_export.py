"""Exports: each form read back by another library, and the same on every run."""

from __future__ import annotations

import io
import json

import networkx as nx
import pytest
import rdflib
from rdflib.compare import isomorphic

from kg.errors import UnknownTerm
from kg.export import FORMATS, export


def out(graph, form: str) -> bytes:
    return export(form, graph.store, graph.to_networkx(), dict(graph.vocabulary.ontology.prefixes))


def merged(graph) -> rdflib.Graph:
    """All named graphs in one, parsed by rdflib from the N-Quads."""
    dataset = rdflib.Dataset()
    dataset.parse(io.BytesIO(out(graph, "nquads")), format="nquads")
    union = rdflib.Graph()
    for s, p, o, _ in dataset.quads():
        union.add((s, p, o))
    return union


@pytest.mark.filterwarnings("ignore:Dataset.default_context:DeprecationWarning")
def test_turtle_is_isomorphic_when_rdflib_reads_it(small_graph):
    turtle = rdflib.Graph().parse(out(small_graph, "turtle"), format="turtle")
    assert isomorphic(turtle, merged(small_graph))
    assert len(turtle) > 1000


@pytest.mark.filterwarnings("ignore:Dataset.default_context:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_jsonld_is_isomorphic_when_rdflib_reads_it(small_graph):
    text = out(small_graph, "jsonld")
    json.loads(text)
    dataset = rdflib.Dataset()
    dataset.parse(data=text.decode(), format="json-ld")
    union = rdflib.Graph()
    for s, p, o, _ in dataset.quads():
        union.add((s, p, o))
    assert isomorphic(union, merged(small_graph))


@pytest.mark.filterwarnings("ignore:Dataset.default_context:DeprecationWarning")
def test_nquads_are_sorted_and_complete(small_graph):
    lines = out(small_graph, "nquads").decode().splitlines()
    assert lines == sorted(lines)
    assert len(lines) == len(small_graph.store)


def test_graphml_read_back_by_networkx_equals_the_graph(small_graph):
    back = nx.read_graphml(io.BytesIO(out(small_graph, "graphml")), force_multigraph=True)
    graph = small_graph.to_networkx()
    assert set(back) == set(graph)
    assert {(u, v, k) for u, v, k in back.edges(keys=True)} == {(u, v, k) for u, v, k in graph.edges(keys=True)}
    for left, right, key, data in graph.edges(keys=True, data=True):
        found = back.edges[left, right, key]
        assert found["sign"] == data["sign"]
        assert found["belief"] == pytest.approx(data["belief"])
        assert found["publications"] == "; ".join(data["publications"])


@pytest.mark.parametrize("form", FORMATS)
def test_same_on_every_run(graph, form):
    assert out(graph, form) == out(graph, form)


def test_unknown_form(small_graph):
    with pytest.raises(UnknownTerm, match=r"unknown format 'tutle'. Did you mean: turtle"):
        out(small_graph, "tutle")
