"""Claims chosen by what they name, where they were seen, and in which species alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from kg.graph import Context, Weigher
from kg.model import Assertion, Evidence
from kg.vocabulary import Vocabulary

__all__ = ["Chosen", "select"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A claim with the rows of evidence that fit; `belief` in [0, 1] rests on those rows, whatever their species."""

    claim: Assertion
    rows: tuple[Evidence, ...]
    belief: float

    @property
    def supporting(self) -> tuple[str, ...]:
        """CURIEs of the papers for it among the rows, each once, sorted."""
        return tuple(sorted({row.publication for row in self.rows if row.direction == "supports"}))

    @property
    def refuting(self) -> tuple[str, ...]:
        """CURIEs of the papers against it among the rows, each once, sorted."""
        return tuple(sorted({row.publication for row in self.rows if row.direction == "refutes"}))

    @property
    def species(self) -> tuple[str, ...]:
        """Species of the rows, each once, sorted; `human>mouse` is human cells in a mouse."""
        return tuple(sorted({taxon for row in self.rows for taxon in row.species}))


def select(
    claims: Iterable[Assertion],
    vocabulary: Vocabulary,
    *,
    about: str = "",
    subject: str = "",
    object: str = "",
    through: str = "",
    disease: str = "",
    species: str = "",
    only: str = "",
    source: str = "",
    priming: str = "",
    publication: str = "",
) -> tuple[Chosen, ...]:
    """Answer which claims fit, with the rows that do: most papers first, then by belief, then by name.

    Parameters
    ----------
    about, subject, object
        Entity names: claims that name this or a kind of it, at either end, as subject, or as object.
    through
        Rows that name this mediator, and all rows of claims that start from it.
    disease
        Rows seen in this disease or a kind of it, and all rows of claims that name it.
    species
        Rows with cells or hosts of this species.
    only
        Claims whose rows that fit are all of this species and no other; rows that state no species do not fit.
    source, priming, publication
        Rows with MSC of this tissue (or within it), with MSC primed so, of this paper (a CURIE).
    """
    kin = {
        name: frozenset({name, *vocabulary.descendants(name)}) if name else frozenset()
        for name in (about, subject, object, disease)
    }
    tissues = vocabulary.tissues(source) if source else frozenset()
    weigher = Weigher(vocabulary, Context(species=""))
    found = []
    for claim in claims:
        ends = {claim.subject, claim.object}
        if about and not kin[about] & ends:
            continue
        if (subject and claim.subject not in kin[subject]) or (object and claim.object not in kin[object]):
            continue
        rows = tuple(
            row
            for row in claim.evidence
            if (not through or through == claim.subject or through in row.mediator)
            and (not disease or row.disease in kin[disease] or kin[disease] & ends)
            and (not species or species in _taxa(row))
            and (not tissues or row.msc_source in tissues)
            and (not priming or priming in row.priming)
            and (not publication or row.publication == publication)
        )
        if rows and (not only or all(_taxa(row) == {only} for row in rows)):
            found.append(Chosen(claim, rows, weigher.belief(claim, rows)))
    found.sort(key=lambda each: (-len(each.supporting), -round(each.belief, 9), each.claim[:5]))
    return tuple(found)


def _taxa(row: Evidence) -> set[str]:
    return {taxon for pair in row.species for taxon in pair.split(">")}
