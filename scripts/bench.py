"""Speed and memory, side by side in one run, on the bundled data: `python scripts/bench.py [--runs 15]`.

Prints Markdown tables for docs/benchmarks.md. Every pair is interleaved (one run of each in turn) and the median is
given with the ratio, since single times on a shared machine mean little.
"""

from __future__ import annotations

import argparse
import platform
import resource
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


def queries(graph: kg.Dataset, runs: int, chosen: Sequence[str]) -> None:
    """The queries that ship, through kg, through pyoxigraph alone and through an rdflib graph in memory."""
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
            return sparql.table(graph.query(text, fixed), graph.vocabulary.ontology.prefixes)

        def raw(whole: str = whole) -> object:
            return [list(row) for row in store.query(whole, prefixes=prefixes, use_default_graph_as_union=True)]  # type: ignore[union-attr]

        def theirs(whole: str = whole) -> object:
            return [list(row) for row in memory.query(whole, initNs=prefixes)]  # type: ignore[misc]

        mine, alone = interleaved([ours, raw], runs)
        other = seconds(theirs)
        to_raw.append(mine / alone)
        to_rdflib.append(other / mine)
        rows.append(
            [
                name,
                f"{mine * 1000:.1f}",
                f"{alone * 1000:.1f}",
                f"{mine / alone:.2f}",
                f"{other * 1000:.0f}",
                f"{other / mine:.0f}",
            ]
        )
    rows.append(
        ["median of ratios", "", "", f"{statistics.median(to_raw):.2f}", "", f"{statistics.median(to_rdflib):.0f}"]
    )
    print("## Queries\n")
    table(["query", "kg, ms", "pyoxigraph, ms", "kg / pyoxigraph", "rdflib in memory, ms", "rdflib / kg"], rows)


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


def main() -> int:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--query", action="append", default=[], help="Only these queries; with all, rdflib takes long.")
    options = parser.parse_args()
    runs = options.runs
    graph = kg.load()
    where = f"Python {platform.python_version()}, {platform.machine()}, data {graph.data_version}"
    print(f"{where}, medians of {runs} interleaved runs.\n")
    building(runs)
    start_up(runs)
    in_process(graph, runs)
    queries(graph, runs, options.query)
    return 0


if __name__ == "__main__":
    sys.exit(main())
