"""Commands about the data itself and the installation; imported by `kg.cli` only when one of them is asked for."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from kg import text as say
from kg.cli import BASIC, _command, _format, _json, _load
from kg.errors import UnknownTerm
from kg.model import Publication
from kg.stats import KINDS
from kg.studies import KEYS, OUTCOMES, StudyRow, tally
from kg.vocabulary import nearest

__all__ = ["communities", "doctor", "stats", "studies"]

COUNTS = ["name", "claims", "findings", "papers"]
STUDY = "year disease design patients source route dose outcome effect registry_id publication".split()


@click.command()
@click.option("--disease", default="", metavar="NAME", help="Only in this disease or a kind of it.")
@click.option("--design", default="", metavar="DESIGN", help="As RCT, single-arm, animal, registered.")
@click.option("--source", default="", metavar="TISSUE", help="Tissue of the MSC, as 'umbilical cord'.")
@click.option("--route", default="", metavar="ROUTE", help="As intravenous, intralesional.")
@click.option("--dose", default="", metavar="TEXT", help="Part of the dose, as '/kg'.")
@click.option("--outcome", default="", metavar="OUTCOME", help=f"{', '.join(OUTCOMES)}.")
@click.option("--people", is_flag=True, help="Leave out animal studies and meta-analyses.")
@click.option("--sort", default="disease", show_default=True, help=f"{', '.join(KEYS)} or patients.")
@click.option(
    "--group", "groups", multiple=True, metavar="KEY", help="Count by this key instead of listing; may be repeated."
)
@click.option("-k", "count", default=30, show_default=True, type=click.IntRange(1), help="Most rows (table).")
@_format(*BASIC)
@click.pass_context
def studies(context: click.Context, /, groups: tuple[str, ...], count: int, form: str, **asked: Any) -> None:
    """Which studies gave MSC to people or animals: how, and with what result?

    Counts show each outcome, null and worse ones too. Rows are linked to claims and to registry pages (tsv, json).

    \b
    kg studies --disease SSc --people --sort outcome
    kg studies --people --group disease --group route
    """
    graph = _load(context)
    found = graph.select_studies(**asked)
    options = [(f"--{name}", "" if (name, value) == ("sort", "disease") else value) for name, value in asked.items()]
    options.append(("--group", groups))
    if groups:
        names = [*groups, "studies", "patients", *OUTCOMES]
        rows = [[*each.key, each.studies, each.patients, *each.outcomes] for each in tally(found, groups)]
    else:
        names = [*STUDY, "title", "first_author", "page", "claims"]
        rows = [_study(each, graph.publications) for each in found]
    if form == "json":
        _json(graph, _command("studies", options), {"rows": [dict(zip(names, row, strict=True)) for row in rows]})
    elif form == "tsv":
        say.tsv(names, rows)
    else:
        shown = names if groups else STUDY
        say.columns(shown, [row[: len(shown)] for row in rows[:count]], 28)
        if len(rows) > count:
            click.echo(f"... {len(rows) - count} more; -k {len(rows)} shows all")
        results = ", ".join(f"{sum(each.outcome == outcome for each in found)} {outcome}" for outcome in OUTCOMES)
        click.echo(f"kg: {len(found)} studies: {results}", err=True)


def _study(each: StudyRow, papers: Mapping[str, Publication]) -> list[Any]:
    study = each.study
    standing = ", ".join(papers[study.publication].standing) if study.publication else ""
    title = f"{study.title} [{standing}]" if standing else study.title
    effect = f"[{standing}] {study.effect}" if standing else study.effect
    head = [study.year, study.disease, study.design, study.n_patients, study.msc_source, study.route]
    linked = [study.registry_id, study.publication, title, study.first_author, each.page, list(each.claims)]
    return [*head, each.dose, each.outcome, effect, *linked]


@click.command()
@click.option("--disease", default="", metavar="NAME", help="Only what was seen in this disease or a kind of it.")
@click.option("--by", default="", metavar="KIND", help=f"One kind alone: {', '.join(KINDS)}.")
@click.option(
    "-k", "count", default=10, show_default=True, type=click.IntRange(1), help="Most rows of each kind (table)."
)
@_format(*BASIC)
@click.pass_context
def stats(context: click.Context, disease: str, by: str, count: int, form: str) -> None:
    """How much do the tables hold, of what? Claims, findings (rows of evidence) and papers.

    \b
    kg stats
    kg stats --disease pSS --by mediator
    """
    if by and by not in KINDS:
        raise UnknownTerm(by, nearest(by, KINDS) or tuple(KINDS), kind="figure")
    graph = _load(context)
    answer = graph.stats(disease)
    tables = {kind: each for kind, each in answer.tables.items() if by in ("", kind)}
    rows = [[kind, c.name, c.claims, c.findings, c.papers] for kind, each in tables.items() for c in each]
    if form == "json":
        body = {
            "totals": dict(answer.totals),
            "rows": [dict(zip(["by", *COUNTS], row, strict=True)) for row in rows],
            "completeness": [{"field": f, "filled": filled, "of": of} for f, filled, of in answer.completeness],
        }
        _json(graph, _command("stats", [("--disease", disease), ("--by", by)]), body)
    elif form == "tsv":
        say.tsv(["by", *COUNTS], rows)
    else:
        click.echo(", ".join(f"{number:,} {name}" for name, number in answer.totals.items()))
        for kind, each in tables.items():
            click.secho(f"\nBy {kind}: {KINDS[kind]}", bold=True)
            shown = each if kind == "year" else each[:count]
            say.columns(COUNTS, [[c.name, c.claims, c.findings, c.papers] for c in shown])
            if len(each) > len(shown):
                click.echo(f"... {len(each) - len(shown)} more; -k {len(each)} shows all")
        if not by:
            click.secho("\nPublications: how many have each field", bold=True)
            full = [[f, filled, f"{filled / of:.0%}" if of else ""] for f, filled, of in answer.completeness]
            say.columns(["field", "filled", "share"], full)


@click.command()
@click.option("--disease", default="", metavar="NAME", help="Only the claims seen in this disease.")
@click.option("--msc-source", default="", metavar="TISSUE", help="Only what was seen with MSC of this tissue.")
@click.option("--seed", default=0, show_default=True, type=int, help="Another seed may divide a little differently.")
@click.option("--members", is_flag=True, help="List all members (table).")
@click.option("-k", "count", default=12, show_default=True, type=click.IntRange(1), help="Most groups (table).")
@_format(*BASIC)
@click.pass_context
def communities(
    context: click.Context, disease: str, msc_source: str, seed: int, members: bool, count: int, form: str
) -> None:
    """Into which closely knit groups do the causal claims fall (Louvain), and what is each about?

    Claims count without direction and sign, weighted by belief.

    \b
    kg communities --disease SLE
    """
    graph = _load(context)
    answer = graph.communities(disease=disease, msc_source=msc_source, seed=seed)
    if form == "json":
        options = [("--disease", disease), ("--msc-source", msc_source), ("--seed", str(seed) if seed else "")]
        rows = [
            {
                "number": each.number,
                "summary": each.summary,
                "inside": round(each.inside, 6),
                "classes": dict(each.classes),
                "members": list(each.members),
            }
            for each in answer.groups
        ]
        _json(graph, _command("communities", options), {"modularity": round(answer.modularity, 6), "rows": rows})
    elif form == "tsv":
        each_of = [(each, place, name) for each in answer.groups for place, name in enumerate(each.members, 1)]
        categories = graph.vocabulary.entities
        say.tsv(
            ["group", "place", "name", "category"],
            [[each.number, place, name, categories[name].category] for each, place, name in each_of],
        )
    else:
        click.echo(
            f"{len(answer.groups)} groups; modularity {answer.modularity:.3f} (0 is chance, 1 the most there can be)"
        )
        for each in answer.groups[:count]:
            click.secho(f"{each.number:3}  {each.summary}", bold=True)
            kinds = ", ".join(f"{number} {name}" for name, number in each.classes[:5])
            click.echo(f"     {kinds}; {each.inside:.0%} of their ties stay within")
            if members:
                click.echo(f"     {', '.join(each.members)}")
        if len(answer.groups) > count:
            click.echo(f"... {len(answer.groups) - count} more; -k {len(answer.groups)} shows all")


@click.command()
@click.option("--format", "form", type=click.Choice(BASIC), default="table", show_default=True, help="How to print.")
@click.pass_context
def doctor(context: click.Context, form: str) -> None:
    """Is all in place? Versions, the data, the cache, and the parts that only some commands and tests need.

    Exit code 5 when something needed is missing.

    \b
    kg doctor
    """
    import json

    from kg.doctor import doctor as examine

    found = examine(context.obj)
    if form == "json":
        click.echo(json.dumps({"rows": [each._asdict() for each in found]}, ensure_ascii=False, indent=1))
    elif form == "tsv":
        say.tsv(["part", "state", "what"], found)
    else:
        colours = {"ok": "green", "missing": "red", "optional": "yellow"}
        width = max(len(each.part) for each in found)
        for each in found:
            click.echo(f"{each.part:{width}}  {click.style(f'{each.state:8}', fg=colours[each.state])}  {each.what}")
    if any(each.state == "missing" for each in found):
        sys.exit(5)
