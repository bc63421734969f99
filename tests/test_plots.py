"""Static plots: the numbers they show, what is said of the rest, the same bytes, nothing clipped, nothing overlapping."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import combinations

import pytest

from kg import figures
from kg.errors import SourceError, UnknownTerm
from kg.figures import Bars, Forest, Line, Panels, Plot, Stacks
from kg.plots import FORMS, THEMES, figure, rendered, write
from kg.studies import OUTCOMES, tally
from kg.views import Cell, Chart
from tests.test_browser import contrast
from tests.test_cli import on_small, run
from tests.test_views import LAYERS, PAYLOADS

__all__ = ["on_small", "run"]  # fixtures
SVG = "{http://www.w3.org/2000/svg}"
CASES = {
    "centrality": ("centrality", ("SLE",), {}),
    "centrality of all": ("centrality", (), {"measure": "degree", "count": 40}),
    "gaps": ("gaps", ("SLE",), {}),
    "gaps, few": ("gaps", ("pSS",), {"count": 3}),
    "ladder": ("ladder", ("RA",), {}),
    "ladder of routes": ("ladder", ("MSC", "SSc"), {}),
    "years": ("years", (), {}),
    "years by system": ("years", ("SLE",), {"by": "system", "count": 60}),
    "studies": ("studies", (), {}),
    "studies by dose route": ("studies", ("SSc",), {"by": "route"}),
    "routes": ("routes", ("MSC", "SLE"), {}),
    "routes between others": ("routes", ("PGE2", "Th17 cell"), {"count": 30}),
}


@pytest.fixture(scope="module")
def shown(graph):
    made = {}

    def get(name: str) -> Plot:
        if name not in made:
            kind, names, choices = CASES[name]
            made[name] = figures.plot(graph, kind, names, **choices)
        return made[name]

    return get


def made_up(body, left: str = "") -> Plot:
    return Plot("x", "A title", "what it shows", "kg plot x", "2026+abc", body, left, "said", ("a",), (("b",),))


LONG = "a name that goes on and on until no page in the world can hold it any longer " * 2
ODD = {
    "one bar of nothing": Bars("degree", (("x", 0, 0.0),), LAYERS),
    "tiny and huge": Bars("m", (("x", 0, 123456.0), ("y", 5, 1.5e-7)), LAYERS),
    "long names": Bars(LONG[:40], ((LONG, 1, 1.0), ("y", 2, 0.5)), LAYERS),
    "one year": Stacks((2020,), ("supports",), ((3,),), False),
    "years of thousands": Stacks(
        tuple(range(1900, 2027)), ("supports", "refutes"), ((12345,) * 127, (0,) * 127), False
    ),
    "one long row of studies": Panels((LONG,), OUTCOMES, ((1200, 0, 0, 0, 0),)),
    "one cell": Chart("mediator", "x", (("a", LONG),), (("b", LONG),), (Cell("a", "b", 0, "1", "t"),)),
    "one route": Forest((Line(LONG, 1, 0.5, None, "in vitro", ""),), (f"lowers {LONG[:20]}", f"raises {LONG[:20]}")),
    "routes far apart": Forest(
        tuple(Line(f"r{n}", -1, 10.0**-n, 10.0 ** -(n / 2) if n else None, "ex vivo", "ex vivo") for n in range(8)),
        ("lowers", "raises"),
    ),
}


def texts_of(drawn):
    from matplotlib.text import Text

    renderer = drawn.canvas.get_renderer()
    drawn.draw(renderer)
    found, outside = [], set()
    for axes in drawn.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = [tick for tick in axis.get_major_ticks() if not low <= tick.get_loc() <= high]
            outside |= {id(label) for tick in ticks for label in (tick.label1, tick.label2)}  # these are not drawn
    for text in drawn.findobj(Text):
        if text.get_text().strip() and text.get_visible() and id(text) not in outside:
            box = text.get_window_extent(renderer)
            if box.width:
                found.append((text, box))
    return found


@pytest.fixture(params=[*CASES, *ODD])
def drawn(request, shown):
    return figure(shown(request.param) if request.param in CASES else made_up(ODD[request.param], LONG))


def test_no_text_is_clipped_and_no_two_overlap(drawn):
    page = drawn.bbox
    found = texts_of(drawn)
    assert len(found) > 4
    for text, box in found:
        inside = page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1
        assert inside, text.get_text()
    for (one, a), (two, b) in combinations(found, 2):
        wide, high = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert wide <= 1 or high <= 4, (one.get_text(), two.get_text())  # boxes hold room for descenders


def test_tick_labels_do_not_touch(drawn):
    boxes = {id(text): box for text, box in texts_of(drawn)}
    for axes in drawn.axes:
        for axis in (axes.xaxis, axes.yaxis):
            labels = [boxes[id(label)] for label in axis.get_ticklabels() if id(label) in boxes]
            assert all(not a.overlaps(b) for a, b in combinations(labels, 2))


def test_every_plot_says_where_it_comes_from(shown):
    for name in CASES:
        plot = shown(name)
        texts = " ".join(text.get_text() for text, _ in texts_of(figure(plot)))
        for part in (*plot.title.split(), *plot.command.split(), *plot.left.split(), plot.data_version):
            assert part in texts


# --- the numbers -------------------------------------------------------------------------------------------------------


def test_bars_are_the_ranking(graph, shown):
    plot = shown("centrality")
    ranks = graph.centrality("route-weight", disease="SLE")
    assert [(name, value) for name, _, value in plot.body.bars] == [(r.name, r.value) for r in ranks[:20]]
    assert plot.left == f"Not shown: {len(ranks) - 20} more things."
    (axes,) = figure(plot).axes
    assert [patch.get_width() for patch in axes.patches] == [rank.value for rank in ranks[:20]]
    assert [label.get_text() for label in axes.get_yticklabels()] == [rank.name for rank in ranks[:20]]
    whole = shown("centrality of all")
    assert whole.title == "Centrality: degree"
    assert whole.rows[0][1] == graph.centrality("degree")[0].name


def test_fields_are_those_of_the_gaps(graph, shown):
    answer = graph.gaps("SLE")
    ladder = graph.vocabulary.ontology.systems
    best = {(field.mediator or "mediator not named", field.cell): field for field in answer.matrix}
    chart = shown("gaps").body
    tested = {(cell.row, cell.column): cell for cell in chart.cells if cell.tone}
    rows = {row for row, _ in chart.rows}
    assert set(tested) == {place for place in best if place[0] in rows}
    for place, cell in tested.items():
        assert cell.tone == ladder[best[place].best_stage].stage
        assert cell.human == bool(best[place].human_stage)
    assert len(rows) == 31
    assert shown("gaps").left == f"Not shown: {len(answer.mediators) - 30} more mediators."
    few = shown("gaps, few")
    assert (len(few.body.rows), len(few.body.columns)) == (4, 3)
    other = graph.gaps("pSS")
    cells = len({field.cell for field in other.matrix})
    assert few.left == f"Not shown: {len(other.mediators) - 3} more mediators, {cells - 3} more cells."
    assert few.command == "kg plot gaps pSS -k 3"


def test_shades_drawn_are_those_of_the_fields(shown):
    from matplotlib.colors import to_hex

    chart = shown("gaps").body
    (axes,) = figure(shown("gaps")).axes
    tones = [THEMES["light"]["tones"][cell.tone] for cell in chart.cells if cell.tone]
    assert [to_hex(patch.get_facecolor()) for patch in axes.patches] == tones
    marks = [text.get_text() for text in axes.texts if len(text.get_text()) == 1]
    assert sorted(marks) == sorted(cell.mark for cell in chart.cells)


def test_ladder_counts_the_papers_of_the_library(graph, shown):
    from kg.gallery import picture

    view = picture(graph, "ladder", ("RA",))
    assert {(c.row, c.column, c.mark) for c in shown("ladder").body.cells} == {
        (c.row, c.column, c.mark) for c in view.chart.cells
    }
    answer = graph.trace("MSC", "SSc", count=0)
    routes = shown("ladder of routes")
    assert len(routes.body.rows) == min(10, len(answer.routes)) + min(10, len(answer.counter_routes))
    rest = len(answer.routes) + len(answer.counter_routes) - len(routes.body.rows)
    assert routes.left == f"Not shown: {rest} more routes."
    cord = figures.plot(graph, "ladder", ("umbilical cord MSC", "RA"))
    assert cord.title == "umbilical cord MSC and RA: evidence ladder"


@pytest.mark.parametrize(("by", "table"), [("direction", "direction"), ("system", "system")])
@pytest.mark.parametrize("disease", ["", "SLE"])
def test_years_sum_to_the_stats(graph, by, table, disease):
    whole = figures.plot(graph, "years", [disease] if disease else [], by=by, count=1000)
    stats = graph.stats(disease)
    dated = {int(each.name): each.findings for each in stats.tables["year"] if each.name.isdecimal()}
    totals = dict(zip(whole.body.years, map(sum, zip(*whole.body.series, strict=True)), strict=True))
    assert {year: total for year, total in totals.items() if total} == dated
    undated = stats.totals["findings"] - sum(dated.values())
    assert whole.left == (f"Not shown: {undated:,} findings of papers without a year in the tables." if undated else "")
    assert set(whole.body.names) <= {each.name for each in stats.tables[table]}
    assert whole.body.years == tuple(range(min(dated), max(dated) + 1))


def test_years_left_out_are_counted(graph, shown):
    plot = shown("years")
    assert len(plot.body.years) == 25
    early = sum(
        each.findings
        for each in graph.stats().tables["year"]
        if each.name.isdecimal() and int(each.name) < plot.body.years[0]
    )
    assert f"{early} findings before {plot.body.years[0]}" in plot.left
    (axes,) = figure(plot).axes
    heights = [patch.get_height() for patch in axes.patches]
    assert heights == [count for counts in plot.body.series for count in counts]


def test_studies_show_each_outcome_and_zeros(graph, shown):
    plot = shown("studies")
    tallies = tally(graph.select_studies(), ["design"])
    assert plot.body.counts == tuple(each.outcomes for each in tallies)
    drawn = figure(plot)
    assert [axes.get_title(loc="left").partition("\n")[0] for axes in drawn.axes] == list(OUTCOMES)
    for number, axes in enumerate(drawn.axes):
        assert [patch.get_width() for patch in axes.patches] == [each.outcomes[number] for each in tallies]
        assert [text.get_text() for text in axes.texts] == [str(each.outcomes[number]) for each in tallies]
    assert len({axes.get_xlim() for axes in drawn.axes}) == 1  # one scale, or the panels would lie
    cut = figures.plot(graph, "studies", count=2)
    assert cut.left == f"Not shown: {len(tallies) - 2} more designs."


def test_routes_have_the_weights_of_both_questions(graph, shown):
    from kg.graph import Context

    human, mouse = (graph.trace("MSC", "SLE", Context(species=name), count=0) for name in ("human", "mouse"))
    plot = shown("routes")
    helping, harming = human.routes[:10], human.counter_routes[:10]
    assert [line.human_weight for line in plot.body.lines] == [route.weight for route in (*helping, *harming)]
    assert [line.sign for line in plot.body.lines] == [-1] * 10 + [1] * 10
    weights = {(r.label, r.sign): r.weight for r in (*mouse.routes, *mouse.counter_routes)}
    seen = [line for line in plot.body.lines if (line.label, line.sign) in weights]
    assert len(seen) > 10
    assert all(line.mouse_weight == weights[line.label, line.sign] for line in seen)
    assert plot.left == f"Not shown: {len(human.routes) + len(human.counter_routes) - 20} more routes."
    (axes,) = figure(plot).axes
    marks = {line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"}
    assert marks == {line.human_weight for line in plot.body.lines}
    missing = next(line for line in plot.body.lines if line.mouse_weight is None)
    row = next(row for row in plot.rows if row[0] == missing.label)
    assert row[3] == ""


def test_numbers_are_written_as_csv_and_tsv(shown, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # not needed for numbers
    plot = shown("gaps")
    write(plot, tmp_path / "x.csv")
    write(plot, tmp_path / "x.tsv")
    rows = list(csv.reader(io.StringIO((tmp_path / "x.csv").read_text(encoding="utf-8"))))
    assert rows[0] == list(plot.names)
    assert [tuple(row) for row in rows[1:]] == [tuple(map(str, row)) for row in plot.rows]
    assert (tmp_path / "x.tsv").read_text(encoding="utf-8").startswith("mediator\tcell\t")
    for name in CASES:
        assert {len(row) for row in shown(name).rows} == {len(shown(name).names)}


# --- files --------------------------------------------------------------------------------------------------------------


def test_same_bytes_on_every_run_and_hash_seed(shown, tmp_path):
    code = (
        "import sys, hashlib, pathlib, kg; from kg import figures; from kg.plots import rendered\n"
        "from tests.test_plots import CASES, ODD, made_up\n"
        "graph = kg.load()\n"
        "cases = [figures.plot(graph, k, n, **c) for k, n, c in CASES.values()]\n"
        "made = [rendered(plot, form, theme) for plot in cases for form, theme in (('svg', 'light'), ('png', 'dark'))]\n"
        "made += [rendered(plot, 'pdf') for plot in cases[:1]] + [rendered(made_up(body)) for body in ODD.values()]\n"
        "for each in made:\n"
        "    print(hashlib.sha256(each).hexdigest())\n"
    )
    runs = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
        )
        for seed in ("1", "2")
    ]
    first, second = (each.communicate()[0] for each in runs)
    assert first == second
    assert len(first.split()) == 2 * len(CASES) + 1 + len(ODD)


def test_settings_of_the_user_change_nothing(shown):
    import matplotlib

    before = rendered(shown("studies"))
    with matplotlib.rc_context(
        {"font.size": 30, "svg.fonttype": "path", "axes.facecolor": "red", "hatch.linewidth": 9}
    ):
        assert rendered(shown("studies")) == before


def test_pyplot_is_left_alone(shown):
    done = subprocess.run(
        [sys.executable, "-c", "import sys, kg.plots, kg.figures; print('matplotlib' in sys.modules)"],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "False\n"


@pytest.mark.parametrize("name", CASES)
def test_svg_tells_what_it_shows(shown, name):
    plot = shown(name)
    root = ET.fromstring(rendered(plot))
    assert root.get("role") == "img"
    by_id = {element.get("id"): element for element in root.iter() if element.get("id")}
    title, desc = (by_id[each] for each in root.get("aria-labelledby").split())
    assert (title.tag, title.text) == (f"{SVG}title", plot.title)
    assert desc.tag == f"{SVG}desc"
    assert plot.subtitle in desc.text
    assert plot.left in desc.text
    assert plot.said in desc.text
    texts = [element.text for element in root.iter(f"{SVG}text")]
    assert plot.title in texts  # letters, not outlines
    assert not list(root.iter(f"{SVG}script"))
    assert "date" not in {element.tag.rpartition("}")[2] for element in root.iter()}


def test_png_and_pdf_carry_title_and_description(shown):
    plot = shown("studies")
    png = rendered(plot, "png")
    assert png.startswith(b"\x89PNG")
    assert b"Title\x00" + plot.title.encode() in png
    assert plot.subtitle.encode() in png
    pdf = rendered(plot, "pdf")
    assert pdf.startswith(b"%PDF")
    assert b"/Title (" + plot.title.encode() in pdf
    assert b"CreationDate" not in pdf


@pytest.mark.parametrize("payload", [*PAYLOADS, "$x_1$ \\frac{1}", "α β → \u4e2d\u6587", "a\tb"])
def test_foreign_text_stays_text(payload):
    bars = Bars(payload, ((payload, 0, 1.0), ("y", 1, 0.5)), tuple(payload for _ in LAYERS))
    chart = Chart(
        payload, "", (("a", payload),), (("b", payload),), (Cell("a", "b", 2, "+", payload),), (), ((2, payload),)
    )
    for body in (bars, chart):
        plot = replace(made_up(body, payload), title=payload, subtitle=payload, command=payload, said=payload)
        root = ET.fromstring(rendered(plot))
        assert not list(root.iter(f"{SVG}script"))
        assert payload.split() == root.find(f"{SVG}title").text.split()
        words = " ".join(element.text or "" for element in root.iter(f"{SVG}text"))
        assert payload.split()[0][:20] in words
        assert rendered(plot, "png").startswith(b"\x89PNG")


def seen_with(kind: str, colour: str) -> list[float]:
    """A colour in linear light as one without red or green cones sees it (Viénot 1999, doi:10.1002/(SICI)1520-6378(199908)24:4<243::AID-COL5>3.0.CO;2-3)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    if kind == "protan":
        return [0.11238 * r + 0.88762 * g, 0.11238 * r + 0.88762 * g, 0.00401 * r - 0.00401 * g + b]
    if kind == "deutan":
        return [0.29275 * r + 0.70725 * g, 0.29275 * r + 0.70725 * g, -0.02234 * r + 0.02234 * g + b]
    return [r, g, b]


@pytest.mark.parametrize("theme", THEMES)
def test_colours_have_contrast_and_differ_for_the_colour_blind(theme):
    from kg.plots import LETTERS, STRONG

    colours = THEMES[theme]
    for ink in ("fg", "soft"):
        assert contrast(colours[ink], colours["bg"]) >= 4.5
    for ink in ("for", "against", "even"):
        assert contrast(colours[ink], colours["bg"]) >= 3
    for ink in colours["layers"]:
        assert contrast(ink, colours["bg"]) >= 3
    for tone, ground in enumerate(colours["tones"][1:], 1):
        assert contrast(LETTERS[theme][tone >= STRONG[theme]], ground) >= 4.5
    together = [colours["layers"], (colours["for"], colours["against"], colours["even"])]
    for group in together:
        for one, two in combinations(group, 2):
            for kind in ("normal", "protan", "deutan"):
                a, b = ([max(0.0, part) ** (1 / 2.2) for part in seen_with(kind, c)] for c in (one, two))
                assert sum((x - y) ** 2 for x, y in zip(a, b, strict=True)) ** 0.5 > 0.12, (one, two, kind)
    lights = [contrast(tone, "#000000") for tone in colours["tones"][1:]]
    assert lights == sorted(lights, reverse=theme == "light")  # shades follow the rungs


# --- what cannot be drawn ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "names", "choices", "said"),
    [
        ("gap", ("SLE",), {}, "unknown kind of plot 'gap'. Did you mean: gaps?"),
        ("banana", (), {}, "Did you mean: centrality, gaps, ladder, years, studies, routes?"),
        ("gaps", (), {}, "it takes 1 name"),
        ("gaps", ("SLE", "RA"), {}, "it takes 1 name."),
        ("routes", ("MSC",), {}, "it takes 2 names"),
        ("ladder", (), {}, "it takes 1 or 2 names"),
        ("gaps", ("SLEE",), {}, "unknown entity 'SLEE'. Did you mean: SLE"),
        ("studies", ("IDO1",), {}, "is of class Protein, not a disease"),
        ("centrality", ("SLE",), {"measure": "degre"}, "unknown measure 'degre'. Did you mean"),
        ("gaps", ("SLE",), {"measure": "degree"}, "goes with centrality, not with gaps"),
        ("gaps", ("SLE",), {"by": "system"}, "does not go with gaps (years: direction, system; studies: design"),
        ("years", (), {"by": "design"}, "does not go with years"),
        ("routes", ("human", "PGE2"), {}, "there is nothing to draw"),
    ],
)
def test_what_cannot_be_drawn_says_why(graph, kind, names, choices, said):
    with pytest.raises(UnknownTerm) as error:
        figures.plot(graph, kind, names, **choices)
    assert said in str(error.value)


def test_small_tables_and_empty_ones(small_graph):
    for kind, names in (("centrality", ()), ("years", ()), ("studies", ()), ("ladder", ("SLE",))):
        assert rendered(figures.plot(small_graph, kind, names)).startswith(b"<?xml")
    with pytest.raises(UnknownTerm, match="there is nothing to draw"):
        figures.plot(small_graph, "studies", ("RA",))
    with pytest.raises(UnknownTerm, match="there is nothing to draw"):
        figures.plot(small_graph, "years", ("lupus nephritis",)) and figures.plot(small_graph, "gaps", ("RA",))


def test_unknown_form_and_theme(shown):
    with pytest.raises(UnknownTerm, match="unknown form of plot 'gif'"):
        rendered(shown("studies"), "gif")
    with pytest.raises(UnknownTerm, match="unknown theme 'sepia'"):
        figure(shown("studies"), "sepia")


def test_without_matplotlib_it_says_what_to_install(shown, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SourceError, match=r"matplotlib is missing: pip install 'mscim\[plot\]'"):
        figure(shown("studies"))


# --- the command ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
def test_command_writes_each_form(on_small, tmp_path, form):
    target = tmp_path / "new" / f"x.{form.upper()}"
    code, out, err = on_small("plot", "studies", "-o", str(target), "--theme", "dark")
    assert (code, out) == (0, "")
    assert f"kg: wrote {target} (" in err
    assert target.read_bytes()[:4] in (b"<?xm", b"\x89PNG", b"%PDF")
    assert [path.name for path in target.parent.iterdir()] == [target.name]


def test_command_prints_svg_and_says_what_is_left_out(on_small, tmp_path):
    code, out, err = on_small("plot", "centrality", "-o", "-", "--measure", "degree", "-k", "2")
    assert (code, err) == (0, "")
    assert "kg plot centrality --measure degree -k 2" in out
    ET.fromstring(out.encode())
    _, _, err = on_small("plot", "centrality", "-o", str(tmp_path / "x.csv"), "-k", "2")
    assert "kg: Not shown: " in err
    assert len((tmp_path / "x.csv").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("plot", "gaps", "SLE"), 2, "Missing option '-o'"),
        (("plot", "gaps", "SLE", "-o", "x.gif"), 2, "ends in none of .svg, .png, .pdf, .csv, .tsv"),
        (("plot", "gaps", "SLE", "-o", "x"), 2, "ends in none of"),
        (("plot", "gap", "SLE", "-o", "x.svg"), 3, "unknown kind of plot 'gap'. Did you mean: gaps?"),
        (("plot", "gaps", "Lupus", "-o", "x.svg"), 3, "'Lupus'"),
        (("plot", "studies", "-o", "/proc/none/x.svg"), 5, "cannot be written"),
    ],
)
def test_command_refuses(on_small, tmp_path, monkeypatch, arguments, code, said):
    monkeypatch.chdir(tmp_path)
    got, out, err = on_small(*arguments)
    assert (got, out) == (code, "")
    assert said in err
    assert list(tmp_path.glob("x*")) == []


def test_command_without_matplotlib(on_small, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, _, err = on_small("plot", "studies", "-o", str(tmp_path / "x.svg"))
    assert (code, err) == (5, "kg: matplotlib is missing: pip install 'mscim[plot]'\n")
    assert not (tmp_path / "x.svg").exists()
