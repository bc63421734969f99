"""The exported page in a real browser: nothing asked of the network, clicks, keys, exports, hostile text."""

from __future__ import annotations

import os
import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from tests.test_views import PAYLOADS, ViewEvidence, ViewRoute, example, html

pytestmark = pytest.mark.browser
CHROMIUM = os.environ.get("KG_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()


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
    def __init__(self, browser, path: Path, view, **options):
        path.write_text(html(view) if not isinstance(view, str) else view, encoding="utf-8")
        self.context = browser.new_context(viewport={"width": 1366, "height": 768}, accept_downloads=True, **options)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.errors: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on(
            "console", lambda message: message.type in ("error", "warning") and self.errors.append(message.text)
        )
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.url = path.as_uri()
        self.page.goto(self.url)
        self.page.wait_for_timeout(300)

    def text(self, selector: str) -> str:
        return self.page.inner_text(selector)


@pytest.fixture
def opened(browser, tmp_path):
    made = []

    def make(view=None, **options):
        made.append(Opened(browser, tmp_path / f"view{len(made)}.html", view or example(), **options))
        return made[-1]

    yield make
    for each in made:
        each.context.close()


def click_edge(opened, identity):
    point = opened.page.evaluate(f"kgView.edgePoint({identity!r})")
    opened.page.mouse.click(point["x"], point["y"])
    opened.page.wait_for_timeout(150)


def test_tour_asks_nothing_of_the_network_and_logs_no_error(opened, tmp_path):
    it = opened()
    page = it.page
    click_edge(it, "CHEBI:15551|CL:0000899")
    page.fill("#search", "prostaglandin E2")
    page.press("#search", "Enter")
    page.click("#routes .route >> nth=1")
    for box in page.query_selector_all(".sign"):
        box.click()
        box.click()
    page.select_option("#category", "ImmuneCell")
    page.select_option("#species", "human")
    page.fill("#papers", "1")
    page.click("#contradicted")
    for button in ("#fit", "#theme", "#theme", "#reset"):
        page.click(button)
    page.click("#twin summary")
    for button in ("#png", "#svg"):
        with page.expect_download() as download:
            page.click(button)
        download.value.save_as(tmp_path / download.value.suggested_filename)
    page.click("#csv")
    page.wait_for_timeout(200)
    assert it.errors == []
    outside = [url for url in it.requests if not url.startswith(("file:", "data:", "blob:"))]
    assert outside == []
    assert [url for url in it.requests if url.startswith("file:")] == [it.url]
    import struct

    head = (tmp_path / "msc-and-sle.png").read_bytes()[:24]
    width, height = struct.unpack(">II", head[16:24])
    root = ET.parse(tmp_path / "msc-and-sle.svg").getroot()
    assert width >= 2 * float(root.get("width")) - 2
    assert height >= 2 * float(root.get("height")) - 2
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"MSC and SLE", "PGE2", "Th17 cell"} <= set(texts)
    assert any("2026+abc" in (text or "") for text in texts)
    assert not list(root.iter("{http://www.w3.org/2000/svg}script"))


@pytest.mark.parametrize(
    ("edge", "papers"),
    [
        ("CHEBI:15551|CL:0000899", {"https://doi.org/10.1000/one"}),
        ("CL:0000134|CHEBI:15551", {"https://doi.org/10.1000/one", "https://pubmed.ncbi.nlm.nih.gov/104", "https://pmc.ncbi.nlm.nih.gov/articles/PMC3"}),
    ],
)  # fmt: skip
def test_mouse_click_on_an_edge_shows_its_papers(opened, edge, papers):
    it = opened()
    click_edge(it, edge)
    anchors = it.page.query_selector_all("#details a")
    assert {anchor.get_attribute("href") for anchor in anchors} == papers
    assert {anchor.get_attribute("rel") for anchor in anchors} == {"noopener noreferrer"}
    assert it.page.evaluate("location.hash").startswith("#edge=")


def test_conflict_edge_lists_both_signs(opened):
    it = opened()
    it.page.evaluate("kgView.selectEdge('CL:0000134|CL:0000236')")
    text = it.text("#details")
    assert "MSC lowers proliferation of B cell" in text
    assert "MSC raises proliferation of B cell" in text
    assert "contradicted" in text


def test_arrowheads_follow_the_signs(opened):
    it = opened()
    heads = it.page.evaluate(
        "Object.fromEntries(kgView.network.body.data.edges.get().map(e => [e.id, e.arrows.to.type]))"
    )
    assert heads["CL:0000134|CHEBI:15551"] == "arrow"
    assert heads["CHEBI:15551|CL:0000899"] == "bar"
    assert heads["CL:0000134|CL:0000236"] == "diamond"
    assert heads["CL:0000236|MONDO:0007915"] == "circle"


def test_search_from_the_keyboard_and_a_miss(opened):
    it = opened()
    it.page.keyboard.press("/")
    it.page.keyboard.type("T-helper 17 cell")
    it.page.keyboard.press("Enter")
    assert "Th17 cell" in it.text("#details h2")
    it.page.fill("#search", "no such thing")
    it.page.press("#search", "Enter")
    assert "Nothing here is called" in it.text("#status")


def test_filters_agree_with_the_data_and_count(opened):
    it = opened()
    it.page.uncheck(".sign[value='-1']")
    visible = it.page.evaluate("kgView.visibleEdges()")
    assert sorted(visible) == sorted(
        ["CL:0000134|CHEBI:15551", "CL:0000134|HGNC:6059", "CL:0000134|CL:0000236", "CL:0000899|MONDO:0007915", "CL:0000236|MONDO:0007915"]
    )  # fmt: skip
    assert it.text("#count").startswith("5 of 7 edges")
    assert "4 more claims are not in this picture" in it.text("#count")
    it.page.check("#contradicted")
    assert len(it.page.evaluate("kgView.visibleEdges()")) == 2


def test_route_lights_its_edges_and_deep_link_restores(opened):
    it = opened()
    it.page.click("#routes .route >> nth=1")
    assert "via IDO1" in it.text("#details h2")
    again = it.context.new_page()
    again.goto(it.url + it.page.evaluate("location.hash"))
    again.wait_for_timeout(200)
    assert "via IDO1" in again.inner_text("#details h2")
    again.goto(it.url + "#edge=%3Cscript%3E&route=999&node=nowhere&papers=-5&category=x")
    again.wait_for_timeout(200)
    assert "Click an edge" in again.inner_text("#details")


def test_table_twin_holds_the_visible_edges_and_opens_them(opened):
    it = opened()
    it.page.click("#twin summary")
    it.page.wait_for_selector("#twin tbody tr")
    assert len(it.page.query_selector_all("#twin tbody tr")) == 7
    it.page.uncheck(".sign[value='-1']")
    lines = it.page.query_selector_all("#twin tbody tr")
    assert sorted(line.get_attribute("data-id") for line in lines) == sorted(it.page.evaluate("kgView.visibleEdges()"))
    lines[0].focus()
    it.page.keyboard.press("Enter")
    assert "\u2192" in it.text("#details h2")
    assert it.page.evaluate("kgView.csv().split('\\r\\n').length") == 7  # header, five rows, last line end


@pytest.mark.parametrize("with_policy", [True, False])
def test_hostile_text_stays_inert(opened, with_policy):
    for payload in PAYLOADS:
        view = example()
        evil = ViewEvidence(payload, payload, payload, "supports", payload, payload, payload, payload)
        view = replace(
            view, title=payload, subtitle=payload, command=payload, data_version=payload, notes=(payload,),
            nodes=tuple(replace(n, name=payload, synonyms=(payload,)) for n in view.nodes),
            edges=tuple(replace(e, predicate=payload, aspect=payload, cell=payload, evidence=(evil,)) for e in view.edges),
            routes=(ViewRoute(1, payload, 1, 0.1, (payload,)),),
        )  # fmt: skip
        page = html(view)
        if not with_policy:
            page = page.replace("Content-Security-Policy", "X-Off")
        it = opened(page)
        for identity in it.page.evaluate("kgView.visibleEdges()"):
            it.page.evaluate(f"kgView.selectEdge({identity!r})")
        it.page.click("#routes .route")
        it.page.click("#twin summary")
        assert it.page.evaluate("window.hit") is None, payload
        assert not [e for e in it.errors if "ERR_FILE" not in e], payload
        it.context.close()


@pytest.mark.parametrize("width", [390, 768, 1366, 1920])
def test_no_horizontal_scroll_and_graph_in_the_first_screen(opened, width):
    it = opened()
    it.page.set_viewport_size({"width": width, "height": 768})
    it.page.wait_for_timeout(200)
    assert it.page.evaluate("document.documentElement.scrollWidth") <= width
    assert it.page.evaluate("document.querySelector('#graph').getBoundingClientRect().top") < 600


def test_labels_are_readable_after_fit(opened):
    it = opened()
    assert it.page.evaluate("kgView.network.getScale() * 14") >= 11


def test_dark_follows_the_system(opened):
    it = opened(color_scheme="dark")
    assert it.page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert it.errors == []
