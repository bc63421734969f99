"""The ontology as OWL 2 DL: metadata, every own term defined, every IRI declared, consistent by a reasoner."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import rdflib
from rdflib import OWL, RDF, RDFS, SKOS, XSD

from kg.sources import bundled

MSCIM = "https://w3id.org/mscim/"
FILE = bundled() / "ontology" / "mscim.ttl"
IRI = rdflib.URIRef(MSCIM + "ontology")


@pytest.fixture(scope="module")
def turtle() -> rdflib.Graph:
    return rdflib.Graph().parse(FILE, format="turtle")


def own(turtle: rdflib.Graph) -> list[rdflib.URIRef]:
    return sorted(
        {s for s in turtle.subjects(RDF.type) if isinstance(s, rdflib.URIRef) and str(s).startswith(MSCIM) and s != IRI}
    )


def test_header(turtle):
    version = str(turtle.value(IRI, OWL.versionInfo))
    assert turtle.value(IRI, OWL.versionIRI) == rdflib.URIRef(f"{MSCIM}ontology/{version}")
    assert turtle.value(IRI, rdflib.DCTERMS.license) == rdflib.URIRef("https://creativecommons.org/licenses/by/4.0/")
    assert turtle.value(IRI, rdflib.DCTERMS.title)


def test_every_own_term_has_one_label_and_a_definition(turtle):
    terms = own(turtle)
    assert len(terms) > 200
    for term in terms:
        if (term, RDF.type, rdflib.URIRef(MSCIM + "Layer")) in turtle:
            continue
        assert len(list(turtle.objects(term, RDFS.label))) == 1, term
        if not (
            {rdflib.URIRef(MSCIM + k) for k in ("StudyDesign", "Route", "Outcome", "PublicationKind")}
            & set(turtle.objects(term, RDF.type))
        ):
            assert turtle.value(term, SKOS.definition), term


def test_labels_within_a_kind_are_unique(turtle):
    seen = {}
    for term in own(turtle):
        for kind in turtle.objects(term, RDF.type):
            key = (kind, str(turtle.value(term, RDFS.label)))
            if kind != OWL.NamedIndividual and key[1] != "None":
                assert key not in seen, (term, seen.get(key))
                seen[key] = term


def test_everything_used_is_declared(turtle):
    """No term of ours is used without a type: a misspelt IRI would be one."""
    declared = {str(s) for s in turtle.subjects(RDF.type)}
    for triple in turtle:
        for node in triple:
            if isinstance(node, rdflib.URIRef) and str(node).startswith(MSCIM) and "/ontology/" not in str(node):
                assert str(node) in declared or node == rdflib.URIRef(MSCIM), node


def test_no_term_is_two_kinds_of_property(turtle):
    kinds = [OWL.ObjectProperty, OWL.DatatypeProperty, OWL.AnnotationProperty, OWL.Class]
    for term in own(turtle):
        assert sum((term, RDF.type, kind) in turtle for kind in kinds) <= 1, term


def test_datatypes_are_those_of_owl(turtle):
    allowed = {None, XSD.integer, XSD.decimal, XSD.boolean, XSD.anyURI, XSD.string, XSD.double, XSD.date}
    for _, _, value in turtle:
        if isinstance(value, rdflib.Literal):
            assert value.datatype in allowed, value
            assert value.value is not None


def test_predicates_are_aligned_to_ro_and_biolink(turtle):
    predicates = [t for t in own(turtle) if turtle.value(t, rdflib.URIRef(MSCIM + "sign")) is not None]
    assert len(predicates) == 18
    for term in predicates:
        matches = [str(o) for p in (SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch) for o in turtle.objects(term, p)]
        matches += [str(o) for o in turtle.objects(term, RDFS.subPropertyOf)]
        assert any("biolink" in m for m in matches), term
    aligned = {
        m
        for t in predicates
        for p in (SKOS.exactMatch, SKOS.closeMatch, SKOS.broadMatch)
        for m in map(str, turtle.objects(t, p))
        if "RO_" in m
    }
    assert len(aligned) >= 5


def test_systems_have_eco_ids_and_errors_that_fall_with_the_ladder(graph):
    systems = graph.vocabulary.ontology.systems
    assert all(each.eco.startswith("http://purl.obolibrary.org/obo/ECO_") for each in systems.values())
    assert all(0 < each.error < 1 for each in systems.values())
    order = ["review statement", "in vitro", "ex vivo", "clinical trial", "controlled trial"]
    errors = [systems[name].error for name in order]
    assert errors == sorted(errors, reverse=True)


def test_every_category_of_the_tables_is_a_class(graph, turtle):
    for entity in graph.vocabulary.entities.values():
        assert (rdflib.URIRef(MSCIM + entity.category), RDF.type, OWL.Class) in turtle


REASON = """
import sys, warnings
warnings.simplefilter("ignore")
import owlready2
world = owlready2.World(filename=sys.argv[1])
for path in sys.argv[2:]:
    world.get_ontology("file://" + path).load()
try:
    owlready2.sync_reasoner_hermit(world, debug=0)
except owlready2.OwlReadyInconsistentOntologyError:
    sys.exit("inconsistent")
bad = [str(c) for c in world.inconsistent_classes()]
sys.exit("unsatisfiable: " + ", ".join(bad) if bad else 0)
"""


def reason(tmp_path: Path, *extra: str) -> subprocess.CompletedProcess[str]:
    """Run HermiT over the ontology (and more triples) in a process of its own."""
    path = tmp_path / "mscim.nt"
    graph = rdflib.Graph().parse(FILE, format="turtle")
    for text in extra:
        graph.parse(data=text, format="turtle")
    graph.serialize(path, format="nt", encoding="utf-8")
    command = [sys.executable, "-c", REASON, str(tmp_path / "world.sqlite3"), str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.java
@pytest.mark.skipif(not shutil.which("java"), reason="needs Java (default-jre-headless) for the HermiT reasoner")
def test_consistent_by_hermit(tmp_path, graph):
    """With all entities as classes: none of them may lie in two categories that exclude each other."""
    vocabulary = graph.vocabulary
    iri = lambda name: vocabulary.ontology.expand(vocabulary.entities[name].curie)  # noqa: E731
    lines = []
    for entity in vocabulary.entities.values():
        above = [MSCIM + entity.category, *map(iri, entity.parents)]
        lines.append(
            f"<{iri(entity.name)}> a <{OWL.Class}> ; <{RDFS.subClassOf}> {', '.join(f'<{a}>' for a in above)} ."
        )
    done = reason(tmp_path, "\n".join(lines))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.java
@pytest.mark.skipif(not shutil.which("java"), reason="needs Java (default-jre-headless) for the HermiT reasoner")
@pytest.mark.parametrize(
    ("planted", "said"),
    [
        (
            f"<{MSCIM}Chimera> a <{OWL.Class}> ; <{RDFS.subClassOf}> <{MSCIM}ImmuneCell>, <{MSCIM}Drug> .",
            "unsatisfiable",
        ),
        (f"<{MSCIM}x> a <{OWL.NamedIndividual}>, <{MSCIM}ImmuneCell>, <{MSCIM}Disease> .", "inconsistent"),
        (f"<{MSCIM}x> a <{OWL.NamedIndividual}>, <{MSCIM}Disease> ; <{MSCIM}secretes> <{MSCIM}y> .", "inconsistent"),
    ],
)
def test_hermit_finds_what_is_planted(tmp_path, planted, said):
    done = reason(tmp_path, planted)
    assert said in done.stderr, done.stdout + done.stderr


PREFIXES = "".join(
    f"@prefix {name}: <{space}> .\n"
    for name, space in {"": MSCIM, "owl": OWL, "rdf": RDF, "rdfs": RDFS, "xsd": XSD}.items()
)


def violations(folder: Path, ontologies: dict[str, rdflib.Graph]) -> dict[str, list[str]]:
    """What keeps each ontology from OWL 2 DL, by the OWL API that owlready2 carries for Pellet."""
    import owlready2

    jars = Path(owlready2.__file__).parent / "pellet" / "*"
    files = {str(folder / f"{number}.owl"): name for number, name in enumerate(ontologies)}
    for path, name in files.items():
        ontologies[name].serialize(path, format="xml", encoding="utf-8")
    command = ["java", "-cp", str(jars), str(Path(__file__).with_name("Profile.java")), *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, list[str]] = {name: [] for name in ontologies}
    for line in done.stdout.splitlines():
        path, _, said = line.partition("\t")
        found[files[path]].append(said)
    assert all(int(said.pop().removesuffix(" axioms")) > 1000 for said in found.values())
    return found


@pytest.mark.java
@pytest.mark.skipif(not shutil.which("java"), reason="needs Java (default-jre-headless) for the OWL API")
def test_owl_2_dl_by_the_owl_api(tmp_path, graph, turtle):
    """The file, and what the dataset holds of it: with all entities and the hierarchy."""
    import pyoxigraph as ox

    held = rdflib.Graph()
    for name in ("ontology", "hierarchy"):
        part = graph.store.quads_for_pattern(None, None, None, ox.NamedNode(f"{MSCIM}graph/{name}"))
        held.parse(data="".join(f"{quad.triple} .\n" for quad in part), format="nt")
    assert len(held) > 20_000
    assert violations(tmp_path, {"file": turtle, "dataset": held}) == {"file": [], "dataset": []}


OUTSIDE = {
    "undeclared class": (":Lymphocyte rdfs:subClassOf :Cell .", "undeclared class: <.*Lymphocyte"),
    "misspelt superclass": (":B a owl:Class ; rdfs:subClassOf :Cel .", "undeclared class: <.*Cel>"),
    "undeclared property": (":Cell :colour 'red' .", "undeclared annotation property: <.*colour"),
    "object and data property": (":subject a owl:DatatypeProperty .", "Cannot pun between properties"),
    "data and annotation property": (":effect_sign a owl:AnnotationProperty .", "Cannot pun between properties"),
    "class and datatype": (":Cell a rdfs:Datatype .", "Datatype IRI also used as Class IRI"),
    "text where a thing belongs": (":x a owl:NamedIndividual ; :aspect 'x' .", "Cannot pun|undeclared"),
    "reserved class": ("owl:Cell a owl:Class .", "reserved vocabulary for class IRI"),
    "reserved property": ("rdf:acts a owl:ObjectProperty .", "reserved vocabulary for object property IRI"),
    "transitive with cardinality": (
        ":secretes a owl:TransitiveProperty . :Cell rdfs:subClassOf [ a owl:Restriction ; owl:onProperty :secretes ; "
        "owl:maxCardinality '3'^^xsd:nonNegativeInteger ] .",
        "non-simple property in ObjectMaxCardinality",
    ),
    "transitive and functional": (":binds a owl:TransitiveProperty, owl:FunctionalProperty .", "non-simple property"),
    "chain and asymmetric": (
        ":binds a owl:AsymmetricProperty ; owl:propertyChainAxiom ( :secretes :expresses ) .",
        "non-simple property in Asymmetric",
    ),
    "chains in a circle": (
        ":a a owl:ObjectProperty ; owl:propertyChainAxiom ( :b :binds ) . "
        ":b a owl:ObjectProperty ; owl:propertyChainAxiom ( :a :binds ) .",
        "in chain causes cycle",
    ),
    "union of one": (":binds rdfs:domain [ a owl:Class ; owl:unionOf ( :Cell ) ] .", "Not enough operands"),
    "disjoint with nothing": ("[] a owl:AllDisjointClasses ; owl:members ( :Cell ) .", "Not enough operands"),
    "no number": (":x a owl:NamedIndividual ; :n_patients 'many'^^xsd:integer .", "not in lexical space"),
}


@pytest.mark.java
@pytest.mark.skipif(not shutil.which("java"), reason="needs Java (default-jre-headless) for the OWL API")
def test_the_owl_api_finds_what_is_planted(tmp_path):
    broken = {}
    for name, (planted, _) in OUTSIDE.items():
        broken[name] = rdflib.Graph().parse(FILE, format="turtle").parse(data=PREFIXES + planted, format="turtle")
    found = violations(tmp_path, broken)
    for name, (_, said) in OUTSIDE.items():
        assert any(re.search(said, each) for each in found[name]), (name, found[name])
