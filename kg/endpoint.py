"""A SPARQL 1.1 endpoint elsewhere: asks it over HTTP, patiently within limits, and says plainly what went wrong.

Queries are sent by POST. Credentials go to the endpoint's own address only, and stand in no message.
"""

from __future__ import annotations

import http.client
import os
import re
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from typing import IO, Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from kg.errors import QueryError, SourceError

__all__ = ["Endpoint", "endpoint", "retry_after"]

TRIES = 5
FIRST_WAIT = 0.5  # seconds before the second try; doubled for each one after it
LONGEST_WAIT = 120.0  # seconds; who asks for more (Retry-After) is not waited for
CONNECT = 10.0  # seconds for a connection
SILENCE = 120.0  # seconds without a byte
WHOLE = 10  # times the silence, for a whole answer
LARGEST = 2 << 30  # bytes of an answer
BUSY = frozenset({429, 502, 503, 504})
RESULTS = "application/sparql-results+json"
TRIPLES = "application/n-triples"


class _Trouble(NamedTuple):
    """Why a try failed in a way that may pass, and how many seconds the server asks to wait (none: it does not say)."""

    why: str
    wait: float | None = None


@dataclass(frozen=True)
class Endpoint:
    """A SPARQL endpoint by its address, with what is needed to ask it.

    `silence` is how many seconds it may send nothing; `say` takes lines of progress, and `sleep` waits. With `cuts` it
    is said where the server tells that it has left rows out; who counts rows need not be told. With `digest` the
    password itself is never sent; without it a server that asks for Digest gets that after its first answer.
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    digest: bool = field(default=False, repr=False)
    silence: float = SILENCE
    cuts: bool = field(default=False, repr=False)
    say: Callable[[str], None] = field(default=lambda _: None, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def results(self, query: str) -> dict[str, Any]:
        """Return the answer to a SELECT or ASK as the values of SPARQL results JSON.

        Raises QueryError when the endpoint refuses the query, SourceError when it cannot be asked or does not answer
        in SPARQL.
        """
        import json

        kind, content = self.ask(query, f"{RESULTS}, application/json;q=0.5")
        if kind not in (RESULTS, "application/json"):
            raise SourceError(f"{self.url}: answered with {_named(kind, content)}, not SPARQL results; {CHECK}")
        try:
            answer = json.loads(content)
        except (ValueError, RecursionError):
            raise SourceError(f"{self.url}: the answer breaks off or is no JSON; try again, or ask for less") from None
        rows = answer.get("results", {}) if isinstance(answer, dict) else {}
        if not (isinstance(rows, dict) and isinstance(rows.get("bindings"), list)) and "boolean" not in answer:
            raise SourceError(f"{self.url}: answered with JSON that is not SPARQL results; {CHECK}")
        found: dict[str, Any] = answer
        return found

    def triples(self, query: str) -> bytes:
        """Return the answer to a CONSTRUCT or DESCRIBE in Turtle or its part N-Triples. Raises as `results` does."""
        kind, content = self.ask(query, f"{TRIPLES}, text/turtle;q=0.9")
        if kind not in (TRIPLES, "text/turtle", "application/x-turtle", "text/plain"):
            raise SourceError(f"{self.url}: answered with {_named(kind, content)}, not Turtle or N-Triples; {CHECK}")
        return content

    def ask(self, query: str, accept: str) -> tuple[str, bytes]:
        """Send a query; return the media type of the answer and its content, asking again while the server is busy."""
        wait = FIRST_WAIT
        for left in reversed(range(TRIES)):
            found = self._try(query, accept)
            if not isinstance(found, _Trouble):
                return found
            pause = wait if found.wait is None else found.wait
            if pause > LONGEST_WAIT:
                raise SourceError(f"{self.url}: {found.why}; it asks to wait {pause:.0f} s; try again then")
            if not left:
                raise SourceError(f"{self.url}: {found.why}, {TRIES} times; try again later")
            self.say(f"{self.url}: {found.why}; again in {pause:g} s")
            self.sleep(pause)
            wait *= 2
        raise AssertionError("the last try returns or raises")

    def _try(self, query: str, accept: str) -> tuple[str, bytes] | _Trouble:
        from importlib.metadata import version

        request = urllib.request.Request(
            self.url,
            data=urlencode({"query": query}).encode(),
            headers={
                "Accept": accept,
                "Accept-Encoding": "gzip",
                "Content-Type": "application/x-www-form-urlencoded",
                "User-Agent": f"mscim/{version('mscim')}",
            },
        )
        handlers: list[Any] = [_Plain, _Secure, _Redirects]
        if self.user or self.password:
            if not self.digest:
                request.add_unredirected_header("Authorization", f"Basic {self._token()}")
            handlers.append(_Digest(self.url, self.user, self.password))
        opener = urllib.request.build_opener(*handlers)
        try:
            with opener.open(request, timeout=self.silence) as response:
                most = response.headers.get("X-SPARQL-MaxRows")  # Virtuoso's word for an answer that it has cut
                if self.cuts and most:
                    self.say(f"{self.url}: gives {most} rows at most: some may be missing")
                return response.headers.get_content_type(), self._body(response)
        except urllib.error.HTTPError as error:
            with error:
                return self._refused(error)
        except urllib.error.URLError as error:
            cause = error.reason if isinstance(error.reason, OSError) else OSError(str(error.reason))
            return self._failed(cause)
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, SourceError):
                raise
            return self._failed(error)

    def _token(self) -> str:
        import base64

        return base64.b64encode(f"{self.user}:{self.password}".encode()).decode()

    def _body(self, response: Any) -> bytes:
        import zlib

        packed = response.headers.get("Content-Encoding", "").lower() in ("gzip", "x-gzip")
        unpack = zlib.decompressobj(16 + zlib.MAX_WBITS) if packed else None
        end = time.monotonic() + WHOLE * self.silence
        content = bytearray()
        try:
            while piece := response.read1(1 << 16):
                content += unpack.decompress(piece, LARGEST) if unpack else piece
                if time.monotonic() > end:
                    raise TimeoutError
                if len(content) > LARGEST:
                    raise SourceError(f"{self.url}: the answer is larger than {LARGEST >> 30} GiB; ask for less")
        except zlib.error:
            raise http.client.IncompleteRead(b"") from None
        if response.length or (unpack and not unpack.eof):
            raise http.client.IncompleteRead(b"")
        return bytes(content)

    def _failed(self, error: Exception) -> _Trouble:
        """Say why no answer came; raise it where trying again would not help."""
        import socket
        import ssl

        parts = urlsplit(self.url)
        if isinstance(error, socket.gaierror):
            raise SourceError(f"{self.url}: there is no host {parts.hostname}; check the address") from None
        if isinstance(error, ConnectionRefusedError):
            raise SourceError(
                f"{self.url}: nothing listens there (connection refused); is the server running?"
            ) from None
        if isinstance(error, ssl.SSLError):
            raise SourceError(f"{self.url}: no secure connection ({error.reason or error})") from None
        if isinstance(error, http.client.IncompleteRead):
            return _Trouble("the answer breaks off")
        if isinstance(error, ConnectionError):
            return _Trouble("the connection was closed before an answer came")
        if isinstance(error, TimeoutError):
            raise SourceError(
                f"{self.url}: no answer in time ({CONNECT:g} s to connect, {self.silence:g} s of silence); "
                "--endpoint-timeout waits longer"
            ) from None
        if isinstance(error, http.client.HTTPException):
            raise SourceError(f"{self.url}: does not speak HTTP ({type(error).__name__}); {CHECK}") from None
        raise SourceError(f"{self.url}: cannot be asked ({getattr(error, 'strerror', None) or error})") from None

    def _refused(self, error: urllib.error.HTTPError) -> _Trouble:
        """Say what a status other than 200 means; raise it where trying again would not help."""
        status = error.code
        try:
            kind, content = error.headers.get_content_type(), self._body(error)
        except (OSError, http.client.HTTPException):
            kind, content = "text/plain", b""
        said = self._hidden(_shortened(kind, content))
        why = f"HTTP {status}{f': {said}' if said else ''}"
        if status in BUSY:
            return _Trouble(why, retry_after(error.headers.get("Retry-After", "")))
        if status == 401:
            known = "these credentials are not taken" if self.user or self.password else "it asks for credentials"
            raise SourceError(f"{self.url}: {known} ({why}); {GIVE}") from None
        if status == 403:
            raise SourceError(f"{self.url}: not allowed ({why}); {GIVE}") from None
        if status == 400 and kind != "text/html":
            raise QueryError(said or f"{self.url}: the query is refused (HTTP 400)") from None
        if status in (301, 302, 303, 307, 308):
            raise SourceError(f"{self.url}: is sent on to an address that is not followed; {CHECK}") from None
        if status in (400, 404, 405, 406, 410, 415):
            raise SourceError(f"{self.url}: no SPARQL endpoint ({why}); {CHECK}") from None
        raise SourceError(f"{self.url}: the endpoint failed ({why})") from None

    def _hidden(self, text: str) -> str:
        """Return a server's text without the credentials, which it may repeat."""
        for secret in (self.password, self._token()):
            if secret:
                text = text.replace(secret, "***")
        return text


CHECK = "check that the address is that of the SPARQL endpoint itself (kg serve: http://HOST:PORT/sparql)"
GIVE = "set KG_ENDPOINT_USER and KG_ENDPOINT_PASSWORD, or write the host into ~/.netrc"


def endpoint(
    url: str,
    silence: float = SILENCE,
    say: Callable[[str], None] = lambda _: None,
    environment: Mapping[str, str] | None = None,
) -> Endpoint:
    """Return the endpoint at an address, with credentials from the environment or the user's netrc.

    `environment` is that of the process by default. Raises SourceError when the address is not http(s), holds
    credentials, or the netrc cannot be read.

    >>> endpoint("http://127.0.0.1:8000/sparql", environment={"KG_ENDPOINT_USER": "me", "KG_ENDPOINT_PASSWORD": "s"})
    Endpoint(url='http://127.0.0.1:8000/sparql', user='me', silence=120.0)
    """
    known = os.environ if environment is None else environment
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or re.search(r"[\x00-\x20\x7f]", url):
        raise SourceError("--endpoint: not an http or https address; write it as http://127.0.0.1:8000/sparql")
    if parts.username is not None or parts.password is not None:
        raise SourceError(f"--endpoint: the address holds credentials, which others could read; {GIVE}")
    user, password = known.get("KG_ENDPOINT_USER", ""), known.get("KG_ENDPOINT_PASSWORD", "")
    if not user and not password:
        user, password = _netrc(parts.hostname or "", known)
    scheme = known.get("KG_ENDPOINT_AUTH", "basic").lower()
    if scheme not in ("basic", "digest"):
        raise SourceError("KG_ENDPOINT_AUTH: neither basic nor digest; set it to one of them, or leave it out")
    return Endpoint(parts._replace(fragment="").geturl(), user, password, scheme == "digest", silence, say=say)


def _netrc(host: str, environment: Mapping[str, str]) -> tuple[str, str]:
    """Return user and password of the netrc for exactly this host; its default entry is for no host in particular."""
    import netrc

    home = environment.get("HOME", "")
    path = environment.get("NETRC") or (os.path.join(home, ".netrc") if home else "")
    try:
        entry = netrc.netrc(path).hosts.get(host) if path else None
    except FileNotFoundError:
        entry = None
    except (netrc.NetrcParseError, OSError, UnicodeDecodeError):
        raise SourceError(
            f"{path}: the netrc cannot be read; mend it, or give credentials in the environment"
        ) from None
    return (entry[0] or "", entry[2] or "") if entry else ("", "")


class _PlainConnection(http.client.HTTPConnection):
    """A connection that is made within CONNECT seconds, whatever a later silence may last."""

    def connect(self) -> None:
        silence, self.timeout = self.timeout, CONNECT
        super().connect()
        self.sock.settimeout(silence)


class _SecureConnection(http.client.HTTPSConnection):
    """The same over TLS."""

    def connect(self) -> None:
        silence, self.timeout = self.timeout, CONNECT
        super().connect()
        self.sock.settimeout(silence)


class _Plain(urllib.request.HTTPHandler):
    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_PlainConnection, req)


class _Secure(urllib.request.HTTPSHandler):
    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_SecureConnection, req)


class _Digest(urllib.request.HTTPDigestAuthHandler):
    """Answers one challenge of HTTP Digest, of the endpoint's own address alone."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.own = urlsplit(url)[:2]
        kept = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        kept.add_password(None, f"{self.own[0]}://{self.own[1]}/", user, password)
        super().__init__(kept)
        self.answered = False

    def http_error_401(self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Message) -> Any:
        offered = [each[7:] for each in headers.get_all("WWW-Authenticate", []) if each[:7].lower() == "digest "]
        if not offered or self.answered or urlsplit(req.full_url)[:2] != self.own:
            return None
        self.answered = True
        try:
            known = urllib.request.parse_keqv_list(list(filter(None, urllib.request.parse_http_list(offered[0]))))
            said = self.get_authorization(req, known)
        except ValueError:  # no challenge, or of a kind that is not known
            return None
        if said is None:
            return None
        fp.close()
        req.add_unredirected_header("Authorization", f"Digest {said}")
        return self.parent.open(req, timeout=req.timeout)


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Sends the query on by POST again; credentials only within the same address, and nothing from https to http."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Message,
        newurl: str,
    ) -> urllib.request.Request | None:
        old, new = urlsplit(req.full_url), urlsplit(newurl)
        if new.scheme not in ("http", "https") or (old.scheme == "https" and new.scheme == "http"):
            return None
        request = urllib.request.Request(newurl, data=req.data, headers=dict(req.headers))
        if (old.scheme, old.netloc) == (new.scheme, new.netloc):
            for name, value in req.unredirected_hdrs.items():
                if name == "Authorization":
                    request.add_unredirected_header(name, value)
        return request


def retry_after(text: str) -> float | None:
    """Return how long a Retry-After asks to wait: seconds, or a time; none when it says nothing that can be read."""
    from email.utils import parsedate_to_datetime

    if text.strip().isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, TypeError):
        return None


def _named(kind: str, content: bytes) -> str:
    if kind == "text/html":
        title = _shortened(kind, content)
        return f"a web page{f' ({title})' if title else ''}"
    return kind


def _shortened(kind: str, content: bytes) -> str:
    """Return what an answer that is none says, in a line: a page's title, a problem's detail, or the first lines."""
    import json

    text = content[:20_000].decode("utf-8", "replace")
    if kind == "text/html":
        title = re.search(r"<title[^>]*>(.*?)</title", text, re.IGNORECASE | re.DOTALL)
        text = title[1] if title else ""
    elif kind.endswith("json"):
        try:
            problem = json.loads(content)
            text = str(problem.get("detail") or problem.get("message") or problem.get("exception") or text)
        except (ValueError, AttributeError):
            pass
    text = re.split(r"\n\s*(?:SPARQL )?query:", text, maxsplit=1, flags=re.IGNORECASE)[0]
    text = " ".join(re.sub(r"[^\x20-\x7e\xa0-\uffff]", " ", text).split())
    return text if len(text) <= 300 else text[:297] + "..."
