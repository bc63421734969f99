"""The mechanism map of a disease: what acts on MSC, MSC and products, mediators, cells, processes, the disease."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from kg.graph import Context, Weigher
from kg.model import Assertion, Evidence
from kg.pictures import LIMITS, ON_MSC, Stock, aside, in_order, nodes_of, readable
from kg.views import View, ViewEdge

__all__ = ["disease_map"]

QUOTAS = {0: 5, 1: 4, 2: 14, 3: 14, 4: 8, 5: 3}  # things of a column in the map of a disease


def disease_map(disease: str, claims: Sequence[Assertion], stock: Stock, large: bool = False) -> View:
    """Return the mechanism map of a disease: what acts on MSC, MSC, mediators, cells, processes, the disease.

    `claims` are those of the disease; of their rows those count that were seen in it, or all when the claim names it.
    Of each column the things are kept that most belief runs through, each with its best line in and out, then the best
    lines between them, as many as can be read; what is left out is counted.
    """
    vocabulary = stock.vocabulary
    edges = _of_disease({disease, *vocabulary.descendants(disease)}, claims, stock, Context("", disease=disease))
    pairs: dict[tuple[str, str], float] = {}
    for edge, belief in edges.values():
        pair = (edge.source, edge.target)
        pairs[pair] = max(belief, pairs.get(pair, 0.0))
    ordered = sorted(pairs, key=lambda pair: (-round(pairs[pair], 9), pair))
    kept = {stock.curie(disease)}
    for layer, names in _ranked(pairs, stock).items():
        kept.update(names if large else names[: QUOTAS[layer]])
    inside = [pair for pair in ordered if pair[0] in kept and pair[1] in kept]
    firsts: dict[tuple[str, str], None] = {}
    for end in (0, 1):
        seen: set[str] = set()
        for pair in inside:
            if pair[end] not in seen:
                seen.add(pair[end])
                firsts[pair] = None
    inside = list(dict.fromkeys([*(pair for pair in inside if pair in firsts), *inside]))
    things = {name for pair in pairs for name in pair}
    every = {edge.id.partition("|")[0] for edge, _ in edges.values()}

    def made(limit: int) -> View:
        drawn = set(inside[:limit])
        chosen = tuple(edges[i][0] for i in sorted(edges) if (edges[i][0].source, edges[i][0].target) in drawn)
        nodes = nodes_of(chosen, stock)
        return View(
            f"{disease}: mechanism map",
            f"the {len(nodes)} things that most evidence in {disease} runs through, of {len(things)}",
            f"kg view {shlex.quote(disease)} --as map",
            stock.data_version,
            vocabulary.ontology.layer_labels,
            nodes,
            chosen,
            hidden_edges=len(every - {edge.id.partition("|")[0] for edge in chosen}),
            hidden_nodes=len(things) - len(nodes),
        )

    return made(len(inside)) if large else readable(made, LIMITS)


def _of_disease(
    family: set[str], claims: Sequence[Assertion], stock: Stock, context: Context
) -> dict[str, tuple[ViewEdge, float]]:
    """Edges of the map of a disease by id, with belief: direct claims through their mediators, priming onto MSC."""
    vocabulary = stock.vocabulary
    weigher = Weigher(vocabulary, context)
    edges: dict[str, tuple[ViewEdge, float]] = {}

    def add(edge: ViewEdge, belief: float) -> None:
        before = edges.get(edge.id)
        merged = replace(edge, evidence=(*before[0].evidence, *edge.evidence)) if before else edge
        edges[edge.id] = (merged, max(belief, before[1] if before else 0.0))

    between = {(c.subject, c.object) for c in claims if any(row.disease in family for row in c.evidence)}
    for claim in claims:
        rows = [row for row in claim.evidence if family & {claim.subject, claim.object} or row.disease in family]
        belief = weigher.belief(claim, rows)
        start, end = stock.layer(claim.subject), stock.layer(claim.object)
        if not belief or (start == 0 and end != 1) or (end == 1 and claim.subject in family):
            continue
        groups: dict[tuple[str, ...], list[Evidence]] = defaultdict(list)
        for row in rows:
            through = tuple(m for m in row.mediator if m in vocabulary.entities) if start == 1 else ()
            groups[through if not row.mediator_test.endswith("without effect") else ()].append(row)
            for name in row.priming if start == 1 and row.direction == "supports" else ():
                if name in vocabulary.entities:
                    twin = stock.curie(name) + (ON_MSC if stock.layer(name) > 1 else "")
                    primed = (stock.evidence(row),)
                    add(
                        ViewEdge(
                            f"{claim.id}|{name}|primes", twin, stock.curie(claim.subject), "primes", 0, "", "", primed
                        ),
                        weigher.support(claim, row),
                    )
        for through, own in sorted(groups.items()):
            for edge in _through(claim, through, own, between, stock):
                add(aside(edge, stock) if end == 1 else edge, belief)
    return edges


def _through(
    claim: Assertion,
    through: Sequence[str],
    rows: Sequence[Evidence],
    between: Container[tuple[str, str]],
    stock: Stock,
) -> list[ViewEdge]:
    if not through or {claim.subject, claim.object} & set(through):
        return [stock.edge(claim, rows)]
    evidence = tuple(stock.evidence(row) for row in rows)
    first, last, _ = in_order(through, between)
    start, end = stock.curie(claim.subject), stock.curie(claim.object)
    found = [
        ViewEdge(f"{claim.id}|{name}<", start, stock.curie(name), "acts through", 0, "", claim.cell, evidence)
        for name in first
    ]
    found += [
        replace(
            stock.edge(claim, ()), id=f"{claim.id}|{name}>", source=stock.curie(name), target=end, evidence=evidence
        )
        for name in last
    ]
    return found


def _ranked(pairs: Mapping[tuple[str, str], float], stock: Stock) -> dict[int, list[str]]:
    """Ids of each column, those first that much belief runs into and out of."""
    into: dict[str, float] = defaultdict(float)
    out: dict[str, float] = defaultdict(float)
    for (source, target), belief in sorted(pairs.items()):
        out[source] += belief
        into[target] += belief
    by_curie = {entity.curie: entity for entity in stock.vocabulary.entities.values()}
    columns: dict[int, list[str]] = defaultdict(list)
    for node in sorted({*into, *out}):
        curie, _, twin = node.partition("|")
        layer = 0 if twin else stock.vocabulary.ontology.layers[by_curie[curie].category]
        columns[layer].append(node)
    for names in columns.values():
        names.sort(key=lambda i: (-round((into[i] * out[i]) ** 0.5 + 0.1 * (into[i] + out[i]), 9), i))
    return columns
