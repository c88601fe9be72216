"""Reports of a round: intervals, comparisons, models of the annotators; the pages about them."""

import random

import pytest
from django.urls import reverse

from annotation.agreement import item_counts
from annotation.answers import submit_assignment
from annotation.consensus import DawidSkene, Majority, Weighted, disagreement
from annotation.models import Adjudication, ExpertLabel, Guideline, Item, Report
from annotation.quality.reliability import fitted
from annotation.queue.dispatch import claim_next
from annotation.scheme import DEFAULT
from jobs.tasks import call_with_row
from people.models import Event
from tests.factories import (
    answer_all,
    items_of,
    make_corpus,
    make_dialogue,
    make_judged_round,
    make_member,
    open_round,
)  # fmt: skip


def crowd(corpus, people, careless, name, seed, view="full"):
    """A round in which everybody errs with a share of their own."""
    opened = open_round(corpus, people, name=name, view=view)
    truth, slips = random.Random(7), random.Random(seed)
    meant = {
        pk: {task.key: truth.choice(task.keys) for task in DEFAULT.tasks}
        for pk in corpus.utterances.order_by("pk").values_list("pk", flat=True)
    }
    for seat, share in zip(opened.participants.select_related("round", "person"), careless):
        while assignment := claim_next(seat):
            answer_all(
                assignment,
                lambda utterance, share=share: {
                    task.key: slips.choice(task.keys)
                    if slips.random() < share
                    else meant[utterance.pk][task.key]
                    for task in DEFAULT.tasks
                },
            )
            submit_assignment(assignment)
    return opened


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    """Reports are computed when they are asked for; transactions of tests never end."""
    monkeypatch.setattr(Report, "later", Report.run)


@pytest.fixture
def rounds(db):
    corpus = make_corpus()
    for _ in range(14):
        make_dialogue(corpus, size=3)
    people = [make_member(corpus) for _ in range(3)]
    before = crowd(corpus, people, [0.5, 0.5, 0.6], "before", 1)
    after = crowd(corpus, people, [0.05, 0.05, 0.4], "after", 2, view="text")
    return before, after


@pytest.fixture
def client(rounds, client_of):
    return client_of(rounds[0].corpus.memberships.get(role="lead").person)


def test_intervals_come_when_they_are_asked_for(rounds, client):
    _, after = rounds
    address = reverse("agreement", args=[after.pk])
    page = client.get(address, {"task": "emotion"}).content.decode()
    assert "intervals have not been computed" in page and "Based on 42 submissions" in page
    client.post(reverse("reports", args=[after.pk, "agreement"]))
    report = Report.objects.get(round=after, kind="agreement")
    assert (report.status, report.submissions, report.result["replicates"]) == ("done", 42, 1000)
    response = client.get(address, {"task": "emotion"})
    measure = response.context["measure"]
    alpha = measure["alpha"]
    assert alpha["low"] < alpha["value"] < alpha["high"]
    page = response.content.decode()
    for words in (
        "By speaker",
        "By source",
        "By utterance length",
        "Over time",
        "the same task in other",
    ):
        assert words.lower() in page.lower()
    fragment = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert fragment.strip().startswith('<div id="measures"')
    client.post(reverse("reports", args=[after.pk, "agreement"]), {"method": "bca"})
    corrected = Report.objects.get(round=after, kind="agreement").result
    assert corrected["method"] == "bca"
    ends = corrected["tasks"]["emotion"]["intervals"]["coefficients"]["alpha"]
    assert ends != [alpha["low"], alpha["high"]] and ends[0] < alpha["value"] < ends[1]
    assert Event.objects.filter(verb="compute").count() == 2


def test_a_report_never_runs_twice_at_once(rounds, monkeypatch):
    before, _ = rounds
    monkeypatch.setattr(Report, "later", lambda report: None)
    first = Report.request(None, before, "agreement")
    again = Report.request(None, before, "agreement")
    assert first.pk == again.pk and Event.objects.filter(verb="compute").count() == 1
    one, two = (Report.objects.get(pk=first.pk) for _ in range(2))
    assert one.claim() and not two.claim()
    two.run()
    assert two.result == {}  # the second worker does nothing
    Report.objects.filter(pk=first.pk).update(status="done")
    assert Report.request(None, before, "agreement").status == "queued"


def test_every_number_leads_to_its_rows(rounds, client):
    _, after = rounds
    item_counts.catch_up(after)
    address = reverse("items", args=[after.pk])
    a, b = (seat.person_id for seat in after.participants.all()[:2])
    rows = items_of(after, "emotion")

    def count(**query):
        response = client.get(address, {"task": "emotion", **query})
        assert response.status_code == 200
        return response.context["table"].count

    assert count() == len(rows) == 42
    assert count(kind="differ") == sum(item.disagreement > 0 for item in rows)
    apart = [item for item in rows if item.given[a] != item.given[b]]
    assert count(a=a, b=b, apart=1) == len(apart)
    one = rows[0].given
    same = [i for i in rows if i.given[a] == one[a] and i.given[b] == one[b]]
    assert count(a=a, b=b, va=one[a], vb=one[b]) == len(same)
    joyful = [item for item in rows if "joy" in item.given.values()]
    assert count(value="joy") == len(joyful)
    both = [item for item in joyful if "fear" in item.given.values()]
    assert count(value="joy", other="fear") == len(both)
    speaker = rows[0].utterance.speaker_id
    assert count(speaker=speaker) == sum(i.utterance.speaker_id == speaker for i in rows)
    assert count(source=rows[0].utterance.dialogue.source_id) == 3
    assert count(length=1) == 42 and count(length=0) == 0
    stranger = make_member(make_corpus())
    assert count(a=a, b=stranger.pk, apart=1) == 42  # who is not in the round has no name here
    client.post(reverse("reports", args=[after.pk, "agreement"]))
    times = client.get(reverse("agreement", args=[after.pk])).context["times"]
    parts = [client.get(f"{address}?task=emotion&{row['query']}") for row in times]
    assert sum(part.context["table"].count for part in parts) == 42


def test_two_rounds_are_compared_with_a_test(rounds, client):
    before, after = rounds
    address = reverse("comparison", args=[before.pk])
    assert "Press Compare" in client.get(address, {"with": after.pk}).content.decode()
    response = client.post(address, {"with": after.pk}, follow=True)
    rows = {row["task"].key: row for row in response.context["rows"]}
    assert set(rows) == set(DEFAULT.keys)
    emotion = rows["emotion"]
    assert emotion["paired"] and emotion["dialogues"] == 14
    assert emotion["alpha"]["value"] > 0.2 and emotion["alpha"]["low"] > 0
    assert emotion["alpha"]["p"] <= emotion["alpha"]["holm"] < 0.05
    assert str(emotion["word"]) == "higher"
    first, second = response.context["rounds_chart"].series
    for series, value in ((first, emotion["alpha"]["first"]), (second, emotion["alpha"]["second"])):
        assert any(p.value == value and p.low < value < p.high for p in series.points)
    difference = response.context["difference_chart"].series[0].points
    assert emotion["alpha"]["value"] in [point.value for point in difference]
    assert client.get(address).status_code == 200


def test_few_dialogues_give_figures_and_the_reason(corpus, lead, client_of):
    before, after = (make_judged_round(corpus, dialogues=4) for _ in range(2))
    client = client_of(lead)
    address = reverse("agreement", args=[after.pk])
    assert client.get(address).context["few"] == []  # nothing is computed yet
    client.post(reverse("reports", args=[after.pk, "agreement"]))
    response = client.get(address, {"task": "emotion"})
    measure = response.context["measure"]
    assert measure["alpha"]["value"] is not None and measure["alpha"]["low"] is None
    page = " ".join(response.content.decode().split())
    assert "too few dialogues with two annotations; an interval needs at least 10." in page
    assert "too few dialogues for an interval" in page  # of the chart
    stored = Report.objects.get(round=after).result["tasks"]["emotion"]
    assert all(ends is None for ends in stored["intervals"]["coefficients"].values())
    assert all(ends is None for ends in stored["pairs"].values())
    assert all(row.get("ends") is None for rows in stored["groups"].values() for row in rows)
    rows = client.get(reverse("api_agreement", args=[after.pk])).json()
    assert all(row["low"] is None for row in rows) and any(row["value"] for row in rows)
    page = client.post(reverse("comparison", args=[before.pk]), {"with": after.pk}, follow=True)
    emotion = next(row for row in page.context["rows"] if row["task"].key == "emotion")
    assert emotion["alpha"]["value"] is not None and emotion["alpha"]["p"] is None
    assert str(emotion["word"]) == "undetermined: too few dialogues"
    assert "an interval and a test need at least 10" in page.content.decode()


@pytest.mark.parametrize("kind", ["csv", "json", "tex", "svg"])
def test_downloads(rounds, client, kind):
    _, after = rounds
    client.post(reverse("reports", args=[after.pk, "agreement"]))
    response = client.get(reverse("agreement_file", args=[after.pk, kind]))
    text = response.content.decode("utf-8-sig")
    assert response.status_code == 200 and "attachment" in response["Content-Disposition"]
    value = Report.objects.get(round=after).result["tasks"]["emotion"]["intervals"]
    low = value["coefficients"]["alpha"][0]
    said = {
        "csv": "emotion,alpha,",
        "json": f"{low}",
        "tex": rf"[{low:.2f}, ",
        "svg": "<svg xmlns=",
    }[kind]
    assert said in text
    pairs = client.get(reverse("agreement_file", args=[after.pk, "svg"]), {"pairs": "emotion"})
    assert pairs.content.count(b"<rect") == 7  # paper and six cells
    assert client.get(reverse("agreement_file", args=[after.pk, "xls"])).status_code == 404


def test_reliability_and_the_gold_that_follows_from_it(rounds, client, monkeypatch):
    monkeypatch.setattr("annotation.quality.reliability.GLAD_AT_MOST", 0)  # it takes long
    monkeypatch.setattr("annotation.quality.reliability.RESTARTS", 1)
    monkeypatch.setattr("annotation.quality.reliability.ITERATIONS", 15)
    _, after = rounds
    item_counts.catch_up(after)
    assert not Item.objects.filter(round=after, kind="dawid_skene").exists()
    client.post(reverse("consensus", args=[after.pk]), {"consensus": "dawid_skene"})
    after.refresh_from_db()
    assert after.consensus == "dawid_skene"
    settled = Item.objects.filter(round=after, kind="dawid_skene")
    assert settled.count() > 200
    for item in settled[:50]:
        assert sum(item.soft.values()) == pytest.approx(1, abs=1e-3)
        assert item.soft[item.value] > 0.5
    models = Report.objects.get(round=after, kind="reliability").result["tasks"]
    careful, also, careless = (str(seat.person_id) for seat in after.participants.all())
    people = models["emotion"]["people"]
    for better in (careful, also):
        assert people[better]["weight"] > people[careless]["weight"]
        assert people[better]["accuracy"] > people[careless]["accuracy"]
    assert people[careful]["ability"] is None
    page = client.get(reverse("quality", args=[after.pk])).content.decode()
    assert "not guessing" in page
    client.post(reverse("consensus", args=[after.pk]), {"consensus": "weighted"})
    assert Item.objects.filter(round=after, kind="weighted").count() > 200
    client.post(reverse("consensus", args=[after.pk]), {"consensus": "majority"})
    assert not Item.objects.filter(round=after, kind__in=["weighted", "dawid_skene"]).exists()
    assert Event.objects.filter(verb="choose consensus").count() == 3
    monkeypatch.setattr("annotation.rounds.MANY_ITEMS", 10)
    later = []
    monkeypatch.setattr(call_with_row, "delay_on_commit", lambda *sent: later.append(sent))
    said = client.post(
        reverse("consensus", args=[after.pk]), {"consensus": "dawid_skene"}, follow=True
    )
    [sent] = later
    assert sent[1:] == ("annotation.round", after.pk)
    assert "being recomputed" in said.content.decode()
    assert not Item.objects.filter(round=after, kind="dawid_skene").exists()
    call_with_row(*sent)
    assert Item.objects.filter(round=after, kind="dawid_skene").exists()


@pytest.mark.one_database
def test_the_models_know_who_is_careless():
    """Three people who err in 5, 15 and 50 of a hundred; the truth is known here only."""
    rng, values = random.Random(5), ["a", "b", "c"]
    truth = [rng.choice(values) for _ in range(150)]
    judgements = [
        (item, who, right if rng.random() > slips else rng.choice(values))
        for item, right in enumerate(truth)
        for who, slips in ((1, 0.05), (2, 0.15), (3, 0.5))
    ]
    found = fitted(judgements, values)
    people = found["people"]
    for name in ("weight", "accuracy", "ability"):
        assert people["1"][name] > people["3"][name] and people["2"][name] > people["3"][name]
    assert sum(found["priors"].values()) == pytest.approx(1)
    for row in people.values():
        assert row["low"] < row["accuracy"] < row["high"]
        assert all(low <= share <= high for share, low, high in row["classes"].values())
        for right in values:
            assert sum(row["answers"][right].values()) == pytest.approx(1)
    hits = sum(value == truth[item] for item, who, value in judgements if who == 1)
    assert people["1"]["accuracy"] == pytest.approx(hits / 150, abs=0.06)
    model = DawidSkene(found["priors"], {int(who): row["answers"] for who, row in people.items()})
    votes = {item: {} for item in range(150)}
    for item, who, value in judgements:
        votes[item][who] = value
    right = sum(model.settle(votes[item]).value == truth[item] for item in range(150))
    assert right > 0.93 * 150


def test_too_few_judgements_give_a_reason():
    assert fitted([], ["a", "b"]) == {"undefined": "too_few"}
    same = [(item, who, "a") for item in range(30) for who in (1, 2)]
    assert fitted(same, ["a", "b"]) == {"undefined": "one_value"}


def test_rules_of_consensus():
    given = {1: "a", 2: "b", 3: "b"}
    assert Majority().settle(given).value == "b"
    assert Weighted({1: 0.9, 2: 0.2, 3: 0.2}).settle(given).value == "a"
    assert Weighted({1: 0.5, 2: 0.5}).settle({1: "a", 2: "b"}).kind == "contested"
    assert Weighted({}).settle(given).value == "b"
    sure = {"a": {"a": 0.99, "b": 0.01}, "b": {"a": 0.01, "b": 0.99}}
    guess = {"a": {"a": 0.5, "b": 0.5}, "b": {"a": 0.5, "b": 0.5}}
    model = DawidSkene({"a": 0.5, "b": 0.5}, {1: sure, 2: guess, 3: guess})
    found = model.settle(given)
    assert (found.value, found.kind) == ("a", "dawid_skene")
    assert found.soft["a"] == pytest.approx(0.99)
    assert model.settle({2: "a", 3: "b"}).kind == "contested"
    assert model.settle({9: "b"}).kind == "single"  # a stranger to the model
    assert (
        disagreement([0, 4], 5, graded=True) == 1 and disagreement([0, 1], 5, graded=True) == 0.25
    )
    assert disagreement([0, 1, 1], 5, graded=False) == pytest.approx(2 / 3)
    assert disagreement([3], 5, graded=True) == 0


def test_adjudication_hardest_first_without_names(rounds, client, client_of):
    before, _ = rounds
    person = make_member(before.corpus, role="adjudicator")
    item_counts.catch_up(before)
    mine = client_of(person)
    address = reverse("adjudication", args=[before.pk])
    response = mine.get(address)
    item, page = response.context["item"], response.content.decode()
    hardest = Item.objects.filter(round=before, open=True).order_by("-disagreement").first()
    assert item.disagreement == hardest.disagreement and '<b class="letter">A</b>' in page
    assert not any(seat.person.username in page for seat in before.participants.all())
    later = mine.get(address, {"later": item.pk}).context["item"]
    assert later != item
    value = before.scheme[item.task].keys[0]
    form = {"utterance": item.utterance_id, "task": item.task, "value": value, "back": "queue"}
    form |= {"reason": "the tone", "error": "context", "as_gold": "1", "as_example": "1"}
    mine.post(reverse("adjudications", args=[before.pk]), form)
    ruling = Adjudication.objects.get()
    assert (ruling.reason, ruling.error, ruling.size) == ("the tone", "context", 3)
    assert ExpertLabel.objects.get().why == "the tone"
    assert not Guideline.objects.exists()  # only a lead writes the guideline
    assert mine.get(address).context["item"] != item
    again = mine.get(address, {"utterance": item.utterance_id, "of": item.task})
    assert again.context["item"].pk == item.pk and "the tone" in again.content.decode()
    client.post(reverse("adjudications", args=[before.pk]), form | {"reason": "see the face"})
    assert "see the face" in Guideline.objects.get().text
    wrong = form | {"value": "purple"}
    said = mine.post(reverse("adjudications", args=[before.pk]), wrong, follow=True)
    assert "purple" in said.content.decode() and Adjudication.objects.count() == 2
    assert (
        mine.post(reverse("adjudications", args=[before.pk]), form | {"verdict": "x"}).status_code
        == 404
    )


def test_empty_rounds_say_what_is_missing(corpus, lead, client_of):
    make_dialogue(corpus)
    opened = open_round(corpus, [make_member(corpus)])
    client = client_of(lead)
    page = client.get(reverse("agreement", args=[opened.pk])).content.decode()
    assert "two annotators have submitted" in page
    assert "only one round" in client.get(reverse("comparison", args=[opened.pk])).content.decode()
    page = client.get(reverse("adjudication", args=[opened.pk])).content.decode()
    assert "No items left" in page
    client.post(reverse("reports", args=[opened.pk, "agreement"]))
    assert Report.objects.get().status == "done"
    for kind in ("csv", "json", "tex", "svg"):
        assert client.get(reverse("agreement_file", args=[opened.pk, kind])).status_code == 200


def test_strangers_find_nothing(db, client_of):
    opened = make_judged_round(make_corpus(), dialogues=1)
    stranger = client_of(make_member(make_corpus(), role="lead"))
    for name in ("agreement", "adjudication", "comparison", "quality", "items"):
        assert stranger.get(reverse(name, args=[opened.pk])).status_code == 404
    for kind in ("agreement", "quality"):
        assert stranger.post(reverse("reports", args=[opened.pk, kind])).status_code == 404
