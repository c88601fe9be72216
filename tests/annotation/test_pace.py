"""Pace and forecasts from what was submitted day by day, and that this adds up."""

import datetime

import pytest

from annotation.models import DailyWork, Submission
from annotation.models.daily_work import Work, local_day
from annotation.pace import Pace, forecast, pace_of, per_minute
from annotation.queue.dispatch import claim_next
from annotation.reopening import reopen
from annotation.workload import Workload
from tests.factories import judge, make_dialogue, make_member, open_round

DAY = datetime.date(2026, 3, 1)


def test_a_forecast_says_when_and_within_which_range():
    steady = forecast([4] * 10, 20, DAY)
    assert (steady.per_day, steady.end) == (4, datetime.date(2026, 3, 6))
    assert steady.earliest == steady.latest == steady.end
    uneven = forecast([0, 8, 0, 8, 0, 8], 20, DAY)
    assert uneven.end == steady.end and uneven.earliest < uneven.end < uneven.latest


@pytest.mark.parametrize(
    "counts, left", [([9, 9], 5), ([1, 1, 1], 5), ([4] * 10, 0), ([0, 0, 5], 10**6)]
)
def test_no_date_without_enough_days_and_submissions_or_too_far_away(counts, left):
    assert forecast(counts, left, DAY) is None


def test_few_days_have_no_range():
    assert forecast([2, 3, 4], 9, DAY).latest is None


def test_a_pace_needs_time_and_a_usual_one_needs_days():
    assert per_minute(Work(1, 30, 0.0)) is None and per_minute(Work(1, 30, 600.0)) == 3
    days = {local_day() - datetime.timedelta(days=n): Work(1, 30, 600.0) for n in range(8, 11)}
    pace = Pace(days | {local_day(): Work(1, 60, 600.0)})
    assert (pace.per_minute, pace.usual, pace.change) == (6, 3, 100)
    assert pace.week.utterances == 60 and [bar["n"] for bar in pace.bars][-1] == 60


@pytest.mark.django_db
def test_days_add_up_what_is_submitted_and_lose_what_is_opened_again(corpus):
    make_dialogue(corpus, size=3), make_dialogue(corpus, size=2)
    person = make_member(corpus)
    opened = open_round(corpus, [person], reopen_hours=1)
    seat = opened.participants.get()
    first = claim_next(seat)
    judge(first)
    judge(claim_next(seat))
    row = DailyWork.objects.get()
    assert (row.submissions, row.utterances) == (2, 5) and pace_of(person).today.utterances == 5
    first.refresh_from_db()
    reopen(first)
    row.refresh_from_db()
    assert (row.submissions, row.utterances) == (1, 5 - first.dialogue.utterances.count())
    assert Submission.objects.count() == 1


@pytest.mark.django_db
def test_a_workload_multiplies_what_is_chosen(corpus):
    source = make_dialogue(corpus).source
    source.counts = {"dialogues": 1, "utterances": 12}
    work = Workload.of(corpus, [source], annotators=2, overlap=2)
    assert (work.tasks, work.each, work.seconds_each) == (2, 1, 12 * 25)
    assert work.possible and not work.measured
    assert Workload.of(corpus, [source], annotators=0, overlap=2) is None
