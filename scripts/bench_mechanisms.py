"""Score the program on cases that other readers wrote down: `python scripts/bench_mechanisms.py FOLDER`.

FOLDER holds `routes.tsv` and `mechanisms.tsv` (columns as in docs/benchmarks.md). Task A: is a stated route (source,
mediators, target cell or process, disease) among the first k of its list (routes or counter-routes, the one in which
it weighs most) of `kg trace SOURCE DISEASE`?
Task B: is a stated fact in the graph, with that sign? Four baselines answer task A on the same links, without
composition rules, context or attestation: shortest paths, shortest signed paths (those of the right net sign first
found), degree-penalised paths, and degree-weighted path counts per mediator (DWPC, doi 10.7554/eLife.26726).
Task C (`questions.tsv`): do the commands that answer a question, named beside this script, print the names that an
answer must hold? Task D (`contradictions.tsv`): are documented disagreements listed as pairs?
"""

from __future__ import annotations

import argparse
import itertools
import re
import shlex
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import networkx as nx

import kg
from kg.graph import Context
from kg.mechanisms import Route, trace

CUTS = (1, 5, 10, 25)
MOST = 1000  # paths that a baseline may look at


@dataclass(frozen=True, slots=True)
class Case:
    """One stated route, names resolved; `target` may be empty, `mediators` too."""

    id: str
    source: str
    mediators: tuple[str, ...]
    target: str
    disease: str
    effect: int
    known: bool


def table(path: Path) -> list[dict[str, str]]:
    """Rows of a tab-separated file with a header."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [dict(zip(lines[0].split("\t"), line.split("\t"), strict=False)) for line in lines[1:]]


def resolved(graph: kg.Dataset, name: str) -> str:
    """The canonical name, or an empty text."""
    try:
        return graph.resolve(name).name
    except kg.UnknownTerm:
        return ""


def cases(graph: kg.Dataset, folder: Path) -> tuple[list[Case], int]:
    """Cases that name a source, a disease and at least a mediator or a target; and how many do not."""
    keys = {value.casefold() for p in graph.publications.values() for value in (p.doi, p.pmid, p.pmcid) if value}
    found, left = [], 0
    for row in table(folder / "routes.tsv"):
        source, disease = resolved(graph, row["source"]), resolved(graph, row["disease"])
        mediators = tuple(filter(None, (resolved(graph, name) for name in row["mediators"].split("|") if name)))
        target = resolved(graph, row["target"]) if row["target"] else ""
        effect = {"ameliorates": -1, "exacerbates": 1}.get(row["net_effect"], 0)
        if not source or not disease or not (mediators or target):
            left += 1
            continue
        known = any(part.strip().casefold() in keys for part in row["publication"].split(";"))
        found.append(Case(row["id"], source, mediators, target, disease, effect, known))
    return found, left


def family(graph: kg.Dataset, name: str) -> set[str]:
    """A name with its narrower and directly wider ones."""
    vocabulary = graph.vocabulary
    return {name, *vocabulary.descendants(name), *vocabulary.entities[name].parents}


def fits(graph: kg.Dataset, case: Case, names: Sequence[str]) -> bool:
    """Whether a chain of names runs through every mediator and the target of a case, or what is near them."""
    inner = set(names[1:])
    wanted = [*case.mediators, *([case.target] if case.target else [])]
    return all(inner & family(graph, name) for name in wanted)


def ours(graph: kg.Dataset, case: Case) -> list[tuple[int, list[tuple[str, ...]]]]:
    """Routes of both signs by weight: sign and chains of names."""
    answer = graph.trace(case.source, case.disease, Context(), count=60)
    both: list[Route] = sorted(
        [*answer.routes, *answer.counter_routes], key=lambda route: (-route.weight, route.label, route.sign)
    )
    return [(route.sign, [mechanism.nodes for mechanism in route.mechanisms]) for route in both]


def simple(graph: kg.Dataset) -> nx.DiGraph:
    """The same links as a plain digraph: the sign of the most believed claim, the degree penalty as a weight."""
    plain = nx.DiGraph()
    best: dict[tuple[str, str], float] = {}
    predicates = graph.vocabulary.ontology.predicates
    for left, right, data in graph.to_networkx().edges(data=True):
        if left == right or not data["sign"] or predicates[data["predicate"]].causal != "yes":
            continue
        if data["belief"] > best.get((left, right), 0.0):
            best[(left, right)] = data["belief"]
            plain.add_edge(left, right, sign=data["sign"])
    for left, right in plain.edges:
        plain.edges[left, right]["penalty"] = 1 + 0.4 * _log(plain.degree(right))
    return plain


def _log(value: float) -> float:
    import math

    return math.log(max(1.0, value))


def paths(plain: nx.DiGraph, source: str, target: str, weight: str | None) -> list[tuple[int, tuple[str, ...]]]:
    """Paths of at most five steps with their net sign, shortest first."""
    if source not in plain or target not in plain:
        return []
    found = []
    for names in itertools.islice(nx.shortest_simple_paths(plain, source, target, weight=weight), MOST):
        if len(names) > 6:
            break
        sign = 1
        for left, right in itertools.pairwise(names):
            sign *= plain.edges[left, right]["sign"]
        found.append((sign, tuple(names)))
    return found


def grouped(found: Sequence[tuple[int, tuple[str, ...]]]) -> list[tuple[int, list[tuple[str, ...]]]]:
    """Paths as routes: those of one sign with the same first node after the source, in the order met."""
    routes: dict[tuple[int, str], list[tuple[str, ...]]] = defaultdict(list)
    for sign, names in found:
        if len(routes[(sign, names[1])]) < 5:
            routes[(sign, names[1])].append(names)
    return [(sign, chains) for (sign, _), chains in routes.items()]


def baselines(graph: kg.Dataset) -> dict[str, Callable[[Case], list[tuple[int, list[tuple[str, ...]]]]]]:
    """The four baselines by name."""
    plain = simple(graph)
    cache: dict[tuple[str, str, str | None], list[tuple[int, tuple[str, ...]]]] = {}

    def found(case: Case, weight: str | None) -> list[tuple[int, tuple[str, ...]]]:
        source = graph.subject(case.source)[0].name
        key = (source, case.disease, weight)
        if key not in cache:
            cache[key] = paths(plain, source, case.disease, weight)
        return cache[key]

    def signed(case: Case) -> list[tuple[int, list[tuple[str, ...]]]]:
        return grouped(
            [each for each in found(case, None) if each[0] == -1] + [e for e in found(case, None) if e[0] == 1]
        )

    def counted(case: Case) -> list[tuple[int, list[tuple[str, ...]]]]:
        weights: dict[tuple[int, str], float] = defaultdict(float)
        chains: dict[tuple[int, str], list[tuple[str, ...]]] = defaultdict(list)
        for sign, names in found(case, None):
            key = (sign, names[1])
            product = 1.0
            for name in names:
                product *= plain.degree(name) ** -0.4
            weights[key] += product
            if len(chains[key]) < 5:
                chains[key].append(names)
        return [(key[0], chains[key]) for key in sorted(weights, key=lambda key: (-weights[key], key))]

    return {
        "shortest paths": lambda case: grouped(found(case, None)),
        "shortest signed paths": signed,
        "degree-penalised paths": lambda case: grouped(found(case, "penalty")),
        "DWPC": counted,
    }


def task_a(graph: kg.Dataset, folder: Path, verbose: bool) -> None:
    """Print recall at each cut, mean reciprocal rank and sign agreement, ours and the baselines'."""
    stated, left = cases(graph, folder)
    ways = {"kg trace": lambda case: ours(graph, case), **baselines(graph)}
    print(f"## Routes: {len(stated)} cases, {left} more could not be resolved\n")
    heads = " | ".join(f"recall@{cut}" for cut in CUTS)
    print(f"| way | {heads} | MRR | MRR, paper not in the tables | net sign agrees |")
    print("|---|" + "---|" * (len(CUTS) + 3))
    for name, way in ways.items():
        ranks: list[tuple[Case, int, int]] = []
        for case in stated:
            rank, sign = 0, 0
            places = {-1: 0, 1: 0}
            for route_sign, chains in way(case):
                places[route_sign] += 1
                if any(fits(graph, case, chain) for chain in chains):
                    rank, sign = places[route_sign], route_sign
                    break
            ranks.append((case, rank, sign))
        recall = [sum(0 < rank <= cut for _, rank, _ in ranks) / len(ranks) for cut in CUTS]
        mrr = sum(1 / rank for _, rank, _ in ranks if rank) / len(ranks)
        apart = [(rank, case) for case, rank, _ in ranks if not case.known]
        other = sum(1 / rank for rank, _ in apart if rank) / max(1, len(apart))
        signed = [(sign, case.effect) for case, rank, sign in ranks if rank and case.effect]
        agree = f"{sum(a == b for a, b in signed)} of {len(signed)}"
        print(
            f"| {name} | "
            + " | ".join(f"{value:.2f}" for value in recall)
            + f" | {mrr:.3f} | {other:.3f} ({len(apart)}) | {agree} |"
        )
        if verbose and name == "kg trace":
            for case, rank, sign in ranks:
                case_text = f"{case.source} {case.mediators} {case.target} {case.disease} effect {case.effect}"
                print(f"    {case.id} {case_text}: rank {rank} sign {sign}", file=sys.stderr)
    print()


def task_b(graph: kg.Dataset, folder: Path, verbose: bool) -> None:
    """Print how many stated facts are in the graph: the pair, and the pair with that sign."""
    strict = collapsed = signed = total = left = 0
    by_pair: dict[tuple[str, str], set[int]] = defaultdict(set)
    for claim in graph.assertions:
        if claim.publications:
            by_pair[(claim.subject, claim.object)].add(claim.effect)
    for row in table(folder / "mechanisms.tsv"):
        subject, target = resolved(graph, row["subject_name"]), resolved(graph, row["object_name"])
        if not subject or not target:
            left += 1
            continue
        total += 1
        subject = graph.subject(subject)[0].name
        signs = by_pair.get((subject, target), set())
        near = set().union(*(by_pair.get((a, b), set()) for a in family(graph, subject) for b in family(graph, target)))
        wanted = {"+": 1, "-": -1}.get(row["sign"], 0)
        strict += bool(signs)
        collapsed += bool(near)
        signed += wanted in signs
        if verbose and not near:
            print(f"    {row['id']} {subject} {row['predicate']} {target} ({row['aspect']})", file=sys.stderr)
    print(f"## Facts: {total} cases, {left} more could not be resolved\n")
    print("| the pair, strictly | the pair, nearest kinds | the pair with that sign |")
    print("|---|---|---|")
    print(f"| {strict / total:.2f} | {collapsed / total:.2f} | {signed / total:.2f} |\n")


def task_blockade(graph: kg.Dataset) -> None:
    """Leave one paper out: do the other papers say that blocking its mediator takes the effect away?

    Each blockade or knockdown in how MSC or a product act on something is asked of the tables without its paper. No
    answer where the rest knows no way from source to target; "needed" where the mediator lies on one, "not needed"
    where it lies on none.
    """
    experiments: dict[tuple[str, str, str, str], bool] = {}
    superclasses = graph.vocabulary.ontology.superclasses
    for claim in graph.assertions:
        if not superclasses[graph.vocabulary.entities[claim.subject].category] & {"MesenchymalStemCell", "MSCProduct"}:
            continue
        for row in claim.evidence:
            if (
                row.mediator_test.split(" ")[0] in ("blockade", "knockdown")
                and row.direction == "supports"
                and claim.effect
            ):
                for mediator in row.mediator:
                    held = "without effect" not in row.mediator_test
                    experiments[(row.publication, claim.subject, claim.object, mediator)] = held
    counts: dict[tuple[bool, bool], int] = defaultdict(int)
    silent = {True: 0, False: 0}
    for (publication, source, target, mediator), held in sorted(experiments.items()):
        rest = [
            claim._replace(evidence=left)
            for claim in graph.assertions
            if (left := tuple(row for row in claim.evidence if row.publication != publication))
        ]
        answer = trace(rest, graph.vocabulary, source, target, Context(species=""), max_length=3, count=0)
        routes = (*answer.routes, *answer.counter_routes)
        if not routes:
            silent[held] += 1
            continue
        counts[(held, any(mediator in m.nodes for route in routes for m in route.mechanisms))] += 1
    covered = sum(counts.values())
    print(f"## Blockade, leaving the paper out: {len(experiments)} experiments\n")
    print("| | the rest says needed | the rest says not needed | no answer |")
    print("|---|---|---|---|")
    for held, name in ((True, "the effect fell"), (False, "the effect stayed")):
        print(f"| {name} | {counts[(held, True)]} | {counts[(held, False)]} | {silent[held]} |")
    right = counts[(True, True)] + counts[(False, False)]
    print(f"\nAccuracy {right / max(1, covered):.2f} at a coverage of {covered / max(1, len(experiments)):.2f}.\n")


def elements(graph: kg.Dataset, text: str) -> list[str]:
    """Names of entities, and registry numbers, in a text; the longest that fits at each place."""
    words = re.findall(r"[\w+./-]+", text)
    found: list[str] = []
    place = 0
    while place < len(words):
        for length in range(min(6, len(words) - place), 0, -1):
            term = " ".join(words[place : place + length]).strip("./-")
            if re.fullmatch(r"NCT\d{8}", term):
                found.append(term)
                break
            forms = (term, term.removesuffix("s"))
            names = [name for each in forms if len(each) > 1 for name in [resolved(graph, each)] if name]
            if names and not each_letter(term):
                found.append(names[0])
                break
        else:
            length = 1
        place += length
    return list(dict.fromkeys(found))


def each_letter(term: str) -> bool:
    """Whether a term is one short common word that happens to be a synonym."""
    return term.casefold() in ("in", "no", "up", "down", "cell", "cells", "one", "human", "act", "study")


def task_c(graph: kg.Dataset, folder: Path, verbose: bool) -> None:
    """Print which part of the expected elements stands in what the command prints; commands are in questions.tsv."""
    commands = {row["id"]: row["commands"] for row in table(Path(__file__).with_name("questions.tsv"))}
    by_kind: dict[str, list[float]] = defaultdict(list)
    for row in table(folder / "questions.tsv"):
        wanted = elements(graph, row["expected_answer_elements"])
        command = commands.get(row["id"], "")
        if not wanted or not command:
            by_kind["without a command or a name to look for"].append(0.0)
            continue
        printed = ""
        for each in command.split(" | "):
            printed += subprocess.run(
                [sys.executable, "-c", "from kg.cli import main; main()", *shlex.split(each)[1:]],
                capture_output=True, text=True, check=False,
            ).stdout  # fmt: skip
        missing = [name for name in wanted if name.casefold() not in printed.casefold()]
        by_kind[row["kind"]].append(1 - len(missing) / len(wanted))
        if verbose:
            print(f"    {row['id']} {command}: missing {missing} of {wanted}", file=sys.stderr)
    scored = [value for kind, values in by_kind.items() if not kind.startswith("without") for value in values]
    print(f"## Questions: {sum(map(len, by_kind.values()))} cases\n")
    print("| kind | cases | elements found |\n|---|---|---|")
    for kind, values in sorted(by_kind.items()):
        share = "" if kind.startswith("without") else f"{sum(values) / len(values):.2f}"
        print(f"| {kind} | {len(values)} | {share} |")
    print(f"| all with a command | {len(scored)} | {sum(scored) / max(1, len(scored)):.2f} |\n")


def task_d(graph: kg.Dataset, folder: Path) -> None:
    """Print how many documented disagreements are listed: both papers in one pair, one of them in a pair, neither."""
    by_id: dict[str, str] = {}
    for paper in graph.publications.values():
        for value in (paper.doi, paper.pmid, paper.pmcid):
            if value:
                by_id[value.casefold()] = paper.publication
    pairs = [{each.a.evidence.publication, each.b.evidence.publication} for each in graph.disagreements()]
    cited = set().union(*pairs)
    rows = table(folder / "contradictions.tsv")
    both = one = unknown = 0
    for row in rows:
        keys = []
        for text in (row["supporting_source"], row["refuting_source_or_null"]):
            word = text.split(" ")[0].strip("();,").casefold()
            keys.append(by_id.get(word, ""))
        if not all(keys):
            unknown += 1
        elif any(set(keys) <= pair for pair in pairs):
            both += 1
        elif set(keys) & cited:
            one += 1
    print(f"## Disagreements: {len(rows)} cases\n")
    print("| both papers in one pair | in the tables, but not set against each other | a paper is not in the tables |")
    print("|---|---|---|")
    print(f"| {both} | {one} | {unknown} |\n")


def main() -> int:
    """Score all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("-v", "--verbose", action="store_true", help="name each case on stderr")
    options = parser.parse_args()
    graph = kg.load()
    print(f"Data {graph.data_version}.\n")
    task_a(graph, options.folder, options.verbose)
    task_b(graph, options.folder, options.verbose)
    task_c(graph, options.folder, options.verbose)
    task_d(graph, options.folder)
    task_blockade(graph)
    return 0


if __name__ == "__main__":
    sys.exit(main())
