"""Belief worked out by hand, context factors, and the networkx object."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.graph import Context, Weigher, multidigraph
from kg.model import Assertion, Evidence


def claim(*rows: Evidence, subject: str = "MSC", object: str = "Th17 cell") -> Assertion:
    return Assertion(subject, "negatively_regulates", object, "proliferation", "", -1, rows, "x")


def seen(publication: str = "doi:10.1000/one", system: str = "in vitro", **cells: object) -> Evidence:
    cells = {"species": ("human",), "read": "abstract", **cells}
    return Evidence(publication=publication, system=system, **cells)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([seen()], 0.55),  # 1 - 0.45
        ([seen(system="controlled trial")], 0.85),
        ([seen(mediator=("PGE2",), mediator_test="blockade")], 1 - 0.45 * 0.7),
        ([seen(read="title")], 1 - 0.45 * 1.5),
        ([seen(system="review statement", read="title")], 1 - 0.9),  # 0.6 x 1.5, at the cap of 0.9
        ([seen(system="review statement", read="title", combined_with=("IFNG",))], 1 - 0.9),  # above it
        ([seen(combined_with=("IFNG",))], 1 - 0.45 * 1.6),
        ([seen(context="doubtful: cell not named")], 1 - 0.45 * 1.5),
        ([seen(), seen()], 0.55),  # one publication counts once
        ([seen(), seen(system="animal model")], 0.65),  # at its best row
        ([seen(), seen("pmc:PMC3")], 1 - 0.45 * 0.45),
        ([seen(), seen("pmc:PMC3", direction="refutes")], 0.55 * (1 - 0.55)),
        ([seen(direction="refutes")], 0.0),
        ([], 0.0),
    ],
)
def test_belief_by_hand(small_graph, rows, expected):
    weigher = Weigher(small_graph.vocabulary, Context(species=""))
    assert weigher.belief(claim(*rows)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("context", "cells", "expected"),
    [
        (Context(), {}, 1.0),
        (Context(), {"species": ("mouse",)}, 0.4),
        (Context(), {"species": ()}, 0.7),
        (Context(), {"species": ("human>mouse",)}, 0.7),
        (Context(), {"species": ("mouse", "human")}, 1.0),
        (Context(species=""), {"species": ("mouse",)}, 1.0),
        (Context(msc_source="umbilical cord"), {"msc_source": "umbilical cord"}, 1.0),
        (Context(msc_source="umbilical cord"), {}, 0.7),
        (Context(msc_source="umbilical cord"), {"msc_source": "mixed"}, 0.7),
        (Context(msc_source="umbilical cord"), {"msc_source": "bone marrow"}, 0.4),
        (Context(priming="IFNG"), {"priming": ("IFNG", "TNF")}, 1.0),
        (Context(priming="IFNG"), {}, 0.7),
        (Context(disease="SLE"), {"disease": "lupus nephritis"}, 1.0),
        (Context(disease="SLE"), {"disease": ""}, 1.0),
        (Context(disease="SLE"), {"disease": "RA"}, 0.4),
        (
            Context(msc_source="gingiva", priming="IFNG", disease="SLE"),
            {"species": ("mouse",), "msc_source": "bone marrow", "disease": "RA", "priming": ("IL17A",)},
            0.1,
        ),
    ],
)
def test_context_factor(small_graph, context, cells, expected):
    assert Weigher(small_graph.vocabulary, context).context_factor(claim(), seen(**cells)) == pytest.approx(expected)


def test_msc_source_is_asked_of_msc_rows_only(small_graph):
    weigher = Weigher(small_graph.vocabulary, Context(msc_source="umbilical cord"))
    assert weigher.context_factor(claim(subject="Th17 cell", object="B cell"), seen()) == 1.0


@given(
    st.lists(
        st.builds(
            seen,
            publication=st.sampled_from(["doi:10.1000/one", "doi:10.1000/two", "pmc:PMC3"]),
            system=st.sampled_from(["in vitro", "animal model", "review statement"]),
            direction=st.sampled_from(["supports", "refutes"]),
        ),
        max_size=6,
    )
)
def test_belief_stays_in_bounds_and_ignores_order(small_graph, rows):
    weigher = Weigher(small_graph.vocabulary)
    belief = weigher.belief(claim(*rows))
    assert 0 <= belief < 1
    assert weigher.belief(claim(*reversed(rows))) == belief
    more = claim(*rows, seen("pubmed:104", "controlled trial"))
    assert weigher.belief(more) >= belief


def test_multidigraph_carries_signs_and_papers(small_graph):
    network = small_graph.to_networkx()
    edges = list(network.get_edge_data("PGE2", "Th17 cell").values())
    assert [(e["sign"], e["predicate"], e["publications"]) for e in edges] == [
        (-1, "negatively_regulates", ("doi:10.1000/one",))
    ]
    assert network.nodes["PGE2"] == {"curie": "CHEBI:15551", "category": "SmallMolecule"}
    refuted = next(iter(network.get_edge_data("MSC", "T cell").values()))
    assert (refuted["belief"], refuted["publications"], refuted["refuting"]) == (0.0, (), ("pmc:PMC3",))
    assert set(network) == set(small_graph.vocabulary.entities)


def test_multidigraph_of_one_disease_leaves_out_the_rest(small_graph):
    network = small_graph.to_networkx("RA")
    assert set(network) == {"IL17A", "RA"}
    assert network.number_of_edges() == 1


def test_multidigraph_of_nothing(small_graph):
    assert multidigraph((), Weigher(small_graph.vocabulary), every=False).number_of_nodes() == 0
