"""Which claims go into a picture: routes, what is left of them, two questions, what is around one thing."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from kg.blockade import Blockade
from kg.compare import Comparison
from kg.graph import Weigher
from kg.mechanisms import BRIDGES, Route, Step, Trace
from kg.model import Assertion, Evidence, Publication
from kg.views import View, ViewEdge, ViewEvidence, ViewNode, ViewRoute, laid_out
from kg.vocabulary import Vocabulary

__all__ = [
    "LIMITS",
    "ON_MSC",
    "Stock",
    "aside",
    "blocked",
    "comparison",
    "in_order",
    "neighbourhood",
    "nodes_of",
    "readable",
    "routes",
]

LIMITS = (
    120,
    105,
    92,
    80,
    70,
    62,
    54,
    48,
    42,
    37,
    33,
    29,
    25,
)  # edges: the first that can be read in a window is taken
READABLE = 11 / 14  # label size on the screen over that in the drawing
ON_MSC = "|inducer"  # what acts on MSC stands in a column of its own, left of them


@dataclass(frozen=True)
class Stock:
    """What pictures are made of: the claims, the names, the papers, and the version of the data."""

    claims: Sequence[Assertion]
    vocabulary: Vocabulary
    publications: Mapping[str, Publication]
    data_version: str

    def curie(self, name: str) -> str:
        """Return the CURIE of a name, which is the id of its node."""
        return self.vocabulary.entities[name].curie

    def layer(self, name: str) -> int:
        """Return the column of a name, from its class."""
        return self.vocabulary.ontology.layers[self.vocabulary.entities[name].category]

    def evidence(self, row: Evidence) -> ViewEvidence:
        """Return one row of evidence as the panel shows it."""
        known = self.publications.get(row.publication)
        wider = (
            name for name in self.vocabulary.ontology.msc_sources if row.msc_source in self.vocabulary.tissues(name)
        )
        return ViewEvidence(
            row.statement,
            row.publication,
            known.citation if known else row.publication,
            row.direction,
            "; ".join(row.species),
            row.system,
            "; ".join(filter(None, (row.read, row.standing, row.checked and f"checked: {row.checked}"))),
            "; ".join(part for part in (row.context, row.effect) if part),
            row.msc_source,
            row.mode,
            row.disease,
            (known.kind if known else "") or "primary",
            "; ".join(sorted(name for name in wider if name != row.msc_source)) if row.msc_source else "",
        )

    def edge(self, claim: Assertion, rows: Iterable[Evidence], tag: str = "") -> ViewEdge:
        """Return a claim as it is drawn, with the rows that count."""
        return ViewEdge(
            claim.id + tag,
            self.curie(claim.subject),
            self.curie(claim.object),
            claim.predicate,
            claim.effect,
            claim.aspect,
            claim.cell,
            tuple(self.evidence(row) for row in rows),
        )


@dataclass(frozen=True)
class _Entry:
    """A line of the route list: one route, or the two of a pair, with what is said of it."""

    label: str
    sign: int
    weight: float
    routes: tuple[Route, ...]
    verb: str
    group: str = ""
    note: str = ""
    lost: bool = False


def _verb(target: str, sign: int, vocabulary: Vocabulary) -> str:
    if vocabulary.is_a(target, "Condition"):
        return f"{'ameliorates' if sign < 0 else 'exacerbates'} {target}"
    return f"{'lowers' if sign < 0 else 'raises'} {target}"


def routes(trace: Trace, stock: Stock, per_route: int = 2) -> View:
    """Return the picture of a trace: its routes and counter-routes, the best mechanisms of each.

    A direct claim that names its mediators is drawn through them. Whole routes are left out, the weakest first, until
    the picture can be read in a window; what is left out is counted.
    """
    ranked = sorted([*trace.routes, *trace.counter_routes], key=lambda route: (-route.weight, route.label, route.sign))
    entries = [
        _Entry(route.label, route.sign, route.weight, (route,), _verb(trace.target, route.sign, stock.vocabulary))
        for route in ranked
    ]
    title = f"{trace.source} and {trace.target}: routes"
    command = f"kg view {shlex.quote(trace.source)} {shlex.quote(trace.target)}"
    return _fitting(entries, stock, per_route, View(title, f"{trace.effect}: {trace.reason}", command, *_blank(stock)))


def blocked(answer: Blockade, stock: Stock, count: int = 8, per_route: int = 2) -> View:
    """Return the picture of a blockade: the routes that are lost, struck out, and those that are left."""
    before = answer.before
    verb = _verb(before.target, before.routes[0].sign if before.routes else -1, stock.vocabulary)
    lost = [
        _Entry(r.label, r.sign, r.weight, (r,), verb, "lost", f"weight {r.weight:.3f} before, none left", True)
        for r in answer.lost[:count]
    ]
    left = [
        _Entry(r.label, r.sign, r.weight, (r,), verb, "left", f"weight {was:.3f} before, {r.weight:.3f} after")
        for r, was in answer.surviving[: max(4, 2 * count - len(lost))]
    ]
    names = [name for name in answer.blocked if name in stock.vocabulary.entities]
    gone = {kind for name in names for kind in (name, *stock.vocabulary.descendants(name))}
    words = ", ".join(answer.blocked)
    flags = " ".join(f"--block {shlex.quote(name)}" for name in answer.blocked)
    view = View(
        f"{before.source} and {before.target} without {words}",
        f"{len(answer.lost)} of {len(answer.before.routes)} routes are lost, and {answer.share:.1%} of the weight; "
        f"without it: {answer.after.effect}",
        f"kg view {shlex.quote(before.source)} {shlex.quote(before.target)} {flags}",
        *_blank(stock),
        groups=(("lost", f"Lost without {words}"), ("left", "Left, strongest first")),
        block=words,
    )
    view = _fitting([*lost, *left], stock, per_route, view)
    here = {node.id for node in view.nodes}
    unseen = len(answer.lost) + len(answer.surviving) - len(view.routes)
    return replace(
        view,
        blocked=tuple(sorted(here & {stock.curie(name) for name in gone})),
        notes=(f"{unseen} more routes are not in this picture.",) if unseen else (),
    )


def comparison(names: tuple[str, str], answer: Comparison, stock: Stock, count: int = 6, per_route: int = 1) -> View:
    """Return the picture of two questions side by side: shared routes, opposite ones, and those of one alone."""
    left, right = answer.left, answer.right

    def said(route: Route, trace: Trace, name: str) -> str:
        verb = _verb(trace.target, route.sign, stock.vocabulary)
        return f"{verb}{f' ({name})' if name != trace.target else ''} {route.weight:.3f}"

    entries = [
        _Entry(
            pair.label,
            pair.left.sign,
            pair.weight,
            (pair.left, pair.right),
            "",
            group,
            f"{said(pair.left, left, names[0])}; {said(pair.right, right, names[1])}",
        )
        for group, pairs in (("shared", answer.shared), ("opposite", answer.opposite))
        for pair in pairs[:count]
    ]
    entries += [
        _Entry(each.label, each.route.sign, each.route.weight, (each.route,), "", group, said(each.route, trace, name))
        for group, alone, trace, name in (
            ("left", answer.only_left, left, names[0]),
            ("right", answer.only_right, right, names[1]),
        )
        for each in alone[:count]
    ]
    totals = [len(answer.shared), len(answer.opposite), len(answer.only_left), len(answer.only_right)]
    groups = (
        ("shared", f"Shared, the same way ({totals[0]})"),
        ("opposite", f"Shared, opposite ways ({totals[1]})"),
        ("left", f"Only {names[0]} ({totals[2]})"),
        ("right", f"Only {names[1]} ({totals[3]})"),
    )
    view = View(
        f"{names[0]} and {names[1]} compared",
        f"{totals[0]} routes are shared, {totals[1]} go opposite ways, {totals[2]} are of {names[0]} alone, "
        f"{totals[3]} of {names[1]} alone",
        f"kg compare {shlex.quote(names[0])} {shlex.quote(names[1])}"
        + (f" --source {shlex.quote(left.source)}" if left.source == right.source != "MSC" else "")
        + (f" --target {shlex.quote(left.target)}" if left.target == right.target else ""),
        *_blank(stock),
        groups=groups,
        sides=names,
    )
    view = _fitting(entries, stock, per_route, view)
    on: dict[str, set[str]] = defaultdict(set)
    at = {"left": ("left",), "right": ("right",), "shared": ("left", "right"), "opposite": ("left", "right")}
    for route in view.routes:
        for index, chain in enumerate(route.chains):
            sides = at[route.group]
            on_side = sides if len(sides) == 1 else (sides[0] if index < len(route.chains) / 2 else sides[1],)
            for node in chain:
                on[node].update(on_side)
    nodes = tuple(
        replace(node, side="both" if len(on[node.id]) == 2 else next(iter(on[node.id]), "")) for node in view.nodes
    )
    unseen = sum(totals) - len(view.routes)
    return replace(view, nodes=nodes, notes=(f"{unseen} more routes are not in this picture.",) if unseen else ())


def _blank(stock: Stock) -> tuple[str, tuple[str, ...], tuple[ViewNode, ...], tuple[ViewEdge, ...]]:
    return stock.data_version, stock.vocabulary.ontology.layer_labels, (), ()


def _fitting(entries: Sequence[_Entry], stock: Stock, per_route: int, view: View) -> View:
    """Fill a view with as many routes as can be read in a window, in the order given, and count the rest."""
    by_id = {claim.id: claim for claim in stock.claims}
    between: dict[tuple[str, str], list[Assertion]] = defaultdict(list)
    for claim in stock.claims:
        between[(claim.subject, claim.object)].append(claim)
    drawn = [
        [
            edge
            for route in entry.routes
            for mechanism in route.mechanisms[:per_route]
            for step in mechanism.steps
            for edge in _edges(step, by_id, between, stock)
        ]
        for entry in entries
    ]
    for limit in LIMITS:
        made = _filled(entries, drawn, stock, per_route, view, limit)
        if not made.edges or laid_out(made).scale >= READABLE:
            break
    return made


def _filled(
    entries: Sequence[_Entry], drawn: Sequence[list[ViewEdge]], stock: Stock, per_route: int, view: View, limit: int
) -> View:
    kept: dict[str, tuple[ViewEdge, set[int]]] = {}
    shown: list[ViewRoute] = []
    hidden: set[str] = set()
    for rank, (entry, edges) in enumerate(zip(entries, drawn, strict=True), 1):
        new = {edge.id for edge in edges} - set(kept)
        if kept and len(kept) + len(new) > limit:
            hidden |= new
            continue
        mechanisms = [mechanism for route in entry.routes for mechanism in route.mechanisms[:per_route]]
        chains = tuple(
            tuple(stock.curie(name) for name in mechanism.nodes if name in stock.vocabulary.entities)
            for mechanism in mechanisms
        )
        shown.append(
            ViewRoute(
                rank,
                entry.label,
                entry.sign,
                round(entry.weight, 4),
                tuple(mechanism.phrase for mechanism in mechanisms),
                entry.verb,
                chains,
                entry.group,
                entry.note,
                entry.lost,
            )
        )
        for edge in edges:
            before = kept.setdefault(edge.id, (edge, set()))
            before[1].add(rank)
            more = tuple(row for row in edge.evidence if row not in before[0].evidence)
            if more:
                kept[edge.id] = (replace(before[0], evidence=before[0].evidence + more), before[1])
    final = tuple(replace(edge, routes=tuple(sorted(ranks))) for edge, ranks in kept.values())
    return replace(
        view, nodes=nodes_of(final, stock), edges=final, routes=tuple(shown), hidden_edges=len(hidden - set(kept))
    )


def _edges(
    step: Step,
    claims: Mapping[str, Assertion],
    between: Mapping[tuple[str, str], Sequence[Assertion]],
    stock: Stock,
) -> list[ViewEdge]:
    start, end = stock.curie(step.subject), stock.curie(step.object)
    if step.bridge:
        text = BRIDGES[step.predicate]
        return [ViewEdge(f"{step.subject}|{text}|{step.object}", start, end, text, 0, "", "", ())]
    claim = claims[step.claim]
    used = [row for row in claim.evidence if row.publication in step.publications or row.direction == "refutes"]
    through = [name for name in step.mediators if name in stock.vocabulary.entities]
    if not through:
        return [stock.edge(claim, used)]
    first, last, chained = in_order(through, between)
    rows = tuple(stock.evidence(row) for row in used)
    edges = []
    for name in through:
        middle = stock.curie(name)
        there, on = f"{claim.id}|{step.subject}|{name}", f"{claim.id}|{name}|{step.object}"
        if name in first:
            edges.append(ViewEdge(there, start, middle, "acts through", 0, "", step.cell, rows))
        if name in last:
            edges.append(ViewEdge(on, middle, end, step.predicate, claim.effect, step.aspect, step.cell, rows))
    edges += [stock.edge(each, each.evidence) for pair in chained for each in between[pair]]
    return edges


def in_order(
    through: Sequence[str], between: Container[tuple[str, str]]
) -> tuple[list[str], list[str], list[tuple[str, str]]]:
    """Return which mediators of a claim stand first, which last, and the pairs that follow each other.

    Papers name mediators side by side. Where the tables have a claim from one to the next, and none back, they stand
    one after the other, as factor and receptor do; the rest stand side by side.
    """
    chained = [(a, b) for a in through for b in through if a != b and (a, b) in between and (b, a) not in between]
    first = [name for name in through if name not in {b for _, b in chained}] or list(through)
    last = [name for name in through if name not in {a for a, _ in chained}] or list(through)
    return first, last, chained


def neighbourhood(name: str, stock: Stock, limit: int = 0) -> View:
    """Return the picture of claims on one entity, the best supported first, as many as can be read in a window.

    What is left out is counted. With a `limit` so many are drawn, readable or not. What acts on MSC or their products
    stands in a column of its own, left of them.
    """
    weigher = Weigher(stock.vocabulary)
    around = [claim for claim in stock.claims if name in (claim.subject, claim.object)]
    around.sort(key=lambda claim: (-round(weigher.belief(claim), 9), claim.subject, claim.object, claim.id))
    all_edges = [stock.edge(claim, claim.evidence) for claim in around]
    if stock.layer(name) == 1:
        all_edges = [aside(edge, stock) if edge.target == stock.curie(name) else edge for edge in all_edges]

    def made(count: int) -> View:
        edges = tuple(all_edges[:count])
        return View(
            f"{name}: what it acts on and what acts on it",
            f"the {len(edges)} best supported of {len(around)} claims"
            if len(edges) < len(around)
            else f"all {len(edges)} claims",
            f"kg view {shlex.quote(name)}",
            stock.data_version,
            stock.vocabulary.ontology.layer_labels,
            nodes_of(edges, stock),
            edges,
            hidden_edges=len(around) - len(edges),
        )

    return made(limit) if limit else readable(made, LIMITS)


def readable(made: Callable[[int], View], limits: Sequence[int]) -> View:
    """Return the picture of the first limit with which it can be read in a window, else of the last."""
    for limit in limits:
        view = made(limit)
        if not view.edges or laid_out(view).scale >= READABLE:
            break
    return view


def aside(edge: ViewEdge, stock: Stock) -> ViewEdge:
    """Return an edge onto MSC from what stands in a later column, as from its twin among the inducers."""
    by_curie = {entity.curie: entity for entity in stock.vocabulary.entities.values()}
    if stock.vocabulary.ontology.layers[by_curie[edge.source].category] < 2:
        return edge
    return replace(edge, source=edge.source + ON_MSC)


def nodes_of(edges: Iterable[ViewEdge], stock: Stock) -> tuple[ViewNode, ...]:
    """Return the things at the ends of edges, by id, each in the column of its class; inducers in the first."""
    by_curie = {entity.curie: entity for entity in stock.vocabulary.entities.values()}
    nodes = []
    for node in sorted({curie for edge in edges for curie in (edge.source, edge.target)}):
        curie, _, twin = node.partition("|")
        entity = by_curie[curie]
        layer = 0 if twin else stock.vocabulary.ontology.layers[entity.category]
        nodes.append(ViewNode(node, entity.name, entity.category, layer, entity.synonyms, curie if twin else ""))
    return tuple(nodes)
