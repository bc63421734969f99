"""Make docs/images/*.png, the pictures of README and docs, from the pages of `kg view` in Debian's Chromium."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

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


def main() -> int:
    """Write each picture at 1366 x 768, in a palette of 128 colours where Pillow is at hand."""
    command = [sys.executable, "-c", "from kg.cli import main; main()", "view"]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        for name, words in PICTURES.items():
            html = Path(folder) / f"{name}.html"
            subprocess.run([*command, *words, "-o", str(html)], cwd=ROOT, check=True)
            page.goto(html.as_uri())
            page.wait_for_timeout(800)
            page.screenshot(path=ROOT / "docs" / "images" / f"{name}.png")
            _shrink(ROOT / "docs" / "images" / f"{name}.png")
        browser.close()
    return 0


def _shrink(path: Path) -> None:
    try:
        from PIL import Image
    except ImportError:
        return
    Image.open(path).convert("RGB").quantize(128).save(path, optimize=True)


if __name__ == "__main__":
    sys.exit(main())
