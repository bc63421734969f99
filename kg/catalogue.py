"""The questions that ship as SPARQL: what each asks, its parameters, and the catalogue as RDF for other programs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kg.errors import CurationError, UnknownTerm
from kg.sources import read_bytes
from kg.sparql import PREFIXES, filled, guard
from kg.vocabulary import MSCIM, Vocabulary, nearest

if TYPE_CHECKING:
    import pyoxigraph as ox

__all__ = [
    "EXAMPLES",
    "GROUPS",
    "NamedQuery",
    "Parameter",
    "catalogue",
    "examples",
    "examples_turtle",
    "named",
    "ready",
    "whole",
]

EXAMPLES = f"{MSCIM}sparql-examples/"  # IRIs of the queries, the ones of the protocol's `.well-known` folder aside
GROUPS: Mapping[str, str] = {
    "disease": "What a disease is made of",
    "mediator": "Mediators and cells",
    "MSC": "MSC, their sources, priming and products",
    "claim": "Claims, for and against",
    "evidence": "How well it is shown",
    "trial": "Trials and other studies",
    "paper": "Papers",
}
SCHEMA = "https://schema.org/"
SH = "http://www.w3.org/ns/shacl#"
HEAD = re.compile(r"# (?P<key>title|keywords|parameter): (?P<value>.+)")
PARAMETER = re.compile(r"(?P<name>\w+) \((?P<kind>\w+)\): (?P<default>.+)")
TERMS = frozenset({"Aspect", "Donor", "EvidenceSystem", "MSCSource", "Mode"})


class Parameter(NamedTuple):
    """What fills a variable of a query: its name, its kind and what is asked when nothing is given.

    `kind` is a class of entities of the ontology (Entity, Cell, Condition ...), `Category` for such a class itself,
    `Publication` for the CURIE of a paper, or a class of terms (MSCSource, Mode ...).
    """

    name: str
    kind: str
    default: str


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A query that ships with the program: its text, the question it answers, its keywords and its parameters."""

    name: str
    title: str
    keywords: tuple[str, ...]
    text: str
    parameters: tuple[Parameter, ...]

    @property
    def group(self) -> str:
        """The first keyword, one of GROUPS: under which heading the query is listed."""
        return self.keywords[0]

    @property
    def defaults(self) -> dict[str, str]:
        """What is asked when no parameter is given, by name."""
        return {each.name: each.default for each in self.parameters}


def catalogue() -> dict[str, NamedQuery]:
    """Return the queries that ship with the program, by name: by group in the order of GROUPS, then by name.

    >>> catalogue()["mediators-of"].defaults
    {'disease': 'SLE'}
    """
    folder = Path(__file__).resolve().parent / "queries"
    found = [_read(path.stem, path.name, read_bytes(path).decode()) for path in folder.glob("*.rq")]
    order = list(GROUPS)
    return {each.name: each for each in sorted(found, key=lambda q: (order.index(q.group), q.name))}


def _read(name: str, file: str, text: str) -> NamedQuery:
    heads: dict[str, list[str]] = {"title": [], "keywords": [], "parameter": []}
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            match = HEAD.fullmatch(line)
            if match is None:
                raise CurationError(f"{file}:{number}:1: write `# title: ...`, `# keywords: ...` or `# parameter: ...`")
            heads[match["key"]].append(match["value"])
    if len(heads["title"]) != 1 or len(heads["keywords"]) != 1:
        raise CurationError(f"{file}:1:1: a query needs one title and one line of keywords")
    keywords = tuple(heads["keywords"][0].split("; "))
    if keywords[0] not in GROUPS:
        raise CurationError(
            f"{file}:1:1: the first keyword is {keywords[0]!r}; it has to be one of {', '.join(GROUPS)}"
        )
    parameters = []
    for value in heads["parameter"]:
        given = PARAMETER.fullmatch(value)
        if given is None or f"?{given['name']}" not in text:
            raise CurationError(f"{file}:1:1: parameter {value!r}: write `name (Kind): default`, and use ?name")
        parameters.append(Parameter(given["name"], given["kind"], given["default"]))
    return NamedQuery(name, heads["title"][0], keywords, text, tuple(parameters))


def named(
    name: str, parameters: Mapping[str, str], vocabulary: Vocabulary, publications: Iterable[str] = ()
) -> tuple[str, dict[str, str]]:
    """Return the text of a query of the catalogue and the IRIs to put in the place of its variables.

    Parameters
    ----------
    parameters
        Names (`disease`) and values (`RA`); what is not given has its default.
    publications
        CURIEs of the papers that a parameter may name.

    Raises
    ------
    UnknownTerm
        An unknown query or parameter, or a value that is not of the parameter's kind.
    """
    queries = catalogue()
    if name not in queries:
        raise UnknownTerm(name, nearest(name, queries), kind="query")
    query = queries[name]
    for key in parameters:
        if key not in query.defaults:
            known = nearest(key, query.defaults) or tuple(query.defaults)
            reason = "" if known else f"the query {name} takes none; leave --param out"
            raise UnknownTerm(key, known, kind=f"parameter of {name}", reason=reason)
    papers = tuple(publications)
    values = {**query.defaults, **parameters}
    return query.text, {p.name: _iri(p, values[p.name], vocabulary, papers) for p in query.parameters}


def _iri(parameter: Parameter, value: str, vocabulary: Vocabulary, publications: tuple[str, ...]) -> str:
    ontology, kind = vocabulary.ontology, parameter.kind
    if kind == "Publication":
        by_fold = {curie.casefold(): curie for curie in publications}
        if value == parameter.default or value.casefold() in by_fold:
            return ontology.expand(by_fold.get(value.casefold(), value))
        near = nearest(value, publications)
        raise UnknownTerm(
            value,
            near,
            kind="publication",
            reason="" if near else "is no CURIE of a paper here, as doi:10.1038/srep12777",
        )
    if kind == "Category":
        classes = {each for above in map(ontology.superclasses.__getitem__, ontology.layers) for each in above}
        if value not in classes:
            raise UnknownTerm(value, nearest(value, classes) or tuple(sorted(classes)), kind="class")
        return MSCIM + value
    if kind in TERMS:
        terms = {key.partition(":")[2]: iri for key, iri in ontology.term_iris.items() if key.startswith(f"{kind}:")}
        if value not in terms:
            raise UnknownTerm(value, nearest(value, terms) or tuple(sorted(terms)), kind=kind)
        return terms[value]
    entity = vocabulary.resolve(value)
    if kind not in ontology.superclasses[entity.category]:
        raise UnknownTerm(
            value, reason=f"is of class {entity.category}, and {parameter.name} has to be of class {kind}"
        )
    return ontology.expand(entity.curie)


def whole(text: str, prefixes: Mapping[str, str]) -> str:
    """Return a query of the catalogue as any endpoint takes it: comments dropped, the prefixes it uses declared.

    >>> whole("# title: All?\\nASK { ?s rdfs:label ?o }", {})
    'PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\\nASK { ?s rdfs:label ?o }'
    """
    body = "\n".join(line for line in text.strip().splitlines() if not line.startswith("#"))
    known = {**PREFIXES, **prefixes}
    used = [f"PREFIX {name}: <{known[name]}>" for name in sorted(known) if f"{name}:" in body]
    return "\n".join([*used, body])


def ready(vocabulary: Vocabulary) -> Iterator[tuple[NamedQuery, str]]:
    """Yield the queries of the catalogue, whole; those whose default names are not in the data are left out."""
    for query in catalogue().values():
        with suppress(UnknownTerm):
            text, values = named(query.name, {}, vocabulary)
            yield query, whole(filled(text, values), vocabulary.ontology.prefixes)


def examples(vocabulary: Vocabulary, endpoint: str = "") -> tuple[ox.Triple, ...]:
    """Return the catalogue as RDF in the form of SIB's `sparql-examples`, sorted: ready to run, defaults filled in.

    Each query is a `sh:SPARQLExecutable` and `sh:SPARQLSelectExecutable` with its question (`rdfs:comment`), its text
    (`sh:select`, which declares its prefixes), `schema:keywords` and all prefixes of the dataset (`sh:prefixes`). With
    `endpoint`, the address of a SPARQL service, each also has that as `schema:target`. Queries are left out whose
    defaults the vocabulary does not have, which happens with tables of one's own only.
    """
    import pyoxigraph as ox

    node, text = ox.NamedNode, ox.Literal
    a, comment = node(f"{PREFIXES['rdf']}type"), node(f"{PREFIXES['rdfs']}comment")
    declared = {**PREFIXES, **vocabulary.ontology.prefixes}
    prefixes = node(f"{EXAMPLES}prefixes")
    triples = [
        ox.Triple(prefixes, a, node(f"{PREFIXES['owl']}Ontology")),
        ox.Triple(prefixes, node(f"{PREFIXES['owl']}imports"), node(SH)),
    ]
    for prefix, namespace in declared.items():
        each = node(f"{EXAMPLES}prefix-{prefix}")
        triples.append(ox.Triple(prefixes, node(f"{SH}declare"), each))
        triples.append(ox.Triple(each, node(f"{SH}prefix"), text(prefix)))
        value = text(namespace, datatype=node(f"{PREFIXES['xsd']}anyURI"))
        triples.append(ox.Triple(each, node(f"{SH}namespace"), value))
    for query, body in ready(vocabulary):
        subject = node(EXAMPLES + query.name)
        asked = ", ".join(f"{name}: {value}" for name, value in query.defaults.items())
        question = f"{query.title} ({asked})" if asked else query.title
        form = guard(body).form
        for kind in ("SPARQLExecutable", f"SPARQL{form.capitalize()}Executable"):
            triples.append(ox.Triple(subject, a, node(SH + kind)))
        triples.append(ox.Triple(subject, comment, text(question, language="en")))
        triples.append(ox.Triple(subject, node(f"{SH}prefixes"), prefixes))
        triples.append(ox.Triple(subject, node(SH + form.lower()), text(body)))
        triples += [ox.Triple(subject, node(f"{SCHEMA}keywords"), text(word)) for word in query.keywords]
        if endpoint:
            triples.append(ox.Triple(subject, node(f"{SCHEMA}target"), node(endpoint)))
    return tuple(sorted(triples, key=str))


def examples_turtle(vocabulary: Vocabulary, endpoint: str = "") -> bytes:
    """Return `examples` as Turtle, UTF-8."""
    import pyoxigraph as ox

    known = {"ex": EXAMPLES, "owl": PREFIXES["owl"], "rdfs": PREFIXES["rdfs"], "schema": SCHEMA, "sh": SH}
    content = ox.serialize(examples(vocabulary, endpoint), format=ox.RdfFormat.TURTLE, prefixes=known)
    assert content is not None  # no output was given, so bytes come back
    return content
