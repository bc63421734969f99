"""The commands about the data and the installation, as a user types them."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_cli import on_small, run

__all__ = ["on_small", "run"]  # fixtures
ROOT = Path(__file__).resolve().parent.parent


def rows(out: str) -> list[list[str]]:
    return [line.split("\t") for line in out.splitlines()]


def test_studies_listed(run):
    code, out, err = run("studies", "--disease", "SSc", "--people", "--sort", "outcome")
    assert code == 0
    assert out.splitlines()[0].split()[:4] == ["year", "disease", "design", "patients"]
    assert "no difference" in out
    assert re.search(r"kg: \d+ studies: \d+ improved, \d+ mixed, \d+ no difference, \d+ worse, \d+ not reported", err)
    answer = json.loads(run("studies", "--disease", "SSc", "--people", "--format", "json")[1])
    assert answer["command"] == "kg studies --disease SSc --people"
    star = next(row for row in answer["rows"] if row["registry_id"] == "NCT02396238")
    assert (star["outcome"], star["patients"]) == ("no difference", "88")
    assert star["page"] == "https://clinicaltrials.gov/study/NCT02396238"
    assert isinstance(star["claims"], list)
    held = (ROOT / "triples" / "studies.tsv").read_text(encoding="utf-8").splitlines()
    assert len(rows(run("studies", "--format", "tsv")[1])) == len(held)
    assert "... " in run("studies", "-k", "2")[1]


def test_studies_counted(run):
    code, out, _ = run("studies", "--people", "--group", "disease", "--group", "route", "--format", "tsv")
    table = rows(out)
    assert code == 0
    assert table[0][:4] == ["disease", "route", "studies", "patients"]
    assert table[0][4:] == ["improved", "mixed", "no difference", "worse", "not reported"]
    assert all(sum(map(int, row[4:])) == int(row[2]) for row in table[1:])
    body = json.loads(run("studies", "--group", "outcome", "--format", "json")[1])
    assert {row["outcome"]: row["studies"] for row in body["rows"]}["no difference"] == 10
    assert body["command"] == "kg studies --group outcome"


def test_stats(run):
    code, out, _ = run("stats", "-k", "3")
    assert code == 0
    assert "By disease: the disease in which it was seen" in out
    assert "more; -k" in out
    assert "Publications: how many have each field" in out
    one = run("stats", "--disease", "pSS", "--by", "system", "--format", "tsv")[1]
    assert rows(one)[0] == ["by", "name", "claims", "findings", "papers"]
    assert {row[0] for row in rows(one)[1:]} == {"system"}
    alone = run("stats", "--by", "direction")[1]
    assert "Publications" not in alone
    body = json.loads(run("stats", "--format", "json")[1])
    assert body["totals"]["findings"] == sum(row["findings"] for row in body["rows"] if row["by"] == "direction")


def test_communities(run):
    code, out, _ = run("communities", "--disease", "SLE", "-k", "2")
    assert code == 0
    assert re.match(r"\d+ groups; modularity 0\.\d{3}", out)
    assert "things around" in out
    assert "more; -k" in out
    assert len(run("communities", "--disease", "SLE", "-k", "2", "--members")[1]) > len(out)
    body = json.loads(run("communities", "--disease", "SLE", "--format", "json")[1])
    table = rows(run("communities", "--disease", "SLE", "--format", "tsv")[1])
    assert [row[2] for row in table[1:]] == [name for each in body["rows"] for name in each["members"]]
    assert body["command"] == "kg communities --disease SLE"


def test_doctor(run, tmp_path):
    code, out, _ = run("doctor")
    assert code == 0
    assert re.search(r"^pyoxigraph +ok ", out, re.MULTILINE)
    assert rows(run("doctor", "--format", "tsv")[1])[0] == ["part", "state", "what"]
    assert json.loads(run("doctor", "--format", "json")[1])["rows"][0]["part"] == "python"
    code, out, _ = run("--data", str(tmp_path), "doctor")
    assert code == 5
    assert "missing" in out


def test_commands_of_the_module_are_imported_when_asked_for_and_not_before():
    code = (
        "import sys, kg.cli; print(sorted(m for m in sys.modules if m.startswith(('kg.', 'networkx', 'pyoxigraph'))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout == "['kg.cli', 'kg.errors', 'kg.text']\n"


def program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    code = "from kg.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_of_a_shell(shell):
    done = program(_KG_COMPLETE=f"{shell}_source")
    assert done.returncode == 0
    assert "_kg_completion" in done.stdout


def test_completion_knows_all_commands():
    done = program(_KG_COMPLETE="bash_complete", COMP_WORDS="kg st", COMP_CWORD="1")
    assert done.stdout.split() == ["plain,stats", "plain,studies"]


def test_colours_on_a_terminal_only(graph):
    assert "\x1b[" not in program("doctor").stdout
    master, slave = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | {"TERM": "xterm"}
    code = "from kg.cli import main; main(['doctor'])"
    with subprocess.Popen([sys.executable, "-c", code], stdout=slave, cwd=ROOT, env=environment) as child:
        child.wait(60)
    os.close(slave)
    shown = os.read(master, 100_000).decode()
    os.close(master)
    assert "\x1b[32mok" in shown
