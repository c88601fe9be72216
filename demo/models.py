"""Loading the demo corpus and removing it, as work for a worker."""

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jobs.models import Job


class DemoJob(Job):
    """One loading or removal of the demo corpus; the newest says what somebody asked for last."""

    class Kind(models.TextChoices):
        LOAD = "load", _("load")
        REMOVE = "remove", _("remove")

    kind = models.CharField(max_length=6, choices=Kind)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True)
    # What is still to be deleted on disk once the rows are gone: names in the storage, folders.
    files = models.JSONField(default=dict, editable=False)

    work = "demo.jobs.do"
    uses_heartbeat_thread = True
    kind_label = _("demo corpus")
    corpus_field = ""
    person_field = "person"
    name_fields = ("kind",)

    class Meta:
        ordering = ["-pk"]

    def __str__(self):
        return self.get_kind_display()

    @property
    def page_url(self):
        return reverse("demo")

    @property
    def verb(self):
        """Of its Event."""
        return f"{self.kind} demo"

    @classmethod
    @transaction.atomic
    def request(cls, person, kind):
        """Have it done, unless something of the kind waits or runs already; the job."""
        newest = cls.objects.first()
        if newest and newest.active:
            return newest
        job = cls.objects.create(kind=kind, person=person)
        person.record(job.verb, job, demo=True)
        job.later()
        return job
