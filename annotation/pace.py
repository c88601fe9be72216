"""How fast people annotate and when a round will be done, from the DailyWork of its people."""

import datetime
import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, median, stdev

from annotation.models import DailyWork, Participant
from annotation.models.daily_work import Work, local_day

SHOWN = 28  # days of the small bars
USUAL = 60  # days that the usual pace looks back
ENOUGH_DAYS = 3  # days with work before a pace is called usual, or a date is forecast
ENOUGH_DAYS_TO_SPREAD = 5  # days before a forecast has a range
ENOUGH_SUBMISSIONS = 5
WINDOW = 14  # days that a forecast looks back
SPREAD = 1.28  # standard errors to each side: 80 % of a normal distribution
LONGEST = 3 * 365  # days; what would end later has no date
ENOUGH_SECONDS = 60  # of work before a pace is computed
ASSUMED_SECONDS = 25.0  # an utterance, where nothing was measured
BAR_STEP, BAR_WIDTH, BAR_HEIGHT = 5, 4, 28


def per_minute(work: Work) -> float | None:
    """Utterances a minute; None where too little time was measured."""
    if work.seconds < ENOUGH_SECONDS:
        return None
    return 60 * work.utterances / work.seconds


def usual(days: Iterable[Work]) -> float | None:
    """The median of the paces of single days; None for fewer than ENOUGH_DAYS."""
    found = [pace for work in days if (pace := per_minute(work)) is not None]
    return median(found) if len(found) >= ENOUGH_DAYS else None


@dataclass(frozen=True)
class Pace:
    """The work of one person: by day, this week, and how fast beside what is usual for them."""

    days: dict[datetime.date, Work]

    @property
    def today(self) -> Work:
        return self.days.get(local_day(), Work(0, 0, 0.0))

    @property
    def week(self) -> Work:
        since = local_day() - datetime.timedelta(days=6)
        return add_up(work for day, work in self.days.items() if day >= since)

    @property
    def per_minute(self) -> float | None:
        """Of this week."""
        return per_minute(self.week)

    @property
    def usual(self) -> float | None:
        return usual(self.days.values())

    @property
    def change(self) -> int | None:
        """Percent by which this week is faster than usual."""
        now, before = self.per_minute, self.usual
        return None if now is None or before is None else round(100 * (now / before - 1))

    @property
    def last(self) -> datetime.date | None:
        return max(self.days, default=None)

    @property
    def bars(self) -> list[dict]:
        """A bar a day of the last SHOWN days: its place and height, and what it says."""
        today = local_day()
        span = [today - datetime.timedelta(days=SHOWN - 1 - n) for n in range(SHOWN)]
        counts = [self.days[day].utterances if day in self.days else 0 for day in span]
        most = max(counts, default=0) or 1
        return [
            {
                "day": day,
                "n": count,
                "x": BAR_STEP * n,
                "y": BAR_HEIGHT - height,
                "height": height,
            }
            for n, (day, count) in enumerate(zip(span, counts, strict=True))
            for height in [max(1, round(BAR_HEIGHT * count / most))]
        ]


def add_up(rows: Iterable[Work]) -> Work:
    found = list(rows)
    return Work(
        sum(work.submissions for work in found),
        sum(work.utterances for work in found),
        sum(work.seconds for work in found),
    )


def paces(rows) -> dict[int, Pace]:
    """Person id -> Pace from a queryset of DailyWork, of the last USUAL days."""
    days: dict[int, dict[datetime.date, list[Work]]] = defaultdict(lambda: defaultdict(list))
    values = rows.since(USUAL).values_list("person", "day", "submissions", "utterances", "seconds")
    for person, day, *amounts in values:
        days[person][day].append(Work(*amounts))
    return {
        person: Pace({day: add_up(work) for day, work in sorted(found.items())})
        for person, found in days.items()
    }


def at_work(corpus) -> list[dict]:
    """Everybody who annotates in an open round of a corpus, with their `pace` in it; who annotated
    most this week first.
    """
    seats = Participant.objects.filter(round__corpus=corpus, left_at=None, round__closure=None)
    people = {seat.person_id: seat.person for seat in seats.select_related("person")}
    found = paces(DailyWork.objects.filter(round__corpus=corpus, person__in=people))
    rows = [{"person": person, "pace": found.get(pk, Pace({}))} for pk, person in people.items()]
    return sorted(rows, key=lambda row: (-row["pace"].week.utterances, str(row["person"])))


def pace_of(person) -> Pace:
    """The pace of somebody in all their rounds."""
    return paces(DailyWork.objects.filter(person=person)).get(person.pk, Pace({}))


def seconds_an_utterance(corpus) -> float | None:
    """The median of what people of a corpus needed on single days; None if nobody was timed."""
    rows = DailyWork.objects.filter(round__corpus=corpus).since(USUAL)
    found = [
        seconds / utterances
        for seconds, utterances in rows.values_list("seconds", "utterances")
        if utterances and seconds >= ENOUGH_SECONDS
    ]
    return median(found) if found else None


@dataclass(frozen=True)
class Forecast:
    """When the rest will be submitted at the pace of the last `days` days.

    `earliest` and `latest` are where the end lies in four of five cases if coming days vary as
    these did; None for too few days.
    """

    per_day: float
    days: int
    left: int
    end: datetime.date
    earliest: datetime.date | None = None
    latest: datetime.date | None = None


def forecast(counts: Sequence[int], left: int, today: datetime.date) -> Forecast | None:
    """From the submissions of each day until today, days without any among them, oldest first.

    None for fewer than ENOUGH_DAYS days or ENOUGH_SUBMISSIONS submissions.
    """
    window = list(counts[-WINDOW:])
    if left <= 0 or len(window) < ENOUGH_DAYS or sum(window) < ENOUGH_SUBMISSIONS:
        return None
    mean = fmean(window)

    def end(pace: float) -> datetime.date | None:
        days = math.ceil(left / pace) if pace > 0 else LONGEST + 1
        return today + datetime.timedelta(days=days) if days <= LONGEST else None

    expected = end(mean)
    if expected is None:
        return None
    earliest = latest = None
    if len(window) >= ENOUGH_DAYS_TO_SPREAD:
        error = SPREAD * stdev(window) / math.sqrt(len(window))
        earliest, latest = end(mean + error), end(mean - error)
    return Forecast(mean, len(window), left, expected, earliest, latest)
