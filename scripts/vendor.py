"""Fetch the vendored browser files anew with npm: `python scripts/vendor.py [NAME VERSION]`; rewrites VENDOR.toml.

Yasqe brings the libraries bundled in it; it and they come with one file of all their licences. Its own package has no
text of its licence (MIT); that of the project which it continues, `@triply/yasgui`, is put first.
"""

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
LICENCE = "@triply/yasgui@4.2.28"  # the last of the line
FILES = {
    "vis-network": {
        "standalone/umd/vis-network.min.js": "vis-network.min.js",
        "LICENSE-MIT": "vis-network-LICENSE-MIT",
        "LICENSE-APACHE-2.0": "vis-network-LICENSE-APACHE-2.0",
    },
    "@zazuko/yasqe": {"build/yasqe.min.js": "yasqe.min.js", "build/yasqe.min.css": "yasqe.min.css"},
}


def packed(package: str, scratch: Path) -> tuple[dict[str, str], dict[str, bytes]]:
    """What npm says of a package, and its files."""
    command = ["npm", "pack", package, "--json"]
    said = json.loads(subprocess.run(command, cwd=scratch, check=True, capture_output=True, text=True).stdout)[0]
    found = {}
    with tarfile.open(scratch / said["filename"]) as archive:
        for member in archive.getmembers():
            stream = archive.extractfile(member)
            if stream is not None:
                found[member.name.removeprefix("package/")] = stream.read()
    return said, found


def licences(package: str, scratch: Path) -> str:
    """The licences of a package and of all that it brings, one after the other."""
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev", package]
    subprocess.run(command, cwd=scratch, check=True, capture_output=True)
    first = next(text for name, text in packed(LICENCE, scratch)[1].items() if name.startswith("LICENSE"))
    texts = [("@zazuko/yasqe, @zazuko/yasgui-utils (by Triply and Zazuko)", first.decode())]
    for folder in sorted((scratch / "node_modules").glob("**/package.json")):
        told = json.loads(folder.read_bytes())
        if not told.get("name") or told["name"].startswith(("@zazuko/", "@types/")) or "version" not in told:
            continue
        files = sorted(p for p in folder.parent.iterdir() if p.name.lower().startswith(("license", "licence")))
        if not files and "node_modules" not in folder.parent.parent.name:
            continue
        name = f"{told['name']} {told['version']} ({told.get('license', 'see below')})"
        texts += [(name, path.read_text(encoding="utf-8", errors="replace")) for path in files]
    return "\n".join(f"{'=' * 80}\n{name}\n{'=' * 80}\n{text.strip()}\n" for name, text in texts)


def main() -> None:
    table = tomllib.loads((VENDOR / "VENDOR.toml").read_text(encoding="utf-8"))
    wanted = dict([sys.argv[1:3]]) if len(sys.argv) > 2 else {name: entry["version"] for name, entry in table.items()}
    for name, version in wanted.items():
        with tempfile.TemporaryDirectory() as place:
            said, found = packed(f"{name}@{version}", Path(place))
            for member, file in FILES[name].items():
                (VENDOR / file).write_bytes(found[member])
            if name == "@zazuko/yasqe":
                text = licences(f"{name}@{version}", Path(place))
                (VENDOR / "yasqe-LICENSES.txt").write_text(text, encoding="utf-8")
        member, file = next(iter(FILES[name].items()))
        table[name] = {"file": file, "member": member, **table.get(name, {})}
        table[name] |= {"version": said["version"], "integrity": said["integrity"]}
        table[name]["sha256"] = hashlib.sha256((VENDOR / file).read_bytes()).hexdigest()
        table[name].setdefault("licence", "MIT")
        print(f"{name} {said['version']}")
    lines = [(VENDOR / "VENDOR.toml").read_text(encoding="utf-8").splitlines()[0]]
    for name, entry in table.items():
        lines += [f"[{json.dumps(name) if '@' in name else name}]"]
        lines += [f'{key} = "{value}"' for key, value in entry.items()]
    (VENDOR / "VENDOR.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
