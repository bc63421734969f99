"""What the claims say of a condition, seen from there."""

from __future__ import annotations

import itertools
import math

import pytest

from kg import curation
from kg.conditions import from_conditions
from kg.errors import CurationError
from tests.conftest import row
from tests.test_mechanisms import asked, made


def test_associations_are_turned_round_and_keep_their_evidence(graph):
    v = graph.vocabulary
    up = made(v, "IL6", "increased_in", "SLE", "abundance")
    down = made(v, "IL27", "decreased_in", "SLE", "abundance", "dendritic cell")
    cause = made(v, "IL17A", "contributes_to", "SLE")
    turned = from_conditions([up, down, cause], v)
    assert turned[:3] == (up, down, cause)
    assert [(c.subject, c.predicate, c.object, c.cell, c.effect) for c in turned[3:]] == [
        ("SLE", "has_increased", "IL6", "", 1),
        ("SLE", "has_decreased", "IL27", "dendritic cell", -1),
    ]
    assert [c.evidence for c in turned[3:]] == [up.evidence, down.evidence]
    assert len({c.id for c in turned}) == 5


def test_more_death_of_a_cell_is_less_of_it(graph):
    (_, turned) = from_conditions(
        [made(graph.vocabulary, "B cell", "increased_in", "SLE", "apoptosis")], graph.vocabulary
    )
    assert turned.effect == -1


def test_defects_of_patient_cells_are_those_of_their_disease(graph):
    v = graph.vocabulary
    own = made(v, "SLE-MSC", "has_function_defect", "MSC", "senescence", disease="SLE")
    factor = made(v, "SLE-MSC", "has_function_defect", "IDO1", "expression", disease="SLE")
    mouse = made(
        v, "MRL/lpr MSC", "has_function_defect", "MSC", "senescence", disease="SLE", publication="doi:10.1000/two"
    )
    nowhere = made(v, "SLE-MSC", "has_function_defect", "MSC", "migration")
    turned = from_conditions([own, factor, mouse, nowhere], v)[4:]
    assert [(c.subject, c.object, c.aspect, c.cell) for c in turned] == [
        ("SLE", "MSC", "senescence", ""),
        ("SLE", "IDO1", "expression", "SLE-MSC"),
    ]
    assert turned[0].publications == ("doi:10.1000/one", "doi:10.1000/two")


def test_score_of_a_question_from_a_disease(graph):
    """SLE has more IL17A, IL17A lowers MSC: an association at its factor, then a step against the usual order."""
    v = graph.vocabulary
    claims = from_conditions(
        [
            made(v, "IL17A", "increased_in", "SLE", "abundance", system="ex vivo"),
            made(
                v, "IL17A", "negatively_regulates", "MSC", "immunosuppressive function", publication="doi:10.1000/two"
            ),
        ],
        v,
    )
    (route,) = asked(graph, claims, "SLE", "MSC").routes
    assert (route.sign, route.mediators) == (-1, ("IL17A",))
    assert route.weight == pytest.approx(0.60 * 0.4 * 0.55 * 0.4 * 2**-0.4 * 0.5)


def test_an_association_is_not_passed_inside_a_chain(graph):
    """What is raised in RA does not follow from more SLE."""
    v = graph.vocabulary
    claims = from_conditions(
        [
            made(v, "IL6", "increased_in", "SLE", "abundance"),
            made(v, "IL6", "increased_in", "RA", "abundance"),
            made(v, "IL17A", "increased_in", "RA", "abundance"),
            made(v, "IL17A", "negatively_regulates", "MSC", "survival"),
        ],
        v,
    )
    assert not asked(graph, claims, "SLE", "MSC").routes


@pytest.mark.parametrize("disease", ["SLE", "RA", "SSc", "pSS"])
def test_how_a_disease_acts_on_msc(graph, disease):
    answer = graph.trace(disease, "MSC", count=0)
    assert answer.context.disease == disease
    assert answer.effect == "lowers"
    for route in (*answer.routes, *answer.counter_routes):
        for mechanism in route.mechanisms:
            assert mechanism.steps[0].subject == disease
            assert mechanism.steps[-1].object == "MSC"
            assert mechanism.sign == math.prod(step.effect for step in mechanism.steps)
            for before, after in itertools.pairwise(mechanism.steps):
                assert before.object == after.subject
    best = answer.routes[0].mechanisms[0]
    accounts = graph.explain(answer, best)
    assert math.prod(a.belief * a.factor for a in accounts) == pytest.approx(best.score)


def test_turned_predicates_are_not_for_tables(small):
    table = small / "triples" / "claims.tsv"
    extra = row(subject="RA", predicate="has_increased", object="IL17A", aspect="abundance")
    lines = table.read_text(encoding="utf-8").splitlines(keepends=True)
    table.write_text("".join([lines[0], *sorted([*lines[1:], extra], key=str.casefold)]), encoding="utf-8")
    with pytest.raises(CurationError, match="turn the row round and write increased_in"):
        curation.load(small)
