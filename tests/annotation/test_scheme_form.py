"""The form of a scheme: what was stored comes back, buttons move rows, errors stand by fields."""

import pytest
from django.http import QueryDict

from annotation.scheme import DEFAULT, FULL, SHORT, YES_NO, Scheme, Task, Value
from annotation.scheme_form import SchemeForm, changed, fields_of

KIND = Task(
    "kind", {"en": "kind", "zh": "类型"}, "nominal", YES_NO, only_if={"sarcasm": ["yes"]},
    help={"en": "Which one?", "zh": "哪一种？"},
)  # fmt: skip
RICH = Scheme(
    (
        Task("sarcasm", {"en": "sarcasm", "zh": "讽刺"}, "binary",
             (Value("no", {"en": "no", "zh": "否"}, "", "grey", "2"),
              Value("yes", {"en": "yes", "zh": "是"}, "✓", "", "1", {"en": "ironic", "zh": ""}))),
        DEFAULT["humor"],
        KIND,
        Task("c", {"en": "c", "zh": "丙"}, "nominal", YES_NO, "sarcasm", "humor", "yes"),
    )
)  # fmt: skip


def with_fields(scheme, **fields):
    data = fields_of(scheme)
    for name, value in fields.items():
        data[name.replace("__", "-")] = value
    return data


def test_a_note_that_is_too_long_is_refused_and_kept_in_the_form():
    data = with_fields(DEFAULT, note="n" * 201)
    form = SchemeForm(data)
    assert form.scheme is None and form.note == "n" * 201
    assert "at most 200 characters" in form.faults[0]
    assert SchemeForm(with_fields(DEFAULT, note="n" * 200)).scheme == DEFAULT


@pytest.mark.parametrize("scheme", [DEFAULT, FULL, RICH, SHORT])
def test_a_scheme_comes_back_as_it_was(scheme):
    form = SchemeForm.of(scheme)
    assert form.errors() == [] and form.scheme == scheme


def test_rows_refer_to_each_other_whatever_their_keys_become():
    data = with_fields(RICH, t1__key="irony", **{"t1__v2__key": "ja"})
    made = SchemeForm(data).scheme
    assert made["kind"].only_if == {"irony": ["ja"]} and made["c"].source == "irony"


def test_usual_values_follow_their_rows():
    data = with_fields(SHORT, t1__key="feeling", **{"t1__v1__key": "glee"})
    assert SchemeForm(data).scheme["sentiment"].usual["feeling"]["glee"] == "positive"
    data, _focus = changed(data, "up task 2")  # what it follows from stands below it now
    assert SchemeForm(data).scheme["sentiment"].usual == {}


def test_keys_are_made_of_the_english_name():
    data = with_fields(DEFAULT, t3__key="", t3__en="Sarcasm (dry)", **{"t3__v1__key": ""})
    made = SchemeForm(data).scheme
    assert "sarcasm_dry" in made.keys and made["sarcasm_dry"].keys == ("no", "yes")


def test_buttons_add_move_copy_and_remove_rows():
    data, focus = changed(fields_of(DEFAULT), "up task 2")
    assert SchemeForm(data).scheme.keys[:2] == ("emotion", "sentiment") and focus == "task-2"
    data, focus = changed(data, "copy task 3")
    assert focus == "task-7" and SchemeForm(data).scheme.keys[3] == "sarcasm_copy"
    data, _focus = changed(data, "remove task 7")
    data, focus = changed(data, "remove t2-value 7")
    data, _focus = changed(data, "down t2-value 1")
    assert focus == "t2-v7"
    assert SchemeForm(data).tasks[0].key == "emotion"
    assert [row.key for row in SchemeForm(data).tasks[0].values][:2] == ["sadness", "joy"]
    data, focus = changed(data, "add task ordinal")
    assert focus == "task-7" and len(SchemeForm(data).tasks[-1].values) == 5
    assert SchemeForm(data).tasks[-1].open
    for nonsense in ("", "up", "up task 99", "add csrfmiddlewaretoken", "drop task 1", "add t1-x"):
        assert changed(data, nonsense) == (data, "")


@pytest.mark.parametrize(
    ("fields", "field", "part"),
    [
        ({"t1__en": ""}, "id_t1-en", "Enter a name"),
        ({"t1__key": "a/b"}, "id_t1-key", "cannot be the key of a task"),
        ({"t2__key": "sentiment"}, "id_t2-key", "Another task has this key"),
        ({"t1__v1__key": "neutral"}, "id_t1-v2-key", "Another value has this key"),
        ({"t1__v1__key": "x|y"}, "id_t1-v1-key", "cannot be the key of a value of sentiment"),
        ({"t1__v1__digit": "2", "t1__v2__digit": "2"}, "id_t1-v2-digit", "this digit"),
        ({"t1__v1__mark": "words"}, "id_t1-v1-mark", "four characters"),
        ({"t5__source": ""}, "id_t5-source", "Choose a task"),
        ({"t5__target": "2"}, "id_t5-target", "Choose another task"),
        ({"t5__asked": "any"}, "id_t5-only_if_any", "one of the two tasks"),
        ({"r1__en": ""}, "id_r1-en", "Enter a sentence"),
        ({"r1__c1__task": ""}, "id_r1-c1-task", "Choose a task"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(fields, field, part):
    form = SchemeForm(with_fields(DEFAULT, **fields))
    assert form.scheme is None
    assert [part in message for name, _about, message in form.errors() if name == field] == [True]


def test_a_task_needs_values_and_a_condition_a_task_above_it():
    data = fields_of(RICH)
    data.setlist("t1-value", ["1"])
    assert [each[0] for each in SchemeForm(data).errors()][0] == "task-1"
    data, _focus = changed(fields_of(RICH), "up task 3")
    data, _focus = changed(data, "up task 3")
    assert ("id_t3-c1-task", "kind", "Choose a task that stands above this one.") in SchemeForm(
        data
    ).errors()


def test_an_empty_form_says_so():
    form = SchemeForm(QueryDict("task=../x&task=A"))
    assert form.scheme is None and "at least one task" in form.faults[0]
