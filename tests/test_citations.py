"""References that reference managers can read back."""

from __future__ import annotations

import json
import re

from hypothesis import given
from hypothesis import strategies as st

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
