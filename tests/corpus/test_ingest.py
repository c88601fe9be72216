import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.files import File
from django.core.management import CommandError, call_command

from core.errors import UserError
from corpus import clip_format, clip_writer, media
from corpus import ingest as ingesting
from corpus.import_plan import resegment
from corpus.models import Dialogue, ImportProblem, Source, Utterance
from corpus.problems import Problem
from jobs.models import JobStatus
from tests.corpus.shifted_clips import earlier
from tests.corpus.talk_films import WORDS, flashing, two_tracks


@pytest.fixture
def source(corpus, film, srt):
    found = corpus.sources.create(title="film", gap=3.0)
    with film.open("rb") as file:
        found.media.save("film.mp4", File(file))
    with srt.open("rb") as file:
        found.transcript.save("film.srt", File(file))
    return found


KINDS = ("flac", "jpg", "json", "mp4")


def files(settings):
    return sorted(p.name for p in (settings.MEDIA_ROOT / "clips").rglob("*") if p.is_file())


def test_an_episode_becomes_dialogues_with_clips(source, settings):
    source.run()
    assert source.status == JobStatus.DONE, source.failure_text
    first, second = source.dialogues.all()
    assert [u.text for u in first.utterances.all()] == ["你好！", "真巧啊，又是你。"]
    assert [u.speaker.name for u in second.utterances.all()] == ["张三", "李四"]
    assert (first.start, first.end) == (0.2, 2.9)
    assert (first.utterances.first().start, first.utterances.first().end) == (0.3, 1.3)
    assert media.probe(settings.MEDIA_ROOT / first.clip.name).duration == pytest.approx(
        2.7, abs=0.1
    )
    spans = ("00000200-00002900-1", "00006700-00009600-1")
    assert files(settings) == [f"{s}.{kind}" for s in spans for kind in KINDS]
    assert not (settings.WORK_DIR / f"source-{source.pk}").exists()
    assert source.counts["utterances"] == 4 and len(source.sha256) == 64


def test_a_second_delivery_does_nothing(source):
    source.run()
    before = list(source.dialogues.values_list("pk", flat=True))
    Source.objects.get(pk=source.pk).run()
    assert list(source.dialogues.values_list("pk", flat=True)) == before


def test_without_a_transcript_there_is_one_span_to_fill_in(source, lead):
    source.transcript = ""
    source.save()
    source.run()
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
        path.write_text(re.sub("00:00:0([789])", r"00:59:0\1", path.read_text()))
    if broken == "vanishing":
        monkeypatch.setattr(ingesting, "_store", lambda *_: 1 / 0)
    source.run()
    assert source.status == JobStatus.FAILED and source.failure_text
    assert not Dialogue.objects.exists() and files(settings) == []


def test_a_killed_attempt_is_gone_on_with(source, settings, monkeypatch):
    """Whole clips of a killed worker are not cut again; half-written files never become clips."""
    one, cut = clip_writer._one, []

    def dying(frames, samples, start, end, stem):
        cut.append(start)
        if len(cut) == 2:
            stem.with_suffix(".partial").write_bytes(b"half a clip")
            raise KeyboardInterrupt
        return one(frames, samples, start, end, stem)

    monkeypatch.setattr(clip_writer, "_one", dying)
    with pytest.raises(KeyboardInterrupt):
        source.run()
    assert files(settings) == [] and not source.dialogues.exists()
    assert source.stop() and source.requeue()
    Source.objects.get(pk=source.pk).run()
    assert len(cut) == 3 and cut[1] == cut[2]  # the first clip was not cut again
    assert source.dialogues.count() == 2
    assert {name[-4:] for name in files(settings)} == {"flac", ".jpg", "json", ".mp4"}
    for dialogue in source.dialogues.all():
        assert ingesting.digest(settings.MEDIA_ROOT / dialogue.clip.name) == dialogue.clip_sha256


def test_a_stop_at_the_last_moment_leaves_no_rows(source, settings, monkeypatch):
    digest = ingesting.digest

    def stop_then_digest(path):
        Source.objects.get(pk=source.pk).stop()
        return digest(path)

    monkeypatch.setattr(ingesting, "digest", stop_then_digest)
    source.run()
    assert source.status == JobStatus.STOPPED
    assert not Dialogue.objects.exists() and files(settings) == []
    monkeypatch.undo()
    assert source.requeue() and source.run().status == JobStatus.DONE


def retyped(dialogue, person, text):
    rows = [turn.to_json() for turn in dialogue.turns()]
    rows[0]["text"] = text
    dialogue.edit(person, dialogue.head, rows)


def test_parting_anew_keeps_corrections_and_what_stays_together(source, settings, lead):
    source.run()
    first, second = source.dialogues.all()
    retyped(first, lead, "你好吗？")
    before = files(settings)
    resegment(source, lead, gap=0.15)  # parts at every silence
    source.run()
    assert source.status == JobStatus.DONE, source.failure_text
    texts = [[u.text for u in d.utterances.all()] for d in source.dialogues.all()]
    assert texts == [["你好吗？"], ["真巧啊，又是你。"], ["再见。"], ["再见。"]]
    uids = [d.uid for d in source.dialogues.all()]
    assert uids == ["film_003", "film_004", "film_005", "film_006"]  # no uid comes twice
    resegment(source, lead, gap=3.0)
    source.run()
    assert [d.utterances.count() for d in source.dialogues.all()] == [2, 2]
    kept = source.dialogues.last()
    resegment(source, lead, starts=[0.5, 1.7, 7.0])
    with pytest.raises(UserError, match="being cut just now"):
        resegment(source, lead, gap=3.0)
    source.run()
    assert [d.utterances.count() for d in source.dialogues.all()] == [1, 1, 2]
    assert source.dialogues.last().pk == kept.pk and source.dialogues.last().clip == kept.clip
    assert len(files(settings)) == 12 and set(before).isdisjoint(files(settings))
    assert source.counts["utterances"] == 4


def test_published_dialogues_stay_as_they_are(source, settings, lead):
    source.run()
    assert len(source.publish(lead)) == 2 and source.publish(lead) == []
    clips, rows = files(settings), list(source.dialogues.values_list("pk", "head", "clip"))
    with pytest.raises(UserError, match="film_001 is published"):
        resegment(source, lead, gap=0.15)
    Source.objects.filter(pk=source.pk).update(status=JobStatus.QUEUED)
    Source.objects.get(pk=source.pk).run()
    assert files(settings) == clips
    assert list(source.dialogues.values_list("pk", "head", "clip")) == rows


def test_scenes_part_where_silence_is_short(source, lead):
    source.inspection = {"shots": [[1.6, 0.8], [8.1, 0.2]], "heard": []}
    cues = source.read_transcript().cues
    source.gap = 3.0
    assert len(source.segmented(cues)) == 2
    cues = [replace(cue, start=cue.start + 0.4) if n == 1 else cue for n, cue in enumerate(cues)]
    source.scene = 0.5
    assert len(source.segmented(cues)) == 3


def test_what_was_heard_is_marked_until_a_person_confirms_it(corpus, film, lead):
    source = corpus.sources.create(title="heard")
    with film.open("rb") as file:
        source.media.save("film.mp4", File(file))
    source.inspection = {"shots": [], "heard": [[1.0, 2.0, "你好"], [2.5, 3.0, ""]]}
    source.save()
    source.run()
    dialogue = source.dialogues.get()
    assert [u.machine for u in dialogue.utterances.all()] == [True, True]
    rows = [turn.to_json() for turn in dialogue.turns()]
    rows[0]["machine"] = False
    assert dialogue.edit(lead, 0, rows).summary == {"confirmed": 1}
    assert [u.machine for u in dialogue.utterances.all()] == [False, True]


def test_a_full_disk_is_said_before_the_work(source, monkeypatch):
    monkeypatch.setattr(
        ingesting.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 10, 1024**2)
    )
    source.run()
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


def test_a_folder_whose_work_was_killed_is_gone_on_with(corpus, film, srt, tmp_path, monkeypatch):
    folder = tmp_path / "episodes"
    folder.mkdir()
    shutil.copy(film, folder / "film.mp4")
    shutil.copy(srt, folder / "film.srt")
    one, cut = clip_writer._one, []

    def dying(frames, samples, start, end, stem):
        cut.append(start)
        if len(cut) == 2:
            raise KeyboardInterrupt
        return one(frames, samples, start, end, stem)

    monkeypatch.setattr(clip_writer, "_one", dying)
    with pytest.raises(KeyboardInterrupt):
        call_command("ingest", str(folder), corpus=corpus.name, gap=3.0)
    before = corpus.sources.get()
    call_command("ingest", str(folder), corpus=corpus.name, gap=3.0)
    assert len(cut) == 3 and corpus.sources.get() == before
    (folder / "film.srt").write_text("1\n00:00:01,000 --> 00:00:02,000\n换了\n")
    corpus.sources.update(status=JobStatus.FAILED)
    call_command("ingest", str(folder), corpus=corpus.name)
    assert corpus.sources.get() != before  # another transcript: from the start
    assert corpus.dialogues.get().utterances.get().text == "换了"


def test_episodes_whose_paths_are_longer_than_a_title_are_named(corpus, tmp_path, capsys):
    """Cut off, the title of the second would be that of the first."""
    for name in ("one.mp4", "two.mp4"):
        (tmp_path / "e" / ("x" * 80 + name)).parent.mkdir(exist_ok=True)
        (tmp_path / "e" / ("x" * 80 + name)).write_bytes(b"film")
    with pytest.raises(CommandError):
        call_command("ingest", str(tmp_path / "e"), corpus=corpus.name)
    said = capsys.readouterr().err
    assert said.count("longer than 80 characters; rename it") == 2 and not corpus.sources.exists()


def test_a_cue_that_ends_late_is_cut_off_and_one_that_begins_late_left_out(source, settings):
    path = settings.MEDIA_ROOT / source.transcript.name
    more = [f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n又一句{n}\n" for n in (3, 4, 5, 6)]
    late = "8\n00:00:09,000 --> 00:00:12,000\n说得太久\n"
    gone = "9\n00:00:10,500 --> 00:00:12,000\n片尾曲\n"
    whole = "\n".join([*path.read_text().split("\n\n")[:2], "", *more, late, gone])
    path.write_text("\n".join([whole, gone, gone]))
    source.run()
    assert source.status == JobStatus.FAILED  # another episode's
    assert "3 of 10 cues begin after the end" in source.failure_text
    path.write_text(whole)
    assert source.requeue()
    source = Source.objects.get(pk=source.pk).run()
    assert source.status == JobStatus.DONE, source.failure_text
    texts = [u.text for d in source.dialogues.all() for u in d.utterances.all()]
    assert "片尾曲" not in texts and "说得太久" in texts
    last = source.dialogues.last()
    assert last.start + last.utterances.last().end == pytest.approx(10.0, abs=0.03)
    result = {finding.value: finding.outcome for finding in source.import_problems.all()}
    assert result == {"说得太久": "repaired", "片尾曲": "rejected"}
    assert all(finding.line > 0 for finding in source.import_problems.all())


def test_a_clip_that_is_not_as_its_source_is_never_stored(corpus, talk, settings, monkeypatch):
    cut = clip_writer.cut

    def wrongly(path, found, spans, target, *more, **options):
        clips = cut(path, found, spans, target, *more, **options)
        earlier(target(1).with_suffix(".mp4"))
        return clips

    monkeypatch.setattr(clip_writer, "cut", wrongly)
    with pytest.raises(CommandError) as refusal:
        call_command("ingest", *talk, corpus=corpus.name)
    said = str(refusal.value)
    assert "The clip of the dialogue from 9.7 to 12.8 s, “煮面吧。”, is not as its source" in said
    assert "1.92 s later" in said
    assert corpus.sources.get().status == JobStatus.FAILED
    assert not Dialogue.objects.exists() and files(settings) == []


def test_what_cutting_measured_is_kept(corpus, talk):
    call_command("ingest", *talk, corpus=corpus.name)
    for dialogue in corpus.dialogues.all():
        assert (
            dialogue.cutter_version == clip_format.VERSION and dialogue.clip_check["faults"] == []
        )
        assert dialogue.clip_check["measured"]["level"] == pytest.approx(0.09, abs=0.02)


def test_a_dialogue_does_not_start_while_another_one_s_words_are_spoken(source, lead):
    source.run()
    first = source.dialogues.first()
    first.utterances.filter(number=1).update(end=2.0)  # both talk from 1.5 to 2 s of the clip
    with pytest.raises(UserError, match="is spoken while another dialogue would start"):
        resegment(source, lead, starts=[0.5, 1.7, 7.0])
    first.utterances.filter(number=1).update(end=1.6)  # a breath is no loss
    resegment(source, lead, starts=[0.5, 1.7, 7.0])
    source.run()
    assert source.status == JobStatus.DONE, source.failure_text
    rows = Utterance.objects.filter(dialogue__source=source)
    assert rows.count() == 4 and all(row.end > row.start for row in rows)


@pytest.fixture(scope="module")
def marked(tmp_path_factory):
    return flashing(tmp_path_factory.mktemp("marked") / "talk.mp4")


@pytest.fixture
def talk(marked, tmp_path):
    """A film of two dialogues, each with a flash and a beep, and its transcript."""
    words = tmp_path / "talk.srt"
    words.write_text(WORDS, encoding="utf-8")
    return str(marked), str(words)


@pytest.fixture(scope="module")
def tracks(marked, tmp_path_factory):
    return str(two_tracks(tmp_path_factory.mktemp("tracks") / "tracks.mkv", marked))


def test_the_flagged_track_is_cut_unless_another_is_chosen(corpus, tracks, talk, capsys):
    call_command("ingest", tracks, talk[1], corpus=corpus.name)
    said = capsys.readouterr().out
    assert "sound track 1: English · Commentary · AAC · mono\n" in said
    assert "sound track 2, taken: Chinese · AAC · mono · default track" in said
    call_command("ingest", tracks, talk[1], corpus=corpus.name, title="remarks", track=1)
    levels = {
        dialogue.source.title: dialogue.clip_check["measured"]["level"]
        for dialogue in corpus.dialogues.all()
    }
    assert levels["tracks"] == pytest.approx(0.09, abs=0.02)
    assert levels["remarks"] == pytest.approx(0.28, abs=0.02)
    with pytest.raises(CommandError, match="no --track 3 that can be used. .*sound track 2"):
        call_command("ingest", tracks, talk[1], corpus=corpus.name, title="x", track=3)


def test_subtitles_inside_the_media_are_a_transcript(corpus, tracks, capsys):
    call_command("ingest", tracks, corpus=corpus.name, check=True)
    said = capsys.readouterr().out
    assert "subtitles 3: Chinese · SRT (as transcript with --subtitles)" in said.replace(
        "SUBRIP", "SRT"
    )
    assert "Signs" in said and not corpus.sources.exists()
    for stream in (3, 4):
        call_command("ingest", tracks, corpus=corpus.name, subtitles=stream, title=f"s{stream}")
        source = corpus.sources.get(title=f"s{stream}")
        texts = [u.text for d in source.dialogues.all() for u in d.utterances.all()]
        assert texts == ["晚饭吃什么？", "煮面吧。"] and source.subtitles == stream
        assert source.transcript.name.endswith((".srt", ".ass"))
    with pytest.raises(CommandError, match="no --subtitles 1 that can be used"):
        call_command("ingest", tracks, corpus=corpus.name, subtitles=1, title="x")
    with pytest.raises(CommandError, match="not both"):
        call_command("ingest", tracks, "x.srt", corpus=corpus.name, subtitles=3, title="x")


def test_a_check_says_what_would_be_stored_and_writes_nothing(corpus, talk, settings, capsys):
    call_command("ingest", *talk, corpus=corpus.name, check=True)
    said = capsys.readouterr().out
    for words in (
        "talk: 14.0 s, 320×240",
        "transcript (utf-8): 2 cues",
        "2 utterances in 2 dialogues",
        "speakers: 张三 1, 李四 1",
        "the clips take at most",
    ):
        assert words in said, words
    assert not corpus.sources.exists() and not list(settings.MEDIA_ROOT.rglob("*.*"))
    call_command("ingest", *talk, corpus=corpus.name, check=True, speakers="none")
    assert "speakers: " not in capsys.readouterr().out
    Path(talk[1]).write_text(WORDS.replace("00:00:12,500", "00:00:15,000"), encoding="utf-8")
    call_command("ingest", *talk, corpus=corpus.name, check=True)
    assert "line 6: repaired: “煮面吧。” It ends at 15.00 s" in capsys.readouterr().out


def test_decisions_about_the_reading_are_kept(corpus, talk):
    call_command("ingest", *talk, corpus=corpus.name, speakers="张三")
    source = corpus.sources.get()
    assert source.read_options == {"prefixes": "listed", "names": ["张三"]}
    texts = [u.text for d in source.dialogues.all() for u in d.utterances.all()]
    assert texts == ["晚饭吃什么？", "李四：煮面吧。"]


def test_what_failed_can_be_tried_again(corpus, talk, monkeypatch):
    monkeypatch.setattr(ingesting, "_store", lambda *_: 1 / 0)
    with pytest.raises(CommandError, match="Unexpected error"):
        call_command("ingest", *talk, corpus=corpus.name)
    monkeypatch.undo()
    call_command("ingest", *talk, corpus=corpus.name)
    assert corpus.sources.get().status == JobStatus.DONE


@pytest.mark.one_database
def test_the_clips_beside_the_project_ingest(test_data, corpus):
    found = sorted(p for p in (test_data / "media").iterdir() if p.suffix in {".mp4", ".wav"})
    assert len(found) >= 6
    for path in found:
        transcript = path.with_suffix(".srt")
        more = [str(transcript)] if transcript.exists() else []
        call_command("ingest", str(path), *more, corpus=corpus.name)
    assert corpus.sources.filter(status=JobStatus.DONE).count() == len(found)
    assert corpus.dialogues.get(source__title="synthetic_zh_dialogue").utterances.count() == 4


def test_what_a_database_cannot_store_is_shown_in_findings(source):
    problem = Problem(3, "x" * 100, "a\x00b", "warning", "It holds %(what)s.", {"what": "\x00"})
    ImportProblem.objects.store(source, [problem])
    ImportProblem.objects.store(source, [problem])  # known already
    finding = source.import_problems.get()
    assert (finding.value, finding.why) == ("a\\x00b", "It holds \\x00.")
    assert len(finding.column) == 80
