"""No CSV of the product has a cell that a spreadsheet runs as a formula."""

import csv
import inspect
import io
import re
from pathlib import Path

import pytest
from django.urls import NoReverseMatch, get_resolver, reverse
from hypothesis import given
from hypothesis import strategies as st

from core.csv_export import FORMULA, NUMBER, csv_lines, original, safe
from corpus.models import Membership
from tests.factories import make_corpus, make_judged_round, make_person, make_source

ROOT = Path(__file__).resolve().parents[2]
APPS = ["core", "jobs", "people", "corpus", "annotation", "releases", "modeling", "backups", "demo"]
WRITERS = {  # modules with a csv.writer, and why
    "core/csv_export.py": "writes them for all others",
    "releases/tables.py": "a release's utterances.csv: uses `safe` cell by cell, for speed",
    "releases/formats/cmma.py": "the layout of CMMA, for its programs: text has to stay as said",
    "releases/formats/mmsa.py": "the layout of MMSA, for its loader: text has to stay as said",
    "modeling/learner/experiments/report.py": "runs alone; has the same rule",
}


def test_every_writer_is_known():
    found = {
        path.relative_to(ROOT).as_posix()
        for app in APPS
        for path in (ROOT / app).rglob("*.py")
        if re.search(r"\bcsv\.(writer|DictWriter)\(", path.read_text("utf-8"))
    }
    assert found == set(WRITERS)


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+cmd", "-2+3", "@SUM(A1)", "\tx", "\rx", "'=1", "-", "-1.5 and", "--1", "=", "+1(2)"],
)
def test_a_formula_becomes_text(text):
    assert safe(text) == f"'{text}" and original(safe(text)) == text


@pytest.mark.parametrize("value", ["-1", "+0.5", "-1.5e-3", "", "x=1", "'x", "你好", -1, 0.5, None])
def test_numbers_and_other_text_stay(value):
    assert safe(value) == value


@given(st.text(st.sampled_from("'=+-@\t\rx1.e"), max_size=6))
def test_every_text_comes_back(text):
    written = safe(text)
    assert original(written) == text
    assert written[:1] not in tuple("=+-@\t\r") or NUMBER.fullmatch(written)


def test_headers_are_safe_too():
    assert "".join(csv_lines(["=a"], [["=b"]])).split() == ["\ufeff'=a", "'=b"]


HOSTILE = "=HYPERLINK(0)"


@pytest.fixture
def hostile(db):
    """A corpus in which everything that somebody can name begins like a formula."""
    lead = make_person("=lead", name=HOSTILE, is_superuser=True)
    corpus = make_corpus(lead, name=f"{HOSTILE} corpus")
    for number in (1, 2):
        judge = make_person(f"@judge{number}", name=f"{HOSTILE} {number}")
        corpus.memberships.create(person=judge, role=Membership.Role.ANNOTATOR)
    source = make_source(corpus, title=f"{HOSTILE} source")
    source.import_problems.create(line=1, column="-c", value="+v", outcome="kept", reason="@x")
    opened = make_judged_round(corpus, dialogues=1)
    corpus.dialogues.update(uid="=uid")
    for utterance in opened.round_items.get().dialogue.utterances.all():
        utterance.text = HOSTILE
        utterance.save()
    return lead, {"corpus": corpus, "source": source, "round": opened}


def addresses(things):
    """Every route that gives a CSV, or a table that can be had as one, as far as these things are
    what it is about.
    """
    found = set()
    for pattern in _named(get_resolver().url_patterns):
        for thing in [None, *things.values()]:
            arguments = {"pk": thing.pk} if thing else {}
            for more in ({}, {"kind": "csv"}):
                try:
                    found.add(reverse(pattern.name, kwargs=arguments | more))
                except NoReverseMatch:
                    continue
    return sorted(found)


def _named(patterns):
    for entry in patterns:
        if hasattr(entry, "url_patterns"):
            if entry.app_name != "admin":
                yield from _named(entry.url_patterns)
        elif entry.name and not entry.name.startswith("moved_") and _may_give_csv(entry):
            yield entry


def _may_give_csv(entry):
    """Whether the module of its view writes a CSV or has tables that can be had as one."""
    source = inspect.getsource(inspect.getmodule(inspect.unwrap(entry.callback)))
    return "csv_lines" in source or "DataTable(" in source or entry.name.endswith("_csv")


def test_every_route_that_gives_a_csv(hostile, client_of):
    lead, things = hostile
    client, tables = client_of(lead), {}
    client.raise_request_exception = False
    for address in addresses(things):
        answer = client.get(address, {"format": "csv"})
        if answer.headers.get("Content-Type", "").startswith("text/csv"):
            body = b"".join(answer.streaming_content) if answer.streaming else answer.content
            tables[address] = list(csv.reader(io.StringIO(body.decode("utf-8-sig"))))
    assert len(tables) > 8, sorted(tables)
    cells = [cell for table in tables.values() for row in table for cell in row]
    running = [cell for cell in cells if FORMULA.match(cell) and not cell.startswith("'")]
    assert [cell for cell in running if not NUMBER.fullmatch(cell)] == []
    assert any(cell.startswith(f"'{HOSTILE}") for cell in cells)
