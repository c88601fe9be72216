"""Restore a backup onto an empty installation."""

import json
import os

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backups.passphrase import configured_passphrase, read_passphrase
from backups.repository import Repository
from backups.restore import Restore
from core.command_options import path
from core.errors import UserError


class Command(BaseCommand):
    help = "Restore a backup into an empty DATA_DIR and an empty database."
    requires_system_checks = []  # of a database that is not there yet
    requires_migrations_checks = False

    def add_arguments(self, parser):
        parser.add_argument("source", type=path, help="the folder that backups were made into")
        parser.add_argument("--backup", default="", help="which one; the last by default")
        parser.add_argument("--passphrase-file", type=path)
        parser.add_argument("--keys", type=path, help="a file that backup --keys-to wrote")
        parser.add_argument("--list", action="store_true", help="only name the backups")
        parser.add_argument("--check", action="store_true", help="only check; nothing is written")

    def handle(self, **options):
        os.umask(0o022 if settings.X_ACCEL else 0o077)  # nginx reads the media, else nobody does
        try:
            self._restore(options)
        except UserError as error:
            raise CommandError(str(error)) from error

    def _restore(self, options):
        file = options["passphrase_file"]
        passphrase = read_passphrase(file) if file else configured_passphrase()
        repository = Repository.open(options["source"], passphrase)
        if options["list"]:
            for name in repository.names():
                self.stdout.write(name)
            return
        keys = self._keys(options["keys"])
        with repository.locked(shared=True):
            restore = Restore.of(repository, options["backup"])
            if options["check"]:
                restore.check(self.stdout.write)
                self.stdout.write(f"{restore.name} is whole and can be restored here.")
                return
            advice = restore.run(keys, self.stdout.write)
        self.stdout.write(f"{restore.name} is restored.")
        for line in advice:
            self.stdout.write(line)

    def _keys(self, file):
        if file is None:
            return None
        try:
            keys = json.loads(file.read_text("utf-8"))
            return {"secret_key": str(keys["secret_key"]), "pseudonym_keys": keys["pseudonym_keys"]}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CommandError(f"{file} has no keys as `backup --keys-to` writes them.") from error
