import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from annotation.models import Adjudication
from corpus.models import Dialogue, Utterance
from people.models import Event
from releases.models import Diff
from tests.factories import (
    judge,
    make_corpus,
    make_dialogue,
    make_judged_round,
    make_member,
    make_person,
    make_release,
    make_round,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(corpus, lead, monkeypatch):
    """Two releases between which one thing of each kind changes."""
    monkeypatch.setattr(Diff, "later", Diff.compare)
    judged = make_judged_round(corpus, dialogues=5)
    one = make_release(corpus, [judged])
    first, second, third, fourth, fifth = corpus.dialogues.order_by("pk")
    Utterance.objects.filter(pk=first.utterances.first().pk).update(text="别的话", start=0.25)
    Adjudication.rule(lead, judged, second.utterances.first(), "sentiment", "positive")
    Adjudication.rule(lead, judged, first.utterances.first(), "emotion", "fear")
    moved = "test" if _split(one, third.uid) != "test" else "train"
    Dialogue.objects.update(split="train")
    for dialogue in (first, second, fourth, fifth):
        Dialogue.objects.filter(pk=dialogue.pk).update(split=_split(one, dialogue.uid))
    Dialogue.objects.filter(pk=third.pk).update(split=moved)
    judged.places.get(dialogue=fifth).withdraw(lead, "wrong")
    new = make_dialogue(corpus, split="train")
    more = make_round(corpus, [make_member(corpus)], dialogues=[new])
    judge(more.assignments.get())
    return one, make_release(corpus, [judged, more], "1.1.0"), third


def _split(release, uid):
    return json.loads((release.directory / "splits.json").read_text())["dialogues"][uid]


def test_everything_that_changed_is_counted_once(two, capsys, corpus):
    one, other, third = two
    call_command("diff_releases", f"{corpus}@1.0.0", str(other.directory), json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["dialogues"] == {"kept": 4, "added": 1, "dropped": 1, "moved": 1}
    assert found["utterances"] == {
        "kept": 8, "added": 2, "dropped": 2, "text": 1, "times": 1, "speaker": 0, "dialogue": 0,
    }  # fmt: skip
    sentiment, emotion = found["labels"]["sentiment"], found["labels"]["emotion"]
    assert (sentiment["compared"], sentiment["changed"], sentiment["share"]) == (8, 1, 1 / 8)
    place = sentiment["values"].index
    assert sentiment["confusion"][place("neutral")][place("positive")] == 1
    assert (emotion["gained"], emotion["lost"], emotion["changed"]) == (1, 0, 0)
    assert sum(map(sum, emotion["confusion"])) == 8
    before, after = emotion["alpha"]
    assert before["low"] <= before["value"] <= before["high"] and after["units"] == 8
    assert sum(found["moves"].values()) == 1
    call_command("diff_releases", str(one.directory), str(other.directory), rows=True)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {what for row in rows for what in row["what"]} == {
        "added", "dropped", "text", "times", "label:sentiment", "label:emotion",
        "dialogue_added", "dialogue_dropped", "dialogue_moved",
    }  # fmt: skip
    call_command("diff_releases", str(one.directory), str(other.directory))
    assert "sentiment: 1 of 8 labels changed (12.5 %)" in capsys.readouterr().out


def test_nothing_changed_between_a_release_and_itself(two, capsys):
    one, _other, _third = two
    call_command("diff_releases", str(one.directory), str(one.directory), json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["same_contents"] and not any(row["changed"] for row in found["labels"].values())
    with pytest.raises(CommandError, match="no release directory"):
        call_command("diff_releases", "nothing", str(one.directory))


def test_on_a_page_with_every_number_leading_to_its_rows(two, client_of, lead, corpus):
    one, other, third = two
    client = client_of(lead)
    form = {"one": one.pk, "other": other.pk}
    page = client.post(reverse("diff"), form, follow=True)
    assert page.status_code == 200, page
    found = Diff.objects.get()
    address = reverse("release_diff", args=[found.pk])
    assert (
        f"/dialogues/{third.pk}/" in client.get(f"{address}?what=dialogue_moved").content.decode()
    )
    text = client.get(f"{address}?what=text").content.decode()
    assert "<del>第1句</del> <ins>别的话</ins>" in text
    was = client.get(f"{address}?what=label:sentiment&was=neutral&now=positive").content.decode()
    assert was.count('<article class="item">') == 1
    none = client.get(f"{address}?what=label:sentiment&was=positive&now=neutral").content.decode()
    assert "Nothing of this kind changed" in none
    assert client.get(reverse("diff_json", args=[found.pk])).json() == found.result
    client.post(reverse("diff"), form)
    assert Diff.objects.count() == 1 and Event.objects.filter(verb="diff").count() == 1


def test_strangers_see_no_diff(two, client_of, corpus):
    one, other, _third = two
    found = Diff.request(None, one, other)
    stranger, member = client_of(make_person()), client_of(make_member(corpus))
    address = reverse("release_diff", args=[found.pk])
    assert stranger.get(address).status_code == 404 and member.get(address).status_code == 200
    foreign = make_corpus()
    theirs = make_release(foreign, [make_judged_round(foreign)])
    form = {"one": one.pk, "other": theirs.pk}
    assert member.post(reverse("diff"), form).status_code == 404
