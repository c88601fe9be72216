from django.core.management.base import BaseCommand, CommandError

from corpus.jobs import JobStatus
from releases.models import Release


class Command(BaseCommand):
    help = "Check the files of a frozen release against what was frozen."

    def add_arguments(self, parser):
        parser.add_argument("version")
        parser.add_argument("--corpus", required=True)

    def handle(self, version, corpus, **options):
        release = Release.objects.filter(
            corpus__name=corpus, version=version, status=JobStatus.DONE
        ).first()
        if release is None:
            raise CommandError(f"{corpus!r} has no frozen release {version}.")
        faults = release.verify()
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(f"{len(faults)} faults")
        self.stdout.write(f"OK {release.digest}")
