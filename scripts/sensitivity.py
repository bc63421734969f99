"""Write docs/sensitivity.md, what halving or doubling each prior changes: `python scripts/sensitivity.py [FOLDER]`.

FOLDER holds the cases of `scripts/bench_mechanisms.py`; without it the two columns of cases are left out.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from random import Random
from statistics import mean, median
from typing import NamedTuple

from bench_mechanisms import Case, cases, ours, ranked
from scipy.stats import kendalltau

import kg
from kg.chains import Chains, chains
from kg.mechanisms import Route, Trace
from kg.sources import write_text
from kg.vocabulary import Ontology

ROOT = Path(__file__).resolve().parent.parent
DISEASES = ("SLE", "RA", "SSc", "pSS", "IIM")
FIRST = 10
GRADES = {"system": "systems", "test": "mediator_tests", "reading": "reading"}  # field of the ontology that holds it
ABOVE_ONE = frozenset({"error_combined", "degree_exponent", "verdict_ratio", "route_mechanisms"})  # not shares
DRAWS = 40


@dataclass(frozen=True, repr=False)
class Changed(kg.Dataset):
    """The dataset under other priors: chains are worked out from them, not read from the build."""

    @cached_property
    def chains(self) -> Chains:
        return chains(self.assertions, self.vocabulary)

    @cached_property
    def chains_through_msc(self) -> Chains:
        return chains(self.assertions, self.vocabulary, through_msc=True)


class Effect(NamedTuple):
    """What other priors change, against the base: one figure per disease, and the cases."""

    taus: tuple[float, ...]
    overlaps: tuple[int, ...]
    firsts: tuple[bool, ...]
    verdicts: tuple[str, ...]
    recall: float
    mrr: float


def priors(ontology: Ontology) -> dict[tuple[str, str], float]:
    """Every prior with its value, by kind and name."""
    found = {("prior", name): value for name, value in sorted(ontology.priors.items())}
    for kind, field in GRADES.items():
        found |= {(kind, name): grade.error for name, grade in sorted(getattr(ontology, field).items())}
    return found


def clipped(key: tuple[str, str], value: float) -> float:
    """The nearest value that the prior may have."""
    kind, name = key
    if name == "route_mechanisms":
        return float(max(1, math.floor(value)))
    if name == "verdict_ratio":
        return max(1.0, value)
    if kind in ("prior", "system") and name not in ABOVE_ONE:
        return min(1.0, value)
    return value


def changed(graph: kg.Dataset, values: Mapping[tuple[str, str], float]) -> Changed:
    """A dataset with other priors; the given one stays as it is."""
    ontology = graph.vocabulary.ontology
    fields: dict[str, dict[str, object]] = {"priors": dict(ontology.priors)}
    fields |= {field: dict(getattr(ontology, field)) for field in GRADES.values()}
    for (kind, name), value in values.items():
        if kind == "prior":
            fields["priors"][name] = value
        else:
            table = fields[GRADES[kind]]
            table[name] = getattr(ontology, GRADES[kind])[name]._replace(error=value)
    vocabulary = replace(graph.vocabulary, ontology=replace(ontology, **fields))
    return Changed(vocabulary, graph.assertions, graph.publications, graph.studies, graph.data_version, graph.folder)


def answers(graph: kg.Dataset) -> list[Trace]:
    """The five questions with all their routes."""
    return [graph.trace("MSC", disease, count=0) for disease in DISEASES]


def scored(graph: kg.Dataset, stated: Sequence[Case]) -> tuple[float, float]:
    """Recall among the first ten and mean reciprocal rank of the cases."""
    if not stated:
        return 0.0, 0.0
    ranks = [rank for _, rank, _ in ranked(graph, stated, lambda case: ours(graph, case))]
    return mean(0 < rank <= FIRST for rank in ranks), mean(1 / rank if rank else 0.0 for rank in ranks)


def named(route: Route) -> tuple[str, int]:
    """What makes a route the same under other priors."""
    return route.label, route.sign


def tau(left: Trace, right: Trace) -> float:
    """Kendall's tau-b of the weights over the routes of either answer; a route that is not there weighs 0."""
    weights = [{named(r): r.weight for r in (*each.routes, *each.counter_routes)} for each in (left, right)]
    names = sorted(weights[0] | weights[1])
    return float(kendalltau(*([each.get(name, 0.0) for name in names] for each in weights)).statistic)


def effect(graph: kg.Dataset, base: Sequence[Trace], stated: Sequence[Case]) -> Effect:
    """Compare the five questions, and the cases, with the base."""
    now = answers(graph)
    pairs = list(zip(base, now, strict=True))
    first = [[set(map(named, each.routes[:FIRST])) for each in pair] for pair in pairs]
    return Effect(
        tuple(tau(*pair) for pair in pairs),
        tuple(len(left & right) for left, right in first),
        tuple(named(old.routes[0]) == named(new.routes[0]) for old, new in pairs),
        tuple(f"{new.target} {old.effect} to {new.effect}" for old, new in pairs if old.effect != new.effect),
        *scored(graph, stated),
    )


def row(name: str, value: str, each: Effect, benched: bool) -> str:
    """One line of the table."""
    cells = [name, value, f"{mean(each.taus):.3f}", f"{min(each.taus):.3f}", f"{mean(each.overlaps):.1f}"]
    cells += [f"{sum(each.firsts)} of {len(each.firsts)}", "; ".join(each.verdicts) or "-"]
    cells += [f"{each.recall:.2f}", f"{each.mrr:.3f}"] if benched else []
    return f"| {' | '.join(cells)} |"


def draws(graph: kg.Dataset, base: Sequence[Trace]) -> Iterator[Effect]:
    """All priors at once, each between half and double, evenly on a logarithmic scale."""
    known = priors(graph.vocabulary.ontology)
    for number in range(DRAWS):
        draw = Random(f"all priors {number}").random
        yield effect(
            changed(graph, {key: clipped(key, v * 2 ** (2 * draw() - 1)) for key, v in known.items()}), base, ()
        )


def main() -> int:
    """Halve and double every prior, compare, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT.parent / "shared" / "data" / "bench")
    folder = parser.parse_args().folder
    graph = kg.load()
    stated = cases(graph, folder)[0] if (folder / "routes.tsv").exists() else []
    base = answers(graph)
    found: list[tuple[str, str, Effect]] = []
    same: list[str] = []
    for key, value in priors(graph.vocabulary.ontology).items():
        name = key[1] if key[0] == "prior" else f"{key[0]}: {key[1]}"
        for word, factor in (("half", 0.5), ("double", 2.0)):
            new = clipped(key, value * factor)
            if new == value:
                same.append(f"{name} ({value:g}, {word})")
                continue
            bound = "" if new == value * factor else ", clipped"
            found.append((name, f"{value:g} to {new:g}{bound}", effect(changed(graph, {key: new}), base, stated)))
            print(*found[-1], file=sys.stderr)
    found.sort(key=lambda each: (mean(each[2].taus), mean(each[2].overlaps), each[0], each[1]))
    recall, mrr = scored(graph, stated)
    whole = Effect((1.0,) * len(DISEASES), (FIRST,) * len(DISEASES), (True,) * len(DISEASES), (), recall, mrr)
    heads = ["prior", "value", "tau, mean", "tau, least", "of first ten", "first route kept", "verdicts changed"]
    heads += ["recall@10", "MRR"] if stated else []
    table = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", row("*as they are*", "", whole, bool(stated))]
    table += [row(*each, bool(stated)) for each in found]
    parts = [
        head(graph, len(stated)),
        concluded([each for each in found if each[2][:4] != whole[:4]]),
        drawn(list(draws(graph, base))),
        "## Table",
        "\n".join(table),
        f"Not in the table, for they stand at the end of their range: {', '.join(same)}.",
    ]
    write_text(ROOT / "docs" / "sensitivity.md", "\n\n".join(parts) + "\n")
    return 0


def head(graph: kg.Dataset, count: int) -> str:
    """What the page shows."""
    return (
        "# How much the routes depend on the priors\n\n"
        f"Written by `scripts/sensitivity.py`; data {graph.data_version}. Each prior of the ontology is halved and "
        "doubled, one at a time, clipped to its range (shares and errors to at most 1, the ratio of the verdict to at "
        f"least 1, the number of mechanisms to whole numbers), and MSC -> {', '.join(DISEASES)} are asked again in the "
        "default context. No prior is chosen by these figures.\n\n"
        "- *tau*: Kendall's tau-b of the weights over all routes of either answer, a route that is not listed weighing "
        "0; 1 where the order stays. Mean over the five questions, and the least of them.\n"
        "- *of first ten*: how many of the first ten routes stay among them, on average; *first route kept*: in how "
        "many questions.\n"
        f"- *recall@10, MRR*: over {count} cases that other readers wrote down ([benchmarks.md](benchmarks.md)); one "
        f"case more or less is {1 / max(1, count):.2f} of recall, so that most differences here are one or two cases."
    )


def concluded(found: Sequence[tuple[str, str, Effect]]) -> str:
    """The table in words; of the changes that change anything."""
    turned = [f"  - {name} from {value}: {'; '.join(each.verdicts)}" for name, value, each in found if each.verdicts]
    crossed = [said for *_, each in found for said in each.verdicts if "undetermined" not in said]
    most = list(dict.fromkeys(name for name, _, _ in found))[:6]
    taus = [value for *_, each in found for value in each.taus]
    firsts = [kept for *_, each in found for kept in each.firsts]
    overlaps = [value for *_, each in found for value in each.overlaps]
    turns = f"{len(crossed)} of them" if crossed else "none of them"
    lines = [
        "## What to conclude\n",
        f"- One prior at a time: the median tau is {median(taus):.2f}, the least {min(taus):.2f}; of the first ten "
        f"routes {mean(overlaps):.1f} stay on average, {min(overlaps)} at the worst; the first stays first in "
        f"{sum(firsts)} of {len(firsts)} answers. Which routes stand among the first ten says more than their order, "
        "and a small difference of weight between neighbours says nothing.",
        f"- The order depends most on {', '.join(most)}: on how far the bulk of the evidence (cells in culture, read "
        "in abstracts, said in reviews) is believed, on how much popularity costs, on what evidence from other species "
        "or diseases counts, and on what steps of unrelated papers are worth together. Priors that few rows carry "
        "hardly matter.",
        f"- Verdicts turn in {len(turned)} of {len(found)} changes, {turns} from help to harm or back:",
        *turned,
        "- So a verdict says that the tables lean one way under stated judgements. Where it turns above it is close to "
        "the line, and the outcomes of trials that stand beside it should be read first.",
    ]
    return "\n".join(lines)


def drawn(together: Sequence[Effect]) -> str:
    """What stays when all priors are drawn at once."""
    kept = {
        disease: sum(not any(said.startswith(f"{disease} ") for said in each.verdicts) for each in together)
        for disease in DISEASES
    }
    taus = sorted(mean(each.taus) for each in together)
    firsts = [sum(each.firsts[place] for each in together) for place in range(len(DISEASES))]
    number = len(together)
    stay = mean(value for each in together for value in each.overlaps)
    crossed = sum("undetermined" not in said for each in together for said in each.verdicts)
    return (
        f"All priors at once, each drawn between its half and its double (evenly on a logarithmic scale, clipped), "
        f"{number} times:\n\n"
        f"| | {' | '.join(DISEASES)} |\n"
        f"|---{'|---' * len(DISEASES)}|\n"
        f"| verdict kept, of {number} | {' | '.join(str(kept[disease]) for disease in DISEASES)} |\n"
        f"| first route kept, of {number} | {' | '.join(map(str, firsts))} |\n\n"
        f"Mean tau {mean(taus):.2f} (from {taus[0]:.2f} to {taus[-1]:.2f}); of the first ten routes {stay:.1f} stay on "
        f"average. Verdicts turn from help to harm or back {crossed} times. Where a verdict or a first route stays in "
        "most draws it does not hang on the exact numbers; where it stays in about half of them, it does."
    )


if __name__ == "__main__":
    sys.exit(main())
