"""M3ED, EmotionTalk, MUStARD++ and EmotionLines, on files of the shape that was published."""

import json
from pathlib import Path

import pytest

from annotation.corpus_import import read_published
from corpus.formats import FormatError, reader
from corpus.formats.detection import detect


def turn(text="好", start="00:01:00:00", end="00:01:01:12", speaker="A", **emotions):
    given = {"EmoAnnotator1": "Happy", "EmoAnnotator2": "Happy", "EmoAnnotator3": "Sad"}
    given |= {"final_mul_emo": "Happy,Sad", "final_main_emo": "Happy"} | emotions
    return {
        "StartTime": start, "EndTime": end, "Text": text, "Speaker": speaker,
        "EmoAnnotation": given,
    }  # fmt: skip


def m3ed(folder, **turns):
    people = {
        "A": {"Name": "张三", "Age": "mid", "Gender": "male", "OtherName": []},
        "B": {"Name": "李四", "Age": "young", "Gender": "female", "OtherName": ["小李"]},
    }
    whole = {"剧一": {"剧一_1": {"SpeakerInfo": people, "Dialog": turns}}}
    path = folder / "annotation.json"
    path.write_text(json.dumps(whole, ensure_ascii=False), "utf-8")
    return path


def test_m3ed_has_three_annotators_and_gold(tmp_path):
    (tmp_path / "splitInfo_train.txt").write_text("剧一_1\n", "utf-8")
    later = turn("再见", "00:01:02:00", "00:01:03:05", "B")
    path = m3ed(tmp_path, **{"剧一_1_1": turn(), "剧一_1_2": later})
    assert detect([path]).format == "m3ed"
    table = reader("m3ed")(path)
    first, second = table.rows
    assert (first.uid, first.speaker, first.split) == ("剧一_1_1", "张三", "train")
    assert (first.start, first.end, second.start, second.end) == (0.0, 1.48, 2.0, 3.2)
    assert [(j.annotator, j.value) for j in first.judged] == [
        ("Annotator 1", "joy"), ("Annotator 2", "joy"), ("Annotator 3", "sadness"),
    ]  # fmt: skip
    assert first.rulings == {"emotion": "joy"} and first.labels == {}
    assert table.speakers["李四"] == {"age": "young", "gender": "female"}
    assert table.problems == []
    assert {row.source for row in table.rows} == {"剧一"}


def test_problems_of_m3ed_name_their_utterance(tmp_path):
    path = m3ed(
        tmp_path,
        a=turn(EmoAnnotator1="Happy;Surprise", EmoAnnotator2=["Sad"], EmoAnnotator3="Joyful"),
        b=turn(start=" 00:01:00:31", end="noon"),
        c=turn(text=" "),
        d=turn(speaker="C", start="00:01:05:00", end="00:01:04:00"),
    )
    table = reader("m3ed")(path)
    assert [(p.line, p.column, p.outcome) for p in table.problems] == [
        (1, "EmoAnnotator1", "warning"), (1, "EmoAnnotator3", "rejected"),
        (2, "StartTime", "warning"), (2, "EndTime", "rejected"),
        (3, "Text", "rejected"), (4, "Speaker", "rejected"), (4, "EndTime", "rejected"),
    ]  # fmt: skip
    assert [(j.annotator, j.value) for j in table.rows[0].judged] == [
        ("Annotator 1", "joy"), ("Annotator 2", "sadness"),
    ]  # fmt: skip
    assert len(table.rows) == 3


def test_emotiontalk_has_a_task_for_each_modality(tmp_path):
    def write(name, *rows):
        path = tmp_path / name
        path.write_text("\n".join(["file_path,emotion,content", *rows]), "utf-8")
        return path

    (tmp_path / "test.txt").write_text("G00003_02\n")
    row = "/x/G00003_02_{}.wav,{},{}"
    text = write("text.csv", row.format("01_002", "happy", "好"), row.format("02_010", "sad", "不"))
    audio = write(
        "audio.csv", row.format("01_002", "neutral", "好"), row.format("02_010", "?", "别")
    )
    found = detect([text, audio])
    assert (found.format, found.files) == ("emotiontalk", (text, audio))
    (part,) = read_published("emotiontalk", [text, audio])
    assert [(r.uid, r.dialogue, r.speaker, r.labels, r.split) for r in part.table.rows] == [
        ("G00003_02_01_002", "G00003_02", "G00003_01",
         {"emotion_text": "joy", "emotion_audio": "neutral"}, "test"),
        ("G00003_02_02_010", "G00003_02", "G00003_02", {"emotion_text": "sadness"}, "test"),
    ]  # fmt: skip
    assert [(p.line, p.column, p.outcome) for p in part.table.problems] == [
        (3, "audio.csv: emotion", "rejected"), (3, "audio.csv: text", "warning"),
    ]  # fmt: skip
    with pytest.raises(FormatError, match="EmotionTalk"):
        reader("emotiontalk")(write("labels.csv", row.format("01_002", "happy", "")))


PLUS = (
    "SCENE,KEY,SENTENCE,END_TIME,SPEAKER,SHOW,Sarcasm,Sarcasm_Type,Implicit_Emotion,"
    "Explicit_Emotion,Valence,Arousal\n"
    "1_1,1_1_c_00,It rains.,00:01,A,BBT,,,,,,\n"
    "1_1,1_1_u,Great.,00:02,B,BBT,1.0,PRO,Anger,Happiness,3,6\n"
    "1_2,1_2_u,Fine.,00:03,B,BBT,0.0,None,Neutral,Calm,12,5.0\n"
)


def test_mustard_plus_plus_says_labelled_and_context_apart(tmp_path):
    path = tmp_path / "mustard++_text.csv"
    path.write_text(PLUS)
    assert detect([path]).format == "mustard"
    (part,) = read_published("mustard", [path])
    table = part.table
    assert (len(table.rows), part.labelled, table.unlabelled) == (3, 2, 0)
    assert table.rows[0].labels == {} and table.rows[1].labels == {
        "sarcasm": "yes", "sarcasm_type": "propositional", "implicit_emotion": "anger",
        "explicit_emotion": "happiness", "valence": "3", "arousal": "6",
    }  # fmt: skip
    assert [(p.line, p.column) for p in table.problems] == [(4, "Explicit_Emotion"), (4, "Valence")]
    assert table.ignored == ["END_TIME"]
    assert {row.source for row in table.rows} == {"BBT"}


def test_mustard_plus_plus_is_in_parts_by_show(tmp_path):
    path = tmp_path / "mustard++_text.csv"
    path.write_text(PLUS.replace("1_1_c_00,It rains.,00:01,A,BBT", "1_1_c_00,It rains.,00:01,A,")
                    .replace("00:03,B,BBT", "00:03,B,FRIENDS"))  # fmt: skip
    first, second = read_published("mustard", [path])
    assert [row.uid for row in first.table.rows] == ["1_1_c_00", "1_1_u"]
    assert [row.uid for row in second.table.rows] == ["1_2_u"]
    assert [(p.line, p.column) for p in second.table.problems] == [
        (4, "Explicit_Emotion"), (4, "Valence"),
    ]  # fmt: skip


def test_emotionlines_votes_are_of_unnamed_raters(tmp_path):
    said = {"speaker": "A", "utterance": "Hi", "emotion": "neutral", "annotation": "4100000"}
    path = tmp_path / "friends_dev.json"
    path.write_text(json.dumps([[said, said | {"annotation": "41"}], [said]]))
    assert detect([path]).format == "emotionlines"
    table = reader("emotionlines")(path)
    assert [len(r.judged) for r in table.rows] == [5, 0, 5]
    assert [j.value for j in table.rows[0].judged] == ["neutral"] * 4 + ["joy"]
    assert table.rows[1].rulings == {"emotion": "neutral"} and table.split == "valid"
    assert [(p.line, p.column) for p in table.problems] == [(2, "annotation")]


def test_the_published_votes(test_data):
    """80 dialogues, 1,178 utterances of five raters each."""
    (part,) = read_published("emotionlines", [Path(test_data) / "votes/friends_dev.json"])
    assert (len(part.table.dialogues), len(part.table.rows)) == (80, 1178)
    assert part.labels == 5 * 1178
    assert {problem.outcome for problem in part.table.problems} == {"repaired"}
