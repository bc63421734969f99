"""The form of the ontology: each kind of fault is found where it stands, and the bundled file has none."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from kg import curation
from kg.quality import faults
from kg.sources import bundled

FILE = bundled() / "ontology" / "mscim.ttl"
DATE = '"2026-01-01"^^xsd:date'


def test_the_bundled_ontology_has_none():
    assert faults(FILE) == []


def class_(name: str, more: str = "", definition: str = "It is planted.", label: str | None = None) -> str:
    return f'mscim:{name} a owl:Class ; rdfs:label "{label or name}"@en ; skos:definition "{definition}"@en {more} .'


ADDED = {
    "no label": ('mscim:X a owl:Class ; skos:definition "It is planted." .', "mscim:X has no rdfs:label"),
    "empty label": (class_("X", label=" "), "mscim:X has no rdfs:label"),
    "two labels": (class_("X", '; rdfs:label "Y"@en'), r"mscim:X has 2 labels \(X, Y\); keep one"),
    "no definition": ('mscim:X a owl:Class ; rdfs:label "X" .', "mscim:X has no skos:definition"),
    "two definitions": (class_("X", '; skos:definition "So it is."'), "mscim:X has 2 definitions; keep one"),
    "definition without stop": (class_("X", definition="It is planted"), "does not end with a full stop"),
    "definition in small": (class_("X", definition="it is planted."), "starts with a small letter"),
    "label of another": (class_("X", label="Immune cell"), "mscim:X has the label of mscim:ImmuneCell: 'Immune cell'"),
    "definition of another": (class_("X", definition="A disease."), "mscim:X has the definition of mscim:Disease"),
    "white space": (class_("X", definition="It is  planted. "), r"stray or doubled white space in core#definition"),
    "synonym is label": (class_("X", '; skos:altLabel "X"'), "the synonym 'X' is its own label; delete it"),
    "synonym twice": (class_("X", '; skos:altLabel "Z", "Z"'), "the synonym 'Z' stands there twice"),
    "synonym is another": (class_("X", '; skos:altLabel "drug"'), "the synonym 'drug' is the label of mscim:Drug"),
    "text to match": (class_("X", '; skos:exactMatch "CL:1"'), "'CL:1' is no IRI to match with"),
    "odd IRI": ('mscim:X-1 a owl:Class ; rdfs:label "X" ; skos:definition "It is planted." .', "odd characters in the IRI"),
    "obsolete not so called": (class_("X", "; owl:deprecated true"), "starts with 'obsolete ' when owl:deprecated"),
    "obsolete called so alone": (class_("X", label="obsolete X"), "starts with 'obsolete ' when owl:deprecated"),
    "replaced, not deprecated": (class_("X", "; dcterms:isReplacedBy mscim:Cell"), "mscim:X is replaced by mscim:Cell and"),
    "deprecated in use": (
        class_("X", "; owl:deprecated true ; dcterms:isReplacedBy mscim:Cell", label="obsolete X") + "\n"
        + class_("Y", "; rdfs:subClassOf mscim:X"),
        "mscim:Y refers to mscim:X, which is deprecated; use mscim:Cell",
    ),
    "deprecated without successor": (
        class_("X", "; owl:deprecated true", label="obsolete X") + "\n" + class_("Y", "; rdfs:subClassOf mscim:X"),
        "mscim:Y refers to mscim:X, which is deprecated; use another term",
    ),
    "not declared": (class_("X", "; rdfs:subClassOf mscim:Cel"), "mscim:X refers to mscim:Cel, which is not declared"),
    "property not declared": (class_("X", '; mscim:colour "red"'), "the property mscim:colour is used and not declared"),
    "two kinds": ("mscim:sign a owl:ObjectProperty .", "mscim:sign is declared as annotation and object property"),
    "class and datatype": ("mscim:Cell a rdfs:Datatype .", "mscim:Cell is declared as class and datatype"),
    "reserved": ("owl:Cell a owl:Class .", "is in a namespace that OWL reserves"),
    "no OWL datatype": (class_("X", f"; mscim:value {DATE}"), "mscim:X, value: <.*#date> is no datatype of OWL 2"),
    "range of no OWL datatype": ("mscim:year rdfs:range xsd:gYear .", "mscim:year: <.*#gYear> is no datatype of OWL 2"),
    "no number": (class_("X", '; mscim:value "many"^^xsd:integer'), "mscim:X, value: 'many' is no integer"),
    "circle": ("mscim:Entity rdfs:subClassOf mscim:Cell .", "mscim:Cell lies below itself; break the circle of subClassOf"),
    "second ontology": ("mscim:other a owl:Ontology .", "mscim:.* is a second ontology in one file"),
}  # fmt: skip
CHANGED = {
    "no title": ("dcterms:title ", "rdfs:comment ", r"the ontology has no title \(dcterms:title\)"),
    "no description": ("dcterms:description ", "rdfs:comment ", "the ontology has no description"),
    "no licence": ("dcterms:license <", "rdfs:seeAlso <", "the ontology has no licence"),
    "licence in words": (
        "<https://creativecommons.org/licenses/by/4.0/>",
        '"CC BY"',
        "the licence 'CC BY' is no address",
    ),
    "no version": ("owl:versionInfo ", "rdfs:comment ", r"the ontology has no version \(owl:versionInfo\)"),
    "version IRI of another": (
        "mscim/ontology/2026-11-24>",
        "mscim/ontology/1>",
        "the version IRI is <.*/1>, and the version",
    ),
}


@pytest.mark.parametrize(("planted", "said"), ADDED.values(), ids=ADDED)
def test_what_is_planted_is_found_where_it_stands(tmp_path, planted, said):
    path = tmp_path / "mscim.ttl"
    text = FILE.read_text(encoding="utf-8")
    path.write_text(f"{text}{planted}\n", encoding="utf-8")
    found = faults(path)
    assert any(re.search(said, each.message) for each in found), found
    last = text.count("\n") + 1
    if planted.startswith("mscim:X"):
        assert {each.line for each in found} == {last + planted.count("\n")}


@pytest.mark.parametrize(("old", "new", "said"), CHANGED.values(), ids=CHANGED)
def test_a_header_that_lacks_something(tmp_path, old, new, said):
    path = tmp_path / "mscim.ttl"
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    found = faults(path, "ontology/mscim.ttl")
    assert any(re.search(said, each.message) for each in found), found
    assert {each.file for each in found} == {"ontology/mscim.ttl"}


def test_check_tells_faults_of_the_ontology_and_building_goes_on(small):
    path = small / "ontology" / "mscim.ttl"
    path.write_text(path.read_text(encoding="utf-8") + 'mscim:X a owl:Class ; rdfs:label "X" .\n', encoding="utf-8")
    (problem,) = curation.check(small)
    assert str(problem).startswith("ontology/mscim.ttl:")
    assert problem.message == "mscim:X has no skos:definition"
    assert curation.load(small)[1]


@pytest.mark.parametrize(
    ("synonyms", "said"),
    [("IDO|IDO1", "synonym 'IDO1' is the name itself; delete it"), ("IDO|IDO", "synonym 'IDO' stands there twice")],
)
def test_synonyms_that_say_nothing(small, synonyms, said):
    path = small / "ontology" / "entities.tsv"
    path.write_text(path.read_text().replace("IDO|indoleamine 2,3-dioxygenase", synonyms), encoding="utf-8")
    (problem,) = curation.check(small)
    assert said in problem.message


def test_advice_on_entities(small):
    assert {each.message for each in curation.advice(small)} == {
        f"{name!r} is our own and nothing defines it; say what it is" for name in ("CIA", "umbilical cord MSC")
    }
    path = small / "ontology" / "entities.tsv"
    path.write_text(path.read_text().replace("\tIFN-gamma\t", "\tido\t"), encoding="utf-8")
    (shared,) = [each for each in curation.advice(small) if "synonym" in each.message]
    assert shared.message.startswith("synonym 'ido' belongs to 'IDO1' too (line 6)")


def test_a_copy_elsewhere_is_named_as_it_is(tmp_path: Path):
    shutil.copy(FILE, tmp_path / "own.ttl")
    with open(tmp_path / "own.ttl", "a", encoding="utf-8") as stream:
        stream.write("mscim:X a owl:Class .\n")
    assert {each.file for each in faults(tmp_path / "own.ttl")} == {"own.ttl"}
