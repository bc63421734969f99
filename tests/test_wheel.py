"""The wheel: installed into a clean environment outside the checkout, `kg` answers from the tables it carries."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """The wheel, built from what git would check out and nothing else."""
    place = tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (place / "source" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / "source" / name)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place / "dist")],
        cwd=place / "source",
        check=True,
        capture_output=True,
    )
    (built,) = (place / "dist").glob("*.whl")
    return built


def test_wheel_holds_tables_queries_templates_and_licences(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for needed in (
        "kg/_data/ontology/mscim.ttl",
        "kg/_data/ontology/shapes.ttl",
        "kg/_data/ontology/entities.tsv",
        "kg/_data/triples/publications.tsv",
        "kg/_data/triples/studies.tsv",
        "kg/queries/mediators-of.rq",
        "kg/templates/page/base.html.j2",
        "kg/templates/page/page.css",
        "kg/templates/page/page.js",
        "kg/templates/page/icon.svg",
        "kg/templates/view.html.j2",
        "kg/templates/view.js",
        "kg/templates/graph.js",
        "kg/templates/chart.js",
        "kg/templates/view.css",
        "kg/vendor/vis-network.min.js",
        "kg/vendor/VENDOR.toml",
        "kg/py.typed",
    ):
        assert needed in names
    assert sum(name.startswith("kg/_data/triples/") and name.endswith(".tsv") for name in names) >= 7
    licences = [name for name in names if ".dist-info/licenses/" in name]
    assert any(name.endswith("LICENSE") for name in licences)
    assert any(name.endswith("LICENSE-DATA") for name in licences)
    assert any(name.endswith("vis-network-LICENSE-MIT") for name in licences)
    assert any(name.endswith("vis-network-LICENSE-APACHE-2.0") for name in licences)
    assert not [name for name in names if name.startswith(("tests/", "scripts/"))]


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """The programs of a new environment with the wheel. Its dependencies are lent, so that no network is needed."""
    place = tmp_path_factory.mktemp("clean")
    venv.create(place / "env", with_pip=True)
    site = next((place / "env" / "lib").glob("python*/site-packages"))
    (place / "lent").mkdir()
    for path in (Path(sys.prefix) / "lib" / site.parent.name / "site-packages").iterdir():
        if not path.name.startswith(("kg", "mscim", "_editable", "pip", "__pycache__")) and path.suffix != ".pth":
            (place / "lent" / path.name).symlink_to(path)
    (site / "lent.pth").write_text(f"{place / 'lent'}\n")
    pip = [str(place / "env" / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True, cwd=place)
    return place / "env" / "bin"


def run(installed: Path, *arguments: str, **options) -> subprocess.CompletedProcess[str]:
    folder = options.pop("cwd", installed.parent.parent)
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("KG_", "PYTHON"))}
    environment["KG_CACHE"] = str(installed.parent.parent / "cache")
    return subprocess.run(
        [str(installed / arguments[0]), *arguments[1:]],
        capture_output=True,
        text=True,
        cwd=folder,
        env=environment,
        check=False,
    )


def test_kg_is_the_wheels_and_not_the_checkouts(installed):
    done = run(
        installed, "python", "-c", "import kg; from kg.sources import bundled; print(kg.__file__, bundled(), sep='|')"
    )
    module, data = done.stdout.strip().split("|")
    assert str(ROOT) not in module
    assert data.endswith("kg/_data")


def test_kg_answers_outside_the_checkout(installed, graph, tmp_path):
    done = run(installed, "kg", "trace", "MSC", "SLE", "--view", "picture.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert graph.data_version in done.stdout
    assert "Routes that ameliorate SLE" in done.stdout
    assert (tmp_path / "picture.html").stat().st_size > 100_000
    assert [path.name for path in tmp_path.iterdir()] == ["picture.html"]


def test_every_command_starts_from_the_wheel(installed):
    for arguments in (["search", "Th17"], ["show", "IDO1"], ["query", "mediators-of"], ["check"], ["--version"]):
        done = run(installed, "kg", *arguments)
        assert done.returncode == 0, (arguments, done.stderr)


def test_nothing_is_written_into_the_installation(installed, wheel):
    site = next((installed.parent / "lib").glob("python*/site-packages"))
    names = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("kg/")}
    found = {
        str(path.relative_to(site))
        for path in (site / "kg").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert found == names
