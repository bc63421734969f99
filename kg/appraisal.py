"""What is known of a paper and of a row after they were written down: records compared, retractions, second readings.

`verified` and `status` are columns of `publications.tsv`, second readings stand in `checks.tsv`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from kg.model import Assertion, Check, Evidence, Publication, row_id
from kg.vocabulary import Ontology

__all__ = ["KEY", "SOURCES", "appraised", "is_day", "status_faults", "verified_faults"]

KEY = re.compile(r"doi:10\.\d{4,9}/\S+|pubmed:[1-9]\d{0,8}|pmc:PMC[1-9]\d{0,8}")
SOURCES = ("PubMed", "PMC", "Crossref")
URL = r"https?://\S+"
DAY = r"(\d{4}-\d\d-\d\d)"
VERIFIED = re.compile(rf"(?:(?:{'|'.join(SOURCES)}) {DAY}|page read {DAY} {URL})")
STATUS = re.compile(rf"(.+?)(?: ((?:doi|pubmed|pmc):\S+))? {DAY} (?:{'|'.join(SOURCES)}|{URL})(?: ({KEY.pattern}))?")


def is_day(text: str) -> bool:
    """Whether a text is a day of the calendar, written 2026-11-25.

    >>> is_day("2026-11-25"), is_day("2026-02-30"), is_day("25.11.2026")
    (True, False, False)
    """
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def verified_faults(cell: str) -> Iterator[str]:
    """Yield what is wrong with a cell of `verified`, and how to write it."""
    for part in cell.split("; ") if cell else ():
        match = VERIFIED.fullmatch(part)
        if not match or not is_day(match[1] or match[2]):
            forms = ", ".join(f"`{source} 2026-11-25`" for source in SOURCES)
            yield f"verified: cannot read {part!r}; write {forms} or `page read 2026-11-25 https://...`, `; ` between"


def status_faults(cell: str, publication: str, ontology: Ontology) -> Iterator[str]:
    """Yield what is wrong with a cell of `status`, and how to write it."""
    for part in cell.split("; ") if cell else ():
        match = STATUS.fullmatch(part)
        if not match or not is_day(match[3]):
            yield (
                f"status: cannot read {part!r}; write what, the day it was seen and where, as "
                "`retracted 2026-11-25 PubMed`, with the CURIE of the notice behind it where there is one; `; ` between"
            )
        elif match[1] not in ontology.statuses:
            yield f"status {match[1]!r} is not in the vocabulary; one of: {', '.join(sorted(ontology.statuses))}"
        elif (match[1] == "preprint of") != bool(match[2]):
            yield f"status: {part!r}: a preprint, and nothing else, names the paper it became: `preprint of doi:10.x/y`"
        elif match[2] and not KEY.fullmatch(match[2]):
            yield f"status: malformed {match[2]!r}; write doi:10.x/y, pubmed:123 or pmc:PMC123"
        elif match[2] == publication:
            yield "status: a paper is no preprint of itself; name the other one"


def appraised(
    claims: Iterable[Assertion], publications: Iterable[Publication], checks: Iterable[Check], ontology: Ontology
) -> tuple[Assertion, ...]:
    """Return the claims with what is known of their rows; those that count for nothing are put under `withdrawn`."""
    standing = {each.publication: "; ".join(each.standing) for each in publications if each.status}
    checked = {each.row: _told(each) for each in checks}
    if not standing and not checked:
        return tuple(claims)
    return tuple(_appraised(claim, standing, checked, ontology) for claim in claims)


def _told(check: Check) -> str:
    read = f"({check.read})" if check.read else ""
    return " ".join(filter(None, (check.outcome, check.found_in, check.date, read)))


def _appraised(
    claim: Assertion, standing: Mapping[str, str], checked: Mapping[str, str], ontology: Ontology
) -> Assertion:
    def known(row: Evidence) -> Evidence:
        identity = row_id(claim.id, row.direction, row.publication, row.statement)
        return row._replace(standing=standing.get(row.publication, ""), checked=checked.get(identity, ""))

    kept, withdrawn = ontology.parted(map(known, claim.evidence))
    return claim._replace(evidence=kept, withdrawn=withdrawn)
