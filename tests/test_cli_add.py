"""`kg add` as a curator meets it: asked at a terminal, with a sheet, with mistakes."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import sys
import time

import openpyxl
import pytest
from click.testing import CliRunner

from kg import curation
from kg.cli import cli
from kg.cli_add import Completer
from kg.drafts import changes_of, identifiers, known_paper, legs, likenesses, missing_legs, paper_key, table_of
from kg.errors import CurationError
from tests.conftest import ROOT, write_small
from tests.test_cli import run

__all__ = ["run"]
NOTHING = "\n"


@pytest.fixture
def tables(tmp_path):
    return write_small(tmp_path / "tables")


def asked(tables, *lines, options=()):
    text = "".join(f"{line}\n" for line in lines)
    return CliRunner().invoke(cli, ["--data", str(tables), "add", *options], input=text)


def answers(**given):
    """What is typed for one finding, in the order of the questions."""
    row = {
        "subject": "MSC", "predicate": "negatively_regulates", "object": "B cell", "aspect": "proliferation",
        "species": "human", "system": "in vitro", "statement": "MSC slow the division of B cells.", "read": "abstract",
    } | given  # fmt: skip
    columns = [c for c in curation.COLUMNS["evidence"] if c not in ("publication", "leg_of")]
    return [row.get(c, "") for c in columns if c != "mediator_test" or row.get("mediator")]


def lines_of(tables, table="claims"):
    return (tables / "triples" / f"{table}.tsv").read_text().splitlines()


def test_a_finding_of_a_known_paper_is_written_in_its_place(tables):
    before = lines_of(tables)
    done = asked(tables, "https://doi.org/10.1000/TWO", *answers(), "", "y", "n", "n")
    assert done.exit_code == 0, done.output
    assert "known: Two B 2012 Th17 cells in lupus (doi:10.1000/two)" in done.output
    assert set(lines_of(tables)) - set(before) == {
        line for line in lines_of(tables) if "MSC slow the division of B cells." in line
    }
    assert curation.check(tables) == []
    assert curation.format(tables, write=False) == []


def test_contradictions_are_shown_before_it_is_written(tables):
    done = asked(tables, "10.1000/two", *answers(), "", "n", "n", "n")
    assert "against it: A finding in our words. (pmc:PMC3)" in done.output
    assert "nothing was written" in done.output
    same = asked(tables, "PMC3", *answers(predicate="positively_regulates", species="human"), "", "n", "n", "n")
    assert "this paper says it already" in same.output


def test_a_new_paper_is_asked_for_and_written_first(tables):
    done = asked(
        tables, "not a paper", "PMID: 555", "", "", "2020", "Five E", "A paper on B cells", "?", "primary", "",
        *answers(), "", "y", "n", "n",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "that holds no DOI" in done.output
    assert "review" in done.output  # `?` listed the kinds of paper
    assert any(
        line.startswith("pubmed:555\t\t555\t\t2020\tFive E\tA paper on B cells\tprimary")
        for line in lines_of(tables, "publications")
    )
    assert curation.check(tables) == []


def test_mistakes_are_explained_and_asked_again(tables):
    done = asked(
        tables, "10.1000/two",
        "", "?", "Treg cel", "treg",  # needed; explained; unknown; a synonym
        "lowers", "negatively_regulates",
        "Th-17 cells", "T-helper 17 cell",
        "?", "proliferation", "", "", "", "", "", "", "human", "in vitr", "", "", "", "", "", "",
        " ".join(["word"] * 26), "Regulatory T cells slow Th17 cells.", "abstract", "", "y", "n", "n",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    for said in (
        "needed: what acts, or changes",
        "subject: what acts, or changes",
        "unknown entity 'Treg cel'. Did you mean:",
        "'lowers' is not allowed here",
        "unknown entity 'Th-17 cells'",
        "proliferation  ",
        "26 words; at most 25",
    ):
        assert said in done.output, said
    assert any(
        line.startswith("regulatory T cell\tnegatively_regulates\tTh17 cell\tproliferation")
        for line in lines_of(tables)
    )


def test_legs_are_offered_and_written_with_leg_of(tables):
    before = set(lines_of(tables))
    done = asked(
        tables, "PMC3", *answers(object="T cell", mediator="IFN-gamma", mediator_test="blockade", mode="soluble"), "",
        "y", "", "", "", "", "", "y", "", "", "", "", "MSC IFN-gamma slows T cells.", "y", "n", "n",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "Does the text warrant the leg: MSC secretes IFNG [secretion]?" in done.output
    assert "Does the text warrant the leg: IFNG negatively regulates T cell [proliferation]?" in done.output
    new = sorted(set(lines_of(tables)) - before)
    assert len(new) == 3
    assert [line.split("\t")[16] for line in new] == ["MSC -> T cell", "", "MSC -> T cell"]
    assert [line.split("\t")[6] for line in new] == ["inferred", "blockade", "inferred"]
    assert curation.check(tables) == []


def test_what_cannot_be_written_is_mended_at_once(tables):
    done = asked(
        tables, "10.1000/two", *answers(aspect=""), "", "aspect", "proliferation", "y", "n", "n",
    )  # fmt: skip
    assert "This cannot be written yet:" in done.output
    assert "needs an aspect: what of it changes?" in done.output
    assert "wrote triples/claims.tsv" in done.output
    before = lines_of(tables)
    dropped = asked(tables, "10.1000/two", *answers(aspect=""), "", "", "n", "n")
    assert dropped.exit_code == 0
    assert lines_of(tables) == before


def test_a_rehearsal_writes_nothing_and_an_end_of_input_leaves_all_as_it_was(tables, run):
    before = lines_of(tables)
    done = asked(tables, "10.1000/two", *answers(), "", "n", "n", options=["--dry-run"])
    assert "+ MSC\tnegatively_regulates\tB cell" in done.output
    assert "a rehearsal; nothing was written" in done.output
    code, _, err = run("--data", str(tables), "add", stdin=b"10.1000/two\nMSC\n")
    assert code == 130
    assert "nothing was left half-written" in err
    assert lines_of(tables) == before


def test_faulty_tables_are_mended_first(tables, run):
    path = tables / "triples" / "claims.tsv"
    path.write_text(path.read_text().replace("IDO1", "IDO9"))
    code, _, err = run("--data", str(tables), "add", stdin=b"\n")
    assert code == 1
    assert "mend these first (`kg check`)" in err


def test_tables_of_an_installed_kg_are_not_changed(run, tmp_path, monkeypatch):
    from kg import editing

    tables = write_small(tmp_path / "kg" / "_data")
    monkeypatch.setattr(editing, "__file__", str(tmp_path / "kg" / "editing.py"))
    code, _, err = run("--data", str(tables), "add")
    assert code == 5
    assert "copy them into a folder of your own and give --data DIR" in err


# --- a real terminal --------------------------------------------------------------------------------------------------


class Terminal:
    """A `kg` at a terminal of its own."""

    def __init__(self, *arguments):
        self.seen = ""
        self.child, self.screen = pty.fork()
        if self.child == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a job in the background has it ignored
            environment = {**os.environ, "TERM": "xterm", "PYTHONPATH": str(ROOT), "INPUTRC": "/dev/null"}
            os.execve(sys.executable, [sys.executable, "-m", "kg.cli", *arguments], environment)

    def until(self, pattern):
        """Read until a pattern is on the screen; forget what came before its end."""
        limit = time.monotonic() + 120
        while not (found := re.search(pattern, self.seen)):
            assert time.monotonic() < limit, self.seen
            if select.select([self.screen], [], [], 1)[0]:
                try:
                    self.seen += os.read(self.screen, 4096).decode(errors="replace")
                except OSError:
                    raise AssertionError(f"it ended: {self.seen}") from None
        self.seen = self.seen[found.end() :]

    def type(self, text):
        os.write(self.screen, text.encode())

    def close(self):
        code = os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])
        os.close(self.screen)
        return code


def test_names_are_completed_at_a_terminal(tables):
    before = lines_of(tables)
    at = Terminal("--data", str(tables), "add")
    at.until("paper.*: ")
    at.type("10.1000/two\r")
    at.until("subject.*: ")
    at.type("mesenchymal str\t")  # a synonym that fits alone becomes the name
    at.until("MSC")
    at.type("\r")
    at.until("predicate.*: ")
    at.type("negatively_regulates\r")
    at.until("object.*: ")
    at.type("lupus n\t")
    at.until("lupus nephritis")
    at.type("\r")
    at.until("aspect.*: ")
    at.type("\x03")
    at.until("nothing was left half-written")
    assert at.close() == 130
    assert lines_of(tables) == before


def test_completion(small_graph):
    completer = Completer(small_graph.vocabulary)
    assert completer.matches("interf") == []
    assert completer.matches("IFN-") == ["IFNG"]
    assert completer.matches("t c") == ["T cell"]
    assert completer.matches(" pros") == [" PGE2"]
    assert completer.matches("lup") == ["lupus nephritis"]
    assert completer.matches("i") == [
        "IDO",
        "IDO1",
        "IFN-gamma",
        "IFNG",
        "IL-17",
        "IL17A",
        "indoleamine 2,3-dioxygenase",
    ]
    assert completer.matches("") == []
    assert [completer.complete("CD4", state) for state in range(2)] == ["CD4+ T cell", None]


# --- sheets -----------------------------------------------------------------------------------------------------------

SHEET = {"paper": "10.1000/two", "subject": "MSC", "predicate": "negatively_regulates", "object": "B cell",
         "aspect": "proliferation", "species": "human", "system": "in vitro", "read": "abstract",
         "statement": "MSC slow the division of B cells."}  # fmt: skip


def sheet(path, *rows):
    names = list(dict.fromkeys(name for row in rows for name in row))
    path.write_text(
        "".join("\t".join(line) + "\n" for line in [names, *([row.get(n, "") for n in names] for row in rows)])
    )
    return str(path)


def test_a_table_of_findings_is_added(tables, run, tmp_path):
    new = {"paper": "PMID 555", "year": "2020", "first_author": "Five E", "title": "A paper", "subject": "treg"}
    file = sheet(tmp_path / "in.tsv", SHEET, SHEET | new)
    code, out, err = run("--data", str(tables), "add", file, "--dry-run")
    assert code == 0
    assert "+ pubmed:555\t\t555\t\t2020\tFive E\tA paper\tprimary" in out
    assert "against it: A finding in our words. (pmc:PMC3)" in err
    assert run("--data", str(tables), "add", file, "--yes")[0] == 0
    assert curation.check(tables) == []
    code, out, err = run("--data", str(tables), "add", file, "--yes")
    assert code == 1  # once more: each row stands there already
    assert "row 2: duplicate of" in err or "row 3: duplicate of" in err or "duplicate of" in err


def test_missing_legs_are_told_and_added(tables, run, tmp_path):
    file = sheet(tmp_path / "in.tsv", SHEET | {"mediator": "IDO", "mediator_test": "knockdown"})
    _, _, err = run("--data", str(tables), "add", file, "--dry-run")
    assert err.count("--legs adds it as inferred") == 0 or "IDO1" in err
    file = sheet(tmp_path / "in.tsv", SHEET | {"mediator": "IDO1", "mediator_test": "knockdown"})
    _, out, err = run("--data", str(tables), "add", file, "--dry-run")
    assert "row 2: the leg MSC secretes IDO1 [secretion] is missing" in err
    code, out, _ = run("--data", str(tables), "add", file, "--legs", "--yes")
    assert code == 0
    assert out.count("MSC -> B cell") == 2
    assert curation.check(tables) == []


MISTAKES = {
    "no paper": ({"paper": "soon"}, "row 2, column paper: give the DOI or PubMed id"),
    "no subject": ({"subject": ""}, "row 2, column subject: is empty; what acts"),
    "predicate": ({"predicate": "negatively_regulate"}, "did you mean negatively_regulates?"),
    "odd predicate": ({"predicate": "zzz"}, "'zzz' is not in the vocabulary"),
    "name": ({"object": "B cel"}, "row 2: object: unknown name 'B cel'; did you mean B cell"),
    "column": ({"speces": "human"}, "unknown column 'speces'; did you mean species?"),
    "odd column": ({"zzzzzz": "human"}, "unknown column 'zzzzzz'; known are"),
    "statement": ({"statement": ""}, "row 2: statement is empty"),
    "table": ({"subject": "human", "table": ""}, "column table: say which table the row goes to: claims"),
}


@pytest.mark.parametrize("case", sorted(MISTAKES))
def test_mistakes_in_a_sheet_are_told_by_row_and_column(tables, run, tmp_path, case):
    cells, message = MISTAKES[case]
    before = lines_of(tables)
    code, _, err = run("--data", str(tables), "add", sheet(tmp_path / "in.tsv", SHEET | cells), "--yes")
    assert code == 1
    assert message in err
    assert "nothing was written" in err
    assert lines_of(tables) == before


def test_a_sheet_that_is_none(tables, run, tmp_path):
    empty = tmp_path / "in.tsv"
    empty.write_text("paper\tsubject\n\t\n")
    assert "no rows; fill one line" in run("--data", str(tables), "add", str(empty))[2]
    empty.write_bytes(b"paper\n\xff\n")
    assert "save it as UTF-8" in run("--data", str(tables), "add", str(empty))[2]
    (tmp_path / "x.xlsx").write_bytes(b"PK no")
    code, _, err = run("--data", str(tables), "add", str(tmp_path / "x.xlsx"))
    assert (code, "is no .xlsx workbook" in err) == (5, True)
    book = openpyxl.Workbook()
    book.save(tmp_path / "y.xlsx")
    assert "no sheet named `rows`" in run("--data", str(tables), "add", str(tmp_path / "y.xlsx"))[2]
    code, _, err = run("--data", str(tables), "add", "--table", "claimz")
    assert (code, "Did you mean: claims?" in err) == (3, True)


def test_the_template_is_filled_and_read(tables, run, tmp_path):
    file = tmp_path / "findings.xlsx"
    code, _, err = run("--data", str(tables), "add", "--template", str(file))
    assert code == 0
    assert "fill the sheet `rows`" in err
    again = tmp_path / "again.xlsx"
    run("--data", str(tables), "add", "--template", str(again))
    assert file.read_bytes() == again.read_bytes()
    book = openpyxl.load_workbook(file)
    assert book.sheetnames == ["rows", "papers", "explanation", "lists"]
    rows = book["rows"]
    names = [cell.value for cell in rows[1]]
    rules = {str(rule.sqref): rule for rule in rows.data_validations.dataValidation}
    letter = rows.cell(1, names.index("system") + 1).column_letter
    rule = rules[f"{letter}2:{letter}1000"]
    column = re.fullmatch(r"lists!\$([A-Z]+)\$2:\$\1\$(\d+)", rule.formula1)
    listed = [book["lists"][f"{column[1]}{n}"].value for n in range(1, int(column[2]) + 1)]
    assert (listed[0], rule.errorStyle) == ("system", "stop")
    assert "in vitro" in listed
    assert "meta-analysis" in listed
    meanings = {line[0]: line[2] for line in book["explanation"].iter_rows(values_only=True)}
    assert set(names) <= set(meanings)
    for name, value in (SHEET | {"paper": "10.1000/new"}).items():
        rows.cell(2, names.index(name) + 1, value)
    heads = [cell.value for cell in book["papers"][1]]
    book["papers"].cell(2, heads.index("doi") + 1, "10.1000/NEW")
    book["papers"].cell(2, heads.index("year") + 1, 2021)  # a number, as a spreadsheet program makes of it
    book["papers"].cell(2, heads.index("kind") + 1, "review")
    book.save(file)
    code, out, _ = run("--data", str(tables), "add", str(file), "--yes")
    assert code == 0
    assert "+ doi:10.1000/new\t10.1000/new\t\t\t2021\t\t\treview" in out
    assert curation.check(tables) == []
    rows.cell(3, names.index("statement") + 1, "=1+1")
    book.save(file)
    assert "a formula '=1+1'; write the text" in run("--data", str(tables), "add", str(file))[2]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("doi:10.1002/1529-0131(199905)42:5<963::AID-ANR15>3.0.CO;2-E", {"doi": "10.1002/1529-0131(199905)42:5<963::aid-anr15>3.0.co;2-e"}),
        ("(https://doi.org/10.1000/a(b)c)", {"doi": "10.1000/a(b)c"}),
        ("https://doi.org/10.1000%2Fx", {"doi": "10.1000/x"}),
        ("https://pmc.ncbi.nlm.nih.gov/articles/pmc3531190/", {"pmcid": "PMC3531190"}),
        ("https://pubmed.ncbi.nlm.nih.gov/123/", {"pmid": "123"}),
        ("pubmed:123", {"pmid": "123"}),
        (" 123 ", {"pmid": "123"}),
        ("Smith 2012", {}),
        ("", {}),
    ],
)  # fmt: skip
def test_identifiers_in_what_is_pasted(text, found):
    assert identifiers(text) == found


def test_drafts(tables, small_graph):
    known, _ = curation.read_tables(tables)
    vocabulary = small_graph.vocabulary
    assert known_paper(known, {"pmid": "101"})["publication"] == "doi:10.1000/one"
    assert known_paper(known, {"pmid": "999"}) is None
    assert [paper_key(each) for each in ({"pmid": "1", "pmcid": "PMC1"}, {"pmcid": "PMC1"}, {})] == [
        "pubmed:1",
        "pmc:PMC1",
        "",
    ]
    assert table_of(known, {"subject": "MSC", "object": "SLE"}) == "claims"
    assert table_of(known, {"subject": "human", "object": "SLE"}) == ""
    row = {"subject": "MSC", "predicate": "ameliorates", "object": "SLE", "mediator": "IDO1; MSC; nobody",
           "mediator_test": "blockade", "publication": "pmc:PMC3"}  # fmt: skip
    assert [(leg["subject"], leg["predicate"], leg["object"]) for leg in legs(row, vocabulary)] == [
        ("MSC", "secretes", "IDO1"),
        ("IDO1", "protects_against", "SLE"),
    ]
    assert legs(row | {"mediator_test": "blockade without effect"}, vocabulary) == []
    assert legs(row | {"leg_of": "MSC -> SLE"}, vocabulary) == []
    harm = legs(row | {"predicate": "exacerbates", "mediator": "Th17 cell"}, vocabulary)
    assert [(leg["predicate"], leg["aspect"]) for leg in harm] == [
        ("positively_regulates", "abundance"),
        ("contributes_to", ""),
    ]
    told = [row, *(leg | {"publication": "pmc:PMC3"} for leg in legs(row, vocabulary)[:1])]
    assert [leg["subject"] for _, leg in missing_legs(told, known, vocabulary)] == ["IDO1"]
    against = {
        "subject": "MSC",
        "predicate": "ameliorates",
        "object": "SLE",
        "direction": "refutes",
        "publication": "x",
    }
    kinds = [each.kind for each in likenesses(small_graph.assertions, against, vocabulary)]
    assert kinds == ["contrary", "same"]


def test_a_row_of_another_name_is_not_changed(tables):
    from kg.editing import Change, try_out

    with pytest.raises(CurationError, match="no row doi:10"):
        try_out(tables, [Change("publications", {"year": "1999"}, key="doi:10.1000/nine")])
    assert changes_of  # imported for its faults above
