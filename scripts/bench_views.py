"""Figures of the pictures (docs/benchmarks.md, "Pictures"): `python scripts/bench_views.py` prints them.

Start-up is compared with a page of bare vis-network that draws the same boxes and lines at the same places, in the same
run, the median of five each. Only ratios within a run count.
"""

from __future__ import annotations

import gzip
import json
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

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


def main() -> int:
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
    print("\n".join(out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
