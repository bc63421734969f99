"""How answers read in a notebook: escaped tables of a bounded size that say what they leave out, papers linked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any, SupportsIndex, TypeVar, overload

__all__ = [
    "FEW",
    "LINKS",
    "MOST",
    "Html",
    "Rows",
    "line",
    "link",
    "of_value",
    "page",
    "paper",
    "papers",
    "signed",
    "table",
]

MOST = 20  # rows of a table
FEW = 8  # rows of a table among others
LONGEST = 240  # characters of a cell
PAPERS = 3  # papers named in a cell
LINKS = (
    (re.compile(r"doi:(10\.\d{4,9}/\S+)"), "https://doi.org/"),
    (re.compile(r"pubmed:(\d{1,9})"), "https://pubmed.ncbi.nlm.nih.gov/"),
    (re.compile(r"pmc:(PMC\d{1,9})"), "https://pmc.ncbi.nlm.nih.gov/articles/"),
)
T = TypeVar("T")


class Html(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)


class Rows(tuple[T, ...]):
    """An answer that is a list: a tuple like any other, which a notebook shows as a table. A slice is one too.

    >>> Rows([("a", 1), ("b", 2)], ["name", "number"], lambda row: row)
    <2 rows of name, number>
    """

    names: tuple[str, ...]
    cells: Callable[[T], Sequence[object]]

    def __new__(cls, rows: Iterable[T], names: Sequence[str], cells: Callable[[T], Sequence[object]]) -> Rows[T]:
        """Keep the headings, and what gives the cells of a row: text, numbers, Html, or tuples of these."""
        self = super().__new__(cls, rows)
        self.names, self.cells = tuple(names), cells
        return self

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self), self.names, self.cells

    @overload
    def __getitem__(self, key: SupportsIndex) -> T: ...

    @overload
    def __getitem__(self, key: slice) -> Rows[T]: ...

    def __getitem__(self, key: SupportsIndex | slice) -> T | Rows[T]:
        if isinstance(key, slice):
            return Rows(super().__getitem__(key), self.names, self.cells)
        return super().__getitem__(key)

    def __repr__(self) -> str:
        return f"<{len(self)} row{'' if len(self) == 1 else 's'} of {', '.join(self.names)}>"

    def _repr_html_(self) -> str:
        return page("", table(self.names, [self.cells(row) for row in self[:MOST]], total=len(self)))


def page(head: object, *parts: str) -> str:
    """Return one answer: a heading (text, or Html) and what stands below it; empty parts are left out."""
    title = f"<p><b>{_cell(head)}</b></p>" if head else ""
    return f"<div>{title}{''.join(parts)}</div>"


def line(text: object) -> str:
    """Return a line of text."""
    return f"<p>{_cell(text)}</p>"


def table(names: Sequence[str], rows: Iterable[Sequence[object]], *, total: int = 0, title: str = "") -> str:
    """Return a table of at most MOST rows, or of FEW when it has a title and so stands among others.

    It says how many rows are left out. `total` is the number there are, when not all are given. Without rows it is a
    line that says so.

    >>> table(["a"], [["<b>"]])
    '<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
    """
    given = [*rows]
    shown, total = given[: FEW if title else MOST], max(total, len(given))
    caption = f"<p><b>{escape(title)}</b> ({total:,})</p>" if title else ""
    if not shown:
        return caption or "<p>no rows</p>"
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>" for row in shown)
    rest = f"<p>{total - len(shown):,} more rows are not shown</p>" if total > len(shown) else ""
    return f"{caption}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{rest}"


def of_value(value: Any, names: Sequence[str] = ()) -> str:
    """Return a named tuple as a table of its filled fields, or of those named."""
    fields = [(name, getattr(value, name)) for name in names or value._fields]
    filled = [(name.replace("_", " "), paper(cell) if name == "publication" else cell) for name, cell in fields if cell]
    return page("", table(["field", "value"], filled))


def link(publication: str) -> str:
    """Return the address of a paper, or an empty text for what is not a DOI, PubMed or PMC CURIE.

    >>> link("doi:10.1000/a<b")
    'https://doi.org/10.1000/a%3Cb'
    >>> link("javascript:alert(1)")
    ''
    """
    from urllib.parse import quote

    for pattern, prefix in LINKS:
        match = pattern.fullmatch(publication)
        if match:
            return prefix + quote(match[1], safe="/():;.,-_~+=@!*'$&")
    return ""


def paper(publication: str) -> Html:
    """Return a paper as a link to where it is read; what has no address as text."""
    address, name = link(publication), escape(publication)
    return Html(f'<a href="{escape(address)}">{name}</a>' if address else name)


def papers(publications: Iterable[str]) -> Html:
    """Return the first papers of a list as links, and how many more there are."""
    each = [*dict.fromkeys(publications)]
    rest = f" and {len(each) - PAPERS} more" if len(each) > PAPERS else ""
    return Html("; ".join(map(paper, each[:PAPERS])) + rest)


def signed(sign: int) -> str:
    """Return an effect as a sign: + raises, − lowers, 0 neither."""
    return {-1: "−", 1: "+"}.get(sign, "0")


def _cell(value: object) -> str:
    if isinstance(value, Html):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}"
    text = "; ".join(map(str, value)) if isinstance(value, (tuple, list, frozenset)) else str(value)
    return escape(text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…")
