"""Tables as workbooks: nothing is lost on the way there and back, and no cell computes."""

from __future__ import annotations

import shutil
import sys
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import curation, workbooks
from kg.errors import CurationError, SourceError
from kg.sources import bundled
from kg.workbooks import read_workbook, saved, tables_of, workbook
from tests.conftest import write_small
from tests.test_cli import run

__all__ = ["run"]


@pytest.fixture
def tables(tmp_path):
    return write_small(tmp_path / "tables")


def test_all_tables_there_and_back_byte_for_byte(tmp_path):
    """The tables that ship, 9,000 rows: what comes back is what was written, and nothing changes on import."""
    root = tmp_path / "tables"
    for folder in ("ontology", "triples"):
        shutil.copytree(bundled() / folder, root / folder)
    file = tmp_path / "tables.xlsx"
    content = workbook(root)
    assert content == workbook(root)  # no time of day in it
    file.write_bytes(content)
    texts = tables_of(file)
    paths = {path.stem: path for path in root.glob("*/*.tsv") if not path.name.endswith(".sssom.tsv")}
    assert texts.keys() == paths.keys()
    for name, text in texts.items():
        assert text.encode() == paths[name].read_bytes(), name


def test_export_edit_and_import(tables, run, tmp_path):
    data = ("--data", str(tables))
    file = tmp_path / "tables.xlsx"
    assert run(*data, "export", "xlsx", "-o", str(file))[0] == 0
    assert "nothing changes" in run(*data, "import", str(file))[2]
    book = openpyxl.load_workbook(file)
    sheet = book["publications"]
    heads = [cell.value for cell in sheet[1]]
    sheet.cell(2, heads.index("year") + 1, 2015)
    sheet.append(["pubmed:7", "", "7", "", 2001, "Seven G", "A seventh", "primary"])
    book.save(file)
    before = (tables / "triples" / "publications.tsv").read_text()
    code, out, err = run(*data, "import", str(file), "--dry-run")
    assert code == 0
    assert out.splitlines()[0] == "triples/publications.tsv"
    assert [line[:16] for line in out.splitlines() if line[0] == "-"] == ["- doi:10.1000/one"[:16]]
    assert "+ pubmed:7\t\t7\t\t2001\tSeven G" in out
    assert "a rehearsal" in err
    assert (tables / "triples" / "publications.tsv").read_text() == before
    assert "nothing was written" in run(*data, "import", str(file), stdin=b"n\n")[2]
    assert run(*data, "import", str(file), "--yes")[0] == 0
    assert curation.check(tables) == []
    assert "\t2015\t" in (tables / "triples" / "publications.tsv").read_text()


def test_a_new_sheet_is_a_new_table_and_faults_are_told(tables, run, tmp_path):
    data = ("--data", str(tables))
    file = tmp_path / "new.xlsx"
    book = openpyxl.Workbook()
    book.active.title = "more"
    book.active.append(list(curation.COLUMNS["evidence"]))
    row = {"subject": "MSC", "predicate": "negatively_regulates", "object": "B cell", "aspect": "survival", "species": "human",
           "system": "in vitro", "direction": "supports", "statement": "S.", "publication": "pmc:PMC3", "read": "abstract"}  # fmt: skip
    book.active.append([row.get(column) for column in curation.COLUMNS["evidence"]])
    book.save(file)
    assert run(*data, "import", str(file), "--yes")[0] == 0
    assert (tables / "triples" / "more.tsv").exists()
    book.active.cell(2, 3, "B cel")
    book.save(file)
    code, _, err = run(*data, "import", str(file), "--yes")
    assert code == 1
    assert "sheet more, row 2: object: unknown name" in err
    assert "did you mean B cell" in err
    book.active.cell(1, 1, "subjekt")
    book.save(file)
    assert "sheet more: columns missing subject; unknown 'subjekt'" in run(*data, "import", str(file))[2]
    book.active.cell(1, 1, "predicate")
    book.active.cell(1, 2, "subject")
    book.save(file)
    assert "sheet more: columns in another order" in run(*data, "import", str(file))[2]


def test_no_cell_computes(tables, tmp_path):
    path = tables / "triples" / "claims.tsv"
    odd = [
        '=HYPERLINK("http://x")',
        "+1",
        "-2",
        "@SUM(A1)",
        "_x0041_ y",
        "0012",
        "TRUE",
        "#N/A",
        "1e5",
        "a 'b' \"c\" <d> & ü β",
    ]
    for text in odd:
        path.write_text(path.read_text().replace("A finding in our words.", text, 1))
    file = tmp_path / "t.xlsx"
    file.write_bytes(workbook(tables))
    assert tables_of(file)["claims"] == path.read_text()
    sheet = openpyxl.load_workbook(file)["claims"]
    cells = [cell for line in sheet.iter_rows(min_row=2) for cell in line if cell.value]
    assert {cell.data_type for cell in cells} == {"s"}
    guarded = {cell.value for cell in cells if cell.quotePrefix}
    assert guarded == {text for text in odd if text[0] in "=+-@"}
    with zipfile.ZipFile(file) as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist())


TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Co", "Cn")), max_size=40)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4))
def test_any_text_comes_back(tmp_path_factory, lines):
    book = openpyxl.Workbook(write_only=True)
    texts = [["left", "right"], *([left.strip(), right.strip() or "x"] for left, right in lines)]
    workbooks._filled(book.create_sheet("s"), texts)
    file = tmp_path_factory.mktemp("w") / "t.xlsx"
    file.write_bytes(saved(book))
    assert read_workbook(file)["s"] == texts


def test_what_a_spreadsheet_program_makes_of_text(tmp_path):
    book = openpyxl.Workbook()
    book.active.append([2017, 2017.0, 0.5, True, date(2026, 11, 25), datetime(2026, 11, 25, 8), None, "x"])
    book.active.append([None])
    file = tmp_path / "t.xlsx"
    book.save(file)
    assert read_workbook(file)["Sheet"] == [["2017", "2017", "0.5", "TRUE", "2026-11-25", "2026-11-25", "", "x"]]
    for value, said in (("=A1", "a formula '=A1'"), ("a\nb", "a line break within"), ("#N/A", "an error value '#N/A'")):
        book.active["A1"] = value
        book.save(file)
        with pytest.raises(CurationError, match="cell A1: ") as caught:
            read_workbook(file)
        assert said in str(caught.value)


def test_what_is_no_workbook(tables, tmp_path, monkeypatch, run):
    (tmp_path / "t.xlsx").write_bytes(b"nothing")
    with pytest.raises(SourceError, match=r"is no \.xlsx workbook"):
        read_workbook(tmp_path / "t.xlsx")
    with pytest.raises(SourceError, match="cannot be read"):
        read_workbook(tmp_path / "none.xlsx")
    (tables / "triples" / ("t" * 32 + ".tsv")).write_text("x\n")
    with pytest.raises(SourceError, match="longer than the 31 characters"):
        workbook(tables)
    (tables / "triples" / ("t" * 32 + ".tsv")).write_text("x" * 40_000 + "\n")
    (tables / "triples" / ("t" * 32 + ".tsv")).rename(tables / "triples" / "t.tsv")
    with pytest.raises(SourceError, match="line 1: a cell longer than"):
        workbook(tables)
    (tables / "triples" / "t.tsv").unlink()
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    code, _, err = run("--data", str(tables), "export", "xlsx", "-o", str(tmp_path / "x.xlsx"))
    assert code == 5
    assert "pip install 'mscim[sheets]'" in err
    assert run("--endpoint", "http://127.0.0.1:9/sparql", "export", "xlsx")[0] == 2
