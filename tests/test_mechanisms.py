"""Mechanisms on graphs small enough to check by hand, and the nonsense that must not compose."""

from __future__ import annotations

import itertools
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.bestfirst import Question, best
from kg.chains import Chains, belief, chains
from kg.graph import Context, Weigher
from kg.mechanisms import trace
from kg.model import Assertion, Evidence, assertion_id


def made(
    vocabulary, subject, predicate, object, aspect="", cell="", publication="doi:10.1000/one", **cells
) -> Assertion:
    row = Evidence(
        **{"species": ("human",), "system": "in vitro", "read": "abstract", "publication": publication, **cells}
    )
    effect = vocabulary.effect(predicate, aspect)
    identity = assertion_id(subject, predicate, object, aspect, cell)
    return Assertion(subject, predicate, object, aspect, cell, effect, (row,), identity)


def asked(graph, claims, source="MSC", target="SLE", **options):
    return trace(claims, graph.vocabulary, source, target, **options)


def test_score_by_hand(graph):
    """MSC secretes PGE2, PGE2 lowers Th17 cells, Th17 cells drive SLE; the first two are legs of one claim."""
    v = graph.vocabulary
    legs = {"leg_of": "MSC -> Th17 cell"}
    claims = [
        made(v, "MSC", "secretes", "PGE2", "secretion", **legs),
        made(v, "PGE2", "negatively_regulates", "Th17 cell", "differentiation", **legs),
        made(v, "Th17 cell", "contributes_to", "SLE", publication="doi:10.1000/two", system="ex vivo"),
    ]
    answer = asked(graph, claims)
    (route,) = answer.routes
    (mechanism,) = route.mechanisms
    # beliefs 0.55, 0.55, 0.60; attested 1.0, assembled 0.4; both intermediate nodes have two neighbours
    expected = 0.55 * 0.55 * 0.60 * 1.0 * 0.4 * (2**-0.4) ** 2
    assert mechanism.score == pytest.approx(expected)
    assert route.weight == pytest.approx(expected)
    assert (mechanism.sign, answer.effect, route.mediators) == (-1, "ameliorates", ("PGE2",))
    assert [step.attestation for step in mechanism.steps] == ["", "attested", "assembled"]
    assert mechanism.stage == "in vitro"
    assert mechanism.nodes == ("MSC", "PGE2", "Th17 cell", "SLE")
    assert not answer.counter_routes


def test_apoptosis_turns_the_sign(graph):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "positively_regulates", "T cell", "apoptosis"),
        made(v, "T cell", "contributes_to", "SLE"),
    ]
    assert asked(graph, claims).effect == "ameliorates"


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (("MSC", "positively_regulates", "macrophage", "phagocytosis"), ("macrophage", "contributes_to", "SLE"), "uptake is not number"),
        (("MSC", "positively_regulates", "neutrophil", "migration"), ("neutrophil", "contributes_to", "SLE", "NET formation"), "migration is not NET"),
        (("MSC", "positively_regulates", "regulatory T cell", "suppressive function"), ("regulatory T cell", "contributes_to", "SLE"), "suppression does not drive"),
        (("MSC", "positively_regulates", "macrophage", "autophagy"), ("macrophage", "contributes_to", "SLE"), "autophagy says nothing"),
    ],
)  # fmt: skip
def test_incoherent_aspects_do_not_compose(graph, first, second, why):
    claims = [made(graph.vocabulary, *first), made(graph.vocabulary, *second)]
    answer = asked(graph, claims)
    assert (answer.routes, answer.counter_routes, answer.effect) == ((), (), "undetermined"), why


def test_suppression_chains_into_lowering(graph):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "positively_regulates", "regulatory T cell", "suppressive function"),
        made(v, "regulatory T cell", "protects_against", "SLE"),
    ]
    assert asked(graph, claims).effect == "ameliorates"


def test_factor_of_another_cell_and_disease_does_not_explain(graph):
    """TGFB1 lowered in fibrotic skin does not mean fewer regulatory T cells in lupus."""
    v = graph.vocabulary
    skin = made(v, "MSC", "negatively_regulates", "TGFB1", "expression", "dermal fibroblast", disease="SSc")
    treg = made(
        v, "TGFB1", "positively_regulates", "regulatory T cell", "differentiation", publication="doi:10.1000/two"
    )
    drives = made(v, "regulatory T cell", "protects_against", "SLE", publication="pmc:PMC3")
    assert not asked(graph, [skin, treg, drives]).counter_routes
    same_cell = made(v, "MSC", "negatively_regulates", "TGFB1", "expression", "regulatory T cell")
    assert asked(graph, [same_cell, treg, drives]).counter_routes


def test_no_disease_and_no_outcome_inside_a_chain(graph):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "ameliorates", "RA"),
        made(v, "RA", "contributes_to", "SLE"),
        made(v, "MSC", "ameliorates", "SLE", system="clinical trial"),
    ]
    answer = asked(graph, claims)
    assert (answer.routes, answer.counter_routes) == ((), ())
    assert [outcome.predicate for outcome in answer.outcomes] == ["ameliorates"]


def test_direct_claim_with_mediator_is_folded_into_its_legs(graph):
    v = graph.vocabulary
    legs = {"leg_of": "MSC -> Th17 cell"}
    direct = made(
        v, "MSC", "negatively_regulates", "Th17 cell", "differentiation", mediator=("PGE2",), mediator_test="blockade"
    )
    chain = [
        made(v, "MSC", "secretes", "PGE2", "secretion", **legs),
        made(v, "PGE2", "negatively_regulates", "Th17 cell", "differentiation", **legs),
        made(v, "Th17 cell", "contributes_to", "SLE", publication="doi:10.1000/two"),
    ]
    (route,) = asked(graph, [direct, *chain]).routes
    (mechanism,) = route.mechanisms
    assert len(mechanism.steps) == 3
    assert mechanism.score > asked(graph, chain).routes[0].mechanisms[0].score > 0
    assert [step.mediators for step in mechanism.direct] == [("PGE2",), ()]


def test_outcome_that_names_its_mediator_is_a_route(graph):
    """MSC that lack FASLG no longer help: that is what a route is. A null trial speaks of the therapy, not of FASLG."""
    v = graph.vocabulary
    shown = made(v, "MSC", "ameliorates", "SLE", system="animal model", mediator=("FASLG",), mediator_test="knockdown")
    null = made(v, "MSC", "ameliorates", "SLE", system="controlled trial", direction="refutes").evidence
    both = shown._replace(evidence=(*shown.evidence, *null))
    for claim in (shown, both):
        (route,) = asked(graph, [claim]).routes
        assert (route.mediators, route.sign) == (("FASLG",), -1)
        assert route.weight == pytest.approx(1 - 0.35 * 0.7)
    assert not asked(graph, [both._replace(evidence=null)]).routes


def test_score_of_a_short_claim_goes_to_the_longer_chain_of_its_paper(graph):
    v = graph.vocabulary
    shown = made(v, "MSC", "ameliorates", "SLE", system="animal model", mediator=("PGE2",), mediator_test="knockdown")
    chain = [
        made(v, "MSC", "secretes", "PGE2", "secretion"),
        made(v, "PGE2", "negatively_regulates", "Th17 cell", "differentiation"),
        made(v, "Th17 cell", "contributes_to", "SLE"),
    ]
    (route,) = asked(graph, [shown, *chain]).routes
    (mechanism,) = route.mechanisms
    assert mechanism.nodes == ("MSC", "PGE2", "Th17 cell", "SLE")
    assert [(step.predicate, step.mediators) for step in mechanism.direct] == [("ameliorates", ("PGE2",))]
    assert mechanism.score == pytest.approx((1 - 0.35 * 0.7) * 2**-0.4)


def test_failed_blockade_speaks_against_the_mediator_only(graph):
    v = graph.vocabulary
    ends = made(v, "Th17 cell", "contributes_to", "SLE", publication="doi:10.1000/two")
    held = made(
        v,
        "MSC",
        "negatively_regulates",
        "Th17 cell",
        "differentiation",
        mediator=("PGE2",),
        mediator_test="blockade without effect",
    )
    (route,) = asked(graph, [held, ends]).routes
    assert (route.mediators, route.sign) == ((), -1)


def test_bridge_is_one_step_and_shown(graph):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "negatively_regulates", "CD4+ T cell", "proliferation"),
        made(v, "Th17 cell", "contributes_to", "SLE"),
    ]
    (route,) = asked(graph, claims).routes
    bridge = route.mechanisms[0].steps[1]
    assert (bridge.bridge, bridge.subject, bridge.object, bridge.belief) == (True, "CD4+ T cell", "Th17 cell", 0.5)


def test_no_bridge_between_opposite_roles(graph):
    """Fewer T cells does not mean fewer regulatory T cells."""
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "negatively_regulates", "T cell", "proliferation"),
        made(v, "T cell", "contributes_to", "RA"),
        made(v, "regulatory T cell", "protects_against", "SLE"),
    ]
    assert not asked(graph, claims).counter_routes


def test_narrower_disease_counts_for_the_wider(graph):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "negatively_regulates", "B cell", "proliferation"),
        made(v, "B cell", "contributes_to", "lupus nephritis"),
    ]
    (route,) = asked(graph, claims).routes
    assert route.mechanisms[0].steps[-1].predicate == "subclass_of"
    assert asked(graph, claims, target="lupus nephritis").routes[0].weight == pytest.approx(route.weight / 0.8)


def test_verdict_abstains_when_both_signs_weigh(graph):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "negatively_regulates", "Th17 cell", "proliferation"),
        made(v, "Th17 cell", "contributes_to", "SLE"),
        made(v, "MSC", "positively_regulates", "B cell", "proliferation"),
        made(v, "B cell", "contributes_to", "SLE"),
    ]
    answer = asked(graph, claims)
    assert answer.effect == "undetermined"
    assert "less than 3 to 1" in answer.reason
    assert (answer.routes[0].sign, answer.counter_routes[0].sign) == (-1, 1)


def test_via_avoid_and_length(graph):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "secretes", "PGE2", "secretion"),
        made(v, "PGE2", "negatively_regulates", "Th17 cell", "proliferation"),
        made(v, "MSC", "negatively_regulates", "Th17 cell", "proliferation"),
        made(v, "Th17 cell", "contributes_to", "SLE"),
    ]
    assert len(asked(graph, claims).routes) == 2
    assert [r.mediators for r in asked(graph, claims, via=["PGE2"]).routes] == [("PGE2",)]
    assert [r.mediators for r in asked(graph, claims, avoid=["PGE2"]).routes] == [()]
    assert [r.mediators for r in asked(graph, claims, max_length=2).routes] == [()]
    assert asked(graph, claims, max_length=1).routes == ()


def test_target_that_is_no_disease(graph):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "secretes", "PGE2", "secretion"),
        made(v, "PGE2", "negatively_regulates", "Th17 cell", "proliferation"),
    ]
    assert asked(graph, claims, target="Th17 cell").effect == "lowers"


def test_cycles_and_self_loops_end(graph):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "positively_regulates", "macrophage", "abundance"),
        made(v, "macrophage", "positively_regulates", "T cell", "proliferation"),
        made(v, "T cell", "positively_regulates", "macrophage", "abundance"),
        made(v, "T cell", "positively_regulates", "T cell", "proliferation"),
        made(v, "T cell", "contributes_to", "SLE"),
    ]
    answer = asked(graph, claims)
    for route in (*answer.routes, *answer.counter_routes):
        for mechanism in route.mechanisms:
            assert len(set(mechanism.nodes)) == len(mechanism.nodes)


FACTORS = ("PGE2", "IL10", "IDO1")
CELLS = ("Th17 cell", "B cell", "macrophage")


@st.composite
def graphs(draw):
    """Random small layered graphs: MSC, three factors, three cells, SLE, claims with random signs and papers."""
    papers = st.sampled_from(["doi:10.1000/one", "doi:10.1000/two", "pmc:PMC3"])
    sign = st.sampled_from(["positively_regulates", "negatively_regulates"])
    pairs = [("MSC", f) for f in FACTORS] + [("MSC", c) for c in CELLS]
    pairs += [(f, c) for f in FACTORS for c in CELLS] + [(a, b) for a in CELLS for b in CELLS if a != b]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=12))
    ends = draw(st.lists(st.sampled_from(CELLS), unique=True, min_size=1))
    rows = [(a, draw(sign), b, "abundance", draw(papers)) for a, b in chosen]
    drives = st.sampled_from(["contributes_to", "protects_against"])
    return rows + [(c, draw(drives), "SLE", "", draw(papers)) for c in ends]


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_best_first_search_equals_brute_force(graph, rows):
    """Every simple chain of at most four claims, scored by the formula, against what the search returns."""
    v = graph.vocabulary
    claims = [made(v, s, p, o, aspect, publication=paper) for s, p, o, aspect, paper in rows]
    weigher = Weigher(v, Context(disease="SLE"))
    ready = chains(claims, v)
    assert Chains.of(json.loads(json.dumps(ready.packed()))) == ready
    linked = [ready[index] for index in range(len(ready.links))]
    worth = [belief(link, claims[link.claim], weigher) for link in linked]
    question = Question("MSC", {"SLE": 1.0}, 4, most=10**6)
    found = {
        f.names: (f.sign, f.score)
        for f in best(claims, ready, question, worth.__getitem__, 0.0)
        if not any(b for _, _, b, _ in f.hops)
    }
    usable = list(zip(linked, worth, [claims[link.claim] for link in linked], strict=True))
    degree = {
        name: len({c.object for _, _, c in usable if c.subject == name} | {c.subject for _, _, c in usable if c.object == name})
        for name in (*FACTORS, *CELLS)
    }  # fmt: skip
    order = {name: v.ontology.layers[v.entities[name].category] for name in ("MSC", "SLE", *FACTORS, *CELLS)}
    expected = {}
    for length in range(1, 5):
        for chain in itertools.permutations(usable, length):
            names = [chain[0][2].subject, *(claim.object for _, _, claim in chain)]
            joined = all(a.object == b.subject for (_, _, a), (_, _, b) in itertools.pairwise(chain))
            if not joined or names[0] != "MSC" or names[-1] != "SLE" or len(set(names)) != len(names):
                continue
            score = math.prod(value for _, value, _ in chain)
            for (_, _, before), (_, _, after) in itertools.pairwise(chain):
                score *= 0.7 if set(before.publications) & set(after.publications) else 0.4
                score *= degree[after.subject] ** -0.4
                score *= 0.5 if order[after.object] < order[after.subject] else 1.0
            expected[tuple(names)] = (math.prod(link.effect for link, _, _ in chain), score)
    assert set(found) == set(expected)
    for names, (sign, score) in expected.items():
        assert found[names][0] == sign
        assert found[names][1] == pytest.approx(score)


def test_order_is_by_score_and_the_same_every_time(graph):
    first, second = graph.trace("MSC", "SLE"), graph.trace("MSC", "SLE")
    assert first == second
    for routes in (first.routes, first.counter_routes):
        weights = [route.weight for route in routes]
        assert weights == sorted(weights, reverse=True)
        for route in routes:
            assert [m.score for m in route.mechanisms] == sorted((m.score for m in route.mechanisms), reverse=True)


@pytest.mark.parametrize("target", ["SLE", "RA", "SSc", "pSS", "IIM", "lupus nephritis", "Th17 cell"])
def test_every_mechanism_multiplies_to_its_sign_and_cites(graph, target):
    answer = graph.trace("MSC", target)
    assert answer.routes or answer.counter_routes
    for route in (*answer.routes, *answer.counter_routes):
        for mechanism in route.mechanisms:
            assert mechanism.sign == route.sign == math.prod(step.effect for step in mechanism.steps)
            assert 0 < mechanism.score <= 1
            assert sum(step.bridge for step in mechanism.steps[:-1]) <= 1
            assert mechanism.steps[0].subject == "MSC"
            assert mechanism.steps[-1].object == target
            for before, after in itertools.pairwise(mechanism.steps):
                assert before.object == after.subject
            for step in mechanism.steps:
                assert step.bridge or step.publications
                inner = graph.vocabulary.entities[step.object].category if step is not mechanism.steps[-1] else ""
                assert inner != "Disease" or mechanism.steps[-1].bridge


def test_what_licenses_msc_acts_through_them(graph):
    answer = graph.trace("IFNG", "Th17 cell", count=3)
    assert answer.routes[0].sign == -1
    (through,) = [route for route in answer.routes if route.mediators == ("MSC",)]
    first = through.mechanisms[0]
    assert [(step.subject, step.aspect) for step in first.steps] == [
        ("IFNG", "immunosuppressive function"),
        ("MSC", "differentiation"),
    ]
    assert not any("MSC" in m.nodes[1:-1] for route in graph.trace("MSC-EV", "RA").routes for m in route.mechanisms)


def test_direct_claims_of_a_factor_count_and_of_msc_do_not(graph):
    v = graph.vocabulary
    claims = [made(v, "IL17A", "contributes_to", "RA"), made(v, "MSC", "protects_against", "RA")]
    (route,) = asked(graph, claims, "IL17A", "RA").routes
    assert (route.label, route.sign) == ("direct", 1)
    assert not asked(graph, claims, "MSC", "RA").routes


def test_a_mediator_is_passed_once(graph):
    for source, target in (("TNF", "T cell"), ("MSC", "SLE"), ("MSC-EV", "RA")):
        answer = graph.trace(source, target, count=0)
        for route in (*answer.routes, *answer.counter_routes):
            for mechanism in route.mechanisms:
                assert len(set(mechanism.nodes)) == len(mechanism.nodes)


def test_what_every_row_of_a_step_needs_is_said(graph):
    v = graph.vocabulary
    one = made(
        v,
        "MSC",
        "negatively_regulates",
        "B cell",
        "proliferation",
        priming=("IFNG", "TNF"),
        combined_with=("cyclophosphamide",),
    )
    two = made(
        v, "MSC", "negatively_regulates", "B cell", "proliferation", priming=("IFNG",), publication="doi:10.1000/two"
    )
    drives = made(v, "B cell", "contributes_to", "SLE")
    (route,) = asked(graph, [one._replace(evidence=one.evidence + two.evidence), drives]).routes
    first = route.mechanisms[0].steps[0]
    assert (first.primed, first.together) == (("IFNG",), ())
    (route,) = asked(graph, [one, drives]).routes
    assert route.mechanisms[0].steps[0].together == ("cyclophosphamide",)


def test_primed_cells_count_less_unless_asked_for(graph):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "negatively_regulates", "B cell", "proliferation", priming=("IFNG",)),
        made(v, "B cell", "contributes_to", "SLE"),
    ]
    (plain,) = asked(graph, claims).routes
    (primed,) = asked(graph, claims, context=Context(priming="IFNG")).routes
    assert plain.weight == pytest.approx(0.7 * primed.weight)


READ = {"system": "animal model", "species": ("human",), "disease": "SLE"}


@pytest.mark.parametrize(
    ("cells", "factor"),
    [
        ({}, 0.5),
        ({"mediator": ("PGE2",), "mediator_test": "stated"}, 1.0),
        ({"mediator_test": "blockade"}, 1.0),
        ({"leg_of": "MSC -> SLE"}, 1.0),
        ({"disease": ""}, 1.0),
        ({"system": "ex vivo"}, 1.0),
    ],
)
def test_a_level_in_a_treated_host_may_follow_from_the_benefit(graph, cells, factor):
    v = graph.vocabulary
    asks = Weigher(v, Context(species="human", disease="SLE"))
    claim = made(v, "MSC", "negatively_regulates", "IL18", "abundance", **(READ | cells))
    assert asks.context_factor(claim, claim.evidence[0]) == pytest.approx(factor)
    assert asks.support(claim, claim.evidence[0]) == pytest.approx((1 - asks.error(claim.evidence[0])) * factor)
    said = ("may follow from the benefit: level in a treated host x0.5",)
    assert asks.discounts(claim, claim.evidence[0]) == (said if factor < 1 else ())


@pytest.mark.parametrize(
    "claim",
    [
        ("MSC", "expresses", "IL18", "expression"),
        ("MSC", "negatively_regulates", "IL18", "activation"),
        ("MSC", "negatively_regulates", "Th17 cell", "abundance"),
        ("TGFB1", "negatively_regulates", "IL18", "abundance"),
    ],
)
def test_no_other_claim_is_a_level_in_a_treated_host(graph, claim):
    made_so = made(graph.vocabulary, *claim, **READ)
    assert Weigher(graph.vocabulary, Context(disease="SLE")).context_factor(made_so, made_so.evidence[0]) == 1.0


def test_what_the_source_lowers_carries_nothing(graph):
    """More TGFB1 that protects and less TGFB1 that drives are two ways to help, however alike their names."""
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "secretes", "TGFB1", "secretion"),
        made(v, "MSC", "negatively_regulates", "TGFB1", "abundance", **READ | {"publication": "doi:10.1000/two"}),
        made(v, "TGFB1", "protects_against", "SLE", publication="doi:10.1000/three"),
        made(v, "TGFB1", "contributes_to", "SLE", publication="doi:10.1000/four"),
    ]
    answer = asked(graph, claims)
    assert {(r.label, r.less) for r in answer.routes} == {("via TGFB1", False), ("through less TGFB1", True)}
    assert {(r.label, r.less) for r in answer.counter_routes} == {("via TGFB1", False), ("through less TGFB1", True)}
    steps = {r.label: r.mechanisms[0].steps[0].effect for r in answer.routes}
    assert steps == {"via TGFB1": 1, "through less TGFB1": -1}


def test_a_direct_claim_is_told_with_the_fall_that_its_paper_shows(graph):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "ameliorates", "SLE", mediator=("IL18",), mediator_test="stated", **READ),
        made(v, "MSC", "negatively_regulates", "IL18", "abundance", leg_of="MSC -> SLE", **READ),
        made(v, "IL18", "contributes_to", "SLE", leg_of="MSC -> SLE", **READ),
    ]
    (route,) = asked(graph, claims).routes
    assert (route.label, len(route.mechanisms)) == ("through less IL18", 1)
    elsewhere = made(v, "MSC", "negatively_regulates", "IL18", "abundance", publication="doi:10.1000/two")
    assert {r.label for r in asked(graph, [claims[0], elsewhere, claims[2]]).routes} == {
        "via IL18",
        "through less IL18",
    }


@pytest.mark.parametrize(
    ("first", "basis"),
    [
        ({"disease": "SLE", "mediator_test": "knockdown", "mediator": ("PGE2",)}, "tested"),
        ({"disease": "lupus nephritis"}, "seen"),
        ({"disease": "RA", "mediator_test": "blockade", "mediator": ("PGE2",)}, "assembled"),
        ({}, "assembled"),
    ],
)
def test_how_a_mechanism_is_tied_to_the_disease(graph, first, basis):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "negatively_regulates", "B cell", "proliferation", **first),
        made(v, "B cell", "contributes_to", "SLE", publication="doi:10.1000/two"),
    ]
    (route,) = asked(graph, claims).routes
    assert route.mechanisms[0].basis == basis
    (route,) = asked(graph, claims[:1], target="B cell").routes
    assert route.mechanisms[0].basis == ""


def test_no_bridge_beyond_a_kind_with_claims_of_its_own(graph):
    """NK cells have claims of their own on a condition: what CD56dim NK cells do is not told of lymphoid cells at large."""
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "negatively_regulates", "CD56dim NK cell", "activation"),
        made(v, "innate lymphoid cell", "contributes_to", "SSc", publication="doi:10.1000/two"),
    ]
    assert asked(graph, claims, target="SSc").routes
    own = made(v, "NK cell", "decreased_in", "RA", publication="pmc:PMC3")
    assert not asked(graph, [*claims, own], target="SSc").routes


def test_less_of_a_factor_then_another(graph):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "negatively_regulates", "HGF", "expression"),
        made(v, "HGF", "positively_regulates", "IL6", "secretion"),
        made(v, "IL6", "contributes_to", "SLE"),
    ]
    assert [route.label for route in asked(graph, claims).routes] == ["through less HGF, then IL6"]


def test_one_paper_is_one_route(graph):
    """CD39 and CD73 blocked together, and CD73 named alone by the same paper; another paper stays apart."""
    v = graph.vocabulary
    blocked = {"mediator_test": "blockade", "system": "animal model"}
    both = made(v, "MSC", "ameliorates", "SLE", mediator=("ENTPD1", "NT5E"), **blocked)
    alone = made(v, "MSC", "expresses", "NT5E", "expression")
    helps = made(v, "NT5E", "protects_against", "SLE", system="animal model")
    (route,) = asked(graph, [both, alone, helps]).routes
    assert route.mediators == ("ENTPD1", "NT5E")
    assert [label for label, _ in route.also] == ["via NT5E"]
    other = helps._replace(evidence=tuple(e._replace(publication="doi:10.1000/two") for e in helps.evidence))
    elsewhere = alone._replace(evidence=tuple(e._replace(publication="doi:10.1000/two") for e in alone.evidence))
    assert [route.label for route in asked(graph, [both, elsewhere, other]).routes] == [
        "via ENTPD1 and NT5E",
        "via NT5E",
    ]


def test_contact_is_no_mediator_of_its_own_in_one_paper(graph):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "positively_regulates", "B cell", "proliferation", system="ex vivo"),
        made(v, "MSC", "positively_regulates", "B cell", "activation", mode="contact"),
        made(v, "B cell", "contributes_to", "SLE"),
    ]
    (route,) = asked(graph, claims).counter_routes
    assert (route.label, [label for label, _ in route.also]) == ("on B cell, mediator not stated", ["via contact"])


def test_a_refutation_in_a_like_aspect_counts_in_the_disease_asked_for(graph):
    v = graph.vocabulary
    lowered = made(v, "MSC", "negatively_regulates", "Tfh cell", "differentiation")
    same = made(
        v, "MSC", "negatively_regulates", "Tfh cell", "abundance", publication="doi:10.1000/two", direction="refutes"
    )
    death = made(v, "MSC", "positively_regulates", "Tfh cell", "apoptosis", publication="pmc:PMC3", direction="refutes")
    drives = made(v, "Tfh cell", "contributes_to", "SLE")
    (alone,) = asked(graph, [lowered, drives]).routes
    (route,) = asked(graph, [lowered, same, death, drives]).routes
    assert route.weight == alone.weight
    here = same._replace(evidence=(same.evidence[0]._replace(disease="SLE"),))
    (contested,) = asked(graph, [lowered, here, death, drives]).routes
    assert contested.weight == pytest.approx(alone.weight * (1 - 0.5 * 0.55))
    assert contested.mechanisms[0].steps[0].contest == pytest.approx(0.5 * 0.55)
    assert route.mechanisms[0].steps[0].contested == ("abundance: doi:10.1000/two",)
    assert route.mechanisms[0].steps[0].refuting == ()


NONSENSE = [
    ("SLE", ("MSC", "macrophage", "SLE"), "phagocytosis", "incoherent: another aspect"),
    ("pSS", ("MSC", "NCR3", "pSS"), "expression", "incoherent: another cell"),
    ("pSS", ("MSC", "CD8+ T cell", "pSS"), "cytokine production", "incoherent: other diseases"),
    ("pSS", ("MSC", "TGFB1", "regulatory T cell", "pSS"), "expression", "incoherent: other diseases"),
]


@pytest.mark.parametrize(("target", "names", "aspect", "why"), NONSENSE)
def test_nonsense_of_the_real_tables_is_no_mechanism_and_is_listed_as_such(graph, target, names, aspect, why):
    """Among them the two of the design: uptake that "drives" lupus, TGFB1 of fibrotic skin that "lowers" T cells in pSS."""
    odd = graph.incoherent("MSC", target, count=0)
    chains = [m for m in odd if m.nodes == names and m.steps[0].aspect == aspect]
    assert any(step.attestation == why for mechanism in chains for step in mechanism.steps)
    answer = graph.trace("MSC", target, count=0)
    told = {m.phrase for route in (*answer.routes, *answer.counter_routes) for m in route.mechanisms}
    assert told.isdisjoint(m.phrase for m in odd)


def test_a_level_measured_in_one_disease_explains_no_other(graph):
    v = graph.vocabulary
    lowered = made(v, "MSC", "negatively_regulates", "TNF", "abundance", disease="RA")
    drives = made(v, "TNF", "positively_regulates", "macrophage", "activation", publication="doi:10.1000/two")
    ends = [made(v, "macrophage", "contributes_to", each, publication="pmc:PMC3") for each in ("SLE", "RA")]
    claims = [lowered, drives, *ends]
    assert asked(graph, claims, target="RA").routes
    assert not asked(graph, claims, target="SLE").routes
    anywhere = lowered._replace(evidence=(*lowered.evidence, lowered.evidence[0]._replace(disease="")))
    assert asked(graph, [anywhere, drives, *ends], target="SLE").routes


def test_losses_are_those_of_blockades(graph):
    shares = graph.losses("MSC", "RA")
    assert list(shares.values()) == sorted(shares.values(), reverse=True)
    for name in ("PGE2", "FASLG", "regulatory T cell", "macrophage"):
        assert shares[name] == pytest.approx(graph.blockade("MSC", "RA", [name]).share, abs=0.01)
        assert shares[name] > 0


def test_what_was_tested_stands_beside_the_verdict(graph):
    v = graph.vocabulary
    helped = made(v, "MSC", "ameliorates", "SLE", system="animal model", msc_source="umbilical cord")
    null = made(v, "MSC", "no_effect_on", "SLE", system="controlled trial", publication="doi:10.1000/two")
    worse = made(v, "MSC", "exacerbates", "SLE", system="animal model", publication="pmc:PMC3")
    routes = [made(v, "MSC", "secretes", "IL6", "secretion"), made(v, "IL6", "contributes_to", "SLE")]
    answer = asked(graph, [helped, null, worse, *routes])
    assert answer.tested == {"better": 1, "unchanged": 1, "worse": 1}
    alone = asked(graph, [helped, *routes])
    assert (alone.effect, alone.agreement) == (
        "exacerbates",
        "the routes disagree with what most papers that tested it found: better",
    )
    cord = asked(graph, [helped, null, worse, *routes], context=Context(msc_source="umbilical cord"))
    assert [outcome.predicate for outcome in cord.outcomes] == ["ameliorates"]
    assert asked(graph, routes).agreement == ""


# --- the classic faults, one test each --------------------------------------------------------------------------------


def test_refuted_rows_are_no_support(graph):
    v = graph.vocabulary
    no = made(v, "MSC", "negatively_regulates", "B cell", "proliferation", direction="refutes")
    drives = made(v, "B cell", "contributes_to", "SLE")
    assert not asked(graph, [no, drives]).routes
    yes = made(v, "MSC", "negatively_regulates", "B cell", "proliferation", publication="doi:10.1000/two")
    both = yes._replace(evidence=yes.evidence + no.evidence)
    (clean,), (contested,) = asked(graph, [yes, drives]).routes, asked(graph, [both, drives]).routes
    assert contested.weight == pytest.approx(clean.weight * (1 - 0.55))
    assert contested.mechanisms[0].steps[0].refuting == ("doi:10.1000/one",)


def test_association_is_no_cause_inside_a_chain(graph):
    """IL6 rises in RA, and RA models SLE here: nothing follows from an association."""
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "secretes", "IL6", "secretion"),
        made(v, "IL6", "increased_in", "lupus nephritis", "abundance"),
        made(v, "IL6", "correlates_with", "B cell", "abundance"),
        made(v, "B cell", "contributes_to", "SLE"),
    ]
    (route,) = asked(graph, claims).counter_routes
    (mechanism,) = route.mechanisms
    assert [step.predicate for step in mechanism.steps if not step.bridge] == ["secretes", "increased_in"]
    causal = [*claims[:1], made(v, "IL6", "contributes_to", "lupus nephritis")]
    alone = 0.4 * 0.4  # an association, and nothing else ties IL6 to a condition
    assert asked(graph, causal).counter_routes[0].weight == pytest.approx(route.weight / alone)
    drives = made(v, "IL6", "contributes_to", "RA", publication="pmc:PMC3")
    tied = asked(graph, [*claims, drives]).counter_routes[0].weight
    assert tied == pytest.approx(route.weight / 0.4 * (3 / 2) ** -0.4)  # one neighbour more


def test_no_effect_is_no_benefit(graph):
    v = graph.vocabulary
    null = made(
        v, "MSC", "no_effect_on", "SLE", mediator=("PGE2",), mediator_test="blockade", system="controlled trial"
    )
    answer = asked(graph, [null])
    assert (answer.routes, answer.counter_routes, answer.effect) == ((), (), "undetermined")
    assert answer.tested == {"better": 0, "unchanged": 1, "worse": 0}


def test_a_paper_counts_once_however_many_rows_and_legs_it_has(graph):
    """Two rows of one paper weigh as its better one; its direct claim and its legs make one mechanism."""
    v = graph.vocabulary
    drives = made(v, "Th17 cell", "contributes_to", "SLE", publication="doi:10.1000/two")
    one = made(v, "MSC", "negatively_regulates", "Th17 cell", "differentiation", system="animal model")
    twice = one._replace(evidence=(*one.evidence, one.evidence[0]._replace(system="in vitro", context="again")))
    assert asked(graph, [twice, drives]).routes[0].weight == asked(graph, [one, drives]).routes[0].weight
    legs = {"leg_of": "MSC -> Th17 cell", "mediator_test": "blockade"}
    direct = made(
        v, "MSC", "negatively_regulates", "Th17 cell", "differentiation", mediator=("PGE2",), mediator_test="blockade"
    )
    chain = [
        made(v, "MSC", "secretes", "PGE2", "secretion", **legs),
        made(v, "PGE2", "negatively_regulates", "Th17 cell", "differentiation", **legs),
    ]
    (route,) = asked(graph, [direct, *chain, drives]).routes
    alone = asked(graph, [direct, drives]).routes[0].weight, asked(graph, [*chain, drives]).routes[0].weight
    assert route.weight <= max(alone) / 2**-0.4 + 1e-12  # one of the two, with the node between counted once
    assert len(route.mechanisms) == 1


def test_a_hub_does_not_win_by_its_many_neighbours(graph):
    """Of two mediators with equal evidence the one that does everything to everybody comes last."""
    v = graph.vocabulary
    claims = [made(v, "B cell", "contributes_to", "SLE", publication="doi:10.1000/two")]
    for factor in ("TNF", "LGALS1"):
        claims += [
            made(v, "MSC", "secretes", factor, "secretion"),
            made(v, factor, "negatively_regulates", "B cell", "proliferation"),
        ]
    others = ("T cell", "NK cell", "macrophage", "neutrophil", "dendritic cell", "monocyte")
    claims += [made(v, "TNF", "positively_regulates", cell, "activation", publication="pmc:PMC3") for cell in others]
    routes = asked(graph, claims).routes
    assert [route.mediators for route in routes] == [("LGALS1",), ("TNF",)]
    assert routes[1].weight == pytest.approx(routes[0].weight * (8 / 2) ** -0.4)


def test_every_step_of_a_route_says_what_its_rows_say(graph):
    """No step lists a row of the other direction or of another mediator, on the real tables, both signs."""
    by_id = {claim.id: claim for claim in graph.assertions}
    for disease in ("SLE", "RA", "SSc"):
        answer = graph.trace("MSC", disease, count=0)
        for route in (*answer.routes, *answer.counter_routes):
            for step in (step for m in route.mechanisms for step in (*m.steps, *m.direct) if not step.bridge):
                rows = by_id[step.claim].evidence
                assert set(step.publications) <= {row.publication for row in rows if row.direction == "supports"}
                named = {
                    name for row in rows if row.publication in step.publications for name in (*row.mediator, row.mode)
                }
                assert set(step.mediators) <= named


def test_a_manifestation_seen_in_the_disease_counts_for_it(graph):
    """Lungs made worse in models of SSc are harm in SSc; lung fibrosis seen elsewhere is not."""
    v = graph.vocabulary
    worse = made(
        v,
        "MSC",
        "exacerbates",
        "lung fibrosis",
        disease="SSc",
        system="animal model",
        mediator=("CCL1",),
        mediator_test="blockade",
    )
    (route,) = asked(graph, [worse], target="SSc").counter_routes
    assert (route.mediators, route.weight) == (("CCL1",), pytest.approx((1 - 0.35 * 0.7) * 0.5))
    last = route.mechanisms[0].steps[-1]
    assert last.phrase == "lung fibrosis is a manifestation of SSc"
    answer = asked(graph, [worse], target="SSc")
    assert answer.tested == {"better": 0, "unchanged": 0, "worse": 1}
    assert not asked(graph, [worse], target="RA").counter_routes
    elsewhere = worse._replace(evidence=(worse.evidence[0]._replace(disease="acute lung injury"),))
    also = made(v, "TLR9", "contributes_to", "lung fibrosis", disease="SSc")
    assert not asked(graph, [elsewhere, also], target="SSc").counter_routes


def test_only_what_its_papers_show_is_told_for_a_direct_claim(graph):
    """A direct claim is told as the longer chain where every step but the last is of its paper, else as itself."""
    v = graph.vocabulary
    shown = made(v, "MSC", "ameliorates", "SLE", system="animal model", mediator=("Tfh cell",), mediator_test="stated")
    other = made(v, "MSC", "negatively_regulates", "Tfh cell", "differentiation", publication="doi:10.1000/two")
    drives = made(v, "Tfh cell", "contributes_to", "SLE", publication="pmc:PMC3")
    (route,) = asked(graph, [shown, other, drives]).routes
    assert [step.predicate for step in route.mechanisms[0].steps] == ["ameliorates"]
    own = other._replace(evidence=(other.evidence[0]._replace(publication="doi:10.1000/one"),))
    (route,) = asked(graph, [shown, own, drives]).routes
    assert [step.predicate for step in route.mechanisms[0].steps] == ["negatively_regulates", "contributes_to"]


def test_a_level_that_falls_in_the_disease_speaks_against_its_release(graph):
    """VEGFA falls in treated arthritic rats: what MSC secrete in culture counts less for RA, and says so; for SLE it does not."""
    v = graph.vocabulary
    released = made(v, "MSC", "secretes", "VEGFA", "secretion")
    falls = made(
        v,
        "MSC",
        "negatively_regulates",
        "VEGFA",
        "abundance",
        disease="RA",
        system="animal model",
        publication="pmc:PMC3",
    )
    ends = [made(v, "VEGFA", "contributes_to", each, publication="doi:10.1000/two") for each in ("RA", "SLE")]
    (plain,) = asked(graph, [released, *ends], target="RA").counter_routes
    (less,) = asked(graph, [released, falls, *ends], target="RA").counter_routes
    assert less.weight == pytest.approx(plain.weight * (1 - 0.5 * 0.65))
    assert less.mechanisms[0].steps[0].contested == ("abundance, the other way: pmc:PMC3",)
    (same,) = asked(graph, [released, falls, *ends], target="SLE").counter_routes
    assert same.weight == pytest.approx(plain.weight)


def test_a_short_chain_is_not_told_with_the_steps_of_other_papers(graph):
    """PGE2 protects, by one paper; that PGE2 lowers Th17 cells is told with it only where that paper shows it."""
    v = graph.vocabulary
    two, three = "doi:10.1000/two", "pmc:PMC3"
    short = [
        made(v, "MSC", "secretes", "PGE2", "secretion"),
        made(v, "PGE2", "protects_against", "SLE", publication=two),
    ]
    ends = made(v, "Th17 cell", "contributes_to", "SLE", publication=two)
    for paper, told in ((three, 2), (two, 1)):
        step = made(v, "PGE2", "negatively_regulates", "Th17 cell", "proliferation", publication=paper)
        (route,) = asked(graph, [*short, step, ends]).routes
        assert len(route.mechanisms) == told
