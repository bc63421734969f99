"""The form that a curator fills in a spreadsheet program: drop-down lists, explanations, all allowed values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kg.drafts import MEANINGS, PAPER, allowed
from kg.vocabulary import Vocabulary
from kg.workbooks import library, saved

__all__ = ["template"]

LINES = 1000  # that have drop-down lists


def template(vocabulary: Vocabulary, tables: Sequence[str]) -> bytes:
    """Return a workbook to fill: `rows` and `papers` with drop-down lists, explanations, all allowed values."""
    openpyxl = library()
    from openpyxl.styles import Alignment, Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    ontology = vocabulary.ontology
    columns = [name for name in MEANINGS if name != "publication"]
    book = openpyxl.Workbook()
    rows = book.active
    rows.title = "rows"
    papers, meaning, lists = (book.create_sheet(name) for name in ("papers", "explanation", "lists"))
    rows.append(columns)
    papers.append(list(PAPER))
    for name, value in _explained(columns):
        meaning.append([name, *value])
    values = {name: sorted(allowed(name, ontology, vocabulary)) for name in columns}
    values |= {"table": sorted(tables), "kind": sorted(allowed("kind", ontology))}
    place = 0
    for name, each in values.items():
        shared = "subject" if name in ("object", "cell", "mediator", "priming", "combined_with") else name
        if not each:
            continue
        if shared == name:
            place += 1
            for number, text in enumerate([name if name != "subject" else "names", *each], 1):
                lists.cell(number, place, text).data_type = "s"
            letter, last = get_column_letter(place), len(each) + 1
            formula = f"lists!${letter}$2:${letter}${last}"
            if name == "subject":
                names = formula
        sheet, heads = (papers, list(PAPER)) if name == "kind" else (rows, columns)
        column = get_column_letter(heads.index(name) + 1)
        several = name in (
            "subject",
            "object",
            "cell",
            "mediator",
            "priming",
            "combined_with",
            "species",
            "model",
            "read",
        )
        rule = DataValidation(type="list", formula1=names if shared == "subject" else formula, allow_blank=True)
        rule.showErrorMessage = True
        rule.errorStyle = "warning" if several else "stop"
        rule.error = "Not in the list; synonyms and several may do." if several else "Take one of the list."
        rule.errorTitle = name
        rule.add(f"{column}2:{column}{LINES}")
        sheet.add_data_validation(rule)
    for sheet in (rows, papers, meaning, lists):
        sheet.freeze_panes = "A2"
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        for cells in sheet.iter_cols(1, sheet.max_column):
            sheet.column_dimensions[cells[0].column_letter].width = 60 if sheet is meaning else 22
    for line in meaning.iter_rows(min_row=2):
        for cell in line:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
    for sheet, width in ((rows, len(columns)), (papers, len(PAPER))):
        for line in sheet.iter_rows(min_row=2, max_row=LINES, max_col=width):
            for cell in line:
                cell.number_format = "@"
    return saved(book)


def _explained(columns: Sequence[str]) -> list[tuple[str, tuple[str, str]]]:
    told: list[tuple[str, tuple[str, str]]] = [("column", ("needed", "meaning"))]
    told += [(name, ("yes" if MEANINGS[name][0] else "", MEANINGS[name][1])) for name in columns]
    notes: Mapping[str, str] = {
        "sheet rows": "one line for each finding of a paper",
        "sheet papers": "one line for each paper that the tables do not hold yet; what you did not see stays empty",
        "mediators": "`MSC acts on Th17 cell through PGE2` is the direct line with mediator PGE2, and its legs "
        "MSC -> PGE2 and PGE2 -> Th17 cell with leg_of `MSC -> Th17 cell`; `kg add FILE --legs` writes them",
        "then": "`kg add FILE.xlsx --dry-run` checks it and shows what would be written; `kg add FILE.xlsx` writes it",
    }
    return [*told, *((name, ("", text)) for name, text in notes.items())]
