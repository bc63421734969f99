"""How answers read in a terminal: columns, tab-separated rows, and a trace step by step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from kg.blockade import Blockade
    from kg.compare import Comparison
    from kg.dataset import Dataset
    from kg.disagreements import Disagreement, Side
    from kg.explain import Weighed
    from kg.gaps import Driver, Field, Gaps, Untested
    from kg.mechanisms import Mechanism, Route, Trace
    from kg.null import Null

__all__ = [
    "blockade_text",
    "columns",
    "compare_text",
    "compare_tsv",
    "disagreements_text",
    "disagreements_tsv",
    "explain_text",
    "gaps_text",
    "gaps_tsv",
    "incoherent_text",
    "papers",
    "trace_text",
    "trace_tsv",
    "tsv",
]


def tsv(names: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a heading and rows, tab-separated, lists joined by `; `."""

    def clean(value: object) -> str:
        text = "; ".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
        return " ".join(text.split())

    click.echo("\t".join(names))
    for row in rows:
        click.echo("\t".join(map(clean, row)))


def columns(names: Sequence[str], rows: Sequence[Sequence[object]], width: int = 60) -> None:
    """Print rows in columns, cells cut at `width` characters."""
    texts = [[str(cell) if len(str(cell)) <= width else str(cell)[: width - 1] + "…" for cell in row] for row in rows]
    widths = [max([len(name), *(len(row[i]) for row in texts)]) for i, name in enumerate(names)]
    for row in [list(names), *texts]:
        click.echo("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip())


def trace_tsv(answer: Trace, null: Null | None = None) -> None:
    """Print one row per step of every mechanism; with a null, two columns more, empty where a route has no figures."""
    names = (
        "route sign weight mediators mechanism score step subject predicate object aspect cell effect belief".split()
    )
    rows = []
    for kind, routes in (("route", answer.routes), ("counter", answer.counter_routes)):
        for rank, route in enumerate(routes, 1):
            figures = null.of(route) if null else None
            beside = [f"{figures.expected:.6f}", f"{figures.chance:.6f}"] if figures else ["", ""]
            for number, mechanism in enumerate(route.mechanisms, 1):
                for place, step in enumerate(mechanism.steps, 1):
                    head = [f"{kind} {rank}", route.sign, f"{route.weight:.6f}", route.mediators, number]
                    tail = [step.subject, step.predicate, step.object, step.aspect, step.cell, step.effect]
                    papers = [step.attestation, step.publications, step.refuting, step.species, step.stage]
                    papers += beside if null else []
                    rows.append([*head, f"{mechanism.score:.6f}", place, *tail, f"{step.belief:.6f}", *papers])
    names += ["attestation", "publications", "refuting", "species", "stage"]
    tsv([*names, *(("expected", "chance") if null else ())], rows)


def trace_text(graph: Dataset, answer: Trace, blocked: Sequence[str] = (), null: Null | None = None) -> None:
    """Print a trace as one would read it: verdict, tested outcomes, routes with the best mechanism of each."""
    conditions = [f"{name} {value}" for name, value in _set(answer) if value]
    conditions += [f"{name} blocked" for name in blocked]
    click.secho(f"How does {answer.source} act on {answer.target}?", bold=True)
    click.echo(f"  asked for: {', '.join(conditions) or 'any context'}; data {graph.data_version}")
    click.secho(f"  verdict: {answer.effect}", bold=True, nl=False)
    click.echo(f" ({answer.reason})")
    for name, fit, total in graph.fits(answer):
        click.echo(f"  {name}: {fit} of {total} papers behind the steps below have it; the others count less")
    if null:
        shuffles = f"{null.shuffles} shuffle{'s' if null.shuffles > 1 else ''}"
        click.echo(f"  expected and chance: {shuffles} of which factor each paper is about, seed {null.seed}")
    if answer.outcomes:
        counts = ", ".join(f"{number} {kind}" for kind, number in answer.tested.items())
        click.echo(f"  tested: {counts} (papers); {answer.agreement}")
        click.echo(f"\nWhat was tested ({len(answer.outcomes)} results, best designs first):")
        for outcome in answer.outcomes[:6]:
            said = outcome.predicate.replace("_", " ")
            said = f"does not support '{said}'" if outcome.direction == "refutes" else said
            figure = f" [{outcome.effect}]" if outcome.effect else ""
            species = "; ".join(outcome.species) or "species not stated"
            click.echo(f"  {outcome.system}, {species}: {said} {outcome.object}{figure}")
            click.echo(f"    {outcome.statement} ({outcome.publication})")
        if len(answer.outcomes) > 6:
            click.echo(f"  ... {len(answer.outcomes) - 6} more: kg evidence '{answer.source}' '{answer.target}'")
    for paper, why in graph.left_out(answer):
        click.echo(f"  not counted: {paper} ({why})")
    condition = "Condition" in graph.vocabulary.ontology.superclasses[graph.resolve(answer.target).category]
    words = {-1: "ameliorate", 1: "exacerbate"} if condition else {-1: "lower", 1: "raise"}
    for title, routes in (("Routes", answer.routes), ("Counter-routes", answer.counter_routes)):
        if routes:
            click.secho(f"\n{title} that {words[routes[0].sign]} {answer.target}:", bold=True)
            if routes is answer.routes and _bases(answer):
                click.echo(f"  of these, by their best mechanism up to its last step: {_bases(answer)}")
        for rank, route in enumerate(routes, 1):
            _route_text(graph, rank, route, null, answer.context.disease)
    if not answer.routes and not answer.counter_routes:
        click.echo("\nNo coherent mechanism was found; `kg show` prints what is known of each end.")


def incoherent_text(found: Sequence[Mechanism]) -> None:
    """Print chains whose signs multiply but whose steps do not belong together, each with the reason."""
    click.secho(f"\nChains of signs that are no mechanism ({len(found)} shown; none counts)", bold=True)
    for mechanism in found:
        why = [step.attestation.partition(": ")[2] for step in mechanism.steps if ": " in step.attestation]
        click.echo(f"  {'+' if mechanism.sign > 0 else '-'} {mechanism.phrase}")
        click.echo(f"      {' and '.join(dict.fromkeys(why))}; would score {mechanism.score:.3f}")


def _set(answer: Trace) -> list[tuple[str, str]]:
    asked = answer.context
    names = ("species", "msc_source", "priming", "mode", "donor", "disease", "stage")
    return [(name.replace("_", " ").replace("msc", "MSC"), getattr(asked, name)) for name in names]


def _basis(basis: str, disease: str) -> str:
    said = {
        "tested": f"tested in {disease}",
        "seen": f"seen in {disease}",
        "assembled": "assembled from other settings",
    }
    return said.get(basis, "")


def _bases(answer: Trace) -> str:
    """How many of the routes shown were tested or seen in the disease asked for; empty when none is asked for."""
    shown = [route.mechanisms[0].basis for route in answer.routes]
    counts = [(shown.count(basis), _basis(basis, answer.context.disease)) for basis in ("tested", "seen", "assembled")]
    return ", ".join(f"{number} {said}" for number, said in counts if number and said)


def _route_text(graph: Dataset, rank: int, route: Route, null: Null | None, disease: str) -> None:
    click.echo()
    click.secho(f"{rank:3}. {route.label}", bold=True, nl=False)
    plural = "s" if len(route.mechanisms) > 1 else ""
    basis = _basis(route.mechanisms[0].basis, disease)
    click.echo(f"   weight {route.weight:.3f}, {len(route.mechanisms)} mechanism{plural}{', ' if basis else ''}{basis}")
    if null:
        click.echo(f"     {_against(null, route)}")
    if route.also:
        same = "; ".join(f"{label} ({weight:.3f})" for label, weight in route.also)
        click.echo(f"     the same papers, not counted again: {same}")
    _mechanism_text(graph, route.mechanisms[0])


def _against(null: Null, route: Route) -> str:
    figures = null.of(route)
    if figures is None:
        return "no chance given: it names no factor that other papers could exchange for theirs"
    fixed = figures.slots - figures.free
    rest = f"; {fixed} of its {figures.slots} papers on them stay as they are" if fixed else ""
    studied = "so often studied a factor" if len(route.mediators) == 1 else "so often studied factors"
    return f"{figures.expected:.3f} expected for {studied}, chance {figures.chance:.2g}{rest}"


def papers(publications: Iterable[str], most: int = 3) -> str:
    """The first papers of a list, and how many more there are."""
    each = list(dict.fromkeys(publications))
    return "; ".join(each[:most]) + (f" and {len(each) - most} more" if len(each) > most else "")


def _mechanism_text(graph: Dataset, mechanism: Mechanism) -> None:
    human = mechanism.human or "no"
    weakest = f"weakest link {mechanism.weakest}, " if len([s for s in mechanism.steps if not s.bridge]) > 1 else ""
    click.echo(
        f"     score {mechanism.score:.3f}, {weakest}stage {mechanism.stage}, human evidence for every step: {human}"
    )
    if mechanism.direct:
        said = "; ".join(f"{step.phrase} [belief {step.belief:.2f}]" for step in mechanism.direct)
        click.echo(f"     scored as: {said} ({papers(p for step in mechanism.direct for p in step.publications)})")
    for step in mechanism.steps:
        mark = {1: "+", -1: "-"}[step.effect] if not step.bridge else "~"
        click.echo(f"     {mark} {step.phrase}", nl=False)
        if step.bridge:
            click.echo("")
            continue
        linked = f", {step.attestation}" if step.attestation else ""
        if step.predicate in ("increased_in", "decreased_in"):
            linked += ", an association"
        if step.primed:
            linked += f", shown for MSC primed with {' and '.join(step.primed)}"
        if step.titles_only:
            linked += ", read in titles only"
        if step.together:
            linked += f", shown only together with {' and '.join(step.together)}"
        click.echo(f"  [belief {step.belief:.2f}{linked}]")
        against = f"   against: {'; '.join(step.refuting)}" if step.refuting else ""
        click.echo(f"         {papers(step.publications)}{against}")
        for like in step.contested:
            click.echo(f"         against it, in {like}")


def disagreements_text(graph: Dataset, found: Sequence[Disagreement], count: int) -> None:
    """Print each pair of things on which papers disagree: every row once, by what it says, with what differs."""
    from kg.disagreements import CONTEXT

    grouped: dict[tuple[str, str], list[Disagreement]] = {}
    for each in found:
        grouped.setdefault((each.a.subject, each.a.object), []).append(each)
    for number, ((subject, object), members) in enumerate(list(grouped.items())[:count], 1):
        told: dict[tuple[int, str, str, str], dict[str, str]] = {}
        papers_of: dict[str, set[str]] = {}
        for each in members:
            for place, side in enumerate((each.a, each.b)):
                row = side.evidence
                papers_of.setdefault(_stand(side), set()).add(row.publication)
                entry = told.setdefault((-abs(side.effect), _stand(side), row.publication, row.statement), {})
                entry |= {name: values[place] for name, *values in each.differs if values[place]}
        counts = ", ".join(
            f"{len(papers_of[stand])} {stand}" for stand in sorted(papers_of, key=lambda s: s == "no effect")
        )
        click.secho(f"{number:3}. {subject} and {object}", bold=True, nl=False)
        click.echo(f"   papers: {counts}; weight of the strongest pair {members[0].weight:.2f}")
        for (_, stand, paper, statement), context in sorted(told.items()):
            click.echo(f"     {stand:9}  {statement}")
            click.echo(f"                {graph.publications[paper].citation} ({paper})")
            if context:
                cells = "; ".join(f"{name.replace('_', ' ')} {context[name]}" for name in CONTEXT if name in context)
                click.echo(f"                {cells}")
    if len(grouped) > count:
        click.echo(f"... {len(grouped) - count} more; -k {len(grouped)} shows all")
    things = "1 thing" if len(grouped) == 1 else f"{len(grouped)} things"
    click.echo(f"kg: papers disagree on {things}, in {len(found)} pairs of rows", err=True)


def _stand(side: Side) -> str:
    if side.predicate in ("ameliorates", "exacerbates", "no_effect_on"):
        return {1: "worse", -1: "better", 0: "no effect"}[side.effect]
    return {1: "raises", -1: "lowers", 0: "no effect"}[side.effect]


def disagreements_tsv(found: Sequence[Disagreement]) -> None:
    """Print one row per pair."""
    sides = ("predicate", "effect", "statement", "publication")
    names = ["kind", "weight", "subject", "object", *(f"a_{n}" for n in sides), *(f"b_{n}" for n in sides), "differs"]
    rows = []
    for each in found:
        cells: list[object] = [each.kind, f"{each.weight:.6f}", each.a.subject, each.a.object]
        for side in (each.a, each.b):
            cells += [side.predicate, side.effect, side.evidence.statement, side.evidence.publication]
        rows.append([*cells, [f"{name}: {a} | {b}" for name, a, b in each.differs]])
    tsv(names, rows)


def blockade_text(taken: Blockade, count: int) -> None:
    """Print what a blockade takes away: routes lost and weakened, cut sets, and the experiments of the tables."""
    before, after = taken.before, taken.after
    click.secho(f"Without {' and '.join(taken.blocked)}:", bold=True, nl=False)
    click.echo(
        f" {taken.share:.0%} of the weight of {len(before.routes)} routes is lost; "
        f"verdict {before.effect}, then {after.effect}"
    )
    if taken.lost:
        click.echo(
            f"  routes lost ({len(taken.lost)}): " + _some([f"{r.label} ({r.weight:.3f})" for r in taken.lost], count)
        )
    weaker = [(route, weight) for route, weight in taken.surviving if f"{route.weight:.3f}" != f"{weight:.3f}"]
    if weaker:
        shown = [f"{route.label} ({weight:.3f} to {route.weight:.3f})" for route, weight in weaker]
        click.echo(f"  routes weakened ({len(weaker)}): " + _some(shown, count))
    whole = [cut for cut in taken.cuts if cut.all]
    if whole:
        click.echo("  smallest sets that cut every route: " + _some([" + ".join(cut.blocks) for cut in whole], count))
    elif taken.cuts:
        strong = [f"{' + '.join(cut.blocks)} ({cut.share:.0%})" for cut in taken.cuts]
        click.echo("  no three blocks cut every route; strong sets: " + "; ".join(strong))
    if taken.experiments:
        click.echo(f"  tested in the tables ({len(taken.experiments)}):")
    for each in taken.experiments[:count]:
        said = "needed" if each.held else "not needed"
        row = each.evidence
        place = ", ".join(filter(None, [row.system, "; ".join(row.species)]))
        click.echo(f"    {each.mediator} {said} for {each.subject} -> {each.object} ({each.test}, {place})")
        click.echo(f"      {row.statement} ({row.publication})")
    click.echo("")


def _some(parts: Sequence[str], most: int) -> str:
    return "; ".join(parts[:most]) + (f"; and {len(parts) - most} more" if len(parts) > most else "")


def compare_text(left: str, right: str, answer: Comparison, count: int) -> None:
    """Print what two questions share, what goes opposite ways, and what is of one alone."""
    for name, trace in ((left, answer.left), (right, answer.right)):
        click.echo(f"{name}: how {trace.source} acts on {trace.target}: {trace.effect} ({trace.reason})")
    click.echo(f"Signs: what the route does to the target, - lowers and + raises; {left} first, then {right}.")
    for title, pairs in (("Shared", answer.shared), ("Opposite", answer.opposite)):
        click.secho(f"\n{title} ({len(pairs)})", bold=True)
        for pair in pairs[:count]:
            signs = f"{_sign(pair.left)}/{_sign(pair.right)}"
            click.echo(f"  {signs}  {pair.label}   {pair.left.weight:.3f} and {pair.right.weight:.3f}")
            for name, route in ((left, pair.left), (right, pair.right)):
                click.echo(f"       {name}: {_best(route)}")
            if pair.common or pair.apart:
                met = f"both through {', '.join(pair.common)}" if pair.common else "through different cells or factors"
                click.echo(f"       {met}")
        _more(len(pairs), count)
    for name, other, alone in ((left, right, answer.only_left), (right, left, answer.only_right)):
        click.secho(f"\nOnly {name} ({len(alone)})", bold=True)
        for each in alone[:count]:
            route = each.route
            click.echo(f"  {_sign(route)}    {each.label}   {route.weight:.3f}", nl=False)
            click.echo(f"   (faint in {other}: {_sign(each.faint)} {each.faint.weight:.3f})" if each.faint else "")
            click.echo(f"       {_best(route)}")
        _more(len(alone), count)


def _sign(route: Route) -> str:
    return "+" if route.sign > 0 else "-"


def _more(total: int, shown: int) -> None:
    if total > shown:
        click.echo(f"  ... {total - shown} more; -k {total} shows all")


def _best(route: Route) -> str:
    best = route.mechanisms[0]
    return f"{best.phrase} ({papers(best.publications)})"


def compare_tsv(answer: Comparison) -> None:
    """Print one row per label."""
    names = ["list", "label", "left_sign", "left_weight", "right_sign", "right_weight", "publications"]
    rows: list[list[object]] = []
    for kind, pairs in (("shared", answer.shared), ("opposite", answer.opposite)):
        for pair in pairs:
            cited = sorted({p for route in (pair.left, pair.right) for m in route.mechanisms for p in m.publications})
            numbers = [v for route in (pair.left, pair.right) for v in (route.sign, f"{route.weight:.6f}")]
            rows.append([kind, pair.label, *numbers, cited])
    for kind, alone in (("only left", answer.only_left), ("only right", answer.only_right)):
        for each in alone:
            route = each.route
            cited = sorted({p for m in route.mechanisms for p in m.publications})
            numbers = [route.sign, f"{route.weight:.6f}"]
            blank: list[object] = [each.faint.sign, f"{each.faint.weight:.6f}"] if each.faint else ["", ""]
            cells = [*numbers, *blank] if kind == "only left" else [*blank, *numbers]
            rows.append([kind, route.label, *cells, cited])
    tsv(names, rows)


SIGNS = {(-1,): "lowers", (1,): "raises", (-1, 1): "both"}


def gaps_text(answer: Gaps, count: int) -> None:
    """Print the matrix as a list, then what lacks human evidence, then the next experiments."""
    click.secho(f"{answer.disease}: {len(answer.matrix)} pairs of mediator and cell were tested", bold=True)
    columns(FIELD, [_field(each) for each in answer.matrix[: count * 4]], 40)
    if len(answer.matrix) > count * 4:
        click.echo(f"... {len(answer.matrix) - count * 4} more; -k {len(answer.matrix)} shows all")
    click.secho(f"\nWithout human evidence ({len(answer.no_human)})", bold=True)
    columns(FIELD, [_field(each) for each in answer.no_human[:count]], 40)
    for title, each in (
        ("Shown in another connective tissue disease only", answer.elsewhere),
        ("Shown outside connective tissue disease only", answer.untested),
    ):
        click.secho(f"\n{title}: next experiments, best first ({len(each)})", bold=True)
        columns(UNTESTED, [_untested(one) for one in each[:count]], 40)
    title = f"Cells and processes of {answer.disease} that MSC were not shown to act on in it"
    click.secho(f"\n{title} ({len(answer.unreached)})", bold=True)
    columns(UNREACHED, [_unreached(each) for each in answer.unreached[: count * 2]], 60)


FIELD = ["mediator", "cell", "effect", "best stage", "human", "by MSC", "papers"]
UNTESTED = ["mediator", "cell", "effect", "expected", "rank", "best stage", "shown in", "papers"]


UNREACHED = ["cell or process", "role", "belief", "MSC shown to act on it in", "papers on its role"]


def _unreached(each: Driver) -> list[object]:
    where = (", ".join(each.diseases) or "no named disease") if each.elsewhere else "nowhere"
    return [each.name, "drives" if each.role > 0 else "restrains", f"{each.belief:.2f}", where, len(each.publications)]


def _field(each: Field) -> list[object]:
    stages = [each.best_stage, each.human_stage or "none", "yes" if each.by_msc else "no"]
    return [each.mediator or "(not stated)", each.cell, SIGNS[each.effects], *stages, len(each.publications)]


def _untested(each: Untested) -> list[object]:
    effect, expected = SIGNS[(each.effect,)], "helps" if each.expected < 0 else "harms"
    rest = [f"{each.rank:.2f}", each.best_stage, ", ".join(each.diseases) or "unspecific", len(each.publications)]
    return [each.mediator, each.cell, effect, expected, *rest]


def gaps_tsv(answer: Gaps) -> None:
    """Print one row per pair, tested ones first."""
    rows: list[list[object]] = []
    for each in answer.matrix:
        rows.append(["tested", *_field(each)[:3], "", "", *_field(each)[3:6], "", each.publications])
    for kind, untested in (("elsewhere", answer.elsewhere), ("untested", answer.untested)):
        for one in untested:
            cells = _untested(one)
            rows.append([kind, *cells[:6], "", "", one.diseases, one.publications])
    for driver in answer.unreached:
        name, role, belief, *_ = _unreached(driver)
        rows.append(["unreached", "", name, role, "", belief, "", "", "", driver.diseases, driver.publications])
    names = "list mediator cell effect expected rank best_stage human_stage by_msc diseases publications".split()
    tsv(names, rows)


def explain_text(graph: Dataset, answer: Trace, mechanism: Mechanism) -> None:
    """Print the arithmetic of a mechanism: papers, discounts, beliefs, factors, score."""
    click.secho(f"\nHow the score of this mechanism comes about: {mechanism.phrase}", bold=True)
    if mechanism.direct:
        click.echo("  it is scored by its shorter form:")
    numbers = []
    for each in graph.explain(answer, mechanism):
        click.echo(f"  {each.step.phrase}")
        for side, papers_of in (("for", each.supporting), ("against", each.refuting)):
            for paper in papers_of:
                click.echo(f"    {side:7} {_weighed(paper)}")
        joined = f" ({each.step.attestation}; degree penalty and bridges included)" if each.step.attestation else ""
        if each.step.contest:
            click.echo(f"    against it in like aspects, in this disease: x{1 - each.step.contest:.2f} in the belief")
        click.echo(f"    belief {each.belief:.3f}, factor {each.factor:.3f}{joined}")
        numbers += [each.belief, each.factor]
    product = " x ".join(f"{number:.3f}" for number in numbers if number != 1)
    click.echo(f"  score = {product} = {mechanism.score:.3f}")


def _weighed(paper: Weighed) -> str:
    row = paper.evidence
    facts = ", ".join(filter(None, [row.system, row.mediator_test, row.read]))
    why = f"; discounted for {', '.join(paper.why)}" if paper.why else ""
    return f"{paper.support:.3f} = (1 - {paper.error:.3f}) x {paper.fit:g}  {row.publication} ({facts}{why})"
