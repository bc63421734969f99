"""The command `kg plot`; imported by `kg.cli` only when it is asked for."""

from __future__ import annotations

from pathlib import Path

import click

from kg.cli import _load

__all__ = ["plot"]

ENDINGS = ("svg", "png", "pdf", "csv", "tsv")


@click.command()
@click.argument("kind", metavar="KIND")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False),
    required=True,
    help="The file to write, FILE.svg, .png or .pdf, or its numbers as .csv or .tsv; - for SVG on stdout.",
)
@click.option("-k", "count", type=click.IntRange(1), help="Most bars, rows, years or routes; the rest is counted.")
@click.option("--measure", default="", help="centrality: one of those of `kg centrality`.")
@click.option("--by", default="", metavar="WAY", help="years: direction, system. studies: design, disease, source ...")
@click.option("--theme", type=click.Choice(["light", "dark"]), default="light", show_default=True, help="Colours.")
@click.pass_context
def plot(
    context: click.Context,
    kind: str,
    names: tuple[str, ...],
    output: str,
    count: int | None,
    measure: str,
    by: str,
    theme: str,
) -> None:
    """Draw a plot for a paper or a slide: SVG, PNG or PDF, the same bytes on every run.

    \b
    kg plot centrality SLE -o bars.svg      what the routes from MSC hang on
    kg plot gaps SLE -o gaps.png            mediators against cells, best evidence
    kg plot ladder RA -o ladder.pdf         papers from review to meta-analysis
    kg plot years -o years.svg --by system  findings a year
    kg plot studies SSc -o studies.svg      by design and outcome, null and worse too
    kg plot routes MSC SLE -o routes.svg    weights, human and mouse evidence
    kg plot gaps SLE -o gaps.csv            the numbers of the plot

    Pictures to click in are written by `kg view`. Needs matplotlib: pip install 'mscim[plot]'.
    """
    ending = "svg" if output == "-" else Path(output).suffix.removeprefix(".").lower()
    if ending not in ENDINGS:
        raise click.UsageError(f"-o {output!r}: the name ends in none of {', '.join('.' + each for each in ENDINGS)}")
    from kg import figures, plots

    shown = figures.plot(_load(context), kind, names, count=count or 0, measure=measure, by=by)
    if output == "-":
        click.echo(plots.rendered(shown, "svg", theme), nl=False)
        return
    size = plots.write(shown, Path(output), theme)
    click.echo(f"kg: wrote {output} ({-(-size // 1024)} KB)", err=True)
    if shown.left:
        click.echo(f"kg: {shown.left}", err=True)
