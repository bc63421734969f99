"""The pool: real processes that answer, run away, crash, are killed, and are replaced; and one worker in this process."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from kg import confine, dataset, workers
from kg.errors import RequestError, SourceError
from kg.protocol import Limits, Request
from kg.worker import ASK, BODY, END, FAILED, HEAD, PIECE, READY, START, WHOLE, answer_requests
from kg.workers import Pool

ENDLESS = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i . ?j ?k ?l }"
LABEL = "SELECT ?l { CL:0000899 rdfs:label ?l }"
LARGE = "SELECT * { ?a ?b ?c . ?d a mscim:Evidence }"
ENOUGH = Limits(seconds=60)


def request(query: str, accept: str = "text/csv") -> Request:
    return Request("GET", "/sparql", f"query={quote(query)}", accept=accept)


@asynccontextmanager
async def pooled(folder: Path, limits: Limits = ENOUGH, count: int = 1, **more):
    pool = Pool(folder, limits, count, **more)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()
    assert not pool.tasks
    assert pool.ahead == 0


async def label(pool: Pool) -> bool:
    answer = await pool.ask(request(LABEL))
    return (answer.status, answer.first, answer.rest) == (200, b"l\r\nTh17 cell\r\n", None)


def alive(pool: Pool) -> list[int]:
    return [worker.process.pid for worker in pool.workers if worker.process.poll() is None]


def test_answers_and_errors(small_graph):
    async def scenario():
        async with pooled(small_graph.folder, count=2) as pool:
            assert pool.version == small_graph.data_version
            assert await label(pool)
            bad = await pool.ask(request("SELECT"))
            assert (bad.status, json.loads(bad.first)["status"]) == (400, 400)
            posted = Request("POST", "/sparql", content_type="application/sparql-query", body=b"ASK {}" + b" " * 99_000)
            assert (await pool.ask(posted)).status == 200
            assert all(await asyncio.gather(*(label(pool) for _ in range(20))))
            pids = alive(pool)
        for pid in pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)

    asyncio.run(scenario())


RUNAWAYS = {
    "cartesian count": ENDLESS,
    "exponential path": "SELECT (COUNT(*) AS ?n) { ?a (((!<x:a>|^!<x:b>)*/(!<x:c>|^!<x:d>)*)*)* ?b . ?c (!<x:a>)* ?d . ?e ?f ?g }",
    "order of everything": "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?c ?f ?i",
    "distinct of everything": "SELECT DISTINCT ?a ?f ?g { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?a",
}


@pytest.mark.parametrize("name", sorted(RUNAWAYS))
def test_a_runaway_ends_at_its_limit_and_others_go_on(small_graph, name):
    async def scenario():
        async with pooled(small_graph.folder, Limits(seconds=1, memory=2048), count=2) as pool:
            assert await label(pool)
            began = time.monotonic()
            runaway = asyncio.create_task(pool.ask(request(RUNAWAYS[name])))
            while not runaway.done():
                assert await label(pool)
                await asyncio.sleep(0.05)
            answer = runaway.result()
            assert time.monotonic() - began < 10
            assert answer.status == 503
            said = json.loads(answer.first)["detail"]
            assert "longer than 1 s" in said or "more memory" in said
            while len(alive(pool)) < 2 or len(pool.idle) < 2:
                await asyncio.sleep(0.01)
            assert all([await label(pool) for _ in range(4)])

    asyncio.run(scenario())


def test_a_query_that_crashes_the_engine_costs_its_process_alone(small_graph):
    async def scenario():
        async with pooled(small_graph.folder) as pool:
            answer = await pool.ask(request(f"ASK {{ FILTER({'!' * 60_000}true) }}"))
            assert (answer.status, answer.log) == (503, "a worker ended with -11")
            assert await label(pool)

    asyncio.run(scenario())


def test_a_query_that_needs_too_much_memory(small_graph):
    async def scenario():
        async with pooled(small_graph.folder, Limits(seconds=60, memory=1500)) as pool:
            query = "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i } ORDER BY ?c"
            answer = await pool.ask(request(query))
            assert answer.status == 503
            assert "more memory" in json.loads(answer.first)["detail"]
            assert await label(pool)

    asyncio.run(scenario())


def test_large_answers_do_not_hold_the_worker(small_graph):
    async def scenario():
        async with pooled(small_graph.folder) as pool:
            slow = [await pool.ask(request(LARGE)) for _ in range(5)]
            assert all(answer.rest is not None for answer in slow)
            assert await label(pool)  # five readers have read nothing yet, and the one worker is free
            sizes = set()
            for answer in slow:
                size = len(answer.first)
                async for piece in answer.rest:
                    assert len(piece) <= workers.PIECE_SIZE
                    size += len(piece)
                sizes.add(size)
                await answer.rest.aclose()
            assert len(sizes) == 1
            assert sizes.pop() > 1_000_000

    asyncio.run(scenario())


def test_the_worker_waits_when_too_much_lies_on_disk(small_graph, monkeypatch):
    monkeypatch.setattr(workers, "AHEAD", 300_000)

    async def scenario():
        async with pooled(small_graph.folder) as pool:
            answer = await pool.ask(request(LARGE))
            await asyncio.sleep(0.5)
            assert not answer.rest.ended
            assert pool.ahead < 500_000
            size = len(answer.first) + sum([len(piece) async for piece in answer.rest])
            assert size > 1_000_000
            assert await label(pool)

    asyncio.run(scenario())


def test_a_reader_that_leaves_frees_the_worker(small_graph):
    async def scenario():
        async with pooled(small_graph.folder) as pool:
            endless = request("SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }")
            answer = await pool.ask(endless)
            await anext(answer.rest)
            await answer.rest.aclose()
            assert answer.rest.file.closed
            assert await label(pool)
            never_read = await pool.ask(endless)
            await never_read.rest.aclose()
            assert await label(pool)
            asking = asyncio.create_task(pool.ask(request(ENDLESS)))
            await asyncio.sleep(0.1)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            assert await label(pool)

    asyncio.run(scenario())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_worker_killed_in_the_middle_of_an_answer(small_graph, number):
    async def scenario():
        async with pooled(small_graph.folder) as pool:
            early = asyncio.create_task(pool.ask(request(ENDLESS)))
            await asyncio.sleep(0.2)
            os.kill(alive(pool)[0], number)
            answer = await early
            assert (answer.status, "its process was killed" in json.loads(answer.first)["detail"]) == (503, True)
            late = await pool.ask(request("SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"))
            assert late.status == 200
            os.kill(alive(pool)[0], number)
            with pytest.raises(RequestError, match="a worker ended with"):
                async for _ in late.rest:
                    pass
            assert await label(pool)

    asyncio.run(scenario())


def test_a_worker_killed_while_idle_is_replaced(small_graph):
    async def scenario():
        async with pooled(small_graph.folder) as pool:
            pid = alive(pool)[0]
            os.kill(pid, signal.SIGKILL)
            while pid in alive(pool):
                await asyncio.sleep(0.01)
            assert await label(pool)

    asyncio.run(scenario())


def test_the_limit_goes_on_while_an_answer_is_sent(small_graph):
    async def scenario():
        async with pooled(small_graph.folder, Limits(seconds=1)) as pool:
            answer = await pool.ask(request("SELECT * { ?a ?b ?c . ?d ?e ?f . FILTER(?c = ?f) ?g ?h ?i . ?j ?k ?l }"))
            assert answer.status == 200
            with pytest.raises(RequestError, match="stopped after 1 s"):
                async for _ in answer.rest:
                    pass

    asyncio.run(scenario())


def test_rows_beyond_the_limit_break_a_large_answer_off(small_graph):
    async def scenario():
        async with pooled(small_graph.folder, Limits(seconds=60, rows=5000)) as pool:
            few = await pool.ask(request("SELECT ?b { ?a ?b ?c . ?d ?e ?f }", "text/tab-separated-values"))
            assert few.status in (200, 400)
            large = await pool.ask(request(LARGE, "application/sparql-results+json"))
            assert large.status == 200
            with pytest.raises(RequestError) as caught:
                async for _ in large.rest:
                    pass
            assert caught.value.status == 400
            if few.rest is not None:
                await few.rest.aclose()

    asyncio.run(scenario())


def test_more_requests_than_may_wait(small_graph):
    async def scenario():
        async with pooled(small_graph.folder, Limits(seconds=0.5), waiting=2) as pool:
            asked = [asyncio.create_task(pool.ask(request(ENDLESS))) for _ in range(3)]
            await asyncio.sleep(0.1)
            refused = await pool.ask(request(LABEL))
            assert (refused.status, dict(refused.headers)["Retry-After"]) == (503, "1")
            assert "too many requests wait" in json.loads(refused.first)["detail"]
            answers = await asyncio.gather(*asked)
            assert [answer.status for answer in answers] == [503] * 3
            while not await label(pool):
                await asyncio.sleep(0.01)

    asyncio.run(scenario())


def test_waiting_has_an_end_too(small_graph):
    async def scenario():
        async with pooled(small_graph.folder, Limits(seconds=0.3)) as pool:
            busy = asyncio.create_task(pool.ask(request(ENDLESS), 5))
            await asyncio.sleep(0.05)
            answer = await pool.ask(request(LABEL))
            assert (answer.status, "all workers are busy" in json.loads(answer.first)["detail"]) == (503, True)
            queued = asyncio.create_task(pool.ask(request(LABEL)))
            await asyncio.sleep(0.05)
            queued.cancel()
            busy.cancel()
            await asyncio.gather(queued, busy, return_exceptions=True)
            for _ in range(60):  # its worker was stopped with it, and another takes a moment to start
                if (await pool.ask(request(LABEL))).status == 200:
                    return
            raise AssertionError("no worker came back")

    asyncio.run(scenario())


def test_closing_ends_what_runs_and_what_waits(small_graph):
    async def scenario():
        async with pooled(small_graph.folder) as pool:
            asked = [asyncio.create_task(pool.ask(request(ENDLESS))) for _ in range(2)]
            await asyncio.sleep(0.1)
        assert [(await each).status for each in asked] == [503, 503]
        assert (await pool.ask(request(LABEL))).status == 503

    asyncio.run(scenario())


def test_another_dataset_while_answers_are_under_way(small, small_graph, tmp_path, monkeypatch):
    (small / "triples" / "studies.tsv").write_bytes(
        (small / "triples" / "studies.tsv").read_bytes().replace(b"A trial", b"B")
    )
    other = dataset.build(small, tmp_path / "other")

    async def scenario():
        async with pooled(small_graph.folder, count=2) as pool:
            old_version, large = pool.version, await pool.ask(request(LARGE))
            await pool.renew(other)
            assert pool.version != old_version
            before = dict(large.headers)["ETag"]
            assert len([piece async for piece in large.rest]) > 10
            again = await pool.ask(request(LARGE))
            assert dict(again.headers)["ETag"] != before
            await again.rest.aclose()
            while len(alive(pool)) != 2:
                await asyncio.sleep(0.01)
            monkeypatch.setattr(workers, "STARTS", 2)
            with pytest.raises(SourceError):
                await pool.renew(tmp_path / "nothing")
            assert pool.folder == other
            assert await label(pool)

    asyncio.run(scenario())


def test_a_dataset_that_cannot_be_opened(tmp_path):
    async def scenario():
        with pytest.raises(SourceError, match="not a finished dataset"):
            await Pool(tmp_path, ENOUGH).start()

    asyncio.run(scenario())


def test_a_dataset_that_vanishes_and_comes_back(small_graph, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "STARTS", 2)
    folder = tmp_path / "d"
    shutil.copytree(small_graph.folder, folder)
    said: list[str] = []

    async def scenario():
        async with pooled(folder, Limits(seconds=2), say=said.append) as pool:
            folder.rename(tmp_path / "away")
            os.kill(alive(pool)[0], signal.SIGKILL)
            while not said:
                assert (await pool.ask(request(LABEL), 1)).status in (200, 503)
                await asyncio.sleep(0.05)
            assert pool.trouble
            (tmp_path / "away").rename(folder)
            assert await label(pool)
            assert not pool.trouble

    asyncio.run(scenario())
    assert "no worker could be started" in said[0]


def test_no_file_descriptors_are_left_behind(small_graph):
    async def scenario():
        async with pooled(small_graph.folder) as pool:
            for _ in range(2):
                answer = await pool.ask(request(LARGE))
                await answer.rest.aclose()
                await pool.ask(request(f"ASK {{ FILTER({'!' * 60_000}true) }}"))
            assert await label(pool)

    asyncio.run(scenario())  # once, for what is opened once
    before = len(os.listdir("/proc/self/fd"))
    asyncio.run(scenario())
    assert len(os.listdir("/proc/self/fd")) == before


def test_when_no_process_can_be_started(small_graph, monkeypatch):
    monkeypatch.setattr(workers, "STARTS", 2)

    def full(*_, **__):
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    async def scenario():
        monkeypatch.setattr(subprocess, "Popen", full)
        with pytest.raises(SourceError, match="a worker cannot be started: Resource temporarily"):
            await Pool(small_graph.folder, ENOUGH).start()

    asyncio.run(scenario())


def test_a_full_disk_breaks_the_answer_off(small_graph, monkeypatch):
    def full(**_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async def scenario():
        async with pooled(small_graph.folder) as pool:
            monkeypatch.setattr(workers.tempfile, "TemporaryFile", full)
            answer = await pool.ask(request(LARGE))
            with pytest.raises(RequestError, match="No space left"):
                async for _ in answer.rest:
                    pass
            monkeypatch.undo()
            assert await label(pool)

    asyncio.run(scenario())


# --- one worker ------------------------------------------------------------------------------------------------------


class Conversation:
    """A worker in a thread of this process, and our end of its socket."""

    def __init__(self, folder: Path, limits: Limits = ENOUGH) -> None:
        self.ours, theirs = socket.socketpair()
        self.thread = threading.Thread(target=self.work, args=(theirs, folder, limits))
        self.thread.start()
        self.stream = self.ours.makefile("rb")

    def work(self, theirs: socket.socket, folder: Path, limits: Limits) -> None:
        with theirs:
            answer_requests(theirs, folder, limits)

    def frame(self) -> tuple[bytes, bytes]:
        kind, length = HEAD.unpack(self.stream.read(HEAD.size))
        return kind, self.stream.read(length)

    def ask(self, **asked: str) -> list[tuple[bytes, bytes]]:
        head = json.dumps(Request(**{"method": "GET", "path": "/sparql", **asked})[:-1]).encode()
        self.ours.sendall(HEAD.pack(ASK, len(head)) + head + HEAD.pack(BODY, 0))
        frames = [self.frame()]
        while frames[-1][0] not in (END, FAILED, WHOLE):
            frames.append(self.frame())
        return frames

    def close(self) -> None:
        self.stream.close()
        self.ours.close()
        self.thread.join()


@pytest.fixture
def conversation(small_graph):
    made = Conversation(small_graph.folder)
    kind, data = made.frame()
    assert (kind, json.loads(data)["version"]) == (READY, small_graph.data_version)
    yield made
    made.close()


def test_frames(conversation):
    ((kind, data),) = conversation.ask(query=f"query={quote(LABEL)}", accept="text/csv")
    head, _, body = data.partition(b"\n")
    assert (kind, json.loads(head)[0], body) == (WHOLE, 200, b"l\r\nTh17 cell\r\n")
    frames = conversation.ask(query=f"query={quote(LARGE)}")
    assert [frames[0][0], frames[-1][0]] == [START, END]
    assert {kind for kind, _ in frames[1:-1]} == {PIECE}
    assert json.loads(b"".join(data for _, data in frames[1:-1]))["head"]
    ((kind, data),) = conversation.ask(method="HEAD", query=f"query={quote(LARGE)}")
    assert (kind, data.partition(b"\n")[2]) == (WHOLE, b"")
    assert conversation.ask(path="/")[0][1].partition(b"\n")[2].startswith(b"<!doctype html>")


def test_frames_of_a_failure(conversation, monkeypatch):
    ((kind, data),) = conversation.ask(query="query=ASK")
    status, _, body, log = json.loads(data)
    assert (kind, status, json.loads(body)["status"], log) == (FAILED, 400, 400, "")
    for failure, expected, said in ((KeyError("secret"), 500, "the server failed"), (MemoryError(), 503, "memory")):

        def fail(*_, failure=failure):
            raise failure

        monkeypatch.setattr("kg.worker.respond", fail)
        ((_, data),) = conversation.ask(query="query=ASK")
        status, _, body, log = json.loads(data)
        assert (status, said in body, "secret" in body) == (expected, True, False)
        assert expected == 503 or "KeyError" in log


def test_a_worker_of_no_dataset_says_so(tmp_path):
    conversation = Conversation(tmp_path)
    kind, data = conversation.frame()
    assert (kind, "not a finished dataset" in json.loads(data)["detail"]) == (FAILED, True)
    conversation.close()


def test_main_takes_its_arguments(small_graph, monkeypatch):
    from kg import worker

    monkeypatch.setattr(confine, "confine", lambda memory: memory == ENOUGH.memory)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    ours, theirs = socket.socketpair()
    arguments = [str(theirs.detach()), str(small_graph.folder), json.dumps(ENOUGH._asdict())]
    thread = threading.Thread(target=worker.main, args=(arguments,))
    thread.start()
    with ours, ours.makefile("rb") as stream:
        kind, length = HEAD.unpack(stream.read(HEAD.size))
        assert (kind, json.loads(stream.read(length))["confined"]) == (READY, True)
    thread.join()


# --- what a worker gives up ------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
def test_a_thread_that_gave_up_sockets_gets_none():
    got: list[object] = []

    def inside() -> None:  # the filter holds for this thread alone
        got.append(confine.no_sockets())
        for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
            try:
                socket.socket(family).close()
                got.append("open")
            except OSError as error:
                got.append(error.errno)

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    assert got == [True, errno.EACCES, errno.EACCES, errno.EACCES]
    socket.socket().close()


SEND = """
import sys; sys.path[0] = sys.argv[1]
from kg.confine import confine
import pyoxigraph as ox
if sys.argv[3] == "yes":
    confine(2048)
try:
    list(ox.Store().query("SELECT * { SERVICE <http://127.0.0.1:%s/> { ?s ?p ?o } }" % sys.argv[2]))
except OSError as error:
    print(type(error).__name__)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's")
@pytest.mark.parametrize("confined", ["yes", "no"])
def test_the_engine_itself_cannot_send_from_a_worker(confined):
    root = str(Path(confine.__file__).parent.parent)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        port = str(server.getsockname()[1])
        heard: list[object] = []

        def listen() -> None:
            try:
                connection, address = server.accept()
            except TimeoutError:
                return
            heard.append(address)
            connection.close()

        thread = threading.Thread(target=listen)
        thread.start()
        done = subprocess.run(
            [sys.executable, "-c", SEND, root, port, confined], capture_output=True, text=True, check=True, timeout=60
        )
        thread.join()
    assert done.stdout.strip().endswith("Error")
    assert bool(heard) == (confined == "no")


def test_elsewhere_there_is_less_to_give_up(monkeypatch):
    monkeypatch.setattr(confine.platform, "machine", lambda: "pdp11")
    assert confine.no_sockets() is False
    calls: list[object] = []
    monkeypatch.setattr(confine, "_prctl", lambda *arguments: bool(calls.append(arguments)))
    monkeypatch.setattr(confine.platform, "machine", lambda: "x86_64")
    assert confine.no_sockets() is False  # the system refuses
    import resource

    monkeypatch.setattr(resource, "getrlimit", lambda _: (1 << 40, 1 << 29))
    monkeypatch.setattr(resource, "setrlimit", lambda *arguments: calls.append(arguments))
    assert confine.confine(1024) is False
    assert (resource.RLIMIT_AS, (1 << 29, 1 << 29)) in calls
    assert (confine.PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) in calls


@pytest.mark.skipif(sys.platform != "linux", reason="the signal at the parent's end is Linux's")
def test_workers_end_with_their_parent_however_it_ends(small_graph):
    code = """
import asyncio, sys, os
sys.path[0] = sys.argv[1]
from pathlib import Path
from urllib.parse import quote
from kg.protocol import Limits, Request
from kg.workers import Pool
async def main():
    pool = Pool(Path(sys.argv[2]), Limits(), 1)
    await pool.start()
    print(*(w.process.pid for w in pool.workers), flush=True)
    await pool.ask(Request("GET", "/sparql", "query=" + quote(sys.argv[3])))
asyncio.run(main())
"""
    root = str(Path(confine.__file__).parent.parent)
    command = [sys.executable, "-c", code, root, str(small_graph.folder), ENDLESS]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        time.sleep(0.3)
        parent.kill()
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return
        if state == "Z":
            return
        time.sleep(0.01)
    raise AssertionError("the worker lives on")


def test_an_idle_worker_that_ends_is_replaced_before_anyone_asks(small_graph):
    async def scenario():
        async with pooled(small_graph.folder) as pool:
            (worker,) = pool.idle
            worker.process.kill()
            for _ in range(1000):
                if pool.idle and pool.idle[0] is not worker:
                    break
                await asyncio.sleep(0.01)
            assert pool.idle
            assert pool.idle[0] is not worker
            assert worker not in pool.workers
            assert await label(pool)

    asyncio.run(scenario())
