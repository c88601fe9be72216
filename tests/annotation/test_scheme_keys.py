"""What tasks and values may be called, and who says so where they may not."""

import hashlib
import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from annotation.models import Judgement, Round, SchemeVersion
from annotation.scheme import (
    DEFAULT,
    YES_NO,
    Scheme,
    SchemeError,
    Task,
    Value,
    check_key,
    check_value_key,
    field_of,
)
from annotation.scheme_form import fields_of
from releases.tables import FIELDS, PLAIN, columns, utterance_features
from tests.factories import judge, make_dialogue, make_member, make_release, make_round

pytestmark = pytest.mark.django_db
GOOD = (
    "type",
    "values",
    "train",
    "a.b",
    "a-b",
    "_",
    "0",
    "情感 一",
    "हिंदी",
    "x" * 40,
    "mean",
    "Task",
)
BAD = ("", " a", "a ", "a  b", "a/b", "a:b", "a|b", "a=b", "a,b", "a&b", "a\nb", "a\u2028b", "a\0b",
       "a\u200bb", "x" * 41, "a-why", '"', "<b>", "a\tb", None, 3, ["a"])  # fmt: skip
GOOD_VALUES = ("nan", "null", "True", "0", "-2", "a/b", "c=d", "e,f", "很 好", "x" * 40, "items")
BAD_VALUES = ("", " a", "a|b", "a\nb", "a\u2028b", "a\x85b", "a\0b", "x" * 41, None, 1)


def scheme(key, value="yes"):
    values = (Value("no", {"en": "no", "zh": "否"}), Value(value, {"en": "y", "zh": "是"}))
    return Scheme((Task(key, {"en": "t", "zh": "t"}, "binary", values),))


def test_which_keys_there_are(corpus):
    for key in GOOD:
        check_key(key)
    for value in GOOD_VALUES:
        check_value_key(value, "t")
    for key in BAD:
        with pytest.raises(SchemeError, match="cannot be the key of a task"):
            check_key(key)
    for value in BAD_VALUES:
        with pytest.raises(SchemeError, match="cannot be the key of a value of t"):
            check_value_key(value, "t")
    for wrong in (scheme("a/b"), scheme("t", "a|b")):
        with pytest.raises(SchemeError):
            SchemeVersion.of(corpus, wrong)
    assert not corpus.schemes.exists()
    with pytest.raises(SchemeError) as refused:
        check_key("a\u2028" * 500)
    assert len(str(refused.value)) < 700 and "\u2028" not in str(refused.value)


def test_a_scheme_that_stands_is_read_whatever_its_keys_are(corpus):
    """Schemes of before the rule stay what they are."""
    result = scheme("a/b", "x|y").to_json()
    version = SchemeVersion.objects.create(corpus=corpus, number=1, tasks=result)
    assert version.scheme.keys == ("a/b",)
    assert SchemeVersion.of(corpus, version.scheme) == version


@pytest.mark.parametrize("key", [key for key in BAD if isinstance(key, str) and "\0" not in key])
def test_the_form_says_it_beside_the_field(key, corpus, lead, client_of):
    result = fields_of(Scheme(DEFAULT.tasks[2:3]))
    result["t1-key"] = key
    page = client_of(lead).post(reverse("new_scheme", args=[corpus.pk]), dict(result.lists()))
    if key.strip() in ("a", ""):  # blanks around it are not meant; none is made of the name
        assert page.status_code == 302
        return
    assert page.status_code == 200 and page.context["form"].tasks[0].fields.errors["key"]
    assert not corpus.schemes.exists()


def test_an_import_says_it_and_writes_nothing(corpus, tmp_path):
    opened = make_round(corpus, [make_member(corpus)], dialogues=[make_dialogue(corpus)])
    judge(opened.assignments.get())
    release = make_release(corpus, [opened], media="none")
    manifest = release.directory / "manifest.json"
    path = release.directory / "scheme.json"
    result = json.loads(path.read_text())
    result["tasks"][-1]["key"] = "a/b"
    path.chmod(0o644)
    path.write_text(json.dumps(result))
    files = json.loads(manifest.read_text())
    for entry in files["files"]:
        if entry["path"] == "scheme.json":
            entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.chmod(0o644)
    manifest.write_text(json.dumps(files))
    with pytest.raises(CommandError, match="a/b"):
        call_command("import_corpus", str(manifest), format="shengqing", corpus="x", check=True)
    task = {"data": {"text": "好"}, "annotations": [{"completed_by": 1, "result": [
        {"from_name": name, "type": "choices", "value": {"choices": [value]}}
        for name, value in [("a/b", "x")]]}]}  # fmt: skip
    other = json.loads(json.dumps(task).replace('"x"', '"y"'))
    studio = tmp_path / "tasks.json"
    studio.write_text(json.dumps([{**task, "id": 1}, {**other, "id": 2}]))
    with pytest.raises(CommandError, match="“a/b” cannot be the key of a task"):
        call_command("import_corpus", str(studio), format="labelstudio", corpus="x")
    assert Round.objects.count() == 1


def test_fields_of_the_form_and_tasks_never_meet():
    keys = ("utterance", "task", "csrfmiddlewaretoken", "answer-task", "answer-answer-task", "type")
    names = [field_of(key) for key in keys]
    assert len(set(names)) == len(keys) and names[-1] == "type"
    assert not {"utterance", "task", "csrfmiddlewaretoken"} & set(names)


def test_a_task_called_task_is_answered_without_scripts(corpus, client_of):
    person = make_member(corpus)
    odd = Scheme(tuple(
        Task(key, {"en": key, "zh": key}, "binary", YES_NO)
        for key in ("task", "utterance", "csrfmiddlewaretoken", "answer-task")
    ))  # fmt: skip
    make_dialogue(corpus, size=1)
    opened = make_round(corpus, [person], scheme_version=SchemeVersion.of(corpus, odd))
    assignment = opened.assignments.get()
    utterance = assignment.dialogue.utterances.get()
    client = client_of(person)
    client.handler.enforce_csrf_checks = True
    page = client.get(reverse("assignment", args=[assignment.pk])).content.decode()
    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    sent = {"utterance": utterance.pk, "csrfmiddlewaretoken": token}
    sent |= {field_of(key): "yes" for key in odd.keys}
    assert all(f'name="{field_of(key)}"' in page for key in odd.keys)
    answer = client.post(reverse("judgements", args=[assignment.pk]), sent)
    assert answer.status_code == 302
    result = dict(Judgement.objects.values_list("task", "value"))
    assert result == dict.fromkeys(odd.keys, "yes")


def test_every_column_of_a_table_is_one():
    keys = ("id", "text", "text_label", "split", "votes", "a", "a_votes", "a_soft", "gender",
            "speaker_gender", "id_label", "start", "translation", "translation_label")  # fmt: skip
    odd = Scheme(tuple(Task(key, {"en": key}, "binary", YES_NO) for key in keys))
    for chosen in (odd, Scheme(odd.tasks[::-1])):
        names = columns(chosen, ["gender"])
        assert set(names) == set(keys)
        features = utterance_features(chosen, ["gender"])
        assert len(features) == len(PLAIN) + 1 + 4 * len(keys)
        assert not set(names.values()) & {*PLAIN, *FIELDS, "speaker_gender"}
    assert columns(DEFAULT, []) == {key: key for key in DEFAULT.keys}
    assert columns(odd, [])["text"] == "text_label"
