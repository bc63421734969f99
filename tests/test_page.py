"""The pages of `kg serve` in a real browser: every width, both themes, mouse, keyboard, no JavaScript, hostile text."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import ENTITIES, PUBLICATIONS, table, write_small
from tests.pages import watched
from tests.test_serve import serving

pytestmark = pytest.mark.browser
WIDTHS = (390, 768, 1366, 1920)
ANSWER = "/trace?source=MSC&target=SLE"
PAGES = {
    "start": "/",
    "ask": "/trace",
    "answer": ANSWER,
    "blocked": f"{ANSWER}&block=IDO1&msc_source=umbilical%20cord&incoherent=true&null=1",
    "cell": "/trace?source=umbilical%20cord%20MSC&target=Tfh%20cell",
    "compare": "/compare?left=SSc&right=SLE",
    "gaps": "/gaps?disease=pSS",
    "claims": "/claims?disease=pSS&only=mouse",
    "entity": "/entity/HGNC:6059",
    "paper": "/entity/doi:10.1155/2020/6518508",
    "predicate": "/entity/negatively_regulates",
    "studies": "/studies?people=true",
    "disagreements": "/disagreements?count=5",
    "queries": "/queries",
    "query": "/queries/mediators-of",
    "search": "/search?text=tfh",
    "picture": "/picture/routes?source=MSC&target=SLE&alone=true",
}
WRONG = {
    "unknown name": (f"{ANSWER}E", 400),
    "unknown context": (f"{ANSWER}&donor=martian", 400),
    "no such page": ("/nothing", 404),
    "no such entity": ("/entity/SLEE", 404),
}
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
RUN_AXE = """axe.run(document, { resultTypes: ['violations'], iframes: false }).then((r) => r.violations.map((v) =>
[v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160))]))"""


@pytest.fixture
def opened(chromium, served):
    """Open a page of the bundled data; at the end no error was logged and nothing was asked of other hosts."""
    with watched(chromium, served.base) as make:
        yield make


def given(page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def text(page, selector="#answer") -> str:
    return page.inner_text(selector)


# --- every page ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", PAGES)
def test_each_page_at_each_width_in_both_themes(opened, name):
    page = opened(PAGES[name], reduced_motion="reduce")
    seen = set()
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (scheme, width)
        seen.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(seen) == (1 if name == "picture" else 2)  # a picture chooses its theme when it starts
    page.evaluate(AXE)
    assert page.evaluate(RUN_AXE) == []  # wide and dark
    page.set_viewport_size({"width": 390, "height": 800})
    page.emulate_media(color_scheme="light")
    assert page.evaluate(RUN_AXE) == []
    assert page.title().endswith("mscim")
    assert page.evaluate("document.querySelectorAll('h1').length") == 1


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_on_a_page(chromium, served, name):
    path, status = WRONG[name]
    page = chromium.new_page()
    answer = page.goto(served.base + path)
    assert answer.status == status
    assert page.inner_text("h1") in ("Bad Request", "Not Found")
    page.evaluate(AXE)
    assert page.evaluate(RUN_AXE) == []
    links = [link.get_attribute("href") for link in page.query_selector_all(".chips a")]
    if name == "unknown name":
        page.click(".chips a >> text=/^SLE$/")
        assert page.inner_text("h1") == "How does MSC act on SLE?"
    elif name != "no such page":
        assert links
    page.close()


def test_open_parts_are_clean_too(opened):
    page = opened(f"{ANSWER}&block=IDO1")
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    page.evaluate(AXE)
    assert page.evaluate(RUN_AXE) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


# --- names -----------------------------------------------------------------------------------------------------------


def test_names_are_completed_with_the_keyboard(opened):
    page = opened()
    page.focus("#target")
    page.keyboard.insert_text("follicular helper")
    page.wait_for_selector(".names:not([hidden]) [role=option]")
    box = page.locator("#target")
    assert box.get_attribute("role") == "combobox"
    assert box.get_attribute("aria-expanded") == "true"
    assert page.query_selector(f"#{box.get_attribute('aria-controls')}").get_attribute("role") == "listbox"
    page.evaluate(AXE)
    assert page.evaluate(RUN_AXE) == []
    page.keyboard.press("ArrowDown")
    chosen = page.query_selector(f"#{box.get_attribute('aria-activedescendant')}")
    assert chosen.get_attribute("aria-selected") == "true"
    assert "Tfh cell" in chosen.inner_text()
    page.keyboard.press("Escape")
    assert box.get_attribute("aria-expanded") == "false"
    assert box.input_value() == "follicular helper"
    page.keyboard.press("ArrowDown")
    page.wait_for_selector(".names:not([hidden]) [role=option]")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert box.input_value() == "Tfh cell"
    page.keyboard.press("Enter")
    page.wait_for_url("**/trace?*")
    assert given(page) == {"source": ["MSC"], "target": ["Tfh cell"]}


def test_a_name_at_the_top_leads_to_its_page(opened):
    page = opened("/studies")
    page.fill("#find", "HGNC:6059")
    page.click(".find [role=option]")
    page.wait_for_url("**/entity/HGNC:6059")
    assert page.inner_text("h1") == "IDO1"


# --- the three tasks: an action is a click, a choice in a list, a field filled, or Enter ---------------------------------


class Counted:
    """Counts what a user does."""

    def __init__(self, page):
        self.page, self.count = page, 0

    def click(self, selector):
        self.page.click(selector)
        self.count += 1

    def choose(self, selector, value):
        self.page.select_option(selector, value)
        self.count += 1

    def type(self, selector, value):  # Tab brings one there
        for _ in range(200):
            if self.page.evaluate("s => document.activeElement.matches(s)", selector):
                break
            self.page.keyboard.press("Tab")
        assert self.page.evaluate("s => document.activeElement.matches(s)", selector)
        if value:
            self.page.keyboard.type(value)
        self.count += 1

    def enter(self, selector=""):
        if selector:
            self.type(selector, "")
            self.count -= 1
        self.page.keyboard.press("Enter")
        self.count += 1


def reach_papers_on_tfh(page, counted):
    page.wait_for_url("**/claims?*")
    page.wait_for_load_state()
    assert given(page) == {"subject": ["umbilical cord MSC"], "object": ["Tfh cell"], "disease": ["SLE"]}
    shown = text(page)
    assert re.search(r"MSC .*lowers Tfh cell", shown)
    assert "umbilical cord MSC" in shown
    assert page.query_selector_all(".row a[href^='https://doi.org/']")  # open, without a further click
    assert counted.count <= 4


CORD = "a.chip:text-is('Tfh cell')"


def test_papers_on_cord_msc_and_tfh_cells_in_lupus_by_mouse(opened):
    page = opened()
    counted = Counted(page)
    counted.click("text=How do MSC act on systemic lupus?")
    counted.choose("#msc_source", "umbilical cord")
    page.wait_for_url("**msc_source=umbilical+cord*")
    counted.click(CORD)
    page.wait_for_url("**/claims?*")
    assert given(page)["msc_source"] == ["umbilical cord"]
    assert re.search(r"MSC .*lowers Tfh cell", text(page))
    assert page.query_selector_all(".row a[href^='https://doi.org/']")
    assert counted.count <= 4


def test_papers_on_cord_msc_and_tfh_cells_in_lupus_by_keyboard(opened):
    page = opened()
    counted = Counted(page)
    counted.type("#source", "umbilical cord MSC")
    counted.type("#target", "SLE")
    counted.enter()
    page.wait_for_selector("#answer h1")
    counted.enter(f"#answer {CORD}".replace(":text-is('Tfh cell')", "[href*='Tfh%20cell']"))
    reach_papers_on_tfh(page, counted)


def left_without_ido1(page, counted):
    page.wait_for_selector("#left")
    assert given(page)["block"] == ["IDO1"]
    shown = text(page, "section[aria-labelledby=left]")
    assert "via IDO1" in shown
    assert re.search(r"Surviving \(\d+\)", shown)
    assert counted.count <= 4


def test_what_is_left_without_ido1_by_mouse(opened):
    page = opened()
    counted = Counted(page)
    counted.click("text=How do MSC act on systemic lupus?")
    counted.choose("#block", "IDO1")
    counted.click("button:text-is('Block')")
    left_without_ido1(page, counted)
    page.click("[aria-label='Unblock IDO1']")
    page.wait_for_selector("#left", state="detached")
    assert "block" not in given(page)


def test_what_is_left_without_ido1_by_keyboard(opened):
    page = opened()
    counted = Counted(page)
    counted.type("#target", "SLE")
    counted.enter()
    page.wait_for_selector("#answer h1")
    counted.type("#block", "IDO1")
    counted.enter("#block + button")
    left_without_ido1(page, counted)
    assert page.evaluate("document.activeElement.id") in ("left", "title", "") or page.evaluate(
        "document.activeElement.tagName"
    ) in ("BUTTON", "SELECT")


def only_from_mice(page, counted):
    page.wait_for_url("**only=mouse*")
    page.wait_for_load_state()
    assert given(page) == {"disease": ["pSS"], "only": ["mouse"]}
    page.wait_for_selector(".claim")
    told = page.locator(".claim summary .soft").all_inner_texts()
    assert told
    assert all(each.endswith("; mouse") for each in told)
    assert counted.count <= 4


def test_what_is_known_only_from_mice_by_mouse(opened):
    page = opened()
    counted = Counted(page)
    counted.click(".diseases li:has-text('pSS') a:has-text('claims')")
    counted.choose("#only", "mouse")
    only_from_mice(page, counted)


def test_what_is_known_only_from_mice_by_keyboard(opened):
    page = opened()
    counted = Counted(page)
    counted.enter(".diseases a[href='/claims?disease=pSS']")
    page.wait_for_url("**/claims?*")
    counted.type("#only", "mouse")
    only_from_mice(page, counted)


# --- asked again in place --------------------------------------------------------------------------------------------


def test_the_context_ranks_again_and_the_address_says_so(opened, served):
    page = opened(ANSWER)
    before = text(page, ".routes")
    page.evaluate("window.mine = true")
    page.select_option("#msc_source", "bone marrow")
    page.wait_for_url("**msc_source=bone+marrow*")
    assert page.evaluate("window.mine")  # the page was not left
    page.wait_for_selector("text=/MSC source: \\d+ of \\d+ papers/")
    assert text(page, ".routes") != before
    assert page.evaluate("document.getElementById('said').textContent").strip()
    plain = served.client.get(urlsplit(page.url).path + "?" + urlsplit(page.url).query).text
    fresh = page.evaluate(
        "t => new DOMParser().parseFromString(t, 'text/html').getElementById('answer').textContent", plain
    )
    assert fresh == page.evaluate("document.getElementById('answer').textContent")
    page.go_back()
    page.wait_for_url(f"**{ANSWER}")
    page.wait_for_load_state()
    assert text(page, ".routes") == before


def test_an_unknown_name_in_place_leads_to_what_is_wrong(chromium, served):
    page = chromium.new_page()
    page.goto(served.base + ANSWER)
    page.fill("#disease", "lupuss")
    page.press("#disease", "Enter")
    page.wait_for_selector("h1:text-is('Bad Request')")
    assert "lupuss" in text(page, "main")
    page.close()


def test_the_picture_is_that_of_the_command(opened, graph):
    from kg import gallery
    from kg.views import _script_safe, payload

    page = opened(ANSWER, width=1500, height=900)
    frame = page.frame(name="picture")
    frame.wait_for_selector("#routes .route", state="attached")
    data = frame.evaluate("document.getElementById('data').textContent")
    assert data == _script_safe(payload(gallery.routes(graph, graph.trace("MSC", "SLE"))))
    page.click(".route >> nth=0 >> text=Show in the picture")
    frame.wait_for_selector("#details h2")
    assert frame.inner_text("#details h2").startswith("Route 1:")
    assert page.inner_text(".route >> nth=0 >> h3").endswith(frame.inner_text("#details h2").partition(": ")[2])
    drawn = frame.evaluate("[...document.querySelectorAll('canvas')].length")
    assert drawn == 1


def test_the_answer_is_that_of_the_api(opened, served):
    page = opened(f"{ANSWER}&block=IDO1")
    links = {link.inner_text(): link.get_attribute("href") for link in page.query_selector_all("section.cite a")}
    answer = served.client.get(links["JSON"]).json()
    assert answer["id"] in text(page, "section.cite")
    assert answer["command"] in text(page, "section.cite")
    labels = [re.sub(r"^\S+ \d+\. ", "", each) for each in page.locator(".route h3").all_inner_texts()]
    wanted = [route["label"] for kind in ("routes", "counter_routes") for route in answer[kind]]
    assert [each.split(". ", 1)[-1] for each in labels] == wanted
    papers = {paper for kind in ("routes", "counter_routes") for route in answer[kind] for each in route["mechanisms"] for step in each["steps"] for paper in step["publications"]}  # fmt: skip
    items = served.client.get(links["CSL-JSON"]).json()
    assert papers <= {item["note"].partition("; ")[0] for item in items}
    assert served.client.get(links["BibTeX"]).text.count("@article") == len(items)


def test_a_named_query_opens_in_the_editor(opened):
    page = opened("/queries/mediators-of")
    first = page.inner_text("table tbody td")
    page.click("summary:text-is('The query')")
    page.click("text=Change it in the editor")
    page.wait_for_url("**/sparql#query=*")
    page.wait_for_selector("#found table")
    assert first in text(page, "#found")


# --- without JavaScript, on paper ------------------------------------------------------------------------------------


def test_everything_works_without_javascript(opened):
    page = opened(java_script_enabled=False)
    page.fill("#target", "SLE")
    page.click("text=Ask")
    assert page.inner_text("h1") == "How does MSC act on SLE?"
    page.select_option("#species", "mouse")
    page.select_option("#block", "IDO1")
    page.click("button:text-is('Block')")
    assert given(page)["species"] == ["mouse"]
    assert page.inner_text("h1") == "How does MSC act on SLE without IDO1?"
    page.click("[aria-label='Unblock IDO1']")
    assert page.inner_text("h1") == "How does MSC act on SLE?"
    page.click(".route >> nth=0 >> summary")
    assert page.is_visible(".route >> nth=0 >> .steps")
    page.fill("#find", "tfh")
    page.click("button:text-is('Find')")
    page.click("text=Tfh cell")
    assert page.inner_text("h1") == "Tfh cell"
    page.click("text=Studies")
    page.select_option("#outcome", "no difference")
    page.click("button:text-is('Show')")
    assert set(page.locator(".outcome").all_inner_texts()) == {"no difference"}


def test_on_paper_the_answer_is_left(opened):
    page = opened(ANSWER)
    page.emulate_media(media="print")
    assert not page.is_visible(".top")
    assert not page.is_visible(".context")
    assert page.is_visible("#title")
    assert len(page.pdf()) > 10_000


# --- foreign text ----------------------------------------------------------------------------------------------------

HOSTILE = "<img src=x onerror=window.hit=1><script>window.hit=1</script>'\"{{7*7}}"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A server over tables in which texts try to be markup."""
    import kg

    folder = write_small(tmp_path_factory.mktemp("hostile") / "data")
    evil = HOSTILE.replace('"', "”")
    names = ENTITIES.replace("prostaglandin E2", f"prostaglandin E2|{evil}")
    (folder / "ontology" / "entities.tsv").write_text(table(names), encoding="utf-8")
    papers = PUBLICATIONS.replace("Th17 cells in lupus", evil).replace("IDO in MSC", evil).replace("One A", evil)
    (folder / "triples" / "publications.tsv").write_text(table(papers), encoding="utf-8")
    claims = folder / "triples" / "claims.tsv"
    claims.write_text(claims.read_text().replace("A finding in our words.", evil), encoding="utf-8")
    studies = folder / "triples" / "studies.tsv"
    studies.write_text(studies.read_text().replace("A trial", evil), encoding="utf-8")
    built = kg.load(folder)
    with serving(built.folder) as made:
        yield made
    shutil.rmtree(folder)


def test_foreign_text_stays_text(chromium, hostile):
    from urllib.parse import quote

    paths = [
        "/",
        ANSWER,
        f"{ANSWER}&block=PGE2",
        "/claims?about=MSC",
        "/studies",
        "/disagreements",
        "/gaps?disease=SLE",
        "/compare?left=SLE&right=RA",
        "/entity/CHEBI:15551",
        "/entity/doi:10.1000/one",
        "/search?text=img",
        "/queries/mediators-of",
    ]
    foreign = quote(HOSTILE)
    paths += [f"/{name}" for name in (f"trace?source={foreign}&target=SLE", f"claims?about={foreign}", f"{foreign}")]
    paths += [f"/search?text={foreign}", f"/entity/{foreign}", f"/trace?source=MSC&target=SLE&donor={foreign}"]
    paths += [f"/queries/{foreign}", f"/picture/{foreign}", f"/studies?sort={foreign}"]
    page = chromium.new_page()
    seen = 0
    for path in paths:
        page.goto(hostile.base + path)
        page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
        assert page.evaluate("window.hit") is None, path
        assert page.evaluate("document.querySelectorAll('img, script:not([src]):not([type])').length") == 0, path
        assert "49" not in page.inner_text("h1"), path
        seen += "onerror" in page.inner_text("body")
    assert seen >= 15
    page.goto(hostile.base + "/")
    page.fill("#target", "window.hit")
    page.wait_for_selector("[role=option]")
    assert "<script>" in page.inner_text("[role=option] >> nth=0")
    page.close()


def test_pages_keep_to_their_policy(served):
    for path in PAGES.values():
        answer = served.client.get(path, headers={"Accept": "text/html"})
        policy = answer.headers["content-security-policy"]
        assert answer.status_code == 200
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'"), path
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        framed = path.startswith("/picture/")
        assert answer.headers["x-frame-options"] == ("SAMEORIGIN" if framed else "DENY")
        assert f"frame-ancestors {chr(39)}{'self' if framed else 'none'}{chr(39)}" in policy
        assert not re.search(r"<[^>]+ (style|on\w+)=", answer.text), path
        scripts = re.findall(r"<script([^>]*)>", answer.text)
        assert all("src=" in each or "json" in each for each in scripts), path
        again = served.client.get(path, headers={"Accept": "text/html", "If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
        assert "content-security-policy" not in again.headers  # or the browser would take that of other answers


def test_files_may_be_kept(served):
    page = served.client.get("/").text
    links = re.findall(r'(?:href|src)="(/page/[^"]+)"', page)
    assert len(links) == 3
    for link in links:
        answer = served.client.get(link)
        assert "immutable" in answer.headers["cache-control"]
        stale = served.client.get(link.partition("?")[0])
        assert stale.headers["cache-control"] == "no-cache"
        again = served.client.get(link, headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304
    assert served.client.get("/page/other.js").status_code == 404


def test_json_for_search_engines_is_on_the_start_page(opened):
    page = opened()
    card = json.loads(page.evaluate("document.querySelector('script[type=\"application/ld+json\"]').textContent"))
    assert card["@type"] == "Dataset"
