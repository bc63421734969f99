"""Names, hierarchy and signs; and what the bundled ontology and entities must say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import CurationError, UnknownTerm
from kg.sources import bundled
from kg.vocabulary import read_ontology


def test_names_resolve_by_name_synonym_and_curie_whatever_the_case(graph):
    for term in ("Th17 cell", "TH17 CELL", "cl:0000899", "  Th17   cell "):
        assert graph.resolve(term).name == "Th17 cell"
    assert graph.resolve("interleukin 10").name == "IL10"


def test_a_name_wins_over_a_synonym(small):
    import kg

    table = small / "ontology" / "entities.tsv"
    table.write_text(
        table.read_text().replace("CD4 cell", "CD4 cell|T lymphocyte").replace("\tTreg\t", "\tTreg|T lymphocyte\t")
    )
    graph = kg.load(small)
    with pytest.raises(
        UnknownTerm, match=r"synonym of several entities. Did you mean: CD4\+ T cell, regulatory T cell"
    ):
        graph.resolve("t lymphocyte")
    assert graph.resolve("t cell").name == "T cell"


def test_every_name_synonym_and_curie_of_the_bundle_resolves_or_is_said_to_be_ambiguous(graph):
    ambiguous = set()
    for entity in graph.vocabulary.entities.values():
        assert graph.resolve(entity.name) is entity
        assert graph.resolve(entity.curie) is entity
        for synonym in entity.synonyms:
            folded = synonym.casefold()
            owners = [e.name for e in graph.vocabulary.entities.values() if folded in map(str.casefold, e.synonyms)]
            if len(owners) == 1:
                assert graph.resolve(synonym) is entity
            else:
                with pytest.raises(UnknownTerm) as caught:
                    graph.resolve(synonym)
                assert caught.value.suggestions == tuple(sorted(owners))
                ambiguous.add(synonym)
    assert len(ambiguous) < 40, sorted(ambiguous)


@pytest.mark.parametrize(
    ("narrow", "wide"),
    [
        ("Th17 cell", "CD4+ T cell"),
        ("CD4+ T cell", "T cell"),
        ("Th17 cell", "T cell"),
        ("lupus nephritis", "SLE"),
        ("SLE", "connective tissue disease"),
        ("IMNM", "IIM"),
        ("umbilical cord MSC", "MSC"),
        ("regulatory B cell", "B cell"),
        ("M2 macrophage", "macrophage"),
        ("miR-155-5p", "miR-155"),
    ],
)
def test_hierarchy(graph, narrow, wide):
    assert wide in graph.vocabulary.ancestors(narrow)
    assert narrow in graph.vocabulary.descendants(wide)
    assert narrow not in graph.vocabulary.ancestors(wide)


def test_vesicles_are_a_product_of_msc_and_not_an_msc(graph):
    entity = graph.resolve("MSC-EV")
    assert entity.category == "MSCProduct"
    assert "MSC" not in graph.vocabulary.ancestors("MSC-EV")


@pytest.mark.parametrize(
    ("predicate", "aspect", "effect"),
    [
        ("positively_regulates", "proliferation", 1),
        ("positively_regulates", "apoptosis", -1),
        ("negatively_regulates", "apoptosis", 1),
        ("negatively_regulates", "", -1),
        ("contributes_to", "apoptosis", 1),
        ("protects_against", "abundance", -1),
        ("ameliorates", "", -1),
        ("exacerbates", "", 1),
        ("no_effect_on", "", 0),
        ("correlates_with", "abundance", 0),
        ("has_function_defect", "immunosuppressive function", -1),
        ("has_function_defect", "senescence", -1),
        ("secretes", "secretion", 1),
    ],
)
def test_effect_is_sign_times_polarity_of_the_objects_aspect(graph, predicate, aspect, effect):
    assert graph.vocabulary.effect(predicate, aspect) == effect


@given(st.sampled_from(["doi:10.1000/a<b>c", "doi:10.1/x%y z", "pubmed:1", "pmc:PMC12", "HGNC:5438", "mscim:CIA"]))
def test_curie_and_iri_are_two_writings_of_one_thing(curie):
    ontology = read_ontology(bundled() / "ontology" / "mscim.ttl")
    iri = ontology.expand(curie)
    assert not set(' <>"{}|\\^`') & set(iri)
    assert ontology.contract(iri) == curie


def test_unknown_prefix_and_foreign_iri(graph):
    ontology = graph.vocabulary.ontology
    with pytest.raises(CurationError, match="known prefix"):
        ontology.expand("nothing:1")
    with pytest.raises(CurationError, match="known prefix"):
        ontology.expand("plain")
    with pytest.raises(CurationError, match="no namespace"):
        ontology.contract("http://example.org/x")


def test_suggestions_are_near_and_never_picked(graph):
    with pytest.raises(UnknownTerm) as caught:
        graph.resolve("Th-17 cel")
    assert "Th17 cell" in caught.value.suggestions
    with pytest.raises(UnknownTerm, match="kg search"):
        graph.resolve("qqqqqqq")


def test_closures_end_on_a_cycle(graph):

    from kg.vocabulary import Vocabulary

    entities = dict(graph.vocabulary.entities)
    entities["T cell"] = entities["T cell"]._replace(parents=("Th17 cell",))
    vocabulary = Vocabulary(graph.vocabulary.ontology, entities)
    assert "CD4+ T cell" in vocabulary.ancestors("T cell")
    assert "T cell" not in vocabulary.ancestors("T cell")
    assert "T cell" not in vocabulary.descendants("T cell")


BROKEN = {
    "not turtle": ("@prefix", "@prefixx", r"mscim.ttl:\d+:\d+: not valid Turtle"),
    "no sign": ("mscim:sign -1", "mscim:sign 'much'", "the ontology lacks or misstates"),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_broken_ontology_says_where(small, name):
    old, new, message = BROKEN[name]
    path = small / "ontology" / "mscim.ttl"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(CurationError, match=message):
        read_ontology(path)


def test_ontology_without_what_is_needed(tmp_path):
    path = tmp_path / "mscim.ttl"
    path.write_text("<https://w3id.org/mscim/> a <http://www.w3.org/2002/07/owl#Ontology> .\n")
    with pytest.raises(CurationError, match="lacks or misstates"):
        read_ontology(path)
