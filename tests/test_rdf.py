"""Quads and back: what is read from RDF equals what was written, whatever the claims."""

from __future__ import annotations

import networkx as nx
import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import curation, rdf, sources
from kg.errors import CurationError
from kg.model import Assertion, Evidence, assertion_id
from tests.conftest import write_small


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    return curation.load(write_small(tmp_path_factory.mktemp("rdf") / "small"))


ONTOLOGY = sources.bundled() / "ontology" / "mscim.ttl"


def written(vocabulary, claims, publications=(), studies=()):
    return list(rdf.quads(vocabulary, claims, publications, studies, ONTOLOGY))


def test_bundled_claims_come_back_equal(graph):
    vocabulary, claims, publications, studies = curation.load(sources.bundled())
    quads = written(vocabulary, claims, publications, studies)
    assert rdf.assertions(quads, vocabulary) == claims
    assert rdf.assertions(graph.store, vocabulary) == claims


def test_order_of_quads_does_not_matter(contents):
    vocabulary, claims, publications, studies = contents
    quads = written(vocabulary, claims, publications, studies)
    assert rdf.assertions(reversed(quads), vocabulary) == claims


@st.composite
def assertions(draw, vocabulary):
    ontology = vocabulary.ontology
    names = st.sampled_from(sorted(vocabulary.entities))
    maybe = lambda values: st.sampled_from(["", *sorted(values)])  # noqa: E731
    text = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), max_size=12)
    lists = st.lists(names, max_size=3, unique=True).map(tuple)
    species = st.lists(st.sampled_from(["human", "mouse", "human>mouse"]), max_size=3, unique=True).map(tuple)
    evidence = st.builds(
        Evidence,
        mediator=lists,
        mediator_test=maybe(ontology.mediator_tests),
        mode=maybe(ontology.modes),
        priming=lists,
        msc_source=maybe(ontology.msc_sources),
        donor=maybe(ontology.donors),
        species=species,
        system=st.sampled_from(sorted(ontology.systems)),
        model=lists,
        disease=maybe(vocabulary.entities),
        direction=st.sampled_from(["supports", "refutes"]),
        leg_of=text,
        combined_with=lists,
        context=text,
        effect=text,
        statement=text.map(lambda t: t or "x"),
        publication=st.sampled_from(["doi:10.1000/a<b>", "pubmed:1", "pmc:PMC2"]),
        read=st.sampled_from(sorted(ontology.reading)),
    )
    s, o, cell = draw(names), draw(names), draw(maybe(vocabulary.entities))
    predicate, aspect = draw(st.sampled_from(sorted(ontology.predicates))), draw(maybe(ontology.aspects))
    rows = draw(st.lists(evidence, min_size=1, max_size=4, unique=True))
    curie = lambda name: vocabulary.entities[name].curie if name else ""  # noqa: E731
    identity = assertion_id(curie(s), predicate, curie(o), aspect, curie(cell))
    ordered = tuple(sorted(rows, key=curation.evidence_order))
    return Assertion(s, predicate, o, aspect, cell, vocabulary.effect(predicate, aspect), ordered, identity)


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_claims_come_back_equal(contents, data):
    vocabulary = contents[0]
    found = data.draw(st.lists(assertions(vocabulary), max_size=4, unique_by=lambda a: a.id))
    claims = tuple(sorted(found, key=lambda c: (c.subject, c.predicate, c.object, c.aspect, c.cell)))
    quads = written(vocabulary, claims)
    assert rdf.assertions(quads, vocabulary) == claims
    text = ox.serialize(quads, format=ox.RdfFormat.N_QUADS)
    assert rdf.assertions(ox.parse(text, format=ox.RdfFormat.N_QUADS), vocabulary) == claims


def test_a_claim_that_only_refutations_speak_of_is_no_direct_triple(contents):
    vocabulary, claims, *_ = contents
    direct = {(q.subject.value, q.predicate.value, q.object.value) for q in written(vocabulary, claims)}
    expand = lambda name: vocabulary.ontology.expand(vocabulary.entities[name].curie)  # noqa: E731
    supported = (expand("MSC"), "https://w3id.org/mscim/secretes", expand("PGE2"))
    refuted = (expand("MSC"), "https://w3id.org/mscim/positively_regulates", expand("T cell"))
    assert supported in direct
    assert refuted not in direct


def test_entities_of_the_dataset_can_be_walked(small_graph):
    ask = "ASK { CL:0000899 rdfs:subClassOf+ CL:0000084 ; biolink:category biolink:Cell ; skos:altLabel 'T-helper 17 cell' }"
    assert bool(small_graph.query(ask))
    assert bool(small_graph.query("ASK { MONDO:0005556 rdfs:subClassOf MONDO:0007915 }"))
    assert bool(small_graph.query("ASK { ?e mscim:eco ?eco . FILTER(CONTAINS(STR(?eco), 'ECO_')) }"))


HIERARCHY = "https://w3id.org/mscim/graph/hierarchy"


@pytest.mark.parametrize("which", ["small_graph", "graph"])
def test_the_hierarchy_is_what_paths_find(which, request):
    """Each class or entity is a kind of itself and of what rdfs:subClassOf leads to in any number of steps."""
    dataset = request.getfixturevalue(which)
    classes = "?x a owl:Class . FILTER(isIRI(?x)) FILTER(STRSTARTS(STR(?x), 'https://w3id.org/mscim/') || EXISTS { ?x mscim:curie ?c })"
    walked = dataset.query(f"SELECT DISTINCT ?x ?y {{ {classes} ?x rdfs:subClassOf* ?y }}")
    stated = dataset.query(f"SELECT ?x ?y FROM <{HIERARCHY}> {{ ?x mscim:kind_of ?y }}")
    rows = [(row["x"].value, row["y"].value) for row in stated]
    assert len(rows) == len(set(rows)) > 100
    assert set(rows) == {(row["x"].value, row["y"].value) for row in walked}
    held = list(dataset.store.quads_for_pattern(None, ox.NamedNode("https://w3id.org/mscim/kind_of"), None, None))
    assert len(held) == len(rows)


def test_the_hierarchy_is_the_closure_that_networkx_computes(graph):
    edges = graph.query("SELECT ?x ?y { ?x rdfs:subClassOf ?y . FILTER(isIRI(?y)) }")
    above = nx.transitive_closure(nx.DiGraph((row["x"].value, row["y"].value) for row in edges), reflexive=True)
    iri = graph.vocabulary.ontology.expand(graph.vocabulary.entities["Th17 cell"].curie)
    wider = {row["y"].value for row in graph.query(f"SELECT ?y {{ <{iri}> mscim:kind_of ?y }}")}
    assert wider == set(above[iri])
    assert "https://w3id.org/mscim/Entity" in wider


@pytest.mark.parametrize("part", ["subject", "evidence", "publication", "effect_sign"])
def test_a_claim_that_lacks_a_part_is_named(contents, part):
    vocabulary, claims, *_ = contents
    quads = [q for q in written(vocabulary, claims) if q.predicate.value != f"https://w3id.org/mscim/{part}"]
    with pytest.raises(
        CurationError, match=rf"(assertion|evidence)/[0-9a-f]{{20}}: the claim lacks '{part}'|lacks '.*evidence/"
    ):
        rdf.assertions(quads, vocabulary)


def test_a_claim_about_a_stranger_is_named(contents):
    vocabulary, claims, *_ = contents
    quads = written(vocabulary, claims)
    stranger = ox.NamedNode("http://purl.obolibrary.org/obo/CL_9999999")
    spoiled = [
        ox.Quad(q.subject, q.predicate, stranger, q.graph_name) if q.predicate.value.endswith("mscim/object") else q
        for q in quads
    ]
    with pytest.raises(CurationError, match="CL_9999999: no entity carries this identifier"):
        rdf.assertions(spoiled, vocabulary)
