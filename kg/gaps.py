"""What has been tested in a disease and what has not: mediators of MSC against cells, and the best evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from kg.graph import Context, Weigher
from kg.model import Assertion, Evidence
from kg.notebook import page, papers, signed, table
from kg.vocabulary import Vocabulary

__all__ = ["Driver", "Field", "Gaps", "Untested", "gaps"]

MSC = frozenset({"MesenchymalStemCell", "MSCProduct"})
CELLS = frozenset({"ImmuneCell", "TissueCell"})
STEPS = CELLS | {"BiologicalProcess"}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the matrix: what papers on the disease say of a mediator of MSC and a cell.

    `mediator` is empty where MSC change the cell and the paper names no mediator. `effects` holds the signs found, of
    -1 and 1. `best_stage` is the highest rung of the translational ladder, `human_stage` the same over human evidence
    alone, what reviews say aside, empty when there is none. `by_msc` says that MSC or a product acted, in a paper.
    """

    mediator: str
    cell: str
    effects: tuple[int, ...]
    best_stage: str
    human_stage: str
    by_msc: bool
    publications: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Untested:
    """A pair shown elsewhere and not in the disease: an experiment to do next.

    `role` is 1 when the cell drives the disease by what the tables say, -1 when it restrains it; `expected` in {-1, 1}
    is effect times role: -1 would help. `rank` in [0, 1] is belief in the pair elsewhere times belief in the role.
    `diseases` are those in which it was shown, connective tissue diseases first; `best_stage` the highest rung there.
    """

    mediator: str
    cell: str
    effect: int
    role: int
    expected: int
    rank: float
    best_stage: str
    diseases: tuple[str, ...]
    publications: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Driver:
    """A cell or process of the disease on which no effect of MSC was shown in it.

    `role` is 1 when it drives the disease, -1 when it restrains it; `belief` in [0, 1] is that in the role. `diseases`
    are those in which MSC were shown to act on it; with `elsewhere` False nothing was shown anywhere.
    """

    name: str
    role: int
    belief: float
    elsewhere: bool
    diseases: tuple[str, ...]
    publications: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gaps:
    """The matrix of a disease, and what is missing from it, best first.

    `mediators` and `cells` are rows and columns of the matrix, by name. `no_human` are the fields without human
    evidence, highest rung first. `elsewhere` are untested pairs shown in another connective tissue disease, `untested`
    those shown only outside them. `unreached` are the cells and processes of the disease that no paper shows MSC to act
    on in it, by belief in their role.
    """

    disease: str
    mediators: tuple[str, ...]
    cells: tuple[str, ...]
    matrix: tuple[Field, ...]
    no_human: tuple[Field, ...]
    elsewhere: tuple[Untested, ...]
    untested: tuple[Untested, ...]
    unreached: tuple[Driver, ...]

    def __repr__(self) -> str:
        counts = f"{len(self.matrix)} pairs tested, {len(self.elsewhere) + len(self.untested)} to test"
        return f"<gaps of {self.disease}: {counts}>"

    def _repr_html_(self) -> str:
        fields = ["mediator", "cell", "effect", "best stage", "human stage", "by MSC", "papers"]
        tables = [
            table(fields, map(_field, each), title=title)
            for title, each in (("Tested", self.matrix), ("Without human evidence", self.no_human))
        ]
        names = ["mediator", "cell", "effect", "expected", "rank", "best stage", "shown in", "papers"]
        tables += [
            table(names, map(_untested, each), title=title)
            for title, each in (
                ("Shown in another connective tissue disease only", self.elsewhere),
                ("Shown outside connective tissue disease only", self.untested),
            )
        ]
        drivers = [
            [
                each.name,
                "drives" if each.role > 0 else "restrains",
                each.belief,
                each.diseases,
                papers(each.publications),
            ]
            for each in self.unreached
        ]
        names = ["cell or process", "role", "belief", "MSC shown to act on it in", "papers"]
        title = "Cells and processes that MSC were not shown to act on here"
        return page(f"Gaps of {self.disease}", *tables, table(names, drivers, title=title))


def _field(each: Field) -> list[object]:
    effects = " and ".join(map(signed, each.effects))
    stages = [each.best_stage, each.human_stage or "none", each.by_msc]
    return [each.mediator or "(not stated)", each.cell, effects, *stages, papers(each.publications)]


def _untested(each: Untested) -> list[object]:
    expected = "helps" if each.expected < 0 else "harms"
    head = [each.mediator, each.cell, signed(each.effect), expected, each.rank, each.best_stage]
    return [*head, each.diseases or "unspecific", papers(each.publications)]


def gaps(
    claims: Sequence[Assertion], vocabulary: Vocabulary, disease: str, connective: str = "connective tissue disease"
) -> Gaps:
    """Answer what was tested in a disease, and which pairs of mediator and cell would be the next experiments.

    Mediators are factors that MSC or their products secrete, express or act through, in any disease. A pair is shown by
    a causal claim of the mediator on the cell, or of MSC on the cell with that mediator. Rows count for the disease if
    they were seen in it or in a kind of it. `connective` names what all connective tissue diseases are. Empty lists
    when the tables say nothing of the disease.
    """
    ontology = vocabulary.ontology
    ladder = ontology.systems
    family = {disease, *vocabulary.descendants(disease)}
    others = {connective, *vocabulary.descendants(connective)} - family
    weigher = Weigher(vocabulary, Context())
    mediators = _mediators(claims, vocabulary)
    pairs: dict[tuple[str, str], list[tuple[Assertion, Evidence, int]]] = defaultdict(list)
    for claim in claims:
        if not claim.effect or ontology.predicates[claim.predicate].causal != "yes":
            continue
        if not ontology.superclasses[vocabulary.entities[claim.object].category] & CELLS:
            continue
        carried = bool(ontology.superclasses[vocabulary.entities[claim.subject].category] & MSC)
        for row in claim.evidence:
            if row.direction != "supports" or row.mediator_test.endswith("without effect"):
                continue
            for name in (row.mediator or ("",)) if carried else (claim.subject,):
                if name in mediators or not name:
                    pairs[(name, claim.object)].append((claim, row, claim.effect))
    roles = _roles(claims, vocabulary, weigher, family)
    matrix, untested = [], []
    for mediator, cell in sorted(pairs):
        rows = pairs[(mediator, cell)]
        here = [(claim, row, effect) for claim, row, effect in rows if row.disease in family]
        if here:
            human = [row.system for _, row, _ in here if "human" in row.species and ladder[row.system].stage > 1]
            matrix.append(
                Field(
                    mediator,
                    cell,
                    tuple(sorted({effect for _, _, effect in here})),
                    max((row.system for _, row, _ in here), key=lambda name: ladder[name].stage),
                    max(human, key=lambda name: ladder[name].stage, default=""),
                    any(_of_msc(claim, row, vocabulary) for claim, row, _ in here),
                    tuple(sorted({row.publication for _, row, _ in here})),
                )
            )
        elif cell in roles and mediator:
            role, involved, _ = roles[cell]
            for effect in (-1, 1):
                said = [(claim, row) for claim, row, each in rows if each == effect]
                if not said:
                    continue
                doubt = 1.0
                for publication in sorted({row.publication for _, row in said}):
                    doubt *= 1 - max(weigher.support(c, row) for c, row in said if row.publication == publication)
                seen = sorted(
                    {row.disease for _, row in said if row.disease}, key=lambda name: (name not in others, name)
                )
                untested.append(
                    Untested(
                        mediator,
                        cell,
                        effect,
                        role,
                        effect * role,
                        (1 - doubt) * involved,
                        max((row.system for _, row in said), key=lambda name: ladder[name].stage),
                        tuple(seen),
                        tuple(sorted({row.publication for _, row in said})),
                    )
                )
    untested.sort(key=lambda each: (-round(each.rank, 9), each.mediator, each.cell, each.effect))
    bare = [field for field in matrix if not field.human_stage]
    bare.sort(key=lambda field: (-ladder[field.best_stage].stage, field.mediator, field.cell))
    return Gaps(
        disease,
        tuple(sorted({field.mediator for field in matrix if field.mediator})),
        tuple(sorted({field.cell for field in matrix})),
        tuple(matrix),
        tuple(bare),
        tuple(each for each in untested if others.intersection(each.diseases)),
        tuple(each for each in untested if not others.intersection(each.diseases)),
        _unreached(claims, vocabulary, weigher, family),
    )


def _unreached(
    claims: Sequence[Assertion], vocabulary: Vocabulary, weigher: Weigher, family: set[str]
) -> tuple[Driver, ...]:
    reached: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for claim in claims:
        if claim.effect and vocabulary.ontology.predicates[claim.predicate].causal == "yes":
            for row in claim.evidence:
                if row.direction == "supports" and _of_msc(claim, row, vocabulary):
                    reached[claim.object].append((row.disease, row.publication))
    found = []
    for name, (role, belief, cited) in _roles(claims, vocabulary, weigher, family, STEPS).items():
        rows = [pair for each in sorted({name, *vocabulary.descendants(name)}) for pair in reached.get(each, ())]
        if not any(disease in family for disease, _ in rows):
            diseases = tuple(sorted({disease for disease, _ in rows if disease}))
            found.append(Driver(name, role, belief, bool(rows), diseases, cited))
    return tuple(sorted(found, key=lambda each: (each.elsewhere, -round(each.belief, 9), each.name)))


def _of_msc(claim: Assertion, row: Evidence, vocabulary: Vocabulary) -> bool:
    """Whether MSC or a product act in a row: as its subject, or at the head of the claim of which it is a leg."""
    head = row.leg_of.partition(" -> ")[0] or claim.subject
    return bool(vocabulary.ontology.superclasses[vocabulary.entities[head].category] & MSC)


def _mediators(claims: Sequence[Assertion], vocabulary: Vocabulary) -> frozenset[str]:
    """Factors that MSC or their products secrete, express, raise in themselves or act through."""
    superclasses, entities = vocabulary.ontology.superclasses, vocabulary.entities
    found: set[str] = set()
    for claim in claims:
        if not superclasses[entities[claim.subject].category] & MSC:
            continue
        rows = [row for row in claim.evidence if row.direction == "supports"]
        if rows and claim.predicate in ("secretes", "expresses"):
            found.add(claim.object)
        for row in rows:
            if not row.mediator_test.endswith("without effect"):
                found.update(row.mediator)
    return frozenset(name for name in found if name in entities and "Factor" in superclasses[entities[name].category])


def _roles(
    claims: Sequence[Assertion],
    vocabulary: Vocabulary,
    weigher: Weigher,
    family: set[str],
    kinds: frozenset[str] = CELLS,
) -> dict[str, tuple[int, float, tuple[str, ...]]]:
    """For each cell tied to the disease: whether it drives (1) or restrains (-1) it, the belief in that, and papers."""
    ontology, entities = vocabulary.ontology, vocabulary.entities
    weights: dict[str, dict[int, float]] = defaultdict(lambda: {-1: 1.0, 1: 1.0})
    papers: dict[str, set[str]] = defaultdict(set)
    for claim in claims:
        predicate = ontology.predicates[claim.predicate]
        if claim.object not in family or not predicate.sign or predicate.bearer != "subject":
            continue
        if not ontology.superclasses[entities[claim.subject].category] & kinds:
            continue
        aspect = ontology.aspects.get(claim.aspect)
        sign = predicate.sign * (aspect.polarity if aspect else 1)
        if sign:
            worth = weigher.belief(claim) * (1.0 if predicate.causal == "yes" else ontology.priors["association"])
            weights[claim.subject][sign] *= 1 - worth
            papers[claim.subject].update(claim.publications)
    roles = {}
    for cell, left in weights.items():
        drives, restrains = 1 - left[1], 1 - left[-1]
        if drives != restrains:
            role = 1 if drives > restrains else -1
            roles[cell] = (role, abs(drives - restrains), tuple(sorted(papers[cell])))
    return roles
