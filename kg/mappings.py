"""The groundings of entities as a table of mappings in SSSOM/TSV, made from `entities.tsv` and kept in step with it.

A name with a public identifier is a literal mapping (`rdfs literal`) of the name to the term; a local term is mapped to
the nearest public term above it. What is known of a mapping beyond that (its justification, the label of the term, the
day) is kept when the file is made anew. Format: https://mapping-commons.github.io/sssom/spec-formats-tsv
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from kg.model import Entity, Problem
from kg.sources import read_bytes

__all__ = ["FILE", "SSSOM", "faults", "kept", "made", "text_of", "wanted"]

FILE = "mappings.sssom.tsv"
MAPPING_SET = "https://w3id.org/mscim/mappings"
LICENSE = "https://creativecommons.org/licenses/by/4.0/"
MADE = "run `kg format`, which makes the table anew"


class SSSOM(NamedTuple):
    """One mapping; fields are slots of SSSOM, in its order."""

    subject_id: str = ""
    subject_label: str = ""
    predicate_id: str = ""
    object_id: str = ""
    object_label: str = ""
    mapping_justification: str = "semapv:UnspecifiedMatching"
    subject_type: str = ""
    mapping_date: str = ""
    comment: str = ""

    @property
    def core(self) -> tuple[str, str, str, str]:
        """What is mapped to what, and how."""
        return (self.subject_id, self.subject_label, self.predicate_id, self.object_id)


def wanted(entities: Mapping[str, Entity]) -> list[SSSOM]:
    """Return the mappings that entities stand for, sorted; a local term without a public one above it has none.

    >>> found = wanted({"MSC": Entity("MSC", "CL:0000134", "MesenchymalStemCell"),
    ...                 "umbilical cord MSC": Entity("umbilical cord MSC", "mscim:UC", "MesenchymalStemCell", ("MSC",),
    ...                                              (), "local")})
    >>> [(each.subject_label, each.predicate_id, each.object_id) for each in found]
    [('MSC', 'skos:exactMatch', 'CL:0000134'), ('umbilical cord MSC', 'skos:broadMatch', 'CL:0000134')]
    """
    found = []
    for each in entities.values():
        if each.grounding != "local":
            predicate = "skos:exactMatch" if each.grounding == "exact" else "skos:broadMatch"
            found.append(SSSOM("", each.name, predicate, each.curie, subject_type="rdfs literal"))
        else:
            above = _public(each, entities)
            if above:
                found.append(SSSOM(each.curie, each.name, "skos:broadMatch", above, subject_type="owl class"))
    return sorted(found)


def _public(entity: Entity, entities: Mapping[str, Entity]) -> str:
    """Return the CURIE of the nearest public term above a local one; of several as near, the first by name."""
    seen, level = {entity.name}, [entity.name]
    while level:
        level = sorted({p for name in level for p in entities[name].parents if p in entities} - seen)
        seen.update(level)
        public = [entities[name].curie for name in level if entities[name].grounding != "local"]
        if public:
            return public[0]
    return ""


def text_of(mappings: Iterable[SSSOM], prefixes: Mapping[str, str]) -> str:
    """Return mappings as SSSOM/TSV in its canonical form: metadata, then the columns that hold something, sorted."""
    rows = sorted(mappings)
    used = {curie.partition(":")[0] for row in rows for curie in (row.subject_id, row.object_id) if curie}
    head = ["#curie_map:", *(f"#  {prefix}: {prefixes[prefix]}" for prefix in sorted(used & prefixes.keys()))]
    head += [f"#mapping_set_id: {MAPPING_SET}", f"#license: {LICENSE}"]
    columns = [n for n, name in enumerate(SSSOM._fields) if any(row[n] for row in rows) or name == "subject_id"]
    lines = ["\t".join(SSSOM._fields[n] for n in columns)]
    lines += ["\t".join(_quoted(row[n]) for n in columns) for row in rows]
    return "\n".join([*head, *lines]) + "\n"


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if '"' in cell else cell


def kept(path: Path) -> dict[tuple[str, str, str, str], SSSOM]:
    """Return the mappings of a file by what is mapped to what; empty when there is none or it cannot be read."""
    import csv

    if not path.is_file():
        return {}
    lines = [line for line in read_bytes(path).decode("utf-8", "replace").splitlines() if not line.startswith("#")]
    found = {}
    for cells in csv.DictReader(lines, delimiter="\t"):
        row = SSSOM(**{name: cells.get(name) or "" for name in SSSOM._fields})
        found[row.core] = row
    return found


def made(path: Path, entities: Mapping[str, Entity], prefixes: Mapping[str, str]) -> str:
    """Return the text of the table for entities, with what is known of each mapping from the file at `path`."""
    known = kept(path)
    return text_of((known.get(each.core, each) for each in wanted(entities)), prefixes)


def faults(path: Path, entities: Mapping[str, Entity], prefixes: Mapping[str, str]) -> list[Problem]:
    """Return where the table at `path` is not in step with the entities; none when there is no such table."""
    if not path.is_file():
        return []
    file = f"{path.parent.name}/{path.name}"
    lines = read_bytes(path).decode("utf-8", "replace").splitlines()
    place = {line.split("\t")[1]: n for n, line in enumerate(lines, 1) if line.count("\t") > 1}
    should, stands = {each.core for each in wanted(entities)}, kept(path)
    problems = []
    for core in sorted(should - stands.keys()):
        message = f"the mapping of {core[1]!r} ({core[2]} {core[3]}) is missing; {MADE}"
        problems.append(Problem(file, place.get(core[1], 1), 1, message))
    for core in sorted(stands.keys() - should):
        message = f"the mapping of {core[1]!r} to {core[3]} is not what entities.tsv says; {MADE}"
        problems.append(Problem(file, place.get(core[1], 1), 1, message))
    for core in sorted(should & stands.keys()):
        if not stands[core].mapping_justification.startswith("semapv:"):
            message = f"mapping_justification {stands[core].mapping_justification!r}: write a term of semapv"
            problems.append(Problem(file, place.get(core[1], 1), 1, f"{message}, as semapv:ManualMappingCuration"))
    if not problems and "\n".join(lines) + "\n" != made(path, entities, prefixes):
        problems.append(Problem(file, 1, 1, f"the table is not in its form; {MADE}"))
    return problems
