"""Computing what a Report asks for: intervals, annotator models, quality flags, comparisons."""

from django.db import transaction
from django.utils import timezone

from annotation.agreement import breakdown, item_counts, round_comparison
from annotation.models import Report
from annotation.models.items import counted_submissions
from annotation.quality import annotator_activity, annotator_models

WORK = {
    Report.Kind.AGREEMENT: breakdown.report,
    Report.Kind.RELIABILITY: annotator_models.report,
    Report.Kind.QUALITY: annotator_activity.report,
    Report.Kind.COMPARISON: round_comparison.report,
}


def compute(report):
    """Count what is new in its rounds, compute the claimed report and store the result."""
    for round in filter(None, [report.round, report.other]):
        item_counts.catch_up(round, beat=lambda share: report.report_progress(0.4 * share))
    submissions = counted_submissions(report.round)
    result = WORK[report.kind](report, lambda share: report.report_progress(0.4 + 0.59 * share))
    with transaction.atomic():
        Report.objects.filter(pk=report.pk, attempt=report.attempt).update(
            result=result, submissions=submissions, computed_at=timezone.now()
        )
        report.finish()
    report.refresh_from_db()
    if report.kind == Report.Kind.RELIABILITY:
        item_counts.recompute_consensus(report.round)
