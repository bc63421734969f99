"""Another engine: a Virtuoso of our own holds the bundled dataset, and gives the same answers."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections import Counter
from decimal import Decimal, InvalidOperation
from pathlib import Path

import pytest

from kg import remote, sparql
from kg.catalogue import catalogue, named
from kg.endpoint import Endpoint, endpoint
from kg.errors import SourceError
from tests.test_serve import serving

pytestmark = pytest.mark.virtuoso

ROOT = Path(__file__).resolve().parent.parent
INI = """\
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
FileExtend = 200
TempStorage = TempDatabase

[TempDatabase]
DatabaseFile = {folder}/virtuoso-temp.db
TransactionFile = {folder}/virtuoso-temp.trx

[Parameters]
ServerPort = 127.0.0.1:{sql}
DisableUnixSocket = 1
CheckpointInterval = 0
CaseMode = 2
DirsAllowed = {folder}
NumberOfBuffers = 20000
MaxDirtyBuffers = 15000
ThreadsPerQuery = 2
AsyncQueueMaxThreads = 2
MaxQueryMem = 512M

[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerRoot = {folder}
ServerThreads = 5
Charset = UTF-8

[SPARQL]
ResultSetMaxRows = 1000000
MaxQueryExecutionTime = 60
"""
FAULTS = {
    "mediators-of": "Virtuoso 7 compares long texts otherwise: MIN gives another example of the same mediator",
}


def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def virtuoso(graph, tmp_path_factory):
    """The address of a Virtuoso that holds the bundled dataset."""
    programs = [shutil.which(name) for name in ("virtuoso-t", "isql-vt")]
    if None in programs:
        pytest.skip("Virtuoso is not installed: apt-get install virtuoso-opensource-7-bin")
    folder, sql, http = tmp_path_factory.mktemp("virtuoso"), free(), free()
    (folder / "virtuoso.ini").write_text(INI.format(folder=folder, sql=sql, http=http))
    (folder / "data.nq").write_bytes(graph.export("nquads"))
    command = [programs[0], "+foreground", "+configfile", str(folder / "virtuoso.ini")]
    with open(folder / "out.txt", "wb") as out, subprocess.Popen(command, cwd=folder, stdout=out, stderr=out) as server:
        try:
            load = f"DB.DBA.TTLP_MT (file_to_string_output ('{folder}/data.nq'), '', 'urn:none', 512);\n"
            isql = [programs[1], f"127.0.0.1:{sql}", "dba", "dba", "errors=stdout"]
            for _ in range(300):
                done = subprocess.run(isql, input=load, capture_output=True, text=True, check=False, timeout=60)
                if done.returncode == 0 and "Done." in done.stdout:
                    break
                assert server.poll() is None, (folder / "out.txt").read_text(errors="replace")
                assert "Connect failed" in done.stdout + done.stderr, done.stdout + done.stderr
                try:
                    server.wait(0.2)
                except subprocess.TimeoutExpired:
                    pass
            yield f"http://127.0.0.1:{http}/sparql"
        finally:
            server.kill()
            server.wait()


@pytest.fixture(scope="module")
def run(virtuoso, graph, tmp_path_factory):
    """Run a command here and there; both must be done. The dataset is read once for all tests of this module."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for name in ("KG_ENDPOINT", "KG_ENDPOINT_USER", "KG_ENDPOINT_PASSWORD"):
        environment.pop(name, None)
    own = {**environment, "KG_CACHE": str(tmp_path_factory.mktemp("cache"))}
    kg = [sys.executable, "-c", "from kg.cli import main; main()"]

    def call(*words: str) -> tuple[bytes, bytes]:
        here = subprocess.run([*kg, *words], env=environment, capture_output=True, check=True)
        there = subprocess.run([*kg, "--endpoint", virtuoso, *words], env=own, capture_output=True, check=True)
        return here.stdout, there.stdout

    return call


@pytest.mark.parametrize(
    "words",
    [
        ["trace", "MSC", "SLE"],
        ["trace", "SLE", "MSC", "--format", "json"],
        ["show", "Th17 cell"],
        ["show", "MSC product", "--format", "json"],
        ["export", "nquads"],
        ["export", "graphml"],
        ["export", "csl"],
        ["query", "CONSTRUCT { ?s rdfs:label ?l } WHERE { ?s rdfs:label ?l ; mscim:curie 'CL:0000899' }"],
        ["query", "ASK { ?s a mscim:Evidence }", "--format", "csv"],
    ],
    ids=" ".join,
)
def test_commands(run, words):
    here, there = run(*words)
    assert here == there


def test_digest(virtuoso):
    """Virtuoso's other address wants HTTP Digest."""
    known = {"KG_ENDPOINT_USER": "dba", "KG_ENDPOINT_PASSWORD": "dba", "KG_ENDPOINT_AUTH": "digest"}
    query = "SELECT ?l { <http://purl.obolibrary.org/obo/CL_0000899> <http://www.w3.org/2000/01/rdf-schema#label> ?l }"
    rows = endpoint(f"{virtuoso}-auth", environment=known).results(query)["results"]["bindings"]
    assert [row["l"]["value"] for row in rows] == ["Th17 cell"]
    with pytest.raises(SourceError, match="these credentials are not taken"):
        endpoint(f"{virtuoso}-auth", environment={**known, "KG_ENDPOINT_PASSWORD": "no"}).results(query)
    with pytest.raises(SourceError, match="it asks for credentials"):
        endpoint(f"{virtuoso}-auth", environment={}).results(query)


def test_it_asks_us_by_service(virtuoso, small_graph):
    """A federated query of Virtuoso: what it holds of a cell, and what `kg serve` says of it."""
    known = {"KG_ENDPOINT_USER": "dba", "KG_ENDPOINT_PASSWORD": "dba", "KG_ENDPOINT_AUTH": "digest"}
    label = "<http://www.w3.org/2000/01/rdf-schema#label>"
    with serving(small_graph.folder) as served:
        query = f"""SELECT ?here ?there {{ ?cell <https://w3id.org/mscim/curie> "CL:0000899" ; {label} ?here .
            SERVICE <{served.base}/sparql> {{ ?cell {label} ?there }} }}"""
        rows = endpoint(f"{virtuoso}-auth", environment=known).results(query)["results"]["bindings"]
        assert [(row["here"]["value"], row["there"]["value"]) for row in rows] == [("Th17 cell", "Th17 cell")]
        assert any(entry["path"] == "/sparql" and entry["status"] == 200 for entry in served.log)


def plain(cell: str) -> str:
    """A number in one way of writing, to nine digits; another cell as it is."""
    try:
        return f"{Decimal(cell):.9g}" if cell[-1:].isdigit() else cell
    except InvalidOperation:
        return cell


@pytest.mark.parametrize("name", sorted(catalogue()))
def test_named_queries(virtuoso, graph, name, request):
    if name in FAULTS:
        request.applymarker(pytest.mark.xfail(reason=FAULTS[name], strict=True))
    prefixes = graph.vocabulary.ontology.prefixes
    text, values = named(name, {}, graph.vocabulary, graph.publications)
    here = sparql.table(graph.query(text, values), prefixes)
    there = sparql.table(remote.query(Endpoint(virtuoso), sparql.filled(text, values), prefixes), prefixes)
    assert there[0] == here[0]
    rows = [Counter(tuple(map(plain, row)) for row in answer[1]) for answer in (here, there)]
    assert rows[0] == rows[1]
