"""The doctor: what is in order, what is missing, and what need not be there."""

from __future__ import annotations

import os
from importlib import metadata
from pathlib import Path

import pytest

from kg.doctor import doctor


def states(found) -> dict[str, tuple[str, str]]:
    return {each.part: (each.state, each.what) for each in found}


def test_all_in_order(graph):
    found = states(doctor())
    assert "missing" not in {state for state, _ in found.values()}
    assert found["pyoxigraph"] == ("ok", metadata.version("pyoxigraph"))
    assert graph.data_version in found["data version"][1]
    assert found["cache"] == ("ok", os.environ["KG_CACHE"])


def test_parts_that_are_not_there():
    def version(name: str) -> str:
        if name in ("scipy", "owlready2"):
            raise metadata.PackageNotFoundError(name)
        return "1"

    found = states(doctor(version=version, which=lambda name: "/bin/java" if name == "java" else None))
    assert found["scipy"] == ("missing", "not installed; install mscim again")
    assert found["owlready2"][0] == "optional"
    assert found["java"] == ("ok", "/bin/java")
    assert found["chromium"] == ("optional", "not found; shows pictures in the tests")


def test_data_that_is_not_built_yet_is_no_fault(small: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("KG_CACHE", str(tmp_path / "none" / "yet"))
    found = states(doctor(str(small)))
    assert found["tables"] == ("ok", str(small))
    assert found["dataset"][0] == "optional"
    assert found["cache"] == ("ok", str(tmp_path / "none" / "yet"))
    assert not (tmp_path / "none").exists()


def test_data_that_cannot_be_used_is_a_fault(tmp_path: Path, small_graph):
    found = states(doctor(str(tmp_path)))
    assert found["dataset"][0] == "missing"
    assert "not a finished dataset" in found["dataset"][1]
    assert "tables" not in found
    assert states(doctor(str(small_graph.folder)))["dataset"] == ("ok", str(small_graph.folder))


def test_tables_that_cannot_be_read_are_a_fault(small: Path):
    (small / "triples" / "bad.tsv").mkdir()
    assert states(doctor(str(small)))["tables"][0] == "missing"


@pytest.mark.skipif(os.name == "nt", reason="permissions of another kind")
def test_cache_that_cannot_be_written(monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    state, what = states(doctor())["cache"]
    assert state == "missing"
    assert "set KG_CACHE" in what
