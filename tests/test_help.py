"""What all commands have in common: help with an example and exit codes, three formats, completion, colours, progress."""

from __future__ import annotations

import json
import os
import pty
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from kg.catalogue import catalogue
from kg.centrality import MEASURES
from kg.cli import CODES, cli

from .test_cli import run

__all__ = ["run"]  # a fixture

ROOT = Path(__file__).resolve().parent.parent
CONTEXT = click.Context(cli, info_name="kg")
COMMANDS = {name: cli.get_command(CONTEXT, name) for name in cli.list_commands(CONTEXT)}
for group in [name for name, each in COMMANDS.items() if isinstance(each, click.Group)]:
    COMMANDS |= {f"{group} {name}": each for name, each in COMMANDS[group].commands.items()}
PROGRAM = [sys.executable, "-m", "kg.cli"]


def shown(name: str) -> str:
    command = COMMANDS[name]
    with click.Context(command, info_name=name, parent=CONTEXT) as context:
        return command.get_help(context)


def options(name: str) -> dict[str, click.Option]:
    return {flag: each for each in COMMANDS[name].params for flag in each.opts}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_that_parses_and_says_where_exit_codes_stand(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = shown(name)
    assert "Exit codes: `kg --help`" in text or "Exit codes:\n" in text
    examples = [line.strip() for line in text.splitlines() if re.match(rf" +kg (--data \S+ )?{name}\b", line)]
    assert examples
    for line in examples:
        words = shlex.split(re.split(r"\s{3,}", line)[0])[1:]
        words = words[2:] if words[0] == "--data" else words
        for word in words:
            if re.fullmatch(r"[\w.-]+\.(tsv|xlsx)", word):
                (tmp_path / word).touch()
            if word == "my-terms":
                (tmp_path / word).mkdir(exist_ok=True)
        if not isinstance(COMMANDS[name], click.Group):  # raises when an option is unknown
            COMMANDS[name].make_context(name, words[len(name.split()) :], parent=CONTEXT)
    for each in COMMANDS[name].params:
        if isinstance(each, click.Option):
            assert each.help, each.name


def test_help_of_kg_has_all_exit_codes():
    with click.Context(cli, info_name="kg") as context:
        text = cli.get_help(context)
    listed = {int(code) for code in re.findall(r"^    (\d+)  ", text, re.MULTILINE)}
    assert listed == {0, 2, 130, *(code for _, code in CODES)}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_that_prints_data_has_three_formats(name):
    """Those without write files: what -o names, or the tables, with --dry-run; or they are groups, or serve."""
    known = options(name)
    if "--format" in known:
        assert {"tsv", "json"} <= set(known["--format"].type.choices)
        assert {"table", "text"} & set(known["--format"].type.choices)
    else:
        assert {"-o", "--dry-run"} & known.keys() or name == "serve" or isinstance(COMMANDS[name], click.Group)


ASKED = {
    "build": ["-o", "FOLDER"],
    "centrality": ["--measure", "degree"],
    "communities": [],
    "compare": ["SLE", "lupus nephritis"],
    "disagreements": ["MSC"],
    "evidence": ["MSC"],
    "gaps": ["SLE"],
    "query": ["ASK { ?s ?p ?o }"],
    "search": ["cell"],
    "show": ["MSC"],
    "stats": [],
    "studies": [],
    "trace": ["MSC", "SLE"],
}


@pytest.mark.parametrize("name", sorted({*ASKED, "check", "doctor", "format"}))
def test_formats_are_what_they_say(name, small, tmp_path, run):
    words = [str(tmp_path / "built") if word == "FOLDER" else word for word in ASKED.get(name, [])]
    code, out, _ = run("--data", str(small), name, *words, "--format", "json")
    assert code == 0
    assert isinstance(json.loads(out), dict)
    code, out, _ = run("--data", str(small), name, *words, "--format", "tsv")
    assert code == 0
    if name != "query":  # an ASK has no rows in TSV
        assert len({line.count("\t") for line in out.splitlines()}) == 1
    code, out, err = run("--data", str(small), name, *words, "--format", "yaml")
    assert (code, out) == (2, "")
    assert "--format" in err


def test_problems_and_changes_in_three_formats(small, run):
    path = small / "triples" / "claims.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([lines[0], *reversed(lines[1:])]).replace("PGE2", "PGE9", 1) + "\n", encoding="utf-8")
    code, out, err = run("--data", str(small), "check", "--format", "json")
    rows = json.loads(out)["rows"]
    assert (code, rows[0]["file"], "problem" in err) == (1, "triples/claims.tsv", True)
    plain = run("--data", str(small), "check")[1].splitlines()
    assert plain == [f"{row['file']}:{row['line']}:{row['column']}: {row['message']}" for row in rows]
    path.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n", encoding="utf-8")
    code, out, _ = run("--data", str(small), "format", "--check", "--format", "tsv")
    assert (code, out) == (1, "file\twhat\ntriples/claims.tsv\twould change\n")


def completed(words: str) -> list[str]:
    """What a shell offers for the last word."""
    *before, last = words.split(" ")[1:]
    found = ShellComplete(cli, {}, "kg", "_KG_COMPLETE").get_completions(before, last)
    return [each.value for each in found]


def test_commands_options_and_values_are_completed():
    assert completed("kg tr") == ["trace"]
    assert completed("kg se") == ["search", "serve"]
    assert {"--block", "--format", "--via"} <= set(completed("kg trace --"))
    assert completed("kg trace --format j") == ["json"]
    assert completed("kg query mediators-") == [name for name in catalogue() if name.startswith("mediators-")]
    assert completed("kg centrality --measure route-") == [name for name in MEASURES if name.startswith("route-")]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_documented_lines_of_completion_work(shell):
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert f"_KG_COMPLETE={shell}_source kg" in page


def on_terminal(arguments: list[str], stream: str, **environment: str) -> tuple[bytes, bytes]:
    """What `kg` writes to one stream that is a terminal, and to the other that is a pipe."""
    master, slave = pty.openpty()
    other = "stdout" if stream == "stderr" else "stderr"
    kept = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    with subprocess.Popen(
        [*PROGRAM, *arguments], env={**kept, "TERM": "xterm", **environment}, **{stream: slave, other: subprocess.PIPE}
    ) as process:
        os.close(slave)
        seen = bytearray()
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            seen += part
        os.close(master)
        rest = getattr(process, other).read()
    assert process.returncode == 0
    return bytes(seen), rest


def test_colours_stay_off_with_no_color(graph):
    coloured, _ = on_terminal(["show", "IDO1"], "stdout")
    plain, _ = on_terminal(["show", "IDO1"], "stdout", NO_COLOR="1")
    assert b"\x1b[1m" in coloured
    assert b"\x1b[" not in plain
    assert re.sub(rb"\x1b\[[0-9;]*m", b"", coloured) == plain


def test_progress_goes_to_standard_error_and_only_to_a_terminal(graph):
    words = ["trace", "MSC", "SLE", "-k", "1", "--null", "2", "--format", "json"]
    bar, answer = on_terminal(words, "stderr")
    assert b"shuffling" in bar
    assert b"shuffling" not in answer
    json.loads(answer)
    done = subprocess.run([*PROGRAM, *words], capture_output=True, check=True)
    assert done.stderr == b""
    assert done.stdout == answer
