"""A server on this machine that speaks as PubMed's efetch, the PMC id converter and Crossref do, faults included."""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

__all__ = ["Server", "article", "work"]


def article(pmid, title="", year="", author=("", ""), doi="", pmc="", types=(), links=(), medline=""):
    """One PubmedArticle, in the elements of PubMed XML that are read."""
    date = f"<MedlineDate>{medline}</MedlineDate>" if medline else f"<Year>{year}</Year><Month>Mar</Month>"
    family, initials = author
    name = f"<LastName>{family}</LastName><ForeName>X</ForeName><Initials>{initials}</Initials>"
    if not initials:
        name = f"<CollectiveName>{family}</CollectiveName>"
    kinds = "".join(f'<PublicationType UI="D0">{each}</PublicationType>' for each in ("Journal Article", *types))
    notices = "".join(
        f'<CommentsCorrections RefType="{kind}"><RefSource>J. 2020</RefSource>'
        + (f'<PMID Version="1">{of}</PMID>' if of else "") + "</CommentsCorrections>"
        for kind, of in links
    )  # fmt: skip
    return f"""<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">{pmid}</PMID>
<DateRevised><Year>2024</Year></DateRevised>
<Article PubModel="Print"><Journal><JournalIssue CitedMedium="Internet"><PubDate>{date}</PubDate></JournalIssue></Journal>
<ArticleTitle>{title}</ArticleTitle>
<AuthorList CompleteYN="Y"><Author ValidYN="Y">{name}</Author><Author><LastName>Last</LastName></Author></AuthorList>
<PublicationTypeList>{kinds}</PublicationTypeList></Article>
<CommentsCorrectionsList>{notices}</CommentsCorrectionsList></MedlineCitation>
<PubmedData><ArticleIdList><ArticleId IdType="pubmed">{pmid}</ArticleId>
{f'<ArticleId IdType="doi">{doi}</ArticleId>' if doi else ""}{f'<ArticleId IdType="pmc">{pmc}</ArticleId>' if pmc else ""}
</ArticleIdList></PubmedData></PubmedArticle>"""


def work(doi, title="", year=0, author=("", ""), **more):
    """The `message` of a work of Crossref, in the fields that are read."""
    family, given = author
    return {
        "DOI": doi,
        "type": "journal-article",
        "title": [title] if title else [],
        "author": [
            {"family": "Last", "given": "Z", "sequence": "additional"},
            {"family": family, "given": given, "sequence": "first"},
        ],
        "issued": {"date-parts": [[year, 3, 1] if year else [None]]},
        **more,
    }


class Server:
    """Answers for the papers given; `faults` are taken first, one a request: a status with headers and body, or a word."""

    def __init__(self, articles=(), works=(), converted=()):
        self.articles = dict(articles)
        self.works = {each["DOI"].lower(): each for each in works}
        self.converted = dict(converted)
        self.faults = []
        self.seen = []
        self.agents = set()
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        root = f"http://127.0.0.1:{self.http.server_port}"
        self.pubmed, self.idconv, self.crossref = f"{root}/eutils", f"{root}/idconv/articles/", f"{root}/crossref"

    def close(self):
        self.http.shutdown()
        self.http.server_close()

    @property
    def options(self):
        return [
            "--pubmed",
            self.pubmed,
            "--idconv",
            self.idconv,
            "--crossref",
            self.crossref,
            "--contact",
            "me@example.org",
        ]

    def answer(self, path, query):
        if path == "/eutils/efetch.fcgi":
            found = [self.articles[pmid] for pmid in query["id"][0].split(",") if pmid in self.articles]
            head = '<?xml version="1.0" ?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle" "http://x/p.dtd">\n'
            return 200, "text/xml; charset=UTF-8", f"{head}<PubmedArticleSet>{''.join(found)}</PubmedArticleSet>"
        if path == "/idconv/articles/":
            records = []
            for value in query["ids"][0].split(","):
                known = self.converted.get(value)
                wrong = {"status": "error", "errmsg": "Identifier not found in PMC"}
                records.append({"requested-id": value, **(known or wrong)})
            return 200, "application/json", json.dumps({"status": "ok", "records": records})
        doi = unquote(path.removeprefix("/crossref/works/")).lower()
        if doi in self.works:
            body = {"status": "ok", "message-type": "work", "message": self.works[doi]}
            return 200, "application/json", json.dumps(body)
        return 404, "text/plain", "Resource not found."

    def _handler(self):
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                parts = urlsplit(self.path)
                query = parse_qs(parts.query)
                server.seen.append((parts.path, query))
                server.agents.add(self.headers["User-Agent"])
                fault = server.faults.pop(0) if server.faults else None
                status, kind, text = server.answer(parts.path, query)
                headers = {}
                if fault == "slow":
                    time.sleep(2)
                elif fault == "cut":
                    text = text[: len(text) // 2]
                elif fault == "short":
                    headers["Content-Length"] = str(len(text.encode()) + 10)
                elif fault == "html":
                    status, kind, text = 200, "text/html", "<html><title>Sign in</title></html>"
                elif fault == "closed":
                    self.connection.close()
                    return
                elif isinstance(fault, tuple):
                    status, headers, text = fault
                    kind = "text/plain"
                elif isinstance(fault, str):
                    text = fault
                content = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                for name, value in ({"Content-Length": str(len(content))} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                try:
                    self.wfile.write(content)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        return Handler
