"""Studies chosen, sorted and counted, against the table read with `csv`."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from kg.errors import UnknownTerm
from kg.model import Assertion, Evidence, Study
from kg.studies import KEYS, OUTCOMES, studies, tally

ROOT = Path(__file__).resolve().parent.parent
with (ROOT / "triples" / "studies.tsv").open(encoding="utf-8", newline="") as stream:
    TABLE = list(csv.DictReader(stream, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_outcomes_are_those_of_the_ontology(graph):
    assert set(OUTCOMES) == set(graph.vocabulary.ontology.study_values["outcome_direction"])


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ({}, lambda s: True),
        ({"disease": "SLE"}, lambda s: s["disease"] in ("SLE", "lupus nephritis")),
        ({"design": "RCT"}, lambda s: s["design"] == "RCT"),
        ({"source": "umbilical cord"}, lambda s: s["msc_source"] in ("umbilical cord", "Wharton's jelly")),
        ({"route": "intravenous", "people": True}, lambda s: s["route"] == "intravenous" and s["design"] not in ("animal", "meta-analysis")),
        ({"outcome": "no difference"}, lambda s: s["outcome_direction"] == "no difference"),
        ({"outcome": "not reported"}, lambda s: s["outcome_direction"] in ("", "not reported")),
        ({"dose": "CELLS/KG"}, lambda s: s["dose_cells_per_kg"]),
        ({"dose": "exosomes", "disease": "SSc"}, lambda s: "exosomes" in s["dose"] and s["disease"] == "SSc"),
    ],
)  # fmt: skip
def test_choice(graph, asked, fits):
    found = graph.select_studies(**asked)
    wanted = [tuple(s.values()) for s in TABLE if fits(s)]
    assert sorted(tuple(row.study) for row in found) == sorted(wanted)
    assert wanted


@pytest.mark.parametrize("key", [*KEYS, "patients"])
def test_order(graph, key):
    found = graph.select_studies(sort=key)
    assert len(found) == len(TABLE)
    assert found == graph.select_studies(sort=key)
    if key == "patients":
        values = [row.patients for row in found]
        assert values == sorted(values, reverse=True)
        assert values[0] == max(int(s["n_patients"] or 0) for s in TABLE)
    elif key == "year":
        years = [row.study.year for row in found if row.study.year]
        assert years == sorted(years, reverse=True)
        assert not found[-1].study.year
    elif key == "outcome":
        places = [OUTCOMES.index(row.outcome) for row in found]
        assert places == sorted(places)
    elif key == "dose":
        numbers = [int(row.study.dose_cells_per_kg) for row in found if row.study.dose_cells_per_kg]
        assert [bool(row.study.dose_cells_per_kg) for row in found[: len(numbers)]] == [True] * len(numbers)
        assert numbers == sorted(numbers, reverse=True)
        assert found[-1].dose == "not stated"
    else:
        values = [row.value(key) for row in found if row.value(key) != "not stated"]
        assert values == sorted(values)
        assert [row.value(key) for row in found[: len(values)]] == values


def test_counts_show_null_and_worse_results_too(graph):
    found = graph.select_studies(people=True)
    counted = tally(found, ["disease", "route"])
    wanted = Counter(
        (s["disease"] or "not stated", s["route"] or "not stated")
        for s in TABLE
        if s["design"] not in ("animal", "meta-analysis")
    )
    assert {each.key: each.studies for each in counted} == wanted
    assert all(len(each.outcomes) == len(OUTCOMES) and sum(each.outcomes) == each.studies for each in counted)
    assert sum(each.patients for each in counted) == sum(row.patients for row in found)
    null = sum(each.outcomes[OUTCOMES.index("no difference")] for each in counted)
    assert null == sum(
        s["outcome_direction"] == "no difference" for s in TABLE if s["design"] not in ("animal", "meta-analysis")
    )
    assert [each.studies for each in counted] == sorted((each.studies for each in counted), reverse=True)


def test_worse_is_counted(graph):
    rows = studies([Study(disease="SLE", outcome_direction="worse", n_patients="about 5")], [], graph.vocabulary)
    (each,) = tally(rows, ["outcome"])
    assert (each.key, each.outcomes, each.patients) == (("worse",), (0, 0, 0, 1, 0), 0)


def test_links_to_claims_and_pages(graph):
    by_trial = {row.study.registry_id: row for row in graph.select_studies() if row.study.registry_id}
    row = by_trial["NCT01813279"]
    assert row.page == "https://clinicaltrials.gov/study/NCT01813279"
    claims = {claim.id: claim for claim in graph.assertions}
    for claim in row.claims:
        assert any(e.publication == row.study.publication or "NCT01813279" in e.context for e in claims[claim].evidence)
    assert {claims[claim].object for claim in row.claims} >= {"finger oedema", "finger pain"}
    assert by_trial["ChiCTR-ONC-16008770"].page.endswith("?TrialID=ChiCTR-ONC-16008770")
    assert by_trial["IRCTtrial 55387"].page.endswith("/trial/55387")
    plain = studies([Study(doi="10.1/x"), Study(read_url="https://example.org/")], [], graph.vocabulary, sort="year")
    assert {each.page for each in plain} == {"https://doi.org/10.1/x", "https://example.org/"}
    assert all(each.claims == () for each in plain)


def test_a_claim_is_linked_by_the_paper_or_by_the_trial_its_row_names(graph):
    said = [
        Assertion(
            "MSC", "ameliorates", "SLE", id="named", evidence=(Evidence(context="phase 2; NCT1", publication="a"),)
        ),
        Assertion("MSC", "ameliorates", "RA", id="paper", evidence=(Evidence(publication="b"),)),
        Assertion("MSC", "ameliorates", "SSc", id="other", evidence=(Evidence(context="NCT2", publication="c"),)),
    ]
    table = [Study(registry_id="NCT1", disease="SLE"), Study(publication="b", disease="RA")]
    assert [row.claims for row in studies(table, said, graph.vocabulary)] == [("paper",), ("named",)]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"design": "rtc"}, r"unknown design 'rtc'. Did you mean: RCT"),
        ({"route": "intravenus"}, "Did you mean: intravenous"),
        ({"outcome": "wrose"}, "Did you mean: worse"),
        ({"source": "xyz"}, "unknown source 'xyz'. Did you mean: .*adipose tissue"),
        ({"sort": "pateints"}, "Did you mean: patients"),
        ({"disease": "PGE2"}, "is of class SmallMolecule, not a disease"),
    ],
)
def test_values_that_no_study_can_have(graph, asked, message):
    with pytest.raises(UnknownTerm, match=message):
        graph.select_studies(**asked)


def test_unknown_key(graph):
    with pytest.raises(UnknownTerm, match="unknown key 'colour'"):
        tally(graph.select_studies(), ["colour"])
