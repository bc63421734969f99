"""The exported page in a real browser, criterion by criterion of docs/views.md: clicks, keys, exports, hostile text."""

from __future__ import annotations

import os
import random
import shutil
import struct
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.test_views import (
    PAYLOADS,
    Cell,
    Chart,
    ViewEvidence,
    ViewRoute,
    chart,
    example,
    html,
    many,
    ranking,
)

pytestmark = pytest.mark.browser
CHROMIUM = os.environ.get("KG_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    *"--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync".split(),
    "--host-resolver-rules=MAP * ~NOTFOUND",
]
SVG = "{http://www.w3.org/2000/svg}"
PREFIX = "PREFIX mscim: <https://w3id.org/mscim/> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
PICTURES = {
    "routes": ("", ("MSC", "SLE"), ()),
    "around": ("", ("PGE2",), ()),
    "map": ("map", ("RA",), ()),
    "comparison": ("comparison", ("SSc", "SLE"), ()),
    "blockade": ("", ("MSC", "SLE"), ("IDO1",)),
    "gaps": ("gaps", ("SLE",), ()),
    "centrality": ("centrality", ("SLE",), ()),
    "ladder": ("ladder", ("SLE",), ()),
}


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


class Opened:
    def __init__(self, browser, path: Path, page: str, width: int = 1366, height: int = 768, **options):
        path.write_text(page, encoding="utf-8")
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, accept_downloads=True, **options
        )
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda said: said.type in ("error", "warning") and self.errors.append(said.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.url = path.as_uri()
        self.page.goto(self.url)
        self.page.wait_for_timeout(60)

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)

    def click_edge(self, identity: str) -> None:
        point = self.page.evaluate("id => kgView.edgePoint(id)", identity)
        self.page.mouse.click(point["x"], point["y"])

    def click_node(self, identity: str) -> None:
        point = self.page.evaluate("id => kgView.nodePoint(id)", identity)
        self.page.mouse.click(point["x"], point["y"])

    def visible(self) -> list[str]:
        return sorted(self.page.evaluate("kgView.visibleEdges()"))

    def selected(self, name: str):
        return self.page.evaluate(f"kgView.selected.{name}")


@pytest.fixture
def opened(browser, tmp_path):
    made = []

    def make(view=None, **options):
        page = view if isinstance(view, str) else html(view or example())
        made.append(Opened(browser, tmp_path / f"view{len(made)}.html", page, **options))
        return made[-1]

    yield make
    for each in made:
        each.context.close()


@pytest.fixture(scope="module")
def pages(graph):
    """A picture of each kind on the bundled data, and its page."""
    from kg.gallery import picture

    made = {}

    def page(name: str):
        if name not in made:
            kind, names, block = PICTURES[name]
            view = picture(graph, kind, names, block=block)
            made[name] = (view, html(view))
        return made[name]

    return page


@pytest.fixture(scope="module")
def around(graph):
    """Everything around regulatory T cells, and a function that asks SPARQL for claims of the picture."""
    from kg.gallery import stock
    from kg.pictures import neighbourhood

    view = neighbourhood("regulatory T cell", stock(graph), 120)
    values = " ".join(f"mscim:{'assertion'}\\/{edge.id}" for edge in view.edges)
    edge_of = {f"https://w3id.org/mscim/assertion/{edge.id}": f"{edge.source}|{edge.target}" for edge in view.edges}

    def ask(pattern: str, select: str = "?claim"):
        text = PREFIX + f"SELECT {select} WHERE {{ VALUES ?claim {{ {values} }} {pattern} }}"
        return list(graph.store.query(text, use_default_graph_as_union=True))

    return view, edge_of, ask


# --- 1, 2: nothing asked of the network, no error, every control used ---------------------------------------------------


@pytest.mark.parametrize("view", [example, chart, ranking])
def test_tour_asks_nothing_of_the_network_and_logs_no_error(opened, tmp_path, view):
    it = opened(view())
    page = it.page
    if view is example:
        it.click_edge("CHEBI:15551|CL:0000899")
        page.click("#routes .route >> nth=1")
        it.click_node("CL:0000134")
        page.click("text=Trace from here")
        it.click_node("MONDO:0007915")
        it.click_node("CHEBI:15551")
        page.click("#details >> text=Block")
        page.click("text=Unblock all")
        for button in ("#fit", "#closer", "#farther"):
            page.click(button)
    else:
        page.click(".grid button" if view is chart else ".bars button")
    page.fill("#search", "prostaglandin E2")
    page.press("#search", "Enter")
    for box in page.query_selector_all(".sign"):
        box.click()
        box.click()
    page.select_option("#category", "ImmuneCell")
    page.select_option("#species", "human")
    page.select_option("#system", "in vitro")
    page.fill("#papers", "1")
    page.click("#contradicted")
    for button in ("#theme", "#theme", "#reset", "#filtering", "#filtering"):
        page.click(button)
    page.evaluate("window.print = () => {}")
    page.click("#print")
    page.click("#twin summary")
    for button in ("#png", "#svg"):
        with page.expect_download() as download:
            page.click(button)
        download.value.save_as(tmp_path / download.value.suggested_filename)
    page.click("#csv")
    page.wait_for_timeout(100)
    assert it.errors == []
    assert [url for url in it.requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert {url.partition("#")[0] for url in it.requests if url.startswith("file:")} == {it.url}
    # 21, 22: PNG of at least twice the size, with title, legend and version; SVG valid, with text, without script
    width, height = struct.unpack(">II", (tmp_path / "msc-and-sle.png").read_bytes()[16:24])
    root = ET.parse(tmp_path / "msc-and-sle.svg").getroot()
    assert width >= 2 * float(root.get("width")) - 2
    assert height >= 2 * float(root.get("height")) - 2
    texts = [element.text or "" for element in root.iter(f"{SVG}text")]
    assert {"MSC and SLE", "PGE2", "Th17 cell"} <= set(texts)
    assert any("2026+abc" in text for text in texts)
    assert {"lowers"} <= set(texts) or any("lowers" in text for text in texts) or view is ranking
    assert not list(root.iter(f"{SVG}script"))
    assert not list(root.iter(f"{SVG}foreignObject"))


def test_png_is_not_blank_where_title_and_legend_are(opened, tmp_path):
    import base64

    it = opened()
    with it.page.expect_download() as download:
        it.page.click("#png")
    download.value.save_as(tmp_path / "x.png")
    data = base64.b64encode((tmp_path / "x.png").read_bytes()).decode()
    inks = it.page.evaluate(
        """async (data) => { const picture = new Image(); picture.src = "data:image/png;base64," + data; await picture.decode();
        const canvas = document.createElement("canvas"); canvas.width = picture.width; canvas.height = picture.height;
        const context = canvas.getContext("2d"); context.drawImage(picture, 0, 0);
        return [0, 0.88].map((at) => { const p = context.getImageData(0, canvas.height * at, canvas.width, canvas.height * 0.12).data;
          let n = 0; for (let i = 0; i < p.length; i += 4) if (p[i] + p[i + 1] + p[i + 2] < 600) n += 1; return n; }); }""",
        data,
    )
    assert min(inks) > 500


# --- 3, 4: foreign text, policy -------------------------------------------------------------------------------------------


def evil_view(payload: str, kind: str):
    view = example()
    evil = ViewEvidence(
        payload, payload, payload, "supports", payload, payload, payload, payload, payload, payload, payload
    )
    view = replace(
        view, title=payload, subtitle=payload, command=payload, data_version=payload, notes=(payload,), block=payload,
        nodes=tuple(replace(n, name=payload, synonyms=(payload,)) for n in view.nodes), groups=(("g", payload),),
        edges=tuple(replace(e, predicate=payload, aspect=payload, cell=payload, evidence=(evil,)) for e in view.edges),
        routes=(ViewRoute(1, payload, 1, 0.1, (payload,), payload, group="g", note=payload),),
    )  # fmt: skip
    if kind == "grid":
        cell = Cell(payload, payload, 3, payload, payload, ("e1",))
        sides = ((payload, payload),)
        view = replace(
            view, chart=Chart(payload, payload, sides, sides, (cell,), (), ((3, payload),), ((payload, payload),))
        )
    return view


@pytest.mark.parametrize("policy", ["with policy", "without"])
@pytest.mark.parametrize("kind", ["graph", "grid"])
def test_hostile_text_stays_inert(opened, tmp_path, kind, policy):
    it = opened("<!doctype html><title>nothing yet</title>")
    for number, payload in enumerate(PAYLOADS):
        page = html(evil_view(payload, kind))
        if policy == "without":
            page = page.replace("Content-Security-Policy", "X-Off")
        path = tmp_path / f"evil{number}.html"
        path.write_text(page, encoding="utf-8")
        it.page.goto(path.as_uri())
        shown = it.page.evaluate(
            """() => { kgView.visibleEdges().forEach((id) => kgView.showEdge(id)); kgView.data.nodes.forEach((n) => kgView.showNode(n.id));
            document.querySelectorAll("#routes .route, .grid button").forEach((b) => b.click());
            if (!kgView.data.chart) kgView.showTrace("CL:0000134", "MONDO:0007915");
            document.getElementById("twin").open = true; kgView.csv(); kgView.onPaper(); return kgView.svg(); }"""
        )
        it.page.wait_for_timeout(20)
        assert it.page.evaluate("window.hit") is None
        assert it.errors == []
        ET.fromstring(shown)


def test_policy_refuses_a_script_put_in_later(opened):
    it = opened()
    it.page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.hit = 1'; document.body.append(s)"
    )
    it.page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"window.hit=2\">')")
    it.page.wait_for_timeout(50)
    assert it.page.evaluate("window.hit") is None
    assert any("Content Security Policy" in error for error in it.errors)


# --- 31: the file holds the data packed -------------------------------------------------------------------------------------


def unpacked_here(view) -> dict:
    """What the page must have after unpacking: the payload, claims numbered in the order of the lines."""
    import json

    from kg.views import payload

    data = json.loads(json.dumps(payload(view)))
    numbers = {c: str(n) for n, c in enumerate(c for edge in data["edges"] for c in edge["claims"])}
    data["claims"] = {numbers[each]: claim for each, claim in data["claims"].items() if each in numbers}
    for edge in data["edges"]:
        edge["claims"] = [numbers[each] for each in edge["claims"]]
    for cell in data["chart"]["cells"] if data["chart"] else ():
        cell["claims"] = [numbers[each] for each in cell["claims"]]
    for route in data["routes"]:
        route["weight"] = round(route["weight"], 6)
    return data


@pytest.mark.parametrize("name", [*PICTURES, "small", "grid", "bars", "200 things", "odd texts"])
def test_data_of_the_file_are_those_of_the_payload(opened, pages, name):
    made = {"small": example, "grid": chart, "bars": ranking, "200 things": lambda: many(200)}
    made["odd texts"] = lambda: evil_view(PAYLOADS[1] + "; \u0001", "graph")
    view = made[name]() if name in made else pages(name)[0]
    it = opened(view)
    seen, wanted = it.page.evaluate("kgView.data"), unpacked_here(view)
    words = wanted.pop("words")
    assert seen["words"][: len(words)] == words
    for edge in seen["edges"]:  # the page adds the line as SVG, and its tip
        edge.pop("d", None), edge.pop("end", None)
    for part, value in wanted.items():
        assert seen[part] == value, part


def test_a_page_may_hold_the_payload_as_it_is(opened):
    import re

    from kg.views import _script_safe, payload

    page = re.sub(
        r'(id="data">).*?(</script>)',
        lambda match: match[1] + _script_safe(payload(example())) + match[2],
        html(example()),
        count=1,
        flags=re.DOTALL,
    )
    it = opened(page)
    it.page.evaluate("kgView.showEdge('CL:0000134|CHEBI:15551')")
    assert "Seen again." in it.text("#details")
    assert it.errors == []


# --- 6, 8, 9, 10, 11: what is seen -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["routes", "map", "comparison", "around"])
def test_things_stand_in_the_columns_of_their_classes(graph, opened, pages, name):
    it = opened(pages(name)[1])
    text = PREFIX + "SELECT ?curie ?layer { ?e mscim:curie ?curie ; mscim:category ?c . ?c mscim:layer ?layer }"
    layers = {r["curie"].value: int(r["layer"].value) for r in graph.store.query(text, use_default_graph_as_union=True)}
    places = it.page.evaluate("kgView.network.getPositions()")
    columns = it.page.evaluate("kgView.data.columns")
    labels = graph.vocabulary.ontology.layer_labels
    for node, place in places.items():
        curie, _, twin = node.partition("|")
        column = next(c for c in columns if c["label"] == labels[0 if twin else layers[curie]])
        assert column["left"] <= place["x"] <= column["right"]
    lefts = [c["left"] for c in sorted(columns, key=lambda c: labels.index(c["label"]))]
    assert lefts == sorted(lefts)


@pytest.mark.parametrize("count", [40, 120, 200])
def test_boxes_on_the_canvas_do_not_overlap(opened, count):
    it = opened(many(count))
    root = ET.fromstring(it.page.evaluate("kgView.svg()"))
    boxes = [
        [float(r.get(k)) for k in ("x", "y", "width", "height")] for r in root.iter(f"{SVG}rect") if r.get("rx") == "5"
    ]
    assert len(boxes) == count
    placed = sorted((p["x"], p["y"]) for p in it.page.evaluate("Object.values(kgView.network.getPositions())"))
    centres = sorted((round(x + w / 2), round(y + h / 2)) for x, y, w, h in boxes)
    assert max(abs(a - b) for one, two in zip(placed, centres, strict=True) for a, b in zip(one, two, strict=True)) <= 1
    for i, (x, y, w, h) in enumerate(boxes):
        for left, top, wide, high in boxes[i + 1 :]:
            assert x + w <= left or left + wide <= x or y + h <= top or top + high <= y


@pytest.mark.parametrize("name", ["routes", "around", "map", "comparison", "blockade"])
def test_labels_can_be_read_and_the_whole_is_in_the_window(opened, pages, name):
    it = opened(pages(name)[1])
    assert it.page.evaluate("kgView.network.getScale() * 14") >= 11
    frame = it.page.evaluate(
        "(({left, top, right, bottom}) => [left, top, right, bottom])(document.getElementById('graph').getBoundingClientRect())"
    )
    for node in it.page.evaluate("kgView.data.nodes.map((n) => n.id)"):
        point = it.page.evaluate("id => kgView.nodePoint(id)", node)
        assert frame[0] < point["x"] < frame[2]
        assert frame[1] < point["y"] < frame[3]


def test_heads_follow_the_signs_of_the_rdf_and_the_legend_lists_them(around, opened):
    view, edge_of, ask = around
    it = opened(view)
    signs: dict[str, set[int]] = {}
    for row in ask("?claim mscim:effect_sign ?sign", "?claim ?sign"):
        signs.setdefault(edge_of[row["claim"].value], set()).add(int(row["sign"].value))
    for edge, found in signs.items():
        found = found - {0}
        head = "diamond" if len(found) == 2 else {1: "arrow", -1: "bar"}[found.pop()] if found else "circle"
        assert it.page.evaluate("id => kgView.head(id)", edge) == head
    legend = it.text("#legend")
    for word in ("raises", "lowers", "disagree", "unsigned", "primary papers", "cells"):
        assert word in legend
    assert len(it.page.query_selector_all("#legend svg")) >= 6


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, two: str) -> float:
    light, dark = sorted((luminance(one), luminance(two)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def seen_by(colour: str, matrix) -> list[float]:
    """The colour as a dichromat sees it (Machado 2009, doi:10.1109/TVCG.2009.113), in linear light."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return [sum(m * p for m, p in zip(row, linear, strict=True)) for row in matrix]


BLIND = {
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_have_contrast_and_differ_for_the_colour_blind(opened, scheme):
    it = opened(color_scheme=scheme)
    names = "bg fg soft panel lane accent raises lowers both none lost".split()
    c = {name: it.page.evaluate(f"kgView.colour('{name}')") for name in names}
    fills = it.page.evaluate("[0, 1, 2, 3, 4, 5].map((layer) => kgView.fill({ layer }))")
    for ground in ("bg", "panel", "lane"):
        assert contrast(c["fg"], c[ground]) >= 4.5
        assert contrast(c["soft"], c[ground]) >= 4.5
        assert contrast(c["accent"], c[ground]) >= 4.5
        for mark in ("raises", "lowers", "both", "none", "lost"):
            assert contrast(c[mark], c[ground]) >= 4.5
    for fill in fills:
        assert contrast(c["fg"], fill) >= 4.5
    assert contrast(c["soft"], c["lane"]) >= 3  # the border of a box
    for matrix in BLIND.values():
        one, two = seen_by(c["raises"], matrix), seen_by(c["lowers"], matrix)
        assert sum((a - b) ** 2 for a, b in zip(one, two, strict=True)) ** 0.5 > 0.1


def test_shades_of_the_grid_have_contrast():
    import re

    from kg.views import _part

    style = _part("templates/view.css")
    for tone in range(1, 9):
        ground, ink = re.search(rf"\.t{tone} \{{ background: (#\w+); color: (#\w+); \}}", style).groups()
        assert contrast(ground, ink) >= 4.5


# --- 12, 13, 14, 15: evidence ------------------------------------------------------------------------------------------------


def test_conflict_edge_lists_both_signs(opened):
    it = opened()
    it.click_edge("CL:0000134|CL:0000236")
    text = it.text("#details")
    assert "MSC lowers proliferation of B cell" in text
    assert "MSC raises proliferation of B cell" in text
    assert "contradicted" in text
    it.click_edge("CL:0000134|CHEBI:15551")
    assert "Against: Not seen." in it.text("#details")


def test_a_click_on_any_line_selects_it(opened, pages):
    it = opened(pages("routes")[1])
    missed = []
    for edge in it.visible():
        it.click_edge(edge)
        if it.selected("edge") != edge:
            missed.append(edge)
    assert missed == []


def test_papers_shown_are_those_of_the_rdf_with_right_links(graph, around, opened):
    from kg.notebook import link

    view, edge_of, ask = around
    it = opened(view)
    papers: dict[str, set[str]] = {}
    for row in ask("?claim mscim:evidence/mscim:publication ?paper", "?claim ?paper"):
        papers.setdefault(edge_of[row["claim"].value], set()).add(row["paper"].value)
    iris = {graph.vocabulary.ontology.expand(p): p for p in graph.publications}
    assert set(papers) == set(it.visible())
    for edge in random.Random(1).sample(sorted(papers), 25):
        it.page.evaluate("id => kgView.showEdge(id)", edge)
        found = it.page.evaluate(
            "[...document.querySelectorAll('#details .evidence a')].map((a) => [a.href, a.rel, a.target])"
        )
        assert {href for href, _, _ in found} == {link(iris[iri]) for iri in papers[edge]}
        assert {rel for _, rel, _ in found} == {"noopener noreferrer"}
        assert it.page.evaluate("document.querySelectorAll('#details .evidence').length") == len(found)


def test_width_grows_with_distinct_primary_papers(around, opened):
    view, edge_of, ask = around
    it = opened(view)
    pattern = '?claim mscim:evidence ?e . ?e mscim:direction/rdfs:label ?d ; mscim:publication ?p . ?p mscim:kind "primary" FILTER(STR(?d) = "supports")'
    papers: dict[str, set[str]] = {edge: set() for edge in it.visible()}
    for row in ask(pattern, "?claim ?p"):
        papers[edge_of[row["claim"].value]].add(row["p"].value)
    widths = it.page.evaluate("Object.fromEntries(kgView.data.edges.map((e) => [e.id, kgView.width(e)]))")
    pairs = sorted((min(len(found), 12), widths[edge]) for edge, found in papers.items())
    assert len({count for count, _ in pairs}) > 2
    for (few, thin), (more, thick) in pairwise(pairs):
        assert thin < thick if few < more else thin == thick


# --- 16, 18: filters -----------------------------------------------------------------------------------------------------------


def filters_of(view, seed: int) -> dict[str, object]:
    """A combination of filters that makes sense in the picture."""
    dice = random.Random(seed)
    rows = [row for edge in view.edges for row in edge.evidence]
    chosen: dict[str, object] = {}
    choices = {
        "species": sorted({t for row in rows for part in row.species.split("; ") for t in part.split(">") if t}),
        "system": sorted({row.system for row in rows}),
        "source": sorted({row.source for row in rows} - {""}),
        "mode": sorted({row.mode for row in rows} - {""}),
        "category": sorted({node.category for node in view.nodes}),
    }
    for name in dice.sample(sorted(choices), dice.choice((0, 1, 1, 2))):
        chosen[name] = dice.choice(choices[name])
    if "species" not in chosen and dice.random() < 0.3:
        chosen["species"] = "only mouse"
    if dice.random() < 0.4:
        chosen["papers"] = dice.choice((1, 2, 3))
    if dice.random() < 0.4:
        chosen["without"] = dice.choice(("1", "-1", "2", "0"))
    if dice.random() < 0.15:
        chosen["contradicted"] = True
    return chosen


NARROWER = {"umbilical cord": ("Wharton's jelly",)}


def quoted(text: str) -> str:
    return f'"{text}"'


def asked(view, edge_of, ask, want) -> list[str]:
    """The edges of a picture that a combination of filters leaves, by SPARQL."""
    row = "?claim mscim:evidence ?e . "
    for name, column in (("system", "system"), ("source", "msc_source"), ("mode", "mode")):
        if name in want:
            alike = [want[name], *NARROWER.get(str(want[name]), ())]
            row += f"?e mscim:{column}/rdfs:label ?{name} . FILTER(STR(?{name}) IN ({', '.join(map(quoted, alike))})) "
    taxon = str(want.get("species", ""))
    if taxon and not taxon.startswith("only "):
        row += f'?e mscim:species/rdfs:label ?taxon . FILTER(STR(?taxon) = "{taxon}") '
    by_row = any(name in want for name in ("system", "source", "mode", "species"))
    papers: dict[str, set[str]] = {}
    kept = set()
    for found in ask(row + "?e mscim:publication ?p ; mscim:direction/rdfs:label ?d", "?claim ?p ?d"):
        edge = edge_of[found["claim"].value]
        kept.add(edge)
        if found["d"].value == "supports":
            papers.setdefault(edge, set()).add(found["p"].value)
    left = set(kept if by_row else edge_of.values())
    if taxon.startswith("only "):
        other = {
            edge_of[f["claim"].value]
            for f in ask(f'?claim mscim:evidence ?e . FILTER NOT EXISTS {{ ?e mscim:species/rdfs:label ?t . FILTER(STR(?t) = "{taxon[5:]}") }}')
        }  # fmt: skip
        other |= {
            edge_of[f["claim"].value]
            for f in ask(f'?claim mscim:evidence/mscim:species/rdfs:label ?t . FILTER(STR(?t) != "{taxon[5:]}")')
        }
        left -= other
    if "papers" in want:
        left = {edge for edge in left if len(papers.get(edge, ())) >= want["papers"]}
    if "category" in want:
        pattern = f"{{ ?claim mscim:subject/mscim:category mscim:{want['category']} }} UNION {{ ?claim mscim:object/mscim:category mscim:{want['category']} }}"
        left &= {edge_of[f["claim"].value] for f in ask(pattern)}
    signs: dict[str, set[int]] = {}
    for found in ask("?claim mscim:effect_sign ?s", "?claim ?s"):
        signs.setdefault(edge_of[found["claim"].value], set()).add(int(found["s"].value))
    sign = {edge: 2 if {1, -1} <= found else next(iter(found - {0}), 0) for edge, found in signs.items()}
    if "without" in want:
        left = {edge for edge in left if sign[edge] != int(want["without"])}
    if "contradicted" in want:
        against = {
            edge_of[f["claim"].value]
            for f in ask('?claim mscim:evidence/mscim:direction/rdfs:label ?d FILTER(STR(?d) = "refutes")')
        }
        left = {edge for edge in left if sign[edge] == 2 or edge in against}
    return sorted(left)


def test_filters_agree_with_sparql_in_twenty_combinations(around, opened):
    view, edge_of, ask = around
    it = opened(view)
    counts = set()
    for seed in range(20):
        want = filters_of(view, seed)
        it.page.click("#reset")
        for name, value in want.items():
            if name == "without":
                it.page.uncheck(f".sign[value='{value}']")
            elif name == "contradicted":
                it.page.check("#contradicted")
            elif name == "papers":
                it.page.fill("#papers", str(value))
            else:
                it.page.select_option(f"#{name}", value)
        expected = asked(view, edge_of, ask, want)
        assert it.visible() == expected, want
        assert it.text("#count").startswith(f"{len(expected)} of {len(set(edge_of.values()))} edges"), want
        counts.add(len(expected))
    assert len(counts) > 6  # the combinations do differ
    assert view.hidden_edges == 0


def test_nothing_is_hidden_without_a_count(opened):
    it = opened()
    assert "4 more claims are not in this picture" in it.text("#count")
    it.page.uncheck(".sign[value='-1']")
    assert it.text("#count").startswith("5 of 7 edges")
    assert "Filters (1 on)" in it.text("#filtering")
    it.page.click("#reset")
    it.page.select_option("#species", "human")
    it.page.evaluate("kgView.showNode('CL:0000134')")
    it.page.uncheck(".sign[value='1']")
    assert "1 of 3 edges fit the filters" in it.text("#details")


def test_rows_that_do_not_fit_a_filter_are_counted_and_can_be_shown(opened):
    view = example()
    mouse = replace(view.edges[0].evidence[0], species="mouse", statement="In mice too.", publication="pubmed:9")
    it = opened(
        replace(view, edges=(replace(view.edges[0], evidence=(*view.edges[0].evidence, mouse)), *view.edges[1:]))
    )
    it.page.select_option("#species", "mouse")
    it.page.evaluate("kgView.showEdge('CL:0000134|CHEBI:15551')")
    assert "In mice too." in it.text("#details")
    assert "Seen again." not in it.text("#details")
    assert "3 rows of evidence do not fit the filters" in it.text("#details")
    it.page.click("button:has-text('Show all')")
    assert "Seen again." in it.text("#details")


# --- 17: trace and block -----------------------------------------------------------------------------------------------------------


def test_trace_lights_the_paths_that_networkx_gives(opened, pages):
    import networkx as nx

    it = opened(pages("map")[1])
    drawn = nx.DiGraph((e["from"], e["to"]) for e in it.page.evaluate("kgView.data.edges"))
    nodes = sorted(drawn)
    dice = random.Random(3)
    seen = 0
    for start, end in [("CL:0000134", "MONDO:0008383"), *(dice.sample(nodes, 2) for _ in range(12))]:
        it.page.evaluate("([a, b]) => kgView.showTrace(a, b)", [start, end])
        expected = sorted("|".join(path) for path in nx.all_simple_paths(drawn, start, end, cutoff=6))
        found = it.page.evaluate("kgView.path.paths.map((p) => p.map((id) => kgView.edgeById.get(id)))")
        assert sorted("|".join([path[0]["from"], *(e["to"] for e in path)]) for path in found) == expected
        lit = it.page.evaluate(
            "(() => { const on = kgView.lit(); return kgView.data.edges.filter(on).map((e) => [e.from, e.to]); })()"
        )
        paths = [path.split("|") for path in expected]
        assert {tuple(pair) for pair in lit} == {pair for path in paths for pair in pairwise(path)}
        lengths = [len(path) for path in found]
        assert lengths == sorted(lengths)
        assert ("unreachable" in it.text("#details")) == (not expected)
        seen += bool(expected)
    assert 0 < seen < 13


def test_paths_have_up_to_six_steps(opened):
    nodes = tuple(replace(example().nodes[0], id=f"x:{i}", name=f"X{i}") for i in range(8))
    edges = tuple(
        replace(example().edges[0], id=f"e{i}", source=f"x:{i}", target=f"x:{i + 1}", routes=()) for i in range(7)
    )
    it = opened(replace(example(), nodes=nodes, edges=edges, routes=()))
    it.page.evaluate("kgView.showTrace('x:0', 'x:6')")
    assert "1 path of" in it.text("#details")
    it.page.evaluate("kgView.showTrace('x:0', 'x:7')")
    assert "unreachable" in it.text("#details")


def test_a_route_is_lost_only_when_all_its_mechanisms_are(opened):
    view = example()
    both = replace(view.routes[0], chains=view.routes[0].chains + view.routes[1].chains)
    it = opened(replace(view, routes=(both, view.routes[1])))
    it.page.evaluate("kgView.block('HGNC:6059')")
    assert "1 of 2 routes are left" in it.text("#status")
    it.page.evaluate("kgView.block('CHEBI:15551')")
    assert "0 of 2 routes are left" in it.text("#status")


def test_trace_by_clicking_and_from_the_keyboard(opened):
    it = opened()
    it.click_node("CL:0000134")
    it.page.click("text=Trace from here")
    it.click_node("MONDO:0007915")
    assert "Trace: MSC \u2192 SLE" in it.text("#details h2")
    assert it.page.evaluate("location.hash").startswith("#from=")
    assert "3 paths" in it.text("#details")
    it.page.keyboard.press("Escape")
    for name, key in (("SLE", "t"), ("MSC", "")):
        it.page.keyboard.press("/")
        it.page.keyboard.type(name)
        it.page.keyboard.press("Enter")
        if key:
            it.page.evaluate("document.activeElement.blur()")
            it.page.keyboard.press(key)
    assert "unreachable" in it.text("#details")


def test_blocking_strikes_routes_and_says_what_is_left(opened):
    it = opened()
    it.click_node("HGNC:6059")
    it.page.click("#details >> text=Block")
    assert "1 of 2 routes are left" in it.text("#status")
    assert sorted(it.page.evaluate("kgView.struckEdges()")) == ["CL:0000134|HGNC:6059", "HGNC:6059|CL:0000899"]
    assert "2. via IDO1 (lost)" in it.text("#routes")
    assert "2 struck out" in it.text("#count")
    assert "lost by the blockade" in it.text("#legend")
    it.page.click("text=Unblock all")
    assert "lost by the blockade" not in it.text("#legend")
    assert it.page.evaluate("kgView.struckEdges()") == []


def test_picture_of_a_blockade_opens_struck_and_can_be_undone(opened, pages):
    view, page = pages("blockade")
    it = opened(page)
    lost = sum(route.lost for route in view.routes)
    assert f"{lost} of {len(view.routes)} routes here are lost" in it.text("#blocks")
    struck = set(it.page.evaluate("kgView.struckEdges()"))
    only = {
        f"{e.source}|{e.target}"
        for e in view.edges
        if all(view.routes[[r.rank for r in view.routes].index(k)].lost for k in e.routes)
    }
    assert struck == only
    assert "lost by the blockade" in it.text("#legend")
    it.page.click("text=Unblock all")
    assert it.page.evaluate("kgView.struckEdges()") == []
    again = it.context.new_page()
    again.goto(it.url + it.page.evaluate("location.hash"))
    again.wait_for_timeout(60)
    assert again.evaluate("kgView.struckEdges()") == []


def test_groups_of_a_comparison_can_be_shown_alone(opened, pages):
    view, page = pages("comparison")
    it = opened(page)
    for key, _ in view.groups:
        it.page.select_option("#group", key)
        ranks = {route.rank for route in view.routes if route.group == key}
        assert it.visible() == sorted({f"{e.source}|{e.target}" for e in view.edges if ranks & set(e.routes)})
        assert it.page.evaluate(
            "[...document.querySelectorAll('#routes .route')].filter((b) => !b.hidden).length"
        ) == len(ranks)


# --- 19, 20: search, deep links --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wanted", ["Th17 cell", "T-helper 17 cell", "CL:0000899", "th17 CELL"])
def test_search_from_the_keyboard(opened, wanted):
    it = opened()
    it.page.keyboard.press("/")
    it.page.keyboard.type(wanted)
    it.page.keyboard.press("Enter")
    assert "Th17 cell" in it.text("#details h2")
    assert it.text("#status") == "Found Th17 cell."


def test_a_miss_is_announced(opened):
    it = opened()
    it.page.fill("#search", "no such thing")
    it.page.press("#search", "Enter")
    assert "Nothing here is called" in it.text("#status")
    assert it.page.get_attribute("#status", "aria-live") == "polite"


@pytest.mark.parametrize("view", [example, chart])
def test_deep_link_restores_and_garbage_is_harmless(opened, view):
    it = opened(view())
    page = it.page
    page.select_option("#system", "in vitro")
    page.uncheck(".sign[value='0']")
    page.fill("#papers", "1")
    if view is example:
        page.click("#routes .route >> nth=1")
    else:
        page.click(".grid button >> nth=0")
    head, hashed, seen = it.text("#details h2"), page.evaluate("location.hash"), it.visible()
    again = it.context.new_page()
    again.goto(it.url + hashed)
    again.wait_for_timeout(60)
    assert again.inner_text("#details h2") == head
    assert sorted(again.evaluate("kgView.visibleEdges()")) == seen
    assert again.evaluate("location.hash") == hashed
    for garbage in (
        "#edge=%3Cscript%3E&route=999&node=nowhere&papers=-5&category=x", "#%E0%A4%A", "#block=a,b&from=&to=", "#cell=99999",
        "#from=CL:0000134&to=__proto__", "#papers=1e9&species=constructor", "#" + "x" * 5000,
    ):  # fmt: skip
        again.goto(it.url + garbage)
        again.wait_for_timeout(40)
        assert "Click a" in again.inner_text("#details")
    assert it.errors == []


# --- 23, 24: table and keyboard ----------------------------------------------------------------------------------------------------


def test_table_twin_holds_the_visible_edges_and_opens_them(opened):
    it = opened()
    it.page.click("#twin summary")
    it.page.wait_for_selector("#twin tbody tr")
    assert len(it.page.query_selector_all("#twin tbody tr")) == 7
    it.page.uncheck(".sign[value='-1']")
    lines = it.page.query_selector_all("#twin tbody tr")
    assert sorted(line.get_attribute("data-id") for line in lines) == it.visible()
    assert it.text("#twin caption") == "5 of 7 edges"
    lines[0].focus()
    it.page.keyboard.press("Enter")
    assert "\u2192" in it.text("#details h2")
    assert it.page.evaluate("kgView.csv().split('\\r\\n').length") == 7  # header, five rows, last line end
    it.page.click("#twin th button >> nth=4")
    papers = [
        int(line.query_selector_all("td")[4].inner_text()) for line in it.page.query_selector_all("#twin tbody tr")
    ]
    assert papers == sorted(papers)
    it.page.click("#twin th button >> nth=4")
    assert it.page.get_attribute("#twin th >> nth=4", "aria-sort") == "descending"


def test_keyboard_alone_reaches_the_evidence_and_is_not_trapped(opened):
    it = opened()
    page = it.page
    seen, hidden = [], []
    for _ in range(60):
        page.keyboard.press("Tab")
        at = page.evaluate(
            "(() => { const e = document.activeElement; return [e.id || e.className || e.tagName, getComputedStyle(e).outlineStyle, parseFloat(getComputedStyle(e).outlineWidth)]; })()"
        )
        if at[0] == "BODY":
            break
        seen.append(at[0])
        if at[1] == "none" or at[2] < 2:
            hidden.append(at[0])
    assert hidden == []
    for needed in (
        "search",
        "filtering",
        "fit",
        "png",
        "sign",
        "category",
        "contradicted",
        "graph",
        "panel",
        "route",
        "SUMMARY",
    ):
        assert needed in seen
    page.focus("#graph")
    page.keyboard.press("ArrowRight")
    assert it.text("#details h2") == "MSC"
    page.keyboard.press("ArrowRight")
    assert it.text("#details h2") in ("PGE2", "IDO1")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    assert "\u2192" in it.text("#details h2")
    assert it.page.query_selector("#details .evidence a")


def test_arrow_keys_walk_the_fields_of_a_grid(opened):
    it = opened(chart())
    it.page.focus(".grid button")
    it.page.keyboard.press("ArrowDown")
    it.page.keyboard.press("Enter")
    assert it.text("#details h2") == "IDO1 \u00d7 Th17 cell"
    it.page.keyboard.press("ArrowRight")
    it.page.keyboard.press("Enter")
    assert "not tested" in it.text("#details")
    assert it.page.evaluate("document.querySelectorAll('.grid button[tabindex=\"0\"]').length") == 1


# --- 25 to 28: for everyone ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["routes", "gaps", "centrality"])
def test_axe_finds_nothing(opened, pages, name):
    axe = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
    for options in ({}, {"color_scheme": "dark"}, {"width": 390, "height": 844}):
        it = opened(pages(name)[1], **options)
        it.page.evaluate(
            "kgView.data.chart ? document.querySelector('#graph button').click() : kgView.showEdge(kgView.visibleEdges()[0])"
        )
        it.page.evaluate("document.getElementById('twin').open = true")
        it.page.wait_for_timeout(50)
        it.page.evaluate(axe)
        found = it.page.evaluate(
            "axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.map((v) => [v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120))]))"
        )
        assert found == [], options


@pytest.mark.parametrize("name", list(PICTURES))
def test_no_horizontal_scroll_and_the_picture_in_the_first_screen(opened, pages, name):
    it = opened(pages(name)[1])
    for width, height in ((390, 844), (683, 384), (768, 1024), (1366, 768), (1920, 1080)):  # 683 is 1366 at 200 %
        it.page.set_viewport_size({"width": width, "height": height})
        it.page.wait_for_timeout(30)
        assert it.page.evaluate("document.documentElement.scrollWidth") <= width
        assert it.page.evaluate("document.querySelector('#graph').getBoundingClientRect().top") < height * 0.75


def test_phone_begins_where_it_can_be_read(opened, pages):
    it = opened(pages("routes")[1], width=390, height=844)
    assert it.page.evaluate("kgView.network.getScale() * 14") >= 10.9
    assert "part" in it.text("#keys")
    point = it.page.evaluate("kgView.nodePoint('CL:0000134')")
    assert 0 < point["x"] < 390


def test_phone_shows_headings_and_the_way_to_the_routes(opened, pages):
    it = opened(pages("routes")[1], width=390, height=844)
    top = it.page.evaluate("document.getElementById('graph').getBoundingClientRect().top")
    heading = it.page.evaluate("kgView.network.canvasToDOM({ x: 0, y: kgView.data.frame[1] - 20 }).y")
    assert 0 <= heading < 60
    assert top < 844 * 0.3
    it.page.click("#down")
    assert it.page.evaluate("document.getElementById('panel').getBoundingClientRect().top") < 844 / 2
    assert it.page.evaluate("document.activeElement.id") == "panel"
    wide = opened(pages("routes")[1])
    assert not wide.page.is_visible("#down")
    assert not wide.page.is_visible("#shut")


def upright(it: Opened) -> tuple[float, float]:
    """Where the sheet with the evidence begins and ends on a phone held upright."""
    box = it.page.evaluate(
        "(({ top, bottom }) => [top, bottom])(document.getElementById('panel').getBoundingClientRect())"
    )
    return box[0], box[1]


def test_phone_shows_evidence_and_what_it_is_of_together(opened, pages):
    it = opened(pages("routes")[1], width=390, height=844, has_touch=True, is_mobile=True)
    edge = it.page.evaluate(
        """() => kgView.data.edges.filter((e) => e.from === "CL:0000134").map((e) => e.id).find((id) => {
            const { x, y } = kgView.edgePoint(id);
            return x > 20 && x < 370 && y > 220 && y < 560;
        })"""
    )
    point = it.page.evaluate("id => kgView.edgePoint(id)", edge)
    it.page.touchscreen.tap(point["x"], point["y"])
    it.page.wait_for_function("kgView.selected.edge !== null")
    edge = it.selected("edge")  # where lines cross the one on top
    it.page.wait_for_timeout(400)
    top, bottom = upright(it)
    assert 844 * 0.4 < top < bottom <= 844
    assert 0 < it.page.evaluate("id => kgView.edgePoint(id).y", edge) < top
    first = it.page.query_selector("#details .evidence").bounding_box()
    assert top < first["y"] < 844
    assert not it.page.evaluate("document.documentElement.scrollWidth > 390")
    it.page.tap("#shut")
    assert it.selected("edge") is None
    assert it.page.evaluate("document.activeElement.id") == "graph"
    assert it.page.evaluate("getComputedStyle(document.getElementById('panel')).position") == "static"
    assert it.errors == []


def test_phone_brings_a_route_from_the_list_into_sight(opened, pages):
    it = opened(pages("routes")[1], width=390, height=844, reduced_motion="reduce")
    it.page.click("#down")
    button = it.page.query_selector_all("#routes .route")[-1]
    button.click()
    it.page.wait_for_timeout(200)
    top, _ = upright(it)
    lit = it.page.evaluate(
        "kgView.data.edges.filter((e) => e.routes.includes(kgView.selected.route)).flatMap((e) => [e.from, e.to])"
    )
    points = [it.page.evaluate("id => kgView.nodePoint(id)", node) for node in lit]
    assert points
    assert any(0 < p["x"] < 390 and 0 < p["y"] < top for p in points)


@pytest.mark.parametrize("name", ["gaps", "centrality", "ladder"])
def test_phone_keeps_the_chosen_field_above_its_evidence(opened, pages, name):
    it = opened(pages(name)[1], width=390, height=844, has_touch=True, is_mobile=True)
    field = it.page.query_selector(".grid button, .bars button")
    field.tap()
    top, _ = upright(it)
    box = field.bounding_box()
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= top
    assert it.page.query_selector("#details h2").bounding_box()["y"] > top
    it.page.tap("#shut")
    assert it.selected("cell") is None
    assert it.page.evaluate("document.activeElement.closest('#graph') !== null")
    assert it.page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


@pytest.mark.parametrize("view", [example, chart, ranking])
def test_dark_and_print(opened, view):
    it = opened(view(), color_scheme="dark")
    assert it.page.evaluate("document.documentElement.dataset.theme") == "dark"
    it.page.click("#theme")
    assert it.page.evaluate("document.documentElement.dataset.theme") == "light"
    it.page.click("#theme")
    pdf = it.page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert it.page.evaluate("document.querySelectorAll('#paper svg').length") == 1
    ground = it.page.evaluate("document.querySelector('#paper svg rect').getAttribute('fill')")
    assert ground == "#ffffff"
    assert it.page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert it.errors == []


def test_reduced_motion_is_respected(opened):
    for motion, moves in (("reduce", False), ("no-preference", True)):
        it = opened(reduced_motion=motion)
        # what was drawn on the way counts, not when it was: an animation draws steps between, however slow the machine is
        drawn = it.page.evaluate(
            """() => new Promise((done) => {
                kgView.network.moveTo({ scale: 0.4 });
                const drawn = [];
                kgView.network.on("afterDrawing", () => {
                    drawn.push(kgView.network.getScale());
                    if (drawn.at(-1) > 0.6 && drawn.at(-1) === drawn.at(-2)) done(drawn);
                });
                document.getElementById("fit").click();
                (function again() { kgView.network.redraw(); requestAnimationFrame(again); })();
            })"""
        )
        between = [scale for scale in drawn if 0.41 < scale < drawn[-1] - 0.01]
        assert bool(between) == moves, drawn


# --- three questions of an immunologist, at most four interactions each ------------------------------------------------------------


class Counted:
    """Counts interactions: a click, a choice in a list, a name typed and entered, a key."""

    def __init__(self, opened: Opened):
        self.it, self.count = opened, 0

    def click_edge(self, edge):
        self.count += 1
        self.it.click_edge(edge)

    def click_node(self, node):
        self.count += 1
        self.it.click_node(node)

    def click(self, selector):
        self.count += 1
        self.it.page.click(selector)

    def choose(self, selector, value):
        self.count += 1
        self.it.page.select_option(selector, value)

    def name(self, text):
        self.count += 1
        self.it.page.keyboard.press("/")
        self.it.page.keyboard.type(text)
        self.it.page.keyboard.press("Enter")

    def focus(self, selector):
        """Tab to a control; the tests above show that each can be reached."""
        self.it.page.focus(selector)

    def key(self, key):
        self.count += 1
        self.it.page.keyboard.press(key)


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_which_papers_show_that_cord_msc_lower_tfh_in_lupus(graph, opened, way):
    from kg.gallery import picture

    it = opened(picture(graph, "map", ("SLE",)))
    hand = Counted(it)
    tfh, msc = graph.resolve("Tfh cell").curie, graph.resolve("MSC").curie
    if way == "mouse":
        hand.choose("#source", "umbilical cord")
        hand.click_edge(f"{msc}|{tfh}")
    else:
        hand.name("Tfh cell")
        hand.focus("#details .route:has-text('MSC \u2192 Tfh cell')")
        hand.key("Enter")
        hand.focus("#source")
        hand.choose("#source", "umbilical cord")
    assert hand.count <= 4
    text = it.text("#details")
    assert "MSC lowers abundance of Tfh cell" in text
    rows = graph.evidence("MSC", "Tfh cell", msc_source="umbilical cord", disease="SLE")
    known = {row.publication for claim, row in rows if claim.effect < 0 and row.direction == "supports"}
    assert known == {"doi:10.3727/096368917x694660"}
    shown = {
        anchor.get_attribute("href").removeprefix("https://doi.org/")
        for anchor in it.page.query_selector_all("#details .evidence.supports a")
    }
    assert "Against: Cord MSC did not change Tfh frequency" in text
    assert {f"doi:{each}" for each in shown} == known


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_what_is_left_if_ido1_is_blocked(graph, opened, pages, way):
    view, page = pages("comparison")
    it = opened(page)
    hand = Counted(it)
    ido = graph.resolve("IDO1").curie
    if way == "mouse":
        hand.click_node(ido)
        hand.click("#details >> text=Block")
    else:
        hand.name("IDO1")
        hand.focus("#graph")
        hand.key("b")
    assert hand.count <= 4
    lost = [route for route in view.routes if all(ido in chain for chain in route.chains)]
    assert lost
    assert f"{len(view.routes) - len(lost)} of {len(view.routes)} routes are left" in it.text("#status")


@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_what_is_known_in_sjogren_only_from_mice(graph, opened, way):
    from kg.gallery import picture

    view = picture(graph, "map", ("pSS",))
    it = opened(view)
    hand = Counted(it)
    if way == "mouse":
        hand.choose("#species", "only mouse")
    else:
        hand.focus("#species")
        hand.count += 1
        it.page.keyboard.type("only mouse")
        it.page.keyboard.press("Enter")
    assert hand.count <= 4
    rows: dict[str, list] = {}
    for edge in view.edges:
        rows.setdefault(f"{edge.source}|{edge.target}", []).extend(edge.evidence)
    expected = sorted(
        edge
        for edge, found in rows.items()
        if found and all({t for part in row.species.split("; ") for t in part.split(">")} == {"mouse"} for row in found)
    )
    assert it.visible() == expected
    assert expected
