"""Where records of papers are kept: PubMed, the id converter of PMC, Crossref. Asked politely.

PubMed is asked by E-utilities efetch (PubMed XML), PMC by its ID Converter API (JSON), Crossref by its REST API
(`/works/DOI`, JSON). Each is asked at its pace, again after a fault that may pass, and as long as it says to wait.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import re
import time
import unicodedata
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from kg.endpoint import retry_after
from kg.errors import SourceError
from kg.sources import read_bytes, write_text

__all__ = [
    "CROSSREF",
    "IDCONV",
    "PUBMED",
    "Notice",
    "Record",
    "Registry",
    "Shelf",
    "crossref",
    "ids",
    "pubmed",
    "registry",
]

PUBMED = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils"
IDCONV = "https://pmc.ncbi.nlm.nih.gov/tools/idconv/api/v1/articles/"
CROSSREF = "https://api.crossref.org"
PAGE = "https://w3id.org/mscim/"
TRIES = 5
FIRST_WAIT = 1.0  # seconds before the second try; doubled for each one after it
LONGEST_WAIT = 300.0  # seconds; who asks for more is not waited for
LARGEST = 100 << 20  # bytes of an answer
PACE = {"pubmed": 0.34, "key": 0.11, "crossref": 0.2}  # seconds between two requests: 3, 9 and 5 a second
BATCH = 100  # papers of one request to PubMed and to the id converter
PASSING = frozenset({408, 429, 500, 502, 503, 504})


class Notice(NamedTuple):
    """What was published on a paper later: a status of the ontology (or comment, notice), and its CURIE."""

    kind: str
    curie: str = ""


class Record(NamedTuple):
    """What a registry says of a paper, on a day; with `found` False, that it has no such record."""

    source: str
    day: str
    found: bool = True
    doi: str = ""
    pmid: str = ""
    pmcid: str = ""
    year: str = ""
    first_author: str = ""
    title: str = ""
    notices: tuple[Notice, ...] = ()


class _Trouble(Exception):
    """A fault that may pass, and how many seconds the server asks to wait (none: it does not say)."""

    def __init__(self, why: str, wait: float | None = None) -> None:
        super().__init__(why)
        self.wait = wait


@dataclass
class Registry:
    """A server of records: its address, its pace, and how one introduces oneself."""

    base: str
    pace: float
    contact: str = ""
    key: str = field(default="", repr=False)
    silence: float = 60.0
    say: Callable[[str], None] = field(default=lambda _: None, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    last: float = field(default=float("-inf"), repr=False)

    def ask(self, path: str, query: Mapping[str, str], read: Callable[[str, bytes], Any]) -> Any:
        """Return what `read` makes of the answer (its media type and content); None when there is no such record.

        Raises SourceError, which names the server, when it cannot be asked, or fails each time.
        """
        wait = FIRST_WAIT
        for left in reversed(range(TRIES)):
            try:
                return self._once(path, query, read)
            except _Trouble as trouble:
                pause = wait if trouble.wait is None else trouble.wait
                if pause > LONGEST_WAIT:
                    raise SourceError(f"{self.base}: {trouble}; it asks to wait {pause:.0f} s; go on then") from None
                if not left:
                    raise SourceError(f"{self.base}: {trouble}, {TRIES} times; try again later") from None
                self.say(f"{self.base}: {trouble}; again in {pause:g} s")
                self.sleep(pause)
                wait *= 2
        raise AssertionError("the last try returns or raises")

    def _once(self, path: str, query: Mapping[str, str], read: Callable[[str, bytes], Any]) -> Any:
        from importlib.metadata import version

        rest = self.last + self.pace - self.clock()
        if rest > 0:
            self.sleep(rest)
        self.last = self.clock()
        mail = f"; mailto:{self.contact}" if self.contact else ""
        agent = f"mscim/{version('mscim')} ({PAGE}{mail})"
        asked = f"?{urlencode(query)}" if query else ""
        request = urllib.request.Request(f"{self.base}{path}{asked}", headers={"User-Agent": agent, "Accept": "*/*"})
        try:
            with urllib.request.urlopen(request, timeout=self.silence) as response:
                content = response.read(LARGEST)
                self._slow_down(response.headers)
                if response.length:
                    raise _Trouble("the answer breaks off")
                return read(response.headers.get_content_type(), content)
        except urllib.error.HTTPError as error:
            with error:
                return self._refused(error)
        except urllib.error.URLError as error:
            reason = getattr(error.reason, "strerror", None) or error.reason
            if isinstance(error.reason, TimeoutError):
                raise _Trouble(f"no answer in {self.silence:g} s") from None
            raise SourceError(f"{self.base}: cannot be reached ({reason}); check the address and the network") from None
        except TimeoutError:
            raise _Trouble(f"no answer in {self.silence:g} s") from None
        except (http.client.HTTPException, ConnectionError):
            raise _Trouble("the connection was closed before an answer came") from None

    def _refused(self, error: urllib.error.HTTPError) -> None:
        if error.code == 404:
            return
        if error.code in PASSING:
            raise _Trouble(f"HTTP {error.code}", retry_after(error.headers.get("Retry-After", "")))
        raise SourceError(f"{self.base}: refuses the question (HTTP {error.code}); check the address and the key")

    def _slow_down(self, headers: Mapping[str, str]) -> None:
        """Keep to the pace that the server tells, when it is slower than ours."""
        most, span = headers.get("X-Rate-Limit-Limit", ""), headers.get("X-Rate-Limit-Interval", "").rstrip("s")
        if most.isdecimal() and span.isdecimal() and int(most):
            self.pace = max(self.pace, int(span) / int(most))


def registry(kind: str, base: str, contact: str = "", key: str = "", **options: Any) -> Registry:
    """Return PubMed (kind `pubmed`, also its id converter) or Crossref (`crossref`) at an address, at its pace."""
    pace = PACE["key"] if kind == "pubmed" and key else PACE[kind]
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", base):
        raise SourceError(f"{base}: not an http or https address")
    return Registry(base.rstrip("/") if not base.endswith("articles/") else base, pace, contact, key, **options)


def _said(server: Registry) -> dict[str, str]:
    said = {"tool": "mscim"}
    said |= {"email": server.contact} if server.contact else {}
    return said | ({"api_key": server.key} if server.key else {})


# --- PubMed -----------------------------------------------------------------------------------------------------------

LINKS = {
    "RetractionIn": "retracted",
    "RetractedandRepublishedIn": "retracted",
    "ExpressionOfConcernIn": "expression of concern",
    "PartialRetractionIn": "expression of concern",
    "ErratumIn": "corrected",
    "CorrectedandRepublishedIn": "corrected",
    "CommentIn": "comment",
    "RetractionOf": "notice",
    "ErratumFor": "notice",
    "ExpressionOfConcernFor": "notice",
}


def pubmed(server: Registry, pmids: Sequence[str], day: str) -> dict[str, Record]:
    """Return the records of PubMed ids, at most BATCH; what PubMed does not know is `found` False."""
    query = {"db": "pubmed", "id": ",".join(pmids), "retmode": "xml", **_said(server)}
    found: dict[str, Record] = (
        server.ask("/efetch.fcgi", query, lambda kind, content: _articles(kind, content, day)) or {}
    )
    return {pmid: found.get(pmid, Record("PubMed", day, found=False, pmid=pmid)) for pmid in pmids}


def _articles(kind: str, content: bytes, day: str) -> dict[str, Record]:
    from xml.etree import ElementTree

    if kind == "text/html":
        raise _Trouble("a web page instead of records")
    if b"<!ENTITY" in content:
        raise _Trouble("no PubMed XML")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError:
        raise _Trouble("the answer breaks off or is no XML") from None
    if root.tag != "PubmedArticleSet":
        raise _Trouble(f"no PubMed XML ({_short(''.join(root.itertext())) or root.tag})")
    records = (_article(each, day) for each in root.iterfind("PubmedArticle"))
    return {record.pmid: record for record in records}


def _article(node: Any, day: str) -> Record:
    def text(path: str, within: Any = node) -> str:
        found = within.find(path)
        return " ".join("".join(found.itertext()).split()) if found is not None else ""

    article = "MedlineCitation/Article"
    date_ = f"{article}/Journal/JournalIssue/PubDate"
    year = re.search(r"(19|20)\d\d", text(f"{date_}/Year") or text(f"{date_}/MedlineDate"))
    author = node.find(f"{article}/AuthorList/Author")
    name = " ".join(filter(None, (text("LastName", author), text("Initials", author)))) if author is not None else ""
    name = name or (text("CollectiveName", author) if author is not None else "")
    ids = {
        each.get("IdType"): (each.text or "").strip() for each in node.iterfind("PubmedData/ArticleIdList/ArticleId")
    }
    types = {(each.text or "").strip() for each in node.iterfind(f"{article}/PublicationTypeList/PublicationType")}
    notices = []
    for link in node.iterfind("MedlineCitation/CommentsCorrectionsList/CommentsCorrections"):
        pmid = link.findtext("PMID", "").strip()
        status = LINKS.get(link.get("RefType", ""))
        if link.get("RefType") == "UpdateIn" and "Preprint" in types and pmid:
            notices.append(Notice("preprint of", f"pubmed:{pmid}"))
        elif status:
            notices.append(Notice(status, f"pubmed:{pmid}" if pmid else ""))
    if "Retracted Publication" in types and not any(each.kind == "retracted" for each in notices):
        notices.append(Notice("retracted"))
    return Record(
        "PubMed",
        day,
        True,
        ids.get("doi", "").lower(),
        text("MedlineCitation/PMID"),
        ids.get("pmc", ""),
        year[0] if year else "",
        name,
        text(f"{article}/ArticleTitle"),
        tuple(dict.fromkeys(notices)),
    )


# --- the id converter of PMC ------------------------------------------------------------------------------------------


def ids(server: Registry, kind: str, values: Sequence[str], day: str) -> dict[str, Record]:
    """Return what the id converter knows of identifiers of one kind (doi, pmid or pmcid), by them."""
    query = {"ids": ",".join(values), "idtype": kind, "format": "json", "versions": "no", **_said(server)}
    found: list[dict[str, Any]] = server.ask("", query, _converted) or []
    records = {}
    for each in found:
        asked = str(each.get("requested-id") or each.get(kind) or "").lower()
        known = each.get("status") != "error" and bool(each.get("pmid") or each.get("pmcid") or each.get("doi"))
        doi, pmid, pmcid = (str(each.get(name) or "") if known else "" for name in ("doi", "pmid", "pmcid"))
        records[asked] = Record("PMC", day, known, doi.lower(), pmid, pmcid)
    return {value: records.get(value.lower(), Record("PMC", day, False)) for value in values}


def _converted(kind: str, content: bytes) -> list[dict[str, Any]]:
    answer = _json(kind, content)
    records = answer.get("records")
    if not isinstance(records, list) or not all(isinstance(each, dict) for each in records):
        raise _Trouble("JSON that holds no records")
    return records


def _json(kind: str, content: bytes) -> dict[str, Any]:
    if kind == "text/html":
        raise _Trouble("a web page instead of JSON")
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        raise _Trouble("the answer breaks off or is no JSON") from None
    if not isinstance(answer, dict):
        raise _Trouble("JSON that is no record")
    return answer


# --- Crossref ---------------------------------------------------------------------------------------------------------

UPDATES = {
    "retraction": "retracted",
    "withdrawal": "retracted",
    "removal": "retracted",
    "expression_of_concern": "expression of concern",
    "partial_retraction": "expression of concern",
    "correction": "corrected",
    "corrigendum": "corrected",
    "erratum": "corrected",
    "addendum": "corrected",
}


def crossref(server: Registry, doi: str, day: str) -> Record:
    """Return the record of a DOI at Crossref; `found` False when it has none, as for DOIs of other agencies."""
    query = {"mailto": server.contact} if server.contact else {}
    found = server.ask(f"/works/{quote(doi, safe='')}", query, lambda kind, content: _work(kind, content, doi, day))
    return found or Record("Crossref", day, found=False, doi=doi)


def _work(kind: str, content: bytes, doi: str, day: str) -> Record:
    work = _json(kind, content).get("message")
    if not isinstance(work, dict):
        raise _Trouble("JSON that is no work")
    own = str(work.get("DOI", "")).lower()
    if own != doi.lower():
        raise _Trouble(f"the record of another paper ({_short(own)})")
    notices = []
    for each in _dicts(work.get("updated-by")):
        status = UPDATES.get(re.sub(r"[^a-z]+", "_", str(each.get("type", "")).lower()))
        if status:
            notices.append(Notice(status, _doi(each.get("DOI"))))
    relation = work.get("relation")
    for each in _dicts(relation.get("is-preprint-of") if isinstance(relation, dict) else None):
        if each.get("id-type", "doi") == "doi" and _doi(each.get("id")):
            notices.append(Notice("preprint of", _doi(each["id"])))
    if work.get("update-to"):
        notices.append(Notice("notice"))
    authors = _dicts(work.get("author"))
    first = next((each for each in authors if each.get("sequence") == "first"), authors[0] if authors else {})
    initials = "".join(part[0] for part in re.split(r"[\s.-]+", str(first.get("given", ""))) if part)
    name = f"{first.get('family', '')} {initials}".strip() if first.get("family") else str(first.get("name", ""))
    titles = work.get("title")
    title = str(titles[0]) if isinstance(titles, list) and titles else ""
    year = next(
        (_year(work.get(name)) for name in ("published-print", "issued", "published-online") if _year(work.get(name))),
        "",
    )
    return Record(
        "Crossref", day, True, own, "", "", year, name, " ".join(title.split()), tuple(dict.fromkeys(notices))
    )


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _doi(value: object) -> str:
    found = re.search(r"10\.\d{4,9}/\S+", str(value or ""))
    return f"doi:{found[0].lower()}" if found else ""


def _year(value: object) -> str:
    parts = value.get("date-parts") if isinstance(value, dict) else None
    first = parts[0] if isinstance(parts, list) and parts else None
    found = re.fullmatch(r"(19|20)\d\d", str(first[0])) if isinstance(first, list) and first else None
    return found[0] if found else ""


def _short(text: str) -> str:
    plain = " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in text).split())
    return plain if len(plain) <= 100 else plain[:97] + "..."


# --- what was said ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shelf:
    """Records kept in a folder, one file each, written whole: an interrupted run goes on where it was."""

    folder: Path

    def _path(self, key: str) -> Path:
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.json"

    def get(self, key: str, today: str, most: int) -> Record | None:
        """Return the record of a key that is at most so many days old; None without one, or when it is damaged."""
        path = self._path(key)
        if not path.is_file():
            return None
        try:
            cells = json.loads(read_bytes(path))
            record = Record(**{**cells, "notices": tuple(Notice(*each) for each in cells["notices"])})
            age = (date.fromisoformat(today) - date.fromisoformat(record.day)).days
        except (ValueError, TypeError, KeyError):
            return None
        return record if 0 <= age <= most else None

    def put(self, key: str, record: Record) -> None:
        """Keep the record of a key."""
        write_text(self._path(key), json.dumps(record._asdict(), ensure_ascii=False) + "\n")

    def clear(self, keys: Iterable[str]) -> None:
        """Forget the records of keys."""
        for key in keys:
            self._path(key).unlink(missing_ok=True)
