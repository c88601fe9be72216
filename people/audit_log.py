"""The audit log: an Event for every action of a person, written in the action's transaction.

`people/event_words.py` says events in sentences, `people/event_list.py` finds them.
"""

import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone

from core.statements import insert

REPEATS_WITHIN = datetime.timedelta(hours=1)


class Event(models.Model):
    """Who did what to which thing, and when; written in the transaction of the verb itself."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="events"
    )
    verb = models.CharField(max_length=40)
    noun = models.CharField(max_length=40)
    noun_id = models.BigIntegerField()
    corpus_id = models.BigIntegerField(null=True, db_index=True)
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return f"{self.person} {self.verb} {self.noun} {self.noun_id}"

    @classmethod
    def record(cls, person, verb, thing, /, **detail):
        """Write one Event about `thing` (a model instance); `person` None means the machine."""
        noun = thing._meta.model_name
        corpus_id = thing.pk if noun == "corpus" else getattr(thing, "corpus_id", None)
        return cls.objects.create(
            person=person,
            verb=verb,
            noun=noun,
            noun_id=thing.pk,
            corpus_id=corpus_id,
            detail=detail,
        )

    @classmethod
    def record_once(cls, person, verb, thing, /, **detail):
        """`record`, unless the same was written within REPEATS_WITHIN: of downloads in parts."""
        same = cls.objects.filter(
            verb=verb,
            noun=thing._meta.model_name,
            noun_id=thing.pk,
            person=person,
            at__gt=timezone.now() - REPEATS_WITHIN,
        )
        if any(event.detail == detail for event in same.order_by("-pk")[:50]):
            return None
        return cls.record(person, verb, thing, **detail)

    @classmethod
    def note(cls, person_id, verb, thing, /, **detail):
        """`record` on the paths that everybody takes all day: about a thing of a corpus."""
        insert(
            cls,
            [
                {
                    "person": person_id,
                    "verb": verb,
                    "noun": thing._meta.model_name,
                    "noun_id": thing.pk,
                    "corpus_id": thing.corpus_id,
                    "detail": detail,
                    "at": timezone.now(),
                }
            ],
        )
