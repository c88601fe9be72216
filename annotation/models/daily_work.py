"""What somebody submitted in a round on a day, added up: pace and progress cost a row a day."""

import datetime
from dataclasses import dataclass

from django.conf import settings
from django.db import models
from django.db.models import F
from django.utils import timezone

from annotation.models.rounds import Round
from core.statements import Prepared


@dataclass(frozen=True)
class Work:
    """An amount of submitted work. `seconds` are those at the dialogues, idle time left out."""

    submissions: int
    utterances: int
    seconds: float

    def __neg__(self):
        return Work(-self.submissions, -self.utterances, -self.seconds)


class DailyWorkQuerySet(models.QuerySet["DailyWork"]):
    def since(self, days):
        """Of the last days, today among them."""
        return self.filter(day__gt=local_day() - datetime.timedelta(days=days))


class DailyWork(models.Model):
    """The submissions of one person in one round on one day of the installation's time zone.

    Dialogues with expert labels that are mixed in are no submissions of the round; their utterances
    and seconds count. A submission that is opened again is taken away from its day.
    """

    round = models.ForeignKey(Round, models.CASCADE, related_name="daily_work")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="daily_work")
    day = models.DateField()
    submissions = models.IntegerField(default=0)
    utterances = models.IntegerField(default=0)
    seconds = models.FloatField(default=0.0)

    objects = DailyWorkQuerySet.as_manager()

    class Meta:
        ordering = ["day", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["round", "person", "day"], name="one_row_a_day")
        ]
        indexes = [models.Index(fields=["person", "day"], name="days_of_a_person")]

    def __str__(self):
        return f"{self.person} · {self.round} · {self.day}"

    @classmethod
    def add(cls, round, person, at, work):
        """Add to a day, or take away with a negative Work; `round` and `person` are ids."""
        day = local_day(at)
        change = (round, person, day, work.submissions, work.utterances, work.seconds)
        if not ADD.run(*change):
            cls.objects.get_or_create(round_id=round, person_id=person, day=day)
            ADD.run(*change)


ADD = Prepared(
    lambda round, person, day, submissions, utterances, seconds: (
        DailyWork.objects.filter(round=round, person=person, day=day),
        {
            "submissions": F("submissions") + submissions,
            "utterances": F("utterances") + utterances,
            "seconds": F("seconds") + seconds,
        },
    )
)


def local_day(at=None):
    """The day of a moment, of now if none is given, in the installation's time zone."""
    return timezone.localdate(at, timezone.get_default_timezone())
