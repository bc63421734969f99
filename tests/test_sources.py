"""Finding, reading and writing files: whole or not at all, with the place in every message."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from kg import sources
from kg.errors import KGError, SourceError

ROOT = Path(__file__).resolve().parent.parent


def test_bundled_tables_of_an_editable_install_are_those_of_the_checkout():
    assert sources.bundled() == ROOT


def test_bundled_tables_missing(monkeypatch, tmp_path):
    monkeypatch.setattr(sources, "__file__", str(tmp_path / "kg" / "sources.py"))
    with pytest.raises(SourceError, match="install mscim again, or give --data"):
        sources.bundled()


def test_own_tables_use_the_bundled_ontology_unless_they_bring_one(small):
    own = sources.names_of(small)
    assert {path.parent.parent for path in own} == {small}
    for path in (small / "ontology").iterdir():
        path.unlink()
    (small / "ontology").rmdir()
    mixed = sources.names_of(small)
    assert {path.parent for path in mixed} == {small / "triples", ROOT / "ontology"}


def test_digest_depends_on_names_and_contents_alone(small):
    before = sources.digest(small)
    path = small / "triples" / "claims.tsv"
    os.utime(path, (1, 1))
    assert sources.digest(small) == before
    path.rename(small / "triples" / "other.tsv")
    moved = sources.digest(small)
    assert moved != before
    (small / "triples" / "other.tsv").write_bytes(b"")
    assert sources.digest(small) not in (before, moved)


def test_no_triples_folder(tmp_path):
    with pytest.raises(SourceError, match="a data folder holds triples/"):
        sources.names_of(tmp_path)


def test_cache_is_the_users_own_unless_overridden(monkeypatch):
    monkeypatch.setenv("KG_CACHE", "elsewhere")
    assert sources.cache() == Path("elsewhere")
    monkeypatch.delenv("KG_CACHE")
    assert sources.cache().name == "mscim"


def test_reading_what_cannot_be_read(tmp_path):
    with pytest.raises(SourceError, match="is a folder"):
        sources.read_bytes(tmp_path)
    with pytest.raises(SourceError, match="nowhere: cannot be read"):
        sources.read_bytes(tmp_path / "nowhere")


def test_writing_makes_folders_and_keeps_the_usual_rights(tmp_path):
    path = tmp_path / "a" / "b.txt"
    sources.write_text(path, "é\n")
    assert path.read_bytes() == "é\n".encode()
    plain = tmp_path / "plain"
    plain.write_text("")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    assert [p.name for p in path.parent.iterdir()] == ["b.txt"]


def test_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "x.txt"
    path.write_text("old")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(SourceError, match=r"x.txt: cannot be written \(No space left"):
        sources.write_text(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.txt"]


def test_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "x.txt"
    path.write_text("old")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        sources.write_text(path, "new")
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.txt"]


def test_writing_below_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="choose another place"):
        sources.write_text(tmp_path / "file" / "x", "new")


def test_every_error_is_ours_and_a_builtin_too():
    from kg import errors

    for name in errors.__all__:
        assert issubclass(getattr(errors, name), KGError)
    assert issubclass(errors.UnknownTerm, LookupError)
    assert issubclass(errors.CurationError, ValueError)
    assert issubclass(errors.SourceError, OSError)
    assert str(SourceError()) == ""
