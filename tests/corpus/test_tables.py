"""Transcripts that are tables: what is read, what is reported, and who opens a workbook."""

import pytest
from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.urls import reverse

from corpus import spreadsheets
from corpus.models import Source
from corpus.source_inspection import inspect_source
from corpus.transcripts import Cue, TranscriptError
from corpus.transcripts.reader import Options, columns, read
from tests.corpus.test_tabular import workbook


def cues(found):
    return [(cue.start, cue.end, cue.text, cue.speaker) for cue in found.cues]


def test_semicolons_and_decimal_commas():
    data = "\ufeffstart;end;text;speaker\n1,5;3,0;开门;王五\n4,0;6,0;来了;赵六\n".encode()
    found = read("a.csv", data)
    assert cues(found) == [(1.5, 3.0, "开门", "王五"), (4.0, 6.0, "来了", "赵六")]
    assert found.problems == [] and found.encoding == "utf-8"


def test_an_unquoted_comma_costs_its_row_and_shifts_nothing():
    data = "start,end,text,speaker\n1.0,2.0,好, 我马上来,王五\n3.0,4.0,快点,赵六\n".encode()
    found = read("a.csv", data)
    assert cues(found) == [(3.0, 4.0, "快点", "赵六")]
    assert [(p.line, p.outcome) for p in found.problems] == [(2, "rejected")]


def test_a_bad_time_is_reported_and_the_other_rows_are_read():
    rows = ["1,2,甲", "soon,3,乙", "4,3,丙", "5,5,丁", ",6,戊", '"1,234.5",2000,己', "7,8,庚"]
    found = read("a.csv", "\n".join(["start,end,text", *rows]).encode())
    assert [cue.text for cue in found.cues] == ["甲", "庚"]
    assert [(p.line, p.column, p.value) for p in found.problems] == [
        (3, "start", "soon"), (4, "end", "3"), (5, "end", "5"), (6, "start", ""),
        (7, "start", "1,234.5"),
    ]  # fmt: skip
    assert {p.outcome for p in found.problems} == {"rejected"}


def test_where_every_comma_may_part_thousands_it_is_said():
    found = read("a.csv", "start;end;text\n1,500;2,250;甲\n".encode())
    assert cues(found) == [(1.5, 2.25, "甲", "")]
    assert [(p.line, p.column, p.outcome) for p in found.problems] == [(2, "start", "warning")]


def test_times_of_a_workbook_that_are_hours_and_minutes_are_doubted():
    rows = [("start", "end", "text"), ("1:23:00", "1:25:00", "甲"), ("1:26:00", "1:27:00", "乙")]
    found = read("a.xlsx", workbook(("S", rows)))
    assert [(p.column, p.outcome) for p in found.problems] == [("start (S!A2)", "warning")]


def test_a_problem_of_a_workbook_says_its_cell_and_a_sheet_is_a_choice():
    one = [("start", "end", "text"), (1, 2, "甲"), (3, "later", "乙")]
    data = workbook(("one", one), ("two", [("开始", "结束", "台词"), (5, 6, "丙")]))
    found = read("a.xlsx", data)
    assert [cue.text for cue in found.cues] == ["甲"] and found.sheets == ("one", "two")
    assert [(p.column, p.outcome) for p in found.problems] == [
        ("", "warning"), ("end (one!B3)", "rejected"),
    ]  # fmt: skip
    assert read("a.xlsx", data, options=Options(sheet="two")).cues == [Cue(5.0, 6.0, "丙")]
    assert columns("a.xlsx", data, sheet="two") == ["开始", "结束", "台词"]
    with pytest.raises(TranscriptError, match="no sheet “three”"):
        read("a.xlsx", data, options=Options(sheet="three"))


def test_the_sheet_that_has_the_columns_is_read_and_the_others_are_named():
    notes = ("notes", [("Read me",), ("first",)])
    data = workbook(notes, ("talk", [("start", "end", "text"), (1, 2, "甲")]))
    found = read("a.xlsx", data)
    assert [cue.text for cue in found.cues] == ["甲"]
    assert [p.value for p in found.problems] == ["notes"]
    with pytest.raises(TranscriptError, match="sheet “notes” holds: start, end, text.*notes, more"):
        read("a.xlsx", workbook(notes, ("more", [("x",), (1,)])))


HEADER = ("start", "end", "text", "speaker")


@pytest.fixture
def source(corpus, film):
    """A draft with a workbook for a transcript."""

    def draft(data):
        found = Source(corpus=corpus, title="film", status=Source.Status.DRAFT)
        with film.open("rb") as media:
            found.media.save("film.mp4", File(media), save=False)
        found.transcript.save("film.xlsx", ContentFile(data))
        return found

    return draft


def test_a_workbook_is_opened_by_a_worker_and_never_by_a_page(
    source, client_of, lead, monkeypatch, django_capture_on_commit_callbacks
):
    draft = source(workbook(("S", [HEADER, (1, 2, "你好", "甲")])))
    page, client = reverse("preview", args=[draft.pk]), client_of(lead)
    waiting = client.get(page)
    assert "A worker is reading the spreadsheet" in waiting.content.decode()
    assert waiting.context["reading"] is None
    inspect_source(draft)

    def opened(*_arguments, **_named):
        raise AssertionError("a workbook was opened again")

    monkeypatch.setattr(spreadsheets, "read", opened)
    assert [cue.text for cue in client.get(page).context["reading"].cues] == ["你好"]
    found = Source.objects.get()
    inspect_source(found)
    assert found.header() == list(HEADER) and default_storage.exists(found.cells_name)
    with django_capture_on_commit_callbacks(execute=True):
        found.discard(lead)
    assert not default_storage.exists(found.cells_name)


@pytest.mark.parametrize(
    ("data", "limits", "sentence"),
    [
        (b"PK\x03\x04nothing", spreadsheets.UPLOADED, "not a valid XLSX spreadsheet"),
        (
            workbook(("S", [HEADER, (1, 2, "你好", "甲")])),
            spreadsheets.Limits(5, 1000),
            "The spreadsheet is too large to be read",
        ),
    ],
)
def test_a_workbook_that_cannot_be_read_says_why_on_the_page(
    source, client_of, lead, monkeypatch, data, limits, sentence
):
    monkeypatch.setattr(spreadsheets.read, "__defaults__", (limits,))
    draft = source(data)
    inspect_source(draft)
    answer = client_of(lead).get(reverse("preview", args=[draft.pk]))
    assert sentence in answer.content.decode() and answer.context["reading"] is None
    assert not default_storage.exists(draft.cells_name)
    Source.objects.update(status=Source.Status.QUEUED)
    failed = Source.objects.get().run()
    assert failed.status == Source.Status.FAILED and sentence in failed.failure_text
