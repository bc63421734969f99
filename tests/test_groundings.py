"""New names: which term they are given, how the table of mappings keeps step, what local terms ask for."""

from __future__ import annotations

import csv
import io
import json
import re

import pytest
from click.testing import CliRunner

from kg import curation, mappings
from kg.cli import cli
from kg.errors import CurationError, SourceError
from kg.groundings import candidates, local_curie, namesakes, read_terms
from kg.model import Entity
from kg.sources import bundled
from tests.conftest import write_small
from tests.test_cli import run

__all__ = ["run"]
TERMS = """\
id	label	synonyms	parents	xrefs	category	source
CL:0000236	B cell	B lymphocyte			biolink:Cell	CL v2026
CL:0000980	plasmablast	plasma blast cell	CL:0000945		biolink:Cell	CL v2026
CL:0000945	lymphocyte of B lineage	B-lineage lymphocyte	CL:0000236		biolink:Cell	CL v2026
HGNC:1001	BCL6	ZBTB27			biolink:Gene	HGNC 2024
"""


@pytest.fixture
def tables(tmp_path):
    root = write_small(tmp_path / "tables")
    (root / "ontology" / mappings.FILE).write_text("")
    curation.format(root)
    return root


@pytest.fixture
def terms(tmp_path):
    folder = tmp_path / "terms"
    folder.mkdir()
    (folder / "cells.tsv").write_text(TERMS)
    (folder / "other.tsv").write_text("a\tb\n1\t2\n")
    (folder / "empty.tsv").write_text("")
    return folder


def entities(tables):
    return {
        line.split("\t")[0]: line.split("\t")
        for line in (tables / "ontology" / "entities.tsv").read_text().splitlines()
    }


def mapped(tables):
    text = (tables / "ontology" / mappings.FILE).read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return {row["subject_label"]: row for row in csv.DictReader(io.StringIO("\n".join(lines)), delimiter="\t")}


def added(tables, *options, lines=()):
    return CliRunner().invoke(
        cli, ["--data", str(tables), "entity", "add", *options], input="".join(f"{x}\n" for x in lines)
    )


def test_a_term_of_the_very_label_is_taken(tables, terms):
    done = added(tables, "Plasmablast", "--terms", str(terms), "--yes")
    assert done.exit_code == 0, done.output
    assert entities(tables)["Plasmablast"] == [
        "Plasmablast", "CL:0000980", "ImmuneCell", "B cell", "plasma blast cell", "exact", "id seen in CL v2026",
    ]  # fmt: skip
    row = mapped(tables)["Plasmablast"]
    assert (row["predicate_id"], row["object_id"], row["object_label"]) == (
        "skos:exactMatch",
        "CL:0000980",
        "plasmablast",
    )
    assert row["mapping_justification"] == "semapv:LexicalMatching"  # nobody looked at it
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", row["mapping_date"])
    assert curation.check(tables) == []
    assert curation.format(tables, write=False) == []


def test_a_curator_chooses(tables, terms):
    done = added(tables, "plasma blast cells", "--terms", str(terms), lines=["1", "y"])
    assert done.exit_code == 0, done.output
    assert "1  CL:0000980  plasmablast (kind of B cell): near; CL v2026" in done.output
    assert entities(tables)["plasma blast cells"][5] == "broad"
    assert mapped(tables)["plasma blast cells"]["mapping_justification"] == "semapv:ManualMappingCuration"
    assert mapped(tables)["plasma blast cells"]["predicate_id"] == "skos:broadMatch"
    assert curation.check(tables) == []


def test_a_local_term_carries_definition_and_parent(tables, terms, run):
    done = added(
        tables, "exhausted B cell", "--terms", str(terms), lines=["B cell", "A B cell that no longer answers.", "y"]
    )
    assert done.exit_code == 0, done.output
    assert "no term is called so" in done.output
    assert entities(tables)["exhausted B cell"][1:6] == ["mscim:ExhaustedBCell", "ImmuneCell", "B cell", "", "local"]
    row = mapped(tables)["exhausted B cell"]
    assert (row["subject_id"], row["predicate_id"], row["object_id"]) == (
        "mscim:ExhaustedBCell",
        "skos:broadMatch",
        "CL:0000236",
    )
    assert curation.check(tables) == []
    _, out, err = run("--data", str(tables), "entity", "requests", "--format", "json")
    rows = {each["name"]: each for each in json.loads(out)["rows"]}
    assert rows["exhausted B cell"]["definition"] == "A B cell that no longer answers."
    assert rows["CIA"]["definition"] == ""
    assert "3 local terms; 1 with a definition" in err
    assert "exhausted" not in run("--data", str(tables), "entity", "requests", "--undefined")[1]
    told = ["--grounding", "local", "--parent", "B cell", "--definition", "D.", "--ontology", "CL"]
    assert added(tables, "tired B cell", *told, "--yes", "--dry-run").exit_code == 0
    assert "tired B cell" not in entities(tables)
    assert added(tables, "tired B cell", *told, "--yes").exit_code == 0
    assert "tired B cell\tD.\tCL\t" in (tables / "ontology" / "requests.tsv").read_text()


def test_what_cannot_be_added(tables, terms, run, tmp_path):
    data = ("--data", str(tables), "entity", "add")
    code, _, err = run(*data, "prostaglandin-e2")
    assert code == 3
    assert "is taken: it stands for 'PGE2' (CHEBI:15551)" in err
    assert "needs a parent" in run(*data, "x cell", "--grounding", "local", "--yes")[2]
    assert "needs a definition" in run(*data, "x cell", "--grounding", "local", "--parent", "B cell", "--yes")[2]
    code, _, err = run(*data, "x cell", "--curie", "CL:0000236", "--parent", "B cell", "--yes")
    assert code == 1
    assert "the entity 'x cell': CL:0000236 is 'B cell' already" in err
    code, _, err = run(*data, "x cell", "--terms", str(tmp_path / "none"))
    assert (code, "no such folder" in err) == (5, True)
    (terms / "cells.tsv").unlink()
    assert "holds no table of terms" in run(*data, "x cell", "--terms", str(terms))[2]
    (terms / "cells.tsv").write_bytes(b"\xff")
    assert "not UTF-8" in run(*data, "x cell", "--terms", str(terms))[2]


def test_an_identifier_that_was_seen_and_a_category_that_is_asked(tables, terms):
    done = added(tables, "BCL6", "--curie", "HGNC:1001", "--terms", str(terms), lines=["Protein", "y"])
    assert done.exit_code == 0, done.output
    assert entities(tables)["BCL6"][1:7] == ["HGNC:1001", "Protein", "", "ZBTB27", "exact", "id seen in HGNC 2024"]
    done = added(tables, "B1 cell", "--terms", str(terms), lines=["B cell", "D.", "y"])
    assert done.exit_code == 0, done.output
    assert entities(tables)["B1 cell"][5] == "local"


def test_candidates(terms, small_graph):
    found = candidates("B lymphocyte", read_terms(terms), small_graph.vocabulary)
    assert [(each.term.id, each.match) for each in found][:1] == [("CL:0000236", "synonym")]
    assert candidates("B-cell", read_terms(terms), small_graph.vocabulary)[0].match == "label"
    assert candidates("quite another thing", read_terms(terms), small_graph.vocabulary) == ()
    assert [each.name for each in namesakes("treg", small_graph.vocabulary)] == ["regulatory T cell"]
    assert local_curie("CIA", small_graph.vocabulary) == "mscim:CIA2"
    assert local_curie("CD4+ T cell", small_graph.vocabulary) == "mscim:CD4PlusTCell"
    with pytest.raises(CurationError, match="at least one Latin letter"):
        local_curie("β", small_graph.vocabulary)


def test_the_table_of_mappings_that_ships_is_in_step_and_in_form():
    path = bundled() / "ontology" / mappings.FILE
    lines = path.read_text(encoding="utf-8").splitlines()
    head = [line for line in lines if line.startswith("#")]
    assert head == lines[: len(head)]
    assert head[0] == "#curie_map:"
    assert {
        "#license: https://creativecommons.org/licenses/by/4.0/",
        "#mapping_set_id: https://w3id.org/mscim/mappings",
    } <= set(head)
    prefixes = {line[3:].partition(":")[0] for line in head if line.startswith("#  ")}
    rows = list(csv.DictReader(lines[len(head) :], delimiter="\t"))
    tables, _ = curation.read_tables(bundled())
    assert len(rows) > 1000
    for row in rows:
        assert row["object_id"].partition(":")[0] in prefixes
        assert row["mapping_justification"].startswith("semapv:")
        assert bool(row["subject_id"]) == (row["subject_type"] == "owl class")
        assert not row["subject_id"] or row["subject_id"].startswith("mscim:")
    public = [row for row in tables.entities if row["grounding"] != "local"]
    assert sum(row["subject_type"] == "rdfs literal" for row in rows) == len(public)
    assert mappings.faults(path, curation.vocabulary_of(bundled()).entities, tables.ontology.prefixes) == []


def test_a_table_out_of_step_is_a_problem(tables):
    path = tables / "ontology" / mappings.FILE
    text = path.read_text()

    def said(changed):
        path.write_text(changed)
        return [problem.message for problem in curation.check(tables)]

    gone = "\n".join(line for line in text.splitlines() if "PGE2" not in line) + "\n"
    assert ["mapping of 'PGE2' (skos:exactMatch CHEBI:15551) is missing" in each for each in said(gone)] == [True]
    assert "is not what entities.tsv says" in "".join(said(text.replace("CHEBI:15551", "CHEBI:15552")))
    assert "write a term of semapv" in said(text.replace("semapv:Unspecified", "Unspecified", 1))[0]
    assert "is not in its form" in said(text.replace("#license", "# license"))[0]
    assert curation.format(tables) == [path]
    assert path.read_text() == text
    path.unlink()
    assert curation.check(tables) == []  # who keeps no such table need not


def test_mappings_of_odd_entities():
    made = mappings.wanted({
        "a": Entity("a", "mscim:a", "Drug", ("b",), (), "local"),
        "b": Entity("b", "mscim:b", "Drug", ("a",), (), "local"),
        "c": Entity("c", "CHEBI:1", "Drug", (), (), "broad"),
    })  # fmt: skip
    assert [each.core for each in made] == [("", "c", "skos:broadMatch", "CHEBI:1")]
    quoted = mappings.SSSOM("", 'say "x"', "skos:exactMatch", "CHEBI:1", subject_type="rdfs literal")
    assert '"say ""x"""' in mappings.text_of([quoted], {"CHEBI": "http://x/"})


def test_faulty_requests_are_problems(tables):
    path = tables / "ontology" / "requests.tsv"
    path.write_text("name\tdefinition\tontology\tasked\nCIA\t\t\t\nCIA\tD.\t\t\nPGE2\tD.\t\t\nnobody\tD.\t\t\n")
    said = " ".join(problem.message for problem in curation.check(tables))
    for message in (
        "definition is empty",
        "stands here twice",
        "has a public identifier now (CHEBI:15551)",
        "unknown name 'nobody'",
    ):
        assert message in said
    with pytest.raises(SourceError):
        read_terms(tables / "none")
