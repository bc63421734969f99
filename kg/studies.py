"""The studies of MSC therapy, chosen, sorted and counted: null and worse results as much in sight as good ones."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kg.errors import UnknownTerm
from kg.model import Assertion, Study
from kg.vocabulary import Vocabulary, nearest

__all__ = ["KEYS", "OUTCOMES", "StudyRow", "Tally", "studies", "tally"]

OUTCOMES = ("improved", "mixed", "no difference", "worse", "not reported")
KEYS = ("disease", "design", "source", "donor", "route", "dose", "outcome", "phase", "species", "year")
NOT_PEOPLE = frozenset({"animal", "meta-analysis"})
UNSTATED = "not stated"


@dataclass(frozen=True, slots=True)
class StudyRow:
    """One study with what it is linked to.

    `dose` is in cells per kg, else in cells, else as the paper puts it; `patients` is 0 when not stated; `claims` are
    the ids of the claims with evidence from the same paper, or from a row that names the trial; `page` is where the
    registry, else the paper, is read.
    """

    study: Study
    dose: str
    patients: int
    outcome: str
    claims: tuple[str, ...]
    page: str

    def value(self, key: str) -> str:
        """Return what one of KEYS is in this study; `not stated` when nothing is known."""
        if key in ("dose", "outcome"):
            return str(getattr(self, key))
        return str(getattr(self.study, "msc_source" if key == "source" else key)) or UNSTATED


@dataclass(frozen=True, slots=True)
class Tally:
    """How many studies share the values of `key`; `outcomes` are counts in the order of OUTCOMES, zeros too."""

    key: tuple[str, ...]
    studies: int
    patients: int
    outcomes: tuple[int, ...]


def studies(
    table: Sequence[Study],
    assertions: Iterable[Assertion],
    vocabulary: Vocabulary,
    *,
    disease: str = "",
    design: str = "",
    source: str = "",
    route: str = "",
    dose: str = "",
    outcome: str = "",
    people: bool = False,
    sort: str = "disease",
) -> tuple[StudyRow, ...]:
    """Answer which studies gave MSC, how, and with what result.

    Parameters
    ----------
    disease
        An entity name; studies in a kind of it count too.
    design, source, route, outcome
        A value of that column; `source` covers the sources within it. A study without an outcome is `not reported`.
    dose
        Part of the dose as shown, in any case: `/kg`.
    people
        Leave out animal studies and meta-analyses.
    sort
        One of KEYS, or `patients`: by that, then by disease, year and title. Numbers run from the largest down.

    Returns
    -------
    tuple of StudyRow
        Empty when none fits. Raises UnknownTerm for a value that no study can have.
    """
    _known(vocabulary, design=design, route=route, outcome=outcome, source=source, sort=sort)
    family = {disease, *vocabulary.descendants(disease)} if disease else set()
    tissues = vocabulary.tissues(source) if source else frozenset()
    papers, trials = _links(assertions, [study.registry_id for study in table if study.registry_id])
    found = []
    for study in table:
        row = _row(study, papers, trials)
        if (
            (not family or study.disease in family)
            and (not design or study.design == design)
            and (not tissues or study.msc_source in tissues)
            and (not route or study.route == route)
            and dose.casefold() in row.dose.casefold()
            and (not outcome or row.outcome == outcome)
            and (not people or study.design not in NOT_PEOPLE)
        ):
            found.append(row)
    return tuple(
        sorted(found, key=lambda row: (_place(row, sort), _place(row, "disease"), _place(row, "year"), row.study))
    )


def _known(vocabulary: Vocabulary, **asked: str) -> None:
    values = vocabulary.ontology.study_values
    allowed: dict[str, Iterable[str]] = {
        "design": values["design"],
        "route": values["route"],
        "outcome": values["outcome_direction"],
        "source": vocabulary.ontology.msc_sources,
        "sort": (*KEYS, "patients"),
    }
    for kind, value in asked.items():
        if value and value not in allowed[kind]:
            raise UnknownTerm(value, nearest(value, allowed[kind]) or tuple(sorted(allowed[kind])), kind=kind)


def _links(
    assertions: Iterable[Assertion], registered: Sequence[str]
) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    papers: dict[str, set[str]] = {}
    trials: dict[str, set[str]] = {}
    for claim in assertions:
        for row in claim.evidence:
            papers.setdefault(row.publication, set()).add(claim.id)
            for trial in registered:
                if trial in row.context:
                    trials.setdefault(trial, set()).add(claim.id)
    return papers, trials


def _row(study: Study, papers: dict[str, set[str]], trials: dict[str, set[str]]) -> StudyRow:
    dose = study.dose or UNSTATED
    if study.dose_cells_per_kg.isdecimal():
        dose = f"{int(study.dose_cells_per_kg):.3g} cells/kg"
    elif study.dose_cells_total.isdecimal():
        dose = f"{int(study.dose_cells_total):.3g} cells"
    claims = papers.get(study.publication, set()) | trials.get(study.registry_id, set())
    patients = int(study.n_patients) if study.n_patients.isdecimal() else 0
    outcome = study.outcome_direction or "not reported"
    return StudyRow(study, dose.replace("e+0", "e"), patients, outcome, tuple(sorted(claims)), _page(study))


def _page(study: Study) -> str:
    trial = study.registry_id
    if trial.startswith("NCT"):
        return f"https://clinicaltrials.gov/study/{trial}"
    if trial.startswith("IRCTtrial "):
        return f"https://irct.behdasht.gov.ir/trial/{trial.removeprefix('IRCTtrial ')}"
    if trial:
        return f"https://trialsearch.who.int/Trial2.aspx?TrialID={trial}"
    if study.doi:
        return f"https://doi.org/{study.doi}"
    return study.read_url


def _place(row: StudyRow, key: str) -> tuple[float, str]:
    """Where a study goes in the order of a key: numbers from the largest down, then texts, what is not stated last."""
    if key == "patients":
        return (-row.patients, "")
    if key == "outcome":
        return (OUTCOMES.index(row.outcome), "")
    if key == "dose":
        perkg, total = row.study.dose_cells_per_kg, row.study.dose_cells_total
        group = 0 if perkg.isdecimal() else 1 if total.isdecimal() else 2 if row.study.dose else 3
        number = int(perkg if group == 0 else total) if group < 2 else 0
        return (group * 1e15 - number, row.dose)
    value = row.value(key)
    if key == "year" and value.isdecimal():
        return (-int(value), "")
    return (1.0 if value == UNSTATED else 0.0, value)


def tally(found: Iterable[StudyRow], by: Sequence[str]) -> tuple[Tally, ...]:
    """Answer how many studies, patients and outcomes of each sort there are for each value of some KEYS.

    Most studies first, then by the values. Raises UnknownTerm for another key.
    """
    for key in by:
        if key not in KEYS:
            raise UnknownTerm(key, nearest(key, KEYS) or KEYS, kind="key")
    groups: dict[tuple[str, ...], list[StudyRow]] = {}
    for row in found:
        groups.setdefault(tuple(row.value(key) for key in by), []).append(row)
    tallies = [
        Tally(
            key,
            len(rows),
            sum(row.patients for row in rows),
            tuple(sum(row.outcome == outcome for row in rows) for outcome in OUTCOMES),
        )
        for key, rows in groups.items()
    ]
    return tuple(sorted(tallies, key=lambda each: (-each.studies, each.key)))
