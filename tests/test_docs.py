"""The documentation: its links lead somewhere, its commands exist, and its two commands are those of the set-up."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from kg.cli import cli

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("triples/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http://", "https://")):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_that_is_named_exists(page):
    for name in re.findall(r"(?:^|`|\$ )kg ([a-z]+)", page.read_text(encoding="utf-8"), re.MULTILINE):
        assert name in cli.list_commands(None), name


def test_documentation_is_what_the_program_prints():
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "docs.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_two_commands_of_the_readme_are_the_set_up():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"^python3 (scripts/\S+) (\w+)", readme, re.MULTILINE)
    assert commands == [("scripts/start.py", "run"), ("scripts/start.py", "test")]
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().endswith("scripts/start.py test")


def test_versions_agree():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert f"version: {project['version']}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {project['version']} (" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_python_example_of_the_readme_runs(capsys):
    code = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert code is not None
    exec(compile(code[1], "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert all("doi:" in line or "pmc:" in line or "pubmed:" in line for line in lines)


@pytest.mark.parametrize("name", ["terms.md", "entities.md"])
def test_links_within_the_pages_of_terms_lead_somewhere(name):
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    anchors = re.findall(r'<a id="([^"]+)">', text)
    assert len(anchors) == len(set(anchors)) > 100
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= set(anchors)


def test_every_own_term_has_its_place(graph):
    terms, entities = ((ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("terms.md", "entities.md"))
    ontology = graph.vocabulary.ontology
    for iri in [*ontology.term_iris.values(), *(f"x/{name}" for name in ontology.predicates | ontology.superclasses)]:
        assert f'<a id="{iri.rpartition("/")[2]}">' in terms, iri
    for entity in graph.vocabulary.entities.values():
        if entity.grounding == "local":
            assert f'<a id="{entity.curie.partition(":")[2]}">' in entities, entity.name
