"""Pictures that are no graphs: the matrix of gaps, a ranking as bars, and the ladder from culture dish to trial."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Sequence

from kg.centrality import MEASURES, Rank
from kg.gaps import MSC, Field, Gaps
from kg.graph import Weigher
from kg.mechanisms import Trace
from kg.model import Assertion, Evidence
from kg.pictures import Stock
from kg.views import Bar, Cell, Chart, View, ViewEdge, ViewNode

__all__ = ["bars", "ladder_of_disease", "ladder_of_routes", "matrix"]

UNNAMED = "mediator not named"
SIGNS = {(): "\u00b7", (-1,): "\u2212", (1,): "+", (-1, 1): "\u00b1"}
WORDS = {(): "acts on", (-1,): "lowers", (1,): "raises", (-1, 1): "raises and lowers"}
STEPS = ((1, "1"), (2, "2"), (4, "3 to 4"), (8, "5 to 8"), (10**9, "9 or more"))  # papers, for the shades of a ladder
SHADES = (2, 3, 4, 6, 7)
EDGES = 400  # claims behind a ranking


def _number(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def matrix(answer: Gaps, stock: Stock) -> View:
    """Return the heat map of what was tested in a disease: mediators against cells, shaded by best evidence.

    An open ring marks what was shown elsewhere and not here, where row and column are in the matrix.
    """
    ladder = stock.vocabulary.ontology.systems
    family = {answer.disease, *stock.vocabulary.descendants(answer.disease)}
    kept: dict[str, tuple[Assertion, list[Evidence]]] = {}
    cells = []
    papers: dict[str, set[str]] = defaultdict(set)
    for field in answer.matrix:
        claims = _behind(field, family, stock)
        for claim, own in claims:
            before = kept.setdefault(claim.id, (claim, []))
            before[1].extend(row for row in own if row not in before[1])
        papers[field.mediator or UNNAMED].update(field.publications)
        papers[f"\t{field.cell}"].update(field.publications)
        who = field.mediator or "MSC, by a mediator that is not named,"
        human = f"in humans {field.human_stage}" if field.human_stage else "none in humans"
        cells.append(
            Cell(
                field.mediator or UNNAMED,
                field.cell,
                ladder[field.best_stage].stage,
                SIGNS[field.effects],
                f"{who} {WORDS[field.effects]} {field.cell}: {_number(len(field.publications), 'paper')}, "
                f"best evidence {field.best_stage}, {human}",
                tuple(claim.id for claim, _ in claims),
                human=bool(field.human_stage),
            )
        )
    rows = [*answer.mediators, *([UNNAMED] if any(not field.mediator for field in answer.matrix) else [])]
    rows.sort(key=lambda name: (name == UNNAMED, -len(papers[name]), name))
    columns = sorted(answer.cells, key=lambda name: (-len(papers[f"\t{name}"]), name))
    untested: dict[tuple[str, str], list[str]] = defaultdict(list)
    for each in (*answer.elsewhere, *answer.untested):
        if each.mediator in rows and each.cell in columns:
            place = f"in {', '.join(each.diseases)}" if each.diseases else "outside diseases"
            hope = "would help" if each.expected < 0 else "would harm"
            untested[(each.mediator, each.cell)].append(f"{WORDS[(each.effect,)]} {place}, which {hope}")
    for (row, column), texts in sorted(untested.items()):
        text = f"{row} on {column} was not tested in {answer.disease}; elsewhere it {'; it '.join(texts)}"
        cells.append(Cell(row, column, 0, "\u25cb", text))
    used = sorted({cell.tone for cell in cells if cell.tone})
    by_stage = {grade.stage: name for name, grade in ladder.items()}
    chart = Chart(
        "mediator of MSC",
        "mediators of MSC against cells",
        tuple((name, name) for name in rows),
        tuple((name, name) for name in columns),
        tuple(cells),
        tones=tuple((stage, by_stage[stage]) for stage in used),
        marks=(
            ("+", "raises"),
            ("\u2212", "lowers"),
            ("\u00b1", "both"),
            ("\u25cb", "shown elsewhere, not tested here"),
            ("_", "underlined: human evidence"),
        ),
    )
    tested = sum(bool(cell.tone) for cell in cells)
    edges = tuple(stock.edge(claim, own) for claim, own in kept.values())
    return View(
        f"{answer.disease}: what was tested, and what was not",
        f"{tested} of {len(rows) * len(columns)} pairs of mediator and cell were tested in {answer.disease}, "
        f"{sum(cell.human for cell in cells)} of them with human evidence",
        f"kg view {shlex.quote(answer.disease)} --as gaps",
        stock.data_version,
        stock.vocabulary.ontology.layer_labels,
        _things(edges, stock),
        edges,
        chart=chart,
    )


def _behind(field: Field, family: set[str], stock: Stock) -> list[tuple[Assertion, list[Evidence]]]:
    """Claims and rows that a field of the matrix stands for."""
    classes, entities = stock.vocabulary.ontology.superclasses, stock.vocabulary.entities
    found = []
    for claim in stock.claims:
        if claim.object != field.cell or not claim.effect:
            continue
        carried = bool(classes[entities[claim.subject].category] & MSC)
        rows = [
            row
            for row in claim.evidence
            if row.disease in family
            and row.direction == "supports"
            and row.publication in field.publications
            and (field.mediator in (row.mediator or ("",)) if carried else claim.subject == field.mediator)
        ]
        if rows:
            found.append((claim, rows))
    return found


def bars(
    ranks: Sequence[Rank], measure: str, scope: str, command: str, claims: Sequence[Assertion], stock: Stock
) -> View:
    """Return a ranking as bars; behind each stand its best supported claims on the others of the ranking."""
    names = {rank.name for rank in ranks}
    weigher = Weigher(stock.vocabulary)
    inside = [claim for claim in claims if claim.subject in names and claim.object in names]
    inside.sort(key=lambda claim: (-round(weigher.belief(claim), 9), claim.id))
    edges = tuple(stock.edge(claim, claim.evidence) for claim in inside[:EDGES])
    entities = stock.vocabulary.entities
    nodes = tuple(
        ViewNode(rank.curie, rank.name, rank.category, stock.layer(rank.name), entities[rank.name].synonyms)
        for rank in ranks
    )
    chart = Chart(
        "",
        f"{measure}: {MEASURES[measure]}",
        bars=tuple(Bar(rank.curie, rank.value, f"{rank.value:.3g}") for rank in ranks),
    )
    return View(
        f"Centrality: {measure}",
        f"{MEASURES[measure]}; {scope}",
        command,
        stock.data_version,
        stock.vocabulary.ontology.layer_labels,
        nodes,
        edges,
        hidden_edges=len(inside) - len(edges),
        chart=chart,
    )


def ladder_of_routes(trace: Trace, stock: Stock) -> View:
    """Return the evidence ladder of the routes of a trace: papers behind each route on each rung."""
    by_id = {claim.id: claim for claim in stock.claims}
    rows = []
    for rank, route in enumerate((*trace.routes, *trace.counter_routes), 1):
        found: dict[str, tuple[Assertion, list[Evidence]]] = {}
        for mechanism in route.mechanisms:
            for step in mechanism.steps:
                if not step.bridge:
                    claim = by_id[step.claim]
                    own = [row for row in claim.evidence if row.publication in step.publications]
                    found.setdefault(claim.id, (claim, own))
        sign = SIGNS[(route.sign,)]
        rows.append((str(rank), f"{sign} {route.label}", list(found.values())))
    return _ladder(
        rows,
        "route",
        f"{trace.source} and {trace.target}: evidence ladder",
        f"papers behind each of {len(rows)} routes, by the kind of evidence; {trace.effect}: {trace.reason}",
        f"kg view {shlex.quote(trace.source)} {shlex.quote(trace.target)} --as ladder",
        stock,
    )


def ladder_of_disease(disease: str, claims: Sequence[Assertion], stock: Stock, count: int) -> View:
    """Return the evidence ladder of a disease: for each mediator of MSC, papers in the disease on each rung."""
    classes, entities = stock.vocabulary.ontology.superclasses, stock.vocabulary.entities
    family = {disease, *stock.vocabulary.descendants(disease)}
    found: dict[str, dict[str, tuple[Assertion, list[Evidence]]]] = defaultdict(dict)
    for claim in claims:
        if not classes[entities[claim.subject].category] & MSC:
            continue
        for row in claim.evidence:
            if row.direction != "supports" or (row.disease not in family and claim.object not in family):
                continue
            through = {m for m in row.mediator if m in entities and "Factor" in classes[entities[m].category]}
            if claim.predicate in ("secretes", "expresses") and "Factor" in classes[entities[claim.object].category]:
                through.add(claim.object)
            for name in sorted(through) or [UNNAMED]:
                found[name].setdefault(claim.id, (claim, []))[1].append(row)

    def weight(name: str) -> tuple[bool, int, str]:
        return name == UNNAMED, -len({row.publication for _, own in found[name].values() for row in own}), name

    order = sorted(found, key=weight)
    named = [name for name in order if name != UNNAMED]
    shown = named[:count] + [name for name in order if name == UNNAMED]
    rows = [(name, name, list(found[name].values())) for name in shown]
    return _ladder(
        rows,
        "mediator of MSC",
        f"{disease}: evidence ladder",
        f"papers in {disease} on each of {len(shown)} of {len(order)} mediators of MSC, by the kind of evidence",
        f"kg view {shlex.quote(disease)} --as ladder",
        stock,
    )


def _ladder(
    rows: Sequence[tuple[str, str, list[tuple[Assertion, list[Evidence]]]]],
    corner: str,
    title: str,
    subtitle: str,
    command: str,
    stock: Stock,
) -> View:
    ladder = stock.vocabulary.ontology.systems
    rungs = sorted(ladder, key=lambda name: ladder[name].stage)
    kept: dict[str, tuple[Assertion, list[Evidence]]] = {}
    cells = []
    for key, label, claims in rows:
        for claim, own in claims:
            before = kept.setdefault(claim.id, (claim, []))
            before[1].extend(row for row in own if row not in before[1])
        for rung in rungs:
            there = [(claim.id, row) for claim, own in claims for row in own if row.system == rung]
            papers = {row.publication for _, row in there}
            if not papers:
                continue
            human = {row.publication for _, row in there if any("human" in part.split(">") for part in row.species)}
            shade = next(tone for (most, _), tone in zip(STEPS, SHADES, strict=True) if len(papers) <= most)
            text = f"{label}: {_number(len(papers), 'paper')} at {rung}, {len(human)} with human cells or patients"
            own_claims = tuple(dict.fromkeys(claim for claim, _ in there))
            cells.append(Cell(key, rung, shade, str(len(papers)), text, own_claims, rung, bool(human)))
    edges = tuple(stock.edge(claim, own) for claim, own in kept.values())
    chart = Chart(
        corner,
        "papers by kind of evidence, lowest rung first",
        tuple((key, label) for key, label, _ in rows),
        tuple((name, name) for name in rungs),
        tuple(cells),
        tones=tuple(
            (tone, f"{words} paper{'' if words == '1' else 's'}")
            for (_, words), tone in zip(STEPS, SHADES, strict=True)
        ),
        marks=(("_", "underlined: human cells or patients among them"),),
    )
    view_nodes = _things(edges, stock)
    return View(
        title,
        subtitle,
        command,
        stock.data_version,
        stock.vocabulary.ontology.layer_labels,
        view_nodes,
        edges,
        chart=chart,
    )


def _things(edges: Sequence[ViewEdge], stock: Stock) -> tuple[ViewNode, ...]:
    by_curie = {entity.curie: entity for entity in stock.vocabulary.entities.values()}
    layers = stock.vocabulary.ontology.layers
    used = sorted({curie for edge in edges for curie in (edge.source, edge.target)})
    return tuple(
        ViewNode(c, by_curie[c].name, by_curie[c].category, layers[by_curie[c].category], by_curie[c].synonyms)
        for c in used
    )
