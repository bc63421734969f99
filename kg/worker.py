"""One worker: a process with an open dataset that answers requests, one at a time, in frames over a socket pair."""

from __future__ import annotations

import json
import signal
import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import IO

from kg.errors import KGError, RequestError, SourceError
from kg.protocol import Limits, Request
from kg.responses import Open, Sink, problem, respond

__all__ = ["answer_requests", "main"]

HEAD = struct.Struct("!cI")  # kind and length of a frame
ASK, BODY, START, PIECE, END, FAILED, READY, WHOLE = b"a", b"b", b"s", b"p", b"e", b"f", b"r", b"w"
PIECE_SIZE = 65_536


def main(arguments: list[str]) -> None:
    """Be a worker: socket number, dataset folder and limits are the arguments. Ends when the socket is closed."""
    from kg.confine import confine

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to end
    number, folder, limits = int(arguments[0]), Path(arguments[1]), Limits(**json.loads(arguments[2]))
    confined = confine(limits.memory)
    with socket.socket(fileno=number) as connection:
        answer_requests(connection, folder, limits, confined)


def answer_requests(connection: socket.socket, folder: Path, limits: Limits, confined: bool = False) -> None:
    """Open the dataset, say so, and answer requests one by one until the other side closes."""
    try:
        held = Open(folder, limits)
    except KGError as error:
        _send(connection, (FAILED, json.dumps({"status": 503, "detail": str(error)}).encode()))
        return
    ready = {"version": held.version, "confined": confined}
    _send(connection, (READY, json.dumps(ready).encode()))
    with connection.makefile("rb") as stream, suppress(BrokenPipeError, ConnectionResetError):
        while True:
            kind, asked = _read(stream)
            if kind != ASK:
                return
            _, body = _read(stream)
            _answer(connection, held, Request._make([*json.loads(asked), body]))


def _answer(connection: socket.socket, held: Open, request: Request) -> None:
    """Send one answer: whole when it is small; else its start, its pieces, and its end or why it failed."""
    head = b""
    begun = False
    buffer = bytearray()

    def take(data: bytes) -> None:
        nonlocal begun
        buffer.extend(data)
        if len(buffer) >= PIECE_SIZE:
            _send(connection, *([] if begun else [(START, head)]), (PIECE, bytes(buffer)))
            begun = True
            buffer.clear()

    try:
        response = respond(held, request)
        head = json.dumps([response.status, response.headers]).encode()
        sink = Sink(take, held.limits, response.rows)
        if isinstance(response.body, bytes):
            sink.write(response.body)
        elif request.method != "HEAD":
            response.body(sink)
    except Exception as error:
        _send(connection, (FAILED, _failure(error)))
        return
    if begun:
        _send(connection, (PIECE, bytes(buffer)), (END, b""))
    else:
        _send(connection, (WHOLE, head + b"\n" + buffer))


def _failure(error: Exception) -> bytes:
    """Return what the parent needs to answer with: never a traceback; what is not ours is named in the log alone."""
    if isinstance(error, MemoryError):
        error = RequestError(503, "the query needed more memory than is allowed; narrow it, or drop ORDER BY")
    log = (
        "" if isinstance(error, KGError) and not isinstance(error, SourceError) else f"{type(error).__name__}: {error}"
    )
    shown = error if isinstance(error, KGError) else RequestError(500, "the server failed; its log says why")
    response = problem(shown)
    assert isinstance(response.body, bytes)  # a problem is small
    return json.dumps([response.status, response.headers, response.body.decode(), log]).encode()


def _send(connection: socket.socket, *frames: tuple[bytes, bytes]) -> None:
    connection.sendall(b"".join(HEAD.pack(kind, len(data)) + data for kind, data in frames))


def _read(stream: IO[bytes]) -> tuple[bytes, bytes]:
    head = stream.read(HEAD.size)
    if len(head) < HEAD.size:
        return b"", b""
    kind, length = HEAD.unpack(head)
    return kind, stream.read(length)
