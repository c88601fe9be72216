from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone, translation

from corpus import integrity
from corpus.file_pairs import pair
from corpus.integrity import check
from corpus.models import IntegrityReport, Source, Utterance
from corpus.models.checks import note_change
from tests.factories import make_dialogue, open_round


def kinds(corpus, deep=False):
    return sorted(fault.kind for fault in check(corpus, deep))


@pytest.fixture
def cut(corpus, film, srt, capsys):
    call_command("ingest", str(film), str(srt), corpus=corpus.name, gap=3.0)
    return corpus


def test_a_fresh_corpus_is_whole(cut, capsys):
    assert kinds(cut, deep=True) == []
    call_command("check_corpus", corpus=cut.name, deep=True)
    assert "OK" in capsys.readouterr().out


def test_files_that_are_missing_orphaned_or_changed(cut, settings):
    first, second = cut.dialogues.all()
    (settings.MEDIA_ROOT / first.poster.name).unlink()
    (settings.MEDIA_ROOT / second.clip.name).write_bytes(b"other")
    (settings.MEDIA_ROOT / first.clip.name).with_name("009.mp4").write_bytes(b"x")
    assert kinds(cut) == ["missing", "orphaned"]
    assert kinds(cut, deep=True) == ["changed", "missing", "orphaned"]
    with pytest.raises(CommandError, match="3 faults: file changed 1, file missing 1"):
        call_command("check_corpus", corpus=cut.name)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"end": 0.1}, "reversed"),
        ({"end": 99.0}, "outside"),
        ({"text": "很" * 40}, "hurried"),
        ({"text": " "}, "wordless"),
    ],
)
def test_times_and_words_that_cannot_be(cut, change, kind):
    utterance = cut.dialogues.first().utterances.first()
    Utterance.objects.filter(pk=utterance.pk).update(**change)
    found = [fault for fault in check(cut) if fault.kind == kind]
    assert [fault.utterance_id for fault in found] == [utterance.pk]


def test_overlaps_and_repetitions(corpus):
    first, second = make_dialogue(corpus, size=3), make_dialogue(corpus, size=3)
    assert [f.kind for f in check(corpus)] == ["repeated"]
    second.utterances.update(text="别的")
    first.utterances.filter(number=1).update(end=2.5)
    assert kinds(corpus) == ["overlap"]


def test_the_page_links_to_the_place(cut, client_of, lead):
    utterance = cut.dialogues.first().utterances.first()
    Utterance.objects.filter(pk=utterance.pk).update(text="")
    IntegrityReport.request(cut, now=True).run()
    page = client_of(lead).get(reverse("integrity", args=[cut.pk]), {"kind": "wordless"})
    place = f"{reverse('dialogue', args=[utterance.dialogue_id])}#u{utterance.pk}"
    assert "1 issue" in page.content.decode() and place in page.content.decode()


def listed(corpus):
    return sorted(corpus.integrity_issues.values_list("kind", flat=True))


def test_a_report_holds_what_a_check_finds(cut):
    first, second = cut.dialogues.all()
    Utterance.objects.filter(dialogue=first, number=1).update(end=99.0)
    Utterance.objects.filter(dialogue=second, number=1).update(text=" ")
    second.source.dialogues.update(clip_check=None)
    for _time in range(2):  # the second takes the place of the first
        IntegrityReport.request(cut, now=True).run()
        with translation.override("zh-hans"):
            rows = [
                (row.kind, row.place, row.dialogue_id, row.utterance_id, row.detail)
                for row in cut.integrity_issues.all()
            ]
            found = [
                (row.kind, row.place, row.dialogue_id, row.utterance_id, row.detail)
                for row in check(cut)
            ]
        assert rows == found and len(rows) >= 3 and any("片段" in row[-1] for row in rows)


@pytest.mark.django_db(transaction=True)
def test_a_look_has_the_report_made_again_where_the_corpus_has_changed(corpus, lead):
    dialogue = make_dialogue(corpus)

    def made_after(minutes=0):
        long_ago = timezone.now() - timedelta(minutes=minutes)
        IntegrityReport.objects.update(requested_at=long_ago)
        before = IntegrityReport.objects.filter(corpus=corpus).values_list("attempt", flat=True)
        count = before.first() or 0
        return IntegrityReport.of(corpus).attempt - count

    assert made_after() == 1 and made_after(minutes=5) == 0  # nothing has happened
    lead.record("edit", dialogue)
    assert made_after() == 0  # edits call for one a minute
    assert made_after(minutes=2) == 1 and made_after(minutes=2) == 0
    lead.record("submit", open_round(corpus, [lead]))
    assert made_after(minutes=2) == 0  # which changes no words and no file
    assert made_after(minutes=60 * 25) == 1  # files may have changed
    note_change(Source(corpus=corpus))
    assert made_after() == 1 and made_after() == 0
    note_change(IntegrityReport(corpus=corpus))
    assert made_after() == 0
    IntegrityReport.objects.update(status="failed")
    assert made_after(minutes=2) == 0  # a look does not try again what has failed


def test_a_report_is_asked_for_by_hand(corpus, lead, client_of):
    client, address = client_of(lead), reverse("integrity", args=[corpus.pk])
    assert "for the first time" in client.get(address).content.decode()
    IntegrityReport.objects.get().run()
    assert "No issues" in client.get(address).content.decode()
    make_dialogue(corpus, size=2).utterances.filter(number=1).update(text=" ")
    client.post(reverse("check_clips", args=[corpus.pk]), {"only": "report"})
    assert lead.events.filter(verb="list issues", noun="corpus").count() == 1
    page = client.get(address).content.decode()
    assert "The issues are being listed." in page and "No issues" in page
    assert not hasattr(corpus, "integrity_check")
    progress = reverse("clip_job_progress", args=[corpus.pk, "report"])
    assert "HX-Refresh" not in client.get(progress)
    IntegrityReport.objects.get().run()
    assert client.get(progress)["HX-Refresh"] == "true"
    assert "1 issue" in client.get(address).content.decode()


def test_what_is_gone_meanwhile_is_left_out(corpus, monkeypatch):
    dialogue = make_dialogue(corpus, size=2)
    dialogue.utterances.update(text=" ")

    def slow(_corpus):
        dialogue.delete()
        return [], []

    monkeypatch.setattr(integrity, "clips_to_recut", slow)
    assert IntegrityReport.request(corpus, now=True).run().status == "done"
    assert listed(corpus) == []


def test_what_is_withheld_is_not_named_as_the_twin_of_another(corpus, lead, client_of):
    first, second = make_dialogue(corpus, size=3), make_dialogue(corpus, size=3)
    IntegrityReport.request(corpus, now=True).run()
    assert listed(corpus) == ["repeated"]
    address = reverse("integrity", args=[corpus.pk])
    assert second.uid in client_of(lead).get(address).content.decode()
    open_round(corpus, [lead], dialogues=corpus.dialogues.filter(pk=first.pk), view="audio")
    page = client_of(lead).get(address).content.decode()
    assert first.uid not in page and second.uid not in page


def test_episodes_and_transcripts_are_matched_by_name(tmp_path):
    names = [
        "E1.mp4",
        "E1.zh.srt",
        "E1.srt",
        "E2.mkv",
        "E2.chs&eng.ass",
        "E3.wav",
        "x.srt",
        "n.txt",
    ]
    for name in names:
        (tmp_path / name).touch()
    pairs, left = pair(tmp_path.iterdir())
    assert [(m.name, t and t.name) for m, t in pairs] == [
        ("E1.mp4", "E1.srt"), ("E2.mkv", "E2.chs&eng.ass"), ("E3.wav", None),
    ]  # fmt: skip
    assert [t.name for t in left] == ["x.srt"]


def test_a_folder_is_ingested_once_however_often_it_is_run(corpus, film, srt, tmp_path, capsys):
    folder = tmp_path / "episodes"
    folder.mkdir()
    for name in ("a", "b"):
        (folder / f"{name}.mp4").write_bytes(film.read_bytes() + name.encode())
        (folder / f"{name}.srt").write_bytes(srt.read_bytes())
    (folder / "b.srt").write_text("broken")
    with pytest.raises(CommandError, match="1 of 2 episodes"):
        call_command("ingest", str(folder), corpus=corpus.name, gap=3.0)
    before = list(corpus.dialogues.values_list("pk", flat=True))
    assert len(before) == 2
    (folder / "b.srt").write_bytes(srt.read_bytes())
    (folder / "copy.mp4").write_bytes((folder / "a.mp4").read_bytes())
    call_command("ingest", str(folder), corpus=corpus.name, gap=3.0)
    said = capsys.readouterr().out
    assert "a: is here already as 'a'" in said and "copy: is here already as 'a'" in said
    assert corpus.dialogues.count() == 4
    assert set(before) <= set(corpus.dialogues.values_list("pk", flat=True))
