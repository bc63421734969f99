"""Where papers disagree, and in which context they differ: contradiction as an answer, not as noise."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from kg.graph import Weigher
from kg.model import Assertion, Evidence
from kg.vocabulary import Vocabulary

NULL_REFUTED = 9  # a row that refutes "no effect" says that there is one, not which
__all__ = ["CONTEXT", "Disagreement", "Side", "disagreements"]

CONTEXT = (
    "aspect",
    "cell",
    "msc_source",
    "priming",
    "donor",
    "species",
    "system",
    "model",
    "disease",
    "mode",
    "combined_with",
    "context",
)


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a disagreement: a claim and one row of its evidence; `effect` in {-1, 0, 1} is what the row says."""

    subject: str
    predicate: str
    object: str
    effect: int
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Two rows that cannot both be the whole truth about one pair of things.

    `kind` is refuted (one supports, one refutes the same claim, or found no effect) or opposite (two claims with
    opposite effects). `differs` holds, for each column of context in which they differ, both values; an empty one means
    not stated. `weight` in [0, 1] is the lesser support of the two: a disagreement is as strong as its weaker side.
    """

    kind: str
    a: Side
    b: Side
    differs: tuple[tuple[str, str, str], ...]
    weight: float

    @property
    def explained(self) -> bool:
        """Whether some stated context differs, and so may explain it."""
        return any(left and right for _, left, right in self.differs)


def disagreements(
    claims: Sequence[Assertion], vocabulary: Vocabulary, *, about: str = "", disease: str = "", count: int = 0
) -> tuple[Disagreement, ...]:
    """Answer where papers disagree, strongest first, one entry per pair of claims and papers; ties by name.

    Parameters
    ----------
    about
        Keep only pairs that speak of this entity or a kind of it, as subject or object.
    disease
        Keep only pairs of which a row was seen in this disease or a kind of it, or that name it.
    count
        Keep the first so many; 0 keeps all.

    Returns
    -------
    tuple of Disagreement
        Opposite claims count when they speak of aspects that chain alike (proliferation and abundance do, phagocytosis
        does not); association is not set against cause. Empty when nobody disagrees.
    """
    ontology = vocabulary.ontology
    weigher = Weigher(vocabulary)
    kin = {about, *vocabulary.descendants(about)} if about else frozenset()
    family = {disease, *vocabulary.descendants(disease)} if disease else frozenset()
    grouped: dict[tuple[str, str, str, str], list[tuple[Assertion, Evidence, int]]] = defaultdict(list)
    for claim in claims:
        if kin and not kin & {claim.subject, claim.object}:
            continue
        predicate = ontology.predicates[claim.predicate]
        if not predicate.sign and predicate.causal != "outcome":
            continue
        aspect = ontology.aspects.get(claim.aspect)
        group = aspect.chains_as if aspect and predicate.bearer == "object" else claim.aspect
        key = (claim.subject, claim.object, predicate.causal, group)
        for row in claim.evidence:
            stand = claim.effect if row.direction == "supports" else 0
            if predicate.name == "no_effect_on":
                stand = 0 if row.direction == "supports" else NULL_REFUTED
            grouped[key].append((claim, row, stand))
    found: dict[tuple[str, str, str, str], Disagreement] = {}
    for key in sorted(grouped):
        members = grouped[key]
        for (left, one, stand), (right, two, other) in product(members, members):
            if stand not in (1, -1) or other in (stand, NULL_REFUTED):
                continue
            if other == -stand and (left.id, one.publication) > (right.id, two.publication):
                continue  # each pair of opposite claims once
            if other == 0 and left.effect == 0:
                continue
            if other == 0 and right is not left and right.predicate != "no_effect_on" and right.effect != stand:
                continue  # a refuted claim of the other sign agrees with this one
            if family and not (family & {one.disease, two.disease, left.subject, left.object}):
                continue
            differs = _differs(left, one, right, two)
            weight = min(weigher.support(left, one), weigher.support(right, two))
            kind = "opposite" if other else "refuted"
            entry = Disagreement(kind, _side(left, one, stand), _side(right, two, other), differs, weight)
            pair = (left.id, one.publication, right.id, two.publication)
            if pair not in found or found[pair].weight < weight:
                found[pair] = entry
    ordered = sorted(
        found.values(),
        key=lambda d: (
            -round(d.weight, 9),
            d.a.subject,
            d.a.object,
            d.a.evidence.publication,
            d.b.evidence.publication,
            d.a.predicate,
        ),
    )
    return tuple(ordered[:count] if count else ordered)


def _side(claim: Assertion, row: Evidence, stand: int) -> Side:
    return Side(claim.subject, claim.predicate, claim.object, stand, row)


def _differs(left: Assertion, one: Evidence, right: Assertion, two: Evidence) -> tuple[tuple[str, str, str], ...]:
    result = []
    for column in CONTEXT:
        claimed = column in ("aspect", "cell")
        a, b = (getattr(left if claimed else one, column), getattr(right if claimed else two, column))
        texts = ["; ".join(value) if isinstance(value, tuple) else value for value in (a, b)]
        if texts[0] != texts[1]:
            result.append((column, texts[0], texts[1]))
    return tuple(result)
