"""Label Studio's JSON in its many shapes: imported or reported, never a traceback."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.formats import FormatError, reader


@pytest.fixture
def read(tmp_path):
    def read_records(records, name="export.json"):
        path = tmp_path / name
        path.write_text(records if isinstance(records, str) else json.dumps(records), "utf-8")
        return reader("labelstudio")(path)

    return read_records


def choice(value, name="sentiment", kind="choices", **more):
    return {"from_name": name, "to_name": "text", "type": kind, "value": {kind: value} | more}


def task(*annotations, number=1, text="行吧", **data):
    return {"id": number, "data": {"text": text} | data, "annotations": list(annotations)}


def by(who, *results, **more):
    return {"completed_by": who, "result": list(results)} | more


def answers(table):
    return [
        (row.uid, judged.annotator, judged.task, judged.value)
        for row in table.rows
        for judged in row.judged
    ]


def problems_in(table):
    return [(p.line, p.column, p.outcome, p.reason % p.details) for p in table.problems]


def test_json_min_comes_once_for_each_annotation(read):
    record = {"id": 1, "text": "行吧", "dialogue": "d9", "annotator": 1, "annotation_id": 1}
    positive = record | {"sentiment": "positive"}
    negative = record | {"sentiment": "negative", "annotator": 2, "annotation_id": 2}
    table = read([positive, negative])
    assert [(row.dialogue, row.text) for row in table.rows] == [("d9", "行吧")]
    assert answers(table) == [
        ("d9_U_1", "1", "sentiment", "positive"), ("d9_U_1", "2", "sentiment", "negative"),
    ]  # fmt: skip
    assert table.problems == []


def test_what_json_min_writes_of_other_controls(read):
    record = {
        "audio": "/data/upload/a.wav", "text": "行吧", "id": 1,
        "stars": [{"rating": 4}], "count": [{"number": 2.0}], "sure": 3, "plain": "x",
        "many": {"choices": ["a", "b"]}, "spans": [{"start": 0, "end": 2, "labels": ["A"]}],
        "place": [{"taxonomy": [["a", "b"]]}], "none": None, "empty": [],
        "annotator": {"id": 7, "email": "a@example.org"}, "annotation_id": 5, "lead_time": 3.5,
    }  # fmt: skip
    table = read([record])
    assert answers(table) == [
        ("1", "7", "stars", "4"), ("1", "7", "count", "2"), ("1", "7", "sure", "3"),
        ("1", "7", "plain", "x"),
    ]  # fmt: skip
    assert problems_in(table) == [
        (1, "many", "rejected", "expected one answer"),
        (1, "spans", "rejected", "answers of this kind are not imported"),
        (1, "place", "rejected", "answers of this kind are not imported"),
    ]
    assert table.problems[0].value == '["a", "b"]' and table.ignored == ["audio"]


def test_a_task_twice(read):
    again = task(by(2, choice(["negative"])))
    other = task(by(3, choice(["neutral"])), text="别的")
    table = read([task(by(1, choice(["positive"]))), again, other])
    assert [row.text for row in table.rows] == ["行吧"]
    assert [answer[1:] for answer in answers(table)] == [
        ("1", "sentiment", "positive"), ("2", "sentiment", "negative"),
    ]  # fmt: skip
    assert [p[:3] for p in problems_in(table)] == [(3, "id", "rejected")]


def test_an_annotator_who_answers_twice_is_reported(read):
    table = read([task(by(1, choice(["positive"])), by(1, choice(["negative"])))])
    assert answers(table) == [("1", "1", "sentiment", "positive")]
    assert problems_in(table) == [
        (1, "sentiment", "rejected",
         "annotator 1 answered this before with positive, which was kept")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (choice(["positive"]), "positive"),
        (choice("positive"), "positive"),
        (choice(4, kind="rating"), "4"),
        (choice(2.5, kind="number"), "2.5"),
        (choice(["a", "b"]), None),
        (choice([]), None),
        (choice(["x" * 41]), None),
        (choice(["hello"], kind="textarea"), None),
        (choice([["a", "b"]], kind="taxonomy"), None),
        (choice(["A"], kind="labels", start=0, end=2), None),
        (choice(["positive"], start=0, end=2), None),
        ({"from_name": "x", "type": "choices", "value": None}, None),
        ({"from_name": "x", "type": None, "value": {}}, None),
        ("nonsense", None),
        (None, None),
    ],
)
def test_one_answer_is_imported_and_any_other_is_reported(read, result, expected):
    table = read([task(by(1, result))])
    assert [answer[3] for answer in answers(table)] == ([expected] if expected else [])
    assert [p[:1] + p[2:3] for p in problems_in(table)] == ([] if expected else [(1, "rejected")])


def test_two_answers_of_one_control_are_none(read):
    table = read([task(by(1, choice(["a"]), choice(["b"])))])
    assert answers(table) == [] and problems_in(table)[0][1:] == (
        "sentiment", "rejected", "expected one answer",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("who", "name"),
    [(3, "3"), ({"id": 4}, "4"), ({"email": "a@b.c"}, "a@b.c"), ("a@b.c", "a@b.c"), ([5], "5"),
     (None, "unknown"), ([1, 2], "unknown"), ("", "unknown")],
)  # fmt: skip
def test_annotators(read, who, name):
    table = read([task(by(who, choice(["a"])))])
    assert answers(table) == [("1", name, "sentiment", "a")]
    assert [p[2] for p in problems_in(table)] == (["warning"] if name == "unknown" else [])


def test_what_is_cancelled_predicted_or_a_draft_is_reported(read):
    record = task(by(1, choice(["a"]), was_cancelled=True))
    record |= {"predictions": [by(None, choice(["b"]))], "drafts": [{"id": 1}]}
    empty = task(number=2) | {"annotations": None}
    table = read([record, empty, task(by(2), number=3), "nonsense", task(4, number=5)])
    assert answers(table) == [] and len(table.rows) == 4
    assert [p[:3] for p in problems_in(table)] == [
        (1, "drafts", "warning"), (1, "annotations", "rejected"), (1, "sentiment", "rejected"),
        (4, "", "rejected"), (5, "annotations", "rejected"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "found", "outcome"),
    [(42, "42", "repaired"), (1.50, "1.5", "repaired"), ("好\x00\ud800", "好\ufffd", "repaired"),
     ("", None, "rejected"), (None, None, "rejected"), ({"a": 1}, None, "rejected"),
     (True, None, "rejected"), (["a"], None, "rejected")],
)  # fmt: skip
def test_texts(read, text, found, outcome):
    table = read([task(text=text, audio="a.wav"), task(number=2)])
    assert [row.text for row in table.rows] == [*([found] if found else []), "行吧"]
    assert [p[:3] for p in problems_in(table)] == [(1, "text", outcome)]


def test_times(read):
    rows = [("1,5", "00:00:02.5"), (2, 2), ("soon", None), (-1, float("inf")), (True, 1e300)]
    tasks = [task(number=n, start=start, end=end) for n, (start, end) in enumerate(rows)]
    table = read(tasks)
    assert [(row.start, row.end) for row in table.rows] == [
        (1.5, 2.5), (2.0, None), (None, None), (None, None), (None, 1e300),
    ]  # fmt: skip
    assert [p[:3] for p in problems_in(table)] == [
        (2, "end", "rejected"), (3, "start", "rejected"), (4, "start", "rejected"),
        (4, "end", "rejected"), (5, "start", "rejected"),
    ]  # fmt: skip


def test_turns_of_a_dialogue(read):
    turns = [{"text": "甲", "author": "A"}, {"text": "乙", "author": "B"}]
    record = {"id": 9, "data": {"turns": turns}, "annotations": [by(
        1, choice(["joy"], "emotion", "paragraphlabels", start="1", end="1"),
        choice(["a"], start="0", end="0"), choice(["b"]),
        choice(["joy"], "emotion", "paragraphlabels", start="0", end="1"),
        choice(["joy"], "emotion", "paragraphlabels", start="7", end="7"),
    )]}  # fmt: skip
    table = read([record])
    assert [(row.uid, row.speaker, row.text) for row in table.rows] == [
        ("9_U_1", "A", "甲"), ("9_U_2", "B", "乙"),
    ]  # fmt: skip
    assert answers(table) == [
        ("9_U_1", "1", "sentiment", "a"), ("9_U_2", "1", "emotion", "joy"),
    ]  # fmt: skip
    assert len(problems_in(table)) == 3


def test_an_id_that_stands_twice_is_reported(read):
    tasks = [task(by(1, choice([value])), number=n, utterance_id="U", split="dev", dialogue="D")
             for n, value in enumerate("ab", 1)]  # fmt: skip
    tasks += [task(number="D_U_1"), task(number=1.5, dialogue={"a": 1}, split="later")]
    table = read(tasks)
    assert [(row.dialogue, row.uid, row.split) for row in table.rows] == [
        ("D", "U", "valid"), ("D_U_1", "D_U_1", ""), ('{"a": 1}', '{"a": 1}_U_1.5', ""),
    ]  # fmt: skip
    assert answers(table) == [("U", "1", "sentiment", "a")]
    assert problems_in(table) == [
        (2, "", "rejected", "the id U stands twice; the first row was kept"),
        (4, "split", "rejected", "expected one of train, dev, valid, test"),
    ]


def test_free_text_is_no_label(read):
    notes = [task(by(1, choice([f"note {n}"], "note")), number=n) for n in range(101)]
    table = read(notes)
    assert answers(table) == [] and problems_in(table) == [
        (0, "note", "rejected", "101 different answers: free text is not imported")
    ]


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("{}", "an object, not a list"),
        ('{"id": 1}\n{"id": 2}\n', "JSON Lines"),
        ("id,text\n1,x\n", "CSV"),
        ("[]", "not a list of tasks"),
        ("[1]", "not a list of tasks"),
        ("[" * 100_000, "not Label Studio's JSON"),
        ('[{"id": 1,', "not Label Studio's JSON"),
    ],
)
def test_other_files_are_refused_with_what_they_are(read, content, part):
    with pytest.raises(FormatError, match=part):
        read(content)


def test_a_name_that_stands_twice_is_reported(read):
    table = read('[{"id": 1, "data": {"text": "a", "text": "b"}, "annotations": []}]')
    assert [row.text for row in table.rows] == ["b"] and [p[:3] for p in problems_in(table)] == [
        (0, "text", "warning")
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["id", "data", "text", "annotations", "result", "value", "type", "from_name", "choices",
         "completed_by", "start", "end", "annotator", "dialogue", "speaker", "turns", "split"]
    ), inner, max_size=5),
    max_leaves=25,
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.lists(JSON, max_size=4), st.lists(JSON, max_size=3), JSON)
def test_any_json_gives_a_table_or_a_sentence(tmp_path_factory, records, results, who):
    path = tmp_path_factory.getbasetemp() / "any.json"
    sound = task({"completed_by": who, "result": results})
    path.write_text(json.dumps([sound, *records]), "utf-8", errors="replace")
    table = reader("labelstudio")(path)
    assert all(row.text.strip() and len(row.uid) <= 120 for row in table.rows)
