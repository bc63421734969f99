"""Into which closely knit groups the causal claims fall, by Louvain, and what each group is about."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.notebook import page, table
from kg.vocabulary import Vocabulary

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["Communities", "Community", "communities"]

LEADING = 5  # members that a summary names


@dataclass(frozen=True, slots=True)
class Community:
    """One group: its members, those most tied within it first.

    `inside` is the share, in [0, 1], of the ties of its members (weighted by belief) that stay within the group.
    `classes` are categories with how many members have each, most first; `conditions` the diseases, models and signs
    among the members.
    """

    number: int
    members: tuple[str, ...]
    inside: float
    classes: tuple[tuple[str, int], ...]
    conditions: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The group in a sentence: how large it is, and what it gathers around."""
        leading = [name for name in self.members if name not in self.conditions][:LEADING]
        around = f" around {', '.join(leading)}" if leading else ""
        about = f"; in {', '.join(self.conditions[:LEADING])}" if self.conditions else ""
        return f"{len(self.members)} things{around}{about}"


@dataclass(frozen=True, slots=True)
class Communities:
    """All groups, largest first, and the modularity of the division: 0 is what chance gives, 1 the most possible."""

    groups: tuple[Community, ...]
    modularity: float

    def __repr__(self) -> str:
        return f"<{len(self.groups)} groups, modularity {self.modularity:.3f}>"

    def _repr_html_(self) -> str:
        rows = [
            [g.number, g.summary, g.inside, [f"{n} {name}" for name, n in g.classes[:LEADING]]] for g in self.groups
        ]
        return page(f"{self!r}"[1:-1], table(["group", "what", "ties within", "classes"], rows))


def communities(graph: nx.MultiDiGraph[str], vocabulary: Vocabulary, *, seed: int = 0) -> Communities:
    """Answer which things are tied more to each other than to the rest, by Louvain's method.

    Parameters
    ----------
    graph
        Claims as given by `kg.graph.multidigraph`. Causal ones with some belief count, without direction and sign;
        the tie of a pair weighs as much as the beliefs of its claims together.
    seed
        Fixes the order in which Louvain looks at the things. Equal seed, equal groups.

    Returns
    -------
    Communities
        Each thing with a causal claim is in one group; groups by size, then by their first member. No group for an
        empty graph. Blondel et al., doi:10.1088/1742-5468/2008/10/P10008.

    Examples
    --------
    >>> import kg
    >>> found = kg.load().communities(disease="pSS")
    >>> 0.3 < found.modularity < 1
    True
    """
    import networkx as nx

    causal = {name for name, predicate in vocabulary.ontology.predicates.items() if predicate.causal == "yes"}
    weights: Counter[tuple[str, str]] = Counter()
    for left, right, data in graph.edges(data=True):
        if left != right and data["predicate"] in causal and data["belief"]:
            weights[min(left, right), max(left, right)] += data["belief"]
    names = sorted({name for pair in weights for name in pair})
    if not names:
        return Communities((), 0.0)
    # numbers, not names: networkx keeps nodes in sets, whose order hangs on the hash of a name
    at = {name: number for number, name in enumerate(names)}
    ties: nx.Graph[int] = nx.Graph()
    ties.add_nodes_from(range(len(names)))
    ties.add_weighted_edges_from((at[left], at[right], weight) for (left, right), weight in sorted(weights.items()))
    parts = nx.community.louvain_communities(ties, seed=seed)
    modularity = float(nx.community.modularity(ties, parts))
    found = sorted((_community(ties, part, names, vocabulary) for part in parts), key=lambda c: (-len(c[0]), c[0]))
    groups = (Community(number, *each) for number, each in enumerate(found, 1))
    return Communities(tuple(groups), modularity)


def _community(
    ties: nx.Graph[int], part: set[int], names: list[str], vocabulary: Vocabulary
) -> tuple[tuple[str, ...], float, tuple[tuple[str, int], ...], tuple[str, ...]]:
    within, total = {}, 0.0
    for node in sorted(part):
        weights = [(other, ties[node][other]["weight"]) for other in sorted(ties[node])]
        within[node] = sum(weight for other, weight in weights if other in part)
        total += sum(weight for _, weight in weights)
    members = tuple(names[node] for node in sorted(part, key=lambda node: (-round(within[node], 9), names[node])))
    counts = Counter(vocabulary.entities[name].category for name in members)
    classes = tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
    conditions = tuple(name for name in members if vocabulary.is_a(name, "Condition"))
    return members, sum(within.values()) / total, classes, conditions
