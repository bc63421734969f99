"""The arithmetic that is shown is the arithmetic that was done."""

from __future__ import annotations

import math

import pytest

from kg.graph import Context


def pooled(papers) -> float:
    return 1 - math.prod(1 - paper.support for paper in papers)


@pytest.mark.parametrize(
    "context", [Context(), Context(species="mouse", msc_source="umbilical cord"), Context(species="")]
)
@pytest.mark.parametrize("disease", ["SLE", "RA", "SSc", "pSS", "IIM"])
def test_accounts_multiply_to_the_score_and_papers_to_the_belief(graph, disease, context):
    answer = graph.trace("MSC", disease, context)
    association = graph.vocabulary.ontology.priors["association"]
    seen = 0
    for route in (*answer.routes, *answer.counter_routes):
        for mechanism in route.mechanisms:
            accounts = graph.explain(answer, mechanism)
            assert math.prod(each.belief * each.factor for each in accounts) == pytest.approx(mechanism.score)
            for each in accounts:
                if each.step.bridge:
                    continue
                seen += 1
                assert {paper.evidence.publication for paper in each.supporting} == set(each.step.publications)
                assert {paper.evidence.publication for paper in each.refuting} == set(each.step.refuting)
                belief = pooled(each.supporting) * (1 - pooled(each.refuting)) * (1 - each.step.contest)
                assert each.belief == pytest.approx(belief) or each.belief == pytest.approx(belief * association)
                for paper in (*each.supporting, *each.refuting):
                    assert paper.support == pytest.approx((1 - paper.error) * paper.fit)
                    assert bool(paper.why) == (paper.fit < 1)
    assert seen > 50


def test_discount_says_why(graph):
    answer = graph.trace("MSC", "RA", via=["FASLG"])
    (account,) = (a for a in graph.explain(answer, answer.routes[0].mechanisms[0]) if not a.step.bridge)
    (paper,) = account.supporting
    assert paper.evidence.publication == "doi:10.1186/s13075-016-1160-5"
    assert any(why.startswith("species: mouse") for why in paper.why)
