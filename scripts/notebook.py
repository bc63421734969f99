"""The notebook of the documentation: `python scripts/notebook.py` runs it and writes it, `--check` only compares.

The cells stand here. They are run in a fresh kernel on the bundled data; docs/notebook.ipynb keeps them with what they
print, docs/notebook.md with docs/images/notebook-*.svg is the same for the site. Needs the extra `dev`.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from kg.sources import write_text

DOCS = Path(__file__).resolve().parent.parent / "docs"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
SETTINGS = """\
svg.hashsalt: mscim
figure.figsize: 7, 3.6
figure.autolayout: True
axes.spines.top: False
axes.spines.right: False
"""
TEXT, CODE = new_markdown_cell, new_code_cell
CELLS = (
    (
        TEXT,
        """# Five questions in a notebook

`pip install '.[plot]' jupyterlab` in the folder of mscim gives what is needed here. Each answer is a value: the last
line of a cell shows it as tables with the papers linked, and its parts are there for plots and for your own code.
Tables show their first rows and say how many more there are.""",
    ),
    (
        CODE,
        """import kg
import matplotlib.pyplot as plt

graph = kg.load()
graph""",
    ),
    (TEXT, """## 1. How does MSC act on SLE?"""),
    (
        CODE,
        """answer = graph.trace("MSC", "SLE", count=6)
answer""",
    ),
    (TEXT, """The weights order routes and are no probabilities; routes to harm point to the right."""),
    (
        CODE,
        """# picture: Weights of the first routes from MSC to SLE, helpful ones to the left, harmful ones to the right
routes = [*answer.routes, *answer.counter_routes][::-1]
figure, axes = plt.subplots(figsize=(7, 4.2))
axes.barh(
    [route.label for route in routes],
    [route.sign * route.weight for route in routes],
    color=["#0b7285" if route.sign < 0 else "#c2410c" for route in routes],
)
axes.axvline(0, color="black", linewidth=0.8)
axes.set_xlabel("weight (left: ameliorates, right: exacerbates)")
plt.show()""",
    ),
    (TEXT, """A route holds its mechanisms, and the arithmetic of each can be laid open."""),
    (CODE, """graph.explain(answer, answer.routes[0].mechanisms[0])"""),
    (TEXT, """## 2. What is left without TGFB1?"""),
    (
        CODE,
        """taken = graph.blockade("MSC", "SLE", ["TGFB1"])
print(f"{taken.share:.0%} of the weight is lost; {len(taken.lost)} routes are gone, {len(taken.surviving)} are left")
taken""",
    ),
    (
        CODE,
        """# picture: Share of the route weight to SLE that is lost with each of eight things
losses = dict(list(graph.losses("MSC", "SLE").items())[:8])
figure, axes = plt.subplots()
axes.barh(list(losses)[::-1], [100 * share for share in losses.values()][::-1], color="#0b7285")
axes.set_xlabel("% of the route weight to SLE lost when blocked alone")
plt.show()""",
    ),
    (TEXT, """## 3. Do RA and SSc share routes?"""),
    (
        CODE,
        """two = graph.compare("RA", "SSc")
two""",
    ),
    (
        CODE,
        """# picture: Weights of shared and of opposite routes in RA and in SSc
figure, axes = plt.subplots()
for pairs, colour, name in ((two.shared, "#0b7285", "same sign"), (two.opposite, "#c2410c", "opposite sign")):
    axes.loglog([p.left.weight for p in pairs], [p.right.weight for p in pairs], "o", color=colour, label=name)
axes.set_xlabel("weight in RA")
axes.set_ylabel("weight in SSc")
axes.legend(frameon=False)
plt.show()""",
    ),
    (TEXT, """## 4. What was not tested in pSS?"""),
    (
        CODE,
        """gaps = graph.gaps("pSS")
gaps""",
    ),
    (
        CODE,
        """# picture: Mediators against cells in Sjögren's syndrome, number of papers
figure, axes = plt.subplots(figsize=(7, 4.2))
names = sorted({field.mediator or "(not stated)" for field in gaps.matrix})
cells = sorted({field.cell for field in gaps.matrix})
counts = [[0] * len(cells) for _ in names]
for field in gaps.matrix:
    counts[names.index(field.mediator or "(not stated)")][cells.index(field.cell)] = len(field.publications)
shown = axes.imshow(counts, cmap="Greens", aspect="auto")
axes.set_xticks(range(len(cells)), cells, rotation=40, ha="right")
axes.set_yticks(range(len(names)), names)
figure.colorbar(shown, label="papers")
plt.show()""",
    ),
    (TEXT, """## 5. What did the studies find?"""),
    (CODE, """graph.select_studies(disease="SLE", people=True)"""),
    (
        CODE,
        """# picture: Studies of MSC in people by disease and outcome
from kg.studies import OUTCOMES, tally

rows = tally(graph.select_studies(people=True), ["disease"])[:8]
figure, axes = plt.subplots()
left = [0] * len(rows)
colours = ("#0b7285", "#94a3b8", "#475569", "#c2410c", "#e2e8f0")
for number, (outcome, colour) in enumerate(zip(OUTCOMES, colours, strict=True)):
    sizes = [row.outcomes[number] for row in rows]
    axes.barh([row.key[0] for row in rows], sizes, left=left, color=colour, label=outcome)
    left = [a + b for a, b in zip(left, sizes, strict=True)]
axes.invert_yaxis()
axes.set_xlabel("studies")
axes.legend(frameon=False)
plt.show()""",
    ),
    (
        TEXT,
        """## And in SPARQL

`graph.table` takes a query, or the name of one that ships ([queries](queries.md)), and gives rows;
`graph.to_networkx()` and `graph.to_rdflib()` hand the graph to other libraries.""",
    ),
    (CODE, """graph.table("mediators-of", {"disease": "pSS"})[:5]"""),
)


def executed() -> Any:
    """The notebook with the outputs of a fresh kernel, free of times, versions and random ids."""
    notebook = new_notebook(metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})
    for number, (kind, text) in enumerate(CELLS, 1):
        notebook.cells.append(kind(text, id=f"cell-{number:02}"))
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder) / "matplotlibrc"
        settings.write_text(SETTINGS, encoding="utf-8")
        os.environ |= {"MATPLOTLIBRC": str(settings), "PYTHONWARNINGS": "ignore", "IPYTHONDIR": folder}
        before = {cell.id for cell in notebook.cells}
        setup = new_code_cell("%config InlineBackend.figure_formats = ['svg']")
        notebook.cells.insert(0, setup)
        NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": folder}}).execute()
        notebook.cells = [cell for cell in notebook.cells if cell.id in before]
    count = 0
    for cell in notebook.cells:
        cell.metadata.clear()
        if cell.cell_type == "code":
            count += 1
            cell.execution_count = count
            for output in cell.outputs:
                output.pop("metadata", None)
                output["metadata"] = {}
                if "execution_count" in output:
                    output["execution_count"] = count
                if output.output_type == "stream":
                    output.pop("metadata")
                if "image/svg+xml" in output.get("data", {}):
                    output["data"] = {"image/svg+xml": cleaned(output["data"]["image/svg+xml"])}
    nbformat.validate(notebook)
    return notebook


def cleaned(svg: str) -> str:
    """A picture without the time and the version of what drew it."""
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    return re.sub(r"[ \t]+$", "", svg[svg.index("<svg") :], flags=re.MULTILINE).rstrip() + "\n"


def files(notebook: Any) -> dict[Path, str]:
    """The notebook, its page and its pictures, by path."""
    made = {DOCS / "notebook.ipynb": nbformat.writes(notebook).rstrip() + "\n"}
    parts, pictures = [], 0
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        alternative = re.match(r"# picture: (.+)\n", cell.source)
        parts.append(f"```python\n{cell.source.rstrip()}\n```")
        for output in cell.outputs:
            data = output.get("data", {})
            if "image/svg+xml" in data:
                pictures += 1
                name = f"images/notebook-{pictures}.svg"
                made[DOCS / name] = data["image/svg+xml"]
                assert alternative is not None, f"a picture needs a line `# picture: ...`:\n{cell.source}"
                parts.append(f"![{alternative[1]}]({name})")
            elif "text/html" in data:
                parts.append(data["text/html"])
            else:
                text = output.get("text") or data["text/plain"]
                parts.append(f"<!-- printed -->\n\n```text\n{text.rstrip()}\n```")
    note = "Written by `scripts/notebook.py`, which runs it. The notebook itself: [notebook.ipynb](notebook.ipynb)."
    made[DOCS / "notebook.md"] = "\n\n".join([parts[0], note, *parts[1:]]) + "\n"
    return made


def main() -> int:
    """Write or compare; 1 when something differs and only comparing was asked."""
    only = sys.argv[1:] == ["--check"]
    stale = []
    for path, text in files(executed()).items():
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            stale.append(path.relative_to(DOCS.parent).as_posix())
            if not only:
                write_text(path, text)
    for name in stale:
        print(f"{'stale' if only else 'written'}: {name}")
    if only and stale:
        print("run `python scripts/notebook.py` in the project's environment", file=sys.stderr)
    return int(only and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
