"""Put releases, runs and encoders of this host into the object store, for the other hosts."""

from django.core.management.base import BaseCommand, CommandError

from backups.references import share_folders
from core.errors import UserError


class Command(BaseCommand):
    help = (
        "Put releases, runs and encoders of this host into the object store, for the other hosts."
    )

    def handle(self, **options):
        try:
            count = share_folders()
        except UserError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count} folders and files are in the object store.")
