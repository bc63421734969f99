"""Fetch the vendored browser files anew with npm: `python scripts/vendor.py [VERSION]`; rewrites VENDOR.toml."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

VENDOR = Path(__file__).resolve().parent.parent / "kg" / "vendor"


def main() -> None:
    table = tomllib.loads((VENDOR / "VENDOR.toml").read_text(encoding="utf-8"))
    entry = table["vis-network"]
    wanted = sys.argv[1] if len(sys.argv) > 1 else entry["version"]
    with tempfile.TemporaryDirectory() as scratch:
        command = ["npm", "pack", f"vis-network@{wanted}", "--json"]
        said = json.loads(subprocess.run(command, cwd=scratch, check=True, capture_output=True, text=True).stdout)[0]
        with tarfile.open(Path(scratch) / said["filename"]) as archive:
            for member, name in (
                (entry["member"], entry["file"]),
                ("LICENSE-MIT", "vis-network-LICENSE-MIT"),
                ("LICENSE-APACHE-2.0", "vis-network-LICENSE-APACHE-2.0"),
            ):
                stream = archive.extractfile(f"package/{member}")
                assert stream is not None, member
                (VENDOR / name).write_bytes(stream.read())
    entry |= {"version": said["version"], "integrity": said["integrity"]}
    entry["sha256"] = hashlib.sha256((VENDOR / entry["file"]).read_bytes()).hexdigest()
    head = (VENDOR / "VENDOR.toml").read_text(encoding="utf-8").splitlines()[0]
    lines = [head, "[vis-network]", *(f'{key} = "{value}"' for key, value in entry.items())]
    (VENDOR / "VENDOR.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"vis-network {said['version']}")


if __name__ == "__main__":
    main()
