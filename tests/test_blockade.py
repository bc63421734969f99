"""What a blockade takes away, on graphs small enough to check by hand."""

from __future__ import annotations

import pytest

import kg
from kg.blockade import blockade, cuts
from kg.graph import Blocks
from kg.mechanisms import trace
from tests.test_mechanisms import made


def two_routes(v):
    """MSC lower Th17 cells through PGE2 (from cord, primed) and B cells through vesicles; both drive SLE."""
    return [
        made(v, "MSC", "negatively_regulates", "Th17 cell", "differentiation", mediator=("PGE2",), mediator_test="blockade", msc_source="umbilical cord", priming=("IFNG",)),
        made(v, "MSC", "negatively_regulates", "B cell", "proliferation", mode="extracellular vesicle"),
        made(v, "Th17 cell", "contributes_to", "SLE"),
        made(v, "B cell", "contributes_to", "SLE"),
    ]  # fmt: skip


def asked(graph, claims, blocks=None):
    return trace(claims, graph.vocabulary, "MSC", "SLE", count=0, blocks=blocks)


@pytest.mark.parametrize(
    ("blocks", "left"),
    [
        (Blocks(entities=frozenset({"PGE2"})), ["via extracellular vesicle"]),
        (Blocks(entities=frozenset({"Th17 cell"})), ["via extracellular vesicle"]),
        (Blocks(modes=frozenset({"extracellular vesicle"})), ["via PGE2"]),
        (Blocks(sources=frozenset({"umbilical cord"})), ["via extracellular vesicle"]),
        (Blocks(primings=frozenset({"IFNG"})), ["via extracellular vesicle"]),
        (Blocks(sources=frozenset({"bone marrow"})), ["via PGE2", "via extracellular vesicle"]),
        (Blocks(entities=frozenset({"PGE2", "B cell"})), []),
    ],
)
def test_what_is_left(graph, blocks, left):
    claims = two_routes(graph.vocabulary)
    before, after = asked(graph, claims), asked(graph, claims, blocks)
    assert sorted(route.label for route in after.routes) == left
    taken = blockade(before, after, ["PGE2"], claims, graph.vocabulary)
    assert len(taken.lost) + len(taken.surviving) == len(before.routes) == 2
    expected = 1 - sum(r.weight for r in after.routes) / sum(r.weight for r in before.routes)
    assert taken.share == pytest.approx(expected)


def test_experiments_confirm_or_contradict(graph):
    v = graph.vocabulary
    against = made(
        v,
        "MSC",
        "negatively_regulates",
        "B cell",
        "abundance",
        mediator=("PGE2",),
        mediator_test="knockdown without effect",
        system="animal model",
    )
    claims = [*two_routes(v), against]  # fmt: skip
    taken = blockade(asked(graph, claims), asked(graph, claims), ["PGE2"], claims, v)
    assert [(e.object, e.test, e.held) for e in taken.experiments] == [
        ("B cell", "knockdown", False),
        ("Th17 cell", "blockade", True),
    ]
    assert blockade(asked(graph, claims), asked(graph, claims), ["IDO1"], claims, v).experiments == ()


def test_smallest_cut_sets(graph):
    routes = asked(graph, two_routes(graph.vocabulary)).routes
    found = cuts(routes)
    assert all(cut.all for cut in found)
    assert {frozenset(cut.blocks) for cut in found} == {
        frozenset({one, two}) for one in ("PGE2", "Th17 cell") for two in ("extracellular vesicle", "B cell")
    }
    assert cuts(()) == ()


def test_strong_sets_when_nothing_cuts_all(graph):
    found = graph.blockade("MSC", "RA", ["IDO1"]).cuts
    assert [len(cut.blocks) for cut in found] == [1, 2, 3]
    assert not any(cut.all for cut in found)
    shares = [cut.share for cut in found]
    assert shares == sorted(shares)
    assert 0 < shares[0] <= shares[-1] < 1


def test_names_of_blocks(graph):
    blocks = graph.blocked(["t cell", "umbilical cord", "bone marrow MSC", "extracellular vesicle", "IFNG-primed MSC"])
    assert {"T cell", "Th17 cell", "MSC-EV"} <= blocks.entities
    assert blocks.sources == {"umbilical cord", "Wharton's jelly", "bone marrow"}
    assert blocks.modes == {"extracellular vesicle"}
    assert blocks.primings == {"IFNG"}
    for wrong in ("MSC", "SLE"):
        with pytest.raises(kg.UnknownTerm, match="cannot be blocked"):
            graph.blockade("MSC", "SLE", [wrong])
    with pytest.raises(kg.UnknownTerm):
        graph.blockade("MSC", "SLE", ["no such factor"])


@pytest.mark.parametrize("disease", ["SLE", "RA", "SSc", "pSS", "IIM"])
def test_blocking_never_adds_weight_of_a_route_through_the_block(graph, disease):
    taken = graph.blockade("MSC", disease, ["IDO1"])
    assert 0 <= taken.share < 1
    for route in (*taken.after.routes, *taken.after.counter_routes):
        assert not any("IDO1" in mechanism.nodes for mechanism in route.mechanisms)
    assert all("IDO1" in mechanism.nodes for route in taken.lost for mechanism in route.mechanisms)
