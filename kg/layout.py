"""Where things stand in a layered picture and how its lines run: after Sugiyama, no line behind a box of others.

Columns come from the ontology and are kept; a long one wraps. A line that passes a column gets a lane between its boxes
(doi:10.1109/TSMC.1981.4308636), crossings are reduced by barycentre sweeps, and heights are the least squares ones that
keep the order.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

__all__ = ["Box", "Layout", "Path", "Thing", "layout", "lines", "width"]

NARROW, WIDE = frozenset("iljtfrI1.,:;|()[]' -/"), frozenset("mwMW@%+CDGHNOQRU")  # at the font size of 14
WRAP = 20  # characters of a label line
LINE = 17  # height of a label line
AIR = 10  # least between two boxes of a column
LANE = 9  # a line that passes a column, with its air; also what two lines need at one side of a box
MARK = 8  # room for the arrow head before a box
STAGE = (1010.0, 552.0)  # what a window of 1366 x 768 leaves for the picture
TALL = (9, 12, 16, 20, 26)  # lengths of a column that are tried
SWEEPS = 12
MANY = 400  # lines from which one length is tried, with fewer sweeps


class Thing(NamedTuple):
    """What is to be placed: `lines` is its label, `layer` its column."""

    id: str
    layer: int
    lines: tuple[str, ...]


class Box(NamedTuple):
    """A placed thing: centre and size, in drawing units."""

    x: float
    y: float
    width: float
    height: float


class Path(NamedTuple):
    """A line from border to border: x, y by turns, from the start to where the arrow head begins.

    From the first to the second point it curves, from the second to the third it runs straight in its lane, and so on.
    With a `bulge` it is an arc beside a column, that far out. `facing` is 1 where it arrives from the left, else -1.
    """

    points: tuple[float, ...]
    facing: int
    bulge: int = 0

    @property
    def end(self) -> tuple[float, float]:
        """The tip, on the border of the box."""
        return self.points[-2] + MARK * self.facing, self.points[-1]

    @property
    def d(self) -> str:
        """The line as SVG writes it; templates/graph.js does the same."""
        x, y, *rest = self.points
        parts = [f"M{x:g},{y:g}"]
        curve = True
        for x2, y2 in zip(rest[::2], rest[1::2], strict=True):
            half = x + self.bulge if self.bulge else (x + x2) / 2
            parts.append(f"C{half:g},{y:g} {half:g},{y2:g} {x2:g},{y2:g}" if curve else f"L{x2:g},{y2:g}")
            x, y, curve = x2, y2, not curve
        return "".join(parts)


class Layout(NamedTuple):
    """Boxes by id, paths by (source, target), and the extent of each layer that is used: (layer, left, right).

    `frame` is what all that takes (left, top, right, bottom), `scale` how large it is in a window of 1366 x 768.
    """

    boxes: dict[str, Box]
    paths: dict[tuple[str, str], Path]
    columns: tuple[tuple[int, float, float], ...]
    frame: tuple[float, float, float, float]
    scale: float


@dataclass(slots=True, eq=False)
class _Spot:
    """A box or a lane in a column; ports are the heights, from its centre, at which lines touch its sides."""

    id: str
    rank: int
    height: float
    real: bool
    y: float = 0.0
    left: list[_Link] = field(default_factory=list)
    right: list[_Link] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class _Link:
    """A piece of a line between two neighbouring columns, or (`a` and `b` in one column) an arc beside it."""

    a: _Spot
    b: _Spot
    out: float = 0.0
    into: float = 0.0


def lines(name: str) -> tuple[str, ...]:
    """Return a label broken into lines of about 20 characters, at spaces.

    >>> lines("interleukin 1 receptor antagonist")
    ('interleukin 1', 'receptor antagonist')
    """
    result = [""]
    for word in name.split():
        if result[-1] and len(result[-1]) + 1 + len(word) > WRAP:
            result.append(word)
        else:
            result[-1] = f"{result[-1]} {word}".strip()
    return tuple(result)


def width(line: str) -> float:
    """Width of a line of text in drawing units, generous enough for the usual sans-serif faces.

    >>> width("il") < width("Th") < width("MW")
    True
    """
    return sum(4.6 if c in NARROW else 11.0 if c in WIDE else 8.0 for c in line)


def layout(things: Sequence[Thing], pairs: Sequence[tuple[str, str]]) -> Layout:
    """Return the picture of `things` and the lines between `pairs`; the same input in any order gives the same.

    Several lengths of a column are tried, and the picture kept that is largest in a window of 1366 x 768.
    """
    things = sorted(things)
    known = {thing.id for thing in things}
    pairs = sorted({(a, b) for a, b in pairs if a in known and b in known and a != b})
    longest = max((sum(t.layer == n for t in things) for n in {t.layer for t in things}), default=0)
    lengths = [26] if len(pairs) > MANY else [n for n in TALL if n < longest] + [min(TALL[-1], max(longest, 1))]
    best: Layout | None = None
    for length in sorted(set(lengths), reverse=True):
        made = _placed(things, pairs, length)
        if best is None or made.scale > best.scale * 1.02:
            best = made
    assert best is not None
    return best


def _placed(things: Sequence[Thing], pairs: Sequence[tuple[str, str]], length: int) -> Layout:
    rank_of, layer_of = _ranks(things, pairs, length)
    spots = {t.id: _Spot(t.id, rank_of[t.id], len(t.lines) * LINE + 12.0, True) for t in things}
    columns: list[list[_Spot]] = [[] for _ in layer_of]
    for thing in things:
        columns[rank_of[thing.id]].append(spots[thing.id])
    chains: dict[tuple[str, str], list[_Link]] = {}
    arcs: list[_Link] = []
    for source, target in pairs:
        a, b = spots[source], spots[target]
        if a.rank == b.rank:
            chains[(source, target)] = [_Link(a, b)]
            arcs.append(chains[(source, target)][0])
            continue
        if a.rank > b.rank:
            a, b = b, a
        chain = [a]
        for rank in range(a.rank + 1, b.rank):
            chain.append(_Spot(f"{source}|{target}", rank, LANE, False))
            columns[rank].append(chain[-1])
        chain.append(b)
        links = [_Link(one, two) for one, two in pairwise(chain)]
        for link in links:
            link.a.right.append(link)
            link.b.left.append(link)
        chains[(source, target)] = links
    beside: dict[_Spot, int] = defaultdict(int)
    for arc in arcs:
        beside[arc.a] += 1
        beside[arc.b] += 1
    for spot in spots.values():
        ports = max(len(spot.left), len(spot.right) + beside[spot])
        spot.height = max(spot.height, (ports + 0.5) * LANE if ports > 1 else 0)
    few = len(pairs) > MANY
    _order(columns, arcs, 4 if few else SWEEPS)
    _heights(columns, arcs, 4 if few else SWEEPS)
    return _drawn(things, columns, chains, layer_of)


def _ranks(things: Sequence[Thing], pairs: Sequence[tuple[str, str]], length: int) -> tuple[dict[str, int], list[int]]:
    """Column of each thing, and the layer of each column.

    A layer wraps when it is longer than `length`, or when its things act much on each other: then what acts stands left
    of what it acts on, in up to three columns, and lines that stay in one column are few.
    """
    layer = {thing.id: thing.layer for thing in things}
    pull: dict[str, int] = defaultdict(int)
    inner: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for a, b in pairs:
        if layer[a] == layer[b]:
            inner[layer[a]].append((a, b))
        else:
            left, right = (a, b) if layer[a] < layer[b] else (b, a)
            pull[left] += 1  # it needs a lane through the columns right of it
            pull[right] -= 1
    rank_of: dict[str, int] = {}
    layer_of: list[int] = []
    for number in sorted(set(layer.values())):
        members = sorted(thing.id for thing in things if thing.layer == number)
        count = max(1, -(-len(members) // length))
        size = -(-len(members) // count)
        depth = _depths(members, inner[number], 3 if len(inner[number]) > 3 else count)
        count = max(count, max(depth.values(), default=0) + 1)
        parts: list[list[str]] = [[] for _ in range(count)]
        for name in sorted(depth, key=lambda i: (depth[i], pull[i], i)):
            part = depth[name]
            while len(parts[part]) >= length and part + 1 < len(parts):
                part += 1
            if len(parts[part]) >= length and part + 1 == len(parts):
                parts.append([])
                part += 1
            parts[part].append(name)
        size = max(size, -(-len(members) // len(parts)))
        for name in sorted((i for i in members if i not in depth), key=lambda i: (pull[i], i)):
            free = [part for part in parts if len(part) < size]
            (free[0] if free else min(parts, key=len)).append(name)
        for members in filter(None, parts):
            rank_of |= dict.fromkeys(members, len(layer_of))
            layer_of.append(number)
    return rank_of, layer_of


def _depths(members: Sequence[str], pairs: Sequence[tuple[str, str]], most: int) -> dict[str, int]:
    """How far right, of `most` columns, each thing stands that acts on another of its layer or is acted on by one."""
    degree: dict[str, int] = defaultdict(int)
    for a, b in pairs:
        degree[a] += 1
        degree[b] += 1
    kept: set[tuple[str, str]] = set()
    for a, b in sorted(pairs, key=lambda pair: (-degree[pair[0]] - degree[pair[1]], pair)):
        reached, todo = {b}, [b]
        while todo:
            here = todo.pop()
            for one, two in kept:
                if one == here and two not in reached:
                    reached.add(two)
                    todo.append(two)
        if a not in reached:  # else it would close a ring
            kept.add((a, b))
    depth = {name: 0 for name in members if degree[name]}
    for _ in range(most - 1):
        for a, b in sorted(kept):
            depth[b] = max(depth[b], min(most - 1, depth[a] + 1))
    return depth


# --- order -----------------------------------------------------------------------------------------------------------


def _crossings(column: Sequence[_Spot], place: dict[_Spot, int]) -> int:
    """How many lines cross between a column and the next."""
    ends = sorted((place[link.a], place[link.b]) for spot in column for link in spot.right)
    seen: list[int] = []
    count = 0
    for _, end in ends:
        count += len(seen) - bisect_right(seen, end)
        insort(seen, end)
    return count


def _order(columns: list[list[_Spot]], arcs: Sequence[_Link], sweeps: int) -> None:
    place: dict[_Spot, int] = {}

    def settle(column: Sequence[_Spot]) -> None:
        for index, spot in enumerate(column):
            place[spot] = index

    def measure() -> float:
        return sum(_crossings(column, place) for column in columns) + 0.3 * sum(
            abs(place[arc.a] - place[arc.b]) for arc in arcs
        )

    tied: dict[_Spot, list[_Spot]] = defaultdict(list)
    for arc in arcs:
        tied[arc.a].append(arc.b)
        tied[arc.b].append(arc.a)
    for column in columns:
        settle(column)
    best, kept = measure(), [list(column) for column in columns]
    for sweep in range(sweeps):
        forward = sweep % 2 == 0
        for column in columns if forward else columns[::-1]:
            keys = {}
            for spot in column:
                near = [place[k.a] / len(columns[k.a.rank]) for k in spot.left] if forward else []
                near += [] if forward else [place[k.b] / len(columns[k.b.rank]) for k in spot.right]
                near += [place[other] / len(column) for other in tied[spot]]
                keys[spot] = round(sum(near) / len(near), 9) if near else place[spot] / len(column)
            column.sort(key=lambda spot: (keys[spot], place[spot]))
            settle(column)
        now = measure()
        if now < best - 1e-9:
            best, kept = now, [list(column) for column in columns]
    for column, order in zip(columns, kept, strict=True):
        column[:] = order
        settle(column)
    if sum(map(len, columns)) < 1500:
        _swapped(columns, place, tied)


def _swapped(columns: list[list[_Spot]], place: dict[_Spot, int], tied: dict[_Spot, list[_Spot]]) -> None:
    """Swap neighbours in a column as long as that takes crossings away."""

    def cost(upper: _Spot, lower: _Spot) -> float:
        total = 0.0
        for ends in (
            ([place[k.a] for k in upper.left], [place[k.a] for k in lower.left]),
            ([place[k.b] for k in upper.right], [place[k.b] for k in lower.right]),
        ):
            total += sum(a > b for a in ends[0] for b in ends[1])
        return total + 0.3 * (
            sum(abs(place[upper] - place[o]) for o in tied[upper])
            + sum(abs(place[lower] - place[o]) for o in tied[lower])
        )

    for _ in range(8):
        moved = False
        for column in columns:
            for i in range(len(column) - 1):
                one, two = column[i], column[i + 1]
                before = cost(one, two)
                place[one], place[two] = i + 1, i
                if cost(two, one) < before - 1e-9:
                    column[i], column[i + 1] = two, one
                    moved = True
                else:
                    place[one], place[two] = i, i + 1
        if not moved:
            return


# --- heights ---------------------------------------------------------------------------------------------------------


def _apart(upper: _Spot, lower: _Spot) -> float:
    air = AIR if upper.real and lower.real else 5 if upper.real or lower.real else 0
    return (upper.height + lower.height) / 2 + air


def _heights(columns: Sequence[Sequence[_Spot]], arcs: Sequence[_Link], sweeps: int) -> None:
    for column in columns:
        at = 0.0
        for i, spot in enumerate(column):
            at += _apart(column[i - 1], spot) if i else 0
            spot.y = at
        for spot in column:
            spot.y -= at / 2
    _ports(columns, arcs)
    for sweep in range(sweeps):
        both = sweep >= sweeps - 2
        for column in columns if sweep % 2 == 0 else columns[::-1]:
            wishes = []
            for spot in column:
                wanted, weight = 0.0, 0.0
                sides = (True, False) if both else (sweep % 2 == 0,)
                for left in sides:
                    for link in spot.left if left else spot.right:
                        worth = 1.0 if link.a.real and link.b.real else 8.0 if not (link.a.real or link.b.real) else 3.0
                        aim = link.a.y + link.out - link.into if left else link.b.y + link.into - link.out
                        wanted, weight = wanted + worth * aim, weight + worth
                wishes.append((wanted / weight, weight) if weight else (spot.y * 0.9, 0.2))
            _regress(column, wishes)
        _ports(columns, arcs)


def _regress(column: Sequence[_Spot], wishes: Sequence[tuple[float, float]]) -> None:
    """Give each spot the height nearest to its wish, in weighted squares, that keeps order and distance.

    Pool adjacent violators: with the distances taken off, heights must not fall.
    """
    offset, blocks = 0.0, list[list[float]]()
    offsets = []
    for i, (wish, weight) in enumerate(wishes):
        offset += _apart(column[i - 1], column[i]) if i else 0
        offsets.append(offset)
        blocks.append([wish - offset, weight, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            value, mass, count = blocks.pop()
            last = blocks[-1]
            last[0] = (last[0] * last[1] + value * mass) / (last[1] + mass)
            last[1] += mass
            last[2] += count
    i = 0
    for value, _, count in blocks:
        for _ in range(int(count)):
            column[i].y = value + offsets[i]
            i += 1


def _ports(columns: Sequence[Sequence[_Spot]], arcs: Sequence[_Link]) -> None:
    """Spread the ends of lines along the sides of boxes, in the order of their other ends."""
    outer: dict[_Spot, list[_Link]] = defaultdict(list)
    for arc in arcs:
        outer[arc.a].append(arc)
        outer[arc.b].append(arc)
    for column in columns:
        for spot in column:
            if not spot.real:
                continue
            spot.left.sort(key=lambda k: (round(k.a.y + k.out, 6), k.a.id))
            for i, link in enumerate(spot.left):
                link.into = (i - (len(spot.left) - 1) / 2) * LANE
            right = [(round(k.b.y + k.into, 6), k.b.id, k) for k in spot.right]
            right += [((o := k.b if k.a is spot else k.a).y, o.id, k) for k in outer[spot]]
            right.sort(key=lambda each: each[:2])
            for i, (_, _, link) in enumerate(right):
                port = (i - (len(right) - 1) / 2) * LANE
                if link.a is spot:
                    link.out = port
                else:
                    link.into = port
            spot.right.sort(key=lambda k: k.out)


# --- lines -----------------------------------------------------------------------------------------------------------


def _drawn(
    things: Sequence[Thing],
    columns: Sequence[Sequence[_Spot]],
    chains: dict[tuple[str, str], list[_Link]],
    layer_of: Sequence[int],
) -> Layout:
    label = {thing.id: thing.lines for thing in things}
    broad = [max((max(map(width, label[s.id])) + 18 for s in column if s.real), default=20) for column in columns]
    tops = [spot.y - spot.height / 2 for column in columns for spot in column]
    bottoms = [spot.y + spot.height / 2 for column in columns for spot in column]
    height = max(bottoms, default=0) - min(tops, default=0) + 40
    count = sum(1 for a, b in pairwise(layer_of)) or 1
    spare = (height * STAGE[0] / STAGE[1] - sum(broad)) / count
    gap = min(210.0, max(74.0, spare))
    arcs = max((abs(k.a.y - k.b.y) for links in chains.values() for k in links if k.a.rank == k.b.rank), default=0.0)
    edges: list[tuple[float, float]] = []
    left = 0.0
    for i, across in enumerate(broad):
        edges.append((round(left), round(left + across)))
        inside = i + 1 < len(layer_of) and layer_of[i] == layer_of[i + 1]
        left += across + (max(60.0, gap * 0.7) if inside else gap)
    boxes = {
        spot.id: Box(
            round((edges[spot.rank][0] + edges[spot.rank][1]) / 2, 1),
            round(spot.y, 1),
            round(edges[spot.rank][1] - edges[spot.rank][0], 1),
            round(spot.height, 1),
        )
        for column in columns
        for spot in column
        if spot.real
    }
    paths = {pair: _path(pair, links, edges, gap) for pair, links in chains.items()}
    extents = []
    for layer in sorted(set(layer_of)):
        own = [edges[i] for i, each in enumerate(layer_of) if each == layer]
        extents.append((layer, own[0][0], own[-1][1]))
    right = (edges[-1][1] if edges else 0) + (_bulge(arcs, gap) * 0.75 + 4 if arcs else 0)
    frame = (0.0, round(min(tops, default=0), 1), round(right, 1), round(max(bottoms, default=0), 1))
    return Layout(boxes, paths, tuple(extents), frame, min(1.1, STAGE[0] / (right + 30), STAGE[1] / height))


def _bulge(across: float, gap: float) -> int:
    """How far an arc that spans a height stands out beside its column."""
    return round(min(gap * 0.9, 70, 26 + across / 5))


def _path(pair: tuple[str, str], links: Sequence[_Link], edges: Sequence[tuple[float, float]], gap: float) -> Path:
    first = links[0]
    if first.a.rank == first.b.rank:
        x = edges[first.a.rank][1]
        y1, y2 = float(round(first.a.y + first.out)), float(round(first.b.y + first.into))
        return Path((x, y1, x + MARK, y2), -1, _bulge(abs(y1 - y2), gap))
    points: list[tuple[float, float]] = []  # in pairs: a curve from the first to the second of each
    for link in links:
        points.append((edges[link.a.rank][1], round(link.a.y + (link.out if link.a.real else 0))))
        points.append((edges[link.b.rank][0], round(link.b.y + (link.into if link.b.real else 0))))
    onward = links[0].a.id == pair[0]
    if not onward:
        points.reverse()
    facing = 1 if onward else -1
    points[-1] = (points[-1][0] - MARK * facing, points[-1][1])
    return Path(tuple(each for point in points for each in point), facing)
