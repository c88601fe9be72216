"""Members, schemes, rounds, answers and what is decided about them, by the client."""

import pytest

import shengqing
from annotation.models import QualityFlag
from tests.factories import (
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    make_release,
    make_round,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(lead, client_for):
    return client_for(lead)


def test_members_are_invited_appointed_and_dismissed(client, client_for, corpus):
    make_person("lin")
    made = client.members.invite(corpus.pk, "annotator", username="lin", days=7)
    assert made["link"] and made["person"]["username"] == "lin"
    assert next(client.members.invitations(corpus.pk, status="created"))["id"] == made["id"]
    client.members.revoke(made["id"])
    assert next(client.members.invitations(corpus.pk))["status"] == "revoked"
    with pytest.raises(shengqing.Problem):
        client.members.invite(corpus.pk, "annotator", username="nobody")
    make_member(corpus, username="zhao")
    (member,) = client.members.list(corpus.pk, role="annotator")
    assert client.members.appoint(member["id"], "adjudicator")["role"] == "adjudicator"
    client.members.dismiss(member["id"])
    assert [row["owner"] for row in client.members.list(corpus.pk)] == [True]


def test_versions_of_schemes_and_guidelines(client, corpus):
    tasks = [
        {
            "key": "tone", "names": {"en": "tone", "zh": "语气"}, "scale": "nominal",
            "values": [{"key": k, "names": {"en": k, "zh": k}} for k in ("calm", "loud")],
        }
    ]  # fmt: skip
    made = client.schemes.create(corpus.pk, tasks, note="tone alone")
    again = client.schemes.create(corpus.pk, made["tasks"])
    assert again["number"] == made["number"]
    assert client.schemes.get(corpus.pk, made["number"])["note"] == "tone alone"
    assert made["number"] in [row["number"] for row in client.schemes.list(corpus.pk)]
    with pytest.raises(shengqing.Problem, match="tone"):
        client.schemes.create(corpus.pk, [tasks[0] | {"values": []}])
    guideline = client.guidelines.create(corpus.pk, "# Tone", note="first")
    assert client.guidelines.get(guideline["id"])["text"] == "# Tone"
    assert [row["note"] for row in client.guidelines.list(corpus.pk)] == ["first"]


def test_speakers_and_dialogues(client, corpus):
    dialogue = make_dialogue(corpus, published=False)
    assert client.dialogues.publish(dialogue.pk)["published"]
    made = client.speakers.introduce(corpus.pk, "小唐")
    assert client.speakers.update(made["id"], pseudonym="S2", gender="female")["traits"] == {
        "gender": "female"
    }
    first = next(client.speakers.list(corpus.pk))
    assert client.speakers.merge(first["id"], made["id"])["name"] == "小唐"
    assert first["id"] not in [row["id"] for row in client.speakers.list(corpus.pk)]


def test_a_round_is_looked_after(client, corpus):
    make_dialogue(corpus)
    opened = make_round(corpus, [make_member(corpus)])
    (place,) = client.rounds.dialogues(opened.pk)
    assert client.rounds.withdraw(opened.pk, place["id"], "no sound")["withdrawn"]
    client.rounds.reinstate(opened.pk, place["id"])
    assert not next(client.rounds.dialogues(opened.pk))["withdrawn"]
    seat = client.rounds.admit(opened.pk, make_member(corpus).pk, quota=3)
    assert client.rounds.block(seat["id"])["blocked"]
    assert not client.rounds.block(seat["id"], blocked=False)["blocked"]
    client.rounds.dismiss(seat["id"])
    assert [row["left"] for row in client.rounds.participants(opened.pk)] == [False, True]


def test_results_of_a_round(client, corpus):
    judged = make_judged_round(corpus)
    items = [*client.results.items(judged.pk, task="emotion", open=True)]
    assert items and all(len(item["answers"]) == 2 for item in items)
    where = (judged.pk, items[0]["utterance"], "emotion")
    client.results.adjudicate(*where, "joy", reason="he laughs")
    client.results.adjudicate(*where, verdict="none")
    verdicts = [row["verdict"] for row in client.results.adjudications(judged.pk)]
    assert sorted(verdicts) == ["none", "value"]
    with pytest.raises(shengqing.Problem, match="purple"):
        client.results.adjudicate(*where, "purple")

    dialogue = corpus.dialogues.first()
    utterance = dialogue.utterances.first().pk
    (label,) = client.results.set_expert_labels(
        dialogue.pk, {utterance: {"emotion": "joy"}}, why="he laughs"
    )
    assert [label] == client.results.expert_labels(dialogue.pk) and label["why"] == "he laughs"
    assert client.results.set_expert_labels(dialogue.pk, {utterance: {"emotion": ""}}) == []

    flag = QualityFlag.objects.create(round=judged, kind="fast", key="f", neg_log10_p=4.0)
    client.results.review_flag(flag.pk, "talked", "so")
    (found,) = client.results.quality_flags(judged.pk)
    assert found["reviews"][0]["words"] == "so"


def test_comments_are_answered(client, client_for, corpus):
    make_dialogue(corpus)
    annotator = make_member(corpus)
    opened = make_round(corpus, [annotator])
    work = opened.assignments.get()
    client_for(annotator).work.comment(work.pk, work.dialogue.utterances.first().pk, "what?")
    (comment,) = client.comments.list(opened.pk, kind="comment")
    assert client.comments.reply(comment["id"], "so")["replies"][0]["words"] == "so"
    client.comments.resolve(comment["id"])
    assert [*client.comments.list(opened.pk, resolved=False)] == []
    client.comments.unresolve(comment["id"])
    assert len([*client.comments.list(opened.pk, resolved=False)]) == 1


@pytest.mark.django_db(transaction=True)
def test_a_release_is_imported_and_undone(client, corpus, tmp_path):
    release = make_release(corpus, [make_judged_round(corpus)], media="none")
    path = client.releases.archive(release.pk, tmp_path / "release.zip")
    target = client.corpora.create("elsewhere")["id"]
    read = client.imports.read(target, [path])
    assert read["state"] == "draft" and read["counts"]["utterances"] == 8
    stored = client.imports.confirm(read["id"], labels="published")
    assert stored["stored"] and len([*client.dialogues.list(target)]) == 4
    assert client.imports.undo(read["id"])["undone"] and not [*client.dialogues.list(target)]
    assert client.imports.get(read["id"])["undone"]
    assert [row["id"] for row in client.imports.list(target)] == [read["id"]]
    path.write_bytes(b"PK")
    with pytest.raises(shengqing.ShengqingError):
        client.imports.read(target, [path])
