"""The interactive picture: one self-contained HTML file, laid out here, drawn by vis-network, exported through pyvis.

Nothing in the file asks the network for anything. Data stand in `application/json` blocks and reach the page as text.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyvis.network import Network

__all__ = ["LARGE", "View", "ViewEdge", "ViewEvidence", "ViewNode", "ViewRoute", "html", "positions", "to_pyvis"]

LARGE = 1500
ROW = 46  # between rows, in drawing units: a box of two lines and air
GAP = 170  # between columns, for the edges
CHARACTER = 7.3  # mean width at the font size of 14
WRAP = 22  # characters of a label line
TALL = 14  # rows of a column before it wraps into a second one
LINKS = (
    (re.compile(r"doi:(10\.\d{4,9}/\S+)"), "https://doi.org/"),
    (re.compile(r"pubmed:(\d{1,9})"), "https://pubmed.ncbi.nlm.nih.gov/"),
    (re.compile(r"pmc:(PMC\d{1,9})"), "https://pmc.ncbi.nlm.nih.gov/articles/"),
)


@dataclass(frozen=True, slots=True)
class ViewEvidence:
    """One row of evidence as the panel shows it; `publication` is a CURIE, `citation` what a reader sees."""

    statement: str
    publication: str
    citation: str
    direction: str
    species: str
    system: str
    read: str
    context: str


@dataclass(frozen=True, slots=True)
class ViewNode:
    """A thing in the picture; `category` is its ontology class, `layer` its column, 0 leftmost."""

    id: str
    name: str
    category: str
    layer: int
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ViewEdge:
    """A claim in the picture; `sign` in {-1, 0, 1}; `routes` are the ranks of the routes that it lies on."""

    id: str
    source: str
    target: str
    predicate: str
    sign: int
    aspect: str
    cell: str
    evidence: tuple[ViewEvidence, ...]
    routes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ViewRoute:
    """A route in the list beside the picture; `text` are its mechanisms in words, `verb` what it does to the target."""

    rank: int
    label: str
    sign: int
    weight: float
    text: tuple[str, ...]
    verb: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """Everything a picture shows; `layers` are the headings of the columns, left to right."""

    title: str
    subtitle: str
    command: str
    data_version: str
    layers: tuple[str, ...]
    nodes: tuple[ViewNode, ...]
    edges: tuple[ViewEdge, ...]
    routes: tuple[ViewRoute, ...] = ()
    hidden_nodes: int = 0
    hidden_edges: int = 0
    notes: tuple[str, ...] = ()


def lines(name: str) -> tuple[str, ...]:
    """Return a label broken into lines of about 22 characters, at spaces.

    >>> lines("interleukin 1 receptor antagonist")
    ('interleukin 1 receptor', 'antagonist')
    """
    result = [""]
    for word in name.split():
        if result[-1] and len(result[-1]) + 1 + len(word) > WRAP:
            result.append(word)
        else:
            result[-1] = f"{result[-1]} {word}".strip()
    return tuple(result)


def size(node: ViewNode) -> tuple[float, float]:
    """Width and height of a node's box in drawing units, a little more than the text needs."""
    rows = lines(node.name)
    return max(map(len, rows)) * CHARACTER + 24, len(rows) * 17 + 16.0


def positions(view: View) -> dict[str, tuple[float, float]]:
    """Return the centre of each node: layered left to right, crossings reduced, boxes never overlapping.

    Columns follow the layers; empty ones take no room; a column of more than 14 nodes wraps into several. Within a
    column nodes are ordered by the mean place of their neighbours, over eight sweeps to and fro, ties by name; the best
    order met is kept. The same view gives the same numbers everywhere.
    """
    columns: dict[int, list[ViewNode]] = defaultdict(list)
    for node in sorted(view.nodes, key=lambda n: (n.name.casefold(), n.id)):
        columns[node.layer].append(node)
    near: dict[str, list[str]] = defaultdict(list)
    for edge in sorted(view.edges, key=lambda e: e.id):
        near[edge.source].append(edge.target)
        near[edge.target].append(edge.source)
    order = [columns[layer] for layer in sorted(columns)]
    column_of = {node.id: index for index, column in enumerate(order) for node in column}
    pairs = sorted({tuple(sorted((e.source, e.target), key=lambda i: column_of[i])) for e in view.edges})

    def places() -> dict[str, float]:
        return {node.id: (i + 0.5) / len(column) for column in order for i, node in enumerate(column)}

    def crossings() -> float:
        at = places()
        return sum(abs(at[a] - at[b]) for a, b in pairs)

    best, kept = crossings(), [list(column) for column in order]
    for sweep in range(8):
        at = places()
        indexes = range(len(order)) if sweep % 2 == 0 else range(len(order) - 1, -1, -1)
        for index in indexes:
            order[index] = sorted(
                order[index],
                key=lambda n: (
                    round(sum(at[i] for i in near[n.id]) / len(near[n.id]), 9) if near[n.id] else 0.5,
                    n.name.casefold(),
                    n.id,
                ),
            )
            for i, node in enumerate(order[index]):
                at[node.id] = (i + 0.5) / len(order[index])
        now = crossings()
        if now < best - 1e-9:
            best, kept = now, [list(column) for column in order]
    return _placed(kept)


def _placed(order: Sequence[Sequence[ViewNode]]) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    left = 0.0
    for column in order:
        count = -(-len(column) // TALL)
        # deal out in turn, so that neighbours in the order stay neighbours in height
        parts = [list(column[i::count]) for i in range(count)]
        for shift, part in enumerate(parts):
            width = max(size(node)[0] for node in part)
            heights = [max(ROW, size(node)[1] + 14) for node in part]
            spread = max(1.0, min(2.2, 7 / len(part)))
            top = -sum(heights) * spread / 2 + (ROW / 2 if shift % 2 else 0)
            for node, height in zip(part, heights, strict=True):
                found[node.id] = (round(left + width / 2, 1), round(top + height * spread / 2, 1))
                top += height * spread
            left += width + (36 if shift < count - 1 else GAP)
    return found


def link(publication: str) -> str:
    """Return the address of a paper, or an empty text for what is not a DOI, PubMed or PMC CURIE.

    >>> link("doi:10.1000/a<b")
    'https://doi.org/10.1000/a%3Cb'
    >>> link("javascript:alert(1)")
    ''
    """
    from urllib.parse import quote

    for pattern, prefix in LINKS:
        match = pattern.fullmatch(publication)
        if match:
            return prefix + quote(match[1], safe="/():;.,-_~+=@!*'$&")
    return ""


def _checked(view: View, large: bool) -> None:
    known = {node.id for node in view.nodes}
    for node in view.nodes:
        if not node.category:
            raise ValueError(f"node {node.id} ({node.name}) has no ontology class")
        if not 0 <= node.layer < len(view.layers):
            raise ValueError(f"node {node.id} ({node.name}) is in layer {node.layer} of {len(view.layers)}")
    for edge in view.edges:
        for end in (edge.source, edge.target):
            if end not in known:
                raise ValueError(f"edge {edge.id} ends in {end}, which is not a node of the view")
    if len(view.edges) > LARGE and not large:
        limit = f"{len(view.edges)} edges are more than {LARGE}"
        raise ValueError(f"{limit}: filter (by disease, species or a smaller -k), or add --large")


def _drawn(view: View) -> list[dict[str, Any]]:
    """Edges as drawn: those of one pair together, the sign 2 where they disagree; papers counted once."""
    pairs: dict[tuple[str, str], list[ViewEdge]] = defaultdict(list)
    for edge in view.edges:
        pairs[(edge.source, edge.target)].append(edge)
    drawn = []
    for (source, target), edges in sorted(pairs.items()):
        signs = {edge.sign for edge in edges} - {0}
        papers = {row.publication for edge in edges for row in edge.evidence if row.direction == "supports"}
        drawn.append(
            {
                "id": f"{source}|{target}",
                "from": source,
                "to": target,
                "sign": 2 if len(signs) == 2 else signs.pop() if signs else 0,
                "papers": len(papers),
                "contradicted": len({edge.sign for edge in edges} - {0}) == 2
                or any(row.direction == "refutes" for edge in edges for row in edge.evidence),
                "species": sorted(
                    {part for e in edges for r in e.evidence for part in re.split(r"; |>", r.species) if part}
                ),
                "routes": sorted({rank for edge in edges for rank in edge.routes}),
                "claims": [edge.id for edge in sorted(edges, key=lambda e: e.id)],
            }
        )
    return drawn


def _payload(view: View) -> dict[str, Any]:
    place = positions(view)
    papers: dict[str, list[str]] = {}
    claims = {}
    for edge in sorted(view.edges, key=lambda e: e.id):
        rows = []
        for row in edge.evidence:
            papers.setdefault(row.publication, [row.citation, link(row.publication)])
            rows.append([row.statement, row.publication, row.direction, row.species, row.system, row.read, row.context])
        claims[edge.id] = {"p": edge.predicate, "s": edge.sign, "a": edge.aspect, "c": edge.cell, "e": rows}
    nodes = []
    for node in sorted(view.nodes, key=lambda n: n.id):
        x, y = place[node.id]
        width, height = size(node)
        nodes.append(
            {
                "id": node.id,
                "name": node.name,
                "lines": lines(node.name),
                "category": node.category,
                "layer": node.layer,
                "synonyms": node.synonyms,
                "x": x,
                "y": y,
                "w": round(width, 1),
                "h": height,
            }
        )
    return {
        "title": view.title,
        "subtitle": view.subtitle,
        "command": view.command,
        "data_version": view.data_version,
        "layers": view.layers,
        "nodes": nodes,
        "edges": _drawn(view),
        "claims": claims,
        "papers": dict(sorted(papers.items())),
        "routes": [asdict(route) for route in view.routes],
        "hidden_nodes": view.hidden_nodes,
        "hidden_edges": view.hidden_edges,
        "notes": view.notes,
    }


def _script_safe(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def _hash(text: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def to_pyvis(view: View) -> Network:
    """Return the view as a pyvis Network, laid out and with physics off; its `generate_html()` gives our page."""
    from pyvis.network import Network

    _checked(view, large=True)
    network = Network(directed=True)
    place = positions(view)
    heads = {1: "arrow", -1: "bar", 2: "diamond", 0: "circle"}
    network.nodes = [
        {
            "id": node.id,
            "label": "\n".join(lines(node.name)),
            "x": place[node.id][0],
            "y": place[node.id][1],
            "shape": "box",
            "group": node.category,
        }
        for node in sorted(view.nodes, key=lambda n: n.id)
    ]
    network.edges = [
        {"from": e["from"], "to": e["to"], "width": _width(e["papers"]), "arrows": {"to": {"type": heads[e["sign"]]}}}
        for e in _drawn(view)
    ]
    network.toggle_physics(False)
    network.templateEnv = _environment(view)
    network.path = "view.html.j2"
    return network


def _width(papers: int) -> float:
    return round(1.4 + 1.1 * math.sqrt(min(papers, 12)), 2)


def _environment(view: View) -> Any:
    import jinja2
    from markupsafe import Markup

    folder = Path(__file__).resolve().parent
    library = (folder / "vendor" / "vis-network.min.js").read_text(encoding="utf-8").replace("</script", "<\\/script")
    script = (folder / "templates" / "view.js").read_text(encoding="utf-8")
    style = (folder / "templates" / "view.css").read_text(encoding="utf-8")
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder / "templates"), autoescape=True)
    policy = (
        f"default-src 'none'; script-src {_hash(library)} {_hash(script)}; "
        "style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    environment.globals.update(
        view=view, policy=policy, library=Markup(library), script=Markup(script), style=Markup(style),
        payload=Markup(_script_safe(_payload(view))),
    )  # fmt: skip
    return environment


def html(view: View, *, large: bool = False) -> str:
    """Return the page: one file, offline, the same bytes for the same view.

    Raises ValueError naming the node or edge when the view does not hold together, or when it has more than 1,500
    edges and `large` is not set.
    """
    _checked(view, large)
    page: str = to_pyvis(view).generate_html()
    return page
