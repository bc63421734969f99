"""What goes into a picture: routes and chains, blockades, comparisons, maps, charts."""

from __future__ import annotations

import shlex

import pytest

from kg.cli import main
from kg.errors import UnknownTerm
from kg.gallery import KINDS, picture, stock
from kg.graph import Context
from kg.pictures import neighbourhood, routes
from kg.views import html


def names(view) -> dict[str, str]:
    return {node.id: node.name for node in view.nodes}


def lines_of(view) -> set[tuple[str, str]]:
    by_id = names(view)
    return {(by_id[edge.source], by_id[edge.target]) for edge in view.edges}


def test_routes_say_what_they_do_to_the_target(graph):
    for target, words in (
        ("SLE", {"ameliorates SLE", "exacerbates SLE"}),
        ("Th17 cell", {"lowers Th17 cell", "raises Th17 cell"}),
    ):
        view = routes(graph.trace("MSC", target, count=3), stock(graph))
        assert {route.verb for route in view.routes} == words
        assert all((route.sign < 0) == route.verb.startswith(("ameliorates", "lowers")) for route in view.routes)


def test_every_line_of_a_route_is_a_step_of_its_chains(graph):
    view = picture(graph, "", ("MSC", "SLE"))
    for route in view.routes:
        ends = {name for chain in route.chains for name in chain}
        own = {(edge.source, edge.target) for edge in view.edges if route.rank in edge.routes}
        assert own
        assert {end for pair in own for end in pair} == ends


def test_mediators_with_a_claim_between_them_are_a_chain(graph):
    """A paper says that MSC lower TNF through CD200 and CD200R1: the factor stands first, then its receptor."""
    from kg.mechanisms import Step
    from kg.pictures import _edges

    held = stock(graph)
    claim = next(
        c for c in held.claims if ("CD200", "CD200R1") in {row.mediator for row in c.evidence} and c.object == "TNF"
    )
    step = Step("MSC", claim.predicate, "TNF", claim.aspect, "", -1, 0.5, "", claim.publications, (), (), "", mediators=("CD200", "CD200R1"), claim=claim.id)  # fmt: skip
    between = {("CD200", "CD200R1"): [c for c in held.claims if (c.subject, c.object) == ("CD200", "CD200R1")]}
    assert between["CD200", "CD200R1"]
    edges = _edges(step, {claim.id: claim}, between, held)
    by_curie = {entity.curie: name for name, entity in graph.vocabulary.entities.items()}
    drawn = {(by_curie[edge.source], by_curie[edge.target]): edge.sign for edge in edges}
    assert set(drawn) == {("MSC", "CD200"), ("CD200", "CD200R1"), ("CD200R1", "TNF")}
    assert (drawn["MSC", "CD200"], drawn["CD200R1", "TNF"]) == (0, -1)


def test_mediators_without_a_claim_between_them_stand_side_by_side():
    from kg.pictures import in_order

    assert in_order(("A", "B"), set()) == (["A", "B"], ["A", "B"], [])
    assert in_order(("A", "B"), {("B", "A")}) == (["B"], ["A"], [("B", "A")])
    assert in_order(("A", "B"), {("B", "A"), ("A", "B")}) == (["A", "B"], ["A", "B"], [])
    assert in_order(("A", "B", "C"), {("A", "B")}) == (["A", "C"], ["B", "C"], [("A", "B")])
    assert in_order(("A", "B", "C"), {("A", "B"), ("B", "C"), ("C", "A")})[0] == ["A", "B", "C"]


def test_routes_that_do_not_fit_are_counted(graph, monkeypatch):
    from kg import pictures

    answer = graph.trace("MSC", "SLE", count=40)
    some = routes(answer, stock(graph))
    monkeypatch.setattr(pictures, "LIMITS", (10**6,))
    whole = routes(answer, stock(graph))
    assert whole.hidden_edges == 0
    assert some.hidden_edges == len({edge.id for edge in whole.edges} - {edge.id for edge in some.edges}) > 0
    assert len(some.routes) < len(whole.routes) == 80


def test_blockade_strikes_what_it_takes(graph):
    view = picture(graph, "", ("MSC", "SLE"), block=["IDO1"])
    answer = graph.blockade("MSC", "SLE", ["IDO1"])
    lost = {route.label for route in view.routes if route.lost}
    assert lost == {route.label for route in answer.lost}
    assert {names(view)[i] for i in view.blocked} == {"IDO1"}
    assert view.block == "IDO1"
    idone = graph.resolve("IDO1").curie
    for route in view.routes:
        assert route.lost == all(idone in chain for chain in route.chains)
    assert [route.lost for route in view.routes] == sorted((route.lost for route in view.routes), reverse=True)
    total = len(answer.lost) + len(answer.surviving)
    assert view.notes == (f"{total - len(view.routes)} more routes are not in this picture.",)


def test_blocking_what_is_no_entity_strikes_routes_too(graph):
    view = picture(graph, "", ("MSC", "RA"), block=["umbilical cord MSC"])
    answer = graph.blockade("MSC", "RA", ["umbilical cord MSC"])
    assert view.blocked == ()
    assert {r.label for r in view.routes if r.lost} <= {r.label for r in answer.lost}
    assert any(route.lost for route in view.routes) == bool(answer.lost)


def test_comparison_sorts_routes_into_four_groups(graph):
    view = picture(graph, "comparison", ("SSc", "SLE"))
    answer = graph.compare("SSc", "SLE")
    where = {"shared": answer.shared, "opposite": answer.opposite, "left": answer.only_left, "right": answer.only_right}
    for route in view.routes:
        assert route.label in {each.label for each in where[route.group]}
    assert [group for group, _ in view.groups] == list(where)
    assert f"({len(answer.shared)})" in view.groups[0][1]
    sides = {node.name: node.side for node in view.nodes}
    assert (sides["SSc"], sides["SLE"], sides["MSC"]) == ("left", "right", "both")
    total = sum(map(len, where.values()))
    assert view.notes[0].startswith(f"{total - len(view.routes)} more routes")


@pytest.mark.parametrize("large", [False, True])
def test_map_has_each_thing_in_the_column_of_its_class(graph, large):
    view = picture(graph, "map", ("RA",), large=large)
    layers = graph.vocabulary.ontology.layers
    assert {node.layer for node in view.nodes} == {0, 1, 2, 3, 4, 5}
    into = {edge.source: set() for edge in view.edges}
    for edge in view.edges:
        into[edge.source].add(edge.target)
    layer_of = {node.id: node.layer for node in view.nodes}
    for node in view.nodes:
        if node.layer == 0:
            assert {layer_of[target] for target in into[node.id]} == {1}
        if node.id.endswith("|inducer"):
            assert node.layer == 0
            assert node.curie == node.id.partition("|")[0]
        else:
            assert node.layer == layers[node.category]
    claims = {claim.id for claim in graph.claims("RA")}
    assert {edge.id.partition("|")[0] for edge in view.edges} <= claims
    family = {"RA", *graph.vocabulary.descendants("RA")}
    for edge in view.edges:
        claim = next(c for c in graph.claims("RA") if c.id == edge.id.partition("|")[0])
        if not family & {claim.subject, claim.object}:
            assert all(row.disease in family for row in edge.evidence)
    assert (view.hidden_edges > 0) == (view.hidden_nodes > 0) == (not large)


def test_neighbourhood_counts_what_it_leaves_out(graph):
    whole = neighbourhood("PGE2", stock(graph), 100_000)
    some = neighbourhood("PGE2", stock(graph))
    assert len(whole.edges) == len(some.edges) + some.hidden_edges
    assert {edge.id for edge in some.edges} <= {edge.id for edge in whole.edges}
    around = neighbourhood("MSC", stock(graph), 100_000)
    inducers = [node for node in around.nodes if node.id.endswith("|inducer")]
    assert "IFNG" in {node.name for node in inducers}
    assert all(edge.target != "CL:0000134" or edge.source not in {n.curie for n in inducers} for edge in around.edges)


def test_matrix_has_the_fields_of_the_answer_with_their_papers(graph):
    view = picture(graph, "gaps", ("pSS",))
    answer = graph.gaps("pSS")
    tested = {(cell.row, cell.column): cell for cell in view.chart.cells if cell.tone}
    assert set(tested) == {(field.mediator or "mediator not named", field.cell) for field in answer.matrix}
    by_id = {edge.id: edge for edge in view.edges}
    for field in answer.matrix:
        cell = tested[(field.mediator or "mediator not named", field.cell)]
        behind = {row.publication for claim in cell.claims for row in by_id[claim].evidence}
        assert set(field.publications) <= behind
        assert cell.tone == graph.vocabulary.ontology.systems[field.best_stage].stage
        assert cell.human == bool(field.human_stage)
    rings = {(cell.row, cell.column) for cell in view.chart.cells if not cell.tone}
    assert rings <= {(each.mediator, each.cell) for each in (*answer.elsewhere, *answer.untested)}
    assert len(view.chart.cells) == len({(c.row, c.column) for c in view.chart.cells})


def test_bars_are_the_ranking(graph):
    view = picture(graph, "centrality", ("SLE",), count=5)
    ranks = graph.centrality("route-weight", disease="SLE", count=20)
    assert [(bar.node, bar.value) for bar in view.chart.bars] == [(rank.curie, rank.value) for rank in ranks]


def test_ladder_counts_papers_on_rungs(graph):
    view = picture(graph, "ladder", ("SLE",))
    by_id = {edge.id: edge for edge in view.edges}
    ladder = graph.vocabulary.ontology.systems
    assert [key for key, _ in view.chart.columns] == sorted(ladder, key=lambda name: ladder[name].stage)
    for cell in view.chart.cells:
        papers = {r.publication for claim in cell.claims for r in by_id[claim].evidence if r.system == cell.column}
        assert int(cell.mark) <= len(papers)
        assert cell.system == cell.column
    routes_ = picture(graph, "ladder", ("MSC", "RA"))
    assert len(routes_.chart.rows) == 16


@pytest.mark.parametrize(
    ("kind", "subjects", "choices"),
    [
        ("", ("msc", "lupus nephritis"), {}),
        ("", ("umbilical cord MSC", "SLE"), {"count": 3}),
        ("", ("MSC", "SLE"), {"block": ["IDO1", "PGE2"]}),
        ("", ("MSC", "RA"), {"context": Context(species="mouse")}),
        ("", ("MSC", "RA"), {"context": Context(species="")}),
        ("", ("Th17 cell",), {}),
        ("map", ("pSS",), {"large": True}),
        ("comparison", ("SSc", "SLE"), {"count": 4}),
        ("gaps", ("lupus nephritis",), {}),
        ("centrality", ("lupus nephritis",), {"count": 25}),
        ("ladder", ("pSS",), {}),
        ("ladder", ("umbilical cord MSC", "SSc"), {}),
    ],
)
def test_the_command_on_a_picture_makes_it_again(graph, capsys, kind, subjects, choices):
    view = picture(graph, kind, subjects, **choices)
    words = shlex.split(view.command)
    assert words[:2] == ["kg", "view"]
    with pytest.raises(SystemExit):
        main([*words[1:], "-o", "-"])
    assert capsys.readouterr().out == html(view, large=True)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_becomes_a_page(graph, kind):
    subjects = {"routes": ("MSC", "SLE"), "comparison": ("SLE", "SSc"), "around": ("IDO1",)}.get(kind, ("SSc",))
    page = html(picture(graph, kind, subjects))
    assert page.startswith("<!doctype html>")
    assert page == html(picture(graph, kind, subjects))


@pytest.mark.parametrize(
    ("kind", "subjects", "block", "said"),
    [
        ("banana", ("MSC",), (), "unknown kind of picture 'banana'"),
        ("routes", ("MSC",), (), "it takes 2 names"),
        ("map", ("SLE", "RA"), (), "it takes 1 name"),
        ("ladder", ("SLE", "RA", "SSc"), (), "it takes 1 or 2 names"),
        ("map", ("SLE",), ("IDO1",), "goes with the routes of two names"),
        ("map", ("IDO1",), (), "not a disease"),
        ("", ("MSC", "SLE", "RA"), (), "it takes 1 name"),
        ("", ("human",), (), "there is nothing to draw"),
    ],
)
def test_what_cannot_be_drawn_says_why(graph, kind, subjects, block, said):
    with pytest.raises(UnknownTerm) as error:
        picture(graph, kind, subjects, block=block)
    assert said in str(error.value)
