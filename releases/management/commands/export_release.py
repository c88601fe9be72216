from django.core.management.base import BaseCommand, CommandError

from core.command_options import path
from releases import formats
from releases.lookup import release_directory


class Command(BaseCommand):
    help = "Write a frozen release in the layout of another tool."

    def add_arguments(self, parser):
        parser.add_argument("release", help="CORPUS@VERSION, or a release directory")
        parser.add_argument("--format", required=True, choices=formats.FORMATS)
        parser.add_argument("--to", required=True, type=path, help="a folder")

    def handle(self, release, to, **options):
        root = release_directory(release)
        if to.is_file():
            raise CommandError(f"{to} is a file; name a folder.")
        if to.resolve().is_relative_to(root.resolve()):
            raise CommandError(f"{to} lies inside the release, which never changes.")
        try:
            written = formats.export(options["format"], root, to)
        except (formats.ExportError, OSError) as error:
            raise CommandError(str(error)) from error
        for file in written:
            self.stdout.write(str(file))
