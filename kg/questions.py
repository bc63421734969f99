"""The questions as they come over HTTP: names, parameters, and the same answers as `--format json` of the commands.

One table says what each question takes; the answers, their command lines and the OpenAPI document are made from it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from kg.errors import RequestError, UnknownTerm
from kg.graph import Context
from kg.vocabulary import nearest

if TYPE_CHECKING:
    from kg.dataset import Dataset

__all__ = ["QUESTIONS", "Parameter", "Question", "ask", "command", "context_of", "openapi", "values_of"]

Values = Mapping[str, Any]


class Parameter(NamedTuple):
    """A parameter of a question: `flag` is the command's own, empty for an argument; `default` None means required."""

    name: str
    description: str
    default: str | int | bool | None = ""
    flag: str = ""
    many: bool = False
    most: int = 0  # of a number: the largest allowed
    least: int = 1


class Question(NamedTuple):
    """A question: what it answers, what it takes, and the call that answers it."""

    name: str
    summary: str
    parameters: tuple[Parameter, ...]
    body: Callable[[Dataset, Values], dict[str, Any]]


def context_of(
    graph: Dataset,
    species: str = "human",
    msc_source: str = "",
    priming: str = "",
    mode: str = "",
    disease: str = "",
    donor: str = "",
    stage: str = "",
) -> Context:
    """Return the context that plain names mean. Raises UnknownTerm with what is allowed."""
    ontology = graph.vocabulary.ontology
    begun = [name for name in ontology.systems if stage and name.startswith(stage)]
    stage = begun[0] if len(begun) == 1 else stage
    lists: tuple[tuple[str, Iterable[str], str], ...] = (
        (msc_source, ontology.msc_sources, "MSC source"),
        (mode, ontology.modes, "mode"),
        (donor, ontology.donors, "donor"),
        (stage, ontology.systems, "stage"),
    )
    for value, allowed, kind in lists:
        if value and value not in allowed:
            raise UnknownTerm(value, nearest(value, allowed) or tuple(sorted(allowed)), kind=kind)
    taxon = "" if species == "any" else species
    named = [graph.resolve(name).name if name else "" for name in (taxon, priming, disease)]
    return Context(named[0], msc_source, named[1], mode, donor, named[2], stage)


def _trace(graph: Dataset, given: Values) -> dict[str, Any]:
    from kg.answers import blockade_body, incoherent_body, trace_body

    names = ("species", "msc_source", "priming", "mode", "disease", "donor", "stage")
    asked = context_of(graph, *(given[name] for name in names))
    options = {name: given[name] for name in ("max_length", "via", "avoid")}
    ends = (given["source"], given["target"])
    more: dict[str, Any] = {}
    if given["block"]:
        taken = graph.blockade(*ends, given["block"], asked, **options)
        shown = {name: getattr(taken.after, name)[: given["count"]] for name in ("routes", "counter_routes")}
        answer, more = taken.after._replace(**shown), {"blockade": blockade_body(taken)}
    else:
        answer = graph.trace(*ends, asked, count=given["count"], **options)
    null = None
    if given["null"]:
        null = graph.null(*ends, asked, shuffles=given["null"], seed=given["seed"], block=given["block"], **options)
    if given["incoherent"]:
        more |= incoherent_body(graph.incoherent(*ends, asked, count=given["count"], **options))
    return trace_body(answer, null) | more


def _show(graph: Dataset, given: Values) -> dict[str, Any]:
    card = graph.show(given["entity"], context_of(graph, given["species"]))
    lists = {
        name: [{**each._asdict(), "belief": round(each.belief, 6)} for each in getattr(card, name)]
        for name in ("raises", "lowers", "raised_by", "lowered_by", "other")
    }
    return {"entity": {**card.entity._asdict(), "children": card.children}, **lists}


def _search(graph: Dataset, given: Values) -> dict[str, Any]:
    rows = []
    for hit in graph.search(given["text"], given["count"]):
        matched = "" if hit.match == hit.name else hit.match
        rows.append(
            {
                "name": hit.name,
                "curie": hit.curie,
                "category": hit.category,
                "claims": hit.claims,
                "matched": matched,
            }
        )
    return {"rows": rows}


def _evidence(graph: Dataset, given: Values) -> dict[str, Any]:
    from kg.dataset import known_of, row_of

    context_of(graph, msc_source=given["msc_source"])
    options = {name: given[name] for name in ("disease", "species", "msc_source")}
    found = graph.evidence(given["subject"], given["object"], **options)
    return {
        "rows": [{**row_of(claim, row), "effect_sign": claim.effect, **known_of(claim, row)} for claim, row in found]
    }


def _compare(graph: Dataset, given: Values) -> dict[str, Any]:
    from kg.answers import compare_body

    asked = context_of(graph, given["species"])
    found = graph.compare(given["left"], given["right"], asked, source=given["source"], target=given["target"])
    return compare_body(given["left"], given["right"], found)


def _gaps(graph: Dataset, given: Values) -> dict[str, Any]:
    from kg.answers import gaps_body

    return gaps_body(graph.gaps(given["disease"]))


def _disagreements(graph: Dataset, given: Values) -> dict[str, Any]:
    from kg.answers import disagreements_body

    return disagreements_body(graph.disagreements(given["about"], disease=given["disease"], count=given["count"]))


def _centrality(graph: Dataset, given: Values) -> dict[str, Any]:
    from kg.answers import centrality_body

    options = {name: given[name] for name in ("disease", "category", "count", "source", "msc_source")}
    ranks = graph.centrality(given["measure"], **options)
    return centrality_body(given["measure"], ranks, given["disease"], given["msc_source"])


SPECIES = Parameter("species", "Evidence from other species counts less; `any` counts all alike.", "human", "--species")
QUESTIONS: Mapping[str, Question] = {
    each.name: each
    for each in (
        Question(
            "trace",
            "How does a source act on a target? Ranked routes, net sign, papers, and routes of the other sign.",
            (
                Parameter("source", "Where the routes start, as MSC.", None),
                Parameter("target", "Where they end, as SLE.", None),
                SPECIES,
                Parameter("msc_source", "Tissue of the MSC; others count less.", "", "--msc-source"),
                Parameter("priming", "What licensed the MSC, as IFNG; others count less.", "", "--priming"),
                Parameter("mode", "As `extracellular vesicle`; others count less.", "", "--mode"),
                Parameter("donor", "Donor of the MSC: healthy, patient, allogeneic ...", "", "--donor"),
                Parameter("stage", "Evidence of a lower rung counts less: animal, clinical ...", "", "--stage"),
                Parameter("disease", "Rows from other diseases count less; the target by default.", "", "--disease"),
                Parameter("max_length", "Most claims in a chain.", 5, "--max-length", most=7),
                Parameter("via", "Only mechanisms through this.", "", "--via", many=True),
                Parameter("avoid", "No mechanism through this.", "", "--avoid", many=True),
                Parameter(
                    "block",
                    "What is left without this factor, cell, mode, source or priming?",
                    "",
                    "--block",
                    many=True,
                ),
                Parameter(
                    "null",
                    "Set routes against so many graphs in which papers exchanged their factors; half a second each.",
                    0,
                    "--null",
                    most=50,
                    least=0,
                ),
                Parameter("seed", "Of `null`: the same seed gives the same figures.", 1, "--seed", most=99_999_999),
                Parameter("count", "Most routes of each sign.", 10, "-k", most=1000),
                Parameter(
                    "incoherent", "Also the chains of signs that are no mechanism, and why.", False, "--incoherent"
                ),
            ),
            _trace,
        ),
        Question(
            "show",
            "What an entity raises and lowers, what raises and lowers it, with papers.",
            (Parameter("entity", "A name, synonym or CURIE.", None), SPECIES),
            _show,
        ),
        Question(
            "search",
            "Entities by part of a name, synonym or CURIE.",
            (
                Parameter("text", "Part of a name.", None),
                Parameter("count", "Most rows.", 20, "-k", most=10_000),
            ),
            _search,
        ),
        Question(
            "compare",
            "Which routes do two things share, which are of one alone, and which go opposite ways?",
            (
                Parameter("left", "A disease, MSC, product, tissue source or species.", None),
                Parameter("right", "What to set beside it.", None),
                Parameter("source", "What acts, when two diseases or species are compared.", "MSC", "--source"),
                Parameter("target", "On what, when others are compared.", "", "--target"),
                SPECIES,
            ),
            _compare,
        ),
        Question(
            "gaps",
            "What was tested in a disease (mediators of MSC against cells), and which experiments are missing?",
            (Parameter("disease", "A disease, as pSS.", None),),
            _gaps,
        ),
        Question(
            "disagreements",
            "Where do papers disagree, and which context differs between them?",
            (
                Parameter("about", "Only claims that name this."),
                Parameter("disease", "Only what was seen in this disease, or names it.", "", "--disease"),
                Parameter("count", "Most pairs.", 20, "-k", most=10_000),
            ),
            _disagreements,
        ),
        Question(
            "evidence",
            "Every row that says what a subject does, or does to an object, with statement and paper.",
            (
                Parameter("subject", "A name, synonym or CURIE.", None),
                Parameter("object", "Only claims on this, or a kind of it."),
                Parameter("disease", "Only rows seen in this disease, or that name it.", "", "--disease"),
                Parameter("species", "Only rows with cells or hosts of this species.", "", "--species"),
                Parameter("msc_source", "Only rows with MSC of this tissue.", "", "--msc-source"),
            ),
            _evidence,
        ),
        Question(
            "centrality",
            "Which cells and factors much of the graph hangs on, by one measure.",
            (
                Parameter(
                    "measure",
                    "One of those of `kg centrality --help`, as betweenness, pagerank or route-weight.",
                    "betweenness",
                    "--measure",
                ),
                Parameter("disease", "Only the claims seen in this disease.", "", "--disease"),
                Parameter("category", "Only entities of this class, as ImmuneCell.", "", "--category"),
                Parameter(
                    "source", "Where routes start, and the influence of personalised-pagerank.", "MSC", "--source"
                ),
                Parameter("count", "Most rows.", 20, "-k", most=10_000),
                Parameter("msc_source", "Only what was seen with MSC of this tissue.", "", "--msc-source"),
            ),
            _centrality,
        ),
    )
}
TRUTH = {"true": True, "1": True, "on": True, "false": False, "0": False}
ALWAYS = {("centrality", "--measure"), ("centrality", "-k")}  # in the command line even at their default


def values_of(question: Question, given: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the values of a question's parameters from names and texts.

    Raises RequestError 400 for an unknown or repeated name, a missing value, or a number that is none or out of range.
    """
    known = {parameter.name: parameter for parameter in question.parameters}
    texts: dict[str, list[str]] = {}
    for name, value in given:
        if name not in known:
            near = nearest(name, known) or tuple(known)
            raise RequestError(400, f"unknown parameter {name[:100]!r}; there is {', '.join(near)}")
        texts.setdefault(name, []).append(value)
    values: dict[str, Any] = {}
    for name, parameter in known.items():
        found = [text for text in texts.get(name, []) if text or parameter.default]
        if parameter.many:
            values[name] = tuple(found)
        elif len(found) > 1:
            raise RequestError(400, f"{name} is given {len(found)} times; give it once")
        elif not found:
            if parameter.default is None:
                raise RequestError(400, f"{name} is missing: {parameter.description}")
            values[name] = parameter.default
        elif isinstance(parameter.default, bool):
            if found[0] not in TRUTH:
                raise RequestError(400, f"{name}={found[0][:100]!r}: true or false is needed")
            values[name] = TRUTH[found[0]]
        elif isinstance(parameter.default, int):
            number = int(found[0]) if found[0].isascii() and found[0].isdigit() and len(found[0]) < 9 else -1
            if not parameter.least <= number <= parameter.most:
                wanted = f"a whole number from {parameter.least} to {parameter.most} is needed"
                raise RequestError(400, f"{name}={found[0][:100]!r}: {wanted}")
            values[name] = number
        else:
            values[name] = found[0]
    return values


def command(question: Question, values: Values) -> str:
    """Return the command line that asks the same; what is at its default is left out."""
    words, options = ["kg", question.name], []
    for parameter in question.parameters:
        value = values[parameter.name]
        if not parameter.flag:
            words += [value] if value else []
        elif parameter.name == "seed" and not values["null"]:
            continue
        elif isinstance(value, bool):
            options += [parameter.flag] if value else []
        elif value != parameter.default or (question.name, parameter.flag) in ALWAYS:
            value = "any" if parameter is SPECIES and not value else value
            for each in value if parameter.many else [value]:
                options += [parameter.flag, str(each)] if each != "" else []
    return " ".join(shlex.quote(word) for word in [*words, *options])


def ask(graph: Dataset, name: str, given: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Return the whole answer to a question: data version, command, id and body.

    Raises RequestError for parameters that do not fit, UnknownTerm for names that are unknown.

    >>> import kg
    >>> ask(kg.load(), "search", [("text", "Th17"), ("count", "1")])["rows"][0]["name"]
    'Th17 cell'
    """
    from kg.answers import answer

    if name not in QUESTIONS:
        raise UnknownTerm(name, nearest(name, QUESTIONS) or tuple(QUESTIONS), kind="question")
    question = QUESTIONS[name]
    values = values_of(question, given)
    return answer(graph.data_version, command(question, values), question.body(graph, values))


def _schema(parameter: Parameter) -> dict[str, Any]:
    if parameter.many:
        return {"type": "array", "items": {"type": "string"}}
    if isinstance(parameter.default, bool):
        return {"type": "boolean", "default": parameter.default}
    if isinstance(parameter.default, int):
        return {
            "type": "integer",
            "minimum": parameter.least,
            "maximum": parameter.most,
            "default": parameter.default,
        }
    if parameter.default is None:
        return {"type": "string", "minLength": 1}
    return {"type": "string"} | ({"default": parameter.default} if parameter.default else {})


def openapi(base: str, version: str) -> dict[str, Any]:
    """Return the OpenAPI 3.1 description of the questions at a server's address."""
    problem = {"$ref": "#/components/schemas/Problem"}
    failures = {"400": "A value does not fit.", "404": "A name is unknown; `suggestions` has the nearest."}
    failures |= {"503": "Too busy, or the answer took too long."}
    paths = {}
    for question in QUESTIONS.values():
        paths[f"/api/{question.name}"] = {
            "get": {
                "operationId": question.name,
                "summary": question.summary,
                "parameters": [
                    {
                        "name": parameter.name,
                        "in": "query",
                        "description": parameter.description,
                        "required": parameter.default is None,
                        "schema": _schema(parameter),
                    }
                    for parameter in question.parameters
                ],
                "responses": {
                    "200": {
                        "description": "The answer, as `--format json` of the command prints it.",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Answer"}}},
                    },
                    **{
                        status: {"description": said, "content": {"application/problem+json": {"schema": problem}}}
                        for status, said in failures.items()
                    },
                },
            }
        }
    strings = {"type": "string"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mscim",
            "version": version,
            "summary": "How MSC act on immunity and disease, claim by claim.",
        },
        "servers": [{"url": base}],
        "paths": paths,
        "components": {
            "schemas": {
                "Answer": {
                    "type": "object",
                    "required": ["data_version", "command", "id"],
                    "properties": {"data_version": strings, "command": strings, "id": strings},
                },
                "Problem": {
                    "type": "object",
                    "required": ["title", "status", "detail"],
                    "properties": {
                        "title": strings,
                        "status": {"type": "integer"},
                        "detail": strings,
                        "suggestions": {"type": "array", "items": strings},
                        "line": {"type": "integer"},
                        "column": {"type": "integer"},
                    },
                },
            }
        },
    }
