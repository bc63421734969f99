"""Exports: each form read back by another library, and the same on every run."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import networkx as nx
import numpy as np
import pytest
import rdflib
from rdflib.compare import isomorphic

from kg import citations
from kg.errors import UnknownTerm
from kg.export import FORMATS

ROOT = Path(__file__).resolve().parent.parent


def merged(graph) -> rdflib.Graph:
    """All named graphs in one, parsed by rdflib from the N-Quads."""
    union = rdflib.Graph()
    for s, p, o, _ in quads(graph, "nquads", "nquads"):
        union.add((s, p, o))
    return union


def quads(graph, form: str, parser: str) -> list[tuple]:
    dataset = rdflib.Dataset()
    dataset.parse(io.BytesIO(graph.export(form)), format=parser)
    return list(dataset.quads())


@pytest.mark.filterwarnings("ignore:Dataset.default_context:DeprecationWarning")
@pytest.mark.parametrize(("form", "parser"), [("turtle", "turtle"), ("ntriples", "nt"), ("rdfxml", "xml")])
def test_merged_forms_are_isomorphic_when_rdflib_reads_them(small_graph, form, parser):
    back = rdflib.Graph().parse(small_graph.export(form), format=parser)
    assert isomorphic(back, merged(small_graph))
    assert len(back) > 1000


@pytest.mark.filterwarnings("ignore:Dataset.default_context:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
@pytest.mark.parametrize(("form", "parser"), [("trig", "trig"), ("jsonld", "json-ld")])
def test_forms_with_graphs_are_isomorphic_and_keep_the_graphs(small_graph, form, parser):
    found, wanted = quads(small_graph, form, parser), quads(small_graph, "nquads", "nquads")
    assert len(found) == len(wanted) == len(small_graph.store)
    union = rdflib.Graph()
    for s, p, o, _ in found:
        union.add((s, p, o))
    assert isomorphic(union, merged(small_graph))

    def of(rows, name):
        graph = f"https://w3id.org/mscim/graph/{name}"
        return {(s, p, o) for s, p, o, g in rows if str(getattr(g, "identifier", g)) == graph}

    for name in ("assertions", "publications", "studies"):
        assert of(found, name) == of(wanted, name) != set()


@pytest.mark.parametrize("form", ["nquads", "ntriples"])
def test_line_forms_are_sorted_and_complete(small_graph, form):
    lines = small_graph.export(form).decode().splitlines()
    assert lines == sorted(lines)
    assert len(lines) == len(set(lines))
    statements = list(small_graph.store)
    assert len(lines) == len(statements if form == "nquads" else {quad.triple for quad in statements})


@pytest.mark.parametrize("form", ["graphml", "gexf"])
def test_network_forms_read_back_by_networkx_equal_the_graph(graph, form):
    content = io.BytesIO(graph.export(form))
    back = nx.read_graphml(content, force_multigraph=True) if form == "graphml" else nx.read_gexf(content)
    network = graph.to_networkx()
    assert dict(back.nodes(data="category")) == dict(network.nodes(data="category"))
    assert {(u, v, k) for u, v, k in back.edges(keys=True)} == {(u, v, k) for u, v, k in network.edges(keys=True)}
    for left, right, key, data in network.edges(keys=True, data=True):
        found = back.edges[left, right, key]
        assert found["sign"] == data["sign"]
        assert found["belief"] == pytest.approx(data["belief"])
        assert (found["predicate"], found["aspect"]) == (data["predicate"], data["aspect"])
        assert found["publications"] == "; ".join(data["publications"])


@pytest.mark.parametrize("form", ["graphml", "gexf"])
def test_network_forms_are_xml_with_every_node_and_edge(graph, form):
    """Read without networkx, which wrote them: names of the ends, and values under the declared attributes."""
    root = ElementTree.fromstring(graph.export(form))
    space = root.tag.partition("}")[0] + "}"
    names = {each.get("id") for each in root.iter(space + "node")}
    assert names == set(graph.vocabulary.entities)
    edges = list(root.iter(space + "edge"))
    ends = sorted((each.get("source"), each.get("target")) for each in edges)
    assert ends == sorted((claim.subject, claim.object) for claim in graph.assertions)
    if form == "gexf":
        assert {each.get("id") for each in edges} == {claim.id for claim in graph.assertions}


@pytest.mark.parametrize("form", ["graphml", "gexf"])
def test_network_forms_hold_each_value_when_read_as_xml(graph, form):
    """Every attribute of every edge and node, by ElementTree and the declarations in the file alone."""
    root = ElementTree.fromstring(graph.export(form))
    space = root.tag.partition("}")[0] + "}"
    if form == "graphml":
        names = {each.get("id"): each.get("attr.name") for each in root.iter(space + "key")}
        values = lambda item: {names[d.get("key")]: d.text or "" for d in item.iter(space + "data")}  # noqa: E731
    else:
        names = {
            (group.get("class"), each.get("id")): each.get("title")
            for group in root.iter(space + "attributes")
            for each in group.iter(space + "attribute")
        }
        values = lambda item: {  # noqa: E731
            names[item.tag.removeprefix(space), v.get("for")]: v.get("value") for v in item.iter(space + "attvalue")
        }
    for item in root.iter(space + "node"):
        assert values(item)["category"] == graph.vocabulary.entities[item.get("id")].category
    claims = {claim.id: claim for claim in graph.assertions}
    seen = set()
    for item in root.iter(space + "edge"):
        claim, found = claims[item.get("id")], values(item)
        seen.add(claim.id)
        assert (item.get("source"), item.get("target")) == (claim.subject, claim.object)
        assert (found["predicate"], found["aspect"], int(found["sign"])) == (
            claim.predicate,
            claim.aspect,
            claim.effect,
        )
        assert found["publications"] == "; ".join(claim.publications)
        assert 0 <= float(found["belief"]) <= 1
    assert seen == set(claims)


@pytest.mark.parametrize("name", ["nodes", "edges"])
@pytest.mark.parametrize(("form", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_tables_read_by_numpy_are_those_read_by_csv(graph, name, form, delimiter):
    text = graph.export(f"{name}-{form}").decode()
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    read = np.loadtxt(io.StringIO(text), dtype=str, delimiter=delimiter, quotechar='"', comments=None)
    assert read.tolist() == rows
    assert len(rows) - 1 == len(graph.vocabulary.entities if name == "nodes" else graph.assertions)


def test_gexf_says_no_date(small_graph):
    assert b"lastmodifieddate" not in small_graph.export("gexf")


@pytest.mark.parametrize(("form", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_tables_of_nodes_and_edges(graph, form, delimiter):
    def read(name):
        return list(
            csv.DictReader(io.StringIO(graph.export(f"{name}-{form}").decode(), newline=""), delimiter=delimiter)
        )

    nodes, edges = read("nodes"), read("edges")
    assert {n["name"]: (n["curie"], tuple(filter(None, n["synonyms"].split("; ")))) for n in nodes} == {
        e.name: (e.curie, e.synonyms) for e in graph.vocabulary.entities.values()
    }
    claims = {claim.id: claim for claim in graph.assertions}
    assert {e["id"] for e in edges} == set(claims)
    for edge in edges:
        claim = claims[edge["id"]]
        assert (edge["subject"], edge["object"], int(edge["sign"])) == (claim.subject, claim.object, claim.effect)
        assert tuple(filter(None, edge["publications"].split("; "))) == claim.publications
        assert edge["object_curie"] == graph.vocabulary.entities[claim.object].curie
        assert 0 <= float(edge["belief"]) <= 1
    network = nx.from_edgelist([(e["subject"], e["object"]) for e in edges], create_using=nx.DiGraph)
    assert set(network) <= {n["name"] for n in nodes}


def test_bibtex_holds_each_paper_once(graph):
    """Entries are told apart by brackets that balance, as BibTeX does."""
    text = graph.export("bibtex").decode()
    entries = re.findall(r"^@article\{([^,]+),\n(.*?)\n\}$", text, re.DOTALL | re.MULTILINE)
    assert len(entries) == len(graph.publications)
    assert len({key for key, _ in entries}) == len(entries)
    keys = citations.keys(graph.publications.values())
    by_key = dict(entries)
    for curie, key in keys.items():
        body = by_key[key]
        plain = re.sub(r"\\(textbackslash\{\}|textasciitilde\{\}|textasciicircum\{\}|.)", "", body)
        assert plain.count("{") == plain.count("}")
        fields = dict(re.findall(r"^  (\w+) = \{(.*)\},?$", body, re.MULTILINE))
        paper = graph.publications[curie]
        assert fields.get("doi", "") == paper.doi
        assert fields.get("year", "") == paper.year
        assert ("title" in fields) == bool(paper.title)


def test_csl_holds_each_paper_once(graph):
    items = json.loads(graph.export("csl"))
    assert {item["note"].partition("; ")[0] for item in items} == set(graph.publications)
    assert len(items) == len(graph.publications)
    for item in items:
        paper = graph.publications[item["note"].partition("; ")[0]]
        assert item["type"] == "article-journal"
        assert item.get("DOI", "") == paper.doi
        assert item.get("issued", {"date-parts": [[""]]})["date-parts"][0][0] == (int(paper.year) if paper.year else "")


def test_examples_are_the_catalogue(graph):
    back = rdflib.Graph().parse(graph.export("examples"), format="turtle")
    assert len(set(back.subjects(rdflib.URIRef("http://www.w3.org/ns/shacl#select")))) > 30


PRINT = """
import hashlib, kg
from kg.export import FORMATS
graph = kg.load({folder!r})
for form in FORMATS:
    print(form, hashlib.sha256(graph.export(form)).hexdigest())
"""


@pytest.mark.parametrize("seed", ["0", "7"])
def test_same_bytes_in_another_process_and_for_every_hash_seed(small_graph, seed):
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    code = PRINT.format(folder=str(small_graph.folder))
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    wanted = [f"{form} {hashlib.sha256(small_graph.export(form)).hexdigest()}" for form in FORMATS]
    assert done.stdout.splitlines() == wanted


def test_unknown_form(small_graph):
    with pytest.raises(UnknownTerm, match=r"unknown format 'tutle'. Did you mean: turtle"):
        small_graph.export("tutle")
