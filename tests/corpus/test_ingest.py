import shutil

import pytest
from django.core.files import File
from django.core.management import CommandError, call_command

from corpus import ingest as ingesting
from corpus import media
from corpus.jobs import JobStatus
from corpus.models import Dialogue, Source


@pytest.fixture
def source(corpus, film, srt):
    found = corpus.sources.create(title="film", gap=3.0)
    with film.open("rb") as file:
        found.media.save("film.mp4", File(file))
    with srt.open("rb") as file:
        found.transcript.save("film.srt", File(file))
    return found


def files(settings):
    return sorted(p.name for p in (settings.MEDIA_ROOT / "clips").rglob("*") if p.is_file())


def test_an_episode_becomes_dialogues_with_clips(source, settings):
    source.ingest()
    assert source.status == JobStatus.DONE, source.failure_text
    first, second = source.dialogues.all()
    assert [u.text for u in first.utterances.all()] == ["你好！", "真巧啊，又是你。"]
    assert [u.speaker.name for u in second.utterances.all()] == ["张三", "李四"]
    assert (first.start, first.end) == (0.2, 2.9)
    assert (first.utterances.first().start, first.utterances.first().end) == (0.3, 1.3)
    assert media.probe(settings.MEDIA_ROOT / first.clip.name).duration == pytest.approx(
        2.7, abs=0.1
    )
    assert files(settings) == [
        f"00{n}.{kind}" for n in (1, 2) for kind in ("flac", "jpg", "json", "mp4")
    ]  # noqa: E501
    assert source.counts["utterances"] == 4 and len(source.sha256) == 64


def test_a_second_delivery_does_nothing(source):
    source.ingest()
    before = list(source.dialogues.values_list("pk", flat=True))
    Source.objects.get(pk=source.pk).ingest()
    assert list(source.dialogues.values_list("pk", flat=True)) == before


def test_without_a_transcript_there_is_one_span_to_fill_in(source, lead):
    source.transcript = ""
    source.save()
    source.ingest()
    utterance = source.dialogues.get().utterances.get()
    assert utterance.text == "" and utterance.end == pytest.approx(10, abs=0.1)
    dialogue = source.dialogues.get()
    dialogue.edit(lead, 0, [utterance.turn.to_json() | {"text": " 你好 "}])
    assert dialogue.utterances.get().text == "你好"


@pytest.mark.parametrize("broken", ["media", "transcript", "late", "vanishing"])
def test_a_failure_leaves_nothing_behind(source, settings, broken, monkeypatch):
    if broken == "media":
        (settings.MEDIA_ROOT / source.media.name).write_bytes(b"no film")
    if broken == "transcript":
        (settings.MEDIA_ROOT / source.transcript.name).write_bytes(b"no srt")
    if broken == "late":
        path = settings.MEDIA_ROOT / source.transcript.name
        path.write_text(
            path.read_text().replace("00:00:07", "00:59:07").replace("00:00:08", "00:59:08")
        )  # noqa: E501
    if broken == "vanishing":
        monkeypatch.setattr(ingesting, "_store", lambda *_: 1 / 0)
    source.ingest()
    assert source.status == JobStatus.FAILED and source.failure_text
    assert not Dialogue.objects.exists() and files(settings) == []


def test_a_killed_attempt_is_cleared_by_the_next_one(source, settings):
    half_done = settings.MEDIA_ROOT / f"clips/{source.corpus_id}/{source.pk}-0"
    half_done.mkdir(parents=True)
    (half_done / "001.mp4").write_bytes(b"half a clip")
    source.ingest()
    assert source.status == JobStatus.DONE and not half_done.exists()


def test_a_stop_at_the_last_moment_leaves_no_rows(source, settings, monkeypatch):
    digest = ingesting.digest

    def stop_then_digest(path):
        Source.objects.get(pk=source.pk).stop()
        return digest(path)

    monkeypatch.setattr(ingesting, "digest", stop_then_digest)
    source.ingest()
    assert source.status == JobStatus.STOPPED
    assert not Dialogue.objects.exists() and files(settings) == []
    monkeypatch.undo()
    assert source.requeue() and source.ingest().status == JobStatus.DONE


def test_published_dialogues_are_not_cut_anew(source, settings, lead):
    source.ingest()
    assert source.publish(lead) == 2 and source.publish(lead) == 0
    clips = files(settings)
    Source.objects.filter(pk=source.pk).update(status=JobStatus.QUEUED)
    again = Source.objects.get(pk=source.pk).ingest()
    assert again.status == JobStatus.FAILED and "published" in again.failure_text
    assert files(settings) == clips and source.dialogues.count() == 2


def test_a_full_disk_is_said_before_the_work(source, monkeypatch):
    monkeypatch.setattr(
        ingesting.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 10, 1024**2)
    )
    source.ingest()
    assert "The disk has 1 MB left" in source.failure_text


def test_as_a_command(corpus, film, srt, capsys):
    call_command("ingest", str(film), str(srt), corpus=corpus.name, gap=3.0, publish=True)
    assert "2 dialogues, 4 utterances" in capsys.readouterr().out
    assert corpus.dialogues.published().count() == 2
    with pytest.raises(CommandError, match="already"):
        call_command("ingest", str(film), str(srt), corpus=corpus.name)
    with pytest.raises(CommandError, match="no corpus"):
        call_command("ingest", str(film), corpus="nowhere")
    with pytest.raises(CommandError, match="no file"):
        call_command("ingest", "absent.mp4", corpus=corpus.name)


def test_the_clips_beside_the_project_ingest(test_data, corpus):
    found = sorted(p for p in (test_data / "media").iterdir() if p.suffix in {".mp4", ".wav"})
    assert len(found) >= 6
    for path in found:
        transcript = path.with_suffix(".srt")
        more = [str(transcript)] if transcript.exists() else []
        call_command("ingest", str(path), *more, corpus=corpus.name)
    assert corpus.sources.filter(status=JobStatus.DONE).count() == len(found)
    assert corpus.dialogues.get(source__title="synthetic_zh_dialogue").utterances.count() == 4
