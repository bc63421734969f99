"""Papers against their records: what is compared, what a fault of a server does, what is proposed and written."""

from __future__ import annotations

import json
import re

import pytest

from kg import curation, registries, verify
from kg.errors import SourceError
from kg.model import Publication
from kg.registries import Notice, Record, Shelf
from kg.verify import compared, proposals, same_author, same_title
from tests.conftest import write_small
from tests.registry import Server, article, work
from tests.test_cli import run

__all__ = ["run"]
DAY = "2026-11-25"
ONE = work("10.1000/ONE", "MSC lower Th17 cells through PGE2", 2011, ("One", "Ann"))
TWO = work("10.1000/two", "Th17 cells in lupus", 2012, ("Two", "Ben"))


@pytest.fixture
def server():
    """Records of the four papers of the small tables, all of which agree."""
    here = Server(
        {
            "101": article("101", "MSC lower Th17 cells through PGE2.", "2011", ("One", "A"), "10.1000/one", "PMC11"),
            "102": article("102", "Th17 cells in <i>lupus</i>.", "2013", ("Two", "BC"), "10.1000/two"),
            "103": article("103", "IDO in MSC", medline="2013 Nov-Dec", author=("Three", "C"), pmc="PMC3"),
            "104": article("104", "A review.", "2014", ("Four", "D")),
        },
        [ONE, TWO],
        {"PMC3": {"pmcid": "PMC3", "pmid": 103}, "10.1000/two": {"doi": "10.1000/two", "pmid": "102"}},
    )
    yield here
    here.close()


@pytest.fixture
def tables(tmp_path, monkeypatch):
    monkeypatch.setenv("KG_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NCBI_API_KEY", raising=False)
    monkeypatch.setattr(registries, "PACE", {"pubmed": 0.0, "key": 0.0, "crossref": 0.0})
    monkeypatch.setattr(registries, "FIRST_WAIT", 0.01)
    return write_small(tmp_path / "tables")


@pytest.fixture
def on(run, tables, server):
    def call(*arguments):
        return run("--data", str(tables), "verify", *server.options, *arguments)

    return call


def findings_of(answer):
    return {
        (each["publication"], each["kind"], each["source"], each["column"]) for each in json.loads(answer)["findings"]
    }


def test_papers_that_agree(on, tables, server, tmp_path):
    file = tmp_path / "changes.tsv"
    code, out, err = on("--proposals", str(file))
    assert code == 0, err
    assert out.startswith("4 papers: 4 agree with their records; 0 have none to compare")
    lines = [line.split("\t") for line in file.read_text().splitlines()]
    assert tuple(lines[0]) == verify.PROPOSAL
    told = {(line[0], line[1]): line[4] for line in lines[1:]}
    day = re.search(r"\d{4}-\d\d-\d\d", told[("doi:10.1000/one", "verified")])[0]
    assert told == {
        ("doi:10.1000/one", "pmcid"): "PMC11",
        ("doi:10.1000/one", "verified"): f"PubMed {day}; Crossref {day}",
        ("doi:10.1000/two", "pmid"): "102",
        ("doi:10.1000/two", "verified"): f"PubMed {day}; Crossref {day}",
        ("pmc:PMC3", "pmid"): "103",
        ("pmc:PMC3", "verified"): f"PubMed {day}",
        ("pubmed:104", "verified"): f"PubMed {day}",
    }
    before = (tables / "triples" / "publications.tsv").read_bytes()
    out = on("--apply", str(file), "--dry-run")[1]
    assert "+ pmc:PMC3\t\t103\tPMC3" in out
    assert (tables / "triples" / "publications.tsv").read_bytes() == before
    assert on("--apply", str(file))[0] == 0
    assert curation.check(tables) == []
    assert curation.format(tables, write=False) == []
    assert f"\tPubMed {day}\t\n" in (tables / "triples" / "publications.tsv").read_text()
    assert "nothing changes" in on("--apply", str(file))[2]


def test_the_question_is_polite(on, server, monkeypatch):
    monkeypatch.setenv("NCBI_API_KEY", "sesame")
    _, out, err = on("--format", "tsv")
    assert "sesame" not in out + err
    assert all(re.fullmatch(r"mscim/\S+ \(https://\S+; mailto:me@example.org\)", agent) for agent in server.agents)
    asked = [query for path, query in server.seen if path == "/eutils/efetch.fcgi"]
    assert len(asked) == 1  # in one batch
    assert asked[0]["tool"] == ["mscim"]
    assert asked[0]["email"] == ["me@example.org"]
    assert asked[0]["api_key"] == ["sesame"]
    assert all(query["mailto"] == ["me@example.org"] for path, query in server.seen if "/works/" in path)
    kinds = [query["idtype"] for path, query in server.seen if path == "/idconv/articles/"]
    assert kinds == [["pmcid"], ["doi"]]  # one kind in a request


def test_an_answer_is_kept_and_an_interrupted_run_goes_on(on, server, run, tables):
    server.faults = [None, None, None, None, *[(500, {}, "")] * 5]
    code, _, err = on()
    assert code == 5
    assert "HTTP 500, 5 times; try again later" in err
    asked = len(server.seen)
    assert on()[0] == 0
    assert len(server.seen) - asked == 1  # only what was missing
    assert on()[0] == 0
    assert len(server.seen) - asked == 1
    assert on("--max-age", "0")[0] == 0  # of today
    assert len(server.seen) - asked == 1
    assert "4 papers: 4 agree" in run("--data", str(tables), "verify", *server.options)[1]


def test_notices_are_found_and_put_into_status(on, tables, server, tmp_path, run):
    server.articles["101"] = article(
        "101", "RETRACTED: MSC lower Th17 cells through PGE2.", "2011", ("One", "A"), "10.1000/one",
        types=["Retracted Publication"], links=[("RetractionIn", "900"), ("CommentIn", "901"), ("Cites", "1")],
    )  # fmt: skip
    server.articles["104"] = article("104", "A review.", "2014", ("Four", "D"), links=[("ErratumIn", "902")])
    server.works["10.1000/two"] = TWO | {
        "updated-by": [
            {"DOI": "10.1000/EOC", "type": "expression_of_concern", "source": "publisher", "updated": {}},
            {"DOI": "10.1000/EOC", "type": "expression_of_concern", "source": "retraction-watch", "updated": {}},
            {"DOI": "10.1000/new", "type": "new_version"},
        ],
        "relation": {"is-preprint-of": [{"id-type": "doi", "id": "10.1000/Final", "asserted-by": "subject"}]},
    }
    file = tmp_path / "changes.tsv"
    code, out, _ = on("--proposals", str(file))
    assert code == 1
    assert re.search(r"retracted \(1\).*\n  One A 2011.*\n      PubMed \S+: pubmed:900", out)
    assert "comment (1): others wrote on it" in out
    status = {
        line.split("\t")[0]: line.split("\t")[4] for line in file.read_text().splitlines() if "\tstatus\t" in line
    }
    assert re.fullmatch(r"retracted \S+ PubMed pubmed:900", status["doi:10.1000/one"])
    assert re.fullmatch(
        r"expression of concern \S+ Crossref doi:10.1000/eoc; preprint of doi:10.1000/final \S+ Crossref",
        status["doi:10.1000/two"],
    )
    assert re.fullmatch(r"corrected \S+ PubMed pubmed:902", status["pubmed:104"])
    assert on("--apply", str(file))[0] == 0
    assert curation.check(tables) == []
    assert "NOT COUNTED" in run("--data", str(tables), "evidence", "MSC", "Th17 cell")[1]
    again = tmp_path / "again.tsv"
    on("--proposals", str(again))
    assert "\tstatus\t" not in again.read_text()  # it stands there


def test_a_wrong_identifier_is_told_and_fills_nothing(on, server, tmp_path):
    server.articles["101"] = article("101", "Growth of oats in Scotland", "1975", ("Miller", "J"), pmc="PMC77")
    file = tmp_path / "changes.tsv"
    code, out, _ = on("--proposals", str(file))
    assert code == 1
    assert "another paper (1)" in out
    assert "there 'Growth of oats in Scotland'" in out
    assert "PMC77" not in file.read_text()


def test_what_is_missing_and_what_differs(on, server):
    del server.works["10.1000/two"]
    del server.articles["104"]
    server.articles["103"] = article("103", "IDO in MSC", "1999", ("Another", "C"), pmc="PMC33")
    code, out, _ = on("--format", "json")
    assert code == 1
    found = findings_of(out)
    assert ("doi:10.1000/two", "missing", "Crossref", "doi") in found
    assert ("pubmed:104", "missing", "PubMed", "pmid") in found
    for column in ("year", "first_author", "pmcid"):
        assert ("pmc:PMC3", "differs", "PubMed", column) in found
    assert ("doi:10.1000/one", "agrees", "PubMed", "") in found


def test_filled_cells_are_changed_only_when_told(on, server, tables, tmp_path):
    server.articles["104"] = article("104", "A review", "1999", ("Four", "D"))
    file = tmp_path / "changes.tsv"
    on("pubmed:104", "--proposals", str(file))
    lines = file.read_text().splitlines()
    assert [line.split("\t")[1:5] for line in lines[1:]] == [["year", "change", "2014", "1999"]]
    assert "1 changes of filled cells are left out; --overwrite" in on("--apply", str(file))[2]
    assert "\t2014\t" in (tables / "triples" / "publications.tsv").read_text()
    assert on("--apply", str(file), "--overwrite")[0] == 0
    assert "\t1999\tFour D\t" in (tables / "triples" / "publications.tsv").read_text()
    file.write_text("\n".join([lines[0], lines[1].replace("\t1999\t", "\t1998\t")]) + "\n")
    code, _, err = on("--apply", str(file), "--overwrite")
    assert (code, "was changed since; run `kg verify` again" in err) == (1, True)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", "is no file of proposals"),
        ("publication\tcolumn\n", "is no file of proposals"),
        ("HEAD\nx\ty\n", "line 2: is no proposal"),
        ("HEAD\ndoi:10.1/x\tyear\tfill\t\t2000\tPubMed\t2026-11-25\n", "doi:10.1/x is not in triples/publications.tsv"),
        ("HEAD\npubmed:104\tstatus\tfill\t\tgone\tPubMed\t2026-11-25\n", "status: cannot read 'gone'"),
    ],
)
def test_a_file_that_holds_no_proposals(on, tmp_path, lines, message):
    file = tmp_path / "changes.tsv"
    file.write_text(lines.replace("HEAD", "\t".join(verify.PROPOSAL)))
    code, _, err = on("--apply", str(file))
    assert (code, message in err) == (1, True), err


def test_an_added_status_loses_none(tables, tmp_path, run):
    file, head = tmp_path / "changes.tsv", "\t".join(verify.PROPOSAL)
    one = f"corrected {DAY} PubMed"
    for line in (
        f"pubmed:104\tstatus\tfill\t\t{one}\tPubMed\t{DAY}",
        f"pubmed:104\tstatus\tadd\t{one}\tretracted {DAY} PubMed\tPubMed\t{DAY}",
    ):
        file.write_text(f"{head}\n{line}\n")
        _, _, err = run("--data", str(tables), "verify", "--apply", str(file))
    assert "1 changes of filled cells are left out" in err
    assert f"\t{one}\n" in (tables / "triples" / "publications.tsv").read_text()


FAULTS = {
    "busy": ((429, {"Retry-After": "0"}, "API rate limit exceeded"), "HTTP 429; again in 0 s"),
    "failing": ((503, {}, "later"), "HTTP 503; again in 0.01 s"),
    "cut": ("cut", "the answer breaks off or is no"),
    "short": ("short", "breaks off"),
    "web page": ("html", "a web page instead of"),
    "closed": ("closed", "the connection was closed"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_passes_is_asked_again(on, server, fault):
    trouble, said = FAULTS[fault]
    server.faults = [trouble]
    code, _, err = on("10.1000/one", "--registry", "crossref")
    assert code == 0
    assert said in err
    server.faults = [trouble]
    code, _, err = on("pubmed:104", "--registry", "pubmed")
    assert code == 0
    assert said in err


BAD_CROSSREF = {
    "no work": ('{"status": "ok", "message": []}', "JSON that is no work"),
    "list": ("[1]", "JSON that is no record"),
    "other": ('{"message": {"DOI": "10.9999/other"}}', "the record of another paper (10.9999/other)"),
}


@pytest.mark.parametrize("case", BAD_CROSSREF)
def test_wrong_answers_of_crossref(on, server, case):
    text, said = BAD_CROSSREF[case]
    server.faults = [text] * 5
    code, out, err = on("10.1000/one", "--registry", "crossref")
    assert code == 5
    assert said in err
    assert "not asked (1)" in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<eFetchResult><ERROR>Empty id list</ERROR></eFetchResult>", "no PubMed XML (Empty id list)"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><PubmedArticleSet>&a;</PubmedArticleSet>', "no PubMed XML"),
    ],
)
def test_wrong_answers_of_pubmed(on, server, text, said):
    server.faults = [text] * 5
    code, _, err = on("pubmed:104", "--registry", "pubmed")
    assert code == 5
    assert said in err


def test_wrong_answers_of_the_id_converter(on, server):
    server.faults = ['{"records": [1]}'] * 5
    code, _, err = on("PMC3", "--registry", "pubmed")
    assert code == 5
    assert "JSON that holds no records" in err


def test_a_record_that_was_not_asked_for_is_none(on, server):
    server.articles["104"] = article("999", "A review.", "2014", ("Four", "D"))
    code, out, _ = on("pubmed:104", "--format", "tsv")
    assert code == 1
    assert "pubmed:104\tmissing\tPubMed" in out


def test_who_is_not_there_is_asked_once(on, server, run, tables):
    server.close()
    code, out, err = run("--data", str(tables), "verify", *server.options)
    assert code == 5
    assert err.count("/crossref: cannot be reached") == 1
    assert "not asked (6)" in out  # by each registry that would know of it


def test_a_slow_server(on, server):
    server.faults = ["slow"]
    code, _, err = on("10.1000/one", "--registry", "crossref", "--timeout", "0.5")
    assert code == 0
    assert "no answer in 0.5 s; again" in err


def test_refused_and_misdirected(on, server, run, tables):
    server.faults = [(403, {}, "key")]
    code, _, err = on("10.1000/one", "--registry", "crossref")
    assert (code, "refuses the question (HTTP 403)" in err) == (5, True)
    server.faults = [(429, {"Retry-After": "86400"}, "")]
    assert "it asks to wait 86400 s; go on then" in on("10.1000/one", "--registry", "crossref")[2]
    code, _, err = run("--data", str(tables), "verify", "--crossref", "ftp://x")
    assert (code, "not an http or https address" in err) == (5, True)
    assert "no --contact" in err
    assert on("10.1000/none")[0] == 3
    (tables / "triples" / "studies.tsv").write_text("x\n")
    code, _, err = on()
    assert (code, "the tables cannot be read" in err) == (1, True)


def test_report_into_a_file(on, tmp_path):
    code, out, err = on("-o", str(tmp_path / "report.json"), "--format", "json")
    assert (code, out) == (0, "")
    assert set(json.loads((tmp_path / "report.json").read_text())) == {"papers", "findings", "proposals"}
    assert "wrote" in err


def test_the_pace_is_kept():
    now, slept = [0.0], []

    def sleep(seconds):
        slept.append(round(seconds, 3))
        now[0] += seconds

    here = Server({}, [ONE])
    try:
        asked = registries.registry("crossref", here.crossref, sleep=sleep, clock=lambda: now[0])
        for _ in range(3):
            registries.crossref(asked, "10.1000/one", DAY)
        assert slept == [0.2, 0.2]
        here.faults = [(404, {"X-Rate-Limit-Limit": "1", "X-Rate-Limit-Interval": "2s"}, ""), None]
        here.works["10.1000/one"] = ONE
        asked._slow_down({"X-Rate-Limit-Limit": "1", "X-Rate-Limit-Interval": "2s"})
        registries.crossref(asked, "10.1000/one", DAY)
        assert slept[-1] == 2.0
    finally:
        here.close()
    assert registries.registry("pubmed", "http://x/eutils/").pace == 0.34
    assert registries.registry("pubmed", "http://x", key="k").pace == 0.11


def test_shelf(tmp_path):
    shelf = Shelf(tmp_path)
    record = Record("PubMed", DAY, title="T", notices=(Notice("retracted", "pubmed:1"),))
    shelf.put("PubMed:1", record)
    assert shelf.get("PubMed:1", DAY, 30) == record
    assert shelf.get("PubMed:1", "2026-12-25", 30) == record
    assert shelf.get("PubMed:1", "2026-12-26", 30) is None
    assert shelf.get("PubMed:1", "2026-11-24", 30) is None  # of tomorrow
    assert shelf.get("PubMed:2", DAY, 30) is None
    next(tmp_path.iterdir()).write_text("{")
    assert shelf.get("PubMed:1", DAY, 30) is None


@pytest.mark.parametrize(
    ("ours", "theirs", "least", "most"),
    [
        ("IL-17 in lupus", "IL17 in Lupus.", 1, 1),
        ("TGF-β1 and fibrosis", "TGF beta 1 and fibrosis", 1, 1),
        ("A trial of cord MSC in severe lupus", "A trial of cord MSC in severe lupus: 12 months of follow-up", 1, 1),
        ("Sjögren’s syndrome", "Sjogren's <sup>syndrome</sup>", 1, 1),
        ("MSC in lupus nephritis of the mouse", "Growth of oats", 0, 0.6),
        ("", "x", 0, 0),
    ],
)
def test_titles_are_compared_but_for_print(ours, theirs, least, most):
    assert least <= same_title(ours, theirs) <= most


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("Müller-Ladner U", "Muller-Ladner Ulf", True),
        ("van der Meer J", "van der Meer JW", True),
        ("EULAR Group", "EULAR Group", True),
        ("Li X", "Liu X", False),
        ("", "Liu X", False),
    ],
)
def test_first_authors_are_compared_by_family(ours, theirs, same):
    assert same_author(ours, theirs) is same


def test_odd_records():
    paper = Publication("doi:10.1/x", doi="10.1/x", title="One title of a paper", first_author="A B", year="2000")
    notice = Record("Crossref", DAY, doi="10.1/x", title="One title of a paper", notices=(Notice("notice"),))
    assert [each.kind for each in compared(paper, [notice])] == ["agrees", "notice"]
    assert [each.kind for each in compared(paper, [Record("PMC", DAY)], ["down"])] == ["not asked"]
    bare = Publication("doi:10.1/x", doi="10.1/x")
    record = Record("PubMed", DAY, title="<b>New</b> title.", year="1999", first_author="A B", pmid="5")
    told = {p.column: p.new for p in proposals(bare, [record], compared(bare, [record]))}
    assert told == {
        "pmid": "5",
        "year": "1999",
        "first_author": "A B",
        "title": "New title",
    }  # and is not verified by it
    known = paper._replace(verified="page read 2026-11-24 https://example.org; PubMed 2026-01-01")
    record = Record("PubMed", DAY, title="One title of a paper")
    added = list(proposals(known, [record], compared(known, [record])))
    assert [(p.kind, p.new) for p in added] == [("add", f"page read 2026-11-24 https://example.org; PubMed {DAY}")]
    own = Record("Crossref", DAY, title="One title of a paper", notices=(Notice("preprint of", "doi:10.1/x"),))
    assert [p.column for p in proposals(paper, [own], compared(paper, [own]))] == ["verified"]


def test_crossref_works_with_little_in_them():
    here = Server(
        {}, [{"DOI": "10.1000/bare"}, work("10.1000/group", "T", author=("", "")) | {"author": [{"name": "G"}]}]
    )
    try:
        asked = registries.registry("crossref", here.crossref)
        assert registries.crossref(asked, "10.1000/bare", DAY) == Record("Crossref", DAY, doi="10.1000/bare")
        assert registries.crossref(asked, "10.1000/group", DAY).first_author == "G"
        here.works["10.1000/x"] = {"DOI": "10.1000/x", "update-to": [{}], "published-print": {"date-parts": [["2004"]]}}
        found = registries.crossref(asked, "10.1000/x", DAY)
        assert (found.year, found.notices) == ("2004", (Notice("notice"),))
    finally:
        here.close()
    with pytest.raises(SourceError, match="cannot be reached"):
        registries.crossref(asked, "10.1000/x", DAY)


def test_pubmed_preprints_and_group_authors():
    here = Server({
        "7": article("7", "P", "2020", ("The Group", ""), types=["Preprint"], links=[("UpdateIn", "8"), ("RetractionIn", "")]),
        "9": article("9", "P", "2020", ("A", "B"), types=["Retracted Publication"], links=[("ErratumFor", "3")]),
    })  # fmt: skip
    try:
        found = registries.pubmed(registries.registry("pubmed", here.pubmed), ["7", "9", "10"], DAY)
    finally:
        here.close()
    assert found["7"].first_author == "The Group"
    assert found["7"].notices == (Notice("preprint of", "pubmed:8"), Notice("retracted"))
    assert found["9"].notices == (Notice("notice", "pubmed:3"), Notice("retracted"))
    assert found["10"].found is False
