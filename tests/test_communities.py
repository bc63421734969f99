"""Communities: two groups that anyone sees, the figures of networkx, and the same groups for every hash seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import networkx as nx
import pytest

from kg.communities import communities

ROOT = Path(__file__).resolve().parent.parent


def network(*edges: tuple[str, str, float], predicate: str = "positively_regulates") -> nx.MultiDiGraph:
    graph = nx.MultiDiGraph()
    for left, right, belief in edges:
        graph.add_edge(left, right, predicate=predicate, belief=belief, sign=1)
    return graph


LEFT = [("IFNG", "IDO1", 0.9), ("IDO1", "T cell", 0.9), ("IFNG", "T cell", 0.5)]
RIGHT = [("PGE2", "Th17 cell", 0.8), ("Th17 cell", "SLE", 0.8), ("PGE2", "SLE", 0.2), ("SLE", "PGE2", 0.2)]


def test_two_groups_by_hand(small_graph):
    """Two triangles and one weak tie between them."""
    found = communities(network(*LEFT, *RIGHT, ("T cell", "SLE", 0.1)), small_graph.vocabulary)
    assert [set(each.members) for each in found.groups] == [{"IDO1", "IFNG", "T cell"}, {"PGE2", "SLE", "Th17 cell"}]
    first, second = found.groups
    assert first.members[0] == "IDO1"  # 1.8, the most tied within
    assert first.inside == pytest.approx(4.6 / 4.7)
    assert first.classes == (("Protein", 2), ("ImmuneCell", 1))
    assert second.conditions == ("SLE",)
    assert second.summary == "3 things around Th17 cell, PGE2; in SLE"
    total = 2.3 + 2.0 + 0.1
    share = [(2 * 2.3 + 0.1) / (2 * total), (2 * 2.0 + 0.1) / (2 * total)]
    assert found.modularity == pytest.approx(2.3 / total - share[0] ** 2 + 2.0 / total - share[1] ** 2)


def test_what_does_not_count(small_graph):
    ask = small_graph.vocabulary
    assert communities(nx.MultiDiGraph(), ask) == communities(network(*LEFT, predicate="binds"), ask)
    assert communities(network(("IDO1", "IDO1", 0.9), ("IDO1", "IFNG", 0.0)), ask).groups == ()


def test_groups_hold_each_thing_once_and_the_figure_is_that_of_networkx(graph):
    found = graph.communities()
    members = [name for each in found.groups for name in each.members]
    ties = nx.Graph()
    predicates = graph.vocabulary.ontology.predicates
    for left, right, data in graph.to_networkx().edges(data=True):
        if left != right and predicates[data["predicate"]].causal == "yes" and data["belief"]:
            before = ties[left][right]["weight"] if ties.has_edge(left, right) else 0
            ties.add_edge(left, right, weight=before + data["belief"])
    assert sorted(members) == sorted(ties)
    assert found.modularity == pytest.approx(nx.community.modularity(ties, [set(e.members) for e in found.groups]))
    sizes = [len(each.members) for each in found.groups]
    assert sizes == sorted(sizes, reverse=True)
    assert [each.number for each in found.groups] == list(range(1, len(sizes) + 1))
    assert found == graph.communities()
    assert len(graph.communities(disease="pSS").groups) < len(found.groups)
    assert found.modularity > 0.3


@pytest.mark.parametrize("seed", ["0", "3"])
def test_same_groups_for_every_hash_seed(graph, seed):
    code = f"import kg; print([e.members for e in kg.load({str(graph.folder)!r}).communities(disease='SLE').groups])"
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, cwd=ROOT, check=False
    )
    assert done.stdout == f"{[each.members for each in graph.communities(disease='SLE').groups]}\n", done.stderr
