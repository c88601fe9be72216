"""What a worker computes about a round: intervals, reliability, quality findings, comparisons."""

from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from annotation.models.items import counted_submissions
from annotation.models.rounds import Round
from jobs.models import Job
from people.models import Event


class Report(Job):
    """One result of a kind about a round, or about a round and another one; computed again in
    place. `submissions` were counted when it was computed.
    """

    class Kind(models.TextChoices):
        AGREEMENT = "agreement", _("agreement intervals")
        RELIABILITY = "reliability", _("annotator models")
        QUALITY = "quality", _("quality flags")
        COMPARISON = "comparison", _("round comparison")

    round = models.ForeignKey(Round, models.CASCADE, related_name="reports")
    other = models.ForeignKey(Round, models.CASCADE, null=True, related_name="compared_in")
    kind = models.CharField(max_length=11, choices=Kind)
    options = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    submissions = models.PositiveIntegerField(default=0)
    computed_at = models.DateTimeField(null=True)

    verb = "compute"
    work = "annotation.agreement.reports.compute"
    kind_label = _("report")
    corpus_field = "round__corpus"
    name_fields = ("round__name",)
    related_fields = ("round", "other")

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "kind"], condition=Q(other=None), name="one_report_a_kind"
            ),
            models.UniqueConstraint(fields=["round", "kind", "other"], name="one_report_a_pair"),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} · {self.round}"

    @property
    def display_kind(self):
        return self.get_kind_display()

    @property
    def page_url(self):
        if self.kind == self.Kind.COMPARISON:
            return f"{reverse('comparison', args=[self.round_id])}?with={self.other_id}"
        name = "quality" if self.kind == self.Kind.QUALITY else "agreement"
        return reverse(name, args=[self.round_id])

    @property
    def corpus_id(self):
        return self.round.corpus_id

    @property
    def is_old(self):
        """True if submissions have come since, or were undone."""
        return self.computed_at is not None and self.submissions != counted_submissions(self.round)

    @classmethod
    @transaction.atomic
    def request(cls, person, round, kind, other=None, **options):
        """Have it computed, unless that waits or runs already; the report."""
        report, made = cls.objects.get_or_create(
            round=round, kind=kind, other=other, defaults={"options": options}
        )
        if not made:
            alive = report.active and not report.stale
            if alive or not report._queue_again(options=options):
                return report
        Event.record(person, cls.verb, round, report=kind)
        report.later()
        return report

    @classmethod
    def of(cls, round, kind, other=None):
        """The report of a kind, or None."""
        return cls.objects.filter(round=round, kind=kind, other=other).first()
