"""The pages of the server: which there are, what each asks the dataset, and what it is filled in with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from kg import answerpage, citations, entitypage, questions, service, shell
from kg.entitypage import DISEASES
from kg.errors import CurationError, KGError, RequestError, UnknownTerm
from kg.shell import href

if TYPE_CHECKING:
    from kg.dataset import Dataset

__all__ = ["Asked", "Page", "known", "page", "refusal", "sparql", "thing"]

HTML = "text/html"
SHOWN = 100  # claims on one page
ROWS = 500  # rows of a named query
EXAMPLES: Sequence[tuple[str, str, tuple[tuple[str, str], ...]]] = (
    ("How do MSC act on systemic lupus?", "/trace", (("source", "MSC"), ("target", "SLE"))),
    (
        "How do umbilical cord MSC act on lupus nephritis?",
        "/trace",
        (("source", "umbilical cord MSC"), ("target", "lupus nephritis")),
    ),
    ("How do MSC act on Th17 cells?", "/trace", (("source", "MSC"), ("target", "Th17 cell"))),
    (
        "What is left of how MSC act on rheumatoid arthritis when PGE2 is blocked?",
        "/trace",
        (("source", "MSC"), ("target", "RA"), ("block", "PGE2")),
    ),
    ("Which routes do systemic sclerosis and lupus share?", "/compare", (("left", "SSc"), ("right", "SLE"))),
    ("What was tested in Sjögren's, and what was not?", "/gaps", (("disease", "pSS"),)),
    ("On what do papers on regulatory T cells disagree?", "/disagreements", (("about", "regulatory T cell"),)),
)
NAMES = frozenset({"source", "target", "left", "right", "disease", "about", "block"})


class Asked(NamedTuple):
    """A request for a page: the dataset and its manifest, the path, names and values, the server's address."""

    graph: Dataset
    summary: Mapping[str, Any]
    path: str
    given: tuple[tuple[str, str], ...]
    base: str

    def value(self, name: str) -> str:
        """Return the first value of a name that is not empty, else an empty text."""
        return next((value.strip() for key, value in self.given if key == name and value.strip()), "")

    def values(self, *names: str) -> dict[str, str]:
        """Return the values of names."""
        return {name: self.value(name) for name in names}


class Page(NamedTuple):
    """A page made: its status, media type, header fields and content."""

    status: int
    media: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def _shown(asked: Asked, template: str, **values: Any) -> Page:
    entities = asked.graph.vocabulary.entities
    kept = values.get("kept", ())
    given = {
        "here": asked.path,
        "repeat": lambda path: href(path, kept),
        "version": asked.graph.data_version,
        "graph": asked.graph,
        "curie_of": lambda name: entities[name].curie if name in entities else "",
    }
    return Page(200, HTML, shell.PAGE, shell.render(template, **{**given, **values}))


# --- start and search ------------------------------------------------------------------------------------------------


def _start(asked: Asked) -> Page:
    graph = asked.graph
    names = graph.vocabulary.entities
    examples = [
        (text, href(path, given))
        for text, path, given in EXAMPLES
        if all(value in names for name, value in given if name in NAMES)
    ]
    diseases = []
    for name in DISEASES:
        if name in names:
            claims = graph.claims(name)
            papers = {row.publication for claim in claims for row in claim.evidence}
            diseases.append((name, names[name].synonyms[:1], len(claims), len(papers)))
    return _shown(
        asked,
        "start.html.j2",
        title="",
        examples=examples,
        diseases=diseases,
        summary=asked.summary,
        studies=len(graph.studies),
        queries=len(_catalogue()),
        card=service.card(asked.base, asked.summary),
    )


def _search(asked: Asked) -> Page:
    text = asked.value("text")
    hits = asked.graph.search(text, 200) if text else ()
    near = asked.graph.vocabulary.suggestions(text) if text and not hits else ()
    return _shown(asked, "search.html.j2", title="Find a name", text=text, hits=hits, near=near)


# --- questions -------------------------------------------------------------------------------------------------------


def _trace(asked: Asked) -> Page:
    if not (asked.value("source") and asked.value("target")):
        ends = asked.values("source", "target")
        return _shown(asked, "ask.html.j2", title="Routes", ends=ends, examples=_examples(asked, "/trace"))
    found = answerpage.answered(asked.graph, asked.given)
    title = f"How does {found['source']} act on {found['target']}?"
    return _shown(asked, "trace.html.j2", title=title, **found)


def _examples(asked: Asked, path: str) -> list[tuple[str, str]]:
    names = asked.graph.vocabulary.entities
    return [
        (text, href(path, given))
        for text, where, given in EXAMPLES
        if where == path and all(value in names for _, value in given)
    ]


def _cited(form: Callable[..., str], media: str, name: str) -> Callable[[Asked], Page]:
    def make(asked: Asked) -> Page:
        body = form(answerpage.cited(asked.graph, asked.given)).encode()
        return Page(200, media, (("Content-Disposition", f'attachment; filename="{name}"'),), body)

    return make


def _compare(asked: Asked) -> Page:
    given = asked.values("left", "right", "source", "target", "species")
    kept = [(name, value) for name, value in given.items() if value]
    if not (given["left"] and given["right"]):
        examples = _examples(asked, "/compare")
        return _shown(asked, "compare.html.j2", title="Compare", kept=kept, given=given, examples=examples, found=None)
    question = questions.QUESTIONS["compare"]
    values = questions.values_of(question, kept)
    context = questions.context_of(asked.graph, values["species"])
    ends = {"source": values["source"], "target": values["target"]}
    found = asked.graph.compare(values["left"], values["right"], context, **ends)
    return _shown(
        asked,
        "compare.html.j2",
        title=f"{given['left']} and {given['right']} compared",
        kept=kept,
        given=given,
        examples=[],
        found=found,
        command=questions.command(question, values),
    )


def _gaps(asked: Asked) -> Page:
    from kg.charts import matrix
    from kg.gallery import stock

    disease = asked.value("disease")
    if not disease:
        return _shown(asked, "gaps.html.j2", title="Gaps", diseases=_diseases(asked), disease="", found=None)
    found = asked.graph.gaps(disease)
    chart = matrix(found, stock(asked.graph)).chart
    assert chart is not None  # a matrix is one
    fields: dict[tuple[str, str], list[Any]] = {}
    for cell in chart.cells:
        fields.setdefault((cell.row, cell.column), []).append(cell)
    return _shown(
        asked,
        "gaps.html.j2",
        title=f"{found.disease}: what was tested, and what was not",
        diseases=_diseases(asked),
        disease=found.disease,
        found=found,
        chart=chart,
        fields=fields,
        command=questions.command(questions.QUESTIONS["gaps"], {"disease": found.disease}),
    )


def _diseases(asked: Asked) -> list[str]:
    return [name for name in DISEASES if name in asked.graph.vocabulary.entities]


def _claims(asked: Asked) -> Page:
    names = ("about", "subject", "object", "through", "disease", "species", "only", "msc_source")
    given = asked.values(*names)
    kept = [(name, value) for name, value in given.items() if value]
    chosen = asked.graph.select_claims(**given) if kept else ()
    last = max(1, -(-len(chosen) // SHOWN))
    number = asked.value("page") or "1"
    at = min(last, int(number)) if number.isascii() and number.isdigit() and 0 < len(number) < 7 else 1
    shown = chosen[SHOWN * (at - 1) : SHOWN * at]
    taxa = [name for name in ("human", "mouse", "rat") if name in asked.graph.vocabulary.entities]
    return _shown(
        asked,
        "claims.html.j2",
        title="Claims and their papers",
        given=given,
        kept=kept,
        chosen=shown,
        total=len(chosen),
        papers=len({row.publication for each in chosen for row in each.rows}),
        at=at,
        last=last,
        first=SHOWN * (at - 1) + 1,
        more=lambda page: href("/claims", [*kept, ("page", page)]),
        taxa=taxa,
        sources=sorted(asked.graph.vocabulary.ontology.msc_sources),
        diseases=_diseases(asked),
    )


def _disagreements(asked: Asked) -> Page:
    given = asked.values("about", "disease", "count")
    kept = [(name, value) for name, value in given.items() if value]
    question = questions.QUESTIONS["disagreements"]
    values = questions.values_of(question, kept)
    found = asked.graph.disagreements(values["about"], disease=values["disease"])
    return _shown(
        asked,
        "disagreements.html.j2",
        title="Where papers disagree",
        given=given,
        values=values,
        found=found[: values["count"]],
        total=len(found),
        kept=kept,
        command=questions.command(question, values),
    )


# --- studies and queries ---------------------------------------------------------------------------------------------


def _studies(asked: Asked) -> Page:
    from kg.studies import KEYS, OUTCOMES

    given = asked.values("disease", "design", "source", "route", "outcome", "dose", "sort")
    people = asked.value("people") in ("true", "1", "on")
    kept = [(name, value) for name, value in given.items() if value] + ([("people", "true")] if people else [])
    wanted = {**given, "sort": given["sort"] or "disease"}
    rows = asked.graph.select_studies(people=people, **wanted)
    every = asked.graph.select_studies(people=people, **{**wanted, "outcome": ""}) if given["outcome"] else rows
    values = asked.graph.vocabulary.ontology.study_values
    return _shown(
        asked,
        "studies.html.j2",
        title="Studies of MSC therapy",
        given=given,
        people=people,
        kept=kept,
        rows=rows,
        outcomes=[(name, sum(row.outcome == name for row in every), _outcome(kept, name)) for name in OUTCOMES],
        all_outcomes=_outcome(kept, ""),
        every=len(every),
        patients=sum(row.patients for row in rows),
        keys=(*KEYS, "patients"),
        diseases=sorted({study.disease for study in asked.graph.studies if study.disease}),
        designs=values["design"],
        routes=values["route"],
        sources=sorted(asked.graph.vocabulary.ontology.msc_sources),
        sorted_by=lambda key: href(
            "/studies", [*((name, value) for name, value in kept if name != "sort"), ("sort", key)]
        ),
    )


def _outcome(kept: Iterable[tuple[str, str]], outcome: str) -> str:
    return href("/studies", [*((name, value) for name, value in kept if name != "outcome"), ("outcome", outcome)])


def _catalogue() -> Mapping[str, Any]:
    from kg.catalogue import catalogue

    return catalogue()


def _queries(asked: Asked) -> Page:
    from kg.catalogue import GROUPS

    groups = [
        (title, [query for query in _catalogue().values() if query.group == key]) for key, title in GROUPS.items()
    ]
    return _shown(asked, "queries.html.j2", title="Questions in SPARQL", groups=groups, total=len(_catalogue()))


def _query(asked: Asked) -> Page:
    """One query of the catalogue: its form, its rows with links, and its text."""
    import shlex

    from kg.catalogue import TERMS, named, whole
    from kg.sparql import filled

    graph, name = asked.graph, asked.path.removeprefix("/queries/")
    queries = _catalogue()
    if name not in queries:
        from kg.vocabulary import nearest

        raise UnknownTerm(name, nearest(name, queries), kind="query")
    query = queries[name]
    given = {each.name: asked.value(each.name) or each.default for each in query.parameters}
    columns, rows, shown, said = [], [], query.text, ""
    try:
        text, values = named(name, given, graph.vocabulary, graph.publications)
    except UnknownTerm as error:
        if asked.given:
            raise
        said = str(error)  # a default that these tables do not have
    else:
        answer: Any = graph.query(text, values)
        columns = [variable.value for variable in answer.variables]
        rows = [[_term(graph, row[column]) for column in columns] for row in islice(answer, ROWS + 1)]
        shown = whole(filled(text, values), graph.vocabulary.ontology.prefixes)
    ontology = graph.vocabulary.ontology
    options: dict[str, list[str]] = {}
    for each in query.parameters:
        if each.kind == "Category":
            above = map(ontology.superclasses.__getitem__, ontology.layers)
            options[each.name] = sorted({kind for kinds in above for kind in kinds})
        elif each.kind in TERMS:
            options[each.name] = sorted(
                key.partition(":")[2] for key in ontology.term_iris if key.startswith(f"{each.kind}:")
            )
    flags = " ".join(f"--param {shlex.quote(f'{key}={value}')}" for key, value in given.items())
    return _shown(
        asked,
        "query.html.j2",
        here="/queries",
        title=query.title,
        query=query,
        given=given,
        options=options,
        columns=[column.replace("_", " ") for column in columns],
        rows=rows[:ROWS],
        more=len(rows) > ROWS,
        most=ROWS,
        text=shown,
        said=said,
        command=f"kg query {name} {flags}".strip(),
    )


def _term(graph: Dataset, term: Any) -> tuple[str, str]:
    """Return a term of a result as text, and the path of its page, empty for what has none."""
    import pyoxigraph as ox

    if term is None:
        return "", ""
    if not isinstance(term, ox.NamedNode):
        return str(term.value), ""
    try:
        curie = graph.vocabulary.ontology.contract(term.value)
    except CurationError:
        return term.value, ""
    return curie, curie


def sparql(asked: Asked, longest: int) -> Page:
    """Return the page with an editor for SPARQL; `longest` is how many characters a query may have."""
    from kg import sparqlpage

    filling = sparqlpage.filling(asked.graph, asked.summary, asked.base, longest)
    return _shown(asked, "sparql.html.j2", here="/sparql", title="SPARQL", **filling)


# --- pictures --------------------------------------------------------------------------------------------------------


def _picture(asked: Asked) -> Page:
    """A picture for a frame, alone with its title (`alone=true`), or as a file of its own (`.html`)."""
    from kg import gallery, views

    name = asked.path.removeprefix("/picture/")
    kind = name.removesuffix(".html")
    if kind == "routes":
        view = answerpage.view(asked.graph, asked.given)
    elif kind == "comparison":
        given = asked.values("left", "right", "source", "target", "species")
        context = questions.context_of(asked.graph, given["species"] or "human")
        ends = {"source": given["source"] or "MSC", "target": given["target"]}
        pair = (given["left"], given["right"])
        view = gallery.compared(asked.graph, pair, asked.graph.compare(*pair, context, **ends))
    elif kind in ("around", "map", "gaps", "ladder", "centrality"):
        view = gallery.picture(asked.graph, kind, [asked.value("entity")])
    else:
        raise UnknownTerm(kind, ("routes", "comparison", *list(gallery.KINDS)[1:]), kind="picture")
    if name.endswith(".html"):
        headers = (("Content-Disposition", 'attachment; filename="picture.html"'),)
        return Page(200, HTML, headers, views.html(view).encode())
    alone = asked.value("alone") == "true"
    text, policy = views.framed(view, shell.address, alone=alone)
    return Page(200, HTML, (("Content-Security-Policy", policy), ("X-Frame-Options", "SAMEORIGIN")), text.encode())


# --- one thing -------------------------------------------------------------------------------------------------------


def thing(asked: Asked, curie: str, iri: str, rest: Callable[[], dict[str, Any]]) -> Page:
    """Return the page of one IRI: an entity, a paper, a claim; what is none of these as its triples, made by `rest`."""
    graph = asked.graph
    entity = next((each for each in graph.vocabulary.entities.values() if each.curie == curie), None)
    if entity:
        return _shown(asked, "entity.html.j2", title=entity.name, **entitypage.entity(graph, entity))
    if curie in graph.publications:
        title = graph.publications[curie].citation
        return _shown(asked, "paper.html.j2", title=title, **entitypage.paper(graph, curie))
    claim = entitypage.claim(graph, iri.rpartition("/assertion/")[2]) if "/assertion/" in iri else None
    if claim:
        from kg.selection import select

        (chosen,) = select([claim], graph.vocabulary)
        return _shown(asked, "claim.html.j2", title=f"{claim.subject} and {claim.object}", iri=iri, each=chosen)
    return _shown(asked, "thing.html.j2", iri=iri, **rest())


# --- all pages -------------------------------------------------------------------------------------------------------

PAGES: Mapping[str, Callable[[Asked], Page]] = {
    "/": _start,
    "/search": _search,
    "/trace": _trace,
    "/trace.bib": _cited(citations.bibtex, "application/x-bibtex", "papers.bib"),
    "/trace.csl.json": _cited(citations.csl, "application/vnd.citationstyles.csl+json", "papers.csl.json"),
    "/compare": _compare,
    "/gaps": _gaps,
    "/claims": _claims,
    "/disagreements": _disagreements,
    "/studies": _studies,
    "/queries": _queries,
}


def known(path: str) -> bool:
    """Say whether there is a page at a path."""
    return path in PAGES or path.startswith(("/queries/", "/picture/"))


def page(asked: Asked) -> Page:
    """Return the page at a path that is `known`; where the question cannot be answered, one that says why."""
    try:
        if asked.path.startswith("/queries/"):
            return _query(asked)
        return _picture(asked) if asked.path.startswith("/picture/") else PAGES[asked.path](asked)
    except (UnknownTerm, RequestError) as error:
        return refusal(asked, error)


def refusal(asked: Asked, error: KGError) -> Page:
    """Return the page that says why a question cannot be answered: with links that ask for the nearest names."""
    status = error.status if isinstance(error, RequestError) else 400
    links: list[tuple[str, str]] = []
    if isinstance(error, UnknownTerm):
        missing = error.kind in ("query", "picture") and not error.reason
        status = 404 if missing or asked.path.startswith("/entity/") else 400
        for name in error.suggestions:
            changed = [(key, name if value.strip() == error.term else value) for key, value in asked.given]
            if changed != list(asked.given):
                links.append((name, href(asked.path, changed)))
            elif asked.path.startswith("/entity/") and name in asked.graph.vocabulary.entities:
                links.append((name, f"/entity/{asked.graph.vocabulary.entities[name].curie}"))
            elif asked.path.startswith("/queries/"):
                links.append((name, f"/queries/{name}"))
    term = error.term if isinstance(error, UnknownTerm) and error.kind == "entity" else ""
    headers = shell.FRAMED if asked.path.startswith("/picture/") else shell.PAGE
    body = shell.sorry(status, str(error).partition(" `kg search")[0], links, term)
    return Page(status, HTML, headers, body)
