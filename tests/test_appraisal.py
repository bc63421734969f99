"""Retractions and second readings: what they change in beliefs, and that nobody can overlook them."""

from __future__ import annotations

import json

import pytest

from kg import curation, rdf
from kg.citations import bibtex, csl
from kg.dataset import build, load
from kg.graph import Context, Weigher
from kg.model import Publication, row_id
from tests.conftest import write_small
from tests.test_cli import run

__all__ = ["run"]
ANY = Context(species="")


@pytest.fixture
def tables(tmp_path):
    return write_small(tmp_path / "tables")


def mark(tables, publication, status):
    path = tables / "triples" / "publications.tsv"
    lines = path.read_text().splitlines()
    for n, line in enumerate(lines):
        if line.startswith(publication + "\t"):
            lines[n] = line.rsplit("\t", 1)[0] + "\t" + status
    path.write_text("\n".join(lines) + "\n")


def check(tables, **cells):
    columns = curation.COLUMNS["checks"]
    path = tables / "triples" / "checks.tsv"
    text = path.read_text() if path.exists() else "\t".join(columns) + "\n"
    given = {"outcome": "verified", "date": "2026-11-25", "read": "abstract", "source": "https://example.org/1"} | cells
    path.write_text(text + "\t".join(given.get(column, "") for column in columns) + "\n")


def claim_of(graph, subject, predicate, object):
    return next(c for c in graph.assertions if (c.subject, c.predicate, c.object) == (subject, predicate, object))


def test_a_retracted_paper_counts_for_nothing_and_is_shown_as_such(tables, run):
    before = load(tables)
    assert any(route.mediators == ("PGE2",) for route in before.trace("MSC", "SLE").routes)
    mark(tables, "doi:10.1000/one", "retracted 2026-11-25 PubMed pubmed:20137807")
    assert curation.check(tables) == []
    graph = load(tables)
    claim = claim_of(graph, "MSC", "negatively_regulates", "Th17 cell")
    assert claim.evidence == ()
    assert claim.withdrawn[0].standing == "retracted"
    assert claim.publications == ()
    assert Weigher(graph.vocabulary, ANY).belief(claim) == 0
    assert not any(route.mediators == ("PGE2",) for route in graph.trace("MSC", "SLE").routes)
    direct = "ASK { CL:0000134 mscim:negatively_regulates CL:0000899 }"
    assert bool(before.query(direct))
    assert not bool(graph.query(direct))
    rows = "SELECT ?row { ?claim mscim:evidence ?row . ?row mscim:publication <https://doi.org/10.1000/one> }"
    assert (len(list(before.query(rows))), len(list(graph.query(rows)))) == (3, 0)
    assert len(list(graph.query(rows.replace("mscim:evidence", "mscim:withdrawn_evidence")))) == 3
    labels = list(graph.query("SELECT ?l { <https://doi.org/10.1000/one> rdfs:label ?l }"))
    assert labels[0][0].value.endswith("[retracted]")
    data = ("--data", str(tables))
    out = run(*data, "evidence", "MSC", "Th17 cell")[1]
    assert "NOT COUNTED:" in out
    assert "PGE2 [retracted] (doi:10.1000/one)" in out
    row = json.loads(run(*data, "evidence", "MSC", "Th17 cell", "--format", "json")[1])["rows"][0]
    assert (row["standing"], row["counts"], row["direction"]) == ("retracted", False, "supports")
    assert "not counted for Th17 cell (negatively_regulates): One A 2011" in run(*data, "show", "MSC")[1]
    card = json.loads(run(*data, "show", "MSC", "--format", "json")[1])
    assert ["doi:10.1000/one"] in [each["withdrawn"] for each in card["lowers"]]
    assert "not counted: doi:10.1000/one (retracted)" in run(*data, "trace", "MSC", "Th17 cell")[1]
    for command in (["gaps", "SLE"], ["disagreements"], ["stats"], ["centrality"], ["compare", "SLE", "RA"],
                    ["communities"], ["studies"], ["view", "MSC", "SLE", "-o", "-"], ["view", "PGE2", "-o", "-"],
                    ["export", "graphml"], ["view", "SLE", "--as", "map", "-o", "-"]):  # fmt: skip
        assert run(*data, *command)[0] == 0, command


def test_a_retracted_trial_is_no_tested_outcome_and_its_study_says_so(tables, run):
    mark(tables, "doi:10.1000/two", "retracted 2026-11-25 Crossref")
    data = ("--data", str(tables))
    answer = load(tables).trace("MSC", "SLE")
    assert "doi:10.1000/two" not in {outcome.publication for outcome in answer.outcomes}
    assert "not counted: doi:10.1000/two (retracted)" in run(*data, "trace", "MSC", "SLE")[1]
    assert "[retracted]" in run(*data, "studies")[1]
    study = json.loads(run(*data, "studies", "--format", "json")[1])["rows"][0]
    assert study["title"] == "A trial [retracted]"


@pytest.mark.parametrize(
    ("status", "factor"),
    [
        ("expression of concern 2026-11-25 PubMed", 0.5),
        ("corrected 2026-11-25 https://example.org/erratum", 1.0),
        ("corrected 2026-11-25 PubMed; expression of concern 2026-11-25 PubMed", 0.5),
    ],
)
def test_a_warned_of_paper_counts_less(tables, status, factor):
    plain = load(tables)
    whole = Weigher(plain.vocabulary, ANY).belief(claim_of(plain, "Th17 cell", "contributes_to", "SLE"))
    mark(tables, "doi:10.1000/two", status)
    graph = load(tables)
    claim = claim_of(graph, "Th17 cell", "contributes_to", "SLE")
    weigher = Weigher(graph.vocabulary, ANY)
    assert weigher.belief(claim) == pytest.approx(whole * factor)
    assert bool(weigher.discounts(claim, claim.evidence[0])) == (factor != 1)


def test_one_weigher_tells_rows_apart_by_their_standing(tables):
    graph = load(tables)
    claim = claim_of(graph, "Th17 cell", "contributes_to", "SLE")
    row, weigher = claim.evidence[0], Weigher(graph.vocabulary, ANY)
    whole = weigher.support(claim, row)
    assert weigher.support(claim, row._replace(standing="expression of concern")) == pytest.approx(whole / 2)
    assert weigher.support(claim, row._replace(checked="in another paper doi:10.1/x 2026-11-25")) == pytest.approx(
        whole * 0.7
    )


def test_a_preprint_and_its_paper_count_once(tables):
    claims = tables / "triples" / "claims.tsv"
    lines = claims.read_text().splitlines()
    twin = next(line for line in lines if line.startswith("IDO1\t")).replace("pmc:PMC3", "doi:10.1000/two")
    claims.write_text("\n".join([*lines, twin]) + "\n")
    curation.format(tables)
    graph = load(tables)
    claim = claim_of(graph, "IDO1", "negatively_regulates", "T cell")
    both = Weigher(graph.vocabulary, ANY).belief(claim)
    mark(tables, "doi:10.1000/two", "preprint of pmc:PMC3 2026-11-25 Crossref")
    graph = load(tables)
    once = Weigher(graph.vocabulary, ANY).belief(claim_of(graph, "IDO1", "negatively_regulates", "T cell"))
    assert (once, both) == (pytest.approx(0.55), pytest.approx(1 - 0.45**2))


@pytest.mark.parametrize(
    ("outcome", "factor"), [("verified", 1.0), ("in another paper", 0.7), ("not found", 0.0), ("text unavailable", 1.0)]
)
def test_a_second_reading_counts(tables, run, outcome, factor):
    graph = load(tables)
    claim = claim_of(graph, "Th17 cell", "contributes_to", "SLE")
    whole = Weigher(graph.vocabulary, ANY).belief(claim)
    row = claim.evidence[0]
    identity = row_id(claim.id, row.direction, row.publication, row.statement)
    other = {"found_in": "doi:10.1000/one"} if outcome == "in another paper" else {}
    read = {"read": "", "source": ""} if outcome == "text unavailable" else {}
    check(tables, row=identity, publication=row.publication, outcome=outcome, **other, **read)
    assert curation.check(tables) == []
    graph = load(tables)
    claim = claim_of(graph, "Th17 cell", "contributes_to", "SLE")
    assert Weigher(graph.vocabulary, ANY).belief(claim) == pytest.approx(whole * factor)
    shown = run("--data", str(tables), "evidence", "Th17 cell", "SLE")[1]
    assert f"checked: {outcome}" in shown
    assert ("NOT COUNTED:" in shown) == (factor == 0)
    told = json.loads(run("--data", str(tables), "evidence", "Th17 cell", "SLE", "--format", "json")[1])["rows"][0]
    assert told["row"] == identity


def test_the_statements_hold_it_and_give_it_back(tables):
    mark(tables, "doi:10.1000/one", "retracted 2026-11-25 PubMed")
    mark(tables, "doi:10.1000/two", "expression of concern 2026-11-25 PubMed")
    contents = curation.load(tables)
    statements = list(rdf.quads(*contents, tables / "ontology" / "mscim.ttl"))
    assert rdf.contents(statements) == contents
    plain = write_small(tables.parent / "plain")
    known = {str(quad.subject) for quad in rdf.quads(*curation.load(plain), plain / "ontology" / "mscim.ttl")}
    assert {str(quad.subject) for quad in statements} == known  # no IRI of a row depends on what is known of it


def test_a_built_dataset_keeps_it(tables, tmp_path):
    mark(tables, "doi:10.1000/one", "retracted 2026-11-25 PubMed")
    assert load(build(tables, tmp_path / "built")).assertions == curation.load(tables)[1]


BAD_STATUS = {
    "retracted": "write what, the day it was seen and where",
    "retracted 2026-13-25 PubMed": "write what, the day it was seen and where",
    "retracted 2026-11-25 hearsay": "write what, the day it was seen and where",
    "withdrawn 2026-11-25 PubMed": "is not in the vocabulary; one of: corrected, expression of concern",
    "preprint of 2026-11-25 PubMed": "names the paper it became",
    "retracted doi:10.1000/x 2026-11-25 PubMed": "names the paper it became",
    "preprint of doi:10.1000/one 2026-11-25 PubMed": "no preprint of itself",
    "preprint of doi:nonsense 2026-11-25 PubMed": "malformed 'doi:nonsense'",
}


@pytest.mark.parametrize("status", BAD_STATUS)
def test_a_malformed_status_is_a_problem(tables, status):
    mark(tables, "doi:10.1000/one", status)
    found = curation.check(tables)
    assert len(found) == 1
    assert BAD_STATUS[status] in found[0].message
    assert found[0].file == "triples/publications.tsv"


@pytest.mark.parametrize("verified", ["PubMed", "PubMed 2026-02-30", "page read 2026-11-25", "Scopus 2026-11-25"])
def test_a_malformed_verified_is_a_problem(tables, verified):
    path = tables / "triples" / "publications.tsv"
    good = "PubMed 2026-11-25; page read 2026-11-24 https://example.org/a; Crossref 2026-11-25"
    lines = path.read_text().splitlines()
    for cell, count in ((good, 0), (verified, 1)):
        cells = lines[1].split("\t")
        path.write_text("\n".join([lines[0], "\t".join([*cells[:-2], cell, ""]), *lines[2:]]) + "\n")
        found = curation.check(tables)
        assert len(found) == count
    assert "cannot read" in found[0].message


BAD_CHECKS = {
    "row": ({"row": "0" * 12}, "no row of evidence is"),
    "publication": ({"publication": "doi:10.1000/one"}, "the row cites doi:10.1000/two, not doi:10.1000/one"),
    "outcome": ({"outcome": "verifed"}, "did you mean verified?"),
    "date": ({"date": "25/11/2026"}, "write the day as 2026-11-25"),
    "read": ({"read": ""}, "read is empty"),
    "source": ({"source": ""}, "give the address of the text"),
    "found_in": ({"outcome": "in another paper"}, "exactly when outcome"),
    "itself": ({"outcome": "in another paper", "found_in": "doi:10.1000/two"}, "the other paper"),
}


@pytest.mark.parametrize("case", BAD_CHECKS)
def test_a_faulty_check_is_a_problem(tables, case):
    claim = claim_of(load(tables), "Th17 cell", "contributes_to", "SLE")
    row = claim.evidence[0]
    good = {
        "row": row_id(claim.id, row.direction, row.publication, row.statement),
        "publication": row.publication,
    }
    cells, message = BAD_CHECKS[case]
    check(tables, **good | cells)
    assert any(message in problem.message for problem in curation.check(tables))


def test_one_line_for_a_row(tables):
    claim = claim_of(load(tables), "Th17 cell", "contributes_to", "SLE")
    row = claim.evidence[0]
    for _ in range(2):
        check(tables, row=row_id(claim.id, row.direction, row.publication, row.statement), publication=row.publication)
    assert ["stands already in line 2" in problem.message for problem in curation.check(tables)] == [True]


def test_a_title_alone_is_marked(tables, run):
    path = tables / "triples" / "claims.tsv"
    path.write_text(path.read_text().replace("\tdoi:10.1000/one\tabstract", "\tdoi:10.1000/one\ttitle"))
    data = ("--data", str(tables))
    assert "read in the title only" in run(*data, "evidence", "MSC", "Th17 cell")[1]
    assert "read in titles only" in run(*data, "trace", "MSC", "Th17 cell")[1]
    answer = json.loads(run(*data, "trace", "MSC", "Th17 cell", "--format", "json")[1])
    assert answer["routes"][0]["mechanisms"][0]["steps"][0]["titles_only"] is True


def test_reference_managers_are_told():
    papers = [Publication("doi:10.1/x", title="T", status="retracted 2026-11-25 PubMed")]
    assert "note = {doi:10.1/x; retracted}" in bibtex(papers)
    assert json.loads(csl(papers))[0]["note"] == "doi:10.1/x; retracted"
