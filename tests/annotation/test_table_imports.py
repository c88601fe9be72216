"""Imports through the browser: files, preview, storing, report, undo, and what refuses it."""

import io
import zipfile

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse

from annotation import table_imports
from annotation.import_undo import reasons_against
from annotation.models import (
    Assignment,
    ExpertLabel,
    Item,
    Judgement,
    Round,
    SchemeVersion,
    TableImport,
)
from core.errors import UserError
from corpus.models import Dialogue, Upload, Utterance
from jobs.models import JobStatus
from people.models import Event
from tests.annotation.imported_files import counts, files
from tests.corpus.test_cmma import HEADER, row
from tests.factories import judge, make_member, make_release, make_round

pytestmark = pytest.mark.django_db


def cmma(*rows):
    return "\r\n".join([HEADER, *rows, ""]).encode("gb18030")


TRAIN = cmma(row(), row(UtteranceID="C_1_U_2", Love="emptylove"))


def test_a_published_corpus_is_previewed_imported_and_undone(send, corpus, client):
    before = counts(), SchemeVersion.objects.count()
    found = send("new_table_import", corpus.pk, files=files(train__csv=TRAIN))
    assert found.status == JobStatus.DRAFT and counts() == before[0]
    assert found.report["format"] == "cmma" and found.report["conflict"] is None
    assert (
        found.report["counts"] | {"dialogues": 1, "utterances": 2, "labels": 16}
        == (found.report["counts"])
    )
    page = client.get(reverse("table_import", args=[found.pk])).content.decode()
    assert "CMMA" in page and "emptylove" in page and "C_1" in page
    found = send("confirm_table_import", found.pk, labels="published")
    assert found.status == JobStatus.DONE and found.is_stored
    assert Utterance.objects.count() == 2 and Judgement.objects.count() == 16
    assert Round.objects.get().published and found.sources().get().title == "train.csv"
    listed = client.get(reverse("table_import_problems_csv", args=[found.pk]))
    assert b"train.csv,3,Love,emptylove,repaired,read as empty" in listed.getvalue()
    assert client.get(reverse("table_import_problems", args=[found.pk])).status_code == 200
    stored = found.files[0]["stored"]
    assert default_storage.exists(stored)
    found = send("undo_table_import", found.pk)
    assert found.is_undone and found.undone_by.username == "lead"
    assert (counts(), SchemeVersion.objects.count()) == before
    assert not default_storage.exists(stored)
    verbs = Event.objects.filter(noun="tableimport").values_list("verb", flat=True)
    assert list(verbs) == ["undo", "confirm", "upload"]
    assert (
        "undid this import" in client.get(reverse("table_import", args=[found.pk])).content.decode()
    )


def imported(send, corpus, content=TRAIN, name="train__csv", **target):
    found = send("new_table_import", corpus.pk, files=files(**{name: content}))
    return send("confirm_table_import", found.pk, **({"labels": "published"} | target))


def test_undo_leaves_what_another_import_made(send, corpus):
    first = imported(send, corpus)
    other = row(ConversationID="C_2", UtteranceID="C_2_U_1")
    second = imported(send, corpus, cmma(other), "dev__csv")
    before = counts()
    third = imported(send, corpus, cmma(other.replace("C_2", "C_3")), "test__csv")
    shared = Round.objects.get()
    assert {imp.created["rounds"] == [shared.pk] for imp in (second, third)} == {False}
    send("undo_table_import", third.pk)
    assert counts() == before
    send("undo_table_import", first.pk)
    assert Dialogue.objects.get().uid == "C_2" and Round.objects.get() == shared
    assert Item.objects.exclude(utterance__dialogue__uid="C_2").count() == 0
    send("undo_table_import", second.pk)
    assert counts() == [0] * 8


def test_undo_is_refused_once_people_worked_on_it(send, corpus, client):
    found = imported(send, corpus)
    person = make_member(corpus)
    opened = make_round(corpus, [person])
    before = counts()
    assert "holds 1 of its dialogues" in str(reasons_against(found)[0])
    judge(opened.assignments.get())
    assert [str(reason) for reason in reasons_against(found)] == [
        f"Annotators have worked on 1 of its dialogues in the round “{opened.name}”"
        " (annotators: 1)."
    ]
    page = client.get(reverse("table_import", args=[found.pk])).content.decode()
    assert "cannot be undone any more" in page and opened.name in page
    send("undo_table_import", found.pk)
    found.refresh_from_db()
    assert found.is_stored and counts()[:4] == before[:4]
    found.status, found.phase = JobStatus.RUNNING, "undo"
    found.save()
    with pytest.raises(UserError, match="people have worked on it"):
        table_imports.work(found)


@pytest.mark.parametrize(
    ("labels", "made"),
    [("annotator", (1, 16, 0)), ("gold", (0, 0, 16)), ("none", (0, 0, 0))],
)
def test_labels_go_where_the_lead_chooses(send, corpus, labels, made):
    found = imported(send, corpus, labels=labels, annotator="王标注", round_name="第一轮")
    assert found.status == JobStatus.DONE, found.failure_text
    assert (Round.objects.count(), Judgement.objects.count(), ExpertLabel.objects.count()) == made
    if labels == "annotator":
        assert Assignment.objects.get().person.name == "王标注"
        assert Round.objects.get().name == "第一轮"
    send("undo_table_import", found.pk)
    assert counts() == [0] * 8


def test_a_release_that_holds_it_refuses_undo(send, corpus):
    found = imported(send, corpus)
    rounds = list(Round.objects.all())
    make_release(corpus, rounds, media="none")
    assert [str(reason) for reason in reasons_against(found)] == [
        "The release 1.0.0 holds its dialogues."
    ]
    later = row(ConversationID="C_2", UtteranceID="C_2_U_1")
    assert not reasons_against(imported(send, corpus, cmma(later), "dev__csv"))


def test_expert_labels_of_people_refuse_undo(send, corpus, lead):
    found = imported(send, corpus, labels="gold")
    assert not reasons_against(found)
    ExpertLabel.objects.create(
        utterance=Utterance.objects.first(), task="emotion", value="joy", person=lead
    )
    assert "1 expert labels" in str(reasons_against(found)[0])


def test_a_failed_import_says_why_and_can_be_tried_again(send, corpus, monkeypatch):
    found = send("new_table_import", corpus.pk, files=files(train__csv=TRAIN))
    with monkeypatch.context() as patch:
        patch.setattr(table_imports, "store_published", lambda *a: 1 / 0)
        found = send("confirm_table_import", found.pk, labels="published")
    assert found.status == JobStatus.FAILED and counts() == [0] * 8
    found = send("attempt_table_import", found.pk)
    assert found.status == JobStatus.DONE and Utterance.objects.count() == 2


def test_another_format_can_be_chosen(send, corpus):
    found = send("new_table_import", corpus.pk, files=files(train__csv=TRAIN), format="meld")
    assert found.status == JobStatus.FAILED
    assert "not a table of MELD" in found.failure_text
    found = send("table_import_reading", found.pk, format="")
    assert found.status == JobStatus.DRAFT and found.report["format"] == "cmma"
    stored = found.files[0]["stored"]
    send("remove_table_import", found.pk)
    assert not TableImport.objects.exists() and not default_storage.exists(stored)


def test_stopping_rolls_everything_back(send, corpus, monkeypatch):
    found = send("new_table_import", corpus.pk, files=files(train__csv=TRAIN))
    say_progress = TableImport.say_progress

    def stopped(self, share):
        TableImport.objects.get(pk=self.pk).stop()
        say_progress(self, share)

    monkeypatch.setattr(TableImport, "say_progress", stopped)
    found = send("confirm_table_import", found.pk, labels="published")
    assert found.status == JobStatus.STOPPED and counts() == [0] * 8


def test_uploads_in_pieces_become_an_import(send, corpus, lead):
    upload = Upload.begin(lead, corpus, "train.csv", len(TRAIN))
    upload.append(0, TRAIN)
    found = send("new_table_import", corpus.pk, uploads=upload.token)
    assert found.status == JobStatus.DRAFT and not Upload.objects.exists()


def test_files_in_an_archive_are_read(send, corpus):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("labels/train.csv", TRAIN)
        archive.writestr("labels/__MACOSX/._train.csv", b"x")
        archive.writestr("readme.md", b"read me")
    found = send("new_table_import", corpus.pk, files=files(cmma__zip=packed.getvalue()))
    assert found.report["counts"]["utterances"] == 2, found.failure_text
    assert found.report["unread"] == ["readme.md"]


def test_a_hostile_archive_fails_with_a_sentence(send, corpus):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../train.csv", TRAIN)
    found = send("new_table_import", corpus.pk, files=files(cmma__zip=packed.getvalue()))
    assert found.status == JobStatus.FAILED and "../train.csv" in found.failure_text


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({}, "Choose one or several files."),
        ({"film__mp4": b"x"}, "film.mp4: files of this kind are not read"),
    ],
)
def test_what_cannot_be_read_is_refused_at_once(send, corpus, sent, sentence):
    send("new_table_import", corpus.pk, files=files(**sent))
    assert sentence in send.response.content.decode() and not TableImport.objects.exists()


def test_only_leads_see_imports(send, corpus, client):
    found = send("new_table_import", corpus.pk, files=files(train__csv=TRAIN))
    client.force_login(make_member(corpus))
    for name, pk in (("table_imports", corpus.pk), ("table_import", found.pk)):
        assert client.get(reverse(name, args=[pk])).status_code == 404
