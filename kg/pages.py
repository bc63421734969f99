"""The pages of the server: which there are, what each asks the dataset, and what it is filled in with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from kg import service, shell

if TYPE_CHECKING:
    from kg.dataset import Dataset

__all__ = ["Asked", "Page", "known", "page"]


class Asked(NamedTuple):
    """A request for a page: the dataset and its manifest, the path, names and values, the server's address."""

    graph: Dataset
    summary: Mapping[str, Any]
    path: str
    given: tuple[tuple[str, str], ...]
    base: str


class Page(NamedTuple):
    """A page made: its status, media type, header fields and content."""

    status: int
    media: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def _start(asked: Asked) -> Page:
    counts = ", ".join(f"{asked.summary[name]:,} {name}" for name in ("assertions", "evidence", "publications"))
    return _shown(asked, "start.html.j2", title="", counts=counts, card=service.card(asked.base, asked.summary))


def _shown(asked: Asked, template: str, **values: Any) -> Page:
    here = {"here": asked.path, "version": asked.graph.data_version}
    return Page(200, "text/html", shell.PAGE, shell.render(template, **here, **values))


PAGES: Mapping[str, Callable[[Asked], Page]] = {"/": _start}


def known(path: str) -> bool:
    """Say whether there is a page at a path."""
    return path in PAGES


def page(asked: Asked) -> Page:
    """Return the page at a path that is `known`."""
    return PAGES[asked.path](asked)
