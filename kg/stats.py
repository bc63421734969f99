"""How much the tables hold, of what: claims, findings and papers by disease, mediator, cell, system, species, year."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from kg.errors import UnknownTerm
from kg.model import Assertion, Evidence, Publication
from kg.notebook import page, table
from kg.vocabulary import Vocabulary, nearest

__all__ = ["KINDS", "Count", "Stats", "stats"]

KINDS: Mapping[str, str] = {
    "disease": "the disease in which it was seen",
    "mediator": "what carried the effect",
    "cell": "cells that act, are acted on, or in which a factor changes",
    "system": "kind of experiment or study",
    "species": "species of the cells and of the host",
    "direction": "for or against the claim",
    "year": "year of the paper",
    "depth": "where curation looks for thin places; a finding may count for several",
}
FIVE = ("SLE", "RA", "SSc", "pSS", "IIM")
UNSTATED = "(not stated)"


@dataclass(frozen=True, slots=True)
class Count:
    """How much there is of one thing: claims, rows of evidence (findings) and papers."""

    name: str
    claims: int
    findings: int
    papers: int


@dataclass(frozen=True, slots=True)
class Stats:
    """The figures. `tables` has one for each of KINDS, most findings first, years in order.

    `completeness` says for each field of a publication in how many of how many it is filled. A finding that names two
    mediators counts for both, so a table may sum to more than `totals`.
    """

    totals: Mapping[str, int]
    tables: Mapping[str, tuple[Count, ...]]
    completeness: tuple[tuple[str, int, int], ...]

    def __repr__(self) -> str:
        return f"<{self._totals}>"

    def _repr_html_(self) -> str:
        names = ["name", "claims", "findings", "papers"]
        tables = (
            table(names, ([c.name, c.claims, c.findings, c.papers] for c in each), title=f"By {kind}")
            for kind, each in self.tables.items()
        )
        return page(self._totals, *tables)

    @property
    def _totals(self) -> str:
        return ", ".join(f"{number:,} {name}" for name, number in self.totals.items())


def stats(
    assertions: Sequence[Assertion],
    publications: Mapping[str, Publication],
    vocabulary: Vocabulary,
    *,
    studies: int = 0,
    kinds: Iterable[str] = KINDS,
) -> Stats:
    """Answer how much the claims given hold; publications that none of them cites count for completeness only.

    Raises UnknownTerm for a kind that is not one of KINDS.
    """
    cells = {name for name in vocabulary.entities if vocabulary.is_a(name, "Cell")}
    values: dict[str, Callable[[Assertion, Evidence], Iterable[str]]] = {
        "disease": lambda claim, row: [row.disease],
        "mediator": lambda claim, row: row.mediator,
        "cell": lambda claim, row: {claim.subject, claim.object, claim.cell} & cells,
        "system": lambda claim, row: [row.system],
        "species": lambda claim, row: {name for pair in row.species for name in pair.split(">")},
        "direction": lambda claim, row: [row.direction],
        "year": lambda claim, row: [publications[row.publication].year],
        "depth": _Depth(vocabulary),
    }
    tables = {}
    for kind in kinds:
        if kind not in values:
            raise UnknownTerm(kind, nearest(kind, values) or tuple(values), kind="figure")
        tables[kind] = _table(assertions, values[kind], kind == "year", stated=kind != "depth")
    rows = [row for claim in assertions for row in claim.evidence]
    cited = {row.publication for row in rows}
    totals = {
        "claims": len(assertions),
        "findings": len(rows),
        "supporting findings": sum(row.direction == "supports" for row in rows),
        "refuting findings": sum(row.direction == "refutes" for row in rows),
        "papers cited": len(cited),
        "entities named": len(
            {name for claim in assertions for name in (claim.subject, claim.object, claim.cell)} - {""}
        ),
        "studies": studies,
    }
    papers = publications.values()
    completeness = tuple(
        (field, sum(bool(getattr(paper, field)) for paper in papers), len(papers)) for field in Publication._fields
    )
    return Stats(totals, tables, completeness)


class _Depth:
    """Which of the kinds of findings that curation counts a row is: the side of each disease, harm, tests, products."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary = vocabulary
        self.families = {name: {name, *vocabulary.descendants(name)} for name in FIVE if name in vocabulary.entities}
        self.msc = {n for n in vocabulary.entities if self._is(n, "MesenchymalStemCell") or self._is(n, "MSCProduct")}
        self.engineered, self.vesicles = self._family("engineered MSC"), self._family("MSC-EV")

    def _is(self, name: str, kind: str) -> bool:
        return self.vocabulary.is_a(name, kind)

    def _family(self, name: str) -> set[str]:
        return {name, *self.vocabulary.descendants(name)} if name in self.vocabulary.entities else set()

    def __call__(self, claim: Assertion, row: Evidence) -> Iterable[str]:
        names = {claim.subject, row.leg_of.partition(" -> ")[0]}
        ours = bool(names & self.msc)
        for disease, family in self.families.items():
            if row.disease in family or claim.object in family:
                yield f"MSC or products in {disease}" if ours else f"{disease} without MSC"
        failed = row.mediator_test.endswith("without effect")
        if row.direction == "refutes" or failed or claim.predicate in ("exacerbates", "no_effect_on"):
            yield "refuting, null or harmful"
        if row.mediator_test.partition(" ")[0] in ("blockade", "knockdown", "addition"):
            yield "mediator blocked, removed or added"
        if ours and row.combined_with:
            yield "MSC with another agent"
        if ours and row.priming:
            yield "primed MSC"
        if names & self.engineered:
            yield "engineered MSC"
        if names & self.vesicles or (ours and row.mode == "extracellular vesicle"):
            yield "vesicles of MSC"
        if ours and row.donor:
            yield "donor of the MSC stated"


def _table(
    assertions: Iterable[Assertion], values: Callable[[Assertion, Evidence], Iterable[str]], by_name: bool, stated: bool
) -> tuple[Count, ...]:
    claims: dict[str, set[str]] = {}
    findings: dict[str, int] = {}
    papers: dict[str, set[str]] = {}
    for claim in assertions:
        for row in claim.evidence:
            for value in set(values(claim, row)) or ({""} if stated else ()):
                name = value or UNSTATED
                claims.setdefault(name, set()).add(claim.id)
                findings[name] = findings.get(name, 0) + 1
                papers.setdefault(name, set()).add(row.publication)
    counts = [Count(name, len(claims[name]), findings[name], len(papers[name])) for name in findings]
    return tuple(sorted(counts, key=lambda c: (c.name == UNSTATED, c.name if by_name else "", -c.findings, c.name)))
