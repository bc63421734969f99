"""Parts of pages that are counted from the tables.

`scripts/docs.py` puts them between `<!-- counted: NAME -->` and `<!-- end -->`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from math import isclose, prod
from pathlib import Path

from kg.chains import links
from kg.dataset import Dataset, load
from kg.explain import Weighed
from kg.graph import Context, Weigher
from kg.studies import OUTCOMES

ROOT = Path(__file__).resolve().parent.parent
FIVE = ("SLE", "RA", "SSc", "pSS", "IIM")


def table(names: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """A table in Markdown."""
    lines = [[*names], *([str(cell) for cell in row] for row in rows)]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def share(part: int, whole: int) -> str:
    """A part of a whole, with its share."""
    return f"{part:,} ({part / whole:.0%})"


def worked_example() -> str:
    """Belief, score and weight of the best route from MSC to systemic sclerosis through IL13, number by number."""
    graph = load()
    answer = graph.trace("MSC", "SSc", via=["IL13"])
    route = answer.routes[0]
    mechanism = route.mechanisms[0]
    asked = Context(species="human", disease="SSc")
    weigher = Weigher(graph.vocabulary, asked)
    ontology = graph.vocabulary.ontology
    near: dict[str, set[str]] = {}
    for claim in (graph.assertions[link.claim] for link in links(graph.assertions, graph.vocabulary)):
        if ontology.predicates[claim.predicate].causal != "outcome":
            near.setdefault(claim.subject, set()).add(claim.object)
            near.setdefault(claim.object, set()).add(claim.subject)
    parts = [f"Asked: how does MSC act on SSc through IL13 (data {graph.data_version})? The chain is\n\n"]
    parts += [f"{number}. {step.phrase}\n" for number, step in enumerate(mechanism.steps, 1)]
    numbers: list[float] = []
    for number, account in enumerate(graph.explain(answer, mechanism), 1):
        step = account.step
        parts.append(f"\n**Step {number}, {step.phrase}.**\n\n")
        for side, papers in (("for", account.supporting), ("against", account.refuting)):
            if papers:
                rows = [_weighed(paper, graph, weigher) for paper in papers]
                parts.append(f"{table([f'paper {side} it', 'error', 'context factor', 'support'], rows)}\n")
        pp, pn = (1 - prod(1 - paper.support for paper in side) for side in (account.supporting, account.refuting))
        doubts = [" x ".join(f"{1 - p.support:.3f}" for p in side) for side in (account.supporting, account.refuting)]
        assert isclose(pp * (1 - pn), account.belief), "the example is to be one without refutations in like aspects"
        if account.refuting:
            parts.append(f"The belief is (1 - {doubts[0]}) x {doubts[1]} = {account.belief:.3f}.")
        else:
            parts.append(f"No paper refutes it, so the belief is 1 - {doubts[0]} = {account.belief:.3f}.")
        numbers.append(account.belief)
        if number > 1:
            name = mechanism.steps[number - 2].object
            degree = len(near[name])
            joined = ontology.priors["chain_" + step.attestation.replace(" ", "_")]
            penalty = degree ** -ontology.priors["degree_exponent"]
            exponent = ontology.priors["degree_exponent"]
            turned = not isclose(joined * penalty, account.factor)
            order = ontology.priors["off_grammar"] if turned else 1.0
            assert isclose(joined * penalty * order, account.factor), "the example is to be one without other factors"
            against = f" against the order of classes (a cell acts on a factor) ({order:g})" if turned else ""
            product = f"{joined:g} x {degree}^-{exponent:g}{f' x {order:g}' if turned else ''} = {account.factor:.3f}"
            parts.append(
                f" It follows the step before it as {step.attestation} ({joined:g}){against}, over {name}, "
                f"which claims tie to {degree} other things: {product}."
            )
            numbers.append(account.factor)
        parts.append("\n")
    assert isclose(prod(numbers), mechanism.score)
    product = " x ".join(f"{number:.3f}" for number in numbers)
    sign = prod(step.effect for step in mechanism.steps)
    effects = " x ".join(f"({step.effect:+d})" for step in mechanism.steps)
    said = {-1: "the chain lowers the disease", 1: "the chain raises the disease"}[sign]
    parts.append(f"\n**Score.** {product} = {mechanism.score:.4f} (from the unrounded numbers).\n")
    parts.append(f"\n**Sign.** {effects} = {sign:+d}: {said}.\n")
    scores = [each.score for each in route.mechanisms[: int(ontology.priors["route_mechanisms"])]]
    assert isclose(1 - prod(1 - score for score in scores), route.weight)
    rest = " x ".join(f"{1 - score:.4f}" for score in scores)
    parts.append(
        f"\n**Weight.** {len(scores)} mechanisms go this way ({route.label}), with scores "
        f"{', '.join(f'{score:.4f}' for score in scores)}: 1 - {rest} = {route.weight:.4f}.\n"
    )
    return "".join(parts)


def _weighed(paper: Weighed, graph: Dataset, weigher: Weigher) -> list[str]:
    """A paper behind a step: its error, factor by factor, how well it fits, and its support."""
    row, ontology = paper.evidence, graph.vocabulary.ontology
    reading = "via review" if row.read.startswith("via review") else row.read
    named = [(row.system, ontology.systems[row.system].error), (reading, ontology.reading[reading].error)]
    named += [(row.mediator_test, ontology.mediator_tests[row.mediator_test].error)] if row.mediator_test else []
    named += [("given with another agent", ontology.priors["error_combined"])] if row.combined_with else []
    named += [("doubt", ontology.priors["error_doubt"])] if "doubt" in row.context else []
    error = min(ontology.priors["error_cap"], prod(factor for _, factor in named))
    assert isclose(error, weigher.error(row))
    why = f" ({'; '.join(paper.why)})" if paper.why else ""
    support = f"(1 - {error:.2f}) x {paper.fit:g} = {paper.support:.3f}"
    factors = " x ".join(f"{factor:g} ({name})" for name, factor in named)
    return [row.publication, factors, f"{paper.fit:g}{why}", support]


def limits() -> str:
    """What the tables rest on, and how much of it."""
    graph = load()
    rows = [(claim, row) for claim in graph.assertions for row in claim.evidence]
    total = len(rows)
    read = Counter("via a review" if row.read.startswith("via review") else row.read for _, row in rows)
    parts = [
        f"Data {graph.data_version}: {len(graph.assertions):,} claims, {total:,} findings (rows of evidence) from "
        f"{len({row.publication for _, row in rows}):,} papers.\n\n### What was read\n\n",
        table(["what was read of the paper", "findings"], ((name, share(n, total)) for name, n in read.most_common())),
        "\n### Kind of study\n\n",
        table(
            ["system", "findings"],
            ((name, share(n, total)) for name, n in Counter(row.system for _, row in rows).most_common()),
        ),
        "\n### Species\n\n",
        table(["species of the cells, and of the host", "findings"], _species(graph)),
        "\n### The five diseases\n\n",
        table(
            [
                "disease, with its forms",
                "claims",
                "findings",
                "papers",
                "human findings",
                "by trials",
                "against the claim",
            ],
            (_disease(graph, name) for name in FIVE),
        ),
        "\n### For and against\n\n",
        _against(graph, total),
        "\n### What is not stated\n\n",
        _unstated(graph),
    ]
    return "".join(parts)


def _species(graph: Dataset) -> list[list[object]]:
    rows = [row for claim in graph.assertions for row in claim.evidence]
    kinds: Mapping[str, Callable[[set[str]], bool]] = {
        "human cells or patients alone": lambda all_: all_ == {"human"},
        "human cells in an animal": lambda all_: any(pair.startswith("human>") for pair in all_),
        "mouse alone": lambda all_: all_ == {"mouse"},
        "not stated": lambda all_: not all_,
    }
    counts = {name: sum(is_(set(row.species)) for row in rows) for name, is_ in kinds.items()}
    counts["other, or several"] = len(rows) - sum(counts.values())
    return [[name, share(number, len(rows))] for name, number in counts.items()]


def _disease(graph: Dataset, name: str) -> list[object]:
    family = {name, *graph.vocabulary.descendants(name)}
    found = [(claim, row) for claim in graph.assertions for row in claim.evidence if row.disease in family]
    trials = {"clinical trial", "controlled trial", "meta-analysis"}
    return [
        name,
        f"{len({claim.id for claim, _ in found}):,}",
        f"{len(found):,}",
        f"{len({row.publication for _, row in found}):,}",
        share(sum(_of_msc(graph, claim.subject) for claim, _ in found), len(found)),
        share(sum("human" in row.species for _, row in found), len(found)),
        share(sum(row.system in trials for _, row in found), len(found)),
        share(sum(row.direction == "refutes" for _, row in found), len(found)),
    ]


def _of_msc(graph: Dataset, name: str) -> bool:
    return any(graph.vocabulary.is_a(name, kind) for kind in ("MesenchymalStemCell", "MSCProduct"))


def _against(graph: Dataset, total: int) -> str:
    refuting = sum(row.direction == "refutes" for claim in graph.assertions for row in claim.evidence)
    outcomes = {"ameliorates": 0, "no_effect_on": 0, "exacerbates": 0}
    for claim in graph.assertions:
        if claim.predicate in outcomes:
            outcomes[claim.predicate] += sum(row.direction == "supports" for row in claim.evidence)
    studies = {
        people: Counter(each.outcome for each in graph.select_studies(people=people)) for people in (False, True)
    }
    lines = [[name, studies[False][name], studies[True][name]] for name in OUTCOMES]
    return (
        f"Of {total:,} findings {share(refuting, total)} speak against the claim they stand under. Of the tested "
        f"therapies {outcomes['ameliorates']:,} findings are of improvement, {outcomes['no_effect_on']:,} of no effect "
        f"and {outcomes['exacerbates']:,} of harm. The studies that gave MSC ended so:\n\n"
        + table(["outcome", "studies of animals and people", "of them of people"], lines)
    )


def _unstated(graph: Dataset) -> str:
    rows = [(claim, row) for claim in graph.assertions if _of_msc(graph, claim.subject) for row in claim.evidence]
    named = [row for _, row in rows if row.mediator]
    tested = Counter(row.mediator_test for row in named)
    removed = sum(tested[name] for name in ("blockade", "knockdown"))
    tissue, donor = (sum(not getattr(row, name) for _, row in rows) for name in ("msc_source", "donor"))
    return (
        f"Of {len(rows):,} findings about what MSC or their products do, {share(tissue, len(rows))} do not say the "
        f"tissue of the MSC, {share(donor, len(rows))} not the donor. {share(len(named), len(rows))} name a mediator; "
        f"of these {share(removed, len(named))} took it away and saw the effect fall, the others added it, correlated "
        f"it, found it not needed, or only state it.\n"
    )


def reviewed() -> str:
    """What the readers of the first routes judged, from the table of docs/routes-reviewed.md."""
    text = (ROOT / "docs" / "routes-reviewed.md").read_text(encoding="utf-8")
    match = re.search(r"^\| all \|" + r" (\d+) \|" * 6 + "$", text, re.MULTILINE)
    assert match is not None, "docs/routes-reviewed.md has no line of all diseases"
    numbers = [int(each) for each in match.groups()]
    rows = []
    for kind, counts in (("routes", numbers[:3]), ("counter-routes", numbers[3:])):
        rows.append([f"first {kind}, {sum(counts)}", *(share(each, sum(counts)) for each in counts)])
    return table(["what was judged", "right", "doubtful", "wrong"], rows)


def aspects() -> str:
    """The aspects of the ontology."""
    known = load().vocabulary.ontology.aspects.values()
    rows = ([each.name, f"{each.polarity:+d}" if each.polarity else "0", each.definition] for each in known)
    return table(["aspect", "polarity", "meaning"], rows)


COUNTED: Mapping[str, Callable[[], str]] = {
    "aspects": aspects,
    "limits": limits,
    "reviewed": reviewed,
    "worked example": worked_example,
}
