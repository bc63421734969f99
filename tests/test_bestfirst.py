"""The search: its short cuts change nothing but time. Against brute force it stands in test_mechanisms.py."""

from __future__ import annotations

import pytest

from kg.bestfirst import Question, best
from kg.chains import Chains, Link, belief
from kg.graph import Context, Weigher
from kg.model import Assertion


@pytest.fixture
def believe(graph):
    weigher = Weigher(graph.vocabulary, Context(disease="SLE"))
    ready = graph.chains
    return lambda index: belief(ready[index], graph.assertions[ready[index].claim], weigher)


@pytest.mark.parametrize(("source", "target"), [("MSC", "SLE"), ("MSC", "SSc"), ("MSC-EV", "RA"), ("IFNG", "RA")])
def test_bounded_and_unbounded_agree(graph, believe, source, target):
    question = Question(source, {target: 1.0}, 5)
    bounded = best(graph.assertions, graph.chains, question, believe, 0.01)
    assert bounded
    assert bounded == best(graph.assertions, graph.chains, question, believe, 0.01, bounded=False)


def test_floor_is_a_share_of_the_best(graph, believe):
    question = Question("MSC", {"SLE": 1.0}, 5, most=10**6)
    all_of_them = best(graph.assertions, graph.chains, question, believe, 0.0005)
    for floor in (0.5, 0.1, 0.01):
        kept = best(graph.assertions, graph.chains, question, believe, floor)
        assert kept == [each for each in all_of_them if each.score >= floor * all_of_them[0].score]


def test_via_finds_what_is_far_below_the_best(graph, believe):
    question = Question("MSC", {"SLE": 1.0}, 5, via=frozenset({"NOTCH1"}))
    found = best(graph.assertions, graph.chains, question, believe, 0.01)
    assert found
    assert all("NOTCH1" in each.names for each in found)


def test_no_name_comes_twice_and_length_holds(graph, believe):
    for length in (1, 2, 3):
        for each in best(graph.assertions, graph.chains, Question("MSC", {"SLE": 1.0}, length), believe, 0.01):
            assert len(each.hops) <= length
            ends = [graph.assertions[graph.chains[index].claim].object for index, *_ in each.hops]
            assert len(set(ends)) == len(ends)
            assert sum(bool(bridge) for _, _, bridge, _ in each.hops) <= 1


def test_a_bound_that_promises_too_much_is_not_believed():
    """A completion of three claims is best on paper; where two are allowed, chains far below it are the answer."""
    pairs = [("S", "A"), ("A", "T"), ("A", "B"), ("B", "T"), ("S", "C"), ("C", "T")]
    claims = [Assertion(subject, "p", object_, effect=1) for subject, object_ in pairs]
    worth = [1.0, 0.002, 1.0, 1.0, 1.0, 0.001]
    rows = [Link(place, (), (0,), (), 1, pair[1] == "T", False) for place, pair in enumerate(pairs)]
    one = [[0], [3], [0]]
    follows = [[[1, 2], [0, 0], [3, 3], [0, 0]], [[]] * 4, [[3], *one], [[]] * 4, [[5], *one], [[]] * 4]
    ready = Chains(rows, [""], [1.0], follows)
    for length, names in ((3, ["SABT"]), (2, ["SAT", "SCT"])):
        found = best(claims, ready, Question("S", {"T": 1.0}, length), worth.__getitem__, 0.01)
        assert ["".join(each.names) for each in found] == names


def test_nothing_connects(graph, believe):
    assert best(graph.assertions, graph.chains, Question("MSC", {"human": 1.0}, 5), believe, 0.01) == []
