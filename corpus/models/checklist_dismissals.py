"""That somebody no longer wants the checklist on the start page."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class ChecklistDismissal(models.Model):
    """The start page of this person has no link to the checklist."""

    person = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="checklist_dismissal"
    )
    at = models.DateTimeField(default=timezone.now)

    def __str__(self):
        return str(self.person)
