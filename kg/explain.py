"""The arithmetic behind one mechanism: what each paper weighs, what was discounted and why, and how it multiplies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kg.graph import Context, Weigher
from kg.mechanisms import Mechanism, Step
from kg.model import Assertion, Evidence
from kg.vocabulary import Vocabulary

__all__ = ["Account", "Weighed", "explain"]


@dataclass(frozen=True, slots=True)
class Weighed:
    """One paper behind a step, at its best row: support = (1 - error) x fit; `why` says what lowers the fit."""

    evidence: Evidence
    error: float
    fit: float
    support: float
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """One step: belief from the papers for and against it, and the factor it is multiplied with in the score."""

    step: Step
    supporting: tuple[Weighed, ...]
    refuting: tuple[Weighed, ...]
    belief: float
    factor: float


def explain(
    mechanism: Mechanism, claims: Mapping[str, Assertion], vocabulary: Vocabulary, context: Context
) -> tuple[Account, ...]:
    """Return the account of each step that the score rests on, in order; belief x factor over all of them is the score.

    Those are the steps of the shorter form when the mechanism carries its score. A bridge to the target has a factor
    and no papers. `claims` are by id, `context` is that of the trace.
    """
    weigher = Weigher(vocabulary, context)
    steps = mechanism.direct or tuple(step for step in mechanism.steps if not step.bridge)
    accounts = []
    for step in steps:
        claim = claims[step.claim]
        sides = []
        for direction, publications in (("supports", step.publications), ("refutes", step.refuting)):
            rows = [row for row in claim.evidence if row.publication in publications and _speaks(row, direction, step)]
            sides.append(_weighed(claim, rows, weigher))
        accounts.append(Account(step, sides[0], sides[1], step.belief, step.factor))
    end, target = steps[-1].object, mechanism.steps[-1].object
    if end != target:
        form = target in vocabulary.ancestors(end)
        factor = vocabulary.ontology.priors["target_bridge" if form else "manifestation"]
        predicate = "subclass_of" if form else "phenotype_of"
        bridge = Step(end, predicate, target, "", "", 1, factor, "", (), (), (), "", bridge=True)
        accounts.append(Account(bridge, (), (), 1.0, factor))
    return tuple(accounts)


def _speaks(row: Evidence, direction: str, step: Step) -> bool:
    failed = row.mediator_test.endswith("without effect")
    if direction == "refutes":
        return row.direction == "refutes" or (failed and bool(set(row.mediator) & set(step.mediators)))
    named = tuple(name for name in row.mediator if name not in (step.subject, step.object))
    return row.direction == "supports" and (
        not step.mediators if failed else named == step.mediators or (not named and step.mediators in ((), (row.mode,)))
    )


def _weighed(claim: Assertion, rows: Sequence[Evidence], weigher: Weigher) -> tuple[Weighed, ...]:
    best: dict[str, Weighed] = {}
    for row in rows:
        fit, why = weigher.context_factor(claim, row), weigher.discounts(claim, row)
        each = Weighed(row, weigher.error(row), fit, weigher.support(claim, row), why)
        if row.publication not in best or each.support > best[row.publication].support:
            best[row.publication] = each
    return tuple(sorted(best.values(), key=lambda w: (-w.support, w.evidence.publication)))
