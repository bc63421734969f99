"""What a static plot shows, as values: the questions are asked of the dataset, `kg.plots` draws the answers."""

from __future__ import annotations

import csv
import io
import shlex
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kg.centrality import MEASURES, ROUTE_MEASURES
from kg.charts import UNNAMED, ladder_of_routes
from kg.errors import UnknownTerm
from kg.gallery import picture, stock
from kg.graph import Context
from kg.studies import OUTCOMES, tally
from kg.views import Chart
from kg.vocabulary import nearest

if TYPE_CHECKING:
    from kg.dataset import Dataset
    from kg.mechanisms import Route

__all__ = ["COUNTS", "KINDS", "Bars", "Forest", "Line", "Panels", "Plot", "Stacks", "plot", "table"]

KINDS = {
    "centrality": "what much hangs on, as bars (a disease, or none for all claims)",
    "gaps": "mediators against cells, shaded by the best evidence (a disease)",
    "ladder": "papers on each rung from review to meta-analysis (a disease, or SOURCE and TARGET)",
    "years": "findings a year, for and against or by kind of experiment (a disease, or none)",
    "studies": "studies by design and outcome, null and worse ones beside the good (a disease, or none)",
    "routes": "weight of each route with human evidence asked for and with mouse evidence (SOURCE and TARGET)",
}
COUNTS = {"centrality": 20, "gaps": 30, "ladder": 25, "years": 25, "studies": 15, "routes": 10}
ROUTES = COUNTS["routes"]  # of each sign, also on a ladder
NAMES = {"centrality": (0, 1), "gaps": (1,), "ladder": (1, 2), "years": (0, 1), "studies": (0, 1), "routes": (2,)}
BY = {"years": ("direction", "system"), "studies": ("design", "disease", "source", "route", "donor", "phase")}
DIRECTIONS = ("supports", "refutes")
Row = tuple[str | int | float, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars of one measure: label, column of its class (0 leftmost, see `layers`) and value of each; largest first."""

    across: str
    bars: tuple[tuple[str, int, float], ...]
    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stacks:
    """Counts a year, stacked: one series of counts for each of `names`, as long as `years`; `ordered` says by rung."""

    years: tuple[int, ...]
    names: tuple[str, ...]
    series: tuple[tuple[int, ...], ...]
    ordered: bool


@dataclass(frozen=True, slots=True)
class Panels:
    """Counts in panels side by side: for each of `rows` as many counts as there are `columns`, zeros too."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Line:
    """One route: its weight in [0, 1] when human evidence is asked for, and when mouse evidence is, if it has one.

    `stage` is the lowest rung of its best chain of claims, `human` the same over human evidence alone, empty when a
    step has none. `sign` is -1 where the route lowers or ameliorates the target.
    """

    label: str
    sign: int
    human_weight: float
    mouse_weight: float | None
    stage: str
    human: str


@dataclass(frozen=True, slots=True)
class Forest:
    """Routes under one another, those of one sign together, heaviest first; `verbs` say what the signs -1, 1 mean."""

    lines: tuple[Line, ...]
    verbs: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot: what it shows in `body`, what is not in it in `left` (empty when nothing), the numbers in `rows`.

    `names` head the columns of `rows`; `said` is what one who cannot see it is told.
    """

    kind: str
    title: str
    subtitle: str
    command: str
    data_version: str
    body: Bars | Chart | Stacks | Panels | Forest
    left: str
    said: str
    names: tuple[str, ...]
    rows: tuple[Row, ...]


def plot(
    graph: Dataset, kind: str, names: Sequence[str] = (), *, count: int = 0, measure: str = "", by: str = ""
) -> Plot:
    """Return a plot of one of KINDS.

    Parameters
    ----------
    graph
        The dataset that is asked.
    kind, names
        What is shown, of which disease, or from which source to which target.
    count
        Most bars, rows, years (the last) or routes of each sign; 0 takes that of COUNTS. What is left out is said.
    measure
        For centrality: one of `kg.centrality.MEASURES`; route-weight for a disease, betweenness without one.
    by
        For years: direction or system. For studies: design, disease, source, route, donor or phase.

    Raises
    ------
    UnknownTerm
        An unknown kind, name or measure, a choice that does not go with the kind, or nothing to draw.
    """
    if kind not in KINDS:
        raise UnknownTerm(kind, nearest(kind, KINDS) or tuple(KINDS), kind="kind of plot")
    if len(names) not in NAMES[kind]:
        needs = " or ".join(map(str, NAMES[kind]))
        plural = "" if NAMES[kind][-1] == 1 else "s"
        reason = f"{kind} shows {KINDS[kind]}; it takes {needs} name{plural}"
        raise UnknownTerm(" ".join(names) or kind, kind="plot", reason=reason)
    if measure and kind != "centrality":
        raise UnknownTerm(measure, kind="measure", reason=f"goes with centrality, not with {kind}")
    if by and by not in BY.get(kind, ()):
        fits = "; ".join(f"{each}: {', '.join(ways)}" for each, ways in BY.items())
        raise UnknownTerm(by, kind="way to count", reason=f"does not go with {kind} ({fits})")
    most = count or (ROUTES if kind == "ladder" and len(names) == 2 else COUNTS[kind])
    if kind == "centrality":
        made = _centrality(graph, names[0] if names else "", measure, most)
    elif kind == "gaps":
        made = _gaps(graph, names[0], most)
    elif kind == "ladder":
        made = _ladder(graph, names, most)
    elif kind == "years":
        made = _years(graph, names[0] if names else "", by or "direction", most)
    elif kind == "studies":
        made = _studies(graph, names[0] if names else "", by or "design", most)
    else:
        made = _routes(graph, names[0], names[1], most)
    words = ["kg", "plot", kind, *names, *(["--measure", measure] if measure else []), *(["--by", by] if by else [])]
    words += ["-k", str(count)] if count else []
    return replace(made, command=" ".join(map(shlex.quote, words)))


def table(shown: Plot, separator: str = ",") -> str:
    """Return the numbers of a plot as CSV, or with tabs; line ends are LF."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(shown.names)
    writer.writerows(shown.rows)
    return text.getvalue()


def _made(
    graph: Dataset,
    kind: str,
    texts: tuple[str, str],
    body: Bars | Chart | Stacks | Panels | Forest,
    left: Sequence[str],
    said: str,
    names: Sequence[str],
    rows: Sequence[Row],
) -> Plot:
    if not rows:
        raise UnknownTerm(texts[0], kind="plot", reason="there is nothing to draw: the tables say nothing of it")
    missing = f"Not shown: {', '.join(left)}." if left else ""
    return Plot(kind, *texts, "", graph.data_version, body, missing, said, tuple(names), tuple(rows))


def _more(all_of: int, shown: int, thing: str) -> list[str]:
    rest = all_of - shown
    return [f"{rest:,} more {thing}{'' if rest == 1 else 's'}"] if rest > 0 else []


def _first(pairs: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{name}: {value}" for name, value in pairs[:5])


def _name(graph: Dataset, disease: str) -> str:
    if not disease:
        return ""
    entity = graph.resolve(disease)
    if "Condition" not in graph.vocabulary.ontology.superclasses[entity.category]:
        raise UnknownTerm(disease, reason=f"is of class {entity.category}, not a disease")
    return entity.name


def _centrality(graph: Dataset, disease: str, measure: str, most: int) -> Plot:
    about = _name(graph, disease)
    measure = measure or ("route-weight" if about else "betweenness")
    ranks = graph.centrality(measure, disease=about)
    shown = ranks[:most]
    ontology = graph.vocabulary.ontology
    scope = f"claims seen in {about}" if about else "all causal claims"
    scope = f"routes from MSC to {about}" if measure in ROUTE_MEASURES else scope
    bars = tuple((rank.name, ontology.layers[rank.category], rank.value) for rank in shown)
    return _made(
        graph,
        "centrality",
        (f"{about}: {measure}" if about else f"Centrality: {measure}", f"{MEASURES[measure]}; {scope}"),
        Bars(measure, bars, ontology.layer_labels),
        _more(len(ranks), len(shown), "thing"),
        _first([(rank.name, f"{rank.value:.3g}") for rank in shown]),
        ("rank", "name", "curie", "category", "value"),
        [(rank.rank, rank.name, rank.curie, rank.category, float(f"{rank.value:.6g}")) for rank in shown],
    )


def _gaps(graph: Dataset, disease: str, most: int) -> Plot:
    view = picture(graph, "gaps", [_name(graph, disease)])
    assert view.chart is not None
    chart = _cut(view.chart, most, most)
    left = _more(len(view.chart.rows), len(chart.rows), "mediator")
    left += _more(len(view.chart.columns), len(chart.columns), "cell")
    return _grid(graph, "gaps", (view.title, view.subtitle), chart, left, ("mediator", "cell", "sign", "best evidence"))


def _ladder(graph: Dataset, names: Sequence[str], most: int) -> Plot:
    if len(names) == 1:
        view = picture(graph, "ladder", [_name(graph, names[0])], count=len(graph.vocabulary.entities))
        assert view.chart is not None
        chart = _cut(view.chart, most, len(view.chart.columns))
        left = _more(len(view.chart.rows), len(chart.rows), "mediator")
        subtitle = f"papers in {names[0]} on each mediator of MSC, by the kind of evidence"
        return _grid(graph, "ladder", (view.title, subtitle), chart, left, ("mediator", "rung", "papers", "shade"))
    answer = graph.trace(names[0], names[1], count=0)
    part = answer._replace(routes=answer.routes[:most], counter_routes=answer.counter_routes[:most])
    view = ladder_of_routes(part, stock(graph, answer.source))
    assert view.chart is not None
    left = _more(len(answer.routes) + len(answer.counter_routes), len(view.chart.rows), "route")
    title = f"{graph.resolve(names[0]).name} and {answer.target}: evidence ladder"
    return _grid(graph, "ladder", (title, view.subtitle), view.chart, left, ("route", "rung", "papers", "shade"))


def _cut(chart: Chart, rows: int, columns: int) -> Chart:
    """Keep the first rows and columns, and the row of what names no mediator; then what is left empty goes."""
    kept = [row for row in chart.rows if row[0] != UNNAMED][:rows]
    kept += [row for row in chart.rows if row[0] == UNNAMED]
    keys, across = {row for row, _ in kept}, {column for column, _ in chart.columns[:columns]}
    cells = tuple(cell for cell in chart.cells if cell.row in keys and cell.column in across)
    tones = {cell.tone for cell in cells}
    return replace(
        chart,
        rows=tuple(kept),
        columns=chart.columns[:columns],
        cells=cells,
        tones=tuple(tone for tone in chart.tones if tone[0] in tones),
    )


def _grid(
    graph: Dataset, kind: str, texts: tuple[str, str], chart: Chart, left: Sequence[str], names: Sequence[str]
) -> Plot:
    tones, labels = dict(chart.tones), dict(chart.rows)
    by_place = {(cell.row, cell.column): cell for cell in chart.cells}
    ordered = [
        by_place[(row, column)] for row, _ in chart.rows for column, _ in chart.columns if (row, column) in by_place
    ]
    rows: list[Row] = [
        (labels[c.row], c.column, c.mark, tones.get(c.tone, "none"), "yes" if c.human else "no", c.text)
        for c in ordered
    ]
    strongest = sorted(ordered, key=lambda cell: -cell.tone)
    said = "; ".join(cell.text for cell in strongest[:3])
    return _made(graph, kind, texts, chart, left, said, (*names, "human", "text"), rows)


def _years(graph: Dataset, disease: str, by: str, most: int) -> Plot:
    about = _name(graph, disease)
    family = {about, *graph.vocabulary.descendants(about)} if about else set()
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    undated = 0
    for claim in graph.assertions:
        for row in claim.evidence:
            if family and row.disease not in family:
                continue
            year = graph.publications[row.publication].year
            if year.isdecimal():
                found[int(year)][row.direction if by == "direction" else row.system] += 1
            else:
                undated += 1
    systems = graph.vocabulary.ontology.systems
    names = DIRECTIONS if by == "direction" else tuple(sorted(systems, key=lambda name: systems[name].stage))
    last = max(found, default=0)
    years = tuple(range(max(min(found, default=1), last - most + 1), last + 1))
    names = tuple(name for name in names if any(found[year].get(name) for year in years))
    early = sum(sum(each.values()) for year, each in found.items() if year not in years)
    left = [f"{early:,} finding{'' if early == 1 else 's'} before {years[0]}"] if early else []
    left += [f"{undated:,} finding{'' if undated == 1 else 's'} of papers without a year in the tables"] * bool(undated)
    busiest = sorted(years, key=lambda year: -sum(found[year].values()))
    where = f" in {about}" if about else ""
    how = "for and against the claims" if by == "direction" else "by kind of experiment or study"
    return _made(
        graph,
        "years",
        (
            f"{about}: findings a year" if about else "Findings a year",
            f"rows of evidence{where} by year of the paper, {how}",
        ),
        Stacks(
            years, names, tuple(tuple(found[year].get(name, 0) for year in years) for name in names), by == "system"
        ),
        left,
        _first([(str(year), f"{sum(found[year].values())} findings") for year in busiest]),
        ("year", *names),
        [(year, *(found[year].get(name, 0) for name in names)) for year in years],
    )


def _studies(graph: Dataset, disease: str, by: str, most: int) -> Plot:
    about = _name(graph, disease)
    found = graph.select_studies(disease=about)
    tallies = tally(found, [by])
    shown = tallies[:most]
    totals = ", ".join(f"{sum(row.outcome == outcome for row in found)} {outcome}" for outcome in OUTCOMES)
    return _made(
        graph,
        "studies",
        (
            f"{about}: studies of MSC by {by} and outcome" if about else f"Studies of MSC by {by} and outcome",
            f"{len(found)} studies{' in ' + about if about else ''}: {totals}",
        ),
        Panels(tuple(each.key[0] for each in shown), OUTCOMES, tuple(each.outcomes for each in shown)),
        _more(len(tallies), len(shown), by),
        _first([(each.key[0], f"{each.studies} studies") for each in shown]),
        (by, "studies", "patients", *OUTCOMES),
        [(each.key[0], each.studies, each.patients, *each.outcomes) for each in shown],
    )


def _routes(graph: Dataset, source: str, target: str, most: int) -> Plot:
    human = graph.trace(source, target, Context(species="human"), count=0)
    mouse = graph.trace(source, target, Context(species="mouse"), count=0)
    other: dict[tuple[str, int], float] = {}
    for route in (*mouse.routes, *mouse.counter_routes):
        for label, weight in ((route.label, route.weight), *route.also):
            other.setdefault((label, route.sign), weight)
    routes = sorted((*human.routes, *human.counter_routes), key=lambda route: (-route.weight, route.label))
    shown = [route for sign in (-1, 1) for route in [each for each in routes if each.sign == sign][:most]]
    lines = tuple(_line(route, other.get((route.label, route.sign))) for route in shown)
    condition = graph.vocabulary.is_a(human.target, "Condition")
    verbs = ("ameliorates", "exacerbates") if condition else ("lowers", "raises")
    plain = [
        (f"{verbs[line.sign > 0]} {line.label}", f"{line.human_weight:.3f}")
        for line in sorted(lines, key=lambda line: -line.human_weight)
    ]
    return _made(
        graph,
        "routes",
        (
            f"{graph.resolve(source).name} and {human.target}: routes",
            f"{human.effect}: {human.reason}; a weight counts other species less than the one asked for",
        ),
        Forest(lines, (f"{verbs[0]} {human.target}", f"{verbs[1]} {human.target}")),
        _more(len(routes), len(shown), "route"),
        _first(plain),
        ("route", "effect", "weight, human asked for", "weight, mouse asked for", "stage", "human for every step"),
        [
            (
                line.label,
                verbs[line.sign > 0],
                round(line.human_weight, 6),
                "" if line.mouse_weight is None else round(line.mouse_weight, 6),
                line.stage,
                line.human or "no",
            )
            for line in lines
        ],
    )


def _line(route: Route, mouse: float | None) -> Line:
    best = route.mechanisms[0]
    return Line(route.label, route.sign, route.weight, mouse, best.stage, best.human)
