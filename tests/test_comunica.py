"""Comunica, an engine of others in JavaScript, asks the server as it comes; `npm ci` in tests/comunica installs it."""

from __future__ import annotations

import json
import shutil
import subprocess
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import rdflib

from tests.test_serve import serving

FOLDER = Path(__file__).resolve().parent / "comunica"
NAMES = "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX CL: <http://purl.obolibrary.org/obo/CL_>\n"
BELOW = NAMES + "{} {{ ?cell rdfs:subClassOf+ CL:0000084 ; rdfs:label ?name }}"
SEEN = """\
@prefix ex: <http://example.org/> .
@prefix CL: <http://purl.obolibrary.org/obo/CL_> .
ex:sample1 ex:holds CL:0000899 ; ex:count 12 .
ex:sample2 ex:holds CL:0000815 ; ex:count 7 .
ex:sample3 ex:holds CL:9999999 ; ex:count 1 .
"""


@pytest.fixture(scope="module")
def node():
    program = shutil.which("node")
    if program is None or not (FOLDER / "node_modules" / "@comunica" / "query-sparql").is_dir():
        pytest.skip("Comunica is not installed: apt-get install nodejs npm, then npm ci --prefix tests/comunica")
    return program


@pytest.fixture(scope="module")
def served(small_graph):
    with serving(small_graph.folder) as server:
        yield server


@pytest.fixture
def ask(node, served):
    """Send a query to Comunica over sources, and return its answer in a media type."""

    def call(media: str, query: str, *sources: str) -> str:
        command = [node, str(FOLDER / "ask.mjs"), media, *sources]
        done = subprocess.run(command, input=query, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


class Files(SimpleHTTPRequestHandler):
    """Files of a folder, by HTTP and in silence."""

    extensions_map = {".ttl": "text/turtle"}  # noqa: RUF012 - as the class above has it

    def log_message(self, *_):
        pass


def rows(answer: str) -> set[tuple[str, ...]]:
    found = json.loads(answer)
    names = found["head"]["vars"]
    return {tuple(row[name]["value"] for name in names) for row in found["results"]["bindings"]}


@pytest.mark.parametrize("kind", ["", "sparql@"], ids=["found out", "told"])
def test_select(ask, served, kind):
    """Comunica finds out from the service description that this is an endpoint, or is told so."""
    asked = len(served.log)
    answer = ask("application/sparql-results+json", BELOW.format("SELECT ?name"), f"{kind}{served.base}/sparql")
    assert rows(answer) == {("CD4+ T cell",), ("Th17 cell",), ("regulatory T cell",)}
    assert 1 <= len(served.log) - asked <= 3  # the query was sent whole, not pattern by pattern
    assert {entry["status"] for entry in served.log[asked:]} == {200}


@pytest.mark.parametrize(("pattern", "truth"), [("?cell", True), ("CL:0000236", False)])
def test_ask(ask, served, pattern, truth):
    query = NAMES + f"ASK {{ {pattern} rdfs:subClassOf CL:0000084 }}"
    assert json.loads(ask("application/sparql-results+json", query, f"{served.base}/sparql"))["boolean"] is truth


def test_construct(ask, served):
    query = BELOW.format("CONSTRUCT { ?cell rdfs:label ?name }")
    found = rdflib.Graph().parse(data=ask("application/n-triples", query, f"{served.base}/sparql"), format="nt")
    assert {str(name) for name in found.objects()} == {"CD4+ T cell", "Th17 cell", "regulatory T cell"}
    assert set(found.predicates()) == {rdflib.RDFS.label}


def test_a_join_over_two_sources(ask, served, small_graph, tmp_path):
    """What a file elsewhere says of samples and what the server says of cells are joined."""
    (tmp_path / "samples.ttl").write_text(SEEN)
    query = NAMES + (
        "SELECT ?sample ?name ?count { ?sample <http://example.org/holds> ?cell ; <http://example.org/count> ?count . "
        "?cell rdfs:subClassOf+ CL:0000084 ; rdfs:label ?name }"
    )
    wanted = {
        ("http://example.org/sample1", "Th17 cell", "12"),
        ("http://example.org/sample2", "regulatory T cell", "7"),
    }
    media = "application/sparql-results+json"
    folder = partial(Files, directory=tmp_path)
    with ThreadingHTTPServer(("127.0.0.1", 0), folder) as server:
        Thread(target=server.serve_forever).start()
        try:
            file = f"http://127.0.0.1:{server.server_port}/samples.ttl"
            assert rows(ask(media, query, file, f"{served.base}/sparql")) == wanted
        finally:
            server.shutdown()
