"""The page of an answer to "how does a source act on a target?": the question asked once, what the template needs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from kg import questions
from kg.explain import Account
from kg.mechanisms import Mechanism, Route, Trace
from kg.shell import href

if TYPE_CHECKING:
    from kg.blockade import Blockade
    from kg.dataset import Dataset
    from kg.graph import Context
    from kg.model import Publication
    from kg.null import Expected, Null

__all__ = ["CONTEXT", "Line", "answered", "choices", "cited", "values", "view"]

CONTEXT = ("species", "msc_source", "priming", "mode", "donor", "stage", "disease")
TAXA = ("human", "mouse", "rat", "any")
WAY = frozenset({"ImmuneCell", "TissueCell", "BiologicalProcess"})
DIRECT = 6  # rows that are shown before the rest is asked for
Given = Sequence[tuple[str, str]]


class Line(NamedTuple):
    """A route as it is listed: `rank` is that in the picture, `before` its weight before a blockade, if there is one.

    `blocks` are what can be blocked on it: its mediators, or the cells it passes when papers name none.
    """

    rank: int
    route: Route
    accounts: tuple[Account, ...]
    papers: tuple[str, ...]
    refuting: tuple[str, ...]
    species: tuple[str, ...]
    blocks: tuple[str, ...]
    expected: Expected | None
    before: float | None


def values(given: Given) -> tuple[list[tuple[str, str]], dict[str, Any]]:
    """Return what of an address belongs to the question, empty values left out, and its values. Raises RequestError."""
    question = questions.QUESTIONS["trace"]
    known = {parameter.name for parameter in question.parameters}
    kept = [(name, value.strip()) for name, value in given if name in known and value.strip()]
    kept = [(name, value) for name, value in dict.fromkeys(kept) if (name, value) != ("incoherent", "false")]
    return kept, questions.values_of(question, kept)


def _asked(graph: Dataset, wanted: Mapping[str, Any]) -> tuple[Trace, Trace, Blockade | None, Context]:
    """Ask: as many routes as wanted, all of them before any blockade, the blockade, and the context."""
    context = questions.context_of(graph, **{name: wanted[name] for name in CONTEXT})
    options = {name: wanted[name] for name in ("max_length", "via", "avoid")}
    ends = (wanted["source"], wanted["target"])
    taken = graph.blockade(*ends, wanted["block"], context, **options) if wanted["block"] else None
    every = taken.before if taken else graph.trace(*ends, context, count=0, **options)
    left = taken.after if taken else every
    shown = {name: getattr(left, name)[: wanted["count"]] for name in ("routes", "counter_routes")}
    return left._replace(**shown), every, taken, context


def view(graph: Dataset, given: Given) -> Any:
    """Return the picture of the answer. Raises UnknownTerm, also when there is nothing to draw."""
    from kg import gallery

    _, wanted = values(given)
    answer, _, taken, _ = _asked(graph, wanted)
    return gallery.blocked(graph, taken, wanted["count"]) if taken else gallery.routes(graph, answer)


def cited(graph: Dataset, given: Given) -> tuple[Publication, ...]:
    """Return the papers behind an answer: of the steps of its mechanisms, and of what was tested."""
    _, wanted = values(given)
    answer, *_ = _asked(graph, wanted)
    routes = (*answer.routes, *answer.counter_routes)
    papers = {paper for route in routes for mechanism in route.mechanisms for paper in mechanism.publications}
    return graph.cited({*papers, *(outcome.publication for outcome in answer.outcomes)})


def choices(graph: Dataset) -> dict[str, list[str]]:
    """Return what the fields of a context may hold, the most used first where there are many."""
    ontology = graph.vocabulary.ontology
    primed = Counter(name for claim in graph.assertions for row in claim.evidence for name in row.priming)
    systems = sorted(ontology.systems, key=lambda name: -ontology.systems[name].stage)
    return {
        "species": list(TAXA),
        "msc_source": sorted(ontology.msc_sources),
        "priming": [name for name, _ in sorted(primed.items(), key=lambda each: (-each[1], each[0]))],
        "mode": sorted(ontology.modes),
        "donor": list(ontology.donors),
        "stage": systems,
    }


def answered(graph: Dataset, given: Given) -> dict[str, Any]:
    """Return what the page of an answer is filled in with. Raises RequestError and UnknownTerm."""
    kept, wanted = values(given)
    question = questions.QUESTIONS["trace"]
    answer, every, taken, context = _asked(graph, wanted)
    source, target = (graph.resolve(wanted[name]).name for name in ("source", "target"))
    null = None
    if wanted["null"]:
        options = {name: wanted[name] for name in ("max_length", "via", "avoid", "seed", "block")}
        null = graph.null(source, target, context, shuffles=wanted["null"], **options)
    odd = None
    if wanted["incoherent"]:
        options = {name: wanted[name] for name in ("max_length", "via", "avoid", "count")}
        odd = graph.incoherent(source, target, context, **options)
    condition = graph.vocabulary.is_a(target, "Condition")
    words = ("ameliorate", "exacerbate") if condition else ("lower", "raise")
    lines = _lines(graph, answer, taken, null)
    disease = answer.context.disease
    basis = {
        "tested": f"tested in {disease}",
        "seen": f"seen in {disease}",
        "assembled": "assembled from other settings",
    }
    shown = Counter(route.mechanisms[0].basis for route in answer.routes)
    command = questions.command(question, wanted)
    from kg.answers import identity

    return {
        "kept": kept,
        "wanted": wanted,
        "source": source,
        "target": target,
        "condition": condition,
        "answer": answer,
        "taken": taken,
        "null": null,
        "odd": odd,
        "groups": [
            ([each for each in lines if each.route.sign == sign], words[sign > 0])
            for sign in sorted({each.route.sign for each in lines}, key=lambda s: s != _main(answer))
        ],
        "basis": basis if disease else {},
        "bases": [(shown[key], said) for key, said in basis.items() if disease and shown[key]],
        "fits": graph.fits(answer),
        "direct": [] if condition else _direct(graph, wanted),
        "way": _way(graph, answer, source, target, wanted),
        "discounted": _discounted(lines),
        "command": command,
        "identity": identity(graph.data_version, command),
        "choices": choices(graph),
        "blockable": _blockable(graph, every, wanted["block"]),
        "unblocked": {
            name: href("/trace", [each for each in kept if each != ("block", name)]) for name in wanted["block"]
        },
    }


def _main(answer: Trace) -> int:
    return answer.routes[0].sign if answer.routes else 0


def _lines(graph: Dataset, answer: Trace, taken: Blockade | None, null: Null | None) -> list[Line]:
    every = (*answer.routes, *answer.counter_routes)
    if taken:
        before = {(route.label, route.sign): weight for route, weight in taken.surviving}
        ranks: dict[tuple[str, int], int] = {}
    else:
        ordered = sorted(every, key=lambda route: (-route.weight, route.label, route.sign))
        before, ranks = {}, {(route.label, route.sign): rank for rank, route in enumerate(ordered, 1)}
    found = []
    for route in every:
        key = (route.label, route.sign)
        steps = [step for mechanism in route.mechanisms for step in (*mechanism.steps, *mechanism.direct)]
        found.append(
            Line(
                ranks.get(key, 0),
                route,
                graph.explain(answer, route.mechanisms[0]),
                tuple(sorted({paper for mechanism in route.mechanisms for paper in mechanism.publications})),
                tuple(sorted({paper for step in steps for paper in step.refuting})),
                tuple(sorted({taxon for step in steps for taxon in step.species})),
                _blocks(graph, answer, route),
                null.of(route) if null else None,
                before.get(key),
            )
        )
    return found


def _blocks(graph: Dataset, answer: Trace, route: Route) -> tuple[str, ...]:
    ends = {answer.source, answer.target}
    known = graph.vocabulary.entities
    names = [name for name in route.mediators if name in known or name in graph.vocabulary.ontology.modes]
    if not names:
        names = [step.object for step in route.mechanisms[0].steps if not step.bridge][:1]
    return tuple(name for name in names if name not in ends)


def _blockable(graph: Dataset, every: Trace, blocked: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Return what may be blocked, by heading: mediators and cells of all routes, ways of action, sources."""
    ontology, entities = graph.vocabulary.ontology, graph.vocabulary.entities
    gone = {every.source, every.target, *blocked}
    routes = (*every.routes, *every.counter_routes)
    mediators = sorted({name for route in routes for name in route.mediators if name in entities} - gone)
    cells = {name for route in routes for mechanism in route.mechanisms for name in _passed(graph, mechanism)}
    groups = [
        ("Mediators on the routes", mediators),
        ("Cells and processes on the way", sorted(cells - gone - set(mediators))),
        ("Ways of action", sorted(set(ontology.modes) - gone)),
        ("MSC sources", sorted(set(ontology.msc_sources) - gone - {"mixed"})),
    ]
    return [each for each in groups if each[1]]


def _passed(graph: Dataset, mechanism: Mechanism) -> list[str]:
    entities = graph.vocabulary.entities
    return [name for name in mechanism.nodes if name in entities and entities[name].category in WAY]


def _way(graph: Dataset, answer: Trace, source: str, target: str, wanted: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Cells and processes on the way, in the order of the routes, each with the address of what papers say of them."""
    names = dict.fromkeys(
        name
        for route in (*answer.routes, *answer.counter_routes)
        for mechanism in route.mechanisms
        for name in _passed(graph, mechanism)
        if name not in (answer.source, answer.target)
    )
    disease = wanted["disease"] or (target if graph.vocabulary.is_a(target, "Condition") else "")
    more = [("disease", disease), ("msc_source", wanted["msc_source"])]
    return [(name, href("/claims", [("subject", source), ("object", name), *more])) for name in names]


def _direct(graph: Dataset, wanted: Mapping[str, Any]) -> list[Any]:
    """Claims of the source on the target itself, the best supported first."""
    return list(
        graph.select_claims(
            subject=wanted["source"],
            object=wanted["target"],
            disease=wanted["disease"],
            msc_source=wanted["msc_source"],
        )
    )


def _discounted(lines: Sequence[Line]) -> list[tuple[str, tuple[str, ...], float, tuple[str, ...]]]:
    """Papers behind the best mechanisms that count less than fully: paper, steps, fit and why; least fit first."""
    found: dict[tuple[str, float, tuple[str, ...]], list[str]] = {}
    for line in lines:
        for account in line.accounts:
            for paper in (*account.supporting, *account.refuting):
                if paper.why:
                    steps = found.setdefault((paper.evidence.publication, paper.fit, paper.why), [])
                    if account.step.phrase not in steps:
                        steps.append(account.step.phrase)
    return [
        (paper, tuple(steps), fit, why)
        for (paper, fit, why), steps in sorted(found.items(), key=lambda each: (each[0][1], each[0][0], each[0][2]))
    ]
