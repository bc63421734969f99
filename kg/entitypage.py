"""The pages of one thing: an entity with what acts on it and what it acts on, a paper, a claim."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kg.errors import CurationError
from kg.shell import href

if TYPE_CHECKING:
    from kg.dataset import Dataset
    from kg.model import Assertion, Entity

__all__ = ["claim", "entity", "paper"]

DISEASES = ("SLE", "RA", "SSc", "pSS", "IIM")
TITLES = (
    ("raises", "{} raises"),
    ("lowers", "{} lowers"),
    ("raised_by", "Raises {}"),
    ("lowered_by", "Lowers {}"),
    ("other", "Other claims"),
)


def entity(graph: Dataset, found: Entity) -> dict[str, Any]:
    """Return what the page of an entity is filled in with."""
    card = graph.show(found.name)
    vocabulary = graph.vocabulary
    above = vocabulary.ontology.superclasses[found.category]
    condition = "Condition" in above
    inward, outward = [], []
    if not condition and "Taxon" not in above:
        outward = [name for name in DISEASES if name in vocabulary.entities and name != found.name]
    if "MesenchymalStemCell" not in above and "Taxon" not in above and "MSC" in vocabulary.entities:
        inward = ["MSC"]
    try:
        iri = vocabulary.ontology.expand(found.curie)
    except CurationError:
        iri = ""
    groups = [
        (title.format(found.name), name in ("raises", "lowers", "other"), getattr(card, name)) for name, title in TITLES
    ]
    return {
        "entity": found,
        "iri": iri,
        "card": card,
        "condition": condition,
        "groups": [each for each in groups if each[2]],
        "papers": len({paper for _, _, each in groups for one in each for paper in (*one.publications, *one.refuting)}),
        "questions": [
            (f"How does {source} act on {target}?", href("/trace", [("source", source), ("target", target)]))
            for source, target in (*((name, found.name) for name in inward), *((found.name, name) for name in outward))
        ],
    }


def paper(graph: Dataset, curie: str) -> dict[str, Any]:
    """Return what the page of a publication is filled in with: all claims with a row of it, and its studies."""
    from kg.selection import select

    return {
        "paper_": graph.publications[curie],
        "chosen": select(graph.assertions, graph.vocabulary, publication=curie),
        "withdrawn": [
            (claim, row) for claim in graph.assertions for row in claim.withdrawn if row.publication == curie
        ],
        "studies": [study for study in graph.studies if study.publication == curie],
    }


def claim(graph: Dataset, identity: str) -> Assertion | None:
    """Return the claim of an id, if there is one."""
    return next((each for each in graph.assertions if each.id == identity), None)
