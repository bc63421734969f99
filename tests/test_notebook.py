"""What a notebook shows: well-formed, escaped, bounded, papers linked, and honest about what is left out."""

from __future__ import annotations

import pickle
import re
from html.parser import HTMLParser

import pytest

import kg
from kg import notebook
from kg.model import Assertion, Entity, Evidence, Publication

VOID = frozenset({"br", "hr", "img"})
EVIL = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>"


class Strict(HTMLParser):
    """Fails on tags that are not closed in order; keeps tags, attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        names = [name for name, _ in attributes]
        assert not any(name.startswith("on") for name in names), names
        self.links += [value for name, value in attributes if name == "href"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


VALUES = {
    "dataset": lambda graph: graph,
    "entity": lambda graph: graph.resolve("PGE2"),
    "publication": lambda graph: graph.publications[min(graph.publications)],
    "claim": lambda graph: graph.assertions[0],
    "row": lambda graph: graph.assertions[0].evidence[0],
    "study": lambda graph: graph.studies[0],
    "search": lambda graph: graph.search("cell"),
    "card": lambda graph: graph.show("MSC"),
    "evidence": lambda graph: graph.evidence("MSC", "SLE"),
    "trace": lambda graph: graph.trace("MSC", "SLE"),
    "route": lambda graph: graph.trace("MSC", "SLE").routes[0],
    "mechanism": lambda graph: graph.trace("MSC", "SLE").routes[0].mechanisms[0],
    "nothing": lambda graph: graph.trace("SLE", "PGE2", count=1, avoid=["MSC"], max_length=1),
    "incoherent": lambda graph: graph.incoherent("MSC", "SLE"),
    "blockade": lambda graph: graph.blockade("MSC", "SLE", ["PGE2"]),
    "null": lambda graph: graph.null("MSC", "SLE", shuffles=1),
    "compare": lambda graph: graph.compare("SLE", "lupus nephritis"),
    "gaps": lambda graph: graph.gaps("SLE"),
    "disagreements": lambda graph: graph.disagreements("MSC"),
    "centrality": lambda graph: graph.centrality("degree"),
    "route centrality": lambda graph: graph.centrality("route-weight", disease="SLE"),
    "route loss": lambda graph: graph.centrality("route-loss", disease="SLE"),
    "communities": lambda graph: graph.communities(),
    "studies": lambda graph: graph.select_studies(),
    "stats": lambda graph: graph.stats(),
    "table": lambda graph: graph.table("SELECT ?cell ?label { ?cell rdfs:label ?label }"),
    "named query": lambda graph: graph.table("mediators-of", {"disease": "SLE"}),
    "papers": lambda graph: graph.cited(graph.publications),
}


def explained(graph):
    answer = graph.trace("MSC", "SLE")
    return graph.explain(answer, answer.routes[0].mechanisms[0])


VALUES["explain"] = explained


@pytest.mark.parametrize("name", sorted(VALUES))
@pytest.mark.parametrize("data", ["graph", "small_graph"])
def test_values_are_shown_well_formed_short_and_bounded(name, data, request):
    value = VALUES[name](request.getfixturevalue(data))
    html = value._repr_html_()
    page = Strict(html)
    assert len(html) < 60_000
    assert not {"script", "style", "iframe", "link"} & set(page.tags)
    assert all(link.startswith("https://") for link in page.links)
    if name not in ("row", "study", "publication", "entity"):
        assert len(repr(value)) < 400, repr(value)


def test_answers_of_the_real_tables_link_papers_and_say_what_is_left_out(graph):
    answer = graph.trace("MSC", "SLE", count=0)
    page = Strict(answer._repr_html_())
    assert len(answer.routes) > notebook.FEW
    assert f"{len(answer.routes) - notebook.FEW:,} more rows are not shown" in page.words
    assert notebook.link(answer.outcomes[0].publication) in page.links
    assert answer.routes[0].label in page.words
    assert answer.routes[notebook.FEW].label not in page.words
    assert repr(answer).startswith("<MSC on SLE: ")
    rows = graph.evidence("MSC", "SLE")
    assert f"{len(rows) - notebook.MOST:,} more rows are not shown" in Strict(rows._repr_html_()).words


def test_rows_are_tuples_that_keep_their_table_when_sliced_and_pickled(small_graph):
    rows = small_graph.evidence("MSC", "SLE")
    assert isinstance(rows, tuple)
    assert rows == tuple(rows)
    assert rows[0] == next(iter(rows))
    assert isinstance(rows[:1], notebook.Rows)
    assert "<td>" in rows[:1]._repr_html_()
    assert re.fullmatch(r"<2 rows of claim, .*>", repr(rows))
    assert repr(rows[:1]).startswith("<1 row of ")
    assert pickle.loads(pickle.dumps(rows)) == rows
    assert pickle.loads(pickle.dumps(rows))._repr_html_() == rows._repr_html_()


def test_hostile_text_stays_text():
    row = Evidence(statement=EVIL, publication=f"doi:10.1000/{EVIL}", system=EVIL)
    claim = Assertion(EVIL, "positively_regulates", EVIL, evidence=(row,))
    for value in (claim, row, Entity(EVIL, EVIL, EVIL), Publication(EVIL, title=EVIL)):
        page = Strict(value._repr_html_())
        assert not {"script", "img"} & set(page.tags)
        assert EVIL in "".join(page.words)
    shown = Strict(notebook.table([EVIL], [[EVIL]], title=EVIL))
    assert "".join(shown.words).count(EVIL) == 3
    assert Strict(notebook.paper("javascript:alert(1)")).links == []
    assert Strict(notebook.page(EVIL, notebook.line(EVIL))).tags == ["div", "p", "b", "p"]


def test_cells_are_cut_and_lists_of_papers_counted():
    assert len(Strict(notebook.table(["a"], [["x" * 9_999]])).words[1]) == notebook.LONGEST
    many = [f"pubmed:{number}" for number in range(1, 9)]
    page = Strict(notebook.papers(many))
    assert len(page.links) == notebook.PAPERS
    assert page.words[-1] == f" and {len(many) - notebook.PAPERS} more"
    assert notebook.table(["a"], []) == "<p>no rows</p>"
    assert notebook.Html("<b>a</b>")._repr_html_() == "<b>a</b>"
    assert [notebook.signed(sign) for sign in (-1, 0, 1)] == ["−", "0", "+"]
    assert "<td>yes</td><td>no</td><td>0.250</td>" in notebook.table(["a", "b", "c"], [[True, False, 0.25]])


def test_rows_of_a_query(small_graph):
    rows = small_graph.table("SELECT ?label ?nothing { CL:0000899 rdfs:label ?label }")
    assert (rows, rows.names) == ((("Th17 cell", ""),), ("label", "nothing"))
    assert small_graph.table("ASK { CL:0000899 rdfs:label ?label }") == (("true",),)
    assert small_graph.table("mediators-of", {"disease": "SLE"}).names[0] == "mediator_name"
    with pytest.raises(kg.QueryError, match="named query"):
        small_graph.table("SELECT * { ?s ?p ?o }", {"disease": "SLE"})
    with pytest.raises(kg.UnknownTerm):
        small_graph.table("no-such-query")
