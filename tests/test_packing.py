"""The data of a picture packed into its file: smaller, the same in the page again (the page itself: test_browser)."""

from __future__ import annotations

import json
from dataclasses import replace

from kg.packing import COLUMN, ROW, packed
from kg.views import PREFIXES, Cell, ViewEdge, ViewRoute, payload
from tests.test_views import chart, example, many, ranking, row


def size(value) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def test_packed_takes_less_room():
    for view in (example(), chart(), ranking(), many(200)):
        plain = payload(view)
        assert size(packed(plain, PREFIXES)) < size(plain)


def test_real_pictures_hold_a_claim_in_600_bytes(graph):
    from kg.gallery import picture

    for kind, names in (("", ("PGE2",)), ("map", ("RA",)), ("gaps", ("SLE",)), ("ladder", ("SLE",))):
        plain = payload(picture(graph, kind, names))
        assert size(packed(plain, PREFIXES)) <= 600 * len(plain["claims"])
    two = payload(picture(graph, "comparison", ("SSc", "SLE")))
    assert size(packed(two, PREFIXES)) <= 400 * len(two["rows"])  # its claims have two rows and more each


def test_texts_of_fields_share_what_they_say():
    view = chart()
    cells = (
        Cell("PGE2", "Th17 cell", 4, "-", "PGE2 lowers Th17 cell: 1 paper"),
        Cell("IDO1", "B cell", 4, "-", "IDO1 lowers B cell: 1 paper"),
    )
    data = packed(payload(replace(view, chart=replace(view.chart, cells=cells))), PREFIXES)
    texts = [data["words"][cell[4]] for cell in data["chart"]["cells"]]
    assert texts == [f"{ROW} lowers {COLUMN}: 1 paper"] * 2


def test_papers_keep_only_what_their_curie_does_not_say():
    kinds = [
        row("a", "doi:10.1000/one"),
        row("b", "doi:10.1000/a<b"),
        row("c", "javascript:alert(1)"),
        replace(row("d", "pubmed:104"), kind="review"),
    ]
    view = replace(example(), edges=(replace(example().edges[0], evidence=tuple(kinds)),), routes=())
    citation = "One A 2011. A title"
    assert packed(payload(view), PREFIXES)["papers"] == [
        ["doi:10.1000/one", citation],
        ["doi:10.1000/a<b", citation, 0, "https://doi.org/10.1000/a%3Cb"],
        ["javascript:alert(1)", citation, 0, 1],
        ["pubmed:104", citation, 1],
    ]


def test_what_is_no_node_keeps_its_id():
    route = ViewRoute(1, "via x", -1, 0.1234567891, ("a; b",), chains=(("CL:0000134", "mode:contact"),))
    data = packed(payload(replace(example(), routes=(route,), blocked=("CL:0000134", "other"))), PREFIXES)
    number = next(n for n, node in enumerate(data["nodes"]) if node[0] == "CL:0000134")
    assert data["blocked"] == [number, "other"]
    assert data["routes"][0][5] == [[number, "mode:contact"]]
    assert data["routes"][0][3] == 0.123457


def test_claims_that_are_not_drawn_are_left_out():
    loop = ViewEdge("e9", "CL:0000236", "CL:0000236", "binds", 0, "", "", (row(),))
    view = replace(example(), edges=(*example().edges, loop))
    assert sum(len(edge[7]) for edge in packed(payload(view), PREFIXES)["edges"]) == len(example().edges)
