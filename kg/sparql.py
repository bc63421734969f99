"""SPARQL over the built store: refuses what is not a read, runs, and writes the answer in the format asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kg.errors import QueryError, SourceError
from kg.sources import read_bytes
from kg.vocabulary import contracted, value_of

if TYPE_CHECKING:
    import pyoxigraph as ox

__all__ = [
    "FORMATS",
    "PREFIXES",
    "Shape",
    "check_graphs",
    "datasets",
    "evaluate",
    "filled",
    "guard",
    "prologue",
    "run",
    "serialized",
    "stopped",
    "table",
    "text_of",
]

FORMATS = ("table", "csv", "tsv", "json", "xml", "turtle")
TOKEN = re.compile(
    r"""(?P<comment>\#[^\n\r]*)
    |(?P<iri><[^<>"{}|^`\\\x00-\x20]*>)
    |(?P<text>\"{3}(?:\\.|(?!\"{3}).)*\"{3}|'{3}(?:\\.|(?!'{3}).)*'{3}|"(?:\\.|[^"\\\n\r])*"|'(?:\\.|[^'\\\n\r])*')
    |(?P<variable>[?$]\w+)
    |(?P<name>(?:[^\W\d_](?:[\w.\-]*[\w\-])?)?:(?:%[0-9A-Fa-f]{2}|\\.|[\w:](?:[\w.:\-]*[\w:\-])?)*)
    |(?P<tag>@[A-Za-z]+(?:-[A-Za-z0-9]+)*)
    |(?P<word>[A-Za-z_]\w*)
    |(?P<space>\s+)
    |(?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
PREFIXES: Mapping[str, str] = {
    "biolink": "https://w3id.org/biolink/vocab/",
    "dcterms": "http://purl.org/dc/terms/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
UPDATES = frozenset("INSERT DELETE LOAD CLEAR CREATE DROP COPY MOVE ADD WITH".split())
NESTED = 200  # brackets within brackets: the engine runs out of stack at a few thousand
READS = frozenset("SELECT ASK CONSTRUCT DESCRIBE".split())
VOLATILE = frozenset("BNODE NOW RAND STRUUID UUID".split())  # another answer each time, from the same data
PLAIN_IRI = re.compile(r"<(?:[A-Za-z][A-Za-z0-9+.\-]*://[^>]*|[^'#()>]*)>")


class Shape(NamedTuple):
    """What a read is: its form (SELECT ...), whether it names its graphs (FROM), whether its answer may vary."""

    form: str
    dataset: bool
    volatile: bool


def guard(query: str) -> Shape:
    """Return the shape of one SPARQL read; raise QueryError unless it is one, without SERVICE.

    Literals, IRIs and comments do not count. The engine's grammar is looser than the standard's tokens: it takes
    `SERVICEex:a {` for a call, and `1<'a>'` for a comparison where the standard sees an IRI. Where the two readings
    could differ and the text holds "service" at all, it is refused, with what to write instead.
    """
    depth, form, words, doubtful = 0, "", set(), "service" in query.lower()
    prefixed: int | None = None  # where a name stands that the engine may read as SERVICE and a name
    for match in TOKEN.finditer(query):
        kind, at = match.lastgroup, match.start()
        if kind in ("space", "comment"):
            continue
        if kind == "other":
            depth += (match[0] in "({[") - (match[0] in ")}]")
            if depth > NESTED:
                raise QueryError(f"{_place(query, at)}: brackets nested more than {NESTED} deep; simplify the query")
            if prefixed is not None and match[0] == "{":
                raise QueryError(
                    f"{_place(query, prefixed)}: SERVICE is refused: queries never leave this machine; if this is a "
                    "name, choose a prefix without `service` in it"
                )
        prefixed = None
        if kind == "word":
            word = match[0].upper()
            if "SERVICE" in word:
                raise QueryError(
                    f"{_place(query, at)}: SERVICE is refused: queries never leave this machine; remove it"
                )
            if not form and word in UPDATES:
                raise QueryError(
                    f"{_place(query, at)}: {word} is an update, and the graph is read-only; write a SELECT, ASK or "
                    "CONSTRUCT"
                )
            form = form or (word if word in READS else "")
            words.add(word)
        elif doubtful and kind == "name" and "service" in match[0].partition(":")[0].lower():
            prefixed = at
        elif doubtful and kind == "iri" and not PLAIN_IRI.fullmatch(match[0]):
            raise QueryError(
                f"{_place(query, at)}: this can be read as an IRI or as a comparison, and the query holds `service`; "
                "write the IRI in full, or a space after <"
            )
    if not form:
        raise QueryError("1:1: no SELECT, ASK, CONSTRUCT or DESCRIBE in the query")
    return Shape(form, "FROM" in words, bool(words & VOLATILE))


def _place(query: str, at: int) -> str:
    """Return line and column of a character, both from 1."""
    return f"{query.count(chr(10), 0, at) + 1}:{at - query.rfind(chr(10), 0, at)}"


def run(
    store: ox.Store,
    query: str,
    prefixes: Mapping[str, str],
    substitutions: Mapping[str, str] | None = None,
) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
    """Evaluate a read, with the prefixes of the ontology declared: over the graphs it names after FROM, else over all.

    `substitutions` puts IRIs in the place of variables (names without `?`). Raises QueryError with line and column,
    also when FROM names a graph that the store does not have.
    """

    shape = guard(query)
    if shape.dataset:
        here = {value_of(name) for name in store.named_graphs()}
        check_graphs(query, datasets(query, {**PREFIXES, **prefixes}), here)
    return evaluate(store, filled(query, substitutions or {}), prefixes, shape)


def check_graphs(query: str, chosen: Sequence[tuple[str, int]], known: Set[str]) -> None:
    """Raise QueryError for the first of the chosen graphs, as `datasets` gives them, that is not a known one."""
    for iri, at in chosen:
        if iri not in known:
            raise QueryError(
                f"{_place(query, at)}: FROM <{iri}>: no such graph here; leave FROM out for all graphs together, "
                f"or name one of {', '.join(f'<{name}>' for name in sorted(known))}"
            )


def evaluate(
    store: ox.Store,
    query: str,
    prefixes: Mapping[str, str],
    shape: Shape,
    default_graphs: Sequence[str] | None = None,
    named_graphs: Sequence[str] | None = None,
    base: str | None = None,
) -> ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples:
    """Evaluate a read that `guard` has let through.

    The default graph is all graphs together, unless the query (FROM) or `default_graphs` and `named_graphs` say which;
    these two, the request's, go before the query's own. `base` is what relative IRIs are relative to. Raises QueryError
    with line and column.
    """
    import pyoxigraph as ox

    known = {**PREFIXES, **prefixes}
    if "\\" not in query:  # an escape could stand for a prefix: then the engine is told all of them
        known = {name: iri for name, iri in known.items() if f"{name}:" in query}
    answer: ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples
    try:
        if default_graphs is None and named_graphs is None:
            answer = store.query(query, base_iri=base, prefixes=known, use_default_graph_as_union=not shape.dataset)
        else:
            given = [[ox.NamedNode(iri) for iri in graphs or ()] for graphs in (default_graphs, named_graphs)]
            answer = store.query(
                query, base_iri=base, prefixes=known, default_graph=list(given[0]), named_graphs=list(given[1])
            )
    except SyntaxError as error:
        message = str(error.msg).splitlines()[0].removeprefix("error at ")
        place, _, rest = message.partition(": ")
        if len(rest) > 160:
            rest = rest[:157] + "..."
        raise QueryError(f"{place}: malformed SPARQL: {rest}" if rest else f"malformed SPARQL: {message}") from None
    except (OSError, ValueError, RuntimeError) as error:
        raise stopped(error) from None
    return answer


def datasets(query: str, prefixes: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    """Return the IRIs that a query names after FROM and FROM NAMED, each with its place in the text.

    >>> datasets("SELECT * FROM <http://x/a> FROM NAMED x:b { ?s ?p ?o }", {"x": "http://x/"})
    (('http://x/a', 14), ('http://x/b', 38))
    """
    from urllib.parse import urljoin

    known, base, depth = dict(prefixes), "", 0
    found: list[tuple[str, int]] = []
    tokens = [m for m in TOKEN.finditer(query) if m.lastgroup != "comment" and not m[0].isspace()]
    for before, match, after in zip([None, *tokens], tokens, [*tokens[1:], None], strict=False):
        depth += (match[0] == "{") - (match[0] == "}")
        word = before[0].upper() if before and before.lastgroup == "word" else ""
        if match.lastgroup == "iri" and word == "BASE":
            base = match[0][1:-1]
        elif match.lastgroup == "name" and word == "PREFIX" and after and after.lastgroup == "iri":
            known[match[0][:-1]] = urljoin(base, after[0][1:-1])
        elif depth == 0 and word in ("FROM", "NAMED"):
            prefix, _, local = match[0].partition(":")
            if match.lastgroup == "iri":
                found.append((urljoin(base, match[0][1:-1]), match.start()))
            elif match.lastgroup == "name" and prefix in known:  # an unknown prefix is for the engine to refuse
                found.append((known[prefix] + re.sub(r"\\(.)", r"\1", local), match.start()))
    return tuple(found)


def prologue(query: str, prefixes: Mapping[str, str]) -> str:
    """Return the declarations that a query needs elsewhere: a line for the prefixes that it uses and does not declare.

    >>> prologue("PREFIX x: <http://x/> SELECT * { x:a rdfs:label ?l }", {})
    'PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>\\n'
    """
    known = {**PREFIXES, **prefixes}
    tokens = [match for match in TOKEN.finditer(query) if match.lastgroup not in ("space", "comment")]
    used: set[str] = set()
    declared: set[str] = set()
    for before, match in zip([None, *tokens], tokens, strict=False):
        if match.lastgroup == "name":
            kept = declared if before and before[0].upper() == "PREFIX" else used
            kept.add(match[0].partition(":")[0])
    needed = sorted((used - declared) & known.keys())
    return " ".join(f"PREFIX {name}: <{known[name]}>" for name in needed) + "\n" if needed else ""


def stopped(error: Exception) -> QueryError | SourceError:
    """Say why the engine gave up: a damaged store or a query that cannot be evaluated."""
    message = str(error).splitlines()[0]
    if "orruption" in message or isinstance(error, OSError):
        return SourceError(f"the store is damaged ({message}); run `kg build` again, or delete its folder")
    return QueryError(f"the query cannot be run: {message}")


def filled(query: str, substitutions: Mapping[str, str]) -> str:
    """Put IRIs in the place of variables, outside literals, IRIs and comments."""

    def part(match: re.Match[str]) -> str:
        variable = match["variable"]
        return f"<{substitutions[variable[1:]]}>" if variable and variable[1:] in substitutions else match[0]

    return TOKEN.sub(part, query) if substitutions else query


def serialized(answer: ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples | Sequence[ox.Triple], form: str) -> bytes:
    """Return an answer as CSV, TSV, JSON, XML (SELECT, ASK) or Turtle (CONSTRUCT, DESCRIBE), UTF-8."""
    import pyoxigraph as ox

    triples = isinstance(answer, (ox.QueryTriples, Sequence))
    if triples != (form == "turtle"):
        wanted = "turtle" if triples else "csv, tsv, json or xml"
        kind = "CONSTRUCT and DESCRIBE" if triples else "SELECT and ASK"
        raise QueryError(f"{kind} give {wanted}, not {form}; choose --format {wanted.split(',')[0]}")
    if isinstance(answer, ox.QueryBoolean) and form in ("csv", "tsv"):
        return b"true\n" if answer else b"false\n"
    buffer = BytesIO()
    try:
        if isinstance(answer, ox.QueryTriples):
            answer.serialize(buffer, ox.RdfFormat.TURTLE)
        elif isinstance(answer, Sequence):
            ox.serialize(answer, buffer, format=ox.RdfFormat.TURTLE)
        else:
            formats = {
                "csv": ox.QueryResultsFormat.CSV,
                "tsv": ox.QueryResultsFormat.TSV,
                "json": ox.QueryResultsFormat.JSON,
                "xml": ox.QueryResultsFormat.XML,
            }
            answer.serialize(buffer, formats[form])
    except (OSError, ValueError, RuntimeError) as error:
        raise stopped(error) from None
    content = buffer.getvalue()
    return content if content.endswith(b"\n") else content + b"\n"


def table(
    answer: ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples | Sequence[ox.Triple], prefixes: Mapping[str, str]
) -> tuple[list[str], list[list[str]]]:
    """Return an answer as headings and rows of text, IRIs shortened to CURIEs, unbound values empty."""
    import pyoxigraph as ox

    def text(term: object) -> str:
        if term is None:
            return ""
        if isinstance(term, ox.NamedNode):
            try:
                return contracted(term.value, prefixes)
            except ValueError:
                return f"<{term.value}>"
        return str(term.value) if isinstance(term, ox.Literal) else str(term)

    if isinstance(answer, ox.QueryBoolean):
        return ["answer"], [["true" if answer else "false"]]
    try:
        if isinstance(answer, (ox.QueryTriples, Sequence)):
            triples = [[text(t.subject), text(t.predicate), text(t.object)] for t in answer]
            return ["subject", "predicate", "object"], triples
        names = [variable.value for variable in answer.variables]
        return names, [[text(solution[name]) for name in names] for solution in answer]
    except (OSError, ValueError, RuntimeError) as error:
        raise stopped(error) from None


def text_of(source: str, read_stdin: str | None = None) -> str:
    """Return the query text of a file name, or of standard input for `-`. Raises SourceError when it is not text."""
    if source == "-":
        return read_stdin or ""
    try:
        return read_bytes(Path(source)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise SourceError(f"{source}: not UTF-8 text (byte {error.start}); save the query as UTF-8") from None
