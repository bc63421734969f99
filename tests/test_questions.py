"""The questions over HTTP: the bodies are those of the commands, and the OpenAPI document tells the truth."""

from __future__ import annotations

import json
import shlex

import pytest
from click.testing import CliRunner

from kg.cli import cli
from kg.errors import RequestError, UnknownTerm
from kg.questions import QUESTIONS, ask, openapi, values_of

ASKED = [
    ("trace", [("source", "MSC"), ("target", "SLE")]),
    ("trace", [("source", "MSC"), ("target", "SLE"), ("via", "PGE2"), ("species", "any"), ("count", "3")]),
    ("trace", [("source", "MSC"), ("target", "SLE"), ("species", ""), ("avoid", "IDO1"), ("avoid", "B cell")]),
    ("trace", [("source", "MSC"), ("target", "SLE"), ("block", "PGE2"), ("block", "IDO1"), ("max_length", "4")]),
    ("trace", [("source", "umbilical cord MSC"), ("target", "SLE"), ("stage", "clin"), ("donor", "allogeneic")]),
    ("trace", [("source", "MSC"), ("target", "SLE"), ("null", "2"), ("incoherent", "true")]),
    ("trace", [("source", "MSC"), ("target", "SLE"), ("block", "IDO1"), ("null", "1"), ("seed", "3"), ("count", "5")]),
    ("trace", [("source", "MSC"), ("target", "SLE"), ("seed", "3"), ("incoherent", "0")]),
    ("show", [("entity", "Th17 cell")]),
    ("show", [("entity", "treg"), ("species", "mouse")]),
    ("search", [("text", "t cell")]),
    ("search", [("text", "t cell"), ("count", "2")]),
    ("compare", [("left", "SLE"), ("right", "lupus nephritis")]),
    ("compare", [("left", "human"), ("right", "mouse"), ("target", "SLE"), ("species", "")]),
    ("gaps", [("disease", "SLE")]),
    ("disagreements", []),
    ("disagreements", [("about", "T cell"), ("disease", "SLE"), ("count", "1")]),
    ("evidence", [("subject", "MSC")]),
    ("evidence", [("subject", "MSC"), ("object", "SLE"), ("species", "human"), ("msc_source", "umbilical cord")]),
    ("centrality", []),
    ("centrality", [("measure", "route-weight"), ("disease", "SLE"), ("category", "ImmuneCell"), ("count", "5")]),
]


@pytest.mark.parametrize("number", range(len(ASKED)))
def test_the_body_is_that_of_the_command(small_graph, number):
    name, given = ASKED[number]
    body = ask(small_graph, name, given)
    line = [*shlex.split(body["command"])[1:], "--format", "json"]
    done = CliRunner().invoke(cli, ["--data", str(small_graph.folder), *line])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == json.loads(json.dumps(body))


def test_every_question_is_compared():
    assert {name for name, _ in ASKED} == set(QUESTIONS)


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("show", [], "entity is missing: A name, synonym or CURIE"),
        ("show", [("entity", "")], "entity is missing"),
        ("show", [("entity", "MSC"), ("entity", "SLE")], "entity is given 2 times"),
        ("show", [("entty", "MSC")], "unknown parameter 'entty'; there is entity"),
        ("trace", [("source", "MSC"), ("target", "SLE"), ("max_length", "8")], "a whole number from 1 to 7"),
        ("trace", [("source", "MSC"), ("target", "SLE"), ("count", "0")], "a whole number from 1 to 1000"),
        ("trace", [("source", "MSC"), ("target", "SLE"), ("count", "-1")], "a whole number"),
        ("trace", [("source", "MSC"), ("target", "SLE"), ("count", "٣")], "a whole number"),
        ("trace", [("source", "MSC"), ("target", "SLE"), ("count", "")], "a whole number"),
        ("trace", [("source", "MSC"), ("target", "SLE"), ("null", "51")], "a whole number from 0 to 50"),
        ("trace", [("source", "MSC"), ("target", "SLE"), ("incoherent", "perhaps")], "true or false"),
    ],
)
def test_bad_values(small_graph, name, given, message):
    with pytest.raises(RequestError, match=message) as caught:
        ask(small_graph, name, given)
    assert caught.value.status == 400


def test_unknown_names(small_graph):
    with pytest.raises(UnknownTerm, match="Did you mean: SLE"):
        ask(small_graph, "trace", [("source", "MSC"), ("target", "SLEE")])
    with pytest.raises(UnknownTerm, match="unknown question 'traces'"):
        ask(small_graph, "traces", [])
    with pytest.raises(UnknownTerm, match="unknown donor"):
        ask(small_graph, "trace", [("source", "MSC"), ("target", "SLE"), ("donor", "martian")])
    with pytest.raises(UnknownTerm, match="MSC source"):
        ask(small_graph, "evidence", [("subject", "MSC"), ("msc_source", "moon")])


def test_openapi_describes_each_question():
    document = openapi("http://127.0.0.1:1", "0.1")
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) == {f"/api/{name}" for name in QUESTIONS}
    for name, question in QUESTIONS.items():
        operation = document["paths"][f"/api/{name}"]["get"]
        assert operation["operationId"] == name
        described = {each["name"]: each for each in operation["parameters"]}
        assert set(described) == {parameter.name for parameter in question.parameters}
        required = [(each["name"], "MSC") for each in operation["parameters"] if each["required"]]
        assert [pair[0] for pair in required] == [p.name for p in question.parameters if p.default is None]
        values = values_of(question, required)
        for each in described.values():
            schema = each["schema"]
            if "default" in schema:
                assert values[each["name"]] == schema["default"]
            if schema["type"] == "boolean":
                assert values_of(question, [*required, (each["name"], "true")])[each["name"]] is True
            if schema["type"] == "integer":
                most = schema["maximum"]
                assert values_of(question, [*required, (each["name"], str(most))])[each["name"]] == most
                for wrong in (most + 1, schema["minimum"] - 1):
                    with pytest.raises(RequestError):
                        values_of(question, [*required, (each["name"], str(wrong))])
            if schema["type"] == "array":
                assert values_of(question, [*required, *[(each["name"], "x")] * 2])[each["name"]] == ("x", "x")


def test_openapi_options_are_those_of_the_commands():
    """Each flag in the table is an option of the command of that name, with the same default."""
    for name, question in QUESTIONS.items():
        options = {flag: option for option in cli.commands[name].params for flag in option.opts}
        for parameter in question.parameters:
            if parameter.flag:
                option = options[parameter.flag]
                assert option.multiple == parameter.many, (name, parameter.flag)
                known = option.default if isinstance(option.default, str | int) else type(parameter.default)()
                assert option.multiple or known == parameter.default, (name, parameter.flag)
            else:
                assert parameter.name in options


def test_references_in_the_document_lead_somewhere():
    document = openapi("http://127.0.0.1:1", "0.1")

    def references(value):
        if isinstance(value, dict):
            for key, each in value.items():
                if key == "$ref":
                    yield each
                yield from references(each)
        elif isinstance(value, list):
            for each in value:
                yield from references(each)

    found = set(references(document))
    assert found == {"#/components/schemas/Answer", "#/components/schemas/Problem"}
    for each in found:
        assert each.rpartition("/")[2] in document["components"]["schemas"]
