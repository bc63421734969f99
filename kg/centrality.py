"""Which cells and factors much of the graph hangs on: centrality measures through networkx."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.errors import UnknownTerm
from kg.vocabulary import Vocabulary, nearest

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["MEASURES", "ROUTE_MEASURES", "SCALES", "Rank", "centrality", "loss_centrality", "route_centrality"]

MEASURES: Mapping[str, str] = {
    "degree": "how many other things a thing acts on or is acted on by",
    "in-degree": "how many things act on it",
    "out-degree": "how many things it acts on",
    "betweenness": "on how many of the shortest causal paths between others it lies",
    "pagerank": "how much influence flows into it, when influence follows the arrows",
    "personalised-pagerank": "how much of the influence that starts at MSC, or another thing named, flows into it",
    "closeness": "in how few steps the things upstream of it reach it",
    "harmonic": "in how few steps all things together reach it; a thing that cannot reach it adds nothing",
    "eigenvector": "how far it is tied to things that are themselves well tied",
    "katz": "how many chains of causes of any length end in it, long chains counting less",
    "hub": "how far it acts on the things that everything acts on",
    "authority": "how far it is acted on by the things that act on much",
    "k-core": "how deep in the closely knit middle of the graph it sits",
    "raises": "how many other things it raises, by at least one supported claim",
    "lowers": "how many other things it lowers, by at least one supported claim",
    "raised-by": "how many other things raise it, by at least one supported claim",
    "lowered-by": "how many other things lower it, by at least one supported claim",
    "route-weight": "what share of the weight of the routes to a disease runs through it, as for a potency assay",
    "route-loss": "what share of the weight of the routes to a disease is lost when it is blocked alone",
    "route-count": "through how many of the routes to a disease it is passed",
}


SCALES: Mapping[str, str] = {
    "degree": "whole number, not normalised; arrows in and out, each neighbour once",
    "in-degree": "whole number, not normalised; arrows in",
    "out-degree": "whole number, not normalised; arrows out",
    "betweenness": "0 to 1, share of all pairs; along the arrows, unweighted",
    "pagerank": "sums to 1; along the arrows, damping 0.85, weighted by belief",
    "personalised-pagerank": "sums to 1; along the arrows from one start, damping 0.85, weighted by belief",
    "closeness": "0 to 1, scaled by the share of things that reach it; against the arrows, unweighted",
    "harmonic": "sum of 1/steps over all that reach it, not normalised; against the arrows, unweighted",
    "eigenvector": "0 to 1, squares sum to 1; arrows taken as ties, weighted by belief",
    "katz": "squares sum to 1; along the arrows, weighted by belief, each step counts half of the most that converges",
    "hub": "0 to 1, sums to 1; arrows out, unweighted",
    "authority": "0 to 1, sums to 1; arrows in, unweighted",
    "k-core": "whole number: the largest k for which it stays when all with fewer than k ties go; arrows taken as ties",
    "raises": "whole number, not normalised; arrows out, sign +",
    "lowers": "whole number, not normalised; arrows out, sign -",
    "raised-by": "whole number, not normalised; arrows in, sign +",
    "lowered-by": "whole number, not normalised; arrows in, sign -",
    "route-weight": "0 to 1, share of the summed weight of the routes",
    "route-loss": "0 to 1, share of the summed weight of the routes",
    "route-count": "whole number of routes",
}
SIGNED = {"raises": (1, False), "lowers": (-1, False), "raised-by": (1, True), "lowered-by": (-1, True)}
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
    graph: nx.MultiDiGraph[str],
    vocabulary: Vocabulary,
    measure: str,
    *,
    category: str = "",
    count: int = 0,
    source: str = "MSC",
) -> tuple[Rank, ...]:
    """Answer which things are central, best first, ties by name.

    Parameters
    ----------
    graph
        Claims as given by `kg.graph.multidigraph`; only causal ones with some belief count, parallel ones once.
    measure
        One of MEASURES, where each is said in a sentence; SCALES has unit, normalisation and orientation. The figures
        are those of networkx on the graph of `causal_digraph` (eigenvector and k-core: on its ties, without direction).
    category
        Keep only entities of this class; the measure is taken over the whole graph all the same.
    count
        Keep the first so many rows; 0 keeps all.
    source
        Where the influence of personalised-pagerank starts.

    Returns
    -------
    tuple of Rank
        Empty for an empty graph. Raises UnknownTerm for an unknown measure or category, or a source without claims.
    """
    if measure not in MEASURES:
        raise UnknownTerm(measure, nearest(measure, MEASURES) or tuple(MEASURES), kind="measure")
    causal = frozenset(n for n, p in vocabulary.ontology.predicates.items() if p.causal == "yes")
    simple = causal_digraph(graph, causal)
    if not simple:
        return ()
    if measure in SIGNED:
        values = _signed(graph, causal, *SIGNED[measure])
    elif measure == "personalised-pagerank" and source not in simple:
        raise UnknownTerm(source, reason="has no causal claim in this part of the graph; give another --source")
    else:
        values = _measured(simple, measure, source)
    return _ranked(values, vocabulary, category, count)


def _measured(simple: nx.DiGraph[str], measure: str, source: str) -> dict[str, float]:
    import networkx as nx

    try:
        return {name: float(value) for name, value in _figures(simple, measure, source).items()}
    except nx.PowerIterationFailedConvergence:
        raise UnknownTerm(
            measure, kind="measure", reason="does not settle on this part of the graph; take degree or betweenness"
        ) from None


def _figures(simple: nx.DiGraph[str], measure: str, source: str) -> Mapping[str, float]:
    import networkx as nx

    if measure in ("degree", "in-degree", "out-degree"):
        views = {"degree": simple.degree, "in-degree": simple.in_degree, "out-degree": simple.out_degree}
        return dict(views[measure]())
    if measure == "betweenness":
        return nx.betweenness_centrality(simple)
    if measure in ("pagerank", "personalised-pagerank"):
        start = {source: 1.0} if measure == "personalised-pagerank" else None
        return nx.pagerank(simple, alpha=0.85, personalization=start, weight="belief")
    if measure == "closeness":
        return nx.closeness_centrality(simple)
    if measure == "harmonic":
        return nx.harmonic_centrality(simple)
    if measure == "katz":
        return nx.katz_centrality_numpy(simple, alpha=katz_factor(simple), weight="belief")
    if measure in ("hub", "authority"):
        hubs, authorities = nx.hits(simple, nstart=dict.fromkeys(simple, 1.0))
        found = hubs if measure == "hub" else authorities
        return {name: max(0.0, round(value, 12)) for name, value in found.items()}  # no -0 and no noise of the solver
    if measure == "k-core":
        return nx.core_number(ties(simple))
    return nx.eigenvector_centrality(ties(simple), max_iter=10_000, tol=1e-9, weight="belief")


def ties(simple: nx.DiGraph[str]) -> nx.Graph[str]:
    """Return the graph without direction, nodes in the same order; `belief` is the larger of the two directions."""
    import networkx as nx

    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(simple)
    for left, right, data in simple.edges(data=True):
        belief = data["belief"]
        before = graph[left][right]["belief"] if graph.has_edge(left, right) else 0.0
        graph.add_edge(left, right, belief=max(before, belief))
    return graph


def katz_factor(simple: nx.DiGraph[str]) -> float:
    """Return half of the largest factor with which Katz centrality converges, 1 / spectral radius; 0.1 without cycles.

    Rounded to 6 digits. Katz, doi:10.1007/BF02289026.
    """
    import networkx as nx
    import numpy as np

    radius = float(max(abs(np.linalg.eigvals(nx.to_numpy_array(simple, weight="belief")))))
    return round(0.5 / radius, 6) if radius > 0.01 else 0.1


def _signed(graph: nx.MultiDiGraph[str], causal: frozenset[str], sign: int, inward: bool) -> dict[str, float]:
    found: dict[str, set[str]] = {}
    for left, right, data in graph.edges(data=True):
        if left == right or data["predicate"] not in causal or not data["belief"]:
            continue
        for name, other in ((left, right), (right, left)):
            found.setdefault(name, set())
            if data["sign"] == sign and (name == right) == inward:
                found[name].add(other)
    return {name: float(len(others)) for name, others in found.items()}


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
