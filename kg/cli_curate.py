"""Commands for curators beside `kg add`: second readings, comparing papers with their records, workbooks, new terms."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
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
from kg.vocabulary import Vocabulary

if TYPE_CHECKING:
    from kg.groundings import Candidate
    from kg.verify import Finding, Proposal

__all__ = ["checks", "entity", "import_", "verify"]


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


@click.group()
def entity() -> None:
    """New names: find the public term they stand for, or make a local one.

    \b
    kg entity add "exhausted B cell" --terms my-terms
    kg entity requests
    """


@entity.command(name="add")
@click.argument("name")
@click.option("--terms", type=click.Path(file_okay=False), help="Folder with tables of terms you have verified.")
@click.option("--curie", default="", help="Identifier to take, seen in its source; else one is proposed.")
@click.option("--grounding", type=click.Choice(["exact", "broad", "local"]), help="How well the term fits the name.")
@click.option(
    "--category", default="", metavar="CLASS", help="Class, as ImmuneCell or Protein; else that of the parent."
)
@click.option("--parent", "parents", multiple=True, metavar="NAME", help="A wider entity; may be repeated.")
@click.option("--synonym", "synonyms", multiple=True, metavar="TEXT", help="Another name; may be repeated.")
@click.option("--definition", default="", help="For a local term: what it means, in one sentence.")
@click.option("--ontology", default="", metavar="NAME", help="For a local term: the ontology to ask for it.")
@click.option("--note", default="", help="Where the identifier was seen; else the source of the term.")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--yes", is_flag=True, help="Ask nothing: take the term of that very label, else what the options say.")
@click.pass_context
def entity_add(
    context: click.Context,
    name: str,
    terms: str | None,
    curie: str,
    grounding: str | None,
    category: str,
    parents: tuple[str, ...],
    synonyms: tuple[str, ...],
    definition: str,
    ontology: str,
    note: str,
    dry_run: bool,
    yes: bool,
) -> None:
    """Add NAME to the entities, grounded in a verified term (exact, broad) or as a local one with a definition.

    \b
    kg --data my-tables entity add "plasmablast" --terms my-terms
    kg --data my-tables entity add "exhausted B cell" --grounding local --parent "B cell" --definition "..."
    """
    from kg import groundings
    from kg.curation import normal

    root = own_root(_root(context))
    vocabulary = vocabulary_of(root)
    name = normal("name", name, vocabulary)
    for known in groundings.namesakes(name, vocabulary):
        raise UnknownTerm(name, kind="name", reason=f"is taken: it stands for {known.name!r} ({known.curie})")
    found = groundings.read_terms(Path(terms)) if terms else {}
    chosen, justified = None, "semapv:ManualMappingCuration"
    if curie:
        chosen = next(
            (each for each in groundings.candidates(name, found, vocabulary, 999) if each.term.id == curie), None
        )
    elif grounding != "local":
        offered = groundings.candidates(name, found, vocabulary)
        chosen = _offered(offered, yes)
        if yes and chosen:
            justified = "semapv:LexicalMatching"
    if chosen:
        curie, source = chosen.term.id, chosen.term.source
        category, parents = category or chosen.category, parents or tuple(filter(None, [chosen.parent]))
        note = note or (f"id seen in {source}" if source else "")
        synonyms = synonyms or tuple(
            each for each in chosen.term.synonyms if not groundings.namesakes(each, vocabulary)
        )
        grounding = grounding or ("exact" if chosen.match != "near" else "broad")
    grounding = grounding or ("exact" if curie else "local")
    if grounding == "local":
        curie = curie or groundings.local_curie(name, vocabulary)
    parents = tuple(vocabulary.resolve(each).name for each in parents)
    if grounding == "local" and not yes:
        parents = parents or _split(click.prompt("parent (a wider entity)", err=True), vocabulary)
        definition = definition or click.prompt("definition (one sentence)", err=True)
    if not parents and grounding == "local":
        raise click.UsageError("a local term needs a parent: --parent NAME")
    if not definition and grounding == "local":
        raise click.UsageError("a local term needs a definition: --definition TEXT")
    category = category or (vocabulary.entities[parents[0]].category if parents else "")
    if not category and not yes:
        category = click.prompt("category", type=click.Choice(vocabulary.ontology.categories), err=True)
    cells = {
        "name": name,
        "curie": curie,
        "category": category,
        "parents": "|".join(parents),
        "synonyms": "|".join(each for each in synonyms if each.casefold() != name.casefold() and "|" not in each),
        "grounding": grounding,
        "note": note,
    }
    changes = [Change("entities", cells, place=f"the entity {name!r}")]
    if grounding == "local":
        asked = {"name": name, "definition": definition, "ontology": ontology}
        changes.append(Change("requests", asked, place=f"the request of {name!r}"))
    if finished(root, changes, dry_run, ask=not yes) and grounding != "local":
        _justify(root, name, chosen.term.label if chosen else "", justified)


def _split(text: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    return tuple(vocabulary.resolve(part).name for part in text.split("|") if part.strip())


def _offered(offered: Sequence[Candidate], yes: bool) -> Candidate | None:
    """Show terms and let the curator take one; with `yes`, that of the very label."""
    if yes:
        return next((each for each in offered if each.match == "label"), None)
    for number, each in enumerate(offered, 1):
        kind = f" (kind of {each.parent})" if each.parent else ""
        click.echo(f"  {number}  {each.term.id}  {each.term.label}{kind}: {each.match}; {each.term.source}", err=True)
    if not offered:
        click.echo("  no term is called so, or like it", err=True)
        return None
    said = click.prompt("number of the term, 0 for none (a local term)", type=click.IntRange(0, len(offered)), err=True)
    return offered[said - 1] if said else None


def _justify(root: Path, name: str, label: str, justification: str) -> None:
    """Write into the table of mappings, when there is one, how the grounding of a name came about."""
    from datetime import date

    from kg import mappings
    from kg.sources import write_text

    path = root / "ontology" / mappings.FILE
    rows = mappings.kept(path)
    told = {"object_label": label, "mapping_justification": justification, "mapping_date": date.today().isoformat()}
    rows = {core: row._replace(**told) if core[1] == name else row for core, row in rows.items()}
    if rows:
        write_text(path, mappings.text_of(rows.values(), vocabulary_of(root).ontology.prefixes))


@entity.command(name="requests")
@click.option("--undefined", is_flag=True, help="Only those that nobody has defined.")
@_format(*BASIC)
@click.pass_context
def entity_requests(context: click.Context, undefined: bool, form: str) -> None:
    """List the local terms as requests for new terms: definition, parent, the ontology to ask.

    \b
    kg entity requests --format tsv
    """
    from kg.groundings import requests

    root = _root(context)
    tables, _ = read_tables(root)
    rows = [list(row) for row in requests(tables, vocabulary_of(root)) if not (undefined and row[4])]
    _printed(["name", "curie", "category", "parents", "definition", "ontology", "asked"], rows, form)
    defined = sum(bool(row[4]) for row in rows)
    click.echo(f"kg: {len(rows)} local terms; {defined} with a definition", err=True)
