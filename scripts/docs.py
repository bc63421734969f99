"""Keep the documentation true: `python scripts/docs.py` writes, `python scripts/docs.py --check` only compares.

In README.md and docs/*.md each ```console block that starts with `$ kg ...` or `$ curl ...` gets the real output of
that line on the bundled data, and a ```text block right below a ```python block what the code prints; what speaks to
127.0.0.1:8000 speaks to a server started for it. Parts between `<!-- counted: NAME -->` and `<!-- end -->` come from
scripts/counted.py, docs/commands.md from the commands' own help, docs/queries.md from the catalogue and its answers,
docs/terms.md and docs/entities.md from the ontology and the tables.
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
import rdflib
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
TERMS = """\
# Terms

Written by `scripts/docs.py` from `ontology/mscim.ttl`. Each term has the IRI `https://w3id.org/mscim/` and its name.
Entities that are our own stand in [entities.md](entities.md); how claims chain is explained in
[mechanisms.md](mechanisms.md).
"""
ENTITIES = """\
# Own entities

Written by `scripts/docs.py` from `ontology/entities.tsv`: the entities for which no identifier of an ontology elsewhere
was found, by class. Their IRI is `https://w3id.org/mscim/` and the name after `mscim:`. What a curator noted is all the
definition there is; where nothing stands, name, class and parents have to do.
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
        if match := re.search(r"http://(\S+?)/ has pages", line):
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


def terms() -> str:
    """The page of all terms of the ontology, by kind."""
    ontology = load().vocabulary.ontology
    parts = [TERMS, "\n## Predicates\n\nWhat may stand between subject and object, and what it says of the object.\n"]
    for each in ontology.predicates.values():
        signs = {1: "raises (1)", -1: "lowers (-1)", 0: "says nothing of direction (0)"}
        causal = {"yes": "cause", "no": "association or structure", "outcome": "outcome of a tested therapy"}
        borne = {"-": "none", "object": "the object's", "subject": "the subject's"}[each.bearer]
        aspect = f"{borne}{', and its polarity turns the sign' if each.polar else ''}"
        rows = [("sign", signs[each.sign]), ("kind", causal[each.causal]), ("aspect", aspect)]
        chained = {"yes": "a step", "no": "the last step at most", "outcome": "a whole route, when it names a mediator"}
        rows += [("in a chain", chained[each.causal] if each.sign else "no part, since it gives no direction")]
        rows += [("domain", classes(each.domain)), ("range", classes(each.range))]
        rows += [("inverse of", f"[{each.inverse}](#{each.inverse})")] if each.inverse else []
        parts.append(f"\n### {anchored(each.name)}\n\n{each.definition}\n\n| | |\n|---|---|\n")
        parts += [f"| {name} | {value} |\n" for name, value in rows]
    parts.append(
        "\n## Aspects\n\nWhat of a thing is raised or lowered. "
        "Polarity: more of it is more of the thing (1), or less (-1).\n\n"
    )
    lines = [("aspect", "polarity", "chains as", "process", "definition"), ("---",) * 5]
    for aspect_ in ontology.aspects.values():
        process = ontology.contract(aspect_.process) if aspect_.process else ""
        chained = f"[{aspect_.chains_as}](#chain_{aspect_.chains_as})"
        name = anchored(aspect_.name, f"aspect_{aspect_.name.replace(' ', '_')}")
        lines.append((name, str(aspect_.polarity), chained, process, aspect_.definition))
    parts += [f"| {' | '.join(line)} |\n" for line in lines]
    parts.append("\n## How aspects chain\n\nWhat the next claim may start from when a claim ends in the group.\n\n")
    lines = [("group", "next groups", "or an aspect not stated", "or one that lowers"), ("---",) * 4]
    for group in ontology.chains.values():
        said = [", ".join(sorted(group.into)), "yes" if group.unstated else "no", "yes" if group.lowering else "no"]
        lines.append((anchored(group.name, f"chain_{group.name}"), *said))
    parts += [f"| {' | '.join(line)} |\n" for line in lines]
    return "".join([*parts, *other_terms()])


def other_terms() -> list[str]:
    """Classes, lists of values and properties, each kind as a table."""
    graph = rdflib.Graph().parse(ROOT / "ontology" / "mscim.ttl", format="turtle")
    space, parts = rdflib.Namespace("https://w3id.org/mscim/"), []
    shown = {space.Aspect, space.ChainGroup, rdflib.OWL.NamedIndividual, rdflib.OWL.Class, rdflib.OWL.Ontology}
    kinds = {kind for kind in graph.objects(None, rdflib.RDF.type) if str(kind).startswith(str(space))} - shown
    headings = {
        rdflib.OWL.Class: "Classes",
        **{kind: f"{graph.value(kind, rdflib.RDFS.label)}: values" for kind in kinds},
    }
    headings |= {rdflib.OWL[f"{kind}Property"]: f"{kind} properties" for kind in ("Object", "Datatype", "Annotation")}
    for kind, heading in sorted(headings.items(), key=lambda item: (item[0] != rdflib.OWL.Class, str(item[0]))):
        rows = []
        for term in sorted(graph.subjects(rdflib.RDF.type, kind), key=str):
            local = str(term).removeprefix(str(space))
            if not str(term).startswith(str(space)) or (term, space.sign, None) in graph:
                continue
            above = sorted(str(o).removeprefix(str(space)) for o in graph.objects(term, rdflib.RDFS.subClassOf))
            numbers = [graph.value(term, space[name]) for name in ("error", "errorFactor", "stage", "value")]
            told = [", ".join(f"[{o}](#{o})" for o in above)] if kind == rdflib.OWL.Class else []
            told += [", ".join(str(n) for n in numbers if n is not None)] if kind in kinds else []
            label = str(graph.value(term, rdflib.RDFS.label))
            definition = str(graph.value(term, rdflib.SKOS.definition))
            rows.append([anchored(local), label, *told, definition.replace("|", "\\|")])
        names = [
            "term",
            "label",
            *(["within"] if kind == rdflib.OWL.Class else ["number"] if kind in kinds else []),
            "definition",
        ]
        parts.append(f"\n## {heading[0].upper()}{heading[1:]}\n\n")
        parts += [f"| {' | '.join(line)} |\n" for line in (names, ["---"] * len(names), *rows)]
    return parts


def entities() -> str:
    """The page of the entities that are our own, by class."""
    vocabulary = load().vocabulary
    own = [each for each in vocabulary.entities.values() if each.grounding == "local"]
    parts = [ENTITIES]
    for category in sorted({each.category for each in own}):
        rows = [each for each in own if each.category == category]
        parts.append(f"\n## {category}\n\n| name | identifier | kind of | synonyms | note |\n|---|---|---|---|---|\n")
        for each in sorted(rows, key=lambda entity: (entity.name.casefold(), entity.name)):
            parents = [vocabulary.entities[name] for name in each.parents]
            wider = ", ".join(f"{p.name} ({p.curie})" for p in parents)
            cells = [
                anchored(each.name, each.curie.partition(":")[2]),
                each.curie,
                wider,
                "; ".join(each.synonyms),
                each.note,
            ]
            parts.append(f"| {' | '.join(cell_.replace('|', chr(92) + '|') for cell_ in cells)} |\n")
    return "".join(parts)


def anchored(name: str, anchor: str = "") -> str:
    """A name that a link can lead to."""
    return f'<a id="{anchor or name}"></a>{name}'


def classes(names: frozenset[str]) -> str:
    """Classes as links, in order."""
    return ", ".join(f"[{name}](#{name})" for name in sorted(names))


WRITTEN = {"commands.md": commands, "entities.md": entities, "queries.md": cookbook, "terms.md": terms}


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
