"""A pool of processes that answer requests and can be killed: a query that runs away ends with its process.

The parent never evaluates anything. An answer that is larger than its first part goes on into a temporary file, so that
a slow reader keeps no worker busy, and memory stays the same whatever the size.
"""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import tempfile
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from kg.errors import RequestError, SourceError
from kg.protocol import Limits, Request
from kg.responses import problem
from kg.worker import ASK, BODY, END, FAILED, HEAD, PIECE, PIECE_SIZE, READY, START, WHOLE

__all__ = ["Answer", "Pool", "Rest"]

FIRST = 262_144  # an answer up to this size is sent whole, with its length
AHEAD = 1 << 30  # bytes of answers that wait on disk for slow readers, all together, before workers wait too
STARTS = 40  # tries to start a worker while a dataset is being replaced, a tenth of a second apart
BOOT = "import sys; sys.path[0] = sys.argv[1]; from kg.worker import main; main(sys.argv[2:])"


class Answer(NamedTuple):
    """What came back: all in `first`, or `rest` yields what follows. `log` is for the log alone."""

    status: int
    headers: tuple[tuple[str, str], ...]
    first: bytes
    rest: Rest | None = None
    log: str = ""


def _problem(error: RequestError, log: str = "") -> Answer:
    response = problem(error)
    assert isinstance(response.body, bytes)
    return Answer(response.status, response.headers, response.body, log=log)


class _Failed(Exception):
    """The worker says that the answer failed; its argument is what to answer instead."""


class _Frames(asyncio.Protocol):
    """The frames that come over a worker's socket, one for each `next`; says at once when the other side has ended."""

    transport: asyncio.Transport

    def __init__(self, ended: Callable[[], None]) -> None:
        self.ended = ended
        self.held = bytearray()
        self.closed = self.paused = False
        self.waiter: asyncio.Future[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.held += data
        if len(self.held) > 4 * PIECE_SIZE and not self.paused:
            self.paused = True
            self.transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self.connection_lost(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.closed:
            self.closed = True
            self._wake()
            self.ended()

    def _wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def _taken(self) -> tuple[bytes, bytes] | None:
        if len(self.held) < HEAD.size:
            return None
        kind, length = HEAD.unpack_from(self.held)
        end = HEAD.size + length
        if len(self.held) < end:
            if self.paused:  # a frame larger than what is held back
                self.paused = False
                self.transport.resume_reading()
            return None
        data = bytes(self.held[HEAD.size : end])
        del self.held[:end]
        if self.paused and len(self.held) <= PIECE_SIZE and not self.closed:
            self.paused = False
            self.transport.resume_reading()
        return kind, data

    async def next(self) -> tuple[bytes, bytes]:
        """Return kind and content of the next frame; an empty kind when there is none any more."""
        while True:
            frame = self._taken()
            if frame is not None:
                return frame
            if self.closed:
                return b"", b""
            self.waiter = asyncio.get_running_loop().create_future()
            await self.waiter


class _Worker:
    """One process, its socket, and why it was killed; `ended` is called when it has gone, by itself or not."""

    def __init__(self, folder: Path, limits: Limits, ended: Callable[[_Worker], None]) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self.socket = ours
        self.ended = ended
        self.killed = ""
        self.version = ""
        self.confined = False
        self.stale = False
        package = str(Path(__file__).resolve().parent.parent)
        command = [package, str(theirs.fileno()), str(folder), json.dumps(limits._asdict())]
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-c", BOOT, *command],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,  # what went wrong comes in a frame
                start_new_session=True,
            )
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()

    async def ready(self) -> None:
        """Wait until the dataset is open. Raises SourceError when it cannot be opened."""
        loop = asyncio.get_running_loop()
        _, self.frames = await loop.create_connection(lambda: _Frames(lambda: self.ended(self)), sock=self.socket)
        kind, data = await self.frame()
        said = json.loads(data or b"{}")
        if kind != READY:
            raise SourceError(said.get("detail", "a worker ended while it started"))
        self.version, self.confined = said["version"], said["confined"]

    async def frame(self) -> tuple[bytes, bytes]:
        """Return the next frame; an empty kind when the process has ended."""
        return await self.frames.next()

    def kill(self, why: str) -> None:
        """End the process now; what waits for it sees the end."""
        self.killed = self.killed or why
        self.process.kill()

    async def end(self) -> None:
        """Close the socket, so that an idle process ends by itself, and wait for it; kill it when it does not."""
        if hasattr(self, "frames"):
            self.frames.transport.close()
        else:
            self.socket.close()
        for _ in range(100):
            if self.process.poll() is not None:
                return
            await asyncio.sleep(0.01)
        self.process.kill()
        while self.process.poll() is None:
            await asyncio.sleep(0.01)


class Pool:
    """Workers for one dataset folder: `ask` gives an answer, `renew` moves to another folder, `close` ends all.

    At most `waiting` requests wait for a free worker; more are refused with 503. A worker that dies or is killed is
    replaced at once.
    """

    def __init__(
        self,
        folder: Path,
        limits: Limits,
        count: int = 2,
        waiting: int = 64,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.folder = folder
        self.limits = limits
        self.count = count
        self.waiting = waiting
        self.say = say
        self.idle: list[_Worker] = []
        self.workers: set[_Worker] = set()
        self.queue: deque[asyncio.Future[_Worker]] = deque()
        self.tasks: set[asyncio.Task[Any]] = set()
        self.ahead = 0
        self.version = ""
        self.trouble = ""
        self.closing = False

    async def start(self) -> None:
        """Start the workers. Raises SourceError when the dataset cannot be opened."""
        try:
            first = await self._open(1)
        except SourceError:
            await self.close()
            raise
        self._free(first)
        for _ in range(self.count - 1):
            self._spawn()

    async def _open(self, tries: int = 0) -> _Worker:
        """Start one worker; a folder that is being replaced at this moment is tried again."""
        tries = tries or STARTS
        while True:
            tries -= 1
            try:
                worker = _Worker(self.folder, self.limits, self._ended)
            except OSError as error:
                if tries <= 0:
                    raise SourceError(f"a worker cannot be started: {error.strerror or error}") from None
                await asyncio.sleep(0.1)
                continue
            self.workers.add(worker)
            try:
                await worker.ready()
            except BaseException as error:
                self.workers.discard(worker)
                worker.kill("start")
                self._later(worker.end())
                if not isinstance(error, SourceError) or tries <= 0 or self.closing:
                    raise
                await asyncio.sleep(0.1)
                continue
            self.version, self.trouble = worker.version, ""
            return worker

    def _later(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _spawn(self) -> None:
        async def work() -> None:
            while not self.closing:
                try:
                    worker = await self._open()
                except SourceError as error:
                    if self.closing:
                        return
                    self.trouble = str(error)
                    self.say(f"no worker could be started: {error}")
                    await asyncio.sleep(1)
                else:
                    self._free(worker)
                    return

        self._later(work())

    def _free(self, worker: _Worker) -> None:
        """Hand a worker to the next in the queue, or keep it idle; one of an older dataset, or dead, goes."""
        if worker.stale or worker.killed or self.closing or worker.process.poll() is not None:
            self._drop(worker)
            return
        while self.queue:
            waiter = self.queue.popleft()
            if not waiter.done():
                waiter.set_result(worker)
                return
        self.idle.append(worker)

    def _ended(self, worker: _Worker) -> None:
        """Replace a worker that ended while it was idle; what waits for an answer sees the end of a busy one itself."""
        if worker in self.idle:
            self.idle.remove(worker)
            self._drop(worker)

    def _drop(self, worker: _Worker) -> None:
        self.workers.discard(worker)
        self._later(worker.end())
        if not self.closing and not worker.stale:
            self._spawn()

    async def renew(self, folder: Path) -> None:
        """Serve another dataset, or the same folder built anew: answers under way finish from the old one.

        Raises SourceError, and goes on with the old one, when the new one cannot be opened.
        """
        before, old = self.folder, set(self.workers)
        self.folder = folder
        try:
            first = await self._open()
        except SourceError:
            self.folder = before
            raise
        for worker in old:
            worker.stale = True
        for worker in [worker for worker in self.idle if worker.stale]:
            self.idle.remove(worker)
            self._drop(worker)
        self._free(first)
        for _ in range(self.count - 1):
            self._spawn()

    async def close(self) -> None:
        """End all workers; those still busy are killed."""
        self.closing = True
        for waiter in self.queue:
            if not waiter.done():
                waiter.set_exception(RequestError(503, "the server is closing"))
        for worker in self.workers - set(self.idle):
            worker.kill("closing")
        await asyncio.gather(*(worker.end() for worker in self.workers))
        while self.tasks:
            await asyncio.gather(*self.tasks, return_exceptions=True)
        self.workers.clear()
        self.idle.clear()

    async def _take(self) -> _Worker:
        while self.idle:
            worker = self.idle.pop()
            if worker.process.poll() is None:
                return worker
            self._drop(worker)
        if self.closing or len(self.queue) >= self.waiting:
            raise RequestError(503, "too many requests wait already; try again soon", (("Retry-After", "1"),))
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[_Worker] = loop.create_future()
        self.queue.append(waiter)

        def expire() -> None:
            if not waiter.done():
                waiter.set_exception(RequestError(503, "all workers are busy; try again soon", (("Retry-After", "5"),)))

        timer = loop.call_later(self.limits.seconds, expire)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and not waiter.exception():
                self._free(waiter.result())
            raise
        finally:
            timer.cancel()

    async def ask(self, request: Request, seconds: float = 0) -> Answer:
        """Return the answer to a request; a failure is an answer too, with its status.

        `seconds` is the limit of this request, that of the pool by default. The worker is killed when it needs longer,
        when this call is cancelled, and when the rest of an answer is closed before its end.
        """
        try:
            worker = await self._take()
        except RequestError as error:
            return _problem(error)
        limit = seconds or self.limits.seconds
        timer = asyncio.get_running_loop().call_later(limit, worker.kill, "time")
        going_on = False
        try:
            *asked, body = request
            head = json.dumps(asked).encode()
            frames = HEAD.pack(ASK, len(head)) + head + HEAD.pack(BODY, len(body)) + body
            worker.frames.transport.write(frames)  # that a worker has just died is seen below
            status, headers, first, ended = await self._first(worker, limit)
            if ended:
                return Answer(status, headers, first)
            rest = Rest(self, worker, timer, limit)
            going_on = True
            return Answer(status, headers, first, rest)
        except _Failed as error:
            answer: Answer = error.args[0]
            return answer
        except asyncio.CancelledError:
            worker.kill("nobody waits for the answer")
            raise
        finally:
            if not going_on:
                timer.cancel()
                self._free(worker)

    async def _first(self, worker: _Worker, limit: float) -> tuple[int, tuple[tuple[str, str], ...], bytes, bool]:
        """Return status, header fields, the first part, and whether that is all."""
        status, headers, first = 0, [], bytearray()
        while len(first) < FIRST:
            kind, data = await worker.frame()
            if kind == WHOLE:
                head, _, whole = data.partition(b"\n")
                status, headers = json.loads(head)
                return status, tuple((name, value) for name, value in headers), whole, True
            if kind == START:
                status, headers = json.loads(data)
            elif kind == PIECE:
                first += data
            elif kind == END:
                return status, tuple((name, value) for name, value in headers), bytes(first), True
            else:
                raise _Failed(await self.failure(worker, kind, data, limit))
        return status, tuple((name, value) for name, value in headers), bytes(first), False

    async def failure(self, worker: _Worker, kind: bytes, data: bytes, limit: float) -> Answer:
        """Return what to answer when a worker fails, or is no more."""
        if kind == FAILED:
            status, headers, body, log = json.loads(data)
            return Answer(status, tuple((name, value) for name, value in headers), body.encode(), log=log)
        if worker.killed == "time":
            said = f"the query ran longer than {limit:g} s and was stopped; narrow it, or run your own server"
            return _problem(RequestError(503, said), f"stopped after {limit:g} s")
        if worker.killed:
            return _problem(RequestError(503, f"the answer was stopped: {worker.killed}"), worker.killed)
        for _ in range(100):  # the system may need a moment to say how it ended
            if worker.process.poll() is not None:
                break
            await asyncio.sleep(0.002)
        worker.killed = f"ended with {worker.process.returncode}"
        said = "the query needed more memory or deeper nesting than the server allows, or its process was killed"
        return _problem(RequestError(503, f"{said}; narrow it"), f"a worker {worker.killed}")


class Rest:
    """The rest of an answer: one side fills a temporary file as fast as the worker writes, the other reads it."""

    def __init__(self, pool: Pool, worker: _Worker, timer: asyncio.TimerHandle, limit: float) -> None:
        self.pool, self.worker, self.timer, self.limit = pool, worker, timer, limit
        self.file: IO[bytes] | None = None
        self.written = self.read = 0
        self.ended = False
        self.trouble: Answer | None = None
        self.more = asyncio.Event()
        self.less = asyncio.Event()
        self.task = asyncio.get_running_loop().create_task(self._fill())
        pool.tasks.add(self.task)
        self.task.add_done_callback(pool.tasks.discard)

    async def _fill(self) -> None:
        worker, pool = self.worker, self.pool
        try:
            self.file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed by `aclose`
            while True:
                kind, data = await worker.frame()
                if kind == PIECE:
                    self.file.seek(self.written)
                    self.file.write(data)
                    self.written += len(data)
                    pool.ahead += len(data)
                    self.more.set()
                    while (
                        pool.ahead > AHEAD and not pool.closing
                    ):  # the disk is shared: the worker waits for the readers
                        self.less.clear()
                        with suppress(TimeoutError):
                            await asyncio.wait_for(self.less.wait(), 0.2)
                elif kind == END:
                    break
                else:
                    self.trouble = await pool.failure(worker, kind, data, self.limit)
                    break
        except OSError as error:
            self.trouble = _problem(RequestError(500, "the answer could not be kept"), str(error))
            worker.kill("the answer could not be kept")
        finally:
            self.ended = True
            self.more.set()
            self.timer.cancel()
            pool._free(worker)

    def __aiter__(self) -> Rest:
        return self

    async def __anext__(self) -> bytes:
        """Return the next piece. Raises RequestError when the answer breaks off, so that nobody takes it for whole."""
        while True:
            if self.file is not None and self.read < self.written:
                self.file.seek(self.read)
                data = self.file.read(min(PIECE_SIZE, self.written - self.read))
                self.read += len(data)
                self.pool.ahead -= len(data)
                self.less.set()
                return data
            if self.ended:
                await self.aclose()
                if self.trouble:
                    said = self.trouble.log or json.loads(self.trouble.first)["detail"]
                    raise RequestError(self.trouble.status, said)
                raise StopAsyncIteration
            self.more.clear()
            await self.more.wait()

    async def aclose(self) -> None:
        """Give up what was not read; the worker is killed when it still writes."""
        if not self.ended:
            self.worker.kill("nobody waits for the answer")
        await asyncio.wait({self.task})
        self.pool.ahead -= self.written - self.read
        self.read = self.written
        if self.file is not None:
            self.file.close()
