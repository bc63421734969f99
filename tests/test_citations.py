"""References that reference managers can read back."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pybtex.database import Person, parse_string
from pybtex.richtext import Text

from kg.citations import bibtex, csl, keys
from kg.model import Publication

ONE = Publication(
    "doi:10.1000/a_b", doi="10.1000/a_b", year="2017", first_author="Müller K", title="50% of {MSC} & IFN-γ_1"
)


def test_special_characters_are_escaped_and_the_doi_is_not():
    text = bibtex([ONE])
    assert r"title = {{50\% of \{MSC\} \& IFN-γ\_1}}" in text
    assert "doi = {10.1000/a_b}" in text
    assert "author = {Müller, K and others}" in text
    assert text.startswith("@article{muller2017,")


def test_keys_are_unique_whatever_the_order():
    papers = [ONE._replace(publication=f"doi:10.1000/{n}", doi=f"10.1000/{n}") for n in range(3)]
    assert keys(papers) == keys(papers[::-1])
    assert sorted(keys(papers).values()) == ["muller2017", "muller2017-2", "muller2017-3"]
    assert bibtex(papers) == bibtex(papers[::-1])


def test_only_what_is_known_is_written():
    (item,) = json.loads(csl([Publication("pmc:PMC3", pmcid="PMC3")]))
    assert item == {"id": "pmc3", "type": "article-journal", "PMCID": "PMC3", "note": "pmc:PMC3"}
    assert "year" not in bibtex([Publication("pmc:PMC3", pmcid="PMC3")])
    assert (bibtex([]), json.loads(csl([]))) == ("", [])


def test_all_bundled_papers(graph):
    papers = graph.publications.values()
    items = json.loads(csl(papers))
    assert len({item["id"] for item in items}) == len(papers)
    entries = re.findall(r"^@article\{([a-z0-9-]+),$", bibtex(papers), re.MULTILINE)
    assert entries == [item["id"] for item in items]


@given(st.text(alphabet="abé{}%&\\~^_$# ", max_size=30))
def test_braces_stay_balanced(title):
    text = bibtex([ONE._replace(title=title)])
    bare = re.sub(r"\\[{}]", "", text)
    assert bare.count("{") == bare.count("}")


ODD = "50% of {MSC} & IFN-γ_1 ~ #2 $5 ^x \\alpha <b>"

EVEN = "50% of MSC & IFN-γ_1 #2 <b>"


def plain(text: str) -> str:
    """A field as a reader of BibTeX prints it: LaTeX read by pybtex, its braces gone."""
    return Text.from_latex(text).render_as("text").replace("\xa0", "~")


def test_pybtex_reads_back_special_characters():
    """Its decoder knows no \\textbackslash{} and reads a brace as a group: those are held against the field as it stands."""
    whole = parse_string(bibtex([ONE._replace(title=ODD)]), "bibtex").entries["muller2017"].fields["title"]
    escaped = r"{50\% of \{MSC\} \& IFN-γ\_1 \textasciitilde{} \#2 \$5 \textasciicircum{}x \textbackslash{}alpha <b>}"
    assert whole == escaped
    entry = parse_string(bibtex([ONE._replace(title=EVEN, first_author="O'Müller-Ñuñez K")]), "bibtex").entries[
        "omullernunez2017"
    ]
    assert plain(entry.fields["title"]) == EVEN
    first, others = entry.persons["author"]
    assert (first.last_names, first.first_names, str(others)) == (["O'Müller-Ñuñez"], ["K"], "others")


def str_of(person: Person) -> str:
    parts = [*person.prelast_names, *person.last_names, *person.first_names, *person.middle_names]
    return " ".join(parts).replace("{", "").replace("}", "")


@pytest.mark.parametrize(
    ("name", "last", "first"),
    [
        ("Ah Kioon MD", ["Ah", "Kioon"], ["MD"]),
        ("Del Papa", ["{Del Papa}"], []),
        ("Wang", ["Wang"], []),
        ("Li X-Y", ["Li"], ["X-Y"]),
    ],
)
def test_family_names_of_several_words(name, last, first):
    paper = ONE._replace(first_author=name)
    ((entry),) = parse_string(bibtex([paper]), "bibtex").entries.values()
    person = entry.persons["author"][0]
    assert ([*person.prelast_names, *person.last_names], person.first_names) == (last, first)
    (author,) = json.loads(csl([paper]))[0]["author"]
    assert author == {"family": " ".join(last).strip("{}")} | ({"given": first[0]} if first else {})


def test_pybtex_and_csl_say_the_same_of_all_papers(graph):
    """Field by field: what pybtex reads from BibTeX, what CSL-JSON says, what the table says."""
    papers = graph.publications
    entries = parse_string(bibtex(papers.values()), "bibtex").entries
    items = {item["note"].partition("; ")[0]: item for item in json.loads(csl(papers.values()))}
    assert len(entries) == len(items) == len(papers)
    for curie, key in keys(papers.values()).items():
        entry, item, paper = entries[key], items[curie], papers[curie]
        fields = entry.fields
        assert entry.type == "article"
        assert item["id"] == key
        assert plain(fields.get("title", "")) == item.get("title", "") == paper.title
        assert (
            fields.get("year", "") == str(item.get("issued", {"date-parts": [[""]]})["date-parts"][0][0]) == paper.year
        )
        for name in ("doi", "pmid", "pmcid"):
            assert fields.get(name, "") == item.get(name.upper(), "") == getattr(paper, name)
        assert plain(fields["note"]) == item["note"] == "; ".join((curie, *paper.standing))
        authors = [str_of(person) for person in entry.persons.get("author", [])[:1]]
        said = [" ".join(filter(None, (a["family"], a.get("given")))) for a in item.get("author", [])]
        assert authors == said == ([paper.first_author] if paper.first_author else [])


def test_csl_keeps_the_rules_of_its_schema(graph):
    """Rules of csl-data.json: known fields, their types, dates as arrays of one to three whole numbers."""
    texts = {"id", "type", "title", "DOI", "PMID", "PMCID", "note"}
    for item in json.loads(csl(graph.publications.values())):
        assert {"id", "type"} <= set(item) <= texts | {"author", "issued"}
        assert all(isinstance(item[name], str) and item[name] for name in texts & set(item))
        for author in item.get("author", []):
            assert {"family"} <= set(author) <= {"family", "given"}
            assert all(isinstance(each, str) and each for each in author.values())
        if "issued" in item:
            assert set(item["issued"]) == {"date-parts"}
            ((year,),) = item["issued"]["date-parts"]
            assert isinstance(year, int)
