"""The questions of the library on the small and on the bundled tables."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import kg
from kg.dataset import build, load, row_of
from kg.errors import CurationError, SourceError, UnknownTerm


@pytest.mark.parametrize(
    ("term", "name"),
    [
        ("th17", "Th17 cell"),
        ("TH17 CELL", "Th17 cell"),
        ("CL:0000899", "Th17 cell"),
        ("cl:0000899", "Th17 cell"),
        ("  prostaglandin   E2 ", "PGE2"),
        ("systemic lupus erythematosus", "SLE"),
    ],
)
def test_names_synonyms_and_curies_resolve(graph, term, name):
    assert graph.resolve(term).name == name


def test_unknown_name_suggests_and_picks_none(graph):
    with pytest.raises(UnknownTerm, match=r"unknown entity 'Th-17 cel'. Did you mean: .*Th17 cell") as caught:
        graph.resolve("Th-17 cel")
    assert caught.value.suggestions[0] == "Th17 cell"


def test_names_that_carry_context(graph):
    entity, context = graph.subject("umbilical cord MSC")
    assert (entity.name, context.msc_source) == ("MSC", "umbilical cord")
    entity, context = graph.subject("IFNG-primed MSC")
    assert (entity.name, context.priming) == ("MSC", "IFNG")
    entity, context = graph.subject("SLE-MSC")
    assert entity.name == "SLE-MSC"


def test_source_changes_the_weights(graph):
    plain, cord = graph.trace("MSC", "SLE"), graph.trace("umbilical cord MSC", "SLE")
    assert cord.context.msc_source == "umbilical cord"
    assert [r.label for r in plain.routes] != [r.label for r in cord.routes] or plain.routes[0].weight != cord.routes[
        0
    ].weight


def test_search_ranks_whole_matches_first(graph):
    hits = graph.search("macrophage")
    assert hits[0].name == "macrophage"
    assert all("macrophage" in hit.match.casefold() for hit in hits)
    assert graph.search("prostaglandin e2")[0].name == "PGE2"
    assert graph.search("zzzz") == ()
    assert graph.search("   ") == ()
    assert len(graph.search("a", 5)) == 5


def test_show_puts_claims_in_their_section(small_graph):
    card = small_graph.show("PGE2")
    assert [(n.name, n.predicate) for n in card.lowers] == [("Th17 cell", "negatively_regulates")]
    assert [(n.name, n.predicate) for n in card.raised_by] == [("MSC", "secretes")]
    assert (card.raises, card.lowered_by, card.other) == ((), (), ())
    sle = small_graph.show("SLE")
    assert sle.children == ("lupus nephritis",)
    assert [n.name for n in sle.lowered_by] == ["regulatory T cell"]
    assert [n.predicate for n in sle.other] == ["ameliorates"]
    apoptosis = small_graph.show("T cell").lowered_by
    assert [(n.name, n.aspect, n.effect, n.belief) for n in apoptosis][-1] == ("MSC", "apoptosis", -1, 0.0)


def test_evidence_of_a_pair_counts_narrower_objects(small_graph):
    rows = small_graph.evidence("T cell", "SLE")
    assert [(claim.object, row.publication) for claim, row in rows] == [("lupus nephritis", "doi:10.1000/two")]
    assert len(small_graph.evidence("MSC")) == 8
    assert [row.msc_source for _, row in small_graph.evidence("umbilical cord MSC")] == ["umbilical cord"]


def test_row_of_has_all_columns(small_graph):
    from kg.curation import COLUMNS

    claim, evidence = small_graph.evidence("MSC", "Th17 cell")[0]
    assert tuple(row_of(claim, evidence)) == COLUMNS["evidence"]


def test_outcomes_stand_beside_the_routes(small_graph):
    answer = small_graph.trace("MSC", "SLE")
    assert [(o.predicate, o.direction, o.system) for o in answer.outcomes] == [
        ("ameliorates", "supports", "clinical trial"),
        ("ameliorates", "refutes", "review statement"),
    ]


def test_trace_of_the_small_tables(small_graph):
    answer = small_graph.trace("MSC", "SLE")
    assert {route.label for route in answer.routes} == {
        "via PGE2",
        "via IDO1",
        "on regulatory T cell, mediator not stated",
    }
    assert [route.label for route in answer.counter_routes] == ["on B cell, mediator not stated"]


def test_dataset_is_built_once_and_again_when_tables_change(small, cache):
    said: list[str] = []
    table = small / "triples" / "claims.tsv"
    table.write_text(table.read_text().replace("A finding in our words.", "A finding of this test."))
    first = load(small, said.append)
    assert said
    said.clear()
    assert load(small, said.append).data_version == first.data_version
    assert said == []
    table.write_text(table.read_text().replace("A finding of this test.", "Another finding of this test."))
    second = load(small, said.append)
    assert said
    assert second.data_version != first.data_version


def test_built_dataset_is_loaded_by_its_folder(small, tmp_path):
    folder = build(small, tmp_path / "built")
    graph = load(folder)
    assert graph.folder == folder
    assert graph.assertions == load(small).assertions


def test_damaged_cache_is_rebuilt(small):
    graph = load(small)
    (graph.folder / "manifest.json").unlink()
    said: list[str] = []
    assert load(small, said.append).assertions == graph.assertions
    assert said


def test_faulty_tables_are_refused_with_their_place(small):
    table = small / "triples" / "claims.tsv"
    table.write_text(table.read_text().replace("PGE2\tsecretion", "PGE3\tsecretion"))
    with pytest.raises(
        CurationError, match=r"triples/claims.tsv:\d+:\d+: object: unknown name 'PGE3'; did you mean PGE2"
    ):
        load(small)


@pytest.mark.parametrize("given", ["nowhere", "a file"])
def test_missing_folder(tmp_path, given):
    (tmp_path / "a file").write_text("x")
    with pytest.raises(SourceError, match="no such folder"):
        load(tmp_path / given)


def test_folder_without_tables(tmp_path):
    with pytest.raises(SourceError, match="holds neither triples/ nor a dataset"):
        load(tmp_path)


def test_cache_that_cannot_be_written(small, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("KG_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(SourceError, match="cannot be written"):
        load(small)


@pytest.mark.filterwarnings("ignore:Dataset.default_context:DeprecationWarning")
def test_to_rdflib_holds_every_quad(small_graph):
    dataset = small_graph.to_rdflib()
    assert len(list(dataset.quads())) == len(small_graph.store)
    answer = dataset.query(
        "SELECT ?n { ?c rdfs:subClassOf* CL:0000084 . ?c rdfs:label ?n }", initNs=dict(dataset.namespaces())
    )
    assert {str(row.n) for row in answer} == {"T cell", "CD4+ T cell", "Th17 cell", "regulatory T cell"}


def test_to_pyvis_gives_the_page(graph):
    network = graph.to_pyvis("MSC", "RA")
    assert "<title>MSC and RA: routes" in network.generate_html()


def test_public_names_are_there():
    for name in kg.__all__:
        assert getattr(kg, name) is not None
    assert set(kg.__all__) <= set(dir(kg))
    with pytest.raises(AttributeError):
        kg.nothing  # noqa: B018


def test_nothing_heavy_is_imported_for_a_trace(graph):
    code = (
        "import sys, json\n"
        "from kg.cli import main\n"
        "try:\n    main(['trace', 'MSC', 'SLE', '--format', 'json'])\nexcept SystemExit: pass\n"
        "heavy = {'rdflib', 'networkx', 'pyvis', 'numpy', 'scipy', 'jinja2', 'pyoxigraph', 'IPython'}\n"
        "print(json.dumps(sorted(heavy & set(sys.modules))), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert json.loads(done.stderr.strip().splitlines()[-1]) == []


def test_every_module_keeps_its_word():
    """`__all__` names what is there, and every public function says what it does."""
    import importlib
    import inspect
    import pkgutil

    for info in pkgutil.iter_modules(kg.__path__):
        module = importlib.import_module(f"kg.{info.name}")
        assert module.__doc__, info.name
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isfunction(value) or inspect.isclass(value):
                assert inspect.getdoc(value), f"{info.name}.{name}"
