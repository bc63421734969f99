"""Disagreements on rows small enough to judge by hand."""

from __future__ import annotations

import pytest

import kg
from kg.disagreements import disagreements
from kg.model import Assertion, Evidence, assertion_id

TWO = "doi:10.1000/two"


def made(vocabulary, predicate, aspect="", object="B cell", **cells) -> Assertion:
    given = {"species": ("human",), "system": "in vitro", "read": "abstract", "publication": "doi:10.1000/one", **cells}
    identity = assertion_id("MSC", predicate, object, aspect)
    effect = vocabulary.effect(predicate, aspect)
    return Assertion("MSC", predicate, object, aspect, "", effect, (Evidence(**given),), identity)


def found(graph, *claims, **options):
    return disagreements(claims, graph.vocabulary, **options)


def test_opposite_claims_and_what_differs(graph):
    v = graph.vocabulary
    up = made(v, "positively_regulates", "proliferation", priming=("IFNG",))
    down = made(v, "negatively_regulates", "proliferation", species=("mouse",), publication=TWO)
    (each,) = found(graph, up, down)
    assert each.kind == "opposite"
    assert {each.a.effect, each.b.effect} == {1, -1}
    differs = {name: {a, b} for name, a, b in each.differs}
    assert differs == {"priming": {"IFNG", ""}, "species": {"human", "mouse"}}
    assert each.explained
    assert each.weight == pytest.approx(0.55 * 0.4)
    assert found(graph, down, up) == (each,)


def test_raising_death_is_no_contradiction_to_lowering(graph):
    v = graph.vocabulary
    dying = made(v, "positively_regulates", "apoptosis")
    assert found(graph, dying, made(v, "negatively_regulates", "abundance", publication=TWO)) == ()
    assert len(found(graph, dying, made(v, "positively_regulates", "survival", publication=TWO))) == 1


def test_other_properties_are_not_set_against_each_other(graph):
    v = graph.vocabulary
    eats = made(v, "positively_regulates", "phagocytosis", "macrophage")
    fewer = made(v, "negatively_regulates", "abundance", "macrophage", publication=TWO)
    assert found(graph, eats, fewer) == ()


def test_refuted_claim_and_null_result(graph):
    v = graph.vocabulary
    better = made(v, "ameliorates", "", "SLE", system="animal model", species=("mouse",))
    (row,) = better.evidence
    against = better._replace(evidence=(row, row._replace(direction="refutes", publication=TWO)))
    (each,) = found(graph, against)
    assert (each.kind, each.a.effect, each.b.effect) == ("refuted", -1, 0)
    null = made(v, "no_effect_on", "", "SLE", system="controlled trial", publication=TWO)
    (each,) = found(graph, better, null)
    assert (each.kind, each.b.predicate) == ("refuted", "no_effect_on")
    assert ("system", "animal model", "controlled trial") in each.differs


def test_who_refutes_harm_agrees_with_benefit(graph):
    v = graph.vocabulary
    no_harm = made(v, "exacerbates", "", "SLE", direction="refutes", publication=TWO)
    assert found(graph, made(v, "ameliorates", "", "SLE"), no_harm) == ()


def test_about_and_disease_narrow(graph):
    everything = graph.disagreements()
    weights = [round(each.weight, 9) for each in everything]
    assert weights == sorted(weights, reverse=True)
    kinds = {"B cell", *graph.vocabulary.descendants("B cell")}
    narrowed = graph.disagreements("B cell")
    assert 0 < len(narrowed) < len(everything)
    assert all(kinds & {each.a.subject, each.a.object} for each in narrowed)
    lupus = {"SLE", *graph.vocabulary.descendants("SLE")}
    for each in graph.disagreements("MSC", disease="SLE", count=30):
        assert lupus & {each.a.evidence.disease, each.b.evidence.disease, each.a.object, each.a.subject}
    with pytest.raises(kg.UnknownTerm):
        graph.disagreements("no such thing")


def test_documented_disagreement_on_primed_msc_and_b_cells_is_there(graph):
    """Unprimed human MSC do not hold B cells of lupus mice; those primed with interferon do."""
    papers = {(each.a.evidence.publication, each.b.evidence.publication) for each in graph.disagreements("B cell")}
    assert any("doi:10.1155/2020/5617192" in pair for pair in papers)
