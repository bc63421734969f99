"""Content figures, against the tables read with `csv`."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from kg.errors import UnknownTerm
from kg.model import Publication
from kg.stats import KINDS, stats

ROOT = Path(__file__).resolve().parent.parent


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


ROWS = [
    row
    for path in sorted((ROOT / "triples").glob("*.tsv"))
    if path.stem not in ("publications", "studies")
    for row in read(path)
]
PAPERS = {row["publication"]: row for row in read(ROOT / "triples" / "publications.tsv")}
CELLS = {
    row["name"]
    for row in read(ROOT / "ontology" / "entities.tsv")
    if row["category"] in ("ImmuneCell", "TissueCell", "MesenchymalStemCell")
}
VALUES = {
    "disease": lambda r: {r["disease"]},
    "mediator": lambda r: set(r["mediator"].split("; ")),
    "cell": lambda r: {r["subject"], r["object"], r["cell"]} & CELLS,
    "system": lambda r: {r["system"]},
    "species": lambda r: set(r["species"].replace(">", "; ").split("; ")),
    "direction": lambda r: {r["direction"]},
    "year": lambda r: {PAPERS[r["publication"]]["year"]},
}


def depth(graph, row) -> set[str]:
    """What curation counts a row as, from the cells alone."""
    v = graph.vocabulary
    kinds = {"MesenchymalStemCell", "MSCProduct"}
    acting = {row["subject"], row["leg_of"].split(" -> ")[0]} - {""}
    ours = any(kinds & v.ontology.superclasses[v.entities[name].category] for name in acting)

    def below(name):
        return {name, *v.descendants(name)}

    found = set()
    for disease in ("SLE", "RA", "SSc", "pSS", "IIM"):
        if below(disease) & {row["disease"], row["object"]}:
            found.add(f"MSC or products in {disease}" if ours else f"{disease} without MSC")
    rules = {
        "refuting, null or harmful": row["direction"] == "refutes"
        or "without effect" in row["mediator_test"]
        or row["predicate"] in {"exacerbates", "no_effect_on"},
        "mediator blocked, removed or added": any(
            row["mediator_test"].startswith(each) for each in ("blockade", "knockdown", "addition")
        ),
        "MSC with another agent": ours and row["combined_with"],
        "primed MSC": ours and row["priming"],
        "engineered MSC": acting & below("engineered MSC"),
        "vesicles of MSC": acting & below("MSC-EV") or (ours and row["mode"] == "extracellular vesicle"),
        "donor of the MSC stated": ours and row["donor"],
    }
    return found | {name for name, holds in rules.items() if holds}


def claim(row) -> tuple[str, ...]:
    return tuple(row[name] for name in ("subject", "predicate", "object", "aspect", "cell"))


@pytest.mark.parametrize("kind", KINDS)
def test_figures_are_those_of_the_tables(graph, kind):
    wanted = {}
    for row in ROWS:
        for value in depth(graph, row) if kind == "depth" else VALUES[kind](row) or {""}:
            wanted.setdefault(value or "(not stated)", []).append(row)
    found = graph.stats().tables[kind]
    assert {c.name: (c.claims, c.findings, c.papers) for c in found} == {
        name: (len({claim(r) for r in rows}), len(rows), len({r["publication"] for r in rows}))
        for name, rows in wanted.items()
    }
    known = [c for c in found if c.name != "(not stated)"]
    assert list(found[: len(known)]) == known
    if kind == "year":
        assert [c.name for c in known] == sorted(c.name for c in known)
    else:
        assert [c.findings for c in known] == sorted((c.findings for c in known), reverse=True)


def test_totals_and_completeness(graph):
    found = graph.stats()
    assert found.totals == {
        "claims": len({claim(row) for row in ROWS}),
        "findings": len(ROWS),
        "supporting findings": sum(row["direction"] == "supports" for row in ROWS),
        "refuting findings": sum(row["direction"] == "refutes" for row in ROWS),
        "papers cited": len({row["publication"] for row in ROWS}),
        "entities named": len({row[c] for row in ROWS for c in ("subject", "object", "cell") if row[c]}),
        "studies": len(graph.studies),
    }
    assert found.completeness == tuple(
        (field, sum(bool(paper[field]) for paper in PAPERS.values()), len(PAPERS)) for field in Publication._fields
    )


def test_one_disease_and_its_kinds(graph):
    found = graph.stats("SLE")
    names = {"SLE", *graph.vocabulary.descendants("SLE")}
    rows = [row for row in ROWS if row["disease"] in names]
    assert found.totals["findings"] == len(rows)
    assert {c.name for c in found.tables["disease"]} == {row["disease"] for row in rows}
    assert found.completeness[0] == ("publication", found.totals["papers cited"], found.totals["papers cited"])
    with pytest.raises(UnknownTerm, match="not a disease"):
        graph.stats("PGE2")


def test_kinds_can_be_chosen(graph):
    found = stats(graph.assertions, graph.publications, graph.vocabulary, kinds=["system"])
    assert list(found.tables) == ["system"]
    with pytest.raises(UnknownTerm, match=r"unknown figure 'systems'. Did you mean: system"):
        stats(graph.assertions, graph.publications, graph.vocabulary, kinds=["systems"])
    assert stats((), {}, graph.vocabulary).totals["claims"] == 0
