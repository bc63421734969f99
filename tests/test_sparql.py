"""SPARQL: what is refused before it runs, what comes back in which form, and the queries that ship."""

from __future__ import annotations

import csv
import io
import json
import socket
import threading
from contextlib import suppress

import pytest
import rdflib
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import QueryError, SourceError
from kg.sparql import FORMATS, guard, serialized, table, text_of

REFUSED = {
    "INSERT DATA { <a:a> <a:b> <a:c> }": "1:1: INSERT is an update",
    "PREFIX x: <http://x/>\nDELETE WHERE { ?s ?p ?o }": "2:1: DELETE is an update",
    "  LOAD <http://example.org/>": "1:3: LOAD is an update",
    "clear all": "1:1: CLEAR is an update",
    "WITH <g:g> DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }": "1:1: WITH is an update",
    "SELECT * {\n  SERVICE <http://example.org/> { ?s ?p ?o } }": "2:3: SERVICE is refused",
    "SELECT * { SERVICE SILENT ?x { ?s ?p ?o } }": "1:12: SERVICE is refused",
    "SELECT * { FILTER(1<2)SeRvIcE<http://example.org/>{?s ?p ?o} }": "1:23: SERVICE is refused",
    "SELECT * { BIND(1<?b AS ?x)#>\n SERVICE<http://example.org/>{?s ?p ?o} }": "2:2: SERVICE is refused",
    "": "1:1: no SELECT",
    "# SELECT only in a comment": "1:1: no SELECT",
    "SELEC * { ?s ?p ?o }": "1:1: no SELECT",
}
ALLOWED = [
    "SELECT * { ?s ?p 'SERVICE <http://example.org/> { }' }",
    'SELECT * { ?s ?p """INSERT DATA\n{ "x" } SERVICE""" }',
    "# DELETE everything\nSELECT * { ?s ?p ?o } # SERVICE",
    "SELECT * { ?s <http://example.org/#SERVICE> ?SERVICE }",
    "PREFIX service: <http://example.org/> SELECT * { service:insert ?p ?o }",
    "ASK { ?s ?p 'it\\'s SERVICE' }",
    "SELECT ?load ?insert { ?load ?p ?insert }",
    "BASE <http://example.org/> CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }",
    "SELECT * { ?s <http://example.org/it's(SERVICE)#here> ?o FILTER(?s != <http://example.org/#a>) }",
    "PREFIX : <http://example.org/> SELECT * { :a :SERVICE :service.SERVICE . ?s ?p '#'@en-SERVICE }",
    "BASE <http://example.org/> PREFIX : <#> PREFIX t: <http://t.example/#> SELECT * { <#me> t:p ?o }",
]
UNDECIDED = [
    "BASE <http://example.org/> SELECT * { <#me> ?p 'service' }",
    "PREFIX service: <http://example.org/> SELECT * { GRAPH service:g { ?s ?p ?o } }",
]


@pytest.mark.parametrize("query", sorted(REFUSED))
def test_refused_before_evaluation(query):
    with pytest.raises(QueryError) as caught:
        guard(query)
    assert str(caught.value).startswith(REFUSED[query])


@pytest.mark.parametrize("query", ALLOWED)
def test_not_fooled_by_literals_iris_and_comments(query, small_graph):
    guard(query)
    small_graph.query(query)


@pytest.mark.parametrize("query", UNDECIDED)
def test_what_the_engine_could_read_as_a_call_is_refused_with_a_way_out(query):
    with pytest.raises(QueryError, match=r"write the IRI in full|choose a prefix"):
        guard(query)


def test_shape_of_a_read():
    assert guard("select * { ?s ?p 'FROM NOW()' }") == ("SELECT", False, False)
    assert guard("ASK FROM <http://example.org/g> { ?s ?p ?o FILTER(?o < NOW()) }") == ("ASK", True, True)


def test_from_says_which_graphs(small_graph):
    def count(query):
        return int(table(small_graph.query(query), small_graph.vocabulary.ontology.prefixes)[1][0][0])

    studies = "<https://w3id.org/mscim/graph/studies>"
    every = count("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }")
    named_alone = count(f"SELECT (COUNT(*) AS ?n) {{ GRAPH {studies} {{ ?s ?p ?o }} }}")
    assert 0 < named_alone < every
    assert count(f"SELECT (COUNT(*) AS ?n) FROM {studies} {{ ?s ?p ?o }}") == named_alone
    assert count(f"SELECT (COUNT(*) AS ?n) FROM NAMED {studies} {{ ?s ?p ?o }}") == 0


@pytest.fixture(scope="module")
def listener():
    """A server that counts connections."""
    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen()
    server.settimeout(0.1)
    hits: list[object] = []
    stop = threading.Event()

    def accept():
        while not stop.is_set():
            try:
                connection, address = server.accept()
            except TimeoutError:
                continue
            hits.append(address)
            connection.close()

    thread = threading.Thread(target=accept)
    thread.start()
    yield server.getsockname()[1], hits
    stop.set()
    thread.join()
    server.close()


TRICKS = [
    "SELECT * { SERVICE <http://127.0.0.1:PORT/> { ?s ?p ?o } }",
    "SELECT * { FILTER(1<2)SERVICE<http://127.0.0.1:PORT/>{ ?s ?p ?o } }",
    r"SELECT * { \u0053ERVICE <http://127.0.0.1:PORT/> { ?s ?p ?o } }",
    r'SELECT * { BIND("\u0022 AS ?x) SERVICE<http://127.0.0.1:PORT/>{ ?s ?p ?o } BIND(" AS ?y) }',
    "SELECT * { BIND('a\\u0027 AS ?x) SERVICE<http://127.0.0.1:PORT/>{ ?s ?p ?o } #' AS ?x)\n}",
    "SELECT ?a{#\u2028SERVICE<http://127.0.0.1:PORT/>{ ?s ?p ?o }\n}",
    "SELECT * { BIND(1<?b AS ?x)#>\n SERVICE<http://127.0.0.1:PORT/>{ ?s ?p ?o } }",
    "SELECT * FROM <http://127.0.0.1:PORT/> { ?s ?p ?o }",
    "LOAD <http://127.0.0.1:PORT/>",
    "SELECT * { FILTER(1<?b)SERVICE#>\n<http://127.0.0.1:PORT/>{ ?s ?p ?o } }",
    "SELECT * { FILTER(1<'a>')SERVICE<http://127.0.0.1:PORT/>{ ?s ?p ?o } FILTER(1<'b') }",
    "SELECT * { FILTER(1<2#>'''\n)SERVICE<http://127.0.0.1:PORT/>{ ?s ?p ?o }#'''\n}",
    "PREFIX ex: <http://127.0.0.1:PORT/> SELECT * { SERVICEex:a{ ?s ?p ?o } }",
    "PREFIX ex: <http://127.0.0.1:PORT/> SELECT * { SERVICESILENTex:a #\n { ?s ?p ?o } }",
    "PREFIX : <http://127.0.0.1:PORT/> SELECT * { service:x{ ?s ?p ?o } }",
    "SELECT * { VALUES ?o { true }SERVICESILENT<http://127.0.0.1:PORT/>{ ?s ?p ?o } }",
    "SELECT * { VALUES ?o { 1e5 } FILTER(?o = 1e5)SERVICE<http://127.0.0.1:PORT/>{ ?s ?p ?o } }",
    "SELECT * { { SELECT * { SERVICE ?where { ?s ?p ?o } VALUES ?where { <http://127.0.0.1:PORT/> } } } }",
]


@pytest.mark.parametrize("number", range(len(TRICKS)))
def test_no_query_leaves_this_machine(number, listener, small_graph):
    port, hits = listener
    query = TRICKS[number].replace("PORT", str(port))
    try:
        table(small_graph.query(query), small_graph.vocabulary.ontology.prefixes)
    except QueryError:
        pass
    assert hits == []


def test_the_listener_does_hear(listener):
    """The engine without our guard does send: else the test above could not fail."""
    import pyoxigraph as ox

    port, hits = listener
    with pytest.raises(OSError, match=r"onnection|reset|closed|Empty"):
        list(ox.Store().query(TRICKS[0].replace("PORT", str(port))))
    assert len(hits) == 1
    hits.clear()


@given(st.text(max_size=200))
def test_guard_only_ever_says_query_error(text):
    with suppress(QueryError):
        guard(text)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT * { ?s ?p }", r"1:\d+: malformed SPARQL"),
        ("SELECT * {\n ?s ?p ?o", r"2:\d+: malformed SPARQL"),
        ("SELECT * { ?s nope:x ?o }", "malformed SPARQL|Prefix"),
        ("SELECT (COUNT(*) AS ?n) ?s { ?s ?p ?o }", "malformed SPARQL"),
    ],
)
def test_malformed_query_says_where(small_graph, query, message):
    with pytest.raises(QueryError, match=message):
        small_graph.query(query)


SELECT = "SELECT ?cell ?name { ?cell rdfs:subClassOf+ CL:0000084 ; rdfs:label ?name } ORDER BY ?name"
NAMES = ["CD4+ T cell", "Th17 cell", "regulatory T cell"]


def test_forms_of_an_answer(small_graph):
    def out(form):
        return serialized(small_graph.query(SELECT), form)

    assert [r["name"] for r in csv.DictReader(io.StringIO(out("csv").decode()))] == NAMES
    assert out("tsv").decode().splitlines()[0] == "?cell\t?name"
    assert [b["name"]["value"] for b in json.loads(out("json"))["results"]["bindings"]] == NAMES
    for form in ("xml", "json"):
        parsed = rdflib.query.Result.parse(io.BytesIO(out(form)), format=form)
        assert [str(row.name) for row in parsed] == NAMES
    headings, rows = table(small_graph.query(SELECT), small_graph.vocabulary.ontology.prefixes)
    assert (headings, [row[1] for row in rows]) == (["cell", "name"], NAMES)
    assert rows[0][0] == "CL:0000624"


def test_forms_of_ask_and_construct(small_graph):
    ask = "ASK { CL:0000899 rdfs:label 'Th17 cell' }"
    assert serialized(small_graph.query(ask), "csv") == b"true\n"
    assert json.loads(serialized(small_graph.query(ask), "json"))["boolean"] is True
    assert table(small_graph.query(ask), small_graph.vocabulary.ontology.prefixes) == (["answer"], [["true"]])
    construct = "CONSTRUCT { ?c rdfs:label ?n } { ?c rdfs:subClassOf CL:0000084 ; rdfs:label ?n }"
    parsed = rdflib.Graph().parse(serialized(small_graph.query(construct), "turtle"), format="turtle")
    assert len(parsed) == 2
    headings, rows = table(small_graph.query(construct), small_graph.vocabulary.ontology.prefixes)
    assert headings == ["subject", "predicate", "object"]
    assert len(rows) == 2


def test_form_that_does_not_fit(small_graph):
    with pytest.raises(QueryError, match="SELECT and ASK give csv, tsv, json or xml, not turtle; choose --format csv"):
        serialized(small_graph.query(SELECT), "turtle")
    with pytest.raises(QueryError, match="give turtle, not csv"):
        serialized(small_graph.query("DESCRIBE CL:0000899"), "csv")
    assert "turtle" in FORMATS


def test_text_of_terms_in_a_table(small_graph):
    query = "SELECT ?x { VALUES ?x { <http://example.org/a> UNDEF 'text'@en 3 } }"
    _, rows = table(small_graph.query(query), small_graph.vocabulary.ontology.prefixes)
    assert rows == [["<http://example.org/a>"], [""], ["text"], ["3"]]


STUDIES = "https://w3id.org/mscim/graph/studies"


def count(graph, clause: str, prologue: str = "") -> int:
    text = f"{prologue} SELECT (COUNT(*) AS ?n) {clause} {{ ?s ?p ?o }}"
    return int(table(graph.query(text), graph.vocabulary.ontology.prefixes)[1][0][0])


def test_from_narrows_to_the_graphs_named(small_graph):
    alone = sum(quad.graph_name.value == STUDIES for quad in small_graph.store)
    assert 0 < alone < count(small_graph, "")
    assert count(small_graph, f"FROM <{STUDIES}>") == alone
    assert count(small_graph, r"FROM mscim:graph\/studies") == alone
    assert count(small_graph, r"from g:studies", "PREFIX g: <https://w3id.org/mscim/graph/>") == alone
    assert count(small_graph, "FROM <studies>", "BASE <https://w3id.org/mscim/graph/>") == alone
    assert count(small_graph, f"FROM <{STUDIES}> FROM <https://w3id.org/mscim/graph/publications>") > alone
    named_graph = f"SELECT (COUNT(*) AS ?n) FROM NAMED <{STUDIES}> {{ GRAPH ?g {{ ?s ?p ?o }} }}"
    assert table(small_graph.query(named_graph), small_graph.vocabulary.ontology.prefixes)[1] == [[str(alone)]]


@pytest.mark.parametrize(
    ("clause", "place"),
    [
        ("FROM <http://example.org/none>", "1:15: FROM <http://example.org/none>: no such graph here"),
        ("\nFROM NAMED <http://example.org/none>", "2:12: FROM <http://example.org/none>"),
        ("FROM mscim:none", "1:15: FROM <https://w3id.org/mscim/none>"),
    ],
)
def test_from_an_unknown_graph_says_which_there_are(small_graph, clause, place):
    with pytest.raises(QueryError) as caught:
        small_graph.query(f"SELECT * {clause} {{ ?s ?p ?o }}")
    assert str(caught.value).startswith(place)
    assert f"<{STUDIES}>" in str(caught.value)


def test_from_within_a_pattern_or_a_text_is_no_clause(small_graph):
    small_graph.query("SELECT ?from { ?from ?named 'FROM <http://example.org/none>' } # FROM <http://example.org/none>")
    with pytest.raises(QueryError, match=r"malformed|Prefix|prefix"):
        small_graph.query("SELECT * FROM nope:x { ?s ?p ?o }")


def test_parameters_fill_variables_and_nothing_else(small_graph):
    text = "SELECT ?l { BIND('?x' AS ?y) # ?x\n ?s rdfs:label ?y . ?x rdfs:label ?l }"
    answer = small_graph.query(text, {"x": "http://purl.obolibrary.org/obo/CL_0000084"})
    assert table(answer, small_graph.vocabulary.ontology.prefixes)[1] == []


def test_query_text_from_a_file(tmp_path):
    path = tmp_path / "q.rq"
    path.write_text("ASK { }")
    assert text_of(str(path)) == "ASK { }"
    assert text_of("-", "ASK { }") == "ASK { }"
    path.write_bytes(b"ASK { ?s ?p '\xff' }")
    with pytest.raises(SourceError, match=r"not UTF-8 text \(byte 13\)"):
        text_of(str(path))
