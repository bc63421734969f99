"""Centrality worked out by hand, and against networkx called directly."""

from __future__ import annotations

import re
from itertools import pairwise

import networkx as nx
import pytest

from kg.centrality import MEASURES, ROUTE_MEASURES, SCALES, causal_digraph, centrality, katz_factor, route_centrality
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


def simple_of(graph, **scope):
    causal = frozenset(n for n, p in graph.vocabulary.ontology.predicates.items() if p.causal == "yes")
    return causal_digraph(graph.to_networkx(**scope), causal)


def neighbours(graph, sign: int, inward: bool):
    """Signed neighbours counted from the claims themselves."""
    predicates = graph.vocabulary.ontology.predicates
    supported = [
        c
        for c in graph.assertions
        if predicates[c.predicate].causal == "yes" and c.publications and c.subject != c.object
    ]
    found = {name: set() for claim in supported for name in (claim.subject, claim.object)}
    for claim in supported:
        if claim.effect == sign:
            mine, other = (claim.object, claim.subject) if inward else (claim.subject, claim.object)
            found[mine].add(other)
    return {name: len(each) for name, each in found.items()}


DIRECT = {
    "degree": lambda g: dict(g.degree),
    "in-degree": lambda g: dict(g.in_degree),
    "out-degree": lambda g: dict(g.out_degree),
    "betweenness": nx.betweenness_centrality,
    "pagerank": lambda g: nx.pagerank(g, weight="belief"),
    "personalised-pagerank": lambda g: nx.pagerank(g, personalization={"MSC": 1}, weight="belief"),
    "closeness": nx.closeness_centrality,
    "harmonic": nx.harmonic_centrality,
    "eigenvector": lambda g: nx.eigenvector_centrality_numpy(largest(g), weight="belief"),
    "katz": lambda g: nx.katz_centrality(g, alpha=0.5 / radius(g), weight="belief", max_iter=10_000, tol=1e-12),
    "hub": lambda g: nx.hits(g)[0],
    "authority": lambda g: nx.hits(g)[1],
    "k-core": lambda g: nx.core_number(g.to_undirected()),
}


def radius(simple) -> float:
    return max(abs(value) for value in nx.adjacency_spectrum(simple, weight="belief"))


def largest(simple):
    """The largest piece of the graph without direction, each pair at its larger belief."""
    graph = nx.Graph()
    for left, right, belief in sorted(simple.edges(data="belief"), key=lambda edge: edge[2]):
        graph.add_edge(left, right, belief=belief)
    return graph.subgraph(sorted(max(nx.connected_components(graph), key=len)))


@pytest.mark.parametrize("scope", [{}, {"disease": "SSc"}, {"msc_source": "umbilical cord"}], ids=str)
@pytest.mark.parametrize("measure", sorted(DIRECT))
def test_same_figures_as_networkx(graph, measure, scope):
    direct = DIRECT[measure](simple_of(graph, **scope))
    ranks = graph.centrality(measure, **scope)
    found = {r.name: r.value for r in ranks}
    assert {name: found[name] for name in direct} == pytest.approx({n: float(v) for n, v in direct.items()}, abs=2e-6)
    assert all(abs(value) < 1e-3 for name, value in found.items() if name not in direct)
    values = [round(r.value, 12) for r in ranks]
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize(
    ("measure", "sign", "inward"),
    [("raises", 1, False), ("lowers", -1, False), ("raised-by", 1, True), ("lowered-by", -1, True)],
)
def test_signed_degrees_count_the_claims(graph, measure, sign, inward):
    found = {r.name: r.value for r in graph.centrality(measure)}
    assert found == neighbours(graph, sign, inward)
    assert max(found.values()) > 10


def test_signed_degrees_by_hand(small_graph):
    """MSC lowers Th17 cells alone, and raises PGE2, IDO1, regulatory T cells and B cells; refuted claims do not count."""
    assert by_name(small_graph.centrality("raises"))["MSC"] == (4, 1)
    assert by_name(small_graph.centrality("lowers"))["MSC"] == (1, 1)
    assert by_name(small_graph.centrality("lowered-by"))["Th17 cell"] == (2, 1)
    assert by_name(small_graph.centrality("raised-by"))["SLE"] == (2, 1)


@pytest.mark.parametrize("measure", sorted(set(MEASURES) - set(ROUTE_MEASURES)))
def test_ties_go_by_name_and_share_a_rank(graph, measure):
    ranks = graph.centrality(measure, disease="pSS")
    for left, right in pairwise(ranks):
        if round(left.value, 12) == round(right.value, 12):
            assert left.rank == right.rank
            assert left.name < right.name
        else:
            assert left.rank < right.rank


@pytest.mark.parametrize("measure", MEASURES)
def test_each_measure_is_said_in_a_sentence_with_its_scale(measure):
    assert set(SCALES) == set(MEASURES)
    assert len(MEASURES[measure].split()) > 4
    assert not MEASURES[measure].endswith(".")
    assert re.search(r"0 to 1|whole number|sums? |squares sum", SCALES[measure])


def test_orientation(small_graph):
    """PGE2 lowers Th17 cells, which drive SLE: influence flows down to SLE, and SLE is reached from all above it."""
    assert by_name(small_graph.centrality("closeness"))["MSC"][0] == 0
    assert by_name(small_graph.centrality("harmonic"))["SLE"][0] == pytest.approx(3 + 1 / 2 * 2)
    assert by_name(small_graph.centrality("hub"))["SLE"][0] == 0
    assert by_name(small_graph.centrality("authority"))["MSC"][0] == 0
    start = by_name(small_graph.centrality("personalised-pagerank", source="PGE2"))
    assert start["IDO1"][0] == 0 < start["Th17 cell"][0]


def test_one_msc_source_keeps_its_own_rows(graph):
    found = graph.claims(msc_source="gingiva")
    assert found
    assert {row.msc_source for claim in found for row in claim.evidence} == {"gingiva"}
    assert {row.msc_source for c in graph.claims(msc_source="umbilical cord") for row in c.evidence} == {
        "umbilical cord", "Wharton's jelly",
    }  # fmt: skip
    assert len(graph.claims("RA", "gingiva")) < len(found)
    with pytest.raises(UnknownTerm, match=r"unknown MSC source 'ginigva'. Did you mean: gingiva"):
        graph.claims(msc_source="ginigva")


def test_start_without_claims_is_said(graph):
    with pytest.raises(UnknownTerm, match="has no causal claim in this part of the graph"):
        graph.centrality("personalised-pagerank", source="human")


def test_katz_without_cycles_has_a_factor(small_graph):
    assert katz_factor(simple_of(small_graph)) == 0.1


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


def test_msc_source_does_not_go_with_routes(graph):
    with pytest.raises(UnknownTerm, match="does not go with route-count; start at 'umbilical cord MSC', say"):
        graph.centrality("route-count", disease="RA", msc_source="umbilical cord")


def test_smallest_graph(small_graph):
    """Two things and one claim."""
    graph = nx.MultiDiGraph()
    graph.add_edge("PGE2", "Th17 cell", predicate="negatively_regulates", sign=-1, belief=0.5)
    for measure in DIRECT.keys() - {"personalised-pagerank"}:
        ranks = centrality(graph, small_graph.vocabulary, measure)
        assert {rank.name for rank in ranks} == {"PGE2", "Th17 cell"}
        assert all(0 <= rank.value <= 1 for rank in ranks)
    assert by_name(centrality(graph, small_graph.vocabulary, "authority"))["Th17 cell"] == (1, 1)
    assert by_name(centrality(graph, small_graph.vocabulary, "hub"))["PGE2"] == (1, 1)


def test_measure_that_does_not_settle_is_said(small_graph, monkeypatch):
    def fails(*_, **__):
        raise nx.PowerIterationFailedConvergence(10_000)

    monkeypatch.setattr(nx, "eigenvector_centrality", fails)
    with pytest.raises(UnknownTerm, match="measure 'eigenvector': does not settle on this part of the graph"):
        small_graph.centrality("eigenvector")
