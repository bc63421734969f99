"""Keep triples/counts.json: `python scripts/counts.py` writes how much the tables hold, `--check` only compares.

No figure of `kg stats` (all but years) may fall without a line in triples/CHANGES.md that says so:
`- count falls: disease SLE, 716 to 710: why`. Then it is written as it is; otherwise the script ends with 1.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import kg

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "triples" / "counts.json"
CHANGES = ROOT / "triples" / "CHANGES.md"
Counts = Mapping[str, Mapping[str, int]]


def counted() -> dict[str, dict[str, int]]:
    """How many findings there are of each thing, by kind, and the totals."""
    found = kg.load().stats()
    counts = {kind: {each.name: each.findings for each in table} for kind, table in found.tables.items()}
    del counts["year"]
    return {"total": dict(found.totals), **{kind: dict(sorted(each.items())) for kind, each in counts.items()}}


def falls(before: Counts, now: Counts) -> Iterator[str]:
    """What fell, as the line that says so begins; what is gone fell to 0, a growing part without a value is no fall."""
    for kind, table in before.items():
        for name, number in table.items():
            left = now.get(kind, {}).get(name, 0)
            if left < number and name != "(not stated)":
                yield f"- count falls: {kind} {name}, {number} to {left}:"


def unsaid(before: Counts, now: Counts, changes: str) -> list[str]:
    """The falls that no line of CHANGES.md tells."""
    lines = changes.splitlines()
    return [fall for fall in falls(before, now) if not any(line.startswith(fall) for line in lines)]


def main() -> int:
    """Write or compare."""
    now, text = counted(), FILE.read_text(encoding="utf-8") if FILE.is_file() else "{}"
    missing = unsaid(json.loads(text), now, CHANGES.read_text(encoding="utf-8"))
    for line in missing:
        print(f"{CHANGES.relative_to(ROOT)}: no line begins with: {line}", file=sys.stderr)
    if missing:
        return 1
    written = json.dumps(now, ensure_ascii=False, indent=1) + "\n"
    if sys.argv[1:] == ["--check"]:
        if written != text:
            print(f"{FILE.relative_to(ROOT)} is out of date; run `python scripts/counts.py`", file=sys.stderr)
        return int(written != text)
    FILE.write_text(written, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
