"""Responses as values: each route without a socket, the formats read back by other programs, and the limits."""

from __future__ import annotations

import csv
import io
import json
from urllib.parse import quote

import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.catalogue import catalogue
from kg.errors import CurationError, KGError, QueryError, RequestError, SourceError, UnknownTerm
from kg.protocol import GRAPHS, RESULTS, Limits, Request
from kg.responses import Open, Response, Sink, problem, respond

BASE = "http://127.0.0.1:8000"
SELECT = "SELECT ?cell ?name { ?cell rdfs:subClassOf+ CL:0000084 ; rdfs:label ?name } ORDER BY ?name"
NAMES = ["CD4+ T cell", "Th17 cell", "regulatory T cell"]
CONSTRUCT = "CONSTRUCT { ?c rdfs:label ?n } { ?c rdfs:subClassOf CL:0000084 ; rdfs:label ?n }"


@pytest.fixture(scope="module")
def held(small_graph):
    return Open(small_graph.folder, Limits(rows=100_000))


def content(response: Response, limits: Limits | None = None) -> bytes:
    if isinstance(response.body, bytes):
        return response.body
    pieces: list[bytes] = []
    response.body(Sink(pieces.append, limits or Limits(), response.rows))
    return b"".join(pieces)


def get(held, path, query="", accept="", **more) -> Response:
    try:
        return respond(held, Request("GET", path, query, accept=accept, base=BASE, **more))
    except KGError as error:
        return problem(error)


def sparql(held, query, accept="", **more) -> Response:
    return get(held, "/sparql", f"query={quote(query)}", accept, **more)


def kind(response) -> str:
    return dict(response.headers)["Content-Type"].partition(";")[0]


@pytest.mark.parametrize("media", sorted(RESULTS))
def test_select_in_every_format(held, media):
    response = sparql(held, SELECT, media)
    assert (response.status, kind(response)) == (200, media)
    body = content(response)
    form = RESULTS[media]
    if form in ("json", "xml"):
        assert [str(row.name) for row in rdflib.query.Result.parse(io.BytesIO(body), format=form)] == NAMES
    elif form == "csv":
        assert [row["name"] for row in csv.DictReader(io.StringIO(body.decode()))] == NAMES
    else:
        assert body.decode().splitlines()[1].endswith('\t"CD4+ T cell"')


@pytest.mark.parametrize("media", sorted(RESULTS))
def test_ask_in_every_format(held, media):
    body = content(sparql(held, "ASK { CL:0000899 rdfs:label 'Th17 cell' }", media))
    if RESULTS[media] in ("csv", "tsv"):
        assert body == b"true\n"
    else:
        assert rdflib.query.Result.parse(io.BytesIO(body), format=RESULTS[media]).askAnswer is True


@pytest.mark.parametrize("media", sorted(GRAPHS))
def test_construct_and_describe_in_every_format(held, media):
    others = {"turtle": "turtle", "ntriples": "nt", "rdfxml": "xml"}
    th17 = ox.NamedNode("http://purl.obolibrary.org/obo/CL_0000899")
    said = len({quad.triple for quad in held.store.quads_for_pattern(th17, None, None)})
    for query, size in ((CONSTRUCT, 2), ("DESCRIBE CL:0000899", said)):
        response = sparql(held, query, media)
        assert (response.status, kind(response)) == (200, media)
        form = GRAPHS[media]
        if form in others:
            assert len(rdflib.Graph().parse(content(response), format=others[form])) == size
        else:
            parsed = ox.RdfFormat.from_media_type(media.replace("application/json", "application/ld+json"))
            assert len(ox.Dataset(ox.parse(content(response), format=parsed))) == size


def test_formats_follow_the_form_of_the_query(held):
    assert kind(sparql(held, SELECT)) == "application/sparql-results+json"
    assert kind(sparql(held, CONSTRUCT)) == "text/turtle"
    assert sparql(held, SELECT, "text/turtle").status == 406
    assert sparql(held, CONSTRUCT, "text/csv").status == 406
    assert b"CL_0000084" not in content(sparql(held, CONSTRUCT))  # Turtle has the prefixes


def test_tag_and_304(held):
    first = sparql(held, SELECT)
    tag = dict(first.headers)["ETag"]
    again = sparql(held, SELECT, if_none_match=tag)
    assert (again.status, again.body) == (304, b"")
    assert dict(again.headers)["ETag"] == tag
    assert sparql(held, SELECT, "text/csv", if_none_match=tag).status == 200
    assert sparql(held, "SELECT (NOW() AS ?n) {}", if_none_match="*").status == 200
    assert "ETag" not in dict(sparql(held, "SELECT (RAND() AS ?n) {}").headers)
    assert sparql(held, "SELECT (NOW(", if_none_match="*").status == 400  # NOW is seen before the text is parsed
    posted = respond(held, Request("POST", "/sparql", content_type="application/sparql-query", body=SELECT.encode()))
    assert "ETag" not in dict(posted.headers)
    assert content(posted) == content(first)


def test_graphs_of_the_request_and_of_the_query(held):
    def count(query, more=""):
        body = content(get(held, "/sparql", f"query={quote(query)}{more}", "text/csv"))
        return int(body.split()[1])

    studies = "https://w3id.org/mscim/graph/studies"
    every, there = count("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"), f"GRAPH <{studies}> {{ ?s ?p ?o }}"
    inside = count(f"SELECT (COUNT(*) AS ?n) {{ {there} }}")
    assert 0 < inside < every
    plain = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"
    assert count(plain, f"&default-graph-uri={quote(studies)}") == inside
    assert count(plain, f"&named-graph-uri={quote(studies)}") == 0
    assert count(f"SELECT (COUNT(*) AS ?n) {{ {there} }}", "&named-graph-uri=urn:other") == 0
    assert count(f"SELECT (COUNT(*) AS ?n) FROM <{studies}> {{ ?s ?p ?o }}") == inside
    assert count(f"SELECT (COUNT(*) AS ?n) FROM <{studies}> {{ ?s ?p ?o }}", "&default-graph-uri=urn:other") == 0


def test_malformed_query_says_where(held):
    said = json.loads(sparql(held, "SELECT * {\n ?s ?p }").body)
    assert (said["status"], said["title"], said["line"]) == (400, "Bad Request", 2)
    assert "malformed SPARQL" in said["detail"]
    said = json.loads(sparql(held, "SELECT * {\n SERVICE <http://example.org/> { ?s ?p ?o } }").body)
    assert (said["status"], said["line"], said["column"]) == (400, 2, 2)


LITERALS = '"},{"', '"x,y\\n\\"q\\"\\r\\n,"', '"<result>"', '"a\\tb"', '"  "@en'


@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv"])
@pytest.mark.parametrize("size", [1, 7, 64, 4096])
def test_rows_are_counted_in_every_format_however_it_is_cut(form, size):
    values = " ".join(f"({literal} {number})" for literal in LITERALS for number in (1, 2))
    query = f"SELECT * {{ VALUES (?a ?b) {{ {values} (UNDEF UNDEF) (UNDEF 3) }} }}"
    formats = {name: getattr(ox.QueryResultsFormat, name.upper()) for name in ("json", "xml", "csv", "tsv")}
    body = ox.Store().query(query).serialize(format=formats[form])
    pieces: list[bytes] = []
    sink = Sink(pieces.append, Limits(), form)
    for start in range(0, len(body), size):
        sink.write(body[start : start + size])
    sink.flush()
    assert b"".join(pieces) == body
    assert sink.count == 12 + (2 if form == "json" else 0)  # the two literals that look like the end of a row


@pytest.mark.parametrize("media", ["application/json", "application/xml", "text/csv", "text/tab-separated-values"])
def test_limit_of_rows(held, media):
    query = "SELECT * { ?s ?p ?o } LIMIT "
    assert content(sparql(held, f"{query}20", media), Limits(rows=20))
    with pytest.raises(RequestError, match="more than 20 rows; narrow the query, or page with LIMIT"):
        content(sparql(held, f"{query}21", media), Limits(rows=20))


def test_limit_of_bytes(held):
    with pytest.raises(RequestError, match="more than 1,000 bytes"):
        content(sparql(held, "CONSTRUCT WHERE { ?s ?p ?o }"), Limits(answer=1000))


def test_a_failure_while_rows_are_written_is_ours(held):
    query = "SELECT * { ?s ?p ?o }"

    class Full:
        def write(self, _):
            raise OSError(28, "No space left")

        def flush(self):
            pass

    for each in (query, "CONSTRUCT WHERE { ?s ?p ?o }", "DESCRIBE CL:0000899"):
        with pytest.raises(SourceError, match="No space left"):
            sparql(held, each).body(Full())  # type: ignore[operator]


# --- pages and files -------------------------------------------------------------------------------------------------


def test_home_for_browsers(held):
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    response = get(held, "/sparql", accept=browser)
    assert kind(response) == "text/html"
    assert b'<form action="/sparql" method="get"' in content(response)
    assert kind(get(held, "/", accept=browser)) == "text/html"
    assert kind(get(held, "/sparql")) == "text/turtle"
    assert get(held, "/sparql", accept="image/png").status == 406


def test_examples_on_the_page_for_queries_can_be_followed(held):
    page = content(get(held, "/sparql", accept="text/html")).decode()
    links = [part.partition('"')[0] for part in page.split('href="/sparql?')[1:]]
    assert 3 <= len(links) < len(catalogue())  # the small tables know neither SSc nor Tfh cell
    for link in links:
        assert get(held, "/sparql", link.replace("&amp;", "&")).status == 200


@pytest.mark.parametrize("end", ["ttl", "nq", "jsonld", "trig"])
def test_dumps_hold_everything(held, end):
    response = get(held, f"/data.{end}")
    body = content(response)
    form = {
        "ttl": ox.RdfFormat.TURTLE,
        "nq": ox.RdfFormat.N_QUADS,
        "jsonld": ox.RdfFormat.JSON_LD,
        "trig": ox.RdfFormat.TRIG,
    }
    read = ox.Dataset(ox.parse(body, format=form[end]))
    if end == "ttl":
        assert len(read) == len({quad.triple for quad in held.store})
    else:
        assert len(read) == held.summary["quads"]
    assert get(held, f"/data.{end}", if_none_match=dict(response.headers)["ETag"]).status == 304


def test_entities_dereference(held, small_graph):
    graph = rdflib.Graph().parse(content(get(held, "/entity/mscim:UmbilicalCordMSC")), format="turtle")
    own = rdflib.URIRef("https://w3id.org/mscim/UmbilicalCordMSC")
    assert str(graph.value(own, rdflib.RDFS.label)) == "umbilical cord MSC"
    short = get(held, "/entity/UmbilicalCordMSC", accept="application/n-triples")
    assert len(content(short).splitlines()) == len(graph)
    claim = small_graph.assertions[0]
    of_claim = rdflib.Graph().parse(content(get(held, f"/entity/assertion/{claim.id}")), format="turtle")
    assert len(set(of_claim.subjects())) == 1 + len(claim.evidence)
    whole = content(get(held, "/entity/graph/studies", accept="application/n-triples"))
    assert b"NCT00000001" in whole
    assert get(held, "/entity/doi:10.1000/one").status == 200


def test_page_of_an_entity(held):
    page = content(get(held, "/entity/CL:0000899", accept="text/html")).decode()
    assert "<h1>Th17 cell</h1>" in page
    assert '<a href="/entity/CL:0000624">CD4+ T cell</a>' in page
    assert "MSC</a>" in page
    assert "negatively regulates" not in page
    links = {part.partition('"')[0] for part in page.split('href="/entity/')[1:]}
    assert len(links) > 3
    for link in links:
        assert get(held, f"/entity/{link}", accept="text/html").status == 200, link


def test_what_is_shown_is_escaped(held):
    store = ox.Store()
    mine = ox.NamedNode("https://w3id.org/mscim/x")
    evil = ox.Literal("<script>alert(1)</script>")
    store.add(ox.Quad(mine, ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label"), evil))
    store.add(ox.Quad(mine, ox.NamedNode("http://example.org/p"), ox.NamedNode("http://example.org/o")))
    other = Open(held.folder, held.limits)
    other.store = store
    page = content(get(other, "/entity/x", accept="text/html"))
    assert b"<script>" not in page
    assert b"&lt;script&gt;" in page
    assert b"http://example.org/o" in page


def test_unknown_entity_suggests(held):
    response = get(held, "/entity/Th17cell")
    said = json.loads(response.body)
    assert (response.status, said["suggestions"][0]) == (404, "Th17 cell")
    assert get(held, "/entity/nope:1").status == 404
    assert get(held, "/entity/CL:a b").status == 404
    assert get(held, "/entity/").status == 404


def test_questions(held):
    said = json.loads(content(get(held, "/api/search", "text=Th17")))
    assert said["rows"][0]["name"] == "Th17 cell"
    assert get(held, "/api/search", "text=Th17", accept="text/turtle").status == 406
    assert get(held, "/api/nothing").status == 404
    assert json.loads(content(get(held, "/openapi.json")))["servers"] == [{"url": BASE}]


def test_routes_that_are_not(held):
    assert get(held, "/nothing").status == 404
    with pytest.raises(RequestError) as caught:
        respond(held, Request("POST", "/api/search"))
    refused = problem(caught.value)
    assert (refused.status, dict(refused.headers)["Allow"]) == (405, "GET, HEAD, OPTIONS")
    assert get(held, "/sparql/", f"query={quote(SELECT)}").status == 200


# --- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "status", "more"),
    [
        (RequestError(415, "what"), 415, {}),
        (QueryError("3:7: malformed"), 400, {"line": 3, "column": 7}),
        (QueryError("cannot be run"), 400, {}),
        (UnknownTerm("SLEE", ("SLE",)), 404, {"suggestions": ["SLE"]}),
        (UnknownTerm("x", ("y",), kind="donor"), 400, {"suggestions": ["y"]}),
        (UnknownTerm("x", ("y", "z"), reason="means several things"), 400, {"suggestions": ["y", "z"]}),
        (CurationError("bad"), 400, {}),
    ],
)
def test_problems(error, status, more):
    response = problem(error)
    said = json.loads(response.body)
    assert (response.status, said.pop("status"), kind(response)) == (status, status, "application/problem+json")
    assert said.pop("detail")
    assert said.pop("title")
    assert said == more


def test_a_problem_tells_no_path_and_is_short():
    assert b"/secret" not in problem(SourceError("/secret/folder: damaged")).body
    assert len(problem(QueryError("x" * 100_000)).body) < 3000


def test_damaged_dataset(small_graph, tmp_path):
    import shutil

    folder = tmp_path / "d"
    shutil.copytree(small_graph.folder, folder)
    held = Open(folder, Limits())
    (folder / "dataset.json").write_text("{")
    assert sparql(held, SELECT).status == 503


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=30), st.text(max_size=60), st.text(max_size=60))
def test_only_ever_kg_errors(small_graph, path, query, accept):
    held = Open(small_graph.folder, Limits())
    for each in (f"/{path}", "/sparql", f"/api/{path}", f"/entity/{path}"):
        assert 200 <= get(held, each, query, accept).status < 500


def test_the_page_says_what_the_dataset_is_to_search_engines(held):
    page = content(get(held, "/")).decode()
    (block,) = [part.partition("</script>")[0] for part in page.split('<script type="application/ld+json">')[1:]]
    card = json.loads(block)
    assert (card["@type"], card["version"], card["license"]) == (
        "Dataset",
        held.version,
        "https://creativecommons.org/licenses/by/4.0/",
    )
    for each in card["distribution"]:
        path = "/" + each["contentUrl"].rpartition("/")[2]
        answer = get(held, path)
        assert (answer.status, dict(answer.headers)["Content-Type"].partition(";")[0]) == (200, each["encodingFormat"])
