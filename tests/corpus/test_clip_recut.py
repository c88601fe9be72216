"""Old clips that are wrong are found, and cut again in one action that leaves the rows alone."""

import re

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from core.storage import digest
from corpus import clip_comparison, clip_format, clip_recut
from corpus.clip_faults import clips_to_recut
from corpus.integrity import check
from corpus.models import (
    ClipRecut,
    Dialogue,
    IntegrityCheck,
    IntegrityReport,
    Publication,
    Revision,
    Utterance,
)
from jobs.models import JobStatus
from people.models import Event
from tests.corpus.marked_films import X264, beeps, lights, make
from tests.corpus.shifted_clips import shift_sound
from tests.corpus.talk_films import WORDS, flashing
from tests.factories import make_dialogue, make_member, make_person, open_round


@pytest.fixture(scope="module")
def marked_film(tmp_path_factory):
    return flashing(tmp_path_factory.mktemp("marked") / "talk.mp4")


@pytest.fixture
def source(corpus, marked_film, tmp_path, capsys):
    """A source of two dialogues, each with a flash and a beep at its second 2.3."""
    words = tmp_path / "talk.srt"
    words.write_text(WORDS, encoding="utf-8")
    call_command("ingest", str(marked_film), str(words), corpus=corpus.name, publish=True)
    return corpus.sources.get()


def kinds(corpus):
    return sorted(fault.kind for fault in check(corpus))


def rows(source):
    """Everything that must stay as it is."""
    return [
        list(
            source.dialogues.values(
                "pk", "uid", "number", "start", "end", "head", "published_revision"
            )
        ),
        list(Utterance.all_objects.filter(dialogue__source=source).order_by("pk").values()),
        list(Publication.objects.order_by("pk").values()),
        list(Revision.objects.order_by("pk").values()),
    ]


def stored(settings):
    folder = settings.MEDIA_ROOT / "clips"
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.one_database  # of the media
def test_shifted_sound_is_found_and_mended(corpus, source, settings, lead, capsys):
    first, second = source.dialogues.all()
    second.edit(lead, 0, [turn.to_json() | {"text": "煮面吧！"} for turn in second.turns()])
    before, files = rows(source), stored(settings)
    shift_sound(first)
    assert kinds(corpus) == ["unverified"]
    assert clips_to_recut(corpus) == ([], [])
    call_command_failing("1 faults: sound or picture shifted", corpus=corpus.name, deep=True)
    assert kinds(corpus) == ["shifted"]
    fault = next(iter(check(corpus)))
    lag = re.search(r"is that of (-?[\d.]+) s later", fault.detail)
    assert float(lag[1]) == pytest.approx(1.92, abs=0.05)
    call_command("check_corpus", corpus=corpus.name, recut=True)
    assert "1 of 1 clips were cut again" in capsys.readouterr().out
    assert rows(source) == before and kinds(corpus) == []
    call_command("check_corpus", corpus=corpus.name, deep=True)
    mended = source.dialogues.first()
    assert mended.clip.name != first.clip.name and mended.cutter_version == clip_format.VERSION
    assert digest(settings.MEDIA_ROOT / mended.clip.name) == mended.clip_sha256
    kept = [name for name in files if name in stored(settings)]
    assert len(kept) == 4 and len(stored(settings)) == 8  # the old files of the first are gone
    assert source.dialogues.last().clip == second.clip


def call_command_failing(words, **options):
    with pytest.raises(CommandError, match=words):
        call_command("check_corpus", **options)


def test_who_cut_what_again_and_why_is_kept(corpus, source, lead):
    shift_sound(source.dialogues.first())
    IntegrityCheck.request(lead, corpus, now=True).run()
    pks = [dialogue.pk for dialogue in clips_to_recut(corpus)[0]]
    ClipRecut.request(lead, corpus, now=True, dialogues=pks).run()
    event = Event.objects.get(verb="recut clips", noun="source")
    assert (event.person, event.noun_id) == (lead, source.pk)
    assert event.detail == {"title": "talk", "dialogues": ["talk_001"], "why": ["shifted"]}
    finding = source.import_problems.get()
    assert (finding.value, finding.column, finding.outcome) == ("talk_001", "clip", "repaired")
    assert "later (earlier if negative)" in finding.why


@pytest.mark.one_database  # of the media
def test_a_missing_file_is_cut_again_too(corpus, source, settings):
    first = source.dialogues.first()
    (settings.MEDIA_ROOT / first.clip.name).unlink()
    (settings.MEDIA_ROOT / first.peaks.name).unlink()
    assert kinds(corpus) == ["missing", "missing"]
    call_command("check_corpus", corpus=corpus.name, recut=True)
    assert kinds(corpus) == [] and "missing" in source.import_problems.get().why


@pytest.mark.one_database  # of the media
def test_where_the_media_are_gone_each_dialogue_is_named(corpus, source, settings, capsys):
    for dialogue in source.dialogues.all():
        shift_sound(dialogue)
    IntegrityCheck.request(None, corpus, now=True).run()
    (settings.MEDIA_ROOT / source.media.name).unlink()
    possible, impossible = clips_to_recut(corpus)
    assert possible == [] and [name for name, _why in impossible] == ["talk_001", "talk_002"]
    call_command_failing("2 faults", corpus=corpus.name, recut=True)
    assert "talk_001: is not cut again. The media of “talk” are gone" in capsys.readouterr().out


@pytest.mark.one_database  # of the media
def test_clips_that_came_with_their_rows_cannot_be_cut_again(corpus, source, settings):
    source.dialogues.update(cutter_version=None, clip_check=None)
    source.media = ""
    source.save()
    assert kinds(corpus) == []  # nothing made them, so there is nothing to verify
    path = settings.MEDIA_ROOT / source.dialogues.first().clip.name
    path.write_bytes(b"something else")
    IntegrityCheck.request(None, corpus, now=True).run()
    assert kinds(corpus) == ["changed"]
    possible, impossible = clips_to_recut(corpus)
    assert possible == [] and "came with its own clip" in impossible[0][1]


def test_a_killed_worker_is_gone_on_with(corpus, source, settings, monkeypatch):
    for dialogue in source.dialogues.all():
        shift_sound(dialogue)
    IntegrityCheck.request(None, corpus, now=True).run()
    names = [dialogue.clip.name for dialogue in source.dialogues.all()]
    job = ClipRecut.request(
        None, corpus, now=True, dialogues=[row.pk for row in clips_to_recut(corpus)[0]]
    )
    keep = clip_recut.store_files

    def dying(part, folder):
        keep(part, folder)
        raise KeyboardInterrupt

    monkeypatch.setattr(clip_recut, "store_files", dying)
    with pytest.raises(KeyboardInterrupt):
        job.run()
    assert [dialogue.clip.name for dialogue in source.dialogues.all()] == names
    monkeypatch.undo()
    assert job.stop() and job.requeue()
    ClipRecut.objects.get().run()
    job.refresh_from_db()
    assert (job.status, job.recut_count, job.skipped) == (JobStatus.DONE, 2, [])
    assert kinds(corpus) == [] and len(stored(settings)) == 8
    assert not (settings.WORK_DIR / f"recut-{source.pk}").exists()


def test_a_stop_leaves_the_old_clips(corpus, source, settings, monkeypatch):
    shift_sound(source.dialogues.first())
    IntegrityCheck.request(None, corpus, now=True).run()
    before = stored(settings)
    job = ClipRecut.request(
        None, corpus, now=True, dialogues=[row.pk for row in clips_to_recut(corpus)[0]]
    )
    keep = clip_recut.store_files

    def stopping(part, folder):
        ClipRecut.objects.get().stop()
        keep(part, folder)

    monkeypatch.setattr(clip_recut, "store_files", stopping)
    job.run()
    assert job.status == JobStatus.STOPPED and kinds(corpus) == ["orphaned"] * 4 + ["shifted"]
    monkeypatch.undo()
    job.requeue()
    job.run()
    assert job.status == JobStatus.DONE and kinds(corpus) == []
    assert len(stored(settings)) == len(before)


def test_a_source_that_is_being_cut_is_left_alone(corpus, source):
    shift_sound(source.dialogues.first())
    IntegrityCheck.request(None, corpus, now=True).run()
    pks = [row.pk for row in clips_to_recut(corpus)[0]]
    type(source).objects.update(status=JobStatus.RUNNING)
    assert "is being cut just now" in clips_to_recut(corpus)[1][0][1]
    job = ClipRecut.request(None, corpus, now=True, dialogues=pks)
    job.run()
    assert job.recut_count == 0 and "is being cut just now" in job.reasons[0][1]


def test_a_check_goes_on_where_another_worker_died(corpus, source, monkeypatch):
    job = IntegrityCheck.request(None, corpus, now=True)
    seen = []
    real = clip_comparison.check_clip

    def dying(whole, clip, start, end):
        seen.append(start)
        if len(seen) == 2:
            raise KeyboardInterrupt
        return real(whole, clip, start, end)

    monkeypatch.setattr(clip_comparison, "check_clip", dying)
    with pytest.raises(KeyboardInterrupt):
        job.run()
    assert job.stop()
    IntegrityCheck.request(None, corpus, now=True).run()  # a person starts it again
    assert len(seen) == 3 and seen[1] == seen[2]  # the first clip was not compared again


def test_the_pages(corpus, source, lead, client_of):
    client, address = client_of(lead), reverse("integrity", args=[corpus.pk])
    IntegrityReport.request(corpus, now=True).run()
    assert "No issues" in client.get(address).content.decode()
    shift_sound(source.dialogues.first())
    IntegrityReport.request(corpus, now=True).run()
    assert "made by an earlier version" in client.get(address).content.decode()
    IntegrityCheck.request(lead, corpus, now=True).run()
    IntegrityReport.of(corpus).run()
    page = client.get(address).content.decode()
    assert "All clips were compared with their sources on" in page and "Re-cut 1 clip …" in page
    confirm = client.get(reverse("recut_clips", args=[corpus.pk])).content.decode()
    assert (
        "1 of them published" in confirm and "annotations and publications do not change" in confirm
    )
    stranger = client_of(make_person())
    for name in ("recut_clips", "check_clips"):
        assert stranger.post(reverse(name, args=[corpus.pk])).status_code == 404
    assert client.get(reverse("check_clips", args=[corpus.pk])).status_code == 405
    progress = reverse("clip_job_progress", args=[corpus.pk, "check"])
    assert client.get(progress)["HX-Refresh"] == "true"
    assert client.get(reverse("clip_job_progress", args=[corpus.pk, "x"])).status_code == 404


def test_whoever_annotates_blind_does_not_read_what_is_heard_in_a_clip(corpus, lead, client_of):
    """The reason why a clip was left as it is says what is heard and seen in it."""
    dialogue = make_dialogue(corpus)
    reason = {"dialogue": dialogue.uid, "template": "silent from 1.2 s on", "values": {}}
    ClipRecut.request(None, corpus, now=True, skipped=[reason])
    ClipRecut.objects.update(status=JobStatus.DONE)
    other = make_member(corpus, role="lead")
    open_round(corpus, [lead], view="text", dialogues=corpus.dialogues.all())
    page, answer = (
        reverse("integrity", args=[corpus.pk]),
        reverse("api_recut_clips", args=[corpus.pk]),
    )
    for person, seen in ((other, True), (lead, False)):
        for address in (page, answer):
            body = client_of(person).get(address).content.decode()
            assert (reason["template"] in body) is seen


@pytest.mark.django_db(transaction=True)
def test_a_worker_does_both_for_the_page(corpus, source, lead, client_of):
    client, address = client_of(lead), reverse("integrity", args=[corpus.pk])
    dialogue = source.dialogues.first()
    media = reverse("dialogue_media", args=[dialogue.pk, "clip"])
    old = client.get(media)["ETag"]
    shift_sound(dialogue)
    client.post(reverse("check_clips", args=[corpus.pk]))
    assert "sound or picture shifted" in client.get(address).content.decode()
    page = client.post(reverse("recut_clips", args=[corpus.pk]), follow=True).content.decode()
    assert "1 clip was cut again on" in page and "No issues" in page
    response = client.get(media, headers={"If-None-Match": old})  # a browser asks for its copy
    assert response.status_code == 200 and response["ETag"] != old
    assert response["Cache-Control"] == "private, no-cache"
    assert client.get(media, headers={"If-None-Match": response["ETag"]}).status_code == 304
    rest = client.get(media, headers={"Range": "bytes=100-", "If-Range": old})
    assert rest.status_code == 200  # not the rest of another file
    assert Event.objects.filter(verb="check", person=lead).exists()
    assert Dialogue.objects.get(pk=dialogue.pk).clip_check["faults"] == []


@pytest.mark.one_database  # of the media
def test_what_measuring_cannot_see_of_earlier_clips_is_known(corpus, lead, tmp_path):
    """A late picture that hardly changes, and words that a late seek cut off."""
    film = tmp_path / "late.mkv"
    late = ("-vf", "select='gte(t,1.5)'", "-fps_mode", "passthrough")
    make(film, *lights((4.0,), 14), *beeps((4.0,), 14), *late, *X264, "-c:a", "aac")
    words = tmp_path / "late.srt"
    words.write_text(WORDS, encoding="utf-8")
    call_command("ingest", str(film), str(words), corpus=corpus.name)
    call_command("check_corpus", corpus=corpus.name, deep=True)  # it is right as it is
    second = corpus.dialogues.last()
    corpus.dialogues.update(cutter_version=None, clip_check=None)
    Dialogue.objects.filter(pk=second.pk).update(start=11.5)
    second.utterances.update(start=0.0, end=1.0)  # of 10 to 12.5 s
    IntegrityCheck.request(None, corpus, now=True).run()
    found = {fault.place: fault for fault in check(corpus)}
    assert found["late_001"].kind == "shifted" and "begins 1.5" in found["late_001"].detail
    result = [fault for fault in check(corpus) if fault.kind == "truncated"]
    assert [fault.place for fault in result] == ["late_002"]
    assert "begins at 10.00 s in the transcript and its clip only at 11.50 s" in result[0].detail
    assert "late_001" in [row.uid for row in clips_to_recut(corpus)[0]]
