"""The compact form and its search: the same pairs, factors and answers as `kg.chains`, whatever the graph."""

from __future__ import annotations

import dataclasses
import itertools
import os
import random
import shutil
import subprocess
import sys

import numpy as np
import pytest

import kg
from kg import bestfirst, dataset, lookahead
from kg.bestfirst import Found, Question, best
from kg.chains import Chains, belief, chains
from kg.compact import LEAD, Columns, Compact, Rules, assembled, compact, rules
from kg.errors import SourceError
from kg.graph import Context, Weigher
from kg.mechanisms import trace
from kg.model import Assertion, Evidence, assertion_id

NAMES = ("MSC", "MSC-EV", "PGE2", "IL10", "T cell", "CD4+ T cell", "Th17 cell", "macrophage")
ENDS = ("SLE", "lupus nephritis")
PAPERS = ("doi:10.1000/one", "doi:10.1000/two", "pmc:PMC3")
WAYS = {"backwards": (10**9, 1.0, 1.0), "lazily": (0, 0.0, 10**9), "in one pass": (0, 0.0, 0.0)}


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """Each way in which the bound is worked out, by itself."""
    for name, value in zip(("FEW", "BACKWARD", "DENSE"), WAYS[request.param], strict=True):
        monkeypatch.setattr(lookahead, name, value)
    return request.param


@pytest.fixture(scope="module")
def whole(graph):
    """The bundled claims in compact form."""
    return compact(graph.assertions, graph.vocabulary)


def made(vocabulary, subject, predicate, object, aspect="", cell="", rows=({},)) -> Assertion:
    plain = {"species": ("human",), "system": "in vitro", "read": "abstract", "publication": PAPERS[0]}
    evidence = tuple(Evidence(**{**plain, **row}) for row in rows)
    effect = vocabulary.effect(predicate, aspect)
    return Assertion(
        subject,
        predicate,
        object,
        aspect,
        cell,
        effect,
        evidence,
        assertion_id(subject, predicate, object, aspect, cell),
    )


def weights(ready, claims, vocabulary, context):
    weigher = Weigher(vocabulary, context)
    return [
        belief(ready[index], claims[ready[index].claim], weigher) * ready[index].penalty
        for index in range(len(ready.links))
    ]


def enumerated(ready: Chains, claims, question: Question, weigh) -> list[tuple[float, int, tuple[int, ...]]]:
    """Every chain by going down all pairs: score, sign, links; no bound, no order, no short cut."""
    found = []

    def inner(path, value, sign, seen, crossed):
        link = ready[path[-1]]
        end = claims[link.claim].object
        if end in question.ends:
            found.append((value * question.ends[end], sign, path))
            return
        if len(path) == question.length:
            return
        for other, place, _, crossing in zip(*ready.follows[path[-1]], strict=True):
            step(path, other, value * ready.factors[place], sign, seen, crossed, ready.bridges[crossing])

    def step(path, other, value, sign, seen, crossed, bridge=""):
        link = ready[other]
        claim = claims[link.claim]
        fits = (
            claim.object not in seen
            and seen.isdisjoint(link.mediators)
            and not (bridge and (crossed or bridge in seen))
        )
        fits = fits and (claim.object in question.ends or not (link.last or link.association))
        fits = fits and not question.avoid & {claim.subject, claim.object, claim.cell, *link.mediators}
        if link.last and claim.subject == question.source and not link.mediators and not question.direct:
            return
        new = value * weigh(other)
        if fits and new > 0:
            passed = seen | {claim.object, *link.mediators} | ({bridge} if bridge else set())
            inner((*path, other), new, sign * link.effect, passed, crossed or bool(bridge))

    for index in range(len(ready.links)):
        if claims[ready[index].claim].subject == question.source:
            step((), index, 1.0, 1, {question.source}, False)
    return sorted(found, key=lambda each: (-each[0], each[2]))


def passed(ready: Chains, claims, path) -> set[str]:
    """All names on the way of a chain."""
    names = {claims[ready[path[0]].claim].subject}
    for index in path:
        link = ready[index]
        names |= {claims[link.claim].subject, claims[link.claim].object, *link.mediators}
    return names


def plain(found: list[Found]) -> list[tuple[float, int, tuple[int, ...]]]:
    return [(each.score, each.sign, tuple(index for index, *_ in each.hops)) for each in found]


def same_pairs(ready: Chains, ours: Compact) -> None:
    """Hold all pairs against each other, to the last bit; and no pair hangs together better than the bound allows."""
    assert len(ours) == len(ready.links)
    leads = Rules(ours.allowed, ours.priors, ()).leads
    for first, (others, places, attestations, bridges) in enumerate(ready.follows):
        edges, slots = ours.after(first)
        factors, how = ours.composed(first, edges, slots)
        fit = np.flatnonzero(factors)
        assert edges[fit].tolist() == others
        assert factors[fit].tolist() == [ready.factors[place] for place in places]
        assert how[fit].tolist() == attestations
        names = [ours.names[ours.bridge[slot]] if slot >= 0 else "" for slot in slots[fit].tolist()]
        assert names == [ready.bridges[place] for place in bridges]
        for other, attestation in zip(others, attestations, strict=True):
            assert leads[ours.flags[other] >> LEAD] >= ours.priors[attestation - 1]


@pytest.mark.parametrize("through_msc", [False, True])
def test_every_pair_of_the_bundled_tables_and_no_other(graph, whole, through_msc):
    same_pairs(graph.chains_through_msc if through_msc else graph.chains, whole.passing(through_msc))


def test_a_bridge_brings_the_paper_but_not_the_leg(graph):
    v = graph.vocabulary
    leg = [{"leg_of": "MSC -> SLE"}]
    claims = [
        made(v, "MSC", "positively_regulates", "CD4+ T cell", "abundance", rows=leg),
        made(v, "Th17 cell", "contributes_to", "SLE", rows=leg),
    ]
    ready, ours = chains(claims, v), compact(claims, v)
    assert [ready.follows[0][2], ready.follows[1][2]] == [[2], []]
    same_pairs(ready, ours)
    assert ours.flags[1] >> LEAD == 2


def test_links_are_the_same(graph, whole):
    assert [whole[index] for index in range(len(whole))] == [graph.chains[n] for n in range(len(graph.chains.links))]


def test_bytes_a_link(whole):
    assert 30 < whole.bytes_a_link <= 48
    assert whole.bytes_a_link * len(whole) <= sum(array.nbytes for array in whole.arrays.values())


@pytest.mark.parametrize(
    ("source", "target", "options"),
    [
        ("MSC", "SLE", {}),
        ("MSC", "RA", {"length": 3}),
        ("MSC", "SSc", {"via": frozenset({"NOTCH1"})}),
        ("MSC", "RA", {"via": frozenset({"contact"})}),
        ("MSC", "RA", {"via": frozenset({"PGE2", "Th17 cell"})}),
        ("MSC", "SLE", {"via": frozenset({"lupus nephritis"})}),
        ("MSC", "SLE", {"via": frozenset({"nothing of the kind"})}),
        ("MSC", "pSS", {"avoid": frozenset({"PGE2", "Th17 cell", "contact"})}),
        ("MSC", "SLE", {"length": 1, "direct": True}),
        ("MSC", "IIM", {"length": 6}),
        ("MSC-EV", "RA", {}),
        ("IFNG", "RA", {"direct": True}),
        ("IL6", "SLE", {"direct": True, "length": 4}),
        ("MSC", "Th17 cell", {}),
        ("Th17 cell", "SLE", {"direct": True}),
        ("MSC", "human", {}),
        ("nothing of the kind", "SLE", {}),
        ("SLE", "SLE", {}),
        ("MSC", "SLE", {"avoid": frozenset({"MSC"})}),
    ],
)
def test_answers_on_the_bundled_tables(graph, whole, way, source, target, options):
    v = graph.vocabulary
    ends = {target: 1.0} | dict.fromkeys(sorted(v.descendants(target)), 0.8)
    question = Question(source, ends, **{"length": 5, **options})
    through = "direct" in options
    ready = graph.chains_through_msc if through else graph.chains
    worth = weights(ready, graph.assertions, v, Context(disease="SLE"))
    found = best(graph.assertions, ready, question, worth.__getitem__, 0.002)
    assert best(graph.assertions, whole.passing(through), question, worth.__getitem__, 0.002) == found


def test_bound_is_never_too_low(graph, whole, way):
    """What the levels promise, against the best completion over pairs, coherence included."""
    claims, ready = graph.assertions, graph.chains
    worth = weights(ready, claims, graph.vocabulary, Context(species=""))
    question = Question("MSC", {"SLE": 1.0}, 5)
    named = ready.named(claims)
    usable = bestfirst._usable(named, question)
    exact, _ = bestfirst._rest(named, usable, question, worth.__getitem__, set(), 0.0)
    numbers = whole.numbers
    levels = lookahead.Levels(whole, [numbers["MSC"]], {numbers["SLE"]: (1.0, 0.0)}, 40)
    known = levels.know(40, np.arange(len(whole.names)))
    for index, pair in exact.items():
        place = 2 * numbers[named.objects[index]]
        assert known[place] >= pair[0]
        assert known[place + 1] >= pair[1]
    shallow = levels.know(1, np.arange(len(whole.names)))
    assert (known >= shallow).all()
    assert (known > shallow).any()


def test_states_are_popped_best_first(graph, whole, monkeypatch):
    popped = []
    monkeypatch.setattr(
        bestfirst.heapq, "heappop", lambda heap, pop=bestfirst.heapq.heappop: popped.append(heap[0][0]) or pop(heap)
    )
    worth = weights(graph.chains, graph.assertions, graph.vocabulary, Context(disease="SLE"))
    found = best(graph.assertions, whole, Question("MSC", {"SLE": 1.0}, 5, most=50), worth.__getitem__, 0.0)
    assert len(found) >= 50
    assert len(popped) > 100
    for before, after in itertools.pairwise(popped):
        assert after >= before * (1 + 1e-4)


def tables(vocabulary, chance: random.Random) -> list[Assertion]:
    """Random claims: parallel, cyclic, of both signs, with cells, legs, mediators, diseases, associations, outcomes."""
    choice = chance.choice
    regulates = ["positively_regulates", "negatively_regulates"]
    aspects = ["abundance", "secretion", "phagocytosis", "suppressive function", "proliferation", "apoptosis"]
    optional = {
        "disease": ["SLE", "RA", "lupus nephritis"],
        "leg_of": ["MSC -> T cell", "PGE2 -> macrophage"],
        "mediator": [("PGE2",), ("IL10",), ("PGE2", "IL10")],
        "mode": ["contact", "soluble"],
        "species": [("human",), ("mouse",)],
        "direction": ["supports", "supports", "supports", "refutes"],
    }
    claims: dict[str, Assertion] = {}
    for _ in range(chance.randint(3, 16)):
        subject = choice(NAMES)
        if chance.random() < 0.7:
            object_ = choice([name for name in NAMES if name != subject])
            words = (subject, choice(regulates), object_, choice(aspects), choice(["", "", "T cell", "macrophage"]))
        else:
            predicate = choice(["contributes_to", "protects_against", "increased_in", "ameliorates"])
            words = (subject, predicate, choice(ENDS), choice(["", "", "phagocytosis"]), "")
        rows = [
            {
                "publication": choice(PAPERS),
                **{key: choice(each) for key, each in optional.items() if chance.random() < 0.4},
            }
            for _ in range(chance.randint(1, 3))
        ]
        claim = made(vocabulary, *words, rows=rows)
        claims[claim.id] = claim
    return sorted(claims.values(), key=lambda claim: (claim.subject, claim.id))


@pytest.mark.parametrize("through_msc", [False, True])
def test_answers_on_random_claims(graph, through_msc):
    """Against every chain gone down one by one and against all pairs worked out beforehand, to the last bit."""
    v, answered = graph.vocabulary, 0
    for seed in range(500):
        chance = random.Random(seed)
        claims = tables(v, chance)
        source = chance.choice(["MSC", "PGE2"])
        avoid = frozenset(chance.sample(["IL10", "T cell", "contact"], chance.choice([0, 0, 1])))
        via = frozenset(chance.sample(["PGE2", "IL10", "CD4+ T cell", "contact", "SLE"], chance.choice([0, 0, 1, 2])))
        chunk, way = chance.choice([1, 2, 64]), chance.choice(sorted(WAYS))
        question = Question(source, {"SLE": 1.0, "lupus nephritis": 0.8}, 4, via, avoid, through_msc, 10**6)
        ready, ours = chains(claims, v, through_msc), compact(claims, v).passing(through_msc)
        worth = weights(ready, claims, v, Context(disease="SLE"))
        assert [ours[index] for index in range(len(ours))] == [ready[index] for index in range(len(ready.links))]
        same_pairs(ready, ours)
        everything = [
            each
            for each in enumerated(ready, claims, question, worth.__getitem__)
            if via <= passed(ready, claims, each[2])
        ]
        with pytest.MonkeyPatch.context() as patch:
            for name, value in zip(("FEW", "BACKWARD", "DENSE"), WAYS[way], strict=True):
                patch.setattr(lookahead, name, value)
            patch.setattr(lookahead, "CHUNK", chunk)
            found = best(claims, ours, question, worth.__getitem__, 0.0)
            assert found == best(claims, ready, question, worth.__getitem__, 0.0)
            assert sorted(plain(found)) == sorted(everything)
            for count in (1, 2):
                few = plain(best(claims, ours, question._replace(most=count), worth.__getitem__, 0.0))
                for sign in (-1, 1):
                    scores = [each[0] for each in everything if each[1] == sign][:count]
                    assert [each[0] for each in few if each[1] == sign] == scores
        answered += bool(everything)
    assert answered > 60


def columns(edges, names, **given) -> Columns:
    """Links (subject, target, effect, weight) between numbered names, no aspects, one paper each."""
    subject, target, effect, weight = (np.array(each) for each in zip(*edges, strict=True))
    count, size = len(edges), len(names)
    none = (np.zeros(size, np.int64), np.zeros(0, np.int32))
    usual = {
        "subject": subject,
        "target": target,
        "cell": np.full(count, -1),
        "weight": weight,
        "flags": np.where(effect < 0, 1, 0) + 32,
        "traits": np.zeros(count),
        "group": np.zeros(count),
        "need": np.zeros(count),
        "diseases": np.zeros(count),
        "claim": np.arange(count),
        "marks": (np.ones(count, np.int64), np.arange(count)),
        "mediators": (np.zeros(count, np.int64), np.zeros(0, np.int32)),
        "contests": (np.zeros(count, np.int64), np.zeros(0, np.int32)),
        "names": names,
        "penalty": np.ones(size),
        "layer": np.zeros(size),
        "inside": np.full(size, 3),
        "bridges": none,
        "wider": np.zeros(0, bool),
        "kin": none,
        "sets": (np.array([0]), np.zeros(0, np.int32)),
    }
    return Columns(**usual | given)


FREE = Rules(np.ones((1, 2, 2), bool), np.array([1.0, 1.0, 1.0, 0.5, 0.5, 0.5]), ("any",))


@pytest.mark.parametrize("seed", range(200))
def test_best_few_on_dense_graphs(seed, monkeypatch):
    """Names met again at other depths, with other signs to come and other things yet to pass: the best few by hand."""
    chance = random.Random(seed)
    size = 9
    names = ["S", "T", *"ABCDEFG"]
    edges = [
        (a, b, chance.choice([1, -1]), chance.uniform(0.1, 1.0))
        for a in range(size)
        for b in range(size)
        if a != b and a != 1 and b != 0 and chance.random() < 0.5
    ]
    graph = assembled(columns(edges, names), FREE)
    monkeypatch.setattr(lookahead, "CHUNK", chance.choice([1, 64]))
    worth, found = graph.weight.tolist(), []
    via = set(chance.sample("ABCDEFG", chance.choice([0, 1, 2])))

    def inner(path, at, seen, sign, value):
        for place in range(int(graph.first[at]), int(graph.first[at + 1])):
            end, effect = int(graph.target[place]), edges[place][2]
            if end == 1 and via <= {names[each] for each in seen}:
                found.append((value * worth[place], sign * effect))
            elif end != 1 and end not in seen and len(path) < 4:
                inner((*path, place), end, seen | {end}, sign * effect, value * worth[place])

    inner((), 0, {0}, 1, 1.0)
    for count in (1, 3, 10**6):
        question = Question("S", {"T": 1.0}, 5, frozenset(via), direct=True, most=count)
        answer = best((), graph, question, worth.__getitem__, 0.0)
        for sign in (-1, 1):
            scores = sorted((score for score, each in found if each == sign), reverse=True)[:count]
            assert [each.score for each in answer if each.sign == sign] == pytest.approx(scores)


def test_ties_are_broken_by_the_order_of_links(way):
    """A hundred chains of one score: the first ten by their links, though the search meets others first."""
    names = ["S", "T", *(f"A{n}" for n in range(100))]
    edges = [(0, 101 - n, 1, 0.5) for n in range(100)] + [(2 + n, 1, 1, 0.5) for n in range(100)]
    graph = assembled(columns(edges, names), FREE)
    found = best((), graph, Question("S", {"T": 1.0}, 3, most=10), graph.weight.tolist().__getitem__, 0.0)
    assert {each.hops[0][0] for each in found} == set(range(10))
    assert [each.names[1] for each in found] == sorted(f"A{n}" for n in range(90, 100))


def test_hubs_are_not_pushed_whole(way, monkeypatch):
    """Two hubs of five thousand claims in a row: the ten best chains look at few of the 25 million pairs."""
    chance = np.random.default_rng(1)
    names = ["S", "H", "G", "T", *(f"A{n}" for n in range(5000)), *(f"B{n}" for n in range(5000))]
    first, second = range(4, 5004), range(5004, 10004)
    pairs = [
        (0, 1),
        *((1, n) for n in first),
        *((n, 2) for n in first),
        *((2, n) for n in second),
        *((n, 3) for n in second),
    ]
    edges = [(a, b, 1 if chance.random() < 0.5 else -1, chance.uniform(0.1, 0.9)) for a, b in pairs]
    graph = assembled(columns(edges, names), FREE)
    pushed = []
    push = lookahead.heapq.heappush
    monkeypatch.setattr(lookahead.heapq, "heappush", lambda heap, state: pushed.append(1) or push(heap, state))
    worth = graph.weight.tolist()
    found = best((), graph, Question("S", {"T": 1.0}, 6, most=10), worth.__getitem__, 0.0)
    assert len(pushed) < 3000
    out = {(a, b): (effect, worth[place]) for place, (a, b, effect, _) in enumerate(sorted(edges, key=lambda e: e[0]))}
    left = sorted(((out[1, n][0] * out[n, 2][0], out[1, n][1] * out[n, 2][1]) for n in first), key=lambda e: -e[1])[
        :400
    ]
    right = sorted(((out[2, n][0] * out[n, 3][0], out[2, n][1] * out[n, 3][1]) for n in second), key=lambda e: -e[1])[
        :400
    ]
    effect, weight = out[0, 1]
    for sign in (-1, 1):
        scores = sorted(
            (weight * a[1] * b[1] for a in left for b in right if effect * a[0] * b[0] == sign), reverse=True
        )
        assert [each.score for each in found if each.sign == sign] == pytest.approx(scores[:10])


def test_coherence_is_not_left_to_the_bound(graph, way):
    """The bound promises most by uptake and by another cell's factor; neither coheres, so the weak chain is the answer."""
    v = graph.vocabulary
    strong = [{"system": "meta-analysis", "publication": paper} for paper in PAPERS]
    claims = [
        made(v, "MSC", "positively_regulates", "macrophage", "phagocytosis", rows=strong),
        made(v, "MSC", "positively_regulates", "macrophage", "abundance", rows=[{"system": "review statement"}]),
        made(v, "MSC", "positively_regulates", "Th17 cell", "migration", rows=strong),
        made(v, "Th17 cell", "contributes_to", "SLE", rows=[{"publication": "pubmed:104"}]),
        made(v, "PGE2", "positively_regulates", "Th17 cell", "abundance", rows=strong),
        made(
            v, "macrophage", "contributes_to", "SLE", rows=[{"publication": "pubmed:104", "system": "review statement"}]
        ),
    ]
    ours, ready = compact(claims, v), chains(claims, v)
    worth = weights(ready, claims, v, Context())
    found = best(claims, ours, Question("MSC", {"SLE": 1.0}, 5, most=1), worth.__getitem__, 0.0)
    assert [each.names for each in found] == [("MSC", "macrophage", "SLE")]
    assert [index for index, *_ in found[0].hops] == [1, 5]
    assert found == best(claims, ready, Question("MSC", {"SLE": 1.0}, 5, most=1), worth.__getitem__, 0.0)


def test_claims_in_any_order(graph, whole):
    """Out of order, links have other numbers; the chains are the same."""
    shuffled = [graph.assertions[n] for n in np.random.default_rng(2).permutation(len(graph.assertions))]
    ours = compact(shuffled, graph.vocabulary)
    question = Question("MSC", {"RA": 1.0}, 4, most=10**6)

    def told(claims, ready):
        weigher = Weigher(graph.vocabulary, Context())
        worth = {}
        for index in range(len(ready)):
            link = ready[index]
            worth[index] = belief(link, claims[link.claim], weigher) * link.penalty
        found = best(claims, ready, question, worth.__getitem__, 0.01)
        return {
            (each.names, tuple(claims[ready[index].claim].id for index, *_ in each.hops), round(each.score, 12))
            for each in found
        }

    assert told(shuffled, ours) == told(graph.assertions, whole)


def test_no_claims(graph):
    ours = compact((), graph.vocabulary)
    assert len(ours) == 0
    assert best((), ours, Question("MSC", {"SLE": 1.0}, 5), lambda _: 1.0, 0.0) == []


def test_rules_say_what_the_ontology_says(graph):
    ruled = rules(graph.vocabulary.ontology)
    for number, name in enumerate(ruled.groups):
        group = graph.vocabulary.ontology.chains[name]
        assert ruled.allowed[number, 0].tolist() == [group.unstated, group.unstated or group.lowering]
        assert {ruled.groups[n] for n in np.flatnonzero(ruled.allowed[number, 1:, 0])} == group.into
    assert (np.diff(ruled.leads) >= 0).all()


def test_too_many_sets_are_refused():
    sets = (np.zeros((1 << 16) + 1, np.int64), np.zeros(0, np.int32))
    with pytest.raises(ValueError, match="sets of diseases"):
        assembled(columns([(0, 1, 1, 0.5)], ["S", "T"], sets=sets), FREE)
    graph = assembled(columns([(0, 1, 1, 0.5)], ["S", "T"]), FREE)
    with pytest.raises(LookupError):
        graph[0]


@pytest.fixture
def many(small, tmp_path, monkeypatch):
    """The small tables built as if they were large."""
    monkeypatch.setattr(dataset, "MANY", 1)
    return kg.build(small, tmp_path / "built")


def test_built_when_there_are_many_claims(small, small_graph, many, tmp_path):
    graph = kg.load(many)
    assert not (many / "chains.json").exists()
    for source, target in (("MSC", "SLE"), ("PGE2", "SLE"), ("IDO1", "RA")):
        assert graph.trace(source, target) == small_graph.trace(source, target)
    assert graph.blockade("MSC", "SLE", ["PGE2"]) == small_graph.blockade("MSC", "SLE", ["PGE2"])
    for name, array in compact(graph.assertions, graph.vocabulary).arrays.items():
        assert np.array_equal(array, graph.compact.arrays[name]), name
        assert array.dtype == graph.compact.arrays[name].dtype


def test_the_same_bytes_for_every_hash_seed(small, tmp_path):
    code = (
        "import sys, kg.dataset\n"
        "from pathlib import Path\n"
        "kg.dataset.MANY = 1\n"
        "kg.dataset.build(Path(sys.argv[1]), Path(sys.argv[2]))\n"
    )
    for seed in "01":
        command = [sys.executable, "-c", code, str(small), str(tmp_path / seed)]
        subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": seed})
    files = sorted((tmp_path / "0" / "compact").glob("*.npy"))
    assert len(files) > 20
    for path in files:
        assert path.read_bytes() == (tmp_path / "1" / "compact" / path.name).read_bytes()


def test_damage_is_named(many, tmp_path):
    for number, (name, content) in enumerate((("target", None), ("flags", b"junk"), ("weight", b""))):
        folder = tmp_path / f"damaged {number}"
        shutil.copytree(many, folder)
        graph = kg.load(folder)
        path = folder / "compact" / f"{name}.npy"
        path.unlink() if content is None else path.write_bytes(content)
        with pytest.raises(SourceError, match="compact/"):
            graph.trace("MSC", "SLE")
        with pytest.raises(SourceError):
            kg.load(folder)
    graph = kg.load(many)
    np.save(many / "compact" / "target.npy", graph.compact.target[:-1])
    with pytest.raises(SourceError, match="different lengths"):
        _ = dataclasses.replace(graph).compact


@pytest.mark.parametrize(("source", "target"), [("MSC", "SSc"), ("MSC", "SLE"), ("SLE", "MSC"), ("IFNG", "Th17 cell")])
def test_whole_answers_are_the_same(graph, whole, source, target):
    """Manifestations, contested claims and turned ones included: all that a trace weighs by itself."""
    start = graph.resolve(source)
    claims = graph.claims_for(start)
    ours = (whole if claims is graph.assertions else compact(claims, graph.vocabulary)).passing(source != "MSC")
    answers = [
        trace(claims, graph.vocabulary, source, target, count=0, ready=ready) for ready in (graph._ready(start), ours)
    ]
    assert answers[0].routes
    assert answers[0] == answers[1]
