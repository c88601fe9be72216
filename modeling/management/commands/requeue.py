from django.core.management.base import BaseCommand
from django.db import transaction

from annotation.models import Report
from corpus.jobs import JobStatus
from corpus.models import Source
from modeling.models import Evaluation, FeaturePart, TrainingRun
from releases.models import Diff, Release

JOBS = [Source, Report, Release, Diff, FeaturePart, TrainingRun, Evaluation]


class Command(BaseCommand):
    help = "Put work whose worker has died back into the queue."

    def add_arguments(self, parser):
        parser.add_argument(
            "--everything",
            action="store_true",
            help="no worker is running: take up all queued and running work again",
        )

    def handle(self, everything=False, **options):
        count = 0
        for model in JOBS:
            for job in model.objects.filter(status__in=[JobStatus.QUEUED, JobStatus.RUNNING]):
                with transaction.atomic():
                    count += self._take_up(job, everything)
        if options["verbosity"]:
            self.stdout.write(f"{count} put back into the queue")

    def _take_up(self, job, everything):
        if everything and job.status == JobStatus.RUNNING:
            job.stop()
        if not (everything and job.status == JobStatus.QUEUED) and not job.requeue():
            return 0
        job.later()
        return 1
