"""The dataset of a SPARQL endpoint elsewhere: read whole once for each version of its data, then asked like one's own.

Queries go to the endpoint as they are; the other questions are answered here, from what was read.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg import rdf, sources, store
from kg.dataset import CACHE, Dataset, opened, write
from kg.endpoint import Endpoint
from kg.errors import CurationError, QueryError, SourceError
from kg.sparql import PREFIXES, check_graphs, datasets, guard, prologue
from kg.vocabulary import MSCIM, OWL

if TYPE_CHECKING:
    import pyoxigraph as ox

__all__ = ["load", "prefixes", "query", "statements", "version"]

PAGE = 100_000  # statements asked for at once
SORTED = 10_000  # the most of them in order: Virtuoso sorts no more
SH = "http://www.w3.org/ns/shacl#"
XSD = "http://www.w3.org/2001/XMLSchema#"
BOOLEANS = {"1": "true", "0": "false"}  # as Virtuoso writes them
LABEL = re.compile(r"[A-Za-z0-9]+")
NEITHER = "FILTER(!isBlank(?s) && !isBlank(?o))"
EITHER = "FILTER(isBlank(?s) || isBlank(?o))"


def version(endpoint: Endpoint) -> str:
    """Return the data version that the endpoint tells. Raises SourceError when it holds no dataset that can be read."""
    graph = rdf.GRAPHS["ontology"]
    told = _rows(
        endpoint,
        f"SELECT ?version ?format {{ GRAPH <{graph}> {{ <{rdf.DATASET}> <{OWL}versionInfo> ?version . "
        f"OPTIONAL {{ <{rdf.DATASET}> <{MSCIM}format> ?format }} }} }}",
    )
    if not told:
        if endpoint.results(f"ASK {{ GRAPH <{graph}> {{ ?s ?p ?o }} }}").get("boolean") is True:
            raise SourceError(
                f"{endpoint.url}: holds an mscim dataset that tells no version, from another version of this program; "
                "load there what `kg export nquads` of this one writes"
            )
        raise SourceError(f"{endpoint.url}: holds no mscim dataset (no graph <{graph}>); give another address")
    form = told[0].get("format", {}).get("value", "")
    if form != rdf.FORMAT:
        raise SourceError(
            f"{endpoint.url}: its dataset is in format {form or '(none)'}, and this program reads {rdf.FORMAT}; "
            "use the version of mscim that wrote it, or load a new export there"
        )
    return str(told[0]["version"]["value"])


def prefixes(endpoint: Endpoint) -> dict[str, str]:
    """Return the prefixes that the ontology at the endpoint declares, by name."""
    rows = _rows(
        endpoint,
        f"SELECT ?prefix ?space {{ GRAPH <{rdf.GRAPHS['ontology']}> {{ "
        f"?ontology <{SH}declare> ?each . ?each <{SH}prefix> ?prefix ; <{SH}namespace> ?space }} }}",
    )
    return dict(sorted((row["prefix"]["value"], row["space"]["value"]) for row in rows))


def query(
    endpoint: Endpoint, text: str, known: Mapping[str, str]
) -> ox.QuerySolutions | ox.QueryBoolean | Sequence[ox.Triple]:
    """Ask the endpoint a SPARQL read as it is, the prefixes declared that it uses without saying what they are.

    `known` are prefixes and their namespaces. Raises QueryError when it is no read or the endpoint refuses it.
    """
    import pyoxigraph as ox

    form, chooses, _ = guard(text)
    if chooses:
        chosen = datasets(text, {**PREFIXES, **known})
        others = {iri for iri, _ in chosen} - set(rdf.GRAPHS.values())
        there = {
            iri for iri in sorted(others) if endpoint.results(f"ASK {{ GRAPH <{iri}> {{ ?s ?p ?o }} }}")["boolean"]
        }
        check_graphs(text, chosen, there | set(rdf.GRAPHS.values()))
    head = prologue(text, known)
    endpoint = replace(endpoint, cuts=True)
    try:
        if form in ("CONSTRUCT", "DESCRIBE"):
            content = endpoint.triples(head + text)
            parsed = ox.parse(content, format=ox.RdfFormat.TURTLE, base_iri=endpoint.url)
            return tuple(dict.fromkeys(quad.triple for quad in parsed))
        packed = json.dumps(_normal(endpoint.results(head + text))).encode()
        answer = ox.parse_query_results(packed, format=ox.QueryResultsFormat.JSON)
        if isinstance(answer, ox.QueryBoolean):
            return answer
        for _ in answer:  # a term that is none is said here, and not in the middle of what is printed
            pass
        return ox.parse_query_results(packed, format=ox.QueryResultsFormat.JSON)
    except QueryError as error:
        raise QueryError(_moved(str(error), head.count("\n"))) from None
    except (SyntaxError, ValueError) as error:
        said = str(getattr(error, "msg", error)).splitlines()[0][:200]
        raise SourceError(f"{endpoint.url}: the answer breaks off or breaks the standard ({said}); try again") from None


def _moved(message: str, lines: int) -> str:
    """Return a message with its line counted in the user's own text, without the lines put before it."""
    found = re.match(r"(\d+)(:\d+: .*)", message, re.DOTALL)
    return f"{max(1, int(found[1]) - lines)}{found[2]}" if found else message


def load(endpoint: Endpoint) -> Dataset:
    """Return the dataset of an endpoint, read over SPARQL unless this version of its data is in the cache.

    Equal, values and statements, to the one it was made from. Raises SourceError when the endpoint cannot be asked or
    holds no whole dataset of this format.
    """
    told = version(endpoint)
    place = f"endpoint-{hashlib.sha256(endpoint.url.encode()).hexdigest()[:12]}"
    folder = sources.cache() / f"{place}-{hashlib.sha256(f'{sources.FORMAT} {told}'.encode()).hexdigest()[:12]}"
    try:
        summary = store.manifest(folder)
    except SourceError:
        with sources.alone(folder.parent, lambda: endpoint.say("waiting for another process that builds a dataset")):
            try:
                summary = store.manifest(folder)
            except SourceError:
                store.discard(folder)
                _read(endpoint, told, folder)
                summary = store.manifest(folder)
        for older in sources.cache().glob(f"{place}-*"):
            if older != folder:
                store.discard(older)
    return opened(folder, summary)


def _read(endpoint: Endpoint, told: str, folder: Path) -> None:
    endpoint.say(f"reading the dataset of {endpoint.url} (once for data {told})")
    quads = list(statements(endpoint))
    if version(endpoint) != told:
        raise SourceError(f"{endpoint.url}: its data changed while it was read; try again")
    try:
        contents = rdf.contents(quads)
    except CurationError as error:
        raise SourceError(f"{endpoint.url}: the dataset there is damaged ({error}); load it there anew") from None
    write(folder, contents, quads, told, endpoint.say, CACHE)


def statements(endpoint: Endpoint) -> Iterator[ox.Quad]:
    """Yield every quad of the dataset at an endpoint, blank nodes with canonical names. Raises SourceError.

    A graph is asked for whole where it is not large; where the server cuts answers, page by page in the order of the
    subjects, as many statements at once as it gives. Blank nodes come in one answer, since their names hold in that
    answer only.
    """
    import pyoxigraph as ox

    for name, graph in rdf.GRAPHS.items():
        size = _count(endpoint, graph, "")
        if size == 0:
            endpoint.say(f"the graph {name} there is empty")
        blank = _count(endpoint, graph, EITHER)
        yield from _quads(_paged(endpoint, name, size - blank), graph)
        if blank:
            rows = _rows(endpoint, f"SELECT ?s ?p ?o {{ GRAPH <{graph}> {{ ?s ?p ?o }} {EITHER} }}")
            if len(rows) != blank:
                raise SourceError(f"{endpoint.url}: gives {len(rows)} of {blank} statements of <{graph}>; {RAISE}")
            tangled = ox.Dataset(_quads(rows, graph))
            tangled.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
            yield from sorted(tangled, key=str)


RAISE = "its limit on rows is too low to read the dataset; raise it there (Virtuoso: ResultSetMaxRows)"


def _paged(endpoint: Endpoint, name: str, size: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of one graph without blank nodes, `size` of them, each once."""
    pattern = f"GRAPH <{rdf.GRAPHS[name]}> {{ ?s ?p ?o }} {NEITHER}"
    limit, given, last = PAGE, 0, ""
    if size <= PAGE:
        rows = _rows(endpoint, f"SELECT ?s ?p ?o {{ {pattern} }}") if size else []
        if len(rows) == size:
            endpoint.say(f"{name}: {size:,} statements")
            yield from rows
            return
        limit = len(rows)
    limit = min(limit, SORTED)
    while given < size:
        after = f' FILTER(STR(?s) > "{last}")' if last else ""
        rows = _rows(endpoint, f"SELECT ?s ?p ?o {{ {pattern}{after} }} ORDER BY STR(?s) LIMIT {limit}")
        whole = given + len(rows) == size
        if not whole:  # the last subject may have more
            rows = [row for row in rows if row["s"]["value"] != rows[-1]["s"]["value"]]
        if not rows:
            raise SourceError(f"{endpoint.url}: gives {given} of {size} statements of {name}; {RAISE}")
        given, last = given + len(rows), rows[-1]["s"]["value"]
        endpoint.say(f"{name}: {given:,} of {size:,} statements")
        yield from rows


def _count(endpoint: Endpoint, graph: str, only: str) -> int:
    rows = _rows(endpoint, f"SELECT (COUNT(*) AS ?n) {{ GRAPH <{graph}> {{ ?s ?p ?o }} {only} }}")
    try:
        return int(rows[0]["n"]["value"])
    except (LookupError, ValueError):
        raise SourceError(f"{endpoint.url}: does not count its statements; is it SPARQL 1.1?") from None


def _rows(endpoint: Endpoint, text: str) -> list[dict[str, Any]]:
    """Return the rows of a SELECT of our own. Raises SourceError, also where the endpoint refuses it."""
    try:
        answer = _normal(endpoint.results(text))
        return list(answer["results"]["bindings"])
    except QueryError as error:
        raise SourceError(f"{endpoint.url}: refuses a query that SPARQL 1.1 allows: {error}") from None
    except (LookupError, TypeError, AttributeError):
        raise SourceError(f"{endpoint.url}: answered a SELECT with no rows of SPARQL results") from None


def _normal(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer with its terms as the standard and our data write them: blank nodes and truth values."""
    for row in answer.get("results", {}).get("bindings", ()):
        for term in row.values():
            if term["type"] == "typed-literal":
                term["type"] = "literal"
            if term["type"] == "bnode" and not LABEL.fullmatch(term["value"]):
                term["value"] = "b" + hashlib.sha256(term["value"].encode()).hexdigest()[:20]
            elif term.get("datatype") == f"{XSD}boolean":
                term["value"] = BOOLEANS.get(term["value"], term["value"])
    return answer


def _quads(rows: Iterator[dict[str, Any]] | Sequence[dict[str, Any]], graph: str) -> Iterator[ox.Quad]:
    import pyoxigraph as ox

    def term(each: Mapping[str, str]) -> Any:
        if each["type"] == "uri":
            return ox.NamedNode(each["value"])
        if each["type"] == "bnode":
            return ox.BlankNode(each["value"])
        if "xml:lang" in each:
            return ox.Literal(each["value"], language=each["xml:lang"])
        if "datatype" in each:
            return ox.Literal(each["value"], datatype=ox.NamedNode(each["datatype"]))
        return ox.Literal(each["value"])

    name = ox.NamedNode(graph)
    try:
        for row in rows:
            yield ox.Quad(term(row["s"]), term(row["p"]), term(row["o"]), name)
    except (LookupError, ValueError, TypeError) as error:
        raise SourceError(f"the endpoint gives a statement that is none ({error})") from None
