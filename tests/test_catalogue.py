"""The questions that ship as SPARQL, each answer worked out a second time from the tables with nothing but `csv`."""

from __future__ import annotations

import csv
import re
import time
from collections import defaultdict
from pathlib import Path

import pytest
import rdflib
from rdflib.plugins.sparql import prepareQuery

from kg import catalogue as module
from kg.catalogue import GROUPS, catalogue, examples, examples_turtle, named
from kg.centrality import MEASURES
from kg.errors import CurationError, UnknownTerm
from kg.sparql import table

ROOT = Path(__file__).resolve().parent.parent
LISTS = ("mediator", "priming", "model", "combined_with", "species")
MSC = {"MesenchymalStemCell", "MSCProduct"}
CELLS = {"ImmuneCell", "TissueCell", "MesenchymalStemCell"}
FACTORS = {
    "Autoantibody": "autoantibody",
    "MicroRNA": "non-coding RNA",
    "Protein": "protein",
    "ProteinComplexOrFamily": "protein complex or family",
    "SmallMolecule": "small molecule",
}
SIGNS = {
    "ameliorates": -1,
    "contributes_to": 1,
    "decreased_in": -1,
    "exacerbates": 1,
    "expresses": 1,
    "has_function_defect": -1,
    "increased_in": 1,
    "negatively_regulates": -1,
    "positively_regulates": 1,
    "protects_against": -1,
    "secretes": 1,
}
LOWERING = {"apoptosis", "senescence"}  # more of it means less of the thing
NEUTRAL = {"autophagy", "genetic variation"}
STAGES = {
    "review statement": 1,
    "in vitro": 2,
    "ex vivo": 3,
    "animal model": 4,
    "patient observation": 5,
    "clinical trial": 6,
    "controlled trial": 7,
    "meta-analysis": 8,
}
HUMAN = {"ex vivo", "patient observation", "clinical trial", "controlled trial", "meta-analysis"}
LOST, STAYED = {"blockade", "knockdown"}, {"blockade without effect", "knockdown without effect"}
ROLES = {"increased_in", "decreased_in", "contributes_to", "protects_against"}


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


class Tables:
    """The tables as a curator sees them."""

    def __init__(self) -> None:
        self.entities = {row["name"]: row for row in read(ROOT / "ontology" / "entities.tsv")}
        self.papers = {row["publication"]: row for row in read(ROOT / "triples" / "publications.tsv")}
        self.studies = read(ROOT / "triples" / "studies.tsv")
        self.rows: list[dict] = []
        for path in sorted((ROOT / "triples").glob("*.tsv")):
            if path.stem not in ("publications", "studies"):
                self.rows += read(path)
        for row in self.rows:
            for column in LISTS:
                row[column] = [part for part in row[column].split("; ") if part]
            row["says"] = row["predicate"].replace("_", " ")
            row["claim"] = tuple(row[c] for c in ("subject", "predicate", "object", "aspect", "cell"))
            polar = row["predicate"] in ("positively_regulates", "negatively_regulates")
            turn = -1 if row["aspect"] in LOWERING else 0 if row["aspect"] in NEUTRAL else 1
            row["sign"] = str(SIGNS.get(row["predicate"], 0) * (turn if polar else 1))
        self.good = [row for row in self.rows if row["direction"] == "supports"]
        self.msc = [row for row in self.good if self.is_a(row["subject"], *MSC)]
        self.trials = [
            row for row in self.studies if row["design"] not in ("animal", "meta-analysis") and row["disease"]
        ]

    def is_a(self, name: str, *categories: str) -> bool:
        return self.entities[name]["category"] in categories

    def kinds(self, name: str) -> set[str]:
        found = {name}
        while True:
            more = {n for n, row in self.entities.items() if found & set(row["parents"].split("|"))} - found
            if not more:
                return found
            found |= more

    def supporting(self) -> dict[tuple, set[str]]:
        return papers((row["claim"], row["publication"]) for row in self.good)


def papers(pairs) -> dict[tuple, set[str]]:
    found: dict[tuple, set[str]] = defaultdict(set)
    for key, paper in pairs:
        found[key].add(paper)
    return found


def counted(pairs) -> set[tuple]:
    """Keys with the number of different papers of each."""
    return {(*key, str(len(each))) for key, each in papers(pairs).items()}


def cells(rows, *columns: str) -> set[tuple]:
    return {tuple(row[column] for column in columns) for row in rows}


def human(row) -> bool:
    return "human" in row["species"]


def some_species(row) -> str:
    return row["species"][0] if row["species"] else ""


@pytest.fixture(scope="session")
def tables() -> Tables:
    return Tables()


# name -> what is asked, which columns are compared, and the same worked out from the tables
EXPECTED = {}


def expected(name: str, columns: str, **parameters: str):
    def keep(function):
        EXPECTED[name] = (parameters, columns.split(), function)
        return function

    return keep


@expected("rises-and-falls", "change thing_name aspect_name papers", disease="SSc")
def _(t):
    words = {"increased_in": "rises", "decreased_in": "falls"}
    return counted(
        ((words[r["predicate"]], r["subject"], r["aspect"]), r["publication"])
        for r in t.good
        if r["predicate"] in words and r["object"] in t.kinds("SSc") and t.is_a(r["subject"], *CELLS)
    )


@expected(
    "subsets-of-a-cell", "subset_name predicate_name aspect_name disease_name papers", cell="T cell", disease="SLE"
)
def _(t):
    inside, family = t.kinds("T cell") - {"T cell"}, t.kinds("SLE")
    return counted(
        ((r["subject"], r["says"], r["aspect"], r["object"]), r["publication"])
        for r in t.good
        if r["predicate"] in ROLES and r["subject"] in inside and r["object"] in family
    )


@expected("autoantibodies-of", "autoantibody_name predicate_name disease_name papers", disease="IIM")
def _(t):
    family = t.kinds("IIM")
    pairs = [(r, r["subject"], r["object"]) for r in t.good] + [(r, r["object"], r["subject"]) for r in t.good]
    return counted(
        ((antibody, r["says"], where), r["publication"])
        for r, antibody, where in pairs
        if where in family and t.is_a(antibody, "Autoantibody")
    )


@expected("disease-specific-cells", "cell_name predicate_name aspect_name publication", disease="pSS")
def _(t):
    family = t.kinds("pSS")
    said = [r for r in t.good if r["predicate"] in ROLES and t.is_a(r["subject"], *CELLS)]
    elsewhere = {r["subject"] for r in said if t.is_a(r["object"], "Disease") and r["object"] not in family}
    ours = [r for r in said if r["object"] in family and r["subject"] not in elsewhere]
    return cells(ours, "subject", "says", "aspect", "publication")


@expected("changes-in-both", "thing_name in_left in_right way", left="SLE", right="SSc")
def _(t):
    words = {"increased_in": "rises", "decreased_in": "falls"}
    sides = [
        {(r["subject"], words[r["predicate"]]) for r in t.good if r["predicate"] in words and r["object"] in t.kinds(d)}
        for d in ("SLE", "SSc")
    ]
    return {(a, x, y, "same" if x == y else "opposite") for a, x in sides[0] for b, y in sides[1] if a == b}


@expected("drivers-of", "role thing_name aspect_name best_stage", disease="SSc")
def _(t):
    roles = {"contributes_to": "drives", "protects_against": "restrains"}
    best: dict[tuple, int] = {}
    for r in t.good:
        if r["predicate"] in roles and r["object"] in t.kinds("SSc"):
            key = (roles[r["predicate"]], r["subject"], r["aspect"])
            best[key] = max(best.get(key, 0), STAGES[r["system"]])
    return {(*key, str(stage)) for key, stage in best.items()}


@expected("manifestations-of", "manifestation_name disease_name publication", disease="SSc")
def _(t):
    said = [r for r in t.good if r["predicate"] == "has_phenotype" and r["subject"] in t.kinds("SSc")]
    return cells(said, "object", "subject", "publication")


@expected("models-used", "model_name findings papers", disease="SLE")
def _(t):
    seen = [(m, r) for r in t.rows if r["disease"] in t.kinds("SLE") for m in r["model"]]
    return {
        (name, str(sum(m == name for m, _ in seen)), str(len({r["publication"] for m, r in seen if m == name})))
        for name, _ in seen
    }


@expected("treatments-of", "treatment_name predicate_name on_name verdict system_name publication", disease="SSc")
def _(t):
    tested = [
        r
        for r in t.rows
        if r["predicate"] in ("ameliorates", "exacerbates", "no_effect_on")
        and r["disease"] in t.kinds("SSc")
        and t.is_a(r["subject"], "Drug", "Intervention")
    ]
    return cells(tested, "subject", "says", "object", "direction", "system", "publication")


@expected("mediators-of", "mediator_name papers", disease="SLE")
def _(t):
    return counted(((m,), r["publication"]) for r in t.msc if r["disease"] in t.kinds("SLE") for m in r["mediator"])


@expected("blockade-experiments", "object_name mediator_name test direction_name publication", source="MSC")
def _(t):
    return {
        (r["object"], m, r["mediator_test"], r["direction"], r["publication"])
        for r in t.rows
        if r["subject"] == "MSC" and r["mediator_test"] in LOST | STAYED | {"addition"}
        for m in r["mediator"]
    }


@expected("blocked-on-a-cell", "cell_name mediator_name test_name result subject_name publication", cell="T cell")
def _(t):
    return {
        (
            r["object"],
            m,
            r["mediator_test"],
            f"effect {'lost' if r['mediator_test'] in LOST else 'stayed'}",
            r["subject"],
            r["publication"],
        )
        for r in t.rows
        if r["object"] in t.kinds("T cell") and r["mediator_test"] in LOST | STAYED
        for m in r["mediator"]
    }


@expected("mediators-not-needed", "mediator_name subject_name object_name test_name publication")
def _(t):
    return {
        (m, r["subject"], r["object"], r["mediator_test"], r["publication"])
        for r in t.rows
        if r["mediator_test"] in STAYED
        for m in r["mediator"]
    }


@expected("factors-on-a-cell", "factor_name cell_name effect diseases papers", cell="Tfh cell")
def _(t):
    found: dict[tuple, list[dict]] = defaultdict(list)
    for r in t.msc:
        for factor in r["mediator"] or ["(not stated)"]:
            if r["object"] in t.kinds("Tfh cell"):
                found[factor, r["object"], r["sign"]].append(r)
    return {
        (*key, "; ".join(sorted({r["disease"] for r in rows} - {""})), str(len({r["publication"] for r in rows})))
        for key, rows in found.items()
    }


@expected("mediator-by-cell", "mediator_name cell_name raise lower papers")
def _(t):
    found: dict[tuple, list[dict]] = defaultdict(list)
    for r in t.msc:
        for m in r["mediator"]:
            if t.is_a(r["object"], "ImmuneCell", "TissueCell"):
                found[m, r["object"]].append(r)
    return {
        (
            *key,
            *(str(len({r["publication"] for r in rows if not sign or r["sign"] == sign})) for sign in ("1", "-1", "")),
        )
        for key, rows in found.items()
    }


@expected("mediators-in-both", "mediator_name papers_left papers_right", left="RA", right="pSS")
def _(t):
    sides = [
        papers((m, r["publication"]) for r in t.msc if r["disease"] in t.kinds(d) for m in r["mediator"])
        for d in ("RA", "pSS")
    ]
    return {(m, str(len(sides[0][m])), str(len(sides[1][m]))) for m in sides[0].keys() & sides[1].keys()}


@expected("vesicle-cargo", "cargo_name class_name object_name effect papers")
def _(t):
    return counted(
        ((m, FACTORS[t.entities[m]["category"]], r["object"], r["sign"]), r["publication"])
        for r in t.msc
        if r["mode"] == "extracellular vesicle"
        for m in r["mediator"]
        if t.entities[m]["category"] in FACTORS
    )


@expected("receptors", "ligand_name receptor_name verdict publication")
def _(t):
    return cells((r for r in t.rows if r["predicate"] == "binds"), "subject", "object", "direction", "publication")


@expected("processes-without-mediator", "driver_name papers", disease="SSc")
def _(t):
    reached = {r["object"] for r in t.msc if r["mediator"]}
    wanted = ("BiologicalProcess", "ImmuneCell", "TissueCell", "Phenotype", "CellularComponent")
    return counted(
        ((r["subject"],), r["publication"])
        for r in t.good
        if r["predicate"] == "contributes_to" and r["object"] in t.kinds("SSc")
        if t.is_a(r["subject"], *wanted) and r["subject"] not in reached
    )


@expected("licensing", "agent_name does source_name publication")
def _(t):
    return {
        (r["subject"], "more" if r["sign"] == "1" else "less", r["msc_source"], r["publication"])
        for r in t.good
        if t.is_a(r["object"], "MesenchymalStemCell") and r["aspect"] == "immunosuppressive function"
        if r["predicate"] in ("positively_regulates", "negatively_regulates")
    }


@expected("primed-msc", "subject_name predicate_name object_name aspect_name verdict publication", agent="IFNG")
def _(t):
    primed = [r for r in t.rows if "IFNG" in r["priming"]]
    return cells(primed, "subject", "says", "object", "aspect", "direction", "publication")


@expected("defects-of-patients-msc", "msc_name object_name aspect_name disease_name publication")
def _(t):
    defects = [r for r in t.good if r["predicate"] == "has_function_defect"]
    return cells(defects, "subject", "object", "aspect", "disease", "publication")


@expected("msc-of-a-source", "object_name effect papers", source="umbilical cord")
def _(t):
    return counted(
        ((r["object"], r["sign"]), r["publication"])
        for r in t.good
        if r["msc_source"] == "umbilical cord" and t.is_a(r["subject"], "MesenchymalStemCell")
    )


@expected("sources-in-a-disease", "source_name system_name papers", disease="RA")
def _(t):
    return counted(
        ((r["msc_source"], r["system"]), r["publication"])
        for r in t.rows
        if r["msc_source"] and r["disease"] in t.kinds("RA")
    )


@expected("products-on", "product_name predicate_name target_name aspect_name verdict publication", target="macrophage")
def _(t):
    said = [r for r in t.rows if t.is_a(r["subject"], "MSCProduct") and r["object"] in t.kinds("macrophage")]
    return cells(said, "subject", "says", "object", "aspect", "direction", "publication")


@expected("secretome", "factor_name predicate_name priming_name papers")
def _(t):
    return counted(
        ((r["object"], r["predicate"], agent), r["publication"])
        for r in t.good
        if r["predicate"] in ("secretes", "expresses") and t.is_a(r["subject"], "MesenchymalStemCell")
        for agent in r["priming"] or [""]
    )


@expected("modes-on-a-cell", "mode_name cell_name predicate_name aspect_name papers", cell="macrophage")
def _(t):
    return counted(
        ((r["mode"], r["object"], r["says"], r["aspect"]), r["publication"])
        for r in t.msc
        if r["mode"] and r["object"] in t.kinds("macrophage")
    )


@expected("claims-on", "subject_name predicate_name aspect_name cell_name effect publication", target="Tfh cell")
def _(t):
    said = [r for r in t.good if r["object"] == "Tfh cell"]
    return cells(said, "subject", "says", "aspect", "cell", "sign", "publication")


@expected("claims-from", "predicate_name object_name aspect_name cell_name effect publication", source="IDO1")
def _(t):
    return cells(
        (r for r in t.good if r["subject"] == "IDO1"), "says", "object", "aspect", "cell", "sign", "publication"
    )


@expected(
    "claims-between",
    "predicate_name object_name aspect_name verdict system_name statement publication",
    source="MSC",
    target="B cell",
)
def _(t):
    said = [r for r in t.rows if r["subject"] == "MSC" and r["object"] in t.kinds("B cell")]
    return cells(said, "says", "object", "aspect", "direction", "system", "statement", "publication")


@expected("contradictions", "subject_name predicate_name object_name aspect_name cell_name for against")
def _(t):
    good = t.supporting()
    bad = papers((r["claim"], r["publication"]) for r in t.rows if r["direction"] == "refutes")
    return {
        (c[0], c[1].replace("_", " "), *c[2:], str(len(good[c])), str(len(bad[c]))) for c in good.keys() & bad.keys()
    }


@expected("refuted-about", "subject_name predicate_name object_name aspect_name statement publication", about="MSC")
def _(t):
    bad = [r for r in t.rows if r["direction"] == "refutes" and "MSC" in (r["subject"], r["object"])]
    return cells(bad, "subject", "says", "object", "aspect", "statement", "publication")


@expected("shown-in-animals-only", "subject_name predicate_name object_name aspect_name", disease="SLE")
def _(t):
    people = {r["claim"] for r in t.good if human(r)}
    only = [r for r in t.msc if r["disease"] in t.kinds("SLE") and r["species"] and r["claim"] not in people]
    return cells(only, "subject", "says", "object", "aspect")


@expected("human-evidence", "subject_name predicate_name object_name aspect_name system_name papers", disease="SLE")
def _(t):
    return counted(
        ((r["subject"], r["says"], r["object"], r["aspect"], r["system"]), r["publication"])
        for r in t.msc
        if r["disease"] in t.kinds("SLE") and human(r) and r["system"] in HUMAN
    )


@expected("best-supported", "subject_name predicate_name object_name aspect_name cell_name papers")
def _(t):
    return {
        (c[0], c[1].replace("_", " "), *c[2:], str(len(each))) for c, each in t.supporting().items() if len(each) >= 3
    }


@expected("by-one-paper", "subject_name predicate_name object_name aspect_name publication", cell="B cell")
def _(t):
    good = t.supporting()
    alone = [r for r in t.msc if r["object"] in t.kinds("B cell") and len(good[r["claim"]]) == 1]
    return cells(alone, "subject", "says", "object", "aspect", "publication")


@expected("by-reviews-alone", "subject_name predicate_name object_name aspect_name cell_name papers")
def _(t):
    shown = {r["claim"] for r in t.good if r["system"] != "review statement"}
    return counted(
        ((r["subject"], r["says"], r["object"], r["aspect"], r["cell"]), r["publication"])
        for r in t.msc
        if r["claim"] not in shown
    )


@expected("only-with-another-agent", "subject_name predicate_name object_name agent_name publication")
def _(t):
    return {(r["subject"], r["says"], r["object"], a, r["publication"]) for r in t.msc for a in r["combined_with"]}


@expected("trials-of", "year design n_patients msc_source route outcome registry_id title", disease="SSc")
def _(t):
    given = [s for s in t.studies if s["disease"] in t.kinds("SSc")]
    return cells(
        given, "year", "design", "n_patients", "msc_source", "route", "outcome_direction", "registry_id", "title"
    )


def studies(t, *columns: str) -> dict[tuple, list[dict]]:
    found: dict[tuple, list[dict]] = defaultdict(list)
    for s in t.trials:
        found[tuple(s[c] or ("not reported" if c == "outcome_direction" else "not stated") for c in columns)].append(s)
    return found


@expected("trials-by-route", "disease_name route outcome studies patients")
def _(t):
    groups = studies(t, "disease", "route", "outcome_direction")
    return {(*key, str(len(each)), str(sum(int(s["n_patients"] or 0) for s in each))) for key, each in groups.items()}


@expected("trials-by-source", "disease_name source donor outcome studies")
def _(t):
    return {
        (*k, str(len(each))) for k, each in studies(t, "disease", "msc_source", "donor", "outcome_direction").items()
    }


@expected("trials-by-dose", "disease_name dose n_infusions route outcome registry_id publication")
def _(t):
    given = [s for s in t.trials if s["dose"]]
    return cells(given, "disease", "dose", "n_infusions", "route", "outcome_direction", "registry_id", "publication")


@expected("controlled-trials", "disease_name design year n_patients comparator outcome registry_id")
def _(t):
    given = [s for s in t.studies if s["design"] in ("RCT", "non-randomised controlled") and s["disease"]]
    return cells(given, "disease", "design", "year", "n_patients", "comparator", "outcome_direction", "registry_id")


@expected("null-and-worse-studies", "outcome disease_name design year effect registry_id")
def _(t):
    bad = [s for s in t.studies if s["outcome_direction"] in ("no difference", "mixed", "worse") and s["disease"]]
    return cells(bad, "outcome_direction", "disease", "design", "year", "effect", "registry_id")


@expected("null-and-worse-effects", "predicate_name subject_name object_name verdict system_name publication")
def _(t):
    bad = [r for r in t.rows if r["predicate"] in ("no_effect_on", "exacerbates") and t.is_a(r["subject"], *MSC)]
    return cells(bad, "says", "subject", "object", "direction", "system", "publication")


@expected("unreported-trials", "disease_name registry_id phase n_patients")
def _(t):
    open_ = [
        s for s in t.studies if s["registry_id"] and s["outcome_direction"] in ("", "not reported") and s["disease"]
    ]
    return cells(open_, "disease", "registry_id", "phase", "n_patients")


@expected(
    "claims-of-a-paper",
    "subject_name predicate_name object_name aspect_name cell_name verdict statement",
    paper="doi:10.1038/srep12777",
)
def _(t):
    said = [r for r in t.rows if r["publication"] == "doi:10.1038/srep12777"]
    return cells(said, "subject", "says", "object", "aspect", "cell", "direction", "statement")


@expected(
    "claims-of-a-review",
    "subject_name predicate_name object_name aspect_name cell_name others",
    review="doi:10.3389/fimmu.2021.714832",
)
def _(t):
    good = t.supporting()
    return {
        (r["subject"], r["says"], r["object"], r["aspect"], r["cell"], str(len(good[r["claim"]]) - 1))
        for r in t.good
        if r["publication"] == "doi:10.3389/fimmu.2021.714832"
    }


@expected("papers-per-year", "year kind papers findings")
def _(t):
    dated = {(p["year"], p["kind"]): 0 for p in t.papers.values() if p["year"]}
    for r in t.rows:
        paper = t.papers[r["publication"]]
        if paper["year"]:
            dated[paper["year"], paper["kind"]] += 1
    known = [(p["year"], p["kind"]) for p in t.papers.values()]
    return {(*key, str(known.count(key)), str(findings)) for key, findings in dated.items()}


@expected("papers-on", "year publication findings", about="Tfh cell")
def _(t):
    about = [r["publication"] for r in t.rows if "Tfh cell" in (r["subject"], r["object"], r["cell"])]
    return {(t.papers[p]["year"], p, str(about.count(p))) for p in about}


@expected("most-quoted-papers", "publication findings")
def _(t):
    quoted = [r["publication"] for r in t.rows]
    return {(p, str(quoted.count(p))) for p in t.papers if quoted.count(p) >= 10}


def test_every_query_that_ships_is_worked_out_here():
    assert sorted(catalogue()) == sorted(EXPECTED)
    assert len(EXPECTED) >= 30


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_answer_is_that_of_the_tables(graph, tables, name):
    parameters, columns, worked_out = EXPECTED[name]
    query, values = named(name, parameters, graph.vocabulary, graph.publications)
    headings, rows = table(graph.query(query, values), graph.vocabulary.ontology.prefixes)
    found = {tuple(row[headings.index(column)] for column in columns) for row in rows}
    wanted = worked_out(tables)
    assert found == wanted
    assert wanted, "the question has no answer on the bundled tables: ask of something else"


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_defaults_give_an_answer_in_an_order_of_its_own_and_soon(graph, name):
    """Below 300 ms of the processor's time: the engine has no plan for NOT EXISTS and MINUS, so none is used."""
    query, values = named(name, {}, graph.vocabulary, graph.publications)
    assert not re.search(r"\bMINUS\b|\bEXISTS\b|\bSAMPLE\b", query)
    times, answers = [], []
    for _ in range(3):
        start = time.process_time()
        answers.append(table(graph.query(query, values), graph.vocabulary.ontology.prefixes)[1])
        times.append(time.process_time() - start)
    assert answers[0]
    assert answers[0] == answers[1] == answers[2]
    assert min(times) < 0.3


@pytest.mark.parametrize("query", catalogue().values(), ids=lambda query: query.name)
def test_form_of_a_query(query):
    assert query.title.endswith("?")
    assert query.group in GROUPS
    assert len(query.keywords) >= 2
    assert "ORDER BY" in query.text
    body = "\n".join(line for line in query.text.splitlines() if not line.startswith("#"))
    for parameter in query.parameters:
        assert re.search(rf"\?{parameter.name}\b", body), parameter


@pytest.mark.parametrize(
    "name",
    [
        "best-supported",
        "by-one-paper",
        "by-reviews-alone",
        "claims-of-a-review",
        "contradictions",
        "human-evidence",
        "shown-in-animals-only",
    ],
)
def test_names_of_chosen_claims_are_looked_up_one_by_one(name):
    """A plain pattern after a sub-select is read for every claim there is; an OPTIONAL only for those chosen."""
    text = catalogue()[name].text
    after = text[text.index("{ SELECT") :]
    assert len(re.findall(r"^  OPTIONAL \{ \?claim mscim:\w+/rdfs:label \?\w+ \}$", after, re.MULTILINE)) >= 4
    assert not re.search(r"^  \?claim ", after, re.MULTILINE)


def test_catalogue_is_in_order_of_groups_then_names():
    keys = [(list(GROUPS).index(q.group), q.name) for q in catalogue().values()]
    assert keys == sorted(keys)
    assert {q.group for q in catalogue().values()} == set(GROUPS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# keywords: disease\nSELECT * { }", "one title"),
        ("# title: What?\nSELECT * { }", "one line of keywords"),
        ("# title: What?\n# keywords: nonsense\nSELECT * { }", "the first keyword is 'nonsense'"),
        ("# titel: What?\n# keywords: disease\nSELECT * { }", "q.rq:1:1: write `# title"),
        ("# title: What?\n# keywords: disease\n# parameter: disease=SLE\nSELECT * { ?disease ?p ?o }", "write `name"),
        ("# title: What?\n# keywords: disease\n# parameter: drug (Entity): SLE\nSELECT * { }", "use \\?name"),
    ],
)
def test_query_file_that_is_not_in_form(text, message):
    with pytest.raises(CurationError, match=message):
        module._read("q", "q.rq", text)


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("mediator-of", {}, r"unknown query 'mediator-of'. Did you mean: mediators-of"),
        ("mediators-of", {"illness": "SLE"}, r"unknown parameter of mediators-of 'illness'. Did you mean: disease"),
        ("receptors", {"factor": "CCL2"}, r"the query receptors takes none; leave --param out"),
        ("mediators-of", {"disease": "lupus erythematodes acutus"}, "unknown entity 'lupus erythematodes acutus'"),
        ("trials-of", {"disease": "NotADisease"}, "unknown entity 'NotADisease'. Did you mean: disease"),
        ("trials-of", {"disease": "PGE2"}, "is of class SmallMolecule, and disease has to be of class Condition"),
        ("rises-and-falls", {"class": "Autoantibdy"}, "unknown class 'Autoantibdy'. Did you mean: Autoantibody"),
        ("msc-of-a-source", {"source": "umbilical"}, "unknown MSCSource 'umbilical'"),
        (
            "claims-of-a-paper",
            {"paper": "doi:10.1038/srep1277"},
            "unknown publication .* Did you mean: doi:10.1038/srep12777",
        ),
        ("claims-of-a-paper", {"paper": "Wang"}, "is no CURIE of a paper here, as doi:"),
    ],
)
def test_what_cannot_be_asked_is_said(graph, name, parameters, message):
    with pytest.raises(UnknownTerm, match=message):
        named(name, parameters, graph.vocabulary, graph.publications)


def test_values_of_each_kind(graph):
    ask = graph.vocabulary
    assert named("claims-on", {"target": "th17"}, ask)[1] == {"target": "http://purl.obolibrary.org/obo/CL_0000899"}
    assert named("rises-and-falls", {"class": "Autoantibody"}, ask)[1]["class"].endswith("mscim/Autoantibody")
    assert named("msc-of-a-source", {}, ask)[1]["source"].startswith("https://w3id.org/mscim/")
    papers = named("claims-of-a-paper", {"paper": "DOI:10.1038/SREP12777"}, ask, graph.publications)[1]
    assert papers == {"paper": "https://doi.org/10.1038/srep12777"}


SH = rdflib.Namespace("http://www.w3.org/ns/shacl#")
SCHEMA = rdflib.Namespace("https://schema.org/")


def test_catalogue_as_rdf_has_the_form_of_sparql_examples(graph):
    content = examples_turtle(graph.vocabulary, "https://example.org/sparql")
    assert content == examples_turtle(graph.vocabulary, "https://example.org/sparql")
    back = rdflib.Graph().parse(content, format="turtle")
    queries = set(back.subjects(rdflib.RDF.type, SH.SPARQLSelectExecutable))
    assert len(queries) == len(catalogue())
    assert queries == set(back.subjects(rdflib.RDF.type, SH.SPARQLExecutable))
    for each in queries:
        assert back.value(each, rdflib.RDFS.comment).language == "en"
        assert len(list(back.objects(each, SCHEMA.keywords))) >= 2
        assert str(back.value(each, SCHEMA.target)) == "https://example.org/sparql"
        (prefixes,) = back.objects(each, SH.prefixes)
        assert (prefixes, rdflib.RDF.type, rdflib.OWL.Ontology) in back
    assert not [t for t in examples(graph.vocabulary) if "schema.org/target" in str(t.predicate)]


def test_a_query_of_the_rdf_runs_elsewhere_with_its_prefixes(graph, tables):
    """rdflib parses each with the declared prefixes alone, and the text gives the same answer as the catalogue."""
    back = rdflib.Graph().parse(examples_turtle(graph.vocabulary), format="turtle")
    declared = {str(back.value(d, SH.prefix)): str(back.value(d, SH.namespace)) for d in back.objects(None, SH.declare)}
    for query in back.subjects(rdflib.RDF.type, SH.SPARQLExecutable):
        text = str(back.value(query, SH.select))
        prepareQuery(text, initNs=declared)
    name = "mediators-of"
    text = str(back.value(rdflib.URIRef(module.EXAMPLES + name), SH.select))
    rows = table(graph.query(text), graph.vocabulary.ontology.prefixes)[1]
    assert {(row[0], row[1]) for row in rows} == EXPECTED[name][2](tables)


def test_queries_that_ask_of_what_the_tables_lack_are_no_examples(small_graph):
    found = {str(triple.subject.value) for triple in examples(small_graph.vocabulary)}
    assert module.EXAMPLES + "mediators-of" in found  # SLE is there
    assert module.EXAMPLES + "autoantibodies-of" not in found  # IIM is not


def test_the_readme_counts_the_questions_right():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"one of {len(catalogue())} named questions" in text
    assert f"by {len(MEASURES)} measures" in text
