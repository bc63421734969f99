"""What goes wrong around the program: full disks, kills, clocks, locales, homes, junk. Nothing is lost, the next run works."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import kg
from kg import curation, sources, store
from kg.errors import SourceError
from scripts.grow import grow

KG = [sys.executable, "-c", "from kg.cli import main; main()"]
OTHER = 54321  # a user that no system knows
ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals, users and mounts")
by_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root to be another user")


def run(*arguments: object, own: bool = True, **environment: str | None) -> subprocess.CompletedProcess[str]:
    """A whole process of `kg`; variables that are None are not set. With `own` False as a user without rights."""
    given = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        [*KG, *map(str, arguments)],
        env={name: value for name, value in given.items() if value is not None},
        capture_output=True,
        timeout=300,
        encoding="utf-8",
        check=False,
        **({} if own else {"user": OTHER, "group": OTHER, "extra_groups": []}),
    )


def no_traceback(done: subprocess.CompletedProcess[str], code: int, *said: str) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    for each in said:
        assert each in done.stderr


@pytest.fixture
def open_small(small, tmp_path):
    """The small tables, to be read by every user; `tmp_path` of pytest is for its owner alone."""
    for path in (tmp_path, *tmp_path.parents):
        if path.is_relative_to(Path("/tmp")) and path != Path("/tmp"):
            path.chmod(0o755)
    return small


# --- full disk -------------------------------------------------------------------------------------------------------

FULL = """
mount -t tmpfs -o size={size} tmpfs "{place}" || exit 99
"{python}" -c "from kg.cli import main; main()" --data "{data}" build -o "{place}/built"; echo "exit $?"
ls -A "{place}"
mount -o remount,size=200m "{place}" || exit 99
"{python}" -c "from kg.cli import main; main()" --data "{data}" build -o "{place}/built"; echo "exit $?"
ls -A "{place}"
"""


@pytest.mark.parametrize("size", ["16k", "200k", "400k"])
def test_full_disk(small, tmp_path, size):
    """A real small disk, in mounts of its own that go with the process; then the same place with room."""
    place = tmp_path / "disk"
    place.mkdir()
    text = FULL.format(size=size, place=place, data=small, python=sys.executable)
    command = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"]), "sh", "-c", text]
    if not shutil.which("unshare"):
        pytest.skip("unshare is not here")
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    if done.returncode == 99 or done.stderr.startswith("unshare:"):
        pytest.skip(f"this user may not mount: {done.stderr.strip()[:80]}")
    lines = done.stdout.splitlines()
    assert lines[0] == "exit 5"
    assert lines[-2:] == ["exit 0", "built"]
    assert [line for line in lines if not line.startswith(str(place))] == ["exit 5", "exit 0", "built"]
    assert "No space left on device); free some, or choose another place" in done.stderr
    assert "Traceback" not in done.stderr


def test_file_size_limit_while_a_dataset_is_replaced(small, tmp_path):
    """The same through a limit on files, which needs no rights; the old dataset stays."""
    folder = kg.build(small, tmp_path / "built")
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); from kg.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "--data", str(small), "build", "-o", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    no_traceback(done, 5, "cannot be written")
    assert store.manifest(folder)["entities"] == 17
    assert [path.name for path in tmp_path.iterdir() if path.name != "small"] == ["built"]


# --- junk and many faults --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["zeros", "text without a line end", "lines"])
def test_a_huge_file_of_junk_as_a_table(small, what):
    """One problem, from the first line alone: nobody waits, and the memory stays that of small tables."""
    path = small / "triples" / "junk.tsv"
    size = 100_000_000
    with open(path, "wb") as stream:
        if what == "zeros":
            stream.truncate(size)
        else:
            piece = b"x" * 27 if what.startswith("text") else b"junk of all sorts, one\ttab\n"
            for _ in range(100):
                stream.write(piece * (size // 100 // 27))
    code = (
        "import re, sys; from pathlib import Path; from kg import curation\n"
        "found = curation.check(Path(sys.argv[1]))\n"
        "peak = re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]\n"
        "print(len(found), int(peak) // 1024); print(found[0])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(small)], capture_output=True, text=True, check=True, timeout=120
    )
    counts, said = done.stdout.splitlines()
    number, megabytes = map(int, counts.split())
    assert number == 1
    assert megabytes < 200
    assert said.startswith("triples/junk.tsv:1:")
    assert len(said) < 1000


def test_many_broken_rows_are_told_in_order_and_not_all(tmp_path):
    """A twentieth of 8,500 rows: each problem once, in order, a page of them printed; names looked for in bounds."""
    rows = grow(tmp_path / "grown", 2, broken=0.05)
    problems = curation.check(tmp_path / "grown")
    assert problems == sorted(problems)
    assert rows * 0.04 < len(problems) < rows * 0.08
    done = run("--data", tmp_path / "grown", "check")
    no_traceback(done, 1, f"kg: {len(problems)} problems; the first 200 are shown, -k {len(problems)} shows all")
    assert done.stdout.splitlines() == [str(problem) for problem in problems[:200]]
    counts = [int(line.split()[1]) for line in done.stderr.splitlines()[1:]]
    assert sum(counts) == len(problems)
    assert len(run("--data", tmp_path / "grown", "check", "-k", "100000").stdout.splitlines()) == len(problems)


def test_hints_end_after_many_comparisons(small, monkeypatch):
    near = curation._Near()
    near.left = 30
    names = [f"name {n}" for n in range(20)]
    assert near("name 1x", names)
    assert near("name 2x", names)
    assert near("name 3x", names) == ()
    assert near("name 1x", names)  # known


def test_grown_tables_are_in_order(tmp_path):
    rows = grow(tmp_path / "grown", 3)
    assert curation.check(tmp_path / "grown") == []
    assert rows == 3 * len(curation.read_tables(ROOT)[0].evidence)


# --- two at once, and killed ------------------------------------------------------------------------------------------


def started(*arguments: object, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*KG, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_first_questions_at_once(small, tmp_path):
    """One builds, the others wait or come later; all answer, and one dataset is there."""
    cache = tmp_path / "cache"
    many = [started("--data", small, "search", "PGE2", KG_CACHE=str(cache)) for _ in range(4)]
    for process in many:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
        assert "CHEBI:15551" in out
    assert len(list(cache.iterdir())) == 1
    assert store.manifest(next(cache.iterdir()))["entities"] == 17


def test_who_finds_another_at_work_says_that_it_waits(small, tmp_path):
    with sources.alone(tmp_path / "cache"):
        process = started("--data", small, "build", KG_CACHE=str(tmp_path / "cache"))
        line = process.stderr.readline()
    assert line == "kg: waiting for another process that builds a dataset\n"
    process.communicate(timeout=300)
    assert process.returncode == 0


def test_two_builds_into_one_place_at_once(small, tmp_path):
    many = [started("--data", small, "build", "-o", tmp_path / "place" / "built") for _ in range(3)]
    for process in many:
        _, err = process.communicate(timeout=300)
        assert process.returncode == 0, err
    assert [path.name for path in (tmp_path / "place").iterdir()] == ["built"]
    assert len(store.open_store(tmp_path / "place" / "built")) == store.manifest(tmp_path / "place" / "built")["quads"]


STOPPED = """
import os, sys, signal
from pathlib import Path
from kg import store
name = sys.argv[1]
def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
if name == "store":
    import pyoxigraph as ox
    class Store:
        def __init__(self, path): self.inner = ox.Store(path)
        def __getattr__(self, each): return getattr(self.inner, each)
        def optimize(self): killed()
    store_of, ox.Store = ox.Store, Store
    real = store_of
    Store.__init__ = lambda self, path: setattr(self, "inner", real(path))
elif name == "values":
    store._pack = killed
elif name == "manifest":
    store._swap = killed
else:
    rename = os.rename
    count = [0]
    def counted(source, target):
        rename(source, target)
        count[0] += 1
        if count[0] == int(name):
            killed()
    os.rename = counted
from kg.dataset import build
build(Path(sys.argv[2]), Path(sys.argv[3]))
"""


@pytest.mark.parametrize("moment", ["store", "values", "manifest", "1", "2"])
@pytest.mark.parametrize("before", [False, True])
def test_killed_at_a_moment_of_a_build(small, tmp_path, moment, before):
    """While the store, the values are written, before and between the two renames; over an old dataset and without."""
    folder = tmp_path / "place" / "built"
    if before:
        kg.build(small, folder)
    done = subprocess.run(
        [sys.executable, "-c", STOPPED, moment, str(small), str(folder)],
        check=False,
        capture_output=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode in (-signal.SIGKILL, 0), done.stderr
    if folder.exists():
        assert len(kg.load(folder).store) == store.manifest(folder)["quads"]
    else:
        with pytest.raises(SourceError):
            kg.load(folder)
    kg.build(small, folder)
    assert len(kg.load(folder).store) == store.manifest(folder)["quads"]
    assert [path.name for path in folder.parent.iterdir()] == ["built"]


def test_a_dataset_put_aside_by_a_killed_build_is_not_lost(small, tmp_path):
    """The next build fails, for its tables are broken: the old dataset is there again."""
    folder = kg.build(small, tmp_path / "place" / "built")
    old = folder.parent / ".built.old.abcd1234"
    old.mkdir()
    folder.rename(old / "x")
    store._sweep(folder)
    assert store.manifest(folder)["entities"] == 17
    assert not old.exists()


def test_what_another_build_holds_is_not_swept(small, tmp_path):
    scratch = tmp_path / ".built.abcd1234"
    with sources.alone(scratch):
        (scratch / "store").mkdir()
        store._sweep(tmp_path / "built")
        assert scratch.exists()
    store._sweep(tmp_path / "built")
    assert not scratch.exists()


@pytest.mark.parametrize("delay", [0.2, 0.5, 0.9])
def test_killed_in_a_first_question(small, tmp_path, delay):
    cache = str(tmp_path / "cache")
    process = started("--data", small, "search", "PGE2", KG_CACHE=cache)
    time.sleep(delay)
    process.kill()
    process.communicate()
    done = run("--data", small, "search", "PGE2", KG_CACHE=cache)
    no_traceback(done, 0)
    assert "CHEBI:15551" in done.stdout


# --- clock, locale, home, cache ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", [1, 4_000_000_000])
def test_a_clock_that_was_wrong(small, moment, monkeypatch, tmp_path):
    """Tables and datasets from the past or the future: what counts is content."""
    monkeypatch.setenv("KG_CACHE", str(tmp_path / "cache"))
    before = kg.load(small)
    for path in [*before.folder.rglob("*"), *small.rglob("*")]:
        os.utime(path, (moment, moment))
    said: list[str] = []
    assert kg.load(small, say=said.append).data_version == before.data_version
    assert said == []
    table = small / "triples" / "claims.tsv"
    table.write_text(table.read_text(encoding="utf-8").replace("A finding", "A Finding"), encoding="utf-8")
    os.utime(table, (moment, moment))
    after = kg.load(small, say=said.append)
    assert after.data_version != before.data_version
    assert after.assertions[0].evidence[0].statement.startswith("A Finding")


def test_the_server_sees_a_change_that_left_size_and_time_alone(small):
    from kg.serve import source_of

    table = small / "triples" / "claims.tsv"
    os.utime(table, ns=(10**18, 10**18))
    state = source_of(small).state
    before = state()
    time.sleep(0.02)  # what file systems tell apart
    table.write_bytes(table.read_bytes().replace(b"A finding", b"A Finding"))
    os.utime(table, ns=(10**18, 10**18))
    assert state() != before


LOCALES = {
    "C": {"LC_ALL": "C"},
    "POSIX, not coerced": {"LC_ALL": "POSIX", "PYTHONCOERCECLOCALE": "0"},
    "ascii": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
    "latin-1": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "latin-1"},
}


@pytest.mark.parametrize("name", sorted(LOCALES))
def test_greek_letters_in_any_locale(small, tmp_path, name):
    entities = small / "ontology" / "entities.tsv"
    greek = entities.read_text(encoding="utf-8").replace("\tIFN-gamma", "\tIFN-γ|interferon γ")
    entities.write_text(greek, encoding="utf-8")
    locale = {**LOCALES[name], "PYTHONUTF8": "0"}
    no_traceback(run("--data", small, "format", **locale), 0)
    assert "IFN-γ" in entities.read_text(encoding="utf-8")
    no_traceback(run("--data", small, "search", "IFN-", **locale), 0)
    no_traceback(run("--data", small, "show", "IFNG", "--format", "json", **locale), 0)
    found = run("--data", small, "search", "interferon γ", **locale)
    assert "HGNC:5438" in found.stdout, found.stderr
    no_traceback(run("--data", small, "export", "turtle", "-o", tmp_path / "x.ttl", **locale), 0)
    assert "γ" in (tmp_path / "x.ttl").read_text(encoding="utf-8")


@by_root
def test_home_that_cannot_be_written(open_small, tmp_path):
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    done = run("--data", open_small, "search", "PGE2", own=False, HOME=str(home), KG_CACHE=None, XDG_CACHE_HOME=None)
    no_traceback(done, 5, f"{home} is read-only for you); set KG_CACHE to another folder")
    assert list(home.iterdir()) == []


@by_root
def test_user_without_a_home(open_small, tmp_path):
    nothing = {"HOME": None, "XDG_CACHE_HOME": None}
    done = run("--data", open_small, "search", "PGE2", own=False, KG_CACHE=None, **nothing)
    no_traceback(done, 5, "this user has no home folder; set KG_CACHE")
    place = tmp_path / "for all"
    place.mkdir()
    place.chmod(0o777)
    no_traceback(run("--data", open_small, "search", "PGE2", own=False, KG_CACHE=str(place), **nothing), 0)


@by_root
def test_cache_that_cannot_be_written(open_small, tmp_path, monkeypatch):
    """It is used as far as it goes."""
    cache = tmp_path / "cache"
    monkeypatch.setenv("KG_CACHE", str(cache))
    kg.build(open_small)
    done = run("--data", open_small, "search", "PGE2", own=False, KG_CACHE=str(cache))
    no_traceback(done, 0)
    assert "CHEBI:15551" in done.stdout
    store.discard(next(cache.iterdir()))
    no_traceback(run("--data", open_small, "search", "PGE2", own=False, KG_CACHE=str(cache)), 5, "set KG_CACHE")


def test_cache_that_is_a_file_or_below_one(small, tmp_path):
    (tmp_path / "file").write_text("mine")
    for place in ("file", "file/below"):
        done = run("--data", small, "search", "PGE2", KG_CACHE=str(tmp_path / place))
        no_traceback(done, 5, f"{tmp_path / 'file'} is not a folder); set KG_CACHE to another folder")
    assert (tmp_path / "file").read_text() == "mine"
