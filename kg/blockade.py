"""What is left when a factor, a cell, a way of action, a tissue source or a priming is blocked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations
from operator import or_

from kg.mechanisms import Route, Trace
from kg.model import Assertion, Evidence
from kg.notebook import line, page, paper, signed, table
from kg.vocabulary import Vocabulary

__all__ = ["Blockade", "Cut", "Experiment", "blockade"]

CUT = 3  # largest set of blocks looked at
CANDIDATES = 40  # blocks looked at, those that carry most weight


@dataclass(frozen=True, slots=True)
class Experiment:
    """A blockade or knockdown in the tables: of `mediator`, in how `subject` acts on `object`.

    `held` says that the effect fell, so that the mediator is needed; False that the effect stayed without it.
    """

    subject: str
    predicate: str
    object: str
    mediator: str
    test: str
    held: bool
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Cut:
    """A set of blocks, the share in [0, 1] of the weight gone with it, and whether `all` mechanisms are."""

    blocks: tuple[str, ...]
    share: float
    all: bool


@dataclass(frozen=True, slots=True)
class Blockade:
    """The routes of a question before and after a blockade.

    `lost` are the routes of the main sign that are gone, as they were before; `surviving` those that are left, each
    with its weight before (0 for one that was hidden by a better way of saying it). `share` in [0, 1] is the part of
    their summed weight that is lost. `cuts` are the smallest sets of up to three blocks that cut every route, or, when
    there is none, a strong one of each size.
    """

    blocked: tuple[str, ...]
    before: Trace
    after: Trace
    lost: tuple[Route, ...]
    surviving: tuple[tuple[Route, float], ...]
    share: float
    cuts: tuple[Cut, ...]
    experiments: tuple[Experiment, ...]

    def __repr__(self) -> str:
        left = f"{self.share:.0%} of the weight lost, {len(self.surviving)} routes left"
        return f"<without {', '.join(self.blocked)}: {left}>"

    def _repr_html_(self) -> str:
        lost = [[signed(route.sign), route.label, route.weight, "gone"] for route in self.lost]
        left = [[signed(route.sign), route.label, before, route.weight] for route, before in self.surviving]
        cut = [[each.blocks, each.share, each.all] for each in self.cuts]
        found = [
            [
                f"{e.subject} on {e.object}",
                e.mediator,
                e.test,
                e.held,
                e.evidence.statement,
                paper(e.evidence.publication),
            ]
            for e in self.experiments
        ]
        return page(
            f"Without {', '.join(self.blocked)}: {self.before.source} on {self.before.target}",
            line(f"{self.share:.1%} of the weight is lost; verdict {self.before.effect}, then {self.after.effect}"),
            table(["sign", "route", "before", "after"], lost, title="Lost"),
            table(["sign", "route", "before", "after"], left, title="Left"),
            table(["blocks", "share lost", "cuts all"], cut, title="What would cut the routes"),
            table(["of what", "mediator", "test", "needed", "finding", "paper"], found, title="Experiments"),
        )


def blockade(
    before: Trace,
    after: Trace,
    blocked: Sequence[str],
    claims: Sequence[Assertion],
    vocabulary: Vocabulary,
) -> Blockade:
    """Answer what a blockade takes away: see Blockade. Both traces are of one question and hold all their routes.

    Experiments are those on the blocked things, or on kinds of them, in how the source (or a kind of it) acts on
    anything; best designs first.
    """
    left = {(route.label, route.sign): route for route in after.routes}
    lost = tuple(route for route in before.routes if (route.label, route.sign) not in left)
    known = {(route.label, route.sign): route.weight for route in before.routes}
    known |= {(label, route.sign): weight for route in before.routes for label, weight in route.also}
    surviving = tuple((route, known.get((route.label, route.sign), 0.0)) for route in after.routes)
    total = sum(route.weight for route in before.routes)
    remaining = sum(route.weight for route in after.routes)
    share = min(1.0, max(0.0, 1 - remaining / total)) if total else 0.0
    experiments = tuple(_experiments(before.source, blocked, claims, vocabulary))
    return Blockade(tuple(blocked), before, after, lost, surviving, share, cuts(before.routes), experiments)


def cuts(routes: Sequence[Route]) -> tuple[Cut, ...]:
    """Return the smallest sets of up to three blocks that cut every route, ordered by name.

    When there is none: for each size the strongest single block, and what adds most to it, block by block. A block is
    anything between source and target among the forty that carry most; a mechanism weighs its score.
    """
    mechanisms = [mechanism for route in routes for mechanism in route.mechanisms]
    if not mechanisms:
        return ()
    scores = [mechanism.score for mechanism in mechanisms]
    everything = (1 << len(mechanisms)) - 1
    hit: dict[str, int] = {}
    for place, mechanism in enumerate(mechanisms):
        for name in mechanism.nodes[1:-1]:
            hit[name] = hit.get(name, 0) | 1 << place

    def weight(mask: int) -> float:
        return sum(score for place, score in enumerate(scores) if mask >> place & 1)

    ranked = sorted(hit, key=lambda name: (-weight(hit[name]), name))[:CANDIDATES]
    for size in range(1, CUT + 1):
        whole = [
            Cut(tuple(sorted(names)), 1.0, True)
            for names in combinations(ranked, size)
            if reduce(or_, map(hit.__getitem__, names)) == everything
        ]
        if whole:
            return tuple(sorted(whole, key=lambda cut: cut.blocks))
    strong: list[Cut] = []
    chosen: tuple[str, ...] = ()
    mask = 0
    while len(chosen) < min(CUT, len(ranked)):
        name = min((n for n in ranked if n not in chosen), key=lambda n: (-weight(mask | hit[n]), n))
        chosen, mask = (*chosen, name), mask | hit[name]
        strong.append(Cut(chosen, weight(mask) / sum(scores), False))
    return tuple(strong)


def _experiments(
    source: str, blocked: Sequence[str], claims: Sequence[Assertion], vocabulary: Vocabulary
) -> list[Experiment]:
    wanted = {*blocked, *(name for each in blocked for name in vocabulary.descendants(each))}
    sources = {source, *vocabulary.descendants(source)}
    found = []
    for claim in claims:
        if claim.subject not in sources:
            continue
        for row in claim.evidence:
            kind = row.mediator_test.split(" ")[0]
            if kind not in ("blockade", "knockdown"):
                continue
            for mediator in row.mediator:
                if mediator in wanted:
                    held = "without effect" not in row.mediator_test and row.direction == "supports"
                    found.append(Experiment(claim.subject, claim.predicate, claim.object, mediator, kind, held, row))
    ladder = vocabulary.ontology.systems
    order = ("mediator", "object", "predicate")
    found.sort(
        key=lambda e: (-ladder[e.evidence.system].stage, *(getattr(e, n) for n in order), e.evidence.publication)
    )
    return found
