"""The site of the documentation: built strictly, complete, no machine but the reader's needed, searchable from a folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import httpx
import pytest

from tests.test_browser import browser

__all__ = ["browser"]  # a fixture
ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "video": "src", "object": "data"}


class Seen(HTMLParser):
    """The ids, links and loaded files of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.ids |= {values[name] for name in ("id", "name") if values.get(name)}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag == "link":
            self.loaded.append(values["href"])
        if values.get(LOADED.get(tag, "")):
            self.loaded.append(values[LOADED[tag]])


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def seen(site) -> dict[Path, Seen]:
    return {path.resolve(): Seen(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}


def target_of(site: Path, page: Path, address: str) -> Path:
    """The file that an address in a page leads to; the page for addresses unknown (404) counts from the root."""
    name = unquote(urldefrag(address)[0])
    found = site / name.lstrip("/") if name.startswith("/") else page.parent / name
    found = found.resolve() if name else page
    return found / "index.html" if found.is_dir() else found


def test_every_page_is_in_the_site_and_in_the_nav(site, seen):
    start = seen[(site / "index.html").resolve()]
    for page in DOCS.rglob("*.md"):
        made = page.relative_to(DOCS).with_suffix(".html").as_posix()
        assert (site / made).is_file(), made
        assert made in start.links or made == "index.html", made


def test_nothing_is_loaded_from_elsewhere(site, seen):
    for path, page in seen.items():
        for address in page.loaded:
            assert not re.match(r"(?:[a-z]+:)?//", address), f"{path.name} loads {address}"
            assert target_of(site, path, address).is_file(), f"{path.name} loads {address}"
    for path in site.rglob("*.css"):
        for address in re.findall(r"url\(([^)]*)\)|@import[^;]*", path.read_text(encoding="utf-8")):
            assert address.strip("\"'").startswith(("data:", "#")), f"{path.name} loads {address}"
    assert not [path for path in site.rglob("*") if path.suffix in (".woff", ".woff2", ".ttf")]


def test_inner_links_and_anchors_lead_somewhere(site, seen):
    checked = 0
    for path, page in seen.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link):
                continue
            target, anchor = target_of(site, path, link), urldefrag(link)[1]
            assert target.is_file(), f"{path.name}: {link}"
            if anchor and target.suffix == ".html":
                assert unquote(anchor) in seen[target].ids, f"{path.name}: {link}"
            checked += 1
    assert checked > 1000


def test_check_of_the_site_is_one_of_those_of_the_set_up():
    text = (ROOT / "scripts" / "start.py").read_text(encoding="utf-8")
    assert '["mkdocs", "build", "--strict"' in text
    assert "build/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert re.search(r"^site_dir: build/", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1366])
def test_pages_are_read_and_searched_from_a_folder(site, browser, width):
    page = browser.new_page(viewport={"width": width, "height": 844})
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for name in ("index", "tutorial", "notebook", "data-model", "queries", "commands"):
        page.goto((site / f"{name}.html").as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    page.goto((site / "index.html").as_uri())
    if width < 900:
        page.click("label[for=__search] >> visible=true")
    page.click("input.md-search__input")
    page.keyboard.type("verdict")
    page.wait_for_selector(".md-search-result__list > li", state="attached", timeout=60_000)
    assert "mechanisms.html" in " ".join(
        page.eval_on_selector_all(".md-search-result__link", "links => links.map(link => link.href)")
    )
    page.close()
    assert all(address.startswith(("file:", "data:")) for address in asked)
    assert not said


def checked(script: str) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_notebook_is_what_a_fresh_kernel_gives():
    checked("notebook.py")


def test_diagrams_are_what_the_tables_give():
    checked("diagrams.py")


def test_terms_of_the_glossary_are_those_of_the_ontologies(graph):
    text = (DOCS / "glossary.md").read_text(encoding="utf-8")
    prefixes = graph.vocabulary.ontology.prefixes
    found = re.findall(r"^\*\*(.+?)\*\* \((?:\[(\S+?)\]\((\S+?)\)|`(mscim:\S+)`)", text, re.MULTILINE)
    assert len(found) > 30
    for name, curie, address, own in found:
        entity = graph.resolve(name)
        assert (entity.name, entity.curie) == (name, curie or own)
        if curie:
            prefix, _, local = curie.partition(":")
            assert address == f"{prefixes[prefix]}{local}"


def commands_of(page: Path) -> list[str]:
    """The command lines that a page shows without an output: in blocks for the shell, and within its sentences."""
    text = page.read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^```bash\n(.*?)^```$", text, re.DOTALL | re.MULTILINE))
    lines = [line.split("  #")[0].strip() for line in blocks.splitlines() if line.startswith("kg ")]
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    lines += [line for line in re.findall(r"`(kg [^`]+)`", plain) if len(line.split()) > 2]
    return sorted(set(lines))


def test_commands_of_the_tutorial_shown_without_their_output_run(graph, tmp_path):
    commands = commands_of(DOCS / "tutorial.md")
    assert len(commands) > 10
    here = {**os.environ, "PYTHONPATH": str(ROOT)}
    for line in commands:
        written = f"kg() {{ '{sys.executable}' -m kg.cli \"$@\"; }}; {line}"
        done = subprocess.run(
            ["bash", "-c", written], cwd=tmp_path, env=here, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stderr}"
    assert {path.name for path in tmp_path.iterdir()} == {"msc-ra.html", "ra.bib", "ra.tsv"}


def test_the_request_in_r_is_answered(served):
    """R is not here: what its lines send is sent from here, to a server on the bundled tables."""
    text = (DOCS / "tutorial-sparql.md").read_text(encoding="utf-8")
    code = re.search(r"```r\n(.*?)```", text, re.DOTALL)
    assert code is not None
    query = re.search(r'query <- "(.*)"', code[1])
    address = re.search(r'curl_fetch_memory\("(\S+?)"', code[1])
    assert query is not None
    assert address is not None
    headers = dict(re.findall(r'"?([A-Z][\w-]+)"? = "([^"]+)"', code[1]))
    assert set(headers) == {"Content-Type", "Accept"}
    asked = address[1].replace("http://127.0.0.1:8000", served.base)
    answer = httpx.post(asked, content=query[1], headers=headers, timeout=60)
    assert answer.status_code == 200
    assert answer.text.splitlines()[0] == "name"
    assert len(answer.text.splitlines()) > 2
