"""Speed and memory, side by side in one run, on the bundled data: `python scripts/bench.py [--runs 15]`.

Prints Markdown tables for docs/benchmarks.md. Every pair is interleaved (one run of each in turn) and the median is
given with the ratio, since single times on a shared machine mean little.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import kg
from kg import catalogue, sparql

BIN = Path(sys.executable).parent


def seconds(call: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def process(*command: str) -> Callable[[], object]:
    """A whole process, output thrown away."""
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def interleaved(calls: Sequence[Callable[[], object]], runs: int) -> list[float]:
    """Median time of each call, one run of each in turn, after one to warm up."""
    times: list[list[float]] = [[] for _ in calls]
    for number in range(runs + 1):
        for index, call in enumerate(calls):
            spent = seconds(call)
            if number:
                times[index].append(spent)
    return [statistics.median(each) for each in times]


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a Markdown table."""
    print("| " + " | ".join(headings) + " |")
    print("|" + "---|" * len(headings))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print()


def start_up(runs: int) -> None:
    """Whole processes beside an interpreter that only imports click."""
    base = process(sys.executable, "-c", "import click")
    commands = [
        ["trace", "MSC", "SLE"],
        ["show", "PGE2"],
        ["search", "t follicular"],
        ["evidence", "MSC", "SLE"],
        ["query", "mediators-of"],
    ]
    names = ["python -c 'import click'", *(f"kg {' '.join(command)}" for command in commands)]
    medians = interleaved([base, *(process(str(BIN / "kg"), *command) for command in commands)], runs)
    print("## Whole processes\n")
    table(
        ["process", "median, ms", "ratio"],
        [[n, f"{m * 1000:.0f}", f"{m / medians[0]:.1f}"] for n, m in zip(names, medians, strict=True)],
    )


def in_process(graph: kg.Dataset, runs: int) -> None:
    """A trace for each disease, in a process that holds the data."""
    rows = []
    for disease in ("SLE", "RA", "SSc", "pSS", "IIM"):
        answer = graph.trace("MSC", disease)
        (median,) = interleaved([lambda disease=disease: graph.trace("MSC", disease)], runs)
        rows.append([f"MSC -> {disease}", f"{median * 1000:.0f}", answer.found])
    print("## Traces in process\n")
    table(["question", "median, ms", "mechanisms found"], rows)


class _TooLong(Exception):
    """The limit has passed."""


def within(limit: float, call: Callable[[], object]) -> tuple[float, bool]:
    """Wall time of one call, and whether it was stopped at the limit in seconds."""

    def stop(*_: object) -> None:
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit)
    try:
        return seconds(call), False
    except _TooLong:
        return limit, True
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def queries(graph: kg.Dataset, runs: int, chosen: Sequence[str], limit: float) -> None:
    """The queries that ship, through kg, through pyoxigraph alone and through an rdflib graph in memory.

    All hold the data open: kg and pyoxigraph the same store, rdflib its graph; `opened` is kg with the store opened
    anew, as `kg query` does. rdflib is asked once and stopped at `limit`, which makes its ratio a lower bound.
    """
    import pyoxigraph as ox
    import rdflib

    dataset = graph.to_rdflib()
    memory = rdflib.Graph()
    for triple in dataset.triples((None, None, None)):
        memory.add(triple)
    store = ox.Store.read_only(str(graph.folder / "store"))
    prefixes = {**sparql.PREFIXES, **graph.vocabulary.ontology.prefixes}
    rows, to_raw, to_rdflib = [], [], []
    for name in chosen or catalogue.catalogue():
        text, fixed = catalogue.named(name, {}, graph.vocabulary)
        whole = sparql.filled(text, fixed)

        def ours(text: str = text, fixed: dict[str, str] = fixed) -> object:
            found = sparql.run(store, text, graph.vocabulary.ontology.prefixes, fixed)
            return sparql.table(found, graph.vocabulary.ontology.prefixes)

        def anew(text: str = text, fixed: dict[str, str] = fixed) -> object:
            return sparql.table(graph.query(text, fixed), graph.vocabulary.ontology.prefixes)

        def raw(whole: str = whole) -> object:
            return [list(row) for row in store.query(whole, prefixes=prefixes, use_default_graph_as_union=True)]  # type: ignore[union-attr]

        def theirs(whole: str = whole) -> object:
            return [list(row) for row in memory.query(whole, initNs=prefixes)]  # type: ignore[misc]

        mine, opened, alone = interleaved([ours, anew, raw], runs)
        other, stopped = within(limit, theirs)
        more = "> " if stopped else ""
        to_raw.append(mine / alone)
        to_rdflib.append(other / mine)
        rows.append(
            [
                name,
                f"{mine * 1000:.1f}",
                f"{opened * 1000:.1f}",
                f"{alone * 1000:.1f}",
                f"{mine / alone:.2f}",
                f"{more}{other * 1000:.0f}",
                f"{more}{other / mine:.0f}",
            ]
        )
    rows.append(
        ["median of ratios", "", "", "", f"{statistics.median(to_raw):.2f}", "", f"{statistics.median(to_rdflib):.0f}"]
    )
    print("## Queries\n")
    table(
        [
            "query",
            "kg, ms",
            "opened anew, ms",
            "pyoxigraph, ms",
            "kg / pyoxigraph",
            "rdflib in memory, ms",
            "rdflib / kg",
        ],
        rows,
    )


def building(runs: int) -> None:
    """A build of all tables, each in a process of its own; peak memory of that process."""
    times = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(min(runs, 5)):
            times.append(seconds(process(str(BIN / "kg"), "build", "-o", f"{folder}/{number}")))
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print("## Build\n")
    table(
        ["what", "figure"],
        [
            ["all tables to a dataset, median, s", f"{statistics.median(times):.1f}"],
            ["largest process of this benchmark, MB", f"{peak:.0f}"],
        ],
    )


GROWTH = """
import resource, sys, time
from pathlib import Path
root, folder, times = Path(sys.argv[1]), Path(sys.argv[2]), []
def step(call):
    wall, used = time.perf_counter(), time.process_time()
    value = call()
    times.append(f"{time.perf_counter() - wall:.2f} ({time.process_time() - used:.2f})")
    return value
def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
if sys.argv[3] == "build":
    from kg import curation
    from kg.dataset import build
    assert step(lambda: curation.check(root)) == []
    times.append(peak())
    step(lambda: build(root, folder))
else:
    import kg
    graph = step(lambda: kg.load(folder))
    step(lambda: graph.trace("MSC", "SLE"))
    step(lambda: graph.trace("MSC", "SLE"))
times.append(peak())
print(*times, sep="|")
"""


def growth(sizes: Sequence[int]) -> None:
    """Check, build, load and trace over tables of so many times the rows, each in a process of its own."""
    from grow import grow

    names = ["rows", "check, s", "MB", "build, s", "MB", "load, s", "first trace, s", "second, s", "MB"]
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for times in sizes:
            root, folder = Path(place) / f"x{times}", Path(place) / f"built{times}"
            count = grow(root, times)
            row: list[object] = [f"{count:,}"]
            for kind in ("build", "ask"):
                command = [sys.executable, "-c", GROWTH, str(root), str(folder), kind]
                said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
                row += said.split("|")
            rows.append(row)
    if rows:
        print("## Growth\n\nWall time (processor time).\n")
        table(names, rows)


def main() -> int:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--query", action="append", default=[], help="Only these queries; with all, rdflib takes long.")
    parser.add_argument("--only", choices=["build", "start", "trace", "query", "growth"], help="One part alone.")
    parser.add_argument("--limit", type=float, default=20, help="Seconds after which rdflib is stopped.")
    parser.add_argument("--times", type=int, nargs="*", default=[], help="Also tables of so many times the rows.")
    options = parser.parse_args()
    runs = options.runs
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    compileall.compile_dir(Path(kg.__file__).parent, quiet=1)  # as an installation does, and as click's is
    graph = kg.load()
    where = f"Python {platform.python_version()}, {platform.machine()}, data {graph.data_version}"
    print(f"{where}, medians of {runs} interleaved runs.\n")
    parts: dict[str, Callable[[], None]] = {
        "build": lambda: building(runs),
        "start": lambda: start_up(runs),
        "trace": lambda: in_process(graph, runs),
        "query": lambda: queries(graph, runs, options.query, options.limit),
        "growth": lambda: growth(options.times),
    }
    for name, part in parts.items():
        if options.only in (None, name):
            part()
    return 0


if __name__ == "__main__":
    sys.exit(main())
