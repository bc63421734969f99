"""Keep the documentation true: `python scripts/docs.py` writes, `python scripts/docs.py --check` only compares.

In README.md and docs/*.md each ```console block that starts with `$ kg ...` or `$ curl ...` gets the real output of
that line on the bundled data, and a ```text block right below a ```python block what the code prints; what speaks to
127.0.0.1:8000 speaks to a server started for it. Parts between `<!-- counted: NAME -->` and `<!-- end -->` come from
scripts/counted.py, docs/commands.md from the commands' own help, docs/queries.md from the catalogue and its answers.
"""

from __future__ import annotations

import atexit
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path

import click
from counted import COUNTED

from kg.catalogue import GROUPS, catalogue
from kg.cli import cli
from kg.dataset import load
from kg.sources import write_text
from kg.sparql import table

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```console\n\$ (?P<text>(?:kg|curl) .*?)^```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(
    r"(?P<head>```python\n(?P<line>(?:(?!^```).)*)^```\n\n```text\n)(?P<body>.*?)(?P<end>^```$)",
    re.DOTALL | re.MULTILINE,
)
PART = re.compile(
    r"(?P<head><!-- counted: (?P<name>[a-z ]+) -->\n\n)(?P<body>.*?)(?P<end>^<!-- end -->$)", re.DOTALL | re.MULTILINE
)
ADDRESS = "127.0.0.1:8000"
INTRODUCTION = """\
# Commands

Written by `scripts/docs.py` from the commands' own help; `kg COMMAND --help` prints the same. Answers go to standard
output, talk goes to standard error. Names are those of `ontology/entities.tsv`, their synonyms or CURIEs, in any case.

| exit code | meaning |
|---|---|
| 0 | done; an empty answer is an answer |
| 1 | the tables have problems (`kg check`, `kg format --check`, or a build from faulty tables) |
| 2 | wrong usage: an unknown command or option |
| 3 | an unknown or ambiguous name |
| 4 | a SPARQL query that is malformed or refused |
| 5 | something cannot be read or written, or is damaged |
| 130 | interrupted; nothing is left half-written |

Colours are printed on a terminal only. For completion of commands and options, put the line of your shell into its
start-up file:

```text
bash   eval "$(_KG_COMPLETE=bash_source kg)"          in ~/.bashrc (bash 4.4 or newer)
zsh    eval "$(_KG_COMPLETE=zsh_source kg)"           in ~/.zshrc
fish   _KG_COMPLETE=fish_source kg | source           in ~/.config/fish/completions/kg.fish
```
"""
COOKBOOK = """\
# Questions in SPARQL

Written by `scripts/docs.py` from `kg/queries` and the bundled tables. Each question is run by its name, with other
values of its parameters if you like; a value is a name, a synonym or a CURIE, a class of the ontology, or the CURIE of
a paper. Each answer takes less than 300 ms of processor time (tested), and each is worked out a second time from the
tables in the tests.

```text
kg query --list                                      all of them, by keyword
kg query mediators-of --param disease=RA             an answer; --format csv, tsv, json, xml
kg export examples -o examples.ttl                   the catalogue as RDF, in the form of SIB's sparql-examples
```

In Python `kg.load().ask("mediators-of", {"disease": "RA"})` gives the same solutions. The texts are a start for your
own queries: the data model is described in [data-model.md](data-model.md).
"""
SHOWN = 4  # rows of each answer in the cookbook


def output(command: Sequence[str], written: str) -> str:
    """What a program prints, as a shell runs it in the root of the checkout."""
    bin_folder = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "110",
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 141):
        sys.exit(f"`{written}` failed with {done.returncode}:\n{done.stderr}")
    return done.stdout


@cache
def served() -> str:
    """Host and port of a server on the bundled data, which ends with this program."""
    command = [sys.executable, "-m", "kg.cli", "serve", "--port", "0", "--workers", "1", "--log", "none"]
    server = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    atexit.register(server.wait)
    atexit.register(server.terminate)
    assert server.stderr is not None
    for line in server.stderr:
        if match := re.search(r"http://(\S+?)/sparql", line):
            return match[1]
    sys.exit("`kg serve` ended before it answered")


def run(line: str, code: bool = False) -> str:
    """What a line of the shell, or code in Python, prints; a server answers where it names one."""
    asked = line.replace(ADDRESS, served()) if ADDRESS in line else line
    command = [sys.executable, "-c", asked] if code else ["bash", "-c", asked]
    printed = output(command, line)
    printed = printed.replace(served(), ADDRESS) if ADDRESS in line else printed
    return printed if printed.endswith("\n") or not printed else f"{printed}\n"


def command_of(text: str) -> str:
    """The command at the head of a text: lines until all quotes are closed and none ends in a backslash."""
    lines = text.splitlines()
    for number in range(1, len(lines) + 1):
        command = "\n".join(lines[:number])
        if not command.endswith("\\"):
            with suppress(ValueError):
                shlex.split(command)
                return command
    sys.exit(f"a quote is not closed: {lines[0]}")


def filled(text: str) -> str:
    """A page with the output of each of its command lines and programs, and its counted parts."""

    def answered(match: re.Match[str]) -> str:
        line = command_of(match["text"])
        return f"```console\n$ {line}\n{run(line)}```"

    text = BLOCK.sub(answered, text)
    text = CODE.sub(lambda match: match["head"] + run(match["line"], code=True) + match["end"], text)
    return PART.sub(lambda match: f"{match['head']}{COUNTED[match['name']]().strip()}\n\n{match['end']}", text)


def commands() -> str:
    """The page of all commands, those of a group below it."""
    return INTRODUCTION + "".join(described(cli, None, "kg"))


def described(command: click.Command, parent: click.Context | None, name: str) -> Iterator[str]:
    """The help of a command, then of the commands in it."""
    settings = {**cli.context_settings, "max_content_width": 100, "terminal_width": 100}
    with click.Context(command, info_name=name, parent=parent, **settings) as context:
        yield f"\n## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
        for each in command.list_commands(context) if isinstance(command, click.Group) else ():
            inner = command.get_command(context, each)
            assert inner is not None
            yield from described(inner, context, each)


def cookbook() -> str:
    """The page of all questions that ship, each with the first rows of its answer."""
    graph = load()
    parts, group = [COOKBOOK], ""
    for query in catalogue().values():
        if query.group != group:
            group = query.group
            parts.append(f"\n## {GROUPS[group]}\n")
        names, rows = table(graph.ask(query.name), graph.vocabulary.ontology.prefixes)
        asked = "".join(f" --param {shlex.quote(f'{name}={value}')}" for name, value in query.defaults.items())
        parts.append(f"\n### {query.title}\n\n`kg query {query.name}{asked}`\n\n")
        lines = [names, ["---"] * len(names), *rows[:SHOWN]]
        parts += [f"| {' | '.join(map(cell, line))} |\n" for line in lines]
        rest = len(rows) - SHOWN
        parts.append(f"\n{f'... and {rest} more. ' if rest > 0 else ''}Keywords: {', '.join(query.keywords)}.\n")
    return "".join(parts)


def cell(text: str) -> str:
    """A cell of a table: one line, no bars, at most 60 characters."""
    plain = " ".join(text.split()).replace("|", "\\|")
    return plain if len(plain) <= 60 else f"{plain[:59]}…"


WRITTEN = {"commands.md": commands, "queries.md": cookbook}


def main() -> int:
    """Write or compare; 1 when something differs and only comparing was asked."""
    only = sys.argv[1:] == ["--check"]
    stale = []
    whole = {ROOT / "docs" / name for name in WRITTEN}
    pages = [ROOT / "README.md", *sorted({*(ROOT / "docs").glob("*.md"), *whole})]
    for page in pages:
        before = page.read_text(encoding="utf-8") if page.exists() else ""
        after = WRITTEN[page.name]() if page in whole else filled(before)
        if after != before:
            stale.append(page.relative_to(ROOT).as_posix())
            if not only:
                write_text(page, after)
    for name in stale:
        print(f"{'stale' if only else 'written'}: {name}")
    if only and stale:
        print("run `python scripts/docs.py` in the project's environment", file=sys.stderr)
    return int(only and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
