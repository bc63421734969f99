"""The values that every other module speaks of: entities, predicates, aspects, assertions and their evidence.

Column names of the tables are field names here and local names in the ontology.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from kg.notebook import of_value, page, paper, table

__all__ = [
    "DERIVED",
    "Aspect",
    "Assertion",
    "Check",
    "Entity",
    "Evidence",
    "Grade",
    "Predicate",
    "Problem",
    "Publication",
    "Request",
    "Study",
    "assertion_id",
    "row_id",
    "split",
]


def split(cell: str, separator: str = "; ") -> tuple[str, ...]:
    """Return the parts of a list cell, in the order written; an empty cell has none.

    >>> split("IFNG; TNF")
    ('IFNG', 'TNF')
    >>> split("")
    ()
    """
    return tuple(part.strip() for part in cell.split(separator.strip()) if part.strip())


class Entity(NamedTuple):
    """One concept: a cell, a factor, a disease, a drug ...; `name` is what people say, `curie` what machines say."""

    name: str
    curie: str
    category: str
    parents: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()
    grounding: str = "exact"
    note: str = ""

    def _repr_html_(self) -> str:
        return of_value(self)


class Predicate(NamedTuple):
    """What may stand between subject and object.

    `sign` is in {-1, 0, 1}; `causal` is one of yes, no, outcome; `bearer` says whose aspect the aspect column names
    (subject, object or -). `domain` and `range` are entity categories, empty when anything may stand there. `inverse`
    names the predicate that this one turns round; such a predicate is read off and never written into a table.
    """

    name: str
    sign: int
    causal: str
    bearer: str
    domain: frozenset[str]
    range: frozenset[str]
    definition: str
    polar: bool
    inverse: str = ""


class Aspect(NamedTuple):
    """A property that changes: proliferation, secretion, apoptosis ...; `polarity` is in {-1, 0, 1}."""

    name: str
    polarity: int
    chains_as: str
    process: str
    definition: str


class Grade(NamedTuple):
    """A value of a graded column (system, mediator_test, read) and what it means for belief.

    `error` is the prior chance that such evidence misleads (system: 0 to 1), or the factor on that chance
    (mediator_test, read: above 0). `stage` orders systems on the translational ladder, 1 lowest.
    """

    name: str
    error: float
    stage: int = 0
    eco: str = ""
    definition: str = ""


class Evidence(NamedTuple):
    """One paper's support or refutation of an assertion: one row of a table, without subject to cell.

    `checked` says what a second reading of the text found (outcome, date, and the other paper), `standing` what became
    of the paper (`retracted`, `expression of concern`, `corrected`, `preprint of CURIE`); both are empty for most rows.
    """

    mediator: tuple[str, ...] = ()
    mediator_test: str = ""
    mode: str = ""
    priming: tuple[str, ...] = ()
    msc_source: str = ""
    donor: str = ""
    species: tuple[str, ...] = ()
    system: str = ""
    model: tuple[str, ...] = ()
    disease: str = ""
    direction: str = "supports"
    leg_of: str = ""
    combined_with: tuple[str, ...] = ()
    context: str = ""
    effect: str = ""
    statement: str = ""
    publication: str = ""
    read: str = ""
    checked: str = ""
    standing: str = ""

    def _repr_html_(self) -> str:
        return of_value(self)


DERIVED = ("checked", "standing")  # of Evidence: from the tables of checks and publications, no columns of rows


class Assertion(NamedTuple):
    """One claim: subject, predicate, object, the aspect that changes and the cell in which it does.

    `effect` is what the claim says of the amount or activity of the object, in {-1, 0, 1}: sign of the predicate
    times polarity of the aspect where the aspect is the object's. All names are entity names. `withdrawn` are the rows
    that count for nothing: of a retracted paper, or not found in the text when it was read again.
    """

    subject: str
    predicate: str
    object: str
    aspect: str = ""
    cell: str = ""
    effect: int = 0
    evidence: tuple[Evidence, ...] = ()
    id: str = ""
    withdrawn: tuple[Evidence, ...] = ()

    @property
    def publications(self) -> tuple[str, ...]:
        """CURIEs of the papers that support the claim, each once, sorted."""
        return tuple(sorted({e.publication for e in self.evidence if e.direction == "supports"}))

    @property
    def refuting(self) -> tuple[str, ...]:
        """CURIEs of the papers that refute the claim, each once, sorted."""
        return tuple(sorted({e.publication for e in self.evidence if e.direction == "refutes"}))

    def __repr__(self) -> str:
        aspect, cell = (
            f" {name} {each}" if each else "" for name, each in (("aspect", self.aspect), ("in", self.cell))
        )
        return f"<{self.subject} {self.predicate} {self.object}{aspect}{cell}: {len(self.evidence)} findings>"

    def _repr_html_(self) -> str:
        rows = [[e.direction, e.statement, e.system, e.species, paper(e.publication)] for e in self.evidence]
        return page(f"{self!r}"[1:-1], table(["for or against", "finding", "system", "species", "paper"], rows))


class Publication(NamedTuple):
    """A paper; `publication` is the CURIE that evidence rows use as key. Fields not seen in a source are empty."""

    publication: str
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    year: str = ""
    first_author: str = ""
    title: str = ""
    kind: str = ""
    read_url: str = ""
    verified: str = ""
    status: str = ""

    @property
    def standing(self) -> tuple[str, ...]:
        """What became of the paper, without dates and sources; a preprint names the paper that it became.

        >>> Publication("doi:10.1/x", status="corrected 2026-11-25 PubMed; retracted 2026-11-25 Crossref").standing
        ('corrected', 'retracted')
        >>> Publication("doi:10.1/x", status="preprint of doi:10.1/y 2026-11-25 Crossref").standing
        ('preprint of doi:10.1/y',)
        """
        return tuple(re.split(r" \d{4}-\d\d-\d\d", part)[0] for part in self.status.split("; ") if part)

    @property
    def citation(self) -> str:
        """First author, year and title as far as known, else the CURIE; with what became of the paper.

        >>> Publication("doi:10.1/x", year="2017", first_author="Wang D", title="Cord MSC").citation
        'Wang D 2017. Cord MSC'
        >>> Publication("pmc:PMC1", status="retracted 2026-11-25 PubMed").citation
        'pmc:PMC1 [retracted]'
        """
        head = " ".join(part for part in (self.first_author, self.year) if part)
        plain = ". ".join(part for part in (head, self.title) if part) or self.publication
        return f"{plain} [{', '.join(self.standing)}]" if self.status else plain

    def _repr_html_(self) -> str:
        return of_value(self, ("publication", "title", "first_author", "year", "kind", "status"))


class Check(NamedTuple):
    """What a second reading of a cited text found: one line of `triples/checks.tsv`; `row` is a `row_id`."""

    row: str
    publication: str = ""
    outcome: str = ""
    date: str = ""
    read: str = ""
    source: str = ""
    found_in: str = ""
    note: str = ""


class Request(NamedTuple):
    """A local term as it is asked of a public ontology: one line of `ontology/requests.tsv`."""

    name: str
    definition: str = ""
    ontology: str = ""
    asked: str = ""

    def _repr_html_(self) -> str:
        return of_value(self)


class Study(NamedTuple):
    """One preclinical or clinical study of MSC therapy; fields are the columns of `triples/studies.tsv`."""

    publication: str = ""
    title: str = ""
    first_author: str = ""
    year: str = ""
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    registry_id: str = ""
    disease: str = ""
    design: str = ""
    phase: str = ""
    n_patients: str = ""
    species: str = ""
    model: str = ""
    msc_source: str = ""
    donor: str = ""
    route: str = ""
    dose: str = ""
    dose_cells_per_kg: str = ""
    dose_cells_total: str = ""
    n_infusions: str = ""
    timing: str = ""
    combination_drugs: str = ""
    comparator: str = ""
    primary_outcome: str = ""
    outcome_direction: str = ""
    effect: str = ""
    adverse_events: str = ""
    follow_up: str = ""
    read: str = ""
    read_url: str = ""

    def _repr_html_(self) -> str:
        return of_value(self)


class Problem(NamedTuple):
    """Something wrong in a table, with the mend; prints as `file:line:column: message`."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


def assertion_id(subject: str, predicate: str, object: str, aspect: str = "", cell: str = "") -> str:
    """Return the identity of a claim: the first 20 hex digits of SHA-256 over its five parts.

    Subject, object and cell are CURIEs, so that renaming an entity leaves the id alone.

    >>> assertion_id("CHEBI:15551", "negatively_regulates", "CL:0000899", "proliferation")
    'b8f08833bc7d40db95df'
    """
    text = "\t".join((subject, predicate, object, aspect, cell))
    return hashlib.sha256(text.encode()).hexdigest()[:20]


def row_id(claim: str, direction: str, publication: str, statement: str) -> str:
    """Return the identity of a row of evidence by claim id, direction, paper and statement: 12 hex digits.

    The columns of context may be mended without a change of it; another claim, paper or statement is another row.

    >>> row_id("b8f08833bc7d40db95df", "supports", "doi:10.1/x", "MSC lower Th17 cells.")
    'bb1119682b27'
    """
    text = "\t".join((claim, direction, publication, statement))
    return hashlib.sha256(text.encode()).hexdigest()[:12]
