"""Changes of the tables: tried out on a copy first, shown, and then written whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kg import mappings
from kg.curation import COLUMNS, check, format, normal, read_rows, vocabulary_of
from kg.errors import CurationError, SourceError
from kg.model import Problem
from kg.sources import names_of, read_bytes, write_text
from kg.vocabulary import Vocabulary

__all__ = ["Change", "Trial", "evidence_tables", "kind_of", "own_root", "try_out", "write"]

ORDER = ("entities", "requests", "publications", "checks", "studies")  # written first: what others point to


def own_root(root: Path) -> Path:
    """Return the folder when its tables are the user's to change. Raises SourceError for those of an installed kg."""
    packed = Path(__file__).resolve().parent / "_data"
    if root.resolve() == packed:
        raise SourceError(
            f"{root}: these tables belong to the installed kg; copy them into a folder of your own and give --data DIR"
        )
    return root


def kind_of(name: str) -> str:
    """Return which columns a table has, by its name without ending: entities, publications ... or evidence."""
    return name if name in COLUMNS else "evidence"


def evidence_tables(root: Path) -> tuple[str, ...]:
    """Return the names of the tables of evidence below `root`, without ending, sorted."""
    stems = (path.stem for path in names_of(root) if path.suffix == ".tsv")
    return tuple(sorted(stem for stem in stems if kind_of(stem) == "evidence"))


@dataclass(frozen=True)
class Change:
    """One row to add to a table, or cells to put into a row that is there.

    `table` is the name without ending; `cells` are by column. With `key` the row with that first cell is changed,
    else one is added. `place` is where the user wrote it, for messages.
    """

    table: str
    cells: Mapping[str, str]
    key: str = ""
    place: str = ""


@dataclass(frozen=True)
class Trial:
    """What came of changes on a copy: the new texts by file, the lines that differ, and what is wrong with them."""

    texts: Mapping[Path, str] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def _path(root: Path, table: str) -> Path:
    folder = "ontology" if table in ("entities", "requests") else "triples"
    return root / folder / f"{table}.tsv"


def try_out(root: Path, changes: Sequence[Change], whole: Mapping[str, str] | None = None) -> Trial:
    """Return what the tables below `root` become with changes, in order and checked; nothing is written.

    `whole` are new texts of tables by name, for changes of every kind. Raises CurationError when the tables are faulty
    before any change, as that would hide what the change does.
    """
    before = check(root)
    if before:
        raise CurationError(
            "the tables have problems of their own; mend these first (`kg check`):\n" + "\n".join(map(str, before[:5]))
        )
    vocabulary = vocabulary_of(root)
    with tempfile.TemporaryDirectory(prefix="mscim-") as name:
        copy = Path(name)
        for path in names_of(root):
            (copy / path.parent.name).mkdir(exist_ok=True)
            shutil.copyfile(path, copy / path.parent.name / path.name)
        for table, text in (whole or {}).items():
            write_text(_path(copy, table), text)
        places = {
            (f"{_path(copy, table).parent.name}/{table}.tsv", line): f"sheet {table}, row {line}"
            for table, text in (whole or {}).items()
            for line in range(1, text.count("\n") + 1)
        }
        places |= _applied(copy, changes, vocabulary)
        found = check(copy)
        fatal = [problem for problem in found if "run `kg format`" not in problem.message]
        if fatal:
            return Trial(problems=tuple(_said(problem, places) for problem in fatal))
        format(copy)
        texts: dict[Path, str] = {}
        touched = {*(change.table for change in changes), *(whole or {})}
        sssom = root / "ontology" / mappings.FILE
        if "entities" in touched and sssom.is_file():
            new = mappings.made(sssom, vocabulary_of(copy).entities, vocabulary.ontology.prefixes)
            texts |= {sssom: new} if new.encode() != read_bytes(sssom) else {}
        for path in names_of(copy):
            if path.stem in touched:
                old = root / path.parent.name / path.name
                content = read_bytes(path)
                if not old.exists() or read_bytes(old) != content:
                    texts[old] = content.decode()
        return Trial(texts, tuple(_differences(texts)))


def _applied(root: Path, changes: Sequence[Change], vocabulary: Vocabulary) -> dict[tuple[str, int], str]:
    """Put changes into the copy; return where in the user's own words each changed line came from."""
    places: dict[tuple[str, int], str] = {}
    for table in dict.fromkeys(change.table for change in changes):
        path, columns = _path(root, table), COLUMNS[kind_of(table)]
        file = f"{path.parent.name}/{path.name}"
        rows = [dict(row.cells) for row in read_rows(path, kind_of(table))[0]] if path.exists() else []
        for change in (each for each in changes if each.table == table):
            cells = {column: normal(column, change.cells.get(column, ""), vocabulary) for column in columns}
            if change.key:
                number = next((n for n, row in enumerate(rows) if row[columns[0]] == change.key), None)
                if number is None:
                    raise CurationError(f"{file}: no row {change.key}; nothing was changed")
                rows[number] |= {column: cells[column] for column in change.cells}
            else:
                number = len(rows)
                rows.append(cells)
            places[(file, number + 2)] = change.place
        lines = [columns, *([row[column] for column in columns] for row in rows)]
        write_text(path, "".join("\t".join(line) + "\n" for line in lines))
    return places


def _said(problem: Problem, places: Mapping[tuple[str, int], str]) -> str:
    place = places.get((problem.file, problem.line), "")
    return f"{place}: {problem.message}" if place else str(problem)


def _differences(texts: Mapping[Path, str]) -> Iterator[str]:
    for path in sorted(texts, key=_order):
        old = read_bytes(path).decode().splitlines() if path.exists() else []
        new = texts[path].splitlines()
        gone, come = set(old) - set(new), set(new) - set(old)
        yield f"{path.parent.name}/{path.name}"
        yield from (f"- {line}" for line in old if line in gone)
        yield from (f"+ {line}" for line in new if line in come)


def _order(path: Path) -> tuple[int, str]:
    return (ORDER.index(path.stem) if path.stem in ORDER else len(ORDER), path.name)


def write(trial: Trial) -> tuple[Path, ...]:
    """Write the new texts, each file whole or not at all, those first that others point to; return the files."""
    paths: Iterable[Path] = sorted(trial.texts, key=_order)
    for path in paths:
        write_text(path, trial.texts[path])
    return tuple(paths)
