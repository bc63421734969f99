"""The command `kg serve`."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from pathlib import Path

import click

__all__ = ["serve"]


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 for any free.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes that answer.")
@click.option(
    "--timeout", default=30.0, show_default=True, type=click.FloatRange(0.1), help="Seconds a query may take."
)
@click.option(
    "--max-rows", default=1_000_000, show_default=True, type=click.IntRange(1), help="Most rows of an answer."
)
@click.option("--max-query", default=100_000, show_default=True, type=click.IntRange(1), help="Most characters.")
@click.option("--max-answer", default=1024, show_default=True, type=click.IntRange(1), help="Most MiB of an answer.")
@click.option("--max-memory", default=4096, show_default=True, type=click.IntRange(256), help="Most MiB of a worker.")
@click.option("--max-clients", default=256, show_default=True, type=click.IntRange(1), help="Most connections.")
@click.option("--allow-host", multiple=True, metavar="NAME", help="A name to answer for, besides localhost.")
@click.option("--cors", multiple=True, metavar="ORIGIN", help="An origin whose pages may read answers; * for all.")
@click.option(
    "--log",
    default="requests",
    show_default=True,
    type=click.Choice(["none", "requests", "queries"]),
    help="JSON lines on standard error; `queries` adds query strings.",
)
@click.pass_context
def serve(
    context: click.Context,
    host: str,
    port: int,
    workers: int,
    timeout: float,
    max_rows: int,
    max_query: int,
    max_answer: int,
    max_memory: int,
    max_clients: int,
    allow_host: tuple[str, ...],
    cors: tuple[str, ...],
    log: str,
) -> None:
    """Answer SPARQL 1.1 and the questions of the commands over HTTP, read-only, until Ctrl-C.

    \b
    kg serve
    kg --data my-tables serve --port 8080 --workers 4
    curl -H "Accept: text/csv" --data-urlencode "query=SELECT ?l { CL:0000899 rdfs:label ?l }" \\
      http://127.0.0.1:8000/sparql
    """
    import socket

    from kg.errors import SourceError
    from kg.protocol import Limits

    try:
        from kg import serve as server
    except ModuleNotFoundError as error:
        raise SourceError(f"{error.name} is missing: pip install 'mscim[serve]'") from None
    limits = Limits(timeout, max_rows, max_answer << 20, max_query, max_memory)
    source = server.source_of(Path(context.obj) if context.obj else None)
    source.folder()  # faulty data is said here, before the port is taken
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family, backlog=256)
    except OSError as error:
        raise SourceError(f"{host}:{port}: cannot listen there ({error.strerror or error}); choose --port") from None
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else small answers wait 40 ms for an ACK
    gc.enable()  # a server lives long
    with listener, suppress(KeyboardInterrupt):
        shown = f"[{host}]" if ":" in host else host
        hosts = (*server.LOCAL, shown, *allow_host)
        application = server.app(
            source,
            limits,
            workers=workers,
            hosts=hosts,
            cors=cors,
            log=None if log == "none" else lambda line: print(line, file=sys.stderr, flush=True),
            log_queries=log == "queries",
        )
        port = listener.getsockname()[1]
        click.echo(f"kg: http://{shown}:{port}/ has pages, /sparql answers queries; Ctrl-C ends it", err=True)
        serving = server.server(application, connections=max_clients, largest_head=limits.body)
        serving.run(sockets=[listener])
