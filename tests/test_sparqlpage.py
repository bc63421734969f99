"""The SPARQL page: what it is filled in with, and the editor, the examples and the answers in a real browser."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import rdflib

from kg.catalogue import catalogue
from kg.sparqlpage import filling
from kg.vocabulary import MSCIM
from tests.pages import watched

browser = pytest.mark.browser
AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
RUN_AXE = """axe.run(document, { resultTypes: ['violations'] }).then((r) => r.violations.map((v) =>
[v.id, v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160))]))"""


def test_filling(graph):
    found = filling(graph, {"assertions": 3, "evidence": 4, "publications": 2, "quads": 1234}, "http://x", 500)
    assert found["counts"] == "3 assertions, 4 evidence, 2 publications, 1,234 quads"
    assert (found["endpoint"], found["longest"]) == ("http://x/sparql", 500)
    names = [query.name for _, queries in found["groups"] for query, _ in queries]
    assert names == list(catalogue())
    for _, queries in found["groups"]:
        for query, link in queries:
            (text,) = parse_qs(urlsplit(link).query)["query"]
            assert text.startswith("PREFIX "), query.name
    known = found["known"]
    assert (f"{MSCIM}Evidence", "Evidence") in known["classes"]
    assert {f"{MSCIM}secretes", f"{rdflib.RDFS}subClassOf"} <= {iri for iri, _ in known["properties"]}
    assert known["properties"] == sorted(known["properties"])
    assert known["prefixes"]["CL"] == "http://purl.obolibrary.org/obo/CL_"
    json.dumps(known)


@pytest.fixture
def opened(chromium, served):
    """Open the page; at the end nothing broke its policy or failed, and nothing was asked of other hosts."""
    with watched(chromium, served.base, but="status of 400") as make:

        def made(path="/sparql", ready=".yasqe", **options):
            page = make(path, 1366, 900, **options)
            page.wait_for_selector(ready)
            return page

        yield made


def put(page, text: str) -> None:
    page.evaluate("text => { kgEditor.setValue(text); kgEditor.focus(); kgEditor.execCommand('goDocEnd'); }", text)


def ran(page) -> str:
    page.wait_for_function("() => document.querySelector('#stop').hidden")
    return page.inner_text("#said")


@browser
def test_the_policy_allows_no_eval_and_no_inline_code(served):
    answer = served.client.get("/sparql", headers={"Accept": "text/html"})
    policy = answer.headers["content-security-policy"]
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "connect-src 'self'" in policy
    for accept in ("", "*/*", "text/turtle", "application/rdf+xml"):  # programs get the description as before
        described = served.client.get("/sparql", headers={"Accept": accept})
        assert "service-description#Service" in described.text or "sd:Service" in described.text, accept


@browser
def test_an_example_is_loaded_and_answered_with_links_to_entities(opened, served, graph):
    page = opened()
    page.click("a[data-query=autoantibodies-of]")
    assert " rows, " in ran(page) or " row, " in ran(page)
    text = page.evaluate("kgEditor.getValue()")
    assert text.startswith("PREFIX")
    assert parse_qs(urlsplit(page.url).fragment)["query"] == [text]  # the address holds the query
    count = int(ran(page).split()[0].replace(",", ""))
    wanted = served.ask(text).text.splitlines()
    assert count == len(wanted) - 1
    assert page.locator("#found tbody tr").count() == min(count, 1000)
    put(page, "SELECT ?cell { ?cell rdfs:label 'Th17 cell' }")
    page.click("#run")
    link = page.locator("#found td a")
    link.wait_for()
    assert link.inner_text() == "CL:0000899"
    link.click()
    page.wait_for_url("**/entity/CL:0000899")
    assert "Th17 cell" in page.inner_text("h1")


@browser
def test_a_permanent_address_is_asked_at_once(opened):
    page = opened(f"/sparql#query={quote('ASK { CL:0000899 rdfs:label ?l }')}")
    page.wait_for_function("() => document.querySelector('#said').textContent.startsWith('The answer is')")
    assert ran(page).startswith("The answer is yes (true)")
    page.evaluate(
        "text => { location.hash = 'query=' + encodeURIComponent(text) }", "ASK { CL:0000899 rdfs:label 'x' }"
    )
    page.wait_for_function("() => document.querySelector('#said').textContent.startsWith('The answer is no')")


@browser
def test_rdf_is_shown_as_turtle(opened):
    page = opened()
    put(page, "CONSTRUCT { ?s rdfs:label ?l } { ?s rdfs:label ?l ; mscim:curie 'CL:0000899' }")
    page.click("#run")
    page.wait_for_selector("#found pre")
    graph = rdflib.Graph().parse(data=page.inner_text("#found pre"), format="turtle")
    assert [str(o) for o in graph.objects()] == ["Th17 cell"]


@browser
def test_what_is_wrong_is_said_with_its_place(opened):
    page = opened()
    put(page, "SELECT ?s {\n  ?s rdfs:label }")
    page.click("#run")
    page.wait_for_selector("#wrong:not([hidden])")
    assert "malformed SPARQL" in page.inner_text("#wrong")
    assert page.evaluate("kgEditor.getDoc().getCursor().line") == 1
    put(page, "SELECT ?s { SERVICE <http://127.0.0.1/> { ?s ?p ?o } }")
    page.click("#run")
    page.wait_for_function("() => document.querySelector('#wrong').textContent.includes('SERVICE is refused')")
    put(page, "ASK { }")
    page.click("#run")
    ran(page)
    assert page.is_hidden("#wrong")


@browser
@pytest.mark.parametrize(
    ("typed", "hint", "text"),
    [
        ("SELECT * { ?s mscim:secret", "mscim:secretes", "mscim:secretes"),
        ("SELECT * { ?s a mscim:EvidenceS", "mscim:EvidenceSystem", "mscim:EvidenceSystem"),
        ("SELECT * { ?s mscim:object Th17", "Th17 cell (ImmuneCell)  CL:0000899", "CL:0000899"),
        ("SELECT ?sample { ?sample rdfs:label ?l . ?sam", "?sample", "?sample"),
    ],
    ids=["property", "class", "entity", "variable"],
)
def test_completion(opened, typed, hint, text):
    page = opened()
    put(page, typed)
    page.keyboard.press("Control+Space")
    page.wait_for_function(
        "hint => [...document.querySelectorAll('.CodeMirror-hint')].some((e) => e.textContent === hint)", arg=hint
    )
    page.keyboard.press("Enter")
    page.wait_for_function("text => kgEditor.getValue().endsWith(text)", arg=text)


@browser
def test_the_keyboard_alone(opened):
    page = opened()
    page.focus("#find")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('.yasqe') !== null"):
            break
    else:
        pytest.fail("the editor is not reached")
    page.keyboard.press("Control+A")
    page.keyboard.type("ASK { }")
    page.keyboard.press("Control+Enter")
    page.wait_for_function("() => document.querySelector('#said').textContent.startsWith('The answer is yes')")
    page.keyboard.press("Tab")  # and out again
    assert page.evaluate("document.activeElement.id") == "run"
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.closest('.yasqe') !== null")


@browser
def test_all_rows_are_downloaded_and_the_first_are_shown(opened):
    page = opened()
    put(page, "SELECT ?s { ?s mscim:curie ?c }")
    page.click("#run")
    page.wait_for_selector("#found table")
    assert ran(page).endswith("the first 1,000 are shown")
    assert page.locator("#found tbody tr").count() == 1000
    with page.expect_download() as download:
        page.click("#found button")
    rows = list(csv.reader(Path(download.value.path()).read_text(encoding="utf-8").splitlines()))
    assert len(rows) - 1 == int(ran(page).split()[0].replace(",", ""))


@browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1366])
def test_axe_finds_nothing(opened, scheme, width):
    page = opened(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    page.click("#run")
    page.wait_for_selector("#found table")
    page.evaluate(AXE)
    assert page.evaluate(RUN_AXE) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@browser
def test_without_scripts_it_is_a_form(chromium, served):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served.base}/sparql")
    assert page.get_attribute("#ask", "action") == "/sparql"
    page.fill("#query", "ASK { }")
    with page.expect_response("**/sparql?query=*") as answered:
        page.click("#run")
    assert "true" in answered.value.text()
    context.close()


@browser
def test_the_first_query_has_no_fault(opened):
    page = opened()
    assert page.locator(".parseErrorIcon").count() == 0
    page.evaluate("document.querySelector('.CodeMirror').CodeMirror.setValue('SELECT * { ?x nope:y ?z }')")
    page.locator(".parseErrorIcon").wait_for()
