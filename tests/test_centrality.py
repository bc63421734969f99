"""Centrality worked out by hand, and against networkx called directly."""

from __future__ import annotations

import networkx as nx
import pytest

from kg.centrality import MEASURES, ROUTE_MEASURES, causal_digraph, centrality, route_centrality
from kg.errors import UnknownTerm


def by_name(ranks):
    return {rank.name: (rank.value, rank.rank) for rank in ranks}


def test_degrees_by_hand(small_graph):
    """Causal claims of the small tables: MSC acts on five things with some support, and nothing acts on MSC."""
    out = by_name(small_graph.centrality("out-degree"))
    assert out["MSC"] == (5.0, 1)  # Th17 cell, PGE2, IDO1, regulatory T cell, B cell; the refuted T cell has no support
    assert by_name(small_graph.centrality("in-degree"))["Th17 cell"] == (2.0, 2)
    assert by_name(small_graph.centrality("degree"))["PGE2"] == (2.0, 4)
    assert "RA" not in out  # increased_in is no cause


def test_betweenness_by_hand(small_graph):
    """9 nodes, so 56 ordered pairs; Th17 cell lies on PGE2 -> SLE and on one of three shortest MSC -> SLE paths."""
    values = by_name(small_graph.centrality("betweenness"))
    assert len(values) == 9
    assert values["Th17 cell"][0] == pytest.approx((1 + 1 / 3) / 56)
    assert values["MSC"][0] == 0


@pytest.mark.parametrize("measure", sorted(set(MEASURES) - set(ROUTE_MEASURES)))
def test_same_figures_as_networkx(graph, measure):
    network = graph.to_networkx()
    causal = frozenset(n for n, p in graph.vocabulary.ontology.predicates.items() if p.causal == "yes")
    simple = causal_digraph(network, causal)
    direct = {
        "degree": lambda: dict(simple.degree),
        "in-degree": lambda: dict(simple.in_degree),
        "out-degree": lambda: dict(simple.out_degree),
        "betweenness": lambda: nx.betweenness_centrality(simple),
        "pagerank": lambda: nx.pagerank(simple, weight="belief"),
    }[measure]()
    ranks = graph.centrality(measure)
    assert {r.name: r.value for r in ranks} == pytest.approx({name: float(v) for name, v in direct.items()})
    values = [round(r.value, 12) for r in ranks]
    assert values == sorted(values, reverse=True)


def test_pagerank_sums_to_one(graph):
    assert sum(r.value for r in graph.centrality("pagerank")) == pytest.approx(1)


def test_category_keeps_the_values_of_the_whole(graph):
    whole = by_name(graph.centrality("betweenness"))
    cells = graph.centrality("betweenness", category="ImmuneCell", count=5)
    assert len(cells) == 5
    assert all(rank.category == "ImmuneCell" and whole[rank.name][0] == rank.value for rank in cells)
    assert {r.category for r in graph.centrality("degree", category="Factor")} <= {
        "Protein", "ProteinComplexOrFamily", "MicroRNA", "SmallMolecule", "Autoantibody",
    }  # fmt: skip


def test_disease_narrows_the_claims(graph):
    assert len(graph.centrality("degree", disease="IIM")) < len(graph.centrality("degree"))


def test_ties_share_a_rank_and_go_by_name(small_graph):
    ranks = small_graph.centrality("out-degree")
    ones = [rank for rank in ranks if rank.value == 1]
    assert len({rank.rank for rank in ones}) == 1
    assert [rank.name for rank in ones] == sorted(rank.name for rank in ones)


def test_unknown_measure_class_and_disease(small_graph):
    with pytest.raises(UnknownTerm, match=r"unknown measure 'betweeness'. Did you mean: betweenness"):
        small_graph.centrality("betweeness")
    with pytest.raises(UnknownTerm, match=r"unknown category 'ImmunCell'. Did you mean: ImmuneCell"):
        small_graph.centrality("degree", category="ImmunCell")
    with pytest.raises(UnknownTerm, match=r"is of class SmallMolecule, not a disease"):
        small_graph.centrality("degree", disease="PGE2")


def test_empty_graph(small_graph):
    assert centrality(nx.MultiDiGraph(), small_graph.vocabulary, "pagerank") == ()


def test_route_measures_by_hand(graph):
    chains = [
        (0.6, 0, ("MSC", "PGE2", "Th17 cell", "SLE")),
        (0.2, 1, ("MSC", "IDO1", "Th17 cell", "SLE")),
        (0.2, 1, ("MSC", "IDO1", "contact", "SLE")),
    ]
    weights = {rank.name: rank.value for rank in route_centrality(chains, graph.vocabulary, "route-weight")}
    assert weights == pytest.approx({"PGE2": 0.6, "Th17 cell": 0.8, "IDO1": 0.4})
    counts = [(rank.name, rank.value, rank.rank) for rank in route_centrality(chains, graph.vocabulary, "route-count")]
    assert counts == [("Th17 cell", 2, 1), ("IDO1", 1, 2), ("PGE2", 1, 2)]
    assert route_centrality([], graph.vocabulary, "route-count") == ()


def test_route_measures_on_the_tables(graph):
    factors = graph.centrality("route-weight", disease="RA", category="Factor")
    assert 0 < factors[-1].value <= factors[0].value < 1
    assert "FASLG" in {rank.name for rank in factors[:10]}
    assert not {"MSC", "RA"} & {rank.name for rank in factors}
    vesicles = graph.centrality("route-count", disease="RA", source="MSC-EV")
    assert {rank.name for rank in vesicles} != {rank.name for rank in graph.centrality("route-count", disease="RA")}
    with pytest.raises(UnknownTerm, match="give --disease"):
        graph.centrality("route-weight")
    with pytest.raises(UnknownTerm, match="category"):
        graph.centrality("route-weight", disease="RA", category="Factr")
