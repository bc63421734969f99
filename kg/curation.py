"""The tables: reading them with the place of every fault, checking them, putting them in order.

`triples/` holds one table of evidence rows per topic, `publications.tsv` and `studies.tsv`; `ontology/` holds
`entities.tsv`. All are UTF-8, tab-separated, without quoting, one header line, LF line ends.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kg import mappings
from kg.appraisal import KEY, appraised, is_day, status_faults, verified_faults
from kg.errors import CurationError
from kg.model import (
    DERIVED,
    Assertion,
    Check,
    Entity,
    Evidence,
    Problem,
    Publication,
    Request,
    Study,
    assertion_id,
    row_id,
    split,
)
from kg.sources import bundled, names_of, read_bytes, write_text
from kg.vocabulary import Ontology, Vocabulary, nearest, read_ontology

__all__ = [
    "CLAIM",
    "COLUMNS",
    "Row",
    "Tables",
    "advice",
    "assertions",
    "check",
    "evidence_order",
    "format",
    "gathered",
    "identity_of",
    "load",
    "normal",
    "read_rows",
    "read_tables",
    "tally",
    "vocabulary_of",
]

CLAIM = ("subject", "predicate", "object", "aspect", "cell")
COLUMNS: dict[str, tuple[str, ...]] = {
    "entities": Entity._fields,
    "publications": Publication._fields,
    "studies": Study._fields,
    "checks": Check._fields,
    "requests": Request._fields,
    "evidence": (*CLAIM, *Evidence._fields[: -len(DERIVED)]),
}
LISTS = {"mediator": "; ", "priming": "; ", "species": "; ", "model": "; ", "combined_with": "; "}
BARS = ("parents", "synonyms")
WORDS = 25
LARGE = 1 << 24  # bytes from which a file's first line is looked at before the rest is read
COMPARISONS = 500_000  # of names with wrong ones in a check: 400 wrong names in the bundled tables, some seconds
DOI = re.compile(r"10\.\d{4,9}/\S+")
PATTERNS = {
    "doi": (DOI, "10.<digits>/<rest>, without https://doi.org/"),
    "pmid": (re.compile(r"[1-9]\d{0,8}"), "digits only"),
    "pmcid": (re.compile(r"PMC[1-9]\d{0,8}"), "PMC and digits"),
    "year": (re.compile(r"(19|20)\d\d"), "four digits"),
}
NCT = re.compile(r"NCT\d{8}(?!\d)")
CURIE = re.compile(r"([A-Za-z]+):(\S+)")
LEG = re.compile(r"(.+?) -> (.+)")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its number (header = 1) and its cells by column, in their order."""

    file: str
    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    @property
    def starts(self) -> dict[str, int]:
        """Where each cell begins (1-based), by column."""
        starts, at = {}, 1
        for column, cell in self.cells.items():
            starts[column] = at
            at += len(cell) + 1
        return starts

    def problem(self, column: str, message: str) -> Problem:
        """Return a problem placed at the cell of `column`."""
        return Problem(self.file, self.line, self.starts.get(column, 1), message)


@dataclass(frozen=True)
class Tables:
    """All tables of a data folder as rows, with the ontology they are read against."""

    ontology: Ontology
    entities: tuple[Row, ...]
    publications: tuple[Row, ...]
    studies: tuple[Row, ...]
    checks: tuple[Row, ...]
    requests: tuple[Row, ...]
    evidence: tuple[Row, ...]


def read_rows(path: Path, kind: str, file: str = "") -> tuple[list[Row], list[Problem]]:
    """Return the rows of one table and every fault of its encoding and columns; a faulty row is left out.

    Parameters
    ----------
    path
        The table.
    kind
        entities, publications, studies, checks, requests or evidence: which columns are expected.
    file
        Name to use in problems; the file name by default.
    """
    name = file or path.name
    columns = COLUMNS[kind]
    foreign = _foreign(path, columns)
    if foreign:
        return [], [Problem(name, 1, 1, foreign)]
    content = read_bytes(path)
    problems: list[Problem] = []
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        place = error.start - content.rfind(b"\n", 0, error.start)
        what = "binary data" if b"\0" in content[:4096] else "not UTF-8 (Latin-1?)"
        problem = Problem(name, line, place, f"{what}: byte 0x{content[error.start]:02x}; save the table as UTF-8 text")
        return [], [problem]
    if not text:
        return [], [Problem(name, 1, 1, f"the file is empty; its header line is missing: {' '.join(columns)}")]
    if text.startswith("\ufeff"):
        problems.append(Problem(name, 1, 1, "byte order mark; run `kg format`"))
        text = text[1:]
    if "\r" in text:
        cut = text.index("\r")
        message = "CRLF or CR line ends; run `kg format`"
        problems.append(Problem(name, text.count("\n", 0, cut) + 1, cut - text.rfind("\n", 0, cut), message))
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    if lines[-1]:
        message = "the last line has no line end: was the file cut off? Check the row, then run `kg format`"
        problems.append(Problem(name, len(lines), len(lines[-1]) + 1, message))
    else:
        lines.pop()
    header = lines[0].split("\t")
    if header != list(columns):
        return [], [*problems, Problem(name, 1, 1, _misheaded(header, columns))]
    rows = []
    for number, text_line in enumerate(lines[1:], 2):
        cells = text_line.split("\t")
        if len(cells) != len(columns):
            message = f"{len(cells)} columns instead of {len(columns)}; a tab is missing or one too many"
            problems.append(Problem(name, number, 1, message))
            continue
        row = Row(name, number, dict(zip(columns, cells, strict=True)))
        for column, cell in row.cells.items():
            if cell != _tidy(cell):
                problems.append(row.problem(column, f"{column}: stray, doubled or odd white space; run `kg format`"))
            elif any(unicodedata.category(c) in ("Cc", "Cs", "Co") for c in cell):
                problems.append(row.problem(column, f"{column}: a control character; delete it"))
        rows.append(row)
    return rows, problems


def _foreign(path: Path, columns: Sequence[str]) -> str:
    """Say why a very large file is no table of ours, by its beginning alone; empty for any other file."""
    try:
        if path.stat().st_size < LARGE:
            return ""
        with open(path, "rb") as stream:
            head = stream.readline(10_000)
    except OSError:
        return ""  # reading it says more
    if b"\0" in head:
        return "binary data; take the file out of the folder"
    header = head.decode("utf-8", "replace").removeprefix("\ufeff").rstrip("\r\n").split("\t")
    return "" if header == list(columns) else _misheaded(header, columns)


def _misheaded(header: Sequence[str], columns: Sequence[str]) -> str:
    missing = [column for column in columns if column not in header]
    extra = [repr(column if len(column) < 40 else f"{column[:40]}...") for column in header if column not in columns]
    parts = []
    if missing:
        parts.append(f"missing: {', '.join(missing)}")
    if extra:
        parts.append(f"unknown: {', '.join(extra[:10])}{' ...' if len(extra) > 10 else ''}")
    return f"columns {'; '.join(parts) or 'in another order'}; expected {' '.join(columns)}"


def _tidy(cell: str) -> str:
    return " ".join(unicodedata.normalize("NFC", cell).split())


def _kind(path: Path) -> str:
    return path.stem if path.stem in COLUMNS else "evidence"


def read_tables(root: Path) -> tuple[Tables, list[Problem]]:
    """Read every table below `root` (its own `ontology/`, else the bundled one) and what is wrong with their form."""
    ontology: Ontology | None = None
    rows: dict[str, list[Row]] = {kind: [] for kind in COLUMNS}
    problems: list[Problem] = []
    for path in names_of(root):
        file = f"{path.parent.name}/{path.name}"
        if path.suffix == ".ttl":
            ontology = read_ontology(path)
            continue
        found, wrong = read_rows(path, _kind(path), file)
        rows[_kind(path)].extend(found)
        problems.extend(wrong)
    for kind in ("entities", "publications"):
        if not rows[kind] and not any(kind in problem.file for problem in problems):
            folder = "ontology" if kind == "entities" else "triples"
            problems.append(Problem(f"{folder}/{kind}.tsv", 1, 1, "the table is missing or has no rows"))
    if not rows["evidence"] and not problems:
        problems.append(
            Problem("triples/", 1, 1, "no evidence rows: add a table, its columns are in docs/data-model.md")
        )
    tables = Tables(ontology or read_ontology(bundled() / "ontology" / "mscim.ttl"), *(tuple(rows[k]) for k in COLUMNS))
    return tables, problems


def _vocabulary(tables: Tables) -> Vocabulary:
    entities: dict[str, Entity] = {}
    for row in tables.entities:
        c = row.cells
        entities.setdefault(
            c["name"],
            Entity(
                c["name"],
                c["curie"],
                c["category"],
                split(c["parents"], "|"),
                split(c["synonyms"], "|"),
                c["grounding"],
                c["note"],
            ),
        )
    return Vocabulary(tables.ontology, entities)


def vocabulary_of(root: Path) -> Vocabulary:
    """Return the ontology and the entities that the tables below `root` are read against, faulty rows left out."""
    tables, _ = read_tables(root)
    return _vocabulary(tables)


def check(root: Path) -> list[Problem]:
    """Return every problem of the tables and the ontology below `root`, ordered by file, line and column.

    Empty when all is well. Building needs sound tables only: an ontology with a fault of form (`kg.quality`) is built.
    """
    from kg.quality import faults

    tables, problems = read_tables(root)
    for path in names_of(root):
        if path.suffix == ".ttl":
            problems += faults(path, f"{path.parent.name}/{path.name}")
    entities, prefixes = _vocabulary(tables).entities, tables.ontology.prefixes
    return sorted({*problems, *_check(tables), *mappings.faults(root / "ontology" / mappings.FILE, entities, prefixes)})


def advice(root: Path) -> list[Problem]:
    """Return what could be better in the entities below `root` and keeps nothing from working, ordered by line.

    A local entity that nothing defines; a synonym of several entities, which is no use to ask by.
    """
    tables, _ = read_tables(root)
    found = []
    owners: dict[str, Row] = {}
    for row in tables.entities:
        if row["grounding"] == "local" and not row["note"]:
            found.append(row.problem("note", f"{row['name']!r} is our own and nothing defines it; say what it is"))
        for synonym in split(row["synonyms"], "|"):
            other = owners.setdefault(synonym.casefold(), row)
            if other is not row:
                message = (
                    f"synonym {synonym!r} belongs to {other['name']!r} too (line {other.line}); nobody can ask by it"
                )
                found.append(row.problem("synonyms", message))
    return sorted(found)


def tally(problems: Iterable[Problem]) -> list[tuple[str, int]]:
    """Return how many problems each file has, most first, then by name."""
    counts = Counter(problem.file for problem in problems)
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _check(tables: Tables) -> list[Problem]:
    near = _Near()
    problems = _check_entities(tables, near)
    vocabulary = _vocabulary(tables)
    usable = {e.name for e in vocabulary.entities.values() if e.category in tables.ontology.layers}
    known = Vocabulary(
        tables.ontology, {name: vocabulary.entities[name] for name in vocabulary.entities if name in usable}
    )
    problems += _check_publications(tables)
    keys = {row["publication"] for row in tables.publications}
    for row in tables.evidence:
        problems += _check_evidence(row, known, keys, near)
    problems += _check_together(tables.evidence)
    problems += _check_studies(tables, known, keys, near)
    problems += _check_checks(tables, known)
    problems += _check_requests(tables, vocabulary, near)
    return problems


class _Near:
    """The nearest names to wrong ones, each looked for once; none any more after very many comparisons.

    Tables with thousands of unknown names have one mistake that explains them all, and no need of as many searches.
    """

    def __init__(self) -> None:
        self.left = COMPARISONS
        self.found: dict[tuple[str, int], tuple[str, ...]] = {}

    def __call__(self, value: str, names: Collection[str], count: int = 3) -> tuple[str, ...]:
        key = (value, len(names))
        if key not in self.found and self.left > 0:
            self.left -= len(names)
            self.found[key] = nearest(value, names, count)
        return self.found.get(key, ())


def _one_of(row: Row, column: str, allowed: Iterable[str], needed: bool = False) -> list[Problem]:
    value, allowed = row[column], tuple(allowed)
    if value in allowed or (not value and not needed):
        return []
    near = nearest(value, allowed)
    hint = f"; did you mean {', '.join(near)}?" if near else f"; one of: {', '.join(sorted(allowed))}"
    return [
        row.problem(
            column, f"{column} {value!r} is not in the vocabulary{hint}" if value else f"{column} is empty{hint}"
        )
    ]


def _check_entities(tables: Tables, near: _Near) -> list[Problem]:
    problems: list[Problem] = []
    first: dict[str, Row] = {}
    curies: dict[str, Row] = {}
    for row in tables.entities:
        name, curie = row["name"], row["curie"]
        folded = name.casefold()
        if not name:
            problems.append(row.problem("name", "name is empty"))
        elif folded in first:
            problems.append(row.problem("name", f"{name!r} stands already in line {first[folded].line}; keep one row"))
        first.setdefault(folded, row)
        problems += _one_of(row, "category", tables.ontology.layers, needed=True)
        problems += _one_of(row, "grounding", ("exact", "broad", "local"), needed=True)
        match = CURIE.fullmatch(curie)
        if not match or match[1] not in tables.ontology.prefixes:
            known = ", ".join(sorted(tables.ontology.prefixes))
            problems.append(row.problem("curie", f"{curie!r} is not a CURIE with a known prefix ({known})"))
        else:
            if curie in curies:
                other = curies[curie]
                message = f"{curie} is {other['name']!r} already (line {other.line}): one concept, two names; keep one"
                problems.append(row.problem("curie", message))
            curies.setdefault(curie, row)
            if (match[1] == "mscim") != (row["grounding"] == "local"):
                problems.append(row.problem("grounding", "grounding is local exactly when the CURIE is an mscim: one"))
    parents = {row["name"]: split(row["parents"], "|") for row in tables.entities}
    for row in tables.entities:
        for parent in split(row["parents"], "|"):
            if parent not in parents:
                problems.append(_unknown(row, "parents", parent, parents, near))
        synonyms = split(row["synonyms"], "|")
        for synonym in synonyms:
            namesake = first.get(synonym.casefold())
            if namesake is not None and namesake is not row:
                message = f"synonym {synonym!r} is the name of another entity (line {namesake.line}); delete it here"
                problems.append(row.problem("synonyms", message))
        for synonym in dict.fromkeys(synonyms):
            if synonym == row["name"]:
                problems.append(row.problem("synonyms", f"synonym {synonym!r} is the name itself; delete it"))
            elif synonyms.count(synonym) > 1:
                problems.append(row.problem("synonyms", f"synonym {synonym!r} stands there twice; keep one"))
    problems += _cycles(tables.entities, parents)
    return problems


def _cycles(rows: Sequence[Row], parents: dict[str, tuple[str, ...]]) -> list[Problem]:
    state: dict[str, int] = {}
    problems = []
    places = {row["name"]: row for row in rows}
    for start in sorted(parents):
        stack: list[tuple[str, int]] = [(start, 0)]
        trail: list[str] = []
        while stack:
            name, index = stack.pop()
            if index == 0:
                if state.get(name) == 2:
                    continue
                state[name] = 1
                trail.append(name)
            above = [p for p in parents.get(name, ()) if p in parents]
            if index < len(above):
                stack.append((name, index + 1))
                parent = above[index]
                if state.get(parent) == 1:
                    loop = " -> ".join([*trail[trail.index(parent) :], parent])
                    problems.append(places[name].problem("parents", f"the hierarchy runs in a circle: {loop}"))
                elif state.get(parent) != 2:
                    stack.append((parent, 0))
            else:
                state[name] = 2
                trail.pop()
    return problems


def _unknown(row: Row, column: str, value: str, names: Collection[str], near: _Near) -> Problem:
    like = near(value, names)
    hint = f"; did you mean {', '.join(like)}?" if like else "; add it to ontology/entities.tsv"
    return row.problem(column, f"{column}: unknown name {value!r}{hint}")


def _check_publications(tables: Tables) -> list[Problem]:
    problems: list[Problem] = []
    seen: dict[str, Row] = {}
    for row in tables.publications:
        key = row["publication"]
        if not KEY.fullmatch(key):
            message = f"{key!r} is not a publication CURIE: doi:10.x/y, pubmed:123 or pmc:PMC123"
            problems.append(row.problem("publication", message))
        for column, (pattern, form) in PATTERNS.items():
            if row[column] and not pattern.fullmatch(row[column]):
                problems.append(row.problem(column, f"malformed {column} {row[column]!r}; expected {form}"))
        problems += _one_of(row, "kind", tables.ontology.study_values["kind"], needed=True)
        prefix, _, local = key.partition(":")
        column = {"doi": "doi", "pubmed": "pmid", "pmc": "pmcid"}.get(prefix, "")
        if column and row[column] != local:
            problems.append(row.problem(column, f"{column} {row[column]!r} differs from the key {key}"))
        problems += [row.problem("verified", fault) for fault in verified_faults(row["verified"])]
        problems += [row.problem("status", fault) for fault in status_faults(row["status"], key, tables.ontology)]
        for column in ("publication", "doi", "pmid", "pmcid"):
            if not row[column]:
                continue
            mark = f"{column}:{row[column].casefold()}"
            if mark in seen:
                other = seen[mark]
                where = f"line {other.line} ({other['publication']})"
                message = f"{column} {row[column]} stands already in {where}; merge the two"
                problems.append(row.problem(column, message))
            seen.setdefault(mark, row)
    return problems


def _check_evidence(row: Row, vocabulary: Vocabulary, keys: set[str], near: _Near) -> list[Problem]:
    problems: list[Problem] = []
    add = problems.append
    ontology, entities = vocabulary.ontology, vocabulary.entities

    def names(column: str, values: Iterable[str], needed: bool = False) -> None:
        some = False
        for value in values:
            some = True
            if value not in entities:
                canonical = vocabulary.canonical(value)
                if not canonical:
                    add(_unknown(row, column, value, entities, near))
                else:
                    add(row.problem(column, f"{column}: write {canonical!r} for {value!r}; `kg format` does it"))
        if needed and not some:
            add(row.problem(column, f"{column} is empty"))

    def category(column: str, name: str, allowed: Iterable[str], why: str) -> None:
        if name in entities and entities[name].category not in allowed:
            wanted = ", ".join(sorted(allowed))
            add(row.problem(column, f"{name!r} is a {entities[name].category}, and {why} takes {wanted}"))

    for column in ("subject", "object"):
        names(column, [row[column]] if row[column] else [], needed=True)
    for column in ("cell", "disease"):
        names(column, [row[column]] if row[column] else [])
    for column in ("mediator", "priming", "combined_with", "model"):
        names(column, split(row[column]))
    predicate = ontology.predicates.get(row["predicate"])
    if predicate is None:
        problems += _one_of(row, "predicate", ontology.predicates, needed=True)
    elif predicate.inverse:
        add(row.problem("predicate", f"{predicate.name} is read off; turn the row round and write {predicate.inverse}"))
    else:
        category("subject", row["subject"], predicate.domain, f"the subject of {predicate.name}")
        category("object", row["object"], predicate.range, f"the object of {predicate.name}")
    category("disease", row["disease"], ("Disease",), "the disease column")
    for model in split(row["model"]):
        category("model", model, ("AnimalModel",), "the model column")
    bearers = [c for c in ontology.layers if ontology.superclasses[c] & {"Cell", "MSCProduct", "Anatomy"}]
    category("cell", row["cell"], bearers, "the cell column")
    problems += _one_of(row, "aspect", ontology.aspects)
    target = entities.get(row["object"])
    if predicate and predicate.polar and not row["aspect"] and target is not None:
        if ontology.superclasses[target.category] & {"Cell", "Factor", "MSCProduct"}:
            add(row.problem("aspect", f"{predicate.name} on a {target.category} needs an aspect: what of it changes?"))
    problems += _one_of(row, "mediator_test", ontology.mediator_tests)
    if row["mediator_test"] and not row["mediator"] and not row["leg_of"]:
        add(row.problem("mediator_test", "a mediator_test without a mediator; name what was tested, or empty it"))
    if row["mediator_test"].endswith("without effect") and row["direction"] == "refutes":
        message = "a failed blockade supports the effect and speaks against the mediator; write supports"
        add(row.problem("direction", message))
    problems += _one_of(row, "mode", ontology.modes)
    problems += _one_of(row, "msc_source", ontology.msc_sources)
    problems += _one_of(row, "donor", ontology.donors)
    problems += _one_of(row, "system", ontology.systems, needed=True)
    problems += _one_of(row, "direction", ("supports", "refutes"), needed=True)
    for species in split(row["species"]):
        for part in species.split(">"):
            if part not in entities or entities[part].category != "Taxon":
                add(_unknown(row, "species", part, vocabulary.taxa, near))
    if row["model"] and row["species"] == "human":
        add(row.problem("model", "a model is of an animal, and species says human alone; mend one of them"))
    level, _, credited = row["read"].partition("via review")
    reading = "via review" if "via review" in row["read"] else row["read"]
    if reading not in ontology.reading or level.strip():
        problems += _one_of(row, "read", ontology.reading, needed=True)
    elif reading == "via review" and not DOI.fullmatch(credited.strip()):
        add(row.problem("read", "write `via review 10.x/y`, with the DOI of the review"))
    if not row["statement"]:
        add(row.problem("statement", f"statement is empty; one sentence in your own words, at most {WORDS} words"))
    elif len(row["statement"].split()) > WORDS:
        message = f"statement has {len(row['statement'].split())} words; at most {WORDS}"
        add(row.problem("statement", message))
    if row["publication"] not in keys:
        if not row["publication"]:
            message = "publication is empty; every row cites a paper"
        elif not KEY.fullmatch(row["publication"]):
            message = f"malformed publication {row['publication']!r}: doi:10.x/y, pubmed:123 or pmc:PMC123"
        else:
            like = near(row["publication"], keys, 1)
            message = f"{row['publication']} is not in triples/publications.tsv; add it"
            message += f", or did you mean {like[0]}?" if like else ""
        add(row.problem("publication", message))
    for column in ("context", "effect"):
        problems += _check_registry(row, column)
    if row["leg_of"]:
        match = LEG.fullmatch(row["leg_of"])
        if not match:
            add(
                row.problem(
                    "leg_of", f"malformed {row['leg_of']!r}; write `A -> B`, the mediated claim of the same paper"
                )
            )
        else:
            names("leg_of", match.groups())
    return problems


def _check_registry(row: Row, column: str) -> list[Problem]:
    found = re.findall(r"NCT\w*", row[column])
    wrong = [each for each in found if not NCT.fullmatch(each)]
    return [row.problem(column, f"malformed registry id {each!r}; NCT and eight digits") for each in wrong]


def _check_together(rows: Sequence[Row]) -> list[Problem]:
    problems: list[Problem] = []
    exact: dict[tuple[str, ...], Row] = {}
    directions: dict[tuple[str, ...], dict[str, Row]] = defaultdict(dict)
    signs: dict[tuple[str, ...], dict[str, Row]] = defaultdict(dict)
    parents: dict[str, list[Row]] = defaultdict(list)
    context = [
        c for c in COLUMNS["evidence"] if c not in (*CLAIM, "direction", "effect", "statement", "publication", "read")
    ]
    for row in rows:
        parents[row["publication"]].append(row)
        same = tuple(row[c] for c in COLUMNS["evidence"] if c not in ("statement", "effect", "read", "mediator_test"))
        if same in exact:
            other = exact[same]
            where = f"{other.file}:{other.line}"
            problems.append(
                row.problem("subject", f"duplicate of {where}: same claim, paper and context; merge the two")
            )
        exact.setdefault(same, row)
        place = tuple(row[c] for c in (*CLAIM, "publication", *context))
        directions[place].setdefault(row["direction"], row)
        if row["direction"] == "supports":
            setting = tuple(row[c] for c in ("subject", "object", "aspect", "cell", "publication", *context))
            signs[setting].setdefault(row["predicate"], row)
    for both in directions.values():
        if len(both) == 2:
            row, other = both["refutes"], both["supports"]
            message = (
                f"the paper both supports ({other.file}:{other.line}) and refutes this in one context; say what differs"
            )
            problems.append(row.problem("direction", message))
    opposite = (
        ("positively_regulates", "negatively_regulates"),
        ("contributes_to", "protects_against"),
        ("increased_in", "decreased_in"),
        ("ameliorates", "exacerbates"),
    )
    for by_predicate in signs.values():
        for up, down in opposite:
            if up in by_predicate and down in by_predicate:
                row, other = by_predicate[down], by_predicate[up]
                where = f"{other.file}:{other.line}"
                message = f"both signs from one paper ({where}) without a difference in context; say what differs"
                problems.append(row.problem("predicate", message))
    for row in rows:
        match = LEG.fullmatch(row["leg_of"])
        claim = match and any(o["subject"] == match[1] and o["object"] == match[2] for o in parents[row["publication"]])
        if match and not claim:
            message = (
                f"leg without its parent: no row {row['leg_of']} from {row['publication']}; add it or empty leg_of"
            )
            problems.append(row.problem("leg_of", message))
    return problems


def _check_studies(tables: Tables, vocabulary: Vocabulary, keys: set[str], near: _Near) -> list[Problem]:
    problems: list[Problem] = []
    seen: dict[str, Row] = {}
    for row in tables.studies:
        for column, (pattern, form) in PATTERNS.items():
            if row[column] and not pattern.fullmatch(row[column]):
                problems.append(row.problem(column, f"malformed {column} {row[column]!r}; expected {form}"))
        for column in ("design", "route", "outcome_direction"):
            problems += _one_of(row, column, tables.ontology.study_values[column], needed=column == "design")
        problems += _one_of(row, "msc_source", tables.ontology.msc_sources)
        problems += _one_of(row, "donor", tables.ontology.donors)
        if row["publication"] and row["publication"] not in keys:
            problems.append(
                row.problem("publication", f"{row['publication']} is not in triples/publications.tsv; add it")
            )
        if not row["publication"] and not row["registry_id"]:
            problems.append(row.problem("publication", "a study needs a publication or a registry_id"))
        if row["disease"] and (
            row["disease"] not in vocabulary.entities or vocabulary.entities[row["disease"]].category != "Disease"
        ):
            diseases = [e.name for e in vocabulary.entities.values() if e.category == "Disease"]
            problems.append(_unknown(row, "disease", row["disease"], diseases, near))
        problems += _check_registry(row, "registry_id")
        mark = row["registry_id"]
        if mark and not row["publication"]:
            if mark in seen:
                problems.append(
                    row.problem("registry_id", f"{mark} stands already in line {seen[mark].line}; merge the two")
                )
            seen.setdefault(mark, row)
    return problems


def identity_of(row: Row, vocabulary: Vocabulary) -> str:
    """Return the `row_id` of a row of evidence; empty when it names what the vocabulary does not hold."""
    names = [row[column] for column in ("subject", "object", "cell")]
    if any(name and name not in vocabulary.entities for name in names):
        return ""
    subject, object_, cell = (vocabulary.entities[name].curie if name else "" for name in names)
    claim = assertion_id(subject, row["predicate"], object_, row["aspect"], cell)
    return row_id(claim, row["direction"], row["publication"], row["statement"])


def _check_requests(tables: Tables, vocabulary: Vocabulary, near: _Near) -> list[Problem]:
    problems: list[Problem] = []
    seen: set[str] = set()
    for row in tables.requests:
        entity = vocabulary.entities.get(row["name"])
        if entity is None:
            problems.append(_unknown(row, "name", row["name"], vocabulary.entities, near))
        elif entity.grounding != "local":
            message = f"{row['name']!r} has a public identifier now ({entity.curie}); delete the request"
            problems.append(row.problem("name", message))
        if row["name"] in seen:
            problems.append(row.problem("name", f"{row['name']!r} stands here twice; keep one"))
        seen.add(row["name"])
        if not row["definition"]:
            problems.append(row.problem("definition", "definition is empty; say in a sentence what the term means"))
    return problems


def _check_checks(tables: Tables, vocabulary: Vocabulary) -> list[Problem]:
    problems: list[Problem] = []
    rows = {identity_of(row, vocabulary): row for row in tables.evidence} if tables.checks else {}
    seen: dict[str, Row] = {}
    for row in tables.checks:
        mark = row["row"]
        if not mark or mark not in rows:
            message = f"no row of evidence is {mark!r}: its claim, paper or statement changed since; check it anew"
            problems.append(row.problem("row", f"{message} (`kg checks list` prints the ids)"))
        elif rows[mark]["publication"] != row["publication"]:
            message = f"the row cites {rows[mark]['publication']}, not {row['publication'] or 'nothing'}; mend one"
            problems.append(row.problem("publication", message))
        if mark in seen:
            message = f"{mark} stands already in line {seen[mark].line}; keep the newer one"
            problems.append(row.problem("row", message))
        seen.setdefault(mark, row)
        problems += _one_of(row, "outcome", tables.ontology.checks, needed=True)
        unread = row["outcome"] == "text unavailable"
        problems += _one_of(row, "read", tables.ontology.reading, needed=not unread)
        if not row["source"] and not unread:
            problems.append(row.problem("source", "source is empty; give the address of the text that was read"))
        if not is_day(row["date"]):
            problems.append(row.problem("date", f"malformed date {row['date']!r}; write the day as 2026-11-25"))
        elsewhere = row["outcome"] == "in another paper"
        if elsewhere != bool(row["found_in"]):
            message = "found_in names the paper in which the finding stands exactly when outcome is `in another paper`"
            problems.append(row.problem("found_in", message))
        elif elsewhere and (not KEY.fullmatch(row["found_in"]) or row["found_in"] == row["publication"]):
            message = f"found_in {row['found_in']!r}: write the CURIE of the other paper, as doi:10.x/y"
            problems.append(row.problem("found_in", message))
    return problems


def format(root: Path, write: bool = True) -> list[Path]:
    """Put the tables below `root` in order and return those that change, sorted.

    Rows are sorted by their cells without regard to case, white space and Unicode are normalised (NFC), synonyms and
    spellings become the canonical names, equal rows become one, line ends become LF. Idempotent. Raises CurationError
    when a table cannot be read whole, since a faulty row would be lost; nothing is written then.
    """
    tables, problems = read_tables(root)
    fatal = [p for p in problems if "run `kg format`" not in p.message]
    if fatal:
        raise CurationError("the tables cannot be formatted until these are mended:\n" + "\n".join(map(str, fatal)))
    vocabulary = _vocabulary(tables)
    changed: list[tuple[Path, str]] = []
    by_file: dict[str, list[Row]] = defaultdict(list)
    for row in (
        *tables.entities,
        *tables.publications,
        *tables.studies,
        *tables.checks,
        *tables.requests,
        *tables.evidence,
    ):
        by_file[row.file].append(row)
    for path in names_of(root):
        file = f"{path.parent.name}/{path.name}"
        if path.suffix != ".tsv" or not path.is_relative_to(root):
            continue
        columns = COLUMNS[_kind(path)]
        rows = {tuple(normal(column, row[column], vocabulary) for column in columns) for row in by_file[file]}
        ordered = sorted(rows, key=lambda cells: ([cell.casefold() for cell in cells], cells))
        text = "".join("\t".join(cells) + "\n" for cells in [columns, *ordered])
        if text.encode() != read_bytes(path):
            changed.append((path, text))
    table = root / "ontology" / mappings.FILE
    if table.is_file():
        text = mappings.made(table, vocabulary.entities, tables.ontology.prefixes)
        if text.encode() != read_bytes(table):
            changed.append((table, text))
    if write:
        for path, text in changed:
            write_text(path, text)
    return [path for path, _ in changed]


def normal(column: str, cell: str, vocabulary: Vocabulary) -> str:
    """Return a cell as `format` writes it: white space and Unicode normalised, names canonical where known."""
    cell = _tidy(cell)

    def canonical(name: str) -> str:
        return vocabulary.canonical(name) or name

    if column in BARS:
        parts = split(cell, "|")
        return "|".join(map(canonical, parts) if column == "parents" else parts)
    if column in LISTS:
        parts = split(cell)
        return LISTS[column].join(parts if column == "species" else map(canonical, parts))
    if column in ("subject", "object", "cell", "disease"):
        return canonical(cell) if cell else cell
    return cell


def assertions(tables: Tables, vocabulary: Vocabulary) -> tuple[Assertion, ...]:
    """Return the claims of clean tables, evidence gathered under each, ordered by their names."""
    names = COLUMNS["evidence"][len(CLAIM) :]

    def rows() -> Iterator[tuple[tuple[str, ...], Evidence]]:
        for row in tables.evidence:
            values = {name: split(row[name]) if name in LISTS else row[name] for name in names}
            yield tuple(row[name] for name in CLAIM), Evidence(**values)  # type: ignore[arg-type]

    return gathered(rows(), vocabulary)


def gathered(rows: Iterable[tuple[tuple[str, ...], Evidence]], vocabulary: Vocabulary) -> tuple[Assertion, ...]:
    """Return the claims of rows, evidence gathered under each, ordered by their names.

    Each row comes with what it claims: subject, predicate, object, aspect and cell, as in CLAIM.
    """
    grouped: dict[tuple[str, ...], list[Evidence]] = defaultdict(list)
    for claim, evidence in rows:
        grouped[claim].append(evidence)
    curie: Callable[[str], str] = lambda name: vocabulary.entities[name].curie if name else ""  # noqa: E731
    result = []
    for claim in sorted(grouped):
        subject, predicate, object_, aspect, cell = claim
        identity = assertion_id(curie(subject), predicate, curie(object_), aspect, curie(cell))
        effect = vocabulary.effect(predicate, aspect)
        ordered = tuple(sorted(grouped[claim], key=evidence_order))
        result.append(Assertion(subject, predicate, object_, aspect, cell, effect, ordered, identity))
    return tuple(result)


def evidence_order(evidence: Evidence) -> tuple[str, ...]:
    """Return the key by which evidence is ordered within a claim: publication first, then all cells."""
    cells = evidence[: -len(DERIVED)]
    return (evidence.publication, *(cell if isinstance(cell, str) else "; ".join(cell) for cell in cells))


def load(
    root: Path,
) -> tuple[Vocabulary, tuple[Assertion, ...], tuple[Publication, ...], tuple[Study, ...]]:
    """Read the tables below `root` as values. Raises CurationError with the problems when there are any."""
    tables, problems = read_tables(root)
    problems = sorted({*problems, *_check(tables)})
    if problems:
        shown = "\n".join(map(str, problems[:20]))
        more = f"\n... and {len(problems) - 20} more" if len(problems) > 20 else ""
        raise CurationError(f"{len(problems)} problems in the tables; `kg check` lists them all:\n{shown}{more}")
    vocabulary = _vocabulary(tables)
    publications = tuple(Publication(**row.cells) for row in tables.publications)
    checks = (Check(**row.cells) for row in tables.checks)
    return (
        vocabulary,
        appraised(assertions(tables, vocabulary), publications, checks, tables.ontology),
        publications,
        tuple(Study(**row.cells) for row in tables.studies),
    )
