"""Work on the clips of a corpus: comparing them with their sources, and cutting them again."""

import datetime

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.translation import translate
from corpus.models.corpora import Corpus
from jobs.models import Job
from people.models import Event

RESUMED_WITHIN = datetime.timedelta(days=1)  # of its request, after it was stopped or failed


class CorpusJob(Job):
    """Mixed into work that a corpus has once: asked for again, it is done again in place.

    What was done after `requested_at` is not done again by the worker that takes over from one that
    died.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    requested_at = models.DateTimeField(default=timezone.now)

    uses_heartbeat_thread = True
    person_field = "person"

    class Meta:
        abstract = True

    @property
    def page_url(self):
        return reverse("integrity", args=[self.corpus_id])  # type: ignore[attr-defined]

    @classmethod
    @transaction.atomic
    def request(cls, person, corpus, now=False, **values):
        """Have it done, by a worker or (`now`) by whoever asks, who then calls `run`; the row.

        Where it is being done already, that goes on and nothing changes.
        """
        values |= {"person": person, "requested_at": timezone.now()}
        job, made = cls.objects.get_or_create(  # type: ignore[attr-defined]
            corpus=corpus, defaults=values
        )
        if not made:
            if job.ended and job.requested_at > timezone.now() - RESUMED_WITHIN:
                del values["requested_at"]  # what is done already counts
            alive = job.active and not job.stale
            if alive or not job._queue_again(**values):
                return job
        Event.record(person, cls.verb, corpus)
        if not now:
            job.later()
        return job


class IntegrityCheck(CorpusJob):
    """That every clip of a corpus is compared with its source; what came of it is in the rows of
    the dialogues. `finished_at` is its date.
    """

    corpus = models.OneToOneField(Corpus, models.CASCADE, related_name="integrity_check")

    verb = "check"
    work = "corpus.clip_checks.run_integrity_check"
    kind_label = _("integrity check")

    def __str__(self):
        return f"check of {self.corpus}"


class ClipRecut(CorpusJob):
    """That the clips of `dialogues` (ids) are cut again from their sources, and what came of it:
    `skipped`, those that were not, each with the reason.
    """

    corpus = models.OneToOneField(Corpus, models.CASCADE, related_name="clip_recut")
    dialogues = models.JSONField(default=list)
    recut_count = models.PositiveIntegerField(default=0)
    skipped = models.JSONField(default=list)

    verb = "recut clips"
    work = "corpus.clip_recut.recut_clips"
    kind_label = _("re-cutting of clips")

    def __str__(self):
        return f"clips of {self.corpus}"

    @property
    def reasons(self):
        """(name of a dialogue, why it was left as it is) in the reader's language."""
        return [
            (row["dialogue"], translate(row["template"], row["values"])) for row in self.skipped
        ]
