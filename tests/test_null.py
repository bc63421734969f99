"""The null of routes: what a shuffle holds, and what the figures say on graphs made so that one knows the answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from functools import partial
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import QueryError
from kg.mechanisms import trace
from kg.model import Assertion
from kg.null import Expected, Null, exchangeable, exchanged, null, renamed, slots
from tests.test_mechanisms import made

CELLS = ("Th17 cell", "B cell", "Tfh cell", "plasma cell", "Th1 cell", "neutrophil")
FACTORS = ("PGE2", "IDO1", "TGFB1", "IL10", "TNF", "IL6", "HGF", "LGALS9", "miR-146a", "NO")


def merged(claims) -> tuple[Assertion, ...]:
    """Claims with the rows of equal ones under one of them, as a dataset holds them."""
    same: dict[str, Assertion] = {}
    for claim in claims:
        known = same.get(claim.id)
        same[claim.id] = claim._replace(evidence=known.evidence + claim.evidence) if known else claim
    return tuple(same.values())


def attested(v, factor, cell, publication, **cells) -> list[Assertion]:
    """One paper: MSC lower a cell through a factor, by blockade, with both legs."""
    legs = {"publication": publication, "leg_of": f"MSC -> {cell}", **cells}
    return [
        made(v, "MSC", "negatively_regulates", cell, "proliferation", publication=publication, mediator=(factor,), mediator_test="blockade", **cells),
        made(v, "MSC", "secretes", factor, "secretion", **legs),
        made(v, factor, "negatively_regulates", cell, "proliferation", **legs),
    ]  # fmt: skip


def shape(claims, v):
    """What every paper says, its factors as letters in the order of their first row: what no shuffle may change."""
    factors = {slot.factor for slot in slots(claims, v)}
    papers = defaultdict(list)
    for claim in claims:
        for row in claim.evidence:
            papers[row.publication].append((claim, row))
    found = {}
    for publication, rows in papers.items():
        rows.sort(key=lambda pair: pair[1].statement)
        letters: dict[str, str] = {}

        def lettered(name, letters=letters):
            return letters.setdefault(name, f"factor {len(letters)}") if name in factors else name

        found[publication] = [
            (
                lettered(claim.subject),
                claim.predicate,
                lettered(claim.object),
                claim.aspect,
                claim.effect,
                tuple(map(lettered, row.mediator)),
                tuple(map(lettered, row.leg_of.split(" -> "))),
                row._replace(mediator=(), leg_of=""),
            )
            for claim, row in rows
        ]
    return found


def degrees(claims, v):
    """How many papers of each stratum each factor has."""
    return Counter((slot.factor, slot.stratum) for slot in slots(claims, v))


def shuffle(claims, v, seed):
    return renamed(claims, v, exchanged(slots(claims, v), Random(seed)))


@st.composite
def tables(draw):
    """Papers of up to five rows on up to ten factors, each row with a number of its own as statement."""
    rows = []
    for paper in range(draw(st.integers(2, 8))):
        for place in range(draw(st.integers(1, 5))):
            kind = draw(st.sampled_from(("secretes", "lowers", "raises", "mediated", "refuted", "between")))
            factor, cell = draw(st.sampled_from(FACTORS)), draw(st.sampled_from(CELLS))
            rows.append(
                (f"doi:10.1000/p{paper}", f"{paper} {place}", kind, factor, cell, draw(st.sampled_from(FACTORS)))
            )
    return rows


def claimed(v, rows):
    claims = []
    for publication, statement, kind, factor, cell, other in rows:
        row = partial(made, v, publication=publication, statement=statement)
        match kind:
            case "secretes":
                claims.append(row("MSC", "secretes", factor, "secretion", leg_of=f"MSC -> {cell}"))
            case "lowers":
                claims.append(row(factor, "negatively_regulates", cell, "proliferation", leg_of=f"{factor} -> {cell}"))
            case "raises":
                claims.append(row(factor, "positively_regulates", cell, "proliferation"))
            case "mediated":
                named = tuple(dict.fromkeys((factor, other)))
                claims.append(
                    row(
                        "MSC",
                        "negatively_regulates",
                        cell,
                        "survival",
                        mediator=named,
                        mediator_test="blockade without effect",
                    )
                )
            case "refuted":
                claims.append(row(factor, "contributes_to", "SLE", direction="refutes"))
            case "between" if factor != other:
                claims.append(row(factor, "positively_regulates", other, "expression", cell))
    return merged(claims)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(tables(), st.integers(0, 3))
def test_a_shuffle_holds_degrees_signs_and_the_shape_of_papers(graph, rows, seed):
    v = graph.vocabulary
    claims = claimed(v, rows)
    after = shuffle(claims, v, seed)
    assert degrees(after, v) == degrees(claims, v)
    # letters are given by the first row that names a factor: a factor twice in a paper would lose a letter
    assert shape(after, v) == shape(claims, v)
    assert list(after) == sorted(after, key=lambda claim: claim[:5])


def test_a_shuffle_of_the_bundled_tables(graph):
    claims, v = graph.assertions, graph.vocabulary
    places = slots(claims, v)
    names = exchanged(places, Random(1))
    after = renamed(claims, v, names)
    assert degrees(after, v) == degrees(claims, v)
    assert sum(len(claim.evidence) for claim in after) == sum(len(claim.evidence) for claim in claims)
    assert Counter(c.effect for c in after for _ in c.evidence) == Counter(c.effect for c in claims for _ in c.evidence)
    free = sum(map(len, exchangeable(places).values()))
    assert free > 0.9 * len(places)  # few papers are like no other
    assert sum(map(len, names.values())) > 0.75 * free  # and most of the others do change
    for slot in places:
        new = names.get(slot.publication, {}).get(slot.factor, slot.factor)
        assert v.entities[new].category == slot.category


def test_without_new_names_the_claims_are_those_of_the_dataset(graph):
    assert renamed(graph.assertions, graph.vocabulary, {}) == graph.assertions


def test_a_slot_says_what_its_paper_says(graph):
    v = graph.vocabulary
    one, two = "doi:10.1000/one", "doi:10.1000/two"
    claims = [
        *attested(v, "PGE2", "Th17 cell", one),
        made(v, "PGE2", "positively_regulates", "regulatory T cell", "proliferation", publication=one),
        made(v, "TNF", "protects_against", "SLE", publication=two),
        made(v, "TNF", "contributes_to", "RA", publication=two, direction="refutes"),
    ]
    pge2, tnf = slots(claims, v)
    # PGE2 is raised, carries the lowering, and lowers one cell as it raises another: on balance 0
    assert pge2 == (one, "PGE2", "SmallMolecule", True, (("mediator", -1), ("object", 1), ("subject", 0)))
    assert tnf == (two, "TNF", "Protein", False, (("subject", -1),))


def test_factors_of_unlike_papers_do_not_change_places(graph):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "secretes", "HGF", "secretion", publication="doi:10.1000/a"),
        made(v, "T cell", "secretes", "IFNG", "secretion", publication="doi:10.1000/b"),  # not of MSC
        made(v, "MSC", "secretes", "PGE2", "secretion", publication="doi:10.1000/c"),  # of another class
        made(v, "MSC", "negatively_regulates", "TNF", "secretion", publication="doi:10.1000/d"),  # of another sign
    ]
    assert not exchangeable(slots(claims, v))
    assert exchanged(slots(claims, v), Random(1)) == {}


def planted(v) -> tuple[Assertion, ...]:
    """TNF is tied to all cells alike, in many papers; one rare factor only to the one cell that drives lupus."""
    claims = [made(v, "Th17 cell", "contributes_to", "SLE", publication="doi:10.1000/drives", system="animal model")]
    for number in range(24):
        claims += attested(v, "TNF", CELLS[number % len(CELLS)], f"doi:10.1000/popular{number}")
    for number, factor in enumerate(("HGF", "IDO1", "TGFB1", "IL10", "IL6", "CCL2", "IL4", "VEGFA")):
        claims += attested(v, factor, CELLS[number % len(CELLS)], f"doi:10.1000/other{number}")
    for number in range(3):
        claims += attested(v, "LGALS9", "Th17 cell", f"doi:10.1000/rare{number}")
    return merged(claims)


def test_popular_is_not_specific_and_rare_may_be(graph):
    v = graph.vocabulary
    result = null(planted(v), v, lambda claims: trace(claims, v, "MSC", "SLE", count=0), shuffles=60, seed=3)
    by_name = {each.mediators: each for each in result.routes}
    popular, rare = by_name[("TNF",)], by_name[("LGALS9",)]
    assert popular.chance > 0.5
    assert popular.expected > 0.9 * popular.weight
    assert rare.chance < 0.05
    assert rare.expected < 0.5 * rare.weight
    assert (rare.slots, rare.free) == (3, 3)


def test_figures_by_hand(graph):
    """Two papers, two factors: half of the graphs exchange them, and the route through PGE2 is then not there."""
    v = graph.vocabulary
    claims = merged(
        [
            *attested(v, "IDO1", "Th17 cell", "doi:10.1000/one"),
            *attested(v, "HGF", "neutrophil", "doi:10.1000/two"),
            made(v, "Th17 cell", "contributes_to", "SLE", publication="doi:10.1000/three"),
        ]
    )
    result = null(claims, v, lambda each: trace(each, v, "MSC", "SLE", count=0), shuffles=200)
    (route,) = result.routes
    assert route.mediators == ("IDO1",)
    kept = round(route.chance * 201) - 1
    assert 70 < kept < 130
    assert route.expected == pytest.approx(route.weight * kept / 200)


def test_routes_without_factors_or_with_fixed_ones_have_no_figures(graph):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "negatively_regulates", "B cell", "proliferation", publication="doi:10.1000/a"),
        made(v, "MSC", "negatively_regulates", "Tfh cell", "proliferation", mode="contact", publication="doi:10.1000/b"),
        *attested(v, "PGE2", "Th17 cell", "doi:10.1000/c"),
        *(made(v, cell, "contributes_to", "SLE", publication="doi:10.1000/d") for cell in ("B cell", "Tfh cell", "Th17 cell")),
    ]  # fmt: skip
    ask = partial(trace, vocabulary=v, source="MSC", target="SLE", count=0)
    result = null(claims, v, ask, shuffles=1)
    assert len(ask(claims).routes) == 3
    assert result == Null(1, 1, ())
    assert [result.of(route) for route in ask(claims).routes] == [None] * 3


def test_two_factors_are_set_against_pairs(graph):
    """A pair is compared with routes of two factors that share one of them: those two seldom meet again."""
    v = graph.vocabulary

    def pair(one, other, cell, publication):
        cells = {"mediator": (one, other), "mediator_test": "blockade", "publication": publication}
        return made(v, "MSC", "negatively_regulates", cell, "proliferation", **cells)

    claims = merged(
        [
            pair("ENTPD1", "NT5E", "Th17 cell", "doi:10.1000/one"),
            pair("IDO1", "TGFB1", "Th17 cell", "doi:10.1000/two"),
            pair("HGF", "IL6", "Th17 cell", "doi:10.1000/three"),
            made(v, "Th17 cell", "contributes_to", "SLE", publication="doi:10.1000/four"),
        ]
    )
    result = null(claims, v, lambda each: trace(each, v, "MSC", "SLE", count=0), shuffles=20)
    assert {each.chance for each in result.routes} == {1.0}  # any factor does as well here
    assert all(each.expected == pytest.approx(each.weight) for each in result.routes)


def test_one_factor_is_not_set_against_pairs(graph):
    v = graph.vocabulary

    def paper(number, cell, system, *factors):
        cells = {"mediator": factors, "system": system, "publication": f"doi:10.1000/{number}"}
        return made(v, "MSC", "negatively_regulates", cell, "proliferation", **cells)

    claims = merged(
        [
            paper("a", "B cell", "review statement", "IDO1"),
            paper("b", "B cell", "review statement", "HGF"),
            paper("c", "Th17 cell", "controlled trial", "TGFB1", "IL10"),
            paper("d", "Th17 cell", "controlled trial", "LGALS9", "IL6"),
            *(made(v, cell, "contributes_to", "SLE", publication="doi:10.1000/e") for cell in ("B cell", "Th17 cell")),
        ]
    )
    result = null(claims, v, lambda each: trace(each, v, "MSC", "SLE", count=0), shuffles=40)
    assert len(result.routes) == 4
    for each in result.routes:
        assert each.expected < each.weight  # in most graphs the factor stands among the others


def test_zero_shuffles_are_refused(graph):
    with pytest.raises(QueryError, match="0 shuffled graphs give no null; ask for 1 at least"):
        graph.null("MSC", "SLE", shuffles=0)


def test_chances_are_chances_and_seeds_matter(graph):
    done: list[int] = []
    result = graph.null("MSC", "SLE", shuffles=4, seed=1, step=lambda: done.append(1))
    assert len(done) == result.shuffles == 4
    assert all(1 / 5 <= each.chance <= 1 and 0 <= each.expected <= 1 and 0 < each.weight <= 1 for each in result.routes)
    assert all(1 <= each.free <= each.slots for each in result.routes)
    assert graph.null("MSC", "SLE", shuffles=4, seed=1) == result
    assert graph.null("MSC", "SLE", shuffles=4, seed=2) != result
    answer = graph.trace("MSC", "SLE", count=0)
    weights = {(r.sign, r.mediators, r.less): r.weight for r in (*answer.routes, *answer.counter_routes)}
    assert all(each.weight == weights[(each.sign, each.mediators, each.less)] for each in result.routes)


@pytest.mark.parametrize(("source", "target"), [("SLE", "MSC"), ("IFNG", "RA"), ("umbilical cord MSC", "SLE")])
def test_the_question_is_that_of_trace(graph, source, target):
    answer = graph.trace(source, target, count=0)
    weights = {(r.sign, r.mediators, r.less): r.weight for r in (*answer.routes, *answer.counter_routes)}
    found = graph.null(source, target, shuffles=1).routes
    assert found
    assert all(each.weight == weights[(each.sign, each.mediators, each.less)] for each in found)


def test_a_route_under_a_heavier_one_counts(graph):
    """Alone CD73 is listed under CD39 with CD73; a shuffled graph that says so still gives it its weight."""
    v = graph.vocabulary
    one = made(
        v, "MSC", "negatively_regulates", "Th17 cell", "proliferation", mediator=("IDO1",), mediator_test="blockade"
    )
    claims = merged(
        [
            one,
            made(v, "MSC", "negatively_regulates", "Th17 cell", "proliferation", mediator=("ENTPD1", "IDO1"), mediator_test="knockdown", system="animal model"),
            made(v, "Th17 cell", "contributes_to", "SLE", publication="doi:10.1000/three"),
        ]
    )  # fmt: skip
    answer = trace(claims, v, "MSC", "SLE", count=0)
    assert [(route.label, bool(route.also)) for route in answer.routes] == [("via ENTPD1 and IDO1", True)]
    single = answer.routes[0]._replace(mediators=("IDO1",), weight=answer.routes[0].also[0][1], also=())
    assert null(claims, v, lambda _: answer._replace(routes=(single,)), shuffles=1).routes == ()  # one paper: fixed

    other = made(
        v, "MSC", "negatively_regulates", "B cell", "survival", mediator=("HGF",), publication="doi:10.1000/other"
    )
    told = iter([answer._replace(routes=(single,)), answer])
    (figures,) = null([*claims, other], v, lambda _: next(told), shuffles=1).routes
    assert figures.expected == pytest.approx(single.weight)


def test_what_is_blocked_stays_blocked(graph):
    result = graph.null("MSC", "SLE", shuffles=1, block=["TGFB1"], max_length=3)
    assert result.routes
    assert not any("TGFB1" in each.mediators for each in result.routes)


SCRIPT = """
import kg
print([each._asdict() for each in kg.load().null("MSC", "pSS", shuffles=2, seed=5).routes])
"""


def test_figures_do_not_depend_on_the_hash_seed(graph):
    said = {
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "77")
    }
    assert len(said) == 1
    assert "'chance': " in said.pop()


def test_of_tells_the_signs_apart(graph):
    route = graph.trace("MSC", "SLE", via=["TGFB1"], count=1).routes[0]
    same = Expected(route.sign, route.mediators, 0.5, 0.1, 0.2, 1, 1)
    assert Null(4, 1, (same._replace(sign=-route.sign, chance=1.0), same)).of(route) == same
    assert Null(4, 1, ()).of(route) is None


def test_command(graph, capsys):
    from kg.cli import main

    def said(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(["trace", "MSC", "SLE", "-k", "3", *arguments])
        out = capsys.readouterr().out
        return caught.value.code, out

    code, out = said("--null", "2", "--format", "json")
    body = json.loads(out)
    assert code == 0
    assert body["command"] == "kg trace MSC SLE --null 2 -k 3"
    assert all({"expected", "chance"} <= set(route) for route in body["routes"])
    assert {route["chance"] is None for route in body["routes"]} <= {True, False}
    assert any(route["chance"] for route in body["routes"])
    assert said("--null", "2", "--format", "json", "--seed", "2")[1] != out
    plain = json.loads(said("--format", "json")[1])
    assert not any({"expected", "chance"} & set(route) for route in plain["routes"])

    code, out = said("--null", "2", "--format", "tsv")
    lines = [line.split("\t") for line in out.splitlines()]
    assert lines[0][-2:] == ["expected", "chance"]
    assert {len(line) for line in lines} == {len(lines[0])}
    assert "expected" not in said("--format", "tsv")[1]

    code, out = said("--null", "2")
    assert "2 shuffles of which factor each paper is about, seed 1" in out
    assert "expected for so often studied a factor, chance" in out
    assert "expected" not in said()[1]
    assert said("--null", "0")[0] == 2
