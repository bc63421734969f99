"""The JSON contracts: every answer as plain values, with the data version, the command and an id to cite."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kg.blockade import Blockade
from kg.centrality import MEASURES, SCALES, Rank
from kg.compare import Comparison
from kg.disagreements import Disagreement, Side
from kg.gaps import Gaps
from kg.mechanisms import Mechanism, Route, Trace

if TYPE_CHECKING:
    from kg.null import Expected, Null

__all__ = [
    "answer",
    "blockade_body",
    "centrality_body",
    "compare_body",
    "disagreements_body",
    "gaps_body",
    "identity",
    "incoherent_body",
    "trace_body",
]


def identity(data_version: str, command: str) -> str:
    """Return the id of an answer: 16 hex digits that depend on data version and command alone."""
    return hashlib.sha256(f"{data_version}\n{command}".encode()).hexdigest()[:16]


def answer(data_version: str, command: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of an answer with `data_version`, `command` and `id` before it."""
    return {"data_version": data_version, "command": command, "id": identity(data_version, command), **body}


def trace_body(trace: Trace, null: Null | None = None) -> dict[str, Any]:
    """Return a trace as in the contract: verdict, outcomes, routes and counter-routes, best first.

    With a null, each route also has `expected` and `chance`, null where it has no such figures.
    """
    return {
        "source": trace.source,
        "target": trace.target,
        "context": {name: value for name, value in trace.context._asdict().items() if value},
        "verdict": {"effect": trace.effect, "reason": trace.reason},
        "tested": trace.tested,
        "agreement": trace.agreement,
        "outcomes": [outcome._asdict() | {"species": list(outcome.species)} for outcome in trace.outcomes],
        "routes": _routes(trace.routes, null),
        "counter_routes": _routes(trace.counter_routes, null),
    }


def incoherent_body(found: Sequence[Mechanism]) -> dict[str, Any]:
    """Return chains that are no mechanism; the step that does not fit says why in its attestation."""
    return {"incoherent": [_mechanism(mechanism) for mechanism in found]}


def _routes(routes: Sequence[Route], null: Null | None) -> list[dict[str, Any]]:
    return [
        {
            "mediators": list(route.mediators),
            "label": route.label,
            "sign": route.sign,
            "weight": round(route.weight, 6),
            **(_expected(null.of(route)) if null else {}),
            "also": [{"label": label, "weight": round(weight, 6)} for label, weight in route.also],
            "mechanisms": [_mechanism(mechanism) for mechanism in route.mechanisms],
        }
        for route in routes
    ]


def _expected(figures: Expected | None) -> dict[str, float | None]:
    if figures is None:
        return {"expected": None, "chance": None}
    return {"expected": round(figures.expected, 6), "chance": round(figures.chance, 6)}


def _mechanism(mechanism: Mechanism) -> dict[str, Any]:
    return {
        "sign": mechanism.sign,
        "score": round(mechanism.score, 6),
        "stage": mechanism.stage,
        "weakest": mechanism.weakest,
        "best_human": mechanism.human,
        "basis": mechanism.basis,
        "direct": "; ".join(step.phrase for step in mechanism.direct),
        "steps": [
            {
                "subject": step.subject,
                "predicate": step.predicate,
                "object": step.object,
                "aspect": step.aspect,
                "cell": step.cell,
                "effect": step.effect,
                "belief": round(step.belief, 6),
                "attestation": step.attestation,
                "publications": list(step.publications),
                "refuting": list(step.refuting),
                "contested": list(step.contested),
                "species": list(step.species),
                "stage": step.stage,
                "mediators": list(step.mediators),
                "primed": list(step.primed),
                "together": list(step.together),
                "titles_only": step.titles_only,
                "bridge": step.bridge,
            }
            for step in mechanism.steps
        ],
    }


def blockade_body(taken: Blockade) -> dict[str, Any]:
    """Return what a blockade takes away; routes by label with their weights before and after."""
    return {
        "blocked": list(taken.blocked),
        "share_lost": round(taken.share, 6),
        "verdict_before": taken.before.effect,
        "lost": [_named(route, route.weight, 0.0) for route in taken.lost],
        "surviving": [_named(route, weight, route.weight) for route, weight in taken.surviving],
        "cuts": [{"blocks": list(cut.blocks), "share": round(cut.share, 6), "all": cut.all} for cut in taken.cuts],
        "experiments": [
            {
                "subject": each.subject,
                "predicate": each.predicate,
                "object": each.object,
                "mediator": each.mediator,
                "test": each.test,
                "needed": each.held,
                "system": each.evidence.system,
                "species": list(each.evidence.species),
                "statement": each.evidence.statement,
                "publication": each.evidence.publication,
            }
            for each in taken.experiments
        ],
    }


def _named(route: Route, before: float, after: float) -> dict[str, Any]:
    names = {"mediators": list(route.mediators), "label": route.label, "sign": route.sign}
    return names | {"before": round(before, 6), "after": round(after, 6)}


def disagreements_body(found: Sequence[Disagreement]) -> dict[str, Any]:
    """Return disagreements as in the contract: pairs, strongest first; what differs as [of a, of b]."""
    return {
        "pairs": [
            {
                "kind": each.kind,
                "weight": round(each.weight, 6),
                "a": _side(each.a),
                "b": _side(each.b),
                "differs": {name: [left, right] for name, left, right in each.differs},
            }
            for each in found
        ]
    }


def _side(side: Side) -> dict[str, Any]:
    row = {name: list(value) if isinstance(value, tuple) else value for name, value in side.evidence._asdict().items()}
    return {
        "subject": side.subject,
        "predicate": side.predicate,
        "object": side.object,
        "effect_sign": side.effect,
        **row,
    }


def compare_body(left: str, right: str, answer: Comparison) -> dict[str, Any]:
    """Return a comparison as in the contract, best first."""
    pairs = {
        name: [
            {
                "label": pair.label,
                "mediators": list(pair.left.mediators),
                "weight": round(pair.weight, 6),
                "common": list(pair.common),
                "left": _side_of(pair.left),
                "right": _side_of(pair.right),
            }
            for pair in each
        ]
        for name, each in (("shared", answer.shared), ("opposite", answer.opposite))
    }
    alone = {
        name: [
            {
                "label": each.label,
                "mediators": list(each.route.mediators),
                **_side_of(each.route),
                "faint": _side_of(each.faint) if each.faint else None,
            }
            for each in routes
        ]
        for name, routes in (("only_left", answer.only_left), ("only_right", answer.only_right))
    }
    verdicts = {"left": answer.left.effect, "right": answer.right.effect}
    return {"left": left, "right": right, "verdicts": verdicts, **pairs, **alone}


def _side_of(route: Route) -> dict[str, Any]:
    papers = sorted({paper for mechanism in route.mechanisms for paper in mechanism.publications})
    best = route.mechanisms[0]
    return {"sign": route.sign, "weight": round(route.weight, 6), "mechanism": best.phrase, "publications": papers}


def centrality_body(measure: str, ranks: Sequence[Rank], disease: str, msc_source: str) -> dict[str, Any]:
    """Return a ranking as in the contract: what the measure says, its scale, and rows, best first."""
    rows = [asdict(each) | {"value": float(f"{each.value:.6g}")} for each in ranks]
    columns = ("rank", "name", "curie", "category", "value")
    return {
        "measure": measure,
        "explanation": MEASURES[measure],
        "scale": SCALES[measure],
        "scope": disease or "all",
        "msc_source": msc_source,
        "rows": [{column: row[column] for column in columns} for row in rows],
    }


def gaps_body(answer: Gaps) -> dict[str, Any]:
    """Return gaps as in the contract: matrix by name, the rest best first; an empty mediator is one not stated."""
    body = asdict(answer)
    for name in ("elsewhere", "untested"):
        for each in body[name]:
            each["rank"] = round(each["rank"], 6)
    for each in body["unreached"]:
        each["belief"] = round(each["belief"], 6)
    return body
