"""`kg add`: findings of a paper into the tables, asked for one by one or taken from a filled sheet."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import click

from kg import drafts
from kg.cli import _root
from kg.curation import COLUMNS, WORDS, Tables, assertions, read_tables, vocabulary_of
from kg.drafts import MEANINGS, PAPER, identifiers
from kg.editing import Change, Trial, evidence_tables, own_root, try_out, write
from kg.errors import CurationError, UnknownTerm
from kg.model import split
from kg.vocabulary import Vocabulary, nearest

__all__ = ["add", "finished"]

NAMES = ("subject", "object", "cell", "mediator", "priming", "combined_with", "model", "disease", "species")
SEVERAL = ("mediator", "priming", "combined_with", "model", "species")
KEPT = ("priming", "msc_source", "donor", "species", "system", "model", "disease", "read")  # offered again in a paper
ASKED = tuple(column for column in COLUMNS["evidence"] if column not in ("publication", "leg_of"))
MOST = 6  # like rows shown


@click.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False), metavar="[FILE]")
@click.option("--template", type=click.Path(dir_okay=False), help="Write an .xlsx to fill in, with drop-down lists.")
@click.option("--table", default="", metavar="NAME", help="The table the rows go to; else that of the same subject.")
@click.option("--legs", is_flag=True, help="With FILE: also add the legs that mediators ask for, as inferred.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--yes", is_flag=True, help="With FILE: do not ask before writing.")
@click.pass_context
def add(
    context: click.Context, file: str | None, template: str | None, table: str, legs: bool, dry_run: bool, yes: bool
) -> None:
    """Add findings of a paper: asked one by one, or from FILE (.tsv, or a filled .xlsx template).

    Names are completed with the tab key, `?` explains what may be written. What the tables already say of the same,
    and what contradicts it, is shown first; rows are checked, sorted and written whole.

    \b
    kg --data my-tables add
    kg --data my-tables add --template findings.xlsx
    kg --data my-tables add findings.xlsx --dry-run
    """
    root = _root(context)
    if template:
        from kg.forms import template as workbook
        from kg.sources import write_bytes

        write_bytes(Path(template), workbook(vocabulary_of(root), evidence_tables(root)))
        click.echo(f"kg: wrote {template}; fill the sheet `rows`, then: kg add {template} --dry-run", err=True)
        return
    root = own_root(root)
    if table and table not in evidence_tables(root):
        raise UnknownTerm(table, nearest(table, evidence_tables(root)) or evidence_tables(root), kind="table")
    tables, _ = read_tables(root)
    vocabulary = vocabulary_of(root)
    if file:
        papers, rows = drafts.changes_of(Path(file), tables, vocabulary, table)
        rows += _legs(rows, tables, vocabulary, legs)
        for change in rows:
            _likenesses(change.cells, tables, vocabulary, change.place)
        finished(root, [*papers, *rows], dry_run, ask=not yes)
        return
    try_out(root, [])
    with _completion(vocabulary):
        _Interview(root, tables, vocabulary, table, dry_run).run()


def _legs(rows: Sequence[Change], tables: Tables, vocabulary: Vocabulary, wanted: bool) -> list[Change]:
    known = [
        row
        for row in rows
        if row.cells["subject"] in vocabulary.entities and row.cells["object"] in vocabulary.entities
    ]
    missing = drafts.missing_legs([row.cells for row in known], tables, vocabulary)
    if wanted:
        return [Change(known[n].table, leg, place=f"{known[n].place}, its leg") for n, leg in missing]
    for place, leg in missing:
        click.echo(
            f"kg: {known[place].place}: the leg {_sentence(leg)} is missing; --legs adds it as inferred", err=True
        )
    return []


def _sentence(row: Mapping[str, str]) -> str:
    aspect = f" [{row['aspect']}]" if row.get("aspect") else ""
    cell = f" in {row['cell']}" if row.get("cell") else ""
    against = "does not: " if row.get("direction") == "refutes" else ""
    return f"{against}{row['subject']} {row['predicate'].replace('_', ' ')} {row['object']}{aspect}{cell}"


def _likenesses(row: Mapping[str, str], tables: Tables, vocabulary: Vocabulary, place: str = "") -> None:
    names = [row[column] for column in ("subject", "object", "cell") if row.get(column)]
    if row["predicate"] not in vocabulary.ontology.predicates or not all(n in vocabulary.entities for n in names):
        return
    if row.get("aspect") and row["aspect"] not in vocabulary.ontology.aspects:
        return
    found = drafts.likenesses(assertions(tables, vocabulary), row, vocabulary)
    titles = {"twin": "this paper says it already", "contrary": "against it", "same": "says the same"}
    for each in found[:MOST]:
        click.echo(
            f"kg: {place + ': ' if place else ''}{titles[each.kind]}: {each.statement} ({each.publication})", err=True
        )
    if len(found) > MOST:
        click.echo(f"kg: ... and {len(found) - MOST} more rows on the same", err=True)


def finished(
    root: Path, changes: Sequence[Change], dry_run: bool, ask: bool = True, whole: Mapping[str, str] | None = None
) -> bool:
    """Try changes out, show them, and write them unless it is a rehearsal; say whether the tables were changed.

    Raises CurationError when the tables would not be in order.
    """
    trial = try_out(root, changes, whole)
    if trial.problems:
        raise CurationError("nothing was written; mend these first:\n" + "\n".join(trial.problems[:20]))
    return _settled(trial, dry_run, ask)


def _settled(trial: Trial, dry_run: bool, ask: bool) -> bool:
    for line in trial.lines:
        colour = {"+": "green", "-": "red"}.get(line[:1])
        click.secho(line, fg=colour)
    if not trial.texts:
        click.echo("kg: nothing changes", err=True)
        return False
    if dry_run:
        click.echo("kg: a rehearsal; nothing was written", err=True)
        return False
    if ask and not click.confirm("Write this?", default=True, err=True):
        click.echo("kg: nothing was written", err=True)
        return False
    for path in write(trial):
        click.echo(f"kg: wrote {path.parent.name}/{path.name}", err=True)
    return True


@contextlib.contextmanager
def _completion(vocabulary: Vocabulary) -> Iterator[None]:
    """Complete names with the tab key while this lasts, where the terminal can."""
    try:
        import readline
    except ImportError:
        yield
        return
    before = readline.get_completer(), readline.get_completer_delims()
    readline.set_completer(Completer(vocabulary).complete)
    readline.set_completer_delims(";")
    libedit = "libedit" in (readline.__doc__ or "")
    readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")
    if not libedit:
        readline.parse_and_bind("set completion-ignore-case on")
    try:
        yield
    finally:
        readline.set_completer(before[0])
        readline.set_completer_delims(before[1])


class Completer:
    """Completes what was typed to names and synonyms; a synonym that fits alone becomes the name."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.spelled: list[tuple[str, str, str]] = sorted(
            (label.casefold(), label, entity.name)
            for entity in vocabulary.entities.values()
            for label in (entity.name, *entity.synonyms)
        )
        self.values: list[str] = []

    def matches(self, text: str) -> list[str]:
        """Return what a text may become, sorted; the leading blank after a `;` is kept."""
        typed = text.lstrip()
        if not typed:
            return []
        found = [(label, name) for folded, label, name in self.spelled if folded.startswith(typed.casefold())]
        names = {name for _, name in found}
        blank = text[: len(text) - len(typed)]
        return [blank + each for each in (sorted(names) if len(names) == 1 else sorted({label for label, _ in found}))]

    def complete(self, text: str, state: int) -> str | None:
        """Return the match of a number, as readline asks for them."""
        if state == 0:
            self.values = self.matches(text)
        return self.values[state] if state < len(self.values) else None


class _Interview:
    """Asks for the findings of one paper after the other."""

    def __init__(self, root: Path, tables: Tables, vocabulary: Vocabulary, table: str, dry_run: bool) -> None:
        self.root, self.tables, self.vocabulary = root, tables, vocabulary
        self.table, self.dry_run = table, dry_run

    def run(self) -> None:
        click.echo(
            "Enter leaves a field empty or takes what stands in brackets; - empties it; ? explains; Ctrl-C ends."
        )
        while True:
            paper, new = self.paper()
            kept: dict[str, str] = {}
            while True:
                row = self.row(paper, kept)
                changes = [Change(self.table or self.chosen(row), row), *self.legs(row)]
                if self.settled([*new, *changes]):
                    new = []
                kept = {column: row[column] for column in KEPT}
                if not click.confirm("Another finding of this paper?", default=False, err=True):
                    break
            if not click.confirm("Another paper?", default=False, err=True):
                return

    def paper(self) -> tuple[str, list[Change]]:
        """Ask for a paper; return its CURIE, and the row to add when it is new."""
        while True:
            given = identifiers(self.text("paper", needed=True))
            if given:
                break
            click.echo("  that holds no DOI, PubMed id or PMC id; paste one, as 10.1182/blood-2011-11-391144", err=True)
        known = drafts.known_paper(self.tables, given)
        if known:
            title = " ".join(filter(None, (known["first_author"], known["year"], known["title"])))
            click.echo(f"  known: {title} ({known['publication']})", err=True)
            if known["status"]:
                click.secho(f"  mind: {known['status']}", fg="red", err=True)
            return known["publication"], []
        click.echo(
            "  a new paper; leave empty what you did not see (`kg verify` fills it from PubMed or Crossref)", err=True
        )
        cells = dict(given)
        for column in PAPER:
            if column not in cells:
                cells[column] = self.text(column)
        cells["kind"] = cells["kind"] or "primary"
        key = drafts.paper_key(cells)
        return key, [Change("publications", {"publication": key, **cells}, place="the paper")]

    def row(self, paper: str, kept: Mapping[str, str]) -> dict[str, str]:
        row: dict[str, str] = dict.fromkeys(COLUMNS["evidence"], "") | {"publication": paper}
        for column in ASKED:
            if column == "mediator_test" and not row["mediator"]:
                continue
            default = kept.get(column, "supports" if column == "direction" else "")
            row[column] = self.text(column, MEANINGS[column][0], default)
        return row

    def text(self, column: str, needed: bool = False, default: str = "") -> str:
        """Ask for a cell until it may stand."""
        while True:
            piped = not sys.stdout.isatty()  # the tab key works only where the question is asked on stdout
            said: str = click.prompt(column, default=default, show_default=bool(default), err=piped)
            value = "" if said.strip() == "-" else " ".join(said.split())
            if value == "?":
                self.explain(column)
                continue
            if not value:
                if not needed:
                    return ""
                click.echo(f"  needed: {MEANINGS[column][1]}", err=True)
                continue
            try:
                return self.checked(column, value)
            except (LookupError, ValueError) as error:
                click.echo(f"  {error}", err=True)

    def checked(self, column: str, value: str) -> str:
        if column in NAMES:
            parts = split(value) if column in SEVERAL else (value,)
            if column == "species":
                return "; ".join(">".join(self.name(one) for one in part.split(">")) for part in parts)
            return "; ".join(self.name(part) for part in parts)
        if column == "statement" and len(value.split()) > WORDS:
            raise ValueError(f"{len(value.split())} words; at most {WORDS}")
        known = drafts.allowed(column, self.vocabulary.ontology)
        if column == "read" and value.startswith("via review "):
            return value
        if known and value not in known:
            near = nearest(value, known)
            starts = [each for each in known if each.startswith(value)]
            if len(starts) == 1:
                return starts[0]
            raise ValueError(
                f"{value!r} is not allowed here{'; did you mean ' + ', '.join(near) + '?' if near else ''}; ? lists all"
            )
        return value

    def name(self, text: str) -> str:
        try:
            return self.vocabulary.resolve(text).name
        except UnknownTerm as error:
            hint = "" if error.suggestions else " `kg entity add` makes a new one."
            raise ValueError(f"{error}{hint}") from None

    def explain(self, column: str) -> None:
        click.echo(f"  {column}: {MEANINGS.get(column, (False, 'as the source prints it'))[1]}", err=True)
        known = drafts.allowed(column, self.vocabulary.ontology, self.vocabulary)
        if len(known) > 100:
            click.echo(f"  {len(known)} names; type a part and press tab, or `kg search TEXT`", err=True)
            return
        for value, meaning in sorted(known.items()):
            click.echo(f"    {value}{'  ' + meaning if meaning else ''}", err=True)

    def chosen(self, row: Mapping[str, str]) -> str:
        names = evidence_tables(self.root)
        default = drafts.table_of(self.tables, row) or names[0]
        return str(click.prompt("table", type=click.Choice(names), default=default, err=True))

    def legs(self, row: Mapping[str, str]) -> Iterable[Change]:
        """Offer the legs of a mediated row, one by one."""
        for _, told in drafts.missing_legs([row], self.tables, self.vocabulary):
            if click.confirm(f"Does the text warrant the leg: {_sentence(told)}?", default=False, err=True):
                for column in ("predicate", "aspect", "cell", "mediator_test", "statement"):
                    told[column] = self.text(column, MEANINGS[column][0], told.get(column, ""))
                yield Change(self.table or drafts.table_of(self.tables, row) or "", told)

    def settled(self, changes: list[Change]) -> bool:
        """Show and write changes; where they are faulty, ask for the columns again."""
        table = next(change.table for change in changes if change.table not in COLUMNS)
        changes = [Change(each.table or table, each.cells, place=each.place) for each in changes]
        while True:
            for change in changes:
                if change.table not in COLUMNS:
                    _likenesses(change.cells, self.tables, self.vocabulary, _sentence(change.cells))
            trial = try_out(self.root, changes)
            if not trial.problems:
                break
            click.secho("This cannot be written yet:", fg="red", err=True)
            for problem in trial.problems:
                click.echo(f"  {problem}", err=True)
            column = click.prompt("column to mend (Enter drops the finding)", default="", show_default=False, err=True)
            if column not in ASKED:
                return False
            number = next(n for n, change in enumerate(changes) if change.table == table)
            cells = dict(changes[number].cells)
            cells[column] = self.text(column, MEANINGS[column][0], cells[column])
            changes[number] = Change(table, cells)
        wrote = _settled(trial, self.dry_run, ask=True)
        if wrote:
            self.tables, _ = read_tables(self.root)
        return wrote
