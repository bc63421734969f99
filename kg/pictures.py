"""Which claims go into a picture: the routes of a trace, or the neighbourhood of an entity."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace

from kg.graph import Weigher
from kg.mechanisms import BRIDGES, Step, Trace
from kg.model import Assertion, Evidence, Publication
from kg.views import View, ViewEdge, ViewEvidence, ViewNode, ViewRoute
from kg.vocabulary import Vocabulary

__all__ = ["evidence_of", "neighbourhood", "routes"]

LIMIT = 120  # edges by default: more is a hairball


def routes(
    trace: Trace,
    claims: Sequence[Assertion],
    vocabulary: Vocabulary,
    publications: Mapping[str, Publication],
    data_version: str,
    per_route: int = 2,
) -> View:
    """Return the picture of a trace: its routes and counter-routes, the best mechanisms of each.

    A direct claim that names its mediator is drawn through the mediator. Whole routes are left out, the weakest first,
    when there are more than 120 edges; what is left out is counted.
    """
    by_id = {claim.id: claim for claim in claims}
    drawn: dict[str, tuple[ViewEdge, set[int]]] = {}
    shown: list[ViewRoute] = []
    hidden: set[str] = set()
    words = (
        {-1: "ameliorates", 1: "exacerbates"}
        if vocabulary.is_a(trace.target, "Condition")
        else {-1: "lowers", 1: "raises"}
    )
    ranked = sorted([*trace.routes, *trace.counter_routes], key=lambda route: (-route.weight, route.label, route.sign))
    for rank, route in enumerate(ranked, 1):
        edges = [
            edge
            for mechanism in route.mechanisms[:per_route]
            for step in mechanism.steps
            for edge in _edges(step, by_id, vocabulary, publications)
        ]
        new = {edge.id for edge in edges} - set(drawn)
        if len(drawn) + len(new) > LIMIT:
            hidden |= new
            continue
        lines = tuple(mechanism.phrase for mechanism in route.mechanisms[:per_route])
        verb = f"{words[route.sign]} {trace.target}"
        shown.append(ViewRoute(rank, route.label, route.sign, round(route.weight, 4), lines, verb))
        for edge in edges:
            drawn.setdefault(edge.id, (edge, set()))[1].add(rank)
    final = tuple(replace(edge, routes=tuple(sorted(ranks))) for edge, ranks in drawn.values())
    return _view(
        f"{trace.source} and {trace.target}: routes",
        f"{trace.effect}: {trace.reason}",
        f"kg view {shlex.quote(trace.source)} {shlex.quote(trace.target)}",
        final,
        vocabulary,
        data_version,
        tuple(shown),
        len(hidden - set(drawn)),
    )


def _edges(
    step: Step, claims: Mapping[str, Assertion], vocabulary: Vocabulary, publications: Mapping[str, Publication]
) -> list[ViewEdge]:
    if step.bridge:
        text = BRIDGES[step.predicate]
        return [ViewEdge(f"{step.subject}|{text}|{step.object}", *_ends(step, vocabulary), text, 0, "", "", ())]
    claim = claims[step.claim]
    rows = tuple(
        evidence_of(row, publications)
        for row in claim.evidence
        if row.publication in step.publications or row.direction == "refutes"
    )
    through = [name for name in step.mediators if name in vocabulary.entities]
    if not through:
        source, target = _ends(step, vocabulary)
        return [ViewEdge(claim.id, source, target, step.predicate, claim.effect, step.aspect, step.cell, rows)]
    # papers name mediators side by side, seldom in order: each stands between the two by itself
    start, end = _ends(step, vocabulary)
    edges = []
    for name in through:
        middle = vocabulary.entities[name].curie
        there, on = f"{claim.id}|{step.subject}|{name}", f"{claim.id}|{name}|{step.object}"
        edges.append(ViewEdge(there, start, middle, "acts through", 0, "", step.cell, rows))
        edges.append(ViewEdge(on, middle, end, step.predicate, claim.effect, step.aspect, step.cell, rows))
    return edges


def _ends(step: Step, vocabulary: Vocabulary) -> tuple[str, str]:
    return vocabulary.entities[step.subject].curie, vocabulary.entities[step.object].curie


def neighbourhood(
    name: str,
    claims: Sequence[Assertion],
    vocabulary: Vocabulary,
    publications: Mapping[str, Publication],
    data_version: str,
    limit: int = LIMIT,
) -> View:
    """Return the picture of all claims on one entity, the best supported first; what is left out is counted."""
    weigher = Weigher(vocabulary)
    around = [claim for claim in claims if name in (claim.subject, claim.object)]
    around.sort(key=lambda claim: (-round(weigher.belief(claim), 9), claim.subject, claim.object, claim.id))
    edges = tuple(
        ViewEdge(
            claim.id,
            vocabulary.entities[claim.subject].curie,
            vocabulary.entities[claim.object].curie,
            claim.predicate,
            claim.effect,
            claim.aspect,
            claim.cell,
            tuple(evidence_of(row, publications) for row in claim.evidence),
        )
        for claim in around[:limit]
    )
    return _view(
        f"{name}: what it acts on and what acts on it",
        f"{len(edges)} of {len(around)} claims",
        f"kg view {shlex.quote(name)}",
        edges,
        vocabulary,
        data_version,
        (),
        len(around) - len(edges),
    )


def evidence_of(row: Evidence, publications: Mapping[str, Publication]) -> ViewEvidence:
    """Return one row of evidence as the panel shows it."""
    known = publications.get(row.publication)
    return ViewEvidence(
        row.statement,
        row.publication,
        known.citation if known else row.publication,
        row.direction,
        "; ".join(row.species),
        row.system,
        row.read,
        "; ".join(part for part in (row.context, row.effect) if part),
    )


def _view(
    title: str,
    subtitle: str,
    command: str,
    edges: tuple[ViewEdge, ...],
    vocabulary: Vocabulary,
    data_version: str,
    ranked: tuple[ViewRoute, ...],
    hidden: int,
) -> View:
    by_curie = {entity.curie: entity for entity in vocabulary.entities.values()}
    used = sorted({curie for edge in edges for curie in (edge.source, edge.target)})
    nodes = tuple(
        ViewNode(
            curie,
            by_curie[curie].name,
            by_curie[curie].category,
            vocabulary.ontology.layers[by_curie[curie].category],
            by_curie[curie].synonyms,
        )
        for curie in used
    )
    return View(
        title,
        subtitle,
        command,
        data_version,
        vocabulary.ontology.layer_labels,
        nodes,
        edges,
        ranked,
        hidden_edges=hidden,
    )
