"""The built dataset: whole or absent, the same each time, and a clear word when it is damaged."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

import kg
from kg import store
from kg.errors import SourceError
from kg.sparql import serialized, table


def sorted_nquads(folder):
    return b"".join(sorted(f"{quad} .\n".encode() for quad in store.open_store(folder)))


def test_two_builds_are_byte_identical(tmp_path):
    """In two processes with different hash seeds: as sorted N-Quads, as values and as manifest."""
    for seed in ("1", "2"):
        code = f"from kg.dataset import build; from pathlib import Path; build(None, Path({str(tmp_path / seed)!r}))"
        subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONHASHSEED": seed})
    one, two = tmp_path / "1", tmp_path / "2"
    assert sorted_nquads(one) == sorted_nquads(two)
    for name in ("dataset.json", "manifest.json"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_values_come_back_equal(small, tmp_path):
    from kg import curation

    folder = kg.build(small, tmp_path / "built")
    assert store.read(folder)[1:] == curation.load(small)[1:]
    assert store.read(folder)[0].entities == curation.load(small)[0].entities
    assert store.read(folder)[0].ontology == curation.load(small)[0].ontology


def test_manifest_counts(small, tmp_path):
    folder = kg.build(small, tmp_path / "built")
    summary = store.manifest(folder)
    assert (summary["entities"], summary["publications"], summary["studies"], summary["evidence"]) == (17, 4, 1, 15)
    assert summary["quads"] == len(store.open_store(folder))


def test_nothing_is_left_beside_a_build(small, tmp_path):
    place = tmp_path / "place"
    kg.build(small, place / "built")
    kg.build(small, place / "built")
    assert [path.name for path in place.iterdir()] == ["built"]


def test_build_refuses_a_place_with_something_else_in_it(small, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.doc").write_text("years of work")
    with pytest.raises(SourceError, match="is not a dataset of ours"):
        kg.build(small, tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter1.doc").read_text() == "years of work"
    (tmp_path / "file").write_text("x")
    with pytest.raises(SourceError, match="is not a dataset of ours"):
        kg.build(small, tmp_path / "file")


def test_build_into_a_place_that_cannot_be_written(small, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="choose another place"):
        kg.build(small, tmp_path / "file" / "built")


def test_full_disk_leaves_the_old_dataset(small, tmp_path, monkeypatch):
    folder = kg.build(small, tmp_path / "built")
    before = sorted_nquads(folder)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(json, "dump", full)
    with pytest.raises(SourceError, match="No space left on device"):
        kg.build(small, folder)
    assert sorted_nquads(folder) == before
    assert [path.name for path in tmp_path.iterdir() if path.name != "small"] == ["built"]


def test_failed_swap_puts_the_old_dataset_back(small, tmp_path, monkeypatch):
    folder = kg.build(small, tmp_path / "built")
    rename = os.rename

    def fail(source, target):
        if str(target) == str(folder) and not str(source).endswith("x"):
            raise OSError(5, "Input/output error")
        rename(source, target)

    monkeypatch.setattr(os, "rename", fail)
    with pytest.raises(SourceError, match="Input/output error"):
        kg.build(small, folder)
    assert store.manifest(folder)["entities"] == 17


def test_interrupted_build_leaves_nothing(small, tmp_path, monkeypatch):
    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "_pack", interrupt)
    with pytest.raises(KeyboardInterrupt):
        kg.build(small, tmp_path / "place" / "built")
    assert list((tmp_path / "place").iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_in_a_build_of_the_command(tmp_path):
    """A real SIGINT to a real process, at several moments: exit 130, one line, nothing half-written."""
    code = "from kg.cli import main; import sys; sys.argv = ['kg', 'build', '-o', sys.argv[1]]; main()"
    for number, delay in enumerate((0.35, 0.6, 0.9)):
        place = tmp_path / str(number)
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(place / "built")],
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        left = sorted(path.name for path in place.iterdir()) if place.is_dir() else []
        if process.returncode == 0:  # it was faster
            assert left == ["built"]
            continue
        if "kg.cli" in err and "Traceback" in err:
            continue  # the signal came while Python itself was starting
        assert process.returncode == 130, err
        assert "Traceback" not in err
        assert left == []


DAMAGE = {
    "no manifest": (lambda f: (f / "manifest.json").unlink(), "not a finished dataset (manifest.json is missing)"),
    "no values": (lambda f: (f / "dataset.json").unlink(), "not a finished dataset (dataset.json is missing)"),
    "manifest cut": (lambda f: (f / "manifest.json").write_text('{"form'), "cannot be read"),
    "manifest binary": (lambda f: (f / "manifest.json").write_bytes(b"\xff\xfe\x00"), "cannot be read"),
    "other format": (lambda f: edit(f, "format", "0"), "built by another version of this program"),
    "values cut": (lambda f: (f / "dataset.json").write_bytes((f / "dataset.json").read_bytes()[:-100]), "incomplete or was changed"),
    "no store": (lambda f: (f / "store").rename(f / "elsewhere"), "incomplete or was changed"),
}  # fmt: skip


def edit(folder, key, value):
    path = folder / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))


@pytest.mark.parametrize("name", sorted(DAMAGE))
def test_damaged_dataset(small, tmp_path, name):
    folder = kg.build(small, tmp_path / "built")
    spoil, message = DAMAGE[name]
    spoil(folder)
    with pytest.raises(SourceError) as caught:
        kg.load(folder)
    assert message in str(caught.value)
    assert "kg build" in str(caught.value)


def test_values_of_the_right_length_but_wrong_content(small, tmp_path):
    folder = kg.build(small, tmp_path / "built")
    path = folder / "dataset.json"
    path.write_bytes(b" " * path.stat().st_size)
    with pytest.raises(SourceError, match=r"dataset.json cannot be read"):
        kg.load(folder)


@pytest.mark.parametrize("which", ["CURRENT", "MANIFEST*", "*.sst"])
def test_damaged_store(small, tmp_path, which):
    """Cut off, overwritten or gone: an error of ours, whether opening or reading finds it."""
    folder = kg.build(small, tmp_path / "built")
    damaged = list((folder / "store").glob(which))
    assert damaged
    for path in damaged:
        path.write_bytes(bytes(path.stat().st_size // 2))
    graph = kg.load(folder)
    with pytest.raises(SourceError, match="the store is damaged"):
        table(graph.query("SELECT * { ?s ?p ?o }"), graph.vocabulary.ontology.prefixes)


@pytest.mark.parametrize("query", ["SELECT * { ?s ?p ?o }", "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }"])
def test_damage_that_only_reading_finds(small, tmp_path, query):
    """The files open, their blocks are not what their checksums say."""
    folder = kg.build(small, tmp_path / "built")
    for path in (folder / "store").glob("*.sst"):
        content = path.read_bytes()
        path.write_bytes(bytes(each ^ 0x5A for each in content[: len(content) // 2]) + content[len(content) // 2 :])
    graph = kg.load(folder)
    with pytest.raises(SourceError, match="the store is damaged"):
        table(graph.query(query), graph.vocabulary.ontology.prefixes)
    with pytest.raises(SourceError, match="the store is damaged"):
        serialized(graph.query(query), "turtle" if "CONSTRUCT" in query else "csv")


def test_store_is_opened_read_only(small_graph):
    with pytest.raises(RuntimeError, match="read-write"):
        small_graph.store.update("INSERT DATA { <http://a> <http://b> <http://c> }")


def test_discard(small, tmp_path):
    folder = kg.build(small, tmp_path / "built")
    store.discard(folder)
    store.discard(folder)
    assert not folder.exists()
