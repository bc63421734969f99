"""The data of a picture as its file holds them: lists instead of names, numbers instead of what was said before.

`templates/view.js` unpacks them again. Nothing is compressed: the file can be read and searched, and has the same bytes
whatever library made it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["packed"]

ROW, COLUMN = "\u0001", "\u0002"  # stand for the names of row and column in the text of a field
HERE = ("title", "subtitle", "command", "data_version", "layers", "groups", "sides", "block", "notes")


class _Words:
    """Texts kept once; gives the number of each."""

    def __init__(self, known: Iterable[str]) -> None:
        self.at = {word: number for number, word in enumerate(known)}

    def __call__(self, text: str) -> int:
        return self.at.setdefault(text, len(self.at))


def packed(data: Mapping[str, Any], prefixes: Mapping[str, str]) -> dict[str, Any]:
    """Return what `kg.views.payload` gave, in lists and numbers; `prefixes` are the addresses of papers by scheme.

    Ids of claims become numbers, those of edges are made of their ends. Claims that no edge stands for are left out.
    """
    words = _Words(data["words"])
    nodes = {str(node["id"]): number for number, node in enumerate(data["nodes"])}
    claims: dict[str, int] = {}
    edges = []
    for edge in data["edges"]:
        said = []
        for identity in edge["claims"]:
            claim = data["claims"][identity]
            claims[identity] = len(claims)
            said.append([words(claim["p"]), claim["s"], words(claim["a"]), words(claim["c"]), *claim["e"]])
        made = [nodes[edge["from"]], nodes[edge["to"]], edge["sign"], edge["papers"], edge["primary"]]
        made += [int(edge["contradicted"]), edge["routes"], said]
        if "path" in edge:
            made += [_steps(edge["path"]), int(edge["facing"] < 0), edge["bulge"]]
        edges.append(_trimmed(made, 8))
    facts: dict[tuple[int, ...], int] = {}
    rows = []
    for text, paper, against, species, system, read, context, *rest in data["rows"]:
        fact = facts.setdefault((species, system, read, *rest), len(facts))
        rows.append(_trimmed([text, paper, fact, context, against], 4))
    return {
        "packed": 1,
        "prefixes": prefixes,
        **{name: data[name] for name in HERE},
        "frame": [_short(number) for number in data["frame"]],
        "hidden": [data["hidden_nodes"], data["hidden_edges"]],
        "blocked": [nodes.get(each, each) for each in data["blocked"]],
        "columns": [[_short(column["left"]), _short(column["right"]), column["label"]] for column in data["columns"]],
        "nodes": [_node(node, words) for node in data["nodes"]],
        "edges": edges,
        "facts": list(facts),
        "rows": rows,
        "papers": [_paper(prefixes, *paper) for paper in data["papers"]],
        "routes": [_route(route, nodes, words) for route in data["routes"]],
        "chart": _chart(data["chart"], nodes, claims, words) if data["chart"] else None,
        "words": list(words.at),
    }


def _short(number: float) -> float:
    """A number as JSON writes it in the fewest letters."""
    return int(number) if number == int(number) else number


def _trimmed(values: list[Any], least: int) -> list[Any]:
    while len(values) > least and not values[-1]:
        values.pop()
    return values


def _steps(path: Sequence[float]) -> list[float]:
    """The points of a line, each from the one before."""
    steps = [here - before for here, before in zip(path, (0, 0, *path[:-2]), strict=True)]
    return [_short(round(step, 1)) for step in steps]


def _node(node: Mapping[str, Any], words: _Words) -> list[Any]:
    name, broken = node["name"], node.get("lines", ())
    own = "" if node["curie"] == node["id"] else node["curie"]
    head = [node["id"], name, words(node["category"]), node["layer"], node["synonyms"], own, node["side"]]
    if not broken:
        return _trimmed(head, 5)
    place = [_short(node[each]) for each in ("x", "y", "w", "h")]
    return [*head, *place, *(broken if len(broken) > 1 or broken[0] != name else ())]


def _paper(prefixes: Mapping[str, str], curie: str, citation: str, address: str, primary: int) -> list[Any]:
    """CURIE, citation, 1 for a review, and the address where it is not the prefix and what follows in the CURIE."""
    scheme, _, rest = curie.partition(":")
    usual = address == prefixes.get(scheme, "") + rest
    return _trimmed([curie, citation, 1 - primary, 0 if usual else address or 1], 2)


def _route(route: Mapping[str, Any], nodes: Mapping[str, int], words: _Words) -> list[Any]:
    chains = [[nodes.get(each, each) for each in chain] for chain in route["chains"]]
    steps = [[words(part) for part in text.split("; ")] for text in route["text"]]
    said = [words(route["group"]), words(route["verb"]), route["note"], int(route["lost"])]
    return [route["rank"], route["label"], route["sign"], round(route["weight"], 6), steps, chains, *said]


def _chart(
    chart: Mapping[str, Any], nodes: Mapping[str, int], claims: Mapping[str, int], words: _Words
) -> dict[str, Any]:
    rows = {key: (number, label) for number, (key, label) in enumerate(chart["rows"])}
    columns = {key: (number, label) for number, (key, label) in enumerate(chart["columns"])}
    cells = []
    for cell in chart["cells"]:
        (row, label), (column, head) = rows[cell["row"]], columns[cell["column"]]
        text = cell["text"].replace(ROW, "").replace(COLUMN, "")  # such characters say nothing
        for name, sign in sorted(((label, ROW), (head, COLUMN)), key=lambda pair: -len(pair[0])):
            text = text.replace(name, sign) if name else text
        own = [claims[each] for each in cell["claims"]]
        said = [words(text), own, int(cell["human"]), words(cell["system"]) if cell["system"] else 0]
        cells.append(_trimmed([row, column, cell["tone"], cell["mark"], *said], 6))
    plain = [[key] if key == label else [key, label] for key, label in chart["rows"]]
    heads = [[key] if key == label else [key, label] for key, label in chart["columns"]]
    bars = [[nodes.get(bar["node"], bar["node"]), bar["value"], bar["text"]] for bar in chart["bars"]]
    return {**chart, "rows": plain, "columns": heads, "cells": cells, "bars": bars}
