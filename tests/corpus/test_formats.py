"""MELD, CPED, CH-SIMS and MUStARD; CMMA has its own tests."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.formats import FORMATS, FormatError, checked, reader
from corpus.formats.mapped_table import Mapping
from corpus.formats.mapped_table import read as read_mapped
from corpus.turns import LONGEST_TEXT
from tests.corpus.test_cmma import HEADER, row

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


def test_what_is_odd_in_meld_is_reported_by_line(tmp_path):
    rows = (
        '1,Oh\x00 my\x07 God.,A,joy,positive,0,0,4,7,"00:20:57,256","00:21:00,049"\n'
        '2,It\x92s fine.,A,joy,positive,0,1,4,7,"00:21:01,000","00:21:01,000"\n'
        '3,No.,B,joy,positive,0,2,4,7,"00:21:03,000","09:21:04,000"\n'
        '4,No.,B,joy,positive,0,2,4,7,"00:21:03,000","00:21:04,000"\n'
        '5,No,, no.,B,joy,positive,0,3,4,7,"00:21:03,000","00:21:04,000"\n'
        '6,Ah.,B,joy,positive,0,4,4,7,"-00:21:05,000","00:99:06,000"\n'
        '7,"Open,B,joy,positive,0,5,4,7,"00:21:07,000","00:21:08,000"\n'
        '8,Last.,B,joy,positive,0,6,4,7,"00:21:09,000","00:21:10,000"\n'
    )
    table = reader("meld")(write(tmp_path / "dev.csv", MELD + rows))
    assert [(row.line, row.text, row.start, row.end) for row in table.rows] == [
        (2, "Oh my God.", 0.0, 2.793),
        (3, "It’s fine.", 3.744, None),
        (4, "No.", 5.744, None),
        (7, "Ah.", None, None),
        (9, "Last.", 11.744, 12.744),
    ]
    assert [(p.line, p.column, p.outcome) for p in table.problems] == [
        (2, "Utterance", "repaired"), (3, "Utterance", "repaired"), (3, "EndTime", "rejected"),
        (4, "EndTime", "rejected"), (5, "", "rejected"), (6, "", "rejected"),
        (7, "StartTime", "rejected"), (7, "EndTime", "rejected"), (8, "", "rejected"),
    ]  # fmt: skip


def test_meld_that_went_through_windows_is_read_as_it_was_written(tmp_path):
    rows = '1,It’s “fine” – café.,A,joy,positive,0,0,4,7,"00:20:57,256","00:21:00,049"\n'
    table = reader("meld")(write(tmp_path / "dev.csv", MELD + rows, "cp1252"))
    assert [row.text for row in table.rows] == ["It’s “fine” – café."]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_delimiters_and_header_writings(tmp_path, delimiter):
    rows = [SIMS.strip().split(",")] + [
        ["v1", "0001", "你好, 你", "0.8", "0", "0", "0", "positive", "train"]
    ]
    rows[0][0], rows[0][7] = "Video ID", "Annotation"
    text = "\n".join(delimiter.join(row) for row in rows)
    table = reader("chsims")(write(tmp_path / "label.csv", text))
    assert [(r.uid, r.text, r.labels) for r in table.rows] == [
        ("v1_0001", "你好, 你", {"sentiment": "positive"})
    ]
    assert [(p.line, p.column, p.outcome) for p in table.problems] == [
        (2, "annotation", "repaired")
    ]


def test_a_dialogue_in_two_splits_and_an_unknown_split_are_reported(tmp_path):
    rows = "v1,1,甲,0,0,0,0,Neutral,train\nv1,2,乙,0,0,0,0,Neutral,test\n"
    rows += f"v2,1,丙,0,0,0,0,Neutral,later\n{'v' * 121},1,丁,0,0,0,0,Neutral,test\n"
    table = reader("chsims")(write(tmp_path / "label.csv", SIMS + rows))
    assert [(row.text, row.split) for row in table.rows] == [
        ("甲", "train"), ("乙", "test"), ("丙", ""),
    ]  # fmt: skip
    assert sorted((p.line, p.column, p.outcome) for p in table.problems) == [
        (3, "split", "warning"), (4, "mode", "rejected"), (5, "dialogue", "rejected"),
    ]  # fmt: skip


def test_needed_columns_that_lack_or_repeat_are_named(tmp_path):
    with pytest.raises(FormatError, match="line 1: not a table of CH-SIMS.*missing: mode"):
        reader("chsims")(write(tmp_path / "a.csv", "video_id,clip_id,text,annotation\n1,2,3,4\n"))
    with pytest.raises(FormatError, match="line 1: the column text stands twice"):
        doubled = SIMS.replace("label,", "text,", 1) + "v1,1,甲,0,0,0,0,Neutral,train\n"
        reader("chsims")(write(tmp_path / "b.csv", doubled))


def test_mustard_of_any_shape(tmp_path):
    good = {"utterance": "Great.", "speaker": None, "context": [], "context_speakers": [],
            "sarcasm": 1}  # fmt: skip
    entries = {
        "1": good, "2": good | {"context": 5}, "3": good | {"context": ["a"]}, "4": None,
        "5": good | {"sarcasm": []}, "6": good | {"utterance": {"a": 1}},
        "7": good | {"utterance": "a\u0000b\u2028"}, "8": good | {"sarcasm": "1"},
    }  # fmt: skip
    text = json.dumps(entries).replace('"8"', '"7"')
    table = reader("mustard")(write(tmp_path / "sarcasm_data.json", text))
    assert [row.text for row in table.rows] == ["Great."]
    assert [(p.line, p.column) for p in table.problems] == [
        (0, "7"), (2, "context"), (3, "context"), (4, "utterance"), (5, "sarcasm"),
        (6, "utterance"), (7, "sarcasm"),
    ]  # fmt: skip


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


SOUND = {
    "meld": MELD + '1,"Oh, no.",A,joy,positive,0,0,4,7,"00:20:57,256","00:21:00,049"\n' * 2,
    "chsims": SIMS + "v1,0001,你好,0.8,0,0,0,Positive,train\nv2,0001,再见,-1,0,0,0,Neutral,test\n",
    "cmma": HEADER + "\n" + row() + "\n" + row(UtteranceID="C_1_U_2", Love="emptylove"),
    "mustard": json.dumps({"1": {"utterance": "a", "speaker": "A", "context": ["b"],
                                 "context_speakers": ["B"], "sarcasm": True}}),
    "labelstudio": json.dumps([{"id": 1, "data": {"text": "a"}, "annotations": [
        {"completed_by": 1, "result": [
            {"type": "choices", "from_name": "x", "value": {"choices": ["y"]}}]}]}]),
}  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(sorted(SOUND)),
    st.lists(st.tuples(st.integers(0, 999), st.integers(0, 255)), max_size=6),
)
def test_a_damaged_file_gives_a_table_or_a_sentence(tmp_path_factory, name, damage):
    whole = bytearray(SOUND[name].encode())
    for place, byte in damage:
        whole[place % len(whole)] = byte
    path = tmp_path_factory.getbasetemp() / "damaged.csv"
    path.write_bytes(whole)
    try:
        table = reader(name)(path)
    except FormatError as error:
        assert str(error)
        return
    assert all("\x00" not in row.text and row.uid for row in table.rows)


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


LONG_TEXT = "字" * (LONGEST_TEXT + 1)


@pytest.mark.parametrize("column", ["text", "translation"])
def test_words_beyond_what_the_editor_takes_are_left_out_and_reported(tmp_path, column):
    mapping = Mapping.from_json({"columns": {"text": "text", "translation": "translation"}})
    cells = {"text": "你好", "translation": "hello"}
    table = write(
        tmp_path / "talk.csv",
        "text,translation\n{text},{translation}\n".format(**cells | {column: LONG_TEXT})
        + "{text},{translation}\n".format(**cells | {column: LONG_TEXT[1:]}),
    )
    kept = checked(read_mapped(table, mapping))
    assert [(row.line, len(getattr(row, column))) for row in kept.rows] == [(3, LONGEST_TEXT)]
    (problem,) = kept.problems
    assert (problem.line, problem.column, problem.outcome) == (2, column, "rejected")
    reason = "longer than 5000 characters; the row was left out"
    assert problem.reason % problem.details == reason and len(problem.value) == 2000


def test_long_words_in_label_studios_json_are_reported(tmp_path):
    tasks = [{"id": n, "data": {"text": text}} for n, text in enumerate(["ho", LONG_TEXT], 1)]
    table = reader("labelstudio")(write(tmp_path / "tasks.json", json.dumps(tasks)))
    assert [row.text for row in table.rows] == ["ho"]
    assert [(p.line, p.column, p.outcome) for p in table.problems] == [(2, "text", "rejected")]
