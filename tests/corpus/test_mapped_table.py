"""Any labelled table by a mapping: columns, times, values, votes; what a table seems to hold."""

import json
from pathlib import Path

import pytest

from core.errors import UserError
from corpus.formats import FormatError, any_table, checked, task_json
from corpus.formats.mapped_table import FILE, Mapping, joined, read, survey

EMOTION = task_json("emotion", "nominal", ("joy", "sadness", "neutral"))
COLUMNS = {"dialogue": "dlg", "speaker": "who", "text": "words"}


def mapping(*tasks, **columns):
    return Mapping.from_json({"columns": COLUMNS | columns, "tasks": list(tasks)})


def task(kind, *columns, **more):
    values = {"喜": "joy", "悲": "sadness", "平": "neutral", "?": ""}
    return {"task": EMOTION, "kind": kind, "columns": list(columns), "values": values} | more


@pytest.fixture
def write(tmp_path):
    def write(text, name="labels.csv"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_labels_are_read_by_what_was_decided(write):
    path = write("dlg,who,words,emo,extra\n1,甲,好,喜,x\n1,乙,不,?,x\n2,甲,走,,x\n,甲,无,喜,x\n")
    table = read(path, mapping(task("label", "emo")))
    assert [(r.dialogue, r.uid, r.speaker, r.text, r.labels) for r in table.rows] == [
        ("1", "1_1", "甲", "好", {"emotion": "joy"}),
        ("1", "1_2", "乙", "不", {}),
        ("2", "2_1", "甲", "走", {}),
    ]
    assert table.unlabelled == 2 and table.ignored == ["extra"]
    assert table.values == {"emotion": ("joy", "sadness", "neutral")}
    assert [(p.line, p.outcome) for p in table.problems] == [(5, "rejected")]


def test_a_value_that_nobody_decided_is_named(write):
    path = write("dlg,who,words,emo\n1,甲,好,怒\n1,乙,不,惊\n")
    with pytest.raises(FormatError, match=r"labels.csv, emo: values of emotion .*: 怒, 惊\. Map"):
        read(path, mapping(task("label", "emo")))


def test_a_column_for_each_annotator(write):
    path = write("dlg,who,words,a,b\n1,甲,好,喜,悲\n1,乙,不,?,平\n")
    names = {"a": "王", "b": "李"}
    table = read(path, mapping(task("annotators", "a", "b", names=names)))
    assert [[(j.annotator, j.value) for j in r.judged] for r in table.rows] == [
        [("王", "joy"), ("李", "sadness")], [("李", "neutral")],
    ]  # fmt: skip


def test_a_row_for_each_annotator(write):
    path = write("dlg,who,words,id,emo,rater\n1,甲,好,7,喜,王\n1,甲,好,7,悲,李\n1,甲,好,7,平,王\n")
    table = read(path, mapping(task("label", "emo"), utterance="id", annotator="rater"))
    (row,) = table.rows
    assert row.uid == "1_7" and [(j.annotator, j.value) for j in row.judged] == [
        ("王", "joy"), ("李", "sadness"),
    ]  # fmt: skip
    assert [p.line for p in table.problems] == [4]  # 王 has answered already


def test_a_file_for_each_annotator(write):
    text = "dlg,who,words,id,emo\n1,甲,好,1,{}\n1,乙,不,2,{}\n"
    paths = [write(text.format("喜", "平"), "王.csv"), write(text.format("悲", "平"), "李.csv")]
    by = mapping(task("label", "emo"), utterance="id", annotator=FILE)
    (table,) = joined({path: read(path, by) for path in paths}, by).values()
    assert [[(j.annotator, j.value) for j in r.judged] for r in table.rows] == [
        [("王", "joy"), ("李", "sadness")], [("王", "neutral"), ("李", "neutral")],
    ]  # fmt: skip


@pytest.mark.parametrize("cell", ["210", '"2,1,0"', '"[2, 1, 0]"'])
def test_counts_become_votes_of_unnamed_raters(write, cell):
    counts = task("counts", "votes") | {"values": {"1": "joy", "2": "sadness", "3": "neutral"}}
    table = read(write(f"dlg,who,words,votes\n1,甲,好,{cell}\n"), mapping(counts))
    assert [(j.annotator, j.value) for j in table.rows[0].judged] == [
        ("Rater 1", "joy"), ("Rater 2", "joy"), ("Rater 3", "sadness"),
    ]  # fmt: skip


def test_lists_of_votes_with_and_without_raters(write):
    path = write('dlg,who,words,votes,by\n1,甲,好,"喜,悲","A1,A2"\n1,乙,不,"喜,悲",A1\n')
    named = read(path, mapping(task("list", "votes", raters="by")))
    assert [(j.annotator, j.value) for j in named.rows[0].judged] == [
        ("A1", "joy"), ("A2", "sadness"),
    ]  # fmt: skip
    assert named.rows[1].judged == () and "2 votes" in (
        named.problems[0].reason % named.problems[0].details
    )
    unnamed = read(path, mapping(task("list", "votes")))
    assert [j.annotator for j in unnamed.rows[1].judged] == ["Rater 1", "Rater 2"]


def test_objects_of_votes_from_json(write):
    entry = {"text": {"context": "早", "response": "好"}, "annotations": {"A1": "喜", "A2": "悲"}}
    path = write(json.dumps({"17": entry}, ensure_ascii=False), "votes.json")
    by = Mapping.from_json(
        {
            "columns": {"utterance": "(key)", "text": "text.response"},
            "tasks": [task("object", "annotations")],
        }
    )
    (row,) = read(path, by).rows
    assert (row.uid, row.text, len(row.judged)) == ("17", "好", 2)


def test_times_in_several_forms(write):
    path = write("dlg,who,words,s,e\n1,甲,好,12.5,00:00:14\n1,乙,不,0:15.25,x\n2,甲,走,9,3\n")
    rows = read(path, mapping(start="s", end="e")).rows
    assert [(r.start, r.end) for r in rows] == [(0.0, 1.5), (2.75, None), (0.0, None)]
    by = Mapping.from_json(
        {"columns": COLUMNS | {"start": "s", "end": "e"}, "times": "milliseconds"}
    )
    (row,) = read(write("dlg,who,words,s,e\n1,甲,好,0,1500\n"), by).rows
    assert (row.start, row.end) == (0.0, 1.5)


def test_splits_in_both_languages(write):
    path = write("dlg,who,words,part\n1,甲,好,训练集\n2,乙,不,Dev\n3,甲,走,what\n")
    table = read(path, mapping(split="part"))
    assert [r.split for r in table.rows] == ["train", "valid", ""]
    assert [p.line for p in table.problems] == [4]


def test_parquet_and_json_lines(tmp_path, write):
    from pyarrow import Table, parquet  # heavy, for this test only

    rows = [{"dlg": 1, "who": "甲", "words": "好", "emo": "喜"}]
    parquet.write_table(Table.from_pylist(rows), tmp_path / "labels.parquet")
    lines = write("\n".join(json.dumps(row) for row in rows) + "\nnothing\n", "labels.jsonl")
    for path in (tmp_path / "labels.parquet", lines):
        table = read(path, mapping(task("label", "emo")))
        assert table.rows[0].labels == {"emotion": "joy"}
    assert [p.line for p in table.problems] == [2]


@pytest.mark.parametrize("name", ["x.parquet", "x.json", "x.jsonl", "x.xlsx", "x.csv"])
def test_what_is_no_table_is_refused_with_its_name(write, name):
    with pytest.raises(FormatError, match="x\\."):
        any_table.read(write('"', name))


@pytest.mark.parametrize("name", ["x.json", "x.jsonl"])
def test_a_cell_that_is_cut_is_reported(write, name):
    row = {"text": "好", "faces": [0] * 60_000}
    found = any_table.read(write(json.dumps([row] if name == "x.json" else row), name))
    (problem,) = found.problems
    assert (problem.line, problem.column, problem.outcome) == (1, "faces", "repaired")
    assert problem.details == {"most": 100_000} and problem.value.startswith("[0, 0")
    assert len(found.rows[0].cells["faces"]) == 100_000 and found.rows[0].cells["text"] == "好"


def test_columns_whose_names_begin_alike_stay_apart(write):
    one, other = "q" * 200 + "1", "q" * 200 + "2"
    found = any_table.read(write(json.dumps([{"text": "好", one: "a", other: "b"}]), "x.json"))
    assert (found.rows[0].cells[one], found.rows[0].cells[other]) == ("a", "b")
    with pytest.raises(FormatError, match="row 1: the name of the column “qqq.* longer than 500"):
        any_table.read(write(json.dumps([{"text": "好", "q" * 501: "a"}]), "x.json"))


def test_a_column_inside_an_object_takes_the_place_of_no_other(write):
    rows = [{"text": "好", "mood.now": "sad", "mood": {"now": "glad"}}]
    found = any_table.read(write(json.dumps(rows), "x.json"))
    assert found.rows[0].cells["mood.now"] == "sad"
    assert json.loads(found.rows[0].cells["mood"]) == {"now": "glad"}


def test_annotators_whose_names_are_too_long_are_left_out_and_reported(write):
    """Cut off, two of them would become one person."""
    rows = "".join(f"1,甲,好,喜,1,{'x' * length}\n" for length in (80, 81))
    path = write("dlg,who,words,emo,id,rater\n" + rows)
    table = read(path, mapping(task("label", "emo"), utterance="id", annotator="rater"))
    assert [one.annotator for row in checked(table).rows for one in row.judged] == ["x" * 80]
    (problem,) = [one for one in table.problems if one.column == "annotator"]
    assert (problem.outcome, problem.details) == ("rejected", {"most": 80})


@pytest.mark.parametrize(
    "wrong",
    [
        [], {"columns": {}}, {"columns": {"text": 1}}, {"columns": {"text": "t", "sound": "x"}},
        {"columns": {"text": "t"}, "tasks": [{"kind": "label"}]},
        {"columns": {"text": "t"}, "tasks": [task("guess", "x")]},
        {"columns": {"text": "t"}, "tasks": [task("label", "x") | {"values": {"a": "what"}}]},
    ],
)  # fmt: skip
def test_a_mapping_that_makes_no_sense_is_refused(wrong):
    with pytest.raises(UserError, match="mapping cannot be read|column of the text"):
        Mapping.from_json(wrong)


def test_a_mapping_is_kept_as_json():
    by = mapping(task("label", "emo"), start="s")
    assert Mapping.from_json(json.loads(json.dumps(by.to_json()))) == by


def uses(path):
    return {column.name: column.use for column in survey([path]) if column.use}


def test_names_suggest_what_columns_are(write):
    path = write(
        "对话编号,序号,说话人,台词,开始时间,结束时间,情绪,情感_标注者1,情感_标注者2,备注\n"
        + "1,1,甲,好,0,1,喜,正,负,x\n1,2,乙,不,1,2,悲,负,正,y\n"
    )
    assert uses(path) == {
        "对话编号": "dialogue", "序号": "utterance", "说话人": "speaker", "台词": "text",
        "开始时间": "start", "结束时间": "end", "情绪": "label",
        "情感_标注者1": "annotators", "情感_标注者2": "annotators",
    }  # fmt: skip


def test_votes_of_published_sets(test_data):
    votes = uses(Path(test_data) / "votes/CSC_dev.json")
    assert votes["annotations"] == "object" and votes["text.response"] == "text"
    friends = uses(Path(test_data) / "votes/friends_dev.json")
    assert friends["annotation"] == "counts" and friends["(dialogue)"] == "dialogue"
