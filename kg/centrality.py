"""Which cells and factors much of the graph hangs on: centrality measures through networkx."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.errors import UnknownTerm
from kg.vocabulary import Vocabulary, nearest

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["MEASURES", "ROUTE_MEASURES", "Rank", "centrality", "loss_centrality", "route_centrality"]

MEASURES: Mapping[str, str] = {
    "degree": "how many other things a thing acts on or is acted on by",
    "in-degree": "how many things act on it",
    "out-degree": "how many things it acts on",
    "betweenness": "on how many of the shortest causal paths between others it lies",
    "pagerank": "how much influence flows into it, when influence follows the arrows",
    "route-weight": "what share of the weight of the routes to a disease runs through it, as for a potency assay",
    "route-loss": "what share of the weight of the routes to a disease is lost when it is blocked alone",
    "route-count": "through how many of the routes to a disease it is passed",
}


ROUTE_MEASURES = ("route-weight", "route-loss", "route-count")


@dataclass(frozen=True, slots=True)
class Rank:
    """One row of a ranking; `rank` starts at 1, equal values share the smallest."""

    name: str
    curie: str
    category: str
    value: float
    rank: int


def causal_digraph(graph: nx.MultiDiGraph[str], causal: frozenset[str]) -> nx.DiGraph[str]:
    """Return the causal claims as a DiGraph without self-loops; `belief` is the largest among parallel claims."""
    import networkx as nx

    simple: nx.DiGraph[str] = nx.DiGraph()
    for left, right, data in graph.edges(data=True):
        if left == right or data["predicate"] not in causal or not data["belief"]:
            continue
        before = simple[left][right]["belief"] if simple.has_edge(left, right) else 0.0
        simple.add_edge(left, right, belief=max(before, data["belief"]))
    return simple


def centrality(
    graph: nx.MultiDiGraph[str], vocabulary: Vocabulary, measure: str, *, category: str = "", count: int = 0
) -> tuple[Rank, ...]:
    """Answer which things are central, best first, ties by name.

    Parameters
    ----------
    graph
        Claims as given by `kg.graph.multidigraph`; only causal ones with some belief count, parallel ones once.
    measure
        One of MEASURES. degree, in-degree and out-degree count neighbours (whole numbers; not normalised). betweenness
        is the share of shortest directed paths, in [0, 1], normalised, unweighted. pagerank sums
        to 1 over the graph, follows the arrows, damping 0.85, weighted by belief.
    category
        Keep only entities of this class; the measure is taken over the whole graph all the same.
    count
        Keep the first so many rows; 0 keeps all.

    Returns
    -------
    tuple of Rank
        Empty for an empty graph. Raises UnknownTerm for an unknown measure or category.
    """
    import networkx as nx

    if measure not in MEASURES:
        raise UnknownTerm(measure, nearest(measure, MEASURES) or tuple(MEASURES), kind="measure")
    causal = frozenset(n for n, p in vocabulary.ontology.predicates.items() if p.causal == "yes")
    simple = causal_digraph(graph, causal)
    if not simple:
        return ()
    values: dict[str, float]
    if measure == "betweenness":
        values = nx.betweenness_centrality(simple)
    elif measure == "pagerank":
        values = nx.pagerank(simple, alpha=0.85, weight="belief")
    else:
        views = {"degree": simple.degree, "in-degree": simple.in_degree, "out-degree": simple.out_degree}
        values = {name: float(value) for name, value in views[measure]()}
    return _ranked(values, vocabulary, category, count)


def loss_centrality(
    losses: Mapping[str, float], vocabulary: Vocabulary, *, category: str = "", count: int = 0
) -> tuple[Rank, ...]:
    """Answer which things a question can least do without, best first, ties by name; see `kg.mechanisms.losses`.

    Modes and forms of a disease are left out. Values are shares in [0, 1].
    """
    values = {
        name: share
        for name, share in losses.items()
        if name in vocabulary.entities and not vocabulary.is_a(name, "Condition")
    }
    return _ranked(values, vocabulary, category, count)


def route_centrality(
    chains: Sequence[tuple[float, int, tuple[str, ...]]],
    vocabulary: Vocabulary,
    measure: str,
    *,
    category: str = "",
    count: int = 0,
) -> tuple[Rank, ...]:
    """Answer which mediators and cells the routes of one question hang on, best first, ties by name.

    `chains` are the mechanisms of a trace: score, number of the route, and the names from source to target.
    route-weight is the share of the summed scores that runs through a thing, in [0, 1]; route-count the number of
    routes (a whole number). Source, target and forms of a disease are left out. Empty without chains.
    """
    total = sum(score for score, _, _ in chains)
    weights: dict[str, float] = {}
    routes: dict[str, set[int]] = {}
    for score, route, names in chains:
        for name in set(names[1:-1]) & vocabulary.entities.keys():
            if vocabulary.is_a(name, "Condition"):
                continue
            weights[name] = weights.get(name, 0.0) + score / total
            routes.setdefault(name, set()).add(route)
    values = weights if measure == "route-weight" else {name: float(len(each)) for name, each in routes.items()}
    return _ranked(values, vocabulary, category, count)


def _ranked(values: Mapping[str, float], vocabulary: Vocabulary, category: str, count: int) -> tuple[Rank, ...]:
    superclasses = vocabulary.ontology.superclasses
    if category and category not in superclasses:
        raise UnknownTerm(category, nearest(category, vocabulary.ontology.categories), kind="category")
    kept = {
        name: value
        for name, value in values.items()
        if not category or category in superclasses[vocabulary.entities[name].category]
    }
    ordered = sorted(kept, key=lambda name: (-round(kept[name], 12), name))
    ranks: list[Rank] = []
    for position, name in enumerate(ordered, 1):
        same = bool(ranks) and round(ranks[-1].value, 12) == round(kept[name], 12)
        rank = ranks[-1].rank if same else position
        entity = vocabulary.entities[name]
        ranks.append(Rank(name, entity.curie, entity.category, kept[name], rank))
    return tuple(ranks[:count] if count else ranks)
