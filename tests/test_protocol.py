"""The SPARQL Protocol as values: what is asked, what is refused with which status, and which format wins."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import RequestError
from kg.protocol import GRAPHS, RESULTS, Asked, Limits, Request, asked, entity_tag, negotiate, pairs, unchanged

LIMITS = Limits(query=1000)
ASK = "ASK { ?s ?p 'a+b&c=é' }"
FORM = "application/x-www-form-urlencoded"


def post(body: str | bytes, content_type: str, query: str = "") -> Request:
    content = body.encode() if isinstance(body, str) else body
    return Request("POST", "/sparql", query, content_type=content_type, body=content)


@pytest.mark.parametrize(
    "request_",
    [
        Request("GET", "/sparql", f"query={quote(ASK)}"),
        Request("HEAD", "/sparql", f"query={quote(ASK)}"),
        Request("GET", "/sparql", f"format=json&query={quote(ASK).replace('%20', '+')}"),
        post(f"query={quote(ASK)}", FORM),
        post(f"query={quote(ASK)}", f"{FORM.upper()}; charset=UTF-8"),
        post(ASK, "application/sparql-query"),
        post(ASK, 'application/sparql-query; charset="utf-8"'),
    ],
    ids=["get", "head", "get-plus", "form", "form-charset", "direct", "direct-charset"],
)
def test_three_ways_to_send_one_query(request_):
    assert asked(request_, LIMITS) == Asked(ASK)


def test_nothing_asked_is_the_service_description():
    assert asked(Request("GET", "/sparql"), LIMITS) is None
    assert asked(Request("GET", "/sparql", "format=json"), LIMITS) is None


GRAPH = quote("http://example.org/g?x=1", safe="")


@pytest.mark.parametrize("way", ["get", "form", "form-with-address", "direct"])
def test_graphs_of_the_request(way):
    graphs = f"default-graph-uri={GRAPH}&default-graph-uri={GRAPH}&named-graph-uri=urn:n"
    request = {
        "get": Request("GET", "/sparql", f"query={quote(ASK)}&{graphs}"),
        "form": post(f"{graphs}&query={quote(ASK)}", FORM),
        "form-with-address": post(f"query={quote(ASK)}", FORM, graphs),
        "direct": post(ASK, "application/sparql-query", graphs),
    }[way]
    assert asked(request, LIMITS) == Asked(ASK, ("http://example.org/g?x=1",), ("urn:n",))


def test_only_named_graphs_leave_the_default_graph_empty():
    request = Request("GET", "/sparql", f"query={quote(ASK)}&named-graph-uri=urn:n")
    assert asked(request, LIMITS) == Asked(ASK, (), ("urn:n",))


REFUSED = {
    "two queries": (Request("GET", "/sparql", "query=ASK{}&query=ASK{}"), 400, "2 queries in one request"),
    "two queries, address and form": (post("query=ASK{}", FORM, "query=ASK{}"), 400, "2 queries in one request"),
    "graph without query": (Request("GET", "/sparql", "default-graph-uri=urn:n"), 400, "no query"),
    "empty form": (post("", FORM), 400, "no query"),
    "relative graph": (Request("GET", "/sparql", "query=ASK{}&named-graph-uri=n"), 400, "not an absolute IRI"),
    "graph that breaks out": (Request("GET", "/sparql", "query=ASK{}&named-graph-uri=urn:a%3E"), 400, "absolute IRI"),
    "address not UTF-8": (Request("GET", "/sparql", "query=%FF"), 400, "not UTF-8"),
    "body not UTF-8": (post(b"ASK { ?s ?p '\xff' }", "application/sparql-query"), 400, "not UTF-8 .byte 13"),
    "form not UTF-8": (post(b"query=ASK\xff", FORM), 400, "not UTF-8"),
    "update by GET": (Request("GET", "/sparql", "update=CLEAR+ALL"), 403, "read-only"),
    "update by form": (post("update=CLEAR+ALL", FORM), 403, "read-only"),
    "update direct": (post("CLEAR ALL", "application/sparql-update"), 403, "read-only"),
    "update beside query": (post("update=CLEAR+ALL&query=ASK{}", FORM), 403, "read-only"),
    "update's graphs": (Request("GET", "/sparql", "query=ASK{}&using-graph-uri=urn:n"), 403, "read-only"),
    "PUT": (Request("PUT", "/sparql"), 405, "PUT is not answered here"),
    "DELETE": (Request("DELETE", "/sparql", "graph=urn:n"), 405, "read-only"),
    "text/plain": (post("ASK {}", "text/plain"), 415, "text/plain is not understood"),
    "no type": (post("ASK {}", ""), 415, "without Content-Type"),
    "UTF-16": (post("ASK {}".encode("utf-16"), "application/sparql-query; charset=UTF-16"), 415, "charset utf-16"),
    "long by POST": (post(f"ASK {{}}#{'x' * 1000}", "application/sparql-query"), 413, "1,007 characters; 1,000"),
    "long by GET": (Request("GET", "/sparql", f"query=ASK%20%7B%7D%23{'x' * 1000}"), 414, "1,000 are allowed"),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_refused_with_its_status(name):
    request, status, message = REFUSED[name]
    with pytest.raises(RequestError, match=message) as caught:
        asked(request, LIMITS)
    assert caught.value.status == status
    if status == 405:
        assert dict(caught.value.headers)["Allow"] == "GET, HEAD, OPTIONS, POST"


OFFERS = ["application/json", "application/xml", "text/csv"]
JSON, XML, CSV = OFFERS


@pytest.mark.parametrize(
    ("accept", "wins"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("text/csv", CSV),
        ("TEXT/CSV; header=present", CSV),
        ("text/*", CSV),
        ("text/csv, application/json", JSON),
        ("application/json;q=0.5, text/csv", CSV),
        ("application/json;q=0.5, application/xml;q=0.8, text/csv;q=0.7", XML),
        ("*/*;q=0.1, text/csv;q=0.2", CSV),
        ("application/json;q=0, */*", XML),
        ("application/json;q=0, application/*;q=0.1, text/*;q=0.09", XML),
        ("image/png, */*;q=0.001", JSON),
        ("application/json;q=2, text/csv;q=0.1", CSV),
        ("application/json;q=x, text/csv;q=0.1", CSV),
        (" , ,text/csv", CSV),
    ],
)
def test_best_format(accept, wins):
    assert negotiate(accept, OFFERS) == wins


@pytest.mark.parametrize(
    "accept", ["image/png", "application/json;q=0", "text/html, text/plain", "*/*;q=0", "nonsense"]
)
def test_no_format(accept):
    with pytest.raises(RequestError, match=r"there is application/json, application/xml, text/csv") as caught:
        negotiate(accept, OFFERS)
    assert caught.value.status == 406


def test_every_standard_format_is_offered():
    standard = {"application/sparql-results+json", "application/sparql-results+xml", "text/csv"}
    assert standard | {"text/tab-separated-values"} <= set(RESULTS)
    rdf = {"text/turtle", "application/n-triples", "application/rdf+xml", "application/ld+json", "application/trig"}
    assert rdf | {"application/n-quads"} <= set(GRAPHS)


def test_tags():
    tag = entity_tag("v1", "text/csv", 10)
    assert tag.startswith('W/"')
    assert tag != entity_tag("v2", "text/csv", 10)
    assert tag != entity_tag("v1", "text/turtle", 10)
    assert unchanged(f'"other", {tag}', tag)
    assert unchanged(tag.removeprefix("W/"), tag)
    assert unchanged("*", tag)
    assert not unchanged('"other"', tag)


@given(st.text(max_size=80), st.text(max_size=80))
def test_only_ever_says_request_error(accept, query):
    with suppress(RequestError):
        negotiate(accept, OFFERS)
    with suppress(RequestError):
        asked(Request("GET", "/sparql", query), LIMITS)


@given(st.lists(st.tuples(st.text(max_size=9), st.text(max_size=9))))
def test_pairs_come_back(given_):
    text = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in given_)
    assert pairs(text) == given_


def test_limit_of_the_body_leaves_room_for_any_query_of_allowed_length():
    query = "\N{GRINNING FACE}" * LIMITS.query
    assert len(f"query={quote(query)}") <= LIMITS.body
