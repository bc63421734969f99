"""Do the papers in the tables agree with their records at PubMed, PMC and Crossref, and were they retracted?"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import partial
from pathlib import Path
from typing import NamedTuple

from kg import registries
from kg.curation import Tables
from kg.editing import Change
from kg.errors import CurationError, SourceError
from kg.model import Publication
from kg.registries import Record, Registry, Shelf
from kg.sources import read_bytes

__all__ = [
    "BAD",
    "PROPOSAL",
    "Finding",
    "Proposal",
    "Servers",
    "chosen_of",
    "compared",
    "lines_of",
    "proposals",
    "records",
    "report",
]

LIKE = 0.9  # of two titles that are taken for one
ALIKE = 0.6  # of two titles under which an identifier is taken for that of another paper
PATIENCE = 3  # failures in a row after which a registry is not asked again
GREEK = {chr(0x3B1 + n): name for n, name in enumerate(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma sigma tau upsilon "
    "phi chi psi omega".split()
)}  # fmt: skip


class Finding(NamedTuple):
    """One thing that the comparison of a paper showed.

    `kind`: agrees, differs, missing (no such record), another paper, retracted, expression of concern, corrected,
    preprint of, notice (the paper itself is one), comment, not asked.
    """

    publication: str
    kind: str
    source: str
    column: str = ""
    ours: str = ""
    theirs: str = ""
    day: str = ""


class Proposal(NamedTuple):
    """A cell that could be changed: `kind` is fill (it is empty), add (to a list of entries) or change."""

    publication: str
    column: str
    kind: str
    old: str
    new: str
    source: str
    day: str


PROPOSAL = Proposal._fields
BAD = ("retracted", "expression of concern", "another paper", "missing", "differs", "notice", "not asked")


class Servers(NamedTuple):
    """The registries that are asked; None is left out."""

    pubmed: Registry | None = None
    idconv: Registry | None = None
    crossref: Registry | None = None


def _plain(text: str) -> str:
    """Fold what printers do differently: markup, accents, Greek letters, dashes, case, punctuation."""
    text = re.sub(r"</?[a-zA-Z][^>]*>", "", text)
    text = re.sub(r"^\W*(retracted( article)?|withdrawn|expression of concern)\s*:", "", text, flags=re.IGNORECASE)
    text = "".join(f" {GREEK[c]} " if c in GREEK else c for c in unicodedata.normalize("NFKC", text).lower())
    plain = unicodedata.normalize("NFKD", text)
    return "".join(c for c in plain if c.isalnum() and not unicodedata.combining(c))


def same_title(ours: str, theirs: str) -> float:
    """Return how alike two titles are, in [0, 1]: 1 when they are equal but for print, or one is the head of the other.

    >>> same_title("TNF-\\u03b1 in <i>SLE</i>", "TNF alpha in SLE.")
    1.0
    """
    left, right = _plain(ours), _plain(theirs)
    if not left or not right:
        return 0.0
    short, long = sorted((left, right), key=len)
    if long.startswith(short) and len(short) >= 20:
        return 1.0
    return 1.0 if left == right else SequenceMatcher(None, left, right, autojunk=False).ratio()


def same_author(ours: str, theirs: str) -> bool:
    """Whether two first authors have one family name, initials aside.

    >>> same_author("Fern\\u00e1ndez O", "Fernandez Oscar"), same_author("Li X", "Wu X")
    (True, False)
    """
    left, right = ([_plain(part) for part in name.split()] for name in (ours, theirs))
    if not left or not right:
        return False
    return left == right or left[0] == right[0] or (len(left) > 2 and left[:-1] == right[: len(left) - 1])


def records(
    papers: Sequence[Publication],
    servers: Servers,
    shelf: Shelf,
    today: str,
    most: int = 30,
    step: Callable[[], None] = lambda: None,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[dict[str, list[Record]], dict[str, list[str]]]:
    """Return the records of papers by their CURIE, and for each why a registry could not be asked, if so.

    What is on the shelf and at most `most` days old is not asked again; each answer is put there at once. `step` is
    called once a paper.
    """
    asker = _Asker(papers, shelf, today, most, step, say)
    pmids = {paper.publication: paper.pmid for paper in papers}
    idconv, pubmed, crossref = servers.idconv, servers.pubmed, servers.crossref
    asker.last = {p.publication: "Crossref" if crossref and p.doi else "PubMed" for p in papers}
    if idconv:
        for kind in ("pmcid", "doi"):
            lacking = (p for p in papers if not pmids[p.publication] and (kind == "pmcid") == bool(p.pmcid))
            wanted = {p.publication: getattr(p, kind) for p in lacking if getattr(p, kind)}
            asker.collect(f"PMC {kind}", idconv, wanted, partial(registries.ids, idconv, kind))
        for publication, told in asker.found.items():
            pmids[publication] = pmids[publication] or next((each.pmid for each in told if each.pmid), "")
    if pubmed:
        wanted = {publication: pmid for publication, pmid in pmids.items() if pmid}
        asker.collect("PubMed", pubmed, wanted, partial(registries.pubmed, pubmed))
    if crossref:
        wanted = {paper.publication: paper.doi.lower() for paper in papers if paper.doi}
        asker.collect("Crossref", crossref, wanted, partial(_one, crossref), size=1)
    for _ in asker.waiting:
        step()
    return asker.found, asker.failed


def _one(server: Registry, dois: Sequence[str], day: str) -> dict[str, Record]:
    return {dois[0]: registries.crossref(server, dois[0], day)}


class _Asker:
    """Collects the records of papers, from the shelf or from a registry, a batch at a time."""

    def __init__(
        self,
        papers: Sequence[Publication],
        shelf: Shelf,
        today: str,
        most: int,
        step: Callable[[], None],
        say: Callable[[str], None],
    ) -> None:
        self.shelf, self.today, self.most, self.step, self.say = shelf, today, most, step, say
        self.found: dict[str, list[Record]] = {paper.publication: [] for paper in papers}
        self.failed: dict[str, list[str]] = {}
        self.waiting = set(self.found)
        self.last: dict[str, str] = {}

    def collect(
        self,
        name: str,
        server: Registry,
        wanted: Mapping[str, str],
        ask: Callable[[list[str], str], dict[str, Record]],
        size: int = registries.BATCH,
    ) -> None:
        """Get the records of the values that papers carry."""
        carriers: dict[str, list[str]] = {}
        for publication, value in wanted.items():
            carriers.setdefault(value, []).append(publication)
        todo = []
        for value in carriers:
            kept = self.shelf.get(f"{name}:{value}", self.today, self.most)
            if kept:
                self.told(name, carriers[value], kept)
            else:
                todo.append(value)
        failures = 0
        for start in range(0, len(todo), size):
            batch = todo[start : start + size]
            if failures >= PATIENCE:
                self.say(f"{server.base}: is not asked again; what is missing comes next time")
                self.lacking([p for v in todo[start:] for p in carriers[v]], f"{server.base}: not asked after failures")
                break
            try:
                answers = ask(batch, self.today)
                failures = 0
            except SourceError as error:
                failures += PATIENCE if re.search("cannot be reached|refuses|asks to wait", str(error)) else 1
                self.say(str(error))
                self.lacking([publication for value in batch for publication in carriers[value]], str(error))
                continue
            for value, record in answers.items():
                self.shelf.put(f"{name}:{value}", record)
                self.told(name, carriers[value], record)

    def told(self, name: str, publications: Iterable[str], record: Record) -> None:
        """Note a record of papers; a paper is done with the last registry that is asked of it."""
        for publication in publications:
            self.found[publication].append(record)
            if self.last[publication] == name and publication in self.waiting:
                self.waiting.discard(publication)
                self.step()

    def lacking(self, publications: Iterable[str], why: str) -> None:
        """Note why papers have no record."""
        for publication in publications:
            self.failed.setdefault(publication, []).append(why)


def compared(paper: Publication, told: Iterable[Record], failed: Iterable[str] = ()) -> tuple[Finding, ...]:
    """Return what the records of a paper say of its row: agreement, differences, notices; faults of asking last."""
    found: list[Finding] = []
    for record in told:

        def add(kind: str, column: str = "", ours: str = "", theirs: str = "", by: Record = record) -> None:
            found.append(Finding(paper.publication, kind, by.source, column, ours, theirs, by.day))

        if record.source == "PMC":
            continue
        if not record.found:
            add("missing", "doi" if record.source == "Crossref" else "pmid", record.doi or record.pmid)
            continue
        alike = same_title(paper.title, record.title) if paper.title and record.title else None
        author = (
            same_author(paper.first_author, record.first_author) if paper.first_author and record.first_author else None
        )
        if alike is not None and alike < ALIKE and author is not True:
            add("another paper", "title", paper.title, record.title)
            continue
        differs = []
        if alike is not None and alike < LIKE:
            differs.append(("title", paper.title, record.title))
        if author is False:
            differs.append(("first_author", paper.first_author, record.first_author))
        if paper.year and record.year and abs(int(paper.year) - int(record.year)) > 1:  # online and print differ by one
            differs.append(("year", paper.year, record.year))
        for column in ("doi", "pmid", "pmcid"):
            ours, theirs = getattr(paper, column), getattr(record, column)
            if ours and theirs and ours.lower() != theirs.lower():
                differs.append((column, ours, theirs))
        for each in differs:
            add("differs", *each)
        if not differs and (alike is not None or author is not None):
            add("agrees")
        for notice in record.notices:
            add(notice.kind, "status", "", notice.curie)
    found += [Finding(paper.publication, "not asked", "", theirs=why) for why in failed]
    return tuple(found)


def proposals(paper: Publication, told: Sequence[Record], findings: Sequence[Finding]) -> Iterator[Proposal]:
    """Yield the cells of a paper that its records could fill, add to or change; nothing from the record of another."""
    other = {finding.source for finding in findings if finding.kind == "another paper"}
    good = [record for record in told if record.found and record.source not in other]
    key = {"doi": "doi", "pubmed": "pmid", "pmc": "pmcid"}[paper.publication.partition(":")[0]]
    for column in ("doi", "pmid", "pmcid", "year", "first_author", "title"):
        old = getattr(paper, column)
        for record in good:
            new = getattr(record, column)
            new = re.sub(r"<[^>]+>", "", new).removesuffix(".") if column == "title" else new
            if not new or column == key:
                continue
            differs = any((f.kind, f.column, f.source) == ("differs", column, record.source) for f in findings)
            if not old or differs:
                kind = "change" if old else "fill"
                yield Proposal(paper.publication, column, kind, old, new, record.source, record.day)
                break
    sources = {finding.source for finding in findings if finding.kind == "agrees"}
    new = _joined(paper.verified, {r.source: f"{r.source} {r.day}" for r in good if r.source in sources})
    if new != paper.verified:
        kind = "add" if paper.verified else "fill"
        by = "; ".join(sorted(sources))
        yield Proposal(paper.publication, "verified", kind, paper.verified, new, by, max(r.day for r in good))
    parts = [part for part in paper.status.split("; ") if part]
    standing = {"preprint of" if each.startswith("preprint of") else each for each in paper.standing}
    by_kind: dict[str, str] = {}
    for record in good:
        for notice in record.notices:
            if notice.kind in ("retracted", "expression of concern", "corrected"):
                text = f"{notice.kind} {record.day} {record.source} {notice.curie}".strip()
            elif notice.kind == "preprint of" and notice.curie != paper.publication:
                text = f"preprint of {notice.curie} {record.day} {record.source}"
            else:
                continue
            if notice.kind not in standing:
                by_kind.setdefault(notice.kind, text)
    if by_kind:
        new = "; ".join([*parts, *by_kind.values()])
        kind = "add" if paper.status else "fill"
        by = "; ".join(dict.fromkeys(record.source for record in good if record.notices))
        yield Proposal(paper.publication, "status", kind, paper.status, new, by, max(r.day for r in good))


def _joined(cell: str, new: Mapping[str, str]) -> str:
    """Put entries into a cell of `verified`, each in place of the older one of its source."""
    parts = {part.split(" ")[0] if not part.startswith("page") else part: part for part in cell.split("; ") if part}
    return "; ".join((parts | dict(new)).values())


def lines_of(rows: Iterable[Sequence[str]]) -> str:
    """Return rows as tab-separated lines."""
    return "".join("\t".join(" ".join(cell.split()) for cell in row) + "\n" for row in rows)


def report(papers: Sequence[Publication], findings: Sequence[Finding], changes: Sequence[Proposal], form: str) -> str:
    """Return what was found as a file: text by kind, gravest first, tsv (findings), or json (proposals too)."""
    if form == "tsv":
        return lines_of([Finding._fields, *findings])
    if form == "json":
        import json

        body = {
            "papers": len(papers),
            "findings": [each._asdict() for each in findings],
            "proposals": [each._asdict() for each in changes],
        }
        return json.dumps(body, ensure_ascii=False, indent=1) + "\n"
    citations = {paper.publication: paper.citation for paper in papers}
    sound = {f.publication for f in findings if f.kind == "agrees"} - {f.publication for f in findings if f.kind in BAD}
    heard = {finding.publication for finding in findings}
    lines = [
        f"{len(papers)} papers: {len(sound)} agree with their records; {len(papers) - len(heard)} have none to compare"
    ]
    for kind in (*BAD, "corrected", "preprint of", "comment"):
        group = [finding for finding in findings if finding.kind == kind]
        if group:
            lines += ["", f"{kind} ({len(group)}): {SAID[kind]}"]
        for each in group:
            lines.append(f"  {citations[each.publication]} ({each.publication})")
            compared_ = each.column not in ("", "status")
            detail = f"{each.column} {each.ours!r}, there {each.theirs!r}" if compared_ else each.theirs
            lines.append(
                f"      {' '.join(filter(None, (each.source, each.day)))}: {detail}".replace("      : ", "      ")
            )
    if changes:
        counts = {kind: sum(each.kind == kind for each in changes) for kind in ("fill", "add", "change")}
        said = ", ".join(f"{number} {kind}" for kind, number in counts.items() if number)
        lines += ["", f"{len(changes)} changes proposed ({said}); --proposals FILE writes them for you to choose from"]
    return "\n".join(lines) + "\n"


SAID = {
    "retracted": "its rows are to count for nothing: apply the proposed status",
    "expression of concern": "the journal warns of it",
    "another paper": "the record has another title: is the identifier that of another paper?",
    "missing": "no such record there: is the identifier right? (Crossref lacks DOIs of other agencies)",
    "differs": "compare both with the paper itself",
    "notice": "the paper cited is itself a notice or correction",
    "not asked": "try again later; what was answered is kept",
    "corrected": "read the rows again with the correction",
    "preprint of": "cite the paper it became, if it says the same",
    "comment": "others wrote on it",
}


def chosen_of(path: Path, tables: Tables, overwrite: bool) -> tuple[list[Change], int]:
    """Return the changes of a file of proposals, and how many were left out because the cell is filled.

    Raises CurationError when a line is no proposal, or when its cell was changed since.
    """
    lines = [line.split("\t") for line in read_bytes(path).decode("utf-8", "replace").splitlines() if line.strip()]
    if not lines or tuple(lines[0]) != PROPOSAL:
        raise CurationError(f"{path}: is no file of proposals; `kg verify --proposals FILE` writes one")
    cells = {row["publication"]: row.cells for row in tables.publications}
    changes: dict[str, dict[str, str]] = {}
    left = 0
    for number, line in enumerate(lines[1:], 2):
        if len(line) != len(PROPOSAL) or line[1] not in Publication._fields[1:]:
            raise CurationError(f"{path}, line {number}: is no proposal; take the lines as they were written")
        publication, column, kind, old, new, *_ = line
        if publication not in cells:
            raise CurationError(f"{path}, line {number}: {publication} is not in triples/publications.tsv")
        if cells[publication][column] == new:
            continue
        if cells[publication][column] != old:
            raise CurationError(
                f"{path}, line {number}: {column} of {publication} was changed since; run `kg verify` again"
            )
        added = kind == "add" and column in ("verified", "status")
        if column == "status" and not set(filter(None, old.split("; "))) <= set(new.split("; ")):
            added = False
        if old and not added and not overwrite:
            left += 1
            continue
        changes.setdefault(publication, {})[column] = new
    edits = [Change("publications", new, key=key, place=f"{path}: {key}") for key, new in changes.items()]
    return edits, left
