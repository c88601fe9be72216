import json

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from annotation.adjudication import adjudicate
from annotation.withdrawal import withdraw
from corpus.models import Dialogue, Utterance
from people.models import Event
from releases.models import Diff, MemberAccess
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
    monkeypatch.setattr(Diff, "later", Diff.run)
    judged = make_judged_round(corpus, dialogues=5)
    one = make_release(corpus, [judged])
    first, second, third, fourth, fifth = corpus.dialogues.order_by("pk")
    Utterance.objects.filter(pk=first.utterances.first().pk).update(text="别的话", start=0.25)
    adjudicate(lead, judged, second.utterances.first(), "sentiment", "positive")
    adjudicate(lead, judged, first.utterances.first(), "emotion", "fear")
    moved = "test" if _split(one, third.uid) != "test" else "train"
    Dialogue.objects.update(split="train")
    for dialogue in (first, second, fourth, fifth):
        Dialogue.objects.filter(pk=dialogue.pk).update(split=_split(one, dialogue.uid))
    Dialogue.objects.filter(pk=third.pk).update(split=moved)
    withdraw(judged.round_items.get(dialogue=fifth), lead, "wrong")
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
        "kept": 8, "added": 2, "dropped": 2, "moved": 2, "text": 1, "times": 1, "speaker": 0,
        "dialogue": 0,
    }  # fmt: skip
    assert found["matching"] == {
        "how": "auto", "id": 8, "content": 0, "ambiguous": 0,
        "ids": {"common": 8, "agreeing": 7, "trusted": True},
    }  # fmt: skip
    assert sum(found["utterance_moves"].values()) == 2
    sentiment, emotion = found["labels"]["sentiment"], found["labels"]["emotion"]
    assert (sentiment["compared"], sentiment["changed"], sentiment["share"]) == (8, 1, 1 / 8)
    place = sentiment["values"].index
    assert sentiment["confusion"][place("neutral")][place("positive")] == 1
    assert (emotion["gained"], emotion["lost"], emotion["changed"]) == (1, 0, 0)
    assert sum(map(sum, emotion["confusion"])) == 8
    before, after = emotion["alpha"]
    assert before["value"] < 1 and before["low"] is None  # five dialogues give no interval
    assert after["units"] == 8
    assert sum(found["moves"].values()) == 1
    call_command("diff_releases", str(one.directory), str(other.directory), rows=True)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {what for row in rows for what in row["what"]} == {
        "added", "dropped", "moved", "text", "times", "label:sentiment", "label:emotion",
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
    assert "No such changes" in none
    assert client.get(reverse("diff_json", args=[found.pk])).json() == found.result
    client.post(reverse("diff"), form)
    assert Diff.objects.count() == 1 and Event.objects.filter(verb="diff").count() == 1


def test_strangers_see_no_diff(two, client_of, corpus, lead):
    one, other, _third = two
    found = Diff.request(None, one, other)
    stranger, member = client_of(make_person()), client_of(make_member(corpus))
    address = reverse("release_diff", args=[found.pk])
    assert {who.get(address).status_code for who in (stranger, member)} == {404}
    MemberAccess.allow(lead, one)
    form = {"one": one.pk, "other": other.pk}
    assert member.get(address).status_code == member.post(reverse("diff"), form).status_code == 404
    MemberAccess.allow(lead, other)
    assert stranger.get(address).status_code == 404 and member.get(address).status_code == 200
    assert member.post(reverse("diff"), form).status_code == 302
    one.retract(lead, "withdrawn", "consent was taken back")
    for where in (address, reverse("diff_json", args=[found.pk])):
        assert (
            member.get(where).status_code == 404 and client_of(lead).get(where).status_code == 200
        )
    assert member.post(reverse("diff"), form).status_code == 404
    foreign = make_corpus()
    theirs = make_release(foreign, [make_judged_round(foreign)])
    form = {"one": one.pk, "other": theirs.pk}
    assert member.post(reverse("diff"), form).status_code == 404


def rewrite(release, rows):
    """Make the release hold other utterances."""
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (release.directory / "utterances.jsonl").write_text("".join(lines), "utf-8")


@pytest.fixture
def renumbered(two):
    """Two releases, the later of which gives the earlier's ids to other lines: dialogues in another
    order, one label and one split otherwise, a text corrected, a line and a dialogue added.
    """
    one, other, _third = two
    path = one.directory / "utterances.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    rows = [
        row | {"text": f"{name}讲的{place}", "split": "train"}
        for row, name, place in zip(rows, "赵钱孙李周吴郑王冯陈", EXPECTED, strict=True)
    ]
    rewrite(one, rows)
    later = [dict(row) for row in [*rows[4:], *rows[:4]]]
    later[1]["text"] += "吗"
    later[2]["gold"] = later[2]["gold"] | {"sentiment": "positive"}
    for row in later[-2:]:
        row["split"] = "valid"
    later[1:1] = [later[0] | {"text": "这一句是后来才补上去的"}]
    later.append(later[0] | {"text": "谁也没有听过的话", "dialogue": "new"})
    names = list(dict.fromkeys(row["dialogue"] for row in rows))
    ids = [row["id"] for row in rows]
    named = dict(zip(dict.fromkeys(row["dialogue"] for row in later), [*names, "new"]))
    for row, uid in zip(later, [*ids, "x", "y"], strict=True):
        row |= {"id": uid, "dialogue": named[row["dialogue"]]}
    rewrite(other, later)
    return one, other


EXPECTED = ["天气预报", "昨晚电影", "老家故事", "股票行情", "晚饭菜单", "考试成绩", "旅行计划"]
EXPECTED += ["新买手机", "邻居小狗", "周末安排"]


def test_releases_whose_ids_name_other_lines_are_compared_by_content(renumbered, capsys):
    one, other = (str(release.directory) for release in renumbered)
    call_command("diff_releases", one, other, json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["matching"].pop("ids")["trusted"] is False
    assert found["matching"] == {"how": "auto", "id": 0, "content": 10, "ambiguous": 0}
    assert found["utterances"] == {
        "kept": 10, "added": 2, "dropped": 0, "moved": 2, "text": 1, "times": 0, "speaker": 0,
        "dialogue": 0,
    }  # fmt: skip
    assert found["dialogues"] == {"kept": 5, "added": 1, "dropped": 0, "moved": 1}
    assert found["moves"] == {"train → valid": 1}
    assert found["utterance_moves"] == {"train → valid": 2}
    assert found["labels"]["sentiment"]["changed"] == 1
    call_command("diff_releases", one, other, match="id", json=True)
    by_id = json.loads(capsys.readouterr().out)
    assert by_id["utterances"]["text"] == 10 and by_id["matching"]["content"] == 0
    call_command("diff_releases", one, other, match="content")
    said = capsys.readouterr().out
    assert "matched by id 0, by content 10, ambiguous 0" in said
    assert "  train → valid: 2 utterances" in said and "ids are not compared" not in said
    call_command("diff_releases", one, other)
    assert "ids are not compared: of 10 in both releases" in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("diff_releases", one, other, "--match", "guess")


def test_the_page_says_how_they_were_matched_and_does_it_otherwise(renumbered, client_of, lead):
    one, other = renumbered
    client = client_of(lead)
    form = {"one": one.pk, "other": other.pk}
    page = client.post(reverse("diff"), form, follow=True).content.decode()
    found = Diff.objects.get()
    assert found.match == "auto" and "Ids are not compared: of 10" in page
    address = reverse("release_diff", args=[found.pk])

    def items(**asked):
        return client.get(address, asked).content.decode().count('<article class="item">')

    assert items() == 8  # two dialogues, two added, two moved, a text, a label: not the matched
    assert items(what="moved") == 2 == items(what="moved", was="train", now="valid")
    assert items(what="moved", was="valid") == 0 and items(what="content") == 10
    assert items(what="dialogue_moved", was="train", now="valid") == 1 == items(what="text")
    old = json.loads((one.directory / "utterances.jsonl").read_text("utf-8").splitlines()[4])
    assert f"{old['id']} →" in client.get(address, {"what": "content"}).content.decode()
    client.post(reverse("diff"), form | {"match": "id"})
    client.post(reverse("diff"), form | {"match": "id"})
    assert sorted(Diff.objects.values_list("match", flat=True)) == ["auto", "id"]
    assert Diff.objects.get(match="id").path != found.path
    assert client.post(reverse("diff"), form | {"match": "guess"}).status_code == 404


def test_a_comparison_of_before_still_opens(two, client_of, lead):
    one, other, third = two
    found = Diff.request(lead, one, other, "id")
    result = found.result
    del result["matching"], result["utterance_moves"], result["utterances"]["moved"]
    rows = [json.loads(line) for line in found.path.read_text("utf-8").splitlines()]
    for row in rows:
        row["what"] = [what for what in row["what"] if what != "moved"]
        for end in filter(None, (row["before"], row["after"])):
            end.pop("id", None), end.pop("dialogue", None)
    Diff.objects.filter(pk=found.pk).update(match="", result=result)
    old = Diff.objects.get(pk=found.pk)
    assert old.path.name == f"{one.pk}-{other.pk}.jsonl"
    old.path.write_text("".join(json.dumps(row) + "\n" for row in rows if row["what"]), "utf-8")
    page = client_of(lead).get(reverse("release_diff", args=[old.pk]))
    assert page.status_code == 200 and "Utterances matched by id" not in page.content.decode()
    assert f"/dialogues/{third.pk}/" in page.content.decode()
    assert Diff.request(lead, one, other, "id").pk != old.pk
