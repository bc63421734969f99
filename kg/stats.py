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
}
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
    }
    tables = {}
    for kind in kinds:
        if kind not in values:
            raise UnknownTerm(kind, nearest(kind, values) or tuple(values), kind="figure")
        tables[kind] = _table(assertions, values[kind], by_name=kind == "year")
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


def _table(
    assertions: Iterable[Assertion], values: Callable[[Assertion, Evidence], Iterable[str]], by_name: bool
) -> tuple[Count, ...]:
    claims: dict[str, set[str]] = {}
    findings: dict[str, int] = {}
    papers: dict[str, set[str]] = {}
    for claim in assertions:
        for row in claim.evidence:
            for value in set(values(claim, row)) or {""}:
                name = value or UNSTATED
                claims.setdefault(name, set()).add(claim.id)
                findings[name] = findings.get(name, 0) + 1
                papers.setdefault(name, set()).add(row.publication)
    counts = [Count(name, len(claims[name]), findings[name], len(papers[name])) for name in findings]
    return tuple(sorted(counts, key=lambda c: (c.name == UNSTATED, c.name if by_name else "", -c.findings, c.name)))
