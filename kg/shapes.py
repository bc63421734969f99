"""The built dataset against `ontology/shapes.ttl`, by SHACL: what of its RDF is not as it should be.

Needs pyshacl, which the extra `[shapes]` installs.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kg.errors import CurationError, SourceError
from kg.rdf import GRAPHS
from kg.sources import SHAPES, bundled, read_bytes
from kg.vocabulary import MSCIM, RDFS

if TYPE_CHECKING:
    import pyoxigraph as ox
    import rdflib

__all__ = ["Fault", "faults"]

SH = "http://www.w3.org/ns/shacl#"


class Fault(NamedTuple):
    """What breaks a shape in the RDF: the thing as people say it, its IRI, what is wrong, the value if any."""

    name: str
    iri: str
    message: str
    value: str = ""

    def __str__(self) -> str:
        value = f" (found: {self.value})" if self.value else ""
        return f"{self.iri}: {self.name}: {self.message}{value}"


def faults(quads: Iterable[ox.Quad], root: Path | None = None) -> list[Fault]:
    """Return what breaks the shapes in a dataset, ordered by thing and message; empty when all is well.

    `quads` is a store or statements; of several graphs one is made. The shapes are those below `root`, if it has its
    own, else the bundled ones. Raises SourceError without pyshacl, CurationError when the shapes are no SHACL.
    """
    try:
        import pyshacl
    except ModuleNotFoundError:
        raise SourceError("pyshacl is not installed, which checks shapes: pip install 'mscim[shapes]'") from None
    import rdflib

    own = (root or bundled()) / "ontology" / SHAPES
    path = own if own.is_file() else bundled() / "ontology" / SHAPES
    wanted = set(GRAPHS.values())
    held = [quad for quad in quads if getattr(quad.graph_name, "value", "") in wanted]
    graph = rdflib.Graph()
    graph.parse(data="".join(f"{quad.triple} .\n" for quad in held), format="nt")
    try:
        shapes = rdflib.Graph().parse(data=read_bytes(path), format="turtle")
        _, report, _ = pyshacl.validate(graph, shacl_graph=shapes, inplace=True, inference="none")
    except Exception as error:  # of rdflib's parser and of pyshacl, which share no class
        said = " ".join(str(error).split())[:300]
        raise CurationError(f"{path}: cannot be used as shapes: {said}") from None
    assert isinstance(report, rdflib.Graph)
    return sorted({_fault(graph, report, node) for node in report.objects(None, rdflib.URIRef(f"{SH}result"))})


def _fault(graph: rdflib.Graph, report: rdflib.Graph, node: Any) -> Fault:
    import rdflib

    def of(name: str) -> Any:
        return report.value(node, rdflib.URIRef(SH + name))

    focus, value = of("focusNode"), of("value")
    if str(focus) == f"{MSCIM}dataset" and value is not None:
        focus, value = value, None
    message = str(of("resultMessage"))
    constraint = str(of("sourceConstraintComponent")).removeprefix(SH)
    if constraint.startswith("Closed"):
        message = f"{_name(graph, of('resultPath'))} is no property of this class"
    return Fault(_name(graph, focus), str(focus), message, "" if value is None else _name(graph, value))


def _name(graph: rdflib.Graph, node: Any) -> str:
    """Return what a node is called: a claim by its parts, evidence by its claim, others by label, IRI or text."""
    import rdflib

    def of(each: Any, name: str) -> Any:
        return min(graph.objects(each, rdflib.URIRef(name if ":" in name else MSCIM + name)), key=str, default=None)

    if str(node).startswith(f"{MSCIM}assertion/"):
        parts = [of(node, part) for part in ("subject", "predicate", "object", "aspect")]
        return "claim " + " ".join(_name(graph, part) for part in parts if part is not None)
    if str(node).startswith(f"{MSCIM}evidence/"):
        claim = min(graph.subjects(rdflib.URIRef(MSCIM + "evidence"), node), key=str, default=None)
        return f"evidence of {_name(graph, claim)}" if claim is not None else "evidence of no claim"
    label = of(node, f"{RDFS}label") if isinstance(node, rdflib.URIRef) else None
    return str(label if label is not None else node)
