"""What a new name could stand for: terms read from files, entities that are there, or a local term."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import NamedTuple

from kg.curation import Tables
from kg.errors import CurationError, SourceError
from kg.model import Entity
from kg.sources import read_bytes
from kg.vocabulary import Vocabulary

__all__ = ["Candidate", "Term", "candidates", "local_curie", "namesakes", "read_terms", "requests"]

NEEDED = ("id", "label", "synonyms", "parents", "category", "source")
NEAR = 0.75  # of two names that are shown as alike


class Term(NamedTuple):
    """A term as a file of terms holds it; `parents` are CURIEs."""

    id: str
    label: str
    synonyms: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    category: str = ""
    source: str = ""


class Candidate(NamedTuple):
    """A term that a name may be grounded in: how it matches (label, synonym, near), category, parent."""

    term: Term
    match: str
    likeness: float
    category: str = ""
    parent: str = ""


def read_terms(folder: Path) -> dict[str, Term]:
    """Return the terms of all `.tsv` files in a folder that have the columns NEEDED, by their CURIEs.

    Other tables are left out. Raises SourceError when the folder holds none, or a file cannot be read.
    """
    if not folder.is_dir():
        raise SourceError(f"{folder}: no such folder; give one with tables of terms (columns {', '.join(NEEDED)})")
    found: dict[str, Term] = {}
    for path in sorted(folder.glob("*.tsv")):
        try:
            lines = read_bytes(path).decode("utf-8").splitlines()
        except UnicodeDecodeError:
            raise SourceError(f"{path}: not UTF-8 text") from None
        header = lines[0].split("\t") if lines else []
        if not set(NEEDED) <= set(header):
            continue
        for line in lines[1:]:
            cells = dict(zip(header, line.split("\t"), strict=False))
            if cells.get("id"):
                synonyms, parents = (
                    tuple(filter(None, cells.get(name, "").split("|"))) for name in ("synonyms", "parents")
                )
                told = (cells.get("category", ""), cells.get("source", ""))
                found[cells["id"]] = Term(cells["id"], cells.get("label", ""), synonyms, parents, *told)
    if not found:
        raise SourceError(f"{folder}: holds no table of terms (columns {', '.join(NEEDED)})")
    return found


def _folded(text: str) -> str:
    return re.sub(r"[\s\-_,]+", " ", text).strip().casefold()


def namesakes(name: str, vocabulary: Vocabulary) -> tuple[Entity, ...]:
    """Return the entities that carry a name already, as name or synonym, whatever its case, hyphens and spaces."""
    wanted = _folded(name)
    return tuple(
        entity
        for entity in vocabulary.entities.values()
        if any(_folded(label) == wanted for label in (entity.name, *entity.synonyms))
    )


def candidates(name: str, terms: Mapping[str, Term], vocabulary: Vocabulary, count: int = 8) -> tuple[Candidate, ...]:
    """Return the terms that a name may be grounded in: those of that label, of that synonym, then those alike."""
    wanted = _folded(name)
    ranked: list[tuple[int, float, str, Candidate]] = []
    for term in terms.values():
        best = ("near", 0.0)
        for kind, labels in (("label", (term.label,)), ("synonym", term.synonyms)):
            for label in labels:
                folded = _folded(label)
                if folded == wanted:
                    best = max(best, (kind, 1.0), key=lambda each: (each[1], each[0] == "label"))
                elif best[0] == "near" and (wanted in folded or folded in wanted or folded[:3] == wanted[:3]):
                    alike = SequenceMatcher(None, folded, wanted, autojunk=False).ratio()
                    best = max(best, ("near", alike), key=_second)
        if best[0] != "near" or best[1] >= NEAR:
            category, parent = _above(term, terms, vocabulary)
            rank = ("label", "synonym", "near").index(best[0])
            found = Candidate(term, best[0], round(best[1], 3), category, parent)
            ranked.append((rank, -best[1], term.id, found))
    return tuple(found for *_, found in sorted(ranked)[:count])


def _second(pair: tuple[str, float]) -> float:
    return pair[1]


def _above(term: Term, terms: Mapping[str, Term], vocabulary: Vocabulary) -> tuple[str, str]:
    """Return category and name of the nearest entity above a term; empty when there is none."""
    known = {entity.curie: entity for entity in vocabulary.entities.values()}
    seen, level = {term.id}, [term.id]
    while level:
        level = sorted({p for each in level if each in terms for p in terms[each].parents} - seen)
        seen.update(level)
        found = [known[curie] for curie in level if curie in known]
        if found:
            return found[0].category, found[0].name
    return "", ""


def local_curie(name: str, vocabulary: Vocabulary) -> str:
    """Return a local CURIE for a name: its words joined, with capitals; made unique by a number.

    >>> from kg.vocabulary import Vocabulary
    >>> local_curie("exhausted B cell", Vocabulary(None, {}))
    'mscim:ExhaustedBCell'
    """
    words = re.findall(r"[A-Za-z0-9]+", name.replace("+", " plus "))
    stem = "".join(word[0].upper() + word[1:] for word in words)
    if not stem:
        raise CurationError(f"{name!r}: a name needs at least one Latin letter or digit")
    taken = {entity.curie for entity in vocabulary.entities.values()}
    curie, number = f"mscim:{stem}", 1
    while curie in taken:
        number += 1
        curie = f"mscim:{stem}{number}"
    return curie


def requests(tables: Tables, vocabulary: Vocabulary) -> Sequence[tuple[str, str, str, str, str, str, str]]:
    """Return the local terms as requests for new terms: name, CURIE, category, parents, definition, ontology, asked.

    The definition is empty where nobody has written one.
    """
    told = {row["name"]: row for row in tables.requests}

    def cell(name: str, column: str) -> str:
        return told[name][column] if name in told else ""

    locals_: Iterable[Entity] = (entity for entity in vocabulary.entities.values() if entity.grounding == "local")
    return [
        (
            each.name,
            each.curie,
            each.category,
            "; ".join(each.parents),
            cell(each.name, "definition"),
            cell(each.name, "ontology"),
            cell(each.name, "asked"),
        )
        for each in sorted(locals_, key=lambda entity: (entity.category, entity.name.casefold(), entity.name))
    ]
