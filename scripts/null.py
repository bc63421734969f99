"""Write docs/null.md, the null of the routes from MSC to five diseases: `python scripts/null.py` (five minutes)."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from random import Random

import kg
from kg.graph import Context
from kg.mechanisms import Trace, trace
from kg.null import Expected, exchanged, expected, heaviest, renamed, slots
from kg.sources import write_text

ROOT = Path(__file__).resolve().parent.parent
DISEASES = ("SLE", "RA", "SSc", "pSS", "IIM")
FIRST = 10
RARE = 0.05
HEAD = (
    "# What the null says of the routes\n\n"
    "Written by `scripts/null.py`; [mechanisms.md](mechanisms.md) says what is shuffled and how to read it. "
    "Data {version}, {shuffles} shuffled graphs, seed 1.\n"
    "*Expected* is the mean weight in them, *chance* how often the route weighs as much there; "
    "- where the route names no factor that could be exchanged.\n"
    "*Papers* are those on its factors behind the route, in brackets how many of them could not be exchanged.\n"
)


def table(answer: Trace, figures: Sequence[Expected]) -> str:
    """The first routes that help, with their figures."""
    by_name = {(each.sign, each.mediators, each.less): each for each in figures}
    lines = [
        "| route | weight | expected | chance | papers |",
        "|---|---|---|---|---|",
    ]
    for route in answer.routes[:FIRST]:
        each = by_name.get((route.sign, route.mediators, route.less)) if route.mediators else None
        cells = ["-", "-", "-"]
        if each:
            fixed = f" ({each.slots - each.free})" if each.slots > each.free else ""
            cells = [f"{each.expected:.3f}", f"{each.chance:.2f}", f"{each.slots}{fixed}"]
        lines.append(f"| {route.label} | {route.weight:.3f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def rare(answer: Trace, figures: Sequence[Expected]) -> tuple[int, int]:
    """How many of the first ten routes that have figures have a chance of at most 0.05, and how many there are."""
    helping = [each for each in figures if each.sign == answer.routes[0].sign][:FIRST]
    return sum(each.chance <= RARE for each in helping), len(helping)


def main() -> int:
    """Ask, shuffle, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shuffles", type=int, default=100)
    options = parser.parse_args()
    graph = kg.load()
    claims, v = graph.assertions, graph.vocabulary
    places = slots(claims, v)
    names = [exchanged(places, Random(f"1 {number}")) for number in range(options.shuffles)]  # as `kg.null.null` does
    parts = [HEAD.format(version=graph.data_version, shuffles=options.shuffles)]
    summary = [
        "| disease | real | shuffled: mean | shuffled: at least as many | sum of weights, real | expected |",
        "|---|---|---|---|---|---|",
    ]
    for disease in DISEASES:
        answer = trace(claims, v, "MSC", disease, Context(), count=0)
        shuffled = []
        for each in names:
            other = renamed(claims, v, each)
            said = trace(other, v, "MSC", disease, Context(), count=0)
            shuffled.append((said, slots(other, v), heaviest(said, v)))
        print(f"{disease} asked {len(names)} times", file=sys.stderr)
        weights = [each for *_, each in shuffled]
        figures = expected(answer, places, weights, v)
        parts.append(f"\n## MSC -> {disease}\n\n{table(answer, figures)}\n")
        counts = [
            rare(said, expected(said, own, weights[:place] + weights[place + 1 :], v))[0]
            for place, (said, own, _) in enumerate(shuffled)
        ]
        hits, total = rare(answer, figures)
        as_many = (1 + sum(count >= hits for count in counts)) / (1 + len(counts))
        sums = [sum(getattr(each, name) for each in figures) for name in ("weight", "expected")]
        summary.append(
            f"| {disease} | {hits} of {total} | {sum(counts) / len(counts):.1f} | {as_many:.2f} "
            f"| {sums[0]:.2f} | {sums[1]:.2f} |"
        )
    parts.append(
        "\n## Are there more rare routes than in shuffled graphs?\n\n"
        f"Of the first {FIRST} routes with figures, how many have a chance of at most {RARE}: for the real graph; on "
        "average when each shuffled graph is asked as if it were real, against the others; and the share of graphs in "
        "which they are at least as many. The sums are over all routes with figures, of both signs.\n\n"
        + "\n".join(summary)
        + "\n"
    )
    write_text(ROOT / "docs" / "null.md", "".join(parts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
