"""How far rounds are and how fast people annotate, by the API."""

import datetime
import json

import pytest
from django.utils import timezone

from annotation.models import DailyWork
from tests.factories import judge, make_dialogue, make_member, make_person, make_round, open_round
from tests.people.api.test_views import problem_of
from tests.scripts import script_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def opened(corpus):
    make_dialogue(corpus)
    make_dialogue(corpus)
    people = [make_member(corpus, username="wang"), make_member(corpus, username="li")]
    return make_round(corpus, people)


def work(opened, person, days_ago, submissions):
    day = timezone.localdate() - datetime.timedelta(days=days_ago)
    DailyWork.objects.create(
        round=opened, person=person, day=day, submissions=submissions, utterances=10 * submissions,
        seconds=120.0 * submissions,
    )  # fmt: skip


def test_progress_day_by_day(corpus, lead, opened):
    here = f"/api/rounds/{opened.pk}/progress/"
    script = script_of(lead)
    empty = script.get(here).json()
    assert empty == {"submitted": 0, "wanted": 4, "days": [], "forecast": None}
    judge(opened.assignments.first())
    DailyWork.objects.all().delete()
    person = opened.participants.first().person
    for days_ago, submissions in ((3, 2), (1, 3), (0, 1)):
        work(opened, person, days_ago, submissions)
    found = script.get(here).json()
    assert [day["submissions"] for day in found["days"]] == [2, 0, 3, 1]
    assert found["submitted"] == 1 and found["forecast"]["left"] == 3
    assert found["forecast"]["per_day"] == 1.5 and found["forecast"]["earliest"] is None
    assert script_of(make_member(corpus, "adjudicator")).get(here).json() == found
    for other in (person, make_person()):
        problem_of(script_of(other).get(here), 404)


def test_the_pace_of_a_corpus(corpus, lead, opened):
    here = f"/api/corpora/{corpus.pk}/pace/"
    wang, li = (seat.person for seat in opened.participants.order_by("pk"))
    work(opened, li, 0, 2)
    work(opened, li, 30, 9)
    first, second = script_of(lead).get(here).json()["people"]
    assert first["person"]["username"] == li.username and first["utterances"] == 20
    assert first["utterances_a_minute"] == 5.0 and first["usual"] is None
    assert first["last"] == timezone.localdate().isoformat()
    assert second["person"]["id"] == wang.pk and second["utterances"] == 0
    assert second["utterances_a_minute"] is None and second["last"] is None
    for person in (wang, make_member(corpus, "adjudicator"), make_person()):
        problem_of(script_of(person).get(here), 404)


def test_own_judgements_are_all_that_one_answered_and_nobody_elses(corpus, opened):
    mine = opened.assignments.order_by("pk").first()
    other = opened.assignments.exclude(person=mine.person).first()
    judge(mine, submit=False, emotion="joy")
    judge(other, emotion="anger")
    again = open_round(corpus, [mine.person], name="again")

    def own(person):
        answer = script_of(person).get("/api/account/judgements.ndjson")
        return [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]

    rows = own(mine.person)
    assert {row["assignment"] for row in rows} == {mine.pk} and again.is_open
    assert {row["value"] for row in rows if row["task"] == "emotion"} == {"joy"}
    spoken = mine.dialogue.utterances.values_list("uid", flat=True)
    assert {row["uid"] for row in rows} == {*spoken}
    assert own(make_person()) == []
