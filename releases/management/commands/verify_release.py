from django.core.management.base import BaseCommand, CommandError

from releases.lookup import frozen_release
from releases.verify import note


class Command(BaseCommand):
    help = "Check the files of a frozen release against what was frozen."

    def add_arguments(self, parser):
        parser.add_argument("version")
        parser.add_argument("--corpus", required=True)

    def handle(self, version, corpus, **options):
        release = frozen_release(version, corpus)
        faults = release.verify()
        for fault in faults:
            self.stderr.write(fault)
        if faults:
            raise CommandError(f"{len(faults)} faults")
        self.stdout.write(f"OK {release.digest}")
        if found := note(release.directory_with_media):
            self.stdout.write(f"Note: {found}.")
