"""Commands for curators beside `kg add`: second readings, comparing papers with their records, workbooks, new terms."""

from __future__ import annotations

from typing import Any

import click

from kg import text as say
from kg.cli import BASIC, _format, _root
from kg.cli_add import finished
from kg.curation import Tables, identity_of, read_tables, vocabulary_of
from kg.drafts import identifiers, known_paper, paper_key
from kg.editing import Change, own_root
from kg.errors import UnknownTerm

__all__ = ["checks"]


@click.group()
def checks() -> None:
    """Second readings of rows: does the cited text say what the row says?

    \b
    kg checks list --unchecked --format tsv
    kg checks mark 0123456789ab verified --read abstract --source https://example.org/paper
    """


@checks.command(name="list")
@click.option("--publication", default="", metavar="ID", help="Only rows that cite this paper (DOI, PubMed or PMC id).")
@click.option("--outcome", default="", metavar="OUTCOME", help="Only rows with this outcome.")
@click.option("--unchecked", is_flag=True, help="Only rows that nobody has read again.")
@_format(*BASIC)
@click.pass_context
def list_(context: click.Context, publication: str, outcome: str, unchecked: bool, form: str) -> None:
    """List rows with their ids and what a second reading of them found.

    \b
    kg checks list --publication 10.1182/blood-2011-11-391144
    """
    root = _root(context)
    tables, _ = read_tables(root)
    vocabulary = vocabulary_of(root)
    if outcome and outcome not in tables.ontology.checks:
        raise UnknownTerm(outcome, tuple(tables.ontology.checks), kind="outcome")
    paper = _paper(tables, publication) if publication else ""
    known = {row["row"]: row for row in tables.checks}
    names = ["row", "outcome", "date", "publication", "read", "subject", "predicate", "object", "aspect", "statement"]
    rows = []
    for row in tables.evidence:
        if paper and row["publication"] != paper:
            continue
        identity = identity_of(row, vocabulary)
        check = known.get(identity)
        if (unchecked and check) or (outcome and (check is None or check["outcome"] != outcome)):
            continue
        done = [check["outcome"], check["date"]] if check else ["", ""]
        rows.append([identity, *done, *(row[name] for name in names[3:])])
    _printed(names, rows, form)
    click.echo(f"kg: {len(rows)} rows; {len(known)} of {len(tables.evidence)} rows are checked", err=True)


def _paper(tables: Tables, text: str) -> str:
    given = identifiers(text)
    found = known_paper(tables, given) if given else None
    if not found:
        raise UnknownTerm(text, kind="publication", reason="is not in triples/publications.tsv")
    return found["publication"]


def _printed(names: list[str], rows: list[list[Any]], form: str) -> None:
    if form == "json":
        import json

        keyed = [dict(zip(names, row, strict=True)) for row in rows]
        click.echo(json.dumps({"rows": keyed}, ensure_ascii=False, indent=1))
    elif form == "tsv":
        say.tsv(names, rows)
    else:
        say.columns(names, rows, 40)


@checks.command()
@click.argument("row")
@click.argument("outcome")
@click.option("--read", default="", metavar="WHAT", help="What was read this time: abstract, full text, title.")
@click.option("--source", default="", metavar="URL", help="Address of the text that was read.")
@click.option("--found-in", default="", metavar="ID", help="The paper in which it stands, for `in another paper`.")
@click.option("--note", default="", help="Anything else.")
@click.option("--date", "day", default="", metavar="DAY", help="The day it was read.  [default: today]")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.pass_context
def mark(
    context: click.Context,
    row: str,
    outcome: str,
    read: str,
    source: str,
    found_in: str,
    note: str,
    day: str,
    dry_run: bool,
) -> None:
    """Write down what a second reading of ROW found: verified, in another paper, not found, text unavailable.

    \b
    kg --data my-tables checks mark 0123456789ab "not found" --read "full text" --source https://example.org/paper
    """
    from datetime import date

    root = own_root(_root(context))
    tables, _ = read_tables(root)
    vocabulary = vocabulary_of(root)
    cited = next((each for each in tables.evidence if identity_of(each, vocabulary) == row), None)
    if cited is None:
        raise UnknownTerm(row, kind="row", reason="is the id of no row; `kg checks list` prints them")
    cells = {
        "row": row,
        "publication": cited["publication"],
        "outcome": outcome,
        "date": day or date.today().isoformat(),
        "read": read,
        "source": source,
        "found_in": paper_key(identifiers(found_in)) or found_in,
        "note": note,
    }
    again = any(each["row"] == row for each in tables.checks)
    change = Change("checks", cells, key=row if again else "", place=f"row {row}")
    finished(root, [change], dry_run, ask=False)
