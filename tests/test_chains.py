"""Which claim may follow which: worked out once, kept whole, and the same whatever is asked."""

from __future__ import annotations

import json

import pytest

import kg
from kg.chains import ATTESTATIONS, Chains, chains, links
from kg.errors import SourceError
from tests.test_mechanisms import made


def test_kept_with_the_dataset_equals_worked_out_anew(graph):
    assert graph.chains == chains(graph.assertions, graph.vocabulary)
    assert Chains.of(json.loads(json.dumps(graph.chains.packed()))) == graph.chains


def test_turned_round_holds_the_same_pairs(graph):
    ready = graph.chains
    forward = {
        (first, second, ready.factors[place])
        for first, (following, places, _, _) in enumerate(ready.follows)
        for second, place in zip(following, places, strict=True)
    }
    for precedes in (ready.precedes, chains(graph.assertions, graph.vocabulary).precedes):
        back = {(first, second, f) for second, each in enumerate(precedes) for first, f in zip(*each, strict=True)}
        assert forward == back
    assert all(0 < factor <= 1 for factor in ready.factors)


def test_what_follows_starts_where_the_first_ends_or_across_a_bridge(graph):
    ready, claims, vocabulary = graph.chains, graph.assertions, graph.vocabulary
    for first, following in enumerate(ready.follows):
        before = claims[ready[first].claim]
        for second, _, attestation, crossing in zip(*following, strict=True):
            after, bridge = claims[ready[second].claim], ready.bridges[crossing]
            assert after.subject == (bridge or before.object)
            assert after.object not in (before.subject, before.object)
            assert not ready[first].association
            if bridge:
                assert bridge in vocabulary.ancestors(before.object) | vocabulary.descendants(before.object)
            if ATTESTATIONS[attestation] == "same publication":
                assert set(before.publications) & set(after.publications)


def test_msc_stand_inside_a_chain_only_when_asked(graph):
    def inside(ready: Chains) -> set[str]:
        return {
            graph.assertions[ready[first].claim].object for first, following in enumerate(ready.follows) if following[0]
        }

    through = chains(graph.assertions, graph.vocabulary, through_msc=True)
    assert "MSC" not in inside(graph.chains)
    assert "MSC" in inside(through)
    assert inside(graph.chains) < inside(through)


@pytest.mark.parametrize("content", ["[1, 2]", '{"links": []}', "{", ""])
def test_damaged_part_is_named(small, tmp_path, content):
    folder = kg.build(small, tmp_path / "built")
    graph = kg.load(folder)
    (folder / "chains.json").write_text(content)
    with pytest.raises(SourceError, match=r"chains\.json"):
        graph.trace("MSC", "SLE")
    with pytest.raises(SourceError, match="incomplete or was changed"):
        kg.load(folder)


def test_what_was_only_counted_is_not_bridged(graph):
    """HLA-G is of MHC class I, but more of it is not what was counted; a cause of the wider thing may be bridged to."""
    v = graph.vocabulary
    raised = made(v, "MSC", "secretes", "HLA-G", "secretion")
    counted = made(v, "MHC class I", "increased_in", "PM", "expression", publication="doi:10.1000/two")
    causes = made(v, "MHC class I", "contributes_to", "PM", publication="doi:10.1000/two")
    assert chains([raised, counted], v).follows[0] == [[], [], [], []]
    assert chains([raised, causes], v).follows[0][0] == [1]


def test_a_factor_on_one_cell_is_not_the_one_counted_on_another(graph):
    v = graph.vocabulary
    own = made(v, "MSC", "expresses", "TLR4", "expression")
    released = made(v, "MSC", "secretes", "IL6", "secretion")
    there = made(
        v, "TLR4", "increased_in", "pSS", "expression", "salivary gland epithelial cell", publication="doi:10.1000/two"
    )
    cytokine = made(
        v, "IL6", "increased_in", "pSS", "expression", "salivary gland epithelial cell", publication="doi:10.1000/two"
    )
    assert chains([own, there], v).follows[0][0] == []
    assert chains([released, cytokine], v).follows[0][0] == [1]


def test_what_a_cell_does_is_no_count_of_it(graph):
    """Less activation of a cell is not fewer of it; less proliferation is."""
    v = graph.vocabulary
    counted = made(v, "B cell", "increased_in", "SLE", "abundance", publication="doi:10.1000/two")
    for aspect, follows in (("proliferation", [1]), ("activation", []), ("antibody production", [])):
        claims = [made(v, "MSC", "negatively_regulates", "B cell", aspect), counted]
        assert chains(claims, v).follows[0][0] == follows, aspect
    drives = made(v, "B cell", "contributes_to", "SLE", publication="doi:10.1000/two")
    assert chains([made(v, "MSC", "negatively_regulates", "B cell", "activation"), drives], v).follows[0][0] == [1]


def test_what_msc_make_in_culture_is_not_the_level_where_that_falls(graph):
    v = graph.vocabulary
    made_by = made(v, "MSC", "secretes", "IL6", "secretion")
    counted = made(v, "IL6", "increased_in", "SLE", "abundance", publication="doi:10.1000/two")
    drives = made(v, "IL6", "contributes_to", "SLE", publication="doi:10.1000/two")
    falls = made(v, "MSC", "negatively_regulates", "IL6", "abundance", publication="pmc:PMC3", system="animal model")
    culture = falls._replace(evidence=(falls.evidence[0]._replace(system="in vitro"),))
    assert chains([made_by, counted, drives, culture], v).follows[0][0] == [1, 2]
    assert chains([made_by, counted, drives, falls], v).follows[0][0] == [2]
    lax = chains([made_by, counted, drives, falls], v, incoherent=True)
    assert ATTESTATIONS[lax.follows[0][2][0]] == "incoherent: its level moves the other way"


def test_what_patients_own_msc_carry_ends_no_chain(graph):
    v = graph.vocabulary
    own = made(v, "NO", "increased_in", "RA", "secretion", "RA synovial MSC")
    assert not links([own], v)
    assert links([made(v, "NO", "increased_in", "RA", "secretion")], v)


def test_who_has_claims_of_its_own_is_not_spoken_for(graph):
    """NK cells are innate lymphoid cells, and have rows of their own on SSc."""
    v = graph.vocabulary
    raised = made(v, "MSC", "positively_regulates", "NK cell", "activation")
    wider = made(v, "innate lymphoid cell", "contributes_to", "SSc", publication="doi:10.1000/two")
    own = made(v, "NK cell", "decreased_in", "SSc", publication="pmc:PMC3")
    assert chains([raised, wider], v).follows[0][0] == [1]
    assert 1 not in chains([raised, wider, own], v).follows[0][0]


def test_more_of_a_subset_by_conversion_is_not_more_of_the_whole(graph):
    """Central memory cells come from other CD4+ T cells; a subset that divides more, or does more, is another matter."""
    v = graph.vocabulary
    whole = made(v, "CD4+ T cell", "contributes_to", "RA", publication="doi:10.1000/two")
    for aspect, follows in (("differentiation", []), ("abundance", []), ("proliferation", [1]), ("activation", [1])):
        claims = [made(v, "MSC", "positively_regulates", "Th17 cell", aspect), whole]
        assert chains(claims, v).follows[0][0] == follows, aspect
    part = made(v, "Th17 cell", "contributes_to", "RA", publication="doi:10.1000/two")
    assert chains([made(v, "MSC", "negatively_regulates", "CD4+ T cell", "abundance"), part], v).follows[0][0] == [1]
