"""The built dataset against its shapes: each kind of planted fault said in words. CI holds the bundled one with `kg check --shapes`."""

from __future__ import annotations

import sys

import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from kg import curation, rdf, shapes
from kg.cli import cli
from kg.errors import CurationError, SourceError
from kg.sources import bundled

from .conftest import write_small

MSCIM = "https://w3id.org/mscim/"
CELL, SLE, PGE2 = "obo:CL_0000899", "obo:MONDO_0007915", "obo:CHEBI_15551"
PREFIXES = f"""
PREFIX mscim: <{MSCIM}>
PREFIX obo: <http://purl.obolibrary.org/obo/>
PREFIX skos: <http://www.w3.org/2004/02/skos/core#>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX biolink: <https://w3id.org/biolink/vocab/>
PREFIX a: <{MSCIM}graph/assertions>
PREFIX o: <{MSCIM}graph/ontology>
PREFIX p: <{MSCIM}graph/publications>
PREFIX s: <{MSCIM}graph/studies>
PREFIX h: <{MSCIM}graph/hierarchy>
"""
CLAIM = f"?c mscim:subject {PGE2} ; mscim:object {CELL}"  # PGE2 negatively regulates Th17 cell, differentiation
NAME = "claim PGE2 negatively regulates Th17 cell"


@pytest.fixture(scope="module")
def quads(tmp_path_factory):
    folder = write_small(tmp_path_factory.mktemp("shapes") / "small")
    return list(rdf.quads(*curation.load(folder), folder / "ontology" / "mscim.ttl", "v"))


def planted(quads, update: str) -> list[shapes.Fault]:
    store = ox.Store()
    store.extend(quads)
    before = set(store)
    store.update(PREFIXES + update)
    assert set(store) != before, "the update changed nothing"
    return shapes.faults(store)


def evidence(change: str) -> str:
    """An update of the evidence of that claim, ?e, from one value of a property to another."""
    column, new = change.split(" ", 1)
    return (
        f"DELETE {{ GRAPH a: {{ ?e mscim:{column} ?old }} }} INSERT {{ GRAPH a: {{ ?e mscim:{column} {new} }} }} "
        f"WHERE {{ GRAPH a: {{ {CLAIM} ; mscim:evidence ?e OPTIONAL {{ ?e mscim:{column} ?old }} }} }}"
    )


def claim(change: str) -> str:
    return evidence(change).replace("?e mscim", "?c mscim").replace("; mscim:evidence ?e", "")


def insert(graph: str, triples: str) -> str:
    return f"INSERT DATA {{ GRAPH {graph}: {{ {triples} }} }}"


def delete(graph: str, pattern: str) -> str:
    return f"DELETE WHERE {{ GRAPH {graph}: {{ {pattern} }} }}"


FAULTS = {
    "range": (
        f"DELETE {{ GRAPH o: {{ {PGE2} mscim:category ?k }} }} INSERT {{ GRAPH o: {{ {PGE2} mscim:category mscim:Disease }} }} "
        f"WHERE {{ GRAPH o: {{ {PGE2} mscim:category ?k }} }}",
        "claim MSC secretes PGE2 secretion",
        "a disease cannot be the object of secretes: the range in the ontology",
    ),
    "domain": (
        "DELETE { GRAPH o: { obo:CL_0000134 mscim:category ?k } } INSERT { GRAPH o: { obo:CL_0000134 mscim:category mscim:Drug } } "
        "WHERE { GRAPH o: { obo:CL_0000134 mscim:category ?k } }",
        "claim MSC secretes PGE2 secretion",
        "a drug cannot be the subject of secretes: the domain in the ontology",
    ),
    "sign": (claim("effect_sign 1"), NAME, "the effect sign is 1, and sign of the predicate times polarity of the aspect -1"),
    "sign after polarity": (
        claim("aspect mscim:aspect_apoptosis"),
        NAME,
        "the effect sign is -1, and sign of the predicate times polarity of the aspect 1",
    ),
    "no sign": (
        f"DELETE {{ GRAPH a: {{ ?c mscim:effect_sign ?x }} }} WHERE {{ GRAPH a: {{ {CLAIM} ; mscim:effect_sign ?x }} }}",
        NAME,
        "a claim has one effect sign",
    ),
    "sign out of range": (claim("effect_sign 2"), NAME, "a claim has one effect sign: -1, 0 or 1"),
    "two subjects": (claim(f"subject {SLE}, {PGE2}"), NAME, "a claim has one subject, an entity"),
    "unknown object": (claim("object obo:CL_9999999"), "claim PGE2", "a claim has one object, an entity"),
    "foreign predicate": (claim("predicate rdfs:label"), "claim PGE2", "one of the ontology, with a sign"),
    "inverse": (claim("predicate mscim:has_increased"), "claim PGE2 has increased", "has increased is read off from its inverse"),
    "biolink differs": (claim(f"object {PGE2}"), "claim PGE2", "object and biolink:object are the same"),
    "no aspect": (
        f"DELETE {{ GRAPH a: {{ ?c mscim:aspect ?x }} }} WHERE {{ GRAPH a: {{ {CLAIM} ; mscim:aspect ?x }} }}",
        NAME,
        "negatively regulates on a immune cell needs an aspect",
    ),
    "foreign aspect": (claim("aspect mscim:mode_soluble"), NAME, "at most one aspect, one of the ontology (found: soluble)"),
    "cell that is none": (claim(f"cell {SLE}"), NAME, "at most one cell: a cell, an MSC product or a tissue (found: SLE)"),
    "odd property": (claim("colour 'red'"), NAME, "is no property of this class (found: red)"),
    "no evidence": (
        f"DELETE {{ GRAPH a: {{ ?c mscim:evidence ?e }} }} WHERE {{ GRAPH a: {{ {CLAIM} ; mscim:evidence ?e }} }}",
        NAME,
        "a claim rests on at least one publication",
    ),
    "no publication": (
        f"DELETE {{ GRAPH a: {{ ?e mscim:publication ?p }} }} WHERE {{ GRAPH a: {{ {CLAIM} ; mscim:evidence ?e . ?e mscim:publication ?p }} }}",
        f"evidence of {NAME}",
        "evidence comes from one publication, one of the dataset",
    ),
    "unknown publication": (evidence("publication <https://doi.org/10.1/none>"), f"evidence of {NAME}", "one publication, one of the dataset (found: https://doi.org/10.1/none)"),
    "system": (evidence("system mscim:mode_soluble"), f"evidence of {NAME}", "one system, one of the ontology (found: soluble)"),
    "direction": (evidence("direction mscim:system_in_vitro"), f"evidence of {NAME}", "one direction: supports or refutes (found: in vitro)"),
    "mode": (evidence("mode mscim:donor_patient"), f"evidence of {NAME}", "at most one mode, one of the ontology (found: patient)"),
    "source": (evidence("msc_source mscim:mode_soluble"), f"evidence of {NAME}", "at most one MSC source"),
    "donor": (evidence("donor mscim:mode_soluble"), f"evidence of {NAME}", "at most one kind of donor"),
    "test": (evidence("mediator_test mscim:mode_soluble"), f"evidence of {NAME}", "at most one test of the mediator"),
    "test of nothing": (
        "INSERT { GRAPH a: { ?e mscim:mediator_test mscim:test_blockade } } WHERE { GRAPH a: { ?c mscim:predicate mscim:ameliorates ; mscim:evidence ?e } }",
        "evidence of claim MSC ameliorates SLE",
        "a test of the mediator needs a mediator",
    ),
    "species": (evidence(f"species {SLE}"), f"evidence of {NAME}", "a species is a taxon (found: SLE)"),
    "model": (evidence(f"model {SLE}"), f"evidence of {NAME}", "a model is an animal model (found: SLE)"),
    "disease": (evidence(f"disease {CELL}"), f"evidence of {NAME}", "seen in at most one disease (found: Th17 cell)"),
    "mediator": (evidence("mediator obo:CL_9999999"), f"evidence of {NAME}", "a mediator is an entity"),
    "read": (evidence("read 'hearsay'"), f"evidence of {NAME}", "read is 'hearsay', which is no reading level"),
    "via review of none": (evidence("read 'via review'"), f"evidence of {NAME}", "read is 'via review', which is no reading level"),
    "statement too long": (evidence(f"statement '{'word ' * 25}word'"), f"evidence of {NAME}", "one statement of at most 25 words"),
    "no statement": (evidence("statement ''"), f"evidence of {NAME}", "one statement of at most 25 words"),
    "leg": (evidence("leg_of 'MSC'"), f"evidence of {NAME}", "a leg names its claim as A -> B"),
    "eco": (evidence("eco obo:ECO_0000033"), f"evidence of {NAME}", "the ECO class is not that of the system"),
    "direct triple missing": (delete("a", f"{PGE2} mscim:negatively_regulates {CELL}"), NAME, "the direct triple is missing"),
    "direct triple alone": (insert("a", f"{PGE2} mscim:binds {CELL}"), "PGE2", "the direct triple binds"),
    "label": (delete("o", f"{CELL} rdfs:label ?x"), "obo/CL_0000899", "an entity has a label"),
    "label is synonym": (insert("o", f"{CELL} skos:altLabel 'Th17 cell'"), "Th17 cell", "is not one of its synonyms"),
    "label of two": (insert("o", f"{CELL} rdfs:label 'SLE'"), "", "two entities have the label SLE"),
    "label with space": (insert("o", f"{CELL} rdfs:label ' Th17'"), "", "a label has no stray white space"),
    "curie of two": (insert("o", f"{CELL} mscim:curie 'MONDO:0007915'"), "", "two entities have the CURIE MONDO:0007915"),
    "category": (delete("o", f"{CELL} mscim:category ?x"), "Th17 cell", "an entity has one category"),
    "category without layer": (insert("o", f"{CELL} mscim:category mscim:Aspect"), "Th17 cell", "an entity has one category"),
    "grounding": (insert("o", f"{CELL} mscim:grounding 'sure'"), "Th17 cell", "exact, broad or local"),
    "hierarchy": (delete("h", f"{CELL} mscim:kind_of obo:CL_0000084"), "Th17 cell", "the hierarchy is not whole"),
    "kind": (
        "DELETE { GRAPH p: { ?x mscim:kind 'review' } } INSERT { GRAPH p: { ?x mscim:kind 'poem' } } WHERE { GRAPH p: { ?x mscim:kind 'review' } }",
        "Four D 2014. A review",
        "kind is 'poem', which is none of the publication kind",
    ),
    "year": (insert("p", "<https://doi.org/10.1000/one> mscim:year '17th'"), "One A 2011", "a year is a number of four digits"),
    "doi": (insert("p", "<https://doi.org/10.1000/one> mscim:doi 'https://x'"), "One A 2011", "a DOI is written as 10.x/y"),
    "label of a publication": (delete("p", "<https://doi.org/10.1000/one> rdfs:label ?x"), "10.1000/one", "a publication has one label"),
    "publication by no id": (insert("p", "<urn:x> a mscim:Publication ; rdfs:label 'x' ; mscim:kind 'review'"), "x", "has the IRI of its DOI"),
    "study": (delete("s", "?x mscim:design ?y"), "study/", "a study has one design"),
    "study of no disease": (insert("s", f"<{MSCIM}study/1> a mscim:Study ; mscim:design 'RCT' ; mscim:registry_id 'NCT1' ; mscim:disease {CELL}"), "study/1", "a study is of one disease (found: Th17 cell)"),
    "study from nowhere": (insert("s", f"<{MSCIM}study/1> a mscim:Study ; mscim:design 'RCT'"), "study/1", "a study has a publication or a number in a registry"),
}  # fmt: skip


def test_the_small_dataset_has_none(quads):
    assert shapes.faults(quads) == []


@pytest.mark.parametrize(("update", "name", "said"), FAULTS.values(), ids=FAULTS)
def test_what_is_planted_is_said(quads, update, name, said):
    found = list(map(str, planted(quads, update)))
    assert any(name in each and said in each for each in found), "\n".join(found)


def test_faults_are_in_one_order_and_each_once(quads):
    found = planted(quads, "DELETE WHERE { GRAPH a: { ?e mscim:statement ?s } }")
    assert len(found) == len(set(found)) > 10
    assert found == sorted(found)
    assert found == planted(quads[::-1], "DELETE WHERE { GRAPH a: { ?e mscim:statement ?s } }")


def test_command(small):
    done = CliRunner().invoke(cli, ["--data", str(small), "check", "--shapes"])
    assert (done.exit_code, done.stdout) == (0, "")
    assert "the tables and the dataset are in order" in done.stderr


def test_own_shapes_and_their_faults_are_printed(small):
    own = (bundled() / "ontology" / "shapes.ttl").read_text(encoding="utf-8")
    path = small / "ontology" / "shapes.ttl"
    path.write_text(own.replace("( -1 0 1 )", "( 0 1 )"), encoding="utf-8")
    done = CliRunner().invoke(cli, ["--data", str(small), "check", "--shapes"])
    assert done.exit_code == 1
    assert f"{NAME} differentiation: a claim has one effect sign: -1, 0 or 1 (found: -1)\n" in done.stdout
    path.write_text("no turtle", encoding="utf-8")
    with pytest.raises(CurationError, match=r"shapes\.ttl: cannot be used as shapes"):
        shapes.faults([], small)


def test_faulty_tables_are_told_first(small):
    path = small / "ontology" / "entities.tsv"
    path.write_text(path.read_text().replace("\tDisease\t", "\tDiseas\t", 1), encoding="utf-8")
    done = CliRunner().invoke(cli, ["--data", str(small), "check", "--shapes"])
    assert done.exit_code == 1
    assert "shapes" not in done.stderr


def test_advice_is_asked_for(small):
    assert CliRunner().invoke(cli, ["--data", str(small), "check"]).exit_code == 0
    done = CliRunner().invoke(cli, ["--data", str(small), "check", "--strict"])
    assert done.exit_code == 1
    assert "'CIA' is our own and nothing defines it; say what it is" in done.stdout


def test_without_pyshacl_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyshacl", None)
    with pytest.raises(SourceError, match=r"pip install 'mscim\[shapes\]'"):
        shapes.faults([])
