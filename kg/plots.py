"""Static plots as matplotlib figures and as files: the same bytes for the same plot. Needs the extra `mscim[plot]`."""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from kg import figures
from kg.errors import SourceError, UnknownTerm
from kg.figures import Bars, Forest, Panels, Plot, Stacks
from kg.sources import write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from kg.dataset import Dataset

__all__ = ["FORMS", "THEMES", "figure", "plot", "rendered", "write"]

FORMS = ("svg", "png", "pdf")
WIDE, EDGE, DPI = 9.0, 0.25, 150  # inches, inches, dots an inch
TITLE, TEXT, SMALL = 14.0, 9.0, 8.0  # points
THEMES: dict[str, dict[str, Any]] = {
    "light": {
        "bg": "#ffffff", "fg": "#1b1f24", "soft": "#565f6a", "line": "#d4d9df",
        "for": "#0072b2", "against": "#c04e00", "even": "#6b7480",
        "layers": ("#7442a6", "#1b1f24", "#b88400", "#027dd2", "#a97f63", "#cd272b"),
        "tones": ("none", "#eef3f8", "#d9e6f2", "#bcd5ea", "#98c0df", "#6ea6d0", "#2f6ea8", "#18528a", "#0a3763"),
    },
    "dark": {
        "bg": "#14181d", "fg": "#eef1f4", "soft": "#aab4bf", "line": "#3a434d",
        "for": "#6db3f8", "against": "#f59a5c", "even": "#98a2ad",
        "layers": ("#f297dc", "#eef1f4", "#efbf34", "#4987ff", "#829fab", "#ff7277"),
        "tones": ("none", "#1d2a38", "#213a54", "#264c74", "#2c6299", "#5b9bd6", "#86b8e6", "#b4d4f1", "#e3f0fc"),
    },
}  # fmt: skip
LETTERS = {"light": ("#10151a", "#ffffff"), "dark": ("#ffffff", "#0b0f13")}  # on pale and on strong shades, from
STRONG = {"light": 6, "dark": 5}
OURS: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": TEXT,
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "mscim",
    "pdf.fonttype": 42,
    "axes.unicode_minus": True,
    "hatch.linewidth": 0.6,
}
MARKS = 0.17  # inches of a swatch


def plot(
    graph: Dataset,
    kind: str,
    *names: str,
    count: int = 0,
    measure: str = "",
    by: str = "",
    theme: str = "light",
) -> Figure:
    """Return one of `kg.figures.KINDS` as a matplotlib Figure; see `kg.figures.plot` for the choices.

    Raises UnknownTerm as that does and for an unknown theme, SourceError where matplotlib is not installed.

    >>> import kg
    >>> from kg.plots import plot
    >>> float(plot(kg.load(), "ladder", "SLE").get_size_inches()[0])
    9.0
    """
    return figure(figures.plot(graph, kind, names, count=count, measure=measure, by=by), theme)


def figure(shown: Plot, theme: str = "light") -> Figure:
    """Return a plot as a matplotlib Figure: 9 inches wide, as high as it needs, not known to pyplot.

    Raises UnknownTerm for an unknown theme, SourceError where matplotlib is not installed.
    """
    if theme not in THEMES:
        raise UnknownTerm(theme, tuple(THEMES), kind="theme")
    with _styled():
        sheet = _Sheet(theme)
        body = shown.body
        if isinstance(body, Bars):
            _bars(sheet, body)
        elif isinstance(body, Stacks):
            _stacks(sheet, body)
        elif isinstance(body, Panels):
            _panels(sheet, body)
        elif isinstance(body, Forest):
            _forest(sheet, body)
        else:
            _grid(sheet, body)
        sheet.close(shown)
        return sheet.figure


def rendered(shown: Plot, form: str = "svg", theme: str = "light") -> bytes:
    """Return a plot as SVG, PNG or PDF, the same bytes on every run. Raises as `figure`, and for another form."""
    if form not in FORMS:
        raise UnknownTerm(form, FORMS, kind="form of plot")
    drawn = figure(shown, theme)
    said = _said(shown)
    abouts: dict[str, dict[str, Any]] = {
        "svg": {"Title": shown.title, "Creator": "mscim", "Date": None},
        "png": {"Title": shown.title, "Description": said, "Software": "mscim"},
        "pdf": {"Title": shown.title, "Subject": said, "Creator": "mscim", "CreationDate": None},
    }
    stream = io.BytesIO()
    with _styled():
        drawn.savefig(stream, format=form, dpi=DPI, metadata=abouts[form])
    if form != "svg":
        return stream.getvalue()
    return _named(stream.getvalue().decode(), said).encode()


def write(shown: Plot, path: Path, theme: str = "light") -> int:
    """Write a plot, whole or not at all, in the form that the ending of `path` names; return the number of bytes.

    The endings .csv and .tsv write the numbers of the plot, for which matplotlib is not needed. Raises as `rendered`,
    and SourceError when the file cannot be written.
    """
    form = path.suffix.removeprefix(".").lower()
    if form in ("csv", "tsv"):
        content = figures.table(shown, "," if form == "csv" else "\t").encode()
    else:
        content = rendered(shown, form, theme)
    write_bytes(path, content)
    return len(content)


def _said(shown: Plot) -> str:
    """The plot in words, for one who cannot see it."""
    return " ".join(part for part in (f"{shown.subtitle}.", f"{shown.said}.", shown.left) if part)


def _named(svg: str, said: str) -> str:
    """The SVG with its description, as a picture with a name to a screen reader."""
    svg = svg.replace("<svg ", '<svg role="img" aria-labelledby="title desc" ', 1)
    return re.sub(
        r"<title>(.*?)</title>",
        lambda match: f'<title id="title">{match[1]}</title>\n <desc id="desc">{escape(said)}</desc>',
        svg,
        count=1,
        flags=re.DOTALL,
    )


@contextmanager
def _styled() -> Iterator[None]:
    """The settings of matplotlib that are ours, whatever the user's file says; no word on letters a font misses."""
    try:
        import matplotlib
        from matplotlib import style
    except ModuleNotFoundError as error:
        raise SourceError(f"{error.name} is missing: pip install 'mscim[plot]'") from None
    with style.context("default"), matplotlib.rc_context(OURS), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*missing from font")
        yield


class _Sheet:
    """A page in inches from the top left: its head and foot, the place of the axes between them, the legend."""

    def __init__(self, theme: str) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.theme, self.colours = theme, THEMES[theme]
        self.figure = Figure(figsize=(WIDE, 4), dpi=DPI, facecolor=self.colours["bg"])
        self.renderer = FigureCanvasAgg(self.figure).get_renderer()  # type: ignore[no-untyped-call]
        self.high = 1.0  # of the axes
        self.left, self.right, self.above, self.below = 0.3, 0.2, 0.1, 0.4  # around the axes, within the edges
        self.across = 1  # axes side by side
        self.draw: Callable[[Sequence[Axes]], None] = lambda axes: None
        self.legend: list[tuple[dict[str, Any], str]] = []

    def width(self, text: str, size: float = TEXT, weight: str = "normal") -> float:
        """Inches that a text takes, and a little more: other renderers round otherwise."""
        from matplotlib.font_manager import FontProperties

        face = FontProperties(family=OURS["font.family"], size=size, weight=weight)
        wide, _, _ = self.renderer.get_text_width_height_descent(text, face, False)
        return 1.03 * float(wide) / DPI

    def widest(self, texts: Sequence[str], size: float = TEXT, weight: str = "normal") -> float:
        """Inches of the longest of some texts."""
        return max((self.width(text, size, weight) for text in texts), default=0.0)

    def short(self, text: str, most: float, size: float = TEXT) -> str:
        """The text, cut with an ellipsis where it takes more than so many inches."""
        if self.width(text, size) <= most:
            return text
        while text and self.width(f"{text}\u2026", size) > most:
            text = text[:-1]
        return f"{text.rstrip()}\u2026"

    def lines(self, text: str, size: float, weight: str = "normal") -> list[str]:
        """The text in lines as wide as the page; a word that is wider is broken."""
        most, found = WIDE - 2 * EDGE, [""]
        for word in text.split():
            while self.width(word, size, weight) > most:
                fits = next(n for n in range(len(word), 0, -1) if self.width(word[:n], size, weight) <= most)
                found.append(word[:fits])
                word = word[fits:]
            longer = f"{found[-1]} {word}".strip()
            if self.width(longer, size, weight) <= most:
                found[-1] = longer
            else:
                found.append(word)
        return [line for line in found if line]

    def close(self, shown: Plot) -> None:
        """Put head, axes, legend and foot on a page that is as high as they need."""
        from matplotlib.lines import Line2D
        from matplotlib.patches import Rectangle

        colours = self.colours
        head = [(line, TITLE, "bold", "fg") for line in self.lines(shown.title, TITLE, "bold")]
        head += [(line, TEXT, "normal", "soft") for line in self.lines(shown.subtitle, TEXT)]
        last = f"mscim, data {shown.data_version}; {shown.command}"
        foot = [(line, SMALL, "normal", "fg") for line in self.lines(shown.left, SMALL)]
        foot += [(line, SMALL, "normal", "soft") for line in self.lines(last, SMALL)]
        top = EDGE + sum(size * 1.4 / 72 for _, size, _, _ in head) + 0.12 + self.above
        entries, x, row = [], EDGE, 0
        for mark, name in self.legend:
            needs = MARKS + 0.08 + self.width(name, SMALL)
            if x > EDGE and x + needs > WIDE - EDGE:
                x, row = EDGE, row + 1
            entries.append((x, row, mark, name))
            x += needs + 0.2
        begin = top + self.high + self.below + 0.1
        legend = 0.2 * (row + 1) + 0.06 if entries else 0.0
        tall = begin + legend + sum(size * 1.5 / 72 for _, size, _, _ in foot) + EDGE
        self.figure.set_size_inches(WIDE, tall)
        inches = self.figure.dpi_scale_trans

        def put(lines: Sequence[tuple[str, float, str, str]], y: float, spacing: float) -> None:
            for line, size, weight, ink in lines:
                y += size * spacing / 72
                self.figure.text(
                    EDGE, tall - y, line, size=size, weight=weight, color=colours[ink], va="baseline", transform=inches
                )

        put(head, EDGE - 0.05, 1.4)
        put(foot, begin + legend, 1.5)
        for x, row, mark, name in entries:
            y = tall - begin - 0.2 * row - 0.1
            if "marker" in mark:
                self.figure.add_artist(Line2D([x + MARKS / 2], [y], linestyle="", transform=inches, **mark))
            elif "letter" in mark:
                self.figure.text(
                    x + MARKS / 2, y, mark["letter"], size=TEXT, weight="bold", color=colours["fg"],
                    ha="center", va="center_baseline", transform=inches,
                )  # fmt: skip
            else:
                low = y - MARKS / 2 + 0.02
                self.figure.add_artist(Rectangle((x, low), MARKS, MARKS - 0.04, transform=inches, **mark))
            self.figure.text(
                x + MARKS + 0.08, y, name, size=SMALL, color=colours["fg"], va="center_baseline", transform=inches
            )
        wide = WIDE - 2 * EDGE - self.left - self.right
        gap = 0.28 if self.across > 1 else 0.0
        each = (wide - gap * (self.across - 1)) / self.across
        axes = []
        for number in range(self.across):
            start = EDGE + self.left + number * (each + gap)
            place = (start / WIDE, 1 - (top + self.high) / tall, each / WIDE, self.high / tall)
            axes.append(self.figure.add_axes(place, facecolor=colours["bg"]))
            self._plain(axes[-1])
        self.draw(axes)

    def _plain(self, axes: Axes) -> None:
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(self.colours["soft"])
            spine.set_linewidth(0.8)
        axes.tick_params(colors=self.colours["fg"], labelsize=TEXT, width=0.8, length=3)
        axes.set_axisbelow(True)

    @property
    def wide(self) -> float:
        """Inches of the axes, all together."""
        return WIDE - 2 * EDGE - self.left - self.right


def _rows(axes: Axes, labels: Sequence[str]) -> None:
    """One row for each label, the first on top, without marks at the axis."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)


def _bars(sheet: _Sheet, body: Bars) -> None:
    colours = sheet.colours
    labels = [sheet.short(name, 2.8) for name, _, _ in body.bars]
    values = [f"{value:.3g}" for _, _, value in body.bars]
    sheet.left = sheet.widest(labels) + 0.1
    sheet.right = sheet.widest(values, SMALL) + 0.12
    sheet.high = 0.22 * len(labels)
    sheet.below = 0.5
    used = sorted({layer for _, layer, _ in body.bars})
    sheet.legend = [({"facecolor": colours["layers"][layer]}, body.layers[layer]) for layer in used]

    def draw(all_axes: Sequence[Axes]) -> None:
        (axes,) = all_axes
        inks = [colours["layers"][layer] for _, layer, _ in body.bars]
        axes.barh(range(len(labels)), [value for _, _, value in body.bars], 0.74, color=inks)
        _rows(axes, labels)
        axes.set_xlim(0, max(max(value for _, _, value in body.bars), 1e-12))
        axes.locator_params(axis="x", nbins=6)
        axes.set_xlabel(body.across, color=colours["fg"], size=TEXT)
        axes.grid(axis="x", color=colours["line"], linewidth=0.6)
        for row, (text, (_, _, value)) in enumerate(zip(values, body.bars, strict=True)):
            axes.annotate(
                text, (value, row), (4, 0), textcoords="offset points", va="center", size=SMALL, color=colours["fg"]
            )

    sheet.draw = draw


def _grid(sheet: _Sheet, body: Any) -> None:
    colours = sheet.colours
    rows = {key: number for number, (key, _) in enumerate(body.rows)}
    columns = {key: number for number, (key, _) in enumerate(body.columns)}
    labels = [sheet.short(label, 3.4) for _, label in body.rows]
    heads = [sheet.short(label, 2.6) for _, label in body.columns]
    sheet.left = max(sheet.widest(labels), sheet.width(body.corner, SMALL)) + 0.12
    pitch = sheet.wide / len(columns)
    level = sheet.widest(heads) + 0.08 <= pitch
    sheet.above = 0.3 if level else sheet.widest(heads) + 0.15
    if not level:
        pitch = min(pitch, 0.42)
        sheet.right += sheet.wide - pitch * len(columns)
    step = 0.24
    sheet.high, sheet.below = step * len(rows), 0.1
    shades = [({"facecolor": colours["tones"][tone], "edgecolor": colours["soft"]}, name) for tone, name in body.tones]
    used = {cell.mark for cell in body.cells}
    marks = [({"letter": mark}, name) for mark, name in body.marks if mark in used]
    if any(cell.human for cell in body.cells):
        marks.append(({"letter": "_"}, next(name for mark, name in body.marks if mark == "_")))
    sheet.legend = [*shades, *marks]

    def draw(all_axes: Sequence[Axes]) -> None:
        from matplotlib.patches import Rectangle

        (axes,) = all_axes
        _rows(axes, labels)
        axes.set_xlim(-0.5, len(columns) - 0.5)
        axes.set_xticks(range(len(heads)), heads, rotation=0 if level else 90)
        axes.tick_params(axis="x", length=0, top=False, labeltop=True, labelbottom=False, pad=3)
        for spine in axes.spines.values():
            spine.set_visible(False)
        for side in [*range(len(rows) + 1)]:
            axes.axhline(side - 0.5, color=colours["line"], linewidth=0.5)
        for side in [*range(len(columns) + 1)]:
            axes.axvline(side - 0.5, color=colours["line"], linewidth=0.5)
        axes.annotate(
            body.corner, (0, 1), (-5, 3), xycoords="axes fraction", textcoords="offset points", ha="right",
            size=SMALL, color=colours["soft"], annotation_clip=False,
        )  # fmt: skip
        for cell in body.cells:
            x, y = columns[cell.column], rows[cell.row]
            ink = LETTERS[sheet.theme][cell.tone >= STRONG[sheet.theme]] if cell.tone else colours["fg"]
            if cell.tone:
                axes.add_patch(Rectangle((x - 0.46, y - 0.43), 0.92, 0.86, facecolor=colours["tones"][cell.tone]))
            axes.text(x, y - 0.02, cell.mark, ha="center", va="center", size=TEXT, weight="bold", color=ink)
            if cell.human:
                half = min(0.34, 0.12 / pitch)
                axes.plot([x - half, x + half], [y + 0.34] * 2, color=ink, linewidth=1.6, solid_capstyle="butt")

    sheet.draw = draw


def _stacks(sheet: _Sheet, body: Stacks) -> None:
    colours = sheet.colours
    if body.ordered:
        tones = colours["tones"][1:]
        every = (len(tones) - 1) / max(1, len(body.names) - 1)
        fills = [{"facecolor": tones[round(number * every)]} for number in range(len(body.names))]
    else:
        fills = [{"facecolor": colours["for"]}, {"facecolor": colours["against"], "hatch": "////"}][: len(body.names)]
    fills = [
        each
        | (
            {"edgecolor": colours["bg"], "linewidth": 0}
            if "hatch" in each
            else {"edgecolor": colours["soft"], "linewidth": 0.5}
        )
        for each in fills
    ]
    totals = [sum(counts) for counts in zip(*body.series, strict=True)]
    high = max(totals)
    sheet.left = sheet.width(f"{high:,}") + 0.4
    sheet.high, sheet.below = 3.2, 0.35
    sheet.legend = list(zip(fills, body.names, strict=True))
    pitch = sheet.wide / len(body.years)
    every_year = math.ceil((sheet.width("2000") + 0.08) / pitch)
    numbered = sheet.widest([str(total) for total in totals], SMALL) + 0.03 <= pitch

    def draw(all_axes: Sequence[Axes]) -> None:
        (axes,) = all_axes
        bottom = [0] * len(body.years)
        for counts, fill in zip(body.series, fills, strict=True):
            axes.bar(range(len(counts)), counts, 0.8, bottom=bottom, **fill)
            bottom = [low + count for low, count in zip(bottom, counts, strict=True)]
        last = len(body.years) - 1
        ticks = range(last % every_year, last + 1, every_year)
        axes.set_xticks(ticks, [str(body.years[number]) for number in ticks])
        axes.set_xlim(-0.6, last + 0.6)
        axes.set_ylim(0, high * 1.08)
        axes.locator_params(axis="y", nbins=6, integer=True)
        axes.set_ylabel("findings", color=colours["fg"], size=TEXT)
        axes.grid(axis="y", color=colours["line"], linewidth=0.6)
        for number, total in enumerate(totals if numbered else ()):
            axes.annotate(
                str(total), (number, total), (0, 2), textcoords="offset points", ha="center", size=SMALL,
                color=colours["soft"],
            )  # fmt: skip

    sheet.draw = draw


def _panels(sheet: _Sheet, body: Panels) -> None:
    colours = sheet.colours
    fills: dict[str, dict[str, Any]] = {
        "improved": {"facecolor": colours["for"]},
        "mixed": {"facecolor": colours["for"], "hatch": "////", "edgecolor": colours["bg"], "linewidth": 0},
        "no difference": {"facecolor": colours["even"]},
        "worse": {"facecolor": colours["against"]},
        "not reported": {"facecolor": colours["bg"], "edgecolor": colours["soft"]},
    }
    labels = [sheet.short(row, 2.2) for row in body.rows]
    sheet.left = sheet.widest(labels) + 0.1
    sheet.across = len(body.columns)
    sheet.above, sheet.high, sheet.below = 0.42, 0.26 * len(labels), 0.3
    high = max(max(counts) for counts in body.counts)

    def draw(all_axes: Sequence[Axes]) -> None:
        for number, (axes, name) in enumerate(zip(all_axes, body.columns, strict=True)):
            counts = [each[number] for each in body.counts]
            axes.barh(range(len(counts)), counts, 0.74, **fills[name])
            _rows(axes, labels if not number else [""] * len(labels))
            axes.set_xlim(0, high * 1.25)
            axes.locator_params(axis="x", nbins=2, integer=True)
            axes.grid(axis="x", color=colours["line"], linewidth=0.6)
            axes.set_title(f"{name}\n{sum(counts)}", loc="left", size=TEXT, weight="bold", color=colours["fg"])
            for row, count in enumerate(counts):
                axes.annotate(
                    str(count), (count, row), (3, 0), textcoords="offset points", va="center", size=SMALL,
                    color=colours["fg" if count else "soft"],
                )  # fmt: skip

    sheet.draw = draw


def _forest(sheet: _Sheet, body: Forest) -> None:
    colours = sheet.colours
    groups = [
        (verb, [line for line in body.lines if line.sign == sign])
        for verb, sign in zip(body.verbs, (-1, 1), strict=True)
    ]
    rows: list[Any] = [each for verb, lines in groups if lines for each in (verb, *lines)]
    labels = ["" if isinstance(row, str) else sheet.short(row.label, 2.9) for row in rows]
    stages = ["" if isinstance(row, str) else row.stage for row in rows]
    humans = ["" if isinstance(row, str) else row.human or "none" for row in rows]
    first, second = "rung", "human, every step"
    one = max(sheet.widest(stages, SMALL), sheet.width(first, SMALL, "bold")) + 0.15
    two = max(sheet.widest(humans, SMALL), sheet.width(second, SMALL, "bold"))
    sheet.left = max(sheet.widest(labels), sheet.widest(body.verbs, TEXT, "bold")) + 0.1
    sheet.right = one + two + 0.2
    sheet.above, sheet.high, sheet.below = 0.3, 0.23 * len(rows), 0.5
    asked = {"markeredgecolor": colours["fg"], "markerfacecolor": colours["fg"], "markersize": 6.5}
    other = asked | {"markerfacecolor": colours["bg"], "markersize": 6}
    sheet.legend = [
        (asked | {"marker": "o"}, "weight when human evidence is asked for"),
        (other | {"marker": "D"}, "weight when mouse evidence is asked for"),
    ]
    weights = [weight for line in body.lines for weight in (line.human_weight, line.mouse_weight) if weight]
    low, high = min(weights) / 1.3, min(1.0, max(weights) * 1.3)
    decades = range(math.floor(math.log10(low)), 1)
    steps = (1, 3) if high / low < 1000 else (1,)
    ticks = [tick for power in decades for step in steps if low <= (tick := step * 10.0**power) <= high]

    def draw(all_axes: Sequence[Axes]) -> None:
        (axes,) = all_axes
        _rows(axes, labels)
        axes.set_xscale("log")
        axes.set_xlim(low, high)
        axes.set_xticks(ticks, [f"{tick:.12f}".rstrip("0").rstrip(".") for tick in ticks])
        axes.set_xticks([], minor=True)
        axes.set_xlabel("weight of the route, 0 to 1, logarithmic", color=colours["fg"], size=TEXT)
        axes.grid(axis="x", color=colours["line"], linewidth=0.6)
        side: dict[str, Any] = {
            "xycoords": ("axes fraction", "data"),
            "textcoords": "offset points",
            "va": "center",
            "size": SMALL,
        }

        def beside(row: float, start: float, text: str, ink: str, weight: str = "normal") -> None:
            axes.annotate(
                text, (1, row), (8 + 72 * start, 0), color=colours[ink], weight=weight, annotation_clip=False, **side
            )

        beside(-1, 0, first, "fg", "bold")
        beside(-1, one, second, "fg", "bold")
        for number, row in enumerate(rows):
            if isinstance(row, str):
                axes.annotate(
                    row, (0, number), (-5, 0), xycoords=side["xycoords"], textcoords="offset points", ha="right",
                    va="center", size=TEXT, weight="bold", color=colours["fg"], annotation_clip=False,
                )  # fmt: skip
                continue
            ink = colours["for" if row.sign < 0 else "against"]
            shape = {"markeredgecolor": ink, "linestyle": "", "clip_on": False}
            if row.mouse_weight:
                axes.plot([row.human_weight, row.mouse_weight], [number] * 2, color=ink, linewidth=1.4)
                axes.plot([row.mouse_weight], [number], "D", markerfacecolor=colours["bg"], markersize=6, **shape)
            axes.plot([row.human_weight], [number], "o", markerfacecolor=ink, markersize=6.5, **shape)
            beside(number, 0, row.stage, "soft")
            beside(number, one, row.human or "none", "fg" if row.human else "soft")

    sheet.draw = draw
