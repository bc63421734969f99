"""Odd requests, the same on every run, against a real server: no 500, no hang, no undocumented status, nothing lost.

`scripts/soak.py` throws many more of them at the bundled data.
"""

from __future__ import annotations

import http.client
import json
import socket
import time
from collections import Counter
from urllib.parse import quote, urlencode

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from kg import __version__
from kg.catalogue import ready
from kg.protocol import Limits
from kg.questions import QUESTIONS, openapi
from tests.grammar import Asking, Grammar, fault, rows_of
from tests.test_serve import serving

LIMIT = 2.0
DOCUMENT = openapi("http://127.0.0.1", __version__)
OPERATIONS = {path: item["get"] for path, item in DOCUMENT["paths"].items()}
FORMATS = ("application/sparql-results+json", "text/tab-separated-values", "application/sparql-results+xml")


@pytest.fixture(scope="module")
def served(small_graph):
    with serving(small_graph.folder, Limits(seconds=LIMIT)) as made:
        made.listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as `kg serve`: connections inherit it
        yield made


@pytest.fixture
def connection(served):
    made = http.client.HTTPConnection("127.0.0.1", served.port, timeout=30)
    yield made
    made.close()


def ask(connection, asked: Asking):
    connection.request(asked.method, asked.target, asked.body, {"Accept-Encoding": "identity", **asked.headers})
    answer = connection.getresponse()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def grammar(small_graph, seed: int) -> Grammar:
    return Grammar(seed, [text for _, text in ready(small_graph.vocabulary)], DOCUMENT)


def test_the_same_seed_gives_the_same_requests(small_graph):
    one, two, three = (grammar(small_graph, seed) for seed in (1, 1, 2))
    first = [one.request() for _ in range(300)]
    assert first == [two.request() for _ in range(300)]
    assert first != [three.request() for _ in range(300)]


@pytest.mark.parametrize("seed", [1, 2])
def test_odd_requests_get_documented_answers(served, small_graph, connection, seed):
    made, found, forms = grammar(small_graph, seed), Counter(), Counter()
    for _ in range(1000):
        asked = made.request()
        if "gzip" in asked.headers.values():
            asked = asked._replace(headers={})
        began = time.perf_counter()
        try:
            status, headers, body = ask(connection, asked)
        except http.client.IncompleteRead:  # stopped in the middle, and said so
            connection.close()
            continue
        assert time.perf_counter() - began < LIMIT + 5, asked
        assert not fault(asked, status, headers, body), (asked, status, headers, body[:500])
        found[status] += 1
        if status == 200 and asked.sparql:
            forms[headers["content-type"].partition(";")[0]] += 1
    assert found[200] > 300, found  # most of it is understood, so that it reaches the engine
    assert found[400] > 100, found
    assert found[503] < 20, found
    assert len(forms) > 8, forms
    assert not [entry for entry in served.log if entry.get("status", 0) == 500]
    lost = [entry for entry in served.log if "a worker ended" in str(entry.get("why", ""))]
    assert not lost, lost


def test_a_query_has_as_many_rows_in_each_format(served, small_graph, connection):
    made, compared = grammar(small_graph, 3), 0
    for _ in range(400):
        query = made.query()
        if any(word in query.upper() for word in ("RAND", "UUID", "NOW", "BNODE")):
            continue
        counts = set()
        for kind in FORMATS:
            headers = {"Content-Type": "application/sparql-query", "Accept": kind}
            status, headers, body = ask(connection, Asking("POST", "/sparql", headers, query.encode()))
            counts.add(rows_of(headers, body) if status == 200 else f"status {status}")
        assert len(counts) == 1, (counts, query)
        compared += "status" not in str(counts)
    assert compared > 100


def fits(value: object, schema: dict) -> bool:
    """Whether a value is what a schema of the document says: the few words that the document uses."""
    if "$ref" in schema:
        return fits(value, DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    kinds = {"object": dict, "array": list, "string": str, "integer": int}
    assert set(schema) <= {"type", "required", "properties", "items"}, schema
    if not isinstance(value, kinds[schema["type"]]):
        return False
    if isinstance(value, list):
        return all(fits(each, schema["items"]) for each in value)
    if isinstance(value, dict):
        known = schema.get("properties", {})
        return set(schema.get("required", ())) <= set(value) and all(
            fits(each, known[name]) for name, each in value.items() if name in known
        )
    return True


NAMES = {"source": ["MSC"], "target": ["SLE", "RA"], "left": ["SLE"], "right": ["RA"], "disease": ["SLE", "RA"]}


def texts_of(parameter: dict) -> st.SearchStrategy:
    """Texts for one parameter: such as the document allows, most of them, and others."""
    free = st.text(st.characters(codec="utf-8"), max_size=30)
    if parameter["schema"]["type"] == "integer":
        least, most = parameter["schema"]["minimum"], parameter["schema"]["maximum"]
        return st.integers(least, most).map(str) | st.integers().map(str) | free
    more = ["MSC", "IL17A", "Th17 cell", "human", "any", "animal", "in vitro", "umbilical cord"]
    good = st.sampled_from(NAMES.get(parameter["name"], more))
    return st.one_of(good, good, good, st.sampled_from(more), free)


def pairs_of(operation: dict) -> st.SearchStrategy:
    """Names and values for an operation: what is required is seldom missing, a few others, now and then twice."""
    known = {each["name"]: each for each in operation["parameters"]}
    needed = [name for name, each in known.items() if each["required"]]
    others = [name for name in known if name not in needed]

    def values(names: list[str]) -> st.SearchStrategy:
        one = {name: st.lists(texts_of(known[name]), min_size=1, max_size=1) for name in names}
        many = {name: st.lists(texts_of(known[name]), max_size=2) for name in names}
        return st.one_of(*(st.fixed_dictionaries(each) for each in (one, one, one, many)))

    some = st.lists(st.sampled_from(others), unique=True, max_size=2) if others else st.just([])
    return some.flatmap(lambda chosen: values(needed + chosen))


@pytest.mark.parametrize("path", OPERATIONS)
def test_the_api_answers_as_its_document_says(connection, path):
    operation, seen = OPERATIONS[path], Counter()

    @settings(max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(pairs_of(operation))
    def check(values):
        target = f"{path}?{urlencode(values, doseq=True, quote_via=quote)}"
        status, headers, body = ask(connection, Asking("GET", target, {}))
        seen[status] += 1
        assert str(status) in operation["responses"], (target, status, body[:300])
        assert not fault(Asking("GET", target, {}), status, headers, body)
        content = operation["responses"][str(status)]["content"]
        (kind,) = content
        assert headers["content-type"] == kind
        assert fits(json.loads(body), content[kind]["schema"])

    check()
    assert set(seen) >= {200, 400}, seen


def test_the_document_says_that_what_is_required_is_not_empty(connection):
    for path, operation in OPERATIONS.items():
        for parameter in operation["parameters"]:
            if parameter["required"]:
                assert parameter["schema"]["minLength"] == 1
                others = [(p["name"], "MSC") for p in operation["parameters"] if p["required"] and p != parameter]
                target = f"{path}?{urlencode([*others, (parameter['name'], '')])}"
                assert ask(connection, Asking("GET", target, {}))[0] == 400


def test_the_document_names_every_question():
    assert set(OPERATIONS) == {f"/api/{name}" for name in QUESTIONS}
