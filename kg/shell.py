"""What every page of the server shares: the environment of the templates, the files they link to, and their policy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from kg.mechanisms import VERBS
from kg.views import link

__all__ = ["FILES", "FRAMED", "PAGE", "address", "edition", "file", "href", "render", "sorry"]

FOLDER = Path(__file__).resolve().parent
FILES: Mapping[str, tuple[str, str]] = {  # name below /page/: where it lies, and its media type
    "page.css": ("templates/page/page.css", "text/css"),
    "page.js": ("templates/page/page.js", "text/javascript"),
    "icon.svg": ("templates/page/icon.svg", "image/svg+xml"),
    "view.css": ("templates/view.css", "text/css"),
    "view.js": ("templates/view.js", "text/javascript"),
    "graph.js": ("templates/graph.js", "text/javascript"),
    "chart.js": ("templates/chart.js", "text/javascript"),
    "sparql.css": ("templates/page/sparql.css", "text/css"),
    "sparql.js": ("templates/page/sparql.js", "text/javascript"),
    "yasqe.min.css": ("vendor/yasqe.min.css", "text/css"),
    "yasqe.min.js": ("vendor/yasqe.min.js", "text/javascript"),
    "vis-network.min.js": ("vendor/vis-network.min.js", "text/javascript"),
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PAGE = (("Content-Security-Policy", POLICY),)
FRAMED = (
    ("Content-Security-Policy", POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")),
    ("X-Frame-Options", "SAMEORIGIN"),
)
SIGNS = {1: ("raises", "+"), -1: ("lowers", "−"), 0: ("none", "·"), 2: ("both", "±")}


@cache
def file(name: str) -> tuple[bytes, str, str]:
    """Return a file that pages link to: its content, its media type and its edition. Raises KeyError."""
    path, media = FILES[name]
    content = (FOLDER / path).read_bytes()
    return content, media, hashlib.sha256(content).hexdigest()[:12]


@cache
def edition() -> str:
    """Return what changes when a template or a linked file does, so that a new program makes old pages stale."""
    every = hashlib.sha256()
    for path in sorted([*(FOLDER / "templates").rglob("*"), *FOLDER.glob("*.py")]):
        if path.is_file():
            every.update(path.read_bytes())
    return every.hexdigest()[:12]


def address(name: str) -> str:
    """Return the address of a file that pages link to, edition included."""
    return f"/page/{name}?v={file(name)[2]}"


def href(path: str, given: Iterable[tuple[str, object]] = ()) -> str:
    """Return an address with parameters, empty ones left out.

    >>> href("/trace", [("source", "MSC"), ("block", ""), ("target", "Th17 cell")])
    '/trace?source=MSC&target=Th17%20cell'
    """
    query = urlencode([(name, str(value)) for name, value in given if value not in ("", None)], quote_via=quote)
    return f"{path}?{query}" if query else path


@cache
def _environment() -> Any:
    import jinja2

    loader = jinja2.FileSystemLoader(FOLDER / "templates" / "page")
    environment = jinja2.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.globals.update(
        asset=address,
        href=lambda path, **given: href(path, given.items()),
        entity_path=lambda name: f"/entity/{quote(name, safe=':/')}",
        paper=link,
        verb=lambda predicate: VERBS.get(predicate, predicate.replace("_", " ")),
        signs=SIGNS,
        plural=lambda number, word: f"{number:,} {word}{'' if number == 1 else 's'}",
    )
    return environment


def render(template: str, **values: Any) -> bytes:
    """Return a page: a template of `templates/page`, filled in; everything that is put in is escaped."""
    return str(_environment().get_template(template).render(**values)).encode()


def sorry(status: int, said: str, links: Iterable[tuple[str, str]] = (), term: str = "") -> bytes:
    """Return the page of an error: what is wrong, addresses that may be meant, and a name to look for."""
    return render("error.html.j2", title=HTTPStatus(status).phrase, said=said, links=list(links), term=term)
