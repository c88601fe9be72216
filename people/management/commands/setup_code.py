"""The one-time code with which the first account is made."""

from django.core.management.base import BaseCommand

from people import installation


class Command(BaseCommand):
    help = "Print the one-time code for the first account, and make it if there is none."

    def add_arguments(self, parser):
        parser.add_argument("--new", action="store_true", help="make another code")

    def handle(self, new, **options):
        if installation.is_set_up():
            self.stderr.write("An administrator's account exists already; no code is needed.")
            return
        if new:
            installation.code_path().unlink(missing_ok=True)
        self.stdout.write(installation.setup_code(logged=False))
