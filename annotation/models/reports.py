"""What a worker computes about a round: intervals, reliability, quality findings, comparisons."""

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from annotation.models.rounds import Round
from jobs.models import Job, send
from people.models import Event


class Report(Job):
    """One result of a kind about a round, or about a round and another one; computed again in
    place. `hand_ins` were counted when it was computed.
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
    hand_ins = models.PositiveIntegerField(default=0)
    computed_at = models.DateTimeField(null=True)

    verb = "measure"

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
    def corpus_id(self):
        return self.round.corpus_id

    @property
    def is_old(self):
        """True if hand-ins have come since, or were undone."""
        return self.computed_at is not None and self.hand_ins != counted(self.round)

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

    def later(self):
        from annotation.tasks import measure_round

        send(measure_round, self.pk)

    def measure(self):
        """Compute it; a second call while one works, or after it worked, does nothing."""
        if self.claim():
            with self.settled():
                self._compute()
        return self

    def _compute(self):
        from annotation.agreement import breakdown, item_counts, round_comparison
        from annotation.quality import annotator_activity, annotator_models

        work = {
            self.Kind.AGREEMENT: breakdown.report,
            self.Kind.RELIABILITY: annotator_models.report,
            self.Kind.QUALITY: annotator_activity.report,
            self.Kind.COMPARISON: round_comparison.report,
        }[self.kind]
        for round in filter(None, [self.round, self.other]):
            item_counts.catch_up(round, beat=lambda share: self.beat(0.4 * share))
        hand_ins = counted(self.round)
        result = work(self, lambda share: self.beat(0.4 + 0.59 * share))
        with transaction.atomic():
            Report.objects.filter(pk=self.pk, attempt=self.attempt).update(
                result=result, hand_ins=hand_ins, computed_at=timezone.now()
            )
            self.finish()
        self.refresh_from_db()
        if self.kind == self.Kind.RELIABILITY:
            item_counts.resettle(self.round)

    @classmethod
    def of(cls, round, kind, other=None):
        """The report of a kind, or None."""
        return cls.objects.filter(round=round, kind=kind, other=other).first()


def counted(round):
    """How many hand-ins the tally of a round holds."""
    from annotation.models.items import Tally

    rows = Tally.objects.filter(round=round, part="")
    return rows.values_list("hand_ins", flat=True).first() or 0
