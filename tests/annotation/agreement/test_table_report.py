"""The command on a table: python -m annotation.agreement."""

import json
import re
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from django.conf import settings

from annotation.agreement import table_report, unit_sums
from annotation.agreement.bootstrap import interval, of_pairs, on
from annotation.agreement.coefficients import LEVELS, count_values, pair_counts
from annotation.agreement.judgement_table import read
from annotation.agreement.table_report import main, report

pytestmark = pytest.mark.filterwarnings("error")

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
    command = [
        sys.executable,
        "-m",
        "annotation.agreement",
        str(table),
        "--scale",
        "interval",
    ]
    done = subprocess.run([*command, "--json"], capture_output=True, text=True, cwd=settings.ROOT)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["units"], found["judgements"], found["annotators"]) == (4, 8, 2)
    assert found["coefficients"]["raw"]["value"] == 0.75
    alpha = found["coefficients"]["alpha"]
    assert alpha["low"] is None and alpha["no_interval"] == "few_clusters"
    assert found["coefficients"]["icc2"]["undefined"] == "incomplete"
    assert found["bootstrap"]["clusters"] == 3
    assert found["missing"] == {"": 1} and "pairs" not in found
    assert list(found["classes"]) == ["1", "2", "3", "10"]  # by size, not by letter


def test_in_words(table, capsys):
    assert main([str(table), "--scale", "nominal"]) == 0
    said = capsys.readouterr().out
    assert "4 units" in said and "alpha" in said and "a – b" not in said
    assert "note: line 9: missing answers: 1 (empty 1×)" in said
    assert main([str(table), "--scale", "nominal", "--pairs"]) == 0
    said = capsys.readouterr().out
    assert "a – b            kappa 0.6364, 4 units" in said
    assert "class 10         undefined (in no unit with two judgements)" in said


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        ("unit,annotator\nu,a\n", [], "no column value"),
        ("unit,annotator,value\nu,a,1\nu,a,2\n", [], "line 3: 'a' judged 'u' before"),
        ("unit,annotator,value,cluster\nu,a,1,x\nu,b,2,y\n", [], "line 3: unit 'u' is in cluster"),
        ("unit,annotator,value\nu,a,purple\n", ["--values", "red,blue"], "line 2: 'purple'"),
        ("unit,annotator,value\nu,a,good\nu,b,bad\n", [], "say the order"),
        ("unit,annotator,value\n", [], "he table has no "),
        ("", [], "The file is empty."),
        ("unit,annotator,value\nu,a,1\n", ["--replicates", "0"], "--replicates is a number from 1"),
        ("unit,annotator,value\nu,a,1\n", ["--seed", "-1"], "--seed is a number from 0"),
        ("unit,annotator,value\nu,a,1\n", ["--min-common", "0"], "--min-common is a number from 1"),
        ("unit,annotator,value\nu,a,1\n", ["--values", "1,,2"], "--values: expected values"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, capsys, text, options, said):
    path = tmp_path / "table.csv"
    path.write_text(text, "utf-8")
    assert main([str(path), "--scale", "ordinal", *options]) == 1
    assert said in capsys.readouterr().err
    assert main([str(tmp_path / "absent.csv"), "--scale", "nominal"]) == 1
    assert "No such file" in capsys.readouterr().err
    assert main([str(tmp_path), "--scale", "nominal"]) == 1  # a folder


HEADER = "unit,annotator,value,cluster\n"
DEGENERATE = {
    "unanimous": "u,a,1,d\nu,b,1,d\nv,a,1,e\nv,b,1,e\n",
    "one annotator": "u,a,1,d\nv,a,2,e\n",
    "one unit": "u,a,1,d\nu,b,2,d\n",
    "one unit of many": "u,a,1,d\nu,b,2,d\nv,a,1,e\nw,b,2,f\n",
    "one judgement": "u,a,1,d\n",
    "one annotator is constant": "u,a,1,d\nu,b,1,d\nv,a,1,e\nv,b,2,e\n",
    "nothing in common": "u,a,1,d\nv,b,2,d\n",
    "opposites": "u,a,1,d\nu,b,2,d\nv,a,2,e\nv,b,1,e\n",
    "all zero": "u,a,0,d\nu,b,0,d\nv,a,0,e\nv,b,0,e\n",
    "huge": "u,a,1e308,d\nu,b,0,d\nv,a,1e308,e\nv,b,1e308,e\n",
    "tiny": "u,a,1e-320,d\nu,b,0,d\nv,a,1e-320,e\nv,b,1e-320,e\n",
}


@pytest.mark.parametrize("method", ["percentile", "bca"])
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_tables_warn_of_nothing_and_name_reasons(name, level, method):
    """Warnings are errors here: what cannot be computed has a reason that the command says."""
    rows = DEGENERATE[name]
    often = "".join(re.sub(r"^(.)|(.)$", rf"\g<0>{n}", rows, flags=re.M) for n in range(10))
    for text in (
        HEADER + rows,
        HEADER + often,  # enough clusters for intervals
        "".join(f"{line.rsplit(',', 1)[0]}\n" for line in (HEADER + rows).split()),
    ):
        table = read("table.csv", text.encode(), level)
        found = report(table, level, replicates=50, method=method)
        found["pairs"] = table_report.pairs_of(table, level)
        json.dumps(found, allow_nan=False)
        for row in [*found["coefficients"].values(), *found["classes"].values()]:
            assert (row["value"] is None) == bool(row["undefined"])
        assert list(table_report._lines(found))


def test_reasons(tmp_path, capsys):
    def lines(name, *options, rows=""):
        path = tmp_path / "table.csv"
        path.write_text(HEADER + (rows or DEGENERATE[name]), "utf-8")
        assert main([str(path), "--scale", "interval", *options]) == 0
        return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    rows = "".join(f"u{n},a,1,d{n}\nu{n},b,1,d{n}\n" for n in range(10))
    unanimous = lines("", rows=rows)
    assert "raw 1.0000 [1.000, 1.000]" in unanimous
    assert "alpha undefined (all judgements are the same)" in unanimous
    assert "ac1 1.0000 [1.000, 1.000]" in lines("", "--values", "1,2", rows=rows)
    assert "alpha undefined (no unit has two judgements)" in lines("one annotator")
    one = lines("one unit")
    few = "(no interval: fewer than 10 clusters with two judgements of a unit)"
    assert f"alpha 0.0000 {few} (unreliable)" in one
    assert "icc1 undefined (there is one unit only)" in one
    assert "icc2 undefined (not every annotator judged every unit)" in lines("one unit of many")


def made(people, units, overlap, size, seed=0):
    """CSV of random judgements, a dialogue of three units as cluster."""
    rng = np.random.default_rng(seed)
    rows = [
        f"u{unit},p{who},{rng.integers(0, size)},d{unit // 3}"
        for unit in range(units)
        for who in rng.choice(people, overlap, replace=False)
    ]
    return (HEADER + "\n".join(rows) + "\n").encode()


@pytest.mark.parametrize("level", LEVELS)
def test_intervals_are_those_of_counted_pairs(level):
    table = read("table.csv", made(6, 90, 3, 5), level)
    given = table.judgements
    counts = count_values(given.unit, given.value, given.units, given.values)
    pairs = pair_counts(counts, table.clusters)
    found = report(table, level, replicates=100)["coefficients"]
    for name, (coefficient, *more) in table_report.coefficients(level, given.points).items():
        ends = interval(of_pairs(pairs), on(pairs, coefficient, *more), 100)[0]
        assert [found[name]["low"], found[name]["high"]] == pytest.approx([ends.low, ends.high])


def test_only_pairs_that_occur_are_listed():
    """A thousand annotators of forty units: 499,500 pairs, of which each unit makes three."""
    table = read("table.csv", made(1000, 40, 3, 4), "ordinal")
    rows = table_report.pairs_of(table, "ordinal")
    given = table.judgements
    judged = [set(given.annotator[given.unit == unit].tolist()) for unit in range(given.units)]
    expected = {pair for people in judged for pair in combinations(sorted(people), 2)}
    named = {(table.annotators[a], table.annotators[b]) for a, b in expected}
    assert {tuple(row["annotators"]) for row in rows} == named and len(rows) <= 120
    assert all(row["units"] > 1 for row in table_report.pairs_of(table, "ordinal", 2))


def test_pairs_have_limits(monkeypatch):
    table = read("table.csv", made(30, 60, 5, 4), "nominal")
    monkeypatch.setattr(table_report, "MOST_PAIRS", 10)
    with pytest.raises(table_report.TableError, match="more than 10 pairs .* --min-common 10"):
        table_report.pairs_of(table, "nominal")
    table = read("table.csv", made(30, 200, 5, 2000), "interval")
    with pytest.raises(table_report.TableError, match="at most 100 are compared"):
        table_report.pairs_of(table, "interval")


def test_many_values_have_no_interval_where_memory_would_not_do(monkeypatch, tmp_path, capsys):
    path = tmp_path / "table.csv"
    path.write_bytes(made(30, 200, 3, 150))
    monkeypatch.setattr(table_report, "MOST", 100_000)
    assert main([str(path), "--scale", "ordinal", "--replicates", "100"]) == 0
    said = capsys.readouterr().out
    assert "(no interval: too many different values) (unreliable)" in said and "class" not in said
    table = read("table.csv", path.read_bytes(), "ratio")
    monkeypatch.setattr(unit_sums, "MOST_IN_RATIO", 10)
    row = report(table, "ratio", replicates=10)["coefficients"]["alpha"]
    assert (row["value"], row["undefined"]) == (None, "too_many_values")


def test_published_ratings_by_the_command(test_data, tmp_path, capsys):
    items = json.loads((test_data / "votes/CSC_dev.json").read_text("utf-8"))
    rows = [
        f"{key},{who},{value}\n"
        for key, item in items.items()
        for who, value in item["annotations"].items()
    ]
    path = tmp_path / "ratings.csv"
    path.write_text("unit,annotator,value\n" + "".join(rows), "utf-8")
    for level, expected in {"nominal": 0.109434, "ordinal": 0.327807, "interval": 0.334482}.items():
        assert main([str(path), "--scale", level, "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["coefficients"]["alpha"]["value"] == pytest.approx(expected, abs=1e-6)
        assert (found["units"], found["judgements"]) == (704, 3186)


@pytest.mark.parametrize(
    ("more", "part"),
    [
        (["--scale", "nominl"], "--scale: invalid choice: 'nominl'"),
        ([], "the following arguments are required: --scale"),
        (["--scale", "nominal", "--seed", "x"], "--seed: invalid int value: 'x'"),
        (["--scale", "nominal", "--bogus"], "unrecognized arguments: --bogus"),
    ],
)
def test_a_wrong_option_is_one_sentence(table, capsys, more, part):
    with pytest.raises(SystemExit) as end:
        main([str(table), *more])
    words = capsys.readouterr().err
    assert end.value.code == 2 and part in words and words.count("\n") == 1
