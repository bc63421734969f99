"""Comparisons of two questions, on routes small enough to check by hand."""

from __future__ import annotations

import pytest

import kg
from kg.compare import compare
from kg.mechanisms import trace
from tests.test_mechanisms import made


def both(graph):
    """TGFB1 helps in SLE and harms in SSc; PGE2 helps in both; FASLG in SSc alone."""
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "secretes", "TGFB1", "secretion"),
        made(v, "TGFB1", "protects_against", "SLE"),
        made(v, "TGFB1", "contributes_to", "SSc"),
        made(v, "MSC", "secretes", "PGE2", "secretion"),
        made(v, "PGE2", "protects_against", "SLE"),
        made(v, "PGE2", "protects_against", "SSc", system="animal model"),
        made(v, "MSC", "ameliorates", "SSc", mediator=("FASLG",), mediator_test="knockdown"),
    ]
    return [trace(claims, v, "MSC", disease, count=0) for disease in ("SLE", "SSc")]


def test_shared_opposite_and_alone(graph):
    left, right = both(graph)
    answer = compare(left, right)
    assert [pair.label for pair in answer.shared] == ["via PGE2"]
    assert [(pair.label, pair.left.sign, pair.right.sign) for pair in answer.opposite] == [("via TGFB1", -1, 1)]
    assert [route.label for route in answer.only_right] == ["via FASLG"]
    assert answer.only_left == ()
    (pair,) = answer.shared
    assert pair.weight == min(pair.left.weight, pair.right.weight)


def test_turned_round(graph):
    left, right = both(graph)
    there, back = compare(left, right), compare(right, left)
    assert [pair.label for pair in there.opposite] == [pair.label for pair in back.opposite]
    assert (there.only_left, there.only_right) == (back.only_right, back.only_left)


def test_with_itself_everything_is_shared(graph):
    answer = graph.compare("SLE", "systemic lupus erythematosus")
    assert answer.shared
    assert (answer.opposite, answer.only_left, answer.only_right) == ((), (), ())


@pytest.mark.parametrize("disease", ["RA", "SLE"])
@pytest.mark.parametrize(
    ("left", "right"), [("MSC", "MSC-EV"), ("umbilical cord MSC", "bone marrow MSC"), ("human", "mouse")]
)
def test_sources_products_and_species(graph, left, right, disease):
    answer = graph.compare(left, right, target=disease)
    assert answer.left.target == answer.right.target == disease
    assert answer.shared
    assert answer.left != answer.right


def test_what_cannot_be_compared(graph):
    with pytest.raises(kg.UnknownTerm, match="cannot be set beside"):
        graph.compare("SLE", "MSC")
    with pytest.raises(kg.UnknownTerm, match="give --target"):
        graph.compare("MSC", "MSC-EV")
    with pytest.raises(kg.UnknownTerm):
        graph.compare("SLE", "no such disease")


def test_a_faint_side_is_no_pair(graph):
    """A route that is a hundred times stronger on one side is that side's own, and the other is said."""
    v = graph.vocabulary
    strong = made(v, "MSC", "ameliorates", "SSc", mediator=("FASLG",), mediator_test="knockdown", system="animal model")
    weak = made(v, "MSC", "expresses", "FASLG", "expression", publication="doi:10.1000/two")
    faint = made(v, "FASLG", "increased_in", "SLE", "abundance", publication="pmc:PMC3", read="title")
    left, right = (trace([strong, weak, faint], v, "MSC", d, count=0) for d in ("SLE", "SSc"))
    answer = compare(left, right)
    assert (answer.shared, answer.opposite, answer.only_left) == ((), (), ())
    (alone,) = answer.only_right
    assert (alone.label, alone.faint.sign) == ("via FASLG", 1)


def test_the_same_mediator_through_other_cells_is_said(graph):
    v = graph.vocabulary
    claims = [made(v, "MSC", "secretes", "PGE2", "secretion")]
    for cell, disease in (("Th17 cell", "SLE"), ("B cell", "SSc")):
        claims += [
            made(v, "PGE2", "negatively_regulates", cell, "proliferation"),
            made(v, cell, "contributes_to", disease),
        ]
    (pair,) = compare(*(trace(claims, v, "MSC", d, count=0) for d in ("SLE", "SSc"))).shared
    assert (pair.common, pair.apart) == ((), True)
    claims.append(made(v, "Th17 cell", "contributes_to", "SSc"))
    (pair,) = compare(*(trace(claims, v, "MSC", d, count=0) for d in ("SLE", "SSc"))).shared
    assert (pair.common, pair.apart) == (("Th17 cell",), False)
