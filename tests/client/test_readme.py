"""The client's README names every method and command; no document names one that there is not."""

import ast
import inspect
import re
import shlex
from pathlib import Path

import pytest
from drf_spectacular.generators import SchemaGenerator

import shengqing
from shengqing import Client, LocalRelease, command_line

ROOT = Path(__file__).parents[2]
README = (ROOT / "client" / "README.md").read_text("utf-8")
GUIDES = [ROOT / "docs" / name for name in ("api.md", "guide/api.en.md", "guide/api.zh.md")]
OTHERS = "".join(path.read_text("utf-8") for path in GUIDES)
LISTED = re.findall(r"^    (shengqing .*?)(?:  +#.*)?$", README, re.M)
MENTIONED = re.findall(r"`(shengqing \w[^`…]*)`", OTHERS)
ROW = re.compile(r"^\| (`[a-z`, ]+`) \| (.*) \|$", re.M)


def methods(kind):
    return {name for name, _ in inspect.getmembers(kind, inspect.isfunction) if name[0] != "_"}


def nouns(client):
    """Name -> the class of what the client has under it."""
    own = {name: type(part) for name, part in vars(client).items() if name != "transport"}
    return {name: kind for name, kind in own.items() if kind.__module__.startswith("shengqing.")}


@pytest.fixture
def client():
    with Client("http://testserver", "sq_x") as client:
        yield client


def test_every_method_is_named(client):
    said = {
        noun: set(re.findall(r"`(\w+)`", names))
        for some, names in ROW.findall(README)
        for noun in re.findall(r"\w+", some)
    }
    assert said == {name: methods(kind) for name, kind in nouns(client).items()}
    assert all(f"`{name}`" in README for name in methods(LocalRelease))


def test_every_operation_has_a_method():
    called = set()
    for path in Path(shengqing.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (getattr(part, "value", "") for part in node.values)
                called.add("".join(part if isinstance(part, str) else "{}" for part in parts))
            elif isinstance(node, ast.Constant):
                called.add(node.value)
    schema = SchemaGenerator().get_schema(request=None, public=True)
    operations = {re.sub(r"{\w+}", "{}", path.removeprefix("/api/")) for path in schema["paths"]}
    assert len(operations) > 100
    assert operations - called == {
        "uploads/{}/",  # an upload says its address itself, as a job does
        "deletions/{}/",
        "evaluations/{}/",
        "corpora/{}/utterances/",  # in pages what is also streamed
        "rounds/{}/judgements/",
    }


def test_every_call_in_an_example_is_one(client):
    calls = re.findall(r"client\.(\w+)\.(\w+)\(", README + OTHERS)
    assert len(calls) > 20
    assert [call for call in calls if call[1] not in methods(nouns(client)[call[0]])] == []


def test_examples_are_python():
    first, then, *rest = re.findall(r"^```python\n(.*?)^```$", README, re.M | re.S)
    for source in [first + then, *rest]:
        compile(source, "README.md", "exec")


@pytest.mark.parametrize("command", [*LISTED, *MENTIONED])
def test_each_command_is_one(command):
    command_line.build_parser().parse_args(shlex.split(command)[1:])


def test_every_command_is_named():
    (choices,) = (
        action.choices
        for action in command_line.build_parser()._actions
        if action.dest == "command"
    )
    assert {command.split()[1] for command in LISTED} == {*choices}
