"""Merged graphs: the store and the server over 0.1, 1 and 10 million quads, in Markdown for docs/benchmarks.md.

`python scripts/bench_store.py [--sizes 0 1000000 10000000] [--folder /some/disk]`. Size 0 is the bundled dataset as it
is; the others are that dataset and synthetic claims in its own shape: each is a real claim with its evidence whose
entities and papers are drawn anew, of the same class, the ones the tables name first more often. Each store is bulk
loaded from N-Quads, opened by another process after the system has been told to forget its files, and served by
`kg serve`, which answers the named queries. The files lie in a temporary folder and are removed.

With `--endpoint` another SPARQL endpoint, which has to hold the same quads (`--write FILE` writes them), is asked the
same queries, and nothing of ours is loaded.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pyoxigraph as ox

import kg
from kg.catalogue import ready
from kg.rdf import GRAPHS
from kg.vocabulary import MSCIM, RDFS

ROOT = Path(__file__).resolve().parent.parent
NEW = f"{MSCIM}synthetic/"
CLAIMS_AN_ENTITY, CLAIMS_A_PAPER = 10, 4
SKEW = 3  # of n things the first r take (r/n)^(1/SKEW) of the draws
DRAWN = frozenset(
    MSCIM + name for name in ("subject", "object", "cell", "mediator", "priming", "disease", "publication")
)
OPEN = """
import sys, time
import pyoxigraph as ox
began = time.perf_counter()
store = ox.Store.read_only(sys.argv[1])
query = "SELECT ?l { <http://purl.obolibrary.org/obo/CL_0000899> ?p ?l }"
list(store.query(query, use_default_graph_as_union=True))
print(time.perf_counter() - began)
"""


class Shape:
    """What synthetic claims are made of: real claims with places for names, and the names of each class."""

    def __init__(self, store: ox.Store) -> None:
        graph = ox.NamedNode(GRAPHS["assertions"])
        by_subject: dict[str, list[ox.Quad]] = defaultdict(list)
        direct = set()
        for quad in store.quads_for_pattern(None, None, None, graph):
            by_subject[str(quad.subject)].append(quad)
            direct.add((quad.subject, quad.predicate, quad.object))
        category = ox.NamedNode(f"{MSCIM}category")
        self.names: dict[str, list[str]] = defaultdict(list)
        self.kinds: dict[str, str] = {}
        said: dict[str, int] = defaultdict(int)
        for quad in store.quads_for_pattern(None, ox.NamedNode(f"{MSCIM}subject"), None, graph):
            said[str(quad.object)] += 1
        for quad in store.quads_for_pattern(None, ox.NamedNode(f"{MSCIM}publication"), None, graph):
            self.kinds[str(quad.object)] = "Publication"
            said[str(quad.object)] += 1
        for quad in store.quads_for_pattern(None, category, None):
            self.kinds[str(quad.subject)] = str(quad.object)
        for name in sorted(self.kinds, key=lambda n: (-said[n], n)):
            self.names[self.kinds[name]].append(name)
        self.shares = [(kind, len(names)) for kind, names in sorted(self.names.items()) if kind != "Publication"]
        claims = sorted(name for name in by_subject if name.startswith(f"<{MSCIM}assertion/"))
        self.templates = [self._template(name, by_subject, direct) for name in claims]

    def _template(self, claim: str, by_subject: dict[str, list[ox.Quad]], direct: set) -> tuple[str, list[str], int]:
        """The lines of a claim as a format, the class drawn for each place, and how many lines there are."""
        places: dict[str, str] = {}
        kinds: list[str] = []

        def place(term: object) -> str:
            text = str(term)
            if text not in places:
                places[text] = f"{{{len(kinds) + 1}}}"  # 0 is the number of the claim
                kinds.append(self.kinds[text])
            return places[text]

        parts = {str(q.object): n for n, q in enumerate(by_subject[claim]) if q.predicate.value == f"{MSCIM}evidence"}
        own = {claim: f"<{NEW}assertion/{{0}}>"} | {part: f"<{NEW}evidence/{{0}}-{n}>" for part, n in parts.items()}
        quads = sorted((q for name in own for q in by_subject[name]), key=lambda q: (str(q.subject) != claim, str(q)))
        ends = {q.predicate.value.rpartition("/")[2]: q.object for q in quads if q.subject == quads[0].subject}
        drawn = {str(q.object) for q in quads if q.predicate.value in DRAWN and str(q.object) in self.kinds}
        graph = f"<{GRAPHS['assertions']}>"
        lines = []
        for quad in quads:
            value = str(quad.object)
            if value in own:
                value = own[value]
            elif value in drawn:
                value = place(quad.object)
            elif quad.predicate.value == f"{MSCIM}statement":
                value = value.replace("{", "{{").replace("}", "}}")[:-1] + ' ({0})"'
            else:
                value = value.replace("{", "{{").replace("}", "}}")
            lines.append(f"{own[str(quad.subject)]} {quad.predicate} {value} {graph} .\n")
        if (ends["subject"], ends["predicate"], ends["object"]) in direct:
            lines.append(f"{place(ends['subject'])} {ends['predicate']} {place(ends['object'])} {graph} .\n")
        return "".join(lines), kinds, len(lines)


def synthetic(shape: Shape, wanted: int, seed: int = 1) -> Iterator[str]:
    """Yield lines of N-Quads, `wanted` of them or a few more, entities and papers before the claims that name them."""
    pick = random.Random(seed)
    names = {kind: list(each) for kind, each in shape.names.items()}
    kinds, weights = [kind for kind, _ in shape.shares], [share for _, share in shape.shares]
    ontology, papers = f"<{GRAPHS['ontology']}>", f"<{GRAPHS['publications']}>"
    label, below = f"<{RDFS}label>", f"<{RDFS}subClassOf>"
    a, number, count = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>", 0, 0

    def drawn(kind: str) -> str:
        each = names[kind]
        return each[int(len(each) * pick.random() ** SKEW)]

    while count < wanted:
        if number % CLAIMS_AN_ENTITY == 0:
            kind = pick.choices(kinds, weights)[0]
            name = f"<{NEW}entity/{number}>"
            lines = [
                f"{name} {a} <http://www.w3.org/2002/07/owl#Class> {ontology} .\n",
                f'{name} {label} "entity {number}" {ontology} .\n',
                f"{name} {below} {kind} {ontology} .\n",
                f"{name} <{MSCIM}category> {kind} {ontology} .\n",
                f'{name} <{MSCIM}curie> "mscim:synthetic/entity/{number}" {ontology} .\n',
                f'{name} <{MSCIM}grounding> "local" {ontology} .\n',
                f'{name} <http://www.w3.org/2004/02/skos/core#altLabel> "synonym {number}" {ontology} .\n',
            ]
            if pick.random() < 0.3:
                lines.append(f"{name} {below} {drawn(kind)} {ontology} .\n")
            names[kind].append(name)
            count += len(lines)
            yield "".join(lines)
        if number % CLAIMS_A_PAPER == 0:
            name = f"<{NEW}paper/{number}>"
            year = f'"{1990 + number % 36}"^^<http://www.w3.org/2001/XMLSchema#integer>'
            names["Publication"].append(name)
            count += 7
            yield (
                f'{name} {label} "Author {number}" {papers} .\n'
                f'{name} <http://purl.org/dc/terms/title> "Paper {number} on cells" {papers} .\n'
                f"{name} {a} <{MSCIM}Publication> {papers} .\n"
                f'{name} <{MSCIM}kind> "{("primary", "review")[number % 5 == 0]}" {papers} .\n'
                f'{name} <{MSCIM}first_author> "Author {number}" {papers} .\n'
                f'{name} <{MSCIM}title> "Paper {number} on cells" {papers} .\n'
                f"{name} <{MSCIM}year> {year} {papers} .\n"
            )
        text, needed, lines_of = pick.choice(shape.templates)
        count += lines_of
        number += 1
        yield text.format(number, *map(drawn, needed))


def write(store: ox.Store, path: Path, size: int) -> None:
    """Write the bundled quads and as many synthetic ones as are missing to `size`, as N-Quads."""
    with path.open("wb") as stream:
        store.dump(stream, ox.RdfFormat.N_QUADS)
    with path.open("a", encoding="utf-8", buffering=1 << 20) as stream:
        stream.writelines(synthetic(Shape(store), size - len(store)))


def forget(folder: Path) -> None:
    """Tell the system that the files of a folder need not be kept in memory."""
    for path in folder.rglob("*"):
        if path.is_file():
            handle = os.open(path, os.O_RDONLY)
            os.fsync(handle)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(handle)


def memory(pid: int) -> dict[str, float]:
    """Memory of a process in MB: all (VmHWM: the most so far), and what is its own and no file's."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    cells = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    return {name: int(cells[name][0]) / 1000 for name in ("VmRSS", "VmHWM", "RssAnon")}


def children(pid: int) -> list[int]:
    """Processes started by a process and still there."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            if int(path.read_text().rpartition(")")[2].split()[1]) == pid:
                found.append(int(path.parent.name))
    return sorted(found)


@contextmanager
def served(folder: Path, timeout: float) -> Iterator[tuple[str, int]]:
    """A `kg serve` over a folder: its address, and the number of its process."""
    command = [sys.executable, "-c", "from kg.cli import main; main()", "--data", str(folder), "serve", "--port", "0"]
    command += ["--workers", "1", "--log", "none", "--timeout", str(timeout)]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        while "answers" not in (line := process.stderr.readline()):
            if not line:
                raise SystemExit("kg serve did not start")
        yield line.split()[1], process.pid
    finally:
        process.terminate()
        process.wait()


def asked(endpoint: str, query: str) -> tuple[int, float, int]:
    """Status, seconds, and rows of one query sent to an endpoint and answered as CSV."""
    address = urlsplit(endpoint)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
    fields = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/csv"}
    began = time.perf_counter()
    try:
        connection.request("POST", address.path, urlencode({"query": query}), fields)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return 0, time.perf_counter() - began, 0
    finally:
        connection.close()
    return answer.status, time.perf_counter() - began, max(0, body.count(b"\n") - 1)


def latencies(endpoint: str, queries: dict[str, str], rounds: int) -> dict[str, tuple[float, int]]:
    """Median milliseconds and rows of each query; -1 where it was not answered. Slow ones are asked once."""
    found = {}
    for name, query in queries.items():
        times: list[float] = []
        rows = -1
        while len(times) < rounds and sum(times) < 6:
            status, seconds, rows = asked(endpoint, query)
            if status != 200:
                times = [-0.001]
                time.sleep(1)  # another worker starts
                break
            times.append(seconds)
        found[name] = (statistics.median(times) * 1000, rows)
        print(f"{name}: {found[name][0]:.0f} ms, {rows} rows", file=sys.stderr)
    return found


def measured(graph: kg.Dataset, place: Path, size: int, queries: dict[str, str], given: argparse.Namespace) -> dict:
    """All figures of one size."""
    folder, file, figures = place / f"merged-{size}", place / "all.nq", {}
    shutil.copytree(graph.folder, folder, ignore=shutil.ignore_patterns("store"))
    began = time.perf_counter()
    write(graph.store, file, size)
    figures["written as N-Quads, s"] = f"{time.perf_counter() - began:.1f}"
    began = time.perf_counter()
    store = ox.Store(str(folder / "store"))
    store.bulk_load(path=str(file), format=ox.RdfFormat.N_QUADS)
    store.flush()
    seconds = time.perf_counter() - began
    count = len(store)
    figures = {"quads": f"{count:,}", **figures, "bulk load, s": f"{seconds:.1f}"}
    figures["quads loaded a second"] = f"{count / seconds:,.0f}"
    began = time.perf_counter()
    store.optimize()
    figures["compaction after that (`kg build` does it), s"] = f"{time.perf_counter() - began:.1f}"
    del store
    file.unlink()
    figures["on disk, MB"] = f"{sum(p.stat().st_size for p in (folder / 'store').rglob('*')) / 1e6:.0f}"
    opened = []
    for _ in range(5):
        forget(folder / "store")
        line = [sys.executable, "-c", OPEN, str(folder / "store")]
        opened.append(float(subprocess.run(line, capture_output=True, text=True, check=True).stdout))
    figures["opened and one entity read, s"] = f"{statistics.median(opened):.3f}"
    with served(folder, given.timeout) as (endpoint, pid):
        began = time.perf_counter()
        assert asked(endpoint, "ASK { ?s ?p ?o }")[0] == 200
        (worker,) = children(pid)
        figures["worker after one question, MB"] = f"{memory(worker)['VmRSS']:.0f}"
        found = latencies(endpoint, queries, given.rounds)
        workers = [memory(each) for each in children(pid)]
        figures["worker after all queries, MB (largest so far)"] = ", ".join(
            f"{each['VmRSS']:.0f} ({each['VmHWM']:.0f})" for each in workers
        )
        figures["process that speaks HTTP, MB"] = f"{memory(pid)['VmRSS']:.0f}"
    shutil.rmtree(folder)
    return {"figures": figures, "queries": found}


def shown(name: str, cells: list[tuple[float, int]], timeout: float) -> str:
    """One line of the table of queries."""
    texts = [f"{ms:.0f}" if ms >= 0 else f"stopped ({timeout:g} s)" for ms, _ in cells]
    rows = cells[-1][1] if cells[-1][0] >= 0 else ""
    return f"| {name} | {' | '.join(texts)} | {rows} |"


def main() -> int:
    """Measure all sizes, or another endpoint, or write the quads."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[0, 1_000_000, 10_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--timeout", type=float, default=20)
    parser.add_argument("--folder", type=Path, help="where the temporary folder is made")
    parser.add_argument("--only", nargs="*", default=[], help="names of queries; all of them by default")
    parser.add_argument("--endpoint", help="ask this instead")
    parser.add_argument("--write", type=Path, help="write the quads of the first size there, and end")
    given = parser.parse_args()
    graph = kg.load()
    queries = {query.name: text for query, text in ready(graph.vocabulary)}
    queries = {name: text for name, text in queries.items() if not given.only or name in given.only}
    if given.write:
        write(graph.store, given.write, given.sizes[0])
        return 0
    print(f"Python {platform.python_version()}, {platform.machine()}, data {graph.data_version}; ", end="")
    print(f"medians of {given.rounds}, slow queries asked fewer times.\n")
    if given.endpoint:
        print("| query | ms | rows |\n|---|---|---|")
        for name, (ms, rows) in latencies(given.endpoint, queries, given.rounds).items():
            print(shown(name, [(ms, rows)], given.timeout))
        return 0
    with tempfile.TemporaryDirectory(dir=given.folder) as place:
        found = [measured(graph, Path(place), size, queries, given) for size in given.sizes]
    heads = [each["figures"].pop("quads") for each in found]
    print(f"| | {' | '.join(heads)} |\n|{'---|' * (len(heads) + 1)}")
    for name in found[0]["figures"]:
        print(f"| {name} | {' | '.join(each['figures'][name] for each in found)} |")
    print(f"\n| query, ms | {' | '.join(heads)} | rows of the last |\n|{'---|' * (len(heads) + 2)}")
    for name in queries:
        print(shown(name, [each["queries"][name] for each in found], given.timeout))
    return 0


if __name__ == "__main__":
    sys.exit(main())
