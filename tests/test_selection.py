"""Claims chosen by what they name, where they were seen, and in which species alone."""

from __future__ import annotations

import pytest

from kg.errors import UnknownTerm


def told(graph, **asked):
    return {(each.claim.subject, each.claim.object) for each in graph.select_claims(**asked)}


def test_by_ends_with_their_kinds(small_graph):
    assert told(small_graph, subject="PGE2") == {("PGE2", "Th17 cell")}
    assert ("PGE2", "Th17 cell") in told(small_graph, object="T cell")  # a kind of it
    assert told(small_graph, about="Th17 cell") == {
        ("MSC", "Th17 cell"),
        ("PGE2", "Th17 cell"),
        ("Th17 cell", "SLE"),
    }
    assert len(small_graph.select_claims()) == len(small_graph.assertions)


def test_by_context(small_graph):
    assert told(small_graph, subject="umbilical cord MSC") == {("MSC", "regulatory T cell")}
    assert told(small_graph, msc_source="umbilical cord") == {("MSC", "regulatory T cell")}
    assert told(small_graph, subject="MSC", through="PGE2") == {("MSC", "Th17 cell")}
    assert told(small_graph, through="PGE2") == {("MSC", "Th17 cell"), ("PGE2", "Th17 cell")}
    assert told(small_graph, disease="RA") == {("IL17A", "RA")}
    assert ("T cell", "lupus nephritis") in told(small_graph, disease="SLE")


def test_by_species(small_graph):
    assert told(small_graph, species="mouse") == {("MSC", "B cell"), ("IL17A", "RA")}
    assert told(small_graph, only="mouse") == {("MSC", "B cell"), ("IL17A", "RA")}
    assert told(small_graph, only="mouse", disease="SLE") == set()


def test_only_means_every_row(graph):
    chosen = graph.select_claims(disease="pSS", only="mouse")
    assert chosen
    for each in chosen:
        assert each.species == ("mouse",)
        family = {"pSS", *graph.vocabulary.descendants("pSS")}
        inside = [row for row in each.claim.evidence if row.disease in family]
        if not family & {each.claim.subject, each.claim.object}:
            assert list(each.rows) == inside
    mixed = graph.select_claims(disease="pSS", species="human")
    assert not {each.claim.id for each in chosen} & {each.claim.id for each in mixed}


def test_order_and_both_sides(small_graph):
    chosen = small_graph.select_claims(subject="MSC", object="SLE")
    assert (chosen[0].claim.predicate, chosen[0].supporting, chosen[0].refuting) == (
        "ameliorates",
        ("doi:10.1000/two",),
        ("pubmed:104",),
    )
    counts = [len(each.supporting) for each in small_graph.select_claims()]
    assert counts == sorted(counts, reverse=True)


def test_unknown_names(small_graph):
    for asked in ({"about": "nope"}, {"only": "nope"}, {"msc_source": "moon"}):
        with pytest.raises(UnknownTerm):
            small_graph.select_claims(**asked)
