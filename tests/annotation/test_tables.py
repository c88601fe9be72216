"""The command on a table: python -m annotation.agreement."""

import json
import subprocess
import sys

import pytest
from django.conf import settings

from annotation.tables import main

TABLE = """unit,annotator,value,cluster
u1,a,1,d1
u1,b,1,d1
u2,a,2,d1
u2,b,3,d1
u3,b,3,d2
u3,a,3,d2
u4,a,10,d2
u4,b,,d2
u5,b,2,d3
u5,a,2,d3
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(TABLE, "utf-8")
    return path


def test_the_module_runs_without_django(table):
    command = [sys.executable, "-m", "annotation.agreement", str(table), "--scale", "interval"]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, cwd=settings.ROOT)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["units"], found["judgements"], found["annotators"]) == (4, 8, 2)
    assert found["coefficients"]["raw"]["value"] == 0.75
    assert found["coefficients"]["alpha"]["low"] is not None
    assert found["coefficients"]["icc2"]["undefined"] == "incomplete"
    assert found["bootstrap"]["clusters"] == 3
    assert found["pairs"][0]["annotators"] == ["a", "b"] and found["pairs"][0]["units"] == 4
    assert list(found["classes"]) == ["1", "2", "3", "10"]  # by size, not by letter


def test_in_words(table, capsys):
    assert main([str(table), "--scale", "nominal"]) == 0
    said = capsys.readouterr().out
    assert "4 units" in said and "a – b" in said and "alpha" in said


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("unit,annotator\n", [], "no column value"),
        ("unit,annotator,value\nu,a,1\nu,a,2\n", [], "line 3: 'a' judged 'u' before"),
        ("unit,annotator,value,cluster\nu,a,1,x\nu,b,2,y\n", [], "line 3: unit 'u' is in cluster"),
        ("unit,annotator,value\nu,a,purple\n", ["--values", "red,blue"], "line 2: 'purple'"),
        ("unit,annotator,value\nu,a,good\nu,b,bad\n", [], "say the order"),
        ("unit,annotator,value\n", [], "no judgement"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, capsys, text, options, said):
    path = tmp_path / "table.csv"
    path.write_text(text, "utf-8")
    assert main([str(path), "--scale", "ordinal", *options]) == 1
    assert said in capsys.readouterr().err
    assert main([str(tmp_path / "absent.csv"), "--scale", "nominal"]) == 1
