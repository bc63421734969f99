"""Keep the documentation true: `python scripts/docs.py` writes, `python scripts/docs.py --check` only compares.

In README.md and docs/*.md each ```console block that starts with `$ kg ...` gets the real output of that line on the
bundled data; docs/commands.md is written from the commands' own help, and docs/queries.md
from the catalogue and its answers.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click

from kg.catalogue import GROUPS, catalogue
from kg.cli import cli
from kg.dataset import load
from kg.sources import write_text
from kg.sparql import table

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(
    r"(?P<head>```console\n\$ (?P<line>kg [^\n]+)\n)(?P<body>.*?)(?P<end>^```$)", re.DOTALL | re.MULTILINE
)
INTRODUCTION = """\
# Commands

Written by `scripts/docs.py` from the commands' own help; `kg COMMAND --help` prints the same. Answers go to standard
output, talk goes to standard error. Names are those of `ontology/entities.tsv`, their synonyms or CURIEs, in any case.

| exit code | meaning |
|---|---|
| 0 | done; an empty answer is an answer |
| 1 | the tables have problems, rows cannot be written, or papers differ from their records (`kg verify`) |
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


def output(line: str) -> str:
    """What a command line prints, as a shell runs it in the root of the checkout."""
    bin_folder = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "110",
        "LC_ALL": "C.UTF-8",
    }
    done = subprocess.run(["bash", "-c", line], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 141):
        sys.exit(f"`{line}` failed with {done.returncode}:\n{done.stderr}")
    return done.stdout


def filled(text: str) -> str:
    """A page with the output of each of its command lines."""
    return BLOCK.sub(lambda match: match["head"] + output(match["line"]) + match["end"], text)


def commands() -> str:
    """The page of all commands."""
    parts = [INTRODUCTION]
    root = click.Context(cli, info_name="kg", **cli.context_settings)
    for name in [None, *cli.list_commands(root)]:
        command = cli if name is None else cli.get_command(root, name)
        assert command is not None
        settings = {**cli.context_settings, "max_content_width": 100, "terminal_width": 100}
        with click.Context(command, info_name=name or "kg", parent=root if name else None, **settings) as context:
            parts.append(
                f"\n## {'kg' if name is None else f'kg {name}'}\n\n```text\n{command.get_help(context)}\n```\n"
            )
            if name and isinstance(command, click.Group):
                for part, each in sorted(command.commands.items()):
                    with click.Context(each, info_name=part, parent=context, **settings) as inner:
                        parts.append(f"\n### kg {name} {part}\n\n```text\n{each.get_help(inner)}\n```\n")
    return "".join(parts)


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
