"""Keep the documentation true: `python scripts/docs.py` writes, `python scripts/docs.py --check` only compares.

In README.md and docs/*.md each ```console block that starts with `$ kg ...` gets the real output of that line on the
bundled data; docs/commands.md is written from the commands' own help.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click

from kg.cli import cli
from kg.sources import write_text

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
| 1 | the tables have problems (`kg check`, `kg format --check`, or a build from faulty tables) |
| 2 | wrong usage: an unknown command or option |
| 3 | an unknown or ambiguous name |
| 4 | a SPARQL query that is malformed or refused |
| 5 | something cannot be read or written, or is damaged |
| 130 | interrupted; nothing is left half-written |
"""


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
    return "".join(parts)


def main() -> int:
    """Write or compare; 1 when something differs and only comparing was asked."""
    only = sys.argv[1:] == ["--check"]
    stale = []
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    for page in pages:
        before = page.read_text(encoding="utf-8")
        after = commands() if page.name == "commands.md" else filled(before)
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
