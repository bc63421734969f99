"""Tables as workbooks of a spreadsheet program, and back, without a byte lost and without a cell that computes.

Needs the extra `sheets` (openpyxl).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from kg.curation import COLUMNS
from kg.editing import kind_of
from kg.errors import CurationError, SourceError
from kg.sources import names_of, read_bytes

__all__ = ["library", "read_workbook", "saved", "tables_of", "workbook"]

EPOCH = (1980, 1, 1, 0, 0, 0)  # of every part of the file: the same tables give the same bytes
LONGEST = 32_767  # characters that a cell holds
TITLE = 31  # and the name of a sheet
STAMP = re.compile(rb"(<dcterms:(created|modified)[^>]*>)[^<]*")


def library() -> Any:
    """Return openpyxl. Raises SourceError when it is not installed."""
    try:
        import openpyxl
    except ImportError:
        raise SourceError("spreadsheets need openpyxl: pip install 'mscim[sheets]', or use .tsv files") from None
    return openpyxl


def saved(book: Any) -> bytes:
    """Return a workbook as bytes that do not depend on the time."""
    buffer, again = io.BytesIO(), io.BytesIO()
    book.save(buffer)
    with zipfile.ZipFile(buffer) as old, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = STAMP.sub(rb"\g<1>2000-01-01T00:00:00Z", content)
            new.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)
    return again.getvalue()


def _filled(sheet: Any, lines: Sequence[Sequence[str]]) -> None:
    """Put lines into a sheet, every cell as text: what begins with = is no formula."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    sheet.freeze_panes = "A2"
    for number, line in enumerate(lines):
        cells = []
        for text in line:
            cell = WriteOnlyCell(sheet, value=text or None)
            if text:
                cell.data_type = "s"
                cell.number_format = "@"
                cell.quotePrefix = text[0] in "=+-@"
            if number == 0:
                cell.font = Font(bold=True)
            cells.append(cell)
        sheet.append(cells)


def workbook(root: Path) -> bytes:
    """Return all tables below `root` as one workbook, a sheet each, in the order of their rows."""
    tables: dict[str, list[list[str]]] = {}
    for path in names_of(root):
        if path.suffix == ".tsv":
            lines = [line.split("\t") for line in read_bytes(path).decode().splitlines()]
            long = next((n for n, line in enumerate(lines, 1) if any(len(cell) > LONGEST for cell in line)), 0)
            if len(path.stem) > TITLE:
                raise SourceError(f"{path}: its name is longer than the {TITLE} characters that a sheet may have")
            if long:
                raise SourceError(f"{path}, line {long}: a cell longer than the {LONGEST} characters of a workbook")
            tables[path.stem] = lines
    book = library().Workbook(write_only=True)
    for name, lines in tables.items():
        _filled(book.create_sheet(name), lines)
    return saved(book)


def read_workbook(path: Path) -> dict[str, list[list[str]]]:
    """Return the sheets of a workbook as lines of text, in its order.

    Numbers and dates that a spreadsheet program made of text are written back plainly. Raises SourceError when it is no
    workbook, CurationError for a formula or an error value, by sheet and cell.
    """
    openpyxl = library()
    try:
        book = openpyxl.load_workbook(io.BytesIO(read_bytes(path)), read_only=True)
    except Exception as error:  # openpyxl raises what its parsers raise
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{path}: is no .xlsx workbook, or damaged; save it anew as .xlsx") from None
    faults: list[str] = []
    sheets = {}
    for sheet in book.worksheets:
        lines = []
        for cells in sheet.iter_rows():
            line = []
            for cell in cells:
                text = _text(cell.value)
                fault = _fault(cell.data_type, text)
                if fault:
                    faults.append(f"{path}, sheet {sheet.title}, cell {cell.coordinate}: {fault}")
                line.append(text)
            lines.append(line)
        while lines and not any(lines[-1]):
            lines.pop()
        width = max((n for line in lines for n, text in enumerate(line, 1) if text), default=0)
        sheets[sheet.title] = [[*line[:width], *[""] * (width - len(line))] for line in lines]
    book.close()
    if faults:
        raise CurationError("nothing was read; mend these cells first:\n" + "\n".join(faults[:20]))
    return sheets


def _fault(kind: str, text: str) -> str:
    if kind in ("f", "e"):
        return f"{'a formula' if kind == 'f' else 'an error value'} {text!r}; write the text"
    broken = any(mark in text for mark in "\t\n\r")
    return "a tab or a line break within; replace it by a space" if broken else ""


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def tables_of(path: Path) -> dict[str, str]:
    """Return the texts of tables by name, of a workbook as `workbook` writes it. Raises CurationError, by sheet."""
    texts, faults = {}, []
    for name, lines in read_workbook(path).items():
        columns = list(COLUMNS[kind_of(name)])
        header = lines[0] if lines else []
        if header != columns:
            missing = [column for column in columns if column not in header]
            extra = [column for column in header if column not in columns]
            said = [f"missing {', '.join(missing)}"] if missing else []
            said += [f"unknown {', '.join(map(repr, extra))}"] if extra else []
            order = "in another order" if not said else "; ".join(said)
            faults.append(f"{path}, sheet {name}: columns {order}; the first row is to be: {', '.join(columns)}")
            continue
        texts[name] = "".join("\t".join(line) + "\n" for line in lines if any(line))
    if faults:
        raise CurationError("nothing was read; mend these sheets first:\n" + "\n".join(faults))
    return texts
