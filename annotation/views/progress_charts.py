"""Charts of work: submissions of a round day by day with its forecast, and how fast people are."""

import datetime
from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from annotation.models import DailyWork, Round
from annotation.models.daily_work import local_day
from annotation.pace import SHOWN, Forecast, Pace, paces, per_minute
from annotation.progress import History
from core.charts import Chart, Point, Series
from corpus.models import Corpus
from corpus.permissions import LEAD
from people.models import Person

MOST = 8  # people who have a hue of their own


def submissions(
    round: Round, known: History, done: int, wanted: int, forecast: Forecast | None
) -> Chart:
    """Submissions until each day, and until each coming one as they are forecast."""
    days = list(known.days)
    dialogues = reverse("round_dialogues", args=[round.pk])
    leads = round.corpus.my_role == LEAD  # when somebody submitted what would tell who has a letter
    made = [
        Point(
            total,
            href=f"{dialogues}?submitted={day.isoformat()}" if leads and count else "",
            note=f"+{count}" if count else "",
        )
        for day, total, count in zip(days, known.totals, known.counts, strict=True)
    ]
    series = [Series(_("submitted"), made)]
    coming = _coming(forecast, days[-1]) if forecast and days else []
    if forecast and coming:
        expected = [_expected(forecast, done, wanted, days[-1], day) for day in coming]
        made += [Point()] * len(coming)
        start: list[Point] = [Point()] * (len(days) - 1) + [Point(done, done, done)]
        series.append(Series(_("forecast"), start + expected, hue="hue-2"))
    return Chart(
        "lines",
        days + coming,
        series,
        place_axis=_("day"),
        value_axis=_("submissions"),
        low=0.0,
        high=float(max(wanted, done)),
        digits=0,
        room=220,
    )


def _coming(forecast: Forecast, today: datetime.date) -> list[datetime.date]:
    ends = {forecast.end, forecast.earliest or forecast.end, forecast.latest or forecast.end}
    return sorted(day for day in ends if day > today)


def _expected(
    forecast: Forecast, done: int, wanted: int, today: datetime.date, day: datetime.date
) -> Point:
    """What is submitted on a day if each end of the forecast is reached at its own pace."""

    def until(end: datetime.date) -> float:
        share = (day - today).days / max((end - today).days, 1)
        return round(done + (wanted - done) * min(share, 1.0))

    if forecast.earliest is None or forecast.latest is None:
        return Point(until(forecast.end))
    return Point(until(forecast.end), until(forecast.latest), until(forecast.earliest))


def by_day(corpus: Corpus, people: Sequence[tuple[Person, Pace]]) -> Chart:
    """Utterances that people submitted on each of the last days, stacked; the busiest first and
    the rest together.
    """
    today = local_day()
    days = [today - datetime.timedelta(days=SHOWN - 1 - n) for n in range(SHOWN)]

    def amounts(pace: Pace) -> list[int]:
        return [pace.days[day].utterances if day in pace.days else 0 for day in days]

    rows = [(person, amounts(pace)) for person, pace in people]
    rows = sorted((row for row in rows if any(row[1])), key=lambda row: -sum(row[1]))
    own, rest = (rows, []) if len(rows) <= MOST else (rows[: MOST - 1], rows[MOST - 1 :])
    log = reverse("audit_log", args=[corpus.pk])
    series = [
        Series(
            str(person),
            [
                Point(count, href=f"{log}?{_events_of(person, day)}" if count else "")
                for day, count in zip(days, counts, strict=True)
            ],
        )
        for person, counts in own
    ]
    if rest:
        sums = [sum(each) for each in zip(*(counts for _person, counts in rest), strict=True)]
        series.append(Series(_("others"), [Point(count) for count in sums], hue="soft"))
    return Chart(
        "bars",
        days if series else [],
        series,
        place_axis=_("day"),
        value_axis=_("utterances"),
        digits=0,
        stacked=True,
        upright=True,
        room=240,
    )


def _events_of(person: Person, day: datetime.date) -> str:
    return f"person={person.pk}&since={day}&until={day}&q=submit"  # for each day of each person


def speed(round: Round) -> Chart:
    """Utterances a minute of each annotator of a round, day by day."""
    rows = paces(DailyWork.objects.filter(round=round))
    people = Person.objects.in_bulk(list(rows))
    days = sorted({day for pace in rows.values() for day in pace.days})
    log = reverse("audit_log", args=[round.corpus_id])

    def points(person: Person) -> list[Point]:
        worked = rows[person.pk].days
        speeds = [per_minute(worked[day]) if day in worked else None for day in days]
        return [
            Point(each, href=f"{log}?{_events_of(person, day)}" if each else "")
            for day, each in zip(days, speeds, strict=True)
        ]

    series = [Series(str(person), points(person)) for person in sorted(people.values(), key=str)]
    return Chart(
        "lines",
        days,
        series,
        place_axis=_("day"),
        value_axis=_("utterances per minute"),
        low=0.0,
        digits=1,
    )
