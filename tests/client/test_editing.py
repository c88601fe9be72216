"""Dialogues that are edited, their media, and what becomes of them in rounds, by the client."""

import json

import pytest

import shengqing
from annotation.models import Round, Suggestion
from corpus.models import Corpus
from tests.client.test_whole_journey import EMOTION
from tests.factories import make_dialogue, make_judged_round, make_member, make_person, make_round

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(lead, client_for):
    return client_for(lead)


def test_a_dialogue_is_edited_undone_and_republished(client, corpus):
    dialogue = make_dialogue(corpus).pk
    seen = client.dialogues.edited(dialogue)
    turns = [seen["turns"][0] | {"text": "好"}, *seen["turns"][1:]]
    edited = client.dialogues.edit(dialogue, seen["head"], turns)
    assert edited["draft"] and edited["turns"][0]["text"] == "好"
    with pytest.raises(shengqing.Conflict):  # somebody was faster
        client.dialogues.edit(dialogue, seen["head"], turns)
    head = client.dialogues.undo(dialogue, edited["head"])
    assert head["turns"][0]["text"] == seen["turns"][0]["text"] and head["can_redo"]
    head = client.dialogues.redo(dialogue, head["head"])
    (change,) = client.dialogues.changes(dialogue)
    assert change["after"]["text"] == "好"
    assert client.dialogues.republish(dialogue) == {"anew": 1, "reopened": 0}
    assert client.dialogues.changes(dialogue) == []
    assert {0, 1} <= {row["number"] for row in client.dialogues.revisions(dialogue)}
    client.dialogues.restore(dialogue, head["head"], 0)
    other = make_dialogue(corpus, published=False).pk
    client.dialogues.publish(other)
    client.dialogues.unpublish(other)
    assert not client.dialogues.get(other)["published"]


@pytest.mark.django_db(transaction=True)
def test_an_episode_is_divided_and_its_media_downloaded(client, lead, film, srt, tmp_path):
    corpus = client.corpora.create("films")["id"]
    source = client.sources.push(corpus, media=film, transcript=srt)["id"]
    client.jobs.wait(client.sources.confirm(source, gap=3.0))
    first, second = client.dialogues.list(corpus, source=source)
    last = [*client.dialogues.utterances(corpus, dialogue=second["id"])][-1]["id"]
    client.jobs.wait(client.dialogues.split(second["id"], last))
    assert len([*client.dialogues.list(corpus)]) == 3
    client.jobs.wait(client.dialogues.join(first["id"]))
    assert sorted(row["utterances"] for row in client.dialogues.list(corpus)) == [1, 3]
    client.jobs.wait(client.sources.resegment(source, gap=5.0))
    (only,) = client.dialogues.list(corpus)
    clip = client.dialogues.media(only["id"], "clip", tmp_path / "clip.mp4")
    assert clip.stat().st_size > 10_000
    spoken = next(client.dialogues.utterances(corpus))["id"]
    sound = client.dialogues.sound(spoken, tmp_path / "spoken.wav")
    assert sound.read_bytes()[:4] == b"RIFF"
    assert client.corpora.storage(corpus)["bytes"]["clips"] > 10_000
    assert [*client.sources.problems(source)] == []
    client.jobs.wait(client.corpora.check_clips(corpus))
    assert client.corpora.clips_to_recut(corpus)["dialogues"] == []
    client.jobs.wait(client.corpora.list_issues(corpus))
    report = client.corpora.integrity(corpus)
    found = [row["kind"] for row in client.corpora.issues(corpus)]
    assert report["listed_at"] and {*found} == {*report["issues"]}
    with pytest.raises(shengqing.Conflict, match="No clip"):
        client.corpora.recut_clips(corpus)
    assert client.sources.file(source, "transcript", tmp_path / "sent.srt").read_bytes() == (
        srt.read_bytes()
    )
    other = tmp_path / "other.srt"
    other.write_text("1\n00:00:00,500 --> 00:00:01,500\n好\n", "utf-8")
    replaced = client.sources.replace(source, media=film, transcript=other)
    assert replaced["state"] == "draft" and replaced["inspected"]
    assert [*client.dialogues.list(corpus)] == []


def test_dialogues_are_left_to_others_and_taken_up_again(client, client_for, corpus):
    make_dialogue(corpus)
    annotator = make_member(corpus)
    opened = make_round(corpus, [annotator])
    Round.objects.update(reopen_hours=24)
    work, held = client_for(annotator).work, opened.assignments.get().pk
    work.skip(held, "bad_clip", "no sound")
    assert work.next(opened.pk) is None
    work.undo_skip(held)
    found = work.next(opened.pk)
    answers = {
        turn["id"]: {task["key"]: task["values"][0]["key"] for task in next(work.tasks())["scheme"]}
        for turn in found["utterances"]
    }
    work.submit(held, answers)
    assert {row["utterance"] for row in work.judgements()} == {*answers}
    assert client.rounds.progress(opened.pk)["submitted"] == 1
    (person,) = client.rounds.pace(corpus.pk)
    assert person["submissions"] == 1
    work.reopen(held)
    assert work.next(opened.pk)["assignment"] == held
    assert client.rounds.extend(opened.pk, due="2099-01-01")["due"] == "2099-01-01"


def test_what_rounds_and_releases_start_with(client, corpus):
    scheme = client.schemes.create(corpus.pk, [EMOTION], note="emotions")["number"]
    chosen = client.corpora.set_annotation_settings(corpus.pk, scheme=scheme)
    assert client.corpora.annotation_settings(corpus.pk) == chosen == {"scheme": scheme}
    changed = client.corpora.set_release_settings(corpus.pk, licence="cc-by-4.0")
    assert client.corpora.release_settings(corpus.pk) == changed
    assert changed == {"licence": "cc-by-4.0", "members_may_read": False}
    for name in ("甲", "乙"):
        client.speakers.introduce(corpus.pk, name)
    assert client.speakers.give_pseudonyms(corpus.pk) == 2
    assert all(row["pseudonym"] for row in client.speakers.list(corpus.pk))
    with pytest.raises(shengqing.NotFound):
        client.corpora.resume_deletion(1)


@pytest.mark.django_db(transaction=True)
def test_two_rounds_are_compared(client, corpus):
    first, second = make_judged_round(corpus, dialogues=2), make_judged_round(corpus, dialogues=2)
    with pytest.raises(shengqing.NotFound):
        client.rounds.comparison(first.pk, second.pk)
    client.jobs.wait(client.rounds.compare(first.pk, second.pk))
    assert {*client.rounds.comparison(first.pk, second.pk)["tasks"]} >= {"emotion"}


def test_tasks_of_label_studio_go_out_and_come_in(client, corpus, tmp_path):
    judged = make_judged_round(corpus, dialogues=2)
    utterance = judged.round_items.first().dialogue.utterances.first()
    guess = {"utterance": utterance.uid, "task": "emotion", "value": "joy", "probability": 0.7}
    with pytest.raises(shengqing.Invalid, match="no utterance"):
        client.imports.suggest(corpus.pk, "net", [guess | {"utterance": "x"}])
    assert client.imports.suggest(corpus.pk, "net", [guess]) == 1
    assert client.rounds.set_consensus(judged.pk, "majority")["consensus"] == "majority"
    path = client.rounds.label_studio(judged.pk, tmp_path / "tasks.json")
    tasks = json.loads(path.read_text("utf-8"))
    assert len(tasks) == 4 and all(len(task["annotations"]) == 2 for task in tasks)
    assert sum(len(task["predictions"]) for task in tasks) == 1


@pytest.mark.django_db(transaction=True)
def test_tasks_are_imported_with_their_suggestions(client, corpus):
    prediction = {
        "model_version": "net 1", "score": 0.7,
        "result": [{"from_name": "emotion", "to_name": "text", "type": "choices",
                    "value": {"choices": ["joy"]}}],
    }  # fmt: skip
    tasks = [
        {"id": n, "data": {"text": "好", "dialogue": "d"}, "predictions": [prediction]}
        for n in (1, 2)
    ]
    read = client.imports.read_tasks(corpus.pk, tasks)
    assert client.imports.confirm(read["id"], labels="published")["stored"]
    assert Suggestion.objects.filter(value="joy").count() == 2
    again = client.imports.read_tasks(corpus.pk, tasks)
    assert all(row["reason"] for row in client.imports.problems(again["id"]))
    client.imports.delete(again["id"])


def test_people_come_in_by_themselves(client, client_for, corpus, lead):
    lin = make_person("lin")
    invitation = client.members.invite(corpus.pk, "annotator", username="lin")
    client.members.extend(invitation["id"], 30)
    renewed = client.members.renew(invitation["id"])
    assert renewed["link"] != invitation["link"]
    mine = client_for(lin).members
    (waiting,) = mine.own_invitations()
    assert waiting["corpus"] == corpus.name and waiting["invited_by"]["id"] == lead.pk
    mine.accept(waiting["id"])
    assert [row["person"]["username"] for row in client.members.list(corpus.pk)] == ["lead", "lin"]
    zhao = make_person("zhao")
    client.members.invite(corpus.pk, "annotator", username="zhao")
    theirs = client_for(zhao).members
    theirs.decline(next(theirs.own_invitations())["id"])
    assert [*theirs.own_invitations()] == []


@pytest.mark.django_db(transaction=True)
def test_a_join_link(client, client_of, corpus):
    with pytest.raises(shengqing.NotFound):
        client.members.join_link(corpus.pk)
    link = client.members.open_join_link(corpus.pk, most=5)
    assert link["link"] and client.members.join_link(corpus.pk)["most"] == 5
    client_of(make_person("lin")).post(link["link"])
    (asked,) = client.members.join_requests(corpus.pk, waiting=True)
    assert client.members.decide(asked["id"], True)["approved"]
    client.members.close_join_link(corpus.pk)


@pytest.mark.django_db(transaction=True)
def test_a_corpus_is_handed_over_and_deleted(client, client_for):
    corpus = client.corpora.create("to go")["id"]
    other = make_member(Corpus.objects.get(pk=corpus), "lead")
    client.corpora.offer(corpus, other.pk)
    client.corpora.withdraw_offer(corpus)
    client.corpora.offer(corpus, other.pk)
    theirs = client_for(other).corpora
    theirs.accept_ownership(corpus)
    with pytest.raises(shengqing.Problem):
        client.corpora.losses(corpus)
    assert theirs.losses(corpus)["name"] == "to go"
    with pytest.raises(shengqing.Problem):
        theirs.delete(corpus, "another name")
    job = theirs.delete(corpus, "to go")
    assert client_for(other).jobs.wait(job)["state"] == "done"
    assert not Corpus.objects.filter(pk=corpus).exists()


def test_personal_data_is_reviewed(client, corpus):
    utterance = make_dialogue(corpus).utterances.first()
    utterance.text = "打我电话13812345678"
    utterance.save()
    (found,) = client.releases.personal_data(corpus.pk)
    client.releases.review_personal_data(found["utterance"], found["words"], "keep")
    assert next(client.releases.personal_data(corpus.pk))["outcome"] == "keep"
