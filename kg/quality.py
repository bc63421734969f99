"""Faults of the ontology: labels, definitions, licence, declarations and datatypes, each with its line.

What a report on an OBO ontology looks for, for our own terms, and the rules of OWL 2 DL that need no reasoner.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kg.model import Problem
from kg.sources import read_bytes
from kg.vocabulary import MSCIM, OWL, RDF_TYPE, RDFS, SKOS, value_of

if TYPE_CHECKING:
    import pyoxigraph as ox

__all__ = ["faults"]

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
XSD = "http://www.w3.org/2001/XMLSchema#"
DCTERMS = "http://purl.org/dc/terms/"
RESERVED = (OWL, RDF, RDFS, XSD)
REPLACED = (f"{DCTERMS}isReplacedBy", "http://purl.obolibrary.org/obo/IAO_0100001")
PROPERTIES = {f"{OWL}{kind}Property": kind.lower() for kind in ("Object", "Datatype", "Annotation")}
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
SUBJECT = re.compile(rf"(?:mscim:(\S+)|<({re.escape(MSCIM)}[^>]*)>)\s")
LITERALS = "string|boolean|decimal|integer|double|float|anyURI|dateTime|dateTimeStamp|hexBinary|base64Binary|language"
LITERALS += "|nonNegativeInteger|nonPositiveInteger|positiveInteger|negativeInteger|long|int|short|byte|unsignedLong"
LITERALS += "|unsignedInt|unsignedShort|unsignedByte|normalizedString|token|NMTOKEN|Name|NCName"
DATATYPES = {XSD + name for name in LITERALS.split("|")} | {f"{RDF}langString", f"{RDF}PlainLiteral"}
DATATYPES |= {f"{RDF}XMLLiteral", f"{RDFS}Literal", f"{OWL}real", f"{OWL}rational"}
FORMS = {
    "integer": re.compile(r"[+-]?\d+"),
    "decimal": re.compile(r"[+-]?(\d+\.?\d*|\.\d+)"),
    "boolean": re.compile(r"true|false|0|1"),
    "double": re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?INF|NaN"),
}
Nodes = Mapping[str, Mapping[str, list["ox.NamedNode | ox.BlankNode | ox.Literal"]]]


def faults(path: Path, file: str = "") -> list[Problem]:
    """Return every fault of an ontology in Turtle, ordered by line; empty when all is well.

    Each stands at the line where its term is first described, else at line 1; `file` is the name to use, by default
    that of the path. The file has to be one that `read_ontology` reads.
    """
    import pyoxigraph as ox

    content = read_bytes(path)
    nodes: dict[str, dict[str, list[ox.NamedNode | ox.BlankNode | ox.Literal]]] = {}
    for quad in ox.parse(content, format=ox.RdfFormat.TURTLE):
        objects = nodes.setdefault(value_of(quad.subject), {}).setdefault(quad.predicate.value, [])
        objects.append(quad.object)
    lines: dict[str, int] = {}
    for number, line in enumerate(content.decode("utf-8").splitlines(), 1):
        found = SUBJECT.match(line)
        if found:
            lines.setdefault(found[2] or MSCIM + found[1], number)
    said = [*_header(nodes), *_terms(nodes), *_labels(nodes), *_declared(nodes), *_values(nodes), *_circles(nodes)]
    return sorted({Problem(file or path.name, lines.get(iri, 1), 1, message) for iri, message in said})


def _short(iri: str) -> str:
    return f"mscim:{iri.removeprefix(MSCIM)}" if iri.startswith(MSCIM) else f"<{iri}>"


def _texts(nodes: Nodes, iri: str, name: str) -> list[str]:
    return [value_of(each) for each in nodes[iri].get(name, [])]


def _kinds(nodes: Nodes, iri: str) -> set[str]:
    return set(_texts(nodes, iri, RDF_TYPE))


def _own(nodes: Nodes) -> list[str]:
    """Return the IRIs of the terms that the ontology describes itself, sorted."""
    return sorted(
        iri
        for iri, each in nodes.items()
        if iri.startswith(MSCIM) and RDF_TYPE in each and f"{OWL}Ontology" not in _kinds(nodes, iri)
    )


def _deprecated(nodes: Nodes, iri: str) -> bool:
    return "true" in _texts(nodes, iri, f"{OWL}deprecated")


def _header(nodes: Nodes) -> Iterator[tuple[str, str]]:
    """Say what the description of the ontology itself lacks."""
    found = sorted(iri for iri in nodes if f"{OWL}Ontology" in _kinds(nodes, iri))
    for iri in found[1:]:
        yield iri, f"{_short(iri)} is a second ontology in one file; keep {_short(found[0])}"
    for iri in found[:1]:
        needed = {
            "title (dcterms:title)": f"{DCTERMS}title",
            "description (dcterms:description)": f"{DCTERMS}description",
            "licence (dcterms:license)": f"{DCTERMS}license",
            "version (owl:versionInfo)": f"{OWL}versionInfo",
            "version IRI (owl:versionIRI)": f"{OWL}versionIRI",
        }
        for what, name in needed.items():
            number = len(_texts(nodes, iri, name))
            if number != 1:
                yield iri, f"the ontology has {number or 'no'} {what}; give it one"
        for licence in nodes[iri].get(f"{DCTERMS}license", []):
            if not value_of(licence).startswith(("http://", "https://")):
                yield iri, f"the licence {value_of(licence)!r} is no address; give the IRI of the licence"
        versions = _texts(nodes, iri, f"{OWL}versionInfo")
        for version_iri in _texts(nodes, iri, f"{OWL}versionIRI"):
            if versions and version_iri != f"{iri}/{versions[0]}":
                yield (
                    iri,
                    f"the version IRI is <{version_iri}>, and the version {versions[0]}: write <{iri}/{versions[0]}>",
                )


def _terms(nodes: Nodes) -> Iterator[tuple[str, str]]:
    """Say what single terms lack: a label, a definition, their form; and what is said of terms given up."""
    for iri in _own(nodes):
        short, labels = _short(iri), _texts(nodes, iri, f"{RDFS}label")
        definitions = _texts(nodes, iri, f"{SKOS}definition")
        if not NAME.fullmatch(iri.removeprefix(MSCIM)):
            yield iri, f"{short}: odd characters in the IRI; use letters, digits and _, a letter first"
        if not any(label.strip() for label in labels):
            yield iri, f"{short} has no rdfs:label"
        elif len(labels) > 1:
            yield iri, f"{short} has {len(labels)} labels ({', '.join(sorted(labels))}); keep one"
        if not any(text.strip() for text in definitions):
            yield iri, f"{short} has no skos:definition"
        elif len(definitions) > 1:
            yield iri, f"{short} has {len(definitions)} definitions; keep one"
        for text in definitions:
            if text.strip() and not re.match(r"[A-Z0-9]", text):
                yield iri, f"{short}: the definition starts with a small letter: {text[:40]!r}"
            if text.strip() and not text.rstrip().endswith((".", "?")):
                yield iri, f"{short}: the definition does not end with a full stop: {text[-40:]!r}"
        for name, values in nodes[iri].items():
            for value in values:
                if hasattr(value, "datatype") and value_of(value) != " ".join(value_of(value).split()):
                    yield (
                        iri,
                        f"{short}: stray or doubled white space in {name.rpartition('/')[2]}: {value_of(value)!r}",
                    )
            if name.startswith(SKOS) and name.endswith("Match"):
                for value in values:
                    if not re.fullmatch(r"https?://[^\s/]+/\S+", value_of(value)) or hasattr(value, "datatype"):
                        yield iri, f"{short}: {value_of(value)!r} is no IRI to match with; write one, not text"
        given_up = _deprecated(nodes, iri)
        if given_up != any(label.startswith("obsolete ") for label in labels):
            yield iri, f"{short}: a label starts with 'obsolete ' when owl:deprecated is true, and only then"
        successors = [other for name in REPLACED for other in _texts(nodes, iri, name)]
        if successors and not given_up:
            yield iri, f"{short} is replaced by {_short(successors[0])} and not deprecated; say owl:deprecated true"
    for iri, each in nodes.items():
        for name, values in each.items():
            for term in {name, *map(value_of, values)} - {iri}:
                if term in nodes and name not in REPLACED and _deprecated(nodes, term) and not _deprecated(nodes, iri):
                    successor = next((o for n in REPLACED for o in _texts(nodes, term, n)), "")
                    hint = f"use {_short(successor)}" if successor else "use another term"
                    yield iri, f"{_short(iri)} refers to {_short(term)}, which is deprecated; {hint}"


def _labels(nodes: Nodes) -> Iterator[tuple[str, str]]:
    """Say where two terms of one kind have the same label, synonym or definition."""
    names: dict[tuple[str, str], str] = {}
    told: dict[tuple[str, str], str] = {}
    own = _own(nodes)
    for iri in own:
        for kind in sorted(_kinds(nodes, iri) - {f"{OWL}NamedIndividual"}):
            for label in _texts(nodes, iri, f"{RDFS}label"):
                other = names.setdefault((kind, label.casefold()), iri)
                if other != iri:
                    yield iri, f"{_short(iri)} has the label of {_short(other)}: {label!r}; tell them apart"
            for text in _texts(nodes, iri, f"{SKOS}definition"):
                other = told.setdefault((kind, text.casefold()), iri)
                if other != iri:
                    yield iri, f"{_short(iri)} has the definition of {_short(other)}; say what differs"
    for iri in own:
        synonyms = _texts(nodes, iri, f"{SKOS}altLabel")
        for synonym in sorted(set(synonyms)):
            if synonyms.count(synonym) > 1:
                yield iri, f"{_short(iri)}: the synonym {synonym!r} stands there twice"
            for kind in sorted(_kinds(nodes, iri)):
                owner = names.get((kind, synonym.casefold()))
                if owner:
                    whose = "its own label" if owner == iri else f"the label of {_short(owner)}"
                    yield iri, f"{_short(iri)}: the synonym {synonym!r} is {whose}; delete it"


def _declared(nodes: Nodes) -> Iterator[tuple[str, str]]:
    """Say what is used and not declared, declared as two things that exclude each other, or reserved."""
    for iri, each in nodes.items():
        kinds = _kinds(nodes, iri)
        properties = sorted(PROPERTIES[kind] for kind in kinds & set(PROPERTIES))
        if len(properties) > 1:
            yield iri, f"{_short(iri)} is declared as {' and '.join(properties)} property; keep one"
        if f"{OWL}Class" in kinds and f"{RDFS}Datatype" in kinds:
            yield iri, f"{_short(iri)} is declared as class and datatype; keep one"
        if kinds and iri.startswith(RESERVED):
            yield iri, f"<{iri}> is in a namespace that OWL reserves; choose an IRI of your own"
        for name, values in each.items():
            if not name.startswith(RESERVED) and not set(PROPERTIES) & _kinds_of(nodes, name):
                yield iri, f"the property {_short(name)} is used and not declared; is it misspelt?"
            for value in values:
                text = value_of(value)
                if text.startswith(MSCIM) and not hasattr(value, "datatype") and "/ontology/" not in text:
                    if text != MSCIM and not _kinds_of(nodes, text):
                        yield iri, f"{_short(iri)} refers to {_short(text)}, which is not declared; is it misspelt?"


def _kinds_of(nodes: Nodes, iri: str) -> set[str]:
    return _kinds(nodes, iri) if iri in nodes else set()


def _values(nodes: Nodes) -> Iterator[tuple[str, str]]:
    """Say which values are of no datatype of OWL 2, or not written as theirs."""
    for iri, each in nodes.items():
        for name, values in each.items():
            for value in values:
                datatype = getattr(value, "datatype", None)
                if datatype is None:
                    continue
                short, form = f"{_short(iri)}, {name.rpartition('/')[2]}", FORMS.get(datatype.value.removeprefix(XSD))
                if datatype.value not in DATATYPES:
                    yield iri, f"{short}: <{datatype.value}> is no datatype of OWL 2"
                elif form and not form.fullmatch(value_of(value)):
                    yield iri, f"{short}: {value_of(value)!r} is no {datatype.value.removeprefix(XSD)}"
        for ranged in _texts(nodes, iri, f"{RDFS}range"):
            if ranged.startswith(XSD) and ranged not in DATATYPES:
                yield iri, f"{_short(iri)}: <{ranged}> is no datatype of OWL 2"


def _circles(nodes: Nodes) -> Iterator[tuple[str, str]]:
    """Say which classes or properties lie below themselves."""
    for name in (f"{RDFS}subClassOf", f"{RDFS}subPropertyOf"):
        above: dict[str, set[str]] = defaultdict(set)
        for iri in nodes:
            above[iri].update(_texts(nodes, iri, name))
        for iri in sorted(nodes):
            seen: set[str] = set()
            todo = list(above[iri])
            while todo:
                each = todo.pop()
                if each not in seen:
                    seen.add(each)
                    todo.extend(above.get(each, ()))
            if iri in seen:
                yield iri, f"{_short(iri)} lies below itself; break the circle of {name.rpartition('#')[2]}"
