"""Figures of the pictures and pages (docs/benchmarks.md, "Pictures", "Pages"): `python scripts/bench_views.py` prints
them; with `--pages` those of the pages alone.

Start-up is compared with a page of bare vis-network that draws the same boxes and lines at the same places, in the same
run, the median of five each. Only ratios within a run count.
"""

from __future__ import annotations

import gzip
import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

import kg
from kg.gallery import picture
from kg.packing import packed
from kg.views import PREFIXES, View, ViewEdge, ViewEvidence, ViewNode, _part, _script_safe, html, laid_out, payload

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
LAYERS = ("inducers", "MSC and products", "mediators", "cells", "processes and organs", "disease")
FRAME = "new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(() => r(performance.now()))))"
KINDS = {
    "routes": ("", ("MSC", "SLE")),
    "around": ("", ("PGE2",)),
    "map": ("map", ("RA",)),
    "comparison": ("comparison", ("SSc", "SLE")),
    "gaps": ("gaps", ("SLE",)),
    "ladder": ("ladder", ("SLE",)),
}
RUNS = 5


def made_up(count: int) -> View:
    """A layered graph of so many edges, three to four a node, each with one row of evidence."""
    number = count * 2 // 7
    nodes = tuple(ViewNode(f"x:{i}", f"thing {i}", "Protein", i % 6) for i in range(number))
    row = ViewEvidence(
        "A statement of usual length that says what was seen in these cells.",
        "pubmed:1",
        "One A 2011. A title",
        "supports",
        "human",
        "in vitro",
        "abstract",
        "",
    )
    edges, seen, step = [], set(), 1
    while len(edges) < count:
        for i in range(number):
            pair = (i, (i * 7 + 6 * step + 1) % number)
            if pair[0] != pair[1] and pair not in seen and len(edges) < count:
                seen.add(pair)
                edges.append(
                    ViewEdge(
                        f"e{len(edges)}", f"x:{pair[0]}", f"x:{pair[1]}", "binds", len(edges) % 3 - 1, "", "", (row,)
                    )
                )
        step += 1
    return View("made up", "", "kg", "v", LAYERS, nodes, tuple(edges))


def bare(view: View) -> str:
    """A page of vis-network and nothing else, with the boxes and lines of the view."""
    boxes = laid_out(view).boxes
    heads = {1: "arrow", -1: "bar", 0: "circle", 2: "diamond"}
    nodes = [{"id": n.id, "label": n.name, "x": boxes[n.id].x, "y": boxes[n.id].y, "shape": "box"} for n in view.nodes]
    edges = [
        {"from": e["from"], "to": e["to"], "width": 2, "arrows": {"to": {"enabled": True, "type": heads[e["sign"]]}}}
        for e in payload(view)["edges"]
    ]
    script = (
        f"const nodes = new vis.DataSet({json.dumps(nodes)}), edges = new vis.DataSet({json.dumps(edges)});"
        "new vis.Network(document.getElementById('graph'), { nodes, edges }, { physics: false, "
        "layout: { improvedLayout: false },"
        "edges: { smooth: { type: 'cubicBezier', forceDirection: 'horizontal', roundness: 0.45 } } });"
    )
    library = _part("vendor/vis-network.min.js")
    return (
        '<!doctype html><meta charset="utf-8"><div id="graph" style="height: 600px"></div>'
        f"<script>{library}</script><script>{script}</script>"
    )


def written(value: Any) -> int:
    """Bytes of a value as the page holds it."""
    return len(_script_safe(value).encode())


def start(page: Page, path: Path) -> float:
    page.goto("about:blank")
    page.goto(path.as_uri())
    return float(page.evaluate(FRAME))


def took(page: Page, action: str) -> float:
    return float(
        page.evaluate(f"(async () => {{ const t = performance.now(); {action}; return await {FRAME} - t; }})()")
    )


LOADS = 40
ANSWER = "/trace?source=MSC&target=SLE"
PAGES = {
    "start": "/",
    "answer": ANSWER,
    "answer, IDO1 blocked": f"{ANSWER}&block=IDO1",
    "compare SSc and SLE": "/compare?left=SSc&right=SLE",
    "gaps of SLE": "/gaps?disease=SLE",
    "claims on pSS": "/claims?disease=pSS",
    "entity IDO1": "/entity/HGNC:6059",
    "studies": "/studies",
    "disagreements": "/disagreements",
    "query mediators-of": "/queries/mediators-of",
}
AGAIN = """(value) => new Promise((done) => {
  const began = performance.now(), form = document.getElementById("question");
  new MutationObserver((_, seen) => {
    seen.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
  }).observe(document.getElementById("main"), { childList: true });
  const list = document.getElementById("msc_source");
  list.value = value;
  list.dispatchEvent(new Event("change", { bubbles: true }));
})"""


@contextmanager
def serving() -> Any:
    """A server of its own, as `kg serve` starts it; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-c", "from kg.cli import main; main()", "serve", "--port", str(port), "--log", "none"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    base = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{base}/healthz", timeout=5).read()
                break
            except OSError:
                time.sleep(0.1)
        yield base
    finally:
        process.terminate()
        process.wait()


def spread(times: list[float]) -> str:
    cuts = statistics.quantiles(times, n=20)
    return f"{statistics.median(times):.0f} | {cuts[18]:.0f}"


def in_process(graph: Any, source: str) -> tuple[float, float]:
    """Milliseconds of the library call behind a re-ranking, and of that with the whole page."""
    from kg.graph import Context
    from kg.pages import Asked, page

    began = time.perf_counter()
    graph.trace("MSC", "SLE", Context(msc_source=source))
    asked = time.perf_counter()
    given = (("source", "MSC"), ("target", "SLE"), ("msc_source", source))
    page(Asked(graph, {}, "/trace", given, "http://127.0.0.1"))
    return (asked - began) * 1000, (time.perf_counter() - asked) * 1000


def pages(browser: Browser) -> list[str]:
    """The tables of page loads and of re-ranking."""
    out = [
        "| page | kB | kB gzipped | answer p50, ms | answer p95, ms | shown p50, ms | shown p95, ms |",
        "|---|---|---|---|---|---|---|",
    ]
    graph = kg.load()
    with serving() as base:
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        for name, path in PAGES.items():
            asked = urllib.request.Request(base + path, headers={"Accept": "text/html"})
            body = urllib.request.urlopen(asked).read()
            answers, shown = [], []
            page.goto(base + path)
            for _ in range(LOADS):
                began = time.perf_counter()
                urllib.request.urlopen(asked).read()
                answers.append((time.perf_counter() - began) * 1000)
                page.goto("about:blank")
                page.goto(base + path, wait_until="domcontentloaded")
                shown.append(float(page.evaluate(FRAME)))
            packed = len(gzip.compress(body, 4, mtime=0))
            out.append(
                f"| {name} | {len(body) / 1000:.0f} | {packed / 1000:.0f} | {spread(answers)} | {spread(shown)} |"
            )
        page.goto(base + ANSWER)
        sources = ["umbilical cord", "bone marrow", "adipose tissue", ""]
        ranked, library, made = [], [], []
        for number in range(LOADS):
            source = sources[number % len(sources)]
            ranked.append(float(page.evaluate(AGAIN, source)))
            call, whole = in_process(graph, source)
            library.append(call)
            made.append(whole)
    out += ["", "| ranked again by another MSC source | p50, ms | p95, ms |", "|---|---|---|"]
    out.append(f"| `graph.trace` in process | {spread(library)} |")
    out.append(f"| the page in process: the call, its arithmetic, what may be blocked, the template | {spread(made)} |")
    out.append(f"| in the browser, from the choice to the frame that shows the new ranking | {spread(ranked)} |")
    return out


def main() -> int:
    if "--pages" in sys.argv:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
            print("\n".join(pages(browser)))
            browser.close()
        return 0
    out: list[str] = []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        ours, raw = Path(folder) / "ours.html", Path(folder) / "bare.html"
        out += [
            "| edges | bytes an edge | layout, s | start-up, ms | bare, ms | ratio | select, ms | filter, ms |",
            "|---|---|---|---|---|---|---|---|",
        ]
        for count in (200, 1000, 5000):
            view = made_up(count)
            begun = time.process_time()
            laid_out(view)
            layout = time.process_time() - begun
            ours.write_text(html(view, large=True), encoding="utf-8")
            raw.write_text(bare(view), encoding="utf-8")
            times: dict[Path, list[float]] = {ours: [], raw: []}
            for _ in range(RUNS):
                for path in (raw, ours):
                    times[path].append(start(page, path))
            mine, other = (statistics.median(times[path]) for path in (ours, raw))
            page.goto(ours.as_uri())
            select = statistics.median(took(page, f"kgView.showNode('x:{i}')") for i in range(1, RUNS + 1))
            box = "document.querySelector('.sign')"
            filters = statistics.median(
                took(page, f"{box}.checked = {on}; {box}.dispatchEvent(new Event('input', {{ bubbles: true }}))")
                for on in ("false", "true") * 3
            )
            size = (
                len(html(view, large=True).encode()) - len(html(replace(view, nodes=(), edges=())).encode())
            ) / count
            out.append(
                f"| {count:,} | {size:.0f} | {layout:.2f} | {mine:.0f} | {other:.0f} | {mine / other:.2f} | "
                f"{select:.0f} | {filters:.0f} |"
            )
        of_pages = pages(browser)
        browser.close()
    graph = kg.load()
    shell = html(View("", "", "", "", LAYERS, (), ())).encode()
    out += [
        "",
        f"Shell (a page without data): {len(shell) / 1000:.0f} kB, "
        f"{len(gzip.compress(shell, 9, mtime=0)) / 1000:.0f} kB gzipped.",
        "",
    ]
    out += [
        "| picture | kB | lines | claims | rows of evidence | bytes a claim | texts, papers | unpacked | bytes a row |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, (kind, names) in KINDS.items():
        view = picture(graph, kind, names)
        data: Any = payload(view)
        kept = packed(data, PREFIXES)
        whole, size = written(data), written(kept)
        texts = written([row[0] for row in kept["rows"]]) + written(kept["papers"]) + written(kept["words"])
        page_size = len(html(view).encode())
        out.append(
            f"| {name}: {' '.join(names)} | {page_size / 1000:.0f} | {len(data['edges'])} | {len(data['claims'])} | "
            f"{len(data['rows'])} | {size / len(data['claims']):.0f} | {texts / len(data['claims']):.0f} | "
            f"{whole / len(data['claims']):.0f} | {size / max(1, len(data['rows'])):.0f} |"
        )
    print("\n".join([*out, "", *of_pages]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
