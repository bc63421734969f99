"""The server over real sockets, with the clients people use: headers, limits, safety, rebuilds, and its end."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, urlencode

import httpx
import pytest
import rdflib
from rdflib.plugins.stores.sparqlstore import SPARQLStore
from SPARQLWrapper import JSON, POST, POSTDIRECTLY, TURTLE, SPARQLWrapper
from SPARQLWrapper.SPARQLExceptions import QueryBadFormed

from kg import cli_serve, dataset, serve, workers
from kg.errors import SourceError
from kg.protocol import Limits

ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
LABEL = "SELECT ?l { CL:0000899 rdfs:label ?l }"
LARGE = "SELECT * { ?a ?b ?c . ?d a mscim:Evidence }"
SELECT = "SELECT ?cell ?name { ?cell rdfs:subClassOf+ CL:0000084 ; rdfs:label ?name } ORDER BY ?name"
NAMES = ["CD4+ T cell", "Th17 cell", "regulatory T cell"]
ROOT = Path(serve.__file__).parent.parent


class Served:
    """A server on a port of its own, in a thread."""

    def __init__(self, source, limits=None, connections=256, **options):
        limits = limits or Limits(seconds=20)
        self.log: list[dict[str, object]] = []
        application = serve.app(source, limits, log=lambda line: self.log.append(json.loads(line)), **options)
        self.pool = application.state.pool
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self.server = serve.server(application, connections=connections, largest_head=limits.body)
        self.thread = threading.Thread(target=self.server.run, kwargs={"sockets": [self.listener]})
        self.thread.start()
        while not self.server.started and self.thread.is_alive():
            time.sleep(0.01)
        self.client = httpx.Client(base_url=self.base, timeout=60)

    def close(self):
        self.client.close()
        self.server.should_exit = True
        self.thread.join()
        self.listener.close()

    def ask(self, query, accept="text/csv", **headers):
        headers = {"Accept": accept, **headers}
        return self.client.get("/sparql", params={"query": query}, headers=headers)


@contextmanager
def serving(*arguments, **options):
    served = Served(*arguments, **options)
    try:
        yield served
    finally:
        served.close()


@pytest.fixture(scope="module")
def served(small_graph):
    with serving(small_graph.folder) as made:
        yield made


def raw(port: int, content: bytes, wait: float = 20) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=wait) as connection:
        answer = b""
        with suppress(TimeoutError, ConnectionResetError, BrokenPipeError):
            connection.sendall(content)
            while piece := connection.recv(65536):
                answer += piece
        return answer


# --- the protocol, with clients of others ----------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["GET", "POST form", "POST direct"])
def test_sparqlwrapper(served, way):
    client = SPARQLWrapper(f"{served.base}/sparql", returnFormat=JSON)
    client.setQuery(f"PREFIX rdfs: <{rdflib.RDFS}> PREFIX CL: <http://purl.obolibrary.org/obo/CL_> {SELECT}")
    if way != "GET":
        client.setMethod(POST)
    if way == "POST direct":
        client.setRequestMethod(POSTDIRECTLY)
    rows = client.query().convert()["results"]["bindings"]
    assert [row["name"]["value"] for row in rows] == NAMES
    client.setQuery("SELECT")
    with pytest.raises(QueryBadFormed, match="malformed SPARQL"):
        client.query()
    client.setQuery("DESCRIBE <http://purl.obolibrary.org/obo/CL_0000899>")
    client.setReturnFormat(TURTLE)
    assert b"Th17 cell" in client.query().convert()


def test_another_engine_asks_by_service(served):
    """A federated query: an Oxigraph store elsewhere, with data of its own, calls ours."""
    import pyoxigraph as ox

    elsewhere = ox.Store()
    cell, note = ox.NamedNode("http://purl.obolibrary.org/obo/CL_0000899"), ox.NamedNode("http://example.org/note")
    elsewhere.add(ox.Quad(cell, note, ox.Literal("seen in our cohort")))
    query = f"""SELECT ?note ?name {{ ?cell <http://example.org/note> ?note
        SERVICE <{served.base}/sparql> {{ ?cell <{rdflib.RDFS.label}> ?name }} }}"""
    rows = [(row["note"].value, row["name"].value) for row in elsewhere.query(query)]
    assert rows == [("seen in our cohort", "Th17 cell")]


@pytest.mark.parametrize("method", ["GET", "POST", "POST_FORM"])
def test_rdflib_as_a_client(served, method):
    graph = rdflib.Graph(SPARQLStore(f"{served.base}/sparql", method=method))
    rows = graph.query(f"PREFIX rdfs: <{rdflib.RDFS}> PREFIX CL: <http://purl.obolibrary.org/obo/CL_> {SELECT}")
    assert [str(row.name) for row in rows] == NAMES


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is missing")
def test_curl(served):
    command = ["curl", "-sS", "--fail", "-H", "Accept: text/csv", "--data-urlencode", f"query={LABEL}"]
    done = subprocess.run([*command, f"{served.base}/sparql"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["l", "Th17", "cell"]
    more = ["curl", "-sS", "-G", "--compressed", "--data-urlencode", f"query={LARGE}", f"{served.base}/sparql"]
    assert json.loads(subprocess.run(more, capture_output=True, check=True).stdout)["head"]["vars"]


def test_head_options_and_methods(served):
    address = f"/sparql?{urlencode({'query': SELECT})}"
    got, head = served.client.get(address), served.client.head(address)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "etag", "vary"):
        assert head.headers[name].removesuffix(", Accept-Encoding") == got.headers[name].removesuffix(
            ", Accept-Encoding"
        )
    assert served.client.head("/data.nq").status_code == 200
    assert served.client.head("/sparql", params={"query": "SELECT"}).status_code == 400
    options = served.client.options("/sparql")
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")
    assert served.client.options("/api/show").headers["allow"] == "GET, HEAD, OPTIONS"
    for method in ("PUT", "DELETE", "PATCH"):
        refused = served.client.request(method, "/sparql?graph=urn:x", content=b"<a:a> <a:b> <a:c> .")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    assert served.client.put("/data.ttl").status_code == 405


def test_gzip_and_tags(served):
    with served.client.stream("GET", "/data.nq", headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    plain = served.client.get("/data.nq", headers={"Accept-Encoding": "identity"})
    assert gzip.decompress(packed) == plain.content
    assert len(packed) * 5 < len(plain.content)
    again = served.client.get("/data.nq", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    small_one = served.ask(LABEL, **{"Accept-Encoding": "gzip"})
    assert "content-encoding" not in small_one.headers
    assert int(small_one.headers["content-length"]) == len(small_one.content)


def test_security_header_fields_and_ids(served):
    for path in ("/", "/sparql", "/healthz", "/nothing", "/api/show?entity=MSC"):
        headers = served.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert re.fullmatch(r"[0-9a-f]{16}", headers["x-request-id"])
        assert "server" not in headers
    assert served.client.get("/healthz", headers={"X-Request-ID": "mine-1"}).headers["x-request-id"] == "mine-1"
    odd = served.client.get("/healthz", headers={"X-Request-ID": "a b\tc"}).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{16}", odd)


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:1234", 200),
        ("[::1]:80", 200),
        ("LOCALHOST", 200),
        ("evil.example", 421),
        ("localhost.evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("127.0.0.1@evil.example", 421),
        ("", 421),
    ],
)
def test_the_name_in_the_request_is_checked(served, host, status):
    answer = raw(served.port, f"GET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())


def test_no_cors_unless_asked(served, small_graph):
    origin = {"Origin": "https://app.example"}
    assert not [name for name in served.ask(LABEL, **origin).headers if name.startswith("access-control")]
    with serving(small_graph.folder, cors=["https://app.example"], hosts=["127.0.0.1"], workers=1) as open_:
        assert open_.ask(LABEL, **origin).headers["access-control-allow-origin"] == "https://app.example"
        other = open_.ask(LABEL, Origin="https://other.example")
        assert "access-control-allow-origin" not in other.headers
        asked = {**origin, "Access-Control-Request-Method": "POST"}
        assert open_.client.options("/sparql", headers=asked).status_code == 200


def test_log_has_no_queries_by_default(served, small_graph):
    served.log.clear()
    served.ask("SELECT ?secret { ?secret ?p ?o } LIMIT 1")
    served.client.get("/nothing")
    while len(served.log) < 2:
        time.sleep(0.01)
    assert "secret" not in json.dumps(served.log)
    first = served.log[0]
    assert (first["method"], first["path"], first["status"]) == ("GET", "/sparql", 200)
    assert first["bytes"] > 0
    assert re.fullmatch(r"[0-9a-f]{16}", str(first["id"]))
    with serving(small_graph.folder, log_queries=True, workers=1) as open_:
        open_.ask("SELECT ?secret { ?secret ?p ?o } LIMIT 1")
        while not open_.log:
            time.sleep(0.01)
        assert "secret" in str(open_.log[0]["query"])


def test_health(served):
    while served.client.get("/healthz").json()["workers"] < 2:  # the second is still starting
        time.sleep(0.02)
    body = served.client.get("/healthz").json()
    assert body == {"status": "ok", "data_version": served.pool.version, "workers": 2}


def test_pages_and_descriptions(served):
    for path in ("/", "/.well-known/void", "/.well-known/sparql-examples", "/openapi.json", "/entity/CL:0000899"):
        assert served.client.get(path).status_code == 200, path
    graph = rdflib.Graph().parse(data=served.client.get("/sparql").text, format="turtle")
    assert rdflib.URIRef(f"{served.base}/sparql") in set(graph.subjects())
    document = served.client.get("/openapi.json").json()
    for path in document["paths"]:
        required = {p["name"]: "SLE" for p in document["paths"][path]["get"]["parameters"] if p["required"]}
        answer = served.client.get(path, params=required)
        assert answer.status_code == 200, answer.text
        assert set(document["components"]["schemas"]["Answer"]["required"]) <= set(answer.json())
        assert served.client.get(path, params={**required, "nothing": "1"}).status_code == 400
    assert served.client.get("/api/show", params={"entity": "Th17cell"}).json()["suggestions"][0] == "Th17 cell"


# --- limits and bad clients ------------------------------------------------------------------------------------------


def test_ten_megabytes_are_refused_before_they_are_read(served):
    large = "SELECT * { ?s ?p '" + "x" * 10_000_000 + "' }"
    for options in (
        {"content": large.encode(), "headers": {"Content-Type": "application/sparql-query"}},
        {"data": {"query": large}},
        {"content": (large[i : i + 65536].encode() for i in range(0, len(large), 65536))},
    ):
        with suppress(httpx.WriteError, httpx.ReadError):  # the connection may end while we still send
            assert served.client.post("/sparql", **options).status_code == 413
    answer = raw(served.port, b"GET /sparql?query=" + b"x" * 10_000_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answer == b"" or answer.startswith(b"HTTP/1.1 4")
    long = (
        b"GET /sparql?query=ASK%7B%7D%23"
        + b"x" * 100_000
        + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    assert raw(served.port, long).startswith(b"HTTP/1.1 414 ")
    assert (
        raw(served.port, b"GET /sparql?x=" + b"y" * 1_266_000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 2)[9:10]
        == b"4"
    )
    assert served.ask(LABEL).status_code == 200


def test_requests_that_are_none(served):
    for content in (
        b"\x16\x03\x01\x02\x00",
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /sparql HTTP/1.1\r\n\r\n",
    ):
        answer = raw(served.port, content, wait=2)
        assert answer == b"" or answer.startswith(b"HTTP/1.1 4"), answer
        assert b"Traceback" not in answer
    packed = served.client.post(
        "/sparql", content=b"x", headers={"Content-Encoding": "gzip", "Content-Type": "text/plain"}
    )
    assert packed.status_code == 415
    assert served.ask(LABEL).status_code == 200


def test_a_body_that_does_not_come(served, monkeypatch):
    monkeypatch.setattr(serve, "SLOWEST", 0.3)
    head = b"POST /sparql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sparql-query\r\nContent-Length: 9\r\n\r\nASK"
    assert raw(served.port, head).startswith(b"HTTP/1.1 408 ")
    assert raw(served.port, b"GET /sparql HT") == b""  # and a request that is never whole
    assert raw(served.port, b"") == b""
    keep = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert raw(served.port, keep + b"GET /he").count(b"HTTP/1.1 200") == 1
    with socket.create_connection(("127.0.0.1", served.port)) as left:
        left.sendall(head)
    assert served.ask(LABEL).status_code == 200


def test_a_runaway_is_stopped_and_others_are_answered(small_graph):
    with serving(small_graph.folder, Limits(seconds=4)) as served, ThreadPoolExecutor(2) as threads:
        began = time.monotonic()
        runaway = threads.submit(served.ask, ENDLESS)
        while not runaway.done():
            assert served.ask(LABEL).status_code == 200
        answer = runaway.result()
        assert (answer.status_code, "longer than 4 s" in answer.json()["detail"]) == (503, True)
        assert time.monotonic() - began < 30
        assert [entry["why"] for entry in served.log if entry["status"] == 503] == ["stopped after 4 s"]


def test_an_answer_that_breaks_off_is_not_taken_for_whole(small_graph):
    with serving(small_graph.folder, Limits(seconds=60, rows=5000), workers=1) as served:
        with pytest.raises(httpx.RemoteProtocolError):
            served.ask(LARGE, "application/json", **{"Accept-Encoding": "identity"})
        with pytest.raises(httpx.RemoteProtocolError):
            served.ask(LARGE, "application/json", **{"Accept-Encoding": "gzip"})
        assert served.ask(LABEL).status_code == 200
        assert "more than 5,000 rows" in str([entry.get("why") for entry in served.log])
        refused = served.ask("SELECT ?a { ?a ?b ?c . ?d a mscim:Association . ?e a mscim:Association }")
        assert refused.status_code in (200, 400)


def test_slow_readers_do_not_keep_others_waiting(small_graph):
    target = f"/sparql?{urlencode({'query': LARGE})}"
    head = f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with serving(small_graph.folder, Limits(seconds=60), workers=2) as served:
        whole = len(served.ask(LARGE, "application/json").content)
        slow = []
        for _ in range(30):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            connection.connect(("127.0.0.1", served.port))
            connection.sendall(head)
            slow.append(connection)
        assert all(served.ask(LABEL).status_code == 200 for _ in range(10))
        assert len(slow[0].recv(1000)) > 0
        received = 0
        while piece := slow[0].recv(1 << 20):
            received += len(piece)
            if received > whole:
                break
        assert received > whole  # with header and the sizes of its pieces
        for connection in slow:
            connection.close()
        while served.pool.ahead or len(served.pool.idle) < 2:
            time.sleep(0.01)
        assert served.ask(LABEL).status_code == 200


def test_a_reader_that_takes_nothing_is_let_go(small_graph, monkeypatch):
    monkeypatch.setattr(serve, "SLOWEST", 0.5)
    with serving(small_graph.folder, Limits(seconds=60), workers=1) as served:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", served.port))
        connection.sendall(f"GET /sparql?{urlencode({'query': LARGE})} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        while not any("took nothing" in str(entry.get("why")) for entry in served.log):
            time.sleep(0.02)
        connection.close()


def test_a_client_that_leaves_stops_its_query(small_graph):
    with serving(small_graph.folder, Limits(seconds=60), workers=1) as served:
        with socket.create_connection(("127.0.0.1", served.port)) as connection:
            connection.sendall(
                f"GET /sparql?{urlencode({'query': ENDLESS})} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
            )
            while served.pool.idle:
                time.sleep(0.01)
            time.sleep(0.3)
        began = time.monotonic()
        assert served.ask(LABEL).status_code == 200
        assert time.monotonic() - began < 20
        assert any("went away" in str(entry.get("why")) for entry in served.log)


def test_a_worker_killed_in_the_middle_of_an_answer(small_graph):
    with serving(small_graph.folder, Limits(seconds=60), workers=1) as served, ThreadPoolExecutor(1) as threads:
        asking = threads.submit(served.ask, ENDLESS)
        while served.pool.idle:
            time.sleep(0.01)
        time.sleep(0.2)
        os.kill(next(iter(served.pool.workers)).process.pid, signal.SIGKILL)
        answer = asking.result()
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert served.ask(LABEL).status_code == 200


def test_more_clients_than_allowed(small_graph):
    with serving(small_graph.folder, connections=8, workers=1) as served:
        held = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(60)]
        time.sleep(0.3)
        assert len(served.server.server_state.connections) <= 8 + 9
        request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        assert raw(served.port, request, 2)[9:12] in (b"503", b"")
        for connection in held:
            connection.close()
        while b" 200 " not in raw(served.port, request, 5)[:20]:
            time.sleep(0.05)


# --- safety ----------------------------------------------------------------------------------------------------------


def test_nothing_leaves_and_nothing_is_written(served, small_graph):
    before = {path: path.read_bytes() for path in small_graph.folder.rglob("*") if path.is_file()}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        there = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        attempts = [
            f"SELECT * {{ SERVICE <{there}> {{ ?s ?p ?o }} }}",
            f"PREFIX e: <{there}> SELECT * {{ SERVICEe:a{{ ?s ?p ?o }} }}",
            f"SELECT * {{ FILTER(1<'a>')SERVICE<{there}>{{ ?s ?p ?o }} FILTER(1<'b') }}",
            f"SELECT * FROM <{there}> {{ ?s ?p ?o }}",
            f"LOAD <{there}>",
            f"CLEAR ALL; LOAD <{there}>",
            "INSERT DATA { <a:a> <a:b> <a:c> }",
        ]
        for attempt in attempts:
            assert served.ask(attempt, "*/*").status_code in (200, 400)
            for content_type in ("application/sparql-query", "application/sparql-update", "text/turtle"):
                sent = served.client.post("/sparql", content=attempt, headers={"Content-Type": content_type})
                assert sent.status_code in (200, 400, 403, 415)
            for name in ("update", "query"):
                assert served.client.post("/sparql", data={name: attempt}).status_code in (200, 400, 403)
        graphs = {"query": "ASK { ?s ?p ?o }", "default-graph-uri": there, "named-graph-uri": there}
        assert served.client.get("/sparql", params=graphs).json()["boolean"] is False
        served.client.put(f"/sparql?graph={quote(there)}", content=b"<a:a> <a:b> <a:c> .")
        with pytest.raises(TimeoutError):
            listener.accept()
    assert all(path.read_bytes() == content for path, content in before.items())
    assert all(worker.confined for worker in served.pool.workers) == (sys.platform == "linux")


# --- a dataset that changes ------------------------------------------------------------------------------------------


def change(small: Path, name: str) -> None:
    table = small / "triples" / "studies.tsv"
    table.write_bytes(re.sub(rb"\tA trial\w*\t", b"\tA trial" + name.encode() + b"\t", table.read_bytes(), count=1))


def test_a_folder_built_anew_under_load(small, tmp_path):
    folder = dataset.build(small, tmp_path / "built")
    with serving(folder, watch=0.1) as served, ThreadPoolExecutor(3) as threads:
        first = served.pool.version
        stop = threading.Event()

        def load() -> list[int]:
            found = []
            with httpx.Client(base_url=served.base, timeout=60) as client:
                while not stop.is_set():
                    for query in (LABEL, LARGE):
                        answer = client.get("/sparql", params={"query": query}, headers={"Accept": "text/csv"})
                        found.append(answer.status_code)
            return found

        running = [threads.submit(load) for _ in range(3)]
        versions = {first}
        for number in range(3):
            change(small, f"X{number}")
            dataset.build(small, folder)
            wanted = dataset.data_version(small, first.partition("+")[0])
            while served.client.get("/healthz").json()["data_version"] != wanted:
                time.sleep(0.02)
            versions.add(wanted)
        stop.set()
        statuses = [status for each in running for status in each.result()]
        assert set(statuses) == {200}
        assert len(statuses) > 10
        assert len(versions) == 4
        title = served.ask("SELECT ?t { ?s mscim:title ?t FILTER(STRSTARTS(?t, 'A trial')) }").text.split("\r\n")[1]
        assert title == "A trialX2"


def test_tables_that_change(small, cache):
    with serving(small, watch=0.1, workers=1) as served:
        first = served.pool.version
        change(small, "Y")
        while served.pool.version == first:
            time.sleep(0.05)
        second = served.pool.version
        (small / "triples" / "claims.tsv").write_text("nonsense\n")
        while not any("the old is kept" in str(entry.get("why")) for entry in served.log):
            time.sleep(0.05)
        assert served.ask(LABEL).status_code == 200
        assert served.pool.version == second


def test_sources(small, small_graph, tmp_path):
    built = serve.source_of(small_graph.folder)
    assert built.folder() == small_graph.folder
    assert built.state() == built.state() is not None
    gone = serve.source_of(tmp_path / "gone")
    assert gone.state() is None
    with pytest.raises(SourceError):
        gone.folder()
    assert serve.source_of(None).state() is not None
    tables = serve.source_of(small)
    before = tables.state()
    change(small, "Z")
    assert tables.state() != before
    (small / "triples" / "claims.tsv").write_text("nonsense\n")
    with pytest.raises(SourceError, match="not built"):
        tables.folder()
    shutil.rmtree(small / "triples")
    assert tables.state() is None


def test_start_up_fails_without_data(tmp_path):
    application = serve.app(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = serve.server(application)
        with pytest.raises(SystemExit):
            server.run(sockets=[listener])
    assert not server.started


# --- the command -----------------------------------------------------------------------------------------------------


@contextmanager
def command(folder: Path, *options: str, limit: int = 0):
    """`kg serve` in a process of its own; yields it and its address."""

    def fewer() -> None:
        if limit:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))

    code = "from kg.cli import main; main()"
    line = [sys.executable, "-W", "error", "-c", code, "--data", str(folder), "serve", "--port", "0", *options]
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, cwd=ROOT, preexec_fn=fewer) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        found = re.search(r"http://(\S+):(\d+)/ has pages", said)
        assert found, said + process.stderr.read()
        try:
            while True:
                with suppress(OSError, http.client.HTTPException):
                    connection = http.client.HTTPConnection("127.0.0.1", int(found[2]), timeout=20)
                    connection.request("GET", "/healthz")
                    assert connection.getresponse().read()
                    connection.close()
                    break
                assert process.poll() is None
                time.sleep(0.02)
            yield process, int(found[2])
        finally:
            process.kill()


def ask(port: int, query: str, timeout: float = 30) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{port}/sparql", params={"query": query}, timeout=timeout)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_and_ends_in_order(small_graph, number):
    with command(small_graph.folder, "--log", "none") as (process, port), socket.socket() as reader:
        assert ask(port, LABEL).json()["results"]["bindings"][0]["l"]["value"] == "Th17 cell"
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        reader.connect(("127.0.0.1", port))
        target = f"/sparql?{urlencode({'query': LARGE})}"
        reader.sendall(f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        answer = reader.recv(1000)
        process.send_signal(number)
        time.sleep(0.2)
        while piece := reader.recv(1 << 20):  # under way at the signal, and finished
            answer += piece
        assert answer.endswith(b"}]}}\r\n0\r\n\r\n")
        process.wait(30)
        assert process.returncode == (0 if number == signal.SIGINT else -signal.SIGTERM)
        assert process.stderr is not None
        assert process.stderr.read() == ""
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_the_command_logs_lines_of_json(small_graph):
    with command(small_graph.folder, "--timeout", "1", "--workers", "1") as (process, port):
        assert ask(port, ENDLESS).status_code == 503
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        entries = [json.loads(line) for line in process.stderr]
    assert [entry["status"] for entry in entries if entry["path"] == "/sparql"] == [503]


@pytest.mark.skipif(sys.platform != "linux", reason="counts file descriptors as Linux does")
def test_out_of_file_descriptors_and_back(small_graph):
    with command(small_graph.folder, "--log", "none", limit=160) as (process, port):
        held = []
        for _ in range(200):
            connection = socket.socket()
            connection.settimeout(0.5)
            with suppress(OSError):
                connection.connect(("127.0.0.1", port))
                connection.sendall(
                    f"GET /sparql?{urlencode({'query': LARGE})} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
                )
            held.append(connection)
        time.sleep(0.5)
        for connection in held:
            connection.close()
        for _ in range(100):
            with suppress(httpx.HTTPError):
                if ask(port, LABEL, 5).status_code == 200:
                    break
            time.sleep(0.1)
        else:
            raise AssertionError("the server did not come back")
        assert process.poll() is None


def test_the_command_refuses_what_it_cannot_do(small_graph, tmp_path, monkeypatch):
    from click.testing import CliRunner

    from kg.cli import cli

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = CliRunner().invoke(cli, ["--data", str(small_graph.folder), "serve", "--port", port])
        assert isinstance(done.exception, SourceError)
        assert "cannot listen there" in str(done.exception)
    done = CliRunner().invoke(cli, ["--data", str(tmp_path), "serve"])
    assert "not a finished dataset" in str(done.exception)
    monkeypatch.delattr("kg.serve")
    monkeypatch.setitem(sys.modules, "kg.serve", None)
    done = CliRunner().invoke(cli, ["serve"])
    assert "pip install 'mscim[serve]'" in str(done.exception)


def test_the_command_in_this_process(small_graph, monkeypatch):
    from click.testing import CliRunner

    from kg.cli import cli

    class Nothing:
        def run(self, sockets):
            raise KeyboardInterrupt

    monkeypatch.setattr(serve, "server", lambda *_, **__: Nothing())
    done = CliRunner().invoke(cli, ["--data", str(small_graph.folder), "serve", "--port", "0", "--host", "::1"])
    assert done.exit_code == 0, done.exception
    assert re.fullmatch(r"kg: http://\[::1\]:\d+/ has pages, /sparql answers queries; Ctrl-C ends it\n", done.stderr)
    assert cli_serve.serve.name == "serve"


def test_starting_the_command_line_imports_no_server():
    code = "import sys, kg.cli; print([m for m in ('starlette', 'uvicorn', 'asyncio', 'kg.serve') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_streaming_takes_constant_memory(small_graph):
    """An answer of more than fifty megabytes does not grow the server by half of it."""
    query = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g a mscim:Evidence }"
    with command(small_graph.folder, "--log", "none", "--workers", "1", "--max-rows", "300000") as (process, port):

        def peak() -> int:
            return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())[1])

        ask(port, LABEL)
        before, size = peak(), 0
        with (
            suppress(httpx.RemoteProtocolError),
            httpx.stream(
                "GET",
                f"http://127.0.0.1:{port}/sparql",
                params={"query": query},
                headers={"Accept-Encoding": "identity"},
                timeout=60,
            ) as answer,
        ):
            for piece in answer.iter_raw():
                size += len(piece)
        assert size > 50_000_000
        assert peak() - before < 20_000  # KiB


@pytest.mark.parametrize("confined", [True, False])
def test_a_system_without_seccomp_is_said_at_start(small_graph, monkeypatch, confined):
    ready = workers._Worker.ready

    async def pretended(worker):
        await ready(worker)
        worker.confined = confined

    monkeypatch.setattr(workers._Worker, "ready", pretended)
    with serving(small_graph.folder) as served:
        said = [line for line in served.log if "seccomp" in str(line.get("why"))]
    assert bool(said) is not confined


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_caches_are_told_that_the_encoding_varies(served, encoding):
    answer = served.client.get("/data.nq", headers={"Accept-Encoding": encoding})
    assert answer.headers.get("content-encoding", "identity") == encoding
    answer = served.ask(SELECT.replace("?cell ?name", "*"), **{"Accept-Encoding": encoding})
    assert answer.headers["vary"] == "Accept, Accept-Encoding" or (encoding, answer.headers["vary"]) == (
        "gzip",
        "Accept",
    )
    large = served.ask("SELECT * { ?s ?p ?o }", **{"Accept-Encoding": encoding})
    assert large.headers["vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize("path", ["/nothing", "/entity/SLEE", "/trace?source=MSC&target=SLEE"])
def test_problems_are_pages_for_browsers(served, path):
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    answer = served.client.get(path, headers={"Accept": browser})
    assert answer.status_code == (400 if "trace" in path else 404)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert "<h1>" in answer.text


@pytest.mark.parametrize("path", ["/nothing", "/entity/SLEE", "/api/trace?source=MSC&target=SLEE", "/api/nothing"])
@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/*;q=0.3, application/json;q=0.9"])
def test_problems_are_json_for_programs(served, path, accept):
    answer = served.client.get(path, headers={"Accept": accept})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == answer.status_code


def test_problems_of_the_api_are_json_for_browsers_too(served):
    answer = served.client.get("/api/trace?source=MSC&target=SLEE", headers={"Accept": "text/html, */*;q=0.1"})
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_page_that_takes_too_long_says_so_on_a_page(graph):
    with serving(graph.folder, Limits(seconds=0.5), workers=1) as made:
        query = "source=MSC&target=SLE&null=50"
        answer = made.client.get(f"/trace?{query}", headers={"Accept": "text/html"})
        assert answer.status_code == 503
        assert "longer than 0.5 s" in answer.text
        assert "<h1>Service Unavailable</h1>" in answer.text


def test_other_methods_at_the_sign_of_life(served):
    assert served.client.options("/healthz").status_code == 204
    answer = served.client.post("/healthz")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")
