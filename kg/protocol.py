"""The SPARQL 1.1 Protocol as values: what a request asks for, in which format, and which requests are refused.

Nothing here knows a socket, a store or a web framework.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from kg.errors import RequestError

__all__ = [
    "GRAPHS",
    "RESULTS",
    "Asked",
    "Limits",
    "Request",
    "asked",
    "entity_tag",
    "negotiate",
    "pairs",
    "unchanged",
]

FORM = "application/x-www-form-urlencoded"
QUERY = "application/sparql-query"
UPDATE = "application/sparql-update"
READ_ONLY = "the graph is read-only: updates are refused; send a SELECT, ASK, CONSTRUCT or DESCRIBE as `query`"
RESULTS: Mapping[str, str] = {
    "application/sparql-results+json": "json",
    "application/sparql-results+xml": "xml",
    "text/csv": "csv",
    "text/tab-separated-values": "tsv",
    "application/json": "json",
    "application/xml": "xml",
    "text/xml": "xml",
}
GRAPHS: Mapping[str, str] = {
    "text/turtle": "turtle",
    "application/n-triples": "ntriples",
    "application/rdf+xml": "rdfxml",
    "application/ld+json": "jsonld",
    "application/trig": "trig",
    "application/n-quads": "nquads",
    "application/xml": "rdfxml",
    "application/json": "jsonld",
    "application/x-turtle": "turtle",
    "text/plain": "ntriples",
}
UNRESERVED = re.compile(r"[^\x00-\x20<>\"{}|^`\\]+")


class Limits(NamedTuple):
    """What one request may take: seconds, rows (SELECT), bytes of an answer, characters of a query, MiB of memory."""

    seconds: float = 30.0
    rows: int = 1_000_000
    answer: int = 1 << 30
    query: int = 100_000
    memory: int = 4096

    @property
    def body(self) -> int:
        """Most bytes of a request body: the query, each character percent-encoded, and room for graph names."""
        return 12 * self.query + 65_536


class Request(NamedTuple):
    """A request as values; header fields are as sent, empty when missing. `base` is the server's address, as seen."""

    method: str
    path: str
    query: str = ""
    content_type: str = ""
    accept: str = ""
    if_none_match: str = ""
    base: str = "http://127.0.0.1"
    body: bytes = b""


class Asked(NamedTuple):
    """A query, and the graphs that the request names; None where it names none."""

    query: str
    default_graphs: tuple[str, ...] | None = None
    named_graphs: tuple[str, ...] | None = None


def pairs(text: str | bytes) -> list[tuple[str, str]]:
    """Return the names and values of a query string or a form, in order. Raises RequestError when not UTF-8.

    >>> pairs("query=ASK+%7B%7D&x")
    [('query', 'ASK {}'), ('x', '')]
    """
    found = []
    raw = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
    try:
        for part in filter(None, raw.split(b"&")):
            name, _, value = part.replace(b"+", b" ").partition(b"=")
            found.append((unquote_to_bytes(name).decode("utf-8"), unquote_to_bytes(value).decode("utf-8")))
    except UnicodeDecodeError as error:
        raise RequestError(400, f"a parameter is not UTF-8 ({error.reason}); percent-encode it as UTF-8") from None
    return found


def media_type(field: str) -> tuple[str, str]:
    """Return a Content-Type as the bare type and its charset, both in lower case; utf-8 where none is given."""
    bare, *parameters = (part.strip() for part in field.lower().split(";"))
    charset = "utf-8"
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            charset = value.strip().strip('"')
    return bare, charset


def asked(request: Request, limits: Limits) -> Asked | None:
    """Return what a request to the SPARQL endpoint asks, or None when it asks for the service description.

    Raises RequestError: 400 malformed, 403 an update, 405 another method, 413 or 414 too long, 415 another media type.
    """
    if request.method not in ("GET", "HEAD", "POST"):
        allow = (("Allow", "GET, HEAD, OPTIONS, POST"),)
        raise RequestError(405, f"{request.method} is not answered here; {READ_ONLY}", allow)
    given = pairs(request.query)
    texts = [value for name, value in given if name == "query"]
    if request.method == "POST":
        bare, charset = media_type(request.content_type)
        if bare == UPDATE:
            raise RequestError(403, READ_ONLY)
        if bare not in (FORM, QUERY):
            what = f"{bare} is" if bare else "a body without Content-Type is"
            accepted = (("Accept-Post", f"{QUERY}, {FORM}"),)
            raise RequestError(415, f"{what} not understood; send {QUERY} or {FORM}", accepted)
        if charset not in ("utf-8", "utf8", "us-ascii"):
            raise RequestError(415, f"charset {charset} is not understood; send UTF-8")
        if bare == FORM:
            given += pairs(request.body)
            texts = [value for name, value in given if name == "query"]
        else:
            try:
                texts.append(request.body.decode("utf-8"))
            except UnicodeDecodeError as error:
                raise RequestError(400, f"the query is not UTF-8 (byte {error.start})") from None
    names = {name for name, _ in given}
    if names & {"update", "using-graph-uri", "using-named-graph-uri"}:
        raise RequestError(403, READ_ONLY)
    if len(texts) > 1:
        raise RequestError(400, f"{len(texts)} queries in one request; send one")
    if not texts and request.method != "POST" and not names & {"default-graph-uri", "named-graph-uri"}:
        return None
    if not texts:
        raise RequestError(400, "no query; send it as the parameter `query`")
    if len(texts[0]) > limits.query:
        status = 413 if request.method == "POST" else 414
        raise RequestError(status, f"the query has {len(texts[0]):,} characters; {limits.query:,} are allowed")
    graphs = [
        tuple(dict.fromkeys(value for name, value in given if name == wanted))
        for wanted in ("default-graph-uri", "named-graph-uri")
    ]
    for iri in (*graphs[0], *graphs[1]):
        if not UNRESERVED.fullmatch(iri) or ":" not in iri:
            raise RequestError(400, f"{iri[:200]!r} is not an absolute IRI of a graph")
    if not graphs[0] and not graphs[1]:
        return Asked(texts[0])
    return Asked(texts[0], graphs[0], graphs[1])


def negotiate(accept: str, offers: Sequence[str]) -> str:
    """Return the offered media type that an Accept field likes best; the order of the offers decides between equals.

    Raises RequestError 406 with the list of offers when none will do.

    >>> negotiate("text/*;q=0.5, application/json;q=0.4", ["application/json", "text/csv"])
    'text/csv'
    """
    if len(accept) > 200:  # no client's habit: not worth keeping
        return _liked.__wrapped__(accept, tuple(offers))
    return _liked(accept, tuple(offers))


@lru_cache(256)
def _liked(accept: str, offers: tuple[str, ...]) -> str:
    if not accept.strip():
        return offers[0]
    wanted: dict[str, float] = {}
    for item in accept.lower().split(","):
        kind, *parameters = (part.strip() for part in item.split(";"))
        quality = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                quality = float(value) if re.fullmatch(r"\s*(0(\.\d{0,3})?|1(\.0{0,3})?)\s*", value) else 0.0
        if kind:
            wanted[kind] = max(quality, wanted.get(kind, 0.0))
    best, best_quality = "", 0.0
    for offer in offers:
        ranges = (offer, f"{offer.partition('/')[0]}/*", "*/*")
        quality = next((wanted[kind] for kind in ranges if kind in wanted), 0.0)
        if quality > best_quality:
            best, best_quality = offer, quality
    if not best:
        raise RequestError(406, f"nothing here is {accept[:200]}; there is {', '.join(offers)}")
    return best


def entity_tag(version: str, *parts: object) -> str:
    """Return a weak ETag: equal data, format and limits, equal tag.

    >>> entity_tag("1+abc", "text/csv") == entity_tag("1+abc", "text/csv")
    True
    """
    text = "\n".join([version, *map(str, parts)])
    return f'W/"{hashlib.sha256(text.encode()).hexdigest()[:20]}"'


def unchanged(if_none_match: str, tag: str) -> bool:
    """Answer whether an If-None-Match field names the tag (weak comparison), so that 304 will do."""
    listed = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return "*" in listed or tag.removeprefix("W/") in listed
