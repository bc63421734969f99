"""The error tree: every failure a user can meet, and nothing else.

::

    KGError
    ├── CurationError (ValueError)   the tables or the ontology are wrong: file:line:column and the mend
    ├── UnknownTerm   (LookupError)  a name that no entity, predicate or measure carries
    ├── QueryError    (ValueError)   a SPARQL query that is malformed or not allowed
    ├── RequestError  (ValueError)   a request over HTTP that is not answered, with its status
    └── SourceError   (OSError)      data that cannot be found, read or written
"""

from __future__ import annotations

__all__ = ["CurationError", "KGError", "QueryError", "RequestError", "SourceError", "UnknownTerm"]


class KGError(Exception):
    """Any failure of this library; its message says where and what to do."""


class CurationError(KGError, ValueError):
    """The tables or the ontology break a rule; the message lists file:line:column."""


class UnknownTerm(KGError, LookupError):
    """A name resolves to nothing, or to several things.

    Parameters
    ----------
    term
        What was asked for.
    suggestions
        The nearest names, best first; may be empty. None of them is ever picked.
    kind
        What was looked for, in the singular: entity, predicate, query, measure.
    reason
        Said instead of "unknown" where the term is known but cannot be used, as for an ambiguous synonym.
    """

    def __init__(self, term: str, suggestions: tuple[str, ...] = (), kind: str = "entity", reason: str = "") -> None:
        self.term = term
        self.suggestions = suggestions
        self.kind = kind
        self.reason = reason
        hint = f" Did you mean: {', '.join(suggestions)}?" if suggestions else ""
        message = f"{kind} {term!r}: {reason}." if reason else f"unknown {kind} {term!r}."
        where = (
            f" `kg search {term!r}` looks for part of a name." if kind == "entity" and not hint and not reason else ""
        )
        super().__init__(message + hint + where)


class QueryError(KGError, ValueError):
    """A SPARQL query is malformed or asks for what a read-only answer cannot give."""


class RequestError(KGError, ValueError):
    """A request over HTTP is malformed, too large, not allowed, or came at a bad time.

    Parameters
    ----------
    status
        The HTTP status that says so, from 400 on.
    message
        What is wrong, and what to do.
    headers
        Headers that belong to that status, as Allow or Retry-After.
    """

    def __init__(self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        self.status = status
        self.headers = headers
        super().__init__(message)


class SourceError(KGError, OSError):
    """A file, folder or store is missing, unreadable, truncated or cannot be written."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""
