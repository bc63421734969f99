"""The interactive picture: one self-contained HTML file, laid out by `kg.layout`, shown with vis-network through pyvis.

Nothing in the file asks the network for anything. Data stand in `application/json` blocks and reach the page as text.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.layout import Layout, Thing, layout, lines
from kg.notebook import LINKS, link
from kg.packing import packed

if TYPE_CHECKING:
    from pyvis.network import Network

__all__ = [
    "LARGE",
    "Bar",
    "Cell",
    "Chart",
    "View",
    "ViewEdge",
    "ViewEvidence",
    "ViewNode",
    "ViewRoute",
    "framed",
    "html",
    "laid_out",
    "link",
    "payload",
    "to_pyvis",
]

LARGE = 1500
PREFIXES = {pattern.pattern.partition(":")[0]: address for pattern, address in LINKS}
PRIMARY = "primary"


@dataclass(frozen=True, slots=True)
class ViewEvidence:
    """One row of evidence as the panel shows it; `publication` is a CURIE, `citation` what a reader sees.

    `source` is the tissue of the MSC and `within` the wider ones (cord for Wharton's jelly), `mode` how they act,
    `kind` that of the paper (primary or review).
    """

    statement: str
    publication: str
    citation: str
    direction: str
    species: str
    system: str
    read: str
    context: str
    source: str = ""
    mode: str = ""
    disease: str = ""
    kind: str = PRIMARY
    within: str = ""


@dataclass(frozen=True, slots=True)
class ViewNode:
    """A thing in the picture; `category` is its ontology class, `layer` its column, 0 leftmost.

    `curie` is what it is called elsewhere, when that is not its id: what acts on MSC may stand in the picture twice.
    `side` says in a comparison on whose routes it lies: left, right or both.
    """

    id: str
    name: str
    category: str
    layer: int
    synonyms: tuple[str, ...] = ()
    curie: str = ""
    side: str = ""


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
    """A route in the list beside the picture; `text` are its mechanisms in words, `verb` what it does to the target.

    `chains` are its mechanisms as ids of nodes, by which the page knows what a blockade takes away. `group` is the
    heading under which it is listed, one of `View.groups`; `note` says more than its weight; `lost` that a blockade
    which the picture shows took it away.
    """

    rank: int
    label: str
    sign: int
    weight: float
    text: tuple[str, ...]
    verb: str = ""
    chains: tuple[tuple[str, ...], ...] = ()
    group: str = ""
    note: str = ""
    lost: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One field of a grid: `tone` in 0..8 is its shade, `mark` what stands in it, `text` what it says when read.

    `claims` are ids of edges; with `system` only their rows of that system are meant. `human` underlines it.
    """

    row: str
    column: str
    tone: int
    mark: str
    text: str
    claims: tuple[str, ...] = ()
    system: str = ""
    human: bool = False


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: the node it is of, its value, and the value as it is written."""

    node: str
    value: float
    text: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture that is no graph: a grid of `rows` against `columns` (pairs of key and label), or bars.

    `tones` name the shades that the legend explains, `marks` the signs in the fields; `corner` and `across` say what
    rows and columns are.
    """

    corner: str
    across: str
    rows: tuple[tuple[str, str], ...] = ()
    columns: tuple[tuple[str, str], ...] = ()
    cells: tuple[Cell, ...] = ()
    bars: tuple[Bar, ...] = ()
    tones: tuple[tuple[int, str], ...] = ()
    marks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """Everything a picture shows; `layers` are the headings of the columns, left to right.

    `groups` are (key, heading) of the route list; `blocked` the ids of nodes that a blockade takes away, `block` the
    blockade in words. With a `chart` the edges are not drawn, they are what its fields stand for.
    """

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
    groups: tuple[tuple[str, str], ...] = ()
    sides: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    block: str = ""
    chart: Chart | None = None


def laid_out(view: View) -> Layout:
    """Return where things stand and how lines run; the same view gives the same numbers everywhere."""
    things = [Thing(node.id, node.layer, lines(node.name)) for node in view.nodes]
    return layout(things, [(edge.source, edge.target) for edge in view.edges])


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
        rows = [row for edge in edges for row in edge.evidence]
        papers = {row.publication: row.kind for row in rows if row.direction == "supports"}
        drawn.append(
            {
                "id": f"{source}|{target}",
                "from": source,
                "to": target,
                "sign": 2 if len(signs) == 2 else signs.pop() if signs else 0,
                "papers": len(papers),
                "primary": sum(kind == PRIMARY for kind in papers.values()),
                "contradicted": len({edge.sign for edge in edges} - {0}) == 2
                or any(row.direction == "refutes" for row in rows),
                "routes": sorted({rank for edge in edges for rank in edge.routes}),
                "claims": [edge.id for edge in sorted(edges, key=lambda e: e.id)],
            }
        )
    return drawn


class _Words:
    """Texts and rows kept once, in the order of their first use."""

    def __init__(self) -> None:
        self.at: dict[Any, int] = {}

    def __call__(self, value: Any) -> int:
        return self.at.setdefault(value, len(self.at))


def payload(view: View, place: Layout | None = None) -> dict[str, Any]:
    """Return what the page reads, as plain values; a service can send them as they are, a file holds them packed.

    Rows of evidence stand once in `rows`, papers in `papers`, words in `words`; the rest points at them by number.
    `place` is the layout of the view, when it is at hand.
    """
    words, papers, rows = _Words(), _Words(), _Words()
    claims = {}
    for edge in sorted(view.edges, key=lambda e: e.id):
        numbers = []
        for row in edge.evidence:
            paper = papers((row.publication, row.citation, link(row.publication), int(row.kind == PRIMARY)))
            facts = (row.species, row.system, row.read, row.context, row.source, row.mode, row.disease, row.within)
            numbers.append(rows((row.statement, paper, int(row.direction == "refutes"), *map(words, facts))))
        claims[edge.id] = {
            "f": edge.source,
            "t": edge.target,
            "p": edge.predicate,
            "s": edge.sign,
            "a": edge.aspect,
            "c": edge.cell,
            "e": numbers,
        }
    drawn = _drawn(view)
    nodes = [
        {
            "id": node.id,
            "curie": node.curie or node.id,
            "name": node.name,
            "category": node.category,
            "layer": node.layer,
            "synonyms": node.synonyms,
            "side": node.side,
        }
        for node in sorted(view.nodes, key=lambda n: n.id)
    ]
    columns: list[dict[str, Any]] = []
    frame: tuple[float, ...] = ()
    if not view.chart:
        place = place or laid_out(view)
        for each in nodes:
            box = place.boxes[str(each["id"])]
            each |= {
                "lines": lines(str(each["name"])), "x": box.x, "y": box.y, "w": box.width, "h": box.height
            }  # fmt: skip
        for edge_ in drawn:
            path = place.paths.get((edge_["from"], edge_["to"]))
            if path:
                edge_ |= {"path": path.points, "facing": path.facing, "bulge": path.bulge}
        drawn = [edge_ for edge_ in drawn if "path" in edge_]
        columns = [{"label": view.layers[layer], "left": a, "right": b} for layer, a, b in place.columns]
        frame = place.frame
    return {
        "title": view.title,
        "subtitle": view.subtitle,
        "command": view.command,
        "data_version": view.data_version,
        "layers": view.layers,
        "columns": columns,
        "frame": frame,
        "nodes": nodes,
        "edges": drawn,
        "claims": claims,
        "words": list(words.at),
        "papers": list(papers.at),
        "rows": list(rows.at),
        "routes": [_plain(route) for route in view.routes],
        "groups": view.groups,
        "sides": view.sides,
        "blocked": view.blocked,
        "block": view.block,
        "hidden_nodes": view.hidden_nodes,
        "hidden_edges": view.hidden_edges,
        "notes": view.notes,
        "chart": _chart(view.chart) if view.chart else None,
    }


def _plain(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _chart(chart: Chart) -> dict[str, Any]:
    found = _plain(chart)
    return found | {name: [_plain(each) for each in found[name]] for name in ("cells", "bars")}


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
    place = laid_out(view) if not view.chart else None
    heads = {1: "arrow", -1: "bar", 2: "diamond", 0: "circle"}
    network.nodes = [
        {
            "id": node.id,
            "label": "\n".join(lines(node.name)),
            "shape": "box",
            "group": node.category,
            **({"x": place.boxes[node.id].x, "y": place.boxes[node.id].y} if place else {}),
        }
        for node in sorted(view.nodes, key=lambda n: n.id)
    ]
    network.edges = [
        {"from": e["from"], "to": e["to"], "width": _width(e["primary"]), "arrows": {"to": {"type": heads[e["sign"]]}}}
        for e in _drawn(view)
    ]
    network.toggle_physics(False)
    network.templateEnv = _environment(view, place)
    network.path = "view.html.j2"
    return network


def _width(papers: int) -> float:
    return round(1.3 + 0.9 * math.sqrt(min(papers, 12)), 2)


FOLDER = Path(__file__).resolve().parent


@cache
def _part(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8").replace("</script", "<\\/script")


@cache
def _injected() -> tuple[str, ...]:
    """The style sheets that vis-network puts into a page, first empty, then filled: the policy has their hashes."""
    found = re.findall(r"""\bA\((["'])((?:div)?\.vis.*?)\1\);""", _part("vendor/vis-network.min.js"))
    return ("", *(text.replace("\\'", "'").replace('\\"', '"').replace("\\\\", "\\") for _, text in found))


def _scripts(view: View) -> list[str]:
    """The scripts of a page, in the order in which they run, as paths in this folder."""
    if view.chart:
        return ["templates/view.js", "templates/chart.js"]
    return ["vendor/vis-network.min.js", "templates/view.js", "templates/graph.js"]


def framed(view: View, address: Callable[[str], str], *, alone: bool = False) -> tuple[str, str]:
    """Return the page for a frame of a server's page, and its policy: scripts and style are linked, not inlined.

    `address` gives the address of a file by its name (`view.js`). Title and list of routes are left to the page around
    it, unless it stands `alone`. Raises ValueError as `html` does.
    """
    import jinja2
    from markupsafe import Markup

    _checked(view, large=True)
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDER / "templates"), autoescape=True)
    page = environment.get_template("view.html.j2").render(
        view=view,
        framed=not alone,
        links=[address(name.rpartition("/")[2]) for name in _scripts(view)],
        sheet=address("view.css"),
        payload=Markup(_script_safe(payload(view))),
    )
    styles = " ".join(map(_hash, () if view.chart else _injected()))
    policy = (
        f"default-src 'none'; script-src 'self'; style-src 'self' {styles}; img-src data: blob:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'self'"
    )
    return page, policy


def _environment(view: View, place: Layout | None) -> Any:
    import jinja2
    from markupsafe import Markup

    names = _scripts(view)
    scripts = [_part(name) for name in names]
    style = _part("templates/view.css")
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(FOLDER / "templates"), autoescape=True)
    styles = [style, *(() if view.chart else _injected())]
    policy = (
        f"default-src 'none'; script-src {' '.join(map(_hash, scripts))}; style-src {' '.join(map(_hash, styles))}; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    environment.globals.update(
        view=view, policy=policy, scripts=[Markup(each) for each in scripts], style=Markup(style),
        payload=Markup(_script_safe(packed(payload(view, place), PREFIXES))),
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
