"""Set-up in one command, with nothing but Python 3.11+: `python3 scripts/start.py run` or `... test`.

`run` makes `.venv` from the hashed requirements, installs mscim into it and answers the main question on the bundled
tables: ranked, signed routes from MSC to SLE, and their picture in `msc-sle.html`. `test` adds what tests need and runs
every check of CI. Installs are skipped when the requirements have not changed since.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".venv"
BIN = HOME / ("Scripts" if os.name == "nt" else "bin")

CHECKS = (
    ("format", ["ruff", "format", "--check", "."]),
    ("lint", ["ruff", "check", "."]),
    ("types", ["mypy"]),
    ("import layers", ["lint-imports"]),
    ("curated data", ["kg", "check", "--shapes"]),
    ("order of the tables", ["kg", "format", "--check"]),
    ("site", ["mkdocs", "build", "--strict", "-q"]),
    ("tests", ["pytest", "-q", "-n", "2", "--dist", "loadfile", "--cov=kg", "--cov-report=term-missing:skip-covered"]),
)


def call(*command: str) -> int:
    """Run a program of the environment from the root of the checkout, and return its exit code."""
    program = BIN / command[0]
    return subprocess.run([str(program), *command[1:]], cwd=ROOT, check=False).returncode


def install(requirements: str) -> None:
    """Bring `.venv` to the state of a requirements file and of the checkout; exits when that fails."""
    stamp = HOME / f"{requirements}.sha256"
    state = hashlib.sha256((ROOT / requirements).read_bytes() + (ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == state:
        return
    if not (HOME / "pyvenv.cfg").is_file():
        print(f"making {HOME.name}", file=sys.stderr, flush=True)
        venv.create(HOME, with_pip=True)
    quiet = ["-q", "--disable-pip-version-check"]
    print(f"installing {requirements}", file=sys.stderr, flush=True)
    code = call("python", "-m", "pip", "install", *quiet, "--require-hashes", "-r", requirements)
    code = code or call("python", "-m", "pip", "install", *quiet, "--no-deps", "--no-build-isolation", "-e", ".")
    if code:
        sys.exit("the installation failed; the message above says why")
    stamp.write_text(state)


def test() -> int:
    """Run every check, all of them even when one fails; 0 when all pass."""
    failed = []
    for name, command in CHECKS:
        print(f"\n== {name}: {' '.join(command)}", flush=True)
        if call(*command):
            failed.append(name)
    print(f"\n{'FAILED: ' + ', '.join(failed) if failed else 'all checks passed'}", flush=True)
    return 1 if failed else 0


def main() -> int:
    """Do what the first argument says."""
    if sys.version_info < (3, 11):
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
    what = sys.argv[1] if len(sys.argv) == 2 else ""
    if what == "run":
        install("requirements.txt")
        return call("kg", "trace", "MSC", "SLE", "--view", "msc-sle.html")
    if what == "test":
        install("requirements-test.txt")
        return test()
    sys.exit("usage: python3 scripts/start.py run | test")


if __name__ == "__main__":
    sys.exit(main())
