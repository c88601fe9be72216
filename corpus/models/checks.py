"""Work on the clips of a corpus: comparing them with their sources, and cutting them again."""

import datetime

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from corpus.models.corpora import Corpus
from jobs.models import Job, send
from people.models import Event

GOES_ON = datetime.timedelta(days=1)  # work that was stopped or failed since then is gone on with


class CorpusJob(Job):
    """Mixed into work that a corpus has once: asked for again, it is done again in place.

    `since` is when it was asked for: what was done after that is not done again when another
    worker goes on after one that died.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True

    @classmethod
    @transaction.atomic
    def request(cls, person, corpus, now=False, **values):
        """Have it done, by a worker or (`now`) by whoever asks, who then calls `work`; the row.

        Where it is being done already, that goes on and nothing changes.
        """
        values |= {"person": person, "since": timezone.now()}
        job, made = cls.objects.get_or_create(corpus=corpus, defaults=values)
        if not made:
            if job.ended and job.since > timezone.now() - GOES_ON:
                del values["since"]  # what it had done counts
            alive = job.active and not job.stale
            if alive or not job._queue_again(**values):
                return job
        Event.record(person, cls.verb, corpus)
        if not now:
            job.later()
        return job

    def later(self):
        from corpus.tasks import work_on_clips

        send(work_on_clips, self._meta.model_name, self.pk)

    def work(self):
        """Do it; a second call while one works, or after it worked, does nothing."""
        if self.claim():
            with self.settled(), self.kept_alive():
                self._work()
        return self


class IntegrityCheck(CorpusJob):
    """That every clip of a corpus is compared with its source; what came of it is in the rows of
    the dialogues. `finished_at` is its date.
    """

    corpus = models.OneToOneField(Corpus, models.CASCADE, related_name="integrity_check")

    verb = "check"

    def __str__(self):
        return f"check of {self.corpus}"

    def _work(self):
        from corpus.clip_checks import check_clips

        check_clips(self.corpus, self.since, self.beat)


class ClipRecut(CorpusJob):
    """That the clips of `dialogues` (ids) are cut again from their sources, and what came of it:
    `left`, those that were not, each with why.
    """

    corpus = models.OneToOneField(Corpus, models.CASCADE, related_name="clip_recut")
    dialogues = models.JSONField(default=list)
    changed = models.PositiveIntegerField(default=0)
    left = models.JSONField(default=list)

    verb = "recut clips"

    def __str__(self):
        return f"clips of {self.corpus}"

    @property
    def reasons(self):
        """(name of a dialogue, why it was left as it is) in the reader's language."""
        from core.translation import translate

        return [(row["dialogue"], translate(row["template"], row["values"])) for row in self.left]

    def _work(self):
        from corpus.clip_recut import recut_clips

        recut_clips(self)
