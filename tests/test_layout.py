"""Boxes and lines: nothing overlaps, no line runs behind a box of others, crossings are few, all is repeatable."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.layout import AIR, Thing, layout, lines, width

PICTURES = {
    "routes": ("", ("MSC", "SLE")),
    "many routes": ("", ("MSC", "RA")),
    "from a disease": ("", ("SLE", "MSC")),
    "map": ("map", ("RA",)),
    "comparison": ("comparison", ("SSc", "SLE")),
    "around MSC": ("", ("MSC",)),
    "around PGE2": ("", ("PGE2",)),
}


def many(count: int) -> tuple[list[Thing], list[tuple[str, str]]]:
    things = [
        Thing(f"x{i}", i % 6, lines(f"thing number {i} with a name" if i % 5 == 0 else f"T{i}")) for i in range(count)
    ]
    return things, [(f"x{i}", f"x{(i * k + 1) % count}") for i in range(count) for k in (3, 7)]


def points(d: str) -> list[tuple[float, float]]:
    """Places along a path, 24 to a curve, 8 to a straight part."""
    found: list[tuple[float, float]] = []
    here = (0.0, 0.0)
    for kind, text in re.findall(r"([MLC])([^MLC]*)", d):
        n = [float(each) for each in re.split("[ ,]", text)]
        if kind == "C":
            for i in range(1, 25):
                t, u = i / 24, 1 - i / 24
                found.append(
                    tuple(u**3 * here[k] + 3 * u * u * t * n[k] + 3 * u * t * t * n[2 + k] + t**3 * n[4 + k] for k in (0, 1))
                )  # fmt: skip
            here = (n[4], n[5])
        else:
            if kind == "L":
                found += [(here[0] + (n[0] - here[0]) * i / 8, here[1] + (n[1] - here[1]) * i / 8) for i in range(9)]
            here = (n[0], n[1])
    return found


def faults(made) -> list[str]:
    """What is wrong in a picture: boxes that overlap, lines behind boxes that they do not touch."""
    found = []
    sides = {
        i: (b.x - b.width / 2, b.x + b.width / 2, b.y - b.height / 2, b.y + b.height / 2) for i, b in made.boxes.items()
    }
    names = sorted(sides)
    for i, one in enumerate(names):
        for two in names[i + 1 :]:
            a, b = sides[one], sides[two]
            if not (a[1] <= b[0] or b[1] <= a[0] or a[3] + AIR / 2 <= b[2] or b[3] + AIR / 2 <= a[2]):
                found.append(f"{one} over {two}")
    for pair, path in made.paths.items():
        for x, y in points(path.d):
            for name in names:
                left, right, top, bottom = sides[name]
                if left + 0.2 < x < right - 0.2 and top < y < bottom:
                    found.append(f"{pair} behind {name}")
                    break
    return sorted(set(found))


@pytest.mark.parametrize("count", [1, 7, 40, 120, 200])
def test_boxes_never_overlap_and_no_line_runs_behind_a_box(count):
    made = layout(*many(count))
    assert len(made.boxes) == count
    assert faults(made) == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 24), st.integers(0, 24)), max_size=60))
def test_any_graph_is_drawn_without_faults(pairs):
    things = [Thing(f"x{i}", i % 4, (f"name {i}",)) for i in range(25)]
    made = layout(things, [(f"x{a}", f"x{b}") for a, b in pairs])
    assert faults(made) == []
    assert set(made.paths) == {(f"x{a}", f"x{b}") for a, b in pairs if a != b}


@pytest.mark.parametrize("name", PICTURES)
def test_real_pictures_have_no_faults_and_can_be_read(graph, name):
    from kg.gallery import picture
    from kg.pictures import READABLE
    from kg.views import laid_out

    view = picture(graph, PICTURES[name][0], PICTURES[name][1])
    made = laid_out(view)
    assert faults(made) == []
    assert made.scale >= READABLE
    for node in view.nodes:
        assert max(map(width, lines(node.name))) <= made.boxes[node.id].width
        assert len(lines(node.name)) * 17 <= made.boxes[node.id].height


def test_columns_stand_in_the_order_of_the_layers():
    things, pairs = many(60)
    made = layout(things, pairs)
    assert [layer for layer, _, _ in made.columns] == [0, 1, 2, 3, 4, 5]
    for (_, _, right), (_, left, _) in zip(made.columns, made.columns[1:], strict=False):
        assert right < left
    extent = {layer: (left, right) for layer, left, right in made.columns}
    for thing in things:
        left, right = extent[thing.layer]
        assert left <= made.boxes[thing.id].x <= right


def test_the_order_given_does_not_matter():
    things, pairs = many(40)
    assert layout(things, pairs) == layout(things[::-1], pairs[::-1] + pairs)


def test_crossings_are_reduced():
    """Two pairs that cross when sorted by name must not cross in the picture."""
    things = [Thing(name, layer, (name,)) for name, layer in (("a", 0), ("b", 0), ("x", 1), ("y", 1))]
    boxes = layout(things, [("a", "y"), ("b", "x")]).boxes
    assert (boxes["a"].y - boxes["b"].y) * (boxes["y"].y - boxes["x"].y) > 0


def crossings(made) -> int:
    """How often lines cross, counted on the drawn curves."""
    drawn = [points(path.d) for _, path in sorted(made.paths.items())]
    boxes = [(min(x for x, _ in d), max(x for x, _ in d), min(y for _, y in d), max(y for _, y in d)) for d in drawn]

    def turn(a, b, c):
        return (c[1] - a[1]) * (b[0] - a[0]) - (b[1] - a[1]) * (c[0] - a[0])

    count = 0
    for i, one in enumerate(drawn):
        for j in range(i):
            a, b = boxes[i], boxes[j]
            if a[1] < b[0] or b[1] < a[0] or a[3] < b[2] or b[3] < a[2]:
                continue
            count += any(
                turn(p, q, r) * turn(p, q, s) < 0 and turn(r, s, p) * turn(r, s, q) < 0
                for p, q in pairwise(one)
                for r, s in pairwise(drawn[j])
            )
    return count


def test_few_lines_cross_in_a_real_picture(graph):
    """18 in the routes from MSC to SLE; over 150 without the sweeps and the swaps."""
    from kg.gallery import picture
    from kg.views import laid_out

    assert crossings(laid_out(picture(graph, "", ("MSC", "SLE")))) <= 30


def test_lines_start_and_end_at_the_sides_of_their_boxes():
    things = [Thing(name, layer, (name,)) for name, layer in (("a", 0), ("m", 1), ("n", 1), ("z", 2))]
    made = layout(things, [("a", "z"), ("z", "a"), ("a", "m"), ("m", "n"), ("a", "n")])
    for (source, target), path in made.paths.items():
        start = re.match(r"M([\d.-]+),([\d.-]+)", path.d)
        x, y = float(start[1]), float(start[2])
        for box, px, py in ((made.boxes[source], x, y), (made.boxes[target], *path.end)):
            assert abs(abs(px - box.x) - box.width / 2) < 0.2
            assert abs(py - box.y) <= box.height / 2
    assert made.paths["a", "z"].facing == 1
    assert made.paths["z", "a"].facing == -1
    ends = [path.end for pair, path in made.paths.items()]
    assert len(set(ends)) == len(ends)  # each line has a place of its own at a box


def test_what_acts_stands_left_of_what_it_acts_on_in_a_layer_of_many():
    things = [Thing(name, 0, (name,)) for name in "abcdef"]
    boxes = layout(things, [("a", "d"), ("b", "d"), ("d", "e"), ("d", "f"), ("c", "d")]).boxes
    assert boxes["a"].x < boxes["d"].x < boxes["e"].x


def test_a_ring_is_no_trouble():
    things = [Thing(name, 0, (name,)) for name in "abcd"]
    pairs = [("a", "b"), ("b", "c"), ("c", "a"), ("a", "d"), ("d", "a")]
    assert faults(layout(things, pairs)) == []


def test_many_lines_are_laid_out_in_seconds():
    import time

    things, pairs = many(700)
    start = time.process_time()
    made = layout(things, pairs)
    assert len(made.paths) > 1000
    assert time.process_time() - start < 20
