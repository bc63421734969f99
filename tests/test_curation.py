"""The tables: every fault is found with its place and its mend, and putting them in order loses nothing."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import curation
from kg.curation import COLUMNS, check, load, read_rows
from kg.errors import CurationError
from kg.sources import bundled
from tests.conftest import COLUMNS as TABLE
from tests.conftest import row

CLAIMS = "triples/claims.tsv"
PLAIN = {"subject": "PGE2", "predicate": "positively_regulates", "object": "T cell", "aspect": "survival"}


def problems(root: Path) -> list[str]:
    return [str(problem) for problem in check(root)]


def append(root: Path, **cells: str) -> int:
    """Add a row to the claims and return its line."""
    path = root / CLAIMS
    path.write_text(path.read_text() + row(**{**PLAIN, **cells}))
    return path.read_text().count("\n")


def column_of(root: Path, line: int, name: str) -> int:
    cells = (root / CLAIMS).read_text().splitlines()[line - 1].split("\t")
    return sum(len(cell) + 1 for cell in cells[: TABLE.index(name)]) + 1


def test_bundled_tables_are_in_order():
    assert check(bundled()) == []
    assert curation.format(bundled(), write=False) == []


def test_small_tables_are_in_order(small):
    assert check(small) == []


ROWS = {
    "unknown name": ({"subject": "PGE3"}, "subject", "unknown name 'PGE3'; did you mean PGE2"),
    "unknown name, nothing near": ({"object": "zzzz"}, "object", "unknown name 'zzzz'; add it to ontology/entities.tsv"),
    "synonym": ({"subject": "prostaglandin E2"}, "subject", "write 'PGE2' for 'prostaglandin E2'; `kg format` does it"),
    "empty subject": ({"subject": ""}, "subject", "subject is empty"),
    "mediator": ({"mediator": "IDO1; IDO9"}, "mediator", "unknown name 'IDO9'; did you mean IDO1"),
    "predicate": ({"predicate": "positively_regulate"}, "predicate", "is not in the vocabulary; did you mean positively_regulates"),
    "no predicate": ({"predicate": ""}, "predicate", "predicate is empty; one of:"),
    "domain": ({"predicate": "secretes", "object": "IDO1"}, "subject", "'PGE2' is a SmallMolecule, and the subject of secretes takes"),
    "range": ({"predicate": "ameliorates", "aspect": ""}, "object", "'T cell' is a ImmuneCell, and the object of ameliorates takes"),
    "aspect": ({"aspect": "proliferations"}, "aspect", "did you mean proliferation"),
    "no aspect": ({"aspect": ""}, "aspect", "positively_regulates on a ImmuneCell needs an aspect"),
    "cell": ({"cell": "PGE2"}, "cell", "'PGE2' is a SmallMolecule, and the cell column takes"),
    "disease": ({"disease": "CIA"}, "disease", "'CIA' is a AnimalModel, and the disease column takes Disease"),
    "model of man": ({"model": "CIA"}, "model", "a model is of an animal, and species says human alone"),
    "model": ({"model": "SLE"}, "model", "'SLE' is a Disease, and the model column takes AnimalModel"),
    "species": ({"species": "humen"}, "species", "unknown name 'humen'; did you mean human"),
    "species pair": ({"species": "human>mice"}, "species", "unknown name 'mice'"),
    "system": ({"system": "in-vitro"}, "system", "did you mean in vitro"),
    "no system": ({"system": ""}, "system", "system is empty"),
    "test": ({"mediator": "IDO1", "mediator_test": "blockaded"}, "mediator_test", "did you mean blockade"),
    "test without mediator": ({"mediator_test": "blockade"}, "mediator_test", "without a mediator"),
    "failed blockade": ({"mediator": "IDO1", "mediator_test": "blockade without effect", "direction": "refutes"}, "direction", "write supports"),
    "mode": ({"mode": "solubel"}, "mode", "did you mean soluble"),
    "source": ({"msc_source": "bone marow"}, "msc_source", "did you mean bone marrow"),
    "donor": ({"donor": "alogeneic"}, "donor", "did you mean allogeneic"),
    "direction": ({"direction": "support"}, "direction", "did you mean supports"),
    "no publication": ({"publication": ""}, "publication", "every row cites a paper"),
    "malformed publication": ({"publication": "10.1000/one"}, "publication", "malformed publication '10.1000/one'"),
    "missing publication": ({"publication": "doi:10.1000/ones"}, "publication", "is not in triples/publications.tsv; add it, or did you mean doi:10.1000/one?"),
    "statement": ({"statement": ""}, "statement", "statement is empty"),
    "long statement": ({"statement": " ".join(["word"] * 26)}, "statement", "statement has 26 words; at most 25"),
    "read": ({"read": "abstracts"}, "read", "did you mean abstract"),
    "via review": ({"read": "via review"}, "read", "with the DOI of the review"),
    "registry": ({"context": "NCT0000001"}, "context", "malformed registry id 'NCT0000001'"),
    "leg": ({"leg_of": "MSC to T cell"}, "leg_of", "malformed 'MSC to T cell'"),
    "leg names": ({"leg_of": "MSC -> T cel"}, "leg_of", "unknown name 'T cel'"),
    "leg without parent": ({"leg_of": "MSC -> SLE"}, "leg_of", "leg without its parent: no row MSC -> SLE from doi:10.1000/one"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(ROWS))
def test_fault_of_a_row(small, name):
    cells, column, message = ROWS[name]
    line = append(small, **cells)
    where = f"{CLAIMS}:{line}:{column_of(small, line, column)}: "
    found = [text for text in problems(small) if text.startswith(where) and message in text]
    assert len(found) == 1, problems(small)


def test_via_review_with_its_doi_is_fine(small):
    append(small, read="via review 10.1000/rev")
    assert problems(small) == []


def test_duplicate_row(small):
    append(small)
    line = append(small, statement="The same in other words.")
    assert problems(small) == [
        f"{CLAIMS}:{line}:1: duplicate of {CLAIMS}:{line - 1}: same claim, paper and context; merge the two"
    ]


def test_both_directions_of_one_paper_need_a_difference(small):
    append(small)
    line = append(small, direction="refutes")
    assert len(problems(small)) == 1
    assert f"{CLAIMS}:{line}:" in problems(small)[0]
    assert "both supports" in problems(small)[0]


@pytest.mark.parametrize(
    ("up", "down", "more"),
    [
        ("positively_regulates", "negatively_regulates", {}),
        ("contributes_to", "protects_against", {"object": "SLE", "aspect": ""}),
        ("increased_in", "decreased_in", {"object": "SLE", "aspect": "abundance"}),
        ("ameliorates", "exacerbates", {"object": "SLE", "aspect": ""}),
    ],
)
def test_both_signs_of_one_paper_need_a_difference(small, up, down, more):
    append(small, predicate=up, **more)
    line = append(small, predicate=down, **more)
    found = problems(small)
    assert [f"{CLAIMS}:{line}:" in text and "both signs from one paper" in text for text in found] == [True]
    path = small / CLAIMS
    path.write_text(path.read_text().replace(row(**{**PLAIN, "predicate": down, **more}), row(**{**PLAIN, "predicate": down, "context": "low dose", **more})))  # fmt: skip
    assert problems(small) == []


ENTITIES = {
    "same name": ("t cell\tCL:0000001\tImmuneCell\t\t\texact\t", "'t cell' stands already in line"),
    "same curie": ("T lymphocyte\tCL:0000084\tImmuneCell\t\t\texact\t", "CL:0000084 is 'T cell' already"),
    "no name": ("\tCL:0000001\tImmuneCell\t\t\texact\t", "name is empty"),
    "category": ("X\tCL:0000001\tImuneCell\t\t\texact\t", "did you mean ImmuneCell"),
    "curie": ("X\tCL_0000001\tImmuneCell\t\t\texact\t", "'CL_0000001' is not a CURIE with a known prefix"),
    "prefix": ("X\tXX:0000001\tImmuneCell\t\t\texact\t", "is not a CURIE with a known prefix"),
    "grounding": ("X\tCL:0000001\tImmuneCell\t\t\tlocal\t", "grounding is local exactly when"),
    "local": ("X\tmscim:X\tImmuneCell\t\t\texact\t", "grounding is local exactly when"),
    "parent": ("X\tCL:0000001\tImmuneCell\tT cel\t\texact\t", "parents: unknown name 'T cel'; did you mean T cell"),
    "synonym": ("X\tCL:0000001\tImmuneCell\t\tb cell\texact\t", "synonym 'b cell' is the name of another entity"),
}


@pytest.mark.parametrize("name", sorted(ENTITIES))
def test_fault_of_an_entity(small, name):
    line, message = ENTITIES[name]
    path = small / "ontology" / "entities.tsv"
    path.write_text(path.read_text() + line + "\n")
    found = [text for text in problems(small) if message in text]
    assert len(found) == 1, problems(small)
    assert found[0].startswith("ontology/entities.tsv:")


def test_cyclic_hierarchy(small):
    path = small / "ontology" / "entities.tsv"
    path.write_text(
        path.read_text().replace("T cell\tCL:0000084\tImmuneCell\t\t", "T cell\tCL:0000084\tImmuneCell\tTh17 cell\t")
    )
    found = problems(small)
    assert len(found) == 1
    assert re.search(r"the hierarchy runs in a circle: .*T cell.* -> ", found[0])
    with pytest.raises(CurationError, match="circle"):
        load(small)


PUBLICATIONS = {
    "key": ("10.1/x\t10.1/x\t\t\t2011\t\t\tprimary\t", "is not a publication CURIE"),
    "doi": ("doi:10.12345/x\thttps://doi.org/10.12345/x\t\t\t\t\t\tprimary\t", "malformed doi"),
    "pmid": ("pubmed:77\t\tPMID77\t\t\t\t\tprimary\t", "malformed pmid 'PMID77'; expected digits only"),
    "pmcid": ("pmc:PMC9\t\t\t9\t\t\t\tprimary\t", "malformed pmcid '9'; expected PMC and digits"),
    "year": ("pubmed:77\t\t77\t\t11\t\t\tprimary\t", "malformed year '11'"),
    "kind": ("pubmed:77\t\t77\t\t2011\t\t\tprimry\t", "did you mean primary"),
    "differs": ("pubmed:77\t\t78\t\t2011\t\t\tprimary\t", "pmid '78' differs from the key pubmed:77"),
    "twice": ("pubmed:77\t10.1000/one\t77\t\t2011\t\t\tprimary\t", "doi 10.1000/one stands already in line"),
}


@pytest.mark.parametrize("name", sorted(PUBLICATIONS))
def test_fault_of_a_publication(small, name):
    line, message = PUBLICATIONS[name]
    path = small / "triples" / "publications.tsv"
    path.write_text(path.read_text() + line + "\t\t\n")
    found = [text for text in problems(small) if message in text]
    assert len(found) == 1, problems(small)
    assert found[0].startswith("triples/publications.tsv:6:")


STUDIES = {
    "design": ("single-arm", "single-armed", "did you mean single-arm"),
    "route": ("intravenous", "intravenus", "did you mean intravenous"),
    "outcome": ("improved", "improve", "did you mean improved"),
    "registry": ("NCT00000001", "NCT1", "malformed registry id 'NCT1'"),
    "disease": ("\tSLE\t", "\tSLEE\t", "unknown name 'SLEE'; did you mean SLE"),
    "publication": ("doi:10.1000/two", "doi:10.1000/zwei", "is not in triples/publications.tsv"),
    "year": ("\t2012\t", "\tMMXII\t", "malformed year 'MMXII'"),
}


@pytest.mark.parametrize("name", sorted(STUDIES))
def test_fault_of_a_study(small, name):
    old, new, message = STUDIES[name]
    path = small / "triples" / "studies.tsv"
    assert path.read_text().count(old) == 1
    path.write_text(path.read_text().replace(old, new))
    found = [text for text in problems(small) if message in text]
    assert len(found) == 1, problems(small)
    assert found[0].startswith("triples/studies.tsv:2:")


def test_study_without_any_identifier_and_study_given_twice(small):
    path = small / "triples" / "studies.tsv"
    header, line = path.read_text().splitlines()
    bare = line.replace("doi:10.1000/two", "", 1)
    path.write_text("\n".join([header, bare, bare, bare.replace("NCT00000001", "")]) + "\n")
    found = problems(small)
    assert any("NCT00000001 stands already in line 2; merge the two" in text for text in found)
    assert any("a study needs a publication or a registry_id" in text for text in found)


BYTES = {
    "Latin-1": (lambda b: b.replace(b"A finding", b"A f\xfcnding", 1), r"claims.tsv:2:\d+: not UTF-8 \(Latin-1\?\): byte 0xfc"),
    "binary": (lambda b: b"\x00\x01\xff\xfe" + b, r"claims.tsv:1:3: binary data: byte 0xff"),
    "byte order mark": (lambda b: b"\xef\xbb\xbf" + b, r"claims.tsv:1:1: byte order mark; run `kg format`"),
    "CRLF": (lambda b: b.replace(b"\n", b"\r\n"), r"claims.tsv:1:\d+: CRLF or CR line ends; run `kg format`"),
    "cut off": (lambda b: b[:-20], r"claims.tsv:16:\d+: the last line has no line end: was the file cut off\?"),
    "empty": (lambda b: b"", r"claims.tsv:1:1: the file is empty"),
    "header": (lambda b: b.replace(b"statement", b"sentence", 1), r"claims.tsv:1:1: columns missing: statement; unknown: 'sentence'"),
    "order": (lambda b: b.replace(b"subject\tpredicate", b"predicate\tsubject", 1), r"claims.tsv:1:1: columns in another order"),
    "one tab less": (lambda b: b.replace(b"\t\t", b"\t", 1), r"claims.tsv:2:1: 22 columns instead of 23"),
    "white space": (lambda b: b.replace(b"A finding", b" A  finding", 1), r"claims.tsv:2:\d+: statement: stray, doubled or odd white space"),
    "no-break space": (lambda b: b.replace(b"A finding", "A\u00a0finding".encode(), 1), r"claims.tsv:2:\d+: statement: stray, doubled or odd"),
    "not NFC": (lambda b: b.replace(b"A finding", "A fu\u0308nding".encode(), 1), r"claims.tsv:2:\d+: statement: stray, doubled or odd"),
    "control character": (lambda b: b.replace(b"A finding", b"A\x07finding", 1), r"claims.tsv:2:\d+: statement: a control character; delete it"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(BYTES))
def test_fault_of_encoding_or_columns(small, name):
    spoil, message = BYTES[name]
    path = small / CLAIMS
    path.write_bytes(spoil(path.read_bytes()))
    assert any(re.match(f"triples/{message}", text) for text in problems(small)), problems(small)


def test_all_problems_come_in_one_run_ordered(small):
    append(small, subject="PGE3")
    append(small, object="nothing of the kind", statement="")
    found = check(small)
    assert len(found) >= 3
    assert found == sorted(found)


def test_missing_tables_and_missing_rows(small):
    (small / "triples" / "publications.tsv").unlink()
    assert "triples/publications.tsv:1:1: the table is missing or has no rows" in problems(small)
    (small / CLAIMS).write_text("\t".join(TABLE) + "\n")
    (small / "triples" / "publications.tsv").write_text("\t".join(COLUMNS["publications"]) + "\n")
    assert "triples/publications.tsv:1:1: the table is missing or has no rows" in problems(small)


def test_no_evidence_at_all(small):
    (small / CLAIMS).unlink()
    assert problems(small) == ["triples/:1:1: no evidence rows: add a table, its columns are in docs/data-model.md"]


def test_load_shows_the_first_twenty_problems(small):
    for number in range(25):
        append(small, subject=f"unknown{number}")
    with pytest.raises(CurationError, match=r"25 problems in the tables; `kg check` lists them all") as caught:
        load(small)
    assert str(caught.value).endswith("... and 5 more")
    assert str(caught.value).count("\n") == 21


# --- kg format -----------------------------------------------------------------------------------------------


def contents(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for folder in ("ontology", "triples") for path in (root / folder).iterdir()}


def test_format_sorts_names_and_white_space(small):
    clean = contents(small)
    path = small / CLAIMS
    header, *lines = path.read_text().splitlines()
    random.Random(7).shuffle(lines)
    spoiled = "\r\n".join([header, *lines, lines[0]]).replace("\tPGE2\t", "\t prostaglandin   e2\t") + "\r\n"
    path.write_bytes(("\ufeff" + spoiled).encode())
    assert curation.format(small, write=False) == [path]
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert curation.format(small) == [path]
    assert contents(small) == clean
    assert curation.format(small) == []


def test_format_keeps_what_it_does_not_know(small):
    append(small, subject="a thing of no name")
    curation.format(small)
    assert "a thing of no name" in (small / CLAIMS).read_text()


@pytest.mark.parametrize("name", ["Latin-1", "cut off", "header", "one tab less"])
def test_format_writes_nothing_when_a_row_would_be_lost(small, name):
    path = small / CLAIMS
    path.write_bytes(BYTES[name][0](path.read_bytes()))
    before = contents(small)
    with pytest.raises(CurationError, match="cannot be formatted until these are mended"):
        curation.format(small)
    assert contents(small) == before


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False))
def test_order_of_rows_and_spelling_of_names_do_not_matter(small, rand):
    clean = (small / CLAIMS).read_bytes()
    header, *lines = clean.decode().splitlines()
    rand.shuffle(lines)
    spelled = [
        "\t".join(
            rand.choice([cell, cell.upper(), f" {cell}"]) if i in (0, 2) else cell
            for i, cell in enumerate(line.split("\t"))
        )
        for line in lines
    ]
    (small / CLAIMS).write_text("\n".join([header, *spelled]) + "\n")
    curation.format(small)
    assert (small / CLAIMS).read_bytes() == clean


def test_rows_know_where_their_cells_begin(small):
    rows, wrong = read_rows(small / CLAIMS, "evidence")
    assert wrong == []
    text = (small / CLAIMS).read_text().splitlines()
    for each in rows:
        for column, start in each.starts.items():
            assert text[each.line - 1][start - 1 :].startswith(each[column])


# --- the bundled rows ----------------------------------------------------------------------------------------


def test_no_row_says_more_than_its_reading(graph):
    """A claim read in a title alone says so, and a result called null is never written as an improvement refuted."""
    for claim in graph.assertions:
        for evidence in claim.evidence:
            if (
                re.search(r"\b(as titled|by its title)\b", evidence.statement, re.IGNORECASE)
                and "tested" not in evidence.statement
            ):
                assert evidence.read == "title", evidence.statement
            if evidence.mediator_test.endswith("without effect"):
                assert evidence.mediator, evidence.statement


def test_every_disease_of_the_question_is_covered(graph):
    for disease in ("SLE", "RA", "SSc", "pSS", "IIM"):
        assert len(graph.claims(disease)) > 150, disease


def test_statements_are_not_repeated_word_for_word_for_one_claim(graph):
    for claim in graph.assertions:
        seen = [
            (
                e.publication,
                e.statement,
                e.species,
                e.system,
                e.msc_source,
                e.leg_of,
                e.model,
                e.disease,
                e.mediator,
                e.context,
            )
            for e in claim.evidence
        ]
        assert len(seen) == len(set(seen)), claim
