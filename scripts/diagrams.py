"""The diagrams: `python scripts/diagrams.py` draws docs/images/model-*.svg, `--check` only compares.

Boxes and arrows at places given here, with what the tables say today; the same tables give the same bytes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from kg.dataset import Dataset, load
from kg.sources import write_text

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
LINE, MARGIN = 17, 9
FILLS = {"thing": "#e0f2f1", "claim": "#fff3c4", "row": "#f1f5f9", "paper": "#fde2d3", "file": "#e8eaf6"}


class Box(NamedTuple):
    """A box with lines of text, the first bold; `x` and `y` are its upper left corner."""

    x: int
    y: int
    width: int
    lines: Sequence[str]
    kind: str

    @property
    def height(self) -> int:
        """As high as its lines."""
        return LINE * len(self.lines) + 2 * MARGIN - 3


class Arrow(NamedTuple):
    """An arrow from side to side of two boxes (sides: n, e, s, w), with a word on it."""

    start: Box
    end: Box
    sides: str
    word: str = ""
    dashed: bool = False


def point(box: Box, side: str) -> tuple[float, float]:
    """The middle of a side."""
    x, y = box.x + box.width / 2, box.y + box.height / 2
    places = {"n": (x, box.y), "s": (x, box.y + box.height), "w": (box.x, y), "e": (box.x + box.width, y)}
    return places[side]


def svg(title: str, boxes: Sequence[Box], arrows: Sequence[Arrow]) -> str:
    """The diagram as SVG; its title is what a screen reader says."""
    width = max(box.x + box.width for box in boxes) + 10
    height = max(box.y + box.height for box in boxes) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="Helvetica, Arial, sans-serif" font-size="13">',
        f"<title>{escape(title)}</title>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7.5" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#334155"/></marker></defs>',
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
    ]
    for arrow in arrows:
        (x1, y1), (x2, y2) = point(arrow.start, arrow.sides[0]), point(arrow.end, arrow.sides[1])
        dash = ' stroke-dasharray="5 4"' if arrow.dashed else ""
        line = f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}" fill="none" stroke="#334155" stroke-width="1.3"'
        parts.append(f'{line}{dash} marker-end="url(#head)"/>')
    for box in boxes:
        fill = FILLS[box.kind]
        shape = f'<rect x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="5"'
        parts.append(f'{shape} fill="{fill}" stroke="#64748b"/>')
        for number, text in enumerate(box.lines):
            weight = ' font-weight="bold"' if number == 0 else ""
            y = box.y + MARGIN + LINE * number + 11
            parts.append(f'<text x="{box.x + MARGIN}" y="{y}" fill="#0f172a"{weight}>{escape(text)}</text>')
    for arrow in arrows:
        if arrow.word:
            (x1, y1), (x2, y2) = point(arrow.start, arrow.sides[0]), point(arrow.end, arrow.sides[1])
            x, y = (x1 + x2) / 2, (y1 + y2) / 2 + 4
            half = 3.6 * len(arrow.word) + 3
            back = f'<rect x="{x - half:g}" y="{y - 12:g}" width="{2 * half:g}" height="16" fill="#fff"/>'
            parts.append(
                f'{back}<text x="{x:g}" y="{y:g}" fill="#334155" text-anchor="middle">{escape(arrow.word)}</text>'
            )
    return "\n".join([*parts, "</svg>"]) + "\n"


def claim(graph: Dataset) -> str:
    """A claim of the tables, what is said for and against it, and by whom."""
    found = next(
        each
        for each in graph.assertions
        if (each.subject, each.object, each.aspect) == ("MSC", "Tfh cell", "abundance") and each.refuting
    )
    parts = [found.predicate, f"aspect: {found.aspect}", f"effect: {found.effect:+d}", f"id: {found.id}"]
    middle = Box(270, 20, 240, ["claim (mscim:Association)", *parts], "claim")
    left = Box(20, 45, 170, [found.subject, graph.resolve(found.subject).curie], "thing")
    right = Box(590, 45, 170, [found.object, graph.resolve(found.object).curie], "thing")
    boxes, arrows = [middle, left, right], [Arrow(middle, left, "we", "subject"), Arrow(middle, right, "ew", "object")]
    pick = {row.direction: row for row in reversed(found.evidence)}
    for number, direction in enumerate(("supports", "refutes")):
        row = pick[direction]
        facts = [
            f"species: {'; '.join(row.species)}",
            f"system: {row.system}",
            f"disease: {row.disease or 'not stated'}",
        ]
        evidence = Box(20 + 400 * number, 190, 230, [f"evidence: {direction}", *facts, f"read: {row.read}"], "row")
        publication = graph.publications[row.publication]
        told = [row.publication, f"{publication.first_author} {publication.year}".strip()]
        paper = Box(20 + 400 * number, 345, 230, ["publication", *told], "paper")
        boxes += [evidence, paper]
        arrows += [Arrow(middle, evidence, "sn", "evidence"), Arrow(evidence, paper, "sn", "publication")]
    return svg("A claim with subject and object, evidence for and against it, and the papers", boxes, arrows)


def statements(graph: Dataset) -> str:
    """The shape of the RDF."""
    node = Box(300, 20, 220, ["mscim:Association", "mscim:effect_sign -1", "mscim:aspect ..."], "claim")
    one = Box(20, 40, 190, ["CHEBI:15551", 'rdfs:label "PGE2"', "biolink:category ..."], "thing")
    two = Box(610, 40, 190, ["CL:0000899", 'rdfs:label "Th17 cell"', "rdfs:subClassOf CL:..."], "thing")
    row = Box(300, 130, 220, ["mscim:Evidence", "mscim:direction ...", 'mscim:statement "..."'], "row")
    paper = Box(300, 245, 220, ["<https://doi.org/...>", 'mscim:title "..."'], "paper")
    direct = Box(290, 335, 240, ["mscim:negatively_regulates", "when a paper supports the claim"], "claim")
    for name, curie in (("PGE2", "CHEBI:15551"), ("Th17 cell", "CL:0000899")):
        assert graph.resolve(name).curie == curie
    arrows = [
        Arrow(node, one, "we", "subject"),
        Arrow(node, two, "ew", "object"),
        Arrow(node, row, "sn", "evidence"),
        Arrow(row, paper, "sn", "publication"),
        Arrow(one, direct, "sw", dashed=True),
        Arrow(direct, two, "es", dashed=True),
    ]
    title = "RDF: an association with subject, object, evidence and paper, and the direct triple"
    return svg(title, [node, one, two, row, paper, direct], arrows)


def files(graph: Dataset) -> str:
    """From the tables to the answers."""
    counts = [f"{len(graph.assertions):,} claims", f"{len(graph.publications):,} papers"]
    names = (
        ("ontology/mscim.ttl", "classes, predicates, signs, priors"),
        ("ontology/entities.tsv", "names and identifiers"),
        ("triples/<topic>.tsv", "claims, one row a paper"),
        ("triples/publications.tsv", "papers"),
        ("triples/studies.tsv", "studies and their outcomes"),
    )
    sources = [Box(20, 20 + 60 * number, 240, lines, "file") for number, lines in enumerate(names)]
    built = Box(340, 115, 190, ["kg check, kg build", *counts, "RDF store", "which claims chain"], "claim")
    ends = [
        Box(610, 20 + 75 * number, 210, lines, "thing")
        for number, lines in enumerate(
            (
                ("kg trace, compare, gaps ...", "answers in text, TSV, JSON"),
                ("kg query, kg serve", "SPARQL 1.1"),
                ("kg view", "pictures"),
                ("kg.load()", "Python, notebooks"),
            )
        )
    ]
    arrows = [Arrow(each, built, "ew") for each in sources] + [Arrow(built, each, "ew") for each in ends]
    return svg("From tables through kg build to answers, SPARQL, pictures and Python", [*sources, built, *ends], arrows)


def chain(graph: Dataset) -> str:
    """The chain of the worked example, with sign and belief of each step."""
    mechanism = graph.trace("MSC", "SSc", via=["IL13"]).routes[0].mechanisms[0]
    names = [mechanism.steps[0].subject, *(step.object for step in mechanism.steps)]
    boxes = [
        Box(20 + 230 * number, 20, 125, [name, graph.resolve(name).curie], "thing") for number, name in enumerate(names)
    ]
    arrows = [
        Arrow(left, right, "ew", f"{'−' if step.effect < 0 else '+'} {step.belief:.2f}")
        for left, right, step in zip(boxes[:-1], boxes[1:], mechanism.steps, strict=True)
    ]
    return svg("; ".join(step.phrase for step in mechanism.steps), boxes, arrows)


DRAWN: Mapping[str, Callable[[Dataset], str]] = {
    "model-claim.svg": claim,
    "model-rdf.svg": statements,
    "model-files.svg": files,
    "model-chain.svg": chain,
}


def main() -> int:
    """Draw or compare; 1 when something differs and only comparing was asked."""
    only = sys.argv[1:] == ["--check"]
    graph, stale = load(), []
    for name, drawn in DRAWN.items():
        text, path = drawn(graph), IMAGES / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not only:
                write_text(path, text)
    for name in stale:
        print(f"{'stale' if only else 'written'}: docs/images/{name}")
    if only and stale:
        print("run `python scripts/diagrams.py` in the project's environment", file=sys.stderr)
    return int(only and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
