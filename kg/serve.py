"""The server: HTTP in front of the pool of workers. `app` makes the application, `server` what serves it.

Nothing is evaluated here. This process reads requests within limits, hands them to a worker, and passes answers on.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import secrets
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request as HTTPRequest
from starlette.responses import JSONResponse
from starlette.routing import Route

from kg import shell, sources, store
from kg.errors import KGError, RequestError, SourceError
from kg.protocol import Limits, Request, negotiate
from kg.responses import problem
from kg.workers import Answer, Pool

if TYPE_CHECKING:
    import uvicorn

__all__ = ["Source", "app", "server", "source_of"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

LOCAL = ("127.0.0.1", "localhost", "[::1]")
DATA = ("/api/", "/sparql", "/data.", "/openapi", "/.well-known/", "/page/")  # what programs read
GATHERED = 16_384  # bytes that wait for the end of a turn of the loop, at most
HEALTH = "/healthz"
PACKED = 1024  # bytes from which on an answer is compressed for those who accept it
LONG = 10  # a dump may take this many times the limit of a query
PATIENCE = 0.1  # seconds before this process looks whether the client is still there
SLOWEST = 30.0  # seconds: for a request to arrive, and for a client to take the next piece
IDENTITY = re.compile(r"[A-Za-z0-9._-]{1,64}")
SECURITY: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
)
BUILD = "import sys; sys.path[0] = sys.argv[1]; from kg.cli import main; main(sys.argv[2:])"


class Source(NamedTuple):
    """Where the dataset comes from: `state` changes when it has to be opened anew, `folder` brings it up to date."""

    state: Callable[[], object]
    folder: Callable[[], Path]


def _stamp(path: Path) -> tuple[int, ...]:
    """What changes with a file's content, whatever a clock or a copying program says of its time."""
    status = os.stat(path)
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def source_of(data: Path | None) -> Source:
    """Return the source of a built dataset's folder, or of tables (the bundled ones by default), built when needed."""
    if data is not None and not (data / "triples").is_dir():
        folder = data

        def built() -> object:
            with suppress(OSError):
                return _stamp(folder / "manifest.json")
            return None  # it is being replaced at this moment

        def opened() -> Path:
            store.manifest(folder)
            return folder

        return Source(built, opened)
    root = data or sources.bundled()

    def tables() -> object:
        with suppress(OSError, SourceError):
            return tuple((str(path), *_stamp(path)) for path in sources.names_of(root))
        return None

    def up_to_date() -> Path:
        target = sources.cache() / sources.digest(root)[:16]
        try:
            store.manifest(target)
        except SourceError:
            package = str(Path(__file__).resolve().parent.parent)
            command = [sys.executable, "-c", BUILD, package, "--data", str(root), "build"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SourceError(f"{root}: not built: {(done.stderr.strip().splitlines() or ['?'])[-1]}") from None
        return target

    return Source(tables, up_to_date)


class _Gateway:
    """Passes requests to the pool and answers back, within limits; what the pool has no part in goes to `inner`."""

    def __init__(self, inner: Application, pool: Pool) -> None:
        self.inner = inner
        self.pool = pool
        self.packed = GZipMiddleware(self._plain, minimum_size=PACKED, compresslevel=4)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (scope["path"] == HEALTH and scope["method"] in ("GET", "HEAD")):
            await self.inner(scope, receive, send)
        elif any(name == b"accept-encoding" and b"gzip" in value for name, value in scope["headers"]):
            scope["kg.packed"] = True
            await self.packed(scope, receive, send)
        else:
            await self._plain(scope, receive, send)

    async def _plain(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except RequestError as error:
            response = problem(error)
            assert isinstance(response.body, bytes)  # a problem is small
            answer = Answer(response.status, response.headers, response.body)
        if answer is None:  # the client has gone
            scope["kg.log"] = "the client went away"
            return
        scope["kg.log"] = answer.log
        answer = _readable(scope, answer)
        await _pass_on(scope, send, answer)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer | None:
        method, path, limits = scope["method"], scope["path"], self.pool.limits
        if method == "OPTIONS":
            allow = "GET, HEAD, OPTIONS, POST" if path.rstrip("/") == "/sparql" else "GET, HEAD, OPTIONS"
            return Answer(204, (("Allow", allow),), b"")
        if len(scope["query_string"]) > limits.body:
            raise RequestError(414, f"the address is longer than {limits.body:,} bytes; POST the query")
        fields: Mapping[bytes, bytes] = dict(scope["headers"])
        named = {
            name: fields.get(field, b"").decode("latin-1")
            for name, field in (("content_type", b"content-type"), ("if_none_match", b"if-none-match"))
        }
        accepts = ", ".join(value.decode("latin-1") for field, value in scope["headers"] if field == b"accept")
        request = Request(
            method,
            path,
            scope["query_string"].decode("latin-1"),
            **named,
            accept=accepts,
            body=await _body(receive, fields, limits) if method == "POST" else b"",
            base=f"{scope['scheme']}://{fields.get(b'host', b'127.0.0.1').decode('latin-1')}",
        )
        seconds = limits.seconds * (LONG if path.startswith("/data.") else 1)
        return await self._unless_gone(request, seconds, receive)

    async def _unless_gone(self, request: Request, seconds: float, receive: Receive) -> Answer | None:
        """Ask; after a while look whether the client is still there, and give up when it is not."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        watching: list[asyncio.Task[None]] = []

        async def watch() -> None:
            await _gone(receive)
            if task is not None:
                task.cancel("gone")

        timer = loop.call_later(PATIENCE, lambda: watching.append(loop.create_task(watch())))
        try:
            return await self.pool.ask(request, seconds)
        except asyncio.CancelledError as error:
            if task is None or error.args != ("gone",):
                raise
            task.uncancel()
            return None
        finally:
            timer.cancel()
            for each in watching:
                each.cancel()


def _readable(scope: Scope, answer: Answer) -> Answer:
    """Return a problem as a page where a browser asked for a page; every other answer as it is."""
    fields = dict(answer.headers)
    if fields.get("Content-Type") != "application/problem+json" or scope["path"].startswith(DATA):
        return answer
    accepts = ", ".join(value.decode("latin-1") for field, value in scope["headers"] if field == b"accept")
    with suppress(RequestError):
        offers = ("application/problem+json", "application/json", "text/html")
        if "text/html" in accepts and negotiate(accepts, offers) == "text/html":
            said = json.loads(answer.first)
            body = shell.sorry(answer.status, said["detail"])
            fields |= {"Content-Type": "text/html; charset=utf-8", **dict(shell.PAGE)}
            return Answer(answer.status, tuple(fields.items()), body, log=answer.log)
    return answer


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(receive: Receive, fields: Mapping[bytes, bytes], limits: Limits) -> bytes:
    too_large = RequestError(413, f"the body is larger than {limits.body:,} bytes; shorten the query")
    declared = fields.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > limits.body:
        raise too_large
    if fields.get(b"content-encoding", b"identity").lower() != b"identity":
        raise RequestError(415, "compressed bodies are not understood; send the query as it is")
    body = bytearray()
    try:
        async with asyncio.timeout(SLOWEST):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise RequestError(400, "the body broke off")
                body += message.get("body", b"")
                if len(body) > limits.body:
                    raise too_large
                if not message.get("more_body"):
                    return bytes(body)
    except TimeoutError:
        raise RequestError(408, f"the body did not arrive within {SLOWEST:g} s", (("Connection", "close"),)) from None


async def _pass_on(scope: Scope, send: Send, answer: Answer) -> None:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if not scope.get("kg.packed"):  # what packs says so itself
        headers = [(name, value + b", Accept-Encoding" if name == b"vary" else value) for name, value in headers]
    head_only = scope["method"] == "HEAD"
    if answer.rest is None and answer.status not in (204, 304) and not head_only:
        headers.append((b"content-length", str(len(answer.first)).encode()))
    try:
        async with asyncio.timeout(SLOWEST):
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            await send({"type": "http.response.body", "body": answer.first, "more_body": answer.rest is not None})
        if answer.rest is not None:
            async for piece in answer.rest:
                async with asyncio.timeout(SLOWEST):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
    except RequestError as error:  # the answer broke off: the connection is closed without the end of the body
        scope["kg.log"] = f"broken off: {error}"
    except TimeoutError:
        scope["kg.log"] = f"broken off: the client took nothing for {SLOWEST:g} s"
    except OSError:
        scope["kg.log"] = "broken off: the client went away"
    finally:
        if answer.rest is not None:
            await answer.rest.aclose()


class _Front:
    """The outermost layer: whose name the request carries, its id, the security header fields, and the log."""

    def __init__(
        self, inner: Application, hosts: Sequence[str], log: Callable[[str], None] | None, queries: bool
    ) -> None:
        self.inner = inner
        self.hosts = frozenset(host.lower() for host in hosts)
        self.log = log
        self.queries = queries

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.inner(scope, receive, send)
            return
        began, status, size = time.perf_counter(), 0, 0
        fields = dict(scope["headers"])
        given = fields.get(b"x-request-id", b"").decode("latin-1")
        identity = given if IDENTITY.fullmatch(given) else secrets.token_hex(8)
        extra = [(b"x-request-id", identity.encode()), *SECURITY]

        async def outward(message: MutableMapping[str, Any]) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                said = {name for name, _ in message["headers"]}  # an answer may have a policy of its own
                if status == 304:  # which stays as the browser has it
                    said |= {b"content-security-policy", b"x-frame-options"}
                rest = [each for each in extra if each[0] not in said]
                message = {**message, "headers": [*message["headers"], *rest]}
            else:
                size += len(message.get("body", b""))
            await send(message)

        host = fields.get(b"host", b"").decode("latin-1").lower()
        name, _, port = host.rpartition(":")
        host = name if name and port.isdecimal() else host
        try:
            if host in self.hosts:
                await self.inner(scope, receive, outward)
            else:
                response = problem(RequestError(421, f"this server does not answer for {host[:100]!r}"))
                assert isinstance(response.body, bytes)  # a problem is small
                scope["kg.log"] = "wrong host"
                await _pass_on(scope, outward, Answer(response.status, response.headers, response.body))
        finally:
            if self.log:
                entry: dict[str, Any] = {
                    "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
                    "id": identity,
                    "method": scope["method"],
                    "path": scope["path"][:200],
                    "status": status,
                    "bytes": size,
                    "ms": round((time.perf_counter() - began) * 1000, 1),
                }
                if scope.get("kg.log"):
                    entry["why"] = scope["kg.log"]
                if self.queries:
                    entry["query"] = scope["query_string"].decode("latin-1")[:2000]
                self.log(json.dumps(entry, ensure_ascii=False))


def app(
    source: Source | Path,
    limits: Limits | None = None,
    *,
    workers: int = 2,
    hosts: Sequence[str] = LOCAL,
    cors: Sequence[str] = (),
    log: Callable[[str], None] | None = None,
    log_queries: bool = False,
    watch: float = 1.0,
) -> Starlette:
    """Return the application over a dataset: a built folder, or a source that is looked at every `watch` seconds.

    Parameters
    ----------
    hosts
        Names that the Host field may carry, whatever the port; others get 421.
    cors
        Origins that may read answers from a browser; none by default, `*` for all.
    log
        Called with one line of JSON for each request; with the query string only when `log_queries`.

    Raises SourceError, at start-up, when the dataset cannot be opened.
    """
    origin = source_of(source) if isinstance(source, Path) else source
    pool = Pool(Path(), limits or Limits(), workers, say=lambda line: log(json.dumps({"why": line})) if log else None)

    async def watching(state: object) -> None:
        while True:
            await asyncio.sleep(watch)
            now = origin.state()
            if now is None or now == state:
                continue
            try:
                await pool.renew(await asyncio.to_thread(origin.folder))
                pool.say(f"data {pool.version}")
            except KGError as error:
                pool.say(f"the data has changed and cannot be used, the old is kept: {error}")
            state = now

    said: set[str] = set()

    def troubled(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        line = f"{context['message']} {context.get('exception') or ''}".strip()
        if line not in said:  # each kind of trouble once: the loop may repeat it thousands of times
            said.add(line)
            pool.say(line)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_exception_handler(troubled)
        state = origin.state()
        pool.folder = origin.folder()
        await pool.start()
        if not all(worker.confined for worker in pool.workers if worker.version):
            pool.say("this system has no seccomp: workers keep their sockets, and only the guard refuses SERVICE")
        task = asyncio.create_task(watching(state))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await pool.close()

    async def healthz(_: HTTPRequest) -> JSONResponse:
        """Say whether there is a worker to answer."""
        good = bool(pool.workers) and not pool.trouble
        ready = sum(bool(worker.version) for worker in pool.workers)  # one that starts does not count yet
        body = {"status": "ok" if good else "failing", "data_version": pool.version, "workers": ready}
        return JSONResponse(body, 200 if good else 503, {"cache-control": "no-store"})

    layers = [Middleware(_Front, hosts=hosts, log=log, queries=log_queries)]
    if cors:
        shown = ["ETag", "X-Request-ID"]
        methods = ["GET", "HEAD", "POST"]
        layers.append(Middleware(CORSMiddleware, allow_origins=cors, allow_methods=methods, expose_headers=shown))
    layers.append(Middleware(_Gateway, pool=pool))
    application = Starlette(routes=[Route(HEALTH, healthz)], middleware=layers, lifespan=lifespan)
    application.state.pool = pool
    return application


class _Gathered:
    """A transport that sends what is written in one turn of the loop together: head and body in one call, not three."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self.inner = transport
        self.loop = loop
        self.held: list[bytes] = []
        self.size = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def write(self, data: bytes) -> None:
        if not self.held:
            self.loop.call_soon(self._send)
        self.held.append(data)
        self.size += len(data)
        if self.size > GATHERED:
            self._send()

    def _send(self) -> None:
        if self.held:
            data, self.held, self.size = b"".join(self.held), [], 0
            self.inner.write(data)

    def close(self) -> None:
        self._send()
        self.inner.close()

    def abort(self) -> None:
        self.held, self.size = [], 0
        self.inner.abort()


def _affordable() -> int:
    """Return for how many clients there are file descriptors: a socket and a temporary file each, and some to spare."""
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1 << 20 if soft == resource.RLIM_INFINITY else max(1, (soft - 80) // 2)


def server(application: Starlette, *, connections: int = 256, largest_head: int = 1 << 20) -> uvicorn.Server:
    """Return what serves the application: `.run(sockets=[...])` until SIGINT or SIGTERM, or `.should_exit` is set.

    `connections` is how many clients may be connected; `largest_head` how many bytes address and header may have.
    Answers under way get ten seconds to finish.
    """
    import uvicorn
    from uvicorn.protocols.http.h11_impl import H11Protocol

    connections = min(connections, _affordable())

    class Patient(H11Protocol):
        """Closes a connection that sends no whole request for a while, and one too many."""

        waiting: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            gathered: Any = _Gathered(transport, self.loop)
            super().connection_made(gathered)
            if len(self.connections) > connections + 8:
                transport.abort()
                return
            self.waiting = self.loop.call_later(SLOWEST, self.transport.close)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            within = self.cycle is None or self.cycle.response_complete
            if within and self.waiting is None:
                self.waiting = self.loop.call_later(SLOWEST, self.transport.close)
            elif not within and self.waiting is not None:
                self.waiting.cancel()
                self.waiting = None

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            if self.waiting is not None:
                self.waiting.cancel()

    config = uvicorn.Config(
        application,
        http=Patient,
        ws="none",
        loop="asyncio",
        lifespan="on",
        log_level="critical",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=connections,
        backlog=128,
        timeout_graceful_shutdown=10,
        h11_max_incomplete_event_size=largest_head,
    )
    return uvicorn.Server(config)
