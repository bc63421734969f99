"""Gaps on rows small enough to lay out by hand."""

from __future__ import annotations

import pytest

import kg
from kg.gaps import gaps
from tests.test_mechanisms import made

TWO = "doi:10.1000/two"


def rows(v):
    return [
        made(v, "MSC", "secretes", "PGE2", "secretion"),
        made(v, "MSC", "negatively_regulates", "Tfh cell", "differentiation", mediator=("IDO1",), disease="pSS", system="ex vivo"),
        made(v, "MSC", "negatively_regulates", "Th17 cell", "abundance", disease="pSS", species=("mouse",), system="animal model"),
        made(v, "PGE2", "negatively_regulates", "B cell", "proliferation", disease="SLE", publication=TWO),
        made(v, "IDO1", "negatively_regulates", "B cell", "proliferation", disease="colitis", publication=TWO),
        made(v, "IFNG", "positively_regulates", "B cell", "proliferation", disease="pSS"),
        made(v, "B cell", "contributes_to", "pSS", system="ex vivo"),
    ]  # fmt: skip


def test_matrix_and_what_is_missing(graph):
    answer = gaps(rows(graph.vocabulary), graph.vocabulary, "pSS")
    fields = {(f.mediator, f.cell): (f.effects, f.best_stage, f.human_stage, f.by_msc) for f in answer.matrix}
    assert fields == {
        ("IDO1", "Tfh cell"): ((-1,), "ex vivo", "ex vivo", True),
        ("", "Th17 cell"): ((-1,), "animal model", "", True),
    }
    assert [(f.mediator, f.cell) for f in answer.no_human] == [("", "Th17 cell")]
    assert (answer.mediators, answer.cells) == (("IDO1",), ("Tfh cell", "Th17 cell"))
    (elsewhere,) = answer.elsewhere
    assert (elsewhere.mediator, elsewhere.cell, elsewhere.diseases) == ("PGE2", "B cell", ("SLE",))
    assert (elsewhere.effect, elsewhere.role, elsewhere.expected) == (-1, 1, -1)
    assert elsewhere.rank == pytest.approx(0.55 * 0.60)
    (outside,) = answer.untested
    assert (outside.mediator, outside.diseases) == ("IDO1", ("colitis",))


def test_restraining_cell_turns_what_is_expected(graph):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "secretes", "PGE2", "secretion"),
        made(v, "PGE2", "positively_regulates", "regulatory T cell", "abundance", disease="RA"),
        made(v, "regulatory T cell", "decreased_in", "SSc", "abundance"),
    ]
    (each,) = gaps(claims, v, "SSc").elsewhere
    assert (each.role, each.expected) == (-1, -1)
    assert each.rank == pytest.approx(0.55 * 0.55 * 0.4)


def test_failed_blockade_and_refutation_do_not_count(graph):
    v = graph.vocabulary
    claims = [
        made(v, "MSC", "negatively_regulates", "B cell", "abundance", mediator=("PGE2",), mediator_test="blockade without effect", disease="RA"),
        made(v, "MSC", "negatively_regulates", "NK cell", "abundance", direction="refutes", disease="RA"),
    ]  # fmt: skip
    assert gaps(claims, v, "RA").matrix == ()


def test_real_tables(graph):
    answer = graph.gaps("Sjogren's syndrome")
    assert answer.disease == "pSS"
    assert ("IDO1", "Tfh cell") in {(f.mediator, f.cell) for f in answer.matrix}
    tested = {(f.mediator, f.cell) for f in answer.matrix}
    assert not tested & {(each.mediator, each.cell) for each in (*answer.elsewhere, *answer.untested)}
    ranks = [round(each.rank, 9) for each in answer.elsewhere]
    assert ranks == sorted(ranks, reverse=True)
    with pytest.raises(kg.UnknownTerm, match="not a disease"):
        graph.gaps("PGE2")


def test_what_msc_were_not_shown_to_reach(graph):
    """B cells drive pSS and MSC lower them in SLE; a signal drives it and nothing is known; Th17 cells are reached."""
    v = graph.vocabulary
    claims = [
        made(v, "B cell", "contributes_to", "pSS", system="ex vivo"),
        made(v, "MSC", "negatively_regulates", "B cell", "proliferation", disease="SLE"),
        made(v, "TGF-beta signalling", "contributes_to", "pSS"),
        made(v, "Th17 cell", "contributes_to", "pSS"),
        made(v, "MSC", "negatively_regulates", "Th17 cell", "abundance", disease="pSS"),
        made(v, "regulatory T cell", "protects_against", "pSS", system="ex vivo"),
        made(v, "MSC", "positively_regulates", "regulatory T cell", "abundance", disease="pSS", direction="refutes"),
    ]
    found = [(d.name, d.role, d.elsewhere, d.diseases) for d in gaps(claims, v, "pSS").unreached]
    assert found == [
        ("regulatory T cell", -1, False, ()),
        ("TGF-beta signalling", 1, False, ()),
        ("B cell", 1, True, ("SLE",)),
    ]
