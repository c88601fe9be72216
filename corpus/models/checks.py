"""What a worker finds in a corpus and keeps, such as the list of its issues; its clips compared
with their sources, and clips that are cut again.
"""

import datetime

from django.conf import settings
from django.db import models, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.translation import translate
from corpus.models.corpora import Corpus
from corpus.models.dialogues import Dialogue
from corpus.models.utterances import Utterance
from jobs.models import Job, long_since
from people.models import Event

PAUSE = datetime.timedelta(minutes=1)  # after a report, in which edits call for no new one
KEPT = datetime.timedelta(days=1)  # that a report counts; files change without an event
RESUMED_WITHIN = datetime.timedelta(days=1)  # of its request, after it was stopped or failed
CONTENT = ("corpus", "source", "dialogue", "utterance", "tableimport")  # nouns of events
DECISIONS = ("review", "set expert labels")  # verbs about these that change no content


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


class CorpusReport(Job):
    """Mixed into what a worker finds in a corpus and keeps in rows, a report a corpus: found again,
    it is made anew in place. `listed_at` is the date of its rows.

    A look at its page asks for it once something has changed, which is no event.
    """

    requested_at = models.DateTimeField(default=timezone.now)
    changed = models.BooleanField(default=False)  # a job has changed the corpus since
    last_event = models.BigIntegerField(default=0)  # the latest of the corpus when it was asked for
    listed_at = models.DateTimeField(null=True)

    uses_heartbeat_thread = True
    news = False
    corpus_id: int  # each kind has its own field, so that a corpus names its reports
    changing: tuple[str, ...] = ("source", "tableimport")  # kinds of jobs that change its rows

    class Meta:
        abstract = True

    @classmethod
    def of(cls, corpus):
        """The report, which is being made anew where the corpus may have changed."""
        report = cls._default_manager.filter(corpus=corpus).first()  # type: ignore[misc]
        return cls.request(corpus) if report is None or report._outdated else report

    @classmethod
    def request(cls, corpus, now=False, by=None):
        """Have it made, by a worker or (`now`) by whoever asks, who then calls `run`; the row.
        Where that is being done already, nothing changes. `by` somebody: with its event.
        """
        with transaction.atomic():
            events = Event.objects.filter(corpus_id=corpus.pk)
            latest = events.values_list("pk", flat=True).order_by("-pk").first() or 0
            values = {"changed": False, "last_event": latest, "requested_at": timezone.now()}
            report, made = cls._default_manager.get_or_create(  # type: ignore[misc]
                corpus=corpus, defaults=values
            )
            alive = report.active and not report.stale
            if made or (not alive and report._queue_again(**values)):
                if by:
                    by.record(cls.verb, corpus)
                if not now:
                    report.later()
        report.refresh_from_db()
        return report

    def set_date(self, moment, **values):
        """Say of when its rows are, in the transaction that stores them, and what else is known."""
        mine = type(self)._default_manager.filter(pk=self.pk, attempt=self.attempt)
        mine.update(listed_at=moment, **values)

    @property
    def _outdated(self):
        if self.active:
            return self.stale
        if self.changed or long_since(self.requested_at, KEPT):
            return True
        since = Event.objects.filter(corpus_id=self.corpus_id, pk__gt=self.last_event)
        since = since.filter(noun__in=CONTENT).exclude(verb__in=[*DECISIONS, self.verb])
        return long_since(self.requested_at, PAUSE) and since.exists()


class IntegrityReport(CorpusReport):
    """That the issues of a corpus are listed (corpus/integrity.py), and how many of its clips can
    be cut again.
    """

    corpus = models.OneToOneField(Corpus, models.CASCADE, related_name="integrity_report")
    recuttable_count = models.PositiveIntegerField(default=0)
    stuck_count = models.PositiveIntegerField(default=0)

    verb = "list issues"
    work = "corpus.integrity.list_issues"
    kind_label = _("integrity report")
    changing = (*CorpusReport.changing, "integritycheck", "cliprecut")

    def __str__(self):
        return f"issues of {self.corpus}"

    @property
    def page_url(self):
        return reverse("integrity", args=[self.corpus_id])


def note_change(job):
    """That a job which has ended may have changed what the reports of its corpus say."""
    for report in CorpusReport.__subclasses__():
        if job.kind_name in report.changing:
            rows = report._default_manager.filter(corpus=job.corpus_id)  # type: ignore[misc]
            rows.update(changed=True)


class IntegrityIssue(models.Model):
    """One issue of the last report of a corpus: its kind (of corpus.integrity.KINDS), where it is,
    and what about it, as text or as a message with values; `other` is a dialogue that it tells of.
    """

    corpus = models.ForeignKey(Corpus, models.CASCADE, related_name="integrity_issues")
    kind = models.CharField(max_length=12)
    place = models.TextField()
    dialogue = models.ForeignKey(Dialogue, models.CASCADE, null=True, related_name="+")
    utterance = models.ForeignKey(Utterance, models.CASCADE, null=True, related_name="+")
    other = models.ForeignKey(Dialogue, models.CASCADE, null=True, related_name="+")
    text = models.TextField(blank=True)
    message = models.JSONField(default=dict)  # template and values; empty where it is a text

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.place}: {self.kind}"

    @property
    def detail(self):
        """What about it, in the reader's language."""
        return translate(**self.message) if self.message else self.text
