"""Our own releases come back as they were: freeze, import, freeze."""

import json

import pytest
from django.core.files import File
from django.core.management import CommandError, call_command

from annotation.adjudication import adjudicate
from annotation.answers import save_answer, submit_assignment
from annotation.models import Adjudication, Guideline, Judgement, Round
from core.storage import digest
from corpus.integrity import check
from corpus.models import Corpus
from people.models import Person
from releases import formats
from tests.factories import (
    ANSWERS,
    answer_all,
    judge,
    make_corpus,
    make_dialogue,
    make_member,
    make_release,
    make_round,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def frozen(corpus, film, srt, lead):
    """A release with clips, text-only dialogues, two annotators who differ, and a ruling."""
    source = corpus.sources.create(title="film", gap=3.0)
    with film.open("rb") as media, srt.open("rb") as words:
        source.media.save("film.mp4", File(media))
        source.transcript.save("film.srt", File(words))
    source.run()
    source.publish(lead)
    make_dialogue(corpus, size=3)
    opened = make_round(corpus, [make_member(corpus), make_member(corpus)], name="R1")
    for number, assignment in enumerate(opened.assignments.all()):
        judge(assignment, emotion="joy" if number % 2 else "anger")
    utterance = source.dialogues.first().utterances.first()
    adjudicate(lead, opened, utterance, "emotion", "fear")
    return make_release(corpus, [opened])


def files(release):
    return json.loads(read(release, "manifest.json"))["files"]


def read(release, name):
    return (release.directory / name).read_text("utf-8")


def test_freeze_import_freeze_is_the_same(frozen, capsys):
    manifest = frozen.directory / "manifest.json"
    call_command("import_corpus", str(manifest), format="shengqing", corpus="again")
    again = Corpus.objects.get(name="again")
    said = capsys.readouterr().out
    assert "film: 2 dialogues, 4 labelled" in said and "1 dialogues, 3 labelled" in said
    opened = Round.objects.get(corpus=again)
    assert (opened.name, opened.overlap, opened.published) == ("R1", 2, True)
    assert list(check(again, deep=True)) == []
    second = make_release(again, [opened])
    for name in ("utterances.jsonl", "judgements.jsonl", "scheme.json", "agreement.json"):
        assert read(second, name) == read(frozen, name), name
    assert second.contents == frozen.contents and second.digest != frozen.digest
    assert sum("media/" in entry["path"] for entry in files(second)) == 2
    stand_ins = Person.objects.filter(username__startswith="released-")
    assert not any(person.is_active or person.has_usable_password() for person in stand_ins)


def test_everything_about_rounds_and_answers_comes_back(corpus, lead):
    """Two rounds, a guideline, confidence, "cannot tell", an ambiguous item, traits, a rule."""
    for _ in range(2):
        make_dialogue(corpus, split="test")
    corpus.speakers.filter(name="A").update(traits={"gender": "female", "age": "old"})
    people = [make_member(corpus) for _ in range(3)]
    guideline = Guideline.draw_up(lead, corpus, "# 指南\n\n说反话就是讽刺。")
    options = {"confidence": True, "cannot_tell": True, "guideline": guideline, "view": "audio"}
    one = make_round(corpus, people[:2], name="R1", **options)
    for number, assignment in enumerate(one.assignments.all()):
        confidence = number % 3 + 1
        answer_all(assignment, lambda _one: ANSWERS, confidence=confidence, seconds=1.234)
        first = assignment.dialogue.utterances.first()
        save_answer(assignment, first, "humor", "cannot_tell", confidence=1)
        for task in ("sarcasm_humor",):
            save_answer(assignment, first, task, "")
        submit_assignment(assignment)
    two = make_round(corpus, people[2:], name="R2")
    for assignment in two.assignments.all():
        judge(assignment, emotion="joy")
    utterance = corpus.dialogues.first().utterances.last()
    adjudicate(lead, one, utterance, "emotion", verdict="ambiguous")
    frozen = make_release(corpus, [one, two], speakers="pseudonyms")
    assert frozen.status == "done", frozen.failure_text
    manifest = str(frozen.directory / "manifest.json")
    call_command("import_corpus", manifest, format="shengqing", corpus="again")
    again = Corpus.objects.get(name="again")
    rounds = list(Round.objects.filter(corpus=again).order_by("name"))
    assert rounds[0].guideline.text == guideline.text and rounds[0].view == "audio"
    assert rounds[0].confidence and rounds[0].cannot_tell and rounds[1].guideline is None
    assert Adjudication.objects.filter(round__corpus=again, verdict="ambiguous").count() == 1
    second = make_release(again, rounds, speakers="pseudonyms")
    for name in ("utterances.jsonl", "judgements.jsonl", "scheme.json", "guideline-1.md"):
        assert read(second, name) == read(frozen, name), name
    assert second.contents == frozen.contents


def test_a_release_that_was_touched_is_not_imported(frozen):
    manifest = frozen.directory / "manifest.json"
    path = frozen.directory / "utterances.jsonl"
    path.write_text(path.read_text("utf-8").replace("你好", "您好"), "utf-8")
    with pytest.raises(CommandError, match="utterances.jsonl is not as it was published"):
        call_command("import_corpus", str(manifest), format="shengqing", corpus="again")
    data = json.loads(manifest.read_text("utf-8"))
    for broken, said in (
        (data | {"layout": 9}, "layout 9"),
        (data | {"files": [{"path": "../../x", "sha256": ""}]}, "not the manifest of a whole"),
        ([], "not the manifest of a whole"),
    ):
        manifest.write_text(json.dumps(broken), "utf-8")
        with pytest.raises(CommandError, match=said):
            call_command("import_corpus", str(manifest), format="shengqing", corpus="again")
    assert not Corpus.objects.filter(name="again").exists()


def test_media_outside_the_release_are_not_taken(frozen):
    manifest = frozen.directory / "manifest.json"
    path = frozen.directory / "utterances.jsonl"
    path.write_text(path.read_text("utf-8").replace("media/000001.mp4", "/etc/passwd"), "utf-8")
    data = json.loads(manifest.read_text("utf-8"))
    for entry in data["files"]:
        if entry["path"] == "utterances.jsonl":
            entry["sha256"] = digest(path)
    manifest.write_text(json.dumps(data), "utf-8")
    with pytest.raises(CommandError, match="/etc/passwd is not in the manifest"):
        call_command("import_corpus", str(manifest), format="shengqing", corpus="again")


def task(number, text, *annotators, **data):
    """A Label Studio task with one choice of sentiment by each annotator."""
    annotations = [
        {
            "completed_by": who,
            "result": [
                {"from_name": "sentiment", "type": "choices", "value": {"choices": [answer]}},
                {"from_name": "box", "type": "rectangle", "value": {}},
            ],
        }
        for who, answer in annotators
    ]
    return {"id": number, "data": {"text": text} | data, "annotations": annotations}


def test_label_studio_with_everybody_s_labels(tmp_path, capsys):
    tasks = [
        task(7, "你好", (1, "positive"), ({"id": 2}, "neutral"), dialogue_id="D", speaker="A"),
        task(9, "嗯", (1, "neutral"), dialogue_id="E"),
        task(8, "再见", (1, "negative"), dialogue_id="D", start=1.5, end="2.5"),
        task(10, "", (1, "negative")),
        task(11, "", (1, "x")) | {"data": {"turns": [{"text": "甲", "author": "B"}]}},
    ]
    tasks[1]["annotations"][0]["was_cancelled"] = True
    tasks[4]["annotations"][0]["result"][0] = {
        "from_name": "emotion",
        "type": "paragraphlabels",
        "value": {"start": "0", "end": "0", "paragraphlabels": ["joy"]},
    }
    path = tmp_path / "export.json"
    path.write_text(json.dumps(tasks), "utf-8")
    call_command("import_corpus", str(path), format="labelstudio", corpus="LS")
    corpus = Corpus.objects.get(name="LS")
    said = capsys.readouterr().out
    assert "the task has no text" in said and "answers of this kind are not imported" in said
    shown = {d.uid: [u.text for u in d.utterances.all()] for d in corpus.dialogues.all()}
    assert shown == {"D": ["你好", "再见"], "E": ["嗯"], "11": ["甲"]}
    given = Judgement.objects.order_by("pk").values_list(
        "assignment__person__name", "utterance__text", "task", "value"
    )
    assert set(given) == {
        ("1", "你好", "sentiment", "positive"),
        ("2", "你好", "sentiment", "neutral"),
        ("1", "再见", "sentiment", "negative"),
        ("1", "甲", "emotion", "joy"),
    }


def test_label_studio_minimal(tmp_path):
    row = {"id": 1, "annotator": 3, "annotation_id": 5, "text": "你好", "sentiment": "positive"}
    path = tmp_path / "min.json"
    path.write_text(json.dumps([row, row | {"id": 2, "annotator": 4}]), "utf-8")
    call_command("import_corpus", str(path), format="labelstudio", corpus="LS")
    assert Judgement.objects.count() == 2
    path.write_text("{}", "utf-8")
    with pytest.raises(CommandError, match="not Label Studio's JSON"):
        call_command("import_corpus", str(path), format="labelstudio", corpus="LS 2")
    make_corpus()


def test_our_label_studio_export_comes_back_as_it_was(corpus, lead, tmp_path):
    """Ids, official splits, sources, speakers, times, rounds and pseudonyms; "cannot tell" too."""
    for split in ("train", "valid", "test", "test"):
        make_dialogue(corpus, size=2, split=split)
    people = [make_member(corpus), make_member(corpus)]
    one = make_round(corpus, people, name="R1", cannot_tell=True)
    two = make_round(corpus, people[:1], name="R2")
    for number, assignment in enumerate([*one.assignments.all(), *two.assignments.all()]):
        first = assignment.dialogue.utterances.first()
        judge(assignment, emotion="joy" if number % 2 else "anger", submit=False)
        if assignment.round_id == one.pk:
            save_answer(assignment, first, "sarcasm", "cannot_tell")
            save_answer(assignment, first, "sarcasm_humor", "")
        submit_assignment(assignment)
    frozen = make_release(corpus, [one, two])
    assert frozen.status == "done", frozen.failure_text
    formats.export("labelstudio", frozen.directory, tmp_path)
    call_command(
        "import_corpus", str(tmp_path / "tasks.json"), format="labelstudio", corpus="again"
    )
    again = Corpus.objects.get(name="again")
    keys = ("uid", "dialogue__uid", "dialogue__split", "dialogue__source__title", "speaker__name",
            "text", "start", "end", "number")  # fmt: skip
    assert sorted(again.utterances.values_list(*keys)) == sorted(
        corpus.utterances.values_list(*keys)
    )
    released = {
        (row["utterance"], row["annotator"], row["round"], row["task"], row["value"])
        for row in map(json.loads, read(frozen, "judgements.jsonl").split("\n")[:-1])
    }
    names = ("utterance__uid", "assignment__person__name", "assignment__round__name")
    stored = Judgement.objects.filter(utterance__corpus=again)
    assert set(stored.values_list(*names, "task", "value")) == released
    assert {value for *_rest, value in released} >= {"cannot_tell"}
