from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from releases import formats
from releases.finding import release_directory


class Command(BaseCommand):
    help = "Write a frozen release in the layout of another tool."

    def add_arguments(self, parser):
        parser.add_argument("release", help="CORPUS@VERSION, or a release directory")
        parser.add_argument("--format", required=True, choices=formats.FORMATS)
        parser.add_argument("--to", required=True, type=Path, help="a folder")

    def handle(self, release, to, **options):
        try:
            written = formats.export(options["format"], release_directory(release), to)
        except (formats.ExportError, OSError) as error:
            raise CommandError(str(error)) from error
        for path in written:
            self.stdout.write(str(path))
