"""The picture as values and as a file: layout, escaping, determinism, refusals."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace

import pytest

from kg.views import (
    LARGE,
    Bar,
    Cell,
    Chart,
    View,
    ViewEdge,
    ViewEvidence,
    ViewNode,
    ViewRoute,
    html,
    laid_out,
    link,
    payload,
    to_pyvis,
)

LAYERS = ("inducers", "MSC and products", "mediators", "cells", "processes and organs", "disease")
PAYLOADS = [
    "<script>window.hit=1</script>",
    "</script><script>window.hit=1</script>",
    "<img src=x onerror=window.hit=1>",
    "<!--<script>",
    "]]><svg onload=window.hit=1>",
    "{{ 7*7 }}",
    "{% raw %}",
    "{# comment #}",
    "javascript:window.hit=1",
    '"><b>bold</b>',
    "' onmouseover='window.hit=1",
    "\u2028\u2029&lt;script&gt;",
    "<a href=javascript:window.hit=1>href</a>",
]


def row(
    text: str = "IDO1 of MSC lowers Th17 cells.", paper: str = "doi:10.1000/one", direction: str = "supports"
) -> ViewEvidence:
    return ViewEvidence(text, paper, "One A 2011. A title", direction, "human", "in vitro", "abstract", "")


def example() -> View:
    """A small picture of the usual kind, with a contradiction and two routes."""
    nodes = (
        ViewNode("CL:0000134", "MSC", "MesenchymalStemCell", 1, ("mesenchymal stromal cell",)),
        ViewNode("CHEBI:15551", "PGE2", "SmallMolecule", 2, ("prostaglandin E2",)),
        ViewNode("HGNC:6059", "IDO1", "Protein", 2),
        ViewNode("CL:0000899", "Th17 cell", "ImmuneCell", 3, ("T-helper 17 cell",)),
        ViewNode("CL:0000236", "B cell", "ImmuneCell", 3),
        ViewNode("MONDO:0007915", "SLE", "Disease", 5),
    )
    two = (row(), row("Seen again.", "pubmed:104"), row("Not seen.", "pmc:PMC3", "refutes"))
    edges = (
        ViewEdge("e1", "CL:0000134", "CHEBI:15551", "secretes", 1, "secretion", "", two, (1,)),
        ViewEdge("e2", "CHEBI:15551", "CL:0000899", "negatively_regulates", -1, "differentiation", "", (row(),), (1,)),
        ViewEdge("e3", "CL:0000899", "MONDO:0007915", "contributes_to", 1, "", "", (row(),), (1, 2)),
        ViewEdge("e4", "CL:0000134", "HGNC:6059", "expresses", 1, "expression", "", (row(),), (2,)),
        ViewEdge("e5", "HGNC:6059", "CL:0000899", "negatively_regulates", -1, "proliferation", "", (row(),), (2,)),
        ViewEdge("e6", "CL:0000134", "CL:0000236", "negatively_regulates", -1, "proliferation", "", (row(),)),
        ViewEdge("e7", "CL:0000134", "CL:0000236", "positively_regulates", 1, "proliferation", "", (row("Raised."),)),
        ViewEdge("e8", "CL:0000236", "MONDO:0007915", "correlates_with", 0, "", "", (row(),)),
    )
    chains = (("CL:0000134", "CHEBI:15551", "CL:0000899", "MONDO:0007915"),)
    others = (("CL:0000134", "HGNC:6059", "CL:0000899", "MONDO:0007915"),)
    routes = (
        ViewRoute(1, "via PGE2", -1, 0.3, ("MSC secretes PGE2; PGE2 lowers Th17 cells",), chains=chains),
        ViewRoute(2, "via IDO1", -1, 0.2, ("MSC expresses IDO1",), chains=others),
    )
    return View(
        "MSC and SLE", "ameliorates", "kg view MSC SLE", "2026+abc", LAYERS, nodes, edges, routes, hidden_edges=4
    )


def chart() -> View:
    """A grid over the claims of the example: two mediators against two cells, one pair untested."""
    cells = (
        Cell("PGE2", "Th17 cell", 4, "\u2212", "PGE2 lowers Th17 cell: 1 paper", ("e2",), human=True),
        Cell("IDO1", "Th17 cell", 2, "\u2212", "IDO1 lowers Th17 cell: 1 paper", ("e5",), system="in vitro"),
        Cell("IDO1", "B cell", 0, "\u25cb", "not tested"),
    )
    rows, columns = (("PGE2", "PGE2"), ("IDO1", "IDO1")), (("Th17 cell", "Th17 cell"), ("B cell", "B cell"))
    tones, marks = ((2, "in vitro"), (4, "animal model")), (("\u2212", "lowers"), ("\u25cb", "not tested here"))
    return replace(example(), chart=Chart("mediator", "cell", rows, columns, cells, tones=tones, marks=marks))


def ranking() -> View:
    """Bars over the things of the example."""
    bars = (Bar("CL:0000899", 0.5, "0.5"), Bar("CHEBI:15551", 0.25, "0.25"))
    return replace(example(), chart=Chart("", "share of the weight", bars=bars))


def many(count: int) -> View:
    nodes = tuple(
        ViewNode(f"x:{i}", f"thing number {i} with a name" if i % 5 == 0 else f"T{i}", "Protein", i % 6)
        for i in range(count)
    )
    edges = tuple(
        ViewEdge(f"e{i}", f"x:{i}", f"x:{(i * 7 + 1) % count}", "binds", 0, "", "", (row(),)) for i in range(count)
    )
    return View("many", "", "kg", "v", LAYERS, nodes, edges)


page_data = payload  # a name that parameters of tests do not hide


def data_of(page: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])


def test_layout_does_not_depend_on_the_order_given():
    view = example()
    turned = replace(view, nodes=view.nodes[::-1], edges=view.edges[::-1])
    assert laid_out(view) == laid_out(turned)
    assert html(view) == html(turned)


def test_same_bytes_under_any_hash_seed():
    code = "import sys; sys.path.insert(0, 'tests'); from test_views import example; from kg.views import html; import hashlib; print(hashlib.sha256(html(example()).encode()).hexdigest())"
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, capture_output=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(seen) == 1


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("kind", ["graph", "grid"])
def test_foreign_text_stays_text(payload, kind):
    view = example()
    evil = ViewEvidence(payload, payload, payload, "supports", payload, payload, payload, payload)
    view = View(
        payload, payload, payload, payload, tuple(payload for _ in LAYERS),
        tuple(replace(n, name=payload, category=payload, synonyms=(payload,)) for n in view.nodes),
        tuple(replace(e, predicate=payload, aspect=payload, cell=payload, evidence=(evil,)) for e in view.edges),
        (ViewRoute(1, payload, 1, 0.1, (payload,)),), notes=(payload,), groups=((payload, payload),), block=payload,
        chart=Chart(payload, payload, ((payload, payload),), ((payload, payload),), (Cell(payload, payload, 1, payload, payload),)) if kind == "grid" else None,
    )  # fmt: skip
    page = html(view)
    plain = html(chart() if kind == "grid" else example())
    assert len(re.findall(r"<script", page)) - len(re.findall("<script", plain)) == 0
    data = data_of(page)
    assert data["title"] == payload
    assert data["notes"] == [payload]
    assert payload in data["words"]
    for character in "<>&\u2028\u2029":
        assert character not in re.search(r'id="data">(.*?)</script>', page, re.S)[1]
    assert not any(paper[2].startswith("javascript") for paper in page_data(view)["papers"])


@pytest.mark.parametrize(
    ("curie", "address"),
    [
        ("doi:10.1002/1529-0131(199905)42:5<963::aid-anr15>3.0.co;2-e", "https://doi.org/10.1002/1529-0131(199905)42:5%3C963::aid-anr15%3E3.0.co;2-e"),
        ("pubmed:104", "https://pubmed.ncbi.nlm.nih.gov/104"),
        ("pmc:PMC3", "https://pmc.ncbi.nlm.nih.gov/articles/PMC3"),
        ("doi:javascript:alert(1)", ""),
        ("https://example.org", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_links(curie, address):
    assert link(curie) == address


def test_edges_of_a_pair_are_one_with_a_conflict_mark():
    drawn = {edge["id"]: edge for edge in payload(example())["edges"]}
    pair = drawn["CL:0000134|CL:0000236"]
    assert (pair["sign"], pair["contradicted"], pair["claims"]) == (2, True, ["e6", "e7"])
    assert (pair["papers"], pair["primary"]) == (1, 1)
    assert drawn["CL:0000134|CHEBI:15551"]["papers"] == 2  # the refuting paper is not support
    assert drawn["CL:0000134|CHEBI:15551"]["contradicted"] is True
    assert drawn["CL:0000899|MONDO:0007915"]["routes"] == [1, 2]
    assert drawn["CL:0000236|MONDO:0007915"]["sign"] == 0


def test_papers_are_stored_once():
    page = html(example())
    assert page.count("One A 2011. A title") == 3  # one per distinct paper


@pytest.mark.parametrize(("view", "count"), [(example, 3), (chart, 2), (ranking, 2)])
def test_policy_names_exactly_the_scripts_and_styles_of_the_page(view, count):
    import base64
    import hashlib

    page = html(view())
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1].replace("&#39;", "'")
    scripts = re.findall(r"<script>(.*?)</script>", page, re.S)
    styles = re.findall(r"<style>(.*?)</style>", page, re.S)
    assert (len(scripts), len(styles)) == (count, 1)
    for text in scripts + styles:
        assert f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"\s(style|on[a-z]+)=", re.sub(r"<script.*?</script>", "", page, flags=re.S))
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "http" not in policy


def test_network_of_pyvis_has_our_positions_and_heads():
    network = to_pyvis(example())
    heads = {(e["from"], e["to"]): e["arrows"]["to"]["type"] for e in network.edges}
    assert heads["CL:0000134", "CHEBI:15551"] == "arrow"
    assert heads["CHEBI:15551", "CL:0000899"] == "bar"
    assert heads["CL:0000134", "CL:0000236"] == "diamond"
    assert heads["CL:0000236", "MONDO:0007915"] == "circle"
    boxes = laid_out(example()).boxes
    assert {n["id"]: (n["x"], n["y"]) for n in network.nodes} == {i: (box.x, box.y) for i, box in boxes.items()}
    assert len(to_pyvis(chart()).nodes) == 6


def test_width_grows_with_papers():
    from kg.views import _width

    widths = [_width(number) for number in range(13)]
    assert widths == sorted(set(widths))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda v: replace(v, nodes=v.nodes[1:]), "CL:0000134, which is not a node"),
        (
            lambda v: replace(v, nodes=(replace(v.nodes[0], category=""), *v.nodes[1:])),
            "CL:0000134 (MSC) has no ontology class",
        ),
        (lambda v: replace(v, nodes=(replace(v.nodes[0], layer=6), *v.nodes[1:])), "is in layer 6"),
    ],
)
def test_what_does_not_hold_together_is_refused(change, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        html(change(example()))


def test_too_large_is_refused_unless_asked():
    view = many(LARGE + 1)
    with pytest.raises(ValueError, match=r"1501 edges are more than 1500: filter .* or add --large"):
        html(view)
    assert len(data_of(html(view, large=True))["edges"]) > 1000


def test_vendored_file_is_the_one_named():
    import hashlib
    import tomllib
    from pathlib import Path

    folder = Path(__import__("kg").__file__).parent / "vendor"
    entry = tomllib.loads((folder / "VENDOR.toml").read_text())["vis-network"]
    assert hashlib.sha256((folder / entry["file"]).read_bytes()).hexdigest() == entry["sha256"]
    assert entry["version"] in (folder / entry["file"]).read_text(encoding="utf-8")[:600]


def test_shell_is_small_and_a_row_is_stored_once():
    import gzip

    empty = html(View("", "", "", "", LAYERS, (), ())).encode()
    assert len(empty) <= 800_000
    assert len(gzip.compress(empty, 9)) <= 200_000
    first = example().edges[0]
    twice = replace(example(), edges=(*example().edges, replace(first, id="e1|x", target="HGNC:6059")))
    assert payload(twice)["rows"] == payload(example())["rows"]
