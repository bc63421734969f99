"""Whether all is in place: versions, the data, the cache, and the parts that only some commands and tests need."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from kg import sources, store
from kg.errors import KGError

__all__ = ["Finding", "doctor"]

NEEDED = ("click", "jinja2", "networkx", "numpy", "platformdirs", "pyoxigraph", "pyvis", "rdflib", "scipy")
OPTIONAL = {
    "matplotlib": "draws the plots of kg plot",
    "owlready2": "reasons over the ontology in the tests",
    "playwright": "opens pictures in a browser in the tests",
}
PROGRAMS = {
    "chromium": "shows pictures in the tests",
    "java": "runs the reasoner in the tests",
    "virtuoso-t": "a SPARQL server that benchmarks and tests compare with",
}


class Finding(NamedTuple):
    """One thing looked at. `state` is `ok`, `missing` (needed, not there) or `optional` (not there, not needed)."""

    part: str
    state: str
    what: str


def doctor(
    data: str | None = None,
    version: Callable[[str], str] = metadata.version,
    which: Callable[[str], str | None] = shutil.which,
) -> tuple[Finding, ...]:
    """Answer whether the program and its data are in order; nothing is built or changed.

    Parameters
    ----------
    data
        A folder with `triples/` or a built dataset; the bundled tables by default.
    version, which
        How the version of a package and the place of a program are found.
    """
    found = [Finding("python", "ok", ".".join(map(str, sys.version_info[:3]))), _package("mscim", "", version)]
    found += [_package(name, "", version) for name in NEEDED]
    found += _data(Path(data) if data else None)
    found += [_package(name, why, version) for name, why in OPTIONAL.items()]
    for name, why in PROGRAMS.items():
        place = which(name)
        found.append(Finding(name, "ok" if place else "optional", place or f"not found; {why}"))
    return tuple(found)


def _package(name: str, why: str, version: Callable[[str], str]) -> Finding:
    try:
        return Finding(name, "ok", version(name))
    except metadata.PackageNotFoundError:
        mend = f"not installed; {why}" if why else "not installed; install mscim again"
        return Finding(name, "optional" if why else "missing", mend)


def _data(given: Path | None) -> list[Finding]:
    cache = sources.cache()
    try:
        root = given or sources.bundled()
        own = (root / "triples").is_dir()
        built = cache / sources.digest(root)[:16] if own else root
    except KGError as error:
        return [Finding("tables", "missing", str(error))]
    found = [Finding("tables", "ok", str(root))] if own else []
    try:
        summary = store.manifest(built)
        counts = ", ".join(f"{summary[name]:,} {name}" for name in ("assertions", "publications", "entities"))
        found.append(Finding("dataset", "ok", str(built)))
        found.append(Finding("data version", "ok", f"{summary['data_version']} ({counts})"))
    except KGError as error:
        state, mend = (
            ("optional", "none yet that fits; the first question builds it") if own else ("missing", str(error))
        )
        found.append(Finding("dataset", state, mend))
    nearest = next((each for each in (cache, *cache.parents) if each.exists()), cache)
    can = os.access(nearest, os.W_OK)
    mend = "" if can else " cannot be written; set KG_CACHE to a folder that can"
    return [*found, Finding("cache", "ok" if can else "missing", f"{cache}{mend}")]
