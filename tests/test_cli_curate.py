"""The commands for curators beside `kg add`, as a user types them."""

from __future__ import annotations

import json

import pytest

from kg import curation
from tests.conftest import write_small
from tests.test_cli import run

__all__ = ["run"]


@pytest.fixture
def tables(tmp_path):
    return write_small(tmp_path / "tables")


@pytest.fixture
def on(run, tables):
    return lambda *arguments, **options: run("--data", str(tables), *arguments, **options)


def test_checks_are_listed_and_marked(on, tables):
    code, out, err = on("checks", "list", "--format", "tsv")
    rows = [dict(zip(out.splitlines()[0].split("\t"), line.split("\t"), strict=True)) for line in out.splitlines()[1:]]
    assert code == 0
    assert len(rows) == 15
    assert "0 of 15 rows are checked" in err
    row = next(each for each in rows if each["subject"] == "Th17 cell")
    told = ["--read", "full text", "--source", "https://example.org/1", "--date", "2026-11-25"]
    code, out, _ = on("checks", "mark", row["row"], "verified", *told, "--dry-run")
    assert code == 0
    assert f"+ {row['row']}\tdoi:10.1000/two\tverified\t2026-11-25\tfull text" in out
    assert not (tables / "triples" / "checks.tsv").exists()
    assert on("checks", "mark", row["row"], "verified", *told)[0] == 0
    assert (
        on("checks", "mark", row["row"], "in another paper", "--found-in", "https://doi.org/10.1000/ONE", *told)[0] == 0
    )
    assert len((tables / "triples" / "checks.tsv").read_text().splitlines()) == 2  # the newer one took its place
    assert curation.check(tables) == []
    listed = json.loads(on("checks", "list", "--outcome", "in another paper", "--format", "json")[1])["rows"]
    assert [(each["row"], each["outcome"], each["date"]) for each in listed] == [
        (row["row"], "in another paper", "2026-11-25")
    ]
    assert "1 of 15 rows are checked" in on("checks", "list", "--unchecked")[2]
    assert len(on("checks", "list", "--unchecked", "--format", "tsv")[1].splitlines()) == 15
    assert len(on("checks", "list", "--publication", "PMC3", "--format", "tsv")[1].splitlines()) == 6


def test_marks_that_cannot_be(on):
    code, _, err = on("checks", "mark", "0" * 12, "verified")
    assert (code, "is the id of no row" in err) == (3, True)
    row = on("checks", "list", "--format", "tsv")[1].splitlines()[1].split("\t")[0]
    code, _, err = on("checks", "mark", row, "verifed")
    assert code == 1
    assert f"row {row}: outcome 'verifed' is not in the vocabulary" in err
    assert f"row {row}: read is empty" in err
    assert on("checks", "list", "--outcome", "fine")[0] == 3
    assert on("checks", "list", "--publication", "10.1000/nine")[0] == 3
    assert on("checks", "mark", row, "text unavailable")[0] == 0  # the day is today's
