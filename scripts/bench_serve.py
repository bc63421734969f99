"""The server beside others, in Markdown for docs/benchmarks.md: `python scripts/bench_serve.py [--seconds 3]`.

All run on 127.0.0.1 over the bundled data, one after the other in turn, each asked by the same client: 8 connections
that ask again as soon as they have an answer. The client is wrk (Debian has it), or where that is missing a slower one
in this process. Needs `pip install rdflib-endpoint` for that column. The times of killing
and replacing are those of a pool in this process.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib.util
import os
import platform
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import quote

import kg
from kg.protocol import Limits, Request
from kg.workers import Pool

ROOT = Path(__file__).resolve().parent.parent
BARE = """
import pyoxigraph as ox
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
store = ox.Store.read_only(FOLDER)
def sparql(request):
    found = store.query(request.query_params["query"], use_default_graph_as_union=True)
    return Response(found.serialize(format=ox.QueryResultsFormat.JSON), media_type="application/sparql-results+json")
app = Starlette(routes=[Route("/sparql", sparql)])
"""
THEIRS = """
import rdflib
from rdflib_endpoint import SparqlEndpoint
graph = rdflib.Graph()
graph.parse(FOLDER, format="nt")
app = SparqlEndpoint(graph=graph, path="/sparql")
"""
RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
LABELS = "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> SELECT ?l { <%s> rdfs:label ?l }"
ROWS = "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> SELECT ?s ?l { ?s rdfs:label ?l } LIMIT 100"


def listening() -> socket.socket:
    """A socket that listens on a free port, and whose connections send small answers at once."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.set_inheritable(True)
    return listener


async def one_client(port: int, targets: list[str], until: float, times: list[float]) -> None:
    """Ask over one connection until the time is over; each time is that of a whole answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    pick = random.Random(id(writer))
    while time.perf_counter() < until:
        began = time.perf_counter()
        head = f"GET /sparql?query={pick.choice(targets)} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        writer.write(f"{head}Accept: application/sparql-results+json\r\n\r\n".encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in answer[:20]:
            raise SystemExit(f"not answered: {answer[:200]!r}")
        length = next(int(line[15:]) for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        await reader.readexactly(length)
        times.append(time.perf_counter() - began)
    writer.close()


LUA = """
local paths = {}
for line in io.lines("TARGETS") do paths[#paths + 1] = "/sparql?query=" .. line end
function request()
  return wrk.format("GET", paths[math.random(#paths)])
end
function done(summary, latency, requests)
  local bad = summary.errors
  io.write(string.format("figures %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), bad.connect + bad.read + bad.write + bad.status + bad.timeout))
end
"""


def wrk(port: int, queries: list[str], seconds: float, folder: Path) -> tuple[float, float, float]:
    """The figures of `load`, asked by wrk."""
    (folder / "targets.txt").write_text("".join(f"{quote(query)}\n" for query in queries))
    (folder / "wrk.lua").write_text(LUA.replace("TARGETS", str(folder / "targets.txt")))
    command = ["wrk", "--threads", "1", "--connections", "8", "--duration", f"{max(1, round(seconds))}s"]
    command += ["--header", "Accept: application/sparql-results+json", "--script", str(folder / "wrk.lua")]
    said = subprocess.run([*command, f"http://127.0.0.1:{port}"], capture_output=True, text=True, check=True).stdout
    count, micros, half, most, bad = map(int, said.rpartition("figures ")[2].split())
    if bad:
        raise SystemExit(f"{bad} of {count} requests were not answered:\n{said}")
    return count / micros * 1e6, half / 1000, most / 1000


def load(port: int, queries: list[str], seconds: float, folder: Path) -> tuple[float, float, float]:
    """Requests in a second, and the median and 99th percentile of their times in milliseconds."""
    if shutil.which("wrk"):
        return wrk(port, queries, seconds, folder)
    times: list[float] = []

    async def all_clients() -> None:
        until = time.perf_counter() + seconds
        await asyncio.gather(*(one_client(port, [quote(q) for q in queries], until, times) for _ in range(8)))

    asyncio.run(all_clients())
    times.sort()
    return len(times) / seconds, times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000


def start(stack: ExitStack, port: int, *command: str, fds: tuple[int, ...] = ()) -> int:
    """Start a server, wait until it answers, and return the number of its process."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=fds)
    stack.callback(process.wait)
    stack.callback(process.terminate)
    for _ in range(600):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1) as probe:
            probe.sendall(f"GET /sparql?query={quote(ROWS)} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
            probe.settimeout(60)
            if probe.recv(100):
                return process.pid
        time.sleep(0.1)
    raise SystemExit(f"{command} did not start")


def cpu(pid: int) -> float:
    """Seconds of processor that a process and all below it have used, as Linux counts."""
    parents, spent = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            cells = path.read_text().rpartition(")")[2].split()
            parents[int(path.parent.name)], spent[int(path.parent.name)] = (
                int(cells[1]),
                int(cells[11]) + int(cells[12]),
            )
    wanted, total = {pid}, 0
    while wanted:
        total += sum(spent.get(each, 0) for each in wanted)
        wanted = {child for child, parent in parents.items() if parent in wanted}
    return total / os.sysconf("SC_CLK_TCK")


def throughput(graph: kg.Dataset, seconds: float, rounds: int) -> None:
    """Ours, bare and theirs in turn."""
    labels = [LABELS % quad.subject.value for quad in graph.store if quad.predicate.value.endswith("#label")]
    labels = sorted({label for label in labels if "_:" not in label})[:500]
    with ExitStack() as stack, tempfile.TemporaryDirectory() as place:
        folder, ports = Path(place), {}
        code = "from kg.cli import main; main()"
        with listening() as probe:
            ports["kg serve"] = int(probe.getsockname()[1])
        ours = [sys.executable, "-c", code, "--data", str(graph.folder), "serve", "--log", "none"]
        pids = {}
        pids["kg serve"] = start(stack, ports["kg serve"], *ours, "--port", str(ports["kg serve"]))
        made = {"starlette + pyoxigraph, bare": (BARE, str(graph.folder / "store"), "2")}
        if importlib.util.find_spec("rdflib_endpoint"):
            lines = sorted({f"{quad.triple} .\n" for quad in graph.store})
            (folder / "all.nt").write_text("".join(lines), encoding="utf-8")
            made["rdflib-endpoint, rdflib in memory"] = (THEIRS, str(folder / "all.nt"), "1")
        for name, (text, data, workers) in made.items():
            module = f"bench_{len(ports)}"
            (folder / f"{module}.py").write_text(text.replace("FOLDER", repr(data)))
            listener = stack.enter_context(listening())
            ports[name] = int(listener.getsockname()[1])
            line = [sys.executable, "-m", "uvicorn", "--app-dir", place, f"{module}:app", "--http", "h11"]
            line += ["--workers", workers, "--fd", str(listener.fileno()), "--log-level", "critical", "--no-access-log"]
            pids[name] = start(stack, ports[name], *line, fds=(listener.fileno(),))
        time.sleep(2)
        for title, queries in (
            ("label of one entity of 500", labels),
            ("label of the same entity", labels[:1]),
            ("100 rows", [ROWS]),
        ):
            found: dict[str, list[tuple[float, float, float, float]]] = {name: [] for name in ports}
            for _ in range(rounds + 1):
                for name, port in ports.items():
                    before = cpu(pids[name])
                    rate, half, most = load(port, queries, seconds, folder)
                    found[name].append((rate, half, most, (cpu(pids[name]) - before) / (rate * seconds) * 1000))
            print(f"### {title}\n")
            print("| server | requests a second | p50, ms | p99, ms | processor, ms a request | kg serve is |")
            print("|---|---|---|---|---|---|")
            medians = {
                n: [statistics.median(each[i] for each in rows[1:]) for i in range(4)] for n, rows in found.items()
            }
            for name, (rate, half, most, spent) in medians.items():
                ratio = medians["kg serve"][0] / rate
                print(f"| {name} | {rate:.0f} | {half:.1f} | {most:.1f} | {spent:.2f} | {ratio:.2f} times |")
            print()


def killing(graph: kg.Dataset, runs: int) -> None:
    """How long after its limit a runaway is answered, and how long until another worker is ready."""
    late, back, starts = [], [], []

    async def measure() -> None:
        pool = Pool(graph.folder, Limits(seconds=1), 1)
        await pool.start()
        for _ in range(runs):
            began = time.perf_counter()
            answer = await pool.ask(Request("GET", "/sparql", f"query={quote(RUNAWAY)}"))
            assert answer.status == 503
            late.append(time.perf_counter() - began - 1)
            gone = time.perf_counter()
            while not pool.idle:
                await asyncio.sleep(0.001)
            back.append(time.perf_counter() - gone)
        await pool.close()
        for _ in range(runs):
            began = time.perf_counter()
            pool = Pool(graph.folder, Limits(), 1)
            await pool.start()
            starts.append(time.perf_counter() - began)
            await pool.close()

    asyncio.run(measure())
    print("### Runaway queries\n\n| what | median, ms | most, ms |\n|---|---|---|")
    named = (
        ("answered after the limit", late),
        ("another worker ready after that", back),
        ("first worker ready", starts),
    )
    for name, each in named:
        print(f"| {name} | {statistics.median(each) * 1000:.0f} | {max(each) * 1000:.0f} |")
    print()


def main() -> int:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    graph = kg.load()
    print(f"Python {platform.python_version()}, {platform.machine()}, data {graph.data_version}; ", end="")
    client = "wrk" if shutil.which("wrk") else "the client of this script"
    print(f"asked by {client}; medians of {given.rounds} rounds of {given.seconds:g} s in turn.\n")
    throughput(graph, given.seconds, given.rounds)
    killing(graph, 10)
    return 0


if __name__ == "__main__":
    sys.exit(main())
