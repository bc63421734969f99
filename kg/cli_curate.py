"""Commands for curators beside `kg add`: second readings, comparing papers with their records, workbooks, new terms."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg import text as say
from kg.cli import BASIC, _bar, _format, _progress, _root
from kg.cli_add import finished
from kg.curation import Tables, identity_of, read_tables, vocabulary_of
from kg.drafts import identifiers, known_paper, paper_key
from kg.editing import Change, own_root
from kg.errors import CurationError, UnknownTerm
from kg.model import Publication

if TYPE_CHECKING:
    from kg.verify import Finding, Proposal

__all__ = ["checks", "import_", "verify"]


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


@click.command()
@click.argument("papers", nargs=-1, metavar="[PAPER]...")
@click.option("--registry", "asked", multiple=True, type=click.Choice(["pubmed", "crossref"]), help="Only this one.")
@click.option("--contact", envvar="KG_CONTACT", default="", metavar="EMAIL", help="Who asks; KG_CONTACT says the same.")
@click.option("--max-age", default=30, show_default=True, type=click.IntRange(0), help="Days that an answer is kept.")
@click.option("--proposals", type=click.Path(dir_okay=False), help="Write the changes that records suggest (TSV).")
@click.option("--apply", "chosen", type=click.Path(exists=True, dir_okay=False), help="Write the changes of this file.")
@click.option("--overwrite", is_flag=True, help="With --apply: also cells that are filled.")
@click.option("--dry-run", is_flag=True, help="With --apply: show what would be written.")
@click.option("--pubmed", envvar="KG_PUBMED", default="", metavar="URL", help="Another address of E-utilities.")
@click.option("--idconv", envvar="KG_IDCONV", default="", metavar="URL", help="Another address of the id converter.")
@click.option("--crossref", envvar="KG_CROSSREF", default="", metavar="URL", help="Another address of Crossref.")
@click.option("--timeout", default=60.0, show_default=True, type=click.FloatRange(0.1), help="Seconds of silence.")
@click.option("-o", "--output", default="-", show_default=True, help="File of the report, or - for stdout.")
@_format("text", "tsv", "json")
@click.pass_context
def verify(
    context: click.Context,
    /,
    papers: tuple[str, ...],
    asked: tuple[str, ...],
    contact: str,
    max_age: int,
    proposals: str | None,
    chosen: str | None,
    overwrite: bool,
    dry_run: bool,
    timeout: float,
    output: str,
    form: str,
    **addresses: str,
) -> None:
    """Compare papers with their records at PubMed, PMC and Crossref; find retractions and corrections.

    Needs a network. Answers are kept in the cache, so that an interrupted run goes on. NCBI_API_KEY allows a faster
    pace at PubMed. Nothing is changed but by --apply, from a file of proposals of which you may delete lines.
    Exit code 1 when a paper differs, is missing or was retracted; 5 when some could not be asked.

    \b
    kg verify --contact me@example.org --proposals changes.tsv
    kg verify 10.1182/blood-2011-11-391144 --format json
    kg --data my-tables verify --apply changes.tsv
    """
    root = _root(context)
    from datetime import date

    from kg import registries
    from kg.sources import cache, write_text
    from kg.verify import BAD, PROPOSAL, Servers, chosen_of, compared, lines_of, records, report
    from kg.verify import proposals as proposed

    tables, problems = read_tables(root)
    if chosen:
        edits, left = chosen_of(Path(chosen), tables, overwrite)
        if left:
            click.echo(f"kg: {left} changes of filled cells are left out; --overwrite makes them too", err=True)
        finished(own_root(root), edits, dry_run, ask=False)
        return
    if problems:
        raise CurationError("the tables cannot be read; `kg check` says more:\n" + "\n".join(map(str, problems[:5])))
    names = {_paper(tables, text) for text in papers}
    rows = [Publication(**row.cells) for row in tables.publications if not names or row["publication"] in names]
    if not contact:
        click.echo("kg: no --contact: PubMed and Crossref ask for an address to write to", err=True)
    key = os.environ.get("NCBI_API_KEY", "")
    both = asked or ("pubmed", "crossref")
    options: dict[str, Any] = {"contact": contact, "silence": timeout, "say": _progress}
    ncbi = {"key": key, **options}
    servers = Servers(
        registries.registry("pubmed", addresses["pubmed"] or registries.PUBMED, **ncbi) if "pubmed" in both else None,
        registries.registry("pubmed", addresses["idconv"] or registries.IDCONV, **ncbi) if "pubmed" in both else None,
        registries.registry("crossref", addresses["crossref"] or registries.CROSSREF, **options)
        if "crossref" in both
        else None,
    )
    shelf = registries.Shelf(cache() / "records")
    today = date.today().isoformat()
    with _bar(len(rows), "asking") as step:
        told, failed = records(rows, servers, shelf, today, max_age, step, _progress)
    findings: list[Finding] = []
    changes: list[Proposal] = []
    for paper in rows:
        mine = compared(paper, told[paper.publication], failed.get(paper.publication, ()))
        findings += mine
        changes += proposed(paper, told[paper.publication], mine)
    written = report(rows, findings, changes, form)
    if output == "-":
        click.echo(written, nl=False)
    else:
        write_text(Path(output), written)
        click.echo(f"kg: wrote {output}", err=True)
    if proposals:
        write_text(Path(proposals), lines_of([PROPOSAL, *changes]))
        click.echo(
            f"kg: wrote {proposals}: {len(changes)} changes; `kg verify --apply {proposals}` makes them", err=True
        )
    kinds = {finding.kind for finding in findings}
    if kinds & set(BAD):
        sys.exit(5 if "not asked" in kinds else 1)


@click.command(name="import")
@click.argument("workbook", type=click.Path(exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Show what would change, and write nothing.")
@click.option("--yes", is_flag=True, help="Do not ask before writing.")
@click.pass_context
def import_(context: click.Context, workbook: str, dry_run: bool, yes: bool) -> None:
    """Take tables back from a workbook of `kg export xlsx`, edited or not; what changes is shown first.

    A sheet is a table; tables without a sheet stay as they are, a new sheet with the columns of evidence is a new
    table. Rows are checked, sorted and written whole; unchanged tables stay byte for byte.

    \b
    kg --data my-tables export xlsx -o tables.xlsx
    kg --data my-tables import tables.xlsx --dry-run
    """
    from kg.workbooks import tables_of

    finished(own_root(_root(context)), [], dry_run, ask=not yes, whole=tables_of(Path(workbook)))
