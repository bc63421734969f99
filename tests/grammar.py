"""Requests to throw at the server: SPARQL from a small grammar, mutations of the queries that ship, and odd HTTP.

All of it follows from a seed. What comes out is read-only SPARQL most of the time and nonsense now and then; it is made
to find crashes, hangs, and statuses that the server does not document, not to be meaningful.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import pyoxigraph as ox

__all__ = ["DOCUMENTED", "Asking", "Grammar", "fault", "rows_of"]

DOCUMENTED = frozenset({200, 204, 304, 400, 403, 404, 405, 406, 408, 413, 414, 415, 421, 503})  # docs/serve.md
RDF = {
    "text/turtle": ox.RdfFormat.TURTLE,
    "application/n-triples": ox.RdfFormat.N_TRIPLES,
    "application/trig": ox.RdfFormat.TRIG,
    "application/n-quads": ox.RdfFormat.N_QUADS,
}
ODD = [
    "é",
    "\u0301",
    "\u200b",
    "\u202e",
    "\ufeff",
    "\U0001f9ec",
    "\u0130",
    "ß",
    "\ufffd",
    "\x00",
    "\x7f",
    "\u2028",
    "日本",
    "\U0010ffff",
    "\\u00e9",
    "\\U0001F9EC",
    "\\uD800",
]
NAMES = "MSC|CL:0000899|SLE|Th17 cell|RA|IDO1|PGE2|umbilical cord MSC|mscim:UmbilicalCordMSC|nothing|B cell|IFN-gamma"
PREDICATES = (
    "rdfs:label|rdfs:subClassOf|a|mscim:evidence|mscim:subject|mscim:object|mscim:publication|mscim:disease|"
    "mscim:category|skos:altLabel|mscim:statement|rdf:type|<http://www.w3.org/2000/01/rdf-schema#label>|mscim:nothing|<urn:p>"
).split("|")
RESOURCES = (
    "CL:0000899|CL:0000084|mscim:Association|mscim:Evidence|MONDO:0007915|<urn:x>|<>|<#a>|<../a>|mscim:supports|owl:Class|"
    "mscim:graph\\/ontology|<http://purl.obolibrary.org/obo/CL_0000134>|mscim:a%20b|mscim:é|rdf:nil"
).split("|")
GRAPHS = ("<https://w3id.org/mscim/graph/ontology>", "<https://w3id.org/mscim/graph/assertions>", "<urn:none>", "?g")
NUMBERS = "0|1|-1|3.5|1e400|-0.0|.5|1e-7|9223372036854775807|9223372036854775808|00007|1.|1e0|170141183460469231731687303715884105728"
TYPES = "xsd:integer|xsd:decimal|xsd:double|xsd:float|xsd:boolean|xsd:dateTime|xsd:date|xsd:duration|xsd:string|<urn:type>|rdf:langString"
TYPED = "1|x||true|2020-01-01|2020-01-01T00:00:00Z|-P1DT2H|9999999999999-12-31T00:00:00Z|NaN|INF|1e5000|24:00:00"
PATTERNS = (
    "a.*b|^[A-Z]|(|[|(a{50}){50}|(a{1000}){1000}|(?i)msc|\\\\p{L}+|(a+)+$|.|$|\\\\1|(?=x)|(?P<n>a)|[^\\\\x00]|(?x) a # b"
).split("|")
FUNCTIONS: Mapping[str, tuple[int, int]] = {
    name: (int(low), int(high))
    for name, low, high in (
        line.split()
        for line in (
            "STR 1 1,LANG 1 1,LANGMATCHES 2 2,DATATYPE 1 1,BOUND 1 1,IRI 1 1,URI 1 1,ABS 1 1,CEIL 1 1,FLOOR 1 1,"
            "ROUND 1 1,CONCAT 0 4,STRLEN 1 1,UCASE 1 1,LCASE 1 1,ENCODE_FOR_URI 1 1,CONTAINS 2 2,STRSTARTS 2 2,"
            "STRENDS 2 2,STRBEFORE 2 2,STRAFTER 2 2,YEAR 1 1,MONTH 1 1,DAY 1 1,HOURS 1 1,MINUTES 1 1,SECONDS 1 1,"
            "TIMEZONE 1 1,TZ 1 1,MD5 1 1,SHA1 1 1,SHA256 1 1,SHA384 1 1,SHA512 1 1,COALESCE 1 4,IF 3 3,STRLANG 2 2,"
            "STRDT 2 2,SAMETERM 2 2,ISIRI 1 1,ISURI 1 1,ISBLANK 1 1,ISLITERAL 1 1,ISNUMERIC 1 1,SUBSTR 2 3,"
            "REPLACE 3 4,REGEX 2 3,NOW 0 0,RAND 0 0,UUID 0 0,STRUUID 0 0,BNODE 0 1,ADJUST 2 2,TRIPLE 3 3,"
            "ISTRIPLE 1 1,SUBJECT 1 1,xsd:integer 1 1,xsd:double 1 1,xsd:dateTime 1 1,xsd:duration 1 1,"
            "xsd:boolean 1 1,xsd:decimal 1 1,<urn:f> 0 3,mscim:nothing 1 1"
        ).split(",")
    )
}
AGGREGATES = "COUNT SUM MIN MAX AVG SAMPLE GROUP_CONCAT".split()
ACCEPTS = (
    "application/sparql-results+json|application/sparql-results+xml|text/csv|text/tab-separated-values|text/turtle|"
    "application/n-triples|application/rdf+xml|application/ld+json|application/trig|application/n-quads|text/html|*/*|"
    "text/*;q=0.3, application/json;q=0.9|image/png|;q=|text/csv;q=2|,,,|application/json;q=0"
).split("|")
BRACKETS = (("{", "}"), ("(", ")"), ("[", "]"), ("{ OPTIONAL ", "}"), ("!", ""), ("^", ""), ("<<( ", ")>>"), ("-", ""))


class Asking(NamedTuple):
    """One request as a client sends it; `sparql` is its query where it has one that is text."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None = None
    sparql: str = ""


class Grammar:
    """Makes requests from a seed: the same seed, queries and document of the API, the same requests.

    Parameters
    ----------
    queries
        Queries to change here and there.
    document
        The OpenAPI document of the server, from which questions are made.
    dumps
        Whether whole dumps are among the requests.
    """

    def __init__(self, seed: int, queries: Sequence[str], document: Mapping[str, Any], dumps: bool = False) -> None:
        self.pick = random.Random(seed)
        self.queries = list(queries)
        self.document = document
        self.dumps = dumps

    # --- SPARQL -------------------------------------------------------------------------------------------------------

    def chance(self, of: float) -> bool:
        """Answer yes that often."""
        return self.pick.random() < of

    def any(self, *makers: Callable[[], str]) -> str:
        """What one of them makes."""
        return self.pick.choice(makers)()

    def variable(self) -> str:
        """A variable."""
        name = self.pick.choice(["a", "b", "c", "d"] if self.chance(0.97) else ["é", "_1", "x" * 300, "9"])
        return f"{self.pick.choice('???$')}{name}"

    def word(self) -> str:
        """A piece of text without quotation marks, with odd characters now and then."""
        text = self.pick.choice(NAMES.split("|"))
        return text + self.pick.choice(ODD) * self.pick.choice([1, 1, 3]) if self.chance(0.15) else text

    def text(self) -> str:
        """A literal of text."""
        quotes = self.pick.choice(['"', "'", '"""', "'''"])
        inside = self.word() + self.pick.choice(["", "", "\\n", "\\t", "\\\\", "# no comment", " SELECT ", "}{", "\\'"])
        end = self.pick.choice(["", "", "", "@en", "@de-CH", "@EN-gb", f"^^{self.pick.choice(TYPES.split('|'))}"])
        return f"{quotes}{inside}{quotes}{end}"

    def literal(self) -> str:
        """A literal."""
        kind = self.pick.randrange(5)
        if kind == 0:
            return self.pick.choice(NUMBERS.split("|"))
        if kind == 1:
            return f'"{self.pick.choice(TYPED.split("|"))}"^^{self.pick.choice(TYPES.split("|"))}'
        return self.pick.choice(["true", "false", "TRUE"]) if kind == 2 else self.text()

    def resource(self) -> str:
        """An IRI."""
        return self.pick.choice(RESOURCES)

    def term(self) -> str:
        """What stands at the end of a triple."""
        return self.any(self.variable, self.variable, self.resource, self.literal)

    def node(self, depth: int) -> str:
        """What stands at the start of a triple."""
        if depth > 0 and self.chance(0.06):
            return f"[ {self.path(1)} {self.node(depth - 1)} ]"
        if depth > 0 and self.chance(0.03):
            return f"( {' '.join(self.node(depth - 1) for _ in range(self.pick.randrange(4)))} )"
        return self.any(self.variable, self.variable, self.resource, lambda: "[]", lambda: "_:b")

    def path(self, depth: int) -> str:
        """A property path."""
        if depth <= 0 or self.chance(0.55):
            return self.pick.choice(PREDICATES)
        one, two = self.path(depth - 1), self.path(depth - 1)
        shapes = (f"^{one}", f"{one}/{two}", f"({one}|{two})", f"({one})*", f"({one})+", f"({one})?", f"!{one}")
        return self.pick.choice([*shapes, f"!({one}|^{two})", f"(({one}))"])

    def triples(self, depth: int) -> str:
        """Triples, most of them with a predicate that is known."""
        path = self.variable() if self.chance(0.07) else self.path(depth)
        more = "".join(f" ; {self.path(1)} {self.term()}" for _ in range(self.pick.choice([0, 0, 0, 1, 2])))
        also = f" , {self.term()}" if self.chance(0.1) else ""
        return f"{self.node(depth)} {path} {self.term()}{also}{more} ."

    def expression(self, depth: int) -> str:
        """An expression."""
        if depth <= 0 or self.chance(0.25):
            return self.any(self.variable, self.literal, self.resource)
        kind = self.pick.randrange(9)
        one, two = self.expression(depth - 1), self.expression(depth - 1)
        if kind == 0:
            return (
                f"({one} {self.pick.choice(['=', '!=', '<', '>', '<=', '>=', '+', '-', '*', '/', '&&', '||'])} {two})"
            )
        if kind == 1:
            return f"{self.pick.choice(['!', '-', '+'])}({one})"
        if kind == 2:
            return f"({one} {self.pick.choice(['IN', 'NOT IN'])} ({two}{', 1' if self.chance(0.5) else ''}))"
        if kind == 3:
            return f"{self.pick.choice(['EXISTS', 'NOT EXISTS'])} {self.group(depth - 1)}"
        if kind == 4:
            flags = self.pick.choice(["", ', "i"', ', "q"', ', "smx"', ', "z"'])
            pattern = self.pick.choice(PATTERNS)
            if self.chance(0.3):
                return f'REPLACE(STR({one}), "{pattern}", "$1$0{self.word()}"{flags})'
            return f'REGEX(STR({one}), "{pattern}"{flags})'
        name, (low, high) = self.pick.choice(list(FUNCTIONS.items()))
        arguments = [self.expression(depth - 1) for _ in range(self.pick.randint(low, high + self.chance(0.03)))]
        return f"{name if self.chance(0.7) else name.lower()}({', '.join(arguments)})"

    def aggregate(self) -> str:
        """An aggregate."""
        name = self.pick.choice(AGGREGATES)
        inside = "*" if name == "COUNT" and self.chance(0.4) else self.expression(1)
        end = f" ; SEPARATOR = {self.pick.choice(['', ' '])}'|'" if name == "GROUP_CONCAT" and self.chance(0.5) else ""
        return f"{name}({self.pick.choice(['', 'DISTINCT '])}{inside}{end})"

    def values(self) -> str:
        """A table of values, whose rows may not fit."""
        names = [self.variable() for _ in range(self.pick.choice([0, 1, 1, 2]))]
        rows = range(self.pick.choice([0, 1, 3, 3]))
        if len(names) == 1 and self.chance(0.5):
            return f"VALUES {names[0]} {{ {' '.join(self.any(self.resource, self.literal, lambda: 'UNDEF') for _ in rows)} }}"
        width = len(names) + self.chance(0.03)
        cells = " ".join(
            f"({' '.join(self.any(self.resource, self.literal, lambda: 'UNDEF') for _ in range(width))})" for _ in rows
        )
        return f"VALUES ({' '.join(names)}) {{ {cells} }}"

    def part(self, depth: int) -> str:
        """A part of a group."""
        kind = self.pick.randrange(16)
        if depth <= 0 or kind < 6:
            return self.triples(depth)
        inner = self.group(depth - 1)
        if kind == 6:
            return f"OPTIONAL {inner}"
        if kind == 7:
            return f"{inner} UNION {self.group(depth - 1)}"
        if kind in (8, 9):
            return f"FILTER({self.expression(depth)})"
        if kind == 10:
            return f"BIND({self.expression(depth)} AS {self.variable()})"
        if kind == 11:
            return self.values()
        if kind == 12:
            return f"GRAPH {self.pick.choice(GRAPHS)} {inner}"
        if kind == 13:
            return f"MINUS {inner}"
        if kind == 14:
            return f"{{ {self.select(depth - 1)} }}"
        return self.pick.choice([inner, f"LATERAL {inner}", f"FILTER NOT EXISTS {inner}"])

    def group(self, depth: int) -> str:
        """A group."""
        return f"{{ {' '.join(self.part(depth) for _ in range(self.pick.choice([0, 1, 1, 2, 2, 3])))} }}"

    def modifiers(self) -> str:
        """What follows a group: order, limit and the like."""
        text = ""
        if self.chance(0.1):
            text += f" GROUP BY {self.any(self.variable, lambda: f'({self.expression(1)} AS {self.variable()})')}"
        if self.chance(0.05):
            text += f" HAVING({self.aggregate()} > 1)"
        if self.chance(0.2):
            text += f" ORDER BY {self.any(self.variable, lambda: f'DESC({self.expression(2)})')}"
        if self.chance(0.7):
            text += f" LIMIT {self.pick.choice([0, 1, 10, 10, 100, 9223372036854775807, 18446744073709551616])}"
        if self.chance(0.1):
            text += f" OFFSET {self.pick.choice([0, 1, 50, 18446744073709551615])}"
        return text + (f" {self.values()}" if self.chance(0.05) else "")

    def select(self, depth: int) -> str:
        """A SELECT."""
        head = self.any(
            lambda: "*",
            lambda: " ".join(self.variable() for _ in range(self.pick.choice([1, 2]))),
            lambda: f"({self.expression(2)} AS ?e)",
            lambda: f"({self.aggregate()} AS ?n)",
        )
        return f"SELECT {self.pick.choice(['', '', 'DISTINCT ', 'REDUCED '])}{head} WHERE {self.group(depth)}{self.modifiers()}"

    def query(self) -> str:
        """A query of the grammar, or one that ships with something changed."""
        kind = self.pick.random()
        if kind < 0.25:
            return self.mutated(self.pick.choice(self.queries))
        if kind < 0.28:
            return self.nested()
        depth = self.pick.choice([1, 2, 2, 3])
        text = self.any(
            lambda: self.select(depth),
            lambda: self.select(depth),
            lambda: self.select(depth),
            lambda: f"ASK {self.group(depth)}",
            lambda: f"CONSTRUCT {{ {self.triples(0)} {self.triples(0)} }} WHERE {self.group(depth)}{self.modifiers()}",
            lambda: f"CONSTRUCT WHERE {{ {self.triples(0)} }} LIMIT 20",
            lambda: f"DESCRIBE {self.any(self.resource, self.variable)} {self.group(depth)} LIMIT 3",
        )
        if self.chance(0.1):
            text = text.replace(
                "WHERE", f"FROM {self.pick.choice(['', 'NAMED '])}{self.pick.choice(GRAPHS[:3])} WHERE", 1
            )
        if self.chance(0.15):
            text = f"{self.pick.choice(['BASE <http://x/>', 'PREFIX : <urn:>', 'PREFIX é: <urn:é>', 'PREFIX a: <>'])}\n{text}"
        if self.chance(0.15):
            words = text.split(" ")
            words.insert(
                self.pick.randrange(len(words) + 1),
                self.pick.choice(["#", "# }\n", "\r\n", "#é\r", "\t\x0c", "\u00a0"]),
            )
            text = " ".join(words)
        return self.mutated(text) if self.chance(0.1) else text

    def nested(self) -> str:
        """Brackets within brackets, more of them than is sensible."""
        left, right = self.pick.choice(BRACKETS)
        times = self.pick.choice([10, 150, 199, 201, 1000, 5000])
        inside = f"{left * times}{self.pick.choice(['?a', '1', ''])}{right * times}"
        return self.pick.choice(
            [
                "SELECT * {{ {} }} LIMIT 1",
                "SELECT * {{ ?a rdfs:label ?b FILTER({}) }} LIMIT 1",
                "ASK {{ ?a {} ?b }}",
                "{}",
            ]
        ).format(inside)

    def mutated(self, text: str) -> str:
        """A text with a few characters dropped, doubled, exchanged or put in."""
        pieces = [
            "{",
            "}",
            "(",
            ")",
            "[",
            "]",
            "<",
            ">",
            '"',
            "'",
            "#",
            ".",
            ";",
            "?",
            "*",
            "\\",
            "UNION",
            "SERVICE",
            "SELECT",
        ]
        for _ in range(self.pick.choice([0, 1, 1, 2, 5])):
            at = self.pick.randrange(len(text) + 1)
            end = min(len(text), at + self.pick.choice([1, 1, 2, 10]))
            put = self.pick.choice([self.pick.choice(pieces), self.pick.choice(ODD), "", text[at:end] * 2, self.term()])
            text = text[:at] + put + text[end if self.chance(0.6) else at :]
        return text

    # --- HTTP ---------------------------------------------------------------------------------------------------------

    def request(self) -> Asking:
        """Any request."""
        kind = self.pick.random()
        return self.sparql() if kind < 0.75 else self.question() if kind < 0.9 else self.other()

    def sparql(self) -> Asking:
        """A request to the endpoint."""
        query = self.query()
        headers = {}
        if self.chance(0.8):
            headers["Accept"] = self.pick.choice(ACCEPTS) + (", */*;q=0.01" if self.chance(0.85) else "")
        headers |= {"Accept-Encoding": "gzip"} if self.chance(0.1) else {}
        headers |= {"If-None-Match": self.pick.choice(["*", 'W/"x"', '"', ""])} if self.chance(0.05) else {}
        fields = [("query", query)]
        if self.chance(0.08):
            graph = self.pick.choice(["urn:none", "https://w3id.org/mscim/graph/ontology", "x", "", "urn:é", "urn:a b"])
            fields.append((self.pick.choice(["default-graph-uri", "named-graph-uri", "update", "query", "x"]), graph))
        form = urlencode(fields, errors="surrogatepass")
        way = self.pick.random()
        if way < 0.45 and len(form) < 200_000:
            method = self.pick.choice(["GET"] * 9 + ["HEAD"])
            return Asking(method, f"/sparql?{form}", headers, sparql=query if len(fields) == 1 else "")
        if way < 0.7:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            return Asking("POST", "/sparql", headers | kind, form.encode(), query if len(fields) == 1 else "")
        kind = {"Content-Type": "application/sparql-query"}
        if self.chance(0.04):
            broken = self.pick.choice([b"\xff\xfe", b"\xed\xa0\x80", b"", b"\x00" * 100])
            return Asking("POST", "/sparql", headers | kind, broken + query.encode())
        return Asking("POST", "/sparql", headers | kind, query.encode(), query)

    def value(self, schema: Mapping[str, Any]) -> str:
        """A value for a parameter: one that fits most of the time."""
        if schema["type"] == "integer" and self.chance(0.8):
            return str(self.pick.randint(schema["minimum"], schema["maximum"]))
        return self.pick.choice(
            ["", "0", "-1", "²", "1e3", "x" * 5000, " ", "any", "animal", "umbilical cord", "IFNG", self.word()]
        )

    def question(self) -> Asking:
        """A request to the API, made from its document."""
        path, item = self.pick.choice(list(self.document["paths"].items()))
        given = []
        for parameter in item["get"]["parameters"]:
            if self.chance(0.97 if parameter["required"] else 0.15):
                good = parameter["required"] and self.chance(0.8)
                value = self.pick.choice(NAMES.split("|")) if good else self.value(parameter["schema"])
                given.append((parameter["name"], value))
        if self.chance(0.05):
            given.append((self.pick.choice(["x", "count", "é", ""]), self.word()))
        return Asking(self.pick.choice(["GET"] * 9 + ["HEAD"]), f"{path}?{urlencode(given)}", {})

    def other(self) -> Asking:
        """Descriptions, entities, dumps, other methods, and paths that are none."""
        paths = [
            "/",
            "/sparql",
            "/.well-known/void",
            "/.well-known/sparql-examples",
            "/openapi.json",
            "/healthz",
            "/api/x",
            "/x",
        ]
        paths += ["/data.nq", "/data.ttl", "/data.jsonld", "/data.trig"] if self.dumps and self.chance(0.2) else []
        paths += [f"/entity/{quote(self.word())}" for _ in range(4)]
        paths += [
            f"/{quote(self.word())}",
            "//",
            "/%00",
            "/entity/%FF",
            "/api/%ff",
            "/sparql?query=%FF",
            "/sparql?query",
            "/api/show?entity=%C3",
        ]
        headers = {"Accept": self.pick.choice(ACCEPTS)} if self.chance(0.5) else {}
        method = self.pick.choice(["GET"] * 12 + ["HEAD", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "PATCH"])
        if method in ("GET", "HEAD", "OPTIONS"):
            headers |= {"Host": self.pick.choice(["evil.example", "localhost", ""])} if self.chance(0.05) else {}
            return Asking(method, self.pick.choice(paths), headers)
        kind = self.pick.choice(["application/sparql-update", "text/plain", "", "application/json", ";;", "é"])
        headers |= {"Content-Type": kind.encode("latin-1").decode("latin-1")}
        return Asking(method, self.pick.choice(paths), headers, self.word().encode())


def fault(asked: Asking, status: int, headers: Mapping[str, str], body: bytes) -> str:
    """Say what is wrong with an answer by the documents of the server; empty when nothing is.

    `headers` has names in lower case; `body` is unpacked.
    """
    if status not in DOCUMENTED:
        return f"status {status} is not documented"
    if asked.method == "HEAD" or status in (204, 304):
        return "a body where there is none" if body else ""
    kind = headers.get("content-type", "").partition(";")[0]
    if status >= 400:
        if kind == "text/html" and "text/html" in asked.headers.get("Accept", ""):  # for browsers, as a page
            return "" if b"<h1>" in body else "a page without a word on what is wrong"
        if kind != "application/problem+json":
            return f"a problem as {kind!r}"
        problem = json.loads(body)
        if problem["status"] != status or not problem["title"] or not problem["detail"]:
            return f"not the problem of status {status}: {problem}"
        lines = asked.sparql.split("\n")
        if "line" in problem and asked.sparql and not 1 <= problem["line"] <= len(lines):
            return f"line {problem['line']} of {len(lines)}"
        return ""
    if "etag" in headers and asked.method == "POST":
        return "a tag on the answer to a POST"
    try:
        if kind.endswith("json"):
            found = json.loads(body)
            if kind == "application/sparql-results+json" and "head" not in found:
                return "no head in the results"
        elif kind.endswith("xml"):
            ElementTree.fromstring(body)
        elif kind in RDF:
            for _ in ox.parse(body, format=RDF[kind]):
                pass
        else:
            body.decode("utf-8")
    except (ValueError, SyntaxError) as error:
        return f"{kind} that cannot be read: {error}"
    return ""


def rows_of(headers: Mapping[str, str], body: bytes) -> int | None:
    """Return how many rows a SELECT's answer has, None for what is no such answer, -1 and -2 for false and true."""
    kind = headers.get("content-type", "").partition(";")[0]
    if kind.endswith("json") and b'"head"' in body[:20]:
        found = json.loads(body)
        return len(found["results"]["bindings"]) if "results" in found else -1 - found["boolean"]
    if kind == "application/sparql-results+xml":
        tree = ElementTree.fromstring(body)
        space = "{http://www.w3.org/2005/sparql-results#}"
        truth = tree.find(f"{space}boolean")
        return len(tree.findall(f".//{space}result")) if truth is None else -1 - (truth.text == "true")
    if kind == "text/tab-separated-values":
        return -1 - (body == b"true\n") if body in (b"true\n", b"false\n") else body.count(b"\n") - 1
    return None
