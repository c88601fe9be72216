"""Inputs that once went wrong, through the commands that people use, with the right answers.

The kinds of fault are those of public reports on other tools. `tests/cases/` holds the files.
"""

import json
import subprocess
import sys
import wave
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command

from annotation.models import Judgement
from annotation.rounds import open_round
from corpus.models import Source, Utterance
from tests.cases import media
from tests.cases.measure import measure
from tests.factories import make_member

CASES = Path(__file__).parent / "cases"
CLOSE = 0.1  # seconds by which a mark may miss
FROM_07 = ("昨晚红队4:1大胜", "火车8:15开", "上半场2：2", "见http://example.org/wiki")
FROM_07 += ("按2:3调味", "明晚19:30集合")
FROM_35 = {
    "你今天几点下班？": "When do you get off today?",
    "六点": "Six",
    "𠮷！": "Ji!",
    "……": "Hmm...",
    "OK！": "All right!",
    "1997": "Nineteen ninety-seven",
    "真香": "Smells good",
    "那走吧": "Let's go then",
}


@pytest.fixture
def silence(tmp_path):
    path = tmp_path / "silence.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16_000 * 70))
    return path


def ingest(corpus, path, transcript, title="talk"):
    """What the command prints, and the utterances: start, end, speaker, words."""
    out = StringIO()
    call_command(
        "ingest",
        str(path),
        str(transcript),
        corpus=corpus.name,
        title=title,
        stdout=out,
        stderr=out,
    )
    return out.getvalue(), utterances(corpus)


def utterances(corpus):
    rows = Utterance.objects.filter(dialogue__corpus=corpus).select_related("dialogue", "speaker")
    found = [
        (
            round(row.dialogue.start + row.start, 2),
            round(row.dialogue.start + row.end, 2),
            row.speaker.name if row.speaker else "",
            row.text,
        )
        for row in rows
    ]
    return sorted(found)


def spoken(*rows):
    return [(float(start), float(end), speaker, words) for start, end, speaker, words in rows]


WHOLE = {
    "transcripts/07-colon.srt": spoken(
        *((2 * n + 1, 2 * n + 2, "", words) for n, words in enumerate(FROM_07)),
        (13, 14, "王五", "我知道"),
        (15, 16, "赵六", "走了"),
    ),
    "transcripts/33-fractions.srt": spoken(
        (1.25, 2.75, "", "茶凉了"), (3.14, 5.06, "", "我再泡一壶"), (7.5, 8.9, "", "多谢")
    ),
    "transcripts/10-angle-brackets.srt": spoken(
        (1, 2, "", "若 a < b 且 b > c"),
        (3, 4, "", "爱<3你们>呀"),
        (5, 6, "", "真的吗"),
        (7, 8, "", "汤&面"),
    ),
    "transcripts/01-zero-length.srt": spoken((1, 3, "", "早上好。"), (7, 9, "", "早。")),
    "transcripts/18-time-origin.eaf": spoken(
        (12, 14, "张三", "灯呢？"), (15, 16.5, "李四", "停电了。")
    ),
    "transcripts/11-invisible.srt": spoken(
        (1, 3, "", "晚安朋友"),
        (4, 6, "李雷", "睡吧"),
        (9, 10, "", "\U0001f468\u200d\U0001f469\u200d\U0001f467 一家人"),
    ),
    "transcripts/35-bilingual.srt": spoken(
        *((2 * n + 2, 2 * n + 3.9, "", words) for n, words in enumerate(FROM_35))
    ),
    "tables/21f-stale-dimension.xlsx": spoken(
        *((2 * n + 1, 2 * n + 2, "王五", f"第{n}行") for n in range(5))
    ),
    "tables/21c-merged-speaker.xlsx": spoken(
        (1, 3, "王五", "开会了"), (4, 6, "王五", "都坐下"), (7, 9, "赵六", "来了")
    ),
    "tables/20-semicolon.csv": spoken((1.5, 3, "王五", "开门"), (4, 6, "赵六", "来了")),
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_transcript_says_what_was_said(corpus, silence, name):
    _printed, rows = ingest(corpus, silence, CASES / name)
    assert rows == WHOLE[name]


def test_a_zero_length_cue_is_named(corpus, silence):
    printed, _rows = ingest(corpus, silence, CASES / "transcripts/01-zero-length.srt")
    assert "line 6" in printed


def test_a_negative_start_is_named(corpus, silence):
    printed, rows = ingest(corpus, silence, CASES / "transcripts/17c-negative-start.ass")
    assert "line 10" in printed
    assert rows[-1] == (5.0, 7.0, "李四", "我在听。")
    assert rows[:-1] in ([], spoken((0, 3, "张三", "喂？")))


def test_the_translation_is_the_second_line(corpus, silence):
    ingest(corpus, silence, CASES / "transcripts/35-bilingual.srt")
    kept = Utterance.objects.filter(dialogue__corpus=corpus).order_by("start")
    assert {row.text: row.translation for row in kept} == FROM_35


def test_two_speakers_of_one_cue(corpus, silence):
    _printed, rows = ingest(corpus, silence, CASES / "transcripts/08-two-speakers.srt")
    said = [(speaker, words) for _start, _end, speaker, words in rows]
    assert said == [
        ("张三", "票在我这儿。"),
        ("李四", "那太好了。"),
        ("", "你带钱了吗？"),
        ("", "带了。"),
    ]
    spans = [(start, end) for start, end, _speaker, _words in rows]
    assert all(1 <= start < end <= 3 for start, end in spans[:2])
    assert all(4 <= start < end <= 6 for start, end in spans[2:])


def test_voices_entities_and_ruby(corpus, silence):
    _printed, rows = ingest(corpus, silence, CASES / "transcripts/16b-entities-voices-ruby.vtt")
    said = [(speaker, words) for _start, _end, speaker, words in rows]
    assert said == [
        ("张三", "茶 & 咖啡 <笑>"),
        ("李四", "走吧"),
        ("王五", "等等我"),
        ("", "我说 漢字"),
    ]
    assert all(6 <= start < end <= 8 for start, end, _speaker, _words in rows[1:3])


def test_too_many_cells_are_named(corpus, silence):
    try:
        printed, rows = ingest(corpus, silence, CASES / "tables/20b-unquoted-comma.csv")
    except CommandError as error:
        printed, rows = str(error), []
    assert "line 2" in printed
    assert rows in ([], spoken((3, 4, "赵六", "快点")))


@pytest.mark.django_db
def test_a_task_of_label_studio_that_comes_twice(corpus):
    call_command("import_corpus", CASES / "labelstudio/ls_min2.json", format="labelstudio",
                 corpus=corpus.name)  # fmt: skip
    assert [row.text for row in Utterance.objects.all()] == ["行吧"]
    given = Judgement.objects.filter(task="sentiment").values_list("value", flat=True)
    assert sorted(given) == ["negative", "positive"]
    assert Judgement.objects.values("assignment__person").distinct().count() == 2


@pytest.mark.django_db
def test_a_control_of_label_studio_with_one_answer(corpus):
    out = StringIO()
    call_command("import_corpus", CASES / "labelstudio/ls_ok.json", format="labelstudio",
                 corpus=corpus.name, stdout=out)  # fmt: skip
    judged = Judgement.objects.filter(task="sentiment").order_by("utterance__number", "value")
    assert list(judged.values_list("utterance__text", "value")) == [
        ("今天真倒霉", "negative"),
        ("今天真倒霉", "neutral"),
        ("会好起来的", "positive"),
    ]
    kept = Judgement.objects.filter(task="audible", value="yes").count()
    assert kept == 3 or "audible" in out.getvalue()


def test_one_question_answered_twice_in_a_file(corpus, silence):
    ingest(corpus, silence, CASES / "label/talk.srt")
    Source.objects.get().publish(None)
    who = make_member(corpus, username="anno1")
    opened = open_round(None, corpus, "one", corpus.dialogues.all(), [who], overlap=1)
    with pytest.raises(CommandError, match="line 3"):
        call_command("label", str(opened.pk), str(CASES / "label/dup.csv"))
    assert not Judgement.objects.exists()


@pytest.mark.parametrize(
    "name", ["i-one-and-one-point-zero", "o-not-available", "m-spaces-in-names"]
)
def test_agreement_of_a_table(name):
    command = [sys.executable, "-W", "error", "-m", "annotation.agreement"]
    command += [str(CASES / f"agreement/{name}.csv"), "--scale", "nominal", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=django_settings.ROOT)
    if name == "o-not-available" and done.returncode:
        assert "line 6" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["annotators"] == 2
    assert found["coefficients"]["alpha"]["value"] == pytest.approx(0.4444, abs=5e-5)
    assert len(found["classes"]) == 2


FILMS = {  # maker -> flashes, beeps, shape as shown, rms of the clips
    "late-sound-mp4": (lambda folder: media.late_sound(folder, "mp4"), media.APART, (0.07, 0.09)),
    "late-sound-ts": (lambda folder: media.late_sound(folder, "ts"), media.APART, (0.07, 0.09)),
    "sound-gap": (media.sound_gap, media.JOINED, (0.05,)),
    "damaged-sound": (media.damaged_sound, media.JOINED, (0.05,)),
    "keyframe-4s": (media.keyframes_far_apart, media.APART, (0.07, 0.07)),
    "anamorphic": (media.anamorphic, media.APART, (0.07, 0.09)),
    "still-picture": (media.still_picture, media.APART, (0.07, 0.09)),
    "two-tracks": (media.two_tracks, media.APART, (0.07, 0.09)),
}


@pytest.mark.one_database
@pytest.mark.parametrize("name", FILMS)
def test_a_clip_shows_and_sounds_like_its_episode(corpus, settings, tmp_path, name):
    make, marks, levels = FILMS[name]
    path = make(tmp_path)
    cues = media.CUES[marks]
    if name == "keyframe-4s":
        cues = (*cues[:2], (21, 25, cues[2][2]))
    transcript = path.with_suffix(".srt")
    transcript.write_text(media.subtitles(cues), "utf-8")
    _printed, rows = ingest(corpus, path, transcript)
    assert rows == spoken(*((start, end, "", words) for start, end, words in cues))
    dialogues = list(corpus.dialogues.order_by("number"))
    assert len(dialogues) == len(levels)
    beeps, flashes = [], []
    for dialogue, level in zip(dialogues, levels, strict=True):
        found = measure(settings.MEDIA_ROOT / dialogue.clip.name)
        beeps += [dialogue.start + beep for beep in found.beeps]
        flashes += [dialogue.start + flash for flash in found.flashes]
        assert found.shape == pytest.approx(16 / 9 if name == "anamorphic" else 4 / 3, abs=0.02)
        assert found.rms == pytest.approx(level, abs=0.012)
        assert found.picture_end == pytest.approx(dialogue.duration, abs=CLOSE)
        assert found.last == pytest.approx(45, abs=5)
    shown = marks[:1] if name == "still-picture" else marks
    assert flashes == pytest.approx(shown, abs=CLOSE)
    assert beeps == pytest.approx(marks, abs=CLOSE)
