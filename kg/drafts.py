"""Rows before they are rows: a paper named in any form, allowed values, legs, and what the tables already say of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from kg.curation import CLAIM, COLUMNS, WORDS, Tables, normal
from kg.editing import Change
from kg.errors import CurationError
from kg.model import Assertion, split
from kg.sources import read_bytes
from kg.vocabulary import Ontology, Vocabulary, nearest

__all__ = [
    "MEANINGS",
    "PAPER",
    "Likeness",
    "allowed",
    "changes_of",
    "identifiers",
    "known_paper",
    "legs",
    "likenesses",
    "missing_legs",
    "paper_key",
    "table_of",
]

PAPER = ("doi", "pmid", "pmcid", "year", "first_author", "title", "kind", "read_url")
MEANINGS: dict[str, tuple[bool, str]] = {
    "paper": (True, "DOI, PubMed id or PMC id of the paper, or its web address"),
    "table": (True, "the table the row goes to, by topic"),
    "subject": (True, "what acts, or changes: a cell, factor, drug ... (tab completes names and synonyms)"),
    "predicate": (True, "what it does, with a sign; cause only where the text shows cause"),
    "object": (True, "what it acts on"),
    "aspect": (False, "what of the object changes; raising apoptosis of T cells lowers T cells"),
    "cell": (False, "the cell in which it changes, when the object is a factor"),
    "mediator": (False, "what carries the effect; `; ` between several"),
    "mediator_test": (False, "how it was shown that the mediator carries it"),
    "mode": (False, "how an MSC reaches the cell"),
    "priming": (False, "what the MSC were treated with before; `; ` between several"),
    "msc_source": (False, "tissue of the MSC"),
    "donor": (False, "where the MSC stand to the one who receives them"),
    "species": (False, "human, mouse ...; `human>mouse` is cells of the first in the second"),
    "system": (True, "where it was found"),
    "model": (False, "the animal model"),
    "disease": (False, "the disease in which it was seen"),
    "direction": (True, "does the paper support the claim as written, or refute it?"),
    "leg_of": (False, "for a leg: the mediated claim of the same paper, as `MSC -> Th17 cell`"),
    "combined_with": (False, "agents without which the effect was not shown"),
    "context": (False, "what else qualifies it; doubts too"),
    "effect": (False, "the figure as printed: n, P, difference"),
    "statement": (True, f"the finding in one sentence of your own words, at most {WORDS} words"),
    "read": (True, "what of the paper you read: abstract, full text, title, or `via review 10.x/y`"),
}


class Likeness(NamedTuple):
    """A row of the tables that says the same as a draft (`same`), the contrary, or is the same row (`twin`)."""

    kind: str
    statement: str
    publication: str


def identifiers(text: str) -> dict[str, str]:
    """Return the one identifier that a pasted text holds, by column: doi, pmid or pmcid; empty when it holds none.

    >>> identifiers("https://doi.org/10.1182/Blood-2011-11-391144.")
    {'doi': '10.1182/blood-2011-11-391144'}
    >>> identifiers("https://pubmed.ncbi.nlm.nih.gov/22927248/"), identifiers("PMC3531190")
    ({'pmid': '22927248'}, {'pmcid': 'PMC3531190'})
    """
    from urllib.parse import unquote

    text = unquote(text.strip())
    doi = re.search(r"10\.\d{4,9}/\S+", text)
    if doi:
        found = doi[0].rstrip(".,;\"'")
        while found.endswith(")") and found.count(")") > found.count("("):
            found = found[:-1]
        return {"doi": found.lower()}
    pmc = re.search(r"PMC[1-9]\d{0,8}\b", text, re.IGNORECASE)
    if pmc:
        return {"pmcid": pmc[0].upper()}
    pmid = re.fullmatch(r"(?:pubmed:|pmid:?\s*|\D*pubmed\D*/)?([1-9]\d{0,8})/?", text, re.IGNORECASE)
    return {"pmid": pmid[1]} if pmid else {}


def known_paper(tables: Tables, given: Mapping[str, str]) -> Mapping[str, str] | None:
    """Return the cells of the publication that carries an identifier, or None."""
    for row in tables.publications:
        if any(value and row[column].casefold() == value.casefold() for column, value in given.items()):
            return row.cells
    return None


def paper_key(cells: Mapping[str, str]) -> str:
    """Return the CURIE by which rows cite a paper: of its DOI, else its PubMed id, else its PMC id; empty with none."""
    for prefix, column in (("doi", "doi"), ("pubmed", "pmid"), ("pmc", "pmcid")):
        if cells.get(column):
            return f"{prefix}:{cells[column]}"
    return ""


def allowed(column: str, ontology: Ontology, vocabulary: Vocabulary | None = None) -> dict[str, str]:
    """Return the values a column may have, each with what it means; empty when it takes any text.

    Columns of names have the names of that kind, when a vocabulary is given.
    """
    graded = {"system": ontology.systems, "mediator_test": ontology.mediator_tests, "read": ontology.reading}
    if column in graded:
        return {name: grade.definition for name, grade in graded[column].items()}
    if column == "predicate":
        plain = (known for known in ontology.predicates.values() if not known.inverse)
        return {known.name: known.definition for known in plain}
    if column == "aspect":
        return {name: aspect.definition for name, aspect in ontology.aspects.items()}
    if column == "direction":
        return {"supports": "The paper shows it.", "refutes": "The paper tested it and found it otherwise."}
    words = {
        "mode": ontology.modes,
        "msc_source": ontology.msc_sources,
        "donor": ontology.donors,
        "kind": ontology.study_values["kind"],
    }
    if column in words:
        return dict.fromkeys(words[column], "")
    kinds = {"disease": "Disease", "model": "AnimalModel", "species": "Taxon"}
    if vocabulary and column in kinds:
        return {e.name: ", ".join(e.synonyms) for e in vocabulary.entities.values() if e.category == kinds[column]}
    if vocabulary and column in ("subject", "object", "cell", "mediator", "priming", "combined_with"):
        return {e.name: ", ".join(e.synonyms) for e in vocabulary.entities.values()}
    return {}


def legs(row: Mapping[str, str], vocabulary: Vocabulary) -> list[dict[str, str]]:
    """Return the legs that a row with mediators asks for: subject -> mediator and mediator -> object, as inferred.

    A mediator that was blocked without effect carries nothing and has no legs.
    """
    ontology, found = vocabulary.ontology, []
    predicate = ontology.predicates.get(row["predicate"])
    if predicate is None or not predicate.sign:
        return []
    if row.get("mediator_test", "").endswith("without effect") or row.get("leg_of"):
        return []
    kept = ("mode", "priming", "msc_source", "donor", "species", "system", "model", "disease", "combined_with")
    shared = {column: row.get(column, "") for column in (*kept, "context", "statement", "read", "direction")}
    shared |= {"leg_of": f"{row['subject']} -> {row['object']}", "mediator_test": "inferred"}
    for name in split(row.get("mediator", "")):
        if name in (row["subject"], row["object"]) or name not in vocabulary.entities:
            continue
        category = vocabulary.entities[name].category
        secreted = ontology.predicates["secretes"]
        if vocabulary.entities[row["subject"]].category in secreted.domain and category in secreted.range:
            first = {"predicate": "secretes", "aspect": "secretion"}
        else:
            first = {"predicate": "positively_regulates", "aspect": "abundance"}
        second = {"predicate": row["predicate"], "aspect": row.get("aspect", ""), "cell": row.get("cell", "")}
        if predicate.causal == "outcome":  # the mediator was not given as a treatment
            second["predicate"] = "contributes_to" if predicate.sign > 0 else "protects_against"
        found.append({**shared, **first, "subject": row["subject"], "object": name})
        found.append({**shared, **second, "subject": name, "object": row["object"]})
    return found


def likenesses(claims: Iterable[Assertion], row: Mapping[str, str], vocabulary: Vocabulary) -> tuple[Likeness, ...]:
    """Return the rows that say the same as a draft or the contrary; those of the same paper and claim first."""
    effect = vocabulary.effect(row["predicate"], row.get("aspect", ""))
    stands = row.get("direction", "supports") == "supports"
    claim = tuple(row.get(column, "") for column in CLAIM)
    found: set[tuple[int, Likeness]] = set()
    for each in claims:
        same = (each.subject, each.predicate, each.object, each.aspect, each.cell) == claim
        like = (each.subject, each.object, each.aspect, each.cell) == (claim[0], claim[2], claim[3], claim[4])
        for evidence in each.evidence:
            agrees = (evidence.direction == "supports") == stands
            if same:
                twin = evidence.publication == row.get("publication") and agrees
                kind = "twin" if twin else "same" if agrees else "contrary"
            elif like and stands and evidence.direction == "supports" and each.effect * effect == -1:
                kind = "contrary"
            else:
                continue
            place = ("twin", "contrary", "same").index(kind)
            found.add((place, Likeness(kind, evidence.statement, evidence.publication)))
    return tuple(each for _, each in sorted(found))


def table_of(tables: Tables, row: Mapping[str, str]) -> str:
    """Return the table in which most rows on the same subject and object stand, or on the subject; empty if none."""
    counts: dict[str, int] = {}
    for each in tables.evidence:
        near = 10 * (each["object"] == row.get("object")) + 1 if each["subject"] == row.get("subject") else 0
        if near:
            name = Path(each.file).stem
            counts[name] = counts.get(name, 0) + near
    return max(sorted(counts), key=lambda name: counts[name], default="")


def missing_legs(
    rows: Sequence[Mapping[str, str]], tables: Tables, vocabulary: Vocabulary
) -> list[tuple[int, dict[str, str]]]:
    """Return the legs that rows ask for and nobody has written, each with the place of its row in `rows`."""
    told = {
        (row["publication"], row["leg_of"], row["subject"], row["object"])
        for row in (*rows, *(each.cells for each in tables.evidence))
        if row.get("leg_of")
    }
    return [
        (place, leg | {"publication": row["publication"]})
        for place, row in enumerate(rows)
        for leg in legs(row, vocabulary)
        if (row["publication"], leg["leg_of"], leg["subject"], leg["object"]) not in told
    ]


def _tsv(path: Path) -> list[list[str]]:
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CurationError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8, tab-separated") from None
    return [line.split("\t") for line in text.splitlines()]


def changes_of(
    path: Path, tables: Tables, vocabulary: Vocabulary, table: str = ""
) -> tuple[list[Change], list[Change]]:
    """Return the papers and the rows that a filled table (.tsv) or template (.xlsx) asks to add.

    Columns: those of an evidence table, `paper` (or `publication`), `table`, and those of a paper that is new. Missing
    columns are empty. Raises CurationError with every fault, by row and column, in words for who filled the sheet.
    """
    sheets: Mapping[str, list[list[str]]]
    if path.suffix.lower() == ".xlsx":
        from kg.workbooks import read_workbook

        sheets = read_workbook(path)
        if "rows" not in sheets:
            raise CurationError(
                f"{path}: no sheet named `rows`; start from `kg add --template FILE.xlsx` and keep the sheet names"
            )
    else:
        sheets = {"rows": _tsv(path)}
    faults: list[str] = []
    papers: list[Change] = []
    known = {row["publication"] for row in tables.publications}
    described = {
        paper_key(_paper(cells)): _paper(cells)
        for _, cells in _records(path, sheets.get("papers", []), PAPER, faults, "papers")
    }
    rows: list[Change] = []
    columns = ("paper", "table", *COLUMNS["evidence"], *PAPER)
    for place, cells in _records(path, sheets["rows"], columns, faults, "rows"):
        cells |= {column: normal(column, cell, vocabulary) for column, cell in cells.items()}
        given = identifiers(cells.get("paper", "") or cells.get("publication", "") or paper_key(cells))
        if not given:
            faults.append(f"{place}, column paper: give the DOI or PubMed id, as 10.1182/blood-2011-11-391144")
            continue
        old = known_paper(tables, given)
        own = old["publication"] if old else paper_key(given)
        if own not in known:
            new = described.get(own, {}) | {column: cells[column] for column in PAPER if cells.get(column)} | given
            papers.append(Change("publications", {"publication": own, "kind": "primary", **new}, place=place))
            known.add(own)
        kept = {column: cells.get(column, "") for column in COLUMNS["evidence"]}
        kept |= {"publication": own, "direction": kept["direction"] or "supports"}
        for column in ("subject", "predicate", "object"):
            if not kept[column]:
                faults.append(f"{place}, column {column}: is empty; {MEANINGS[column][1]}")
        if kept["predicate"] and kept["predicate"] not in vocabulary.ontology.predicates:
            near = nearest(kept["predicate"], allowed("predicate", vocabulary.ontology))
            hint = f"; did you mean {near[0]}?" if near else "; the sheet `lists` has the allowed ones"
            faults.append(f"{place}, column predicate: {kept['predicate']!r} is not in the vocabulary{hint}")
        wanted = cells.get("table") or table or table_of(tables, cells)
        if not wanted and kept["subject"]:
            names = sorted({Path(row.file).stem for row in tables.evidence})
            faults.append(f"{place}, column table: say which table the row goes to: {', '.join(names)}")
        rows.append(Change(wanted, kept, place=place))
    if not rows and not faults:
        faults.append(f"{path}: no rows; fill one line for each finding")
    if faults:
        raise CurationError("nothing was written; mend these first:\n" + "\n".join(faults))
    return papers, rows


def _paper(cells: Mapping[str, str]) -> dict[str, str]:
    given = {column: cells[column] for column in PAPER if cells.get(column)}
    if "doi" in given:
        given |= identifiers(given["doi"])
    return given


def _records(
    path: Path, lines: list[list[str]], columns: Sequence[str], faults: list[str], sheet: str
) -> list[tuple[str, dict[str, str]]]:
    """Return the filled lines under a heading as cells by column, each with where it stands."""
    if not lines:
        return []
    where = f"{path}, sheet {sheet}" if path.suffix.lower() == ".xlsx" else str(path)
    header = [" ".join(cell.split()).casefold() for cell in lines[0]]
    for name in header:
        if name and name not in columns:
            near = nearest(name, columns, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(columns)}"
            faults.append(f"{where}: unknown column {name!r}; {hint}")
    found = []
    for number, line in enumerate(lines[1:], 2):
        cells = {name: " ".join(cell.split()) for name, cell in zip(header, line, strict=False) if name}
        if any(cells.values()):
            found.append((f"{where}, row {number}", cells))
    return found
