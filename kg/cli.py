"""The command `kg`: names are resolved, one library call is made, the answer is printed.

Answers go to stdout, talk to stderr. Exit codes: 0 done; 1 the tables have problems; 2 wrong usage; 3 an unknown name;
4 a query that is malformed or refused; 5 something cannot be read or written; 130 interrupted.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kg import text as say
from kg.errors import CurationError, KGError, QueryError, SourceError, UnknownTerm

if TYPE_CHECKING:
    from kg.dataset import Dataset, Neighbour
    from kg.endpoint import Endpoint
    from kg.mechanisms import Trace

__all__ = ["cli", "main"]

CODES: tuple[tuple[type[KGError], int], ...] = ((CurationError, 1), (UnknownTerm, 3), (QueryError, 4), (SourceError, 5))
BASIC = ("table", "tsv", "json")
HERE = frozenset("add build check checks doctor entity format import serve verify".split())  # about files here


def main(arguments: Sequence[str] | None = None) -> None:
    """Run `kg`: the one place where errors become messages and exit codes."""
    import gc

    gc.disable()  # an answer takes a fraction of a second: looking for garbage would be a tenth of it
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")  # a terminal that has no Greek letters gets their numbers
    try:
        given = [_utf8(each) for each in (sys.argv[1:] if arguments is None else arguments)]
        code = cli.main(args=given, prog_name="kg", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.Abort:
        click.echo("kg: interrupted; nothing was left half-written", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except KGError as error:
        said = re.sub(r"\S{300,}", lambda match: f"{match[0][:80]}...{match[0][-20:]}", str(error))
        click.echo(f"kg: {said}", err=True)
        code = next(code for kind, code in CODES if isinstance(error, kind))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        name = f"{str(error.filename)[:200]}: " if error.filename else ""
        click.echo(f"kg: {name}{error.strerror or error}; nothing was left half-written", err=True)
        code = 5
        if error.errno == errno.ENOSPC:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except SystemExit as error:  # click turns a closed pipe into an exit with 1
        code = 0 if isinstance(error.__context__, BrokenPipeError) else error.code
    finally:
        gc.enable()
    sys.exit(code if isinstance(code, int) else 0)


def _utf8(argument: str) -> str:
    """An argument that Python read in a locale without such letters, read as UTF-8."""
    try:
        return os.fsencode(argument).decode() if any("\udc80" <= c <= "\udcff" for c in argument) else argument
    except UnicodeError:
        return argument


LATER = {
    "add": "kg.cli_add",
    "plot": "kg.cli_plot",
    "serve": "kg.cli_serve",
    **dict.fromkeys(("checks", "entity", "import", "verify"), "kg.cli_curate"),
    **dict.fromkeys(("communities", "doctor", "stats", "studies"), "kg.cli_data"),
}


SEE = "Exit codes: `kg --help` lists them."
EXITS = """\b
Exit codes:
  0    done; an empty answer is an answer
  1    the tables have problems (check, format --check, building from faulty tables)
  2    wrong usage: an unknown command or option
  3    an unknown or ambiguous name
  4    a SPARQL query that is malformed or refused
  5    something cannot be read or written, or is damaged
  130  interrupted; nothing is left half-written

Answers go to standard output, talk to standard error. Colours are for terminals only; NO_COLOR=1 turns them off.
"""


class _Group(click.Group):
    """Knows the commands of other modules by name and imports one when it is asked for; suggests the nearest name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *LATER})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        if cmd_name in LATER:
            from importlib import import_module

            module = import_module(LATER[cmd_name])
            command = getattr(module, cmd_name, None) or getattr(module, f"{cmd_name}_")
        if command is not None:
            for each in (command, *(command.commands.values() if isinstance(command, click.Group) else ())):
                each.epilog = each.epilog or SEE
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from kg.vocabulary import nearest

            near = nearest(args[0], self.list_commands(ctx))
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"no command {args[0]!r}.{hint} `kg --help` lists all.", ctx) from error


@click.group(
    cls=_Group, epilog=EXITS, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(package_name="mscim", prog_name="kg")
@click.option(
    "--data", metavar="DIR", help="Your own tables (a folder with triples/), or a dataset made by `kg build`."
)
@click.option(
    "--endpoint",
    metavar="URL",
    envvar="KG_ENDPOINT",
    help="Ask the dataset behind this SPARQL endpoint instead; KG_ENDPOINT says the same.",
)
@click.option(
    "--endpoint-timeout",
    type=click.FloatRange(0.1),
    metavar="SECONDS",
    help="How long it may be silent.  [default: 120]",
)
@click.pass_context
def cli(context: click.Context, data: str | None, endpoint: str | None, endpoint_timeout: float | None) -> None:
    """How mesenchymal stem cells act on immunity and connective tissue diseases, claim by claim.

    \b
    kg trace MSC SLE               ranked, signed routes with their papers
    kg view MSC SLE -o msc.html    the same as an interactive picture
    kg show PGE2                   what a factor, cell or disease acts on
    kg search "t follicular"       find a name

    Names are those of ontology/entities.tsv, their synonyms or CURIEs, in any case.
    """
    context.obj = data
    if os.environ.get("NO_COLOR"):
        context.color = False
    if endpoint and context.get_parameter_source("endpoint") is click.core.ParameterSource.COMMANDLINE:
        if data:
            raise click.UsageError("--data and --endpoint: give one of them")
        if context.invoked_subcommand in HERE:
            raise click.UsageError(
                f"--endpoint does not go with {context.invoked_subcommand}, which works on files here"
            )
    if not data:
        context.meta["kg.endpoint"] = endpoint
        context.meta["kg.silence"] = endpoint_timeout


def _load(context: click.Context) -> Dataset:
    where = _endpoint(context)
    if where:
        from kg import remote

        return remote.load(where)
    from kg.dataset import load

    return load(context.obj, say=_progress)


def _progress(line: str) -> None:
    click.echo(f"kg: {line}", err=True)


def _endpoint(context: click.Context) -> Endpoint | None:
    """Return the endpoint that is to be asked, if one is."""
    url = context.meta.get("kg.endpoint")
    if not url:
        return None
    from kg.endpoint import SILENCE, endpoint

    return endpoint(url, context.meta["kg.silence"] or SILENCE, _progress)


def _picture() -> Callable[[Any], Any]:
    return click.option(
        "--view", "picture", type=click.Path(dir_okay=False), help="Also write the interactive picture to this file."
    )


def _format(*forms: str) -> Callable[[Any], Any]:
    return click.option(
        "--format", "form", type=click.Choice(forms), default=forms[0], show_default=True, help="How to print."
    )


def _command(path: str, options: Iterable[tuple[str, Any]] = (), *names: str) -> str:
    import shlex

    words = ["kg", path, *names]
    for option, value in options:
        for each in value if isinstance(value, (tuple, list)) else [value]:
            if each not in ("", None, False):
                words += [option] if each is True else [option, str(each)]
    return " ".join(shlex.quote(word) for word in words)


def _json(graph: Dataset, command: str, body: dict[str, Any]) -> None:
    import json

    from kg.answers import answer

    click.echo(json.dumps(answer(graph.data_version, command, body), ensure_ascii=False, indent=1))


# --- questions -------------------------------------------------------------------------------------------------------


@cli.command()
@click.argument("source")
@click.argument("target")
@click.option(
    "--species",
    default="human",
    show_default=True,
    help="Evidence from other species counts less; '' counts all alike.",
)
@click.option("--msc-source", default="", metavar="TISSUE", help="Tissue, as 'umbilical cord'; others count less.")
@click.option("--priming", default="", metavar="NAME", help="What licensed the MSC, as IFNG; others count less.")
@click.option("--mode", default="", metavar="MODE", help="As 'extracellular vesicle'; others count less.")
@click.option("--donor", default="", metavar="DONOR", help="Donor of the MSC: healthy, patient, allogeneic ...")
@click.option(
    "--stage", default="", metavar="SYSTEM", help="Evidence of a lower rung counts less: 'animal', 'clinical' ..."
)
@click.option(
    "--disease", default="", metavar="NAME", help="Rows from other diseases count less; the target by default."
)
@click.option("--max-length", default=5, show_default=True, type=click.IntRange(1, 7), help="Most claims in a chain.")
@click.option("--via", multiple=True, metavar="NAME", help="Only mechanisms through this; may be repeated.")
@click.option("--avoid", multiple=True, metavar="NAME", help="No mechanism through this; may be repeated.")
@click.option(
    "--block",
    multiple=True,
    metavar="NAME",
    help="What is left without this factor, cell, mode, MSC source or priming? May be repeated.",
)
@click.option("-k", "count", default=10, show_default=True, type=click.IntRange(1), help="Most routes of each sign.")
@click.option(
    "--explain", default="", metavar="RANK", help="Show the arithmetic of a route: 1, or c1 for a counter-route."
)
@click.option(
    "--null",
    "shuffles",
    metavar="N",
    type=click.IntRange(1),
    help="Set the weight of each route against N graphs in which papers exchanged their factors; 50 take 20 seconds.",
)
@click.option("--seed", default=1, show_default=True, help="Seed of --null: the same seed gives the same figures.")
@click.option(
    "--incoherent", is_flag=True, help="Also list chains of signs whose steps do not belong together, and why."
)
@click.option("--bibtex", type=click.Path(dir_okay=False), help="Also write the papers as BibTeX to this file.")
@click.option("--csl", type=click.Path(dir_okay=False), help="Also write the papers as CSL-JSON to this file.")
@_picture()
@_format(*BASIC)
@click.pass_context
def trace(
    context: click.Context,
    source: str,
    target: str,
    species: str,
    msc_source: str,
    priming: str,
    mode: str,
    donor: str,
    stage: str,
    disease: str,
    max_length: int,
    via: tuple[str, ...],
    avoid: tuple[str, ...],
    block: tuple[str, ...],
    count: int,
    explain: str,
    shuffles: int | None,
    seed: int,
    incoherent: bool,
    bibtex: str | None,
    csl: str | None,
    picture: str | None,
    form: str,
) -> None:
    """How does SOURCE act on TARGET? Ranked routes, net sign, papers, and routes of the other sign.

    \b
    kg trace MSC SLE
    kg trace "umbilical cord MSC" "lupus nephritis" --via IDO1
    kg trace MSC RA --block FASLG --block PGE2
    kg trace MSC SLE --null 50
    """
    graph = _load(context)
    asked = _context(graph, species, msc_source, priming, mode, disease, donor, stage)
    taken = None
    if block:
        taken = graph.blockade(source, target, block, asked, max_length=max_length, via=via, avoid=avoid)
        shown = {name: getattr(taken.after, name)[:count] for name in ("routes", "counter_routes")}
        answer = taken.after._replace(**shown)
    else:
        answer = graph.trace(source, target, asked, max_length=max_length, via=via, avoid=avoid, count=count)
    null = None
    if shuffles:
        with _bar(shuffles, "shuffling") as step:
            null = graph.null(
                source,
                target,
                asked,
                shuffles=shuffles,
                seed=seed,
                max_length=max_length,
                via=via,
                avoid=avoid,
                block=block,
                step=step,
            )
    odd = None
    if incoherent:
        odd = graph.incoherent(source, target, asked, max_length=max_length, via=via, avoid=avoid, count=count)
    if form == "json":
        from kg.answers import blockade_body, incoherent_body, trace_body

        options: list[tuple[str, Any]] = [
            ("--species", "" if species == "human" else species or "any"),
            ("--msc-source", msc_source),
            ("--priming", priming),
            ("--mode", mode),
            ("--donor", donor),
            ("--stage", stage),
            ("--disease", disease),
            ("--max-length", "" if max_length == 5 else max_length),
            ("--via", via),
            ("--avoid", avoid),
            ("--block", block),
            ("--null", shuffles),
            ("--seed", "" if seed == 1 or not shuffles else seed),
            ("-k", "" if count == 10 else count),
            ("--incoherent", incoherent),
        ]
        body = trace_body(answer, null) | ({"blockade": blockade_body(taken)} if taken else {})
        body |= incoherent_body(odd) if odd is not None else {}
        _json(graph, _command("trace", options, source, target), body)
    elif form == "tsv":
        say.trace_tsv(answer, null)
    else:
        if taken:
            say.blockade_text(taken, count)
        say.trace_text(graph, answer, taken.blocked if taken else (), null)
        if odd is not None:
            say.incoherent_text(odd)
    if explain:
        say.explain_text(graph, answer, _ranked(answer, explain))
    if bibtex or csl:
        _write_citations(graph, answer, bibtex, csl)
    if picture:
        from kg import gallery

        _write_html(gallery.blocked(graph, taken, count) if taken else gallery.routes(graph, answer), picture)


@contextlib.contextmanager
def _bar(length: int, label: str) -> Iterator[Callable[[], None]]:
    """A progress bar on stderr, where that is a terminal; gives what to call after each of `length` rounds of work."""
    import gc

    gc.enable()  # rounds of work leave garbage behind, which would fill the memory
    if not sys.stderr.isatty():
        yield lambda: None
        return
    with click.progressbar(length=length, label=f"kg: {label}", file=sys.stderr) as bar:
        yield lambda: bar.update(1)


def _ranked(answer: Trace, rank: str) -> Any:
    routes = answer.counter_routes if rank.startswith("c") else answer.routes
    number = rank.removeprefix("c")
    if not number.isdecimal() or not 1 <= int(number) <= len(routes):
        kind = "counter-routes" if rank.startswith("c") else "routes"
        raise click.UsageError(f"--explain {rank!r}: there are {len(routes)} {kind}; give a rank as 1, or c1")
    return routes[int(number) - 1].mechanisms[0]


def _write_citations(graph: Dataset, answer: Trace, bibtex: str | None, csl: str | None) -> None:
    from kg import citations
    from kg.sources import write_text

    routes = (*answer.routes, *answer.counter_routes)
    cited = {paper for route in routes for mechanism in route.mechanisms for paper in mechanism.publications}
    papers = graph.cited({*cited, *(outcome.publication for outcome in answer.outcomes)})
    for path, form in ((bibtex, citations.bibtex), (csl, citations.csl)):
        if path:
            write_text(Path(path), form(papers))
            click.echo(f"kg: wrote {path} ({len(papers)} papers)", err=True)


def _context(
    graph: Dataset,
    species: str = "human",
    msc_source: str = "",
    priming: str = "",
    mode: str = "",
    disease: str = "",
    donor: str = "",
    stage: str = "",
) -> Any:
    from kg.questions import context_of

    return context_of(graph, species, msc_source, priming, mode, disease, donor, stage)


@cli.command()
@click.argument("text")
@click.option("-k", "count", default=20, show_default=True, type=click.IntRange(1), help="Most rows.")
@_format(*BASIC)
@click.pass_context
def search(context: click.Context, text: str, count: int, form: str) -> None:
    """Find entities by part of a name, synonym or CURIE.

    \b
    kg search "t follicular"
    """
    graph = _load(context)
    hits = graph.search(text, count)
    rows = [[hit.name, hit.curie, hit.category, hit.claims, "" if hit.match == hit.name else hit.match] for hit in hits]
    columns = ["name", "curie", "category", "claims", "matched"]
    if form == "json":
        body = {"rows": [dict(zip(columns, row, strict=True)) for row in rows]}
        _json(graph, _command("search", [("-k", "" if count == 20 else count)], text), body)
    elif form == "tsv":
        say.tsv(columns, rows)
    elif rows:
        say.columns(columns, rows)
    else:
        near = graph.vocabulary.suggestions(text)
        click.echo(f"kg: nothing is called {text!r}." + (f" Near: {', '.join(near)}." if near else ""), err=True)


@cli.command()
@click.argument("entity")
@click.option("--species", default="human", show_default=True, help="Evidence from other species counts less.")
@click.option(
    "-k", "count", default=15, show_default=True, type=click.IntRange(1), help="Most rows of each kind (table)."
)
@_format(*BASIC)
@click.pass_context
def show(context: click.Context, entity: str, species: str, count: int, form: str) -> None:
    """The card of one entity: what it raises and lowers, what raises and lowers it, with papers.

    \b
    kg show "Th17 cell"
    """
    graph = _load(context)
    card = graph.show(entity, _context(graph, species))
    sections = {name: getattr(card, name) for name in ("raises", "lowers", "raised_by", "lowered_by", "other")}
    columns = ["name", "predicate", "aspect", "cell", "effect", "belief", "publications", "refuting", "withdrawn"]
    if form == "json":
        described = {**card.entity._asdict(), "children": card.children}
        lists = {name: [_neighbour(each) for each in neighbours] for name, neighbours in sections.items()}
        asked = [("--species", "" if species == "human" else species or "any")]
        _json(graph, _command("show", asked, entity), {"entity": described, **lists})
    elif form == "tsv":
        say.tsv(
            ["section", *columns], ([name, *_neighbour(n).values()] for name, each in sections.items() for n in each)
        )
    else:
        head = card.entity
        click.secho(f"{head.name}", bold=True, nl=False)
        click.echo(f"  {head.curie}  {head.category}")
        for title, names in (("also", head.synonyms), ("kind of", head.parents), ("kinds", card.children)):
            if names:
                click.echo(f"  {title}: {', '.join(names)}")
        if head.note:
            click.echo(f"  note: {head.note}")
        for title, neighbours in sections.items():
            if neighbours:
                click.secho(f"\n{title.replace('_', ' ')} ({len(neighbours)})", bold=True)
                rows = [
                    [
                        n.name,
                        n.predicate,
                        n.aspect,
                        n.cell,
                        f"{n.belief:.2f}",
                        len(n.publications),
                        len(n.refuting) or "",
                    ]
                    for n in neighbours[:count]
                ]
                say.columns(["name", "predicate", "aspect", "in cell", "belief", "papers", "against"], rows, 40)
                for n in neighbours[:count]:
                    for paper in n.withdrawn:
                        said = graph.publications[paper].citation
                        click.echo(f"  not counted for {n.name} ({n.predicate}): {said} ({paper})")
                if len(neighbours) > count:
                    click.echo(f"... {len(neighbours) - count} more; -k {len(neighbours)} shows all")


def _neighbour(neighbour: Neighbour) -> dict[str, Any]:
    return {**neighbour._asdict(), "belief": round(neighbour.belief, 6)}


@cli.command()
@click.argument("subject")
@click.argument("object", required=False, default="")
@click.option("--disease", default="", metavar="NAME", help="Only rows seen in this disease, or that name it.")
@click.option("--species", default="", metavar="NAME", help="Only rows with cells or hosts of this species.")
@click.option("--msc-source", default="", metavar="TISSUE", help="Only rows with MSC of this tissue.")
@_format(*BASIC)
@click.pass_context
def evidence(
    context: click.Context, subject: str, object: str, disease: str, species: str, msc_source: str, form: str
) -> None:
    """Every row that says what SUBJECT does, or does to OBJECT, with statement and paper.

    \b
    kg evidence MSC "Tfh cell"
    kg evidence "umbilical cord MSC" SLE --format tsv
    kg evidence "cord MSC" "Tfh cell" --disease SLE
    """
    from kg.dataset import known_of, row_of

    graph = _load(context)
    _context(graph, msc_source=msc_source)
    found = graph.evidence(subject, object, disease=disease, species=species, msc_source=msc_source)
    rows = [{**row_of(claim, row), "effect_sign": claim.effect, **known_of(claim, row)} for claim, row in found]
    if form == "json":
        options = [("--disease", disease), ("--species", species), ("--msc-source", msc_source)]
        _json(graph, _command("evidence", options, *filter(None, (subject, object))), {"rows": rows})
    elif form == "tsv":
        from kg.curation import COLUMNS

        columns = [*COLUMNS["evidence"], "effect_sign", "row", "checked", "standing"]
        say.tsv(columns, ([row[column] for column in columns] for row in rows))
    else:
        from itertools import groupby

        for claim, group in groupby(found, key=lambda pair: pair[0]):
            aspect = f" [{claim.aspect}]" if claim.aspect else ""
            what = f"{claim.object}{aspect}{f' in {claim.cell}' if claim.cell else ''}"
            click.secho(f"{claim.subject} {claim.predicate.replace('_', ' ')} {what}", bold=True)
            for _, row in group:
                mark = "for    " if row.direction == "supports" else "AGAINST"
                mark = "NOT COUNTED:" if row in claim.withdrawn else mark
                facts = [row.system, "; ".join(row.species), row.msc_source, row.disease, "; ".join(row.model)]
                facts += [
                    f"through {' and '.join(row.mediator)} ({row.mediator_test or 'stated'})" if row.mediator else ""
                ]
                facts += [f"with {'; '.join(row.combined_with)}" if row.combined_with else "", row.effect]
                facts += ["read in the title only" if row.read == "title" else ""]
                facts += [f"checked: {row.checked}" if row.checked else ""]
                click.echo(f"  {mark} {row.statement}")
                click.echo(f"          {', '.join(filter(None, facts))}")
                click.echo(f"          {graph.publications[row.publication].citation} ({row.publication})")
        click.echo(f"kg: {len(rows)} row{'' if len(rows) == 1 else 's'}", err=True)


@cli.command()
@click.argument("left")
@click.argument("right")
@click.option(
    "--source", default="MSC", show_default=True, help="What acts, when two diseases or species are compared."
)
@click.option(
    "--target", default="", metavar="NAME", help="On what, when MSC, products, sources or species are compared."
)
@click.option("--species", default="human", show_default=True, help="Evidence from other species counts less.")
@click.option(
    "-k", "count", default=10, show_default=True, type=click.IntRange(1), help="Most routes of each list (table)."
)
@_picture()
@_format(*BASIC)
@click.pass_context
def compare(
    context: click.Context,
    left: str,
    right: str,
    source: str,
    target: str,
    species: str,
    count: int,
    picture: str | None,
    form: str,
) -> None:
    """Which routes do LEFT and RIGHT share, which are of one alone, and which go opposite ways?

    \b
    kg compare SLE SSc
    kg compare MSC MSC-EV --target RA
    kg compare human mouse --target SLE
    """
    graph = _load(context)
    answer = graph.compare(left, right, _context(graph, species), source=source, target=target)
    if form == "json":
        from kg.answers import compare_body

        options = [("--source", "" if source == "MSC" else source), ("--target", target)]
        options += [("--species", "" if species == "human" else species or "any")]
        _json(graph, _command("compare", options, left, right), compare_body(left, right, answer))
    elif form == "tsv":
        say.compare_tsv(answer)
    else:
        say.compare_text(left, right, answer, count)
    if picture:
        from kg import gallery

        _write_html(gallery.compared(graph, (left, right), answer, count), picture)


@cli.command()
@click.argument("disease")
@click.option(
    "-k", "count", default=15, show_default=True, type=click.IntRange(1), help="Most rows of each list (table)."
)
@_picture()
@_format(*BASIC)
@click.pass_context
def gaps(context: click.Context, disease: str, count: int, picture: str | None, form: str) -> None:
    """What was tested in DISEASE (mediators of MSC against cells), and which experiments are missing?

    \b
    kg gaps pSS
    """
    graph = _load(context)
    answer = graph.gaps(disease)
    if form == "json":
        from kg.answers import gaps_body

        _json(graph, _command("gaps", [], disease), gaps_body(answer))
    elif form == "tsv":
        say.gaps_tsv(answer)
    else:
        say.gaps_text(answer, count)
    if picture:
        from kg import gallery

        _write_html(gallery.tested(graph, answer), picture)


@cli.command()
@click.argument("about", required=False, default="")
@click.option("--disease", default="", metavar="NAME", help="Only what was seen in this disease, or names it.")
@click.option(
    "-k", "count", default=20, show_default=True, type=click.IntRange(1), help="Most things (table), or pairs of rows."
)
@_format(*BASIC)
@click.pass_context
def disagreements(context: click.Context, about: str, disease: str, count: int, form: str) -> None:
    """Where do papers disagree (about ABOUT), and which context differs between them?

    \b
    kg disagreements "B cell"
    kg disagreements MSC --disease SLE
    """
    graph = _load(context)
    found = graph.disagreements(about, disease=disease, count=0 if form == "table" else count)
    if form == "json":
        from kg.answers import disagreements_body

        options = [("--disease", disease), ("-k", "" if count == 20 else count)]
        _json(graph, _command("disagreements", options, *filter(None, [about])), disagreements_body(found))
    elif form == "tsv":
        say.disagreements_tsv(found)
    else:
        say.disagreements_text(graph, found, count)


def _query_names(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from kg.catalogue import catalogue

    return [name for name in catalogue() if name.startswith(incomplete)]


def _measures(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from kg.centrality import MEASURES

    return [name for name in MEASURES if name.startswith(incomplete)]


@cli.command()
@click.argument("query", required=False, shell_complete=_query_names)
@click.option("--param", "parameters", multiple=True, metavar="NAME=VALUE", help="Fill a parameter of a named query.")
@click.option("--list", "listing", is_flag=True, help="List the named queries by keyword (table, tsv or json).")
@_format("table", "csv", "tsv", "json", "xml", "turtle")
@click.pass_context
def query(context: click.Context, query: str | None, parameters: tuple[str, ...], listing: bool, form: str) -> None:
    """Ask in SPARQL 1.1: QUERY is a text, a file, `-` for standard input, or the name of a query that ships with kg.

    \b
    kg query --list
    kg query mediators-of --param disease=RA
    kg query "SELECT ?label { CL:0000899 rdfs:label ?label }"
    """
    from kg import sparql

    text = "" if listing or not query else _query_text(query)
    if parameters and (listing or text):
        raise click.UsageError("--param fills a parameter of a named query; write the value into the query instead")
    if listing:
        _list_queries(form)
        return
    if not query:
        raise click.UsageError("give a query, a file, `-`, or --list")
    values = _pairs(parameters)
    where = _endpoint(context)
    graph = None if where and text else _load(context)
    with contextlib.nullcontext() if where else _interruptible():
        answer, prefixes = _answer(where, graph, text, query, values)
        if form != "table":
            click.echo(sparql.serialized(answer, form), nl=False)
            return
        columns, rows = sparql.table(answer, prefixes)
        say.columns(columns, rows, 70)
    if not rows and not text:
        from kg.catalogue import catalogue

        asked = " and ".join(f"{name}={value}" for name, value in {**catalogue()[query].defaults, **values}.items())
        click.echo(f"kg: no rows: nothing in the tables answers this{f' for {asked}' if asked else ''}", err=True)


def _answer(
    where: Endpoint | None, graph: Dataset | None, text: str, name: str, values: dict[str, str]
) -> tuple[Any, Mapping[str, str]]:
    """Ask a text, or a query of the catalogue by name, here or at an endpoint; the answer, and the prefixes there."""
    if where is None:
        assert graph is not None  # what is asked here is loaded
        return graph.query(text) if text else graph.ask(name, values), graph.vocabulary.ontology.prefixes
    from kg import remote

    if graph is None:
        remote.version(where)  # says what is wrong when it holds no dataset
        known = remote.prefixes(where)
        return remote.query(where, text, known), known
    from kg.catalogue import named
    from kg.sparql import filled

    prefixes = graph.vocabulary.ontology.prefixes
    text, substitutions = named(name, values, graph.vocabulary, graph.publications)
    return remote.query(where, filled(text, substitutions), prefixes), prefixes


def _query_text(query: str) -> str:
    """Return the text that QUERY is or names, or nothing when it is the name of a query of the catalogue."""
    from kg import sparql

    if query == "-":
        return sparql.text_of("-", _stdin()) or " "
    if Path(query).suffix in (".rq", ".sparql") or _is_file(query):
        return sparql.text_of(query) or " "
    return query if any(mark in query for mark in "{ \n") else ""


def _list_queries(form: str) -> None:
    from kg.catalogue import GROUPS, catalogue

    names = ["name", "question", "parameters"]
    queries = [(q, "; ".join(f"{k}={v}" for k, v in q.defaults.items())) for q in catalogue().values()]
    if form == "json":
        import json

        keyed = [
            {"name": q.name, "question": q.title, "group": q.group, "keywords": q.keywords, "parameters": q.defaults}
            for q, _ in queries
        ]
        click.echo(json.dumps({"rows": keyed}, ensure_ascii=False, indent=1))
    elif form == "tsv":
        say.tsv([*names, "keywords"], [[q.name, q.title, asked, q.keywords] for q, asked in queries])
    elif form == "table":
        for group, title in GROUPS.items():
            click.secho(f"{title} ({group})", bold=True)
            for q, asked in queries:
                if q.group == group:
                    click.echo(f"  {q.name}{f'  {asked}' if asked else ''}\n      {q.title}")
        click.echo(f"kg: {len(queries)} queries; `kg query NAME --param name=value` runs one", err=True)
    else:
        raise click.UsageError(f"--list prints table, tsv or json, not {form}")


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end the process at once: the engine cannot be asked to stop, and nothing is being written."""
    import signal

    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or a zero byte: a query, then
        return False


def _pairs(parameters: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for text in parameters:
        name, equals, value = text.partition("=")
        if not equals:
            raise click.UsageError(f"--param {text!r}: write NAME=VALUE")
        if name in values:
            raise click.UsageError(f"--param {name} is given twice; a query takes one value of each")
        values[name] = value
    return values


def _stdin() -> str:
    content = sys.stdin.buffer.read()
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise QueryError(f"standard input is not UTF-8 text (byte {error.start}); send the query as UTF-8") from None


@cli.command()
@click.option(
    "--measure",
    default="betweenness",
    show_default=True,
    shell_complete=_measures,
    help="One of those listed above.",
)
@click.option("--disease", default="", metavar="NAME", help="Only the claims seen in this disease.")
@click.option("--msc-source", default="", metavar="TISSUE", help="Only what was seen with MSC of this tissue.")
@click.option("--category", default="", metavar="CLASS", help="Only entities of this class, as ImmuneCell or Factor.")
@click.option(
    "--source", default="MSC", show_default=True, help="Where routes start, and the influence of personalised-pagerank."
)
@click.option("-k", "count", default=20, show_default=True, type=click.IntRange(1), help="Most rows.")
@_picture()
@_format(*BASIC)
@click.pass_context
def centrality(
    context: click.Context,
    measure: str,
    disease: str,
    msc_source: str,
    category: str,
    source: str,
    count: int,
    picture: str | None,
    form: str,
) -> None:
    """Which cells and factors much of the graph hangs on, by one measure.

    \b
    Ties of a thing:      degree, in-degree, out-degree, k-core,
                          raises, lowers, raised-by, lowered-by
    Place on the paths:   betweenness, closeness, harmonic
    Flow of influence:    pagerank, personalised-pagerank, katz, eigenvector,
                          hub, authority
    Routes to a disease:  route-weight, route-loss, route-count

    The first line of the answer says what a measure means, its unit and its direction.

    \b
    kg centrality --disease SLE --category ImmuneCell
    kg centrality --measure route-weight --disease RA --category Factor
    kg centrality --measure raised-by --msc-source "umbilical cord"
    """
    from kg.centrality import MEASURES, ROUTE_MEASURES, SCALES

    graph = _load(context)
    ranks = graph.centrality(
        measure, disease=disease, category=category, count=count, source=source, msc_source=msc_source
    )
    columns = ["rank", "name", "curie", "category", "value"]
    rows = [[r.rank, r.name, r.curie, r.category, float(f"{r.value:.6g}")] for r in ranks]
    options = [("--measure", measure), ("--disease", disease), ("--category", category)]
    options += [("--source", "" if source == "MSC" else source), ("-k", str(count)), ("--msc-source", msc_source)]
    if form == "json":
        from kg.answers import centrality_body

        body = centrality_body(measure, ranks, disease, msc_source)
        _json(graph, _command("centrality", options), body)
    elif form == "tsv":
        say.tsv(columns, rows)
    else:
        scope = f"claims seen in {disease}, causal only" if disease else "all claims, causal only"
        scope += f", seen with MSC from {msc_source}" if msc_source else ""
        if measure in ROUTE_MEASURES:
            scope = f"routes from {source} to {disease}"
        click.echo(f"{measure}: {MEASURES[measure]} ({SCALES[measure]}); {scope}")
        say.columns(columns, rows)
    if picture:
        from kg import gallery

        about = graph.resolve(disease).name if disease else ""
        _write_html(gallery.ranked(graph, ranks, measure, about, _command("centrality", options)), picture)


# --- pictures and files ----------------------------------------------------------------------------------------------


@cli.command()
@click.argument("names", nargs=-1, required=True, metavar="SOURCE [TARGET]")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False), required=True, help="The HTML file to write, or - for stdout."
)
@click.option(
    "--as", "kind", default="", metavar="KIND", help="routes, around, map, comparison, gaps, centrality, ladder."
)
@click.option("--block", multiple=True, metavar="NAME", help="Routes: what is left without this? May be repeated.")
@click.option("--species", default="human", show_default=True, help="Evidence from other species counts less.")
@click.option("-k", "count", default=8, show_default=True, type=click.IntRange(1), help="Most routes of each sign.")
@click.option("--large", is_flag=True, help="Draw all, also more than 1,500 edges.")
@click.pass_context
def view(
    context: click.Context,
    names: tuple[str, ...],
    output: str,
    kind: str,
    block: tuple[str, ...],
    species: str,
    count: int,
    large: bool,
) -> None:
    """Write an interactive picture, one offline HTML file: routes, surroundings, a map, a comparison, a chart.

    \b
    kg view MSC SLE -o msc-sle.html                the routes from MSC to SLE
    kg view MSC SLE --block IDO1 -o left.html      what is left without IDO1
    kg view PGE2 -o pge2.html                      all around PGE2
    kg view SLE --as map -o map.html               the mechanism map of SLE
    kg view SLE SSc --as comparison -o two.html    SLE beside SSc
    kg view SLE --as gaps -o gaps.html             tested pairs of mediator and cell
    kg view SLE --as centrality -o bars.html       what the routes hang on
    kg view SLE --as ladder -o ladder.html         papers from culture dish to trial

    `trace`, `compare`, `gaps` and `centrality` write the picture of their answer with --view FILE.
    """
    from kg.gallery import picture

    graph = _load(context)
    asked = _context(graph, species)
    _write_html(picture(graph, kind, names, asked, count=count, block=block, large=large), output, large)


def _write_html(picture: Any, output: str, large: bool = False) -> None:
    from kg.views import html

    try:
        page = html(picture, large=large)
    except ValueError as error:
        raise SourceError(f"{output}: {error}") from None
    if output == "-":
        click.echo(page, nl=False)
    else:
        from kg.sources import write_text

        write_text(Path(output), page)
        click.echo(f"kg: wrote {output} ({len(page) // 1024} KB); open it in a browser", err=True)


@cli.command()
@click.argument("form", metavar="FORMAT")
@click.option("-o", "--output", default="-", show_default=True, help="The file to write, or - for stdout.")
@click.pass_context
def export(context: click.Context, form: str, output: str) -> None:
    """Write the whole graph in a form that other programs read.

    \b
    FORMAT is one of
      turtle, ntriples, rdfxml     all statements, graphs merged
      trig, nquads, jsonld         all statements, in their named graphs
      graphml, gexf                entities and claims, for Gephi, Cytoscape, igraph
      nodes-csv, nodes-tsv         entities, one a row
      edges-csv, edges-tsv         claims, one a row
      bibtex, csl                  the publications, for reference managers
      examples                     the queries of `kg query --list`, as SPARQL examples in Turtle
      xlsx                         the tables as a workbook, which `kg import` reads back

    \b
    kg export graphml -o mscim.graphml
    """
    if form == "xlsx":
        from kg.workbooks import workbook

        if _endpoint(context):
            raise click.UsageError("xlsx holds the tables, which an endpoint does not have")
        content = workbook(_root(context))
    else:
        content = _load(context).export(form)
    if output == "-":
        click.echo(content, nl=False)
    else:
        from kg.sources import write_bytes

        write_bytes(Path(output), content)
        click.echo(f"kg: wrote {output} ({len(content) // 1024} KB)", err=True)


# --- tables ----------------------------------------------------------------------------------------------------------


def _rows(form: str, names: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows about files of this machine, as TSV or as JSON without a data version."""
    if form == "tsv":
        say.tsv(names, rows)
        return
    import json

    click.echo(json.dumps({"rows": [dict(zip(names, row, strict=True)) for row in rows]}, ensure_ascii=False, indent=1))


def _root(context: click.Context) -> Path:
    from kg.sources import bundled

    return Path(context.obj) if context.obj else bundled()


@cli.command()
@click.option("-o", "--output", type=click.Path(file_okay=False), help="Folder to build into; the cache by default.")
@_format(*BASIC)
@click.pass_context
def build(context: click.Context, output: str | None, form: str) -> None:
    """Build the dataset (Oxigraph store and values) from the tables, whole or not at all.

    \b
    kg build -o mscim-dataset
    kg --data mscim-dataset trace MSC RA
    """
    from kg.dataset import build as built
    from kg.store import manifest

    folder = built(_root(context), Path(output) if output else None, lambda line: click.echo(f"kg: {line}", err=True))
    summary = manifest(folder)
    names = ("assertions", "evidence", "publications", "entities", "quads")
    if form == "table":
        counts = ", ".join(f"{summary[name]:,} {name}" for name in names)
        click.echo(f"{folder}: {counts}; data {summary['data_version']}")
    else:
        shown = ("data_version", *names)
        _rows(form, ["folder", *shown], [[str(folder), *(summary[name] for name in shown)]])


@cli.command()
@click.option("-k", "count", default=200, show_default=True, type=click.IntRange(1), help="Most problems to print.")
@click.option("--shapes", is_flag=True, help="Check the built RDF too, by ontology/shapes.ttl (extra [shapes]).")
@click.option(
    "--strict", is_flag=True, help="Also what is only advised: own entities that nothing defines, shared synonyms."
)
@_format(*BASIC)
@click.pass_context
def check(context: click.Context, count: int, shapes: bool, strict: bool, form: str) -> None:
    """Print the problems of the tables and the ontology as file:line:column: message; exit 1 when there is any.

    \b
    kg check
    kg --data my-tables check --strict
    kg check --shapes
    """
    from kg import curation
    from kg.model import Problem

    root = _root(context)
    problems: list[Problem] = [*curation.check(root)]
    faults: tuple[str, ...] = ()
    if shapes and not problems:
        from kg.dataset import load
        from kg.shapes import faults as unfit

        click.echo("kg: holding the dataset against the shapes, for half a minute or so", err=True)
        faults = tuple(map(str, unfit(load(context.obj, lambda line: click.echo(f"kg: {line}", err=True)).store, root)))
    if strict:
        problems += curation.advice(root)
    if form != "table":
        _rows(form, Problem._fields, [*problems, *(Problem("", 0, 0, fault) for fault in faults)])
    else:
        for line in [*map(str, problems), *faults][:count]:
            click.echo(line)
    number = len(problems) + len(faults)
    if number > count and form == "table":
        click.echo(f"kg: {number} problems; the first {count} are shown, -k {number} shows all", err=True)
        for file, found in curation.tally(problems):
            click.echo(f"kg:   {found} in {file}", err=True)
    elif number:
        click.echo(f"kg: {number} problem{'s' if number > 1 else ''}", err=True)
    else:
        click.echo(f"kg: the tables {'and the dataset ' if shapes else ''}are in order", err=True)
    if number:
        sys.exit(1)


@cli.command(name="format")
@click.option("--check", "only", is_flag=True, help="Change nothing; exit 1 when something would change.")
@_format(*BASIC)
@click.pass_context
def format_(context: click.Context, only: bool, form: str) -> None:
    """Sort and normalise the tables: order, white space, Unicode, canonical names, line ends.

    \b
    kg format
    kg format --check
    """
    from kg import curation

    changed = curation.format(_root(context), write=not only)
    what = "would change" if only else "formatted"
    files = [(f"{path.parent.name}/{path.name}", what) for path in changed]
    if form == "table":
        for name, _ in files:
            click.echo(f"{what} {name}")
    else:
        _rows(form, ["file", "what"], files)
    if only and changed:
        click.echo("kg: run `kg format`", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
