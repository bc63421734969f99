"""Every kind of picture by its name: the questions are asked of the dataset, the answers are drawn."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from kg import charts, maps, pictures
from kg.errors import UnknownTerm
from kg.graph import Context
from kg.pictures import Stock
from kg.views import View

if TYPE_CHECKING:
    from kg.blockade import Blockade
    from kg.centrality import Rank
    from kg.compare import Comparison
    from kg.dataset import Dataset
    from kg.gaps import Gaps
    from kg.mechanisms import Trace

__all__ = ["KINDS", "picture", "stock"]

KINDS = {
    "routes": "the routes from SOURCE to TARGET (two names; with --block what is left of them)",
    "around": "all around one thing (one name)",
    "map": "the mechanism map of a disease: inducers, MSC, mediators, cells, processes (one disease)",
    "comparison": "two diseases side by side: routes shared, of one alone, opposite (two names)",
    "gaps": "what was tested in a disease: mediators against cells, a heat map (one disease)",
    "centrality": "what routes to a disease hang on, as bars (one disease)",
    "ladder": "papers on each rung from culture dish to trial (a disease, or SOURCE and TARGET)",
}
COUNT = 8  # routes of each sign in a picture


def stock(graph: Dataset, source: str = "") -> Stock:
    """Return what pictures are made of; with a source the claims of questions from it."""
    claims = graph.claims_for(graph.resolve(source)) if source else graph.assertions
    return Stock(claims, graph.vocabulary, graph.publications, graph.data_version)


def picture(
    graph: Dataset,
    kind: str,
    names: Sequence[str],
    context: Context | None = None,
    *,
    count: int = COUNT,
    block: Sequence[str] = (),
    large: bool = False,
) -> View:
    """Return a picture of one of KINDS; an empty kind means routes for two names, and what is around for one.

    Its `command` is the one that makes the same picture.

    Raises UnknownTerm for an unknown kind or name, when the number of names does not fit, and when there is nothing to
    draw.
    """
    kind = kind or ("routes" if len(names) == 2 else "around")
    if kind not in KINDS:
        raise UnknownTerm(kind, tuple(KINDS), kind="kind of picture")
    wanted = {"routes": (2,), "comparison": (2,), "ladder": (1, 2)}.get(kind, (1,))
    if len(names) not in wanted:
        needs = " or ".join(map(str, wanted))
        raise UnknownTerm(
            " ".join(names),
            kind="picture",
            reason=f"{kind} shows {KINDS[kind]}; it takes {needs} name{'s'[: max(wanted) - 1]}",
        )
    if block and kind != "routes":
        raise UnknownTerm(", ".join(block), kind="block", reason=f"goes with the routes of two names, not with {kind}")
    made = _made(graph, kind, names, context, count, block, large)
    words = ["kg", "view", *(graph.resolve(name).name for name in names)]
    words += [] if kind in ("routes", "around") else ["--as", kind]
    words += [word for name in block for word in ("--block", name)]
    words += ["--species", context.species] if context and context.species != Context().species else []
    words += [*(["-k", str(count)] if count != COUNT else []), *(["--large"] if large else [])]
    return replace(made, command=" ".join(map(shlex.quote, words)))


def _made(
    graph: Dataset,
    kind: str,
    names: Sequence[str],
    context: Context | None,
    count: int,
    block: Sequence[str],
    large: bool,
) -> View:
    if kind == "routes" and block:
        return blocked(graph, graph.blockade(names[0], names[1], block, context), count)
    if kind == "routes":
        return routes(graph, graph.trace(names[0], names[1], context, count=count))
    if kind == "comparison":
        return compared(graph, (names[0], names[1]), graph.compare(names[0], names[1], context), count)
    if kind == "ladder" and len(names) == 2:
        answer = graph.trace(names[0], names[1], context, count=count)
        return _drawable(charts.ladder_of_routes(answer, stock(graph, answer.source)))
    if kind == "gaps":
        return tested(graph, graph.gaps(names[0]))
    name = graph.resolve(names[0]).name
    if kind == "map":
        return _drawable(maps.disease_map(name, graph.claims(name), stock(graph), large))
    if kind == "ladder":
        return _drawable(charts.ladder_of_disease(name, graph.claims(name), stock(graph), max(count, 25)))
    if kind == "centrality":
        ranks = graph.centrality("route-weight", disease=name, count=max(count, 20))
        return ranked(graph, ranks, "route-weight", name, f"kg view {name} --as centrality")
    return _drawable(pictures.neighbourhood(name, stock(graph), 100_000 if large else 0))


def routes(graph: Dataset, answer: Trace) -> View:
    """Return the picture of an answer to `kg trace`."""
    return _drawable(pictures.routes(answer, stock(graph, answer.source)))


def blocked(graph: Dataset, answer: Blockade, count: int = 8) -> View:
    """Return the picture of an answer to `kg trace --block`."""
    return _drawable(pictures.blocked(answer, stock(graph, answer.before.source), count))


def compared(graph: Dataset, names: tuple[str, str], answer: Comparison, count: int = 8) -> View:
    """Return the picture of an answer to `kg compare`."""
    resolved = (graph.resolve(names[0]).name, graph.resolve(names[1]).name)
    claims = {claim.id: claim for trace in (answer.left, answer.right) for claim in stock(graph, trace.source).claims}
    held = Stock(tuple(claims.values()), graph.vocabulary, graph.publications, graph.data_version)
    return _drawable(pictures.comparison(resolved, answer, held, count))


def tested(graph: Dataset, answer: Gaps) -> View:
    """Return the picture of an answer to `kg gaps`."""
    return _drawable(charts.matrix(answer, stock(graph)))


def ranked(graph: Dataset, ranks: Sequence[Rank], measure: str, disease: str, command: str) -> View:
    """Return the picture of an answer to `kg centrality`."""
    scope = f"in {disease}" if disease else "over all claims"
    return _drawable(charts.bars(ranks, measure, scope, command, graph.claims(disease), stock(graph)))


def _drawable(view: View) -> View:
    if not view.edges and not (view.chart and view.chart.bars):
        raise UnknownTerm(view.title, kind="picture", reason="there is nothing to draw: no claim connects these")
    return view
