"""Responses as values: one function from a request and an open dataset to status, header fields and a body.

No socket, no event loop. A body that may be large is a function that writes into a sink, piece by piece.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import quote

from kg import pages, protocol, service, shell, sparql, store
from kg.catalogue import examples
from kg.errors import CurationError, KGError, QueryError, RequestError, SourceError, UnknownTerm
from kg.protocol import GRAPHS, RESULTS, Limits, Request
from kg.vocabulary import MSCIM

if TYPE_CHECKING:
    import pyoxigraph as ox

    from kg.dataset import Dataset

__all__ = ["Open", "Response", "Sink", "Writes", "problem", "respond"]

DUMPS = {
    "/data.ttl": "text/turtle",
    "/data.nq": "application/n-quads",
    "/data.jsonld": "application/ld+json",
    "/data.trig": "application/trig",
}
HTML = "text/html"
NAMED_BY = """SELECT ?claim ?how ?subject ?predicate ?object WHERE {
  VALUES ?how { mscim:subject mscim:object mscim:cell }
  ?claim ?how ?this ; mscim:subject/rdfs:label ?subject ; mscim:predicate/rdfs:label ?predicate ;
         mscim:object/rdfs:label ?object .
} ORDER BY ?how ?subject ?predicate ?object ?claim LIMIT 200"""


class Writes(Protocol):
    """What a body is written into."""

    def write(self, data: bytes, /) -> int:
        """Take the next piece."""

    def flush(self) -> None:
        """Do nothing, or pass on what was held back."""


class Response(NamedTuple):
    """An answer: `body` is bytes, or writes itself; `rows` says how its rows are told apart, for the limit of rows."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes | Callable[[Writes], None] = b""
    rows: str = ""


class Open:
    """A dataset opened for answering; what a query does not need is read at first use."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder = folder
        self.limits = limits
        self.summary = store.manifest(folder)
        self.store = store.open_store(folder)
        self.version = str(self.summary["data_version"])

    @cached_property
    def prefixes(self) -> Mapping[str, str]:
        """The prefixes of the ontology."""
        try:
            found: dict[str, str] = json.loads((self.folder / "dataset.json").read_bytes())["ontology"]["prefixes"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise SourceError(f"{self.folder}: dataset.json cannot be read ({error}); {store.REBUILD}") from None
        return found

    @cached_property
    def graph(self) -> Dataset:
        """The dataset with all its questions."""
        from kg.dataset import load

        return load(self.folder)


class Sink:
    """Passes pieces on, and stops the writer with a RequestError when rows or bytes are too many."""

    MARKS: Mapping[str, tuple[bytes, int]] = {
        "json": (b"},{", 1),  # a literal that holds this counts as a row: the limit is a limit, not a count
        "xml": (b"<result>", 0),
        "csv": (b"\n", -1),
        "tsv": (b"\n", -1),
    }

    def __init__(self, take: Callable[[bytes], None], limits: Limits, rows: str = "") -> None:
        self.take = take
        self.limits = limits
        self.mark, self.count = self.MARKS.get(rows, (b"", 0))
        self.quotes = rows == "csv"
        self.quoted = False
        self.tail = b""
        self.size = 0

    def write(self, data: bytes, /) -> int:
        """Take the next piece."""
        self.size += len(data)
        if self.mark:
            self.count += self._marks(data)
            if self.count > self.limits.rows:
                said = f"the answer has more than {self.limits.rows:,} rows; narrow the query, or page with LIMIT"
                raise RequestError(400, f"{said} and OFFSET")
        if self.size > self.limits.answer:
            raise RequestError(400, f"the answer has more than {self.limits.answer:,} bytes; narrow the query")
        self.take(bytes(data))
        return len(data)

    def _marks(self, data: bytes) -> int:
        if self.quotes:  # line ends within quotes are text
            parts = data.split(b'"')
            found = sum(part.count(b"\n") for part in parts[int(self.quoted) :: 2])
            self.quoted ^= len(parts) % 2 == 0
            return found
        whole = self.tail + data
        self.tail = whole[max(0, len(whole) - len(self.mark) + 1) :]
        return whole.count(self.mark)

    def flush(self) -> None:
        """Do nothing: pieces are passed on at once."""


def problem(error: KGError) -> Response:
    """Return an error as `application/problem+json` (RFC 9457): status, title, detail, and what else is known."""
    more: dict[str, Any] = {}
    headers: tuple[tuple[str, str], ...] = ()
    detail = str(error)
    if isinstance(error, RequestError):
        status, headers = error.status, error.headers
    elif isinstance(error, UnknownTerm):
        status = 404 if error.kind in ("entity", "query", "question") and not error.reason else 400
        more = {"suggestions": list(error.suggestions)}
        detail = detail.partition(" `kg search")[0]
    elif isinstance(error, QueryError):
        status = 400
        place = re.match(r"(\d+):(\d+): ", detail)
        if place:
            more = {"line": int(place[1]), "column": int(place[2])}
    elif isinstance(error, SourceError):
        status, detail = 503, "the data cannot be read at present; the log of the server says why"
    else:
        status = 400
    if len(detail) > 2000:
        detail = f"{detail[:2000]}..."
    body = {"title": HTTPStatus(status).phrase, "status": status, "detail": detail, **more}
    content = json.dumps(body, ensure_ascii=False).encode() + b"\n"
    return Response(status, (("Content-Type", "application/problem+json"), *headers), content)


def respond(held: Open, request: Request) -> Response:
    """Return the answer to any request that needs the data. Raises KGError; `problem` makes a response of it."""
    path = request.path
    if path in ("/sparql", "/sparql/"):
        return _sparql(held, request)
    if request.method not in ("GET", "HEAD"):
        allow = (("Allow", "GET, HEAD, OPTIONS"),)
        raise RequestError(405, f"{request.method} is not answered here; everything is read-only", allow)
    if pages.known(path):
        return _page_of(held, request)
    if path.startswith("/page/"):
        return _file(request, path.removeprefix("/page/"))
    if path == "/.well-known/void":
        return _described(held, request, lambda: service.void(request.base, held.summary, held.store))
    if path == "/.well-known/sparql-examples":
        return _described(held, request, lambda: list(examples(held.graph.vocabulary, f"{request.base}/sparql")))
    if path in DUMPS:
        return _dump(held, request, DUMPS[path])
    if path.startswith("/entity/"):
        return _entity(held, request, path.removeprefix("/entity/"))
    if path == "/openapi.json":
        return _api(held, request, lambda: _openapi(request.base))
    if path.startswith("/api/"):
        return _api(held, request, lambda: _question(held, path.removeprefix("/api/"), request.query))
    raise RequestError(404, f"nothing is at {path[:200]}; / shows what there is")


def _tagged(
    held: Open, request: Request, media: str, make: Callable[[], bytes | Callable[[Writes], None]], rows: str = ""
) -> Response:
    """Answer with an ETag, or with 304 and without making the body."""
    tag = protocol.entity_tag(held.version, media, request.base, held.limits.rows, held.limits.answer)
    headers = (("ETag", tag), ("Cache-Control", "no-cache"), ("Vary", "Accept"))
    if request.if_none_match and protocol.unchanged(request.if_none_match, tag):
        return Response(304, headers)
    return Response(200, (("Content-Type", _content_type(media)), *headers), make(), rows)


def _page_of(held: Open, request: Request) -> Response:
    """Answer with a page, or with the page that says why there is none."""
    asked = _asked_page(held, request)
    return _made(held, request, lambda: pages.page(asked))


def _asked_page(held: Open, request: Request) -> pages.Asked:
    given = protocol.pairs(request.query)
    return pages.Asked(held.graph, held.summary, request.path, tuple(given), request.base)


def _made(held: Open, request: Request, make: Callable[[], pages.Page]) -> Response:
    tag = protocol.entity_tag(held.version, request.base, shell.edition())
    kept = (("ETag", tag), ("Cache-Control", "no-cache"), ("Vary", "Accept"))
    if request.if_none_match and protocol.unchanged(request.if_none_match, tag):
        return Response(304, kept)
    made = make()
    headers = kept if made.status == 200 else (("Cache-Control", "no-store"), ("Vary", "Accept"))
    return Response(made.status, (("Content-Type", _content_type(made.media)), *headers, *made.headers), made.body)


def _file(request: Request, name: str) -> Response:
    """Answer with a file that pages link to; an address that names its edition may be kept for a year."""
    if name not in shell.FILES:
        raise RequestError(404, f"there is no file {name[:200]!r}")
    content, media, edition = shell.file(name)
    kept = "public, max-age=31536000, immutable" if request.query == f"v={edition}" else "no-cache"
    headers = (("ETag", f'"{edition}"'), ("Cache-Control", kept))
    if request.if_none_match and protocol.unchanged(request.if_none_match, f'"{edition}"'):
        return Response(304, headers)
    return Response(200, (("Content-Type", _content_type(media)), *headers), content)


def _content_type(media: str) -> str:
    return f"{media}; charset=utf-8" if media.startswith("text/") else media


def _sparql(held: Open, request: Request) -> Response:
    asked = protocol.asked(request, held.limits)
    if asked is None:
        if protocol.negotiate(request.accept, [*GRAPHS, HTML]) == HTML:
            longest = held.limits.query
            return _made(held, request, lambda: pages.sparql(_asked_page(held, request), longest))
        counts = service.graph_counts(held.store)
        return _described(held, request, lambda: service.description(request.base, held.summary, counts))
    shape = sparql.guard(asked.query)
    table = GRAPHS if shape.form in ("CONSTRUCT", "DESCRIBE") else RESULTS
    media = protocol.negotiate(request.accept, list(table))

    def make() -> bytes | Callable[[Writes], None]:
        graphs = (asked.default_graphs, asked.named_graphs)
        base = f"{request.base}/sparql"
        found = sparql.evaluate(held.store, asked.query, held.prefixes, shape, *graphs, base)
        return _body(found, table[media], held.prefixes)

    rows = table[media] if table is RESULTS else ""
    if request.method == "POST" or shape.volatile:
        varies = (("Cache-Control", "no-store"), ("Vary", "Accept"))
        return Response(200, (("Content-Type", _content_type(media)), *varies), make(), rows)
    return _tagged(held, request, media, make, rows)


def _body(
    found: ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples, form: str, prefixes: Mapping[str, str]
) -> bytes | Callable[[Writes], None]:
    import pyoxigraph as ox

    if isinstance(found, ox.QueryTriples):
        return lambda sink: _write_rdf(found, form, prefixes, sink)
    formats = {
        "csv": ox.QueryResultsFormat.CSV,
        "tsv": ox.QueryResultsFormat.TSV,
        "json": ox.QueryResultsFormat.JSON,
        "xml": ox.QueryResultsFormat.XML,
    }
    if isinstance(found, ox.QueryBoolean) and form in ("csv", "tsv"):
        return b"true\n" if found else b"false\n"

    def write(sink: Writes) -> None:
        try:
            found.serialize(sink, formats[form])  # type: ignore[arg-type]
        except RequestError:
            raise
        except (OSError, ValueError, RuntimeError) as error:
            raise sparql.stopped(error) from None

    return write


def _write_rdf(triples: Iterable[Any], form: str, prefixes: Mapping[str, str], sink: Writes) -> None:
    import pyoxigraph as ox

    formats = {
        "turtle": ox.RdfFormat.TURTLE,
        "ntriples": ox.RdfFormat.N_TRIPLES,
        "rdfxml": ox.RdfFormat.RDF_XML,
        "jsonld": ox.RdfFormat.JSON_LD,
        "trig": ox.RdfFormat.TRIG,
        "nquads": ox.RdfFormat.N_QUADS,
    }
    try:
        if form in ("ntriples", "nquads"):  # no prefixes: the engine writes its own triples faster
            if isinstance(triples, ox.QueryTriples):
                triples.serialize(sink, formats[form])  # type: ignore[arg-type]
                return
        known = {**sparql.PREFIXES, **prefixes}
        ox.serialize(triples, sink, formats[form], prefixes=known)  # type: ignore[arg-type]
    except RequestError:
        raise
    except (OSError, ValueError, RuntimeError) as error:
        raise sparql.stopped(error) from None


def _described(held: Open, request: Request, make: Callable[[], Sequence[ox.Triple]]) -> Response:
    media = protocol.negotiate(request.accept, list(GRAPHS))

    def body() -> Callable[[Writes], None]:
        triples = make()
        return lambda sink: _write_rdf(triples, GRAPHS[media], service.KNOWN, sink)

    return _tagged(held, request, media, body)


def _dump(held: Open, request: Request, media: str) -> Response:
    import pyoxigraph as ox

    known = {**sparql.PREFIXES, **held.prefixes}

    def write(sink: Writes) -> None:
        if media == "text/turtle":
            ox.serialize((quad.triple for quad in held.store), sink, ox.RdfFormat.TURTLE, prefixes=known)  # type: ignore[arg-type]
        elif media == "application/n-quads":
            held.store.dump(sink, ox.RdfFormat.N_QUADS)  # type: ignore[arg-type]
        else:
            form = ox.RdfFormat.TRIG if media == "application/trig" else ox.RdfFormat.JSON_LD
            held.store.dump(sink, form, prefixes=known)  # type: ignore[arg-type]

    return _tagged(held, request, media, lambda: write)


def _api(held: Open, request: Request, make: Callable[[], dict[str, Any]]) -> Response:
    media = protocol.negotiate(request.accept, ["application/json"])

    def body() -> bytes:
        return json.dumps(make(), ensure_ascii=False, indent=1).encode() + b"\n"

    return _tagged(held, request, media, body)


def _openapi(base: str) -> dict[str, Any]:
    from kg import __version__
    from kg.questions import openapi

    return openapi(base, __version__)


def _question(held: Open, name: str, query: str) -> dict[str, Any]:
    from kg.questions import ask

    return ask(held.graph, name, protocol.pairs(query))


def _entity(held: Open, request: Request, name: str) -> Response:
    """Answer what the data says of one IRI: a CURIE, or what follows the namespace of our own IRIs."""
    import pyoxigraph as ox

    ontology = held.graph.vocabulary.ontology
    try:
        iri = ontology.expand(name) if ":" in name else ontology.expand(f"mscim:{name}")
        node = ox.NamedNode(iri)
    except (CurationError, ValueError):
        return _unknown(held, request, name)
    if iri.startswith(f"{MSCIM}graph/"):
        found = [quad.triple for quad in held.store.quads_for_pattern(None, None, None, node)]
    else:
        found = [quad.triple for quad in held.store.quads_for_pattern(node, None, None)]
        parts = [t.object for t in found if t.predicate.value == f"{MSCIM}evidence"]
        found += [quad.triple for part in parts for quad in held.store.quads_for_pattern(part, None, None)]  # type: ignore[arg-type]
    if not found:
        return _unknown(held, request, name)
    media = protocol.negotiate(request.accept, [*GRAPHS, HTML])
    if media == HTML:
        about = [triple for triple in found if triple.subject == node]
        asked = pages.Asked(held.graph, held.summary, request.path, (), request.base)
        curie = _curie(held, iri)
        return _made(held, request, lambda: pages.thing(asked, curie, iri, lambda: _said(held, iri, about)))
    prefixes = held.prefixes
    return _tagged(held, request, media, lambda: lambda sink: _write_rdf(found, GRAPHS[media], prefixes, sink))


def _unknown(held: Open, request: Request, name: str) -> Response:
    """Answer that nothing has this name: a page with the nearest ones for a browser, else raise UnknownTerm."""
    vocabulary = held.graph.vocabulary
    near = vocabulary.suggestions(name[:200]) or vocabulary.suggestions(name.rpartition(":")[2][:200])
    error = UnknownTerm(name[:200], near)
    if protocol.negotiate(request.accept, [*GRAPHS, HTML]) != HTML:
        raise error
    asked = pages.Asked(held.graph, held.summary, request.path, (), request.base)
    made = pages.refusal(asked, error)
    headers = (("Content-Type", _content_type(made.media)), ("Vary", "Accept"), *made.headers)
    return Response(made.status, headers, made.body)


def _curie(held: Open, iri: str) -> str:
    try:
        return held.graph.vocabulary.ontology.contract(iri)
    except CurationError:
        return ""


def _said(held: Open, iri: str, found: Sequence[ox.Triple]) -> dict[str, Any]:
    """Return what triples say of an IRI, and which claims name it: texts and paths of pages."""
    import pyoxigraph as ox

    label = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
    ontology = held.graph.vocabulary.ontology

    def shown(term: Any) -> tuple[str, str]:
        if not isinstance(term, ox.NamedNode):
            return str(term.value), ""
        named = next((quad.object for quad in held.store.quads_for_pattern(term, label, None)), None)
        text = str(named.value) if isinstance(named, ox.Literal) else ""
        try:
            curie = ontology.contract(term.value)
        except CurationError:
            return text or term.value, ""
        described = next(held.store.quads_for_pattern(term, None, None), None) is not None
        return text or curie, f"/entity/{quote(curie, safe=':/')}" if described else ""

    said: dict[str, list[tuple[str, str]]] = {}
    for triple in sorted(found, key=str):
        said.setdefault(shown(triple.predicate)[0], []).append(shown(triple.object))
    answer: Any = held.store.query(
        sparql.filled(NAMED_BY, {"this": iri}),
        prefixes={**sparql.PREFIXES, **held.prefixes},
        use_default_graph_as_union=True,
    )
    named_by = [
        (
            row["how"].value.removeprefix(MSCIM),
            " ".join(row[name].value for name in ("subject", "predicate", "object")),
            f"/entity/{row['claim'].value.removeprefix(MSCIM)}",
        )
        for row in answer
    ]
    return {"title": shown(ox.NamedNode(iri))[0], "said": list(said.items()), "named_by": named_by}
