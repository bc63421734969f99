"""Throws many odd requests at `kg serve` and says what broke: `python scripts/soak.py [--requests 20000] [--seed 1]`.

Requests come from `tests/grammar.py`: SPARQL from a grammar, mutations of the queries that ship, questions made from
the OpenAPI document, and odd HTTP. The server runs on 127.0.0.1 over the bundled data. In between a worker is killed
and has to be replaced. First and last a fixed list of requests that cannot run away is asked over and over: memory and
open files before and after say whether something leaks. With `--schemathesis` (`pip install 'mscim[soak]'`) that
program tests the API against its document too. Ends with 1 when anything is wrong.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import kg  # noqa: E402
from kg.catalogue import ready  # noqa: E402
from kg.questions import openapi  # noqa: E402
from tests.grammar import Asking, Grammar, fault, rows_of  # noqa: E402

GRACE = 3.0  # seconds that an answer may come after its limit, on a busy machine
STEADY = 400  # requests of the fixed list before memory is looked at
GROWTH_MB, GROWTH_FILES = 25.0, 4  # of one process over the whole run


class Server(NamedTuple):
    """A server of ours: its port, the number of its process, and what it logged."""

    port: int
    pid: int
    log: list[dict[str, object]]

    def workers(self) -> list[int]:
        """Processes of the workers."""
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                if int(path.read_text().rpartition(")")[2].split()[1]) == self.pid:
                    found.append(int(path.parent.name))
        return sorted(found)


@contextmanager
def served(workers: int, timeout: float) -> Iterator[Server]:
    """A `kg serve` over the bundled data."""
    command = [sys.executable, "-c", "from kg.cli import main; main()", "serve", "--port", "0"]
    command += ["--workers", str(workers), "--timeout", str(timeout), "--log", "queries"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    first = process.stderr.readline()
    while first and "answers" not in first:
        first = process.stderr.readline()
    log: list[dict[str, object]] = []

    def listen() -> None:
        assert process.stderr is not None
        for line in process.stderr:
            with suppress(ValueError):
                entry = json.loads(line)
                if str(entry.get("status", 0)) == "500" or entry.get("why") or "status" not in entry:
                    log.append(entry)

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    try:
        yield Server(int(first.split()[1].rpartition(":")[2].partition("/")[0]), process.pid, log)
    finally:
        process.terminate()
        process.wait()
        thread.join()


class Client:
    """One connection that asks, and opens anew when the server has closed it."""

    def __init__(self, port: int, limit: float) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=limit)

    def ask(self, asked: Asking) -> tuple[int, dict[str, str], bytes]:
        """Send, and return status, header fields and body; status 0 when the answer broke off or did not come.

        A connection kept from the request before may be closed by the server while this one is on its way, when this
        process was idle for longer than the server waits; as RFC 9112 (9.3.1) has it, a safe request is sent once more.
        """
        kept = self.connection.sock is not None
        status, headers, body = self._ask(asked)
        if kept and not status and body.startswith(b"RemoteDisconnected") and asked.method in ("GET", "HEAD"):
            return self._ask(asked)
        return status, headers, body

    def _ask(self, asked: Asking) -> tuple[int, dict[str, str], bytes]:
        try:
            self.connection.request(asked.method, asked.target, asked.body, dict(asked.headers))
            answer = self.connection.getresponse()
            body = answer.read()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            if headers.get("content-encoding") == "gzip" and body:
                body = gzip.decompress(body)
            return answer.status, headers, body
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            return 0, {}, f"{type(error).__name__}: {error}".encode()


class Tally:
    """What came back, over all clients."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.statuses: Counter[int] = Counter()
        self.kinds: Counter[str] = Counter()
        self.times: list[float] = []
        self.faults: list[str] = []

    def add(
        self, asked: Asking, status: int, headers: dict[str, str], body: bytes, seconds: float, most: float
    ) -> None:
        """Count an answer, and say what is wrong with it."""
        wrong = ""
        kind = ""
        if status == 0:
            kind = "broken off or not answered"
            wrong = "" if b"IncompleteRead" in body else body.decode()
        else:
            wrong = fault(asked, status, headers, body)
        if status == 503 and asked.method != "HEAD":
            detail = json.loads(body)["detail"]
            stopped = ("ran longer", "its process was killed", "memory", "busy", "too many", "was stopped")
            kind = next((words for words in stopped if words in detail), detail)
        if seconds > most:
            wrong = wrong or f"took {seconds:.1f} s"
        with self.lock:
            self.statuses[status] += 1
            self.times.append(seconds)
            if kind:
                self.kinds[kind] += 1
            if wrong:
                self.faults.append(
                    f"{wrong}: {asked.method} {asked.target[:600]} {dict(asked.headers)} {(asked.body or b'')[:1500]!r}"
                )


def usage(pid: int) -> tuple[float, int]:
    """Memory of a process in MB, and how many files it has open."""
    status = Path(f"/proc/{pid}/status").read_text()
    resident = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
    return resident / 1000, len(os.listdir(f"/proc/{pid}/fd"))


def steady(server: Server, requests: list[Asking], times: int, limit: float) -> None:
    """Ask a fixed list, over and over."""
    client = Client(server.port, limit)
    for number in range(times):
        status, _, body = client.ask(requests[number % len(requests)])
        if status != 200:
            raise SystemExit(f"{requests[number % len(requests)]}: {status} {body[:300]!r}")


def restored(server: Server, wanted: int, within: float, gone: int = 0) -> float:
    """Seconds until the server has its workers again, without one that is gone; -1 when it has not in time."""
    began = time.perf_counter()
    client = Client(server.port, 10)
    while (spent := time.perf_counter() - began) < within:
        status, _, body = client.ask(Asking("GET", "/healthz", {}))
        if status == 200 and json.loads(body)["workers"] == wanted and gone not in server.workers():
            return spent
        time.sleep(0.02)
    return -1.0


def thrown(server: Server, grammar: Grammar, given: argparse.Namespace, tally: Tally, most: float) -> list[str]:
    """Throw the requests, from a few clients at once, and kill a worker now and then. Return lines of what was used."""
    lock, left, until = threading.Lock(), [given.requests], time.monotonic() + given.minutes * 60
    samples: list[str] = []
    back: list[float] = []

    def following() -> Asking | None:
        with lock:
            if left[0] <= 0 or time.monotonic() > until:
                return None
            left[0] -= 1
            return grammar.request()

    def client() -> None:
        connection = Client(server.port, most + 10)
        while (asked := following()) is not None:
            began = time.perf_counter()
            status, headers, body = connection.ask(asked)
            tally.add(asked, status, headers, body, time.perf_counter() - began, most)
            if status == 200 and asked.sparql and given.compare and len(tally.times) % given.compare == 0:
                compared(connection, asked, tally)

    threads = [threading.Thread(target=client) for _ in range(given.clients)]
    for thread in threads:
        thread.start()
    seen, step = 0, max(1, given.requests // 10)
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.2)
        done = given.requests - left[0]
        if done // step > seen:
            seen = done // step
            resident, files = usage(server.pid)
            samples.append(f"| {done:,} | {resident:.1f} | {files} |")
            print(samples[-1], dict(tally.statuses), dict(tally.kinds), len(tally.faults), file=sys.stderr)
            workers = server.workers()
            if workers:
                with suppress(ProcessLookupError):
                    os.kill(workers[0], signal.SIGKILL)  # a worker of the server that this script has started
                spent = restored(server, given.workers, 30, workers[0])
                back.append(spent)
                if spent < 0:
                    tally.faults.append("a killed worker was not replaced within 30 s")
    for thread in threads:
        thread.join()
    tally.kinds["workers killed from outside"] = len(back)
    print(
        f"A killed worker is replaced: median {statistics.median(back or [0]):.2f} s, most {max(back or [0]):.2f} s.\n"
    )
    return samples


def compared(connection: Client, asked: Asking, tally: Tally) -> None:
    """Ask once more in two formats: the same query has the same number of rows in each."""
    if any(word in asked.sparql.upper() for word in ("RAND", "UUID", "NOW", "BNODE")):
        return
    counts = []
    for kind in ("application/sparql-results+json", "text/tab-separated-values", "application/sparql-results+xml"):
        form = {"Content-Type": "application/sparql-query", "Accept": kind}
        status, headers, body = connection.ask(Asking("POST", "/sparql", form, asked.sparql.encode()))
        counts.append(rows_of(headers, body) if status == 200 else None)
    if len({count for count in counts if count is not None}) > 1:
        with tally.lock:
            tally.faults.append(f"rows by format {counts}: {asked.sparql}")


def by_schemathesis(port: int, seed: int) -> int:
    """Run schemathesis on the document of the server; its report goes to standard error."""
    command = [sys.executable, "-m", "schemathesis.cli", "run", f"http://127.0.0.1:{port}/openapi.json"]
    command += ["--seed", str(seed), "--max-examples", "150", "--no-color", "--request-timeout", "30"]
    command += ["--exclude-checks", "positive_data_acceptance"]  # which names are known, the document cannot say
    return subprocess.run(command, stdout=sys.stderr, check=False).returncode


def main() -> int:
    """Run all, print the figures in Markdown, and list what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=20_000)
    parser.add_argument("--minutes", type=float, default=60, help="no new requests after that")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=2, help="limit of one query, s")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--clients", type=int, default=3)
    parser.add_argument(
        "--compare", type=int, default=5, help="each so many answers are asked in three formats; 0: none"
    )
    parser.add_argument("--schemathesis", action="store_true")
    given = parser.parse_args()
    graph = kg.load()
    queries = [text for _, text in ready(graph.vocabulary)]
    grammar = Grammar(given.seed, queries, openapi("http://127.0.0.1", kg.__version__), dumps=True)
    calm = [Asking("POST", "/sparql", {"Content-Type": "application/sparql-query"}, text.encode()) for text in queries]
    calm += [
        Asking("GET", f"/api/{name}", {})
        for name in ("show?entity=MSC", "trace?source=MSC&target=SLE&count=3", "gaps?disease=RA")
    ]
    calm += [
        Asking("GET", "/data.nq", {}),
        Asking("GET", "/entity/CL:0000899", {}),
        Asking("GET", "/.well-known/void", {}),
    ]
    tally, most = Tally(), given.timeout * 10 + GRACE
    with served(given.workers, given.timeout) as server:
        restored(server, given.workers, 30)
        steady(server, calm, STEADY, most)
        before = usage(server.pid)
        began = time.perf_counter()
        samples = thrown(server, grammar, given, tally, most)
        seconds = time.perf_counter() - began
        restored(server, given.workers, 30)
        steady(server, calm, STEADY, most)
        after = usage(server.pid)
        first = [usage(each) for each in server.workers()]
        steady(server, calm, STEADY * 2, most)
        second = [usage(each) for each in server.workers()]
        api = by_schemathesis(server.port, given.seed) if given.schemathesis else 0
    ended = [entry for entry in server.log if "a worker ended" in str(entry.get("why"))]
    crashed = [entry for entry in ended if not str(entry["why"]).endswith(" -9")]  # that is this script's own signal
    failed = [entry for entry in server.log if entry.get("status") == 500 or "status" not in entry]
    tally.faults += [f"logged: {json.dumps(entry)[:1500]}" for entry in failed if "data " not in str(entry.get("why"))]
    grown = [("the process that speaks HTTP", before, after)]
    grown += [("a worker", one, two) for one, two in zip(first, second, strict=True)]
    for name, one, two in grown:
        if two[0] - one[0] > GROWTH_MB or two[1] - one[1] > GROWTH_FILES:
            tally.faults.append(f"{name} grew from {one} to {two} (MB, open files)")
    times = sorted(tally.times)
    print(
        f"Python {platform.python_version()}, {platform.machine()}, data {graph.data_version}; seed {given.seed}, ",
        end="",
    )
    print(f"{len(times):,} requests in {seconds:.0f} s, limit {given.timeout:g} s.\n")
    print("| status | answers |\n|---|---|")
    for status, count in sorted(tally.statuses.items()):
        print(f"| {status or 'broken off'} | {count:,} |")
    print("\n| of these | answers |\n|---|---|")
    for kind, count in sorted(tally.kinds.items()):
        print(f"| {kind} | {count:,} |")
    half, high = times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000
    print(f"\nMedian {half:.1f} ms, 99th percentile {high:.0f} ms, ", end="")
    print(f"most {times[-1]:.1f} s.\n\n| requests so far | process that speaks HTTP, MB | open files |\n|---|---|---|")
    print("\n".join(samples))
    print("\n| process | before, MB | after, MB | open files before | after |\n|---|---|---|---|---|")
    for name, one, two in grown:
        print(f"| {name} | {one[0]:.1f} | {two[0]:.1f} | {one[1]} | {two[1]} |")
    for entry in crashed:
        print(f"\nA query ended its worker: {json.dumps(entry)[:3000]}")
    for line in tally.faults:
        print(f"\nFAULT {line}")
    return int(bool(tally.faults) or api != 0)


if __name__ == "__main__":
    sys.exit(main())
