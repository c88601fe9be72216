"""Idempotency keys: a POST that a script sends again, as it heard no answer, is done once."""

import datetime

from django.conf import settings
from django.db import models
from django.utils import timezone


class IdempotencyKey(models.Model):
    """A request that was carried out under the key that its sender gave, and what was answered."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="idempotency_keys"
    )
    key = models.CharField(max_length=80)
    digest = models.CharField(max_length=64)  # of method, address and body
    status = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True)  # JSON, as it was sent
    location = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "key"], name="one_request_a_key"),
        ]

    def __str__(self):
        return self.key

    @classmethod
    def take(cls, person, key, digest):
        """The row of the key, and whether it is new; within a transaction, so that whoever sends
        the same at once waits for its end. Keys that are over are forgotten.
        """
        over = timezone.now() - datetime.timedelta(hours=settings.IDEMPOTENCY_HOURS)
        cls.objects.filter(at__lt=over).delete()
        return cls.objects.get_or_create(person=person, key=key, defaults={"digest": digest})
