"""Hooks of mkdocs: files outside docs/ that pages link to join the site, and pages that the nav does not name follow.

Links in the Markdown are those of the checkout (`../triples/CHANGES.md`), so that they work in an editor and on a code
host too; here they become those of the site.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
LINK = re.compile(r"\[(?P<text>[^\]\[]*)\]\((?P<path>[^)#\s:]+)(?P<anchor>#[^)\s]*)?\)")


def linked(page: Path) -> list[Path]:
    """The files of the checkout that a page links to."""
    found = [(page.parent / match["path"]).resolve() for match in LINK.finditer(page.read_text(encoding="utf-8"))]
    return [path for path in found if path.is_file() and path.is_relative_to(ROOT)]


def outside() -> list[Path]:
    """The files outside docs/ that its pages, or they themselves, link to."""
    known, waiting = set(DOCS.rglob("*.md")), sorted(DOCS.rglob("*.md"))
    while waiting:
        new = [path for path in linked(waiting.pop()) if path not in known]
        known.update(new)
        waiting += [path for path in new if path.suffix == ".md"]
    return sorted(path for path in known if not path.is_relative_to(DOCS))


def place(path: Path) -> str:
    """Where a file of the checkout stands in the site's sources."""
    return path.relative_to(DOCS if path.is_relative_to(DOCS) else ROOT).as_posix()


def named(nav: Any) -> set[str]:
    """The pages that a nav names."""
    if isinstance(nav, str):
        return {nav}
    parts = nav.values() if isinstance(nav, dict) else nav
    return {name for part in parts for name in named(part)}


def title(path: Path) -> str:
    """The first heading of a page."""
    match = re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return match[1] if match else path.stem


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put the pages that the nav does not name at its end, the decisions under one heading."""
    there = named(config.nav)
    more = [{title(page): place(page)} for page in sorted(DOCS.glob("*.md")) if place(page) not in there]
    more += [{title(page): place(page)} for page in outside() if page.suffix == ".md"]
    decisions = [{title(page): place(page)} for page in sorted(DOCS.glob("decisions/*.md"))]
    assert config.nav is not None
    config.nav[-1]["For maintainers"] += [*more, {"Decisions": decisions}]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the files outside docs/."""
    for path in outside():
        files.append(File.generated(config, place(path), abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Turn links of the checkout into those of the site, named by their titles where they are named by their files.

    Links that lead nowhere stay as they are, for mkdocs to refuse.
    """
    assert page.file.abs_src_path is not None
    here = Path(page.file.abs_src_path)

    def moved(match: re.Match[str]) -> str:
        path = (here.parent / match["path"]).resolve()
        if not path.is_file() or not path.is_relative_to(ROOT):
            return match[0]
        target = os.path.relpath(place(path), Path(page.file.src_uri).parent.as_posix()).replace(os.sep, "/")
        plain = match["text"].rpartition("/")[2] == path.name and path.suffix == ".md"
        return f"[{title(path) if plain else match['text']}]({target}{match['anchor'] or ''})"

    return LINK.sub(moved, markdown)
