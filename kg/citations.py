"""The papers of an answer in the forms that reference managers read: BibTeX and CSL-JSON."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from kg.model import Publication

__all__ = ["bibtex", "csl", "keys"]

INITIALS = 5  # the most characters of them
SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def keys(publications: Iterable[Publication]) -> dict[str, str]:
    """Return a citation key for each publication CURIE: author and year where known, made unique by letters.

    >>> keys([Publication("doi:10.1/x", year="2017", first_author="Wang D"), Publication("pmc:PMC3")])
    {'doi:10.1/x': 'wang2017', 'pmc:PMC3': 'pmc3'}
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for each in sorted(publications, key=lambda p: p.publication):
        name = each.first_author.split(" ")[0] if each.first_author else each.publication.partition(":")[2]
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        stem = re.sub(r"[^a-z0-9]", "", plain.lower()) + (each.year if each.first_author else "") or "paper"
        key, number = stem, 1
        while key in taken:
            number += 1
            key = f"{stem}-{number}"
        taken.add(key)
        found[each.publication] = key
    return found


def bibtex(publications: Iterable[Publication]) -> str:
    """Return BibTeX entries, ordered by CURIE; only what is known of a paper is written.

    >>> print(bibtex([Publication("doi:10.1/x", doi="10.1/x", year="2017", first_author="Wang D", title="Cord MSC")]))
    @article{wang2017,
      author = {Wang, D and others},
      title = {{Cord MSC}},
      year = {2017},
      doi = {10.1/x},
      note = {doi:10.1/x}
    }
    <BLANKLINE>
    """
    papers = sorted(publications, key=lambda p: p.publication)
    names = keys(papers)
    return "".join(_entry(names[each.publication], each) for each in papers)


def _entry(key: str, paper: Publication) -> str:
    fields: Mapping[str, str] = {
        "author": f"{_author(paper.first_author)} and others" if paper.first_author else "",
        "title": f"{{{_tex(paper.title)}}}" if paper.title else "",
        "year": paper.year,
        "doi": paper.doi,
        "pmid": paper.pmid,
        "pmcid": paper.pmcid,
        "note": _tex(_note(paper)),
    }
    lines = ",\n".join(f"  {name} = {{{value}}}" for name, value in fields.items() if value)
    return f"@article{{{key},\n{lines}\n}}\n"


def _note(paper: Publication) -> str:
    """The CURIE, and what became of the paper: who cites a retracted paper should know."""
    return "; ".join((paper.publication, *paper.standing))


def _parts(author: str) -> tuple[str, str]:
    """Return the family name and the initials of an author; a name without initials is a family name as a whole.

    >>> _parts("Ah Kioon MD"), _parts("Del Papa")
    (('Ah Kioon', 'MD'), ('Del Papa', ''))
    """
    family, _, last = author.rpartition(" ")
    return (family, last) if family and len(last) <= INITIALS and last.isupper() else (author, "")


def _author(author: str) -> str:
    family, given = map(_tex, _parts(author))
    if given:
        return f"{family}, {given}"
    return f"{{{family}}}" if " " in family else family


def _tex(text: str) -> str:
    return "".join(SPECIAL.get(c, f"\\{c}" if c in "#$%&_{}" else c) for c in text)


def csl(publications: Iterable[Publication]) -> str:
    """Return the papers as a CSL-JSON array, ordered by CURIE; only what is known of a paper is written."""
    papers = sorted(publications, key=lambda p: p.publication)
    names = keys(papers)
    items: list[dict[str, Any]] = []
    for each in papers:
        item: dict[str, Any] = {"id": names[each.publication], "type": "article-journal"}
        if each.title:
            item["title"] = each.title
        if each.first_author:
            family, given = _parts(each.first_author)
            item["author"] = [{"family": family, **({"given": given} if given else {})}]
        if each.year:
            item["issued"] = {"date-parts": [[int(each.year)]]}
        for field, value in (("DOI", each.doi), ("PMID", each.pmid), ("PMCID", each.pmcid)):
            if value:
                item[field] = value
        item["note"] = _note(each)
        items.append(item)
    return json.dumps(items, ensure_ascii=False, indent=1) + "\n"
