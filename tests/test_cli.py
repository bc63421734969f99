"""Every command as a user types it: what it prints, on which stream, with which exit code."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from kg.cli import cli, main

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def run(capfd, monkeypatch):
    """Run `kg` in process the way the script does: exit code, stdout, stderr."""

    def call(*arguments: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as caught:
            main(list(arguments))
        out, err = capfd.readouterr()
        assert "Traceback" not in out + err
        return int(caught.value.code or 0), out, err

    return call


@pytest.fixture
def on_small(run, small, small_graph):
    return lambda *arguments, **options: run("--data", str(small), *arguments, **options)


CASES = {
    "trace": ["trace", "MSC", "SLE"],
    "trace-tsv": ["trace", "MSC", "SLE", "--format", "tsv"],
    "trace-nothing": ["trace", "SLE", "PGE2"],
    "show": ["show", "Th17 cell"],
    "show-disease": ["show", "SLE"],
    "search": ["search", "t cell"],
    "trace-block": ["trace", "MSC", "SLE", "--block", "PGE2", "-k", "2"],
    "evidence": ["evidence", "MSC", "SLE"],
    "evidence-tsv": ["evidence", "MSC", "Th17 cell", "--format", "tsv"],
    "centrality": ["centrality", "--measure", "degree"],
    "query": ["query", "SELECT ?cell ?label { ?cell rdfs:subClassOf+ CL:0000084 ; rdfs:label ?label } ORDER BY ?label"],
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_output_is_the_golden_one(on_small, name):
    code, out, _ = on_small(*CASES[name])
    assert code == 0
    out = re.sub(r"20\d\d-\d\d-\d\d\+[0-9a-f]{12}", "VERSION", out)
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("KG_GOLDEN") == "write":
        path.write_text(out, encoding="utf-8")
    assert out == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("command", cli.list_commands(None))
def test_help_of_every_command_has_an_example_that_parses(command):
    shown = CliRunner().invoke(cli, [command, "--help"])
    assert shown.exit_code == 0
    assert re.search(rf"\n +kg (--data \S+ )?{command}\b", shown.output), shown.output
    assert max(map(len, shown.output.splitlines())) <= 112


JSON = {
    "trace": (
        ["trace", "MSC", "SLE"],
        {"source", "target", "context", "verdict", "tested", "agreement", "outcomes", "routes", "counter_routes"},
    ),
    "evidence": (["evidence", "MSC", "Th17 cell"], {"rows"}),
    "show": (["show", "PGE2"], {"entity", "raises", "lowers", "raised_by", "lowered_by", "other"}),
    "search": (["search", "msc"], {"rows"}),
    "centrality": (["centrality"], {"measure", "explanation", "scale", "scope", "msc_source", "rows"}),
    "studies": (["studies"], {"rows"}),
    "stats": (["stats"], {"totals", "rows", "completeness"}),
    "communities": (["communities"], {"modularity", "rows"}),
}


@pytest.mark.parametrize("name", sorted(JSON))
def test_json_contract(on_small, name):
    arguments, keys = JSON[name]
    code, out, _ = on_small(*arguments, "--format", "json")
    answer = json.loads(out)
    assert code == 0
    assert set(answer) == {"data_version", "command", "id"} | keys
    assert answer["command"].startswith(f"kg {name}")
    assert re.fullmatch(r"[0-9a-f]{16}", answer["id"])
    assert on_small(*arguments, "--format", "json")[1] == out


def test_blockade_in_json(on_small):
    answer = json.loads(on_small("trace", "MSC", "SLE", "--block", "PGE2", "--format", "json")[1])
    assert answer["command"] == "kg trace MSC SLE --block PGE2"
    taken = answer["blockade"]
    assert taken["blocked"] == ["PGE2"]
    assert [route["label"] for route in taken["lost"]] == ["via PGE2"]
    assert [each["needed"] for each in taken["experiments"]] == [True]
    assert 0 < taken["share_lost"] < 1
    assert not any("PGE2" in route["mediators"] for route in answer["routes"])
    code, _, err = on_small("trace", "MSC", "SLE", "--block", "SLE")
    assert (code, "cannot be blocked" in err) == (3, True)


def test_explanation_and_citations(on_small, tmp_path):
    bib, csl = tmp_path / "a.bib", tmp_path / "a.json"
    code, out, err = on_small("trace", "MSC", "SLE", "--explain", "1", "--bibtex", str(bib), "--csl", str(csl))
    assert code == 0
    assert "How the score of this mechanism comes about" in out
    assert "discounted for" in on_small("trace", "MSC", "SLE", "--species", "mouse", "--explain", "1")[1]
    assert "@article{" in bib.read_text()
    assert {"DOI", "id", "issued"} <= set(json.loads(csl.read_text())[0])
    assert err.count("papers)") == 2
    for rank in ("99", "c99", "x", "0"):
        code, _, err = on_small("trace", "MSC", "SLE", "--explain", rank)
        assert (code, "give a rank" in err) == (2, True)


def test_compare_in_three_forms(on_small):
    code, out, _ = on_small("compare", "SLE", "lupus nephritis")
    assert code == 0
    assert "Shared (" in out
    assert "Only SLE (" in out
    answer = json.loads(on_small("compare", "SLE", "lupus nephritis", "--format", "json")[1])
    assert set(answer) >= {"left", "right", "shared", "only_left", "only_right", "opposite"}
    assert all({"sign", "weight", "mechanism", "publications"} <= set(each) for each in answer["only_left"])
    rows = [
        line.split("\t") for line in on_small("compare", "SLE", "lupus nephritis", "--format", "tsv")[1].splitlines()
    ]
    assert {len(row) for row in rows} == {7}
    code, _, err = on_small("compare", "MSC", "umbilical cord MSC")
    assert (code, "--target" in err) == (3, True)


def test_gaps_in_three_forms(on_small):
    code, out, _ = on_small("gaps", "SLE")
    assert code == 0
    assert "pairs of mediator and cell were tested" in out
    answer = json.loads(on_small("gaps", "SLE", "--format", "json")[1])
    assert set(answer) >= {"disease", "cells", "mediators", "matrix", "untested"}
    assert [(each["mediator"], each["cell"]) for each in answer["untested"]]
    rows = [line.split("\t") for line in on_small("gaps", "SLE", "--format", "tsv")[1].splitlines()]
    assert {len(row) for row in rows} == {11}
    code, _, err = on_small("gaps", "PGE2")
    assert (code, "not a disease" in err) == (3, True)


def test_disagreements_in_three_forms(on_small):
    code, out, err = on_small("disagreements", "SLE")
    assert code == 0
    assert "MSC and SLE   papers: 1 better, 1 no effect" in out
    assert out.count("pubmed:104") == 1
    assert "papers disagree on 1 thing, in 1 pairs of rows" in err
    (pair,) = json.loads(on_small("disagreements", "SLE", "--format", "json")[1])["pairs"]
    assert (pair["a"]["effect_sign"], pair["b"]["effect_sign"]) == (-1, 0)
    assert pair["differs"]["system"] == ["clinical trial", "review statement"]
    rows = on_small("disagreements", "--disease", "SLE", "--format", "tsv")[1].splitlines()
    assert rows[0].startswith("kind\tweight\tsubject")
    assert len(rows) == 2


def test_trace_contract_in_depth(on_small):
    answer = json.loads(on_small("trace", "MSC", "SLE", "--format", "json")[1])
    assert answer["verdict"]["effect"] in ("ameliorates", "exacerbates", "undetermined")
    route = answer["routes"][0]
    assert set(route) == {"mediators", "label", "sign", "weight", "also", "mechanisms"}
    mechanism = route["mechanisms"][0]
    assert set(mechanism) == {"sign", "score", "stage", "weakest", "best_human", "basis", "direct", "steps"}
    step = {
        "subject",
        "predicate",
        "object",
        "aspect",
        "cell",
        "effect",
        "belief",
        "attestation",
        "publications",
        "refuting",
    }
    assert all(
        step | {"species", "bridge", "stage", "mediators", "primed", "together", "titles_only", "contested"}
        == set(each)
        for each in mechanism["steps"]
    )
    assert answer["outcomes"][0]["publication"] == "doi:10.1000/two"
    assert answer["tested"] == {"better": 1, "unchanged": 1, "worse": 0}
    assert answer["agreement"] == "the routes agree with what most papers that tested it found: better"


def test_incoherent_chains_are_listed_when_asked(on_small):
    assert "no mechanism" not in on_small("trace", "MSC", "SLE")[1]
    code, out, _ = on_small("trace", "MSC", "SLE", "--incoherent")
    assert (code, "no mechanism (0 shown" in out) == (0, True)
    answer = json.loads(on_small("trace", "MSC", "SLE", "--incoherent", "--format", "json")[1])
    assert (answer["incoherent"], answer["command"]) == ([], "kg trace MSC SLE --incoherent")


def test_id_depends_on_the_question(on_small):
    def identity(*arguments):
        return json.loads(on_small("trace", "MSC", "SLE", *arguments, "--format", "json")[1])["id"]

    assert len({identity(), identity("--species", "mouse"), identity("-k", "3"), identity("--avoid", "PGE2")}) == 4
    assert identity() == identity("--species", "human")


def test_context_changes_the_answer(on_small):
    human = on_small("trace", "MSC", "SLE")[1]
    mouse = on_small("trace", "MSC", "SLE", "--species", "mouse")[1]
    assert human != mouse
    assert "species mouse" in mouse
    assert "any context" not in human
    assert "via PGE2" not in on_small("trace", "MSC", "SLE", "--avoid", "prostaglandin E2")[1]
    assert "via IDO1" not in on_small("trace", "MSC", "SLE", "--via", "PGE2")[1]


ERRORS = [
    (["show", "Th-17 cel"], 3, "unknown entity 'Th-17 cel'. Did you mean: Th17 cell"),
    (["trace", "MSC", "lupis"], 3, "unknown entity 'lupis'"),
    (
        ["trace", "MSC", "SLE", "--msc-source", "umbilical chord"],
        3,
        "unknown MSC source 'umbilical chord'. Did you mean: umbilical cord",
    ),
    (["trace", "MSC", "SLE", "--mode", "magic"], 3, "unknown mode 'magic'"),
    (["centrality", "--measure", "betweeness"], 3, "Did you mean: betweenness"),
    (["query", "mediators-off"], 3, "unknown query 'mediators-off'. Did you mean: mediators-of"),
    (["query", "mediators-of", "--param", "illness=RA"], 3, "unknown parameter of mediators-of 'illness'"),
    (["query", "mediators-of", "--param", "disease"], 2, "write NAME=VALUE"),
    (["query"], 2, "give a query, a file, `-`, or --list"),
    (["query", "ASK { }", "--param", "disease=RA"], 2, "write the value into the query instead"),
    (["query", "--list", "--param", "disease=RA"], 2, "--param fills a parameter of a named query"),
    (["query", "trials-of", "--param", "disease=RA", "--param", "disease=SLE"], 2, "disease is given twice"),
    (["query", "trials-of", "--param", "disease=NotADisease"], 3, "unknown entity 'NotADisease'"),
    (["query", "trials-of", "--param", "disease=PGE2"], 3, "has to be of class Condition"),
    (["query", "SELECT * FROM <http://example.org/> { ?s ?p ?o }"], 4, "no such graph here; leave FROM out"),
    (["centrality", "--measure", "route-loss", "--disease", "SLE", "--msc-source", "gingiva"], 3, "does not go with"),
    (["centrality", "--msc-source", "gingva"], 3, "unknown MSC source 'gingva'. Did you mean: gingiva"),
    (["studies", "--design", "rtc"], 3, "unknown design 'rtc'. Did you mean: RCT"),
    (["studies", "--group", "outcom"], 3, "unknown key 'outcom'. Did you mean: outcome"),
    (["stats", "--by", "diseases"], 3, "unknown figure 'diseases'. Did you mean: disease"),
    (["studys"], 2, "Did you mean 'studies'"),
    (["query", "SELECT * { ?s "], 4, "malformed SPARQL"),
    (["query", "DELETE WHERE { ?s ?p ?o }"], 4, "1:1: DELETE is an update"),
    (["query", "SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }"], 4, "1:12: SERVICE is refused"),
    (["query", "SELECT * { ?s ?p ?o } LIMIT 1", "--format", "turtle"], 4, "SELECT and ASK give csv, tsv, json or xml"),
    (["query", "missing.rq"], 5, "missing.rq: cannot be read"),
    (["export", "excel"], 3, "unknown format 'excel'"),
    (["view", "MSC", "-o", "/dev/null/x.html"], 5, "cannot be written"),
    (["view", "human", "-o", "x.html"], 3, "there is nothing to draw"),
    (["trase", "MSC", "SLE"], 2, "Did you mean 'trace'"),
    (["trace", "MSC"], 2, "Missing argument 'TARGET'"),
    (["trace", "MSC", "SLE", "--max-length", "0"], 2, "0 is not in the range"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), ERRORS, ids=[" ".join(e[0]) for e in ERRORS])
def test_errors_say_what_to_do(on_small, arguments, code, said):
    got, out, err = on_small(*arguments)
    assert (got, out) == (code, "")
    assert said in " ".join(err.split())


def test_stage_and_donor_change_the_weights(on_small):
    plain = on_small("trace", "MSC", "SLE")[1]
    clinical = on_small("trace", "MSC", "SLE", "--stage", "clinical")[1]
    assert "stage clinical trial" in clinical
    assert plain.splitlines()[2] != clinical.splitlines()[2]
    assert on_small("trace", "MSC", "SLE", "--donor", "patient")[1] != plain
    code, _, err = on_small("trace", "MSC", "SLE", "--stage", "c")
    assert (code, "unknown stage 'c'" in err) == (3, True)
    code, _, err = on_small("trace", "MSC", "SLE", "--donor", "helthy")
    assert (code, "Did you mean: healthy" in err) == (3, True)


def test_ambiguous_synonym_lists_the_candidates(run, small):
    table = small / "ontology" / "entities.tsv"
    table.write_text(table.read_text().replace("Treg", "IL-17"))
    code, _, err = run("--data", str(small), "show", "il-17")
    assert code == 3
    assert "is a synonym of several entities. Did you mean: IL17A, regulatory T cell?" in err


@pytest.mark.parametrize("what", ["nowhere", "triples/claims.tsv"])
def test_data_that_is_no_folder(run, small, what):
    code, _, err = run("--data", str(small / what), "show", "MSC")
    assert code == 5
    assert "no such folder" in err


def test_query_forms(on_small, tmp_path):
    text = "SELECT ?label { CL:0000899 rdfs:label ?label }"
    (tmp_path / "q.rq").write_text(text)
    assert on_small("query", str(tmp_path / "q.rq"))[1] == "label\nTh17 cell\n"
    assert on_small("query", "-", stdin=text.encode())[1] == "label\nTh17 cell\n"
    assert on_small("query", text, "--format", "csv")[1].split() == ["label", "Th17", "cell"]
    assert (
        json.loads(on_small("query", text, "--format", "json")[1])["results"]["bindings"][0]["label"]["value"]
        == "Th17 cell"
    )
    assert "<literal>Th17 cell</literal>" in on_small("query", text, "--format", "xml")[1]
    assert on_small("query", "ASK { CL:0000899 rdfs:label ?l }")[1] == "answer\ntrue\n"
    turtle = on_small("query", "CONSTRUCT { ?s rdfs:label ?l } WHERE { ?s rdfs:label ?l }", "--format", "turtle")[1]
    assert "Th17 cell" in turtle
    assert on_small("query", "-", stdin=b"\xff\xfe")[0] == 4
    (tmp_path / "latin.rq").write_bytes("SELECT * { ?s rdfs:label 'Sjögren' }".encode("latin-1"))
    assert on_small("query", str(tmp_path / "latin.rq"))[0] == 5


def test_named_queries_are_listed_by_keyword(run):
    code, out, err = run("query", "--list")
    assert code == 0
    headings = [line for line in out.splitlines() if not line.startswith(" ")]
    assert headings[0] == "What a disease is made of (disease)"
    assert len(headings) == 7
    names = [line.split()[0] for line in out.splitlines() if re.match(r"  \S", line)]
    rows = json.loads(run("query", "--list", "--format", "json")[1])["rows"]
    assert names == [row["name"] for row in rows]
    assert len(names) >= 30
    assert f"kg: {len(names)} queries" in err
    tsv = run("query", "--list", "--format", "tsv")[1].splitlines()
    assert [line.split("\t")[0] for line in tsv[1:]] == names
    assert {len(row["keywords"]) > 1 for row in rows} == {True}
    assert run("query", "--list", "--format", "xml")[0] == 2


def test_named_query_runs_with_and_without_parameters(run, graph):
    code, out, err = run("query", "mediators-of", "--format", "tsv")
    assert (code, out.splitlines()[0], err) == (0, "?mediator_name\t?papers\t?example", "")
    assert run("query", "mediators-of", "--param", "disease=RA", "--format", "tsv")[1] != out
    code, out, err = run("query", "trials-of", "--param", "disease=DM")
    assert (code, len(out.splitlines())) == (0, 1)
    assert err == "kg: no rows: nothing in the tables answers this for disease=DM\n"


def test_check_and_format(run, small):
    data = ["--data", str(small)]
    assert run(*data, "check")[:2] == (0, "")
    table = small / "triples" / "claims.tsv"
    good = table.read_text()
    table.write_text(good.replace("Th17 cell\t", "T-helper 17 cell\t", 1))
    code, out, err = run(*data, "check")
    assert code == 1
    assert re.match(
        r"triples/claims.tsv:\d+:\d+: \w+: write 'Th17 cell' for 'T-helper 17 cell'; `kg format` does it", out
    )
    assert "problem" in err
    assert run(*data, "format", "--check")[0] == 1
    assert run(*data, "format")[:2] == (0, "formatted triples/claims.tsv\n")
    assert table.read_text() == good
    assert run(*data, "format", "--check")[0] == 0


def test_bundled_tables_are_in_order(run):
    assert run("check")[0] == 0
    assert run("format", "--check")[0] == 0


def test_build_says_what_is_inside(run, small, tmp_path):
    code, out, err = run("--data", str(small), "build", "-o", str(tmp_path / "built"))
    assert code == 0
    assert "14 assertions, 15 evidence, 4 publications, 17 entities" in out
    assert "reading and checking" in err
    assert run("--data", str(tmp_path / "built"), "show", "MSC")[0] == 0


def test_build_refuses_a_foreign_folder(run, small, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.doc").write_text("x")
    code, _, err = run("--data", str(small), "build", "-o", str(tmp_path / "mine"))
    assert code == 5
    assert "not a dataset of ours" in err
    assert (tmp_path / "mine" / "thesis.doc").read_text() == "x"


@pytest.mark.parametrize("form", ["turtle", "nquads", "jsonld", "graphml", "gexf", "edges-csv", "bibtex"])
def test_export_to_file_and_stdout(on_small, form, tmp_path):
    code, _, err = on_small("export", form, "-o", str(tmp_path / "x"))
    assert code == 0
    assert "wrote" in err
    assert on_small("export", form)[1] == (tmp_path / "x").read_text(encoding="utf-8")


def test_view_writes_a_page(on_small, tmp_path):
    for arguments in (["MSC", "SLE"], ["PGE2"]):
        code, out, err = on_small("view", *arguments, "-o", str(tmp_path / "x.html"))
        assert (code, out) == (0, "")
        assert "open it in a browser" in err
        assert "PGE2" in (tmp_path / "x.html").read_text(encoding="utf-8")
    assert on_small("view", "MSC", "SLE", "-o", "-")[1].startswith("<!doctype html>")
    on_small("trace", "MSC", "SLE", "--view", str(tmp_path / "y.html"))
    assert (tmp_path / "y.html").stat().st_size > 100_000


@pytest.mark.parametrize(
    ("arguments", "title"),
    [
        (["view", "SLE", "--as", "map", "-o"], "SLE: mechanism map"),
        (["view", "MSC", "SLE", "--block", "IDO1", "-o"], "MSC and SLE without IDO1"),
        (["view", "SLE", "SSc", "--as", "comparison", "-o"], "SLE and SSc compared"),
        (["view", "SLE", "--as", "gaps", "-o"], "SLE: what was tested"),
        (["view", "SLE", "--as", "centrality", "-o"], "Centrality: route-weight"),
        (["view", "MSC", "SLE", "--as", "ladder", "-o"], "MSC and SLE: evidence ladder"),
        (["trace", "MSC", "SLE", "-k", "2", "--block", "TGFB1", "--view"], "MSC and SLE without TGFB1"),
        (["compare", "human", "mouse", "--target", "SLE", "--view"], "human and mouse compared"),
        (["gaps", "pSS", "--view"], "pSS: what was tested"),
        (["centrality", "--measure", "degree", "-k", "5", "--view"], "Centrality: degree"),
    ],
)
def test_each_command_writes_its_picture(run, tmp_path, arguments, title):
    code, _, err = run(*arguments, str(tmp_path / "x.html"))
    assert (code, "open it in a browser" in err) == (0, True)
    assert f"<title>{title}" in (tmp_path / "x.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["MSC", "SLE", "RA"], "it takes 1 name"),
        (["MSC", "--as", "routes"], "it takes 2 names"),
        (["MSC", "--as", "banana"], "unknown kind of picture 'banana'"),
        (["SLE", "--as", "map", "--block", "IDO1"], "goes with the routes of two names"),
    ],
)
def test_a_picture_that_cannot_be_made_says_why(run, tmp_path, arguments, said):
    code, _, err = run("view", *arguments, "-o", str(tmp_path / "x.html"))
    assert (code, said in err) == (3, True)
    assert not (tmp_path / "x.html").exists()


def test_large_view_is_refused_with_advice(run, monkeypatch, tmp_path):
    import kg.views

    monkeypatch.setattr(kg.views, "LARGE", 20)
    code, _, err = run("view", "MSC", "-o", str(tmp_path / "x.html"))
    assert code == 5
    assert "filter" in err
    assert "--large" in err
    assert not (tmp_path / "x.html").exists()
    assert run("view", "MSC", "--large", "-o", str(tmp_path / "x.html"))[0] == 0


def test_tsv_reads_back(on_small):
    out = on_small("trace", "MSC", "SLE", "--format", "tsv")[1]
    rows = list(csv.DictReader(io.StringIO(out), delimiter="\t"))
    assert rows[0]["route"] == "route 1"
    assert {row["effect"] for row in rows} <= {"-1", "1"}


def test_search_miss_says_what_is_near(on_small):
    code, out, err = on_small("search", "prostaglandine")
    assert (code, out) == (0, "")
    assert "nothing is called" in err


def test_closed_pipe_is_quiet(small):
    command = [sys.executable, "-m", "kg.cli", "--data", str(small), "evidence", "MSC", "--format", "tsv"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT) as process:
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def test_interrupt_leaves_nothing_half_written(small, tmp_path):
    """Ctrl-C while a dataset is built: exit 130, one line, no scratch folder."""
    out = tmp_path / "out" / "built"
    code = (
        "import sys, os, signal, kg.store\n"
        "from kg.cli import main\n"
        "whole = kg.store.json.dump\n"
        "def slow(*a, **k):\n    os.kill(os.getpid(), signal.SIGINT)\n    return whole(*a, **k)\n"
        "kg.store.json.dump = slow\n"
        f"main(['--data', {str(small)!r}, 'build', '-o', {str(out)!r}])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 130
    assert "interrupted" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(out.parent.iterdir()) == []


def test_a_device_is_written_to_and_never_replaced(on_small):
    code, _, _ = on_small("trace", "MSC", "SLE", "--bibtex", "/dev/null")
    assert code == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_full_disk_on_stdout_is_a_message(small, cache):
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "kg.cli", "--data", str(small), "show", "MSC"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 5
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["query", "SELECT * { } # " + "a long remark " * 40],
        ["query", "x" * 5000],
        ["show", "x" * 5000],
        ["show", ""],
        ["view", "MSC", "SLE", "-o", "/" + "x" * 5000],
        ["query", "SELECT * { " + "{" * 3000 + "}" * 3000 + "}"],
        ["query", "SELECT (" + "(" * 5000 + "1" + ")" * 5000 + " AS ?x) {}"],
    ],
)
def test_too_long_and_too_deep(on_small, arguments):
    code, out, err = on_small(*arguments)
    assert code in (0, 3, 4, 5)
    assert "Traceback" not in out + err
    assert len(err) < 1000 or code == 0


def test_folder_of_ones_own_is_never_called_to_be_deleted(on_small, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "kg.cli", "--data", str(tmp_path), "show", "MSC"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 5
    assert "delete" not in done.stderr
    assert "give another folder" in done.stderr


def test_evidence_filters(graph, on_small):
    lupus = graph.evidence("cord MSC", "Tfh cell", disease="SLE")
    assert {row.direction for _, row in lupus} == {"supports", "refutes"}
    assert {row.msc_source for _, row in lupus} <= {"umbilical cord", "Wharton's jelly"}
    everything = graph.evidence("MSC", "SLE")
    human = graph.evidence("MSC", "SLE", species="human")
    assert 0 < len(human) < len(everything)
    assert all(any("human" in pair.split(">") for pair in row.species) for _, row in human)
    assert graph.evidence("MSC", "SLE", msc_source="bone marrow")
    code, _, err = on_small("evidence", "MSC", "--msc-source", "umbilical")
    assert (code, "unknown MSC source" in err) == (3, True)


def test_how_much_of_the_answer_fits_what_was_asked_of_msc(on_small):
    out = on_small("trace", "MSC", "SLE", "--priming", "IFNG")[1]
    assert re.search(r"priming: 1 of \d papers behind the steps below have it", out)
    assert "papers behind the steps" not in on_small("trace", "MSC", "SLE")[1]


def test_picture_of_a_question_from_a_disease(run, tmp_path):
    code, out, _ = run("trace", "SLE", "MSC", "-k", "2", "--view", str(tmp_path / "sle-msc.html"))
    assert (code, "shows a defect in" in out) == (0, True)
    assert "has_function_defect" in (tmp_path / "sle-msc.html").read_text(encoding="utf-8")
