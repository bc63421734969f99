"""The search in large graphs, beside others: `python scripts/bench_search.py [--edges 200000 2000000 8000000]`.

Makes signed, typed multigraphs (MSC, factors, cells, processes, diseases, and noise; skewed degrees; several papers,
aspects and cells a claim; bridges and legs; always the same for a seed) straight as arrays, and asks for the ten best
chains of either sign of at most five steps, coherence included, between names with few claims and between hubs. Beside
it ten shortest simple paths of any length (cost: minus the logarithm of the weight) by networkx, igraph and scipy: `any
path` on the graph without signs and parallel claims, `either sign` ten of each sign on the graph of (name, sign), which
is the question put here but for coherence and steps. Each question in a process of its own that is stopped at a limit
(`--limit`, seconds). Times are of the processor, all of one thread, so that a machine shared with others matters less.
Prints Markdown tables for docs/benchmarks.md; `--plot FILE` writes the growth as SVG. igraph is needed only here
(`pip install mscim[bench]`); what is not installed is left out.

`--copies 1 2 4 8` measures instead from how many claims on the compact form pays: the bundled tables so many times
over, a third of the claims from one copy to another, built and asked in both forms.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import multiprocessing
import platform
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

import kg
from kg import compact as c
from kg import store
from kg.bestfirst import Found, Question, best
from kg.chains import chains
from kg.model import Assertion
from kg.vocabulary import Vocabulary

LAYERS = {"MSC": 0.001, "factor": 0.5, "cell": 0.149, "process": 0.25, "disease": 0.1}  # share of the names
ORDER = {"MSC": 0, "factor": 2, "cell": 3, "process": 4, "disease": 5}
PAIRS = {  # share of the claims
    ("MSC", "factor"): 0.05,
    ("MSC", "cell"): 0.03,
    ("factor", "factor"): 0.15,
    ("factor", "cell"): 0.22,
    ("cell", "factor"): 0.15,
    ("cell", "process"): 0.12,
    ("factor", "process"): 0.08,
    ("process", "disease"): 0.1,
    ("cell", "disease"): 0.05,
    ("", ""): 0.05,
}
DEGREE = 20  # claims for each name
FEW, MOST = 1_000_000, 2_000_000  # links from which others answer one pair only; up to which networkx is asked
STEPS = 5
LONG = 3.0  # seconds from which on a question is put once
WANTED = 10


def made(edges: int, seed: int = 7) -> c.Compact:
    """A synthetic graph of that many links."""
    chance = np.random.default_rng(seed)
    rules = c.rules(kg.load().vocabulary.ontology)
    size = edges // DEGREE
    bounds = np.cumsum([0, *(int(size * share) for share in LAYERS.values())])
    bounds[-1] = size
    span = {name: (int(bounds[n]), int(bounds[n + 1])) for n, name in enumerate(LAYERS)} | {"": (0, size)}
    layer = np.repeat([ORDER[name] for name in LAYERS], np.diff(bounds))
    kind = np.repeat(np.arange(len(LAYERS)), np.diff(bounds))
    shuffled = np.concatenate([chance.permutation(np.arange(*span[name])) for name in LAYERS])

    def drawn(name: str, count: int) -> Any:
        low, high = span[name]
        return shuffled[low + ((high - low) * chance.random(count) ** 3).astype(np.int64)]

    counts = chance.multinomial(edges, list(PAIRS.values()))
    subject = np.concatenate([drawn(low, n) for (low, _), n in zip(PAIRS, counts, strict=True)])
    target = np.concatenate([drawn(high, n) for (_, high), n in zip(PAIRS, counts, strict=True)])
    target = np.where(target == subject, (target + 1) % size, target)
    mixed = np.argsort(subject, kind="stable")
    subject, target = subject[mixed], target[mixed]

    pairs = np.unique(np.concatenate([subject * size + target, target * size + subject]))
    near = np.bincount(pairs // size, minlength=size)
    penalty = np.maximum(near, 1) ** -0.4
    del pairs
    degree = np.bincount(subject, minlength=size) + np.bincount(target, minlength=size)

    # papers: half of them deal with one of the two names, and so stand behind other claims on it
    pool = np.concatenate([[0], np.cumsum(degree // 8 + 1)])
    about = np.where(chance.random(edges) < 0.5, subject, target)
    local = pool[about] + (chance.random(edges) * (degree[about] // 8 + 1)).astype(np.int64)
    first = np.where(chance.random(edges) < 0.7, local, (chance.random(edges) * pool[-1]).astype(np.int64))
    more = chance.geometric(0.7, edges) - 1
    leg = (chance.random(edges) < 0.05).astype(np.int64)
    mark_counts = 1 + more + leg
    ends = np.cumsum(mark_counts)
    mark = (chance.random(int(ends[-1])) * pool[-1]).astype(np.int64)
    mark[ends - mark_counts] = first
    has_leg = np.flatnonzero(leg)
    mark[ends[has_leg] - 1] = -1 - (
        pool[about[has_leg]] + (chance.random(len(has_leg)) * (degree[about[has_leg]] // 20 + 1)).astype(np.int64)
    )

    into = kind[target]
    disease, factor = into == 4, into == 1
    cell = np.where(factor & (chance.random(edges) < 0.4), drawn("cell", edges), -1)
    flags = c.LOWERS * (chance.random(edges) < 0.45) + c.LAST * disease
    flags = (
        flags + c.ASSOCIATION * (disease & (chance.random(edges) < 0.15)) + c.FIRST_ONLY * (chance.random(edges) < 0.01)
    )
    flags = (
        flags
        + c.ANYWHERE * ((cell < 0) | (cell == subject) | (kind[subject] == 0))
        + c.SET_FREE * (chance.random(edges) < 0.3)
    )
    common = [rules.groups.index(name) for name in ("amount", "activity", "output")]
    group = np.where(
        chance.random(edges) < 0.8, common[0], chance.choice([*common[1:], rules.groups.index("location")], edges)
    )
    need = np.where(chance.random(edges) < 0.9, 0, 1 + chance.integers(0, len(rules.groups), edges))
    sets = min(200, span["disease"][1] - span["disease"][0])
    diseases = np.where(chance.random(edges) < 0.6, 0, 1 + (sets * chance.random(edges) ** 2).astype(np.int64))
    mediator_counts = ((chance.random(edges) < 0.02) & (kind[subject] == 0)).astype(np.int64)

    # each cell is a kind of the one at a quarter of its number, each disease likewise
    parent = np.full(size, -1)
    for name in ("cell", "disease"):
        low, high = span[name]
        numbers = np.arange(1, high - low)
        parent[low + 1 : high] = low + (numbers - 1) // 4
    cells = np.arange(*span["cell"])
    low, high = span["cell"]
    narrow = cells[parent[cells] >= low + 20]  # the widest kinds are too broad to be bridged
    bridge_from = np.concatenate([parent[narrow], narrow])
    bridge_to = np.concatenate([narrow, parent[narrow]])
    placed = np.lexsort((bridge_to, bridge_from))
    kin_of, kin_to = [], []
    for name in ("cell", "disease"):
        at = np.arange(*span[name])
        above = parent[at]
        while len(at):
            keep = above >= 0
            at, above = at[keep], above[keep]
            kin_of += [at, above]
            kin_to += [above, at]
            above = parent[above]
    kin_of, kin_to = np.concatenate(kin_of), np.concatenate(kin_to)
    kin_placed = np.lexsort((kin_to, kin_of))
    columns = c.Columns(
        subject,
        target,
        cell,
        chance.uniform(0.2, 0.9, edges),
        flags,
        (chance.random(edges) < 0.3) * c.EXPRESSED
        + (chance.random(edges) < 0.05) * c.OPPOSED
        + (chance.random(edges) < 0.3) * c.BECOMES,
        group,
        need,
        diseases,
        np.arange(edges),
        (mark_counts, mark),
        (mediator_counts, drawn("factor", int(mediator_counts.sum()))),
        (np.zeros(edges, np.int64), np.zeros(0, np.int32)),
        [f"{name} {n}" for name, (a, b) in span.items() if name for n in range(b - a)],
        penalty,
        layer,
        np.where(kind == 4, 0, np.where(kind == 0, c.INSIDE_THROUGH_MSC, c.INSIDE | c.INSIDE_THROUGH_MSC)),
        (np.bincount(bridge_from, minlength=size), bridge_to[placed]),
        np.concatenate([np.zeros(len(narrow), bool), np.ones(len(narrow), bool)])[placed],
        (np.bincount(kin_of, minlength=size), kin_to[kin_placed]),
        (np.array([0] + [1] * sets), span["disease"][0] + np.arange(sets)),
    )
    return c.assembled(columns, rules)


def copied(graph: kg.Dataset, copies: int) -> tuple[Vocabulary, tuple[Assertion, ...]]:
    """The bundled entities and claims so many times over; MSC, products, conditions and taxa are shared."""
    chance = random.Random(3)
    vocabulary = graph.vocabulary
    shared = {"Condition", "Taxon", "MesenchymalStemCell", "MSCProduct", "Treatment", "Anatomy"}
    superclasses = vocabulary.ontology.superclasses
    own = {n for n, entity in vocabulary.entities.items() if not superclasses[entity.category] & shared}

    def named(name: str, copy: int) -> str:
        return f"{name} ~{copy}" if copy and name in own else name

    entities = dict(vocabulary.entities)
    claims: list[Assertion] = []
    for copy in range(copies):
        for name, entity in vocabulary.entities.items() if copy else ():
            if name in own:
                parents = tuple(named(each, copy) for each in entity.parents)
                curie = f"{entity.curie}~{copy}"
                entities[named(name, copy)] = entity._replace(
                    name=named(name, copy), curie=curie, parents=parents, synonyms=()
                )
        for claim in graph.assertions:
            other = copy if chance.random() > 1 / 3 else chance.randrange(copies)
            rows = tuple(
                row._replace(
                    publication=f"{row.publication}~{copy}",
                    mediator=tuple(named(each, copy) for each in row.mediator),
                    leg_of=" -> ".join(named(each, copy) for each in row.leg_of.split(" -> ")),
                )
                for row in claim.evidence
            )
            subject, object_, cell = named(claim.subject, copy), named(claim.object, other), named(claim.cell, copy)
            identity = f"{claim.id}~{copy}"
            claims.append(claim._replace(subject=subject, object=object_, cell=cell, evidence=rows, id=identity))
    claims.sort(key=lambda claim: (claim.subject.casefold(), claim.subject))
    return Vocabulary(vocabulary.ontology, entities), tuple(claims)


def both_forms(copies: Sequence[int], runs: int) -> None:
    """Print what the pairs and the compact form cost as tables grow."""
    graph = kg.load()
    rows = []
    for number in copies:
        vocabulary, claims = copied(graph, number)
        contents = vocabulary, claims, tuple(graph.publications.values()), graph.studies
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            arrays = {"compact": c.compact(claims, vocabulary).arrays}
            middle = time.perf_counter()
            parts = {
                "chains": asdict(chains(claims, vocabulary)),
                "chains_through_msc": asdict(chains(claims, vocabulary, through_msc=True)),
            }
            building = time.perf_counter() - middle, middle - start
            store.build(Path(folder) / "pairs", contents, iter(()), "", parts=parts)
            store.build(Path(folder) / "compact", contents, iter(()), "", arrays=arrays)
            held = [sum(f.stat().st_size for f in Path(folder, "pairs").glob("chains*")) / 1e6]
            held.append(sum(f.stat().st_size for f in Path(folder, "compact").glob("*/*.npy")) / 1e6)
            times: dict[tuple[str, str], list[float]] = {}
            for _ in range(runs):
                for question in ("MSC", "IFNG"):
                    for form in ("pairs", "compact"):
                        command = [
                            sys.executable,
                            "-c",
                            "from kg.cli import main; main()",
                            "--data",
                            f"{folder}/{form}",
                        ]
                        begun = time.perf_counter()
                        subprocess.run([*command, "trace", question, "SLE"], check=True, stdout=subprocess.DEVNULL)
                        times.setdefault((question, form), []).append(time.perf_counter() - begun)
        spent = {key: statistics.median(each) for key, each in times.items()}
        cells = [f"{building[0]:.1f} / {building[1]:.1f}", f"{held[0]:.1f} / {held[1]:.1f}"]
        for question in ("MSC", "IFNG"):
            cells.append(f"{spent[question, 'pairs']:.2f} / {spent[question, 'compact']:.2f}")
        rows.append([f"{len(claims):,}", *cells])
    head = ["claims", "worked out, s", "kept, MB", "`kg trace MSC SLE`, s", "`kg trace IFNG SLE`, s"]
    print("Pairs / compact form:\n")
    table(head, rows)


def asked(
    graph: c.Compact, source: int, target: int, steps: int = STEPS, wanted: int = WANTED, floor: float = 0.0
) -> tuple[float, list[Found]]:
    """Seconds of the processor and answers of one question."""
    question = Question(graph.names[source], {graph.names[target]: 1.0}, steps, most=wanted)
    weight = graph.weight
    start = time.process_time()
    found = best((), graph, question, lambda index: float(weight[index]), floor)
    return time.process_time() - start, found


def pairs(graph: c.Compact, count: int) -> dict[str, list[tuple[int, int]]]:
    """Pairs to ask: `few` from a factor to a disease with three to ten claims each, `hubs` between the largest."""
    out, into = np.diff(graph.first), np.diff(graph.first_in)
    kind = np.array([name.split()[0] for name in graph.names])
    chance = np.random.default_rng(1)
    low = np.flatnonzero((kind == "factor") & (out >= 3) & (out <= 10))
    end = np.flatnonzero((kind == "disease") & (into >= 3) & (into <= 10))
    few: list[tuple[int, int]] = []
    while len(few) < count:
        pair = int(chance.choice(low)), int(chance.choice(end))
        if len(asked(graph, *pair)[1]) == 2 * WANTED:
            few.append(pair)

    def largest(name: str, degree: Any) -> list[int]:
        return [int(each) for each in sorted(np.flatnonzero(kind == name), key=lambda n: -degree[n])[:2]]

    starts = [*largest("MSC", out), *largest("factor", out)]
    return {"few": few, "hubs": [(s, t) for s in starts for t in largest("disease", into)]}


def collapsed(graph: c.Compact) -> tuple[Any, Any, Any]:
    """Subjects, targets and costs of the graph without signs and parallel links."""
    key = graph.subject.astype(np.int64) * (len(graph.first) - 1) + graph.target
    order = np.lexsort((-graph.weight, key))
    kept = order[np.flatnonzero(np.diff(key[order], prepend=-1))]
    return graph.subject[kept], graph.target[kept], -np.log(graph.weight[kept].astype(float)) + 1e-9


def split(graph: c.Compact) -> tuple[Any, Any, Any]:
    """Subjects, targets and costs of the graph of (name, sign): what Yen's algorithm needs to be asked for a sign.

    Name n is node 2n while the effect so far is positive and 2n + 1 while it is negative; of parallel links with one
    effect the best stays.
    """
    lowers = (graph.flags & c.LOWERS != 0).astype(np.int64)
    subject, target = 2 * graph.subject.astype(np.int64), 2 * graph.target.astype(np.int64)
    starts = np.concatenate([subject, subject + 1])
    ends = np.concatenate([target + lowers, target + 1 - lowers])
    weight = np.concatenate([graph.weight, graph.weight]).astype(float)
    key = starts * (2 * (len(graph.first) - 1)) + ends
    order = np.lexsort((-weight, key))
    kept = order[np.flatnonzero(np.diff(key[order], prepend=-1))]
    return starts[kept], ends[kept], -np.log(weight[kept]) + 1e-9


def both_signs(call: Callable[[int, int], object]) -> Callable[[int, int], object]:
    """Ask a graph of (name, sign) for the paths of either sign between two names."""
    return lambda s, t: (call(2 * s, 2 * t), call(2 * s, 2 * t + 1))


def by_networkx(subject: Any, target: Any, cost: Any, size: int) -> Callable[[int, int], object]:
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_weighted_edges_from(zip(subject.tolist(), target.tolist(), cost.tolist(), strict=True))
    return lambda s, t: list(islice(nx.shortest_simple_paths(graph, s, t, weight="weight"), WANTED))


def by_igraph(subject: Any, target: Any, cost: Any, size: int) -> Callable[[int, int], object]:
    import igraph

    graph = igraph.Graph(n=size, edges=np.stack([subject, target], axis=1), directed=True)
    graph.es["cost"] = cost
    return lambda s, t: graph.get_k_shortest_paths(s, t, k=WANTED, mode="out", weights="cost")


def by_scipy(subject: Any, target: Any, cost: Any, size: int) -> Callable[[int, int], object]:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import yen

    graph = csr_array((cost, (subject.astype(np.int32), target.astype(np.int32))), shape=(size, size))
    return lambda s, t: yen(graph, s, t, WANTED, directed=True)


OTHERS = {"networkx": by_networkx, "igraph": by_igraph, "scipy": by_scipy}


def limited(call: Callable[[int, int], object], pair: tuple[int, int], limit: float) -> float:
    """Seconds of the processor for one question in a process of its own, infinity when it is stopped at the limit."""
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + limit),) * 2)
        start = time.process_time()
        call(*pair)
        theirs.send(time.process_time() - start)

    process = context.Process(target=work)
    process.start()
    process.join()
    if ours.poll():
        return float(ours.recv())
    if process.exitcode != -signal.SIGXCPU:
        sys.exit(f"a question to another library ended with exit code {process.exitcode}")
    return math.inf


def often(call: Callable[[], float], runs: int) -> float:
    """The median of so many figures; what takes long is asked once."""
    first = call()
    return first if first > LONG else statistics.median([first, *(call() for _ in range(runs - 1))])


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a Markdown table."""
    print("| " + " | ".join(headings) + " |")
    print("|" + "---|" * len(headings))
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print(flush=True)


def shown(seconds: float, limit: float) -> str:
    return f"> {limit:.0f}" if seconds == math.inf else f"{seconds:.3g}"


def opened(graph: c.Compact, pair: tuple[int, int]) -> float:
    """Seconds to open the arrays from disk and answer a first question, names read too."""
    with tempfile.TemporaryDirectory() as folder:
        for name, array in graph.arrays.items():
            np.save(f"{folder}/{name}.npy", array)
        start = time.process_time()
        arrays = {path.stem: np.load(path, mmap_mode="r").view(np.ndarray) for path in Path(folder).glob("*.npy")}
        asked(c.Compact(**arrays), *pair)  # type: ignore[arg-type]
        return time.process_time() - start


def measured(edges: int, runs: int, limit: float, versus: Sequence[str]) -> Iterator[tuple[str, int, float]]:
    """Print the tables of one size; yield points for the picture: kind of pair, steps, median seconds."""
    start = time.process_time()
    graph = made(edges)
    spent = time.process_time() - start
    chosen = pairs(graph, 8)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    degree = max(int(np.diff(graph.first).max()), int(np.diff(graph.first_in).max()))
    print(f"### {edges:,} links, {len(graph.names):,} names, the largest hub {degree:,}\n")
    rows = [
        ["bytes a link", f"{graph.bytes_a_link:.1f}"],
        ["made and turned into arrays, s", f"{spent:.1f}"],
        ["largest memory while making, MB", f"{peak:.0f}"],
        ["opened from disk, first question, s", f"{opened(graph, chosen['few'][0]):.2f}"],
    ]
    table(["what", "figure"], rows)
    rows = []
    for kind, asking in chosen.items():
        for steps in (2, 3, 4, 5, 6):
            times = [statistics.median(asked(graph, *pair, steps)[0] for _ in range(runs)) for pair in asking]
            yield kind, steps, statistics.median(times)
            rows.append([kind, steps, f"{statistics.median(times):.3f}", f"{max(times):.3f}"])
        times = [asked(graph, *pair, STEPS, 2000, 0.002)[0] for pair in asking[:3]]
        rows.append(
            [f"{kind}, all that `kg trace` asks", STEPS, f"{statistics.median(times):.2f}", f"{max(times):.2f}"]
        )
    table(["pairs", "steps at most", "median, s", "slowest, s"], rows)
    rows = []
    size = len(graph.names)
    ways = {
        "any path": (collapsed(graph), size, lambda call: call),
        "either sign": (split(graph), 2 * size, both_signs),
    }
    for name in versus if edges <= MOST else [name for name in versus if name != "networkx"]:
        for way, (flat, nodes, asks) in ways.items():
            call = asks(OTHERS[name](*flat, nodes))
            for kind, asking in chosen.items():
                both = []
                for s, t in asking[: 2 if edges < FEW else 1]:
                    mine = often(lambda s=s, t=t: asked(graph, s, t)[0], runs)
                    both.append((mine, often(lambda s=s, t=t, call=call: limited(call, (s, t), limit), runs)))
                ours, theirs = (statistics.median(times) for times in zip(*both, strict=True))
                ratio = f"> {limit / ours:.0f}" if theirs == math.inf else f"{theirs / ours:.0f}"
                rows.append([name, kind, way, f"{ours:.3f}", shown(theirs, limit), ratio])
            del call
    table(["other", "pairs", "asked for", "kg, s", "other, s", "times slower"], rows)


def picture(points: dict[int, list[tuple[str, int, float]]]) -> str:
    """The growth with links and with steps, as SVG."""
    width, height, left, top = 340, 240, 60, 40
    colours = {"few": "#1b6ca8", "hubs": "#c8553d"}
    low, high = -3.0, 1.0
    parts = []

    def panel(shift: int, title: str, ticks: dict[float, str], lines: dict[str, list[tuple[float, float]]]) -> None:
        first, last = min(ticks), max(ticks)
        x = {at: shift + left + (at - first) / ((last - first) or 1) * (width - 40) for at in ticks}

        def y(seconds: float) -> float:
            return top + (high - math.log10(seconds)) / (high - low) * height

        parts.append(f'<text x="{shift + left}" y="{top - 16}" font-weight="bold">{title}</text>')
        for power in range(int(low), int(high) + 1):
            at = y(10.0**power)
            parts.append(f'<path d="M{shift + left} {at:.1f}H{shift + left + width - 40}" stroke="#ddd"/>')
            parts.append(f'<text x="{shift + left - 8}" y="{at + 4:.1f}" text-anchor="end">{10.0**power:g} s</text>')
        for at, label in ticks.items():
            parts.append(f'<text x="{x[at]:.1f}" y="{top + height + 20}" text-anchor="middle">{label}</text>')
        for kind, line in lines.items():
            path = "M" + "L".join(f"{x[at]:.1f} {y(seconds):.1f}" for at, seconds in line)
            parts.append(f'<path d="{path}" fill="none" stroke="{colours[kind]}" stroke-width="2"/>')
            for at, seconds in line:
                parts.append(f'<circle cx="{x[at]:.1f}" cy="{y(seconds):.1f}" r="3.5" fill="{colours[kind]}"/>')

    sizes = {math.log10(edges): f"{edges / 1e6:g} million" for edges in points}
    by_size = {
        kind: [
            (math.log10(e), s) for e, found in points.items() for k, steps, s in found if (k, steps) == (kind, STEPS)
        ]
        for kind in colours
    }
    panel(0, f"links, at most {STEPS} steps", sizes, by_size)
    largest = points[max(points)]
    by_steps = {kind: [(float(steps), s) for k, steps, s in largest if k == kind] for kind in colours}
    steps_seen = {float(steps): str(steps) for _, steps, _ in largest}
    panel(width + 60, f"steps at most, {max(points) / 1e6:g} million links", steps_seen, by_steps)
    for place, (kind, label) in enumerate((("few", "names with few claims"), ("hubs", "hubs"))):
        parts.append(f'<circle cx="{left + 180 * place}" cy="{top + height + 44}" r="5" fill="{colours[kind]}"/>')
        parts.append(f'<text x="{left + 12 + 180 * place}" y="{top + height + 48}">{label}</text>')
    whole = f'width="{2 * width + 120}" height="{top + height + 60}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {whole} font-family="sans-serif" font-size="12">'
    title = "<title>Time for the ten best chains of either sign</title>"
    return f'{head}{title}<rect width="100%" height="100%" fill="white"/>{"".join(parts)}</svg>\n'


def main() -> int:
    """Measure all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--edges", type=int, nargs="+", default=[200_000, 2_000_000, 8_000_000])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--limit", type=float, default=60)
    parser.add_argument("--versus", nargs="*", default=[name for name in OTHERS if importlib.util.find_spec(name)])
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--copies", type=int, nargs="+")
    given = parser.parse_args()
    if given.copies:
        both_forms(given.copies, given.runs)
        return 0
    where = f"Python {platform.python_version()}, numpy {np.__version__}, {platform.machine()}"
    print(f"{where}, medians of {given.runs} runs a pair, processor time, limit {given.limit:g} s.\n")
    points = {edges: list(measured(edges, given.runs, given.limit, given.versus)) for edges in given.edges}
    if given.plot:
        given.plot.write_text(picture(points), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
