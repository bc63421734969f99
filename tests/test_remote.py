"""The commands on an endpoint elsewhere: the same answers as here, and plain words when a server misbehaves."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qs

import pyoxigraph as ox
import pytest

from kg import endpoint as http_endpoint
from kg import rdf, remote, sparql, store
from kg.cli import main
from kg.endpoint import Endpoint, endpoint
from kg.errors import CurationError, QueryError, SourceError
from tests.conftest import write_small

ROOT = Path(__file__).resolve().parent.parent
RESULTS = "application/sparql-results+json"
LABEL = "SELECT ?l { CL:0000899 rdfs:label ?l }"


@pytest.fixture(autouse=True)
def clean(monkeypatch, tmp_path):
    """No credentials, endpoint, proxy or netrc of the machine; an own cache."""
    for name in ("KG_ENDPOINT", "KG_ENDPOINT_USER", "KG_ENDPOINT_PASSWORD", "NETRC", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KG_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def run(capfd, monkeypatch):
    """Run `kg` in process: exit code, stdout, stderr."""

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
        with pytest.raises(SystemExit) as caught:
            main(list(arguments))
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return int(caught.value.code or 0), out, err

    return call


# --- kg serve, in a process of its own -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return write_small(tmp_path_factory.mktemp("remote") / "small")


@pytest.fixture(scope="module")
def served(tables):
    command = [sys.executable, "-c", "from kg.cli import main; main()", "--data", str(tables), "serve", "--port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        said = (re.search(r"(http://\S+/) has pages", line) for line in process.stderr)
        url = next(found[1] for found in said if found) + "sparql"
        drain = threading.Thread(target=process.stderr.read)
        drain.start()
        yield url
        process.send_signal(signal.SIGTERM)
        process.wait()
        drain.join()


SAME = [
    ["trace", "MSC", "SLE"],
    ["trace", "MSC", "SLE", "--format", "json", "--incoherent", "--explain", "1"],
    ["trace", "SLE", "MSC", "--format", "tsv"],
    ["trace", "MSC", "SLE", "--block", "PGE2", "-k", "2"],
    ["trace", "MSC", "no such thing"],
    ["show", "Th17 cell"],
    ["show", "T cell", "--format", "json"],
    ["view", "MSC", "SLE", "-o", "-"],
    ["view", "PGE2", "-o", "-"],
    *(["export", form] for form in ("nquads", "turtle", "trig", "jsonld", "rdfxml", "graphml", "gexf", "nodes-tsv")),
    *(["export", form] for form in ("edges-csv", "bibtex", "csl", "examples", "no-such-format")),
    ["query", "mediators-of", "--param", "disease=SLE"],
    ["query", "mediators-of", "--format", "json"],
    ["query", "no-such-query"],
    *(["query", LABEL, "--format", form] for form in ("table", "csv", "tsv", "json", "xml", "turtle")),
    ["query", "ASK { ?s a mscim:Evidence }", "--format", "csv"],
    ["query", "CONSTRUCT { ?s rdfs:label ?l } WHERE { ?s rdfs:label ?l ; mscim:curie ?c }", "--format", "turtle"],
    ["query", "CONSTRUCT WHERE { ?s mscim:curie ?c }"],
    ["query", "SELECT * {\n ?s mscim:x } foo"],
    ["query", "SELECT * FROM <http://example.org/none> { ?s ?p ?o }"],
    ["query", "INSERT DATA { }"],
    ["studies", "--format", "json"],
    ["search", "t cell"],
]


@pytest.mark.parametrize("words", SAME, ids=" ".join)
def test_answers_are_those_of_the_tables(run, served, tables, words, cache, monkeypatch):
    monkeypatch.setenv("KG_CACHE", str(cache))
    here, there = run("--data", str(tables), *words), run("--endpoint", served, *words)
    assert there[:2] == here[:2]
    if here[0]:
        assert there[2].splitlines()[-1] == here[2].splitlines()[-1]


def test_the_values_are_those_of_the_tables(served, tables):
    import kg

    here, there = kg.load(tables), remote.load(endpoint(served))
    assert there.vocabulary == here.vocabulary
    assert list(there.vocabulary.entities) == list(here.vocabulary.entities)
    assert there.assertions == here.assertions
    assert list(there.publications.items()) == list(here.publications.items())
    assert there.studies == here.studies
    assert there.data_version == here.data_version
    assert set(there.store) == set(here.store)


def test_the_bundled_values_come_back_from_rdf(graph):
    vocabulary, claims, publications, studies = rdf.contents(sorted(graph.store, key=lambda quad: str(quad)[::-1]))
    assert vocabulary == graph.vocabulary
    assert list(vocabulary.entities) == list(graph.vocabulary.entities)
    assert (claims, studies) == (graph.assertions, graph.studies)
    assert publications == tuple(graph.publications.values())


def test_a_claim_without_a_part_is_a_fault_of_the_data(small_graph):
    quads = [quad for quad in small_graph.store if quad.predicate.value != "https://w3id.org/mscim/grounding"]
    with pytest.raises(CurationError, match=r"lacks .*grounding"):
        rdf.contents(quads)


def test_second_command_reads_nothing_again_and_new_data_replaces_the_old(run, served, tmp_path):
    assert "once for data" in run("--endpoint", served, "show", "PGE2")[2]
    assert run("--endpoint", served, "show", "PGE2")[2] == ""
    (first,) = (tmp_path / "cache").iterdir()
    (first / "manifest.json").unlink()
    older = first.with_name(f"{first.name[:-12]}{'0' * 12}")
    older.mkdir()
    assert "once for data" in run("--endpoint", served, "show", "PGE2")[2]
    assert list((tmp_path / "cache").iterdir()) == [first]


def test_the_environment_names_the_endpoint_and_data_wins_over_it(run, served, tables, monkeypatch):
    monkeypatch.setenv("KG_ENDPOINT", served)
    assert "once for data" in run("show", "PGE2")[2]
    monkeypatch.setenv("KG_ENDPOINT", "http://127.0.0.1:1/sparql")
    assert run("--data", str(tables), "show", "PGE2")[0] == 0
    assert run("check")[0] == 0  # a command about files here
    assert run("show", "PGE2")[0] == 5


@pytest.mark.parametrize(
    "words", [["--data", "x", "--endpoint", "http://h/", "show", "x"], ["--endpoint", "http://h/", "check"]]
)
def test_an_endpoint_does_not_go_with_files(run, words):
    code, _, err = run(*words)
    assert code == 2
    assert "--endpoint" in err


def test_nothing_of_it_is_imported_without_the_option():
    code = (
        "import sys; from click.testing import CliRunner; from kg.cli import cli; "
        "CliRunner().invoke(cli, ['search', 'x']); print([n for n in ('kg.remote', 'kg.endpoint', 'urllib.request') if n in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout == "[]\n"


# --- servers with faults ---------------------------------------------------------------------------------------------


class Faulty(http.server.ThreadingHTTPServer):
    """Answers each request with the next of `answers` (the last one again and again): status, headers, body."""

    daemon_threads = True

    def __init__(self, *answers):
        self.answers, self.requests = list(answers), []
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/sparql"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.requests.append((self.path, dict(self.headers), body))
        answer = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        if callable(answer):
            answer = answer(parse_qs(body)["query"][0])
        if answer == "reset":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        status, headers, content = answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), "Connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True

    do_GET = do_POST

    def log_message(self, *_):
        pass


@contextmanager
def faulty(*answers):
    with Faulty(*answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def asked(server, query="ASK {}", **options):
    waits, lines = [], []
    made = Endpoint(server.url, say=lines.append, sleep=waits.append, **options)
    return made.results(query), waits, lines


TRUE = (200, {"Content-Type": RESULTS}, b'{"head": {}, "boolean": true}')
YES = json.loads(TRUE[2])


@pytest.mark.parametrize(
    ("first", "waits"),
    [
        ([(429, {"Retry-After": "7"}, b"slow down")], [7]),
        ([(503, {}, b"busy")], [0.5]),
        ([(502, {}, b""), (504, {}, b""), (503, {"Retry-After": "soon"}, b"")], [0.5, 1, 2]),
        (["reset"], [0.5]),
        ([(200, {"Content-Type": RESULTS, "Content-Length": "500"}, b'{"head"')], [0.5]),
        ([(200, {"Content-Type": RESULTS, "Content-Encoding": "gzip"}, gzip.compress(TRUE[2])[:-9])], [0.5]),
        ([(200, {"Content-Type": RESULTS, "Content-Encoding": "gzip"}, b"no gzip at all")], [0.5]),
    ],
    ids=["429", "503", "three in turn", "reset", "broken off", "gzip broken off", "no gzip"],
)
def test_what_may_pass_is_waited_for(first, waits):
    with faulty(*first, TRUE) as server:
        answer, waited, lines = asked(server)
        assert (answer, waited) == (YES, waits)
        assert len(server.requests) == len(first) + 1
        assert len(lines) == len(first)
        assert all(re.search(r"again in [\d.]+ s", line) for line in lines)


def test_a_date_says_when_to_come_back():
    with faulty((503, {"Retry-After": formatdate(time.time() + 30, usegmt=True)}, b""), TRUE) as server:
        assert 25 < asked(server)[1][0] <= 30


@pytest.mark.parametrize(
    ("answer", "tries", "said"),
    [
        ((503, {}, b"busy"), 5, r"HTTP 503: busy, 5 times; try again later"),
        ("reset", 5, r"closed before an answer came, 5 times"),
        ((429, {"Retry-After": "3600"}, b""), 1, r"HTTP 429; it asks to wait 3600 s"),
        ((200, {"Content-Type": RESULTS}, b'{"head": {}, "results": {"bin'), 1, r"breaks off or is no JSON"),
        ((200, {"Content-Type": RESULTS}, b"[]"), 1, r"JSON that is not SPARQL results"),
        ((200, {"Content-Type": RESULTS}, b'{"results": {}}'), 1, r"JSON that is not SPARQL results"),
        ((200, {"Content-Type": "text/html; charset=utf-8"}, b"<html><title>Welcome\n all</title>"), 1, r"a web page \(Welcome all\), not SPARQL results"),
        ((200, {"Content-Type": "text/csv"}, b"l\nx\n"), 1, r"answered with text/csv, not SPARQL results"),
        ((401, {}, b""), 1, r"asks for credentials \(HTTP 401\); set KG_ENDPOINT_USER"),
        ((403, {}, b"go away"), 1, r"not allowed \(HTTP 403: go away\); set KG_ENDPOINT_USER"),
        ((404, {"Content-Type": "text/html"}, b"<title>None</title>"), 1, r"no SPARQL endpoint \(HTTP 404: None\)"),
        ((405, {}, b""), 1, r"no SPARQL endpoint \(HTTP 405\)"),
        ((500, {"Content-Type": "text/plain"}, b"Virtuoso S0002 Error\n\nSPARQL query:\nSELECT"), 1, r"failed \(HTTP 500: Virtuoso S0002 Error\)$"),
        ((500, {}, b"x" * 5000), 1, r"HTTP 500: x{297}\.\.\.\)$"),
        ((500, {}, b"a\x1b[31m\x07b"), 1, r"HTTP 500: a \[31m b\)$"),
        ((302, {"Location": "ftp://127.0.0.1/"}, b""), 1, r"sent on to an address that is not followed"),
        ((307, {"Location": "/sparql"}, b""), 5, r"sent on to an address that is not followed"),
    ],
)  # fmt: skip
def test_what_does_not_pass_is_said(answer, tries, said):
    with faulty(answer) as server:
        with pytest.raises(SourceError, match=said) as caught:
            asked(server)
        assert str(caught.value).startswith(server.url)
        assert "\x1b" not in str(caught.value)
        assert len(server.requests) == tries


def test_a_refused_query_is_an_error_of_the_query_in_the_lines_of_its_author(run):
    problem = json.dumps({"title": "Bad", "detail": "3:2: malformed SPARQL: expected )"}).encode()
    version = {"version": {"type": "literal", "value": "v"}, "format": {"type": "literal", "value": rdf.FORMAT}}
    told = (200, {"Content-Type": RESULTS}, results(["version", "format"], [version]))
    none = (200, {"Content-Type": RESULTS}, results(["prefix", "space"], []))
    with faulty(told, none, (400, {"Content-Type": "application/problem+json"}, problem)) as server:
        code, out, err = run("--endpoint", server.url, "query", "SELECT *\n{ ?s rdfs:label ( }")
    assert (code, out, err) == (4, "", "kg: 2:2: malformed SPARQL: expected )\n")
    sent = parse_qs(server.requests[-1][2])["query"][0]
    assert sent == f"PREFIX rdfs: <{sparql.PREFIXES['rdfs']}>\nSELECT *\n{{ ?s rdfs:label ( }}"


def results(names, rows):
    return json.dumps({"head": {"vars": names}, "results": {"bindings": rows}}).encode()


def test_too_slow_a_server_is_not_waited_for():
    over = threading.Event()

    def slow(_):
        over.wait(30)
        return TRUE

    with faulty(slow) as server:
        begun = time.monotonic()
        with pytest.raises(SourceError, match=r"no answer in time \(10 s to connect, 0.2 s of silence\)"):
            asked(server, silence=0.2)
        assert time.monotonic() - begun < 20
        over.set()


def test_a_server_that_drips_is_not_waited_for_either(monkeypatch):
    monkeypatch.setattr(http_endpoint, "WHOLE", 0)
    with faulty(TRUE) as server, pytest.raises(SourceError, match="no answer in time"):
        asked(server)


def test_a_connection_that_is_not_made(monkeypatch):
    monkeypatch.setattr(http_endpoint, "CONNECT", 0.2)
    with socket.create_server(("127.0.0.1", 0), backlog=1) as listener:
        port = listener.getsockname()[1]
        kept = [socket.socket() for _ in range(4)]
        for each in kept:  # fill the queue of those who wait to be taken
            each.setblocking(False)
            each.connect_ex(("127.0.0.1", port))
        begun = time.monotonic()
        with pytest.raises(SourceError, match="no answer in time"):
            Endpoint(f"http://127.0.0.1:{port}/", silence=20).results("ASK {}")
        assert time.monotonic() - begun < 10
        for each in kept:
            each.close()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://no-such-host.invalid/sparql", "there is no host no-such-host.invalid"),
        ("http://127.0.0.1:1/sparql", "nothing listens there"),
        ("ftp://127.0.0.1/", "not an http or https address"),
        ("127.0.0.1:8000/sparql", "not an http or https address"),
        ("http://127.0.0.1:99999/", "not an http or https address"),
        ("http://127.0.0.1/a b", "not an http or https address"),
        ("http://me:secret@127.0.0.1/", "holds credentials"),
    ],
)
def test_an_address_that_cannot_be_asked(run, url, said):
    code, out, err = run("--endpoint", url, "show", "PGE2")
    assert (code, out) == (5, "")
    assert said in err
    assert "secret" not in err


def test_what_speaks_no_http():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def once():
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"220 mail.example.org ESMTP\r\n")

        thread = threading.Thread(target=once)
        thread.start()
        with pytest.raises(SourceError, match="does not speak HTTP"):
            Endpoint(f"http://127.0.0.1:{listener.getsockname()[1]}/").results("ASK {}")
        thread.join()


def test_https_needs_a_server_that_speaks_it():
    with faulty(TRUE) as server, pytest.raises(SourceError, match="no secure connection"):
        Endpoint(server.url.replace("http:", "https:")).results("ASK {}")


# --- who is asked, as whom -------------------------------------------------------------------------------------------


def test_a_query_is_posted_again_where_it_is_sent_on_to():
    with faulty(TRUE) as target:
        for status in (301, 302, 307, 308):
            with faulty((status, {"Location": target.url}, b"")) as server:
                assert asked(server, "ASK { ?a ?b ?c }")[0] == YES
            path, headers, body = target.requests[-1]
            assert (path, parse_qs(body)) == ("/sparql", {"query": ["ASK { ?a ?b ?c }"]})
            assert re.fullmatch(r"mscim/\d+\.\d+.*", headers["User-Agent"])


def test_credentials_go_to_the_endpoint_alone(monkeypatch):
    monkeypatch.setenv("KG_ENDPOINT_USER", "me")
    monkeypatch.setenv("KG_ENDPOINT_PASSWORD", "s3cret:ü")
    basic = f"Basic {b64encode('me:s3cret:ü'.encode()).decode()}"
    with faulty(TRUE) as target, faulty((307, {"Location": target.url}, b"")) as server:
        made = endpoint(server.url)
        assert "s3cret" not in repr(made)
        assert made.results("ASK {}") == YES
        assert server.requests[0][1]["Authorization"] == basic
        assert "Authorization" not in target.requests[0][1]
    with faulty((307, {"Location": "/other"}, b""), TRUE) as server:
        endpoint(server.url).results("ASK {}")
        assert [(path, headers["Authorization"]) for path, headers, _ in server.requests] == [
            ("/sparql", basic),
            ("/other", basic),
        ]


def test_credentials_stand_in_no_message():
    token = b64encode(b"me:s3cret")
    with (
        faulty((401, {}, b"no: s3cret, Basic " + token)) as server,
        pytest.raises(SourceError, match=r"these credentials are not taken \(HTTP 401: no: \*\*\*, Basic \*\*\*\)"),
    ):
        asked(server, user="me", password="s3cret")
    with faulty((503, {}, b"s3cret"), TRUE) as server:
        assert "s3cret" not in str(asked(server, user="me", password="s3cret")[2])


CHALLENGE = 'Digest realm="SPARQL", nonce="n0nce", qop="auth", algorithm=MD5, opaque="0paque"'


def digest_of(header: str, path: str = "/sparql") -> bool:
    """Whether an Authorization field answers CHALLENGE as RFC 7616 has it, for these credentials and a POST."""
    given = dict(re.findall(r'(\w+)="?([^",]*)"?', header.removeprefix("Digest ")))
    ones = ["me:SPARQL:s3cret", f"POST:{path}"]
    one, two = (hashlib.md5(text.encode(), usedforsecurity=False).hexdigest() for text in ones)
    text = ":".join((one, "n0nce", given["nc"], given["cnonce"], "auth", two))
    wanted = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    return given["response"] == wanted and (given["username"], given["uri"]) == ("me", path)


@pytest.mark.parametrize("kind", ["basic", "digest"])
def test_digest_is_answered(monkeypatch, kind):
    monkeypatch.setenv("KG_ENDPOINT_USER", "me")
    monkeypatch.setenv("KG_ENDPOINT_PASSWORD", "s3cret")
    monkeypatch.setenv("KG_ENDPOINT_AUTH", kind)
    with faulty((401, {"WWW-Authenticate": CHALLENGE}, b""), TRUE) as server:
        assert endpoint(server.url).results("ASK {}") == YES
        first, second = (headers.get("Authorization", "") for _, headers, _ in server.requests)
        assert first.startswith("Basic ") == (kind == "basic")
        assert digest_of(second)
        assert "s3cret" not in second
        assert parse_qs(server.requests[1][2]) == {"query": ["ASK {}"]}


@pytest.mark.parametrize(
    "challenge",
    [CHALLENGE, 'Basic realm="x"', "Digest", "Digest nonsense", CHALLENGE.replace("MD5", "ROT13"), "Bearer"],
)
def test_digest_is_tried_once_and_only_where_it_is_known(challenge):
    with (
        faulty((401, {"WWW-Authenticate": challenge}, b"")) as server,
        pytest.raises(SourceError, match=r"these credentials are not taken \(HTTP 401\)"),
    ):
        asked(server, user="me", password="s3cret", digest=True)
    assert len(server.requests) == (2 if challenge == CHALLENGE else 1)


def test_digest_is_for_the_endpoint_alone():
    with (
        faulty((401, {"WWW-Authenticate": CHALLENGE}, b"")) as target,
        faulty((307, {"Location": target.url}, b"")) as server,
        pytest.raises(SourceError, match="not taken"),
    ):
        asked(server, user="me", password="s3cret", digest=True)
    assert [headers.get("Authorization") for _, headers, _ in target.requests] == [None]
    with faulty((307, {"Location": "/other"}, b""), (401, {"WWW-Authenticate": CHALLENGE}, b""), TRUE) as server:
        assert asked(server, user="me", password="s3cret", digest=True)[0] == YES
        assert digest_of(server.requests[2][1]["Authorization"], "/other")


def test_an_unknown_kind_of_credentials():
    with pytest.raises(SourceError, match="KG_ENDPOINT_AUTH: neither basic nor digest"):
        endpoint("http://127.0.0.1/", environment={"KG_ENDPOINT_AUTH": "kerberos"})


def test_the_netrc_gives_credentials_for_its_host_only(tmp_path, run):
    path = tmp_path / ".netrc"
    path.write_text("machine 127.0.0.1 login me password s3cret\ndefault login you password other\n")
    path.chmod(0o600)
    found = endpoint("http://127.0.0.1:8000/sparql")
    assert (found.user, found.password) == ("me", "s3cret")
    assert endpoint("http://localhost:8000/sparql").user == ""
    path.write_text("machine s3cret nonsense\n")
    code, _, err = run("--endpoint", "http://127.0.0.1:1/", "show", "x")
    assert code == 5
    assert "netrc cannot be read" in err
    assert "s3cret" not in err


# --- other endpoints, other data -------------------------------------------------------------------------------------


def answering(graph, change=lambda answer: answer):
    """Answer the queries of a graph, changed on the way out."""

    def answer(query):
        content = sparql.serialized(graph.query(query), "json")
        return 200, {"Content-Type": RESULTS}, json.dumps(change(json.loads(content))).encode()

    return answer


def cut(rows):
    def change(answer):
        if "results" in answer:
            del answer["results"]["bindings"][rows:]
        return answer

    return change


@pytest.mark.parametrize("limit", [1000, 333])
def test_a_server_that_cuts_answers_is_read_page_by_page(small_graph, limit):
    with faulty(answering(small_graph, cut(limit))) as server:
        found = list(remote.statements(Endpoint(server.url)))
        queries = [parse_qs(body)["query"][0] for _, _, body in server.requests]
    assert sorted(map(str, found)) == sorted(map(str, small_graph.store))
    assert any(f"ORDER BY STR(?s) LIMIT {limit}" in query for query in queries)


def test_large_graphs_are_read_page_by_page_from_the_start(small_graph, monkeypatch):
    monkeypatch.setattr(remote, "PAGE", 300)
    with faulty(answering(small_graph)) as server:
        found = list(remote.statements(Endpoint(server.url)))
    assert sorted(map(str, found)) == sorted(map(str, small_graph.store))


@pytest.mark.parametrize("limit", [200, 5, 0])
def test_a_server_that_gives_too_few_rows_is_an_error_and_no_smaller_dataset(small_graph, limit, tmp_path):
    def change(answer):
        if "o" in answer["head"].get("vars", ()):
            cut(limit)(answer)
        return answer

    with faulty(answering(small_graph, change)) as server, pytest.raises(SourceError, match="ResultSetMaxRows"):
        remote.load(Endpoint(server.url))
    assert not list(tmp_path.glob("cache/*"))


def test_a_cut_that_virtuoso_tells_is_passed_on():
    with faulty((200, {**TRUE[1], "X-SPARQL-MaxRows": "1000"}, TRUE[2])) as server:
        lines = []
        remote.query(Endpoint(server.url, say=lines.append), "ASK {}", {})
        assert "gives 1000 rows at most" in lines[0]
        assert asked(server)[2] == []


def test_data_that_changes_meanwhile_is_not_mixed(small_graph):
    seen = []

    def change(answer):
        if "version" in answer["head"].get("vars", ()):
            seen.append(1)
            answer["results"]["bindings"][0]["version"]["value"] = f"version {len(seen)}"
        return answer

    with (
        faulty(answering(small_graph, change)) as server,
        pytest.raises(SourceError, match="changed while it was read"),
    ):
        remote.load(Endpoint(server.url))


def test_terms_as_virtuoso_writes_them(small_graph):
    def change(answer):
        for row in answer.get("results", {}).get("bindings", ()):
            for term in row.values():
                if term["type"] == "bnode":
                    term["value"] = f"nodeID://{term['value']}"
                if term.get("datatype"):
                    term["type"] = "typed-literal"
                if term.get("datatype", "").endswith("#boolean"):
                    term["value"] = {"true": "1", "false": "0"}[term["value"]]
        return answer

    with faulty(answering(small_graph, change)) as server:
        found = list(remote.statements(Endpoint(server.url)))
    assert sorted(map(str, found)) == sorted(map(str, small_graph.store))


def held(quads):
    inside = ox.Store()
    inside.extend(quads)

    class Held:
        def query(self, text):
            return sparql.run(inside, text, {})

    return Held()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda quads: [], "holds no mscim dataset"),
        (lambda quads: [q for q in quads if q.subject.value != rdf.DATASET], "tells no version"),
        (
            lambda quads: [
                ox.Quad(q.subject, q.predicate, ox.Literal("999"), q.graph_name)
                if q.predicate.value.endswith("mscim/format") and q.subject.value == rdf.DATASET
                else q
                for q in quads
            ],
            rf"is in format 999, and this program reads {rdf.FORMAT}",
        ),
        (lambda quads: [q for q in quads if not q.predicate.value.endswith("/grounding")], "is damaged"),
    ],
    ids=["none", "no version", "another format", "damaged"],
)
def test_other_data_is_said_to_be(run, small_graph, change, said):
    with faulty(answering(held(change(list(small_graph.store))))) as server:
        code, out, err = run("--endpoint", server.url, "trace", "MSC", "SLE")
        assert (code, out) == (5, "")
        assert re.search(said, err.splitlines()[-1])
        if said != "is damaged":
            assert run("--endpoint", server.url, "query", LABEL)[0] == 5


def test_answers_that_are_none(small_graph):
    with faulty(TRUE) as server, pytest.raises(SourceError, match="answered a SELECT with no rows"):
        remote.version(Endpoint(server.url))
    with (
        faulty((200, {"Content-Type": "text/turtle"}, b"<a> <b")) as server,
        pytest.raises(SourceError, match="breaks"),
    ):
        remote.query(Endpoint(server.url), "CONSTRUCT WHERE { ?s ?p ?o }", {})
    with (
        faulty((200, {"Content-Type": "text/html"}, b"")) as server,
        pytest.raises(SourceError, match="a web page, not"),
    ):
        remote.query(Endpoint(server.url), "CONSTRUCT WHERE { ?s ?p ?o }", {})
    nonsense = results(["a"], [{"a": {"type": "uri", "value": "no iri"}}])
    with faulty((200, {"Content-Type": RESULTS}, nonsense)) as server, pytest.raises(SourceError, match="the standard"):
        list(remote.query(Endpoint(server.url), "SELECT ?a {}", {}))
    with (
        faulty((400, {}, b"no COUNT here")) as server,
        pytest.raises(SourceError, match=r"refuses a query .* no COUNT"),
    ):
        list(remote.statements(Endpoint(server.url)))
    with faulty((400, {}, b"")) as server, pytest.raises(QueryError, match="is refused"):
        remote.query(Endpoint(server.url), "SELECT ?a {}", {})
    none = results(["n"], [])
    with faulty((200, {"Content-Type": RESULTS}, none)) as server, pytest.raises(SourceError, match="does not count"):
        list(remote.statements(Endpoint(server.url)))
    one = results(["n"], [{"n": {"type": "literal", "value": "1"}}])
    zero = results(["n"], [{"n": {"type": "literal", "value": "0"}}])
    row = results(["s"], [{"s": {"type": "uri", "value": "no iri"}}])
    kind = {"Content-Type": RESULTS}
    given = [(200, kind, each) for each in (one, zero, row)]
    with faulty(*given) as server, pytest.raises(SourceError, match="a statement that is none"):
        list(remote.statements(Endpoint(server.url)))


def test_the_cache_is_a_dataset_like_others(served, tmp_path):
    remote.load(endpoint(served))
    (folder,) = (tmp_path / "cache").iterdir()
    assert store.manifest(folder)["data_version"] == remote.version(endpoint(served))
