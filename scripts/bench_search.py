"""The search in large graphs, beside others: `python scripts/bench_search.py [--edges 200000 2000000 8000000]`.

Makes signed, typed multigraphs (MSC, factors, cells, processes, diseases, and noise; skewed degrees; several papers, aspects
and cells a claim; bridges and legs; always the same for a seed) straight as arrays, and asks for the ten best chains of
either sign of at most five steps, coherence included, between names with few claims and between hubs. Beside it, on the
same graph without signs and parallel claims, ten shortest simple paths by networkx, igraph and scipy, each in a process
of its own that is stopped at a limit (`--limit`, seconds). Prints Markdown tables for docs/benchmarks.md; `--plot FILE`
writes the growth as SVG. igraph is needed only here: `pip install igraph`.
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import kg
from kg import compact as c
from kg.bestfirst import Question, best

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
STEPS = 5
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
        chance.random(edges) < 0.8, common[0], chance.choice(common[1:] + [rules.groups.index("location")], edges)
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
    narrower = np.concatenate([np.ones(len(narrow), bool), np.zeros(len(narrow), bool)])
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
        group,
        need,
        diseases,
        np.arange(edges),
        (mark_counts, mark),
        (mediator_counts, drawn("factor", int(mediator_counts.sum()))),
        [f"{name} {n}" for name, (a, b) in span.items() if name for n in range(b - a)],
        penalty,
        layer,
        np.where(kind == 4, 0, np.where(kind == 0, c.INSIDE_THROUGH_MSC, c.INSIDE | c.INSIDE_THROUGH_MSC)),
        (np.bincount(bridge_from, minlength=size), bridge_to[placed]),
        narrower[placed],
        (np.bincount(kin_of, minlength=size), kin_to[kin_placed]),
        (np.array([0] + [1] * sets), span["disease"][0] + np.arange(sets)),
    )
    return c.assembled(columns, rules)
