"""Descriptions in RDF: they say what is there, and each example runs as it stands."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
import rdflib
from rdflib.namespace import RDF, RDFS, VOID

from kg import store
from kg.catalogue import catalogue, examples, whole
from kg.rdf import GRAPHS
from kg.service import KNOWN, description, graph_counts, void
from kg.sparql import guard

SD = rdflib.Namespace("http://www.w3.org/ns/sparql-service-description#")
SH = rdflib.Namespace("http://www.w3.org/ns/shacl#")
SCHEMA = rdflib.Namespace("https://schema.org/")
BASE = "http://127.0.0.1:8000"


def read(triples) -> rdflib.Graph:
    content = ox.serialize(triples, format=ox.RdfFormat.TURTLE, prefixes=dict(KNOWN))
    return rdflib.Graph().parse(content, format="turtle")


@pytest.fixture(scope="module")
def summary(small_graph):
    return store.manifest(small_graph.folder)


def test_service_description(small_graph, summary):
    counts = graph_counts(small_graph.store)
    assert set(counts) == set(GRAPHS.values())
    graph = read(description(BASE, summary, counts))
    (service,) = graph.subjects(RDF.type, SD.Service)
    assert graph.value(service, SD.endpoint) == service == rdflib.URIRef(f"{BASE}/sparql")
    assert graph.value(service, SD.supportedLanguage) == SD.SPARQL11Query
    assert (service, SD.feature, SD.UnionDefaultGraph) in graph
    assert len(list(graph.objects(service, SD.resultFormat))) == 10
    dataset = graph.value(service, SD.defaultDataset)
    names = {}
    for part in graph.objects(dataset, SD.namedGraph):
        inner = graph.value(part, SD.graph)
        names[str(graph.value(part, SD.name))] = int(graph.value(inner, VOID.triples))
    assert names == counts
    assert sum(counts.values()) == summary["quads"]
    assert int(graph.value(graph.value(dataset, SD.defaultGraph), VOID.triples)) == summary["quads"]


def test_void_partitions_are_the_counts(small_graph, summary):
    graph = read(void(BASE, summary, small_graph.store))
    triples = {quad.triple for quad in small_graph.store}
    a = str(RDF.type)
    dataset = rdflib.URIRef(f"{BASE}/.well-known/void#dataset")
    assert (dataset, RDF.type, VOID.Dataset) in graph
    assert int(graph.value(dataset, VOID.triples)) == len(triples)
    assert int(graph.value(dataset, VOID.distinctSubjects)) == len({t.subject for t in triples})
    assert int(graph.value(dataset, VOID.distinctObjects)) == len({t.object for t in triples})
    classes = {}
    for part in graph.objects(dataset, VOID.classPartition):
        classes[str(graph.value(part, VOID["class"]))] = int(graph.value(part, VOID.entities))
        assert list(graph.objects(part, VOID.propertyPartition))
    kinds = {t.object.value for t in triples if t.predicate.value == a}
    assert classes == {
        each: len({t.subject for t in triples if t.predicate.value == a and t.object.value == each}) for each in kinds
    }
    properties = {
        str(graph.value(part, VOID.property)): int(graph.value(part, VOID.triples))
        for part in graph.objects(dataset, VOID.propertyPartition)
    }
    assert sum(properties.values()) == len(triples)
    assert {str(dump) for dump in graph.objects(dataset, VOID.dataDump)} == {
        f"{BASE}/data.{e}" for e in ("jsonld", "nq", "ttl")
    }


def test_examples_in_the_sib_form_run_as_they_stand(graph):
    described = read(list(examples(graph.vocabulary, f"{BASE}/sparql")))
    queries = set(described.subjects(RDF.type, SH.SPARQLExecutable))
    assert len(queries) == len(catalogue())
    for each in queries:
        text = str(described.value(each, SH.select))
        assert guard(text).form == "SELECT"
        assert list(ox.Store.read_only(str(graph.folder / "store")).query(text, use_default_graph_as_union=True))
        assert "?" in str(described.value(each, RDFS.comment))
        assert described.value(each, SCHEMA.target) == rdflib.URIRef(f"{BASE}/sparql")
        assert (each, RDF.type, SH.SPARQLSelectExecutable) in described
        assert list(described.objects(each, SCHEMA.keywords))
        owner = described.value(each, SH.prefixes)
        assert len(list(described.objects(owner, SH.declare))) > 10


def test_only_the_prefixes_that_are_used_are_declared():
    text = whole(
        "# title: x\nSELECT ?s { ?s rdfs:label ?o ; mscim:a ?b }", {"mscim": "https://w3id.org/mscim/", "x": "y:z"}
    )
    assert text.splitlines()[:2] == ["PREFIX mscim: <https://w3id.org/mscim/>", f"PREFIX rdfs: <{RDFS}>"]
    assert text.count("PREFIX") == 2


def test_the_same_facts_give_the_same_triples(small_graph, summary):
    one, two = (void(BASE, summary, small_graph.store) for _ in range(2))
    assert one == two
