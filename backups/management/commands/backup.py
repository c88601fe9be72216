"""Back up the installation while people work."""

import json
import os

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from backups.models import Backup
from backups.passphrase import read_passphrase
from core.command_options import path, whole
from core.errors import UserError
from jobs.models import JobStatus
from releases.models import PseudonymKey


class Command(BaseCommand):
    help = "Back up the database and all files into a folder that several backups share."

    def add_arguments(self, parser):
        parser.add_argument("target", nargs="?", type=path, help="BACKUP_DIR by default")
        parser.add_argument(
            "--keep", type=whole(), help="delete all but the last so many; 0 (default): none"
        )
        parser.add_argument(
            "--passphrase-file", type=path, help="encrypt with the passphrase in this file"
        )
        parser.add_argument(
            "--with-keys",
            action="store_true",
            help="also the secret key and the keys of pseudonyms; only where it is encrypted",
        )
        parser.add_argument(
            "--without",
            action="append",
            default=[],
            choices=["encoders", "runs", "uploads"],
            help="leave these files out; may be given several times",
        )
        parser.add_argument(
            "--keys-to", type=path, help="write the keys alone into this new file, and end"
        )

    def handle(self, **options):
        try:
            if options["keys_to"]:
                return self._write_keys(options["keys_to"])
            return self._back_up(options)
        except UserError as error:
            raise CommandError(str(error)) from error

    def _back_up(self, options):
        values = {"with_keys": options["with_keys"], "without": options["without"]}
        if options["target"]:
            values |= {"target": str(options["target"].resolve()), "keep": options["keep"] or 0}
        elif options["keep"] is not None:
            values["keep"] = options["keep"]
        with transaction.atomic():
            job = Backup.request(None, **values)
        if options["passphrase_file"]:
            job.passphrase = read_passphrase(options["passphrase_file"])
        job.run()
        if job.status != JobStatus.DONE:
            raise CommandError(job.failure_text or "The backup was stopped.")
        self.stdout.write(
            f"{job.target}: backup {job.name}, {job.files} files and the database,"
            f" {job.size} bytes, of which {job.new_bytes} are new; read back and whole."
        )
        if not job.with_keys:
            self.stdout.write("Keys are not in it: keep them elsewhere (backup --keys-to FILE).")
        if job.missing:
            self.stdout.write(
                f"{len(job.missing)} files that rows name are missing here: {job.missing[0]} …"
            )

    def _write_keys(self, file):
        pairs = PseudonymKey.objects.values_list("corpus_id", "key")
        keys = {
            "secret_key": settings.SECRET_KEY,
            "pseudonym_keys": {str(pk): key for pk, key in pairs},
        }
        try:
            with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
                json.dump(keys, out)
        except OSError as error:
            raise CommandError(f"{file}: {error.strerror}") from error
        self.stdout.write(f"{file}: the secret key and the keys of {len(pairs)} corpora.")
