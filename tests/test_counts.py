"""What the tables hold does not shrink unsaid: scripts/counts.py."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_spec = importlib.util.spec_from_file_location("counts_script", ROOT / "scripts" / "counts.py")
assert _spec
assert _spec.loader
counts = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(counts)


def test_no_count_falls_without_a_line():
    done = subprocess.run(
        [sys.executable, "scripts/counts.py", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_fall_is_found_and_may_be_told():
    before = {"disease": {"SLE": 10, "RA": 4, "(not stated)": 9}, "cell": {"T cell": 3}}
    now = {"disease": {"SLE": 8, "RA": 5, "(not stated)": 1}, "cell": {}}
    assert list(counts.falls(before, now)) == [
        "- count falls: disease SLE, 10 to 8:",
        "- count falls: cell T cell, 3 to 0:",
    ]
    told = "Today\n- count falls: disease SLE, 10 to 8: two rows merged\n"
    assert counts.unsaid(before, now, told) == ["- count falls: cell T cell, 3 to 0:"]
    assert counts.unsaid(before, before, "") == []
