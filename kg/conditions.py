"""What a condition does: the claims about it turned round, so that a question can start from a disease."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from kg.model import Assertion, Evidence, assertion_id
from kg.vocabulary import Vocabulary

__all__ = ["from_conditions"]


def from_conditions(claims: Sequence[Assertion], vocabulary: Vocabulary) -> tuple[Assertion, ...]:
    """Return the claims and, after them, what they say of conditions as seen from there; in the order of the claims.

    "IL6 increased_in SLE" becomes "SLE has_increased IL6": the inverse of the predicate in the ontology, the same
    evidence. "SLE-MSC has_function_defect IDO1", where every row is from SLE, becomes "SLE has_function_defect IDO1" in
    those MSC. Nothing is added to the dataset: these claims are read off for the question.

    Examples
    --------
    >>> import kg
    >>> graph = kg.load()
    >>> turned = from_conditions(graph.assertions, graph.vocabulary)[len(graph.assertions):]
    >>> {claim.predicate for claim in turned} == {"has_increased", "has_decreased", "has_function_defect"}
    True
    """
    inverses = {known.inverse: known.name for known in vocabulary.ontology.predicates.values() if known.inverse}
    found: dict[str, Assertion] = {}

    def turn(
        condition: str, predicate: str, name: str, claim: Assertion, cell: str, rows: tuple[Evidence, ...]
    ) -> None:
        curies = [vocabulary.entities[each].curie if each else "" for each in (condition, name, cell)]
        identity = assertion_id(curies[0], predicate, curies[1], claim.aspect, curies[2])
        effect = vocabulary.effect(predicate, claim.aspect)
        known = found[identity].evidence if identity in found else ()
        found[identity] = Assertion(condition, predicate, name, claim.aspect, cell, effect, known + rows, identity)

    for claim in claims:
        if claim.predicate in inverses and not vocabulary.is_a(claim.subject, "Condition"):
            turn(claim.object, inverses[claim.predicate], claim.subject, claim, claim.cell, claim.evidence)
        elif claim.predicate == "has_function_defect":
            seen: dict[str, list[Evidence]] = defaultdict(list)
            for row in claim.evidence:
                if row.disease:
                    seen[row.disease].append(row)
            cell = claim.cell or ("" if vocabulary.is_a(claim.object, "MesenchymalStemCell") else claim.subject)
            for disease, some in sorted(seen.items()):
                turn(disease, claim.predicate, claim.object, claim, cell, tuple(some))
    return (*claims, *found.values())
