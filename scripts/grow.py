"""Tables of many times the rows, in the shape of the bundled ones: `python scripts/grow.py FOLDER --times 10`.

Each copy of a paper is a paper of its own: its rows stay together, and of the things they name some become a variant,
the first variants more often than the later, so that a few names have very many rows and most have few. The tables pass
`kg check`. With `--broken 0.05` that share of the rows is spoilt, each in one of seven ways.
"""

from __future__ import annotations

import argparse
import random
import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("subject", "object", "cell")
LISTS = ("mediator", "priming", "combined_with")
KEPT = {"MesenchymalStemCell", "Taxon", "Disease", "AnimalModel", "Treatment", "Manifestation"}
CHANGED = 0.4  # share of the names of a paper that become a variant
SKEW = 3  # of n variants the first r take (r/n)^(1/SKEW) of the draws
SPOILT = ("a name", "predicate", "publication", "species", "columns", "white space", "direction")


def read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Columns and rows of a table."""
    columns, *lines = (line.split("\t") for line in path.read_text(encoding="utf-8").splitlines())
    return columns, [dict(zip(columns, cells, strict=True)) for cells in lines]


def write(path: Path, columns: Sequence[str], lines: list[str]) -> None:
    """Write a table, rows sorted as `kg format` does."""
    lines.sort(key=lambda line: [cell.casefold() for cell in line.split("\t")])
    with open(path, "w", encoding="utf-8", newline="") as stream:
        stream.write("\t".join(columns) + "\n")
        stream.writelines(f"{line}\n" for line in lines)


def grow(folder: Path, times: int, seed: int = 1, broken: float = 0.0, root: Path = ROOT) -> int:
    """Write tables of `times` as many rows to `folder` and return the number of rows of evidence."""
    pick = random.Random(seed)
    shutil.copytree(root / "ontology", folder / "ontology", ignore=shutil.ignore_patterns("*.sssom.tsv"))
    (folder / "triples").mkdir()
    shutil.copy(root / "triples" / "studies.tsv", folder / "triples" / "studies.tsv")
    columns, entities = read(root / "ontology" / "entities.tsv")
    known = {entity["name"]: entity for entity in entities}
    variants: dict[str, dict[str, str]] = {}
    most = max(1, times // 2)

    def variant(name: str) -> str:
        entity = known.get(name)
        if entity is None or entity["category"] in KEPT or pick.random() > CHANGED:
            return name
        number = int(most * pick.random() ** SKEW)
        new = f"{name} no. {number + 2}"
        local = f"mscim:{entity['curie'].replace(':', '-')}-{number + 2}"
        variants.setdefault(new, {**entity, "name": new, "curie": local, "grounding": "local", "synonyms": ""})
        return new

    headings, papers = read(root / "triples" / "publications.tsv")
    kinds = {paper["publication"]: paper for paper in papers}
    copies: list[dict[str, str]] = list(papers)
    told: dict[str, dict[str, str]] = {}  # what the names of each copy of a paper became
    total = 0
    for path in sorted((root / "triples").glob("*.tsv")):
        if path.stem in ("publications", "studies"):
            continue
        claims, rows = read(path)
        by_paper: dict[str, list[dict[str, str]]] = defaultdict(list)
        for row in rows:
            by_paper[row["publication"]].append(row)
        lines = ["\t".join(row.values()) for row in rows]
        for copy in range(2, times + 1):
            for paper, theirs in by_paper.items():
                key = f"doi:10.9999/{copy}.{paper.replace(':', '.').replace('/', '.')}"
                if key not in told:
                    changed = {"doi": key.removeprefix("doi:"), "pmid": "", "pmcid": "", "publication": key}
                    copies.append({**kinds[paper], **changed})
                renamed = told.setdefault(key, {})

                def new(name: str, renamed: dict[str, str] = renamed) -> str:
                    if name not in renamed:
                        renamed[name] = variant(name) if name else name
                    return renamed[name]

                for row in theirs:
                    cells = {**row, "publication": key}
                    cells |= {column: new(row[column]) for column in NAMES}
                    cells |= {column: "; ".join(map(new, row[column].split("; "))) for column in LISTS}
                    if row["leg_of"]:
                        cells["leg_of"] = " -> ".join(map(new, row["leg_of"].split(" -> ")))
                    lines.append("\t".join(cells.values()))
        if broken:
            lines = [spoilt(line, claims, pick) if pick.random() < broken else line for line in lines]
        write(folder / "triples" / path.name, claims, lines)
        total += len(lines)
    write(folder / "triples" / "publications.tsv", headings, ["\t".join(paper.values()) for paper in copies])
    write(
        folder / "ontology" / "entities.tsv",
        columns,
        ["\t".join(entity.values()) for entity in (*entities, *variants.values())],
    )
    return total


def spoilt(line: str, columns: Sequence[str], pick: random.Random) -> str:
    """A row with one fault."""
    cells = dict(zip(columns, line.split("\t"), strict=True))
    kind = pick.choice(SPOILT)
    if kind == "a name":
        cells["object"] += " x"
    elif kind == "columns":
        del cells["read"]
    elif kind == "white space":
        cells["statement"] += " "
    else:
        cells[kind] = "nonsense"
    return "\t".join(cells.values())


def main() -> int:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--broken", type=float, default=0.0)
    options = parser.parse_args()
    rows = grow(options.folder, options.times, options.seed, options.broken)
    print(f"{options.folder}: {rows:,} rows of evidence")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
