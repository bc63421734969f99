"""The pages as values: each is made, its links lead somewhere, what is wrong is said with a way on."""

from __future__ import annotations

import html
import json
import re
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import pages, shell
from kg.errors import KGError
from kg.protocol import Limits, Request
from kg.responses import Open, problem, respond

BASE = "http://127.0.0.1:8000"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
ANSWER = "/trace?source=MSC&target=SLE"
PATHS = [
    "/",
    "/search",
    "/search?text=th17",
    "/search?text=nothinglikethis",
    "/trace",
    ANSWER,
    f"{ANSWER}&species=any&count=3&max_length=4&via=PGE2&avoid=B%20cell&seed=2",
    f"{ANSWER}&block=IDO1&block=PGE2&incoherent=true&null=1",
    f"{ANSWER}&msc_source=umbilical%20cord&donor=allogeneic&stage=clinical%20trial&mode=soluble&priming=IFNG&disease=RA",
    "/trace?source=MSC&target=Th17%20cell",
    "/trace?source=SLE&target=MSC",
    "/compare",
    "/compare?left=SLE&right=lupus%20nephritis",
    "/compare?left=human&right=mouse&target=SLE",
    "/gaps",
    "/gaps?disease=SLE",
    "/claims",
    "/claims?about=T%20cell",
    "/claims?subject=umbilical%20cord%20MSC&object=T%20cell",
    "/claims?through=PGE2&page=7",
    "/claims?disease=SLE&only=mouse&species=mouse&msc_source=umbilical%20cord",
    "/disagreements",
    "/disagreements?about=MSC&disease=SLE&count=1",
    "/studies",
    "/studies?disease=SLE&outcome=improved&people=true&sort=patients",
    "/studies?design=RCT&source=umbilical%20cord",
    "/queries",
    "/queries/mediators-of?disease=RA",
    "/entity/CL:0000899",
    "/entity/CL:0000134",
    "/entity/MONDO:0007915",
    "/entity/NCBITaxon:9606",
    "/entity/doi:10.1000/two",
    "/entity/negatively_regulates",
    "/entity/graph/studies",
]
PICTURES = [
    "/picture/routes?source=MSC&target=SLE",
    "/picture/routes?source=MSC&target=SLE&block=PGE2",
    "/picture/routes.html?source=MSC&target=SLE",
    "/picture/comparison?left=SLE&right=lupus%20nephritis",
    "/picture/ladder?entity=SLE",
    "/picture/around?entity=MSC&alone=true",
    "/picture/map?entity=SLE&alone=true",
]


@pytest.fixture(scope="module")
def held(small_graph):
    return Open(small_graph.folder, Limits())


def get(held, address, accept=BROWSER, **more):
    path, _, query = address.partition("?")
    try:
        return respond(held, Request("GET", path, query, accept=accept, base=BASE, **more))
    except KGError as error:
        return problem(error)


def text(held, address) -> str:
    response = get(held, address)
    assert (response.status, dict(response.headers)["Content-Type"]) == (200, "text/html; charset=utf-8"), address
    assert isinstance(response.body, bytes)
    return response.body.decode()


def links(page: str) -> set[str]:
    return {html.unescape(each) for each in re.findall(r'(?:href|src|action)="([^"#]+)', page)}


@pytest.mark.parametrize("path", PATHS)
def test_pages_are_made_and_their_links_lead_somewhere(held, path):
    page = text(held, path)
    assert page.count("<h1") == 1
    assert not re.search(r"\bNone\b(?!\.)", re.sub(r"<[^>]+>", "", page))
    found = links(page)
    assert "/trace" in found
    for each in sorted(found):
        if each.startswith("/") and not each.startswith(("/data.", "/sparql", "/.well-known")):
            nothing_to_draw = 400 if each.startswith("/picture/") else 200
            assert get(held, each.partition("#")[0]).status in (200, nothing_to_draw), each
        elif not each.startswith("/"):
            assert each.startswith(("https://", "http://")), each


@pytest.mark.parametrize("path", [path for path in PATHS if "graph/" not in path])
def test_pages_of_the_bundled_data(graph, path):
    held = Open(graph.folder, Limits())
    held.graph = graph
    address = path.replace("doi:10.1000/two", "doi:10.1155/2020/6518508")
    page = text(held, address)
    assert page.rstrip().endswith("</html>")
    assert graph.data_version in page


@pytest.mark.parametrize("path", PICTURES)
def test_pictures(held, path):
    response = get(held, path)
    headers = dict(response.headers)
    assert response.status == 200
    page = response.body.decode()
    if ".html" in path:
        assert "attachment" in headers["Content-Disposition"]
        assert "src=" not in page.partition("<body")[0]
        return
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    assert ('class="framed"' in page) == ("alone" not in path)
    assert "<style>" not in page
    for each in links(page):
        assert get(held, each).status == 200


def test_papers_of_an_answer(held, small_graph):
    bib = get(held, ANSWER.replace("trace", "trace.bib"))
    assert dict(bib.headers)["Content-Type"] == "application/x-bibtex"
    csl = json.loads(get(held, ANSWER.replace("trace", "trace.csl.json")).body)
    assert {item["note"] for item in csl} == {"doi:10.1000/one", "doi:10.1000/two", "pmc:PMC3", "pubmed:104"}
    assert bib.body.decode().count("@article") == len(csl)


def test_the_page_of_an_answer_has_every_part_of_it(held, small_graph):
    page = re.sub(r"<[^>]+>", " ", text(held, f"{ANSWER}&block=IDO1&incoherent=1&null=1"))
    page = html.unescape(re.sub(r"\s+", " ", page))
    answer = small_graph.blockade("MSC", "SLE", ["IDO1"])
    assert answer.after.reason in page
    for route in (*answer.after.routes, *answer.after.counter_routes):
        assert route.label in page
        best = route.mechanisms[0]
        assert f"weight {route.weight:.3f}" in page
        assert best.stage in page
        assert f"Weakest link {best.weakest}" in page
        for step in best.steps:
            assert step.phrase in page
            assert f"belief {step.belief:.2f}" in page or step.bridge
    for said in ("discounted for", "What counted less, and why", "Chains of signs that are no mechanism", "chance"):
        assert said in page
    for outcome in answer.after.outcomes:
        assert outcome.statement in page
    assert "kg trace MSC SLE --block IDO1 --null 1 --incoherent" in page


def test_block_and_unblock(held):
    page = text(held, f"{ANSWER}&block=IDO1&count=5")
    assert f"{ANSWER}&count=5" in links(page)  # unblocks
    more = f"{ANSWER}&block=IDO1&count=5&block=PGE2"
    assert more in links(page)
    assert 'aria-label="Unblock PGE2"' in text(held, more)


@pytest.mark.parametrize(
    ("address", "status", "link"),
    [
        (f"{ANSWER}E", 400, ANSWER),
        (f"{ANSWER}&donor=allogenic", 400, f"{ANSWER}&donor=allogeneic"),
        (f"{ANSWER}&count=x", 400, ""),
        (f"{ANSWER}&block=SLE", 400, ""),
        ("/gaps?disease=SLEE", 400, "/gaps?disease=SLE"),
        ("/gaps?disease=MSC", 400, ""),
        ("/studies?sort=disese", 400, "/studies?sort=disease"),
        ("/claims?about=Th-17%20cell", 400, "/claims?about=Th17%20cell"),
        ("/claims?msc_source=moon", 400, ""),
        ("/compare?left=SLE&right=MSC", 400, ""),
        ("/queries/mediators", 404, "/queries/mediators-of"),
        ("/queries/mediators-of?disease=SLEE", 400, "/queries/mediators-of?disease=SLE"),
        ("/picture/nothing", 404, ""),
        ("/picture/around?entity=PGEE2", 400, "/picture/around?entity=PGE2"),
        ("/entity/Th17cell", 404, "/entity/CL:0000899"),
        ("/entity/nope:1", 404, ""),
    ],
)
def test_what_is_wrong_is_said_with_a_way_on(held, address, status, link):
    response = get(held, address)
    assert response.status == status
    page = response.body.decode()
    assert dict(response.headers)["Content-Type"].startswith("text/html")
    assert "<h1>" in page
    assert not link or link in links(page)


def test_every_query_of_the_catalogue_has_a_page_with_rows(graph):
    from kg.catalogue import catalogue

    held = Open(graph.folder, Limits())
    held.graph = graph
    for name in catalogue():
        assert text(held, f"/queries/{name}").count("<tr>") > 1, name


def test_a_tag_saves_making_a_page(held, monkeypatch):
    tag = dict(get(held, ANSWER).headers)["ETag"]
    monkeypatch.setattr(pages, "page", lambda asked: pytest.fail("the page was made"))
    again = get(held, ANSWER, if_none_match=tag)
    assert (again.status, again.body) == (304, b"")


def test_a_claim_has_a_page(held, small_graph):
    claim = next(each for each in small_graph.assertions if each.object == "Th17 cell")
    page = text(held, f"/entity/assertion/{claim.id}")
    assert claim.evidence[0].statement in page
    assert "doi.org/10.1000/one" in page


def test_what_does_not_count_is_said(held):
    from dataclasses import replace

    graph = held.graph
    claim = next(each for each in graph.assertions if each.object == "Th17 cell")
    void = claim.evidence[0]._replace(statement="Said and taken back.", publication="doi:10.1000/two")
    changed = claim._replace(withdrawn=(void._replace(standing="retracted"),))
    other = Open(held.folder, held.limits)
    other.graph = replace(graph, assertions=tuple(changed if each is claim else each for each in graph.assertions))
    for path in (f"/entity/assertion/{claim.id}", "/entity/doi:10.1000/two", "/claims?object=Th17%20cell"):
        page = text(other, path)
        assert re.search(r"not counted</span>\s+Said and taken back", page), path
        assert "retracted" in page
        assert "Said and taken back" not in text(held, path)
    assert "1 not counted" in text(other, "/entity/CL:0000899")


def test_programs_get_rdf_and_problems(held):
    assert dict(get(held, "/entity/CL:0000899", "*/*").headers)["Content-Type"] == "text/turtle; charset=utf-8"
    said = get(held, "/entity/Th17cell", "*/*")
    assert dict(said.headers)["Content-Type"] == "application/problem+json"


def test_addresses_leave_out_what_is_empty():
    assert shell.href("/x") == "/x"
    assert shell.href("/x", [("a", ""), ("b", "1 2&3")]) == "/x?b=1%202%263"


def test_files(held):
    for name in shell.FILES:
        response = get(held, shell.address(name).replace(BASE, ""))
        assert response.status == 200
        assert get(held, f"/page/{name}", if_none_match=dict(response.headers)["ETag"]).status == 304
    assert get(held, f"/page/{quote('../kg/cli.py')}").status == 404


VALUES = st.sampled_from(["MSC", "SLE", "PGE2", "human", "mouse", "soluble", "bone marrow", "0", "1", "3", "true", ""])
NAMES = st.sampled_from(
    "source target left right disease about subject object through only species msc_source block via avoid donor stage "
    "mode priming count max_length incoherent page people outcome design sort route entity alone text other".split()
)


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(sorted([*pages.PAGES, "/picture/routes", "/picture/map", "/picture/x", "/queries/trials-of"])),
    st.lists(st.tuples(NAMES, VALUES | st.text(max_size=12)), max_size=6),
)
def test_every_page_answers_whatever_is_asked(small_graph, path, asked):
    held = Open(small_graph.folder, Limits())
    held.graph = small_graph
    query = "&".join(f"{name}={quote(value)}" for name, value in asked)
    response = get(held, f"{path}?{query}")
    assert response.status in (200, 400, 404)
    assert isinstance(response.body, bytes)
    assert response.body
