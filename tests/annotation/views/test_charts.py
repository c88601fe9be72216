"""Charts of rounds: every figure leads to as many rows as it says."""

import datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from annotation.agreement import item_counts
from annotation.models import Assignment, DailyWork
from annotation.models.daily_work import Work, local_day
from annotation.pace import Forecast, Pace
from annotation.progress import History
from annotation.views import agreement_charts, progress_charts
from corpus.models import Membership
from tests.factories import judge, make_corpus, make_dialogue, make_member, make_person, make_round

pytestmark = pytest.mark.django_db
FIRST = {"emotion": "joy", "sentiment": "positive", "emotion_sentiment": "2"}
SECOND = {"emotion": "anger", "sentiment": "negative", "emotion_sentiment": "1"}


@pytest.fixture
def corpus():
    return make_corpus(make_person("lead"))


@pytest.fixture
def lead(corpus, client_of):
    return client_of(corpus.people("lead").first().person)


@pytest.fixture
def judged(corpus):
    """Two people, two dialogues of two utterances: on the second dialogue they differ."""
    make_dialogue(corpus), make_dialogue(corpus)
    people = [make_member(corpus), make_member(corpus)]
    opened = make_round(corpus, people)
    apart = corpus.dialogues.order_by("pk").last()
    for assignment in opened.assignments.select_related("dialogue"):
        differs = assignment.dialogue == apart and assignment.person == people[1]
        judge(assignment, **(SECOND if differs else FIRST))
    item_counts.catch_up(opened)
    opened.corpus.my_role = Membership.Role.LEAD
    return opened


def rows_behind(client, address):
    return client.get(address).context["table"].count


def test_cells_of_co_occurrence_lead_to_the_items_of_their_authors(judged, lead):
    task = judged.scheme["emotion_sentiment"]
    counts, means = agreement_charts.co_occurrence(
        judged, task, item_counts.totals(judged).joint(task)
    )
    found = {}
    for place, row in zip(counts.places, range(len(counts.places)), strict=True):
        for column in counts.series:
            if column.points[row].value:
                found[place, str(column.name)] = column.points[row]
    joyful = next(point for (place, _), point in found.items() if "joy" in place)
    angry = next(point for (place, _), point in found.items() if "anger" in place)
    assert joyful.value + angry.value == 8  # judgements, two of each utterance
    assert rows_behind(lead, joyful.href) == 4
    assert rows_behind(lead, angry.href) == angry.value
    chips = lead.get(angry.href).context["table"].chips
    filters = {(chip.label, chip.value) for chip in chips}
    assert {("emotion", "anger"), ("sentiment", "negative")} <= filters
    assert not means.is_empty and means.diverging


def test_bars_of_disagreement_narrow_the_items(judged, lead):
    address = reverse("items", args=[judged.pk])
    chart = lead.get(address, {"task": "emotion"}).context["chart"]
    points = [point for point in chart.series[0].points if point.value]
    assert sum(point.value for point in points) == 4
    for point in points:
        assert rows_behind(lead, f"{address}{point.href}") == point.value
    query = parse_qs(urlsplit(points[-1].href).query)
    assert query["disagreement"] != ["0"]
    assert lead.get(address, {"task": "emotion", "disagreement": 99}).status_code == 200


def test_labels_are_parts_of_their_task(judged):
    chart = agreement_charts.distribution(judged, item_counts.totals(judged))
    rows = {name: cell for name, _href, [cell] in chart.rows}
    assert chart.columns == [chart.value_axis]
    assert rows["emotion · joy"].text.endswith("6 / 8")
    assert "value=joy" in rows["emotion · joy"].href
    assert rows["emotion · fear"].text.startswith("0.0 %")
    assert not chart.has_legend


def test_pairs_lead_to_their_confusion_and_it_to_items(judged, lead):
    page = lead.get(reverse("agreement", args=[judged.pk]), {"task": "emotion"})
    chart = page.context["pairs_chart"]
    [point] = [p for p in chart.series[0].points if p.href]
    shown = lead.get(f"{reverse('agreement', args=[judged.pk])}{point.href}").context["pair_chart"]
    cells = [p for column in shown.series for p in column.points if p.value]
    assert sum(p.value for p in cells) == 4
    assert sum(rows_behind(lead, p.href) for p in cells) == 4


def test_days_lead_to_what_was_submitted_on_them(judged, lead, corpus, client_of):
    address = reverse("round_history", args=[judged.pk])
    [point] = lead.get(address).context["chart"].series[0].points
    assert point.value == 4
    assert len(list(lead.get(point.href).context["table"])) == 2
    before = local_day() - datetime.timedelta(days=1)
    none = reverse("round_dialogues", args=[judged.pk]) + f"?submitted={before}"
    assert list(lead.get(none).context["table"]) == []
    adjudicator = client_of(make_member(corpus, Membership.Role.ADJUDICATOR))
    [point] = adjudicator.get(address).context["chart"].series[0].points
    assert point.href == ""  # who submitted when would tell whose letter is whose
    assert len(list(adjudicator.get(none).context["table"])) == 2


def test_a_forecast_starts_where_the_round_is_and_ends_with_all(judged):
    today = datetime.date(2026, 3, 3)
    days = [today - datetime.timedelta(days=n) for n in (2, 1, 0)]
    ends = [today + datetime.timedelta(days=n) for n in (4, 2, 8)]
    chart = progress_charts.submissions(
        judged, History(days, [1, 2, 3]), 6, 12, Forecast(2, 3, 6, *ends)
    )
    made, expected = chart.series
    assert [point.value for point in made.points] == [1, 3, 6, None, None, None]
    known = [(p.value, p.low, p.high) for p in expected.points if p.value is not None]
    assert known == [(6, 6, 6), (9, 8, 12), (12, 9, 12), (12, 12, 12)]
    assert chart.places[-1] == ends[2] and chart.high == 12


def test_the_busiest_people_have_their_own_bars(corpus):
    people = [(make_person(f"p{n}"), Pace({local_day(): Work(1, n, 60.0)})) for n in range(1, 12)]
    chart = progress_charts.by_day(corpus, people)
    assert len(chart.series) == 8 and chart.series[0].points[-1].value == 11
    assert chart.series[-1].points[-1].value == 1 + 2 + 3 + 4
    assert progress_charts.by_day(corpus, []).is_empty


def test_speed_needs_time_that_was_measured(judged):
    assert progress_charts.speed(judged).is_empty
    DailyWork.objects.filter(round=judged).update(utterances=30, seconds=600.0)
    chart = progress_charts.speed(judged)
    assert [series.points[0].value for series in chart.series] == [3.0, 3.0]


@pytest.mark.parametrize("people", [1, 2])
def test_agreement_is_drawn_once_two_have_judged_the_same(corpus, lead, people):
    make_dialogue(corpus)
    opened = make_round(corpus, [make_member(corpus) for _ in range(people)])
    for assignment in opened.assignments.all():
        judge(assignment)
    item_counts.catch_up(opened)
    for name in ("round_results", "agreement"):
        page = lead.get(reverse(name, args=[opened.pk])).content.decode()
        assert ("Agreement by task" in page) == (people == 2)
        assert ("as soon as two annotators have submitted" in page) == (people == 1)
        assert "Label distribution" in page or name == "agreement"


def test_blind_annotators_get_no_chart(judged, client_of):
    person = Assignment.objects.filter(round=judged).first().person
    for name in ("items", "agreement", "round_results", "round_history", "quality"):
        assert client_of(person).get(reverse(name, args=[judged.pk])).status_code == 404
