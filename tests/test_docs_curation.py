"""The examples of docs/curation.md are rows of the tables: good ones stand there, bad ones do not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kg import curation
from kg.sources import bundled

PAGE = Path(__file__).resolve().parent.parent / "docs" / "curation.md"
NAMES = ("subject", "predicate", "object", "aspect", "mediator", "mediator_test", "statement", "publication")
EXAMPLES = [
    (line.split("|")[1].strip(), tuple(cell.strip() for cell in line.split("|")[2:-1]))
    for line in PAGE.read_text(encoding="utf-8").splitlines()
    if re.match(r"\| (good|bad) ", line)
]


@pytest.fixture(scope="module")
def rows():
    tables, _ = curation.read_tables(bundled())
    return {tuple(row[name] for name in NAMES) for row in tables.evidence}


def test_there_are_examples_of_both():
    assert {kind for kind, _ in EXAMPLES} == {"good", "bad"}
    assert len(EXAMPLES) > 12


@pytest.mark.parametrize(("kind", "cells"), EXAMPLES)
def test_an_example_is_what_it_is_said_to_be(rows, kind, cells):
    assert (cells in rows) == (kind == "good")


@pytest.mark.parametrize("cells", [cells for kind, cells in EXAMPLES if kind == "bad"])
def test_a_bad_example_is_of_a_paper_and_a_statement_that_stand_there(rows, cells):
    assert cells[-2:] in {row[-2:] for row in rows}
