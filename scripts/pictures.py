"""Make docs/images/*.png, the pictures of README and docs: `python scripts/pictures.py [NAME ...]`, all without names.

Those of `kg view` and `kg serve` are taken from their pages in Debian's Chromium, those of `kg plot` it writes.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PICTURES = {
    "msc-sle": ["MSC", "SLE"],
    "ra-map": ["RA", "--as", "map"],
    "ssc-sle": ["SSc", "SLE", "--as", "comparison"],
    "sle-without-ido1": ["MSC", "SLE", "--block", "IDO1"],
    "sle-gaps": ["SLE", "--as", "gaps"],
    "ra-ladder": ["MSC", "RA", "--as", "ladder"],
}
PLOTS = {
    "plot-centrality": ["centrality", "SLE"],
    "plot-gaps": ["gaps", "RA"],
    "plot-ladder": ["ladder", "SSc"],
    "plot-years": ["years"],
    "plot-studies": ["studies"],
    "plot-routes": ["routes", "MSC", "SLE"],
}
KG = [sys.executable, "-c", "from kg.cli import main; main()"]
PAGES = {  # an address, and how far it is scrolled
    "page-start": ("/", 0),
    "page-answer": ("/trace?source=MSC&target=SLE", 540),
}


def main() -> int:
    """Write each picture, in a palette of 128 colours where Pillow is at hand."""
    names = [*PICTURES, *PLOTS, *PAGES]
    wanted = sys.argv[1:] or names
    unknown = set(wanted) - set(names)
    if unknown:
        sys.exit(f"no picture {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    for name, words in PLOTS.items():
        if name in wanted:
            path = ROOT / "docs" / "images" / f"{name}.png"
            subprocess.run([*KG, "plot", *words, "-o", str(path)], cwd=ROOT, check=True)
            _shrink(path)
    pages = {name: words for name, words in PICTURES.items() if name in wanted}
    served = [name for name in PAGES if name in wanted]
    if pages or served:
        _taken(pages, served)
    return 0


def _taken(pages: dict[str, list[str]], served: list[str]) -> None:
    """Write pictures of pages at 1366 x 768."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        for name, words in pages.items():
            html = Path(folder) / f"{name}.html"
            subprocess.run([*KG, "view", *words, "-o", str(html)], cwd=ROOT, check=True)
            page.goto(html.as_uri())
            page.wait_for_timeout(800)
            page.screenshot(path=ROOT / "docs" / "images" / f"{name}.png")
            _shrink(ROOT / "docs" / "images" / f"{name}.png")
        if served:
            _pages(page, served)
        browser.close()


def _pages(page: Page, names: list[str]) -> None:
    """Write pictures of pages, from a server of their own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = subprocess.Popen([*KG, "serve", "--port", str(port), "--log", "none"], cwd=ROOT)
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).read()
                break
            except OSError:
                time.sleep(0.1)
        for name in names:
            path, top = PAGES[name]
            page.goto(f"http://127.0.0.1:{port}{path}")
            page.wait_for_load_state("networkidle")
            page.evaluate(f"scrollTo(0, {top})")
            page.wait_for_timeout(800)
            page.screenshot(path=ROOT / "docs" / "images" / f"{name}.png")
            _shrink(ROOT / "docs" / "images" / f"{name}.png")
    finally:
        server.terminate()
        server.wait()


def _shrink(path: Path) -> None:
    try:
        from PIL import Image
    except ImportError:
        return
    Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
