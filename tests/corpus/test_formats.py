"""MELD, CPED, CH-SIMS and MUStARD; CMMA has its own tests."""

import json

import pytest

from corpus.formats import FORMATS, FormatError, reader

MELD = "Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID,Season,Episode,StartTime,EndTime\n"  # noqa: E501
SIMS = "video_id,clip_id,text,label,label_T,label_A,label_V,annotation,mode\n"


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def test_meld_counts_from_the_dialogue(tmp_path):
    rows = (
        '1,Oh my God.,Phoebe,sadness,negative,0,0,4,7,"00:20:57,256","00:21:00,049"\n'
        '2,What?,Monica,surprise,negative,0,1,4,7,"00:21:01,927","00:21:03,261"\n'
        '3,No.,Ross,glee,negative,1,0,4,7,"00:21:10,000","00:21:11,000"\n'
    )
    table = reader("meld")(write(tmp_path / "dev_sent_emo.csv", MELD + rows))
    assert [(r.dialogue, r.uid) for r in table.rows] == [
        ("valid_dia0", "valid_dia0_utt0"),
        ("valid_dia0", "valid_dia0_utt1"),
        ("valid_dia1", "valid_dia1_utt0"),
    ]
    assert [(r.start, r.end) for r in table.rows] == [(0.0, 2.793), (4.671, 6.005), (0.0, 1.0)]
    assert table.rows[2].labels == {"sentiment": "negative"}
    assert [(p.line, p.column, p.value) for p in table.problems] == [(4, "Emotion", "glee")]
    assert table.ignored == ["Sr No.", "Season", "Episode"] and table.split == "valid"


def test_chsims_names_its_split_in_a_column(tmp_path):
    rows = "v1,0001,你好,0.8,0,0,0,Positive,train\nv2,0001,再见,-1,0,0,0,Negative,test\n"
    table = reader("chsims")(write(tmp_path / "label.csv", SIMS + rows, "utf-8-sig"))
    assert [(r.uid, r.split, r.labels) for r in table.rows] == [
        ("v1_0001", "train", {"sentiment": "positive"}),
        ("v2_0001", "test", {"sentiment": "negative"}),
    ]
    assert table.ignored == ["label", "label_T", "label_A", "label_V"]


def test_mustard_keeps_its_context(tmp_path):
    entry = {
        "utterance": "Great.", "speaker": "A", "context": ["It rains.", "Again."],
        "context_speakers": ["B", "A"], "show": "X", "sarcasm": True,
    }  # fmt: skip
    entries = {"1_1": entry, "1_2": entry | {"sarcasm": "maybe"}, "1_3": entry | {"context": []}}
    path = write(tmp_path / "sarcasm_data.json", json.dumps(entries))
    table = reader("mustard")(path)
    assert [(r.speaker, r.text, r.labels) for r in table.rows] == [
        ("B", "It rains.", {}), ("A", "Again.", {}), ("A", "Great.", {"sarcasm": "yes"}),
    ]  # fmt: skip
    assert [(p.line, p.column) for p in table.problems] == [(2, "sarcasm"), (3, "context")]


@pytest.mark.parametrize("name", FORMATS)
def test_another_file_is_refused_with_what_was_expected(name, tmp_path):
    for number, text in enumerate(("a,b\n1,2\n", "[]", "")):
        with pytest.raises(FormatError, match="xpected|not text"):
            reader(name)(write(tmp_path / f"{number}.csv", text))


def test_the_published_files(test_data):
    train = reader("meld")(test_data / "meld/train_sent_emo.csv")
    dev = reader("meld")(test_data / "meld/dev_sent_emo.csv")
    assert (len(train.rows), len(dev.rows)) == (9989, 1109)
    assert [(p.line, p.column, p.value) for p in train.problems] == [
        (4050, "EndTime", "00:06:47,28")
    ]
    cped = reader("cped")(test_data / "cped/valid_split.csv")
    assert (len(cped.dialogues), len(cped.rows), cped.problems) == (934, 11137, [])
    assert cped.speakers["于春晓"]["gender"] == "female"
